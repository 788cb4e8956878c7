//! Input devices, whose events hold a time of two `long`s: reading events, and writing them to a device or to `uinput`.

use crate::linux::abi::Encoder;
use crate::linux::host::{self, Arg, Errno};
use crate::linux::proc_files::descriptor_path;
use crate::linux::syscall::{Call, SysResult};

/// Bytes of a guest's `struct input_event`, and of the host's: seconds, microseconds, type, code, value.
const GUEST: usize = 16;
const HOST: usize = 24;
/// Bytes of a `struct uinput_user_dev`, which are numbers of 32 bits but for a name and four of 16.
const SETUP: usize = 1116;
const SETUP_NAME: usize = 80;
const SETUP_ID: usize = 8;

/// The most bytes that are looked at as events when they are written. Programs write a few.
const WRITTEN_MAX: u64 = 64 * GUEST as u64;

/// Whether a device gives events, and whether it is `uinput`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Events,
    Maker,
}

/// What kind of device has these numbers. Those above are given out to several kinds, which differ in their names.
fn kind((major, minor): (u32, u32), name: impl FnOnce() -> Option<String>) -> Option<Kind> {
    const INPUT: u32 = 13;
    const MISC: u32 = 10;
    const UINPUT: u32 = 223;
    match (major, minor) {
        (INPUT, 64..=95) => Some(Kind::Events),
        (INPUT, 256..) => name()?.starts_with("event").then_some(Kind::Events),
        (MISC, UINPUT) => Some(Kind::Maker),
        _ => None,
    }
}

fn kind_of(fd: i32) -> Option<Kind> {
    let name = || Some(descriptor_path(fd)?.file_name()?.to_str()?.to_string());
    kind(host::open_device(fd)?, name)
}

/// What the host's `read` has given: if it is events, they are made the guest's.
pub(super) fn read(c: &Call<'_>, result: SysResult) -> SysResult {
    let (fd, addr, size) = (c.int(0), c.uint(1), c.long(2));
    match result {
        Ok(got) if got > 0 && got.is_multiple_of(HOST as u64) && kind_of(fd).is_some() => {
            let mut events = vec![0; got as usize];
            c.memory().read_bytes(addr, &mut events)?;
            give(c, addr, &events)
        }
        // Room for an event of the guest's, but not for one of the host's.
        Err(Errno(libc::EINVAL)) if (GUEST as u64..HOST as u64).contains(&size) && kind_of(fd).is_some() => {
            let mut event = [0; HOST];
            let got = host::call(libc::SYS_read, &[fd.into(), Arg::outputs(&mut event), HOST.into()])?;
            give(c, addr, event.get(..got as usize).unwrap_or_default())
        }
        result => result,
    }
}

fn give(c: &Call<'_>, addr: u32, events: &[u8]) -> SysResult {
    let events = to_guest(events, c.memory().is_big());
    c.memory().write_bytes(addr, &events)?;
    Ok(events.len() as u64)
}

/// Writes what may be events; `None` if it is something else.
pub(super) fn write(c: &Call<'_>) -> Option<SysResult> {
    let (fd, size, big) = (c.int(0), c.long(2), c.memory().is_big());
    let events = size > 0 && size <= WRITTEN_MAX && size.is_multiple_of(GUEST as u64);
    let setup = big && size == SETUP as u64;
    let kind = if events || setup { kind_of(fd) } else { None }?;
    if setup && kind != Kind::Maker {
        return None;
    }
    let mut bytes = vec![0; size as usize];
    if let Err(fault) = c.memory().read_bytes(c.uint(1), &mut bytes) {
        return Some(Err(fault.into()));
    }
    let bytes = if setup { setup_to_host(&bytes) } else { to_host(&bytes, big) };
    let done = host::call(libc::SYS_write, &[fd.into(), Arg::inputs(&bytes), bytes.len().into()]);
    Some(done.map(|done| if events { done / HOST as u64 * GUEST as u64 } else { done }))
}

fn little<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..at + N).and_then(|part| part.try_into().ok()).unwrap_or([0; N])
}

fn to_guest(events: &[u8], big: bool) -> Vec<u8> {
    let mut e = Encoder::new(big);
    for event in events.chunks_exact(HOST) {
        let time = [0, 8].map(|at| u64::from_le_bytes(little(event, at)) as u32);
        let [kind, code] = [16, 18].map(|at| u16::from_le_bytes(little(event, at)));
        e.u32(time[0]).u32(time[1]).u16(kind).u16(code).u32(u32::from_le_bytes(little(event, 20)));
    }
    e.as_bytes().to_vec()
}

/// A number of this many bytes of the guest's in the host's order.
fn ordered(bytes: &[u8], big: bool) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if big {
        bytes.reverse();
    }
    bytes
}

fn to_host(events: &[u8], big: bool) -> Vec<u8> {
    let mut host = Vec::new();
    for event in events.chunks_exact(GUEST) {
        for time in event[..8].chunks_exact(4) {
            host.extend(ordered(time, big));
            host.extend([0; 4]);
        }
        for half in event[8..12].chunks_exact(2) {
            host.extend(ordered(half, big));
        }
        host.extend(ordered(&event[12..], big));
    }
    host
}

/// A `struct uinput_user_dev` of a big-endian guest.
fn setup_to_host(setup: &[u8]) -> Vec<u8> {
    let (name, rest) = setup.split_at(SETUP_NAME.min(setup.len()));
    let (id, words) = rest.split_at(SETUP_ID.min(rest.len()));
    let halves = id.chunks_exact(2).flat_map(|half| ordered(half, true));
    let words = words.chunks_exact(4).flat_map(|word| ordered(word, true));
    name.iter().copied().chain(halves).chain(words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// EV_KEY, KEY_A, pressed; and an EV_REL by -1.
    fn host_events() -> Vec<u8> {
        let mut e = Encoder::new(false);
        e.u64(0x1_6655_4433).u64(999_999).u16(1).u16(30).u32(1);
        e.u64(7).u64(8).u16(2).u16(0).u32(u32::MAX);
        e.as_bytes().to_vec()
    }

    fn guest_events(big: bool) -> Vec<u8> {
        let mut e = Encoder::new(big);
        e.u32(0x6655_4433).u32(999_999).u16(1).u16(30).u32(1);
        e.u32(7).u32(8).u16(2).u16(0).u32(u32::MAX);
        e.as_bytes().to_vec()
    }

    #[test]
    fn events_have_the_guests_layout_and_back() {
        for big in [false, true] {
            assert_eq!(guest_events(big).len(), 2 * GUEST);
            assert_eq!(to_guest(&host_events(), big), guest_events(big));
            let mut back = host_events();
            // The guest has 32 bits of the seconds.
            back[4] = 0;
            assert_eq!(to_host(&guest_events(big), big), back);
        }
    }

    #[test]
    fn setups_of_big_endian_guests_are_turned_round() {
        let fields = |big: bool| {
            let mut e = Encoder::new(big);
            e.u32(0).pad_to(SETUP_NAME);
            e.u16(3).u16(0x1234).u16(0x5678).u16(1).u32(16);
            for i in 0..256 {
                e.u32(i << 8);
            }
            e.as_bytes().to_vec()
        };
        assert_eq!(fields(true).len(), SETUP);
        assert_eq!(setup_to_host(&fields(true)), fields(false));
    }

    #[test]
    fn devices_are_known_by_their_numbers() {
        let named = |name: &'static str| move || Some(name.to_string());
        assert_eq!(kind((13, 64), || None), Some(Kind::Events));
        assert_eq!(kind((13, 300), named("event40")), Some(Kind::Events));
        assert_eq!(kind((13, 300), named("mouse40")), None);
        assert_eq!(kind((13, 32), named("mouse0")), None);
        assert_eq!(kind((10, 223), || None), Some(Kind::Maker));
        assert_eq!(kind((1, 3), || None), None);
    }
}
