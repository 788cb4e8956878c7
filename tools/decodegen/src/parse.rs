//! Reads a table: directives and rows. The attributes at the end of a row are `attributes.rs`, its disassembly template
//! is `template.rs`.

use std::collections::{BTreeMap, BTreeSet};

use crate::attributes::{self, Attributes, RawConstraint};
use crate::errors::{Errors, Place};
use crate::model::{Field, Row};
use crate::names;
use crate::template;
use crate::words::Words;

/// The rows of the table `text`, without the ones that had errors.
pub(crate) fn table(file: &str, text: &str, errors: &mut Errors) -> Vec<Row> {
    let mut parser = Parser { width: None, field_names: BTreeMap::new(), common: Vec::new(), only: None };
    let mut rows = Vec::new();
    for (line, text) in statements(text) {
        let place = Place { file: file.into(), line };
        let outcome = match text.strip_prefix('@') {
            Some(directive) => parser.directive(directive),
            None => parser.row(&place, &text).map(|row| rows.push(row)),
        };
        if let Err(messages) = outcome {
            for message in messages {
                errors.push(&place, message);
            }
        }
    }
    rows
}

/// The non-empty lines with their numbers, without comments. A line that ends with `\` goes on in the next one.
fn statements(text: &str) -> Vec<(usize, String)> {
    let mut out: Vec<(usize, String)> = Vec::new();
    let mut continued = false;
    for (index, line) in text.lines().enumerate() {
        let line = without_comment(line).trim();
        let (line, more) = match line.strip_suffix('\\') {
            Some(line) => (line.trim_end(), true),
            None => (line, false),
        };
        match out.last_mut() {
            Some((_, last)) if continued => {
                last.push(' ');
                last.push_str(line);
            }
            _ => out.push((index + 1, line.into())),
        }
        continued = more;
    }
    out.retain(|(_, line)| !line.is_empty());
    out
}

/// `line` up to the first `#` outside quotes.
fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (index, letter) in line.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '#' if !quoted => return &line[..index],
            _ => {}
        }
    }
    line
}

/// What the directives so far have set.
struct Parser {
    width: Option<u32>,
    field_names: BTreeMap<char, String>,
    /// Constraints for every row that has their fields.
    common: Vec<RawConstraint>,
    /// The set of rows that do not name one.
    only: Option<String>,
}

type Messages = Vec<String>;

impl Parser {
    fn directive(&mut self, text: &str) -> Result<(), Messages> {
        let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let words: Vec<&str> = rest.split_whitespace().collect();
        match (name, words.as_slice()) {
            ("width", ["16"]) => self.width = Some(16),
            ("width", ["32"]) => self.width = Some(32),
            ("width", _) => return Err(vec!["the width is 16 or 32".into()]),
            ("field", [letter, name]) => {
                let mut letters = letter.chars();
                match (letters.next(), letters.next()) {
                    (Some(letter), None) if letter.is_ascii_alphabetic() && letter != 'x' => {
                        if !names::is_identifier(name) {
                            return Err(vec![format!("`{name}` cannot be the name of a field")]);
                        }
                        self.field_names.insert(letter, (*name).into());
                    }
                    _ => return Err(vec![format!("`{letter}` is not a field letter")]),
                }
            }
            ("field", _) => return Err(vec!["expected `@field LETTER NAME`".into()]),
            ("only", []) => self.only = None,
            ("only", [set]) => self.only = Some((*set).into()),
            ("only", _) => return Err(vec!["expected `@only SET` or `@only`".into()]),
            ("where", _) => self.common = attributes::conjunction(rest).map_err(|message| vec![message])?,
            _ => return Err(vec![format!("unknown directive `@{name}`")]),
        }
        Ok(())
    }

    fn row(&self, place: &Place, text: &str) -> Result<Row, Messages> {
        let Some(width) = self.width else { return Err(vec!["a row before `@width`".into()]) };
        let Some((head, rest)) = text.split_once('"') else {
            return Err(vec!["expected a disassembly template in quotes".into()]);
        };
        let Some((template, tail)) = rest.split_once('"') else {
            return Err(vec!["the disassembly template has no closing quote".into()]);
        };
        let (name, pattern) = head.trim().split_once(char::is_whitespace).unwrap_or((head.trim(), ""));
        let mut messages = Vec::new();
        if !names::is_row_name(name) {
            messages.push(format!("`{name}` cannot be the name of a row"));
        }
        let pattern: String =
            pattern.chars().filter(|letter| !letter.is_whitespace() && *letter != '_').collect();
        let bits = self.pattern(&pattern, width, &mut messages);
        let template = template::parse(template, &bits.fields).unwrap_or_else(|message| {
            messages.push(message);
            template::empty()
        });
        let attributes = attributes::parse(tail).unwrap_or_else(|message| {
            messages.push(message);
            Attributes::default()
        });
        let mut constraints = Vec::new();
        let has_fields =
            |raw: &&RawConstraint| raw.fields().all(|name| find_field(&bits.fields, name).is_some());
        for raw in self.common.iter().filter(has_fields).chain(&attributes.constraints) {
            match raw.resolve(&bits.fields) {
                Ok(constraint) => constraints.push(constraint),
                Err(message) => messages.push(message),
            }
        }
        if !messages.is_empty() {
            return Err(messages);
        }
        Ok(Row {
            name: name.into(),
            place: place.clone(),
            width,
            pattern,
            mask: bits.mask,
            value: bits.value,
            words: Words::new(bits.mask, bits.value, constraints),
            fields: bits.fields,
            template,
            outcome: attributes.outcome,
            feature: attributes.feature,
            only: attributes.only.or_else(|| self.only.clone()),
        })
    }

    fn pattern(&self, pattern: &str, width: u32, messages: &mut Messages) -> Bits {
        let mut bits = Bits::default();
        let length = pattern.chars().count();
        if length != width as usize {
            messages.push(format!("the pattern has {length} bits instead of {width}"));
        }
        for (position, letter) in pattern.chars().rev().enumerate().take(32) {
            let bit = 1 << position;
            match letter {
                '0' => bits.mask |= bit,
                '1' => {
                    bits.mask |= bit;
                    bits.value |= bit;
                }
                '-' | 'x' => {}
                'a'..='z' | 'A'..='Z' => {}
                _ => messages.push(format!("`{letter}` cannot stand in a pattern")),
            }
        }
        for (index, letter) in pattern.chars().enumerate().filter(|(_, letter)| is_field(*letter)).take(32) {
            let position = (length - 1 - index).min(31) as u8;
            match bits.fields.iter_mut().find(|field| field.letter == letter) {
                Some(field) => field.bits.push(position),
                None => {
                    let name = self.field_names.get(&letter).cloned().unwrap_or_else(|| letter.into());
                    bits.fields.push(Field { letter, name, bits: vec![position] });
                }
            }
        }
        let mut seen = BTreeSet::new();
        for field in bits.fields.iter().filter(|field| !seen.insert(&field.name)) {
            messages.push(format!("two fields are called `{}`", field.name));
        }
        bits
    }
}

#[derive(Default)]
struct Bits {
    mask: u32,
    value: u32,
    fields: Vec<Field>,
}

fn is_field(letter: char) -> bool {
    letter.is_ascii_alphabetic() && letter != 'x'
}

/// The field with that letter, else the one with that name.
pub(crate) fn find_field(fields: &[Field], name: &str) -> Option<usize> {
    let letter = fields.iter().position(|field| name.chars().eq([field.letter]));
    letter.or_else(|| fields.iter().position(|field| field.name == name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Outcome;

    fn parse(text: &str) -> (Vec<Row>, Vec<String>) {
        let mut errors = Errors::default();
        let rows = table("t.decode", text, &mut errors);
        (rows, errors.0.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn reads_a_row() {
        let (rows, errors) = parse(
            "@width 16 # bits\n@field d rd\nADD_imm 01_10 ddxi --sd iidd \"add #{i:hex}\" \\\n  where d != 3, s == 1 \
             !unpredictable feature v6t2 # why\n",
        );
        assert_eq!(errors, [""; 0]);
        let row = &rows[0];
        assert_eq!(
            (row.name.as_str(), row.place.line, row.pattern.as_str()),
            ("ADD_imm", 3, "0110ddxi--sdiidd")
        );
        assert_eq!((row.mask, row.value), (0xf000, 0x6000));
        assert_eq!((row.words.mask, row.words.value), (0xf020, 0x6020));
        assert_eq!(
            (row.fields[0].name.as_str(), row.fields[0].bits.as_slice()),
            ("rd", &[11, 10, 4, 1, 0][..])
        );
        assert_eq!((row.fields[1].name.as_str(), row.fields[1].bits.as_slice()), ("i", &[8, 3, 2][..]));
        assert_eq!((row.outcome, row.feature.as_deref()), (Outcome::Unpredictable, Some("v6t2")));
        assert!(row.words.contains(0x6020) && !row.words.contains(0x6023) && !row.words.contains(0x6000));
    }

    #[test]
    fn common_constraints_reach_the_rows_with_the_field() {
        let (rows, errors) = parse(
            "@width 16\n@where c != 15\nA cccc 0000 0000 0000 \"a\"\nB 1111 0000 0000 0000 \"b\"\n@where\n\
             C cccc 0000 0000 0001 \"c\"\n",
        );
        assert_eq!(errors, [""; 0]);
        assert_eq!(rows.iter().map(|row| row.words.constraints.len()).collect::<Vec<_>>(), [1, 0, 0]);
    }

    #[test]
    fn names_every_mistake_at_once() {
        let (_, errors) = parse(
            "A 0000 0000 0000 0000 \"a\"\n@width 24\n@width 16\n@field dd rd\n@field x rd\n@field d type\n@odd\n\
             2B 0000 0000 0000 000 \"{z:reg}\" where q == 1\nC 0000 0000 0000 0000\nD 0000 0000 0000 0000 \"d\n\
             E 0000 0000 0000 002d \"{d}\" where d == 2\n@field a rd\n@field d rd\nF 0000 0000 0000 00ad \"\" odd\n",
        );
        let expected = [
            "t.decode:1: a row before `@width`",
            "t.decode:2: the width is 16 or 32",
            "t.decode:4: `dd` is not a field letter",
            "t.decode:5: `x` is not a field letter",
            "t.decode:6: `type` cannot be the name of a field",
            "t.decode:7: unknown directive `@odd`",
            "t.decode:8: `2B` cannot be the name of a row",
            "t.decode:8: the pattern has 15 bits instead of 16",
            "t.decode:8: unknown field `z` in the template",
            "t.decode:8: unknown field `q` in a constraint",
            "t.decode:9: expected a disassembly template in quotes",
            "t.decode:10: the disassembly template has no closing quote",
            "t.decode:11: `2` cannot stand in a pattern",
            "t.decode:11: `d` has 1 bits, 2 does not fit",
            "t.decode:14: two fields are called `rd`",
            "t.decode:14: unexpected `odd` after the template",
        ];
        assert_eq!(errors, expected);
    }
}
