//! Debian's own strace, gdb and gdbserver, as guests that debug guests. They come from a root directory that
//! `tests/tools/mkroot.sh ARCH tests/.cache/debug-ARCH strace gdb gdbserver libc6-dbg bash coreutils` makes; where there is
//! none, the tests are shown as ignored.

use std::path::PathBuf;
use std::process::Command;

use libtest_mimic::{Failed, Trial};

use crate::process::{Ending, Outcome, TemporaryDirectory, demotic_for, no_panic, root, run_in, text};

/// Architectures, and the compilers for them.
const SYSTEMS: [(&str, &str); 2] = [("armhf", "arm-linux-gnueabihf-gcc"), ("mipsel", "mipsel-linux-gnu-gcc")];

/// The host's number of the signal that the traced script ends by.
const SIGUSR1: i32 = 10;

/// How long a debugger may take, in seconds.
const LIMIT: u32 = 300;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (architecture, compiler) in SYSTEMS {
        let missing = !system(architecture).join("usr/bin/gdb").exists();
        let mut add = |name: &str, test: fn(&str, &str) -> Result<(), Failed>| {
            let trial = Trial::test(format!("debuggers::{name}/{architecture}"), move || {
                test(architecture, compiler)
            });
            trials.push(trial.with_ignored_flag(missing));
        };
        add("strace", strace);
        add("gdb", gdb);
        add("gdbserver", gdbserver);
    }
    trials
}

fn system(architecture: &str) -> PathBuf {
    root().join("tests/.cache").join(format!("debug-{architecture}"))
}

/// A program of the system, under `demotic`.
fn guest(architecture: &str, program: &str) -> Command {
    let mut command = demotic_for(LIMIT, "auto");
    command.arg("-L").arg(system(architecture)).arg(system(architecture).join("usr/bin").join(program));
    command
}

/// What a debugger is to say, in this order among other lines.
fn says(outcome: &Outcome, printed: &str, parts: &[&str]) -> Result<(), Failed> {
    no_panic(outcome)?;
    let mut rest = printed;
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => {
                return Err(format!("{part:?} is missing in\n{printed}\n{}", text(&outcome.stderr)).into());
            }
        }
    }
    if outcome.ending == Ending::Exit(0) { Ok(()) } else { Err(format!("{:?}", outcome.ending).into()) }
}

fn strace(architecture: &str, _: &str) -> Result<(), Failed> {
    let directory = TemporaryDirectory::new()?;
    let script = "for i in 1 2; do echo $i | cat; done; (exit 3); echo $?; kill -USR1 $$";
    let mut command = guest(architecture, "strace");
    command.args(["-f", "-o", "trace", "-e", "trace=execve,write,exit_group,kill"]);
    command.arg(system(architecture).join("bin/bash")).args(["-c", script]);
    let outcome = run_in(command, &directory.0)?;
    if text(&outcome.stdout) != "1\n2\n3\n" || outcome.ending != Ending::Signal(SIGUSR1) {
        return Err(format!("{:?} {}", outcome, text(&outcome.stderr)).into());
    }
    let trace = std::fs::read_to_string(directory.0.join("trace"))?;
    let count = |part: &str| trace.lines().filter(|line| line.contains(part)).count();
    // bash, and for each round a subshell that echoes and one that becomes cat; the one that exits with 3.
    let counts = [count("+++ exited with 0 +++"), count("+++ exited with 3 +++"), count("execve(")];
    if counts != [4, 1, 3]
        || count("--- SIGUSR1 {si_signo=SIGUSR1") != 1
        || count("+++ killed by SIGUSR1 +++") != 1
    {
        return Err(trace.into());
    }
    Ok(())
}

/// Compiles what is debugged.
fn program(compiler: &str, directory: &TemporaryDirectory) -> Result<(), Failed> {
    let source = root().join("tests/debuggers/program.c");
    let mut command = Command::new(compiler);
    command.args(["-g", "-O0", "-o"]).arg(directory.0.join("program")).arg(source);
    if command.status()?.success() { Ok(()) } else { Err(format!("{compiler} failed").into()) }
}

/// Runs gdb with commands on the program.
fn debug(architecture: &str, compiler: &str, commands: &[&str]) -> Result<Outcome, Failed> {
    let directory = TemporaryDirectory::new()?;
    program(compiler, &directory)?;
    let mut command = guest(architecture, "gdb");
    command.args(["-batch", "-nx"]);
    for each in commands {
        command.args(["-ex", each]);
    }
    command.arg("program");
    run_in(command, &directory.0)
}

fn gdb(architecture: &str, compiler: &str) -> Result<(), Failed> {
    let commands = [
        "break main",
        "run",
        "next",
        "next",
        "next",
        "tbreak leaf",
        "continue",
        "bt",
        "finish",
        "step",
        "watch counter",
        "continue",
        "continue",
        "print middle(5, 6)",
        "info symbol $pc",
        "delete",
        "continue",
    ];
    let outcome = debug(architecture, compiler, &commands)?;
    let expected = [
        "Breakpoint 1, main",
        "strcpy(s",
        "for (i",
        "printf",
        "Temporary breakpoint 2, leaf (x=1)",
        "#0  leaf (x=1)",
        "in middle (a=1, b=2)",
        "in main",
        "Value returned is $1 = 3",
        "r += leaf(b)",
        "Old value = 6",
        "New value = 12",
        "Old value = 12",
        "New value = 18",
        "$2 = 33",
        "leaf + ",
        "exited with code 074",
    ];
    says(&outcome, &text(&outcome.stdout), &expected)
}

fn gdbserver(architecture: &str, compiler: &str) -> Result<(), Failed> {
    let commands = [
        "target remote | gdbserver --once - program",
        "break leaf",
        "continue",
        "bt",
        "set var x = 100",
        "finish",
        "delete",
        "continue",
    ];
    let outcome = debug(architecture, compiler, &commands)?;
    let expected = [
        "Breakpoint 1, leaf (x=0)",
        "in middle (a=0, b=1)",
        "in main",
        "Value returned is $1 = 300",
        "exited",
    ];
    says(&outcome, &text(&outcome.stdout), &expected)
}
