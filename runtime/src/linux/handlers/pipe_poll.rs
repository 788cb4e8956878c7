//! Pipes, and waiting for descriptors.

use crate::linux::host::{self, Arg, Errno, Plain};
use crate::linux::proc_files::status_number;
use crate::linux::syscall::{Call, SysResult};

use super::signal::with_mask;
use super::time::{Width, optional_timespec, read_timeval, write_timespec};

/// The kernel's size of a signal set on the host.
const SET_SIZE: u64 = 8;
/// The most descriptors a call can wait for.
const FD_MAX: u32 = 1 << 20;

fn make_pipe(flags: u32) -> Result<[i32; 2], Errno> {
    let mut ends = [0; 2];
    host::call(libc::SYS_pipe2, &[Arg::output(&mut ends), flags.into()])?;
    Ok(ends)
}

fn write_pair(c: &Call<'_>, addr: u32, ends: [i32; 2]) -> SysResult {
    c.memory().write_u32(addr, ends[0] as u32)?;
    c.memory().write_u32(addr.wrapping_add(4), ends[1] as u32)?;
    Ok(0)
}

pub(crate) fn pipe(c: &mut Call<'_>) -> SysResult {
    write_pair(c, c.uint(0), make_pipe(0)?)
}

pub(crate) fn pipe2(c: &mut Call<'_>) -> SysResult {
    let flags = c.abi().open_flags_to_host(c.uint(1));
    write_pair(c, c.uint(0), make_pipe(flags)?)
}

/// The pipe of MIPS: both ends in registers.
pub(crate) fn pipe_pair(c: &mut Call<'_>) -> SysResult {
    let ends = make_pipe(0)?;
    c.abi().set_second_result(c.cpu, ends[1] as u32);
    Ok(ends[0] as u64)
}

pub(crate) fn poll(c: &mut Call<'_>) -> SysResult {
    let mut fds = read_pollfds(c)?;
    let args = [Arg::outputs(&mut fds), c.uint_arg(1), c.int_arg(2)];
    let ready = host::call(libc::SYS_poll, &args)?;
    write_pollfds(c, &fds)?;
    Ok(ready)
}

pub(crate) fn ppoll(c: &mut Call<'_>) -> SysResult {
    poll_masked(c, Width::Short)
}

pub(crate) fn ppoll_time64(c: &mut Call<'_>) -> SysResult {
    poll_masked(c, Width::Long)
}

fn poll_masked(c: &mut Call<'_>, width: Width) -> SysResult {
    let mut fds = read_pollfds(c)?;
    let mut timeout = optional_timespec(c, c.uint(2), width)?;
    let mask = read_mask(c, c.uint(3), c.uint(4))?;
    let count = c.uint(1);
    let result = with_mask(c, mask, |mask| {
        let timeout = timeout.as_mut().map_or(Arg::null(), Arg::output);
        host::call(libc::SYS_ppoll, &[Arg::outputs(&mut fds), count.into(), timeout, mask, SET_SIZE.into()])
    });
    write_left(c, c.uint(2), width, timeout, result)?;
    write_pollfds(c, &fds)?;
    result
}

/// What Linux does to the timeout of ppoll and pselect6: it says how much is left.
fn write_left(
    c: &Call<'_>,
    addr: u32,
    width: Width,
    left: Option<libc::timespec>,
    result: SysResult,
) -> Result<(), Errno> {
    match (left, result) {
        (Some(left), Ok(_)) => write_timespec(c, addr, width, &left),
        _ => result.map(|_| ()),
    }
}

pub(crate) fn read_mask(c: &Call<'_>, addr: u32, size: u32) -> Result<Option<u64>, Errno> {
    if addr == 0 {
        return Ok(None);
    }
    if size != c.abi().numbers().sigset_size {
        return Err(Errno(libc::EINVAL));
    }
    Ok(Some(c.abi().read_sigset(c.memory(), addr)?))
}

/// The bits of poll events whose numbers differ: guest and host values. The guest with the larger signal set is MIPS.
pub(crate) fn convert_events(c: &Call<'_>, events: i16, to_host: bool) -> i16 {
    const GUEST_WRBAND: i16 = 0x100;
    let mips = c.abi().numbers().sigset_size == 16;
    match (mips, to_host) {
        (false, _) => events,
        (true, true) if events & GUEST_WRBAND != 0 => events & !GUEST_WRBAND | libc::POLLWRBAND,
        (true, false) => {
            let band = if events & libc::POLLWRBAND != 0 { GUEST_WRBAND } else { 0 };
            events & !(libc::POLLWRBAND | libc::POLLWRNORM) | band
        }
        _ => events,
    }
}

fn read_pollfds(c: &Call<'_>) -> Result<Vec<libc::pollfd>, Errno> {
    let (addr, count) = (c.uint(0), c.uint(1));
    c.process.rings.settle();
    if count > FD_MAX {
        return Err(Errno(libc::EINVAL));
    }
    let read = |i: u32| -> Result<libc::pollfd, Errno> {
        let entry = addr.wrapping_add(8 * i);
        let events = c.memory().read_u16(entry.wrapping_add(4))? as i16;
        Ok(libc::pollfd {
            fd: c.memory().read_u32(entry)? as i32,
            events: convert_events(c, events, true),
            revents: 0,
        })
    };
    (0..count).map(read).collect()
}

fn write_pollfds(c: &Call<'_>, fds: &[libc::pollfd]) -> Result<(), Errno> {
    for (i, fd) in fds.iter().enumerate() {
        let entry = c.uint(0).wrapping_add(8 * i as u32);
        let events = convert_events(c, fd.revents, false);
        c.memory().write_u16(entry.wrapping_add(6), events as u16)?;
    }
    Ok(())
}

/// The descriptor sets of select: guest words of 32 bits, host words of 64.
struct Sets {
    sets: [Option<Vec<u64>>; 3],
    words: u32,
    addrs: [u32; 3],
}

/// How many descriptors a call of select looks at: as Linux does, no more than the process's table has room for, so that
/// programs may claim to have larger sets than they have.
fn looked_at(count: i32) -> i32 {
    const USUAL: i32 = 1024;
    if count <= USUAL {
        return count;
    }
    // Where there is no /proc, what programs claim has to do.
    let size = status_number("self", "FDSize").map_or(count, |size| size as i32);
    count.min(size.clamp(USUAL, FD_MAX as i32))
}

impl Sets {
    /// Reads the sets of arguments 1 to 3; argument 0 is how many descriptors they cover.
    fn read(c: &Call<'_>) -> Result<Sets, Errno> {
        let count = c.int(0);
        if count < 0 {
            return Err(Errno(libc::EINVAL));
        }
        c.process.rings.settle();
        let words = (looked_at(count) as u32).div_ceil(32);
        let addrs = [c.uint(1), c.uint(2), c.uint(3)];
        let mut sets = [None, None, None];
        for (set, addr) in sets.iter_mut().zip(addrs).filter(|(_, addr)| *addr != 0) {
            let mut bits = vec![0u64; words.div_ceil(2) as usize];
            for word in 0..words {
                let value = u64::from(c.memory().read_u32(addr.wrapping_add(4 * word))?);
                bits[word as usize / 2] |= value << (32 * (word % 2));
            }
            *set = Some(bits);
        }
        Ok(Sets { sets, words, addrs })
    }

    fn write(&self, c: &Call<'_>) -> Result<(), Errno> {
        for (set, addr) in self.sets.iter().zip(self.addrs) {
            let Some(bits) = set else { continue };
            for word in 0..self.words {
                let value = bits[word as usize / 2] >> (32 * (word % 2));
                c.memory().write_u32(addr.wrapping_add(4 * word), value as u32)?;
            }
        }
        Ok(())
    }

    fn args(&mut self) -> [Arg<'_>; 3] {
        let [a, b, c] = &mut self.sets;
        [a, b, c].map(|set| set.as_mut().map_or(Arg::null(), |bits| Arg::outputs(bits)))
    }
}

pub(crate) fn select(c: &mut Call<'_>) -> SysResult {
    let mut sets = Sets::read(c)?;
    let count = looked_at(c.int(0));
    let mut timeout = match c.uint(4) {
        0 => None,
        addr => Some(read_timeval(c, addr)?),
    };
    let [read, write, except] = sets.args();
    let left = timeout.as_mut().map_or(Arg::null(), Arg::output);
    let ready = host::call(libc::SYS_select, &[count.into(), read, write, except, left])?;
    sets.write(c)?;
    if let Some(left) = timeout {
        super::time::write_timeval(c, c.uint(4), &left)?;
    }
    Ok(ready)
}

pub(crate) fn pselect6(c: &mut Call<'_>) -> SysResult {
    select_masked(c, Width::Short)
}

pub(crate) fn pselect6_time64(c: &mut Call<'_>) -> SysResult {
    select_masked(c, Width::Long)
}

fn select_masked(c: &mut Call<'_>, width: Width) -> SysResult {
    let mut sets = Sets::read(c)?;
    let count = looked_at(c.int(0));
    let mut timeout = optional_timespec(c, c.uint(4), width)?;
    // The last argument points to the mask's address and size.
    let mask = match c.uint(5) {
        0 => None,
        addr => read_mask(c, c.memory().read_u32(addr)?, c.memory().read_u32(addr.wrapping_add(4))?)?,
    };
    let result = with_mask(c, mask, |mask| {
        let left = timeout.as_mut().map_or(Arg::null(), Arg::output);
        let [read, write, except] = sets.args();
        // The host's last argument is such a pair too.
        let pair = host::MaskArgument::new(mask, SET_SIZE);
        host::call(libc::SYS_pselect6, &[count.into(), read, write, except, left, pair.arg()])
    });
    write_left(c, c.uint(4), width, timeout, result)?;
    sets.write(c)?;
    result
}

pub(crate) fn epoll_create1(c: &mut Call<'_>) -> SysResult {
    let flags = c.abi().open_flags_to_host(c.uint(0));
    host::call(libc::SYS_epoll_create1, &[flags.into()])
}

pub(crate) fn epoll_ctl(c: &mut Call<'_>) -> SysResult {
    let addr = c.uint(3);
    let event = match (c.int(1), addr) {
        (libc::EPOLL_CTL_DEL, _) | (_, 0) => None,
        _ => Some(libc::epoll_event {
            events: c.memory().read_u32(addr)?,
            u64: c.memory().read_u64(addr.wrapping_add(8))?,
        }),
    };
    let event = event.as_ref().map_or(Arg::null(), Arg::input);
    host::call(libc::SYS_epoll_ctl, &[c.int_arg(0), c.int_arg(1), c.int_arg(2), event])
}

pub(crate) fn epoll_wait(c: &mut Call<'_>) -> SysResult {
    let timeout = c.int(3);
    wait_events(c, None, libc::SYS_epoll_pwait, timeout.into())
}

pub(crate) fn epoll_pwait(c: &mut Call<'_>) -> SysResult {
    let (mask, timeout) = (read_mask(c, c.uint(4), c.uint(5))?, c.int(3));
    wait_events(c, mask, libc::SYS_epoll_pwait, timeout.into())
}

/// The timeout is a `struct timespec` here.
pub(crate) fn epoll_pwait2(c: &mut Call<'_>) -> SysResult {
    let mask = read_mask(c, c.uint(4), c.uint(5))?;
    let timeout = optional_timespec(c, c.uint(3), Width::Long)?;
    wait_events(c, mask, libc::SYS_epoll_pwait2, timeout.as_ref().map_or(Arg::null(), Arg::input))
}

fn wait_events(c: &mut Call<'_>, mask: Option<u64>, number: i64, timeout: Arg<'_>) -> SysResult {
    /// Bytes in the guest's `struct epoll_event`.
    const EVENT: i32 = 16;
    c.process.rings.settle();
    let max = c.int(2);
    if max <= 0 || max > i32::MAX / EVENT {
        return Err(Errno(libc::EINVAL));
    }
    let mut events = vec![libc::epoll_event::zeroed(); (max as usize).min(FD_MAX as usize)];
    let (epoll, count) = (c.int(0), events.len());
    let ready = with_mask(c, mask, |mask| {
        let args = [epoll.into(), Arg::outputs(&mut events), count.into(), timeout, mask, SET_SIZE.into()];
        host::call(number, &args)
    })?;
    for (i, event) in events.iter().take(ready as usize).enumerate() {
        let entry = c.uint(1).wrapping_add(16 * i as u32);
        c.memory().write_u32(entry, event.events)?;
        c.memory().write_u64(entry.wrapping_add(8), event.u64)?;
    }
    Ok(ready)
}

pub(crate) fn eventfd(c: &mut Call<'_>) -> SysResult {
    host::call(libc::SYS_eventfd2, &[c.uint_arg(0), 0.into()])
}

/// Its flags are those of open.
pub(crate) fn eventfd2(c: &mut Call<'_>) -> SysResult {
    const EFD_SEMAPHORE: u32 = 1;
    let flags = c.uint(1);
    let host_flags = c.abi().open_flags_to_host(flags & !EFD_SEMAPHORE) | flags & EFD_SEMAPHORE;
    host::call(libc::SYS_eventfd2, &[c.uint_arg(0), host_flags.into()])
}

pub(crate) fn inotify_init1(c: &mut Call<'_>) -> SysResult {
    let flags = c.abi().open_flags_to_host(c.uint(0));
    host::call(libc::SYS_inotify_init1, &[flags.into()])
}

pub(crate) fn timerfd_create(c: &mut Call<'_>) -> SysResult {
    let flags = c.abi().open_flags_to_host(c.uint(1));
    host::call(libc::SYS_timerfd_create, &[c.int_arg(0), flags.into()])
}

pub(crate) fn signalfd(c: &mut Call<'_>) -> SysResult {
    make_signalfd(c, c.uint(2), 0)
}

pub(crate) fn signalfd4(c: &mut Call<'_>) -> SysResult {
    make_signalfd(c, c.uint(2), c.uint(3))
}

fn make_signalfd(c: &Call<'_>, size: u32, flags: u32) -> SysResult {
    if size != c.abi().numbers().sigset_size {
        return Err(Errno(libc::EINVAL));
    }
    let set = c.abi().read_sigset(c.memory(), c.uint(1))?;
    let flags = c.abi().open_flags_to_host(flags);
    host::call(libc::SYS_signalfd4, &[c.int_arg(0), Arg::input(&set), SET_SIZE.into(), flags.into()])
}
