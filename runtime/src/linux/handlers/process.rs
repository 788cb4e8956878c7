//! Beginning and ending processes, and waiting for them.

use crate::linux::abi::Encoder;
use crate::linux::host::{self, Arg, Errno, Plain};
use crate::linux::host_signal::{self, HostInfo};
use crate::linux::siginfo::SigInfo;
use crate::linux::syscall::{After, Call, SysResult};
use crate::linux::{ExitStatus, handlers::misc};

const CLONE_VM: u32 = libc::CLONE_VM as u32;
const CLONE_VFORK: u32 = libc::CLONE_VFORK as u32;
const CLONE_THREAD: u32 = libc::CLONE_THREAD as u32;
const CLONE_SETTLS: u32 = libc::CLONE_SETTLS as u32;
const CLONE_PARENT_SETTID: u32 = libc::CLONE_PARENT_SETTID as u32;
const CLONE_CHILD_SETTID: u32 = libc::CLONE_CHILD_SETTID as u32;

pub(crate) fn exit(c: &mut Call<'_>) -> SysResult {
    exit_group(c)
}

pub(crate) fn exit_group(c: &mut Call<'_>) -> SysResult {
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
    if flags & CLONE_THREAD != 0 || flags & CLONE_VM != 0 && flags & CLONE_VFORK == 0 {
        tracing::warn!(target: "syscall", "threads are not supported: clone fails with EAGAIN");
        return Err(Errno(libc::EAGAIN));
    }
    new_process(c, flags, c.uint(1))
}

/// Makes a process. A child that would share memory until it executes another program gets a copy, and the parent waits.
fn new_process(c: &mut Call<'_>, flags: u32, stack: u32) -> SysResult {
    if host::signal_pending() {
        return Err(Errno::NOT_BEGUN);
    }
    let gate = if flags & CLONE_VFORK != 0 { Some(Gate::new()?) } else { None };
    c.engine.before_fork();
    let forked = host::fork();
    c.engine.after_fork(forked == Ok(0));
    match forked? {
        0 => {
            become_child(c, flags, stack)?;
            if let Some(gate) = gate {
                gate.keep();
            }
            Ok(0)
        }
        pid => {
            if flags & CLONE_PARENT_SETTID != 0 {
                c.memory().write_u32(c.uint(2), pid as u32)?;
            }
            if let Some(gate) = gate {
                gate.wait();
            }
            Ok(pid as u64)
        }
    }
}

fn become_child(c: &mut Call<'_>, flags: u32, stack: u32) -> Result<(), Errno> {
    host_signal::adopt_thread();
    host_signal::forget_pending();
    if stack != 0 {
        c.cpu.set32(c.abi().sp_slot(), stack);
    }
    if flags & CLONE_SETTLS != 0 {
        let tls = c.uint(3);
        c.cpu.set32(c.abi().tls_slot(), tls);
    }
    if flags & CLONE_CHILD_SETTID != 0 {
        c.memory().write_u32(c.uint(4), std::process::id())?;
    }
    Ok(())
}

/// A pipe that a vfork child holds open until it executes a program or ends.
struct Gate {
    ends: [i32; 2],
}

impl Gate {
    fn new() -> Result<Gate, Errno> {
        let mut ends = [0; 2];
        host::call_now(libc::SYS_pipe2, &[Arg::output(&mut ends), libc::O_CLOEXEC.into()])?;
        // Out of the way of descriptors that the child numbers itself.
        for end in &mut ends {
            const HIGH: i32 = 500;
            let args = [(*end).into(), libc::F_DUPFD_CLOEXEC.into(), HIGH.into()];
            if let Ok(high) = host::call_now(libc::SYS_fcntl, &args) {
                close(*end);
                *end = high as i32;
            }
        }
        Ok(Gate { ends })
    }

    /// In the child: the write end stays open until exec or exit closes it.
    fn keep(self) {
        close(self.ends[0]);
    }

    /// In the parent.
    fn wait(self) {
        close(self.ends[1]);
        let mut byte = 0u8;
        while let Err(Errno(libc::EINTR)) =
            host::call_now(libc::SYS_read, &[self.ends[0].into(), Arg::output(&mut byte), 1.into()])
        {}
        close(self.ends[0]);
    }
}

fn close(fd: i32) {
    // It is open, and what it was closing cannot fail.
    let _ = host::call_now(libc::SYS_close, &[fd.into()]);
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
        misc::write_rusage(c, addr, &used)?;
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
        misc::write_rusage(c, c.uint(4), &used)?;
    }
    Ok(0)
}

pub(crate) fn set_tid_address(_: &mut Call<'_>) -> SysResult {
    // The address is for the thread's end, which is the process's end.
    Ok(u64::from(std::process::id()))
}

pub(crate) fn set_robust_list(_: &mut Call<'_>) -> SysResult {
    Ok(0)
}
