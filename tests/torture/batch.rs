//! Many tests in one program, whose driver runs each in a process of its own.
//!
//! Most of the time that a small program takes is linking it, and translating the C library's start and end. So the tests
//! of a batch share them. Whatever does not pass in its batch is run again by itself, and counts as that says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::job::{COMPILER_TIME, ENGINE_TIME, Job, REFERENCE_TIME, Verdict, Work};
use crate::process::{built, limited, output_of};

/// The most tests of a batch.
pub(crate) const SIZE: usize = 48;

/// Programs that have passed, by guest, test and contents: most tests are the same at -O2 and -O3.
pub(crate) type Passed = Mutex<BTreeSet<(&'static str, String, u64)>>;

/// Where and with what batches are run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runner<'r> {
    /// What is kept.
    pub(crate) directory: &'r Path,
    /// Files of this runner alone.
    pub(crate) scratch: &'r Path,
    /// The engines of Demotic that are run after qemu-user.
    pub(crate) engines: &'r [&'r str],
    /// What has passed already.
    pub(crate) passed: &'r Passed,
}

impl Runner<'_> {
    /// Runs jobs of one guest at one optimisation; a verdict for each.
    pub(crate) fn run(&self, jobs: &[Job]) -> Vec<Verdict> {
        let works = self.works(jobs);
        let known: Vec<bool> = works.iter().map(|work| self.is_known(work)).collect();
        let candidates = works.iter().zip(&known).filter(|(_, known)| !**known);
        let candidates = candidates.filter_map(|(work, _)| work.as_ref().ok());
        let together: Vec<&Work<'_>> = candidates.filter(|work| work.in_batch).collect();
        let passing: BTreeSet<PathBuf> =
            self.passing(&together).into_iter().map(|work| work.object.clone()).collect();
        let verdict = |(work, known): (Result<Work<'_>, Verdict>, bool)| {
            let work = match work {
                Err(verdict) => return verdict,
                Ok(work) => work,
            };
            let verdict = match known || passing.contains(&work.object) {
                true => Verdict::Passed,
                false => self.alone(&work),
            };
            if verdict == Verdict::Passed {
                work.remember_pass();
                self.passed.lock().expect("no thread panics").insert(work.identity());
            }
            verdict
        };
        works.into_iter().zip(known).map(verdict).collect()
    }

    fn works<'a>(&self, jobs: &'a [Job]) -> Vec<Result<Work<'a>, Verdict>> {
        let Some(others) = stand_ins(jobs) else {
            return jobs.iter().map(|job| Work::new(job, self.directory)).collect();
        };
        let passed = Passed::default();
        let verdicts = Runner { engines: &[], passed: &passed, ..*self }.run(&others);
        let work = |(job, verdict)| Work::for_verdict(job, self.directory, verdict);
        jobs.iter().zip(verdicts).map(work).collect()
    }

    /// Whether the same program has passed at another optimisation.
    fn is_known(&self, work: &Result<Work<'_>, Verdict>) -> bool {
        let passed = self.passed.lock().expect("no thread panics");
        work.as_ref().is_ok_and(|work| passed.contains(&work.identity()))
    }

    /// What a test comes to that has not passed in a batch, or cannot be in one.
    fn alone(&self, work: &Work<'_>) -> Verdict {
        let verdict = work.run_alone(self.engines);
        if verdict != Verdict::Passed || !work.in_batch {
            return verdict;
        }
        let works = [work];
        let Ok(batch) = Batch::link(&works, self.scratch) else { return verdict };
        let only = BTreeSet::from([0]);
        // Something may be wrong with processes.
        if !batch.in_qemu(&only).is_empty() && batch.in_engines(only, self.engines).is_empty() {
            return Verdict::Failed("in a process of the driver's".into());
        }
        verdict
    }

    /// The tests that pass, together in one program if they can be linked, or else in halves.
    fn passing<'w, 'a>(&self, works: &[&'w Work<'a>]) -> Vec<&'w Work<'a>> {
        // A single one is better run by itself.
        if works.len() < 2 {
            return Vec::new();
        }
        match Batch::link(works, self.scratch) {
            Ok(batch) => batch.passing(self.engines),
            Err(_) => {
                let (left, right) = works.split_at(works.len() / 2);
                [self.passing(left), self.passing(right)].concat()
            }
        }
    }
}

/// The same jobs for the guest whose results under qemu-user count, if that is not their own.
fn stand_ins(jobs: &[Job]) -> Option<Vec<Job>> {
    let guest = jobs.first()?.guest.stand_in()?;
    Some(jobs.iter().map(|job| Job { guest, ..job.clone() }).collect())
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

    /// Those that pass; what is known to pass under qemu-user is run with our engines only.
    fn passing(&self, engines: &[&str]) -> Vec<&'w Work<'a>> {
        let mut candidates = self.indices(|work| work.known_to_pass);
        candidates.extend(self.in_qemu(&self.indices(|work| !work.known_to_pass)));
        for work in self.chosen(&candidates) {
            work.remember_pass();
        }
        self.chosen(&self.in_engines(candidates, engines))
    }

    fn in_qemu(&self, indices: &BTreeSet<usize>) -> BTreeSet<usize> {
        let Some(first) = self.works.first() else { return BTreeSet::new() };
        let mut command = limited(self.time(REFERENCE_TIME));
        command.args(first.job.guest.qemu);
        self.run(command, indices, REFERENCE_TIME)
    }

    fn in_engines(&self, mut indices: BTreeSet<usize>, engines: &[&str]) -> BTreeSet<usize> {
        let Some(first) = self.works.first() else { return BTreeSet::new() };
        for engine in engines {
            let command = first.demotic(limited(self.time(ENGINE_TIME)), engine);
            indices = self.run(command, &indices, ENGINE_TIME);
        }
        indices
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
