//! The instruction cases of `tests/filetests/inst`, each run by every engine. `docs/testing.md` has the format;
//! `DEMOTIC_BLESS=1` rewrites disassembly and outputs.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use demotic_ir::passes::PassOptions;
use demotic_ir::{CpuState, GuestArch, Loc, StateLayout};
use demotic_test_harness::arena::Arena;
use demotic_test_harness::engines::{End, Jit, interpret};
use demotic_test_harness::guests::Isa;
use demotic_test_harness::inst::{Case, Item, Place, Stop};
use demotic_translator::EngineKind;
use libtest_mimic::{Arguments, Failed, Trial};

/// Mapped in every case, besides the pages of the code and of the memory that it names.
const DATA: std::ops::Range<u32> = 0..0x4000;

/// More blocks than any case has.
const BLOCKS: usize = 100;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Engine {
    Interpreter,
    InterpreterWithPasses,
    Baseline,
    Jit,
}

impl Engine {
    const ALL: [Engine; 4] =
        [Engine::Interpreter, Engine::InterpreterWithPasses, Engine::Baseline, Engine::Jit];

    fn name(self) -> &'static str {
        match self {
            Engine::Interpreter => "the interpreter without passes",
            Engine::InterpreterWithPasses => "the interpreter",
            Engine::Baseline => "the first tier",
            Engine::Jit => "translated code",
        }
    }
}

/// A guest and its arena, kept by each thread, because translated code is dear to set up.
struct Bench {
    arch: Arc<dyn GuestArch>,
    arena: Arena,
    baseline: Jit,
    jit: Jit,
}

impl Bench {
    fn new(isa: Isa) -> Bench {
        let (arch, arena) = (isa.guest(), Arena::new());
        let jit = Jit::new(arch.clone(), &arena, EngineKind::Jit, true);
        let baseline = Jit::new(arch.clone(), &arena, EngineKind::Baseline, true);
        Bench { arch, arena, baseline, jit }
    }
}

fn with_bench<T>(isa: Isa, f: impl FnOnce(&mut Bench) -> T) -> T {
    thread_local! {
        static BENCHES: RefCell<HashMap<Isa, Bench>> = RefCell::default();
    }
    BENCHES.with(|benches| f(benches.borrow_mut().entry(isa).or_insert_with(|| Bench::new(isa))))
}

/// What came of a case.
struct Outcome {
    end: End,
    cpu: CpuState,
    /// The bytes of memory that were looked at, by address.
    memory: BTreeMap<u32, u8>,
}

/// Runs a case.
fn run(bench: &mut Bench, case: &Case, engine: Engine) -> Result<Outcome, String> {
    let arch = &*bench.arch;
    let start = arch.code_address(case.pc) as u32;
    let mut pages: Vec<u32> = vec![start, case.end(arch) as u32 - 1];
    let places = case.inputs.iter().chain(&case.outputs).map(|item| item.place);
    for place in places {
        if let Place::Memory { addr, len } = place {
            pages.extend([addr, addr.wrapping_add(len - 1)]);
        }
    }
    bench.arena.map(DATA, true);
    for page in pages.into_iter().filter(|page| !DATA.contains(page)) {
        bench.arena.map(page..page + 1, true);
    }
    let before = case.memory();
    for (&addr, &byte) in &before {
        bench.arena.memory.write_u8(addr, byte).map_err(|fault| format!("{fault:?}"))?;
    }
    bench.arena.set_code(start, &case.bytes).map_err(|fault| format!("{fault:?}"))?;
    let mut cpu = case.state(arch.layout());
    let end = match engine {
        Engine::Baseline => bench.baseline.run(&mut cpu),
        Engine::Jit => bench.jit.run(&mut cpu),
        _ => {
            let options = PassOptions { verify: true, ..PassOptions::default() };
            let passes = (engine == Engine::InterpreterWithPasses).then_some(&options);
            let back = |pc| arch.code_address(pc) == u64::from(start);
            interpret(arch, &bench.arena, &mut cpu, passes, BLOCKS, back)
        }
    };
    arch.settle(&mut cpu);
    let data = bench.arena.bytes(DATA);
    let mut memory: BTreeMap<u32, u8> =
        DATA.zip(data).filter(|(a, b)| *b != 0 || before.contains_key(a)).collect();
    for item in &case.outputs {
        if let Place::Memory { addr, len } = item.place {
            for at in (0..len).map(|i| addr.wrapping_add(i)) {
                memory.insert(at, bench.arena.memory.read_u8(at).map_err(|fault| format!("{fault:?}"))?);
            }
        }
    }
    Ok(Outcome { end, cpu, memory })
}

/// Slots that no case lists unless it wants to: engine bookkeeping, and parts of `nzcv`.
fn incidental(layout: &StateLayout, index: usize) -> bool {
    let slot = layout.slots[index].slot;
    let flags = layout.flags.iter().flat_map(|f| [f.n, f.z, f.c, f.v]);
    let other = [layout.pc, layout.monitor_addr, layout.monitor_value];
    flags.chain(other).chain(layout.scratch).any(|s| s == slot) || layout.slots[index].name == "branch_target"
}

impl Outcome {
    fn value(&self, layout: &StateLayout, place: Place) -> u64 {
        match place {
            Place::Slot(index) => self.cpu.get(layout.slots[index].slot),
            Place::Flags => layout.flags.map_or(0, |flags| u64::from(flags.bits(&self.cpu))),
            Place::Memory { addr, len } => (0..len).rev().fold(0, |value, i| {
                value << 8 | u64::from(self.memory.get(&addr.wrapping_add(i)).copied().unwrap_or(0))
            }),
        }
    }

    /// Everything that differs from the case's beginning.
    fn changes(&self, case: &Case, arch: &dyn GuestArch) -> Vec<Item> {
        let layout = arch.layout();
        let before = Outcome { end: End::Left, cpu: case.state(layout), memory: case.memory() };
        let slots = (0..layout.slots.len()).filter(|&i| !incidental(layout, i)).map(Place::Slot);
        let flags = layout.flags.map(|_| Place::Flags);
        let memory = self.memory.keys().map(|&addr| Place::Memory { addr, len: 1 });
        let mut changes: Vec<Item> = slots
            .chain(flags)
            .chain(memory)
            .map(|place| Item { place, value: self.value(layout, place) })
            .filter(|item| item.value != before.value(layout, item.place))
            .collect();
        if self.end == End::Left && self.cpu.get(layout.pc) != case.end(arch) | case.pc & 1 {
            let place = layout.slots.iter().position(|s| s.slot == layout.pc).map(Place::Slot);
            changes.extend(place.map(|place| Item { place, value: self.cpu.get(layout.pc) }));
        }
        changes
    }
}

/// Whether the outputs speak of a place.
fn lists(case: &Case, place: Place) -> bool {
    case.outputs.iter().any(|item| match (item.place, place) {
        (Place::Memory { addr, len }, Place::Memory { addr: byte, .. }) => byte.wrapping_sub(addr) < len,
        (listed, place) => listed == place,
    })
}

/// What is wrong with an outcome, line by line.
fn differences(case: &Case, outcome: &Outcome, arch: &dyn GuestArch) -> Vec<String> {
    let layout = arch.layout();
    let mut lines = Vec::new();
    let actual = Stop::of(outcome.end);
    let as_expected = match (&case.stop, &actual) {
        (Some(expected), Some(actual)) => expected.covers(actual),
        (None, None) => outcome.end == End::Left,
        _ => false,
    };
    if !as_expected {
        let expected = case.stop.as_ref().map_or("leaves".to_string(), Stop::print);
        lines.push(format!("  {:<14} expected {expected}, got {}", "end", outcome.end));
    }
    for item in &case.outputs {
        let got = outcome.value(layout, item.place);
        if got != item.value {
            lines.push(format!("  {:<14} expected {:#x}, got {got:#x}", item.place.name(layout), item.value));
        }
    }
    for item in outcome.changes(case, arch).iter().filter(|item| !lists(case, item.place)) {
        lines.push(format!(
            "  {:<14} not expected to change, got {:#x}",
            item.place.name(layout),
            item.value
        ));
    }
    lines
}

fn disassembly(bench: &Bench, case: &Case) -> Result<String, String> {
    let start = bench.arch.code_address(case.pc) as u32;
    bench.arena.map(start..start + case.bytes.len() as u32, true);
    bench.arena.set_code(start, &case.bytes).map_err(|fault| format!("{fault:?}"))?;
    Ok(bench.arch.disassemble(Loc::new(case.pc), &*bench.arena.code()).0)
}

/// Whether a case jumps back to its beginning: endless in translated code.
fn loops(bench: &Bench, outcome: &Outcome) -> bool {
    let pc = bench.arch.code_address(outcome.cpu.get(bench.arch.layout().pc));
    outcome.end == End::Left && bench.arena.code_range().contains(&pc)
}

fn check(isa: Isa, line: &str) -> Result<(), String> {
    with_bench(isa, |bench| {
        let arch = bench.arch.clone();
        let case = Case::parse(line, arch.layout())?;
        let mut report = String::new();
        let text = disassembly(bench, &case)?;
        if text != case.text {
            report += &format!("disassembled as \"{text}\"\n");
        }
        let mut endless = false;
        for engine in Engine::ALL {
            if endless && matches!(engine, Engine::Baseline | Engine::Jit) {
                continue;
            }
            let outcome = run(bench, &case, engine)?;
            endless |= loops(bench, &outcome);
            let lines = differences(&case, &outcome, &*arch);
            if !lines.is_empty() {
                report += &format!("{}:\n{}\n", engine.name(), lines.join("\n"));
            }
        }
        if report.is_empty() { Ok(()) } else { Err(report) }
    })
}

/// The line with disassembly and outputs as they are.
fn bless(isa: Isa, line: &str) -> Result<String, String> {
    with_bench(isa, |bench| {
        let arch = bench.arch.clone();
        let mut case = Case::parse(line, arch.layout())?;
        let text = disassembly(bench, &case)?;
        let outcome = run(bench, &case, Engine::Interpreter)?;
        if text == case.text && differences(&case, &outcome, &*arch).is_empty() {
            return Ok(line.to_string());
        }
        case.text = text;
        let changes = outcome.changes(&case, &*arch);
        let new: Vec<Item> = changes.into_iter().filter(|item| !lists(&case, item.place)).collect();
        for item in &mut case.outputs {
            item.value = outcome.value(arch.layout(), item.place);
        }
        case.outputs.extend(new);
        let stop = Stop::of(outcome.end);
        let covered =
            matches!((&case.stop, &stop), (Some(expected), Some(actual)) if expected.covers(actual));
        if !covered {
            case.stop = stop;
        }
        Ok(case.print(arch.layout()))
    })
}

fn is_case(line: &str) -> bool {
    !line.trim().is_empty() && !line.starts_with('#')
}

fn bless_file(isa: Isa, path: &Path) -> Result<(), String> {
    let old = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let mut new = String::new();
    for line in old.lines() {
        new += &if is_case(line) { bless(isa, line)? } else { line.to_string() };
        new.push('\n');
    }
    if new != old {
        std::fs::write(path, new).map_err(|e| e.to_string())?;
        println!("rewrote {}", path.display());
    }
    Ok(())
}

fn case_files() -> Vec<(Isa, PathBuf)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/filetests/inst");
    let mut files: Vec<(Isa, PathBuf)> = std::fs::read_dir(directory)
        .expect("the case files are there")
        .map(|entry| entry.expect("the directory can be read").path())
        .filter(|path| path.extension().is_some_and(|e| e == "inst"))
        .map(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            (
                Isa::of_file(&name).unwrap_or_else(|| panic!("{name}.inst begins with no instruction set")),
                path,
            )
        })
        .collect();
    files.sort_by(|a, b| a.1.cmp(&b.1));
    files
}

fn trials(isa: Isa, path: &Path) -> Vec<Trial> {
    let text = std::fs::read_to_string(path).expect("a case file can be read");
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let lines = text.lines().enumerate().filter(|(_, line)| is_case(line));
    let trial = |(n, line): (usize, &str)| {
        let (line, place) = (line.to_string(), format!("{file}:{}", n + 1));
        let text = line.split('"').nth(1).unwrap_or_default().to_string();
        Trial::test(format!("{place} {text}"), move || {
            check(isa, &line).map_err(|report| Failed::from(format!("{place}: {line}\n{report}")))
        })
    };
    lines.map(trial).collect()
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    if std::env::var_os("DEMOTIC_BLESS").is_some() {
        for (isa, path) in case_files() {
            if let Err(error) = bless_file(isa, &path) {
                eprintln!("{}: {error}", path.display());
                return ExitCode::FAILURE;
            }
        }
    }
    let trials = case_files().iter().flat_map(|(isa, path)| trials(*isa, path)).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
