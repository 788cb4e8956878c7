//! Floating-point arithmetic in integers: every format, rounding and NaN rule, with the exceptions that each operation
//! raises. It says what the floating-point ops mean; the host's FPU is used where it is known to do the same.
//!
//! A [`Soft`] holds the mode and collects exceptions; its methods take and give bit patterns in words. [`FloatCall`]
//! names an operation as a value, for ops and for calls from translated code.
//!
//! Inside, a finite number is `(-1)^sign × significand × 2^exponent` with an integer significand of up to 128 bits, exact
//! or with its lowest bit standing for all that was cut off below. `Soft::round` brings it into a format.

mod arithmetic;
mod call;
mod compare;
mod convert;
mod estimate;
mod format;
mod lanes;
mod of_op;
mod round;

#[cfg(test)]
mod tests;

pub use call::{FloatCall, FloatOp};
pub use compare::Order;
pub use estimate::{recip_estimate, recip_sqrt_estimate};
pub use format::{Number, default_nan, is_signalling};
pub use lanes::compare_lanes;

use std::ops::{BitOr, BitOrAssign};

use crate::guest::NanRule;
use crate::types::FpMode;

/// A set of floating-point exceptions. The bits are those of ARM's FPSCR.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Exceptions(pub u8);

impl Exceptions {
    /// No exception.
    pub const NONE: Exceptions = Exceptions(0);
    /// An operand for which there is no useful result.
    pub const INVALID: Exceptions = Exceptions(1);
    /// An exact infinity from finite operands.
    pub const DIVIDE_BY_ZERO: Exceptions = Exceptions(2);
    /// A result too large for the format.
    pub const OVERFLOW: Exceptions = Exceptions(4);
    /// A result that is tiny and inexact, or was flushed to zero.
    pub const UNDERFLOW: Exceptions = Exceptions(8);
    /// A result that differs from what it would be with unlimited precision; on ARM not if it was flushed to zero.
    pub const INEXACT: Exceptions = Exceptions(16);
    /// A subnormal operand was flushed to zero.
    pub const INPUT_DENORMAL: Exceptions = Exceptions(128);

    /// Whether every exception of `other` is in this set.
    pub fn contains(self, other: Exceptions) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Exceptions {
    type Output = Exceptions;
    fn bitor(self, other: Exceptions) -> Exceptions {
        Exceptions(self.0 | other.0)
    }
}

impl BitOrAssign for Exceptions {
    fn bitor_assign(&mut self, other: Exceptions) {
        self.0 |= other.0;
    }
}

/// A floating-point unit: how it works, and what it has raised.
#[derive(Clone, Copy, Debug)]
pub struct Soft {
    /// Rounding, flushing, default NaN.
    pub mode: FpMode,
    /// How NaN results look; also whether tininess is detected before rounding (ARM) or after it (MIPS), and whether what
    /// is flushed to zero counts as inexact (MIPS32 volume I, underflow exception: loss of accuracy).
    pub rule: NanRule,
    /// The exceptions raised so far.
    pub raised: Exceptions,
}

impl Soft {
    /// A unit that has raised nothing.
    pub fn new(mode: FpMode, rule: NanRule) -> Soft {
        Soft { mode, rule, raised: Exceptions::NONE }
    }

    fn raise(&mut self, exceptions: Exceptions) {
        self.raised |= exceptions;
    }
}
