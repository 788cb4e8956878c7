//! `demotic compare`: one program, interpreted and translated, side by side.
//!
//! Every run is a process of its own, so that nothing is warm and nothing is shared. The guest's output is kept from
//! the terminal and compared.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::time::Instant;

use demotic_runtime::loader;

use super::print;
use crate::failure::{self, Failure};
use crate::flags::{CompareFlags, Engine, Reference};
use crate::report::Report;
use crate::table::Table;

/// What a program did.
#[derive(PartialEq, Eq, Debug)]
struct Behaviour {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// The best run of a contestant.
struct Contestant {
    name: String,
    seconds: f64,
    behaviour: Behaviour,
    report: Option<Report>,
}

/// Runs the contestants and prints the table.
///
/// # Errors
/// When the program cannot be run.
pub(crate) fn compare(flags: &CompareFlags) -> Result<ExitCode, Failure> {
    let kind =
        loader::identify(&flags.program.program).map_err(|error| Failure::new(error.to_string()))?.kind;
    let files = Scratch::new()?;
    let mut contestants = Vec::new();
    for engine in [Engine::Interp, Engine::Jit, Engine::Auto] {
        let name = engine.name().to_owned();
        contestants.push(best_of(flags, &files, name, &|| own_command(flags, engine, &files))?);
    }
    if flags.with.contains(&Reference::Qemu) {
        let name = format!("qemu-{}", kind.name());
        match find_program(&[&name, &format!("{name}-static")]) {
            Some(qemu) => contestants.push(best_of(flags, &files, name, &|| Ok(qemu_command(flags, &qemu)))?),
            None => eprintln!("demotic: {name} is not installed, so it is not compared with"),
        }
    }
    if let Some(native) = &flags.native {
        let command = || {
            let mut command = Command::new(native);
            command.args(&flags.program.args);
            Ok(command)
        };
        contestants.push(best_of(flags, &files, "native".into(), &command)?);
    }
    warn_of_differences(&contestants);
    print(&table(&contestants).render(flags.json))
}

// ---- running ----

/// The runs' output files, in a directory that goes away at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Scratch, Failure> {
        let path = std::env::temp_dir().join(format!("demotic-compare-{}", std::process::id()));
        std::fs::create_dir_all(&path)
            .map_err(failure::io(format_args!("cannot make {}", path.display())))?;
        Ok(Scratch(path))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn create(&self, name: &str) -> Result<File, Failure> {
        let path = self.path(name);
        File::create(&path).map_err(failure::io(format_args!("cannot write {}", path.display())))
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, Failure> {
        let path = self.path(name);
        std::fs::read(&path).map_err(failure::io(format_args!("cannot read {}", path.display())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left of it is in the temporary directory.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const STDOUT: &str = "stdout";
const STDERR: &str = "stderr";
const STATS: &str = "stats.json";

/// Ourselves, to run the program with an engine.
fn own_command(flags: &CompareFlags, engine: Engine, files: &Scratch) -> Result<Command, Failure> {
    let own = std::env::current_exe().map_err(failure::io("cannot find demotic's own executable"))?;
    let mut command = Command::new(own);
    command.args(["run", "--engine", engine.name(), "--stats-json"]).arg(files.path(STATS));
    let guest = &flags.guest;
    for (option, value) in
        [("--sysroot", guest.sysroot.as_deref().map(Path::as_os_str)), ("--argv0", guest.argv0.as_deref())]
    {
        command.args(value.map(|value| joined(option, value)));
    }
    command.args(guest.cpu.as_deref().map(|cpu| joined("--cpu", OsStr::new(cpu))));
    command.args(guest.set_env.iter().map(|value| joined("--env", value)));
    command.args(guest.unset_env.iter().map(|value| joined("--unset-env", value)));
    command.arg("--").arg(&flags.program.program).args(&flags.program.args);
    Ok(command)
}

fn joined(option: &str, value: &OsStr) -> OsString {
    let mut joined = OsString::from(option);
    joined.push("=");
    joined.push(value);
    joined
}

fn qemu_command(flags: &CompareFlags, qemu: &Path) -> Command {
    let mut command = Command::new(qemu);
    let guest = &flags.guest;
    if let Some(root) = &guest.sysroot {
        command.arg("-L").arg(root);
    }
    for value in &guest.set_env {
        command.arg("-E").arg(value);
    }
    for value in &guest.unset_env {
        command.arg("-U").arg(value);
    }
    command.arg(&flags.program.program).args(&flags.program.args);
    command
}

/// The first of these programs on the search path.
fn find_program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let candidates =
        names.iter().flat_map(|name| std::env::split_paths(&path).map(move |dir| dir.join(name)));
    candidates.into_iter().find(|candidate| candidate.is_file())
}

/// The fastest of several runs; all must behave alike.
fn best_of(
    flags: &CompareFlags,
    files: &Scratch,
    name: String,
    command: &dyn Fn() -> Result<Command, Failure>,
) -> Result<Contestant, Failure> {
    let mut best: Option<Contestant> = None;
    for _ in 0..flags.runs {
        let run = run_once(files, name.clone(), command()?)?;
        if best.as_ref().is_some_and(|best| best.behaviour != run.behaviour) {
            eprintln!(
                "demotic: warning: {name}: two runs of the program behave differently; times may not compare"
            );
        }
        if best.as_ref().is_none_or(|best| run.seconds < best.seconds) {
            best = Some(run);
        }
    }
    best.ok_or_else(|| Failure::usage("--runs must be at least 1"))
}

fn run_once(files: &Scratch, name: String, mut command: Command) -> Result<Contestant, Failure> {
    // What an earlier run has written must not be taken for this one's.
    let _ = std::fs::remove_file(files.path(STATS));
    command.stdin(Stdio::null()).stdout(files.create(STDOUT)?).stderr(files.create(STDERR)?);
    let start = Instant::now();
    let status = command.status();
    let seconds = start.elapsed().as_secs_f64();
    let program = command.get_program().to_owned();
    let status = status.map_err(failure::io(format_args!("cannot run {}", program.display())))?;
    let behaviour = Behaviour { status, stdout: files.read(STDOUT)?, stderr: files.read(STDERR)? };
    Ok(Contestant { name, seconds, behaviour, report: Report::read(&files.path(STATS)).ok() })
}

// ---- showing ----

fn warn_of_differences(contestants: &[Contestant]) {
    let Some((first, others)) = contestants.split_first() else { return };
    for other in others {
        let (a, b) = (&first.behaviour, &other.behaviour);
        if a.status != b.status {
            eprintln!("demotic: warning: {}: {}, but {}: {}", first.name, a.status, other.name, b.status);
        }
        for (what, a, b) in [("stdout", &a.stdout, &b.stdout), ("stderr", &a.stderr, &b.stderr)] {
            if a != b {
                eprintln!("demotic: warning: {what} of {} and {} differ", first.name, other.name);
            }
        }
    }
    if first.behaviour.status.code() != Some(0) {
        eprintln!("demotic: the program ended with {}", first.behaviour.status);
        eprint!("{}", String::from_utf8_lossy(&first.behaviour.stderr));
    }
}

/// The table. All engines execute the instructions that the interpreter counts.
fn table(contestants: &[Contestant]) -> Table {
    let interpreter = contestants.first();
    let insns = interpreter.and_then(|c| c.report.as_ref()).map(|report| report.interpreted);
    let slowest = interpreter.map_or(0.0, |c| c.seconds);
    let columns =
        &["engine", "seconds", "guest instructions", "guest MIPS", "speed-up", "regions", "translation s"];
    let mut table = Table::new(columns).numbers(&columns[1..]);
    for contestant in contestants {
        let report = contestant.report.as_ref();
        let ours = report.is_some() || contestant.name.starts_with("qemu");
        let insns = insns.filter(|_| ours);
        table.row([
            contestant.name.clone(),
            format!("{:.3}", contestant.seconds),
            insns.map_or(String::new(), |n| n.to_string()),
            insns.map_or(String::new(), |n| format!("{:.0}", n as f64 / 1e6 / contestant.seconds)),
            format!("{:.2}", slowest / contestant.seconds),
            report.map_or(String::new(), |r| r.regions.to_string()),
            report.map_or(String::new(), |r| format!("{:.3}", r.translate_seconds)),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn contestant(name: &str, seconds: f64, interpreted: u64) -> Contestant {
        let behaviour = Behaviour { status: ExitStatus::from_raw(0), stdout: Vec::new(), stderr: Vec::new() };
        let report = Some(Report { interpreted, ..Report::default() });
        Contestant { name: name.into(), seconds, behaviour, report }
    }

    #[test]
    fn speeds_are_relative_to_the_interpreter() {
        let rows = table(&[contestant("interp", 2.0, 400_000_000), contestant("jit", 0.5, 100)]);
        let rows: serde_json::Value = serde_json::from_str(&rows.to_json()).unwrap();
        assert_eq!(rows[0]["guest_MIPS"], "200");
        assert_eq!(rows[1]["guest_MIPS"], "800");
        assert_eq!(rows[1]["speed-up"], "4.00");
    }
}
