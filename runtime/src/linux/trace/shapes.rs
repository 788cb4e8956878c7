//! What stands behind addresses: strings, buffers and the usual structures, in short.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{is_mips, names};
use crate::linux::LinuxProcess;
use crate::linux::handlers::ioctl;

/// The longest part of a string that is shown, and the most parts of a list.
const SHOWN: usize = 32;
const PARTS: u32 = 16;

/// An argument of a call, and what the call gave if it is over.
pub(super) struct View<'a> {
    pub(super) process: &'a LinuxProcess,
    pub(super) args: &'a [u64; 7],
    pub(super) index: usize,
    pub(super) got: Option<u64>,
}

impl View<'_> {
    fn value(&self) -> u32 {
        self.args[self.index] as u32
    }

    /// The argument so much further on.
    fn later(&self, distance: usize) -> u32 {
        self.args.get(self.index + distance).map_or(0, |value| *value as u32)
    }

    fn word_at(&self, addr: u32) -> Option<u32> {
        self.process.memory.read_u32(addr).ok()
    }

    /// A word of the structure.
    fn word(&self, index: u32) -> Option<u32> {
        self.field(4 * index)
    }

    /// A word at an offset in the structure.
    fn field(&self, offset: u32) -> Option<u32> {
        if self.value() == 0 { None } else { self.word_at(self.value().wrapping_add(offset)) }
    }

    /// 64 bits of the structure.
    fn wide_field(&self, offset: u32) -> Option<u64> {
        match self.value() {
            0 => None,
            addr => self.process.memory.read_u64(addr.wrapping_add(offset)).ok(),
        }
    }

    fn half_at(&self, offset: u32) -> Option<u16> {
        self.process.memory.read_u16(self.value().wrapping_add(offset)).ok()
    }

    /// The name of one of the guest's signals.
    fn signal(&self, number: u32) -> Option<String> {
        self.process.abi.signal_to_host(number).map(|number| names::signal(self.is_mips(), number))
    }

    fn is_mips(&self) -> bool {
        is_mips(self.process.kind)
    }
}

/// An address.
pub(super) fn pointer(addr: u32) -> String {
    if addr == 0 { "NULL".into() } else { format!("{addr:#x}") }
}

/// Bytes in quotes, as much of them as is shown.
fn quoted(bytes: &[u8], whole: bool) -> String {
    let shown = bytes.get(..SHOWN).unwrap_or(bytes);
    let more = if shown.len() < bytes.len() || !whole { "..." } else { "" };
    format!("\"{}\"{more}", shown.escape_ascii())
}

/// A string that ends by a zero.
pub(super) fn string(process: &LinuxProcess, addr: u32) -> String {
    const PATH_MAX: usize = 4096;
    match process.memory.read_cstring(addr, PATH_MAX) {
        // Names of files are shown in full.
        Ok(Some(bytes)) if addr != 0 => format!("\"{}\"", bytes.escape_ascii()),
        _ => pointer(addr),
    }
}

/// `len` bytes at an address.
fn bytes(process: &LinuxProcess, addr: u32, len: u32) -> Option<String> {
    let shown = len.min(SHOWN as u32);
    let mut bytes = vec![0; shown as usize];
    process.memory.read_bytes(addr, &mut bytes).ok()?;
    Some(quoted(&bytes, shown == len))
}

/// A buffer: as long as the next argument says, or as the call has filled it.
pub(super) fn data(v: &View<'_>) -> Option<String> {
    let len = v.later(1);
    bytes(v.process, v.value(), v.got.map_or(len, |got| len.min(got as u32)))
}

pub(super) fn hex(v: &View<'_>) -> Option<String> {
    Some(pointer(v.value()))
}

/// A request of ioctl.
pub(super) fn request(v: &View<'_>) -> Option<String> {
    ioctl::name(v.process.abi, v.value()).map(str::to_string)
}

/// A command of fcntl.
pub(super) fn fcntl(v: &View<'_>) -> Option<String> {
    let own = |&(number, _): &(u32, &str)| v.is_mips() && number == v.value();
    let set = if names::FCNTL_MIPS.iter().any(own) { names::FCNTL_MIPS } else { names::FCNTL };
    Some(names::one(v.value(), set))
}

/// A number of pages.
pub(super) fn pages(v: &View<'_>) -> Option<String> {
    Some(if v.value() == 0 { "0".into() } else { format!("{:#x}", v.value()) })
}

/// A number that is pointed to, in brackets.
pub(super) fn word(v: &View<'_>) -> Option<String> {
    Some(format!("[{}]", v.word(0)? as i32))
}

pub(super) fn wide(v: &View<'_>) -> Option<String> {
    Some(format!("[{}]", v.wide_field(0)?))
}

pub(super) fn pair(v: &View<'_>) -> Option<String> {
    Some(format!("[{}, {}]", v.word(0)? as i32, v.word(1)? as i32))
}

fn seconds(v: &View<'_>, offset: u32, fraction: &str) -> Option<String> {
    let (seconds, part) = (v.field(offset)? as i32, v.field(offset + 4)? as i32);
    Some(format!("{{tv_sec={seconds}, {fraction}={part}}}"))
}

fn wide_seconds(v: &View<'_>, offset: u32) -> Option<String> {
    let (seconds, part) = (v.wide_field(offset)? as i64, v.wide_field(offset + 8)? as i64);
    Some(format!("{{tv_sec={seconds}, tv_nsec={part}}}"))
}

pub(super) fn timespec(v: &View<'_>) -> Option<String> {
    seconds(v, 0, "tv_nsec")
}

pub(super) fn timespec64(v: &View<'_>) -> Option<String> {
    wide_seconds(v, 0)
}

pub(super) fn timeval(v: &View<'_>) -> Option<String> {
    seconds(v, 0, "tv_usec")
}

pub(super) fn two_timespecs(v: &View<'_>) -> Option<String> {
    Some(format!("[{}, {}]", seconds(v, 0, "tv_nsec")?, seconds(v, 8, "tv_nsec")?))
}

pub(super) fn two_timespecs64(v: &View<'_>) -> Option<String> {
    Some(format!("[{}, {}]", wide_seconds(v, 0)?, wide_seconds(v, 16)?))
}

fn timer(interval: &str, value: &str) -> String {
    format!("{{it_interval={interval}, it_value={value}}}")
}

pub(super) fn itimerval(v: &View<'_>) -> Option<String> {
    Some(timer(&seconds(v, 0, "tv_usec")?, &seconds(v, 8, "tv_usec")?))
}

pub(super) fn itimerspec(v: &View<'_>) -> Option<String> {
    Some(timer(&seconds(v, 0, "tv_nsec")?, &seconds(v, 8, "tv_nsec")?))
}

pub(super) fn itimerspec64(v: &View<'_>) -> Option<String> {
    Some(timer(&wide_seconds(v, 0)?, &wide_seconds(v, 16)?))
}

fn file(mode: u32, size: u64) -> String {
    const KIND: u32 = 0o170000;
    let kind = names::one(mode & KIND, names::FILE_TYPE);
    format!("{{st_mode={kind}|0{:o}, st_size={size}, ...}}", mode & !KIND)
}

pub(super) fn stat(v: &View<'_>) -> Option<String> {
    if v.is_mips() {
        return Some(file(v.field(20)?, v.field(48)?.into()));
    }
    Some(file(v.half_at(8)?.into(), v.field(20)?.into()))
}

pub(super) fn stat64(v: &View<'_>) -> Option<String> {
    let (mode, size) = if v.is_mips() { (24, 56) } else { (16, 48) };
    Some(file(v.field(mode)?, v.wide_field(size)?))
}

pub(super) fn statx(v: &View<'_>) -> Option<String> {
    Some(file(v.half_at(28)?.into(), v.wide_field(40)?).replace("st_", "stx_"))
}

pub(super) fn rlimit(v: &View<'_>) -> Option<String> {
    let infinity = v.process.abi.numbers().rlim_infinity;
    let limit = |n: u32| if n == infinity { "RLIM_INFINITY".into() } else { n.to_string() };
    Some(format!("{{rlim_cur={}, rlim_max={}}}", limit(v.word(0)?), limit(v.word(1)?)))
}

pub(super) fn rlimit64(v: &View<'_>) -> Option<String> {
    let limit = |n: u64| if n == u64::MAX { "RLIM64_INFINITY".into() } else { n.to_string() };
    Some(format!("{{rlim_cur={}, rlim_max={}}}", limit(v.wide_field(0)?), limit(v.wide_field(8)?)))
}

/// The number of a resource; MIPS has its own.
pub(super) fn resource(v: &View<'_>) -> Option<String> {
    const NAMES: [&str; 16] = [
        "CPU",
        "FSIZE",
        "DATA",
        "STACK",
        "CORE",
        "RSS",
        "NPROC",
        "NOFILE",
        "MEMLOCK",
        "AS",
        "LOCKS",
        "SIGPENDING",
        "MSGQUEUE",
        "NICE",
        "RTPRIO",
        "RTTIME",
    ];
    let place = v.process.abi.numbers().rlimits.iter().position(|&number| number == v.value());
    let host = place.map_or(v.value() as usize, |place| 5 + place);
    Some(NAMES.get(host).map_or_else(|| host.to_string(), |name| format!("RLIMIT_{name}")))
}

pub(super) fn utsname(v: &View<'_>) -> Option<String> {
    const FIELD: u32 = 65;
    let field = |index: u32| {
        let text = v.process.memory.read_cstring(v.value().wrapping_add(FIELD * index), FIELD as usize);
        Some(quoted(&text.ok()??, true))
    };
    Some(format!("{{sysname={}, nodename={}, ..., machine={}, ...}}", field(0)?, field(1)?, field(4)?))
}

/// How a child has ended.
pub(super) fn status(v: &View<'_>) -> Option<String> {
    let status = v.word(0)? as i32;
    let signal = |guest: i32| v.signal(guest as u32).unwrap_or("?".into());
    Some(if libc::WIFEXITED(status) {
        format!("[{{WIFEXITED(s) && WEXITSTATUS(s) == {}}}]", libc::WEXITSTATUS(status))
    } else if libc::WIFSTOPPED(status) {
        format!("[{{WIFSTOPPED(s) && WSTOPSIG(s) == {}}}]", signal(libc::WSTOPSIG(status)))
    } else {
        format!("[{{WIFSIGNALED(s) && WTERMSIG(s) == {}}}]", signal(libc::WTERMSIG(status)))
    })
}

/// An address of a socket: as long as the next argument says, or what it points to.
pub(super) fn sockaddr(v: &View<'_>) -> Option<String> {
    const LONGEST: u32 = 128;
    let len = if v.got.is_some() { v.word_at(v.later(1))? } else { v.later(1) };
    socket_address(v, v.value(), len.min(LONGEST))
}

fn socket_address(v: &View<'_>, addr: u32, len: u32) -> Option<String> {
    if addr == 0 {
        return None;
    }
    let mut raw = vec![0; len as usize];
    v.process.memory.read_bytes(addr, &mut raw).ok()?;
    let family = v.process.memory.read_u16(addr).ok()?;
    let port = || Some(u16::from_be_bytes(*raw.get(2..)?.first_chunk()?));
    let text = match i32::from(family) {
        libc::AF_UNIX => match raw.get(2..) {
            None | Some([]) => String::new(),
            Some([0, name @ ..]) => format!(", sun_path=@{}", quoted(name, true)),
            Some(path) => {
                format!(", sun_path={}", quoted(path.split(|&b| b == 0).next().unwrap_or_default(), true))
            }
        },
        libc::AF_INET => {
            let ip: [u8; 4] = *raw.get(4..)?.first_chunk()?;
            format!(", sin_port=htons({}), sin_addr=inet_addr(\"{}\")", port()?, Ipv4Addr::from(ip))
        }
        libc::AF_INET6 => {
            let ip: [u8; 16] = *raw.get(8..)?.first_chunk()?;
            format!(
                ", sin6_port=htons({}), inet_pton(AF_INET6, \"{}\", &sin6_addr)",
                port()?,
                Ipv6Addr::from(ip)
            )
        }
        libc::AF_NETLINK => {
            let word = |offset: u32| v.word_at(addr.wrapping_add(offset));
            format!(", nl_pid={}, nl_groups={:#010x}", word(4)?, word(8)?)
        }
        _ => ", ...".into(),
    };
    Some(format!("{{sa_family={}{text}}}", names::one(family.into(), names::FAMILY)))
}

/// The parts at an address, of which `got` bytes have been transferred.
fn parts(v: &View<'_>, addr: u32, count: u32) -> Option<String> {
    let mut left = v.got.map(|got| got as u32);
    let mut texts = Vec::new();
    for i in 0..count.min(PARTS) {
        let entry = addr.wrapping_add(8 * i);
        let (base, len) = (v.word_at(entry)?, v.word_at(entry.wrapping_add(4))?);
        let shown = left.map_or(len, |left| left.min(len));
        left = left.map(|left| left - shown);
        let text = bytes(v.process, base, shown).unwrap_or_else(|| pointer(base));
        texts.push(format!("{{iov_base={text}, iov_len={len}}}"));
    }
    let more = if count > PARTS { ", ..." } else { "" };
    Some(format!("[{}{more}]", texts.join(", ")))
}

pub(super) fn iovec(v: &View<'_>) -> Option<String> {
    parts(v, v.value(), v.later(1))
}

pub(super) fn msghdr(v: &View<'_>) -> Option<String> {
    let (name, name_len) = (v.word(0)?, v.word(1)?);
    let address = socket_address(v, name, name_len.min(128)).unwrap_or_else(|| pointer(name));
    let data = parts(v, v.word(2)?, v.word(3)?)?;
    Some(format!(
        "{{msg_name={address}, msg_namelen={name_len}, msg_iov={data}, msg_iovlen={}, msg_controllen={}, msg_flags={}}}",
        v.word(3)?,
        v.word(5)?,
        names::flags(v.word(6)?, names::MSG)
    ))
}

pub(super) fn pollfds(v: &View<'_>) -> Option<String> {
    let mut texts = Vec::new();
    for i in 0..v.later(1).min(PARTS) {
        let events = |offset| Some(names::flags(v.half_at(8 * i + offset)?.into(), names::POLL));
        texts.push(format!(
            "{{fd={}, events={}, revents={}}}",
            v.word(2 * i)? as i32,
            events(4)?,
            events(6)?
        ));
    }
    Some(format!("[{}]", texts.join(", ")))
}

pub(super) fn fd_set(v: &View<'_>) -> Option<String> {
    const MOST: u32 = 1024;
    let mut open = Vec::new();
    for fd in 0..(v.args[0] as u32).min(MOST) {
        if v.word(fd / 32)? >> (fd % 32) & 1 != 0 {
            open.push(fd.to_string());
        }
    }
    Some(format!("[{}]", open.join(" ")))
}

fn event(v: &View<'_>, offset: u32) -> Option<String> {
    let events = names::flags(v.field(offset)?, names::EPOLL);
    Some(format!("{{events={events}, data={:#x}}}", v.wide_field(offset + 8)?))
}

pub(super) fn epoll_event(v: &View<'_>) -> Option<String> {
    event(v, 0)
}

pub(super) fn epoll_events(v: &View<'_>) -> Option<String> {
    let count = (v.got? as u32).min(PARTS);
    let texts = (0..count).map(|i| event(v, 16 * i)).collect::<Option<Vec<_>>>()?;
    Some(format!("[{}]", texts.join(", ")))
}

pub(super) fn sigset(v: &View<'_>) -> Option<String> {
    if v.value() == 0 {
        return None;
    }
    Some(names::signals(v.is_mips(), v.process.abi.read_sigset(&v.process.memory, v.value()).ok()?))
}

pub(super) fn sig_how(v: &View<'_>) -> Option<String> {
    let how = v.value().wrapping_sub(v.process.abi.numbers().sig_block);
    Some(names::one(how, &[(0, "SIG_BLOCK"), (1, "SIG_UNBLOCK"), (2, "SIG_SETMASK")]))
}

pub(super) fn sigaction(v: &View<'_>) -> Option<String> {
    if v.value() == 0 {
        return None;
    }
    let action = v.process.abi.read_rt_action(&v.process.memory, v.value()).ok()?;
    let handler = match action.handler {
        0 => "SIG_DFL".into(),
        1 => "SIG_IGN".into(),
        handler => format!("{handler:#x}"),
    };
    let (mask, flags) = (names::signals(v.is_mips(), action.mask), names::flags(action.flags, names::ACTION));
    Some(format!("{{sa_handler={handler}, sa_mask={mask}, sa_flags={flags}}}"))
}

/// The flags of clone, with the signal at the child's end.
pub(super) fn clone_flags(v: &View<'_>) -> Option<String> {
    const SIGNAL: u32 = 0xff;
    let (flags, signal) = (v.value() & !SIGNAL, v.value() & SIGNAL);
    let signal = v.signal(signal);
    let flags = (flags != 0).then(|| names::flags(flags, names::CLONE));
    Some([flags, signal].into_iter().flatten().collect::<Vec<_>>().join("|"))
}

/// Flags that have the numbers of those of open.
pub(super) fn open_flags(v: &View<'_>) -> Option<String> {
    let flags = v.process.abi.open_flags_to_host(v.value());
    Some(names::flags(flags, names::OPEN))
}

pub(super) fn map_flags(v: &View<'_>) -> Option<String> {
    const KNOWN: [(u32, &str); 4] =
        [(3, "MAP_SHARED_VALIDATE"), (1, "MAP_SHARED"), (2, "MAP_PRIVATE"), (0x10, "MAP_FIXED")];
    let numbers = v.process.abi.numbers();
    let own = [
        (numbers.map_anonymous, "MAP_ANONYMOUS"),
        (numbers.map_fixed_noreplace, "MAP_FIXED_NOREPLACE"),
        (numbers.map_populate, "MAP_POPULATE"),
    ];
    let mut left = v.value();
    let mut texts = Vec::new();
    for (bits, name) in KNOWN.into_iter().chain(own) {
        if left & bits == bits {
            left &= !bits;
            texts.push(name.to_string());
        }
    }
    if left != 0 {
        texts.push(format!("{left:#x}"));
    }
    Some(texts.join("|"))
}

pub(super) fn socket_type(v: &View<'_>) -> Option<String> {
    const TYPE: u32 = 0xf;
    let numbers = v.process.abi.numbers();
    let kind = match v.value() & TYPE {
        kind if kind == numbers.sock_types[0] => 1,
        kind if kind == numbers.sock_types[1] => 2,
        kind => kind,
    };
    Some([names::one(kind, names::SOCKET_TYPE), flags_of_socket(v)].concat())
}

pub(super) fn socket_flags(v: &View<'_>) -> Option<String> {
    let flags = flags_of_socket(v);
    Some(if flags.is_empty() { "0".into() } else { flags[1..].into() })
}

/// The flags in the type of a socket, each after a bar.
fn flags_of_socket(v: &View<'_>) -> String {
    const TYPE: u32 = 0xf;
    let nonblock = v.process.abi.numbers().sock_nonblock;
    let mut text = String::new();
    let rest = v.value() & !TYPE & !nonblock;
    if rest != 0 {
        text = format!("|{}", names::flags(rest, names::SOCKET_FLAGS));
    }
    if v.value() & nonblock != 0 {
        text.push_str("|SOCK_NONBLOCK");
    }
    text
}

/// The level of an option.
pub(super) fn level(v: &View<'_>) -> Option<String> {
    const NAMES: names::Names = &[
        (0, "SOL_IP"),
        (6, "SOL_TCP"),
        (17, "SOL_UDP"),
        (41, "SOL_IPV6"),
        (255, "SOL_RAW"),
        (263, "SOL_PACKET"),
        (270, "SOL_NETLINK"),
    ];
    let socket = v.value() == v.process.abi.numbers().sol_socket;
    Some(if socket { "SOL_SOCKET".into() } else { names::one(v.value(), NAMES) })
}

/// An option of a level, by the host's name.
pub(super) fn socket_option(v: &View<'_>) -> Option<String> {
    if v.args[1] as u32 != v.process.abi.numbers().sol_socket {
        return Some(v.value().to_string());
    }
    let known = v.process.abi.socket_option(v.value());
    Some(known.map_or_else(|| v.value().to_string(), |host| names::one(host, names::SOCKET_OPTION)))
}

/// The operation of futex.
pub(super) fn futex(v: &View<'_>) -> Option<String> {
    const FLAGS: u32 = 0x180;
    let operation = names::one(v.value() & !FLAGS, names::FUTEX);
    Some(match v.value() & FLAGS {
        0 => operation,
        flags => format!("{operation}|{}", names::flags(flags, names::FUTEX_FLAGS)),
    })
}

/// The fourth argument of futex: a time, or a number.
fn futex_limit(v: &View<'_>, time: Option<String>) -> Option<String> {
    const COMMAND: u64 = 0x7f;
    let waits = matches!(v.args[1] & COMMAND, 0 | 6 | 9 | 11 | 13);
    if waits { time } else { Some(v.value().to_string()) }
}

pub(super) fn futex_time(v: &View<'_>) -> Option<String> {
    futex_limit(v, timespec(v))
}

pub(super) fn futex_time64(v: &View<'_>) -> Option<String> {
    futex_limit(v, timespec64(v))
}

/// The addresses in a list that ends by a zero.
fn list(v: &View<'_>) -> Option<Vec<u32>> {
    const MOST: u32 = 4096;
    let mut addresses = Vec::new();
    for i in 0..MOST {
        match v.word(i)? {
            0 => break,
            addr => addresses.push(addr),
        }
    }
    Some(addresses)
}

pub(super) fn strings(v: &View<'_>) -> Option<String> {
    let texts: Vec<String> = list(v)?.into_iter().map(|addr| string(v.process, addr)).collect();
    Some(format!("[{}]", texts.join(", ")))
}

/// How many strings an environment has.
pub(super) fn count(v: &View<'_>) -> Option<String> {
    Some(format!("{:#x} /* {} vars */", v.value(), list(v)?.len()))
}
