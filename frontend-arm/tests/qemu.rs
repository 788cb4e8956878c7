//! Compares what random instructions do in the interpreter with what they do in qemu-arm.
//!
//! `harness.S` is the other side: it gets registers and memory, executes one instruction (in an IT block, perhaps), and
//! sends them back. Skipped where qemu-arm or the cross compiler is not installed.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use demotic_arm::{ArmConfig, ArmGuest, a32, asimd, state, t32, vfp};
use demotic_ir::interp::{self, Guest, Outcome};
use demotic_ir::{
    Access, CodeSource, CpuState, Fault, FaultKind, GuestArch, HostView, LiftOptions, Loc, MemSize, Memory,
    exchange_alone, passes,
};

/// Bytes of code in a record.
const CODE_SIZE: usize = 16;
/// Where the harness has its memory.
const WINDOW: u32 = 0x12_0000;
/// Its size.
const WINDOW_SIZE: usize = 1024;
/// Where it executes T32 code. A32 code follows 256 bytes behind.
const SLOT: u32 = 0x11_0000;
/// Base registers point to the middle of the memory, and offsets are made to stay in it.
const BASE: u32 = WINDOW + WINDOW_SIZE as u32 / 2;
/// What is compared of the FPSCR: not Stride and Len.
const FPSCR: u32 = 0xffc8_009f;
/// Cases per row of the encoding tables.
const CASES: usize = 24;

/// A random number generator: xorshift32.
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// A word that is likely to be at a limit of something.
    fn word(&mut self) -> u32 {
        let random = self.next();
        match random % 8 {
            0 => 0,
            1 => u32::MAX,
            2 => 0x8000_0000,
            3 => 0x7fff_ffff,
            4 => self.next() & 0x8000_ffff,
            5 => self.next() & 0xff,
            _ => self.next(),
        }
    }

    /// The bits of a number that is likely to make floating-point operations special.
    fn double(&mut self) -> u64 {
        let low = u64::from(self.next());
        match self.next() % 10 {
            0 => 0,
            1 => (-0.0f64).to_bits(),
            2 => f64::INFINITY.to_bits(),
            3 => 0x7ff0_0000_0000_0001 | low << 10,
            4 => f64::NAN.to_bits() | low,
            5 => low,
            6 => f64::from(self.next() as i32).to_bits(),
            7 => (f64::from(self.next() as i32) / 65536.0).to_bits(),
            8 => self.pair(),
            _ => u64::from(self.next()) << 32 | low,
        }
    }

    /// Two such numbers in single precision.
    fn pair(&mut self) -> u64 {
        u64::from(self.single()) << 32 | u64::from(self.single())
    }

    /// Flags and modes of the FPSCR, the usual mode among them often enough.
    fn fpscr(&mut self) -> u32 {
        let modes = if self.next().is_multiple_of(3) { 0 } else { self.next() & 0x07c8_0000 };
        self.next() & 0xf800_0000 | modes | self.next() & self.next() & 0x9f
    }

    /// A half-precision number, twice.
    fn halves(&mut self) -> u32 {
        let half = |random: u32| match random >> 16 & 7 {
            0 => random & 0x8000,
            1 => 0x7c00 | random & 0x8000,
            2 => 0x7c01 | random & 0x83ff,
            3 => random & 0x83ff,
            4 => 0x3c00 | random & 0x80ff,
            _ => random & 0xffff,
        };
        half(self.next()) << 16 | half(self.next())
    }

    fn single(&mut self) -> u32 {
        let random = self.next();
        match random % 8 {
            0 => random & 0x8000_0000,
            1 => 0x7f80_0000 | random & 0x8000_0000,
            2 => 0x7f80_0001 | random >> 9,
            3 => 0x7fc0_0000 | random,
            4 => random >> 9,
            5 => (random as i32 as f32).to_bits(),
            6 => (random as i32 as f32 / 65536.0).to_bits(),
            _ => self.next(),
        }
    }
}

/// Registers and memory, and the code.
#[derive(Clone, PartialEq)]
struct Record {
    thumb: bool,
    code: [u8; CODE_SIZE],
    r: [u32; 15],
    apsr: u32,
    fpscr: u32,
    d: [u64; 32],
    window: Vec<u8>,
}

impl Record {
    fn random(random: &mut Random, thumb: bool) -> Record {
        let fp = random.next() >> 9 & 3;
        Record {
            thumb,
            code: [0; CODE_SIZE],
            r: std::array::from_fn(|_| random.word()),
            apsr: random.next() & 0xf80f_0000,
            fpscr: random.fpscr(),
            d: std::array::from_fn(|_| match fp {
                0 | 1 => random.double(),
                2 => u64::from(random.halves()) << 32 | u64::from(random.halves()),
                _ => random.pair(),
            }),
            window: (0..WINDOW_SIZE).map(|_| random.next() as u8).collect(),
        }
    }

    /// Clears FPSCR.FZ16, which the processor that executes other rows than those of floating point has not.
    fn limit_modes(&mut self, row: &str) {
        if !row.starts_with('V') {
            self.fpscr &= !(1 << 19);
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(u32::from(self.thumb).to_le_bytes());
        out.extend(self.code);
        for word in self.r.iter().chain([&self.apsr, &self.fpscr]) {
            out.extend(word.to_le_bytes());
        }
        for d in self.d {
            out.extend(d.to_le_bytes());
        }
        out.extend(&self.window);
        out
    }

    fn from_bytes(bytes: &[u8]) -> Record {
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let double = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        Record {
            thumb: word(0) != 0,
            code: bytes[4..20].try_into().expect("the code's length"),
            r: std::array::from_fn(|i| word(20 + 4 * i)),
            apsr: word(80) & 0xf80f_0000,
            fpscr: word(84) & FPSCR,
            d: std::array::from_fn(|i| double(88 + 8 * i)),
            window: bytes[344..344 + WINDOW_SIZE].into(),
        }
    }

    fn slot(&self) -> u32 {
        if self.thumb { SLOT } else { SLOT + 256 }
    }
}

impl CodeSource for Record {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        let start = addr.wrapping_sub(self.slot().into()) as usize;
        match self.code.get(start..start.saturating_add(buf.len())) {
            Some(code) => {
                buf.copy_from_slice(code);
                true
            }
            None => false,
        }
    }

    fn read_only(&self, _: u64, _: u32) -> Option<u64> {
        None
    }
}

/// The harness's memory.
struct Window(Vec<u8>);

impl Window {
    fn place(&self, addr: u64, size: MemSize, access: Access) -> Result<std::ops::Range<usize>, Fault> {
        let start = addr.wrapping_sub(WINDOW.into());
        let range = start as usize..start.saturating_add(size.bytes().into()) as usize;
        let fault = Fault { addr, access, kind: FaultKind::Unmapped };
        self.0.get(range.clone()).map(|_| range).ok_or(fault)
    }
}

impl Memory for Window {
    fn load(&mut self, addr: u64, size: MemSize) -> Result<u64, Fault> {
        let range = self.place(addr, size, Access::Load)?;
        Ok(self.0[range].iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte)))
    }

    fn store(&mut self, addr: u64, size: MemSize, value: u64) -> Result<(), Fault> {
        let range = self.place(addr, size, Access::Store)?;
        let len = range.len();
        self.0[range].copy_from_slice(&value.to_le_bytes()[..len]);
        Ok(())
    }

    fn compare_exchange(&mut self, addr: u64, size: MemSize, old: u64, new: u64) -> Result<u64, Fault> {
        exchange_alone(self, addr, size, old, new)
    }

    fn host_view(&self) -> HostView {
        HostView::None
    }
}

/// What the interpreter makes of a record; `None` when the code traps or branches.
fn interpret(guest: &ArmGuest, record: &Record, insns: usize, optimize: bool) -> Option<Record> {
    let mut cpu = CpuState::new();
    for (n, &value) in (0..).zip(&record.r) {
        cpu.set32(state::R.nth(n), value);
    }
    for (n, &value) in (0..).zip(&record.d) {
        cpu.set(state::D.nth(n), value);
    }
    let flags = guest.layout().flags?;
    flags.set_bits(&mut cpu, record.apsr);
    cpu.set32(state::QF, record.apsr >> 27 & 1);
    cpu.set32(state::GE, record.apsr >> 16 & 0xf);
    cpu.set32(state::FPSCR_NZCV, record.fpscr & 0xf000_0000);
    cpu.set32(state::FPSCR, record.fpscr & 0x07ff_ffff);
    cpu.set(state::FPSCR_QC, u64::from(record.fpscr >> 27 & 1));
    cpu.set32(state::CPSR_LOW, state::MODE_USR);
    cpu.set(state::MONITOR_ADDR, u64::MAX);

    let pc = record.slot() | u32::from(record.thumb);
    let mut block =
        guest.lift(Loc { pc: pc.into(), mode: guest.mode(&cpu) }, record, LiftOptions { max_insns: insns });
    let end = block.guest_range().1;
    if optimize {
        passes::run(&mut block, guest.layout(), &passes::PassOptions::default());
    }
    let mut window = Window(record.window.clone());
    let code = interp::compile(&block, &Guest::of(guest)).expect("a block of one instruction compiles");
    let goes_on =
        |way: &interp::Way| matches!(way.kind, interp::WayKind::Jump { target } if target & !1 == end);
    if !code.ways().iter().all(goes_on) {
        return None;
    }
    if let Outcome::Fault { .. } = code.run(&mut cpu, &mut window) {
        return None;
    }
    let mut result = record.clone();
    result.r = std::array::from_fn(|n| cpu.get32(state::R.nth(n as u32)));
    result.d = std::array::from_fn(|n| cpu.get(state::D.nth(n as u32)));
    let q_and_ge = cpu.get32(state::QF) << 27 | cpu.get32(state::GE) << 16;
    result.apsr = flags.bits(&cpu) | q_and_ge;
    let saturated = u32::from(cpu.get(state::FPSCR_QC) != 0) << 27;
    result.fpscr = cpu.get32(state::FPSCR_NZCV) | saturated | cpu.get32(state::FPSCR);
    result.window = window.0;
    Some(result)
}

/// Builds the harness; `None` when the tools are missing.
fn build_harness(name: &str) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/qemu/harness.S");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("arm-harness-{name}"));
    let sections = format!("-Wl,--section-start=.slot={SLOT:#x},--section-start=.window={WINDOW:#x}");
    let built = Command::new("arm-linux-gnueabihf-gcc")
        .args(["-nostdlib", "-static", "-Wl,--no-warn-rwx-segments", &sections, "-o"])
        .args([&program, &source])
        .status();
    let qemu = Command::new("qemu-arm").arg("--version").output();
    (built.is_ok_and(|status| status.success()) && qemu.is_ok()).then_some(program)
}

/// What qemu-arm makes of the records; `None` where an instruction is undefined there.
fn run_in_qemu(harness: &Path, records: &[Record]) -> Vec<Option<Record>> {
    let mut results = Vec::new();
    while results.len() < records.len() {
        let more = run_until_undefined(harness, &records[results.len()..]);
        results.extend(more.into_iter().map(Some));
        if results.len() < records.len() {
            results.push(None);
        }
    }
    results
}

/// The same for records up to the first that has an undefined instruction.
fn run_until_undefined(harness: &Path, records: &[Record]) -> Vec<Record> {
    let mut child = Command::new("qemu-arm")
        .args(["-cpu", "max"])
        .arg(harness)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("qemu-arm starts");
    let input: Vec<u8> = records.iter().flat_map(Record::to_bytes).collect();
    let mut stdin = child.stdin.take().expect("it has a standard input");
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("it ends").stdout;
    let _ = writer.join();
    output.chunks_exact(344 + WINDOW_SIZE).map(Record::from_bytes).collect()
}

/// A case: a record, the row's name, and what the interpreter says.
struct Case {
    name: &'static str,
    before: Record,
    after: Record,
    insns: usize,
}

/// How the generated decoders differ in type but not in form.
macro_rules! rows {
    ($decoder:path) => {{
        use $decoder as decoder;
        fn rows() -> Vec<(&'static str, &'static [Field], RandomWord)> {
            decoder::ROWS
                .iter()
                .filter(|row| {
                    row.outcome == decoder::Outcome::Executes && !row.file.ends_with("a32_system.decode")
                })
                .map(|row| {
                    let fields: Vec<Field> =
                        row.fields.iter().map(|f| Field { name: f.name, bits: f.bits }).collect();
                    let ignored =
                        row.pattern.chars().fold(0u32, |bits, c| bits << 1 | u32::from("-x".contains(c)));
                    let media = row.file.ends_with("a32_media.decode");
                    let is_one = media && !has_zeros(row.name) || SHOULD_BE_ONE.contains(&row.name);
                    let ones = if is_one { ignored } else { 0 };
                    let word: RandomWord =
                        Box::new(move |next| Some(decoder::random(row, next)? & !ignored | ones));
                    (row.name, &*fields.leak(), word)
                })
                .collect()
        }
        rows()
    }};
}

type RandomWord = Box<dyn Fn(&mut dyn FnMut() -> u32) -> Option<u32>>;

/// A field of a row.
struct Field {
    name: &'static str,
    bits: &'static [u8],
}

impl Field {
    fn get(&self, word: u32) -> u32 {
        self.bits.iter().fold(0, |value, bit| value << 1 | word >> bit & 1)
    }

    /// `word` with those bits of the field cleared that are not in `mask`.
    fn limit(&self, word: u32, mask: u32) -> u32 {
        let bits = self.bits.iter().rev().enumerate();
        bits.filter(|(i, _)| mask >> i & 1 == 0).fold(word, |word, (_, bit)| word & !(1 << bit))
    }
}

/// Instructions whose effects depend on more than the record, or that differ on purpose.
const SKIPPED: &[&str] = &[
    "MRC", "MCR", "MRS", "VMSR", "LDREX", "LDREXB", "LDREXH", "LDREXD", "MSR_reg", "MSR_imm", "LDAEX",
    "LDAEXB", "LDAEXH", "LDAEXD",
];

/// The media instructions whose ignored bits should be zero.
fn has_zeros(name: &str) -> bool {
    let saturating = ["QADD", "QSUB", "QDADD", "QDSUB", "CRC32"];
    name[1..].starts_with("XT") || saturating.contains(&name)
}

/// A32 instructions with should-be-one bits, which qemu checks, besides most media instructions. Other bits that are
/// ignored here should be zero.
const SHOULD_BE_ONE: &[&str] =
    &["SDIV", "UDIV", "STREX", "STREXB", "STREXH", "STREXD", "LDA", "LDAB", "LDAH"];

/// Instructions that take R13 here, as in ARMv8, which qemu does not in ARMv7.
const UNDEFINED_IN_QEMU: &[&str] = &["STREX", "STREXB", "STREXH", "STREXD"];

/// Whether a row reads or writes memory, so that its base must point to some.
fn accesses_memory(name: &str) -> bool {
    let name = name.trim_start_matches('V');
    ["LD", "ST", "PUSH", "POP", "SWP"].iter().any(|prefix| name.starts_with(prefix))
}

/// Makes the addresses of `word` lie in the window: bases in its middle, small offsets.
fn aim(record: &mut Record, word: u32, fields: &[Field], random: &mut Random) -> u32 {
    let mut word = word;
    let base = fields.iter().find(|field| field.name == "rn").map_or(13, |field| field.get(word));
    for field in fields {
        match field.name {
            "rm" => record.r[field.get(word) as usize % 15] = random.next() & 0x1c,
            // Some forms of LDRD and STRD have offsets in bytes, and qemu wants their addresses aligned.
            "imm" if !record.thumb => word = field.limit(word, 0x3c),
            "imm" => word = field.limit(word, 0x3f),
            // A base in the list is unpredictable, and some of its forms undefined in qemu.
            "list" => word = field.limit(word, !(1 << base)),
            _ => {}
        }
    }
    if base < 15 {
        record.r[base as usize] = BASE + (random.next() & 0x1c);
    }
    word
}

/// A random case of a row; `None` when it came out as something that cannot be compared.
fn case(
    guest: &ArmGuest,
    random: &mut Random,
    thumb: bool,
    len: usize,
    row: &(&'static str, &'static [Field], RandomWord),
) -> Option<Case> {
    let (name, fields, word) = row;
    let mut record = Record::random(random, thumb);
    record.limit_modes(name);
    let mut word = word(&mut || random.next())?;
    if accesses_memory(name) {
        word = aim(&mut record, word, fields, random);
    }
    let nop: u32 = if thumb { 0xbf00_bf00 } else { 0xe320_f000 };
    for chunk in record.code.chunks_exact_mut(4) {
        chunk.copy_from_slice(&nop.to_le_bytes());
    }
    // LDRD that loads its base, with writeback, or its offset is unpredictable.
    let field = |name: &str| fields.iter().find(|f| f.name == name).map(|f| f.get(word));
    let loaded = [field("rt"), field("rt").map(|t| t + 1), field("rt2")];
    if name.starts_with("LDRD") && (loaded.contains(&field("rn")) || loaded.contains(&field("rm"))) {
        return None;
    }
    let in_it_block = thumb && random.next() & 1 != 0;
    let mut at = 0;
    if in_it_block {
        let it = 0xbf08 | (random.next() % 14) << 4;
        record.code[..2].copy_from_slice(&(it as u16).to_le_bytes());
        at = 2;
    }
    let bytes = if thumb && len == 4 { word.rotate_left(16) } else { word }.to_le_bytes();
    record.code[at..at + len].copy_from_slice(&bytes[..len]);
    let insns = 1 + usize::from(in_it_block);
    let after = interpret(guest, &record, insns, false)?;
    Some(Case { name, before: record, after, insns })
}

/// Rows of a decoder.
type Rows = Vec<(&'static str, &'static [Field], RandomWord)>;

/// A sequence of random instructions of few registers, so that they work on each other's results.
fn sequence(guest: &ArmGuest, random: &mut Random, thumb: bool, len: usize, rows: &Rows) -> Option<Case> {
    let mut record = Record::random(random, thumb);
    record.r[13] = BASE - 64;
    record.limit_modes(rows.first()?.0);
    let count = CODE_SIZE / len - usize::from(thumb);
    let mut code = Vec::new();
    if thumb {
        let cond = random.next() % 14;
        let mask = 1 << (random.next() % 4);
        let branches = random.next() & 15 & !(mask | (mask - 1));
        code.extend(((0xbf00 | cond << 4 | branches | mask) as u16).to_le_bytes());
    }
    for _ in 0..count {
        let (_, fields, word) = &rows[random.next() as usize % rows.len()];
        let mut word = word(&mut || random.next())?;
        for field in *fields {
            word = match field.name {
                "vd" | "vm" => field.limit(word, 0x13),
                "vn" => field.limit(word, 0x7),
                "rd" | "rn" | "rm" | "rt" => field.limit(word, 0x3),
                "imm" => field.limit(word, 0x1f),
                _ => word,
            };
        }
        code.extend(&word.to_le_bytes()[..len]);
    }
    record.code.copy_from_slice(&code);
    let insns = count + usize::from(thumb);
    let after = interpret(guest, &record, insns, false)?;
    Some(Case { name: "sequence", before: record, after, insns })
}

/// Compares sequences of those instructions that `names` accepts.
fn compare_sequences(name: &str, thumb: bool, len: usize, rows: Rows, accept: fn(&str) -> bool) {
    let Some(harness) = build_harness(name) else { return };
    let guest = ArmGuest::new(ArmConfig::default());
    let mut random = Random(0x5678_9abc);
    let rows: Rows = rows.into_iter().filter(|row| accept(row.0)).collect();
    let cases: Vec<Case> =
        (0..4000).filter_map(|_| sequence(&guest, &mut random, thumb, len, &rows)).collect();
    check(&harness, &guest, &cases);
    assert!(cases.len() > 1000, "only {} cases", cases.len());
}

/// For a subnormal number that is flushed, VJCVT clears Z (ARM DDI 0487, FPToFixedJS); qemu sets it.
fn flushed_by_vjcvt(case: &Case) -> bool {
    let words = case.before.code.chunks_exact(4).map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]]));
    let mut vjcvt = words.filter(|word| word & 0x0fbf_0fd0 == 0x0eb9_0bc0);
    case.before.fpscr & 1 << 24 != 0 && vjcvt.next().is_some()
}

fn describe(case: &Case, theirs: &Record) -> String {
    let ours = &case.after;
    let mut out = format!("{} {:02x?}:", case.name, &case.before.code);
    for n in 0..15 {
        let (before, ours, theirs) = (case.before.r[n], ours.r[n], theirs.r[n]);
        if ours != theirs {
            out += &format!(" r{n} was {before:#x}, is {ours:#x}, in qemu {theirs:#x};");
        }
    }
    for n in 0..32 {
        let (before, ours, theirs) = (case.before.d[n], ours.d[n], theirs.d[n]);
        if ours != theirs {
            out += &format!(" d{n} was {before:#x}, is {ours:#x}, in qemu {theirs:#x};");
        }
    }
    if ours.apsr != theirs.apsr {
        out +=
            &format!(" apsr was {:#x}, is {:#x}, in qemu {:#x};", case.before.apsr, ours.apsr, theirs.apsr);
    }
    if ours.fpscr != theirs.fpscr {
        let before = case.before.fpscr;
        out += &format!(" fpscr was {before:#x}, is {:#x}, in qemu {:#x};", ours.fpscr, theirs.fpscr);
    }
    if ours.window != theirs.window {
        out += " memory differs";
    }
    out
}

fn compare(
    name: &str,
    seed: u32,
    thumb: bool,
    len: usize,
    rows: Vec<(&'static str, &'static [Field], RandomWord)>,
) {
    let Some(harness) = build_harness(name) else { return };
    let guest = ArmGuest::new(ArmConfig::default());
    let mut random = Random(seed);
    let mut cases = Vec::new();
    for row in rows.iter().filter(|row| !SKIPPED.contains(&row.0)) {
        cases.extend((0..CASES).filter_map(|_| case(&guest, &mut random, thumb, len, row)));
    }
    check(&harness, &guest, &cases);
    assert!(cases.len() > rows.len() * 4, "only {} cases", cases.len());
}

/// Compares the cases with what qemu makes of them, and with what they do after the passes.
fn check(harness: &Path, guest: &ArmGuest, cases: &[Case]) {
    let records: Vec<Record> = cases.iter().map(|case| case.before.clone()).collect();
    let results = run_in_qemu(harness, &records);
    let mut differences = Vec::new();
    for (case, theirs) in cases.iter().zip(&results) {
        let optimized = interpret(guest, &case.before, case.insns, true);
        assert!(optimized.as_ref() == Some(&case.after), "{}: passes change the result", case.name);
        match theirs {
            Some(theirs) if *theirs != case.after && !flushed_by_vjcvt(case) => {
                differences.push(describe(case, theirs))
            }
            None if !UNDEFINED_IN_QEMU.contains(&case.name) => {
                differences.push(format!(
                    "{} {:02x?} is undefined in qemu",
                    case.name,
                    &case.before.code[..6]
                ));
            }
            _ => {}
        }
    }
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn t16_does_what_it_does_in_qemu() {
    compare("t16", 0x1234_5678, true, 2, rows!(t32::narrow));
}

#[test]
fn t32_does_what_it_does_in_qemu() {
    compare("t32", 0x2345_6789, true, 4, rows!(t32::wide));
}

#[test]
fn a32_does_what_it_does_in_qemu() {
    compare("a32", 0x3456_789a, false, 4, rows!(a32::decoder));
}

#[test]
fn vfp_does_what_it_does_in_qemu() {
    compare("vfp", 0x4567_89ab, false, 4, rows!(vfp::decoder));
}

#[test]
fn vfp_sequences_do_what_they_do_in_qemu() {
    let accept =
        |name: &str| !accesses_memory(name) && name != "VMSR" && name != "VMRS" && !name.ends_with("2s");
    compare_sequences("vfp-sequences", false, 4, rows!(vfp::decoder), accept);
}

#[test]
fn it_blocks_do_what_they_do_in_qemu() {
    let accept = |name: &str| {
        let memory = accesses_memory(name) && !name.ends_with("_sp");
        let stack = name.starts_with("ADD_sp") || name.starts_with("SUB_sp");
        !memory
            && !stack
            && !["IT", "IT_always", "ADD_high", "MOV_reg", "SETEND", "CPS", "HLT"].contains(&name)
            && !name.ends_with("fix")
    };
    compare_sequences("it-blocks", true, 2, rows!(t32::narrow), accept);
}

/// A random Advanced SIMD word, in the A32 form, of a row: quadword registers have even numbers, most of the time.
fn asimd_word(
    random: &mut Random,
    (_, fields, word): &(&'static str, &'static [Field], RandomWord),
) -> Option<u32> {
    let mut word = word(&mut || random.next())?;
    let quad = fields.iter().find(|field| field.name == "q").is_none_or(|q| q.get(word) != 0);
    if quad && !random.next().is_multiple_of(16) {
        // The lowest bit of the numbers is that of the four bits that stand together in the word.
        for field in fields.iter().filter(|field| ["vd", "vn", "vm"].contains(&field.name)) {
            word = field.limit(word, if field.name == "vn" { 0x1d } else { 0x1e });
        }
    }
    // What is exchanged with itself is unpredictable.
    let field = |name: &str| fields.iter().find(|field| field.name == name).map(|field| field.get(word));
    (field("vn").is_some() || field("vd") != field("vm")).then_some(word)
}

/// Registers and memory for Advanced SIMD: integers at limits, too, and bases that are aligned, most of the time.
fn asimd_record(random: &mut Random, thumb: bool) -> Record {
    let mut record = Record::random(random, thumb);
    for d in record.d.iter_mut().filter(|d| **d & 0x300 == 0) {
        *d = u64::from(random.word()) << 32 | u64::from(random.word());
    }
    for r in &mut record.r {
        let unaligned = if random.next().is_multiple_of(8) { random.next() & 31 } else { 0 };
        *r = BASE - 128 + (random.next() & 0xe0) + unaligned;
    }
    record
}

/// A case of so many random Advanced SIMD instructions, in T32 perhaps in an IT block. `None` when it came out as something
/// that traps.
fn asimd_case(
    guest: &ArmGuest,
    random: &mut Random,
    thumb: bool,
    rows: &[&(&'static str, &'static [Field], RandomWord)],
) -> Option<Case> {
    let mut record = asimd_record(random, thumb);
    let in_it_block = thumb && rows.len() == 1 && random.next() & 1 != 0;
    let mut code = Vec::new();
    if in_it_block {
        code.extend(((0xbf08 | (random.next() % 14) << 4) as u16).to_le_bytes());
    }
    for row in rows {
        let word = asimd_word(random, row)?;
        let word = if thumb { asimd::to_t32(word).rotate_left(16) } else { word };
        code.extend(word.to_le_bytes());
    }
    let nop: u32 = if thumb { 0xbf00_bf00 } else { 0xe320_f000 };
    code.extend(nop.to_le_bytes().iter().cycle().take(CODE_SIZE - code.len()));
    record.code.copy_from_slice(&code);
    let insns = rows.len() + usize::from(in_it_block);
    let after = interpret(guest, &record, insns, false)?;
    Some(Case { name: rows[0].0, before: record, after, insns })
}

/// Compares single instructions of every row, and sequences. `DEMOTIC_CASES` multiplies their number.
fn compare_asimd(name: &str, seed: u32, thumb: bool) {
    let Some(harness) = build_harness(name) else { return };
    let guest = ArmGuest::new(ArmConfig::default());
    let mut random = Random(seed);
    let rows = rows!(asimd::decoder);
    let times: usize = std::env::var("DEMOTIC_CASES").map_or(1, |n| n.parse().expect("a number"));
    let mut cases = Vec::new();
    for _ in 0..times {
        for row in &rows {
            cases.extend((0..CASES).filter_map(|_| asimd_case(&guest, &mut random, thumb, &[row])));
        }
        for _ in 0..4 * rows.len() {
            let four = std::array::from_fn::<_, 4, _>(|_| &rows[random.next() as usize % rows.len()]);
            let four = &four[..if thumb { 3 } else { 4 }];
            cases.extend(asimd_case(&guest, &mut random, thumb, four));
        }
    }
    check(&harness, &guest, &cases);
    let insns: usize = cases.iter().map(|case| case.insns).sum();
    println!("{insns} instructions");
    assert!(cases.len() > rows.len() * 8, "only {} cases", cases.len());
}

#[test]
fn asimd_does_in_a32_what_it_does_in_qemu() {
    compare_asimd("asimd-a32", 0x1357_9bdf, false);
}

#[test]
fn asimd_does_in_t32_what_it_does_in_qemu() {
    compare_asimd("asimd-t32", 0x2468_ace1, true);
}

/// Random words of the Advanced SIMD space that are refused here: undefined, or an access that is not aligned as it asks
/// to be. Left out is what the architecture leaves open (registers beyond D31) or qemu has besides (bfloat16).
fn refused_asimd_case(guest: &ArmGuest, random: &mut Random) -> Option<Record> {
    let space = [0xf200_0000, 0xf300_0000, 0xf400_0000][random.next() as usize % 3];
    let mut word = space | random.next() & 0x00ff_ffff;
    if space == 0xf400_0000 {
        // Not a hint, a base that is not R15, registers of small numbers.
        word &= !0x0058_8000;
    }
    let bfloat = word & 0xffbf_0fd0 == 0xf3b6_0640;
    let table = word & 0xffb0_0c10 == 0xf3b0_0800;
    if bfloat || table {
        return None;
    }
    let mut record = asimd_record(random, false);
    record.code[..4].copy_from_slice(&word.to_le_bytes());
    record.code[4..].copy_from_slice(&[0xe320_f000u32; 3].map(u32::to_le_bytes).concat());
    interpret(guest, &record, 1, false).is_none().then_some(record)
}

#[test]
fn what_asimd_refuses_is_refused_in_qemu() {
    let Some(harness) = build_harness("asimd-refused") else { return };
    let guest = ArmGuest::new(ArmConfig::default());
    let mut random = Random(0x1122_3344);
    let records: Vec<Record> = (0..4000).filter_map(|_| refused_asimd_case(&guest, &mut random)).collect();
    let records = &records[..records.len().min(400)];
    let results = run_in_qemu(&harness, records);
    let executed = records.iter().zip(results).filter(|(_, result)| result.is_some());
    let differences: Vec<String> =
        executed.map(|(record, _)| format!("{:02x?}", &record.code[..4])).collect();
    assert!(differences.is_empty(), "{} of {}: {differences:?}", differences.len(), records.len());
}
