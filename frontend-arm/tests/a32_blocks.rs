//! What A32 blocks look like: where they end, what their exits mean, what the privilege changes.

use demotic_arm::mode::Mode;
use demotic_arm::{ArchVersion, ArmConfig, ArmGuest};
use demotic_ir::{Block, CodeSource, Exit, GuestArch, LiftOptions, Loc, Op, Trap, print_block, verify};

const START: u64 = 0x8000;

/// Words from [`START`] on, which the guest cannot write.
struct Code<'a>(&'a [u32]);

impl Code<'_> {
    fn word(&self, addr: u64) -> Option<u32> {
        self.0.get((addr.checked_sub(START)? / 4) as usize).copied()
    }
}

impl CodeSource for Code<'_> {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        let Some(word) = self.word(addr) else { return false };
        buf.copy_from_slice(&word.to_le_bytes());
        true
    }

    fn read_only(&self, addr: u64, len: u32) -> Option<u64> {
        (len == 4).then(|| self.word(addr).map(u64::from))?
    }
}

fn lift_as(config: ArmConfig, mode: u32, words: &[u32]) -> Block {
    let guest = ArmGuest::new(config);
    let block = guest.lift(Loc { pc: START, mode }, &Code(words), LiftOptions::default());
    verify(&block).unwrap_or_else(|e| panic!("{e}\n{}", print_block(&block, guest.layout())));
    block
}

fn lift(words: &[u32]) -> Block {
    lift_as(ArmConfig::default(), 0, words)
}

const MACHINE: ArmConfig = ArmConfig::bare(ArchVersion::V7);

fn lift_privileged(words: &[u32]) -> Block {
    lift_as(MACHINE, Mode::PRIVILEGED, words)
}

/// The traps among a block's exits.
fn traps(block: &Block) -> Vec<Trap> {
    block
        .exits
        .iter()
        .filter_map(|e| if let Exit::Trap { trap, .. } = e { Some(*trap) } else { None })
        .collect()
}

/// The targets of a block that ends in a switch, the default last.
fn switch(block: &Block) -> Option<Vec<u64>> {
    match block.final_exit()? {
        Exit::Switch { targets, default, .. } => Some(targets.iter().copied().chain([*default]).collect()),
        _ => None,
    }
}

#[test]
fn returns_are_recognised() {
    for word in [0xe12f_ff1e, 0xe1a0_f00e, 0xe49d_f004, 0xe8bd_8010, 0xe89d_a800] {
        let block = lift(&[word]);
        assert!(matches!(block.final_exit(), Some(Exit::Return { .. })), "{word:#x}");
    }
    for word in [0xe12f_ff11, 0xe1a0_f001, 0xe591_f000, 0xe891_8001] {
        let block = lift(&[word]);
        assert!(matches!(block.final_exit(), Some(Exit::JumpIndirect { .. })), "{word:#x}");
    }
}

#[test]
fn calls_know_their_return_address() {
    let block = lift(&[0xebff_fffe]);
    assert_eq!(block.final_exit(), Some(&Exit::Call { target: START, ret: START + 4 }));
    let block = lift(&[0xfaff_fffe]);
    assert_eq!(block.final_exit(), Some(&Exit::Call { target: START | 1, ret: START + 4 }));
    // MOV LR, PC; LDR PC, [R1]: a call as ARMv4 makes it.
    let block = lift(&[0xe1a0_e00f, 0xe591_f000]);
    assert!(matches!(block.final_exit(), Some(Exit::CallIndirect { ret: 0x8008, .. })));
    // With an instruction in between LR is something else.
    let block = lift(&[0xe1a0_e00f, 0xe1a0_0000, 0xe591_f000]);
    assert!(matches!(block.final_exit(), Some(Exit::JumpIndirect { .. })));
}

#[test]
fn a_conditional_call_goes_on_behind_it() {
    let block = lift(&[0x1b00_0000]);
    assert_eq!(block.exits, [Exit::Call { target: 0x8008, ret: 0x8004 }, Exit::Jump { target: 0x8004 }]);
}

#[test]
fn jump_tables_become_switches() {
    // CMP R0, #2; ADDLS PC, PC, R0, LSL #2.
    let block = lift(&[0xe350_0002, 0x908f_f100]);
    assert_eq!(switch(&block), Some(vec![0x800c, 0x8010, 0x8014, 0x8008]));
    // CMP R0, #1; LDRLS PC, [PC, R0, LSL #2], and the table behind the default's branch.
    let block = lift(&[0xe350_0001, 0x979f_f100, 0xea00_0010, 0x9000, 0x9101]);
    assert_eq!(switch(&block), Some(vec![0x9000, 0x9101, 0x8008]));
    // The table is not to be had.
    let block = lift(&[0xe350_0001, 0x979f_f100, 0xea00_0010, 0x9000]);
    assert_eq!(switch(&block), None);
    // The index has changed since it was compared.
    let block = lift(&[0xe350_0002, 0xe280_0001, 0x908f_f100]);
    assert_eq!(switch(&block), None);
    // The flags have changed.
    let block = lift(&[0xe350_0002, 0xe351_0002, 0x908f_f100]);
    assert_eq!(switch(&block), None);
}

#[test]
fn literals_become_constants() {
    let loads = |block: &Block| block.insts.iter().filter(|i| matches!(i.op, Op::Load { .. })).count();
    assert_eq!(loads(&lift(&[0xe59f_0000, 0xea00_0000, 0x1234])), 0);
    assert_eq!(loads(&lift(&[0xe59f_0100, 0xea00_0000, 0x1234])), 1);
}

#[test]
fn blocks_end_before_what_cannot_be_fetched() {
    let block = lift(&[0xe1a0_0000]);
    assert_eq!(block.final_exit(), Some(&Exit::Jump { target: 0x8004 }));
    let block = lift(&[]);
    assert_eq!(block.final_exit(), Some(&Exit::Trap { trap: Trap::Fetch, pc: START, next: START }));
}

#[test]
fn blocks_end_at_their_limit() {
    let guest = ArmGuest::new(ArmConfig::default());
    let block = guest.lift(Loc::new(START), &Code(&[0xe1a0_0000; 9]), LiftOptions { max_insns: 3 });
    assert_eq!((block.guest.len(), block.final_exit()), (3, Some(&Exit::Jump { target: 0x800c })));
}

#[test]
fn a_misaligned_block_traps() {
    let guest = ArmGuest::new(ArmConfig::default());
    let block = guest.lift(Loc::new(START + 2), &Code(&[0xe1a0_0000; 2]), LiftOptions::default());
    assert_eq!(traps(&block), [Trap::Misaligned]);
}

#[test]
fn instructions_of_one_condition_share_a_part() {
    let parts = |words: &[u32]| lift(words).insts.iter().filter(|i| matches!(i.op, Op::If { .. })).count();
    // LDREQ R0, [R1]; ADDEQ R0, R0, #1; STREQ R0, [R1].
    assert_eq!(parts(&[0x0591_0000, 0x0280_0001, 0x0581_0000]), 1);
    // The other condition, and one that was computed in between.
    assert_eq!(parts(&[0x0591_0000, 0x1581_0000]), 2);
    assert_eq!(parts(&[0x0591_0000, 0x0350_0001, 0x0581_0000]), 2);
    // An unconditional instruction comes between.
    assert_eq!(parts(&[0x0591_0000, 0xe1a0_0000, 0x0581_0000]), 2);
    // A return ends the part and the block.
    let block = lift(&[0x0591_0000, 0x012f_ff1e]);
    assert_eq!(block.final_exit(), Some(&Exit::Jump { target: 0x8008 }));
}

/// Instructions that privileged code leaves to the hypervisor: `MOVS PC, LR`, `LDM SP!, {PC}^`, `STM SP, {R0}^`, RFE, SRS,
/// `CPS #19`, `MRS R0, SPSR`, `MRC p15, 0, R0, c1, c0, 0`, WFI, `LDRT R0, [R1]`, SMC.
const FOR_THE_HYPERVISOR: [u32; 11] = [
    0xe1b0_f00e,
    0xe8fd_8000,
    0xe8cd_0001,
    0xf8bd_0a00,
    0xf96d_0513,
    0xf102_0013,
    0xe14f_0000,
    0xee11_0f10,
    0xe320_f003,
    0xe4b1_0000,
    0xe160_0070,
];

#[test]
fn privileged_instructions_go_to_the_hypervisor() {
    for word in FOR_THE_HYPERVISOR {
        assert_eq!(traps(&lift_privileged(&[word])), [Trap::Privileged { word }], "{word:#x}");
        let in_user_mode = traps(&lift_as(MACHINE, 0, &[word]));
        assert!(!in_user_mode.contains(&Trap::Privileged { word }), "{word:#x}");
        assert_eq!(in_user_mode, traps(&lift(&[word])), "{word:#x}");
    }
}

#[test]
fn masks_and_thread_registers_are_inline() {
    // CPSID I, TPIDRPRW both ways, DCCMVAC, BPIALL, ISB.
    let inline = [0xf10c_0080, 0xee1d_0f90, 0xee0d_0f90, 0xee07_0f3a, 0xee07_0fd5, 0xf57f_f06f];
    assert_eq!(traps(&lift_privileged(&inline)), []);
    // CPSIE I may let an interrupt in.
    assert_eq!(traps(&lift_privileged(&[0xf108_0080])), [Trap::InterruptCheck]);
    // MSR CPSR_c, R0 may change the mode, or let an interrupt in.
    let word = 0xe121_f000;
    assert_eq!(traps(&lift_privileged(&[word])), [Trap::Privileged { word }, Trap::InterruptCheck]);
    // ICIALLU.
    assert_eq!(traps(&lift_privileged(&[0xee07_0f15])), [Trap::CacheFlush]);
}

#[test]
fn a_change_of_endianness_ends_the_block() {
    let block = lift(&[0xf101_0200, 0xe591_0000]);
    assert_eq!((block.guest.len(), traps(&block)), (1, vec![Trap::InterruptCheck]));
    let block = lift_as(ArmConfig::default(), Mode::BIG_ENDIAN, &[0xe591_0000]);
    assert!(block.insts.iter().any(|i| matches!(i.op, Op::Load { mem, .. } if mem.big)));
}
