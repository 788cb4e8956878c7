//! What requests do: mostly what the system call of that name does, without waiting.

use std::time::{Duration, Instant};

use super::requests::{KNOWN_FLAGS, Request, Sqe};
use super::{identity, lock};
use crate::linux::handlers::anon_fds;
use crate::linux::handlers::files::read_iovec;
use crate::linux::handlers::pipe_poll::convert_events;
use crate::linux::handlers::time::{Width, read_timespec};
use crate::linux::host::{self, Arg, Errno};
use crate::linux::syscall::{Call, SysResult, dispatch};

// IORING_OP_…
const NOP: u8 = 0;
const READV: u8 = 1;
const WRITEV: u8 = 2;
const FSYNC: u8 = 3;
const READ_FIXED: u8 = 4;
const WRITE_FIXED: u8 = 5;
pub(super) const POLL_ADD: u8 = 6;
const POLL_REMOVE: u8 = 7;
const SYNC_FILE_RANGE: u8 = 8;
const SENDMSG: u8 = 9;
const RECVMSG: u8 = 10;
pub(super) const TIMEOUT: u8 = 11;
const TIMEOUT_REMOVE: u8 = 12;
const ACCEPT: u8 = 13;
const ASYNC_CANCEL: u8 = 14;
pub(super) const LINK_TIMEOUT: u8 = 15;
const CONNECT: u8 = 16;
const FALLOCATE: u8 = 17;
const OPENAT: u8 = 18;
const CLOSE: u8 = 19;
const STATX: u8 = 21;
const READ: u8 = 22;
const WRITE: u8 = 23;
const FADVISE: u8 = 24;
const SEND: u8 = 26;
const RECV: u8 = 27;
const OPENAT2: u8 = 28;
const EPOLL_CTL: u8 = 29;
const SHUTDOWN: u8 = 34;
const RENAMEAT: u8 = 35;
const UNLINKAT: u8 = 36;
const MKDIRAT: u8 = 37;
const SYMLINKAT: u8 = 38;
const LINKAT: u8 = 39;
const SOCKET: u8 = 45;

/// Those that there are, in order.
#[rustfmt::skip]
pub(super) const SUPPORTED: [u8; 35] = [
    NOP, READV, WRITEV, FSYNC, READ_FIXED, WRITE_FIXED, POLL_ADD, POLL_REMOVE, SYNC_FILE_RANGE, SENDMSG, RECVMSG, TIMEOUT,
    TIMEOUT_REMOVE, ACCEPT, ASYNC_CANCEL, LINK_TIMEOUT, CONNECT, FALLOCATE, OPENAT, CLOSE, STATX, READ, WRITE, FADVISE,
    SEND, RECV, OPENAT2, EPOLL_CTL, SHUTDOWN, RENAMEAT, UNLINKAT, MKDIRAT, SYMLINKAT, LINKAT, SOCKET,
];

/// What became of a request.
#[derive(Debug)]
pub(super) enum Attempt {
    /// It has ended with this result.
    Done(i32),
    /// A signal came before it had begun.
    Interrupted,
    /// It names a registered file.
    Fixed,
    /// It has to wait until its descriptor is ready for this.
    Wait(i16),
    /// It ends at a time, or with results.
    Until(Timer),
}

/// When a timeout ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timer {
    pub(super) end: Instant,
    /// With so many results, if not 0.
    pub(super) results: u32,
}

/// How long a request is that has failed if it has done less.
pub(super) fn whole(sqe: &Sqe) -> Option<u32> {
    matches!(sqe.opcode, READ | WRITE | READ_FIXED | WRITE_FIXED).then_some(sqe.len)
}

/// Whether the end of a timeout is no failure to what is linked to it.
pub(super) fn may_time_out(sqe: &Sqe) -> bool {
    const ETIME_SUCCESS: u32 = 1 << 5;
    sqe.opcode == TIMEOUT && sqe.op_flags & ETIME_SUCCESS != 0
}

/// Whether a request's descriptor is that of a file.
pub(super) fn uses_file(sqe: &Sqe) -> bool {
    let others = [NOP, POLL_REMOVE, TIMEOUT, TIMEOUT_REMOVE, ASYNC_CANCEL, LINK_TIMEOUT];
    !others.contains(&sqe.opcode)
}

/// Whether it can only be done where the guest's descriptors are.
pub(super) fn needs_table(c: &Call<'_>, sqe: &Sqe) -> bool {
    /// The offset of `msg_controllen`.
    const CONTROL_LEN: u32 = 20;
    match sqe.opcode {
        RECVMSG | SENDMSG => c.memory().read_u32((sqe.addr as u32).wrapping_add(CONTROL_LEN)) != Ok(0),
        ACCEPT | OPENAT | OPENAT2 | CLOSE | EPOLL_CTL | SOCKET | STATX => true,
        RENAMEAT | UNLINKAT | MKDIRAT | SYMLINKAT | LINKAT => true,
        _ => false,
    }
}

/// A result as the ring has it, or what else is to be done.
fn ended(c: &Call<'_>, result: SysResult) -> Attempt {
    match result {
        Ok(value) => Attempt::Done(value as i32),
        Err(Errno::NOT_BEGUN | Errno::RESTART | Errno::NO_HANDLER) => Attempt::Interrupted,
        Err(errno) => Attempt::Done(-c.abi().errno(errno.0)),
    }
}

/// The same for a request that waits for this where the call would have waited.
fn ended_or(c: &Call<'_>, result: SysResult, events: i16, waits: bool) -> Attempt {
    match result {
        Err(Errno(libc::EAGAIN)) if waits => Attempt::Wait(events),
        result => ended(c, result),
    }
}

/// Does a request as far as it goes without waiting. `fd` is its descriptor on this thread.
pub(super) fn attempt(c: &mut Call<'_>, request: &mut Request, fd: i32) -> Attempt {
    let sqe = request.sqe;
    let attempted = try_it(c, request, fd);
    let unsupported = sqe.flags & !KNOWN_FLAGS != 0;
    match attempted {
        _ if unsupported => ended(c, Err(Errno(libc::EINVAL))),
        Ok(attempt) => attempt,
        Err(errno) => ended(c, Err(errno)),
    }
}

fn try_it(c: &mut Call<'_>, request: &mut Request, fd: i32) -> Result<Attempt, Errno> {
    let sqe = request.sqe;
    if sqe.flags & !KNOWN_FLAGS != 0 {
        return Err(Errno(libc::EINVAL));
    }
    Ok(match sqe.opcode {
        NOP => Attempt::Done(0),
        READ | WRITE | READV | WRITEV | READ_FIXED | WRITE_FIXED => transfer(c, request, fd)?,
        POLL_ADD => poll(c, &sqe, fd)?,
        SEND | RECV | SENDMSG | RECVMSG => message(c, request, fd)?,
        ACCEPT => accept(c, &sqe, fd)?,
        CONNECT => connect(c, request, fd)?,
        TIMEOUT => timeout(c, &sqe)?,
        POLL_REMOVE | TIMEOUT_REMOVE | ASYNC_CANCEL => cancel(c, request)?,
        _ => {
            let result = plain(c, request, fd);
            ended(c, result)
        }
    })
}

/// An address, which has 64 bits in a request.
pub(super) fn address(value: u64) -> Result<u32, Errno> {
    u32::try_from(value).map_err(|_| Errno(libc::EFAULT))
}

/// Does the system call of a name with these arguments.
fn call(c: &mut Call<'_>, name: &str, args: &[u64]) -> SysResult {
    let row = c.abi().syscalls().iter().find(|row| row.name == name).ok_or(Errno(libc::EINVAL))?;
    let mut all = [0; 7];
    all[..args.len()].copy_from_slice(args);
    let before = std::mem::replace(&mut c.args, all);
    let result = dispatch(c, row);
    c.args = before;
    result
}

fn signed(value: i32) -> u64 {
    i64::from(value) as u64
}

/// Those that are done at once.
fn plain(c: &mut Call<'_>, request: &Request, fd: i32) -> SysResult {
    const DATASYNC: u32 = 1;
    let sqe = &request.sqe;
    let (fd_arg, len, flags) = (signed(fd), u64::from(sqe.len), u64::from(sqe.op_flags));
    // Descriptors that are kept in the ring only.
    let direct = sqe.file_index != 0;
    let pass = |number: i64, args: &[Arg<'_>]| host::call(number, args);
    match sqe.opcode {
        OPENAT | OPENAT2 | CLOSE | SOCKET if direct => Err(Errno(libc::EINVAL)),
        FSYNC if sqe.op_flags & DATASYNC != 0 => pass(libc::SYS_fdatasync, &[fd.into()]),
        FSYNC => pass(libc::SYS_fsync, &[fd.into()]),
        SYNC_FILE_RANGE => {
            let range = [fd.into(), sqe.off.into(), sqe.len.into(), sqe.op_flags.into()];
            pass(libc::SYS_sync_file_range, &range)
        }
        FALLOCATE => pass(libc::SYS_fallocate, &[fd.into(), sqe.len.into(), sqe.off.into(), sqe.addr.into()]),
        FADVISE => {
            pass(libc::SYS_fadvise64, &[fd.into(), sqe.off.into(), sqe.len.into(), sqe.op_flags.into()])
        }
        SHUTDOWN => pass(libc::SYS_shutdown, &[fd.into(), sqe.len.into()]),
        CLOSE if identity(fd) == Some(request.ring.id) => Err(Errno(libc::EBADF)),
        CLOSE => pass(libc::SYS_close, &[fd.into()]),
        SOCKET => call(c, "socket", &[fd_arg, sqe.off, len]),
        OPENAT => call(c, "openat", &[fd_arg, address(sqe.addr)?.into(), flags, len]),
        OPENAT2 => call(c, "openat2", &[fd_arg, address(sqe.addr)?.into(), address(sqe.off)?.into(), len]),
        STATX => {
            let args = [fd_arg, address(sqe.addr)?.into(), flags, len, address(sqe.off)?.into()];
            call(c, "statx", &args)
        }
        EPOLL_CTL => call(c, "epoll_ctl", &[fd_arg, len, signed(sqe.off as i32), address(sqe.addr)?.into()]),
        UNLINKAT => call(c, "unlinkat", &[fd_arg, address(sqe.addr)?.into(), flags]),
        MKDIRAT => call(c, "mkdirat", &[fd_arg, address(sqe.addr)?.into(), len]),
        SYMLINKAT => call(c, "symlinkat", &[address(sqe.addr)?.into(), fd_arg, address(sqe.off)?.into()]),
        RENAMEAT | LINKAT => {
            let name = if sqe.opcode == LINKAT { "linkat" } else { "renameat2" };
            let (from, to) = (address(sqe.addr)?.into(), address(sqe.off)?.into());
            call(c, name, &[fd_arg, from, signed(sqe.len as i32), to, flags])
        }
        opcode => {
            tracing::debug!(target: "syscall", "requests of kind {opcode} are not supported in rings");
            Err(Errno(libc::EINVAL))
        }
    }
}

/// What a descriptor is ready for, of this; errors and ends too.
fn ready(fd: i32, events: i16) -> Result<i16, Errno> {
    let mut polled = [libc::pollfd { fd, events, revents: 0 }];
    host::call_now(libc::SYS_poll, &[Arg::outputs(&mut polled), 1.into(), 0.into()])?;
    match polled[0].revents {
        revents if revents & libc::POLLNVAL != 0 => Err(Errno(libc::EBADF)),
        revents => Ok(revents),
    }
}

/// The parts of a transfer.
fn parts(c: &Call<'_>, request: &Request) -> Result<Vec<libc::iovec>, Errno> {
    let sqe = &request.sqe;
    let start = address(sqe.addr)?;
    if matches!(sqe.opcode, READV | WRITEV) {
        return read_iovec(c, start, sqe.len);
    }
    if sqe.len > i32::MAX as u32 {
        return Err(Errno(libc::EINVAL));
    }
    if matches!(sqe.opcode, READ_FIXED | WRITE_FIXED) {
        let state = lock(&request.ring.state);
        let buffers = state.buffers.as_deref().unwrap_or_default();
        let &(base, len) = buffers.get(usize::from(sqe.buf_index)).ok_or(Errno(libc::EFAULT))?;
        let inside =
            start >= base && u64::from(start) + u64::from(sqe.len) <= u64::from(base) + u64::from(len);
        if !inside {
            return Err(Errno(libc::EFAULT));
        }
    }
    let host = c.memory().host_range(start, sqe.len.into()).ok_or(Errno(libc::EFAULT))?;
    Ok(vec![libc::iovec { iov_base: host as *mut libc::c_void, iov_len: sqe.len as usize }])
}

fn transfer(c: &mut Call<'_>, request: &Request, fd: i32) -> Result<Attempt, Errno> {
    const CURRENT: u64 = u64::MAX;
    const BLOCK: u32 = libc::S_IFBLK;
    let sqe = request.sqe;
    let writes = matches!(sqe.opcode, WRITE | WRITEV | WRITE_FIXED);
    let (number, events) =
        if writes { (libc::SYS_pwritev2, libc::POLLOUT) } else { (libc::SYS_preadv2, libc::POLLIN) };
    let parts = parts(c, request)?;
    if writes && c.memory().is_big() && parts.len() == 1 && sqe.len == 8 && ready(fd, events)? != 0 {
        // Perhaps a number, whose bytes the host has in another order.
        if let Some(written) = anon_fds::write_number(c, fd, sqe.addr as u32) {
            return Ok(ended(c, written));
        }
    }
    let kind = host::open_file_type(fd)?;
    // Files are not waited for.
    let file = [libc::S_IFREG, BLOCK, libc::S_IFDIR].contains(&kind);
    let asked = sqe.op_flags & libc::RWF_NOWAIT as u32 != 0;
    let mut nowait = if file { 0 } else { libc::RWF_NOWAIT as u32 };
    let mut offset = sqe.off;
    let result = loop {
        let flags = sqe.op_flags | nowait;
        let args =
            [fd.into(), Arg::inputs(&parts), parts.len().into(), offset.into(), 0.into(), flags.into()];
        match host::call(number, &args) {
            // What has no positions is not asked for one.
            Err(Errno(libc::ESPIPE)) if offset != CURRENT => offset = CURRENT,
            Err(Errno(libc::EOPNOTSUPP)) if nowait != 0 && !asked => {
                if ready(fd, events)? == 0 {
                    return Ok(Attempt::Wait(events));
                }
                nowait = 0;
            }
            result => break result,
        }
    };
    if let (Ok(got), false, READ | READ_FIXED) = (result, writes, sqe.opcode) {
        anon_fds::received(c, fd, sqe.addr as u32, got)?;
    }
    Ok(ended_or(c, result, events, !asked))
}

fn poll(c: &Call<'_>, sqe: &Sqe, fd: i32) -> Result<Attempt, Errno> {
    // Those that go on after their first result, or change others.
    if sqe.len != 0 {
        return Err(Errno(libc::EINVAL));
    }
    let events = if c.memory().is_big() { sqe.op_flags.rotate_left(16) } else { sqe.op_flags };
    let events = convert_events(c, events as i16, true);
    Ok(match ready(fd, events)? {
        0 => Attempt::Wait(events),
        found => Attempt::Done(i32::from(convert_events(c, found, false) as u16)),
    })
}

fn message(c: &mut Call<'_>, request: &mut Request, fd: i32) -> Result<Attempt, Errno> {
    let sqe = request.sqe;
    if sqe.ioprio != 0 {
        return Err(Errno(libc::EINVAL));
    }
    let dont_wait = libc::MSG_DONTWAIT as u32;
    let (waits, flags) = (sqe.op_flags & dont_wait == 0, u64::from(sqe.op_flags | dont_wait));
    let addr = address(sqe.addr)?;
    let events = if matches!(sqe.opcode, SEND | SENDMSG) { libc::POLLOUT } else { libc::POLLIN };
    let name = match sqe.opcode {
        SENDMSG => "sendmsg",
        RECVMSG => "recvmsg",
        SEND => "send",
        _ => "recv",
    };
    if matches!(sqe.opcode, SENDMSG | RECVMSG) {
        let result = call(c, name, &[signed(fd), addr.into(), flags]);
        return Ok(ended_or(c, result, events, waits));
    }
    let all = sqe.op_flags & libc::MSG_WAITALL as u32 != 0;
    loop {
        let done = request.progress;
        let args = [signed(fd), addr.wrapping_add(done).into(), (sqe.len - done).into(), flags];
        match call(c, name, &args) {
            Ok(more) if all && waits && more > 0 && done + (more as u32) < sqe.len => {
                request.progress += more as u32;
            }
            Ok(more) => return Ok(Attempt::Done((u64::from(done) + more) as i32)),
            Err(errno) if done > 0 && errno != Errno(libc::EAGAIN) => return Ok(Attempt::Done(done as i32)),
            result => return Ok(ended_or(c, result, events, waits)),
        }
    }
}

fn accept(c: &mut Call<'_>, sqe: &Sqe, fd: i32) -> Result<Attempt, Errno> {
    if sqe.ioprio != 0 || sqe.file_index != 0 {
        return Err(Errno(libc::EINVAL));
    }
    // The call itself cannot be told not to wait.
    if ready(fd, libc::POLLIN)? == 0 {
        return Ok(Attempt::Wait(libc::POLLIN));
    }
    let (name, len) = (address(sqe.addr)?.into(), address(sqe.off)?.into());
    let result = call(c, "accept4", &[signed(fd), name, len, sqe.op_flags.into()]);
    Ok(ended_or(c, result, libc::POLLIN, true))
}

fn connect(c: &mut Call<'_>, request: &mut Request, fd: i32) -> Result<Attempt, Errno> {
    let sqe = request.sqe;
    if std::mem::take(&mut request.progress) == 1 {
        let (mut error, mut len) = (0i32, 4u32);
        let place = [libc::SOL_SOCKET.into(), libc::SO_ERROR.into()];
        let args = [fd.into(), place[0], place[1], Arg::output(&mut error), Arg::output(&mut len)];
        host::call_now(libc::SYS_getsockopt, &args)?;
        return Ok(ended(c, if error == 0 { Ok(0) } else { Err(Errno(error)) }));
    }
    let flags = host::call_now(libc::SYS_fcntl, &[fd.into(), libc::F_GETFL.into()])?;
    let set = |flags: u64| host::call_now(libc::SYS_fcntl, &[fd.into(), libc::F_SETFL.into(), flags.into()]);
    let nonblock = libc::O_NONBLOCK as u64;
    // Only for this moment: it cannot be told otherwise not to wait.
    set(flags | nonblock)?;
    let result = call(c, "connect", &[signed(fd), address(sqe.addr)?.into(), sqe.off]);
    set(flags)?;
    Ok(match result {
        Err(Errno(libc::EINPROGRESS)) => {
            request.progress = 1;
            Attempt::Wait(libc::POLLOUT)
        }
        result => ended_or(c, result, libc::POLLOUT, true),
    })
}

/// A time in memory, from now on.
pub(super) fn time_from_now(c: &Call<'_>, sqe: &Sqe) -> Result<Instant, Errno> {
    const ABS: u32 = 1;
    const BOOTTIME: u32 = 1 << 2;
    const REALTIME: u32 = 1 << 3;
    const ETIME_SUCCESS: u32 = 1 << 5;
    if sqe.op_flags & !(ABS | BOOTTIME | REALTIME | ETIME_SUCCESS) != 0 || sqe.len != 1 {
        return Err(Errno(libc::EINVAL));
    }
    let time = read_timespec(c, address(sqe.addr)?, Width::Long)?;
    let nanoseconds = u32::try_from(time.tv_nsec).ok().filter(|&n| n < 1_000_000_000);
    let (Ok(seconds), Some(nanoseconds)) = (u64::try_from(time.tv_sec), nanoseconds) else {
        return Err(Errno(libc::EINVAL));
    };
    let mut length = Duration::new(seconds, nanoseconds);
    if sqe.op_flags & ABS != 0 {
        let clock = match sqe.op_flags {
            flags if flags & REALTIME != 0 => libc::CLOCK_REALTIME,
            flags if flags & BOOTTIME != 0 => libc::CLOCK_BOOTTIME,
            _ => libc::CLOCK_MONOTONIC,
        };
        let now = host::clock_time(clock)?;
        length = length.saturating_sub(Duration::new(now.tv_sec as u64, now.tv_nsec as u32));
    }
    const FAR: Duration = Duration::from_secs(1 << 32);
    Ok(Instant::now() + length.min(FAR))
}

fn timeout(c: &Call<'_>, sqe: &Sqe) -> Result<Attempt, Errno> {
    let end = time_from_now(c, sqe)?;
    Ok(Attempt::Until(Timer { end, results: sqe.off as u32 }))
}

fn cancel(c: &Call<'_>, request: &Request) -> Result<Attempt, Errno> {
    let sqe = request.sqe;
    if sqe.op_flags != 0 || sqe.len != 0 {
        return Err(Errno(libc::EINVAL));
    }
    let kind = match sqe.opcode {
        POLL_REMOVE => Some(POLL_ADD),
        TIMEOUT_REMOVE => Some(TIMEOUT),
        _ => None,
    };
    let workers = c.process.rings.workers.get().ok_or(Errno(libc::ENOENT))?;
    let found = workers.cancel(&request.ring, sqe.addr, kind);
    Ok(ended(c, if found { Ok(0) } else { Err(Errno(libc::ENOENT)) }))
}
