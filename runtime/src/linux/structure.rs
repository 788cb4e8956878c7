//! Structures of numbers that host and guest declare alike: the same members, laid out for each.
//!
//! Both have members of at most 8 bytes at multiples of their sizes; what differs is the size of `long` and the byte
//! order.

use super::host::{Arg, Errno};
use crate::memory::UserMemory;

/// Consecutive members of one type, and how many of them there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Member {
    /// Bytes.
    U8(u16),
    /// 16 bits.
    U16(u16),
    /// 32 bits.
    U32(u16),
    /// 64 bits.
    U64(u16),
    /// `long`.
    Long(u16),
    /// `unsigned long`, or an address that nobody follows.
    UnsignedLong(u16),
}

/// How structures are laid out.
#[derive(Clone, Copy, Debug)]
struct Shape {
    /// Bytes in a `long`.
    long: usize,
    big: bool,
}

const HOST: Shape = Shape { long: 8, big: false };

impl Shape {
    fn of(memory: &UserMemory) -> Shape {
        Shape { long: 4, big: memory.is_big() }
    }

    /// The width and the number of members, and whether their sign is extended.
    fn widths(self, member: Member) -> (usize, usize, bool) {
        match member {
            Member::U8(count) => (1, usize::from(count), false),
            Member::U16(count) => (2, usize::from(count), false),
            Member::U32(count) => (4, usize::from(count), false),
            Member::U64(count) => (8, usize::from(count), false),
            Member::Long(count) => (self.long, usize::from(count), true),
            Member::UnsignedLong(count) => (self.long, usize::from(count), false),
        }
    }

    /// The width and the offset of every member, and whether its sign is extended.
    fn places(self, members: &[Member]) -> impl Iterator<Item = (usize, usize, bool)> {
        let mut at = 0usize;
        members.iter().flat_map(move |&member| {
            let (width, count, signed) = self.widths(member);
            let start = at.next_multiple_of(width);
            at = start + width * count;
            (0..count).map(move |i| (width, start + width * i, signed))
        })
    }

    fn size(self, members: &[Member]) -> usize {
        let align = members.iter().map(|&member| self.widths(member).0).max().unwrap_or(1);
        let end = self.places(members).last().map_or(0, |(width, at, _)| at + width);
        end.next_multiple_of(align)
    }

    fn get(self, bytes: &[u8], width: usize, at: usize, signed: bool) -> u64 {
        let fold = |value: u64, &byte: &u8| value << 8 | u64::from(byte);
        let field = bytes.get(at..at + width).unwrap_or_default();
        let value = if self.big { field.iter().fold(0, fold) } else { field.iter().rev().fold(0, fold) };
        let unused = 64 - 8 * width as u32;
        if signed { (((value << unused) as i64) >> unused) as u64 } else { value }
    }

    fn put(self, bytes: &mut [u8], width: usize, at: usize, value: u64) {
        if let Some(field) = bytes.get_mut(at..at + width) {
            field.copy_from_slice(&value.to_le_bytes()[..width]);
            if self.big {
                field.reverse();
            }
        }
    }

    /// The same structure in another shape.
    fn convert(self, bytes: &[u8], members: &[Member], to: Shape, out: &mut [u8]) {
        for ((width, at, signed), (to_width, to_at, _)) in self.places(members).zip(to.places(members)) {
            to.put(out, to_width, to_at, self.get(bytes, width, at, signed));
        }
    }
}

/// Bytes that the host's structure has.
pub(crate) fn host_size(members: &[Member]) -> usize {
    HOST.size(members)
}

/// Bytes that the guest's structure has.
pub(crate) fn guest_size(memory: &UserMemory, members: &[Member]) -> usize {
    Shape::of(memory).size(members)
}

/// Reads a structure from guest memory into the host's form.
pub(crate) fn read(memory: &UserMemory, addr: u32, members: &[Member], host: &mut [u8]) -> Result<(), Errno> {
    let mut guest = vec![0; guest_size(memory, members)];
    memory.read_bytes(addr, &mut guest)?;
    Shape::of(memory).convert(&guest, members, HOST, host);
    Ok(())
}

/// Writes a structure that is in the host's form to guest memory.
pub(crate) fn write(memory: &UserMemory, addr: u32, members: &[Member], host: &[u8]) -> Result<(), Errno> {
    let shape = Shape::of(memory);
    let mut guest = vec![0; shape.size(members)];
    HOST.convert(host, members, shape, &mut guest);
    Ok(memory.write_bytes(addr, &guest)?)
}

/// A structure of the host's, in a buffer as aligned as any structure. Calls that write more than the structure has
/// (`struct ifreq` is as long as its longest variant) find room behind it.
pub(crate) struct HostBuffer(Vec<u64>);

impl HostBuffer {
    const SLACK: usize = 64;

    /// Zeros of at least `size` bytes.
    pub(crate) fn new(size: usize) -> HostBuffer {
        HostBuffer(vec![0; (size + HostBuffer::SLACK).div_ceil(8)])
    }
    /// What guest memory holds.
    pub(crate) fn read(memory: &UserMemory, addr: u32, members: &[Member]) -> Result<HostBuffer, Errno> {
        let mut bytes = vec![0; host_size(members)];
        read(memory, addr, members, &mut bytes)?;
        let mut buffer = HostBuffer::new(bytes.len());
        buffer.fill(&bytes);
        Ok(buffer)
    }
    /// Writes it to guest memory.
    pub(crate) fn write(&self, memory: &UserMemory, addr: u32, members: &[Member]) -> Result<(), Errno> {
        write(memory, addr, members, &self.bytes())
    }
    /// All bytes, with those of the room behind it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|word| word.to_le_bytes()).collect()
    }
    /// Replaces the contents from the start.
    pub(crate) fn fill(&mut self, bytes: &[u8]) {
        for (word, chunk) in self.0.iter_mut().zip(bytes.chunks(8)) {
            let mut whole = [0; 8];
            whole[..chunk.len()].copy_from_slice(chunk);
            *word = u64::from_le_bytes(whole);
        }
    }
    /// To be passed on; the call may write to it.
    pub(crate) fn arg(&mut self) -> Arg<'_> {
        Arg::outputs(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUEST: Shape = Shape { long: 4, big: true };
    /// `struct { char c[3]; long l; unsigned long u; short s; long long w; }`
    const MEMBERS: [Member; 5] =
        [Member::U8(3), Member::Long(1), Member::UnsignedLong(1), Member::U16(1), Member::U64(1)];

    #[test]
    fn members_are_aligned_to_their_size() {
        assert_eq!((HOST.size(&MEMBERS), GUEST.size(&MEMBERS)), (40, 24));
        let offsets: Vec<usize> = HOST.places(&MEMBERS).map(|(_, at, _)| at).collect();
        assert_eq!(offsets, [0, 1, 2, 8, 16, 24, 32]);
        let offsets: Vec<usize> = GUEST.places(&MEMBERS).map(|(_, at, _)| at).collect();
        assert_eq!(offsets, [0, 1, 2, 4, 8, 12, 16]);
    }

    #[test]
    fn only_signed_longs_are_extended_by_their_sign() {
        let mut guest = [0u8; 24];
        guest[..3].copy_from_slice(b"abc");
        guest[4..12].fill(0xff);
        guest[11] = 0xfe;
        guest[12..14].copy_from_slice(&[1, 2]);
        guest[23] = 9;
        let mut host = [0u8; 40];
        GUEST.convert(&guest, &MEMBERS, HOST, &mut host);
        assert_eq!(&host[..3], b"abc");
        assert_eq!(host[8..16], (-1i64).to_le_bytes());
        assert_eq!(host[16..24], 0xffff_fffe_u64.to_le_bytes());
        assert_eq!(host[24..26], [2, 1]);
        assert_eq!(host[32], 9);
        let mut back = [0u8; 24];
        HOST.convert(&host, &MEMBERS, GUEST, &mut back);
        assert_eq!(back, guest);
    }
}
