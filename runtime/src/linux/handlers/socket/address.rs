//! Addresses of sockets. They are the host's but for byte order: what is no text and not in network order is in the
//! machine's.

use crate::linux::host::Errno;
use crate::linux::layout;
use crate::linux::syscall::{Call, SysResult};

/// The longest address (`struct sockaddr_storage`).
pub(super) const ADDRESS_MAX: usize = 128;

/// How the addresses of a family look.
fn family_layout(family: u16) -> &'static str {
    match i32::from(family) {
        // Port, flow label and address are in network order; the scope is not.
        libc::AF_INET6 => "h22bw",
        libc::AF_NETLINK | libc::AF_VSOCK => "hhww",
        // The protocol is in network order.
        libc::AF_PACKET => "h2bwh",
        libc::AF_ALG => "h14bww",
        libc::AF_CAN => "h2bwww",
        libc::AF_TIPC => "h2bwww",
        libc::AF_XDP => "hhwww",
        // Network order, text, bytes.
        _ => "h",
    }
}

/// Gives an address of the guest's the host's byte order.
pub(super) fn to_host(c: &Call<'_>, address: &mut [u8]) {
    if c.memory().is_big() && address.len() >= 2 {
        layout::swap(family_layout(u16::from_be_bytes([address[0], address[1]])), address);
    }
}

/// Gives an address of the host's the guest's byte order.
pub(super) fn to_guest(c: &Call<'_>, address: &mut [u8]) {
    if c.memory().is_big() && address.len() >= 2 {
        layout::swap(family_layout(u16::from_le_bytes([address[0], address[1]])), address);
    }
}

/// Reads an address of the guest's.
pub(super) fn read(c: &Call<'_>, addr: u32, len: u32) -> Result<Vec<u8>, Errno> {
    if len as usize > ADDRESS_MAX {
        return Err(Errno(libc::EINVAL));
    }
    let mut address = vec![0; len as usize];
    c.memory().read_bytes(addr, &mut address)?;
    to_host(c, &mut address);
    Ok(address)
}

/// Writes an address of `len` bytes where the guest has room for some, and its length.
pub(super) fn write(c: &Call<'_>, addr: u32, len_addr: u32, address: &mut [u8], len: u32) -> SysResult {
    if addr == 0 {
        return Ok(0);
    }
    let room = c.memory().read_u32(len_addr)?;
    if room > i32::MAX as u32 {
        return Err(Errno(libc::EINVAL));
    }
    to_guest(c, address);
    let shown = (room.min(len) as usize).min(address.len());
    c.memory().write_bytes(addr, &address[..shown])?;
    c.memory().write_u32(len_addr, len)?;
    Ok(0)
}
