//! AES (FIPS 197): single steps of rounds. Byte `i` of a vector is in row `i % 4` and column `i / 4` of the state.

use aes::Block;
use aes::hazmat::{cipher_round, equiv_inv_cipher_round, inv_mix_columns, mix_columns};

use super::{Vector, bytes, of_bytes};

/// A step of the library's on a state.
fn step(state: Vector, step: impl FnOnce(&mut Block)) -> Vector {
    let mut block = Block::from(bytes(state));
    step(&mut block);
    of_bytes(block.into())
}

/// `AESE`: AddRoundKey, ShiftRows, SubBytes.
pub(super) fn aese([d0, d1]: Vector, [m0, m1]: Vector, _: Vector) -> Vector {
    step([d0 ^ m0, d1 ^ m1], |block| {
        // The library's round goes on with MixColumns, and adds its key last.
        cipher_round(block, &Block::default());
        inv_mix_columns(block);
    })
}

/// `AESD`: AddRoundKey, InvShiftRows, InvSubBytes.
pub(super) fn aesd([d0, d1]: Vector, [m0, m1]: Vector, _: Vector) -> Vector {
    step([d0 ^ m0, d1 ^ m1], |block| {
        equiv_inv_cipher_round(block, &Block::default());
        mix_columns(block);
    })
}

/// `AESMC`: MixColumns.
pub(super) fn aesmc(m: Vector, _: Vector, _: Vector) -> Vector {
    step(m, mix_columns)
}

/// `AESIMC`: InvMixColumns.
pub(super) fn aesimc(m: Vector, _: Vector, _: Vector) -> Vector {
    step(m, inv_mix_columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_substituted_as_in_the_standard() {
        let all = |byte| [u64::from_le_bytes([byte; 8]); 2];
        assert_eq!(aese(all(0x50), all(0x03), [0; 2]), all(0xed));
        assert_eq!(aesd(all(0xed), all(0), [0; 2]), all(0x53));
        // Rows go round: that of byte 1 is the second one.
        assert_eq!(aese([0x0100, 0], [0; 2], [0; 2])[1], 0x6363_7c63_6363_6363);
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
