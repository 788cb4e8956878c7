//! Options of sockets: numbers and layouts.

use super::address;
use crate::linux::host::{self, Arg, Errno, Plain};
use crate::linux::layout;
use crate::linux::syscall::{Call, SysResult};

/// The most that the value of an option may take.
const VALUE_MAX: u32 = 1 << 16;

const SOL_SOCKET: u32 = libc::SOL_SOCKET as u32;
const SO_ATTACH_FILTER: u32 = 26;
const SO_ATTACH_REUSEPORT_CBPF: u32 = 51;

/// What the value of an option is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Value {
    /// Fields that guest and host lay out alike.
    Layout(&'static str),
    /// A `struct timeval`.
    Time,
    /// A rate, which is a `long`.
    Rate,
    /// `SO_TYPE`.
    SocketType,
    /// `SO_ERROR`.
    Error,
    /// A program of classic BPF.
    Filter,
    /// A group and an interface: the host aligns the addresses in it otherwise.
    Group,
    /// `struct tcp_info`, which has fields of bits.
    TcpInfo,
    /// An address of a socket.
    Address,
    /// It holds addresses of memory, or is laid out in a way that we do not know.
    Refused,
}

/// A range of options of a level, and what they are. The first one counts.
type Row = (i32, std::ops::RangeInclusive<u32>, Value);

const IP: i32 = libc::IPPROTO_IP;
const IPV6: i32 = libc::IPPROTO_IPV6;
const TCP: i32 = libc::IPPROTO_TCP;
const TCP_INFO: &str = "8b24w4q6w4q2w2q6w2hw";

/// Everything that is not a row of words, by host numbers.
static OPTIONS: [Row; 40] = [
    (libc::SOL_SOCKET, 3..=3, Value::SocketType),
    (libc::SOL_SOCKET, 4..=4, Value::Error),
    (libc::SOL_SOCKET, 20..=21, Value::Time),
    (libc::SOL_SOCKET, 25..=25, Value::Layout("b")),
    (libc::SOL_SOCKET, 26..=26, Value::Filter),
    (libc::SOL_SOCKET, 28..=28, Value::Address),
    (libc::SOL_SOCKET, 31..=31, Value::Layout("b")),
    (libc::SOL_SOCKET, 47..=47, Value::Rate),
    (libc::SOL_SOCKET, 51..=51, Value::Filter),
    (libc::SOL_SOCKET, 57..=57, Value::Layout("q")),
    (libc::SOL_SOCKET, 66..=67, Value::Layout("q*")),
    (IP, 4..=4, Value::Layout("b")),
    (IP, 9..=9, Value::Refused),
    (IP, 16..=17, Value::Refused),
    (IP, 32..=32, Value::Layout("8bw")),
    (IP, 35..=36, Value::Layout("8bw")),
    (IP, 37..=40, Value::Layout("b")),
    (IP, 41..=41, Value::Layout("8b2w")),
    (IP, 42..=48, Value::Group),
    (IP, 50..=50, Value::Layout("b")),
    // Tables of packet filters.
    (IP, 64..=159, Value::Refused),
    (IPV6, 6..=6, Value::Refused),
    (IPV6, 9..=9, Value::Address),
    (IPV6, 20..=21, Value::Layout("16bw")),
    (IPV6, 27..=28, Value::Layout("16bw")),
    (IPV6, 32..=32, Value::Layout("22b3hw")),
    (IPV6, 34..=35, Value::Refused),
    (IPV6, 42..=48, Value::Group),
    (IPV6, 50..=50, Value::Layout("16bw")),
    (IPV6, 54..=59, Value::Layout("b")),
    (IPV6, 61..=61, Value::Layout("h22b2w")),
    // Tables of packet filters; 66 is IPV6_RECVTCLASS.
    (IPV6, 64..=65, Value::Refused),
    (IPV6, 76..=76, Value::Layout("b")),
    (TCP, 11..=11, Value::TcpInfo),
    (TCP, 13..=13, Value::Layout("b")),
    (TCP, 14..=14, Value::Layout("h128bhw")),
    (TCP, 28..=28, Value::Layout("b")),
    (TCP, 31..=31, Value::Layout("b")),
    (TCP, 33..=33, Value::Layout("b")),
    // It is told where memory is mapped.
    (TCP, 35..=35, Value::Refused),
];

/// Those of levels whose other options are not known.
static MORE_OPTIONS: [Row; 8] = [
    (libc::SOL_PACKET, 1..=2, Value::Layout("w2h")),
    // A program of classic BPF and where it is.
    (libc::SOL_PACKET, 22..=22, Value::Refused),
    // SCTP_SOCKOPT_CONNECTX3: where the addresses are.
    (SCTP, 111..=111, Value::Refused),
    (libc::SOL_ALG, 1..=1, Value::Layout("b")),
    (libc::AF_VSOCK, 0..=2, Value::Layout("q")),
    (libc::AF_VSOCK, 6..=6, Value::Time),
    (libc::SOL_XDP, 0..=u32::MAX, Value::Refused),
    (libc::SOL_TLS, 1..=2, Value::Layout("2h")),
];

/// Levels whose other options are rows of words.
static LEVELS: [i32; 11] = [
    libc::SOL_SOCKET,
    IP,
    IPV6,
    TCP,
    libc::IPPROTO_UDP,
    libc::IPPROTO_ICMPV6,
    libc::IPPROTO_RAW,
    libc::SOL_NETLINK,
    libc::SOL_PACKET,
    libc::SOL_TIPC,
    libc::SOL_CAN_BASE + libc::CAN_RAW,
];

const SCTP: i32 = 132;

/// Levels whose options hold no addresses of memory, though their layouts are not known: SCTP, UDP-Lite, DCCP, RxRPC, L2TP,
/// Bluetooth and its protocols, X.25, AX.25.
static PLAIN_LEVELS: [i32; 9] = [SCTP, 136, 269, 272, 273, 274, 18, 262, 257];

/// Level and number of an option by host numbers, and what its value is.
fn option(c: &Call<'_>) -> Result<(u32, u32, Value), Errno> {
    let (level, number) = (c.uint(1), c.uint(2));
    let (level, number) = match level == c.abi().numbers().sol_socket {
        true => (SOL_SOCKET, c.abi().socket_option(number).ok_or(Errno(libc::ENOPROTOOPT))?),
        false => (level, number),
    };
    let found =
        OPTIONS.iter().chain(&MORE_OPTIONS).find(|(l, n, _)| *l == level as i32 && n.contains(&number));
    let value = match found {
        Some((_, _, value)) => *value,
        None if LEVELS.contains(&(level as i32)) => Value::Layout("w*"),
        None if PLAIN_LEVELS.contains(&(level as i32)) && !c.memory().is_big() => Value::Layout(""),
        // The host would follow addresses that are in it.
        None => Value::Refused,
    };
    if value == Value::Refused {
        tracing::debug!(target: "syscall", "option {number} of sockets, level {level}, is not supported");
        return Err(Errno(libc::ENOPROTOOPT));
    }
    Ok((level, number, value))
}

/// Bytes that the host has more in front of an address in a `struct group_req` and its kin.
const GROUP_GAP: usize = 4;

/// A value as the host wants it.
fn to_host(c: &Call<'_>, value: Value, mut bytes: Vec<u8>) -> Vec<u8> {
    let big = c.memory().is_big();
    match value {
        Value::Layout(layout) if big => layout::swap(layout, &mut bytes),
        Value::SocketType | Value::Error if big => layout::swap("w", &mut bytes),
        Value::Address => address::to_host(c, &mut bytes),
        Value::Group => {
            let addresses = bytes.split_off(bytes.len().min(4));
            if big {
                layout::swap("w", &mut bytes);
            }
            if bytes.len() == 4 {
                bytes.extend([0; GROUP_GAP]);
            }
            for part in addresses.chunks(address::ADDRESS_MAX) {
                let mut part = part.to_vec();
                address::to_host(c, &mut part);
                bytes.extend(part);
            }
        }
        Value::Rate => {
            if big {
                layout::swap("w", &mut bytes);
            }
            bytes.resize(8, 0);
        }
        _ => {}
    }
    bytes
}

/// A value as the guest wants it.
fn to_guest(c: &Call<'_>, value: Value, mut bytes: Vec<u8>) -> Vec<u8> {
    let big = c.memory().is_big();
    let word = |bytes: &[u8]| bytes.first_chunk().map_or(0, |word| i32::from_le_bytes(*word));
    let encoded = |word: i32| if big { word.to_be_bytes() } else { word.to_le_bytes() }.to_vec();
    match value {
        Value::Layout(layout) if big => layout::swap(layout, &mut bytes),
        Value::SocketType => return encoded(super::guest_type(c, word(&bytes))),
        Value::Error => return encoded(c.abi().errno(word(&bytes))),
        Value::Address => address::to_guest(c, &mut bytes),
        Value::Rate => {
            let rate = bytes.first_chunk().map_or(0, |rate| u64::from_le_bytes(*rate));
            return encoded(u32::try_from(rate).unwrap_or(u32::MAX) as i32);
        }
        Value::Filter if big => layout::swap("hbbw*", &mut bytes),
        Value::TcpInfo if big => {
            layout::swap(TCP_INFO, &mut bytes);
            swap_bit_fields(&mut bytes);
        }
        _ => {}
    }
    bytes
}

/// The bit fields of a `struct tcp_info`, which begin at the other end of their bytes on a big-endian machine: two
/// windows of 4 bits; then 1 bit and 2 bits.
fn swap_bit_fields(info: &mut [u8]) {
    if let Some([scales, flags]) = info.get_mut(6..8) {
        *scales = scales.rotate_left(4);
        *flags = (*flags & 1) << 7 | (*flags >> 1 & 3) << 5;
    }
}

/// A guest's `struct sock_fprog` and its instructions, with the host's byte order.
fn read_filter(c: &Call<'_>, addr: u32) -> Result<Vec<u8>, Errno> {
    let (count, start) = (c.memory().read_u16(addr)?, c.memory().read_u32(addr.wrapping_add(4))?);
    let mut program = vec![0; 8 * usize::from(count)];
    c.memory().read_bytes(start, &mut program)?;
    if c.memory().is_big() {
        layout::swap("hbbw*", &mut program);
    }
    Ok(program)
}

pub(crate) fn setsockopt(c: &mut Call<'_>) -> SysResult {
    let (level, number, value) = option(c)?;
    let (addr, len) = (c.uint(3), c.uint(4));
    let set = |value: Arg<'_>, len: usize| {
        host::call(libc::SYS_setsockopt, &[c.int_arg(0), level.into(), number.into(), value, len.into()])
    };
    if len > VALUE_MAX {
        return Err(Errno(libc::EINVAL));
    }
    match value {
        Value::Time => {
            if len < 8 {
                return Err(Errno(libc::EINVAL));
            }
            let time = crate::linux::handlers::time::read_timeval(c, addr)?;
            set(Arg::input(&time), size_of::<libc::timeval>())
        }
        Value::Filter if matches!(number, SO_ATTACH_FILTER | SO_ATTACH_REUSEPORT_CBPF) => {
            let program = read_filter(c, addr)?;
            let header = host::FilterArgument::new(&program);
            set(header.arg(), size_of::<libc::sock_fprog>())
        }
        _ => {
            let mut bytes = vec![0u8; len as usize];
            c.memory().read_bytes(addr, &mut bytes)?;
            let bytes = to_host(c, value, bytes);
            set(Arg::inputs(&bytes), bytes.len())
        }
    }
}

pub(crate) fn getsockopt(c: &mut Call<'_>) -> SysResult {
    let (level, number, value) = option(c)?;
    let (addr, len_addr) = (c.uint(3), c.uint(4));
    let room = c.memory().read_u32(len_addr)?;
    if room > i32::MAX as u32 {
        return Err(Errno(libc::EINVAL));
    }
    let get = |value: Arg<'_>, len: &mut u32| {
        let args = [c.int_arg(0), level.into(), number.into(), value, Arg::output(len)];
        host::call(libc::SYS_getsockopt, &args)
    };
    if value == Value::Time {
        let mut time = libc::timeval::zeroed();
        get(Arg::output(&mut time), &mut (size_of::<libc::timeval>() as u32))?;
        let time = super::encode_timeval(c, &time);
        return write_value(c, addr, len_addr, room, &time);
    }
    // Some options ask by the value what they want to know.
    let mut asked = vec![0u8; room.min(VALUE_MAX) as usize];
    let mut bytes = match level {
        SOL_SOCKET => asked,
        _ if c.memory().read_bytes(addr, &mut asked).is_ok() => to_host(c, value, asked),
        _ => asked,
    };
    // A filter's length is counted in instructions; the others' in bytes, of which the host may need more.
    let unit = if value == Value::Filter { 8 } else { 1 };
    let mut len = (bytes.len() / unit) as u32;
    if matches!(value, Value::SocketType | Value::Error | Value::Rate) {
        bytes.resize(bytes.len().max(8), 0);
        len = 8;
    }
    get(Arg::outputs(&mut bytes), &mut len)?;
    bytes.truncate(len as usize * unit);
    let bytes = to_guest(c, value, bytes);
    let shown = bytes.get(..(room as usize).saturating_mul(unit)).unwrap_or(&bytes);
    c.memory().write_bytes(addr, shown)?;
    c.memory().write_u32(len_addr, (shown.len() / unit) as u32)?;
    Ok(0)
}

/// Writes as much of a value as there is room for, and how much that is.
fn write_value(c: &Call<'_>, addr: u32, len_addr: u32, room: u32, value: &[u8]) -> SysResult {
    let shown = value.get(..room as usize).unwrap_or(value);
    c.memory().write_bytes(addr, shown)?;
    c.memory().write_u32(len_addr, shown.len() as u32)?;
    Ok(0)
}
