//! What belongs nowhere else: limits and usage, identification, scheduling, futexes, calls of one architecture.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::linux::abi::Encoder;
use crate::linux::host::{self, Arg, Errno, Plain};
use crate::linux::siginfo::{Fields, SigInfo};
use crate::linux::syscall::{After, Call, SysResult};
use crate::loader::{GuestKind, machine};

use super::time::{Width, optional_timespec};

/// Names the process after its program, for `ps`.
pub(crate) fn set_name(program: &Path) {
    let name = program.file_name().map(|name| CString::new(name.as_bytes()).unwrap_or_default());
    if let Some(name) = name {
        // It is only a name.
        let _ = host::call_now(libc::SYS_prctl, &[libc::PR_SET_NAME.into(), Arg::string(&name)]);
    }
}

pub(crate) fn restart_syscall(_: &mut Call<'_>) -> SysResult {
    // Calls are wound back instead, so nothing is ever left to restart.
    Err(Errno(libc::EINTR))
}

pub(crate) fn nice(c: &mut Call<'_>) -> SysResult {
    // The host's getpriority gives 20 less the value.
    let now = 20 - host::call(libc::SYS_getpriority, &[libc::PRIO_PROCESS.into(), 0.into()])? as i32;
    let wanted = now.saturating_add(c.int(0)).clamp(-20, 19);
    host::call(libc::SYS_setpriority, &[libc::PRIO_PROCESS.into(), 0.into(), wanted.into()])
        .map_err(|errno| if errno.0 == libc::EACCES { Errno(libc::EPERM) } else { errno })
}

/// The host's number of a resource.
fn resource(c: &Call<'_>, index: usize) -> u32 {
    let guest = c.uint(index);
    let place = c.abi().numbers().rlimits.iter().position(|&number| number == guest);
    place.map_or(guest, |place| 5 + place as u32)
}

/// A limit in 32 bits.
fn narrow_limit(c: &Call<'_>, value: u64) -> u32 {
    let infinity = c.abi().numbers().rlim_infinity;
    u32::try_from(value).map_or(infinity, |value| value.min(infinity))
}

fn widen_limit(c: &Call<'_>, value: u32) -> u64 {
    if value == c.abi().numbers().rlim_infinity { libc::RLIM_INFINITY } else { u64::from(value) }
}

/// Limits of address space are kept from the host: they would count the guest's whole window.
fn is_ours(resource: u32) -> bool {
    matches!(resource, libc::RLIMIT_AS | libc::RLIMIT_DATA | libc::RLIMIT_STACK)
}

pub(crate) fn getrlimit(c: &mut Call<'_>) -> SysResult {
    let mut limit = libc::rlimit::zeroed();
    host::call(libc::SYS_getrlimit, &[resource(c, 0).into(), Arg::output(&mut limit)])?;
    let (current, max) = (narrow_limit(c, limit.rlim_cur), narrow_limit(c, limit.rlim_max));
    c.memory().write_u32(c.uint(1), current)?;
    c.memory().write_u32(c.uint(1).wrapping_add(4), max)?;
    Ok(0)
}

pub(crate) fn setrlimit(c: &mut Call<'_>) -> SysResult {
    let limit = libc::rlimit {
        rlim_cur: widen_limit(c, c.memory().read_u32(c.uint(1))?),
        rlim_max: widen_limit(c, c.memory().read_u32(c.uint(1).wrapping_add(4))?),
    };
    let resource = resource(c, 0);
    if is_ours(resource) {
        return Ok(0);
    }
    host::call(libc::SYS_setrlimit, &[resource.into(), Arg::input(&limit)])
}

pub(crate) fn prlimit64(c: &mut Call<'_>) -> SysResult {
    let resource = resource(c, 1);
    let new = match c.uint(2) {
        0 => None,
        addr => Some(libc::rlimit {
            rlim_cur: c.memory().read_u64(addr)?,
            rlim_max: c.memory().read_u64(addr.wrapping_add(8))?,
        }),
    };
    let mut old = libc::rlimit::zeroed();
    let new = new.as_ref().filter(|_| !is_ours(resource)).map_or(Arg::null(), Arg::input);
    host::call(libc::SYS_prlimit64, &[c.int_arg(0), resource.into(), new, Arg::output(&mut old)])?;
    if c.uint(3) != 0 {
        c.memory().write_u64(c.uint(3), old.rlim_cur)?;
        c.memory().write_u64(c.uint(3).wrapping_add(8), old.rlim_max)?;
    }
    Ok(0)
}

pub(crate) fn getrusage(c: &mut Call<'_>) -> SysResult {
    let mut used = libc::rusage::zeroed();
    host::call(libc::SYS_getrusage, &[c.int_arg(0), Arg::output(&mut used)])?;
    write_rusage(c, c.uint(1), &used)?;
    Ok(0)
}

/// Writes a `struct rusage`: all fields are words.
pub(super) fn write_rusage(c: &Call<'_>, addr: u32, used: &libc::rusage) -> Result<(), Errno> {
    let mut e = Encoder::new(c.memory().is_big());
    let fields = [
        used.ru_utime.tv_sec,
        used.ru_utime.tv_usec,
        used.ru_stime.tv_sec,
        used.ru_stime.tv_usec,
        used.ru_maxrss,
        used.ru_ixrss,
        used.ru_idrss,
        used.ru_isrss,
        used.ru_minflt,
        used.ru_majflt,
        used.ru_nswap,
        used.ru_inblock,
        used.ru_oublock,
        used.ru_msgsnd,
        used.ru_msgrcv,
        used.ru_nsignals,
        used.ru_nvcsw,
        used.ru_nivcsw,
    ];
    for field in fields {
        e.u32(field as u32);
    }
    Ok(c.memory().write_bytes(addr, e.as_bytes())?)
}

pub(crate) fn sysinfo(c: &mut Call<'_>) -> SysResult {
    let mut info = libc::sysinfo::zeroed();
    host::call(libc::SYS_sysinfo, &[Arg::output(&mut info)])?;
    // Memory is counted in units that make the largest number fit.
    let largest = info.totalram.max(info.totalswap).saturating_mul(u64::from(info.mem_unit));
    let mut unit = 1u64;
    while largest / unit > u64::from(u32::MAX) {
        unit *= 2;
    }
    let scaled = |value: u64| (value.saturating_mul(u64::from(info.mem_unit)) / unit) as u32;
    let mut e = Encoder::new(c.memory().is_big());
    e.u32(info.uptime as u32);
    info.loads.iter().for_each(|&load| {
        e.u32(load as u32);
    });
    for value in [info.totalram, info.freeram, info.sharedram, info.bufferram, info.totalswap, info.freeswap]
    {
        e.u32(scaled(value));
    }
    e.u16(info.procs).u16(0).u32(scaled(info.totalhigh)).u32(scaled(info.freehigh)).u32(unit as u32);
    e.pad_to(64);
    c.memory().write_bytes(c.uint(0), e.as_bytes())?;
    Ok(0)
}

pub(crate) fn uname(c: &mut Call<'_>) -> SysResult {
    const FIELD: usize = 65;
    let mut name = libc::utsname::zeroed();
    host::call(libc::SYS_uname, &[Arg::output(&mut name)])?;
    let mut e = Encoder::new(c.memory().is_big());
    for field in [&name.sysname, &name.nodename, &name.release, &name.version] {
        e.bytes(&field.map(|b| b as u8));
    }
    e.bytes(machine(c.process.kind).as_bytes()).pad_to(5 * FIELD);
    e.bytes(&name.domainname.map(|b| b as u8));
    c.memory().write_bytes(c.uint(0), e.as_bytes())?;
    Ok(0)
}

/// Kept, and given back: the bits of it that matter here are fixed when a program is loaded.
pub(crate) fn personality(c: &mut Call<'_>) -> SysResult {
    const ASK: u32 = u32::MAX;
    let old = c.process.personality;
    if c.uint(0) != ASK {
        c.process.personality = c.uint(0);
    }
    Ok(u64::from(old))
}

/// `prctl`: sets the mode of the floating-point registers.
const PR_SET_FP_MODE: i32 = 45;
/// `prctl`: asks for it.
const PR_GET_FP_MODE: i32 = 46;

/// MIPS: asks for, or sets, the mode of the floating-point registers. It is fixed when the program starts.
fn fp_mode(c: &mut Call<'_>, option: i32, wanted: u32) -> SysResult {
    let GuestKind::Mips { config, .. } = c.process.kind else { return Err(Errno(libc::EINVAL)) };
    let mode = u32::from(config.fr) | u32::from(config.fre) << 1;
    match option {
        PR_GET_FP_MODE => Ok(u64::from(mode)),
        _ if wanted == mode => Ok(0),
        _ => Err(Errno(libc::EOPNOTSUPP)),
    }
}

pub(crate) fn prctl(c: &mut Call<'_>) -> SysResult {
    let (option, value) = (c.int(0), c.uint(1));
    match option {
        libc::PR_SET_NAME => {
            let name = c.string_at(value)?;
            host::call(libc::SYS_prctl, &[option.into(), Arg::string(&name)])
        }
        libc::PR_GET_NAME => host::call(libc::SYS_prctl, &[option.into(), c.buffer(value, 16)?]),
        libc::PR_SET_PDEATHSIG => {
            let signal = match value {
                0 => 0,
                guest => c.abi().signal_to_host(guest).ok_or(Errno(libc::EINVAL))?,
            };
            host::call(libc::SYS_prctl, &[option.into(), signal.into()])
        }
        libc::PR_GET_PDEATHSIG => {
            let mut signal = 0i32;
            host::call(libc::SYS_prctl, &[option.into(), Arg::output(&mut signal)])?;
            let guest = if signal == 0 { 0 } else { c.abi().signal_to_guest(signal) };
            c.memory().write_u32(value, guest)?;
            Ok(0)
        }
        libc::PR_SET_DUMPABLE
        | libc::PR_GET_DUMPABLE
        | libc::PR_SET_NO_NEW_PRIVS
        | libc::PR_GET_NO_NEW_PRIVS
        | libc::PR_SET_KEEPCAPS
        | libc::PR_GET_KEEPCAPS
        | libc::PR_SET_CHILD_SUBREAPER
        | libc::PR_CAPBSET_READ
        | libc::PR_SET_TIMERSLACK
        | libc::PR_GET_TIMERSLACK => host::call(
            libc::SYS_prctl,
            &[option.into(), c.uint_arg(1), c.uint_arg(2), c.uint_arg(3), c.uint_arg(4)],
        ),
        PR_GET_FP_MODE | PR_SET_FP_MODE => fp_mode(c, option, value),
        _ => {
            tracing::debug!(target: "syscall", "prctl option {option} is not supported");
            Err(Errno(libc::EINVAL))
        }
    }
}

pub(crate) fn sched_setscheduler(c: &mut Call<'_>) -> SysResult {
    let priority = c.memory().read_u32(c.uint(2))? as i32;
    host::call(libc::SYS_sched_setscheduler, &[c.int_arg(0), c.int_arg(1), Arg::input(&priority)])
}

pub(crate) fn sched_setparam(c: &mut Call<'_>) -> SysResult {
    let priority = c.memory().read_u32(c.uint(1))? as i32;
    host::call(libc::SYS_sched_setparam, &[c.int_arg(0), Arg::input(&priority)])
}

pub(crate) fn sched_getparam(c: &mut Call<'_>) -> SysResult {
    let mut priority = 0i32;
    host::call(libc::SYS_sched_getparam, &[c.int_arg(0), Arg::output(&mut priority)])?;
    c.memory().write_u32(c.uint(1), priority as u32)?;
    Ok(0)
}

/// Sets of processors are arrays of words.
pub(crate) fn sched_getaffinity(c: &mut Call<'_>) -> SysResult {
    let mut mask = [0u64; 16];
    let size = c.uint(1).min(128);
    if !size.is_multiple_of(4) {
        return Err(Errno(libc::EINVAL));
    }
    let args = [c.int_arg(0), 128.into(), Arg::output(&mut mask)];
    let got = host::call(libc::SYS_sched_getaffinity, &args)? as u32;
    let count = got.min(size) / 4;
    for word in 0..count {
        let value = mask[word as usize / 2] >> (32 * (word % 2));
        c.memory().write_u32(c.uint(2).wrapping_add(4 * word), value as u32)?;
    }
    Ok(u64::from(4 * count))
}

pub(crate) fn sched_setaffinity(c: &mut Call<'_>) -> SysResult {
    let mut mask = [0u64; 16];
    for word in 0..c.uint(1).min(128) / 4 {
        let value = u64::from(c.memory().read_u32(c.uint(2).wrapping_add(4 * word))?);
        mask[word as usize / 2] |= value << (32 * (word % 2));
    }
    host::call(libc::SYS_sched_setaffinity, &[c.int_arg(0), 128.into(), Arg::input(&mask)])
}

pub(crate) fn getcpu(c: &mut Call<'_>) -> SysResult {
    let (mut cpu, mut node) = (0u32, 0u32);
    host::call(libc::SYS_getcpu, &[Arg::output(&mut cpu), Arg::output(&mut node), Arg::null()])?;
    for (addr, value) in [(c.uint(0), cpu), (c.uint(1), node)] {
        if addr != 0 {
            c.memory().write_u32(addr, value)?;
        }
    }
    Ok(0)
}

pub(crate) fn capget(c: &mut Call<'_>) -> SysResult {
    capabilities(c, libc::SYS_capget)
}

pub(crate) fn capset(c: &mut Call<'_>) -> SysResult {
    capabilities(c, libc::SYS_capset)
}

/// Header (version, process) and data (six words) are words both ways.
fn capabilities(c: &Call<'_>, number: i64) -> SysResult {
    let word = |addr: u32, i: usize| addr.wrapping_add(4 * i as u32);
    let mut header = [c.memory().read_u32(c.uint(0))?, c.memory().read_u32(word(c.uint(0), 1))?];
    let mut data = [0u32; 6];
    let set = number == libc::SYS_capset;
    if set {
        for (i, value) in data.iter_mut().enumerate() {
            *value = c.memory().read_u32(word(c.uint(1), i))?;
        }
    }
    let wanted = c.uint(1) != 0;
    let data_arg = if wanted { Arg::output(&mut data) } else { Arg::null() };
    let result = host::call(number, &[Arg::output(&mut header), data_arg]);
    c.memory().write_u32(c.uint(0), header[0])?;
    if result.is_ok() && wanted && !set {
        // Version 1 has half of it.
        let count = if header[0] == 0x1998_0330 { 3 } else { 6 };
        for (i, &value) in data.iter().take(count).enumerate() {
            c.memory().write_u32(word(c.uint(1), i), value)?;
        }
    }
    result
}

pub(crate) fn futex(c: &mut Call<'_>) -> SysResult {
    futex_call(c, Width::Short)
}

pub(crate) fn futex_time64(c: &mut Call<'_>) -> SysResult {
    futex_call(c, Width::Long)
}

fn futex_call(c: &Call<'_>, width: Width) -> SysResult {
    let (addr, op) = (c.uint(0), c.int(1));
    if !addr.is_multiple_of(4) {
        return Err(Errno(libc::EINVAL));
    }
    let word = c.buffer(addr, 4)?;
    let command = op & libc::FUTEX_CMD_MASK;
    match command {
        libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET => {
            let timeout = optional_timespec(c, c.uint(3), width)?;
            let timeout = timeout.as_ref().map_or(Arg::null(), Arg::input);
            // The kernel compares in its own byte order.
            let expected = if c.memory().is_big() { c.uint(2).swap_bytes() } else { c.uint(2) };
            let args = [word, op.into(), expected.into(), timeout, Arg::null(), c.uint_arg(5)];
            host::call(libc::SYS_futex, &args)
        }
        libc::FUTEX_WAKE | libc::FUTEX_WAKE_BITSET => {
            let args = [word, op.into(), c.uint_arg(2), Arg::null(), Arg::null(), c.uint_arg(5)];
            host::call(libc::SYS_futex, &args)
        }
        libc::FUTEX_REQUEUE | libc::FUTEX_CMP_REQUEUE => {
            let other = c.buffer(c.uint(4), 4)?;
            let expected = if c.memory().is_big() { c.uint(5).swap_bytes() } else { c.uint(5) };
            // The fourth argument is a number here.
            let args = [word, op.into(), c.uint_arg(2), c.uint_arg(3), other, expected.into()];
            host::call(libc::SYS_futex, &args)
        }
        _ => {
            tracing::debug!(target: "syscall", "futex command {command} is not supported");
            Err(Errno(libc::ENOSYS))
        }
    }
}

pub(crate) fn fadvise64(c: &mut Call<'_>) -> SysResult {
    host::call(libc::SYS_fadvise64, &[c.int_arg(0), c.long(1).into(), c.long(2).into(), c.int_arg(3)])
}

pub(crate) fn fadvise64_64(c: &mut Call<'_>) -> SysResult {
    host::call(libc::SYS_fadvise64, &[c.int_arg(0), c.long(2).into(), c.long(3).into(), c.int_arg(1)])
}

pub(crate) fn sync_file_range2(c: &mut Call<'_>) -> SysResult {
    host::call(libc::SYS_sync_file_range, &[c.int_arg(0), c.long(2).into(), c.long(3).into(), c.uint_arg(1)])
}

pub(crate) fn umount(c: &mut Call<'_>) -> SysResult {
    let path = c.path(0)?;
    host::call(libc::SYS_umount2, &[Arg::string(&path), 0.into()])
}

pub(crate) fn set_tls(c: &mut Call<'_>) -> SysResult {
    let value = c.uint(0);
    c.cpu.set32(c.abi().tls_slot(), value);
    Ok(0)
}

pub(crate) fn get_tls(c: &mut Call<'_>) -> SysResult {
    Ok(u64::from(c.cpu.get32(c.abi().tls_slot())))
}

/// `cacheflush(start, end, flags)`.
pub(crate) fn arm_cacheflush(c: &mut Call<'_>) -> SysResult {
    let (start, end) = (c.long(0), c.long(1));
    if end < start || c.uint(2) != 0 {
        return Err(Errno(libc::EINVAL));
    }
    c.engine.invalidate(start, end);
    Ok(0)
}

/// `cacheflush(start, length, caches)`.
pub(crate) fn mips_cacheflush(c: &mut Call<'_>) -> SysResult {
    c.engine.invalidate(c.long(0), c.long(0) + c.long(1));
    Ok(0)
}

/// `SWI 0x9f0001`.
pub(crate) fn arm_breakpoint(c: &mut Call<'_>) -> SysResult {
    super::signal::hold_signals()?;
    let at = Fields::Address(c.cpu.get32(c.abi().pc_slot()));
    let info = SigInfo::raised(libc::SIGTRAP, 1, at);
    c.after = After::KeepRegisters;
    c.process.raise(c.cpu, c.engine, &info);
    Ok(0)
}

pub(crate) fn arm_usr32(_: &mut Call<'_>) -> SysResult {
    // There is no other mode.
    Ok(0)
}

pub(crate) fn sysmips(c: &mut Call<'_>) -> SysResult {
    const FLUSH_CACHE: i32 = 3;
    const MIPS_FIXADE: i32 = 7;
    const MIPS_ATOMIC_SET: i32 = 2001;
    match c.int(0) {
        // Unaligned accesses are always carried out.
        FLUSH_CACHE | MIPS_FIXADE => Ok(0),
        MIPS_ATOMIC_SET => {
            let addr = c.uint(1);
            if !addr.is_multiple_of(4) {
                return Err(Errno(libc::EINVAL));
            }
            Ok(u64::from(c.memory().exchange_u32(addr, c.uint(2))?))
        }
        _ => Err(Errno(libc::EINVAL)),
    }
}

/// `syscall(number, …)`: the arguments of the other call begin one further on.
pub(crate) fn indirect(c: &mut Call<'_>) -> SysResult {
    const INDIRECT: u32 = 4000;
    let number = c.uint(0);
    if number == INDIRECT {
        return Err(Errno(libc::EINVAL));
    }
    // What a wound-back call goes back to is the instruction, which is one word long.
    let pc = c.cpu.get32(c.abi().pc_slot()).wrapping_sub(4);
    c.after = After::KeepRegisters;
    c.process.numbered_call(c.cpu, c.engine, pc, number, 1);
    Ok(0)
}
