//! Random code from the encoding tables: the interpreter, whose blocks go through no pass, against translated code.
//!
//! Every case is made from a number, and a failure names it. `DEMOTIC_FUZZ_BLOCKS=n` runs n cases per instruction set
//! instead of the usual ones, `DEMOTIC_FUZZ_SEED=s` begins at another number.

use std::fmt::Write as _;
use std::ops::Range;
use std::process::ExitCode;
use std::sync::Arc;

use demotic_arm::{a32, t32, vfp};
use demotic_ir::passes::{self, PassOptions};
use demotic_ir::{CpuState, GuestArch, Loc, Type, print_block};
use demotic_mips::decode as mips;
use demotic_test_harness::arena::Arena;
use demotic_test_harness::engines::{End, Jit, interpret, lift};
use demotic_test_harness::guests::Isa;
use libtest_mimic::{Arguments, Failed, Trial};

/// Cases per instruction set in the normal test run.
const CASES: u64 = 1500;
/// Guest instructions of a case.
const LENGTH: Range<u64> = 1..13;
const CODE: u32 = 0x1_0000;
const CODE_SIZE: u32 = 0x1000;
/// Mapped data; registers point into its middle, so that most accesses hit.
const DATA: Range<u32> = 0x4_0000..0x4_4000;
/// Random code may loop; both sides give up.
const BLOCKS: usize = 64;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for isa in Isa::ALL {
        for precise in [false, true] {
            let name = format!("{}::{}", isa.name(), if precise { "exact_faults" } else { "lazy_faults" });
            trials.push(Trial::test(name, move || compare(isa, precise)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A generator of numbers (SplitMix64): the same case for the same seed on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// A random instruction of one of the tables that an instruction set has, as bytes.
macro_rules! random_row {
    ($module:path, $random:expr) => {{
        use $module as table;
        let row = &table::ROWS[$random.below(table::ROWS.len() as u64) as usize];
        let mut next = || $random.next() as u32;
        table::random(row, &mut next)
    }};
}

fn instruction(isa: Isa, random: &mut Random) -> Option<Vec<u8>> {
    let kind = random.below(8);
    let (word, len) = match isa {
        // Conditional instructions are the rule in these tables; always executed ones are in programs.
        Isa::A32 if kind == 0 => (random_row!(vfp::decoder, random)?, 4),
        Isa::A32 => {
            let word = random_row!(a32::decoder, random)?;
            (if word >> 28 != 15 && kind < 5 { word & 0x0fff_ffff | 0xe000_0000 } else { word }, 4)
        }
        Isa::T32 if kind < 4 => (random_row!(t32::narrow, random)?, 2),
        Isa::T32 => (random_row!(t32::wide, random)?, 4),
        Isa::Mipsel | Isa::Mips => (random_row!(mips, random)?, 4),
    };
    Some(isa.bytes(word, len))
}

struct Case {
    code: Vec<Vec<u8>>,
    cpu: CpuState,
    data: Vec<u8>,
}

impl Case {
    fn new(isa: Isa, arch: &dyn GuestArch, seed: u64) -> Case {
        let mut random = Random(seed);
        let count = LENGTH.start + random.below(LENGTH.end - LENGTH.start);
        let code = (0..count).filter_map(|_| instruction(isa, &mut random)).collect();
        let cpu = random_state(isa, arch, &mut random);
        let data = DATA.map(|_| random.next() as u8).collect();
        Case { code, cpu, data }
    }

    fn bytes(&self) -> Vec<u8> {
        self.code.concat()
    }

    /// Puts code and data where they belong; gives the state to begin with.
    fn place(&self, arena: &Arena) -> Result<CpuState, Failed> {
        let failed = |_| Failed::from("the arena cannot be written");
        // What the code of the last run stored behind itself must not be there either.
        arena.memory.write_bytes(CODE, &[0; CODE_SIZE as usize]).map_err(failed)?;
        arena.set_code(CODE, &self.bytes()).map_err(failed)?;
        arena.memory.write_bytes(DATA.start, &self.data).map_err(failed)?;
        Ok(self.cpu.clone())
    }
}

/// General registers are small numbers, special values or addresses in the data; the rest is as after a reset.
fn random_state(isa: Isa, arch: &dyn GuestArch, random: &mut Random) -> CpuState {
    const SPECIAL: [u32; 8] = [0, 1, 2, 31, 32, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
    let layout = arch.layout();
    let mut cpu = CpuState::new();
    let general = match isa {
        Isa::A32 | Isa::T32 => 0..15,
        Isa::Mipsel | Isa::Mips => 1..32,
    };
    for register in general {
        let middle = u64::from(DATA.start + (DATA.end - DATA.start) / 2);
        let value = match random.below(4) {
            0 => u64::from(SPECIAL[random.below(8) as usize]),
            1 => random.next() & 0xffff_ffff,
            _ => middle + random.below(64) * 4,
        };
        cpu.words[register] = value;
    }
    for slot in layout.slots.iter().filter(|s| s.ty == Type::I64 && s.name.starts_with(['d', 'f'])) {
        let float = (random.below(2000) as f64 - 1000.0) / 8.0;
        cpu.set(slot.slot, if random.below(4) == 0 { random.next() } else { float.to_bits() });
    }
    if let Some(flags) = layout.flags {
        flags.set_bits(&mut cpu, (random.next() as u32) & 0xf000_0000);
    }
    if let Some(slot) = layout.by_name("cpsr_low") {
        cpu.set(slot.slot, 0x10);
    }
    cpu.set(layout.pc, u64::from(CODE) | isa.isa_bit());
    cpu
}

fn compare(isa: Isa, precise: bool) -> Result<(), Failed> {
    let arch = isa.guest();
    let arena = Arena::new();
    arena.map(CODE..CODE + CODE_SIZE, true);
    arena.map(DATA, true);
    let mut jit = Jit::new(arch.clone(), &arena, precise);
    let first = setting("DEMOTIC_FUZZ_SEED", 1) * 1_000_000_007;
    for number in 0..setting("DEMOTIC_FUZZ_BLOCKS", CASES) {
        let mut case = Case::new(isa, &*arch, first + number);
        if difference(&arch, &arena, &mut jit, &case, precise)?.is_none() {
            continue;
        }
        shrink(&arch, &arena, &mut jit, &mut case, precise)?;
        let what = difference(&arch, &arena, &mut jit, &case, precise)?.unwrap_or_default();
        return Err(report(&arch, &arena, &case, &what, first + number)?.into());
    }
    Ok(())
}

/// Runs a case on both engines; what differs, if anything does.
fn difference(
    arch: &Arc<dyn GuestArch>,
    arena: &Arena,
    jit: &mut Jit,
    case: &Case,
    precise: bool,
) -> Result<Option<String>, Failed> {
    let mut expected = case.place(arena)?;
    let end = interpret(&**arch, arena, &mut expected, None, BLOCKS, |_| false);
    if end == End::Endless {
        return Ok(None);
    }
    let bytes = case.bytes();
    if !arena.bytes(CODE..CODE + CODE_SIZE).starts_with(&bytes) {
        // Code that changes itself without cache maintenance may run in its old form or its new one.
        return Ok(None);
    }
    let expected_data = arena.bytes(DATA);
    let mut got = case.place(arena)?;
    let got_end = jit.run(&mut got);
    let mut text = String::new();
    if end != got_end {
        let _ = writeln!(text, "interpreter: {end}\ntranslated:  {got_end}");
    }
    // Registers at a fault are exact only on request.
    if precise || !matches!(end, End::Fault { .. }) {
        states(&**arch, &expected, &got, &mut text);
    }
    if let Some(at) = expected_data.iter().zip(arena.bytes(DATA)).position(|(a, b)| *a != b) {
        let _ = writeln!(text, "* memory differs at {:#x}", DATA.start as usize + at);
    }
    Ok((!text.is_empty()).then_some(text))
}

/// Both states side by side, if they differ.
fn states(arch: &dyn GuestArch, expected: &CpuState, got: &CpuState, text: &mut String) {
    // Scratch operands of a trap are dead after it, and flags are compared as flags. ITSTATE is in the location's mode:
    // translated code that leaves a faulting instruction to the interpreter has it there.
    let flags = arch.layout().flags;
    let is_flag = |slot| flags.is_some_and(|f| [f.n, f.z, f.c, f.v].contains(&slot));
    let compared =
        |name: &str| !["scratch", "monitor", "itstate"].iter().any(|prefix| name.starts_with(prefix));
    let rows = arch.layout().slots.iter().filter(|s| compared(&s.name) && !is_flag(s.slot));
    let mut table = String::new();
    let mut differ = false;
    let mut row = |name: &str, a: u64, b: u64| {
        differ |= a != b;
        let _ = writeln!(table, "{} {name:12} {a:#18x} {b:#18x}", if a == b { ' ' } else { '*' });
    };
    rows.for_each(|s| row(&s.name, expected.get(s.slot), got.get(s.slot)));
    if let Some(flags) = flags {
        row("nzcv", flags.bits(expected).into(), flags.bits(got).into());
    }
    if differ {
        let _ = writeln!(text, "  register            interpreter         translated");
        text.push_str(&table);
    }
}

/// Drops instructions as long as the case still fails.
fn shrink(
    arch: &Arc<dyn GuestArch>,
    arena: &Arena,
    jit: &mut Jit,
    case: &mut Case,
    precise: bool,
) -> Result<(), Failed> {
    let mut at = 0;
    while at < case.code.len() && case.code.len() > 1 {
        let removed = case.code.remove(at);
        if difference(arch, arena, jit, case, precise)?.is_none() {
            case.code.insert(at, removed);
            at += 1;
        }
    }
    Ok(())
}

fn report(
    arch: &Arc<dyn GuestArch>,
    arena: &Arena,
    case: &Case,
    what: &str,
    seed: u64,
) -> Result<String, Failed> {
    let mut text = format!("case {seed} of {}\n", arch.name());
    let cpu = case.place(arena)?;
    let mut pc = cpu.get(arch.layout().pc);
    for bytes in &case.code {
        let loc = Loc { pc, mode: arch.mode(&cpu) };
        let _ = writeln!(text, "{pc:#x} {bytes:02x?} {}", arch.disassemble(loc, &*arena.code()).0);
        pc += bytes.len() as u64;
    }
    let mut block = lift(&**arch, arena, &cpu);
    let _ = writeln!(text, "before passes: {}", print_block(&block, arch.layout()));
    passes::run(&mut block, arch.layout(), &PassOptions::default());
    let _ = writeln!(text, "after passes: {}{what}", print_block(&block, arch.layout()));
    Ok(text)
}
