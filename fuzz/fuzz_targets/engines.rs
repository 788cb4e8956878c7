//! Any bytes are code: translated code does what the interpreter does.
#![no_main]

use std::cell::RefCell;
use std::collections::HashMap;

use demotic_test_harness::differential::{Bench, Input, Mode};
use demotic_test_harness::guests::Isa;
use demotic_test_harness::random::{self, Insn, Random};
use libfuzzer_sys::fuzz_target;

/// The most bytes of code in a case.
const CODE_BYTES: usize = 48;

thread_local! {
    static BENCHES: RefCell<HashMap<Isa, Bench>> = RefCell::default();
}

/// Code as instructions of the least length there is, so that it can be made small.
fn instructions(isa: Isa, code: &[u8]) -> Vec<Insn> {
    let len = if isa.isa_bit() != 0 { 2 } else { 4 };
    code.chunks_exact(len).map(|bytes| Insn { name: "bytes", bytes: bytes.into() }).collect()
}

// The first bytes choose the instruction set, the mode, and the state that the code begins in; the others are code.
fuzz_target!(|input: &[u8]| {
    let [choice, seed, code @ ..] = input else { return };
    let isa = Isa::ALL[usize::from(*choice >> 1) % Isa::ALL.len()];
    let mode = [Mode::Lazy, Mode::Precise, Mode::Baseline][usize::from(choice) % 3];
    let code = instructions(isa, &code[..code.len().min(CODE_BYTES)]);
    if code.is_empty() {
        return;
    }
    BENCHES.with_borrow_mut(|benches| {
        let bench = benches.entry(isa).or_insert_with(|| Bench::new(isa));
        let mut random = Random::new(u64::from(*seed));
        let cpu = random::state(isa, bench.layout(), &mut random);
        let input = Input { code, cpu, data: random::data(&mut random).into() };
        if bench.difference(&input, mode).is_some() {
            panic!("{}", bench.explain(input, mode));
        }
    });
});
