//! `/proc/PID/mem` of tracees and of the process itself. What the guest has open is an empty file that stands for it; reading and writing it is done
//! on the process's guest memory. The host's own file would show Demotic's memory, too.

use std::collections::HashMap;
use std::ffi::CString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::board::Board;
use super::requests::write_forced;
use crate::linux::host::{self, Arg, Errno};
use crate::linux::syscall::{Call, SysResult};

/// Which files stand for the memory of which process.
#[derive(Debug, Default)]
pub(crate) struct MemoryFiles {
    /// Whether there are any.
    any: AtomicBool,
    /// Processes by device and inode.
    files: Mutex<HashMap<(u64, u64), i32>>,
}

/// The most that is copied at once.
const MOST: usize = 1 << 20;

impl MemoryFiles {
    fn files(&self) -> MutexGuard<'_, HashMap<(u64, u64), i32>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The files that a child inherits.
    pub(crate) fn for_child(&self) -> MemoryFiles {
        let any = AtomicBool::new(self.any.load(Ordering::Relaxed));
        MemoryFiles { any, files: Mutex::new(self.files().clone()) }
    }

    /// Opens the memory of a process.
    pub(crate) fn open(&self, pid: i32, flags: u32) -> SysResult {
        let name = CString::new(format!("/proc/{pid}/mem")).unwrap_or_default();
        let cloexec = if flags & libc::O_CLOEXEC as u32 != 0 { libc::MFD_CLOEXEC } else { 0 };
        let made = host::call_now(libc::SYS_memfd_create, &[Arg::string(&name), cloexec.into()])?;
        self.files().insert(host::open_file_numbers(made as i32)?, pid);
        self.any.store(true, Ordering::SeqCst);
        Ok(made)
    }

    /// The process whose memory a descriptor stands for.
    fn process(&self, fd: i32) -> Option<i32> {
        if !self.any.load(Ordering::Relaxed) {
            return None;
        }
        // Descriptors of everything else are not among the inodes of memory files.
        self.files().get(&host::open_file_numbers(fd).ok()?).copied()
    }
}

/// What is to be done with memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Direction {
    Read,
    Write,
}

/// Reads or writes at a position, or at the descriptor's own, where a descriptor stands for memory. The
/// arguments are descriptor, buffer and length.
pub(crate) fn transfer(c: &Call<'_>, direction: Direction, position: Option<u64>) -> Option<SysResult> {
    transfer_parts(c, direction, position, || Ok(vec![(c.uint(1), c.uint(2) as usize)]))
}

/// The same with several buffers, by address and length, which are looked at only where it is so. The first argument is the
/// descriptor.
pub(crate) fn transfer_parts(
    c: &Call<'_>,
    direction: Direction,
    position: Option<u64>,
    parts: impl FnOnce() -> Result<Vec<(u32, usize)>, Errno>,
) -> Option<SysResult> {
    let pid = c.process.memory_files.process(c.int(0))?;
    Some(parts().and_then(|parts| transfer_at(c, pid, direction, position, &parts)))
}

fn transfer_at(
    c: &Call<'_>,
    pid: i32,
    direction: Direction,
    position: Option<u64>,
    parts: &[(u32, usize)],
) -> SysResult {
    let seek = |offset: u64, whence: i32| {
        host::call_now(libc::SYS_lseek, &[c.int_arg(0), offset.into(), whence.into()])
    };
    let at = match position {
        Some(position) => position,
        None => seek(0, libc::SEEK_CUR)?,
    };
    let board = Board::of(pid).ok_or(Errno(libc::EIO))?;
    let mut done = 0;
    for &(buffer, len) in parts {
        let part = transfer_part(c, pid, &board, direction, at + done, (buffer, len.min(MOST)));
        match part {
            // What has been done counts.
            Err(_) if done > 0 => break,
            Err(errno) => return Err(errno),
            Ok(count) => done += count,
        }
        if part != Ok(len as u64) {
            break;
        }
    }
    if position.is_none() {
        seek(at + done, libc::SEEK_SET)?;
    }
    Ok(done)
}

fn transfer_part(
    c: &Call<'_>,
    pid: i32,
    board: &Board,
    direction: Direction,
    at: u64,
    buffer: (u32, usize),
) -> SysResult {
    let addr = u32::try_from(at).map_err(|_| Errno(libc::EIO))?;
    match direction {
        Direction::Read => read(c, board, pid, addr, buffer),
        Direction::Write => write(c, board, pid, addr, buffer),
    }
}

fn read(c: &Call<'_>, board: &Board, pid: i32, addr: u32, (buffer, len): (u32, usize)) -> SysResult {
    let mut bytes = vec![0; len];
    let got = board.read(pid, addr, &mut bytes).map_err(|_| Errno(libc::EIO))?;
    c.memory().write_bytes(buffer, &bytes[..got])?;
    Ok(got as u64)
}

fn write(c: &Call<'_>, board: &Board, pid: i32, addr: u32, (buffer, len): (u32, usize)) -> SysResult {
    let mut bytes = vec![0; len];
    c.memory().read_bytes(buffer, &mut bytes)?;
    let tracees = &c.process.tracees;
    let Some(tid) = tracees.stopped_thread(pid) else {
        return Ok(board.write(pid, addr, &bytes).map_err(|_| Errno(libc::EIO))? as u64);
    };
    write_forced(board, tid, addr, &bytes)?;
    tracees.note_written(tid, addr, addr.saturating_add(len as u32));
    Ok(len as u64)
}
