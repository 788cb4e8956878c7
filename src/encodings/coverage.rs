//! The coverage of the encoding tables: every row must have a case in `tests/filetests/inst`.
//!
//! A case covers the rows of the instructions of its first block. `tests/filetests/uncovered.txt` lists the rows that are
//! known to lack a case; an entry that has one fails, so that the list only gets shorter.

use std::collections::BTreeSet;

use super::all_rows;
use super::cases::{Key, all_cases, filetests};

fn covered() -> BTreeSet<Key> {
    all_cases().iter().flat_map(|case| case.rows()).collect()
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
