//! Formats of numbers, and taking them apart.

use super::{Exceptions, Soft};
use crate::guest::NanRule;
use crate::types::text_enum;

text_enum! {
    /// A format of numbers, as operand or result.
    Number {
        /// IEEE 754 binary16.
        F16 = "f16",
        /// ARM's alternative half precision: a range in place of infinities and NaNs.
        Ahp = "ahp",
        /// IEEE 754 binary32.
        F32 = "f32",
        /// IEEE 754 binary64.
        F64 = "f64",
        /// Signed, 16 bits.
        S16 = "s16",
        /// Unsigned, 16 bits.
        U16 = "u16",
        /// Signed, 32 bits.
        S32 = "s32",
        /// Unsigned, 32 bits.
        U32 = "u32",
        /// Signed, 64 bits.
        S64 = "s64",
        /// Unsigned, 64 bits.
        U64 = "u64",
    }
}

impl Number {
    /// Width in bits.
    pub fn bits(self) -> u32 {
        match self {
            Number::F16 | Number::Ahp | Number::S16 | Number::U16 => 16,
            Number::F32 | Number::S32 | Number::U32 => 32,
            Number::F64 | Number::S64 | Number::U64 => 64,
        }
    }

    /// Whether it is a floating-point format.
    pub fn is_float(self) -> bool {
        matches!(self, Number::F16 | Number::Ahp | Number::F32 | Number::F64)
    }

    /// Whether it is a signed integer format.
    pub fn is_signed(self) -> bool {
        matches!(self, Number::S16 | Number::S32 | Number::S64)
    }

    /// All bits of the format.
    pub(super) fn mask(self) -> u64 {
        u64::MAX >> (64 - self.bits())
    }

    /// Number of fraction bits of a floating-point format.
    pub(super) fn fraction_bits(self) -> u32 {
        match self.bits() {
            16 => 10,
            32 => 23,
            _ => 52,
        }
    }

    /// The sign bit.
    pub(super) fn sign(self) -> u64 {
        1 << (self.bits() - 1)
    }

    /// Infinity; in the alternative format, what comes after the largest number.
    pub(super) fn infinity(self) -> u64 {
        if self == Number::Ahp { self.sign() } else { (self.sign() - 1) & (u64::MAX << self.fraction_bits()) }
    }

    /// The exponent of the smallest normal number.
    pub(super) fn least_exponent(self) -> i32 {
        match self.bits() {
            16 => -14,
            32 => -126,
            _ => -1022,
        }
    }

    /// The highest bit of a NaN's payload.
    pub(super) fn quiet_bit(self) -> u64 {
        1 << (self.fraction_bits() - 1)
    }
}

/// The NaN that an invalid operation without NaN operands gives.
pub fn default_nan(rule: NanRule, format: Number) -> u64 {
    match rule {
        NanRule::Arm | NanRule::Mips2008 => format.infinity() | format.quiet_bit(),
        NanRule::MipsLegacy => format.infinity() | (format.quiet_bit() - 1),
    }
}

/// Whether a NaN is a signalling one.
pub fn is_signalling(rule: NanRule, format: Number, nan: u64) -> bool {
    (nan & format.quiet_bit() == 0) != (rule == NanRule::MipsLegacy)
}

/// What kind of number it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    Zero,
    /// Finite and not zero.
    Finite,
    Infinity,
    QuietNan,
    SignallingNan,
}

/// A number taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    pub(super) class: Class,
    pub(super) sign: bool,
    /// Of the significand's lowest bit.
    pub(super) exponent: i32,
    pub(super) significand: u64,
    /// The bits that it was made from.
    pub(super) bits: u64,
}

impl Parts {
    pub(super) fn is_nan(&self) -> bool {
        matches!(self.class, Class::QuietNan | Class::SignallingNan)
    }

    pub(super) fn is(&self, class: Class) -> bool {
        self.class == class
    }

    /// The finite number that it is, for exact arithmetic.
    pub(super) fn exact(&self) -> Exact {
        Exact { sign: self.sign, exponent: self.exponent, significand: u128::from(self.significand) }
    }
}

/// A finite number other than zero before rounding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exact {
    pub(super) sign: bool,
    /// Of the significand's lowest bit.
    pub(super) exponent: i32,
    /// Not 0. If bits were cut off below, its lowest bit is set.
    pub(super) significand: u128,
}

impl Exact {
    /// The same number with bit 126 of the significand as the highest that is set.
    pub(super) fn normalized(self) -> Exact {
        let up = self.significand.leading_zeros() as i32 - 1;
        if up < 0 {
            return self;
        }
        Exact { exponent: self.exponent - up, significand: self.significand << up, ..self }
    }
}

/// `x` shifted right, with the lowest bit set if a bit is lost.
pub(super) fn shift_right_sticky(x: u128, amount: u32) -> u128 {
    match amount {
        0 => x,
        1..=127 => x >> amount | u128::from(x << (128 - amount) != 0),
        _ => u128::from(x != 0),
    }
}

impl Soft {
    /// Takes an operand apart; subnormal ones are flushed if the mode says so.
    pub(super) fn operand(&mut self, format: Number, bits: u64) -> Parts {
        let mut parts = self.parts(format, bits);
        let subnormal = parts.is(Class::Finite) && bits & format.infinity() == 0;
        if self.mode.flush && subnormal && format != Number::Ahp {
            parts.class = Class::Zero;
            parts.bits = bits & format.sign();
            // Half precision has a flush of its own, which is silent.
            if format != Number::F16 {
                self.raise(Exceptions::INPUT_DENORMAL);
            }
        }
        parts
    }

    fn parts(&self, format: Number, bits: u64) -> Parts {
        let bits = bits & format.mask();
        let sign = bits & format.sign() != 0;
        let magnitude = bits & !format.sign();
        let fraction_bits = format.fraction_bits();
        let fraction = magnitude & ((1 << fraction_bits) - 1);
        let field = (magnitude >> fraction_bits) as i32;
        let hidden = u64::from(field != 0) << fraction_bits;
        let class = match magnitude {
            0 => Class::Zero,
            m if m < format.infinity() => Class::Finite,
            m if m == format.infinity() => Class::Infinity,
            _ if is_signalling(self.rule, format, bits) => Class::SignallingNan,
            _ => Class::QuietNan,
        };
        let exponent = format.least_exponent() - fraction_bits as i32 + (field - 1).max(0);
        Parts { class, sign, exponent, significand: fraction | hidden, bits }
    }

    // ---- NaNs ----

    /// The default NaN.
    pub(super) fn default_nan(&self, format: Number) -> u64 {
        default_nan(self.rule, format)
    }

    /// The result of an operation for which there is none.
    pub(super) fn invalid(&mut self, format: Number) -> u64 {
        self.raise(Exceptions::INVALID);
        self.default_nan(format)
    }

    /// A NaN operand as a result. The old MIPS encoding cannot be made quiet by setting a bit: the default NaN takes the
    /// place of signalling ones.
    pub(super) fn quieted(&self, format: Number, nan: &Parts) -> u64 {
        let lost = self.rule == NanRule::MipsLegacy && nan.is(Class::SignallingNan);
        if self.mode.default_nan || lost {
            return self.default_nan(format);
        }
        match self.rule {
            NanRule::MipsLegacy => nan.bits,
            NanRule::Arm | NanRule::Mips2008 => nan.bits | format.quiet_bit(),
        }
    }

    /// The result of an operation on NaNs among others: the first signalling one, or else the first one.
    pub(super) fn propagated(&mut self, format: Number, operands: &[&Parts]) -> u64 {
        let signalling = operands.iter().find(|p| p.is(Class::SignallingNan));
        if signalling.is_some() {
            self.raise(Exceptions::INVALID);
        }
        let chosen = signalling.or(operands.iter().find(|p| p.is_nan()));
        chosen.map_or(self.default_nan(format), |nan| self.quieted(format, nan))
    }
}
