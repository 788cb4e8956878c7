//! A32: the decoder, and one file per instruction class that unpacks operands for `semantics`.

mod bit_field;
pub(crate) mod branch;
mod crc;
pub(crate) mod data_processing;
pub(crate) mod disasm;
mod exclusive;
mod load_store;
mod load_store_multiple;
mod multiply;
mod pack_extend_reverse;
mod parallel;
mod saturate;
mod system;

use crate::asimd;
use crate::lifter::Lifter;
use crate::vfp;

/// The decoder that decodegen makes from `tables/a32_*.decode`.
#[allow(missing_docs, unreachable_pub, reason = "generated")]
pub mod decoder {
    include!(concat!(env!("OUT_DIR"), "/a32.rs"));
}

pub use decoder::{Insn, args, decode};
use decoder::{Row, Visitor, forward_visitor};

/// The A32 lifter: one method per row of the tables.
struct A32<'l, 'a> {
    l: &'l mut Lifter<'a>,
}

forward_visitor!(A32<'_, '_>, ());

impl A32<'_, '_> {
    fn has(&self, feature: &'static str) -> bool {
        self.l.config.has(feature)
    }

    fn undefined(&mut self, _row: &'static Row, _word: u32) {
        self.l.undefined_insn();
    }

    fn unpredictable(&mut self, _row: &'static Row, _word: u32) {
        self.l.unpredictable_insn();
    }

    fn unimplemented(&mut self, row: &'static Row, _word: u32) {
        self.l.unimplemented_insn(row.name);
    }
}

/// Lifts one instruction.
pub(crate) fn lift_insn(l: &mut Lifter<'_>, word: u32) {
    l.share_part(word >> 28, may_share_part(word));
    l.begin_insn(4, word, word >> 28);
    // Some of Advanced SIMD is in the space of coprocessors, whose rows take what it leaves.
    let known = word >> 28 == 15 && asimd::lift(l, word)
        || decoder::dispatch(word, &mut A32 { l }).is_some()
        || vfp::lift(l, word);
    if !known {
        l.undefined_insn();
    }
    l.end_insn();
}

/// Whether an instruction makes no use of its condition but to be run or not: data processing, loads and stores, media.
fn may_share_part(word: u32) -> bool {
    match word >> 25 & 7 {
        // Not the miscellaneous instructions between the comparisons, but MOVW and MOVT.
        0 => word >> 23 & 3 != 2 || word >> 20 & 1 != 0,
        1 => word >> 23 & 3 != 2 || word >> 20 & 1 != 0 || word >> 21 & 1 == 0,
        2..=4 => true,
        _ => false,
    }
}
