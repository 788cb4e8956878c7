//! Moves to and from accumulators, shifts of them, and extraction of words and bit fields.

use demotic_ir::Type::{I32, I64};
use demotic_ir::{HelperId, IntCc, MemSize, Value};

use super::ouflag;
use crate::decode::args;
use crate::helpers::dsp;
use crate::state::{DSP_POS, EFI};
use crate::translate::Lifter;

/// Extractions that come with a shift by an immediate and by a register.
macro_rules! extractions {
    ($($imm:ident($imm_args:ident), $var:ident($var_args:ident): $operation:ident($($parameter:expr),*);)*) => {
        impl Lifter<'_> {
            $(
                pub(in crate::translate) fn $imm(&mut self, a: args::$imm_args) {
                    let amount = self.b.i32(a.sa);
                    self.$operation(a.rt, a.ac, amount, $($parameter),*);
                }

                pub(in crate::translate) fn $var(&mut self, a: args::$var_args) {
                    let s = self.gpr(a.rs);
                    let amount = self.and_with(s, 31);
                    self.$operation(a.rt, a.ac, amount, $($parameter),*);
                }
            )*
        }
    };
}

extractions! {
    extr_w(ExtrW), extrv_w(ExtrvW): extract_word(dsp::EXTR);
    extr_r_w(ExtrRW), extrv_r_w(ExtrvRW): extract_word(dsp::EXTR_R);
    extr_rs_w(ExtrRsW), extrv_rs_w(ExtrvRsW): extract_word(dsp::EXTR_RS);
    extr_s_h(ExtrSH), extrv_s_h(ExtrvSH): extract_word(dsp::EXTR_S_H);
    extp(Extp), extpv(Extpv): extract_field(false);
    extpdp(Extpdp), extpdpv(Extpdpv): extract_field(true);
}

impl Lifter<'_> {
    pub(in crate::translate) fn mfhi_ac(&mut self, a: args::MfhiAc) {
        let (ac, width) = (self.ac(a.ac), self.b.i64(32));
        let hi = self.b.shr(I64, ac, width);
        let hi = self.b.trunc32(I32, hi);
        self.set_gpr(a.rd, hi);
    }

    pub(in crate::translate) fn mflo_ac(&mut self, a: args::MfloAc) {
        let ac = self.ac(a.ac);
        let lo = self.b.trunc32(I32, ac);
        self.set_gpr(a.rd, lo);
    }

    pub(in crate::translate) fn mthi_ac(&mut self, a: args::MthiAc) {
        let (s, ac) = (self.gpr(a.rs), self.ac(a.ac));
        let lo = self.b.zext_low(I64, ac, MemSize::B4);
        self.set_ac_halves(a.ac, s, lo);
    }

    pub(in crate::translate) fn mtlo_ac(&mut self, a: args::MtloAc) {
        let (s, ac) = (self.gpr(a.rs), self.ac(a.ac));
        let (lo, upper) = (self.b.zext64(I64, s), self.b.i64(0xffff_ffff << 32));
        let hi = self.b.and(I64, ac, upper);
        let both = self.b.or(I64, hi, lo);
        self.set_ac(a.ac, both);
    }

    /// A `pos` beyond 32 is unpredictable; it stays as it is.
    pub(in crate::translate) fn mthlip(&mut self, a: args::Mthlip) {
        let (s, ac) = (self.gpr(a.rs), self.ac(a.ac));
        let hi = self.b.trunc32(I32, ac);
        let lo = self.b.zext64(I64, s);
        self.set_ac_halves(a.ac, hi, lo);
        let (pos, most) = (self.b.get32(DSP_POS), self.b.i32(32));
        let moved = self.b.add(I32, pos, most);
        let moved = self.and_with(moved, 0x3f);
        let beyond = self.b.icmp(I32, pos, most, IntCc::Ugt);
        let pos = self.b.select(I32, beyond, pos, moved);
        self.b.put32(DSP_POS, pos);
    }

    pub(in crate::translate) fn shilo(&mut self, a: args::Shilo) {
        let amount = self.b.i32(a.sa);
        self.shift_accumulator(a.ac, amount);
    }

    pub(in crate::translate) fn shilov(&mut self, a: args::Shilov) {
        let s = self.gpr(a.rs);
        let amount = self.and_with(s, 0x3f);
        self.shift_accumulator(a.ac, amount);
    }

    /// HI ← hi, LO ← lo, which is 64 bits already.
    fn set_ac_halves(&mut self, ac: u32, hi: Value, lo: Value) {
        let (hi, width) = (self.b.zext64(I64, hi), self.b.i64(32));
        let hi = self.b.shl(I64, hi, width);
        let both = self.b.or(I64, hi, lo);
        self.set_ac(ac, both);
    }

    /// Shifts right by a number of 6 bits with a sign; left, when it is negative.
    fn shift_accumulator(&mut self, ac: u32, amount: Value) {
        let accumulator = self.ac(ac);
        let (wide, zero) = (self.b.zext64(I64, amount), self.b.i64(0));
        let negative = self.b.sub(I64, zero, wide);
        let right = self.b.shr(I64, accumulator, wide);
        let left = self.b.shl(I64, accumulator, negative);
        let limit = self.b.i32(32);
        let to_the_left = self.b.icmp(I32, amount, limit, IntCc::Uge);
        let shifted = self.b.select(I64, to_the_left, left, right);
        self.set_ac(ac, shifted);
    }

    /// GPR[rt] ← what the helper extracts; bit 32 of its result tells of an overflow.
    fn extract_word(&mut self, rt: u32, ac: u32, amount: Value, helper: HelperId) {
        let (accumulator, amount) = (self.ac(ac), self.b.zext64(I64, amount));
        let zero = self.b.i64(0);
        let result = self.call(helper, [accumulator, amount, zero]);
        self.set_word_noting(ouflag::EXTRACT, rt, result);
    }

    /// GPR[rt] ← the field of size + 1 bits whose highest is bit `pos`. Without so many bits, the result is
    /// unpredictable; we give 0. EXTPDP also moves `pos` below the field.
    fn extract_field(&mut self, rt: u32, ac: u32, size: Value, moves: bool) {
        let (accumulator, pos) = (self.ac(ac), self.b.get32(DSP_POS));
        let (one, zero) = (self.b.i32(1), self.b.i32(0));
        let lowest = self.b.sub(I32, pos, size);
        let fails = self.b.icmp(I32, lowest, zero, IntCc::Slt);
        let [amount, size] = [lowest, size].map(|v| self.b.zext64(I64, v));
        let shifted = self.b.shr(I64, accumulator, amount);
        let (ones, widest) = (self.b.i64(0xffff_ffff), self.b.i64(31));
        let unused = self.b.sub(I64, widest, size);
        let mask = self.b.shr(I64, ones, unused);
        let field = self.b.and(I64, shifted, mask);
        let field = self.b.trunc32(I32, field);
        let field = self.b.select(I32, fails, zero, field);
        let efi = self.b.from_bool(I32, fails);
        self.b.put32(EFI, efi);
        if moves {
            let below = self.b.sub(I32, lowest, one);
            let below = self.and_with(below, 0x3f);
            let pos = self.b.select(I32, fails, pos, below);
            self.b.put32(DSP_POS, pos);
        }
        self.set_gpr(rt, field);
    }
}
