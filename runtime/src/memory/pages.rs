//! One byte per guest page: what the guest may do there. Kept beside the list of mappings because it can be read
//! without a lock, by the compile thread and on every fault.

use std::ops::Range;
use std::sync::atomic::{AtomicU8, Ordering};

use super::regions::Prot;
use super::window::{PAGE, page_table};

/// The page is mapped.
const MAPPED: u8 = 8;
/// Translated code contains values that were read from this page.
const FOLDED: u8 = 16;

/// The table.
#[derive(Debug)]
pub(super) struct PageFlags {
    table: Box<[AtomicU8]>,
}

impl PageFlags {
    pub(super) fn new() -> PageFlags {
        PageFlags { table: page_table() }
    }

    /// The protection of the page at `addr`; `None` where nothing is mapped.
    pub(super) fn prot(&self, addr: u32) -> Option<Prot> {
        let flags = self.page(addr).load(Ordering::Acquire);
        (flags & MAPPED != 0).then(|| Prot::from_bits_truncate(flags))
    }

    /// Sets the protection of the pages of `range`; `None` for unmapped.
    pub(super) fn set(&self, range: &Range<u64>, prot: Option<Prot>) {
        let flags = prot.map_or(0, |p| MAPPED | p.bits());
        for page in self.slice(range) {
            page.store(flags, Ordering::Release);
        }
    }

    /// Notes that translated code depends on the contents of the page at `addr`.
    pub(super) fn set_folded(&self, addr: u32) {
        self.page(addr).fetch_or(FOLDED, Ordering::AcqRel);
    }

    /// Whether translated code may depend on the contents of `range`: as instructions, and as data.
    pub(super) fn dependence(&self, range: &Range<u64>) -> (bool, bool) {
        let all = self.slice(range).iter().fold(0, |all, page| all | page.load(Ordering::Acquire));
        (all & Prot::EXEC.bits() != 0, all & FOLDED != 0)
    }

    fn page(&self, addr: u32) -> &AtomicU8 {
        &self.table[addr as usize / PAGE as usize]
    }

    fn slice(&self, range: &Range<u64>) -> &[AtomicU8] {
        &self.table[(range.start / PAGE) as usize..(range.end.div_ceil(PAGE)) as usize]
    }
}
