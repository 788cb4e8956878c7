//! The memory that translated code lives in.
//!
//! One memfd is mapped twice: readable and writable for us, readable and executable for the guest's code. No page is
//! ever writable and executable at one address, and nothing has to be unprotected to be patched. All users address it
//! by offsets, so that it may be copied for a child process.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use memmap2::{Mmap, MmapMut, MmapOptions};

/// A double-mapped code area.
pub(crate) struct CodeCache {
    file: File,
    writable: MmapMut,
    executable: Mmap,
}

impl CodeCache {
    /// An empty area of `size` bytes, which are backed by memory only as they are used.
    ///
    /// # Errors
    /// When the host cannot provide it.
    pub(crate) fn new(size: usize) -> io::Result<CodeCache> {
        let file = memory_file(size)?;
        // SAFETY: the file is a fresh memfd that nobody else can open or truncate.
        let writable = unsafe { MmapOptions::new().len(size).map_mut(&file)? };
        // SAFETY: as above. That its contents change under the mapping is the purpose; nothing reads them as Rust data.
        let executable = unsafe { MmapOptions::new().len(size).map_exec(&file)? };
        Ok(CodeCache { file, writable, executable })
    }

    /// Size in bytes.
    pub(crate) fn size(&self) -> usize {
        self.writable.len()
    }

    /// Host address of offset 0, executable.
    pub(crate) fn base(&self) -> u64 {
        self.executable.as_ptr() as u64
    }

    /// The offset of an executable address, if it is in the area.
    pub(crate) fn offset_of(&self, host_pc: u64) -> Option<usize> {
        let offset = host_pc.checked_sub(self.base())? as usize;
        (offset < self.size()).then_some(offset)
    }

    /// Copies code into the area. False when it does not fit.
    pub(crate) fn write(&mut self, offset: usize, bytes: &[u8]) -> bool {
        let place = offset.checked_add(bytes.len()).and_then(|end| self.writable.get_mut(offset..end));
        place.map(|p| p.copy_from_slice(bytes)).is_some()
    }

    /// Points the 32-bit pc-relative field at `site` to `target` (both offsets), in one store.
    pub(crate) fn patch(&mut self, site: usize, target: usize) {
        let distance = (target as i64 - (site as i64 + 4)) as i32;
        let Some(place) = self.writable.get_mut(site..site + 4) else { return };
        // SAFETY: the four bytes are inside the mapping. A volatile store of an i32 is one host instruction, so that
        // the code sees either the old or the new target.
        unsafe { place.as_mut_ptr().cast::<i32>().write_unaligned(distance) };
    }

    /// A copy of the first `used` bytes in a memfd of its own, for a child process.
    ///
    /// # Errors
    /// When the host cannot provide the memory.
    pub(crate) fn duplicate(&self, used: usize) -> io::Result<OwnedFd> {
        let copy = memory_file(self.size())?;
        // SAFETY: both mappings are of files of this size; this one is private to the call.
        let mut view = unsafe { MmapOptions::new().len(self.size()).map_mut(&copy)? };
        view[..used].copy_from_slice(&self.writable[..used]);
        Ok(copy.into())
    }

    /// Replaces the memory of the area by `copy`, at the same addresses. For a child process, which would otherwise
    /// share its code with its parent.
    ///
    /// # Errors
    /// When the host refuses; the area is still the parent's then.
    pub(crate) fn adopt(&mut self, copy: OwnedFd) -> io::Result<()> {
        let file = File::from(copy);
        let views = [
            (self.writable.as_ptr(), libc::PROT_READ | libc::PROT_WRITE),
            (self.executable.as_ptr(), libc::PROT_READ | libc::PROT_EXEC),
        ];
        for (address, protection) in views {
            // SAFETY: replaces a mapping that we own by one of the same size, whose contents are the same.
            let mapped = unsafe {
                libc::mmap(
                    address.cast_mut().cast(),
                    self.writable.len(),
                    protection,
                    libc::MAP_SHARED | libc::MAP_FIXED,
                    file.as_raw_fd(),
                    0,
                )
            };
            if mapped == libc::MAP_FAILED {
                return Err(io::Error::last_os_error());
            }
        }
        self.file = file;
        Ok(())
    }

    /// The descriptor of the memfd, which guests must not see.
    #[cfg(test)]
    fn descriptor(&self) -> i32 {
        self.file.as_raw_fd()
    }
}

fn memory_file(size: usize) -> io::Result<File> {
    // SAFETY: the name is a C string; the result is checked.
    let fd = unsafe { libc::memfd_create(c"demotic-code".as_ptr(), libc::MFD_CLOEXEC) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is fresh and owned by nobody else.
    let file = File::from(unsafe { OwnedFd::from_raw_fd(fd) });
    file.set_len(size as u64)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_views_show_the_same_bytes() {
        let mut cache = CodeCache::new(1 << 20).unwrap();
        assert!(cache.write(64, &[1, 2, 3, 4, 5]));
        assert_eq!(&cache.executable[64..69], &[1, 2, 3, 4, 5]);
        cache.patch(64, 100);
        assert_eq!(&cache.executable[64..68], &32i32.to_le_bytes());
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
        let before = (cache.base(), cache.descriptor());
        let copy = cache.duplicate(6).unwrap();
        cache.adopt(copy).unwrap();
        assert_eq!(cache.base(), before.0);
        assert_ne!(cache.descriptor(), before.1);
        assert_eq!(&cache.executable[..6], b"parent");
    }
}
