//! Registers of different lengths (A7.4.2), and the multiplications that double and saturate.

use demotic_ir::Value;

use super::elements::Elements;
use super::integer;
use crate::lifter::Lifter;

/// `VADDL`.
pub(super) fn vaddl(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    let n = l.vwiden(n, e);
    vaddw(l, e, n, m)
}

/// `VADDW`: the first operand is wide already.
pub(super) fn vaddw(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    let m = l.vwiden(m, e);
    l.vadd(n, m, e.wide().lanes)
}

/// `VSUBL`.
pub(super) fn vsubl(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    let n = l.vwiden(n, e);
    vsubw(l, e, n, m)
}

/// `VSUBW`: the first operand is wide already.
pub(super) fn vsubw(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    let m = l.vwiden(m, e);
    l.vsub(n, m, e.wide().lanes)
}

/// `VABDL`. A difference is never negative, so it is widened without a sign.
pub(super) fn vabdl(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    let difference = integer::vabd(l, e, n, m);
    l.vwiden_low_u(difference, e.lanes)
}

/// `VABAL`.
pub(super) fn vabal(l: &mut Lifter<'_>, e: Elements, d: Value, n: Value, m: Value) -> Value {
    let difference = vabdl(l, e, n, m);
    l.vadd(d, difference, e.wide().lanes)
}

/// `VMULL.S<size>` and `VMULL.U<size>`.
pub(super) fn vmull(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    let (n, m) = (l.vwiden(n, e), l.vwiden(m, e));
    l.vmul(n, m, e.wide().lanes)
}

/// `VMLAL`.
pub(super) fn vmlal(l: &mut Lifter<'_>, e: Elements, d: Value, n: Value, m: Value) -> Value {
    let product = vmull(l, e, n, m);
    l.vadd(d, product, e.wide().lanes)
}

/// `VMLSL`.
pub(super) fn vmlsl(l: &mut Lifter<'_>, e: Elements, d: Value, n: Value, m: Value) -> Value {
    let product = vmull(l, e, n, m);
    l.vsub(d, product, e.wide().lanes)
}

/// `VQDMULL`: twice the product, saturated.
pub(super) fn vqdmull(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    let product = vmull(l, e, n, m);
    integer::vqadd(l, e.wide(), product, product)
}

/// `VQDMLAL`: the product and the sum saturate each for itself.
pub(super) fn vqdmlal(l: &mut Lifter<'_>, e: Elements, d: Value, n: Value, m: Value) -> Value {
    let product = vqdmull(l, e, n, m);
    integer::vqadd(l, e.wide(), d, product)
}

/// `VQDMLSL`: the product and the difference saturate each for itself.
pub(super) fn vqdmlsl(l: &mut Lifter<'_>, e: Elements, d: Value, n: Value, m: Value) -> Value {
    let product = vqdmull(l, e, n, m);
    integer::vqsub(l, e.wide(), d, product)
}

/// `VADDHN`: `e` is the result's elements.
pub(super) fn vaddhn(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    let sum = l.vadd(n, m, e.wide().lanes);
    high_half(l, e, sum)
}

/// `VRADDHN`.
pub(super) fn vraddhn(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    let sum = l.vadd(n, m, e.wide().lanes);
    let sum = rounded(l, e, sum);
    high_half(l, e, sum)
}

/// `VSUBHN`.
pub(super) fn vsubhn(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    let difference = l.vsub(n, m, e.wide().lanes);
    high_half(l, e, difference)
}

/// `VRSUBHN`.
pub(super) fn vrsubhn(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    let difference = l.vsub(n, m, e.wide().lanes);
    let difference = rounded(l, e, difference);
    high_half(l, e, difference)
}

/// Wide lanes with half of what their low halves can hold added.
fn rounded(l: &mut Lifter<'_>, e: Elements, wide: Value) -> Value {
    let half = l.vconst(e.wide().lanes, 1 << (e.bits() - 1));
    l.vadd(wide, half, e.wide().lanes)
}

/// The high halves of wide lanes, in the low half of the vector.
fn high_half(l: &mut Lifter<'_>, e: Elements, wide: Value) -> Value {
    let lanes = e.wide().lanes;
    let high = l.vshr_i(wide, lanes, e.bits() as u8);
    l.vnarrow(high, high, lanes)
}

/// `VQDMULH`: the high half of twice the product.
pub(super) fn vqdmulh(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    doubling_high(l, e, n, m, |_, _, product| product)
}

/// `VQRDMULH`: the same, rounded.
pub(super) fn vqrdmulh(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    doubling_high(l, e, n, m, |l, _, product| half_unit(l, e, product))
}

/// `VQRDMLAH`: the destination is added to the doubled product before it is rounded.
pub(super) fn vqrdmlah(l: &mut Lifter<'_>, e: Elements, d: Value, n: Value, m: Value) -> Value {
    doubling_high(l, e, n, m, |l, high, product| {
        let d = above_products(l, e, high, d);
        let sum = l.vadd(d, product, e.wide().lanes);
        half_unit(l, e, sum)
    })
}

/// `VQRDMLSH`: the destination has the doubled product subtracted before it is rounded.
pub(super) fn vqrdmlsh(l: &mut Lifter<'_>, e: Elements, d: Value, n: Value, m: Value) -> Value {
    doubling_high(l, e, n, m, |l, high, product| {
        let d = above_products(l, e, high, d);
        let difference = l.vsub(d, product, e.wide().lanes);
        half_unit(l, e, difference)
    })
}

/// Lanes at the place that results have in products that are not doubled.
fn above_products(l: &mut Lifter<'_>, e: Elements, high: bool, d: Value) -> Value {
    let d = if high { l.vwiden_high(d, e) } else { l.vwiden(d, e) };
    l.vshl_i(d, e.wide().lanes, e.bits() as u8 - 1)
}

/// Adds half of the weight of the result's lowest bit, in products that are not doubled.
fn half_unit(l: &mut Lifter<'_>, e: Elements, product: Value) -> Value {
    let half = l.vconst(e.wide().lanes, 1 << (e.bits() - 2));
    l.vadd(product, half, e.wide().lanes)
}

/// The saturated high halves of twice what `adjust` makes of the products. Instead of doubling them, which could
/// overflow, they are shifted by one place less. `adjust` is told whether it gets the upper lanes.
fn doubling_high(
    l: &mut Lifter<'_>,
    e: Elements,
    n: Value,
    m: Value,
    adjust: impl Fn(&mut Lifter<'_>, bool, Value) -> Value,
) -> Value {
    let lanes = e.wide().lanes;
    let [low, high] = [false, true].map(|high| {
        let [n, m] = [n, m].map(|v| if high { l.vwiden_high(v, e) } else { l.vwiden(v, e) });
        let product = l.vmul(n, m, lanes);
        let product = adjust(l, high, product);
        l.vsar_i(product, lanes, e.bits() as u8 - 1)
    });
    let result = l.vnarrow_sat_ss(low, high, lanes);
    let (back_low, back_high) = (l.vwiden(result, e), l.vwiden_high(result, e));
    let (low, high) = (l.vxor(low, back_low), l.vxor(high, back_high));
    let differ = l.vor(low, high);
    l.saturated_if_any(differ);
    result
}
