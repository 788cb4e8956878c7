//! Reading directories and links; the working directory.

use std::os::unix::ffi::OsStrExt;

use crate::linux::abi::Encoder;
use crate::linux::host::{self, Arg, Errno};
use crate::linux::syscall::{Call, SysResult};

pub(crate) fn getcwd(c: &mut Call<'_>) -> SysResult {
    host::call(libc::SYS_getcwd, &[c.buffer(c.uint(0), c.long(1))?, c.uint_arg(1)])
}

pub(crate) fn readlink(c: &mut Call<'_>) -> SysResult {
    read_link(c, libc::AT_FDCWD, 0)
}

pub(crate) fn readlinkat(c: &mut Call<'_>) -> SysResult {
    read_link(c, c.int(0), 1)
}

/// The path argument has this index, buffer and size follow it.
fn read_link(c: &Call<'_>, dir: i32, index: usize) -> SysResult {
    let guest_path = c.guest_path(index)?;
    let (addr, size) = (c.uint(index + 1), c.uint(index + 2));
    if c.process.is_own_proc_file(guest_path.as_bytes(), "exe") {
        let target = c.process.info.program.as_os_str().as_bytes();
        let shown = target.get(..size as usize).unwrap_or(target);
        c.memory().write_bytes(addr, shown)?;
        return Ok(shown.len() as u64);
    }
    let path = c.process.host_path(guest_path);
    let buffer = c.buffer(addr, u64::from(size))?;
    host::call(libc::SYS_readlinkat, &[dir.into(), Arg::string(&path), buffer, c.int_arg(index + 2)])
}

/// An entry of a directory as the host's getdents64 gives it.
struct Entry<'a> {
    ino: u64,
    next: u64,
    kind: u8,
    name: &'a [u8],
}

/// The entries in a host buffer.
fn entries(mut bytes: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    const NAME: usize = 19;
    std::iter::from_fn(move || {
        let word = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
        let len = usize::from(u16::from_le_bytes(bytes.get(16..18)?.try_into().ok()?));
        let name = bytes.get(NAME..len)?;
        let end = name.iter().position(|&b| b == 0).unwrap_or(name.len());
        let entry = Entry { ino: word(0)?, next: word(8)?, kind: *bytes.get(18)?, name: &name[..end] };
        bytes = &bytes[len..];
        Some(entry)
    })
}

pub(crate) fn getdents64(c: &mut Call<'_>) -> SysResult {
    let big = c.memory().is_big();
    read_entries(c, 24, &|entry| {
        let mut e = Encoder::new(big);
        let len = (19 + entry.name.len() + 1).next_multiple_of(8);
        e.u64(entry.ino).u64(entry.next).u16(len as u16).u8(entry.kind).bytes(entry.name).pad_to(len);
        Ok(e)
    })
}

pub(crate) fn getdents(c: &mut Call<'_>) -> SysResult {
    let big = c.memory().is_big();
    read_entries(c, 16, &|entry| {
        // The kind of file is the last byte of the record.
        let ino = u32::try_from(entry.ino).map_err(|_| Errno(libc::EOVERFLOW))?;
        let mut e = Encoder::new(big);
        let len = (10 + entry.name.len() + 2).next_multiple_of(4);
        e.u32(ino).u32(entry.next as u32).u16(len as u16).bytes(entry.name).pad_to(len - 1).u8(entry.kind);
        Ok(e)
    })
}

/// Reads entries with the host's call and writes them as `encode` does, into a buffer of the size of argument 2. Guest
/// records are never larger than the host's, so all that was read fits; where `smallest` does not, nothing is read.
fn read_entries(
    c: &Call<'_>,
    smallest: u32,
    encode: &dyn Fn(&Entry<'_>) -> Result<Encoder, Errno>,
) -> SysResult {
    let size = c.uint(2).min(64 << 10);
    if size < smallest {
        return Err(Errno(libc::EINVAL));
    }
    let mut buffer = vec![0u8; size as usize];
    let got = host::call(libc::SYS_getdents64, &[c.int_arg(0), Arg::outputs(&mut buffer), size.into()])?;
    let mut out = Vec::with_capacity(got as usize);
    for entry in entries(&buffer[..got as usize]) {
        out.extend_from_slice(encode(&entry)?.as_bytes());
    }
    c.memory().write_bytes(c.uint(1), &out)?;
    Ok(out.len() as u64)
}
