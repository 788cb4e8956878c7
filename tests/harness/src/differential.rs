//! The interpreter against translated code: the same code from the same state on both, and what differs.

use std::sync::Arc;

use demotic_ir::passes::{self, PassOptions};
use demotic_ir::{Access, CpuState, GuestArch, StateLayout, print_block};
use demotic_translator::EngineKind;

use crate::arena::Arena;
use crate::engines::{End, Jit, interpret, lift};
use crate::guests::Isa;
use crate::random::{self, CODE, DATA, Encodings, Insn, READ_ONLY, Random};
use crate::report;

/// Instructions per block, at most.
const LENGTH: usize = 12;
/// Basic blocks that a random block may run through; those that loop for longer are not used.
const STEPS: usize = 200;

/// Which tier, and how exact it is asked to be about registers at a fault.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mode {
    /// The second tier; only address and pc are compared.
    Lazy,
    /// The second tier; the registers are compared, too.
    Precise,
    /// The first tier, which is always exact.
    Baseline,
}

/// What a run began with.
#[derive(Clone)]
pub struct Input {
    /// The instructions.
    pub code: Vec<Insn>,
    /// The state.
    pub cpu: CpuState,
    /// What [`DATA`] holds.
    pub data: Arc<[u8]>,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("code", &self.code).finish_non_exhaustive()
    }
}

/// What came of it.
struct Output {
    end: End,
    cpu: CpuState,
    data: Vec<u8>,
}

/// One guest on one arena, and both kinds of translated code.
pub struct Bench {
    isa: Isa,
    arch: Arc<dyn GuestArch>,
    arena: Arena,
    encodings: Encodings,
    lazy: Jit,
    precise: Jit,
    baseline: Jit,
}

impl std::fmt::Debug for Bench {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bench").field("isa", &self.isa).finish_non_exhaustive()
    }
}

impl Bench {
    /// A bench for an instruction set.
    pub fn new(isa: Isa) -> Bench {
        let (arch, arena) = (isa.guest(), Arena::new());
        arena.map(DATA, true);
        arena.map(READ_ONLY, false);
        let lazy = Jit::new(arch.clone(), &arena, EngineKind::Jit, false);
        let precise = Jit::new(arch.clone(), &arena, EngineKind::Jit, true);
        let baseline = Jit::new(arch.clone(), &arena, EngineKind::Baseline, true);
        Bench { isa, arch, arena, encodings: Encodings::new(isa), lazy, precise, baseline }
    }

    /// The state's layout.
    pub fn layout(&self) -> &StateLayout {
        self.arch.layout()
    }

    /// Puts code and data in their places.
    ///
    /// # Panics
    /// When the code does not fit its page.
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
            Mode::Baseline => self.baseline.run(&mut cpu),
        };
        Output { end, cpu, data: self.arena.bytes(DATA) }
    }

    /// A random block that ends. Mostly, instructions that trap or fault are taken out, so that those behind them run.
    pub fn input(&self, random: &mut Random) -> Option<Input> {
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
    pub fn difference(&mut self, input: &Input, mode: Mode) -> Option<String> {
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
        let restarted = match ours.end {
            End::Fault { misaligned, .. } => {
                misaligned || mode == Mode::Precise && self.ends_it_block(&ours.cpu)
            }
            _ => false,
        };
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

    /// Whether the present instruction is the last one of an IT block.
    fn ends_it_block(&self, cpu: &CpuState) -> bool {
        let itstate = self.layout().slots.iter().find(|info| info.name == "itstate");
        itstate.is_some_and(|info| cpu.get(info.slot) & 15 == 8)
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

    /// A failing input made small: its code, its IR, both states.
    pub fn explain(&mut self, input: Input, mode: Mode) -> String {
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
            &PassOptions { precise: mode != Mode::Lazy, ..PassOptions::default() },
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
