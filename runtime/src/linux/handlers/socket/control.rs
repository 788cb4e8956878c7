//! Control messages: descriptors, credentials, times, addresses and the like beside the data of a message. A 32-bit guest
//! has a shorter header and another alignment than the host.

use super::address;
use crate::linux::abi::Encoder;
use crate::linux::host::{self, Errno};
use crate::linux::layout;
use crate::linux::syscall::Call;

/// The most that control messages may take.
pub(super) const CONTROL_MAX: usize = 1 << 15;
/// Bytes of a `struct cmsghdr`, guest and host.
const GUEST_HEADER: usize = 12;
const HOST_HEADER: usize = 16;

/// What a control message holds.
enum Payload {
    /// Fields that guest and host lay out alike.
    Layout(&'static str),
    /// Pairs of seconds and a fraction, `long`s in the guest.
    Times,
    /// An error, and the address of who reported it.
    Error,
    /// An address of a socket.
    Address,
}

const SOCKET: i32 = libc::SOL_SOCKET;
const IP: i32 = libc::IPPROTO_IP;
const IPV6: i32 = libc::IPPROTO_IPV6;

/// What is in a control message, by host numbers.
fn payload(level: i32, kind: i32) -> Payload {
    match (level, kind) {
        (SOCKET, libc::SO_TIMESTAMP | libc::SO_TIMESTAMPNS | libc::SO_TIMESTAMPING) => Payload::Times,
        // The same with 64 bits; and the time at which to send.
        (SOCKET, 63..=65 | libc::SCM_TXTIME) => Payload::Layout("q*"),
        (IP, libc::IP_PKTINFO) => Payload::Layout("w"),
        (IP, libc::IP_RETOPTS | libc::IP_TOS) => Payload::Layout("b"),
        (IP, libc::IP_RECVERR) | (IPV6, libc::IPV6_RECVERR) => Payload::Error,
        (IP, libc::IP_ORIGDSTADDR) | (IPV6, libc::IPV6_ORIGDSTADDR) => Payload::Address,
        (IPV6, libc::IPV6_PKTINFO | libc::IPV6_2292PKTINFO) => Payload::Layout("16bw"),
        (IPV6, libc::IPV6_HOPLIMIT | libc::IPV6_2292HOPLIMIT | libc::IPV6_TCLASS) => Payload::Layout("w"),
        // Headers of packets, as they are sent.
        (IPV6, _) => Payload::Layout("b"),
        (libc::SOL_UDP, libc::UDP_SEGMENT) => Payload::Layout("h"),
        (libc::SOL_PACKET, _) => Payload::Layout("3w4h"),
        (libc::SOL_ALG, libc::ALG_SET_IV) => Payload::Layout("w"),
        (libc::SOL_TLS, _) => Payload::Layout("b"),
        _ => Payload::Layout("w*"),
    }
}

/// The guest's data as the host wants it.
fn to_host(c: &Call<'_>, level: i32, kind: i32, data: &mut [u8]) {
    match payload(level, kind) {
        // What is sent may be a number where what is received is a byte.
        Payload::Layout("b") if level == IP && data.len() == 4 && c.memory().is_big() => data.reverse(),
        Payload::Layout(layout) if c.memory().is_big() => layout::swap(layout, data),
        Payload::Address => address::to_host(c, data),
        // Times and errors are only received.
        _ => {}
    }
}

/// The host's data as the guest wants it.
fn to_guest(c: &Call<'_>, level: i32, kind: i32, mut data: Vec<u8>) -> Vec<u8> {
    let big = c.memory().is_big();
    match payload(level, kind) {
        Payload::Layout(layout) if big => layout::swap(layout, &mut data),
        Payload::Layout(_) => {}
        Payload::Address => address::to_guest(c, &mut data),
        Payload::Times => {
            let mut e = Encoder::new(big);
            for field in data.chunks_exact(8) {
                e.u32(field.first_chunk().map_or(0, |low| u32::from_le_bytes(*low)));
            }
            data = e.as_bytes().to_vec();
        }
        Payload::Error => {
            const HEADER: usize = 16;
            if let Some(errno) = data.first_chunk_mut() {
                *errno = c.abi().errno(i32::from_le_bytes(*errno)).to_le_bytes();
            }
            if big {
                layout::swap("w4b2w", &mut data);
            }
            address::to_guest(c, data.get_mut(HEADER..).unwrap_or_default());
        }
    }
    data
}

/// The guest's control messages at `addr`, as the host lays them out.
pub(super) fn read(c: &Call<'_>, addr: u32, len: u32) -> Result<Vec<u8>, Errno> {
    let mut control = Vec::new();
    let mut at = 0;
    while addr != 0 && at + GUEST_HEADER as u32 <= len {
        let entry = addr.wrapping_add(at);
        let word = |i: u32| c.memory().read_u32(entry.wrapping_add(4 * i));
        let entry_len = word(0)? as usize;
        if entry_len < GUEST_HEADER || entry_len > (len - at) as usize {
            return Err(Errno(libc::EINVAL));
        }
        let mut data = vec![0; entry_len - GUEST_HEADER];
        c.memory().read_bytes(entry.wrapping_add(GUEST_HEADER as u32), &mut data)?;
        let level = match word(1)? {
            level if level == c.abi().numbers().sol_socket => SOCKET as u32,
            level => level,
        };
        let kind = word(2)?;
        to_host(c, level as i32, kind as i32, &mut data);
        control.extend((HOST_HEADER + data.len()).to_le_bytes());
        control.extend(level.to_le_bytes());
        control.extend(kind.to_le_bytes());
        control.extend(data);
        control.resize(control.len().next_multiple_of(8), 0);
        at += entry_len.next_multiple_of(4) as u32;
    }
    Ok(control)
}

/// A host control message: level, kind, data; and the bytes of the messages behind it.
fn split(control: &[u8]) -> Option<(i32, i32, &[u8], &[u8])> {
    let header: &[u8; HOST_HEADER] = control.first_chunk()?;
    let word = |at: usize| i32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let len = word(0) as usize;
    let data = control.get(HOST_HEADER..len)?;
    Some((word(8), word(12), data, control.get(len.next_multiple_of(8)..).unwrap_or_default()))
}

/// Writes the host's control messages as the guest lays them out; gives how many bytes, and whether some did not fit. As
/// Linux does, a message that does not fit is cut; descriptors for which there is no room are closed.
pub(super) fn write(c: &Call<'_>, addr: u32, room: u32, control: &[u8]) -> Result<(u32, bool), Errno> {
    let room = if addr == 0 { 0 } else { room };
    let (mut written, mut cut) = (0, false);
    let mut rest = control;
    while let Some((level, kind, data, more)) = split(rest) {
        rest = more;
        let space = (room - written) as usize;
        let mut data = data.to_vec();
        if (level, kind) == (SOCKET, libc::SCM_RIGHTS) {
            let fitting = space.saturating_sub(GUEST_HEADER) / 4 * 4;
            cut |= fitting < data.len();
            close_descriptors(data.get(fitting..).unwrap_or_default());
            data.truncate(fitting);
            if data.is_empty() {
                continue;
            }
        }
        let data = to_guest(c, level, kind, data);
        if space < GUEST_HEADER {
            cut = true;
            continue;
        }
        let len = (GUEST_HEADER + data.len()).min(space);
        cut |= len < GUEST_HEADER + data.len();
        let guest_level = if level == SOCKET { c.abi().numbers().sol_socket } else { level as u32 };
        let mut e = Encoder::new(c.memory().is_big());
        e.u32(len as u32).u32(guest_level).u32(kind as u32).bytes(&data);
        c.memory().write_bytes(addr.wrapping_add(written), &e.as_bytes()[..len])?;
        written = (written + len.next_multiple_of(4) as u32).min(room);
    }
    Ok((written, cut))
}

/// Closes descriptors that have been received and cannot be handed on.
fn close_descriptors(numbers: &[u8]) {
    for number in numbers.as_chunks::<4>().0 {
        // They are open, and nobody else knows of them.
        let _ = host::call_now(libc::SYS_close, &[i32::from_le_bytes(*number).into()]);
    }
}
