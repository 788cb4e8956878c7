//! Processes by descriptor, and comparing processes.

use crate::linux::host::{self, Arg, Errno};
use crate::linux::syscall::{Call, SysResult};

use super::signal;

pub(crate) fn pidfd_open(c: &mut Call<'_>) -> SysResult {
    let flags = c.abi().open_flags_to_host(c.uint(1));
    // What is no flag of open, such as PIDFD_THREAD, is the host's to judge.
    let unknown = c.uint(1) & !c.abi().open_flags_to_guest(flags);
    host::call(libc::SYS_pidfd_open, &[c.int_arg(0), (flags | unknown).into()])
}

/// The process that a descriptor is of.
pub(super) fn process_of(fd: i32) -> Result<i32, Errno> {
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).map_err(|_| Errno(libc::EBADF))?;
    let pid = info.lines().find_map(|line| line.strip_prefix("Pid:")).ok_or(Errno(libc::EBADF))?;
    // That of a process which has ended is -1.
    pid.trim().parse().ok().filter(|&pid| pid > 0).ok_or(Errno(libc::ESRCH))
}

pub(crate) fn pidfd_send_signal(c: &mut Call<'_>) -> SysResult {
    let call = |signal: i32, info: Arg<'_>| {
        host::call(libc::SYS_pidfd_send_signal, &[c.int_arg(0), signal.into(), info, c.uint_arg(3)])
    };
    match c.uint(2) {
        0 => call(signal::signal_or_zero(c, 1)?, Arg::null()),
        _ => {
            let info = signal::queued_info(c, 1)?;
            call(info.signal(), Arg::input(&info))
        }
    }
}

pub(crate) fn kcmp(c: &mut Call<'_>) -> SysResult {
    const KCMP_EPOLL_TFD: i32 = 7;
    let call = |second: Arg<'_>| {
        host::call(libc::SYS_kcmp, &[c.int_arg(0), c.int_arg(1), c.int_arg(2), c.uint_arg(3), second])
    };
    if c.int(2) != KCMP_EPOLL_TFD {
        return call(c.uint_arg(4));
    }
    // The second descriptor is one that an epoll instance watches: instance, number, which of several.
    let word = |i: u32| c.memory().read_u32(c.uint(4).wrapping_add(4 * i)).map_err(Errno::from);
    let slot = [word(0)?, word(1)?, word(2)?];
    call(Arg::inputs(&slot))
}
