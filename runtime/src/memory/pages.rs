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

/// What the guest may do with a page whose byte is `flags`; `None` for unmapped.
pub(super) fn protection(flags: u8) -> Option<Prot> {
    (flags & MAPPED != 0).then(|| Prot::from_bits_truncate(flags))
}

/// How translated code may depend on what is in pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Dependence {
    /// As instructions.
    pub(super) code: bool,
    /// As data.
    pub(super) folded: bool,
}

impl Dependence {
    fn of(flags: impl Iterator<Item = u8>) -> Dependence {
        let all = flags.fold(0, |all, flags| all | flags);
        Dependence { code: all & Prot::EXEC.bits() != 0, folded: all & FOLDED != 0 }
    }
}

/// The table.
#[derive(Debug)]
pub(super) struct PageFlags {
    table: Box<[AtomicU8]>,
}

impl PageFlags {
    pub(super) fn new() -> PageFlags {
        PageFlags { table: page_table() }
    }

    /// Where the table is.
    pub(super) fn address(&self) -> u64 {
        self.table.as_ptr() as u64
    }

    /// The protection of the page at `addr`; `None` where nothing is mapped.
    pub(super) fn prot(&self, addr: u32) -> Option<Prot> {
        protection(self.page(addr).load(Ordering::Acquire))
    }

    /// Sets the protection of the pages of `range`; `None` for unmapped. Gives how translated code may depend on what
    /// they were: in one step for each page, so that nothing that is marked meanwhile is missed.
    pub(super) fn set(&self, range: &Range<u64>, prot: Option<Prot>) -> Dependence {
        let flags = prot.map_or(0, |p| MAPPED | p.bits());
        Dependence::of(self.slice(range).iter().map(|page| page.swap(flags, Ordering::AcqRel)))
    }

    /// Notes that translated code depends on the contents of the page at `addr`; gives its protection at that moment.
    pub(super) fn set_folded(&self, addr: u32) -> Option<Prot> {
        protection(self.page(addr).fetch_or(FOLDED, Ordering::AcqRel))
    }

    /// How translated code may depend on the contents of `range`.
    pub(super) fn dependence(&self, range: &Range<u64>) -> Dependence {
        Dependence::of(self.slice(range).iter().map(|page| page.load(Ordering::Acquire)))
    }

    fn page(&self, addr: u32) -> &AtomicU8 {
        &self.table[addr as usize / PAGE as usize]
    }

    fn slice(&self, range: &Range<u64>) -> &[AtomicU8] {
        &self.table[(range.start / PAGE) as usize..(range.end.div_ceil(PAGE)) as usize]
    }
}
