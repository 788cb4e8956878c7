//! Beginning processes and threads: `fork`, `vfork`, `clone`, `clone3`.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use demotic_ir::{CpuState, EngineControl, Kicker};

use super::files::check_extensible;
use super::threads;
use crate::interpreter::Interpreter;
use crate::linux::LinuxProcess;
use crate::linux::host::{self, Errno};
use crate::linux::host_fork::{self, Child};
use crate::linux::host_signal;
use crate::linux::ptrace::tracee::Trace;
use crate::linux::syscall::{Call, SysResult};
use crate::linux::threads::ThreadState;

const fn bit(flag: i32) -> u64 {
    flag as u32 as u64
}

/// `CLONE_…`.
pub(super) mod flag {
    use super::bit;

    pub(in super::super) const VM: u64 = bit(libc::CLONE_VM);
    pub(in super::super) const FS: u64 = bit(libc::CLONE_FS);
    pub(in super::super) const FILES: u64 = bit(libc::CLONE_FILES);
    pub(in super::super) const SIGHAND: u64 = bit(libc::CLONE_SIGHAND);
    pub(in super::super) const SYSVSEM: u64 = bit(libc::CLONE_SYSVSEM);
    pub(in super::super) const PARENT_SETTID: u64 = bit(libc::CLONE_PARENT_SETTID);
    pub(in super::super) const CHILD_SETTID: u64 = bit(libc::CLONE_CHILD_SETTID);
    pub(in super::super) const CHILD_CLEARTID: u64 = bit(libc::CLONE_CHILD_CLEARTID);
    pub(super) const PIDFD: u64 = bit(libc::CLONE_PIDFD);
    pub(super) const VFORK: u64 = bit(libc::CLONE_VFORK);
    pub(super) const PARENT: u64 = bit(libc::CLONE_PARENT);
    pub(super) const THREAD: u64 = bit(libc::CLONE_THREAD);
    pub(super) const SETTLS: u64 = bit(libc::CLONE_SETTLS);
    pub(super) const DETACHED: u64 = bit(libc::CLONE_DETACHED);
    /// In the place of the signal, which `clone3` has elsewhere.
    pub(super) const NEWTIME: u64 = 0x80;
    pub(super) const CLEAR_SIGHAND: u64 = 1 << 32;
    pub(super) const INTO_CGROUP: u64 = 1 << 33;
    /// The signal at a child's end.
    pub(super) const SIGNAL: u64 = 0xff;
    /// Those of namespaces.
    pub(super) const NEW: u64 = NEWTIME
        | bit(libc::CLONE_NEWNS
            | libc::CLONE_NEWCGROUP
            | libc::CLONE_NEWUTS
            | libc::CLONE_NEWIPC
            | libc::CLONE_NEWUSER
            | libc::CLONE_NEWPID
            | libc::CLONE_NEWNET);
    /// What the host's kernel does about a child. Tracing is not among them: the tracer would see Demotic.
    pub(super) const HOSTS: u64 =
        NEW | FS | FILES | SYSVSEM | PIDFD | PARENT | bit(libc::CLONE_IO) | INTO_CGROUP | VFORK;
}

/// What a new process or thread is to be like.
#[derive(Clone, Default, Debug)]
pub(super) struct Request {
    /// `CLONE_…`, without a signal.
    pub(super) flags: u64,
    /// The host's signal at its end, or 0.
    exit_signal: i32,
    /// Its stack pointer; 0 for that of its parent.
    stack: u32,
    /// Where its number is written for its parent.
    pub(super) parent_tid: u32,
    /// Where its number is written, and erased when it ends.
    pub(super) child_tid: u32,
    tls: u32,
    /// Where a descriptor of it is written.
    pidfd: u32,
    /// Its numbers in namespaces, where they are chosen.
    numbers: Vec<i32>,
    cgroup: u32,
}

impl Request {
    pub(super) fn has(&self, flag: u64) -> bool {
        self.flags & flag == flag
    }

    /// The registers in which it differs from its parent.
    pub(super) fn registers(&self) -> ChildRegisters {
        ChildRegisters {
            stack: (self.stack != 0).then_some(self.stack),
            tls: self.has(flag::SETTLS).then_some(self.tls),
            tid_address: self.has(flag::CHILD_SETTID).then_some(self.child_tid),
        }
    }

    /// What the kernel keeps for it.
    pub(super) fn thread_state(&self) -> ThreadState {
        let clear_tid = if self.has(flag::CHILD_CLEARTID) { self.child_tid } else { 0 };
        ThreadState { clear_tid, ..ThreadState::default() }
    }

    /// Refuses what makes no sense (`copy_process` in the kernel's `fork.c`).
    fn check(&self) -> Result<(), Errno> {
        let any = |flags: u64| self.flags & flags != 0;
        let namespaces = bit(libc::CLONE_NEWUSER | libc::CLONE_NEWPID);
        let contradictions = [
            self.has(bit(libc::CLONE_NEWNS) | flag::FS),
            self.has(bit(libc::CLONE_NEWUSER) | flag::FS),
            self.has(flag::THREAD) && !self.has(flag::SIGHAND),
            self.has(flag::SIGHAND) && !self.has(flag::VM),
            self.has(flag::SIGHAND | flag::CLEAR_SIGHAND),
            any(flag::THREAD) && any(namespaces | flag::PIDFD),
        ];
        if contradictions.contains(&true) { Err(Errno(libc::EINVAL)) } else { Ok(()) }
    }
}

pub(crate) fn fork(c: &mut Call<'_>) -> SysResult {
    new_process(c, &Request { exit_signal: libc::SIGCHLD, ..Request::default() })
}

pub(crate) fn vfork(c: &mut Call<'_>) -> SysResult {
    let flags = flag::VM | flag::VFORK;
    new_process(c, &Request { flags, exit_signal: libc::SIGCHLD, ..Request::default() })
}

/// The host's number of the signal at a child's end; the kernel takes any, and sends none that does not exist.
fn exit_signal(c: &Call<'_>, guest: u64) -> i32 {
    c.abi().signal_to_host(guest as u32).unwrap_or(0)
}

/// `clone(flags, stack, parent_tid, tls, child_tid)`: the order of arguments that both ABIs use.
pub(crate) fn clone(c: &mut Call<'_>) -> SysResult {
    let flags = u64::from(c.uint(0)) & !flag::SIGNAL;
    let signal = exit_signal(c, u64::from(c.uint(0)) & flag::SIGNAL);
    let request = Request {
        flags: flags & !flag::DETACHED,
        exit_signal: signal,
        stack: c.uint(1),
        parent_tid: c.uint(2),
        tls: c.uint(3),
        child_tid: c.uint(4),
        pidfd: c.uint(2),
        ..Request::default()
    };
    if request.has(flag::PIDFD) && flags & (flag::PARENT_SETTID | flag::DETACHED) != 0 {
        return Err(Errno(libc::EINVAL));
    }
    begin(c, &request)
}

/// `clone3(arguments, size)`.
pub(crate) fn clone3(c: &mut Call<'_>) -> SysResult {
    let request = read_arguments(c)?;
    begin(c, &request)
}

/// Reads `struct clone_args`, eleven values of 64 bits, of which the first eight are always there.
fn read_arguments(c: &Call<'_>) -> Result<Request, Errno> {
    const FIELDS: u32 = 11;
    const ALWAYS: u32 = 8;
    let (addr, size) = (c.uint(0), c.uint(1));
    if size < 8 * ALWAYS {
        return Err(Errno(libc::EINVAL));
    }
    check_extensible(c, addr, size.max(8 * FIELDS), 8 * FIELDS)?;
    let mut fields = [0u64; FIELDS as usize];
    for (field, at) in fields.iter_mut().zip((0..size).step_by(8)) {
        *field = c.memory().read_u64(addr.wrapping_add(at))?;
    }
    let [flags, pidfd, child_tid, parent_tid, signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup] =
        fields;
    let refused = flag::DETACHED | flag::SIGNAL & !flag::NEWTIME;
    if flags & refused != 0
        || flags >> 34 != 0
        || signal & !flag::SIGNAL != 0
        || (stack == 0) != (stack_size == 0)
    {
        return Err(Errno(libc::EINVAL));
    }
    if flags & (flag::THREAD | flag::PARENT) != 0 && signal != 0 {
        return Err(Errno(libc::EINVAL));
    }
    let address = |value: u64| u32::try_from(value).map_err(|_| Errno(libc::EFAULT));
    let stack = stack.checked_add(stack_size).and_then(|top| u32::try_from(top).ok());
    Ok(Request {
        flags,
        exit_signal: exit_signal(c, signal),
        stack: stack.ok_or(Errno(libc::EINVAL))?,
        parent_tid: address(parent_tid)?,
        child_tid: address(child_tid)?,
        tls: tls as u32,
        pidfd: address(pidfd)?,
        numbers: read_numbers(c, address(set_tid)?, set_tid_size)?,
        cgroup: cgroup as u32,
    })
}

fn read_numbers(c: &Call<'_>, addr: u32, count: u64) -> Result<Vec<i32>, Errno> {
    /// `MAX_PID_NS_LEVEL`.
    const DEEPEST: u64 = 32;
    if count > DEEPEST || (addr == 0) != (count == 0) {
        return Err(Errno(libc::EINVAL));
    }
    let number = |index: u32| Ok(c.memory().read_u32(addr.wrapping_add(4 * index))? as i32);
    (0..count as u32).map(number).collect()
}

fn begin(c: &mut Call<'_>, request: &Request) -> SysResult {
    request.check()?;
    if request.has(flag::THREAD) {
        return threads::create(c, request);
    }
    if request.has(flag::VM) && !request.has(flag::VFORK) {
        tracing::warn!(target: "syscall", "processes that share memory and do not wait are not supported: EAGAIN");
        return Err(Errno(libc::EAGAIN));
    }
    new_process(c, request)
}

fn new_process(c: &mut Call<'_>, request: &Request) -> SysResult {
    host_signal::block_all();
    if host::signal_pending() {
        return Err(Errno::NOT_BEGUN);
    }
    // libc's `clone` does not have all of what `clone3` has: there the child has a copy, which it cannot tell.
    let new = request.flags & (flag::NEWTIME | flag::INTO_CGROUP) != 0 || !request.numbers.is_empty();
    let shares = request.has(flag::VM) && !new;
    c.process.begin_making(c.cpu);
    let made = if shares { share_memory(c, request) } else { copy_memory(c, request) };
    c.process.end_making(c.cpu, c.engine);
    let mask = c.process.signals.mask();
    c.process.signals.set_mask(mask);
    let (pid, pidfd) = made?;
    if pid != 0 {
        if request.has(flag::PIDFD) {
            c.memory().write_u32(request.pidfd, pidfd as u32)?;
        }
        if request.has(flag::PARENT_SETTID) {
            c.memory().write_u32(request.parent_tid, pid as u32)?;
        }
    }
    Ok(pid as u64)
}

/// Makes a child with a copy of our memory; 0 in the child.
fn copy_memory(c: &mut Call<'_>, request: &Request) -> Result<(i32, i32), Errno> {
    // Copies from before it: afterwards, locks may be held by threads that the child does not have.
    let (seccomp, limits) = (c.process.seccomp.for_child(), c.process.limits.for_child());
    let memory_files = c.process.memory_files.for_child();
    let child = Child {
        flags: request.flags & flag::HOSTS,
        exit_signal: request.exit_signal,
        numbers: &request.numbers,
        cgroup: request.cgroup,
    };
    let forked = fork_alone(c, &child);
    if forked.is_ok_and(|(pid, _)| pid == 0) {
        if c.process.memory.forked().is_err() {
            tracing::error!("the child cannot have its address space");
            host::exit(1);
        }
        host_signal::adopt_thread();
        host_signal::forget_pending();
        c.process.thread = request.thread_state();
        c.process.trace = Trace::default();
        c.process.tracees = Arc::default();
        c.process.memory_files = Arc::new(memory_files);
        // They belong to the parent's memory.
        c.process.aio = Arc::default();
        c.process.rings = Arc::default();
        c.process.group = Arc::new(c.process.group.forked());
        c.process.seccomp = seccomp;
        c.process.limits = Arc::new(limits);
        request.registers().set(c.process, c.cpu);
        if request.has(flag::CLEAR_SIGHAND) {
            c.process.signals.forget_handlers(c.engine);
        }
    }
    forked
}

/// Forks while this thread holds every lock: of the threads that might free them, the child has only this one.
fn fork_alone(c: &Call<'_>, child: &Child<'_>) -> Result<(i32, i32), Errno> {
    let mut forked = Err(Errno(libc::EAGAIN));
    let mut fork = || {
        forked = host_fork::fork(child);
        forked.is_ok_and(|(pid, _)| pid == 0)
    };
    let process = &c.process;
    process.group.with_threads_held(|| {
        process.signals.with_actions_held(|| process.memory.with_mappings_held(|| c.engine.fork(&mut fork)));
    });
    forked
}

/// A child that runs in our memory while we wait.
struct VforkChild {
    process: LinuxProcess,
    cpu: CpuState,
    registers: ChildRegisters,
    engine: Interpreter,
    clears_handlers: bool,
}

/// Makes a child that runs in our memory until it executes a program or ends; we wait so long. It is interpreted by an
/// engine of its own: ours is in the middle of a call.
fn share_memory(c: &mut Call<'_>, request: &Request) -> Result<(i32, i32), Errno> {
    let mut child = Box::new(VforkChild {
        process: c.process.child(),
        cpu: c.cpu.clone(),
        registers: request.registers(),
        engine: Interpreter::new(c.process.kind.architecture()),
        clears_handlers: request.has(flag::CLEAR_SIGHAND),
    });
    let kicker = host_signal::set_kicker(None);
    let flags = (request.flags & flag::HOSTS) as i32 | request.exit_signal;
    let made = host::vfork(run_vfork_child, child.as_mut(), flags);
    // What the child has done to this thread's variables.
    host_signal::set_kicker(kicker);
    host_signal::adopt_thread();
    host_signal::forget_pending();
    if child.engine.has_invalidated() {
        c.engine.invalidate(0, 1 << 32);
    }
    made
}

fn run_vfork_child(child: &mut VforkChild) -> ! {
    let word = polled_word();
    host_signal::adopt_thread();
    let kicker = Kicker::new(word);
    host_signal::set_kicker(Some(kicker));
    if host::signal_pending() {
        // A tracer is there already.
        kicker.kick();
    }
    let VforkChild { process, cpu, registers, engine, clears_handlers } = child;
    registers.set(process, cpu);
    process.abi.set_result(cpu, Ok(0));
    if *clears_handlers {
        process.signals.forget_handlers(engine as &dyn EngineControl);
    }
    let mask = process.signals.mask();
    process.signals.set_mask(mask);
    engine.run(cpu, process, word);
    process.terminate()
}

/// What kicks a child that borrows this thread. Kept, since kickers live for ever.
fn polled_word() -> &'static AtomicU64 {
    thread_local!(static WORD: &'static AtomicU64 = Box::leak(Box::default()));
    WORD.with(|word| *word)
}

/// The registers in which a child or a thread differs.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChildRegisters {
    stack: Option<u32>,
    tls: Option<u32>,
    /// Where the child's number is written.
    tid_address: Option<u32>,
}

impl ChildRegisters {
    /// Makes the registers the child's, and writes its number where it wants it. To be called in the child.
    pub(super) fn set(&self, process: &LinuxProcess, cpu: &mut CpuState) {
        if let Some(stack) = self.stack {
            cpu.set32(process.abi.sp_slot(), stack);
        }
        if let Some(tls) = self.tls {
            cpu.set32(process.abi.tls_slot(), tls);
        }
        if let Some(addr) = self.tid_address {
            // Linux does not look whether this succeeds either.
            let _ = process.memory.write_u32(addr, host::thread_id());
        }
    }
}
