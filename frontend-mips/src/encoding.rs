//! The instruction sets of a MIPS32 processor: how their instructions are fetched and where they have delay slots.
//!
//! Bit 0 of a code address, the ISA bit, says whether the code there is compressed. Which of the two compressed sets it
//! is, the processor decides: none has both.

use demotic_ir::CodeSource;

use crate::config::MipsConfig;
use crate::{delay_slot, disassemble, micromips, mips16e};

/// The bit of a code address that says that code is compressed.
pub const ISA_BIT: u32 = 1;

/// An instruction set.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Encoding {
    /// MIPS32: words.
    Mips32,
    /// MIPS16e: one or two halfwords.
    Mips16e,
    /// microMIPS: one or two halfwords.
    MicroMips,
}

/// A fetched instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fetched {
    /// Its word, or its only halfword. Of two halfwords the first one is on top.
    pub word: u32,
    /// Its length in bytes.
    pub len: u32,
}

/// What an instruction has for a delay slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Slot {
    /// It has none.
    None,
    /// An instruction of any length.
    Any,
    /// An instruction of that many bytes. Others are unpredictable.
    Bytes(u32),
}

impl Encoding {
    /// The instruction set at code address `pc`. Without a compressed one the ISA bit makes the address misaligned.
    pub fn of(config: &MipsConfig, pc: u64) -> Encoding {
        match (pc as u32 & ISA_BIT, config.ases.mips16, config.ases.micromips) {
            (ISA_BIT, true, _) => Encoding::Mips16e,
            (ISA_BIT, _, true) => Encoding::MicroMips,
            _ => Encoding::Mips32,
        }
    }

    /// The ISA bit of its code addresses.
    pub const fn isa_bit(self) -> u32 {
        match self {
            Encoding::Mips32 => 0,
            Encoding::Mips16e | Encoding::MicroMips => ISA_BIT,
        }
    }

    /// Where in memory the instruction at code address `pc` begins.
    pub const fn address(self, pc: u64) -> u32 {
        pc as u32 & !self.isa_bit()
    }

    /// Bytes that instructions come in.
    pub const fn unit(self) -> u32 {
        if matches!(self, Encoding::Mips32) { 4 } else { 2 }
    }

    /// Whether an instruction may begin at `address`.
    pub const fn is_aligned(self, address: u32) -> bool {
        address & (self.unit() - 1) == 0
    }

    /// The instruction at `address`, if it can be fetched.
    pub fn fetch(self, config: &MipsConfig, code: &dyn CodeSource, address: u32) -> Option<Fetched> {
        if self == Encoding::Mips32 {
            let mut bytes = [0; 4];
            let fetched = code.fetch(u64::from(address), &mut bytes);
            let word = if config.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
            return fetched.then_some(Fetched { word, len: 4 });
        }
        let halfword = |address: u32| {
            let mut bytes = [0; 2];
            let fetched = code.fetch(u64::from(address), &mut bytes);
            let word = if config.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) };
            fetched.then_some(u32::from(word))
        };
        let first = halfword(address)?;
        if !self.is_long(first) {
            return Some(Fetched { word: first, len: 2 });
        }
        let second = halfword(address.wrapping_add(2))?;
        Some(Fetched { word: first << 16 | second, len: 4 })
    }

    /// Whether a second halfword follows `first`.
    pub const fn is_long(self, first: u32) -> bool {
        match self {
            Encoding::Mips32 => true,
            Encoding::Mips16e => mips16e::is_long(first),
            Encoding::MicroMips => micromips::is_long(first),
        }
    }

    /// The MIPS32 word for an instruction that MIPS32 has, too.
    pub fn mips32(self, config: &MipsConfig, insn: Fetched) -> Option<u32> {
        match self {
            Encoding::Mips32 => Some(insn.word),
            Encoding::MicroMips if insn.len == 4 => micromips::mips32(config.set(), insn.word),
            Encoding::MicroMips | Encoding::Mips16e => None,
        }
    }

    /// The delay slot of an instruction.
    pub fn slot(self, config: &MipsConfig, insn: Fetched) -> Slot {
        match self {
            Encoding::Mips32 if delay_slot::is_branch(config, insn.word) => Slot::Bytes(4),
            Encoding::Mips32 => Slot::None,
            Encoding::Mips16e => mips16e::slot(insn),
            Encoding::MicroMips => micromips::slot(config.set(), insn),
        }
    }

    /// Whether an instruction may not stand in a delay slot nor, in release 6, in a forbidden slot.
    pub fn is_control_transfer(self, config: &MipsConfig, insn: Fetched) -> bool {
        match self {
            Encoding::Mips32 => delay_slot::is_control_transfer(config, insn.word),
            Encoding::Mips16e => mips16e::is_control_transfer(insn),
            Encoding::MicroMips => micromips::is_control_transfer(config.set(), insn),
        }
    }

    /// The instruction at `address` as text.
    pub fn disassemble(self, config: &MipsConfig, insn: Fetched, address: u32) -> String {
        match self {
            Encoding::Mips32 => disassemble(config.set(), insn.word, address),
            Encoding::Mips16e => mips16e::disassemble(insn, address),
            Encoding::MicroMips => micromips::disassemble(config.set(), insn, address),
        }
    }
}

/// The registers that fields of three bits name.
pub(crate) const fn register3(field: u32) -> u32 {
    match field & 7 {
        low @ 0..=1 => 16 + low,
        others => others,
    }
}

/// A number of `bits` bits with its sign.
pub(crate) const fn signed(number: u32, bits: u32) -> i32 {
    ((number << (32 - bits)) as i32) >> (32 - bits)
}
