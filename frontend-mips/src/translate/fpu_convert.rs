//! Conversions between the floating-point formats S and D and the integer formats W and L.

use demotic_ir::Rounding::{Down, Nearest, Up, Zero};
use demotic_ir::Type::{F32, F64, I32, I64};
use demotic_ir::softfloat::{FloatCall, Number};
use demotic_ir::{FloatCc, Rounding, Type, Value};

use super::Lifter;
use super::fpr::{D, S, float, number};
use crate::decode::args;

impl Lifter<'_> {
    pub(super) fn round_w(&mut self, a: args::RoundW) {
        self.convert_to_word(a.fmt, a.fd, a.fs, Nearest);
    }

    pub(super) fn trunc_w(&mut self, a: args::TruncW) {
        self.convert_to_word(a.fmt, a.fd, a.fs, Zero);
    }

    pub(super) fn ceil_w(&mut self, a: args::CeilW) {
        self.convert_to_word(a.fmt, a.fd, a.fs, Up);
    }

    pub(super) fn floor_w(&mut self, a: args::FloorW) {
        self.convert_to_word(a.fmt, a.fd, a.fs, Down);
    }

    pub(super) fn cvt_w(&mut self, a: args::CvtW) {
        self.convert_to_word(a.fmt, a.fd, a.fs, self.fp_mode().round);
    }

    pub(super) fn round_l(&mut self, a: args::RoundL) {
        self.convert_to_long(a.fmt, a.fd, a.fs, Nearest);
    }

    pub(super) fn trunc_l(&mut self, a: args::TruncL) {
        self.convert_to_long(a.fmt, a.fd, a.fs, Zero);
    }

    pub(super) fn ceil_l(&mut self, a: args::CeilL) {
        self.convert_to_long(a.fmt, a.fd, a.fs, Up);
    }

    pub(super) fn floor_l(&mut self, a: args::FloorL) {
        self.convert_to_long(a.fmt, a.fd, a.fs, Down);
    }

    pub(super) fn cvt_l(&mut self, a: args::CvtL) {
        self.convert_to_long(a.fmt, a.fd, a.fs, self.fp_mode().round);
    }

    pub(super) fn cvt_s_d(&mut self, a: args::CvtSD) {
        if !self.reserved_double(&[a.fs]) {
            let s = self.fpr(D, a.fs);
            let d = self.b.fdemote(F32, s, self.fp_mode());
            self.set_fpr(S, a.fd, d);
        }
    }

    pub(super) fn cvt_d_s(&mut self, a: args::CvtDS) {
        if !self.reserved_double(&[a.fd]) {
            let s = self.fpr(S, a.fs);
            let d = self.b.fpromote(F64, s, self.fp_mode());
            self.set_fpr(D, a.fd, d);
        }
    }

    pub(super) fn cvt_s_w(&mut self, a: args::CvtSW) {
        let word = self.fpr_word(a.fs);
        let d = self.b.ffrom_s(F32, word, I32, self.fp_mode());
        self.set_fpr(S, a.fd, d);
    }

    pub(super) fn cvt_d_w(&mut self, a: args::CvtDW) {
        if !self.reserved_double(&[a.fd]) {
            let word = self.fpr_word(a.fs);
            let d = self.b.ffrom_s(F64, word, I32, self.fp_mode());
            self.set_fpr(D, a.fd, d);
        }
    }

    pub(super) fn cvt_s_l(&mut self, a: args::CvtSL) {
        if !self.reserved_long() {
            let long = self.fpr_long(a.fs);
            let d = self.b.ffrom_s(F32, long, I64, self.fp_mode());
            self.set_fpr(S, a.fd, d);
        }
    }

    pub(super) fn cvt_d_l(&mut self, a: args::CvtDL) {
        if !self.reserved_long() {
            let long = self.fpr_long(a.fs);
            let d = self.b.ffrom_s(F64, long, I64, self.fp_mode());
            self.set_fpr(D, a.fd, d);
        }
    }

    /// FPR[fd] ← FPR[fs] as a 32-bit integer.
    fn convert_to_word(&mut self, fmt: u32, fd: u32, fs: u32, round: Rounding) {
        if !self.reserved_fmt(fmt, &[fs]) {
            let word = self.convert_to_integer(I32, fmt, fs, round);
            self.set_fpr_word(fd, word);
        }
    }

    /// FPR[fd] ← FPR[fs] as a 64-bit integer.
    fn convert_to_long(&mut self, fmt: u32, fd: u32, fs: u32, round: Rounding) {
        if !self.reserved_long() {
            let long = self.convert_to_integer(I64, fmt, fs, round);
            self.set_fpr_long(fd, long);
        }
    }

    /// FPR[fs] as an integer of type `ty`. What does not fit saturates and a NaN gives 0 with 2008 NaNs; before, both
    /// gave the largest integer.
    fn convert_to_integer(&mut self, ty: Type, fmt: u32, fs: u32, round: Rounding) -> Value {
        let s = self.fpr(fmt, fs);
        let mode = self.fp_mode().rounding(round);
        let integer = if ty == I32 { Number::S32 } else { Number::S64 };
        self.b.raise(FloatCall::convert(number(fmt), integer, mode), [s, s, s]);
        let rounded = self.b.fround(float(fmt), s, mode);
        let integer = self.b.fto_s(ty, rounded, float(fmt), mode.rounding(Zero));
        if self.config.nan2008 {
            return integer;
        }
        let (least, largest) = match ty {
            I32 => (-2f64.powi(31), i32::MAX as u64),
            _ => (-2f64.powi(63), i64::MAX as u64),
        };
        let bits = if fmt == S { u64::from((least as f32).to_bits()) } else { least.to_bits() };
        let least = self.b.const_(float(fmt), bits);
        let fits = self.b.fcmp(float(fmt), rounded, least, FloatCc::Ge, mode);
        let largest = self.b.const_(ty, largest);
        self.b.select(ty, fits, integer, largest)
    }
}
