//! Beginning and ending processes, and waiting for them.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use demotic_ir::{CpuState, Kicker};

use super::{limits, threads};
use crate::interpreter::Interpreter;
use crate::linux::abi::Encoder;
use crate::linux::host::{self, Arg, Errno, Plain};
use crate::linux::host_signal::{self, HostInfo};
use crate::linux::siginfo::SigInfo;
use crate::linux::syscall::{After, Call, SysResult};
use crate::linux::threads::ThreadState;
use crate::linux::{ExitStatus, LinuxProcess};

const CLONE_VM: u32 = libc::CLONE_VM as u32;
const CLONE_VFORK: u32 = libc::CLONE_VFORK as u32;
const CLONE_THREAD: u32 = libc::CLONE_THREAD as u32;
const CLONE_SETTLS: u32 = libc::CLONE_SETTLS as u32;
const CLONE_PARENT_SETTID: u32 = libc::CLONE_PARENT_SETTID as u32;
const CLONE_CHILD_SETTID: u32 = libc::CLONE_CHILD_SETTID as u32;
const CLONE_CHILD_CLEARTID: u32 = libc::CLONE_CHILD_CLEARTID as u32;

pub(crate) fn exit_group(c: &mut Call<'_>) -> SysResult {
    c.process.release_robust_list();
    c.process.exit = Some(ExitStatus::Code(c.int(0) & 0xff));
    c.after = After::KeepRegisters;
    Ok(0)
}

pub(crate) fn fork(c: &mut Call<'_>) -> SysResult {
    new_process(c, 0, 0)
}

pub(crate) fn vfork(c: &mut Call<'_>) -> SysResult {
    new_process(c, CLONE_VM | CLONE_VFORK, 0)
}

/// `clone(flags, stack, parent_tid, tls, child_tid)`: the order of arguments that both ABIs use.
pub(crate) fn clone(c: &mut Call<'_>) -> SysResult {
    let flags = c.uint(0);
    if flags & CLONE_THREAD != 0 {
        return threads::create(c, flags, c.uint(1));
    }
    if flags & CLONE_VM != 0 && flags & CLONE_VFORK == 0 {
        tracing::warn!(target: "syscall", "processes cannot share memory: clone fails with EAGAIN");
        return Err(Errno(libc::EAGAIN));
    }
    new_process(c, flags, c.uint(1))
}

fn new_process(c: &mut Call<'_>, flags: u32, stack: u32) -> SysResult {
    host_signal::block_all();
    if host::signal_pending() {
        return Err(Errno::NOT_BEGUN);
    }
    let vfork = flags & CLONE_VFORK != 0;
    let made = if vfork { share_memory(c, flags, stack) } else { copy_memory(c, flags, stack) };
    let mask = c.process.signals.mask();
    c.process.signals.set_mask(mask);
    let pid = made?;
    if pid != 0 && flags & CLONE_PARENT_SETTID != 0 {
        c.memory().write_u32(c.uint(2), pid as u32)?;
    }
    Ok(pid as u64)
}

/// Makes a child with a copy of our memory; 0 in the child.
fn copy_memory(c: &mut Call<'_>, flags: u32, stack: u32) -> Result<i32, Errno> {
    // Copies from before it: afterwards, locks may be held by threads that the child does not have.
    let (seccomp, limits) = (c.process.seccomp.for_child(), c.process.limits.for_child());
    let forked = fork_alone(c);
    if forked == Ok(0) {
        host_signal::adopt_thread();
        host_signal::forget_pending();
        let clear_tid = if flags & CLONE_CHILD_CLEARTID != 0 { c.uint(4) } else { 0 };
        c.process.thread = ThreadState { clear_tid, ..ThreadState::default() };
        c.process.group = Arc::new(c.process.group.forked());
        c.process.seccomp = seccomp;
        c.process.limits = Arc::new(limits);
        ChildRegisters::of(c, flags, stack).set(c.process, c.cpu);
    }
    forked
}

/// Forks while this thread holds every lock: of the threads that might free them, the child has only this one.
fn fork_alone(c: &Call<'_>) -> Result<i32, Errno> {
    let mut forked = Err(Errno(libc::EAGAIN));
    let mut fork = || {
        forked = host::fork();
        forked == Ok(0)
    };
    let process = &c.process;
    process.signals.with_actions_held(|| process.memory.with_mappings_held(|| c.engine.fork(&mut fork)));
    forked
}

/// A child that runs in our memory while we wait.
struct VforkChild {
    process: LinuxProcess,
    cpu: CpuState,
    registers: ChildRegisters,
    engine: Interpreter,
}

/// Makes a child that runs in our memory until it executes a program or ends; we wait so long. It is interpreted by an
/// engine of its own: ours is in the middle of a call.
fn share_memory(c: &mut Call<'_>, flags: u32, stack: u32) -> Result<i32, Errno> {
    let mut child = Box::new(VforkChild {
        process: c.process.child(),
        cpu: c.cpu.clone(),
        registers: ChildRegisters::of(c, flags, stack),
        engine: Interpreter::new(c.process.kind.architecture()),
    });
    let kicker = host_signal::set_kicker(None);
    let made = host::vfork(run_vfork_child, child.as_mut());
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
    host_signal::set_kicker(Some(Kicker::new(word)));
    let VforkChild { process, cpu, registers, engine } = child;
    registers.set(process, cpu);
    process.abi.set_result(cpu, Ok(0));
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
#[derive(Clone, Copy)]
pub(super) struct ChildRegisters {
    stack: Option<u32>,
    tls: Option<u32>,
    /// Where the child's number is written.
    tid_address: Option<u32>,
}

impl ChildRegisters {
    pub(super) fn of(c: &Call<'_>, flags: u32, stack: u32) -> ChildRegisters {
        ChildRegisters {
            stack: (stack != 0).then_some(stack),
            tls: (flags & CLONE_SETTLS != 0).then(|| c.uint(3)),
            tid_address: (flags & CLONE_CHILD_SETTID != 0).then(|| c.uint(4)),
        }
    }

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

pub(crate) fn waitpid(c: &mut Call<'_>) -> SysResult {
    wait(c, None)
}

pub(crate) fn wait4(c: &mut Call<'_>) -> SysResult {
    wait(c, Some(c.uint(3)))
}

fn wait(c: &Call<'_>, usage: Option<u32>) -> SysResult {
    let mut status = 0i32;
    let mut used = libc::rusage::zeroed();
    let args = [c.int_arg(0), Arg::output(&mut status), c.int_arg(2), Arg::output(&mut used)];
    let pid = host::call(libc::SYS_wait4, &args)?;
    if pid == 0 {
        return Ok(0);
    }
    if c.uint(1) != 0 {
        c.memory().write_u32(c.uint(1), guest_status(c, status))?;
    }
    if let Some(addr) = usage.filter(|&addr| addr != 0) {
        limits::write_rusage(c, addr, &used)?;
    }
    Ok(pid)
}

/// A wait status with the signal in it as the guest numbers it.
fn guest_status(c: &Call<'_>, status: i32) -> u32 {
    let signal = |host: i32| c.abi().signal_to_guest(host);
    if libc::WIFSIGNALED(status) {
        status as u32 & !0x7f | signal(libc::WTERMSIG(status))
    } else if libc::WIFSTOPPED(status) {
        status as u32 & !0xff00 | signal(libc::WSTOPSIG(status)) << 8
    } else {
        status as u32
    }
}

pub(crate) fn waitid(c: &mut Call<'_>) -> SysResult {
    let mut info = HostInfo::zeroed();
    let mut used = libc::rusage::zeroed();
    let args = [c.int_arg(0), c.int_arg(1), Arg::output(&mut info), c.int_arg(3), Arg::output(&mut used)];
    host::call(libc::SYS_waitid, &args)?;
    if c.uint(2) != 0 {
        let encoded = if info.signal() == 0 {
            // Nobody has changed state: the information says so by a zero signal number.
            let mut empty = Encoder::new(c.memory().is_big());
            empty.pad_to(crate::linux::siginfo::SIZE);
            empty
        } else {
            c.abi().siginfo(&SigInfo::from_host(&info))
        };
        c.memory().write_bytes(c.uint(2), encoded.as_bytes())?;
    }
    if c.uint(4) != 0 {
        limits::write_rusage(c, c.uint(4), &used)?;
    }
    Ok(0)
}
