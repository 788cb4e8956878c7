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

/// The MIPS32 row that a row stands for: it has the same name.
pub fn twin(row: &reencoded::Row) -> Option<&'static decode::Row> {
    let pre_r6 = decode::Set::PreR6.name();
    let mut rows = decode::ROWS.iter().filter(|twin| twin.only.is_none_or(|only| only == pre_r6));
    rows.find(|twin| twin.name == row.name)
}

/// The MIPS32 word for a 32-bit instruction, if MIPS32 has that.
pub fn mips32(word: u32) -> Option<u32> {
    let index = reencoded::row_index(word)?;
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

/// The delay slot of an instruction.
pub(crate) fn slot(insn: Fetched) -> Slot {
    if insn.len == 2 { slot16(insn.word) } else { slot32(insn.word) }
}

/// Whether an instruction may not stand in a delay slot: jumps, branches.
pub(crate) fn is_control_transfer(insn: Fetched) -> bool {
    use narrow::Insn::{Jraddiusp, Jrc};
    use wide::Insn::{Bc, Beqzc, Bnezc};
    let compact = match insn.len {
        2 => matches!(narrow::decode(insn.word), Some(Jrc(_) | Jraddiusp(_))),
        _ => matches!(wide::decode(insn.word), Some(Bc(_) | Beqzc(_) | Bnezc(_))),
    };
    compact || slot(insn) != Slot::None
}

fn slot16(word: u32) -> Slot {
    use narrow::Insn::*;
    match narrow::decode(word) {
        Some(Jr16(_) | B16(_) | Beqz16(_) | Bnez16(_)) => Slot::Any,
        Some(Jalr16(_)) => Slot::Bytes(4),
        Some(Jalrs16(_)) => Slot::Bytes(2),
        _ => Slot::None,
    }
}

fn slot32(word: u32) -> Slot {
    use wide::Insn::*;
    match wide::decode(word) {
        Some(J(_) | Beq(_) | Beqz(_) | B(_) | Bne(_) | Bnez(_) | Bltz(_) | Bgez(_) | BGez(_)) => Slot::Any,
        Some(Blez(_) | Bgtz(_) | Bc1f(_) | Bc1t(_)) => Slot::Any,
        Some(Jal(_) | Jalx(_) | Jalr(_) | JalrHb(_) | Jr(_) | JrHb(_)) => Slot::Bytes(4),
        Some(Bltzal(_) | Bgezal(_) | Bal(_)) => Slot::Bytes(4),
        Some(Jals(_) | Jalrs(_) | JalrsHb(_) | Jrs(_) | JrsHb(_)) => Slot::Bytes(2),
        Some(Bltzals(_) | Bgezals(_) | Bals(_)) => Slot::Bytes(2),
        _ => Slot::None,
    }
}
