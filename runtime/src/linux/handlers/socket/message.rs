//! Messages with addresses, parts and control messages: one, or several at once.

use std::time::{Duration, Instant};

use super::address::{self, ADDRESS_MAX};
use super::control::{self, CONTROL_MAX};
use crate::linux::handlers::files::read_iovec;
use crate::linux::handlers::time::{Width, optional_timespec, write_timespec};
use crate::linux::host::{self, Arg, Errno};
use crate::linux::netlink;
use crate::linux::syscall::{Call, SysResult};
use crate::loader::GuestKind;

/// Bytes of a `struct msghdr` and of a `struct mmsghdr`.
const HEADER: u32 = 28;
const HEADER_AND_COUNT: u32 = 32;
/// The most messages that a call sends or receives (Linux's UIO_MAXIOV).
const MESSAGES_MAX: u32 = 1024;

/// A guest's `struct msghdr`: seven words.
struct Message {
    /// Where it is.
    at: u32,
    name: u32,
    name_len: u32,
    parts: Vec<libc::iovec>,
    control: u32,
    control_len: u32,
}

impl Message {
    fn read(c: &Call<'_>, at: u32) -> Result<Message, Errno> {
        let word = |i: u32| c.memory().read_u32(at.wrapping_add(4 * i));
        let parts = read_iovec(c, word(2)?, word(3)?).map_err(|errno| match errno.0 {
            libc::EINVAL => Errno(libc::EMSGSIZE),
            _ => errno,
        })?;
        // A longer name than there can be is one of that length.
        let name_len = word(1)?.min(ADDRESS_MAX as u32);
        if word(1)? > i32::MAX as u32 {
            return Err(Errno(libc::EINVAL));
        }
        Ok(Message { at, name: word(0)?, name_len, parts, control: word(4)?, control_len: word(5)? })
    }

    fn write_word(&self, c: &Call<'_>, index: u32, value: u32) -> Result<(), Errno> {
        Ok(c.memory().write_u32(self.at.wrapping_add(4 * index), value)?)
    }

    /// How many bytes the parts have.
    fn len(&self) -> usize {
        self.parts.iter().map(|part| part.iov_len).sum()
    }
}

pub(crate) fn sendmsg(c: &mut Call<'_>) -> SysResult {
    send_one(c, c.uint(1), c.uint(2))
}

pub(crate) fn recvmsg(c: &mut Call<'_>) -> SysResult {
    receive_one(c, c.uint(1), c.uint(2))
}

fn send_one(c: &Call<'_>, at: u32, flags: u32) -> SysResult {
    let message = Message::read(c, at)?;
    if message.control_len as usize > CONTROL_MAX {
        return Err(Errno(libc::ENOBUFS));
    }
    let mut name = match message.name {
        0 => Vec::new(),
        addr => address::read(c, addr, message.name_len)?,
    };
    let mut control = control::read(c, message.control, message.control_len)?;
    if is_netlink(c, c.int(0)) {
        let mut data = gather(c, &message)?;
        netlink::to_host(c.abi(), c.memory().is_big(), &mut data)?;
        let mut parts = [whole(&mut data)];
        let header = host::Message { name: &mut name, parts: &mut parts, control: &mut control };
        return header.send(c.int(0), flags);
    }
    let mut parts = message.parts;
    let header = host::Message { name: &mut name, parts: &mut parts, control: &mut control };
    header.send(c.int(0), flags)
}

fn receive_one(c: &Call<'_>, at: u32, flags: u32) -> SysResult {
    let mut message = Message::read(c, at)?;
    let mut name = if message.name == 0 { Vec::new() } else { vec![0; ADDRESS_MAX] };
    // There is room for whatever comes, since the host could not tell what fits the guest's. One byte for a guest without
    // any room lets the host say that something is missing.
    let wanted = message.control != 0 && message.control_len > 0;
    let mut control = if wanted { vec![0; 2 * CONTROL_MAX] } else { Vec::new() };
    let mut parts = std::mem::take(&mut message.parts);
    // SOCK_CLOEXEC and MSG_CMSG_CLOEXEC are the same on all guests.
    let header = host::Message { name: &mut name, parts: &mut parts, control: &mut control };
    let (got, received) = header.receive(c.int(0), flags)?;
    message.parts = parts;
    if is_netlink(c, c.int(0)) {
        translate_received(c, &message, got as usize)?;
    }
    if message.name != 0 {
        address::to_guest(c, &mut name);
        let shown = name.len().min(message.name_len as usize);
        c.memory().write_bytes(message.name, &name[..shown])?;
        message.write_word(c, 1, name.len() as u32)?;
    }
    let (written, cut) = control::write(c, message.control, message.control_len, &control)?;
    message.write_word(c, 5, written)?;
    message.write_word(c, 6, received | if cut { libc::MSG_CTRUNC as u32 } else { 0 })?;
    Ok(got)
}

pub(crate) fn sendmmsg(c: &mut Call<'_>) -> SysResult {
    let count = c.uint(2).min(MESSAGES_MAX);
    for i in 0..count {
        let at = c.uint(1).wrapping_add(HEADER_AND_COUNT * i);
        match send_one(c, at, c.uint(3)) {
            Ok(sent) => c.memory().write_u32(at.wrapping_add(HEADER), sent as u32)?,
            Err(errno) if i == 0 => return Err(errno),
            // The next call gives the error, if it is still there.
            Err(_) => return Ok(i.into()),
        }
    }
    Ok(count.into())
}

pub(crate) fn recvmmsg(c: &mut Call<'_>) -> SysResult {
    receive_several(c, Width::Short)
}

pub(crate) fn recvmmsg_time64(c: &mut Call<'_>) -> SysResult {
    receive_several(c, Width::Long)
}

/// Receives until there are enough messages, or, looked at after each, the time is over.
fn receive_several(c: &Call<'_>, width: Width) -> SysResult {
    let timeout = optional_timespec(c, c.uint(4), width)?;
    let limit = match timeout {
        None => None,
        Some(time) if time.tv_sec < 0 || !(0..1_000_000_000).contains(&time.tv_nsec) => {
            return Err(Errno(libc::EINVAL));
        }
        Some(time) => Some(Duration::new(time.tv_sec as u64, time.tv_nsec as u32)),
    };
    let start = Instant::now();
    let mut flags = c.uint(3) & !(libc::MSG_WAITFORONE as u32);
    let mut count = 0;
    let mut failed = None;
    while count < c.uint(2).min(MESSAGES_MAX) {
        let at = c.uint(1).wrapping_add(HEADER_AND_COUNT * count);
        match receive_one(c, at, flags) {
            Ok(got) => c.memory().write_u32(at.wrapping_add(HEADER), got as u32)?,
            Err(errno) => {
                failed = Some(errno);
                break;
            }
        }
        count += 1;
        if c.uint(3) & libc::MSG_WAITFORONE as u32 != 0 {
            flags |= libc::MSG_DONTWAIT as u32;
        }
        if limit.is_some_and(|limit| start.elapsed() >= limit) {
            break;
        }
    }
    match failed {
        Some(errno) if count == 0 => return Err(errno),
        _ => {}
    }
    if let Some(limit) = limit {
        let left = limit.saturating_sub(start.elapsed());
        let left = libc::timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        write_timespec(c, c.uint(4), width, &left)?;
    }
    Ok(count.into())
}

/// Whether what a socket carries has to be translated: netlink messages, which hold numbers in the machine's byte order
/// and error numbers. Of the guests only MIPS has others than the host.
pub(super) fn is_netlink(c: &Call<'_>, fd: i32) -> bool {
    if !matches!(c.process.kind(), GuestKind::Mips { .. }) {
        return false;
    }
    let (mut domain, mut len) = (0i32, 4u32);
    let (level, option) = (libc::SOL_SOCKET.into(), libc::SO_DOMAIN.into());
    let args = [fd.into(), level, option, Arg::output(&mut domain), Arg::output(&mut len)];
    host::call_now(libc::SYS_getsockopt, &args).is_ok() && domain == libc::AF_NETLINK
}

/// All bytes as one part.
fn whole(data: &mut [u8]) -> libc::iovec {
    libc::iovec { iov_base: data.as_mut_ptr().cast(), iov_len: data.len() }
}

/// The data of a message.
fn gather(c: &Call<'_>, message: &Message) -> Result<Vec<u8>, Errno> {
    const NETLINK_MAX: usize = 1 << 24;
    if message.len() > NETLINK_MAX {
        return Err(Errno(libc::EMSGSIZE));
    }
    let mut data = Vec::new();
    for part in &message.parts {
        let addr = c.memory().guest_address(part.iov_base as u64).ok_or(Errno(libc::EFAULT))?;
        let start = data.len();
        data.resize(start + part.iov_len, 0);
        c.memory().read_bytes(addr, &mut data[start..])?;
    }
    Ok(data)
}

/// Translates netlink messages of `got` bytes where they have been received.
fn translate_received(c: &Call<'_>, message: &Message, got: usize) -> Result<(), Errno> {
    let mut data = gather(c, message)?;
    let end = got.min(data.len());
    netlink::to_guest(c.abi(), c.memory().is_big(), &mut data[..end]);
    let mut rest = &data[..end];
    for part in &message.parts {
        let addr = c.memory().guest_address(part.iov_base as u64).ok_or(Errno(libc::EFAULT))?;
        let (now, later) = rest.split_at(part.iov_len.min(rest.len()));
        c.memory().write_bytes(addr, now)?;
        rest = later;
    }
    Ok(())
}

/// `send` and `sendto` of a netlink message, to the address at `name` if there is one.
pub(super) fn send_netlink(c: &Call<'_>, name: u32, name_len: u32) -> SysResult {
    let name = if name == 0 { Vec::new() } else { address::read(c, name, name_len)? };
    c.buffer(c.uint(1), c.long(2))?;
    let mut data = vec![0; c.uint(2) as usize];
    c.memory().read_bytes(c.uint(1), &mut data)?;
    netlink::to_host(c.abi(), c.memory().is_big(), &mut data)?;
    let to = if name.is_empty() { Arg::null() } else { Arg::inputs(&name) };
    let args = [c.int_arg(0), Arg::inputs(&data), data.len().into(), c.uint_arg(3), to, name.len().into()];
    host::call(libc::SYS_sendto, &args)
}

/// Translates netlink messages that have been received at `addr`.
pub(super) fn received_netlink(c: &Call<'_>, addr: u32, len: u64) -> Result<(), Errno> {
    let mut data = vec![0; len as usize];
    c.memory().read_bytes(addr, &mut data)?;
    netlink::to_guest(c.abi(), c.memory().is_big(), &mut data);
    Ok(c.memory().write_bytes(addr, &data)?)
}
