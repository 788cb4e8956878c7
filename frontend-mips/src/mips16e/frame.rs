//! The stack frames that SAVE makes and RESTORE undoes (volume IV-a, chapter 5).

use crate::state::RA;

/// The operands of SAVE and RESTORE.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Frame {
    /// Bytes that the stack grows by.
    pub(crate) size: u32,
    /// Argument registers that go to their place above the frame.
    pub(crate) arguments: Vec<u32>,
    /// Registers that go to the top of the frame, from its highest word downwards.
    pub(crate) saved: Vec<u32>,
}

/// Which registers, as encoded.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Registers {
    pub(crate) ra: bool,
    pub(crate) s0: bool,
    pub(crate) s1: bool,
    /// How many of s2 to s8.
    pub(crate) xsregs: u32,
    /// Argument registers, see [`argument_registers`].
    pub(crate) aregs: u32,
}

impl Frame {
    /// The frame of `size` bytes with these registers.
    pub(crate) fn new(size: u32, registers: Registers) -> Frame {
        const HIGH: [u32; 7] = [30, 23, 22, 21, 20, 19, 18];
        let (arguments, statics) = argument_registers(registers.aregs);
        let one = |present: bool, register: u32| present.then_some(register);
        let missing = HIGH.len().saturating_sub(registers.xsregs as usize);
        let saved = one(registers.ra, RA)
            .into_iter()
            .chain(HIGH.into_iter().skip(missing))
            .chain(one(registers.s1, 17))
            .chain(one(registers.s0, 16))
            .chain((8 - statics..8).rev());
        Frame { size, arguments: (4..4 + arguments).collect(), saved: saved.collect() }
    }
}

/// How many of a0 to a3 are arguments, counted from a0, and how many are static, counted from a3. Not all can be both,
/// so the tables have no 15.
const fn argument_registers(aregs: u32) -> (u32, u32) {
    match aregs {
        0b1011 => (0, 4),
        0b1110 => (4, 0),
        _ => (aregs >> 2, aregs & 3),
    }
}
