//! Saturating instructions (ARM DDI 0406, A4.4.4). They set CPSR.Q when they saturate.

use demotic_ir::{FlagCc, IntCc, Type, Value};

use super::parallel;
use super::shifter::{ImmShift, shift_by_constant};
use crate::helpers;
use crate::lifter::Lifter;

/// `a ± b` saturated to 32 bits; sets Q.
fn saturating(l: &mut Lifter<'_>, a: Value, b: Value, subtract: bool) -> Value {
    let (exact, flags) = match subtract {
        true => (l.sub(a, b), l.b.flags_sub(Type::I32, a, b)),
        false => (l.add(a, b), l.b.flags_add(Type::I32, a, b)),
    };
    let overflow = l.b.cond(Type::Bool, flags, FlagCc::Vs);
    let sign = l.sar(a, 31);
    let most = l.imm(0x7fff_ffff);
    let limit = l.xor(sign, most);
    l.set_q_if(overflow);
    l.select(overflow, limit, exact)
}

/// `QADD`, `QSUB`: `Rd = sat(Rm ± Rn)`; `QDADD`, `QDSUB`: `Rd = sat(Rm ± sat(2 * Rn))`.
pub(crate) fn qadd(l: &mut Lifter<'_>, subtract: bool, double: bool, rd: u32, rm: u32, rn: u32) {
    let (m, mut n) = (l.reg(rm), l.reg(rn));
    if double {
        n = saturating(l, n, n, false);
    }
    let result = saturating(l, m, n, subtract);
    l.put_reg(rd, result);
}

/// `value` limited to `[min, max]`; sets Q.
fn limit(l: &mut Lifter<'_>, value: Value, min: i32, max: i32) -> Value {
    let (min, max) = (l.imm(min as u32), l.imm(max as u32));
    let below = l.compare(value, IntCc::Slt, min);
    let raised = l.select(below, min, value);
    let above = l.compare(raised, IntCc::Sgt, max);
    let result = l.select(above, max, raised);
    let saturated = l.compare(result, IntCc::Ne, value);
    l.set_q_if(saturated);
    result
}

/// `SSAT Rd, #bits, Rn, shift`, with 1 to 32 bits.
pub(crate) fn ssat(l: &mut Lifter<'_>, rd: u32, bits: u32, rn: u32, shift: ImmShift) {
    let n = shift_by_constant(l, rn, shift, false).value;
    let max = ((1u64 << (bits - 1)) - 1) as i32;
    let result = limit(l, n, !max, max);
    l.put_reg(rd, result);
}

/// `USAT Rd, #bits, Rn, shift`, with 0 to 31 bits.
pub(crate) fn usat(l: &mut Lifter<'_>, rd: u32, bits: u32, rn: u32, shift: ImmShift) {
    let n = shift_by_constant(l, rn, shift, false).value;
    let max = ((1u64 << bits) - 1) as i32;
    let result = limit(l, n, 0, max);
    l.put_reg(rd, result);
}

/// `SSAT16` (1 to 16 bits) and `USAT16` (0 to 15 bits).
pub(crate) fn sat16(l: &mut Lifter<'_>, signed: bool, rd: u32, bits: u32, rn: u32) {
    let (n, bits, zero) = (l.reg(rn), l.imm(bits), l.b.i64(0));
    let helper = if signed { helpers::SSAT16 } else { helpers::USAT16 };
    let result = parallel::call(l, helper, n, bits, zero);
    let saturated = l.high(result);
    let saturated = l.b.nonzero(saturated);
    l.set_q_if(saturated);
    let result = l.low(result);
    l.put_reg(rd, result);
}
