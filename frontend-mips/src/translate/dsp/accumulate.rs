//! Multiplication with accumulation: dot products and the multiply-adds of numbered accumulators.

use demotic_ir::Type::{self, I32, I64};
use demotic_ir::{BlockBuilder, IntCc, MemSize, Value};

use crate::decode::args;
use crate::helpers::dsp;
use crate::translate::{BinaryOp, Lifter};

/// Adds to the accumulator.
const ADD: BinaryOp = BlockBuilder::add;
/// Subtracts from the accumulator.
const SUBTRACT: BinaryOp = BlockBuilder::sub;

/// Which halfwords of the second operand go with those of the first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pairs {
    Straight,
    Crossed,
}
use Pairs::{Crossed, Straight};

/// Instructions that accumulate into `ac` from GPR[rs] and GPR[rt].
macro_rules! accumulating {
    ($($method:ident($args:ident): $operation:ident($($parameter:expr),*);)*) => {
        impl Lifter<'_> {
            $(pub(in crate::translate) fn $method(&mut self, a: args::$args) {
                let (s, t) = (self.gpr(a.rs), self.gpr(a.rt));
                self.$operation(a.ac, s, t, $($parameter),*);
            })*
        }
    };
}

accumulating! {
    dpau_h_qbl(DpauHQbl): dot_bytes([3, 2], ADD);
    dpau_h_qbr(DpauHQbr): dot_bytes([1, 0], ADD);
    dpsu_h_qbl(DpsuHQbl): dot_bytes([3, 2], SUBTRACT);
    dpsu_h_qbr(DpsuHQbr): dot_bytes([1, 0], SUBTRACT);
    dpa_w_ph(DpaWPh): dot_halves(Straight, ADD);
    dps_w_ph(DpsWPh): dot_halves(Straight, SUBTRACT);
    dpax_w_ph(DpaxWPh): dot_halves(Crossed, ADD);
    dpsx_w_ph(DpsxWPh): dot_halves(Crossed, SUBTRACT);
    dpaq_s_w_ph(DpaqSWPh): dot_fractions(Straight, ADD);
    dpsq_s_w_ph(DpsqSWPh): dot_fractions(Straight, SUBTRACT);
    dpaqx_s_w_ph(DpaqxSWPh): dot_fractions(Crossed, ADD);
    dpsqx_s_w_ph(DpsqxSWPh): dot_fractions(Crossed, SUBTRACT);
    dpaqx_sa_w_ph(DpaqxSaWPh): dot_fractions_saturating(ADD);
    dpsqx_sa_w_ph(DpsqxSaWPh): dot_fractions_saturating(SUBTRACT);
    dpaq_sa_l_w(DpaqSaLW): accumulate_long(ADD);
    dpsq_sa_l_w(DpsqSaLW): accumulate_long(SUBTRACT);
    maq_s_w_phl(MaqSWPhl): accumulate_fraction(Lifter::left);
    maq_s_w_phr(MaqSWPhr): accumulate_fraction(Lifter::right);
    maq_sa_w_phl(MaqSaWPhl): accumulate_fraction_saturating(Lifter::left);
    maq_sa_w_phr(MaqSaWPhr): accumulate_fraction_saturating(Lifter::right);
    mulsa_w_ph(MulsaWPh): difference_of_products();
    mulsaq_s_w_ph(MulsaqSWPh): difference_of_fractions();
    madd_ac(MaddAc): multiply_add(BlockBuilder::sext64, ADD);
    maddu_ac(MadduAc): multiply_add(BlockBuilder::zext64, ADD);
    msub_ac(MsubAc): multiply_add(BlockBuilder::sext64, SUBTRACT);
    msubu_ac(MsubuAc): multiply_add(BlockBuilder::zext64, SUBTRACT);
    mult_ac(MultAc): multiply(BlockBuilder::sext64);
    multu_ac(MultuAc): multiply(BlockBuilder::zext64);
}

/// How a word is widened to 64 bits.
type Widen = fn(&mut BlockBuilder, Type, Value) -> Value;

impl Lifter<'_> {
    /// ac ← ac op v.
    fn accumulate_into(&mut self, ac: u32, v: Value, op: BinaryOp) {
        let accumulator = self.ac(ac);
        let result = op(&mut self.b, I64, accumulator, v);
        self.set_ac(ac, result);
    }

    fn multiply(&mut self, ac: u32, s: Value, t: Value, widen: Widen) {
        let (s, t) = (widen(&mut self.b, I64, s), widen(&mut self.b, I64, t));
        let product = self.b.mul(I64, s, t);
        self.set_ac(ac, product);
    }

    fn multiply_add(&mut self, ac: u32, s: Value, t: Value, widen: Widen, op: BinaryOp) {
        let (s, t) = (widen(&mut self.b, I64, s), widen(&mut self.b, I64, t));
        let product = self.b.mul(I64, s, t);
        self.accumulate_into(ac, product, op);
    }

    /// Products of two unsigned bytes each. Their sum fits 32 bits.
    fn dot_bytes(&mut self, ac: u32, s: Value, t: Value, bytes: [u32; 2], op: BinaryOp) {
        let [first, second] = bytes.map(|n| {
            let (s, t) = (self.byte(s, n), self.byte(t, n));
            self.b.mul(I32, s, t)
        });
        let sum = self.b.add(I32, first, second);
        let sum = self.b.zext64(I64, sum);
        self.accumulate_into(ac, sum, op);
    }

    /// The halfwords of `s` and those of `t` that they are multiplied by.
    fn pairs(&mut self, s: Value, t: Value, pairs: Pairs) -> [(Value, Value); 2] {
        let (left, right) = (self.left(s), self.right(s));
        let (left_t, right_t) = (self.left(t), self.right(t));
        match pairs {
            Straight => [(left, left_t), (right, right_t)],
            Crossed => [(left, right_t), (right, left_t)],
        }
    }

    /// The integer products of halfwords in 64 bits.
    fn products(&mut self, s: Value, t: Value, pairs: Pairs) -> [Value; 2] {
        self.pairs(s, t, pairs).map(|(s, t)| {
            let product = self.b.mul(I32, s, t);
            self.b.sext64(I64, product)
        })
    }

    fn dot_halves(&mut self, ac: u32, s: Value, t: Value, pairs: Pairs, op: BinaryOp) {
        let [left, right] = self.products(s, t, pairs);
        let sum = self.b.add(I64, left, right);
        self.accumulate_into(ac, sum, op);
    }

    fn difference_of_products(&mut self, ac: u32, s: Value, t: Value) {
        let [left, right] = self.products(s, t, Straight);
        let difference = self.b.sub(I64, left, right);
        self.accumulate_into(ac, difference, ADD);
    }

    /// The Q31 products of Q15 halfwords in 64 bits; overflows are noted for `ac`.
    fn fractions(&mut self, ac: u32, s: Value, t: Value, pairs: Pairs) -> [Value; 2] {
        let products = self.pairs(s, t, pairs).map(|(s, t)| self.q15_product(s, t));
        let overflow = self.b.or(Type::Bool, products[0].overflow, products[1].overflow);
        self.note_overflow_if(ac, overflow);
        products.map(|product| self.b.sext64(I64, product.value))
    }

    fn dot_fractions(&mut self, ac: u32, s: Value, t: Value, pairs: Pairs, op: BinaryOp) {
        let [left, right] = self.fractions(ac, s, t, pairs);
        let sum = self.b.add(I64, left, right);
        self.accumulate_into(ac, sum, op);
    }

    fn difference_of_fractions(&mut self, ac: u32, s: Value, t: Value) {
        let [left, right] = self.fractions(ac, s, t, Straight);
        let difference = self.b.sub(I64, left, right);
        self.accumulate_into(ac, difference, ADD);
    }

    /// The accumulator, which wraps at 64 bits, is saturated to 32.
    fn dot_fractions_saturating(&mut self, ac: u32, s: Value, t: Value, op: BinaryOp) {
        let [left, right] = self.fractions(ac, s, t, Crossed);
        let sum = self.b.add(I64, left, right);
        let accumulator = self.ac(ac);
        let wide = op(&mut self.b, I64, accumulator, sum);
        let low = self.b.sext_low(I64, wide, MemSize::B4);
        let overflow = self.b.icmp(I64, low, wide, IntCc::Ne);
        self.set_ac_saturated(ac, overflow, wide, low);
    }

    /// ac ← low; or where it overflows, the limit of 32 bits on the side of `wide`.
    fn set_ac_saturated(&mut self, ac: u32, overflow: Value, wide: Value, low: Value) {
        self.note_overflow_if(ac, overflow);
        let (top, greatest) = (self.b.i64(63), self.b.i64(0x7fff_ffff));
        let sign = self.b.sar(I64, wide, top);
        let limit = self.b.xor(I64, sign, greatest);
        let result = self.b.select(I64, overflow, limit, low);
        self.set_ac(ac, result);
    }

    /// The Q63 product of Q31 words; product and accumulator are saturated.
    fn accumulate_long(&mut self, ac: u32, s: Value, t: Value, op: BinaryOp) {
        let (s, t) = (self.b.sext64(I64, s), self.b.sext64(I64, t));
        let product = self.b.mul(I64, s, t);
        let overflow = self.is_minimum_square(product);
        self.note_overflow_if(ac, overflow);
        let one = self.b.i64(1);
        let doubled = self.b.shl(I64, product, one);
        let greatest = self.b.i64(i64::MAX as u64);
        let product = self.b.select(I64, overflow, greatest, doubled);
        // The product is never the least number, so its negative is a number, too.
        let zero = self.b.i64(0);
        let addend = op(&mut self.b, I64, zero, product);
        let accumulator = self.ac(ac);
        let wrapped = self.b.add(I64, accumulator, addend);
        let result = self.call(dsp::ADD_SATURATING, [accumulator, addend, zero]);
        let overflow = self.b.icmp(I64, result, wrapped, IntCc::Ne);
        self.note_overflow_if(ac, overflow);
        self.set_ac(ac, result);
    }

    /// The Q31 product of one halfword each, which is noted for `ac` when it overflows.
    fn fraction(&mut self, ac: u32, s: Value, t: Value, half: fn(&mut Self, Value) -> Value) -> Value {
        let (s, t) = (half(self, s), half(self, t));
        let product = self.q15_product(s, t);
        self.note_overflow_if(ac, product.overflow);
        self.b.sext64(I64, product.value)
    }

    fn accumulate_fraction(&mut self, ac: u32, s: Value, t: Value, half: fn(&mut Self, Value) -> Value) {
        let product = self.fraction(ac, s, t, half);
        self.accumulate_into(ac, product, ADD);
    }

    /// The accumulator's low word is saturated; bit 32 of the sum says to which side.
    fn accumulate_fraction_saturating(
        &mut self,
        ac: u32,
        s: Value,
        t: Value,
        half: fn(&mut Self, Value) -> Value,
    ) {
        let product = self.fraction(ac, s, t, half);
        let accumulator = self.ac(ac);
        let sum = self.b.add(I64, accumulator, product);
        let beyond = self.b.i64(31);
        let wide = self.b.shl(I64, sum, beyond);
        let low = self.b.sext_low(I64, sum, MemSize::B4);
        let unlike = self.b.xor(I64, wide, low);
        let zero = self.b.i64(0);
        let overflow = self.b.icmp(I64, unlike, zero, IntCc::Slt);
        self.set_ac_saturated(ac, overflow, wide, low);
    }
}
