//! The 16-bit instructions.

use super::Narrow;
use crate::decode::args as mips32;
use crate::encoding::{register3, signed};
use crate::micromips::immediate;
use crate::micromips::narrow::{Row, Visitor, args, forward_visitor};
use crate::state::{GP, RA, SP};

forward_visitor!(Narrow<'_, '_>, ());

// ---- arithmetic and logic ----
impl Narrow<'_, '_> {
    fn addu16(&mut self, a: args::Addu16) {
        self.l.addu(mips32::Addu { rd: register3(a.rd), rs: register3(a.rs), rt: register3(a.rt) });
    }

    fn subu16(&mut self, a: args::Subu16) {
        self.l.subu(mips32::Subu { rd: register3(a.rd), rs: register3(a.rs), rt: register3(a.rt) });
    }

    fn sll16(&mut self, a: args::Sll16) {
        let sa = immediate::shift(a.imm);
        self.l.sll(mips32::Sll { rd: register3(a.rd), rt: register3(a.rt), sa });
    }

    fn srl16(&mut self, a: args::Srl16) {
        let sa = immediate::shift(a.imm);
        self.l.srl(mips32::Srl { rd: register3(a.rd), rt: register3(a.rt), sa });
    }

    fn andi16(&mut self, a: args::Andi16) {
        let imm = immediate::andi16(a.imm);
        self.l.andi(mips32::Andi { rt: register3(a.rd), rs: register3(a.rs), imm });
    }

    fn not16(&mut self, a: args::Not16) {
        self.l.nor(mips32::Nor { rd: register3(a.rd), rs: register3(a.rs), rt: 0 });
    }

    fn xor16(&mut self, a: args::Xor16) {
        let rd = register3(a.rd);
        self.l.xor(mips32::Xor { rd, rs: rd, rt: register3(a.rs) });
    }

    fn and16(&mut self, a: args::And16) {
        let rd = register3(a.rd);
        self.l.and(mips32::And { rd, rs: rd, rt: register3(a.rs) });
    }

    fn or16(&mut self, a: args::Or16) {
        let rd = register3(a.rd);
        self.l.or(mips32::Or { rd, rs: rd, rt: register3(a.rs) });
    }

    fn addius5(&mut self, a: args::Addius5) {
        self.add(a.rd, a.rd, signed(a.imm, 4));
    }

    fn addiusp(&mut self, a: args::Addiusp) {
        self.add(SP, SP, immediate::addiusp(a.imm));
    }

    fn addiur2(&mut self, a: args::Addiur2) {
        self.add(register3(a.rd), register3(a.rs), immediate::addiur2(a.imm));
    }

    fn addiur1sp(&mut self, a: args::Addiur1sp) {
        self.add(register3(a.rd), SP, (a.imm << 2) as i32);
    }

    fn li16(&mut self, a: args::Li16) {
        self.add(register3(a.rd), 0, immediate::li16(a.imm));
    }

    fn move16(&mut self, a: args::Move16) {
        self.add(a.rd, a.rs, 0);
    }

    fn nop16(&mut self, _: args::Nop16) {}

    /// Both sources are read before the first register is written.
    fn movep(&mut self, a: args::Movep) {
        let (first, second) = immediate::movep_pair(a.rd);
        let s = self.l.gpr(immediate::movep_source(a.rs));
        let t = self.l.gpr(immediate::movep_source(a.rt));
        self.l.set_gpr(first, s);
        self.l.set_gpr(second, t);
    }

    fn mfhi16(&mut self, a: args::Mfhi16) {
        self.l.mfhi(mips32::Mfhi { rd: a.rd });
    }

    fn mflo16(&mut self, a: args::Mflo16) {
        self.l.mflo(mips32::Mflo { rd: a.rd });
    }

    /// GPR[rt] ← GPR[rs] + imm.
    fn add(&mut self, rt: u32, rs: u32, imm: i32) {
        self.l.addiu(mips32::Addiu { rt, rs, imm: imm as u32 });
    }
}

// ---- loads and stores ----
impl Narrow<'_, '_> {
    fn lbu16(&mut self, a: args::Lbu16) {
        let offset = immediate::lbu16(a.offset) as u32;
        self.l.lbu(mips32::Lbu { rt: register3(a.rt), base: register3(a.base), offset });
    }

    fn lhu16(&mut self, a: args::Lhu16) {
        self.l.lhu(mips32::Lhu { rt: register3(a.rt), base: register3(a.base), offset: a.offset << 1 });
    }

    fn lw16(&mut self, a: args::Lw16) {
        self.l.lw(mips32::Lw { rt: register3(a.rt), base: register3(a.base), offset: a.offset << 2 });
    }

    fn lwsp(&mut self, a: args::Lwsp) {
        self.l.lw(mips32::Lw { rt: a.rt, base: SP, offset: a.offset << 2 });
    }

    fn lwgp(&mut self, a: args::Lwgp) {
        let offset = (signed(a.offset, 7) << 2) as u32;
        self.l.lw(mips32::Lw { rt: register3(a.rt), base: GP, offset });
    }

    fn sb16(&mut self, a: args::Sb16) {
        let rt = immediate::stored(a.rt);
        self.l.sb(mips32::Sb { rt, base: register3(a.base), offset: a.offset });
    }

    fn sh16(&mut self, a: args::Sh16) {
        let rt = immediate::stored(a.rt);
        self.l.sh(mips32::Sh { rt, base: register3(a.base), offset: a.offset << 1 });
    }

    fn sw16(&mut self, a: args::Sw16) {
        let rt = immediate::stored(a.rt);
        self.l.sw(mips32::Sw { rt, base: register3(a.base), offset: a.offset << 2 });
    }

    fn swsp(&mut self, a: args::Swsp) {
        self.l.sw(mips32::Sw { rt: a.rt, base: SP, offset: a.offset << 2 });
    }

    fn lwm16(&mut self, a: args::Lwm16) {
        let list = immediate::register_list(immediate::short_list(a.list));
        self.l.load_several(&list, SP, (a.offset << 2) as i32);
    }

    fn swm16(&mut self, a: args::Swm16) {
        let list = immediate::register_list(immediate::short_list(a.list));
        self.l.store_several(&list, SP, (a.offset << 2) as i32);
    }
}

// ---- jumps, branches, breakpoints ----
impl Narrow<'_, '_> {
    fn jr16(&mut self, a: args::Jr16) {
        self.l.jump_register(a.rs);
    }

    fn jrc(&mut self, a: args::Jrc) {
        self.l.jump_compact(a.rs);
    }

    fn jalr16(&mut self, a: args::Jalr16) {
        self.l.jump_and_link_register(RA, a.rs);
    }

    fn jalrs16(&mut self, a: args::Jalrs16) {
        self.l.jump_and_link_register(RA, a.rs);
    }

    fn jraddiusp(&mut self, a: args::Jraddiusp) {
        self.add(SP, SP, (a.imm << 2) as i32);
        self.l.jump_compact(RA);
    }

    fn b16(&mut self, a: args::B16) {
        self.l.branch_always(signed(a.offset, 10));
    }

    fn beqz16(&mut self, a: args::Beqz16) {
        let cond = self.l.compare(register3(a.rs), 0, demotic_ir::IntCc::Eq);
        self.l.branch(cond, self.l.halfwords_on(signed(a.offset, 7)));
    }

    fn bnez16(&mut self, a: args::Bnez16) {
        let cond = self.l.compare(register3(a.rs), 0, demotic_ir::IntCc::Ne);
        self.l.branch(cond, self.l.halfwords_on(signed(a.offset, 7)));
    }

    fn break16(&mut self, a: args::Break16) {
        self.l.break_(mips32::Break { code: a.code });
    }
}

// ---- release 6 ----
impl Narrow<'_, '_> {
    fn addu16_r6(&mut self, a: args::Addu16R6) {
        self.addu16(args::Addu16 { rd: a.rd, rs: a.rs, rt: a.rt });
    }

    fn subu16_r6(&mut self, a: args::Subu16R6) {
        self.subu16(args::Subu16 { rd: a.rd, rs: a.rs, rt: a.rt });
    }

    fn not16_r6(&mut self, a: args::Not16R6) {
        self.not16(args::Not16 { rd: a.rd, rs: a.rs });
    }

    fn and16_r6(&mut self, a: args::And16R6) {
        self.and16(args::And16 { rd: a.rd, rs: a.rs });
    }

    fn xor16_r6(&mut self, a: args::Xor16R6) {
        self.xor16(args::Xor16 { rd: a.rd, rs: a.rs });
    }

    fn or16_r6(&mut self, a: args::Or16R6) {
        self.or16(args::Or16 { rd: a.rd, rs: a.rs });
    }

    fn movep_r6(&mut self, a: args::MovepR6) {
        self.movep(args::Movep { rd: a.rd, rs: a.rs, rt: a.rt });
    }

    fn lwm16_r6(&mut self, a: args::Lwm16R6) {
        self.lwm16(args::Lwm16 { list: a.list, offset: a.offset });
    }

    fn swm16_r6(&mut self, a: args::Swm16R6) {
        self.swm16(args::Swm16 { list: a.list, offset: a.offset });
    }

    fn jrc16(&mut self, a: args::Jrc16) {
        self.l.jump_compact(a.rs);
    }

    fn jalrc16(&mut self, a: args::Jalrc16) {
        self.l.jump_and_link_in(RA, a.rs);
    }

    fn jrcaddiusp(&mut self, a: args::Jrcaddiusp) {
        self.jraddiusp(args::Jraddiusp { imm: a.imm });
    }

    fn bc16(&mut self, a: args::Bc16) {
        self.l.jump_halfwords(signed(a.offset, 10));
    }

    fn beqzc16(&mut self, a: args::Beqzc16) {
        let cond = self.l.compare(register3(a.rs), 0, demotic_ir::IntCc::Eq);
        self.l.branch_compact(cond, self.l.halfwords_on(signed(a.offset, 7)));
    }

    fn bnezc16(&mut self, a: args::Bnezc16) {
        let cond = self.l.compare(register3(a.rs), 0, demotic_ir::IntCc::Ne);
        self.l.branch_compact(cond, self.l.halfwords_on(signed(a.offset, 7)));
    }

    fn break16_r6(&mut self, a: args::Break16R6) {
        self.break16(args::Break16 { code: a.code });
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
