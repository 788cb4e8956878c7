//! The memory that translated code lives in.
//!
//! One piece of shared memory is mapped twice: readable and writable for us, readable and executable for the guest's
//! code. No page is ever writable and executable at one address, and nothing has to be unprotected to be patched. All
//! users address it by offsets, so that it may be copied for a child process. It has neither a name nor a descriptor: a
//! guest whose descriptors are the process's own finds none of ours among them, and can close none.

use std::io;
use std::ptr::{self, NonNull};

/// A mapping of shared memory, which several may show.
pub(crate) struct View {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: a view is an address range that it owns; it is accessed through `&` and `&mut` like a boxed slice.
unsafe impl Send for View {}
// SAFETY: as above.
unsafe impl Sync for View {}

impl View {
    /// New memory of zeros, readable and writable.
    fn new(len: usize) -> io::Result<View> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        // SAFETY: a fresh mapping at a place of the kernel's choice.
        let start = unsafe { libc::mmap(ptr::null_mut(), len, protection, flags, -1, 0) };
        View::of(start, len)
    }

    /// Another view of the same memory, at a place of the kernel's choice.
    fn again(&self) -> io::Result<View> {
        // SAFETY: an old length of 0 leaves the old mapping as it is and makes a new one of the same memory.
        let start = unsafe { libc::mremap(self.start.as_ptr().cast(), 0, self.len, libc::MREMAP_MAYMOVE) };
        View::of(start, self.len)
    }

    /// Has `other`, which is of the same length, show this memory from now on, with this protection.
    fn replace(&self, other: &View, protection: i32) -> io::Result<()> {
        let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
        let place = other.start.as_ptr().cast::<libc::c_void>();
        // SAFETY: replaces a mapping that is ours by one of the same length.
        let start = unsafe { libc::mremap(self.start.as_ptr().cast(), 0, other.len, flags, place) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        other.protect(protection)
    }

    /// Has the host provide memory for the first `len` bytes at once, which takes it less time than page by page.
    fn populate(&self, len: usize) {
        // SAFETY: the range is ours. That the host may not know this advice does no harm.
        unsafe { libc::madvise(self.start.as_ptr().cast(), len.min(self.len), libc::MADV_POPULATE_WRITE) };
    }

    fn protect(&self, protection: i32) -> io::Result<()> {
        // SAFETY: the range is ours.
        match unsafe { libc::mprotect(self.start.as_ptr().cast(), self.len, protection) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    fn of(start: *mut libc::c_void, len: usize) -> io::Result<View> {
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(View { start, len })
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: the range is mapped and readable as long as we live. That other processes write to it too is excluded
        // by `CodeCache::adopt`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// Only for views that are writable.
    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above; a writable view has one owner, who has lent it mutably.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // SAFETY: the range is ours, and nobody uses it any more.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}

/// A double-mapped code area.
pub(crate) struct CodeCache {
    writable: View,
    executable: View,
}

const WRITABLE: i32 = libc::PROT_READ | libc::PROT_WRITE;
const EXECUTABLE: i32 = libc::PROT_READ | libc::PROT_EXEC;

impl CodeCache {
    /// An empty area of `size` bytes, which are backed by memory only as they are used.
    ///
    /// # Errors
    /// When the host cannot provide it.
    pub(crate) fn new(size: usize) -> io::Result<CodeCache> {
        let writable = View::new(size)?;
        let executable = writable.again()?;
        executable.protect(EXECUTABLE)?;
        Ok(CodeCache { writable, executable })
    }

    /// Size in bytes.
    pub(crate) fn size(&self) -> usize {
        self.writable.len
    }

    /// Host address of offset 0, executable.
    pub(crate) fn base(&self) -> u64 {
        self.executable.start.as_ptr() as u64
    }

    /// The offset of an executable address, if it is in the area.
    pub(crate) fn offset_of(&self, host_pc: u64) -> Option<usize> {
        let offset = host_pc.checked_sub(self.base())? as usize;
        (offset < self.size()).then_some(offset)
    }

    /// Some of the code.
    #[cfg(test)]
    pub(crate) fn bytes(&self, offset: usize, len: usize) -> &[u8] {
        &self.writable.bytes()[offset..offset + len]
    }

    /// Copies code into the area. False when it does not fit.
    pub(crate) fn write(&mut self, offset: usize, bytes: &[u8]) -> bool {
        let place =
            offset.checked_add(bytes.len()).and_then(|end| self.writable.bytes_mut().get_mut(offset..end));
        place.map(|p| p.copy_from_slice(bytes)).is_some()
    }

    /// Points the 32-bit pc-relative field at `site` to `target` (both offsets), in one store.
    pub(crate) fn patch(&mut self, site: usize, target: usize) {
        let distance = (target as i64 - (site as i64 + 4)) as i32;
        let Some(place) = self.writable.bytes_mut().get_mut(site..site + 4) else { return };
        // SAFETY: the four bytes are inside the mapping. A volatile store of an i32 is one host instruction, so that
        // the code sees either the old or the new target.
        unsafe { place.as_mut_ptr().cast::<i32>().write_unaligned(distance) };
    }

    /// A copy of the first `used` bytes, for a child process.
    ///
    /// # Errors
    /// When the host cannot provide the memory.
    pub(crate) fn duplicate(&self, used: usize) -> io::Result<View> {
        let mut copy = View::new(self.size())?;
        copy.populate(used);
        copy.bytes_mut()[..used].copy_from_slice(&self.writable.bytes()[..used]);
        Ok(copy)
    }

    /// Replaces the memory of the area by `copy`, at the same addresses. For a child process, which would otherwise
    /// share its code with its parent.
    ///
    /// # Errors
    /// When the host refuses; the area is not to be used then.
    pub(crate) fn adopt(&mut self, copy: &View) -> io::Result<()> {
        copy.replace(&self.writable, WRITABLE)?;
        copy.replace(&self.executable, EXECUTABLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_views_show_the_same_bytes() {
        let mut cache = CodeCache::new(1 << 20).unwrap();
        assert!(cache.write(64, &[1, 2, 3, 4, 5]));
        assert_eq!(&cache.executable.bytes()[64..69], &[1, 2, 3, 4, 5]);
        cache.patch(64, 100);
        assert_eq!(&cache.executable.bytes()[64..68], &32i32.to_le_bytes());
        assert_eq!(cache.offset_of(cache.base() + 5), Some(5));
        assert_eq!(cache.offset_of(cache.base() - 1), None);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut cache = CodeCache::new(4096).unwrap();
        assert!(!cache.write(4095, &[0, 0]));
        assert!(!cache.write(usize::MAX, &[0, 0]));
    }

    #[test]
    fn a_copy_is_separate() {
        let mut cache = CodeCache::new(1 << 16).unwrap();
        cache.write(0, b"parent");
        let base = cache.base();
        let copy = cache.duplicate(6).unwrap();
        let parent = cache.writable.again().unwrap();
        cache.adopt(&copy).unwrap();
        drop(copy);
        assert_eq!(cache.base(), base);
        assert_eq!(&cache.executable.bytes()[..6], b"parent");
        cache.write(0, b"child!");
        assert_eq!(&cache.executable.bytes()[..6], b"child!");
        assert_eq!(&parent.bytes()[..6], b"parent");
    }
}
