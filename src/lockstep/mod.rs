//! `--lockstep`: the interpreter and translated code, block by block, until they differ.
//!
//! The guest runs on translated code in which every block is a region of its own and ends in a trap ([`stops`]). Before
//! a block is entered, the interpreter executes it ahead on a copy of the registers, with the stores undone afterwards
//! ([`ahead`]); when its trap arrives, registers and stored-to memory are compared. System calls and signals are
//! done once, by the guest's kernel, between two blocks. Both sides lift the same blocks, but only translated code has
//! been through the passes: what differs is a bug in a pass, in the translator, or in the interpreter.

mod ahead;
mod show;
mod stops;

use std::cell::Cell;
use std::sync::Arc;

use demotic_ir::passes::PassOptions;
use demotic_ir::{CpuState, EngineControl, Fault, GuestArch, Kicker, Resume, Trap, TrapContext, TrapHandler};
use demotic_runtime::linux::LinuxProcess;
use demotic_runtime::memory::UserMemory;
use demotic_translator::{EngineKind, EngineOptions, FormOptions, MemoryModel, Vcpu};

use crate::failure::{CANNOT_RUN, Failure};
use ahead::{Ahead, End, Expected};
use stops::{STOP, Stopping};

/// Exit status when the engines differ.
const DIFFERENT: u8 = 1;

/// Runs a loaded program in lockstep; gives its kernel side when it has ended.
///
/// # Errors
/// When the engines differ.
pub(crate) fn run(
    process: LinuxProcess,
    cpu: &CpuState,
    arch: Arc<dyn GuestArch>,
) -> Result<LinuxProcess, Failure> {
    let memory = process.shared_memory();
    let stopping = Arc::new(Stopping(arch));
    let options = EngineOptions {
        kind: EngineKind::Jit,
        memory: Some(MemoryModel::Window),
        form: FormOptions {
            max_insns: 1,
            unroll_insns: 0,
            inline_insns: 0,
            recursive_sites: 0,
            passes: PassOptions::default(),
        },
        ..EngineOptions::default()
    };
    let vcpu = Vcpu::new::<Lockstep>(stopping.clone(), Arc::new(memory.clone()), options);
    let mut vcpu = vcpu.map_err(|error| Failure::new(error.to_string()).with_status(CANNOT_RUN))?;
    vcpu.cpu().clone_from(cpu);
    process.set_kicker(vcpu.kicker());
    let mut lockstep = Lockstep::new(process, stopping, memory, vcpu.kicker());
    lockstep.look_ahead(cpu);
    vcpu.run(&mut lockstep);
    match lockstep.verdict {
        Some(message) => Err(Failure::new(message).with_status(DIFFERENT)),
        None => {
            tracing::info!(target: "lockstep", "{} blocks, no difference", lockstep.blocks);
            Ok(lockstep.process)
        }
    }
}

/// The guest's kernel, with a comparison before whatever it does.
struct Lockstep {
    process: LinuxProcess,
    arch: Arc<Stopping>,
    ahead: Ahead,
    /// What the block in progress should do.
    expected: Option<Expected>,
    /// Blocks compared so far.
    blocks: u64,
    /// Why the run was stopped.
    verdict: Option<String>,
    kicker: Kicker,
    /// A kick came in the middle of a block.
    kicked: bool,
}

impl Lockstep {
    fn new(process: LinuxProcess, arch: Arc<Stopping>, memory: UserMemory, kicker: Kicker) -> Lockstep {
        let ahead = Ahead::new(memory);
        Lockstep { process, arch, ahead, expected: None, blocks: 0, verdict: None, kicker, kicked: false }
    }

    /// Finds out what the next block should do.
    fn look_ahead(&mut self, cpu: &CpuState) -> Resume {
        match self.ahead.run(&self.arch, cpu) {
            Ok(expected) => {
                self.expected = Some(expected);
                Resume::Continue
            }
            Err(error) => {
                let pc = cpu.get(self.arch.layout().pc);
                self.verdict = Some(format!("lockstep: the block at {pc:#x} cannot be interpreted: {error}"));
                Resume::Stop
            }
        }
    }

    /// Compares what translated code did with what it should have done.
    fn agrees(&mut self, cpu: &CpuState, end: End) -> bool {
        let Some(expected) = self.expected.take() else { return true };
        self.blocks += 1;
        let difference = show::difference(&*self.arch, &mut self.ahead, &expected, cpu, end);
        if let Some(text) = difference {
            self.verdict = Some(format!("lockstep: the engines differ in block {}\n{text}", self.blocks));
            return false;
        }
        if std::mem::take(&mut self.kicked) {
            self.kicker.kick();
        }
        true
    }

    /// Has the guest's kernel do something, then looks ahead.
    fn pass_on(
        &mut self,
        cx: &mut TrapContext<'_>,
        handle: impl FnOnce(&mut LinuxProcess, &mut TrapContext<'_>) -> Resume,
    ) -> Resume {
        let watch = Watch { engine: cx.engine, code_changed: Cell::new(false) };
        let resume = handle(&mut self.process, &mut TrapContext { cpu: cx.cpu, engine: &watch });
        if watch.code_changed.get() {
            self.ahead.forget();
        }
        match resume {
            Resume::Continue => self.look_ahead(cx.cpu),
            Resume::Stop => Resume::Stop,
        }
    }
}

impl TrapHandler for Lockstep {
    type Mem = UserMemory;

    fn memory(&mut self) -> &mut UserMemory {
        self.process.memory()
    }

    fn trap(&mut self, cx: &mut TrapContext<'_>, trap: Trap, pc: u64) -> Resume {
        // Blocks are compared at faults too, so their registers have to be exact.
        cx.engine.set_precise_faults(true);
        if !self.agrees(cx.cpu, End::Trap { trap, pc }) {
            return Resume::Stop;
        }
        if trap != STOP {
            return self.pass_on(cx, |process, cx| process.trap(cx, trap, pc));
        }
        let target = cx.cpu.get(self.arch.target_slot());
        cx.cpu.set(self.arch.layout().pc, target);
        self.look_ahead(cx.cpu)
    }

    fn fault(&mut self, cx: &mut TrapContext<'_>, fault: Fault, pc: u64) -> Resume {
        if !self.agrees(cx.cpu, End::Fault { addr: fault.addr, pc }) {
            return Resume::Stop;
        }
        self.pass_on(cx, |process, cx| process.fault(cx, fault, pc))
    }

    fn interrupted(&mut self, cx: &mut TrapContext<'_>) -> Resume {
        let pc = self.arch.layout().pc;
        let between_blocks = self.expected.as_ref().is_none_or(|e| e.before.get(pc) == cx.cpu.get(pc));
        if !between_blocks {
            // The rest of a block is about to be interpreted. It has to be compared first.
            self.kicked = true;
            return Resume::Continue;
        }
        self.pass_on(cx, |process, cx| process.interrupted(cx))
    }
}

/// Notices changes of code; faults stay precise whatever the guest does.
struct Watch<'a> {
    engine: &'a dyn EngineControl,
    code_changed: Cell<bool>,
}

impl EngineControl for Watch<'_> {
    fn invalidate(&self, start: u64, end: u64) {
        self.code_changed.set(true);
        self.engine.invalidate(start, end);
    }

    fn fork(&self, fork: &mut dyn FnMut() -> bool) {
        self.engine.fork(fork);
    }

    fn set_precise_faults(&self, _on: bool) {}
}
