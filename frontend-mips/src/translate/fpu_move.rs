//! Moves between floating-point and general registers, control registers, and conditional moves.

use demotic_ir::Type::{Bool, I32, I64, V128};
use demotic_ir::{IntCc, Trap, Value};

use super::fpr::{D, S};
use super::{Lifter, mode};
use crate::decode::args;
use crate::helpers::msa;
use crate::state::{
    FCC, FCSR, FCSR_CAUSE, FCSR_CAUSE_SHIFT, FCSR_CONDITIONS, FCSR_ENABLES, FCSR_ENABLES_SHIFT,
    FCSR_FLAGS_SHIFT, FP_CALLS, FP_CAUSE, FP_OPERANDS, FP_RAISED, condition_bit,
};
use crate::traps;

/// FCSR.RM.
const RM: u32 = 3;
/// FCSR.Cause and FCSR.Flags: what FEXR shows.
const EXCEPTIONS: u32 = 0x0003_f07c;
/// FCSR.FS.
const FS: u32 = 1 << 24;
/// FCSR.ABS2008 and FCSR.NAN2008, which cannot be written.
const MODE_2008: u32 = 3 << 18;

impl Lifter<'_> {
    pub(super) fn mfc1(&mut self, a: args::Mfc1) {
        let word = self.fpr_word(a.fs);
        self.set_gpr(a.rt, word);
    }

    pub(super) fn mtc1(&mut self, a: args::Mtc1) {
        let word = self.gpr(a.rt);
        self.set_fpr_word(a.fs, word);
    }

    pub(super) fn mfhc1(&mut self, a: args::Mfhc1) {
        let word = self.fpr_high(a.fs);
        self.set_gpr(a.rt, word);
    }

    pub(super) fn mthc1(&mut self, a: args::Mthc1) {
        let word = self.gpr(a.rt);
        self.set_fpr_high(a.fs, word);
    }

    /// Control registers that do not exist read as 0.
    pub(super) fn cfc1(&mut self, a: args::Cfc1) {
        let value = match a.fs {
            0 => self.b.i32(self.config.fir),
            25 => self.fccr(),
            26 => {
                let fcsr = self.fcsr_without_conditions();
                self.field(fcsr, 0, EXCEPTIONS)
            }
            28 => self.fenr(),
            31 => self.fcsr(),
            _ => self.b.i32(0),
        };
        self.set_gpr(a.rt, value);
    }

    /// Writes to control registers that do not exist are ignored.
    pub(super) fn ctc1(&mut self, a: args::Ctc1) {
        let t = self.gpr(a.rt);
        match a.fs {
            25 => self.set_conditions(t, |cc| cc),
            26 => self.write_fcsr(t, EXCEPTIONS),
            28 => self.set_fenr(t),
            31 => self.set_fcsr(t),
            _ => {}
        }
    }

    pub(super) fn movf(&mut self, a: args::Movf) {
        let cond = self.condition_false(a.cc);
        self.move_gpr_if(cond, a.rd, a.rs);
    }

    pub(super) fn movt(&mut self, a: args::Movt) {
        let cond = self.condition(a.cc);
        self.move_gpr_if(cond, a.rd, a.rs);
    }

    pub(super) fn mov_fmt(&mut self, a: args::MovFmt) {
        if !self.reserved_fmt(a.fmt, &[a.fd, a.fs]) {
            let s = self.fpr_bits(a.fmt, a.fs);
            self.set_fpr_bits(a.fmt, a.fd, s);
        }
    }

    pub(super) fn movf_fmt(&mut self, a: args::MovfFmt) {
        let cond = self.condition_false(a.cc);
        self.move_fpr_if(cond, a.fmt, a.fd, a.fs);
    }

    pub(super) fn movt_fmt(&mut self, a: args::MovtFmt) {
        let cond = self.condition(a.cc);
        self.move_fpr_if(cond, a.fmt, a.fd, a.fs);
    }

    pub(super) fn movz_fmt(&mut self, a: args::MovzFmt) {
        let cond = self.is_zero(a.rt, IntCc::Eq);
        self.move_fpr_if(cond, a.fmt, a.fd, a.fs);
    }

    pub(super) fn movn_fmt(&mut self, a: args::MovnFmt) {
        let cond = self.is_zero(a.rt, IntCc::Ne);
        self.move_fpr_if(cond, a.fmt, a.fd, a.fs);
    }

    /// GPR[rt] cc 0.
    pub(super) fn is_zero(&mut self, rt: u32, cc: IntCc) -> Value {
        let (t, zero) = (self.gpr(rt), self.b.i32(0));
        self.b.icmp(I32, t, zero, cc)
    }

    /// if cond then GPR[rd] ← GPR[rs].
    fn move_gpr_if(&mut self, cond: Value, rd: u32, rs: u32) {
        let (s, d) = (self.gpr(rs), self.gpr(rd));
        let moved = self.b.select(I32, cond, s, d);
        self.set_gpr(rd, moved);
    }

    /// if cond then FPR[fd] ← FPR[fs].
    fn move_fpr_if(&mut self, cond: Value, fmt: u32, fd: u32, fs: u32) {
        if self.reserved_fmt(fmt, &[fd, fs]) {
            return;
        }
        debug_assert!(fmt == S || fmt == D);
        let (s, d) = (self.fpr_bits(fmt, fs), self.fpr_bits(fmt, fd));
        let moved = self.b.select(if fmt == S { I32 } else { I64 }, cond, s, d);
        self.set_fpr_bits(fmt, fd, moved);
    }

    fn fcsr_bits(&mut self, mask: u32) -> Value {
        let (fcsr, mask) = (self.b.get32(FCSR), self.b.i32(mask));
        self.b.and(I32, fcsr, mask)
    }

    /// FCSR with the condition codes.
    fn fcsr(&mut self) -> Value {
        let rest = self.fcsr_without_conditions();
        self.with_conditions(rest, condition_bit)
    }

    /// FCSR but for the condition codes: what was written to it, and what arithmetic has raised since.
    fn fcsr_without_conditions(&mut self) -> Value {
        let (written, raised, cause) = (self.b.get32(FCSR), self.b.get32(FP_RAISED), self.fp_cause());
        let flags = self.exception_bits(raised, FCSR_FLAGS_SHIFT);
        let with_flags = self.b.or(I32, written, flags);
        let others = self.field(with_flags, 0, !FCSR_CAUSE);
        let causes = self.exception_bits(cause, FCSR_CAUSE_SHIFT);
        let with_cause = self.b.or(I32, others, causes);
        let any = self.b.nonzero(cause);
        self.b.select(I32, any, with_cause, with_flags)
    }

    /// What the last arithmetic instruction has raised, with bit 8 set; 0 if there was none since the FCSR was written.
    fn fp_cause(&mut self) -> Value {
        let (settled, calls) = (self.b.get32(FP_CAUSE), self.b.get(I64, FP_CALLS));
        let [a, b, c] = [0, 1, 2].map(|n| self.b.get(I64, FP_OPERANDS.nth(n)));
        let (calls_a, b_c) = (self.b.vjoin(V128, calls, a), self.b.vjoin(V128, b, c));
        let found = self.b.vhelper(V128, calls_a, b_c, b_c, msa::LAST_CAUSE);
        let found = self.b.vlow(V128, found);
        let (found, none) = (self.b.trunc32(I32, found), self.b.i64(0));
        let settle = self.b.icmp(I64, calls, none, IntCc::Ne);
        self.b.select(I32, settle, found, settled)
    }

    /// Finds what the last arithmetic instruction has raised: it is to stay, however arithmetic works from here on.
    fn settle_cause(&mut self) {
        let (cause, none) = (self.fp_cause(), self.b.i64(0));
        self.b.put32(FP_CAUSE, cause);
        self.b.put(I64, none, FP_CALLS);
    }

    /// Exceptions as the soft-float has them, in the order of FCSR, which is the other way round, at bit `at`.
    fn exception_bits(&mut self, raised: Value, at: u32) -> Value {
        let reversed = self.b.bit_reverse(I32, raised);
        let bits = self.field(reversed, 27, 0x1f);
        self.field_up(bits, 0x1f, at)
    }

    /// FCCR: the condition codes side by side.
    fn fccr(&mut self) -> Value {
        let none = self.b.i32(0);
        self.with_conditions(none, |cc| cc)
    }

    /// `value` and the condition codes, each at the bit that `bit` says.
    fn with_conditions(&mut self, mut value: Value, bit: fn(u32) -> u32) -> Value {
        for cc in 0..8 {
            let code = self.b.get32(FCC.nth(cc));
            let at = self.field_up(code, 1, bit(cc));
            value = self.b.or(I32, value, at);
        }
        value
    }

    /// Sets the condition codes, each from the bit of `value` that `bit` says.
    fn set_conditions(&mut self, value: Value, bit: fn(u32) -> u32) {
        for cc in 0..8 {
            let code = self.field(value, bit(cc), 1);
            self.b.put32(FCC.nth(cc), code);
        }
    }

    fn set_fcsr(&mut self, t: Value) {
        self.set_conditions(t, condition_bit);
        self.write_fcsr(t, FS | EXCEPTIONS | FCSR_ENABLES | RM);
    }

    /// FENR: enables, FS at bit 2, rounding mode.
    fn fenr(&mut self) -> Value {
        let fcsr = self.b.get32(FCSR);
        let flush = self.field(fcsr, 22, 4);
        let others = self.field(fcsr, 0, FCSR_ENABLES | RM);
        self.b.or(I32, flush, others)
    }

    fn set_fenr(&mut self, t: Value) {
        let flush = self.field_up(t, 4, 22);
        let others = self.field_up(t, FCSR_ENABLES | RM, 0);
        let value = self.b.or(I32, flush, others);
        self.write_fcsr(value, FS | FCSR_ENABLES | RM);
    }

    /// (v >> amount) & mask.
    fn field(&mut self, v: Value, amount: u32, mask: u32) -> Value {
        let (amount, mask) = (self.b.i32(amount), self.b.i32(mask));
        let shifted = self.b.shr(I32, v, amount);
        self.b.and(I32, shifted, mask)
    }

    /// (v & mask) << amount.
    fn field_up(&mut self, v: Value, mask: u32, amount: u32) -> Value {
        let (amount, mask) = (self.b.i32(amount), self.b.i32(mask));
        let field = self.b.and(I32, v, mask);
        self.b.shl(I32, field, amount)
    }

    /// Where floating-point exceptions are enabled: traps if the instruction in progress has raised one of those, else lets
    /// what it has raised become Flags. To be called before a result is written.
    pub(super) fn check_exceptions(&mut self) {
        if self.mode & mode::FP_TRAPS == 0 {
            return;
        }
        let Some(raised) = self.b.take_raised() else { return };
        let fcsr = self.b.get32(FCSR);
        let enables = self.field(fcsr, FCSR_ENABLES_SHIFT, 0x1f);
        let bits = self.exception_bits(raised, 0);
        let enabled = self.b.and(I32, bits, enables);
        let enabled = self.b.nonzero(enabled);
        self.trap_if(enabled, Trap::Arithmetic { code: traps::FLOAT });
        let (before, exceptions) = (self.b.get32(FP_RAISED), self.field(raised, 0, 0x1f));
        let after = self.b.or(I32, before, exceptions);
        self.b.put32(FP_RAISED, after);
    }

    /// Writes those bits of FCSR, condition codes aside, that are in `mask`.
    fn write_fcsr(&mut self, value: Value, mask: u32) {
        let new = self.field(value, 0, mask);
        let kept = self.fcsr_bits(!mask & !MODE_2008 & !FCSR_CONDITIONS);
        let fcsr = self.b.or(I32, new, kept);
        let mode_2008 = self.b.i32(if self.config.nan2008 { MODE_2008 } else { 0 });
        let fcsr = self.b.or(I32, fcsr, mode_2008);
        self.b.put32(FCSR, fcsr);
        if mask & EXCEPTIONS != 0 {
            let none = self.b.i32(0);
            self.b.put32(FP_RAISED, none);
            self.b.put32(FP_CAUSE, none);
            let none = self.b.i64(0);
            self.b.put(I64, none, FP_CALLS);
        } else {
            self.settle_cause();
        }
        self.trap_if_pending();
        if mask & RM != 0 {
            self.change_mode_for(fcsr);
        }
    }

    /// Traps if FCSR has an enabled exception in Cause; that of unimplemented operations is always enabled.
    fn trap_if_pending(&mut self) {
        let fcsr = self.fcsr_without_conditions();
        let causes = self.field(fcsr, FCSR_CAUSE_SHIFT, 0x3f);
        let enables = self.field(fcsr, FCSR_ENABLES_SHIFT, 0x1f);
        let unimplemented = self.b.i32(0x20);
        let enables = self.b.or(I32, enables, unimplemented);
        let pending = self.b.and(I32, causes, enables);
        let pending = self.b.nonzero(pending);
        self.trap_if(pending, Trap::Arithmetic { code: traps::FLOAT });
    }

    /// Leaves the block behind the instruction if arithmetic works otherwise with this FCSR.
    fn change_mode_for(&mut self, fcsr: Value) {
        let modes = self.field(fcsr, 0, FS | RM);
        let present = self.b.i32(mode::fcsr(self.mode));
        let changed = self.b.icmp(I32, modes, present, IntCc::Ne);
        let enables = self.field(fcsr, 0, FCSR_ENABLES);
        let zero = self.b.i32(0);
        let cc = if self.mode & mode::FP_TRAPS == 0 { IntCc::Ne } else { IntCc::Eq };
        let other = self.b.icmp(I32, enables, zero, cc);
        let changed = self.b.or(Bool, changed, other);
        self.trap_if(changed, Trap::InterruptCheck);
    }
}
