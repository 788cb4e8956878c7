//! The first tier (T1): one guest basic block becomes host code by templates, before it is executed for the first time.
//!
//! It takes about a microsecond per block, so that code which runs once is done with faster than it could be made
//! ready for the interpreter. Values live in host registers inside the block only: what an instruction writes to a guest
//! register is in the state at once, so that the state is exact at every access that may fault. Code of this tier has
//! the signature of a region and is linked with regions both ways; the first entries of it count down to the
//! request for one.
//!
//! An op that has no template makes its block [`Refused`]; such blocks are interpreted.

mod emitter;
mod exits;
mod flags;
mod memory;
mod ops;
mod plan;
#[cfg(test)]
mod tests;
mod values;

use demotic_ir::{Block, NanRule, StateLayout};

use crate::compile::CompiledRegion;
use crate::lower::MemoryModel;

/// What the code of a block depends on besides the block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockOptions {
    /// How it reaches guest memory.
    pub(crate) memory: MemoryModel,
    /// How NaN results look.
    pub(crate) nan_rule: NanRule,
    /// A number that no other block of the engine has: its indirect jumps have entries of their own in the jump
    /// cache, so that their targets are noted.
    pub(crate) number: u32,
    /// The counter of its entries, if they count.
    pub(crate) counter: Option<u32>,
}

/// A block cannot be compiled by this tier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Refused;

/// Makes host code of a lifted block.
///
/// # Errors
/// When something in the block has no template.
pub(crate) fn compile(
    block: &Block,
    layout: &StateLayout,
    options: BlockOptions,
) -> Result<CompiledRegion, Refused> {
    if options.memory == MemoryModel::Sections {
        return Err(Refused);
    }
    let plan = plan::Plan::of(block, layout)?;
    emitter::Emitter::new(block, layout, options, &plan).block()
}
