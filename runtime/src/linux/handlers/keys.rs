//! The kernel's keys.

use crate::linux::host::{self, Arg, Errno};
use crate::linux::syscall::{Call, SysResult};

use super::files::read_iovec;

/// The commands of `keyctl` (linux/keyctl.h).
mod command {
    pub(super) const JOIN_SESSION_KEYRING: u32 = 1;
    pub(super) const UPDATE: u32 = 2;
    pub(super) const DESCRIBE: u32 = 6;
    pub(super) const SEARCH: u32 = 10;
    pub(super) const READ: u32 = 11;
    pub(super) const INSTANTIATE: u32 = 12;
    pub(super) const GET_SECURITY: u32 = 17;
    pub(super) const INSTANTIATE_IOV: u32 = 20;
    pub(super) const RESTRICT_KEYRING: u32 = 29;
    pub(super) const CAPABILITIES: u32 = 31;
    /// Those whose arguments are numbers: GET_KEYRING_ID, REVOKE, CHOWN, SETPERM, CLEAR, LINK, UNLINK, NEGATE,
    /// SET_REQKEY_KEYRING, SET_TIMEOUT, ASSUME_AUTHORITY, SESSION_TO_PARENT, REJECT, INVALIDATE, GET_PERSISTENT, MOVE.
    pub(super) const NUMBERS: [u32; 16] = [0, 3, 4, 5, 7, 8, 9, 13, 14, 15, 16, 18, 19, 21, 22, 30];
}

/// The description of a key is shorter.
const DESCRIPTION_MAX: usize = 4096;

pub(crate) fn keyctl(c: &mut Call<'_>) -> SysResult {
    let number = |index: usize| c.int_arg(index);
    match c.uint(0) {
        command::JOIN_SESSION_KEYRING => {
            let name = c.optional_string(1)?;
            call(c, [name.as_deref().map_or(Arg::null(), Arg::string), 0.into(), 0.into(), 0.into()])
        }
        command::UPDATE | command::INSTANTIATE => {
            call(c, [number(1), c.buffer(c.uint(2), c.long(3))?, c.uint_arg(3), number(4)])
        }
        command::DESCRIBE | command::GET_SECURITY => {
            let room = room(c, 2, 3);
            call(c, [number(1), c.buffer(c.uint(2), room)?, room.into(), 0.into()])
        }
        command::READ => {
            let room = room(c, 2, 3);
            let size = call(c, [number(1), c.buffer(c.uint(2), room)?, room.into(), 0.into()])?;
            if c.memory().is_big() && c.uint(2) != 0 && is_keyring(c.int(1)) {
                swap_serials(c, c.uint(2), size.min(c.long(3)) as u32)?;
            }
            Ok(size)
        }
        command::SEARCH | command::RESTRICT_KEYRING => {
            let (kind, text) = (c.optional_string(2)?, c.optional_string(3)?);
            let (kind, text) = (kind.as_deref(), text.as_deref());
            let strings = [kind, text].map(|s| s.map_or(Arg::null(), Arg::string));
            call(c, [number(1), strings[0], strings[1], number(4)])
        }
        command::INSTANTIATE_IOV => {
            let parts = read_iovec(c, c.uint(2), c.uint(3))?;
            call(c, [number(1), Arg::inputs(&parts), parts.len().into(), number(4)])
        }
        command::CAPABILITIES => {
            let room = room(c, 1, 2);
            call(c, [c.buffer(c.uint(1), room)?, room.into(), 0.into(), 0.into()])
        }
        known if command::NUMBERS.contains(&known) => call(c, [number(1), number(2), number(3), number(4)]),
        unknown => {
            tracing::debug!(target: "syscall", "keyctl command {unknown} is not supported");
            Err(Errno(libc::EOPNOTSUPP))
        }
    }
}

fn call(c: &Call<'_>, args: [Arg<'_>; 4]) -> SysResult {
    host::call(libc::SYS_keyctl, &[c.uint_arg(0), args[0], args[1], args[2], args[3]])
}

/// How much room there is for an answer where these arguments say it is: only what is written has to be in memory, so
/// programs may claim more than there can be.
fn room(c: &Call<'_>, addr: usize, len: usize) -> u64 {
    let above = u64::from(u32::MAX) + 1 - u64::from(c.uint(addr));
    c.long(len).min(above)
}

/// Whether what a key holds is a list of other keys.
fn is_keyring(key: i32) -> bool {
    let mut text = [0u8; DESCRIPTION_MAX];
    let args = [command::DESCRIBE.into(), key.into(), Arg::outputs(&mut text), DESCRIPTION_MAX.into()];
    host::call_now(libc::SYS_keyctl, &args).is_ok() && text.starts_with(b"keyring;")
}

/// Gives the serial numbers in a keyring the guest's byte order.
fn swap_serials(c: &Call<'_>, addr: u32, len: u32) -> Result<(), Errno> {
    for offset in (0..len / 4).map(|i| 4 * i) {
        let at = addr.wrapping_add(offset);
        c.memory().write_u32(at, c.memory().read_u32(at)?.swap_bytes())?;
    }
    Ok(())
}
