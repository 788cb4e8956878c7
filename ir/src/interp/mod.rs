//! The interpreter: the oracle that says what the IR means, and the engine for code that is not hot.
//!
//! [`compile`] turns a block into a row of pre-decoded ops; [`Code::run`] executes them. What the ops mean is in
//! [`integer`], [`flags`], [`memory`], [`vector`] and [`fp`](crate::fp), as plain functions on words. The rest is about speed:
//! `plan` and `select` choose ops (folding constants, shifts, addresses and comparisons into their users), `alloc` gives
//! values their words (guest registers are used in place), `op` says how ops follow one another.
//!
//! Faults are exact: state is as the faulting guest instruction found it, provided that the front end emits an
//! instruction's loads and stores before its `put`s, and that the passes were run with `precise`.

mod access;
mod alloc;
mod arithmetic;
mod control;
mod draft;
mod emit;
mod float;
mod op;
mod plan;
mod select;
mod simd;

pub mod flags;
pub mod integer;
pub mod memory;
pub mod vector;

use std::fmt;

use crate::block::Block;
use crate::exit::Trap;
use crate::guest::{GuestArch, Helper, NanRule, VectorHelper};
use crate::memory::{Fault, Memory};
use crate::state::{CpuState, StateLayout};
use crate::types::Type;
use crate::value::HelperId;
use alloc::Width;
use op::{Env, OpCode};

/// What the interpreter has to know of the guest.
#[derive(Clone, Copy, Debug)]
pub struct Guest<'a> {
    /// The state slots. The flag slots must be four in a row: n, z, c, v.
    pub layout: &'a StateLayout,
    /// How NaN results look.
    pub nan_rule: NanRule,
    /// What `helper` ops call.
    pub helpers: &'static [Helper],
    /// What `vhelper` ops call.
    pub vector_helpers: &'static [VectorHelper],
}

impl<'a> Guest<'a> {
    /// What a guest architecture says of itself.
    pub fn of(arch: &'a dyn GuestArch) -> Guest<'a> {
        Guest {
            layout: arch.layout(),
            nan_rule: arch.nan_rule(),
            helpers: arch.helpers(),
            vector_helpers: arch.vector_helpers(),
        }
    }
}

/// Why a block cannot be interpreted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CompileError {
    /// It has too many ops or exits: lift fewer instructions.
    TooLong,
    /// Too many values live at once: lift fewer instructions.
    TooManyTemporaries,
    /// The block has flags, and the layout has no four flag slots in a row.
    FlagLayout,
    /// The guest has no such helper.
    UnknownHelper(HelperId),
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompileError::TooLong => f.write_str("the block has too many ops"),
            CompileError::TooManyTemporaries => f.write_str("the block has too many values"),
            CompileError::FlagLayout => f.write_str("the layout has no four flag slots in a row"),
            CompileError::UnknownHelper(id) => write!(f, "there is no helper {}", id.0),
        }
    }
}

impl std::error::Error for CompileError {}

/// A way out of a block. A branch has two, taken first; a switch has one per target, the default last; every other exit
/// has one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Way {
    /// Where it leads.
    pub kind: WayKind,
    /// The guest instruction that leaves, an index into [`Block::guest`].
    pub src: u16,
    /// How many guest instructions have been executed on this way.
    pub insns: u32,
}

/// Where a way out leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WayKind {
    /// To a known address.
    Jump {
        /// Where to.
        target: u64,
    },
    /// To a known function.
    Call {
        /// The callee.
        target: u64,
        /// The address that the callee is expected to return to.
        ret: u64,
    },
    /// To a computed function.
    CallIndirect {
        /// The address that the callee is expected to return to.
        ret: u64,
    },
    /// To a computed address: back from a call.
    Return,
    /// To a computed address.
    JumpIndirect,
    /// To whoever handles the trap.
    Trap {
        /// What happened.
        trap: Trap,
        /// Address of the instruction that did it.
        pc: u64,
        /// Address of the instruction after it.
        next: u64,
    },
}

impl WayKind {
    /// The address that the way leads to, unless it is computed. For a trap, the instruction after it.
    pub fn target(self) -> Option<u64> {
        match self {
            WayKind::Jump { target } | WayKind::Call { target, .. } | WayKind::Trap { next: target, .. } => {
                Some(target)
            }
            WayKind::CallIndirect { .. } | WayKind::Return | WayKind::JumpIndirect => None,
        }
    }
}

/// How the execution of a block ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// By one of its ways out.
    Left {
        /// An index into [`Code::ways`].
        way: usize,
        /// Where the guest goes on: the way's target. For a trap, the instruction after it.
        pc: u64,
    },
    /// A memory access failed. State is as it was before the instruction.
    Fault {
        /// The fault.
        fault: Fault,
        /// The guest instruction, an index into [`Block::guest`]; so many instructions were executed before it.
        src: u16,
    },
}

/// A block, ready to be interpreted on a memory of type `M`.
pub struct Code<M> {
    ops: Box<[OpCode<M>]>,
    /// The guest instruction of each op.
    srcs: Box<[u16]>,
    ways: Box<[Way]>,
    /// Where each way leads; 0 where the op that leaves says so.
    targets: Box<[u64]>,
    nan_rule: NanRule,
    helpers: &'static [Helper],
    vector_helpers: &'static [VectorHelper],
}

impl<M> fmt::Debug for Code<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").field("ops", &self.ops.len()).field("ways", &self.ways).finish()
    }
}

/// Makes a block ready to be interpreted.
///
/// # Errors
/// What the interpreter cannot do; see [`CompileError`].
pub fn compile<M: Memory>(block: &Block, guest: &Guest<'_>) -> Result<Code<M>, CompileError> {
    let selection = select::select::<M>(block, guest)?;
    let width = |v| match block.value_type(v) {
        Some(Type::Flags) => Width::Flags,
        Some(Type::V128) => Width::Vector,
        _ => Width::Word,
    };
    let homes = alloc::allocate(&selection.drafts, selection.values, width)?;
    let (ops, srcs) = emit::emit(&selection.drafts, &homes)?;
    Ok(Code {
        ops: ops.into(),
        srcs: srcs.into(),
        targets: selection.ways.iter().map(|way| way.kind.target().unwrap_or(0)).collect(),
        ways: selection.ways.into(),
        nan_rule: guest.nan_rule,
        helpers: guest.helpers,
        vector_helpers: guest.vector_helpers,
    })
}

impl<M: Memory> Code<M> {
    /// Executes the block.
    #[inline]
    pub fn run(&self, cpu: &mut CpuState, mem: &mut M) -> Outcome {
        let mut env = Env {
            mem,
            helpers: self.helpers,
            vector_helpers: self.vector_helpers,
            nan_rule: self.nan_rule,
            target: 0,
            fault: None,
        };
        let finish = op::next(&mut cpu.words, &mut env, &self.ops);
        let way = finish.0 as usize;
        match self.targets.get(way) {
            // One of the two is 0.
            Some(target) => Outcome::Left { way, pc: target | env.target },
            None => self.fault(env.fault),
        }
    }

    #[cold]
    fn fault(&self, fault: Option<(Fault, usize)>) -> Outcome {
        let (fault, behind) = fault.expect("an op that ends with `Finish::FAULT` leaves the fault");
        Outcome::Fault { fault, src: self.srcs[self.ops.len() - 1 - behind] }
    }
}

impl<M> Code<M> {
    /// The ways out of the block.
    pub fn ways(&self) -> &[Way] {
        &self.ways
    }

    /// Number of ops: what one execution costs at most.
    pub fn op_count(&self) -> usize {
        self.ops.len()
    }
}
