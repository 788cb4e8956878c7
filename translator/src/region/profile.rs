//! What the interpreter has seen, as region forming asks for it.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Profile;

/// Targets of one indirect jump that are worth remembering.
const MAX_TARGETS: usize = 256;

/// The interpreter's record of executed blocks and of the targets of indirect jumps and calls.
#[derive(Clone, Default, Debug)]
pub(crate) struct ProfileData {
    executed: FxHashSet<u64>,
    targets: FxHashMap<u64, Vec<u64>>,
    states: FxHashMap<u64, Arc<[u64]>>,
    /// What was recorded before this is to be forgotten.
    starts_over: bool,
}

impl ProfileData {
    /// Notes that a block begins at `pc`.
    pub(crate) fn note_block(&mut self, pc: u64) {
        self.executed.insert(pc);
    }

    /// Notes where the instruction at `pc` led, and the state there if it is the first time. Gives whether the target is
    /// a new one.
    pub(crate) fn note_target(&mut self, pc: u64, target: u64, state: &[u64]) -> bool {
        self.states.entry(pc).or_insert_with(|| state.into());
        self.add_target(pc, target)
    }

    /// Forgets everything, here and wherever this will be added.
    pub(crate) fn clear(&mut self) {
        *self = ProfileData { starts_over: true, ..ProfileData::default() };
    }

    /// Adds what has been recorded later.
    pub(crate) fn add(&mut self, later: ProfileData) {
        if later.starts_over {
            *self = later;
            return;
        }
        self.executed.extend(later.executed);
        for (pc, state) in later.states {
            self.states.entry(pc).or_insert(state);
        }
        for (pc, targets) in later.targets {
            for target in targets {
                self.add_target(pc, target);
            }
        }
    }

    fn add_target(&mut self, pc: u64, target: u64) -> bool {
        let known = self.targets.entry(pc).or_default();
        let new = known.len() < MAX_TARGETS && !known.contains(&target);
        if new {
            known.push(target);
        }
        new
    }
}

impl Profile for ProfileData {
    fn executed(&self, pc: u64) -> bool {
        self.executed.contains(&pc)
    }

    fn targets(&self, pc: u64) -> &[u64] {
        self.targets.get(&pc).map(Vec::as_slice).unwrap_or_default()
    }

    fn state_at(&self, pc: u64) -> Option<&[u64]> {
        self.states.get(&pc).map(|state| &**state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_records_are_added_and_a_fresh_start_replaces() {
        let mut all = ProfileData::default();
        all.note_block(1);
        assert!(all.note_target(1, 10, &[7]));
        assert!(!all.note_target(1, 10, &[9]));
        let mut later = ProfileData::default();
        later.note_block(2);
        later.note_target(1, 20, &[8]);
        all.add(later.clone());
        assert!(all.executed(1) && all.executed(2));
        assert_eq!(all.targets(1), [10, 20]);
        assert_eq!(all.state_at(1), Some(&[7][..]));
        later.clear();
        later.note_block(3);
        all.add(later);
        assert!(all.executed(3) && !all.executed(1));
        assert!(all.targets(1).is_empty());
    }
}
