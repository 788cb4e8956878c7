//! Timers of a process: `timer_create` and its kin.

use crate::linux::host::{self, Arg, Errno, Plain};
use crate::linux::syscall::{Call, SysResult};

use super::time::{Width, read_itimerspec, write_itimerspec};

/// `SIGEV_THREAD_ID`: the signal goes to one thread.
const THREAD_ID: u32 = 4;
const SIGEV_NONE: u32 = 1;

pub(crate) fn timer_create(c: &mut Call<'_>) -> SysResult {
    let event = match c.uint(1) {
        0 => None,
        addr => Some(read_event(c, addr)?),
    };
    let event = event.as_ref().map_or(Arg::null(), Arg::input);
    let mut id = 0i32;
    host::call(libc::SYS_timer_create, &[c.int_arg(0), event, Arg::output(&mut id)])?;
    c.memory().write_u32(c.uint(2), id as u32)?;
    Ok(0)
}

/// The guest's `struct sigevent` as the host's: value, signal and kind, thread.
pub(super) fn read_event(c: &Call<'_>, addr: u32) -> Result<[u64; 8], Errno> {
    let word = |i: u32| c.memory().read_u32(addr.wrapping_add(4 * i));
    let (value, signal, kind) = (word(0)?, word(1)?, word(2)?);
    let thread = if kind & THREAD_ID != 0 { word(3)? } else { 0 };
    let signal = match c.abi().signal_to_host(signal) {
        Some(signal) => signal as u64,
        None if kind == SIGEV_NONE => 0,
        None => return Err(Errno(libc::EINVAL)),
    };
    let mut event = [0; 8];
    event[0] = u64::from(value);
    event[1] = u64::from(kind) << 32 | signal;
    event[2] = u64::from(thread);
    Ok(event)
}

pub(crate) fn timer_settime(c: &mut Call<'_>) -> SysResult {
    set_time(c, Width::Short)
}

pub(crate) fn timer_settime64(c: &mut Call<'_>) -> SysResult {
    set_time(c, Width::Long)
}

fn set_time(c: &Call<'_>, width: Width) -> SysResult {
    let new = read_itimerspec(c, c.uint(2), width)?;
    let mut old = libc::itimerspec::zeroed();
    let args = [c.int_arg(0), c.uint_arg(1), Arg::input(&new), Arg::output(&mut old)];
    host::call(libc::SYS_timer_settime, &args)?;
    if c.uint(3) != 0 {
        write_itimerspec(c, c.uint(3), width, &old)?;
    }
    Ok(0)
}

pub(crate) fn timer_gettime(c: &mut Call<'_>) -> SysResult {
    get_time(c, Width::Short)
}

pub(crate) fn timer_gettime64(c: &mut Call<'_>) -> SysResult {
    get_time(c, Width::Long)
}

fn get_time(c: &Call<'_>, width: Width) -> SysResult {
    let mut now = libc::itimerspec::zeroed();
    host::call(libc::SYS_timer_gettime, &[c.int_arg(0), Arg::output(&mut now)])?;
    write_itimerspec(c, c.uint(1), width, &now)?;
    Ok(0)
}
