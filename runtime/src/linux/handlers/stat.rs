//! What is known of files and file systems.

use std::ffi::{CStr, CString};

use crate::linux::abi::{Stat, StatFs};
use crate::linux::host::{self, Arg, Errno, KernelStatFs, Plain};
use crate::linux::structure::{self, HostBuffer, Member};
use crate::linux::syscall::{Call, SysResult};

pub(crate) fn stat(c: &mut Call<'_>) -> SysResult {
    let found = by_path(c, libc::AT_FDCWD, 0, 0)?;
    write_old(c, 1, &found)
}

pub(crate) fn lstat(c: &mut Call<'_>) -> SysResult {
    let found = by_path(c, libc::AT_FDCWD, 0, libc::AT_SYMLINK_NOFOLLOW)?;
    write_old(c, 1, &found)
}

pub(crate) fn fstat(c: &mut Call<'_>) -> SysResult {
    let found = query(c.int(0), c"", libc::AT_EMPTY_PATH)?;
    write_old(c, 1, &found)
}

pub(crate) fn stat64(c: &mut Call<'_>) -> SysResult {
    let found = by_path(c, libc::AT_FDCWD, 0, 0)?;
    write_64(c, 1, &found)
}

pub(crate) fn lstat64(c: &mut Call<'_>) -> SysResult {
    let found = by_path(c, libc::AT_FDCWD, 0, libc::AT_SYMLINK_NOFOLLOW)?;
    write_64(c, 1, &found)
}

pub(crate) fn fstat64(c: &mut Call<'_>) -> SysResult {
    let found = query(c.int(0), c"", libc::AT_EMPTY_PATH)?;
    write_64(c, 1, &found)
}

pub(crate) fn fstatat64(c: &mut Call<'_>) -> SysResult {
    let found = by_path(c, c.int(0), 1, c.int(3))?;
    write_64(c, 2, &found)
}

fn write_old(c: &Call<'_>, index: usize, stat: &Stat) -> SysResult {
    if !stat.fits_old() {
        return Err(Errno(libc::EOVERFLOW));
    }
    c.memory().write_bytes(c.uint(index), c.abi().stat(stat).as_bytes())?;
    Ok(0)
}

fn write_64(c: &Call<'_>, index: usize, stat: &Stat) -> SysResult {
    c.memory().write_bytes(c.uint(index), c.abi().stat64(stat).as_bytes())?;
    Ok(0)
}

/// The number that a guest sees of an inode: one of 32 bits, the same everywhere (stat, statx, directories, maps). Libraries
/// of programs built without large-file support refuse larger ones with EOVERFLOW. Of two large numbers of one file
/// system that become the same, which is all but impossible, programs believe that they are one file.
pub(crate) fn fold_inode(ino: u64) -> u32 {
    /// Spreads the upper half, where file systems keep small numbers.
    const SPREAD: u32 = 0x9e37_79b1;
    let (low, high) = (ino as u32, (ino >> 32) as u32);
    match low ^ high.wrapping_mul(SPREAD) {
        // Number 0 says that there is no file.
        0 if ino != 0 => 1,
        folded => folded,
    }
}

/// The file that a path argument names.
fn by_path(c: &Call<'_>, dir: i32, index: usize, flags: i32) -> Result<Stat, Errno> {
    query(dir, &followed_unless(c, dir, c.guest_path(index)?, flags), flags)
}

/// The host path of a guest path, of which the flags say whether its last part is followed.
fn followed_unless(c: &Call<'_>, dir: i32, path: CString, flags: i32) -> CString {
    match flags & libc::AT_SYMLINK_NOFOLLOW {
        0 => c.process.followed_path(dir, path),
        _ => c.process.host_path(path),
    }
}

/// Asks the host, whose statx knows everything at full width.
fn query(dir: i32, path: &CStr, flags: i32) -> Result<Stat, Errno> {
    let x = statx_host(dir, path, flags, libc::STATX_BASIC_STATS)?;
    let device = |major: u32, minor: u32| {
        // The kernel's encoding of device numbers in 32-bit structures.
        u64::from(minor & 0xff | major << 8 | (minor & !0xff) << 12)
    };
    let time = |t: libc::statx_timestamp| (t.tv_sec, t.tv_nsec);
    Ok(Stat {
        dev: device(x.stx_dev_major, x.stx_dev_minor),
        ino: u64::from(fold_inode(x.stx_ino)),
        mode: u32::from(x.stx_mode),
        nlink: x.stx_nlink,
        uid: x.stx_uid,
        gid: x.stx_gid,
        rdev: device(x.stx_rdev_major, x.stx_rdev_minor),
        size: x.stx_size,
        blksize: x.stx_blksize,
        blocks: x.stx_blocks,
        times: [time(x.stx_atime), time(x.stx_mtime), time(x.stx_ctime)],
    })
}

fn statx_host(dir: i32, path: &CStr, flags: i32, mask: u32) -> Result<libc::statx, Errno> {
    let mut found = libc::statx::zeroed();
    let args = [dir.into(), Arg::string(path), flags.into(), mask.into(), Arg::output(&mut found)];
    host::call(libc::SYS_statx, &args)?;
    Ok(found)
}

/// `struct statx`: mask and size of blocks, attributes, links and owners, mode; inode to attributes' mask; four times;
/// devices, mount, alignments, subvolume, atomic writes, and what is to come.
const STATX: [Member; 20] = [
    Member::U32(2),
    Member::U64(1),
    Member::U32(3),
    Member::U16(2),
    Member::U64(4),
    Member::U64(1),
    Member::U32(2),
    Member::U64(1),
    Member::U32(2),
    Member::U64(1),
    Member::U32(2),
    Member::U64(1),
    Member::U32(2),
    Member::U32(4),
    Member::U64(1),
    Member::U32(2),
    Member::U64(1),
    Member::U32(4),
    Member::U32(2),
    Member::U64(8),
];
/// Where it has the inode's number.
const STATX_INO: usize = 32;

/// `struct statx` is laid out alike everywhere.
pub(crate) fn statx(c: &mut Call<'_>) -> SysResult {
    let (dir, flags) = (c.int(0), c.int(2));
    let path = match c.optional_string(1)? {
        // Newer kernels take no path for an empty one.
        None if flags & libc::AT_EMPTY_PATH == 0 => return Err(Errno(libc::EFAULT)),
        path => followed_unless(c, dir, path.unwrap_or_default(), flags),
    };
    let mut found = HostBuffer::new(structure::host_size(&STATX));
    let args = [dir.into(), Arg::string(&path), flags.into(), c.uint_arg(3), found.arg()];
    host::call(libc::SYS_statx, &args)?;
    let mut bytes = found.bytes();
    if let Some(ino) = bytes.get_mut(STATX_INO..STATX_INO + 8) {
        let folded = fold_inode(u64::from_le_bytes(ino.try_into().unwrap_or_default()));
        ino.copy_from_slice(&u64::from(folded).to_le_bytes());
    }
    structure::write(c.memory(), c.uint(4), &STATX, &bytes)?;
    Ok(0)
}

pub(crate) fn statfs(c: &mut Call<'_>) -> SysResult {
    let found = statfs_path(c)?;
    write_statfs(c, 1, &found)
}

pub(crate) fn fstatfs(c: &mut Call<'_>) -> SysResult {
    let found = statfs_fd(c)?;
    write_statfs(c, 1, &found)
}

pub(crate) fn statfs64(c: &mut Call<'_>) -> SysResult {
    let found = statfs_path(c)?;
    write_statfs64(c, &found)
}

pub(crate) fn fstatfs64(c: &mut Call<'_>) -> SysResult {
    let found = statfs_fd(c)?;
    write_statfs64(c, &found)
}

fn statfs_path(c: &Call<'_>) -> Result<StatFs, Errno> {
    let path = c.process.followed_path(libc::AT_FDCWD, c.guest_path(0)?);
    let mut found = KernelStatFs::zeroed();
    host::call(libc::SYS_statfs, &[Arg::string(&path), Arg::output(&mut found)])?;
    Ok(convert(&found))
}

fn statfs_fd(c: &Call<'_>) -> Result<StatFs, Errno> {
    let mut found = KernelStatFs::zeroed();
    host::call(libc::SYS_fstatfs, &[c.int_arg(0), Arg::output(&mut found)])?;
    Ok(convert(&found))
}

fn convert(s: &KernelStatFs) -> StatFs {
    StatFs {
        kind: s.kind as u32,
        bsize: s.bsize as u32,
        frsize: s.frsize as u32,
        blocks: s.blocks,
        bfree: s.bfree,
        bavail: s.bavail,
        files: s.files,
        ffree: s.ffree,
        fsid: s.fsid,
        namelen: s.namelen as u32,
        flags: s.flags as u32,
    }
}

fn write_statfs(c: &Call<'_>, index: usize, stat: &StatFs) -> SysResult {
    if stat.blocks > u64::from(u32::MAX) || stat.files > u64::from(u32::MAX) && stat.files != u64::MAX {
        return Err(Errno(libc::EOVERFLOW));
    }
    c.memory().write_bytes(c.uint(index), c.abi().statfs(stat).as_bytes())?;
    Ok(0)
}

fn write_statfs64(c: &Call<'_>, stat: &StatFs) -> SysResult {
    let encoded = c.abi().statfs64(stat);
    // ARM callers may count the padding that other compilers add at the end.
    let size = c.uint(1) as usize;
    if size != encoded.as_bytes().len() && size != encoded.as_bytes().len() + 4 {
        return Err(Errno(libc::EINVAL));
    }
    c.memory().write_bytes(c.uint(2), encoded.as_bytes())?;
    Ok(0)
}

/// `struct ustat`: free blocks, free inodes, two names that nobody uses.
const USTAT: [Member; 3] = [Member::U32(1), Member::UnsignedLong(1), Member::U8(12)];

pub(crate) fn ustat(c: &mut Call<'_>) -> SysResult {
    let mut found = HostBuffer::new(structure::host_size(&USTAT));
    host::call(libc::SYS_ustat, &[c.uint_arg(0), found.arg()])?;
    found.write(c.memory(), c.uint(1), &USTAT)?;
    Ok(0)
}
