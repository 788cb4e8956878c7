//! The memory that translated code lives in.
//!
//! One piece of shared memory is mapped twice: readable and writable for us, readable and executable for the guest's
//! code. No page is ever writable and executable at one address, and nothing has to be unprotected to be patched. All
//! users address it by offsets. It has neither a name nor a descriptor: a guest whose descriptors are the process's own
//! finds none of ours among them, and can close none.
//!
//! A forked child shares the memory that there is, so neither it nor its parent may write there any more until it has a
//! copy ([`CodeCache::unshare`]): most children do not live long enough to need one. From [`CodeCache::share`]'s end on each
//! has memory of its own.

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

    /// Moves this mapping over the part of `other` from an offset on. Other threads that use that find the one or the other
    /// there, at any time.
    fn move_over(self, other: &View, offset: usize) -> io::Result<()> {
        if offset.checked_add(self.len).is_none_or(|end| end > other.len) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
        // SAFETY: the offset is in the mapping.
        let place = unsafe { other.start.as_ptr().add(offset) }.cast::<libc::c_void>();
        // SAFETY: both mappings are ours, and the place has room, as asked above.
        let start = unsafe { libc::mremap(self.start.as_ptr().cast(), self.len, self.len, flags, place) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // It belongs to the other one now.
        std::mem::forget(self);
        Ok(())
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
        // SAFETY: the range is mapped and readable as long as we live. No process writes to it while others have it, as
        // `CodeCache` sees to.
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
    /// What is before this offset may be shared with other processes.
    own: usize,
}

const EXECUTABLE: i32 = libc::PROT_READ | libc::PROT_EXEC;

/// The boundary between memory that is shared and memory that is not is one of pages.
const PAGE: usize = 4096;

impl CodeCache {
    /// An empty area of `size` bytes, which are backed by memory only as they are used.
    ///
    /// # Errors
    /// When the host cannot provide it.
    pub(crate) fn new(size: usize) -> io::Result<CodeCache> {
        let (writable, executable) = views(size)?;
        Ok(CodeCache { writable, executable, own: 0 })
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

    /// Whether what is at an offset may be written.
    pub(crate) fn is_own(&self, offset: usize) -> bool {
        offset >= self.own
    }

    /// Copies code into the area. False when it does not fit, or is not ours to write.
    pub(crate) fn write(&mut self, offset: usize, bytes: &[u8]) -> bool {
        if !self.is_own(offset) {
            return false;
        }
        let place =
            offset.checked_add(bytes.len()).and_then(|end| self.writable.bytes_mut().get_mut(offset..end));
        place.map(|p| p.copy_from_slice(bytes)).is_some()
    }

    /// Points the 32-bit pc-relative field at `site` to `target` (both offsets), in one store. False when it is not ours to
    /// write.
    pub(crate) fn patch(&mut self, site: usize, target: usize) -> bool {
        let distance = (target as i64 - (site as i64 + 4)) as i32;
        let own = self.is_own(site);
        let Some(place) = self.writable.bytes_mut().get_mut(site..site + 4).filter(|_| own) else {
            return false;
        };
        // SAFETY: the four bytes are inside the mapping. A volatile store of an i32 is one host instruction, so that
        // the code sees either the old or the new target.
        unsafe { place.as_mut_ptr().cast::<i32>().write_unaligned(distance) };
        true
    }

    /// From now on the first `used` bytes are shared with another process. Gives where the memory begins that is not.
    pub(crate) fn share(&mut self, used: usize) -> usize {
        self.own = self.own.max(used.next_multiple_of(PAGE)).min(self.size());
        self.own
    }

    /// For a child process: makes the memory that is not shared its own, and empty.
    ///
    /// # Errors
    /// When the host cannot provide it; nothing may be written then.
    pub(crate) fn begin_own(&mut self) -> io::Result<()> {
        let begun = views(self.size() - self.own).and_then(|own| self.replace(own, self.own));
        if begun.is_err() {
            self.own = self.size();
        }
        begun
    }

    /// Makes the shared memory, of which the first `used` bytes are in use, our own, at the same addresses.
    ///
    /// # Errors
    /// When the host cannot provide the memory; it is still shared then.
    pub(crate) fn unshare(&mut self, used: usize) -> io::Result<()> {
        if self.own == 0 {
            return Ok(());
        }
        let used = used.min(self.own);
        let (mut writable, executable) = views(self.own)?;
        writable.populate(used);
        writable.bytes_mut()[..used].copy_from_slice(&self.writable.bytes()[..used]);
        self.replace((writable, executable), 0)?;
        self.own = 0;
        Ok(())
    }

    fn replace(&mut self, (writable, executable): (View, View), offset: usize) -> io::Result<()> {
        executable.move_over(&self.executable, offset)?;
        writable.move_over(&self.writable, offset)
    }
}

/// New memory of zeros, writable and executable.
fn views(len: usize) -> io::Result<(View, View)> {
    let writable = View::new(len)?;
    let executable = writable.again()?;
    executable.protect(EXECUTABLE)?;
    Ok((writable, executable))
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
    fn what_is_shared_is_not_written_before_there_is_a_copy() {
        let mut child = CodeCache::new(1 << 16).unwrap();
        child.write(0, b"parent");
        let base = child.base();
        // Views as the parent has them.
        let parent = CodeCache {
            writable: child.writable.again().unwrap(),
            executable: child.executable.again().unwrap(),
            own: 0,
        };
        assert_eq!(child.share(6), PAGE);
        child.begin_own().unwrap();
        assert!(!child.write(0, b"child!") && !child.patch(0, 100) && child.write(PAGE, b"child!"));
        assert_eq!(&parent.executable.bytes()[PAGE..PAGE + 6], &[0; 6]);
        assert_eq!(&child.executable.bytes()[..6], b"parent");
        child.unshare(6).unwrap();
        assert_eq!(&child.executable.bytes()[..6], b"parent");
        assert!(child.write(0, b"child!") && child.base() == base);
        assert_eq!(&child.executable.bytes()[..6], b"child!");
        assert_eq!(&child.executable.bytes()[PAGE..PAGE + 6], b"child!");
        assert_eq!(&parent.writable.bytes()[..6], b"parent");
    }
}
