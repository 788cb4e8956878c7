//! What a Demotic process shows to others: a page at a fixed host address, the board, that says where the guest's memory
//! and what is known of the program are. Who may read the process's memory may read it; it is written once.
//!
//! Guest addresses of another process are bounded to its window here, so that no guest reaches anything but guest memory.

use std::ffi::OsStr;
use std::fs;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use crate::linux::abi::{self, GuestAbi};
use crate::linux::host::{self, Arg, Errno, Plain};
use crate::linux::{LinuxProcess, ProcessInfo};
use crate::memory::{PAGE_SIZE, Prot, UserMemory};

/// Where the board is: below everything that a guest's memory may be at.
const ADDRESS: u64 = 0x0f00_0000;
const MAGIC: u64 = 0x4465_6d6f_7469_6342;
/// Bytes of a guest's address space.
const WINDOW: u64 = 1 << 32;

/// The board of a process.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Board {
    magic: u64,
    /// Its length: another version of Demotic may have another one.
    size: u64,
    /// The host address of guest address 0.
    base: u64,
    /// Where the table with a byte for each guest page is.
    pages: u64,
    /// Address and length of the auxiliary vector and of the program's path.
    auxv: [u64; 2],
    program: [u64; 2],
    /// Guest addresses of the arguments and the environment.
    arguments: [u32; 2],
    environment: [u32; 2],
    sp: u32,
    /// What the ABI is known by (`AUDIT_ARCH_…`).
    arch: u32,
}

impl Board {
    /// Publishes what this process shows. The values that `info` has must stay where they are.
    pub(crate) fn publish(memory: &UserMemory, abi: &dyn GuestAbi, info: &ProcessInfo) {
        let place = |bytes: &[u8]| [bytes.as_ptr() as u64, bytes.len() as u64];
        let range = |range: &Range<u32>| [range.start, range.end];
        let board = Board {
            magic: MAGIC,
            size: size_of::<Board>() as u64,
            base: memory.host_base(),
            pages: memory.page_flags_address(),
            auxv: place(&info.auxv),
            program: place(info.program.as_os_str().as_bytes()),
            arguments: range(&info.stack.arguments),
            environment: range(&info.stack.environment),
            sp: info.stack.sp,
            arch: abi.numbers().audit_arch,
        };
        // Where the place is taken, by another guest in this process, there is no board, and the process cannot be traced.
        let _ = host::publish(ADDRESS, &board);
    }

    /// The board of a process, if it is one of ours and may be looked at.
    pub(crate) fn of(pid: i32) -> Option<Board> {
        let mut board = Board::zeroed();
        let valid = |b: &Board| b.magic == MAGIC && b.size == size_of::<Board>() as u64;
        (read_value(pid, ADDRESS, &mut board).is_ok() && valid(&board)).then_some(board)
    }

    /// Its ABI.
    pub(crate) fn abi(&self) -> Option<&'static dyn GuestAbi> {
        abi::by_audit_arch(self.arch)
    }

    /// The stack pointer that the program began with.
    pub(crate) fn initial_sp(&self) -> u32 {
        self.sp
    }

    /// The host address of `[addr, addr + len)` in its guest's memory.
    pub(crate) fn host_range(&self, addr: u32, len: u64) -> Option<u64> {
        (u64::from(addr).checked_add(len)? <= WINDOW).then(|| self.base.wrapping_add(u64::from(addr)))
    }

    /// The guest's addresses for a range of host addresses, if it lies inside its memory.
    pub(crate) fn guest_range(&self, host: &Range<u64>) -> Option<Range<u64>> {
        let start = host.start.checked_sub(self.base)?;
        let end = host.end.checked_sub(self.base)?;
        (end <= WINDOW).then_some(start..end)
    }

    /// What the guest may do with each page of `range`; `None` where nothing is mapped.
    pub(crate) fn protections(&self, pid: i32, range: &Range<u64>) -> Result<Vec<Option<Prot>>, Errno> {
        let page = u64::from(PAGE_SIZE);
        let (first, end) = (range.start.min(WINDOW) / page, range.end.min(WINDOW).div_ceil(page));
        let mut flags = vec![0u8; end.saturating_sub(first) as usize];
        read_exact(pid, self.pages.wrapping_add(first), &mut flags)?;
        Ok(flags.into_iter().map(UserMemory::protection_of_flags).collect())
    }

    /// Whether the guest has something at an address.
    pub(crate) fn is_mapped(&self, pid: i32, addr: u32) -> bool {
        let addr = u64::from(addr);
        self.protections(pid, &(addr..addr + 1)).is_ok_and(|found| matches!(found.as_slice(), [Some(_)]))
    }

    /// Reads guest memory; gives how many bytes could be read.
    pub(crate) fn read(&self, pid: i32, addr: u32, bytes: &mut [u8]) -> Result<usize, Errno> {
        let most = (WINDOW - u64::from(addr)).min(bytes.len() as u64) as usize;
        let host = self.host_range(addr, most as u64).ok_or(Errno(libc::EIO))?;
        read_some(pid, host, &mut bytes[..most])
    }

    /// Writes guest memory that can be written to; gives how many bytes could be written.
    pub(crate) fn write(&self, pid: i32, addr: u32, bytes: &[u8]) -> Result<usize, Errno> {
        let most = (WINDOW - u64::from(addr)).min(bytes.len() as u64) as usize;
        let host = self.host_range(addr, most as u64).ok_or(Errno(libc::EIO))?;
        write_some(pid, host, &bytes[..most])
    }

    /// The auxiliary vector.
    pub(crate) fn auxv(&self, pid: i32) -> Vec<u8> {
        read_place(pid, self.auxv)
    }

    /// The program's path.
    pub(crate) fn program(&self, pid: i32) -> PathBuf {
        PathBuf::from(OsStr::from_bytes(&read_place(pid, self.program)))
    }

    /// The arguments, as they are in memory.
    pub(crate) fn arguments(&self, pid: i32) -> Vec<u8> {
        self.strings(pid, self.arguments)
    }

    /// The environment, as it is in memory.
    pub(crate) fn environment(&self, pid: i32) -> Vec<u8> {
        self.strings(pid, self.environment)
    }

    fn strings(&self, pid: i32, [start, end]: [u32; 2]) -> Vec<u8> {
        let mut bytes = vec![0; (end.saturating_sub(start) as usize).min(MOST)];
        let got = self.read(pid, start, &mut bytes).unwrap_or(0);
        bytes.truncate(got);
        bytes
    }
}

/// The longest that anything on a board is taken for.
const MOST: usize = 4 << 20;

fn read_place(pid: i32, [address, len]: [u64; 2]) -> Vec<u8> {
    let mut bytes = vec![0; (len as usize).min(MOST)];
    match read_exact(pid, address, &mut bytes) {
        Ok(()) => bytes,
        Err(_) => Vec::new(),
    }
}

fn transfer(number: i64, pid: i32, local: *mut u8, host: u64, len: usize) -> Result<usize, Errno> {
    let here = [libc::iovec { iov_base: local.cast(), iov_len: len }];
    let there = [libc::iovec { iov_base: host as *mut libc::c_void, iov_len: len }];
    let args = [pid.into(), Arg::inputs(&here), 1.into(), Arg::inputs(&there), 1.into(), 0.into()];
    host::call_now(number, &args).map(|done| done as usize)
}

/// The same where all of it is needed.
fn transfer_all(number: i64, pid: i32, local: *mut u8, host: u64, len: usize) -> Result<(), Errno> {
    match transfer(number, pid, local, host, len)? {
        done if done == len => Ok(()),
        _ => Err(Errno(libc::EIO)),
    }
}

/// Reads from a host address of another process; gives how many bytes could be read.
fn read_some(pid: i32, host: u64, bytes: &mut [u8]) -> Result<usize, Errno> {
    transfer(libc::SYS_process_vm_readv, pid, bytes.as_mut_ptr(), host, bytes.len())
}

fn write_some(pid: i32, host: u64, bytes: &[u8]) -> Result<usize, Errno> {
    transfer(libc::SYS_process_vm_writev, pid, bytes.as_ptr().cast_mut(), host, bytes.len())
}

fn read_exact(pid: i32, host: u64, bytes: &mut [u8]) -> Result<(), Errno> {
    transfer_all(libc::SYS_process_vm_readv, pid, bytes.as_mut_ptr(), host, bytes.len())
}

/// Reads a structure of Demotic's from another Demotic process.
pub(super) fn read_value<T: Plain>(pid: i32, host: u64, value: &mut T) -> Result<(), Errno> {
    transfer_all(libc::SYS_process_vm_readv, pid, std::ptr::from_mut(value).cast(), host, size_of::<T>())
}

/// Writes a structure of Demotic's to another Demotic process.
pub(super) fn write_value<T: Plain>(pid: i32, host: u64, value: &T) -> Result<(), Errno> {
    let local = std::ptr::from_ref(value).cast_mut().cast();
    transfer_all(libc::SYS_process_vm_writev, pid, local, host, size_of::<T>())
}

/// Whether a process runs the same executable as this one: tracers are known by that, since one may not look into them.
pub(crate) fn is_demotic(pid: u32) -> bool {
    let identity = |process: &str| {
        fs::metadata(format!("/proc/{process}/exe")).map(|file| (file.dev(), file.ino())).ok()
    };
    identity("self").is_some_and(|own| identity(&pid.to_string()) == Some(own))
}

impl LinuxProcess {
    /// Shows other processes what they may know of this one.
    pub(crate) fn publish_board(&self) {
        Board::publish(&self.memory, self.abi, &self.info);
    }
}
