//! Addition, multiplication, division, square root.

use super::format::{Class, Exact, Number, Parts, shift_right_sticky};
use super::{Exceptions, Soft};
use crate::guest::NanRule;
use crate::types::Rounding;

impl Soft {
    /// `a + b`.
    pub fn add(&mut self, format: Number, a: u64, b: u64) -> u64 {
        let (a, b) = (self.operand(format, a), self.operand(format, b));
        self.sum_of_operands(format, a, b, false)
    }

    /// `a - b`.
    pub fn sub(&mut self, format: Number, a: u64, b: u64) -> u64 {
        let (a, b) = (self.operand(format, a), self.operand(format, b));
        self.sum_of_operands(format, a, b, true)
    }

    fn sum_of_operands(&mut self, format: Number, a: Parts, mut b: Parts, negate: bool) -> u64 {
        if a.is_nan() || b.is_nan() {
            return self.propagated(format, &[&a, &b]);
        }
        b.sign ^= negate;
        match (a.class, b.class) {
            (Class::Infinity, Class::Infinity) if a.sign != b.sign => self.invalid(format),
            (Class::Infinity, _) => infinity(format, a.sign),
            (_, Class::Infinity) => infinity(format, b.sign),
            (Class::Zero, Class::Zero) => self.zero_sum(format, a.sign, b.sign),
            (Class::Zero, _) => self.round(format, b.exact()),
            (_, Class::Zero) => self.round(format, a.exact()),
            _ => match sum(a.exact(), b.exact()) {
                Some(sum) => self.round(format, sum),
                None => self.zero_sum(format, true, false),
            },
        }
    }

    /// An exact zero from adding numbers of these signs.
    fn zero_sum(&self, format: Number, a: bool, b: bool) -> u64 {
        let negative = if a == b { a } else { self.mode.round == Rounding::Down };
        zero(format, negative)
    }

    /// `a × b`.
    pub fn mul(&mut self, format: Number, a: u64, b: u64) -> u64 {
        let (a, b) = (self.operand(format, a), self.operand(format, b));
        if a.is_nan() || b.is_nan() {
            return self.propagated(format, &[&a, &b]);
        }
        let sign = a.sign ^ b.sign;
        match (a.class, b.class) {
            (Class::Infinity, Class::Zero) | (Class::Zero, Class::Infinity) => self.invalid(format),
            (Class::Infinity, _) | (_, Class::Infinity) => infinity(format, sign),
            (Class::Zero, _) | (_, Class::Zero) => zero(format, sign),
            _ => self.round(format, product(&a, &b)),
        }
    }

    /// `a / b`.
    pub fn div(&mut self, format: Number, a: u64, b: u64) -> u64 {
        let (a, b) = (self.operand(format, a), self.operand(format, b));
        if a.is_nan() || b.is_nan() {
            return self.propagated(format, &[&a, &b]);
        }
        let sign = a.sign ^ b.sign;
        match (a.class, b.class) {
            (Class::Infinity, Class::Infinity) | (Class::Zero, Class::Zero) => self.invalid(format),
            (Class::Infinity, _) => infinity(format, sign),
            (_, Class::Infinity) | (Class::Zero, _) => zero(format, sign),
            (_, Class::Zero) => {
                self.raise(Exceptions::DIVIDE_BY_ZERO);
                infinity(format, sign)
            }
            _ => self.round(format, quotient(&a, &b)),
        }
    }

    /// The square root of `a`.
    pub fn sqrt(&mut self, format: Number, a: u64) -> u64 {
        let a = self.operand(format, a);
        match a.class {
            Class::QuietNan | Class::SignallingNan => self.propagated(format, &[&a]),
            Class::Zero => zero(format, a.sign),
            _ if a.sign => self.invalid(format),
            Class::Infinity => infinity(format, false),
            Class::Finite => self.round(format, root(&a)),
        }
    }

    /// `a × b + c`, rounded once.
    pub fn fma(&mut self, format: Number, a: u64, b: u64, c: u64) -> u64 {
        let [a, b, c] = [a, b, c].map(|x| self.operand(format, x));
        let no_product =
            matches!((a.class, b.class), (Class::Infinity, Class::Zero) | (Class::Zero, Class::Infinity));
        if a.is_nan() || b.is_nan() || c.is_nan() {
            return self.fma_of_nans(format, [a, b, c], no_product);
        }
        if no_product {
            return self.invalid(format);
        }
        let sign = a.sign ^ b.sign;
        let infinite = a.is(Class::Infinity) || b.is(Class::Infinity);
        match c.class {
            Class::Infinity if infinite && c.sign != sign => self.invalid(format),
            Class::Infinity => infinity(format, c.sign),
            _ if infinite => infinity(format, sign),
            _ => self.fma_of_finite(format, [a, b, c]),
        }
    }

    fn fma_of_finite(&mut self, format: Number, [a, b, c]: [Parts; 3]) -> u64 {
        let no_product = a.is(Class::Zero) || b.is(Class::Zero);
        match (no_product, c.class) {
            (true, Class::Zero) => self.zero_sum(format, a.sign ^ b.sign, c.sign),
            (true, _) => self.round(format, c.exact()),
            (false, Class::Zero) => self.round(format, product(&a, &b)),
            (false, _) => match sum(product(&a, &b), c.exact()) {
                Some(sum) => self.round(format, sum),
                None => self.zero_sum(format, true, false),
            },
        }
    }

    /// Infinity times zero is invalid even when a quiet NaN is added; what it gives then differs.
    fn fma_of_nans(&mut self, format: Number, [a, b, c]: [Parts; 3], no_product: bool) -> u64 {
        match self.rule {
            NanRule::MipsLegacy if no_product => self.invalid(format),
            NanRule::MipsLegacy => self.propagated(format, &[&a, &b, &c]),
            NanRule::Arm if no_product && c.is(Class::QuietNan) => self.invalid(format),
            NanRule::Arm | NanRule::Mips2008 => {
                if no_product {
                    self.raise(Exceptions::INVALID);
                }
                self.propagated(format, &[&c, &a, &b])
            }
        }
    }
}

pub(super) fn zero(format: Number, sign: bool) -> u64 {
    if sign { format.sign() } else { 0 }
}

pub(super) fn infinity(format: Number, sign: bool) -> u64 {
    format.infinity() | zero(format, sign)
}

/// The sum of two numbers, `None` for zero. Bits are lost only of a number that is much smaller than the other.
fn sum(a: Exact, b: Exact) -> Option<Exact> {
    let (a, b) = (a.normalized(), b.normalized());
    let (large, small) = if a.exponent >= b.exponent { (a, b) } else { (b, a) };
    let aligned = shift_right_sticky(small.significand, (large.exponent - small.exponent) as u32);
    if large.sign == small.sign {
        return Some(Exact { significand: large.significand + aligned, ..large });
    }
    let significand = large.significand.abs_diff(aligned);
    let sign = if large.significand >= aligned { large.sign } else { small.sign };
    (significand != 0).then_some(Exact { sign, significand, ..large })
}

fn product(a: &Parts, b: &Parts) -> Exact {
    Exact {
        sign: a.sign ^ b.sign,
        exponent: a.exponent + b.exponent,
        significand: u128::from(a.significand) * u128::from(b.significand),
    }
}

/// 64 or 65 bits of the quotient, the last one sticky.
fn quotient(a: &Parts, b: &Parts) -> Exact {
    let (up_a, up_b) = (a.significand.leading_zeros(), b.significand.leading_zeros());
    let dividend = u128::from(a.significand << up_a) << 64;
    let divisor = u128::from(b.significand << up_b);
    Exact {
        sign: a.sign ^ b.sign,
        exponent: (a.exponent - up_a as i32) - (b.exponent - up_b as i32) - 64,
        significand: (dividend / divisor) | u128::from(!dividend.is_multiple_of(divisor)),
    }
}

/// 63 or 64 bits of the square root, the last one sticky.
fn root(a: &Parts) -> Exact {
    let x = a.exact().normalized();
    let odd = x.exponent & 1;
    let square = x.significand << odd;
    let root = square.isqrt();
    Exact {
        sign: false,
        exponent: (x.exponent - odd) / 2,
        significand: root | u128::from(root * root != square),
    }
}
