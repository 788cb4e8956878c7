//! What the interpreter has seen, as region forming asks for it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Profile;

/// Targets of one indirect jump that are worth remembering.
const MAX_TARGETS: usize = 256;

/// The interpreter's record of executed blocks and of the targets of indirect jumps and calls.
#[derive(Clone, Default, Debug)]
pub(crate) struct ProfileData {
    executed: HashSet<u64>,
    targets: HashMap<u64, Vec<u64>>,
    states: HashMap<u64, Arc<[u64]>>,
}

impl ProfileData {
    /// Notes that a block begins at `pc`.
    pub(crate) fn note_block(&mut self, pc: u64) {
        self.executed.insert(pc);
    }

    /// Notes where the instruction at `pc` led, and the state there if it is the first time.
    pub(crate) fn note_target(&mut self, pc: u64, target: u64, state: &[u64]) {
        self.states.entry(pc).or_insert_with(|| state.into());
        let known = self.targets.entry(pc).or_default();
        if known.len() < MAX_TARGETS && !known.contains(&target) {
            known.push(target);
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.executed.clear();
        self.targets.clear();
        self.states.clear();
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
