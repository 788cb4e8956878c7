//! What the floating-point ops compute, as calls of the soft-float.

use super::{FloatCall, FloatOp, Number};
use crate::ops::Op;
use crate::types::{FpMode, Type};
use crate::value::Value;

/// The format of a type, integers taken as signed or not.
fn number(ty: Type, signed: bool) -> Number {
    match (ty, signed) {
        (Type::F32, _) => Number::F32,
        (Type::F64, _) => Number::F64,
        (Type::I64, true) => Number::S64,
        (Type::I64, false) => Number::U64,
        (_, true) => Number::S32,
        (_, false) => Number::U32,
    }
}

impl Op {
    /// The soft-float call that computes the op, with its operands (the last one repeated up to three). A comparison's
    /// gives the [`Order`](super::Order), and nothing is said of whether it minds quiet NaNs. `None` for other ops, and
    /// for those that neither round nor raise anything.
    pub fn float_call(&self) -> Option<(FloatCall, [Value; 3])> {
        let within = |op, ty, mode| FloatCall::new(op, number(ty, true), mode);
        let convert = |from, to, mode: FpMode| FloatCall::convert(from, to, mode);
        Some(match *self {
            Op::FAdd { ty, a, b, mode } => (within(FloatOp::Add, ty, mode), [a, b, b]),
            Op::FSub { ty, a, b, mode } => (within(FloatOp::Sub, ty, mode), [a, b, b]),
            Op::FMul { ty, a, b, mode } => (within(FloatOp::Mul, ty, mode), [a, b, b]),
            Op::FDiv { ty, a, b, mode } => (within(FloatOp::Div, ty, mode), [a, b, b]),
            Op::FSqrt { ty, a, mode } => (within(FloatOp::Sqrt, ty, mode), [a; 3]),
            Op::FFma { ty, a, b, c, mode } => (within(FloatOp::Fma, ty, mode), [a, b, c]),
            Op::FRound { ty, a, mode } => (within(FloatOp::Round, ty, mode), [a; 3]),
            Op::FCmp { ty, a, b, mode, .. } => (within(FloatOp::Compare, ty, mode), [a, b, b]),
            Op::FToS { ty, a, from, mode } => (convert(number(from, true), number(ty, true), mode), [a; 3]),
            Op::FToU { ty, a, from, mode } => (convert(number(from, true), number(ty, false), mode), [a; 3]),
            Op::FFromS { ty, a, from, mode } => (convert(number(from, true), number(ty, true), mode), [a; 3]),
            Op::FFromU { ty, a, from, mode } => {
                (convert(number(from, false), number(ty, true), mode), [a; 3])
            }
            Op::FPromote { a, mode, .. } => (convert(Number::F32, Number::F64, mode), [a; 3]),
            Op::FDemote { a, mode, .. } => (convert(Number::F64, Number::F32, mode), [a; 3]),
            Op::FSoft { a, b, c, call, .. } => (call, [a, b, c]),
            _ => return None,
        })
    }
}
