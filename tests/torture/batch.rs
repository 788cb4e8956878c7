//! Many tests in one program, whose driver runs each in a process of its own.
//!
//! Most of the time that a small program takes is linking it, and translating the C library's start and end. So the tests
//! of a batch share them. Whatever does not pass in its batch is run again by itself, and counts as that says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::job::{COMPILER_TIME, ENGINE_TIME, Job, REFERENCE_TIME, Verdict, Work};
use crate::process::{built, limited, output_of};

/// The most tests of a batch.
pub(crate) const SIZE: usize = 48;

/// Runs jobs of one guest at one optimisation with qemu-user and some of our engines; a verdict for each.
pub(crate) fn run(jobs: &[Job], directory: &Path, scratch: &Path, engines: &[&str]) -> Vec<Verdict> {
    let mut works: Vec<Result<Work<'_>, Verdict>> = match stand_ins(jobs) {
        None => jobs.iter().map(|job| Work::new(job, directory)).collect(),
        Some(others) => {
            let verdicts = run(&others, directory, scratch, &[]);
            jobs.iter()
                .zip(verdicts)
                .map(|(job, verdict)| Work::for_verdict(job, directory, verdict))
                .collect()
        }
    };
    let together: Vec<&Work<'_>> = works.iter().flatten().filter(|work| work.in_batch).collect();
    let passed = passing(&together, scratch, engines);
    let passed: BTreeSet<PathBuf> = passed.into_iter().map(|work| work.object.clone()).collect();
    let verdict = |work: Result<Work<'_>, Verdict>| match work {
        Err(verdict) => verdict,
        Ok(work) if passed.contains(&work.object) => Verdict::Passed,
        Ok(work) => alone(&work, scratch, engines),
    };
    works.drain(..).map(verdict).collect()
}

/// The same jobs for the guest whose results under qemu-user count, if that is not their own.
fn stand_ins(jobs: &[Job]) -> Option<Vec<Job>> {
    let guest = jobs.first()?.guest.stand_in()?;
    Some(jobs.iter().map(|job| Job { guest, ..job.clone() }).collect())
}

/// What a test comes to that has not passed in a batch, or cannot be in one.
fn alone(work: &Work<'_>, scratch: &Path, engines: &[&str]) -> Verdict {
    match work.run_alone(engines) {
        // Something is wrong with processes, if it was not for want of time.
        Verdict::Passed if work.in_batch && work.known_to_pass => match Batch::link(&[work], scratch) {
            Ok(batch) if batch.passing(engines).is_empty() => {
                Verdict::Failed("in a process of the driver's".into())
            }
            _ => Verdict::Passed,
        },
        verdict => verdict,
    }
}

/// The tests that pass with both engines, together in one program if they can be linked, or else in halves.
fn passing<'w, 'a>(works: &[&'w Work<'a>], scratch: &Path, engines: &[&str]) -> Vec<&'w Work<'a>> {
    // A single one is better run by itself.
    if works.len() < 2 {
        return Vec::new();
    }
    match Batch::link(works, scratch) {
        Ok(batch) => batch.passing(engines),
        Err(_) => {
            let (left, right) = works.split_at(works.len() / 2);
            [passing(left, scratch, engines), passing(right, scratch, engines)].concat()
        }
    }
}

/// A program of several tests.
struct Batch<'b, 'w, 'a> {
    works: &'b [&'w Work<'a>],
    executable: PathBuf,
}

impl<'b, 'w, 'a> Batch<'b, 'w, 'a> {
    fn link(works: &'b [&'w Work<'a>], scratch: &Path) -> Result<Self, String> {
        let executable = scratch.join("batch");
        let Some(first) = works.first() else { return Err("nothing to link".into()) };
        let mut list = String::new();
        let mut command = limited(COMPILER_TIME);
        command
            .arg(first.job.guest.compiler)
            .args(first.job.guest.flags)
            .args(["-O2", "-static", "-pthread"]);
        // What is missing is found when the test is linked by itself.
        command.arg("-Wl,--unresolved-symbols=ignore-all,--no-warnings");
        command.arg(format!("-DBATCH=\"{}\"", scratch.join("tests").display()));
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/torture/driver.c"));
        let names = global_names(works)?;
        for (index, work) in works.iter().enumerate() {
            let object = scratch.join(format!("{index}.o"));
            let _ = writeln!(list, "TEST(test_{index})");
            let own = names.get(&work.object).map_or(&[][..], Vec::as_slice);
            rename(work, index, own, &object)?;
            command.arg(object);
        }
        fs::write(scratch.join("tests"), list).map_err(|error| error.to_string())?;
        command.args(["-lm", "-latomic", "-o"]).arg(&executable);
        built(command)?;
        first.mark_nan(&executable, true)?;
        Ok(Batch { works, executable })
    }

    fn passing(&self, engines: &[&str]) -> Vec<&'w Work<'a>> {
        let unknown = self.indices(|work| !work.known_to_pass);
        let mut candidates = self.indices(|work| work.known_to_pass);
        if let Some(first) = self.works.first() {
            let mut command = limited(self.time(REFERENCE_TIME));
            command.args(first.job.guest.qemu);
            candidates.extend(self.run(command, &unknown, REFERENCE_TIME));
            for work in self.chosen(&candidates) {
                work.remember_pass();
            }
            for engine in engines {
                let command = first.demotic(limited(self.time(ENGINE_TIME)), engine);
                candidates = self.run(command, &candidates, ENGINE_TIME);
            }
        }
        self.chosen(&candidates)
    }

    /// The time for all, in seconds: few will need what each may take.
    fn time(&self, each: u32) -> u32 {
        3 * each + self.works.len() as u32
    }

    /// Runs some of the tests; those that pass.
    fn run(&self, mut command: Command, indices: &BTreeSet<usize>, seconds: u32) -> BTreeSet<usize> {
        if indices.is_empty() {
            return BTreeSet::new();
        }
        command.arg(&self.executable).arg(seconds.to_string());
        command.args(indices.iter().map(usize::to_string));
        let output = output_of(command).map(|output| output.stdout).unwrap_or_default();
        let passed = |line: &str| line.strip_suffix(" 0")?.parse().ok();
        let passed = String::from_utf8_lossy(&output).lines().filter_map(passed).collect();
        indices.intersection(&passed).copied().collect()
    }

    fn indices(&self, wanted: impl Fn(&Work<'_>) -> bool) -> BTreeSet<usize> {
        (0..).zip(self.works).filter(|(_, work)| wanted(work)).map(|(index, _)| index).collect()
    }

    fn chosen(&self, indices: &BTreeSet<usize>) -> Vec<&'w Work<'a>> {
        (0..).zip(self.works).filter(|(index, _)| indices.contains(index)).map(|(_, work)| *work).collect()
    }
}

/// The global symbols that each test's object defines.
fn global_names(works: &[&Work<'_>]) -> Result<BTreeMap<PathBuf, Vec<String>>, String> {
    let Some(first) = works.first() else { return Ok(BTreeMap::new()) };
    let mut command = first.tool("nm");
    command.args(["-A", "-g", "--defined-only", "--format=posix"]);
    command.args(works.iter().map(|work| &work.object));
    let text = output_of(command)?.stdout;
    let mut names: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    for line in String::from_utf8_lossy(&text).lines() {
        let Some((file, symbol)) = line.split_once(": ") else { continue };
        let name = symbol.split(' ').next().unwrap_or(symbol).to_string();
        names.entry(file.into()).or_default().push(name);
    }
    Ok(names)
}

/// Copies a test's object, with names of its own for all that it defines. They stay global, because code that has been
/// assembled for a global symbol is not right for a local one.
fn rename(work: &Work<'_>, index: usize, names: &[String], to: &Path) -> Result<(), String> {
    let mut list = String::new();
    for name in names {
        let suffix = if name == "main" { String::new() } else { format!("_{name}") };
        let _ = writeln!(list, "{name} test_{index}{suffix}");
    }
    if !names.iter().any(|name| name == "exit") {
        list.push_str("exit batch_exit\n");
    }
    let file = to.with_extension("names");
    fs::write(&file, list).map_err(|error| error.to_string())?;
    let mut command = work.tool("objcopy");
    command.arg("--redefine-syms").arg(file).arg(&work.object).arg(to);
    built(command)
}
