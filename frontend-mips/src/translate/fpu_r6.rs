//! The floating-point instructions that release 6 adds.

use demotic_ir::Type::{Bool, I32};
use demotic_ir::softfloat::{FloatCall, FloatOp};
use demotic_ir::{IntCc, Value};

use super::Lifter;
use super::fpr::{S, float, integer, number};
use crate::decode::args;

/// The results of CLASS for negative numbers; those for positive ones are 4 bits higher.
mod class {
    pub(super) const SIGNALLING: u64 = 1;
    pub(super) const QUIET: u64 = 1 << 1;
    pub(super) const INFINITY: u64 = 1 << 2;
    pub(super) const NORMAL: u64 = 1 << 3;
    pub(super) const SUBNORMAL: u64 = 1 << 4;
    pub(super) const ZERO: u64 = 1 << 5;
}

impl Lifter<'_> {
    pub(super) fn bc1eqz(&mut self, a: args::Bc1eqz) {
        let cond = self.fpr_bit0(a.ft, IntCc::Eq);
        self.branch(cond, self.target(a.offset));
    }

    pub(super) fn bc1nez(&mut self, a: args::Bc1nez) {
        let cond = self.fpr_bit0(a.ft, IntCc::Ne);
        self.branch(cond, self.target(a.offset));
    }

    /// Condition bits: 4 negated, 3 quiet NaNs are invalid, the others as in C.cond.fmt. The result is all ones or all
    /// zeros.
    pub(super) fn cmp_cond_fmt(&mut self, a: args::CmpCondFmt) {
        let (s, t) = (self.fpr(a.fmt, a.fs), self.fpr(a.fmt, a.ft));
        self.comparison_raises(a.fmt, a.n & 8 != 0, s, t);
        let mut cond = self.float_condition(a.fmt, a.n & 7, s, t);
        if a.n & 16 != 0 {
            cond = self.b.not(Bool, cond);
        }
        let ty = integer(a.fmt);
        let (ones, zeros) = (self.b.const_(ty, u64::MAX >> (64 - ty.bits())), self.b.const_(ty, 0));
        let mask = self.b.select(ty, cond, ones, zeros);
        self.set_fpr_bits(a.fmt, a.fd, mask);
    }

    pub(super) fn sel_fmt(&mut self, a: args::SelFmt) {
        let cond = self.fpr_bit0(a.fd, IntCc::Ne);
        let (t, s) = (self.fpr_bits(a.fmt, a.ft), self.fpr_bits(a.fmt, a.fs));
        let d = self.b.select(integer(a.fmt), cond, t, s);
        self.set_fpr_bits(a.fmt, a.fd, d);
    }

    pub(super) fn seleqz_fmt(&mut self, a: args::SeleqzFmt) {
        let cond = self.fpr_bit0(a.ft, IntCc::Eq);
        self.fpr_or_zero(cond, a.fmt, a.fd, a.fs);
    }

    pub(super) fn selnez_fmt(&mut self, a: args::SelnezFmt) {
        let cond = self.fpr_bit0(a.ft, IntCc::Ne);
        self.fpr_or_zero(cond, a.fmt, a.fd, a.fs);
    }

    pub(super) fn min_fmt(&mut self, a: args::MinFmt) {
        self.extreme(a.fmt, [a.fd, a.fs, a.ft], FloatOp::MinNum);
    }

    pub(super) fn mina_fmt(&mut self, a: args::MinaFmt) {
        self.extreme(a.fmt, [a.fd, a.fs, a.ft], FloatOp::MinNumMagnitude);
    }

    pub(super) fn max_fmt(&mut self, a: args::MaxFmt) {
        self.extreme(a.fmt, [a.fd, a.fs, a.ft], FloatOp::MaxNum);
    }

    pub(super) fn maxa_fmt(&mut self, a: args::MaxaFmt) {
        self.extreme(a.fmt, [a.fd, a.fs, a.ft], FloatOp::MaxNumMagnitude);
    }

    pub(super) fn maddf_fmt(&mut self, a: args::MaddfFmt) {
        let (s, t, d) = (self.fpr(a.fmt, a.fs), self.fpr(a.fmt, a.ft), self.fpr(a.fmt, a.fd));
        let sum = self.b.ffma(float(a.fmt), s, t, d, self.fp_mode());
        self.set_fpr(a.fmt, a.fd, sum);
    }

    /// The sign of a factor is flipped, but not that of a NaN, which may be the result.
    pub(super) fn msubf_fmt(&mut self, a: args::MsubfFmt) {
        let ty = float(a.fmt);
        let (s, t, d) = (self.fpr(a.fmt, a.fs), self.fpr(a.fmt, a.ft), self.fpr(a.fmt, a.fd));
        let (nan, negated) = (self.is_nan(a.fmt, s), self.b.fneg(ty, s));
        let s = self.b.select(ty, nan, s, negated);
        let difference = self.b.ffma(ty, s, t, d, self.fp_mode());
        self.set_fpr(a.fmt, a.fd, difference);
    }

    pub(super) fn rint_fmt(&mut self, a: args::RintFmt) {
        let s = self.fpr(a.fmt, a.fs);
        let rounded = self.b.fround(float(a.fmt), s, self.fp_mode());
        let inexact = FloatCall::new(FloatOp::RoundInexact, number(a.fmt), self.fp_mode());
        self.b.raise(inexact, [s, s, s]);
        self.set_fpr(a.fmt, a.fd, rounded);
    }

    pub(super) fn class_fmt(&mut self, a: args::ClassFmt) {
        let ty = integer(a.fmt);
        let (sign, infinity, quiet, normal) = match a.fmt {
            S => (1 << 31, 0x7f80_0000, 1 << 22, 1 << 23),
            _ => (1 << 63, 0x7ff0_0000_0000_0000, 1 << 51, 1 << 52),
        };
        let s = self.fpr_bits(a.fmt, a.fs);
        let magnitude_bits = self.b.const_(ty, sign - 1);
        let magnitude = self.b.and(ty, s, magnitude_bits);
        let below = |lifter: &mut Self, limit: u64, cc: IntCc, then: u64, otherwise: Value| {
            let (limit, then) = (lifter.b.const_(ty, limit), lifter.b.const_(ty, then));
            let cond = lifter.b.icmp(ty, magnitude, limit, cc);
            lifter.b.select(ty, cond, then, otherwise)
        };
        // What a number is, the sign aside.
        let kind = self.b.const_(ty, class::INFINITY);
        let kind = below(self, infinity, IntCc::Ult, class::NORMAL, kind);
        let kind = below(self, normal, IntCc::Ult, class::SUBNORMAL, kind);
        let kind = below(self, 0, IntCc::Eq, class::ZERO, kind);
        let (zero, four) = (self.b.const_(ty, 0), self.b.const_(ty, 4));
        let positive = self.b.shl(ty, kind, four);
        let negative = self.b.icmp(ty, s, zero, IntCc::Slt);
        let kind = self.b.select(ty, negative, kind, positive);
        // NaNs are above infinity.
        let signalling = self.b.const_(ty, class::SIGNALLING);
        let nan = below(self, infinity + quiet, IntCc::Uge, class::QUIET, signalling);
        let limit = self.b.const_(ty, infinity);
        let is_nan = self.b.icmp(ty, magnitude, limit, IntCc::Ugt);
        let result = self.b.select(ty, is_nan, nan, kind);
        self.set_fpr_bits(a.fmt, a.fd, result);
    }

    /// Bit 0 of FPR[n] cc 0.
    pub(super) fn fpr_bit0(&mut self, n: u32, cc: IntCc) -> Value {
        let (word, one) = (self.fpr_word(n), self.b.i32(1));
        let bit = self.b.and(I32, word, one);
        let zero = self.b.i32(0);
        self.b.icmp(I32, bit, zero, cc)
    }

    /// FPR[fd] ← FPR[fs] if `cond`, else 0.
    fn fpr_or_zero(&mut self, cond: Value, fmt: u32, fd: u32, fs: u32) {
        let (s, zero) = (self.fpr_bits(fmt, fs), self.b.const_(integer(fmt), 0));
        let d = self.b.select(integer(fmt), cond, s, zero);
        self.set_fpr_bits(fmt, fd, d);
    }

    /// FPR[fd] ← the smaller or the larger of FPR[fs] and FPR[ft], as `op` says.
    fn extreme(&mut self, fmt: u32, [fd, fs, ft]: [u32; 3], op: FloatOp) {
        let (s, t) = (self.fpr(fmt, fs), self.fpr(fmt, ft));
        let call = FloatCall::new(op, number(fmt), self.fp_mode());
        let d = self.b.fsoft(float(fmt), s, t, t, call);
        self.set_fpr(fmt, fd, d);
    }
}
