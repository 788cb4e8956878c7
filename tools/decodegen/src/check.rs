//! Proves a table: names, widths, operand kinds, overlaps, reachability. Finds the order of the rows on the way.

use std::collections::BTreeMap;

use crate::errors::{Errors, Place};
use crate::model::{Outcome, Piece, Row};
use crate::names;
use crate::words::{TooComplex, Words};

/// What the proof found out.
pub(crate) struct Facts {
    /// For every set the indices of its rows, every row before the rows it specialises.
    pub(crate) orders: Vec<Vec<usize>>,
    /// For every row a word that decodes to it.
    pub(crate) examples: Vec<u32>,
    /// The operand kinds with the names of their arguments.
    pub(crate) kinds: BTreeMap<String, Vec<String>>,
}

/// Checks `rows`; the facts are only sound if it adds no errors. Without `sets` all rows are one set.
pub(crate) fn table(rows: &[Row], sets: &[String], errors: &mut Errors) -> Facts {
    check_sets(rows, sets, errors);
    check_names(rows, errors);
    check_widths(rows, errors);
    let kinds = check_kinds(rows, errors);
    let mut facts = Facts { orders: Vec::new(), examples: vec![0; rows.len()], kinds };
    if sets.is_empty() {
        check_set(rows, (0..rows.len()).collect(), &mut facts, errors);
    }
    for set in sets {
        let within = |row: &usize| rows[*row].only.as_ref().is_none_or(|only| only == set);
        let members = (0..rows.len()).filter(within).collect();
        check_set(rows, members, &mut facts, errors);
    }
    facts
}

/// Checks the rows of one set, given by their indices in `rows`.
fn check_set(rows: &[Row], members: Vec<usize>, facts: &mut Facts, errors: &mut Errors) {
    let set: Vec<&Row> = members.iter().map(|&row| &rows[row]).collect();
    let specialisations = check_overlaps(&set, errors);
    for (&row, example) in members.iter().zip(check_reachable(&set, &specialisations, errors)) {
        facts.examples[row] = example;
    }
    // A row has at least one more row above it than each of these rows.
    let mut above = vec![0usize; set.len()];
    for &specific in specialisations.iter().flatten() {
        above[specific] += 1;
    }
    let mut order: Vec<usize> = (0..set.len()).collect();
    order.sort_by_key(|&row| (std::cmp::Reverse(above[row]), row));
    facts.orders.push(order.into_iter().map(|row| members[row]).collect());
}

fn check_sets(rows: &[Row], sets: &[String], errors: &mut Errors) {
    for row in rows {
        if let Some(only) = row.only.as_ref().filter(|only| !sets.contains(only)) {
            errors.push(&row.place, format!("there is no set called `{only}`"));
        }
    }
}

fn check_names(rows: &[Row], errors: &mut Errors) {
    let mut types: BTreeMap<String, &Row> = BTreeMap::new();
    let mut methods: BTreeMap<String, &Row> = BTreeMap::new();
    for row in rows {
        let earlier = types.get(&names::camel(&row.name)).or(methods.get(&names::snake(&row.name)));
        match earlier {
            Some(earlier) if earlier.name == row.name => {
                errors.push(&row.place, format!("`{}` is already a row at {}", row.name, earlier.place));
            }
            Some(earlier) => errors.push(
                &row.place,
                format!("`{}` gets the same Rust name as `{}` at {}", row.name, earlier.name, earlier.place),
            ),
            None => {}
        }
        types.entry(names::camel(&row.name)).or_insert(row);
        methods.entry(names::snake(&row.name)).or_insert(row);
        let reserved = ["undefined", "unpredictable", "unimplemented"];
        if row.outcome == Outcome::Executes && reserved.contains(&names::snake(&row.name).as_str()) {
            errors.push(&row.place, format!("`{}` is the name of an outcome", row.name));
        }
    }
}

fn check_widths(rows: &[Row], errors: &mut Errors) {
    let Some(first) = rows.first() else { return };
    if let Some(row) = rows.iter().find(|row| row.width != first.width) {
        errors.push(
            &row.place,
            format!(
                "a row of {} bits in a decoder of {}-bit words ({})",
                row.width, first.width, first.place
            ),
        );
    }
}

fn check_kinds(rows: &[Row], errors: &mut Errors) -> BTreeMap<String, Vec<String>> {
    let mut kinds: BTreeMap<String, (Vec<String>, &Place)> = BTreeMap::new();
    for row in rows {
        for piece in &row.template.pieces {
            let Piece::Operand { kind: Some(kind), fields } = piece else { continue };
            match kinds.get(kind) {
                Some((arguments, place)) if arguments.len() != fields.len() => errors.push(
                    &row.place,
                    format!(
                        "kind `{kind}` with {} field(s), but with {} at {place}",
                        fields.len(),
                        arguments.len()
                    ),
                ),
                Some(_) => {}
                None => {
                    kinds.insert(kind.clone(), (argument_names(row, fields), &row.place));
                }
            }
        }
    }
    kinds.into_iter().map(|(kind, (arguments, _))| (kind, arguments)).collect()
}

/// The names of the arguments of an operand method, after its first use.
fn argument_names(row: &Row, fields: &[usize]) -> Vec<String> {
    if fields.len() == 1 {
        return vec!["v".into()];
    }
    let names: Vec<String> =
        fields.iter().map(|&field| row.fields[field].name.to_ascii_lowercase()).collect();
    let clash = names.iter().enumerate().any(|(index, name)| name == "out" || names[..index].contains(name));
    if clash { (0..names.len()).map(|index| format!("v{index}")).collect() } else { names }
}

/// For every row the rows that specialise it. Complains about all other overlaps.
fn check_overlaps(rows: &[&Row], errors: &mut Errors) -> Vec<Vec<usize>> {
    let mut specialisations = vec![Vec::new(); rows.len()];
    for (later, row) in rows.iter().enumerate() {
        for (earlier, other) in rows[..later].iter().enumerate().filter(|(_, other)| other.width == row.width)
        {
            match relate(&row.words, &other.words) {
                Ok(Relation::Disjoint) => {}
                Ok(Relation::Within) => specialisations[earlier].push(later),
                Ok(Relation::Contains) => specialisations[later].push(earlier),
                Ok(Relation::Same) => errors.push(
                    &row.place,
                    format!("`{}` has the same words as `{}` at {}", row.name, other.name, other.place),
                ),
                Ok(Relation::Overlap(word)) => errors.push(
                    &row.place,
                    format!(
                        "`{}` and `{}` at {} overlap, and neither specialises the other: both match {word:#x}",
                        row.name, other.name, other.place
                    ),
                ),
                Err(TooComplex) => errors.push(
                    &row.place,
                    format!(
                        "cannot decide whether `{}` overlaps `{}` at {}: use constraints on fewer bits",
                        row.name, other.name, other.place
                    ),
                ),
            }
        }
    }
    specialisations
}

enum Relation {
    Disjoint,
    /// The first is a strict subset of the second.
    Within,
    /// The second is a strict subset of the first.
    Contains,
    Same,
    /// None of these; a word in both.
    Overlap(u32),
}

fn relate(a: &Words, b: &Words) -> Result<Relation, TooComplex> {
    let Some(word) = a.common(b)? else { return Ok(Relation::Disjoint) };
    Ok(match (a.within(b)?, b.within(a)?) {
        (true, true) => Relation::Same,
        (true, false) => Relation::Within,
        (false, true) => Relation::Contains,
        (false, false) => Relation::Overlap(word),
    })
}

/// For every row a word that decodes to it. Complains about rows without one.
fn check_reachable(rows: &[&Row], specialisations: &[Vec<usize>], errors: &mut Errors) -> Vec<u32> {
    let mut examples = Vec::new();
    for (row, specific) in rows.iter().zip(specialisations) {
        let others: Vec<&Words> = specific.iter().map(|&other| &rows[other].words).collect();
        let example = row.words.outside(&others);
        let complaint = match example {
            Ok(Some(_)) => None,
            Ok(None) if matches!(row.words.example(), Ok(None)) => {
                Some("no word satisfies its constraints".into())
            }
            Ok(None) => {
                let names: Vec<&str> = specific.iter().map(|&other| rows[other].name.as_str()).collect();
                Some(format!("more specific rows take all its words: {}", names.join(", ")))
            }
            Err(TooComplex) => Some("cannot decide that, use constraints on fewer bits".into()),
        };
        if let Some(complaint) = complaint {
            errors.push(&row.place, format!("`{}` can never be reached: {complaint}", row.name));
        }
        examples.push(example.ok().flatten().unwrap_or(0));
    }
    examples
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    fn check(text: &str) -> (Facts, Vec<String>) {
        let mut errors = Errors::default();
        let rows = parse::table("t", text, &mut errors);
        let facts = table(&rows, &[], &mut errors);
        (facts, errors.0.iter().map(ToString::to_string).collect())
    }

    fn complaints(text: &str) -> Vec<String> {
        check(text).1
    }

    #[test]
    fn specialisations_come_first() {
        let (facts, errors) = check(
            "@width 16\nall xxxx xxxx xxxx xxxx \"\"\nA aaaa 0000 0000 0000 \"\"\nA15 1111 0000 0000 0000 \"\"\n\
             A_odd aaaa 0000 0000 0000 \"\" where a in {1, 3}\n",
        );
        assert_eq!(errors, [""; 0]);
        assert_eq!(facts.orders[0], [2, 3, 1, 0]);
        assert_eq!(facts.examples, [0x0800, 0, 0xf000, 0x1000]);
    }

    #[test]
    fn rejects_clashing_names() {
        assert_eq!(
            complaints(
                "@width 16\nA_b 0000 0000 0000 0000 \"\"\nA_b 0000 0000 0000 0001 \"\"\na.B 0000 0000 0000 0010 \"\"\nUndefined 0000 0000 0000 0011 \"\"\n"
            ),
            [
                "t:3: `A_b` is already a row at t:2",
                "t:4: `a.B` gets the same Rust name as `A_b` at t:2",
                "t:5: `Undefined` is the name of an outcome"
            ]
        );
    }

    #[test]
    fn rejects_mixed_widths_and_kinds() {
        assert_eq!(
            complaints(
                "@width 16\nA 0000 0000 0000 0iii \"{i:k}\"\n@width 32\nB 1000 0000 0000 0000 0000 0000 000s siii \"{i,s:k}\"\n"
            ),
            [
                "t:4: a row of 32 bits in a decoder of 16-bit words (t:2)",
                "t:4: kind `k` with 2 field(s), but with 1 at t:2"
            ]
        );
    }

    #[test]
    fn rejects_overlaps() {
        assert_eq!(
            complaints("@width 16\nA 0000 0000 0000 00x1 \"\"\nB 0000 0000 0000 001x \"\"\n"),
            ["t:3: `B` and `A` at t:2 overlap, and neither specialises the other: both match 0x3"]
        );
        // Constraints count: these two have only words in common that one of them excludes.
        assert_eq!(
            complaints(
                "@width 16\nA 0000 0000 00dd 00nn \"\" where d == n\nB 0000 0000 00dd 00nn \"\" where d != n\n"
            ),
            [""; 0]
        );
    }

    #[test]
    fn rejects_equal_rows() {
        assert_eq!(
            complaints("@width 16\nA 0000 0000 0000 00dd \"\" where d < 2\nB 0000 0000 0000 000x \"\"\n"),
            ["t:3: `B` has the same words as `A` at t:2"]
        );
    }

    #[test]
    fn rejects_unreachable_rows() {
        assert_eq!(
            complaints(
                "@width 16\nA 0000 0000 0000 000d \"\"\nB 0000 0000 0000 0000 \"\"\nC 0000 0000 0000 0001 \"\"\nD 1000 0000 0000 00dd \"\" where d < 2, d >= 2\nE 0100 0000 0000 00dd \"\" where d == 2, d == 1\n"
            ),
            [
                "t:2: `A` can never be reached: more specific rows take all its words: B, C",
                "t:5: `D` can never be reached: no word satisfies its constraints",
                "t:6: `E` can never be reached: no word satisfies its constraints"
            ]
        );
    }

    #[test]
    fn asks_for_simpler_constraints() {
        assert_eq!(
            complaints(
                "@width 32\nA 0000 00ii iiii iiii iiij jjjj jjjj jjjj \"\" where i != j\n\
                 B 0000 01ii iiii iiii iiij jjjj jjjj jjjj \"\" where i != j, i == j\n"
            ),
            ["t:3: `B` can never be reached: cannot decide that, use constraints on fewer bits"]
        );
        assert_eq!(
            complaints(
                "@width 32\nA 0000 00ii iiii iiii iiij jjjj jjjj jjjj \"\" where i != j\n\
                 B 0000 00ii iiii iiii iiij jjjj jjjj jjjj \"\" where i == j\n"
            ),
            ["t:3: cannot decide whether `B` overlaps `A` at t:2: use constraints on fewer bits"]
        );
    }
}
