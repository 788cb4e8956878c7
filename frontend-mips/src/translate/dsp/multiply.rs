//! Multiplication of packed numbers into general registers.
//!
//! Q15 and Q31 are fractions of 16 and 32 bits. Only -1 × -1 overflows; it gives the greatest fraction.

use demotic_ir::Type::{I32, I64};
use demotic_ir::{IntCc, MemSize, Value};

use super::ouflag;
use crate::decode::args;
use crate::translate::Lifter;

/// A product and whether it overflowed.
pub(super) struct Product {
    pub(super) value: Value,
    pub(super) overflow: Value,
}

impl Lifter<'_> {
    pub(in crate::translate) fn muleu_s_ph_qbl(&mut self, a: args::MuleuSPhQbl) {
        self.multiply_bytes_by_halves(a.rd, a.rs, a.rt, [3, 2]);
    }

    pub(in crate::translate) fn muleu_s_ph_qbr(&mut self, a: args::MuleuSPhQbr) {
        self.multiply_bytes_by_halves(a.rd, a.rs, a.rt, [1, 0]);
    }

    pub(in crate::translate) fn muleq_s_w_phl(&mut self, a: args::MuleqSWPhl) {
        self.multiply_to_word(a.rd, a.rs, a.rt, Self::left);
    }

    pub(in crate::translate) fn muleq_s_w_phr(&mut self, a: args::MuleqSWPhr) {
        self.multiply_to_word(a.rd, a.rs, a.rt, Self::right);
    }

    pub(in crate::translate) fn mulq_s_ph(&mut self, a: args::MulqSPh) {
        self.multiply_halves(a.rd, a.rs, a.rt, Self::q15_product_high);
    }

    pub(in crate::translate) fn mulq_rs_ph(&mut self, a: args::MulqRsPh) {
        self.multiply_halves(a.rd, a.rs, a.rt, Self::q15_product_rounded);
    }

    pub(in crate::translate) fn mul_ph(&mut self, a: args::MulPh) {
        self.multiply_halves(a.rd, a.rs, a.rt, Self::integer_product);
    }

    pub(in crate::translate) fn mul_s_ph(&mut self, a: args::MulSPh) {
        self.multiply_halves(a.rd, a.rs, a.rt, Self::saturated_integer_product);
    }

    pub(in crate::translate) fn mulq_s_w(&mut self, a: args::MulqSW) {
        self.multiply_words(a.rd, a.rs, a.rt, 0);
    }

    pub(in crate::translate) fn mulq_rs_w(&mut self, a: args::MulqRsW) {
        self.multiply_words(a.rd, a.rs, a.rt, 1 << 30);
    }

    /// GPR[rd] ← product of two bytes of GPR[rs] and the unsigned halfwords of GPR[rt], saturated.
    fn multiply_bytes_by_halves(&mut self, rd: u32, rs: u32, rt: u32, bytes: [u32; 2]) {
        let (s, t) = (self.gpr(rs), self.gpr(rt));
        let factors = [self.shr_by(t, 16), self.and_with(t, 0xffff)];
        let limit = self.b.i32(0xffff);
        let [left, right] = [0, 1].map(|n| {
            let byte = self.byte(s, bytes[n]);
            let product = self.b.mul(I32, byte, factors[n]);
            let overflow = self.b.icmp(I32, product, limit, IntCc::Ugt);
            Product { value: self.b.select(I32, overflow, limit, product), overflow }
        });
        self.set_product_halves(rd, left, right);
    }

    /// GPR[rd] ← halves, noting overflows.
    fn set_product_halves(&mut self, rd: u32, left: Product, right: Product) {
        let overflow = self.b.or(demotic_ir::Type::Bool, left.overflow, right.overflow);
        self.note_overflow_if(ouflag::MULTIPLY, overflow);
        let d = self.halves(left.value, right.value);
        self.set_gpr(rd, d);
    }

    /// GPR[rd] ← product of each pair of halfwords.
    fn multiply_halves(
        &mut self,
        rd: u32,
        rs: u32,
        rt: u32,
        product: fn(&mut Self, Value, Value) -> Product,
    ) {
        let (s, t) = (self.gpr(rs), self.gpr(rt));
        let (left_s, left_t) = (self.left(s), self.left(t));
        let left = product(self, left_s, left_t);
        let (right_s, right_t) = (self.right(s), self.right(t));
        let right = product(self, right_s, right_t);
        self.set_product_halves(rd, left, right);
    }

    /// GPR[rd] ← Q31 product of one halfword each.
    fn multiply_to_word(&mut self, rd: u32, rs: u32, rt: u32, half: fn(&mut Self, Value) -> Value) {
        let (s, t) = (self.gpr(rs), self.gpr(rt));
        let (s, t) = (half(self, s), half(self, t));
        let product = self.q15_product(s, t);
        self.note_overflow_if(ouflag::MULTIPLY, product.overflow);
        self.set_gpr(rd, product.value);
    }

    /// The Q31 product of two Q15 numbers.
    pub(super) fn q15_product(&mut self, s: Value, t: Value) -> Product {
        let product = self.b.mul(I32, s, t);
        let overflow = self.is(product, 1 << 30);
        let (greatest, doubled) = (self.b.i32(0x7fff_ffff), self.shl_by(product, 1));
        Product { value: self.b.select(I32, overflow, greatest, doubled), overflow }
    }

    fn q15_product_high(&mut self, s: Value, t: Value) -> Product {
        let product = self.q15_product(s, t);
        Product { value: self.shr_by(product.value, 16), ..product }
    }

    /// The Q15 product, rounded. The greatest one is not rounded up.
    fn q15_product_rounded(&mut self, s: Value, t: Value) -> Product {
        let product = self.b.mul(I32, s, t);
        let overflow = self.is(product, 1 << 30);
        let half = self.b.i32(1 << 14);
        let rounded = self.b.add(I32, product, half);
        let rounded = self.shr_by(rounded, 15);
        let greatest = self.b.i32(0x7fff);
        Product { value: self.b.select(I32, overflow, greatest, rounded), overflow }
    }

    fn integer_product(&mut self, s: Value, t: Value) -> Product {
        let value = self.b.mul(I32, s, t);
        let low = self.b.sext_low(I32, value, MemSize::B2);
        Product { value, overflow: self.b.icmp(I32, low, value, IntCc::Ne) }
    }

    fn saturated_integer_product(&mut self, s: Value, t: Value) -> Product {
        let product = self.integer_product(s, t);
        let sign = self.sar_by(product.value, 31);
        let limit = self.xor_with(sign, 0x7fff);
        Product { value: self.b.select(I32, product.overflow, limit, product.value), ..product }
    }

    /// GPR[rd] ← Q31 product of words, `rounding` being added to the integer product.
    fn multiply_words(&mut self, rd: u32, rs: u32, rt: u32, rounding: u64) {
        let (s, t) = (self.gpr(rs), self.gpr(rt));
        let (s, t) = (self.b.sext64(I64, s), self.b.sext64(I64, t));
        let product = self.b.mul(I64, s, t);
        let overflow = self.is_minimum_square(product);
        self.note_overflow_if(ouflag::MULTIPLY, overflow);
        let (rounding, width) = (self.b.i64(rounding), self.b.i64(31));
        let rounded = self.b.add(I64, product, rounding);
        let shifted = self.b.sar(I64, rounded, width);
        let (value, greatest) = (self.b.trunc32(I32, shifted), self.b.i32(0x7fff_ffff));
        let d = self.b.select(I32, overflow, greatest, value);
        self.set_gpr(rd, d);
    }

    /// Whether a product of words is that of -1 × -1 in Q31.
    pub(super) fn is_minimum_square(&mut self, product: Value) -> Value {
        let square = self.b.i64(1 << 62);
        self.b.icmp(I64, product, square, IntCc::Eq)
    }
}
