//! The instructions of two halfwords.

use demotic_ir::IntCc;

use super::Extended;
use crate::decode::args as mips32;
use crate::encoding::{register3, signed};
use crate::mips16e::extended::{Row, Visitor, args, forward_visitor};
use crate::mips16e::frame::{Frame, Registers};
use crate::mips16e::join;
use crate::state::{RA, SP, T8};
use crate::translate::displacement;

forward_visitor!(Extended<'_, '_>, ());

/// The 16-bit immediate of an instruction.
macro_rules! imm {
    ($a:ident) => {
        join($a.h, $a.m, $a.l, 5)
    };
}

// ---- arithmetic, comparison, shifts ----
impl Extended<'_, '_> {
    fn addiusp(&mut self, a: args::Addiusp) {
        self.l.add_constant(register3(a.rx), SP, imm!(a));
    }

    fn addiupc(&mut self, a: args::Addiupc) {
        self.l.load_address(register3(a.rx), displacement(imm!(a)));
    }

    fn addiu(&mut self, a: args::Addiu) {
        let imm = signed(join(a.h, a.m, a.l, 4), 15);
        self.l.add_constant(register3(a.ry), register3(a.rx), imm as u32);
    }

    fn addiu8(&mut self, a: args::Addiu8) {
        self.l.add_constant(register3(a.rx), register3(a.rx), imm!(a));
    }

    fn adjsp(&mut self, a: args::Adjsp) {
        self.l.add_constant(SP, SP, imm!(a));
    }

    /// The immediate is unsigned.
    fn li(&mut self, a: args::Li) {
        self.l.ori(mips32::Ori { rt: register3(a.rx), rs: 0, imm: imm!(a) });
    }

    fn slti(&mut self, a: args::Slti) {
        self.l.slti(mips32::Slti { rt: T8, rs: register3(a.rx), imm: imm!(a) });
    }

    fn sltiu(&mut self, a: args::Sltiu) {
        self.l.sltiu(mips32::Sltiu { rt: T8, rs: register3(a.rx), imm: imm!(a) });
    }

    fn cmpi(&mut self, a: args::Cmpi) {
        self.l.compare_constant(register3(a.rx), imm!(a));
    }

    fn sll(&mut self, a: args::Sll) {
        self.l.sll(mips32::Sll { rd: register3(a.rx), rt: register3(a.ry), sa: a.l });
    }

    fn srl(&mut self, a: args::Srl) {
        self.l.srl(mips32::Srl { rd: register3(a.rx), rt: register3(a.ry), sa: a.l });
    }

    fn sra(&mut self, a: args::Sra) {
        self.l.sra(mips32::Sra { rd: register3(a.rx), rt: register3(a.ry), sa: a.l });
    }
}

// ---- loads and stores ----
impl Extended<'_, '_> {
    fn lb(&mut self, a: args::Lb) {
        self.l.lb(mips32::Lb { rt: register3(a.ry), base: register3(a.rx), offset: imm!(a) });
    }

    fn lbu(&mut self, a: args::Lbu) {
        self.l.lbu(mips32::Lbu { rt: register3(a.ry), base: register3(a.rx), offset: imm!(a) });
    }

    fn lh(&mut self, a: args::Lh) {
        self.l.lh(mips32::Lh { rt: register3(a.ry), base: register3(a.rx), offset: imm!(a) });
    }

    fn lhu(&mut self, a: args::Lhu) {
        self.l.lhu(mips32::Lhu { rt: register3(a.ry), base: register3(a.rx), offset: imm!(a) });
    }

    fn lw(&mut self, a: args::Lw) {
        self.l.lw(mips32::Lw { rt: register3(a.ry), base: register3(a.rx), offset: imm!(a) });
    }

    fn lwsp(&mut self, a: args::Lwsp) {
        self.l.lw(mips32::Lw { rt: register3(a.rx), base: SP, offset: imm!(a) });
    }

    fn lwpc(&mut self, a: args::Lwpc) {
        self.l.load_pc_relative(register3(a.rx), displacement(imm!(a)));
    }

    fn sb(&mut self, a: args::Sb) {
        self.l.sb(mips32::Sb { rt: register3(a.ry), base: register3(a.rx), offset: imm!(a) });
    }

    fn sh(&mut self, a: args::Sh) {
        self.l.sh(mips32::Sh { rt: register3(a.ry), base: register3(a.rx), offset: imm!(a) });
    }

    fn sw(&mut self, a: args::Sw) {
        self.l.sw(mips32::Sw { rt: register3(a.ry), base: register3(a.rx), offset: imm!(a) });
    }

    fn swsp(&mut self, a: args::Swsp) {
        self.l.sw(mips32::Sw { rt: register3(a.rx), base: SP, offset: imm!(a) });
    }

    fn swrasp(&mut self, a: args::Swrasp) {
        self.l.sw(mips32::Sw { rt: RA, base: SP, offset: imm!(a) });
    }

    fn save(&mut self, a: args::Save) {
        let (s0, s1, ra) = (a.s0 != 0, a.s1 != 0, a.ra != 0);
        let registers = Registers { ra, s0, s1, xsregs: a.xsregs, aregs: a.aregs };
        self.l.save_frame(&Frame::new((a.h << 4 | a.l) << 3, registers));
    }

    fn restore(&mut self, a: args::Restore) {
        let (s0, s1, ra) = (a.s0 != 0, a.s1 != 0, a.ra != 0);
        let registers = Registers { ra, s0, s1, xsregs: a.xsregs, aregs: a.aregs };
        self.l.restore_frame(&Frame::new((a.h << 4 | a.l) << 3, registers));
    }
}

// ---- jumps and branches ----
impl Extended<'_, '_> {
    fn jal(&mut self, a: args::Jal) {
        let target = self.l.region_target(index(a.h, a.l, a.m));
        self.l.jump_and_link(target | u64::from(crate::encoding::ISA_BIT));
    }

    /// Calls MIPS32 code.
    fn jalx(&mut self, a: args::Jalx) {
        self.l.jump_and_link(self.l.region_target(index(a.h, a.l, a.m)));
    }

    fn b(&mut self, a: args::B) {
        self.l.jump_halfwords(displacement(imm!(a)));
    }

    fn beqz(&mut self, a: args::Beqz) {
        self.l.branch_zero(register3(a.rx), IntCc::Eq, displacement(imm!(a)));
    }

    fn bnez(&mut self, a: args::Bnez) {
        self.l.branch_zero(register3(a.rx), IntCc::Ne, displacement(imm!(a)));
    }

    fn bteqz(&mut self, a: args::Bteqz) {
        self.l.branch_zero(T8, IntCc::Eq, displacement(imm!(a)));
    }

    fn btnez(&mut self, a: args::Btnez) {
        self.l.branch_zero(T8, IntCc::Ne, displacement(imm!(a)));
    }
}

/// The index of a jump from its parts: bits 25 to 21, 20 to 16, 15 to 0.
const fn index(high: u32, middle: u32, low: u32) -> u32 {
    high << 21 | middle << 16 | low
}

// ---- instructions that do not execute ----
impl Extended<'_, '_> {
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
