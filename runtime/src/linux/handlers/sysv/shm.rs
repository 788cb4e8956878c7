//! Shared memory segments. They are attached inside the guest's memory.

use std::sync::Arc;

use super::{command, narrow, read_permissions, write_words};
use crate::linux::host::{self, Arg, Errno, Plain};
use crate::linux::syscall::{Call, SysResult};
use crate::memory::{Backing, FileInfo, MapError, MapRequest, Placement, Prot};

const SHM_RDONLY: u32 = 0o10000;
const SHM_RND: u32 = 0o20000;
const SHM_REMAP: u32 = 0o40000;
const SHM_EXEC: u32 = 0o100000;

const SHM_STAT: i32 = 13;
const SHM_INFO: i32 = 14;
const SHM_STAT_ANY: i32 = 15;

pub(crate) fn shmget(c: &mut Call<'_>) -> SysResult {
    host::call(libc::SYS_shmget, &[c.int_arg(0), c.uint_arg(1), c.uint_arg(2)])
}

/// What is known of a segment.
fn status(id: i32) -> Result<libc::shmid_ds, Errno> {
    let mut status = libc::shmid_ds::zeroed();
    host::call(libc::SYS_shmctl, &[id.into(), libc::IPC_STAT.into(), Arg::output(&mut status)])?;
    Ok(status)
}

/// Where a segment goes.
fn placement(c: &Call<'_>, addr: u32, flags: u32) -> Result<Placement, Errno> {
    let boundary = c.abi().numbers().shm_boundary;
    let addr = if flags & SHM_RND != 0 { addr - addr % boundary } else { addr };
    match (addr, flags & SHM_REMAP != 0) {
        (0, true) => Err(Errno(libc::EINVAL)),
        (0, false) => Ok(Placement::Hint(0)),
        (addr, true) => Ok(Placement::Fixed(addr)),
        (addr, false) => Ok(Placement::FixedNoReplace(addr)),
    }
}

pub(crate) fn shmat(c: &mut Call<'_>) -> SysResult {
    let (id, flags) = (c.int(0), c.uint(2));
    let status = status(id)?;
    let mut prot = Prot::READ;
    prot.set(Prot::WRITE, flags & SHM_RDONLY == 0);
    prot.set(Prot::EXEC, flags & SHM_EXEC != 0);
    let path = format!("/SYSV{:08x} (deleted)", status.shm_perm.__key);
    let info = Arc::new(FileInfo { path, dev: 1, ino: id as u64 });
    let request = MapRequest {
        placement: placement(c, c.uint(1), flags)?,
        len: status.shm_segsz as u64,
        prot,
        shared: true,
        backing: Backing::Segment { id, info },
    };
    match c.memory().map(&request) {
        Ok(addr) => Ok(u64::from(addr)),
        Err(MapError::Exists | MapError::TooLow) => Err(Errno(libc::EINVAL)),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn shmdt(c: &mut Call<'_>) -> SysResult {
    c.memory().detach_segment(c.uint(0))?;
    Ok(0)
}

pub(crate) fn shmctl(c: &mut Call<'_>) -> SysResult {
    let command = command(c, 1)?;
    let (id, addr) = (c.int(0), c.uint(2));
    let call = |arg: Arg<'_>| host::call(libc::SYS_shmctl, &[id.into(), command.into(), arg]);
    match command {
        libc::IPC_STAT | SHM_STAT | SHM_STAT_ANY => {
            let mut status = libc::shmid_ds::zeroed();
            let result = call(Arg::output(&mut status))?;
            c.memory().write_bytes(addr, c.abi().shmid_ds(&status).as_bytes())?;
            Ok(result)
        }
        libc::IPC_SET => {
            let mut status = libc::shmid_ds::zeroed();
            read_permissions(c, addr, &mut status.shm_perm)?;
            call(Arg::input(&status))
        }
        libc::IPC_INFO => {
            // Largest, smallest, identifiers, per process, pages in all; and room.
            let mut limits = [0u64; 16];
            let result = call(Arg::outputs(&mut limits))?;
            let mut words = [0u32; 9];
            for (word, limit) in words.iter_mut().zip(limits.iter().take(5)) {
                *word = narrow(*limit);
            }
            write_words(c, addr, &words)?;
            Ok(result)
        }
        SHM_INFO => {
            // A 32-bit count of identifiers, then totals.
            let mut totals = [0u64; 16];
            let result = call(Arg::outputs(&mut totals))?;
            let mut words = [0u32; 6];
            words[0] = totals[0] as u32;
            for (word, total) in words.iter_mut().zip(totals).skip(1) {
                *word = narrow(total);
            }
            write_words(c, addr, &words)?;
            Ok(result)
        }
        // Removing, locking, unlocking.
        _ => call(Arg::null()),
    }
}
