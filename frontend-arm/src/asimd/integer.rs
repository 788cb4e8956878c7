//! Integer arithmetic on registers of the same length (ARM DDI 0406C, A7.4.1 and A7.4.5). Functions get the operands'
//! values and give the result's; accumulating ones get the destination's old value first.

use demotic_ir::{IntCc, Value};

use super::elements::Elements;
use crate::lifter::Lifter;

/// `VADD.I<size>`.
pub(super) fn vadd(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    l.vadd(n, m, e.lanes)
}

/// `VSUB.I<size>`.
pub(super) fn vsub(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    l.vsub(n, m, e.lanes)
}

/// `VHADD`: half of the sum, which is the bits of both and half of the bits of one.
pub(super) fn vhadd(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    let half = half_difference(l, e, n, m);
    let both = l.vand(n, m);
    l.vadd(both, half, e.lanes)
}

/// `VRHADD`: half of the sum, rounded up.
pub(super) fn vrhadd(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    if e.unsigned {
        return l.vavg_u(n, m, e.lanes);
    }
    let half = half_difference(l, e, n, m);
    let any = l.vor(n, m);
    l.vsub(any, half, e.lanes)
}

/// `VHSUB`: half of the difference.
pub(super) fn vhsub(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    let half = half_difference(l, e, n, m);
    let borrowed = l.vbic(m, n);
    l.vsub(half, borrowed, e.lanes)
}

/// Half of the bits in which two vectors differ.
fn half_difference(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    let differ = l.vxor(n, m);
    l.vshift_right(differ, e, 1)
}

/// `VQADD`.
pub(super) fn vqadd(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    let result = if e.unsigned { l.vadd_sat_u(n, m, e.lanes) } else { l.vadd_sat_s(n, m, e.lanes) };
    let exact = l.vadd(n, m, e.lanes);
    l.saturated_if_differ(result, exact);
    result
}

/// `VQSUB`.
pub(super) fn vqsub(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    let result = if e.unsigned { l.vsub_sat_u(n, m, e.lanes) } else { l.vsub_sat_s(n, m, e.lanes) };
    let exact = l.vsub(n, m, e.lanes);
    l.saturated_if_differ(result, exact);
    result
}

/// `VCGT`.
pub(super) fn vcgt(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    l.vcmp(n, m, e.lanes, if e.unsigned { IntCc::Ugt } else { IntCc::Sgt })
}

/// `VCGE`.
pub(super) fn vcge(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    l.vcmp(n, m, e.lanes, if e.unsigned { IntCc::Uge } else { IntCc::Sge })
}

/// `VCEQ`.
pub(super) fn vceq(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    l.vcmp(n, m, e.lanes, IntCc::Eq)
}

/// `VTST`.
pub(super) fn vtst(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    let both = l.vand(n, m);
    let zero = l.vzero();
    l.vcmp(both, zero, e.lanes, IntCc::Ne)
}

/// `VC<cc> Vd, Vm, #0`.
pub(super) fn compare_with_zero(l: &mut Lifter<'_>, e: Elements, cc: IntCc, m: Value) -> Value {
    let zero = l.vzero();
    l.vcmp(m, zero, e.lanes, cc)
}

/// `VMAX`.
pub(super) fn vmax(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    l.vmax(n, m, e)
}

/// `VMIN`.
pub(super) fn vmin(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    l.vmin(n, m, e)
}

/// `VABD`: the absolute difference.
pub(super) fn vabd(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    let (larger, smaller) = (l.vmax(n, m, e), l.vmin(n, m, e));
    l.vsub(larger, smaller, e.lanes)
}

/// `VABA`: the absolute difference, accumulated.
pub(super) fn vaba(l: &mut Lifter<'_>, e: Elements, d: Value, n: Value, m: Value) -> Value {
    let difference = vabd(l, e, n, m);
    l.vadd(d, difference, e.lanes)
}

/// `VMUL.I<size>`.
pub(super) fn vmul(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    l.vmul(n, m, e.lanes)
}

/// `VMLA.I<size>`.
pub(super) fn vmla(l: &mut Lifter<'_>, e: Elements, d: Value, n: Value, m: Value) -> Value {
    let product = l.vmul(n, m, e.lanes);
    l.vadd(d, product, e.lanes)
}

/// `VMLS.I<size>`.
pub(super) fn vmls(l: &mut Lifter<'_>, e: Elements, d: Value, n: Value, m: Value) -> Value {
    let product = l.vmul(n, m, e.lanes);
    l.vsub(d, product, e.lanes)
}

/// The lanes of even and of odd numbers in the doubleword registers `n` and `m`, in this order: what pairwise
/// instructions work on.
pub(super) fn pairs(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> (Value, Value) {
    let bytes = e.bits() / 8;
    // Byte `i` of the result comes from the lane of twice the number, from the second register in the upper half.
    let mask = |odd: u32| {
        (0..8u32).fold(0u128, |mask, i| {
            let from = (2 * (i / bytes) + odd) * bytes + i % bytes;
            let from = if from < 8 { from } else { from + 8 };
            mask | u128::from(from) << (8 * i)
        })
    };
    let (even, odd) = (mask(0), mask(1));
    (l.vshuffle(n, m, even), l.vshuffle(n, m, odd))
}

/// `VPADD.I<size>`.
pub(super) fn vpadd(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    let (even, odd) = pairs(l, e, n, m);
    l.vadd(even, odd, e.lanes)
}

/// `VPMAX`.
pub(super) fn vpmax(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    let (even, odd) = pairs(l, e, n, m);
    l.vmax(even, odd, e)
}

/// `VPMIN`.
pub(super) fn vpmin(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    let (even, odd) = pairs(l, e, n, m);
    l.vmin(even, odd, e)
}

/// `VPADDL`: the sums of neighbours, at twice the width.
pub(super) fn vpaddl(l: &mut Lifter<'_>, e: Elements, m: Value) -> Value {
    let (wide, bits) = (e.wide(), e.bits());
    let low = l.vshift_left(m, wide.lanes, bits);
    let low = l.vshift_right(low, wide, bits);
    let high = l.vshift_right(m, wide, bits);
    l.vadd(low, high, wide.lanes)
}

/// `VPADAL`: the same, accumulated.
pub(super) fn vpadal(l: &mut Lifter<'_>, e: Elements, d: Value, m: Value) -> Value {
    let sums = vpaddl(l, e, m);
    l.vadd(d, sums, e.wide().lanes)
}

/// `VABS.S<size>`.
pub(super) fn vabs(l: &mut Lifter<'_>, e: Elements, m: Value) -> Value {
    l.vabs(m, e.lanes)
}

/// `VNEG.S<size>`.
pub(super) fn vneg(l: &mut Lifter<'_>, e: Elements, m: Value) -> Value {
    l.vneg(m, e.lanes)
}

/// `VQABS`.
pub(super) fn vqabs(l: &mut Lifter<'_>, e: Elements, m: Value) -> Value {
    let result = l.vabs(m, e.lanes);
    without_minimum(l, e, m, result)
}

/// `VQNEG`.
pub(super) fn vqneg(l: &mut Lifter<'_>, e: Elements, m: Value) -> Value {
    let result = l.vneg(m, e.lanes);
    without_minimum(l, e, m, result)
}

/// `result`, less 1 in the lanes where `m` is the minimum, whose negative there is none of.
fn without_minimum(l: &mut Lifter<'_>, e: Elements, m: Value, result: Value) -> Value {
    let minimum = l.vconst(e.lanes, 1 << (e.bits() - 1));
    let saturates = l.vcmp(m, minimum, e.lanes, IntCc::Eq);
    l.saturated_if_any(saturates);
    l.vadd(result, saturates, e.lanes)
}

/// `VCLS`: how many bits below the sign are like it.
pub(super) fn vcls(l: &mut Lifter<'_>, e: Elements, m: Value) -> Value {
    let shifted = l.vsar_i(m, e.lanes, 1);
    let changes = l.vxor(m, shifted);
    let zeros = l.vclz(changes, e.lanes);
    let one = l.vconst(e.lanes, 1);
    l.vsub(zeros, one, e.lanes)
}

/// `VCLZ`.
pub(super) fn vclz(l: &mut Lifter<'_>, e: Elements, m: Value) -> Value {
    l.vclz(m, e.lanes)
}

/// `VCNT`.
pub(super) fn vcnt(l: &mut Lifter<'_>, e: Elements, m: Value) -> Value {
    l.vpopcnt(m, e.lanes)
}
