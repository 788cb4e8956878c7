/// What becomes of a word that decodes to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It is executed.
    Executes,
    /// It is an undefined instruction: a guest exception.
    Undefined,
    /// The architecture leaves the behaviour open.
    Unpredictable,
    /// A valid instruction that this translator lacks.
    Unimplemented,
}

/// A field of a row.
#[derive(Clone, Copy, Debug)]
pub struct FieldInfo {
    /// Its name in the argument struct.
    pub name: &'static str,
    /// Its letter in the pattern.
    pub letter: char,
    /// Its bits in the word, most significant first.
    pub bits: &'static [u8],
}

impl FieldInfo {
    /// The value of the field in `word`.
    #[must_use]
    pub fn extract(&self, word: u32) -> u32 {
        self.bits.iter().fold(0, |number, &bit| (number << 1) | ((word >> bit) & 1))
    }
}

/// A row of the encoding tables.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name as the table spells it.
    pub name: &'static str,
    /// The bits the pattern fixes.
    pub mask: u32,
    /// What they are.
    pub value: u32,
    /// The width of a word: 16 or 32. Higher bits are ignored.
    pub width: u8,
    /// The bit string, without spaces.
    pub pattern: &'static str,
    /// The disassembly template.
    pub template: &'static str,
    /// The architecture feature it belongs to.
    pub feature: Option<&'static str>,
    /// The set of rows it is confined to; else it is in all of them.
    pub only: Option<&'static str>,
    /// What becomes of its words.
    pub outcome: Outcome,
    /// The table it stands in.
    pub file: &'static str,
    /// The line there.
    pub line: u32,
    /// Its fields, in the order of the argument struct.
    pub fields: &'static [FieldInfo],
    /// The bits that pattern and constraints fix.
    pub fixed_mask: u32,
    /// What they are.
    pub fixed_value: u32,
    /// A word that decodes to this row.
    pub example: u32,
    /// The constraints that do not just fix bits.
    constraints: fn(u32) -> bool,
}

impl Row {
    /// Whether `word` satisfies pattern and constraints. It may still decode to a more specific row.
    #[must_use]
    pub fn matches(&self, word: u32) -> bool {
        word & self.fixed_mask == self.fixed_value && (self.constraints)(word)
    }

    /// The value that the field called `field` has in `word`.
    #[must_use]
    pub fn extract(&self, word: u32, field: &str) -> Option<u32> {
        self.fields.iter().find(|info| info.name == field).map(|info| info.extract(word))
    }
}

/// A random word that decodes to `row`, a row of [`ROWS`]. `next` gives random numbers.
pub fn random(row: &Row, next: &mut dyn FnMut() -> u32) -> Option<u32> {
    const TRIES: usize = 1000;
    let free = !row.fixed_mask & (u32::MAX >> (32 - u32::from(row.width)));
    let hits = |word: u32| found(word, row).is_some_and(|index| ROWS[index].name == row.name);
    for _ in 0..TRIES {
        let word = next() & free | row.fixed_value;
        if hits(word) {
            return Some(word);
        }
    }
    // A sparse row: change a few bits of a word that is known to be right.
    for _ in 0..TRIES {
        let word = row.example ^ (next() & next() & next() & free);
        if hits(word) {
            return Some(word);
        }
    }
    hits(row.example).then_some(row.example)
}
