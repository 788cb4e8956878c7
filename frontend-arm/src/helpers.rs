//! Pure helpers: instructions on packed bytes and halfwords, for which ops would be many.
//!
//! Arguments are 32-bit words in the low halves. A result has its word in the low half and, where the instruction sets
//! CPSR.GE or CPSR.Q, the new GE or the fact of saturation from bit 32 on.

use demotic_ir::{Helper, HelperId};

use crate::semantics::crc::Polynomial;

/// How the results of a parallel addition or subtraction are made to fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fit {
    /// Modulo, with GE; signed (prefix S).
    Signed,
    /// Saturating; signed (prefix Q).
    SignedSaturating,
    /// Halved; signed (prefix SH).
    SignedHalving,
    /// Modulo, with GE; unsigned (prefix U).
    Unsigned,
    /// Saturating; unsigned (prefix UQ).
    UnsignedSaturating,
    /// Halved; unsigned (prefix UH).
    UnsignedHalving,
}

/// What is added and subtracted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lanes {
    /// Halfwords: add.
    Add16,
    /// Halfwords: exchange those of Rm, subtract the low, add the high.
    Asx,
    /// Halfwords: exchange those of Rm, add the low, subtract the high.
    Sax,
    /// Halfwords: subtract.
    Sub16,
    /// Bytes: add.
    Add8,
    /// Bytes: subtract.
    Sub8,
}

/// All ways to fit, in the order of their helpers' third argument.
const FITS: [Fit; 6] = [
    Fit::Signed,
    Fit::SignedSaturating,
    Fit::SignedHalving,
    Fit::Unsigned,
    Fit::UnsignedSaturating,
    Fit::UnsignedHalving,
];

impl Fit {
    /// Whether lanes are signed.
    pub const fn signed(self) -> bool {
        matches!(self, Fit::Signed | Fit::SignedSaturating | Fit::SignedHalving)
    }

    /// Whether CPSR.GE is set.
    pub const fn sets_ge(self) -> bool {
        matches!(self, Fit::Signed | Fit::Unsigned)
    }

    /// The number that helpers know it by.
    pub fn number(self) -> u64 {
        self as u64
    }
}

/// The helper for some lanes: `(a, b, fit)`.
pub const fn parallel(lanes: Lanes) -> HelperId {
    HelperId(lanes as u16)
}
/// `SEL`: `(a, b, GE)`.
pub const SEL: HelperId = HelperId(6);
/// `USAD8`: `(a, b, _)`.
pub const USAD8: HelperId = HelperId(7);
/// `SSAT16`: `(a, bits, _)`, with saturation at bit 32.
pub const SSAT16: HelperId = HelperId(8);
/// `USAT16`: `(a, bits, _)`, with saturation at bit 32.
pub const USAT16: HelperId = HelperId(9);
/// `CRC32B` and its relatives: `(checksum, data, bytes)`.
pub const CRC32: HelperId = HelperId(10);
/// `CRC32CB` and its relatives: `(checksum, data, bytes)`.
pub const CRC32C: HelperId = HelperId(11);

/// The table of helpers.
pub static HELPERS: &[Helper] = &[
    Helper { name: "add16", function: add16 },
    Helper { name: "asx", function: asx },
    Helper { name: "sax", function: sax },
    Helper { name: "sub16", function: sub16 },
    Helper { name: "add8", function: add8 },
    Helper { name: "sub8", function: sub8 },
    Helper { name: "sel", function: sel },
    Helper { name: "usad8", function: usad8 },
    Helper { name: "ssat16", function: ssat16 },
    Helper { name: "usat16", function: usat16 },
    Helper { name: "crc32", function: crc32 },
    Helper { name: "crc32c", function: crc32c },
];

extern "C" fn add16(a: u64, b: u64, fit: u64) -> u64 {
    halves(a, b, fit, [(0, false), (1, false)])
}

extern "C" fn sub16(a: u64, b: u64, fit: u64) -> u64 {
    halves(a, b, fit, [(0, true), (1, true)])
}

extern "C" fn asx(a: u64, b: u64, fit: u64) -> u64 {
    halves(a, b, fit, [(1, true), (0, false)])
}

extern "C" fn sax(a: u64, b: u64, fit: u64) -> u64 {
    halves(a, b, fit, [(1, false), (0, true)])
}

extern "C" fn add8(a: u64, b: u64, fit: u64) -> u64 {
    bytes(a, b, fit, false)
}

extern "C" fn sub8(a: u64, b: u64, fit: u64) -> u64 {
    bytes(a, b, fit, true)
}

/// Lane `i` of `word`, whose lanes have `bits` bits.
fn lane(word: u64, i: u32, bits: u32, signed: bool) -> i32 {
    let up = word as u32 >> (i * bits) << (32 - bits);
    if signed { up as i32 >> (32 - bits) } else { (up >> (32 - bits)) as i32 }
}

/// One lane's result, and its GE bit.
fn fitted(a: i32, b: i32, subtract: bool, bits: u32, fit: Fit) -> (u32, bool) {
    let exact = if subtract { a - b } else { a + b };
    let result = match fit {
        Fit::Signed | Fit::Unsigned => exact,
        Fit::SignedHalving | Fit::UnsignedHalving => exact >> 1,
        Fit::SignedSaturating => exact.clamp(-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
        Fit::UnsignedSaturating => exact.clamp(0, (1 << bits) - 1),
    };
    let ge = if fit.signed() || subtract { exact >= 0 } else { exact >= 1 << bits };
    (result as u32 & ((1 << bits) - 1), ge)
}

/// Both halfwords; for each one which halfword of `b` it takes, and whether it subtracts.
fn halves(a: u64, b: u64, fit: u64, how: [(u32, bool); 2]) -> u64 {
    let fit = FITS.get(fit as usize).copied().unwrap_or(Fit::Signed);
    let (mut word, mut ge) = (0, 0);
    for (i, (other, subtract)) in (0..).zip(how) {
        let (a, b) = (lane(a, i, 16, fit.signed()), lane(b, other, 16, fit.signed()));
        let (result, at_least) = fitted(a, b, subtract, 16, fit);
        word |= result << (16 * i);
        ge |= (u64::from(at_least) * 3) << (2 * i);
    }
    u64::from(word) | ge << 32
}

fn bytes(a: u64, b: u64, fit: u64, subtract: bool) -> u64 {
    let fit = FITS.get(fit as usize).copied().unwrap_or(Fit::Signed);
    let (mut word, mut ge) = (0, 0);
    for i in 0..4 {
        let (a, b) = (lane(a, i, 8, fit.signed()), lane(b, i, 8, fit.signed()));
        let (result, at_least) = fitted(a, b, subtract, 8, fit);
        word |= result << (8 * i);
        ge |= u64::from(at_least) << i;
    }
    u64::from(word) | ge << 32
}

extern "C" fn sel(a: u64, b: u64, ge: u64) -> u64 {
    let mask = (0..4).fold(0, |mask, i| mask | (0xff * (ge >> i & 1)) << (8 * i));
    (a & mask | b & !mask) & 0xffff_ffff
}

extern "C" fn usad8(a: u64, b: u64, _: u64) -> u64 {
    (0..4).map(|i| u64::from(lane(a, i, 8, false).abs_diff(lane(b, i, 8, false)))).sum()
}

extern "C" fn ssat16(a: u64, bits: u64, _: u64) -> u64 {
    let bits = bits.clamp(1, 16) as u32;
    saturate16(a, -(1 << (bits - 1)), (1 << (bits - 1)) - 1)
}

extern "C" fn usat16(a: u64, bits: u64, _: u64) -> u64 {
    saturate16(a, 0, (1 << bits.min(15)) - 1)
}

fn saturate16(a: u64, min: i32, max: i32) -> u64 {
    let (mut word, mut saturated) = (0, false);
    for i in 0..2 {
        let value = lane(a, i, 16, true);
        let result = value.clamp(min, max);
        saturated |= result != value;
        word |= (result as u32 & 0xffff) << (16 * i);
    }
    u64::from(word) | u64::from(saturated) << 32
}

/// For each byte the remainder of its division by a polynomial.
const fn remainders(polynomial: Polynomial) -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 1 != 0 { sum >> 1 ^ polynomial.reflected() } else { sum >> 1 };
            bit += 1;
        }
        table[byte] = sum;
        byte += 1;
    }
    table
}

extern "C" fn crc32(sum: u64, data: u64, bytes: u64) -> u64 {
    static TABLE: [u32; 256] = remainders(Polynomial::Ethernet);
    checksum(&TABLE, sum, data, bytes)
}

extern "C" fn crc32c(sum: u64, data: u64, bytes: u64) -> u64 {
    static TABLE: [u32; 256] = remainders(Polynomial::Castagnoli);
    checksum(&TABLE, sum, data, bytes)
}

fn checksum(table: &[u32; 256], sum: u64, data: u64, bytes: u64) -> u64 {
    let step = |sum: u32, byte: &u8| sum >> 8 ^ table[usize::from(sum as u8 ^ byte)];
    data.to_le_bytes().iter().take(bytes as usize).fold(sum as u32, step).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_of_the_usual_text() {
        let sum = |step: extern "C" fn(u64, u64, u64) -> u64| {
            !b"123456789".iter().fold(0xffff_ffff, |sum, &byte| step(sum, byte.into(), 1)) as u32
        };
        assert_eq!((sum(crc32), sum(crc32c)), (0xcbf4_3926, 0xe306_9283));
    }

    #[test]
    fn ge_follows_each_lane() {
        assert_eq!(add8(0xff01_7f80, 0x0101_0180, Fit::Unsigned.number()), 0x9_0002_8000);
        assert_eq!(sub16(0x0001_0000, 0x0001_0001, Fit::Signed.number()), 0xc_0000_ffff);
        assert_eq!(asx(0x0001_0002, 0x0003_0004, Fit::Unsigned.number()) as u32, 0x0005_ffff);
        assert_eq!(sax(0x0001_0002, 0x0003_0004, Fit::Signed.number()) as u32, 0xfffd_0005);
    }

    #[test]
    fn saturates_and_halves() {
        assert_eq!(add16(0x7fff_8000, 0x0001_ffff, Fit::SignedSaturating.number()) as u32, 0x7fff_8000);
        assert_eq!(sub8(0x00ff_0105, 0x01fe_0203, Fit::UnsignedSaturating.number()) as u32, 0x0001_0002);
        assert_eq!(sub16(0x0000_0004, 0x0001_0001, Fit::SignedHalving.number()) as u32, 0xffff_0001);
        assert_eq!(add8(0xffff_fffe, 0xff01_0102, Fit::UnsignedHalving.number()) as u32, 0xff80_8080);
    }

    #[test]
    fn selects_sums_and_saturates_halves() {
        assert_eq!(sel(0x1122_3344, 0x5566_7788, 0b0101), 0x5522_7744);
        assert_eq!(usad8(0x0005_ff00, 0x0500_00ff, 0), 5 + 5 + 255 + 255);
        assert_eq!(ssat16(0x0080_ff7f, 8, 0), 0x1_007f_ff80);
        assert_eq!(usat16(0xffff_0100, 8, 0), 0x1_0000_00ff);
        assert_eq!(usat16(0x00ff_0000, 8, 0), 0x0_00ff_0000);
    }
}
