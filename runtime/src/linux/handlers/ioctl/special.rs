//! Requests whose arguments are more than structures of numbers.

pub(super) use super::ethtool::request as ethtool;
use super::pass;
use crate::linux::abi::Encoder;
pub(super) use crate::linux::handlers::userfault::{copy_request, range_request};
use crate::linux::host::{self, Arg, Errno, Plain, SizedBuffer, Termios, Termios2, Words};
use crate::linux::structure::{self, Member};
use crate::linux::syscall::{Call, SysResult};

pub(super) fn get_termios(c: &Call<'_>, request: u32) -> SysResult {
    let mut termios = Termios::zeroed();
    let result = pass(c, request, Arg::output(&mut termios))?;
    c.memory().write_bytes(c.uint(2), c.abi().termios(&termios).as_bytes())?;
    Ok(result)
}

pub(super) fn set_termios(c: &Call<'_>, request: u32) -> SysResult {
    let termios = c.abi().read_termios(c.memory(), c.uint(2));
    let termios = termios.map_err(|_| super::unreadable(c, request))?;
    pass(c, request, Arg::input(&termios))
}

/// Where the speeds of a guest's `struct termios2` are: after its `struct termios`.
fn speeds_offset(c: &Call<'_>) -> u32 {
    c.abi().termios(&Termios::zeroed()).as_bytes().len() as u32
}

pub(super) fn get_termios2(c: &Call<'_>, request: u32) -> SysResult {
    let mut termios = Termios2::zeroed();
    let result = pass(c, request, Arg::output(&mut termios))?;
    let mut e = Encoder::new(c.memory().is_big());
    e.bytes(c.abi().termios(&termios.base).as_bytes()).u32(termios.ispeed).u32(termios.ospeed);
    c.memory().write_bytes(c.uint(2), e.as_bytes())?;
    Ok(result)
}

pub(super) fn set_termios2(c: &Call<'_>, request: u32) -> SysResult {
    let (memory, addr) = (c.memory(), c.uint(2));
    let speeds = addr.wrapping_add(speeds_offset(c));
    let read = || -> Result<Termios2, Errno> {
        Ok(Termios2 {
            base: c.abi().read_termios(memory, addr)?,
            ispeed: memory.read_u32(speeds)?,
            ospeed: memory.read_u32(speeds.wrapping_add(4))?,
        })
    };
    let termios = read().map_err(|_| super::unreadable(c, request))?;
    pass(c, request, Arg::input(&termios))
}

/// The characters that `struct termio` has; MIPS leaves room for more.
const TERMIO_CHARACTERS: usize = 8;
/// Offset of the line discipline in a guest's `struct termios` and `struct termio`.
const LINE: usize = 16;
const TERMIO_LINE: usize = 8;

/// The lower halves of the modes, the line discipline and the first characters of the newer structure.
pub(super) fn get_termio(c: &Call<'_>, _: u32) -> SysResult {
    let mut termios = Termios::zeroed();
    let result = pass(c, libc::TCGETS as u32, Arg::output(&mut termios))?;
    let whole = c.abi().termios(&termios);
    let mut e = Encoder::new(c.memory().is_big());
    // The modes are the same numbers on all guests but for the local ones.
    for mode in whole.as_bytes()[..LINE].chunks(4) {
        e.bytes(if c.memory().is_big() { &mode[2..] } else { &mode[..2] });
    }
    e.bytes(&whole.as_bytes()[LINE..LINE + 1 + TERMIO_CHARACTERS]);
    c.memory().write_bytes(c.uint(2), e.as_bytes())?;
    Ok(result)
}

/// Sets what `struct termio` has, and leaves the rest as it is.
pub(super) fn set_termio(c: &Call<'_>, request: u32) -> SysResult {
    let big = c.memory().is_big();
    let mut termios = Termios::zeroed();
    pass(c, libc::TCGETS as u32, Arg::output(&mut termios))?;
    let mut guest = c.abi().termios(&termios).as_bytes().to_vec();
    let mut given = [0; TERMIO_LINE + 1 + TERMIO_CHARACTERS];
    c.memory().read_bytes(c.uint(2), &mut given)?;
    for (i, half) in given[..TERMIO_LINE].chunks(2).enumerate() {
        let at = 4 * i + if big { 2 } else { 0 };
        guest[at..at + 2].copy_from_slice(half);
    }
    guest[LINE..LINE + 1 + TERMIO_CHARACTERS].copy_from_slice(&given[TERMIO_LINE..]);
    let termios = c.abi().termios_of(&guest);
    // The requests of the newer structure stand in the same order, four numbers lower.
    pass(c, request - (libc::TCSETA - libc::TCSETS) as u32, Arg::input(&termios))
}

pub(super) fn get_modem(c: &Call<'_>, request: u32) -> SysResult {
    let mut lines = 0u32;
    let result = pass(c, request, Arg::output(&mut lines))?;
    c.memory().write_u32(c.uint(2), c.abi().modem_to_guest(lines))?;
    Ok(result)
}

pub(super) fn set_modem(c: &Call<'_>, request: u32) -> SysResult {
    let guest = c.memory().read_u32(c.uint(2)).map_err(|_| super::unreadable(c, request))?;
    pass(c, request, Arg::input(&c.abi().modem_to_host(guest)))
}

pub(super) fn wait_modem(c: &Call<'_>, request: u32) -> SysResult {
    pass(c, request, c.abi().modem_to_host(c.uint(2)).into())
}

pub(super) fn signal_by_value(c: &Call<'_>, request: u32) -> SysResult {
    let signal = c.abi().signal_to_host(c.uint(2)).ok_or(Errno(libc::EINVAL))?;
    pass(c, request, signal.into())
}

/// Opens the other end of a pseudo-terminal, with flags of open.
pub(super) fn open_peer(c: &Call<'_>, request: u32) -> SysResult {
    pass(c, request, c.abi().open_flags_to_host(c.uint(2)).into())
}

/// Bytes in the guests' and the host's `struct ifreq`, and those of them that are used: a name and an address.
const GUEST_IFREQ: usize = 32;
const HOST_IFREQ: usize = 40;
const NAME_SIZE: usize = 16;

/// `struct ifconf`: the size and the address of a buffer for `struct ifreq`s.
pub(super) fn interfaces(c: &Call<'_>, request: u32) -> SysResult {
    /// The most interfaces that are asked for at once.
    const MOST: usize = 4096;
    let (memory, addr) = (c.memory(), c.uint(2));
    let unreadable = |_| super::unreadable(c, request);
    let size = memory.read_u32(addr).map_err(unreadable)? as i32;
    let list = memory.read_u32(addr.wrapping_add(4)).map_err(unreadable)?;
    let room = (size.max(0) as usize / GUEST_IFREQ).min(MOST);
    let mut found = vec![0u64; room * HOST_IFREQ / 8];
    let buffer = if list == 0 { Arg::null() } else { Arg::outputs(&mut found) };
    let (length, result) = host_interfaces(c, request, room * HOST_IFREQ, buffer)?;
    let count = length / HOST_IFREQ;
    if list != 0 {
        let bytes: Vec<u8> = found.iter().flat_map(|word| word.to_le_bytes()).collect();
        for (i, host) in bytes.chunks(HOST_IFREQ).take(count).enumerate() {
            let mut e = Encoder::new(memory.is_big());
            let family = u16::from_le_bytes([host[NAME_SIZE], host[NAME_SIZE + 1]]);
            e.bytes(&host[..NAME_SIZE]).u16(family).bytes(&host[NAME_SIZE + 2..GUEST_IFREQ]);
            memory.write_bytes(list.wrapping_add((GUEST_IFREQ * i) as u32), e.as_bytes())?;
        }
    }
    memory.write_u32(addr, (count * GUEST_IFREQ) as u32)?;
    Ok(result)
}

/// The host's `struct ifconf` around a buffer; gives the length that the host has put there.
fn host_interfaces(c: &Call<'_>, request: u32, len: usize, buffer: Arg<'_>) -> Result<(usize, u64), Errno> {
    let mut list = SizedBuffer::new(len as u64, buffer);
    let result = pass(c, request, list.arg())?;
    Ok((list.size() as u32 as usize, result))
}

/// `struct in6_rtmsg`: three addresses, type, lengths, metric, information, flags, interface.
const ROUTE6: [Member; 6] =
    [Member::U8(48), Member::U32(1), Member::U16(2), Member::U32(1), Member::UnsignedLong(1), Member::U32(2)];

/// `struct rtentry`: padding, three addresses, flags, padding, metric, a device's name by its address, limits.
#[rustfmt::skip]
const ROUTE: [Member; 13] = [
    Member::UnsignedLong(1),
    Member::U16(1), Member::U8(14), Member::U16(1), Member::U8(14), Member::U16(1), Member::U8(14),
    Member::U16(2), Member::UnsignedLong(2), Member::U16(1), Member::UnsignedLong(1), Member::UnsignedLong(2),
    Member::U16(1),
];

/// Adds or removes a route.
pub(super) fn route(c: &Call<'_>, request: u32) -> SysResult {
    /// Words of the host's structure, and which of them is the address of the device's name.
    const WORDS: usize = 15;
    const DEVICE: usize = 11;
    /// The longest name.
    const NAME: u64 = 16;
    let mut family = 0i32;
    let (level, option) = (libc::SOL_SOCKET.into(), libc::SO_DOMAIN.into());
    let mut len = 4u32;
    let args = [c.int_arg(0), level, option, Arg::output(&mut family), Arg::output(&mut len)];
    host::call_now(libc::SYS_getsockopt, &args).map_err(|_| super::unreadable(c, request))?;
    if family == libc::AF_INET6 {
        return super::structure(c, request, &ROUTE6, [true, false]);
    }
    let mut bytes = [0; 8 * WORDS];
    structure::read(c.memory(), c.uint(2), &ROUTE, &mut bytes).map_err(|_| super::unreadable(c, request))?;
    let word = |i: usize| u64::from_le_bytes(std::array::from_fn(|byte| bytes[8 * i + byte]));
    let device = c.buffer(word(DEVICE) as u32, NAME)?;
    let mut words: [Arg<'_>; WORDS] = std::array::from_fn(|i| Arg::number(word(i)));
    words[DEVICE] = device;
    pass(c, request, Words::new(words).arg())
}
