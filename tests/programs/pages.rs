//! Pages of `docs/` that name tests: the tests must be there.

use std::fs;

use libtest_mimic::{Failed, Trial};

use crate::process::root;

/// The page, and how many rows its table has at least.
const PAGE: &str = "docs/where-qemu-fails.md";
const ROWS: usize = 26;

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test("pages::where-qemu-fails", every_row_has_its_tests)]
}

fn every_row_has_its_tests() -> Result<(), Failed> {
    let page = fs::read_to_string(root().join(PAGE))?;
    let mut rows = 0;
    for line in page.lines().filter(|line| line.starts_with("| ")).skip(1) {
        rows += 1;
        let tests = line.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        // Names stand between backticks: every other part.
        let names: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        if names.is_empty() {
            return Err(format!("no test is named: {line}").into());
        }
        if let Some(missing) = names.iter().find(|name| !root().join("tests").join(name).is_file()) {
            return Err(format!("there is no tests/{missing}: {line}").into());
        }
    }
    if rows < ROWS { Err(format!("{rows} rows, expected {ROWS}").into()) } else { Ok(()) }
}
