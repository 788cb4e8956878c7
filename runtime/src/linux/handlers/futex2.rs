//! The newer calls of futexes: one for each operation, and one that waits for several. Their structures have members of
//! 64 bits on all architectures.

use super::futex::host_order;
use super::time::{Width, optional_timespec};
use crate::linux::host::{self, Arg, Errno};
use crate::linux::syscall::{Call, SysResult};

// The same numbers on all architectures, which libc does not have yet.
const SYS_FUTEX_WAITV: i64 = 449;
const SYS_FUTEX_WAKE: i64 = 454;
const SYS_FUTEX_WAIT: i64 = 455;
const SYS_FUTEX_REQUEUE: i64 = 456;

/// Bytes of `struct futex_waitv`: value, address, flags, a reserved word.
const WAITER: u32 = 24;
/// The most futexes that one call waits for (`FUTEX_WAITV_MAX`).
const WAITERS_MAX: u32 = 128;

/// `FUTEX2_SIZE_MASK`, `FUTEX2_PRIVATE`. Words that name a node of memory are unknown, as on a kernel before 6.16.
const KNOWN_FLAGS: u32 = 0x83;

fn check_flags(flags: u32) -> Result<(), Errno> {
    if flags & !KNOWN_FLAGS == 0 { Ok(()) } else { Err(Errno(libc::EINVAL)) }
}

/// `futex_waitv(waiters, count, flags, timeout, clock)`.
pub(crate) fn futex_waitv(c: &mut Call<'_>) -> SysResult {
    let count = c.uint(1);
    if c.uint(2) != 0 || count == 0 || count > WAITERS_MAX || c.uint(0) == 0 {
        return Err(Errno(libc::EINVAL));
    }
    let timeout = optional_timespec(c, c.uint(3), Width::Long)?;
    let timeout = timeout.as_ref().map_or(Arg::null(), Arg::input);
    let waiters = read_waiters(c, count)?;
    let args = [Arg::inputs(&waiters), count.into(), 0.into(), timeout, c.int_arg(4)];
    host::call(SYS_FUTEX_WAITV, &args)
}

/// `futex_wake(addr, mask, count, flags)`.
pub(crate) fn futex_wake(c: &mut Call<'_>) -> SysResult {
    check_flags(c.uint(3))?;
    host::call(SYS_FUTEX_WAKE, &[c.buffer(c.uint(0), 4)?, c.uint_arg(1), c.int_arg(2), c.uint_arg(3)])
}

/// `futex_wait(addr, value, mask, flags, timeout, clock)`.
pub(crate) fn futex_wait(c: &mut Call<'_>) -> SysResult {
    check_flags(c.uint(3))?;
    let timeout = optional_timespec(c, c.uint(4), Width::Long)?;
    let timeout = timeout.as_ref().map_or(Arg::null(), Arg::input);
    let value = host_order(c, c.uint(1));
    let word = c.buffer(c.uint(0), 4)?;
    host::call(SYS_FUTEX_WAIT, &[word, value.into(), c.uint_arg(2), c.uint_arg(3), timeout, c.int_arg(5)])
}

/// `futex_requeue(two waiters, flags, wake, requeue)`.
pub(crate) fn futex_requeue(c: &mut Call<'_>) -> SysResult {
    if c.uint(1) != 0 || c.uint(0) == 0 {
        return Err(Errno(libc::EINVAL));
    }
    let waiters = read_waiters(c, 2)?;
    host::call(SYS_FUTEX_REQUEUE, &[Arg::inputs(&waiters), 0.into(), c.int_arg(2), c.int_arg(3)])
}

/// The host's `struct futex_waitv`s for those that the first argument points to.
fn read_waiters(c: &Call<'_>, count: u32) -> Result<Vec<u64>, Errno> {
    let mut waiters = Vec::new();
    for i in 0..count {
        let at = c.uint(0).wrapping_add(WAITER * i);
        let (memory, wide) = (c.memory(), |offset: u32| c.memory().read_u64(at.wrapping_add(offset)));
        let (value, addr) = (wide(0)?, wide(8)?);
        let (flags, reserved) =
            (memory.read_u32(at.wrapping_add(16))?, memory.read_u32(at.wrapping_add(20))?);
        check_flags(flags)?;
        if reserved != 0 {
            return Err(Errno(libc::EINVAL));
        }
        let value = u32::try_from(value).map(|value| host_order(c, value));
        let addr = u32::try_from(addr).ok().and_then(|addr| memory.host_range(addr, 4));
        waiters.push(value.map_err(|_| Errno(libc::EINVAL))?.into());
        waiters.push(addr.ok_or(Errno(libc::EFAULT))?);
        waiters.push(flags.into());
    }
    Ok(waiters)
}
