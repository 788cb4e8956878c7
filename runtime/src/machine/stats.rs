//! What a machine counts: traps, exceptions, interrupts, device accesses.

use std::collections::BTreeMap;
use std::fmt;

use super::bus::Accesses;

/// Counters of events with names.
#[derive(Clone, Default, Debug)]
pub struct Counters(BTreeMap<&'static str, u64>);

impl Counters {
    /// Counts one.
    pub fn count(&mut self, name: &'static str) {
        *self.0.entry(name).or_default() += 1;
    }

    /// How often `name` was counted.
    pub fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// Names and counts, the most frequent first.
    pub fn sorted(&self) -> Vec<(&'static str, u64)> {
        let mut rows: Vec<_> = self.0.iter().map(|(&name, &count)| (name, count)).collect();
        rows.sort_by_key(|&(name, count)| (std::cmp::Reverse(count), name));
        rows
    }
}

/// The events that the vCPU's hypervisor counts.
#[derive(Clone, Default, Debug)]
pub struct Stats {
    /// Privileged instructions by name.
    pub privileged: Counters,
    /// Exceptions taken, by kind.
    pub exceptions: Counters,
    /// Interrupts taken, by line.
    pub interrupts: Counters,
    /// Everything else that left translated code: kicks, waits, semihosting calls.
    pub events: Counters,
}

/// A machine's counters as a table for people.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the hypervisor counted.
    pub stats: Stats,
    /// Accesses to each device.
    pub devices: Vec<Accesses>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sections = [
            ("privileged instructions", &self.stats.privileged),
            ("exceptions", &self.stats.exceptions),
            ("interrupts", &self.stats.interrupts),
            ("events", &self.stats.events),
        ];
        for (title, counters) in sections {
            let rows = counters.sorted();
            let total: u64 = rows.iter().map(|row| row.1).sum();
            writeln!(f, "{title:<32} {total:>12}")?;
            for (name, count) in rows {
                writeln!(f, "  {name:<30} {count:>12}")?;
            }
        }
        writeln!(f, "{:<32} {:>12} {:>12}", "devices", "reads", "writes")?;
        for device in &self.devices {
            writeln!(f, "  {:<30} {:>12} {:>12}", device.name, device.reads, device.writes)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lists_the_most_frequent_first() {
        let mut stats = Stats::default();
        for name in ["mrc", "wfi", "wfi"] {
            stats.privileged.count(name);
        }
        let report = Report { stats, devices: vec![Accesses { name: "pl011", reads: 3, writes: 4 }] };
        let text = report.to_string();
        let lines: Vec<_> =
            text.lines().map(str::split_whitespace).map(Iterator::collect::<Vec<_>>).collect();
        assert_eq!(lines[0], ["privileged", "instructions", "3"]);
        assert_eq!((&lines[1][..], &lines[2][..]), (&["wfi", "2"][..], &["mrc", "1"][..]));
        assert_eq!(lines.last().unwrap()[..], ["pl011", "3", "4"]);
    }
}
