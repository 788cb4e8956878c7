//! Algebraic identities. Constants are second operands here (`fold` has seen to that).

use super::fold::integer_constant;
use super::rewrite::{Becomes, Output};
use crate::interp::integer as int;
use crate::ops::Op;
use crate::types::{IntCc, MemSize, Type};
use crate::value::Value;

/// Simplifies an op.
pub(super) fn simplify(out: &mut Output, op: Op) -> Becomes {
    match op {
        Op::Add { .. } | Op::Sub { .. } => sum(out, op),
        Op::Mul { ty, a, b } => match integer_constant(out, b) {
            Some(0) => Becomes::Constant(ty, 0),
            Some(1) => Becomes::Value(a),
            _ => Becomes::Op(op),
        },
        Op::And { ty, a, b } => and(out, op, ty, a, b),
        Op::Or { ty, a, b } => or(out, op, ty, a, b),
        Op::Xor { ty, a, b } => xor(out, op, ty, a, b),
        Op::Not { a, .. } => not(out, op, a),
        Op::Shl { ty, a, b } | Op::Shr { ty, a, b } | Op::Sar { ty, a, b } | Op::Rotr { ty, a, b } => {
            match (integer_constant(out, b), joined(out, a)) {
                (Some(n), _) if n & u64::from(ty.bits() - 1) == 0 => Becomes::Value(a),
                (Some(32), Some((_, high))) if matches!(op, Op::Shr { .. }) => Becomes::Value(high),
                _ => Becomes::Op(op),
            }
        }
        Op::SExtLow { ty, a, size } => sext_low(out, op, ty, a, size),
        Op::ZExtLow { ty, a, size } => zext_low(out, op, ty, a, size),
        Op::Trunc32 { a, .. } => match *out.def(a) {
            Op::ZExt64 { a, .. } | Op::SExt64 { a, .. } => Becomes::Value(a),
            _ => joined(out, a).map_or(Becomes::Op(op), |(low, _)| Becomes::Value(low)),
        },
        Op::Select { c, a, b, .. } => select(out, op, c, a, b),
        Op::ICmp { ty, a, b, cc } => compare(out, op, ty, a, b, cc),
        Op::Bitcast { ty, a, from } => match *out.def(a) {
            _ if ty == from => Becomes::Value(a),
            Op::Bitcast { a, from, .. } if from == ty => Becomes::Value(a),
            _ => Becomes::Op(op),
        },
        _ => Becomes::Op(op),
    }
}

/// `zext64 high << 32 | zext64 low` as `low` and `zext64 high`: two registers as one, as in HI and LO of MIPS.
fn joined(out: &Output, v: Value) -> Option<(Value, Value)> {
    let Op::Or { a, b, .. } = *out.def(v) else { return None };
    let (shifted, Op::ZExt64 { a: low, .. }) = (a, *out.def(b)) else { return None };
    let Op::Shl { a: high, b: by, .. } = *out.def(shifted) else { return None };
    let whole = matches!(*out.def(high), Op::ZExt64 { .. }) && integer_constant(out, by) == Some(32);
    whole.then_some((low, high))
}

/// `x + c` as its parts; `x - c` too.
fn parts(out: &Output, v: Value) -> Option<(Value, u64)> {
    match *out.def(v) {
        Op::Add { a, b, .. } => Some((a, integer_constant(out, b)?)),
        Op::Sub { a, b, .. } => Some((a, integer_constant(out, b)?.wrapping_neg())),
        _ => None,
    }
}

/// Additions and subtractions of constants: none of 0, and one where there were two.
fn sum(out: &mut Output, op: Op) -> Becomes {
    let (ty, a, b, negative) = match op {
        Op::Add { ty, a, b } => (ty, a, b, false),
        Op::Sub { ty, a, b } => (ty, a, b, true),
        _ => return Becomes::Op(op),
    };
    if negative && a == b {
        return Becomes::Constant(ty, 0);
    }
    let Some(c) = integer_constant(out, b) else { return Becomes::Op(op) };
    if c == 0 {
        return Becomes::Value(a);
    }
    let Some((x, first)) = parts(out, a) else { return Becomes::Op(op) };
    let second = if negative { c.wrapping_neg() } else { c };
    let total = int::wrap(ty, first.wrapping_add(second));
    if total == 0 {
        return Becomes::Value(x);
    }
    let b = out.constant(ty, total);
    Becomes::Op(Op::Add { ty, a: x, b })
}

fn and(out: &mut Output, op: Op, ty: Type, a: Value, b: Value) -> Becomes {
    match integer_constant(out, b) {
        Some(0) => Becomes::Constant(ty, 0),
        Some(m) if m == ty.mask() => Becomes::Value(a),
        Some(m) => match *out.def(a) {
            Op::And { a: x, b: y, .. } if integer_constant(out, y).is_some() => {
                let both = m & integer_constant(out, y).unwrap_or_default();
                let b = out.constant(ty, both);
                Becomes::Op(Op::And { ty, a: x, b })
            }
            _ => Becomes::Op(op),
        },
        None if a == b => Becomes::Value(a),
        None => Becomes::Op(op),
    }
}

fn or(out: &Output, op: Op, ty: Type, a: Value, b: Value) -> Becomes {
    match integer_constant(out, b) {
        Some(0) => Becomes::Value(a),
        Some(m) if m == ty.mask() => Becomes::Constant(ty, m),
        None if a == b => Becomes::Value(a),
        _ => Becomes::Op(op),
    }
}

fn xor(out: &mut Output, op: Op, ty: Type, a: Value, b: Value) -> Becomes {
    match integer_constant(out, b) {
        Some(0) => Becomes::Value(a),
        Some(m) if m == ty.mask() => not(out, Op::Not { ty, a }, a),
        None if a == b => Becomes::Constant(ty, 0),
        _ => Becomes::Op(op),
    }
}

fn not(out: &Output, op: Op, a: Value) -> Becomes {
    match *out.def(a) {
        Op::Not { a, .. } => Becomes::Value(a),
        Op::ICmp { ty, a, b, cc } => Becomes::Op(Op::ICmp { ty, a, b, cc: cc.inverse() }),
        Op::Cond { ty, flags, cc } => Becomes::Op(Op::Cond { ty, flags, cc: cc.inverse() }),
        _ => Becomes::Op(op),
    }
}

/// What is known of the upper bits of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Upper {
    /// All bits from this one on are 0.
    Zero(u32),
    /// All bits from this one on equal the bit below it.
    Sign(u32),
    /// Nothing.
    Unknown,
}

fn upper(out: &Output, v: Value) -> Upper {
    match *out.def(v) {
        Op::ZExtLow { size, .. } => Upper::Zero(size.bits()),
        Op::SExtLow { size, .. } => Upper::Sign(size.bits()),
        Op::Load { mem, .. } | Op::LoadEx { mem, .. } | Op::Swap { mem, .. } => {
            if mem.sign {
                Upper::Sign(mem.size.bits())
            } else {
                Upper::Zero(mem.size.bits())
            }
        }
        Op::And { b, .. } => match integer_constant(out, b) {
            Some(m) => Upper::Zero(64 - m.leading_zeros()),
            None => Upper::Unknown,
        },
        Op::Shr { ty, b, .. } => match integer_constant(out, b) {
            Some(n) => Upper::Zero(ty.bits() - (n as u32 & (ty.bits() - 1))),
            None => Upper::Unknown,
        },
        Op::FromBool { .. } => Upper::Zero(1),
        _ => Upper::Unknown,
    }
}

fn sext_low(out: &Output, op: Op, ty: Type, a: Value, size: MemSize) -> Becomes {
    if size.bits() >= ty.bits() {
        return Becomes::Value(a);
    }
    match upper(out, a) {
        Upper::Sign(bits) if bits <= size.bits() => Becomes::Value(a),
        Upper::Zero(bits) if bits < size.bits() => Becomes::Value(a),
        _ => Becomes::Op(without_extension(out, op, a, size)),
    }
}

fn zext_low(out: &Output, op: Op, ty: Type, a: Value, size: MemSize) -> Becomes {
    if size.bits() >= ty.bits() {
        return Becomes::Value(a);
    }
    match upper(out, a) {
        Upper::Zero(bits) if bits <= size.bits() => Becomes::Value(a),
        _ => Becomes::Op(without_extension(out, op, a, size)),
    }
}

/// An extension of the low bits of an extension that does not touch them.
fn without_extension(out: &Output, op: Op, a: Value, size: MemSize) -> Op {
    let inner = match *out.def(a) {
        Op::SExtLow { a, size: inner, .. } | Op::ZExtLow { a, size: inner, .. }
            if inner.bits() >= size.bits() =>
        {
            a
        }
        Op::And { a, b, .. } if integer_constant(out, b).is_some_and(|m| m & size.mask() == size.mask()) => a,
        _ => return op,
    };
    match op {
        Op::SExtLow { ty, size, .. } => Op::SExtLow { ty, a: inner, size },
        Op::ZExtLow { ty, size, .. } => Op::ZExtLow { ty, a: inner, size },
        _ => op,
    }
}

fn select(out: &Output, op: Op, c: Value, a: Value, b: Value) -> Becomes {
    match (out.as_constant(c), *out.def(c)) {
        _ if a == b => Becomes::Value(a),
        (Some(0), _) => Becomes::Value(b),
        (Some(_), _) => Becomes::Value(a),
        (None, Op::Not { a: c, .. }) => match op {
            Op::Select { ty, .. } => Becomes::Op(Op::Select { ty, c, a: b, b: a }),
            _ => Becomes::Op(op),
        },
        _ => Becomes::Op(op),
    }
}

fn compare(out: &Output, op: Op, ty: Type, a: Value, b: Value, cc: IntCc) -> Becomes {
    if a == b {
        return Becomes::Constant(Type::Bool, u64::from(cc.eval(ty, 0, 0)));
    }
    match (integer_constant(out, b), cc) {
        (Some(0), IntCc::Ult) => Becomes::Constant(Type::Bool, 0),
        (Some(0), IntCc::Uge) => Becomes::Constant(Type::Bool, 1),
        // A truth value as an integer, compared with 0.
        (Some(0), IntCc::Ne | IntCc::Ugt) => match *out.def(a) {
            Op::FromBool { a, .. } => Becomes::Value(a),
            _ => Becomes::Op(op),
        },
        (Some(0), IntCc::Eq) => match *out.def(a) {
            Op::FromBool { a, .. } => not(out, Op::Not { ty: Type::Bool, a }, a),
            _ => Becomes::Op(op),
        },
        _ => Becomes::Op(op),
    }
}
