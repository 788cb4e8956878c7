//! Helpers: what is too rare or too irregular for ops of its own. Each is a pure function of three vectors.

mod aes;
mod estimate;
mod polynomial;
mod sha;
mod shift;

use demotic_ir::{HelperId, Value, VectorHelper};

use super::elements::Elements;
use crate::lifter::Lifter;

/// A vector as helpers get it: low half and high half.
type Vector = [u64; 2];

/// Makes the table of helpers, and their numbers.
macro_rules! vector_helpers {
    ($($(#[$doc:meta])* $id:ident = $name:literal, $function:path;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "named as their constants")]
        #[repr(u16)]
        enum Number { $($id),* }

        /// The helpers by their numbers.
        pub(super) mod id {
            use super::{HelperId, Number};
            $($(#[$doc])* pub(in super::super) const $id: HelperId = HelperId(Number::$id as u16);)*
        }

        /// The table of vector helpers.
        pub(crate) static VECTOR_HELPERS: &[VectorHelper] = &[
            $(VectorHelper { name: $name, function: $function },)*
        ];
    };
}

vector_helpers! {
    /// `VSHL`: `(numbers, amounts, elements)`.
    SHIFT = "vshl", shift::shift;
    /// `VRSHL`: `(numbers, amounts, elements)`.
    SHIFT_ROUND = "vrshl", shift::shift_round;
    /// `VQSHL`: `(numbers, amounts, elements)`.
    SHIFT_SATURATE = "vqshl", shift::shift_saturate;
    /// Ones in the lanes in which `VQSHL` saturates.
    SHIFT_SATURATED = "vqshl_saturated", shift::shift_saturated;
    /// `VQRSHL`: `(numbers, amounts, elements)`.
    SHIFT_ROUND_SATURATE = "vqrshl", shift::shift_round_saturate;
    /// Ones in the lanes in which `VQRSHL` saturates.
    SHIFT_ROUND_SATURATED = "vqrshl_saturated", shift::shift_round_saturated;
    /// `VMUL.P8`: `(n, m, _)`.
    MUL_P8 = "vmul_p8", polynomial::mul8;
    /// `VMULL.P8`: `(n, m, _)`.
    MULL_P8 = "vmull_p8", polynomial::mull8;
    /// `VMULL.P64`: `(n, m, _)`.
    MULL_P64 = "vmull_p64", polynomial::mull64;
    /// `VRECPE.U32`: `(m, _, _)`.
    RECPE_INT = "vrecpe_u32", estimate::reciprocal;
    /// `VRSQRTE.U32`: `(m, _, _)`.
    RSQRTE_INT = "vrsqrte_u32", estimate::reciprocal_root;
    /// `AESE`: `(d, m, _)`.
    AESE = "aese", aes::aese;
    /// `AESD`: `(d, m, _)`.
    AESD = "aesd", aes::aesd;
    /// `AESMC`: `(m, _, _)`.
    AESMC = "aesmc", aes::aesmc;
    /// `AESIMC`: `(m, _, _)`.
    AESIMC = "aesimc", aes::aesimc;
    /// `SHA1C`: `(d, n, m)`.
    SHA1C = "sha1c", sha::sha1c;
    /// `SHA1P`: `(d, n, m)`.
    SHA1P = "sha1p", sha::sha1p;
    /// `SHA1M`: `(d, n, m)`.
    SHA1M = "sha1m", sha::sha1m;
    /// `SHA1H`: `(m, _, _)`.
    SHA1H = "sha1h", sha::sha1h;
    /// `SHA1SU0`: `(d, n, m)`.
    SHA1SU0 = "sha1su0", sha::sha1su0;
    /// `SHA1SU1`: `(d, m, _)`.
    SHA1SU1 = "sha1su1", sha::sha1su1;
    /// `SHA256H`: `(d, n, m)`.
    SHA256H = "sha256h", sha::sha256h;
    /// `SHA256H2`: `(d, n, m)`.
    SHA256H2 = "sha256h2", sha::sha256h2;
    /// `SHA256SU0`: `(d, m, _)`.
    SHA256SU0 = "sha256su0", sha::sha256su0;
    /// `SHA256SU1`: `(d, n, m)`.
    SHA256SU1 = "sha256su1", sha::sha256su1;
}

/// The kind of elements as an operand of a helper: log2 of their bytes, and in bit 2 that they are unsigned.
pub(super) fn elements(l: &mut Lifter<'_>, e: Elements) -> Value {
    l.v128(u128::from(e.size() | u64::from(e.unsigned) << 2))
}

/// The four words of a vector.
fn words([low, high]: Vector) -> [u32; 4] {
    [low as u32, (low >> 32) as u32, high as u32, (high >> 32) as u32]
}

/// The vector of four words.
fn of_words([a, b, c, d]: [u32; 4]) -> Vector {
    [u64::from(a) | u64::from(b) << 32, u64::from(c) | u64::from(d) << 32]
}

/// The bytes of a vector.
fn bytes([low, high]: Vector) -> [u8; 16] {
    (u128::from(low) | u128::from(high) << 64).to_le_bytes()
}

/// The vector of 16 bytes.
fn of_bytes(bytes: [u8; 16]) -> Vector {
    let all = u128::from_le_bytes(bytes);
    [all as u64, (all >> 64) as u64]
}
