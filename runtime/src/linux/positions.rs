//! Positions in directories, as 32-bit programs see them.
//!
//! File systems use positions of 64 bits (ext4 hashes of names, NFS what its server likes), which libraries of programs
//! built without large-file support refuse with EOVERFLOW. Large ones are kept here, and programs are given numbers for
//! them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Positions from here on are replaced. The numbers given for them are at least as large.
const FIRST: u32 = 1 << 30;
const CHUNK: u32 = 1 << 12;
const CHUNKS: u32 = 1 << 8;
/// How many positions are remembered.
const KEPT: u32 = CHUNK * CHUNKS;

/// The positions that were shown last. Usable by all threads, and sound in forked children: there is no lock that
/// another thread could hold.
#[derive(Debug)]
pub(crate) struct Positions {
    /// How many have been shown.
    shown: AtomicU32,
    chunks: [OnceLock<Box<[AtomicU64]>>; CHUNKS as usize],
}

impl Positions {
    pub(crate) fn new() -> Positions {
        Positions { shown: AtomicU32::new(0), chunks: [const { OnceLock::new() }; CHUNKS as usize] }
    }

    fn place(&self, number: u32) -> Option<&AtomicU64> {
        let chunk = self.chunks.get((number % KEPT / CHUNK) as usize)?;
        let chunk = chunk.get_or_init(|| (0..CHUNK).map(|_| AtomicU64::new(0)).collect());
        chunk.get((number % CHUNK) as usize)
    }

    /// What a program is shown for a position; below 2<sup>31</sup>.
    pub(crate) fn fold(&self, position: u64) -> u32 {
        if !Positions::is_large(position) {
            return position as u32;
        }
        let number = self.shown.fetch_add(1, Ordering::Relaxed) % FIRST;
        if let Some(place) = self.place(number) {
            place.store(position, Ordering::Relaxed);
        }
        FIRST + number
    }

    /// Whether programs are shown another number for a position.
    pub(crate) fn is_large(position: u64) -> bool {
        position >= u64::from(FIRST)
    }

    /// Whether a position is one that [`fold`](Positions::fold) has made up, if it is one in a directory.
    pub(crate) fn is_folded(position: i64) -> bool {
        (i64::from(FIRST)..2 * i64::from(FIRST)).contains(&position)
    }

    /// The position that a program means; `None` if it was shown so long ago that it has been forgotten.
    pub(crate) fn unfold(&self, folded: u32) -> Option<u64> {
        let number = folded.checked_sub(FIRST)?;
        let age = self.shown.load(Ordering::Relaxed).wrapping_sub(number + 1) % FIRST;
        (age < KEPT).then(|| self.place(number).map(|place| place.load(Ordering::Relaxed)))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_positions_become_small_and_come_back() {
        let positions = Positions::new();
        let large = [u64::from(FIRST), u64::MAX / 2, 0x1234_5678_9abc_def0];
        assert_eq!(positions.fold(77), 77);
        let folded = large.map(|position| positions.fold(position));
        assert!(folded.iter().all(|&f| Positions::is_folded(i64::from(f)) && f < 1 << 31));
        assert_eq!(folded.map(|f| positions.unfold(f)), large.map(Some));
        assert_eq!(positions.unfold(FIRST + 3), None);
    }

    #[test]
    fn old_positions_are_forgotten() {
        let positions = Positions::new();
        let first = positions.fold(u64::MAX / 2);
        let later: Vec<u32> = (0..u64::from(KEPT)).map(|i| positions.fold(1 << 40 | i)).collect();
        assert_eq!(positions.unfold(first), None);
        assert_eq!(positions.unfold(later[0]), Some(1 << 40));
        assert_eq!(later.last().and_then(|&l| positions.unfold(l)), Some(1 << 40 | u64::from(KEPT - 1)));
    }
}
