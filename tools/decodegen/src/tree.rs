//! The decision tree: which bits to look at in which order, and what is left to test at the leaves.

use crate::words::Words;

/// The widest group of bits one `match` looks at.
const MAX_WIDTH: u32 = 8;

/// A node of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// The first candidate whose test succeeds.
    Leaf(Vec<Candidate>),
    /// Goes on at the arm that lists `(word >> shift) & mask`, else at `other`.
    Switch { shift: u32, mask: u32, arms: Vec<(Vec<u32>, Node)>, other: Box<Node> },
}

/// A row at a leaf: it matches if `word & mask == value` and its constraints hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) row: usize,
    pub(crate) mask: u32,
    pub(crate) value: u32,
}

/// The tree for `rows`. `order` lists their indices, the more specific of two overlapping rows first.
pub(crate) fn build(rows: &[&Words], order: &[usize], width: u32) -> Node {
    Builder { rows, width }.node(order.to_vec(), 0, 0)
}

struct Builder<'a> {
    rows: &'a [&'a Words],
    width: u32,
}

impl Builder<'_> {
    fn node(&self, candidates: Vec<usize>, known: u32, value: u32) -> Node {
        let mut possible: Vec<usize> = candidates
            .into_iter()
            .filter(|&row| (self.rows[row].value ^ value) & self.rows[row].mask & known == 0)
            .collect();
        // Nothing gets past a candidate with nothing left to test.
        if let Some(certain) = possible
            .iter()
            .position(|&row| self.rows[row].mask & !known == 0 && self.rows[row].constraints.is_empty())
        {
            possible.truncate(certain + 1);
        }
        match if possible.len() > 2 { self.best_bits(&possible, known) } else { None } {
            Some((shift, width)) => self.switch(&possible, known, value, shift, width),
            None => Node::Leaf(
                possible
                    .iter()
                    .map(|&row| Candidate {
                        row,
                        mask: self.rows[row].mask & !known,
                        value: self.rows[row].value & !known,
                    })
                    .collect(),
            ),
        }
    }

    fn switch(&self, candidates: &[usize], known: u32, value: u32, shift: u32, width: u32) -> Node {
        let mask = (1 << width) - 1;
        let mut arms: Vec<(Vec<u32>, Node)> = Vec::new();
        for number in 0..=mask {
            let node = self.node(candidates.to_vec(), known | mask << shift, value | number << shift);
            match arms.iter_mut().find(|(_, same)| *same == node) {
                Some((numbers, _)) => numbers.push(number),
                None => arms.push((vec![number], node)),
            }
        }
        // The arm most numbers share needs no list.
        let mut most = 0;
        for (index, (numbers, _)) in arms.iter().enumerate() {
            if numbers.len() > arms[most].0.len() {
                most = index;
            }
        }
        let (_, other) = arms.remove(most);
        Node::Switch { shift, mask, arms, other: Box::new(other) }
    }

    /// The neighbouring bits (lowest, how many) that tell the candidates apart best; none if no choice is worth it.
    fn best_bits(&self, candidates: &[usize], known: u32) -> Option<(u32, u32)> {
        let tested = candidates.iter().fold(0, |all, &row| all | self.rows[row].mask) & !known;
        let mut best = None;
        let mut best_cost = candidates.len() as f64 * 0.95;
        for width in 1..=MAX_WIDTH {
            for shift in 0..=self.width - width {
                let mask = ((1 << width) - 1) << shift;
                let ends = 1 << shift | 1 << (shift + width - 1);
                if known & mask != 0 || tested & ends != ends {
                    continue;
                }
                let cost = self.cost(candidates, shift, width);
                if cost < best_cost {
                    best = Some((shift, width));
                    best_cost = cost;
                }
            }
        }
        best
    }

    /// The candidates an average candidate still competes with after the switch, weighed up for those that land in
    /// several arms.
    fn cost(&self, candidates: &[usize], shift: u32, width: u32) -> f64 {
        let all = (1u32 << width) - 1;
        let mut counts = [0u32; 1 << MAX_WIDTH];
        for &row in candidates {
            let free = !(self.rows[row].mask >> shift) & all;
            let fixed = self.rows[row].value >> shift & all;
            let mut chosen = 0u32;
            loop {
                counts[(fixed | chosen) as usize] += 1;
                chosen = chosen.wrapping_sub(free) & free;
                if chosen == 0 {
                    break;
                }
            }
        }
        let counts = counts.map(f64::from);
        let total: f64 = counts.iter().sum();
        let squares: f64 = counts.iter().map(|count| count * count).sum();
        squares / total * (total / candidates.len() as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{Constraint, Test};

    /// What the generated code does, on the data.
    fn lookup(mut node: &Node, rows: &[&Words], word: u32) -> Option<usize> {
        loop {
            match node {
                Node::Leaf(candidates) => {
                    return candidates
                        .iter()
                        .find(|c| {
                            word & c.mask == c.value && rows[c.row].constraints.iter().all(|t| t.holds(word))
                        })
                        .map(|c| c.row);
                }
                Node::Switch { shift, mask, arms, other } => {
                    let number = word >> shift & mask;
                    node = arms
                        .iter()
                        .find(|(numbers, _)| numbers.contains(&number))
                        .map_or(other, |(_, node)| node);
                }
            }
        }
    }

    fn random(state: &mut u32) -> u32 {
        *state ^= *state << 13;
        *state ^= *state >> 17;
        *state ^= *state << 5;
        *state
    }

    #[test]
    fn agrees_with_a_linear_search() {
        let mut state = 0x1234_5678;
        for round in 0..20 {
            let sets: Vec<Words> = (0..1 + round * 5)
                .map(|_| {
                    let mask = (random(&mut state) | random(&mut state)) & 0xffff;
                    let at = (random(&mut state) % 12) as u8;
                    let test = Constraint { bits: vec![at + 3, at + 2, at + 1, at], test: Test::Ne(3) };
                    let tests = (random(&mut state) & 1 == 0).then_some(test);
                    Words::new(mask, random(&mut state) & mask, tests)
                })
                .collect();
            let rows: Vec<&Words> = sets.iter().collect();
            let order: Vec<usize> = (0..rows.len()).collect();
            let tree = build(&rows, &order, 16);
            for word in 0..0x1_0000 {
                assert_eq!(
                    lookup(&tree, &rows, word),
                    rows.iter().position(|row| row.contains(word)),
                    "{word:#x}"
                );
            }
        }
    }

    #[test]
    fn dense_opcodes_become_one_switch() {
        let sets: Vec<Words> = (0..16).map(|n| Words::new(0xf000, n << 12, [])).collect();
        let rows: Vec<&Words> = sets.iter().collect();
        let order: Vec<usize> = (0..16).collect();
        let Node::Switch { shift: 12, mask: 15, arms, other } = build(&rows, &order, 16) else { panic!() };
        assert_eq!(arms.len(), 15);
        assert!(matches!(*other, Node::Leaf(_)));
    }
}
