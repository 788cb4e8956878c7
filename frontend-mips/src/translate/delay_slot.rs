//! All rules of delay slots and of branch-likely instructions (MIPS32 volume I, section 4.1.3.2).
//!
//! A branch evaluates condition and target, and writes its link register, before the instruction in its slot; the exit
//! follows. See [`crate::delay_slot`] for what faults and traps in a slot report.

use demotic_ir::{Exit, Trap, Type, Value};

use super::Lifter;
use crate::delay_slot::IN_SLOT;
use crate::encoding::{Fetched, Slot};
use crate::state::BRANCH_TARGET;

impl Lifter<'_> {
    /// Executes the delay slot, then leaves by `exit`.
    pub(super) fn branch_to(&mut self, exit: Exit) {
        if self.delay_slot(&exit) {
            self.leave(exit);
        }
    }

    /// Branches to `taken` if `cond`.
    pub(super) fn branch(&mut self, cond: Value, taken: u32) {
        self.branch_to(Exit::Branch { cond, taken: u64::from(taken), fallthrough: self.return_address() });
    }

    /// The same; the slot is executed only if the branch is taken.
    pub(super) fn branch_likely(&mut self, cond: Value, taken: u32) {
        self.annul_unless(cond);
        self.branch_to(Exit::Jump { target: u64::from(taken) });
    }

    /// Calls `target` if `cond`. The link register is written in any case.
    pub(super) fn branch_and_link(&mut self, cond: Value, target: u32) {
        self.link(31);
        let (taken, ret) = (u64::from(target), self.return_address());
        if self.delay_slot(&Exit::Branch { cond, taken, fallthrough: ret }) {
            let not_taken = self.b.not(Type::Bool, cond);
            self.b.leave_if(not_taken, Exit::Jump { target: ret });
            self.leave(Exit::Call { target: taken, ret });
        }
    }

    /// The same; the slot is executed only if the branch is taken.
    pub(super) fn branch_and_link_likely(&mut self, cond: Value, target: u32) {
        self.link(31);
        self.annul_unless(cond);
        self.branch_to(Exit::Call { target: u64::from(target), ret: self.return_address() });
    }

    /// Skips the delay slot unless `cond`.
    fn annul_unless(&mut self, cond: Value) {
        let not_taken = self.b.not(Type::Bool, cond);
        let target = self.return_address();
        self.b.leave_if(not_taken, Exit::Jump { target });
    }

    /// The address after the delay slot.
    pub(super) fn return_address(&self) -> u64 {
        self.code(self.pc.wrapping_add(self.len + self.slot_len))
    }

    /// GPR[n] ← the address after the delay slot.
    pub(super) fn link(&mut self, n: u32) {
        let ret = self.b.i32(self.return_address() as u32);
        self.set_gpr(n, ret);
    }

    /// The length of the delay slot of `insn` at `pc`; 0 if it has none.
    pub(super) fn slot_length(&self, insn: Fetched) -> u32 {
        match self.encoding.slot(self.config, insn) {
            Slot::None => 0,
            Slot::Bytes(length) => length,
            Slot::Any => self.fetch(self.pc.wrapping_add(insn.len)).map_or(2, |slot| slot.len),
        }
    }

    /// Lifts the instruction in the slot of the branch at `pc`, which will leave by `exit`. False when it ends the
    /// block itself.
    pub(super) fn delay_slot(&mut self, exit: &Exit) -> bool {
        let branch = self.word;
        self.slot_of = Some(exit.clone());
        match self.fetch(self.pc.wrapping_add(self.len)) {
            None => self.trap(Trap::Fetch),
            // Unpredictable, as is a slot of the wrong length. We choose the exception that processors raise which
            // check for it.
            Some(slot)
                if self.encoding.is_control_transfer(self.config, slot) || slot.len != self.slot_len =>
            {
                self.trap(Trap::Undefined { word: slot.word });
            }
            Some(slot) => self.dispatch(slot),
        }
        self.slot_of = None;
        self.word = branch;
        !self.ended
    }

    /// The exit for a trap of the instruction in progress.
    pub(super) fn trap_exit(&mut self, trap: Trap) -> Exit {
        let length = match self.slot_of.clone() {
            None => self.len,
            Some(exit) => {
                let target = self.destination(&exit);
                self.b.put32(BRANCH_TARGET, target);
                IN_SLOT
            }
        };
        Exit::Trap { trap, pc: u64::from(self.pc), next: self.code(self.pc.wrapping_add(length)) }
    }

    /// Where a branch's exit leads.
    fn destination(&mut self, exit: &Exit) -> Value {
        match *exit {
            Exit::Jump { target } | Exit::Call { target, .. } => self.b.i32(target as u32),
            Exit::Branch { cond, taken, fallthrough } => {
                let (taken, fallthrough) = (self.b.i32(taken as u32), self.b.i32(fallthrough as u32));
                self.b.select(Type::I32, cond, taken, fallthrough)
            }
            Exit::CallIndirect { target, .. } | Exit::Return { target } | Exit::JumpIndirect { target } => {
                target
            }
            Exit::Switch { .. } | Exit::Trap { .. } => {
                unreachable!("no branch says so before its slot is lifted")
            }
        }
    }
}
