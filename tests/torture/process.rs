//! Programs that are run: compilers, qemu-user, Demotic.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};

/// A program that is killed, with its children, after some seconds.
pub(crate) fn limited(seconds: u32) -> Command {
    let mut command = Command::new("timeout");
    command.args(["-k", "1"]).arg(seconds.to_string());
    command
}

/// Runs a compiler, or something like it; its first complaint if it fails.
pub(crate) fn built(mut command: Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(complaint(&output)) }
}

/// Runs a guest program; how it has ended if not with status 0.
pub(crate) fn ended_well(command: Command) -> Result<(), String> {
    let output = output_of(command)?;
    let how = match (output.status.code(), output.status.signal()) {
        (Some(0), _) => return Ok(()),
        (Some(124), _) => "out of time".to_string(),
        (Some(code), _) if code > 128 => format!("signal {}", code - 128),
        (Some(code), _) => format!("status {code}"),
        (None, signal) => format!("signal {}", signal.unwrap_or_default()),
    };
    Err(format!("{how} {}", complaint(&output)).trim_end().to_string())
}

/// Runs a guest program, with nothing of our own environment.
pub(crate) fn output_of(mut command: Command) -> Result<Output, String> {
    command.stdin(Stdio::null()).env_clear().env("PATH", "/usr/bin:/bin").current_dir(std::env::temp_dir());
    command.output().map_err(|error| error.to_string())
}

/// The first line of what a program complains about, of the lines with errors if there are such.
fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let error = text.lines().find(|line| line.contains("error") || line.contains("undefined reference"));
    error.or(text.lines().next()).unwrap_or("").to_string()
}
