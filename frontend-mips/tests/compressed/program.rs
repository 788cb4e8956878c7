//! The program that both run: for each instruction it loads all registers, executes it, and stores them all. It is MIPS32
//! code; the instruction stands in compressed code of its own, which is entered by JR and left by JALX.

use std::fmt::Write as _;

use demotic_mips::Encoding;
use demotic_mips::encoding::Fetched;

use crate::rows::{Row, config, generator, rows};

/// Bytes of a record of all registers: at their numbers, but HI at 0, and LO at 26.
pub(crate) const RECORD: usize = 128;
/// Bytes of the memory that an instruction accesses.
pub(crate) const SCRATCH: usize = 128;
/// Instructions per row.
const PER_ROW: usize = 40;
/// Pointers of the program, which instructions must leave alone: k0 and k1.
const POINTERS: [u32; 2] = [26, 27];

/// An instruction on random registers.
pub(crate) struct Attempt {
    /// Its row's name.
    pub(crate) row: &'static str,
    /// The instruction.
    pub(crate) insn: Fetched,
    /// Registers that hold an address: number, and offset from the instruction's scratch memory.
    addresses: Vec<(u32, i32)>,
    /// The index register of an indexed access, and its value.
    index: Option<(u32, u32)>,
    /// The length of its delay slot if it is a branch.
    slot: Option<u32>,
}

/// A program and the instructions that it tries.
pub(crate) struct Program {
    /// Its source.
    pub(crate) text: String,
    pub(crate) attempts: Vec<Attempt>,
}

impl Program {
    /// A program of random instructions.
    pub(crate) fn random(encoding: Encoding, big_endian: bool, seed: u32) -> Program {
        let mut next = generator(seed);
        let mut attempts = Vec::new();
        for row in rows(encoding).iter().filter(|row| row.executes && suitable(row)) {
            attempts.extend((0..PER_ROW).filter_map(|_| attempt(encoding, row, &mut next)));
        }
        let mut text = String::from(
            ".set noreorder\n.set noat\n.globl __start\n__start:\nlui $27, %hi(out)\naddiu $27, $27, %lo(out)\n",
        );
        let (mut data, mut code) = (String::from(".align 3\nin:\n"), String::new());
        for (n, attempt) in attempts.iter().enumerate() {
            surroundings(&mut text, n, encoding);
            compressed(&mut code, n, attempt, encoding, big_endian);
            inputs(&mut data, n, attempt, &mut next);
        }
        let (records, len) = (attempts.len() * RECORD, attempts.len() * (RECORD + SCRATCH));
        let _ = write!(
            text,
            "li $4, 1\nlui $5, %hi(out)\naddiu $5, $5, %lo(out)\nlui $6, {}\nori $6, $6, {}\nli $2, 4004\n\
             syscall\nli $4, 0\nli $2, 4001\nsyscall\nnop\n{code}.set nomips16\n.set nomicromips\n{data}\
             .align 3\nout: .space {records}\nscratch:\n",
            len >> 16,
            len & 0xffff,
        );
        for _ in 0..attempts.len() * SCRATCH / 4 {
            let _ = writeln!(text, ".word {:#x}", next());
        }
        Program { text, attempts }
    }
}

/// Whether the row's instructions go on behind themselves, do not trap, and do not depend on the processor.
///
/// qemu 7.2 stores only the low halves of the registers of SWM (volume II-B, SWM32: words), so that is left out.
fn suitable(row: &Row) -> bool {
    const NOT: [&str; 11] =
        ["ADD", "ADDI", "SUB", "SC", "LL", "RDHWR", "SYNCI", "CACHE", "SYSCALL", "SWM16", "SWM32"];
    const COP0: [&str; 13] = [
        "MFC0", "MTC0", "DI", "EI", "RDPGPR", "WRPGPR", "TLBP", "TLBR", "TLBWI", "TLBWR", "WAIT", "DERET",
        "ERET",
    ];
    let trap = row.name.starts_with('T') || row.name.starts_with("BREAK");
    !(NOT.contains(&row.name)
        || COP0.contains(&row.name)
        || trap
        || row.name.starts_with('J')
        || row.optional)
}

/// An instruction of the row, unless it is one that cannot be tried.
fn attempt(encoding: Encoding, row: &Row, next: &mut dyn FnMut() -> u32) -> Option<Attempt> {
    let config = config(encoding, false);
    let mut insn = row.random(next);
    let slot = match encoding.slot(&config, insn) {
        demotic_mips::encoding::Slot::None => None,
        demotic_mips::encoding::Slot::Any => Some(if next() & 1 == 0 { 2 } else { 4 }),
        demotic_mips::encoding::Slot::Bytes(len) => Some(len),
    };
    let offset = row.offset.filter(|_| row.name.starts_with('B'));
    if let Some(bits) = offset {
        // Over the slot and the marker behind it.
        insn.word = insn.word & !bits | (slot.unwrap_or(0) / 2 + 1);
    }
    if row.name == "LWPC" && insn.len == 4 {
        // A word's address.
        insn.word &= !3;
    }
    let text = encoding.disassemble(&config, insn, 0);
    let unpredictable = match row.name {
        "EXT" => (insn.word >> 11 & 31) + (insn.word >> 6 & 31) > 31,
        "INS" => (insn.word >> 11 & 31) < (insn.word >> 6 & 31),
        // The base is loaded, or there is no second register.
        "LWP" => insn.word >> 21 & 31 == 31 || insn.word >> 21 & 31 == insn.word >> 16 & 31,
        "SWP" => insn.word >> 21 & 31 == 31,
        _ => false,
    };
    if unpredictable || text.contains("k0") || text.contains("k1") {
        return None;
    }
    // LWP and SWP access two registers.
    let second = matches!(row.name, "LWP" | "SWP") && matches!(insn.word >> 21 & 31, 25 | 26);
    let (addresses, index) = addresses(&text, next)?;
    (!second).then_some(Attempt { row: row.name, insn, addresses, index, slot })
}

/// Register name to number.
fn register(name: &str) -> Option<u32> {
    if name == "s8" {
        return Some(30);
    }
    demotic_mips::state::NAMES.iter().position(|n| *n == name).map(|n| n as u32)
}

/// What address and index registers must hold, by the instruction's text; `None` if that is not possible.
#[expect(clippy::type_complexity, reason = "a list and an option")]
fn addresses(text: &str, next: &mut dyn FnMut() -> u32) -> Option<(Vec<(u32, i32)>, Option<(u32, u32)>)> {
    const MIDDLE: i32 = SCRATCH as i32 / 2;
    let mnemonic = text.split(' ').next()?;
    let any = matches!(mnemonic, "lb" | "lbu" | "sb" | "lwl" | "lwr" | "swl" | "swr" | "pref");
    let middle = MIDDLE + if any { (next() & 7) as i32 } else { 0 };
    if let Some(operands) = text.strip_prefix("restore ") {
        let size: i32 = operands.split(", ").find_map(|operand| operand.parse().ok())?;
        return Some((vec![(29, middle - size)], None));
    }
    if text.starts_with("save ") {
        return Some((vec![(29, middle)], None));
    }
    let Some((before, base)) = text.split_once('(') else { return Some((Vec::new(), None)) };
    let base = register(base.trim_end_matches(')'))?;
    let offset = before.rsplit(' ').next()?;
    if base == 0 {
        return None;
    }
    match (offset.parse::<i32>(), register(offset)) {
        (Ok(offset), _) => Some((vec![(base, middle - offset)], None)),
        (_, Some(index)) if index != base && index != 0 => {
            Some((vec![(base, middle - 16)], Some((index, 4))))
        }
        _ => None,
    }
}

/// Runs compressed code `n` on the registers of input record `n`.
fn surroundings(text: &mut String, n: usize, encoding: Encoding) {
    let general: Vec<u32> = (1..32).filter(|n| !POINTERS.contains(n)).collect();
    let mut line = |text_line: String| {
        text.push_str(&text_line);
        text.push('\n');
    };
    line(format!("lui $26, %hi(in+{0})\naddiu $26, $26, %lo(in+{0})", n * RECORD));
    line("lw $2, 0($26)\nmthi $2\nlw $2, 104($26)\nmtlo $2".to_string());
    for r in &general {
        line(format!("lw ${r}, {}($26)", 4 * r));
    }
    line(format!("lui $26, %hi(code{n})\naddiu $26, $26, %lo(code{n})\njr $26\nnop\nback{n}:"));
    // microMIPS code has stored ra itself. MIPS16e code cannot.
    for r in general.iter().filter(|r| **r != 31) {
        line(format!("sw ${r}, {}($27)", 4 * r));
    }
    if encoding == Encoding::Mips16e {
        line("sw $0, 124($27)".to_string());
    }
    line("mfhi $2\nsw $2, 0($27)\nmflo $2\nsw $2, 104($27)".to_string());
    line(format!("addiu $27, $27, {RECORD}"));
}

/// Compressed code `n`: the instruction; if it is a branch, its slot, and an instruction that is jumped over if the branch
/// is taken.
fn compressed(code: &mut String, n: usize, attempt: &Attempt, encoding: Encoding, big_endian: bool) {
    let set = if encoding == Encoding::Mips16e { "mips16" } else { "micromips" };
    let _ = writeln!(code, ".set {set}\n.align 2\n.ent code{n}\ncode{n}:\n.insn");
    for halfword in crate::rows::bytes(attempt.insn, big_endian).chunks_exact(2) {
        let _ = writeln!(code, ".byte {}, {}", halfword[0], halfword[1]);
    }
    match attempt.slot {
        None => {}
        Some(2) => code.push_str("addiu $17, $17, -4\n"),
        Some(_) => code.push_str("addiu $17, $17, 1234\n"),
    }
    code.push_str(match encoding {
        Encoding::Mips16e => "addiu $16, 5\n",
        _ => "addiu $16, $16, 4\nsw $31, 124($27)\n",
    });
    let _ = writeln!(code, "jalx back{n}\nnop\n.end code{n}\n.set no{set}");
}

/// A record of random registers, with a taste for special values, but for those that hold addresses.
fn inputs(data: &mut String, n: usize, attempt: &Attempt, next: &mut dyn FnMut() -> u32) {
    for register in 0..RECORD as u32 / 4 {
        let address = attempt.addresses.iter().find(|address| address.0 == register);
        let index = attempt.index.filter(|index| index.0 == register);
        let _ = match (address, index) {
            (Some((_, offset)), _) => writeln!(data, ".word scratch+{}+{offset}", n * SCRATCH),
            (_, Some((_, value))) => writeln!(data, ".word {value}"),
            _ => writeln!(data, ".word {:#x}", integer(next())),
        };
    }
}

fn integer(random: u32) -> u32 {
    const SPECIAL: [u32; 13] =
        [0, 1, 2, u32::MAX, 1 << 31, 0x7fff_ffff, 0x8000, 0xffff, 0x1234_5678, 0x80, 31, 32, 33];
    if random & 1 == 0 { SPECIAL[(random >> 1) as usize % SPECIAL.len()] } else { random }
}
