//! A short memory of what has happened to guest code, for those who learn of it later.
//!
//! A translation is made from code as it was when the background thread read it; it may be placed only if that code
//! has not changed since it was asked for. And what one vCPU does, the others take in when they come to it.

use std::collections::VecDeque;

/// Events that are remembered one by one.
const REMEMBERED: usize = 256;

/// Numbered events, of which the last are remembered.
#[derive(Debug)]
pub(super) struct Journal<T> {
    /// The number of the last event.
    now: u64,
    recent: VecDeque<T>,
}

impl<T> Default for Journal<T> {
    fn default() -> Journal<T> {
        Journal { now: 0, recent: VecDeque::new() }
    }
}

impl<T> Journal<T> {
    /// The present moment, to ask about later.
    pub(super) fn now(&self) -> u64 {
        self.now
    }

    /// Notes an event.
    pub(super) fn note(&mut self, event: T) {
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.now += 1;
        self.recent.push_back(event);
    }

    /// What has happened after a moment; `None` if that is not remembered any more.
    pub(super) fn since(&self, time: u64) -> Option<impl Iterator<Item = &T>> {
        let known = (self.now - time) as usize;
        let forgotten = self.recent.len().checked_sub(known)?;
        Some(self.recent.iter().skip(forgotten))
    }
}

/// The guest addresses of changed code, `[start, end)`.
pub(super) type CodeChanges = Journal<(u64, u64)>;

impl CodeChanges {
    /// Whether any of the ranges may have changed after a moment.
    pub(super) fn changed_since(&self, time: u64, ranges: &[(u64, u64)]) -> bool {
        let Some(mut later) = self.since(time) else { return true };
        later.any(|&(s, e)| ranges.iter().any(|&(start, end)| start < e && s < end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_overlapping_later_changes_count() {
        let mut changes = CodeChanges::default();
        changes.note((0x1000, 0x2000));
        let time = changes.now();
        assert!(!changes.changed_since(time, &[(0x1000, 0x1100)]));
        changes.note((0x3000, 0x4000));
        assert!(!changes.changed_since(time, &[(0x1000, 0x1100), (0x2fff, 0x3000)]));
        assert!(changes.changed_since(time, &[(0x3fff, 0x4100)]));
        assert_eq!(changes.since(time).unwrap().collect::<Vec<_>>(), [&(0x3000, 0x4000)]);
    }

    #[test]
    fn what_is_forgotten_may_have_changed() {
        let mut changes = CodeChanges::default();
        let time = changes.now();
        for _ in 0..=REMEMBERED {
            changes.note((0, 1));
        }
        assert!(changes.since(time).is_none());
        assert!(changes.changed_since(time, &[(0x1000, 0x1100)]));
        assert!(!changes.changed_since(time + 1, &[(0x1000, 0x1100)]));
        assert!(!changes.changed_since(changes.now(), &[(0, 1)]));
    }
}
