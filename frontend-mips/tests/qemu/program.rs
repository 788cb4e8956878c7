//! The program that both run: for each instruction it loads all registers, executes it, and stores them all.

use std::fmt::Write as _;

use demotic_mips::decode::{Insn, Outcome, ROWS, Row, Set, decode, random};

/// Bytes of a record of all registers.
pub(crate) const RECORD: usize = 256;
/// Index of the word of a record that has FCSR. The others are the general registers at their numbers, but HI at 0 and
/// LO at 26; then the doubles.
pub(crate) const FCSR: usize = 27;
/// Instructions per row.
const PER_ROW: usize = 40;
/// The registers that point into input and output.
const POINTERS: [u32; 2] = [26, 27];

/// Which rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// Those of `mips32.decode`.
    Integer,
    /// Those of `fpu.decode`.
    Float,
}

/// A program and the instructions that it tries, with the names of their rows.
pub(crate) struct Program {
    pub(crate) text: String,
    pub(crate) instructions: Vec<(&'static str, u32)>,
}

impl Program {
    /// A program of random instructions on random registers.
    pub(crate) fn random(part: Part, big_endian: bool, seed: u32) -> Program {
        let mut next = generator(seed);
        let mut instructions = Vec::new();
        for row in ROWS
            .iter()
            .filter(|row| row.outcome == Outcome::Executes && row.only != Some("r6") && belongs(row, part))
        {
            for _ in 0..PER_ROW {
                let word = random(row, &mut next).filter(|&word| suitable(row, word));
                instructions.extend(word.map(|word| (row.name, word)));
            }
        }
        let mut text = String::from(
            ".set noreorder\n.set noat\n.globl __start\n__start:\nlui $27, %hi(out)\naddiu $27, $27, %lo(out)\n",
        );
        let mut data = String::from(".align 3\nin:\n");
        for (n, &(_, word)) in instructions.iter().enumerate() {
            attempt(&mut text, n, word);
            inputs(&mut data, big_endian, &mut next);
        }
        let len = instructions.len() * RECORD;
        let _ = write!(
            text,
            "li $4, 1\nlui $5, %hi(out)\naddiu $5, $5, %lo(out)\nli $6, {len}\nli $2, 4004\nsyscall\n\
             li $4, 0\nli $2, 4001\nsyscall\nnop\n{data}.align 3\nout: .space {len}\n"
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

/// Whether the row's instructions only work on registers, and do not trap.
fn belongs(row: &Row, part: Part) -> bool {
    const TRAPPING: [&str; 3] = ["ADD", "ADDI", "SUB"];
    // They read or write what the two do not share.
    const SYSTEM: [&str; 6] = ["RDHWR", "CFC1", "CTC1", "SYSCALL", "BREAK", "PREF"];
    let file = match part {
        Part::Integer => row.file.ends_with("mips32.decode"),
        Part::Float => row.file.ends_with("fpu.decode"),
    };
    let leaves = |name: &str| ["base", "offset"].contains(&name) || row.name.starts_with('J');
    let conditional_trap = row.pattern.starts_with("000000") && row.pattern[26..].starts_with("110")
        || row.pattern.starts_with("000001");
    file && !TRAPPING.contains(&row.name)
        && !SYSTEM.contains(&row.name)
        && !conditional_trap
        && !row.fields.iter().any(|field| leaves(field.name))
}

/// Whether the instruction is predictable with FR=0, and leaves the pointers alone.
fn suitable(row: &Row, word: u32) -> bool {
    let registers = [word >> 11 & 31, word >> 16 & 31, word >> 21 & 31];
    if registers.iter().any(|n| POINTERS.contains(n)) {
        return false;
    }
    let odd =
        ["fd", "fs", "ft", "fr"].iter().any(|field| row.extract(word, field).is_some_and(|n| n & 1 != 0));
    match decode(word, Set::PreR6) {
        Some(Insn::Ext(a)) => a.l + a.m < 32,
        Some(Insn::Ins(a)) => a.l <= a.m,
        // The format L needs FR=1.
        Some(Insn::CvtSL(_) | Insn::CvtDL(_) | Insn::CvtL(_)) => false,
        Some(Insn::RoundL(_) | Insn::TruncL(_) | Insn::CeilL(_) | Insn::FloorL(_)) => false,
        Some(Insn::CvtSD(_) | Insn::CvtDS(_) | Insn::CvtDW(_) | Insn::Mfhc1(_) | Insn::Mthc1(_)) => !odd,
        _ => row.extract(word, "fmt") != Some(1) || !odd,
    }
}

/// Executes `word` on the registers of input record `n`.
fn attempt(text: &mut String, n: usize, word: u32) {
    let general: Vec<u32> = (1..32).filter(|n| !POINTERS.contains(n)).collect();
    let mut line = |text_line: String| {
        text.push_str(&text_line);
        text.push('\n');
    };
    line(format!("lui $26, %hi(in+{0})\naddiu $26, $26, %lo(in+{0})", n * RECORD));
    line("lw $2, 0($26)\nmthi $2\nlw $2, 104($26)\nmtlo $2\nlw $2, 108($26)\nctc1 $2, $31".to_string());
    for r in &general {
        line(format!("lw ${r}, {}($26)", 4 * r));
    }
    for r in 0..16 {
        line(format!("ldc1 $f{}, {}($26)", 2 * r, 128 + 8 * r));
    }
    line(format!(".word {word:#x}"));
    for r in &general {
        line(format!("sw ${r}, {}($27)", 4 * r));
    }
    for r in 0..16 {
        line(format!("sdc1 $f{}, {}($27)", 2 * r, 128 + 8 * r));
    }
    line("mfhi $2\nsw $2, 0($27)\nmflo $2\nsw $2, 104($27)\ncfc1 $2, $31\nsw $2, 108($27)".to_string());
    line(format!("addiu $27, $27, {RECORD}"));
}

/// A record of random registers, with a taste for special values.
fn inputs(data: &mut String, big_endian: bool, next: &mut impl FnMut() -> u32) {
    for index in 0..32 {
        let word = match index {
            FCSR => next() & demotic_mips::state::FCSR_CONDITIONS,
            _ => integer(next()),
        };
        let _ = writeln!(data, ".word {word:#x}");
    }
    for _ in 0..16 {
        let double = double(next(), next());
        let (high, low) = (double >> 32, double & 0xffff_ffff);
        let (first, second) = if big_endian { (high, low) } else { (low, high) };
        let _ = writeln!(data, ".word {first:#x}, {second:#x}");
    }
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
