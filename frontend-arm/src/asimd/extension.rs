//! ARMv8.2 and ARMv8.3: dot products, multiplications from half to single precision, complex numbers
//! (ARM DDI 0487, F6.1).

use demotic_ir::softfloat::{FloatCall, Number};
use demotic_ir::{IntCc, Lanes, Value};

use super::elements::Elements;
use super::float::{self, Floats};
use super::integer;
use crate::lifter::Lifter;
use crate::vfp::get_d;

// ---- dot products ----

/// `VSDOT` and `VUDOT`: to each word the products of its four bytes are added.
pub(super) fn vdot(l: &mut Lifter<'_>, e: Elements, d: Value, n: Value, m: Value) -> Value {
    let halves = e.wide();
    let [even, odd] = [true, false].map(|even| {
        // A product of bytes fits a halfword.
        let [n, m] = [n, m].map(|v| {
            let bytes = if even { l.vshift_left(v, halves.lanes, 8) } else { v };
            l.vshift_right(bytes, halves, 8)
        });
        let products = l.vmul(n, m, halves.lanes);
        integer::vpaddl(l, halves, products)
    });
    let sum = l.vadd(even, odd, Lanes::W4);
    l.vadd(d, sum, Lanes::W4)
}

// ---- half to single precision ----

/// `VFMAL` and `VFMSL`: the products of the low four halfwords are added to words, rounded once.
pub(super) fn vfmal(l: &mut Lifter<'_>, quad: bool, subtract: bool, [d, n, m]: [Value; 3]) -> Value {
    let f = Floats { half: false, quad };
    let halves = Floats { half: true, quad };
    let n = if subtract { float::vneg(l, halves, n) } else { n };
    let [n, m] = [n, m].map(|v| promote(l, f, v));
    float::vfma(l, f, d, n, m)
}

/// The low lanes from half to single precision, which is exact; conversions do not flush, but this does.
fn promote(l: &mut Lifter<'_>, f: Floats, v: Value) -> Value {
    let v = if float::half_mode(l).flush { flushed_halves(l, v) } else { v };
    let call = FloatCall::convert(Number::F16, Number::F32, float::half_mode(l));
    let mut result = l.vzero();
    for lane in 0..f.count() {
        let half = l.vextract(v, Lanes::H8, lane);
        let single = l.float_call(call, &[half]);
        result = l.vinsert(result, single, Lanes::W4, lane);
    }
    result
}

/// Halfwords without subnormal numbers.
fn flushed_halves(l: &mut Lifter<'_>, v: Value) -> Value {
    let exponents = l.vconst(Lanes::H8, 0x7c00);
    let (exponent, zero) = (l.vand(v, exponents), l.vzero());
    let tiny = l.vcmp(exponent, zero, Lanes::H8, IntCc::Eq);
    let signs = l.vconst(Lanes::H8, 0x8000);
    let zeros = l.vand(v, signs);
    l.vselect(tiny, zeros, v)
}

/// The operand of half-precision numbers: half of a doubleword register (`number` is a single register's), or all of it.
pub(super) fn halves(l: &mut Lifter<'_>, quad: bool, number: u32) -> Value {
    let zero = l.b.i64(0);
    if quad {
        let d = get_d(l, number);
        return l.vjoin(d, zero);
    }
    let d = get_d(l, number / 2);
    let v = l.vjoin(d, zero);
    if number.is_multiple_of(2) { v } else { l.vshr_i(v, Lanes::D2, 32) }
}

// ---- complex numbers: real parts in even lanes, imaginary ones in odd lanes ----

/// `VCADD`: adds the second operand turned by 90 degrees, or by 270.
pub(super) fn vcadd(l: &mut Lifter<'_>, f: Floats, rotate270: bool, n: Value, m: Value) -> Value {
    let turned = swap_parts(l, f, m);
    let turned = negate_parts(l, f, turned, !rotate270, rotate270);
    float::vadd(l, f, n, turned)
}

/// `VCMLA`: adds the products of one part of the first operand and the second operand turned by `quarters` of a circle;
/// two of them make a complex multiplication. Rounded once.
pub(super) fn vcmla(l: &mut Lifter<'_>, f: Floats, quarters: u32, [d, n, m]: [Value; 3]) -> Value {
    let odd = quarters & 1 != 0;
    let n = both_parts(l, f, n, odd);
    let m = if odd { swap_parts(l, f, m) } else { m };
    let m = negate_parts(l, f, m, matches!(quarters & 3, 1 | 2), quarters & 2 != 0);
    float::vfma(l, f, d, n, m)
}

/// The shuffle that takes each element from that of number `element(i)`.
fn shuffle(l: &mut Lifter<'_>, f: Floats, v: Value, element: impl Fn(u32) -> u32) -> Value {
    let bytes = f.elements().bits() / 8;
    let mask =
        (0..16).fold(0, |mask, i| mask | u128::from(element(i / bytes) * bytes + i % bytes) << (8 * i));
    l.vshuffle(v, v, mask)
}

/// Real and imaginary parts in each other's place.
fn swap_parts(l: &mut Lifter<'_>, f: Floats, v: Value) -> Value {
    shuffle(l, f, v, |i| i ^ 1)
}

/// The real part, or the imaginary part, in the place of both.
fn both_parts(l: &mut Lifter<'_>, f: Floats, v: Value, imaginary: bool) -> Value {
    shuffle(l, f, v, |i| i & !1 | u32::from(imaginary))
}

/// Turns the signs of parts.
fn negate_parts(l: &mut Lifter<'_>, f: Floats, v: Value, real: bool, imaginary: bool) -> Value {
    let bits = f.elements().bits();
    let sign = 1u64 << (bits - 1);
    let signs = if real { sign } else { 0 } | if imaginary { sign << bits } else { 0 };
    if signs == 0 {
        return v;
    }
    let signs = l.vconst(f.elements().wide().lanes, signs);
    l.vxor(v, signs)
}
