//! Reading and writing descriptors that carry numbers instead of bytes (eventfd, timerfd, signalfd, inotify), for guests that
//! have another byte order or other signal numbers than the host.

use crate::linux::host::{self, Arg, Errno, Plain};
use crate::linux::syscall::{Call, SysResult};

/// What a descriptor carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Carries {
    /// One 64-bit counter.
    Counter,
    /// `struct signalfd_siginfo`, 128 bytes each.
    Signals,
    /// `struct inotify_event`, each with a name.
    FileEvents,
}

/// What a descriptor carries, if it is of one of these kinds.
fn carries(fd: i32) -> Option<Carries> {
    let mut found = libc::statx::zeroed();
    let args = [
        fd.into(),
        Arg::string(c""),
        libc::AT_EMPTY_PATH.into(),
        libc::STATX_TYPE.into(),
        Arg::output(&mut found),
    ];
    host::call_now(libc::SYS_statx, &args).ok()?;
    // They are no files of any type.
    if u32::from(found.stx_mode) & libc::S_IFMT != 0 {
        return None;
    }
    let link = std::fs::read_link(format!("/proc/self/fd/{fd}")).ok()?;
    match link.to_str()? {
        "anon_inode:[eventfd]" | "anon_inode:[timerfd]" => Some(Carries::Counter),
        "anon_inode:[signalfd]" => Some(Carries::Signals),
        "anon_inode:inotify" => Some(Carries::FileEvents),
        _ => None,
    }
}

pub(crate) fn read(c: &mut Call<'_>) -> SysResult {
    let (addr, size) = (c.uint(1), c.long(2));
    let got = host::call(libc::SYS_read, &[c.int_arg(0), c.buffer(addr, size)?, size.into()])?;
    if got >= 8 {
        match carries(c.int(0)) {
            Some(Carries::Counter) => swap_counter(c, addr)?,
            Some(Carries::Signals) => convert_signals(c, addr, got)?,
            Some(Carries::FileEvents) => convert_events(c, addr, got)?,
            None => {}
        }
    }
    Ok(got)
}

pub(crate) fn write(c: &mut Call<'_>) -> SysResult {
    let (addr, size) = (c.uint(1), c.long(2));
    if size == 8 && c.memory().is_big() && carries(c.int(0)) == Some(Carries::Counter) {
        let value = c.memory().read_u64(addr)?;
        return host::call(libc::SYS_write, &[c.int_arg(0), Arg::input(&value), size.into()]);
    }
    host::call(libc::SYS_write, &[c.int_arg(0), c.buffer(addr, size)?, size.into()])
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
