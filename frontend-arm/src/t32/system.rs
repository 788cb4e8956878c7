//! 32-bit instructions for the system's use: status registers, hints, exceptions, barriers, coprocessors (ARM DDI 0406C,
//! A6.3.4 and A6.3.18).

use super::Wide;
use super::wide::args;
use crate::semantics::coprocessor::{self, Register};
use crate::semantics::{status_register, system};

/// Status registers.
impl Wide<'_, '_> {
    pub(super) fn mrs(&mut self, a: args::Mrs) {
        status_register::mrs(self.l, a.rd, a.spsr != 0);
    }

    pub(super) fn msr_reg(&mut self, a: args::MsrReg) {
        let value = self.l.reg(a.rn);
        status_register::msr(self.l, a.spsr != 0, a.mask, value);
    }

    pub(super) fn mrs_banked(&mut self, _: args::MrsBanked) {
        self.l.privileged_insn();
    }

    pub(super) fn msr_banked(&mut self, _: args::MsrBanked) {
        self.l.privileged_insn();
    }

    pub(super) fn cps(&mut self, a: args::Cps) {
        status_register::change_masks(self.l, a.imod == 3, a.aif);
    }

    pub(super) fn cps_and_mode(&mut self, _: args::CpsAndMode) {
        status_register::change_mode(self.l);
    }

    pub(super) fn cps_mode(&mut self, _: args::CpsMode) {
        status_register::change_mode(self.l);
    }
}

/// Hints, of which most do nothing, and barriers.
impl Wide<'_, '_> {
    pub(super) fn nop(&mut self, _: args::Nop) {}

    pub(super) fn yield_(&mut self, _: args::Yield) {}

    pub(super) fn wfe(&mut self, _: args::Wfe) {}

    pub(super) fn wfi(&mut self, _: args::Wfi) {
        system::wfi(self.l);
    }

    pub(super) fn sev(&mut self, _: args::Sev) {}

    pub(super) fn sevl(&mut self, _: args::Sevl) {}

    pub(super) fn hint(&mut self, _: args::Hint) {}

    pub(super) fn dbg(&mut self, _: args::Dbg) {}

    pub(super) fn dsb(&mut self, a: args::Dsb) {
        system::data_barrier(self.l, a.option);
    }

    pub(super) fn dmb(&mut self, a: args::Dmb) {
        system::data_barrier(self.l, a.option);
    }

    /// What ISB waits for has happened already: whatever changes translations has ended its block.
    pub(super) fn isb(&mut self, _: args::Isb) {}
}

/// Exceptions, to and from: the hypervisor's.
impl Wide<'_, '_> {
    pub(super) fn hvc(&mut self, _: args::Hvc) {
        self.l.privileged_insn();
    }

    pub(super) fn smc(&mut self, _: args::Smc) {
        self.l.privileged_insn();
    }

    pub(super) fn subs_pc_lr(&mut self, _: args::SubsPcLr) {
        self.l.privileged_insn();
    }

    pub(super) fn srs_db(&mut self, _: args::SrsDb) {
        self.l.privileged_insn();
    }

    pub(super) fn srs_ia(&mut self, _: args::SrsIa) {
        self.l.privileged_insn();
    }

    pub(super) fn rfe_db(&mut self, _: args::RfeDb) {
        self.l.privileged_insn();
    }

    pub(super) fn rfe_ia(&mut self, _: args::RfeIa) {
        self.l.privileged_insn();
    }
}

/// Coprocessors.
impl Wide<'_, '_> {
    pub(super) fn mrc(&mut self, a: args::Mrc) {
        let register = Register { coproc: a.coproc, opc1: a.opc1, crn: a.crn, crm: a.crm, opc2: a.opc2 };
        coprocessor::mrc(self.l, a.rt, register);
    }

    pub(super) fn mcr(&mut self, a: args::Mcr) {
        let register = Register { coproc: a.coproc, opc1: a.opc1, crn: a.crn, crm: a.crm, opc2: a.opc2 };
        coprocessor::mcr(self.l, a.rt, register);
    }

    pub(super) fn mrrc(&mut self, _: args::Mrrc) {
        coprocessor::move_two(self.l);
    }

    pub(super) fn mcrr(&mut self, _: args::Mcrr) {
        coprocessor::move_two(self.l);
    }
}
