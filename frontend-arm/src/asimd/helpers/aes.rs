//! AES (FIPS 197): single steps of rounds. Byte `i` of a vector is in row `i % 4` and column `i / 4` of the state.

use super::{Vector, bytes, of_bytes};

/// The S-box.
static SUBSTITUTES: [u8; 256] = substitutes();
/// Its inverse.
static ORIGINALS: [u8; 256] = originals();

/// The product in the field of 2^8 elements, modulo x^8 + x^4 + x^3 + x + 1.
const fn product(mut a: u8, mut b: u8) -> u8 {
    let mut sum = 0;
    while b != 0 {
        if b & 1 != 0 {
            sum ^= a;
        }
        a = a << 1 ^ if a & 0x80 != 0 { 0x1b } else { 0 };
        b >>= 1;
    }
    sum
}

/// The inverse in that field, which is the 254th power; 0 for 0.
const fn inverse(a: u8) -> u8 {
    let mut power = 1;
    let mut i = 0;
    while i < 254 {
        power = product(power, a);
        i += 1;
    }
    power
}

const fn substitutes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let x = inverse(i as u8);
        table[i] = x ^ x.rotate_left(1) ^ x.rotate_left(2) ^ x.rotate_left(3) ^ x.rotate_left(4) ^ 0x63;
        i += 1;
    }
    table
}

const fn originals() -> [u8; 256] {
    let substitutes = substitutes();
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[substitutes[i] as usize] = i as u8;
        i += 1;
    }
    table
}

/// The state whose byte in each row and column is that of the same row, `shift` times the row to the right.
fn shift_rows(state: [u8; 16], shift: usize) -> [u8; 16] {
    std::array::from_fn(|i| state[(i + 4 * shift * (i % 4)) % 16])
}

/// The sums of the products of a column's bytes and `factors`, which go round.
fn mix_columns(state: [u8; 16], factors: [u8; 4]) -> [u8; 16] {
    std::array::from_fn(|i| {
        let (row, column) = (i % 4, i / 4 * 4);
        (0..4).fold(0, |sum, k| sum ^ product(state[column + (row + k) % 4], factors[k]))
    })
}

/// `AESE`: AddRoundKey, ShiftRows, SubBytes.
pub(super) fn aese([d0, d1]: Vector, [m0, m1]: Vector, _: Vector) -> Vector {
    let state = shift_rows(bytes([d0 ^ m0, d1 ^ m1]), 1);
    of_bytes(state.map(|byte| SUBSTITUTES[usize::from(byte)]))
}

/// `AESD`: AddRoundKey, InvShiftRows, InvSubBytes.
pub(super) fn aesd([d0, d1]: Vector, [m0, m1]: Vector, _: Vector) -> Vector {
    let state = shift_rows(bytes([d0 ^ m0, d1 ^ m1]), 3);
    of_bytes(state.map(|byte| ORIGINALS[usize::from(byte)]))
}

/// `AESMC`: MixColumns.
pub(super) fn aesmc(m: Vector, _: Vector, _: Vector) -> Vector {
    of_bytes(mix_columns(bytes(m), [2, 3, 1, 1]))
}

/// `AESIMC`: InvMixColumns.
pub(super) fn aesimc(m: Vector, _: Vector, _: Vector) -> Vector {
    of_bytes(mix_columns(bytes(m), [14, 11, 13, 9]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substitutes_are_the_standards() {
        assert_eq!(SUBSTITUTES[..4], [0x63, 0x7c, 0x77, 0x7b]);
        assert_eq!((SUBSTITUTES[0x53], ORIGINALS[0xed]), (0xed, 0x53));
    }

    #[test]
    fn steps_undo_each_other() {
        let (state, zero) = ([0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210], [0; 2]);
        assert_eq!(aesd(aese(state, zero, zero), zero, zero), state);
        assert_eq!(aesimc(aesmc(state, zero, zero), zero, zero), state);
    }

    #[test]
    fn columns_mix_as_in_the_standard() {
        let mixed = aesmc([0x5c22_0af2_4553_13db, 0], [0; 2], [0; 2]);
        assert_eq!(mixed[0] as u32, 0xbca1_4d8e);
        assert_eq!(mixed[0] >> 32, 0x9d58_dc9f);
    }
}
