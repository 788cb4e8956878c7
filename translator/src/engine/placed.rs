//! Placed code: where each block and region lives in the code cache, and how they are linked.
//!
//! A block of the first tier counts as a region here; when a region for the same location comes, it takes the block's
//! place for all that is linked or looked up from then on, while the block stays until its memory is used again.
//!
//! Every direct exit of a region is a 32-bit pc-relative field. It leads to the target's region if there is one, else
//! to the pad at the cache's start, which jumps to the miss thunk. Lists of the sites per target make linking and
//! unlinking exact.
//!
//! After a fork, parent and child share the code that there is, and cannot link it to what comes later: it goes on through
//! the miss thunk then. The child leaves its parent's tables as they are, too, and begins new ones, since every page of
//! them that it writes to has to be copied. A child soon ends, or executes another program. One that does not
//! asks for locations so often, as its parent may, that a copy of the code pays ([`PlacedCode::settle`]).

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use demotic_ir::Loc;
use rustc_hash::FxHashMap;

use crate::TranslatorError;
use crate::compile::{CompiledRegion, Link, Tier};
use crate::host::code_cache::CodeCache;

/// Code is placed in segments, which are dropped oldest first when the cache is full.
const SEGMENT: usize = 2 << 20;
/// Alignment of regions and of blocks.
const ALIGN: usize = 64;
const BLOCK_ALIGN: usize = 16;
/// Offset of the pad that unlinked exits jump to; it takes the first bytes of segment 0.
const PAD: usize = 0;
const PAD_SIZE: usize = 64;
/// How often locations are asked for before code that is shared is copied: it takes about as long as the copy.
const PATIENCE: u32 = 1000;
/// Guest pages, for finding the regions that a change of code affects.
const PAGE_BITS: u32 = 12;

/// Identifies a placed region; never used again for another.
pub(super) type RegionId = u64;

struct Placed {
    entry: Loc,
    offset: u32,
    len: u32,
    ranges: Vec<(u64, u64)>,
    /// Where its links lead, in the mode of its entry.
    targets: Vec<u64>,
    tier: Tier,
}

impl Placed {
    /// Where a site leads to.
    fn entry_for(&self, site: Site) -> usize {
        self.offset as usize + self.tier.entry(site.counts)
    }

    fn segment(&self) -> usize {
        self.offset as usize / SEGMENT
    }
}

/// A field in placed code that says where a direct exit leads.
#[derive(Clone, Copy)]
struct Site {
    owner: RegionId,
    offset: u32,
    /// Whether it leads to the entry that counts.
    counts: bool,
}

/// What is known of placed code.
#[derive(Default)]
struct Tables {
    /// In boxes, since tables grow by being copied.
    regions: FxHashMap<RegionId, Box<Placed>>,
    by_entry: FxHashMap<Loc, RegionId>,
    /// The fault map of the code at each offset: offsets in it, and guest addresses. Kept for removed regions until
    /// their memory is used again, since a vCPU may still be in them.
    faults: BTreeMap<usize, Vec<(u32, u32)>>,
    by_page: BTreeMap<u64, Vec<RegionId>>,
    /// Sites that lead to a location, whether it is translated or not.
    sites: FxHashMap<Loc, Vec<Site>>,
}

impl Tables {
    /// The code for a location.
    fn at(&self, loc: Loc) -> Option<&Placed> {
        Some(self.regions.get(self.by_entry.get(&loc)?)?)
    }

    /// The regions made from code in `[start, end)`.
    fn made_from(&self, start: u64, end: u64) -> Vec<RegionId> {
        let mut hit = Vec::new();
        for ids in self.by_page.range(start >> PAGE_BITS..=(end - 1) >> PAGE_BITS).map(|(_, ids)| ids) {
            hit.extend(ids.iter().filter(|id| {
                let ranges = self.regions.get(id).map(|r| r.ranges.as_slice()).unwrap_or_default();
                ranges.iter().any(|&(s, e)| s < end && start < e)
            }));
        }
        hit.sort_unstable();
        hit.dedup();
        hit
    }

    /// With what is newer.
    fn with(mut self, newer: Tables) -> Tables {
        self.regions.extend(newer.regions);
        self.by_entry.extend(newer.by_entry);
        self.faults.extend(newer.faults);
        for (page, ids) in newer.by_page {
            self.by_page.entry(page).or_default().extend(ids);
        }
        for (target, sites) in newer.sites {
            self.sites.entry(target).or_default().extend(sites);
        }
        self
    }
}

/// The code cache and its tables.
pub(super) struct PlacedCode {
    cache: CodeCache,
    tables: Tables,
    /// Those of the parent, its parent and so on, the oldest first. They are not changed.
    inherited: Vec<Tables>,
    /// Locations that shared code should be linked to anew.
    pending: Vec<Loc>,
    /// How often a location has been asked for since code was shared.
    asked: u32,
    next_id: RegionId,
    segment: usize,
    used: usize,
    /// High-water mark of all segments, for copies.
    touched: usize,
    /// The next segment has no regions any more, and waits for the vCPUs to leave it.
    emptied: bool,
    /// How many regions have been removed.
    removed: Arc<AtomicU64>,
}

/// Why a region could not be placed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum PlaceError {
    /// Room has to be made in the oldest segment, which needs a moment when no translated code is active.
    MustEvict,
    /// The region is larger than a segment.
    TooLarge,
    /// The code is shared with another process, and the host has no memory for a copy.
    Shared,
}

impl PlacedCode {
    pub(super) fn new(size: usize, miss_thunk: u64) -> Result<PlacedCode, TranslatorError> {
        let size = size.max(2 * SEGMENT) / SEGMENT * SEGMENT;
        let mut cache = CodeCache::new(size)?;
        cache.write(PAD, &pad(miss_thunk));
        Ok(PlacedCode {
            cache,
            tables: Tables::default(),
            inherited: Vec::new(),
            pending: Vec::new(),
            asked: 0,
            next_id: 0,
            segment: 0,
            used: PAD_SIZE,
            touched: PAD_SIZE,
            emptied: false,
            removed: Arc::default(),
        })
    }

    /// Host addresses that the cache covers.
    pub(super) fn bounds(&self) -> (u64, u64) {
        (self.cache.base(), self.cache.base() + self.cache.size() as u64)
    }

    /// The newest first.
    fn all_tables(&self) -> impl Iterator<Item = &Tables> {
        std::iter::once(&self.tables).chain(self.inherited.iter().rev())
    }

    fn placed_at(&self, loc: Loc) -> Option<&Placed> {
        self.all_tables().find_map(|tables| tables.at(loc))
    }

    /// Host address of the code for a location.
    pub(super) fn code_at(&mut self, loc: Loc) -> Option<u64> {
        self.grow_impatient();
        Some(self.address(self.placed_at(loc)?, true))
    }

    /// Host address of an entry.
    fn address(&self, placed: &Placed, counts: bool) -> u64 {
        self.cache.base() + u64::from(placed.offset) + placed.tier.entry(counts) as u64
    }

    /// Whether the code for a location is a region.
    pub(super) fn has_region(&self, loc: Loc) -> bool {
        self.placed_at(loc).is_some_and(|r| r.tier == Tier::Region)
    }

    /// The entry that does not count of the block at a location, and its counter. `None` if there is none.
    pub(super) fn block_at(&self, loc: Loc) -> Option<(u64, Option<u32>)> {
        let block = self.placed_at(loc)?;
        match block.tier {
            Tier::Block { counter, .. } => Some((self.address(block, false), counter)),
            Tier::Region => None,
        }
    }

    /// Number of regions and bytes of code placed.
    pub(super) fn usage(&self) -> (usize, usize) {
        let all = || self.all_tables().flat_map(|tables| tables.regions.values());
        (all().count(), all().map(|r| r.len as usize).sum())
    }

    /// Counts the regions that have been removed, for who holds addresses of them.
    pub(super) fn removals(&self) -> Arc<AtomicU64> {
        self.removed.clone()
    }

    /// Whether the next segment has been emptied for new regions.
    pub(super) fn is_emptied(&self) -> bool {
        self.emptied
    }

    /// Removes the regions of the next segment, so that its memory can be used again when nobody is in them.
    pub(super) fn empty_next(&mut self) {
        let next = self.next_segment();
        self.settle_to_remove();
        let old = self.tables.regions.iter().filter(|(_, r)| r.segment() == next).map(|(&id, _)| id);
        let old: Vec<RegionId> = old.collect();
        old.into_iter().for_each(|id| self.remove(id));
        self.emptied = true;
    }

    /// Places a region or block and links it both ways; one that is there already stays, unless it is a block and this is
    /// a region. `may_evict` says that no translated code
    /// is active, or that the next segment has been emptied and no vCPU is in what was there.
    pub(super) fn place(&mut self, compiled: CompiledRegion, may_evict: bool) -> Result<u64, PlaceError> {
        if let Some(there) = self.placed_at(compiled.entry)
            && (compiled.tier != Tier::Region || there.tier == Tier::Region)
        {
            return Ok(self.address(there, true));
        }
        let align = if compiled.tier == Tier::Region { ALIGN } else { BLOCK_ALIGN };
        let offset = self.reserve(compiled.code.len(), align, may_evict)?;
        if !self.cache.is_own(offset) && !self.settle() {
            return Err(PlaceError::Shared);
        }
        self.cache.write(offset, &compiled.code);
        let id = self.next_id;
        self.next_id += 1;
        let CompiledRegion { entry, code, links, faults, ranges, tier, .. } = compiled;
        let tables = &mut self.tables;
        tables.by_entry.insert(entry, id);
        tables.faults.insert(offset, faults);
        for page in pages(&ranges) {
            tables.by_page.entry(page).or_default().push(id);
        }
        let targets = links.iter().map(|link| link.target).collect();
        let placed = Placed { entry, offset: offset as u32, len: code.len() as u32, ranges, targets, tier };
        tables.regions.insert(id, Box::new(placed));
        for Link { site, target, counts } in links {
            let site = Site { owner: id, offset: offset as u32 + site, counts };
            let target = Loc { pc: target, mode: entry.mode };
            self.tables.sites.entry(target).or_default().push(site);
            let to = self.placed_at(target).map_or(PAD, |code| code.entry_for(site));
            self.cache.patch(site.offset as usize, to);
        }
        self.point_sites(entry);
        Ok(self.cache.base() + (offset + tier.entry(true)) as u64)
    }

    /// Removes the regions made from code in `[start, end)`. Gives whether there were any.
    pub(super) fn invalidate(&mut self, start: u64, end: u64) -> bool {
        if end <= start {
            return false;
        }
        if self.all_tables().all(|tables| tables.made_from(start, end).is_empty()) {
            return false;
        }
        self.settle_to_remove();
        let hit = self.tables.made_from(start, end);
        hit.into_iter().for_each(|id| self.remove(id));
        true
    }

    /// Removes everything.
    pub(super) fn clear(&mut self) {
        self.settle_to_remove();
        let all: Vec<RegionId> = self.tables.regions.keys().copied().collect();
        all.into_iter().for_each(|id| self.remove(id));
    }

    /// The guest pc of the instruction that the host instruction at `host_pc` belongs to. Works for removed regions
    /// too as long as their memory has not been used again.
    pub(super) fn guest_pc(&self, host_pc: u64) -> Option<u64> {
        let offset = self.cache.offset_of(host_pc)?;
        let up_to = (Bound::Unbounded, Bound::Included(offset));
        // The code of newer tables is behind that of older ones.
        let (start, faults) = self.all_tables().find_map(|tables| tables.faults.range(up_to).next_back())?;
        let at = (offset - start) as u32;
        let entry = faults.binary_search_by_key(&at, |&(o, _)| o).ok()?;
        faults.get(entry).map(|&(_, pc)| u64::from(pc))
    }

    /// Before a fork: from now on a child has the code that there is, too.
    pub(super) fn share(&mut self) {
        let end = self.cache.share(self.touched);
        // Otherwise the cache has been full, and what comes next takes the place of something that is shared.
        if self.used == self.touched {
            self.used = end;
        }
        self.touched = end;
        self.asked = 0;
    }

    /// After [`PlacedCode::share`], in the child.
    pub(super) fn forked(&mut self) {
        self.inherited.push(std::mem::take(&mut self.tables));
        if let Err(error) = self.cache.begin_own() {
            tracing::warn!(target: "translate", "no memory for code in a child process: {error}");
        }
    }

    fn grow_impatient(&mut self) {
        if self.is_shared() {
            self.asked += 1;
            if self.asked >= PATIENCE {
                self.asked = 0;
                self.settle();
            }
        }
    }

    fn is_shared(&self) -> bool {
        !self.cache.is_own(0)
    }

    /// As `settle`, for who is about to remove code. Without memory that is as fatal as it is elsewhere: code that is
    /// removed must not be executed.
    fn settle_to_remove(&mut self) {
        if !self.settle() {
            std::process::abort();
        }
    }

    /// Makes all code this process's own, and all tables one. False if there is no memory for that.
    fn settle(&mut self) -> bool {
        if !self.is_shared() {
            return true;
        }
        if let Err(error) = self.cache.unshare(self.touched) {
            tracing::warn!(target: "translate", "no memory for a copy of code: {error}");
            return false;
        }
        let newest = std::mem::take(&mut self.tables);
        // The oldest are the largest.
        let all = self.inherited.drain(..).chain([newest]);
        self.tables = all.reduce(Tables::with).unwrap_or_default();
        for loc in std::mem::take(&mut self.pending) {
            self.point_sites(loc);
        }
        true
    }

    fn reserve(&mut self, len: usize, align: usize, may_evict: bool) -> Result<usize, PlaceError> {
        if len > SEGMENT - PAD_SIZE {
            return Err(PlaceError::TooLarge);
        }
        let start = (self.used + align - 1) & !(align - 1);
        if start + len <= (self.segment + 1) * SEGMENT {
            self.used = start + len;
        } else {
            let next = self.next_segment();
            // What was there may have been removed since, but vCPUs may still be in it.
            let was_used = next * SEGMENT < self.touched;
            if was_used && !may_evict {
                return Err(PlaceError::MustEvict);
            }
            self.reuse(next);
            self.used = next * SEGMENT + if next == 0 { PAD_SIZE } else { 0 } + len;
        }
        self.touched = self.touched.max(self.used);
        Ok(self.used - len)
    }

    fn next_segment(&self) -> usize {
        (self.segment + 1) % (self.cache.size() / SEGMENT)
    }

    /// Begins a segment, with nothing in it.
    fn reuse(&mut self, segment: usize) {
        self.empty_next();
        self.emptied = false;
        self.tables.faults.retain(|offset, _| offset / SEGMENT != segment);
        self.segment = segment;
    }

    fn remove(&mut self, id: RegionId) {
        let tables = &mut self.tables;
        let Some(region) = tables.regions.remove(&id) else { return };
        self.removed.fetch_add(1, Ordering::Release);
        for page in pages(&region.ranges) {
            if let Some(ids) = tables.by_page.get_mut(&page) {
                ids.retain(|&i| i != id);
                if ids.is_empty() {
                    tables.by_page.remove(&page);
                }
            }
        }
        for &pc in &region.targets {
            let target = Loc { pc, mode: region.entry.mode };
            if let Some(sites) = tables.sites.get_mut(&target) {
                sites.retain(|site| site.owner != id);
            }
        }
        // Otherwise a region has taken its place.
        if tables.by_entry.get(&region.entry) == Some(&id) {
            tables.by_entry.remove(&region.entry);
            self.point_sites(region.entry);
        }
    }

    /// Points all exits that lead to a location to its code, or to the pad; those of shared code later.
    fn point_sites(&mut self, loc: Loc) {
        let code = self.placed_at(loc).map(|code| (code.offset as usize, code.tier));
        let mut missed = !self.inherited.is_empty();
        for site in self.tables.sites.get(&loc).into_iter().flatten() {
            let to = code.map_or(PAD, |(offset, tier)| offset + tier.entry(site.counts));
            missed |= !self.cache.patch(site.offset as usize, to);
        }
        if missed {
            self.pending.push(loc);
        }
    }
}

/// `jmp [rip]` and the address: reaches the thunk wherever cranelift-jit put it.
fn pad(miss_thunk: u64) -> Vec<u8> {
    let mut code = vec![0xff, 0x25, 0, 0, 0, 0];
    code.extend(miss_thunk.to_le_bytes());
    code
}

/// The pages that ranges are in, each once if they are in order.
fn pages(ranges: &[(u64, u64)]) -> impl Iterator<Item = u64> {
    let mut last = None;
    let all = ranges.iter().filter(|(start, end)| end > start);
    all.flat_map(|&(start, end)| start >> PAGE_BITS..=(end - 1) >> PAGE_BITS)
        .filter(move |&page| last.replace(page) != Some(page))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::Link;

    fn region(pc: u64, target: u64) -> CompiledRegion {
        CompiledRegion {
            entry: Loc::new(pc),
            code: vec![0; 100],
            links: vec![Link { site: 10, target, counts: false }],
            faults: vec![(20, pc as u32 + 4)],
            ranges: vec![(pc, pc + 16)],
            guest_insns: 4,
            cost: 4,
            tier: Tier::Region,
        }
    }

    /// The distance that the link of a placed region or block has.
    fn leads_to(code: &PlacedCode, at: u64) -> u64 {
        let site = at + 10;
        let offset = code.cache.offset_of(site).unwrap();
        let distance = i32::from_le_bytes(code.cache.bytes(offset, 4).try_into().unwrap());
        (site + 4).wrapping_add_signed(distance.into())
    }

    #[test]
    fn a_region_takes_the_place_of_a_block() {
        let mut code = PlacedCode::new(4 << 20, 0).unwrap();
        let block = |pc, target| CompiledRegion {
            tier: Tier::Block { counted: 2, uncounted: 7, counter: Some(3) },
            ..region(pc, target)
        };
        let first = code.place(block(0x1000, 0x2000), true).unwrap() - 2;
        let second = code.place(block(0x2000, 0x1000), true).unwrap() - 2;
        assert_eq!((leads_to(&code, first), leads_to(&code, second)), (second + 7, first + 7));
        assert_eq!(code.block_at(Loc::new(0x2000)), Some((second + 7, Some(3))));
        let hot = code.place(region(0x2000, 0x1000), true).unwrap();
        assert_ne!(hot, second);
        assert!(code.has_region(Loc::new(0x2000)) && code.block_at(Loc::new(0x2000)).is_none());
        assert_eq!(leads_to(&code, first), hot);
        assert_eq!(code.place(block(0x2000, 0x1000), true), Ok(hot), "a block does not come back");
        assert_eq!(code.guest_pc(second + 20), Some(0x2004), "a vCPU may still be in it");
        code.invalidate(0x2000, 0x2004);
        assert_eq!(leads_to(&code, first), code.cache.base());
        assert_eq!(code.usage().0, 1);
    }

    #[test]
    fn removing_a_region_unlinks_exactly_its_sites() {
        let mut code = PlacedCode::new(4 << 20, 0x1234).unwrap();
        code.place(region(0x1000, 0x2000), true).unwrap();
        assert!(code.code_at(Loc::new(0x2000)).is_none());
        let second = code.place(region(0x2000, 0x1000), true).unwrap();
        assert_eq!(code.code_at(Loc::new(0x2000)), Some(second));
        assert_eq!(code.guest_pc(second + 20), Some(0x2004));
        assert!(code.invalidate(0x2008, 0x2009));
        assert!(!code.invalidate(0x2008, 0x2009));
        assert_eq!(code.guest_pc(second + 20), Some(0x2004), "a vCPU may still be in it");
        assert_eq!(code.usage().0, 1);
        assert_eq!(code.tables.sites[&Loc::new(0x2000)].len(), 1);
        assert!(code.tables.sites[&Loc::new(0x1000)].is_empty());
    }

    #[test]
    fn a_child_links_its_parents_code_when_it_has_its_own_copy() {
        let mut code = PlacedCode::new(4 << 20, 0).unwrap();
        let first = code.place(region(0x1000, 0x2000), true).unwrap();
        code.share();
        code.forked();
        assert_eq!(code.code_at(Loc::new(0x1000)), Some(first));
        assert_eq!(code.guest_pc(first + 20), Some(0x1004));
        let second = code.place(region(0x2000, 0x1000), true).unwrap();
        assert_eq!((leads_to(&code, first), leads_to(&code, second)), (code.cache.base(), first));
        assert_eq!((code.code_at(Loc::new(0x2000)), code.usage().0), (Some(second), 2));
        for _ in 0..PATIENCE {
            assert_eq!(code.code_at(Loc::new(0x3000)), None);
        }
        assert_eq!((leads_to(&code, first), leads_to(&code, second)), (second, first));
        assert_eq!((code.guest_pc(first + 20), code.guest_pc(second + 20)), (Some(0x1004), Some(0x2004)));
        code.invalidate(0x1000, 0x1001);
        assert_eq!(leads_to(&code, second), code.cache.base());
    }

    #[test]
    fn code_that_is_shared_is_copied_before_any_is_removed() {
        let mut code = PlacedCode::new(4 << 20, 0).unwrap();
        let first = code.place(region(0x1000, 0x2000), true).unwrap();
        let second = code.place(region(0x2000, 0x1000), true).unwrap();
        code.share();
        assert!(!code.invalidate(0x3000, 0x4000) && code.is_shared());
        let third = code.place(region(0x3000, 0x2000), true).unwrap();
        assert!(code.is_shared() && code.invalidate(0x2000, 0x2001) && !code.is_shared());
        let pad = code.cache.base();
        assert_eq!(
            (leads_to(&code, first), leads_to(&code, second), leads_to(&code, third)),
            (pad, first, pad)
        );
    }

    #[test]
    fn a_full_cache_is_copied_before_it_is_used_again() {
        let mut code = PlacedCode::new(2 * SEGMENT, 0).unwrap();
        let half = SEGMENT / 2 - PAD_SIZE;
        let big = |pc| CompiledRegion { code: vec![0; half], ..region(pc, pc) };
        for pc in [0x1000, 0x2000, 0x3000, 0x4000, 0x5000] {
            code.place(big(pc), true).unwrap();
        }
        code.share();
        code.forked();
        assert!(code.is_shared() && code.place(big(0x6000), true).is_ok() && !code.is_shared());
        assert!(code.code_at(Loc::new(0x3000)).is_some() && code.code_at(Loc::new(0x5000)).is_some());
    }

    #[test]
    fn a_full_cache_drops_its_oldest_segment() {
        let mut code = PlacedCode::new(2 * SEGMENT, 0).unwrap();
        let half = SEGMENT / 2 - PAD_SIZE;
        let big = |pc| CompiledRegion { code: vec![0; half], ..region(pc, pc) };
        for pc in [0x1000, 0x2000, 0x3000] {
            code.place(big(pc), true).unwrap();
        }
        assert!(code.place(big(0x4000), false).is_ok());
        assert_eq!(code.place(big(0x5000), false), Err(PlaceError::MustEvict));
        code.place(big(0x5000), true).unwrap();
        assert!(code.code_at(Loc::new(0x1000)).is_none() && code.code_at(Loc::new(0x3000)).is_some());
    }
}
