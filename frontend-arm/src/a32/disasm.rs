//! A32 operands as text, in the spelling of the GNU tools.

use std::fmt::Write as _;

use super::branch::target;
use super::data_processing::expand_imm;
use super::decoder;
use crate::asimd;
use crate::names::{COND, REG, SHIFT, banked_name, barrier_name, crc_size, register_list};
use crate::vfp;

/// The instruction at `pc` as text; `None` when it is none.
pub(crate) fn disassemble(word: u32, pc: u32) -> Option<String> {
    let asimd = || (word >> 28 == 15).then(|| asimd::disassemble(word, None)).flatten();
    let others = || decoder::disassemble(word, &Operands { pc }).or_else(|| vfp::disassemble(word, None));
    let text = asimd().or_else(others)?;
    (!text.is_empty()).then_some(text)
}

/// Prints operands of the instruction at `pc`.
struct Operands {
    pc: u32,
}

/// Appends formatted text.
macro_rules! put {
    ($out:expr, $($format:tt)*) => {{
        let _ = write!($out, $($format)*);
    }};
}

fn name(r: u32) -> &'static str {
    REG[(r & 15) as usize]
}

fn sign(u: u32) -> &'static str {
    if u != 0 { "" } else { "-" }
}

/// `Rm` with its shift.
fn shifted(rm: u32, stype: u32, imm5: u32) -> String {
    let shift = SHIFT[(stype & 3) as usize];
    match (stype & 3, imm5) {
        (0, 0) => name(rm).into(),
        (3, 0) => format!("{}, rrx", name(rm)),
        (1 | 2, 0) => format!("{}, {shift} #32", name(rm)),
        _ => format!("{}, {shift} #{imm5}", name(rm)),
    }
}

/// An offset that is not printed when it is plus 0.
fn offset(u: u32, imm: u32) -> Option<String> {
    (u == 0 || imm != 0).then(|| format!("#{}{imm}", sign(u)))
}

/// Base and offset in an indexing with writeback.
fn writeback(out: &mut String, p: u32, rn: u32, offset: &str) {
    if p != 0 {
        put!(out, "[{}, {offset}]!", name(rn));
    } else {
        put!(out, "[{}], {offset}", name(rn));
    }
}

impl decoder::Operands for Operands {
    fn cond(&self, out: &mut String, v: u32) {
        out.push_str(COND[(v & 15) as usize]);
    }

    fn s(&self, out: &mut String, v: u32) {
        out.push_str(if v != 0 { "s" } else { "" });
    }

    fn reg(&self, out: &mut String, v: u32) {
        out.push_str(name(v));
    }

    fn next_reg(&self, out: &mut String, v: u32) {
        out.push_str(name(v + 1));
    }

    fn apsr_reg(&self, out: &mut String, v: u32) {
        out.push_str(if v == 15 { "APSR_nzcv" } else { name(v) });
    }

    fn reg_list(&self, out: &mut String, v: u32) {
        register_list(out, v);
    }

    fn reg_list_pc(&self, out: &mut String, v: u32) {
        register_list(out, v | 1 << 15);
    }

    // ---- immediates ----

    /// A rotated immediate; its rotation is spelled out when another one would do.
    fn expand_imm(&self, out: &mut String, v: u32) {
        let value = expand_imm(v);
        let usual = (0..16).find(|r| value.rotate_left(2 * r) < 256);
        if usual == Some(v >> 8) {
            put!(out, "#{}", value as i32);
        } else {
            put!(out, "#{}, {}", v & 0xff, 2 * (v >> 8));
        }
    }

    fn plus1(&self, out: &mut String, v: u32) {
        put!(out, "{}", v + 1);
    }

    fn hex(&self, out: &mut String, v: u32) {
        put!(out, "{v:#x}");
    }

    fn hex4(&self, out: &mut String, v: u32) {
        put!(out, "{v:#06x}");
    }

    fn hex8(&self, out: &mut String, v: u32) {
        put!(out, "{v:#010x}");
    }

    fn shift_right(&self, out: &mut String, v: u32) {
        put!(out, "{}", if v == 0 { 32 } else { v });
    }

    fn field_width(&self, out: &mut String, lsb: u32, msb: u32) {
        put!(out, "#{}", (msb + 1).saturating_sub(lsb));
    }

    // ---- second operands ----

    fn shift(&self, out: &mut String, v: u32) {
        out.push_str(SHIFT[(v & 3) as usize]);
    }

    fn shifted_reg(&self, out: &mut String, rm: u32, stype: u32, imm5: u32) {
        out.push_str(&shifted(rm, stype, imm5));
    }

    fn sat_operand(&self, out: &mut String, rn: u32, top: u32, imm5: u32) {
        out.push_str(&shifted(rn, 2 * top, imm5));
    }

    fn rotation(&self, out: &mut String, v: u32) {
        if v != 0 {
            put!(out, ", ror #{}", 8 * v);
        }
    }

    fn half(&self, out: &mut String, v: u32) {
        out.push(if v != 0 { 't' } else { 'b' });
    }

    fn bt_tb(&self, out: &mut String, v: u32) {
        out.push_str(if v != 0 { "tb" } else { "bt" });
    }

    fn x(&self, out: &mut String, v: u32) {
        out.push_str(if v != 0 { "x" } else { "" });
    }

    fn r(&self, out: &mut String, v: u32) {
        out.push_str(if v != 0 { "r" } else { "" });
    }

    // ---- addresses ----

    fn address_imm(&self, out: &mut String, u: u32, rn: u32, imm: u32) {
        match offset(u, imm) {
            Some(offset) => put!(out, "[{}, {offset}]", name(rn)),
            None => put!(out, "[{}]", name(rn)),
        }
    }

    fn address_imm_wb(&self, out: &mut String, p: u32, u: u32, rn: u32, imm: u32) {
        writeback(out, p, rn, &format!("#{}{imm}", sign(u)));
    }

    fn address_imm_post(&self, out: &mut String, u: u32, rn: u32, imm: u32) {
        writeback(out, 0, rn, &format!("#{}{imm}", sign(u)));
    }

    fn address_reg(&self, out: &mut String, u: u32, rn: u32, rm: u32, stype: u32, imm5: u32) {
        put!(out, "[{}, {}{}]", name(rn), sign(u), shifted(rm, stype, imm5));
    }

    fn address_reg_wb(&self, out: &mut String, p: u32, u: u32, rn: u32, rm: u32, stype: u32, imm5: u32) {
        writeback(out, p, rn, &format!("{}{}", sign(u), shifted(rm, stype, imm5)));
    }

    fn address_reg_post(&self, out: &mut String, u: u32, rn: u32, rm: u32, stype: u32, imm5: u32) {
        writeback(out, 0, rn, &format!("{}{}", sign(u), shifted(rm, stype, imm5)));
    }

    fn address_reg_plain(&self, out: &mut String, u: u32, rn: u32, rm: u32) {
        put!(out, "[{}, {}{}]", name(rn), sign(u), name(rm));
    }

    fn address_reg_plain_wb(&self, out: &mut String, p: u32, u: u32, rn: u32, rm: u32) {
        writeback(out, p, rn, &format!("{}{}", sign(u), name(rm)));
    }

    fn address_reg_plain_post(&self, out: &mut String, u: u32, rn: u32, rm: u32) {
        writeback(out, 0, rn, &format!("{}{}", sign(u), name(rm)));
    }

    // ---- registers in memory ----

    fn bang(&self, out: &mut String, v: u32) {
        out.push_str(if v != 0 { "!" } else { "" });
    }

    /// IA is the mode that is not spelled.
    fn multiple_mode(&self, out: &mut String, before: u32, up: u32) {
        out.push_str(match (before, up) {
            (0, 0) => "da",
            (0, _) => "",
            (_, 0) => "db",
            _ => "ib",
        });
    }

    /// Stores with writeback spell IA.
    fn stm_mode(&self, out: &mut String, before: u32, up: u32, wback: u32) {
        if wback != 0 {
            self.exception_mode(out, before, up);
        } else {
            self.multiple_mode(out, before, up);
        }
    }

    /// All modes are spelled.
    fn exception_mode(&self, out: &mut String, before: u32, up: u32) {
        out.push_str(match (before, up) {
            (0, 0) => "da",
            (0, _) => "ia",
            (_, 0) => "db",
            _ => "ib",
        });
    }

    // ---- branches ----

    fn branch_target(&self, out: &mut String, v: u32) {
        put!(out, "{:#x}", target(self.pc.wrapping_add(8), v));
    }

    fn branch_exchange_target(&self, out: &mut String, half: u32, imm: u32) {
        put!(out, "{:#x}", target(self.pc.wrapping_add(8), imm).wrapping_add(2 * half));
    }

    // ---- the system ----

    fn psr(&self, out: &mut String, v: u32) {
        out.push_str(if v != 0 { "SPSR" } else { "CPSR" });
    }

    fn psr_fields(&self, out: &mut String, spsr: u32, mask: u32) {
        self.psr(out, spsr);
        out.push('_');
        for (bit, letter) in [(8, 'f'), (4, 's'), (2, 'x'), (1, 'c')] {
            if mask & bit != 0 {
                out.push(letter);
            }
        }
    }

    fn banked(&self, out: &mut String, spsr: u32, sysm_high: u32, sysm: u32) {
        out.push_str(&banked_name(spsr, sysm_high << 4 | sysm));
    }

    fn cps(&self, out: &mut String, enable: u32, aif: u32, change_mode: u32, mode: u32) {
        put!(out, "{}\t", if enable == 3 { "id" } else { "ie" });
        for (bit, letter) in [(4, 'a'), (2, 'i'), (1, 'f')] {
            if aif & bit != 0 {
                out.push(letter);
            }
        }
        if change_mode != 0 {
            put!(out, ",#{mode}");
        }
    }

    fn endian(&self, out: &mut String, v: u32) {
        out.push_str(if v != 0 { "be" } else { "le" });
    }

    fn barrier(&self, out: &mut String, v: u32) {
        out.push_str(&barrier_name(v));
    }

    fn crc(&self, out: &mut String, castagnoli: u32, size: u32) {
        out.push_str(if castagnoli != 0 { "c" } else { "" });
        out.push_str(crc_size(size));
    }
}
