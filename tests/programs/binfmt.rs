//! `demotic binfmt`: the kernel itself starts guest programs, in a user and mount namespace of the test's own.
//!
//! Hosts before Linux 6.7 have one binfmt_misc for all namespaces, and some forbid user namespaces; there the test is
//! shown as ignored.

use std::process::Command;

use libtest_mimic::{Failed, Trial};

use crate::process::{Ending, TemporaryDirectory, root, run_in, text};

/// Registers, runs a program of each guest by its name, and takes the registration back.
const SCRIPT: &str = r#"
set -e
mkdir misc
mount -t binfmt_misc none misc
"$1" binfmt install --mount misc
"$2/armhf/hello" one
"$2/mipsel/hello"
"$2/mips/hello"
"$1" binfmt install --mount misc mips
"$1" binfmt remove --mount misc arm mips
ls misc
"$1" binfmt remove --mount misc
exec "$2/mipsel/hello"
"#;

const EXPECTED: &str = "\
Hello from ARM (A32)!
  argument 1: one
Hello from MIPS32, little-endian!
Hello from MIPS32, big-endian!
demotic-mipsel
register
status
";

/// Status of a shell whose `exec` is refused.
const CANNOT_RUN: i32 = 126;

pub(crate) fn trials() -> Vec<Trial> {
    let possible = in_namespace("mkdir misc && mount -t binfmt_misc none misc")
        .is_ok_and(|(ending, _)| ending == Ending::Exit(0));
    vec![Trial::test("binfmt::kernel_runs_programs", kernel_runs_programs).with_ignored_flag(!possible)]
}

fn in_namespace(script: &str) -> Result<(Ending, String), Failed> {
    let directory = TemporaryDirectory::new()?;
    let mut command = Command::new("timeout");
    command.args(["120", "unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]);
    command.arg(env!("CARGO_BIN_EXE_demotic")).arg(root().join("examples/prebuilt"));
    let outcome = run_in(command, &directory.0)?;
    Ok((outcome.ending, text(&outcome.stdout)))
}

fn kernel_runs_programs() -> Result<(), Failed> {
    let (ending, printed) = in_namespace(SCRIPT)?;
    if printed == EXPECTED && ending == Ending::Exit(CANNOT_RUN) {
        return Ok(());
    }
    Err(format!("it printed\n{printed}\nand ended with {ending:?}").into())
}
