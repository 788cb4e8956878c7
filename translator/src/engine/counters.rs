//! Counters of entries into blocks of the first tier. They run down to zero, which asks for a region.

use std::sync::atomic::{AtomicU32, Ordering};

use zerocopy::FromZeros;

/// How many there are. Blocks beyond share those of earlier ones, which only makes them hot sooner.
const COUNTERS: usize = 1 << 18;

/// The counters of an engine. Translated code counts without locking: a lost count does no harm.
pub(super) struct Counters {
    counters: Box<[AtomicU32]>,
    next: AtomicU32,
}

impl Counters {
    pub(super) fn new() -> Counters {
        // Zeros come from the host untouched, so that only what is used takes memory.
        let counters = <[AtomicU32]>::new_box_zeroed_with_elems(COUNTERS)
            .unwrap_or_else(|_| std::iter::repeat_with(AtomicU32::default).take(COUNTERS).collect());
        Counters { counters, next: AtomicU32::new(0) }
    }

    /// A number for a new block, which no other has.
    pub(super) fn new_number(&self) -> u32 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// The counter of the block with a number, set to `start`.
    pub(super) fn begin(&self, number: u32, start: u32) -> u32 {
        let counter = number % COUNTERS as u32;
        self.set(counter, start);
        counter
    }

    pub(super) fn set(&self, counter: u32, value: u32) {
        if let Some(counter) = self.counters.get(counter as usize) {
            counter.store(value.min(i32::MAX as u32), Ordering::Relaxed);
        }
    }

    /// Where translated code finds them.
    pub(super) fn address(&self) -> u64 {
        self.counters.as_ptr() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_counters_are_in_the_table() {
        let counters = Counters::new();
        let (first, second) = (counters.new_number(), counters.new_number());
        assert_ne!(first, second);
        let counter = counters.begin(COUNTERS as u32 + 3, u32::MAX);
        assert_eq!(counter, 3);
        assert_eq!(counters.counters[3].load(Ordering::Relaxed), i32::MAX as u32);
        counters.set(u32::MAX, 1);
    }
}
