//! Scheduling: priorities, policies, processors.

use crate::linux::host::{self, Arg, Errno};
use crate::linux::syscall::{Call, SysResult};

pub(crate) fn nice(c: &mut Call<'_>) -> SysResult {
    // The host's getpriority gives 20 less the value.
    let now = 20 - host::call(libc::SYS_getpriority, &[libc::PRIO_PROCESS.into(), 0.into()])? as i32;
    let wanted = now.saturating_add(c.int(0)).clamp(-20, 19);
    host::call(libc::SYS_setpriority, &[libc::PRIO_PROCESS.into(), 0.into(), wanted.into()])
        .map_err(|errno| if errno.0 == libc::EACCES { Errno(libc::EPERM) } else { errno })
}

pub(crate) fn sched_setscheduler(c: &mut Call<'_>) -> SysResult {
    let priority = c.memory().read_u32(c.uint(2))? as i32;
    host::call(libc::SYS_sched_setscheduler, &[c.int_arg(0), c.int_arg(1), Arg::input(&priority)])
}

pub(crate) fn sched_setparam(c: &mut Call<'_>) -> SysResult {
    let priority = c.memory().read_u32(c.uint(1))? as i32;
    host::call(libc::SYS_sched_setparam, &[c.int_arg(0), Arg::input(&priority)])
}

pub(crate) fn sched_getparam(c: &mut Call<'_>) -> SysResult {
    let mut priority = 0i32;
    host::call(libc::SYS_sched_getparam, &[c.int_arg(0), Arg::output(&mut priority)])?;
    c.memory().write_u32(c.uint(1), priority as u32)?;
    Ok(0)
}

/// Sets of processors are arrays of words.
pub(crate) fn sched_getaffinity(c: &mut Call<'_>) -> SysResult {
    let mut mask = [0u64; 16];
    let size = c.uint(1).min(128);
    if !size.is_multiple_of(4) {
        return Err(Errno(libc::EINVAL));
    }
    let args = [c.int_arg(0), 128.into(), Arg::output(&mut mask)];
    let got = host::call(libc::SYS_sched_getaffinity, &args)? as u32;
    let count = got.min(size) / 4;
    for word in 0..count {
        let value = mask[word as usize / 2] >> (32 * (word % 2));
        c.memory().write_u32(c.uint(2).wrapping_add(4 * word), value as u32)?;
    }
    Ok(u64::from(4 * count))
}

pub(crate) fn sched_setaffinity(c: &mut Call<'_>) -> SysResult {
    let mut mask = [0u64; 16];
    for word in 0..c.uint(1).min(128) / 4 {
        let value = u64::from(c.memory().read_u32(c.uint(2).wrapping_add(4 * word))?);
        mask[word as usize / 2] |= value << (32 * (word % 2));
    }
    host::call(libc::SYS_sched_setaffinity, &[c.int_arg(0), 128.into(), Arg::input(&mask)])
}

pub(crate) fn getcpu(c: &mut Call<'_>) -> SysResult {
    let (mut cpu, mut node) = (0u32, 0u32);
    host::call(libc::SYS_getcpu, &[Arg::output(&mut cpu), Arg::output(&mut node), Arg::null()])?;
    for (addr, value) in [(c.uint(0), cpu), (c.uint(1), node)] {
        if addr != 0 {
            c.memory().write_u32(addr, value)?;
        }
    }
    Ok(0)
}

/// Fields of `struct sched_attr`, with their widths in bytes: size, policy, flags, nice, priority, runtime, deadline,
/// period, and the two limits of utilisation. Guests lay it out as the host does.
const ATTRIBUTES: [u32; 10] = [4, 4, 8, 4, 4, 8, 8, 8, 4, 4];
/// Bytes of the structure, and of its first version.
const ATTRIBUTES_SIZE: u32 = 56;
const ATTRIBUTES_FIRST: u32 = 48;

pub(crate) fn sched_setattr(c: &mut Call<'_>) -> SysResult {
    let addr = c.uint(1);
    let size = match c.memory().read_u32(addr)? {
        0 => ATTRIBUTES_FIRST,
        size => size,
    };
    if size < ATTRIBUTES_FIRST {
        return refuse_size(c, addr);
    }
    // What a newer program knows and we do not must be zero.
    for more in ATTRIBUTES_SIZE..size.min(4096) {
        if c.memory().read_u8(addr.wrapping_add(more))? != 0 {
            return refuse_size(c, addr);
        }
    }
    let mut attributes = Vec::new();
    let mut at = 0;
    for width in ATTRIBUTES {
        let field = addr.wrapping_add(at);
        match (at < size, width) {
            (true, 4) => attributes.extend(c.memory().read_u32(field)?.to_le_bytes()),
            (true, _) => attributes.extend(c.memory().read_u64(field)?.to_le_bytes()),
            (false, _) => attributes.resize(attributes.len() + width as usize, 0),
        }
        at += width;
    }
    attributes[..4].copy_from_slice(&size.min(ATTRIBUTES_SIZE).to_le_bytes());
    host::call(libc::SYS_sched_setattr, &[c.int_arg(0), Arg::inputs(&attributes), c.uint_arg(2)])
}

/// A structure of a size that is not known: the one that is is told.
fn refuse_size(c: &Call<'_>, addr: u32) -> SysResult {
    c.memory().write_u32(addr, ATTRIBUTES_SIZE)?;
    Err(Errno(libc::E2BIG))
}

pub(crate) fn sched_getattr(c: &mut Call<'_>) -> SysResult {
    let (addr, room) = (c.uint(1), c.uint(2));
    if !(ATTRIBUTES_FIRST..=4096).contains(&room) {
        return Err(Errno(libc::EINVAL));
    }
    let mut attributes = vec![0u8; ATTRIBUTES_SIZE as usize];
    let args = [c.int_arg(0), Arg::outputs(&mut attributes), room.min(ATTRIBUTES_SIZE).into(), c.uint_arg(3)];
    host::call(libc::SYS_sched_getattr, &args)?;
    if c.memory().is_big() {
        let mut rest = attributes.as_mut_slice();
        for width in ATTRIBUTES {
            let (field, more) = rest.split_at_mut(width as usize);
            field.reverse();
            rest = more;
        }
    }
    let shown = room.min(ATTRIBUTES_SIZE) as usize;
    c.memory().write_bytes(addr, &attributes[..shown])?;
    Ok(0)
}
