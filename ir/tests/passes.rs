//! File tests of the passes: `tests/filetests/ir/*.ir`.
//!
//! A file begins with lines `#! passes: NAME...` (or `all`) and, where wanted, `#! imprecise`; then comes the block, then
//! after a line `#>` the block that it must become. `DEMOTIC_BLESS=1 cargo test -p demotic-ir --test passes` rewrites
//! what comes after `#>`.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use demotic_ir::passes::{self, Pass, PassOptions, PassSet};
use demotic_ir::{parse_block, print_block, verify};
use libtest_mimic::{Arguments, Failed, Trial};

const EXPECTED: &str = "#>\n";

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/filetests/ir")
}

fn main() -> ExitCode {
    let mut files: Vec<PathBuf> = fs::read_dir(directory())
        .expect("the file tests are beside the crate")
        .map(|entry| entry.expect("a directory entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "ir"))
        .collect();
    files.sort();
    let trials = files
        .into_iter()
        .map(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            Trial::test(name, move || file_test(&path).map_err(Failed::from))
        })
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// The options that the head of a file asks for.
fn options(text: &str) -> Result<PassOptions, String> {
    let mut options = PassOptions { enabled: PassSet::NONE, precise: true, verify: true };
    for line in text.lines().filter_map(|l| l.strip_prefix("#! ")) {
        if line == "imprecise" {
            options.precise = false;
        } else if line == "passes: all" {
            options.enabled = PassSet::ALL;
        } else if let Some(names) = line.strip_prefix("passes: ") {
            for name in names.split_whitespace() {
                let pass = Pass::from_name(name).ok_or(format!("there is no pass `{name}`"))?;
                options.enabled = options.enabled.with(pass);
            }
        } else {
            return Err(format!("`{line}` is not a directive"));
        }
    }
    Ok(options)
}

fn file_test(path: &Path) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|e| e.to_string())?;
    let (input, expected) = text.split_once(EXPECTED).unwrap_or((&text, ""));
    let layout = common::layout();
    let mut block = parse_block(input, &layout).map_err(|e| e.to_string())?;
    verify(&block).map_err(|e| e.to_string())?;
    passes::run(&mut block, &layout, &options(input)?);
    let got = print_block(&block, &layout);
    if got == expected {
        return Ok(());
    }
    if std::env::var_os("DEMOTIC_BLESS").is_some() {
        return fs::write(path, format!("{input}{EXPECTED}{got}")).map_err(|e| e.to_string());
    }
    Err(format!("expected\n{expected}\ngot\n{got}\nDEMOTIC_BLESS=1 accepts it"))
}
