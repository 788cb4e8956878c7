//! The soft-float against the host's FPU, and hard cases.

use proptest::prelude::*;

use super::{Exceptions, FloatCall, FloatOp, Number, Order, Soft};
use crate::guest::NanRule;
use crate::types::{FpMode, Rounding};

const NEAREST: FpMode = FpMode::NEAREST;

fn soft(round: Rounding) -> Soft {
    Soft::new(NEAREST.rounding(round), NanRule::Arm)
}

/// Bit patterns in which edges are frequent: few bits set, exponents near their ends.
fn edgy(width: u32) -> impl Strategy<Value = u64> {
    let fraction_bits = if width == 64 { 52 } else { 23 };
    let exponents = if width == 64 { 0x7ffu64 } else { 0xff };
    let mask = u64::MAX >> (64 - width);
    let near = prop_oneof![0u64..4, (exponents / 2 - 3)..(exponents / 2 + 60), (exponents - 3)..=exponents];
    let fraction = prop_oneof![
        Just(0u64),
        Just(u64::MAX),
        any::<u64>(),
        (0u32..52).prop_map(|n| 1 << n),
        (0u32..52).prop_map(|n| u64::MAX << n),
    ];
    let built = (any::<bool>(), near, fraction).prop_map(move |(sign, exponent, fraction)| {
        u64::from(sign) << (width - 1) | exponent << fraction_bits | fraction & ((1 << fraction_bits) - 1)
    });
    prop_oneof![built, any::<u64>().prop_map(move |x| x & mask)]
}

fn same64(ours: u64, host: f64) -> bool {
    ours == host.to_bits() || host.is_nan() && f64::from_bits(ours).is_nan()
}

fn same32(ours: u64, host: f32) -> bool {
    ours == u64::from(host.to_bits()) || host.is_nan() && f32::from_bits(ours as u32).is_nan()
}

/// What a directed rounding of a binary64 number to binary32 must be, from what rounding to nearest makes of it.
fn directed(x: f64, round: Rounding) -> f32 {
    let nearest = x as f32;
    let (down, up) = match f64::from(nearest).partial_cmp(&x) {
        Some(std::cmp::Ordering::Less) => (nearest, nearest.next_up()),
        Some(std::cmp::Ordering::Greater) => (nearest.next_down(), nearest),
        _ => (nearest, nearest),
    };
    match round {
        Rounding::Up => up,
        Rounding::Down => down,
        Rounding::Zero if x > 0.0 => down,
        Rounding::Zero => up,
        Rounding::Nearest | Rounding::Away => nearest,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn binary64_is_the_hosts(a in edgy(64), b in edgy(64), c in edgy(64)) {
        let (x, y, z) = (f64::from_bits(a), f64::from_bits(b), f64::from_bits(c));
        let mut s = soft(Rounding::Nearest);
        prop_assert!(same64(s.add(Number::F64, a, b), x + y));
        prop_assert!(same64(s.sub(Number::F64, a, b), x - y));
        prop_assert!(same64(s.mul(Number::F64, a, b), x * y));
        prop_assert!(same64(s.div(Number::F64, a, b), x / y));
        prop_assert!(same64(s.sqrt(Number::F64, a), x.sqrt()));
        prop_assert!(same64(s.fma(Number::F64, a, b, c), x.mul_add(y, z)));
        prop_assert!(same32(s.convert(Number::F64, Number::F32, 0, a), x as f32));
    }

    #[test]
    fn binary32_is_the_hosts(a in edgy(32), b in edgy(32), c in edgy(32)) {
        let [x, y, z] = [a, b, c].map(|n| f32::from_bits(n as u32));
        let mut s = soft(Rounding::Nearest);
        prop_assert!(same32(s.add(Number::F32, a, b), x + y));
        prop_assert!(same32(s.sub(Number::F32, a, b), x - y));
        prop_assert!(same32(s.mul(Number::F32, a, b), x * y));
        prop_assert!(same32(s.div(Number::F32, a, b), x / y));
        prop_assert!(same32(s.sqrt(Number::F32, a), x.sqrt()));
        prop_assert!(same32(s.fma(Number::F32, a, b, c), x.mul_add(y, z)));
        prop_assert!(same64(s.convert(Number::F32, Number::F64, 0, a), f64::from(x)));
        let order = s.compare(Number::F32, a, b, false);
        prop_assert_eq!((order == Order::Less, order == Order::Equal), (x < y, x == y));
    }

    #[test]
    fn directed_roundings_enclose(a in edgy(32), b in edgy(32)) {
        let (x, y) = (f32::from_bits(a as u32), f32::from_bits(b as u32));
        let product = f64::from(x) * f64::from(y);
        if product.is_finite() && product != 0.0 {
            for round in [Rounding::Up, Rounding::Down, Rounding::Zero] {
                let mut s = soft(round);
                prop_assert!(same32(s.mul(Number::F32, a, b), directed(product, round)), "{:?}", round);
                let inexact = f64::from(directed(product, round)) != product;
                prop_assert_eq!(s.raised.contains(Exceptions::INEXACT), inexact);
                let bits = product.to_bits();
                prop_assert!(same32(soft(round).convert(Number::F64, Number::F32, 0, bits), directed(product, round)));
            }
        }
    }

    #[test]
    fn integers_are_the_hosts(a in edgy(64), n in any::<u64>()) {
        let x = f64::from_bits(a);
        let to = |number| soft(Rounding::Zero).convert(Number::F64, number, 0, a);
        prop_assert_eq!(to(Number::S32), u64::from(x as i32 as u32));
        prop_assert_eq!(to(Number::U32), u64::from(x as u32));
        prop_assert_eq!(to(Number::S64), x as i64 as u64);
        prop_assert_eq!(to(Number::U64), x as u64);
        prop_assert_eq!(to(Number::S16), u64::from(x as i16 as u16));
        let from = |number, format| soft(Rounding::Nearest).convert(number, format, 0, n);
        prop_assert!(same64(from(Number::S64, Number::F64), n as i64 as f64));
        prop_assert!(same64(from(Number::U64, Number::F64), n as f64));
        prop_assert!(same32(from(Number::S32, Number::F32), n as i32 as f32));
        prop_assert!(same32(from(Number::U64, Number::F32), n as f32));
        for (round, expected) in [
            (Rounding::Nearest, x.round_ties_even()),
            (Rounding::Up, x.ceil()),
            (Rounding::Down, x.floor()),
            (Rounding::Zero, x.trunc()),
            (Rounding::Away, x.round()),
        ] {
            prop_assert!(same64(soft(round).round_to_integral(Number::F64, a, false), expected));
        }
    }

    #[test]
    fn half_precision_round_trips(a in 0u64..0x10000) {
        let mut s = soft(Rounding::Nearest);
        let wide = s.convert(Number::F16, Number::F32, 0, a);
        let quiet = if a & 0x7fff > 0x7c00 { a | 0x200 } else { a };
        prop_assert_eq!(s.convert(Number::F32, Number::F16, 0, wide), quiet);
        let wide = s.convert(Number::Ahp, Number::F64, 0, a);
        prop_assert_eq!(s.convert(Number::F64, Number::Ahp, 0, wide), a);
    }

    #[test]
    fn calls_have_a_word(op in 0usize..18, from in 0usize..10, to in 0usize..10, fraction in 0u8..64, round in 0usize..5) {
        let mode = FpMode { round: Rounding::ALL[round], flush: op % 2 == 0, default_nan: from % 2 == 0 };
        let call = FloatCall { op: FloatOp::ALL[op], from: Number::ALL[from], to: Number::ALL[to], fraction, mode };
        prop_assert_eq!(FloatCall::decode(call.encode()), Some(call));
    }
}

/// What an operation on binary32 numbers raises.
fn raised(op: FloatOp, mode: FpMode, rule: NanRule, operands: [u64; 3]) -> (u64, Exceptions) {
    FloatCall::new(op, Number::F32, mode).evaluate(rule, operands)
}

const LEAST: u64 = 0x0080_0000;
const INFINITY: u64 = 0x7f80_0000;
const ONE: u64 = 0x3f80_0000;

#[test]
fn exceptions() {
    use Exceptions as E;
    let arm = |op, a, b| raised(op, NEAREST, NanRule::Arm, [a, b, 0]);
    assert_eq!(arm(FloatOp::Div, ONE, 0), (INFINITY, E::DIVIDE_BY_ZERO));
    assert_eq!(arm(FloatOp::Div, 0, 0), (0x7fc0_0000, E::INVALID));
    assert_eq!(arm(FloatOp::Mul, 0x7f00_0000, 0x7f00_0000), (INFINITY, E::OVERFLOW | E::INEXACT));
    assert_eq!(arm(FloatOp::Mul, LEAST, LEAST), (0, E::UNDERFLOW | E::INEXACT));
    assert_eq!(arm(FloatOp::Mul, LEAST, 0x3f00_0000), (LEAST / 2, E::NONE), "exact and tiny");
    assert_eq!(arm(FloatOp::Add, 0x7f80_0001, ONE), (0x7fc0_0001, E::INVALID));
    assert_eq!(arm(FloatOp::Add, ONE, 0x3080_0000), (ONE, E::INEXACT));
    assert_eq!(arm(FloatOp::Compare, 0x7fc0_0000, ONE).1, E::NONE);
    assert_eq!(arm(FloatOp::CompareSignalling, 0x7fc0_0000, ONE).1, E::INVALID);
}

#[test]
fn tininess_before_and_after_rounding() {
    // 0x00ffffff × 0.5 is halfway between the largest subnormal number and the smallest normal one.
    let operands = [0x00ff_ffff, 0x3f00_0000, 0];
    let both = Exceptions::UNDERFLOW | Exceptions::INEXACT;
    assert_eq!(raised(FloatOp::Mul, NEAREST, NanRule::Arm, operands), (LEAST, both));
    assert_eq!(raised(FloatOp::Mul, NEAREST, NanRule::Mips2008, operands), (LEAST, both));
    // A bit less than half a unit below it: with an unlimited exponent this rounds up to the smallest normal number.
    let operands = [0x3f7f_ffff, 0x0080_0000, 0x8000_0000];
    assert_eq!(raised(FloatOp::Mul, NEAREST, NanRule::Arm, operands).1, both);
    let close = [0x3f80_0001, 0x007f_ffff, 0];
    assert_eq!(raised(FloatOp::Mul, NEAREST, NanRule::Arm, close), (LEAST, both));
    assert_eq!(raised(FloatOp::Mul, NEAREST, NanRule::Mips2008, close), (LEAST, Exceptions::INEXACT));
}

#[test]
fn flushing() {
    let flush = FpMode { flush: true, ..NEAREST };
    let arm = |op, a, b| raised(op, flush, NanRule::Arm, [a, b, 0]);
    assert_eq!(arm(FloatOp::Add, 0x8000_0001, 0x8000_0001), (0x8000_0000, Exceptions::INPUT_DENORMAL));
    assert_eq!(arm(FloatOp::Mul, LEAST, 0xbf00_0000), (0x8000_0000, Exceptions::UNDERFLOW));
    let mips = raised(FloatOp::Mul, flush, NanRule::Mips2008, [LEAST, 0xbf00_0000, 0]);
    assert_eq!(mips, (0x8000_0000, Exceptions::UNDERFLOW | Exceptions::INEXACT));
    assert_eq!(arm(FloatOp::Compare, 1, 0), (Order::Equal as u64, Exceptions::INPUT_DENORMAL));
    let half = FloatCall::new(FloatOp::Add, Number::F16, flush);
    assert_eq!(half.evaluate(NanRule::Arm, [1, 1, 0]), (0, Exceptions::NONE));
}

#[test]
fn nans_by_each_rule() {
    let quiet = 0xffc0_0005;
    let (signalling, default) = (0x7f80_0007, 0x7fc0_0000);
    let value = |rule, mode, a, b| raised(FloatOp::Add, mode, rule, [a, b, 0]).0;
    assert_eq!(value(NanRule::Arm, NEAREST, quiet, signalling), 0x7fc0_0007);
    assert_eq!(value(NanRule::Mips2008, NEAREST, quiet, ONE), quiet);
    assert_eq!(value(NanRule::Arm, FpMode { default_nan: true, ..NEAREST }, quiet, ONE), default);
    assert_eq!(value(NanRule::MipsLegacy, NEAREST, quiet, ONE), 0x7fbf_ffff);
    assert_eq!(value(NanRule::MipsLegacy, NEAREST, signalling, ONE), signalling);
    let fma = |rule, operands| raised(FloatOp::Fma, NEAREST, rule, operands);
    assert_eq!(fma(NanRule::Arm, [INFINITY, 0, quiet]), (default, Exceptions::INVALID));
    assert_eq!(fma(NanRule::Mips2008, [INFINITY, 0, quiet]), (quiet, Exceptions::INVALID));
    assert_eq!(fma(NanRule::Arm, [quiet, ONE, 0x7fc0_0009]), (0x7fc0_0009, Exceptions::NONE));
}

#[test]
fn extremes() {
    let quiet = 0x7fc0_0000;
    let value = |op, a, b| raised(op, NEAREST, NanRule::Arm, [a, b, 0]).0;
    assert_eq!(value(FloatOp::Max, 0x8000_0000, 0), 0);
    assert_eq!(value(FloatOp::Min, 0, 0x8000_0000), 0x8000_0000);
    assert_eq!(value(FloatOp::MaxNum, quiet, ONE), ONE);
    assert_eq!(value(FloatOp::Max, quiet, ONE), quiet);
    assert_eq!(value(FloatOp::MaxNum, 0x7f80_0001, ONE), 0x7fc0_0001);
    assert_eq!(value(FloatOp::MinNumMagnitude, 0xbf80_0000, 0x4000_0000), 0xbf80_0000);
}

#[test]
fn alternative_half_precision_saturates() {
    let convert = |a| FloatCall::convert(Number::F32, Number::Ahp, NEAREST).evaluate(NanRule::Arm, [a, 0, 0]);
    assert_eq!(convert(INFINITY), (0x7fff, Exceptions::INVALID));
    assert_eq!(convert(0x7fc0_0000), (0, Exceptions::INVALID));
    assert_eq!(convert(0x4800_0000), (0x7fff, Exceptions::INVALID));
    assert_eq!(convert(0x47ff_e000), (0x7fff, Exceptions::NONE));
}

#[test]
fn fixed_point_and_javascript() {
    let fixed = FloatCall { fraction: 16, ..FloatCall::convert(Number::F32, Number::S32, NEAREST) };
    assert_eq!(fixed.evaluate(NanRule::Arm, [0x3fc0_0000, 0, 0]), (0x1_8000, Exceptions::NONE));
    let js = |x: f64| {
        FloatCall::new(FloatOp::JsConvert, Number::F64, NEAREST).evaluate(NanRule::Arm, [x.to_bits(), 0, 0])
    };
    assert_eq!(js(-1.0), (1 << 32 | 0xffff_ffff, Exceptions::NONE));
    assert_eq!(js(4_294_967_297.5), (1, Exceptions::INVALID));
    assert_eq!(js(1.5), (1, Exceptions::INEXACT));
    assert_eq!(js(-0.0), (0, Exceptions::NONE));
}
