//! What memory ops and helpers mean: widths, byte orders, alignment, atomics, and exact state where one faults.

mod common;

use common::reference::End;
use common::{BASE, READ_ONLY, run};
use demotic_ir::{Access, FaultKind};

fn word_at(ram: &common::Ram, addr: u64, bytes: usize) -> u64 {
    let at = (addr - BASE) as usize;
    ram.bytes[at..at + bytes].iter().rev().fold(0, |x, &b| x << 8 | u64::from(b))
}

#[test]
fn loads_extend_and_swap() {
    let ram = common::Ram::default();
    let addr = BASE + 0x25;
    let raw = word_at(&ram, addr, 4);
    let load = |mem: &str| {
        let body = format!("a = get.i32 r0\nv = load.i32 a, -4, {mem}\nput.i32 v, r1");
        run(&body, &[("r0", addr + 4)]).reg("r1")
    };
    assert_eq!(load("32"), raw);
    assert_eq!(load("32.be"), u64::from((raw as u32).swap_bytes()));
    assert_eq!(load("16"), raw & 0xffff);
    assert_eq!(load("16.be"), u64::from((raw as u16).swap_bytes()));
    assert_eq!(load("8.s"), raw as u8 as i8 as i32 as u32 as u64);
    assert_eq!(load("16.s.be"), (raw as u16).swap_bytes() as i16 as i32 as u32 as u64);
    let wide = run("a = get.i32 r0\nv = load.i64 a, 0, 64.be\nput.i64 v, d0", &[("r0", addr)]).reg("d0");
    assert_eq!(wide, word_at(&ram, addr, 8).swap_bytes());
    let signed = run("a = get.i32 r0\nv = load.i64 a, 0, 8.s\nput.i64 v, d0", &[("r0", addr + 1)]).reg("d0");
    assert_eq!(signed, word_at(&ram, addr + 1, 1) as i8 as i64 as u64);
}

#[test]
fn stores_take_the_low_bits() {
    let body = "a = get.i32 r0\nv = get.i32 r1\nstore.i32 a, v, 0, 8\nstore.i32 a, v, 4, 16.be\nstore.i32 a, v, 8, 32";
    let effect = run(body, &[("r0", BASE), ("r1", 0x1234_5678)]);
    assert_eq!(word_at(&effect.ram, BASE, 1), 0x78);
    assert_eq!(word_at(&effect.ram, BASE + 4, 2), 0x7856);
    assert_eq!(word_at(&effect.ram, BASE + 8, 4), 0x1234_5678);
}

#[test]
fn addresses_wrap_at_their_width() {
    let body = "a = get.i32 r0\nv = load.i32 a, 32, 32\nput.i32 v, r1
        b = get.i32 r2\nk = const.i32 2\ns = shl.i32 b, k\nc = add.i32 a, s\nw = load.i32 c, 32, 32\nput.i32 w, r3";
    let base = BASE.wrapping_sub(32) as u32;
    let effect = run(body, &[("r0", u64::from(base)), ("r2", 0x4000_0001)]);
    assert_eq!(effect.reg("r1"), word_at(&effect.ram, BASE, 4));
    assert_eq!(effect.reg("r3"), word_at(&effect.ram, BASE + 4, 4));
    let wide = run("a = get.i64 d0\nv = load.i32 a, 16, 32\nput.i32 v, r1", &[("d0", 1 << 32 | BASE)]);
    let End::Fault { fault, .. } = wide.end else { panic!("64-bit addresses do not wrap at 32 bits") };
    assert_eq!((fault.addr, fault.kind), (1 << 32 | (BASE + 16), FaultKind::Unmapped));
}

#[test]
fn alignment_is_checked_where_asked_for() {
    let effect = run("a = get.i32 r0\nv = load.i32 a, 0, 32.al\nput.i32 v, r1", &[("r0", BASE + 2)]);
    let End::Fault { fault, src: 0 } = effect.end else { panic!("a misaligned access faults") };
    assert_eq!((fault.access, fault.kind), (Access::Load, FaultKind::Misaligned));
    let effect = run("a = get.i32 r0\nv = get.i32 r1\nstore.i32 a, v, 0, 16.al", &[("r0", BASE + 1)]);
    let End::Fault { fault, .. } = effect.end else { panic!("a misaligned access faults") };
    assert_eq!((fault.access, fault.kind), (Access::Store, FaultKind::Misaligned));
}

#[test]
fn state_is_exact_at_a_fault() {
    // The second instruction loads twice; the second load faults before any of its puts.
    let body = "a = get.i32 r0\none = const.i32 1\nb = add.i32 a, one\nput.i32 b, r4
        f = flags_sub.i32 a, one\nput_flags.flags f, nzcv
        insn 0x104 4 0
        p = get.i32 r1\nx = load.i32 p, 0, 32\nq = get.i32 r2\ny = load.i32 q, 0, 32
        put.i32 x, r4\nput.i32 y, r5\ng = flags_sub.i32 x, y\nput_flags.flags g, nzcv
        insn 0x108 4 0
        put.i32 one, r4";
    let inputs = [("r0", 7), ("r1", BASE), ("r2", 0), ("r5", 55)];
    let effect = run(body, &inputs);
    let End::Fault { fault, src } = effect.end else { panic!("address 0 is not mapped") };
    assert_eq!((fault.addr, fault.access, src), (0, Access::Load, 1));
    assert_eq!((effect.reg("r4"), effect.reg("r5"), effect.nzcv()), (8, 55, 0b0010));
}

#[test]
fn a_fault_in_a_conditional_part_is_exact() {
    let body = "a = get.i32 r0\nz = const.i32 0\nc = icmp.i32 a, z, ne\nput.i32 z, r5
        insn 0x104 4 0
        if c\nv = get.i32 r1\nstore.i32 a, v, 0, 32\nput.i32 v, r6\nend_if
        insn 0x108 4 0
        k = const.i32 3\nput.i32 k, r7";
    let effect = run(body, &[("r0", READ_ONLY), ("r1", 9), ("r5", 1)]);
    let End::Fault { fault, src } = effect.end else { panic!("the end of memory is read-only") };
    assert_eq!((fault.kind, src), (FaultKind::Permission, 1));
    assert_eq!((effect.reg("r5"), effect.reg("r6"), effect.reg("r7")), (0, 0, 0));
    assert_eq!(run(body, &[("r1", 9)]).reg("r7"), 3);
}

#[test]
fn exclusive_stores_need_the_monitor() {
    let pair = "a = get.i32 r0\nv = load_ex.i32 a, 32.be\nw = get.i32 r1\ns = store_ex.i32 a, w, 32.be
        t = from_bool.i32 s\nput.i32 v, r2\nput.i32 t, r3
        u = store_ex.i32 a, v, 32.be\nx = from_bool.i32 u\nput.i32 x, r4";
    let effect = run(pair, &[("r0", BASE + 8), ("r1", 0x0102_0304), ("r4", 7)]);
    assert_eq!((effect.reg("r3"), effect.reg("r4")), (1, 0), "the first clears the monitor");
    assert_eq!(word_at(&effect.ram, BASE + 8, 4), 0x0403_0201);
    assert_eq!(effect.reg("monitor_addr"), u64::MAX);

    let changed = "a = get.i32 r0\nv = load_ex.i32 a, 16\nk = const.i32 0xffff\nstore.i32 a, k, 0, 16
        s = store_ex.i32 a, v, 16\nt = from_bool.i32 s\nput.i32 t, r3";
    assert_eq!(run(changed, &[("r0", BASE), ("r3", 7)]).reg("r3"), 0);
    let elsewhere = "a = get.i32 r0\nv = load_ex.i32 a, 8\nb = get.i32 r1\ns = store_ex.i32 b, v, 8
        t = from_bool.i32 s\nput.i32 t, r3";
    assert_eq!(run(elsewhere, &[("r0", BASE), ("r1", BASE + 1), ("r3", 7)]).reg("r3"), 0);
}

#[test]
fn swaps_and_helpers() {
    let body = "a = get.i32 r0\nb = get.i32 r1\no = swap.i32 a, b, 16\nput.i32 o, r2\nfence.bool
        x = get.i64 d0\ny = get.i64 d1\nz = helper.i64 x, y, y, helper0\nput.i64 z, d2";
    let effect = run(body, &[("r0", BASE + 2), ("r1", 0xabcd_1234), ("d0", 1), ("d1", 20)]);
    assert_eq!(effect.reg("r2"), word_at(&common::Ram::default(), BASE + 2, 2));
    assert_eq!(word_at(&effect.ram, BASE + 2, 2), 0x1234);
    assert_eq!(effect.reg("d2"), 41);
}

#[test]
fn the_longest_blocks_run_in_a_test_threads_stack() {
    let body = "p = get.i32 r0\nv = load.i32 p, 0, 8\nput.i32 v, r1\nw = load.i32 p, 1, 8\nput.i32 w, r2\n"
        .repeat(1000);
    let effect = run(&body, &[("r0", BASE)]);
    assert_eq!((effect.reg("r1"), effect.reg("r2")), (3, 10));
}
