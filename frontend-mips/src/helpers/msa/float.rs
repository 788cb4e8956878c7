//! Floating point of the SIMD architecture, by the soft-float: results, and the exceptions that go to MSACSR.Cause
//! (MIPS32 volume IV-j, section 3.4).
//!
//! A call works on half a vector, so that operands, control register, result and exceptions fit two vectors.

use demotic_ir::softfloat::{Exceptions, Number, Order, Soft, is_signalling};
use demotic_ir::{FpMode, NanRule, Rounding};

use super::lanes::{Vector, Width, number, unsigned_number};

/// Bits and fields of MSACSR.
pub(crate) mod control {
    /// Flush to zero.
    pub(crate) const FS: u32 = 1 << 24;
    /// Exceptions that are enabled do not trap but give NaNs.
    pub(crate) const NX: u32 = 1 << 18;
    /// The lowest bit of Cause, which has 6.
    pub(crate) const CAUSE: u32 = 12;
    /// The lowest bit of Enables, which has 5.
    pub(crate) const ENABLES: u32 = 7;
    /// The lowest bit of Flags, which has 5.
    pub(crate) const FLAGS: u32 = 2;
    /// All bits that can be written.
    pub(crate) const WRITABLE: u32 = FS | NX | 0x3f << CAUSE | 0x1f << ENABLES | 0x1f << FLAGS | 3;
}

/// Inexact, as a bit of Cause, Enables and Flags.
const INEXACT: u32 = 1;
/// Underflow.
const UNDERFLOW: u32 = 2;
/// Overflow.
const OVERFLOW: u32 = 4;
/// Division by zero.
const DIVIDE_BY_ZERO: u32 = 8;
/// Invalid operation.
const INVALID: u32 = 16;

/// Defines the operations and their numbers.
macro_rules! operations {
    ($($name:ident,)*) => {
        /// An operation on lanes, named as the instructions are.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "named as the instructions are")]
        pub(crate) enum FloatOp { $($name),* }

        impl FloatOp {
            const ALL: &[FloatOp] = &[$(FloatOp::$name),*];
        }
    };
}

operations! {
    Add, Sub, Mul, Div, MultiplyAdd, MultiplySubtract, Scale, Max, Min, MaxMagnitude, MinMagnitude,
    Sqrt, Rsqrt, Rcp, Rint, Log2,
    FromS, FromU, ToS, ToU, TruncS, TruncU,
    Narrow, ToFraction, Widen, FromFraction,
    QuietAf, QuietUn, QuietEq, QuietUeq, QuietLt, QuietUlt, QuietLe, QuietUle, QuietOr, QuietUne, QuietNe,
    SignallingAf, SignallingUn, SignallingEq, SignallingUeq, SignallingLt, SignallingUlt, SignallingLe, SignallingUle,
    SignallingOr, SignallingUne, SignallingNe,
}

/// How the width of operands is to that of results.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Same,
    /// Two words of operands give a word of results, which are half as wide.
    Narrowing,
    /// The lower half of a word of operands gives a word of results.
    Widening,
}

/// What kind of operation it is, as far as exceptions go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Arithmetic,
    Comparison,
    ToInteger,
    Reciprocal,
    /// Minimum and maximum: a result that is subnormal is no underflow.
    Selection,
}

impl FloatOp {
    fn shape(self) -> Shape {
        match self {
            FloatOp::Narrow | FloatOp::ToFraction => Shape::Narrowing,
            FloatOp::Widen | FloatOp::FromFraction => Shape::Widening,
            _ => Shape::Same,
        }
    }

    fn kind(self) -> Kind {
        match self {
            FloatOp::Max | FloatOp::Min | FloatOp::MaxMagnitude | FloatOp::MinMagnitude => Kind::Selection,
            FloatOp::Rsqrt | FloatOp::Rcp => Kind::Reciprocal,
            FloatOp::ToS | FloatOp::ToU | FloatOp::TruncS | FloatOp::TruncU | FloatOp::ToFraction => {
                Kind::ToInteger
            }
            _ if self as u8 >= FloatOp::QuietAf as u8 => Kind::Comparison,
            _ => Kind::Arithmetic,
        }
    }
}

/// The lanes of half a vector: `([a, b], [c, control])`. Bit 32 of `control` says that the wider format of the
/// instruction's two is meant; the lower bits are MSACSR. Gives result and Cause.
pub(super) fn lanes([a, b]: Vector, [c, control]: Vector, operation: u64) -> Vector {
    let Some(&operation) = FloatOp::ALL.get(operation as usize) else { return [0, 0] };
    let wide = control >> 32 & 1 != 0;
    let (operand, result) = match (operation.shape(), wide) {
        (Shape::Same, false) => (Width::W, Width::W),
        (Shape::Same, true) => (Width::D, Width::D),
        (Shape::Narrowing, false) => (Width::W, Width::H),
        (Shape::Narrowing, true) => (Width::D, Width::W),
        (Shape::Widening, false) => (Width::H, Width::W),
        (Shape::Widening, true) => (Width::W, Width::D),
    };
    let unit = Unit { control: control as u32, operation, operand, result };
    let (mut lanes, mut cause) = (0, 0);
    for n in 0..64 / result.bits() {
        let at = n * operand.bits();
        let operands = match operation.shape() {
            Shape::Narrowing => [if at < 64 { a >> at } else { b >> (at - 64) }, 0, 0],
            Shape::Same | Shape::Widening => [a >> at, b >> at, c >> at],
        };
        let (lane, exceptions) = unit.lane(operands.map(|lane| unsigned_number(operand, lane)));
        lanes |= unsigned_number(result, lane) << (n * result.bits());
        cause |= exceptions;
    }
    [lanes, u64::from(cause)]
}

/// The class of a number as a bit (FCLASS).
pub(super) fn class(width: Width, bits: u64) -> u64 {
    let format = float(width);
    let (sign, infinity) = (1 << (width.bits() - 1), infinity(format));
    let magnitude = bits & (sign - 1);
    let number = match magnitude {
        m if m > infinity => return if is_signalling(NanRule::Mips2008, format, m) { 1 } else { 2 },
        m if m == infinity => 0,
        0 => 3,
        m if m & infinity == 0 => 2,
        _ => 1,
    };
    if bits & sign != 0 { 4 << number } else { 64 << number }
}

/// The floating-point format of a width.
fn float(width: Width) -> Number {
    match width {
        Width::B | Width::H => Number::F16,
        Width::W => Number::F32,
        Width::D => Number::F64,
    }
}

fn infinity(format: Number) -> u64 {
    match format {
        Number::F16 => 0x7c00,
        Number::F32 => 0x7f80_0000,
        _ => 0x7ff0_0000_0000_0000,
    }
}

fn one(format: Number) -> u64 {
    match format {
        Number::F16 => 0x3c00,
        Number::F32 => 0x3f80_0000,
        _ => 0x3ff0_0000_0000_0000,
    }
}

fn is_nan(format: Number, bits: u64) -> bool {
    bits & ((1 << (format.bits() - 1)) - 1) > infinity(format)
}

fn is_subnormal(format: Number, bits: u64) -> bool {
    bits & infinity(format) == 0 && bits & ((1 << (format.bits() - 1)) - 1) != 0
}

/// A floating-point unit for one operation.
struct Unit {
    control: u32,
    operation: FloatOp,
    operand: Width,
    result: Width,
}

impl Unit {
    fn flushes(&self) -> bool {
        self.control & control::FS != 0
    }

    fn soft(&self) -> Soft {
        let round = match self.control & 3 {
            0 => Rounding::Nearest,
            1 => Rounding::Zero,
            2 => Rounding::Up,
            _ => Rounding::Down,
        };
        let mode = FpMode { round, flush: self.flushes(), default_nan: false };
        Soft::new(mode, NanRule::Mips2008)
    }

    /// The result and its exceptions. With NX set, one that would trap gives a NaN that tells of it.
    fn lane(&self, operands: [u64; 3]) -> (u64, u32) {
        let mut soft = self.soft();
        let (result, kind) = self.compute(&mut soft, operands);
        let exceptions = self.exceptions(soft.raised, result, kind);
        if exceptions & self.enables() == 0 {
            return (result, exceptions);
        }
        let format = float(self.result);
        let signalling = infinity(format) | u64::from(exceptions);
        (signalling, if self.control & control::NX != 0 { 0 } else { exceptions })
    }

    fn enables(&self) -> u32 {
        self.control >> control::ENABLES & 0x1f
    }

    /// What an operation that raised `raised` and gave `result` tells of.
    fn exceptions(&self, raised: Exceptions, result: u64, kind: Kind) -> u32 {
        let mut bits = 0;
        for (exception, bit) in [
            (Exceptions::INVALID, INVALID),
            (Exceptions::DIVIDE_BY_ZERO, DIVIDE_BY_ZERO),
            (Exceptions::OVERFLOW, OVERFLOW),
            (Exceptions::UNDERFLOW, UNDERFLOW),
            (Exceptions::INEXACT, INEXACT),
        ] {
            if raised.contains(exception) {
                bits |= bit;
            }
        }
        let number = matches!(kind, Kind::Arithmetic | Kind::Reciprocal);
        if number && is_subnormal(float(self.result), result) {
            bits |= UNDERFLOW;
        }
        if self.flushes() {
            bits = self.flushing(bits, raised, kind);
        }
        if bits & OVERFLOW != 0 && self.enables() & OVERFLOW == 0 {
            bits |= INEXACT;
        }
        // An exact underflow counts only where it traps.
        if bits & (UNDERFLOW | INEXACT) == UNDERFLOW && self.enables() & UNDERFLOW == 0 {
            bits &= !UNDERFLOW;
        }
        // Reciprocals are approximations, by their definition.
        if kind == Kind::Reciprocal && bits & (INVALID | DIVIDE_BY_ZERO) == 0 {
            bits = INEXACT;
        }
        bits
    }

    /// Operands that are flushed to zero are inexact, as results are.
    fn flushing(&self, bits: u32, raised: Exceptions, kind: Kind) -> u32 {
        let mut bits = bits;
        if raised.contains(Exceptions::INPUT_DENORMAL) {
            if kind == Kind::Comparison { bits &= !INEXACT } else { bits |= INEXACT }
        }
        bits
    }

    fn compute(&self, soft: &mut Soft, [a, b, c]: [u64; 3]) -> (u64, Kind) {
        use FloatOp::*;
        let format = float(self.operand);
        let result = match self.operation {
            Add => soft.add(format, a, b),
            Sub => soft.sub(format, a, b),
            Mul => soft.mul(format, a, b),
            Div => soft.div(format, a, b),
            MultiplyAdd => soft.fma(format, a, b, c),
            MultiplySubtract => self.multiply_subtract(soft, a, b, c),
            Scale => soft.scale(format, a, number(self.operand, b).clamp(-0x2000, 0x2000) as i32),
            Max => soft.max_num(format, a, b),
            Min => soft.min_num(format, a, b),
            MaxMagnitude => soft.max_num_magnitude(format, a, b),
            MinMagnitude => soft.min_num_magnitude(format, a, b),
            Sqrt => soft.sqrt(format, a),
            Rsqrt => {
                let root = soft.sqrt(format, a);
                return self.reciprocal(soft, root);
            }
            Rcp => return self.reciprocal(soft, a),
            Rint => soft.round_to_integral(format, a, true),
            Log2 => soft.log2_floor(format, a),
            FromS => soft.convert(self.signed(), format, 0, a),
            FromU => soft.convert(self.unsigned(), format, 0, a),
            ToS => soft.convert(format, self.signed(), 0, a),
            ToU => soft.convert(format, self.unsigned(), 0, a),
            TruncS => self.truncate(soft, self.signed(), a),
            TruncU => self.truncate(soft, self.unsigned(), a),
            Narrow | Widen => self.change_format(soft, a),
            ToFraction => self.to_fraction(soft, a),
            FromFraction => soft.convert(self.signed(), float(self.result), self.operand.bits() as u8 - 1, a),
            _ => self.compare(soft, a, b),
        };
        (result, self.operation.kind())
    }

    /// c - a × b.
    fn multiply_subtract(&self, soft: &mut Soft, a: u64, b: u64, c: u64) -> u64 {
        let format = float(self.operand);
        // The sign of a NaN is not to change.
        let sign = if is_nan(format, a) { 0 } else { 1 << (format.bits() - 1) };
        soft.fma(format, a ^ sign, b, c)
    }

    /// 1 / a. Of an infinity it is exact, and so is a NaN.
    fn reciprocal(&self, soft: &mut Soft, a: u64) -> (u64, Kind) {
        let format = float(self.operand);
        let result = soft.div(format, one(format), a);
        let magnitude = a & ((1 << (format.bits() - 1)) - 1);
        let exact = magnitude == infinity(format) || is_nan(format, result);
        (result, if exact { Kind::Arithmetic } else { Kind::Reciprocal })
    }

    /// Half precision is flushed, too, which the soft-float does for no other architecture.
    fn change_format(&self, soft: &mut Soft, a: u64) -> u64 {
        let (from, to) = (float(self.operand), float(self.result));
        let sign = |format: Number, bits: u64| bits & 1 << (format.bits() - 1);
        if self.flushes() && from == Number::F16 && is_subnormal(from, a) {
            soft.raised |= Exceptions::INPUT_DENORMAL;
            return soft.convert(from, to, 0, sign(from, a));
        }
        let result = soft.convert(from, to, 0, a);
        if self.flushes() && to == Number::F16 && is_subnormal(to, result) {
            soft.raised |= Exceptions::UNDERFLOW | Exceptions::INEXACT;
            return sign(to, result);
        }
        result
    }

    fn signed(&self) -> Number {
        match self.operand {
            Width::B | Width::H => Number::S16,
            Width::W => Number::S32,
            Width::D => Number::S64,
        }
    }

    fn unsigned(&self) -> Number {
        match self.operand {
            Width::B | Width::H => Number::U16,
            Width::W => Number::U32,
            Width::D => Number::U64,
        }
    }

    fn truncate(&self, soft: &mut Soft, to: Number, a: u64) -> u64 {
        soft.mode.round = Rounding::Zero;
        soft.convert(float(self.operand), to, 0, a)
    }

    /// To a fraction of half the width. One that does not fit overflows.
    fn to_fraction(&self, soft: &mut Soft, a: u64) -> u64 {
        let format = float(self.operand);
        let to = if self.result == Width::H { Number::S16 } else { Number::S32 };
        let fraction = soft.convert(format, to, self.result.bits() as u8 - 1, a);
        if soft.raised.contains(Exceptions::INVALID) && !is_nan(format, a) {
            soft.raised.0 &= !Exceptions::INVALID.0;
            soft.raised |= Exceptions::OVERFLOW | Exceptions::INEXACT;
        }
        fraction
    }

    /// Ones if the comparison holds.
    fn compare(&self, soft: &mut Soft, a: u64, b: u64) -> u64 {
        use FloatOp::*;
        let signalling = self.operation as u8 >= SignallingAf as u8;
        let order = soft.compare(float(self.operand), a, b, signalling);
        let (less, equal) = (order == Order::Less, order == Order::Equal);
        let unordered = order == Order::Unordered;
        let holds = match self.operation {
            QuietUn | SignallingUn => unordered,
            QuietEq | SignallingEq => equal,
            QuietUeq | SignallingUeq => unordered || equal,
            QuietLt | SignallingLt => less,
            QuietUlt | SignallingUlt => unordered || less,
            QuietLe | SignallingLe => less || equal,
            QuietUle | SignallingUle => unordered || less || equal,
            QuietOr | SignallingOr => !unordered,
            QuietUne | SignallingUne => !equal,
            QuietNe | SignallingNe => !unordered && !equal,
            _ => false,
        };
        if holds { u64::MAX } else { 0 }
    }
}
