//! Random blocks of instructions from the encoding tables: translated code must do what the interpreter does.
//!
//! Seeds are fixed; `DEMOTIC_FUZZ_BLOCKS=n` runs `n` blocks per instruction set, `DEMOTIC_FUZZ_SEED=n` begins at another
//! one. A failing block is made small, then shown with its code, its IR and both states.

use std::cell::RefCell;
use std::collections::HashMap;
use std::process::ExitCode;

use demotic_test_harness::differential::{Bench, Mode};
use demotic_test_harness::guests::Isa;
use demotic_test_harness::random::Random;
use libtest_mimic::{Arguments, Failed, Trial};

/// Blocks per instruction set in the normal run.
const BLOCKS: u64 = 3000;
/// Blocks per trial.
const CHUNK: u64 = 100;
fn with_bench<T>(isa: Isa, f: impl FnOnce(&mut Bench) -> T) -> T {
    thread_local! {
        static BENCHES: RefCell<HashMap<Isa, Bench>> = RefCell::default();
    }
    BENCHES.with(|benches| f(benches.borrow_mut().entry(isa).or_insert_with(|| Bench::new(isa))))
}

fn chunk(isa: Isa, seeds: std::ops::Range<u64>) -> Result<(), Failed> {
    with_bench(isa, |bench| {
        for seed in seeds {
            let mut random = Random::new(seed);
            let Some(input) = bench.input(&mut random) else { continue };
            for mode in [Mode::Lazy, Mode::Precise, Mode::Baseline] {
                if bench.difference(&input, mode).is_some() {
                    let report = bench.explain(input, mode);
                    return Err(Failed::from(format!("seed {seed}: {report}")));
                }
            }
        }
        Ok(())
    })
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn main() -> ExitCode {
    let (blocks, first) = (number("DEMOTIC_FUZZ_BLOCKS", BLOCKS), number("DEMOTIC_FUZZ_SEED", 0));
    let mut trials = Vec::new();
    for isa in Isa::ALL {
        for start in (first..first + blocks).step_by(CHUNK as usize) {
            let seeds = start..(start + CHUNK).min(first + blocks);
            trials.push(Trial::test(format!("{}/{}", isa.name(), start), move || chunk(isa, seeds)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
