//! Moves between VFP registers, and between them and core registers (ARM DDI 0406C, A7.8 and A7.9).

use demotic_ir::{FlagCc, MemSize, Type};

use super::data_processing::Registers;
use super::registers::{Format, d_of_low, get_d, get_s, insert, put_d, put_s, s_of_top};
use crate::lifter::Lifter;

/// `VMOV Vd, #imm`.
pub(super) fn vmov_imm(l: &mut Lifter<'_>, sz: u32, vd: u32, imm8: u32) {
    let format = Format::of(sz);
    let bits = match format {
        Format::Half => l.imm(expand_f16(imm8)),
        Format::Single => l.imm(expand_f32(imm8)),
        Format::Double => l.b.i64(expand_f64(imm8)),
    };
    format.put_bits(l, format.vd(vd), bits);
}

/// The half-precision number that an 8-bit immediate stands for (VFPExpandImm).
fn expand_f16(imm8: u32) -> u32 {
    let (sign, b, low) = (imm8 >> 7 & 1, imm8 >> 6 & 1, imm8 & 0x3f);
    let high = if b == 0 { 0b100 } else { 0b011 };
    sign << 15 | high << 12 | low << 6
}

/// The single-precision number that an 8-bit immediate stands for (VFPExpandImm).
pub(crate) fn expand_f32(imm8: u32) -> u32 {
    let (sign, b, low) = (imm8 >> 7 & 1, imm8 >> 6 & 1, imm8 & 0x3f);
    // The exponent is NOT(b), b five times, and the two bits below b.
    let high = if b == 0 { 0b10_0000 } else { 0b01_1111 };
    sign << 31 | high << 25 | low << 19
}

/// The double-precision number that an 8-bit immediate stands for (VFPExpandImm).
fn expand_f64(imm8: u32) -> u64 {
    f64::from(f32::from_bits(expand_f32(imm8))).to_bits()
}

/// `VMOV Vd, Vm`.
pub(super) fn vmov_reg(l: &mut Lifter<'_>, sz: u32, vd: u32, vm: u32) {
    let format = Format::of(sz);
    let bits = format.get_bits(l, format.vd(vm));
    format.put_bits(l, format.vd(vd), bits);
}

/// `VMOV Sn, Rt`.
pub(super) fn vmov_from_core(l: &mut Lifter<'_>, sn: u32, rt: u32) {
    let value = l.reg(rt);
    put_s(l, sn, value);
}

/// `VMOV Rt, Sn`.
pub(super) fn vmov_to_core(l: &mut Lifter<'_>, rt: u32, sn: u32) {
    let value = get_s(l, sn);
    l.put_reg(rt, value);
}

/// `VMOV.F16 Sn, Rt`.
pub(super) fn vmov_half_from_core(l: &mut Lifter<'_>, sn: u32, rt: u32) {
    let value = l.reg(rt);
    let half = l.zext(value, MemSize::B2);
    put_s(l, sn, half);
}

/// `VMOV.F16 Rt, Sn`.
pub(super) fn vmov_half_to_core(l: &mut Lifter<'_>, rt: u32, sn: u32) {
    let value = Format::Half.get_bits(l, sn);
    l.put_reg(rt, value);
}

/// `VMOVX.F16 Sd, Sm`: the upper half.
pub(super) fn vmovx(l: &mut Lifter<'_>, vd: u32, vm: u32) {
    let m = get_s(l, s_of_top(vm));
    let half = l.shr(m, 16);
    put_s(l, s_of_top(vd), half);
}

/// `VINS.F16 Sd, Sm`: into the upper half.
pub(super) fn vins(l: &mut Lifter<'_>, vd: u32, vm: u32) {
    let m = get_s(l, s_of_top(vm));
    let upper = l.shl(m, 16);
    let lower = Format::Half.get_bits(l, s_of_top(vd));
    let result = l.or(upper, lower);
    put_s(l, s_of_top(vd), result);
}

/// `VSEL<c> Vd, Vn, Vm`.
pub(super) fn vsel(l: &mut Lifter<'_>, r: Registers, cc: FlagCc) {
    let holds = l.cond(cc);
    let (n, m) = (r.format.get_bits(l, r.n), r.format.get_bits(l, r.m));
    let result = l.b.select(r.format.bits(), holds, n, m);
    r.format.put_bits(l, r.d, result);
}

/// `VMOV.<size> Dd[lane], Rt`.
pub(super) fn vmov_to_lane(l: &mut Lifter<'_>, vd: u32, lane: u32, width: u32, rt: u32) {
    let d = d_of_low(vd);
    let value = l.reg(rt);
    let old = get_d(l, d);
    let new = insert(l, old, value, lane * width, width);
    put_d(l, d, new);
}

/// `VMOV.<dt> Rt, Dn[lane]`.
pub(super) fn vmov_from_lane(l: &mut Lifter<'_>, rt: u32, vn: u32, lane: u32, size: MemSize, signed: bool) {
    let d = get_d(l, d_of_low(vn));
    let lsb = l.b.i64(u64::from(lane * size.bits()));
    let shifted = l.b.shr(Type::I64, d, lsb);
    let word = l.low(shifted);
    let value = match (size, signed) {
        (MemSize::B1 | MemSize::B2, true) => l.sext(word, size),
        (MemSize::B1 | MemSize::B2, false) => l.zext(word, size),
        _ => word,
    };
    l.put_reg(rt, value);
}

/// `VMOV Sm, Sm1, Rt, Rt2`. Beyond S31 it is unpredictable.
pub(super) fn vmov_from_core_2s(l: &mut Lifter<'_>, vm: u32, rt: u32, rt2: u32) {
    let m = s_of_top(vm);
    if m == 31 {
        return l.unpredictable_insn();
    }
    let (low, high) = (l.reg(rt), l.reg(rt2));
    l.part();
    put_s(l, m, low);
    put_s(l, m + 1, high);
}

/// `VMOV Rt, Rt2, Sm, Sm1`. Beyond S31 it is unpredictable.
pub(super) fn vmov_to_core_2s(l: &mut Lifter<'_>, rt: u32, rt2: u32, vm: u32) {
    let m = s_of_top(vm);
    if m == 31 {
        return l.unpredictable_insn();
    }
    let (low, high) = (get_s(l, m), get_s(l, m + 1));
    l.put_reg(rt, low);
    l.put_reg(rt2, high);
}

/// `VMOV Dm, Rt, Rt2`.
pub(super) fn vmov_from_core_d(l: &mut Lifter<'_>, dm: u32, rt: u32, rt2: u32) {
    let (low, high) = (l.reg(rt), l.reg(rt2));
    let value = l.concat(high, low);
    put_d(l, dm, value);
}

/// `VMOV Rt, Rt2, Dm`.
pub(super) fn vmov_to_core_d(l: &mut Lifter<'_>, rt: u32, rt2: u32, dm: u32) {
    let value = get_d(l, dm);
    let (low, high) = (l.low(value), l.high(value));
    l.put_reg(rt, low);
    l.put_reg(rt2, high);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_expand() {
        for (imm8, value) in
            [(0x70, 1.0f32), (0x78, 1.5), (0xf0, -1.0), (0x00, 2.0), (0xc0, -0.125), (0x3f, 31.0)]
        {
            assert_eq!(f32::from_bits(expand_f32(imm8)), value, "{imm8:#x}");
            assert_eq!(f64::from_bits(expand_f64(imm8)), f64::from(value), "{imm8:#x}");
        }
    }
}
