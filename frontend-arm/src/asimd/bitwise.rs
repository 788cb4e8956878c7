//! Bitwise operations on registers (A7.4.1), and with modified immediates (A7.4.6).

use demotic_ir::Value;

use crate::lifter::Lifter;
use crate::vfp::expand_f32;

/// `VAND`.
pub(super) fn vand(l: &mut Lifter<'_>, n: Value, m: Value) -> Value {
    l.vand(n, m)
}

/// `VBIC`.
pub(super) fn vbic(l: &mut Lifter<'_>, n: Value, m: Value) -> Value {
    l.vbic(n, m)
}

/// `VORR`. Of a register with itself it is called VMOV.
pub(super) fn vorr(l: &mut Lifter<'_>, n: Value, m: Value) -> Value {
    l.vor(n, m)
}

/// `VORN`.
pub(super) fn vorn(l: &mut Lifter<'_>, n: Value, m: Value) -> Value {
    let m = l.vnot(m);
    l.vor(n, m)
}

/// `VEOR`.
pub(super) fn veor(l: &mut Lifter<'_>, n: Value, m: Value) -> Value {
    l.vxor(n, m)
}

/// `VBSL`: the destination selects.
pub(super) fn vbsl(l: &mut Lifter<'_>, d: Value, n: Value, m: Value) -> Value {
    l.vselect(d, n, m)
}

/// `VBIT`: inserts where the second operand has ones.
pub(super) fn vbit(l: &mut Lifter<'_>, d: Value, n: Value, m: Value) -> Value {
    l.vselect(m, n, d)
}

/// `VBIF`: inserts where the second operand has zeros.
pub(super) fn vbif(l: &mut Lifter<'_>, d: Value, n: Value, m: Value) -> Value {
    l.vselect(m, d, n)
}

/// The 64 bits that a modified immediate stands for (AdvSIMDExpandImm). For `op` 1 and `cmode` 14 see [`byte_mask`].
pub(super) fn expand_imm(cmode: u32, imm8: u32) -> u64 {
    let imm = u64::from(imm8 & 0xff);
    let words = |word: u64| word << 32 | word;
    let halfwords = |halfword: u64| words(halfword << 16 | halfword);
    match cmode >> 1 & 7 {
        shift @ 0..=3 => words(imm << (8 * shift)),
        4 => halfwords(imm),
        5 => halfwords(imm << 8),
        6 if cmode & 1 == 0 => words(imm << 8 | 0xff),
        6 => words(imm << 16 | 0xffff),
        _ if cmode & 1 == 0 => halfwords(imm << 8 | imm),
        _ => words(expand_f32(imm8).into()),
    }
}

/// The 64 bits of which each byte is eight times a bit of the immediate.
pub(super) fn byte_mask(imm8: u32) -> u64 {
    (0..8).filter(|bit| imm8 >> bit & 1 != 0).fold(0, |mask, bit| mask | 0xff << (8 * bit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn immediates_expand() {
        for (cmode, expanded) in [
            (0, 0x0000_00ab_0000_00ab),
            (3, 0x0000_ab00_0000_ab00),
            (4, 0x00ab_0000_00ab_0000),
            (6, 0xab00_0000_ab00_0000),
            (8, 0x00ab_00ab_00ab_00ab),
            (11, 0xab00_ab00_ab00_ab00),
            (12, 0x0000_abff_0000_abff),
            (13, 0x00ab_ffff_00ab_ffff),
            (14, 0xabab_abab_abab_abab),
            (15, 0xc158_0000_c158_0000),
        ] {
            assert_eq!(expand_imm(cmode, 0xab), expanded, "cmode {cmode}");
        }
        assert_eq!(byte_mask(0x81), 0xff00_0000_0000_00ff);
    }
}
