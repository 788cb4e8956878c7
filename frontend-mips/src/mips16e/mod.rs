//! MIPS16e: instructions of one halfword, some of two.

mod disasm;
pub(crate) mod frame;

pub mod narrow {
    //! The decoder of the instructions of one halfword, `tables/mips16e.decode`.
    include!(concat!(env!("OUT_DIR"), "/mips16e.rs"));
}

pub mod extended {
    //! The decoder of the instructions of two halfwords, `tables/mips16e_extended.decode`.
    include!(concat!(env!("OUT_DIR"), "/mips16e_extended.rs"));
}

pub(crate) use disasm::disassemble;

use crate::encoding::{Fetched, Slot};

/// Whether an instruction that begins with halfword `first` has a second one: JAL, JALX, and what EXTEND stands before.
pub(crate) const fn is_long(first: u32) -> bool {
    matches!(first >> 11, 0b00011 | 0b11110)
}

/// The delay slot of an instruction: that of jumps is one halfword, branches have none.
pub(crate) fn slot(insn: Fetched) -> Slot {
    use extended::Insn::{Jal, Jalx};
    use narrow::Insn::{Jalr, Jr, JrRa};
    let jumps = match insn.len {
        2 => matches!(narrow::decode(insn.word), Some(Jr(_) | JrRa(_) | Jalr(_))),
        _ => matches!(extended::decode(insn.word), Some(Jal(_) | Jalx(_))),
    };
    if jumps { Slot::Bytes(2) } else { Slot::None }
}

/// Whether an instruction may not stand in a delay slot: jumps, branches.
pub(crate) fn is_control_transfer(insn: Fetched) -> bool {
    use narrow::Insn::{B, Beqz, Bnez, Bteqz, Btnez, Jalrc, Jrc, JrcRa};
    let compact = |word| {
        let insn = narrow::decode(word);
        matches!(insn, Some(B(_) | Beqz(_) | Bnez(_) | Bteqz(_) | Btnez(_) | Jrc(_) | JrcRa(_) | Jalrc(_)))
    };
    slot(insn) != Slot::None || insn.len == 2 && compact(insn.word)
}

/// The immediate of an extended instruction from its parts, `low` having `bits` bits.
pub(crate) const fn join(high: u32, middle: u32, low: u32, bits: u32) -> u32 {
    high << 11 | middle << bits | low
}
