//! Adjusting clocks: `adjtimex` and its kin.

use crate::linux::abi::Encoder;
use crate::linux::host::{self, Arg, Errno};
use crate::linux::syscall::{Call, SysResult};

/// Fields of `struct timex` that are not padding: words in the old structure, and in the new one 8 bytes each, as they are
/// on the host.
const FIELDS: usize = 21;
/// Those that are integers, which leave half of the 8 bytes unused: modes, status, shift, offset to international time.
const INTEGERS: [usize; 4] = [0, 5, 14, 20];
/// Bytes of the structures.
const OLD_SIZE: usize = 128;
const NEW_SIZE: usize = 208;

pub(crate) fn adjtimex(c: &mut Call<'_>) -> SysResult {
    old(c, c.uint(0), libc::SYS_adjtimex, None)
}

pub(crate) fn clock_adjtime(c: &mut Call<'_>) -> SysResult {
    old(c, c.uint(1), libc::SYS_clock_adjtime, Some(c.int(0)))
}

/// Adjusts a clock by a host `struct timex`.
fn adjust(number: i64, clock: Option<i32>, timex: &mut [u64; NEW_SIZE / 8]) -> SysResult {
    match clock {
        Some(clock) => host::call(number, &[clock.into(), Arg::outputs(timex)]),
        None => host::call(number, &[Arg::outputs(timex)]),
    }
}

fn old(c: &Call<'_>, addr: u32, number: i64, clock: Option<i32>) -> SysResult {
    let mut timex = [0u64; NEW_SIZE / 8];
    for (i, field) in timex.iter_mut().take(FIELDS).enumerate() {
        let word = c.memory().read_u32(addr.wrapping_add(4 * i as u32))?;
        *field = if INTEGERS.contains(&i) { word.into() } else { i64::from(word as i32) as u64 };
    }
    let result = adjust(number, clock, &mut timex)?;
    let mut e = Encoder::new(c.memory().is_big());
    for field in timex.iter().take(FIELDS) {
        e.u32(*field as u32);
    }
    e.pad_to(OLD_SIZE);
    c.memory().write_bytes(addr, e.as_bytes())?;
    Ok(result)
}

pub(crate) fn clock_adjtime64(c: &mut Call<'_>) -> SysResult {
    let (clock, addr) = (c.int(0), c.uint(1));
    let mut timex = [0u64; NEW_SIZE / 8];
    for (i, field) in timex.iter_mut().take(FIELDS).enumerate() {
        let at = addr.wrapping_add(8 * i as u32);
        *field = match INTEGERS.contains(&i) {
            true => c.memory().read_u32(at)?.into(),
            false => c.memory().read_u64(at)?,
        };
    }
    let result = adjust(libc::SYS_clock_adjtime, Some(clock), &mut timex)?;
    let mut e = Encoder::new(c.memory().is_big());
    for (i, field) in timex.iter().take(FIELDS).enumerate() {
        match INTEGERS.contains(&i) {
            true => e.u32(*field as u32).u32(0),
            false => e.u64(*field),
        };
    }
    e.pad_to(NEW_SIZE);
    c.memory().write_bytes(addr, e.as_bytes())?;
    Ok(result)
}

/// `stime`: the number of seconds is in memory.
pub(crate) fn stime(c: &mut Call<'_>) -> SysResult {
    let seconds = i64::from(c.memory().read_u32(c.uint(0))? as i32);
    let time = libc::timespec { tv_sec: seconds, tv_nsec: 0 };
    host::call(libc::SYS_clock_settime, &[libc::CLOCK_REALTIME.into(), Arg::input(&time)])
}

/// `settimeofday`, of which either part may be missing.
pub(crate) fn settimeofday(c: &mut Call<'_>) -> SysResult {
    let word = |addr: u32, i: u32| c.memory().read_u32(addr.wrapping_add(4 * i)).map_err(Errno::from);
    let time = match c.uint(0) {
        0 => None,
        addr => Some(super::time::read_timeval(c, addr)?),
    };
    let zone = match c.uint(1) {
        0 => None,
        addr => Some([word(addr, 0)? as i32, word(addr, 1)? as i32]),
    };
    let args = [time.as_ref().map_or(Arg::null(), Arg::input), zone.as_ref().map_or(Arg::null(), Arg::input)];
    host::call(libc::SYS_settimeofday, &args)
}
