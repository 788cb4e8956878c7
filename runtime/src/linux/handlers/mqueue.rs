//! POSIX message queues. They are descriptors, and the host's.

use super::time::{Width, optional_timespec};
use super::timers::read_event;
use crate::linux::host::{self, Arg, Errno};
use crate::linux::syscall::{Call, SysResult};

/// `struct mq_attr`: flags, messages, bytes of a message, present messages; and room for as many.
const ATTRIBUTES: usize = 4;

pub(crate) fn mq_open(c: &mut Call<'_>) -> SysResult {
    let name = c.guest_path(0)?;
    let flags = c.abi().open_flags_to_host(c.uint(1));
    let attributes = read_attributes(c, c.uint(3))?;
    let attributes = attributes.as_ref().map_or(Arg::null(), Arg::input);
    host::call(libc::SYS_mq_open, &[Arg::string(&name), flags.into(), c.uint_arg(2), attributes])
}

fn read_attributes(c: &Call<'_>, addr: u32) -> Result<Option<[u64; 8]>, Errno> {
    if addr == 0 {
        return Ok(None);
    }
    let mut attributes = [0u64; 8];
    for (i, value) in attributes.iter_mut().take(ATTRIBUTES).enumerate() {
        *value = i64::from(c.memory().read_u32(addr.wrapping_add(4 * i as u32))? as i32) as u64;
    }
    attributes[0] = c.abi().open_flags_to_host(attributes[0] as u32).into();
    Ok(Some(attributes))
}

pub(crate) fn mq_getsetattr(c: &mut Call<'_>) -> SysResult {
    let new = read_attributes(c, c.uint(1))?;
    let new = new.as_ref().map_or(Arg::null(), Arg::input);
    let mut old = [0u64; 8];
    host::call(libc::SYS_mq_getsetattr, &[c.int_arg(0), new, Arg::output(&mut old)])?;
    if c.uint(2) != 0 {
        old[0] = c.abi().open_flags_to_guest(old[0] as u32).into();
        for (i, value) in old.into_iter().enumerate() {
            c.memory().write_u32(c.uint(2).wrapping_add(4 * i as u32), value as u32)?;
        }
    }
    Ok(0)
}

pub(crate) fn mq_timedsend(c: &mut Call<'_>) -> SysResult {
    send(c, Width::Short)
}

pub(crate) fn mq_timedsend_time64(c: &mut Call<'_>) -> SysResult {
    send(c, Width::Long)
}

fn send(c: &Call<'_>, width: Width) -> SysResult {
    let timeout = optional_timespec(c, c.uint(4), width)?;
    let timeout = timeout.as_ref().map_or(Arg::null(), Arg::input);
    let buffer = c.buffer(c.uint(1), c.long(2))?;
    host::call(libc::SYS_mq_timedsend, &[c.int_arg(0), buffer, c.uint_arg(2), c.uint_arg(3), timeout])
}

pub(crate) fn mq_timedreceive(c: &mut Call<'_>) -> SysResult {
    receive(c, Width::Short)
}

pub(crate) fn mq_timedreceive_time64(c: &mut Call<'_>) -> SysResult {
    receive(c, Width::Long)
}

fn receive(c: &Call<'_>, width: Width) -> SysResult {
    let timeout = optional_timespec(c, c.uint(4), width)?;
    let timeout = timeout.as_ref().map_or(Arg::null(), Arg::input);
    let mut priority = 0u32;
    let buffer = c.buffer(c.uint(1), c.long(2))?;
    let args = [c.int_arg(0), buffer, c.uint_arg(2), Arg::output(&mut priority), timeout];
    let got = host::call(libc::SYS_mq_timedreceive, &args)?;
    if c.uint(3) != 0 {
        c.memory().write_u32(c.uint(3), priority)?;
    }
    Ok(got)
}

pub(crate) fn mq_notify(c: &mut Call<'_>) -> SysResult {
    let addr = c.uint(1);
    let event = if addr == 0 { None } else { Some(notification(c, addr)?) };
    host::call(libc::SYS_mq_notify, &[c.int_arg(0), event.as_ref().map_or(Arg::null(), Arg::input)])
}

/// The guest's `struct sigevent` as the host's.
fn notification(c: &Call<'_>, addr: u32) -> Result<[u64; 8], Errno> {
    const SIGEV_THREAD: u32 = 2;
    /// What the kernel sends back over the netlink socket.
    const COOKIE: u64 = 32;
    let word = |i: u32| c.memory().read_u32(addr.wrapping_add(4 * i));
    if word(2)? != SIGEV_THREAD {
        return read_event(c, addr);
    }
    // The signal's number is the socket, the value the address of the cookie.
    let cookie = c.memory().host_range(word(0)?, COOKIE).ok_or(Errno(libc::EFAULT))?;
    let mut event = [0; 8];
    (event[0], event[1]) = (cookie, u64::from(SIGEV_THREAD) << 32 | u64::from(word(1)?));
    Ok(event)
}
