//! Placed code: where each block and region lives in the code cache, and how they are linked.
//!
//! A block of the first tier counts as a region here; when a region for the same location comes, it takes the block's
//! place for all that is linked or looked up from then on, while the block stays until its memory is used again.
//!
//! Every direct exit of a region is a 32-bit pc-relative field. It leads to the target's region if there is one, else
//! to the pad at the cache's start, which jumps to the miss thunk. Lists of the sites per target make linking and
//! unlinking exact.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use demotic_ir::Loc;
use rustc_hash::FxHashMap;

use crate::TranslatorError;
use crate::compile::{CompiledRegion, Link, Tier};
use crate::host::code_cache::{CodeCache, View};

/// Code is placed in segments, which are dropped oldest first when the cache is full.
const SEGMENT: usize = 2 << 20;
/// Alignment of regions and of blocks.
const ALIGN: usize = 64;
const BLOCK_ALIGN: usize = 16;
/// Offset of the pad that unlinked exits jump to; it takes the first bytes of segment 0.
const PAD: usize = 0;
const PAD_SIZE: usize = 64;
/// Guest pages, for finding the regions that a change of code affects.
const PAGE_BITS: u32 = 12;

/// Identifies a placed region; never used again for another.
pub(super) type RegionId = u64;

struct Placed {
    entry: Loc,
    offset: usize,
    len: usize,
    segment: usize,
    ranges: Vec<(u64, u64)>,
    links: Vec<(Site, Loc)>,
    tier: Tier,
}

impl Placed {
    /// Where a site leads to.
    fn entry_for(&self, site: Site) -> usize {
        self.offset + self.tier.entry(site.counts)
    }
}

/// A field in placed code that says where a direct exit leads.
#[derive(Clone, Copy)]
struct Site {
    owner: RegionId,
    offset: usize,
    /// Whether it leads to the entry that counts.
    counts: bool,
}

/// The code cache and its tables.
pub(super) struct PlacedCode {
    cache: CodeCache,
    regions: FxHashMap<RegionId, Placed>,
    by_entry: FxHashMap<Loc, RegionId>,
    /// The fault map of the code at each offset: offsets in it, and guest addresses. Kept for removed regions until
    /// their memory is used again, since a vCPU may still be in them.
    faults: BTreeMap<usize, Vec<(u32, u32)>>,
    by_page: BTreeMap<u64, Vec<RegionId>>,
    /// Sites that lead to a location, whether it is translated or not.
    sites: FxHashMap<Loc, Vec<Site>>,
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
}

impl PlacedCode {
    pub(super) fn new(size: usize, miss_thunk: u64) -> Result<PlacedCode, TranslatorError> {
        let size = size.max(2 * SEGMENT) / SEGMENT * SEGMENT;
        let mut cache = CodeCache::new(size)?;
        cache.write(PAD, &pad(miss_thunk));
        Ok(PlacedCode {
            cache,
            regions: FxHashMap::default(),
            by_entry: FxHashMap::default(),
            faults: BTreeMap::new(),
            by_page: BTreeMap::new(),
            sites: FxHashMap::default(),
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

    /// Host address of the code for a location.
    pub(super) fn code_at(&self, loc: Loc) -> Option<u64> {
        let region = self.regions.get(self.by_entry.get(&loc)?)?;
        Some(self.address(region, true))
    }

    /// Host address of an entry.
    fn address(&self, placed: &Placed, counts: bool) -> u64 {
        self.cache.base() + (placed.offset + placed.tier.entry(counts)) as u64
    }

    /// Whether the code for a location is a region.
    pub(super) fn has_region(&self, loc: Loc) -> bool {
        self.by_entry.get(&loc).and_then(|id| self.regions.get(id)).is_some_and(|r| r.tier == Tier::Region)
    }

    /// The entry that does not count of the block at a location, and its counter. `None` if there is none.
    pub(super) fn block_at(&self, loc: Loc) -> Option<(u64, Option<u32>)> {
        let block = self.regions.get(self.by_entry.get(&loc)?)?;
        match block.tier {
            Tier::Block { counter, .. } => Some((self.address(block, false), counter)),
            Tier::Region => None,
        }
    }

    /// Number of regions and bytes of code placed.
    pub(super) fn usage(&self) -> (usize, usize) {
        (self.regions.len(), self.regions.values().map(|r| r.len).sum())
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
        let old = self.regions.iter().filter(|(_, r)| r.segment == next).map(|(&id, _)| id);
        let old: Vec<RegionId> = old.collect();
        old.into_iter().for_each(|id| self.remove(id));
        self.emptied = true;
    }

    /// Places a region or block and links it both ways; one that is there already stays, unless it is a block and this is
    /// a region. `may_evict` says that no translated code
    /// is active, or that the next segment has been emptied and no vCPU is in what was there.
    pub(super) fn place(&mut self, compiled: CompiledRegion, may_evict: bool) -> Result<u64, PlaceError> {
        if let Some(code) = self.code_at(compiled.entry)
            && (compiled.tier != Tier::Region || self.has_region(compiled.entry))
        {
            return Ok(code);
        }
        let align = if compiled.tier == Tier::Region { ALIGN } else { BLOCK_ALIGN };
        let offset = self.reserve(compiled.code.len(), align, may_evict)?;
        self.cache.write(offset, &compiled.code);
        let id = self.next_id;
        self.next_id += 1;
        let mode = compiled.entry.mode;
        let site = |l: &Link| Site { owner: id, offset: offset + l.site as usize, counts: l.counts };
        let links: Vec<(Site, Loc)> =
            compiled.links.iter().map(|l| (site(l), Loc { pc: l.target, mode })).collect();
        self.by_entry.insert(compiled.entry, id);
        self.faults.insert(offset, compiled.faults);
        for page in pages(&compiled.ranges) {
            self.by_page.entry(page).or_default().push(id);
        }
        self.regions.insert(
            id,
            Placed {
                entry: compiled.entry,
                offset,
                len: compiled.code.len(),
                segment: self.segment,
                ranges: compiled.ranges,
                links: links.clone(),
                tier: compiled.tier,
            },
        );
        for (site, target) in links {
            self.sites.entry(target).or_default().push(site);
            let code = self.by_entry.get(&target).and_then(|t| self.regions.get(t));
            self.cache.patch(site.offset, code.map_or(PAD, |code| code.entry_for(site)));
        }
        self.point_sites(compiled.entry);
        Ok(self.cache.base() + (offset + compiled.tier.entry(true)) as u64)
    }

    /// Removes the regions made from code in `[start, end)`. Gives whether there were any.
    pub(super) fn invalidate(&mut self, start: u64, end: u64) -> bool {
        if end <= start {
            return false;
        }
        let mut hit = Vec::new();
        for ids in self.by_page.range(start >> PAGE_BITS..=(end - 1) >> PAGE_BITS).map(|(_, ids)| ids) {
            hit.extend(ids.iter().filter(|id| {
                let ranges = self.regions.get(id).map(|r| r.ranges.as_slice()).unwrap_or_default();
                ranges.iter().any(|&(s, e)| s < end && start < e)
            }));
        }
        hit.sort_unstable();
        hit.dedup();
        hit.iter().for_each(|&id| self.remove(id));
        !hit.is_empty()
    }

    /// Removes everything.
    pub(super) fn clear(&mut self) {
        let all: Vec<RegionId> = self.regions.keys().copied().collect();
        all.into_iter().for_each(|id| self.remove(id));
    }

    /// The guest pc of the instruction that the host instruction at `host_pc` belongs to. Works for removed regions
    /// too as long as their memory has not been used again.
    pub(super) fn guest_pc(&self, host_pc: u64) -> Option<u64> {
        let offset = self.cache.offset_of(host_pc)?;
        let (start, faults) = self.faults.range((Bound::Unbounded, Bound::Included(offset))).next_back()?;
        let at = (offset - start) as u32;
        let entry = faults.binary_search_by_key(&at, |&(o, _)| o).ok()?;
        faults.get(entry).map(|&(_, pc)| u64::from(pc))
    }

    /// A copy of all code for a child process.
    pub(super) fn duplicate(&self) -> Option<View> {
        self.cache.duplicate(self.touched).ok()
    }

    /// In a child process: makes the copy the cache's memory. False when that failed and the cache must not be used.
    pub(super) fn adopt(&mut self, copy: &View) -> bool {
        self.cache.adopt(copy).is_ok()
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
        self.faults.retain(|offset, _| offset / SEGMENT != segment);
        self.segment = segment;
    }

    fn remove(&mut self, id: RegionId) {
        let Some(region) = self.regions.remove(&id) else { return };
        self.removed.fetch_add(1, Ordering::Release);
        for page in pages(&region.ranges) {
            if let Some(ids) = self.by_page.get_mut(&page) {
                ids.retain(|&i| i != id);
                if ids.is_empty() {
                    self.by_page.remove(&page);
                }
            }
        }
        for (_, target) in &region.links {
            if let Some(sites) = self.sites.get_mut(target) {
                sites.retain(|site| site.owner != id);
            }
        }
        // Otherwise a region has taken its place.
        if self.by_entry.get(&region.entry) == Some(&id) {
            self.by_entry.remove(&region.entry);
            self.point_sites(region.entry);
        }
    }

    /// Points all exits that lead to a location to its code, or to the pad.
    fn point_sites(&mut self, loc: Loc) {
        let code = self.by_entry.get(&loc).and_then(|id| self.regions.get(id));
        for &site in self.sites.get(&loc).into_iter().flatten() {
            self.cache.patch(site.offset, code.map_or(PAD, |code| code.entry_for(site)));
        }
    }
}

/// `jmp [rip]` and the address: reaches the thunk wherever cranelift-jit put it.
fn pad(miss_thunk: u64) -> Vec<u8> {
    let mut code = vec![0xff, 0x25, 0, 0, 0, 0];
    code.extend(miss_thunk.to_le_bytes());
    code
}

fn pages(ranges: &[(u64, u64)]) -> Vec<u64> {
    let mut pages: Vec<u64> = Vec::new();
    for &(start, end) in ranges {
        if end > start {
            pages.extend(start >> PAGE_BITS..=(end - 1) >> PAGE_BITS);
        }
    }
    pages.sort_unstable();
    pages.dedup();
    pages
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
        assert_eq!(code.sites[&Loc::new(0x2000)].len(), 1);
        assert!(code.sites[&Loc::new(0x1000)].is_empty());
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
