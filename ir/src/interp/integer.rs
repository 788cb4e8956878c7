//! What the integer ops mean: one small function each, on values held as zero-extended 64-bit words.
//!
//! The interpreter's handlers instantiate them with a constant type, so that each becomes a host instruction or two; the
//! constant folder calls them as they are.

use crate::types::{MemSize, Type};

/// The low bits of `x` that a value of type `ty` has.
#[inline(always)]
pub fn wrap(ty: Type, x: u64) -> u64 {
    x & ty.mask()
}

/// The value as a signed number.
#[inline(always)]
pub fn signed(ty: Type, x: u64) -> i64 {
    match ty {
        Type::I64 => x as i64,
        _ => i64::from(x as u32 as i32),
    }
}

/// `add`
#[inline(always)]
pub fn add(ty: Type, a: u64, b: u64) -> u64 {
    wrap(ty, a.wrapping_add(b))
}

/// `sub`
#[inline(always)]
pub fn sub(ty: Type, a: u64, b: u64) -> u64 {
    wrap(ty, a.wrapping_sub(b))
}

/// `mul`
#[inline(always)]
pub fn mul(ty: Type, a: u64, b: u64) -> u64 {
    wrap(ty, a.wrapping_mul(b))
}

/// `umul_high`
#[inline(always)]
pub fn umul_high(ty: Type, a: u64, b: u64) -> u64 {
    match ty {
        Type::I64 => ((u128::from(a) * u128::from(b)) >> 64) as u64,
        _ => wrap(ty, a.wrapping_mul(b) >> 32),
    }
}

/// `smul_high`
#[inline(always)]
pub fn smul_high(ty: Type, a: u64, b: u64) -> u64 {
    let (sa, sb) = (signed(ty, a), signed(ty, b));
    match ty {
        Type::I64 => ((i128::from(sa) * i128::from(sb)) >> 64) as u64,
        _ => wrap(ty, (sa.wrapping_mul(sb) >> 32) as u64),
    }
}

/// `udiv`
#[inline(always)]
pub fn udiv(_ty: Type, a: u64, b: u64) -> u64 {
    a.checked_div(b).unwrap_or(0)
}

/// `sdiv`
#[inline(always)]
pub fn sdiv(ty: Type, a: u64, b: u64) -> u64 {
    if b == 0 {
        return 0;
    }
    wrap(ty, signed(ty, a).wrapping_div(signed(ty, b)) as u64)
}

/// `and`
#[inline(always)]
pub fn and(_ty: Type, a: u64, b: u64) -> u64 {
    a & b
}

/// `or`
#[inline(always)]
pub fn or(_ty: Type, a: u64, b: u64) -> u64 {
    a | b
}

/// `xor`
#[inline(always)]
pub fn xor(_ty: Type, a: u64, b: u64) -> u64 {
    a ^ b
}

/// `not`
#[inline(always)]
pub fn not(ty: Type, a: u64) -> u64 {
    wrap(ty, !a)
}

/// `shl`
#[inline(always)]
pub fn shl(ty: Type, a: u64, b: u64) -> u64 {
    match ty {
        Type::I64 => a.wrapping_shl(b as u32),
        _ => u64::from((a as u32).wrapping_shl(b as u32)),
    }
}

/// `shr`
#[inline(always)]
pub fn shr(ty: Type, a: u64, b: u64) -> u64 {
    match ty {
        Type::I64 => a.wrapping_shr(b as u32),
        _ => u64::from((a as u32).wrapping_shr(b as u32)),
    }
}

/// `sar`
#[inline(always)]
pub fn sar(ty: Type, a: u64, b: u64) -> u64 {
    match ty {
        Type::I64 => (a as i64).wrapping_shr(b as u32) as u64,
        _ => u64::from((a as u32 as i32).wrapping_shr(b as u32) as u32),
    }
}

/// `rotr`
#[inline(always)]
pub fn rotr(ty: Type, a: u64, b: u64) -> u64 {
    match ty {
        Type::I64 => a.rotate_right((b & 63) as u32),
        _ => u64::from((a as u32).rotate_right((b & 31) as u32)),
    }
}

/// `clz`
#[inline(always)]
pub fn clz(ty: Type, a: u64) -> u64 {
    match ty {
        Type::I64 => u64::from(a.leading_zeros()),
        _ => u64::from((a as u32).leading_zeros()),
    }
}

/// `bit_reverse`
#[inline(always)]
pub fn bit_reverse(ty: Type, a: u64) -> u64 {
    match ty {
        Type::I64 => a.reverse_bits(),
        _ => u64::from((a as u32).reverse_bits()),
    }
}

/// `byte_swap`
#[inline(always)]
pub fn byte_swap(ty: Type, a: u64) -> u64 {
    match ty {
        Type::I64 => a.swap_bytes(),
        _ => u64::from((a as u32).swap_bytes()),
    }
}

/// `sext_low`
#[inline(always)]
pub fn sext_low(ty: Type, a: u64, size: MemSize) -> u64 {
    let unused = 64 - size.bits();
    wrap(ty, ((a << unused) as i64 >> unused) as u64)
}

/// `zext_low`
#[inline(always)]
pub fn zext_low(ty: Type, a: u64, size: MemSize) -> u64 {
    wrap(ty, a & size.mask())
}

/// `sext64`
#[inline(always)]
pub fn sext64(a: u64) -> u64 {
    i64::from(a as u32 as i32) as u64
}

/// `trunc32`
#[inline(always)]
pub fn trunc32(a: u64) -> u64 {
    u64::from(a as u32)
}

/// The bytes of a memory operand of `size` in reverse order.
#[inline(always)]
pub fn swap_sized(size: MemSize, a: u64) -> u64 {
    match size {
        MemSize::B1 => a & 0xff,
        MemSize::B2 => u64::from((a as u16).swap_bytes()),
        MemSize::B4 => u64::from((a as u32).swap_bytes()),
        MemSize::B8 => a.swap_bytes(),
    }
}
