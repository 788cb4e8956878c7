//! Conversions between formats, integers and fixed-point numbers.

use demotic_ir::softfloat::{FloatCall, FloatOp, Number};
use demotic_ir::{FpMode, MemSize, Rounding, Type, Value};

use super::registers::{Format, get_d, get_s, put_d, put_s, s_of_top};
use crate::lifter::Lifter;
use crate::state;

/// `VCVT.F64.F32 Dd, Sm`.
pub(super) fn vcvt_f64_f32(l: &mut Lifter<'_>, vd: u32, vm: u32) {
    let m = Format::Single.get(l, Format::Single.vd(vm));
    let mode = l.mode.fp_mode();
    let result = l.b.fpromote(Type::F64, m, mode);
    Format::Double.put(l, vd, result);
}

/// `VCVT.F32.F64 Sd, Dm`.
pub(super) fn vcvt_f32_f64(l: &mut Lifter<'_>, vd: u32, vm: u32) {
    let m = Format::Double.get(l, vm);
    let mode = l.mode.fp_mode();
    let result = l.b.fdemote(Type::F32, m, mode);
    Format::Single.put(l, Format::Single.vd(vd), result);
}

/// `VCVT.F16.<Tm> Sd, Sm`, `VCVT.F32.<Tm> Sd, Sm` and `VCVT.F64.<Tm> Dd, Sm`.
pub(super) fn vcvt_from_int(l: &mut Lifter<'_>, sz: u32, signed: bool, vd: u32, vm: u32) {
    let format = Format::of(sz);
    let m = get_s(l, s_of_top(vm));
    let result = from_int(l, format, m, signed);
    format.put(l, format.vd(vd), result);
}

/// The kind of number that a 32-bit integer is.
fn word(signed: bool) -> Number {
    if signed { Number::S32 } else { Number::U32 }
}

fn from_int(l: &mut Lifter<'_>, format: Format, value: Value, signed: bool) -> Value {
    let mode = format.mode(l);
    match format {
        Format::Half => {
            let call = FloatCall::convert(word(signed), Number::F16, mode);
            l.b.fsoft(Type::I32, value, value, value, call)
        }
        _ if signed => l.b.ffrom_s(format.float(), value, Type::I32, mode),
        _ => l.b.ffrom_u(format.float(), value, Type::I32, mode),
    }
}

/// `VCVT{R}.<Td>.F16 Sd, Sm`, `VCVT{R}.<Td>.F32 Sd, Sm` and `VCVT{R}.<Td>.F64 Sd, Dm`, `VCVT{A,N,P,M}` too. VCVTR, without
/// `round`, rounds as the FPSCR says.
pub(super) fn vcvt_to_int(
    l: &mut Lifter<'_>,
    sz: u32,
    signed: bool,
    round: Option<Rounding>,
    vd: u32,
    vm: u32,
) {
    let format = Format::of(sz);
    let m = format.get(l, format.vd(vm));
    let mode = format.mode(l);
    let result = to_int(l, format, m, signed, round.map_or(mode, |round| mode.rounding(round)));
    put_s(l, s_of_top(vd), result);
}

/// Saturating.
fn to_int(l: &mut Lifter<'_>, format: Format, value: Value, signed: bool, mode: FpMode) -> Value {
    match format {
        Format::Half => {
            let call = FloatCall::convert(Number::F16, word(signed), mode);
            l.b.fsoft(Type::I32, value, value, value, call)
        }
        _ if signed => l.b.fto_s(Type::I32, value, format.float(), mode),
        _ => l.b.fto_u(Type::I32, value, format.float(), mode),
    }
}

/// `VJCVT.S32.F64 Sd, Dm`. The FPSCR's Z says whether the number was an integer in range.
pub(super) fn vjcvt(l: &mut Lifter<'_>, vd: u32, vm: u32) {
    let m = Format::Double.get(l, vm);
    let call = FloatCall::new(FloatOp::JsConvert, Number::F64, l.mode.fp_mode());
    let result = l.b.fsoft(Type::I64, m, m, m, call);
    let (word, exact) = (l.low(result), l.high(result));
    put_s(l, s_of_top(vd), word);
    let nzcv = l.shl(exact, 30);
    l.put(state::FPSCR_NZCV, nzcv);
    l.hints.set_fpscr(None);
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
}

/// The fraction bits of a fixed-point conversion; negative where the choice of operands is unpredictable.
pub(super) fn fraction_bits(word: u32, imm: u32) -> i32 {
    (if word == 0 { 16 } else { 32 }) - s_of_top(imm) as i32
}

impl Fixed {
    fn number(self) -> Number {
        match (self.word, self.signed) {
            (false, true) => Number::S16,
            (false, false) => Number::U16,
            (true, signed) => word(signed),
        }
    }
}

/// `VCVT.<Td>.<fixed> Vd, Vd, #fbits`: to nearest, whatever the FPSCR says.
pub(super) fn vcvt_from_fixed(l: &mut Lifter<'_>, sz: u32, fixed: Fixed, vd: u32) {
    let format = Format::of(sz);
    let d = format.vd(vd);
    let bits = if format == Format::Double { get_d(l, d) } else { get_s(l, d) };
    let word = if format == Format::Double { l.low(bits) } else { bits };
    let mode = format.mode(l).rounding(Rounding::Nearest);
    let call = FloatCall::convert(fixed.number(), format.number(), mode);
    let call = FloatCall { fraction: fixed.fraction_bits as u8, ..call };
    let result = l.b.fsoft(format.float(), word, word, word, call);
    format.put(l, d, result);
}

/// `VCVT.<fixed>.<Tm> Vd, Vd, #fbits`: towards zero, saturating. The result is extended to the register's width.
pub(super) fn vcvt_to_fixed(l: &mut Lifter<'_>, sz: u32, fixed: Fixed, vd: u32) {
    let format = Format::of(sz);
    let d = format.vd(vd);
    let number = format.get(l, d);
    let mode = format.mode(l).rounding(Rounding::Zero);
    let call = FloatCall::convert(format.number(), fixed.number(), mode);
    let call = FloatCall { fraction: fixed.fraction_bits as u8, ..call };
    let integer = l.b.fsoft(Type::I32, number, number, number, call);
    let result = if fixed.signed && !fixed.word { l.sext(integer, MemSize::B2) } else { integer };
    if format == Format::Double {
        let bits = l.wide(result, fixed.signed);
        put_d(l, d, bits);
    } else {
        put_s(l, d, result);
    }
}

/// The format that half-precision numbers are converted from and to.
fn half(l: &Lifter<'_>) -> Number {
    if l.mode.alternative_half() { Number::Ahp } else { Number::F16 }
}

/// `VCVTB.F32.F16 Sd, Sm`, `VCVTT.F32.F16 Sd, Sm`, `VCVTB.F64.F16 Dd, Sm` and `VCVTT.F64.F16 Dd, Sm`.
pub(super) fn vcvt_from_half(l: &mut Lifter<'_>, format: Format, top: bool, vd: u32, vm: u32) {
    let m = get_s(l, s_of_top(vm));
    let bits = if top { l.shr(m, 16) } else { l.and_imm(m, 0xffff) };
    let call = FloatCall::convert(half(l), format.number(), l.mode.fp_mode());
    let result = l.b.fsoft(format.float(), bits, bits, bits, call);
    format.put(l, format.vd(vd), result);
}

/// `VCVTB.F16.F32 Sd, Sm`, `VCVTT.F16.F32 Sd, Sm`, `VCVTB.F16.F64 Sd, Dm` and `VCVTT.F16.F64 Sd, Dm`: the other half of
/// Sd stays.
pub(super) fn vcvt_to_half(l: &mut Lifter<'_>, format: Format, top: bool, vd: u32, vm: u32) {
    let m = format.get(l, format.vd(vm));
    let call = FloatCall::convert(format.number(), half(l), l.mode.fp_mode());
    let bits = l.b.fsoft(Type::I32, m, m, m, call);
    let old = get_s(l, s_of_top(vd));
    let (kept, bits) =
        if top { (l.and_imm(old, 0xffff), l.shl(bits, 16)) } else { (l.and_imm(old, 0xffff_0000), bits) };
    let result = l.or(kept, bits);
    put_s(l, s_of_top(vd), result);
}
