//! Beginning and ending threads.

use std::sync::mpsc::{Sender, channel};

use demotic_ir::CpuState;

use super::clone::{ChildRegisters, Request, flag};
use super::signal::hold_signals;
use crate::linux::LinuxProcess;
use crate::linux::host::{self, Errno};
use crate::linux::host_signal;
use crate::linux::syscall::{After, Call, SysResult};

/// What threads always share here.
const SHARED: u64 = flag::VM | flag::SIGHAND;
/// What a thread may have a copy of.
const SEPARABLE: u64 = flag::FILES | flag::FS | flag::SYSVSEM;

/// The stack of a thread's host frames. Translated code that calls deeper is left and entered anew.
const HOST_STACK: usize = 4 << 20;

/// A thread about to begin.
struct Start {
    process: LinuxProcess,
    cpu: Box<CpuState>,
    registers: ChildRegisters,
    /// What it does not share with its parent.
    separate: u64,
    /// Where the thread's number is written for its parent, if it wants that.
    parent_tid: Option<u32>,
}

/// `clone` with `CLONE_THREAD`.
pub(super) fn create(c: &mut Call<'_>, request: &Request) -> SysResult {
    if !request.has(SHARED) {
        return Err(Errno(libc::EINVAL));
    }
    hold_signals()?;
    c.process.begin_making(c.cpu);
    let started = start(c, request);
    c.process.end_making(c.cpu, c.engine);
    let mask = c.process.signals.mask();
    c.process.signals.set_mask(mask);
    started
}

/// Starts a host thread for a guest thread; gives its number.
fn start(c: &Call<'_>, request: &Request) -> SysResult {
    let Some(engine) = c.process.group.engine() else {
        tracing::warn!(target: "syscall", "this engine runs no threads: clone fails with EAGAIN");
        return Err(Errno(libc::EAGAIN));
    };
    let mut start = Start {
        process: c.process.new_thread(),
        cpu: Box::new(c.cpu.clone()),
        registers: request.registers(),
        separate: SEPARABLE & !request.flags,
        parent_tid: request.has(flag::PARENT_SETTID).then_some(request.parent_tid),
    };
    start.process.thread = request.thread_state();
    let (sender, receiver) = channel();
    let group = start.process.group.clone();
    group.enter();
    let body = move || {
        let _fatal = PanicsAreFatal;
        start.begin(&sender);
        engine.run(&start.cpu, &mut start.process);
        host_signal::end_thread();
        if start.process.exit.is_some() {
            start.process.terminate();
        }
    };
    let builder = std::thread::Builder::new().stack_size(HOST_STACK);
    if group.with_threads_held(|| builder.spawn(body)).is_err() {
        group.leave(0);
        return Err(Errno(libc::EAGAIN));
    }
    receiver.recv().map(u64::from).map_err(|_| Errno(libc::EAGAIN))
}

/// A defect of ours on a further thread ends the process, as one on its first does.
struct PanicsAreFatal;

impl Drop for PanicsAreFatal {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::process::abort();
        }
    }
}

impl Start {
    /// On the new host thread: does what comes before the guest's first instruction, and tells the parent the number.
    fn begin(&mut self, parent: &Sender<u32>) {
        host_signal::begin_thread();
        if self.separate != 0 {
            // The host's threads begin by sharing everything.
            let _ = host::call_now(libc::SYS_unshare, &[self.separate.into()]);
        }
        let tid = host::thread_id();
        if let Some(addr) = self.parent_tid {
            // Linux does not look whether this succeeds either.
            let _ = self.process.memory.write_u32(addr, tid);
        }
        self.registers.set(&self.process, &mut self.cpu);
        self.process.abi.set_result(&mut self.cpu, Ok(0));
        // The parent waits for it, unless the whole process has ended.
        let _ = parent.send(tid);
        let mask = self.process.signals.mask();
        self.process.signals.set_mask(mask);
    }
}

/// Ends the calling thread.
pub(crate) fn exit(c: &mut Call<'_>) -> SysResult {
    hold_signals()?;
    c.process.end_thread(c.int(0) & 0xff);
    c.after = After::KeepRegisters;
    Ok(0)
}

pub(crate) fn set_tid_address(c: &mut Call<'_>) -> SysResult {
    c.process.thread.clear_tid = c.uint(0);
    Ok(u64::from(host::thread_id()))
}

/// Bytes of the guests' `struct robust_list_head`.
const ROBUST_LIST_HEAD: u32 = 12;

pub(crate) fn set_robust_list(c: &mut Call<'_>) -> SysResult {
    if c.uint(1) != ROBUST_LIST_HEAD {
        return Err(Errno(libc::EINVAL));
    }
    c.process.set_robust_list(c.uint(0));
    Ok(0)
}

/// `get_robust_list(tid, &head, &size)`, for threads of this process.
pub(crate) fn get_robust_list(c: &mut Call<'_>) -> SysResult {
    let list = match c.uint(0) {
        0 => c.process.group.robust_list(host::thread_id()),
        tid => {
            let own = [std::process::id().into(), tid.into(), 0.into()];
            if host::call_now(libc::SYS_tgkill, &own).is_err() {
                // Another process keeps its own; whether it is there is said all the same.
                host::call_now(libc::SYS_tkill, &[tid.into(), 0.into()])?;
                return Err(Errno(libc::EPERM));
            }
            c.process.group.robust_list(tid)
        }
    };
    c.memory().write_u32(c.uint(2), ROBUST_LIST_HEAD)?;
    c.memory().write_u32(c.uint(1), list)?;
    Ok(0)
}
