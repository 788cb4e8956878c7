//! Reading directories and links; the working directory.

use std::os::unix::ffi::OsStrExt;

use super::stat::fold_inode;
use crate::linux::LinuxProcess;
use crate::linux::abi::Encoder;
use crate::linux::host::{self, Arg, Errno};
use crate::linux::proc_files::hidden_entries;
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

/// The longest target of a link.
const TARGET_MAX: usize = 4096;

/// The path argument has this index, buffer and size follow it.
fn read_link(c: &Call<'_>, dir: i32, index: usize) -> SysResult {
    let guest_path = c.guest_path(index)?;
    let (addr, size) = (c.uint(index + 1), c.uint(index + 2));
    if let Some(program) = c.process.linked_program(dir, guest_path.as_bytes()) {
        let target = program.as_os_str().as_bytes();
        let shown = target.get(..size as usize).unwrap_or(target);
        c.memory().write_bytes(addr, shown)?;
        return Ok(shown.len() as u64);
    }
    if size as i32 <= 0 {
        return Err(Errno(libc::EINVAL));
    }
    let path = c.process.host_path(guest_path);
    let mut target = [0u8; TARGET_MAX];
    let args = [dir.into(), Arg::string(&path), Arg::outputs(&mut target), TARGET_MAX.into()];
    let len = host::call(libc::SYS_readlinkat, &args)? as usize;
    let shown = LinuxProcess::shown_target(&target[..len]);
    let shown = shown.get(..size as usize).unwrap_or(shown);
    c.memory().write_bytes(addr, shown)?;
    Ok(shown.len() as u64)
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
    read_entries(c, 24, &|entry, next| {
        let mut e = Encoder::new(big);
        let len = (19 + entry.name.len() + 1).next_multiple_of(8);
        e.u64(u64::from(fold_inode(entry.ino))).u64(u64::from(next));
        e.u16(len as u16).u8(entry.kind).bytes(entry.name).pad_to(len);
        e
    })
}

pub(crate) fn getdents(c: &mut Call<'_>) -> SysResult {
    let big = c.memory().is_big();
    read_entries(c, 16, &|entry, next| {
        // The kind of file is the last byte of the record.
        let mut e = Encoder::new(big);
        let len = (10 + entry.name.len() + 2).next_multiple_of(4);
        e.u32(fold_inode(entry.ino)).u32(next);
        e.u16(len as u16).bytes(entry.name).pad_to(len - 1).u8(entry.kind);
        e
    })
}

/// Reads entries with the host's call and writes them as `encode` does, given the folded position of what follows, into a
/// buffer of the size of argument 2. Guest records are never larger than the host's, so all that was read fits; where
/// `smallest` does not, nothing is read.
fn read_entries(c: &Call<'_>, smallest: u32, encode: &dyn Fn(&Entry<'_>, u32) -> Encoder) -> SysResult {
    let size = c.uint(2).min(64 << 10);
    if size < smallest {
        return Err(Errno(libc::EINVAL));
    }
    let mut buffer = vec![0u8; size as usize];
    let hidden = hidden_entries(c.int(0));
    loop {
        let args = [c.int_arg(0), Arg::outputs(&mut buffer), size.into()];
        let got = host::call(libc::SYS_getdents64, &args)?;
        let mut out = Vec::with_capacity(got as usize);
        let shown = |entry: &Entry<'_>| {
            hidden.is_empty() || !std::str::from_utf8(entry.name).is_ok_and(|name| hidden.contains(name))
        };
        for entry in entries(&buffer[..got as usize]).filter(shown) {
            out.extend_from_slice(encode(&entry, c.process.positions.fold(entry.next)).as_bytes());
        }
        // Nothing left of what was read is not the end.
        if got == 0 || !out.is_empty() {
            c.memory().write_bytes(c.uint(1), &out)?;
            return Ok(out.len() as u64);
        }
    }
}

/// `readdir`: one entry of the oldest form (inode number, own position, length of the name, name).
pub(crate) fn readdir(c: &mut Call<'_>) -> SysResult {
    const LONGEST: usize = 280;
    let mut buffer = [0u8; LONGEST];
    let at = host::call(libc::SYS_lseek, &[c.int_arg(0), 0.into(), libc::SEEK_CUR.into()])?;
    let args = [c.int_arg(0), Arg::outputs(&mut buffer), LONGEST.into()];
    let got = host::call(libc::SYS_getdents64, &args)? as usize;
    let Some(entry) = entries(&buffer[..got]).next() else { return Ok(0) };
    host::call(libc::SYS_lseek, &[c.int_arg(0), entry.next.into(), libc::SEEK_SET.into()])?;
    let mut e = Encoder::new(c.memory().is_big());
    e.u32(fold_inode(entry.ino)).u32(c.process.positions.fold(at));
    e.u16(entry.name.len() as u16).bytes(entry.name).u8(0);
    c.memory().write_bytes(c.uint(1), e.as_bytes())?;
    Ok(1)
}
