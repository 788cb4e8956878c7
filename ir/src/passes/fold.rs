//! Constant folding. Ops on constants become constants, by the functions that the interpreter uses; what is left goes
//! through the [`identities`](super::identities).

use super::Context;
use super::identities;
use super::rewrite::{Becomes, Output, Rewrite, rewrite};
use super::vectors;
use crate::block::Block;
use crate::exit::Exit;
use crate::interp::integer as int;
use crate::ops::Op;
use crate::types::Type;
use crate::value::Value;

/// Runs the pass.
pub(super) fn run(block: &mut Block, cx: &mut Context<'_>) {
    rewrite(block, &mut cx.scratch, &mut Fold);
}

struct Fold;

impl Rewrite for Fold {
    fn op(&mut self, out: &mut Output, op: Op) -> Becomes {
        let op = constant_last(out, op);
        if let (Some(ty), Some(imm)) = (op.result_type(), evaluate(&op, |v| out.as_constant(v))) {
            return Becomes::Constant(ty, imm);
        }
        if op.info().is_vector() { vectors::simplify(out, op) } else { identities::simplify(out, op) }
    }

    fn exit(&mut self, out: &mut Output, exit: Exit) -> Exit {
        match exit {
            Exit::Branch { taken, fallthrough, .. } if taken == fallthrough => Exit::Jump { target: taken },
            Exit::Branch { cond, taken, fallthrough } => match (out.as_constant(cond), *out.def(cond)) {
                (Some(c), _) => Exit::Jump { target: if c != 0 { taken } else { fallthrough } },
                (None, Op::Not { a, .. }) => Exit::Branch { cond: a, taken: fallthrough, fallthrough: taken },
                _ => Exit::Branch { cond, taken, fallthrough },
            },
            Exit::JumpIndirect { target } => match out.as_constant(target) {
                Some(target) => Exit::Jump { target },
                None => Exit::JumpIndirect { target },
            },
            Exit::CallIndirect { target, ret } => match out.as_constant(target) {
                Some(target) => Exit::Call { target, ret },
                None => Exit::CallIndirect { target, ret },
            },
            Exit::Switch { index, ref targets, default } => match out.as_constant(index) {
                Some(i) => Exit::Jump { target: targets.get(i as usize).copied().unwrap_or(default) },
                None => exit,
            },
            _ => exit,
        }
    }
}

/// Commutative ops with a constant first operand take it as their second.
fn constant_last(out: &Output, op: Op) -> Op {
    let wrong = |a: Value, b: Value| out.as_constant(a).is_some() && out.as_constant(b).is_none();
    match op {
        Op::Add { ty, a, b } if wrong(a, b) => Op::Add { ty, a: b, b: a },
        Op::Mul { ty, a, b } if wrong(a, b) => Op::Mul { ty, a: b, b: a },
        Op::And { ty, a, b } if wrong(a, b) => Op::And { ty, a: b, b: a },
        Op::Or { ty, a, b } if wrong(a, b) => Op::Or { ty, a: b, b: a },
        Op::Xor { ty, a, b } if wrong(a, b) => Op::Xor { ty, a: b, b: a },
        Op::ICmp { ty, a, b, cc } if wrong(a, b) => Op::ICmp { ty, a: b, b: a, cc: cc.swapped() },
        _ => op,
    }
}

/// The result of a pure integer op whose operands are what `c` says; `None` if it does not know them all, or of another
/// op.
pub fn evaluate(op: &Op, c: impl Fn(Value) -> Option<u64>) -> Option<u64> {
    Some(match *op {
        Op::Add { ty, a, b } => int::add(ty, c(a)?, c(b)?),
        Op::Sub { ty, a, b } => int::sub(ty, c(a)?, c(b)?),
        Op::Mul { ty, a, b } => int::mul(ty, c(a)?, c(b)?),
        Op::UMulHigh { ty, a, b } => int::umul_high(ty, c(a)?, c(b)?),
        Op::SMulHigh { ty, a, b } => int::smul_high(ty, c(a)?, c(b)?),
        Op::UDiv { ty, a, b } => int::udiv(ty, c(a)?, c(b)?),
        Op::SDiv { ty, a, b } => int::sdiv(ty, c(a)?, c(b)?),
        Op::And { ty, a, b } => int::and(ty, c(a)?, c(b)?),
        Op::Or { ty, a, b } => int::or(ty, c(a)?, c(b)?),
        Op::Xor { ty, a, b } => int::xor(ty, c(a)?, c(b)?),
        Op::Not { ty, a } => int::not(ty, c(a)?),
        Op::Shl { ty, a, b } => int::shl(ty, c(a)?, c(b)?),
        Op::Shr { ty, a, b } => int::shr(ty, c(a)?, c(b)?),
        Op::Sar { ty, a, b } => int::sar(ty, c(a)?, c(b)?),
        Op::Rotr { ty, a, b } => int::rotr(ty, c(a)?, c(b)?),
        Op::Clz { ty, a } => int::clz(ty, c(a)?),
        Op::BitReverse { ty, a } => int::bit_reverse(ty, c(a)?),
        Op::ByteSwap { ty, a } => int::byte_swap(ty, c(a)?),
        Op::SExtLow { ty, a, size } => int::sext_low(ty, c(a)?, size),
        Op::ZExtLow { ty, a, size } => int::zext_low(ty, c(a)?, size),
        Op::SExt64 { a, .. } => int::sext64(c(a)?),
        Op::Trunc32 { a, .. } => int::trunc32(c(a)?),
        Op::ZExt64 { a, .. } | Op::FromBool { a, .. } | Op::Bitcast { a, .. } => c(a)?,
        Op::ICmp { ty, a, b, cc } => u64::from(cc.eval(ty, c(a)?, c(b)?)),
        Op::Select { c: cond, a, b, .. } if c(cond).is_some() => {
            if c(cond)? != 0 {
                c(a)?
            } else {
                c(b)?
            }
        }
        _ => return None,
    })
}

/// The constant's type when it is an integer or a truth value: what identities may compute with.
pub(super) fn integer_constant(out: &Output, v: Value) -> Option<u64> {
    match *out.def(v) {
        Op::Const { ty: Type::Bool | Type::I32 | Type::I64, imm } => Some(imm),
        _ => None,
    }
}
