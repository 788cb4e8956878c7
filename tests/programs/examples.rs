//! The prebuilt programs of `examples/`, which need nothing but Demotic.

use std::fs;
use std::path::Path;

use libtest_mimic::{Failed, Trial};

use crate::ENGINES;
use crate::process::{Ending, demotic, no_panic, root, run, text};

/// Program, arguments, and what its last line must be.
const PROGRAMS: [(&str, &[&str], &str); 4] = [
    ("hello", &[], ""),
    ("queens", &["8"], "8 queens: 92 solutions"),
    ("sha256", &["/dev/null"], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  /dev/null"),
    ("count", &["/dev/null"], ""),
];

/// Image and expected output of the bare-metal examples; all power off with this status.
///
/// `bare-mips.elf`, the big-endian one, is left out: it sometimes hangs on a busy machine, for a reason not yet known.
const IMAGES: [(&str, &str, &str); 3] = [
    ("bare-arm", "bare-arm/bare-arm.elf", "bare-arm/expected.txt"),
    ("bare-mips", "bare-mips/bare-mipsel.elf", "bare-mips/expected-mipsel.txt"),
    ("bare-mips", "bare-mips/bare-mips.elf", "bare-mips/expected-mips.txt"),
];
const POWER_OFF_STATUS: i32 = 42;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for engine in ENGINES {
        for guest in ["armhf", "thumb", "mipsel", "mips"] {
            for (name, arguments, last) in PROGRAMS {
                let trial = move || program(engine, guest, name, arguments, last);
                trials.push(Trial::test(format!("example::{guest}::{name}::{engine}"), trial));
            }
        }
        for (board, image, expected) in IMAGES {
            let trial = move || bare(engine, board, image, expected);
            trials.push(Trial::test(format!("example::{image}::{engine}"), trial));
        }
    }
    trials
}

fn program(engine: &str, guest: &str, name: &str, arguments: &[&str], last: &str) -> Result<(), Failed> {
    let mut command = demotic(engine);
    command.arg(root().join("examples/prebuilt").join(guest).join(name)).args(arguments);
    let outcome = run(command)?;
    no_panic(&outcome)?;
    let output = text(&outcome.stdout);
    let fits = last.is_empty() || output.lines().last() == Some(last);
    if outcome.ending == Ending::Exit(0) && !output.is_empty() && fits {
        return Ok(());
    }
    Err(format!("{:?}\n{output}\n{}", outcome.ending, text(&outcome.stderr)).into())
}

fn bare(engine: &str, board: &str, image: &str, expected: &str) -> Result<(), Failed> {
    let examples: &Path = &root().join("examples");
    let mut command = crate::process::native(env!("CARGO_BIN_EXE_demotic"));
    command.args(["boot", "--engine", engine, "--board", board]).arg(examples.join(image));
    let outcome = run(command)?;
    no_panic(&outcome)?;
    let expected = fs::read_to_string(examples.join(expected))?;
    if outcome.ending != Ending::Exit(POWER_OFF_STATUS) {
        return Err(format!("{:?}\n{}", outcome.ending, text(&outcome.stderr)).into());
    }
    let (wanted, got) = (steady(&expected), steady(&text(&outcome.stdout)));
    if wanted == got { Ok(()) } else { Err(format!("expected\n{wanted}\ngot\n{got}").into()) }
}

/// The output without what depends on how fast the host is: how many ticks the user task saw by the time it asked.
fn steady(output: &str) -> String {
    let lines = output.lines().map(|line| line.trim_end_matches('\r'));
    lines.filter(|line| !line.contains("ticks")).collect::<Vec<_>>().join("\n")
}
