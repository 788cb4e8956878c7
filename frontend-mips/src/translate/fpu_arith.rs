//! Floating-point arithmetic, rounded to nearest on the host's FPU. Multiply-adds round twice, as release 2 processors
//! do.

use demotic_ir::{BlockBuilder, FpMode, Type, Value};

use super::Lifter;
use super::fpr::{S, float};
use crate::decode::args;

/// An op of one operand, as a method of the builder.
type UnaryOp = fn(&mut BlockBuilder, Type, Value, FpMode) -> Value;
/// An op of two operands, as a method of the builder.
type BinaryOp = fn(&mut BlockBuilder, Type, Value, Value, FpMode) -> Value;

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
        self.fp_unary(a.fmt, a.fd, a.fs, |b, ty, s, _| b.fabs(ty, s));
    }

    pub(super) fn neg_fmt(&mut self, a: args::NegFmt) {
        self.fp_unary(a.fmt, a.fd, a.fs, |b, ty, s, _| b.fneg(ty, s));
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
        let d = op(&mut self.b, float(fmt), s, FpMode::NEAREST);
        self.set_fpr(fmt, fd, d);
    }

    /// FPR[fd] ← FPR[fs] op FPR[ft].
    fn fp_binary(&mut self, fmt: u32, fd: u32, fs: u32, ft: u32, op: BinaryOp) {
        if self.reserved_fmt(fmt, &[fd, fs, ft]) {
            return;
        }
        let (s, t) = (self.fpr(fmt, fs), self.fpr(fmt, ft));
        let d = op(&mut self.b, float(fmt), s, t, FpMode::NEAREST);
        self.set_fpr(fmt, fd, d);
    }

    /// FPR[fd] ← ±((FPR[fs] × FPR[ft]) op FPR[fr]).
    fn fp_multiply(&mut self, fmt: u32, [fd, fr, fs, ft]: [u32; 4], op: BinaryOp, negate: bool) {
        if self.reserved_fmt(fmt, &[fd, fr, fs, ft]) {
            return;
        }
        let (s, t, r) = (self.fpr(fmt, fs), self.fpr(fmt, ft), self.fpr(fmt, fr));
        let product = self.b.fmul(float(fmt), s, t, FpMode::NEAREST);
        let mut d = op(&mut self.b, float(fmt), product, r, FpMode::NEAREST);
        if negate {
            d = self.b.fneg(float(fmt), d);
        }
        self.set_fpr(fmt, fd, d);
    }
}

/// 1 / s.
fn reciprocal(b: &mut BlockBuilder, ty: Type, s: Value, mode: FpMode) -> Value {
    let one = if ty == float(S) { u64::from(1f32.to_bits()) } else { 1f64.to_bits() };
    let one = b.const_(ty, one);
    b.fdiv(ty, one, s, mode)
}
