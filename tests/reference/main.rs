//! Random sequences of instructions against qemu-user: both run the same small static program, which dumps all registers
//! and the memory that sequences work on.
//!
//! [`modes`] has what is tried; [`exceptions`] what is left out and why. Seeds are fixed; `DEMOTIC_REFERENCE_INSNS=n`
//! tries about `n` instructions in each mode, `DEMOTIC_REFERENCE_SEED=n` begins at another seed. What differs is made
//! small and shown with its inputs and both results.

mod arm;
mod assembler;
mod compare;
mod elf;
mod exceptions;
mod generate;
mod layout;
mod mips;
mod modes;
mod open_floats;
mod program;
mod report;
mod rows;
mod run;

use std::process::{Command, ExitCode};
use std::sync::Arc;

use demotic_test_harness::random::Random;
use libtest_mimic::{Arguments, Failed, Trial};

use exceptions::{EXCEPTIONS, Exception};
use generate::{Generator, LENGTH, Sequence};
use modes::Mode;

/// Instructions in each mode in the normal run.
const INSNS: u64 = 4000;
/// Sequences in a program.
const SEQUENCES: u64 = 250;
/// Differences that are shown of a program.
const SHOWN: usize = 8;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// One program of random sequences.
fn batch(mode: &Mode, seed: u64) -> Result<(), Failed> {
    let generator = Generator { mode, end: program::end(mode) };
    let mut random = Random::new(seed);
    let sequences: Vec<Sequence> = (0..SEQUENCES).map(|_| generator.sequence(&mut random)).collect();
    let reports = compare::differences(mode, &sequences, seed, SHOWN)?;
    if reports.is_empty() { Ok(()) } else { Err(reports.join("\n").into()) }
}

/// Fails when an exception makes no difference in any mode.
fn is_needed(exception: &Exception, modes: &[Arc<Mode>]) -> Result<(), Failed> {
    let mut tried = 0;
    for mode in modes.iter().filter(|mode| exception.concerns(mode.name)) {
        let sequences = exception.examples(Generator { mode, end: program::end(mode) });
        tried += sequences.len();
        if !sequences.is_empty() && compare::differ_somewhere(mode, &sequences)? {
            return Ok(());
        }
    }
    match tried {
        0 => Ok(()),
        _ => {
            let Exception { rows, reason, .. } = exception;
            Err(format!("{rows:?}: no difference any more; take it off the list ({reason})").into())
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let insns = number("DEMOTIC_REFERENCE_INSNS", INSNS);
    let first = number("DEMOTIC_REFERENCE_SEED", 0);
    let batches = (insns / (SEQUENCES * (LENGTH as u64 + 1) / 2)).max(1);
    let missing = Command::new("qemu-arm").arg("--version").output().is_err();
    let mut trials = Vec::new();
    let modes: Vec<Arc<Mode>> = modes::all().into_iter().map(Arc::new).collect();
    for exception in EXCEPTIONS.iter().filter(|exception| !exception.unfit) {
        let modes = modes.clone();
        let name = format!("exception/{}/{}", exception.modes[0], exception.rows.first().unwrap_or(&"*"));
        let trial = Trial::test(name, move || is_needed(exception, &modes));
        trials.push(trial.with_ignored_flag(missing || insns <= INSNS));
    }
    for mode in &modes {
        for seed in first..first + batches {
            let (name, mode) = (format!("{}/{seed}", mode.name), mode.clone());
            trials.push(Trial::test(name, move || batch(&mode, seed)).with_ignored_flag(missing));
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    run::remove_copy();
    conclusion.exit_code()
}
