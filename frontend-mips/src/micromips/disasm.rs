//! Instructions as text, spelled as GNU objdump does.

use super::{immediate, mips32, narrow, narrow_set, wide, wide_set};
use crate::decode;
use crate::disasm::{GPR, name, nonzero, put};
use crate::encoding::{Fetched, register3, signed};

/// The instruction at `pc` as text.
pub(crate) fn disassemble(set: decode::Set, insn: Fetched, pc: u32) -> String {
    let printer = Printer { pc, len: insn.len };
    let text = match insn.len {
        2 => narrow::disassemble(insn.word, narrow_set(set), &printer),
        _ => match mips32(set, insn.word) {
            Some(word) => Some(crate::disasm::disassemble_halfwords(set, word, pc)),
            None => wide::disassemble(insn.word, wide_set(set), &printer),
        },
    };
    text.unwrap_or_else(|| match insn.len {
        2 => format!(".short {:#x}", insn.word),
        _ => format!(".short {:#x}, {:#x}", insn.word >> 16, insn.word & 0xffff),
    })
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
}

fn decimal(out: &mut String, number: i32) {
    put(out, format_args!("{number}"));
}

fn register(out: &mut String, n: u32) {
    out.push_str(name(&GPR, n));
}

/// Saved registers as a range, then s8, then ra.
fn register_list(out: &mut String, field: u32) {
    let list = immediate::register_list(field);
    let mut parts = Vec::new();
    let saved = list.iter().filter(|n| (16..24).contains(*n)).count() as u32;
    match saved {
        0 => {}
        1 => parts.push("s0".to_string()),
        count => parts.push(format!("s0-{}", name(&GPR, 15 + count))),
    }
    parts.extend(list.iter().filter(|n| **n >= 24).map(|n| name(&GPR, *n).to_string()));
    out.push_str(&parts.join(", "));
}

impl wide::Operands for Printer {
    fn reg(&self, out: &mut String, n: u32) {
        register(out, n);
    }

    fn reg3(&self, out: &mut String, field: u32) {
        register(out, register3(field));
    }

    fn cp2(&self, out: &mut String, n: u32) {
        put(out, format_args!("${n}"));
    }

    fn freg(&self, out: &mut String, n: u32) {
        put(out, format_args!("$f{n}"));
    }

    fn wreg(&self, out: &mut String, n: u32) {
        put(out, format_args!("$w{n}"));
    }

    fn df(&self, out: &mut String, format: u32) {
        out.push_str(name(&["b", "h", "w", "d"], format));
    }

    fn ac(&self, out: &mut String, n: u32) {
        put(out, format_args!("$ac{n}"));
    }

    fn opt_fcc(&self, out: &mut String, n: u32) {
        if n != 0 {
            put(out, format_args!("$fcc{n}, "));
        }
    }

    /// The link register and a comma, unless it is the usual one.
    fn link(&self, out: &mut String, n: u32) {
        if n != 31 {
            put(out, format_args!("{}, ", name(&GPR, n)));
        }
    }

    fn list(&self, out: &mut String, field: u32) {
        register_list(out, field);
    }

    fn imm12(&self, out: &mut String, number: u32) {
        decimal(out, signed(number, 12));
    }

    fn imm23(&self, out: &mut String, words: u32) {
        decimal(out, signed(words, 23) << 2);
    }

    fn branch(&self, out: &mut String, offset: u32) {
        self.label(out, signed(offset, 16));
    }

    fn jump(&self, out: &mut String, index: u32) {
        put(out, format_args!("{:#x}", self.pc.wrapping_add(4) & 0xf800_0000 | index << 1));
    }

    fn jump_words(&self, out: &mut String, index: u32) {
        put(out, format_args!("{:#x}", self.pc.wrapping_add(4) & 0xf000_0000 | index << 2));
    }
}

impl narrow::Operands for Printer {
    // ---- registers ----
    fn reg(&self, out: &mut String, n: u32) {
        register(out, n);
    }

    fn reg3(&self, out: &mut String, field: u32) {
        register(out, register3(field));
    }

    fn reg3_store(&self, out: &mut String, field: u32) {
        register(out, immediate::stored(field));
    }

    fn reg3_movep(&self, out: &mut String, field: u32) {
        register(out, immediate::movep_source(field));
    }

    fn pair(&self, out: &mut String, field: u32) {
        let (first, second) = immediate::movep_pair(field);
        put(out, format_args!("{}, {}", name(&GPR, first), name(&GPR, second)));
    }

    fn list2(&self, out: &mut String, field: u32) {
        register_list(out, immediate::short_list(field));
    }

    // ---- numbers ----
    fn imm4(&self, out: &mut String, number: u32) {
        decimal(out, signed(number, 4));
    }

    fn shift(&self, out: &mut String, field: u32) {
        decimal(out, immediate::shift(field) as i32);
    }

    fn andi_imm(&self, out: &mut String, field: u32) {
        put(out, format_args!("{:#x}", immediate::andi16(field)));
    }

    fn addiusp_imm(&self, out: &mut String, field: u32) {
        decimal(out, immediate::addiusp(field));
    }

    fn addiur2_imm(&self, out: &mut String, field: u32) {
        decimal(out, immediate::addiur2(field));
    }

    fn li_imm(&self, out: &mut String, field: u32) {
        decimal(out, immediate::li16(field));
    }

    fn lbu_offset(&self, out: &mut String, field: u32) {
        decimal(out, immediate::lbu16(field));
    }

    fn halfwords(&self, out: &mut String, number: u32) {
        decimal(out, (number << 1) as i32);
    }

    fn words(&self, out: &mut String, number: u32) {
        decimal(out, (number << 2) as i32);
    }

    fn words7(&self, out: &mut String, number: u32) {
        decimal(out, signed(number, 7) << 2);
    }

    fn code(&self, out: &mut String, code: u32) {
        nonzero(out, code);
    }

    // ---- targets ----
    fn branch10(&self, out: &mut String, offset: u32) {
        self.label(out, signed(offset, 10));
    }

    fn branch7(&self, out: &mut String, offset: u32) {
        self.label(out, signed(offset, 7));
    }
}
