//! Clocks, sleeping, timers, file times. Each call exists with 32-bit times and, as `…_time64` or `…64`, with 64-bit ones.

use crate::linux::host::{self, Arg, Errno, Plain};
use crate::linux::syscall::{Call, SysResult};

/// The width of the times of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// Seconds and nanoseconds in 32 bits each.
    Short,
    /// In 64 bits each.
    Long,
}

/// Reads a `struct timespec`.
pub(crate) fn read_timespec(c: &Call<'_>, addr: u32, width: Width) -> Result<libc::timespec, Errno> {
    let memory = c.memory();
    let (tv_sec, tv_nsec) = match width {
        Width::Short => {
            (memory.read_u32(addr)? as i32 as i64, memory.read_u32(addr.wrapping_add(4))? as i32 as i64)
        }
        // The upper half of the nanoseconds is padding to a 32-bit program.
        Width::Long => {
            (memory.read_u64(addr)? as i64, i64::from(memory.read_u64(addr.wrapping_add(8))? as u32 as i32))
        }
    };
    Ok(libc::timespec { tv_sec, tv_nsec })
}

/// Writes a `struct timespec`.
pub(super) fn write_timespec(
    c: &Call<'_>,
    addr: u32,
    width: Width,
    time: &libc::timespec,
) -> Result<(), Errno> {
    write_pair(c, addr, width, time.tv_sec, time.tv_nsec)
}

fn write_pair(c: &Call<'_>, addr: u32, width: Width, seconds: i64, fraction: i64) -> Result<(), Errno> {
    let memory = c.memory();
    match width {
        Width::Short => {
            memory.write_u32(addr, seconds as u32)?;
            memory.write_u32(addr.wrapping_add(4), fraction as u32)?;
        }
        Width::Long => {
            memory.write_u64(addr, seconds as u64)?;
            memory.write_u64(addr.wrapping_add(8), fraction as u64)?;
        }
    }
    Ok(())
}

/// Reads a `struct timespec` that may be missing.
pub(crate) fn optional_timespec(
    c: &Call<'_>,
    addr: u32,
    width: Width,
) -> Result<Option<libc::timespec>, Errno> {
    if addr == 0 { Ok(None) } else { read_timespec(c, addr, width).map(Some) }
}

/// Reads a `struct timeval`.
pub(super) fn read_timeval(c: &Call<'_>, addr: u32) -> Result<libc::timeval, Errno> {
    let time = read_timespec(c, addr, Width::Short)?;
    Ok(libc::timeval { tv_sec: time.tv_sec, tv_usec: time.tv_nsec })
}

/// Writes a `struct timeval`.
pub(super) fn write_timeval(c: &Call<'_>, addr: u32, time: &libc::timeval) -> Result<(), Errno> {
    write_pair(c, addr, Width::Short, time.tv_sec, time.tv_usec)
}

pub(crate) fn time(c: &mut Call<'_>) -> SysResult {
    let now = host::call(libc::SYS_time, &[Arg::null()])?;
    if c.uint(0) != 0 {
        c.memory().write_u32(c.uint(0), now as u32)?;
    }
    Ok(now as u32 as u64)
}

pub(crate) fn times(c: &mut Call<'_>) -> SysResult {
    let mut times = libc::tms::zeroed();
    let ticks = host::call(libc::SYS_times, &[Arg::output(&mut times)])?;
    if c.uint(0) != 0 {
        let fields = [times.tms_utime, times.tms_stime, times.tms_cutime, times.tms_cstime];
        for (i, field) in fields.into_iter().enumerate() {
            c.memory().write_u32(c.uint(0).wrapping_add(4 * i as u32), field as u32)?;
        }
    }
    Ok(ticks)
}

pub(crate) fn gettimeofday(c: &mut Call<'_>) -> SysResult {
    const NANOSECONDS: i64 = 1000;
    if c.uint(0) != 0 {
        let now = host::clock_time(libc::CLOCK_REALTIME)?;
        write_pair(c, c.uint(0), Width::Short, now.tv_sec, now.tv_nsec / NANOSECONDS)?;
    }
    if c.uint(1) != 0 {
        let mut zone = [0i32; 2];
        host::call(libc::SYS_gettimeofday, &[Arg::null(), Arg::output(&mut zone)])?;
        write_pair(c, c.uint(1), Width::Short, zone[0].into(), zone[1].into())?;
    }
    Ok(0)
}

pub(crate) fn clock_gettime(c: &mut Call<'_>) -> SysResult {
    write_timespec(c, c.uint(1), Width::Short, &host::clock_time(c.int(0))?)?;
    Ok(0)
}

pub(crate) fn clock_gettime64(c: &mut Call<'_>) -> SysResult {
    write_timespec(c, c.uint(1), Width::Long, &host::clock_time(c.int(0))?)?;
    Ok(0)
}

pub(crate) fn clock_getres(c: &mut Call<'_>) -> SysResult {
    ask_clock(c, libc::SYS_clock_getres, Width::Short)
}

pub(crate) fn clock_getres_time64(c: &mut Call<'_>) -> SysResult {
    ask_clock(c, libc::SYS_clock_getres, Width::Long)
}

/// A question about the first argument that is answered by a time.
fn ask_clock(c: &Call<'_>, number: i64, width: Width) -> SysResult {
    let mut time = libc::timespec::zeroed();
    host::call(number, &[c.int_arg(0), Arg::output(&mut time)])?;
    // The resolution may be asked for without wanting to know it.
    if c.uint(1) != 0 || number != libc::SYS_clock_getres {
        write_timespec(c, c.uint(1), width, &time)?;
    }
    Ok(0)
}

pub(crate) fn clock_settime(c: &mut Call<'_>) -> SysResult {
    let time = read_timespec(c, c.uint(1), Width::Short)?;
    host::call(libc::SYS_clock_settime, &[c.int_arg(0), Arg::input(&time)])
}

pub(crate) fn clock_settime64(c: &mut Call<'_>) -> SysResult {
    let time = read_timespec(c, c.uint(1), Width::Long)?;
    host::call(libc::SYS_clock_settime, &[c.int_arg(0), Arg::input(&time)])
}

pub(crate) fn nanosleep(c: &mut Call<'_>) -> SysResult {
    let time = read_timespec(c, c.uint(0), Width::Short)?;
    let mut left = libc::timespec::zeroed();
    let result = host::call(libc::SYS_nanosleep, &[Arg::input(&time), Arg::output(&mut left)]);
    write_left(c, c.uint(1), Width::Short, &left, result)
}

pub(crate) fn clock_nanosleep(c: &mut Call<'_>) -> SysResult {
    sleep_on(c, Width::Short)
}

pub(crate) fn clock_nanosleep_time64(c: &mut Call<'_>) -> SysResult {
    sleep_on(c, Width::Long)
}

fn sleep_on(c: &Call<'_>, width: Width) -> SysResult {
    let time = read_timespec(c, c.uint(2), width)?;
    let mut left = libc::timespec::zeroed();
    let args = [c.int_arg(0), c.uint_arg(1), Arg::input(&time), Arg::output(&mut left)];
    let result = host::call(libc::SYS_clock_nanosleep, &args);
    let relative = c.int(1) & libc::TIMER_ABSTIME == 0;
    write_left(c, if relative { c.uint(3) } else { 0 }, width, &left, result)
}

/// Writes what is left of an interrupted sleep.
fn write_left(c: &Call<'_>, addr: u32, width: Width, left: &libc::timespec, result: SysResult) -> SysResult {
    if result == Err(Errno(libc::EINTR)) && addr != 0 {
        write_timespec(c, addr, width, left)?;
    }
    result
}

pub(crate) fn sched_rr_get_interval(c: &mut Call<'_>) -> SysResult {
    ask_clock(c, libc::SYS_sched_rr_get_interval, Width::Short)
}

pub(crate) fn sched_rr_get_interval_time64(c: &mut Call<'_>) -> SysResult {
    ask_clock(c, libc::SYS_sched_rr_get_interval, Width::Long)
}

pub(crate) fn setitimer(c: &mut Call<'_>) -> SysResult {
    let new = libc::itimerval {
        it_interval: read_timeval(c, c.uint(1))?,
        it_value: read_timeval(c, c.uint(1).wrapping_add(8))?,
    };
    let mut old = libc::itimerval::zeroed();
    let args = [c.int_arg(0), Arg::input(&new), Arg::output(&mut old)];
    host::call(libc::SYS_setitimer, &args)?;
    if c.uint(2) != 0 {
        write_itimerval(c, c.uint(2), &old)?;
    }
    Ok(0)
}

pub(crate) fn getitimer(c: &mut Call<'_>) -> SysResult {
    let mut now = libc::itimerval::zeroed();
    host::call(libc::SYS_getitimer, &[c.int_arg(0), Arg::output(&mut now)])?;
    write_itimerval(c, c.uint(1), &now)?;
    Ok(0)
}

fn write_itimerval(c: &Call<'_>, addr: u32, timer: &libc::itimerval) -> Result<(), Errno> {
    write_timeval(c, addr, &timer.it_interval)?;
    write_timeval(c, addr.wrapping_add(8), &timer.it_value)
}

pub(crate) fn timerfd_settime(c: &mut Call<'_>) -> SysResult {
    set_timerfd(c, Width::Short)
}

pub(crate) fn timerfd_settime64(c: &mut Call<'_>) -> SysResult {
    set_timerfd(c, Width::Long)
}

pub(crate) fn timerfd_gettime(c: &mut Call<'_>) -> SysResult {
    get_timerfd(c, Width::Short)
}

pub(crate) fn timerfd_gettime64(c: &mut Call<'_>) -> SysResult {
    get_timerfd(c, Width::Long)
}

/// Bytes from the interval to the value of a `struct itimerspec`.
fn value_offset(width: Width) -> u32 {
    if width == Width::Short { 8 } else { 16 }
}

fn set_timerfd(c: &Call<'_>, width: Width) -> SysResult {
    let new = read_itimerspec(c, c.uint(2), width)?;
    let mut old = libc::itimerspec::zeroed();
    let args = [c.int_arg(0), c.uint_arg(1), Arg::input(&new), Arg::output(&mut old)];
    host::call(libc::SYS_timerfd_settime, &args)?;
    if c.uint(3) != 0 {
        write_itimerspec(c, c.uint(3), width, &old)?;
    }
    Ok(0)
}

fn get_timerfd(c: &Call<'_>, width: Width) -> SysResult {
    let mut now = libc::itimerspec::zeroed();
    host::call(libc::SYS_timerfd_gettime, &[c.int_arg(0), Arg::output(&mut now)])?;
    write_itimerspec(c, c.uint(1), width, &now)?;
    Ok(0)
}

/// Reads a `struct itimerspec`.
pub(super) fn read_itimerspec(c: &Call<'_>, addr: u32, width: Width) -> Result<libc::itimerspec, Errno> {
    Ok(libc::itimerspec {
        it_interval: read_timespec(c, addr, width)?,
        it_value: read_timespec(c, addr.wrapping_add(value_offset(width)), width)?,
    })
}

/// Writes a `struct itimerspec`.
pub(super) fn write_itimerspec(
    c: &Call<'_>,
    addr: u32,
    width: Width,
    timer: &libc::itimerspec,
) -> Result<(), Errno> {
    write_timespec(c, addr, width, &timer.it_interval)?;
    write_timespec(c, addr.wrapping_add(value_offset(width)), width, &timer.it_value)
}

pub(crate) fn utime(c: &mut Call<'_>) -> SysResult {
    let path = c.path(0)?;
    let times = match c.uint(1) {
        0 => None,
        addr => {
            let second = |at| -> Result<libc::timespec, Errno> {
                Ok(libc::timespec { tv_sec: i64::from(c.memory().read_u32(at)? as i32), tv_nsec: 0 })
            };
            Some([second(addr)?, second(addr.wrapping_add(4))?])
        }
    };
    set_times(libc::AT_FDCWD, Arg::string(&path), times, 0)
}

pub(crate) fn utimes(c: &mut Call<'_>) -> SysResult {
    let path = c.path(0)?;
    let times = read_timevals(c, c.uint(1))?;
    set_times(libc::AT_FDCWD, Arg::string(&path), times, 0)
}

pub(crate) fn futimesat(c: &mut Call<'_>) -> SysResult {
    let path = c.optional_string(1)?.map(|path| c.process.host_path(path));
    let times = read_timevals(c, c.uint(2))?;
    set_times(c.int(0), path.as_deref().map_or(Arg::null(), Arg::string), times, 0)
}

pub(crate) fn utimensat(c: &mut Call<'_>) -> SysResult {
    set_file_times(c, Width::Short)
}

pub(crate) fn utimensat_time64(c: &mut Call<'_>) -> SysResult {
    set_file_times(c, Width::Long)
}

fn set_file_times(c: &Call<'_>, width: Width) -> SysResult {
    let path = c.optional_string(1)?.map(|path| c.process.host_path(path));
    let times = match c.uint(2) {
        0 => None,
        addr => Some([
            read_timespec(c, addr, width)?,
            read_timespec(c, addr.wrapping_add(value_offset(width)), width)?,
        ]),
    };
    set_times(c.int(0), path.as_deref().map_or(Arg::null(), Arg::string), times, c.int(3))
}

fn read_timevals(c: &Call<'_>, addr: u32) -> Result<Option<[libc::timespec; 2]>, Errno> {
    if addr == 0 {
        return Ok(None);
    }
    let read = |at| -> Result<libc::timespec, Errno> {
        let time = read_timeval(c, at)?;
        if !(0..1_000_000).contains(&time.tv_usec) {
            return Err(Errno(libc::EINVAL));
        }
        Ok(libc::timespec { tv_sec: time.tv_sec, tv_nsec: time.tv_usec * 1000 })
    };
    Ok(Some([read(addr)?, read(addr.wrapping_add(8))?]))
}

fn set_times(dir: i32, path: Arg<'_>, times: Option<[libc::timespec; 2]>, flags: i32) -> SysResult {
    let times = times.as_ref().map_or(Arg::null(), |times| Arg::inputs(times));
    host::call(libc::SYS_utimensat, &[dir.into(), path, times, flags.into()])
}
