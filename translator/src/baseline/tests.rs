//! Plans and code of blocks of a few ARM instructions.

use demotic_arm::{ArmConfig, ArmGuest};
use demotic_ir::{Block, FlagMask, GuestArch, LiftOptions, Loc, Op, Value};

use super::plan::Plan;
use super::{BlockOptions, Refused, compile};
use crate::compile::Tier;
use crate::lower::MemoryModel;
use crate::words::{Code, START};

const BX_LR: u32 = 0xe12f_ff1e;
const CMP_R0_1: u32 = 0xe350_0001;
const CMP_R1_2: u32 = 0xe351_0002;
const LDR_R2_R3: u32 = 0xe593_2000;
const ADD_R1_R0_1: u32 = 0xe280_1001;
const ADD_R2_R1_1: u32 = 0xe281_2001;
const VADD_I32_Q0: u32 = 0xf220_0842;
/// `bne START`
const BNE_BACK: u32 = 0x1aff_fffd;

fn guest() -> ArmGuest {
    ArmGuest::new(ArmConfig::default())
}

fn block(code: &[u32]) -> Block {
    guest().lift(Loc { pc: START, mode: 0 }, &Code(code), LiftOptions::default())
}

/// The flags that each `put_flags` of some code has to write.
fn written(code: &[u32]) -> Vec<FlagMask> {
    let (guest, block) = (guest(), block(code));
    let plan = Plan::of(&block, guest.layout()).unwrap();
    let puts = (0..block.insts.len()).filter(|&n| matches!(block.insts[n].op, Op::PutFlags { .. }));
    puts.map(|n| plan.seen_flags(n)).collect()
}

fn options(counter: Option<u32>) -> BlockOptions {
    let nan_rule = guest().nan_rule();
    BlockOptions { memory: MemoryModel::LowWindow, nan_rule, number: 1, counter }
}

#[test]
fn flags_that_nothing_sees_are_not_written() {
    assert_eq!(written(&[CMP_R0_1, CMP_R1_2, BX_LR]), [FlagMask(0), FlagMask::NZCV]);
}

#[test]
fn flags_are_written_before_what_may_fault() {
    assert_eq!(written(&[CMP_R0_1, LDR_R2_R3, CMP_R1_2, BX_LR]), [FlagMask::NZCV; 2]);
}

#[test]
fn a_register_is_not_read_again_where_its_value_is_known() {
    let (guest, block) = (guest(), block(&[ADD_R1_R0_1, ADD_R2_R1_1, BX_LR]));
    let plan = Plan::of(&block, guest.layout()).unwrap();
    let reads = (0..block.insts.len()).filter(|&n| matches!(block.insts[n].op, Op::Get { .. }));
    // r0 and lr are read, r1 is not.
    assert_eq!(reads.filter(|&n| !plan.is_other(n)).count(), 2);
}

#[test]
fn a_comparison_is_made_where_the_branch_is() {
    let (guest, block) = (guest(), block(&[CMP_R0_1, BNE_BACK]));
    let plan = Plan::of(&block, guest.layout()).unwrap();
    let n = block.insts.iter().position(|inst| matches!(inst.op, Op::Cond { .. })).unwrap();
    assert!(plan.is_late(&block, Value(n as u32)));
}

#[test]
fn fields_that_are_patched_are_aligned() {
    let guest = guest();
    for counter in [None, Some(5)] {
        let code = compile(&block(&[CMP_R0_1, BNE_BACK]), guest.layout(), options(counter)).unwrap();
        assert_eq!(code.links.len(), 2);
        assert!(code.links.iter().all(|link| link.site % 4 == 0));
        let back: Vec<bool> = code.links.iter().map(|link| link.counts).collect();
        assert_eq!(back, [false, true], "a loop is counted where it goes back");
        assert!(matches!(code.tier, Tier::Block { counter: of, .. } if of == counter));
    }
}

#[test]
fn a_block_with_vectors_is_refused() {
    let guest = guest();
    let compiled = compile(&block(&[VADD_I32_Q0, BX_LR]), guest.layout(), options(None));
    assert_eq!(compiled.err(), Some(Refused));
}
