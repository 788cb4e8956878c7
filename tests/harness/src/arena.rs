//! The small memory that pieces of guest code run in: a real window, so that translated code works on it as it does on
//! a program's memory, but with an own idea of what is code.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use demotic_ir::{CodeSource, Fault};
use demotic_runtime::memory::{MemoryLayout, Prot, UserMemory};

/// The page size.
const PAGE: u32 = 4096;

/// Memory, and which of it is code.
#[derive(Clone, Debug)]
pub struct Arena {
    /// The memory.
    pub memory: UserMemory,
    code: Arc<CodeRange>,
}

/// The code: nothing outside can be fetched, and all inside counts as read-only.
#[derive(Debug)]
struct CodeRange {
    memory: UserMemory,
    start: AtomicU64,
    end: AtomicU64,
}

impl Arena {
    /// An arena in which nothing is mapped.
    ///
    /// # Panics
    /// When the host has no 4 GiB of address space left.
    pub fn new() -> Arena {
        let layout = MemoryLayout { big: false, limit: 1 << 32, mmap_area: 0..0, read_implies_exec: false };
        let memory = UserMemory::new(layout).expect("address space for a guest can be reserved");
        let code = CodeRange { memory: memory.clone(), start: AtomicU64::new(0), end: AtomicU64::new(0) };
        Arena { memory, code: Arc::new(code) }
    }

    /// Maps zeroed pages that overlap `[start, end)`, in place of what is there.
    ///
    /// # Panics
    /// When the host refuses.
    pub fn map(&self, range: Range<u32>, writable: bool) {
        let start = range.start & !(PAGE - 1);
        let len = (range.end - start).next_multiple_of(PAGE);
        let prot = if writable { Prot::READ | Prot::WRITE } else { Prot::READ };
        self.memory.map_special(start, len, prot, "arena").expect("the host maps pages");
    }

    /// Makes mapped pages read-only.
    ///
    /// # Panics
    /// When the host refuses.
    pub fn protect(&self, range: Range<u32>) {
        let len = range.end - range.start;
        self.memory.protect_special(range.start, len, Prot::READ).expect("the host protects pages");
    }

    /// Says what is code, after writing it.
    ///
    /// # Errors
    /// The fault when it cannot be written.
    pub fn set_code(&self, start: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.memory.write_bytes(start, bytes)?;
        self.code.start.store(u64::from(start), Ordering::Relaxed);
        self.code.end.store(u64::from(start) + bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    /// The code, for engines.
    pub fn code(&self) -> Arc<impl CodeSource + Send + Sync + use<>> {
        self.code.clone()
    }

    /// Where the code is.
    pub fn code_range(&self) -> Range<u64> {
        self.code.start.load(Ordering::Relaxed)..self.code.end.load(Ordering::Relaxed)
    }

    /// The bytes of a range that is mapped.
    ///
    /// # Panics
    /// When it is not.
    pub fn bytes(&self, range: Range<u32>) -> Vec<u8> {
        let mut bytes = vec![0; range.len()];
        self.memory.read_bytes(range.start, &mut bytes).expect("the range is mapped");
        bytes
    }
}

impl Default for Arena {
    fn default() -> Self {
        Arena::new()
    }
}

impl CodeRange {
    fn holds(&self, addr: u64, len: usize) -> bool {
        let (start, end) = (self.start.load(Ordering::Relaxed), self.end.load(Ordering::Relaxed));
        addr >= start && addr.checked_add(len as u64).is_some_and(|last| last <= end)
    }
}

impl CodeSource for CodeRange {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        self.holds(addr, buf.len()) && self.memory.read_bytes(addr as u32, buf).is_ok()
    }

    fn read_only(&self, addr: u64, len: u32) -> Option<u64> {
        let mut bytes = [0; 8];
        let target = bytes.get_mut(..len as usize)?;
        let readable = self.holds(addr, target.len()) && self.memory.read_bytes(addr as u32, target).is_ok();
        readable.then(|| u64::from_le_bytes(bytes))
    }
}
