//! The table of results.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::guests::GUESTS;
use crate::job::{Job, Verdict};

/// How many tests came to what.
#[derive(Clone, Copy, Default, Debug)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
    unbuilt: usize,
    fails_in_qemu: usize,
}

/// The results so far.
#[derive(Default, Debug)]
pub(crate) struct Report {
    /// By the guest's place in the table of guests, and optimisation.
    counts: BTreeMap<(usize, &'static str), Counts>,
    /// What did not pass, and why.
    details: Vec<String>,
}

impl Report {
    /// Adds the result of a job.
    pub(crate) fn add(&mut self, job: &Job, verdict: &Verdict) {
        let place = GUESTS.iter().position(|guest| guest.name == job.guest.name).unwrap_or(GUESTS.len());
        let counts = self.counts.entry((place, job.opt)).or_default();
        let (count, what, why) = match verdict {
            Verdict::Passed => {
                counts.passed += 1;
                return;
            }
            Verdict::Failed(why) => (&mut counts.failed, "FAILED", why),
            Verdict::Skipped(why) => (&mut counts.skipped, "skipped", why),
            Verdict::Unbuilt(why) => (&mut counts.unbuilt, "not built", why),
            Verdict::FailsInQemu(why) => (&mut counts.fails_in_qemu, "fails in qemu", why),
        };
        *count += 1;
        self.details.push(format!("{what}: {}: {why}", job.name()));
    }

    /// Whether nothing has been run.
    pub(crate) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// A line for each guest and optimisation.
    pub(crate) fn table(&self) -> String {
        let mut out = format!(
            "{:<12}{:<5}{:>8}{:>8}{:>9}{:>11}{:>15}\n",
            "guest", "", "passed", "failed", "skipped", "not built", "fails in qemu"
        );
        for (&(place, opt), c) in &self.counts {
            let guest = GUESTS.get(place).map_or("", |guest| guest.name);
            let _ = writeln!(
                out,
                "{guest:<12}{opt:<5}{:>8}{:>8}{:>9}{:>11}{:>15}",
                c.passed, c.failed, c.skipped, c.unbuilt, c.fails_in_qemu
            );
        }
        out
    }

    /// The table, and what did not pass.
    pub(crate) fn text(&self) -> String {
        let mut details = self.details.clone();
        details.sort();
        format!("{}\n{}\n", self.table(), details.join("\n"))
    }
}
