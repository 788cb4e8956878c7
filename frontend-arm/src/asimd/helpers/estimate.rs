//! Estimates of reciprocals and of reciprocal square roots of unsigned fixed-point numbers
//! (UnsignedRecipEstimate and UnsignedRSqrtEstimate). A word stands for a fraction of 2^32.

use demotic_ir::softfloat::{recip_estimate, recip_sqrt_estimate};

use super::{Vector, of_words, words};

/// `VRECPE.U32`: half of the reciprocal; the largest number for those below a half.
pub(super) fn reciprocal(m: Vector, _: Vector, _: Vector) -> Vector {
    of_words(words(m).map(|word| if word >> 31 == 0 { u32::MAX } else { recip_estimate(word >> 23) << 23 }))
}

/// `VRSQRTE.U32`: half of the reciprocal of the square root; the largest number for those below a quarter.
pub(super) fn reciprocal_root(m: Vector, _: Vector, _: Vector) -> Vector {
    of_words(words(m).map(
        |word| {
            if word >> 30 == 0 { u32::MAX } else { recip_sqrt_estimate(word >> 23) << 23 }
        },
    ))
}
