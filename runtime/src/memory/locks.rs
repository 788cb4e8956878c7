//! Locking of pages, and what children of a process do not inherit: properties of mappings that the host keeps, for the
//! guest's mappings only.

use std::ops::Range;

use super::map::{MapError, page_range};
use super::regions::Source;
use super::window::PAGE;
use super::{MapState, UserMemory};

/// How pages are locked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lock {
    /// All of them at once.
    AtOnce,
    /// Each when it is touched.
    WhenTouched,
}

/// The parts of what is mapped that are in `range`.
fn parts(state: &MapState, range: &Range<u64>) -> Vec<Range<u64>> {
    let part = |r: &Range<u64>| r.start.max(range.start)..r.end.min(range.end);
    state.regions.overlapping(range.clone()).map(|region| part(&region.range)).collect()
}

impl UserMemory {
    /// Locks a range, or unlocks it.
    ///
    /// # Errors
    /// [`MapError::NoMemory`] where nothing is mapped, or the host's.
    pub fn lock(&self, addr: u32, len: u64, lock: Option<Lock>) -> Result<(), MapError> {
        let start = u64::from(addr) & !(PAGE - 1);
        let len = len + (u64::from(addr) - start);
        if len == 0 {
            return Ok(());
        }
        let state = self.state();
        let range = page_range(start as u32, len, state.layout.limit).ok_or(MapError::NoMemory)?;
        for part in parts(&state, &range) {
            self.lock_part(&part, lock)?;
        }
        if state.regions.is_covered(range) { Ok(()) } else { Err(MapError::NoMemory) }
    }

    fn lock_part(&self, part: &Range<u64>, lock: Option<Lock>) -> Result<(), MapError> {
        let (start, len) = (part.start, part.end - part.start);
        let result = match lock {
            Some(lock) => self.shared.window.lock(start, len, lock == Lock::AtOnce),
            None => self.shared.window.unlock(start, len),
        };
        Ok(result?)
    }

    /// Locks all that is mapped, or what will be mapped, or unlocks both if it is to be neither.
    ///
    /// # Errors
    /// The host's.
    pub fn lock_all(&self, current: Option<Lock>, future: Option<Lock>) -> Result<(), MapError> {
        let mut state = self.state();
        state.lock_future = future;
        if current.is_none() && future.is_some() {
            return Ok(());
        }
        for region in state.regions.iter() {
            match (self.lock_part(&region.range, current), &region.source) {
                // What cannot be accessed is locked when it can be.
                (Err(MapError::Host(libc::ENOMEM)), _) if region.prot.is_empty() => {}
                (result, _) => result?,
            }
        }
        Ok(())
    }

    /// Locks what has just been mapped, if that was asked for of everything. Where it cannot be it stays unlocked, as
    /// pages that cannot be had yet do on Linux.
    pub(super) fn lock_new(&self, state: &MapState, range: &Range<u64>) {
        if let Some(lock) = state.lock_future {
            let _ = self.lock_part(range, Some(lock));
        }
    }

    /// Notes that children have a range, or do not have it.
    pub(super) fn note_inherited(state: &mut MapState, range: &Range<u64>, inherited: bool) {
        let rest = |r: &Range<u64>| [r.start..r.end.min(range.start), r.start.max(range.end)..r.end];
        let mut ranges: Vec<Range<u64>> =
            state.not_inherited.iter().flat_map(rest).filter(|r| r.start < r.end).collect();
        if !inherited {
            ranges.push(range.clone());
        }
        state.not_inherited = ranges;
    }

    /// To be called first in a child: reserves the places of what it does not have, so that nothing but the guest's memory
    /// can come to be there.
    ///
    /// # Errors
    /// The host's.
    pub(crate) fn forked(&self) -> Result<(), MapError> {
        let mut state = self.state();
        state.lock_future = None;
        let lost = std::mem::take(&mut state.not_inherited);
        lost.iter().try_for_each(|range| self.unmap_range(&mut state, range))
    }

    /// Shows another part of a file in a shared mapping of it, from this page of the file on.
    ///
    /// # Errors
    /// [`MapError::Invalid`] where no file is mapped so, or the host's.
    pub fn show_part(&self, addr: u32, len: u64, page: u64) -> Result<(), MapError> {
        let mut state = self.state();
        let start = addr & !(PAGE as u32 - 1);
        let range = page_range(start, len & !(PAGE - 1), state.layout.limit).ok_or(MapError::Invalid)?;
        let region = state.regions.at(range.start).filter(|r| r.shared && r.range.end >= range.end).cloned();
        let Some((region, Source::File { file, .. })) = region.map(|r| (r.clone(), r.source)) else {
            return Err(MapError::Invalid);
        };
        self.shared.window.show_part(range.start, range.end - range.start, page)?;
        self.set_pages(&range, Some(region.prot));
        let source = Source::File { file, offset: page.saturating_mul(PAGE) };
        state.regions.insert(super::Region { range, source, ..region });
        Ok(())
    }
}
