//! Logical operations, LUI, and the conditional moves and selections on a register.

use demotic_ir::Type::I32;
use demotic_ir::{BlockBuilder, IntCc};

use super::Lifter;
use crate::decode::args;

impl Lifter<'_> {
    pub(super) fn and(&mut self, a: args::And) {
        self.binary(a.rd, a.rs, a.rt, BlockBuilder::and);
    }

    pub(super) fn or(&mut self, a: args::Or) {
        self.binary(a.rd, a.rs, a.rt, BlockBuilder::or);
    }

    pub(super) fn xor(&mut self, a: args::Xor) {
        self.binary(a.rd, a.rs, a.rt, BlockBuilder::xor);
    }

    pub(super) fn nor(&mut self, a: args::Nor) {
        self.binary(a.rd, a.rs, a.rt, |b, ty, s, t| {
            let or = b.or(ty, s, t);
            b.not(ty, or)
        });
    }

    pub(super) fn andi(&mut self, a: args::Andi) {
        self.binary_imm(a.rt, a.rs, a.imm, BlockBuilder::and);
    }

    pub(super) fn ori(&mut self, a: args::Ori) {
        self.binary_imm(a.rt, a.rs, a.imm, BlockBuilder::or);
    }

    pub(super) fn xori(&mut self, a: args::Xori) {
        self.binary_imm(a.rt, a.rs, a.imm, BlockBuilder::xor);
    }

    pub(super) fn lui(&mut self, a: args::Lui) {
        let imm = self.b.i32(a.imm << 16);
        self.set_gpr(a.rt, imm);
    }

    pub(super) fn movz(&mut self, a: args::Movz) {
        self.move_if(a.rd, a.rs, a.rt, IntCc::Eq);
    }

    pub(super) fn movn(&mut self, a: args::Movn) {
        self.move_if(a.rd, a.rs, a.rt, IntCc::Ne);
    }

    pub(super) fn seleqz(&mut self, a: args::Seleqz) {
        self.select_if(a.rd, a.rs, a.rt, IntCc::Eq);
    }

    pub(super) fn selnez(&mut self, a: args::Selnez) {
        self.select_if(a.rd, a.rs, a.rt, IntCc::Ne);
    }

    /// GPR[rd] ← GPR[rs] if GPR[rt] cc 0, else 0.
    fn select_if(&mut self, rd: u32, rs: u32, rt: u32, cc: IntCc) {
        let (s, t, zero) = (self.gpr(rs), self.gpr(rt), self.b.i32(0));
        let cond = self.b.icmp(I32, t, zero, cc);
        let selected = self.b.select(I32, cond, s, zero);
        self.set_gpr(rd, selected);
    }

    /// if GPR[rt] cc 0 then GPR[rd] ← GPR[rs].
    fn move_if(&mut self, rd: u32, rs: u32, rt: u32, cc: IntCc) {
        let (s, t, d) = (self.gpr(rs), self.gpr(rt), self.gpr(rd));
        let zero = self.b.i32(0);
        let cond = self.b.icmp(I32, t, zero, cc);
        let moved = self.b.select(I32, cond, s, d);
        self.set_gpr(rd, moved);
    }
}
