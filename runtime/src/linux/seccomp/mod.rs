//! The guest's own seccomp filters. They judge the guest's system calls by the guest's numbers, before those are looked at;
//! the host's filters, which would see the calls that those become, are not involved.

pub(crate) mod bpf;
pub(crate) mod passing;

pub(crate) use passing::inherited;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use demotic_ir::{CpuState, EngineControl};

use super::handlers::signal::hold_signals;
use super::host::{self, Errno};
use super::siginfo::{Fields, SigInfo};
use super::{ExitStatus, LinuxProcess};
use bpf::{DATA_WORDS, Program};

/// What a filter says: the action in the upper half, data in the lower (`SECCOMP_RET_…`).
pub(crate) mod action {
    pub(crate) const KILL_PROCESS: u32 = 0x8000_0000;
    pub(crate) const KILL_THREAD: u32 = 0;
    pub(crate) const TRAP: u32 = 0x3_0000;
    pub(crate) const ERRNO: u32 = 0x5_0000;
    pub(crate) const TRACE: u32 = 0x7ff0_0000;
    pub(crate) const LOG: u32 = 0x7ffc_0000;
    pub(crate) const ALLOW: u32 = 0x7fff_0000;
    pub(crate) const MASK: u32 = 0xffff_0000;
}

/// A filter and those that were there before it.
#[derive(Debug)]
pub(crate) struct Filter {
    program: Program,
    older: Option<Arc<Filter>>,
}

impl Filter {
    /// All filters, newest first.
    fn chain(newest: Option<&Arc<Filter>>) -> impl Iterator<Item = &Arc<Filter>> {
        std::iter::successors(newest, |filter| filter.older.as_ref())
    }

    /// What all filters together say: the strictest action, and of equal ones the newest.
    fn judge(newest: Option<&Arc<Filter>>, data: &[u32; DATA_WORDS]) -> u32 {
        let strictness = |verdict: u32| (verdict & action::MASK) as i32;
        Filter::chain(newest).map(|filter| filter.program.run(data)).fold(
            action::ALLOW,
            |strictest, verdict| {
                if strictness(verdict) < strictness(strictest) { verdict } else { strictest }
            },
        )
    }
}

/// What a thread may do.
#[derive(Clone, Default, Debug)]
pub(crate) enum Mode {
    /// Everything.
    #[default]
    Disabled,
    /// Reading, writing, ending.
    Strict,
    /// What its filters let through.
    Filtered(Arc<Filter>),
}

impl Mode {
    /// As `prctl` gives it.
    pub(crate) fn number(&self) -> u64 {
        match self {
            Mode::Disabled => 0,
            Mode::Strict => 1,
            Mode::Filtered(_) => 2,
        }
    }

    /// How many filters there are.
    pub(crate) fn depth(&self) -> usize {
        std::iter::successors(self.filter(), |filter| filter.older.as_ref()).count()
    }

    fn filter(&self) -> Option<&Arc<Filter>> {
        if let Mode::Filtered(filter) = self { Some(filter) } else { None }
    }
}

/// One thread's mode, which another thread may change.
#[derive(Debug)]
struct Slot {
    mode: Mutex<Mode>,
    tid: AtomicU32,
}

impl Slot {
    fn new(mode: Mode) -> Arc<Slot> {
        Arc::new(Slot { mode: Mutex::new(mode), tid: AtomicU32::new(0) })
    }

    fn mode(&self) -> MutexGuard<'_, Mode> {
        self.mode.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The threads of a process.
#[derive(Debug, Default)]
struct Group {
    /// Whether any of them is restricted.
    active: AtomicBool,
    slots: Mutex<Vec<Weak<Slot>>>,
}

impl Group {
    /// The threads, those that have ended not counted.
    fn slots(&self) -> MutexGuard<'_, Vec<Weak<Slot>>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|slot| slot.strong_count() > 0);
        slots
    }
}

/// A thread's handle of what it may do.
#[derive(Debug)]
pub(crate) struct Seccomp {
    group: Arc<Group>,
    slot: Arc<Slot>,
}

impl Seccomp {
    /// A process with one thread.
    pub(crate) fn new(mode: Mode) -> Seccomp {
        let active = AtomicBool::new(mode.number() != 0);
        let slot = Slot::new(mode);
        let group = Group { active, slots: Mutex::new(vec![Arc::downgrade(&slot)]) };
        Seccomp { group: Arc::new(group), slot }
    }

    /// What a new process of this thread has.
    pub(crate) fn for_child(&self) -> Seccomp {
        Seccomp::new(self.mode())
    }

    /// What a new thread has. Others may restrict all threads, but not before it is one of them.
    pub(crate) fn for_thread(&self) -> Seccomp {
        let mut slots = self.group.slots();
        let slot = Slot::new(self.mode());
        slots.push(Arc::downgrade(&slot));
        Seccomp { group: self.group.clone(), slot }
    }

    /// What this thread may do.
    pub(crate) fn mode(&self) -> Mode {
        self.slot.mode().clone()
    }

    /// Restricts this thread, for good.
    fn set(&self, mode: Mode) {
        *self.slot.mode() = mode;
        self.group.active.store(true, Ordering::SeqCst);
    }

    /// Sets strict mode.
    pub(crate) fn set_strict(&self) -> Result<(), Errno> {
        if self.mode().filter().is_some() {
            return Err(Errno(libc::EINVAL));
        }
        self.set(Mode::Strict);
        Ok(())
    }

    /// Adds a filter to this thread's, or, if `all`, to those of all threads; gives the number of a thread whose filters
    /// are not among this one's, if that prevents it.
    pub(crate) fn add(&self, program: Program, all: bool) -> Result<Option<u32>, Errno> {
        let older = match self.mode() {
            Mode::Disabled => None,
            Mode::Strict => return Err(Errno(libc::EINVAL)),
            Mode::Filtered(filter) => Some(filter),
        };
        let slots = self.group.slots();
        let others: Vec<Arc<Slot>> = slots.iter().filter_map(Weak::upgrade).collect();
        if all && let Some(other) = others.iter().find(|slot| !is_ancestor(&slot.mode(), older.as_ref())) {
            return Ok(Some(other.tid.load(Ordering::Relaxed)));
        }
        let mode = Mode::Filtered(Arc::new(Filter { program, older }));
        if all {
            others.iter().for_each(|slot| *slot.mode() = mode.clone());
        }
        self.set(mode);
        Ok(None)
    }
}

/// Whether what a thread has is among the filters that begin with `newest`.
fn is_ancestor(mode: &Mode, newest: Option<&Arc<Filter>>) -> bool {
    match mode {
        Mode::Disabled => true,
        Mode::Strict => false,
        Mode::Filtered(filter) => Filter::chain(newest).any(|known| Arc::ptr_eq(known, filter)),
    }
}

/// Calls that strict mode lets through, by name.
const STRICT: [&str; 5] = ["read", "write", "exit", "sigreturn", "rt_sigreturn"];

impl LinuxProcess {
    /// Which system call is to be done for one that is made at code address `pc`. If none, its consequences have been drawn.
    pub(crate) fn may_call(
        &mut self,
        cpu: &mut CpuState,
        engine: &dyn EngineControl,
        pc: u32,
        number: u32,
        first: usize,
    ) -> Option<u32> {
        if !self.seccomp.group.active.load(Ordering::Relaxed) {
            return Some(number);
        }
        self.seccomp.slot.tid.store(host::thread_id(), Ordering::Relaxed);
        match self.seccomp.mode() {
            Mode::Disabled => return Some(number),
            Mode::Strict if self.row(number).is_some_and(|row| STRICT.contains(&row.name)) => {
                return Some(number);
            }
            Mode::Strict => {
                self.exit = Some(ExitStatus::Signal(libc::SIGKILL));
                return None;
            }
            Mode::Filtered(_) => {}
        }
        let verdict = self.judge(cpu, number, first);
        if verdict & action::MASK != action::TRACE {
            return self.obey(cpu, engine, pc, number, verdict).then_some(number);
        }
        let Some(number) = self.ask_tracer(cpu, engine, number, verdict & !action::MASK) else {
            // There is nobody who traces.
            self.abi.set_result(cpu, Err(Errno(libc::ENOSYS)));
            return None;
        };
        if (number as i32) < 0 || self.exit.is_some() {
            // The tracer has set the result.
            return None;
        }
        // It may have become another call, or have other arguments. It is not asked again.
        let verdict = self.judge(cpu, number, first);
        let may = verdict & action::MASK == action::TRACE || self.obey(cpu, engine, pc, number, verdict);
        may.then_some(number)
    }

    /// What the filters say of a call.
    fn judge(&self, cpu: &CpuState, number: u32, first: usize) -> u32 {
        let mode = self.seccomp.mode();
        Filter::judge(mode.filter(), &self.seccomp_data(cpu, number, first))
    }

    /// `struct seccomp_data`: number, architecture, address, arguments.
    fn seccomp_data(&self, cpu: &CpuState, number: u32, first: usize) -> [u32; DATA_WORDS] {
        let mut data = [0; DATA_WORDS];
        (data[0], data[1]) = (number, self.abi.numbers().audit_arch);
        // From here on fields have 64 bits. The address is that after the instruction.
        let low = usize::from(self.memory.is_big());
        data[2 + low] = cpu.get32(self.abi.pc_slot());
        for (i, word) in data.iter_mut().skip(4 + low).step_by(2).enumerate() {
            // An argument that cannot be read is one that the call does not have.
            *word = self.abi.argument(cpu, &self.memory, first + i).unwrap_or_default();
        }
        data
    }

    /// Does what filters say; gives whether the call is to be done.
    fn obey(
        &mut self,
        cpu: &mut CpuState,
        engine: &dyn EngineControl,
        pc: u32,
        number: u32,
        verdict: u32,
    ) -> bool {
        const ERRNO_MAX: u32 = 4095;
        let data = verdict & !action::MASK;
        match verdict & action::MASK {
            action::ALLOW => return true,
            action::LOG => {
                tracing::info!(target: "syscall", "seccomp: call {number} at {pc:#x} is logged");
                return true;
            }
            action::ERRNO if data == 0 => self.abi.set_result(cpu, Ok(0)),
            action::ERRNO => {
                let errno = self.abi.errno_to_host(data.min(ERRNO_MAX) as i32);
                self.abi.set_result(cpu, Err(Errno(errno)));
            }
            action::TRAP => self.trap_call(cpu, engine, pc, number, data),
            // Killing, and what the kernel does not know either.
            _ => self.exit = Some(ExitStatus::Signal(libc::SIGSYS)),
        }
        false
    }

    /// Raises SIGSYS in place of a call. Registers stay as they are; a handler may set the result.
    fn trap_call(&mut self, cpu: &mut CpuState, engine: &dyn EngineControl, pc: u32, number: u32, data: u32) {
        const SYS_SECCOMP: i32 = 1;
        if hold_signals().is_err() {
            // A signal that came first is delivered, and the call made again.
            return cpu.set32(self.abi.pc_slot(), pc);
        }
        let after = cpu.get32(self.abi.pc_slot());
        let fields = Fields::Call { address: after, number, arch: self.abi.numbers().audit_arch };
        let info = SigInfo { signal: libc::SIGSYS, errno: data as i32, code: SYS_SECCOMP, fields };
        self.raise(cpu, engine, &info);
    }
}
