//! Instructions as text, spelled as GNU objdump does.

use super::frame::{Frame, Registers};
use super::{extended, join, narrow};
use crate::disasm::{GPR, name, nonzero, put};
use crate::encoding::{Fetched, register3, signed};
use crate::micromips::immediate;

/// The instruction at `pc` as text.
pub(crate) fn disassemble(insn: Fetched, pc: u32) -> String {
    let printer = Printer { pc, len: insn.len };
    match insn.len {
        2 => {
            let text = narrow::disassemble(insn.word, &printer);
            text.unwrap_or_else(|| format!(".short {:#x}", insn.word))
        }
        _ => {
            let text = extended::disassemble(insn.word, &printer);
            text.unwrap_or_else(|| format!(".short {:#x}, {:#x}", insn.word >> 16, insn.word & 0xffff))
        }
    }
}

/// Prints the operands of an instruction of `len` bytes at `pc`.
struct Printer {
    pc: u32,
    len: u32,
}

impl Printer {
    /// The address that many halfwords from the end of the instruction.
    fn label(&self, out: &mut String, halfwords: i32) {
        let end = self.pc.wrapping_add(self.len);
        put(out, format_args!("{:#x}", end.wrapping_add_signed(halfwords << 1)));
    }

    /// The address that many bytes from the word that the instruction begins in.
    fn near(&self, out: &mut String, offset: i32) {
        put(out, format_args!("{:#x}", (self.pc & !3).wrapping_add_signed(offset)));
    }
}

fn decimal(out: &mut String, number: i32) {
    put(out, format_args!("{number}"));
}

/// The first two of three operands, of which the second one is left out if it is the same.
fn two(out: &mut String, first: u32, second: u32) {
    out.push_str(name(&GPR, register3(first)));
    if first != second {
        put(out, format_args!(", {}", name(&GPR, register3(second))));
    }
}

/// `first` to `last` as a range.
fn range(first: u32, last: u32) -> String {
    match first == last {
        true => name(&GPR, first).to_string(),
        false => format!("{}-{}", name(&GPR, first), name(&GPR, last)),
    }
}

/// The operands of SAVE and RESTORE: arguments, size, ra, saved registers, static argument registers.
fn frame(out: &mut String, size: u32, registers: Registers) {
    let frame = Frame::new(size, registers);
    let mut parts = Vec::new();
    if let (Some(&first), Some(&last)) = (frame.arguments.first(), frame.arguments.last()) {
        parts.push(range(first, last));
    }
    parts.push(frame.size.to_string());
    if registers.ra {
        parts.push("ra".to_string());
    }
    let mut saved: Vec<u32> = frame.saved.iter().copied().filter(|n| matches!(n, 16..=23 | 30)).collect();
    saved.sort_unstable();
    // s8 follows s7.
    let place = |n: u32| if n == 30 { 24 } else { n };
    for run in saved.chunk_by(|a, b| place(*a) + 1 == place(*b)) {
        if let (Some(&first), Some(&last)) = (run.first(), run.last()) {
            parts.push(range(first, last));
        }
    }
    if let Some(first) = frame.saved.iter().copied().filter(|n| (4..8).contains(n)).min() {
        parts.push(range(first, 7));
    }
    out.push_str(&parts.join(", "));
}

impl narrow::Operands for Printer {
    fn two(&self, out: &mut String, first: u32, second: u32) {
        two(out, first, second);
    }

    // ---- registers ----
    fn reg(&self, out: &mut String, n: u32) {
        out.push_str(name(&GPR, n));
    }

    fn reg_swapped(&self, out: &mut String, field: u32) {
        out.push_str(name(&GPR, field >> 2 | (field & 3) << 3));
    }

    fn reg3(&self, out: &mut String, field: u32) {
        out.push_str(name(&GPR, register3(field)));
    }

    fn frame(&self, out: &mut String, framesize: u32, ra: u32, s0: u32, s1: u32) {
        let size = if framesize == 0 { 128 } else { framesize << 3 };
        let registers = Registers { ra: ra != 0, s0: s0 != 0, s1: s1 != 0, ..Registers::default() };
        frame(out, size, registers);
    }

    // ---- numbers ----
    fn imm4(&self, out: &mut String, number: u32) {
        decimal(out, signed(number, 4));
    }

    fn imm8(&self, out: &mut String, number: u32) {
        decimal(out, signed(number, 8));
    }

    fn doublewords8(&self, out: &mut String, number: u32) {
        decimal(out, signed(number, 8) << 3);
    }

    fn halfwords(&self, out: &mut String, number: u32) {
        decimal(out, (number << 1) as i32);
    }

    fn words(&self, out: &mut String, number: u32) {
        decimal(out, (number << 2) as i32);
    }

    fn shift(&self, out: &mut String, field: u32) {
        decimal(out, immediate::shift(field) as i32);
    }

    fn code(&self, out: &mut String, code: u32) {
        nonzero(out, code);
    }

    // ---- addresses ----
    fn pc_words(&self, out: &mut String, number: u32) {
        self.near(out, (number << 2) as i32);
    }

    fn branch8(&self, out: &mut String, offset: u32) {
        self.label(out, signed(offset, 8));
    }

    fn branch11(&self, out: &mut String, offset: u32) {
        self.label(out, signed(offset, 11));
    }
}

impl extended::Operands for Printer {
    fn two(&self, out: &mut String, first: u32, second: u32) {
        two(out, first, second);
    }

    fn reg3(&self, out: &mut String, field: u32) {
        out.push_str(name(&GPR, register3(field)));
    }

    fn frame(&self, out: &mut String, h: u32, l: u32, ra: u32, s0: u32, s1: u32, xsregs: u32, aregs: u32) {
        let registers = Registers { ra: ra != 0, s0: s0 != 0, s1: s1 != 0, xsregs, aregs };
        frame(out, (h << 4 | l) << 3, registers);
    }

    fn simm15(&self, out: &mut String, h: u32, m: u32, l: u32) {
        decimal(out, signed(join(h, m, l, 4), 15));
    }

    fn simm16(&self, out: &mut String, h: u32, m: u32, l: u32) {
        decimal(out, signed(join(h, m, l, 5), 16));
    }

    fn imm16(&self, out: &mut String, h: u32, m: u32, l: u32) {
        decimal(out, join(h, m, l, 5) as i32);
    }

    fn pc_relative(&self, out: &mut String, h: u32, m: u32, l: u32) {
        self.near(out, signed(join(h, m, l, 5), 16));
    }

    fn branch(&self, out: &mut String, h: u32, m: u32, l: u32) {
        self.label(out, signed(join(h, m, l, 5), 16));
    }

    fn jump(&self, out: &mut String, h: u32, l: u32, m: u32) {
        let index = h << 21 | l << 16 | m;
        put(out, format_args!("{:#x}", self.pc.wrapping_add(4) & 0xf000_0000 | index << 2));
    }
}
