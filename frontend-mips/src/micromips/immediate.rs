//! Operands of microMIPS instructions that are encoded in ways of their own (volume II-B, chapter 5).

use crate::encoding::signed;

/// ANDI16: the masks that compilers use most.
pub(crate) fn andi16(field: u32) -> u32 {
    const MASKS: [u32; 16] = [128, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 255, 32768, 65535];
    MASKS[(field & 15) as usize]
}

/// ADDIUR2.
pub(crate) fn addiur2(field: u32) -> i32 {
    match field & 7 {
        0 => 1,
        7 => -1,
        words => (words << 2) as i32,
    }
}

/// ADDIUSP: words, of which -2 to 1, hardly of use, stand for more distant ones.
pub(crate) fn addiusp(field: u32) -> i32 {
    let words = match signed(field, 9) {
        low @ 0..=1 => low + 256,
        high @ -2..=-1 => high - 256,
        words => words,
    };
    words << 2
}

/// The amount of SLL16 and SRL16.
pub(crate) const fn shift(field: u32) -> u32 {
    if field == 0 { 8 } else { field }
}

/// LI16.
pub(crate) const fn li16(field: u32) -> i32 {
    if field == 127 { -1 } else { field as i32 }
}

/// The offset of LBU16.
pub(crate) const fn lbu16(field: u32) -> i32 {
    if field == 15 { -1 } else { field as i32 }
}

/// The two registers that MOVEP writes.
pub(crate) fn movep_pair(field: u32) -> (u32, u32) {
    const PAIRS: [(u32, u32); 8] = [(5, 6), (5, 7), (6, 7), (4, 21), (4, 22), (4, 5), (4, 6), (4, 7)];
    PAIRS[(field & 7) as usize]
}

/// A register that MOVEP reads.
pub(crate) fn movep_source(field: u32) -> u32 {
    const REGISTERS: [u32; 8] = [0, 17, 2, 3, 16, 18, 19, 20];
    REGISTERS[(field & 7) as usize]
}

/// What 16-bit stores store: with register 0 in the place of s0.
pub(crate) const fn stored(field: u32) -> u32 {
    if field == 0 { 0 } else { crate::encoding::register3(field) }
}

/// The registers of LWM32 and SWM32, in the order of memory: the first ones of s0 to s8, and ra if bit 4 says so.
pub(crate) fn register_list(field: u32) -> Vec<u32> {
    const SAVED: [u32; 9] = [16, 17, 18, 19, 20, 21, 22, 23, 30];
    let ra = (field & 16 != 0).then_some(31);
    SAVED.into_iter().take((field & 15) as usize).chain(ra).collect()
}

/// The field of LWM32 that means the same as that of LWM16: s0 and up to three more, and ra.
pub(crate) const fn short_list(field: u32) -> u32 {
    (field + 1) | 16
}
