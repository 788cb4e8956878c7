//! The 32-bit instructions that MIPS32 does not have, and jumps and branches.

use demotic_ir::{Exit, IntCc};

use super::Wide;
use crate::decode::args as mips32;
use crate::encoding::signed;
use crate::micromips::immediate::register_list;
use crate::micromips::wide::{Row, Visitor, args, forward_visitor};
use crate::state::RA;
use crate::translate::displacement;

forward_visitor!(Wide<'_, '_>, ());

// ---- arithmetic, loads and stores ----
impl Wide<'_, '_> {
    /// The address is relative to the word that the instruction begins in.
    fn addiupc(&mut self, a: args::Addiupc) {
        let here = self.l.own_pc() & !3;
        let sum = self.l.b.i32(here.wrapping_add_signed(signed(a.imm, 23) << 2));
        self.l.set_gpr(crate::encoding::register3(a.rd), sum);
    }

    fn lwxs(&mut self, a: args::Lwxs) {
        self.l.load_scaled(a.rd, a.base, a.index);
    }

    /// Unpredictable if the base is overwritten, or if there is no second register: we choose an exception.
    fn lwp(&mut self, a: args::Lwp) {
        if a.rt == RA || a.base == a.rt {
            return self.l.reserved();
        }
        self.l.load_several(&[a.rt, a.rt + 1], a.base, signed(a.offset, 12));
    }

    /// Unpredictable if there is no second register: we choose an exception.
    fn swp(&mut self, a: args::Swp) {
        if a.rt == RA {
            return self.l.reserved();
        }
        self.l.store_several(&[a.rt, a.rt + 1], a.base, signed(a.offset, 12));
    }

    fn lwm32(&mut self, a: args::Lwm32) {
        self.l.load_several(&register_list(a.list), a.base, signed(a.offset, 12));
    }

    fn swm32(&mut self, a: args::Swm32) {
        self.l.store_several(&register_list(a.list), a.base, signed(a.offset, 12));
    }
}

// ---- jumps ----
impl Wide<'_, '_> {
    fn j(&mut self, a: args::J) {
        let target = self.region_target(a.imm);
        self.l.branch_to(Exit::Jump { target });
    }

    fn jal(&mut self, a: args::Jal) {
        self.l.jump_and_link(self.region_target(a.imm));
    }

    fn jals(&mut self, a: args::Jals) {
        self.l.jump_and_link(self.region_target(a.imm));
    }

    /// Calls MIPS32 code.
    fn jalx(&mut self, a: args::Jalx) {
        self.l.jump_and_link(self.l.region_target(a.imm));
    }

    fn jalr(&mut self, a: args::Jalr) {
        self.l.jump_and_link_register(a.rt, a.rs);
    }

    fn jalr_hb(&mut self, a: args::JalrHb) {
        self.l.jump_and_link_register(a.rt, a.rs);
    }

    fn jalrs(&mut self, a: args::Jalrs) {
        self.l.jump_and_link_register(a.rt, a.rs);
    }

    fn jalrs_hb(&mut self, a: args::JalrsHb) {
        self.l.jump_and_link_register(a.rt, a.rs);
    }

    fn jr(&mut self, a: args::Jr) {
        self.l.jump_register(a.rs);
    }

    fn jr_hb(&mut self, a: args::JrHb) {
        self.l.jump_register(a.rs);
    }

    fn jrs(&mut self, a: args::Jrs) {
        self.l.jump_register(a.rs);
    }

    fn jrs_hb(&mut self, a: args::JrsHb) {
        self.l.jump_register(a.rs);
    }

    /// Where a jump leads: a halfword in the 128 MiB region of the delay slot.
    fn region_target(&self, index: u32) -> u64 {
        self.l.code(self.l.pc.wrapping_add(4) & 0xf800_0000 | index << 1)
    }
}

// ---- branches ----
impl Wide<'_, '_> {
    fn beq(&mut self, a: args::Beq) {
        self.branch(a.rs, a.rt, IntCc::Eq, a.offset);
    }

    fn beqz(&mut self, a: args::Beqz) {
        self.branch(a.rs, 0, IntCc::Eq, a.offset);
    }

    fn b(&mut self, a: args::B) {
        self.l.branch_always(displacement(a.offset));
    }

    fn bne(&mut self, a: args::Bne) {
        self.branch(a.rs, a.rt, IntCc::Ne, a.offset);
    }

    fn bnez(&mut self, a: args::Bnez) {
        self.branch(a.rs, 0, IntCc::Ne, a.offset);
    }

    fn bltz(&mut self, a: args::Bltz) {
        self.branch(a.rs, 0, IntCc::Slt, a.offset);
    }

    fn bgez(&mut self, a: args::Bgez) {
        self.branch(a.rs, 0, IntCc::Sge, a.offset);
    }

    fn b_gez(&mut self, a: args::BGez) {
        self.l.branch_always(displacement(a.offset));
    }

    fn blez(&mut self, a: args::Blez) {
        self.branch(a.rs, 0, IntCc::Sle, a.offset);
    }

    fn bgtz(&mut self, a: args::Bgtz) {
        self.branch(a.rs, 0, IntCc::Sgt, a.offset);
    }

    fn bltzal(&mut self, a: args::Bltzal) {
        self.branch_and_link(a.rs, IntCc::Slt, a.offset);
    }

    fn bgezal(&mut self, a: args::Bgezal) {
        self.branch_and_link(a.rs, IntCc::Sge, a.offset);
    }

    fn bltzals(&mut self, a: args::Bltzals) {
        self.branch_and_link(a.rs, IntCc::Slt, a.offset);
    }

    fn bgezals(&mut self, a: args::Bgezals) {
        self.branch_and_link(a.rs, IntCc::Sge, a.offset);
    }

    fn bal(&mut self, a: args::Bal) {
        self.l.jump_and_link(u64::from(self.l.halfwords_on(displacement(a.offset))));
    }

    fn bals(&mut self, a: args::Bals) {
        self.l.jump_and_link(u64::from(self.l.halfwords_on(displacement(a.offset))));
    }

    fn beqzc(&mut self, a: args::Beqzc) {
        let cond = self.l.compare(a.rs, 0, IntCc::Eq);
        self.l.branch_compact(cond, self.l.halfwords_on(displacement(a.offset)));
    }

    fn bnezc(&mut self, a: args::Bnezc) {
        let cond = self.l.compare(a.rs, 0, IntCc::Ne);
        self.l.branch_compact(cond, self.l.halfwords_on(displacement(a.offset)));
    }

    fn bc(&mut self, a: args::Bc) {
        self.l.jump_halfwords(displacement(a.offset));
    }

    fn bc1f(&mut self, a: args::Bc1f) {
        if self.fpu_usable() {
            let cond = self.l.condition_false(a.cc);
            self.l.branch(cond, self.l.halfwords_on(displacement(a.offset)));
        }
    }

    fn bc1t(&mut self, a: args::Bc1t) {
        if self.fpu_usable() {
            let cond = self.l.condition(a.cc);
            self.l.branch(cond, self.l.halfwords_on(displacement(a.offset)));
        }
    }

    /// Branches if GPR[rs] cc GPR[rt].
    fn branch(&mut self, rs: u32, rt: u32, cc: IntCc, offset: u32) {
        let cond = self.l.compare(rs, rt, cc);
        self.l.branch(cond, self.l.halfwords_on(displacement(offset)));
    }

    /// Calls if GPR[rs] cc 0.
    fn branch_and_link(&mut self, rs: u32, cc: IntCc, offset: u32) {
        let cond = self.l.compare(rs, 0, cc);
        self.l.branch_and_link(cond, self.l.halfwords_on(displacement(offset)));
    }

    /// Raises Coprocessor Unusable if the floating-point unit may not be used.
    fn fpu_usable(&mut self) -> bool {
        /// A word of coprocessor 1, by which handlers of the trap know that it is that one.
        const COP1: u32 = 0x4400_0000;
        let usable = self.l.usable(1);
        if !usable {
            self.l.word = COP1;
            self.l.reserved();
        }
        usable
    }
}

// ---- the DSP module ----

/// Methods for instructions of an accumulator and two registers.
macro_rules! accumulate {
    ($($method:ident($row:ident)),+ $(,)?) => {
        impl Wide<'_, '_> {
            $(fn $method(&mut self, a: args::$row) {
                self.l.$method(mips32::$row { rs: a.rs, rt: a.rt, ac: a.ac });
            })+
        }
    };
}

accumulate!(
    mult_ac(MultAc),
    multu_ac(MultuAc),
    madd_ac(MaddAc),
    maddu_ac(MadduAc),
    msub_ac(MsubAc),
    msubu_ac(MsubuAc),
);

impl Wide<'_, '_> {
    fn mfhi_ac(&mut self, a: args::MfhiAc) {
        self.l.mfhi_ac(mips32::MfhiAc { rd: a.rd, ac: a.ac });
    }

    fn mflo_ac(&mut self, a: args::MfloAc) {
        self.l.mflo_ac(mips32::MfloAc { rd: a.rd, ac: a.ac });
    }

    fn mthi_ac(&mut self, a: args::MthiAc) {
        self.l.mthi_ac(mips32::MthiAc { rs: a.rs, ac: a.ac });
    }

    fn mtlo_ac(&mut self, a: args::MtloAc) {
        self.l.mtlo_ac(mips32::MtloAc { rs: a.rs, ac: a.ac });
    }

    fn bposge32(&mut self, a: args::Bposge32) {
        self.l.bposge32(mips32::Bposge32 { offset: a.offset });
    }
}

// ---- vectors ----
impl Wide<'_, '_> {
    fn bz_v(&mut self, a: args::BzV) {
        self.l.bz_v(mips32::BzV { wt: a.rt, offset: a.offset });
    }

    fn bnz_v(&mut self, a: args::BnzV) {
        self.l.bnz_v(mips32::BnzV { wt: a.rt, offset: a.offset });
    }

    fn bz(&mut self, a: args::Bz) {
        self.l.bz(mips32::Bz { df: a.df, wt: a.rt, offset: a.offset });
    }

    fn bnz(&mut self, a: args::Bnz) {
        self.l.bnz(mips32::Bnz { df: a.df, wt: a.rt, offset: a.offset });
    }
}

// ---- release 6 ----
impl Wide<'_, '_> {
    fn jalrc(&mut self, a: args::Jalrc) {
        self.l.jump_and_link_in(a.rt, a.rs);
    }

    fn jalrc_hb(&mut self, a: args::JalrcHb) {
        self.l.jump_and_link_in(a.rt, a.rs);
    }

    fn bc1eqzc(&mut self, a: args::Bc1eqzc) {
        if self.fpu_usable() {
            let cond = self.l.fpr_bit0(a.rt, IntCc::Eq);
            self.l.branch_compact(cond, self.l.target(a.offset));
        }
    }

    fn bc1nezc(&mut self, a: args::Bc1nezc) {
        if self.fpu_usable() {
            let cond = self.l.fpr_bit0(a.rt, IntCc::Ne);
            self.l.branch_compact(cond, self.l.target(a.offset));
        }
    }
}

// ---- instructions that do not execute ----
impl Wide<'_, '_> {
    fn undefined(&mut self, _: &'static Row, _: u32) {
        self.l.reserved();
    }

    fn unpredictable(&mut self, _: &'static Row, _: u32) {
        self.l.reserved();
    }

    /// What the processor does not have is reserved.
    fn unimplemented(&mut self, row: &'static Row, word: u32) {
        match row.feature {
            Some(feature) if !self.l.config.has(feature) => self.l.reserved(),
            _ => self.l.unimplemented_row(row.name, word),
        }
    }
}
