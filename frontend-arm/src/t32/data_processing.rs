//! 32-bit data processing (ARM DDI 0406C, A6.3.1, A6.3.3, A6.3.11 to A6.3.15).

use super::Wide;
use super::immediate::expand_imm;
use super::wide::args;
use crate::helpers::{Fit, Lanes};
use crate::semantics::data_processing::{self, Alu, Test};
use crate::semantics::pack_extend_reverse::{self, Part};
use crate::semantics::shifter::{self, ImmShift, Operand, Shift};
use crate::semantics::{bit_field, parallel, saturate};

impl Wide<'_, '_> {
    /// A modified immediate.
    fn immediate(&mut self, imm12: u32) -> Operand {
        let (value, rotated) = expand_imm(imm12);
        shifter::constant(self.l, value, rotated)
    }

    /// A register shifted by a constant, with the carry out if flags are set.
    fn shifted(&mut self, rm: u32, ty: u32, imm5: u32, s: bool) -> Operand {
        shifter::shift_by_constant(self.l, rm, ImmShift::decode(ty, imm5), s)
    }
}

/// The instructions of two operands, with a modified immediate and with a shifted register.
macro_rules! alu {
    ($($op:ident: $imm:ident $Imm:ident, $reg:ident $Reg:ident;)*) => {
        impl Wide<'_, '_> {
            $(pub(super) fn $imm(&mut self, a: args::$Imm) {
                let operand = self.immediate(a.imm);
                data_processing::alu(self.l, Alu::$op, a.s != 0, a.rd, a.rn, operand);
            }

            pub(super) fn $reg(&mut self, a: args::$Reg) {
                let operand = self.shifted(a.rm, a.ty, a.imm, a.s != 0);
                data_processing::alu(self.l, Alu::$op, a.s != 0, a.rd, a.rn, operand);
            })*
        }
    };
}

alu! {
    And: and_imm AndImm, and_reg AndReg;
    Bic: bic_imm BicImm, bic_reg BicReg;
    Orr: orr_imm OrrImm, orr_reg OrrReg;
    Orn: orn_imm OrnImm, orn_reg OrnReg;
    Eor: eor_imm EorImm, eor_reg EorReg;
    Add: add_imm AddImm, add_reg AddReg;
    Adc: adc_imm AdcImm, adc_reg AdcReg;
    Sbc: sbc_imm SbcImm, sbc_reg SbcReg;
    Sub: sub_imm SubImm, sub_reg SubReg;
    Rsb: rsb_imm RsbImm, rsb_reg RsbReg;
}

/// The comparisons with a shifted register.
macro_rules! test_register {
    ($($op:ident: $reg:ident $Reg:ident;)*) => {
        impl Wide<'_, '_> {
            $(pub(super) fn $reg(&mut self, a: args::$Reg) {
                let operand = self.shifted(a.rm, a.ty, a.imm, true);
                data_processing::test(self.l, Test::$op, a.rn, operand);
            })*
        }
    };
}

test_register! {
    Tst: tst_reg TstReg;
    Teq: teq_reg TeqReg;
    Cmn: cmn_reg CmnReg;
    Cmp: cmp_reg CmpReg;
}

/// The comparisons with a modified immediate, and moves.
impl Wide<'_, '_> {
    pub(super) fn tst_imm(&mut self, a: args::TstImm) {
        let operand = self.immediate(a.imm);
        data_processing::test(self.l, Test::Tst, a.rn, operand);
    }

    pub(super) fn teq_imm(&mut self, a: args::TeqImm) {
        let operand = self.immediate(a.imm);
        data_processing::test(self.l, Test::Teq, a.rn, operand);
    }

    pub(super) fn cmn_imm(&mut self, a: args::CmnImm) {
        let operand = self.immediate(a.imm);
        data_processing::test(self.l, Test::Cmn, a.rn, operand);
    }

    pub(super) fn cmp_imm(&mut self, a: args::CmpImm) {
        data_processing::cmp_constant(self.l, a.rn, expand_imm(a.imm).0);
    }

    pub(super) fn mov_imm(&mut self, a: args::MovImm) {
        let operand = self.immediate(a.imm);
        data_processing::mov(self.l, a.s != 0, a.rd, operand);
    }

    pub(super) fn mvn_imm(&mut self, a: args::MvnImm) {
        let operand = self.immediate(a.imm);
        data_processing::mvn(self.l, a.s != 0, a.rd, operand);
    }

    /// `MOV Rd, Rm, shift`, which is `LSL Rd, Rm, #imm` and its like.
    pub(super) fn mov_shift(&mut self, a: args::MovShift) {
        match ImmShift::decode(a.ty, a.imm) {
            ImmShift::None => data_processing::mov_reg(self.l, a.s != 0, a.rd, a.rm),
            shift => {
                let operand = shifter::shift_by_constant(self.l, a.rm, shift, a.s != 0);
                data_processing::mov(self.l, a.s != 0, a.rd, operand);
            }
        }
    }

    pub(super) fn mvn_reg(&mut self, a: args::MvnReg) {
        let operand = self.shifted(a.rm, a.ty, a.imm, a.s != 0);
        data_processing::mvn(self.l, a.s != 0, a.rd, operand);
    }

    /// `LSL Rd, Rn, Rm` and its like.
    pub(super) fn shift_reg(&mut self, a: args::ShiftReg) {
        let shift = Shift::from_bits(a.ty);
        let operand = shifter::shift_by_register(self.l, a.rn, shift, a.rm, a.s != 0);
        data_processing::mov(self.l, a.s != 0, a.rd, operand);
    }
}

/// Plain binary immediates.
impl Wide<'_, '_> {
    pub(super) fn addw(&mut self, a: args::Addw) {
        let operand = shifter::constant(self.l, a.imm, false);
        data_processing::alu(self.l, Alu::Add, false, a.rd, a.rn, operand);
    }

    pub(super) fn subw(&mut self, a: args::Subw) {
        let operand = shifter::constant(self.l, a.imm, false);
        data_processing::alu(self.l, Alu::Sub, false, a.rd, a.rn, operand);
    }

    /// `ADR Rd, label` with a label behind the instruction.
    pub(super) fn adr_after(&mut self, a: args::AdrAfter) {
        let address = (self.l.pc() & !3).wrapping_add(a.imm);
        let value = self.l.imm(address);
        self.l.put_reg(a.rd, value);
    }

    /// `ADR Rd, label` with a label before the instruction.
    pub(super) fn adr_before(&mut self, a: args::AdrBefore) {
        let address = (self.l.pc() & !3).wrapping_sub(a.imm);
        let value = self.l.imm(address);
        self.l.put_reg(a.rd, value);
    }

    pub(super) fn movw(&mut self, a: args::Movw) {
        data_processing::movw(self.l, a.rd, a.imm4 << 12 | a.imm);
    }

    pub(super) fn movt(&mut self, a: args::Movt) {
        data_processing::movt(self.l, a.rd, a.imm4 << 12 | a.imm);
    }

    pub(super) fn ssat(&mut self, a: args::Ssat) {
        saturate::ssat(self.l, a.rd, a.widthm1 + 1, a.rn, ImmShift::decode(0, a.imm));
    }

    pub(super) fn ssat_asr(&mut self, a: args::SsatAsr) {
        saturate::ssat(self.l, a.rd, a.widthm1 + 1, a.rn, ImmShift::decode(2, a.imm));
    }

    pub(super) fn usat(&mut self, a: args::Usat) {
        saturate::usat(self.l, a.rd, a.bits, a.rn, ImmShift::decode(0, a.imm));
    }

    pub(super) fn usat_asr(&mut self, a: args::UsatAsr) {
        saturate::usat(self.l, a.rd, a.bits, a.rn, ImmShift::decode(2, a.imm));
    }

    pub(super) fn ssat16(&mut self, a: args::Ssat16) {
        saturate::sat16(self.l, true, a.rd, a.widthm1 + 1, a.rn);
    }

    pub(super) fn usat16(&mut self, a: args::Usat16) {
        saturate::sat16(self.l, false, a.rd, a.bits, a.rn);
    }

    pub(super) fn sbfx(&mut self, a: args::Sbfx) {
        bit_field::bit_field_extract(self.l, true, a.rd, a.rn, a.imm, a.widthm1);
    }

    pub(super) fn ubfx(&mut self, a: args::Ubfx) {
        bit_field::bit_field_extract(self.l, false, a.rd, a.rn, a.imm, a.widthm1);
    }

    pub(super) fn bfi(&mut self, a: args::Bfi) {
        bit_field::bfi(self.l, a.rd, a.rn, a.msb, a.imm);
    }

    pub(super) fn bfc(&mut self, a: args::Bfc) {
        bit_field::bfc(self.l, a.rd, a.msb, a.imm);
    }
}

/// Packing, extension, reversal.
macro_rules! extend {
    ($($signed:literal $part:ident: $plain:ident $Plain:ident, $adding:ident $Adding:ident;)*) => {
        impl Wide<'_, '_> {
            $(pub(super) fn $plain(&mut self, a: args::$Plain) {
                pack_extend_reverse::extend(self.l, $signed, Part::$part, a.rd, None, a.rm, a.rotation);
            }

            pub(super) fn $adding(&mut self, a: args::$Adding) {
                pack_extend_reverse::extend(self.l, $signed, Part::$part, a.rd, Some(a.rn), a.rm, a.rotation);
            })*
        }
    };
}

extend! {
    true Byte: sxtb Sxtb, sxtab Sxtab;
    true Half: sxth Sxth, sxtah Sxtah;
    true TwoBytes: sxtb16 Sxtb16, sxtab16 Sxtab16;
    false Byte: uxtb Uxtb, uxtab Uxtab;
    false Half: uxth Uxth, uxtah Uxtah;
    false TwoBytes: uxtb16 Uxtb16, uxtab16 Uxtab16;
}

impl Wide<'_, '_> {
    pub(super) fn pkhbt(&mut self, a: args::Pkhbt) {
        pack_extend_reverse::pkh(self.l, false, a.rd, a.rn, a.rm, a.imm);
    }

    pub(super) fn pkhtb(&mut self, a: args::Pkhtb) {
        pack_extend_reverse::pkh(self.l, true, a.rd, a.rn, a.rm, a.imm);
    }

    pub(super) fn rev(&mut self, a: args::Rev) {
        pack_extend_reverse::rev(self.l, a.rd, a.rm);
    }

    pub(super) fn rev16(&mut self, a: args::Rev16) {
        pack_extend_reverse::rev16(self.l, a.rd, a.rm);
    }

    pub(super) fn revsh(&mut self, a: args::Revsh) {
        pack_extend_reverse::revsh(self.l, a.rd, a.rm);
    }

    pub(super) fn rbit(&mut self, a: args::Rbit) {
        pack_extend_reverse::rbit(self.l, a.rd, a.rm);
    }

    pub(super) fn clz(&mut self, a: args::Clz) {
        bit_field::clz(self.l, a.rd, a.rm);
    }

    pub(super) fn sel(&mut self, a: args::Sel) {
        parallel::sel(self.l, a.rd, a.rn, a.rm);
    }
}

/// Saturating and parallel arithmetic.
impl Wide<'_, '_> {
    pub(super) fn qadd(&mut self, a: args::Qadd) {
        saturate::qadd(self.l, false, false, a.rd, a.rm, a.rn);
    }

    pub(super) fn qsub(&mut self, a: args::Qsub) {
        saturate::qadd(self.l, true, false, a.rd, a.rm, a.rn);
    }

    pub(super) fn qdadd(&mut self, a: args::Qdadd) {
        saturate::qadd(self.l, false, true, a.rd, a.rm, a.rn);
    }

    pub(super) fn qdsub(&mut self, a: args::Qdsub) {
        saturate::qadd(self.l, true, true, a.rd, a.rm, a.rn);
    }

    pub(super) fn parallel(&mut self, a: args::Parallel) {
        let lanes = match a.op {
            0 => Lanes::Add8,
            1 => Lanes::Add16,
            2 => Lanes::Asx,
            4 => Lanes::Sub8,
            5 => Lanes::Sub16,
            _ => Lanes::Sax,
        };
        let fit = match a.fit {
            0 => Fit::Signed,
            1 => Fit::SignedSaturating,
            2 => Fit::SignedHalving,
            4 => Fit::Unsigned,
            5 => Fit::UnsignedSaturating,
            _ => Fit::UnsignedHalving,
        };
        parallel::parallel(self.l, fit, lanes, a.rd, a.rn, a.rm);
    }
}
