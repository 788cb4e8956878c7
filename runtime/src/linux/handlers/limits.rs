//! Limits of resources, and how much of them is used.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::linux::abi::Encoder;
use crate::linux::host::{self, Arg, Errno, Plain};
use crate::linux::syscall::{Call, SysResult};

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

/// A limit: soft and hard.
type Limit = [u64; 2];

/// Limits that the program has set but the host has not been told: they would count the guest's whole window, or hold
/// for our own stack.
#[derive(Debug, Default)]
pub(crate) struct KeptLimits(Mutex<[Option<Limit>; KEPT.len()]>);

/// Which those are.
const KEPT: [u32; 3] = [libc::RLIMIT_AS, libc::RLIMIT_DATA, libc::RLIMIT_STACK];

impl KeptLimits {
    fn limits(&self) -> MutexGuard<'_, [Option<Limit>; KEPT.len()]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a new process has.
    pub(crate) fn for_child(&self) -> KeptLimits {
        KeptLimits(Mutex::new(*self.limits()))
    }

    /// A limit, if it is one that the program has set and the host does not know.
    pub(crate) fn kept(&self, resource: u32) -> Option<[u64; 2]> {
        let place = KEPT.iter().position(|&kept| kept == resource)?;
        self.limits().get(place).copied().flatten()
    }

    /// Tells the host how large the stack of a program that is about to be executed may be.
    pub(super) fn tell_stack(&self) {
        if let Some(limit) = self.limits()[2] {
            // Where the host refuses, the program has the stack that this one had.
            let _ = host::call_now(libc::SYS_setrlimit, &[libc::RLIMIT_STACK.into(), Arg::input(&limit)]);
        }
    }
}

/// The place of a limit that is kept, if it is the caller's own.
fn kept(resource: u32, pid: i32) -> Option<usize> {
    let own = pid == 0 || pid as u32 == std::process::id();
    KEPT.iter().position(|&kept| kept == resource).filter(|_| own)
}

/// Sets a limit of a process if `new` says so; gives what it was.
fn exchange(c: &Call<'_>, pid: i32, resource: u32, new: Option<Limit>) -> Result<Limit, Errno> {
    let mut old: Limit = [0; 2];
    let place = kept(resource, pid);
    let told = new.as_ref().filter(|_| place.is_none()).map_or(Arg::null(), Arg::input);
    host::call(libc::SYS_prlimit64, &[pid.into(), resource.into(), told, Arg::output(&mut old)])?;
    let Some(place) = place else { return Ok(old) };
    let mut limits = c.process.limits.limits();
    let old = limits[place].unwrap_or(old);
    if let Some(new) = new {
        if new[0] > new[1] {
            return Err(Errno(libc::EINVAL));
        }
        if new[1] > old[1] && host::credentials().euid != 0 {
            return Err(Errno(libc::EPERM));
        }
        limits[place] = Some(new);
        if resource == libc::RLIMIT_STACK {
            c.memory().set_growth_limit(new[0]);
        }
    }
    Ok(old)
}

pub(crate) fn getrlimit(c: &mut Call<'_>) -> SysResult {
    let limit = exchange(c, 0, resource(c, 0), None)?;
    for (i, value) in limit.into_iter().enumerate() {
        c.memory().write_u32(c.uint(1).wrapping_add(4 * i as u32), narrow_limit(c, value))?;
    }
    Ok(0)
}

pub(crate) fn setrlimit(c: &mut Call<'_>) -> SysResult {
    let word = |i: u32| c.memory().read_u32(c.uint(1).wrapping_add(4 * i));
    let limit = [widen_limit(c, word(0)?), widen_limit(c, word(1)?)];
    exchange(c, 0, resource(c, 0), Some(limit))?;
    Ok(0)
}

pub(crate) fn prlimit64(c: &mut Call<'_>) -> SysResult {
    let new = match c.uint(2) {
        0 => None,
        addr => Some([c.memory().read_u64(addr)?, c.memory().read_u64(addr.wrapping_add(8))?]),
    };
    let old = exchange(c, c.int(0), resource(c, 1), new)?;
    if c.uint(3) != 0 {
        c.memory().write_u64(c.uint(3), old[0])?;
        c.memory().write_u64(c.uint(3).wrapping_add(8), old[1])?;
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
