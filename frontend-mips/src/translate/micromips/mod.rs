//! Lifts microMIPS instructions: operands are unpacked here, what instructions do is MIPS32's.

mod narrow;
mod wide;

use super::Lifter;
use crate::config::MipsConfig;
use crate::encoding::Fetched;
use crate::micromips::{narrow as narrow_decoder, narrow_set, wide as wide_decoder, wide_row, wide_set};

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

/// Whether a 32-bit instruction is of a part that the processor does not have.
fn lacks(config: &MipsConfig, word: u32) -> bool {
    let feature = wide_row(config.set(), word).and_then(|row| row.feature);
    feature.is_some_and(|feature| !config.has(feature))
}

/// Lifts an instruction.
pub(super) fn lift(l: &mut Lifter<'_>, insn: Fetched) {
    let set = l.config.set();
    if let Some(word) = l.encoding.mips32(l.config, insn) {
        return l.dispatch_mips32(word);
    }
    l.word = insn.word;
    let known = match insn.len {
        2 => narrow_decoder::dispatch(insn.word, narrow_set(set), &mut Narrow { l }),
        _ if lacks(l.config, insn.word) => None,
        _ => wide_decoder::dispatch(insn.word, wide_set(set), &mut Wide { l }),
    };
    if known.is_none() {
        l.reserved();
    }
}
