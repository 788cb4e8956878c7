//! What vector ops mean: each on numbers worked out by hand.

mod common;

use common::run;

/// Runs one op on `a` (in d0 and d1) and `b` (d2, d3): `op` is its name, `rest` its further immediates.
fn op(op: &str, rest: &str, a: u128, b: u128) -> u128 {
    let body = format!(
        "a0 = get.i64 d0\na1 = get.i64 d1\nb0 = get.i64 d2\nb1 = get.i64 d3
        a = vjoin.v128 a0, a1\nb = vjoin.v128 b0, b1\nr = {op}.v128 {rest}
        r0 = vlow.v128 r\nr1 = vhigh.v128 r\nput.i64 r0, d4\nput.i64 r1, d5"
    );
    let inputs = [("d0", a as u64), ("d1", (a >> 64) as u64), ("d2", b as u64), ("d3", (b >> 64) as u64)];
    let effect = run(&body, &inputs);
    u128::from(effect.reg("d4")) | u128::from(effect.reg("d5")) << 64
}

/// As [`op`], on `a, b` and then the given immediates.
fn binary(name: &str, immediates: &str, a: u128, b: u128) -> u128 {
    op(name, &format!("a, b, {immediates}"), a, b)
}

fn unary(name: &str, immediates: &str, a: u128) -> u128 {
    op(name, &format!("a, {immediates}"), a, 0)
}

const RAMP: u128 = 0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100;

#[test]
fn halves_and_lanes() {
    let body = "a = get.i64 d0\nb = get.i64 d1\nv = vjoin.v128 a, b
        x = vextract.v128 v, h8, 7\nput.i64 x, d2\ny = vextract.v128 v, b16, 1\nput.i64 y, d3
        w = vinsert.v128 v, a, w4, 3\nz = vhigh.v128 w\nput.i64 z, d4
        s = vsplat.v128 b, h8\nt = vlow.v128 s\nput.i64 t, d5";
    let effect = run(body, &[("d0", 0x1111_2222_3333_4455), ("d1", 0x8765_4321_0000_abcd)]);
    let got = ["d2", "d3", "d4", "d5"].map(|r| effect.reg(r));
    assert_eq!(got, [0x8765, 0x44, 0x3333_4455_0000_abcd, 0xabcd_abcd_abcd_abcd]);
}

#[test]
fn wrapping_arithmetic() {
    assert_eq!(binary("vadd", "b16", 0x01ff, 0x0101), 0x0200);
    assert_eq!(binary("vsub", "h8", 0x0001_0000, 0x0002_0001), 0xffff_ffff);
    assert_eq!(binary("vmul", "b16", 0x1011, 0x1011), 0x0021);
    assert_eq!(binary("vmul", "d2", 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff), 1);
    assert_eq!(unary("vneg", "w4", 0x8000_0000_0000_0001), 0x8000_0000_ffff_ffff);
    assert_eq!(unary("vabs", "b16", 0x80_ff_7f), 0x80_01_7f);
}

#[test]
fn saturation() {
    assert_eq!(binary("vadd_sat_s", "b16", 0x80_7f, 0xff_01), 0x80_7f);
    assert_eq!(binary("vadd_sat_u", "w4", 0xffff_fffe, 3), 0xffff_ffff);
    assert_eq!(binary("vsub_sat_s", "d2", 1 << 63, 1), 1 << 63);
    assert_eq!(binary("vsub_sat_s", "w4", 0x7fff_ffff, 0xffff_ffff), 0x7fff_ffff);
    assert_eq!(binary("vsub_sat_u", "h8", 5, 6), 0);
}

#[test]
fn order() {
    assert_eq!(binary("vmin_s", "b16", 0x80_01, 0x7f_02), 0x80_01);
    assert_eq!(binary("vmin_u", "b16", 0x80_01, 0x7f_02), 0x7f_01);
    assert_eq!(binary("vmax_s", "d2", u64::MAX.into(), 0), 0);
    assert_eq!(binary("vmax_u", "d2", u64::MAX.into(), 0), u64::MAX.into());
    assert_eq!(binary("vavg_u", "h8", 0xffff_0001, 0xfffe_0002), 0xffff_0002);
    assert_eq!(binary("vcmp", "b16, ult", 0x80_01, 0x7f_02), 0xff);
    assert_eq!(binary("vcmp", "h8, sle", 0x8000_0001, 0x0000_0000), u128::MAX << 16);
}

#[test]
fn counts() {
    assert_eq!(unary("vpopcnt", "b16", 0xff_03), 0x08_02);
    assert_eq!(unary("vclz", "h8", 0x0001_00ff), 0x0010_0010_0010_0010_0010_0010_000f_0008);
    assert_eq!(unary("vclz", "d2", 1), 64 << 64 | 63);
}

#[test]
fn bits_and_shifts() {
    assert_eq!(op("vselect", "a, b, a", 0xff00, 0x1234), 0x1200);
    assert_eq!(unary("vshl_i", "b16, 7", 0x03_01), 0x80_80);
    assert_eq!(unary("vsar_i", "d2, 63", 1 << 127), u128::MAX << 64);
    assert_eq!(unary("vshr_i", "h8, 15", 0x8000), 1);
    assert_eq!(binary("vshl_v", "b16", 0x01_01, 0x09_07), 0x02_80);
    assert_eq!(binary("vsar_v", "w4", 0x8000_0000, 33), 0xc000_0000);
    assert_eq!(binary("vshr_v", "d2", 1 << 63, 127), 1);
}

#[test]
fn widths() {
    assert_eq!(unary("vwiden_low_s", "b16", 0x80), 0xff80);
    assert_eq!(unary("vwiden_high_u", "w4", 0x8000_0000 << 64), 0x8000_0000);
    assert_eq!(unary("vwiden_high_s", "h8", 0x8000 << 64), 0xffff_8000);
    assert_eq!(binary("vnarrow", "h8", 0x1234, 0x5678), 0x78 << 64 | 0x34);
    assert_eq!(binary("vnarrow_sat_ss", "w4", 0x8000_0000, 0x0001_0000), 0x7fff << 64 | 0x8000);
    assert_eq!(binary("vnarrow_sat_su", "d2", 1 << 63, 1 << 40), 0xffff_ffff << 64);
    assert_eq!(binary("vnarrow_sat_uu", "h8", 0x8000, 0x00fe), 0xfe << 64 | 0xff);
}

#[test]
fn permutations() {
    let reverse = "0x1f1e1d1c1b1a19181716151413121110";
    assert_eq!(op("vshuffle", &format!("a, b, {reverse}"), 0, RAMP), RAMP);
    assert_eq!(op("vshuffle", "a, b, 0x000102030405060708090a0b0c0d0e0f", RAMP, 0), RAMP.swap_bytes());
    assert_eq!(op("vtable", "a, b", RAMP + 0x40, u128::MAX << 32 | 0x10_ff_0f_00), 0x0f_40);
    assert_eq!(op("vhelper", "a, b, b, helper0", 1, 0), 1);
}
