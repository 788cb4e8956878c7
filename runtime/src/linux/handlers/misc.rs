//! What belongs nowhere else: identification, calls of one architecture.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::Ordering;

use crate::linux::ProcessInfo;
use crate::linux::abi::Encoder;
use crate::linux::host::{self, Arg, Errno, Plain};
use crate::linux::siginfo::{Fields, SigInfo};
use crate::linux::syscall::{After, Call, SysResult};
use crate::loader::machine;

/// Names the process after its program, for `ps`.
pub(crate) fn set_name(info: &ProcessInfo) {
    let by_descriptor = info.executed_as.parent().is_some_and(|parent| parent == Path::new("/dev/fd"));
    let path = if by_descriptor { &info.program } else { &info.executed_as };
    let name = path.file_name().map(|name| CString::new(name.as_bytes()).unwrap_or_default());
    if let Some(name) = name {
        // It is only a name.
        let _ = host::call_now(libc::SYS_prctl, &[libc::PR_SET_NAME.into(), Arg::string(&name)]);
    }
}

pub(crate) fn restart_syscall(_: &mut Call<'_>) -> SysResult {
    // Calls are wound back instead, so nothing is ever left to restart.
    Err(Errno(libc::EINTR))
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
    if let Some(release) = &c.process.info.uname {
        let bytes = release.bytes().take(FIELD - 1).chain(std::iter::repeat(0));
        name.release.iter_mut().zip(bytes).for_each(|(to, from)| *to = from as libc::c_char);
    }
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
    let personality = &c.process.group.personality;
    let old = match c.uint(0) {
        ASK => personality.load(Ordering::Relaxed),
        new => personality.swap(new, Ordering::Relaxed),
    };
    Ok(u64::from(old))
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
