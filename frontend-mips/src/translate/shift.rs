//! Shifts and rotations, and the no-ops that are encoded as shifts of register 0.

use demotic_ir::BlockBuilder;

use super::{BinaryOp, Lifter};
use crate::decode::args;

impl Lifter<'_> {
    pub(super) fn sll(&mut self, a: args::Sll) {
        self.shift_imm(a.rd, a.rt, a.sa, BlockBuilder::shl);
    }

    pub(super) fn srl(&mut self, a: args::Srl) {
        self.shift_imm(a.rd, a.rt, a.sa, BlockBuilder::shr);
    }

    pub(super) fn sra(&mut self, a: args::Sra) {
        self.shift_imm(a.rd, a.rt, a.sa, BlockBuilder::sar);
    }

    pub(super) fn rotr(&mut self, a: args::Rotr) {
        self.shift_imm(a.rd, a.rt, a.sa, BlockBuilder::rotr);
    }

    // The amount is in the low five bits of GPR[rs], which is how the ops take it.

    pub(super) fn sllv(&mut self, a: args::Sllv) {
        self.binary(a.rd, a.rt, a.rs, BlockBuilder::shl);
    }

    pub(super) fn srlv(&mut self, a: args::Srlv) {
        self.binary(a.rd, a.rt, a.rs, BlockBuilder::shr);
    }

    pub(super) fn srav(&mut self, a: args::Srav) {
        self.binary(a.rd, a.rt, a.rs, BlockBuilder::sar);
    }

    pub(super) fn rotrv(&mut self, a: args::Rotrv) {
        self.binary(a.rd, a.rt, a.rs, BlockBuilder::rotr);
    }

    pub(super) fn nop(&mut self, _: args::Nop) {}

    pub(super) fn ssnop(&mut self, _: args::Ssnop) {}

    pub(super) fn ehb(&mut self, _: args::Ehb) {}

    pub(super) fn pause(&mut self, _: args::Pause) {}

    /// GPR[rd] ← GPR[rt] op sa.
    fn shift_imm(&mut self, rd: u32, rt: u32, sa: u32, op: BinaryOp) {
        self.binary_imm(rd, rt, sa, op);
    }
}
