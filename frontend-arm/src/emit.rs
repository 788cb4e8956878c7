//! Short names for the ops that lifters use most: 32-bit integers, with constants as plain numbers.

use demotic_ir::{IntCc, MemSize, Type, Value};

use crate::lifter::Lifter;

/// Two-operand ops on 32-bit values.
macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident = $op:ident;)*) => {
        impl Lifter<'_> {
            $($(#[$doc])* pub(crate) fn $name(&mut self, a: Value, b: Value) -> Value {
                self.b.$op(Type::I32, a, b)
            })*
        }
    };
}

binary! {
    /// `a + b`.
    add = add;
    /// `a - b`.
    sub = sub;
    /// Low half of `a * b`.
    mul = mul;
    /// `a AND b`.
    and = and;
    /// `a OR b`.
    or = or;
    /// `a EOR b`.
    xor = xor;
    /// `a` shifted left by `b` modulo 32.
    shl_by = shl;
    /// `a` shifted right by `b` modulo 32.
    shr_by = shr;
    /// `a` shifted right arithmetically by `b` modulo 32.
    sar_by = sar;
    /// `a` rotated right by `b` modulo 32.
    ror_by = rotr;
}

impl Lifter<'_> {
    /// The 32-bit constant `n`.
    pub(crate) fn imm(&mut self, n: u32) -> Value {
        self.b.i32(n)
    }

    /// The complement of `a`.
    pub(crate) fn not(&mut self, a: Value) -> Value {
        self.b.not(Type::I32, a)
    }

    /// `a + n`.
    pub(crate) fn add_imm(&mut self, a: Value, n: u32) -> Value {
        if n == 0 {
            return a;
        }
        let n = self.imm(n);
        self.add(a, n)
    }

    /// `a AND n`.
    pub(crate) fn and_imm(&mut self, a: Value, n: u32) -> Value {
        let n = self.imm(n);
        self.and(a, n)
    }

    /// `a` shifted left by `n`, which is less than 32.
    pub(crate) fn shl(&mut self, a: Value, n: u32) -> Value {
        if n == 0 {
            return a;
        }
        let n = self.imm(n);
        self.shl_by(a, n)
    }

    /// `a` shifted right by `n`, which is less than 32.
    pub(crate) fn shr(&mut self, a: Value, n: u32) -> Value {
        if n == 0 {
            return a;
        }
        let n = self.imm(n);
        self.shr_by(a, n)
    }

    /// `a` shifted right arithmetically by `n`, which is less than 32.
    pub(crate) fn sar(&mut self, a: Value, n: u32) -> Value {
        if n == 0 {
            return a;
        }
        let n = self.imm(n);
        self.sar_by(a, n)
    }

    /// `a` rotated right by `n`, which is less than 32.
    pub(crate) fn ror(&mut self, a: Value, n: u32) -> Value {
        if n == 0 {
            return a;
        }
        let n = self.imm(n);
        self.ror_by(a, n)
    }

    /// Bit `n` of `a` as a truth value.
    pub(crate) fn bit(&mut self, a: Value, n: u32) -> Value {
        let bit = self.and_imm(a, 1 << n);
        self.b.nonzero(bit)
    }

    /// Compares two 32-bit values.
    pub(crate) fn compare(&mut self, a: Value, cc: IntCc, b: Value) -> Value {
        self.b.icmp(Type::I32, a, b, cc)
    }

    /// `a` when `c`, else `b`.
    pub(crate) fn select(&mut self, c: Value, a: Value, b: Value) -> Value {
        self.b.select(Type::I32, c, a, b)
    }

    /// A truth value as 0 or 1.
    pub(crate) fn number(&mut self, c: Value) -> Value {
        self.b.from_bool(Type::I32, c)
    }

    /// The low byte or halfword of `a`, sign-extended.
    pub(crate) fn sext(&mut self, a: Value, size: MemSize) -> Value {
        self.b.sext_low(Type::I32, a, size)
    }

    /// The low byte or halfword of `a`, zero-extended.
    pub(crate) fn zext(&mut self, a: Value, size: MemSize) -> Value {
        self.b.zext_low(Type::I32, a, size)
    }

    /// `a` as 64 bits, sign-extended if `signed`.
    pub(crate) fn wide(&mut self, a: Value, signed: bool) -> Value {
        if signed { self.b.sext64(Type::I64, a) } else { self.b.zext64(Type::I64, a) }
    }

    /// The low 32 of 64 bits.
    pub(crate) fn low(&mut self, a: Value) -> Value {
        self.b.trunc32(Type::I32, a)
    }

    /// The high 32 of 64 bits.
    pub(crate) fn high(&mut self, a: Value) -> Value {
        let n = self.b.i64(32);
        let high = self.b.shr(Type::I64, a, n);
        self.low(high)
    }

    /// 64 bits from two halves.
    pub(crate) fn concat(&mut self, high: Value, low: Value) -> Value {
        let high = self.wide(high, false);
        let low = self.wide(low, false);
        let n = self.b.i64(32);
        let high = self.b.shl(Type::I64, high, n);
        self.b.or(Type::I64, high, low)
    }
}
