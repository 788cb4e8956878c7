//! Handlers of floating point: the functions of [`fp`](crate::fp) applied to words; and calls of helpers.

use super::op::{Env, Finish, OpCode, Run, Words, get, next, set};
use crate::fp::{self, double, single};
use crate::guest::NanRule;
use crate::softfloat::{Exceptions, FloatCall, FloatOp, Number, Soft};
use crate::types::{FloatCc, FpMode, Rounding, Type};

/// Declares functions of `fp` as type parameters.
macro_rules! operations {
    ($trait:ident $params:tt = $args:tt; $($name:ident = $path:path;)*) => {
        pub(super) trait $trait {
            fn eval $params -> u64;
        }
        $(
            pub(super) struct $name;
            impl $trait for $name {
                #[inline(always)]
                fn eval $params -> u64 {
                    $path $args
                }
            }
        )*
    };
}

operations! { Binary(rule: NanRule, a: u64, b: u64) = (rule, a, b);
    Add32 = single::add;
    Sub32 = single::sub;
    Mul32 = single::mul;
    Div32 = single::div;
    Add64 = double::add;
    Sub64 = double::sub;
    Mul64 = double::mul;
    Div64 = double::div;
}

operations! { Unary(rule: NanRule, a: u64) = (rule, a);
    Sqrt32 = single::sqrt;
    Sqrt64 = double::sqrt;
    Promote = fp::promote;
    Demote = fp::demote;
}

operations! { Convert(ty: Type, round: Rounding, a: u64) = (ty, round, a);
    ToS32 = single::to_signed;
    ToU32 = single::to_unsigned;
    ToS64 = double::to_signed;
    ToU64 = double::to_unsigned;
    FromS32 = single::from_signed;
    FromS64 = double::from_signed;
}

operations! { Plain(a: u64) = (a);
    FromU32 = single::from_unsigned;
    FromU64 = double::from_unsigned;
    Neg32 = single::neg;
    Neg64 = double::neg;
    Abs32 = single::abs;
    Abs64 = double::abs;
}

/// `dst = a op b`
pub(super) fn binary<M, F: Binary>(
    w: &mut Words,
    env: &mut Env<'_, M>,
    op: &OpCode<M>,
    rest: &[OpCode<M>],
) -> Finish {
    let value = F::eval(env.nan_rule, get(w, op.a), get(w, op.b));
    set(w, op.dst, value);
    next(w, env, rest)
}

/// `dst = op a`
pub(super) fn unary<M, F: Unary>(
    w: &mut Words,
    env: &mut Env<'_, M>,
    op: &OpCode<M>,
    rest: &[OpCode<M>],
) -> Finish {
    let value = F::eval(env.nan_rule, get(w, op.a));
    set(w, op.dst, value);
    next(w, env, rest)
}

/// Whether the functions of `fp` do a call, and if so the immediate of their ops. They round to nearest (to integral
/// values as they are told), and leave subnormal numbers and NaNs alone. Of a conversion from or to an integer the
/// immediate says whether the integer has 64 bits, and the rounding.
pub(super) fn on_host(call: &FloatCall) -> Option<u64> {
    let mode = call.mode;
    let to_integral = call.op == FloatOp::Round || !call.to.is_float();
    let plain = !mode.flush && !mode.default_nan && (to_integral || mode.round == Rounding::Nearest);
    let wide = [call.from, call.to].iter().any(|n| matches!(n, Number::S64 | Number::U64));
    plain.then_some(u64::from(wide) | (mode.round as u64) << 1)
}

fn rounding(number: u64) -> Rounding {
    Rounding::ALL.get(number as usize).copied().unwrap_or(Rounding::Nearest)
}

/// `dst` = `a` converted as `imm` says; see [`on_host`].
pub(super) fn convert<M, F: Convert>(
    w: &mut Words,
    env: &mut Env<'_, M>,
    op: &OpCode<M>,
    rest: &[OpCode<M>],
) -> Finish {
    let ty = if op.imm & 1 != 0 { Type::I64 } else { Type::I32 };
    let value = F::eval(ty, rounding(op.imm >> 1), get(w, op.a));
    set(w, op.dst, value);
    next(w, env, rest)
}

/// `dst = op a`, whatever the NaN rule.
pub(super) fn plain<M, F: Plain>(
    w: &mut Words,
    env: &mut Env<'_, M>,
    op: &OpCode<M>,
    rest: &[OpCode<M>],
) -> Finish {
    let value = F::eval(get(w, op.a));
    set(w, op.dst, value);
    next(w, env, rest)
}

fn round<M, const ROUND: usize, const WIDE: bool>(
    w: &mut Words,
    env: &mut Env<'_, M>,
    op: &OpCode<M>,
    rest: &[OpCode<M>],
) -> Finish {
    let (a, round) = (get(w, op.a), Rounding::ALL[ROUND]);
    let value =
        if WIDE { double::round(env.nan_rule, round, a) } else { single::round(env.nan_rule, round, a) };
    set(w, op.dst, value);
    next(w, env, rest)
}

/// `dst` = `a` rounded to an integral value.
pub(super) fn round_run<M>(to: Rounding, wide: bool) -> Run<M> {
    macro_rules! by_rounding {
        ($($n:literal)*) => {
            match (to as usize, wide) {
                $(($n, false) => round::<M, $n, false>, ($n, true) => round::<M, $n, true>,)*
                _ => unreachable!("a rounding is one of its enumeration"),
            }
        };
    }
    by_rounding!(0 1 2 3 4)
}

fn compare<M, const CC: usize, const WIDE: bool>(
    w: &mut Words,
    env: &mut Env<'_, M>,
    op: &OpCode<M>,
    rest: &[OpCode<M>],
) -> Finish {
    let (a, b) = (get(w, op.a), get(w, op.b));
    let cc = FloatCc::ALL[CC];
    let holds = if WIDE { double::compare(cc, a, b) } else { single::compare(cc, a, b) };
    set(w, op.dst, u64::from(holds));
    next(w, env, rest)
}

/// `dst` = whether `a cc b`.
pub(super) fn compare_run<M>(cc: FloatCc, wide: bool) -> Run<M> {
    macro_rules! by_cc {
        ($($n:literal)*) => {
            match (cc as usize, wide) {
                $(($n, false) => compare::<M, $n, false>, ($n, true) => compare::<M, $n, true>,)*
                _ => unreachable!("a condition is one of its enumeration"),
            }
        };
    }
    by_cc!(0 1 2 3 4 5 6)
}

/// `dst` = the result of the soft-float call `imm` on `a`, `b`, `c`.
pub(super) fn soft<M>(w: &mut Words, env: &mut Env<'_, M>, op: &OpCode<M>, rest: &[OpCode<M>]) -> Finish {
    let operands = [get(w, op.a), get(w, op.b), get(w, op.c)];
    // The call was encoded when the block was compiled.
    let result = FloatCall::decode(op.imm as u32).map_or(0, |call| call.evaluate(env.nan_rule, operands).0);
    set(w, op.dst, result);
    next(w, env, rest)
}

/// What is in the word that the upper half of `imm` names, one less than 0 being none.
pub(super) fn accumulated(w: &Words, imm: u64) -> u64 {
    let word = (imm >> 32) as u16;
    if word == u16::MAX { 0 } else { get(w, word) }
}

/// `dst` = what has accumulated, and the exceptions that the soft-float call `imm` raises on `a`, `b`, `c`.
pub(super) fn raises<M>(w: &mut Words, env: &mut Env<'_, M>, op: &OpCode<M>, rest: &[OpCode<M>]) -> Finish {
    let operands = [get(w, op.a), get(w, op.b), get(w, op.c)];
    let raised = FloatCall::decode(op.imm as u32).map_or(0, |call| call.evaluate(env.nan_rule, operands).1.0);
    set(w, op.dst, accumulated(w, op.imm) | u64::from(raised));
    next(w, env, rest)
}

/// [`raises`] for an operation that `F` computes, rounding to nearest: once "inexact" has accumulated, an ordinary result
/// has nothing to add, however it is rounded.
fn raises_by<M, F: Binary, const WIDE: bool>(
    w: &mut Words,
    env: &mut Env<'_, M>,
    op: &OpCode<M>,
    rest: &[OpCode<M>],
) -> Finish {
    let before = accumulated(w, op.imm);
    let (a, b) = (get(w, op.a), get(w, op.b));
    let settled = before & u64::from(Exceptions::INEXACT.0) != 0;
    if settled && is_quiet::<F, WIDE>(env.nan_rule, a, b) {
        set(w, op.dst, before);
        return next(w, env, rest);
    }
    raises(w, env, op, rest)
}

/// The run for a call's exceptions: with the host's help where that is enough.
pub(super) fn raises_run<M>(call: &FloatCall) -> Run<M> {
    match (call.op, call.from, call.to) {
        (FloatOp::Add, Number::F32, Number::F32) => raises_by::<M, Add32, false>,
        (FloatOp::Sub, Number::F32, Number::F32) => raises_by::<M, Sub32, false>,
        (FloatOp::Mul, Number::F32, Number::F32) => raises_by::<M, Mul32, false>,
        (FloatOp::Div, Number::F32, Number::F32) => raises_by::<M, Div32, false>,
        (FloatOp::Add, Number::F64, Number::F64) => raises_by::<M, Add64, true>,
        (FloatOp::Sub, Number::F64, Number::F64) => raises_by::<M, Sub64, true>,
        (FloatOp::Mul, Number::F64, Number::F64) => raises_by::<M, Mul64, true>,
        (FloatOp::Div, Number::F64, Number::F64) => raises_by::<M, Div64, true>,
        _ => raises,
    }
}

/// Whether an operation raises nothing, or only "inexact", in whichever mode.
fn is_quiet<F: Binary, const WIDE: bool>(rule: NanRule, a: u64, b: u64) -> bool {
    !is_subnormal::<WIDE>(a) && !is_subnormal::<WIDE>(b) && is_ordinary::<WIDE>(F::eval(rule, a, b))
}

/// The exponent field of a number.
fn exponent<const WIDE: bool>(x: u64) -> u64 {
    if WIDE { x >> 52 & 0x7ff } else { x >> 23 & 0xff }
}

/// Whether a result is so far from the ends of its format that no rounding reaches them.
fn is_ordinary<const WIDE: bool>(x: u64) -> bool {
    let last = if WIDE { 0x7ff } else { 0xff };
    (2..last - 1).contains(&exponent::<WIDE>(x))
}

fn is_subnormal<const WIDE: bool>(x: u64) -> bool {
    let fraction = if WIDE { x << 12 } else { x << 41 };
    exponent::<WIDE>(x) == 0 && fraction != 0
}

/// `dst` = the exceptions that the soft-float call `imm` raises on `a`, `b`, `c`, with bit 8 set.
pub(super) fn cause<M>(w: &mut Words, env: &mut Env<'_, M>, op: &OpCode<M>, rest: &[OpCode<M>]) -> Finish {
    let operands = [get(w, op.a), get(w, op.b), get(w, op.c)];
    let raised = FloatCall::decode(op.imm as u32).map_or(0, |call| call.evaluate(env.nan_rule, operands).1.0);
    set(w, op.dst, u64::from(raised) | 0x100);
    next(w, env, rest)
}

fn soft_compare<M, const CC: usize, const WIDE: bool>(
    w: &mut Words,
    env: &mut Env<'_, M>,
    op: &OpCode<M>,
    rest: &[OpCode<M>],
) -> Finish {
    let format = if WIDE { Number::F64 } else { Number::F32 };
    let mut soft = Soft::new(FpMode { flush: true, ..FpMode::NEAREST }, env.nan_rule);
    let order = soft.compare(format, get(w, op.a), get(w, op.b), false);
    set(w, op.dst, u64::from(order.satisfies(FloatCc::ALL[CC])));
    next(w, env, rest)
}

/// `dst` = whether `a cc b`, subnormal numbers being zeros.
pub(super) fn soft_compare_run<M>(cc: FloatCc, wide: bool) -> Run<M> {
    macro_rules! by_cc {
        ($($n:literal)*) => {
            match (cc as usize, wide) {
                $(($n, false) => soft_compare::<M, $n, false>, ($n, true) => soft_compare::<M, $n, true>,)*
                _ => unreachable!("a condition is one of its enumeration"),
            }
        };
    }
    by_cc!(0 1 2 3 4 5 6)
}

/// `dst` = helper number `imm` of `a`, `b`, `c`.
pub(super) fn helper<M>(w: &mut Words, env: &mut Env<'_, M>, op: &OpCode<M>, rest: &[OpCode<M>]) -> Finish {
    // The number was checked when the block was compiled.
    if let Some(helper) = env.helpers.get(op.imm as usize) {
        let value = (helper.function)(get(w, op.a), get(w, op.b), get(w, op.c));
        set(w, op.dst, value);
    }
    next(w, env, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the soft-float agrees, in every mode, that a quiet operation raises nothing but "inexact".
    fn agrees<F: Binary, const WIDE: bool>(op: FloatOp, a: u64, b: u64) -> bool {
        let (rule, format) = (NanRule::Arm, if WIDE { Number::F64 } else { Number::F32 });
        let roundings = [Rounding::Nearest, Rounding::Up, Rounding::Down, Rounding::Zero];
        let modes = roundings
            .into_iter()
            .flat_map(|round| [false, true].map(|flush| FpMode { round, flush, ..FpMode::NEAREST }));
        let mut raised = modes.map(|mode| FloatCall::new(op, format, mode).evaluate(rule, [a, b, 0]).1.0);
        !is_quiet::<F, WIDE>(rule, a, b) || raised.all(|raised| raised & !Exceptions::INEXACT.0 == 0)
    }

    #[test]
    fn what_is_quiet_raises_nothing_but_inexact() {
        // Numbers at both ends of the formats and in the middle, with few and with all bits of their fractions.
        let parts = |last: u64| [0, 1, 2, 3, last / 2, last / 2 + 1, last - 3, last - 2, last - 1, last];
        for (x, y) in parts(0xff).into_iter().flat_map(|x| parts(0xff).map(|y| (x, y))) {
            for (f, g) in [(0, 0), (1, 0x7f_ffff), (0x40_0000, 1), (0x7f_ffff, 0x7f_ffff)] {
                let (a, b) = (x << 23 | f, y << 23 | g | 1 << 31);
                assert!(agrees::<Add32, false>(FloatOp::Add, a, b), "{a:#x} + {b:#x}");
                assert!(agrees::<Sub32, false>(FloatOp::Sub, a, b), "{a:#x} - {b:#x}");
                assert!(agrees::<Mul32, false>(FloatOp::Mul, a, b), "{a:#x} * {b:#x}");
                assert!(agrees::<Div32, false>(FloatOp::Div, a, b), "{a:#x} / {b:#x}");
            }
        }
        for (x, y) in parts(0x7ff).into_iter().flat_map(|x| parts(0x7ff).map(|y| (x, y))) {
            for (f, g) in [(0, 0), (1, (1 << 52) - 1), (1 << 51, 1), ((1 << 52) - 1, (1 << 52) - 1)] {
                let (a, b) = (x << 52 | f, y << 52 | g | 1 << 63);
                assert!(agrees::<Add64, true>(FloatOp::Add, a, b), "{a:#x} + {b:#x}");
                assert!(agrees::<Sub64, true>(FloatOp::Sub, a, b), "{a:#x} - {b:#x}");
                assert!(agrees::<Mul64, true>(FloatOp::Mul, a, b), "{a:#x} * {b:#x}");
                assert!(agrees::<Div64, true>(FloatOp::Div, a, b), "{a:#x} / {b:#x}");
            }
        }
    }
}
