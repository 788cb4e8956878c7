//! Guest registers: variables, loads at entries, stores at exits.

use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{self, InstBuilder};
use cranelift_frontend::Variable;
use demotic_ir::{Block, Exit, Op, Slot, StateLayout, Type, Value};

use super::{Lowered, Lowerer, state_access};
use crate::region::{Faults, Region, SlotSet};
use crate::vcpu_state::offset;

/// How wide registers are in the state and in their variables.
#[derive(Clone, Copy, Debug)]
pub(super) struct Widths {
    /// Those of 32 bits. The upper half of their word is 0, and is not loaded: it may have been stored in two pieces,
    /// which the host could not forward to one load.
    loaded_as_32: SlotSet,
    /// Those of them whose variable has 32 bits too.
    narrow: SlotSet,
}

impl Widths {
    pub(super) fn of(region: &Region, layout: &StateLayout) -> Widths {
        let words = layout.slots.iter().filter(|info| info.ty == Type::I32).map(|info| info.slot);
        let flags = layout.flags.iter().flat_map(|f| [f.n, f.z, f.c, f.v]).collect();
        let loaded_as_32 = words.collect::<SlotSet>().minus(flags);
        let addresses = region.blocks().flat_map(addresses).collect();
        Widths { loaded_as_32, narrow: loaded_as_32.minus(addresses) }
    }
}

/// The slots whose values a block uses as addresses, just as they are.
fn addresses(block: &Block) -> impl Iterator<Item = Slot> {
    let accesses = block.insts.iter().filter_map(|inst| match inst.op {
        Op::Load { addr, .. }
        | Op::Store { addr, .. }
        | Op::LoadEx { addr, .. }
        | Op::StoreEx { addr, .. }
        | Op::Swap { addr, .. } => Some(addr),
        Op::ZExt64 { a, .. } => Some(a),
        _ => None,
    });
    let jumps = block.exits.iter().filter_map(|exit| match exit {
        Exit::Return { target } | Exit::JumpIndirect { target } | Exit::CallIndirect { target, .. } => {
            Some(*target)
        }
        _ => None,
    });
    accesses.chain(jumps).filter_map(|v| match block.insts.get(v.0 as usize)?.op {
        Op::Get { slot, .. } => Some(slot),
        _ => None,
    })
}

impl Lowerer<'_> {
    /// The variable of a slot: its whole word, or the low half if that is all there is.
    pub(super) fn variable(&mut self, slot: Slot) -> Variable {
        let ty = self.slot_type(slot);
        let b = &mut self.b;
        *self.variables.entry(slot).or_insert_with(|| b.declare_var(ty))
    }

    /// The type of a slot's variable.
    pub(super) fn slot_type(&self, slot: Slot) -> ir::Type {
        if self.widths.narrow.contains(slot) { I32 } else { I64 }
    }

    pub(super) fn read_slot(&mut self, ty: Type, slot: Slot) -> Lowered {
        if let Some(half) = self.read_half(slot) {
            return half;
        }
        let variable = self.variable(slot);
        let word = self.b.use_var(variable);
        match ty {
            Type::I32 if self.widths.narrow.contains(slot) => Self::plain(word),
            Type::I32 => Lowered::Plain { value: self.b.ins().ireduce(I32, word), wide: Some(word) },
            _ => Self::plain(word),
        }
    }

    pub(super) fn write_slot(&mut self, slot: Slot, value: Value) {
        if self.write_half(slot, value) {
            return;
        }
        let word = if self.widths.narrow.contains(slot) { self.val(value) } else { self.wide(value) };
        self.write_slot_word(slot, word);
    }

    pub(super) fn write_slot_word(&mut self, slot: Slot, word: ir::Value) {
        let variable = self.variable(slot);
        self.b.def_var(variable, word);
        self.dirty.insert(slot);
    }

    /// Loads registers from the state into their variables.
    pub(super) fn load_slots(&mut self, slots: SlotSet) {
        for slot in self.load_pairs(slots).iter() {
            let (access, place) = (state_access(), offset::slot(slot));
            let word = match (self.widths.loaded_as_32.contains(slot), self.widths.narrow.contains(slot)) {
                (_, true) => self.b.ins().load(I32, access, self.cpu, place),
                (true, false) => self.b.ins().uload32(access, self.cpu, place),
                (false, false) => self.b.ins().load(I64, access, self.cpu, place),
            };
            let variable = self.variable(slot);
            self.b.def_var(variable, word);
        }
    }

    /// Stores the variables of registers to the state.
    pub(super) fn store_slots(&mut self, slots: SlotSet) {
        for slot in self.store_pairs(slots).iter() {
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

    // ---- checkpoints: see `region::checkpoints` ----

    /// Whether the interpreter goes on from a checkpoint after a fault.
    pub(super) fn replays(&self) -> bool {
        self.options.faults() == Faults::Replayed
    }

    /// Makes a checkpoint at the instruction at `pc`.
    pub(super) fn checkpoint(&mut self, pc: u64) {
        self.store_slots(self.dirty);
        self.dirty = SlotSet::EMPTY;
        self.store_pc(pc);
    }

    /// The state is exact, and the guest at `pc`: if faults need checkpoints, this is one.
    pub(super) fn begin_checkpoint(&mut self, pc: u64) {
        if self.replays() {
            self.store_pc(pc);
        }
    }

    /// Makes the checkpoint of some instructions before all of them.
    pub(super) fn checkpoint_before(&mut self, instructions: impl Iterator<Item = usize>) {
        for n in instructions {
            if self.flow.has_checkpoint(self.at, n) {
                self.inst = n;
                self.checkpoint(self.current_pc());
                self.made_early.insert(n);
            }
        }
    }
}
