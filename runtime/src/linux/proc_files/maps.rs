//! `maps` and `smaps`: the guest's mappings, and how much memory the host has behind them.

use std::fmt::Write;
use std::ops::Range;

use crate::linux::LinuxProcess;
use crate::linux::handlers::stat::fold_inode;
use crate::memory::{Prot, Region, Source};

/// A line of `smaps`: what is counted, in units of 1024 bytes.
type Count = (String, u64);

/// What the host says of one of its mappings.
struct HostMapping {
    /// Host addresses.
    range: Range<u64>,
    counts: Vec<Count>,
}

/// The entries of the host's `smaps`.
fn parse(smaps: &[u8]) -> Vec<HostMapping> {
    let mut mappings: Vec<HostMapping> = Vec::new();
    for line in String::from_utf8_lossy(smaps).lines() {
        let mut words = line.split_whitespace();
        let (Some(first), second) = (words.next(), words.next()) else { continue };
        if let Some(key) = first.strip_suffix(':') {
            let count = second.and_then(|value| value.parse().ok());
            if let (Some(mapping), Some(count), Some("kB")) = (mappings.last_mut(), count, words.next()) {
                mapping.counts.push((key.to_owned(), count));
            }
        } else if let Some((start, end)) = first.split_once('-') {
            let hex = |text| u64::from_str_radix(text, 16).unwrap_or_default();
            mappings.push(HostMapping { range: hex(start)..hex(end), counts: Vec::new() });
        }
    }
    mappings
}

/// Lines that say what kind of pages there are, not how many.
const SIZES: [&str; 3] = ["Size", "KernelPageSize", "MMUPageSize"];

/// Adds up what is counted for several mappings.
fn total<'a>(mappings: impl Iterator<Item = &'a HostMapping>) -> Vec<Count> {
    let mut sum: Vec<Count> = Vec::new();
    for (key, count) in mappings.flat_map(|mapping| &mapping.counts) {
        match sum.iter_mut().find(|(known, _)| known == key) {
            Some((_, so_far)) => *so_far += count,
            None => sum.push((key.clone(), *count)),
        }
    }
    sum.retain(|(key, _)| !SIZES.contains(&key.as_str()));
    sum
}

/// How much memory the guest has, in units of 1024 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Resident {
    pub(super) all: u64,
    pub(super) anonymous: u64,
    pub(super) shared: u64,
}

/// One line of `maps`, without its end.
pub(super) fn describe(region: &Region) -> String {
    let flag = |prot, letter| if region.prot.contains(prot) { letter } else { '-' };
    let (read, write, exec) = (flag(Prot::READ, 'r'), flag(Prot::WRITE, 'w'), flag(Prot::EXEC, 'x'));
    let sharing = if region.shared { 's' } else { 'p' };
    let (offset, dev, ino, name) = match &region.source {
        Source::Anonymous | Source::Growing => (0, 0, 0, ""),
        Source::Special(name) => (0, 0, 0, *name),
        Source::File { file, offset } => (*offset, file.dev, file.ino, file.path.as_str()),
    };
    let (major, minor) = (dev >> 8 & 0xfff, dev & 0xff | dev >> 12 & 0xf_ff00);
    let line = format!(
        "{:08x}-{:08x} {read}{write}{exec}{sharing} {offset:08x} {major:02x}:{minor:02x} {} ",
        region.range.start,
        region.range.end,
        fold_inode(ino)
    );
    // Names with line ends would make lines of their own.
    let name = name.replace('\n', "\\012");
    if name.is_empty() { line } else { format!("{line:<49}{name}") }
}

impl LinuxProcess {
    /// `/proc/self/maps`.
    pub(super) fn maps(&self) -> String {
        self.memory.mappings().iter().map(|region| describe(region) + "\n").collect()
    }

    /// The parts of the host's mappings that the guest has.
    fn host_mappings(&self, smaps: &[u8]) -> Vec<HostMapping> {
        let base = self.memory.host_base();
        let mut mappings = parse(smaps);
        mappings.retain(|mapping| mapping.range.start >= base && mapping.range.end <= base + (1 << 32));
        mappings
    }

    /// `/proc/self/smaps`. What the host has as one mapping and the guest as several is counted for the first of these.
    pub(super) fn smaps(&self, host: &[u8]) -> String {
        let base = self.memory.host_base();
        let mappings = self.host_mappings(host);
        let mut text = String::new();
        for region in self.memory.mappings() {
            let range = region.range.start + base..region.range.end + base;
            let counts = total(mappings.iter().filter(|mapping| range.contains(&mapping.range.start)));
            let size = (range.end - range.start) >> 10;
            let _ = writeln!(text, "{}", describe(&region));
            for (key, count) in SIZES.map(str::to_owned).into_iter().zip([size, 4, 4]).chain(counts) {
                let _ = writeln!(text, "{:<16}{count:>8} kB", key + ":");
            }
        }
        text
    }

    /// `/proc/self/smaps_rollup`.
    pub(super) fn smaps_rollup(&self) -> String {
        let regions = self.memory.mappings();
        let start = regions.first().map_or(0, |region| region.range.start);
        let end = regions.last().map_or(0, |region| region.range.end);
        let mut text = format!("{:<49}[rollup]\n", format!("{start:08x}-{end:08x} ---p 00000000 00:00 0 "));
        let host = std::fs::read("/proc/self/smaps").unwrap_or_default();
        for (key, count) in total(self.host_mappings(&host).iter()) {
            let _ = writeln!(text, "{:<16}{count:>8} kB", key + ":");
        }
        text
    }

    /// How much memory there is behind the guest's mappings.
    pub(super) fn resident(&self) -> Resident {
        let host = std::fs::read("/proc/self/smaps").unwrap_or_default();
        let counts = total(self.host_mappings(&host).iter());
        let count = |key: &str| counts.iter().find(|(k, _)| k == key).map_or(0, |&(_, count)| count);
        Resident {
            all: count("Rss"),
            anonymous: count("Anonymous"),
            shared: count("Shared_Clean") + count("Shared_Dirty"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMAPS: &[u8] = b"7f0000000000-7f0000002000 rw-p 00000000 00:00 0 \n\
        Size:                  8 kB\nRss:                   4 kB\nAnonymous:             4 kB\n\
        THPeligible:           0\nVmFlags: rd wr \n\
        7f0000002000-7f0000003000 r--p 00000000 08:01 77   /a file\nSize: 4 kB\nRss: 3 kB\nAnonymous: 0 kB\n";

    #[test]
    fn counts_are_added_up() {
        let mappings = parse(SMAPS);
        assert_eq!(mappings.len(), 2);
        assert_eq!(mappings[1].range, 0x7f00_0000_2000..0x7f00_0000_3000);
        assert_eq!(total(mappings.iter()), [("Rss".to_owned(), 7), ("Anonymous".to_owned(), 4)]);
    }
}
