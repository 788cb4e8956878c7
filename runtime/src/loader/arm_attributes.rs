//! The build attributes of ARM programs (ELF for the Arm Architecture; Addenda to, and Errata in, the ABI for the Arm
//! Architecture, section 3): which architecture a program was made for.

use std::fs::File;

use demotic_arm::Cpu;
use goblin::elf::header::Header;

use super::elf::read_up_to;

/// More than any program has.
const MAX_SIZE: u32 = 1 << 16;

/// `Tag_CPU_arch`.
const CPU_ARCH: u32 = 6;
/// `Tag_CPU_unaligned_access`.
const UNALIGNED_ACCESS: u32 = 34;

/// What attributes say that is of use here; 0 is also what a program that does not say means.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Attributes {
    arch: u32,
    unaligned: u32,
}

/// The processor for a program: the newest, but the last of ARMv5 for a program made for ARMv5 or before that does not say
/// that it counts on unaligned accesses. Only there a load from an unaligned address rotates the word, and a program that
/// was written for these processors may count on that. It has what `AT_HWCAP` tells: VFPv2, but no Advanced SIMD. `-cpu`
/// chooses another one.
pub(super) fn processor(file: &File, header: &Header) -> &'static Cpu {
    const ARMV4: u32 = 1;
    const ARMV5TEJ: u32 = 5;
    let attributes = section(file, header).map(|bytes| parse(&bytes).unwrap_or_default()).unwrap_or_default();
    let old = (ARMV4..=ARMV5TEJ).contains(&attributes.arch) && attributes.unaligned == 0;
    let named = if old { Cpu::by_name("arm926") } else { None };
    named.unwrap_or_else(Cpu::newest)
}

/// The contents of the section with the attributes. A program without sections, or with broken ones, has none.
fn section(file: &File, header: &Header) -> Option<Vec<u8>> {
    const SHT_ARM_ATTRIBUTES: u32 = 0x7000_0003;
    const ENTRY: u64 = 40;
    if u64::from(header.e_shentsize) != ENTRY {
        return None;
    }
    (0..u64::from(header.e_shnum)).find_map(|i| {
        let mut entry = [0; ENTRY as usize];
        let at = header.e_shoff.checked_add(ENTRY * i)?;
        let whole = read_up_to(file, &mut entry, at).ok()? == entry.len();
        let word = |n: usize| entry.chunks_exact(4).nth(n)?.try_into().ok().map(u32::from_le_bytes);
        let (kind, offset, size) = (word(1)?, word(4)?, word(5)?);
        if !whole || kind != SHT_ARM_ATTRIBUTES || size > MAX_SIZE {
            return None;
        }
        let mut bytes = vec![0; size as usize];
        (read_up_to(file, &mut bytes, offset.into()).ok()? == bytes.len()).then_some(bytes)
    })
}

/// Reads from the front of a slice.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn take(&mut self, len: usize) -> Option<Reader<'a>> {
        let (front, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(Reader(front))
    }

    fn word(&mut self) -> Option<u32> {
        self.take(4)?.0.try_into().ok().map(u32::from_le_bytes)
    }

    /// A number in base 128, least significant digit first.
    fn uleb(&mut self) -> Option<u32> {
        let mut value = 0u32;
        for shift in (0..32).step_by(7) {
            let byte = self.byte()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let len = self.0.iter().position(|&byte| byte == 0)?;
        let text = self.take(len)?.0;
        self.byte()?;
        Some(text)
    }
}

/// The attributes that are about the whole file; `None` when they are malformed.
fn parse(bytes: &[u8]) -> Option<Attributes> {
    const TAG_FILE: u32 = 1;
    let mut reader = Reader(bytes);
    let mut found = Attributes::default();
    if reader.byte()? != b'A' {
        return None;
    }
    while !reader.0.is_empty() {
        let len = reader.word()?.checked_sub(4)?;
        let mut vendor = reader.take(len as usize)?;
        if vendor.string()? != b"aeabi" {
            continue;
        }
        while !vendor.0.is_empty() {
            let before = vendor.0.len();
            let tag = vendor.uleb()?;
            let size = vendor.word()? as usize;
            let body = vendor.take(size.checked_sub(before - vendor.0.len())?)?;
            if tag == TAG_FILE {
                file_attributes(body, &mut found)?;
            }
        }
    }
    Some(found)
}

fn file_attributes(mut body: Reader<'_>, found: &mut Attributes) -> Option<()> {
    const CPU_RAW_NAME: u32 = 4;
    const CPU_NAME: u32 = 5;
    const COMPATIBILITY: u32 = 32;
    while !body.0.is_empty() {
        match body.uleb()? {
            COMPATIBILITY => {
                body.uleb()?;
                body.string()?;
            }
            tag if matches!(tag, CPU_RAW_NAME | CPU_NAME) || tag > COMPATIBILITY && tag % 2 == 1 => {
                body.string()?;
            }
            CPU_ARCH => found.arch = body.uleb()?,
            UNALIGNED_ACCESS => found.unaligned = body.uleb()?,
            _ => {
                body.uleb()?;
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A section with these attributes of the file.
    fn section_of(attributes: &[u8]) -> Vec<u8> {
        let mut file = vec![1];
        file.extend((attributes.len() as u32 + 5).to_le_bytes());
        file.extend(attributes);
        let mut bytes = vec![b'A'];
        bytes.extend((file.len() as u32 + 10).to_le_bytes());
        bytes.extend(b"aeabi\0");
        bytes.extend(file);
        bytes
    }

    #[test]
    fn attributes_are_found_among_others() {
        let bytes = section_of(b"\x055TE\0\x06\x04\x20\x01gnu\0\x22\x01\x43v2.09\0");
        assert_eq!(parse(&bytes), Some(Attributes { arch: 4, unaligned: 1 }));
        assert_eq!(parse(&section_of(b"\x06\x0a")), Some(Attributes { arch: 10, unaligned: 0 }));
    }

    #[test]
    fn malformed_attributes_are_none() {
        assert_eq!(parse(b""), None);
        assert_eq!(parse(b"A\x02\0\0\0"), None);
        assert_eq!(parse(&section_of(b"\x06")), None);
        assert_eq!(parse(&section_of(b"\x06\x80\x80\x80\x80\x80\x80")), None);
    }
}
