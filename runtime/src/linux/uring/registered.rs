//! What a ring is told once: buffers, files, eventfds; and what it tells of itself.

use super::lock;
use super::operations::SUPPORTED;
use crate::linux::host::Errno;
use crate::linux::syscall::{Call, SysResult};

// IORING_REGISTER_…
const BUFFERS: u32 = 0;
const UNREGISTER_BUFFERS: u32 = 1;
const FILES: u32 = 2;
const UNREGISTER_FILES: u32 = 3;
const EVENTFD: u32 = 4;
const UNREGISTER_EVENTFD: u32 = 5;
const FILES_UPDATE: u32 = 6;
const EVENTFD_ASYNC: u32 = 7;
const PROBE: u32 = 8;

/// The most buffers and the most files.
const BUFFERS_MAX: u32 = 1 << 14;
const FILES_MAX: u32 = 1 << 15;

/// `io_uring_register(fd, what, argument, count)`.
pub(crate) fn register(c: &mut Call<'_>) -> SysResult {
    let (what, argument, count) = (c.uint(1), c.uint(2), c.uint(3));
    let ring = c.process.rings.get(c.int(0))?;
    let rings = c.process.rings.clone();
    let workers = rings.workers.get().ok_or(Errno(libc::EBADF))?;
    let alone = |wanted: bool| {
        if wanted && (argument != 0 || count != 0) { Err(Errno(libc::EINVAL)) } else { Ok(()) }
    };
    match what {
        BUFFERS => {
            let buffers = buffers(c, argument, count)?;
            let mut state = lock(&ring.state);
            if state.buffers.is_some() {
                return Err(Errno(libc::EBUSY));
            }
            state.buffers = Some(buffers);
        }
        UNREGISTER_BUFFERS => {
            alone(true)?;
            lock(&ring.state).buffers.take().ok_or(Errno(libc::ENXIO))?;
        }
        FILES => {
            let files = numbers(c, argument, count)?;
            if std::mem::replace(&mut lock(&ring.state).has_files, true) {
                return Err(Errno(libc::EBUSY));
            }
            workers.register(&ring, 0, files, true).inspect_err(|_| lock(&ring.state).has_files = false)?;
        }
        UNREGISTER_FILES => {
            alone(true)?;
            if !std::mem::replace(&mut lock(&ring.state).has_files, false) {
                return Err(Errno(libc::ENXIO));
            }
            workers.register(&ring, 0, Vec::new(), true)?;
        }
        FILES_UPDATE => {
            // `struct io_uring_files_update`: where, nothing, the address of the numbers.
            let at = c.memory().read_u32(argument)?;
            let list = c.memory().read_u64(argument.wrapping_add(8))?;
            let files = numbers(c, u32::try_from(list).map_err(|_| Errno(libc::EFAULT))?, count)?;
            if !lock(&ring.state).has_files {
                return Err(Errno(libc::ENXIO));
            }
            workers.register(&ring, at as usize, files, false)?;
            return Ok(count.into());
        }
        EVENTFD | EVENTFD_ASYNC => {
            if count != 1 {
                return Err(Errno(libc::EINVAL));
            }
            let fd = c.memory().read_u32(argument)? as i32;
            if lock(&ring.state).told.is_some() {
                return Err(Errno(libc::EBUSY));
            }
            workers.register_eventfd(&ring, Some(fd))?;
        }
        UNREGISTER_EVENTFD => {
            alone(true)?;
            if lock(&ring.state).told.is_none() {
                return Err(Errno(libc::ENXIO));
            }
            workers.register_eventfd(&ring, None)?;
        }
        PROBE => probe(c, argument, count)?,
        _ => {
            tracing::debug!(target: "syscall", "io_uring_register {what} is not supported");
            return Err(Errno(libc::EINVAL));
        }
    }
    Ok(0)
}

/// Ranges of the guest's memory.
fn buffers(c: &Call<'_>, addr: u32, count: u32) -> Result<Vec<(u32, u32)>, Errno> {
    if count == 0 || count > BUFFERS_MAX {
        return Err(Errno(libc::EINVAL));
    }
    let one = |i: u32| -> Result<(u32, u32), Errno> {
        let at = addr.wrapping_add(8 * i);
        let (base, len) = (c.memory().read_u32(at)?, c.memory().read_u32(at.wrapping_add(4))?);
        if base == 0 && len != 0 || !c.memory().is_mapped(base, len.into()) {
            return Err(Errno(libc::EFAULT));
        }
        Ok((base, len))
    };
    (0..count).map(one).collect()
}

/// Numbers of files.
fn numbers(c: &Call<'_>, addr: u32, count: u32) -> Result<Vec<i32>, Errno> {
    if count == 0 || count > FILES_MAX {
        return Err(Errno(libc::EINVAL));
    }
    (0..count).map(|i| Ok(c.memory().read_u32(addr.wrapping_add(4 * i))? as i32)).collect()
}

/// `struct io_uring_probe`: the last operation, how many follow, and for each whether there is it.
fn probe(c: &Call<'_>, addr: u32, count: u32) -> Result<(), Errno> {
    const MAX: u32 = 256;
    const HEADER: u32 = 16;
    const OPERATION: u32 = 8;
    if count > MAX {
        return Err(Errno(libc::EINVAL));
    }
    let memory = c.memory();
    let last = SUPPORTED.iter().copied().max().unwrap_or_default();
    let shown = count.min(u32::from(last) + 1);
    memory.write_u8(addr, last)?;
    memory.write_u8(addr.wrapping_add(1), shown as u8)?;
    for operation in 0..shown as u8 {
        let at = addr.wrapping_add(HEADER + OPERATION * u32::from(operation));
        let flags = u16::from(SUPPORTED.contains(&operation));
        memory.write_u8(at, operation)?;
        memory.write_u8(at.wrapping_add(1), 0)?;
        memory.write_u16(at.wrapping_add(2), flags)?;
        memory.write_u32(at.wrapping_add(4), 0)?;
    }
    Ok(())
}
