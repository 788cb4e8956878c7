//! Every row of the encoding tables, in every configuration: a word has one outcome, its block passes the verifier, and
//! its text is neither empty nor a panic.

use demotic_ir::{Block, CodeSource, Exit, GuestArch, LiftOptions, Loc, Trap, verify};
use demotic_mips::config::fir;
use demotic_mips::decode::{Outcome, ROWS, Row, Set, random, row};
use demotic_mips::{Ases, MipsConfig, MipsGuest, Release, disassemble, mode};

/// Code at address 0x1000; beyond it nothing.
struct Code(Vec<u8>);

impl Code {
    fn new(words: &[u32], big_endian: bool) -> Code {
        let bytes = |w: &u32| if big_endian { w.to_be_bytes() } else { w.to_le_bytes() };
        Code(words.iter().flat_map(bytes).collect())
    }
}

impl CodeSource for Code {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        let start = addr.wrapping_sub(0x1000) as usize;
        let Some(bytes) = start.checked_add(buf.len()).and_then(|end| self.0.get(start..end)) else {
            return false;
        };
        buf.copy_from_slice(bytes);
        true
    }

    fn read_only(&self, _addr: u64, _len: u32) -> Option<u64> {
        None
    }
}

/// A small generator of random numbers (xorshift).
fn generator(mut state: u32) -> impl FnMut() -> u32 {
    move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    }
}

/// Every optional part there is.
const EVERYTHING: Ases =
    Ases { dsp: true, dspr2: true, msa: true, mips16: true, micromips: false, mt: true, eva: true };

fn guests() -> Vec<(MipsGuest, u32)> {
    let mut guests = Vec::new();
    for big_endian in [false, true] {
        let linux = MipsConfig::linux(big_endian);
        let mut add = |config, mode| guests.push((MipsGuest::new(config), mode));
        add(linux, 0);
        add(MipsConfig { fr: true, nan2008: true, ..linux }, 0);
        let fir = linux.fir | fir::PS;
        add(MipsConfig { release: Release::R1, ..linux }, 0);
        add(MipsConfig { release: Release::R5, ases: EVERYTHING, fir, ..linux }, 0);
        add(MipsConfig { release: Release::R5, ases: EVERYTHING, fir, fr: true, fre: true, ..linux }, 0);
        add(MipsConfig { ases: EVERYTHING, ..MipsConfig::linux_r6(big_endian) }, 0);
        for mode in 0..8 {
            add(MipsConfig::machine(big_endian), mode);
        }
    }
    guests
}

/// The set that `random` makes a row's words for.
fn set_of(row: &Row) -> Set {
    if row.only == Some("r6") { Set::R6 } else { Set::PreR6 }
}

fn lift(guest: &MipsGuest, mode: u32, words: &[u32]) -> Block {
    let code = Code::new(words, guest.config().big_endian);
    let block = guest.lift(Loc { pc: 0x1000, mode }, &code, LiftOptions::default());
    if let Err(e) = verify(&block) {
        panic!("{words:x?} in mode {mode}: {e}\n{block:#?}");
    }
    block
}

/// The trap that the block surely ends in, if any.
fn trap(block: &Block) -> Option<Trap> {
    match block.final_exit() {
        Some(Exit::Trap { trap, .. }) => Some(*trap),
        _ => None,
    }
}

#[test]
fn every_row_lifts_in_every_configuration() {
    let guests = guests();
    let mut next = generator(1);
    for r in ROWS {
        for _ in 0..40 {
            let word = random(r, &mut next).expect("every row has words");
            for (guest, mode) in &guests {
                let block = lift(guest, *mode, &[word, 0]);
                let outcome = trap(&block);
                let found = guest.config().row(word);
                match found.map(|row| row.outcome) {
                    None => assert_eq!(outcome, Some(Trap::Undefined { word }), "{}", r.name),
                    Some(Outcome::Executes) => {
                        assert!(!matches!(outcome, Some(Trap::Unimplemented { .. })), "{}", r.name)
                    }
                    Some(Outcome::Unimplemented) if *mode & mode::FPU != 0 => {
                        assert_eq!(outcome, found.map(|row| Trap::Unimplemented { word, name: row.name }))
                    }
                    _ => assert!(outcome.is_some(), "{} {word:#x}", r.name),
                }
                // The same in a delay slot: of a jump, a branch, a branch-likely.
                for branch in [0x0320_f809, 0x1485_0003, 0x5485_0003] {
                    lift(guest, *mode, &[branch, word, 0, 0, 0]);
                }
            }
        }
    }
}

#[test]
fn words_without_a_row_are_undefined() {
    let guest = MipsGuest::new(MipsConfig::linux(false));
    let mut next = generator(2);
    let mut seen = 0;
    for _ in 0..100_000 {
        let word = next();
        if row(word, Set::PreR6).is_none() {
            seen += 1;
            assert_eq!(trap(&lift(&guest, 0, &[word])), Some(Trap::Undefined { word }));
        }
    }
    assert!(seen > 1000);
}

#[test]
fn every_word_has_a_text() {
    let mut next = generator(3);
    for r in ROWS {
        for _ in 0..100 {
            let word = random(r, &mut next).expect("every row has words");
            let text = disassemble(set_of(r), word, next() & !3);
            assert!(!text.is_empty() && !text.contains('?'), "{}: {text}", r.name);
        }
    }
    for _ in 0..100_000 {
        assert!(!disassemble(Set::PreR6, next(), 0).is_empty());
    }
}
