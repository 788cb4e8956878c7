//! Writes code over `word`: fields, constraints, the decision tree.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::tree::Node;
use crate::words::{Constraint, Test, Words};

/// Stands before items whose text depends on the table.
pub(crate) const ALLOW: &str =
    "#[allow(clippy::all, clippy::pedantic, unused_parens, reason = \"generated\")]\n";

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
fn constraint(constraint: &Constraint) -> String {
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
        Test::LtBits(bits) => format!("({value}) < ({})", field(bits)),
        Test::GeBits(bits) => format!("({value}) >= ({})", field(bits)),
    }
}

/// The most lines of an expression before it moves to a function of its own: the compiler takes more than twice the
/// time for a function of twice the size.
const MAX_LINES: usize = 40;

/// Private functions of the module, each written once.
#[derive(Default)]
pub(crate) struct Functions {
    /// Bodies and what the function is called.
    names: BTreeMap<String, String>,
    /// The functions as text.
    pub(crate) text: String,
}

impl Functions {
    /// The name of the function that tests the constraints of a row, if it has any.
    pub(crate) fn constraints(&mut self, words: &Words) -> Option<String> {
        let tests: Vec<String> = words.constraints.iter().map(constraint).collect();
        (!tests.is_empty()).then(|| self.name("constraints", "bool", tests.join(" && ")))
    }

    /// The tree as an expression of type `Option<usize>`.
    pub(crate) fn tree(&mut self, node: &Node, rows: &[&Words]) -> String {
        let Node::Switch { shift, mask, arms, other } = node else { return self.leaf(node, rows) };
        let bits: Vec<u8> = (0..mask.count_ones()).rev().map(|bit| (bit + shift) as u8).collect();
        let mut out = format!("match {} {{\n", field(&bits));
        for (numbers, node) in arms {
            let numbers: Vec<String> = numbers.iter().map(|number| format!("{number:#x}")).collect();
            let _ = writeln!(out, "    {} => {},", numbers.join(" | "), self.arm(node, rows));
        }
        let _ = write!(out, "    _ => {},\n}}", self.arm(other, rows));
        out
    }

    fn arm(&mut self, node: &Node, rows: &[&Words]) -> String {
        let code = self.tree(node, rows);
        if code.lines().count() > MAX_LINES {
            let name = self.name("tree", "Option<usize>", code);
            format!("{name}(word)")
        } else {
            code.replace('\n', "\n    ")
        }
    }

    fn leaf(&mut self, node: &Node, rows: &[&Words]) -> String {
        let mut out = String::new();
        let Node::Leaf(candidates) = node else { return out };
        for candidate in candidates {
            let mut tests = Vec::new();
            if candidate.mask != 0 {
                tests.push(format!("word & {:#x} == {:#x}", candidate.mask, candidate.value));
            }
            if candidate.check {
                tests.extend(self.constraints(rows[candidate.row]).map(|name| format!("{name}(word)")));
            }
            if tests.is_empty() {
                // The tree builder puts nothing after a row that is certain.
                let some = format!("Some({})", candidate.row);
                out += &if out.is_empty() { some } else { format!("{{ {some} }}") };
                return out;
            }
            let _ = write!(out, "if {} {{ Some({}) }} else ", tests.join(" && "), candidate.row);
        }
        out += if candidates.is_empty() { "None" } else { "{ None }" };
        out
    }

    /// The name of the function with that body.
    fn name(&mut self, prefix: &str, output: &str, body: String) -> String {
        if let Some(name) = self.names.get(&body) {
            return name.clone();
        }
        let name = format!("{prefix}_{}", self.names.len());
        let indented = body.replace('\n', "\n    ");
        let _ = writeln!(self.text, "\n{ALLOW}fn {name}(word: u32) -> {output} {{\n    {indented}\n}}");
        self.names.insert(body, name.clone());
        name
    }
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
