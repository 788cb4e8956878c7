//! Random sequences of instructions of the DSP module and of the SIMD architecture against qemu-user, an outside
//! reference: both load the same state, execute a few instructions, and store their state, many times. Where
//! the cross binutils or qemu are not installed, the tests pass without checking anything.
//!
//! `DEMOTIC_SEQUENCES` says how many sequences a test tries, `DEMOTIC_SEED` with which seed.

mod dsp;
mod msa;
mod ours;
mod plan;
mod theirs;

use std::collections::BTreeMap;

use demotic_mips::disassemble;

use plan::{Plan, Sequence};

/// Sequences of a test in the normal run.
const SEQUENCES: usize = 2000;

/// The number in an environment variable.
fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A sequence's instructions and the first word of the records that differs.
fn difference(plan: &Plan, sequence: &Sequence, our: &[u8], their: &[u8]) -> Option<String> {
    let differs = |at: &usize| our[*at..*at + 4] != their[*at..*at + 4];
    let at = (0..their.len()).step_by(4).find(differs)?;
    let words = [&sequence.input, our, their].map(|record| plan.word(record, at / 4));
    let texts: Vec<String> =
        sequence.words.iter().map(|&word| disassemble(plan.config.set(), word, 0)).collect();
    let [was, our, their] = words;
    Some(format!("{}: {} was {was:#x}, is {our:#x}, qemu's {their:#x}", texts.join("; "), plan.name(at / 4)))
}

/// Compares random sequences.
fn compare(plan: &Plan, seed: u32) {
    let seed = number("DEMOTIC_SEED", seed as usize) as u32;
    let sequences = plan.sequences(number("DEMOTIC_SEQUENCES", SEQUENCES), seed);
    let Some(theirs) = theirs::run(plan, &sequences) else { return };
    let mut wrong: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    for (sequence, their) in sequences.iter().zip(theirs.chunks_exact(plan.record())) {
        let our = ours::run(plan, sequence);
        if let Some(text) = difference(plan, sequence, &our, their) {
            wrong.entry(sequence.row).or_insert((0, text)).0 += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn dsp_little_endian() {
    compare(&dsp::plan(false), 1);
}

#[test]
fn dsp_big_endian() {
    compare(&dsp::plan(true), 2);
}

#[test]
fn msa_little_endian() {
    compare(&msa::plan(false), 3);
}

#[test]
fn msa_big_endian() {
    compare(&msa::plan(true), 4);
}
