//! The guest's address space. The work is done by [`UserMemory`](crate::memory::UserMemory); the engine is told what code
//! has gone when the call is over.

use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use crate::linux::host::{self, Arg, Errno};
use crate::linux::syscall::{Call, SysResult};
use crate::memory::{Backing, FileInfo, MapRequest, PAGE_SIZE, Placement, Prot, RemapRequest};

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
    let shared = match flags & MAP_TYPE {
        MAP_PRIVATE => false,
        MAP_SHARED | MAP_SHARED_VALIDATE => true,
        _ => return Err(Errno(libc::EINVAL)),
    };
    let placement = if flags & numbers.map_fixed_noreplace != 0 {
        Placement::FixedNoReplace(addr)
    } else if flags & MAP_FIXED != 0 {
        Placement::Fixed(addr)
    } else {
        Placement::Hint(addr)
    };
    let backing = if flags & numbers.map_anonymous != 0 {
        Backing::Anonymous
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
    Ok(u64::from(start))
}

/// What `/proc/self/maps` will show of an open file.
fn file_info(fd: i32) -> Result<FileInfo, Errno> {
    let link = format!("/proc/self/fd/{fd}");
    let metadata = std::fs::metadata(&link).map_err(|_| Errno(libc::EBADF))?;
    let path = std::fs::read_link(&link).unwrap_or_default().display().to_string();
    Ok(FileInfo { path, dev: metadata.dev(), ino: metadata.ino() })
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
    let flags = c.uint(3);
    if flags & !(MAYMOVE | FIXED) != 0 || flags & (MAYMOVE | FIXED) == FIXED {
        return Err(Errno(libc::EINVAL));
    }
    let request = RemapRequest {
        addr: c.uint(0),
        old_len: c.long(1),
        new_len: c.long(2),
        may_move: flags & MAYMOVE != 0,
        fixed: (flags & FIXED != 0).then(|| c.uint(4)),
    };
    Ok(u64::from(c.memory().remap(&request)?))
}

pub(crate) fn madvise(c: &mut Call<'_>) -> SysResult {
    let advice = c.int(2);
    let passed_on = [
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
        c.memory().advise(c.uint(0), c.long(1), advice)?;
        return Ok(0);
    }
    if !c.uint(0).is_multiple_of(PAGE_SIZE) || !(0..=25).contains(&advice) {
        return Err(Errno(libc::EINVAL));
    }
    // The rest is about speed only.
    if c.memory().is_mapped(c.uint(0), c.long(1)) { Ok(0) } else { Err(Errno(libc::ENOMEM)) }
}

pub(crate) fn msync(c: &mut Call<'_>) -> SysResult {
    let range = mapped_range(c)?;
    host::call(libc::SYS_msync, &[range, c.uint_arg(1), c.uint_arg(2)])
}

/// Whether pages are locked changes nothing that a program can see; that they are mapped is checked.
pub(crate) fn mlock(c: &mut Call<'_>) -> SysResult {
    mapped_range(c)?;
    Ok(0)
}

pub(crate) fn mlockall(_: &mut Call<'_>) -> SysResult {
    Ok(0)
}

pub(crate) fn mincore(c: &mut Call<'_>) -> SysResult {
    let range = mapped_range(c)?;
    let pages = c.long(1).div_ceil(u64::from(PAGE_SIZE));
    let result = c.buffer(c.uint(2), pages)?;
    host::call(libc::SYS_mincore, &[range, c.uint_arg(1), result])
}

/// The range of the first two arguments, if the guest has something mapped everywhere in it.
fn mapped_range<'a>(c: &Call<'_>) -> Result<Arg<'a>, Errno> {
    let (addr, len) = (c.uint(0), c.long(1));
    if !c.memory().is_mapped(addr, len) {
        return Err(Errno(libc::ENOMEM));
    }
    c.buffer(addr, len)
}
