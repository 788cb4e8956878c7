//! Arithmetic: addition and subtraction of packed numbers, wrapping, saturating and halving, and absolute values.

use demotic_ir::Type::{I32, I64};
use demotic_ir::{IntCc, Value};

use super::ouflag;
use super::packed::{PH, Packing, QB, W};
use crate::decode::args;
use crate::state::DSP_CARRY;
use crate::translate::Lifter;

/// What becomes of a lane that overflows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Overflow {
    Wraps,
    Saturates,
}
use Overflow::{Saturates, Wraps};

/// Instructions GPR[rd] ← operation(GPR[rs], GPR[rt]), lane by lane.
macro_rules! lanewise {
    ($($method:ident($args:ident): $operation:ident($($parameter:expr),*);)*) => {
        impl Lifter<'_> {
            $(pub(in crate::translate) fn $method(&mut self, a: args::$args) {
                let (s, t) = (self.gpr(a.rs), self.gpr(a.rt));
                let d = self.$operation($($parameter,)* s, t);
                self.set_gpr(a.rd, d);
            })*
        }
    };
}

lanewise! {
    addu_qb(AdduQb): add_unsigned(QB, Wraps);
    addu_s_qb(AdduSQb): add_unsigned(QB, Saturates);
    addu_ph(AdduPh): add_unsigned(PH, Wraps);
    addu_s_ph(AdduSPh): add_unsigned(PH, Saturates);
    subu_qb(SubuQb): subtract_unsigned(QB, Wraps);
    subu_s_qb(SubuSQb): subtract_unsigned(QB, Saturates);
    subu_ph(SubuPh): subtract_unsigned(PH, Wraps);
    subu_s_ph(SubuSPh): subtract_unsigned(PH, Saturates);
    addq_ph(AddqPh): add_signed(PH, Wraps);
    addq_s_ph(AddqSPh): add_signed(PH, Saturates);
    addq_s_w(AddqSW): add_signed(W, Saturates);
    subq_ph(SubqPh): subtract_signed(PH, Wraps);
    subq_s_ph(SubqSPh): subtract_signed(PH, Saturates);
    subq_s_w(SubqSW): subtract_signed(W, Saturates);

    adduh_qb(AdduhQb): average(QB);
    adduh_r_qb(AdduhRQb): rounded_average(QB);
    subuh_qb(SubuhQb): half_difference(QB);
    subuh_r_qb(SubuhRQb): rounded_half_difference(QB);
    addqh_ph(AddqhPh): signed_average(PH);
    addqh_r_ph(AddqhRPh): rounded_signed_average(PH);
    addqh_w(AddqhW): signed_average(W);
    addqh_r_w(AddqhRW): rounded_signed_average(W);
    subqh_ph(SubqhPh): signed_half_difference(PH);
    subqh_r_ph(SubqhRPh): rounded_signed_half_difference(PH);
    subqh_w(SubqhW): signed_half_difference(W);
    subqh_r_w(SubqhRW): rounded_signed_half_difference(W);
}

impl Lifter<'_> {
    pub(in crate::translate) fn absq_s_qb(&mut self, a: args::AbsqSQb) {
        self.absolute(QB, a.rd, a.rt);
    }

    pub(in crate::translate) fn absq_s_ph(&mut self, a: args::AbsqSPh) {
        self.absolute(PH, a.rd, a.rt);
    }

    pub(in crate::translate) fn absq_s_w(&mut self, a: args::AbsqSW) {
        self.absolute(W, a.rd, a.rt);
    }

    pub(in crate::translate) fn addsc(&mut self, a: args::Addsc) {
        let (s, t) = (self.gpr(a.rs), self.gpr(a.rt));
        let sum = self.b.add(I32, s, t);
        let carry = self.b.icmp(I32, sum, s, IntCc::Ult);
        let carry = self.b.from_bool(I32, carry);
        self.b.put32(DSP_CARRY, carry);
        self.set_gpr(a.rd, sum);
    }

    pub(in crate::translate) fn addwc(&mut self, a: args::Addwc) {
        let (s, t) = (self.gpr(a.rs), self.gpr(a.rt));
        let carry = self.b.get32(DSP_CARRY);
        let [s, t, carry] = [s, t, carry].map(|v| self.b.sext64(I64, v));
        let sum = self.b.add(I64, s, t);
        let sum = self.b.add(I64, sum, carry);
        let low = self.b.trunc32(I32, sum);
        let back = self.b.sext64(I64, low);
        let overflow = self.b.icmp(I64, back, sum, IntCc::Ne);
        self.note_overflow_if(ouflag::ADD, overflow);
        self.set_gpr(a.rd, low);
    }

    pub(in crate::translate) fn modsub(&mut self, a: args::Modsub) {
        let (s, t) = (self.gpr(a.rs), self.gpr(a.rt));
        let decrement = self.and_with(t, 0xff);
        let last = self.shr_by(t, 8);
        let last = self.and_with(last, 0xffff);
        let at_zero = self.is(s, 0);
        let decremented = self.b.sub(I32, s, decrement);
        let d = self.b.select(I32, at_zero, last, decremented);
        self.set_gpr(a.rd, d);
    }

    pub(in crate::translate) fn raddu_w_qb(&mut self, a: args::RadduWQb) {
        let s = self.gpr(a.rs);
        let even = self.and_with(s, 0x00ff_00ff);
        let odd = self.shr_by(s, 8);
        let odd = self.and_with(odd, 0x00ff_00ff);
        let pairs = self.b.add(I32, even, odd);
        let (left, right) = (self.shr_by(pairs, 16), self.and_with(pairs, 0xffff));
        let sum = self.b.add(I32, left, right);
        self.set_gpr(a.rd, sum);
    }

    fn add_unsigned(&mut self, p: Packing, overflow: Overflow, s: Value, t: Value) -> Value {
        let sum = self.packed_add(p, s, t);
        let carries = self.carries(p, s, t, sum);
        self.note_overflow(ouflag::ADD, carries);
        if overflow == Wraps {
            return sum;
        }
        let saturated = self.spread(p, carries);
        self.b.or(I32, sum, saturated)
    }

    fn subtract_unsigned(&mut self, p: Packing, overflow: Overflow, s: Value, t: Value) -> Value {
        let difference = self.packed_sub(p, s, t);
        let borrows = self.borrows(p, s, t, difference);
        self.note_overflow(ouflag::ADD, borrows);
        if overflow == Wraps {
            return difference;
        }
        let saturated = self.spread(p, borrows);
        let kept = self.b.not(I32, saturated);
        self.b.and(I32, difference, kept)
    }

    fn add_signed(&mut self, p: Packing, overflow: Overflow, s: Value, t: Value) -> Value {
        let sum = self.packed_add(p, s, t);
        let overflows = self.add_overflows(p, s, t, sum);
        self.saturate_signed(p, overflow, s, sum, overflows)
    }

    fn subtract_signed(&mut self, p: Packing, overflow: Overflow, s: Value, t: Value) -> Value {
        let difference = self.packed_sub(p, s, t);
        let overflows = self.sub_overflows(p, s, t, difference);
        self.saturate_signed(p, overflow, s, difference, overflows)
    }

    /// `result`, or where it overflows, the limit on the side of `s`.
    fn saturate_signed(
        &mut self,
        p: Packing,
        overflow: Overflow,
        s: Value,
        result: Value,
        overflows: Value,
    ) -> Value {
        self.note_overflow(ouflag::ADD, overflows);
        if overflow == Wraps {
            return result;
        }
        let (saturated, limits) = (self.spread(p, overflows), self.limits(p, s));
        self.choose(saturated, limits, result)
    }

    /// (s - t) >> 1. It is (s + !t + 1) >> 1, less half the range: the sign bit the other way.
    fn half_difference(&mut self, p: Packing, s: Value, t: Value) -> Value {
        let complement = self.b.not(I32, t);
        let half = self.rounded_average(p, s, complement);
        self.xor_with(half, p.signs())
    }

    /// (s - t + 1) >> 1.
    fn rounded_half_difference(&mut self, p: Packing, s: Value, t: Value) -> Value {
        let complement = self.b.not(I32, t);
        let half = self.average(p, s, complement);
        let one = self.b.i32(p.ones());
        let half = self.packed_add(p, half, one);
        self.xor_with(half, p.signs())
    }

    /// The numbers counted from the least one, so that unsigned operations order them rightly.
    fn biased(&mut self, p: Packing, s: Value, t: Value) -> (Value, Value) {
        (self.xor_with(s, p.signs()), self.xor_with(t, p.signs()))
    }

    fn signed_average(&mut self, p: Packing, s: Value, t: Value) -> Value {
        let (s, t) = self.biased(p, s, t);
        let half = self.average(p, s, t);
        self.xor_with(half, p.signs())
    }

    fn rounded_signed_average(&mut self, p: Packing, s: Value, t: Value) -> Value {
        let (s, t) = self.biased(p, s, t);
        let half = self.rounded_average(p, s, t);
        self.xor_with(half, p.signs())
    }

    fn signed_half_difference(&mut self, p: Packing, s: Value, t: Value) -> Value {
        let (s, t) = self.biased(p, s, t);
        self.half_difference(p, s, t)
    }

    fn rounded_signed_half_difference(&mut self, p: Packing, s: Value, t: Value) -> Value {
        let (s, t) = self.biased(p, s, t);
        self.rounded_half_difference(p, s, t)
    }

    /// GPR[rd] ← |GPR[rt]|, the least number becoming the greatest.
    fn absolute(&mut self, p: Packing, rd: u32, rt: u32) {
        let t = self.gpr(rt);
        let signs = self.sign_lanes(p, t);
        let complement = self.b.xor(I32, t, signs);
        let magnitude = self.packed_sub(p, complement, signs);
        let overflows = self.and_with(magnitude, p.signs());
        self.note_overflow(ouflag::ADD, overflows);
        let one = self.shr_by(overflows, p.bits - 1);
        let d = self.b.sub(I32, magnitude, one);
        self.set_gpr(rd, d);
    }
}
