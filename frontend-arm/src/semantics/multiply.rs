//! Multiplication (ARM DDI 0406, A4.4.3).

use demotic_ir::{FlagCc, FlagMask, IntCc, MemSize, Type, Value};

use crate::lifter::Lifter;

/// Writes N and Z of a 32-bit result if `s`.
fn flags32(l: &mut Lifter<'_>, s: bool, result: Value) {
    if s {
        let carry = l.b.bool(false);
        let flags = l.b.flags_logic(Type::I32, result, carry);
        l.put_flags(flags, FlagMask::NZ);
    }
}

/// `MUL{S} Rd, Rn, Rm`.
pub(crate) fn mul(l: &mut Lifter<'_>, s: bool, rd: u32, rn: u32, rm: u32) {
    let (n, m) = (l.reg(rn), l.reg(rm));
    let result = l.mul(n, m);
    flags32(l, s, result);
    l.put_reg(rd, result);
}

/// `MLA{S} Rd, Rn, Rm, Ra`.
pub(crate) fn mla(l: &mut Lifter<'_>, s: bool, rd: u32, rn: u32, rm: u32, ra: u32) {
    let (n, m, a) = (l.reg(rn), l.reg(rm), l.reg(ra));
    let product = l.mul(n, m);
    let result = l.add(product, a);
    flags32(l, s, result);
    l.put_reg(rd, result);
}

/// `MLS Rd, Rn, Rm, Ra`.
pub(crate) fn mls(l: &mut Lifter<'_>, rd: u32, rn: u32, rm: u32, ra: u32) {
    let (n, m, a) = (l.reg(rn), l.reg(rm), l.reg(ra));
    let product = l.mul(n, m);
    let result = l.sub(a, product);
    l.put_reg(rd, result);
}

/// Registers of a long multiplication.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Long {
    /// High word of the result.
    pub(crate) rdhi: u32,
    /// Low word of the result.
    pub(crate) rdlo: u32,
    /// First factor.
    pub(crate) rn: u32,
    /// Second factor.
    pub(crate) rm: u32,
}

impl Long {
    /// The accumulator.
    fn accumulator(self, l: &mut Lifter<'_>) -> Value {
        let (high, low) = (l.reg(self.rdhi), l.reg(self.rdlo));
        l.concat(high, low)
    }

    /// Writes the result, and N and Z of its 64 bits if `s`.
    fn put(self, l: &mut Lifter<'_>, s: bool, result: Value) {
        let (low, high) = (l.low(result), l.high(result));
        if s {
            flags64(l, result, high);
        }
        l.put_reg(self.rdlo, low);
        l.put_reg(self.rdhi, high);
    }
}

/// N and Z of 64 bits: N from the high word, Z as a separate producer.
fn flags64(l: &mut Lifter<'_>, result: Value, high: Value) {
    let carry = l.b.bool(false);
    let zero = l.b.i64(0);
    let nonzero = l.b.icmp(Type::I64, result, zero, IntCc::Ne);
    let nonzero = l.number(nonzero);
    let n = l.b.flags_logic(Type::I32, high, carry);
    let z = l.b.flags_logic(Type::I32, nonzero, carry);
    l.put_flags(n, FlagMask::N);
    l.put_flags(z, FlagMask::Z);
}

/// `UMULL{S}`, `SMULL{S}`, `UMLAL{S}`, `SMLAL{S}`.
pub(crate) fn mull(l: &mut Lifter<'_>, signed: bool, accumulate: bool, s: bool, r: Long) {
    let (n, m) = (l.reg(r.rn), l.reg(r.rm));
    let (n, m) = (l.wide(n, signed), l.wide(m, signed));
    let mut result = l.b.mul(Type::I64, n, m);
    if accumulate {
        let acc = r.accumulator(l);
        result = l.b.add(Type::I64, result, acc);
    }
    r.put(l, s, result);
}

/// `UMAAL`: adds both words of the destination to the product.
pub(crate) fn umaal(l: &mut Lifter<'_>, r: Long) {
    let (n, m, hi, lo) = (l.reg(r.rn), l.reg(r.rm), l.reg(r.rdhi), l.reg(r.rdlo));
    let (n, m, hi, lo) = (l.wide(n, false), l.wide(m, false), l.wide(hi, false), l.wide(lo, false));
    let product = l.b.mul(Type::I64, n, m);
    let sum = l.b.add(Type::I64, product, hi);
    let result = l.b.add(Type::I64, sum, lo);
    r.put(l, false, result);
}

/// The top or bottom halfword of a register, sign-extended.
fn half(l: &mut Lifter<'_>, r: u32, top: bool) -> Value {
    let value = l.reg(r);
    half_of(l, value, top)
}

fn half_of(l: &mut Lifter<'_>, value: Value, top: bool) -> Value {
    if top { l.sar(value, 16) } else { l.sext(value, MemSize::B2) }
}

/// `a + b`, and sets Q when that overflows.
fn add_setting_q(l: &mut Lifter<'_>, a: Value, b: Value) -> Value {
    let sum = l.add(a, b);
    let flags = l.b.flags_add(Type::I32, a, b);
    let overflow = l.b.cond(Type::Bool, flags, FlagCc::Vs);
    l.set_q_if(overflow);
    sum
}

/// `SMUL<x><y> Rd, Rn, Rm`.
pub(crate) fn smulxy(l: &mut Lifter<'_>, rd: u32, rn: u32, n_top: bool, rm: u32, m_top: bool) {
    let (n, m) = (half(l, rn, n_top), half(l, rm, m_top));
    let result = l.mul(n, m);
    l.put_reg(rd, result);
}

/// `SMLA<x><y> Rd, Rn, Rm, Ra`.
pub(crate) fn smlaxy(l: &mut Lifter<'_>, rd: u32, rn: u32, n_top: bool, rm: u32, m_top: bool, ra: u32) {
    let (n, m, a) = (half(l, rn, n_top), half(l, rm, m_top), l.reg(ra));
    let product = l.mul(n, m);
    let result = add_setting_q(l, product, a);
    l.put_reg(rd, result);
}

/// Bits 47 to 16 of Rn times a half of Rm.
fn mul_word_half(l: &mut Lifter<'_>, rn: u32, rm: u32, m_top: bool) -> Value {
    let (n, m) = (l.reg(rn), half(l, rm, m_top));
    let (n, m) = (l.wide(n, true), l.wide(m, true));
    let product = l.b.mul(Type::I64, n, m);
    let by = l.b.i64(16);
    let shifted = l.b.sar(Type::I64, product, by);
    l.low(shifted)
}

/// `SMULW<y> Rd, Rn, Rm`.
pub(crate) fn smulwy(l: &mut Lifter<'_>, rd: u32, rn: u32, rm: u32, m_top: bool) {
    let result = mul_word_half(l, rn, rm, m_top);
    l.put_reg(rd, result);
}

/// `SMLAW<y> Rd, Rn, Rm, Ra`.
pub(crate) fn smlawy(l: &mut Lifter<'_>, rd: u32, rn: u32, rm: u32, m_top: bool, ra: u32) {
    let product = mul_word_half(l, rn, rm, m_top);
    let a = l.reg(ra);
    let result = add_setting_q(l, product, a);
    l.put_reg(rd, result);
}

/// `SMLAL<x><y> RdLo, RdHi, Rn, Rm`.
pub(crate) fn smlalxy(l: &mut Lifter<'_>, r: Long, n_top: bool, m_top: bool) {
    let (n, m) = (half(l, r.rn, n_top), half(l, r.rm, m_top));
    let product = l.mul(n, m);
    let product = l.wide(product, true);
    let acc = r.accumulator(l);
    let result = l.b.add(Type::I64, product, acc);
    r.put(l, false, result);
}

/// The two halfword products of Rn and Rm (its halves exchanged if `swap`), as 64 bits.
fn dual_products(l: &mut Lifter<'_>, rn: u32, rm: u32, swap: bool) -> (Value, Value) {
    let (n, m) = (l.reg(rn), l.reg(rm));
    let low = (half_of(l, n, false), half_of(l, m, swap));
    let high = (half_of(l, n, true), half_of(l, m, !swap));
    let first = l.mul(low.0, low.1);
    let second = l.mul(high.0, high.1);
    (l.wide(first, true), l.wide(second, true))
}

/// Sum or difference of the two products.
fn dual(l: &mut Lifter<'_>, rn: u32, rm: u32, swap: bool, subtract: bool) -> Value {
    let (first, second) = dual_products(l, rn, rm, swap);
    if subtract { l.b.sub(Type::I64, first, second) } else { l.b.add(Type::I64, first, second) }
}

/// `SMLAD`, `SMLSD`, and without an accumulator `SMUAD`, `SMUSD`. Q is set when the result does not fit.
pub(crate) fn smlad(
    l: &mut Lifter<'_>,
    rd: u32,
    rn: u32,
    rm: u32,
    ra: Option<u32>,
    swap: bool,
    subtract: bool,
) {
    let mut wide = dual(l, rn, rm, swap, subtract);
    if let Some(ra) = ra {
        let a = l.reg(ra);
        let a = l.wide(a, true);
        wide = l.b.add(Type::I64, wide, a);
    }
    let result = l.low(wide);
    let back = l.wide(result, true);
    let overflow = l.b.icmp(Type::I64, back, wide, IntCc::Ne);
    l.set_q_if(overflow);
    l.put_reg(rd, result);
}

/// `SMLALD` and `SMLSLD`.
pub(crate) fn smlald(l: &mut Lifter<'_>, r: Long, swap: bool, subtract: bool) {
    let products = dual(l, r.rn, r.rm, swap, subtract);
    let acc = r.accumulator(l);
    let result = l.b.add(Type::I64, products, acc);
    r.put(l, false, result);
}

/// `SMMLA`, `SMMLS`, and without an accumulator `SMMUL`: the high word of `Ra:0 ± Rn * Rm`, rounded if `round`.
pub(crate) fn smmla(
    l: &mut Lifter<'_>,
    rd: u32,
    rn: u32,
    rm: u32,
    ra: Option<u32>,
    round: bool,
    subtract: bool,
) {
    let (n, m) = (l.reg(rn), l.reg(rm));
    let (n, m) = (l.wide(n, true), l.wide(m, true));
    let mut result = l.b.mul(Type::I64, n, m);
    if let Some(ra) = ra {
        let (a, zero) = (l.reg(ra), l.imm(0));
        let a = l.concat(a, zero);
        result = if subtract { l.b.sub(Type::I64, a, result) } else { l.b.add(Type::I64, a, result) };
    }
    if round {
        let half = l.b.i64(0x8000_0000);
        result = l.b.add(Type::I64, result, half);
    }
    let high = l.high(result);
    l.put_reg(rd, high);
}
