//! Program files for reading: code by address, addresses by symbol.

use std::path::Path;

use demotic_ir::CodeSource;
use goblin::elf::Elf;
use goblin::elf::header::EM_MIPS;
use goblin::elf::program_header::PT_LOAD;
use goblin::elf::sym::STT_FUNC;

use crate::failure::{self, Failure};

/// A piece of a program.
struct Segment {
    addr: u64,
    bytes: Vec<u8>,
    writable: bool,
}

/// A named address.
struct Symbol {
    name: String,
    /// With the ISA bit.
    value: u64,
    size: u64,
    function: bool,
}

/// A program's code, constants and symbols.
pub(crate) struct Program {
    segments: Vec<Segment>,
    symbols: Vec<Symbol>,
    entry: u64,
}

/// Whether a MIPS symbol with that `st_other` is in MIPS16 or microMIPS code.
const fn is_compressed(other: u8) -> bool {
    const STO_MIPS16: u8 = 0xf0;
    const STO_MIPS_ISA: u8 = 0xc0;
    const STO_MICROMIPS: u8 = 0x80;
    other & STO_MIPS16 == STO_MIPS16 || other & STO_MIPS_ISA == STO_MICROMIPS
}

impl Program {
    /// Reads an ELF file.
    ///
    /// # Errors
    /// When it cannot be read or is no ELF file.
    pub(crate) fn read(path: &Path) -> Result<Program, Failure> {
        let file =
            std::fs::read(path).map_err(failure::io(format_args!("cannot read {}", path.display())))?;
        let elf =
            Elf::parse(&file).map_err(|e| Failure::new(format!("cannot read {}: {e}", path.display())))?;
        let segments = elf.program_headers.iter().filter(|h| h.p_type == PT_LOAD);
        let segments = segments.map(|h| Segment {
            addr: h.p_vaddr,
            bytes: file.get(h.file_range()).unwrap_or_default().to_vec(),
            writable: h.is_write(),
        });
        let mips = elf.header.e_machine == EM_MIPS;
        let tables = [(&elf.syms, &elf.strtab), (&elf.dynsyms, &elf.dynstrtab)];
        let symbols = tables.into_iter().flat_map(|(symbols, names)| {
            symbols.iter().filter(|s| s.st_value != 0 && s.st_shndx != 0).filter_map(|s| {
                let name = names.get_at(s.st_name).filter(|name| !name.is_empty())?.to_owned();
                let value = s.st_value | u64::from(mips && is_compressed(s.st_other));
                Some(Symbol { name, value, size: s.st_size, function: s.st_type() == STT_FUNC })
            })
        });
        Ok(Program { segments: segments.collect(), symbols: symbols.collect(), entry: elf.entry })
    }

    /// The address of a symbol, with the ISA bit.
    pub(crate) fn address_of(&self, name: &str) -> Option<u64> {
        self.symbols.iter().find(|s| s.name == name).map(|s| s.value)
    }

    /// Where the program begins, with the ISA bit.
    pub(crate) fn entry(&self) -> u64 {
        self.entry
    }

    /// The function that an address is in: its name and its address with the ISA bit.
    pub(crate) fn function_at(&self, addr: u64) -> Option<(&str, u64)> {
        let inside =
            |s: &&Symbol| s.function && (s.value & !1..(s.value & !1) + s.size.max(1)).contains(&addr);
        self.symbols.iter().find(inside).map(|s| (s.name.as_str(), s.value))
    }

    fn bytes_at(&self, addr: u64, len: usize) -> Option<(&[u8], bool)> {
        self.segments.iter().find_map(|segment| {
            let start = usize::try_from(addr.checked_sub(segment.addr)?).ok()?;
            Some((segment.bytes.get(start..start.checked_add(len)?)?, segment.writable))
        })
    }
}

impl CodeSource for Program {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        let found = self.bytes_at(addr, buf.len());
        found.map(|(bytes, _)| buf.copy_from_slice(bytes)).is_some()
    }

    fn read_only(&self, addr: u64, len: u32) -> Option<u64> {
        let (bytes, writable) = self.bytes_at(addr, len as usize)?;
        let mut word = [0; 8];
        word.get_mut(..bytes.len())?.copy_from_slice(bytes);
        (!writable).then_some(u64::from_le_bytes(word))
    }
}

/// A few bytes of code at an address.
pub(crate) struct Snippet {
    /// Their address.
    pub(crate) addr: u64,
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
}

impl CodeSource for Snippet {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        let bytes =
            addr.checked_sub(self.addr).and_then(|at| self.bytes.get(at as usize..)?.get(..buf.len()));
        bytes.map(|bytes| buf.copy_from_slice(bytes)).is_some()
    }

    fn read_only(&self, _addr: u64, _len: u32) -> Option<u64> {
        None
    }
}
