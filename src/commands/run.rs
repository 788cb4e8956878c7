//! `demotic run`: Linux programs.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use demotic_ir::Memory;
use demotic_runtime::linux::{LinuxProcess, Restart, own_executable};
use demotic_runtime::loader::{self, Launch, LaunchError, LaunchOptions};
use demotic_runtime::sandbox::{self, Grant};
use demotic_translator::{EngineOptions, MemoryModel, Vcpu};

use super::print;
use crate::failure::{CANNOT_RUN, Failure, NOT_FOUND};
use crate::flags::{GuestFlags, LogFlags, RunFlags};
use crate::guest;
use crate::lockstep;
use crate::report::Report;

/// Runs a program; does not return when the program has ended, but ends as it has.
///
/// # Errors
/// When the program cannot be started.
pub(crate) fn run(flags: &RunFlags, log: &LogFlags) -> Result<ExitCode, Failure> {
    if flags.guest.cpu.as_deref() == Some("help") {
        return print(&guest::cpu_help());
    }
    enter_sandbox(flags, log)?;
    let Launch { mut process, cpu, kind } =
        loader::load(&launch_options(flags, log)).map_err(launch_failure)?;
    let arch = guest::architecture(kind);
    if flags.lockstep {
        lockstep::run(process, &cpu, arch)?.terminate();
    }
    let memory = process.shared_memory();
    let engine = EngineOptions {
        kind: flags.engine.engine.kind(),
        memory: MemoryModel::of(memory.host_view()),
        hot: flags.engine.hot,
        ..EngineOptions::default()
    };
    let vcpu = Vcpu::new::<LinuxProcess>(arch, Arc::new(memory), engine);
    let mut vcpu = vcpu.map_err(|error| Failure::new(error.to_string()).with_status(CANNOT_RUN))?;
    *vcpu.cpu() = *cpu;
    process.set_kicker(vcpu.kicker());
    process.run_threads_on(Arc::new(vcpu.siblings()));
    let start = Instant::now();
    vcpu.run(&mut process);
    Report::of(&vcpu, flags.engine.engine, kind.name(), start.elapsed()).emit(&flags.engine)?;
    process.terminate()
}

/// Confines this process, if that is asked for. Programs that the guest executes inherit it.
fn enter_sandbox(flags: &RunFlags, log: &LogFlags) -> Result<(), Failure> {
    if flags.sandbox.is_empty() {
        return Ok(());
    }
    let named = [Some(&flags.program.program), flags.guest.sysroot.as_ref()];
    let named = named.into_iter().flatten().filter(|path| path.exists()).map(Grant::read);
    // It has been opened, but executed programs open it again.
    let written = log.log_file.iter().map(Grant::write);
    let grants: Vec<Grant> = flags.sandbox.iter().cloned().chain(named).chain(written).collect();
    sandbox::enter(&grants).map_err(|error| Failure::new(error.to_string()).with_status(CANNOT_RUN))
}

fn launch_failure(error: LaunchError) -> Failure {
    if let LaunchError::Cpu(unknown) = &error {
        return Failure::usage(unknown.to_string());
    }
    let status = match &error {
        LaunchError::Open { error, .. } if error.kind() == std::io::ErrorKind::NotFound => NOT_FOUND,
        _ => CANNOT_RUN,
    };
    Failure::new(error.to_string()).with_status(status)
}

fn launch_options(flags: &RunFlags, log: &LogFlags) -> LaunchOptions {
    let executable = flags.own_executable.clone().or_else(own_executable);
    LaunchOptions {
        program: flags.program.program.clone(),
        program_fd: flags.exec_fd,
        filters_fd: flags.filters_fd,
        args: flags.program.args.clone(),
        argv0: flags.guest.argv0.clone(),
        envp: environment(&flags.guest, std::env::vars_os()),
        sysroot: flags.guest.sysroot.clone(),
        restart: Restart { prefix: restart_options(flags, log, executable.as_deref()), executable },
        cpu: flags.guest.cpu.clone(),
        strace: flags.guest.strace,
        stack_size: flags.guest.stack_size,
        uname: flags.guest.uname.clone(),
        seed: flags.guest.seed,
    }
}

/// The guest's environment, made from ours.
fn environment(flags: &GuestFlags, ours: impl Iterator<Item = (OsString, OsString)>) -> Vec<OsString> {
    let unset: Vec<&[u8]> =
        flags.unset_env.iter().flat_map(|names| names.as_bytes().split(|&b| b == b',')).collect();
    let set: Vec<OsString> = flags.set_env.iter().flat_map(|list| assignments(list)).collect();
    let name_of = |assignment: &OsStr| -> Vec<u8> {
        assignment.as_bytes().split(|&b| b == b'=').next().unwrap_or_default().to_vec()
    };
    let mut environment: Vec<OsString> = ours
        .filter(|(name, _)| !unset.contains(&name.as_bytes()))
        .filter(|(name, _)| set.iter().all(|assignment| name_of(assignment) != name.as_bytes()))
        .map(|(mut name, value)| {
            name.push("=");
            name.push(value);
            name
        })
        .collect();
    for (i, assignment) in set.iter().enumerate() {
        // The last one of a name counts.
        if set[i + 1..].iter().all(|later| name_of(later) != name_of(assignment)) {
            environment.push(assignment.clone());
        }
    }
    environment
}

/// The assignments in `A=1,B=2`. A comma that no `NAME=` follows belongs to the value.
fn assignments(list: &OsStr) -> Vec<OsString> {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for part in list.as_bytes().split(|&b| b == b',') {
        match parts.last_mut() {
            Some(last) if !part.contains(&b'=') => {
                last.push(b',');
                last.extend_from_slice(part);
            }
            _ => parts.push(part.to_vec()),
        }
    }
    parts.into_iter().map(|part| OsStr::from_bytes(&part).to_owned()).collect()
}

/// The options with which a program that the guest executes is run. That program may have another directory as its current
/// one.
fn restart_options(flags: &RunFlags, log: &LogFlags, executable: Option<&Path>) -> Vec<OsString> {
    let (engine, guest) = (&flags.engine, &flags.guest);
    let mut options: Vec<OsString> = vec!["run".into()];
    let mut option = |name: &str, value: Option<OsString>| {
        if let Some(value) = value {
            options.extend([name.into(), value]);
        }
    };
    let path = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).into();
    if !flags.lockstep {
        option("--engine", Some(engine.engine.name().into()));
        option("--hot", Some(engine.hot.to_string().into()));
    }
    option("--log", log.log.as_ref().map(Into::into));
    option("--log-file", log.log_file.as_deref().map(path));
    option("--sysroot", guest.sysroot.as_deref().map(path));
    option("--stack-size", guest.stack_size.map(|size| size.to_string().into()));
    option("--uname", guest.uname.as_ref().map(Into::into));
    option("--seed", guest.seed.map(|seed| seed.to_string().into()));
    option("--own-executable", executable.map(Into::into));
    let switches = [(flags.lockstep, "--lockstep"), (guest.strace, "--strace")];
    options.extend(switches.into_iter().filter(|(on, _)| *on).map(|(_, name)| name.into()));
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(set: &[&str], unset: &[&str]) -> GuestFlags {
        GuestFlags {
            sysroot: None,
            set_env: set.iter().map(OsString::from).collect(),
            unset_env: unset.iter().map(OsString::from).collect(),
            argv0: None,
            cpu: None,
            strace: false,
            stack_size: None,
            uname: None,
            seed: None,
        }
    }

    #[test]
    fn the_environment_is_edited() {
        let ours = [("A", "1"), ("B", "2"), ("C", "3")].map(|(n, v)| (n.into(), v.into()));
        let edited = environment(&flags(&["B=4,D=5,6", "E=", "D=7"], &["A,X"]), ours.into_iter());
        assert_eq!(edited, ["C=3", "B=4", "E=", "D=7"]);
    }

    #[test]
    fn commas_join_assignments_or_belong_to_values() {
        assert_eq!(assignments(OsStr::new("A=1,2,B=3")), ["A=1,2", "B=3"]);
    }
}
