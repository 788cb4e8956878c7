//! What vector ops mean: functions on vectors as numbers of 128 bits, lane 0 in the lowest bits.

use crate::lanes::{Lanes, Shuffle};
use crate::types::{IntCc, Type};

/// Calls the macro `$m` with those vector ops whose operands and results are all vectors: a row gives variant, method,
/// the function of this module, operands and immediates.
#[macro_export]
macro_rules! for_each_vector_function {
    ($m:ident) => {
        $m! {
            VAdd vadd add (a, b) (lanes: Lanes);
            VSub vsub sub (a, b) (lanes: Lanes);
            VMul vmul mul (a, b) (lanes: Lanes);
            VNeg vneg neg (a) (lanes: Lanes);
            VAbs vabs abs (a) (lanes: Lanes);
            VAddSatS vadd_sat_s add_sat_s (a, b) (lanes: Lanes);
            VAddSatU vadd_sat_u add_sat_u (a, b) (lanes: Lanes);
            VSubSatS vsub_sat_s sub_sat_s (a, b) (lanes: Lanes);
            VSubSatU vsub_sat_u sub_sat_u (a, b) (lanes: Lanes);
            VMinS vmin_s min_s (a, b) (lanes: Lanes);
            VMinU vmin_u min_u (a, b) (lanes: Lanes);
            VMaxS vmax_s max_s (a, b) (lanes: Lanes);
            VMaxU vmax_u max_u (a, b) (lanes: Lanes);
            VAvgU vavg_u avg_u (a, b) (lanes: Lanes);
            VPopcnt vpopcnt popcnt (a) (lanes: Lanes);
            VClz vclz clz (a) (lanes: Lanes);
            VCmp vcmp cmp (a, b) (lanes: Lanes, cc: IntCc);
            VAnd vand and (a, b) ();
            VOr vor or (a, b) ();
            VXor vxor xor (a, b) ();
            VNot vnot not (a) ();
            VSelect vselect select (mask, a, b) ();
            VShlI vshl_i shl_i (a) (lanes: Lanes, amount: u8);
            VShrI vshr_i shr_i (a) (lanes: Lanes, amount: u8);
            VSarI vsar_i sar_i (a) (lanes: Lanes, amount: u8);
            VShlV vshl_v shl_v (a, b) (lanes: Lanes);
            VShrV vshr_v shr_v (a, b) (lanes: Lanes);
            VSarV vsar_v sar_v (a, b) (lanes: Lanes);
            VWidenLowS vwiden_low_s widen_low_s (a) (lanes: Lanes);
            VWidenLowU vwiden_low_u widen_low_u (a) (lanes: Lanes);
            VWidenHighS vwiden_high_s widen_high_s (a) (lanes: Lanes);
            VWidenHighU vwiden_high_u widen_high_u (a) (lanes: Lanes);
            VNarrow vnarrow narrow (a, b) (lanes: Lanes);
            VNarrowSatSs vnarrow_sat_ss narrow_sat_ss (a, b) (lanes: Lanes);
            VNarrowSatSu vnarrow_sat_su narrow_sat_su (a, b) (lanes: Lanes);
            VNarrowSatUu vnarrow_sat_uu narrow_sat_uu (a, b) (lanes: Lanes);
            VShuffle vshuffle_ shuffle (a, b) (shuffle: Shuffle);
            VTable vtable table (a, b) ();
        }
    };
}

/// The vector with these halves.
pub fn join(lo: u64, hi: u64) -> u128 {
    u128::from(lo) | u128::from(hi) << 64
}

/// The low half of a vector.
pub fn low(a: u128) -> u64 {
    a as u64
}

/// The high half of a vector.
pub fn high(a: u128) -> u64 {
    (a >> 64) as u64
}

/// A lane, zero-extended.
pub fn extract(lanes: Lanes, lane: u8, a: u128) -> u64 {
    (a >> (lanes.bits() * u32::from(lane) % 128)) as u64 & lanes.mask()
}

/// `a` with the low bits of `b` in a lane.
pub fn insert(lanes: Lanes, lane: u8, a: u128, b: u64) -> u128 {
    let at = lanes.bits() * u32::from(lane) % 128;
    a & !(u128::from(lanes.mask()) << at) | u128::from(b & lanes.mask()) << at
}

/// The low bits of `a` in every lane.
pub fn splat(lanes: Lanes, a: u64) -> u128 {
    (0..lanes.count() as u8).fold(0, |v, lane| insert(lanes, lane, v, a))
}

/// Lanes as an array and back.
trait Lane<const N: usize>: Sized {
    fn split(v: u128) -> [Self; N];
    fn join(lanes: [Self; N]) -> u128;
}

macro_rules! lane_types {
    ($($t:ident $n:literal $bytes:literal;)*) => {
        $(impl Lane<$n> for $t {
            #[inline(always)]
            fn split(v: u128) -> [$t; $n] {
                let bytes = v.to_le_bytes();
                std::array::from_fn(|i| {
                    $t::from_le_bytes(std::array::from_fn(|k| bytes[i * $bytes + k]))
                })
            }
            #[inline(always)]
            fn join(lanes: [$t; $n]) -> u128 {
                let mut bytes = [0; 16];
                for (to, lane) in bytes.chunks_exact_mut($bytes).zip(lanes) {
                    to.copy_from_slice(&lane.to_le_bytes());
                }
                u128::from_le_bytes(bytes)
            }
        })*
    };
}

lane_types! {
    u8 16 1;
    u16 8 2;
    u32 4 4;
    u64 2 8;
}

/// Defines functions that work lane by lane. In their bodies `U` and `S` are the unsigned and the signed type of a lane.
macro_rules! lane_functions {
    ($($(#[$doc:meta])* $name:ident($($x:ident),+ $(; $i:ident: $it:ty)?) = $body:expr;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(lanes: Lanes, $($i: $it,)? $($x: u128),+) -> u128 {
                macro_rules! in_type {
                    ($u:ident $s:ident $n:literal) => {{
                        #[allow(dead_code, reason = "not every function looks at signs")]
                        type S = $s;
                        type U = $u;
                        let f = $body;
                        $(let $x = <U as Lane<$n>>::split($x);)+
                        U::join(std::array::from_fn(|i| f($($x[i]),+)))
                    }};
                }
                match lanes {
                    Lanes::B16 => in_type!(u8 i8 16),
                    Lanes::H8 => in_type!(u16 i16 8),
                    Lanes::W4 => in_type!(u32 i32 4),
                    Lanes::D2 => in_type!(u64 i64 2),
                }
            }
        )*
    };
}

lane_functions! {
    /// Wrapping addition.
    add(a, b) = |a: U, b: U| a.wrapping_add(b);
    /// Wrapping subtraction.
    sub(a, b) = |a: U, b: U| a.wrapping_sub(b);
    /// Wrapping multiplication.
    mul(a, b) = |a: U, b: U| a.wrapping_mul(b);
    /// Wrapping negation.
    neg(a) = |a: U| a.wrapping_neg();
    /// Wrapping absolute value.
    abs(a) = |a: U| (a as S).wrapping_abs() as U;
    /// Signed saturating addition.
    add_sat_s(a, b) = |a: U, b: U| (a as S).saturating_add(b as S) as U;
    /// Unsigned saturating addition.
    add_sat_u(a, b) = |a: U, b: U| a.saturating_add(b);
    /// Signed saturating subtraction.
    sub_sat_s(a, b) = |a: U, b: U| (a as S).saturating_sub(b as S) as U;
    /// Unsigned saturating subtraction.
    sub_sat_u(a, b) = |a: U, b: U| a.saturating_sub(b);
    /// The smaller one of signed lanes.
    min_s(a, b) = |a: U, b: U| (a as S).min(b as S) as U;
    /// The smaller one of unsigned lanes.
    min_u(a, b) = |a: U, b: U| a.min(b);
    /// The larger one of signed lanes.
    max_s(a, b) = |a: U, b: U| (a as S).max(b as S) as U;
    /// The larger one of unsigned lanes.
    max_u(a, b) = |a: U, b: U| a.max(b);
    /// Unsigned average, rounded up.
    avg_u(a, b) = |a: U, b: U| (a | b) - ((a ^ b) >> 1);
    /// Number of bits set.
    popcnt(a) = |a: U| a.count_ones() as U;
    /// Number of leading zero bits.
    clz(a) = |a: U| a.leading_zeros() as U;
    /// All ones where the comparison holds.
    cmp(a, b; cc: IntCc) = |a: U, b: U| {
        let (x, y) = (a as S as i64 as u64, b as S as i64 as u64);
        // Sign extension keeps the order of unsigned numbers, too.
        if cc.eval(Type::I64, x, y) { U::MAX } else { 0 }
    };
    /// Left shift by less than the width.
    shl_i(a; amount: u8) = |a: U| a.wrapping_shl(amount.into());
    /// Logical right shift by less than the width.
    shr_i(a; amount: u8) = |a: U| a.wrapping_shr(amount.into());
    /// Arithmetic right shift by less than the width.
    sar_i(a; amount: u8) = |a: U| (a as S).wrapping_shr(amount.into()) as U;
    /// Left shift modulo the width.
    shl_v(a, b) = |a: U, b: U| a.wrapping_shl(b as u32);
    /// Logical right shift modulo the width.
    shr_v(a, b) = |a: U, b: U| a.wrapping_shr(b as u32);
    /// Arithmetic right shift modulo the width.
    sar_v(a, b) = |a: U, b: U| (a as S).wrapping_shr(b as u32) as U;
}

/// Bitwise and.
pub fn and(a: u128, b: u128) -> u128 {
    a & b
}

/// Bitwise or.
pub fn or(a: u128, b: u128) -> u128 {
    a | b
}

/// Bitwise exclusive or.
pub fn xor(a: u128, b: u128) -> u128 {
    a ^ b
}

/// Bitwise complement.
pub fn not(a: u128) -> u128 {
    !a
}

/// The bits of `a` where `mask` has ones, else those of `b`.
pub fn select(mask: u128, a: u128, b: u128) -> u128 {
    a & mask | b & !mask
}

/// Runs `$body` with lanes of type `U`/`S` and of twice the width, `W`/`X`, of which there are `N`. Lanes that have
/// none of twice the width are refused by the verifier.
macro_rules! with_wider {
    ($narrow:expr, $body:block) => {
        with_wider!($narrow, $body, (B16 u8 i8 u16 i16 8), (H8 u16 i16 u32 i32 4), (W4 u32 i32 u64 i64 2))
    };
    ($narrow:expr, $body:block, $(($lanes:ident $u:ident $s:ident $w:ident $x:ident $n:literal)),*) => {
        match $narrow {
            $(Some(Lanes::$lanes) => {
                #[allow(dead_code, reason = "not every function looks at signs")]
                type S = $s;
                #[allow(dead_code, reason = "not every function looks at signs")]
                type X = $x;
                type U = $u;
                type W = $w;
                const N: usize = $n;
                $body
            })*
            Some(Lanes::D2) | None => unreachable!("the verifier refuses these lanes"),
        }
    };
}

fn widen(lanes: Lanes, a: u128, first_byte: u32, signed: bool) -> u128 {
    with_wider!(Some(lanes), {
        let half: [U; 2 * N] = U::split(a >> (8 * first_byte));
        W::join(std::array::from_fn::<_, N, _>(|i| if signed { half[i] as S as W } else { W::from(half[i]) }))
    })
}

/// Sign-extends the lanes of the low half.
pub fn widen_low_s(lanes: Lanes, a: u128) -> u128 {
    widen(lanes, a, 0, true)
}

/// Zero-extends the lanes of the low half.
pub fn widen_low_u(lanes: Lanes, a: u128) -> u128 {
    widen(lanes, a, 0, false)
}

/// Sign-extends the lanes of the high half.
pub fn widen_high_s(lanes: Lanes, a: u128) -> u128 {
    widen(lanes, a, 8, true)
}

/// Zero-extends the lanes of the high half.
pub fn widen_high_u(lanes: Lanes, a: u128) -> u128 {
    widen(lanes, a, 8, false)
}

/// Defines functions from lanes to those of half the width, `a`'s to the low half. In their bodies `U` and `S` are the
/// narrow types, `W` and `X` the wide ones.
macro_rules! narrowing_functions {
    ($($(#[$doc:meta])* $name:ident = $body:expr;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(lanes: Lanes, a: u128, b: u128) -> u128 {
                with_wider!(lanes.narrower(), {
                    let f = $body;
                    let wide: [[W; N]; 2] = [W::split(a), W::split(b)];
                    U::join(std::array::from_fn::<_, { 2 * N }, _>(|i| f(wide[i / N][i % N])))
                })
            }
        )*
    };
}

narrowing_functions! {
    /// The low half of each lane.
    narrow = |x: W| x as U;
    /// Signed lanes, saturating to signed ones.
    narrow_sat_ss = |x: W| (x as X).clamp(S::MIN.into(), S::MAX.into()) as U;
    /// Signed lanes, saturating to unsigned ones.
    narrow_sat_su = |x: W| (x as X).clamp(0, U::MAX.into()) as U;
    /// Unsigned lanes, saturating to unsigned ones.
    narrow_sat_uu = |x: W| x.min(U::MAX.into()) as U;
}

/// Any bytes of `a` and `b` in any order.
pub fn shuffle(shuffle: Shuffle, a: u128, b: u128) -> u128 {
    let (a, b) = (a.to_le_bytes(), b.to_le_bytes());
    let byte = |i: u8| if i < 16 { a[usize::from(i)] } else { b[usize::from(i % 16)] };
    u128::from_le_bytes(shuffle.bytes().map(byte))
}

/// For each byte of `b` the byte of `a` that it is the index of; 0 when it is 16 or more.
pub fn table(a: u128, b: u128) -> u128 {
    let a = a.to_le_bytes();
    u128::from_le_bytes(b.to_le_bytes().map(|i| a.get(usize::from(i)).copied().unwrap_or(0)))
}
