//! Drafts: ops that are selected but whose values have no words yet.

use super::op::Run;
use crate::types::IntCc;
use crate::value::{Slot, Value};

/// An operand field of a draft.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Arg {
    /// A number that is not a value: a slot, a way, a shift amount.
    Raw(u16),
    /// Reads a value.
    Use(Value),
    /// Defines a value.
    Def(Value),
}

/// No operand.
pub(super) const NONE: Arg = Arg::Raw(0);

/// What fusing neighbours needs to know of an op.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tag {
    /// Nothing.
    Plain,
    /// So many moves of words.
    Moves(u8),
    /// A 32-bit `flags_sub`; the second operand is immediate or not.
    FlagsSub { imm: bool },
    /// A 32-bit `sub` with its flags; the second operand is immediate or not.
    SubWithFlags { imm: bool },
    /// A branch on a 32-bit comparison.
    Branch { cc: IntCc, imm: bool },
}

/// A few slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Touches([Option<Slot>; 4]);

impl Touches {
    pub(super) const NONE: Touches = Touches([None; 4]);

    pub(super) fn one(slot: Slot) -> Touches {
        Touches([Some(slot), None, None, None])
    }

    pub(super) fn two(a: Slot, b: Slot) -> Touches {
        Touches([Some(a), Some(b), None, None])
    }

    /// Four slots from `first` on.
    pub(super) fn four(first: Slot) -> Touches {
        Touches(std::array::from_fn(|i| Some(first.nth(i as u32))))
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Slot> {
        self.0.into_iter().flatten()
    }
}

/// An op whose operands are values.
pub(super) struct OpDraft<M> {
    pub(super) run: Run<M>,
    pub(super) dst: Arg,
    pub(super) a: Arg,
    pub(super) b: Arg,
    pub(super) c: Arg,
    pub(super) imm: u64,
    pub(super) tag: Tag,
    /// Whether guest state must be exact here: the op may fault, or leaves.
    pub(super) exposes_state: bool,
    /// Slots that the op reads or writes by itself.
    pub(super) touches: Touches,
}

impl<M> OpDraft<M> {
    pub(super) fn new(run: Run<M>) -> OpDraft<M> {
        OpDraft {
            run,
            dst: NONE,
            a: NONE,
            b: NONE,
            c: NONE,
            imm: 0,
            tag: Tag::Plain,
            exposes_state: false,
            touches: Touches::NONE,
        }
    }

    /// The four operand fields.
    pub(super) fn args(&self) -> [Arg; 4] {
        [self.dst, self.a, self.b, self.c]
    }
}

/// A step of the selected block.
pub(super) enum What<M> {
    /// A value is what slots hold. No op at all if they still hold it where the value is used.
    Get {
        value: Value,
        slot: Slot,
        /// Number of slots: 4 for flags.
        width: u16,
        /// The bits of the slot that the value has.
        mask: u64,
        /// Whether the word as it stands is the value.
        exact: bool,
    },
    /// Slots take a value. No op at all if the value can be computed there.
    Put { value: Value, slot: Slot, width: u16 },
    /// Begins a conditional part: the op skips it by `c`.
    If(OpDraft<M>),
    /// Ends it.
    EndIf,
    /// An op.
    Op(OpDraft<M>),
}

/// A step and its guest instruction.
pub(super) struct Draft<M> {
    pub(super) what: What<M>,
    pub(super) src: u16,
}
