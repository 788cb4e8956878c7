//! Landlock: a guest that gives up rights to files, ports and other processes. The host's kernel keeps the rules; all that
//! differs is the byte order of what they are told with.

use crate::linux::host::{self, Arg, Errno};
use crate::linux::layout;
use crate::linux::structure::HostBuffer;
use crate::linux::syscall::{Call, SysResult};

// The same numbers on all architectures.
const SYS_LANDLOCK_CREATE_RULESET: i64 = 444;
const SYS_LANDLOCK_ADD_RULE: i64 = 445;

/// Kinds of rules, and the layouts of what they say.
const RULES: [(u32, &str, usize); 2] = [
    // LANDLOCK_RULE_PATH_BENEATH: rights, directory, without padding.
    (1, "qw", 12),
    // LANDLOCK_RULE_NET_PORT: rights, port.
    (2, "2q", 16),
];

fn read(c: &Call<'_>, addr: u32, size: usize, fields: &str) -> Result<HostBuffer, Errno> {
    let mut bytes = vec![0; size];
    c.memory().read_bytes(addr, &mut bytes)?;
    if c.memory().is_big() {
        layout::swap(fields, &mut bytes);
    }
    let mut buffer = HostBuffer::new(size);
    buffer.fill(&bytes);
    Ok(buffer)
}

/// `landlock_create_ruleset(attributes, size, flags)`.
pub(crate) fn landlock_create_ruleset(c: &mut Call<'_>) -> SysResult {
    const SIZE_MAX: u32 = 4096;
    let (addr, size) = (c.uint(0), c.uint(1));
    if addr == 0 {
        // A question, or a mistake.
        return host::call(SYS_LANDLOCK_CREATE_RULESET, &[Arg::null(), size.into(), c.uint_arg(2)]);
    }
    if size > SIZE_MAX {
        return Err(Errno(if c.uint(2) == 0 { libc::E2BIG } else { libc::EINVAL }));
    }
    // All that versions have added are sets of 64 bits.
    let mut attributes = read(c, addr, size as usize, "q*")?;
    host::call(SYS_LANDLOCK_CREATE_RULESET, &[attributes.arg(), size.into(), c.uint_arg(2)])
}

/// `landlock_add_rule(ruleset, kind, attributes, flags)`.
pub(crate) fn landlock_add_rule(c: &mut Call<'_>) -> SysResult {
    let kind = c.uint(1);
    let call = |attributes: Arg<'_>| {
        host::call(SYS_LANDLOCK_ADD_RULE, &[c.int_arg(0), kind.into(), attributes, c.uint_arg(3)])
    };
    match RULES.iter().find(|rule| rule.0 == kind) {
        Some(&(_, fields, size)) => match read(c, c.uint(2), size, fields) {
            Ok(mut attributes) => call(attributes.arg()),
            // What else is wrong is said first.
            Err(_) => call(Arg::null()),
        },
        // Not one that the structure of is known.
        None => Err(call(Arg::null()).err().unwrap_or(Errno(libc::EINVAL))),
    }
}
