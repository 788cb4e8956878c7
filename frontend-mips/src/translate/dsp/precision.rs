//! Reduction and expansion of precision: words to halfwords to bytes and back.
//!
//! A fraction keeps its upper bits, an integer its lower ones.

use demotic_ir::Type::{I32, I64};
use demotic_ir::{HelperId, Value};

use super::ouflag;
use crate::decode::args;
use crate::helpers::dsp;
use crate::translate::Lifter;

impl Lifter<'_> {
    pub(in crate::translate) fn precrq_qb_ph(&mut self, a: args::PrecrqQbPh) {
        let (s, t) = (self.gpr(a.rs), self.gpr(a.rt));
        let (s, t) = (self.shr_by(s, 8), self.shr_by(t, 8));
        self.set_low_bytes(a.rd, s, t);
    }

    pub(in crate::translate) fn precr_qb_ph(&mut self, a: args::PrecrQbPh) {
        let (s, t) = (self.gpr(a.rs), self.gpr(a.rt));
        self.set_low_bytes(a.rd, s, t);
    }

    pub(in crate::translate) fn precrqu_s_qb_ph(&mut self, a: args::PrecrquSQbPh) {
        self.reduce_saturating(dsp::PRECRQU_S_QB_PH, a.rd, a.rs, a.rt);
    }

    pub(in crate::translate) fn precrq_ph_w(&mut self, a: args::PrecrqPhW) {
        let (s, t) = (self.gpr(a.rs), self.gpr(a.rt));
        let (s, t) = (self.shr_by(s, 16), self.shr_by(t, 16));
        let d = self.halves(s, t);
        self.set_gpr(a.rd, d);
    }

    pub(in crate::translate) fn precrq_rs_ph_w(&mut self, a: args::PrecrqRsPhW) {
        self.reduce_saturating(dsp::PRECRQ_RS_PH_W, a.rd, a.rs, a.rt);
    }

    pub(in crate::translate) fn precr_sra_ph_w(&mut self, a: args::PrecrSraPhW) {
        let (s, t) = (self.gpr(a.rs), self.gpr(a.rt));
        let (s, t) = (self.sar_by(s, a.sa), self.sar_by(t, a.sa));
        let reduced = self.halves(t, s);
        self.set_gpr(a.rt, reduced);
    }

    pub(in crate::translate) fn precr_sra_r_ph_w(&mut self, a: args::PrecrSraRPhW) {
        let (s, t) = (self.gpr(a.rs), self.gpr(a.rt));
        let (s, t) = (self.shift_word_rounding(s, a.sa), self.shift_word_rounding(t, a.sa));
        let reduced = self.halves(t, s);
        self.set_gpr(a.rt, reduced);
    }

    pub(in crate::translate) fn preceq_w_phl(&mut self, a: args::PreceqWPhl) {
        let t = self.gpr(a.rt);
        let d = self.and_with(t, 0xffff_0000);
        self.set_gpr(a.rd, d);
    }

    pub(in crate::translate) fn preceq_w_phr(&mut self, a: args::PreceqWPhr) {
        let t = self.gpr(a.rt);
        let d = self.shl_by(t, 16);
        self.set_gpr(a.rd, d);
    }

    pub(in crate::translate) fn precequ_ph_qbl(&mut self, a: args::PrecequPhQbl) {
        self.expand(a.rd, a.rt, [3, 2], 7);
    }

    pub(in crate::translate) fn precequ_ph_qbr(&mut self, a: args::PrecequPhQbr) {
        self.expand(a.rd, a.rt, [1, 0], 7);
    }

    pub(in crate::translate) fn precequ_ph_qbla(&mut self, a: args::PrecequPhQbla) {
        self.expand(a.rd, a.rt, [3, 1], 7);
    }

    pub(in crate::translate) fn precequ_ph_qbra(&mut self, a: args::PrecequPhQbra) {
        self.expand(a.rd, a.rt, [2, 0], 7);
    }

    pub(in crate::translate) fn preceu_ph_qbl(&mut self, a: args::PreceuPhQbl) {
        self.expand(a.rd, a.rt, [3, 2], 0);
    }

    pub(in crate::translate) fn preceu_ph_qbr(&mut self, a: args::PreceuPhQbr) {
        self.expand(a.rd, a.rt, [1, 0], 0);
    }

    pub(in crate::translate) fn preceu_ph_qbla(&mut self, a: args::PreceuPhQbla) {
        self.expand(a.rd, a.rt, [3, 1], 0);
    }

    pub(in crate::translate) fn preceu_ph_qbra(&mut self, a: args::PreceuPhQbra) {
        self.expand(a.rd, a.rt, [2, 0], 0);
    }

    /// GPR[rd] ← the lower bytes of the halfwords of `s`, then of `t`.
    fn set_low_bytes(&mut self, rd: u32, s: Value, t: Value) {
        let [s, t] = [s, t].map(|v| {
            let (right, left) = (self.byte(v, 0), self.byte(v, 2));
            let left = self.shl_by(left, 8);
            self.b.or(I32, left, right)
        });
        let d = self.halves(s, t);
        self.set_gpr(rd, d);
    }

    /// GPR[rd] ← what the helper makes of both registers; bit 32 of its result tells of an overflow.
    fn reduce_saturating(&mut self, helper: HelperId, rd: u32, rs: u32, rt: u32) {
        let (s, t) = (self.gpr(rs), self.gpr(rt));
        let [s, t] = [s, t].map(|v| self.b.zext64(I64, v));
        let zero = self.b.i64(0);
        let result = self.call(helper, [s, t, zero]);
        self.set_word_noting(ouflag::SHIFT, rd, result);
    }

    /// GPR[n] ← the low word; bit 32 tells of an overflow.
    pub(super) fn set_word_noting(&mut self, flag: u32, n: u32, result: Value) {
        let width = self.b.i64(32);
        let overflow = self.b.shr(I64, result, width);
        let overflow = self.b.trunc32(I32, overflow);
        self.note_overflow(flag, overflow);
        let word = self.b.trunc32(I32, result);
        self.set_gpr(n, word);
    }

    /// v >> amount, the last bit shifted out being added.
    fn shift_word_rounding(&mut self, v: Value, amount: u32) -> Value {
        if amount == 0 {
            return v;
        }
        let last = self.shr_by(v, amount - 1);
        let last = self.and_with(last, 1);
        let shifted = self.sar_by(v, amount);
        self.b.add(I32, shifted, last)
    }

    /// GPR[rd] ← two bytes of GPR[rt] as halfwords, shifted left by `scale`.
    fn expand(&mut self, rd: u32, rt: u32, [left, right]: [u32; 2], scale: u32) {
        let t = self.gpr(rt);
        let (left, right) = (self.byte(t, left), self.byte(t, right));
        let d = self.halves(left, right);
        let d = self.shl_by(d, scale);
        self.set_gpr(rd, d);
    }
}
