//! Operands of the Thumb disassembly templates, spelled as GNU objdump does.

use std::fmt::Write as _;

use super::it::ItState;
use super::{narrow, wide};
use crate::names::{COND, REG, SHIFT, banked_name, barrier_name, crc_size, register_list};

/// Prints the operands of the Thumb instruction at `pc`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operands {
    /// Address of the instruction.
    pub(crate) pc: u32,
    /// The IT state that it executes in.
    pub(crate) it: ItState,
}

/// Appends formatted text.
macro_rules! put {
    ($out:expr, $($format:tt)*) => {{
        let _ = write!($out, $($format)*);
    }};
}

impl Operands {
    fn condition(self) -> &'static str {
        COND[(self.it.cond() & 15) as usize]
    }

    /// A branch target, `offset` bytes from the pc that the instruction sees.
    fn label(self, out: &mut String, offset: i32) {
        put!(out, "{:#x}", self.pc.wrapping_add(4).wrapping_add_signed(offset));
    }
}

/// `bits` low bits of `value`, times two, sign-extended.
fn halfwords(value: u32, bits: u32) -> i32 {
    ((value << (32 - bits)) as i32 >> (32 - bits)) << 1
}

/// `, #-4`, or nothing for no offset.
fn offset(out: &mut String, add: bool, imm: u32) {
    match (add, imm) {
        (_, 0) => {}
        (true, _) => put!(out, ", #{imm}"),
        (false, _) => put!(out, ", #-{imm}"),
    }
}

/// An address of a base register and an immediate offset with the P, U and W bits.
fn address(out: &mut String, rn: u32, puw: u32, imm: u32) {
    let base = REG[rn as usize & 15];
    let add = puw & 2 != 0;
    if puw & 4 == 0 {
        let sign = if add { "" } else { "-" };
        put!(out, "[{base}], #{sign}{imm}");
        return;
    }
    put!(out, "[{base}");
    let wback = puw & 1 != 0;
    if wback && add && imm == 0 {
        out.push_str(", #0");
    }
    offset(out, add, imm);
    out.push_str(if wback { "]!" } else { "]" });
}

/// A shift by a constant as the encodings have it: type and 0 to 31.
fn constant_shift(out: &mut String, imm5: u32, ty: u32) {
    match (ty, imm5) {
        (0, 0) => {}
        (3, 0) => out.push_str(", rrx"),
        (1 | 2, 0) => put!(out, ", {} #32", SHIFT[ty as usize]),
        _ => put!(out, ", {} #{imm5}", SHIFT[ty as usize & 3]),
    }
}

/// The flags that a CPS instruction changes.
fn cps_flags(out: &mut String, aif: u32) {
    for (bit, name) in [(4, 'a'), (2, 'i'), (1, 'f')] {
        if aif & bit != 0 {
            out.push(name);
        }
    }
}

/// The letters after `it`.
fn it_letters(out: &mut String, firstcond: u32, mask: u32) {
    for bit in (mask.trailing_zeros() + 1..4).rev() {
        out.push(if mask >> bit & 1 == firstcond & 1 { 't' } else { 'e' });
    }
}

impl narrow::Operands for Operands {
    fn it(&self, out: &mut String, _any: u32) {
        out.push_str(self.condition());
    }
    fn s_it(&self, out: &mut String, _any: u32) {
        out.push_str(if self.it.in_block() { self.condition() } else { "s" });
    }
    fn reg(&self, out: &mut String, r: u32) {
        out.push_str(REG[r as usize & 15]);
    }
    fn cond(&self, out: &mut String, cond: u32) {
        out.push_str(COND[cond as usize & 15]);
    }
    fn shift32(&self, out: &mut String, imm: u32) {
        put!(out, "{}", if imm == 0 { 32 } else { imm });
    }
    fn times2(&self, out: &mut String, imm: u32) {
        put!(out, "{}", imm * 2);
    }
    fn times4(&self, out: &mut String, imm: u32) {
        put!(out, "{}", imm * 4);
    }
    fn label6(&self, out: &mut String, imm: u32) {
        self.label(out, imm as i32 * 2);
    }
    fn label8(&self, out: &mut String, imm: u32) {
        self.label(out, halfwords(imm, 8));
    }
    fn label11(&self, out: &mut String, imm: u32) {
        self.label(out, halfwords(imm, 11));
    }
    fn list(&self, out: &mut String, list: u32) {
        register_list(out, list);
    }
    fn push_list(&self, out: &mut String, list: u32) {
        register_list(out, list & 0xff | list >> 8 << 14);
    }
    fn pop_list(&self, out: &mut String, list: u32) {
        register_list(out, list & 0xff | list >> 8 << 15);
    }
    fn ldm_bang(&self, out: &mut String, rn: u32, list: u32) {
        out.push_str(if list >> rn & 1 == 0 { "!" } else { "" });
    }
    fn endian(&self, out: &mut String, big: u32) {
        out.push_str(if big == 0 { "le" } else { "be" });
    }
    fn cps_effect(&self, out: &mut String, disable: u32) {
        out.push_str(if disable == 0 { "ie" } else { "id" });
    }
    fn cps_flags(&self, out: &mut String, aif: u32) {
        cps_flags(out, aif);
    }
    fn hex4(&self, out: &mut String, imm: u32) {
        put!(out, "{imm:#06x}");
    }
    fn it_mask(&self, out: &mut String, firstcond: u32, mask: u32) {
        it_letters(out, firstcond, mask);
    }
    fn it_mask_al(&self, out: &mut String, mask: u32) {
        it_letters(out, 14, mask);
    }
}

impl wide::Operands for Operands {
    fn it(&self, out: &mut String, _any: u32) {
        out.push_str(self.condition());
    }
    fn s(&self, out: &mut String, s: u32) {
        out.push_str(if s == 0 { "" } else { "s" });
    }
    fn reg(&self, out: &mut String, r: u32) {
        out.push_str(REG[r as usize & 15]);
    }
    fn cond(&self, out: &mut String, cond: u32) {
        out.push_str(COND[cond as usize & 15]);
    }
    fn expand_imm(&self, out: &mut String, imm12: u32) {
        put!(out, "{}", super::immediate::expand_imm(imm12).0);
    }
    fn imm16(&self, out: &mut String, imm4: u32, imm12: u32) {
        put!(out, "{}", imm4 << 12 | imm12);
    }
    fn plus1(&self, out: &mut String, imm: u32) {
        put!(out, "{}", imm + 1);
    }
    fn bf_width(&self, out: &mut String, lsb: u32, msb: u32) {
        put!(out, "{}", msb.wrapping_sub(lsb).wrapping_add(1));
    }
    fn sat_shift(&self, out: &mut String, imm5: u32, asr: u32) {
        constant_shift(out, imm5, asr * 2);
    }
    fn shift(&self, out: &mut String, imm5: u32, ty: u32) {
        constant_shift(out, imm5, ty);
    }
    fn pkhbt_shift(&self, out: &mut String, imm5: u32) {
        constant_shift(out, imm5, 0);
    }
    fn pkhtb_shift(&self, out: &mut String, imm5: u32) {
        constant_shift(out, imm5, 2);
    }
    fn shift_name(&self, out: &mut String, ty: u32) {
        out.push_str(SHIFT[ty as usize & 3]);
    }
    fn rotation(&self, out: &mut String, rotate: u32) {
        if rotate != 0 {
            put!(out, ", ror #{}", rotate * 8);
        }
    }
    fn parallel(&self, out: &mut String, kind: u32, op: u32) {
        out.push_str(["s", "q", "sh", "?", "u", "uq", "uh", "?"][kind as usize & 7]);
        out.push_str(["add8", "add16", "asx", "?", "sub8", "sub16", "sax", "?"][op as usize & 7]);
    }
    fn half(&self, out: &mut String, high: u32) {
        out.push(if high == 0 { 'b' } else { 't' });
    }
    fn cross(&self, out: &mut String, swap: u32) {
        out.push_str(if swap == 0 { "" } else { "x" });
    }
    fn round(&self, out: &mut String, round: u32) {
        out.push_str(if round == 0 { "" } else { "r" });
    }
    fn bang(&self, out: &mut String, wback: u32) {
        out.push_str(if wback == 0 { "" } else { "!" });
    }
    fn list(&self, out: &mut String, list: u32) {
        register_list(out, list);
    }
    fn addr_imm(&self, out: &mut String, rn: u32, imm: u32) {
        address(out, rn, 6, imm);
    }
    fn addr_minus(&self, out: &mut String, rn: u32, imm: u32) {
        address(out, rn, 4, imm);
    }
    fn addr_puw(&self, out: &mut String, rn: u32, puw: u32, imm: u32) {
        address(out, rn, puw, imm);
    }
    fn addr_times4(&self, out: &mut String, rn: u32, imm: u32) {
        address(out, rn, 6, imm * 4);
    }
    fn addr_puw_times4(&self, out: &mut String, rn: u32, puw: u32, imm: u32) {
        address(out, rn, puw, imm * 4);
    }
    fn addr_lit(&self, out: &mut String, add: u32, imm: u32) {
        address(out, 15, 4 | add << 1, imm);
    }
    fn addr_lit_times4(&self, out: &mut String, add: u32, imm: u32) {
        address(out, 15, 4 | add << 1, imm * 4);
    }
    fn addr_reg(&self, out: &mut String, rn: u32, rm: u32, imm2: u32) {
        put!(out, "[{}, {}", REG[rn as usize & 15], REG[rm as usize & 15]);
        constant_shift(out, imm2, 0);
        out.push(']');
    }
    fn label20(&self, out: &mut String, s: u32, j1: u32, j2: u32, imm: u32) {
        self.label(out, super::immediate::branch_offset20(s, j1, j2, imm));
    }
    fn label24(&self, out: &mut String, s: u32, j1: u32, j2: u32, imm: u32) {
        self.label(out, super::immediate::branch_offset24(s, j1, j2, imm));
    }
    fn label24x(&self, out: &mut String, s: u32, j1: u32, j2: u32, imm: u32) {
        let aligned = Operands { pc: self.pc & !3, ..*self };
        aligned.label(out, super::immediate::branch_offset24(s, j1, j2, imm << 1));
    }
    fn psr(&self, out: &mut String, spsr: u32) {
        out.push_str(if spsr == 0 { "CPSR" } else { "SPSR" });
    }
    fn psr_mask(&self, out: &mut String, spsr: u32, mask: u32) {
        out.push_str(if spsr == 0 { "CPSR_" } else { "SPSR_" });
        for (bit, name) in [(8, 'f'), (4, 's'), (2, 'x'), (1, 'c')] {
            if mask & bit != 0 {
                out.push(name);
            }
        }
    }
    fn apsr(&self, out: &mut String, rt: u32) {
        out.push_str(if rt == 15 { "APSR_nzcv" } else { REG[rt as usize & 15] });
    }
    fn cps_effect_w(&self, out: &mut String, imod: u32) {
        out.push_str(if imod == 2 { "ie" } else { "id" });
    }
    fn cps_flags_w(&self, out: &mut String, aif: u32) {
        cps_flags(out, aif);
    }
    fn banked(&self, out: &mut String, spsr: u32, sysm_high: u32, sysm: u32) {
        out.push_str(&banked_name(spsr, sysm_high << 4 | sysm));
    }
    fn barrier(&self, out: &mut String, option: u32) {
        out.push_str(&barrier_name(option));
    }
    fn crc_size(&self, out: &mut String, size: u32) {
        out.push_str(crc_size(size));
    }
    fn isb_barrier(&self, out: &mut String, option: u32) {
        match option {
            15 => out.push_str("sy"),
            _ => put!(out, "#{option}"),
        }
    }
}
