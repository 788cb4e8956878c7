//! Conversions between formats, integers and fixed-point numbers.

use demotic_ir::{FpMode, HelperId, IntCc, MemSize, Rounding, Type, Value};

use super::registers::{Format, get_s, put_s, s_of_top};
use crate::helpers;
use crate::lifter::Lifter;

/// `VCVT.F64.F32 Dd, Sm`.
pub(super) fn vcvt_f64_f32(l: &mut Lifter<'_>, vd: u32, vm: u32) {
    let m = Format::Single.get(l, Format::Single.vd(vm));
    let result = l.b.fpromote(Type::F64, m, FpMode::NEAREST);
    Format::Double.put(l, vd, result);
}

/// `VCVT.F32.F64 Sd, Dm`.
pub(super) fn vcvt_f32_f64(l: &mut Lifter<'_>, vd: u32, vm: u32) {
    let m = Format::Double.get(l, vm);
    let result = l.b.fdemote(Type::F32, m, FpMode::NEAREST);
    Format::Single.put(l, Format::Single.vd(vd), result);
}

/// `VCVT.F32.<Tm> Sd, Sm` and `VCVT.F64.<Tm> Dd, Sm`.
pub(super) fn vcvt_from_int(l: &mut Lifter<'_>, sz: u32, signed: bool, vd: u32, vm: u32) {
    let format = Format::of(sz);
    let m = get_s(l, s_of_top(vm));
    let result = from_int(l, format, m, signed);
    format.put(l, format.vd(vd), result);
}

fn from_int(l: &mut Lifter<'_>, format: Format, value: Value, signed: bool) -> Value {
    if signed {
        l.b.ffrom_s(format.float(), value, Type::I32, FpMode::NEAREST)
    } else {
        l.b.ffrom_u(format.float(), value, Type::I32, FpMode::NEAREST)
    }
}

/// `VCVT{R}.<Td>.F32 Sd, Sm` and `VCVT{R}.<Td>.F64 Sd, Dm`. VCVTR rounds as the FPSCR says: to nearest.
pub(super) fn vcvt_to_int(l: &mut Lifter<'_>, sz: u32, signed: bool, to_zero: bool, vd: u32, vm: u32) {
    let format = Format::of(sz);
    let m = format.get(l, format.vd(vm));
    let round = if to_zero { Rounding::Zero } else { Rounding::Nearest };
    let result = to_int(l, format, m, signed, FpMode::NEAREST.rounding(round));
    put_s(l, s_of_top(vd), result);
}

/// Saturating.
fn to_int(l: &mut Lifter<'_>, format: Format, value: Value, signed: bool, mode: FpMode) -> Value {
    if signed {
        l.b.fto_s(Type::I32, value, format.float(), mode)
    } else {
        l.b.fto_u(Type::I32, value, format.float(), mode)
    }
}

/// The type of a fixed-point number.
#[derive(Clone, Copy)]
pub(super) struct Fixed {
    /// 32 bits, otherwise 16.
    pub(super) word: bool,
    /// Whether it is signed.
    pub(super) signed: bool,
    /// How many of the bits are fraction.
    pub(super) fraction_bits: u32,
}

impl Fixed {
    /// What the fields of an encoding mean; `None` for the unpredictable choice of more fraction bits than bits.
    pub(super) fn of(unsigned: u32, word: u32, imm: u32) -> Option<Fixed> {
        let fraction_bits = u32::try_from(fraction_bits(word, imm)).ok()?;
        Some(Fixed { word: word != 0, signed: unsigned == 0, fraction_bits })
    }

    /// 2 to the power of `fraction_bits`, or of its negative.
    fn scale(self, l: &mut Lifter<'_>, format: Format, negative: bool) -> Value {
        let exponent = self.fraction_bits as i32 * if negative { -1 } else { 1 };
        match format {
            Format::Single => l.b.const_(Type::F32, u64::from(2f32.powi(exponent).to_bits())),
            Format::Double => l.b.const_(Type::F64, 2f64.powi(exponent).to_bits()),
        }
    }
}

/// The fraction bits of a fixed-point conversion; negative where the choice of operands is unpredictable.
pub(super) fn fraction_bits(word: u32, imm: u32) -> i32 {
    (if word == 0 { 16 } else { 32 }) - s_of_top(imm) as i32
}

/// `VCVT.<Td>.<fixed> Vd, Vd, #fbits`. The one rounding is that to the format; scaling is exact.
pub(super) fn vcvt_from_fixed(l: &mut Lifter<'_>, sz: u32, fixed: Fixed, vd: u32) {
    let format = Format::of(sz);
    let d = format.vd(vd);
    let bits = format.get_bits(l, d);
    let word = if format == Format::Double { l.low(bits) } else { bits };
    let integer = match (fixed.word, fixed.signed) {
        (true, _) => word,
        (false, true) => l.sext(word, MemSize::B2),
        (false, false) => l.zext(word, MemSize::B2),
    };
    let number = from_int(l, format, integer, fixed.signed);
    let scale = fixed.scale(l, format, true);
    let result = l.b.fmul(format.float(), number, scale, FpMode::NEAREST);
    format.put(l, d, result);
}

/// `VCVT.<fixed>.<Tm> Vd, Vd, #fbits`: towards zero, saturating. The result is extended to the register's width.
pub(super) fn vcvt_to_fixed(l: &mut Lifter<'_>, sz: u32, fixed: Fixed, vd: u32) {
    let format = Format::of(sz);
    let d = format.vd(vd);
    let number = format.get(l, d);
    let scale = fixed.scale(l, format, false);
    let scaled = l.b.fmul(format.float(), number, scale, FpMode::NEAREST);
    let integer = to_int(l, format, scaled, fixed.signed, FpMode::NEAREST.rounding(Rounding::Zero));
    let result = if fixed.word { integer } else { saturate16(l, integer, fixed.signed) };
    let bits = if format == Format::Double { l.wide(result, fixed.signed) } else { result };
    format.put_bits(l, d, bits);
}

/// A 32-bit integer saturated to 16 bits.
fn saturate16(l: &mut Lifter<'_>, value: Value, signed: bool) -> Value {
    if !signed {
        return limit(l, value, IntCc::Ugt, 0xffff);
    }
    let value = limit(l, value, IntCc::Sgt, 0x7fff);
    limit(l, value, IntCc::Slt, 0x8000u32.wrapping_neg())
}

/// `bound` where `value cc bound`, else `value`.
fn limit(l: &mut Lifter<'_>, value: Value, cc: IntCc, bound: u32) -> Value {
    let bound = l.imm(bound);
    let beyond = l.compare(value, cc, bound);
    l.select(beyond, bound, value)
}

/// `VCVTB.F32.F16 Sd, Sm` and `VCVTT.F32.F16 Sd, Sm`.
pub(super) fn vcvt_f32_f16(l: &mut Lifter<'_>, top: bool, vd: u32, vm: u32) {
    let m = get_s(l, s_of_top(vm));
    let half = if top { l.shr(m, 16) } else { l.and_imm(m, 0xffff) };
    let result = helper(l, half, helpers::F16_TO_F32);
    put_s(l, s_of_top(vd), result);
}

/// `VCVTB.F16.F32 Sd, Sm` and `VCVTT.F16.F32 Sd, Sm`: the other half of Sd stays.
pub(super) fn vcvt_f16_f32(l: &mut Lifter<'_>, top: bool, vd: u32, vm: u32) {
    let m = get_s(l, s_of_top(vm));
    let half = helper(l, m, helpers::F32_TO_F16);
    let old = get_s(l, s_of_top(vd));
    let (kept, half) =
        if top { (l.and_imm(old, 0xffff), l.shl(half, 16)) } else { (l.and_imm(old, 0xffff_0000), half) };
    let result = l.or(kept, half);
    put_s(l, s_of_top(vd), result);
}

/// A helper of one 32-bit argument.
fn helper(l: &mut Lifter<'_>, argument: Value, id: HelperId) -> Value {
    let argument = l.wide(argument, false);
    let zero = l.b.i64(0);
    let result = l.b.helper(Type::I64, argument, zero, zero, id);
    l.low(result)
}
