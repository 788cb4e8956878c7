//! Semaphores of System V.

use super::super::time::{Width, optional_timespec};
use super::{command, read_permissions, write_words};
use crate::linux::host::{self, Arg, Errno, Plain};
use crate::linux::syscall::{Call, SysResult};

const GETALL: i32 = 13;
const SETVAL: i32 = 16;
const SETALL: i32 = 17;
const SEM_STAT: i32 = 18;
const SEM_INFO: i32 = 19;
const SEM_STAT_ANY: i32 = 20;

/// More operations than any system allows at once.
const OPERATIONS_MAX: u32 = 1 << 16;

pub(crate) fn semget(c: &mut Call<'_>) -> SysResult {
    host::call(libc::SYS_semget, &[c.int_arg(0), c.int_arg(1), c.uint_arg(2)])
}

pub(crate) fn semop(c: &mut Call<'_>) -> SysResult {
    operate(c, None)
}

pub(crate) fn semtimedop(c: &mut Call<'_>) -> SysResult {
    let timeout = optional_timespec(c, c.uint(3), Width::Short)?;
    operate(c, timeout)
}

pub(crate) fn semtimedop_time64(c: &mut Call<'_>) -> SysResult {
    let timeout = optional_timespec(c, c.uint(3), Width::Long)?;
    operate(c, timeout)
}

fn operate(c: &Call<'_>, timeout: Option<libc::timespec>) -> SysResult {
    let (addr, count) = (c.uint(1), c.uint(2));
    if count > OPERATIONS_MAX {
        return Err(Errno(libc::E2BIG));
    }
    let operation = |i: u32| -> Result<libc::sembuf, Errno> {
        let half = |n: u32| c.memory().read_u16(addr.wrapping_add(6 * i + 2 * n));
        Ok(libc::sembuf { sem_num: half(0)?, sem_op: half(1)? as i16, sem_flg: half(2)? as i16 })
    };
    let operations = (0..count).map(operation).collect::<Result<Vec<_>, _>>()?;
    let timeout = timeout.as_ref().map_or(Arg::null(), Arg::input);
    host::call(libc::SYS_semtimedop, &[c.int_arg(0), Arg::inputs(&operations), count.into(), timeout])
}

/// How many semaphores a set has.
fn set_size(id: i32) -> Result<usize, Errno> {
    let mut status = libc::semid_ds::zeroed();
    host::call(libc::SYS_semctl, &[id.into(), 0.into(), libc::IPC_STAT.into(), Arg::output(&mut status)])?;
    Ok(status.sem_nsems as usize)
}

pub(crate) fn semctl(c: &mut Call<'_>) -> SysResult {
    let command = command(c, 2)?;
    let (id, addr) = (c.int(0), c.uint(3));
    let call = |arg: Arg<'_>| host::call(libc::SYS_semctl, &[id.into(), c.int_arg(1), command.into(), arg]);
    match command {
        SETVAL => call(c.int_arg(3)),
        GETALL => {
            let mut values = vec![0u16; set_size(id)?];
            let result = call(Arg::outputs(&mut values))?;
            for (i, value) in values.into_iter().enumerate() {
                c.memory().write_u16(addr.wrapping_add(2 * i as u32), value)?;
            }
            Ok(result)
        }
        SETALL => {
            let value = |i: usize| c.memory().read_u16(addr.wrapping_add(2 * i as u32));
            let values = (0..set_size(id)?).map(value).collect::<Result<Vec<u16>, _>>()?;
            call(Arg::inputs(&values))
        }
        libc::IPC_STAT | SEM_STAT | SEM_STAT_ANY => {
            let mut status = libc::semid_ds::zeroed();
            let result = call(Arg::output(&mut status))?;
            c.memory().write_bytes(addr, c.abi().semid_ds(&status).as_bytes())?;
            Ok(result)
        }
        libc::IPC_SET => {
            let mut status = libc::semid_ds::zeroed();
            read_permissions(c, addr, &mut status.sem_perm)?;
            call(Arg::input(&status))
        }
        libc::IPC_INFO | SEM_INFO => {
            let mut limits = [0u32; 10];
            let result = call(Arg::outputs(&mut limits))?;
            write_words(c, addr, &limits)?;
            Ok(result)
        }
        // Removing, and what gives one number.
        _ => call(Arg::null()),
    }
}
