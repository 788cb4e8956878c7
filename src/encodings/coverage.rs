//! The coverage of the encoding tables: every row must have a case in `tests/filetests/inst`.
//!
//! A case covers the rows of the instructions of its first block. `tests/filetests/uncovered.txt` lists the rows that are
//! known to lack a case; an entry that has one fails, so that the list only gets shorter.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use demotic_ir::{CodeSource, GuestArch, LiftOptions, Loc};
use demotic_test_harness::guests::Isa as Guest;
use demotic_test_harness::inst::Case;

use super::{all_rows, decode};
use crate::flags::Isa;

/// A row's set and name.
type Key = (String, String);

/// The code of a case, and nothing else.
struct CaseCode {
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

fn filetests() -> PathBuf {
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
        Guest::A32 | Guest::T32 if case.pc & 1 != 0 => Isa::Thumb,
        Guest::A32 | Guest::T32 => Isa::Arm,
        Guest::Mipsel | Guest::Mipseldsp => Isa::Mipsel,
        Guest::Mips | Guest::Mipsdsp => Isa::Mips,
        Guest::Mipselr6 => Isa::Mipselr6,
        Guest::Mipsr6 => Isa::Mipsr6,
    }
}

/// The rows of the instructions in the case's first block.
fn rows_of(guest: Guest, arch: &dyn GuestArch, case: &Case) -> Vec<Key> {
    let code = CaseCode { start: arch.code_address(case.pc), bytes: case.bytes.clone() };
    let mode = arch.mode(&case.state(arch.layout()));
    let block = arch.lift(Loc { mode, ..Loc::new(case.pc) }, &code, LiftOptions::default());
    let decoded = block.guest.iter().filter_map(|insn| decode(isa_of(guest, case), insn.word, insn.len));
    decoded.map(|decoded| (decoded.row.set.to_string(), decoded.row.name.to_string())).collect()
}

fn covered() -> BTreeSet<Key> {
    let mut covered = BTreeSet::new();
    for path in case_files() {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let guest = Guest::of_file(&name).unwrap();
        let arch = guest.guest();
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            let case = Case::parse(line, arch.layout()).unwrap();
            covered.extend(rows_of(guest, &*arch, &case));
        }
    }
    covered
}

/// The rows that are known to lack a case, `set NAME` each.
fn known() -> BTreeSet<Key> {
    let text = std::fs::read_to_string(filetests().join("uncovered.txt")).unwrap();
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once(' ').map(|(set, name)| (set.into(), name.into())).unwrap()).collect()
}

fn lines<'a>(keys: impl Iterator<Item = &'a Key>) -> String {
    keys.map(|(set, name)| format!("{set} {name}\n")).collect()
}

#[test]
fn every_row_has_a_case() {
    let rows: BTreeSet<Key> = all_rows().iter().map(|row| (row.set.into(), row.name.into())).collect();
    let (covered, known) = (covered(), known());
    let lacking: BTreeSet<Key> = rows.difference(&covered).cloned().collect();
    let new = lines(lacking.difference(&known));
    let stale = lines(known.difference(&lacking));
    assert!(new.is_empty(), "these rows have no case in tests/filetests/inst:\n{new}");
    assert!(stale.is_empty(), "these have cases: take them out of tests/filetests/uncovered.txt:\n{stale}");
}
