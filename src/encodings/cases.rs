//! The instruction cases of `tests/filetests/inst` with the rows of the encoding tables that they are about.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use demotic_ir::{Block, CodeSource, GuestArch, GuestInsn, LiftOptions, Loc};
use demotic_test_harness::guests::Isa as Guest;
use demotic_test_harness::inst::Case;

use super::decode;
use crate::flags::Isa;

/// A row's set and name.
pub(super) type Key = (String, String);

/// The code of a case, and nothing else.
pub(super) struct CaseCode {
    start: u64,
    bytes: Vec<u8>,
}

impl CodeSource for CaseCode {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        let offset = addr.wrapping_sub(self.start) as usize;
        let bytes = offset.checked_add(buf.len()).and_then(|end| self.bytes.get(offset..end));
        bytes.is_some_and(|bytes| {
            buf.copy_from_slice(bytes);
            true
        })
    }

    fn read_only(&self, _addr: u64, _len: u32) -> Option<u64> {
        None
    }
}

pub(super) fn filetests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/filetests")
}

fn case_files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(filetests().join("inst")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "inst")).collect()
}

/// The instruction set that decodes the case's words.
fn isa_of(guest: Guest, case: &Case) -> Isa {
    match guest {
        Guest::A32 | Guest::T32 | Guest::ArmV5 if case.pc & 1 != 0 => Isa::Thumb,
        Guest::A32 | Guest::T32 | Guest::ArmV5 => Isa::Arm,
        Guest::Mipsel | Guest::Mipself64 | Guest::Mipseldsp | Guest::Mipselmsa => Isa::Mipsel,
        Guest::Mips | Guest::Mipsdsp | Guest::Mipsmsa => Isa::Mips,
        Guest::Mipselr6 => Isa::Mipselr6,
        Guest::Mipsr6 => Isa::Mipsr6,
        // What JALX jumps from and to.
        Guest::Mips16 | Guest::Micromips | Guest::Micromipsf64 if case.pc & 1 == 0 => Isa::Mipsel,
        Guest::Mips16 => Isa::Mips16,
        Guest::Micromips | Guest::Micromipsf64 => Isa::Micromips,
        Guest::Micromipsr6 => Isa::Micromipsr6,
    }
}

/// A case and where it stands.
pub(super) struct RowCase {
    /// The name of its file, without the extension.
    pub(super) file: String,
    /// The guest that executes it.
    pub(super) arch: Arc<dyn GuestArch>,
    guest: Guest,
    case: Case,
}

impl RowCase {
    /// Where it begins, in the mode that it begins in.
    pub(super) fn loc(&self) -> Loc {
        let mode = self.arch.mode(&self.case.state(self.arch.layout()));
        Loc { mode, ..Loc::new(self.case.pc) }
    }

    /// Its first `len` bytes of code.
    pub(super) fn code(&self, len: usize) -> CaseCode {
        let bytes = self.case.bytes.iter().copied().take(len).collect();
        CaseCode { start: self.arch.code_address(self.case.pc), bytes }
    }

    fn lift(&self, max_insns: usize) -> Block {
        self.arch.lift(self.loc(), &self.code(usize::MAX), LiftOptions { max_insns })
    }

    fn row(&self, insn: &GuestInsn) -> Option<Key> {
        // A MIPS branch's length includes its delay slot.
        let loc = self.loc().at(insn.pc | self.case.pc & 1);
        let (_, len) = self.arch.disassemble(loc, &self.code(usize::MAX));
        let row = decode(isa_of(self.guest, &self.case), insn.word, len)?.row;
        Some((row.set.into(), row.name.into()))
    }

    /// The rows of the instructions in its first block.
    pub(super) fn rows(&self) -> Vec<Key> {
        self.lift(LiftOptions::default().max_insns).guest.iter().filter_map(|insn| self.row(insn)).collect()
    }

    /// The row of its first instruction, and how many bytes that has, with its delay slot.
    pub(super) fn first_row(&self) -> Option<(Key, usize)> {
        let block = self.lift(1);
        let row = self.row(block.guest.first()?)?;
        Some((row, block.guest.iter().map(|insn| usize::from(insn.len)).sum()))
    }

    /// The text of its first instruction.
    pub(super) fn text(&self) -> &str {
        &self.case.text
    }
}

/// All cases, by file and line.
pub(super) fn all_cases() -> Vec<RowCase> {
    let mut paths = case_files();
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let file = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let guest = Guest::of_file(&file).unwrap();
        let arch = guest.guest();
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            let case = Case::parse(line, arch.layout()).unwrap();
            cases.push(RowCase { file: file.clone(), arch: arch.clone(), guest, case });
        }
    }
    cases
}
