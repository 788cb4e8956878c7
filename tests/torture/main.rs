//! GCC's torture tests: whatever passes under qemu-user passes under Demotic, with both engines.
//!
//! A guest is a test here. Normally each runs a seeded sample; `DEMOTIC_TORTURE=n` runs `n` pairs of test and
//! optimisation for each guest, `DEMOTIC_TORTURE=all` all of them, `DEMOTIC_TORTURE_SEED=n` takes another sample, and
//! `DEMOTIC_TORTURE_ONLY=text` takes only tests with the text in their names, `gcc.target/mips/` say. The table at the
//! end is also written to `target/torture/report.txt`, with all failures. `tests/torture/run` does all.

mod batch;
mod directives;
mod guests;
mod job;
mod process;
mod report;
mod suites;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use libtest_mimic::{Arguments, Failed, Trial};

use batch::Runner;
use guests::{GUESTS, Guest};
use job::{Job, Verdict};
use report::Report;

/// The optimisations that every test is compiled with.
const OPTS: [&str; 3] = ["-O0", "-O2", "-O3"];
/// Pairs of test and optimisation for each guest in the normal run.
const SAMPLE: usize = 240;

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/torture")
}

/// Files of this process.
pub(crate) fn scratch() -> PathBuf {
    directory().join(format!("scratch-{}", std::process::id()))
}

/// What is to be run for a guest: all, or a sample.
fn jobs(guest: &'static Guest) -> Vec<Job> {
    let only = std::env::var("DEMOTIC_TORTURE_ONLY").unwrap_or_default();
    let cases = suites::cases(&directory().join("testsuite"), guest);
    let chosen = cases.into_iter().filter(|case| case.name().contains(&only));
    let pairs = chosen.flat_map(|case| OPTS.map(|opt| Job { guest, case: case.clone(), opt }));
    let mut jobs: Vec<Job> = pairs.collect();
    let count = match std::env::var("DEMOTIC_TORTURE") {
        Ok(all) if all == "all" => jobs.len(),
        Ok(count) => count.parse().unwrap_or(SAMPLE),
        Err(_) => SAMPLE,
    };
    let seed = std::env::var("DEMOTIC_TORTURE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    shuffle(&mut jobs, seed);
    jobs.truncate(count);
    jobs
}

/// Fisher and Yates's shuffle, with xorshift64 for the random numbers.
fn shuffle<T>(list: &mut [T], seed: u64) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for at in (1..list.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        list.swap(at, (state % (at as u64 + 1)) as usize);
    }
}

/// Runs a guest's tests, on all the host's processors.
fn run(guest: &'static Guest, report: &Mutex<Report>) -> Result<(), Failed> {
    let jobs = jobs(guest);
    if jobs.is_empty() {
        return Err("there are no tests in target/torture; tests/torture/fetch.sh fetches them".into());
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let batches = batches(&jobs, threads);
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let passed = batch::Passed::default();
    let work = &|scratch: PathBuf| {
        // Without it all tests fail.
        let _ = fs::create_dir_all(&scratch);
        let (directory, engines) = (&directory(), &job::ENGINES);
        let runner = Runner { directory, scratch: &scratch, engines, passed: &passed };
        while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
            let verdicts = runner.run(batch);
            let mut report = report.lock().expect("no thread panics");
            for (job, verdict) in batch.iter().zip(&verdicts) {
                report.add(job, verdict);
                let Verdict::Failed(how) = verdict else { continue };
                let failure = format!("{}: {how}", job.name());
                // At once, because the whole may take hours.
                eprintln!("{failure}");
                failures.lock().expect("no thread panics").push(failure);
            }
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || work(scratch().join(thread.to_string())));
        }
    });
    let failures = failures.into_inner().expect("no thread panics");
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
}

/// Parts of the jobs, each of one optimisation, and enough of them for all threads.
fn batches(jobs: &[Job], threads: usize) -> Vec<Vec<Job>> {
    let size = (jobs.len() / (4 * threads)).clamp(8, batch::SIZE);
    let of_opt = |opt| jobs.iter().filter(move |job| job.opt == opt).cloned().collect::<Vec<Job>>();
    OPTS.into_iter()
        .flat_map(|opt| of_opt(opt).chunks(size).map(<[Job]>::to_vec).collect::<Vec<_>>())
        .collect()
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each of them keeps all processors busy.
    arguments.test_threads = Some(1);
    let report = Arc::new(Mutex::new(Report::default()));
    let trials = GUESTS.iter().map(|guest| {
        let report = report.clone();
        Trial::test(guest.name, move || run(guest, &report))
    });
    // A copy, so that a build meanwhile does not disturb a run of hours.
    let copied = fs::create_dir_all(scratch())
        .and_then(|()| fs::copy(env!("CARGO_BIN_EXE_demotic"), scratch().join("demotic")));
    if let Err(error) = copied {
        eprintln!("target/torture cannot be written: {error}");
    }
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    let _ = fs::remove_dir_all(scratch());
    let report = report.lock().expect("no thread panics");
    if !report.is_empty() {
        println!("{}", report.table());
        if let Err(error) = fs::write(directory().join("report.txt"), report.text()) {
            eprintln!("the report cannot be written: {error}");
        }
    }
    conclusion.exit_code()
}
