//! System calls as text on stderr, one line each, much as `strace` prints them.

use std::fmt::Write;

use super::LinuxProcess;
use super::host::Errno;
use super::syscall::{ArgKind, SysResult, Syscall};

/// The longest part of a string that is shown.
const SHOWN: usize = 60;

/// Prints a call and its arguments.
pub(crate) fn enter(process: &LinuxProcess, row: &Syscall, args: &[u64; 7]) {
    let mut line = format!("{} {}(", std::process::id(), row.name);
    for (i, (kind, &value)) in row.args.iter().zip(args).enumerate() {
        if i > 0 {
            line.push_str(", ");
        }
        // Writing to a string cannot fail.
        let _ = argument(process, *kind, value, &mut line);
    }
    line.push(')');
    eprint!("{line}");
}

fn argument(process: &LinuxProcess, kind: ArgKind, value: u64, line: &mut String) -> std::fmt::Result {
    match kind {
        ArgKind::Int | ArgKind::Pid | ArgKind::Id16 => write!(line, "{}", value as i32),
        ArgKind::Fd if value as i32 == libc::AT_FDCWD => line.write_str("AT_FDCWD"),
        ArgKind::Fd => write!(line, "{}", value as i32),
        ArgKind::Uint | ArgKind::Size | ArgKind::Offset64 => write!(line, "{value}"),
        ArgKind::Mode => write!(line, "{value:#o}"),
        ArgKind::Signal => write!(line, "signal {value}"),
        ArgKind::Path | ArgKind::Str => match process.memory.read_cstring(value as u32, 4096) {
            Ok(Some(bytes)) => {
                let shown = bytes.get(..SHOWN).unwrap_or(&bytes);
                let more = if shown.len() < bytes.len() { "..." } else { "" };
                write!(line, "\"{}\"{more}", shown.escape_ascii())
            }
            _ => write!(line, "{value:#x}"),
        },
        ArgKind::Flags | ArgKind::OpenFlags | ArgKind::Buffer | ArgKind::Pointer => {
            write!(line, "{value:#x}")
        }
    }
}

/// Prints a call's result.
pub(crate) fn leave(row: &Syscall, result: SysResult) {
    match result {
        Ok(value) if row.args.is_empty() || (value as i32) < 4096 => eprintln!(" = {}", value as i32),
        Ok(value) => eprintln!(" = {:#x}", value as u32),
        Err(Errno::RESTART | Errno::NOT_BEGUN) => eprintln!(" = ? (interrupted)"),
        Err(errno) => {
            let error = std::io::Error::from_raw_os_error(errno.0);
            eprintln!(
                " = -1 errno={} ({})",
                errno.0,
                error.to_string().split(" (os").next().unwrap_or_default()
            );
        }
    }
}
