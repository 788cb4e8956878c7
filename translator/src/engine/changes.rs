//! A short memory of changes to guest code.
//!
//! A translation is made from code as it was when the background thread read it; it may be placed only if that code
//! has not changed since it was asked for.

/// Changes that are remembered one by one.
const REMEMBERED: usize = 256;

/// Which guest code has changed when.
#[derive(Default, Debug)]
pub(super) struct CodeChanges {
    now: u64,
    recent: Vec<(u64, u64, u64)>,
    /// Changes up to here are forgotten: anything may have changed before.
    horizon: u64,
}

impl CodeChanges {
    /// The present moment, to ask about later.
    pub(super) fn now(&self) -> u64 {
        self.now
    }

    /// Notes that `[start, end)` has changed.
    pub(super) fn note(&mut self, start: u64, end: u64) {
        self.now += 1;
        if self.recent.len() == REMEMBERED {
            self.recent.clear();
            self.horizon = self.now - 1;
        }
        self.recent.push((self.now, start, end));
    }

    /// Whether any of the ranges may have changed after a moment.
    pub(super) fn changed_since(&self, time: u64, ranges: &[(u64, u64)]) -> bool {
        let later = self.recent.iter().filter(|&&(when, ..)| when > time);
        time < self.horizon
            || later.clone().any(|&(_, s, e)| ranges.iter().any(|&(start, end)| start < e && s < end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_overlapping_later_changes_count() {
        let mut changes = CodeChanges::default();
        changes.note(0x1000, 0x2000);
        let time = changes.now();
        assert!(!changes.changed_since(time, &[(0x1000, 0x1100)]));
        changes.note(0x3000, 0x4000);
        assert!(!changes.changed_since(time, &[(0x1000, 0x1100), (0x2fff, 0x3000)]));
        assert!(changes.changed_since(time, &[(0x3fff, 0x4100)]));
    }

    #[test]
    fn what_is_forgotten_may_have_changed() {
        let mut changes = CodeChanges::default();
        let time = changes.now();
        for _ in 0..=REMEMBERED {
            changes.note(0, 1);
        }
        assert!(changes.changed_since(time, &[(0x1000, 0x1100)]));
        assert!(!changes.changed_since(changes.now(), &[(0, 1)]));
    }
}
