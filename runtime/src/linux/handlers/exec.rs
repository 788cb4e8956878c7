//! Executing programs. A guest program is run by executing ourselves again, with the options that we were started with; a
//! script is run by its interpreter; everything else is the host kernel's to execute or refuse.

use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::linux::host::{self, Arg, Errno};
use crate::linux::host_signal::{self, Disposition, FAULT_BITS};
use crate::linux::seccomp::passing;
use crate::linux::signals;
use crate::linux::syscall::{Call, SysResult};
use crate::loader::{self, ElfFile, GuestKind, SCRIPT_DEPTH, Script, Start};

/// The most that arguments and environment may take.
const ARG_MAX: usize = 2 << 20;

/// What is to be executed, as `execveat` has it.
struct Place {
    /// The directory that a relative path starts from, or the file itself.
    dir: i32,
    /// The path on the host.
    path: CString,
    /// `AT_EMPTY_PATH`, `AT_SYMLINK_NOFOLLOW`.
    flags: i32,
    /// What the program is told that it was executed by.
    name: CString,
}

/// A command line and an environment.
struct Command<'a> {
    argv: Vec<CString>,
    envp: &'a [CString],
}

pub(crate) fn execve(c: &mut Call<'_>) -> SysResult {
    let path = c.guest_path(0)?;
    let argv = read_strings(c, c.uint(1))?;
    let envp = read_strings(c, c.uint(2))?;
    if path.is_empty() {
        return Err(Errno(libc::ENOENT));
    }
    execute(c, Place::of(c, libc::AT_FDCWD, path, 0)?, argv, &envp)
}

pub(crate) fn execveat(c: &mut Call<'_>) -> SysResult {
    let flags = c.int(4);
    if flags & !(libc::AT_EMPTY_PATH | libc::AT_SYMLINK_NOFOLLOW) != 0 {
        return Err(Errno(libc::EINVAL));
    }
    let path = c.guest_path(1)?;
    let argv = read_strings(c, c.uint(2))?;
    let envp = read_strings(c, c.uint(3))?;
    if path.is_empty() && flags & libc::AT_EMPTY_PATH == 0 {
        return Err(Errno(libc::ENOENT));
    }
    execute(c, Place::of(c, c.int(0), path, flags)?, argv, &envp)
}

/// A zero-terminated array of strings.
fn read_strings(c: &Call<'_>, addr: u32) -> Result<Vec<CString>, Errno> {
    let mut strings = Vec::new();
    let mut total = 0;
    if addr == 0 {
        return Ok(strings);
    }
    loop {
        let entry = c.memory().read_u32(addr.wrapping_add(4 * strings.len() as u32))?;
        if entry == 0 {
            return Ok(strings);
        }
        let bytes = c.memory().read_cstring(entry, ARG_MAX)?.ok_or(Errno(libc::E2BIG))?;
        total += bytes.len() + 1 + size_of::<u32>();
        if total > ARG_MAX {
            return Err(Errno(libc::E2BIG));
        }
        strings.push(CString::new(bytes).map_err(|_| Errno(libc::EINVAL))?);
    }
}

fn string(bytes: impl Into<Vec<u8>>) -> Result<CString, Errno> {
    CString::new(bytes).map_err(|_| Errno(libc::EINVAL))
}

impl Place {
    /// `path` is as the guest spells it.
    fn of(c: &Call<'_>, dir: i32, path: CString, flags: i32) -> Result<Place, Errno> {
        let absolute = path.as_bytes().starts_with(b"/");
        let name = match path.as_bytes() {
            _ if absolute || dir == libc::AT_FDCWD => path.clone(),
            b"" => string(format!("/dev/fd/{dir}"))?,
            path => string([format!("/dev/fd/{dir}/").as_bytes(), path].concat())?,
        };
        let path = if path.is_empty() { path } else { c.process.followed_path(dir, path) };
        Ok(Place { dir, path, flags, name })
    }

    fn is_descriptor(&self) -> bool {
        self.path.is_empty()
    }

    /// Whether the path may mean another file, or none, to the program that is executed: it goes through a descriptor that
    /// may be closed by then.
    fn is_fleeting(&self) -> bool {
        let path = self.path.as_bytes();
        let absolute = path.starts_with(b"/");
        !absolute && self.dir != libc::AT_FDCWD || path.starts_with(b"/proc/") || path.starts_with(b"/dev/")
    }

    /// The checks of the kernel that come before it looks into the file.
    fn check(&self) -> Result<(), Errno> {
        let (dir, flags) = (Arg::from(self.dir), libc::AT_EACCESS | self.flags);
        let path = Arg::string(&self.path);
        host::call_now(libc::SYS_faccessat2, &[dir, path, libc::X_OK.into(), flags.into()])?;
        match host::file_type(self.dir, &self.path, self.flags)? {
            libc::S_IFREG => Ok(()),
            libc::S_IFLNK => Err(Errno(libc::ELOOP)),
            _ => Err(Errno(libc::EACCES)),
        }
    }

    /// Opens the file for reading.
    fn open(&self) -> Result<File, Errno> {
        let open = |dir: i32, path: &CStr| {
            let flags = libc::O_RDONLY | libc::O_CLOEXEC;
            host::new_file(libc::SYS_openat, &[dir.into(), Arg::string(path), flags.into()])
        };
        if !self.is_descriptor() {
            return open(self.dir, &self.path);
        }
        let again = open(libc::AT_FDCWD, &string(format!("/proc/self/fd/{}", self.dir))?);
        // Where there is no /proc, it has to be open for reading already.
        let duplicate = [self.dir.into(), libc::F_DUPFD_CLOEXEC.into(), 0.into()];
        again.or_else(|_| host::new_file(libc::SYS_fcntl, &duplicate))
    }

    /// Whether the descriptor that it starts from is closed when a program is executed.
    fn closes(&self) -> bool {
        let flags = host::call_now(libc::SYS_fcntl, &[self.dir.into(), libc::F_GETFD.into()]);
        let relative = !self.path.as_bytes().starts_with(b"/");
        relative && self.dir != libc::AT_FDCWD && flags.is_ok_and(|f| f as i32 & libc::FD_CLOEXEC != 0)
    }
}

/// Executes a file; returns only to fail.
fn execute(c: &Call<'_>, place: Place, argv: Vec<CString>, envp: &[CString]) -> SysResult {
    // The kernel gives a program an empty name if it is given none.
    let argv = if argv.is_empty() { vec![CString::default()] } else { argv };
    let mut command = Command { argv, envp };
    let name = place.name.clone();
    let mut place = place;
    for _ in 0..=SCRIPT_DEPTH {
        place.check()?;
        let file = match place.open() {
            Ok(file) => file,
            // It may be executed, but not read; by the kernel, that is.
            Err(Errno(libc::EACCES)) => return Err(run_native(c, &place, &command)),
            Err(errno) => return Err(errno),
        };
        match Start::of(&file)? {
            Start::BadScript => return Err(Errno(libc::ENOEXEC)),
            Start::Script(_) if place.closes() => return Err(Errno(libc::ENOENT)),
            Start::Script(script) => place = script_command(c, script, &place.name, &mut command)?,
            Start::Other => return Err(run_program(c, file, &place, &name, &command)),
        }
    }
    Err(Errno(libc::ELOOP))
}

/// What to run for a script: the interpreter with the rest of the first line as one argument, the script's path, and
/// its arguments.
fn script_command(
    c: &Call<'_>,
    script: Script,
    path: &CStr,
    command: &mut Command<'_>,
) -> Result<Place, Errno> {
    let interpreter = string(script.interpreter.clone())?;
    let before: Result<Vec<CString>, Errno> = script.command(path.to_bytes()).map(string).collect();
    command.argv.splice(..1, before?);
    Place::of(c, libc::AT_FDCWD, interpreter, 0)
}

/// Runs what is no script. `name` is what the program is told that it was executed by.
fn run_program(c: &Call<'_>, file: File, place: &Place, name: &CStr, command: &Command<'_>) -> Errno {
    let path = Path::new(OsStr::from_bytes(place.path.as_bytes()));
    let Ok(program) = ElfFile::read(file, path) else { return run_native(c, place, command) };
    if gains_rights(&program.file) {
        // Only the kernel can give them, if binfmt_misc lets it.
        let failure = run_native(c, place, command);
        if failure != Errno(libc::ENOEXEC) {
            return failure;
        }
    }
    match loader::check_interpreter(&program, c.process.info.sysroot.as_deref()) {
        Ok(()) => run_guest(c, &program, place, name, command),
        Err(errno) => errno,
    }
}

/// Whether executing the file changes the effective user or group.
fn gains_rights(file: &File) -> bool {
    let ids = host::credentials();
    file.metadata().is_ok_and(|file| {
        let mode = file.mode();
        mode & libc::S_ISUID != 0 && file.uid() != ids.euid
            || mode & libc::S_ISGID != 0 && file.gid() != ids.egid
    })
}

/// Runs a guest program under another instance of ourselves.
fn run_guest(c: &Call<'_>, program: &ElfFile, place: &Place, name: &CStr, command: &Command<'_>) -> Errno {
    let own = |bytes: &[u8]| CString::new(bytes).unwrap_or_default();
    let info = &c.process.info;
    let mut argv = vec![own(b"demotic")];
    argv.extend(info.restart.prefix.iter().map(|arg| own(arg.as_bytes())));
    if let Some(cpu) = info.cpu.as_ref().filter(|_| same_architecture(c.process.kind, program.kind)) {
        argv.extend([own(b"--cpu"), own(cpu.as_bytes())]);
    }
    // What cannot be opened again by its path is inherited open.
    let inherited = if place.is_fleeting() || place.name.as_c_str() != name {
        let duplicate = [program.file.as_raw_fd().into(), libc::F_DUPFD.into(), 0.into()];
        match host::new_file(libc::SYS_fcntl, &duplicate) {
            Ok(file) => Some(file),
            Err(errno) => return errno,
        }
    } else {
        None
    };
    if let Some(file) = &inherited {
        argv.extend([own(b"--exec-fd"), own(file.as_raw_fd().to_string().as_bytes())]);
    }
    let filters = match passing::to_pass_on(&c.process.seccomp.mode()) {
        Ok(filters) => filters,
        Err(errno) => return errno,
    };
    if let Some(file) = &filters {
        argv.extend([own(b"--filters-fd"), own(file.as_raw_fd().to_string().as_bytes())]);
    }
    let argv0 = command.argv.first().map_or(name, |name| name.as_c_str());
    argv.extend([own(b"--argv0"), argv0.to_owned(), own(b"--")]);
    argv.push(if inherited.is_some() { name.to_owned() } else { place.path.clone() });
    argv.extend(command.argv.iter().skip(1).cloned());
    prepare(c);
    // The host's kernel, by binfmt_misc, cannot pass on filters.
    let by_kernel = || match filters {
        Some(_) => Errno(libc::EACCES),
        None => host::execveat(place.dir, &place.path, &command.argv, command.envp, place.flags),
    };
    let failure = run_self(c, &argv, command.envp).unwrap_or_else(by_kernel);
    undo(c);
    failure
}

/// Executes ourselves; `None` when our executable cannot be reached from here (a bare chroot). Then binfmt_misc may be able
/// to, which has opened it beforehand.
fn run_self(c: &Call<'_>, argv: &[CString], envp: &[CString]) -> Option<Errno> {
    let named = c.process.info.restart.executable.as_ref();
    let named = named.and_then(|path| CString::new(path.as_os_str().as_bytes()).ok());
    let lost = |errno: &Errno| matches!(errno.0, libc::ENOENT | libc::ENOTDIR | libc::EACCES);
    std::iter::once(c"/proc/self/exe".to_owned())
        .chain(named)
        .map(|path| host::execve(&path, argv, envp))
        .find(|errno| !lost(errno))
}

fn same_architecture(one: GuestKind, other: GuestKind) -> bool {
    matches!(
        (one, other),
        (GuestKind::Arm { .. }, GuestKind::Arm { .. }) | (GuestKind::Mips { .. }, GuestKind::Mips { .. })
    )
}

/// Runs a program of the host, or has the host say why not.
fn run_native(c: &Call<'_>, place: &Place, command: &Command<'_>) -> Errno {
    if c.process.seccomp.mode().depth() != 0 {
        // The guest's filters, about the guest's calls, would be lost.
        return Errno(libc::EACCES);
    }
    prepare(c);
    let failure = host::execveat(place.dir, &place.path, &command.argv, command.envp, place.flags);
    undo(c);
    failure
}

/// Makes the host's signal state what the guest's is, as far as programs inherit it.
fn prepare(c: &Call<'_>) {
    c.process.limits.tell_stack();
    let signals = &c.process.signals;
    for signal in (1..=signals::COUNT as i32).filter(|&s| FAULT_BITS & 1 << (s - 1) != 0) {
        if signals.action(signal).handler == signals::IGNORE {
            // From here on a fault of ours is fatal either way.
            let _ = host_signal::set_any_disposition(signal, Disposition::Ignore);
        }
    }
}

/// Takes [`prepare`] back, as the program could not be executed.
fn undo(c: &Call<'_>) {
    let signals = &c.process.signals;
    let ignored = |s: &i32| FAULT_BITS & 1 << (s - 1) != 0 && signals.action(*s).handler == signals::IGNORE;
    if (1..=signals::COUNT as i32).any(|s| ignored(&s)) {
        demotic_translator::host::signal::reinstall_fault_handler();
    }
}
