//! Users and groups. The old calls of ARM have 16 bits for a number.

use crate::linux::host::{self, Arg, Errno};
use crate::linux::syscall::{Call, SysResult};

/// What a number that needs more than 16 bits looks like.
const OVERFLOW: u16 = 65534;
/// The most groups there can be (Linux's NGROUPS_MAX).
const GROUPS_MAX: i32 = 65536;

fn narrow(id: u32) -> u16 {
    u16::try_from(id).unwrap_or(OVERFLOW)
}

pub(crate) fn getuid16(_: &mut Call<'_>) -> SysResult {
    Ok(narrow(host::credentials().uid).into())
}

pub(crate) fn geteuid16(_: &mut Call<'_>) -> SysResult {
    Ok(narrow(host::credentials().euid).into())
}

pub(crate) fn getgid16(_: &mut Call<'_>) -> SysResult {
    Ok(narrow(host::credentials().gid).into())
}

pub(crate) fn getegid16(_: &mut Call<'_>) -> SysResult {
    Ok(narrow(host::credentials().egid).into())
}

pub(crate) fn getresuid(c: &mut Call<'_>) -> SysResult {
    three(c, libc::SYS_getresuid, false)
}

pub(crate) fn getresgid(c: &mut Call<'_>) -> SysResult {
    three(c, libc::SYS_getresgid, false)
}

pub(crate) fn getresuid16(c: &mut Call<'_>) -> SysResult {
    three(c, libc::SYS_getresuid, true)
}

pub(crate) fn getresgid16(c: &mut Call<'_>) -> SysResult {
    three(c, libc::SYS_getresgid, true)
}

/// A call that gives real, effective and saved number.
fn three(c: &Call<'_>, number: i64, short: bool) -> SysResult {
    let (mut real, mut effective, mut saved) = (0u32, 0u32, 0u32);
    host::call(number, &[Arg::output(&mut real), Arg::output(&mut effective), Arg::output(&mut saved)])?;
    for (i, id) in [real, effective, saved].into_iter().enumerate() {
        write_id(c, c.uint(i), id, short)?;
    }
    Ok(0)
}

fn write_id(c: &Call<'_>, addr: u32, id: u32, short: bool) -> Result<(), Errno> {
    if short {
        c.memory().write_u16(addr, narrow(id))?;
    } else {
        c.memory().write_u32(addr, id)?;
    }
    Ok(())
}

pub(crate) fn getgroups(c: &mut Call<'_>) -> SysResult {
    get_groups(c, false)
}

pub(crate) fn getgroups16(c: &mut Call<'_>) -> SysResult {
    get_groups(c, true)
}

pub(crate) fn setgroups(c: &mut Call<'_>) -> SysResult {
    set_groups(c, false)
}

pub(crate) fn setgroups16(c: &mut Call<'_>) -> SysResult {
    set_groups(c, true)
}

fn get_groups(c: &Call<'_>, short: bool) -> SysResult {
    let room = c.int(0);
    if !(0..=GROUPS_MAX).contains(&room) {
        return Err(Errno(libc::EINVAL));
    }
    let mut groups = vec![0u32; room as usize];
    let count = host::call(libc::SYS_getgroups, &[room.into(), Arg::outputs(&mut groups)])?;
    let width = if short { 2 } else { 4 };
    for (i, &group) in groups.iter().take(count as usize).enumerate() {
        write_id(c, c.uint(1).wrapping_add(width * i as u32), group, short)?;
    }
    Ok(count)
}

fn set_groups(c: &Call<'_>, short: bool) -> SysResult {
    let count = c.int(0);
    if !(0..=GROUPS_MAX).contains(&count) {
        return Err(Errno(libc::EINVAL));
    }
    let read = |i: u32| -> Result<u32, Errno> {
        let addr = c.uint(1);
        Ok(if short {
            c.memory().read_u16(addr.wrapping_add(2 * i))?.into()
        } else {
            c.memory().read_u32(addr.wrapping_add(4 * i))?
        })
    };
    let groups = (0..count as u32).map(read).collect::<Result<Vec<u32>, Errno>>()?;
    host::call(libc::SYS_setgroups, &[count.into(), Arg::inputs(&groups)])
}
