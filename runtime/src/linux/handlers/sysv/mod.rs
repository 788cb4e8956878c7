//! System V IPC: shared memory, message queues, semaphores, and the call `ipc` through which old programs reach them.
//! Identifiers are the host's.

pub(crate) mod msg;
pub(crate) mod sem;
pub(crate) mod shm;

use crate::linux::abi::Encoder;
use crate::linux::host::Errno;
use crate::linux::syscall::{Call, SysResult};

/// What programs add to a command to say that they know the present structures (`IPC_64`).
const IPC_64: i32 = 0x100;

/// The codes of `ipc` (linux/ipc.h).
mod code {
    pub(super) const SEMOP: u32 = 1;
    pub(super) const SEMGET: u32 = 2;
    pub(super) const SEMCTL: u32 = 3;
    pub(super) const SEMTIMEDOP: u32 = 4;
    pub(super) const MSGSND: u32 = 11;
    pub(super) const MSGRCV: u32 = 12;
    pub(super) const MSGGET: u32 = 13;
    pub(super) const MSGCTL: u32 = 14;
    pub(super) const SHMAT: u32 = 21;
    pub(super) const SHMDT: u32 = 22;
    pub(super) const SHMGET: u32 = 23;
    pub(super) const SHMCTL: u32 = 24;
}

/// `ipc(call, first, second, third, ptr, fifth)`. The upper half of `call` is a version.
pub(crate) fn ipc(c: &mut Call<'_>) -> SysResult {
    let (call, version) = (c.uint(0) & 0xffff, c.uint(0) >> 16);
    let [_, first, second, third, ptr, fifth, _] = c.args;
    match call {
        code::SEMCTL => refuse_old(third as i32)?,
        code::MSGCTL | code::SHMCTL => refuse_old(second as i32)?,
        _ => {}
    }
    match call {
        code::SEMOP => with(c, [first, ptr, second, 0, 0], sem::semop),
        code::SEMTIMEDOP => with(c, [first, ptr, second, fifth, 0], sem::semtimedop),
        code::SEMGET => with(c, [first, second, third, 0, 0], sem::semget),
        code::SEMCTL => {
            // Here the union is in memory.
            let value = c.memory().read_u32(ptr as u32)?;
            with(c, [first, second, third, value.into(), 0], sem::semctl)
        }
        code::MSGSND => with(c, [first, ptr, second, third, 0], msg::msgsnd),
        code::MSGRCV if version == 0 => {
            let message = c.memory().read_u32(ptr as u32)?;
            let kind = c.memory().read_u32((ptr as u32).wrapping_add(4))?;
            with(c, [first, message.into(), second, kind.into(), third], msg::msgrcv)
        }
        code::MSGRCV => with(c, [first, ptr, second, fifth, third], msg::msgrcv),
        code::MSGGET => with(c, [first, second, 0, 0, 0], msg::msgget),
        code::MSGCTL => with(c, [first, second, ptr, 0, 0], msg::msgctl),
        code::SHMAT if version == 1 => Err(Errno(libc::EINVAL)),
        code::SHMAT => {
            let at = with(c, [first, ptr, second, 0, 0], shm::shmat)?;
            c.memory().write_u32(third as u32, at as u32)?;
            Ok(0)
        }
        code::SHMDT => with(c, [ptr, 0, 0, 0, 0], shm::shmdt),
        code::SHMGET => with(c, [first, second, third, 0, 0], shm::shmget),
        code::SHMCTL => with(c, [first, second, ptr, 0, 0], shm::shmctl),
        _ => Err(Errno(libc::ENOSYS)),
    }
}

/// Does a call with other arguments.
fn with(c: &mut Call<'_>, args: [u64; 5], f: fn(&mut Call<'_>) -> SysResult) -> SysResult {
    c.args[..5].copy_from_slice(&args);
    f(c)
}

/// A command without what says that the program knows the present structures.
fn command(c: &Call<'_>, index: usize) -> Result<i32, Errno> {
    let command = c.int(index);
    if c.abi().numbers().old_ipc_structures {
        refuse_old(command)?;
    }
    Ok(command & !IPC_64)
}

/// ARM's direct calls and `ipc` have older structures for programs that do not know the present ones. No C library of the
/// last twenty years asks for them.
fn refuse_old(command: i32) -> Result<(), Errno> {
    if [libc::IPC_STAT, libc::IPC_SET].contains(&command) {
        tracing::debug!(target: "syscall", "the System V IPC structures from before Linux 2.4 are not supported");
        return Err(Errno(libc::EINVAL));
    }
    Ok(())
}

/// Adds a `struct ipc64_perm`.
pub(crate) fn encode_permissions(e: &mut Encoder, p: &libc::ipc_perm) {
    e.u32(p.__key as u32).u32(p.uid).u32(p.gid).u32(p.cuid).u32(p.cgid).u32(p.mode.into());
    e.u16(p.__seq).u16(0).u32(0).u32(0);
}

/// Reads from a `struct ipc64_perm` what can be set: owner and mode.
fn read_permissions(c: &Call<'_>, addr: u32, p: &mut libc::ipc_perm) -> Result<(), Errno> {
    /// Where the mode is: ARM has it in 16 bits, MIPS in 32.
    const MODE: u32 = 20;
    let word = |offset: u32| c.memory().read_u32(addr.wrapping_add(offset));
    (p.uid, p.gid, p.mode) = (word(4)?, word(8)?, word(MODE)? as u16);
    Ok(())
}

/// Writes words.
fn write_words(c: &Call<'_>, addr: u32, words: &[u32]) -> Result<(), Errno> {
    let mut e = Encoder::new(c.memory().is_big());
    for &word in words {
        e.u32(word);
    }
    Ok(c.memory().write_bytes(addr, e.as_bytes())?)
}

/// A number that may be too large for a word.
fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
