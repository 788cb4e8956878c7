//! System calls: the tables, and how a row becomes a call.

use std::ffi::CString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use demotic_ir::{CpuState, EngineControl, Fault};

use super::abi::GuestAbi;
use super::host::{self, Arg, Errno};
use super::{LinuxProcess, handlers, trace};
use crate::loader::{prefix_path, stands_for_host};
use crate::memory::{MapError, UserMemory};

/// What an argument is: how it is fetched from the guest's registers, passed on, and shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArgKind {
    /// A signed number.
    Int,
    /// An unsigned number.
    Uint,
    /// A number of bytes.
    Size,
    /// A set of bits.
    Flags,
    /// The flags of open, which guests number differently.
    OpenFlags,
    /// File permissions.
    Mode,
    /// A process or group of processes.
    Pid,
    /// A file descriptor.
    Fd,
    /// A signal number, which guests number differently.
    Signal,
    /// The address of a file name.
    Path,
    /// The address of a string.
    Str,
    /// The address of a buffer; the next argument is its size.
    Buffer,
    /// Another address.
    Pointer,
    /// A 16-bit user or group number; -1 is no number.
    Id16,
    /// 64 bits in two registers.
    Offset64,
}

/// How well a system call is supported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Support {
    /// As Linux has it.
    Full,
    /// With the limits that the note names.
    Partial,
    /// It fails with ENOSYS.
    None,
}

/// What answers a system call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Handler {
    /// The host's system call of this number, given the same arguments.
    Host(i64),
    /// A function of [`handlers`].
    Own(fn(&mut Call<'_>) -> SysResult),
    /// ENOSYS.
    None,
}

/// A row of a table.
#[derive(Clone, Copy, Debug)]
pub struct Syscall {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: &'static str,
    pub(crate) handler: Handler,
    /// Its arguments.
    pub args: &'static [ArgKind],
    /// How well it is supported.
    pub support: Support,
    /// What is missing.
    pub note: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/syscalls.rs"));

/// What a handler gives: the call's result, or a host error number.
pub(crate) type SysResult = Result<u64, Errno>;

impl From<Fault> for Errno {
    fn from(_: Fault) -> Self {
        Errno(libc::EFAULT)
    }
}

impl From<MapError> for Errno {
    fn from(error: MapError) -> Self {
        Errno(error.errno())
    }
}

impl From<std::io::Error> for Errno {
    fn from(error: std::io::Error) -> Self {
        Errno(error.raw_os_error().unwrap_or(libc::EIO))
    }
}

/// What happens to the registers after a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum After {
    /// The result is put where the ABI wants it.
    SetResult,
    /// They stay as the handler has left them.
    KeepRegisters,
}

/// A system call in progress.
pub(crate) struct Call<'a> {
    pub(crate) process: &'a mut LinuxProcess,
    pub(crate) cpu: &'a mut CpuState,
    pub(crate) engine: &'a dyn EngineControl,
    pub(crate) after: After,
    pub(crate) args: [u64; 7],
}

/// The longest path, with its end (Linux's PATH_MAX).
const PATH_MAX: usize = 4096;

impl Call<'_> {
    /// The guest's memory.
    pub(crate) fn memory(&self) -> &UserMemory {
        &self.process.memory
    }
    /// How the guest's ABI differs from the host's.
    pub(crate) fn abi(&self) -> &'static dyn GuestAbi {
        self.process.abi
    }
    /// An unsigned argument or an address.
    pub(crate) fn uint(&self, index: usize) -> u32 {
        self.args[index] as u32
    }
    /// A signed argument.
    pub(crate) fn int(&self, index: usize) -> i32 {
        self.args[index] as i32
    }
    /// A 64-bit argument.
    pub(crate) fn long(&self, index: usize) -> u64 {
        self.args[index]
    }
    /// A signed argument to be passed on.
    pub(crate) fn int_arg<'b>(&self, index: usize) -> Arg<'b> {
        self.int(index).into()
    }
    /// An unsigned argument to be passed on.
    pub(crate) fn uint_arg<'b>(&self, index: usize) -> Arg<'b> {
        self.uint(index).into()
    }

    /// A buffer of the guest's to be passed on. A null pointer stays one.
    pub(crate) fn buffer<'b>(&self, addr: u32, len: u64) -> Result<Arg<'b>, Errno> {
        if addr == 0 {
            return Ok(Arg::null());
        }
        self.memory().host_range(addr, len).map(Arg::number).ok_or(Errno(libc::EFAULT))
    }

    /// A string argument.
    pub(crate) fn string_at(&self, addr: u32) -> Result<CString, Errno> {
        let bytes = self.memory().read_cstring(addr, PATH_MAX)?.ok_or(Errno(libc::ENAMETOOLONG))?;
        CString::new(bytes).map_err(|_| Errno(libc::EINVAL))
    }

    /// A string argument that may be missing.
    pub(crate) fn optional_string(&self, index: usize) -> Result<Option<CString>, Errno> {
        match self.uint(index) {
            0 => Ok(None),
            addr => self.string_at(addr).map(Some),
        }
    }

    /// A path argument as the guest spells it.
    pub(crate) fn guest_path(&self, index: usize) -> Result<CString, Errno> {
        self.string_at(self.uint(index))
    }

    /// A path argument, looked up under the sysroot.
    pub(crate) fn path(&self, index: usize) -> Result<CString, Errno> {
        let path = self.guest_path(index)?;
        Ok(self.process.host_path(path))
    }
}

impl LinuxProcess {
    /// Where a guest path is on the host: under the sysroot if it is absolute and exists there.
    pub(crate) fn host_path(&self, path: CString) -> CString {
        let Some(root) = &self.info.sysroot else { return path };
        if !path.as_bytes().starts_with(b"/") {
            return path;
        }
        let guest = PathBuf::from(std::ffi::OsStr::from_bytes(path.as_bytes()));
        let prefixed: PathBuf = prefix_path(root, &guest);
        let taken = std::fs::symlink_metadata(&prefixed).is_ok() && !stands_for_host(&guest, &prefixed);
        let chosen: &Path = if taken { &prefixed } else { &guest };
        CString::new(chosen.as_os_str().to_owned().into_vec()).unwrap_or(path)
    }

    /// The row of a number.
    pub(crate) fn row(&self, number: u32) -> Option<&'static Syscall> {
        let table = self.abi.syscalls();
        table.binary_search_by_key(&number, |row| row.number).ok().and_then(|at| table.get(at))
    }

    /// Does the system call that the registers ask for. `pc` is the address of the call instruction (ISA bit included).
    pub(crate) fn system_call(&mut self, cpu: &mut CpuState, engine: &dyn EngineControl, pc: u32) {
        if self.trace.is_active() {
            return self.traced_call(cpu, engine, pc);
        }
        let number = self.abi.syscall_number(cpu);
        self.numbered_call(cpu, engine, pc, number, 0);
    }

    /// Does a system call whose arguments begin at the `first`th.
    pub(crate) fn numbered_call(
        &mut self,
        cpu: &mut CpuState,
        engine: &dyn EngineControl,
        pc: u32,
        number: u32,
        first: usize,
    ) {
        /// MIPS: the call that makes the call that its first argument names, which alone is judged.
        const INDIRECT: u32 = 4000;
        let number = match number {
            INDIRECT => number,
            _ => match self.may_call(cpu, engine, pc, number, first) {
                Some(number) => number,
                None => return,
            },
        };
        // A call inside another one is not shown.
        let shown = (self.trace.is_active() && first == 0).then(|| self.shown_call(cpu, number));
        let (mut after, mut result) = self.call(cpu, engine, number, first);
        if let Some(shown) = shown {
            (after, result) = self.leave_traced_call(cpu, engine, &shown, (after, result));
        }
        if after == After::KeepRegisters {
            return;
        }
        let abi = self.abi;
        match result {
            // Wound back: once the signal has been dealt with, the call is done again, unless the handler says EINTR.
            Err(errno @ (Errno::RESTART | Errno::NO_HANDLER)) => {
                self.signals.interrupted_at = Some((cpu.get32(abi.pc_slot()), errno == Errno::RESTART));
                cpu.set32(abi.pc_slot(), pc);
            }
            Err(Errno::NOT_BEGUN) => cpu.set32(abi.pc_slot(), pc),
            result => abi.set_result(cpu, result),
        }
    }

    /// Does a system call but for its result.
    fn call(
        &mut self,
        cpu: &mut CpuState,
        engine: &dyn EngineControl,
        number: u32,
        first: usize,
    ) -> (After, SysResult) {
        let Some(row) = self.row(number) else {
            tracing::warn!(target: "syscall", "unknown system call number {number}");
            return (After::SetResult, Err(Errno(libc::ENOSYS)));
        };
        let args = match fetch_arguments(self.abi, cpu, &self.memory, row.args, first) {
            Ok(args) => args,
            Err(errno) => return (After::SetResult, Err(errno)),
        };
        let traced = self.info.strace.then(|| trace::enter(self, row, &args));
        let mut call = Call { process: self, cpu, engine, after: After::SetResult, args };
        let result = dispatch(&mut call, row);
        let after = call.after;
        let result = match result {
            // Where a tracer makes nothing of the signal, the call is not interrupted.
            Err(Errno(libc::EINTR)) if self.trace.is_active() && host::signal_pending() => {
                Err(Errno::NO_HANDLER)
            }
            result => result,
        };
        if let Some(started) = traced {
            trace::leave(self, row, &started, result);
        }
        self.drop_stale_code(engine);
        (after, result)
    }

    /// Tells the engine about code that has been unmapped or changed.
    pub(crate) fn drop_stale_code(&self, engine: &dyn EngineControl) {
        for range in self.memory.take_stale() {
            engine.invalidate(range.start, range.end);
        }
    }
}

fn fetch_arguments(
    abi: &dyn GuestAbi,
    cpu: &CpuState,
    memory: &UserMemory,
    kinds: &[ArgKind],
    first: usize,
) -> Result<[u64; 7], Errno> {
    let mut args = [0; 7];
    let mut register = first;
    let mut take = |aligned: bool| -> Result<u64, Errno> {
        register += usize::from(aligned && register % 2 == 1);
        let word = abi.argument(cpu, memory, register)?;
        register += 1;
        Ok(u64::from(word))
    };
    for (arg, kind) in args.iter_mut().zip(kinds) {
        *arg = match kind {
            ArgKind::Offset64 => {
                let (a, b) = (take(true)?, take(false)?);
                if memory.is_big() { a << 32 | b } else { b << 32 | a }
            }
            ArgKind::Int | ArgKind::Fd | ArgKind::Pid => i64::from(take(false)? as i32) as u64,
            ArgKind::Id16 => match take(false)? as u16 {
                u16::MAX => u64::MAX,
                id => u64::from(id),
            },
            _ => take(false)?,
        };
    }
    Ok(args)
}

/// Does what answers a row.
pub(crate) fn dispatch(call: &mut Call<'_>, row: &Syscall) -> SysResult {
    match row.handler {
        Handler::Own(function) => function(call),
        Handler::Host(number) => pass_on(call, row, number),
        Handler::None => {
            tracing::debug!(target: "syscall", "system call {} is not supported", row.name);
            Err(Errno(libc::ENOSYS))
        }
    }
}

/// Calls that follow links to the file that they are about, so that `/proc/self/exe` is the guest's program to them.
const FOLLOWING: [i64; 11] = [
    libc::SYS_access,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_fchmodat,
    libc::SYS_setxattr,
    libc::SYS_getxattr,
    libc::SYS_listxattr,
    libc::SYS_removexattr,
    libc::SYS_truncate,
];

/// Calls the host with the guest's arguments.
fn pass_on(call: &Call<'_>, row: &Syscall, number: i64) -> SysResult {
    let mut strings: Vec<Option<CString>> = Vec::new();
    for (index, kind) in row.args.iter().enumerate() {
        strings.push(match kind {
            ArgKind::Path if FOLLOWING.contains(&number) => {
                let dir = index.checked_sub(1).filter(|&i| row.args[i] == ArgKind::Fd);
                let dir = dir.map_or(libc::AT_FDCWD, |index| call.int(index));
                Some(call.process.followed_path(dir, call.guest_path(index)?))
            }
            ArgKind::Path => Some(call.path(index)?),
            ArgKind::Str => call.optional_string(index)?,
            _ => None,
        });
    }
    let mut args = Vec::with_capacity(row.args.len());
    for (index, kind) in row.args.iter().enumerate() {
        args.push(match kind {
            ArgKind::Path | ArgKind::Str => strings[index].as_deref().map_or(Arg::null(), Arg::string),
            ArgKind::Buffer => call.buffer(call.uint(index), call.long(index + 1))?,
            ArgKind::OpenFlags => call.abi().open_flags_to_host(call.uint(index)).into(),
            ArgKind::Signal => call.abi().signal_to_host(call.uint(index)).ok_or(Errno(libc::EINVAL))?.into(),
            _ => Arg::number(call.long(index)),
        });
    }
    host::call(number, &args)
}
