//! What floating-point ops mean: rounding, conversions, comparisons, and NaNs by each rule.

mod common;

use common::{run, run_with};
use demotic_ir::NanRule::{self, Arm, Mips2008, MipsLegacy};

fn op64(op: &str, a: u64, b: u64, rule: NanRule) -> u64 {
    let body = format!("a = get.f64 d0\nb = get.f64 d1\nc = {op}.f64 a, b, rn\nput.f64 c, d2");
    run_with(&body, &[("d0", a), ("d1", b)], rule).reg("d2")
}

fn op32(op: &str, a: u64, b: u64, rule: NanRule) -> u64 {
    let body = format!("a = get.f32 r0\nb = get.f32 r1\nc = {op}.f32 a, b, rn\nput.f32 c, r2");
    run_with(&body, &[("r0", a), ("r1", b)], rule).reg("r2")
}

fn bits(x: f64) -> u64 {
    x.to_bits()
}

fn bits32(x: f32) -> u64 {
    u64::from(x.to_bits())
}

const INF: u64 = 0x7ff0_0000_0000_0000;

#[test]
fn arithmetic() {
    assert_eq!(op64("fadd", bits(0.1), bits(0.2), Arm), bits(0.1 + 0.2));
    assert_eq!(op64("fsub", bits(1.0), bits(1.0), Arm), 0);
    assert_eq!(op64("fmul", bits(1e308), bits(10.0), Arm), INF);
    assert_eq!(op64("fdiv", bits(-1.0), 0, Arm), INF | 1 << 63);
    assert_eq!(op32("fdiv", bits32(1.0), bits32(3.0), Arm), bits32(1.0 / 3.0));
    assert_eq!(op32("fadd", bits32(16_777_216.0), bits32(1.0), Arm), bits32(16_777_216.0));
}

#[test]
fn invalid_operations_give_the_default_nan() {
    for (rule, nan64, nan32) in [
        (Arm, 0x7ff8_0000_0000_0000, 0x7fc0_0000),
        (Mips2008, 0x7ff8_0000_0000_0000, 0x7fc0_0000),
        (MipsLegacy, 0x7ff7_ffff_ffff_ffff, 0x7fbf_ffff),
    ] {
        assert_eq!(op64("fsub", INF, INF, rule), nan64);
        assert_eq!(op64("fdiv", 0, 0, rule), nan64);
        assert_eq!(op64("fmul", 0, INF, rule), nan64);
        assert_eq!(op32("fdiv", 0, 0, rule), nan32);
        let root =
            run_with("a = get.f64 d0\nb = fsqrt.f64 a, rn\nput.f64 b, d1", &[("d0", bits(-1.0))], rule);
        assert_eq!(root.reg("d1"), nan64);
    }
}

#[test]
fn signalling_nans_come_first_and_become_quiet() {
    let (quiet, signalling) = (0xfff8_0000_0000_0011, 0x7ff0_0000_0000_0022);
    for rule in [Arm, Mips2008] {
        assert_eq!(op64("fadd", quiet, signalling, rule), 0x7ff8_0000_0000_0022);
        assert_eq!(op64("fadd", quiet, bits(1.0), rule), quiet);
        assert_eq!(op64("fmul", bits(1.0), quiet, rule), quiet);
        assert_eq!(op64("fsub", quiet, quiet + 1, rule), quiet);
    }
    // Before 2008 the bit means the opposite, and a signalling NaN gives the default one.
    assert_eq!(op64("fadd", signalling, bits(1.0), MipsLegacy), signalling);
    assert_eq!(op64("fadd", signalling, quiet, MipsLegacy), 0x7ff7_ffff_ffff_ffff);
}

#[test]
fn signs_of_nans_can_be_changed() {
    let body = "a = get.f64 d0\nb = fneg.f64 a\nput.f64 b, d1\nc = fabs.f64 b\nput.f64 c, d2
        d = get.f32 r0\ne = fneg.f32 d\nput.f32 e, r1\nf = fabs.f32 e\nput.f32 f, r2";
    let effect = run(body, &[("d0", 0x7ff0_0000_0000_0001), ("r0", 0x7f80_0001)]);
    assert_eq!((effect.reg("d1"), effect.reg("d2")), (0xfff0_0000_0000_0001, 0x7ff0_0000_0000_0001));
    assert_eq!((effect.reg("r1"), effect.reg("r2")), (0xff80_0001, 0x7f80_0001));
}

#[test]
fn roundings() {
    let round = |op: &str, x: f64| {
        let body = format!("a = get.f64 d0\nb = fround.f64 a, {op}\nput.f64 b, d1");
        f64::from_bits(run(&body, &[("d0", bits(x))]).reg("d1"))
    };
    assert_eq!([2.5, 3.5, -2.5].map(|x| round("rn", x)), [2.0, 4.0, -2.0]);
    assert_eq!([2.7, -2.7].map(|x| round("rz", x)), [2.0, -2.0]);
    assert_eq!([2.1, -2.1].map(|x| round("rp", x)), [3.0, -2.0]);
    assert_eq!([2.1, -2.1].map(|x| round("rm", x)), [2.0, -3.0]);
    assert_eq!(bits(round("rp", -0.5)), bits(-0.0));
}

#[test]
fn conversions_saturate() {
    let convert = |op: &str, x: f64| {
        let body = format!("a = get.f64 d0\nb = {op}.i32 a, f64, rz\nput.i32 b, r1");
        run(&body, &[("d0", bits(x))]).reg("r1")
    };
    assert_eq!(convert("fto_s", -1.9), 0xffff_ffff);
    assert_eq!(convert("fto_s", 3e9), 0x7fff_ffff);
    assert_eq!(convert("fto_s", -3e9), 0x8000_0000);
    assert_eq!(convert("fto_s", f64::NAN), 0);
    assert_eq!(convert("fto_u", 3e9), 3_000_000_000);
    assert_eq!(convert("fto_u", 5e9), 0xffff_ffff);
    assert_eq!(convert("fto_u", -1.0), 0);
    let body =
        "a = get.f32 r0\nb = fto_s.i64 a, f32, rz\nput.i64 b, d0\nc = fto_u.i64 a, f32, rz\nput.i64 c, d1";
    let effect = run(body, &[("r0", bits32(1e30))]);
    assert_eq!((effect.reg("d0"), effect.reg("d1")), (i64::MAX as u64, u64::MAX));
}

#[test]
fn conversions_round_to_even() {
    let body =
        "a = get.i32 r0\nb = ffrom_s.f32 a, i32, rn\nput.f32 b, r1\nc = ffrom_u.f32 a, i32, rn\nput.f32 c, r2
        d = ffrom_u.f64 a, i32, rn\nput.f64 d, d0\ne = get.i64 d1\nf = ffrom_s.f64 e, i64, rn\nput.f64 f, d2";
    let effect = run(body, &[("r0", 0xffff_ffff), ("d1", u64::MAX)]);
    assert_eq!((effect.reg("r1"), effect.reg("r2")), (bits32(-1.0), bits32(4_294_967_296.0)));
    assert_eq!((effect.reg("d0"), effect.reg("d2")), (bits(4_294_967_295.0), bits(-1.0)));
}

#[test]
fn formats_convert() {
    let body = "a = get.f32 r0\nb = fpromote.f64 a, rn\nput.f64 b, d1\nc = get.f64 d0\nd = fdemote.f32 c, rn\nput.f32 d, r1";
    let effect = run(body, &[("r0", bits32(0.1)), ("d0", bits(0.1))]);
    assert_eq!((effect.reg("d1"), effect.reg("r1")), (bits(f64::from(0.1f32)), bits32(0.1)));
    let nans = [("r0", 0xff80_0001), ("d0", 0x7ff0_0000_2000_0000)];
    let effect = run(body, &nans);
    assert_eq!((effect.reg("d1"), effect.reg("r1")), (0xfff8_0000_2000_0000, 0x7fc0_0001));
    let effect = run_with(body, &nans, MipsLegacy);
    assert_eq!((effect.reg("d1"), effect.reg("r1")), (0xfff0_0000_2000_0000, 0x7f80_0001));
}

#[test]
fn comparisons_with_nans() {
    for (cc, less, unordered) in
        [("eq", 0, 0), ("une", 1, 1), ("lt", 1, 0), ("le", 1, 0), ("gt", 0, 0), ("ge", 0, 0), ("uno", 0, 1)]
    {
        let body = format!(
            "a = get.f64 d0\nb = get.f64 d1\nc = fcmp.f64 a, b, {cc}, rn\nd = from_bool.i32 c\nput.i32 d, r0"
        );
        let holds = |a, b| run(&body, &[("d0", bits(a)), ("d1", bits(b)), ("r0", 7)]).reg("r0");
        assert_eq!(holds(1.0, 2.0), less, "1 {cc} 2");
        assert_eq!(holds(f64::NAN, 2.0), unordered, "NaN {cc} 2");
    }
}
