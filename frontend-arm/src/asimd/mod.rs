//! Advanced SIMD: vectors of integers and floating-point numbers in the doubleword registers D0 to D31 and in pairs of
//! them, Q0 to Q15. The same instructions in A32 and T32.
//!
//! - The top byte of T32 words is moved to where A32 has it ([`of_t32`]); one decoder and one lifter serve both.
//! - A doubleword is worked on in the low half of a vector whose high half is zero; what comes out above is dropped.
//! - FPSCR.QC is in a state slot of its own that is not zero when it is set, so that saturation is noted without a
//!   comparison: the difference of the saturated and the exact result is or-ed into it.
//! - Floating-point operations round to nearest, flush subnormal numbers to zero and give the default NaN, whatever the
//!   FPSCR says, but that it chooses whether half precision flushes.
//!
//! An access for which the encoding demands alignment faults where the address has less.

mod bitwise;
mod convert;
mod disasm;
mod elements;
mod emit;
mod extension;
mod float;
mod helpers;
mod integer;
mod load_store;
mod long;
mod permute;
mod shift;
mod unpack;

pub mod decoder {
    //! The decoder of `tables/asimd_*.decode`.
    include!(concat!(env!("OUT_DIR"), "/asimd.rs"));
}

use crate::lifter::Lifter;
use crate::vfp;
use decoder::{Row, Visitor, args, forward_visitor};
use elements::{Elements, Register};
pub(crate) use helpers::VECTOR_HELPERS;

/// The A32 form of a T32 word: 111U 1111 is 1111 001U, 1111 1001 is 1111 0100. Other words are the same in both.
pub fn of_t32(word: u32) -> u32 {
    let rest = word & 0x00ff_ffff;
    match word >> 24 {
        0xef | 0xff => 0xf200_0000 | word >> 4 & 0x0100_0000 | rest,
        0xf9 => 0xf400_0000 | rest,
        // Where A32 has this space T32 has other instructions.
        0xf2..=0xf4 => 0,
        _ => word,
    }
}

/// The T32 word that [`of_t32`] makes `word` of.
pub fn to_t32(word: u32) -> u32 {
    let rest = word & 0x00ff_ffff;
    match word >> 24 {
        0xf2 | 0xf3 => 0xef00_0000 | (word & 0x0100_0000) << 4 | rest,
        0xf4 => 0xf900_0000 | rest,
        _ => word,
    }
}

/// The instruction `word`, in the A32 form, as text if it is of this class; `it_cond` is the condition of a T32
/// instruction.
pub(crate) fn disassemble(word: u32, it_cond: Option<u32>) -> Option<String> {
    decoder::disassemble(word, &disasm::AsimdOperands { it_cond })
}

/// Lifts the instruction in progress, in the A32 form, if it is of this class.
pub(crate) fn lift(l: &mut Lifter<'_>, word: u32) -> bool {
    let Some(row) = decoder::row(word) else { return false };
    if !l.config.has("simd") || row.feature.is_some_and(|feature| !l.config.has(feature)) {
        l.undefined_insn();
        return true;
    }
    vfp::check_enabled(l);
    // What an instruction raises must be raised only when it is executed.
    l.part();
    decoder::dispatch(word, &mut Asimd { l }).is_some()
}

/// Whether `word`, in the A32 form, is of this class.
pub(crate) fn is_asimd(word: u32) -> bool {
    decoder::row_index(word).is_some()
}

/// `VDUP.<size> Vd, Rt`, which is encoded among the floating-point instructions. `b` and `e` give the size.
pub(crate) fn vdup(l: &mut Lifter<'_>, (b, e): (u32, u32), q: u32, vd: u32, rt: u32) {
    let size = match (b, e) {
        (0, 0) => 2,
        (0, _) => 1,
        (_, 0) => 0,
        _ => return l.undefined_insn(),
    };
    let Some(d) = Register::of_n(q, vd) else { return l.undefined_insn() };
    permute::vdup_core(l, Elements::plain(size), d, rt);
}

/// Unpacks the operands of Advanced SIMD instructions.
struct Asimd<'l, 'a> {
    l: &'l mut Lifter<'a>,
}

forward_visitor!(Asimd<'_, '_>, ());

impl Asimd<'_, '_> {
    fn undefined(&mut self, _: &'static Row, _: u32) {
        self.l.undefined_insn();
    }

    fn unpredictable(&mut self, _: &'static Row, _: u32) {
        self.l.unpredictable_insn();
    }

    fn unimplemented(&mut self, row: &'static Row, _: u32) {
        self.l.unimplemented_insn(row.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t32_words_have_an_a32_form() {
        for (t32, a32) in [
            (0xef12_3456, 0xf212_3456),
            (0xff12_3456, 0xf312_3456),
            (0xf912_3456, 0xf412_3456),
            (0xfc12_3456, 0xfc12_3456),
        ] {
            assert_eq!((of_t32(t32), to_t32(a32)), (a32, t32));
        }
        assert_eq!(of_t32(0xf212_0000), 0);
    }
}
