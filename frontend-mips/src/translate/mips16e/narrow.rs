//! The instructions of one halfword.

use demotic_ir::{IntCc, MemSize, Type};

use super::Narrow;
use crate::decode::args as mips32;
use crate::encoding::{register3, signed};
use crate::micromips::immediate::shift;
use crate::mips16e::frame::{Frame, Registers};
use crate::mips16e::narrow::{Row, Visitor, args, forward_visitor};
use crate::state::{RA, SP, T8};

forward_visitor!(Narrow<'_, '_>, ());

// ---- arithmetic and logic ----
impl Narrow<'_, '_> {
    fn addiusp(&mut self, a: args::Addiusp) {
        self.l.add_constant(register3(a.rx), SP, a.imm << 2);
    }

    fn addiupc(&mut self, a: args::Addiupc) {
        self.l.load_address(register3(a.rx), (a.imm << 2) as i32);
    }

    fn addiu(&mut self, a: args::Addiu) {
        self.l.add_constant(register3(a.ry), register3(a.rx), signed(a.imm, 4) as u32);
    }

    fn addiu8(&mut self, a: args::Addiu8) {
        self.l.add_constant(register3(a.rx), register3(a.rx), signed(a.imm, 8) as u32);
    }

    fn adjsp(&mut self, a: args::Adjsp) {
        self.l.add_constant(SP, SP, (signed(a.imm, 8) << 3) as u32);
    }

    fn li(&mut self, a: args::Li) {
        self.l.add_constant(register3(a.rx), 0, a.imm);
    }

    fn addu(&mut self, a: args::Addu) {
        self.l.addu(mips32::Addu { rd: register3(a.rz), rs: register3(a.rx), rt: register3(a.ry) });
    }

    fn subu(&mut self, a: args::Subu) {
        self.l.subu(mips32::Subu { rd: register3(a.rz), rs: register3(a.rx), rt: register3(a.ry) });
    }

    fn neg(&mut self, a: args::Neg) {
        self.l.subu(mips32::Subu { rd: register3(a.rx), rs: 0, rt: register3(a.ry) });
    }

    fn and(&mut self, a: args::And) {
        let rx = register3(a.rx);
        self.l.and(mips32::And { rd: rx, rs: rx, rt: register3(a.ry) });
    }

    fn or(&mut self, a: args::Or) {
        let rx = register3(a.rx);
        self.l.or(mips32::Or { rd: rx, rs: rx, rt: register3(a.ry) });
    }

    fn xor(&mut self, a: args::Xor) {
        let rx = register3(a.rx);
        self.l.xor(mips32::Xor { rd: rx, rs: rx, rt: register3(a.ry) });
    }

    fn not(&mut self, a: args::Not) {
        self.l.nor(mips32::Nor { rd: register3(a.rx), rs: 0, rt: register3(a.ry) });
    }

    fn movr32(&mut self, a: args::Movr32) {
        self.l.add_constant(register3(a.ry), a.r32, 0);
    }

    /// The register's number has its low three bits on top.
    fn mov32r(&mut self, a: args::Mov32r) {
        self.l.add_constant(a.r32 >> 2 | (a.r32 & 3) << 3, register3(a.rz), 0);
    }

    fn nop(&mut self, _: args::Nop) {}

    fn zeb(&mut self, a: args::Zeb) {
        self.zero_extend(a.rx, MemSize::B1);
    }

    fn zeh(&mut self, a: args::Zeh) {
        self.zero_extend(a.rx, MemSize::B2);
    }

    fn seb(&mut self, a: args::Seb) {
        self.l.seb(mips32::Seb { rd: register3(a.rx), rt: register3(a.rx) });
    }

    fn seh(&mut self, a: args::Seh) {
        self.l.seh(mips32::Seh { rd: register3(a.rx), rt: register3(a.rx) });
    }

    fn zero_extend(&mut self, rx: u32, size: MemSize) {
        let x = self.l.gpr(register3(rx));
        let extended = self.l.b.zext_low(Type::I32, x, size);
        self.l.set_gpr(register3(rx), extended);
    }
}

// ---- comparison and shifts ----
impl Narrow<'_, '_> {
    fn slti(&mut self, a: args::Slti) {
        self.l.slti(mips32::Slti { rt: T8, rs: register3(a.rx), imm: a.imm });
    }

    fn sltiu(&mut self, a: args::Sltiu) {
        self.l.sltiu(mips32::Sltiu { rt: T8, rs: register3(a.rx), imm: a.imm });
    }

    fn cmpi(&mut self, a: args::Cmpi) {
        self.l.compare_constant(register3(a.rx), a.imm);
    }

    fn slt(&mut self, a: args::Slt) {
        self.l.slt(mips32::Slt { rd: T8, rs: register3(a.rx), rt: register3(a.ry) });
    }

    fn sltu(&mut self, a: args::Sltu) {
        self.l.sltu(mips32::Sltu { rd: T8, rs: register3(a.rx), rt: register3(a.ry) });
    }

    fn cmp(&mut self, a: args::Cmp) {
        self.l.xor(mips32::Xor { rd: T8, rs: register3(a.rx), rt: register3(a.ry) });
    }

    fn sll(&mut self, a: args::Sll) {
        self.l.sll(mips32::Sll { rd: register3(a.rx), rt: register3(a.ry), sa: shift(a.imm) });
    }

    fn srl(&mut self, a: args::Srl) {
        self.l.srl(mips32::Srl { rd: register3(a.rx), rt: register3(a.ry), sa: shift(a.imm) });
    }

    fn sra(&mut self, a: args::Sra) {
        self.l.sra(mips32::Sra { rd: register3(a.rx), rt: register3(a.ry), sa: shift(a.imm) });
    }

    fn sllv(&mut self, a: args::Sllv) {
        let ry = register3(a.ry);
        self.l.sllv(mips32::Sllv { rd: ry, rt: ry, rs: register3(a.rx) });
    }

    fn srlv(&mut self, a: args::Srlv) {
        let ry = register3(a.ry);
        self.l.srlv(mips32::Srlv { rd: ry, rt: ry, rs: register3(a.rx) });
    }

    fn srav(&mut self, a: args::Srav) {
        let ry = register3(a.ry);
        self.l.srav(mips32::Srav { rd: ry, rt: ry, rs: register3(a.rx) });
    }
}

// ---- multiply and divide ----
impl Narrow<'_, '_> {
    fn mult(&mut self, a: args::Mult) {
        self.l.mult(mips32::Mult { rs: register3(a.rx), rt: register3(a.ry) });
    }

    fn multu(&mut self, a: args::Multu) {
        self.l.multu(mips32::Multu { rs: register3(a.rx), rt: register3(a.ry) });
    }

    fn div(&mut self, a: args::Div) {
        self.l.div(mips32::Div { rs: register3(a.rx), rt: register3(a.ry) });
    }

    fn divu(&mut self, a: args::Divu) {
        self.l.divu(mips32::Divu { rs: register3(a.rx), rt: register3(a.ry) });
    }

    fn mfhi(&mut self, a: args::Mfhi) {
        self.l.mfhi(mips32::Mfhi { rd: register3(a.rx) });
    }

    fn mflo(&mut self, a: args::Mflo) {
        self.l.mflo(mips32::Mflo { rd: register3(a.rx) });
    }
}

// ---- loads and stores ----
impl Narrow<'_, '_> {
    fn lb(&mut self, a: args::Lb) {
        self.l.lb(mips32::Lb { rt: register3(a.ry), base: register3(a.rx), offset: a.offset });
    }

    fn lbu(&mut self, a: args::Lbu) {
        self.l.lbu(mips32::Lbu { rt: register3(a.ry), base: register3(a.rx), offset: a.offset });
    }

    fn lh(&mut self, a: args::Lh) {
        self.l.lh(mips32::Lh { rt: register3(a.ry), base: register3(a.rx), offset: a.offset << 1 });
    }

    fn lhu(&mut self, a: args::Lhu) {
        self.l.lhu(mips32::Lhu { rt: register3(a.ry), base: register3(a.rx), offset: a.offset << 1 });
    }

    fn lw(&mut self, a: args::Lw) {
        self.l.lw(mips32::Lw { rt: register3(a.ry), base: register3(a.rx), offset: a.offset << 2 });
    }

    fn lwsp(&mut self, a: args::Lwsp) {
        self.l.lw(mips32::Lw { rt: register3(a.rx), base: SP, offset: a.offset << 2 });
    }

    fn lwpc(&mut self, a: args::Lwpc) {
        self.l.load_pc_relative(register3(a.rx), (a.offset << 2) as i32);
    }

    fn sb(&mut self, a: args::Sb) {
        self.l.sb(mips32::Sb { rt: register3(a.ry), base: register3(a.rx), offset: a.offset });
    }

    fn sh(&mut self, a: args::Sh) {
        self.l.sh(mips32::Sh { rt: register3(a.ry), base: register3(a.rx), offset: a.offset << 1 });
    }

    fn sw(&mut self, a: args::Sw) {
        self.l.sw(mips32::Sw { rt: register3(a.ry), base: register3(a.rx), offset: a.offset << 2 });
    }

    fn swsp(&mut self, a: args::Swsp) {
        self.l.sw(mips32::Sw { rt: register3(a.rx), base: SP, offset: a.offset << 2 });
    }

    fn swrasp(&mut self, a: args::Swrasp) {
        self.l.sw(mips32::Sw { rt: RA, base: SP, offset: a.offset << 2 });
    }

    fn save(&mut self, a: args::Save) {
        self.l.save_frame(&frame(a.framesize, a.ra, a.s0, a.s1));
    }

    fn restore(&mut self, a: args::Restore) {
        self.l.restore_frame(&frame(a.framesize, a.ra, a.s0, a.s1));
    }
}

/// The frame of a SAVE or RESTORE without EXTEND.
fn frame(framesize: u32, ra: u32, s0: u32, s1: u32) -> Frame {
    let size = if framesize == 0 { 128 } else { framesize << 3 };
    Frame::new(size, Registers { ra: ra != 0, s0: s0 != 0, s1: s1 != 0, ..Registers::default() })
}

// ---- jumps and branches ----
impl Narrow<'_, '_> {
    fn b(&mut self, a: args::B) {
        self.l.jump_halfwords(signed(a.offset, 11));
    }

    fn beqz(&mut self, a: args::Beqz) {
        self.l.branch_zero(register3(a.rx), IntCc::Eq, signed(a.offset, 8));
    }

    fn bnez(&mut self, a: args::Bnez) {
        self.l.branch_zero(register3(a.rx), IntCc::Ne, signed(a.offset, 8));
    }

    fn bteqz(&mut self, a: args::Bteqz) {
        self.l.branch_zero(T8, IntCc::Eq, signed(a.offset, 8));
    }

    fn btnez(&mut self, a: args::Btnez) {
        self.l.branch_zero(T8, IntCc::Ne, signed(a.offset, 8));
    }

    fn jr(&mut self, a: args::Jr) {
        self.l.jump_register(register3(a.rx));
    }

    fn jr_ra(&mut self, _: args::JrRa) {
        self.l.jump_register(RA);
    }

    fn jalr(&mut self, a: args::Jalr) {
        self.l.jump_and_link_register(RA, register3(a.rx));
    }

    fn jrc(&mut self, a: args::Jrc) {
        self.l.jump_compact(register3(a.rx));
    }

    fn jrc_ra(&mut self, _: args::JrcRa) {
        self.l.jump_compact(RA);
    }

    fn jalrc(&mut self, a: args::Jalrc) {
        self.l.jump_and_link_compact(register3(a.rx));
    }

    fn break_(&mut self, a: args::Break) {
        self.l.break_(mips32::Break { code: a.code });
    }
}

// ---- instructions that do not execute ----
impl Narrow<'_, '_> {
    fn undefined(&mut self, _: &'static Row, _: u32) {
        self.l.reserved();
    }

    fn unpredictable(&mut self, _: &'static Row, _: u32) {
        self.l.reserved();
    }

    fn unimplemented(&mut self, row: &'static Row, word: u32) {
        self.l.unimplemented_row(row.name, word);
    }
}
