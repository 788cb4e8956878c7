//! What a test tries: which state a record holds, and sequences of random instructions.

use demotic_ir::CpuState;
use demotic_mips::MipsConfig;
use demotic_mips::decode::{Outcome, ROWS, Row, random};

/// Where programs are loaded.
pub(crate) const TEXT: u32 = 0x0041_0000;
/// Where the memory is that instructions may touch. A part of each record is copied there.
pub(crate) const BUFFER: u32 = TEXT + 0x100;
/// Bytes of that memory.
pub(crate) const BUFFER_LEN: usize = 64;
/// The registers that the reference's program needs for itself.
pub(crate) const RESERVED: [u32; 2] = [26, 27];
/// Most instructions of a sequence.
const LENGTH: usize = 4;

/// A source of random numbers.
pub(crate) type Next<'a> = &'a mut dyn FnMut() -> u32;

/// What a test tries.
pub(crate) struct Plan {
    /// The processor.
    pub(crate) config: MipsConfig,
    /// The reference's name for it.
    pub(crate) cpu: &'static str,
    /// Options of the assembler.
    pub(crate) assembler: &'static [&'static str],
    /// The table whose rows are tried.
    pub(crate) file: &'static str,
    /// Words of a record before those of the buffer. Word 0 is control, 1 to 31 are the general registers.
    pub(crate) state_words: usize,
    /// Loads the state, but for the general registers, from the record at `$26`.
    pub(crate) load: String,
    /// Stores it to the record at `$27`.
    pub(crate) store: String,
    /// A random word of a record's state.
    pub(crate) input: fn(usize, Next<'_>) -> u32,
    /// Whether an instruction can be tried; it may change the record so that it can.
    pub(crate) suitable: fn(&Plan, &Row, u32, &mut [u8]) -> bool,
    /// The state of a record as ours.
    pub(crate) get: fn(&Plan, &[u8], &mut CpuState),
    /// Our state as a record.
    pub(crate) put: fn(&Plan, &CpuState, &mut [u8]),
}

/// Some instructions and the record that they start from.
pub(crate) struct Sequence {
    /// The row of the first one.
    pub(crate) row: &'static str,
    pub(crate) words: Vec<u32>,
    pub(crate) input: Vec<u8>,
}

impl Plan {
    /// Bytes of a record.
    pub(crate) fn record(&self) -> usize {
        4 * self.state_words + BUFFER_LEN
    }

    /// Word `index` of a record.
    pub(crate) fn word(&self, record: &[u8], index: usize) -> u32 {
        let bytes = record[4 * index..4 * index + 4].try_into().expect("four bytes");
        if self.config.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    /// Sets it.
    pub(crate) fn set_word(&self, record: &mut [u8], index: usize, word: u32) {
        record[4 * index..4 * index + 4].copy_from_slice(&self.bytes(word));
    }

    /// A word as it is in memory.
    pub(crate) fn bytes(&self, word: u32) -> [u8; 4] {
        if self.config.big_endian { word.to_be_bytes() } else { word.to_le_bytes() }
    }

    /// What word `index` of a record is.
    pub(crate) fn name(&self, index: usize) -> String {
        match index {
            0 => "control".to_string(),
            1..32 => format!("${index}"),
            _ if index < self.state_words => format!("word {}", index - 32),
            _ => format!("memory {}", 4 * (index - self.state_words)),
        }
    }

    /// Random sequences, the first instructions of which are of all rows in turn.
    pub(crate) fn sequences(&self, count: usize, seed: u32) -> Vec<Sequence> {
        let mut next = generator(seed);
        let rows: Vec<&'static Row> = ROWS
            .iter()
            .filter(|row| row.outcome == Outcome::Executes && row.file.ends_with(self.file))
            .collect();
        (0..count).map(|n| self.sequence(&rows, rows[n % rows.len()], &mut next)).collect()
    }

    fn sequence(&self, rows: &[&'static Row], first: &'static Row, next: Next<'_>) -> Sequence {
        let mut input: Vec<u8> = Vec::new();
        for index in 0..self.state_words {
            input.extend(self.bytes((self.input)(index, next)));
        }
        for _ in 0..BUFFER_LEN / 4 {
            input.extend(self.bytes((self.input)(32, next)));
        }
        let mut words = vec![self.instruction(first, &mut input, next)];
        let branch = first.fields.iter().any(|field| field.name == "offset") && first.name.starts_with('B');
        let others: Vec<_> = rows.iter().filter(|row| !touches_memory(row)).collect();
        let length = if branch { 3 } else { next() as usize % LENGTH };
        while words.len() <= length {
            let row = others[next() as usize % others.len()];
            if !row.fields.iter().any(|field| field.name == "offset") {
                words.push(self.instruction(row, &mut input, next));
            }
        }
        Sequence { row: first.name, words, input }
    }

    /// A word of `row` that can be tried.
    fn instruction(&self, row: &'static Row, input: &mut [u8], mut next: Next<'_>) -> u32 {
        loop {
            let word = random(row, &mut next).expect("every row has words");
            let uses_reserved = ["rs", "rt", "rd", "base", "index"]
                .iter()
                .any(|field| row.extract(word, field).is_some_and(|n| RESERVED.contains(&n)));
            if !uses_reserved && (self.suitable)(self, row, word, input) {
                // A branch skips one instruction beyond its slot.
                let branch = row.fields.iter().any(|f| f.name == "offset") && row.name.starts_with('B');
                return if branch { word & 0xffff_0000 | 2 } else { word };
            }
        }
    }
}

/// Whether the row's instructions load or store.
fn touches_memory(row: &Row) -> bool {
    row.fields.iter().any(|field| field.name == "base")
}

/// A small generator of random numbers (xorshift).
fn generator(seed: u32) -> impl FnMut() -> u32 {
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    }
}

/// One of a list.
pub(crate) fn pick<T: Copy>(list: &[T], random: u32) -> T {
    list[random as usize % list.len()]
}
