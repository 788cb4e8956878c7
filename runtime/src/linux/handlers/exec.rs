//! Executing programs. A guest program is run by executing ourselves again, with the options that we were started with; a
//! script is run by its interpreter; everything else is the host kernel's to execute or refuse.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::linux::host::{self, Arg, Errno};
use crate::linux::host_signal::{self, Disposition, FAULT_BITS};
use crate::linux::signals;
use crate::linux::syscall::{Call, SysResult};
use crate::loader::{self, ElfError, LaunchError};

/// The most that arguments and environment may take.
const ARG_MAX: usize = 2 << 20;
/// How often scripts may be interpreted by scripts (Linux's limit).
const SCRIPT_DEPTH: usize = 5;

pub(crate) fn execve(c: &mut Call<'_>) -> SysResult {
    let path = c.guest_path(0)?;
    let argv = read_strings(c, c.uint(1))?;
    let envp = read_strings(c, c.uint(2))?;
    if path.is_empty() {
        return Err(Errno(libc::ENOENT));
    }
    execute(c, path, argv, &envp)
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

/// Executes `path` (as the guest spells it); returns only to fail.
fn execute(c: &Call<'_>, mut path: CString, mut argv: Vec<CString>, envp: &[CString]) -> SysResult {
    for _ in 0..SCRIPT_DEPTH {
        let host_path = c.process.followed_path(libc::AT_FDCWD, path.clone());
        check_executable(&host_path)?;
        let file = Path::new(std::ffi::OsStr::from_bytes(host_path.as_bytes()));
        match loader::identify(file) {
            Ok(_) => return Err(run_guest(c, &host_path, &argv, envp)),
            Err(LaunchError::Elf { error: ElfError::Script { .. }, .. }) => {
                (path, argv) = script_command(file, &path, argv)?;
            }
            Err(LaunchError::Open { error, .. }) => return Err(error.into()),
            Err(_) => return Err(run_native(c, &host_path, &argv, envp)),
        }
    }
    Err(Errno(libc::ELOOP))
}

/// The checks of the kernel that come before it looks into the file.
fn check_executable(path: &CStr) -> Result<(), Errno> {
    let args = [libc::AT_FDCWD.into(), Arg::string(path), libc::X_OK.into(), libc::AT_EACCESS.into()];
    host::call_now(libc::SYS_faccessat2, &args)?;
    let metadata = std::fs::metadata(std::ffi::OsStr::from_bytes(path.to_bytes()))?;
    if metadata.is_file() { Ok(()) } else { Err(Errno(libc::EACCES)) }
}

/// What to run for a script: the interpreter with the rest of the first line as one argument, the script's path, and
/// its arguments.
fn script_command(file: &Path, path: &CStr, argv: Vec<CString>) -> Result<(CString, Vec<CString>), Errno> {
    let mut start = [0; 256];
    let len = File::open(file)?.read(&mut start)?;
    let line = start[..len].split(|&b| b == b'\n').next().and_then(|l| l.strip_prefix(b"#!"));
    let line = line.ok_or(Errno(libc::ENOEXEC))?.trim_ascii();
    let (interpreter, rest) = match line.iter().position(u8::is_ascii_whitespace) {
        Some(end) => (&line[..end], line[end..].trim_ascii()),
        None => (line, &b""[..]),
    };
    if interpreter.is_empty() {
        return Err(Errno(libc::ENOEXEC));
    }
    let string = |bytes: &[u8]| CString::new(bytes).map_err(|_| Errno(libc::ENOEXEC));
    let interpreter = string(interpreter)?;
    let mut command = vec![interpreter.clone()];
    if !rest.is_empty() {
        command.push(string(rest)?);
    }
    command.push(path.to_owned());
    command.extend(argv.into_iter().skip(1));
    Ok((interpreter, command))
}

/// Runs a guest program under another instance of ourselves.
fn run_guest(c: &Call<'_>, path: &CStr, argv: &[CString], envp: &[CString]) -> Errno {
    let own = |bytes: &[u8]| CString::new(bytes).unwrap_or_default();
    let mut command = vec![own(b"demotic")];
    command.extend(c.process.info.exec_prefix.iter().map(|arg| own(arg.as_bytes())));
    let name = argv.first().map_or(path, |name| name.as_c_str());
    command.extend([own(b"--argv0"), name.to_owned(), own(b"--"), path.to_owned()]);
    command.extend(argv.iter().skip(1).cloned());
    prepare(c);
    let failure = host::execve(c"/proc/self/exe", &command, envp);
    undo(c);
    failure
}

/// Runs a program of the host, or has the host say why not.
fn run_native(c: &Call<'_>, path: &CStr, argv: &[CString], envp: &[CString]) -> Errno {
    prepare(c);
    let failure = host::execve(path, argv, envp);
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
