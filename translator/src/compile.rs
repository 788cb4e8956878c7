//! From a region to relocatable host code with its tables.

use std::sync::Arc;

use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::entity::PrimaryMap;
use cranelift_codegen::ir::{ExternalName, UserExternalName, UserExternalNameRef};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::{CompiledCode, Context, FinalizedRelocTarget};
use cranelift_frontend::FunctionBuilderContext;
use demotic_ir::{Loc, StateLayout};

use crate::TranslatorError;
use crate::lower::{LinkExit, LowerOptions, lower_region};
use crate::region::{Dataflow, Region};

/// A direct exit of compiled code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    /// Offset of the 32-bit pc-relative field.
    pub(crate) site: u32,
    /// The guest pc that it leads to.
    pub(crate) target: u64,
    /// Whether it leads to the entry that counts, of a target that has two.
    pub(crate) counts: bool,
}

/// Which tier made a piece of code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tier {
    /// The first one: a block.
    Block {
        /// Offset of the entry that polls and counts.
        counted: u32,
        /// Offset of the entry that neither counts nor polls, for ways that are not part of any loop but by others.
        uncounted: u32,
        /// The counter of the other entry, if the block has one.
        counter: Option<u32>,
    },
    /// The second one: a region, in place of the blocks. It has one entry, at its beginning.
    Region,
}

impl Tier {
    /// Offset of the entry that polls and counts, or (`!counts`) of the other one.
    pub(crate) fn entry(self, counts: bool) -> usize {
        match self {
            Tier::Block { counted, uncounted, .. } => {
                if counts {
                    counted as usize
                } else {
                    uncounted as usize
                }
            }
            Tier::Region => 0,
        }
    }
}

/// Translated code, before it is placed.
#[derive(Clone, Debug)]
pub(crate) struct CompiledRegion {
    pub(crate) entry: Loc,
    pub(crate) code: Vec<u8>,
    pub(crate) links: Vec<Link>,
    /// Code offset and guest pc of every access that may fault, by offset.
    pub(crate) faults: Vec<(u32, u32)>,
    /// The guest code that it was made from.
    pub(crate) ranges: Vec<(u64, u64)>,
    pub(crate) guest_insns: usize,
    /// About how long it takes to execute it once, in guest instructions that take little. Of blocks.
    pub(crate) cost: usize,
    pub(crate) tier: Tier,
}

impl CompiledRegion {
    /// Whether one of its blocks begins at a location: while that is hot, so is likely the region's entry.
    pub(crate) fn contains_block(&self, loc: Loc) -> bool {
        self.entry.mode == loc.mode && self.ranges.iter().any(|&(start, _)| start == loc.pc & !1)
    }
}

/// A compilation for readers: Cranelift's IR and the host code as text.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Cranelift's IR before its optimisations.
    pub clif: String,
    /// Host code.
    pub host: String,
    /// Size of the host code in bytes.
    pub code_bytes: usize,
}

/// Compiles regions one after the other.
pub(crate) struct Compiler {
    isa: Arc<dyn TargetIsa>,
    context: Context,
    builder: FunctionBuilderContext,
}

impl Compiler {
    pub(crate) fn new(isa: Arc<dyn TargetIsa>) -> Compiler {
        Compiler { isa, context: Context::new(), builder: FunctionBuilderContext::new() }
    }

    /// Compiles one region.
    ///
    /// # Errors
    /// When Cranelift refuses the function or makes a relocation that placed code cannot have.
    pub(crate) fn compile(
        &mut self,
        region: &Region,
        flow: &Dataflow,
        layout: &StateLayout,
        options: LowerOptions,
    ) -> Result<CompiledRegion, TranslatorError> {
        self.context.clear();
        let frontend = self.isa.frontend_config();
        let exits =
            lower_region(&mut self.context.func, &mut self.builder, frontend, region, flow, layout, options);
        let names = self.context.func.params.user_named_funcs().clone();
        let mut control = ControlPlane::default();
        let code = self
            .context
            .compile(&*self.isa, &mut control)
            .map_err(|e| TranslatorError::Cranelift(format!("{:?}", e.inner)))?;
        let links = links(code, &names, &exits)?;
        Ok(CompiledRegion {
            entry: region.entry(),
            code: code.code_buffer().to_vec(),
            links,
            faults: fault_map(code),
            ranges: region.guest_ranges(),
            guest_insns: region.guest_insns(),
            cost: 0,
            tier: Tier::Region,
        })
    }

    /// Compiles one region and prints what Cranelift made of it.
    ///
    /// # Errors
    /// As `compile`.
    pub(crate) fn listing(
        &mut self,
        region: &Region,
        flow: &Dataflow,
        layout: &StateLayout,
        options: LowerOptions,
    ) -> Result<Listing, TranslatorError> {
        self.context.clear();
        let frontend = self.isa.frontend_config();
        lower_region(&mut self.context.func, &mut self.builder, frontend, region, flow, layout, options);
        let clif = self.context.func.display().to_string();
        self.context.set_disasm(true);
        let mut control = ControlPlane::default();
        let compiled = self.context.compile(&*self.isa, &mut control);
        let listing =
            compiled.map_err(|e| TranslatorError::Cranelift(format!("{:?}", e.inner))).map(|code| Listing {
                clif,
                host: code.vcode.clone().unwrap_or_default(),
                code_bytes: code.code_buffer().len(),
            });
        self.context.set_disasm(false);
        listing
    }
}

/// The patch sites: every relocation must be the target of a direct exit.
fn links(
    code: &CompiledCode,
    names: &PrimaryMap<UserExternalNameRef, UserExternalName>,
    exits: &[LinkExit],
) -> Result<Vec<Link>, TranslatorError> {
    let mut links = Vec::with_capacity(exits.len());
    for reloc in code.buffer.relocs() {
        let exit = match (&reloc.target, reloc.kind) {
            (FinalizedRelocTarget::ExternalName(ExternalName::User(name)), Reloc::X86CallPCRel4) => {
                names.get(*name).and_then(|n| exits.get(n.index as usize))
            }
            _ => None,
        };
        let exit = exit.ok_or_else(|| TranslatorError::Relocation(format!("{:?}", reloc.target)))?;
        links.push(Link { site: reloc.offset, target: exit.target, counts: true });
    }
    Ok(links)
}

/// Which guest instruction each possibly faulting host instruction belongs to.
fn fault_map(code: &CompiledCode) -> Vec<(u32, u32)> {
    let locations = code.buffer.get_srclocs_sorted();
    let mut map = Vec::new();
    for trap in code.buffer.traps() {
        let at = locations.partition_point(|l| l.end <= trap.offset);
        if let Some(location) = locations.get(at).filter(|l| l.start <= trap.offset) {
            map.push((trap.offset, location.loc.bits()));
        }
    }
    map
}
