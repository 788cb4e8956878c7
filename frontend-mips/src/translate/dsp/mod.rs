//! The DSP module (MIPS32 volume IV-e), by the manual's classes: packed bytes and halfwords in general registers,
//! fixed-point arithmetic with saturation, four accumulators, and DSPControl.
//!
//! Packed arithmetic is done on all lanes of a register at once (`packed.rs`). What an instruction notes in DSPControl
//! goes to a state slot of its own, see [`state`](crate::state); RDDSP and WRDSP put them together.

mod accumulate;
mod accumulator;
mod arithmetic;
mod compare_pick;
mod control;
mod load;
mod manipulate;
mod multiply;
mod packed;
mod precision;
mod shift;

use demotic_ir::Type::{I32, I64};
use demotic_ir::{HelperId, IntCc, Slot, Value};

use super::Lifter;
use crate::state::{AC, CCOND, HILO, OUFLAG};

/// Bits of the `ouflag` field, DSPControl bits 23 to 16. The lower four belong to the accumulators.
mod ouflag {
    /// Addition, subtraction, absolute value.
    pub(super) const ADD: u32 = 4;
    /// Multiplication.
    pub(super) const MULTIPLY: u32 = 5;
    /// Left shift, and reduction of precision.
    pub(super) const SHIFT: u32 = 6;
    /// Extraction from an accumulator.
    pub(super) const EXTRACT: u32 = 7;
}

/// The slot of accumulator `n`.
fn accumulator_slot(n: u32) -> Slot {
    if n == 0 { HILO } else { AC.nth(n - 1) }
}

// ---- DSPControl ----
impl Lifter<'_> {
    /// Sets bit `bit` of `ouflag` if `v` is not 0.
    fn note_overflow(&mut self, bit: u32, v: Value) {
        let overflow = self.b.nonzero(v);
        self.note_overflow_if(bit, overflow);
    }

    /// Sets bit `bit` of `ouflag` if `overflow`.
    fn note_overflow_if(&mut self, bit: u32, overflow: Value) {
        let flag = self.b.from_bool(I32, overflow);
        let flag = self.shl_by(flag, bit);
        let flags = self.b.get32(OUFLAG);
        let flags = self.b.or(I32, flags, flag);
        self.b.put32(OUFLAG, flags);
    }

    /// The low `n` bits of `ccond` ← those of `v`, which has no others.
    fn set_ccond(&mut self, n: u32, v: Value) {
        let kept = self.b.get32(CCOND);
        let kept = self.and_with(kept, 0xf & !((1 << n) - 1));
        let ccond = self.b.or(I32, kept, v);
        self.b.put32(CCOND, ccond);
    }
}

// ---- accumulators ----
impl Lifter<'_> {
    /// The 64 bits of accumulator `n`.
    fn ac(&mut self, n: u32) -> Value {
        self.b.get(I64, accumulator_slot(n))
    }

    /// Accumulator `n` ← v.
    fn set_ac(&mut self, n: u32, v: Value) {
        self.b.put(I64, v, accumulator_slot(n));
    }
}

// ---- expressions on 32-bit values ----
impl Lifter<'_> {
    fn and_with(&mut self, v: Value, mask: u32) -> Value {
        let mask = self.b.i32(mask);
        self.b.and(I32, v, mask)
    }

    fn xor_with(&mut self, v: Value, mask: u32) -> Value {
        let mask = self.b.i32(mask);
        self.b.xor(I32, v, mask)
    }

    fn mul_by(&mut self, v: Value, factor: u32) -> Value {
        let factor = self.b.i32(factor);
        self.b.mul(I32, v, factor)
    }

    fn shl_by(&mut self, v: Value, amount: u32) -> Value {
        let amount = self.b.i32(amount);
        self.b.shl(I32, v, amount)
    }

    fn shr_by(&mut self, v: Value, amount: u32) -> Value {
        let amount = self.b.i32(amount);
        self.b.shr(I32, v, amount)
    }

    fn sar_by(&mut self, v: Value, amount: u32) -> Value {
        let amount = self.b.i32(amount);
        self.b.sar(I32, v, amount)
    }

    /// Whether `v` is `constant`.
    fn is(&mut self, v: Value, constant: u32) -> Value {
        let constant = self.b.i32(constant);
        self.b.icmp(I32, v, constant, IntCc::Eq)
    }

    /// Calls a helper.
    fn call(&mut self, helper: HelperId, [a, b, c]: [Value; 3]) -> Value {
        self.b.helper(I64, a, b, c, helper)
    }
}

// ---- parts of registers ----
impl Lifter<'_> {
    /// The upper halfword with its sign.
    fn left(&mut self, v: Value) -> Value {
        self.sar_by(v, 16)
    }

    /// The lower halfword with its sign.
    fn right(&mut self, v: Value) -> Value {
        self.b.sext_low(I32, v, demotic_ir::MemSize::B2)
    }

    /// `left` above the lower half of `right`.
    fn halves(&mut self, left: Value, right: Value) -> Value {
        let left = self.shl_by(left, 16);
        let right = self.and_with(right, 0xffff);
        self.b.or(I32, left, right)
    }

    /// Byte `n`, counted from the right.
    fn byte(&mut self, v: Value, n: u32) -> Value {
        let shifted = self.shr_by(v, 8 * n);
        self.and_with(shifted, 0xff)
    }
}
