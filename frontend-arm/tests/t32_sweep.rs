//! Every T16 word, and T32 and VFP words by pattern, have exactly one outcome, lift to a valid block and disassemble,
//! without a panic.

use demotic_arm::{ArchVersion, ArmConfig, ArmGuest, t32, vfp};
use demotic_ir::{CodeSource, Exit, GuestArch, LiftOptions, Loc, Op, print_block, verify};

/// The address of the code.
const START: u64 = 0x8000;

/// Code is one instruction over and over.
struct Repeated(Vec<u8>);

impl Repeated {
    fn t16(word: u32) -> Repeated {
        Repeated((word as u16).to_le_bytes().into())
    }

    fn t32(word: u32) -> Repeated {
        Repeated(word.rotate_left(16).to_le_bytes().into())
    }

    fn byte(&self, addr: u64) -> u8 {
        self.0[(addr.wrapping_sub(START) as usize) % self.0.len()]
    }
}

impl CodeSource for Repeated {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        for (i, b) in buf.iter_mut().enumerate() {
            *b = self.byte(addr + i as u64);
        }
        true
    }

    fn read_only(&self, addr: u64, len: u32) -> Option<u64> {
        let bytes = (0..u64::from(len)).rev();
        (addr & 0x1000 == 0).then(|| bytes.fold(0, |word, i| word << 8 | u64::from(self.byte(addr + i))))
    }
}

fn guests() -> [ArmGuest; 2] {
    [ArmGuest::new(ArmConfig::default()), ArmGuest::new(ArmConfig::bare(ArchVersion::V7))]
}

/// Lifts and disassembles the code in a mode; gives how the block begins to end.
fn check(guest: &ArmGuest, mode: u32, isa: u64, max_insns: usize, code: &Repeated) {
    let loc = Loc { pc: START | isa, mode };
    let block = guest.lift(loc, code, LiftOptions { max_insns });
    if let Err(e) = verify(&block) {
        panic!("{:02x?}: {e}\n{}", code.0, print_block(&block, guest.layout()));
    }
    let (text, len) = guest.disassemble(loc, code);
    assert!(len as usize == code.0.len() && !text.is_empty(), "{:02x?}", code.0);
    if mode >> 8 != 0 {
        let stays = |exit: &Exit| matches!(exit, Exit::Trap { .. });
        let exits = block.insts.iter().filter_map(|inst| match inst.op {
            Op::Exit { exit, .. } => Some(block.exit(exit)),
            _ => None,
        });
        for exit in exits {
            assert!(stays(exit), "{:02x?} leaves an IT block's mode by {exit:?}", code.0);
        }
    }
}

/// Modes: user and privileged, both endiannesses, at the end of an IT block, in the middle, at the start.
const MODES: [u32; 6] = [0, 1, 3, 0x1800, 0x0400, 0x0100];

#[test]
fn every_t16_word_has_an_outcome() {
    let guests = guests();
    for word in 0..0xe800u32 {
        let machine = word as usize & 1;
        for mode in MODES {
            check(&guests[machine], mode & !(machine as u32 ^ 1), 1, 4, &Repeated::t16(word));
        }
    }
}

/// xorshift32.
fn next(state: &mut u32) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    *state
}

fn check_t32(guests: &[ArmGuest; 2], state: &mut u32, word: u32) {
    let random = next(state) as usize;
    let machine = random & 1;
    let mode = MODES[random / 2 % MODES.len()] & !(machine as u32 ^ 1);
    check(&guests[machine], mode, 1, 4, &Repeated::t32(word));
}

#[test]
fn every_t32_row_lifts() {
    let (guests, mut state) = (guests(), 0x2545_f491);
    for row in t32::wide::ROWS {
        for _ in 0..40 {
            let word = t32::wide::random(row, &mut || next(&mut state)).expect("every row has words");
            check_t32(&guests, &mut state, word);
        }
    }
}

#[test]
fn every_vfp_row_lifts_in_both_instruction_sets() {
    let (guests, mut state) = (guests(), 0x2545_f491);
    for row in vfp::decoder::ROWS {
        for _ in 0..40 {
            let word = vfp::decoder::random(row, &mut || next(&mut state)).expect("every row has words");
            let a32 = Repeated(word.to_le_bytes().into());
            check(&guests[next(&mut state) as usize & 1], 0, 0, 3, &a32);
            check_t32(&guests, &mut state, word & 0x0fff_ffff | 0xe000_0000);
        }
    }
}

#[test]
fn patterned_t32_words_have_an_outcome() {
    let (guests, mut state) = (guests(), 0x2545_f491);
    // Every first halfword, with second halfwords that vary fields.
    for first in 0xe800..=0xffff_u32 {
        for second in [0, 0xf000, 0x8000, 0x0f00, 0xffff, 0x0a10] {
            let random = next(&mut state);
            check_t32(&guests, &mut state, first << 16 | second | random & 0xff);
            check_t32(&guests, &mut state, first << 16 | random >> 16);
        }
    }
}

#[test]
fn vfp_and_t32_tables_do_not_overlap() {
    let mut state = 0x2545_f491;
    for row in vfp::decoder::ROWS {
        for _ in 0..40 {
            let word = vfp::decoder::random(row, &mut || next(&mut state)).expect("every row has words");
            let word = word & 0x0fff_ffff | 0xe000_0000;
            assert_eq!(t32::wide::row(word).map(|row| row.name), None, "{word:#010x} is {}", row.name);
        }
    }
}
