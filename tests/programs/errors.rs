//! What cannot run: a clear message, the right status, and never a panic.

use std::fs;
use std::path::Path;

use libtest_mimic::{Failed, Trial};

use crate::process::{Ending, TemporaryDirectory, demotic, no_panic, root, run_in, text};

/// Status of a program that was found but cannot be run, and of one that was not found, as shells have them.
const CANNOT_RUN: i32 = 126;
const NOT_FOUND: i32 = 127;

type Prepare = fn(&Path) -> std::io::Result<()>;

/// Name, how the file `program` comes to be, the status, and a word that the message must contain.
const CASES: [(&str, Prepare, i32, &str); 7] = [
    ("missing", |_| Ok(()), NOT_FOUND, "program"),
    ("directory", |p| fs::create_dir(p), CANNOT_RUN, "program"),
    ("empty", |p| fs::write(p, b""), CANNOT_RUN, "empty"),
    ("not_elf", |p| fs::write(p, b"this is not a program, only text\n"), CANNOT_RUN, "ELF"),
    ("truncated_header", |p| prefix(p, 40), CANNOT_RUN, ""),
    ("truncated_segments", |p| prefix(p, 700), CANNOT_RUN, ""),
    ("host_program", |p| fs::copy("/bin/true", p).map(|_| ()), CANNOT_RUN, "x86-64"),
];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = CASES
        .into_iter()
        .map(|(name, prepare, status, word)| {
            Trial::test(format!("error::{name}"), move || check(prepare, status, word))
        })
        .collect();
    trials.push(Trial::test("error::every_truncation", every_truncation));
    trials
}

/// The first bytes of a real program.
fn prefix(path: &Path, len: usize) -> std::io::Result<()> {
    let program = fs::read(root().join("examples/prebuilt/armhf/hello"))?;
    fs::write(path, &program[..len.min(program.len())])
}

fn check(prepare: Prepare, status: i32, word: &str) -> Result<(), Failed> {
    let directory = TemporaryDirectory::new()?;
    prepare(&directory.0.join("program"))?;
    let mut command = demotic("auto");
    command.arg("./program");
    let outcome = run_in(command, &directory.0)?;
    no_panic(&outcome)?;
    let message = text(&outcome.stderr);
    if outcome.ending == Ending::Exit(status) && message.starts_with("demotic: ") && message.contains(word) {
        return Ok(());
    }
    Err(format!("expected status {status} and a message with {word:?}, got {:?}: {message}", outcome.ending)
        .into())
}

/// A program cut off anywhere, or with any header byte changed, ends in an error or in the guest's own death.
fn every_truncation() -> Result<(), Failed> {
    let directory = TemporaryDirectory::new()?;
    let whole = fs::read(root().join("examples/prebuilt/mipsel/hello"))?;
    let run = |bytes: &[u8]| -> Result<(), Failed> {
        fs::write(directory.0.join("program"), bytes)?;
        let mut command = demotic("auto");
        command.arg("./program");
        no_panic(&run_in(command, &directory.0)?)
    };
    for len in (0..whole.len()).step_by(whole.len() / 24 + 1) {
        run(&whole[..len])?;
    }
    for at in (4..0x74.min(whole.len())).step_by(3) {
        let mut changed = whole.clone();
        changed[at] ^= 0xff;
        run(&changed)?;
    }
    Ok(())
}
