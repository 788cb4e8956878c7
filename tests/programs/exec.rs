//! Programs that execute programs: of other architectures, of the host, scripts; and scripts as the first program.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use libtest_mimic::{Failed, Trial};

use crate::process::{Ending, TemporaryDirectory, demotic, native, root, run, run_in, same, text};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("exec::architectures_in_turn", architectures_in_turn),
        Trial::test("exec::options_are_inherited", options_are_inherited),
        Trial::test("exec::host_program", host_program),
        Trial::test("exec::missing_loader", missing_loader),
        Trial::test("exec::script_is_run", script_is_run),
        Trial::test("exec::script_of_the_host", script_of_the_host),
        Trial::test("exec::mount_points_of_a_root", mount_points_of_a_root),
    ]
}

fn guest(configuration: &str, program: &str) -> PathBuf {
    root().join("target/guests").join(configuration).join(program)
}

/// A chain of programs, each of which executes the next.
const CHAIN: [&str; 5] = ["armhf-a32", "mips", "armel", "mipsel", "armhf-t32"];

fn architectures_in_turn() -> Result<(), Failed> {
    let words = ["one", "", "with space", "--help"];
    let mut reference = native(guest("native", "exec_args"));
    reference.arg("/bin/echo").args(words);
    // A processor of the first one's architecture is none of the second one's.
    let mut command = demotic("auto");
    command.args(["--cpu", "cortex-a9"]);
    command.args(CHAIN.map(|configuration| guest(configuration, "exec_args"))).arg("/bin/echo").args(words);
    same(&run(reference)?, &run(command)?)
}

/// `uname -r` of a program that another one has executed.
fn options_are_inherited() -> Result<(), Failed> {
    let mut command = demotic("interp");
    command.args(["-r", "4.3.21", "-s", "1M"]);
    command.args([guest("mips", "exec_args"), guest("armel", "limits")]);
    let outcome = run(command)?;
    let printed = text(&outcome.stdout);
    if printed.contains("release 4.3.21\n") && printed.contains("stack 1024 KiB\n") {
        return Ok(());
    }
    Err(format!("{printed}\n{}", text(&outcome.stderr)).into())
}

fn host_program() -> Result<(), Failed> {
    let script = "echo $0 $1; kill -TERM $$";
    let mut reference = native("/bin/sh");
    reference.args(["-c", script, "name", "argument"]);
    let mut command = demotic("auto");
    command.arg(guest("mipsel", "exec_args")).args(["/bin/sh", "-c", script, "name", "argument"]);
    same(&run(reference)?, &run(command)?)
}

/// A dynamic program whose loader is not there cannot be executed, as the kernel says it.
fn missing_loader() -> Result<(), Failed> {
    let directory = TemporaryDirectory::new()?;
    let mut program = fs::read(guest("armhf-a32", "exec_args"))?;
    // Any segment that is not loaded becomes one that names a dynamic loader, which is no file.
    let table = u32::from_le_bytes(program[28..32].try_into()?) as usize;
    let count = usize::from(u16::from_le_bytes(program[44..46].try_into()?));
    let unloaded = (0..count).map(|i| table + 32 * i).find(|&at| program[at] != 1);
    let at = unloaded.ok_or("every segment is loaded")?;
    program[at..at + 4].copy_from_slice(&3u32.to_le_bytes());
    let path = directory.0.join("program");
    fs::write(&path, program)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    let mut command = demotic("interp");
    command.args([guest("mips", "exec_args"), path]);
    let outcome = run_in(command, &directory.0)?;
    let printed = text(&outcome.stdout);
    if printed.ends_with("No such file or directory\n") { Ok(()) } else { Err(printed.into()) }
}

/// Writes an executable script.
fn script(directory: &TemporaryDirectory, text: &str) -> Result<PathBuf, Failed> {
    let path = directory.0.join("script");
    fs::write(&path, text)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

fn script_is_run() -> Result<(), Failed> {
    let directory = TemporaryDirectory::new()?;
    let script = script(&directory, &format!("#!{} /bin/echo\n", guest("mips", "exec_args").display()))?;
    let mut command = demotic("auto");
    command.args([script.as_os_str(), "word".as_ref()]);
    let outcome = run_in(command, &directory.0)?;
    let expected = format!("{} word\n", script.display());
    let printed = text(&outcome.stdout);
    if printed == expected { Ok(()) } else { Err(format!("{printed}{}", text(&outcome.stderr)).into()) }
}

fn script_of_the_host() -> Result<(), Failed> {
    const CANNOT_RUN: i32 = 126;
    let directory = TemporaryDirectory::new()?;
    let mut command = demotic("auto");
    command.arg(script(&directory, "#!/bin/sh\n")?);
    let outcome = run_in(command, &directory.0)?;
    let message = text(&outcome.stderr);
    let right =
        outcome.ending == Ending::Exit(CANNOT_RUN) && message.contains("run its interpreter (/bin/sh)");
    if right { Ok(()) } else { Err(message.into()) }
}

/// Where a root directory has nothing but a place for the host's directory, the host's is found, whatever is asked about it.
fn mount_points_of_a_root() -> Result<(), Failed> {
    let directory = TemporaryDirectory::new()?;
    for name in ["proc", "sys", "opt"] {
        fs::create_dir(directory.0.join(name))?;
    }
    fs::write(directory.0.join("sys/own"), "")?;
    let mut command = demotic("auto");
    command.arg("-L").arg(&directory.0).arg(root().join("tests/.cache/root-armhf/bin/busybox"));
    command.args(["sh", "-c", "echo /proc/[s]elf/comm /sys/* /opt/*"]);
    let outcome = run(command)?;
    let printed = text(&outcome.stdout);
    if printed == "/proc/self/comm /sys/own /opt/*\n" {
        return Ok(());
    }
    Err(format!("{printed}\n{}", text(&outcome.stderr)).into())
}
