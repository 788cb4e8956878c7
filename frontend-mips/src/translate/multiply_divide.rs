//! Multiplication and division, and the HI and LO registers.

use demotic_ir::Type::{I32, I64};
use demotic_ir::{BlockBuilder, IntCc, MemSize, Value};

use super::{BinaryOp, Lifter};
use crate::decode::args;
use crate::state::HILO;

/// How a factor is widened to 64 bits.
type Widen = fn(&mut BlockBuilder, demotic_ir::Type, Value) -> Value;

const SIGNED: Widen = BlockBuilder::sext64;
const UNSIGNED: Widen = BlockBuilder::zext64;

impl Lifter<'_> {
    pub(super) fn mult(&mut self, a: args::Mult) {
        let product = self.product(a.rs, a.rt, SIGNED);
        self.b.put(I64, product, HILO);
    }

    pub(super) fn multu(&mut self, a: args::Multu) {
        let product = self.product(a.rs, a.rt, UNSIGNED);
        self.b.put(I64, product, HILO);
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
        let hi = self.hi();
        let hi = self.b.trunc32(I32, hi);
        self.set_gpr(a.rd, hi);
    }

    pub(super) fn mflo(&mut self, a: args::Mflo) {
        let both = self.b.get(I64, HILO);
        let lo = self.b.trunc32(I32, both);
        self.set_gpr(a.rd, lo);
    }

    pub(super) fn mthi(&mut self, a: args::Mthi) {
        let s = self.gpr(a.rs);
        let both = self.b.get(I64, HILO);
        let lo = self.b.zext_low(I64, both, MemSize::B4);
        let hi = self.b.zext64(I64, s);
        self.set_hi_lo(hi, lo);
    }

    pub(super) fn mtlo(&mut self, a: args::Mtlo) {
        let s = self.gpr(a.rs);
        let (hi, lo) = (self.hi(), self.b.zext64(I64, s));
        self.set_hi_lo(hi, lo);
    }

    pub(super) fn mul_r6(&mut self, a: args::MulR6) {
        self.binary(a.rd, a.rs, a.rt, BlockBuilder::mul);
    }

    pub(super) fn mulu(&mut self, a: args::Mulu) {
        self.binary(a.rd, a.rs, a.rt, BlockBuilder::mul);
    }

    pub(super) fn muh(&mut self, a: args::Muh) {
        self.binary(a.rd, a.rs, a.rt, BlockBuilder::smul_high);
    }

    pub(super) fn muhu(&mut self, a: args::Muhu) {
        self.binary(a.rd, a.rs, a.rt, BlockBuilder::umul_high);
    }

    pub(super) fn div_r6(&mut self, a: args::DivR6) {
        let (quotient, _) = self.quotient(a.rs, a.rt, BlockBuilder::sdiv);
        self.set_gpr(a.rd, quotient);
    }

    pub(super) fn divu_r6(&mut self, a: args::DivuR6) {
        let (quotient, _) = self.quotient(a.rs, a.rt, BlockBuilder::udiv);
        self.set_gpr(a.rd, quotient);
    }

    pub(super) fn mod_(&mut self, a: args::Mod) {
        let (_, remainder) = self.quotient(a.rs, a.rt, BlockBuilder::sdiv);
        self.set_gpr(a.rd, remainder);
    }

    pub(super) fn modu(&mut self, a: args::Modu) {
        let (_, remainder) = self.quotient(a.rs, a.rt, BlockBuilder::udiv);
        self.set_gpr(a.rd, remainder);
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
        let accumulator = self.b.get(I64, HILO);
        let result = op(&mut self.b, I64, accumulator, product);
        self.b.put(I64, result, HILO);
    }

    /// HI in 64 bits.
    fn hi(&mut self) -> Value {
        let both = self.b.get(I64, HILO);
        let width = self.b.i64(32);
        self.b.shr(I64, both, width)
    }

    /// HI ← hi, LO ← lo, both zero-extended to 64 bits.
    fn set_hi_lo(&mut self, hi: Value, lo: Value) {
        let width = self.b.i64(32);
        let high = self.b.shl(I64, hi, width);
        let both = self.b.or(I64, high, lo);
        self.b.put(I64, both, HILO);
    }

    /// LO ← quotient, HI ← remainder.
    fn divide(&mut self, rs: u32, rt: u32, op: BinaryOp) {
        let (quotient, remainder) = self.quotient(rs, rt, op);
        let (hi, lo) = (self.b.zext64(I64, remainder), self.b.zext64(I64, quotient));
        self.set_hi_lo(hi, lo);
    }

    /// Quotient and remainder of GPR[rs] and GPR[rt]. The result of a division by 0 is unpredictable: we give what a
    /// division by 1 would, as QEMU does.
    fn quotient(&mut self, rs: u32, rt: u32, op: BinaryOp) -> (Value, Value) {
        let (s, t) = (self.gpr(rs), self.gpr(rt));
        let (zero, one) = (self.b.i32(0), self.b.i32(1));
        let by_zero = self.b.icmp(I32, t, zero, IntCc::Eq);
        let divisor = self.b.select(I32, by_zero, one, t);
        let quotient = op(&mut self.b, I32, s, divisor);
        let back = self.b.mul(I32, quotient, divisor);
        (quotient, self.b.sub(I32, s, back))
    }
}
