//! A table in memory: rows, fields, constraints, templates.

use crate::errors::Place;
use crate::words::Words;

/// One encoding.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) width: u32,
    /// The bit string without spaces.
    pub(crate) pattern: String,
    /// The bits the pattern fixes, and what they are.
    pub(crate) mask: u32,
    pub(crate) value: u32,
    /// In order of first appearance in the pattern.
    pub(crate) fields: Vec<Field>,
    pub(crate) template: Template,
    pub(crate) outcome: Outcome,
    pub(crate) feature: Option<String>,
    /// The set of rows that it is confined to; else it is in all of them.
    pub(crate) only: Option<String>,
    /// The words that match pattern and constraints.
    pub(crate) words: Words,
}

/// A field of a row.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) letter: char,
    pub(crate) name: String,
    /// Bit positions, most significant first.
    pub(crate) bits: Vec<u8>,
}

/// What becomes of a word that decodes to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Executes,
    Undefined,
    Unpredictable,
    Unimplemented,
}

/// A disassembly template: its text, and the text in pieces.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub(crate) text: String,
    pub(crate) pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    /// `fields` index [`Row::fields`]. Without a kind there is exactly one field, printed in decimal.
    Operand {
        kind: Option<String>,
        fields: Vec<usize>,
    },
}
