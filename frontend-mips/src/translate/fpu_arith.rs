//! Floating-point arithmetic. Multiply-adds round twice; release 6 has others, which round once.

use demotic_ir::{BlockBuilder, FloatCc, FpMode, Type, Value};

use super::Lifter;
use super::fpr::{S, float};
use crate::decode::args;

/// An op of one operand, as a method of the builder.
type UnaryOp = fn(&mut BlockBuilder, Type, Value, FpMode) -> Value;
/// An op of two operands, as a method of the builder.
type BinaryOp = fn(&mut BlockBuilder, Type, Value, Value, FpMode) -> Value;
/// An op on the sign bit, as a method of the builder.
type SignOp = fn(&mut BlockBuilder, Type, Value) -> Value;

impl Lifter<'_> {
    pub(super) fn add_fmt(&mut self, a: args::AddFmt) {
        self.fp_binary(a.fmt, a.fd, a.fs, a.ft, BlockBuilder::fadd);
    }

    pub(super) fn sub_fmt(&mut self, a: args::SubFmt) {
        self.fp_binary(a.fmt, a.fd, a.fs, a.ft, BlockBuilder::fsub);
    }

    pub(super) fn mul_fmt(&mut self, a: args::MulFmt) {
        self.fp_binary(a.fmt, a.fd, a.fs, a.ft, BlockBuilder::fmul);
    }

    pub(super) fn div_fmt(&mut self, a: args::DivFmt) {
        self.fp_binary(a.fmt, a.fd, a.fs, a.ft, BlockBuilder::fdiv);
    }

    pub(super) fn sqrt_fmt(&mut self, a: args::SqrtFmt) {
        self.fp_unary(a.fmt, a.fd, a.fs, BlockBuilder::fsqrt);
    }

    pub(super) fn abs_fmt(&mut self, a: args::AbsFmt) {
        self.change_sign(a.fmt, a.fd, a.fs, BlockBuilder::fabs);
    }

    pub(super) fn neg_fmt(&mut self, a: args::NegFmt) {
        self.change_sign(a.fmt, a.fd, a.fs, BlockBuilder::fneg);
    }

    pub(super) fn recip_fmt(&mut self, a: args::RecipFmt) {
        self.fp_unary(a.fmt, a.fd, a.fs, reciprocal);
    }

    pub(super) fn rsqrt_fmt(&mut self, a: args::RsqrtFmt) {
        self.fp_unary(a.fmt, a.fd, a.fs, |b, ty, s, mode| {
            let root = b.fsqrt(ty, s, mode);
            reciprocal(b, ty, root, mode)
        });
    }

    pub(super) fn madd_fmt(&mut self, a: args::MaddFmt) {
        self.fp_multiply(a.fmt, [a.fd, a.fr, a.fs, a.ft], BlockBuilder::fadd, false);
    }

    pub(super) fn msub_fmt(&mut self, a: args::MsubFmt) {
        self.fp_multiply(a.fmt, [a.fd, a.fr, a.fs, a.ft], BlockBuilder::fsub, false);
    }

    pub(super) fn nmadd_fmt(&mut self, a: args::NmaddFmt) {
        self.fp_multiply(a.fmt, [a.fd, a.fr, a.fs, a.ft], BlockBuilder::fadd, true);
    }

    pub(super) fn nmsub_fmt(&mut self, a: args::NmsubFmt) {
        self.fp_multiply(a.fmt, [a.fd, a.fr, a.fs, a.ft], BlockBuilder::fsub, true);
    }

    /// FPR[fd] ← op FPR[fs].
    fn fp_unary(&mut self, fmt: u32, fd: u32, fs: u32, op: UnaryOp) {
        if self.reserved_fmt(fmt, &[fd, fs]) {
            return;
        }
        let s = self.fpr(fmt, fs);
        let mode = self.fp_mode();
        let d = op(&mut self.b, float(fmt), s, mode);
        self.set_fpr(fmt, fd, d);
    }

    /// FPR[fd] ← FPR[fs] op FPR[ft].
    fn fp_binary(&mut self, fmt: u32, fd: u32, fs: u32, ft: u32, op: BinaryOp) {
        if self.reserved_fmt(fmt, &[fd, fs, ft]) {
            return;
        }
        let (s, t) = (self.fpr(fmt, fs), self.fpr(fmt, ft));
        let mode = self.fp_mode();
        let d = op(&mut self.b, float(fmt), s, t, mode);
        self.set_fpr(fmt, fd, d);
    }

    /// FPR[fd] ← ±((FPR[fs] × FPR[ft]) op FPR[fr]).
    fn fp_multiply(&mut self, fmt: u32, [fd, fr, fs, ft]: [u32; 4], op: BinaryOp, negate: bool) {
        if self.reserved_fmt(fmt, &[fd, fr, fs, ft]) {
            return;
        }
        let operands = [fr, fs, ft].map(|n| self.fpr(fmt, n));
        let d = self.fp_multiply_add(fmt, operands, op, negate);
        self.set_fpr(fmt, fd, d);
    }

    /// ±((s × t) op r).
    pub(super) fn fp_multiply_add(
        &mut self,
        fmt: u32,
        [r, s, t]: [Value; 3],
        op: BinaryOp,
        negate: bool,
    ) -> Value {
        let mode = self.fp_mode();
        let product = self.b.fmul(float(fmt), s, t, mode);
        let d = op(&mut self.b, float(fmt), product, r, mode);
        if negate { self.b.fneg(float(fmt), d) } else { d }
    }

    /// `s` with another sign. Without ABS2008 that is arithmetic, which leaves the sign of NaNs alone.
    pub(super) fn with_sign(&mut self, fmt: u32, s: Value, op: SignOp) -> Value {
        let changed = op(&mut self.b, float(fmt), s);
        if self.config.abs2008 {
            return changed;
        }
        // Rounding does nothing to a NaN but make it quiet.
        let nan = self.is_nan(fmt, s);
        let quiet = self.b.fround(float(fmt), s, self.fp_mode());
        self.b.select(float(fmt), nan, quiet, changed)
    }

    /// Whether `s` is a NaN.
    pub(super) fn is_nan(&mut self, fmt: u32, s: Value) -> Value {
        self.b.fcmp(float(fmt), s, s, FloatCc::Uno, self.fp_mode())
    }

    /// FPR[fd] ← FPR[fs] with another sign.
    fn change_sign(&mut self, fmt: u32, fd: u32, fs: u32, op: SignOp) {
        if !self.reserved_fmt(fmt, &[fd, fs]) {
            let s = self.fpr(fmt, fs);
            let d = self.with_sign(fmt, s, op);
            self.set_fpr(fmt, fd, d);
        }
    }
}

/// 1 / s.
fn reciprocal(b: &mut BlockBuilder, ty: Type, s: Value, mode: FpMode) -> Value {
    let one = if ty == float(S) { u64::from(1f32.to_bits()) } else { 1f64.to_bits() };
    let one = b.const_(ty, one);
    b.fdiv(ty, one, s, mode)
}
