//! Faults that the program handles by itself: `userfaultfd`. Addresses in its requests and messages are the guest's; the
//! host's are those of the guest's window.

use crate::linux::host::{self, Arg, Errno};
use crate::linux::syscall::{Call, SysResult};

pub(crate) fn userfaultfd(c: &mut Call<'_>) -> SysResult {
    const UFFD_USER_MODE_ONLY: u32 = 1;
    let flags = c.abi().open_flags_to_host(c.uint(0) & !UFFD_USER_MODE_ONLY);
    let unknown = c.uint(0) & !UFFD_USER_MODE_ONLY & !c.abi().open_flags_to_guest(flags);
    let flags = flags | unknown | c.uint(0) & UFFD_USER_MODE_ONLY;
    host::call(libc::SYS_userfaultfd, &[flags.into()])
}

/// The most words in a request.
const WORDS_MAX: usize = 6;

/// A request whose structure begins with an address and a length.
pub(super) fn range_request(c: &Call<'_>, request: u32) -> SysResult {
    translated(c, request, 1)
}

/// A request whose structure begins with two addresses and a length.
pub(super) fn copy_request(c: &Call<'_>, request: u32) -> SysResult {
    translated(c, request, 2)
}

/// Does a request on words of 64 bits, of which the first `addresses` are addresses and the next a length.
fn translated(c: &Call<'_>, request: u32, addresses: usize) -> SysResult {
    const SIZE_SHIFT: u32 = 16;
    const SIZE_MASK: u32 = 0x3fff;
    let count = ((request >> SIZE_SHIFT & SIZE_MASK) as usize / 8).min(WORDS_MAX);
    let mut words = [0u64; WORDS_MAX];
    for (i, word) in words.iter_mut().take(count).enumerate() {
        *word = c.memory().read_u64(c.uint(2).wrapping_add(8 * i as u32))?;
    }
    let len = words[addresses];
    for word in &mut words[..addresses] {
        let addr = u32::try_from(*word).map_err(|_| Errno(libc::EINVAL))?;
        *word = c.memory().host_range(addr, len).ok_or(Errno(libc::EINVAL))?;
    }
    let result = host::call(libc::SYS_ioctl, &[c.int_arg(0), request.into(), Arg::outputs(&mut words)]);
    // What has been done stands behind the addresses; where nothing has, an error number.
    for (i, word) in words.iter().take(count).enumerate().skip(addresses) {
        let negative = *word as i64;
        let shown = match (-4095..0).contains(&negative) {
            true => i64::from(-c.abi().errno(-negative as i32)) as u64,
            false => *word,
        };
        c.memory().write_u64(c.uint(2).wrapping_add(8 * i as u32), shown)?;
    }
    result
}

/// Bytes of a `struct uffd_msg`.
pub(super) const MESSAGE: u32 = 32;

/// Gives the messages that the host has written the guest's addresses and byte order.
pub(super) fn convert_messages(c: &Call<'_>, addr: u32, len: u64) -> Result<(), Errno> {
    const PAGEFAULT: u8 = 0x12;
    const FORK: u8 = 0x13;
    const REMAP: u8 = 0x14;
    for message in 0..len as u32 / MESSAGE {
        let start = addr.wrapping_add(MESSAGE * message);
        let mut raw = [0; MESSAGE as usize];
        c.memory().read_bytes(start, &mut raw)?;
        let wide = |at: usize| {
            raw.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |w| u64::from_le_bytes(*w))
        };
        let address = |at: usize| u64::from(c.memory().guest_address(wide(at)).unwrap_or_default());
        let put = |at: u32, value: u64| c.memory().write_u64(start.wrapping_add(at), value);
        match raw[0] {
            PAGEFAULT => {
                put(8, wide(8))?;
                put(16, address(16))?;
                c.memory().write_u32(start.wrapping_add(24), wide(24) as u32)?;
            }
            FORK => c.memory().write_u32(start.wrapping_add(8), wide(8) as u32)?,
            REMAP => {
                put(8, address(8))?;
                put(16, address(16))?;
                put(24, wide(24))?;
            }
            // What has been removed or unmapped: a range.
            _ => {
                put(8, address(8))?;
                put(16, address(16))?;
            }
        }
    }
    Ok(())
}
