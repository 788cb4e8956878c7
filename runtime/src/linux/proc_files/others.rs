//! Files about other processes: of those that are guests too, what their boards and their memory say.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::maps::describe;
use super::status::{rewritten, thread_count};
use super::{ProcFile, close, open_contents, read_all};
use crate::linux::LinuxProcess;
use crate::linux::host::Errno;
use crate::linux::proc_files::descriptor_path;
use crate::linux::ptrace::board::Board;
use crate::linux::syscall::SysResult;
use crate::memory::{FileInfo, PAGE_SIZE, Prot, Region, Source};

/// A line of the host's `maps`.
struct HostLine<'a> {
    range: std::ops::Range<u64>,
    shared: bool,
    offset: u64,
    dev: u64,
    ino: u64,
    path: &'a str,
}

impl HostLine<'_> {
    fn parse(line: &str) -> Option<HostLine<'_>> {
        let hex = |text| u64::from_str_radix(text, 16).ok();
        let mut words = line.splitn(6, ' ');
        let (start, end) = words.next()?.split_once('-')?;
        let shared = words.next()?.ends_with('s');
        let offset = hex(words.next()?)?;
        let (major, minor) = words.next()?.split_once(':')?;
        let ino = words.next()?.parse().ok()?;
        let path = words.next().unwrap_or_default().trim_start();
        Some(HostLine {
            range: hex(start)?..hex(end)?,
            shared,
            offset,
            dev: libc::makedev(hex(major)? as u32, hex(minor)? as u32),
            ino,
            path,
        })
    }

    /// What the guest has mapped there: runs of pages with one protection.
    fn regions(&self, pid: i32, board: &Board) -> Vec<Region> {
        let Some(range) = board.guest_range(&self.range) else { return Vec::new() };
        let pages = board.protections(pid, &range).unwrap_or_default();
        let mut regions = Vec::new();
        let mut start = range.start;
        for run in pages.chunk_by(|one, other| one == other) {
            let end = start + run.len() as u64 * u64::from(PAGE_SIZE);
            if let Some(&Some(prot)) = run.first() {
                regions.push(self.region(start..end, prot, start - range.start, board));
            }
            start = end;
        }
        regions
    }

    fn region(&self, range: std::ops::Range<u64>, prot: Prot, distance: u64, board: &Board) -> Region {
        let source = if self.ino != 0 {
            let file = FileInfo { path: self.path.to_owned(), dev: self.dev, ino: self.ino };
            Source::File { file: Arc::new(file), offset: self.offset + distance }
        } else if range.contains(&u64::from(board.initial_sp())) {
            Source::Special("[stack]")
        } else {
            Source::Anonymous
        };
        Region { range, prot, shared: self.shared, source }
    }
}

fn maps(pid: i32, board: &Board, host: &[u8]) -> String {
    let host = String::from_utf8_lossy(host);
    let lines = host.lines().filter_map(HostLine::parse);
    lines.flat_map(|line| line.regions(pid, board)).map(|region| describe(&region) + "\n").collect()
}

/// The host's `status` without Demotic's threads and what only the host's architecture has.
fn status(pid: i32, host: &[u8]) -> String {
    rewritten(host, |key| (key == "Threads").then(|| thread_count(&pid.to_string()).to_string()))
}

/// The process that a directory of threads is about.
pub(super) fn process_of_tasks(path: &Path) -> Option<u32> {
    path.parent().filter(|_| path.ends_with("task"))?.file_name()?.to_str()?.parse().ok()
}

/// The program of another guest, if that is what a path without links and dots in `/proc` names.
pub(super) fn program_of(path: &Path) -> Option<PathBuf> {
    let parts: Vec<&str> = path.iter().skip(1).filter_map(OsStr::to_str).collect();
    let pid = match parts.as_slice() {
        ["proc", process, "exe"] | ["proc", process, "task", _, "exe"] => process.parse().ok()?,
        _ => return None,
    };
    // It may be looked at by whom the host lets look at its link.
    fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    let program = Board::of(pid)?.program(pid);
    (!program.as_os_str().is_empty()).then_some(program)
}

impl LinuxProcess {
    /// Puts the guest's view in place of a file about another process that has just been opened.
    pub(super) fn view_of_other(&self, opened: u64, file: ProcFile, pid: u32, flags: u32) -> SysResult {
        let (fd, pid) = (opened as i32, pid as i32);
        let board = Board::of(pid);
        if file == ProcFile::Memory {
            close(fd);
            // Of others, only who is traced.
            let own = pid == std::process::id() as i32;
            let ours = board.is_some() && (own || self.tracees.has(pid));
            return if ours { self.memory_files.open(pid, flags) } else { Err(Errno(libc::EACCES)) };
        }
        let Some(board) = board else { return Ok(opened) };
        let contents = match file {
            ProcFile::Maps => maps(pid, &board, &read_all(fd)).into_bytes(),
            ProcFile::Status => status(pid, &read_all(fd)).into_bytes(),
            ProcFile::CommandLine => board.arguments(pid),
            ProcFile::Environment => board.environment(pid),
            ProcFile::AuxiliaryVector => board.auxv(pid),
            _ => return Ok(opened),
        };
        let name = descriptor_path(fd).unwrap_or_default();
        close(fd);
        open_contents(&name, &contents, flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_maps_are_understood() {
        let line = HostLine::parse("10008000-1000a000 r--s 00001000 08:10 77       /a b").unwrap();
        assert_eq!((line.range, line.shared, line.offset), (0x1000_8000..0x1000_a000, true, 0x1000));
        assert_eq!((line.dev, line.ino, line.path), (libc::makedev(8, 16), 77, "/a b"));
        let line = HostLine::parse("10008000-1000a000 rw-p 00000000 00:00 0 ").unwrap();
        assert_eq!((line.ino, line.path), (0, ""));
    }
}
