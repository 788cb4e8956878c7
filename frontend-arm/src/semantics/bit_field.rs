//! Bit fields and bit counts (ARM DDI 0406, A4.4.7 and A4.4.8).

use demotic_ir::Type;

use crate::lifter::Lifter;

/// The mask of bits `msb` to `lsb`.
fn mask(msb: u32, lsb: u32) -> u32 {
    (u32::MAX >> (31 - msb)) & (u32::MAX << lsb)
}

/// `BFC Rd, #lsb, #width`: clears bits `msb` to `lsb`.
pub(crate) fn bfc(l: &mut Lifter<'_>, rd: u32, msb: u32, lsb: u32) {
    if msb < lsb {
        return l.unpredictable_insn();
    }
    let d = l.reg(rd);
    let result = l.and_imm(d, !mask(msb, lsb));
    l.put_reg(rd, result);
}

/// `BFI Rd, Rn, #lsb, #width`: copies the low bits of Rn to bits `msb` to `lsb`.
pub(crate) fn bfi(l: &mut Lifter<'_>, rd: u32, rn: u32, msb: u32, lsb: u32) {
    if msb < lsb {
        return l.unpredictable_insn();
    }
    let (d, n) = (l.reg(rd), l.reg(rn));
    let kept = l.and_imm(d, !mask(msb, lsb));
    let moved = l.shl(n, lsb);
    let field = l.and_imm(moved, mask(msb, lsb));
    let result = l.or(kept, field);
    l.put_reg(rd, result);
}

/// `SBFX Rd, Rn, #lsb, #width` and `UBFX`. A field that reaches beyond bit 31 is unpredictable.
pub(crate) fn bit_field_extract(l: &mut Lifter<'_>, signed: bool, rd: u32, rn: u32, lsb: u32, widthm1: u32) {
    let msb = lsb + widthm1;
    if msb > 31 {
        return l.unpredictable_insn();
    }
    let n = l.reg(rn);
    let top = l.shl(n, 31 - msb);
    let result = if signed { l.sar(top, 31 - widthm1) } else { l.shr(top, 31 - widthm1) };
    l.put_reg(rd, result);
}

/// `CLZ Rd, Rm`.
pub(crate) fn clz(l: &mut Lifter<'_>, rd: u32, rm: u32) {
    let m = l.reg(rm);
    let count = l.b.clz(Type::I32, m);
    l.put_reg(rd, count);
}
