//! Handlers of vector ops: the functions of [`vector`](super::vector) applied to pairs of words, and how the selector
//! chooses them.

use super::float::accumulated;
use super::op::{Env, Finish, OpCode, Words, get, next, set};
use super::vector;
use crate::lanes::{Lanes, Shuffle};
use crate::softfloat::{FloatCall, compare_lanes};
use crate::types::{FloatCc, FpMode, IntCc};

/// The vector in two words.
#[inline(always)]
fn get_vector(w: &Words, at: u16) -> u128 {
    vector::join(get(w, at), get(w, at + 1))
}

#[inline(always)]
fn set_vector(w: &mut Words, at: u16, v: u128) {
    set(w, at, vector::low(v));
    set(w, at + 1, vector::high(v));
}

/// An immediate of a vector op as a byte of an op's immediate.
pub(super) trait Immediate: Copy {
    fn pack(self) -> u8;
    fn unpack(byte: u8) -> Self;
}

impl Immediate for u8 {
    fn pack(self) -> u8 {
        self
    }
    #[inline(always)]
    fn unpack(byte: u8) -> u8 {
        byte
    }
}

impl Immediate for Lanes {
    fn pack(self) -> u8 {
        self as u8
    }
    #[inline(always)]
    fn unpack(byte: u8) -> Lanes {
        Lanes::ALL[usize::from(byte) % Lanes::ALL.len()]
    }
}

impl Immediate for IntCc {
    fn pack(self) -> u8 {
        self as u8
    }
    #[inline(always)]
    fn unpack(byte: u8) -> IntCc {
        IntCc::ALL[usize::from(byte) % IntCc::ALL.len()]
    }
}

impl Immediate for FloatCc {
    fn pack(self) -> u8 {
        self as u8
    }
    #[inline(always)]
    fn unpack(byte: u8) -> FloatCc {
        FloatCc::ALL[usize::from(byte) % FloatCc::ALL.len()]
    }
}

/// Immediates of a vector op: how they are held in an op's immediate and in `c`.
pub(super) trait Immediates: Copy {
    fn pack(self) -> (u64, u16);
    fn unpack(imm: u64, c: u16) -> Self;
}

impl Immediates for () {
    fn pack(self) -> (u64, u16) {
        (0, 0)
    }
    #[inline(always)]
    fn unpack(_: u64, _: u16) {}
}

impl<A: Immediate> Immediates for (A,) {
    fn pack(self) -> (u64, u16) {
        (self.0.pack().into(), 0)
    }
    #[inline(always)]
    fn unpack(imm: u64, _: u16) -> (A,) {
        (A::unpack(imm as u8),)
    }
}

impl<A: Immediate, B: Immediate> Immediates for (A, B) {
    fn pack(self) -> (u64, u16) {
        (u64::from(self.0.pack()) | u64::from(self.1.pack()) << 8, 0)
    }
    #[inline(always)]
    fn unpack(imm: u64, _: u16) -> (A, B) {
        (A::unpack(imm as u8), B::unpack((imm >> 8) as u8))
    }
}

/// A shuffle has 80 bits.
impl Immediates for (Shuffle,) {
    fn pack(self) -> (u64, u16) {
        self.0.parts()
    }
    #[inline(always)]
    fn unpack(imm: u64, c: u16) -> (Shuffle,) {
        (Shuffle::from_parts(imm, c),)
    }
}

/// A vector op whose operands and result are vectors, as a type parameter.
pub(super) trait Function {
    /// Number of operands: those in `a`, `b` and `c`, in that order.
    const OPERANDS: usize;
    fn eval(imm: u64, c: u16, operands: [u128; 3]) -> u128;
}

macro_rules! functions {
    ($($variant:ident $method:ident $function:ident ($($x:ident),+) ($($i:ident: $it:ty),*);)*) => {
        $(
            pub(super) struct $variant;
            impl Function for $variant {
                const OPERANDS: usize = [$(stringify!($x)),+].len();
                #[inline(always)]
                fn eval(imm: u64, c: u16, operands: [u128; 3]) -> u128 {
                    let ($($i,)*) = <($($it,)*)>::unpack(imm, c);
                    let [$($x,)+ ..] = operands;
                    vector::$function($($i,)* $($x),+)
                }
            }
        )*
    };
}

crate::for_each_vector_function!(functions);

/// Declares handlers: the body, then the next op.
macro_rules! handlers {
    ($($(#[$doc:meta])* $name:ident [$($generics:tt)*] |$w:ident, $env:ident, $op:ident| $body:expr;)*) => {
        $(
            $(#[$doc])*
            pub(super) fn $name<M, $($generics)*>(
                $w: &mut Words,
                $env: &mut Env<'_, M>,
                $op: &OpCode<M>,
                rest: &[OpCode<M>],
            ) -> Finish {
                $body;
                next($w, $env, rest)
            }
        )*
    };
}

handlers! {
    /// `dst = F(a, b, c)`, as far as it has operands
    function [F: Function] |w, env, op| {
        let operand = |n: usize, at: u16| if n < F::OPERANDS { get_vector(w, at) } else { 0 };
        let operands = [operand(0, op.a), operand(1, op.b), operand(2, op.c)];
        set_vector(w, op.dst, F::eval(op.imm, op.c, operands));
    };
    /// `dst` = the words `a` and `b`
    join [] |w, env, op| set_vector(w, op.dst, vector::join(get(w, op.a), get(w, op.b)));
    /// `dst` = the second word of `a`
    high [] |w, env, op| set(w, op.dst, get(w, op.a + 1));
    /// `dst` = the word `a` in every lane
    splat [] |w, env, op| {
        let (lanes,) = Immediates::unpack(op.imm, 0);
        set_vector(w, op.dst, vector::splat(lanes, get(w, op.a)));
    };
    /// `dst` = a lane of `a`
    extract [] |w, env, op| {
        let (lanes, lane) = Immediates::unpack(op.imm, 0);
        set(w, op.dst, vector::extract(lanes, lane, get_vector(w, op.a)));
    };
    /// `dst = a` with the word `b` in a lane
    insert [] |w, env, op| {
        let (lanes, lane) = Immediates::unpack(op.imm, 0);
        set_vector(w, op.dst, vector::insert(lanes, lane, get_vector(w, op.a), get(w, op.b)));
    };
    /// `dst` = the soft-float call `imm` on each lane of `a`, `b`, `c`
    float [] |w, env, op| {
        // The call was encoded when the block was compiled.
        if let Some(call) = FloatCall::decode(op.imm as u32) {
            let operands = [op.a, op.b, op.c].map(|at| get_vector(w, at));
            set_vector(w, op.dst, call.evaluate_lanes(env.nan_rule, operands).0);
        }
    };
    /// `dst` = what has accumulated, and the exceptions that the soft-float call `imm` raises on the lanes of `a`, `b`, `c`
    raises [] |w, env, op| {
        let operands = [op.a, op.b, op.c].map(|at| get_vector(w, at));
        let raised = FloatCall::decode(op.imm as u32)
            .map_or(0, |call| call.evaluate_lanes(env.nan_rule, operands).1.0);
        set(w, op.dst, accumulated(w, op.imm) | u64::from(raised));
    };
    /// `dst` = a comparison of floating-point lanes; with flush to zero when `c` is set
    float_compare [] |w, env, op| {
        let (lanes, cc) = Immediates::unpack(op.imm, 0);
        let mode = FpMode { flush: op.c != 0, ..FpMode::NEAREST };
        let (a, b) = (get_vector(w, op.a), get_vector(w, op.b));
        set_vector(w, op.dst, compare_lanes(lanes, cc, mode, env.nan_rule, a, b));
    };
    /// `dst` = vector helper number `imm` of `a`, `b`, `c`
    helper [] |w, env, op| {
        // The number was checked when the block was compiled.
        if let Some(helper) = env.vector_helpers.get(op.imm as usize) {
            let [a, b, c] = [op.a, op.b, op.c].map(|at| [get(w, at), get(w, at + 1)]);
            let [lo, hi] = (helper.function)(a, b, c);
            set_vector(w, op.dst, vector::join(lo, hi));
        }
    };
}
