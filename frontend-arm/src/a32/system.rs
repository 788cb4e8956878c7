//! A32 status registers, hints, exceptions, barriers, coprocessors (ARM DDI 0406, A5.2.11, A5.2.12, A5.6, A5.7, B9.3).

use super::data_processing::expand_imm;
use super::{A32, args};
use crate::semantics::coprocessor::{self, Register};
use crate::semantics::{status_register, system};

impl A32<'_, '_> {
    // ---- status registers ----

    pub(super) fn mrs(&mut self, a: args::Mrs) {
        status_register::mrs(self.l, a.rd, a.spsr != 0);
    }

    pub(super) fn msr_reg(&mut self, a: args::MsrReg) {
        let value = self.l.reg(a.rn);
        status_register::msr(self.l, a.spsr != 0, a.mask, value);
    }

    pub(super) fn msr_imm(&mut self, a: args::MsrImm) {
        let value = self.l.imm(expand_imm(a.imm));
        status_register::msr(self.l, a.spsr != 0, a.mask, value);
    }

    pub(super) fn mrs_banked(&mut self, _a: args::MrsBanked) {
        self.l.privileged_insn();
    }

    pub(super) fn msr_banked(&mut self, _a: args::MsrBanked) {
        self.l.privileged_insn();
    }

    pub(super) fn cps(&mut self, a: args::Cps) {
        if a.change_mode != 0 {
            status_register::change_mode(self.l);
        } else {
            status_register::change_masks(self.l, a.enable == 3, a.aif);
        }
    }

    pub(super) fn cps_mode(&mut self, _a: args::CpsMode) {
        status_register::change_mode(self.l);
    }

    pub(super) fn setend(&mut self, a: args::Setend) {
        status_register::setend(self.l, a.enable != 0);
    }

    // ---- hints: those that do nothing have empty bodies ----

    pub(super) fn hint(&mut self, _a: args::Hint) {}

    pub(super) fn nop(&mut self, _a: args::Nop) {}

    pub(super) fn yield_(&mut self, _a: args::Yield) {}

    pub(super) fn wfe(&mut self, _a: args::Wfe) {}

    pub(super) fn wfi(&mut self, _a: args::Wfi) {
        system::wfi(self.l);
    }

    pub(super) fn sev(&mut self, _a: args::Sev) {}

    pub(super) fn sevl(&mut self, _a: args::Sevl) {}

    pub(super) fn csdb(&mut self, _a: args::Csdb) {}

    pub(super) fn dbg(&mut self, _a: args::Dbg) {}

    pub(super) fn pld_imm(&mut self, _a: args::PldImm) {}

    pub(super) fn pldw_imm(&mut self, _a: args::PldwImm) {}

    pub(super) fn pli_imm(&mut self, _a: args::PliImm) {}

    pub(super) fn pld_reg(&mut self, _a: args::PldReg) {}

    pub(super) fn pldw_reg(&mut self, _a: args::PldwReg) {}

    pub(super) fn pli_reg(&mut self, _a: args::PliReg) {}

    pub(super) fn hint_memory_imm(&mut self, _a: args::HintMemoryImm) {}

    pub(super) fn hint_memory_reg(&mut self, _a: args::HintMemoryReg) {}

    // ---- barriers ----

    pub(super) fn dsb(&mut self, a: args::Dsb) {
        system::data_barrier(self.l, a.option);
    }

    pub(super) fn dmb(&mut self, a: args::Dmb) {
        system::data_barrier(self.l, a.option);
    }

    /// What ISB waits for has happened already: whatever changes translations has ended its block.
    pub(super) fn isb(&mut self, _a: args::Isb) {}

    // ---- exceptions ----

    pub(super) fn svc(&mut self, a: args::Svc) {
        system::svc(self.l, a.imm);
    }

    pub(super) fn bkpt(&mut self, a: args::Bkpt) {
        system::bkpt(self.l, a.imm);
    }

    pub(super) fn hlt(&mut self, _a: args::Hlt) {
        system::hlt(self.l);
    }

    pub(super) fn hvc(&mut self, _a: args::Hvc) {
        self.l.privileged_insn();
    }

    pub(super) fn smc(&mut self, _a: args::Smc) {
        self.l.privileged_insn();
    }

    pub(super) fn eret(&mut self, _a: args::Eret) {
        self.l.privileged_insn();
    }

    pub(super) fn srs(&mut self, _a: args::Srs) {
        self.l.privileged_insn();
    }

    pub(super) fn rfe(&mut self, _a: args::Rfe) {
        self.l.privileged_insn();
    }

    // ---- coprocessors ----

    pub(super) fn mrc(&mut self, a: args::Mrc) {
        let register = Register { coproc: a.coproc, opc1: a.opc1, crn: a.crn, crm: a.crm, opc2: a.opc2 };
        coprocessor::mrc(self.l, a.rt, register);
    }

    pub(super) fn mcr(&mut self, a: args::Mcr) {
        let register = Register { coproc: a.coproc, opc1: a.opc1, crn: a.crn, crm: a.crm, opc2: a.opc2 };
        coprocessor::mcr(self.l, a.rt, register);
    }

    pub(super) fn mrrc(&mut self, _a: args::Mrrc) {
        coprocessor::move_two(self.l);
    }

    pub(super) fn mcrr(&mut self, _a: args::Mcrr) {
        coprocessor::move_two(self.l);
    }
}
