//! A32 branches (ARM DDI 0406, A5.5 and A5.2.12).

use super::{A32, args};
use crate::semantics::branch;

/// Address of a branch target, from the word-sized offset in 24 bits.
pub(crate) fn target(pc: u32, imm24: u32) -> u32 {
    pc.wrapping_add(((imm24 << 8) as i32 >> 6) as u32)
}

impl A32<'_, '_> {
    pub(super) fn b(&mut self, a: args::B) {
        let target = target(self.l.pc(), a.imm);
        branch::branch(self.l, u64::from(target));
    }

    pub(super) fn bl(&mut self, a: args::Bl) {
        let target = target(self.l.pc(), a.imm);
        branch::branch_link(self.l, u64::from(target));
    }

    /// `BLX label`: to T32, where a target may lie between words.
    pub(super) fn blx_imm(&mut self, a: args::BlxImm) {
        let target = target(self.l.pc(), a.imm).wrapping_add(2 * a.half);
        branch::branch_link(self.l, u64::from(target | 1));
    }

    pub(super) fn bx(&mut self, a: args::Bx) {
        branch::branch_exchange(self.l, a.rm);
    }

    /// Without Jazelle BXJ is BX.
    pub(super) fn bxj(&mut self, a: args::Bxj) {
        branch::branch_exchange(self.l, a.rm);
    }

    pub(super) fn blx_reg(&mut self, a: args::BlxReg) {
        branch::branch_link_register(self.l, a.rm);
    }
}
