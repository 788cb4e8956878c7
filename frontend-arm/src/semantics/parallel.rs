//! Parallel addition and subtraction, and what goes with it (ARM DDI 0406, A4.4.5).

use demotic_ir::{HelperId, Type, Value};

use crate::helpers::{self, Fit, Lanes};
use crate::lifter::Lifter;
use crate::state;

/// Calls a helper on two 32-bit values.
pub(crate) fn call(l: &mut Lifter<'_>, helper: HelperId, a: Value, b: Value, c: Value) -> Value {
    let (a, b) = (l.wide(a, false), l.wide(b, false));
    l.b.helper(Type::I64, a, b, c, helper)
}

/// `SADD16` and its 35 relatives.
pub(crate) fn parallel(l: &mut Lifter<'_>, fit: Fit, lanes: Lanes, rd: u32, rn: u32, rm: u32) {
    let (n, m) = (l.reg(rn), l.reg(rm));
    let fit_number = l.b.i64(fit.number());
    let result = call(l, helpers::parallel(lanes), n, m, fit_number);
    if fit.sets_ge() {
        let ge = l.high(result);
        l.put(state::GE, ge);
    }
    let result = l.low(result);
    l.put_reg(rd, result);
}

/// `SEL Rd, Rn, Rm`: bytes by CPSR.GE.
pub(crate) fn sel(l: &mut Lifter<'_>, rd: u32, rn: u32, rm: u32) {
    let (n, m) = (l.reg(rn), l.reg(rm));
    let ge = l.b.get32(state::GE);
    let ge = l.wide(ge, false);
    let result = call(l, helpers::SEL, n, m, ge);
    let result = l.low(result);
    l.put_reg(rd, result);
}

/// `USADA8`, and without an accumulator `USAD8`.
pub(crate) fn usada8(l: &mut Lifter<'_>, rd: u32, rn: u32, rm: u32, ra: Option<u32>) {
    let (n, m) = (l.reg(rn), l.reg(rm));
    let zero = l.b.i64(0);
    let sum = call(l, helpers::USAD8, n, m, zero);
    let mut result = l.low(sum);
    if let Some(ra) = ra {
        let a = l.reg(ra);
        result = l.add(result, a);
    }
    l.put_reg(rd, result);
}
