//! Ending processes, and waiting for them.

use super::limits;
use crate::linux::ExitStatus;
use crate::linux::abi::Encoder;
use crate::linux::host::{self, Arg, Plain};
use crate::linux::host_signal::HostInfo;
use crate::linux::siginfo::SigInfo;
use crate::linux::syscall::{After, Call, SysResult};

pub(crate) fn exit_group(c: &mut Call<'_>) -> SysResult {
    c.process.release_robust_list();
    c.process.exit = Some(ExitStatus::Code(c.int(0) & 0xff));
    c.after = After::KeepRegisters;
    Ok(0)
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
    let pid = loop {
        let args = [c.int_arg(0), Arg::output(&mut status), c.int_arg(2), Arg::output(&mut used)];
        let pid = host::call(libc::SYS_wait4, &args)?;
        if pid == 0 {
            return Ok(0);
        }
        if let Some(shown) = c.process.tracees.shown(pid as i32, status) {
            status = shown;
            break pid;
        }
    };
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

/// Makes a child's change of state what the guest is shown of it; false if it is to wait on.
fn shown_change(c: &Call<'_>, info: &mut HostInfo) -> bool {
    const PID: usize = 4;
    const STATUS: usize = 6;
    let pid = info.word(PID) as i32;
    let stopped = matches!(info.code(), libc::CLD_STOPPED | libc::CLD_TRAPPED);
    if info.signal() == 0 || !stopped {
        if pid != 0 && c.int(3) & libc::WNOWAIT == 0 {
            c.process.tracees.shown(pid, 0);
        }
        return true;
    }
    let Some(status) = c.process.tracees.shown(pid, (info.word(STATUS) as i32) << 8 | 0x7f) else {
        if c.int(3) & libc::WNOWAIT != 0 {
            // It runs again; the host must not tell of this stop once more.
            let args = [pid.into(), Arg::null(), (libc::WNOHANG | libc::__WALL).into(), Arg::null()];
            let _ = host::call_now(libc::SYS_wait4, &args);
        }
        return false;
    };
    info.set_word(STATUS, status as u32 >> 8);
    true
}

pub(crate) fn waitid(c: &mut Call<'_>) -> SysResult {
    let mut info = HostInfo::zeroed();
    let mut used = libc::rusage::zeroed();
    loop {
        let args = [c.int_arg(0), c.int_arg(1), Arg::output(&mut info), c.int_arg(3), Arg::output(&mut used)];
        host::call(libc::SYS_waitid, &args)?;
        if shown_change(c, &mut info) {
            break;
        }
    }
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
