//! Handlers of integer arithmetic, moves and flags: the functions of `integer.rs` and `flags.rs` applied to words.

use super::flags::{self, Flags};
use super::integer;
use super::op::{Env, Finish, OpCode, Words, get, next, set};
use crate::types::{FlagMask, MemSize, Type};

/// An integer width as a type parameter.
pub(super) trait Width {
    const TY: Type;
}
/// 32 bits.
pub(super) struct W32;
/// 64 bits.
pub(super) struct W64;
/// One bit: truth values.
pub(super) struct W1;
impl Width for W32 {
    const TY: Type = Type::I32;
}
impl Width for W64 {
    const TY: Type = Type::I64;
}
impl Width for W1 {
    const TY: Type = Type::Bool;
}

/// An operation on two integers as a type parameter.
pub(super) trait Binary {
    fn eval(ty: Type, a: u64, b: u64) -> u64;
}
/// An operation on one integer as a type parameter.
pub(super) trait Unary {
    fn eval(ty: Type, a: u64) -> u64;
}

/// Declares functions as type parameters.
macro_rules! operations {
    ($trait:ident $params:tt = $args:tt; $($name:ident = $function:path;)*) => {
        $(
            pub(super) struct $name;
            impl $trait for $name {
                #[inline(always)]
                fn eval $params -> u64 {
                    $function $args
                }
            }
        )*
    };
}

operations! { Binary(ty: Type, a: u64, b: u64) = (ty, a, b);
    Add = integer::add;
    Sub = integer::sub;
    Mul = integer::mul;
    UMulHigh = integer::umul_high;
    SMulHigh = integer::smul_high;
    UDiv = integer::udiv;
    SDiv = integer::sdiv;
    And = integer::and;
    Or = integer::or;
    Xor = integer::xor;
    Shl = integer::shl;
    Shr = integer::shr;
    Sar = integer::sar;
    Rotr = integer::rotr;
}

operations! { Unary(ty: Type, a: u64) = (ty, a);
    Not = integer::not;
    Clz = integer::clz;
    BitReverse = integer::bit_reverse;
    ByteSwap = integer::byte_swap;
    SExt8 = sext8;
    SExt16 = sext16;
    SExt32 = sext32;
    SExt64 = sext64;
}

#[inline(always)]
fn sext8(ty: Type, a: u64) -> u64 {
    integer::sext_low(ty, a, MemSize::B1)
}
#[inline(always)]
fn sext16(ty: Type, a: u64) -> u64 {
    integer::sext_low(ty, a, MemSize::B2)
}
#[inline(always)]
fn sext32(ty: Type, a: u64) -> u64 {
    integer::sext_low(ty, a, MemSize::B4)
}
#[inline(always)]
fn sext64(_ty: Type, a: u64) -> u64 {
    integer::sext64(a)
}

/// Declares handlers: the body, then the next op.
macro_rules! handlers {
    ($($(#[$doc:meta])* $name:ident [$($generics:tt)*] |$w:ident, $op:ident| $body:expr;)*) => {
        $(
            $(#[$doc])*
            pub(super) fn $name<M, $($generics)*>(
                $w: &mut Words,
                env: &mut Env<'_, M>,
                $op: &OpCode<M>,
                rest: &[OpCode<M>],
            ) -> Finish {
                $body;
                next($w, env, rest)
            }
        )*
    };
}

handlers! {
    /// `dst = a op b`
    binary_rr [B: Binary, W: Width] |w, op| set(w, op.dst, B::eval(W::TY, get(w, op.a), get(w, op.b)));
    /// `dst = a op imm`
    binary_ri [B: Binary, W: Width] |w, op| set(w, op.dst, B::eval(W::TY, get(w, op.a), op.imm));
    /// `dst = imm op b`
    binary_ir [B: Binary, W: Width] |w, op| set(w, op.dst, B::eval(W::TY, op.imm, get(w, op.b)));
    /// `dst = a op (b shift imm)`, 32 bits
    shifted [B: Binary, S: Binary] |w, op| {
        let b = S::eval(Type::I32, get(w, op.b), op.imm);
        set(w, op.dst, B::eval(Type::I32, get(w, op.a), b));
    };
    /// `dst = op a`
    unary [U: Unary, W: Width] |w, op| set(w, op.dst, U::eval(W::TY, get(w, op.a)));
    /// `dst = a`
    mov [] |w, op| set(w, op.dst, get(w, op.a));
    /// `N` moves, one after the other: see [`moves`]
    mov_many [const N: usize] |w, op| {
        for (dst, src) in moves(op).into_iter().take(N) {
            let word = get(w, src);
            set(w, dst, word);
        }
    };
    /// `dst = a & imm`: a narrower view of a word
    mov_masked [] |w, op| set(w, op.dst, get(w, op.a) & op.imm);
    /// `dst = imm`
    mov_imm [] |w, op| set(w, op.dst, op.imm);
    /// `dst = c ? a : b`
    select [] |w, op| {
        let value = if get(w, op.c) != 0 { get(w, op.a) } else { get(w, op.b) };
        set(w, op.dst, value);
    };

    /// Flags `dst = F(a, b)`
    flags_rr [F: FlagsBinary, W: Width] |w, op| set_flags(w, op.dst, F::flags(W::TY, get(w, op.a), get(w, op.b)));
    /// Flags `dst = F(a, imm)`
    flags_ri [F: FlagsBinary, W: Width] |w, op| set_flags(w, op.dst, F::flags(W::TY, get(w, op.a), op.imm));
    /// `dst = a op b` and flags `c = F(a, b)`
    with_flags_rr [F: FlagsBinary, W: Width] |w, op| {
        let (a, b) = (get(w, op.a), get(w, op.b));
        set(w, op.dst, F::eval(W::TY, a, b));
        set_flags(w, op.c, F::flags(W::TY, a, b));
    };
    /// `dst = a op imm` and flags `c = F(a, imm)`
    with_flags_ri [F: FlagsBinary, W: Width] |w, op| {
        let a = get(w, op.a);
        set(w, op.dst, F::eval(W::TY, a, op.imm));
        set_flags(w, op.c, F::flags(W::TY, a, op.imm));
    };
    /// Flags `dst = a + b + c`
    flags_adc [W: Width] |w, op| set_flags(w, op.dst, flags::adc(W::TY, get(w, op.a), get(w, op.b), get(w, op.c)));
    /// Flags `dst = a - b - !c`
    flags_sbc [W: Width] |w, op| set_flags(w, op.dst, flags::sbc(W::TY, get(w, op.a), get(w, op.b), get(w, op.c)));
    /// Flags `dst = logic(a, c)`
    flags_logic [W: Width] |w, op| set_flags(w, op.dst, flags::logic(W::TY, get(w, op.a), get(w, op.c)));
    /// N and Z of `a` into the first two words of `dst`
    put_nz [W: Width] |w, op| {
        let f = flags::logic(W::TY, get(w, op.a), 0);
        set(w, op.dst, u64::from(f.n));
        set(w, op.dst + 1, u64::from(f.z));
    };
    /// N and Z of `a` and C from `c` into the first three words of `dst`
    put_nzc [W: Width] |w, op| {
        let f = flags::logic(W::TY, get(w, op.a), get(w, op.c));
        set(w, op.dst, u64::from(f.n));
        set(w, op.dst + 1, u64::from(f.z));
        set(w, op.dst + 2, u64::from(f.c));
    };
    /// Flags `dst = from_bits(a)`
    flags_from_bits [] |w, op| set_flags(w, op.dst, flags::from_bits(get(w, op.a)));
    /// `dst` = bits of flags `a`
    flags_to_bits [] |w, op| set(w, op.dst, flags::to_bits(get_flags(w, op.a)));
    /// Those flags of `a` that `imm` names into `dst`
    mov_flags [] |w, op| move_flags(w, op.dst, op.a, FlagMask(op.imm as u8));
}

/// The moves that an op has room for, as destination and source.
#[inline(always)]
pub(super) fn moves<M>(op: &OpCode<M>) -> [(u16, u16); 4] {
    let imm = |n: u32| (op.imm >> (16 * n)) as u16;
    [(op.dst, op.a), (op.b, op.c), (imm(0), imm(1)), (imm(2), imm(3))]
}

/// As many moves as are given, at most four, in one op.
pub(super) fn mov_op<M>(moves: &[(u16, u16)]) -> OpCode<M> {
    let at = |i: usize| moves.get(i).copied().unwrap_or_default();
    let (x, y, z, t) = (at(0), at(1), at(2), at(3));
    let run = match moves.len() {
        0 | 1 => mov::<M>,
        2 => mov_many::<M, 2>,
        3 => mov_many::<M, 3>,
        _ => mov_many::<M, 4>,
    };
    let imm = u64::from(z.0) | u64::from(z.1) << 16 | u64::from(t.0) << 32 | u64::from(t.1) << 48;
    OpCode { run, dst: x.0, a: x.1, b: y.0, c: y.1, imm }
}

/// An addition or subtraction and its flags.
pub(super) trait FlagsBinary: Binary {
    fn flags(ty: Type, a: u64, b: u64) -> Flags;
}
impl FlagsBinary for Add {
    #[inline(always)]
    fn flags(ty: Type, a: u64, b: u64) -> Flags {
        flags::add(ty, a, b)
    }
}
impl FlagsBinary for Sub {
    #[inline(always)]
    fn flags(ty: Type, a: u64, b: u64) -> Flags {
        flags::sub(ty, a, b)
    }
}

/// The flags in the four words from `base` on.
#[inline(always)]
pub(super) fn get_flags(w: &Words, base: u16) -> Flags {
    Flags {
        n: get(w, base) as u32,
        z: get(w, base + 1) as u32,
        c: get(w, base + 2) as u32,
        v: get(w, base + 3) as u32,
    }
}

/// Writes the four words from `base` on.
#[inline(always)]
pub(super) fn set_flags(w: &mut Words, base: u16, f: Flags) {
    set(w, base, u64::from(f.n));
    set(w, base + 1, u64::from(f.z));
    set(w, base + 2, u64::from(f.c));
    set(w, base + 3, u64::from(f.v));
}

fn move_flags(w: &mut Words, dst: u16, src: u16, mask: FlagMask) {
    for i in 0..4 {
        if mask.0 >> (3 - i) & 1 != 0 {
            let word = get(w, src + i);
            set(w, dst + i, word);
        }
    }
}
