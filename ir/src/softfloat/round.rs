//! Rounding: from exact numbers to formats and to integers.

use super::format::{Exact, Number, shift_right_sticky};
use super::{Exceptions, Soft};
use crate::guest::NanRule;
use crate::types::Rounding;

impl Soft {
    /// Whether a magnitude whose last bit kept is `odd` and of which `rest` (a fraction of that bit's place, compared with
    /// a half) is cut off is rounded up.
    fn rounds_up(&self, sign: bool, odd: bool, rest: Rest) -> bool {
        match self.mode.round {
            Rounding::Nearest => rest == Rest::More || rest == Rest::Half && odd,
            Rounding::Away => rest >= Rest::Half,
            Rounding::Up => !sign && rest != Rest::None,
            Rounding::Down => sign && rest != Rest::None,
            Rounding::Zero => false,
        }
    }

    /// The significand without its low `places` bits, rounded; and whether that is exact.
    pub(super) fn cut(&self, sign: bool, significand: u128, places: u32) -> (u128, bool) {
        // Two bits below the last one kept say all that rounding asks for.
        let quarters = match places {
            0 => return (significand, true),
            1 => significand << 1,
            _ => shift_right_sticky(significand, places - 2),
        };
        let rest = match quarters & 3 {
            0 => Rest::None,
            1 => Rest::Less,
            2 => Rest::Half,
            _ => Rest::More,
        };
        let kept = quarters >> 2;
        (kept + u128::from(self.rounds_up(sign, kept & 1 != 0, rest)), rest == Rest::None)
    }

    /// The number in a format, rounded, with the exceptions that this raises.
    pub(super) fn round(&mut self, format: Number, x: Exact) -> u64 {
        let sign = if x.sign { format.sign() } else { 0 };
        let fraction_bits = format.fraction_bits() as i32;
        let top = x.exponent + 127 - x.significand.leading_zeros() as i32;
        let least = format.least_exponent();
        if self.mode.flush && top < least {
            self.raise(Exceptions::UNDERFLOW);
            if self.rule != NanRule::Arm {
                self.raise(Exceptions::INEXACT);
            }
            return sign;
        }
        let places = top.max(least) - fraction_bits - x.exponent;
        let (kept, exact) = if places <= 0 {
            (x.significand << -places, true)
        } else {
            self.cut(x.sign, x.significand, places as u32)
        };
        // The hidden bit, and a carry out of the significand, count up the exponent field.
        let magnitude =
            ((top.max(least) - least) as u64).wrapping_shl(fraction_bits as u32).wrapping_add(kept as u64);
        if top - least > 0x7ff || magnitude >= format.infinity() {
            return sign | self.overflow(format, x.sign);
        }
        if !exact {
            self.raise(Exceptions::INEXACT);
            if top < least && self.is_tiny(format, x, top) {
                self.raise(Exceptions::UNDERFLOW);
            }
        }
        sign | magnitude
    }

    /// Whether a number below the smallest normal one counts as tiny: always where that is seen before rounding, else
    /// unless it would be rounded up to the smallest normal number with an exponent of unlimited range.
    fn is_tiny(&self, format: Number, x: Exact, top: i32) -> bool {
        let fraction_bits = format.fraction_bits();
        let places = top - fraction_bits as i32 - x.exponent;
        if self.rule == NanRule::Arm || top < format.least_exponent() - 1 || places <= 0 {
            return true;
        }
        let (kept, _) = self.cut(x.sign, x.significand, places as u32);
        kept >> (fraction_bits + 1) == 0
    }

    /// The magnitude that stands for one too large.
    fn overflow(&mut self, format: Number, sign: bool) -> u64 {
        if format == Number::Ahp {
            self.raise(Exceptions::INVALID);
            return format.infinity() - 1;
        }
        self.raise(Exceptions::OVERFLOW | Exceptions::INEXACT);
        let infinite = match self.mode.round {
            Rounding::Nearest | Rounding::Away => true,
            Rounding::Up => !sign,
            Rounding::Down => sign,
            Rounding::Zero => false,
        };
        if infinite { format.infinity() } else { format.infinity() - 1 }
    }
}

/// What is cut off, as a fraction of the last bit kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rest {
    None,
    Less,
    Half,
    More,
}
