//! Simplification of vector ops: halves that are taken apart and put together again, and constants.
//!
//! A constant vector is a `vjoin` of two constants.

use super::rewrite::{Becomes, Output};
use crate::for_each_vector_function;
use crate::interp::vector;
use crate::lanes::Lanes;
use crate::ops::Op;
use crate::types::Type;
use crate::value::Value;

/// Simplifies a vector op.
pub(super) fn simplify(out: &mut Output, op: Op) -> Becomes {
    if let Some(constant) = evaluate(out, &op) {
        let lo = out.constant(Type::I64, vector::low(constant));
        let hi = out.constant(Type::I64, vector::high(constant));
        return Becomes::Op(Op::VJoin { ty: Type::V128, lo, hi });
    }
    match op {
        Op::VJoin { lo, hi, .. } => match (*out.def(lo), *out.def(hi)) {
            (Op::VLow { a, .. }, Op::VHigh { a: b, .. }) if a == b => Becomes::Value(a),
            _ => Becomes::Op(op),
        },
        Op::VLow { a, .. } => match *out.def(a) {
            Op::VJoin { lo, .. } => Becomes::Value(lo),
            _ => Becomes::Op(op),
        },
        Op::VHigh { a, .. } => match *out.def(a) {
            Op::VJoin { hi, .. } => Becomes::Value(hi),
            _ => Becomes::Op(op),
        },
        Op::VExtract { ty, a, lanes, lane } => extract(out, ty, a, lanes, lane),
        Op::VNot { a, .. } => match *out.def(a) {
            Op::VNot { a, .. } => Becomes::Value(a),
            _ => Becomes::Op(op),
        },
        _ => Becomes::Op(op),
    }
}

fn extract(out: &mut Output, ty: Type, a: Value, lanes: Lanes, lane: u8) -> Becomes {
    if let Some(a) = constant(out, a) {
        return Becomes::Constant(Type::I64, vector::extract(lanes, lane, a));
    }
    match (lanes, lane) {
        (Lanes::D2, 0) => simplify(out, Op::VLow { ty, a }),
        (Lanes::D2, _) => simplify(out, Op::VHigh { ty, a }),
        _ => Becomes::Op(Op::VExtract { ty, a, lanes, lane }),
    }
}

/// The constant that a vector is, if it is one.
fn constant(out: &Output, v: Value) -> Option<u128> {
    match *out.def(v) {
        Op::VJoin { lo, hi, .. } => Some(vector::join(out.as_constant(lo)?, out.as_constant(hi)?)),
        _ => None,
    }
}

/// The result of an op on constants, by the interpreter's functions.
fn evaluate(out: &Output, op: &Op) -> Option<u128> {
    macro_rules! by_table {
        ($($variant:ident $method:ident $function:ident ($($x:ident),+) ($($i:ident: $it:ty),*);)*) => {
            match *op {
                $(Op::$variant { $($x,)+ $($i,)* .. } => {
                    $(let $x = constant(out, $x)?;)+
                    Some(vector::$function($($i,)* $($x),+))
                })*
                Op::VSplat { a, lanes, .. } => Some(vector::splat(lanes, out.as_constant(a)?)),
                _ => None,
            }
        };
    }
    for_each_vector_function!(by_table)
}
