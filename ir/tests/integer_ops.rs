//! What integer, flag and state ops mean, at the edges. Every case runs through all pipelines and the reference.

mod common;

use common::run;
use demotic_ir::FlagCc;

/// The result of `op.i32 a, b`.
fn op32(op: &str, a: u64, b: u64) -> u64 {
    let body = format!("a = get.i32 r0\nb = get.i32 r1\nc = {op}.i32 a, b\nput.i32 c, r2");
    let result = run(&body, &[("r0", a), ("r1", b)]).reg("r2");
    // The same with the second operand constant, and with the first.
    let body = format!("a = get.i32 r0\nb = const.i32 {b}\nc = {op}.i32 a, b\nput.i32 c, r2");
    assert_eq!(run(&body, &[("r0", a)]).reg("r2"), result, "{op} with an immediate");
    let body = format!("a = const.i32 {a}\nb = get.i32 r1\nc = {op}.i32 a, b\nput.i32 c, r2");
    assert_eq!(run(&body, &[("r1", b)]).reg("r2"), result, "{op} of an immediate");
    result
}

/// The result of `op.i64 a, b`.
fn op64(op: &str, a: u64, b: u64) -> u64 {
    let body = format!("a = get.i64 d0\nb = get.i64 d1\nc = {op}.i64 a, b\nput.i64 c, d2");
    run(&body, &[("d0", a), ("d1", b)]).reg("d2")
}

/// The result of `op.i32 a`.
fn unary32(op: &str, a: u64) -> u64 {
    run(&format!("a = get.i32 r0\nc = {op}\nput.i32 c, r2"), &[("r0", a)]).reg("r2")
}

const MIN32: u64 = 0x8000_0000;
const M1: u64 = 0xffff_ffff;
const MIN64: u64 = 1 << 63;

#[test]
fn arithmetic_wraps() {
    assert_eq!(op32("add", M1, 1), 0);
    assert_eq!(op32("sub", 0, 1), M1);
    assert_eq!(op32("mul", MIN32 + 1, 2), 2);
    assert_eq!(op64("add", u64::MAX, 2), 1);
    assert_eq!(op64("sub", 0, 1), u64::MAX);
    assert_eq!(op64("mul", MIN64 + 3, 2), 6);
}

#[test]
fn high_halves_of_products() {
    assert_eq!(op32("umul_high", M1, M1), 0xffff_fffe);
    assert_eq!(op32("smul_high", M1, M1), 0);
    assert_eq!(op32("smul_high", MIN32, MIN32), 0x4000_0000);
    assert_eq!(op32("smul_high", M1, 1), M1);
    assert_eq!(op64("umul_high", u64::MAX, u64::MAX), u64::MAX - 1);
    assert_eq!(op64("smul_high", MIN64, 2), u64::MAX);
}

#[test]
fn division_has_no_traps() {
    assert_eq!(op32("udiv", 7, 0), 0);
    assert_eq!(op32("sdiv", 7, 0), 0);
    assert_eq!(op32("sdiv", MIN32, M1), MIN32);
    assert_eq!(op32("sdiv", M1 - 6, 2), M1 - 2);
    assert_eq!(op32("udiv", M1, 16), 0x0fff_ffff);
    assert_eq!(op64("sdiv", MIN64, u64::MAX), MIN64);
    assert_eq!(op64("udiv", u64::MAX, 0), 0);
}

#[test]
fn shifts_are_modulo_the_width() {
    for (by, same) in [(0, 0), (32, 0), (33, 1), (63, 31), (0x8000_0001, 1)] {
        for op in ["shl", "shr", "sar", "rotr"] {
            assert_eq!(op32(op, 0x8000_1234, by), op32(op, 0x8000_1234, same), "{op} by {by}");
        }
    }
    assert_eq!(op32("shl", 0x8000_0001, 31), MIN32);
    assert_eq!(op32("shr", MIN32, 31), 1);
    assert_eq!(op32("sar", MIN32, 31), M1);
    assert_eq!(op32("rotr", 0x8000_0001, 1), 0xc000_0000);
    assert_eq!(op64("shl", 1, 127), MIN64);
    assert_eq!(op64("sar", MIN64, 63), u64::MAX);
    assert_eq!(op64("rotr", 1, 65), MIN64);
}

#[test]
fn bits_and_extensions() {
    assert_eq!(unary32("clz.i32 a", 0), 32);
    assert_eq!(unary32("clz.i32 a", 1), 31);
    assert_eq!(unary32("not.i32 a", 0), M1);
    assert_eq!(unary32("bit_reverse.i32 a", 1), MIN32);
    assert_eq!(unary32("byte_swap.i32 a", 0x0102_0304), 0x0403_0201);
    assert_eq!(unary32("sext_low.i32 a, 8", 0x180), 0xffff_ff80);
    assert_eq!(unary32("sext_low.i32 a, 16", 0x1_7fff), 0x7fff);
    assert_eq!(unary32("zext_low.i32 a, 8", 0x180), 0x80);
    let widths = "a = get.i32 r0\nb = zext64.i64 a\nput.i64 b, d0\nc = sext64.i64 a\nput.i64 c, d1
        d = trunc32.i32 c\nput.i32 d, r1";
    let effect = run(widths, &[("r0", MIN32)]);
    assert_eq!(effect.reg("d0"), MIN32);
    assert_eq!(effect.reg("d1"), 0xffff_ffff_8000_0000);
    assert_eq!(effect.reg("r1"), MIN32);
}

#[test]
fn a_narrow_view_of_a_wide_slot() {
    let effect =
        run("a = get.i32 d0\nput.i32 a, r0\nb = get.f32 d0\nput.f32 b, d1", &[("d0", 0x1_2345_6789)]);
    assert_eq!(effect.reg("r0"), 0x2345_6789);
    assert_eq!(effect.reg("d1"), 0x2345_6789);
}

#[test]
fn select_and_truth_values() {
    let body =
        "a = get.i32 r0\nb = get.i32 r1\nc = icmp.i32 a, b, slt\nd = not.bool c\ne = select.i32 c, a, b
        f = select.i32 d, a, b\nput.i32 e, r2\nput.i32 f, r3\ng = from_bool.i32 c\nput.i32 g, r4";
    let effect = run(body, &[("r0", M1), ("r1", 1)]);
    assert_eq!([effect.reg("r2"), effect.reg("r3"), effect.reg("r4")], [M1, 1, 1]);
}

#[test]
fn comparisons() {
    let edges = [0, 1, 0x7fff_ffff, MIN32, M1];
    for a in edges {
        for b in edges {
            let (sa, sb) = (a as u32 as i32, b as u32 as i32);
            let expected = [
                ("eq", a == b),
                ("ne", a != b),
                ("ult", a < b),
                ("ule", a <= b),
                ("ugt", a > b),
                ("uge", a >= b),
                ("slt", sa < sb),
                ("sle", sa <= sb),
                ("sgt", sa > sb),
                ("sge", sa >= sb),
            ];
            for (cc, holds) in expected {
                let body = format!(
                    "a = get.i32 r0\nb = get.i32 r1\nc = icmp.i32 a, b, {cc}\nd = from_bool.i32 c\nput.i32 d, r2"
                );
                let effect = run(&body, &[("r0", a), ("r1", b)]);
                assert_eq!(effect.reg("r2"), u64::from(holds), "{a:#x} {cc} {b:#x}");
            }
        }
    }
}

/// N, Z, C, V after `body` has defined the flags `f` from r0 and r1.
fn nzcv(flags: &str, a: u64, b: u64, carry: u64) -> u64 {
    let body = format!(
        "a = get.i32 r0\nb = get.i32 r1\nx = get.i32 r2\nz = const.i32 0\nc = icmp.i32 x, z, ne
         f = {flags}\nput_flags.flags f, nzcv"
    );
    run(&body, &[("r0", a), ("r1", b), ("r2", carry)]).nzcv()
}

#[test]
fn flags_of_arithmetic() {
    const MAX: u64 = 0x7fff_ffff;
    assert_eq!(nzcv("flags_add.i32 a, b", MAX, 1, 0), 0b1001);
    assert_eq!(nzcv("flags_add.i32 a, b", M1, 1, 0), 0b0110);
    assert_eq!(nzcv("flags_add.i32 a, b", MIN32, MIN32, 0), 0b0111);
    assert_eq!(nzcv("flags_adc.i32 a, b, c", M1, 0, 1), 0b0110);
    assert_eq!(nzcv("flags_adc.i32 a, b, c", MAX, 0, 1), 0b1001);
    assert_eq!(nzcv("flags_adc.i32 a, b, c", M1, M1, 1), 0b1010);
    assert_eq!(nzcv("flags_sub.i32 a, b", 0, 0, 0), 0b0110);
    assert_eq!(nzcv("flags_sub.i32 a, b", 0, 1, 0), 0b1000);
    assert_eq!(nzcv("flags_sub.i32 a, b", MIN32, 1, 0), 0b0011);
    assert_eq!(nzcv("flags_sub.i32 a, b", MAX, M1, 0), 0b1001);
    assert_eq!(nzcv("flags_sbc.i32 a, b, c", 0, 0, 0), 0b1000);
    assert_eq!(nzcv("flags_sbc.i32 a, b, c", 5, 4, 0), 0b0110);
    assert_eq!(nzcv("flags_sbc.i32 a, b, c", 5, 4, 1), 0b0010);
    assert_eq!(nzcv("flags_logic.i32 a, c", MIN32, 0, 1), 0b1010);
    assert_eq!(nzcv("flags_logic.i32 a, c", 0, 0, 0), 0b0100);
}

#[test]
fn wide_flags() {
    let body = "a = get.i64 d0\nb = get.i64 d1\nf = flags_sub.i64 a, b\nput_flags.flags f, nzcv";
    let flags = |a, b| run(body, &[("d0", a), ("d1", b)]).nzcv();
    assert_eq!(flags(1 << 32, 0), 0b0010);
    assert_eq!(flags(7, 7), 0b0110);
    assert_eq!(flags(MIN64, 1), 0b0011);
    assert_eq!(flags(0, 1), 0b1000);
}

#[test]
fn flags_as_bits_round_trip() {
    for bits in 0..16u64 {
        let body = "a = get.i32 r0\nf = flags_from_bits.i32 a\nput_flags.flags f, nzcv
            g = get_flags.flags\nb = flags_to_bits.i32 g\nput.i32 b, r1";
        let effect = run(body, &[("r0", bits << 28 | 0x123)]);
        assert_eq!(effect.nzcv(), bits);
        assert_eq!(effect.reg("r1"), bits << 28);
    }
}

#[test]
fn every_condition_on_every_flag_setting() {
    for &cc in FlagCc::ALL {
        for bits in 0..16u64 {
            let body = format!(
                "a = get.i32 r0\nf = flags_from_bits.i32 a\nc = cond.bool f, {}
                 d = from_bool.i32 c\nput.i32 d, r1\nif c\nk = const.i32 9\nput.i32 k, r2\nend_if",
                cc.name()
            );
            let effect = run(&body, &[("r0", bits << 28)]);
            let bit = |n: u64| bits >> n & 1 != 0;
            let holds = cc.eval(bit(3), bit(2), bit(1), bit(0));
            assert_eq!(effect.reg("r1"), u64::from(holds), "{} on {bits:04b}", cc.name());
            assert_eq!(effect.reg("r2"), if holds { 9 } else { 0 });
        }
    }
}

#[test]
fn conditions_after_operations_are_those_of_their_flags() {
    let edges = [0, 1, 0x7fff_ffff, MIN32, M1];
    let producers =
        ["flags_sub.i32 a, b", "flags_add.i32 a, b", "flags_logic.i32 a, t", "flags_sbc.i32 a, b, t"];
    for producer in producers {
        for (a, b) in edges.iter().flat_map(|&a| edges.map(|b| (a, b))) {
            for &cc in FlagCc::ALL {
                let body = format!(
                    "a = get.i32 r0\nb = get.i32 r1\nt = icmp.i32 a, b, ult\nf = {producer}
                     put_flags.flags f, nzcv\ng = get_flags.flags\nc = cond.bool g, {}
                     d = from_bool.i32 c\nput.i32 d, r2",
                    cc.name()
                );
                let effect = run(&body, &[("r0", a), ("r1", b)]);
                let bit = |n: u64| effect.nzcv() >> n & 1 != 0;
                assert_eq!(effect.reg("r2"), u64::from(cc.eval(bit(3), bit(2), bit(1), bit(0))));
            }
        }
    }
}

#[test]
fn partial_flags_leave_the_others() {
    let body = "a = get.i32 r0\nf = flags_from_bits.i32 a\nput_flags.flags f, nzcv
        b = get.i32 r1\nt = const.bool 1\ng = flags_logic.i32 b, t\nput_flags.flags g, nz";
    assert_eq!(run(body, &[("r0", 0x3000_0000), ("r1", 0)]).nzcv(), 0b0111);
    let body = body.replace("g, nz", "g, nzc");
    assert_eq!(run(&body, &[("r0", 0x1000_0000), ("r1", MIN32)]).nzcv(), 0b1011);
}
