//! microMIPS: instructions of one or two halfwords.
//!
//! Most of the 32-bit ones are MIPS32 instructions in another encoding; a table says how their fields move, and MIPS32's
//! lifters and disassembly do the rest ([`mips32`]).

mod disasm;
pub(crate) mod immediate;

pub mod narrow {
    //! The decoder of the 16-bit instructions, `tables/micromips16.decode`.
    include!(concat!(env!("OUT_DIR"), "/micromips16.rs"));
}

pub mod wide {
    //! The decoder of the 32-bit instructions that MIPS32 does not have, `tables/micromips.decode`.
    include!(concat!(env!("OUT_DIR"), "/micromips.rs"));
}

pub mod reencoded {
    //! The decoder of the other 32-bit instructions, `tables/micromips_reencoded*.decode`. It only serves to find rows.
    include!(concat!(env!("OUT_DIR"), "/micromips_reencoded.rs"));
}

pub(crate) use disasm::disassemble;

use std::sync::LazyLock;

use crate::decode;
use crate::encoding::{Fetched, Slot, signed};

/// Whether an instruction that begins with halfword `first` has a second one.
pub(crate) const fn is_long(first: u32) -> bool {
    !matches!(first >> 10 & 7, 1..=3)
}

/// The MIPS32 row for each row of [`reencoded`].
static TWINS: LazyLock<Vec<Option<&'static decode::Row>>> =
    LazyLock::new(|| reencoded::ROWS.iter().map(twin).collect());

/// The MIPS32 row that a row stands for: it has the same name, and the releases that have the row have it.
pub fn twin(row: &reencoded::Row) -> Option<&'static decode::Row> {
    let name = row.name.strip_suffix("_MM6").unwrap_or(row.name);
    let mut rows = decode::ROWS.iter();
    rows.find(|twin| twin.name == name && (twin.only.is_none() || twin.only == row.only))
}

/// The release's sets of the three decoders.
macro_rules! sets {
    ($($name:ident: $decoder:ident),+) => {
        $(pub(crate) const fn $name(set: decode::Set) -> $decoder::Set {
            match set {
                decode::Set::PreR6 => $decoder::Set::PreR6,
                decode::Set::R6 => $decoder::Set::R6,
            }
        })+
    };
}

sets!(narrow_set: narrow, wide_set: wide, reencoded_set: reencoded);

/// The row of a 16-bit instruction.
pub fn narrow_row(set: decode::Set, word: u32) -> Option<&'static narrow::Row> {
    narrow::row(word, narrow_set(set))
}

/// The row of a 32-bit instruction that MIPS32 does not have.
pub fn wide_row(set: decode::Set, word: u32) -> Option<&'static wide::Row> {
    wide::row(word, wide_set(set))
}

/// The row of a 32-bit instruction that MIPS32 has, too.
pub fn reencoded_row(set: decode::Set, word: u32) -> Option<&'static reencoded::Row> {
    reencoded::row(word, reencoded_set(set))
}

/// The MIPS32 word for a 32-bit instruction, if MIPS32 has that.
pub fn mips32(set: decode::Set, word: u32) -> Option<u32> {
    let index = reencoded::row_index(word, reencoded_set(set))?;
    let (row, twin) = (reencoded::ROWS.get(index)?, TWINS.get(index).copied().flatten()?);
    let insert = |out, field: &reencoded::FieldInfo| {
        let width = field.bits.len() as u32;
        let value = match field.name {
            "offset" => signed(field.extract(word), width) as u32,
            _ => field.extract(word),
        };
        let places = twin.fields.iter().find(|to| to.name == field.name).map_or(&[][..], |to| to.bits);
        let bits = places.iter().rev().enumerate();
        bits.fold(out, |out, (from, to)| out | (value >> from & 1) << to)
    };
    Some(row.fields.iter().fold(twin.fixed_value, insert))
}

/// The delay slot of an instruction. Release 6 has none.
pub(crate) fn slot(set: decode::Set, insn: Fetched) -> Slot {
    match (set, insn.len) {
        (decode::Set::R6, _) => Slot::None,
        (decode::Set::PreR6, 2) => slot16(insn.word),
        (decode::Set::PreR6, _) => slot32(insn.word),
    }
}

/// Whether an instruction may not stand in a delay slot: jumps, branches. In release 6 they may stand anywhere.
pub(crate) fn is_control_transfer(set: decode::Set, insn: Fetched) -> bool {
    use narrow::Insn::{Jraddiusp, Jrc};
    use wide::Insn::{Bc, Beqzc, Bnezc};
    if set == decode::Set::R6 {
        return false;
    }
    let compact = match insn.len {
        2 => matches!(narrow::decode(insn.word, narrow::Set::PreR6), Some(Jrc(_) | Jraddiusp(_))),
        _ => matches!(wide::decode(insn.word, wide::Set::PreR6), Some(Bc(_) | Beqzc(_) | Bnezc(_))),
    };
    compact || slot(set, insn) != Slot::None
}

fn slot16(word: u32) -> Slot {
    use narrow::Insn::*;
    match narrow::decode(word, narrow::Set::PreR6) {
        Some(Jr16(_) | B16(_) | Beqz16(_) | Bnez16(_)) => Slot::Any,
        Some(Jalr16(_)) => Slot::Bytes(4),
        Some(Jalrs16(_)) => Slot::Bytes(2),
        _ => Slot::None,
    }
}

fn slot32(word: u32) -> Slot {
    use wide::Insn::*;
    match wide::decode(word, wide::Set::PreR6) {
        Some(J(_) | Beq(_) | Beqz(_) | B(_) | Bne(_) | Bnez(_) | Bltz(_) | Bgez(_) | BGez(_)) => Slot::Any,
        Some(Blez(_) | Bgtz(_) | Bc1f(_) | Bc1t(_)) => Slot::Any,
        Some(Bposge32(_) | BzV(_) | BnzV(_) | Bz(_) | Bnz(_)) => Slot::Any,
        Some(Jal(_) | Jalx(_) | Jalr(_) | JalrHb(_) | Jr(_) | JrHb(_)) => Slot::Bytes(4),
        Some(Bltzal(_) | Bgezal(_) | Bal(_)) => Slot::Bytes(4),
        Some(Jals(_) | Jalrs(_) | JalrsHb(_) | Jrs(_) | JrsHb(_)) => Slot::Bytes(2),
        Some(Bltzals(_) | Bgezals(_) | Bals(_)) => Slot::Bytes(2),
        _ => Slot::None,
    }
}
