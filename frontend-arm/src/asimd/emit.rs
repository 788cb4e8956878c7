//! Short names for the vector ops, and the few vector idioms that many instructions are made of.

use demotic_ir::{FloatCc, FpMode, HelperId, IntCc, Lanes, Type, Value};

use super::elements::Elements;
use crate::lifter::Lifter;

/// The type of every vector op.
const V: Type = Type::V128;

/// Ops on vectors, with their immediates last.
macro_rules! vector_ops {
    ($($(#[$doc:meta])* $name:ident($($v:ident),* $(; $i:ident: $ty:ty)*);)*) => {
        impl Lifter<'_> {
            $($(#[$doc])* pub(super) fn $name(&mut self, $($v: Value,)* $($i: $ty,)*) -> Value {
                self.b.$name(V, $($v,)* $($i,)*)
            })*
        }
    };
}

vector_ops! {
    /// The vector of two halves.
    vjoin(low, high);
    /// The low half.
    vlow(a);
    /// The high half.
    vhigh(a);
    /// A lane as 64 bits, zero-extended.
    vextract(a; lanes: Lanes; lane: u8);
    /// A vector with one lane replaced by low bits of an integer.
    vinsert(a, b; lanes: Lanes; lane: u8);
    /// The low bits of an integer in every lane.
    vsplat(a; lanes: Lanes);
    /// Wrapping addition.
    vadd(a, b; lanes: Lanes);
    /// Wrapping subtraction.
    vsub(a, b; lanes: Lanes);
    /// Wrapping multiplication.
    vmul(a, b; lanes: Lanes);
    /// Wrapping negation.
    vneg(a; lanes: Lanes);
    /// Wrapping absolute value.
    vabs(a; lanes: Lanes);
    /// Signed saturating addition.
    vadd_sat_s(a, b; lanes: Lanes);
    /// Unsigned saturating addition.
    vadd_sat_u(a, b; lanes: Lanes);
    /// Signed saturating subtraction.
    vsub_sat_s(a, b; lanes: Lanes);
    /// Unsigned saturating subtraction.
    vsub_sat_u(a, b; lanes: Lanes);
    /// Signed minimum.
    vmin_s(a, b; lanes: Lanes);
    /// Unsigned minimum.
    vmin_u(a, b; lanes: Lanes);
    /// Signed maximum.
    vmax_s(a, b; lanes: Lanes);
    /// Unsigned maximum.
    vmax_u(a, b; lanes: Lanes);
    /// Unsigned average, rounded up.
    vavg_u(a, b; lanes: Lanes);
    /// Bits set in each lane.
    vpopcnt(a; lanes: Lanes);
    /// Leading zeros of each lane.
    vclz(a; lanes: Lanes);
    /// Ones in the lanes for which the comparison holds.
    vcmp(a, b; lanes: Lanes; cc: IntCc);
    /// Bitwise and.
    vand(a, b);
    /// Bitwise or.
    vor(a, b);
    /// Bitwise exclusive or.
    vxor(a, b);
    /// Bitwise complement.
    vnot(a);
    /// Bits of `a` where `mask` has ones, else of `b`.
    vselect(mask, a, b);
    /// Left shift by a constant less than the width.
    vshl_i(a; lanes: Lanes; amount: u8);
    /// Logical right shift by a constant less than the width.
    vshr_i(a; lanes: Lanes; amount: u8);
    /// Arithmetic right shift by a constant less than the width.
    vsar_i(a; lanes: Lanes; amount: u8);
    /// The low half's lanes, sign-extended.
    vwiden_low_s(a; lanes: Lanes);
    /// The low half's lanes, zero-extended.
    vwiden_low_u(a; lanes: Lanes);
    /// The high half's lanes, sign-extended.
    vwiden_high_s(a; lanes: Lanes);
    /// The high half's lanes, zero-extended.
    vwiden_high_u(a; lanes: Lanes);
    /// The low halves of the lanes of both.
    vnarrow(a, b; lanes: Lanes);
    /// The lanes of both, saturated from signed to signed.
    vnarrow_sat_ss(a, b; lanes: Lanes);
    /// The lanes of both, saturated from signed to unsigned.
    vnarrow_sat_su(a, b; lanes: Lanes);
    /// The lanes of both, saturated from unsigned to unsigned.
    vnarrow_sat_uu(a, b; lanes: Lanes);
    /// Bytes of any order.
    vshuffle(a, b; mask: u128);
    /// For each byte of `b` the byte of `a` that it is the index of, or 0.
    vtable(a, b);
    /// A helper.
    vhelper(a, b, c; id: HelperId);
    /// Floating-point addition.
    vfadd(a, b; lanes: Lanes; mode: FpMode);
    /// Floating-point subtraction.
    vfsub(a, b; lanes: Lanes; mode: FpMode);
    /// Floating-point multiplication.
    vfmul(a, b; lanes: Lanes; mode: FpMode);
    /// `a * b + c`, rounded once.
    vfma(a, b, c; lanes: Lanes; mode: FpMode);
    /// Ones in the lanes for which the floating-point comparison holds.
    vfcmp(a, b; lanes: Lanes; cc: FloatCc; mode: FpMode);
    /// Signed integers to floating point.
    vf_from_s(a; lanes: Lanes; mode: FpMode);
    /// Unsigned integers to floating point.
    vf_from_u(a; lanes: Lanes; mode: FpMode);
    /// Floating point to signed integers, towards zero.
    vf_to_s(a; lanes: Lanes; mode: FpMode);
    /// Floating point to unsigned integers, towards zero.
    vf_to_u(a; lanes: Lanes; mode: FpMode);
}

impl Lifter<'_> {
    /// A constant vector.
    pub(super) fn v128(&mut self, bits: u128) -> Value {
        self.b.v128(bits)
    }

    /// The vector with `bits` in every lane.
    pub(super) fn vconst(&mut self, lanes: Lanes, bits: u64) -> Value {
        let lane = u128::from(bits & lanes.mask());
        let step = lanes.bits();
        self.v128((0..lanes.count()).fold(0, |all, i| all | lane << (i * step)))
    }

    /// All lanes zero.
    pub(super) fn vzero(&mut self) -> Value {
        self.v128(0)
    }

    /// `a` without the bits of `b`.
    pub(super) fn vbic(&mut self, a: Value, b: Value) -> Value {
        let b = self.vnot(b);
        self.vand(a, b)
    }

    /// The helper `id` of two operands.
    pub(super) fn vhelper2(&mut self, a: Value, b: Value, id: HelperId) -> Value {
        let c = self.vzero();
        self.vhelper(a, b, c, id)
    }

    /// The helper `id` of one operand.
    pub(super) fn vhelper1(&mut self, a: Value, id: HelperId) -> Value {
        let zero = self.vzero();
        self.vhelper(a, zero, zero, id)
    }

    /// Right shift by `amount`, which is from 0 to the width, arithmetic unless `e` is unsigned.
    pub(super) fn vshift_right(&mut self, a: Value, e: Elements, amount: u32) -> Value {
        let bits = e.bits();
        match (e.unsigned, amount) {
            (_, 0) => a,
            (true, _) if amount >= bits => self.vzero(),
            (true, _) => self.vshr_i(a, e.lanes, amount as u8),
            (false, _) => self.vsar_i(a, e.lanes, amount.min(bits - 1) as u8),
        }
    }

    /// Left shift by `amount`, which is from 0 to the width.
    pub(super) fn vshift_left(&mut self, a: Value, lanes: Lanes, amount: u32) -> Value {
        match amount {
            0 => a,
            _ if amount >= lanes.bits() => self.vzero(),
            _ => self.vshl_i(a, lanes, amount as u8),
        }
    }

    /// The low half's lanes at twice their width.
    pub(super) fn vwiden(&mut self, a: Value, e: Elements) -> Value {
        if e.unsigned { self.vwiden_low_u(a, e.lanes) } else { self.vwiden_low_s(a, e.lanes) }
    }

    /// The high half's lanes at twice their width.
    pub(super) fn vwiden_high(&mut self, a: Value, e: Elements) -> Value {
        if e.unsigned { self.vwiden_high_u(a, e.lanes) } else { self.vwiden_high_s(a, e.lanes) }
    }

    /// One lane of a vector in every lane.
    pub(super) fn vscalar(&mut self, a: Value, lanes: Lanes, index: u32) -> Value {
        let bytes = lanes.bits() / 8;
        let mask = (0..16).fold(0u128, |mask, i| mask | u128::from(index * bytes + i % bytes) << (8 * i));
        self.vshuffle(a, a, mask)
    }

    /// The larger of each two lanes.
    pub(super) fn vmax(&mut self, a: Value, b: Value, e: Elements) -> Value {
        if e.unsigned { self.vmax_u(a, b, e.lanes) } else { self.vmax_s(a, b, e.lanes) }
    }

    /// The smaller of each two lanes.
    pub(super) fn vmin(&mut self, a: Value, b: Value, e: Elements) -> Value {
        if e.unsigned { self.vmin_u(a, b, e.lanes) } else { self.vmin_s(a, b, e.lanes) }
    }
}
