//! Every A32 word has exactly one outcome, lifts to a valid block and disassembles, without a panic.

use demotic_arm::a32::decoder::{self, ROWS};
use demotic_arm::{ArchVersion, ArmConfig, ArmGuest};
use demotic_ir::{CodeSource, GuestArch, LiftOptions, Loc, print_block, verify};

/// Code at any address is one word, over and over.
struct Repeated(u32);

impl CodeSource for Repeated {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        let bytes = self.0.to_le_bytes();
        for (i, b) in buf.iter_mut().enumerate() {
            *b = bytes[(addr as usize + i) % 4];
        }
        true
    }

    fn read_only(&self, addr: u64, _len: u32) -> Option<u64> {
        (addr & 0x1000 == 0).then_some(u64::from(self.0))
    }
}

fn guests() -> [ArmGuest; 4] {
    [
        ArmGuest::new(ArmConfig::default()),
        ArmGuest::new(ArmConfig::bare(ArchVersion::V7)),
        ArmGuest::new(ArmConfig::linux(ArchVersion::V4T)),
        ArmGuest::new(ArmConfig::linux(ArchVersion::V5TE)),
    ]
}

fn check(guest: &ArmGuest, mode: u32, word: u32) {
    let loc = Loc { pc: 0x8000, mode };
    let block = guest.lift(loc, &Repeated(word), LiftOptions { max_insns: 3 });
    if let Err(e) = verify(&block) {
        panic!("{word:#010x}: {e}\n{}", print_block(&block, guest.layout()));
    }
    let (text, len) = guest.disassemble(loc, &Repeated(word));
    assert!(len == 4 && !text.is_empty(), "{word:#010x}");
}

/// xorshift32.
fn next(state: &mut u32) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    *state
}

#[test]
fn every_row_lifts() {
    let guests = guests();
    let mut state = 0x2545_f491;
    for row in ROWS {
        for _ in 0..40 {
            let word = decoder::random(row, &mut || next(&mut state)).expect("every row has words");
            for mode in 0..4 {
                check(&guests[next(&mut state) as usize % 4], mode, word);
            }
        }
    }
}

/// All values of bits 27 to 20 and 7 to 4, conditional and not, with random bits elsewhere.
#[test]
fn every_word_has_an_outcome() {
    let guests = guests();
    let mut state = 0x9e37_79b9;
    for op in 0..0x1000u32 {
        for cond in [0x0, 0xe, 0xf] {
            for _ in 0..8 {
                let rest = next(&mut state) & 0x000f_ff0f;
                let word = cond << 28 | (op >> 4) << 20 | (op & 0xf) << 4 | rest;
                check(&guests[next(&mut state) as usize % 4], next(&mut state) & 3, word);
                let row = decoder::row(word);
                assert_eq!(row.is_some(), decoder::decode(word).is_some());
            }
        }
    }
}
