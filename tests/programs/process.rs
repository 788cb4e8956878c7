//! Running programs in a fixed environment, and comparing how they went.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use libtest_mimic::Failed;

/// What a program did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Outcome {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) ending: Ending,
}

/// How a program ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    Exit(i32),
    Signal(i32),
}

/// The project's root.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// `demotic` with an engine, ready for a program and its arguments.
pub(crate) fn demotic(engine: &str) -> Command {
    demotic_for(120, engine)
}

/// The same with a limit on its time in seconds.
pub(crate) fn demotic_for(seconds: u32, engine: &str) -> Command {
    let mut command = Command::new("timeout");
    command.arg(seconds.to_string()).arg(env!("CARGO_BIN_EXE_demotic")).args(["--engine", engine]);
    command
}

/// A native program, with the same limit on its time.
pub(crate) fn native(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("timeout");
    command.arg("120").arg(program);
    command
}

/// Runs a command in an empty directory, without input, in an environment of three variables.
pub(crate) fn run(command: Command) -> Result<Outcome, Failed> {
    let directory = TemporaryDirectory::new()?;
    run_in(command, &directory.0)
}

/// Runs a command in a directory.
pub(crate) fn run_in(mut command: Command, directory: &Path) -> Result<Outcome, Failed> {
    command.current_dir(directory).stdin(Stdio::null());
    let path = ("PATH", "/usr/bin:/bin");
    command.env_clear().envs([path, ("HOME", "/"), ("DEMOTIC_TEST", "1")]);
    let output = command.output()?;
    let ending = match (output.status.code(), output.status.signal()) {
        // `timeout` reports a signal as a shell does, if it does not raise it itself.
        (Some(code), _) if code > 128 => Ending::Signal(code - 128),
        (Some(code), _) => Ending::Exit(code),
        (None, signal) => Ending::Signal(signal.unwrap_or_default()),
    };
    Ok(Outcome { stdout: output.stdout, stderr: output.stderr, ending })
}

/// Fails with both sides unless output and ending are the same.
pub(crate) fn same(expected: &Outcome, got: &Outcome) -> Result<(), Failed> {
    no_panic(got)?;
    if expected.stdout == got.stdout && expected.ending == got.ending {
        return Ok(());
    }
    let (expected_text, got_text) = (text(&expected.stdout), text(&got.stdout));
    let first = expected_text.lines().zip(got_text.lines()).position(|(a, b)| a != b);
    let at = first.unwrap_or(expected_text.lines().count().min(got_text.lines().count()));
    Err(format!(
        "line {}:\n  expected {:?}\n  got      {:?}\nexpected {:?}, got {:?}\nstderr: {}",
        at + 1,
        expected_text.lines().nth(at),
        got_text.lines().nth(at),
        expected.ending,
        got.ending,
        text(&got.stderr)
    )
    .into())
}

/// Whatever a guest does, Demotic must not panic.
pub(crate) fn no_panic(outcome: &Outcome) -> Result<(), Failed> {
    let stderr = text(&outcome.stderr);
    if stderr.contains("panicked at") { Err(stderr.into()) } else { Ok(()) }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A fresh directory that is removed with its contents.
pub(crate) struct TemporaryDirectory(pub(crate) PathBuf);

impl TemporaryDirectory {
    pub(crate) fn new() -> Result<TemporaryDirectory, Failed> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("demotic-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path)?;
        Ok(TemporaryDirectory(path))
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        // What is left behind in the system's temporary directory does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}
