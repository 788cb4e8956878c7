//! Operations on the lanes of vectors.

use super::{Exceptions, FloatCall, FloatOp, Number, Soft};
use crate::guest::NanRule;
use crate::interp::vector;
use crate::lanes::Lanes;
use crate::ops::Op;
use crate::types::{FloatCc, FpMode, Rounding};
use crate::value::Value;

/// Calls the macro `$m` with those vector ops that compute in floating point and have `lanes` and `mode`: a row gives
/// variant, method and operands.
#[macro_export]
macro_rules! for_each_vector_float {
    ($m:ident) => {
        $m! {
            VFAdd vfadd (a, b);
            VFSub vfsub (a, b);
            VFMul vfmul (a, b);
            VFDiv vfdiv (a, b);
            VFSqrt vfsqrt (a);
            VFFma vfma (a, b, c);
            VFFromS vf_from_s (a);
            VFFromU vf_from_u (a);
            VFToS vf_to_s (a);
            VFToU vf_to_u (a);
        }
    };
}

impl Lanes {
    /// The floating-point format of lanes. The verifier refuses bytes.
    pub fn float(self) -> Number {
        match self {
            Lanes::B16 | Lanes::H8 => Number::F16,
            Lanes::W4 => Number::F32,
            Lanes::D2 => Number::F64,
        }
    }

    fn integer(self, signed: bool) -> Number {
        match (self, signed) {
            (Lanes::B16 | Lanes::H8, true) => Number::S16,
            (Lanes::B16 | Lanes::H8, false) => Number::U16,
            (Lanes::W4, true) => Number::S32,
            (Lanes::W4, false) => Number::U32,
            (Lanes::D2, true) => Number::S64,
            (Lanes::D2, false) => Number::U64,
        }
    }

    /// Lanes as wide as a number.
    pub(crate) fn of(number: Number) -> Lanes {
        match number.bits() {
            64 => Lanes::D2,
            32 => Lanes::W4,
            _ => Lanes::H8,
        }
    }
}

impl Op {
    /// What a floating-point vector op does with each lane of its operands. Comparisons are none of them.
    pub fn vector_float_call(&self) -> Option<(FloatCall, [Value; 3])> {
        let within = |op, lanes: Lanes, mode| FloatCall::new(op, lanes.float(), mode);
        let towards_zero = |mode: FpMode| mode.rounding(Rounding::Zero);
        Some(match *self {
            Op::VFAdd { a, b, lanes, mode, .. } => (within(FloatOp::Add, lanes, mode), [a, b, b]),
            Op::VFSub { a, b, lanes, mode, .. } => (within(FloatOp::Sub, lanes, mode), [a, b, b]),
            Op::VFMul { a, b, lanes, mode, .. } => (within(FloatOp::Mul, lanes, mode), [a, b, b]),
            Op::VFDiv { a, b, lanes, mode, .. } => (within(FloatOp::Div, lanes, mode), [a, b, b]),
            Op::VFSqrt { a, lanes, mode, .. } => (within(FloatOp::Sqrt, lanes, mode), [a; 3]),
            Op::VFFma { a, b, c, lanes, mode, .. } => (within(FloatOp::Fma, lanes, mode), [a, b, c]),
            Op::VFFromS { a, lanes, mode, .. } => {
                (FloatCall::convert(lanes.integer(true), lanes.float(), mode), [a; 3])
            }
            Op::VFFromU { a, lanes, mode, .. } => {
                (FloatCall::convert(lanes.integer(false), lanes.float(), mode), [a; 3])
            }
            Op::VFToS { a, lanes, mode, .. } => {
                (FloatCall::convert(lanes.float(), lanes.integer(true), towards_zero(mode)), [a; 3])
            }
            Op::VFToU { a, lanes, mode, .. } => {
                (FloatCall::convert(lanes.float(), lanes.integer(false), towards_zero(mode)), [a; 3])
            }
            _ => return None,
        })
    }
}

impl FloatCall {
    /// The operation on each lane of up to three vectors, and what it raises in any of them. The formats of operands
    /// and result are equally wide.
    pub fn evaluate_lanes(&self, rule: NanRule, operands: [u128; 3]) -> (u128, Exceptions) {
        let lanes = Lanes::of(self.from);
        let mut raised = Exceptions::NONE;
        let mut result = 0;
        for lane in 0..lanes.count() as u8 {
            let words = operands.map(|v| vector::extract(lanes, lane, v));
            let (word, exceptions) = self.evaluate(rule, words);
            raised |= exceptions;
            result = vector::insert(lanes, lane, result, word);
        }
        (result, raised)
    }
}

/// All ones in the lanes for which a comparison holds.
pub fn compare_lanes(lanes: Lanes, cc: FloatCc, mode: FpMode, rule: NanRule, a: u128, b: u128) -> u128 {
    let mut soft = Soft::new(mode, rule);
    (0..lanes.count() as u8).fold(0, |result, lane| {
        let (x, y) = (vector::extract(lanes, lane, a), vector::extract(lanes, lane, b));
        let holds = soft.compare(lanes.float(), x, y, false).satisfies(cc);
        vector::insert(lanes, lane, result, if holds { u64::MAX } else { 0 })
    })
}
