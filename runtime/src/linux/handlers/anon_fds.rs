//! Reading and writing descriptors that carry numbers instead of bytes (eventfd, timerfd, signalfd, inotify, input devices),
//! for guests that have another byte order, other signal numbers or a narrower `long` than the host.

use crate::linux::host::{self, Arg, Errno};
use crate::linux::proc_files::descriptor_path;
use crate::linux::ptrace::{self, Direction};
use crate::linux::syscall::{Call, SysResult};

use super::{input, userfault};

/// What a descriptor carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Carries {
    /// One 64-bit counter.
    Counter,
    /// `struct signalfd_siginfo`, 128 bytes each.
    Signals,
    /// `struct inotify_event`, each with a name.
    FileEvents,
    /// `struct fanotify_event_metadata`, each with records.
    WatchEvents,
    /// `struct uffd_msg`.
    Faults,
}

/// What a descriptor carries, if it is of one of these kinds.
fn carries(fd: i32) -> Option<Carries> {
    // They are no files of any type.
    if host::open_file_type(fd) != Ok(0) {
        return None;
    }
    match descriptor_path(fd)?.to_str()? {
        "anon_inode:[eventfd]" | "anon_inode:[timerfd]" => Some(Carries::Counter),
        "anon_inode:[signalfd]" => Some(Carries::Signals),
        "anon_inode:inotify" => Some(Carries::FileEvents),
        "anon_inode:[fanotify]" => Some(Carries::WatchEvents),
        "anon_inode:[userfaultfd]" => Some(Carries::Faults),
        _ => None,
    }
}

/// `read` of guests that have the host's byte order and signal numbers: only addresses are different.
pub(crate) fn read_alike(c: &mut Call<'_>) -> SysResult {
    /// Programs read one message, or a few.
    const FAULTS_MAX: u64 = 16 * userfault::MESSAGE as u64;
    if let Some(done) = ptrace::transfer(c, Direction::Read, None) {
        return done;
    }
    let (addr, size) = (c.uint(1), c.long(2));
    let result = host::call(libc::SYS_read, &[c.int_arg(0), c.buffer(addr, size)?, size.into()]);
    let got = input::read(c, result)?;
    let like_faults = |len: u64| len != 0 && len.is_multiple_of(userfault::MESSAGE.into());
    if size <= FAULTS_MAX
        && like_faults(size)
        && like_faults(got)
        && carries(c.int(0)) == Some(Carries::Faults)
    {
        userfault::convert_messages(c, addr, got)?;
    }
    Ok(got)
}

pub(crate) fn read(c: &mut Call<'_>) -> SysResult {
    if let Some(done) = ptrace::transfer(c, Direction::Read, None) {
        return done;
    }
    let (addr, size) = (c.uint(1), c.long(2));
    let result = host::call(libc::SYS_read, &[c.int_arg(0), c.buffer(addr, size)?, size.into()]);
    let got = input::read(c, result)?;
    convert(c, c.int(0), addr, got)?;
    Ok(got)
}

/// Gives what has been read from a descriptor the guest's layout, whatever guest that is.
pub(crate) fn received(c: &Call<'_>, fd: i32, addr: u32, got: u64) -> Result<(), Errno> {
    let alike = c.abi().numbers().sigset_size == 8 && !c.memory().is_big();
    if !alike {
        return convert(c, fd, addr, got);
    }
    match got >= userfault::MESSAGE.into() && carries(fd) == Some(Carries::Faults) {
        true => userfault::convert_messages(c, addr, got),
        false => Ok(()),
    }
}

fn convert(c: &Call<'_>, fd: i32, addr: u32, got: u64) -> Result<(), Errno> {
    if got >= 8 {
        match carries(fd) {
            Some(Carries::Counter) => swap_counter(c, addr)?,
            Some(Carries::Signals) => convert_signals(c, addr, got)?,
            Some(Carries::FileEvents) => convert_events(c, addr, got)?,
            Some(Carries::WatchEvents) => convert_watch_events(c, addr, got)?,
            Some(Carries::Faults) => userfault::convert_messages(c, addr, got)?,
            None => {}
        }
    }
    Ok(())
}

pub(crate) fn write(c: &mut Call<'_>) -> SysResult {
    if let Some(done) = ptrace::transfer(c, Direction::Write, None) {
        return done;
    }
    let (addr, size) = (c.uint(1), c.long(2));
    if size == 8
        && c.memory().is_big()
        && let Some(written) = write_number(c, c.int(0), addr)
    {
        return written;
    }
    if let Some(written) = input::write(c) {
        return written;
    }
    host::call(libc::SYS_write, &[c.int_arg(0), c.buffer(addr, size)?, size.into()])
}

/// Writes 8 bytes of a big-endian guest's to a descriptor that carries a number; `None` for others.
pub(crate) fn write_number(c: &Call<'_>, fd: i32, addr: u32) -> Option<SysResult> {
    let carried = carries(fd).filter(|what| matches!(what, Carries::Counter | Carries::WatchEvents))?;
    Some(c.memory().read_u64(addr).map_err(Errno::from).and_then(|value| {
        // `struct fanotify_response`: a descriptor and what is decided.
        let value = if carried == Carries::Counter { value } else { value.rotate_left(32) };
        host::call(libc::SYS_write, &[fd.into(), Arg::input(&value), 8.into()])
    }))
}

/// Gives a value that the host has written the guest's order.
fn swap_counter(c: &Call<'_>, addr: u32) -> Result<(), Errno> {
    let mut bytes = [0; 8];
    c.memory().read_bytes(addr, &mut bytes)?;
    Ok(c.memory().write_u64(addr, u64::from_le_bytes(bytes))?)
}

fn host_word(c: &Call<'_>, addr: u32) -> Result<u32, Errno> {
    let mut bytes = [0; 4];
    c.memory().read_bytes(addr, &mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

fn convert_signals(c: &Call<'_>, addr: u32, len: u64) -> Result<(), Errno> {
    const SIZE: u32 = 128;
    /// The structure begins with words; some of what follows are 64-bit fields.
    const WORDS: u32 = 12;
    const WIDE_FIELDS: std::ops::Range<u32> = 6..11;
    for record in 0..len as u32 / SIZE {
        let start = addr.wrapping_add(SIZE * record);
        let signal = host_word(c, start)? as i32;
        for word in 0..WORDS {
            let at = start.wrapping_add(4 * word);
            c.memory().write_u32(at, host_word(c, at)?)?;
        }
        for field in WIDE_FIELDS {
            swap_counter(c, start.wrapping_add(8 * field))?;
        }
        c.memory().write_u32(start, c.abi().signal_to_guest(signal))?;
    }
    Ok(())
}

fn convert_events(c: &Call<'_>, addr: u32, len: u64) -> Result<(), Errno> {
    const HEADER: u32 = 16;
    let mut offset = 0;
    while u64::from(offset + HEADER) <= len {
        let start = addr.wrapping_add(offset);
        let name_len = host_word(c, start.wrapping_add(12))?;
        for word in 0..HEADER / 4 {
            let at = start.wrapping_add(4 * word);
            c.memory().write_u32(at, host_word(c, at)?)?;
        }
        offset = offset.saturating_add(HEADER).saturating_add(name_len);
    }
    Ok(())
}

/// Gives 16 bits that the host has written the guest's order; gives their value.
fn swap_half(c: &Call<'_>, addr: u32) -> Result<u16, Errno> {
    let mut bytes = [0; 2];
    c.memory().read_bytes(addr, &mut bytes)?;
    let value = u16::from_le_bytes(bytes);
    c.memory().write_u16(addr, value)?;
    Ok(value)
}

/// Gives 32 bits that the host has written the guest's order; gives their value.
fn swap_word(c: &Call<'_>, addr: u32) -> Result<u32, Errno> {
    let value = host_word(c, addr)?;
    c.memory().write_u32(addr, value)?;
    Ok(value)
}

fn convert_watch_events(c: &Call<'_>, addr: u32, len: u64) -> Result<(), Errno> {
    /// Length, version and length of this part, mask, descriptor, process.
    const METADATA: u32 = 24;
    let mut offset = 0;
    while u64::from(offset + METADATA) <= len {
        let start = addr.wrapping_add(offset);
        let event_len = swap_word(c, start)?;
        let metadata_len = swap_half(c, start.wrapping_add(6))?;
        swap_counter(c, start.wrapping_add(8))?;
        swap_word(c, start.wrapping_add(16))?;
        swap_word(c, start.wrapping_add(20))?;
        let records = u32::from(metadata_len)..event_len.min(len as u32 - offset);
        convert_watch_records(c, start, records)?;
        offset = offset.saturating_add(event_len.max(METADATA));
    }
    Ok(())
}

/// The records of an event, at these offsets.
fn convert_watch_records(c: &Call<'_>, event: u32, mut range: std::ops::Range<u32>) -> Result<(), Errno> {
    /// Kind, padding, length.
    const HEADER: u32 = 4;
    const PROCESS: u8 = 4;
    const ERROR: u8 = 5;
    while range.start + HEADER <= range.end {
        let start = event.wrapping_add(range.start);
        let kind = c.memory().read_u8(start)?;
        let len = u32::from(swap_half(c, start.wrapping_add(2))?);
        // Others begin with the file system's two words and a handle's length and type.
        let words = match kind {
            PROCESS => 1,
            ERROR => 2,
            _ => 4,
        };
        for word in 0..words.min(len.saturating_sub(HEADER) / 4) {
            swap_word(c, start.wrapping_add(HEADER + 4 * word))?;
        }
        range.start = range.start.saturating_add(len.max(HEADER));
    }
    Ok(())
}
