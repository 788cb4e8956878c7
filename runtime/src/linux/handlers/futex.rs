//! Futexes: the host's, on the words of guest memory. Where the guest has the other byte order, what the host would
//! compute with a word is computed here.

use demotic_ir::Fault;

use super::futex_pi;
use super::time::{Width, optional_timespec};
use crate::linux::host::{self, Arg, Errno};
use crate::linux::syscall::{Call, SysResult};
use crate::memory::UserMemory;

pub(crate) fn futex(c: &mut Call<'_>) -> SysResult {
    call(c, Width::Short)
}

pub(crate) fn futex_time64(c: &mut Call<'_>) -> SysResult {
    call(c, Width::Long)
}

/// `futex(addr, operation, value, timeout or second value, second addr, third value)`.
fn call(c: &Call<'_>, width: Width) -> SysResult {
    let command = c.int(1) & libc::FUTEX_CMD_MASK;
    match command {
        libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET => wait(c, width),
        libc::FUTEX_WAKE | libc::FUTEX_WAKE_BITSET => pass_on(c, c.uint(2), Arg::null(), c.uint(5)),
        libc::FUTEX_REQUEUE => pass_on(c, c.uint(2), c.uint_arg(3), 0),
        libc::FUTEX_CMP_REQUEUE => pass_on(c, c.uint(2), c.uint_arg(3), host_order(c, c.uint(5))),
        libc::FUTEX_WAKE_OP if c.memory().is_big() => wake_op(c),
        libc::FUTEX_WAKE_OP => pass_on(c, c.uint(2), c.uint_arg(3), c.uint(5)),
        // The host's kernel keeps thread numbers in these words.
        _ if c.memory().is_big() => futex_pi::call(c, width),
        libc::FUTEX_LOCK_PI | libc::FUTEX_LOCK_PI2 | libc::FUTEX_WAIT_REQUEUE_PI => {
            futex_pi::go_on(wait(c, width))
        }
        libc::FUTEX_TRYLOCK_PI | libc::FUTEX_UNLOCK_PI => pass_on(c, c.uint(2), Arg::null(), 0),
        libc::FUTEX_CMP_REQUEUE_PI => pass_on(c, c.uint(2), c.uint_arg(3), c.uint(5)),
        _ => {
            tracing::debug!(target: "syscall", "futex command {command} is not supported");
            Err(Errno(libc::ENOSYS))
        }
    }
}

/// The commands that wait, with a timeout.
fn wait(c: &Call<'_>, width: Width) -> SysResult {
    let timeout = optional_timespec(c, c.uint(3), width)?;
    let timeout = timeout.as_ref().map_or(Arg::null(), Arg::input);
    pass_on(c, host_order(c, c.uint(2)), timeout, c.uint(5))
}

/// Calls the host with the guest's words.
fn pass_on(c: &Call<'_>, value: u32, second: Arg<'_>, third: u32) -> SysResult {
    let word = c.buffer(c.uint(0), 4)?;
    // Where it is not used it may be anything.
    let other = if has_second_word(c.int(1)) { c.buffer(c.uint(4), 4)? } else { Arg::null() };
    let args = [word, c.int_arg(1), value.into(), second, other, third.into()];
    host::call(libc::SYS_futex, &args)
}

fn has_second_word(operation: i32) -> bool {
    let requeues = [libc::FUTEX_REQUEUE, libc::FUTEX_CMP_REQUEUE, libc::FUTEX_WAKE_OP];
    let inherit = [libc::FUTEX_WAIT_REQUEUE_PI, libc::FUTEX_CMP_REQUEUE_PI];
    let command = operation & libc::FUTEX_CMD_MASK;
    requeues.contains(&command) || inherit.contains(&command)
}

/// A value that the host's kernel compares with a guest's word.
pub(super) fn host_order(c: &Call<'_>, value: u32) -> u32 {
    if c.memory().is_big() { value.swap_bytes() } else { value }
}

/// `FUTEX_WAKE_OP` on words of the other byte order: wakes waiters of the first word, and if the second, which is changed,
/// was as the operation says, some of its own too.
fn wake_op(c: &Call<'_>) -> SysResult {
    let wake = |addr: u32, count: u32| -> SysResult {
        let flags = c.int(1) & !libc::FUTEX_CMD_MASK;
        let args = [c.buffer(addr, 4)?, (libc::FUTEX_WAKE | flags).into(), count.into()];
        host::call_now(libc::SYS_futex, &args)
    };
    let (first, second) = (c.uint(0), c.uint(4));
    if !first.is_multiple_of(4) || !second.is_multiple_of(4) {
        return Err(Errno(libc::EINVAL));
    }
    let operation = WakeOperation(c.uint(5));
    let was_so = operation.apply(c.memory(), second)?.ok_or(Errno(libc::ENOSYS))?;
    let mut woken = wake(first, c.uint(2))?;
    if was_so {
        woken += wake(second, c.uint(3))?;
    }
    Ok(woken)
}

/// What `FUTEX_WAKE_OP` does: four bits each of operation and comparison, twelve each of their operands.
#[derive(Clone, Copy)]
struct WakeOperation(u32);

impl WakeOperation {
    /// Changes a word; gives whether it compared so before, or `None` for operations that do not exist.
    fn apply(self, memory: &UserMemory, addr: u32) -> Result<Option<bool>, Fault> {
        if self.changed(0).is_none() || self.compares(0).is_none() {
            return Ok(None);
        }
        let old = memory.update_u32(addr, |word| self.changed(word).unwrap_or(word))?;
        Ok(self.compares(old))
    }

    fn changed(self, word: u32) -> Option<u32> {
        const SHIFTED_OPERAND: u32 = 8;
        let (kind, operand) = (self.0 >> 28, (self.0 << 8) as i32 >> 20);
        let operand = if kind & SHIFTED_OPERAND != 0 { 1 << (operand & 31) } else { operand as u32 };
        Some(match kind & !SHIFTED_OPERAND {
            0 => operand,
            1 => word.wrapping_add(operand),
            2 => word | operand,
            3 => word & !operand,
            4 => word ^ operand,
            _ => return None,
        })
    }

    fn compares(self, word: u32) -> Option<bool> {
        let (word, with) = (word as i32, (self.0 << 20) as i32 >> 20);
        Some(match self.0 >> 24 & 15 {
            0 => word == with,
            1 => word != with,
            2 => word < with,
            3 => word <= with,
            4 => word > with,
            5 => word >= with,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wake_operations_are_decoded() {
        // FUTEX_OP(FUTEX_OP_ADD, -1, FUTEX_OP_CMP_GT, 1)
        let decrement = WakeOperation(1 << 28 | 4 << 24 | 0xfff << 12 | 1);
        assert_eq!((decrement.changed(5), decrement.compares(5)), (Some(4), Some(true)));
        assert_eq!(decrement.compares(1), Some(false));
        // FUTEX_OP(FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT, 4, FUTEX_OP_CMP_EQ, -1)
        let set = WakeOperation(10 << 28 | 4 << 12 | 0xfff);
        assert_eq!((set.changed(1), set.compares(u32::MAX)), (Some(17), Some(true)));
        assert_eq!(WakeOperation(7 << 28).changed(0), None);
    }
}
