//! One test for one guest at one optimisation: compiled, and run by itself with qemu-user and both engines.
//!
//! Objects and qemu's verdicts are kept in `target/torture/cache`. Executables are not, because there would be tens of
//! gigabytes of them.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::directives::{self, Plan};
use crate::guests::Guest;
use crate::process::{built, ended_well, limited};
use crate::suites::Case;

/// The engines of Demotic.
pub(crate) const ENGINES: [&str; 3] = ["interp", "baseline", "jit"];
/// Seconds for qemu-user, and for each engine: the interpreter may be slower.
pub(crate) const REFERENCE_TIME: u32 = 20;
pub(crate) const ENGINE_TIME: u32 = 120;
/// Seconds for the compiler.
pub(crate) const COMPILER_TIME: u32 = 120;

/// What in a test's source or options forbids to put it into one program with others: it would change them, or needs
/// what the batch's driver does not do.
const ALONE: [&str; 8] =
    ["atexit", "on_exit", "quick_exit", "constructor", "destructor", "init_array", "-flto", "-nostartfiles"];

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

impl Job {
    /// The job's name in reports.
    pub(crate) fn name(&self) -> String {
        format!("{} {} {}", self.guest.name, self.opt, self.case.name())
    }
}

/// A job's files, and what is known of it.
#[derive(Debug)]
pub(crate) struct Work<'a> {
    /// The job.
    pub(crate) job: &'a Job,
    /// All source files, compiled and joined.
    pub(crate) object: PathBuf,
    /// Whether it may be in one program with others.
    pub(crate) in_batch: bool,
    /// Whether an earlier run has seen it pass under qemu-user.
    pub(crate) known_to_pass: bool,
    /// Other objects that it is linked with, and their compilations.
    companions: Vec<(PathBuf, Vec<String>)>,
    compilation: Vec<String>,
    /// The compilation, and what came of it and of running it in qemu-user.
    reference: PathBuf,
    executable: PathBuf,
    demotic: PathBuf,
}

impl<'a> Work<'a> {
    /// Compiles the job unless an earlier run has; `directory` has all files. The verdict if that ends it.
    pub(crate) fn new(job: &'a Job, directory: &Path) -> Result<Work<'a>, Verdict> {
        let source = fs::read(&job.case.path).unwrap_or_default();
        let source = String::from_utf8_lossy(&source);
        let mut plan = directives::read(&source, job.guest, job.opt);
        match job.case.script_flags() {
            Some(flags) => plan.flags.extend(flags),
            None => plan.skip = Some("its script leaves it out".into()),
        }
        if let Some(reason) = plan.skip {
            return Err(Verdict::Skipped(reason));
        }
        let alone = |text: &str| ALONE.iter().any(|word| text.contains(word));
        let in_batch =
            job.case.suite.in_batches && !alone(&source) && !plan.flags.iter().any(|flag| alone(flag));
        let mut work = Work::with_files(job, directory, &plan);
        work.in_batch = in_batch;
        match work.known() {
            Some(known) => known?,
            None => work.compile()?,
        }
        Ok(work)
    }

    /// The job's, with another guest's verdict for qemu's.
    pub(crate) fn for_verdict(job: &'a Job, directory: &Path, verdict: Verdict) -> Result<Work<'a>, Verdict> {
        if verdict != Verdict::Passed {
            return Err(verdict);
        }
        let mut work = Work::new(job, directory)?;
        work.remember_pass();
        work.known_to_pass = true;
        Ok(work)
    }

    fn with_files(job: &'a Job, directory: &Path, plan: &Plan) -> Work<'a> {
        let cache = directory.join("cache").join(job.guest.name).join(job.opt).join(job.case.suite.directory);
        let file = |extension: &str| cache.join(format!("{}.{extension}", job.case.name));
        let _ = fs::create_dir_all(&cache);
        Work {
            job,
            object: file("o"),
            in_batch: false,
            known_to_pass: false,
            companions: plan.objects.iter().map(|name| companion(job, name, &file(name))).collect(),
            compilation: compilation(job, plan),
            reference: file("ref"),
            executable: file("exe"),
            demotic: crate::scratch().join("demotic"),
        }
    }

    /// What an earlier run has found out, if it compiled the test in the same way.
    fn known(&mut self) -> Option<Result<(), Verdict>> {
        let text = fs::read_to_string(&self.reference).ok()?;
        let (compilation, verdict) = text.split_once('\n')?;
        if compilation != self.key() {
            return None;
        }
        match verdict.split_once(": ")? {
            ("passes", _) if self.object.exists() => {
                self.known_to_pass = true;
                Some(Ok(()))
            }
            ("unbuilt", reason) => Some(Err(Verdict::Unbuilt(reason.into()))),
            ("fails", reason) => Some(Err(Verdict::FailsInQemu(reason.into()))),
            _ => None,
        }
    }

    fn compile(&self) -> Result<(), Verdict> {
        let own = [(self.object.clone(), self.compilation.clone())];
        let compile = |(object, arguments): &(PathBuf, Vec<String>)| {
            let mut command = limited(COMPILER_TIME);
            command.arg(self.job.guest.compiler).args(arguments).arg("-o").arg(object);
            built(command).and_then(|()| self.mark_nan(object, false))
        };
        own.iter()
            .chain(&self.companions)
            .try_for_each(compile)
            .map_err(|reason| self.out(Verdict::Unbuilt(reason)))
    }

    /// Marks a file as using NaNs of IEEE 754-2008, or not, for guests that use them. Objects are not marked, because the
    /// linker would refuse them beside the C library's.
    pub(crate) fn mark_nan(&self, file: &Path, is_2008: bool) -> Result<(), String> {
        const E_FLAGS: usize = 0x24;
        const EF_MIPS_NAN2008: u32 = 0x400;
        if !self.job.guest.flags.contains(&"-mnan=2008") {
            return Ok(());
        }
        let mut bytes = fs::read(file).map_err(|error| error.to_string())?;
        let field = bytes.get_mut(E_FLAGS..).and_then(|rest| rest.first_chunk_mut::<4>());
        let Some(field) = field else { return Err(format!("{} is no ELF file", file.display())) };
        let flags = u32::from_le_bytes(*field);
        *field = if is_2008 { flags | EF_MIPS_NAN2008 } else { flags & !EF_MIPS_NAN2008 }.to_le_bytes();
        fs::write(file, bytes).map_err(|error| error.to_string())
    }

    /// The guest, the test and what it has been compiled to.
    pub(crate) fn identity(&self) -> (&'static str, String, u64) {
        let mut hasher = DefaultHasher::new();
        fs::read(&self.object).unwrap_or_default().hash(&mut hasher);
        (self.job.guest.name, self.job.case.name(), hasher.finish())
    }

    /// Notes for later runs that the test passes under qemu-user.
    pub(crate) fn remember_pass(&self) {
        if !self.known_to_pass {
            self.remember("passes: ");
        }
    }

    /// Notes for later runs why the test is out, and passes it on.
    fn out(&self, verdict: Verdict) -> Verdict {
        match &verdict {
            Verdict::Unbuilt(reason) => self.remember(&format!("unbuilt: {reason}")),
            Verdict::FailsInQemu(reason) => self.remember(&format!("fails: {reason}")),
            Verdict::Passed | Verdict::Failed(_) | Verdict::Skipped(_) => {}
        }
        verdict
    }

    fn remember(&self, verdict: &str) {
        // The cache only saves time.
        let _ = fs::write(&self.reference, format!("{}\n{verdict}", self.key()));
    }

    /// What a verdict is for.
    fn key(&self) -> String {
        format!("{} # {}", self.compilation.join(" "), self.job.guest.qemu.join(" "))
    }

    /// A tool that belongs to the guest's compiler.
    pub(crate) fn tool(&self, name: &str) -> Command {
        Command::new(self.job.guest.compiler.replace("gcc", name))
    }

    /// Links the test, and runs it by itself.
    pub(crate) fn run_alone(&self, engines: &[&str]) -> Verdict {
        let ready = self.link().and_then(|()| self.run_in_qemu());
        let verdict = ready.map_or_else(|out| out, |()| self.run_engines(engines));
        // It may not be there, and takes only space if it is.
        let _ = fs::remove_file(&self.executable);
        verdict
    }

    fn link(&self) -> Result<(), Verdict> {
        let mut command = limited(COMPILER_TIME);
        command
            .arg(self.job.guest.compiler)
            .args(self.job.guest.flags)
            .args(["-static", "-s", "-pthread", "-o"]);
        command.arg(&self.executable).arg(&self.object);
        command.args(self.companions.iter().map(|(object, _)| object)).args(["-lm", "-latomic"]);
        let done = built(command).and_then(|()| self.mark_nan(&self.executable, true));
        done.map_err(|reason| self.out(Verdict::Unbuilt(reason)))
    }

    fn run_in_qemu(&self) -> Result<(), Verdict> {
        if self.known_to_pass {
            return Ok(());
        }
        let mut command = limited(REFERENCE_TIME);
        command.args(self.job.guest.qemu).arg(&self.executable);
        ended_well(command).map_err(|reason| self.out(Verdict::FailsInQemu(reason)))?;
        self.remember_pass();
        Ok(())
    }

    fn run_engines(&self, engines: &[&str]) -> Verdict {
        let run = |engine: &&str| {
            let mut command = self.demotic(limited(ENGINE_TIME), engine);
            command.arg(&self.executable);
            ended_well(command).err().map(|how| format!("{engine}: {how}"))
        };
        let failures: Vec<String> = engines.iter().filter_map(run).collect();
        if failures.is_empty() { Verdict::Passed } else { Verdict::Failed(failures.join("; ")) }
    }

    /// The command, going on with Demotic and its options for the guest.
    pub(crate) fn demotic(&self, mut command: Command, engine: &str) -> Command {
        command.arg(&self.demotic).args(["--engine", engine]);
        if let Some(cpu) = self.job.guest.cpu {
            command.args(["--cpu", cpu]);
        }
        command
    }
}

/// An object that a test is linked with, and how it is compiled: `pic-` as its name says, beside a test that is not.
fn companion(job: &Job, name: &str, object: &Path) -> (PathBuf, Vec<String>) {
    let kind = if name.starts_with("pic-") { "-fpic" } else { "-fno-pic" };
    let source = job.case.path.with_file_name(name).with_extension("c");
    let source = source.display().to_string();
    let own = [job.opt, "-w", kind, "-c", &source].map(str::to_string);
    let arguments = own.into_iter().chain(job.guest.flags.iter().map(|flag| flag.to_string()));
    (object.into(), arguments.collect())
}

/// The compiler's arguments, without the output.
fn compilation(job: &Job, plan: &Plan) -> Vec<String> {
    let own = [job.opt, "-w"].map(str::to_string);
    let shared = job.guest.flags.iter().chain(job.case.suite.flags).map(|flag| flag.to_string());
    let beside = plan.sources.iter().map(|name| job.case.path.with_file_name(name));
    let sources: Vec<PathBuf> =
        [job.case.path.clone()].into_iter().chain(job.case.library()).chain(beside).collect();
    let joined: &[&str] = if sources.len() > 1 { &["-r", "-nostdlib"] } else { &["-c"] };
    own.into_iter()
        .chain(shared)
        .chain(plan.flags.iter().cloned())
        .chain(joined.iter().map(|flag| flag.to_string()))
        .chain(sources.iter().map(|path| path.display().to_string()))
        .collect()
}
