//! Conversions between integers, fixed-point numbers and floating point, and between its formats (A7.4.4, A7.4.5).

use demotic_ir::softfloat::{FloatCall, Number};
use demotic_ir::{FpMode, IntCc, Lanes, Rounding, Value};

use super::float::{self, Floats, MODE};
use crate::lifter::Lifter;

/// Words: single precision, and the integers that go with it.
const W4: Lanes = Lanes::W4;

/// The integers of the same width as floating-point elements.
fn integers(f: Floats, unsigned: bool) -> Number {
    match (f.half, unsigned) {
        (true, false) => Number::S16,
        (true, true) => Number::U16,
        (false, false) => Number::S32,
        (false, true) => Number::U32,
    }
}

/// `VCVT` from integers or, with `fraction` bits behind the point, from fixed-point numbers.
pub(super) fn vcvt_from(l: &mut Lifter<'_>, f: Floats, unsigned: bool, fraction: u32, m: Value) -> Value {
    let call = FloatCall::convert(integers(f, unsigned), f.number(), f.mode(l));
    let call = FloatCall { fraction: fraction as u8, ..call };
    if f.half {
        return float::each(l, f, call, &[m]);
    }
    float::raise(l, call, &[m]);
    l.silently(|l| {
        let number = if unsigned { l.vf_from_u(m, W4, MODE) } else { l.vf_from_s(m, W4, MODE) };
        if fraction == 0 {
            return number;
        }
        // Exact: no number of 32 bits becomes subnormal by that.
        let scale = l.vconst(W4, power_of_two(-(fraction as i32)));
        l.vfmul(number, scale, W4, MODE)
    })
}

/// `VCVT` to integers or to fixed-point numbers, towards zero, saturating.
pub(super) fn vcvt_to(l: &mut Lifter<'_>, f: Floats, unsigned: bool, fraction: u32, m: Value) -> Value {
    let call = FloatCall::convert(f.number(), integers(f, unsigned), f.mode(l).rounding(Rounding::Zero));
    let call = FloatCall { fraction: fraction as u8, ..call };
    if f.half {
        return float::each(l, f, call, &[m]);
    }
    float::raise(l, call, &[m]);
    l.silently(|l| {
        let scaled = if fraction == 0 { m } else { scale_up(l, f, fraction, m) };
        if unsigned { l.vf_to_u(scaled, W4, MODE) } else { l.vf_to_s(scaled, W4, MODE) }
    })
}

/// Numbers times 2 to the power of `fraction`. Those that are too large anyway stay as they are, lest they overflow.
fn scale_up(l: &mut Lifter<'_>, f: Floats, fraction: u32, m: Value) -> Value {
    let magnitude = float::vabs(l, f, m);
    let large = l.vconst(W4, power_of_two(64));
    let is_large = l.vcmp(magnitude, large, W4, IntCc::Uge);
    let (scale, one) = (l.vconst(W4, power_of_two(fraction as i32)), l.vconst(W4, power_of_two(0)));
    let scale = l.vselect(is_large, one, scale);
    l.vfmul(m, scale, W4, MODE)
}

/// A power of two in single precision.
fn power_of_two(exponent: i32) -> u64 {
    2f32.powi(exponent).to_bits().into()
}

/// `VCVT{A,N,P,M}`: to integers, with the rounding that the instruction names.
pub(super) fn vcvt_directed(l: &mut Lifter<'_>, f: Floats, unsigned: bool, rounding: u32, m: Value) -> Value {
    let round = match rounding & 3 {
        0 => Rounding::Away,
        1 => Rounding::Nearest,
        2 => Rounding::Up,
        _ => Rounding::Down,
    };
    let call = FloatCall::convert(f.number(), integers(f, unsigned), f.mode(l).rounding(round));
    float::each(l, f, call, &[m])
}

/// `VCVT.F32.F16 Qd, Dm`.
pub(super) fn vcvt_from_half(l: &mut Lifter<'_>, m: Value) -> Value {
    change_format(l, m, (Lanes::H8, W4), |half| FloatCall::convert(half, Number::F32, HALF_CONVERSION))
}

/// `VCVT.F16.F32 Dd, Qm`.
pub(super) fn vcvt_to_half(l: &mut Lifter<'_>, m: Value) -> Value {
    change_format(l, m, (W4, Lanes::H8), |half| FloatCall::convert(Number::F32, half, HALF_CONVERSION))
}

/// Subnormal numbers in half precision are never flushed.
const HALF_CONVERSION: FpMode = FpMode::ASIMD;

/// Converts the first four lanes. The format of half precision is FPSCR.AHP's choice.
fn change_format(
    l: &mut Lifter<'_>,
    m: Value,
    (from, to): (Lanes, Lanes),
    call: impl Fn(Number) -> FloatCall,
) -> Value {
    let call = call(if l.mode.alternative_half() { Number::Ahp } else { Number::F16 });
    let mut result = l.vzero();
    for lane in 0..4 {
        let element = l.vextract(m, from, lane);
        let converted = l.float_call(call, &[element]);
        result = l.vinsert(result, converted, to, lane);
    }
    result
}
