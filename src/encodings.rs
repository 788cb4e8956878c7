//! All encoding tables in one form.
//!
//! Every table has a decoder of its own and thus types of its own; here their rows become one type.

use crate::flags::Isa;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod host_code;

/// What becomes of the words of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Support {
    /// They are executed.
    Executes,
    /// They are undefined instructions.
    Undefined,
    /// The architecture leaves the behaviour open; a documented choice.
    Unpredictable,
    /// They trap as unimplemented.
    Unimplemented,
}

impl Support {
    /// As lists have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Support::Executes => "yes",
            Support::Undefined => "undefined",
            Support::Unpredictable => "unpredictable",
            Support::Unimplemented => "no",
        }
    }
}

/// A field of a row and its value in a word.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its letter in the pattern.
    pub(crate) letter: char,
    /// Its value.
    pub(crate) value: u32,
}

/// A row of an encoding table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The decoder it belongs to: `a32`, `t16`, `t32`, `vfp`, `asimd`, `mips32`, `mips32r6`.
    pub(crate) set: &'static str,
    /// Its name.
    pub(crate) name: &'static str,
    /// The bit string.
    pub(crate) pattern: &'static str,
    /// The disassembly template.
    pub(crate) template: &'static str,
    /// The architecture feature it belongs to.
    pub(crate) feature: &'static str,
    /// What becomes of its words.
    pub(crate) support: Support,
    /// Its place: file and line.
    pub(crate) place: String,
}

/// A word that decodes to a row.
#[derive(Clone, Debug)]
pub(crate) struct Decoded {
    /// The row.
    pub(crate) row: Row,
    /// The fields' values.
    pub(crate) fields: Vec<Field>,
}

/// Makes `rows` and `decode` for a generated decoder, whose tables are in `$folder`.
macro_rules! encoding_table {
    ($module:ident, $set:literal, $folder:literal, $decoder:path $(, $words:ident)?) => {
        mod $module {
            use $decoder as decoder;

            use super::{Decoded, Field, Row, Support};

            fn describe(row: &decoder::Row) -> Row {
                Row {
                    set: $set,
                    name: row.name,
                    pattern: row.pattern,
                    template: row.template,
                    feature: row.feature.unwrap_or(""),
                    support: match row.outcome {
                        decoder::Outcome::Executes => Support::Executes,
                        decoder::Outcome::Undefined => Support::Undefined,
                        decoder::Outcome::Unpredictable => Support::Unpredictable,
                        decoder::Outcome::Unimplemented => Support::Unimplemented,
                    },
                    place: format!("{}/{}:{}", $folder, row.file, row.line),
                }
            }

            pub(super) fn rows() -> Vec<Row> {
                let rows = decoder::ROWS.iter();
                $(let rows = rows.filter(|row| row.only.is_none_or(|only| only == decoder::Set::$words.name()));)?
                rows.map(describe).collect()
            }

            pub(super) fn decode(word: u32) -> Option<Decoded> {
                let row = decoder::row(word $(, decoder::Set::$words)?)?;
                let field =
                    |f: &decoder::FieldInfo| Field { name: f.name, letter: f.letter, value: f.extract(word) };
                Some(Decoded { row: describe(row), fields: row.fields.iter().map(field).collect() })
            }
        }
    };
}

encoding_table!(a32, "a32", "frontend-arm", demotic_arm::a32::decoder);
encoding_table!(t16, "t16", "frontend-arm", demotic_arm::t32::narrow);
encoding_table!(t32, "t32", "frontend-arm", demotic_arm::t32::wide);
encoding_table!(vfp, "vfp", "frontend-arm", demotic_arm::vfp::decoder);
encoding_table!(asimd, "asimd", "frontend-arm", demotic_arm::asimd::decoder);
encoding_table!(mips32, "mips32", "frontend-mips", demotic_mips::decode, PreR6);
encoding_table!(mips32r6, "mips32r6", "frontend-mips", demotic_mips::decode, R6);
encoding_table!(mips16e, "mips16e", "frontend-mips", demotic_mips::mips16e::narrow);
encoding_table!(mips16e_extended, "mips16e_extended", "frontend-mips", demotic_mips::mips16e::extended);
encoding_table!(micromips16, "micromips16", "frontend-mips", demotic_mips::micromips::narrow, PreR6);
encoding_table!(micromips16r6, "micromips16", "frontend-mips", demotic_mips::micromips::narrow, R6);
encoding_table!(micromips, "micromips", "frontend-mips", demotic_mips::micromips::wide, PreR6);
encoding_table!(micromipsr6, "micromips", "frontend-mips", demotic_mips::micromips::wide, R6);
encoding_table!(
    micromips_reencoded,
    "micromips_reencoded",
    "frontend-mips",
    demotic_mips::micromips::reencoded,
    PreR6
);
encoding_table!(
    micromipsr6_reencoded,
    "micromips_reencoded",
    "frontend-mips",
    demotic_mips::micromips::reencoded,
    R6
);

/// All rows of an instruction set.
pub(crate) fn rows(isa: Isa) -> Vec<Row> {
    match isa {
        Isa::Arm => [a32::rows(), vfp::rows(), asimd::rows()].concat(),
        Isa::Thumb => [t16::rows(), t32::rows(), vfp::rows(), asimd::rows()].concat(),
        Isa::Mips | Isa::Mipsel => mips32::rows(),
        Isa::Mipsr6 | Isa::Mipselr6 => mips32r6::rows(),
        Isa::Mips16 => [mips16e::rows(), mips16e_extended::rows()].concat(),
        Isa::Micromips => [micromips16::rows(), micromips::rows(), micromips_reencoded::rows()].concat(),
        Isa::Micromipsr6 => {
            [micromips16r6::rows(), micromipsr6::rows(), micromipsr6_reencoded::rows()].concat()
        }
    }
}

/// All rows there are; of release 6 of MIPS32 and microMIPS those that are only there.
pub(crate) fn all_rows() -> Vec<Row> {
    let with_new = |before: Vec<Row>, mut new: Vec<Row>| {
        new.retain(|row| before.iter().all(|other| other.name != row.name));
        [before, new].concat()
    };
    let mips32 = with_new(mips32::rows(), mips32r6::rows());
    let micromips = with_new(rows(Isa::Micromips), rows(Isa::Micromipsr6));
    let mips = [mips32, rows(Isa::Mips16), micromips].concat();
    [a32::rows(), t16::rows(), t32::rows(), vfp::rows(), asimd::rows(), mips].concat()
}

/// What a word of `len` bytes decodes to. Of two halfwords the first one is on top.
pub(crate) fn decode(isa: Isa, word: u32, len: u8) -> Option<Decoded> {
    match isa {
        Isa::Arm => asimd::decode(word).or_else(|| vfp::decode(word)).or_else(|| a32::decode(word)),
        Isa::Thumb if len == 2 => t16::decode(word),
        Isa::Thumb => {
            let shared = asimd::decode(demotic_arm::asimd::of_t32(word)).or_else(|| vfp::decode(word));
            shared.or_else(|| t32::decode(word))
        }
        Isa::Mips | Isa::Mipsel => mips32::decode(word),
        Isa::Mipsr6 | Isa::Mipselr6 => mips32r6::decode(word),
        Isa::Mips16 if len == 2 => mips16e::decode(word),
        Isa::Mips16 => mips16e_extended::decode(word),
        Isa::Micromips if len == 2 => micromips16::decode(word),
        Isa::Micromips => micromips_reencoded::decode(word).or_else(|| micromips::decode(word)),
        Isa::Micromipsr6 if len == 2 => micromips16r6::decode(word),
        Isa::Micromipsr6 => micromipsr6_reencoded::decode(word).or_else(|| micromipsr6::decode(word)),
    }
}

/// A pattern with a space after every fourth bit.
pub(crate) fn spaced(pattern: &str) -> String {
    let bits: Vec<char> = pattern.chars().collect();
    bits.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_their_tables() {
        let add = decode(Isa::Arm, 0xe081_0002, 4).unwrap();
        assert_eq!((add.row.set, add.row.name), ("a32", "ADD_reg"));
        let jr = decode(Isa::Mips, 0x03e0_0008, 4).unwrap();
        assert_eq!((jr.row.set, jr.row.name), ("mips32", "JR"));
        assert_eq!(decode(Isa::Thumb, 0x4770, 2).unwrap().row.set, "t16");
    }

    #[test]
    fn patterns_are_cut_into_nibbles() {
        assert_eq!(spaced("cccc0000"), "cccc 0000");
    }
}
