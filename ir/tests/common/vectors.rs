//! Random vector ops.

use demotic_ir::{FloatCc, FpMode, HelperId, IntCc, Lanes, Rounding, Type, Value};

use super::random::Maker;

const TY: Type = Type::V128;

/// A random op that gives a vector.
pub(super) fn vector(m: &mut Maker<'_>) -> Value {
    let (x, y, i) = (m.value(TY), m.value(TY), m.value(Type::I64));
    let lanes = m.rng.pick(Lanes::ALL);
    let lane = m.rng.below(lanes.count().into()) as u8;
    match m.rng.below(9) {
        0 => m.b.vjoin(TY, i, i),
        1 => m.b.vsplat(TY, i, lanes),
        2 => m.b.vinsert(TY, x, i, lanes, lane),
        3 => m.b.vhelper(TY, x, y, x, HelperId(0)),
        4 => bits(m, x, y),
        5 => widths(m, x, y),
        6 => shift(m, x, y, lanes),
        7 => float(m, x, y),
        _ => arithmetic(m, x, y, lanes),
    }
}

/// A random op that gives a part of a vector; often both halves of one are wanted.
pub(super) fn part(m: &mut Maker<'_>) -> Value {
    let x = m.value(TY);
    let lanes = m.rng.pick(Lanes::ALL);
    let lane = m.rng.below(lanes.count().into()) as u8;
    match m.rng.below(4) {
        0 => m.b.vlow(TY, x),
        1 => m.b.vhigh(TY, x),
        2 => m.b.vextract(TY, x, lanes, lane),
        _ => {
            let (lo, hi) = (m.b.vlow(TY, x), m.b.vhigh(TY, x));
            let again = m.b.vjoin(TY, lo, hi);
            m.b.vlow(TY, again)
        }
    }
}

fn bits(m: &mut Maker<'_>, x: Value, y: Value) -> Value {
    let mask = u128::from(m.rng.next()) << 64 | u128::from(m.rng.next());
    let z = m.value(TY);
    let b = &mut m.b;
    match m.rng.below(8) {
        0 => b.vand(TY, x, y),
        1 => b.vor(TY, x, y),
        2 => b.vxor(TY, x, y),
        3 => b.vnot(TY, x),
        4 => b.vselect(TY, x, y, z),
        5 => b.vtable(TY, x, y),
        6 => b.v128(mask),
        _ => b.vshuffle(TY, x, y, mask),
    }
}

fn widths(m: &mut Maker<'_>, x: Value, y: Value) -> Value {
    let narrow = m.rng.pick(&[Lanes::B16, Lanes::H8, Lanes::W4]);
    let wide = m.rng.pick(&[Lanes::H8, Lanes::W4, Lanes::D2]);
    let b = &mut m.b;
    match m.rng.below(8) {
        0 => b.vwiden_low_s(TY, x, narrow),
        1 => b.vwiden_low_u(TY, x, narrow),
        2 => b.vwiden_high_s(TY, x, narrow),
        3 => b.vwiden_high_u(TY, x, narrow),
        4 => b.vnarrow(TY, x, y, wide),
        5 => b.vnarrow_sat_ss(TY, x, y, wide),
        6 => b.vnarrow_sat_su(TY, x, y, wide),
        _ => b.vnarrow_sat_uu(TY, x, y, wide),
    }
}

fn shift(m: &mut Maker<'_>, x: Value, y: Value, lanes: Lanes) -> Value {
    let amount = m.rng.below(lanes.bits().into()) as u8;
    let b = &mut m.b;
    match m.rng.below(6) {
        0 => b.vshl_i(TY, x, lanes, amount),
        1 => b.vshr_i(TY, x, lanes, amount),
        2 => b.vsar_i(TY, x, lanes, amount),
        3 => b.vshl_v(TY, x, y, lanes),
        4 => b.vshr_v(TY, x, y, lanes),
        _ => b.vsar_v(TY, x, y, lanes),
    }
}

fn float(m: &mut Maker<'_>, x: Value, y: Value) -> Value {
    let lanes = m.rng.pick(&[Lanes::H8, Lanes::W4, Lanes::D2]);
    let mode = FpMode {
        round: m.rng.pick(&[Rounding::Nearest, Rounding::Up, Rounding::Down, Rounding::Zero]),
        flush: m.rng.one_in(2),
        default_nan: m.rng.one_in(2),
    };
    let cc = m.rng.pick(FloatCc::ALL);
    let z = m.value(TY);
    let b = &mut m.b;
    match m.rng.below(11) {
        0 => b.vfadd(TY, x, y, lanes, mode),
        1 => b.vfsub(TY, x, y, lanes, mode),
        2 => b.vfmul(TY, x, y, lanes, mode),
        3 => b.vfdiv(TY, x, y, lanes, mode),
        4 => b.vfsqrt(TY, x, lanes, mode),
        5 => b.vfma(TY, x, y, z, lanes, mode),
        6 => b.vfcmp(TY, x, y, lanes, cc, mode),
        7 => b.vf_from_s(TY, x, lanes, mode),
        8 => b.vf_from_u(TY, x, lanes, mode),
        9 => b.vf_to_s(TY, x, lanes, mode),
        _ => b.vf_to_u(TY, x, lanes, mode),
    }
}

fn arithmetic(m: &mut Maker<'_>, x: Value, y: Value, lanes: Lanes) -> Value {
    let cc = m.rng.pick(IntCc::ALL);
    let b = &mut m.b;
    match m.rng.below(17) {
        0 => b.vadd(TY, x, y, lanes),
        1 => b.vsub(TY, x, y, lanes),
        2 => b.vmul(TY, x, y, lanes),
        3 => b.vneg(TY, x, lanes),
        4 => b.vabs(TY, x, lanes),
        5 => b.vadd_sat_s(TY, x, y, lanes),
        6 => b.vadd_sat_u(TY, x, y, lanes),
        7 => b.vsub_sat_s(TY, x, y, lanes),
        8 => b.vsub_sat_u(TY, x, y, lanes),
        9 => b.vmin_s(TY, x, y, lanes),
        10 => b.vmin_u(TY, x, y, lanes),
        11 => b.vmax_s(TY, x, y, lanes),
        12 => b.vmax_u(TY, x, y, lanes),
        13 => b.vavg_u(TY, x, y, lanes),
        14 => b.vpopcnt(TY, x, Lanes::B16),
        15 => b.vclz(TY, x, lanes),
        _ => b.vcmp(TY, x, y, lanes, cc),
    }
}
