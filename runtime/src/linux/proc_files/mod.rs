//! The guest's view of `/proc`: files about the process itself, whose host contents would describe Demotic.
//!
//! A file is recognised after it has been opened, by what it is and not by how it was spelled, so that directories,
//! links and the working directory lead to it as they do on Linux. Only `exe` is a link itself, and is recognised by
//! its path.

mod cpuinfo;
mod maps;
mod others;
mod status;

use std::collections::HashSet;
use std::ffi::{CString, OsStr};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use super::LinuxProcess;
use super::host::{self, Arg, Errno, KernelStatFs, Plain};
use super::ptrace::board::Board;
use super::syscall::SysResult;
use crate::loader::machine;

pub(crate) use status::{field, stat_fields, status_number};

/// `f_type` of the proc file system.
const PROC_SUPER_MAGIC: u64 = 0x9fa0;
/// `f_type` of files in memory.
const TMPFS_MAGIC: u64 = 0x0102_1994;

/// A file that is not shown as the host has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ProcFile {
    Maps,
    Smaps,
    SmapsRollup,
    Status,
    Stat,
    Statm,
    Limits,
    CommandLine,
    Environment,
    AuxiliaryVector,
    CpuInfo,
    /// `/proc/sys/kernel/arch`.
    Architecture,
    /// `mem`, of this process too.
    Memory,
    /// Files that are about host addresses and cannot be opened: `mem` and its like.
    Refused,
}

/// A file of `/proc` that is about this process, or about the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Identity {
    file: ProcFile,
    /// The thread that it is about, if it is about one.
    thread: Option<u32>,
    /// The process that it is about, if that is another one, or may be.
    other: Option<u32>,
}

/// What cannot be opened.
const REFUSED: Identity = Identity { file: ProcFile::Refused, thread: None, other: None };

/// What a path inside the proc file system names, if it is one of ours; `own` is the process's number.
fn identify(path: &Path, own: u32) -> Option<Identity> {
    let parts: Vec<&str> = path.iter().rev().filter_map(OsStr::to_str).take(4).collect();
    let number = |part: &&str| part.parse::<u32>().ok();
    let machine = |file| Some(Identity { file, thread: None, other: None });
    let thread = match parts.as_slice() {
        ["cpuinfo", ..] => return machine(ProcFile::CpuInfo),
        ["arch", "kernel", "sys", ..] => return machine(ProcFile::Architecture),
        // Numbers differ between name spaces: whether it is a guest's, and may be opened, is found out by looking.
        ["mem", _, "task", process] if number(process).is_some() => return memory_of(number(process)),
        ["mem", process, ..] if number(process).is_some() => return memory_of(number(process)),
        // Of any process and thread: our children and parents are Demotic too.
        ["clear_refs", process, ..] if number(process).is_some() => return machine(ProcFile::Refused),
        [_, thread, "task", process] if number(process) == Some(own) => number(thread),
        // A thread of another process may have any number.
        [_, _, "task", ..] => return None,
        [_, process, ..] if number(process) == Some(own) => None,
        [name, process, ..] if number(process).is_some() => return identify_other(name, number(process)),
        _ => return None,
    };
    let file = match *parts.first()? {
        "maps" => ProcFile::Maps,
        "smaps" => ProcFile::Smaps,
        "smaps_rollup" => ProcFile::SmapsRollup,
        "status" => ProcFile::Status,
        "stat" => ProcFile::Stat,
        "statm" => ProcFile::Statm,
        "limits" => ProcFile::Limits,
        "cmdline" => ProcFile::CommandLine,
        "environ" => ProcFile::Environment,
        "auxv" => ProcFile::AuxiliaryVector,
        "pagemap" | "numa_maps" => ProcFile::Refused,
        _ => return None,
    };
    Some(Identity { file, thread, other: None })
}

/// The memory of a process.
fn memory_of(process: Option<u32>) -> Option<Identity> {
    Some(Identity { file: ProcFile::Memory, thread: None, other: process })
}

/// What a name in the directory of another process is, if it is one of ours.
fn identify_other(name: &str, other: Option<u32>) -> Option<Identity> {
    let file = match name {
        "maps" => ProcFile::Maps,
        "status" => ProcFile::Status,
        "cmdline" => ProcFile::CommandLine,
        "environ" => ProcFile::Environment,
        "auxv" => ProcFile::AuxiliaryVector,
        _ => return None,
    };
    Some(Identity { file, thread: None, other })
}

/// Whether a path without links and dots is that of this process's program in `/proc`.
fn is_own_exe(path: &Path, own: u32) -> bool {
    let parts: Vec<&str> = path.iter().skip(1).filter_map(OsStr::to_str).collect();
    let is_us = |part: &str| part == "self" || part == "thread-self" || part.parse() == Ok(own);
    match parts.as_slice() {
        ["proc", process, "exe"] => is_us(process),
        ["proc", process, "task", _, "exe"] => is_us(process),
        _ => false,
    }
}

/// Takes `.` and `..` out of an absolute path.
fn normalize(path: &Path) -> PathBuf {
    let mut normal = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::ParentDir => {
                normal.pop();
            }
            Component::Normal(part) => normal.push(part),
            _ => {}
        }
    }
    normal
}

/// A path without dots, from the root. `dir` is where relative paths begin.
fn absolute(dir: i32, path: &[u8]) -> PathBuf {
    let path = Path::new(OsStr::from_bytes(path));
    let base = match dir {
        _ if path.is_absolute() => PathBuf::new(),
        libc::AT_FDCWD => std::env::current_dir().unwrap_or_default(),
        fd => descriptor_path(fd).unwrap_or_default(),
    };
    normalize(&base.join(path))
}

/// What the host says that a descriptor of this thread is.
pub(crate) fn descriptor_path(fd: i32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/thread-self/fd/{fd}")).ok()
}

/// The kind of file system that a descriptor is of; 0 if that is not known.
fn file_system(fd: i32) -> u64 {
    let mut found = KernelStatFs::zeroed();
    let answer = host::call_now(libc::SYS_fstatfs, &[fd.into(), Arg::output(&mut found)]);
    answer.map_or(0, |_| found.kind)
}

/// Whether a descriptor is of the proc file system.
fn is_proc(fd: i32) -> bool {
    file_system(fd) == PROC_SUPER_MAGIC
}

/// Whether a descriptor is of shared memory that was never a file, such as that of translated code, which
/// `/proc/self/map_files` leads to.
fn is_nameless_memory(fd: i32) -> bool {
    descriptor_path(fd).is_some_and(|path| path == Path::new("/dev/zero (deleted)"))
}

/// Where a file of the proc file system is inside it. A part of it that is mounted elsewhere (`mount --bind`) does not
/// get other names by that; `None` for what is mounted nowhere.
fn path_in_proc(fd: i32) -> Option<PathBuf> {
    let path = descriptor_path(fd)?;
    let number = |info: String| Some(info.lines().find_map(|l| l.strip_prefix("mnt_id:"))?.trim().to_owned());
    let mount = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).ok().and_then(number);
    // Without these files there is nothing but what the link says.
    let (Some(mount), Ok(mounts)) = (mount, fs::read_to_string("/proc/self/mountinfo")) else {
        return Some(path);
    };
    inside_mount(&path, &mount, &mounts)
}

/// The path inside its file system of what is at `path`, on the mount of this number.
fn inside_mount(path: &Path, mount: &str, mounts: &str) -> Option<PathBuf> {
    let mut lines = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let fields = lines.find(|fields| fields.first() == Some(&mount))?;
    let (root, place) = (fields.get(3)?, fields.get(4)?);
    // Both are escaped where they have blanks; what the proc file system holds has none.
    let below = path.strip_prefix(place).unwrap_or(path);
    let below = below.strip_prefix("/").unwrap_or(below);
    Some(if below.as_os_str().is_empty() { PathBuf::from(root) } else { Path::new(root).join(below) })
}

fn close(fd: i32) {
    // It is ours and open.
    let _ = host::call_now(libc::SYS_close, &[fd.into()]);
}

/// What begins the names of our own threads, which the guest does not see.
const OWN_THREADS: &str = "demotic-";

/// The threads of a process that are not the guest's.
fn own_threads(process: &str) -> HashSet<String> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let is_own =
        |path: PathBuf| fs::read_to_string(path.join("comm")).is_ok_and(|name| name.starts_with(OWN_THREADS));
    tasks.filter(|task| is_own(task.path())).map(|task| task.file_name().to_string_lossy().into()).collect()
}

/// The names that are left out when a descriptor is read as a directory: our threads in `/proc/self/task`.
pub(crate) fn hidden_entries(fd: i32) -> HashSet<String> {
    let process = || descriptor_path(fd).and_then(|path| others::process_of_tasks(&path));
    let guests = |pid: &u32| *pid == std::process::id() || Board::of(*pid as i32).is_some();
    let guest = if is_proc(fd) { process().filter(guests) } else { None };
    guest.map(|pid| own_threads(&pid.to_string())).unwrap_or_default()
}

impl LinuxProcess {
    /// The program that a path in `/proc` leads to, if it is the guest's or another guest's. `dir` is where relative paths
    /// begin.
    pub(crate) fn linked_program(&self, dir: i32, path: &[u8]) -> Option<PathBuf> {
        if !path.ends_with(b"exe") {
            return None;
        }
        let path = absolute(dir, path);
        match is_own_exe(&path, std::process::id()) {
            true => Some(self.info.program.clone()),
            false => others::program_of(&path),
        }
    }

    /// The host path of a guest path whose last part is followed if it is a link: `/proc/self/exe` is the guest's program.
    pub(crate) fn followed_path(&self, dir: i32, path: CString) -> CString {
        if let Some(program) = self.linked_program(dir, path.as_bytes()) {
            return CString::new(program.into_os_string().into_vec()).unwrap_or(path);
        }
        self.host_path(path)
    }

    /// Puts the guest's view in place of a file that has just been opened with these (host) flags.
    pub(crate) fn guest_view(&self, opened: u64, flags: u32) -> SysResult {
        let fd = opened as i32;
        if flags & libc::O_PATH as u32 != 0 {
            return Ok(opened);
        }
        let identity = match file_system(fd) {
            PROC_SUPER_MAGIC => {
                path_in_proc(fd).map_or(Some(REFUSED), |path| identify(&path, std::process::id()))
            }
            TMPFS_MAGIC if is_nameless_memory(fd) => Some(REFUSED),
            _ => None,
        };
        let Some(identity) = identity else { return Ok(opened) };
        if identity == REFUSED {
            close(fd);
            tracing::debug!(target: "syscall", "a file about host addresses is not opened");
            return Err(Errno(libc::EACCES));
        }
        if let Some(pid) = identity.other {
            return self.view_of_other(opened, identity.file, pid, flags);
        }
        let name = descriptor_path(fd).unwrap_or_default();
        let contents = self.contents(identity, fd);
        // First, so that it takes the same number, and works where there is none left.
        close(fd);
        open_contents(&name, &contents, flags)
    }

    /// The contents of a file; `fd` is the host's.
    fn contents(&self, identity: Identity, fd: i32) -> Vec<u8> {
        let host = || read_all(fd);
        match identity.file {
            ProcFile::Maps => self.maps().into_bytes(),
            ProcFile::Smaps => self.smaps(&host()).into_bytes(),
            ProcFile::SmapsRollup => self.smaps_rollup().into_bytes(),
            ProcFile::Status => self.status(&host()).into_bytes(),
            ProcFile::Stat => self.stat_line(&host(), identity.thread.is_some()).into_bytes(),
            ProcFile::Statm => self.statm().into_bytes(),
            ProcFile::Limits => self.limits_table(&host()).into_bytes(),
            ProcFile::CommandLine => self.command_line(),
            ProcFile::Environment => self.guest_bytes(&self.info.stack.environment),
            ProcFile::AuxiliaryVector => self.info.auxv.clone(),
            ProcFile::CpuInfo => self.cpuinfo().into_bytes(),
            ProcFile::Architecture => format!("{}\n", machine(self.kind)).into_bytes(),
            ProcFile::Memory | ProcFile::Refused => Vec::new(),
        }
    }

    /// The arguments as they are in memory now, which the program may have changed. Where it has overwritten the end of
    /// the last one, they go on to the next zero.
    fn command_line(&self) -> Vec<u8> {
        let stack = &self.info.stack;
        let mut line = self.guest_bytes(&stack.arguments);
        if line.last().is_some_and(|&last| last != 0) {
            let more = self.guest_bytes(&stack.environment);
            let end = more.iter().position(|&byte| byte == 0).unwrap_or(more.len());
            line.extend_from_slice(&more[..end]);
        }
        line
    }

    /// Guest memory, or nothing where the guest has unmapped it.
    fn guest_bytes(&self, range: &std::ops::Range<u32>) -> Vec<u8> {
        let mut bytes = vec![0; range.len()];
        match self.memory.read_bytes(range.start, &mut bytes) {
            Ok(()) => bytes,
            Err(_) => Vec::new(),
        }
    }

    /// What the guest is to see as the target of a link.
    pub(crate) fn shown_target(target: &[u8]) -> &[u8] {
        let made_up = target.strip_prefix(b"/memfd:").and_then(|rest| rest.strip_suffix(b" (deleted)"));
        made_up.filter(|name| name.starts_with(b"/proc/")).unwrap_or(target)
    }
}

/// Everything that can be read from a descriptor.
fn read_all(fd: i32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut part = vec![0u8; 64 << 10];
    loop {
        let len = part.len();
        let args = [fd.into(), Arg::outputs(&mut part), len.into()];
        match host::call_now(libc::SYS_read, &args) {
            Ok(got @ 1..) => bytes.extend_from_slice(&part[..got as usize]),
            _ => return bytes,
        }
    }
}

/// A descriptor from which `contents` can be read.
fn open_contents(name: &Path, contents: &[u8], flags: u32) -> SysResult {
    let name = CString::new(name.as_os_str().as_bytes()).unwrap_or_default();
    let cloexec = if flags & libc::O_CLOEXEC as u32 != 0 { libc::MFD_CLOEXEC } else { 0 };
    let made = host::call_now(libc::SYS_memfd_create, &[Arg::string(&name), cloexec.into()])?;
    // What a memory file cannot take, readers would not get either.
    let _ = host::call_now(
        libc::SYS_pwrite64,
        &[made.into(), Arg::inputs(contents), contents.len().into(), 0.into()],
    );
    let _ = host::call_now(libc::SYS_fchmod, &[made.into(), 0o444.into()]);
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_place() {
        let known =
            |path: &str| identify(Path::new(path), 17).map(|identity| (identity.file, identity.thread));
        assert_eq!(known("/proc/17/maps"), Some((ProcFile::Maps, None)));
        assert_eq!(known("/elsewhere/proc/17/task/19/stat"), Some((ProcFile::Stat, Some(19))));
        assert_eq!(known("/17/status"), Some((ProcFile::Status, None)));
        assert_eq!(known("/proc/cpuinfo"), Some((ProcFile::CpuInfo, None)));
        assert_eq!(known("/proc/sys/kernel/arch"), Some((ProcFile::Architecture, None)));
        let other =
            |path: &str| identify(Path::new(path), 17).map(|identity| (identity.file, identity.other));
        assert_eq!(other("/proc/18/mem"), Some((ProcFile::Memory, Some(18))));
        assert_eq!(other("/proc/18/maps"), Some((ProcFile::Maps, Some(18))));
        assert_eq!(other("/18/task/19/mem"), Some((ProcFile::Memory, Some(18))));
        assert_eq!(other("/proc/17/mem"), Some((ProcFile::Memory, Some(17))));
        for refused in ["/proc/17/pagemap", "/proc/19/clear_refs"] {
            assert_eq!(known(refused), Some((ProcFile::Refused, None)), "{refused}");
        }
        for other in
            ["/proc/18/stat", "/proc/stat", "/proc/17/net/stat", "/proc/17/comm", "/proc/18/task/17/maps"]
        {
            assert_eq!(known(other), None, "{other}");
        }
    }

    #[test]
    fn mounts_do_not_rename_files() {
        let mounts = "21 1 0:20 / /proc rw - proc proc rw\n33 21 0:20 /17/mem /tmp/x rw - proc proc rw\n\
                      34 21 0:20 /17 /tmp/d rw - proc proc rw\n";
        let inside = |path: &str, mount| inside_mount(Path::new(path), mount, mounts);
        assert_eq!(inside("/proc/17/mem", "21"), Some("/17/mem".into()));
        assert_eq!(inside("/tmp/x", "33"), Some("/17/mem".into()));
        assert_eq!(inside("/tmp/d/task/18/mem", "34"), Some("/17/task/18/mem".into()));
        assert_eq!(inside("/17/mem", "99"), None);
    }

    #[test]
    fn the_program_is_known_by_its_path() {
        let known = |path: &str| is_own_exe(&normalize(Path::new(path)), 17);
        for own in [
            "/proc/self/exe",
            "/proc//17/./exe",
            "/proc/thread-self/exe",
            "/proc/self/task/18/exe",
            "/proc/1/../17/exe",
        ] {
            assert!(known(own), "{own}");
        }
        for other in ["/proc/18/exe", "/self/exe", "/proc/exe", "/proc/self/fd/exe"] {
            assert!(!known(other), "{other}");
        }
    }
}
