//! What MIPS16e and microMIPS have and MIPS32 does not: jumps and branches without a delay slot, offsets in halfwords,
//! accesses to several registers.

use demotic_ir::MemSize::B4;
use demotic_ir::Type::I32;
use demotic_ir::{Exit, Trap, Value};

use super::Lifter;
use crate::state::RA;

// ---- jumps and branches ----
impl Lifter<'_> {
    /// The code address that many halfwords from the end of the instruction.
    pub(super) fn halfwords_on(&self, halfwords: i32) -> u32 {
        let end = self.pc.wrapping_add(self.len);
        self.code(end.wrapping_add_signed(halfwords << 1)) as u32
    }

    /// Calls `target`, with a delay slot.
    pub(super) fn jump_and_link(&mut self, target: u64) {
        self.link(RA);
        self.branch_to(Exit::Call { target, ret: self.return_address() });
    }

    /// Branches, with a delay slot.
    pub(super) fn branch_always(&mut self, halfwords: i32) {
        self.branch_to(Exit::Jump { target: u64::from(self.halfwords_on(halfwords)) });
    }

    /// Branches, without a delay slot.
    pub(super) fn jump_halfwords(&mut self, halfwords: i32) {
        self.leave(Exit::Jump { target: u64::from(self.halfwords_on(halfwords)) });
    }

    /// Jumps to GPR[rs], without a delay slot.
    pub(super) fn jump_compact(&mut self, rs: u32) {
        let target = self.gpr(rs);
        match rs {
            RA => self.leave(Exit::Return { target }),
            _ => self.leave_through_table(target),
        }
    }

    /// Calls GPR[rs], without a delay slot, and links in GPR[rt].
    pub(super) fn jump_and_link_in(&mut self, rt: u32, rs: u32) {
        let (target, ret) = (self.gpr(rs), self.next_address());
        let link = self.b.i32(ret as u32);
        self.set_gpr(rt, link);
        self.leave(if rt == RA { Exit::CallIndirect { target, ret } } else { Exit::JumpIndirect { target } });
    }

    /// Calls GPR[rs], without a delay slot.
    pub(super) fn jump_and_link_compact(&mut self, rs: u32) {
        let target = self.gpr(rs);
        self.link_compact();
        self.leave(Exit::CallIndirect { target, ret: self.next_address() });
    }
}

// ---- loads and stores ----
impl Lifter<'_> {
    /// Registers ← consecutive words from GPR[base] + offset on. Nothing is written before all are loaded, so that the
    /// instruction can be executed again after a fault.
    pub(super) fn load_registers(&mut self, registers: &[u32], base: u32, offset: i32) {
        let (base, mem) = (self.gpr(base), self.mem(B4));
        let offsets = (offset..).step_by(4);
        let words: Vec<Value> =
            offsets.take(registers.len()).map(|disp| self.b.load(I32, base, disp, mem)).collect();
        for (&register, word) in registers.iter().zip(words) {
            self.set_gpr(register, word);
        }
    }

    /// Consecutive words from GPR[base] + offset on ← registers.
    pub(super) fn store_registers(&mut self, registers: &[u32], base: u32, offset: i32) {
        let (base, mem) = (self.gpr(base), self.mem(B4));
        for (&register, disp) in registers.iter().zip((offset..).step_by(4)) {
            let word = self.gpr(register);
            self.b.store(I32, base, word, disp, mem);
        }
    }

    /// GPR[rd] ← memory[GPR[base] + GPR[index] × 4].
    pub(super) fn load_scaled(&mut self, rd: u32, base: u32, index: u32) {
        let (base, index, two) = (self.gpr(base), self.gpr(index), self.b.i32(2));
        let offset = self.b.shl(I32, index, two);
        let addr = self.b.add(I32, base, offset);
        let word = self.b.load(I32, addr, 0, self.mem(B4));
        self.set_gpr(rd, word);
    }
}

// ---- instructions that do not execute ----
impl Lifter<'_> {
    /// An instruction that this translator lacks.
    pub(super) fn unimplemented_row(&mut self, name: &'static str, word: u32) {
        self.trap(Trap::Unimplemented { word, name });
    }
}
