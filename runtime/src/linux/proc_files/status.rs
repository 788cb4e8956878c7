//! `status`, `stat`, `statm` and `limits`: the host's, with sizes, addresses, threads and signals of the guest.

use std::fmt::Write;
use std::path::Path;

use super::own_threads;
use crate::linux::LinuxProcess;
use crate::linux::abi::signal_bit;
use crate::linux::signals::{self, DEFAULT, IGNORE};
use crate::memory::{Prot, Region, Source};

/// Sizes of the address space by kind, in bytes.
#[derive(Clone, Copy, Default)]
struct Sizes {
    all: u64,
    data: u64,
    stack: u64,
    program: u64,
    libraries: u64,
}

/// Addresses of the program, as `stat` shows them.
#[derive(Clone, Copy, Default)]
struct Addresses {
    code: (u64, u64),
    data: (u64, u64),
    heap: u64,
}

/// Signals by what happens on them, in guest numbers.
struct SignalSets {
    blocked: u64,
    ignored: u64,
    caught: u64,
}

/// Fields of `stat` (proc(5) counts from 1; the third is the first after the name).
pub(crate) mod field {
    pub(super) const THREADS: usize = 20;
    pub(super) const VSIZE: usize = 23;
    pub(super) const RSS: usize = 24;
    pub(crate) const START_CODE: usize = 26;
    pub(crate) const END_CODE: usize = 27;
    pub(crate) const START_STACK: usize = 28;
    pub(super) const PENDING: usize = 31;
    pub(crate) const START_DATA: usize = 45;
    pub(crate) const END_DATA: usize = 46;
    pub(crate) const START_BRK: usize = 47;
    /// The first that follows the name.
    pub(crate) const FIRST: usize = 3;
}

fn is_stack(region: &Region) -> bool {
    matches!(region.source, Source::Special("[stack]"))
}

/// A number in `/proc/PROCESS/status` of the host.
pub(crate) fn status_number(process: &str, key: &str) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?.trim().parse().ok()
}

/// The host's `status` with other values where `replacement` has one for a key, without what only the host's architecture
/// has.
pub(super) fn rewritten(host: &[u8], replacement: impl Fn(&str) -> Option<String>) -> String {
    let mut text = String::new();
    for line in String::from_utf8_lossy(host).lines() {
        let key = line.split(':').next().unwrap_or_default();
        if key.starts_with("x86_") || key == "untag_mask" {
            continue;
        }
        let _ = match replacement(key) {
            Some(value) => writeln!(text, "{key}:\t{value}"),
            None => writeln!(text, "{line}"),
        };
    }
    text
}

/// How many threads a guest process has.
pub(super) fn thread_count(process: &str) -> usize {
    let all = std::fs::read_dir(format!("/proc/{process}/task")).map_or(1, Iterator::count);
    all.saturating_sub(own_threads(process).len()).max(1)
}

/// The fields of a line of `stat` from number [`field::FIRST`] on. The name before them, which comes first here, may hold
/// anything, parentheses and blanks too.
pub(crate) fn stat_fields(line: &str) -> Option<(&str, impl Iterator<Item = &str>)> {
    let (name, rest) = line.trim_end().rsplit_once(')')?;
    Some((name, rest.split_whitespace()))
}

impl LinuxProcess {
    fn is_program(&self, region: &Region) -> bool {
        matches!(&region.source, Source::File { file, .. } if Path::new(&file.path) == self.info.program)
    }

    fn sizes(&self) -> Sizes {
        let mut sizes = Sizes::default();
        for region in self.memory.mappings() {
            let size = region.range.end - region.range.start;
            sizes.all += size;
            let exec = region.prot.contains(Prot::EXEC) && matches!(region.source, Source::File { .. });
            if is_stack(&region) {
                sizes.stack += size;
            } else if exec && self.is_program(&region) {
                sizes.program += size;
            } else if exec {
                sizes.libraries += size;
            } else if region.prot.contains(Prot::WRITE) && !region.shared {
                sizes.data += size;
            }
        }
        sizes
    }

    fn addresses(&self) -> Addresses {
        let mut addresses = Addresses::default();
        for region in self.memory.mappings() {
            let range = (region.range.start, region.range.end);
            if matches!(region.source, Source::Special("[heap]")) && addresses.heap == 0 {
                addresses.heap = range.0;
            } else if self.is_program(&region) && region.prot.contains(Prot::EXEC) {
                addresses.code = range;
            } else if self.is_program(&region) && region.prot.contains(Prot::WRITE) {
                addresses.data = range;
            }
        }
        addresses
    }

    fn signal_sets(&self) -> SignalSets {
        let numbers = 1..=signals::COUNT as i32;
        let set = |wanted: &dyn Fn(u32) -> bool| -> u64 {
            let handler = |signal: i32| self.signals.action(signal).handler;
            self.abi.sigset_to_guest(
                numbers.clone().filter(|&s| wanted(handler(s))).fold(0, |set, s| set | signal_bit(s)),
            )
        };
        SignalSets {
            blocked: self.abi.sigset_to_guest(self.signals.mask()),
            ignored: set(&|handler| handler == IGNORE),
            caught: set(&|handler| handler != IGNORE && handler != DEFAULT),
        }
    }

    /// `/proc/self/status`.
    pub(super) fn status(&self, host: &[u8]) -> String {
        let (sizes, signals, resident) = (self.sizes(), self.signal_sets(), self.resident());
        let kib = |bytes: u64| Some(format!("{:>8} kB", bytes >> 10));
        let pages = |count: u64| Some(format!("{count:>8} kB"));
        // As many digits as the guest's sets have.
        let digits = 2 * self.abi.numbers().sigset_size as usize;
        let mask = |set: u64| Some(format!("{set:0digits$x}"));
        let replacement = |key: &str| match key {
            "VmPeak" | "VmSize" => kib(sizes.all),
            "VmHWM" | "VmRSS" => pages(resident.all),
            "RssAnon" => pages(resident.anonymous),
            "RssFile" => pages(resident.all.saturating_sub(resident.anonymous)),
            "RssShmem" => pages(0),
            "VmData" => kib(sizes.data),
            "VmStk" => kib(sizes.stack),
            "VmExe" => kib(sizes.program),
            "VmLib" => kib(sizes.libraries),
            "Threads" => Some(thread_count("self").to_string()),
            "Seccomp" => Some(self.seccomp.mode().number().to_string()),
            "Seccomp_filters" => Some(self.seccomp.mode().depth().to_string()),
            "SigBlk" => mask(signals.blocked),
            "SigIgn" => mask(signals.ignored),
            "SigCgt" => mask(signals.caught),
            _ => None,
        };
        rewritten(host, replacement)
    }

    /// `/proc/self/stat`, or that of one thread.
    pub(super) fn stat_line(&self, host: &[u8], one_thread: bool) -> String {
        let host = String::from_utf8_lossy(host);
        let Some((name, fields)) = stat_fields(&host) else { return host.into_owned() };
        let mut fields: Vec<String> = fields.map(str::to_owned).collect();
        let mut set = |number: usize, values: &[u64]| {
            for (field, value) in fields.iter_mut().skip(number - field::FIRST).zip(values) {
                *field = value.to_string();
            }
        };
        let (sizes, addresses, signals) = (self.sizes(), self.addresses(), self.signal_sets());
        let stack = &self.info.stack;
        if !one_thread {
            set(field::THREADS, &[thread_count("self") as u64]);
        }
        set(field::VSIZE, &[sizes.all]);
        set(field::RSS, &[self.resident().all / 4]);
        // Stack pointer and program counter are shown of the dead only.
        set(field::START_CODE, &[addresses.code.0, addresses.code.1, u64::from(stack.sp), 0, 0]);
        // There is room for the first 31.
        let low = |set: u64| set & 0x7fff_ffff;
        set(field::PENDING + 1, &[low(signals.blocked), low(signals.ignored), low(signals.caught)]);
        let ends =
            [&stack.arguments, &stack.environment].map(|range| [range.start, range.end].map(u64::from));
        set(field::START_DATA, &[addresses.data.0, addresses.data.1, addresses.heap]);
        set(field::START_DATA + 3, &ends.concat());
        format!("{name}) {}\n", fields.join(" "))
    }

    /// `/proc/self/limits`, with those that the host has not been told.
    pub(super) fn limits_table(&self, host: &[u8]) -> String {
        const NAMES: [(u32, &str); 3] = [
            (libc::RLIMIT_AS, "Max address space"),
            (libc::RLIMIT_DATA, "Max data size"),
            (libc::RLIMIT_STACK, "Max stack size"),
        ];
        let shown = |value: u64| match value {
            libc::RLIM_INFINITY => "unlimited".to_owned(),
            bytes => bytes.to_string(),
        };
        let mut text = String::new();
        for line in String::from_utf8_lossy(host).lines() {
            let kept = NAMES.iter().find(|(_, name)| line.starts_with(name));
            let kept = kept.and_then(|&(resource, name)| Some((name, self.limits.kept(resource)?)));
            let _ = match kept {
                Some((name, [soft, hard])) => {
                    writeln!(text, "{name:<25} {:<20} {:<20} bytes     ", shown(soft), shown(hard))
                }
                None => writeln!(text, "{line}"),
            };
        }
        text
    }

    /// `/proc/self/statm`: sizes in pages.
    pub(super) fn statm(&self) -> String {
        let (sizes, resident) = (self.sizes(), self.resident());
        let page = u64::from(crate::memory::PAGE_SIZE);
        format!(
            "{} {} {} {} 0 {} 0\n",
            sizes.all / page,
            resident.all / 4,
            resident.shared / 4,
            sizes.program / page,
            (sizes.data + sizes.stack) / page
        )
    }
}
