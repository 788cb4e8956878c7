//! What T32 blocks look like: IT blocks, where they end, what their exits mean, jump tables.

use demotic_arm::{ArmConfig, ArmGuest, state};
use demotic_ir::{Block, CodeSource, Exit, GuestArch, LiftOptions, Loc, Op, Trap, print_block, verify};

const START: u64 = 0x8000;

/// Halfwords from [`START`] on, which the guest cannot write.
struct Code<'a>(&'a [u16]);

impl Code<'_> {
    fn byte(&self, addr: u64) -> Option<u8> {
        let at = addr.checked_sub(START)? as usize;
        Some(self.0.get(at / 2)?.to_le_bytes()[at % 2])
    }
}

impl CodeSource for Code<'_> {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        (addr..).zip(buf).all(|(addr, b)| self.byte(addr).map(|byte| *b = byte).is_some())
    }

    fn read_only(&self, addr: u64, len: u32) -> Option<u64> {
        (0..u64::from(len)).rev().try_fold(0, |word, i| Some(word << 8 | u64::from(self.byte(addr + i)?)))
    }
}

fn lift_with(pc: u64, mode: u32, max_insns: usize, code: &[u16]) -> Block {
    let guest = ArmGuest::new(ArmConfig::default());
    let block = guest.lift(Loc { pc: pc | 1, mode }, &Code(code), LiftOptions { max_insns });
    verify(&block).unwrap_or_else(|e| panic!("{e}\n{}", print_block(&block, guest.layout())));
    block
}

fn lift(code: &[u16]) -> Block {
    lift_with(START, 0, 64, code)
}

fn end(block: &Block) -> &Exit {
    block.final_exit().expect("every block has one")
}

/// How many ops of a block satisfy a condition.
fn count(block: &Block, is: impl Fn(&Op) -> bool) -> usize {
    block.insts.iter().filter(|inst| is(&inst.op)).count()
}

fn is_if(op: &Op) -> bool {
    matches!(op, Op::If { .. })
}

fn writes_itstate(op: &Op) -> bool {
    matches!(op, Op::Put { slot, .. } if *slot == state::ITSTATE)
}

/// A trap that only asks the engine to look at the mode.
fn check(pc: u64, next: u64) -> Exit {
    Exit::Trap { trap: Trap::InterruptCheck, pc, next }
}

#[test]
fn returns_and_calls_are_recognised() {
    // bx lr; mov pc, lr; pop {r4, pc}; ldr pc, [sp], #4; ldmia sp!, {r4, pc}
    for code in [&[0x4770][..], &[0x46f7], &[0xbd10], &[0xf85d, 0xfb04], &[0xe8bd, 0x8010]] {
        assert!(matches!(end(&lift(code)), Exit::Return { .. }), "{code:x?}");
    }
    // bx r3; mov pc, r3; ldr pc, [r1, #4]
    for code in [&[0x4718][..], &[0x469f], &[0xf8d1, 0xf004]] {
        assert!(matches!(end(&lift(code)), Exit::JumpIndirect { .. }), "{code:x?}");
    }
    // blx r3; bl .+4; blx .+4; bx pc
    assert!(matches!(end(&lift(&[0x4798])), Exit::CallIndirect { ret: 0x8003, .. }));
    assert_eq!(end(&lift(&[0xf000, 0xf800])), &Exit::Call { target: 0x8005, ret: 0x8005 });
    assert_eq!(end(&lift(&[0xf000, 0xe800])), &Exit::Call { target: 0x8004, ret: 0x8005 });
    assert_eq!(end(&lift(&[0x4778])), &Exit::Jump { target: 0x8004 });
}

#[test]
fn an_it_block_of_data_processing_selects() {
    // ite eq; addeq r0, #1; addne r0, #2; bx lr
    let block = lift(&[0xbf0c, 0x3001, 0x3002, 0x4770]);
    assert_eq!(block.guest.len(), 4);
    assert_eq!(count(&block, is_if), 0);
    assert_eq!(count(&block, writes_itstate), 0);
    assert_eq!(count(&block, |op| matches!(op, Op::PutFlags { .. })), 0);
}

#[test]
fn memory_accesses_of_an_it_block_share_a_part() {
    // itt ne; ldrne r0, [r1]; strne r0, [r2]; bx lr
    let block = lift(&[0xbf1c, 0x6808, 0x6010, 0x4770]);
    assert_eq!(count(&block, is_if), 1);
    // Before each access, and 0 in the end.
    assert_eq!(count(&block, writes_itstate), 3);
    // itt ne; ldrne r0, [r1]; ldreq.. of the other condition does not.
    let block = lift(&[0xbf14, 0x6808, 0x6010, 0x4770]);
    assert_eq!(count(&block, is_if), 2);
}

#[test]
fn a_block_does_not_end_in_an_it_block_unless_it_must() {
    // movs r0, #1; itttt eq; four moveq
    let code = [0x2001, 0xbf01, 0x2001, 0x2002, 0x2003, 0x2004, 0x4770];
    let block = lift_with(START, 0, 4, &code);
    assert_eq!((block.guest.len(), end(&block)), (1, &Exit::Jump { target: 0x8003 }));
    // Single steps must.
    let block = lift_with(START + 2, 0, 1, &code);
    assert_eq!((block.guest.len(), end(&block)), (1, &check(0x8002, 0x8005)));
    assert_eq!(count(&block, writes_itstate), 1);
    // From inside, the block goes to the end of the IT block.
    let block = lift_with(START + 4, 0x0100, 64, &code);
    assert_eq!((block.guest.len(), end(&block)), (4, &check(0x800a, 0x800d)));
}

#[test]
fn a_return_that_a_block_begins_with_inside_an_it_block_is_peeled() {
    // it eq; popeq {pc}, begun at the pop
    let block = lift_with(START + 2, 0x0800, 64, &[0xbf08, 0xbd00, 0x4770]);
    assert_eq!(block.exits, [check(0x8002, 0x8003), check(0x8002, 0x8005)]);
    assert_eq!(count(&block, |op| matches!(op, Op::Load { .. })), 0);
}

#[test]
fn branches_at_the_end_of_an_it_block() {
    // it eq; beq .+4
    let block = lift(&[0xbf08, 0xe000]);
    assert!(matches!(end(&block), Exit::Branch { taken: 0x8007, fallthrough: 0x8005, .. }));
    // it ne; bxne lr
    let block = lift(&[0xbf18, 0x4770]);
    assert!(matches!(block.exits[..], [Exit::Return { .. }, Exit::Jump { target: 0x8005 }]));
    // In the middle it is unpredictable: itt ne; bxne lr
    let block = lift(&[0xbf1c, 0x4770, 0x4770]);
    assert!(matches!(block.exits[0], Exit::Trap { trap: Trap::Undefined { .. }, .. }));
}

#[test]
fn compare_and_branch_on_zero() {
    // cbz r1, .+20
    assert!(matches!(end(&lift(&[0xb141])), Exit::Branch { taken: 0x8015, fallthrough: 0x8003, .. }));
}

#[test]
fn table_branches_become_switches() {
    // cmp r1, #2; bhi.n; tbb [pc, r1], and a table whose last byte is padding
    let code = [0x2902, 0xd80a, 0xe8df, 0xf001, 0x0302, 0x0005];
    let block = lift_with(START + 4, 0, 64, &code);
    let Exit::Switch { targets, .. } = end(&block) else { panic!("{:?}", end(&block)) };
    assert_eq!(targets, &[0x800d, 0x800f, 0x8013]);
    // Greater indices are looked up.
    assert!(matches!(block.exits[0], Exit::JumpIndirect { .. }));

    // Without the comparison the table ends where its nearest target is: tbh [pc, r1, lsl #1]
    let block = lift(&[0xe8df, 0xf011, 0x0003, 0x0010, 0x0004, 0x4770, 0x4770]);
    let Exit::Switch { targets, .. } = end(&block) else { panic!("{:?}", end(&block)) };
    assert_eq!(targets, &[0x800b, 0x8025, 0x800d]);

    // A table elsewhere is not known.
    assert!(matches!(end(&lift(&[0xe8d0, 0xf001])), Exit::JumpIndirect { .. }));
}

#[test]
fn literals_become_constants() {
    // ldr r0, [pc, #0] at a multiple of 4, with the literal behind a bx lr
    let block = lift(&[0x4800, 0x4770, 0x5678, 0x1234]);
    assert_eq!(count(&block, |op| matches!(op, Op::Load { .. })), 0);
    assert!(count(&block, |op| matches!(op, Op::Const { imm: 0x1234_5678, .. })) > 0);
}

#[test]
fn what_cannot_be_fetched_traps() {
    let block = lift(&[]);
    assert!(matches!(end(&block), Exit::Trap { trap: Trap::Fetch, pc: START, .. }));
    // The second half of an instruction too.
    let block = lift(&[0xf000]);
    assert!(matches!(end(&block), Exit::Trap { trap: Trap::Fetch, pc: START, .. }));
    let block = lift(&[0x2001, 0xf000]);
    assert_eq!(end(&block), &Exit::Jump { target: 0x8003 });
}
