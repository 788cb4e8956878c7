//! Jumps and branches. What their delay slots do is in `delay_slot.rs`.

use demotic_ir::Type::I32;
use demotic_ir::{Exit, IntCc, Value};

use super::{Lifter, displacement};
use crate::decode::args;
use crate::encoding::ISA_BIT;
use crate::state::RA;

impl Lifter<'_> {
    pub(super) fn j(&mut self, a: args::J) {
        self.branch_to(Exit::Jump { target: self.region_target(a.imm) });
    }

    pub(super) fn jal(&mut self, a: args::Jal) {
        self.jump_and_link(self.region_target(a.imm));
    }

    /// Jumps to code of the other instruction set.
    pub(super) fn jalx(&mut self, a: args::Jalx) {
        self.jump_and_link(self.region_target(a.imm) | u64::from(ISA_BIT));
    }

    pub(super) fn jr(&mut self, a: args::Jr) {
        self.jump_register(a.rs);
    }

    /// The hazard that it clears does not exist here: SYNCI and CACHE take effect at once.
    pub(super) fn jr_hb(&mut self, a: args::JrHb) {
        self.jump_register(a.rs);
    }

    pub(super) fn jr_r6(&mut self, a: args::JrR6) {
        self.jump_register(a.rs);
    }

    pub(super) fn jr_hb_r6(&mut self, a: args::JrHbR6) {
        self.jump_register(a.rs);
    }

    pub(super) fn jalr(&mut self, a: args::Jalr) {
        self.jump_and_link_register(a.rd, a.rs);
    }

    pub(super) fn jalr_hb(&mut self, a: args::JalrHb) {
        self.jump_and_link_register(a.rd, a.rs);
    }

    pub(super) fn b(&mut self, a: args::B) {
        self.branch_to(Exit::Jump { target: u64::from(self.target(a.offset)) });
    }

    pub(super) fn bal(&mut self, a: args::Bal) {
        self.link(RA);
        self.branch_to(Exit::Call { target: u64::from(self.target(a.offset)), ret: self.return_address() });
    }

    /// BLTZAL of register 0: links and does not branch.
    pub(super) fn nal(&mut self, _: args::Nal) {
        self.link(RA);
        self.branch_to(Exit::Jump { target: self.return_address() });
    }

    pub(super) fn beq(&mut self, a: args::Beq) {
        let cond = self.compare(a.rs, a.rt, IntCc::Eq);
        self.branch(cond, self.target(a.offset));
    }

    pub(super) fn bne(&mut self, a: args::Bne) {
        let cond = self.compare(a.rs, a.rt, IntCc::Ne);
        self.branch(cond, self.target(a.offset));
    }

    pub(super) fn blez(&mut self, a: args::Blez) {
        let cond = self.compare(a.rs, 0, IntCc::Sle);
        self.branch(cond, self.target(a.offset));
    }

    pub(super) fn bgtz(&mut self, a: args::Bgtz) {
        let cond = self.compare(a.rs, 0, IntCc::Sgt);
        self.branch(cond, self.target(a.offset));
    }

    pub(super) fn bltz(&mut self, a: args::Bltz) {
        let cond = self.compare(a.rs, 0, IntCc::Slt);
        self.branch(cond, self.target(a.offset));
    }

    pub(super) fn bgez(&mut self, a: args::Bgez) {
        let cond = self.compare(a.rs, 0, IntCc::Sge);
        self.branch(cond, self.target(a.offset));
    }

    pub(super) fn beql(&mut self, a: args::Beql) {
        let cond = self.compare(a.rs, a.rt, IntCc::Eq);
        self.branch_likely(cond, self.target(a.offset));
    }

    pub(super) fn bnel(&mut self, a: args::Bnel) {
        let cond = self.compare(a.rs, a.rt, IntCc::Ne);
        self.branch_likely(cond, self.target(a.offset));
    }

    pub(super) fn blezl(&mut self, a: args::Blezl) {
        let cond = self.compare(a.rs, 0, IntCc::Sle);
        self.branch_likely(cond, self.target(a.offset));
    }

    pub(super) fn bgtzl(&mut self, a: args::Bgtzl) {
        let cond = self.compare(a.rs, 0, IntCc::Sgt);
        self.branch_likely(cond, self.target(a.offset));
    }

    pub(super) fn bltzl(&mut self, a: args::Bltzl) {
        let cond = self.compare(a.rs, 0, IntCc::Slt);
        self.branch_likely(cond, self.target(a.offset));
    }

    pub(super) fn bgezl(&mut self, a: args::Bgezl) {
        let cond = self.compare(a.rs, 0, IntCc::Sge);
        self.branch_likely(cond, self.target(a.offset));
    }

    pub(super) fn bltzal(&mut self, a: args::Bltzal) {
        let cond = self.compare(a.rs, 0, IntCc::Slt);
        self.branch_and_link(cond, self.target(a.offset));
    }

    pub(super) fn bgezal(&mut self, a: args::Bgezal) {
        let cond = self.compare(a.rs, 0, IntCc::Sge);
        self.branch_and_link(cond, self.target(a.offset));
    }

    pub(super) fn bltzall(&mut self, a: args::Bltzall) {
        let cond = self.compare(a.rs, 0, IntCc::Slt);
        self.branch_and_link_likely(cond, self.target(a.offset));
    }

    pub(super) fn bgezall(&mut self, a: args::Bgezall) {
        let cond = self.compare(a.rs, 0, IntCc::Sge);
        self.branch_and_link_likely(cond, self.target(a.offset));
    }

    pub(super) fn jump_register(&mut self, rs: u32) {
        let target = self.gpr(rs);
        if rs == RA {
            return self.branch_to(Exit::Return { target });
        }
        if self.delay_slot(&Exit::JumpIndirect { target }) {
            self.leave_through_table(target);
        }
    }

    /// The target is read before the link register is written, which may be the same one.
    pub(super) fn jump_and_link_register(&mut self, rd: u32, rs: u32) {
        let target = self.gpr(rs);
        self.link(rd);
        self.branch_to(match rd {
            RA => Exit::CallIndirect { target, ret: self.return_address() },
            _ => Exit::JumpIndirect { target },
        });
    }

    /// GPR[rs] cc GPR[rt].
    pub(super) fn compare(&mut self, rs: u32, rt: u32, cc: IntCc) -> Value {
        let (s, t) = (self.gpr(rs), self.gpr(rt));
        self.b.icmp(I32, s, t, cc)
    }

    /// Where a branch leads: the offset counts words from the delay slot.
    pub(super) fn target(&self, offset: u32) -> u32 {
        self.behind(displacement(offset) as u32)
    }

    /// The code address `units` instruction units behind the word that follows the branch.
    pub(super) fn behind(&self, units: u32) -> u32 {
        let distance = units.wrapping_mul(self.encoding.unit());
        self.code(self.pc.wrapping_add(4).wrapping_add(distance)) as u32
    }

    /// Where a jump leads: a word in the 256 MiB region of the delay slot.
    pub(super) fn region_target(&self, index: u32) -> u64 {
        u64::from(self.pc.wrapping_add(4) & 0xf000_0000 | index << 2)
    }
}
