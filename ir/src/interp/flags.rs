//! What the flag ops mean. A set of flags is held in the four words of [`FlagSlots`](crate::FlagSlots): N is bit 31 of
//! `n`, Z holds iff `z` is 0, C is `c`, V is bit 31 of `v`.

use super::integer;
use crate::types::{FlagCc, Type};

/// Flags in the form of the flag slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flags {
    /// Sign flag: bit 31.
    pub n: u32,
    /// Zero flag: set iff 0.
    pub z: u32,
    /// Carry flag: 0 or 1.
    pub c: u32,
    /// Overflow flag: bit 31.
    pub v: u32,
}

/// The upper half of a 64-bit value, all of a 32-bit one: what has the sign in bit 31.
#[inline(always)]
fn top(ty: Type, x: u64) -> u32 {
    match ty {
        Type::I64 => (x >> 32) as u32,
        _ => x as u32,
    }
}

/// A word that is 0 iff `x` is.
#[inline(always)]
fn zero(ty: Type, x: u64) -> u32 {
    match ty {
        Type::I64 => (x | x >> 32) as u32,
        _ => x as u32,
    }
}

/// `flags_adc`: the flags of `a + b + c`.
#[inline(always)]
pub fn adc(ty: Type, a: u64, b: u64, c: u64) -> Flags {
    let sum = u128::from(a) + u128::from(b) + u128::from(c & 1);
    let result = integer::wrap(ty, sum as u64);
    let carry = (sum >> if ty == Type::I64 { 64 } else { 32 }) as u32;
    Flags { n: top(ty, result), z: zero(ty, result), c: carry, v: top(ty, (a ^ result) & (b ^ result)) }
}

/// `flags_add`
#[inline(always)]
pub fn add(ty: Type, a: u64, b: u64) -> Flags {
    let result = integer::add(ty, a, b);
    Flags {
        n: top(ty, result),
        z: zero(ty, result),
        c: u32::from(result < a),
        v: top(ty, (a ^ result) & (b ^ result)),
    }
}

/// `flags_sbc`: the flags of `a - b - !c`.
#[inline(always)]
pub fn sbc(ty: Type, a: u64, b: u64, c: u64) -> Flags {
    adc(ty, a, integer::not(ty, b), c)
}

/// `flags_sub`
#[inline(always)]
pub fn sub(ty: Type, a: u64, b: u64) -> Flags {
    let result = integer::sub(ty, a, b);
    Flags {
        n: top(ty, result),
        z: zero(ty, result),
        c: u32::from(a >= b),
        v: top(ty, (a ^ b) & (a ^ result)),
    }
}

/// `flags_logic`
#[inline(always)]
pub fn logic(ty: Type, a: u64, c: u64) -> Flags {
    Flags { n: top(ty, a), z: zero(ty, a), c: c as u32, v: 0 }
}

/// `flags_from_bits`
#[inline(always)]
pub fn from_bits(bits: u64) -> Flags {
    let bits = bits as u32;
    Flags { n: bits, z: !bits & 1 << 30, c: bits >> 29 & 1, v: bits << 3 }
}

/// `flags_to_bits`
#[inline(always)]
pub fn to_bits(f: Flags) -> u64 {
    u64::from(f.n >> 31 << 31 | u32::from(f.z == 0) << 30 | (f.c & 1) << 29 | f.v >> 31 << 28)
}

/// `cond`
#[inline(always)]
pub fn cond(cc: FlagCc, f: Flags) -> bool {
    cc.eval(f.n >> 31 != 0, f.z == 0, f.c & 1 != 0, f.v >> 31 != 0)
}
