//! The decoder of MIPS32, generated from the tables in `tables/`: rows, argument structs, [`decode`], [`dispatch`],
//! [`disassemble`] and random words; and which of the rows a processor has.

use crate::config::{MipsConfig, Release};

include!(concat!(env!("OUT_DIR"), "/mips32.rs"));

impl MipsConfig {
    /// The rows that words are decoded by: release 6 has encodings of its own.
    pub fn set(&self) -> Set {
        if self.release == Release::R6 { Set::R6 } else { Set::PreR6 }
    }

    /// The index in [`ROWS`] of the row that `word` decodes to, if this processor has that instruction.
    pub fn row_index(&self, word: u32) -> Option<usize> {
        let index = row_index(word, self.set())?;
        ROWS[index].feature.is_none_or(|feature| self.has(feature)).then_some(index)
    }

    /// The row that `word` decodes to, if this processor has that instruction.
    pub fn row(&self, word: u32) -> Option<&'static Row> {
        self.row_index(word).map(|index| &ROWS[index])
    }

    /// Decodes `word`, if this processor has that instruction.
    pub fn decode(&self, word: u32) -> Option<Insn> {
        insn(self.row_index(word)?, word)
    }
}
