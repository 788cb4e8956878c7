//! Floating-point comparison and the branches on its result.

use demotic_ir::Type::Bool;
use demotic_ir::softfloat::{FloatCall, FloatOp};
use demotic_ir::{FloatCc, Value};

use super::Lifter;
use super::fpr::{float, number};
use crate::decode::args;

impl Lifter<'_> {
    /// Bit 3 of the condition makes quiet NaNs invalid operands.
    pub(super) fn c_cond_fmt(&mut self, a: args::CCondFmt) {
        if self.reserved_fmt(a.fmt, &[a.fs, a.ft]) {
            return;
        }
        let (s, t) = (self.fpr(a.fmt, a.fs), self.fpr(a.fmt, a.ft));
        self.comparison_raises(a.fmt, a.n & 8 != 0, s, t);
        let cond = self.float_condition(a.fmt, a.n & 7, s, t);
        self.set_condition(a.cc, cond);
    }

    pub(super) fn bc1f(&mut self, a: args::Bc1f) {
        let cond = self.condition_false(a.cc);
        self.branch(cond, self.target(a.offset));
    }

    pub(super) fn bc1t(&mut self, a: args::Bc1t) {
        let cond = self.condition(a.cc);
        self.branch(cond, self.target(a.offset));
    }

    pub(super) fn bc1fl(&mut self, a: args::Bc1fl) {
        let cond = self.condition_false(a.cc);
        self.branch_likely(cond, self.target(a.offset));
    }

    pub(super) fn bc1tl(&mut self, a: args::Bc1tl) {
        let cond = self.condition(a.cc);
        self.branch_likely(cond, self.target(a.offset));
    }

    /// Whether condition code `cc` is clear.
    pub(super) fn condition_false(&mut self, cc: u32) -> Value {
        let cond = self.condition(cc);
        self.b.not(Bool, cond)
    }

    /// Raises the exceptions of comparing `s` and `t`.
    pub(super) fn comparison_raises(&mut self, fmt: u32, signalling: bool, s: Value, t: Value) {
        let op = if signalling { FloatOp::CompareSignalling } else { FloatOp::Compare };
        let call = FloatCall::new(op, number(fmt), self.fp_mode());
        self.b.raise(call, [s, t, t]);
    }

    /// Condition bits: 2 less than, 1 equal, 0 unordered.
    pub(super) fn float_condition(&mut self, fmt: u32, bits: u32, s: Value, t: Value) -> Value {
        let (ty, mode) = (float(fmt), self.fp_mode());
        match bits {
            0 => self.b.bool(false),
            1 => self.b.fcmp(ty, s, t, FloatCc::Uno, mode),
            2 => self.b.fcmp(ty, s, t, FloatCc::Eq, mode),
            3 => {
                let unordered = self.b.fcmp(ty, s, t, FloatCc::Uno, mode);
                let equal = self.b.fcmp(ty, s, t, FloatCc::Eq, mode);
                self.b.or(Bool, unordered, equal)
            }
            4 => self.b.fcmp(ty, s, t, FloatCc::Lt, mode),
            5 => {
                let not_less = self.b.fcmp(ty, s, t, FloatCc::Ge, mode);
                self.b.not(Bool, not_less)
            }
            6 => self.b.fcmp(ty, s, t, FloatCc::Le, mode),
            _ => {
                let greater = self.b.fcmp(ty, s, t, FloatCc::Gt, mode);
                self.b.not(Bool, greater)
            }
        }
    }
}
