//! Loading of bare-metal ELF images.

use goblin::container::{Container, Ctx, Endian};
use goblin::elf::header::{EM_ARM, EM_MIPS, ET_EXEC};
use goblin::elf::program_header::{PT_INTERP, PT_LOAD};
use goblin::elf::{Elf, ProgramHeader};

use super::BootError;
use super::boards::{Board, Cpu};
use super::memory::MachineMemory;

/// What an image says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ImageInfo {
    /// Where execution begins (with the ISA bit).
    pub(super) entry: u64,
    /// Whether its data is big-endian.
    pub(super) big_endian: bool,
}

/// An image that fits a board, not yet loaded.
#[derive(Debug)]
pub(super) struct Image<'a> {
    bytes: &'a [u8],
    segments: Vec<ProgramHeader>,
    /// What it says of itself.
    pub(super) info: ImageInfo,
}

/// The usual name of an ELF machine number, as far as users of this program meet it.
fn machine_name(machine: u16) -> String {
    match machine {
        EM_ARM => "32-bit ARM".into(),
        EM_MIPS => "MIPS".into(),
        goblin::elf::header::EM_AARCH64 => "64-bit ARM".into(),
        goblin::elf::header::EM_X86_64 => "x86-64".into(),
        other => format!("ELF machine {other}"),
    }
}

impl<'a> Image<'a> {
    /// Parses an image for a board.
    ///
    /// # Errors
    /// When it is no executable ELF file, or not for the board's CPU.
    pub(super) fn parse(board: &Board, bytes: &'a [u8]) -> Result<Image<'a>, BootError> {
        let not_elf = |error: goblin::error::Error| BootError::NotElf { reason: error.to_string() };
        // Only what is loaded is looked at: the rest of a stripped or cut-off file may be in any state.
        let elf = Elf::parse_header(bytes).and_then(Elf::lazy_parse).map_err(not_elf)?;
        let big_endian = !elf.little_endian;
        let fits = !elf.is_64
            && match board.cpu {
                Cpu::Arm => elf.header.e_machine == EM_ARM && !big_endian,
                Cpu::Mips => elf.header.e_machine == EM_MIPS,
            };
        if !fits {
            let order = if big_endian { "big-endian" } else { "little-endian" };
            let image = format!("{order} {}", machine_name(elf.header.e_machine));
            return Err(BootError::WrongMachine { board: board.name, wants: board.cpu.wants(), image });
        }
        let endian = if big_endian { Endian::Big } else { Endian::Little };
        let context = Ctx::new(Container::Little, endian);
        let (offset, count) = (elf.header.e_phoff as usize, usize::from(elf.header.e_phnum));
        let mut segments = ProgramHeader::parse(bytes, offset, count, context).map_err(not_elf)?;
        if elf.header.e_type != ET_EXEC || segments.iter().any(|ph| ph.p_type == PT_INTERP) {
            return Err(BootError::NotBare);
        }
        segments.retain(|ph| ph.p_type == PT_LOAD && ph.p_memsz > 0);
        if segments.is_empty() {
            return Err(BootError::Empty);
        }
        Ok(Image { bytes, segments, info: ImageInfo { entry: elf.entry, big_endian } })
    }

    /// Copies the segments to their load addresses.
    ///
    /// # Errors
    /// When a segment is not in the file, or does not lie in RAM.
    pub(super) fn load(&self, board: &Board, memory: &MachineMemory) -> Result<(), BootError> {
        for segment in &self.segments {
            let phys = segment.p_paddr & board.load_mask;
            let outside =
                BootError::OutsideRam { board: board.name, addr: segment.p_paddr, len: segment.p_memsz };
            // RAM is zero at first, so what the file does not have (.bss) needs room only.
            if !board.has_ram(phys, segment.p_memsz) {
                return Err(outside);
            }
            let bytes = self.bytes.get(segment.file_range()).ok_or(BootError::Truncated)?;
            memory.write_physical(phys, bytes).ok_or(outside)?;
        }
        Ok(())
    }
}
