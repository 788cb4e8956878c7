//! What the verifier and the parser reject, and the exits of blocks.

mod common;

use common::{layout, reference};
use demotic_ir::interp::{self, CompileError, WayKind};
use demotic_ir::{CpuState, NanRule, Slot, parse_block, verify};

/// What the verifier says of a block without its own exit.
fn rejects(body: &str) -> String {
    let block =
        parse_block(&format!("block 0x0 mode 0 {{\n{body}\n}}"), &layout()).expect("the text is well formed");
    verify(&block).expect_err("the block is wrong").to_string()
}

#[test]
fn the_verifier_names_what_is_wrong() {
    for (body, message) in [
        ("a = const.i32 1", "does not end in an exit"),
        (
            "a = const.i32 1\nb = const.i64 1\nc = add.i32 a, b\nexit jump 0x0",
            "operand `b` of `add`: v1 is of type i64",
        ),
        ("a = const.bool 2\nexit jump 0x0", "0x2 does not fit bool"),
        (
            "c = const.bool 1\nif c\na = const.i32 1\nend_if\nput.i32 a, r0\nexit jump 0x0",
            "conditional part that is closed",
        ),
        ("c = const.bool 1\nif c\nif c\nend_if\nexit jump 0x0", "do not nest"),
        ("end_if\nexit jump 0x0", "no conditional part to end"),
        ("c = const.bool 1\nif c\nexit jump 0x0", "must end the block or a conditional part"),
        ("exit jump 0x0\na = const.i32 1", "must end the block"),
        ("a = const.i32 1\nexit branch a 0x0 0x4", "an exit cannot use v0 of type i32"),
        ("a = const.i32 1\nb = load.i32 a, 0, 64\nexit jump 0x0", "an access of 64 bits does not fit i32"),
        ("a = const.i32 1\nb = bitcast.f64 a, i32\nexit jump 0x0", "not the same bits"),
        ("a = const.i32 1\nb = fto_s.i32 a, f32, rz\nexit jump 0x0", "not of type f32"),
    ] {
        let said = rejects(body);
        assert!(said.contains(message), "`{message}` expected, but: {said}\n{body}");
    }
}

#[test]
fn the_parser_names_what_is_wrong() {
    for (line, message) in [
        ("a = frob.i32", "there is no op called `frob`"),
        ("a = add.i32 x, y", "`x` is not defined"),
        ("a = const.i32 1, 2", "`const` takes 1 operands"),
        ("a = get.i32 r99", "`r99` is not a state slot"),
        ("exit nowhere", "`nowhere` is not an exit"),
    ] {
        let error = parse_block(&format!("block 0x0 mode 0 {{\n{line}\n}}"), &layout())
            .expect_err("the line is wrong");
        assert_eq!(error.line, 2);
        assert!(error.message.contains(message), "`{message}` expected, but: {error}");
    }
}

/// The way that a block with this exit takes, in all pipelines.
fn way(exit: &str, r0: u64) -> (WayKind, u64) {
    let text = format!("block 0x100 mode 0 {{\ninsn 0x100 4 0\na = get.i32 r0\n{exit}\n}}");
    let block = parse_block(&text, &layout()).expect("the text is well formed");
    verify(&block).expect("the block is good");
    let mut cpu = CpuState::new();
    cpu.set(Slot(0), r0);
    match common::check(&block, NanRule::Arm, &cpu, &common::Ram::default()).end {
        reference::End::Left { kind, pc } => (kind, pc),
        fault => panic!("{fault:?}"),
    }
}

#[test]
fn exits_lead_where_they_say() {
    let branch = "z = const.i32 5\nc = icmp.i32 a, z, ugt\nexit branch c 0x10 0x20";
    assert_eq!(way(branch, 6).1, 0x10);
    assert_eq!(way(branch, 5).1, 0x20);
    let switch = "exit switch a [0x10 0x20] 0x30";
    assert_eq!([0, 1, 2, 0xffff_ffff].map(|i| way(switch, i).1), [0x10, 0x20, 0x30, 0x30]);
    assert_eq!(way("exit call 0x10 0x20", 0).0, WayKind::Call { target: 0x10, ret: 0x20 });
    assert_eq!(way("exit return a", 0x44), (WayKind::Return, 0x44));
    let trap = way("exit trap syscall 0x7 0x100 0x104", 0);
    assert!(matches!(trap, (WayKind::Trap { pc: 0x100, next: 0x104, .. }, 0x104)));
}

#[test]
fn what_cannot_be_interpreted_is_an_error() {
    let layout = layout();
    let compile = |body: &str, guest| interp::compile::<common::Ram>(&common::block(body), guest).err();
    let helper = "a = const.i64 1\nb = helper.i64 a, a, a, helper9\nput.i64 b, d0";
    let guest = common::guest(&layout);
    assert!(matches!(compile(helper, &guest), Some(CompileError::UnknownHelper(_))));
    // Values that all live at once.
    let mut body = String::new();
    for i in 0..900 {
        body += &format!("p{i} = get.i32 r{}\nv{i} = load.i32 p{i}, {i}, 8\n", i % 16);
    }
    for i in 0..900 {
        body += &format!("put.i32 v{i}, r{}\n", i % 16);
    }
    assert_eq!(compile(&body, &guest), Some(CompileError::TooManyTemporaries));
    let long = "a = get.i32 r0\nv = load.i32 a, 0, 8\nput.i32 v, r0\n".repeat(3000);
    assert_eq!(compile(&long, &guest), Some(CompileError::TooLong));
}
