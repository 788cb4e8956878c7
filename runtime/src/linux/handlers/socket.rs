//! Sockets. Addresses are the host's but for byte order: the family is a number in host order, the rest is in network
//! order or text.

use crate::linux::host::{self, Arg, Errno, Plain};
use crate::linux::syscall::{Call, SysResult};

use super::files::read_iovec;

/// The longest address (`struct sockaddr_storage`).
const ADDRESS_MAX: usize = 128;
/// The most that control messages may take.
const CONTROL_MAX: usize = 4096;
/// Bytes of a `struct cmsghdr`, guest and host.
const GUEST_HEADER: usize = 12;
const HOST_HEADER: usize = 16;

/// A socket type and its flags by host numbers.
fn socket_type(c: &Call<'_>, guest: u32) -> u32 {
    const TYPE: u32 = 0xf;
    let numbers = c.abi().numbers();
    let kind = match guest & TYPE {
        kind if kind == numbers.sock_types[0] => libc::SOCK_STREAM as u32,
        kind if kind == numbers.sock_types[1] => libc::SOCK_DGRAM as u32,
        kind => kind,
    };
    kind | socket_flags(c, guest)
}

fn socket_flags(c: &Call<'_>, guest: u32) -> u32 {
    let nonblock = guest & c.abi().numbers().sock_nonblock != 0;
    guest & libc::SOCK_CLOEXEC as u32 | if nonblock { libc::SOCK_NONBLOCK as u32 } else { 0 }
}

pub(crate) fn socket(c: &mut Call<'_>) -> SysResult {
    host::call(libc::SYS_socket, &[c.int_arg(0), socket_type(c, c.uint(1)).into(), c.int_arg(2)])
}

pub(crate) fn socketpair(c: &mut Call<'_>) -> SysResult {
    let mut ends = [0i32; 2];
    let kind = socket_type(c, c.uint(1));
    let args = [c.int_arg(0), kind.into(), c.int_arg(2), Arg::output(&mut ends)];
    host::call(libc::SYS_socketpair, &args)?;
    c.memory().write_u32(c.uint(3), ends[0] as u32)?;
    c.memory().write_u32(c.uint(3).wrapping_add(4), ends[1] as u32)?;
    Ok(0)
}

/// Swaps the family's bytes where the guest has the other order.
fn swap_family(c: &Call<'_>, address: &mut [u8]) {
    if c.memory().is_big() && address.len() >= 2 {
        address.swap(0, 1);
    }
}

fn read_address(c: &Call<'_>, addr: u32, len: u32) -> Result<Vec<u8>, Errno> {
    if len as usize > ADDRESS_MAX {
        return Err(Errno(libc::EINVAL));
    }
    let mut address = vec![0; len as usize];
    c.memory().read_bytes(addr, &mut address)?;
    swap_family(c, &mut address);
    Ok(address)
}

/// Writes an address of `len` bytes where the guest has room for some, and its length.
fn write_address(c: &Call<'_>, addr: u32, len_addr: u32, address: &mut [u8], len: u32) -> SysResult {
    if addr == 0 {
        return Ok(0);
    }
    let room = c.memory().read_u32(len_addr)?;
    if room > i32::MAX as u32 {
        return Err(Errno(libc::EINVAL));
    }
    swap_family(c, address);
    let shown = (room.min(len) as usize).min(address.len());
    c.memory().write_bytes(addr, &address[..shown])?;
    c.memory().write_u32(len_addr, len)?;
    Ok(0)
}

pub(crate) fn bind(c: &mut Call<'_>) -> SysResult {
    let address = read_address(c, c.uint(1), c.uint(2))?;
    host::call(libc::SYS_bind, &[c.int_arg(0), Arg::inputs(&address), address.len().into()])
}

pub(crate) fn connect(c: &mut Call<'_>) -> SysResult {
    let address = read_address(c, c.uint(1), c.uint(2))?;
    host::call(libc::SYS_connect, &[c.int_arg(0), Arg::inputs(&address), address.len().into()])
}

pub(crate) fn accept(c: &mut Call<'_>) -> SysResult {
    with_address(c, libc::SYS_accept4, &[0u32.into()])
}

pub(crate) fn accept4(c: &mut Call<'_>) -> SysResult {
    with_address(c, libc::SYS_accept4, &[socket_flags(c, c.uint(3)).into()])
}

pub(crate) fn getsockname(c: &mut Call<'_>) -> SysResult {
    with_address(c, libc::SYS_getsockname, &[])
}

pub(crate) fn getpeername(c: &mut Call<'_>) -> SysResult {
    with_address(c, libc::SYS_getpeername, &[])
}

/// A call that gives an address into arguments 1 and 2.
fn with_address(c: &Call<'_>, number: i64, more: &[Arg<'_>]) -> SysResult {
    let mut address = [0u8; ADDRESS_MAX];
    let mut len = ADDRESS_MAX as u32;
    let mut args = vec![c.int_arg(0), Arg::outputs(&mut address), Arg::output(&mut len)];
    args.extend(more);
    let result = host::call(number, &args)?;
    write_address(c, c.uint(1), c.uint(2), &mut address, len)?;
    Ok(result)
}

pub(crate) fn send(c: &mut Call<'_>) -> SysResult {
    let buffer = c.buffer(c.uint(1), c.long(2))?;
    let args = [c.int_arg(0), buffer, c.uint_arg(2), c.uint_arg(3), Arg::null(), Arg::null()];
    host::call(libc::SYS_sendto, &args)
}

pub(crate) fn sendto(c: &mut Call<'_>) -> SysResult {
    if c.uint(4) == 0 {
        return send(c);
    }
    let address = read_address(c, c.uint(4), c.uint(5))?;
    let buffer = c.buffer(c.uint(1), c.long(2))?;
    let args =
        [c.int_arg(0), buffer, c.uint_arg(2), c.uint_arg(3), Arg::inputs(&address), address.len().into()];
    host::call(libc::SYS_sendto, &args)
}

pub(crate) fn recv(c: &mut Call<'_>) -> SysResult {
    let buffer = c.buffer(c.uint(1), c.long(2))?;
    let args = [c.int_arg(0), buffer, c.uint_arg(2), c.uint_arg(3), Arg::null(), Arg::null()];
    host::call(libc::SYS_recvfrom, &args)
}

pub(crate) fn recvfrom(c: &mut Call<'_>) -> SysResult {
    if c.uint(4) == 0 {
        return recv(c);
    }
    let mut address = [0u8; ADDRESS_MAX];
    let mut len = ADDRESS_MAX as u32;
    let buffer = c.buffer(c.uint(1), c.long(2))?;
    let args = [
        c.int_arg(0),
        buffer,
        c.uint_arg(2),
        c.uint_arg(3),
        Arg::outputs(&mut address),
        Arg::output(&mut len),
    ];
    let got = host::call(libc::SYS_recvfrom, &args)?;
    write_address(c, c.uint(4), c.uint(5), &mut address, len)?;
    Ok(got)
}

/// What the value of an option is.
enum OptionKind {
    /// Integers or bytes that have no order: words are converted one by one.
    Words,
    /// Bytes.
    Bytes,
    /// A `struct timeval`.
    Time,
}

/// Level and number of an option by host numbers, and what its value is.
fn option(c: &Call<'_>) -> (u32, u32, OptionKind) {
    let (level, number) = (c.uint(1), c.uint(2));
    if level != c.abi().numbers().sol_socket {
        return (level, number, OptionKind::Words);
    }
    let number = c.abi().socket_option(number);
    let kind = match number as i32 {
        libc::SO_RCVTIMEO | libc::SO_SNDTIMEO => OptionKind::Time,
        libc::SO_BINDTODEVICE => OptionKind::Bytes,
        _ => OptionKind::Words,
    };
    (libc::SOL_SOCKET as u32, number, kind)
}

/// Swaps the bytes of each word where the guest has the other order.
fn swap_words(c: &Call<'_>, bytes: &mut [u8]) {
    if c.memory().is_big() {
        bytes.chunks_exact_mut(4).for_each(<[u8]>::reverse);
    }
}

pub(crate) fn setsockopt(c: &mut Call<'_>) -> SysResult {
    let (level, number, kind) = option(c);
    let (addr, len) = (c.uint(3), c.uint(4));
    let set = |value: Arg<'_>, len: usize| {
        host::call(libc::SYS_setsockopt, &[c.int_arg(0), level.into(), number.into(), value, len.into()])
    };
    if let OptionKind::Time = kind {
        let time = super::time::read_timeval(c, addr)?;
        return set(Arg::input(&time), size_of::<libc::timeval>());
    }
    if len as usize > CONTROL_MAX {
        return Err(Errno(libc::EINVAL));
    }
    let mut value = vec![0u8; len as usize];
    c.memory().read_bytes(addr, &mut value)?;
    if let OptionKind::Words = kind {
        swap_words(c, &mut value);
    }
    set(Arg::inputs(&value), value.len())
}

pub(crate) fn getsockopt(c: &mut Call<'_>) -> SysResult {
    let (level, number, kind) = option(c);
    let (addr, len_addr) = (c.uint(3), c.uint(4));
    let room = c.memory().read_u32(len_addr)?;
    let get = |value: Arg<'_>, len: &mut u32| {
        let args = [c.int_arg(0), level.into(), number.into(), value, Arg::output(len)];
        host::call(libc::SYS_getsockopt, &args)
    };
    if let OptionKind::Time = kind {
        let mut time = libc::timeval::zeroed();
        get(Arg::output(&mut time), &mut (size_of::<libc::timeval>() as u32))?;
        super::time::write_timeval(c, addr, &time)?;
        c.memory().write_u32(len_addr, 8)?;
        return Ok(0);
    }
    let mut len = room.min(CONTROL_MAX as u32);
    let mut value = vec![0u8; len as usize];
    get(Arg::outputs(&mut value), &mut len)?;
    value.truncate(len as usize);
    if let OptionKind::Words = kind {
        swap_words(c, &mut value);
    }
    if number == libc::SO_TYPE as u32 && level == libc::SOL_SOCKET as u32 {
        // The one option whose value is a number that guests have differently.
        let kinds = c.abi().numbers().sock_types;
        for byte in value.iter_mut().filter(|b| matches!(**b, 1 | 2)) {
            *byte = kinds[usize::from(*byte) - 1] as u8;
        }
    }
    c.memory().write_bytes(addr, &value)?;
    c.memory().write_u32(len_addr, len)?;
    Ok(0)
}

/// A guest's `struct msghdr`: seven words.
struct Message {
    name: u32,
    name_len: u32,
    parts: Vec<libc::iovec>,
    control: u32,
    control_len: u32,
}

impl Message {
    fn read(c: &Call<'_>) -> Result<Message, Errno> {
        let word = |i: u32| c.memory().read_u32(c.uint(1).wrapping_add(4 * i));
        let parts = read_iovec(c, word(2)?, word(3)?)?;
        let message =
            Message { name: word(0)?, name_len: word(1)?, parts, control: word(4)?, control_len: word(5)? };
        if message.control_len as usize > CONTROL_MAX {
            return Err(Errno(libc::ENOBUFS));
        }
        Ok(message)
    }

    fn write_word(c: &Call<'_>, index: u32, value: u32) -> Result<(), Errno> {
        Ok(c.memory().write_u32(c.uint(1).wrapping_add(4 * index), value)?)
    }
}

pub(crate) fn sendmsg(c: &mut Call<'_>) -> SysResult {
    let message = Message::read(c)?;
    let mut name = match message.name {
        0 => Vec::new(),
        addr => read_address(c, addr, message.name_len)?,
    };
    let mut control = read_control(c, &message)?;
    let mut parts = message.parts;
    let header = host::Message { name: &mut name, parts: &mut parts, control: &mut control };
    header.send(c.int(0), c.uint(2))
}

pub(crate) fn recvmsg(c: &mut Call<'_>) -> SysResult {
    let message = Message::read(c)?;
    let mut name = if message.name == 0 { Vec::new() } else { vec![0; ADDRESS_MAX] };
    let mut control = if message.control_len == 0 { Vec::new() } else { vec![0; CONTROL_MAX * 2] };
    let mut parts = message.parts;
    // SOCK_CLOEXEC and MSG_CMSG_CLOEXEC are the same on all guests.
    let header = host::Message { name: &mut name, parts: &mut parts, control: &mut control };
    let (got, flags) = header.receive(c.int(0), c.uint(2))?;
    if message.name != 0 {
        swap_family(c, &mut name);
        let shown = name.len().min(message.name_len as usize);
        c.memory().write_bytes(message.name, &name[..shown])?;
        Message::write_word(c, 1, name.len() as u32)?;
    }
    let (written, cut) = write_control(c, message.control, message.control_len, &control)?;
    Message::write_word(c, 5, written)?;
    Message::write_word(c, 6, flags | if cut { libc::MSG_CTRUNC as u32 } else { 0 })?;
    Ok(got)
}

/// The guest's control messages as the host lays them out: wider length, wider alignment.
fn read_control(c: &Call<'_>, message: &Message) -> Result<Vec<u8>, Errno> {
    let mut control = Vec::new();
    let mut at = 0;
    while message.control != 0 && at + GUEST_HEADER as u32 <= message.control_len {
        let entry = message.control.wrapping_add(at);
        let word = |i: u32| c.memory().read_u32(entry.wrapping_add(4 * i));
        let len = word(0)? as usize;
        if len < GUEST_HEADER || len > (message.control_len - at) as usize {
            return Err(Errno(libc::EINVAL));
        }
        let mut data = vec![0; len - GUEST_HEADER];
        c.memory().read_bytes(entry.wrapping_add(GUEST_HEADER as u32), &mut data)?;
        swap_words(c, &mut data);
        let level = word(1)?;
        let level = if level == c.abi().numbers().sol_socket { libc::SOL_SOCKET as u32 } else { level };
        control.extend((HOST_HEADER + data.len()).to_le_bytes());
        control.extend(level.to_le_bytes());
        control.extend(word(2)?.to_le_bytes());
        control.extend(data);
        control.resize(control.len().next_multiple_of(8), 0);
        at += len.next_multiple_of(4) as u32;
    }
    Ok(control)
}

/// Writes the host's control messages as the guest lays them out; gives how many bytes, and whether some did not fit.
fn write_control(c: &Call<'_>, addr: u32, room: u32, control: &[u8]) -> Result<(u32, bool), Errno> {
    let mut written = 0;
    let mut rest = control;
    while let Some(header) = rest.get(..HOST_HEADER) {
        let word =
            |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let len = word(0) as usize;
        let Some(data) = rest.get(HOST_HEADER..len) else { break };
        let guest_len = (GUEST_HEADER + data.len()) as u32;
        if written + guest_len > room {
            return Ok((written, true));
        }
        let level = if word(8) == libc::SOL_SOCKET as u32 { c.abi().numbers().sol_socket } else { word(8) };
        let entry = addr.wrapping_add(written);
        for (i, value) in [guest_len, level, word(12)].into_iter().enumerate() {
            c.memory().write_u32(entry.wrapping_add(4 * i as u32), value)?;
        }
        let mut data = data.to_vec();
        swap_words(c, &mut data);
        c.memory().write_bytes(entry.wrapping_add(GUEST_HEADER as u32), &data)?;
        written = (written + guest_len).next_multiple_of(4).min(room);
        rest = rest.get(len.next_multiple_of(8)..).unwrap_or_default();
    }
    Ok((written, false))
}
