//! Paired singles: two numbers in a 64-bit register, each with its own result.

use demotic_ir::Type::{F32, I32, I64};
use demotic_ir::{BlockBuilder, FpMode, IntCc, Type, Value};

use super::Lifter;
use super::fpr::S;
use crate::decode::args;

/// An op of two operands, as a method of the builder.
type FloatOp = fn(&mut BlockBuilder, Type, Value, Value, FpMode) -> Value;

/// A half of a pair.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Lower,
    Upper,
}

use Half::{Lower, Upper};

impl Lifter<'_> {
    pub(super) fn add_ps(&mut self, a: args::AddPs) {
        self.pair_binary([a.fd, a.fs, a.ft], BlockBuilder::fadd);
    }

    pub(super) fn sub_ps(&mut self, a: args::SubPs) {
        self.pair_binary([a.fd, a.fs, a.ft], BlockBuilder::fsub);
    }

    pub(super) fn mul_ps(&mut self, a: args::MulPs) {
        self.pair_binary([a.fd, a.fs, a.ft], BlockBuilder::fmul);
    }

    pub(super) fn abs_ps(&mut self, a: args::AbsPs) {
        self.by_halves(a.fd, |lifter, half| {
            let s = lifter.pair_float(a.fs, half);
            lifter.with_sign(S, s, BlockBuilder::fabs)
        });
    }

    pub(super) fn neg_ps(&mut self, a: args::NegPs) {
        self.by_halves(a.fd, |lifter, half| {
            let s = lifter.pair_float(a.fs, half);
            lifter.with_sign(S, s, BlockBuilder::fneg)
        });
    }

    pub(super) fn mov_ps(&mut self, a: args::MovPs) {
        if !self.reserved_long() {
            let s = self.fpr_long(a.fs);
            self.set_fpr_long(a.fd, s);
        }
    }

    pub(super) fn madd_ps(&mut self, a: args::MaddPs) {
        self.pair_multiply([a.fd, a.fr, a.fs, a.ft], BlockBuilder::fadd, false);
    }

    pub(super) fn msub_ps(&mut self, a: args::MsubPs) {
        self.pair_multiply([a.fd, a.fr, a.fs, a.ft], BlockBuilder::fsub, false);
    }

    pub(super) fn nmadd_ps(&mut self, a: args::NmaddPs) {
        self.pair_multiply([a.fd, a.fr, a.fs, a.ft], BlockBuilder::fadd, true);
    }

    pub(super) fn nmsub_ps(&mut self, a: args::NmsubPs) {
        self.pair_multiply([a.fd, a.fr, a.fs, a.ft], BlockBuilder::fsub, true);
    }

    pub(super) fn movf_ps(&mut self, a: args::MovfPs) {
        let conds = [self.condition_false(a.cc), self.condition_false(a.cc + 1)];
        self.move_pair_if(conds, a.fd, a.fs);
    }

    pub(super) fn movt_ps(&mut self, a: args::MovtPs) {
        let conds = [self.condition(a.cc), self.condition(a.cc + 1)];
        self.move_pair_if(conds, a.fd, a.fs);
    }

    pub(super) fn movz_ps(&mut self, a: args::MovzPs) {
        let cond = self.is_zero(a.rt, IntCc::Eq);
        self.move_pair_if([cond; 2], a.fd, a.fs);
    }

    pub(super) fn movn_ps(&mut self, a: args::MovnPs) {
        let cond = self.is_zero(a.rt, IntCc::Ne);
        self.move_pair_if([cond; 2], a.fd, a.fs);
    }

    pub(super) fn c_cond_ps(&mut self, a: args::CCondPs) {
        if self.reserved_long() {
            return;
        }
        for (half, cc) in [(Lower, a.cc), (Upper, a.cc + 1)] {
            let (s, t) = (self.pair_float(a.fs, half), self.pair_float(a.ft, half));
            self.comparison_raises(S, a.n & 8 != 0, s, t);
            let cond = self.float_condition(S, a.n & 7, s, t);
            self.set_condition(cc, cond);
        }
    }

    pub(super) fn cvt_s_pu(&mut self, a: args::CvtSPu) {
        self.take_half(a.fd, a.fs, Upper);
    }

    pub(super) fn cvt_s_pl(&mut self, a: args::CvtSPl) {
        self.take_half(a.fd, a.fs, Lower);
    }

    pub(super) fn cvt_ps_s(&mut self, a: args::CvtPsS) {
        if !self.reserved_long() {
            let (upper, lower) = (self.fpr_word(a.fs), self.fpr_word(a.ft));
            self.set_pair(a.fd, lower, upper);
        }
    }

    pub(super) fn pll_ps(&mut self, a: args::PllPs) {
        self.join_halves(a.fd, (a.fs, Lower), (a.ft, Lower));
    }

    pub(super) fn plu_ps(&mut self, a: args::PluPs) {
        self.join_halves(a.fd, (a.fs, Lower), (a.ft, Upper));
    }

    pub(super) fn pul_ps(&mut self, a: args::PulPs) {
        self.join_halves(a.fd, (a.fs, Upper), (a.ft, Lower));
    }

    pub(super) fn puu_ps(&mut self, a: args::PuuPs) {
        self.join_halves(a.fd, (a.fs, Upper), (a.ft, Upper));
    }

    /// The pair at an address that is a multiple of 4, from the doublewords on both sides of it. Other addresses are
    /// unpredictable; with them FPR[fd] stays.
    pub(super) fn alnv_ps(&mut self, a: args::AlnvPs) {
        if self.reserved_long() {
            return;
        }
        let (upper, lower) = if self.config.big_endian {
            (self.pair_half(a.fs, Lower), self.pair_half(a.ft, Upper))
        } else {
            (self.pair_half(a.ft, Lower), self.pair_half(a.fs, Upper))
        };
        let between = self.join(lower, upper);
        let (addr, seven) = (self.gpr(a.rs), self.b.i32(7));
        let place = self.b.and(I32, addr, seven);
        let aligned = self.fpr_long(a.fs);
        let mut d = self.fpr_long(a.fd);
        for (at, pair) in [(0, aligned), (4, between)] {
            let at = self.b.i32(at);
            let there = self.b.icmp(I32, place, at, IntCc::Eq);
            d = self.b.select(I64, there, pair, d);
        }
        self.set_fpr_long(a.fd, d);
    }

    /// The bits of a half of FPR[n].
    fn pair_half(&mut self, n: u32, half: Half) -> Value {
        let both = self.fpr_long(n);
        let both = match half {
            Lower => both,
            Upper => {
                let width = self.b.i64(32);
                self.b.shr(I64, both, width)
            }
        };
        self.b.trunc32(I32, both)
    }

    /// The number in a half of FPR[n].
    fn pair_float(&mut self, n: u32, half: Half) -> Value {
        let bits = self.pair_half(n, half);
        self.b.bitcast(F32, bits, I32)
    }

    /// Two halves as one value.
    fn join(&mut self, lower: Value, upper: Value) -> Value {
        let (lower, upper) = (self.b.zext64(I64, lower), self.b.zext64(I64, upper));
        let width = self.b.i64(32);
        let upper = self.b.shl(I64, upper, width);
        self.b.or(I64, upper, lower)
    }

    /// FPR[fd] ← upper || lower.
    fn set_pair(&mut self, fd: u32, lower: Value, upper: Value) {
        let both = self.join(lower, upper);
        self.set_fpr_long(fd, both);
    }

    /// FPR[fd] ← what `result` gives for each half.
    fn by_halves(&mut self, fd: u32, mut result: impl FnMut(&mut Self, Half) -> Value) {
        if self.reserved_long() {
            return;
        }
        let halves = [Lower, Upper].map(|half| {
            let number = result(self, half);
            self.b.bitcast(I32, number, F32)
        });
        self.set_pair(fd, halves[0], halves[1]);
    }

    /// FPR[fd] ← FPR[fs] op FPR[ft], by halves.
    fn pair_binary(&mut self, [fd, fs, ft]: [u32; 3], op: FloatOp) {
        self.by_halves(fd, |lifter, half| {
            let (s, t) = (lifter.pair_float(fs, half), lifter.pair_float(ft, half));
            let mode = lifter.fp_mode();
            op(&mut lifter.b, F32, s, t, mode)
        });
    }

    /// FPR[fd] ← ±((FPR[fs] × FPR[ft]) op FPR[fr]), by halves.
    fn pair_multiply(&mut self, [fd, fr, fs, ft]: [u32; 4], op: FloatOp, negate: bool) {
        self.by_halves(fd, |lifter, half| {
            let [r, s, t] = [fr, fs, ft].map(|n| lifter.pair_float(n, half));
            lifter.fp_multiply_add(S, [r, s, t], op, negate)
        });
    }

    /// if conds then FPR[fd] ← FPR[fs], by halves.
    fn move_pair_if(&mut self, conds: [Value; 2], fd: u32, fs: u32) {
        if self.reserved_long() {
            return;
        }
        let [lower, upper] = conds;
        let halves = [(lower, Lower), (upper, Upper)].map(|(cond, half)| {
            let (s, d) = (self.pair_half(fs, half), self.pair_half(fd, half));
            self.b.select(I32, cond, s, d)
        });
        self.set_pair(fd, halves[0], halves[1]);
    }

    /// FPR[fd] ← a half of FPR[fs], as a single.
    fn take_half(&mut self, fd: u32, fs: u32, half: Half) {
        if !self.reserved_long() {
            let word = self.pair_half(fs, half);
            self.set_fpr_word(fd, word);
        }
    }

    /// FPR[fd] ← upper || lower, each a half of a register.
    fn join_halves(&mut self, fd: u32, upper: (u32, Half), lower: (u32, Half)) {
        if !self.reserved_long() {
            let (lower, upper) = (self.pair_half(lower.0, lower.1), self.pair_half(upper.0, upper.1));
            self.set_pair(fd, lower, upper);
        }
    }
}
