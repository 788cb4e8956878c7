//! Sets of state slots, for dataflow.

use demotic_ir::{STATE_WORDS, Slot};

/// A set of state slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct SlotSet([u64; STATE_WORDS / 64]);

impl SlotSet {
    pub(crate) const EMPTY: SlotSet = SlotSet([0; STATE_WORDS / 64]);

    /// Every slot.
    pub(crate) const ALL: SlotSet = SlotSet([u64::MAX; STATE_WORDS / 64]);

    pub(crate) fn insert(&mut self, slot: Slot) {
        if let Some(word) = self.0.get_mut(slot.index() / 64) {
            *word |= 1 << (slot.index() % 64);
        }
    }

    pub(crate) fn contains(&self, slot: Slot) -> bool {
        self.0.get(slot.index() / 64).is_some_and(|w| w >> (slot.index() % 64) & 1 != 0)
    }

    pub(crate) fn union(mut self, other: SlotSet) -> SlotSet {
        for (a, b) in self.0.iter_mut().zip(other.0) {
            *a |= b;
        }
        self
    }

    pub(crate) fn intersection(mut self, other: SlotSet) -> SlotSet {
        for (a, b) in self.0.iter_mut().zip(other.0) {
            *a &= b;
        }
        self
    }

    pub(crate) fn minus(mut self, other: SlotSet) -> SlotSet {
        for (a, b) in self.0.iter_mut().zip(other.0) {
            *a &= !b;
        }
        self
    }

    /// The members in ascending order.
    pub(crate) fn iter(self) -> impl Iterator<Item = Slot> {
        self.0.into_iter().enumerate().flat_map(|(i, mut word)| {
            std::iter::from_fn(move || {
                let bit = (word != 0).then(|| word.trailing_zeros())?;
                word &= word - 1;
                Some(Slot((i * 64) as u16 + bit as u16))
            })
        })
    }
}

impl FromIterator<Slot> for SlotSet {
    fn from_iter<I: IntoIterator<Item = Slot>>(iter: I) -> SlotSet {
        let mut set = SlotSet::EMPTY;
        iter.into_iter().for_each(|s| set.insert(s));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_operations() {
        let a: SlotSet = [Slot(1), Slot(70), Slot(255)].into_iter().collect();
        let b: SlotSet = [Slot(70)].into_iter().collect();
        assert_eq!(a.minus(b).iter().collect::<Vec<_>>(), [Slot(1), Slot(255)]);
        assert!(b.union(a).contains(Slot(255)) && !b.contains(Slot(1)));
    }

    #[test]
    fn slots_outside_the_state_are_ignored() {
        let mut a = SlotSet::EMPTY;
        a.insert(Slot(5000));
        assert!(!a.contains(Slot(5000)));
        assert_eq!(a, SlotSet::EMPTY);
    }
}
