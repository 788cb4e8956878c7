//! A lifted guest basic block.

use crate::exit::Exit;
use crate::ops::Op;
use crate::types::Type;
use crate::value::{ExitId, Value};

/// What code is specialised on: an address (with the ISA bit) and the guest's mode.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Loc {
    /// Guest address, ISA bit included.
    pub pc: u64,
    /// The guest's mode bits (privilege, endianness, IT state…), as [`GuestArch::mode`](crate::GuestArch::mode) gives them.
    pub mode: u32,
}

impl Loc {
    /// A location in mode 0.
    pub const fn new(pc: u64) -> Loc {
        Loc { pc, mode: 0 }
    }
    /// The location at another address in the same mode.
    pub const fn at(self, pc: u64) -> Loc {
        Loc { pc, ..self }
    }
}

/// A guest instruction that a block was lifted from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GuestInsn {
    /// Address without the ISA bit.
    pub pc: u64,
    /// Length in bytes.
    pub len: u8,
    /// The encoding (as in [`Trap::Undefined`](crate::Trap)).
    pub word: u32,
}

/// An instruction of a block.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Inst {
    /// What it does.
    pub op: Op,
    /// Which guest instruction it belongs to: an index into [`Block::guest`].
    pub src: u16,
}

/// A guest basic block in SSA form: a value is named by the index of its instruction. Guest registers are read and
/// written through `get` and `put`. The last instruction is an `exit`.
#[derive(Clone, PartialEq, Debug)]
pub struct Block {
    /// Where the block begins.
    pub start: Loc,
    /// The guest instructions it was lifted from.
    pub guest: Vec<GuestInsn>,
    /// The instructions.
    pub insts: Vec<Inst>,
    /// The exits that `exit` instructions name.
    pub exits: Vec<Exit>,
}

impl Block {
    /// The type of a value; `None` if the instruction gives no value or does not exist.
    pub fn value_type(&self, v: Value) -> Option<Type> {
        self.insts.get(v.0 as usize)?.op.result_type()
    }

    /// The instruction that defines a value.
    ///
    /// # Panics
    /// When the value is not of this block.
    pub fn def(&self, v: Value) -> &Op {
        &self.insts[v.0 as usize].op
    }

    /// The constant that a value is, if it is one.
    pub fn constant(&self, v: Value) -> Option<u64> {
        match *self.def(v) {
            Op::Const { imm, .. } => Some(imm),
            _ => None,
        }
    }

    /// An exit by its id.
    ///
    /// # Panics
    /// When the id is not of this block.
    pub fn exit(&self, id: ExitId) -> &Exit {
        &self.exits[id.0 as usize]
    }

    /// The exit at the block's end, `None` when it lacks one (which the verifier rejects).
    pub fn final_exit(&self) -> Option<&Exit> {
        match self.insts.last()?.op {
            Op::Exit { exit, .. } => self.exits.get(exit.0 as usize),
            _ => None,
        }
    }

    /// The guest address range `[first, end)` that the block's instructions cover.
    pub fn guest_range(&self) -> (u64, u64) {
        let start = self.guest.iter().map(|g| g.pc).min().unwrap_or(self.start.pc & !1);
        let end = self.guest.iter().map(|g| g.pc + u64::from(g.len)).max().unwrap_or(start + 1);
        (start, end)
    }
}
