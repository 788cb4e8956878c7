//! Operations as values.

use super::format::Number;
use super::{Exceptions, Soft};
use crate::guest::NanRule;
use crate::types::{FpMode, Rounding, text_enum};

text_enum! {
    /// A floating-point operation.
    FloatOp {
        /// `a + b`.
        Add = "add",
        /// `a - b`.
        Sub = "sub",
        /// `a × b`.
        Mul = "mul",
        /// `a / b`.
        Div = "div",
        /// The square root of `a`.
        Sqrt = "sqrt",
        /// `a × b + c`, rounded once.
        Fma = "fma",
        /// `a` as an integral value.
        Round = "round",
        /// The same; that it is not what `a` was is inexact.
        RoundInexact = "round_inexact",
        /// ARM's estimate of `1 / a`.
        RecipEstimate = "recip_estimate",
        /// ARM's estimate of `1 / √a`.
        RecipSqrtEstimate = "recip_sqrt_estimate",
        /// The smaller one; NaNs propagate.
        Min = "min",
        /// The larger one; NaNs propagate.
        Max = "max",
        /// The smaller one; numbers win over quiet NaNs.
        MinNum = "min_num",
        /// The larger one; numbers win over quiet NaNs.
        MaxNum = "max_num",
        /// The one of smaller magnitude; numbers win over quiet NaNs.
        MinNumMagnitude = "min_num_magnitude",
        /// The one of larger magnitude; numbers win over quiet NaNs.
        MaxNumMagnitude = "max_num_magnitude",
        /// Comparison: 0 less, 1 equal, 2 greater, 3 unordered. Signalling NaNs are invalid.
        Compare = "compare",
        /// The same; all NaNs are invalid.
        CompareSignalling = "compare_signalling",
        /// `a` as another kind of number.
        Convert = "convert",
        /// JavaScript's conversion of a binary64 number to a 32-bit integer; bit 32 says that it is exact.
        JsConvert = "js_convert",
    }
}

/// A floating-point operation with all that determines its result besides operands and the guest's NaN rule.
///
/// Text form: operation, operand format, result format, fraction bits, mode, joined by colons: `convert:f32:s32:0:rz`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FloatCall {
    /// The operation.
    pub op: FloatOp,
    /// The format of the operands.
    pub from: Number,
    /// The format of the result.
    pub to: Number,
    /// Bits behind the point of a fixed-point number.
    pub fraction: u8,
    /// How it is done.
    pub mode: FpMode,
}

impl FloatCall {
    /// An operation within one format.
    pub const fn new(op: FloatOp, format: Number, mode: FpMode) -> FloatCall {
        FloatCall { op, from: format, to: format, fraction: 0, mode }
    }

    /// A conversion.
    pub const fn convert(from: Number, to: Number, mode: FpMode) -> FloatCall {
        FloatCall { op: FloatOp::Convert, from, to, fraction: 0, mode }
    }

    /// The result of the operation on up to three operands, and what it raises.
    pub fn evaluate(&self, rule: NanRule, [a, b, c]: [u64; 3]) -> (u64, Exceptions) {
        let mut soft = Soft::new(self.mode, rule);
        let f = self.from;
        let result = match self.op {
            FloatOp::Add => soft.add(f, a, b),
            FloatOp::Sub => soft.sub(f, a, b),
            FloatOp::Mul => soft.mul(f, a, b),
            FloatOp::Div => soft.div(f, a, b),
            FloatOp::Sqrt => soft.sqrt(f, a),
            FloatOp::Fma => soft.fma(f, a, b, c),
            FloatOp::Round => soft.round_to_integral(f, a, false),
            FloatOp::RoundInexact => soft.round_to_integral(f, a, true),
            FloatOp::RecipEstimate => soft.recip_estimate(f, a),
            FloatOp::RecipSqrtEstimate => soft.recip_sqrt_estimate(f, a),
            FloatOp::Min => soft.min(f, a, b),
            FloatOp::Max => soft.max(f, a, b),
            FloatOp::MinNum => soft.min_num(f, a, b),
            FloatOp::MaxNum => soft.max_num(f, a, b),
            FloatOp::MinNumMagnitude => soft.min_num_magnitude(f, a, b),
            FloatOp::MaxNumMagnitude => soft.max_num_magnitude(f, a, b),
            FloatOp::Compare => soft.compare(f, a, b, false) as u64,
            FloatOp::CompareSignalling => soft.compare(f, a, b, true) as u64,
            FloatOp::Convert => soft.convert(f, self.to, self.fraction, a),
            FloatOp::JsConvert => soft.js_convert(a),
        };
        (result, soft.raised)
    }

    /// The call in one word, which [`FloatCall::decode`] reads.
    pub fn encode(&self) -> u32 {
        let mode =
            self.mode.round as u32 | u32::from(self.mode.flush) << 3 | u32::from(self.mode.default_nan) << 4;
        self.op as u32
            | (self.from as u32) << 5
            | (self.to as u32) << 9
            | u32::from(self.fraction & 63) << 13
            | mode << 19
    }

    /// The call that a word stands for, if it stands for one.
    pub fn decode(word: u32) -> Option<FloatCall> {
        let field = |shift: u32, bits: u32| (word >> shift & ((1 << bits) - 1)) as usize;
        Some(FloatCall {
            op: *FloatOp::ALL.get(field(0, 5))?,
            from: *Number::ALL.get(field(5, 4))?,
            to: *Number::ALL.get(field(9, 4))?,
            fraction: field(13, 6) as u8,
            mode: FpMode {
                round: *Rounding::ALL.get(field(19, 3))?,
                flush: field(22, 1) != 0,
                default_nan: field(23, 1) != 0,
            },
        })
    }
}
