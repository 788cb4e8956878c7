//! Random blocks of instructions from the encoding tables: translated code must do what the interpreter does.
//!
//! Seeds are fixed; `DEMOTIC_FUZZ_BLOCKS=n` runs `n` blocks per instruction set, `DEMOTIC_FUZZ_SEED=n` begins at another
//! one. A failing block is made small, then shown with its code, its IR and both states.

use std::cell::RefCell;
use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;

use demotic_ir::passes::{self, PassOptions};
use demotic_ir::{Access, CpuState, GuestArch, StateLayout, print_block};
use demotic_test_harness::arena::Arena;
use demotic_test_harness::engines::{End, Jit, interpret, lift};
use demotic_test_harness::guests::Isa;
use demotic_test_harness::random::{self, CODE, DATA, Encodings, Insn, READ_ONLY, Random};
use demotic_test_harness::report;
use libtest_mimic::{Arguments, Failed, Trial};

/// Blocks per instruction set in the normal run.
const BLOCKS: u64 = 3000;
/// Blocks per trial.
const CHUNK: u64 = 100;
/// Instructions per block, at most.
const LENGTH: usize = 12;
/// Basic blocks that a random block may run through; those that loop for longer are not used.
const STEPS: usize = 200;

/// How exact translated code is asked to be about registers at a fault.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Mode {
    /// Only address and pc are compared.
    Lazy,
    /// The registers are, too.
    Precise,
}

/// What a run began with.
#[derive(Clone)]
struct Input {
    code: Vec<Insn>,
    cpu: CpuState,
    data: Arc<[u8]>,
}

/// What came of it.
struct Output {
    end: End,
    cpu: CpuState,
    data: Vec<u8>,
}

/// One guest on one arena, and both kinds of translated code.
struct Bench {
    isa: Isa,
    arch: Arc<dyn GuestArch>,
    arena: Arena,
    encodings: Encodings,
    lazy: Jit,
    precise: Jit,
}

impl Bench {
    fn new(isa: Isa) -> Bench {
        let (arch, arena) = (isa.guest(), Arena::new());
        arena.map(DATA, true);
        arena.map(READ_ONLY, false);
        let lazy = Jit::new(arch.clone(), &arena, false);
        let precise = Jit::new(arch.clone(), &arena, true);
        Bench { isa, arch, arena, encodings: Encodings::new(isa), lazy, precise }
    }

    fn layout(&self) -> &StateLayout {
        self.arch.layout()
    }

    fn load(&self, input: &Input) {
        let bytes: Vec<u8> = input.code.iter().flat_map(|insn| insn.bytes.iter().copied()).collect();
        self.arena.map(CODE..CODE + 0x1000, true);
        self.arena.set_code(CODE, &bytes).expect("the code page is mapped");
        self.arena.protect(CODE..CODE + 0x1000);
        self.arena.memory.write_bytes(DATA.start, &input.data).expect("the data is mapped");
    }

    fn interpret(&self, input: &Input) -> Output {
        self.load(input);
        let mut cpu = input.cpu.clone();
        let end = interpret(&*self.arch, &self.arena, &mut cpu, None, STEPS, |_| false);
        Output { end, cpu, data: self.arena.bytes(DATA) }
    }

    fn translated(&mut self, input: &Input, mode: Mode) -> Output {
        self.load(input);
        let mut cpu = input.cpu.clone();
        let end = match mode {
            Mode::Lazy => self.lazy.run(&mut cpu),
            Mode::Precise => self.precise.run(&mut cpu),
        };
        Output { end, cpu, data: self.arena.bytes(DATA) }
    }

    /// A random block that ends. Mostly, instructions that trap or fault are taken out, so that those behind them run.
    fn input(&self, random: &mut Random) -> Option<Input> {
        let code = self.encodings.code(LENGTH, random);
        let cpu = random::state(self.isa, self.layout(), random);
        let mut input = Input { code, cpu, data: random::data(random).into() };
        for _ in 0..LENGTH {
            let end = self.interpret(&input).end;
            let at = match end {
                End::Left => return Some(input),
                End::Endless => return None,
                End::Trap { pc, .. } | End::Fault { pc, .. } => pc,
            };
            if random.below(4) == 0 || input.code.len() == 1 {
                return Some(input);
            }
            let index = index_of(&input.code, self.arch.code_address(at) as u32);
            input.code.remove(index.unwrap_or(0));
        }
        None
    }

    /// What differs, if anything.
    fn difference(&mut self, input: &Input, mode: Mode) -> Option<String> {
        let ours = self.interpret(input);
        if ours.end == End::Endless {
            return None;
        }
        let theirs = self.translated(input, mode);
        let mut report = String::new();
        if !same_end(ours.end, theirs.end, mode) {
            report += &format!("* interpreter: {}; translated code: {}\n", ours.end, theirs.end);
        }
        let inexact = mode == Mode::Lazy && matches!(ours.end, End::Fault { .. });
        // The last instruction of an IT block may be begun again outside of it when its condition holds.
        let restarted = matches!(ours.end, End::Fault { misaligned: true, .. });
        let registers = |cpu| {
            let mut all = report::registers(self.layout(), cpu);
            all.retain(|(name, _)| name != "itstate" || !restarted);
            all
        };
        let differs = registers(&ours.cpu) != registers(&theirs.cpu);
        if differs && !inexact {
            let (a, b) = (("interpreter", &ours.cpu), ("translated", &theirs.cpu));
            report += &report::states(self.layout(), &input.cpu, a, b);
        }
        report += &report::memories(DATA.start, &ours.data, &theirs.data);
        (!report.is_empty()).then(|| format!("the interpreter: {}\n{report}", ours.end))
    }

    /// Leaves out what is not needed for the difference: instructions, then what registers and memory hold.
    fn shrink(&mut self, mut input: Input, mode: Mode) -> Input {
        let mut at = 0;
        while at < input.code.len() && input.code.len() > 1 {
            let mut shorter = input.clone();
            shorter.code.remove(at);
            if self.difference(&shorter, mode).is_some() {
                input = shorter;
            } else {
                at += 1;
            }
        }
        let mut empty = input.clone();
        empty.data = vec![0; input.data.len()].into();
        if self.difference(&empty, mode).is_some() {
            input = empty;
        }
        let layout = self.layout().clone();
        let kept = |slot| slot == layout.pc || slot == layout.monitor_addr;
        for info in layout.slots.iter().filter(|info| !kept(info.slot) && info.name != "cpsr_low") {
            let mut simpler = input.clone();
            simpler.cpu.set(info.slot, 0);
            if self.difference(&simpler, mode).is_some() {
                input = simpler;
            }
        }
        input
    }

    fn explain(&mut self, input: Input, mode: Mode) -> String {
        let input = self.shrink(input, mode);
        let difference = self.difference(&input, mode).unwrap_or_default();
        self.load(&input);
        let mut out = format!("{mode:?} mode, {:?}\n", input.code.iter().map(|i| i.name).collect::<Vec<_>>());
        out += &report::listing(&*self.arch, &self.arena, &input.cpu);
        let block = lift(&*self.arch, &self.arena, &input.cpu);
        out += &format!("as lifted:\n{}", print_block(&block, self.layout()));
        let mut simplified = block;
        passes::run(
            &mut simplified,
            self.layout(),
            &PassOptions { precise: mode == Mode::Precise, ..PassOptions::default() },
        );
        out += &format!("after the passes:\n{}{difference}", print_block(&simplified, self.layout()));
        out
    }
}

/// Whether both ended alike. Unless faults are to be precise, a store that a later one to the same address overwrites may
/// be left to that one.
fn same_end(ours: End, theirs: End, mode: Mode) -> bool {
    match (ours, theirs) {
        (
            End::Fault { addr, access: Access::Store, pc, .. },
            End::Fault { addr: their_addr, access: Access::Store, pc: their_pc, .. },
        ) if mode == Mode::Lazy => addr == their_addr && pc <= their_pc,
        _ => ours == theirs,
    }
}

/// The instruction at an address.
fn index_of(code: &[Insn], address: u32) -> Option<usize> {
    let mut at = CODE;
    code.iter().position(|insn| {
        at += insn.bytes.len() as u32;
        address < at
    })
}

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
            for mode in [Mode::Lazy, Mode::Precise] {
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
