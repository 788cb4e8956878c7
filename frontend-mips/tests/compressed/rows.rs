//! The rows of all decoders of the compressed instruction sets in one form.

use demotic_mips::encoding::Fetched;
use demotic_mips::{Ases, Encoding, MipsConfig, micromips, mips16e};

/// A source of random words, from one of random numbers.
type Words = dyn Fn(&mut dyn FnMut() -> u32) -> Option<u32>;

/// A row, with a source of words.
pub(crate) struct Row {
    /// The set that it is confined to.
    only: Option<&'static str>,
    /// Its name.
    pub(crate) name: &'static str,
    /// Whether its words are executed.
    pub(crate) executes: bool,
    /// Bytes of an instruction.
    pub(crate) len: u32,
    /// Whether it belongs to the floating-point unit or to a module, which the reference's processor does not have.
    pub(crate) optional: bool,
    /// The bits of its offset, if it has one.
    pub(crate) offset: Option<u32>,
    random: Box<Words>,
}

impl Row {
    /// A random instruction of the row.
    pub(crate) fn random(&self, next: &mut dyn FnMut() -> u32) -> Fetched {
        let word = (self.random)(next).expect("every row has words");
        Fetched { word, len: self.len }
    }
}

/// The set that a row is confined to: decoders without sets do not know.
macro_rules! only {
    (mips16e::$decoder:ident, $row:expr) => {
        None
    };
    ($decoder:path, $row:expr) => {
        $row.only
    };
}

macro_rules! rows {
    ($($decoder:path),+) => {{
        let mut all = Vec::new();
        $({
            use $decoder as decoder;
            all.extend(decoder::ROWS.iter().map(|row| Row {
                name: row.name,
                only: only!($decoder, row),
                executes: row.outcome == decoder::Outcome::Executes,
                len: u32::from(row.width) / 8,
                optional: ["fpu.decode", "dsp.decode", "msa.decode"].iter().any(|file| row.file.ends_with(file))
                    || row.name.starts_with("BC1")
                    || row.feature.is_some(),
                offset: {
                    // That of extended instructions is in three parts.
                    let parts = |name: &str| name == "offset" || row.width == 32 && ["h", "m", "l"].contains(&name);
                    let fields = row.fields.iter().filter(|field| parts(field.name));
                    fields.flat_map(|field| field.bits).map(|bit| 1 << bit).reduce(|a: u32, b| a | b)
                },
                random: Box::new(move |next| decoder::random(row, next)),
            }));
        })+
        all
    }};
}

/// The rows of a compressed instruction set, as of release 2 to 5.
pub(crate) fn rows(encoding: Encoding) -> Vec<Row> {
    match encoding {
        Encoding::Mips16e => rows![mips16e::narrow, mips16e::extended],
        _ => release_rows(false),
    }
}

/// The rows of microMIPS, before release 6 or from it on.
pub(crate) fn release_rows(r6: bool) -> Vec<Row> {
    let mut rows = rows![micromips::narrow, micromips::wide, micromips::reencoded];
    rows.retain(|row| row.only.is_none_or(|only| (only == "r6") == r6));
    rows
}

/// The Linux configuration of a processor that has the set.
pub(crate) fn config(encoding: Encoding, big_endian: bool) -> MipsConfig {
    let (mips16, micromips) = (encoding == Encoding::Mips16e, encoding == Encoding::MicroMips);
    let (dsp, msa) = (micromips, micromips);
    let ases = Ases { mips16, micromips, dsp, dspr2: dsp, msa, ..Ases::NONE };
    MipsConfig { ases, ..MipsConfig::linux(big_endian) }
}

/// The bytes of an instruction.
pub(crate) fn bytes(insn: Fetched, big_endian: bool) -> Vec<u8> {
    let halfword = |word: u32| match big_endian {
        true => (word as u16).to_be_bytes(),
        false => (word as u16).to_le_bytes(),
    };
    match insn.len {
        2 => halfword(insn.word).to_vec(),
        _ => [halfword(insn.word >> 16), halfword(insn.word)].concat(),
    }
}

/// A small generator of random numbers (xorshift).
pub(crate) fn generator(mut state: u32) -> impl FnMut() -> u32 {
    move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    }
}

/// A no-op of one halfword.
pub(crate) fn nop(encoding: Encoding) -> Fetched {
    Fetched { word: if encoding == Encoding::Mips16e { 0x6500 } else { 0x0c00 }, len: 2 }
}
