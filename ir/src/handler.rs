//! The boundary between an engine and whoever plays the guest's kernel: the Linux personality or a hypervisor.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::exit::Trap;
use crate::memory::{Fault, Memory};
use crate::state::CpuState;

/// What to do after a trap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resume {
    /// Go on at the address in the state's `pc` slot.
    Continue,
    /// Leave the run loop.
    Stop,
}

/// What a handler may ask of the engine that called it.
pub trait EngineControl {
    /// Drops the translations of code in the guest address range `[start, end)`.
    fn invalidate(&self, start: u64, end: u64);

    /// Has the host process fork: `fork` does that, and says whether it is the child that returns. Meanwhile nobody else
    /// changes the engine, so that the child, in which only the calling thread exists, finds it whole.
    fn fork(&self, fork: &mut dyn FnMut() -> bool);

    /// Calls `f` while the engine has no threads of its own.
    fn alone(&self, f: &mut dyn FnMut()) {
        f();
    }

    /// While on, every fault reports exact registers. Needed as soon as the guest can see them: when it has
    /// installed a handler for a synchronous signal.
    fn set_precise_faults(&self, on: bool);
}

/// The state of the vCPU that trapped, and its engine.
pub struct TrapContext<'a> {
    /// The guest's registers.
    pub cpu: &'a mut CpuState,
    /// The engine.
    pub engine: &'a dyn EngineControl,
}

/// The guest's kernel, as an engine sees it.
pub trait TrapHandler {
    /// The guest's memory.
    type Mem: Memory;

    /// The guest's memory.
    fn memory(&mut self) -> &mut Self::Mem;

    /// Handles a trap raised by the instruction at `pc`. The state's `pc` slot holds the address of the instruction
    /// after it (ISA bit included).
    fn trap(&mut self, cx: &mut TrapContext<'_>, trap: Trap, pc: u64) -> Resume;

    /// Handles a memory fault of the instruction at `pc`, to which the state's `pc` slot points too.
    fn fault(&mut self, cx: &mut TrapContext<'_>, fault: Fault, pc: u64) -> Resume;

    /// The vCPU was kicked; the state's `pc` slot holds where it would go on.
    fn interrupted(&mut self, cx: &mut TrapContext<'_>) -> Resume;
}

/// Makes a vCPU leave translated code soon and call [`TrapHandler::interrupted`]. Safe to use in a signal handler.
#[derive(Clone, Copy, Debug)]
pub struct Kicker(&'static AtomicU64);

impl Kicker {
    /// Value of the polled word that asks for attention; any other value is a host stack limit.
    pub const KICKED: u64 = u64::MAX;

    /// A kicker over the word that a vCPU's code polls.
    pub fn new(word: &'static AtomicU64) -> Kicker {
        Kicker(word)
    }

    /// Asks the vCPU for attention.
    pub fn kick(self) {
        self.0.store(Kicker::KICKED, Ordering::SeqCst);
    }
}
