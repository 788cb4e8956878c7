//! Floating-point arithmetic (A7.4.1, A7.4.5). It rounds to nearest, flushes subnormal numbers to zero and gives the
//! default NaN, whatever the FPSCR says, but that half
//! precision flushes only if FPSCR.FZ16 says so.

use demotic_ir::softfloat::{FloatCall, FloatOp, Number, Order};
use demotic_ir::{FloatCc, FpMode, IntCc, Lanes, Rounding, Type, Value};

use super::elements::Elements;
use super::integer;
use crate::lifter::Lifter;

/// How single precision works.
pub(super) const MODE: FpMode = FpMode::ASIMD;
/// Single-precision lanes.
const W4: Lanes = Lanes::W4;
/// The default NaN in single precision.
const DEFAULT_NAN: u64 = 0x7fc0_0000;

/// How half precision works: flushing is the FPSCR's choice.
pub(super) fn half_mode(l: &Lifter<'_>) -> FpMode {
    FpMode { flush: l.mode.half_mode().flush, ..MODE }
}

/// Floating-point elements of a register. Those in half precision are done one by one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Floats {
    /// Whether they are binary16 numbers; else binary32.
    pub(super) half: bool,
    /// Whether the register is a quadword.
    pub(super) quad: bool,
}

impl Floats {
    /// What the bit `sz` of three-register encodings says.
    pub(super) fn of_half(half: u32, q: u32) -> Floats {
        Floats { half: half != 0, quad: q != 0 }
    }

    /// What the field `size` says: 1 or 2.
    pub(super) fn of_size(size: u32, q: u32) -> Floats {
        Floats::of_half(u32::from(size == 1), q)
    }

    /// The integers of the same width.
    pub(super) fn elements(self) -> Elements {
        Elements::signed(if self.half { 1 } else { 2 })
    }

    /// The lanes.
    pub(super) fn lanes(self) -> Lanes {
        self.elements().lanes
    }

    /// The sign bit.
    fn sign(self) -> u64 {
        1 << (self.elements().bits() - 1)
    }

    /// The bits of infinity, which are those of the exponent.
    fn infinity(self) -> u64 {
        if self.half { 0x7c00 } else { 0x7f80_0000 }
    }

    /// The format.
    pub(super) fn number(self) -> Number {
        if self.half { Number::F16 } else { Number::F32 }
    }

    /// How these elements are worked with.
    pub(super) fn mode(self, l: &Lifter<'_>) -> FpMode {
        if self.half { half_mode(l) } else { MODE }
    }

    /// How many there are.
    pub(super) fn count(self) -> u8 {
        let of_quad = self.lanes().count() as u8;
        if self.quad { of_quad } else { of_quad / 2 }
    }
}

impl Lifter<'_> {
    /// What an operation makes of up to three elements, each in the low bits of 64.
    pub(super) fn float_call(&mut self, call: FloatCall, elements: &[Value]) -> Value {
        let zero = self.b.i64(0);
        let operand = |i: usize| elements.get(i).copied().unwrap_or(zero);
        self.b.fsoft(Type::I64, operand(0), operand(1), operand(2), call)
    }
}

/// An operation on each element for itself.
pub(super) fn each(l: &mut Lifter<'_>, f: Floats, call: FloatCall, operands: &[Value]) -> Value {
    each_with(l, f, operands, |l, elements| l.float_call(call, elements))
}

/// What `function` makes of the elements, each for itself.
fn each_with(
    l: &mut Lifter<'_>,
    f: Floats,
    operands: &[Value],
    function: impl Fn(&mut Lifter<'_>, &[Value]) -> Value,
) -> Value {
    let lanes = f.lanes();
    let mut result = l.vzero();
    for lane in 0..f.count() {
        let elements: Vec<Value> = operands.iter().map(|v| l.vextract(*v, lanes, lane)).collect();
        let element = function(l, &elements);
        result = l.vinsert(result, element, lanes, lane);
    }
    result
}

/// Lets the exceptions accumulate that an operation raises on single-precision elements.
pub(super) fn raise(l: &mut Lifter<'_>, call: FloatCall, operands: &[Value]) {
    let [first, ..] = operands else { return };
    let operand = |i: usize| operands.get(i).copied().unwrap_or(*first);
    l.b.raise_lanes(call, [operand(0), operand(1), operand(1)]);
}

/// An operation within the format: in half precision on each element for itself, else by `single`.
fn arithmetic(
    l: &mut Lifter<'_>,
    f: Floats,
    op: FloatOp,
    operands: &[Value],
    single: impl FnOnce(&mut Lifter<'_>) -> Value,
) -> Value {
    if f.half {
        return each_op(l, f, op, operands);
    }
    single(l)
}

/// An operation within the format on each element for itself.
fn each_op(l: &mut Lifter<'_>, f: Floats, op: FloatOp, operands: &[Value]) -> Value {
    each(l, f, FloatCall::new(op, f.number(), f.mode(l)), operands)
}

/// `VADD`.
pub(super) fn vadd(l: &mut Lifter<'_>, f: Floats, n: Value, m: Value) -> Value {
    arithmetic(l, f, FloatOp::Add, &[n, m], |l| l.vfadd(n, m, W4, MODE))
}

/// `VSUB`.
pub(super) fn vsub(l: &mut Lifter<'_>, f: Floats, n: Value, m: Value) -> Value {
    arithmetic(l, f, FloatOp::Sub, &[n, m], |l| l.vfsub(n, m, W4, MODE))
}

/// `VMUL`.
pub(super) fn vmul(l: &mut Lifter<'_>, f: Floats, n: Value, m: Value) -> Value {
    arithmetic(l, f, FloatOp::Mul, &[n, m], |l| l.vfmul(n, m, W4, MODE))
}

/// `VMLA`: the product is rounded before it is added.
pub(super) fn vmla(l: &mut Lifter<'_>, f: Floats, d: Value, n: Value, m: Value) -> Value {
    let product = vmul(l, f, n, m);
    vadd(l, f, d, product)
}

/// `VMLS`.
pub(super) fn vmls(l: &mut Lifter<'_>, f: Floats, d: Value, n: Value, m: Value) -> Value {
    let product = vmul(l, f, n, m);
    vsub(l, f, d, product)
}

/// `VFMA`: rounded once.
pub(super) fn vfma(l: &mut Lifter<'_>, f: Floats, d: Value, n: Value, m: Value) -> Value {
    arithmetic(l, f, FloatOp::Fma, &[n, m, d], |l| l.vfma(n, m, d, W4, MODE))
}

/// `VFMS`: the sign of the product is turned in its first operand.
pub(super) fn vfms(l: &mut Lifter<'_>, f: Floats, d: Value, n: Value, m: Value) -> Value {
    let n = vneg(l, f, n);
    vfma(l, f, d, n, m)
}

/// `VABS`: of NaNs too.
pub(super) fn vabs(l: &mut Lifter<'_>, f: Floats, m: Value) -> Value {
    let magnitude = l.vconst(f.lanes(), f.sign() - 1);
    l.vand(m, magnitude)
}

/// `VNEG`: of NaNs too.
pub(super) fn vneg(l: &mut Lifter<'_>, f: Floats, m: Value) -> Value {
    let sign = l.vconst(f.lanes(), f.sign());
    l.vxor(m, sign)
}

/// `VABD`.
pub(super) fn vabd(l: &mut Lifter<'_>, f: Floats, n: Value, m: Value) -> Value {
    let difference = vsub(l, f, n, m);
    vabs(l, f, difference)
}

/// `VPADD`.
pub(super) fn vpadd(l: &mut Lifter<'_>, f: Floats, n: Value, m: Value) -> Value {
    let (even, odd) = integer::pairs(l, f.elements(), n, m);
    vadd(l, f, even, odd)
}

// ---- comparisons ----

/// `VC<cc>`: ones where the comparison holds, for `Eq`, `Ge`, `Gt`, `Le` and `Lt`.
pub(super) fn compare(l: &mut Lifter<'_>, f: Floats, cc: FloatCc, n: Value, m: Value) -> Value {
    let op = if cc == FloatCc::Eq { FloatOp::Compare } else { FloatOp::CompareSignalling };
    let call = FloatCall::new(op, f.number(), f.mode(l));
    if !f.half {
        raise(l, call, &[n, m]);
        return l.vfcmp(n, m, W4, cc, MODE);
    }
    each_with(l, f, &[n, m], |l, elements| {
        let order = l.float_call(call, elements);
        let holds = [Order::Less, Order::Equal, Order::Greater].map(|order| order.satisfies(cc));
        mask_if_order(l, order, holds)
    })
}

/// Ones if `order` is one of those (less, equal, greater) that hold.
fn mask_if_order(l: &mut Lifter<'_>, order: Value, holds: [bool; 3]) -> Value {
    let table = (0..).zip(holds).fold(0, |bits, (i, holds)| bits | u64::from(holds) << i);
    let table = l.b.i64(table);
    let bit = l.b.shr(Type::I64, table, order);
    let one = l.b.i64(1);
    let bit = l.b.and(Type::I64, bit, one);
    let zero = l.b.i64(0);
    l.b.sub(Type::I64, zero, bit)
}

/// `VC<cc> Vd, Vm, #0`.
pub(super) fn compare_with_zero(l: &mut Lifter<'_>, f: Floats, cc: FloatCc, m: Value) -> Value {
    let zero = l.vzero();
    compare(l, f, cc, m, zero)
}

/// `VCEQ`.
pub(super) fn vceq(l: &mut Lifter<'_>, f: Floats, n: Value, m: Value) -> Value {
    compare(l, f, FloatCc::Eq, n, m)
}

/// `VCGE`.
pub(super) fn vcge(l: &mut Lifter<'_>, f: Floats, n: Value, m: Value) -> Value {
    compare(l, f, FloatCc::Ge, n, m)
}

/// `VCGT`.
pub(super) fn vcgt(l: &mut Lifter<'_>, f: Floats, n: Value, m: Value) -> Value {
    compare(l, f, FloatCc::Gt, n, m)
}

/// `VACGE`: of absolute values.
pub(super) fn vacge(l: &mut Lifter<'_>, f: Floats, n: Value, m: Value) -> Value {
    let (n, m) = (vabs(l, f, n), vabs(l, f, m));
    compare(l, f, FloatCc::Ge, n, m)
}

/// `VACGT`: of absolute values.
pub(super) fn vacgt(l: &mut Lifter<'_>, f: Floats, n: Value, m: Value) -> Value {
    let (n, m) = (vabs(l, f, n), vabs(l, f, m));
    compare(l, f, FloatCc::Gt, n, m)
}

// ---- maxima and minima ----

/// `VMAX`: a NaN if one operand is a NaN, +0 of two zeros of different signs.
pub(super) fn vmax(l: &mut Lifter<'_>, f: Floats, n: Value, m: Value) -> Value {
    extreme(l, f, (FloatOp::Max, FloatCc::Gt), n, m)
}

/// `VMIN`: a NaN if one operand is a NaN, -0 of two zeros of different signs.
pub(super) fn vmin(l: &mut Lifter<'_>, f: Floats, n: Value, m: Value) -> Value {
    extreme(l, f, (FloatOp::Min, FloatCc::Lt), n, m)
}

/// The operand for which `n cc m` holds, or not. Equal numbers differ at most in being zeros of either sign.
fn extreme(l: &mut Lifter<'_>, f: Floats, (op, cc): (FloatOp, FloatCc), n: Value, m: Value) -> Value {
    if f.half {
        return each_op(l, f, op, &[n, m]);
    }
    raise(l, FloatCall::new(op, f.number(), MODE), &[n, m]);
    let (n, m) = l.silently(|l| (flushed(l, n), flushed(l, m)));
    let equal = l.vfcmp(n, m, W4, FloatCc::Eq, MODE);
    let beyond = l.vfcmp(n, m, W4, cc, MODE);
    let unordered = l.vfcmp(n, m, W4, FloatCc::Uno, MODE);
    let zeros = if cc == FloatCc::Gt { l.vand(n, m) } else { l.vor(n, m) };
    let second = l.vselect(equal, zeros, m);
    let number = l.vselect(beyond, n, second);
    let nan = l.vconst(W4, DEFAULT_NAN);
    l.vselect(unordered, nan, number)
}

/// The operand as arithmetic sees it: without subnormal numbers, and with the default NaN only.
fn flushed(l: &mut Lifter<'_>, n: Value) -> Value {
    let minus_zero = l.vconst(W4, 0x8000_0000);
    l.vfadd(n, minus_zero, W4, MODE)
}

/// `VPMAX`.
pub(super) fn vpmax(l: &mut Lifter<'_>, f: Floats, n: Value, m: Value) -> Value {
    let (even, odd) = integer::pairs(l, f.elements(), n, m);
    vmax(l, f, even, odd)
}

/// `VPMIN`.
pub(super) fn vpmin(l: &mut Lifter<'_>, f: Floats, n: Value, m: Value) -> Value {
    let (even, odd) = integer::pairs(l, f.elements(), n, m);
    vmin(l, f, even, odd)
}

/// `VMAXNM`: the number if the other operand is a quiet NaN.
pub(super) fn vmaxnm(l: &mut Lifter<'_>, f: Floats, n: Value, m: Value) -> Value {
    each_op(l, f, FloatOp::MaxNum, &[n, m])
}

/// `VMINNM`.
pub(super) fn vminnm(l: &mut Lifter<'_>, f: Floats, n: Value, m: Value) -> Value {
    each_op(l, f, FloatOp::MinNum, &[n, m])
}

// ---- estimates and their steps ----

/// `VRECPS`: 2 - n * m, the product rounded; 2 for zero and infinity.
pub(super) fn vrecps(l: &mut Lifter<'_>, f: Floats, n: Value, m: Value) -> Value {
    let product = product_without_invalid(l, f, n, m);
    let two = l.vconst(f.lanes(), if f.half { 0x4000 } else { 0x4000_0000 });
    vsub(l, f, two, product)
}

/// `VRSQRTS`: half of 3 - n * m, the product rounded; 1.5 for zero and infinity.
pub(super) fn vrsqrts(l: &mut Lifter<'_>, f: Floats, n: Value, m: Value) -> Value {
    let product = product_without_invalid(l, f, n, m);
    let three = l.vconst(f.lanes(), if f.half { 0x4200 } else { 0x4040_0000 });
    let difference = vsub(l, f, three, product);
    let half = l.vconst(f.lanes(), if f.half { 0x3800 } else { 0x3f00_0000 });
    vmul(l, f, difference, half)
}

/// The product, 0 where it is one of zero and infinity. A subnormal operand is noticed as one there, too.
fn product_without_invalid(l: &mut Lifter<'_>, f: Floats, n: Value, m: Value) -> Value {
    let [(n_zero, n_infinite), (m_zero, m_infinite)] = [n, m].map(|v| zero_and_infinite(l, f, v));
    let (n_invalid, m_invalid) = (l.vand(n_infinite, m_zero), l.vand(m_infinite, n_zero));
    let (n, m) = (l.vbic(n, n_invalid), l.vbic(m, m_invalid));
    vmul(l, f, n, m)
}

/// Ones where a number is zero, or subnormal and flushed to it, and where it is infinite.
fn zero_and_infinite(l: &mut Lifter<'_>, f: Floats, v: Value) -> (Value, Value) {
    let (lanes, zero) = (f.lanes(), l.vzero());
    let infinity = l.vconst(lanes, f.infinity());
    let magnitude = vabs(l, f, v);
    let significant = if f.mode(l).flush { l.vand(v, infinity) } else { magnitude };
    (l.vcmp(significant, zero, lanes, IntCc::Eq), l.vcmp(magnitude, infinity, lanes, IntCc::Eq))
}

/// `VRECPE.F<size>`.
pub(super) fn vrecpe(l: &mut Lifter<'_>, f: Floats, m: Value) -> Value {
    each_op(l, f, FloatOp::RecipEstimate, &[m])
}

/// `VRSQRTE.F<size>`.
pub(super) fn vrsqrte(l: &mut Lifter<'_>, f: Floats, m: Value) -> Value {
    each_op(l, f, FloatOp::RecipSqrtEstimate, &[m])
}

// ---- rounding ----

/// `VRINT<r>`: an integral value in the same format.
pub(super) fn vrint(l: &mut Lifter<'_>, f: Floats, round: Rounding, m: Value) -> Value {
    each(l, f, FloatCall::new(FloatOp::Round, f.number(), f.mode(l).rounding(round)), &[m])
}

/// `VRINTX`: to nearest, and inexact if the result differs.
pub(super) fn vrintx(l: &mut Lifter<'_>, f: Floats, m: Value) -> Value {
    each_op(l, f, FloatOp::RoundInexact, &[m])
}
