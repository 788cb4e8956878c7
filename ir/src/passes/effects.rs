//! Which state slots an op reads and writes.

use crate::ops::Op;
use crate::state::{STATE_WORDS, StateLayout};
use crate::types::FlagMask;
use crate::value::Slot;

/// A set of state slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SlotSet([u64; STATE_WORDS / 64]);

impl SlotSet {
    pub(super) const NONE: SlotSet = SlotSet([0; STATE_WORDS / 64]);
    pub(super) const ALL: SlotSet = SlotSet([u64::MAX; STATE_WORDS / 64]);

    fn place(slot: Slot) -> (usize, u64) {
        (slot.index() / 64 % (STATE_WORDS / 64), 1 << (slot.0 % 64))
    }

    pub(super) fn contains(&self, slot: Slot) -> bool {
        let (word, bit) = SlotSet::place(slot);
        self.0[word] & bit != 0
    }

    pub(super) fn insert(&mut self, slot: Slot) {
        let (word, bit) = SlotSet::place(slot);
        self.0[word] |= bit;
    }

    pub(super) fn remove(&mut self, slot: Slot) {
        let (word, bit) = SlotSet::place(slot);
        self.0[word] &= !bit;
    }

    pub(super) fn for_each(&self, mut f: impl FnMut(Slot)) {
        for (i, &word) in self.0.iter().enumerate() {
            let mut rest = word;
            while rest != 0 {
                f(Slot(i as u16 * 64 + rest.trailing_zeros() as u16));
                rest &= rest - 1;
            }
        }
    }

    pub(super) fn union(self, other: SlotSet) -> SlotSet {
        SlotSet(std::array::from_fn(|i| self.0[i] | other.0[i]))
    }
}

/// The slots of the flags in `mask`.
pub(super) fn flag_slots(layout: &StateLayout, mask: FlagMask, mut f: impl FnMut(Slot)) {
    let Some(flags) = layout.flags else { return };
    for (flag, slot) in
        [(FlagMask::N, flags.n), (FlagMask::Z, flags.z), (FlagMask::C, flags.c), (FlagMask::V, flags.v)]
    {
        if mask.contains(flag) {
            f(slot);
        }
    }
}

/// Calls `f` with each slot that an op reads.
pub(super) fn reads(op: &Op, layout: &StateLayout, mut f: impl FnMut(Slot)) {
    match *op {
        Op::Get { slot, .. } => f(slot),
        Op::GetFlags { .. } => flag_slots(layout, FlagMask::NZCV, f),
        Op::StoreEx { .. } => {
            f(layout.monitor_addr);
            f(layout.monitor_value);
        }
        Op::FRaises { .. } | Op::VFRaises { .. } => layout.exceptions.into_iter().for_each(f),
        _ => {}
    }
}

/// Calls `f` with each slot that an op overwrites.
pub(super) fn writes(op: &Op, layout: &StateLayout, mut f: impl FnMut(Slot)) {
    match *op {
        Op::Put { slot, .. } => f(slot),
        Op::PutFlags { mask, .. } => flag_slots(layout, mask, f),
        Op::LoadEx { .. } | Op::StoreEx { .. } => {
            f(layout.monitor_addr);
            f(layout.monitor_value);
        }
        _ => {}
    }
}
