//! Opening, reading, writing, positions, locks.

use crate::linux::host::{self, Arg, Errno, Plain};
use crate::linux::positions::Positions;
use crate::linux::ptrace::{self, Direction};
use crate::linux::structure::{self, HostBuffer, Member};
use crate::linux::syscall::{Call, SysResult};

/// The most parts a vectored call may have (Linux's UIO_MAXIOV).
const IOV_MAX: u32 = 1024;

pub(crate) fn open(c: &mut Call<'_>) -> SysResult {
    open_at(c, libc::AT_FDCWD, 0, c.uint(1), c.uint(2))
}

pub(crate) fn creat(c: &mut Call<'_>) -> SysResult {
    let path = c.process.followed_path(libc::AT_FDCWD, c.guest_path(0)?);
    let flags = libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC;
    let args = [libc::AT_FDCWD.into(), Arg::string(&path), flags.into(), c.uint_arg(1)];
    c.process.guest_view(host::call(libc::SYS_openat, &args)?, flags as u32)
}

pub(crate) fn openat(c: &mut Call<'_>) -> SysResult {
    open_at(c, c.int(0), 1, c.uint(2), c.uint(3))
}

fn open_at(c: &mut Call<'_>, dir: i32, path: usize, flags: u32, mode: u32) -> SysResult {
    let flags = c.abi().open_flags_to_host(flags);
    let path = c.guest_path(path)?;
    let path = match flags & libc::O_NOFOLLOW as u32 {
        0 => c.process.followed_path(dir, path),
        _ => c.process.host_path(path),
    };
    let opened = host::call(libc::SYS_openat, &[dir.into(), Arg::string(&path), flags.into(), mode.into()])?;
    c.process.guest_view(opened, flags)
}

/// `struct open_how`: flags, mode, resolve.
const OPEN_HOW: [Member; 1] = [Member::U64(3)];
const OPEN_HOW_SIZE: u32 = 24;

pub(crate) fn openat2(c: &mut Call<'_>) -> SysResult {
    let (dir, how, size) = (c.int(0), c.uint(2), c.uint(3));
    check_extensible(c, how, size, OPEN_HOW_SIZE)?;
    let word = |i: u32| c.memory().read_u64(how.wrapping_add(8 * i));
    let (guest_flags, mode, resolve) = (word(0)?, word(1)?, word(2)?);
    // Unlike open, it refuses flags that it does not know.
    let known = c.abi().open_flags().iter().fold(3, |known, &(guest, _)| known | guest);
    if guest_flags & !u64::from(known) != 0 {
        return Err(Errno(libc::EINVAL));
    }
    let flags = c.abi().open_flags_to_host(guest_flags as u32);
    let path = c.guest_path(1)?;
    let path = match resolve {
        0 if flags & libc::O_NOFOLLOW as u32 == 0 => c.process.followed_path(dir, path),
        0 => c.process.host_path(path),
        // The caller says where to look.
        _ => path,
    };
    let mut buffer = HostBuffer::new(structure::host_size(&OPEN_HOW));
    buffer.fill(&[u64::from(flags), mode, resolve].map(u64::to_le_bytes).concat());
    let args = [dir.into(), Arg::string(&path), buffer.arg(), OPEN_HOW_SIZE.into()];
    let opened = host::call(libc::SYS_openat2, &args)?;
    c.process.guest_view(opened, flags)
}

/// Checks a structure that grows with the kernel's versions: what is behind the `known` bytes must be zero.
pub(super) fn check_extensible(c: &Call<'_>, addr: u32, size: u32, known: u32) -> Result<(), Errno> {
    const MOST: u32 = 4096;
    if size < known {
        return Err(Errno(libc::EINVAL));
    }
    if size > MOST {
        return Err(Errno(libc::E2BIG));
    }
    let mut rest = vec![0; (size - known) as usize];
    c.memory().read_bytes(addr.wrapping_add(known), &mut rest)?;
    if rest.iter().any(|&byte| byte != 0) { Err(Errno(libc::E2BIG)) } else { Ok(()) }
}

pub(crate) fn lseek(c: &mut Call<'_>) -> SysResult {
    let position = seek(c, i64::from(c.int(1)), c.int(2))?;
    if position > i32::MAX as u64 { Err(Errno(libc::EOVERFLOW)) } else { Ok(position) }
}

pub(crate) fn llseek(c: &mut Call<'_>) -> SysResult {
    let offset = u64::from(c.uint(1)) << 32 | u64::from(c.uint(2));
    let position = seek(c, offset as i64, c.int(4))?;
    c.memory().write_u64(c.uint(3), position)?;
    Ok(0)
}

/// Seeks; in directories, positions are those that the guest has been shown.
fn seek(c: &Call<'_>, offset: i64, whence: i32) -> SysResult {
    let call = |offset: u64| host::call(libc::SYS_lseek, &[c.int_arg(0), offset.into(), whence.into()]);
    if whence == libc::SEEK_SET && Positions::is_folded(offset) && is_directory(c.int(0)) {
        call(c.process.positions.unfold(offset as u32).ok_or(Errno(libc::EINVAL))?)?;
        return Ok(offset as u64);
    }
    let position = call(offset as u64)?;
    match Positions::is_large(position) && is_directory(c.int(0)) {
        true => Ok(u64::from(c.process.positions.fold(position))),
        false => Ok(position),
    }
}

fn is_directory(fd: i32) -> bool {
    host::open_file_type(fd) == Ok(libc::S_IFDIR)
}

pub(crate) fn truncate(c: &mut Call<'_>) -> SysResult {
    let path = c.path(0)?;
    host::call(libc::SYS_truncate, &[Arg::string(&path), c.int_arg(1)])
}

pub(crate) fn ftruncate(c: &mut Call<'_>) -> SysResult {
    host::call(libc::SYS_ftruncate, &[c.int_arg(0), c.int_arg(1)])
}

/// `write` of guests that have the host's byte order.
pub(crate) fn write(c: &mut Call<'_>) -> SysResult {
    if let Some(done) = ptrace::transfer(c, Direction::Write, None) {
        return done;
    }
    if let Some(written) = super::input::write(c) {
        return written;
    }
    let buffer = c.buffer(c.uint(1), c.long(2))?;
    host::call(libc::SYS_write, &[c.int_arg(0), buffer, c.uint_arg(2)])
}

pub(crate) fn pread64(c: &mut Call<'_>) -> SysResult {
    if let Some(done) = ptrace::transfer(c, Direction::Read, Some(c.long(3))) {
        return done;
    }
    let buffer = c.buffer(c.uint(1), c.long(2))?;
    host::call(libc::SYS_pread64, &[c.int_arg(0), buffer, c.uint_arg(2), c.long(3).into()])
}

pub(crate) fn pwrite64(c: &mut Call<'_>) -> SysResult {
    if let Some(done) = ptrace::transfer(c, Direction::Write, Some(c.long(3))) {
        return done;
    }
    let buffer = c.buffer(c.uint(1), c.long(2))?;
    host::call(libc::SYS_pwrite64, &[c.int_arg(0), buffer, c.uint_arg(2), c.long(3).into()])
}

pub(crate) fn readv(c: &mut Call<'_>) -> SysResult {
    vectored(c, libc::SYS_readv, Direction::Read, None, None)
}

pub(crate) fn writev(c: &mut Call<'_>) -> SysResult {
    vectored(c, libc::SYS_writev, Direction::Write, None, None)
}

pub(crate) fn preadv(c: &mut Call<'_>) -> SysResult {
    vectored(c, libc::SYS_preadv, Direction::Read, Some(position(c)), None)
}

pub(crate) fn pwritev(c: &mut Call<'_>) -> SysResult {
    vectored(c, libc::SYS_pwritev, Direction::Write, Some(position(c)), None)
}

pub(crate) fn preadv2(c: &mut Call<'_>) -> SysResult {
    vectored(c, libc::SYS_preadv2, Direction::Read, Some(position(c)), Some(c.uint(5)))
}

pub(crate) fn pwritev2(c: &mut Call<'_>) -> SysResult {
    vectored(c, libc::SYS_pwritev2, Direction::Write, Some(position(c)), Some(c.uint(5)))
}

/// The position of preadv and its kind comes as low and high word, on either byte order.
fn position(c: &Call<'_>) -> u64 {
    u64::from(c.uint(4)) << 32 | u64::from(c.uint(3))
}

/// `number`'s call, perhaps with a position, perhaps with flags; then a position of -1 is the descriptor's own.
fn vectored(
    c: &Call<'_>,
    number: i64,
    direction: Direction,
    position: Option<u64>,
    flags: Option<u32>,
) -> SysResult {
    let own = flags.is_some() && position == Some(u64::MAX);
    let at = position.filter(|_| !own);
    if let Some(done) = ptrace::transfer_parts(c, direction, at, || guest_parts(c)) {
        return done;
    }
    let parts = read_iovec(c, c.uint(1), c.uint(2))?;
    let mut args = vec![c.int_arg(0), Arg::inputs(&parts), parts.len().into()];
    args.extend(position.into_iter().flat_map(|position| [position.into(), Arg::null()]));
    args.extend(flags.map(Arg::from));
    host::call(number, &args)
}

/// The parts of a vectored call by guest address and length.
fn guest_parts(c: &Call<'_>) -> Result<Vec<(u32, usize)>, Errno> {
    let guest = |part: &libc::iovec| {
        let addr = c.memory().guest_address(part.iov_base as u64).ok_or(Errno(libc::EFAULT))?;
        Ok((addr, part.iov_len))
    };
    read_iovec(c, c.uint(1), c.uint(2))?.iter().map(guest).collect()
}

/// A guest's `struct iovec` array, with host addresses.
pub(crate) fn read_iovec(c: &Call<'_>, addr: u32, count: u32) -> Result<Vec<libc::iovec>, Errno> {
    if count > IOV_MAX {
        return Err(Errno(libc::EINVAL));
    }
    let part = |i: u32| -> Result<libc::iovec, Errno> {
        let entry = addr.wrapping_add(8 * i);
        let (base, len) = (c.memory().read_u32(entry)?, c.memory().read_u32(entry.wrapping_add(4))?);
        if len > i32::MAX as u32 {
            return Err(Errno(libc::EINVAL));
        }
        let host = c.memory().host_range(base, u64::from(len)).ok_or(Errno(libc::EFAULT))?;
        Ok(libc::iovec { iov_base: host as *mut libc::c_void, iov_len: len as usize })
    };
    (0..count).map(part).collect()
}

pub(crate) fn dup3(c: &mut Call<'_>) -> SysResult {
    let flags = c.abi().open_flags_to_host(c.uint(2));
    host::call(libc::SYS_dup3, &[c.int_arg(0), c.int_arg(1), flags.into()])
}

pub(crate) fn sendfile(c: &mut Call<'_>) -> SysResult {
    let addr = c.uint(2);
    if addr == 0 {
        return host::call(libc::SYS_sendfile, &[c.int_arg(0), c.int_arg(1), Arg::null(), c.uint_arg(3)]);
    }
    let mut offset = i64::from(c.memory().read_u32(addr)? as i32);
    let args = [c.int_arg(0), c.int_arg(1), Arg::output(&mut offset), c.uint_arg(3)];
    let sent = host::call(libc::SYS_sendfile, &args)?;
    c.memory().write_u32(addr, offset as u32)?;
    Ok(sent)
}

pub(crate) fn sendfile64(c: &mut Call<'_>) -> SysResult {
    with_offset(c, 2, |c, offset| {
        host::call(libc::SYS_sendfile, &[c.int_arg(0), c.int_arg(1), offset, c.uint_arg(3)])
    })
}

pub(crate) fn copy_file_range(c: &mut Call<'_>) -> SysResult {
    two_offsets(c, libc::SYS_copy_file_range)
}

pub(crate) fn splice(c: &mut Call<'_>) -> SysResult {
    two_offsets(c, libc::SYS_splice)
}

pub(crate) fn vmsplice(c: &mut Call<'_>) -> SysResult {
    let parts = read_iovec(c, c.uint(1), c.uint(2))?;
    host::call(libc::SYS_vmsplice, &[c.int_arg(0), Arg::inputs(&parts), parts.len().into(), c.uint_arg(3)])
}

/// `struct cachestat_range` and `struct cachestat`.
const CACHE_RANGE: [Member; 1] = [Member::U64(2)];
const CACHE_STATISTICS: [Member; 1] = [Member::U64(5)];
/// The same number on all architectures, which libc does not have yet.
const SYS_CACHESTAT: i64 = 451;

pub(crate) fn cachestat(c: &mut Call<'_>) -> SysResult {
    let mut range = HostBuffer::read(c.memory(), c.uint(1), &CACHE_RANGE)?;
    let mut found = HostBuffer::new(structure::host_size(&CACHE_STATISTICS));
    let result = host::call(SYS_CACHESTAT, &[c.int_arg(0), range.arg(), found.arg(), c.uint_arg(3)])?;
    found.write(c.memory(), c.uint(2), &CACHE_STATISTICS)?;
    Ok(result)
}

/// Calls `f` with the 64-bit offset that an argument points to, and writes it back.
fn with_offset(c: &Call<'_>, index: usize, f: impl FnOnce(&Call<'_>, Arg<'_>) -> SysResult) -> SysResult {
    let addr = c.uint(index);
    if addr == 0 {
        return f(c, Arg::null());
    }
    let mut offset = c.memory().read_u64(addr)?;
    let result = f(c, Arg::output(&mut offset))?;
    c.memory().write_u64(addr, offset)?;
    Ok(result)
}

/// A call that takes descriptor and offset twice, then length and flags.
fn two_offsets(c: &Call<'_>, number: i64) -> SysResult {
    with_offset(c, 1, |c, from| {
        with_offset(c, 3, |c, to| {
            host::call(number, &[c.int_arg(0), from, c.int_arg(2), to, c.uint_arg(4), c.uint_arg(5)])
        })
    })
}

pub(crate) fn fcntl(c: &mut Call<'_>) -> SysResult {
    let numbers = c.abi().numbers();
    let command = c.int(1);
    if let Some(place) = numbers.lock.iter().position(|&n| n == command) {
        return lock(c, place, read_flock(c)?, write_flock);
    }
    control(c, command)
}

pub(crate) fn fcntl64(c: &mut Call<'_>) -> SysResult {
    let numbers = c.abi().numbers();
    let command = c.int(1);
    if let Some(place) = numbers.lock64.iter().position(|&n| n == command) {
        return lock(c, place, read_flock64(c)?, write_flock64);
    }
    // Open file description locks have the same numbers everywhere, and always the large structure.
    let description = [libc::F_OFD_GETLK, libc::F_OFD_SETLK, libc::F_OFD_SETLKW];
    if let Some(place) = description.iter().position(|&n| n == command) {
        let mut flock = read_flock64(c)?;
        let result = host::call(libc::SYS_fcntl, &[c.int_arg(0), command.into(), Arg::output(&mut flock)])?;
        if place == 0 {
            write_flock64(c, &flock)?;
        }
        return Ok(result);
    }
    fcntl(c)
}

// Commands that libc does not name.
const F_SETSIG: i32 = 10;
const F_GETSIG: i32 = 11;
const F_SETOWN_EX: i32 = 15;
const F_GETOWN_EX: i32 = 16;
const F_GETOWNER_UIDS: i32 = 17;
const F_DUPFD_QUERY: i32 = 1027;
const F_CREATED_QUERY: i32 = 1028;
const F_GET_RW_HINT: i32 = 1035;
const F_SET_RW_HINT: i32 = 1036;
const F_GET_FILE_RW_HINT: i32 = 1037;
const F_SET_FILE_RW_HINT: i32 = 1038;

/// `struct f_owner_ex`, and two user numbers.
const OWNER: [Member; 1] = [Member::U32(2)];
/// How long data is expected to live.
const HINT: [Member; 1] = [Member::U64(1)];

/// A command with the address of a structure, which is read, or written, as `direction` says.
fn structure(c: &Call<'_>, command: i32, members: &[Member], direction: [bool; 2]) -> SysResult {
    let mut host = match direction[0] {
        true => HostBuffer::read(c.memory(), c.uint(2), members)?,
        false => HostBuffer::new(structure::host_size(members)),
    };
    let result = host::call(libc::SYS_fcntl, &[c.int_arg(0), command.into(), host.arg()])?;
    if direction[1] {
        host.write(c.memory(), c.uint(2), members)?;
    }
    Ok(result)
}

fn control(c: &Call<'_>, command: i32) -> SysResult {
    let numbers = c.abi().numbers();
    let pass = |command: i32| host::call(libc::SYS_fcntl, &[c.int_arg(0), command.into(), c.int_arg(2)]);
    match command {
        libc::F_GETFL => pass(command).map(|flags| u64::from(c.abi().open_flags_to_guest(flags as u32))),
        libc::F_SETFL => {
            let flags = c.abi().open_flags_to_host(c.uint(2));
            host::call(libc::SYS_fcntl, &[c.int_arg(0), command.into(), flags.into()])
        }
        _ if command == numbers.owner[0] => pass(libc::F_SETOWN),
        _ if command == numbers.owner[1] => pass(libc::F_GETOWN),
        F_GETSIG => pass(command).map(|signal| match signal as i32 {
            0 => 0,
            signal => u64::from(c.abi().signal_to_guest(signal)),
        }),
        F_SETSIG => {
            let signal = match c.uint(2) {
                0 => 0,
                guest => c.abi().signal_to_host(guest).ok_or(Errno(libc::EINVAL))?,
            };
            host::call(libc::SYS_fcntl, &[c.int_arg(0), command.into(), signal.into()])
        }
        F_SETOWN_EX => structure(c, command, &OWNER, [true, false]),
        F_GETOWN_EX | F_GETOWNER_UIDS => structure(c, command, &OWNER, [false, true]),
        F_GET_RW_HINT | F_GET_FILE_RW_HINT => structure(c, command, &HINT, [false, true]),
        F_SET_RW_HINT | F_SET_FILE_RW_HINT => structure(c, command, &HINT, [true, false]),
        F_DUPFD_QUERY
        | F_CREATED_QUERY
        | libc::F_DUPFD
        | libc::F_GETFD
        | libc::F_SETFD
        | libc::F_DUPFD_CLOEXEC
        | libc::F_SETLEASE
        | libc::F_GETLEASE
        | libc::F_NOTIFY
        | libc::F_SETPIPE_SZ
        | libc::F_GETPIPE_SZ
        | libc::F_ADD_SEALS
        | libc::F_GET_SEALS => pass(command),
        _ => {
            tracing::debug!(target: "syscall", "fcntl command {command} is not supported");
            Err(Errno(libc::EINVAL))
        }
    }
}

/// Does a lock command on a host `struct flock`.
fn lock(
    c: &Call<'_>,
    place: usize,
    mut flock: libc::flock,
    write_back: fn(&Call<'_>, &libc::flock) -> Result<(), Errno>,
) -> SysResult {
    let command = [libc::F_GETLK, libc::F_SETLK, libc::F_SETLKW][place];
    let result = host::call(libc::SYS_fcntl, &[c.int_arg(0), command.into(), Arg::output(&mut flock)])?;
    if place == 0 {
        write_back(c, &flock)?;
    }
    Ok(result)
}

/// The offset of `l_pid` in a `struct flock`: MIPS has a word more before it.
fn pid_offset(c: &Call<'_>) -> u32 {
    if c.abi().numbers().sigset_size == 16 { 16 } else { 12 }
}

fn read_flock(c: &Call<'_>) -> Result<libc::flock, Errno> {
    let (memory, addr) = (c.memory(), c.uint(2));
    let mut flock = libc::flock::zeroed();
    flock.l_type = memory.read_u16(addr)? as i16;
    flock.l_whence = memory.read_u16(addr.wrapping_add(2))? as i16;
    flock.l_start = i64::from(memory.read_u32(addr.wrapping_add(4))? as i32);
    flock.l_len = i64::from(memory.read_u32(addr.wrapping_add(8))? as i32);
    Ok(flock)
}

fn write_flock(c: &Call<'_>, flock: &libc::flock) -> Result<(), Errno> {
    let (memory, addr) = (c.memory(), c.uint(2));
    let (start, len) = (i32::try_from(flock.l_start), i32::try_from(flock.l_len));
    let (Ok(start), Ok(len)) = (start, len) else { return Err(Errno(libc::EOVERFLOW)) };
    memory.write_u16(addr, flock.l_type as u16)?;
    memory.write_u16(addr.wrapping_add(2), flock.l_whence as u16)?;
    memory.write_u32(addr.wrapping_add(4), start as u32)?;
    memory.write_u32(addr.wrapping_add(8), len as u32)?;
    memory.write_u32(addr.wrapping_add(pid_offset(c)), flock.l_pid as u32)?;
    Ok(())
}

fn read_flock64(c: &Call<'_>) -> Result<libc::flock, Errno> {
    let (memory, addr) = (c.memory(), c.uint(2));
    let mut flock = libc::flock::zeroed();
    flock.l_type = memory.read_u16(addr)? as i16;
    flock.l_whence = memory.read_u16(addr.wrapping_add(2))? as i16;
    flock.l_start = memory.read_u64(addr.wrapping_add(8))? as i64;
    flock.l_len = memory.read_u64(addr.wrapping_add(16))? as i64;
    flock.l_pid = memory.read_u32(addr.wrapping_add(24))? as i32;
    Ok(flock)
}

fn write_flock64(c: &Call<'_>, flock: &libc::flock) -> Result<(), Errno> {
    let (memory, addr) = (c.memory(), c.uint(2));
    memory.write_u16(addr, flock.l_type as u16)?;
    memory.write_u16(addr.wrapping_add(2), flock.l_whence as u16)?;
    memory.write_u64(addr.wrapping_add(8), flock.l_start as u64)?;
    memory.write_u64(addr.wrapping_add(16), flock.l_len as u64)?;
    memory.write_u32(addr.wrapping_add(24), flock.l_pid as u32)?;
    Ok(())
}
