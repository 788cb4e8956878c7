//! A32 data processing (ARM DDI 0406, A5.2.1 to A5.2.4).

use super::{A32, args};
use crate::lifter::PC;
use crate::semantics::branch;
use crate::semantics::data_processing::{self as dp, Alu, Test};
use crate::semantics::shifter::{self, ImmShift, Operand, Shift};

/// ARMExpandImm: an 8-bit value rotated right by twice the 4-bit field above it.
pub(crate) fn expand_imm(imm12: u32) -> u32 {
    (imm12 & 0xff).rotate_right(2 * (imm12 >> 8))
}

impl A32<'_, '_> {
    fn immediate(&mut self, imm12: u32) -> Operand {
        shifter::constant(self.l, expand_imm(imm12), imm12 >> 8 != 0)
    }

    fn shifted(&mut self, rm: u32, stype: u32, imm5: u32, wants_carry: bool) -> Operand {
        shifter::shift_by_constant(self.l, rm, ImmShift::decode(stype, imm5), wants_carry)
    }

    fn shifted_by_register(&mut self, rm: u32, stype: u32, rs: u32, wants_carry: bool) -> Operand {
        shifter::shift_by_register(self.l, rm, Shift::from_bits(stype), rs, wants_carry)
    }
}

/// The three forms of an instruction with a result: immediate, register, register-shifted register.
macro_rules! with_result {
    ($($op:ident: $imm:ident $Imm:ident, $reg:ident $Reg:ident, $rsr:ident $Rsr:ident;)*) => {
        impl A32<'_, '_> {
            $(pub(super) fn $imm(&mut self, a: args::$Imm) {
                let operand = self.immediate(a.imm);
                dp::alu(self.l, Alu::$op, a.s != 0, a.rd, a.rn, operand);
            }

            pub(super) fn $reg(&mut self, a: args::$Reg) {
                let wants_carry = a.s != 0 && Alu::$op.takes_shifter_carry();
                let operand = self.shifted(a.rm, a.stype, a.imm5, wants_carry);
                dp::alu(self.l, Alu::$op, a.s != 0, a.rd, a.rn, operand);
            }

            pub(super) fn $rsr(&mut self, a: args::$Rsr) {
                let wants_carry = a.s != 0 && Alu::$op.takes_shifter_carry();
                let operand = self.shifted_by_register(a.rm, a.stype, a.rs, wants_carry);
                dp::alu(self.l, Alu::$op, a.s != 0, a.rd, a.rn, operand);
            })*
        }
    };
}

with_result! {
    And: and_imm AndImm, and_reg AndReg, and_rsr AndRsr;
    Eor: eor_imm EorImm, eor_reg EorReg, eor_rsr EorRsr;
    Sub: sub_imm SubImm, sub_reg SubReg, sub_rsr SubRsr;
    Rsb: rsb_imm RsbImm, rsb_reg RsbReg, rsb_rsr RsbRsr;
    Add: add_imm AddImm, add_reg_plain AddReg, add_rsr AddRsr;
    Adc: adc_imm AdcImm, adc_reg AdcReg, adc_rsr AdcRsr;
    Sbc: sbc_imm SbcImm, sbc_reg SbcReg, sbc_rsr SbcRsr;
    Rsc: rsc_imm RscImm, rsc_reg RscReg, rsc_rsr RscRsr;
    Orr: orr_imm OrrImm, orr_reg OrrReg, orr_rsr OrrRsr;
    Bic: bic_imm BicImm, bic_reg BicReg, bic_rsr BicRsr;
}

/// The register forms of an instruction that only sets flags.
macro_rules! tests {
    ($($op:ident: $reg:ident $Reg:ident, $rsr:ident $Rsr:ident;)*) => {
        impl A32<'_, '_> {
            $(pub(super) fn $reg(&mut self, a: args::$Reg) {
                let wants_carry = Test::$op.takes_shifter_carry();
                let operand = self.shifted(a.rm, a.stype, a.imm5, wants_carry);
                dp::test(self.l, Test::$op, a.rn, operand);
            }

            pub(super) fn $rsr(&mut self, a: args::$Rsr) {
                let wants_carry = Test::$op.takes_shifter_carry();
                let operand = self.shifted_by_register(a.rm, a.stype, a.rs, wants_carry);
                dp::test(self.l, Test::$op, a.rn, operand);
            })*
        }
    };
}

tests! {
    Tst: tst_reg TstReg, tst_rsr TstRsr;
    Teq: teq_reg TeqReg, teq_rsr TeqRsr;
    Cmp: cmp_reg CmpReg, cmp_rsr CmpRsr;
    Cmn: cmn_reg CmnReg, cmn_rsr CmnRsr;
}

/// The shifts: moves of a register shifted by a constant or a register.
macro_rules! shifts {
    ($($op:ident: $imm:ident $Imm:ident, $reg:ident $Reg:ident;)*) => {
        impl A32<'_, '_> {
            $(pub(super) fn $imm(&mut self, a: args::$Imm) {
                let operand = self.shifted(a.rm, Shift::$op as u32, a.imm5, a.s != 0);
                dp::mov(self.l, a.s != 0, a.rd, operand);
            }

            pub(super) fn $reg(&mut self, a: args::$Reg) {
                let operand = self.shifted_by_register(a.rm, Shift::$op as u32, a.rs, a.s != 0);
                dp::mov(self.l, a.s != 0, a.rd, operand);
            })*
        }
    };
}

shifts! {
    Lsl: lsl_imm LslImm, lsl_reg LslReg;
    Lsr: lsr_imm LsrImm, lsr_reg LsrReg;
    Asr: asr_imm AsrImm, asr_reg AsrReg;
    Ror: ror_imm RorImm, ror_reg RorReg;
}

impl A32<'_, '_> {
    /// `ADD Rd, Rn, Rm`; with R15 as destination and base, and condition LS, a jump table.
    pub(super) fn add_reg(&mut self, a: args::AddReg) {
        const LS: u32 = 9;
        let words = ImmShift::decode(a.stype, a.imm5) == ImmShift::By(Shift::Lsl, 2);
        let table = self.l.pc();
        let jumps = a.rd == PC && a.rn == PC && a.s == 0 && a.cond == LS && words;
        if !jumps || !branch::switch_of_branches(self.l, a.rm, table) {
            self.add_reg_plain(a);
        }
    }

    pub(super) fn tst_imm(&mut self, a: args::TstImm) {
        let operand = self.immediate(a.imm);
        dp::test(self.l, Test::Tst, a.rn, operand);
    }

    pub(super) fn teq_imm(&mut self, a: args::TeqImm) {
        let operand = self.immediate(a.imm);
        dp::test(self.l, Test::Teq, a.rn, operand);
    }

    pub(super) fn cmp_imm(&mut self, a: args::CmpImm) {
        dp::cmp_constant(self.l, a.rn, expand_imm(a.imm));
    }

    pub(super) fn cmn_imm(&mut self, a: args::CmnImm) {
        let operand = self.immediate(a.imm);
        dp::test(self.l, Test::Cmn, a.rn, operand);
    }

    pub(super) fn mov_imm(&mut self, a: args::MovImm) {
        let operand = self.immediate(a.imm);
        dp::mov(self.l, a.s != 0, a.rd, operand);
    }

    pub(super) fn mov_reg(&mut self, a: args::MovReg) {
        dp::mov_reg(self.l, a.s != 0, a.rd, a.rm);
    }

    pub(super) fn rrx(&mut self, a: args::Rrx) {
        let operand = shifter::shift_by_constant(self.l, a.rm, ImmShift::Rrx, a.s != 0);
        dp::mov(self.l, a.s != 0, a.rd, operand);
    }

    pub(super) fn mvn_imm(&mut self, a: args::MvnImm) {
        let operand = self.immediate(a.imm);
        dp::mvn(self.l, a.s != 0, a.rd, operand);
    }

    pub(super) fn mvn_reg(&mut self, a: args::MvnReg) {
        let operand = self.shifted(a.rm, a.stype, a.imm5, a.s != 0);
        dp::mvn(self.l, a.s != 0, a.rd, operand);
    }

    pub(super) fn mvn_rsr(&mut self, a: args::MvnRsr) {
        let operand = self.shifted_by_register(a.rm, a.stype, a.rs, a.s != 0);
        dp::mvn(self.l, a.s != 0, a.rd, operand);
    }

    pub(super) fn movw(&mut self, a: args::Movw) {
        dp::movw(self.l, a.rd, a.imm);
    }

    pub(super) fn movt(&mut self, a: args::Movt) {
        dp::movt(self.l, a.rd, a.imm);
    }
}
