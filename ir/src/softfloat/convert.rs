//! Conversions between formats, integers and fixed-point numbers, and rounding to integral values.

use super::arithmetic::{infinity, zero};
use super::format::{Class, Exact, Number, Parts};
use super::{Exceptions, Soft};
use crate::guest::NanRule;
use crate::types::Rounding;

impl Soft {
    /// `a` as another kind of number. Integers have `fraction` bits behind the point.
    pub fn convert(&mut self, from: Number, to: Number, fraction: u8, a: u64) -> u64 {
        match (from.is_float(), to.is_float()) {
            (true, true) => self.float_to_float(from, to, a),
            (true, false) => self.float_to_integer(from, to, fraction, a),
            (false, true) => self.integer_to_float(from, to, fraction, a),
            (false, false) => a & to.mask(),
        }
    }

    /// A conversion to half precision is not flushed, nor is one from it.
    fn float_to_float(&mut self, from: Number, to: Number, a: u64) -> u64 {
        let flush = self.mode.flush;
        self.mode.flush = flush && from.bits() != 16;
        let x = self.operand(from, a);
        self.mode.flush = flush && to.bits() != 16;
        let result = match x.class {
            Class::Zero => zero(to, x.sign),
            Class::Finite => self.round(to, x.exact()),
            _ if to == Number::Ahp => {
                self.raise(Exceptions::INVALID);
                zero(to, x.sign) | if x.is_nan() { 0 } else { to.infinity() - 1 }
            }
            Class::Infinity => infinity(to, x.sign),
            Class::QuietNan | Class::SignallingNan => self.nan_to_nan(from, to, &x),
        };
        self.mode.flush = flush;
        result
    }

    /// A NaN keeps its sign and the upper part of its payload.
    fn nan_to_nan(&mut self, from: Number, to: Number, x: &Parts) -> u64 {
        let quiet = self.propagated(from, &[x]);
        if self.mode.default_nan || self.rule == NanRule::MipsLegacy && x.is(Class::SignallingNan) {
            return self.default_nan(to);
        }
        let payload = quiet & ((1 << from.fraction_bits()) - 1);
        let (have, want) = (from.fraction_bits(), to.fraction_bits());
        let payload = if want >= have { payload << (want - have) } else { payload >> (have - want) };
        if payload == 0 { self.default_nan(to) } else { infinity(to, x.sign) | payload }
    }

    /// Saturating; NaNs give 0. What does not fit is invalid and not inexact.
    fn float_to_integer(&mut self, from: Number, to: Number, fraction: u8, a: u64) -> u64 {
        let x = self.operand(from, a);
        let magnitude = match x.class {
            Class::Zero => return 0,
            Class::QuietNan | Class::SignallingNan => {
                self.raise(Exceptions::INVALID);
                return 0;
            }
            Class::Infinity => None,
            Class::Finite => self.integral(x.exact(), i32::from(fraction)),
        };
        let limit = match (to.is_signed(), x.sign) {
            (true, true) => u128::from(to.sign()),
            (true, false) => u128::from(to.sign() - 1),
            (false, true) => 0,
            (false, false) => u128::from(to.mask()),
        };
        let fitting = magnitude.filter(|&(m, _)| m <= limit);
        match fitting {
            Some((_, true)) => {}
            Some((_, false)) => self.raise(Exceptions::INEXACT),
            None => self.raise(Exceptions::INVALID),
        }
        let magnitude = fitting.map_or(limit, |(m, _)| m) as u64;
        (if x.sign { magnitude.wrapping_neg() } else { magnitude }) & to.mask()
    }

    fn integer_to_float(&mut self, from: Number, to: Number, fraction: u8, a: u64) -> u64 {
        let a = a & from.mask();
        let sign = from.is_signed() && a & from.sign() != 0;
        let magnitude = if sign { a.wrapping_neg() & from.mask() } else { a };
        if magnitude == 0 {
            return 0;
        }
        let exact = Exact { sign, exponent: -i32::from(fraction), significand: u128::from(magnitude) };
        self.round(to, exact)
    }

    /// The magnitude of `x × 2^scale` rounded to an integer, and whether that is exact; `None` when it is huge.
    fn integral(&self, x: Exact, scale: i32) -> Option<(u128, bool)> {
        let exponent = x.exponent + scale;
        if exponent < 0 {
            return Some(self.cut(x.sign, x.significand, exponent.unsigned_abs()));
        }
        (exponent < x.significand.leading_zeros() as i32).then(|| (x.significand << exponent, true))
    }

    /// Rounds to an integral value in the same format; raises inexact only if `inexact`.
    pub fn round_to_integral(&mut self, format: Number, a: u64, inexact: bool) -> u64 {
        let x = self.operand(format, a);
        match x.class {
            Class::QuietNan | Class::SignallingNan => return self.propagated(format, &[&x]),
            Class::Zero | Class::Infinity => return x.bits,
            Class::Finite if x.exponent >= 0 => return x.bits,
            Class::Finite => {}
        }
        let (significand, exact) = self.cut(x.sign, u128::from(x.significand), x.exponent.unsigned_abs());
        if inexact && !exact {
            self.raise(Exceptions::INEXACT);
        }
        if significand == 0 {
            return zero(format, x.sign);
        }
        self.round(format, Exact { sign: x.sign, exponent: 0, significand })
    }

    /// `a × 2^n`.
    pub fn scale(&mut self, format: Number, a: u64, n: i32) -> u64 {
        let x = self.operand(format, a);
        match x.class {
            Class::QuietNan | Class::SignallingNan => self.propagated(format, &[&x]),
            Class::Zero | Class::Infinity => x.bits,
            Class::Finite => {
                let exact = x.exact();
                self.round(format, Exact { exponent: exact.exponent + n, ..exact })
            }
        }
    }

    /// The exponent of `a`: its binary logarithm, rounded down to an integer. It is exact.
    pub fn log2_floor(&mut self, format: Number, a: u64) -> u64 {
        let x = self.operand(format, a);
        match x.class {
            Class::QuietNan | Class::SignallingNan => self.propagated(format, &[&x]),
            Class::Zero => {
                self.raise(Exceptions::DIVIDE_BY_ZERO);
                infinity(format, true)
            }
            _ if x.sign => self.invalid(format),
            Class::Infinity => x.bits,
            Class::Finite => {
                let exponent = x.exponent + 63 - x.significand.leading_zeros() as i32;
                self.integer_to_float(Number::S32, format, 0, u64::from(exponent as u32))
            }
        }
    }

    /// JavaScript's conversion to a 32-bit integer: towards zero, modulo 2^32. Bit 32 of the result says that the number
    /// was such an integer, and not -0.
    pub fn js_convert(&mut self, a: u64) -> u64 {
        let mode = self.mode;
        self.mode.round = Rounding::Zero;
        let x = self.operand(Number::F64, a);
        let result = match x.class {
            Class::Zero => u64::from(!x.sign) << 32,
            Class::Finite => self.js_integer(&x),
            _ => {
                self.raise(Exceptions::INVALID);
                0
            }
        };
        self.mode = mode;
        result
    }

    fn js_integer(&mut self, x: &Parts) -> u64 {
        // Of a huge number all of the low 32 bits are 0.
        let (magnitude, exact) = self.integral(x.exact(), 0).unwrap_or((1 << 100, true));
        let limit = if x.sign { 1 << 31 } else { (1 << 31) - 1 };
        if magnitude > limit {
            self.raise(Exceptions::INVALID);
        } else if !exact {
            self.raise(Exceptions::INEXACT);
        }
        let word = if x.sign { (magnitude as u32).wrapping_neg() } else { magnitude as u32 };
        u64::from(word) | u64::from(exact && magnitude <= limit) << 32
    }
}
