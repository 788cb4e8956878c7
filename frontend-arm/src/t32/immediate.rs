//! Constants and branch offsets as the 32-bit encodings hold them.

/// The constant of a modified immediate (ThumbExpandImm), and whether it was made by rotation, so that bit 31 is the
/// shifter's carry.
pub(crate) fn expand_imm(imm12: u32) -> (u32, bool) {
    let byte = imm12 & 0xff;
    if imm12 >> 10 != 0 {
        return ((0x80 | imm12 & 0x7f).rotate_right(imm12 >> 7), true);
    }
    let value = match imm12 >> 8 & 3 {
        0 => byte,
        1 => byte << 16 | byte,
        2 => byte << 24 | byte << 8,
        _ => byte << 24 | byte << 16 | byte << 8 | byte,
    };
    (value, false)
}

/// The offset of a conditional branch: S:J2:J1:imm17, in halfwords.
pub(crate) fn branch_offset20(s: u32, j1: u32, j2: u32, imm17: u32) -> i32 {
    sign_extend(s << 19 | j2 << 18 | j1 << 17 | imm17, 20) << 1
}

/// The offset of an unconditional branch: S:I1:I2:imm21 in halfwords, where In is NOT(Jn EOR S).
pub(crate) fn branch_offset24(s: u32, j1: u32, j2: u32, imm21: u32) -> i32 {
    let (i1, i2) = (j1 ^ s ^ 1, j2 ^ s ^ 1);
    sign_extend(s << 23 | i1 << 22 | i2 << 21 | imm21, 24) << 1
}

/// The low `bits` of `value` with their sign.
pub(crate) fn sign_extend(value: u32, bits: u32) -> i32 {
    (value << (32 - bits)) as i32 >> (32 - bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modified_immediates() {
        for (imm12, value) in [
            (0x0ab, (0xab, false)),
            (0x1ab, (0x00ab_00ab, false)),
            (0x2ab, (0xab00_ab00, false)),
            (0x3ab, (0xabab_abab, false)),
            (0x400, (0x8000_0000, true)),
            (0x4ff, (0x7f80_0000, true)),
            (0xfff, (0x1fe, true)),
        ] {
            assert_eq!(expand_imm(imm12), value, "{imm12:#x}");
        }
    }

    #[test]
    fn branch_offsets() {
        assert_eq!(branch_offset24(1, 1, 1, 0x1f_ffff), -2);
        assert_eq!(branch_offset24(0, 1, 1, 2), 4);
        assert_eq!(branch_offset24(1, 0, 0, 0), -(1 << 24));
        assert_eq!(branch_offset20(1, 1, 1, 0x1_ffff), -2);
        assert_eq!(branch_offset20(0, 1, 0, 0), 1 << 18);
    }
}
