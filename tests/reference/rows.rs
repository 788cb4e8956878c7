//! The rows of the encoding tables in one form, and random words from them.

use std::sync::Arc;

use demotic_arm::{a32, asimd, t32, vfp};
use demotic_mips::{Encoding, MipsConfig, decode as mips, micromips, mips16e};
use demotic_test_harness::random::Random;

/// A field of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    /// Its bits in the word, most significant first.
    pub(crate) bits: &'static [u8],
}

impl Field {
    /// `word` with the field set to the low bits of `value`.
    pub(crate) fn set(self, word: u32, value: u32) -> u32 {
        let bits = self.bits.iter().rev().enumerate();
        bits.fold(word, |word, (at, &bit)| word & !(1 << bit) | (value >> at & 1) << bit)
    }

    /// Its value in `word`.
    pub(crate) fn get(self, word: u32) -> u32 {
        self.bits.iter().fold(0, |value, &bit| value << 1 | word >> bit & 1)
    }
}

type RandomWord = Arc<dyn Fn(&mut Random) -> Option<u32> + Send + Sync>;

/// A row that executes.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) template: &'static str,
    pub(crate) fields: Arc<[Field]>,
    /// Bytes of an instruction.
    pub(crate) len: usize,
    /// The bits that do not matter, and what they should be.
    ignored: (u32, u32),
    word: RandomWord,
}

impl Row {
    /// A random word of the row.
    pub(crate) fn word(&self, random: &mut Random) -> Option<u32> {
        let word = (self.word)(random)?;
        Some(word & !self.ignored.0 | self.ignored.1)
    }

    /// Whether the bits that do not matter are what they should be.
    pub(crate) fn is_proper(&self, word: u32) -> bool {
        word & self.ignored.0 == self.ignored.1
    }

    /// Whether it goes somewhere by an offset.
    pub(crate) fn branches(&self) -> bool {
        [":branch", ":compact", ":label", ":jump"].iter().any(|kind| self.template.contains(kind))
    }

    /// Whether it goes somewhere, by an offset or by a register.
    pub(crate) fn jumps(&self) -> bool {
        let by_register = ["JR", "JALR", "JIC", "JIALC", "NAL", "BX", "BLX", "TBB", "TBH", "ERET", "DERET"];
        self.branches() || by_register.iter().any(|name| self.name.starts_with(name))
    }

    /// Whether it accesses memory, as its disassembly shows.
    pub(crate) fn accesses_memory(&self) -> bool {
        let stack = ["PUSH", "POP", "LDM", "STM"].iter().any(|name| self.name.contains(name));
        stack
            || self.template.contains('[')
            || self.template.contains(":address")
            || self.template.contains('(')
    }
}

/// What is known of a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    /// It belongs to the row of this name, which executes.
    Executes(&'static str),
    /// It is undefined.
    Undefined,
    /// The manual leaves it open, or it is not there yet.
    Other,
}

/// The generated decoders have types of their own, of one form.
macro_rules! rows {
    ($decoder:path, $len:expr, $fix:expr, $has:expr) => {{
        use $decoder as decoder;
        let has: &dyn Fn(&decoder::Row) -> bool = &$has;
        let executes = decoder::ROWS.iter().filter(|row| row.outcome == decoder::Outcome::Executes);
        let rows = executes.filter(|row| has(row)).map(|row| Row {
            name: row.name,
            template: row.template,
            fields: row.fields.iter().map(|field| Field { name: field.name, bits: field.bits }).collect(),
            len: $len,
            ignored: ignored(row.name, row.file, row.pattern),
            word: Arc::new(move |random: &mut Random| {
                decoder::random(row, &mut || random.word()).map(|word| $fix(word, random))
            }),
        });
        rows.collect::<Vec<Row>>()
    }};
}

macro_rules! class {
    ($decoder:path, $row:expr) => {{
        use $decoder as decoder;
        match $row {
            Some(row) if row.outcome == decoder::Outcome::Executes => Class::Executes(row.name),
            // qemu ends the program for want of a debugger.
            Some(row) if row.name.starts_with("SDBBP") => Class::Other,
            Some(row) if row.outcome == decoder::Outcome::Undefined => Class::Undefined,
            Some(_) => Class::Other,
            None => Class::Undefined,
        }
    }};
}

/// A32 instructions with should-be-one bits, besides most of those in the table of media instructions. Other bits that
/// do not matter should be zero.
const SHOULD_BE_ONE: &[&str] = &[
    "SDIV", "UDIV", "STREX", "STREXB", "STREXH", "STREXD", "LDREX", "LDREXB", "LDREXH", "LDREXD", "BX",
    "BXJ", "BLX_reg", "MRS", "MSR_reg", "MSR_imm", "NOP", "YIELD", "SEV", "SEVL", "WFE", "WFI", "HINT",
    "CSDB", "DBG", "CLREX", "DSB", "DMB", "ISB", "PLD_imm", "PLD_reg", "PLDW_imm", "PLDW_reg", "PLI_imm",
    "PLI_reg", "CLZ",
];

/// The bits of a row that do not matter, and what the manual says that they should be.
fn ignored(name: &str, file: &str, pattern: &str) -> (u32, u32) {
    let mask = pattern.chars().fold(0, |bits, c| bits << 1 | u32::from("-x".contains(c)));
    let zeros = name.get(1..).is_some_and(|rest| rest.starts_with("XT"))
        || ["QADD", "QSUB", "QDADD", "QDSUB"].contains(&name)
        || name.starts_with("CRC32");
    let ones = file.ends_with("a32_media.decode") && !zeros
        || SHOULD_BE_ONE.contains(&name)
        || ["LDA", "STL"].iter().any(|prefix| name.starts_with(prefix));
    (mask, if ones { sbo(name, mask) } else { 0 })
}

/// Those of the ignored bits that should be one: MRS and MSR have some that should be zero as well.
fn sbo(name: &str, mask: u32) -> u32 {
    match name {
        "MRS" => mask & 0x000f_0000,
        "MSR_reg" | "MSR_imm" | "NOP" | "YIELD" | "SEV" | "SEVL" | "WFE" | "WFI" | "HINT" | "CSDB"
        | "DBG" => mask & 0x0000_f000,
        "CLREX" => mask & 0x000f_f00f,
        "DSB" | "DMB" | "ISB" => mask & 0x000f_f000,
        _ => mask,
    }
}

/// Makes every second conditional instruction unconditional.
fn often_always(word: u32, random: &mut Random) -> u32 {
    if word >> 28 < 14 && random.below(2) == 0 { always(word, random) } else { word }
}

fn always(word: u32, _: &mut Random) -> u32 {
    word & 0x0fff_ffff | 0xe000_0000
}

fn unchanged(word: u32, _: &mut Random) -> u32 {
    word
}

/// The rows of A32.
pub(crate) fn a32() -> Vec<Row> {
    rows!(a32::decoder, 4, often_always, |_| true)
}

/// The rows of VFP, in A32 words.
pub(crate) fn vfp_a32() -> Vec<Row> {
    rows!(vfp::decoder, 4, often_always, |_| true)
}

/// The rows of T32.
pub(crate) fn t32() -> Vec<Row> {
    [rows!(t32::narrow, 2, unchanged, |_| true), rows!(t32::wide, 4, unchanged, |_| true)].concat()
}

/// The rows of VFP, in T32 words.
pub(crate) fn vfp_t32() -> Vec<Row> {
    rows!(vfp::decoder, 4, always, |_| true)
}

/// The rows of Advanced SIMD, in A32 words.
pub(crate) fn asimd_a32() -> Vec<Row> {
    rows!(asimd::decoder, 4, unchanged, |_| true)
}

/// The rows of Advanced SIMD, in T32 words. Their fields stay where they are.
pub(crate) fn asimd_t32() -> Vec<Row> {
    rows!(asimd::decoder, 4, to_t32, |_| true)
}

fn to_t32(word: u32, _: &mut Random) -> u32 {
    asimd::to_t32(word)
}

/// The rows that a MIPS processor has.
pub(crate) fn mips(config: MipsConfig, accept: fn(&str, Option<&str>) -> bool) -> Vec<Row> {
    let has = move |row: &mips::Row| {
        let found = config.row(row.example);
        found.is_some_and(|found| found.name == row.name) && accept(row.file, row.feature)
    };
    rows!(mips, 4, repeatable, has)
}

/// The integer rows that a MIPS processor has in its compressed instruction set.
pub(crate) fn compressed(config: MipsConfig, encoding: Encoding) -> Vec<Row> {
    if encoding == Encoding::Mips16e {
        let narrow = rows!(mips16e::narrow, 2, unchanged, |_| true);
        return [narrow, rows!(mips16e::extended, 4, unchanged, |_| true)].concat();
    }
    let in_release = |only: Option<&str>| only.is_none_or(|only| only == config.set().name());
    let narrow = rows!(micromips::narrow, 2, unchanged, |row: &micromips::narrow::Row| in_release(row.only));
    let wide = rows!(micromips::wide, 4, unchanged, |row: &micromips::wide::Row| in_release(row.only)
        && row.feature.is_none_or(|feature| config.has(feature))
        && !row.template.contains("freg"));
    let has_twin = |row: &micromips::reencoded::Row| {
        let twin = micromips::mips32(config.set(), row.example).and_then(|word| config.row(word));
        let float = row.file.contains("_fpu") || row.file.contains("_msa");
        !float
            && in_release(row.only)
            && micromips::twin(row).is_some_and(|own| twin.is_some_and(|twin| std::ptr::eq(twin, own)))
    };
    let mut reencoded = rows!(micromips::reencoded, 4, unchanged, has_twin);
    for row in &mut reencoded {
        let own = micromips::reencoded::ROWS.iter().find(|own| own.name == row.name);
        row.template = own.and_then(micromips::twin).map_or(row.template, |twin| twin.template);
    }
    [narrow, wide, reencoded].concat()
}

/// The manual forbids branches that overwrite their own operand: executed again after a trap in their delay slot, they
/// would go elsewhere.
fn repeatable(word: u32, _: &mut Random) -> u32 {
    let (rs, rd) = (word >> 21 & 31, word >> 11 & 31);
    let branch_and_link = word >> 26 == 1 && word >> 20 & 1 != 0 && rs == 31;
    let jump_and_link = word >> 26 == 0 && word & 0x3f == 9 && rs == rd;
    if branch_and_link || jump_and_link { word ^ 1 << 21 } else { word }
}

/// What an A32 word is.
pub(crate) fn classify_a32(word: u32) -> Class {
    if let Some(row) = asimd::decoder::row(word) {
        return class!(asimd::decoder, Some(row));
    }
    match vfp::decoder::row(word) {
        Some(row) => class!(vfp::decoder, Some(row)),
        None => class!(a32::decoder, decoder::row(word)),
    }
}

/// What a T32 word is; narrow ones have the upper half clear.
pub(crate) fn classify_t32(word: u32) -> Class {
    if word >> 16 == 0 {
        return class!(t32::narrow, decoder::row(word));
    }
    if let Some(row) = asimd::decoder::row(asimd::of_t32(word)) {
        return class!(asimd::decoder, Some(row));
    }
    match vfp::decoder::row(word) {
        Some(row) if matches!(word >> 28, 14 | 15) => class!(vfp::decoder, Some(row)),
        _ => class!(t32::wide, decoder::row(word)),
    }
}

/// What a word is on a MIPS processor.
pub(crate) fn classify_mips(config: &MipsConfig, word: u32) -> Class {
    class!(mips, config.row(word))
}

/// What a word of compressed code is on a MIPS processor.
pub(crate) fn classify_compressed(config: &MipsConfig, encoding: Encoding, word: u32, len: usize) -> Class {
    match (encoding, len) {
        (Encoding::Mips16e, 2) => class!(mips16e::narrow, decoder::row(word)),
        (Encoding::Mips16e, _) => class!(mips16e::extended, decoder::row(word)),
        (_, 2) => class!(micromips::narrow, micromips::narrow_row(config.set(), word)),
        _ => match micromips::reencoded_row(config.set(), word) {
            Some(row) => {
                match micromips::mips32(config.set(), word).map(|word| classify_mips(config, word)) {
                    Some(Class::Executes(_)) => Class::Executes(row.name),
                    other => other.unwrap_or(Class::Undefined),
                }
            }
            None => class!(micromips::wide, micromips::wide_row(config.set(), word)),
        },
    }
}
