//! Sets of words, as fixed bits plus constraints, and exact answers about them: is it empty, is it part of another.
//!
//! Constraints that share no bits are independent, so a conjunction is decided one connected group at a time; only the
//! bits of one group are enumerated.

/// The most values tried for the bits of one group of constraints.
const MAX_TRIES: usize = 1 << 20;
/// The most sets [`Words::outside`] splits a set into.
const MAX_SPLITS: usize = 50_000;

/// A condition on the bits `bits` (most significant first) of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Constraint {
    pub(crate) bits: Vec<u8>,
    pub(crate) test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    Eq(u32),
    Ne(u32),
    Lt(u32),
    Ge(u32),
    In(Vec<u32>),
    NotIn(Vec<u32>),
    /// `f & mask == value`
    MaskEq(u32, u32),
    /// `f & mask != value`
    MaskNe(u32, u32),
    EqBits(Vec<u8>),
    NeBits(Vec<u8>),
    LtBits(Vec<u8>),
    GeBits(Vec<u8>),
}

/// The question needs more enumeration than [`MAX_TRIES`] or [`MAX_SPLITS`] allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooComplex;

/// The words with `word & mask == value` that satisfy every constraint.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    pub(crate) mask: u32,
    pub(crate) value: u32,
    /// The ones that say more than that bits are fixed.
    pub(crate) constraints: Vec<Constraint>,
    /// Two constraints ask for different values of one bit.
    clash: bool,
}

/// The number the bits `bits` of `word` form.
pub(crate) fn extract(bits: &[u8], word: u32) -> u32 {
    bits.iter().fold(0, |number, &bit| number << 1 | word >> bit & 1)
}

impl Constraint {
    /// Whether `word` satisfies it.
    pub(crate) fn holds(&self, word: u32) -> bool {
        let number = extract(&self.bits, word);
        match &self.test {
            Test::Eq(n) => number == *n,
            Test::Ne(n) => number != *n,
            Test::Lt(n) => number < *n,
            Test::Ge(n) => number >= *n,
            Test::In(list) => list.contains(&number),
            Test::NotIn(list) => !list.contains(&number),
            Test::MaskEq(mask, n) => number & mask == *n,
            Test::MaskNe(mask, n) => number & mask != *n,
            Test::EqBits(bits) => number == extract(bits, word),
            Test::NeBits(bits) => number != extract(bits, word),
            Test::LtBits(bits) => number < extract(bits, word),
            Test::GeBits(bits) => number >= extract(bits, word),
        }
    }

    fn negated(&self) -> Self {
        let test = match self.test.clone() {
            Test::Eq(n) => Test::Ne(n),
            Test::Ne(n) => Test::Eq(n),
            Test::Lt(n) => Test::Ge(n),
            Test::Ge(n) => Test::Lt(n),
            Test::In(list) => Test::NotIn(list),
            Test::NotIn(list) => Test::In(list),
            Test::MaskEq(mask, n) => Test::MaskNe(mask, n),
            Test::MaskNe(mask, n) => Test::MaskEq(mask, n),
            Test::EqBits(bits) => Test::NeBits(bits),
            Test::NeBits(bits) => Test::EqBits(bits),
            Test::LtBits(bits) => Test::GeBits(bits),
            Test::GeBits(bits) => Test::LtBits(bits),
        };
        Self { bits: self.bits.clone(), test }
    }

    /// The bits of the word it looks at.
    pub(crate) fn support(&self) -> u32 {
        let other: &[u8] = match &self.test {
            Test::EqBits(bits) | Test::NeBits(bits) | Test::LtBits(bits) | Test::GeBits(bits) => bits,
            _ => &[],
        };
        self.bits.iter().chain(other).fold(0, |mask, &bit| mask | 1 << bit)
    }

    /// The bits of the word it fixes, their values, and whether it says no more than that.
    fn fixes(&self) -> (u32, u32, bool) {
        let all = u32::MAX >> (32 - self.bits.len());
        let (care, number, complete) = match &self.test {
            Test::Eq(number) => (all, *number, true),
            Test::MaskEq(mask, number) => (*mask, *number, true),
            Test::Lt(number @ 1..) => {
                let free = below(u32::BITS - (number - 1).leading_zeros());
                (all & !free, 0, number - 1 == free)
            }
            Test::Ge(number) => {
                let free = below(u32::BITS - (!number & all).leading_zeros());
                (all & !free, number & !free, number & free == 0)
            }
            Test::In(list) if !list.is_empty() => {
                let same = list.iter().fold(all, |same, number| same & !(number ^ list[0]));
                (same, list[0] & same, list.len() as u64 == 1 << (all & !same).count_ones())
            }
            _ => (0, 0, false),
        };
        let (mut mask, mut value) = (0, 0);
        for (position, &bit) in self.bits.iter().rev().enumerate() {
            mask |= (care >> position & 1) << bit;
            value |= (number >> position & 1) << bit;
        }
        (mask, value, complete)
    }
}

/// The lowest `count` bits.
fn below(count: u32) -> u32 {
    u32::MAX.checked_shr(32 - count).unwrap_or(0)
}

impl Words {
    pub(crate) fn new(mask: u32, value: u32, constraints: impl IntoIterator<Item = Constraint>) -> Self {
        let mut words = Self { mask, value, constraints: Vec::new(), clash: false };
        for constraint in constraints {
            words.require(constraint);
        }
        words
    }

    fn require(&mut self, constraint: Constraint) {
        let (mask, value, complete) = constraint.fixes();
        self.require_bits(mask, value);
        if !complete {
            self.constraints.push(constraint);
        }
    }

    fn require_bits(&mut self, mask: u32, value: u32) {
        self.clash |= (self.value ^ value) & self.mask & mask != 0;
        self.mask |= mask;
        self.value |= value;
    }

    pub(crate) fn contains(&self, word: u32) -> bool {
        !self.clash
            && (word ^ self.value) & self.mask == 0
            && self.constraints.iter().all(|constraint| constraint.holds(word))
    }

    /// Whether the fixed bits alone show that no word is in both.
    pub(crate) fn clearly_disjoint(&self, other: &Self) -> bool {
        (self.value ^ other.value) & self.mask & other.mask != 0
    }

    /// A word in the set, if there is one.
    pub(crate) fn example(&self) -> Result<Option<u32>, TooComplex> {
        if self.clash {
            return Ok(None);
        }
        let mut word = self.value;
        let mut left: Vec<&Constraint> = self.constraints.iter().collect();
        while let Some(first) = left.first() {
            let free = !self.mask;
            let mut bits = first.support() & free;
            // Grow the group until no other constraint shares a bit with it.
            loop {
                let grown = left
                    .iter()
                    .map(|constraint| constraint.support() & free)
                    .filter(|support| support & bits != 0)
                    .fold(bits, |all, support| all | support);
                if grown == bits {
                    break;
                }
                bits = grown;
            }
            let first = *first;
            let (group, rest): (Vec<_>, Vec<_>) = left
                .into_iter()
                .partition(|&constraint| std::ptr::eq(constraint, first) || constraint.support() & bits != 0);
            left = rest;
            match assignment(word, bits, &group)? {
                Some(found) => word = found,
                None => return Ok(None),
            }
        }
        Ok(Some(word))
    }

    /// A word in both sets, if there is one.
    pub(crate) fn common(&self, other: &Self) -> Result<Option<u32>, TooComplex> {
        if self.clearly_disjoint(other) {
            return Ok(None);
        }
        let mut both = self.clone();
        both.require_bits(other.mask, other.value);
        both.clash |= other.clash;
        both.constraints.extend(other.constraints.iter().cloned());
        both.example()
    }

    /// Whether every word of the set is in `other`.
    pub(crate) fn within(&self, other: &Self) -> Result<bool, TooComplex> {
        for part in self.minus(other) {
            if part.example()?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A word of the set that is in none of `others`, if there is one.
    pub(crate) fn outside(&self, others: &[&Self]) -> Result<Option<u32>, TooComplex> {
        let mut parts = vec![self.clone()];
        let mut splits = 0;
        while let Some(part) = parts.pop() {
            splits += 1;
            if splits > MAX_SPLITS {
                return Err(TooComplex);
            }
            let Some(word) = part.example()? else { continue };
            match others.iter().find(|other| other.contains(word)) {
                None => return Ok(Some(word)),
                Some(other) => parts.extend(part.minus(other)),
            }
        }
        Ok(None)
    }

    /// The set without `other`, as disjoint parts, some perhaps empty.
    fn minus(&self, other: &Self) -> Vec<Self> {
        if self.clearly_disjoint(other) || other.clash {
            return vec![self.clone()];
        }
        let mut parts = Vec::new();
        let mut inside = self.clone();
        for bit in (0..32).map(|position| 1u32 << position).filter(|bit| other.mask & !self.mask & bit != 0) {
            let mut part = inside.clone();
            part.require_bits(bit, !other.value & bit);
            parts.push(part);
            inside.require_bits(bit, other.value & bit);
        }
        for constraint in &other.constraints {
            let mut part = inside.clone();
            part.require(constraint.negated());
            parts.push(part);
            inside.require(constraint.clone());
        }
        parts
    }
}

/// `word` with its bits `bits` (all 0 in it) set so that it satisfies `group`.
fn assignment(word: u32, bits: u32, group: &[&Constraint]) -> Result<Option<u32>, TooComplex> {
    let mut chosen = 0u32;
    for _ in 0..MAX_TRIES {
        if group.iter().all(|constraint| constraint.holds(word | chosen)) {
            return Ok(Some(word | chosen));
        }
        // The next subset of `bits`, in counting order.
        chosen = chosen.wrapping_sub(bits) & bits;
        if chosen == 0 {
            return Ok(None);
        }
    }
    Err(TooComplex)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn low(test: Test) -> Constraint {
        Constraint { bits: vec![3, 2, 1, 0], test }
    }

    fn high(test: Test) -> Constraint {
        Constraint { bits: vec![7, 6, 5, 4], test }
    }

    /// Sets over eight bits, of every kind of constraint.
    fn samples() -> Vec<Words> {
        let tests = [
            Test::Eq(5),
            Test::Ne(5),
            Test::Lt(6),
            Test::Ge(6),
            Test::In(vec![1, 5]),
            Test::NotIn(vec![1, 5]),
            Test::MaskEq(6, 4),
            Test::MaskNe(6, 4),
            Test::EqBits(vec![7, 6, 5, 4]),
            Test::NeBits(vec![7, 6, 5, 4]),
            Test::LtBits(vec![7, 6, 5, 4]),
            Test::GeBits(vec![7, 6, 5, 4]),
        ];
        let mut sets = vec![];
        for test in &tests {
            for (mask, value) in [(!0xff, 0), (!0xf1, 0), (!0x8f, 0x20)] {
                sets.push(Words::new(mask, value, [low(test.clone())]));
                sets.push(Words::new(mask, value, [low(test.clone()), high(Test::NotIn(vec![2, 5]))]));
            }
        }
        sets
    }

    #[test]
    fn answers_agree_with_enumeration() {
        let sets = samples();
        for a in &sets {
            assert_eq!(a.example().unwrap().is_some(), (0..256).any(|word| a.contains(word)), "{a:?}");
            for b in &sets {
                let both = (0..256).any(|word| a.contains(word) && b.contains(word));
                let common = a.common(b).unwrap();
                assert_eq!(common.is_some(), both, "{a:?} {b:?}");
                assert!(common.is_none_or(|word| a.contains(word) && b.contains(word)));
                let within = (0..256).all(|word| !a.contains(word) || b.contains(word));
                assert_eq!(a.within(b).unwrap(), within, "{a:?} {b:?}");
            }
            for pair in sets.windows(2) {
                let others = [&pair[0], &pair[1]];
                let expected =
                    (0..256).any(|word| a.contains(word) && !others.iter().any(|b| b.contains(word)));
                assert_eq!(a.outside(&others).unwrap().is_some(), expected, "{a:?} {others:?}");
            }
        }
    }

    #[test]
    fn gives_up_on_wide_constraints() {
        let (high, low): (Vec<u8>, Vec<u8>) = ((11..22).rev().collect(), (0..11).rev().collect());
        let differ = Constraint { bits: high.clone(), test: Test::NeBits(low.clone()) };
        assert_eq!(Words::new(0, 0, [differ.clone()]).example(), Ok(Some(1)));
        let same = Constraint { bits: high, test: Test::EqBits(low) };
        assert_eq!(Words::new(0, 0, [differ, same]).example(), Err(TooComplex));
    }

    #[test]
    fn implied_bits_are_fixed() {
        for (test, mask, value, left) in [
            (Test::Lt(4), 12, 0, 0),
            (Test::Lt(5), 8, 0, 1),
            (Test::Ge(12), 12, 12, 0),
            (Test::Ge(13), 12, 12, 1),
            (Test::Ge(3), 0, 0, 1),
            (Test::In(vec![4, 5]), 14, 4, 0),
            (Test::In(vec![4, 7]), 12, 4, 1),
            (Test::In(vec![9]), 15, 9, 0),
        ] {
            let words = Words::new(0, 0, [low(test)]);
            assert_eq!((words.mask, words.value, words.constraints.len()), (mask, value, left), "{words:?}");
        }
    }

    #[test]
    fn independent_constraints_do_not_multiply() {
        let parts = (0..8).map(|n| Constraint {
            bits: vec![n * 4 + 3, n * 4 + 2, n * 4 + 1, n * 4],
            test: Test::NotIn(vec![0, 15]),
        });
        assert_eq!(Words::new(0, 0, parts).example(), Ok(Some(0x1111_1111)));
    }
}
