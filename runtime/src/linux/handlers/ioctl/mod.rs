//! Device control: the requests of `tables/ioctl.tbl`, whose numbers and structures are translated. All others are
//! refused by name in the log and with ENOTTY to the program.

mod ethtool;
mod special;

use crate::linux::abi::GuestAbi;
use crate::linux::host::{self, Arg, Errno};
use crate::linux::structure::{self, HostBuffer, Member};
use crate::linux::syscall::{Call, SysResult};

/// What a request's argument is.
#[derive(Clone, Copy, Debug)]
enum Argument {
    /// Nothing that counts.
    None,
    /// A number.
    Value,
    /// The address of a structure that is read.
    In(&'static [Member]),
    /// The address of a structure that is written.
    Out(&'static [Member]),
    /// The address of a structure that is read and written.
    InOut(&'static [Member]),
    /// The address of a buffer of bytes that is written, whose size is in the request.
    Bytes,
    /// The same of 32-bit words.
    Words,
    /// The address of a structure and of the items that follow it.
    Counted {
        header: &'static [Member],
        /// Where the host's header has the number of items.
        offset: usize,
        /// Bytes in that number.
        width: usize,
        item: &'static [Member],
        /// Whether the structure is written back.
        written: bool,
    },
    /// Something else: a function, given the host's number of the request.
    Own(fn(&Call<'_>, u32) -> SysResult),
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ioctl {
    /// Its name in Linux's headers.
    pub(crate) name: &'static str,
    /// Its number on machines that count as most do (and have a `long` of 32 bits).
    pub(crate) generic: u32,
    /// Its number on MIPS.
    pub(crate) mips: u32,
    /// The host's number.
    host: u32,
    /// How many consecutive numbers it has.
    count: u32,
    /// Whether the program chooses the size in the number.
    any_size: bool,
    argument: Argument,
}

include!(concat!(env!("OUT_DIR"), "/ioctls.rs"));

/// The most items that a structure may be followed by.
const ITEMS_MAX: u64 = 1 << 16;

pub(crate) fn ioctl(c: &mut Call<'_>) -> SysResult {
    let Some((row, request)) = find(c.abi(), c.uint(1)) else { return Err(refuse(c)) };
    let addr = c.uint(2);
    tracing::trace!(target: "syscall", "ioctl {} on {}, {addr:#x}", row.name, c.int(0));
    match row.argument {
        Argument::None => pass(c, request, Arg::null()),
        Argument::Value => pass(c, request, addr.into()),
        Argument::In(members) => structure(c, request, members, [true, false]),
        Argument::Out(members) => structure(c, request, members, [false, true]),
        Argument::InOut(members) => structure(c, request, members, [true, true]),
        Argument::Bytes => buffer(c, request, 1),
        Argument::Words => buffer(c, request, 4),
        Argument::Counted { header, offset, width, item, written } => {
            counted(c, request, &Counted { header, offset, width, item, written })
        }
        Argument::Own(function) => function(c, request),
    }
}

/// The row of a guest's request, and the host's number.
fn find(abi: &dyn GuestAbi, guest: u32) -> Option<(&'static Ioctl, u32)> {
    let size_bits = abi.ioctl_size_bits();
    IOCTLS.iter().find_map(|row| {
        let ignored = if row.any_size { size_bits } else { 0 };
        let nth = (guest & !ignored).wrapping_sub(abi.ioctl_number(row));
        let size = (guest & ignored) & 0x3fff_0000;
        (nth < row.count).then(|| (row, (row.host + nth) | size))
    })
}

/// The name of a guest's request.
pub(crate) fn name(abi: &dyn GuestAbi, guest: u32) -> Option<&'static str> {
    find(abi, guest).map(|(row, _)| row.name)
}

fn pass(c: &Call<'_>, request: u32, argument: Arg<'_>) -> SysResult {
    host::call(libc::SYS_ioctl, &[c.int_arg(0), request.into(), argument])
}

/// What a request ends with whose argument cannot be read: the host says if the descriptor does not take it at all.
fn unreadable(c: &Call<'_>, request: u32) -> Errno {
    match pass(c, request, Arg::null()) {
        Err(errno) => errno,
        Ok(_) => Errno(libc::EFAULT),
    }
}

/// `direction`: whether the structure is read, and whether it is written.
fn structure(c: &Call<'_>, request: u32, members: &[Member], direction: [bool; 2]) -> SysResult {
    let addr = c.uint(2);
    let mut host = match direction[0] {
        true => HostBuffer::read(c.memory(), addr, members).map_err(|_| unreadable(c, request))?,
        false => HostBuffer::new(structure::host_size(members)),
    };
    let result = pass(c, request, host.arg())?;
    if direction[1] {
        host.write(c.memory(), addr, members)?;
    }
    Ok(result)
}

/// A buffer of the size that the request's number says; elements of `width` bytes have the guest's order.
fn buffer(c: &Call<'_>, request: u32, width: usize) -> SysResult {
    let size = (request >> 16 & 0x3fff) as usize;
    let mut buffer = HostBuffer::new(size);
    let written = pass(c, request, buffer.arg())?;
    let mut bytes = buffer.bytes();
    bytes.truncate(size.min(written as usize));
    if c.memory().is_big() && width > 1 {
        bytes.chunks_mut(width).for_each(<[u8]>::reverse);
    }
    c.memory().write_bytes(c.uint(2), &bytes)?;
    Ok(written)
}

/// What [`Argument::Counted`] says.
struct Counted {
    header: &'static [Member],
    offset: usize,
    width: usize,
    item: &'static [Member],
    written: bool,
}

impl Counted {
    /// The number of items in a host header.
    fn count(&self, header: &[u8]) -> u64 {
        let field = header.get(self.offset..self.offset + self.width).unwrap_or_default();
        field.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
    }
}

fn counted(c: &Call<'_>, request: u32, kind: &Counted) -> SysResult {
    let (memory, addr) = (c.memory(), c.uint(2));
    let mut bytes = vec![0; structure::host_size(kind.header)];
    structure::read(memory, addr, kind.header, &mut bytes).map_err(|_| unreadable(c, request))?;
    let count = kind.count(&bytes);
    if count > ITEMS_MAX {
        return Err(Errno(libc::ENOMEM));
    }
    let (start, item) = (bytes.len(), structure::host_size(kind.item));
    let guest_start = structure::guest_size(memory, kind.header) as u32;
    let guest_item = structure::guest_size(memory, kind.item) as u32;
    let place = |i: u64| addr.wrapping_add(guest_start).wrapping_add(guest_item.wrapping_mul(i as u32));
    bytes.resize(start + item * count as usize, 0);
    for (i, host) in bytes[start..].chunks_mut(item).enumerate() {
        structure::read(memory, place(i as u64), kind.item, host)?;
    }
    let mut buffer = HostBuffer::new(bytes.len());
    buffer.fill(&bytes);
    let result = pass(c, request, buffer.arg())?;
    if kind.written {
        let bytes = buffer.bytes();
        structure::write(memory, addr, kind.header, &bytes)?;
        for (i, host) in bytes[start..].chunks(item).take(count as usize).enumerate() {
            structure::write(memory, place(i as u64), kind.item, host)?;
        }
    }
    Ok(result)
}

/// The error of a request that is not in the table. Each is named once by each thread, or next to never where many are.
fn refuse(c: &mut Call<'_>) -> Errno {
    const SPREAD: u32 = 0x9e37_79b1;
    if let Err(errno) = host::call_now(libc::SYS_fcntl, &[c.int_arg(0), libc::F_GETFD.into()]) {
        return errno;
    }
    let request = c.uint(1);
    let bit = 1u64 << (request.wrapping_mul(SPREAD) >> 26);
    if c.process.refused_ioctls & bit == 0 {
        c.process.refused_ioctls |= bit;
        let letter = char::from((request >> 8) as u8);
        let number = request & 0xff;
        // Not a warning: programs try requests that a file may not know.
        tracing::info!(
            target: "syscall",
            "ioctl {request:#x} ({letter:?}, {number}) is not known: the program gets ENOTTY"
        );
    }
    Errno(libc::ENOTTY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str) -> &'static Ioctl {
        IOCTLS.iter().find(|row| row.name == name).unwrap()
    }

    #[test]
    fn numbers_are_those_of_the_headers() {
        let of = |name| (row(name).generic, row(name).mips, row(name).host);
        assert_eq!(of("TCGETS"), (0x5401, 0x540d, 0x5401));
        assert_eq!(of("TCGETS2"), (0x802c_542a, 0x4030_542a, 0x802c_542a));
        assert_eq!(of("TIOCGWINSZ"), (0x5413, 0x4008_7468, 0x5413));
        assert_eq!(of("FS_IOC_GETFLAGS"), (0x8004_6601, 0x4004_6601, 0x8008_6601));
        assert_eq!(of("BLKGETSIZE64"), (0x8004_1272, 0x4004_1272, 0x8008_1272));
        assert_eq!(of("BLKROSET"), (0x125d, 0x2000_125d, 0x125d));
        assert_eq!(of("FICLONE"), (0x4004_9409, 0x8004_9409, 0x4004_9409));
        assert_eq!(of("FIOQSIZE"), (0x545e, 0x667f, 0x5460));
        assert_eq!(of("EVIOCGNAME"), (0x8000_4506, 0x4000_4506, 0x8000_4506));
        assert_eq!(of("FS_IOC_FIEMAP"), (0xc020_660b, 0xc020_660b, 0xc020_660b));
    }

    /// No number means two things on one machine.
    #[test]
    fn numbers_are_unique() {
        for column in [|row: &Ioctl| row.generic, |row: &Ioctl| row.mips] {
            for (i, row) in IOCTLS.iter().enumerate() {
                let earlier = IOCTLS[..i].iter().find(|r| column(row).wrapping_sub(column(r)) < r.count);
                assert!(earlier.is_none(), "{} has the number of {:?}", row.name, earlier.map(|r| r.name));
            }
        }
    }

    /// Structures are as long as the numbers say, on both sides.
    #[test]
    fn sizes_fit_the_numbers() {
        for row in &IOCTLS {
            let (Argument::In(members) | Argument::Out(members) | Argument::InOut(members)) = row.argument
            else {
                continue;
            };
            let said = (row.host >> 16 & 0x3fff) as usize;
            let size = structure::host_size(members);
            // Some that say `long` mean `int`, or the reverse.
            assert!([0, 4, 8, size].contains(&said), "{}: {size} is not {said}", row.name);
        }
    }
}
