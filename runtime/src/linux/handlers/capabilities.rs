//! Capabilities: they are the host process's.

use crate::linux::host::{self, Arg};
use crate::linux::syscall::{Call, SysResult};

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
