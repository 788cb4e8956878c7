//! Every row, in both endiannesses, in and out of delay slots: its block passes the verifier, and it executes if it should.

use demotic_ir::{Block, CodeSource, Exit, GuestArch, LiftOptions, Loc, Trap, verify};
use demotic_mips::encoding::{Fetched, ISA_BIT, Slot};
use demotic_mips::{Encoding, MipsConfig, MipsGuest, Release, decode, micromips};

use crate::rows::{bytes, config, generator, nop, release_rows, rows};

/// Where code begins.
pub(crate) const START: u32 = 0x1000;

/// Code at `START`; beyond it nothing.
pub(crate) struct Code(pub(crate) Vec<u8>);

impl CodeSource for Code {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        let start = addr.wrapping_sub(u64::from(START)) as usize;
        let bytes = start.checked_add(buf.len()).and_then(|end| self.0.get(start..end));
        bytes.map(|bytes| buf.copy_from_slice(bytes)).is_some()
    }

    fn read_only(&self, _addr: u64, _len: u32) -> Option<u64> {
        None
    }
}

fn lift(guest: &MipsGuest, insns: &[Fetched]) -> Block {
    let big_endian = guest.config().big_endian;
    let code = Code(insns.iter().flat_map(|insn| bytes(*insn, big_endian)).collect());
    let block = guest.lift(Loc::new(u64::from(START | ISA_BIT)), &code, LiftOptions::default());
    if let Err(error) = verify(&block) {
        panic!("{insns:x?}: {error}\n{block:#?}");
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

/// Jumps through t9 (v0 on MIPS16e) with a delay slot of that length, and a branch with a slot of any length.
fn branches(encoding: Encoding, slot: u32) -> Vec<Fetched> {
    match (encoding, slot) {
        (Encoding::Mips16e, _) => vec![Fetched { word: 0xea40, len: 2 }],
        (_, 2) => vec![Fetched { word: 0x45f9, len: 2 }, Fetched { word: 0x8d08, len: 2 }],
        _ => vec![Fetched { word: 0x45d9, len: 2 }, Fetched { word: 0x9444_0008, len: 4 }],
    }
}

fn every_row_lifts(encoding: Encoding) {
    let mut next = generator(1);
    for big_endian in [false, true] {
        let guest = MipsGuest::new(config(encoding, big_endian));
        let nop = nop(encoding);
        for row in rows(encoding) {
            for _ in 0..20 {
                let insn = row.random(&mut next);
                let block = lift(&guest, &[insn, nop, nop]);
                match (row.executes, trap(&block)) {
                    (true, Some(Trap::Unimplemented { .. })) => panic!("{} {insn:x?}", row.name),
                    (false, None) => panic!("{} {insn:x?} executes", row.name),
                    _ => {}
                }
                for branch in branches(encoding, insn.len) {
                    lift(&guest, &[branch, insn, nop, nop]);
                }
            }
        }
    }
}

#[test]
fn mips16e() {
    every_row_lifts(Encoding::Mips16e);
}

#[test]
fn micromips() {
    every_row_lifts(Encoding::MicroMips);
}

/// In release 6, every row has an outcome, and no instruction has a delay slot.
#[test]
fn micromips_release_6() {
    let mut next = generator(3);
    for big_endian in [false, true] {
        let guest = MipsGuest::new(MipsConfig::max(big_endian, Release::R6, true));
        for row in release_rows(true) {
            for _ in 0..20 {
                let insn = row.random(&mut next);
                let block = lift(&guest, &[insn]);
                assert!(!matches!(trap(&block), Some(Trap::Unimplemented { .. })), "{} {insn:x?}", row.name);
                assert_eq!(Encoding::MicroMips.slot(guest.config(), insn), Slot::None);
            }
        }
    }
}

/// Random words never end in a panic, and have a text.
#[test]
fn every_word_has_an_outcome() {
    let mut next = generator(2);
    for encoding in [Encoding::Mips16e, Encoding::MicroMips] {
        let guest = MipsGuest::new(config(encoding, false));
        for _ in 0..50_000 {
            let insns = [next(), next()].map(|word| Fetched { word, len: 4 });
            lift(&guest, &insns);
            let code = Code(insns.iter().flat_map(|insn| bytes(*insn, false)).collect());
            assert!(!guest.disassemble(Loc::new(u64::from(START | ISA_BIT)), &code).0.is_empty());
        }
    }
}

/// The rows that are MIPS32's under another encoding have all of its fields, and none that are wider.
#[test]
fn reencoded_rows_have_the_fields_of_their_twins() {
    for row in micromips::reencoded::ROWS {
        let twin = micromips::twin(row).unwrap_or_else(|| panic!("MIPS32 has no {}", row.name));
        let width = |name: &str| twin.fields.iter().find(|f| f.name == name).map_or(0, |f| f.bits.len());
        assert!(row.fields.iter().all(|field| field.bits.len() <= width(field.name)), "{}", row.name);
        assert_eq!(row.fields.len(), twin.fields.len(), "{}", row.name);
        let set = if row.only == Some("r6") { decode::Set::R6 } else { decode::Set::PreR6 };
        let word = micromips::mips32(set, row.example).expect("it has a row");
        let found = decode::row(word, set).expect("MIPS32 has it");
        assert!(twin.matches(word), "{}: {word:#x} is {}", row.name, found.name);
    }
}
