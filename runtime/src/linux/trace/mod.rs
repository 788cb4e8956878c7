//! System calls and signals as text on stderr, as strace writes them with `-f`: each line begins with the thread's number.
//!
//! A call is one line, written when it is over. One that is going to wait is written at once, with `<unfinished ...>`, and
//! what it gives comes later, in a line of its own; so other threads and processes never write into the middle.
//!
//! How arguments look is said by their kinds in the tables of calls, and where that is not enough, by `tables/shown.tbl`.

mod names;
mod shapes;

use super::LinuxProcess;
use super::host::{self, Arg, Errno};
use super::siginfo::{Fields, SigInfo};
use super::syscall::{ArgKind, SysResult, Syscall};
use crate::loader::GuestKind;
use names::Names;
use shapes::View;

/// How an argument is shown.
enum Shown {
    /// As its kind says.
    Kind,
    /// A set of bits.
    Flags(Names),
    /// One of several numbers.
    One(Names),
    /// A structure, as the call finds it.
    In(fn(&View<'_>) -> Option<String>),
    /// A structure, as the call leaves it.
    Out(fn(&View<'_>) -> Option<String>),
}

include!(concat!(env!("OUT_DIR"), "/shown.rs"));

/// A call in progress.
pub(crate) struct Started {
    args: [u64; 7],
    /// The text of those arguments that can be shown before the call.
    before: Vec<Option<String>>,
    /// Whether the line has been written as far as it goes.
    unfinished: bool,
}

/// Calls that always wait, or may never come back.
static WAITING: [&str; 34] = [
    "wait4",
    "waitpid",
    "waitid",
    "nanosleep",
    "clock_nanosleep",
    "clock_nanosleep_time64",
    "poll",
    "ppoll",
    "ppoll_time64",
    "select",
    "_newselect",
    "pselect6",
    "pselect6_time64",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "pause",
    "sigsuspend",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "rt_sigtimedwait_time64",
    "flock",
    "msgrcv",
    "semop",
    "semtimedop",
    "semtimedop_time64",
    "mq_timedreceive",
    "mq_timedreceive_time64",
    "fork",
    "vfork",
    "clone",
    "clone3",
    "execve",
    "execveat",
];
/// Calls that wait when there is nothing to read.
static READING: [&str; 9] =
    ["read", "readv", "recv", "recvfrom", "recvmsg", "recvmmsg", "recvmmsg_time64", "accept", "accept4"];
/// Calls that do not come back.
static ENDING: [&str; 2] = ["exit", "exit_group"];

/// Whether a call is going to wait, as far as that can be said.
fn waits(row: &Syscall, args: &[u64; 7]) -> bool {
    const FUTEX_COMMAND: u64 = 0x7f;
    let futex_waits = |operation: u64| matches!(operation & FUTEX_COMMAND, 0 | 6 | 9 | 11 | 13);
    match row.name {
        "futex" | "futex_time64" => futex_waits(args[1]),
        name if READING.contains(&name) => !is_readable(args[0] as i32),
        name => WAITING.contains(&name),
    }
}

fn is_readable(fd: i32) -> bool {
    let mut polled = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let ready = host::call_now(libc::SYS_poll, &[Arg::output(&mut polled), 1.into(), 0.into()]);
    ready != Ok(0)
}

/// Writes a line at once, so that those of several threads do not mix, and without a lock, which a forked child might
/// find taken. Where nothing can be written, nothing is.
fn line(text: &str) {
    let text = format!("{} {text}\n", host::thread_id());
    let args = [libc::STDERR_FILENO.into(), Arg::inputs(text.as_bytes()), text.len().into()];
    let _ = host::call_now(libc::SYS_write, &args);
}

/// A call begins.
pub(crate) fn enter(process: &LinuxProcess, row: &Syscall, args: &[u64; 7]) -> Started {
    let before: Vec<Option<String>> =
        (0..row.args.len()).map(|index| argument(process, row, args, index, None)).collect();
    let unfinished = waits(row, args);
    let started = Started { args: *args, before, unfinished };
    let known: Vec<&str> = started.before.iter().map_while(|text| text.as_deref()).collect();
    if ENDING.contains(&row.name) {
        line(&format!("{}({}) = ?", row.name, known.join(", ")));
    } else if unfinished {
        let more = if known.is_empty() || known.len() == row.args.len() { "" } else { "," };
        line(&format!("{}({}{more} <unfinished ...>", row.name, known.join(", ")));
    }
    started
}

/// A call is over.
pub(crate) fn leave(process: &LinuxProcess, row: &Syscall, started: &Started, result: SysResult) {
    if ENDING.contains(&row.name) {
        return;
    }
    let mut texts = Vec::new();
    let written =
        if started.unfinished { started.before.iter().take_while(|text| text.is_some()).count() } else { 0 };
    for (index, before) in started.before.iter().enumerate().skip(written) {
        let after = || argument(process, row, &started.args, index, Some(result)).unwrap_or_default();
        texts.push(before.clone().unwrap_or_else(after));
    }
    let texts = texts.join(", ");
    let result = outcome(row, result);
    if started.unfinished {
        line(&format!("<... {} resumed>{texts}) = {result}", row.name));
    } else {
        line(&format!("{}({texts}) = {result}", row.name));
    }
}

/// What a call gives.
fn outcome(row: &Syscall, result: SysResult) -> String {
    let address = matches!(row.name, "mmap" | "mmap2" | "mremap" | "brk" | "shmat");
    match result {
        Ok(value) if address => format!("{:#x}", value as u32),
        Ok(value) => (value as i32).to_string(),
        Err(Errno::RESTART) => "? ERESTARTSYS (To be restarted if SA_RESTART is set)".into(),
        Err(Errno::NOT_BEGUN) => "? ERESTARTNOINTR (To be restarted)".into(),
        Err(errno) => {
            let error = std::io::Error::from_raw_os_error(errno.0).to_string();
            format!("-1 {} ({})", names::error(errno.0), error.split(" (os").next().unwrap_or_default())
        }
    }
}

/// An argument's text: before the call, `None` if only the call makes it known; after it, always.
fn argument(
    process: &LinuxProcess,
    row: &Syscall,
    args: &[u64; 7],
    index: usize,
    result: Option<SysResult>,
) -> Option<String> {
    let value = args[index];
    let got = match result {
        Some(Ok(got)) => Some(got),
        _ => None,
    };
    let view = View { process, args, index, got };
    let number = value as u32;
    let place = SHOWN.binary_search_by_key(&row.name, |(name, _)| *name);
    let shown = place.ok().and_then(|place| SHOWN[place].1.get(index)).unwrap_or(&Shown::Kind);
    match shown {
        Shown::Kind => Some(by_kind(process, row.args[index], value)),
        Shown::Flags(set) => Some(names::flags(number, set)),
        Shown::One(set) => Some(names::one(number, set)),
        Shown::In(shape) => Some(shape(&view).unwrap_or_else(|| shapes::pointer(number))),
        Shown::Out(_) if number == 0 => Some("NULL".into()),
        Shown::Out(_) if result.is_none() => None,
        Shown::Out(shape) if got.is_some() => Some(shape(&view).unwrap_or_else(|| shapes::pointer(number))),
        Shown::Out(_) => Some(shapes::pointer(number)),
    }
}

fn by_kind(process: &LinuxProcess, kind: ArgKind, value: u64) -> String {
    let number = value as u32;
    match kind {
        ArgKind::Fd if value as i32 == libc::AT_FDCWD => "AT_FDCWD".into(),
        ArgKind::Int | ArgKind::Pid | ArgKind::Id16 | ArgKind::Fd => (value as i32).to_string(),
        ArgKind::Uint | ArgKind::Size | ArgKind::Offset64 => value.to_string(),
        ArgKind::Mode => format!("{value:#05o}").replacen("0o", "0", 1),
        ArgKind::Signal if number == 0 => "0".into(),
        ArgKind::Signal => {
            let name = |number| names::signal(is_mips(process.kind), number);
            process.abi.signal_to_host(number).map_or_else(|| number.to_string(), name)
        }
        ArgKind::Path | ArgKind::Str => shapes::string(process, number),
        ArgKind::OpenFlags => {
            let flags = process.abi.open_flags_to_host(number);
            let access = names::one(flags & 3, names::ACCESS_MODE);
            match flags & !3 {
                0 => access,
                more => format!("{access}|{}", names::flags(more, names::OPEN)),
            }
        }
        ArgKind::Flags => names::flags(number, &[]),
        ArgKind::Buffer | ArgKind::Pointer => shapes::pointer(number),
    }
}

fn is_mips(guest: GuestKind) -> bool {
    matches!(guest, GuestKind::Mips { .. })
}

/// The name of what `si_code` says.
fn code(info: &SigInfo) -> String {
    let own = match info.signal {
        libc::SIGCHLD => names::CHILD_CODE,
        libc::SIGSEGV => names::SEGV_CODE,
        libc::SIGBUS => names::BUS_CODE,
        libc::SIGILL => names::ILL_CODE,
        libc::SIGFPE => names::FPE_CODE,
        libc::SIGTRAP => names::TRAP_CODE,
        libc::SIGSYS => names::SYS_CODE,
        _ => &[],
    };
    let set = if (1..0x80).contains(&info.code) { own } else { names::SENDER_CODE };
    names::one(info.code as u32, set)
}

/// A signal is delivered.
pub(crate) fn signal(guest: GuestKind, info: &SigInfo) {
    let name = names::signal(is_mips(guest), info.signal);
    let fields = match info.fields {
        Fields::None | Fields::Words(_) => String::new(),
        Fields::Sender { pid, uid } => format!(", si_pid={pid}, si_uid={uid}"),
        Fields::Queued { pid, uid, value } => {
            format!(
                ", si_pid={pid}, si_uid={uid}, si_value={{sival_int={}, sival_ptr={value:#x}}}",
                value as i32
            )
        }
        Fields::Timer { id, overrun, value } => {
            format!(
                ", si_timerid={id:#x}, si_overrun={overrun}, si_value={{sival_int={}, sival_ptr={value:#x}}}",
                value as i32
            )
        }
        Fields::Child { pid, uid, status, utime, stime } => {
            let exited = info.code == libc::CLD_EXITED;
            let status = if exited { status.to_string() } else { names::signal(is_mips(guest), status) };
            format!(", si_pid={pid}, si_uid={uid}, si_status={status}, si_utime={utime}, si_stime={stime}")
        }
        Fields::Address(addr) => format!(", si_addr={}", shapes::pointer(addr)),
        Fields::Call { address, number, arch } => {
            format!(", si_call_addr={address:#x}, si_syscall={number}, si_arch={arch:#x}")
        }
        Fields::Poll { band, fd } => format!(", si_band={band}, si_fd={fd}"),
    };
    line(&format!("--- {name} {{si_signo={name}, si_code={}{fields}}} ---", code(info)));
}

/// The process ends.
pub(crate) fn end(guest: GuestKind, status: super::ExitStatus) {
    match status {
        super::ExitStatus::Code(code) => line(&format!("+++ exited with {code} +++")),
        super::ExitStatus::Signal(signal) => {
            line(&format!("+++ killed by {} +++", names::signal(is_mips(guest), signal)));
        }
    }
}
