//! The shape of lifted blocks: exits and the ISA bit in them, lengths of delay slots, traps.

use demotic_ir::{Block, Exit, GuestArch, LiftOptions, Loc, Trap};
use demotic_mips::encoding::{Fetched, ISA_BIT};
use demotic_mips::{Encoding, MipsConfig, MipsGuest};

use crate::rows::{bytes, config};
use crate::sweep::{Code, START};

/// An instruction of one halfword.
const fn short(word: u32) -> Fetched {
    Fetched { word, len: 2 }
}

/// An instruction of two halfwords.
const fn long(word: u32) -> Fetched {
    Fetched { word, len: 4 }
}

fn lift_with(config: MipsConfig, pc: u32, code: Vec<u8>) -> Block {
    MipsGuest::new(config).lift(Loc::new(u64::from(pc)), &Code(code), LiftOptions::default())
}

fn lift(encoding: Encoding, insns: &[Fetched]) -> Block {
    let code = insns.iter().flat_map(|insn| bytes(*insn, false)).collect();
    lift_with(config(encoding, false), START | ISA_BIT, code)
}

fn last(block: &Block) -> &Exit {
    block.final_exit().expect("a block ends in an exit")
}

const NOP16E: Fetched = short(0x6500);
const NOP16: Fetched = short(0x0c00);
const NOP32: Fetched = long(0);
const RETURN: u64 = START as u64 | ISA_BIT as u64;

#[test]
fn calls_return_to_the_same_set_behind_the_slot() {
    // jal 0x2000 and jalx 0x2000 of MIPS16e.
    let jal = lift(Encoding::Mips16e, &[long(0x1800_0800), NOP16E]);
    assert_eq!(*last(&jal), Exit::Call { target: 0x2001, ret: RETURN + 6 });
    let jalx = lift(Encoding::Mips16e, &[long(0x1c00_0800), NOP16E]);
    assert_eq!(*last(&jalx), Exit::Call { target: 0x2000, ret: RETURN + 6 });
    // jal, jals and jalx of microMIPS.
    let jal = lift(Encoding::MicroMips, &[long(0xf400_1000), NOP32]);
    assert_eq!(*last(&jal), Exit::Call { target: 0x2001, ret: RETURN + 8 });
    let jals = lift(Encoding::MicroMips, &[long(0x7400_1000), NOP16]);
    assert_eq!(*last(&jals), Exit::Call { target: 0x2001, ret: RETURN + 6 });
    let jalx = lift(Encoding::MicroMips, &[long(0xf000_0800), NOP32]);
    assert_eq!(*last(&jalx), Exit::Call { target: 0x2000, ret: RETURN + 8 });
}

#[test]
fn jalx_of_mips32_calls_compressed_code() {
    let config = config(Encoding::MicroMips, false);
    let code = [0x7400_0800u32, 0].iter().flat_map(|word| word.to_le_bytes()).collect();
    let block = lift_with(config, START, code);
    assert_eq!(*last(&block), Exit::Call { target: 0x2001, ret: u64::from(START) + 8 });
}

#[test]
fn branches_fall_through_behind_a_slot_of_any_length() {
    // beqz a0, .+18 of microMIPS.
    let beqz = short(0x8e08);
    for (slot, len) in [(NOP16, 4), (NOP32, 6)] {
        let block = lift(Encoding::MicroMips, &[beqz, slot]);
        let Exit::Branch { taken, fallthrough, .. } = *last(&block) else { panic!("not a branch") };
        assert_eq!((taken, fallthrough), (RETURN + 18, RETURN + len));
        assert_eq!(block.guest_range(), (u64::from(START), u64::from(START) + len));
    }
}

#[test]
fn slots_of_the_wrong_length_are_reserved() {
    for insns in [[long(0xf400_1000), NOP16], [long(0x7400_1000), NOP32]] {
        let block = lift(Encoding::MicroMips, &insns);
        assert!(matches!(last(&block), Exit::Trap { trap: Trap::Undefined { .. }, .. }));
    }
    // jr v0; li v0, 5 with EXTEND.
    let block = lift(Encoding::Mips16e, &[short(0xea00), long(0xf000_6a05)]);
    assert!(matches!(last(&block), Exit::Trap { trap: Trap::Undefined { .. }, .. }));
}

#[test]
fn traps_in_a_slot_report_the_branch() {
    // jr16 t9; break16.
    let block = lift(Encoding::MicroMips, &[NOP16, short(0x4599), short(0x4680)]);
    let pc = u64::from(START) + 2;
    assert_eq!(*last(&block), Exit::Trap { trap: Trap::Breakpoint { imm: 0 }, pc, next: pc + 9 });
}

#[test]
fn without_compressed_code_the_isa_bit_is_misaligned() {
    let block = lift_with(MipsConfig::linux(false), START | ISA_BIT, vec![0; 8]);
    assert!(matches!(last(&block), Exit::Trap { trap: Trap::Misaligned, .. }));
}
