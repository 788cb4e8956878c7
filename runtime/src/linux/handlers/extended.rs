//! Files by handle, watched file systems, and attributes: calls whose structures hold numbers of fixed width.

use std::ffi::CString;

use super::files::check_extensible;
use crate::linux::host::{self, Arg, Errno};
use crate::linux::structure::{self, HostBuffer, Member};
use crate::linux::syscall::{Call, SysResult};

/// The longest handle of a file (`MAX_HANDLE_SZ`).
const HANDLE_MAX: u32 = 128;
/// `struct file_handle`, without the handle: its length and its type.
const HANDLE_HEADER: u32 = 8;
/// The handle is all that is asked for, and its place is one of 64 bits.
const AT_HANDLE_MNT_ID_UNIQUE: u32 = 1;

/// The host's `struct file_handle`: header and handle.
fn handle(length: u32, kind: u32, bytes: &[u8]) -> HostBuffer {
    let mut host = HostBuffer::new((HANDLE_HEADER + HANDLE_MAX) as usize);
    host.fill(&[&length.to_le_bytes(), &kind.to_le_bytes(), bytes].concat());
    host
}

pub(crate) fn name_to_handle_at(c: &mut Call<'_>) -> SysResult {
    let (memory, addr) = (c.memory(), c.uint(2));
    let room = memory.read_u32(addr)?;
    if room > HANDLE_MAX {
        return Err(Errno(libc::EINVAL));
    }
    let path = c.path(1)?;
    let (mut host, mut mount) = (handle(room, 0, &[]), 0u64);
    let args = [c.int_arg(0), Arg::string(&path), host.arg(), Arg::output(&mut mount), c.uint_arg(4)];
    let result = host::call(libc::SYS_name_to_handle_at, &args);
    let found = host.bytes();
    let word = |at: usize| u32::from_le_bytes(found[at..at + 4].try_into().unwrap_or_default());
    match result {
        Ok(_) => {
            let length = word(0).min(room);
            memory.write_u32(addr.wrapping_add(4), word(4))?;
            let bytes = &found[HANDLE_HEADER as usize..][..length as usize];
            memory.write_bytes(addr.wrapping_add(HANDLE_HEADER), bytes)?;
        }
        // The length is said for this error too.
        Err(Errno(libc::EOVERFLOW)) => {}
        Err(_) => return result,
    }
    memory.write_u32(addr, word(0))?;
    match c.uint(4) & AT_HANDLE_MNT_ID_UNIQUE {
        0 => memory.write_u32(c.uint(3), mount as u32)?,
        _ => memory.write_u64(c.uint(3), mount)?,
    }
    result
}

pub(crate) fn open_by_handle_at(c: &mut Call<'_>) -> SysResult {
    let (memory, addr) = (c.memory(), c.uint(1));
    let (length, kind) = (memory.read_u32(addr)?, memory.read_u32(addr.wrapping_add(4))?);
    if length == 0 || length > HANDLE_MAX {
        return Err(Errno(libc::EINVAL));
    }
    let mut bytes = vec![0; length as usize];
    memory.read_bytes(addr.wrapping_add(HANDLE_HEADER), &mut bytes)?;
    let flags = c.abi().open_flags_to_host(c.uint(2));
    let mut host = handle(length, kind, &bytes);
    let opened = host::call(libc::SYS_open_by_handle_at, &[c.int_arg(0), host.arg(), flags.into()])?;
    c.process.guest_view(opened, flags)
}

/// The flags of the descriptors that events come with are those of open.
pub(crate) fn fanotify_init(c: &mut Call<'_>) -> SysResult {
    let flags = c.abi().open_flags_to_host(c.uint(1));
    host::call(libc::SYS_fanotify_init, &[c.uint_arg(0), flags.into()])
}

pub(crate) fn fanotify_mark(c: &mut Call<'_>) -> SysResult {
    let path = c.optional_string(4)?.map(|path| c.process.host_path(path));
    let path = path.as_deref().map_or(Arg::null(), Arg::string);
    host::call(libc::SYS_fanotify_mark, &[c.int_arg(0), c.uint_arg(1), c.long(2).into(), c.int_arg(3), path])
}

// The same numbers on all architectures, which libc does not have yet.
const SYS_SETXATTRAT: i64 = 463;
const SYS_GETXATTRAT: i64 = 464;
const SYS_FILE_GETATTR: i64 = 468;
const SYS_FILE_SETATTR: i64 = 469;

/// Bytes in `struct xattr_args`: address, size, flags.
const XATTR_ARGS: u32 = 16;

pub(crate) fn setxattrat(c: &mut Call<'_>) -> SysResult {
    attribute_at(c, SYS_SETXATTRAT)
}

pub(crate) fn getxattrat(c: &mut Call<'_>) -> SysResult {
    attribute_at(c, SYS_GETXATTRAT)
}

fn attribute_at(c: &Call<'_>, number: i64) -> SysResult {
    let (path, name, args) = (path_or_empty(c, 1)?, c.string_at(c.uint(3))?, c.uint(4));
    check_extensible(c, args, c.uint(5), XATTR_ARGS)?;
    let value = u32::try_from(c.memory().read_u64(args)?).map_err(|_| Errno(libc::EFAULT))?;
    let word = |at: u32| c.memory().read_u32(args.wrapping_add(at));
    let (size, flags) = (word(8)?, word(12)?);
    let value = c.buffer(value, u64::from(size))?;
    let mut host = host::XattrArguments::new(value, size, flags);
    let call =
        [c.int_arg(0), Arg::string(&path), c.uint_arg(2), Arg::string(&name), host.arg(), XATTR_ARGS.into()];
    host::call(number, &call)
}

/// A path; none is an empty one.
fn path_or_empty(c: &Call<'_>, index: usize) -> Result<CString, Errno> {
    Ok(c.optional_string(index)?.map(|path| c.process.host_path(path)).unwrap_or_default())
}

/// `struct file_attr`.
const FILE_ATTRIBUTES: [Member; 2] = [Member::U64(1), Member::U32(4)];
const FILE_ATTRIBUTES_SIZE: u32 = 24;

pub(crate) fn file_getattr(c: &mut Call<'_>) -> SysResult {
    let path = path_or_empty(c, 1)?;
    check_extensible(c, c.uint(2), c.uint(3).min(FILE_ATTRIBUTES_SIZE), FILE_ATTRIBUTES_SIZE)?;
    let mut found = HostBuffer::new(structure::host_size(&FILE_ATTRIBUTES));
    let args = [c.int_arg(0), Arg::string(&path), found.arg(), FILE_ATTRIBUTES_SIZE.into(), c.uint_arg(4)];
    let result = host::call(SYS_FILE_GETATTR, &args)?;
    found.write(c.memory(), c.uint(2), &FILE_ATTRIBUTES)?;
    Ok(result)
}

pub(crate) fn file_setattr(c: &mut Call<'_>) -> SysResult {
    let path = path_or_empty(c, 1)?;
    check_extensible(c, c.uint(2), c.uint(3), FILE_ATTRIBUTES_SIZE)?;
    let mut wanted = HostBuffer::read(c.memory(), c.uint(2), &FILE_ATTRIBUTES)?;
    let args = [c.int_arg(0), Arg::string(&path), wanted.arg(), FILE_ATTRIBUTES_SIZE.into(), c.uint_arg(4)];
    host::call(SYS_FILE_SETATTR, &args)
}
