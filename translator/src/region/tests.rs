//! Regions of small MIPS functions.

use demotic_ir::passes::PassOptions;
use demotic_ir::{GuestArch, Loc, Op, STATE_WORDS, Slot};
use demotic_mips::{MipsConfig, MipsGuest};

use crate::words::{Code, START};

use super::{Faults, FormOptions, JumpTable, Profile, Ranges, Region, form_region, form_with_dataflow};

const NOP: u32 = 0;
const JR_RA: u32 = 0x03e0_0008;

fn guest() -> MipsGuest {
    MipsGuest::new(MipsConfig::linux(false))
}

fn region(code: &[u32], options: FormOptions) -> Region {
    form_region(&guest(), &Code(code), None, &options, Loc { pc: START, mode: 0 })
}

/// A loop over bytes: `lbu t0, 0(a0); addiu a0, a0, 1; bnez t0, START; nop; jr ra; nop`.
const BYTES: [u32; 6] = [0x9088_0000, 0x2484_0001, 0x1500_fffd, NOP, JR_RA, NOP];

#[test]
fn a_small_loop_is_unrolled_with_one_poll() {
    let region = region(&BYTES, FormOptions::default());
    let bodies: Vec<_> = region.blocks.iter().filter(|b| b.block.start.pc == START).collect();
    assert_eq!(bodies.len(), 4);
    assert_eq!(bodies.iter().filter(|b| b.loop_header).count(), 1);
    let exits = region.blocks.iter().filter(|b| b.block.start.pc == START + 16);
    assert_eq!(exits.count(), 1, "what follows the loop is there once");
}

#[test]
fn a_loop_that_is_too_big_stays_as_it_is() {
    let region = region(&BYTES, FormOptions { unroll_insns: 5, ..FormOptions::default() });
    assert_eq!(region.blocks.iter().filter(|b| b.block.start.pc == START).count(), 1);
}

/// How many sums and shifts of the entry block are addresses that cannot wrap around.
fn exact(code: &[u32]) -> usize {
    let region = region(code, FormOptions { passes: PassOptions::default(), ..FormOptions::default() });
    let ranges = Ranges::of(&region, guest().layout());
    let insts = region.blocks[0].block.insts.iter().enumerate();
    insts.filter(|(at, i)| matches!(i.op, Op::Add { .. } | Op::Shl { .. }) && ranges.is_exact(0, *at)).count()
}

#[test]
fn addresses_from_small_indices_do_not_wrap() {
    // lhu t0, 0(a0); sll t0, t0, 2; lui t1, 0x40; addu t0, t0, t1; lw v0, 4(t0); jr ra; nop
    assert_eq!(exact(&[0x9488_0000, 0x0008_4080, 0x3c09_0040, 0x0109_4021, 0x8d02_0004, JR_RA, NOP]), 2);
    // The same with a base that may be anything: a1 for t1.
    assert_eq!(exact(&[0x9488_0000, 0x0008_4080, NOP, 0x0105_4021, 0x8d02_0004, JR_RA, NOP]), 0);
}

/// Whether the region's entry chooses between values instead of branching.
fn selects(code: &[u32]) -> bool {
    let region = region(code, FormOptions::default());
    let selects = region.blocks[0].block.insts.iter().any(|i| matches!(i.op, Op::Select { .. }));
    assert_eq!(selects, region.find(0, START + 8).is_none(), "the arm is in the region once");
    selects
}

#[test]
fn a_branch_around_a_computation_becomes_a_select() {
    // beqz a0, +2; nop; xori v0, v0, 1; jr ra; nop
    assert!(selects(&[0x1080_0002, NOP, 0x3842_0001, JR_RA, NOP]));
    // The same around a store: sw v0, 0(a1).
    assert!(!selects(&[0x1080_0002, NOP, 0xaca2_0000, JR_RA, NOP]));
    // And around a division: divu zero, v0, a0.
    assert!(!selects(&[0x1080_0002, NOP, 0x0044_001b, JR_RA, NOP]));
}

/// The interpreter's record of a jump through a table at the end of [`DISPATCH`].
struct Seen {
    state: Vec<u64>,
    targets: Vec<u64>,
}

impl Profile for Seen {
    fn executed(&self, _pc: u64) -> bool {
        true
    }

    fn targets(&self, pc: u64) -> &[u64] {
        if pc == START + 12 { &self.targets } else { &[] }
    }

    fn state_at(&self, pc: u64) -> Option<&[u64]> {
        (pc == START + 12).then_some(&self.state)
    }
}

/// `sll t0, a0, 2; addu t0, t0, a1; lw t0, 0(t0); jr t0; nop`, five times `jr ra; nop`, and a table of where these are.
const DISPATCH: [u32; 20] = [
    0x0004_4080,
    0x0105_4021,
    0x8d08_0000,
    0x0100_0008,
    NOP, //
    JR_RA,
    NOP,
    JR_RA,
    NOP,
    JR_RA,
    NOP,
    JR_RA,
    NOP,
    JR_RA,
    NOP, //
    0x1014,
    0x101c,
    0x1024,
    0x102c,
    0x1034,
];
const TABLE: u64 = START + 4 * 15;
const A1: Slot = Slot(5);

/// The table that is found when the jump has been seen to go to `targets`.
fn table(code: &[u32], targets: &[u64]) -> Option<JumpTable> {
    let mut state = vec![0; STATE_WORDS];
    state[A1.index()] = TABLE;
    let seen = Seen { state, targets: targets.into() };
    let entry = Loc { pc: START, mode: 0 };
    let (region, _) =
        form_with_dataflow(&guest(), &Code(code), Some(&seen), &FormOptions::default(), entry, Faults::Fatal);
    region.blocks[0].table.clone()
}

#[test]
fn a_jump_table_is_read() {
    let entries = [0x1014, 0x101c, 0x1024, 0x102c, 0x1034];
    let found = table(&DISPATCH, &entries[..4]).expect("a table");
    assert_eq!(found.targets, entries[..4]);
    assert_eq!(found.registers, [(A1, TABLE)]);
}

#[test]
fn a_table_whose_register_has_changed_at_the_jump_is_not_used() {
    // addu a1, a1, t0; lw t0, 0(a1): what a1 holds at the jump is not where the table begins.
    let mut code = DISPATCH;
    (code[1], code[2]) = (0x00a8_2821, 0x8ca8_0000);
    assert_eq!(table(&code, &[0x1014, 0x101c, 0x1024, 0x102c]), None);
}

#[test]
fn a_jump_that_has_left_the_table_keeps_its_way() {
    // As from here, but with another table.
    assert_eq!(table(&DISPATCH, &[0x1014, 0x101c, 0x1024, 0x1000]), None);
    // Nothing is known of the table's contents.
    assert_eq!(table(&DISPATCH[..15], &[0x1014, 0x101c, 0x1024, 0x102c]), None);
}

#[test]
fn each_case_of_a_loop_around_a_switch_dispatches_by_itself() {
    let mut code = DISPATCH;
    for case in 0..5u32 {
        // b START
        code[5 + 2 * case as usize] = 0x1000_0000 | (6 + 2 * case).wrapping_neg() & 0xffff;
    }
    let targets = [0x1014, 0x101c, 0x1024, 0x102c, 0x1034];
    let seen = Seen { state: vec![0; STATE_WORDS], targets: targets.into() };
    let entry = Loc { pc: START, mode: 0 };
    let region = form_region(&guest(), &Code(&code), Some(&seen), &FormOptions::default(), entry);
    let dispatches = region.blocks.iter().filter(|b| b.block.start.pc == START);
    assert_eq!(dispatches.clone().count(), 6, "one to begin with, and one behind each case");
    assert_eq!(region.blocks.len(), 6 + 5, "the cases are there once");
    for (from, _) in region.blocks.iter().enumerate().filter(|(_, b)| b.block.start.pc == START) {
        assert_eq!(region.successors(from).len(), 5);
    }
    // In each way around, there is a poll.
    let polls = region.blocks.iter().filter(|b| b.loop_header).count();
    assert!(polls >= 5, "{polls}");
}
