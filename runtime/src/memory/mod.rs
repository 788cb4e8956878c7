//! The memory of a 32-bit user-mode guest: a reserved window of the host's address space (`window`), the list of its
//! mappings (`regions`) and the guest's mmap family (`map`).
//!
//! A [`UserMemory`] is a handle; clones name the same memory, and may be used on other threads. Lock order: the list of
//! mappings comes first, and it is never held while guest memory is accessed; then what a handle knows to be stale.

mod access;
mod growth;
mod locks;
mod map;
mod pages;
pub mod regions;
#[cfg(test)]
mod tests;
#[expect(unsafe_code, reason = "maps and accesses the guest's part of the host's address space")]
mod window;

use std::io;
use std::ops::Range;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use demotic_ir::{Access, CodeSource, Fault, FaultKind, HostView, MemSize, Memory};
use demotic_translator::host::guarded::HostFault;
use demotic_translator::host::signal::install_fault_handler;

pub use locks::Lock;
pub use map::{Backing, MapError, MapRequest, Placement, RemapRequest};
pub use regions::{FileInfo, Prot, Region, Source};

use growth::Growth;
use pages::PageFlags;
use regions::Regions;
use window::Window;

/// Bytes in a guest page.
pub const PAGE_SIZE: u32 = window::PAGE as u32;

/// Where a personality places things, and how its data looks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemoryLayout {
    /// Whether data is big-endian.
    pub big: bool,
    /// Addresses from here on belong to the guest's kernel; the guest cannot map them.
    pub limit: u64,
    /// Mappings without a given place come from this range, highest first.
    pub mmap_area: Range<u64>,
    /// Whether readable mappings are executable too (programs from before executable stacks were marked).
    pub read_implies_exec: bool,
}

/// The lock-protected part.
#[derive(Debug)]
struct MapState {
    regions: Regions,
    layout: MemoryLayout,
    /// Start and end of the heap.
    brk: Range<u64>,
    /// Where shared memory segments were attached.
    segments: Vec<(u64, Arc<FileInfo>)>,
    /// How what is mapped from now on is locked, if it is.
    lock_future: Option<Lock>,
    /// What children do not have.
    not_inherited: Vec<Range<u64>>,
}

#[derive(Debug)]
struct Shared {
    window: Window,
    pages: PageFlags,
    state: Mutex<MapState>,
    big: bool,
    growth: Growth,
}

/// A handle of a guest's memory. Each of the guest's threads has its own.
#[derive(Debug)]
pub struct UserMemory {
    shared: Arc<Shared>,
    /// Address ranges whose translations have become invalid by what was done through this handle.
    stale: Mutex<Vec<Range<u64>>>,
    /// How often memory had grown when this handle last looked.
    seen_growth: AtomicU64,
}

impl Clone for UserMemory {
    fn clone(&self) -> UserMemory {
        UserMemory { shared: self.shared.clone(), stale: Mutex::default(), seen_growth: AtomicU64::new(0) }
    }
}

impl UserMemory {
    /// Reserves the address space of a guest; nothing is mapped in it.
    ///
    /// # Errors
    /// When the host does not have 4 GiB of address space left (`ulimit -v`).
    pub fn new(layout: MemoryLayout) -> io::Result<UserMemory> {
        install_fault_handler();
        let big = layout.big;
        let state = MapState {
            regions: Regions::default(),
            layout,
            brk: 0..0,
            segments: Vec::new(),
            lock_future: None,
            not_inherited: Vec::new(),
        };
        let (window, pages) = (Window::reserve()?, PageFlags::new());
        let shared =
            Arc::new(Shared { window, pages, state: Mutex::new(state), big, growth: Growth::default() });
        Ok(UserMemory { shared, stale: Mutex::default(), seen_growth: AtomicU64::new(0) })
    }

    /// Host address of guest address 0. Host system calls may be given addresses inside the window; the host kernel
    /// checks them as it does for any program.
    pub fn host_base(&self) -> u64 {
        self.shared.window.base()
    }

    /// Host address of the table with a byte for each guest page, for [`UserMemory::protection_of_flags`].
    pub(crate) fn page_flags_address(&self) -> u64 {
        self.shared.pages.address()
    }

    /// What a byte of the table of pages says.
    pub(crate) fn protection_of_flags(flags: u8) -> Option<Prot> {
        pages::protection(flags)
    }

    /// The host address of `[addr, addr + len)`, if that does not reach beyond the window. Memory that grows does so, since
    /// the host would not let it.
    pub fn host_range(&self, addr: u32, len: u64) -> Option<u64> {
        if self.may_grow() && len > 0 && self.protection(addr).is_none() {
            self.grow_down(addr);
        }
        (u64::from(addr).checked_add(len)? <= window::SIZE).then(|| self.host_base() + u64::from(addr))
    }

    /// The guest address of a host address, if it is inside the window or its guards (addresses wrap there).
    pub fn guest_address(&self, host: u64) -> Option<u32> {
        const GUARD: u64 = 1 << 20;
        let offset = host.wrapping_sub(self.host_base());
        (offset.wrapping_add(GUARD) < window::SIZE + 2 * GUARD).then_some(offset as u32)
    }

    /// What the guest may do at an address; `None` where nothing is mapped.
    pub fn protection(&self, addr: u32) -> Option<Prot> {
        self.shared.pages.prot(addr)
    }

    /// What a fault of a host access to this memory means to the guest.
    pub fn classify(&self, fault: HostFault, access: Access) -> Fault {
        let addr = fault.addr.wrapping_sub(self.host_base()) as u32;
        let kind = match self.protection(addr) {
            _ if fault.signal == libc::SIGBUS => FaultKind::Bus,
            None => FaultKind::Unmapped,
            Some(_) => FaultKind::Permission,
        };
        Fault { addr: u64::from(addr), access, kind }
    }

    /// Says why an access failed of which an engine only knows that it did: what is mapped where it may be accessed in this
    /// way has nothing behind it.
    pub fn refine(&self, fault: Fault) -> Fault {
        let (FaultKind::Unmapped, Some(prot)) = (fault.kind, self.protection(fault.addr as u32)) else {
            return fault;
        };
        let allowed = match fault.access {
            Access::Load => !prot.is_empty(),
            Access::Store => prot.contains(Prot::WRITE),
            Access::Fetch => prot.contains(Prot::EXEC),
        };
        Fault { kind: if allowed { FaultKind::Bus } else { FaultKind::Permission }, ..fault }
    }

    /// Does something, a fork, while nobody else has the list of mappings locked.
    pub(crate) fn with_mappings_held<T>(&self, f: impl FnOnce() -> T) -> T {
        let _state = self.state();
        f()
    }

    /// Address ranges whose translations have become invalid.
    fn stale(&self) -> MutexGuard<'_, Vec<Range<u64>>> {
        self.stale.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, MapState> {
        // A panic while the lock was held leaves the list consistent enough: every update is one call.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory for UserMemory {
    #[inline]
    fn load(&mut self, addr: u64, size: MemSize) -> Result<u64, Fault> {
        self.shared.window.load(addr as u32, size).map_err(|f| self.classify(f, Access::Load))
    }

    #[inline]
    fn store(&mut self, addr: u64, size: MemSize, value: u64) -> Result<(), Fault> {
        self.shared.window.store(addr as u32, size, value).map_err(|f| self.classify(f, Access::Store))
    }

    #[inline]
    fn compare_exchange(&mut self, addr: u64, size: MemSize, old: u64, new: u64) -> Result<u64, Fault> {
        let result = self.shared.window.compare_exchange(addr as u32, size, old, new);
        result.map_err(|f| self.classify(f, Access::Store))
    }

    fn host_view(&self) -> HostView {
        HostView::Window { base: self.host_base() }
    }
}

impl CodeSource for UserMemory {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        let (first, last) = (addr as u32, (addr as u32).wrapping_add(buf.len().saturating_sub(1) as u32));
        let executable = |at| self.protection(at).is_some_and(|prot| prot.contains(Prot::EXEC));
        executable(first)
            && (first / PAGE_SIZE == last / PAGE_SIZE || executable(last))
            && self.read_bytes(first, buf).is_ok()
    }

    fn read_only(&self, addr: u64, len: u32) -> Option<u64> {
        let (first, last) = (addr as u32, (addr as u32).checked_add(len.checked_sub(1)?)?);
        let mut bytes = [0; 8];
        let target = bytes.get_mut(..len as usize)?;
        let writable = |prot: Prot| prot.contains(Prot::WRITE);
        // A look first, so that pages which are written to are not marked.
        if [first, last].into_iter().any(|page| self.protection(page).is_none_or(writable)) {
            return None;
        }
        // Before the read: whoever makes the page writable from here on sees the mark.
        if [first, last].into_iter().any(|page| self.shared.pages.set_folded(page).is_none_or(writable)) {
            return None;
        }
        self.read_bytes(first, target).ok()?;
        Some(u64::from_le_bytes(bytes))
    }
}
