//! PC-relative instructions of release 6.

use demotic_ir::MemOp;
use demotic_ir::MemSize::B4;
use demotic_ir::Type::I32;

use super::{Lifter, displacement};
use crate::decode::args;

impl Lifter<'_> {
    pub(super) fn addiupc(&mut self, a: args::Addiupc) {
        let addr = self.b.i32(self.pc_word(a.imm));
        self.set_gpr(a.rs, addr);
    }

    pub(super) fn lwpc(&mut self, a: args::Lwpc) {
        let addr = self.b.i32(self.pc_word(a.imm));
        let word = self.b.load(I32, addr, 0, MemOp::new(B4).big(self.config.big_endian));
        self.set_gpr(a.rs, word);
    }

    pub(super) fn auipc(&mut self, a: args::Auipc) {
        let addr = self.b.i32(self.own_pc().wrapping_add((displacement(a.imm) as u32) << 16));
        self.set_gpr(a.rs, addr);
    }

    pub(super) fn aluipc(&mut self, a: args::Aluipc) {
        let addr = self.own_pc().wrapping_add((displacement(a.imm) as u32) << 16);
        let addr = self.b.i32(addr & !0xffff);
        self.set_gpr(a.rs, addr);
    }

    /// The address of the instruction in progress, also in a delay slot.
    pub(super) fn own_pc(&self) -> u32 {
        if self.slot_of.is_some() { self.pc.wrapping_add(self.len) } else { self.pc }
    }

    /// The word `imm` (19 bits with sign) words from the instruction.
    fn pc_word(&self, imm: u32) -> u32 {
        const SIGN: u32 = 1 << 18;
        let words = (imm ^ SIGN).wrapping_sub(SIGN);
        (self.own_pc() & !3).wrapping_add(words << 2)
    }
}
