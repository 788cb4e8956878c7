//! The suites: directories of GCC's testsuite, and what belongs to them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::guests::Guest;

/// A directory of tests.
#[derive(Debug)]
pub(crate) struct Suite {
    /// Its place in the testsuite, and its name.
    pub(crate) directory: &'static str,
    /// Whether tests without `dg-do` are run.
    runs_by_default: bool,
    /// Options of all its tests.
    pub(crate) flags: &'static [&'static str],
    /// The guests that it is for, by the beginning of their names.
    guests: &'static [&'static str],
    /// Whether its tests may be linked into one program. Those that are about linking may not.
    pub(crate) in_batches: bool,
}

const ALL: &[&str] = &[""];
/// With half-precision arithmetic: the processor `max` has it.
const NEON: &[&str] = &["-march=armv8.2-a+fp16", "-mfpu=auto", "-mfp16-format=ieee"];

/// Words that `mips.exp` gives to the tests, which hold for either kind of code.
const MIPS: &[&str] = &[
    "-DNOMIPS16=__attribute__((nomips16))",
    "-DNOMICROMIPS=__attribute__((nomicromips))",
    "-DNOCOMPRESSION=__attribute__((nocompression))",
    "-DMIPS16=__attribute__((mips16))",
    "-DMICROMIPS=__attribute__((micromips))",
];
const MIPS_GUESTS: &[&str] = &["mips", "micromips", "dsp", "msa"];

/// All of them.
pub(crate) static SUITES: [Suite; 10] = [
    Suite {
        directory: "gcc.c-torture/execute",
        runs_by_default: true,
        flags: &[],
        guests: ALL,
        in_batches: true,
    },
    Suite {
        directory: "gcc.c-torture/execute/ieee",
        runs_by_default: true,
        flags: &[],
        guests: ALL,
        in_batches: true,
    },
    Suite {
        directory: "gcc.c-torture/execute/builtins",
        runs_by_default: true,
        flags: &["-fno-tree-loop-distribute-patterns", "-fno-tracer"],
        guests: ALL,
        in_batches: true,
    },
    Suite { directory: "gcc.dg/torture", runs_by_default: false, flags: &[], guests: ALL, in_batches: true },
    Suite {
        directory: "gcc.dg/torture/stackalign",
        runs_by_default: false,
        flags: &[],
        guests: ALL,
        in_batches: true,
    },
    Suite {
        directory: "gcc.dg/torture/tls",
        runs_by_default: false,
        flags: &[],
        guests: ALL,
        in_batches: true,
    },
    Suite {
        directory: "gcc.target/aarch64/advsimd-intrinsics",
        runs_by_default: true,
        flags: NEON,
        guests: &["armhf"],
        in_batches: true,
    },
    Suite {
        directory: "gcc.target/arm/simd",
        runs_by_default: true,
        flags: &["-mfpu=neon"],
        guests: &["armhf"],
        in_batches: true,
    },
    Suite {
        directory: "gcc.target/mips",
        runs_by_default: false,
        flags: MIPS,
        guests: MIPS_GUESTS,
        in_batches: false,
    },
    Suite {
        directory: "gcc.target/mips/mips-nonpic",
        runs_by_default: true,
        flags: &["-fno-pic"],
        guests: MIPS_GUESTS,
        in_batches: false,
    },
];

/// A test.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The suite that it belongs to.
    pub(crate) suite: &'static Suite,
    /// Its name: the file's, without `.c`.
    pub(crate) name: String,
    /// The source file.
    pub(crate) path: PathBuf,
}

/// The tests of all suites that a guest can run.
pub(crate) fn cases(testsuite: &Path, guest: &Guest) -> Vec<Case> {
    let for_guest = |suite: &&Suite| suite.guests.iter().any(|prefix| guest.name.starts_with(prefix));
    SUITES.iter().filter(for_guest).flat_map(|suite| suite.cases(testsuite)).collect()
}

impl Suite {
    fn cases(&'static self, testsuite: &Path) -> Vec<Case> {
        let entries = fs::read_dir(testsuite.join(self.directory)).into_iter().flatten().flatten();
        let mut cases: Vec<Case> = entries.filter_map(|entry| self.case(entry.path())).collect();
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        cases
    }

    fn case(&'static self, path: PathBuf) -> Option<Case> {
        let name = path.file_name()?.to_str()?.strip_suffix(".c")?.to_string();
        // Parts of others.
        let part = match self.directory.rsplit('/').next() {
            Some("builtins") => name.ends_with("-lib"),
            Some("mips-nonpic") => !name.starts_with("main-"),
            _ => false,
        };
        let source = fs::read(&path).ok()?;
        let says_run = String::from_utf8_lossy(&source).contains("dg-do run");
        (!part && (self.runs_by_default || says_run)).then_some(Case { suite: self, name, path })
    }
}

impl Case {
    /// The suite's directory and the name.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.suite.directory, self.name)
    }

    /// The source files that belong to it besides its own and what its directives name.
    pub(crate) fn library(&self) -> Vec<PathBuf> {
        if !self.suite.directory.ends_with("builtins") {
            return Vec::new();
        }
        let beside = |name: &str| self.path.with_file_name(name);
        vec![beside(&format!("{}-lib.c", self.name)), beside("lib/main.c")]
    }

    /// The options that its `.x` file, a Tcl script, adds unconditionally; `None` if that leaves the test out.
    pub(crate) fn script_flags(&self) -> Option<Vec<String>> {
        let script = fs::read_to_string(self.path.with_extension("x")).unwrap_or_default();
        if script.lines().any(|line| line == "return 1") && !script.contains("c99_runtime") {
            return None;
        }
        let added = script.lines().filter_map(|line| line.strip_prefix("lappend additional_flags "));
        let words = added.flat_map(|flags| flags.split(['"', ' '])).filter(|word| !word.is_empty());
        Some(words.map(str::to_string).collect())
    }
}
