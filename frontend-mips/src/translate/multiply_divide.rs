//! Multiplication and division, and the HI and LO registers.

use demotic_ir::Type::{I32, I64};
use demotic_ir::{BlockBuilder, IntCc, Value};

use super::{BinaryOp, Lifter};
use crate::decode::args;
use crate::state::{HI, LO};

/// How a factor is widened to 64 bits.
type Widen = fn(&mut BlockBuilder, demotic_ir::Type, Value) -> Value;

const SIGNED: Widen = BlockBuilder::sext64;
const UNSIGNED: Widen = BlockBuilder::zext64;

impl Lifter<'_> {
    pub(super) fn mult(&mut self, a: args::Mult) {
        let product = self.product(a.rs, a.rt, SIGNED);
        self.set_hi_lo(product);
    }

    pub(super) fn multu(&mut self, a: args::Multu) {
        let product = self.product(a.rs, a.rt, UNSIGNED);
        self.set_hi_lo(product);
    }

    pub(super) fn madd(&mut self, a: args::Madd) {
        self.accumulate(a.rs, a.rt, SIGNED, BlockBuilder::add);
    }

    pub(super) fn maddu(&mut self, a: args::Maddu) {
        self.accumulate(a.rs, a.rt, UNSIGNED, BlockBuilder::add);
    }

    pub(super) fn msub(&mut self, a: args::Msub) {
        self.accumulate(a.rs, a.rt, SIGNED, BlockBuilder::sub);
    }

    pub(super) fn msubu(&mut self, a: args::Msubu) {
        self.accumulate(a.rs, a.rt, UNSIGNED, BlockBuilder::sub);
    }

    /// HI and LO become unpredictable; we leave them alone.
    pub(super) fn mul(&mut self, a: args::Mul) {
        self.binary(a.rd, a.rs, a.rt, BlockBuilder::mul);
    }

    pub(super) fn div(&mut self, a: args::Div) {
        self.divide(a.rs, a.rt, BlockBuilder::sdiv);
    }

    pub(super) fn divu(&mut self, a: args::Divu) {
        self.divide(a.rs, a.rt, BlockBuilder::udiv);
    }

    pub(super) fn mfhi(&mut self, a: args::Mfhi) {
        let hi = self.b.get32(HI);
        self.set_gpr(a.rd, hi);
    }

    pub(super) fn mflo(&mut self, a: args::Mflo) {
        let lo = self.b.get32(LO);
        self.set_gpr(a.rd, lo);
    }

    pub(super) fn mthi(&mut self, a: args::Mthi) {
        let s = self.gpr(a.rs);
        self.b.put32(HI, s);
    }

    pub(super) fn mtlo(&mut self, a: args::Mtlo) {
        let s = self.gpr(a.rs);
        self.b.put32(LO, s);
    }

    /// GPR[rs] × GPR[rt] in 64 bits.
    fn product(&mut self, rs: u32, rt: u32, widen: Widen) -> Value {
        let (s, t) = (self.gpr(rs), self.gpr(rt));
        let (s, t) = (widen(&mut self.b, I64, s), widen(&mut self.b, I64, t));
        self.b.mul(I64, s, t)
    }

    /// (HI,LO) ← (HI,LO) op GPR[rs] × GPR[rt].
    fn accumulate(&mut self, rs: u32, rt: u32, widen: Widen, op: BinaryOp) {
        let product = self.product(rs, rt, widen);
        let (hi, lo) = (self.b.get32(HI), self.b.get32(LO));
        let (hi, lo) = (self.b.zext64(I64, hi), self.b.zext64(I64, lo));
        let width = self.b.i64(32);
        let high = self.b.shl(I64, hi, width);
        let accumulator = self.b.or(I64, high, lo);
        let result = op(&mut self.b, I64, accumulator, product);
        self.set_hi_lo(result);
    }

    /// (HI,LO) ← v.
    fn set_hi_lo(&mut self, v: Value) {
        let lo = self.b.trunc32(I32, v);
        let width = self.b.i64(32);
        let high = self.b.shr(I64, v, width);
        let hi = self.b.trunc32(I32, high);
        self.b.put32(LO, lo);
        self.b.put32(HI, hi);
    }

    /// LO ← quotient, HI ← remainder. The result of a division by 0 is unpredictable: we give what a division by 1
    /// would, as QEMU does.
    fn divide(&mut self, rs: u32, rt: u32, op: BinaryOp) {
        let (s, t) = (self.gpr(rs), self.gpr(rt));
        let (zero, one) = (self.b.i32(0), self.b.i32(1));
        let by_zero = self.b.icmp(I32, t, zero, IntCc::Eq);
        let divisor = self.b.select(I32, by_zero, one, t);
        let quotient = op(&mut self.b, I32, s, divisor);
        let back = self.b.mul(I32, quotient, divisor);
        let remainder = self.b.sub(I32, s, back);
        self.b.put32(LO, quotient);
        self.b.put32(HI, remainder);
    }
}
