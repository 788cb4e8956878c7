//! Thumb (T32): 16-bit instructions ([`narrow`]) and 32-bit instructions ([`wide`]).
//!
//! The files unpack operands for `semantics`, which A32 shares. IT blocks are resolved while lifting: see [`ItState`].

mod acquire_release;
mod block;
mod branch;
mod crc;
mod data_processing;
mod disasm;
mod immediate;
mod it;
mod load_store;
mod multiply;
mod narrow_lift;
mod system;

pub mod narrow {
    //! The decoder of the 16-bit instructions, `tables/t16.decode`.
    include!(concat!(env!("OUT_DIR"), "/t16.rs"));
}

pub mod wide {
    //! The decoder of the 32-bit instructions, `tables/t32_*.decode`. Words have the first halfword on top.
    include!(concat!(env!("OUT_DIR"), "/t32.rs"));
}

pub(crate) use block::{fetch, lift};
pub use it::ItState;

use demotic_ir::CodeSource;

use crate::asimd;
use crate::lifter::Lifter;
use crate::mode::Mode;
use crate::vfp;

/// Unpacks the operands of 16-bit instructions.
struct Narrow<'l, 'a> {
    l: &'l mut Lifter<'a>,
    it: ItState,
}

/// Unpacks the operands of 32-bit instructions.
struct Wide<'l, 'a> {
    l: &'l mut Lifter<'a>,
}

mod forward {
    //! Makes the visitor of the 32-bit instructions from the methods in this folder's files.
    use super::Wide;
    use super::wide::{Row, Visitor, args, forward_visitor};

    forward_visitor!(Wide<'_, '_>, ());
}

impl Wide<'_, '_> {
    fn has(&self, feature: &'static str) -> bool {
        self.l.config.has(feature)
    }

    fn undefined(&mut self, _: &'static wide::Row, _: u32) {
        self.l.undefined_insn();
    }

    fn unpredictable(&mut self, _: &'static wide::Row, _: u32) {
        self.l.unpredictable_insn();
    }

    fn unimplemented(&mut self, row: &'static wide::Row, _: u32) {
        self.l.unimplemented_insn(row.name);
    }
}

/// The Thumb instruction at `pc` (without the ISA bit) in an IT state as text. `word` is as in
/// [`GuestInsn`](demotic_ir::GuestInsn), `len` 2 or 4.
pub(crate) fn disassemble(word: u32, len: u8, pc: u32, it: ItState) -> Option<String> {
    let operands = disasm::Operands { pc, it };
    if len == 2 {
        return narrow::disassemble(word, &operands);
    }
    let vfp = || vfp::may_be_t32(word).then(|| vfp::disassemble(word, Some(it.cond()))).flatten();
    let asimd = || asimd::disassemble(asimd::of_t32(word), Some(it.cond()));
    wide::disassemble(word, &operands).or_else(vfp).or_else(asimd)
}

/// The Thumb instruction at `address` (without the ISA bit) as text, and its length.
pub(crate) fn disassemble_at(address: u64, mode: Mode, code: &dyn CodeSource, thumb2: bool) -> (String, u8) {
    match fetch(code, address, thumb2) {
        Some((word, len)) => {
            let text = disassemble(word, len, address as u32, mode.itstate());
            (text.unwrap_or_else(|| format!("udf {word:#06x}")), len)
        }
        None => ("(unreadable)".into(), 2),
    }
}
