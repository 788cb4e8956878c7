//! A program's segments in guest memory.

use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use goblin::elf::program_header::{self, ProgramHeader};

use super::elf::{ElfFile, GuestKind};
use crate::memory::{Backing, FileInfo, MapError, MapRequest, PAGE_SIZE, Placement, Prot, UserMemory};

/// Where a program is in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Image {
    /// What was added to the addresses in the file.
    pub(super) bias: u32,
    /// Its first instruction (ISA bit included).
    pub(super) entry: u32,
    /// Where its program headers are.
    pub(super) headers: u32,
    /// How many there are.
    pub(super) header_count: u16,
    /// The end of its last segment.
    pub(super) end: u32,
}

const PAGE: u64 = PAGE_SIZE as u64;

/// Maps the segments of a file. `main` is the program itself, as opposed to its dynamic loader.
pub(super) fn map(memory: &UserMemory, elf: &ElfFile, main: bool) -> Result<Image, MapError> {
    let low = elf.load_segments().map(|p| p.p_vaddr & !(PAGE - 1)).min().ok_or(MapError::Invalid)?;
    let high = elf.load_segments().map(|p| p.p_vaddr + p.p_memsz).max().ok_or(MapError::Invalid)?;
    let bias = if elf.is_position_independent() { place(memory, elf, low..high, main)? } else { 0 };
    let metadata = elf.file.metadata().map_err(MapError::from)?;
    let info = Arc::new(FileInfo {
        path: elf.path.canonicalize().unwrap_or_else(|_| elf.path.clone()).display().to_string(),
        dev: metadata.dev(),
        ino: metadata.ino(),
    });
    for segment in elf.load_segments() {
        map_segment(memory, elf, segment, bias, &info)?;
    }
    Ok(Image {
        bias,
        entry: (elf.header.e_entry as u32).wrapping_add(bias),
        headers: headers_address(elf).wrapping_add(bias),
        header_count: elf.header.e_phnum,
        end: (high as u32).wrapping_add(bias),
    })
}

/// Finds room for a position-independent file; gives what to add to its addresses.
fn place(
    memory: &UserMemory,
    elf: &ElfFile,
    range: std::ops::Range<u64>,
    main: bool,
) -> Result<u32, MapError> {
    let align = elf
        .load_segments()
        .map(|p| p.p_align)
        .filter(|a| a.is_power_of_two())
        .max()
        .unwrap_or(PAGE)
        .max(PAGE);
    // The program itself goes low, so that its heap has room to grow above it.
    let preferred: u32 = match elf.kind {
        GuestKind::Arm { .. } => 0x0040_0000,
        GuestKind::Mips { .. } => 0x5555_0000,
    };
    let len = range.end - range.start + align;
    let request = MapRequest {
        placement: Placement::Hint(if main { preferred } else { 0 }),
        len,
        prot: Prot::empty(),
        shared: false,
        backing: Backing::Anonymous,
    };
    // Reserved and freed again: nobody else maps anything meanwhile.
    let start = memory.map(&request)?;
    memory.unmap(start, len)?;
    let aligned = u64::from(start).next_multiple_of(align);
    Ok((aligned as u32).wrapping_sub(range.start as u32))
}

fn map_segment(
    memory: &UserMemory,
    elf: &ElfFile,
    segment: &ProgramHeader,
    bias: u32,
    info: &Arc<FileInfo>,
) -> Result<(), MapError> {
    let in_page = segment.p_vaddr % PAGE;
    if segment.p_offset % PAGE != in_page || segment.p_vaddr + segment.p_memsz > 1 << 32 {
        return Err(MapError::Invalid);
    }
    let start = ((segment.p_vaddr - in_page) as u32).wrapping_add(bias);
    let prot = protection(segment);
    let file_len = segment.p_filesz.min(segment.p_memsz);
    let file_end = in_page + file_len;
    let mut mapped = 0;
    if file_len > 0 {
        let offset = segment.p_offset - in_page;
        let backing = Backing::File { fd: elf.file.as_raw_fd(), offset, info: info.clone() };
        let placement = Placement::Fixed(start);
        memory.map(&MapRequest { placement, len: file_end, prot, shared: false, backing })?;
        mapped = file_end.next_multiple_of(PAGE);
        if segment.p_memsz > file_len && prot.contains(Prot::WRITE) {
            clear(memory, start, file_end, mapped)?;
        }
    }
    let end = (in_page + segment.p_memsz).next_multiple_of(PAGE);
    if end > mapped {
        let placement = Placement::Fixed(start.wrapping_add(mapped as u32));
        let backing = Backing::Anonymous;
        memory.map(&MapRequest { placement, len: end - mapped, prot, shared: false, backing })?;
    }
    Ok(())
}

/// Zeroes what follows the file's part of a segment in its last page.
fn clear(memory: &UserMemory, start: u32, from: u64, to: u64) -> Result<(), MapError> {
    let zeros = [0; PAGE as usize];
    let (at, len) = (start.wrapping_add(from as u32), (to - from) as usize);
    // A file that ends before its segment does leaves nothing to clear.
    memory.write_bytes(at, &zeros[..len]).map_err(|_| MapError::Host(libc::ENOEXEC))
}

fn protection(segment: &ProgramHeader) -> Prot {
    let mut prot = Prot::empty();
    prot.set(Prot::READ, segment.p_flags & program_header::PF_R != 0);
    prot.set(Prot::WRITE, segment.p_flags & program_header::PF_W != 0);
    prot.set(Prot::EXEC, segment.p_flags & program_header::PF_X != 0);
    prot
}

/// Where the program headers are loaded, before the bias: PT_PHDR says so, else the segment that contains them.
fn headers_address(elf: &ElfFile) -> u32 {
    if let Some(phdr) = elf.segments.iter().find(|p| p.p_type == program_header::PT_PHDR) {
        return phdr.p_vaddr as u32;
    }
    let offset = elf.header.e_phoff;
    let holds = |p: &&ProgramHeader| (p.p_offset..p.p_offset + p.p_filesz).contains(&offset);
    elf.load_segments().find(holds).map_or(0, |p| (p.p_vaddr + (offset - p.p_offset)) as u32)
}
