//! Value types, widths and the small enumerations that ops carry.

use std::fmt;

/// The type of an SSA value or of a state slot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    /// A truth value, 0 or 1.
    Bool,
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
    /// An IEEE 754 binary32 number.
    F32,
    /// An IEEE 754 binary64 number.
    F64,
    /// A vector of 16 bytes. How it is divided into lanes is up to the op; lane 0 is in the lowest bits.
    V128,
    /// The producer of a set of N, Z, C, V condition flags: the operation and its operands, not the bits.
    Flags,
}

impl Type {
    /// All types, in declaration order.
    pub const ALL: [Type; 7] =
        [Type::Bool, Type::I32, Type::I64, Type::F32, Type::F64, Type::V128, Type::Flags];

    /// The type's name in the text form.
    pub fn name(self) -> &'static str {
        match self {
            Type::Bool => "bool",
            Type::I32 => "i32",
            Type::I64 => "i64",
            Type::F32 => "f32",
            Type::F64 => "f64",
            Type::V128 => "v128",
            Type::Flags => "flags",
        }
    }

    /// Width in bits of a value; `Flags` has none and gives 0.
    pub fn bits(self) -> u32 {
        match self {
            Type::Bool => 1,
            Type::I32 | Type::F32 => 32,
            Type::I64 | Type::F64 => 64,
            Type::V128 => 128,
            Type::Flags => 0,
        }
    }

    /// The bits that a value of this type may have set in a word (a vector: in each of its two).
    pub fn mask(self) -> u64 {
        match self.bits() {
            64 | 128 => u64::MAX,
            n => (1 << n) - 1,
        }
    }

    /// Whether values of this type take part in integer arithmetic.
    pub fn is_int(self) -> bool {
        matches!(self, Type::I32 | Type::I64)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Defines a field-less enum together with its spelling in the text form.
macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }
        impl $name {
            /// All values, in declaration order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];
            /// The spelling in the text form.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
            /// The value spelled `text`, if there is one.
            pub fn from_name(text: &str) -> Option<$name> {
                match text { $($text => Some($name::$variant),)* _ => None }
            }
        }
    };
}
pub(crate) use text_enum;

text_enum! {
    /// Integer comparisons.
    IntCc {
        /// Equal.
        Eq = "eq",
        /// Not equal.
        Ne = "ne",
        /// Unsigned less than.
        Ult = "ult",
        /// Unsigned less than or equal.
        Ule = "ule",
        /// Unsigned greater than.
        Ugt = "ugt",
        /// Unsigned greater than or equal.
        Uge = "uge",
        /// Signed less than.
        Slt = "slt",
        /// Signed less than or equal.
        Sle = "sle",
        /// Signed greater than.
        Sgt = "sgt",
        /// Signed greater than or equal.
        Sge = "sge",
    }
}

impl IntCc {
    /// The comparison that is true exactly when this one is false.
    pub fn inverse(self) -> IntCc {
        use IntCc::*;
        match self {
            Eq => Ne,
            Ne => Eq,
            Ult => Uge,
            Uge => Ult,
            Ule => Ugt,
            Ugt => Ule,
            Slt => Sge,
            Sge => Slt,
            Sle => Sgt,
            Sgt => Sle,
        }
    }

    /// The comparison of the operands in the other order.
    pub fn swapped(self) -> IntCc {
        use IntCc::*;
        match self {
            Eq => Eq,
            Ne => Ne,
            Ult => Ugt,
            Ule => Uge,
            Ugt => Ult,
            Uge => Ule,
            Slt => Sgt,
            Sle => Sge,
            Sgt => Slt,
            Sge => Sle,
        }
    }

    /// Evaluates the comparison on operands of type `ty` held as zero-extended words.
    #[inline(always)]
    pub fn eval(self, ty: Type, a: u64, b: u64) -> bool {
        let (sa, sb) = match ty {
            Type::I64 => (a as i64, b as i64),
            _ => (i64::from(a as u32 as i32), i64::from(b as u32 as i32)),
        };
        match self {
            IntCc::Eq => a == b,
            IntCc::Ne => a != b,
            IntCc::Ult => a < b,
            IntCc::Ule => a <= b,
            IntCc::Ugt => a > b,
            IntCc::Uge => a >= b,
            IntCc::Slt => sa < sb,
            IntCc::Sle => sa <= sb,
            IntCc::Sgt => sa > sb,
            IntCc::Sge => sa >= sb,
        }
    }
}

text_enum! {
    /// Floating-point comparisons. All but `Une` and `Uno` are false when an operand is a NaN.
    FloatCc {
        /// Equal and ordered.
        Eq = "eq",
        /// Unequal or unordered.
        Une = "une",
        /// Less than.
        Lt = "lt",
        /// Less than or equal.
        Le = "le",
        /// Greater than.
        Gt = "gt",
        /// Greater than or equal.
        Ge = "ge",
        /// Unordered: at least one operand is a NaN.
        Uno = "uno",
    }
}

text_enum! {
    /// Conditions over N, Z, C, V. Carry after a subtraction means "no borrow".
    FlagCc {
        /// Z.
        Eq = "eq",
        /// !Z.
        Ne = "ne",
        /// C.
        Cs = "cs",
        /// !C.
        Cc = "cc",
        /// N.
        Mi = "mi",
        /// !N.
        Pl = "pl",
        /// V.
        Vs = "vs",
        /// !V.
        Vc = "vc",
        /// C && !Z.
        Hi = "hi",
        /// !C || Z.
        Ls = "ls",
        /// N == V.
        Ge = "ge",
        /// N != V.
        Lt = "lt",
        /// !Z && N == V.
        Gt = "gt",
        /// Z || N != V.
        Le = "le",
    }
}

impl FlagCc {
    /// The condition that holds exactly when this one does not.
    pub fn inverse(self) -> FlagCc {
        use FlagCc::*;
        match self {
            Eq => Ne,
            Ne => Eq,
            Cs => Cc,
            Cc => Cs,
            Mi => Pl,
            Pl => Mi,
            Vs => Vc,
            Vc => Vs,
            Hi => Ls,
            Ls => Hi,
            Ge => Lt,
            Lt => Ge,
            Gt => Le,
            Le => Gt,
        }
    }

    /// Which flags the condition reads.
    pub fn reads(self) -> FlagMask {
        use FlagCc::*;
        match self {
            Eq | Ne => FlagMask::Z,
            Cs | Cc => FlagMask::C,
            Mi | Pl => FlagMask::N,
            Vs | Vc => FlagMask::V,
            Hi | Ls => FlagMask(FlagMask::C.0 | FlagMask::Z.0),
            Ge | Lt => FlagMask(FlagMask::N.0 | FlagMask::V.0),
            Gt | Le => FlagMask(FlagMask::N.0 | FlagMask::Z.0 | FlagMask::V.0),
        }
    }

    /// Evaluates the condition on flag values.
    #[inline(always)]
    pub fn eval(self, n: bool, z: bool, c: bool, v: bool) -> bool {
        use FlagCc::*;
        match self {
            Eq => z,
            Ne => !z,
            Cs => c,
            Cc => !c,
            Mi => n,
            Pl => !n,
            Vs => v,
            Vc => !v,
            Hi => c && !z,
            Ls => !c || z,
            Ge => n == v,
            Lt => n != v,
            Gt => !z && n == v,
            Le => z || n != v,
        }
    }
}

/// A set of condition flags. Bits 3 to 0 are N, Z, C, V.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FlagMask(pub u8);

impl FlagMask {
    /// The sign flag.
    pub const N: FlagMask = FlagMask(8);
    /// The zero flag.
    pub const Z: FlagMask = FlagMask(4);
    /// The carry flag.
    pub const C: FlagMask = FlagMask(2);
    /// The overflow flag.
    pub const V: FlagMask = FlagMask(1);
    /// N and Z.
    pub const NZ: FlagMask = FlagMask(0xc);
    /// N, Z and C.
    pub const NZC: FlagMask = FlagMask(0xe);
    /// All four.
    pub const NZCV: FlagMask = FlagMask(0xf);

    /// Whether every flag of `other` is in this set.
    pub fn contains(self, other: FlagMask) -> bool {
        self.0 & other.0 == other.0
    }
}

text_enum! {
    /// The width of a memory access.
    MemSize {
        /// One byte.
        B1 = "8",
        /// Two bytes.
        B2 = "16",
        /// Four bytes.
        B4 = "32",
        /// Eight bytes.
        B8 = "64",
    }
}

impl MemSize {
    /// Width in bytes.
    pub fn bytes(self) -> u32 {
        1 << self as u32
    }
    /// Width in bits.
    pub fn bits(self) -> u32 {
        8 << self as u32
    }
    /// The bits that a value of this width may have set.
    pub fn mask(self) -> u64 {
        u64::MAX >> (64 - self.bits())
    }
}

/// How a memory access is done.
///
/// Text form: width in bits, then `s` (sign-extend the loaded value), `be` (big-endian data), `al` (an address that is
/// not a multiple of the width is a fault), joined by dots: `16.s.be`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemOp {
    /// Width.
    pub size: MemSize,
    /// Loads only: sign-extend to the result type (otherwise zero-extend).
    pub sign: bool,
    /// Data is big-endian.
    pub big: bool,
    /// The address must be naturally aligned.
    pub aligned: bool,
}

impl MemOp {
    /// A little-endian, zero-extending access that may be unaligned.
    pub const fn new(size: MemSize) -> MemOp {
        MemOp { size, sign: false, big: false, aligned: false }
    }
    /// The same access, sign-extending.
    pub const fn signed(self) -> MemOp {
        MemOp { sign: true, ..self }
    }
    /// The same access with the given endianness.
    pub const fn big(self, big: bool) -> MemOp {
        MemOp { big, ..self }
    }
    /// The same access, faulting when not naturally aligned.
    pub const fn aligned(self) -> MemOp {
        MemOp { aligned: true, ..self }
    }
}

text_enum! {
    /// How a floating-point result that does not fit is rounded.
    Rounding {
        /// To the nearest, ties to even.
        Nearest = "rn",
        /// Towards plus infinity.
        Up = "rp",
        /// Towards minus infinity.
        Down = "rm",
        /// Towards zero.
        Zero = "rz",
        /// To the nearest, ties away from zero. Conversions only.
        Away = "ra",
    }
}

/// How a floating-point operation works: what the guest's control register says, as far as results depend on it.
///
/// Text form: the rounding, then `fz` (flush to zero), `dn` (default NaN), joined by dots: `rn.fz.dn`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FpMode {
    /// How results are rounded.
    pub round: Rounding,
    /// Subnormal operands and results become zeros of the same sign.
    pub flush: bool,
    /// Every NaN result is the default NaN.
    pub default_nan: bool,
}

impl FpMode {
    /// To nearest even, with subnormal numbers and NaNs as operands leave them: how C programs compute.
    pub const NEAREST: FpMode = FpMode { round: Rounding::Nearest, flush: false, default_nan: false };
    /// How ARM's Advanced SIMD works, whatever the FPSCR says.
    pub const ASIMD: FpMode = FpMode { round: Rounding::Nearest, flush: true, default_nan: true };

    /// The same mode with another rounding.
    pub const fn rounding(self, round: Rounding) -> FpMode {
        FpMode { round, ..self }
    }
}
