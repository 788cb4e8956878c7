//! The guest's address space. The work is done by [`UserMemory`](crate::memory::UserMemory); the engine is told what code
//! has gone when the call is over.

use std::sync::Arc;

use super::files::read_iovec;
use super::pidfd;
use crate::linux::host::{self, Arg, Errno};
use crate::linux::proc_files::descriptor_path;
use crate::linux::ptrace::board::Board;
use crate::linux::syscall::{Call, SysResult};
use crate::memory::{Backing, FileInfo, Lock, MapRequest, PAGE_SIZE, Placement, Prot, RemapRequest};

const MAP_SHARED: u32 = 1;
const MAP_PRIVATE: u32 = 2;
const MAP_SHARED_VALIDATE: u32 = 3;
const MAP_TYPE: u32 = 0xf;
const MAP_FIXED: u32 = 0x10;

pub(crate) fn brk(c: &mut Call<'_>) -> SysResult {
    Ok(u64::from(c.memory().brk(c.uint(0))))
}

/// The offset counts pages of 4096 bytes.
pub(crate) fn mmap2(c: &mut Call<'_>) -> SysResult {
    map(c, u64::from(c.uint(5)) * u64::from(PAGE_SIZE))
}

/// The offset counts bytes.
pub(crate) fn mmap(c: &mut Call<'_>) -> SysResult {
    if !c.uint(5).is_multiple_of(PAGE_SIZE) {
        return Err(Errno(libc::EINVAL));
    }
    map(c, u64::from(c.uint(5)))
}

fn map(c: &mut Call<'_>, offset: u64) -> SysResult {
    let numbers = c.abi().numbers();
    let (addr, flags) = (c.uint(0), c.uint(3));
    let anonymous = flags & numbers.map_anonymous != 0;
    let shared = match flags & MAP_TYPE {
        MAP_PRIVATE => false,
        MAP_SHARED => true,
        // No file here has a flag of its own (MAP_SYNC); anonymous memory knows no such request.
        MAP_SHARED_VALIDATE if anonymous => return Err(Errno(libc::EINVAL)),
        MAP_SHARED_VALIDATE if flags & !numbers.map_known != 0 => return Err(Errno(libc::EOPNOTSUPP)),
        MAP_SHARED_VALIDATE => true,
        _ => return Err(Errno(libc::EINVAL)),
    };
    if anonymous && flags & numbers.map_hugetlb != 0 {
        // As where no huge pages are set aside.
        return Err(Errno(libc::ENOMEM));
    }
    let placement = if flags & numbers.map_fixed_noreplace != 0 {
        Placement::FixedNoReplace(addr)
    } else if flags & MAP_FIXED != 0 {
        Placement::Fixed(addr)
    } else {
        Placement::Hint(addr)
    };
    let backing = if anonymous && flags & numbers.map_growsdown != 0 {
        if shared {
            return Err(Errno(libc::EINVAL));
        }
        prepare_growing(c);
        Backing::Growing
    } else if anonymous {
        Backing::Anonymous
    } else if let Some(found) = c.process.rings.memory(c.int(4), offset) {
        let (host, size) = found?;
        if !shared || c.long(1) > size {
            return Err(Errno(libc::EINVAL));
        }
        Backing::Pages { host, info: Arc::new(file_info(c.int(4))?) }
    } else {
        Backing::File { fd: c.int(4), offset, info: Arc::new(file_info(c.int(4))?) }
    };
    let len = c.long(1);
    let start =
        c.memory().map(&MapRequest { placement, len, prot: protection(c.uint(2)), shared, backing })?;
    if flags & numbers.map_populate != 0 {
        // A hint: where it fails, pages come when they are touched.
        let _ = c.memory().advise(start, len, libc::MADV_POPULATE_READ);
    }
    if flags & numbers.map_locked != 0 && c.memory().lock(start, len, Some(Lock::AtOnce)).is_err() {
        c.memory().unmap(start, len)?;
        return Err(Errno(libc::EAGAIN));
    }
    Ok(u64::from(start))
}

/// Prepares for memory that grows when an access below it fails.
fn prepare_growing(c: &Call<'_>) {
    if !c.memory().may_grow() {
        let kept = c.process.limits.kept(libc::RLIMIT_STACK).map(|limit| limit[0]);
        c.memory().set_growth_limit(kept.or_else(host::stack_limit).unwrap_or(u64::MAX));
        c.process.signals.resume_faults(c.engine);
    }
}

/// What `/proc/self/maps` will show of an open file.
fn file_info(fd: i32) -> Result<FileInfo, Errno> {
    let (dev, ino) = host::open_file_numbers(fd)?;
    let path = descriptor_path(fd).unwrap_or_default().display().to_string();
    Ok(FileInfo { path, dev, ino })
}

fn protection(bits: u32) -> Prot {
    Prot::from_bits_truncate(bits as u8)
}

pub(crate) fn munmap(c: &mut Call<'_>) -> SysResult {
    c.memory().unmap(c.uint(0), c.long(1))?;
    Ok(0)
}

pub(crate) fn mprotect(c: &mut Call<'_>) -> SysResult {
    c.memory().protect(c.uint(0), c.long(1), protection(c.uint(2)))?;
    Ok(0)
}

pub(crate) fn mremap(c: &mut Call<'_>) -> SysResult {
    const MAYMOVE: u32 = 1;
    const FIXED: u32 = 2;
    const DONTUNMAP: u32 = 4;
    let flags = c.uint(3);
    if flags & !(MAYMOVE | FIXED | DONTUNMAP) != 0 || flags & (FIXED | DONTUNMAP) != 0 && flags & MAYMOVE == 0
    {
        return Err(Errno(libc::EINVAL));
    }
    let request = RemapRequest {
        addr: c.uint(0),
        old_len: c.long(1),
        new_len: c.long(2),
        may_move: flags & MAYMOVE != 0,
        fixed: (flags & FIXED != 0).then(|| c.uint(4)),
        keep: flags & DONTUNMAP != 0,
    };
    Ok(u64::from(c.memory().remap(&request)?))
}

pub(crate) fn madvise(c: &mut Call<'_>) -> SysResult {
    advise(c, c.uint(0), c.long(1), c.int(2)).map(|()| 0)
}

/// Does what a piece of advice asks for, or takes it for one about speed.
fn advise(c: &Call<'_>, addr: u32, len: u64, advice: i32) -> Result<(), Errno> {
    // Advice that libc does not name.
    const MADV_DONTNEED_LOCKED: i32 = 24;
    const MADV_GUARD_INSTALL: i32 = 102;
    const MADV_GUARD_REMOVE: i32 = 103;
    let passed_on = [
        MADV_DONTNEED_LOCKED,
        MADV_GUARD_INSTALL,
        MADV_GUARD_REMOVE,
        libc::MADV_DONTNEED,
        libc::MADV_FREE,
        libc::MADV_REMOVE,
        libc::MADV_DONTFORK,
        libc::MADV_DOFORK,
        libc::MADV_WIPEONFORK,
        libc::MADV_KEEPONFORK,
        libc::MADV_POPULATE_READ,
        libc::MADV_POPULATE_WRITE,
    ];
    if passed_on.contains(&advice) {
        return Ok(c.memory().advise(addr, len, advice)?);
    }
    if !addr.is_multiple_of(PAGE_SIZE) || !(0..=4).contains(&advice) && !(8..=25).contains(&advice) {
        return Err(Errno(libc::EINVAL));
    }
    // The rest is about speed only.
    if c.memory().is_mapped(addr, len) { Ok(()) } else { Err(Errno(libc::ENOMEM)) }
}

/// `process_madvise(process, ranges, count, advice, flags)`.
pub(crate) fn process_madvise(c: &mut Call<'_>) -> SysResult {
    const MADV_COLLAPSE: i32 = 25;
    const SYS_PROCESS_MADVISE: i64 = 440;
    let advice = c.int(3);
    if c.uint(4) != 0 {
        return Err(Errno(libc::EINVAL));
    }
    let mut ranges = read_iovec(c, c.uint(1), c.uint(2))?;
    let pid = pidfd::process_of(c.int(0))?;
    if is_own_thread(pid) {
        return advise_ranges(c, &ranges, advice);
    }
    if ![libc::MADV_WILLNEED, libc::MADV_COLD, libc::MADV_PAGEOUT, MADV_COLLAPSE].contains(&advice) {
        return Err(Errno(libc::EINVAL));
    }
    move_ranges(c, pid, &mut ranges)?;
    let args = [c.int_arg(0), Arg::inputs(&ranges), ranges.len().into(), advice.into(), 0.into()];
    host::call(SYS_PROCESS_MADVISE, &args)
}

/// Advice about this process, range by range until one is refused; gives how much has been advised about.
fn advise_ranges(c: &Call<'_>, ranges: &[libc::iovec], advice: i32) -> SysResult {
    let mut done = 0;
    for range in ranges {
        let addr = c.memory().guest_address(range.iov_base as u64).ok_or(Errno(libc::EFAULT))?;
        match advise(c, addr, range.iov_len as u64, advice) {
            Ok(()) => done += range.iov_len as u64,
            Err(errno) if done == 0 => return Err(errno),
            Err(_) => break,
        }
    }
    Ok(done)
}

pub(crate) fn msync(c: &mut Call<'_>) -> SysResult {
    if !c.uint(0).is_multiple_of(PAGE_SIZE) {
        return Err(Errno(libc::EINVAL));
    }
    let range = mapped_range(c)?;
    host::call(libc::SYS_msync, &[range, c.uint_arg(1), c.uint_arg(2)])
}

pub(crate) fn mlock(c: &mut Call<'_>) -> SysResult {
    c.memory().lock(c.uint(0), c.long(1), Some(Lock::AtOnce))?;
    Ok(0)
}

pub(crate) fn mlock2(c: &mut Call<'_>) -> SysResult {
    let lock = match c.uint(2) {
        0 => Lock::AtOnce,
        libc::MLOCK_ONFAULT => Lock::WhenTouched,
        _ => return Err(Errno(libc::EINVAL)),
    };
    c.memory().lock(c.uint(0), c.long(1), Some(lock))?;
    Ok(0)
}

pub(crate) fn munlock(c: &mut Call<'_>) -> SysResult {
    c.memory().lock(c.uint(0), c.long(1), None)?;
    Ok(0)
}

/// Locks the guest's memory, and nothing of Demotic's.
pub(crate) fn mlockall(c: &mut Call<'_>) -> SysResult {
    const CURRENT: u32 = 1;
    const FUTURE: u32 = 2;
    const ONFAULT: u32 = 4;
    let flags = c.uint(0);
    if flags & (CURRENT | FUTURE) == 0 || flags & !(CURRENT | FUTURE | ONFAULT) != 0 {
        return Err(Errno(libc::EINVAL));
    }
    let lock = if flags & ONFAULT != 0 { Lock::WhenTouched } else { Lock::AtOnce };
    let if_asked = |what: u32| (flags & what != 0).then_some(lock);
    c.memory().lock_all(if_asked(CURRENT), if_asked(FUTURE))?;
    Ok(0)
}

pub(crate) fn munlockall(c: &mut Call<'_>) -> SysResult {
    c.memory().lock_all(None, None)?;
    Ok(0)
}

pub(crate) fn mincore(c: &mut Call<'_>) -> SysResult {
    if !c.uint(0).is_multiple_of(PAGE_SIZE) {
        return Err(Errno(libc::EINVAL));
    }
    let range = mapped_range(c)?;
    let pages = c.long(1).div_ceil(u64::from(PAGE_SIZE));
    let result = c.buffer(c.uint(2), pages)?;
    host::call(libc::SYS_mincore, &[range, c.uint_arg(1), result])
}

/// The page protection argument is one that has to be 0, and the flags are ignored.
pub(crate) fn remap_file_pages(c: &mut Call<'_>) -> SysResult {
    if c.uint(2) != 0 {
        return Err(Errno(libc::EINVAL));
    }
    c.memory().show_part(c.uint(0), c.long(1), c.long(3))?;
    Ok(0)
}

pub(crate) fn process_vm_readv(c: &mut Call<'_>) -> SysResult {
    process_vm(c, libc::SYS_process_vm_readv)
}

pub(crate) fn process_vm_writev(c: &mut Call<'_>) -> SysResult {
    process_vm(c, libc::SYS_process_vm_writev)
}

/// Copies between ranges of the guest's memory and another guest's. The addresses in other processes are the guest's there.
fn process_vm(c: &Call<'_>, number: i64) -> SysResult {
    let pid = c.int(0);
    if c.uint(5) != 0 {
        return Err(Errno(libc::EINVAL));
    }
    let (here, mut there) = (read_iovec(c, c.uint(1), c.uint(2))?, read_iovec(c, c.uint(3), c.uint(4))?);
    if !is_own_thread(pid) {
        // Whether there is such a process is said all the same.
        host::call_now(libc::SYS_kill, &[pid.into(), 0.into()])?;
        move_ranges(c, pid, &mut there)?;
    }
    let args = [
        pid.into(),
        Arg::inputs(&here),
        here.len().into(),
        Arg::inputs(&there),
        there.len().into(),
        0.into(),
    ];
    host::call(number, &args)
}

/// Has ranges of this guest's memory be those of the same addresses in another's.
fn move_ranges(c: &Call<'_>, pid: i32, ranges: &mut [libc::iovec]) -> Result<(), Errno> {
    let board = Board::of(pid).ok_or(Errno(libc::EPERM))?;
    for range in ranges {
        let addr = c.memory().guest_address(range.iov_base as u64).ok_or(Errno(libc::EFAULT))?;
        let host = board.host_range(addr, range.iov_len as u64).ok_or(Errno(libc::EFAULT))?;
        range.iov_base = host as *mut libc::c_void;
    }
    Ok(())
}

/// Whether a number is that of this process or of one of its threads.
fn is_own_thread(pid: i32) -> bool {
    let own = std::process::id() as i32;
    pid == own || pid > 0 && host::call_now(libc::SYS_tgkill, &[own.into(), pid.into(), 0.into()]).is_ok()
}

/// The range of the first two arguments, if the guest has something mapped everywhere in it.
fn mapped_range<'a>(c: &Call<'_>) -> Result<Arg<'a>, Errno> {
    let (addr, len) = (c.uint(0), c.long(1));
    if !c.memory().is_mapped(addr, len) {
        return Err(Errno(libc::ENOMEM));
    }
    c.buffer(addr, len)
}
