//! Memory that Demotic shares with its guest: mapped once for itself, at a place that no guest can reach, and as often as
//! the guest asks in its window.

use std::sync::atomic::{AtomicU32, Ordering};

use super::host::{Errno, last_errno};

/// Pages of zeros that can be mapped a second time. There is no file behind them that could be shortened.
#[derive(Debug)]
pub(crate) struct SharedPages {
    at: u64,
    len: u64,
}

impl SharedPages {
    const PAGE: u64 = 4096;

    /// Maps at least `len` bytes.
    pub(crate) fn new(len: u64) -> Result<SharedPages, Errno> {
        let len = len.max(1).next_multiple_of(SharedPages::PAGE);
        let (prot, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: a fresh mapping at a place of the kernel's choice.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), len as usize, prot, flags, -1, 0) };
        if at == libc::MAP_FAILED { Err(last_errno()) } else { Ok(SharedPages { at: at as u64, len }) }
    }

    /// Where they are, for the host to map them a second time.
    pub(crate) fn address(&self) -> u64 {
        self.at
    }

    /// How many bytes they have.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// A word of 32 bits, which the guest may change at any time.
    fn word(&self, offset: u32) -> &AtomicU32 {
        assert!(offset.is_multiple_of(4) && u64::from(offset) < self.len, "outside the shared pages");
        // SAFETY: inside the mapping, which lives as long as `self`, aligned, and only accessed atomically.
        unsafe { &*((self.at + u64::from(offset)) as *const AtomicU32) }
    }

    /// The word at an offset, as the host has it.
    pub(crate) fn load(&self, offset: u32) -> u32 {
        self.word(offset).load(Ordering::Acquire)
    }

    /// Changes the word at an offset, after everything that was stored before.
    pub(crate) fn store(&self, offset: u32, value: u32) {
        self.word(offset).store(value, Ordering::Release);
    }
}

impl Drop for SharedPages {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours; the guest's are others.
        unsafe { libc::munmap(self.at as *mut libc::c_void, self.len as usize) };
    }
}
