//! The interpreter's machine: pre-decoded ops and how they follow one another.
//!
//! Every op carries the function that executes it, and every such function ends by calling the next op's. In release
//! builds that call is a jump (all arguments are in registers and nothing is to be dropped); without the optimisation it
//! is a call whose depth is bounded by [`MAX_OPS`].

use crate::guest::{Helper, NanRule, VectorHelper};
use crate::memory::{Access, Fault, FaultKind};
use crate::state::FRAME_WORDS;

/// Guest state and temporaries: what the operands of ops index.
pub(super) type Words = [u64; FRAME_WORDS];

/// The most ops that one block may have.
pub(super) const MAX_OPS: usize = 2048;

/// The function that executes an op and then the rest of the block.
pub(super) type Run<M> = fn(&mut Words, &mut Env<'_, M>, &OpCode<M>, &[OpCode<M>]) -> Finish;

/// A pre-decoded op. What its fields mean is up to `run`; mostly `dst` is the word that it writes and `a`, `b`, `c` are
/// those that it reads.
pub(super) struct OpCode<M> {
    pub(super) run: Run<M>,
    pub(super) dst: u16,
    pub(super) a: u16,
    pub(super) b: u16,
    pub(super) c: u16,
    pub(super) imm: u64,
}

/// What ops need besides words.
pub(super) struct Env<'a, M> {
    pub(super) mem: &'a mut M,
    pub(super) helpers: &'static [Helper],
    pub(super) vector_helpers: &'static [VectorHelper],
    pub(super) nan_rule: NanRule,
    /// Where a way out that has no target of its own leads; 0 for the others.
    pub(super) target: u64,
    /// The fault that ended the block, with the number of ops behind the one that faulted.
    pub(super) fault: Option<(Fault, usize)>,
}

/// How the ops of a block ended: the number of the way out. One scalar, so that the calls stay jumps.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Finish(pub(super) u32);

impl Finish {
    /// Stands for a memory fault, described in [`Env::fault`].
    pub(super) const FAULT: Finish = Finish(u32::MAX);
}

/// The word that an operand names.
#[inline(always)]
pub(super) fn get(words: &Words, index: u16) -> u64 {
    words[usize::from(index) % FRAME_WORDS]
}

/// Writes the word that an operand names.
#[inline(always)]
pub(super) fn set(words: &mut Words, index: u16, value: u64) {
    words[usize::from(index) % FRAME_WORDS] = value;
}

/// Executes the next op.
#[inline(always)]
pub(super) fn next<M>(words: &mut Words, env: &mut Env<'_, M>, rest: &[OpCode<M>]) -> Finish {
    match rest.split_first() {
        Some((op, rest)) => (op.run)(words, env, op, rest),
        None => no_exit(),
    }
}

/// Executes the op that comes after `count` others.
#[inline(always)]
pub(super) fn skip<M>(words: &mut Words, env: &mut Env<'_, M>, rest: &[OpCode<M>], count: u16) -> Finish {
    next(words, env, rest.get(usize::from(count)..).unwrap_or_default())
}

/// The ops have run out. Every block ends in an op that leaves (the verifier has seen to that).
#[cold]
#[inline(never)]
fn no_exit() -> ! {
    panic!("a block without an exit");
}

/// Ends the block with a fault of the op that `rest` comes after.
#[inline(always)]
pub(super) fn fail<M>(env: &mut Env<'_, M>, fault: Fault, rest: &[OpCode<M>]) -> Finish {
    record(env, fault.addr, fault.access, fault.kind, rest.len())
}

/// Takes the fault in registers: a fault in memory would give every handler a frame.
#[cold]
#[inline(never)]
fn record<M>(env: &mut Env<'_, M>, addr: u64, access: Access, kind: FaultKind, behind: usize) -> Finish {
    env.fault = Some((Fault { addr, access, kind }, behind));
    Finish::FAULT
}
