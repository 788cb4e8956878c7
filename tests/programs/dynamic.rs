//! Dynamic programs find the libraries of cross compilers without being told where they are.

use std::path::PathBuf;
use std::process::Command;

use libtest_mimic::{Failed, Trial};

use crate::process::{demotic, native, root, run, same};

/// Compilers, as Debian names them.
const COMPILERS: [&str; 4] =
    ["arm-linux-gnueabihf-gcc", "arm-linux-gnueabi-gcc", "mipsel-linux-gnu-gcc", "mips-linux-gnu-gcc"];

/// Programs of `tests/guest/linux`.
const PROGRAMS: [&str; 3] = ["json", "printf_float", "qsort_fn"];

pub(crate) fn trials() -> Vec<Trial> {
    let pairs = COMPILERS.into_iter().flat_map(|compiler| PROGRAMS.map(|program| (compiler, program)));
    pairs
        .map(|(compiler, program)| {
            Trial::test(format!("dynamic/{compiler}/{program}"), move || check(compiler, program))
        })
        .collect()
}

fn check(compiler: &str, program: &str) -> Result<(), Failed> {
    let built = build(compiler, program)?;
    let expected = run(native(root().join("target/guests/native").join(program)))?;
    let mut command = demotic("auto");
    command.arg(&built);
    same(&expected, &run(command)?)
}

/// Compiles and links with shared libraries.
fn build(compiler: &str, program: &str) -> Result<PathBuf, Failed> {
    let source = root().join("tests/guest/linux").join(program).with_extension("c");
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{compiler}-{program}"));
    let flags = ["-O1", "-std=gnu11", "-D_GNU_SOURCE", "-ffp-contract=off", "-w", "-o"];
    let output = Command::new(compiler).args(flags).args([&out, &source]).arg("-lm").output()?;
    if output.status.success() {
        return Ok(out);
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
}
