//! Floating-point arithmetic on bit patterns, by the host's FPU, with NaN results by the guest's rule. Rounding is to
//! nearest even.
//!
//! Everything here is a pure function: the interpreter calls them, and so may generated code.

use crate::guest::NanRule;
use crate::types::{FloatCc, Rounding, Type};

/// Defines the operations of one format.
macro_rules! format_ops {
    (
        $module:ident, $float:ty, $bits:ty, $fraction:literal, default: $default:literal, legacy: $legacy:literal,
        $doc:literal
    ) => {
        #[doc = $doc]
        pub mod $module {
            use super::*;

            const QUIET: $bits = 1 << ($fraction - 1);
            const SIGN: $bits = 1 << (<$bits>::BITS - 1);
            const INFINITY: $bits = !SIGN & (<$bits>::MAX << $fraction);

            fn is_nan(x: $bits) -> bool {
                x & !SIGN > INFINITY
            }

            fn is_signalling(rule: NanRule, x: $bits) -> bool {
                is_nan(x) && (x & QUIET == 0) != (rule == NanRule::MipsLegacy)
            }

            /// The NaN that an invalid operation without NaN operands gives.
            pub fn default_nan(rule: NanRule) -> u64 {
                u64::from(match rule {
                    NanRule::Arm | NanRule::Mips2008 => $default as $bits,
                    NanRule::MipsLegacy => $legacy as $bits,
                })
            }

            /// A NaN operand as a result: signalling ones are made quiet. The old MIPS encoding cannot do that by
            /// setting a bit and gives the default NaN.
            pub fn quieted(rule: NanRule, x: u64) -> u64 {
                match rule {
                    NanRule::MipsLegacy if is_signalling(rule, x as $bits) => default_nan(rule),
                    NanRule::MipsLegacy => x,
                    NanRule::Arm | NanRule::Mips2008 => x | u64::from(QUIET),
                }
            }

            /// The NaN result of an operation on `a` and `b`: signalling NaNs first, then the first operand.
            #[cold]
            fn nan_result(rule: NanRule, a: $bits, b: $bits) -> u64 {
                let chosen = [a, b]
                    .into_iter()
                    .find(|&x| is_signalling(rule, x))
                    .or([a, b].into_iter().find(|&x| is_nan(x)));
                chosen.map_or(default_nan(rule), |x| quieted(rule, u64::from(x)))
            }

            #[inline(always)]
            fn number(x: u64) -> $float {
                <$float>::from_bits(x as $bits)
            }

            #[inline(always)]
            fn result(rule: NanRule, a: u64, b: u64, r: $float) -> u64 {
                if r.is_nan() { nan_result(rule, a as $bits, b as $bits) } else { u64::from(r.to_bits()) }
            }

            /// Addition.
            pub fn add(rule: NanRule, a: u64, b: u64) -> u64 {
                result(rule, a, b, number(a) + number(b))
            }
            /// Subtraction.
            pub fn sub(rule: NanRule, a: u64, b: u64) -> u64 {
                result(rule, a, b, number(a) - number(b))
            }
            /// Multiplication.
            pub fn mul(rule: NanRule, a: u64, b: u64) -> u64 {
                result(rule, a, b, number(a) * number(b))
            }
            /// Division.
            pub fn div(rule: NanRule, a: u64, b: u64) -> u64 {
                result(rule, a, b, number(a) / number(b))
            }
            /// Square root.
            pub fn sqrt(rule: NanRule, a: u64) -> u64 {
                result(rule, a, a, number(a).sqrt())
            }
            #[inline(always)]
            fn integral(round: Rounding, x: $float) -> $float {
                match round {
                    Rounding::Nearest => x.round_ties_even(),
                    Rounding::Up => x.ceil(),
                    Rounding::Down => x.floor(),
                    Rounding::Zero => x.trunc(),
                    Rounding::Away => x.round(),
                }
            }

            /// To an integral value.
            pub fn round(rule: NanRule, round: Rounding, a: u64) -> u64 {
                result(rule, a, a, integral(round, number(a)))
            }
            /// Flips the sign.
            pub fn neg(a: u64) -> u64 {
                a ^ u64::from(SIGN)
            }
            /// Clears the sign.
            pub fn abs(a: u64) -> u64 {
                a & u64::from(!SIGN)
            }
            /// A comparison.
            pub fn compare(cc: FloatCc, a: u64, b: u64) -> bool {
                let (a, b) = (number(a), number(b));
                match cc {
                    FloatCc::Eq => a == b,
                    FloatCc::Une => a != b,
                    FloatCc::Lt => a < b,
                    FloatCc::Le => a <= b,
                    FloatCc::Gt => a > b,
                    FloatCc::Ge => a >= b,
                    FloatCc::Uno => a.is_nan() || b.is_nan(),
                }
            }
            /// To a signed integer of type `to`, saturating; NaN gives 0.
            pub fn to_signed(to: Type, round: Rounding, a: u64) -> u64 {
                let x = integral(round, number(a));
                match to {
                    Type::I64 => x as i64 as u64,
                    _ => u64::from(x as i32 as u32),
                }
            }
            /// To an unsigned integer of type `to`, saturating; NaN gives 0.
            pub fn to_unsigned(to: Type, round: Rounding, a: u64) -> u64 {
                let x = integral(round, number(a));
                match to {
                    Type::I64 => x as u64,
                    _ => u64::from(x as u32),
                }
            }
            /// From a signed integer of type `from`, to nearest even.
            pub fn from_signed(from: Type, _: Rounding, a: u64) -> u64 {
                u64::from(match from {
                    Type::I64 => (a as i64 as $float).to_bits(),
                    _ => (a as u32 as i32 as $float).to_bits(),
                })
            }
            /// From an unsigned integer, to nearest even.
            pub fn from_unsigned(a: u64) -> u64 {
                u64::from((a as $float).to_bits())
            }
        }
    };
}

format_ops!(single, f32, u32, 23, default: 0x7fc0_0000, legacy: 0x7fbf_ffff, "binary32.");
format_ops!(
    double, f64, u64, 52, default: 0x7ff8_0000_0000_0000u64, legacy: 0x7ff7_ffff_ffff_ffffu64, "binary64."
);

/// binary32 to binary64. A NaN keeps sign and payload and becomes quiet.
pub fn promote(rule: NanRule, a: u64) -> u64 {
    let x = f32::from_bits(a as u32);
    if !x.is_nan() {
        return f64::from(x).to_bits();
    }
    let quiet = single::quieted(rule, a);
    if rule == NanRule::MipsLegacy && quiet != a {
        return double::default_nan(rule);
    }
    (quiet >> 31 & 1) << 63 | 0x7ff << 52 | (quiet & 0x7f_ffff) << 29
}

/// binary64 to binary32, to nearest even. A NaN keeps sign and the upper part of its payload and becomes quiet.
pub fn demote(rule: NanRule, a: u64) -> u64 {
    let x = f64::from_bits(a);
    if !x.is_nan() {
        return u64::from((x as f32).to_bits());
    }
    let quiet = double::quieted(rule, a);
    let payload = quiet >> 29 & 0x7f_ffff;
    if payload == 0 {
        return single::default_nan(rule);
    }
    (quiet >> 63) << 31 | 0xff << 23 | payload
}
