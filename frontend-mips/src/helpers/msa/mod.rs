//! Helpers of the SIMD architecture: division, fixed-point products, sliding by a register, and floating point.

mod float;
mod lanes;

pub(crate) use float::{FloatOp, control};

use demotic_ir::HelperId;

use super::helpers;
use crate::state;
use lanes::Width::{B, D, H, W};
use lanes::{Vector, Width, map, number, unsigned_number};

helpers! {
    VECTOR_HELPERS: VectorHelper;
    /// Floating point: half vectors `[a, b], [c, control], [operation, _]`; gives half a vector and its exceptions.
    FLOAT = float_lanes;
    /// What the last instruction of the floating-point unit has raised, of which `FP_CALLS` and `FP_OPERANDS` tell in two
    /// vectors.
    LAST_CAUSE = last_cause;
    /// The classes of singles in `ws`: `(_, ws, _)`.
    FCLASS_W = fclass_w;
    /// The classes of doubles in `ws`: `(_, ws, _)`.
    FCLASS_D = fclass_d;
    /// SLD: `(wd, ws, [n, bytes of a row])`.
    SLD = sld;
    /// DIV_S.B: `(_, ws, wt)`, as in the following ones.
    DIV_S_B = div_s_b;
    /// DIV_S.H.
    DIV_S_H = div_s_h;
    /// DIV_S.W.
    DIV_S_W = div_s_w;
    /// DIV_S.D.
    DIV_S_D = div_s_d;
    /// DIV_U.B.
    DIV_U_B = div_u_b;
    /// DIV_U.H.
    DIV_U_H = div_u_h;
    /// DIV_U.W.
    DIV_U_W = div_u_w;
    /// DIV_U.D.
    DIV_U_D = div_u_d;
    /// MOD_S.B.
    MOD_S_B = mod_s_b;
    /// MOD_S.H.
    MOD_S_H = mod_s_h;
    /// MOD_S.W.
    MOD_S_W = mod_s_w;
    /// MOD_S.D.
    MOD_S_D = mod_s_d;
    /// MOD_U.B.
    MOD_U_B = mod_u_b;
    /// MOD_U.H.
    MOD_U_H = mod_u_h;
    /// MOD_U.W.
    MOD_U_W = mod_u_w;
    /// MOD_U.D.
    MOD_U_D = mod_u_d;
    /// MUL_Q.H: `(wd, ws, wt)`, as in the following ones.
    MUL_Q_H = mul_q_h;
    /// MUL_Q.W.
    MUL_Q_W = mul_q_w;
    /// MULR_Q.H.
    MULR_Q_H = mulr_q_h;
    /// MULR_Q.W.
    MULR_Q_W = mulr_q_w;
    /// MADD_Q.H.
    MADD_Q_H = madd_q_h;
    /// MADD_Q.W.
    MADD_Q_W = madd_q_w;
    /// MADDR_Q.H.
    MADDR_Q_H = maddr_q_h;
    /// MADDR_Q.W.
    MADDR_Q_W = maddr_q_w;
    /// MSUB_Q.H.
    MSUB_Q_H = msub_q_h;
    /// MSUB_Q.W.
    MSUB_Q_W = msub_q_w;
    /// MSUBR_Q.H.
    MSUBR_Q_H = msubr_q_h;
    /// MSUBR_Q.W.
    MSUBR_Q_W = msubr_q_w;
}

/// DIV_S by format, as the following ones are.
pub(crate) const DIV_S: [HelperId; 4] = [DIV_S_B, DIV_S_H, DIV_S_W, DIV_S_D];
/// DIV_U.
pub(crate) const DIV_U: [HelperId; 4] = [DIV_U_B, DIV_U_H, DIV_U_W, DIV_U_D];
/// MOD_S.
pub(crate) const MOD_S: [HelperId; 4] = [MOD_S_B, MOD_S_H, MOD_S_W, MOD_S_D];
/// MOD_U.
pub(crate) const MOD_U: [HelperId; 4] = [MOD_U_B, MOD_U_H, MOD_U_W, MOD_U_D];

fn last_cause([calls, a]: [u64; 2], [b, c]: [u64; 2], _: [u64; 2]) -> [u64; 2] {
    [state::last_cause(calls, [a, b, c]).into(), 0]
}

/// Division by 0 is unpredictable; this is what a plain restoring divider gives.
fn quotient(a: i64, b: i64) -> i64 {
    match b {
        0 if a >= 0 => -1,
        0 => 1,
        _ => a.wrapping_div(b),
    }
}

fn remainder(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { a.wrapping_rem(b) }
}

/// The four functions of a signed and an unsigned division.
macro_rules! divisions {
    ($($signed_div:ident $unsigned_div:ident $signed_mod:ident $unsigned_mod:ident: $width:ident;)*) => {
        $(
            fn $signed_div(_: Vector, s: Vector, t: Vector) -> Vector {
                map($width, [s, t, t], |[s, t, _]| quotient(number($width, s), number($width, t)) as u64)
            }

            fn $unsigned_div(_: Vector, s: Vector, t: Vector) -> Vector {
                map($width, [s, t, t], |[s, t, _]| s.checked_div(t).unwrap_or(u64::MAX))
            }

            fn $signed_mod(_: Vector, s: Vector, t: Vector) -> Vector {
                map($width, [s, t, t], |[s, t, _]| remainder(number($width, s), number($width, t)) as u64)
            }

            fn $unsigned_mod(_: Vector, s: Vector, t: Vector) -> Vector {
                map($width, [s, t, t], |[s, t, _]| s.checked_rem(t).unwrap_or(s))
            }
        )*
    };
}

divisions! {
    div_s_b div_u_b mod_s_b mod_u_b: B;
    div_s_h div_u_h mod_s_h mod_u_h: H;
    div_s_w div_u_w mod_s_w mod_u_w: W;
    div_s_d div_u_d mod_s_d mod_u_d: D;
}

/// (d + factor × s × t) of fractions, rounded by `half` of the last bit's place, saturated.
fn fraction(width: Width, [d, s, t]: [u64; 3], factor: i64, half: i64) -> u64 {
    let point = width.bits() - 1;
    let [d, s, t] = [d, s, t].map(|lane| number(width, lane));
    // Every term is less than 2^63.
    let sum = (d << point) + factor * (s * t) + (half << (point - 1));
    (sum >> point).clamp(-1 << point, (1 << point) - 1) as u64
}

/// Fixed-point multiplications: the factor of the product, whether the destination is added, whether it is rounded.
macro_rules! fixed_point {
    ($($function:ident: $width:ident, $keep:expr, $factor:expr, $half:expr;)*) => {
        $(fn $function(d: Vector, s: Vector, t: Vector) -> Vector {
            map($width, [d, s, t], |[d, s, t]| fraction($width, [d * $keep, s, t], $factor, $half))
        })*
    };
}

fixed_point! {
    mul_q_h: H, 0, 1, 0;
    mul_q_w: W, 0, 1, 0;
    mulr_q_h: H, 0, 1, 1;
    mulr_q_w: W, 0, 1, 1;
    madd_q_h: H, 1, 1, 0;
    madd_q_w: W, 1, 1, 0;
    maddr_q_h: H, 1, 1, 1;
    maddr_q_w: W, 1, 1, 1;
    msub_q_h: H, 1, -1, 0;
    msub_q_w: W, 1, -1, 0;
    msubr_q_h: H, 1, -1, 1;
    msubr_q_w: W, 1, -1, 1;
}

/// In every row of bytes, byte `n + i` of source and destination, taken together, comes to `i`.
fn sld(d: Vector, s: Vector, [n, row]: Vector) -> Vector {
    let (d, s) = (lanes::bytes(d), lanes::bytes(s));
    let row = (row as usize).clamp(1, 16);
    let n = n as usize % row;
    lanes::of_bytes(std::array::from_fn(|at| {
        let (first, place) = (at / row * row, at % row + n);
        let from = if place < row { &s } else { &d };
        from[(first + place % row) & 15]
    }))
}

fn float_lanes(operands: Vector, more: Vector, operation: Vector) -> Vector {
    float::lanes(operands, more, operation[0])
}

fn fclass_w(_: Vector, s: Vector, _: Vector) -> Vector {
    map(W, [s, s, s], |[s, _, _]| float::class(W, s))
}

fn fclass_d(_: Vector, s: Vector, _: Vector) -> Vector {
    map(D, [s, s, s], |[s, _, _]| float::class(D, unsigned_number(D, s)))
}
