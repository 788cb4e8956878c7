//! Estimates of reciprocals and of reciprocal square roots, as ARM defines them (ARM DDI 0487, shared pseudocode,
//! FPRecipEstimate and FPRSqrtEstimate): eight bits of fraction.

use super::arithmetic::{infinity, zero};
use super::format::{Class, Exact, Number, Parts};
use super::{Exceptions, Soft};

/// The estimate of a reciprocal. Operand and result are fixed-point numbers of nine bits, of which the highest is set:
/// the operand from a half to 1, the result from 1 to 2.
pub fn recip_estimate(a: u32) -> u32 {
    let a = a * 2 + 1;
    let b = (1 << 19) / a;
    b.div_ceil(2)
}

/// The estimate of the reciprocal of a square root. The operand, from a quarter to 1, is a fixed-point number of nine
/// bits, of which one of the highest two is set; the result is one from 1 to 2.
pub fn recip_sqrt_estimate(a: u32) -> u32 {
    let a = if a < 256 { a * 2 + 1 } else { ((a & !1) + 1) << 1 };
    let b = (512..1024).find(|b| a * (b + 1) * (b + 1) >= 1 << 28).unwrap_or(1023);
    b.div_ceil(2)
}

/// The highest nine bits of a significand, and the exponent of the highest one.
fn leading(x: &Parts) -> (u32, i32) {
    let top = 63 - x.significand.leading_zeros() as i32;
    let nine = if top >= 8 { x.significand >> (top - 8) } else { x.significand << (8 - top) };
    (nine as u32, x.exponent + top)
}

impl Soft {
    /// An estimate of `1 / a`.
    pub fn recip_estimate(&mut self, format: Number, a: u64) -> u64 {
        let a = self.operand(format, a);
        match a.class {
            Class::QuietNan | Class::SignallingNan => self.propagated(format, &[&a]),
            Class::Infinity => zero(format, a.sign),
            Class::Zero => self.divided_by_zero(format, &a),
            Class::Finite => {
                let (nine, exponent) = leading(&a);
                self.estimated(format, a.sign, recip_estimate(nine), -exponent - 1)
            }
        }
    }

    /// An estimate of `1 / √a`.
    pub fn recip_sqrt_estimate(&mut self, format: Number, a: u64) -> u64 {
        let a = self.operand(format, a);
        match a.class {
            Class::QuietNan | Class::SignallingNan => self.propagated(format, &[&a]),
            Class::Zero => self.divided_by_zero(format, &a),
            _ if a.sign => self.invalid(format),
            Class::Infinity => zero(format, false),
            Class::Finite => {
                // The operand of the table is a quarter to 1 times an even power of 2.
                let (nine, exponent) = leading(&a);
                let (operand, even) =
                    if exponent & 1 != 0 { (nine, exponent + 1) } else { (nine >> 1, exponent + 2) };
                self.estimated(format, false, recip_sqrt_estimate(operand), -even / 2)
            }
        }
    }

    fn divided_by_zero(&mut self, format: Number, zero: &Parts) -> u64 {
        self.raise(Exceptions::DIVIDE_BY_ZERO);
        infinity(format, zero.sign)
    }

    /// The number with nine bits of significand whose highest one has the exponent `exponent`.
    fn estimated(&mut self, format: Number, sign: bool, nine: u32, exponent: i32) -> u64 {
        self.round(format, Exact { sign, exponent: exponent - 8, significand: nine.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::NanRule;
    use crate::types::FpMode;

    fn single(function: fn(&mut Soft, Number, u64) -> u64, a: f32) -> (u32, Exceptions) {
        let mut soft = Soft::new(FpMode::ASIMD, NanRule::Arm);
        (function(&mut soft, Number::F32, a.to_bits().into()) as u32, soft.raised)
    }

    #[test]
    fn reciprocals_are_estimated() {
        let estimate = |a| single(Soft::recip_estimate, a);
        assert_eq!(estimate(1.0), (0x3f7f_8000, Exceptions::NONE));
        assert_eq!(estimate(-3.0), (0xbeaa_8000, Exceptions::NONE));
        assert_eq!(estimate(0.0), (0x7f80_0000, Exceptions::DIVIDE_BY_ZERO));
        assert_eq!(estimate(f32::NEG_INFINITY), (0x8000_0000, Exceptions::NONE));
        assert_eq!(estimate(2f32.powi(126)), (0, Exceptions::UNDERFLOW));
    }

    #[test]
    fn reciprocal_roots_are_estimated() {
        let estimate = |a| single(Soft::recip_sqrt_estimate, a);
        assert_eq!(estimate(1.0), (0x3f7f_8000, Exceptions::NONE));
        assert_eq!(estimate(4.0), (0x3eff_8000, Exceptions::NONE));
        assert_eq!(estimate(-1.0), (0x7fc0_0000, Exceptions::INVALID));
        assert_eq!(estimate(-0.0), (0xff80_0000, Exceptions::DIVIDE_BY_ZERO));
    }
}
