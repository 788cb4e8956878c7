//! Writes expressions over `word`: fields, constraints, the decision tree.

use std::fmt::Write as _;

use crate::tree::{Candidate, Node};
use crate::words::{Constraint, Test, Words};

/// The value of the field with these bits.
pub(crate) fn field(bits: &[u8]) -> String {
    let mut runs: Vec<&[u8]> = bits.chunk_by(|high, low| *high == low + 1).collect();
    if let [run] = runs.as_mut_slice() {
        return part(run);
    }
    let mut below = bits.len();
    let parts = runs.iter().map(|run| {
        below -= run.len();
        if below == 0 { format!("({})", part(run)) } else { format!("(({}) << {below})", part(run)) }
    });
    parts.collect::<Vec<_>>().join(" | ")
}

/// The value of neighbouring bits.
fn part(run: &[u8]) -> String {
    let (high, low) = (run[0], run[run.len() - 1]);
    let mask = u32::MAX >> (32 - run.len());
    match (high, low) {
        (31, 0) => "word".into(),
        (31, _) => format!("word >> {low}"),
        (_, 0) => format!("word & {mask:#x}"),
        _ => format!("(word >> {low}) & {mask:#x}"),
    }
}

/// Whether `word` satisfies the constraint.
pub(crate) fn constraint(constraint: &Constraint) -> String {
    let list =
        |numbers: &[u32]| numbers.iter().map(|number| format!("{number:#x}")).collect::<Vec<_>>().join(" | ");
    let value = field(&constraint.bits);
    match &constraint.test {
        Test::Eq(number) => format!("({value}) == {number:#x}"),
        Test::Ne(number) => format!("({value}) != {number:#x}"),
        Test::Lt(number) => format!("({value}) < {number:#x}"),
        Test::Ge(number) => format!("({value}) >= {number:#x}"),
        Test::In(numbers) => format!("matches!({value}, {})", list(numbers)),
        Test::NotIn(numbers) => format!("!matches!({value}, {})", list(numbers)),
        Test::MaskEq(mask, number) => format!("({value}) & {mask:#x} == {number:#x}"),
        Test::MaskNe(mask, number) => format!("({value}) & {mask:#x} != {number:#x}"),
        Test::EqBits(bits) => format!("({value}) == ({})", field(bits)),
        Test::NeBits(bits) => format!("({value}) != ({})", field(bits)),
    }
}

/// The tree as an expression of type `Option<usize>`.
pub(crate) fn tree(out: &mut String, node: &Node, rows: &[&Words], indent: usize) {
    let pad = "    ".repeat(indent);
    match node {
        Node::Leaf(candidates) => leaf(out, candidates, rows),
        Node::Switch { shift, mask, arms, other } => {
            let bits: Vec<u8> = (0..mask.count_ones()).rev().map(|bit| (bit + shift) as u8).collect();
            let _ = writeln!(out, "match {} {{", field(&bits));
            for (numbers, node) in arms {
                let numbers: Vec<String> = numbers.iter().map(|number| format!("{number:#x}")).collect();
                let _ = write!(out, "{pad}    {} => ", numbers.join(" | "));
                tree(out, node, rows, indent + 1);
                out.push_str(",\n");
            }
            let _ = write!(out, "{pad}    _ => ");
            tree(out, other, rows, indent + 1);
            let _ = write!(out, ",\n{pad}}}");
        }
    }
}

fn leaf(out: &mut String, candidates: &[Candidate], rows: &[&Words]) {
    for candidate in candidates {
        let mut tests = Vec::new();
        if candidate.mask != 0 {
            tests.push(format!("word & {:#x} == {:#x}", candidate.mask, candidate.value));
        }
        tests.extend(rows[candidate.row].constraints.iter().map(constraint));
        if tests.is_empty() {
            // The tree builder puts nothing after a row that is certain.
            let brace = if out.ends_with("else ") { ("{ ", " }") } else { ("", "") };
            let _ = write!(out, "{}Some({}){}", brace.0, candidate.row, brace.1);
            return;
        }
        let _ = write!(out, "if {} {{ Some({}) }} else ", tests.join(" && "), candidate.row);
    }
    out.push_str(if candidates.is_empty() { "None" } else { "{ None }" });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_shifts_and_masks() {
        assert_eq!(field(&[31, 30]), "word >> 30");
        assert_eq!(field(&[2, 1, 0]), "word & 0x7");
        assert_eq!(field(&[7, 6]), "(word >> 6) & 0x3");
        assert_eq!(field(&[5, 3, 2, 1, 0]), "(((word >> 5) & 0x1) << 4) | (word & 0xf)");
        assert_eq!(field(&(0..32).rev().collect::<Vec<u8>>()), "word");
    }
}
