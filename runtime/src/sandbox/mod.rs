//! `--sandbox`: what a guest that nobody trusts may still do on the host.
//!
//! The host's kernel enforces it, with Landlock for files and with a filter of system calls for the rest, so that it also
//! holds for a guest that has taken over Demotic itself, for every process that it starts, and for native programs that
//! it executes. It begins before the program's file is read, and cannot be lifted.

mod calls;

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, Scope,
};

pub use calls::FilterError;

/// What has to be there: before this version (Linux 6.2) files anywhere could be truncated.
const REQUIRED: ABI = ABI::V3;
/// What is used where it is there: control of devices, signals to processes outside.
const WANTED: ABI = ABI::V6;

/// Files without secrets and without effect, which programs expect.
const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];
/// Where our own dynamic loader looks first when the guest executes a program.
const LOADER_CACHE: &str = "/etc/ld.so.cache";

/// What may be done below a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rights {
    /// Reading and executing.
    Read,
    /// Everything.
    Write,
}

/// A path that the guest may use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    /// A file, or a directory with everything below it.
    pub path: PathBuf,
    /// What may be done there.
    pub rights: Rights,
}

impl Grant {
    /// Reads `PATH`, `PATH:ro` or `PATH:rw`.
    ///
    /// # Errors
    /// When there is no path.
    pub fn parse(text: &OsStr) -> Result<Grant, &'static str> {
        let bytes = text.as_bytes();
        let (path, rights) = match (bytes.strip_suffix(b":rw"), bytes.strip_suffix(b":ro")) {
            (Some(path), _) => (path, Rights::Write),
            (None, Some(path)) => (path, Rights::Read),
            (None, None) => (bytes, Rights::Read),
        };
        if path.is_empty() {
            return Err("a path is missing");
        }
        Ok(Grant { path: OsStr::from_bytes(path).into(), rights })
    }

    /// A path that may be read.
    pub fn read(path: impl Into<PathBuf>) -> Grant {
        Grant { path: path.into(), rights: Rights::Read }
    }

    /// A path that may be written.
    pub fn write(path: impl Into<PathBuf>) -> Grant {
        Grant { path: path.into(), rights: Rights::Write }
    }

    /// The rule for it: a file has fewer rights than a directory.
    fn rule(&self) -> io::Result<PathBeneath<File>> {
        let place = OpenOptions::new().read(true).custom_flags(libc::O_PATH).open(&self.path)?;
        let rights = match self.rights {
            Rights::Read => AccessFs::from_read(WANTED),
            // Whoever may make devices would reach every disk by them.
            Rights::Write => AccessFs::from_all(WANTED) & !(AccessFs::MakeChar | AccessFs::MakeBlock),
        };
        let possible = match place.metadata()?.is_dir() {
            true => BitFlags::all(),
            false => AccessFs::from_file(WANTED),
        };
        Ok(PathBeneath::new(place, rights & possible))
    }
}

/// Why a sandbox cannot be had. Nothing of the guest has run then.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The kernel does not have what it takes.
    #[error(
        "the sandbox needs Landlock as of Linux 6.2, which this kernel does not have or has not enabled ({0})"
    )]
    Landlock(#[from] RulesetError),
    /// A path cannot be opened.
    #[error("sandbox: {}: {error}", path.display())]
    Path {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// System calls cannot be filtered.
    #[error("the sandbox cannot filter system calls: {0}")]
    Filter(#[from] FilterError),
}

/// Confines the process, and all that it will start, to `grants`, and cuts it off from the network and from other
/// processes. To be called before there are threads.
///
/// Beside what is granted there remain the executable that runs, with the libraries that it is linked with, and devices like
/// `/dev/null`. Descriptors that are open stay so.
///
/// # Errors
/// [`SandboxError`]; the process must not go on then.
pub fn enter(grants: &[Grant]) -> Result<(), SandboxError> {
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(REQUIRED))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?
        .create()?;
    let own = own_files().into_iter().map(Grant::read);
    let devices = DEVICES.into_iter().map(Grant::write).filter(|grant| grant.path.exists());
    let rules = grants
        .iter()
        .cloned()
        .chain(own)
        .chain(devices)
        .map(|grant| grant.rule().map_err(|error| SandboxError::Path { path: grant.path, error }));
    let rules: Vec<_> = rules.collect::<Result<_, _>>()?;
    ruleset.add_rules(rules.into_iter().map(Ok::<_, RulesetError>))?.restrict_self()?;
    Ok(calls::filter()?)
}

/// The files that have to be executed to run us again: what is mapped as code now, and what finds it.
fn own_files() -> Vec<PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let mut files: Vec<PathBuf> = maps.lines().filter_map(executable_file).collect();
    files.extend([super::linux::own_executable(), Some(LOADER_CACHE.into())].into_iter().flatten());
    files.sort();
    files.dedup();
    files.retain(|file| file.is_file());
    files
}

/// The file of a line of `/proc/PID/maps`, if it is one that code is executed from.
fn executable_file(line: &str) -> Option<PathBuf> {
    let (fields, path) = line.split_once('/')?;
    let executable = fields.split_whitespace().nth(1)?.contains('x');
    executable.then(|| Path::new("/").join(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Grant, &'static str> {
        Grant::parse(OsStr::new(text))
    }

    #[test]
    fn grants_say_what_may_be_done() {
        assert_eq!(parsed("/a"), Ok(Grant::read("/a")));
        assert_eq!(parsed("/a:ro"), Ok(Grant::read("/a")));
        assert_eq!(parsed("a b/c:rw"), Ok(Grant::write("a b/c")));
        assert_eq!(parsed("/a:b"), Ok(Grant::read("/a:b")), "a colon may be part of a name");
        assert_eq!(parsed("/a:rw:rw"), Ok(Grant::write("/a:rw")));
        assert!(parsed("").is_err() && parsed(":rw").is_err());
    }

    #[test]
    fn files_have_the_rights_of_files() {
        let file = std::env::current_exe().expect("we run");
        assert!(Grant::write(&file).rule().is_ok() && Grant::read(file.parent().unwrap()).rule().is_ok());
        assert!(Grant::read("/nonexistent/path").rule().is_err());
    }

    #[test]
    fn code_is_found_among_mappings() {
        let line = |text| executable_file(text);
        assert_eq!(line("7f00-7f01 r-xp 00000000 08:01 17    /lib/a b.so"), Some("/lib/a b.so".into()));
        assert_eq!(line("7f00-7f01 r--p 00000000 08:01 17    /lib/a.so"), None);
        assert_eq!(line("7f00-7f01 r-xp 00000000 00:00 0     [vdso]"), None);
        assert!(own_files().contains(&std::env::current_exe().expect("we run")));
    }
}
