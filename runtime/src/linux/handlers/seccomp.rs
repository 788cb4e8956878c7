//! `seccomp`, and what `prctl` has of it. The filters themselves are in [`seccomp`](crate::linux::seccomp).

use crate::linux::host::{self, Arg, Errno};
use crate::linux::seccomp::action;
use crate::linux::seccomp::bpf::{Instruction, LENGTH_MAX, Program};
use crate::linux::syscall::{Call, SysResult};

const SET_MODE_STRICT: u32 = 0;
const SET_MODE_FILTER: u32 = 1;
const GET_ACTION_AVAIL: u32 = 2;

const FLAG_TSYNC: u32 = 1;
const FLAG_LOG: u32 = 2;
const FLAG_SPEC_ALLOW: u32 = 4;
const FLAG_TSYNC_ESRCH: u32 = 16;

/// The modes of `prctl`.
const MODE_STRICT: u32 = 1;
const MODE_FILTER: u32 = 2;

pub(crate) fn seccomp(c: &mut Call<'_>) -> SysResult {
    let (operation, flags, addr) = (c.uint(0), c.uint(1), c.uint(2));
    match operation {
        SET_MODE_STRICT if flags == 0 && addr == 0 => c.process.seccomp.set_strict().map(|()| 0),
        SET_MODE_FILTER => add_filter(c, flags, addr),
        GET_ACTION_AVAIL if flags == 0 => match c.memory().read_u32(addr)? {
            action::KILL_PROCESS
            | action::KILL_THREAD
            | action::TRAP
            | action::ERRNO
            | action::TRACE
            | action::LOG
            | action::ALLOW => Ok(0),
            _ => Err(Errno(libc::EOPNOTSUPP)),
        },
        _ => Err(Errno(libc::EINVAL)),
    }
}

/// `prctl(PR_SET_SECCOMP, mode, filter)`.
pub(super) fn set_mode(c: &mut Call<'_>) -> SysResult {
    match c.uint(1) {
        MODE_STRICT => c.process.seccomp.set_strict().map(|()| 0),
        MODE_FILTER => add_filter(c, 0, c.uint(2)),
        _ => Err(Errno(libc::EINVAL)),
    }
}

fn add_filter(c: &Call<'_>, flags: u32, addr: u32) -> SysResult {
    if flags & !(FLAG_TSYNC | FLAG_LOG | FLAG_SPEC_ALLOW | FLAG_TSYNC_ESRCH) != 0 {
        return Err(Errno(libc::EINVAL));
    }
    let program = read_program(c, addr)?;
    if !may_filter()? {
        return Err(Errno(libc::EACCES));
    }
    match c.process.seccomp.add(program, flags & FLAG_TSYNC != 0)? {
        None => Ok(0),
        Some(_) if flags & FLAG_TSYNC_ESRCH != 0 => Err(Errno(libc::ESRCH)),
        Some(thread) => Ok(thread.into()),
    }
}

/// A guest's `struct sock_fprog`: a length in 16 bits, and an address.
fn read_program(c: &Call<'_>, addr: u32) -> Result<Program, Errno> {
    const INSTRUCTION: u32 = 8;
    let (count, start) = (c.memory().read_u16(addr)?, c.memory().read_u32(addr.wrapping_add(4))?);
    if count == 0 || usize::from(count) > LENGTH_MAX {
        return Err(Errno(libc::EINVAL));
    }
    let read = |i: u32| -> Result<Instruction, Errno> {
        let (memory, at) = (c.memory(), start.wrapping_add(INSTRUCTION * i));
        Ok(Instruction {
            code: memory.read_u16(at)?,
            jt: memory.read_u8(at.wrapping_add(2))?,
            jf: memory.read_u8(at.wrapping_add(3))?,
            k: memory.read_u32(at.wrapping_add(4))?,
        })
    };
    let instructions = (0..count.into()).map(read).collect::<Result<Vec<_>, _>>()?;
    Program::new(instructions).ok_or(Errno(libc::EINVAL))
}

/// Whether the process can gain no privileges by executing programs, or has all of them.
fn may_filter() -> Result<bool, Errno> {
    const VERSION_3: u32 = 0x2008_0522;
    const CAP_SYS_ADMIN: u32 = 21;
    let confined = host::call_now(libc::SYS_prctl, &[libc::PR_GET_NO_NEW_PRIVS.into()])? == 1;
    let (mut header, mut data) = ([VERSION_3, 0], [0u32; 6]);
    host::call_now(libc::SYS_capget, &[Arg::output(&mut header), Arg::output(&mut data)])?;
    Ok(confined || data[0] >> CAP_SYS_ADMIN & 1 != 0)
}
