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

/// A row at a leaf: it matches if `word & mask == value` and, unless the path settled them, its constraints hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) row: usize,
    pub(crate) mask: u32,
    pub(crate) value: u32,
    pub(crate) check: bool,
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
        let mut possible: Vec<Candidate> = candidates
            .into_iter()
            .filter(|&row| self.possible(row, known, value))
            .map(|row| {
                let words = self.rows[row];
                let check = words.constraints.iter().any(|constraint| constraint.support() & !known != 0);
                Candidate { row, mask: words.mask & !known, value: words.value & !known, check }
            })
            .collect();
        // Nothing gets past a candidate with nothing left to test.
        if let Some(certain) = possible.iter().position(|candidate| candidate.mask == 0 && !candidate.check) {
            possible.truncate(certain + 1);
        }
        let rows: Vec<usize> = possible.iter().map(|candidate| candidate.row).collect();
        match if rows.len() > 2 { self.best_bits(&rows, known) } else { None } {
            Some((shift, width)) => self.switch(&rows, known, value, shift, width),
            None => Node::Leaf(possible),
        }
    }

    /// Whether the row may have a word whose bits `known` are `value`, as far as those bits tell.
    fn possible(&self, row: usize, known: u32, value: u32) -> bool {
        let words = self.rows[row];
        (words.value ^ value) & words.mask & known == 0
            && words.constraints.iter().all(|test| test.support() & !known != 0 || test.holds(value))
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
    /// several different arms and for the size of the table.
    fn cost(&self, candidates: &[usize], shift: u32, width: u32) -> f64 {
        let all = (1u32 << width) - 1;
        // Per arm its number of candidates and a fingerprint of which they are.
        let mut arms = [(0u64, 0u32); 1 << MAX_WIDTH];
        for &row in candidates {
            let words = self.rows[row];
            let constrained = words.constraints.iter().any(|test| test.support() & !(all << shift) == 0);
            let free = !(words.mask >> shift) & all;
            let fixed = words.value >> shift & all;
            let mut chosen = 0u32;
            loop {
                let number = fixed | chosen;
                if !constrained || self.possible(row, all << shift, number << shift) {
                    let arm = &mut arms[number as usize];
                    *arm = (arm.0.wrapping_add(scatter(row)), arm.1 + 1);
                }
                chosen = chosen.wrapping_sub(free) & free;
                if chosen == 0 {
                    break;
                }
            }
        }
        let arms = &mut arms[..1 << width];
        arms.sort_unstable();
        let different = arms.chunk_by(|a, b| a == b).map(|same| f64::from(same[0].1));
        let (total, squares) = different.fold((0.0, 0.0), |(sum, squares), n| (sum + n, squares + n * n));
        let rows = candidates.len() as f64;
        let table_size = 1.0 + f64::from(all + 1) / (16.0 * rows);
        squares / total * (total / rows).sqrt() * table_size
    }
}

/// A number for a row, such that sums of them tell sets of rows apart.
fn scatter(row: usize) -> u64 {
    let product = (row as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product.wrapping_mul(product >> 32 | 1)
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

    #[test]
    fn constraints_tell_rows_apart() {
        let not_15 = Constraint { bits: vec![15, 14, 13, 12], test: Test::Ne(15) };
        let sets: Vec<Words> = (0..2)
            .flat_map(|n| [Words::new(0xf001, 0xf000 | n, []), Words::new(2, n << 1, [not_15.clone()])])
            .collect();
        let rows: Vec<&Words> = sets.iter().collect();
        let Node::Switch { shift: 12, mask: 15, arms, other } = build(&rows, &[0, 1, 2, 3], 16) else {
            panic!()
        };
        assert_eq!((arms.len(), &arms[0].0), (1, &vec![15]));
        let candidate = |row, mask, value| Candidate { row, mask, value, check: false };
        assert_eq!(*other, Node::Leaf(vec![candidate(1, 2, 0), candidate(3, 2, 2)]));
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
