//! Typed handles: SSA values, state slots, exits, helpers.

/// An SSA value of a block: the index of the instruction that defines it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Value(pub u32);

/// A guest register or other piece of guest state: the index of its word in [`CpuState`](crate::CpuState).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Slot(pub u16);

impl Slot {
    /// The slot `n` places further on, for register files.
    pub const fn nth(self, n: u32) -> Slot {
        Slot(self.0 + n as u16)
    }
    /// Index into a state's words.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// An exit of a block: an index into [`Block::exits`](crate::Block).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ExitId(pub u16);

/// A helper: an index into [`GuestArch::helpers`](crate::GuestArch::helpers).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct HelperId(pub u16);
