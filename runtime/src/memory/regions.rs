//! What is mapped where: the guest's list of mappings, kept by ourselves because the host's list shows the window's
//! reservation and merges as it likes. Pure bookkeeping; nothing here touches memory.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bitflags::bitflags;

bitflags! {
    /// What a guest may do with a page. The values are those of the guests' `PROT_` constants.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct Prot: u8 {
        /// Read.
        const READ = 1;
        /// Write (and read).
        const WRITE = 2;
        /// Fetch instructions (and read).
        const EXEC = 4;
    }
}

/// The file behind a mapping, as `/proc/self/maps` shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileInfo {
    /// Path.
    pub path: String,
    /// Device number.
    pub dev: u64,
    /// Inode number.
    pub ino: u64,
}

/// What is behind a mapping.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// Zeroed memory.
    Anonymous,
    /// Zeroed memory that grows towards lower addresses where it is touched below its start.
    Growing,
    /// Memory with a name of its own: `[heap]`, `[stack]`.
    Special(&'static str),
    /// A file, from this offset on.
    File {
        /// Which file.
        file: Arc<FileInfo>,
        /// Offset of the mapping's first byte.
        offset: u64,
    },
}

impl Source {
    /// The source of the part of a mapping that begins `skip` bytes on.
    pub(super) fn advanced(&self, skip: u64) -> Source {
        match self {
            Source::File { file, offset } => Source::File { file: file.clone(), offset: offset + skip },
            other => other.clone(),
        }
    }
}

/// One mapping. Addresses are 64-bit so that the end of the address space can be named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Region {
    /// Guest addresses `[start, end)`, page-aligned.
    pub range: Range<u64>,
    /// What the guest may do there.
    pub prot: Prot,
    /// Whether stores reach the file and other processes.
    pub shared: bool,
    /// What is behind it.
    pub source: Source,
}

/// What stays free below memory that grows: 256 pages (Linux's `stack_guard_gap`).
const GAP: u64 = 256 * super::window::PAGE;

impl Region {
    /// Where what belongs to this mapping begins: itself, or the gap that is left below it.
    pub(super) fn start_with_gap(&self) -> u64 {
        match self.source {
            Source::Growing => self.range.start.saturating_sub(GAP),
            _ => self.range.start,
        }
    }

    /// Whether memory that grows down to `start` would come too near to this mapping below it.
    pub(super) fn is_too_near(&self, start: u64) -> bool {
        !self.prot.is_empty() && self.source != Source::Growing && start < self.range.end + GAP
    }

    /// The part of this mapping inside `range`, which must overlap it.
    fn part(&self, range: &Range<u64>) -> Region {
        let start = self.range.start.max(range.start);
        let end = self.range.end.min(range.end);
        Region { range: start..end, source: self.source.advanced(start - self.range.start), ..self.clone() }
    }

    /// Whether `next` goes on where this mapping ends, in every respect.
    fn continues_with(&self, next: &Region) -> bool {
        self.range.end == next.range.start
            && self.prot == next.prot
            && self.shared == next.shared
            && self.source.advanced(self.range.end - self.range.start) == next.source
    }
}

/// The mappings of an address space, by start; they never overlap.
#[derive(Default, Debug)]
pub struct Regions {
    map: BTreeMap<u64, Region>,
}

impl Regions {
    /// All mappings in order of address.
    pub fn iter(&self) -> impl Iterator<Item = &Region> {
        self.map.values()
    }

    /// The mappings that overlap `range`, in order of address.
    pub fn overlapping(&self, range: Range<u64>) -> impl Iterator<Item = &Region> {
        let first = self.map.range(..=range.start).next_back().map_or(range.start, |(&start, _)| start);
        self.map.range(first..range.end).map(|(_, r)| r).filter(move |r| r.range.end > range.start)
    }

    /// The mapping at an address.
    pub fn at(&self, addr: u64) -> Option<&Region> {
        self.overlapping(addr..addr + 1).next()
    }

    /// The mapping at an address, or else the next one above it.
    pub fn at_or_above(&self, addr: u64) -> Option<&Region> {
        self.at(addr).or_else(|| self.map.range(addr..).next().map(|(_, region)| region))
    }

    /// The next mapping below an address that is not mapped.
    pub fn below(&self, addr: u64) -> Option<&Region> {
        self.map.range(..addr).next_back().map(|(_, region)| region)
    }

    /// Whether nothing is mapped in `range`.
    pub fn is_free(&self, range: Range<u64>) -> bool {
        self.overlapping(range).next().is_none()
    }

    /// Whether every page of `range` is mapped.
    pub fn is_covered(&self, range: Range<u64>) -> bool {
        let end = self.overlapping(range.clone()).fold(range.start, |at, region| {
            if region.range.start <= at { region.range.end.max(at) } else { at }
        });
        end >= range.end
    }

    /// Removes what is mapped in `range`, splitting mappings that reach out of it; gives the removed parts.
    pub fn remove(&mut self, range: Range<u64>) -> Vec<Region> {
        let hit: Vec<Region> = self.overlapping(range.clone()).cloned().collect();
        for region in &hit {
            self.map.remove(&region.range.start);
            if region.range.start < range.start {
                self.put(region.part(&(region.range.start..range.start)));
            }
            if region.range.end > range.end {
                self.put(region.part(&(range.end..region.range.end)));
            }
        }
        hit.iter().map(|r| r.part(&range)).collect()
    }

    /// Adds a mapping in place of whatever was there, merging it with neighbours that it continues.
    pub fn insert(&mut self, mut region: Region) {
        self.remove(region.range.clone());
        if let Some((_, before)) = self.map.range(..region.range.start).next_back()
            && before.continues_with(&region)
        {
            let before = before.clone();
            self.map.remove(&before.range.start);
            region = Region { range: before.range.start..region.range.end, ..before };
        }
        if let Some(after) = self.map.get(&region.range.end)
            && region.continues_with(after)
        {
            let end = after.range.end;
            self.map.remove(&region.range.end);
            region.range.end = end;
        }
        self.put(region);
    }

    /// Changes the protection of what is mapped in `range`.
    pub fn protect(&mut self, range: Range<u64>, prot: Prot) {
        for region in self.remove(range) {
            self.insert(Region { prot, ..region });
        }
    }

    /// The highest free range of `len` bytes inside `bounds`.
    pub fn find_free(&self, len: u64, bounds: Range<u64>) -> Option<u64> {
        let mut end = bounds.end;
        for region in self.map.range(..bounds.end).rev().map(|(_, r)| r) {
            if region.range.end <= end && end - region.range.end >= len {
                break;
            }
            end = end.min(region.start_with_gap());
        }
        end.checked_sub(len).filter(|&start| start >= bounds.start)
    }

    fn put(&mut self, region: Region) {
        self.map.insert(region.range.start, region);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anonymous(range: Range<u64>) -> Region {
        Region { range, prot: Prot::READ, shared: false, source: Source::Anonymous }
    }

    fn ranges(regions: &Regions) -> Vec<Range<u64>> {
        regions.iter().map(|r| r.range.clone()).collect()
    }

    #[test]
    fn neighbours_merge_and_split() {
        let mut regions = Regions::default();
        regions.insert(anonymous(0x1000..0x2000));
        regions.insert(anonymous(0x3000..0x4000));
        regions.insert(anonymous(0x2000..0x3000));
        assert_eq!(ranges(&regions), std::slice::from_ref(&(0x1000..0x4000)));
        regions.protect(0x2000..0x3000, Prot::WRITE);
        assert_eq!(ranges(&regions), [0x1000..0x2000, 0x2000..0x3000, 0x3000..0x4000]);
        regions.protect(0x2000..0x3000, Prot::READ);
        assert_eq!(ranges(&regions), std::slice::from_ref(&(0x1000..0x4000)));
        assert_eq!(regions.remove(0x1000..0x3000).len(), 1);
        assert_eq!(ranges(&regions), std::slice::from_ref(&(0x3000..0x4000)));
    }

    #[test]
    fn files_keep_their_offsets() {
        let file = Arc::new(FileInfo { path: "f".into(), dev: 0, ino: 1 });
        let source = Source::File { file: file.clone(), offset: 0x5000 };
        let mut regions = Regions::default();
        regions.insert(Region { source, ..anonymous(0x1000..0x4000) });
        regions.remove(0x2000..0x3000);
        let last = regions.at(0x3000).expect("mapped");
        assert_eq!(last.source, Source::File { file, offset: 0x7000 });
    }

    #[test]
    fn free_ranges_come_from_the_top() {
        let mut regions = Regions::default();
        assert_eq!(regions.find_free(0x1000, 0x1000..0x9000), Some(0x8000));
        regions.insert(anonymous(0x8000..0x9000));
        regions.insert(anonymous(0x5000..0x7000));
        assert_eq!(regions.find_free(0x1000, 0x1000..0x9000), Some(0x7000));
        assert_eq!(regions.find_free(0x2000, 0x1000..0x9000), Some(0x3000));
        assert_eq!(regions.find_free(0x5000, 0x1000..0x9000), None);
        assert!(regions.is_free(0x7000..0x8000) && !regions.is_free(0x6fff..0x8000));
        assert!(regions.is_covered(0x5000..0x7000) && !regions.is_covered(0x5000..0x8000));
        assert!(!regions.is_covered(0x4000..0x7000));
    }
}
