//! Netlink messages between the host's byte order and a big-endian guest's, and between their error numbers.
//!
//! Only the routing protocol is described (`tables`): it is what C libraries and `ip` speak. A big-endian guest cannot open
//! sockets of others, but for those whose messages are text.

mod tables;

use super::abi::GuestAbi;
use super::host::Errno;
use super::layout;
use tables::{Attributes, Kind};

/// Bytes of a `struct nlmsghdr`, and of the header of an attribute.
const HEADER: usize = 16;
const ATTRIBUTE_HEADER: usize = 4;

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// Of an error: only the header of the request is repeated; attributes follow it.
const NLM_F_CAPPED: u16 = 0x100;
const NLM_F_ACK_TLVS: u16 = 0x200;
/// The flags in an attribute's type.
const NLA_FLAGS: u16 = 0xc000;

/// Whether a guest may use a protocol.
pub(crate) fn check_protocol(big: bool, protocol: i32) -> Result<(), Errno> {
    let known = [libc::NETLINK_ROUTE, libc::NETLINK_KOBJECT_UEVENT, libc::NETLINK_USERSOCK];
    if big && !known.contains(&protocol) {
        tracing::debug!(target: "syscall", "netlink protocol {protocol} is not translated for big-endian guests");
        return Err(Errno(libc::EPROTONOSUPPORT));
    }
    Ok(())
}

/// Gives messages that a guest sends the host's byte order.
pub(crate) fn to_host(abi: &dyn GuestAbi, big: bool, data: &mut [u8]) -> Result<(), Errno> {
    if !big {
        return Ok(());
    }
    Translator { abi, big, from_big: true }.messages(data)
}

/// Gives messages that the host has sent the guest's byte order and error numbers.
pub(crate) fn to_guest(abi: &dyn GuestAbi, big: bool, data: &mut [u8]) {
    // On this way nothing fails: what is not known is made to mean nothing.
    let _ = Translator { abi, big, from_big: false }.messages(data);
}

struct Translator<'a> {
    abi: &'a dyn GuestAbi,
    /// Whether the guest is big-endian.
    big: bool,
    /// Whether what is translated comes from it.
    from_big: bool,
}

/// A length rounded up as netlink aligns things.
fn aligned(len: usize) -> usize {
    len.next_multiple_of(4)
}

impl Translator<'_> {
    fn half(&self, bytes: &[u8], at: usize) -> u16 {
        let half = bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or_default();
        if self.from_big { u16::from_be_bytes(half) } else { u16::from_le_bytes(half) }
    }

    fn word(&self, bytes: &[u8], at: usize) -> u32 {
        let word = bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or_default();
        if self.from_big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
    }

    fn swap(&self, layout: &str, bytes: &mut [u8]) {
        if self.big {
            layout::swap(layout, bytes);
        }
    }

    /// Translates messages one behind the other. Something that is no message stays as it is.
    fn messages(&self, mut data: &mut [u8]) -> Result<(), Errno> {
        while data.len() >= HEADER {
            let len = self.word(data, 0) as usize;
            if len < HEADER || len > data.len() {
                return Ok(());
            }
            let (kind, flags) = (self.half(data, 4), self.half(data, 6));
            let (header, rest) = data.split_at_mut(HEADER);
            self.swap("w2h2w", header);
            let payload_len = (len - HEADER).min(rest.len());
            self.payload(kind, flags, &mut rest[..payload_len])?;
            data = rest.get_mut(aligned(len) - HEADER..).unwrap_or_default();
        }
        Ok(())
    }

    fn payload(&self, kind: u16, flags: u16, payload: &mut [u8]) -> Result<(), Errno> {
        if kind == NLMSG_ERROR || kind == NLMSG_DONE {
            return self.status(kind, flags, payload);
        }
        if !self.big {
            return Ok(());
        }
        let Some(family) = tables::FAMILIES.iter().find(|family| family.types.contains(&kind)) else {
            // Messages without contents, such as NLMSG_NOOP.
            let refused = self.from_big && !payload.is_empty();
            return if refused { Err(unknown("message", kind)) } else { Ok(()) };
        };
        // A request for everything may have no more than the address family.
        let Some((header, attributes)) = payload.split_at_mut_checked(family.header_len) else {
            return Ok(());
        };
        self.swap(family.header, header);
        self.attributes(family.attributes, attributes)
    }

    /// The contents of an acknowledgement or of an end: an error number, and of an acknowledgement, the request.
    fn status(&self, kind: u16, flags: u16, payload: &mut [u8]) -> Result<(), Errno> {
        let Some((status, mut rest)) = payload.split_first_chunk_mut::<4>() else { return Ok(()) };
        if !self.from_big {
            let errno = i32::from_le_bytes(*status);
            let errno = if errno < 0 { -self.abi.errno(errno.wrapping_neg()) } else { errno };
            *status = errno.to_le_bytes();
        }
        self.swap("w", status);
        if !self.big {
            return Ok(());
        }
        if kind == NLMSG_ERROR {
            let request = match self.word(rest, 0) as usize {
                _ if flags & NLM_F_CAPPED != 0 => HEADER,
                len => aligned(len),
            };
            let (request, more) = rest.split_at_mut(request.min(rest.len()));
            if flags & NLM_F_CAPPED != 0 {
                self.swap("w2h2w", request);
            } else {
                self.messages(request)?;
            }
            rest = more;
        }
        if flags & NLM_F_ACK_TLVS != 0 { self.attributes(tables::ACKNOWLEDGEMENT, rest) } else { Ok(()) }
    }

    fn attributes(&self, known: Attributes, mut data: &mut [u8]) -> Result<(), Errno> {
        while data.len() >= ATTRIBUTE_HEADER {
            let len = self.half(data, 0) as usize;
            if len < ATTRIBUTE_HEADER || len > data.len() {
                return Ok(());
            }
            let kind = self.half(data, 2) & !NLA_FLAGS;
            let (header, rest) = data.split_at_mut(ATTRIBUTE_HEADER);
            let contents = &mut rest[..len - ATTRIBUTE_HEADER];
            match known.iter().find(|(number, _)| *number == kind || *number == tables::ANY) {
                Some((_, kind)) => self.attribute(kind, contents)?,
                None if self.from_big => return Err(unknown("attribute", kind)),
                // Attribute 0 means nothing.
                None => header[2..].fill(0),
            }
            self.swap("2h", header);
            data = rest.get_mut(aligned(len) - ATTRIBUTE_HEADER..).unwrap_or_default();
        }
        Ok(())
    }

    fn attribute(&self, kind: &Kind, contents: &mut [u8]) -> Result<(), Errno> {
        match kind {
            Kind::Fields(layout) => self.swap(layout, contents),
            Kind::Nested(known) => self.attributes(known, contents)?,
            Kind::Hops => self.hops(contents)?,
        }
        Ok(())
    }

    /// The hops of a route with several: `struct rtnexthop`, each with attributes of a route.
    fn hops(&self, mut data: &mut [u8]) -> Result<(), Errno> {
        const HOP: usize = 8;
        while data.len() >= HOP {
            let len = self.half(data, 0) as usize;
            if len < HOP || len > data.len() {
                return Ok(());
            }
            let (header, rest) = data.split_at_mut(HOP);
            self.swap("h2bw", header);
            self.attributes(tables::ROUTE, &mut rest[..len - HOP])?;
            data = rest.get_mut(aligned(len) - HOP..).unwrap_or_default();
        }
        Ok(())
    }
}

/// What is sent must be known.
fn unknown(what: &str, kind: u16) -> Errno {
    tracing::debug!(target: "syscall", "netlink {what} {kind} is not translated for big-endian guests");
    Errno(libc::EOPNOTSUPP)
}
