//! Arithmetic: additions, subtractions, comparisons, counts of leading bits, sign extensions.

use demotic_ir::Type::I32;
use demotic_ir::{BlockBuilder, IntCc, MemSize, Trap, Value};

use super::{Lifter, sign_extend};
use crate::decode::args;
use crate::traps;

impl Lifter<'_> {
    pub(super) fn add(&mut self, a: args::Add) {
        let (s, t) = (self.gpr(a.rs), self.gpr(a.rt));
        let sum = self.add_trapping(s, t);
        self.set_gpr(a.rd, sum);
    }

    pub(super) fn addi(&mut self, a: args::Addi) {
        let (s, imm) = (self.gpr(a.rs), self.b.i32(sign_extend(a.imm)));
        let sum = self.add_trapping(s, imm);
        self.set_gpr(a.rt, sum);
    }

    pub(super) fn sub(&mut self, a: args::Sub) {
        let (s, t) = (self.gpr(a.rs), self.gpr(a.rt));
        let difference = self.b.sub(I32, s, t);
        // The operands' signs differ, and so do those of the minuend and the difference.
        let signs = self.b.xor(I32, s, t);
        let changed = self.b.xor(I32, s, difference);
        self.trap_on_overflow(signs, changed);
        self.set_gpr(a.rd, difference);
    }

    pub(super) fn addu(&mut self, a: args::Addu) {
        self.binary(a.rd, a.rs, a.rt, BlockBuilder::add);
    }

    pub(super) fn addiu(&mut self, a: args::Addiu) {
        self.binary_imm(a.rt, a.rs, sign_extend(a.imm), BlockBuilder::add);
    }

    pub(super) fn subu(&mut self, a: args::Subu) {
        self.binary(a.rd, a.rs, a.rt, BlockBuilder::sub);
    }

    pub(super) fn slt(&mut self, a: args::Slt) {
        self.binary(a.rd, a.rs, a.rt, |b, ty, s, t| less(b, ty, s, t, IntCc::Slt));
    }

    pub(super) fn sltu(&mut self, a: args::Sltu) {
        self.binary(a.rd, a.rs, a.rt, |b, ty, s, t| less(b, ty, s, t, IntCc::Ult));
    }

    pub(super) fn slti(&mut self, a: args::Slti) {
        self.binary_imm(a.rt, a.rs, sign_extend(a.imm), |b, ty, s, imm| less(b, ty, s, imm, IntCc::Slt));
    }

    pub(super) fn sltiu(&mut self, a: args::Sltiu) {
        self.binary_imm(a.rt, a.rs, sign_extend(a.imm), |b, ty, s, imm| less(b, ty, s, imm, IntCc::Ult));
    }

    pub(super) fn aui(&mut self, a: args::Aui) {
        self.binary_imm(a.rt, a.rs, a.imm << 16, BlockBuilder::add);
    }

    /// The amount is stored less 1.
    pub(super) fn lsa(&mut self, a: args::Lsa) {
        let (s, t, amount) = (self.gpr(a.rs), self.gpr(a.rt), self.b.i32(a.a + 1));
        let scaled = self.b.shl(I32, s, amount);
        let sum = self.b.add(I32, scaled, t);
        self.set_gpr(a.rd, sum);
    }

    pub(super) fn clz(&mut self, a: args::Clz) {
        self.leading_zeros(a.rd, a.rs);
    }

    pub(super) fn clz_r6(&mut self, a: args::ClzR6) {
        self.leading_zeros(a.rd, a.rs);
    }

    pub(super) fn clo(&mut self, a: args::Clo) {
        self.leading_ones(a.rd, a.rs);
    }

    pub(super) fn clo_r6(&mut self, a: args::CloR6) {
        self.leading_ones(a.rd, a.rs);
    }

    pub(super) fn seb(&mut self, a: args::Seb) {
        let t = self.gpr(a.rt);
        let extended = self.b.sext_low(I32, t, MemSize::B1);
        self.set_gpr(a.rd, extended);
    }

    pub(super) fn seh(&mut self, a: args::Seh) {
        let t = self.gpr(a.rt);
        let extended = self.b.sext_low(I32, t, MemSize::B2);
        self.set_gpr(a.rd, extended);
    }

    /// GPR[rd] ← the number of leading zeros of GPR[rs].
    fn leading_zeros(&mut self, rd: u32, rs: u32) {
        let s = self.gpr(rs);
        let count = self.b.clz(I32, s);
        self.set_gpr(rd, count);
    }

    /// GPR[rd] ← the number of leading ones of GPR[rs].
    fn leading_ones(&mut self, rd: u32, rs: u32) {
        let s = self.gpr(rs);
        let zeros = self.b.not(I32, s);
        let count = self.b.clz(I32, zeros);
        self.set_gpr(rd, count);
    }

    /// `s + t`, unless that overflows.
    fn add_trapping(&mut self, s: Value, t: Value) -> Value {
        let sum = self.b.add(I32, s, t);
        // The sum's sign differs from those of both operands.
        let from_s = self.b.xor(I32, s, sum);
        let from_t = self.b.xor(I32, t, sum);
        self.trap_on_overflow(from_s, from_t);
        sum
    }

    /// Integer Overflow exception if both values are negative.
    fn trap_on_overflow(&mut self, x: Value, y: Value) {
        let both = self.b.and(I32, x, y);
        let zero = self.b.i32(0);
        let overflow = self.b.icmp(I32, both, zero, IntCc::Slt);
        self.trap_if(overflow, Trap::Arithmetic { code: traps::OVERFLOW });
    }
}

/// The integer 1 if the comparison holds, else 0.
fn less(b: &mut BlockBuilder, ty: demotic_ir::Type, s: Value, t: Value, cc: IntCc) -> Value {
    let less = b.icmp(ty, s, t, cc);
    b.from_bool(ty, less)
}
