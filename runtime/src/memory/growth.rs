//! Memory that grows towards lower addresses when it is touched there, as stacks do (`MAP_GROWSDOWN`).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use demotic_ir::{Access, Fault};
use demotic_translator::host::guarded::HostFault;

use super::UserMemory;
use super::map::LOWEST;
use super::regions::{Region, Source};
use super::window::{Content, PAGE};

/// What all handles know of growing memory.
#[derive(Debug)]
pub(super) struct Growth {
    /// Whether there has ever been any.
    any: AtomicBool,
    /// How often some has grown.
    times: AtomicU64,
    /// The most bytes that a mapping may grow to.
    limit: AtomicU64,
}

impl Default for Growth {
    fn default() -> Growth {
        Growth { any: AtomicBool::new(false), times: AtomicU64::new(0), limit: AtomicU64::new(u64::MAX) }
    }
}

impl UserMemory {
    /// Sets how many bytes a mapping may grow to: the limit on stacks.
    pub fn set_growth_limit(&self, limit: u64) {
        self.shared.growth.limit.store(limit, Ordering::Relaxed);
    }

    /// Whether there may be memory that grows: one load.
    pub fn may_grow(&self) -> bool {
        self.shared.growth.any.load(Ordering::Relaxed)
    }

    pub(super) fn begin_growing(&self) {
        self.shared.growth.any.store(true, Ordering::Relaxed);
    }

    /// Lets the memory above `addr` grow down to it, if it is such memory; true if what failed for want of memory there may
    /// be done again.
    pub fn grow_down(&self, addr: u32) -> bool {
        let growth = &self.shared.growth;
        if !self.may_grow() {
            return false;
        }
        let mut state = self.state();
        let times = growth.times.load(Ordering::Relaxed);
        let others_grew = self.seen_growth.swap(times, Ordering::Relaxed) != times;
        let page = u64::from(addr) & !(PAGE - 1);
        let Some(above) = state.regions.at_or_above(page).cloned() else { return false };
        if above.range.start <= page {
            // It may be another thread that has made it grow since. Looked at once for each time, so that this ends.
            return others_grew && above.source == Source::Growing;
        }
        let too_near = state.regions.below(page).is_some_and(|below| below.is_too_near(page));
        let size = above.range.end - page;
        if above.source != Source::Growing
            || too_near
            || page < LOWEST
            || size > growth.limit.load(Ordering::Relaxed)
        {
            return false;
        }
        let more = page..above.range.start;
        let mapped =
            self.shared.window.map(more.start, more.end - more.start, above.prot, false, Content::Anonymous);
        if mapped.is_err() {
            return false;
        }
        self.set_pages(&more, Some(above.prot));
        self.lock_new(&state, &more);
        state.regions.insert(Region { range: more, ..above });
        self.seen_growth.store(growth.times.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        true
    }

    /// Does an access, again when memory has grown for it.
    pub(super) fn growing<T>(
        &self,
        access: Access,
        mut f: impl FnMut() -> Result<T, HostFault>,
    ) -> Result<T, Fault> {
        loop {
            let fault = match f() {
                Ok(value) => return Ok(value),
                Err(fault) => self.classify(fault, access),
            };
            if !self.grow_down(fault.addr as u32) {
                return Err(fault);
            }
        }
    }
}
