//! The 16-bit instructions (ARM DDI 0406C, A6.2).

use demotic_ir::{IntCc, MemOp, MemSize};

use super::Narrow;
use super::immediate::sign_extend;
use super::narrow::{Row, Visitor, args};
use crate::lifter::{LR, PC, SP};
use crate::semantics::data_processing::{self, Alu, Test};
use crate::semantics::load_store::{self, Address, Indexing, Offset};
use crate::semantics::load_store_multiple::{self, Multiple};
use crate::semantics::pack_extend_reverse::{self, Part};
use crate::semantics::shifter::{self, ImmShift, Shift};
use crate::semantics::{branch, multiply, status_register, system};

impl Narrow<'_, '_> {
    /// Whether flags are set: outside IT blocks.
    fn s(&self) -> bool {
        !self.it.in_block()
    }

    fn alu_imm(&mut self, op: Alu, rd: u32, rn: u32, imm: u32) {
        let operand = shifter::constant(self.l, imm, false);
        data_processing::alu(self.l, op, self.s(), rd, rn, operand);
    }

    fn alu_reg(&mut self, op: Alu, rd: u32, rn: u32, rm: u32) {
        let operand = shifter::plain(self.l.reg(rm));
        data_processing::alu(self.l, op, self.s(), rd, rn, operand);
    }

    fn test_reg(&mut self, op: Test, rn: u32, rm: u32) {
        let operand = shifter::plain(self.l.reg(rm));
        data_processing::test(self.l, op, rn, operand);
    }

    /// Addition to SP, and other addition that does not set flags.
    fn add_plain(&mut self, op: Alu, rd: u32, rn: u32, imm: u32) {
        let operand = shifter::constant(self.l, imm, false);
        data_processing::alu(self.l, op, false, rd, rn, operand);
    }

    fn shift_imm(&mut self, shift: Shift, rd: u32, rm: u32, imm5: u32) {
        let operand = shifter::shift_by_constant(self.l, rm, ImmShift::decode(shift as u32, imm5), self.s());
        data_processing::mov(self.l, self.s(), rd, operand);
    }

    fn shift_reg(&mut self, shift: Shift, rd: u32, rm: u32) {
        let operand = shifter::shift_by_register(self.l, rd, shift, rm, self.s());
        data_processing::mov(self.l, self.s(), rd, operand);
    }

    fn mem(&self, size: MemSize, signed: bool) -> MemOp {
        MemOp { sign: signed, ..self.l.mem(size) }
    }

    fn load_imm(&mut self, size: MemSize, rt: u32, rn: u32, imm: u32) {
        let address = Address { rn, offset: Offset::constant(true, imm), indexing: Indexing::Offset };
        load_store::load(self.l, self.mem(size, false), rt, address);
    }

    fn store_imm(&mut self, size: MemSize, rt: u32, rn: u32, imm: u32) {
        let address = Address { rn, offset: Offset::constant(true, imm), indexing: Indexing::Offset };
        load_store::store(self.l, self.mem(size, false), rt, address);
    }

    fn load_reg(&mut self, size: MemSize, signed: bool, rt: u32, rn: u32, rm: u32) {
        let offset = Offset::value(true, self.l.reg(rm));
        let address = Address { rn, offset, indexing: Indexing::Offset };
        load_store::load(self.l, self.mem(size, signed), rt, address);
    }

    fn store_reg(&mut self, size: MemSize, rt: u32, rn: u32, rm: u32) {
        let offset = Offset::value(true, self.l.reg(rm));
        let address = Address { rn, offset, indexing: Indexing::Offset };
        load_store::store(self.l, self.mem(size, false), rt, address);
    }

    /// The T32 code address `halfwords` from the pc that the instruction sees.
    fn target(&self, halfwords: i32) -> u64 {
        u64::from(self.l.pc().wrapping_add_signed(halfwords * 2) | 1)
    }

    fn branch_if_zero(&mut self, cc: IntCc, rn: u32, imm: u32) {
        let n = self.l.reg(rn);
        let zero = self.l.imm(0);
        let cond = self.l.compare(n, cc, zero);
        let target = self.target(imm as i32);
        branch::branch_if(self.l, cond, target);
    }
}

impl Visitor for Narrow<'_, '_> {
    type Output = ();

    fn has(&self, feature: &'static str) -> bool {
        self.l.config.has(feature)
    }

    // ---- shift (immediate), add, subtract, move, and compare ----

    fn movs_reg(&mut self, a: args::MovsReg) {
        data_processing::mov_reg(self.l, self.s(), a.rd, a.rm);
    }
    fn lsl_imm(&mut self, a: args::LslImm) {
        self.shift_imm(Shift::Lsl, a.rd, a.rm, a.imm);
    }
    fn lsr_imm(&mut self, a: args::LsrImm) {
        self.shift_imm(Shift::Lsr, a.rd, a.rm, a.imm);
    }
    fn asr_imm(&mut self, a: args::AsrImm) {
        self.shift_imm(Shift::Asr, a.rd, a.rm, a.imm);
    }
    fn add_reg(&mut self, a: args::AddReg) {
        self.alu_reg(Alu::Add, a.rd, a.rn, a.rm);
    }
    fn sub_reg(&mut self, a: args::SubReg) {
        self.alu_reg(Alu::Sub, a.rd, a.rn, a.rm);
    }
    fn add_imm3(&mut self, a: args::AddImm3) {
        self.alu_imm(Alu::Add, a.rd, a.rn, a.imm);
    }
    fn sub_imm3(&mut self, a: args::SubImm3) {
        self.alu_imm(Alu::Sub, a.rd, a.rn, a.imm);
    }
    fn mov_imm(&mut self, a: args::MovImm) {
        let operand = shifter::constant(self.l, a.imm, false);
        data_processing::mov(self.l, self.s(), a.rd, operand);
    }
    fn cmp_imm(&mut self, a: args::CmpImm) {
        data_processing::cmp_constant(self.l, a.rn, a.imm);
    }
    fn add_imm8(&mut self, a: args::AddImm8) {
        self.alu_imm(Alu::Add, a.rd, a.rd, a.imm);
    }
    fn sub_imm8(&mut self, a: args::SubImm8) {
        self.alu_imm(Alu::Sub, a.rd, a.rd, a.imm);
    }

    // ---- data processing ----

    fn and_reg(&mut self, a: args::AndReg) {
        self.alu_reg(Alu::And, a.rd, a.rd, a.rm);
    }
    fn eor_reg(&mut self, a: args::EorReg) {
        self.alu_reg(Alu::Eor, a.rd, a.rd, a.rm);
    }
    fn lsl_reg(&mut self, a: args::LslReg) {
        self.shift_reg(Shift::Lsl, a.rd, a.rm);
    }
    fn lsr_reg(&mut self, a: args::LsrReg) {
        self.shift_reg(Shift::Lsr, a.rd, a.rm);
    }
    fn asr_reg(&mut self, a: args::AsrReg) {
        self.shift_reg(Shift::Asr, a.rd, a.rm);
    }
    fn adc_reg(&mut self, a: args::AdcReg) {
        self.alu_reg(Alu::Adc, a.rd, a.rd, a.rm);
    }
    fn sbc_reg(&mut self, a: args::SbcReg) {
        self.alu_reg(Alu::Sbc, a.rd, a.rd, a.rm);
    }
    fn ror_reg(&mut self, a: args::RorReg) {
        self.shift_reg(Shift::Ror, a.rd, a.rm);
    }
    fn tst_reg(&mut self, a: args::TstReg) {
        self.test_reg(Test::Tst, a.rn, a.rm);
    }
    fn rsb_imm(&mut self, a: args::RsbImm) {
        self.alu_imm(Alu::Rsb, a.rd, a.rn, 0);
    }
    fn cmp_reg(&mut self, a: args::CmpReg) {
        self.test_reg(Test::Cmp, a.rn, a.rm);
    }
    fn cmn_reg(&mut self, a: args::CmnReg) {
        self.test_reg(Test::Cmn, a.rn, a.rm);
    }
    fn orr_reg(&mut self, a: args::OrrReg) {
        self.alu_reg(Alu::Orr, a.rd, a.rd, a.rm);
    }
    fn mul(&mut self, a: args::Mul) {
        multiply::mul(self.l, self.s(), a.rd, a.rn, a.rd);
    }
    fn bic_reg(&mut self, a: args::BicReg) {
        self.alu_reg(Alu::Bic, a.rd, a.rd, a.rm);
    }
    fn mvn_reg(&mut self, a: args::MvnReg) {
        let operand = shifter::plain(self.l.reg(a.rm));
        data_processing::mvn(self.l, self.s(), a.rd, operand);
    }

    // ---- special data and branch and exchange ----

    fn add_high(&mut self, a: args::AddHigh) {
        let operand = shifter::plain(self.l.reg(a.rm));
        data_processing::alu(self.l, Alu::Add, false, a.rd, a.rd, operand);
    }
    fn cmp_high(&mut self, a: args::CmpHigh) {
        self.test_reg(Test::Cmp, a.rn, a.rm);
    }
    fn mov_reg(&mut self, a: args::MovReg) {
        data_processing::mov_reg(self.l, false, a.rd, a.rm);
    }
    /// `BX PC` goes to the A32 code behind the next halfword.
    fn bx(&mut self, a: args::Bx) {
        if a.rm == PC {
            branch::branch(self.l, u64::from(self.l.pc()));
        } else {
            branch::branch_exchange(self.l, a.rm);
        }
    }
    fn blx_reg(&mut self, a: args::BlxReg) {
        branch::branch_link_register(self.l, a.rm);
    }

    // ---- loads and stores ----

    fn ldr_lit(&mut self, a: args::LdrLit) {
        self.load_imm(MemSize::B4, a.rt, PC, a.imm * 4);
    }
    fn str_reg(&mut self, a: args::StrReg) {
        self.store_reg(MemSize::B4, a.rt, a.rn, a.rm);
    }
    fn strh_reg(&mut self, a: args::StrhReg) {
        self.store_reg(MemSize::B2, a.rt, a.rn, a.rm);
    }
    fn strb_reg(&mut self, a: args::StrbReg) {
        self.store_reg(MemSize::B1, a.rt, a.rn, a.rm);
    }
    fn ldrsb_reg(&mut self, a: args::LdrsbReg) {
        self.load_reg(MemSize::B1, true, a.rt, a.rn, a.rm);
    }
    fn ldr_reg(&mut self, a: args::LdrReg) {
        self.load_reg(MemSize::B4, false, a.rt, a.rn, a.rm);
    }
    fn ldrh_reg(&mut self, a: args::LdrhReg) {
        self.load_reg(MemSize::B2, false, a.rt, a.rn, a.rm);
    }
    fn ldrb_reg(&mut self, a: args::LdrbReg) {
        self.load_reg(MemSize::B1, false, a.rt, a.rn, a.rm);
    }
    fn ldrsh_reg(&mut self, a: args::LdrshReg) {
        self.load_reg(MemSize::B2, true, a.rt, a.rn, a.rm);
    }
    fn str_imm(&mut self, a: args::StrImm) {
        self.store_imm(MemSize::B4, a.rt, a.rn, a.imm * 4);
    }
    fn ldr_imm(&mut self, a: args::LdrImm) {
        self.load_imm(MemSize::B4, a.rt, a.rn, a.imm * 4);
    }
    fn strb_imm(&mut self, a: args::StrbImm) {
        self.store_imm(MemSize::B1, a.rt, a.rn, a.imm);
    }
    fn ldrb_imm(&mut self, a: args::LdrbImm) {
        self.load_imm(MemSize::B1, a.rt, a.rn, a.imm);
    }
    fn strh_imm(&mut self, a: args::StrhImm) {
        self.store_imm(MemSize::B2, a.rt, a.rn, a.imm * 2);
    }
    fn ldrh_imm(&mut self, a: args::LdrhImm) {
        self.load_imm(MemSize::B2, a.rt, a.rn, a.imm * 2);
    }
    fn str_sp(&mut self, a: args::StrSp) {
        self.store_imm(MemSize::B4, a.rt, SP, a.imm * 4);
    }
    fn ldr_sp(&mut self, a: args::LdrSp) {
        self.load_imm(MemSize::B4, a.rt, SP, a.imm * 4);
    }

    /// A list that does not end with R15 or R14 has its base written back unless that is loaded.
    fn ldm(&mut self, a: args::Ldm) {
        let wback = a.list & 1 << a.rn == 0;
        let multiple = Multiple { rn: a.rn, list: a.list, up: true, before: false, wback };
        load_store_multiple::load_multiple(self.l, multiple);
    }
    fn stm(&mut self, a: args::Stm) {
        let multiple = Multiple { rn: a.rn, list: a.list, up: true, before: false, wback: true };
        load_store_multiple::store_multiple(self.l, multiple);
    }
    fn push(&mut self, a: args::Push) {
        let list = a.list & 0xff | a.list >> 8 << LR;
        let multiple = Multiple { rn: SP, list, up: false, before: true, wback: true };
        load_store_multiple::store_multiple(self.l, multiple);
    }
    fn pop(&mut self, a: args::Pop) {
        let list = a.list & 0xff | a.list >> 8 << PC;
        let multiple = Multiple { rn: SP, list, up: true, before: false, wback: true };
        load_store_multiple::load_multiple(self.l, multiple);
    }

    // ---- addresses ----

    fn adr(&mut self, a: args::Adr) {
        let address = (self.l.pc() & !3).wrapping_add(a.imm * 4);
        let value = self.l.imm(address);
        self.l.put_reg(a.rd, value);
    }
    fn add_sp_imm8(&mut self, a: args::AddSpImm8) {
        self.add_plain(Alu::Add, a.rd, SP, a.imm * 4);
    }
    fn add_sp_imm7(&mut self, a: args::AddSpImm7) {
        self.add_plain(Alu::Add, SP, SP, a.imm * 4);
    }
    fn sub_sp_imm7(&mut self, a: args::SubSpImm7) {
        self.add_plain(Alu::Sub, SP, SP, a.imm * 4);
    }

    // ---- miscellaneous ----

    fn cbz(&mut self, a: args::Cbz) {
        self.branch_if_zero(IntCc::Eq, a.rn, a.imm);
    }
    fn cbnz(&mut self, a: args::Cbnz) {
        self.branch_if_zero(IntCc::Ne, a.rn, a.imm);
    }
    fn sxth(&mut self, a: args::Sxth) {
        pack_extend_reverse::extend(self.l, true, Part::Half, a.rd, None, a.rm, 0);
    }
    fn sxtb(&mut self, a: args::Sxtb) {
        pack_extend_reverse::extend(self.l, true, Part::Byte, a.rd, None, a.rm, 0);
    }
    fn uxth(&mut self, a: args::Uxth) {
        pack_extend_reverse::extend(self.l, false, Part::Half, a.rd, None, a.rm, 0);
    }
    fn uxtb(&mut self, a: args::Uxtb) {
        pack_extend_reverse::extend(self.l, false, Part::Byte, a.rd, None, a.rm, 0);
    }
    fn rev(&mut self, a: args::Rev) {
        pack_extend_reverse::rev(self.l, a.rd, a.rm);
    }
    fn rev16(&mut self, a: args::Rev16) {
        pack_extend_reverse::rev16(self.l, a.rd, a.rm);
    }
    fn revsh(&mut self, a: args::Revsh) {
        pack_extend_reverse::revsh(self.l, a.rd, a.rm);
    }
    fn setend(&mut self, a: args::Setend) {
        status_register::setend(self.l, a.e != 0);
    }
    fn cps(&mut self, a: args::Cps) {
        status_register::change_masks(self.l, a.e != 0, a.imm);
    }
    fn bkpt(&mut self, a: args::Bkpt) {
        system::bkpt(self.l, a.imm);
    }
    fn hlt(&mut self, _: args::Hlt) {
        system::hlt(self.l);
    }
    /// What IT means is done where blocks are lifted. Inside an IT block it is unpredictable.
    fn it(&mut self, _: args::It) {
        if self.it.in_block() {
            self.l.unpredictable_insn();
        }
    }
    fn it_always(&mut self, _: args::ItAlways) {
        if self.it.in_block() {
            self.l.unpredictable_insn();
        }
    }
    fn nop(&mut self, _: args::Nop) {}
    fn yield_(&mut self, _: args::Yield) {}
    fn wfe(&mut self, _: args::Wfe) {}
    fn wfi(&mut self, _: args::Wfi) {
        system::wfi(self.l);
    }
    fn sev(&mut self, _: args::Sev) {}
    fn sevl(&mut self, _: args::Sevl) {}
    fn hint(&mut self, _: args::Hint) {}

    // ---- branches and calls of the system ----

    fn b_cond(&mut self, a: args::BCond) {
        let target = self.target(sign_extend(a.imm, 8));
        branch::branch(self.l, target);
    }
    fn b(&mut self, a: args::B) {
        let target = self.target(sign_extend(a.imm, 11));
        branch::branch(self.l, target);
    }
    /// The upper part of the distance goes to LR.
    fn bl_prefix(&mut self, a: args::BlPrefix) {
        let upper = self.l.pc().wrapping_add_signed(sign_extend(a.imm, 11) << 12);
        let upper = self.l.imm(upper);
        self.l.put_reg(LR, upper);
    }
    fn bl_suffix(&mut self, a: args::BlSuffix) {
        branch::branch_link_suffix(self.l, a.imm << 1, true);
    }
    fn blx_suffix(&mut self, a: args::BlxSuffix) {
        branch::branch_link_suffix(self.l, a.imm << 2, false);
    }
    fn svc(&mut self, a: args::Svc) {
        system::svc(self.l, a.imm);
    }

    fn undefined(&mut self, _: &'static Row, _: u32) {
        self.l.undefined_insn();
    }
    fn unpredictable(&mut self, _: &'static Row, _: u32) {
        self.l.unpredictable_insn();
    }
    fn unimplemented(&mut self, row: &'static Row, _: u32) {
        self.l.unimplemented_insn(row.name);
    }
}
