//! The guest's mmap, munmap, mprotect, mremap, madvise and brk.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use super::pages::Dependence;
use super::regions::{FileInfo, Prot, Region, Source};
use super::window::{Content, PAGE, SIZE};
use super::{MapState, UserMemory};

/// The lowest address that a guest may map, so that null pointers fault (Linux's `vm.mmap_min_addr`).
pub(super) const LOWEST: u64 = 0x1_0000;

/// Why a mapping cannot be made or changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MapError {
    /// An address, a length or a combination of flags is not valid.
    #[error("invalid address, length or flags")]
    Invalid,
    /// There is no room, or something that should be mapped is not.
    #[error("not enough address space, or not mapped")]
    NoMemory,
    /// Something is mapped there already.
    #[error("the range is in use")]
    Exists,
    /// Addresses so low may not be mapped.
    #[error("the address is too low")]
    TooLow,
    /// The host refused, with this error number.
    #[error("the host refused (error {0})")]
    Host(i32),
}

impl MapError {
    /// The (host) error number that says this.
    pub fn errno(self) -> i32 {
        match self {
            MapError::Invalid => libc::EINVAL,
            MapError::NoMemory => libc::ENOMEM,
            MapError::Exists => libc::EEXIST,
            MapError::TooLow => libc::EPERM,
            MapError::Host(errno) => errno,
        }
    }
}

impl From<io::Error> for MapError {
    fn from(error: io::Error) -> Self {
        MapError::Host(error.raw_os_error().unwrap_or(libc::EINVAL))
    }
}

/// Where a mapping is to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Placement {
    /// Here if that is free, else anywhere; 0 for no preference.
    Hint(u32),
    /// Here, in place of whatever is mapped there.
    Fixed(u32),
    /// Here, or not at all.
    FixedNoReplace(u32),
}

/// What is to be mapped.
#[derive(Clone, Debug)]
pub enum Backing {
    /// Zeroed memory.
    Anonymous,
    /// Zeroed memory that grows towards lower addresses where it is touched below its start.
    Growing,
    /// Zeroed memory with a name for `/proc/self/maps`.
    Special(&'static str),
    /// A file.
    File {
        /// An open descriptor of it.
        fd: i32,
        /// Offset of the first byte, a multiple of the page size.
        offset: u64,
        /// What `/proc/self/maps` shows.
        info: Arc<FileInfo>,
    },
    /// Pages that are mapped, shared and by us, at a host address already: at least as many as are asked for.
    Pages {
        /// Where.
        host: u64,
        /// What `/proc/self/maps` shows.
        info: Arc<FileInfo>,
    },
    /// A shared memory segment of System V, of the request's length.
    Segment {
        /// Its number.
        id: i32,
        /// What `/proc/self/maps` shows.
        info: Arc<FileInfo>,
    },
}

/// A request to map.
#[derive(Clone, Debug)]
pub struct MapRequest {
    /// Where.
    pub placement: Placement,
    /// How many bytes; rounded up to pages.
    pub len: u64,
    /// What the guest may do there.
    pub prot: Prot,
    /// Whether stores reach the file and other processes.
    pub shared: bool,
    /// What.
    pub backing: Backing,
}

/// A request to resize or move a mapping.
#[derive(Clone, Copy, Debug)]
pub struct RemapRequest {
    /// Where the mapping is.
    pub addr: u32,
    /// How long it is; 0 duplicates a shared mapping.
    pub old_len: u64,
    /// How long it is to be.
    pub new_len: u64,
    /// Whether it may move.
    pub may_move: bool,
    /// Where it must move to.
    pub fixed: Option<u32>,
    /// Whether an empty mapping stays at the old place.
    pub keep: bool,
}

/// `len` rounded up to whole pages, if it is neither 0 nor more than the address space.
fn whole_pages(len: u64) -> Option<u64> {
    (len != 0 && len <= SIZE).then(|| len.next_multiple_of(PAGE))
}

/// `[addr, addr + len)` in whole pages, below `limit`.
pub(super) fn page_range(addr: u32, len: u64, limit: u64) -> Option<Range<u64>> {
    let start = u64::from(addr);
    let end = start + whole_pages(len)?;
    (start.is_multiple_of(PAGE) && end <= limit).then_some(start..end)
}

impl MapState {
    fn place(&self, placement: Placement, len: u64) -> Result<Range<u64>, MapError> {
        let limit = self.layout.limit;
        match placement {
            Placement::Hint(hint) => {
                let start = u64::from(hint) & !(PAGE - 1);
                let wanted = start..start + len;
                let gap_above = || {
                    let next = self.regions.at_or_above(wanted.end);
                    next.is_none_or(|next| wanted.end <= next.start_with_gap())
                };
                let usable = start >= LOWEST
                    && wanted.end <= limit
                    && self.regions.is_free(wanted.clone())
                    && gap_above();
                if usable { Ok(wanted) } else { self.place_anywhere(len) }
            }
            Placement::Fixed(addr) | Placement::FixedNoReplace(addr) => {
                if !u64::from(addr).is_multiple_of(PAGE) {
                    return Err(MapError::Invalid);
                }
                let range = page_range(addr, len, limit).ok_or(MapError::NoMemory)?;
                if range.start < LOWEST {
                    return Err(MapError::TooLow);
                }
                let must_be_free = matches!(placement, Placement::FixedNoReplace(_));
                if must_be_free && !self.regions.is_free(range.clone()) {
                    return Err(MapError::Exists);
                }
                Ok(range)
            }
        }
    }

    fn place_anywhere(&self, len: u64) -> Result<Range<u64>, MapError> {
        let start = self.regions.find_free(len, self.layout.mmap_area.clone()).ok_or(MapError::NoMemory)?;
        Ok(start..start + len)
    }

    fn effective(&self, prot: Prot) -> Prot {
        let readable = prot.intersects(Prot::READ | Prot::WRITE);
        if readable && self.layout.read_implies_exec { prot | Prot::EXEC } else { prot }
    }
}

impl UserMemory {
    /// Sets where mappings without a given place go.
    pub fn set_mmap_area(&self, area: Range<u64>) {
        self.state().layout.mmap_area = area;
    }

    /// Makes readable mappings executable from now on, or no longer.
    pub fn set_read_implies_exec(&self, on: bool) {
        self.state().layout.read_implies_exec = on;
    }

    /// Whether readable mappings are made executable.
    pub fn read_implies_exec(&self) -> bool {
        self.state().layout.read_implies_exec
    }

    /// Maps memory; gives its guest address.
    ///
    /// # Errors
    /// [`MapError`], as Linux's mmap has it.
    pub fn map(&self, request: &MapRequest) -> Result<u32, MapError> {
        let len = whole_pages(request.len).ok_or(if request.len == 0 {
            MapError::Invalid
        } else {
            MapError::NoMemory
        })?;
        let mut state = self.state();
        let range = state.place(request.placement, len)?;
        let prot = state.effective(request.prot);
        let (content, source) = match &request.backing {
            Backing::Anonymous => (Content::Anonymous, Source::Anonymous),
            Backing::Growing => {
                self.begin_growing();
                (Content::Anonymous, Source::Growing)
            }
            Backing::Special(name) => (Content::Anonymous, Source::Special(name)),
            Backing::File { fd, offset, info } => (
                Content::File { fd: *fd, offset: *offset },
                Source::File { file: info.clone(), offset: *offset },
            ),
            Backing::Pages { host, info } => {
                (Content::Pages { host: *host }, Source::File { file: info.clone(), offset: 0 })
            }
            Backing::Segment { id, info } => {
                (Content::Segment { id: *id }, Source::File { file: info.clone(), offset: 0 })
            }
        };
        self.shared.window.map(range.start, len, prot, request.shared, content)?;
        self.set_pages(&range, Some(prot));
        self.lock_new(&state, &range);
        let start = range.start as u32;
        if let Backing::Segment { info, .. } = &request.backing {
            state.segments.retain(|(at, _)| *at != range.start);
            state.segments.push((range.start, info.clone()));
        }
        state.regions.insert(Region { range, prot, shared: request.shared, source });
        Ok(start)
    }

    /// Maps something that the guest's kernel provides, above the limit too; anonymous and fixed.
    ///
    /// # Errors
    /// [`MapError::Host`] when the host refuses.
    pub fn map_special(&self, addr: u32, len: u32, prot: Prot, name: &'static str) -> Result<(), MapError> {
        let range = page_range(addr, u64::from(len), SIZE).ok_or(MapError::Invalid)?;
        let mut state = self.state();
        self.shared.window.map(range.start, range.end - range.start, prot, false, Content::Anonymous)?;
        self.set_pages(&range, Some(prot));
        state.regions.insert(Region { range, prot, shared: false, source: Source::Special(name) });
        Ok(())
    }

    /// Changes what the guest may do with something that its kernel provides.
    ///
    /// # Errors
    /// [`MapError::Host`] when the host refuses.
    pub fn protect_special(&self, addr: u32, len: u32, prot: Prot) -> Result<(), MapError> {
        let range = page_range(addr, u64::from(len), SIZE).ok_or(MapError::Invalid)?;
        let mut state = self.state();
        self.shared.window.protect(range.start, range.end - range.start, prot)?;
        self.set_pages(&range, Some(prot));
        state.regions.protect(range, prot);
        Ok(())
    }

    /// Unmaps what is left of the shared memory segment that was attached at `addr`.
    ///
    /// # Errors
    /// [`MapError::Invalid`] when that is not the start of one.
    pub fn detach_segment(&self, addr: u32) -> Result<(), MapError> {
        let mut state = self.state();
        let place = state.segments.iter().position(|(start, _)| *start == u64::from(addr));
        let (_, segment) = state.segments.swap_remove(place.ok_or(MapError::Invalid)?);
        let ours = |region: &&Region| matches!(&region.source, Source::File { file, .. } if Arc::ptr_eq(file, &segment));
        let parts: Vec<Range<u64>> = state.regions.iter().filter(ours).map(|r| r.range.clone()).collect();
        if parts.is_empty() {
            return Err(MapError::Invalid);
        }
        parts.iter().try_for_each(|part| self.unmap_range(&mut state, part))
    }

    /// Unmaps memory.
    ///
    /// # Errors
    /// [`MapError::Invalid`] for a bad range.
    pub fn unmap(&self, addr: u32, len: u64) -> Result<(), MapError> {
        let mut state = self.state();
        let range = page_range(addr, len, state.layout.limit).ok_or(MapError::Invalid)?;
        self.unmap_range(&mut state, &range)
    }

    pub(super) fn unmap_range(&self, state: &mut MapState, range: &Range<u64>) -> Result<(), MapError> {
        self.shared.window.unmap(range.start, range.end - range.start)?;
        self.set_pages(range, None);
        state.regions.remove(range.clone());
        UserMemory::note_inherited(state, range, true);
        Ok(())
    }

    /// Changes what the guest may do with memory.
    ///
    /// # Errors
    /// [`MapError::Invalid`] for a bad address, [`MapError::NoMemory`] where nothing is mapped; what precedes the hole
    /// is changed all the same, as Linux does.
    pub fn protect(&self, addr: u32, len: u64, prot: Prot) -> Result<(), MapError> {
        if len == 0 && u64::from(addr).is_multiple_of(PAGE) {
            return Ok(());
        }
        let mut state = self.state();
        if !u64::from(addr).is_multiple_of(PAGE) {
            return Err(MapError::Invalid);
        }
        let range = page_range(addr, len, state.layout.limit).ok_or(MapError::NoMemory)?;
        let prot = state.effective(prot);
        let parts: Vec<Range<u64>> =
            state.regions.overlapping(range.clone()).map(|r| r.range.clone()).collect();
        let mut at = range.start;
        for part in parts {
            if part.start > at {
                return Err(MapError::NoMemory);
            }
            let part = at..part.end.min(range.end);
            self.shared.window.protect(part.start, part.end - part.start, prot)?;
            self.set_pages(&part, Some(prot));
            state.regions.protect(part.clone(), prot);
            at = part.end;
        }
        if at < range.end { Err(MapError::NoMemory) } else { Ok(()) }
    }

    /// Passes advice on a range to the host, where it is one that changes contents or costs nothing to pass on.
    ///
    /// # Errors
    /// [`MapError::Invalid`] for a bad range, [`MapError::NoMemory`] where nothing is mapped, or the host's.
    pub fn advise(&self, addr: u32, len: u64, advice: i32) -> Result<(), MapError> {
        if !u64::from(addr).is_multiple_of(PAGE) {
            return Err(MapError::Invalid);
        }
        if len == 0 {
            return Ok(());
        }
        let mut state = self.state();
        let range = page_range(addr, len, state.layout.limit).ok_or(MapError::NoMemory)?;
        let covered = state.regions.is_covered(range.clone());
        for part in state.regions.overlapping(range.clone()).cloned().collect::<Vec<_>>() {
            let prot = part.prot;
            let part = part.range.start.max(range.start)..part.range.end.min(range.end);
            self.shared.window.advise(part.start, part.end - part.start, advice)?;
            if matches!(advice, libc::MADV_DONTFORK | libc::MADV_DOFORK) {
                UserMemory::note_inherited(&mut state, &part, advice == libc::MADV_DOFORK);
            }
            self.note_stale(&part, self.shared.pages.dependence(&part), Some(prot));
        }
        if covered { Ok(()) } else { Err(MapError::NoMemory) }
    }

    /// Whether every page of a range is mapped.
    pub fn is_mapped(&self, addr: u32, len: u64) -> bool {
        let start = u64::from(addr) & !(PAGE - 1);
        let end = (u64::from(addr) + len).next_multiple_of(PAGE);
        end <= SIZE && self.state().regions.is_covered(start..end)
    }

    /// Resizes or moves a mapping; gives its new address.
    ///
    /// # Errors
    /// [`MapError`], as Linux's mremap has it; a range that is not one mapping is `Host(EFAULT)`.
    pub fn remap(&self, request: &RemapRequest) -> Result<u32, MapError> {
        let mut state = self.state();
        let new_len = whole_pages(request.new_len).ok_or(MapError::Invalid)?;
        let start = u64::from(request.addr);
        if !start.is_multiple_of(PAGE) || request.old_len > SIZE {
            return Err(MapError::Invalid);
        }
        let old = start..start + request.old_len.next_multiple_of(PAGE);
        let region = state.regions.at(start).cloned().ok_or(MapError::Host(libc::EFAULT))?;
        if old.end > region.range.end || old.end > state.layout.limit {
            return Err(MapError::Host(libc::EFAULT));
        }
        if request.keep && old.end - old.start != new_len {
            return Err(MapError::Invalid);
        }
        if request.fixed.is_none() && !old.is_empty() && !request.keep {
            let old_len = old.end - old.start;
            if new_len <= old_len {
                if new_len < old_len {
                    self.unmap_range(&mut state, &(start + new_len..old.end))?;
                }
                return Ok(request.addr);
            }
            if self.grow_in_place(&mut state, &region, &old, new_len)? {
                return Ok(request.addr);
            }
        }
        if !request.may_move {
            return Err(MapError::NoMemory);
        }
        let to = match request.fixed {
            Some(addr) => state.place(Placement::Fixed(addr), new_len)?,
            None => state.place_anywhere(new_len)?,
        };
        if to.start < old.end && old.start < to.end {
            return Err(MapError::Invalid);
        }
        if request.keep {
            self.move_contents(&mut state, &region, &old, &to)?;
            return Ok(to.start as u32);
        }
        self.relocate(&mut state, &region, &old, &to)?;
        Ok(to.start as u32)
    }

    /// Grows anonymous memory into the free space behind it; false when that is not possible.
    fn grow_in_place(
        &self,
        state: &mut MapState,
        region: &Region,
        old: &Range<u64>,
        new_len: u64,
    ) -> Result<bool, MapError> {
        let more = old.end..old.start + new_len;
        let anonymous = !region.shared && !matches!(region.source, Source::File { .. });
        if !anonymous || more.end > state.layout.limit || !state.regions.is_free(more.clone()) {
            return Ok(false);
        }
        self.shared.window.map(more.start, more.end - more.start, region.prot, false, Content::Anonymous)?;
        self.set_pages(&more, Some(region.prot));
        state.regions.insert(Region { range: more, ..region.clone() });
        Ok(true)
    }

    /// Moves `old`, a part of `region`, to `to`.
    fn relocate(
        &self,
        state: &mut MapState,
        region: &Region,
        old: &Range<u64>,
        to: &Range<u64>,
    ) -> Result<(), MapError> {
        let (old_len, new_len) = (old.end - old.start, to.end - to.start);
        let kept = old_len.min(new_len);
        let moved = self.shared.window.relocate(old.start, old_len, to.start, new_len);
        if let Err(error) = moved {
            // The host may keep as several mappings what the guest sees as one. Private memory can be copied.
            if error.raw_os_error() != Some(libc::EFAULT) || region.shared || kept == 0 {
                return Err(error.into());
            }
            self.copy_mapping(region.prot, old.start..old.start + kept, to)?;
            self.shared.window.unmap(old.start, old_len)?;
        }
        let source = region.source.advanced(old.start - region.range.start);
        if !old.is_empty() {
            self.set_pages(old, None);
            state.regions.remove(old.clone());
        }
        self.set_pages(to, Some(region.prot));
        state.regions.insert(Region { range: to.clone(), prot: region.prot, shared: region.shared, source });
        Ok(())
    }

    /// Moves what is in `old`, a part of `region`, to `to`; the mapping stays.
    fn move_contents(
        &self,
        state: &mut MapState,
        region: &Region,
        old: &Range<u64>,
        to: &Range<u64>,
    ) -> Result<(), MapError> {
        self.shared.window.move_contents(old.start, old.end - old.start, to.start)?;
        self.set_pages(old, Some(region.prot));
        self.set_pages(to, Some(region.prot));
        let source = region.source.advanced(old.start - region.range.start);
        state.regions.insert(Region { range: to.clone(), source, ..region.clone() });
        Ok(())
    }

    /// Maps private memory at `to` and fills it with what is at `from`.
    fn copy_mapping(&self, prot: Prot, from: Range<u64>, to: &Range<u64>) -> Result<(), MapError> {
        let window = &self.shared.window;
        window.map(to.start, to.end - to.start, Prot::READ | Prot::WRITE, false, Content::Anonymous)?;
        window.protect(from.start, from.end - from.start, Prot::READ)?;
        let mut page = vec![0; PAGE as usize];
        for offset in (0..from.end - from.start).step_by(PAGE as usize) {
            let faulted = window.copy_in(&mut page, (from.start + offset) as u32).is_err()
                || window.copy_out((to.start + offset) as u32, &page).is_err();
            if faulted {
                return Err(MapError::Host(libc::EFAULT));
            }
        }
        window.protect(to.start, to.end - to.start, prot)?;
        Ok(())
    }

    /// Puts the (empty) heap at `start`.
    pub fn set_heap(&self, start: u32) {
        let start = u64::from(start).next_multiple_of(PAGE);
        self.state().brk = start..start;
    }

    /// Moves the end of the heap; gives where it is afterwards, which is where it was if it cannot move.
    pub fn brk(&self, end: u32) -> u32 {
        let mut state = self.state();
        let (heap, wanted) = (state.brk.clone(), u64::from(end));
        if wanted < heap.start || !self.move_brk(&mut state, &heap, wanted) {
            return heap.end as u32;
        }
        state.brk.end = wanted;
        end
    }

    fn move_brk(&self, state: &mut MapState, heap: &Range<u64>, wanted: u64) -> bool {
        let (old, new) = (heap.end.next_multiple_of(PAGE), wanted.next_multiple_of(PAGE));
        if new <= old {
            return new == old || self.unmap_range(state, &(new..old)).is_ok();
        }
        let more = old..new;
        // One page stays free behind the heap, so that overruns of it fault.
        if new > state.layout.mmap_area.end || !state.regions.is_free(old..new + PAGE) {
            return false;
        }
        let prot = state.effective(Prot::READ | Prot::WRITE);
        if self.shared.window.map(old, new - old, prot, false, Content::Anonymous).is_err() {
            return false;
        }
        self.lock_new(state, &more);
        self.set_pages(&more, Some(prot));
        let source = Source::Special("[heap]");
        state.regions.insert(Region { range: more, prot, shared: false, source });
        true
    }

    /// All mappings in order of address.
    pub fn mappings(&self) -> Vec<Region> {
        self.state().regions.iter().cloned().collect()
    }

    /// Says what the guest may do with the pages of `range` from now on; `None` for unmapped.
    pub(super) fn set_pages(&self, range: &Range<u64>, prot: Option<Prot>) {
        let before = self.shared.pages.set(range, prot);
        self.note_stale(range, before, prot);
    }

    /// Notes that `range` changes under translations that may depend on it: on what is there, or on that nothing could be
    /// executed there, if now that may be done.
    fn note_stale(&self, range: &Range<u64>, before: Dependence, prot: Option<Prot>) {
        if before.folded {
            // Who used the values is not known, so everything has to go.
            self.stale().push(0..SIZE);
        } else if before.code || prot.is_some_and(|prot| prot.contains(Prot::EXEC)) {
            self.stale().push(range.clone());
        }
    }

    /// The address ranges whose translations have become invalid by calls of this handle, since the last call.
    pub fn take_stale(&self) -> Vec<Range<u64>> {
        std::mem::take(&mut self.stale())
    }
}
