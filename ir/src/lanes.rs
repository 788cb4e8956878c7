//! What vector ops carry: how a vector is divided into lanes, and byte shuffles.

use crate::types::text_enum;

text_enum! {
    /// The integer lanes of a 128-bit vector: their number and width.
    Lanes {
        /// Sixteen bytes.
        B16 = "b16",
        /// Eight halfwords.
        H8 = "h8",
        /// Four words.
        W4 = "w4",
        /// Two doublewords.
        D2 = "d2",
    }
}

impl Lanes {
    /// Width of a lane in bits.
    pub const fn bits(self) -> u32 {
        8 << self as u32
    }
    /// Number of lanes.
    pub const fn count(self) -> u32 {
        16 >> self as u32
    }
    /// The bits of a lane.
    pub const fn mask(self) -> u64 {
        u64::MAX >> (64 - self.bits())
    }
    /// Lanes of twice the width, if there are any.
    pub const fn wider(self) -> Option<Lanes> {
        match self {
            Lanes::B16 => Some(Lanes::H8),
            Lanes::H8 => Some(Lanes::W4),
            Lanes::W4 => Some(Lanes::D2),
            Lanes::D2 => None,
        }
    }
    /// Lanes of half the width, if there are any.
    pub const fn narrower(self) -> Option<Lanes> {
        match self {
            Lanes::B16 => None,
            Lanes::H8 => Some(Lanes::B16),
            Lanes::W4 => Some(Lanes::H8),
            Lanes::D2 => Some(Lanes::W4),
        }
    }
}

/// Where each byte of a shuffled vector comes from: 0 to 15 are the bytes of the first operand, 16 to 31 those of the
/// second one. Packed, so that ops stay small.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Shuffle {
    /// The low four bits of each index, two to a byte.
    low: [u8; 8],
    /// Bit `i` is bit 4 of index `i`.
    high: [u8; 2],
}

impl Shuffle {
    /// From a mask whose byte `i` says where byte `i` comes from (modulo 32).
    pub fn new(mask: u128) -> Shuffle {
        let m = mask.to_le_bytes();
        let high = |from: usize| (0..8).fold(0, |bits, i| bits | (m[from + i] >> 4 & 1) << i);
        Shuffle {
            low: std::array::from_fn(|i| m[2 * i] & 15 | (m[2 * i + 1] & 15) << 4),
            high: [high(0), high(8)],
        }
    }

    /// The index of each byte.
    pub fn bytes(self) -> [u8; 16] {
        let (low, high) = self.parts();
        std::array::from_fn(|i| (low >> (4 * i) & 15) as u8 | ((high >> i & 1) as u8) << 4)
    }

    /// The mask that [`new`](Shuffle::new) takes.
    pub fn mask(self) -> u128 {
        u128::from_le_bytes(self.bytes())
    }

    /// The low four bits of all indices, and bit 4 of all.
    pub fn parts(self) -> (u64, u16) {
        (u64::from_le_bytes(self.low), u16::from_le_bytes(self.high))
    }

    /// From what [`parts`](Shuffle::parts) gives.
    pub fn from_parts(low: u64, high: u16) -> Shuffle {
        Shuffle { low: low.to_le_bytes(), high: high.to_le_bytes() }
    }
}
