//! System calls, breakpoints and the conditional traps.

use demotic_ir::Type::I32;
use demotic_ir::{IntCc, Trap, Value};

use super::{Lifter, sign_extend};
use crate::decode::args;
use crate::traps;

impl Lifter<'_> {
    pub(super) fn syscall(&mut self, a: args::Syscall) {
        self.trap(Trap::Syscall { imm: a.code });
    }

    pub(super) fn break_(&mut self, a: args::Break) {
        self.trap(Trap::Breakpoint { imm: a.code });
    }

    pub(super) fn tge(&mut self, a: args::Tge) {
        self.trap_compare(a.rs, a.rt, a.code, IntCc::Sge);
    }

    pub(super) fn tgeu(&mut self, a: args::Tgeu) {
        self.trap_compare(a.rs, a.rt, a.code, IntCc::Uge);
    }

    pub(super) fn tlt(&mut self, a: args::Tlt) {
        self.trap_compare(a.rs, a.rt, a.code, IntCc::Slt);
    }

    pub(super) fn tltu(&mut self, a: args::Tltu) {
        self.trap_compare(a.rs, a.rt, a.code, IntCc::Ult);
    }

    pub(super) fn teq(&mut self, a: args::Teq) {
        self.trap_compare(a.rs, a.rt, a.code, IntCc::Eq);
    }

    pub(super) fn tne(&mut self, a: args::Tne) {
        self.trap_compare(a.rs, a.rt, a.code, IntCc::Ne);
    }

    pub(super) fn tgei(&mut self, a: args::Tgei) {
        self.trap_compare_imm(a.rs, a.imm, IntCc::Sge);
    }

    pub(super) fn tgeiu(&mut self, a: args::Tgeiu) {
        self.trap_compare_imm(a.rs, a.imm, IntCc::Uge);
    }

    pub(super) fn tlti(&mut self, a: args::Tlti) {
        self.trap_compare_imm(a.rs, a.imm, IntCc::Slt);
    }

    pub(super) fn tltiu(&mut self, a: args::Tltiu) {
        self.trap_compare_imm(a.rs, a.imm, IntCc::Ult);
    }

    pub(super) fn teqi(&mut self, a: args::Teqi) {
        self.trap_compare_imm(a.rs, a.imm, IntCc::Eq);
    }

    pub(super) fn tnei(&mut self, a: args::Tnei) {
        self.trap_compare_imm(a.rs, a.imm, IntCc::Ne);
    }

    fn trap_compare(&mut self, rs: u32, rt: u32, code: u32, cc: IntCc) {
        let (s, t) = (self.gpr(rs), self.gpr(rt));
        self.trap_when(s, t, code, cc);
    }

    fn trap_compare_imm(&mut self, rs: u32, imm: u32, cc: IntCc) {
        let (s, imm) = (self.gpr(rs), self.b.i32(sign_extend(imm)));
        self.trap_when(s, imm, 0, cc);
    }

    /// Trap exception if `s cc t`.
    fn trap_when(&mut self, s: Value, t: Value, code: u32, cc: IntCc) {
        let cond = self.b.icmp(I32, s, t, cc);
        self.trap_if(cond, Trap::Arithmetic { code: traps::trap(code) });
    }
}
