//! Shifts, by registers (A7.4.1) and by constants (A7.4.4).

use demotic_ir::{HelperId, IntCc, Value};

use super::elements::Elements;
use super::helpers::{self, id};
use crate::lifter::Lifter;

/// The elements and the amount of a shift, from the highest bit set in the immediate and what is below it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Shift {
    /// What is shifted.
    pub(super) e: Elements,
    /// The field, with the bit that gives the size.
    imm: u32,
}

impl Shift {
    /// Of the field imm6 with L below.
    pub(super) fn of(imm: u32, unsigned: u32) -> Shift {
        let imm = (imm & 1) << 6 | imm >> 1;
        Shift { e: Elements::of(imm.checked_ilog2().unwrap_or(3).saturating_sub(3), unsigned), imm }
    }

    /// Of the field imm6, L being 0. The elements are the narrow ones.
    pub(super) fn narrow(imm: u32, unsigned: u32) -> Shift {
        Shift::of(imm << 1, unsigned)
    }

    /// The amount of a shift to the right: from 1 to the width.
    pub(super) fn right(self) -> u32 {
        (2 * self.e.bits()).saturating_sub(self.imm)
    }

    /// The amount of a shift to the left: less than the width.
    pub(super) fn left(self) -> u32 {
        self.imm & (self.e.bits() - 1)
    }
}

// ---- by constants ----

/// `VSHR`.
pub(super) fn vshr(l: &mut Lifter<'_>, s: Shift, m: Value) -> Value {
    l.vshift_right(m, s.e, s.right())
}

/// `VSRA`.
pub(super) fn vsra(l: &mut Lifter<'_>, s: Shift, d: Value, m: Value) -> Value {
    let shifted = vshr(l, s, m);
    l.vadd(d, shifted, s.e.lanes)
}

/// `VRSHR`.
pub(super) fn vrshr(l: &mut Lifter<'_>, s: Shift, m: Value) -> Value {
    rounding_right(l, s.e, m, s.right())
}

/// `VRSRA`.
pub(super) fn vrsra(l: &mut Lifter<'_>, s: Shift, d: Value, m: Value) -> Value {
    let shifted = vrshr(l, s, m);
    l.vadd(d, shifted, s.e.lanes)
}

/// `m` shifted right by `amount` and rounded: the last bit shifted out is added, which cannot overflow.
fn rounding_right(l: &mut Lifter<'_>, e: Elements, m: Value, amount: u32) -> Value {
    let shifted = l.vshift_right(m, e, amount);
    let last = l.vshift_right(m, Elements { unsigned: true, ..e }, amount - 1);
    let one = l.vconst(e.lanes, 1);
    let last = l.vand(last, one);
    l.vadd(shifted, last, e.lanes)
}

/// `VSRI`: the bits above the shifted ones stay.
pub(super) fn vsri(l: &mut Lifter<'_>, s: Shift, d: Value, m: Value) -> Value {
    let shifted = l.vshift_right(m, Elements { unsigned: true, ..s.e }, s.right());
    let mask = s.e.lanes.mask().checked_shr(s.right()).unwrap_or(0);
    insert(l, s.e, mask, shifted, d)
}

/// `VSLI`: the bits below the shifted ones stay.
pub(super) fn vsli(l: &mut Lifter<'_>, s: Shift, d: Value, m: Value) -> Value {
    let shifted = vshl(l, s, m);
    insert(l, s.e, s.e.lanes.mask() << s.left(), shifted, d)
}

/// The bits of `new` in `mask`, those of `old` elsewhere.
fn insert(l: &mut Lifter<'_>, e: Elements, mask: u64, new: Value, old: Value) -> Value {
    let mask = l.vconst(e.lanes, mask);
    l.vselect(mask, new, old)
}

/// `VSHL Vd, Vm, #amount`.
pub(super) fn vshl(l: &mut Lifter<'_>, s: Shift, m: Value) -> Value {
    l.vshift_left(m, s.e.lanes, s.left())
}

/// `VQSHL Vd, Vm, #amount`. What does not come back when it is shifted back has been too large.
pub(super) fn vqshl(l: &mut Lifter<'_>, s: Shift, m: Value) -> Value {
    let shifted = vshl(l, s, m);
    let back = l.vshift_right(shifted, s.e, s.left());
    l.saturated_if_differ(back, m);
    let fits = l.vcmp(back, m, s.e.lanes, IntCc::Eq);
    let limit = if s.e.unsigned { l.vconst(s.e.lanes, u64::MAX) } else { signed_limit(l, s.e, m) };
    l.vselect(fits, shifted, limit)
}

/// The maximum for lanes that are not negative, the minimum for the others.
fn signed_limit(l: &mut Lifter<'_>, e: Elements, m: Value) -> Value {
    let sign = l.vsar_i(m, e.lanes, e.bits() as u8 - 1);
    let maximum = l.vconst(e.lanes, e.lanes.mask() >> 1);
    l.vxor(sign, maximum)
}

/// `VQSHLU`: signed to unsigned. Negative numbers become 0.
pub(super) fn vqshlu(l: &mut Lifter<'_>, s: Shift, m: Value) -> Value {
    let unsigned = Shift { e: Elements { unsigned: true, ..s.e }, ..s };
    let zero = l.vzero();
    let positive = l.vmax_s(m, zero, s.e.lanes);
    l.saturated_if_differ(positive, m);
    vqshl(l, unsigned, positive)
}

/// How a shift that narrows saturates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fit {
    /// It does not: the high half is lost.
    Truncate,
    /// To what the source is: signed or unsigned.
    Same,
    /// Signed to unsigned.
    Unsign,
}

/// `VMOVN`, `VQMOVN`, `VQMOVUN`: lanes of twice the width of `e`, at half of it. `e` says what the source's are.
pub(super) fn narrow(l: &mut Lifter<'_>, e: Elements, fit: Fit, wide: Value) -> Value {
    let lanes = e.wide().lanes;
    let result = match fit {
        Fit::Truncate => return l.vnarrow(wide, wide, lanes),
        Fit::Same if e.unsigned => l.vnarrow_sat_uu(wide, wide, lanes),
        Fit::Same => l.vnarrow_sat_ss(wide, wide, lanes),
        Fit::Unsign => l.vnarrow_sat_su(wide, wide, lanes),
    };
    let unsigned = e.unsigned || fit == Fit::Unsign;
    let back = l.vwiden(result, Elements { unsigned, ..e });
    l.saturated_if_differ(back, wide);
    result
}

/// `VSHRN`, `VQSHRN`, `VQSHRUN`.
pub(super) fn vshrn(l: &mut Lifter<'_>, s: Shift, fit: Fit, m: Value) -> Value {
    let shifted = l.vshift_right(m, s.e.wide(), s.right());
    narrow(l, s.e, fit, shifted)
}

/// `VRSHRN`, `VQRSHRN`, `VQRSHRUN`.
pub(super) fn vrshrn(l: &mut Lifter<'_>, s: Shift, fit: Fit, m: Value) -> Value {
    let shifted = rounding_right(l, s.e.wide(), m, s.right());
    narrow(l, s.e, fit, shifted)
}

/// `VSHLL`, `VMOVL`.
pub(super) fn vshll(l: &mut Lifter<'_>, s: Shift, m: Value) -> Value {
    let wide = l.vwiden(m, s.e);
    l.vshift_left(wide, s.e.wide().lanes, s.left())
}

/// `VSHLL` by the width of the elements.
pub(super) fn vshll_max(l: &mut Lifter<'_>, e: Elements, m: Value) -> Value {
    let wide = l.vwiden(m, e);
    l.vshift_left(wide, e.wide().lanes, e.bits())
}

// ---- by registers ----

/// `VSHL Vd, Vm, Vn`: by the low byte of each lane of Vn, to the right where it is negative.
pub(super) fn vshl_reg(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    by_register(l, e, id::SHIFT, n, m)
}

/// `VRSHL`.
pub(super) fn vrshl(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    by_register(l, e, id::SHIFT_ROUND, n, m)
}

/// `VQSHL Vd, Vm, Vn`.
pub(super) fn vqshl_reg(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    saturating_by_register(l, e, [id::SHIFT_SATURATE, id::SHIFT_SATURATED], n, m)
}

/// `VQRSHL`.
pub(super) fn vqrshl(l: &mut Lifter<'_>, e: Elements, n: Value, m: Value) -> Value {
    saturating_by_register(l, e, [id::SHIFT_ROUND_SATURATE, id::SHIFT_ROUND_SATURATED], n, m)
}

fn by_register(l: &mut Lifter<'_>, e: Elements, helper: HelperId, n: Value, m: Value) -> Value {
    let how = helpers::elements(l, e);
    l.vhelper(m, n, how, helper)
}

/// By two helpers: the result, and ones in the lanes that have saturated.
fn saturating_by_register(
    l: &mut Lifter<'_>,
    e: Elements,
    [result, saturated]: [HelperId; 2],
    n: Value,
    m: Value,
) -> Value {
    let saturated = by_register(l, e, saturated, n, m);
    l.saturated_if_any(saturated);
    by_register(l, e, result, n, m)
}
