//! One test for one guest at one optimisation: compiled, run by qemu-user and by both engines.
//!
//! Objects and qemu's verdicts are kept in `target/torture/cache`. Executables are not, because there would be tens of
//! gigabytes of them.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::directives::{self, Plan};
use crate::guests::Guest;
use crate::suites::Case;

/// The engines of Demotic.
pub(crate) const ENGINES: [&str; 2] = ["interp", "jit"];
/// Seconds for qemu-user, and for each engine: the interpreter may be slower.
const REFERENCE_TIME: u32 = 20;
const ENGINE_TIME: u32 = 120;

/// One test for one guest at one optimisation.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// The guest.
    pub(crate) guest: &'static Guest,
    /// The test.
    pub(crate) case: Case,
    /// `-O2`, say.
    pub(crate) opt: &'static str,
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// It passes, with both engines.
    Passed,
    /// It passes under qemu-user only: how it ends with the engines that fail.
    Failed(String),
    /// It is not for this guest; the reason.
    Skipped(String),
    /// The compiler does not take it.
    Unbuilt(String),
    /// It fails under qemu-user.
    FailsInQemu(String),
}

/// What is known before the engines run.
enum Reference {
    Passes,
    Out(Verdict),
}

impl Job {
    /// The job's name in reports.
    pub(crate) fn name(&self) -> String {
        format!("{} {} {}/{}", self.guest.name, self.opt, self.case.suite.directory, self.case.name)
    }

    /// Does it, with `directory` for its files; `demotic` is in it, too.
    pub(crate) fn run(&self, directory: &Path) -> Verdict {
        let source = fs::read(&self.case.path).unwrap_or_default();
        let mut plan = directives::read(&String::from_utf8_lossy(&source), self.guest, self.opt);
        match self.case.script_flags() {
            Some(flags) => plan.flags.extend(flags),
            None => plan.skip = Some("its script leaves it out".into()),
        }
        if let Some(reason) = plan.skip {
            return Verdict::Skipped(reason);
        }
        let work = Work::new(self, directory, &plan);
        let verdict = work.run();
        // It may not be there, and takes only space if it is.
        let _ = fs::remove_file(&work.executable);
        verdict
    }
}

/// A job's files.
struct Work<'a> {
    job: &'a Job,
    compilation: Vec<String>,
    /// All source files, compiled and joined.
    object: PathBuf,
    /// The compilation, and what came of it and of running it in qemu-user.
    reference: PathBuf,
    executable: PathBuf,
    demotic: PathBuf,
}

impl<'a> Work<'a> {
    fn new(job: &'a Job, directory: &Path, plan: &Plan) -> Work<'a> {
        let cache = directory.join("cache").join(job.guest.name).join(job.opt).join(job.case.suite.directory);
        let file = |extension: &str| cache.join(format!("{}.{extension}", job.case.name));
        let _ = fs::create_dir_all(&cache);
        let own = [job.opt, "-w"].map(str::to_string);
        let shared = job.guest.flags.iter().chain(job.case.suite.flags).map(|flag| flag.to_string());
        let beside = plan.sources.iter().map(|name| job.case.path.with_file_name(name));
        let sources: Vec<PathBuf> =
            [job.case.path.clone()].into_iter().chain(job.case.library()).chain(beside).collect();
        let joined: &[&str] = if sources.len() > 1 { &["-r", "-nostdlib"] } else { &["-c"] };
        let compilation = own
            .into_iter()
            .chain(shared)
            .chain(plan.flags.iter().cloned())
            .chain(joined.iter().map(|flag| flag.to_string()))
            .chain(sources.iter().map(|path| path.display().to_string()))
            .collect();
        Work {
            job,
            compilation,
            object: file("o"),
            reference: file("ref"),
            executable: file("exe"),
            demotic: directory.join("demotic"),
        }
    }

    fn run(&self) -> Verdict {
        let known = self.known();
        let is_known = known.is_some();
        let reference = match known {
            Some(Reference::Out(verdict)) => return verdict,
            Some(Reference::Passes) => Reference::Passes,
            None => self.compile().map_or_else(Reference::Out, |()| Reference::Passes),
        };
        let linked = match reference {
            Reference::Passes => self.link(),
            Reference::Out(verdict) => Err(verdict),
        };
        let result = match linked {
            Ok(()) if is_known => Ok(()),
            Ok(()) => self.run_in_qemu(),
            Err(verdict) => Err(verdict),
        };
        if !is_known {
            self.remember(&result);
        }
        match result {
            Ok(()) => self.run_engines(),
            Err(verdict) => verdict,
        }
    }

    /// What an earlier run has found out, if it compiled the test in the same way.
    fn known(&self) -> Option<Reference> {
        let text = fs::read_to_string(&self.reference).ok()?;
        let (compilation, verdict) = text.split_once('\n')?;
        if compilation != self.compilation.join(" ") {
            return None;
        }
        match verdict.split_once(": ")? {
            ("passes", _) => self.object.exists().then_some(Reference::Passes),
            ("unbuilt", reason) => Some(Reference::Out(Verdict::Unbuilt(reason.into()))),
            (_, reason) => Some(Reference::Out(Verdict::FailsInQemu(reason.into()))),
        }
    }

    fn remember(&self, result: &Result<(), Verdict>) {
        let verdict = match result {
            Err(Verdict::Unbuilt(reason)) => format!("unbuilt: {reason}"),
            Err(Verdict::FailsInQemu(reason)) => format!("fails: {reason}"),
            _ => "passes: ".to_string(),
        };
        // The cache only saves time.
        let _ = fs::write(&self.reference, format!("{}\n{verdict}", self.compilation.join(" ")));
    }

    fn compile(&self) -> Result<(), Verdict> {
        let mut command = Command::new("timeout");
        command.arg("120").arg(self.job.guest.compiler).args(&self.compilation).arg("-o").arg(&self.object);
        built(command)
    }

    fn link(&self) -> Result<(), Verdict> {
        let mut command = Command::new(self.job.guest.compiler);
        command.args(self.job.guest.flags).args(["-static", "-s", "-pthread", "-o"]);
        command.arg(&self.executable).arg(&self.object).args(["-lm", "-latomic"]);
        built(command)
    }

    fn run_in_qemu(&self) -> Result<(), Verdict> {
        let mut command = Command::new("timeout");
        command.arg(REFERENCE_TIME.to_string()).args(self.job.guest.qemu).arg(&self.executable);
        ended_well(command).map_err(Verdict::FailsInQemu)
    }

    fn run_engines(&self) -> Verdict {
        let mut failures = Vec::new();
        for engine in ENGINES {
            let mut command = Command::new("timeout");
            command.arg(ENGINE_TIME.to_string()).arg(&self.demotic);
            command.args(["--engine", engine]);
            if let Some(cpu) = self.job.guest.cpu {
                command.args(["--cpu", cpu]);
            }
            command.arg(&self.executable);
            if let Err(how) = ended_well(command) {
                failures.push(format!("{engine}: {how}"));
            }
        }
        if failures.is_empty() { Verdict::Passed } else { Verdict::Failed(failures.join("; ")) }
    }
}

fn built(mut command: Command) -> Result<(), Verdict> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| Verdict::Unbuilt(error.to_string()))?;
    if output.status.success() { Ok(()) } else { Err(Verdict::Unbuilt(complaint(&output))) }
}

/// Runs a program; how it has ended if not with status 0.
fn ended_well(mut command: Command) -> Result<(), String> {
    command.stdin(Stdio::null()).env_clear().env("PATH", "/usr/bin:/bin").current_dir(std::env::temp_dir());
    let output = command.output().map_err(|error| error.to_string())?;
    let how = match (output.status.code(), output.status.signal()) {
        (Some(0), _) => return Ok(()),
        (Some(124), _) => "out of time".to_string(),
        (Some(code), _) if code > 128 => format!("signal {}", code - 128),
        (Some(code), _) => format!("status {code}"),
        (None, signal) => format!("signal {}", signal.unwrap_or_default()),
    };
    Err(format!("{how} {}", complaint(&output)).trim_end().to_string())
}

/// The first line of what a program complains about, of the lines with errors if there are such.
fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let error = text.lines().find(|line| line.contains("error") || line.contains("undefined reference"));
    error.or(text.lines().next()).unwrap_or("").to_string()
}
