//! A program of many sequences.

use demotic_test_harness::random::Random;

use crate::elf::{self, Segment};
use crate::generate::{Input, Sequence, pattern};
use crate::layout::{CODE, DRIVER, INPUTS, PAGE, PATTERN, RECORD, STACK, STACK_SIZE, VARIABLES, WINDOW};
use crate::modes::{Mode, Set};
use crate::{arm, mips};

/// The address at which a mode's sequences end.
pub(crate) fn end(mode: &Mode) -> u32 {
    match mode.mips {
        Some(_) => mips::END,
        None => arm::end(),
    }
}

/// Where a sequence begins.
fn entry(mode: &Mode, slot: u32) -> u32 {
    slot | mode.set.isa_bit()
}

/// The addresses of sequences in a program.
pub(crate) fn slots(mode: &Mode, sequences: &[Sequence]) -> Vec<u32> {
    code(mode, sequences).0
}

/// The sequences' places, and their code.
fn code(mode: &Mode, sequences: &[Sequence]) -> (Vec<u32>, Vec<u8>) {
    let end = end(mode);
    let mut bytes: Vec<u8> = Vec::new();
    let mut slots = Vec::new();
    for sequence in sequences {
        let at = CODE + bytes.len() as u32;
        let code: Vec<u8> = sequence.code.iter().flat_map(|insn| insn.bytes.iter().copied()).collect();
        slots.push(at);
        bytes.extend(match (mode.mips, mode.set) {
            (Some(features), _) => mips::slot(&code, end, features),
            (None, Set::T32) => arm::t32_slot(at, &code, end),
            (None, _) => arm::a32_slot(at, &code, end),
        });
    }
    (slots, bytes)
}

/// The program file. The window's content comes from the seed.
pub(crate) fn write(mode: &Mode, sequences: &[Sequence], seed: u64) -> Vec<u8> {
    let big = mode.big();
    let word = |word: u32| if big { word.to_be_bytes() } else { word.to_le_bytes() };
    let (slots, code) = code(mode, sequences);
    let mut inputs = Vec::new();
    for (sequence, &slot) in sequences.iter().zip(&slots) {
        inputs.extend([entry(mode, slot), 0, 0, 0].into_iter().flat_map(word));
        inputs.extend(record(&sequence.input, big));
    }
    let (driver, ending) = match mode.mips {
        Some(features) => (mips::driver(features), mips::ending(features)),
        None => (arm::driver(), arm::ending()),
    };
    let constants = mode.mips.map_or_else(arm::constants, mips::constants);
    let mut variables = Segment::zeros(VARIABLES, PAGE);
    variables.bytes[..8].copy_from_slice(&[word(sequences.len() as u32), word(INPUTS)].concat());
    let data = pattern(end(mode), &mut Random::new(seed)).into_iter().flat_map(word).collect();
    let mut segments = vec![
        ending,
        Segment::zeros(RECORD, PAGE),
        driver,
        variables,
        Segment::zeros(WINDOW, PAGE),
        Segment::constant(PATTERN, data),
        Segment::zeros(STACK, STACK_SIZE),
        constants,
        Segment::code(CODE, code),
        Segment::constant(INPUTS, inputs),
    ];
    segments.sort_by_key(|segment| segment.addr);
    let machine = match mode.mips {
        Some(features) => features.machine(),
        None => arm::MACHINE,
    };
    elf::write(machine, DRIVER, &segments)
}

/// An input in the program's byte order. A double in memory is one number, its halves in that order.
fn record(input: &Input, big: bool) -> Vec<u8> {
    let word = |word: &u32| if big { word.to_be_bytes() } else { word.to_le_bytes() };
    let double = |double: &u64| if big { double.to_be_bytes() } else { double.to_le_bytes() };
    let mut bytes: Vec<u8> = input.words.iter().flat_map(word).collect();
    bytes.extend(input.vectors.iter().flatten().flat_map(double));
    bytes
}
