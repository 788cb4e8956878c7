//! What host code becomes of guest instructions, pinned: `tests/filetests/host` has a file for each file of cases, with
//! a line for each row of the encoding tables. `DEMOTIC_BLESS=1` rewrites them.
//!
//! A row's sample is the first instruction of the first case that begins with that row, translated alone, for a host
//! with x86-64-v3. The figures contain what every region needs to be entered and left: compare, do not add.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use demotic_translator::{HostFeatures, ListOptions, list_region};

use super::cases::{RowCase, all_cases, filetests};

/// The line of a case's first instruction, of `len` bytes.
fn line(case: &RowCase, row: &str, len: usize) -> String {
    let options = ListOptions { host: HostFeatures::Baseline, max_insns: 1, ..ListOptions::default() };
    let (region, listing) = list_region(&*case.arch, &case.code(len), case.loc(), options).unwrap();
    let ops: usize = region.blocks().map(|block| block.insts.len()).sum();
    let is_insn = |line: &&str| !line.trim().is_empty() && !line.trim_end().ends_with(':');
    let insns = listing.host.lines().filter(is_insn).count();
    format!("{row:<28} {ops:>4} {insns:>5} {:>6}  {}", listing.code_bytes, case.text())
}

/// The files' contents by name.
fn pinned() -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for case in all_cases() {
        let Some((key, len)) = case.first_row() else { continue };
        let name = key.1.clone();
        // The decoders of one architecture share rows; each architecture's are pinned once.
        if seen.insert((case.arch.name(), key)) {
            let file = files.entry(case.file.clone()).or_insert_with(|| {
                format!("# {:<26} {:>4} {:>5} {:>6}  {}\n", "row", "ops", "insns", "bytes", "sample")
            });
            let _ = writeln!(file, "{}", line(&case, &name, len));
        }
    }
    files
}

/// The lines that differ.
fn differences(name: &str, old: &str, new: &str) -> String {
    let (old, new): (BTreeSet<&str>, BTreeSet<&str>) = (old.lines().collect(), new.lines().collect());
    let removed = old.difference(&new).map(|line| format!("{name}: - {line}\n"));
    removed.chain(new.difference(&old).map(|line| format!("{name}: + {line}\n"))).collect()
}

#[test]
fn host_code_is_as_pinned() {
    let directory = filetests().join("host");
    let bless = std::env::var_os("DEMOTIC_BLESS").is_some();
    let mut report = String::new();
    for (name, new) in pinned() {
        let path = directory.join(format!("{name}.txt"));
        let old = std::fs::read_to_string(&path).unwrap_or_default();
        if bless && old != new {
            std::fs::create_dir_all(&directory).unwrap();
            std::fs::write(&path, new).unwrap();
        } else if old != new {
            report += &differences(&name, &old, &new);
        }
    }
    assert!(report.is_empty(), "host code differs; DEMOTIC_BLESS=1 pins it as it is now:\n{report}");
}
