//! The window: 4 GiB of host address space that stand for a 32-bit guest's memory, with guard areas on both sides.
//!
//! This is the only place that turns guest addresses into host memory accesses. A guest address is 32 bits wide, so no
//! access can leave the window and its guards; nothing but guest data is ever mapped inside; and nothing inside is ever
//! executable on the host. Guest memory never becomes a Rust reference: accesses go through
//! [`guarded`](demotic_translator::host::guarded) and may fault at any moment.

use std::io;
use std::ptr;
use std::sync::atomic::AtomicU8;

use demotic_ir::{HostView, MemSize};
use demotic_translator::host::guarded::{self, HostFault};

use super::regions::Prot;

/// Bytes of guest address space.
pub(super) const SIZE: u64 = 1 << 32;
/// Bytes of guard area on each side.
const GUARD: u64 = 1 << 20;
/// Bytes in a page, guest and host.
pub(super) const PAGE: u64 = 4096;

/// The reservation.
#[derive(Debug)]
pub(super) struct Window {
    base: u64,
}

/// What is to be mapped into the window.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content {
    /// Zeroed memory.
    Anonymous,
    /// A file, from this offset on.
    File { fd: i32, offset: u64 },
    /// The shared memory segment of System V with this number.
    Segment { id: i32 },
    /// What is mapped, shared, at this host address, a second time.
    Pages { host: u64 },
}

impl Window {
    /// Reserves the address space; nothing is accessible yet. The window lies where translated code reaches it best if
    /// that place is free.
    pub(super) fn reserve() -> io::Result<Window> {
        let low = (HostView::LOW_BASE - GUARD) as *mut libc::c_void;
        let start =
            map_nothing(low, libc::MAP_FIXED_NOREPLACE).or_else(|_| map_nothing(ptr::null_mut(), 0))?;
        Ok(Window { base: start + GUARD })
    }

    /// Host address of guest address 0.
    pub(super) fn base(&self) -> u64 {
        self.base
    }

    /// Host address of a guest address.
    fn host(&self, addr: u32) -> u64 {
        self.base + u64::from(addr)
    }

    /// Host pointer to `[start, start + len)`, which must lie inside the window.
    fn range(&self, start: u64, len: u64) -> *mut libc::c_void {
        assert!(
            start.is_multiple_of(PAGE) && start <= SIZE && len <= SIZE - start,
            "range outside the window"
        );
        (self.base + start) as *mut libc::c_void
    }

    /// Maps `content` at `[start, start + len)` in place of what is there.
    pub(super) fn map(
        &self,
        start: u64,
        len: u64,
        prot: Prot,
        shared: bool,
        content: Content,
    ) -> io::Result<()> {
        let sharing = if shared { libc::MAP_SHARED } else { libc::MAP_PRIVATE };
        let (fd, offset, kind) = match content {
            Content::Anonymous => (-1, 0, libc::MAP_ANONYMOUS),
            Content::File { fd, offset } => (fd, offset, 0),
            Content::Segment { id } => return self.attach(id, start, len, prot),
            Content::Pages { host } => return self.map_again(host, start, len, prot),
        };
        let flags = sharing | kind | libc::MAP_FIXED | libc::MAP_NORESERVE;
        let at = self.range(start, len);
        // SAFETY: the range lies inside the window, which holds nothing but guest memory.
        let got = unsafe { libc::mmap(at, len as usize, host_prot(prot), flags, fd, offset as libc::off_t) };
        if got == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Maps what is mapped at `host`, shared and of this length at least, in place of what is there.
    fn map_again(&self, host: u64, start: u64, len: u64, prot: Prot) -> io::Result<()> {
        let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
        let (from, to) = (host as *mut libc::c_void, self.range(start, len));
        // SAFETY: of length 0, which leaves the old mapping as it is; the new one lies inside the window, which holds
        // nothing but guest memory.
        let got = unsafe { libc::mremap(from, 0, len as usize, flags, to) };
        if got == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { self.protect(start, len, prot) }
    }

    /// Attaches a shared memory segment of this length in place of what is there.
    fn attach(&self, id: i32, start: u64, len: u64, prot: Prot) -> io::Result<()> {
        let access = if prot.contains(Prot::WRITE) { 0 } else { libc::SHM_RDONLY };
        let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
        let to = self.range(start, len);
        // Elsewhere at first, since another segment, of another length, might have got this number meanwhile.
        // SAFETY: a mapping at a place of the kernel's choice, of which nobody else knows. What is moved fits the range,
        // which lies inside the window, which holds nothing but guest memory. What is left is detached.
        unsafe {
            let at = libc::shmat(id, ptr::null(), access);
            if at as isize == -1 {
                return Err(io::Error::last_os_error());
            }
            let moved = libc::mremap(at, len as usize, len as usize, flags, to) != libc::MAP_FAILED;
            let result = if moved { Ok(()) } else { Err(io::Error::last_os_error()) };
            libc::shmdt(at);
            result
        }
    }

    /// Gives `[start, start + len)` back to the reservation.
    pub(super) fn unmap(&self, start: u64, len: u64) -> io::Result<()> {
        self.map(start, len, Prot::empty(), false, Content::Anonymous)
    }

    /// Changes the protection of `[start, start + len)`.
    pub(super) fn protect(&self, start: u64, len: u64, prot: Prot) -> io::Result<()> {
        let at = self.range(start, len);
        // SAFETY: the range lies inside the window, which holds nothing but guest memory.
        check(unsafe { libc::mprotect(at, len as usize, host_prot(prot)) })
    }

    /// Moves the mapping `[from, from + from_len)` to `[to, to + to_len)`, growing or shrinking it. What was at the
    /// old place becomes reservation again.
    pub(super) fn relocate(&self, from: u64, from_len: u64, to: u64, to_len: u64) -> io::Result<()> {
        let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
        let (source, target) = (self.range(from, from_len), self.range(to, to_len));
        // SAFETY: both ranges lie inside the window, which holds nothing but guest memory.
        let got = unsafe { libc::mremap(source, from_len as usize, to_len as usize, flags, target) };
        if got == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        if from_len == 0 { Ok(()) } else { self.unmap(from, from_len) }
    }

    /// Moves the contents of `[from, from + len)` to `to`; the mapping stays, as one of nothing yet.
    pub(super) fn move_contents(&self, from: u64, len: u64, to: u64) -> io::Result<()> {
        let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED | libc::MREMAP_DONTUNMAP;
        let (source, target) = (self.range(from, len), self.range(to, len));
        // SAFETY: both ranges lie inside the window, which holds nothing but guest memory.
        let got = unsafe { libc::mremap(source, len as usize, len as usize, flags, target) };
        if got == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Locks `[start, start + len)` into the host's memory: at once, or what of it is touched.
    pub(super) fn lock(&self, start: u64, len: u64, at_once: bool) -> io::Result<()> {
        let at = self.range(start, len);
        let flags = if at_once { 0 } else { libc::MLOCK_ONFAULT };
        // SAFETY: the range lies inside the window; no contents change.
        check(unsafe { libc::mlock2(at, len as usize, flags as _) })
    }

    /// Takes that back.
    pub(super) fn unlock(&self, start: u64, len: u64) -> io::Result<()> {
        let at = self.range(start, len);
        // SAFETY: the range lies inside the window; no contents change.
        check(unsafe { libc::munlock(at, len as usize) })
    }

    /// Shows another part of the file that is mapped, shared, at `[start, start + len)`, from this page of it on.
    pub(super) fn show_part(&self, start: u64, len: u64, page: u64) -> io::Result<()> {
        let at = self.range(start, len);
        // SAFETY: the range lies inside the window, which holds nothing but guest memory.
        let result = unsafe { libc::syscall(libc::SYS_remap_file_pages, at, len, 0u64, page, 0u64) };
        check(result as i32)
    }

    /// Passes advice on `[start, start + len)` to the host.
    pub(super) fn advise(&self, start: u64, len: u64, advice: i32) -> io::Result<()> {
        let at = self.range(start, len);
        // SAFETY: the range lies inside the window; at worst its contents are lost, as the guest asked.
        check(unsafe { libc::madvise(at, len as usize, advice) })
    }

    /// Loads `size` bytes, little-endian.
    #[inline]
    pub(super) fn load(&self, addr: u32, size: MemSize) -> Result<u64, HostFault> {
        let at = self.host(addr);
        // SAFETY: a 32-bit address and 8 bytes stay inside the window and its guard.
        unsafe {
            match size {
                MemSize::B1 => guarded::load_u8(at).map(u64::from),
                MemSize::B2 => guarded::load_u16(at).map(u64::from),
                MemSize::B4 => guarded::load_u32(at).map(u64::from),
                MemSize::B8 => guarded::load_u64(at),
            }
        }
    }

    /// Stores the low `size` bytes of `value`, little-endian.
    #[inline]
    pub(super) fn store(&self, addr: u32, size: MemSize, value: u64) -> Result<(), HostFault> {
        let at = self.host(addr);
        // SAFETY: a 32-bit address and 8 bytes stay inside the window and its guard.
        unsafe {
            match size {
                MemSize::B1 => guarded::store_u8(at, value as u8),
                MemSize::B2 => guarded::store_u16(at, value as u16),
                MemSize::B4 => guarded::store_u32(at, value as u32),
                MemSize::B8 => guarded::store_u64(at, value),
            }
        }
    }

    /// Atomically replaces `old` by `new`; gives what was there.
    #[inline]
    pub(super) fn compare_exchange(
        &self,
        addr: u32,
        size: MemSize,
        old: u64,
        new: u64,
    ) -> Result<u64, HostFault> {
        let at = self.host(addr);
        // SAFETY: a 32-bit address and 8 bytes stay inside the window and its guard.
        unsafe {
            match size {
                MemSize::B1 => guarded::compare_exchange_u8(at, old as u8, new as u8).map(u64::from),
                MemSize::B2 => guarded::compare_exchange_u16(at, old as u16, new as u16).map(u64::from),
                MemSize::B4 => guarded::compare_exchange_u32(at, old as u32, new as u32).map(u64::from),
                MemSize::B8 => guarded::compare_exchange_u64(at, old, new),
            }
        }
    }

    /// Copies from guest memory; the range must not wrap.
    pub(super) fn copy_in(&self, buf: &mut [u8], addr: u32) -> Result<(), HostFault> {
        assert!(buf.len() as u64 <= SIZE - u64::from(addr), "range outside the window");
        // SAFETY: the range lies inside the window.
        unsafe { guarded::copy_in(buf, self.host(addr)) }
    }

    /// Copies to guest memory; the range must not wrap.
    pub(super) fn copy_out(&self, addr: u32, bytes: &[u8]) -> Result<(), HostFault> {
        assert!(bytes.len() as u64 <= SIZE - u64::from(addr), "range outside the window");
        // SAFETY: the range lies inside the window.
        unsafe { guarded::copy_out(self.host(addr), bytes) }
    }

    /// Reads a zero-terminated string of less than `max` bytes, if there is one.
    pub(super) fn cstring(&self, addr: u32, max: usize) -> Result<Option<Vec<u8>>, HostFault> {
        let max = max.min((SIZE - u64::from(addr)) as usize);
        // SAFETY: the range lies inside the window.
        unsafe { guarded::cstring(self.host(addr), max) }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let start = (self.base - GUARD) as *mut libc::c_void;
        // SAFETY: the reservation is ours, and nobody has pointers into it any more.
        unsafe { libc::munmap(start, (SIZE + 2 * GUARD) as usize) };
    }
}

/// What the host must allow so that the guest can do what `prot` says. Neither guest has pages that can be written or
/// executed but not read.
fn host_prot(prot: Prot) -> i32 {
    let read = if prot.is_empty() { 0 } else { libc::PROT_READ };
    let write = if prot.contains(Prot::WRITE) { libc::PROT_WRITE } else { 0 };
    read | write
}

/// Reserves host address space for a window and its guards.
fn map_nothing(at: *mut libc::c_void, place: i32) -> io::Result<u64> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | place;
    let len = (SIZE + 2 * GUARD) as usize;
    // SAFETY: a fresh mapping that replaces no other one.
    let start = unsafe { libc::mmap(at, len, libc::PROT_NONE, flags, -1, 0) };
    if start == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(start as u64) }
}

fn check(result: i32) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A table of zeros for every page of the window; the host gives it memory only where it is used.
pub(super) fn page_table() -> Box<[AtomicU8]> {
    // SAFETY: zero is a valid AtomicU8.
    unsafe { Box::new_zeroed_slice((SIZE / PAGE) as usize).assume_init() }
}
