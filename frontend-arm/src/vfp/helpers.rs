//! Helpers: fused multiplication and addition, and half-precision conversions, by ARM's rules for NaNs.

/// Quiet bit of a binary32 NaN.
const QUIET32: u32 = 0x0040_0000;
/// Quiet bit of a binary64 NaN.
const QUIET64: u64 = 0x0008_0000_0000_0000;
/// ARM's default NaN in binary32.
const DEFAULT_NAN32: u32 = 0x7fc0_0000;
/// ARM's default NaN in binary64.
const DEFAULT_NAN64: u64 = 0x7ff8_0000_0000_0000;

/// `addend + n * m` in binary32, rounded once (FPMulAdd). Arguments and result are bits.
pub(crate) extern "C" fn fma_f32(addend: u64, n: u64, m: u64) -> u64 {
    let bits = [addend as u32, n as u32, m as u32];
    let [a, n, m] = bits.map(f32::from_bits);
    let signalling = |b: &&u32| f32::from_bits(**b).is_nan() && **b & QUIET32 == 0;
    let quiet = |b: &&u32| f32::from_bits(**b).is_nan();
    let result = if a.is_nan() && a.to_bits() & QUIET32 != 0 && is_invalid_product(n.into(), m.into()) {
        DEFAULT_NAN32
    } else if let Some(nan) = bits.iter().find(signalling).or_else(|| bits.iter().find(quiet)) {
        nan | QUIET32
    } else {
        let result = n.mul_add(m, a);
        if result.is_nan() { DEFAULT_NAN32 } else { result.to_bits() }
    };
    result.into()
}

/// `addend + n * m` in binary64, rounded once (FPMulAdd). Arguments and result are bits.
pub(crate) extern "C" fn fma_f64(addend: u64, n: u64, m: u64) -> u64 {
    let bits = [addend, n, m];
    let [a, n, m] = bits.map(f64::from_bits);
    let signalling = |b: &&u64| f64::from_bits(**b).is_nan() && **b & QUIET64 == 0;
    let quiet = |b: &&u64| f64::from_bits(**b).is_nan();
    if a.is_nan() && a.to_bits() & QUIET64 != 0 && is_invalid_product(n, m) {
        DEFAULT_NAN64
    } else if let Some(nan) = bits.iter().find(signalling).or_else(|| bits.iter().find(quiet)) {
        nan | QUIET64
    } else {
        let result = n.mul_add(m, a);
        if result.is_nan() { DEFAULT_NAN64 } else { result.to_bits() }
    }
}

/// Infinity times zero.
fn is_invalid_product(n: f64, m: f64) -> bool {
    n.is_infinite() && m == 0.0 || n == 0.0 && m.is_infinite()
}

/// binary16 to binary32, which is exact. Signalling NaNs become quiet.
pub(crate) extern "C" fn f16_to_f32(half: u64, _: u64, _: u64) -> u64 {
    let half = half as u32;
    let (sign, exponent, fraction) = ((half & 0x8000) << 16, half >> 10 & 0x1f, half & 0x3ff);
    let magnitude = match (exponent, fraction) {
        (0x1f, 0) => 0x7f80_0000,
        (0x1f, _) => 0x7f80_0000 | QUIET32 | fraction << 13,
        // Subnormal: a count of 2^-24, which binary32 holds as a normal number.
        (0, _) => (fraction as f32 * 2f32.powi(-24)).to_bits(),
        _ => (exponent + 112) << 23 | fraction << 13,
    };
    (sign | magnitude).into()
}

/// binary32 to binary16, to nearest even. Signalling NaNs become quiet.
pub(crate) extern "C" fn f32_to_f16(single: u64, _: u64, _: u64) -> u64 {
    let single = single as u32;
    let sign = single >> 16 & 0x8000;
    let magnitude = single & 0x7fff_ffff;
    let half = if magnitude > 0x7f80_0000 {
        0x7e00 | magnitude >> 13 & 0x1ff
    } else if magnitude >= 0x477f_f000 {
        // Rounds to 2^16 or more.
        0x7c00
    } else if magnitude < 0x3880_0000 {
        // Subnormal: count units of 2^-24. Multiplication is exact, or so small that it rounds to 0 twice.
        (f32::from_bits(magnitude) * 2f32.powi(24)).round_ties_even() as u32
    } else {
        let odd = magnitude >> 13 & 1;
        (magnitude - (112 << 23) + 0xfff + odd) >> 13
    };
    (sign | half).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_survives_the_way_there_and_back() {
        for half in 0..=0xffffu64 {
            let single = f16_to_f32(half, 0, 0);
            let is_nan = half & 0x7fff > 0x7c00;
            let expected = if is_nan { half | 0x200 } else { half };
            assert_eq!(f32_to_f16(single, 0, 0), expected, "{half:#x} {single:#x}");
        }
    }

    #[test]
    fn singles_round_to_the_nearest_even_half() {
        for (single, half) in [
            (1.0f32, 0x3c00),
            (65504.0, 0x7bff),
            (65519.99, 0x7bff),
            (65520.0, 0x7c00),
            (f32::INFINITY, 0x7c00),
            (5.960_464_5e-8, 1),
            (2.980_232_2e-8, 0),
            (2.980_232_6e-8, 1),
            (6.103_515_6e-5, 0x0400),
            (6.1e-5, 0x03ff),
            (1.000_488_3, 0x3c00),
            (1.000_488_4, 0x3c01),
            (1.001_464_8, 0x3c02),
        ] {
            assert_eq!(f32_to_f16(single.to_bits().into(), 0, 0), half, "{single}");
        }
    }

    #[test]
    fn fused_operations_round_once() {
        let (n, m) = (1.0 + f64::EPSILON, 1.0 - f64::EPSILON);
        let result = fma_f64((-1.0f64).to_bits(), n.to_bits(), m.to_bits());
        assert_eq!(f64::from_bits(result), -f64::EPSILON * f64::EPSILON);
        let result = fma_f32(2.0f32.to_bits().into(), 3.0f32.to_bits().into(), 4.0f32.to_bits().into());
        assert_eq!(f32::from_bits(result as u32), 14.0);
    }

    #[test]
    fn nans_are_chosen_as_the_manual_says() {
        let (quiet, signalling) = (0x7fc0_1234, 0x7f80_5678);
        let (infinity, one) = (f32::INFINITY.to_bits().into(), 1.0f32.to_bits().into());
        assert_eq!(fma_f32(quiet, one, signalling), 0x7fc0_5678);
        assert_eq!(fma_f32(one, quiet, one), quiet);
        assert_eq!(fma_f32(quiet, infinity, 0), DEFAULT_NAN32.into());
        assert_eq!(fma_f32(one, infinity, 0), DEFAULT_NAN32.into());
        assert_eq!(fma_f32(signalling, infinity, 0), 0x7fc0_5678);
        let minus_infinity = f64::NEG_INFINITY.to_bits();
        assert_eq!(fma_f64(minus_infinity, f64::INFINITY.to_bits(), 1.0f64.to_bits()), DEFAULT_NAN64);
    }
}
