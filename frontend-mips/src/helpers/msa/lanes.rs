//! Lanes of vectors that are two words.

/// A vector: bits 63 to 0, then bits 127 to 64.
pub(super) type Vector = [u64; 2];

/// Width of a lane.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    B,
    H,
    W,
    D,
}

impl Width {
    /// In bits.
    pub(super) const fn bits(self) -> u32 {
        8 << self as u32
    }
}

/// The low lane of `word`, zero-extended.
pub(super) fn unsigned_number(width: Width, word: u64) -> u64 {
    word & u64::MAX >> (64 - width.bits())
}

/// The low lane of `word`, with its sign.
pub(super) fn number(width: Width, word: u64) -> i64 {
    let unused = 64 - width.bits();
    (word << unused) as i64 >> unused
}

/// What `lane` makes of the lanes of three vectors, zero-extended. Of what it gives, the low bits are taken.
pub(super) fn map(width: Width, vectors: [Vector; 3], lane: impl Fn([u64; 3]) -> u64) -> Vector {
    let half = |n: usize| {
        (0..64).step_by(width.bits() as usize).fold(0, |half, at| {
            let operands = vectors.map(|vector| unsigned_number(width, vector[n] >> at));
            half | unsigned_number(width, lane(operands)) << at
        })
    };
    [half(0), half(1)]
}

/// The bytes, the lowest first.
pub(super) fn bytes([low, high]: Vector) -> [u8; 16] {
    (u128::from(high) << 64 | u128::from(low)).to_le_bytes()
}

/// The vector of these bytes.
pub(super) fn of_bytes(bytes: [u8; 16]) -> Vector {
    let vector = u128::from_le_bytes(bytes);
    [vector as u64, (vector >> 64) as u64]
}
