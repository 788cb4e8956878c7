//! Guest registers: variables, loads at entries, stores at exits.

use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{self, InstBuilder};
use cranelift_frontend::Variable;
use demotic_ir::{Slot, Type, Value};

use super::{Lowered, Lowerer, state_access};
use crate::region::SlotSet;
use crate::vcpu_state::offset;

impl Lowerer<'_> {
    /// The variable of a slot: its whole word.
    pub(super) fn variable(&mut self, slot: Slot) -> Variable {
        let b = &mut self.b;
        *self.variables.entry(slot).or_insert_with(|| b.declare_var(I64))
    }

    pub(super) fn read_slot(&mut self, ty: Type, slot: Slot) -> Lowered {
        let variable = self.variable(slot);
        let word = self.b.use_var(variable);
        match ty {
            Type::I32 => Lowered::Plain { value: self.b.ins().ireduce(I32, word), wide: Some(word) },
            _ => Self::plain(word),
        }
    }

    pub(super) fn write_slot(&mut self, slot: Slot, value: Value) {
        let word = self.wide(value);
        self.write_slot_word(slot, word);
    }

    pub(super) fn write_slot_word(&mut self, slot: Slot, word: ir::Value) {
        let variable = self.variable(slot);
        self.b.def_var(variable, word);
        self.dirty.insert(slot);
    }

    /// Loads registers from the state into their variables.
    pub(super) fn load_slots(&mut self, slots: SlotSet) {
        for slot in slots.iter() {
            let word = self.b.ins().load(I64, state_access(), self.cpu, offset::slot(slot));
            let variable = self.variable(slot);
            self.b.def_var(variable, word);
        }
    }

    /// Stores the variables of registers to the state.
    pub(super) fn store_slots(&mut self, slots: SlotSet) {
        for slot in slots.iter() {
            let variable = self.variable(slot);
            let word = self.b.use_var(variable);
            self.b.ins().store(state_access(), word, self.cpu, offset::slot(slot));
        }
    }

    /// Stores the program counter.
    pub(super) fn store_pc(&mut self, pc: u64) {
        let word = self.b.ins().iconst(I64, pc as i64);
        self.b.ins().store(state_access(), word, self.cpu, offset::slot(self.layout.pc));
    }
}
