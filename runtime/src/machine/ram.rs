//! The host memory behind a machine's RAM, and the windows that show it at guest addresses.
//!
//! This is the only module of the machine layer with `unsafe`: it owns the mappings, and hands out neither pointers
//! nor references into them. All RAM of a machine is one file in memory, mapped once for the slow path ([`Ram`]) and
//! any number of times, wherever a guest address space shows it, in [`Window`]s for translated code.
//!
//! Guest memory changes under our feet: translated code writes to it through the windows, and another thread may
//! fetch code from it. So no access here makes a Rust reference to it; all are volatile or atomic.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};

use demotic_ir::MemSize;

/// Bytes of guest address space that a window spans.
const WINDOW: usize = 1 << 32;
/// Bytes around a window that stay inaccessible, for accesses that run over its ends.
const GUARD: usize = 2 << 20;

/// A host mapping that is unmapped when dropped.
#[derive(Debug)]
struct Mapping {
    start: *mut u8,
    len: usize,
}

// SAFETY: the mapping is owned, stays valid until dropped, and is accessed with volatile or atomic operations only.
unsafe impl Send for Mapping {}
// SAFETY: as above; concurrent accesses are those of a guest's own data races, which volatile accesses allow.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps `len` bytes of `file`, or of nothing, at an address of the host's choice.
    fn new(len: usize, protection: i32, flags: i32, file: Option<&File>) -> io::Result<Mapping> {
        let fd = file.map_or(-1, AsRawFd::as_raw_fd);
        // SAFETY: no address is asked for, so no existing mapping can be hit.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), len, protection, flags, fd, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Mapping { start: start.cast(), len })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range is ours since `new`, and nothing borrows from it.
        unsafe { libc::munmap(self.start.cast(), self.len) };
    }
}

/// The RAM of a machine: bytes addressed from 0, whatever their physical addresses are.
#[derive(Debug)]
pub(super) struct Ram {
    file: File,
    map: Mapping,
}

impl Ram {
    /// RAM of `len` zero bytes.
    ///
    /// # Errors
    /// When the host cannot provide it.
    pub(super) fn new(len: u64) -> io::Result<Ram> {
        // SAFETY: the name is a C string; the call has no other precondition.
        let fd = unsafe { libc::memfd_create(c"demotic-ram".as_ptr(), libc::MFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is open and nobody else's.
        let file = unsafe { File::from_raw_fd(fd) };
        file.set_len(len)?;
        let bytes = usize::try_from(len).map_err(io::Error::other)?;
        let map = Mapping::new(
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_NORESERVE,
            Some(&file),
        )?;
        Ok(Ram { file, map })
    }

    /// The host address of `len` bytes at `offset`, if they exist.
    fn at(&self, offset: u64, len: usize) -> Option<*mut u8> {
        let start = usize::try_from(offset).ok()?;
        let end = start.checked_add(len)?;
        if end > self.map.len {
            return None;
        }
        // SAFETY: `start <= map.len`, so the result is inside the mapping or one past its end.
        Some(unsafe { self.map.start.add(start) })
    }

    /// Loads `size` bytes, little-endian, from any offset; `None` past the end.
    pub(super) fn load(&self, offset: u64, size: MemSize) -> Option<u64> {
        let p = self.at(offset, size.bytes() as usize)?;
        if !offset.is_multiple_of(u64::from(size.bytes())) {
            let mut bytes = [0; 8];
            self.read(offset, &mut bytes[..size.bytes() as usize]);
            return Some(u64::from_le_bytes(bytes));
        }
        // SAFETY: `at` has checked the range; offset and mapping are aligned to the width.
        Some(unsafe {
            match size {
                MemSize::B1 => u64::from(p.read_volatile()),
                MemSize::B2 => u64::from(u16::from_le(p.cast::<u16>().read_volatile())),
                MemSize::B4 => u64::from(u32::from_le(p.cast::<u32>().read_volatile())),
                MemSize::B8 => u64::from_le(p.cast::<u64>().read_volatile()),
            }
        })
    }

    /// Stores the low `size` bytes of `value`, little-endian, at any offset; `None`, and nothing stored, past the end.
    pub(super) fn store(&self, offset: u64, size: MemSize, value: u64) -> Option<()> {
        let p = self.at(offset, size.bytes() as usize)?;
        if !offset.is_multiple_of(u64::from(size.bytes())) {
            return self.write(offset, &value.to_le_bytes()[..size.bytes() as usize]);
        }
        // SAFETY: as in `load`.
        unsafe {
            match size {
                MemSize::B1 => p.write_volatile(value as u8),
                MemSize::B2 => p.cast::<u16>().write_volatile((value as u16).to_le()),
                MemSize::B4 => p.cast::<u32>().write_volatile((value as u32).to_le()),
                MemSize::B8 => p.cast::<u64>().write_volatile(value.to_le()),
            }
        }
        Some(())
    }

    /// Atomically replaces `old` by `new` and gives what was there; `None` past the end or off alignment.
    pub(super) fn compare_exchange(&self, offset: u64, size: MemSize, old: u64, new: u64) -> Option<u64> {
        let p = self.at(offset, size.bytes() as usize)?;
        if !offset.is_multiple_of(u64::from(size.bytes())) {
            return None;
        }
        macro_rules! exchange {
            ($atomic:ty, $int:ty) => {{
                // SAFETY: range and alignment have been checked, and the mapping lives as long as `self`.
                let cell = unsafe { <$atomic>::from_ptr(p.cast::<$int>()) };
                let (old, new) = ((old as $int).to_le(), (new as $int).to_le());
                let was = cell.compare_exchange(old, new, Ordering::SeqCst, Ordering::SeqCst);
                u64::from(<$int>::from_le(was.unwrap_or_else(|other| other)))
            }};
        }
        Some(match size {
            MemSize::B1 => exchange!(AtomicU8, u8),
            MemSize::B2 => exchange!(AtomicU16, u16),
            MemSize::B4 => exchange!(AtomicU32, u32),
            MemSize::B8 => exchange!(AtomicU64, u64),
        })
    }

    /// Copies bytes out; `None`, and nothing copied, past the end.
    pub(super) fn read(&self, offset: u64, to: &mut [u8]) -> Option<()> {
        let p = self.at(offset, to.len())?;
        for (i, byte) in to.iter_mut().enumerate() {
            // SAFETY: `at` has checked that `to.len()` bytes follow.
            *byte = unsafe { p.add(i).read_volatile() };
        }
        Some(())
    }

    /// Copies bytes in; `None`, and nothing copied, past the end.
    pub(super) fn write(&self, offset: u64, from: &[u8]) -> Option<()> {
        let p = self.at(offset, from.len())?;
        for (i, byte) in from.iter().enumerate() {
            // SAFETY: `at` has checked that `from.len()` bytes follow.
            unsafe { p.add(i).write_volatile(*byte) };
        }
        Some(())
    }
}

/// 4 GiB of host address space that stand for a guest's: RAM where it has been shown, a host fault elsewhere.
#[derive(Debug)]
pub(super) struct Window {
    reservation: Mapping,
}

impl Window {
    /// An empty window.
    ///
    /// # Errors
    /// When the host has no room for it.
    pub(super) fn new() -> io::Result<Window> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        Ok(Window { reservation: Mapping::new(WINDOW + 2 * GUARD, libc::PROT_NONE, flags, None)? })
    }

    /// Host address of guest address 0.
    pub(super) fn base(&self) -> u64 {
        self.reservation.start as u64 + GUARD as u64
    }

    /// Shows `len` bytes of `ram` from `offset` on at the guest address `addr`. All three are multiples of the host's
    /// page size.
    ///
    /// # Errors
    /// When the range lies outside the window or the RAM, or the host refuses.
    pub(super) fn show(
        &mut self,
        addr: u64,
        ram: &Ram,
        offset: u64,
        len: u64,
        writable: bool,
    ) -> io::Result<()> {
        let outside = || io::Error::other("a piece of RAM lies outside the address space");
        let end = addr.checked_add(len).filter(|&end| end <= WINDOW as u64).ok_or_else(outside)?;
        let bytes = (end - addr) as usize;
        ram.at(offset, bytes).ok_or_else(outside)?;
        let protection = libc::PROT_READ | if writable { libc::PROT_WRITE } else { 0 };
        let flags = libc::MAP_SHARED | libc::MAP_FIXED | libc::MAP_NORESERVE;
        let offset = libc::off_t::try_from(offset).map_err(io::Error::other)?;
        // SAFETY: the range lies inside our own reservation (checked above), in which nothing borrows.
        let got = unsafe {
            let at = self.reservation.start.add(GUARD + addr as usize);
            libc::mmap(at.cast(), bytes, protection, flags, ram.file.as_raw_fd(), offset)
        };
        if got == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_what_was_stored_at_any_alignment() {
        let ram = Ram::new(4096).unwrap();
        for (offset, size) in
            [(0, MemSize::B8), (8, MemSize::B4), (13, MemSize::B4), (21, MemSize::B2), (30, MemSize::B1)]
        {
            ram.store(offset, size, 0x8877_6655_4433_2211).unwrap();
            assert_eq!(ram.load(offset, size), Some(0x8877_6655_4433_2211 & size.mask()));
        }
    }

    #[test]
    fn refuses_what_crosses_the_end() {
        let ram = Ram::new(4096).unwrap();
        assert_eq!(ram.load(4093, MemSize::B4), None);
        assert_eq!(ram.store(4096, MemSize::B1, 0), None);
        assert_eq!(ram.load(u64::MAX, MemSize::B8), None);
        assert_eq!(ram.read(4000, &mut [0; 97]), None);
    }

    #[test]
    fn exchanges_only_what_matches() {
        let ram = Ram::new(4096).unwrap();
        ram.store(4, MemSize::B4, 7).unwrap();
        assert_eq!(ram.compare_exchange(4, MemSize::B4, 8, 9), Some(7));
        assert_eq!(ram.load(4, MemSize::B4), Some(7));
        assert_eq!(ram.compare_exchange(4, MemSize::B4, 7, 9), Some(7));
        assert_eq!(ram.load(4, MemSize::B4), Some(9));
        assert_eq!(ram.compare_exchange(2, MemSize::B4, 0, 0), None);
    }

    #[test]
    fn a_window_shows_ram_and_checks_its_bounds() {
        let ram = Ram::new(2 << 20).unwrap();
        let mut window = Window::new().unwrap();
        window.show(0x8000_0000, &ram, 1 << 20, 1 << 20, true).unwrap();
        assert!(window.show(0xfff0_0000, &ram, 0, 2 << 20, true).is_err());
        assert!(window.show(0, &ram, 1 << 20, 2 << 20, true).is_err());
    }
}
