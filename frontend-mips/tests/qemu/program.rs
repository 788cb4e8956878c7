//! The program that both run: for each instruction it loads all registers, executes it, and stores them all.

use std::fmt::Write as _;

use demotic_mips::config::fir;
use demotic_mips::decode::{Insn, Outcome, ROWS, Row, random};
use demotic_mips::{MipsConfig, Release};

/// Bytes of a record of all registers.
pub(crate) const RECORD: usize = 128 + 256;
/// Index of the word of a record that has FCSR. The others are the general registers at their numbers, but HI at 0 and
/// LO at 26; then the doubles.
pub(crate) const FCSR: usize = 27;
/// Instructions per row.
const PER_ROW: usize = 20;
/// The registers that point into input and output.
const POINTERS: [u32; 2] = [26, 27];

/// A processor, and the part of its instructions that is tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variant {
    /// Its name.
    pub(crate) name: &'static str,
    /// Our configuration.
    pub(crate) config: MipsConfig,
    /// The name of qemu's processor.
    pub(crate) cpu: &'static str,
    /// Options of the assembler.
    pub(crate) assembler: &'static [&'static str],
    /// The tables whose rows are tried.
    pub(crate) tables: &'static [&'static str],
}

impl Variant {
    /// Whether qemu runs it as a 64-bit program: only 64-bit processors have some of the instructions.
    pub(crate) fn is_64(&self) -> bool {
        self.assembler.contains(&"-mabi=64")
    }
}

/// A program and the instructions that it tries, with the names of their rows.
pub(crate) struct Program {
    pub(crate) text: String,
    pub(crate) instructions: Vec<(&'static str, u32)>,
}

impl Program {
    /// A program of random instructions on random registers.
    pub(crate) fn random(variant: &Variant, seed: u32) -> Program {
        let config = &variant.config;
        let mut next = generator(seed);
        let mut instructions = Vec::new();
        for row in ROWS.iter().filter(|row| belongs(row, variant)) {
            for _ in 0..PER_ROW {
                let word = random(row, &mut next).map(|word| tamed(config, row, word));
                let word = word.filter(|&word| suitable(config, row, word));
                instructions.extend(word.map(|word| (row.name, word)));
            }
        }
        let mut text = String::from(
            ".section .code, \"awx\"\n.set noreorder\n.set noat\n.globl __start\n__start:\nlui $27, %hi(out)\naddiu $27, $27, %lo(out)\n",
        );
        let mut data = String::from(".align 3\nin:\n");
        for (n, &(_, word)) in instructions.iter().enumerate() {
            attempt(config, &mut text, n, word);
            inputs(config, &mut data, &mut next);
        }
        let len = instructions.len() * RECORD;
        let _ = write!(
            text,
            "li $4, 1\nlui $5, %hi(in)\naddiu $5, $5, %lo(in)\nlui $6, {high:#x}\nori $6, $6, {low:#x}\n\
             li $2, {write}\nsyscall\nli $4, 0\nli $2, {exit}\nsyscall\nnop\n{data}.align 3\nout: .space {len}\n",
            write = if variant.is_64() { 5001 } else { 4004 },
            exit = if variant.is_64() { 5058 } else { 4001 },
            high = (2 * len) >> 16,
            low = (2 * len) & 0xffff,
        );
        Program { text, instructions }
    }
}

/// A small generator of random numbers (xorshift).
fn generator(mut state: u32) -> impl FnMut() -> u32 {
    move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    }
}

/// Whether the row's instructions neither trap nor leave the program.
fn belongs(row: &Row, variant: &Variant) -> bool {
    const TRAPPING: [&str; 3] = ["ADD", "ADDI", "SUB"];
    // They read or write what the two do not share.
    const SYSTEM: [&str; 6] = ["RDHWR", "RDHWR_SEL", "CFC1", "CTC1", "SYSCALL", "BREAK"];
    // qemu's processors do without them, or have them privileged.
    const MISSING: [&str; 4] = ["LLWP", "SCWP", "CACHE_R6", "SYNCI"];
    // They go where a register says.
    const JUMPS: [&str; 11] =
        ["J", "JAL", "JR", "JR_HB", "JALR", "JALR_HB", "JR_R6", "JR_HB_R6", "JIC", "JIALC", "JALX"];
    let config = &variant.config;
    let conditional_trap = row.pattern.starts_with("000000")
        && row.pattern[26..].starts_with("110")
        && !row.name.starts_with("SEL")
        || row.pattern.starts_with("000001") && row.pattern[11..].starts_with("01");
    row.outcome == Outcome::Executes
        && variant.tables.iter().any(|table| row.file.ends_with(table))
        && config.row(row.example).is_some_and(|found| found.name == row.name)
        && ![TRAPPING.as_slice(), &SYSTEM, &MISSING, &JUMPS].concat().contains(&row.name)
        && !conditional_trap
}

/// The word with its field replaced, if the row has it.
fn with_field(row: &Row, word: u32, name: &str, value: u32) -> u32 {
    let Some(field) = row.fields.iter().find(|field| field.name == name) else { return word };
    let bits = field.bits.iter().rev().enumerate();
    bits.fold(word, |word, (n, &bit)| word & !(1 << bit) | (value >> n & 1) << bit)
}

/// The word, with an address that is in the input record, or with a target right after the next two instructions.
fn tamed(config: &MipsConfig, row: &Row, word: u32) -> u32 {
    // A hint, whose address does not matter.
    if row.name == "PREFX" {
        return word;
    }
    let value = |name: &str| row.extract(word, name);
    let unaligned = config.release == Release::R6 || ["LWL", "LWR", "SWL", "SWR"].contains(&row.name);
    let exclusive = row.name.starts_with("LL") || row.name.starts_with("SC");
    let mask = if unaligned && !exclusive { 0x7f } else { 0x78 };
    match (value("base"), value("offset"), value("index")) {
        (Some(_), Some(offset), _) => {
            let word = with_field(row, word, "base", POINTERS[0]);
            with_field(row, word, "offset", offset & mask)
        }
        (Some(_), None, Some(_)) => {
            let word = with_field(row, word, "base", POINTERS[0]);
            with_field(row, word, "index", 0)
        }
        (None, Some(_), _) => with_field(row, word, "offset", 2),
        _ if row.name == "LWPC" => with_field(row, word, "imm", word & 3),
        _ => word,
    }
}

/// Whether the instruction is predictable, and leaves the pointers alone.
fn suitable(config: &MipsConfig, row: &Row, word: u32) -> bool {
    let written = ["rs", "rt", "rd"].iter().filter_map(|name| row.extract(word, name));
    if written.into_iter().any(|n| POINTERS.contains(&n)) {
        return false;
    }
    let branch_and_link = row.pattern.starts_with("000001") && row.pattern[11..].starts_with('1');
    let compact = row.name.ends_with("ALC") && row.extract(word, "rt") == Some(31);
    if compact || branch_and_link && row.extract(word, "rs") == Some(31) {
        return false;
    }
    let odd =
        ["fd", "fs", "ft", "fr"].iter().any(|field| row.extract(word, field).is_some_and(|n| n & 1 != 0));
    let double = row.extract(word, "fmt") == Some(1) || row.pattern.contains("10110");
    match config.decode(word) {
        Some(Insn::Ext(a)) => a.l + a.m < 32,
        Some(Insn::Ins(a)) => a.l <= a.m,
        _ if config.fr => true,
        // The format L needs FR=1.
        Some(Insn::CvtSL(_) | Insn::CvtDL(_) | Insn::CvtL(_)) => false,
        Some(Insn::RoundL(_) | Insn::TruncL(_) | Insn::CeilL(_) | Insn::FloorL(_)) => false,
        Some(Insn::CvtSD(_) | Insn::CvtDS(_) | Insn::CvtDW(_) | Insn::Mfhc1(_) | Insn::Mthc1(_)) => !odd,
        Some(Insn::Ldc1(_) | Insn::Sdc1(_) | Insn::Ldxc1(_) | Insn::Sdxc1(_)) => !odd,
        Some(Insn::Luxc1(_) | Insn::Suxc1(_)) => false,
        _ => !double || !odd,
    }
}

/// The numbers of the doubles.
fn doubles(config: &MipsConfig) -> impl Iterator<Item = usize> {
    (0..32).step_by(if config.fr { 1 } else { 2 })
}

/// Executes `word` on the registers of input record `n`. After a branch come an instruction in its slot and one that it
/// jumps over, both of which leave a mark.
fn attempt(config: &MipsConfig, text: &mut String, n: usize, word: u32) {
    let general: Vec<u32> = (1..32).filter(|n| !POINTERS.contains(n)).collect();
    let old = config.release < Release::R6;
    let float = config.fir & fir::D != 0;
    let mut line = |text_line: String| {
        text.push_str(&text_line);
        text.push('\n');
    };
    line(format!("lui $26, %hi(in+{0})\naddiu $26, $26, %lo(in+{0})", n * RECORD));
    if old {
        line("lw $2, 0($26)\nmthi $2\nlw $2, 104($26)\nmtlo $2".to_string());
    }
    if float {
        line("lw $2, 108($26)\nctc1 $2, $31".to_string());
        for r in doubles(config) {
            line(format!("ldc1 $f{r}, {}($26)", 128 + 8 * r));
        }
    }
    for r in &general {
        line(format!("lw ${r}, {}($26)", 4 * r));
    }
    line(format!(".word {word:#x}"));
    let row = config.row(word);
    if row
        .is_some_and(|row| ["base", "offset"].map(|name| row.extract(word, name).is_some()) == [false, true])
    {
        line("sw $0, 4($26)\nsw $0, 8($26)".to_string());
    }
    for r in &general {
        line(format!("sw ${r}, {}($27)", 4 * r));
    }
    if float {
        for r in doubles(config) {
            line(format!("sdc1 $f{r}, {}($27)", 128 + 8 * r));
        }
        line("cfc1 $2, $31\nsw $2, 108($27)".to_string());
    }
    if old {
        line("mfhi $2\nsw $2, 0($27)\nmflo $2\nsw $2, 104($27)".to_string());
    }
    line(format!("addiu $27, $27, {RECORD}"));
}

/// A record of random registers, with a taste for special values.
fn inputs(config: &MipsConfig, data: &mut String, next: &mut impl FnMut() -> u32) {
    for index in 0..32 {
        let word = match index {
            FCSR if config.release == Release::R6 => fcsr(next()) & !demotic_mips::state::FCSR_CONDITIONS,
            FCSR => fcsr(next()),
            _ => integer(next()),
        };
        let _ = writeln!(data, ".word {word:#x}");
    }
    for _ in 0..32 {
        let double = double(next(), next());
        let (high, low) = (double >> 32, double & 0xffff_ffff);
        let (first, second) = if config.big_endian { (high, low) } else { (low, high) };
        let _ = writeln!(data, ".word {first:#x}, {second:#x}");
    }
}

/// Condition codes, the rounding mode, Flags and Cause, the usual mode among them often enough. Not FS: whether it
/// flushes operands too is left to implementations (MIPS32 volume I, FCSR); ours does, qemu does not.
fn fcsr(random: u32) -> u32 {
    const MODES: u32 = 3;
    let modes = if random & 0xc00 == 0 { 0 } else { MODES };
    random & (demotic_mips::state::FCSR_CONDITIONS | 0x0001_f07c | modes)
}

fn pick<T: Copy>(list: &[T], random: u32) -> T {
    list[random as usize % list.len()]
}

fn integer(random: u32) -> u32 {
    const SPECIAL: [u32; 13] =
        [0, 1, 2, u32::MAX, 1 << 31, 0x7fff_ffff, 0x8000, 0xffff, 0x1234_5678, 0x80, 31, 32, 33];
    if random & 1 == 0 { pick(&SPECIAL, random >> 1) } else { random }
}

/// A double, or two singles.
fn double(kind: u32, random: u32) -> u64 {
    const SPECIAL: [f64; 17] = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        2.5,
        1e300,
        -1e-300,
        1e-310,
        f64::INFINITY,
        f64::NEG_INFINITY,
        3e9,
        -3e9,
        2_147_483_647.5,
        0.1,
        4.0,
        1e10,
        7e18,
    ];
    const NANS: [u64; 7] = [
        0x7ff0_0000_0000_0001,
        0x7ff8_0000_0000_0000,
        0xfff7_ffff_ffff_ffff,
        0x7ff7_ffff_ffff_ffff,
        0x7fbf_ffff_7fa0_0000,
        0xffc0_0001_7fc0_0000,
        0x7fff_ffff_7f80_0001,
    ];
    let single = |random: u32| u64::from((pick(&SPECIAL, random) as f32).to_bits());
    match kind & 7 {
        0..=2 => pick(&SPECIAL, random).to_bits(),
        3 | 4 => single(random) << 32 | single(random >> 8),
        5 => pick(&NANS, random),
        6 => u64::from(integer(random)) << 32 | u64::from(integer(random >> 16)),
        _ => u64::from(random) << 32 | u64::from(random.rotate_left(7)),
    }
}
