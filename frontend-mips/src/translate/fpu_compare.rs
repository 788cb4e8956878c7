//! Floating-point comparison and the branches on its result.

use demotic_ir::Type::Bool;
use demotic_ir::{FloatCc, FpMode, Value};

use super::Lifter;
use super::fpr::float;
use crate::decode::args;

impl Lifter<'_> {
    /// Bit 3 of the condition asks for an exception that is never enabled, so it makes no difference.
    pub(super) fn c_cond_fmt(&mut self, a: args::CCondFmt) {
        if self.reserved_fmt(a.fmt, &[a.fs, a.ft]) {
            return;
        }
        let (s, t) = (self.fpr(a.fmt, a.fs), self.fpr(a.fmt, a.ft));
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

    /// Condition bits: 2 less than, 1 equal, 0 unordered.
    fn float_condition(&mut self, fmt: u32, bits: u32, s: Value, t: Value) -> Value {
        let ty = float(fmt);
        match bits {
            0 => self.b.bool(false),
            1 => self.b.fcmp(ty, s, t, FloatCc::Uno, FpMode::NEAREST),
            2 => self.b.fcmp(ty, s, t, FloatCc::Eq, FpMode::NEAREST),
            3 => {
                let unordered = self.b.fcmp(ty, s, t, FloatCc::Uno, FpMode::NEAREST);
                let equal = self.b.fcmp(ty, s, t, FloatCc::Eq, FpMode::NEAREST);
                self.b.or(Bool, unordered, equal)
            }
            4 => self.b.fcmp(ty, s, t, FloatCc::Lt, FpMode::NEAREST),
            5 => {
                let not_less = self.b.fcmp(ty, s, t, FloatCc::Ge, FpMode::NEAREST);
                self.b.not(Bool, not_less)
            }
            6 => self.b.fcmp(ty, s, t, FloatCc::Le, FpMode::NEAREST),
            _ => {
                let greater = self.b.fcmp(ty, s, t, FloatCc::Gt, FpMode::NEAREST);
                self.b.not(Bool, greater)
            }
        }
    }
}
