//! The shape of lifted blocks: exits, delay slots, block limits, jump tables.

use demotic_ir::{Block, CodeSource, Exit, GuestArch, GuestInsn, LiftOptions, Loc, Op, Trap, verify};
use demotic_mips::{MipsConfig, MipsGuest, mode};

const START: u32 = 0x0040_0000;
const TABLE: u32 = 0x0041_0010;

/// Code at `START` and a read-only table at `TABLE`.
struct Code {
    text: Vec<u32>,
    table: Vec<u32>,
}

impl CodeSource for Code {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        let index = (addr as u32).wrapping_sub(START) / 4;
        let word = self.text.get(index as usize);
        word.is_some_and(|w| {
            buf.copy_from_slice(&w.to_le_bytes());
            true
        })
    }

    fn read_only(&self, addr: u64, len: u32) -> Option<u64> {
        let index = (addr as u32).checked_sub(TABLE)? / 4;
        self.table.get(index as usize).filter(|_| len == 4).map(|&w| u64::from(w))
    }
}

fn lift_with(config: MipsConfig, code: &Code, mode: u32, max_insns: usize) -> Block {
    let guest = MipsGuest::new(config);
    let loc = Loc { pc: u64::from(START), mode };
    let block = guest.lift(loc, code, LiftOptions { max_insns });
    verify(&block).expect("the block is well-formed");
    block
}

fn lift(text: &[u32]) -> Block {
    let code = Code { text: text.to_vec(), table: Vec::new() };
    lift_with(MipsConfig::linux(false), &code, 0, 64)
}

fn last(block: &Block) -> &Exit {
    block.final_exit().expect("a block ends in an exit")
}

const NOP: u32 = 0;
const ADDIU_V0: u32 = 0x2442_0001;
const JR_RA: u32 = 0x03e0_0008;
const JR_V0: u32 = 0x0040_0008;
const JALR_T9: u32 = 0x0320_f809;
const JAL: u32 = 0x0c10_0040;
const SYSCALL: u32 = 0x0000_000c;
/// `beq a0, a1, .+16`.
const BEQ: u32 = 0x1085_0003;
/// `beql a0, a1, .+16`.
const BEQL: u32 = 0x5085_0003;

#[test]
fn exits_say_what_was_meant() {
    let ret = u64::from(START + 8);
    assert_eq!(*last(&lift(&[JAL, NOP])), Exit::Call { target: 0x0040_0100, ret });
    assert!(matches!(*last(&lift(&[JALR_T9, NOP])), Exit::CallIndirect { ret: r, .. } if r == ret));
    assert!(matches!(*last(&lift(&[JR_RA, NOP])), Exit::Return { .. }));
    assert!(matches!(*last(&lift(&[JR_V0, NOP])), Exit::JumpIndirect { .. }));
    let Exit::Branch { taken, fallthrough, .. } = *last(&lift(&[BEQ, NOP])) else { panic!("not a branch") };
    assert_eq!((taken, fallthrough), (u64::from(START + 16), ret));
}

#[test]
fn a_branch_and_its_slot_are_one_instruction() {
    let block = lift(&[ADDIU_V0, BEQ, ADDIU_V0]);
    let insns: Vec<(u64, u8)> = block.guest.iter().map(|g: &GuestInsn| (g.pc, g.len)).collect();
    assert_eq!(insns, [(u64::from(START), 4), (u64::from(START + 4), 8)]);
    assert_eq!(block.guest_range(), (u64::from(START), u64::from(START + 12)));
}

#[test]
fn limits_do_not_separate_a_branch_from_its_slot() {
    let code = Code { text: vec![ADDIU_V0, BEQ, ADDIU_V0, NOP], table: Vec::new() };
    let config = MipsConfig::linux(false);
    let one = lift_with(config, &code, 0, 1);
    assert_eq!(*last(&one), Exit::Jump { target: u64::from(START + 4) });
    let two = lift_with(config, &code, 0, 2);
    assert!(matches!(last(&two), Exit::Branch { .. }));
}

#[test]
fn traps_in_a_slot_report_the_branch() {
    let block = lift(&[ADDIU_V0, JR_RA, SYSCALL]);
    let pc = u64::from(START + 4);
    assert_eq!(*last(&block), Exit::Trap { trap: Trap::Syscall { imm: 0 }, pc, next: pc + 8 });
    let puts_target = |inst: &demotic_ir::Inst| matches!(inst.op, Op::Put { slot, .. } if slot == demotic_mips::state::BRANCH_TARGET);
    assert!(block.insts.iter().any(puts_target));
}

#[test]
fn a_finished_slot_goes_on_at_the_target() {
    use demotic_mips::state::{BRANCH_TARGET, PC};
    let mut state = demotic_ir::CpuState::new();
    state.set(BRANCH_TARGET, 0x1234);
    state.set(PC, 0x1004);
    assert!(!demotic_mips::delay_slot::finish(&mut state, 0x1000));
    assert_eq!(state.get(PC), 0x1004);
    state.set(PC, 0x1008);
    assert!(demotic_mips::delay_slot::finish(&mut state, 0x1000));
    assert_eq!(state.get(PC), 0x1234);
}

#[test]
fn branches_in_a_slot_and_missing_slots_trap() {
    let pc = u64::from(START);
    let undefined = Exit::Trap { trap: Trap::Undefined { word: JR_RA }, pc, next: pc + 8 };
    assert_eq!(*last(&lift(&[BEQ, JR_RA, NOP])), undefined);
    assert_eq!(*last(&lift(&[BEQ])), Exit::Trap { trap: Trap::Fetch, pc, next: pc + 8 });
    assert_eq!(*last(&lift(&[])), Exit::Trap { trap: Trap::Fetch, pc, next: pc + 4 });
    assert_eq!(*last(&lift(&[NOP])), Exit::Jump { target: pc + 4 });
}

#[test]
fn branch_likely_skips_the_slot_first() {
    let block = lift(&[BEQL, ADDIU_V0]);
    assert_eq!(block.exits[0], Exit::Jump { target: u64::from(START + 8) });
    assert_eq!(*last(&block), Exit::Jump { target: u64::from(START + 16) });
}

#[test]
fn misaligned_addresses_trap() {
    let guest = MipsGuest::new(MipsConfig::linux(false));
    let code = Code { text: vec![NOP], table: Vec::new() };
    let block = guest.lift(Loc::new(u64::from(START) + 2), &code, LiftOptions::default());
    assert!(matches!(*last(&block), Exit::Trap { trap: Trap::Misaligned, .. }));
}

/// `lui v1, %hi(table); addu v0, v0, v1; lw v0, %lo(table)(v0); jr v0`.
const SWITCH: [u32; 5] = [0x3c03_0041, 0x0043_1021, 0x8c42_0010, JR_V0, NOP];

#[test]
fn jump_tables_become_switches() {
    let table = vec![START + 0x100, START + 0x200, START, 0x12, START];
    let code = Code { text: SWITCH.to_vec(), table };
    let block = lift_with(MipsConfig::linux(false), &code, 0, 64);
    let Exit::Switch { targets, .. } = last(&block) else { panic!("not a switch: {:?}", last(&block)) };
    assert_eq!(*targets, [START + 0x100, START + 0x200, START].map(u64::from));
    assert!(block.exits.iter().any(|exit| matches!(exit, Exit::JumpIndirect { .. })));
}

#[test]
fn implausible_tables_stay_indirect() {
    let code = Code { text: SWITCH.to_vec(), table: vec![START, 0x7000_0000] };
    let block = lift_with(MipsConfig::linux(false), &code, 0, 64);
    assert!(matches!(last(&block), Exit::JumpIndirect { .. }));
}

#[test]
fn coprocessors_are_guarded() {
    const ADD_S: u32 = 0x4604_1000;
    const MFC0: u32 = 0x4002_6000;
    let machine = MipsConfig::machine(false);
    let first = |word, mode| {
        let block = lift_with(machine, &Code { text: vec![word, NOP], table: Vec::new() }, mode, 1);
        last(&block).clone()
    };
    let (pc, next) = (u64::from(START), u64::from(START + 4));
    let unusable = |word| Exit::Trap { trap: Trap::Undefined { word }, pc, next };
    assert_eq!(first(ADD_S, 0), unusable(ADD_S));
    assert_eq!(first(MFC0, 0), unusable(MFC0));
    assert_eq!(first(ADD_S, mode::FPU), Exit::Jump { target: next });
    assert_eq!(first(MFC0, mode::KERNEL), Exit::Jump { target: next });
}
