//! Lifts microMIPS instructions: operands are unpacked here, what instructions do is MIPS32's.

mod narrow;
mod wide;

use super::Lifter;
use crate::config::Release;
use crate::encoding::Fetched;
use crate::micromips::{narrow as narrow_decoder, wide as wide_decoder};

/// Unpacks the operands of 16-bit instructions.
struct Narrow<'l, 'a> {
    l: &'l mut Lifter<'a>,
}

/// Unpacks the operands of 32-bit instructions.
struct Wide<'l, 'a> {
    l: &'l mut Lifter<'a>,
}

impl Lifter<'_> {
    /// LWM and LWP. In a delay slot they are unpredictable: we choose an exception.
    fn load_several(&mut self, registers: &[u32], base: u32, offset: i32) {
        match self.slot_of {
            Some(_) => self.reserved(),
            None => self.load_registers(registers, base, offset),
        }
    }

    /// SWM and SWP, likewise.
    fn store_several(&mut self, registers: &[u32], base: u32, offset: i32) {
        match self.slot_of {
            Some(_) => self.reserved(),
            None => self.store_registers(registers, base, offset),
        }
    }
}

/// Lifts an instruction. Release 6 encodes many of them in other ways, which are not there yet.
pub(super) fn lift(l: &mut Lifter<'_>, insn: Fetched) {
    if l.config.release >= Release::R6 {
        return l.unimplemented_row("microMIPS of release 6", insn.word);
    }
    if let Some(word) = l.encoding.mips32(insn) {
        return l.dispatch_mips32(word);
    }
    l.word = insn.word;
    let known = match insn.len {
        2 => narrow_decoder::dispatch(insn.word, &mut Narrow { l }),
        _ => wide_decoder::dispatch(insn.word, &mut Wide { l }),
    };
    if known.is_none() {
        l.reserved();
    }
}
