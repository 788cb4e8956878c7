//! `SIOCETHTOOL`: what a network device tells of itself. The structures are laid out alike on all machines; what is
//! behind them has as many elements as they say, and is the host's to write, straight into the guest's memory.

use super::pass;
use crate::linux::host::{Arg, Errno, Words};
use crate::linux::structure::{self, HostBuffer, Member};
use crate::linux::syscall::{Call, SysResult};

/// What follows a structure.
#[derive(Clone, Copy, Debug)]
enum Tail {
    Nothing,
    /// Elements of `width` bytes each, `each` of them for every one that the word at this offset counts.
    Counted {
        at: usize,
        each: usize,
        width: usize,
    },
    /// A word for each bit that is set in the 64 bits at this offset.
    Bits {
        at: usize,
    },
    /// Three words for each that the signed byte at this offset counts.
    Masks {
        at: usize,
    },
}

/// A command: its number, its structure, which begins with that number, and what follows it.
type Row = (u32, &'static [Member], Tail);

const VALUE: &[Member] = &[Member::U32(2)];
const SETTINGS: &[Member] = &[
    Member::U32(3),
    Member::U16(1),
    Member::U8(6),
    Member::U32(2),
    Member::U16(1),
    Member::U8(2),
    Member::U32(3),
];
/// An offset that is after the command's number.
const SECOND: usize = 4;

/// linux/ethtool.h.
#[rustfmt::skip]
static ROWS: [Row; 47] = [
    (0x01, SETTINGS, Tail::Nothing),                            // ETHTOOL_GSET
    (0x02, SETTINGS, Tail::Nothing),                            // ETHTOOL_SSET
    (0x03, &[Member::U32(1), Member::U8(172), Member::U32(5)], Tail::Nothing), // ETHTOOL_GDRVINFO
    (0x05, &[Member::U32(3), Member::U8(6)], Tail::Nothing),    // ETHTOOL_GWOL
    (0x06, &[Member::U32(3), Member::U8(6)], Tail::Nothing),    // ETHTOOL_SWOL
    (0x07, VALUE, Tail::Nothing),                               // ETHTOOL_GMSGLVL
    (0x08, VALUE, Tail::Nothing),                               // ETHTOOL_SMSGLVL
    (0x09, VALUE, Tail::Nothing),                               // ETHTOOL_NWAY_RST
    (0x0a, VALUE, Tail::Nothing),                               // ETHTOOL_GLINK
    (0x0e, &[Member::U32(23)], Tail::Nothing),                  // ETHTOOL_GCOALESCE
    (0x0f, &[Member::U32(23)], Tail::Nothing),                  // ETHTOOL_SCOALESCE
    (0x10, &[Member::U32(9)], Tail::Nothing),                   // ETHTOOL_GRINGPARAM
    (0x11, &[Member::U32(9)], Tail::Nothing),                   // ETHTOOL_SRINGPARAM
    (0x12, &[Member::U32(4)], Tail::Nothing),                   // ETHTOOL_GPAUSEPARAM
    (0x13, &[Member::U32(4)], Tail::Nothing),                   // ETHTOOL_SPAUSEPARAM
    (0x14, VALUE, Tail::Nothing),                               // ETHTOOL_GRXCSUM
    (0x15, VALUE, Tail::Nothing),                               // ETHTOOL_SRXCSUM
    (0x16, VALUE, Tail::Nothing),                               // ETHTOOL_GTXCSUM
    (0x17, VALUE, Tail::Nothing),                               // ETHTOOL_STXCSUM
    (0x18, VALUE, Tail::Nothing),                               // ETHTOOL_GSG
    (0x19, VALUE, Tail::Nothing),                               // ETHTOOL_SSG
    (0x1b, &[Member::U32(3)], Tail::Counted { at: 8, each: 32, width: 1 }), // ETHTOOL_GSTRINGS
    (0x1c, VALUE, Tail::Nothing),                               // ETHTOOL_PHYS_ID
    (0x1d, VALUE, Tail::Counted { at: SECOND, each: 1, width: 8 }), // ETHTOOL_GSTATS
    (0x1e, VALUE, Tail::Nothing),                               // ETHTOOL_GTSO
    (0x1f, VALUE, Tail::Nothing),                               // ETHTOOL_STSO
    (0x20, VALUE, Tail::Counted { at: SECOND, each: 1, width: 1 }), // ETHTOOL_GPERMADDR
    (0x21, VALUE, Tail::Nothing),                               // ETHTOOL_GUFO
    (0x22, VALUE, Tail::Nothing),                               // ETHTOOL_SUFO
    (0x23, VALUE, Tail::Nothing),                               // ETHTOOL_GGSO
    (0x24, VALUE, Tail::Nothing),                               // ETHTOOL_SGSO
    (0x25, VALUE, Tail::Nothing),                               // ETHTOOL_GFLAGS
    (0x26, VALUE, Tail::Nothing),                               // ETHTOOL_SFLAGS
    (0x27, VALUE, Tail::Nothing),                               // ETHTOOL_GPFLAGS
    (0x28, VALUE, Tail::Nothing),                               // ETHTOOL_SPFLAGS
    (0x2b, VALUE, Tail::Nothing),                               // ETHTOOL_GGRO
    (0x2c, VALUE, Tail::Nothing),                               // ETHTOOL_SGRO
    (0x37, &[Member::U32(2), Member::U64(1)], Tail::Bits { at: 8 }), // ETHTOOL_GSSET_INFO
    (0x3a, VALUE, Tail::Counted { at: SECOND, each: 4, width: 4 }), // ETHTOOL_GFEATURES
    (0x3b, VALUE, Tail::Counted { at: SECOND, each: 2, width: 4 }), // ETHTOOL_SFEATURES
    (0x3c, &[Member::U32(9)], Tail::Nothing),                   // ETHTOOL_GCHANNELS
    (0x3d, &[Member::U32(9)], Tail::Nothing),                   // ETHTOOL_SCHANNELS
    (0x41, &[Member::U32(11)], Tail::Nothing),                  // ETHTOOL_GET_TS_INFO
    (0x44, &[Member::U32(10)], Tail::Nothing),                  // ETHTOOL_GEEE
    (0x45, &[Member::U32(10)], Tail::Nothing),                  // ETHTOOL_SEEE
    (0x4c, &[Member::U32(2), Member::U8(12), Member::U32(7)], Tail::Masks { at: 15 }), // ETHTOOL_GLINKSETTINGS
    (0x4d, &[Member::U32(2), Member::U8(12), Member::U32(7)], Tail::Masks { at: 15 }), // ETHTOOL_SLINKSETTINGS
];
/// Commands whose elements are read.
const READ: [u32; 2] = [0x3b, 0x4d];

/// `struct ifreq` with an address: that of the command's structure.
pub(super) fn request(c: &Call<'_>, request: u32) -> SysResult {
    /// Where the address is, after the name.
    const ADDRESS: u32 = 16;
    let (memory, addr) = (c.memory(), c.uint(2));
    let mut name = [0; ADDRESS as usize];
    memory.read_bytes(addr, &mut name).map_err(|_| super::unreadable(c, request))?;
    let data = memory.read_u32(addr.wrapping_add(ADDRESS))?;
    let command = memory.read_u32(data)?;
    let Some((_, members, tail)) = ROWS.iter().find(|row| row.0 == command) else {
        tracing::info!(target: "syscall", "ethtool command {command:#x} is not known: it gives EOPNOTSUPP");
        return Err(Errno(libc::EOPNOTSUPP));
    };
    let ask = |data: Arg<'_>| {
        let half = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| name[at + i]));
        let mut ifreq = Words::new([half(0).into(), half(8).into(), data, 0.into(), 0.into()]);
        pass(c, request, ifreq.arg())
    };
    if !memory.is_big() {
        return ask(c.buffer(data, structure::host_size(members) as u64)?);
    }
    if matches!(tail, Tail::Nothing) {
        let mut host = HostBuffer::read(memory, data, members)?;
        let result = ask(host.arg())?;
        host.write(memory, data, members)?;
        return Ok(result);
    }
    let reads = READ.contains(&command);
    turn_round(c, data, members, reads.then_some(*tail), true)?;
    let result = ask(c.buffer(data, structure::host_size(members) as u64)?);
    turn_round(c, data, members, (reads || result.is_ok()).then_some(*tail), false)?;
    result
}

/// Gives a big-endian guest's structure, and what follows it if that is given, the host's order, or the guest's again.
fn turn_round(
    c: &Call<'_>,
    addr: u32,
    members: &[Member],
    tail: Option<Tail>,
    to_host: bool,
) -> Result<(), Errno> {
    let memory = c.memory();
    let mut host = vec![0; structure::host_size(members)];
    if to_host {
        structure::read(memory, addr, members, &mut host)?;
    } else {
        memory.read_bytes(addr, &mut host)?;
        structure::write(memory, addr, members, &host)?;
    }
    let (count, width) = tail.map_or((0, 1), |tail| elements(tail, &host));
    for i in (0..count).filter(|_| width > 1) {
        let at = addr.wrapping_add((host.len() + i * width) as u32);
        let mut element = vec![0; width];
        memory.read_bytes(at, &mut element)?;
        element.reverse();
        memory.write_bytes(at, &element)?;
    }
    if to_host {
        memory.write_bytes(addr, &host)?;
    }
    Ok(())
}

/// How many elements follow a structure of the host's, and how wide they are.
fn elements(tail: Tail, host: &[u8]) -> (usize, usize) {
    /// More than any device has.
    const MOST: usize = 1 << 16;
    let number = |at: usize, len: usize| {
        let field = host.get(at..at + len).unwrap_or_default();
        field.iter().rev().fold(0, |value: u64, &byte| value << 8 | u64::from(byte))
    };
    let (count, width) = match tail {
        Tail::Nothing => (0, 1),
        Tail::Counted { at, each, width } => ((number(at, 4) as usize).saturating_mul(each), width),
        Tail::Bits { at } => (number(at, 8).count_ones() as usize, 4),
        Tail::Masks { at } => (3 * (number(at, 1) as i8).max(0) as usize, 4),
    };
    (count.min(MOST), width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_in_order_and_have_the_sizes_of_the_header() {
        assert!(ROWS.is_sorted_by(|a, b| a.0 < b.0));
        let size = |command: u32| {
            let row = ROWS.iter().find(|row| row.0 == command);
            row.map_or(0, |row| structure::host_size(row.1))
        };
        assert_eq!([0x01, 0x03, 0x05, 0x0e, 0x4c].map(size), [44, 196, 20, 92, 48]);
    }

    #[test]
    fn elements_are_as_many_as_the_structure_says() {
        assert_eq!(elements(Tail::Counted { at: 4, each: 4, width: 4 }, &[0, 0, 0, 0, 2, 0, 0, 0]), (8, 4));
        assert_eq!(elements(Tail::Bits { at: 0 }, &[5, 0, 0, 0, 0, 0, 0, 0x80]), (3, 4));
        assert_eq!(elements(Tail::Masks { at: 0 }, &[0xfd]), (0, 4));
        assert_eq!(elements(Tail::Masks { at: 0 }, &[3]), (9, 4));
    }
}
