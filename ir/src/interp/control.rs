//! Handlers of conditions, conditional parts and exits.

use std::marker::PhantomData;

use super::arithmetic::{W32, Width, get_flags, set_flags};
use super::flags;
use super::integer;
use super::op::{Env, Finish, OpCode, Run, Words, get, next, set, skip};
use crate::types::{FlagCc, IntCc, Type};

/// A condition as a type parameter. The operands are in `a`, `b` and `imm` of the op that uses it.
pub(super) trait Test {
    fn holds<M>(w: &Words, op: &OpCode<M>) -> bool;
}

/// The truth value in `a`.
pub(super) struct Truth;
impl Test for Truth {
    #[inline(always)]
    fn holds<M>(w: &Words, op: &OpCode<M>) -> bool {
        get(w, op.a) != 0
    }
}

/// Comparison number `CC` of `a` with `b`, or with `imm`.
pub(super) struct Compare<const CC: usize, const IMM: bool, W>(PhantomData<W>);
impl<const CC: usize, const IMM: bool, W: Width> Test for Compare<CC, IMM, W> {
    #[inline(always)]
    fn holds<M>(w: &Words, op: &OpCode<M>) -> bool {
        let b = if IMM { op.imm } else { get(w, op.b) };
        IntCc::ALL[CC].eval(W::TY, get(w, op.a), b)
    }
}

/// Condition number `CC` of the flags in the words from `a` on.
pub(super) struct Condition<const CC: usize>;
impl<const CC: usize> Test for Condition<CC> {
    #[inline(always)]
    fn holds<M>(w: &Words, op: &OpCode<M>) -> bool {
        flags::cond(FlagCc::ALL[CC], get_flags(w, op.a))
    }
}

/// The handlers that a condition can be part of.
pub(super) struct Forms<M> {
    /// `dst` = whether it holds.
    pub(super) value: Run<M>,
    /// Skips `c` ops unless it holds.
    pub(super) part: Run<M>,
    /// Leaves by way `c` when it holds, else by the way after it.
    pub(super) branch: Run<M>,
}

fn test_value<M, T: Test>(w: &mut Words, env: &mut Env<'_, M>, op: &OpCode<M>, rest: &[OpCode<M>]) -> Finish {
    let holds = T::holds(w, op);
    set(w, op.dst, u64::from(holds));
    next(w, env, rest)
}

fn test_part<M, T: Test>(w: &mut Words, env: &mut Env<'_, M>, op: &OpCode<M>, rest: &[OpCode<M>]) -> Finish {
    if T::holds(w, op) { next(w, env, rest) } else { skip(w, env, rest, op.c) }
}

fn test_branch<M, T: Test>(w: &mut Words, _: &mut Env<'_, M>, op: &OpCode<M>, _: &[OpCode<M>]) -> Finish {
    Finish(u32::from(op.c) + u32::from(!T::holds(w, op)))
}

/// `flags_sub` into `dst`, then a branch on a comparison of the same operands.
fn flags_sub_branch<M, const CC: usize, const IMM: bool>(
    w: &mut Words,
    _: &mut Env<'_, M>,
    op: &OpCode<M>,
    _: &[OpCode<M>],
) -> Finish {
    let a = get(w, op.a);
    let b = if IMM { op.imm } else { get(w, op.b) };
    set_flags(w, op.dst, flags::sub(Type::I32, a, b));
    let holds = IntCc::ALL[CC].eval(Type::I32, a, b);
    Finish(u32::from(op.c) + u32::from(!holds))
}

/// `dst = a - b` and its flags into `c`, then a branch on `dst` against 0. The ways are in the upper half of `imm`.
fn sub_branch<M, const CC: usize, const IMM: bool>(
    w: &mut Words,
    _: &mut Env<'_, M>,
    op: &OpCode<M>,
    _: &[OpCode<M>],
) -> Finish {
    let a = get(w, op.a);
    let b = if IMM { u64::from(op.imm as u32) } else { get(w, op.b) };
    let difference = integer::sub(Type::I32, a, b);
    set(w, op.dst, difference);
    set_flags(w, op.c, flags::sub(Type::I32, a, b));
    let holds = IntCc::ALL[CC].eval(Type::I32, difference, 0);
    Finish((op.imm >> 32) as u32 + u32::from(!holds))
}

fn forms<M, T: Test>() -> Forms<M> {
    Forms { value: test_value::<M, T>, part: test_part::<M, T>, branch: test_branch::<M, T> }
}

/// `$make` with a constant equal to `$n`, which is below 14.
macro_rules! with_const {
    ($n:expr, |$c:ident| $make:expr, $($value:literal)*) => {
        match $n {
            $($value => {
                const $c: usize = $value;
                $make
            })*
            _ => unreachable!("a condition is one of its enumeration"),
        }
    };
}

/// The forms of a truth value.
pub(super) fn truth_forms<M>() -> Forms<M> {
    forms::<M, Truth>()
}

/// The forms of an integer comparison.
pub(super) fn compare_forms<M>(cc: IntCc, imm: bool, wide: bool) -> Forms<M> {
    use super::arithmetic::W64;
    with_const!(cc as usize, |CC| match (imm, wide) {
        (false, false) => forms::<M, Compare<CC, false, W32>>(),
        (true, false) => forms::<M, Compare<CC, true, W32>>(),
        (false, true) => forms::<M, Compare<CC, false, W64>>(),
        (true, true) => forms::<M, Compare<CC, true, W64>>(),
    }, 0 1 2 3 4 5 6 7 8 9)
}

/// The forms of a condition over flags.
pub(super) fn condition_forms<M>(cc: FlagCc) -> Forms<M> {
    with_const!(cc as usize, |CC| forms::<M, Condition<CC>>(), 0 1 2 3 4 5 6 7 8 9 10 11 12 13)
}

/// A 32-bit `flags_sub` and a branch in one.
pub(super) fn flags_sub_branch_run<M>(cc: IntCc, imm: bool) -> Run<M> {
    with_const!(cc as usize, |CC| if imm {
        flags_sub_branch::<M, CC, true>
    } else {
        flags_sub_branch::<M, CC, false>
    }, 0 1 2 3 4 5 6 7 8 9)
}

/// A 32-bit `sub` with its flags, and a branch on the difference, in one.
pub(super) fn sub_branch_run<M>(cc: IntCc, imm: bool) -> Run<M> {
    with_const!(cc as usize, |CC| if imm {
        sub_branch::<M, CC, true>
    } else {
        sub_branch::<M, CC, false>
    }, 0 1 2 3 4 5 6 7 8 9)
}

/// Leaves by way `c`.
pub(super) fn leave<M>(_: &mut Words, _: &mut Env<'_, M>, op: &OpCode<M>, _: &[OpCode<M>]) -> Finish {
    Finish(u32::from(op.c))
}

/// Leaves by way `c` to the address in `a`.
pub(super) fn leave_to<M>(w: &mut Words, env: &mut Env<'_, M>, op: &OpCode<M>, _: &[OpCode<M>]) -> Finish {
    env.target = get(w, op.a);
    Finish(u32::from(op.c))
}

/// Leaves by way `c + a`, at most `c + imm`.
pub(super) fn leave_switch<M>(w: &mut Words, _: &mut Env<'_, M>, op: &OpCode<M>, _: &[OpCode<M>]) -> Finish {
    let index = get(w, op.a).min(op.imm) as u32;
    Finish(u32::from(op.c) + index)
}
