//! Operands of the VFP disassembly templates, spelled as GNU objdump does.

use std::fmt::Write as _;

use super::decoder::Operands;
use super::registers::{Format, d_of_low, s_of_top};
use crate::names::{COND, REG};

/// Prints the operands of a VFP instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VfpOperands {
    /// The condition that a T32 instruction has from its IT block; A32 instructions (`None`) have their own.
    pub(crate) it_cond: Option<u32>,
}

/// Appends formatted text.
macro_rules! put {
    ($out:expr, $($format:tt)*) => {{
        let _ = write!($out, $($format)*);
    }};
}

/// `s` or `d` and a number.
fn register(out: &mut String, format: Format, number: u32) {
    put!(out, "{}{number}", if format == Format::Double { 'd' } else { 's' });
}

/// A load or store multiple.
struct Multiple {
    rn: u32,
    puw: u32,
    /// FLDMX or FSTMX: doubles with an odd count of words.
    odd: bool,
    /// The P, U, W of the stack form.
    stack_puw: u32,
}

impl Multiple {
    fn new(rn: u32, puw: u32, sz: u32, imm: u32, stack_puw: u32) -> Multiple {
        Multiple { rn, puw, odd: sz & imm & 1 != 0, stack_puw }
    }

    fn is_stack(&self) -> bool {
        self.rn == 13 && self.puw == self.stack_puw && !self.odd
    }

    /// Appends the mnemonic, of which there are plain, stack and X forms.
    fn mnemonic(&self, out: &mut String, [plain, stack, x]: [&str; 3]) {
        let order = if self.puw & 4 == 0 { "ia" } else { "db" };
        if self.odd {
            put!(out, "{x}{order}x");
        } else if self.is_stack() {
            out.push_str(stack);
        } else {
            put!(out, "{plain}{order}");
        }
    }

    /// Appends the base register, which the stack forms do not name.
    fn base(&self, out: &mut String) {
        if !self.is_stack() {
            put!(out, "{}{}, ", REG[self.rn as usize & 15], if self.puw & 1 == 0 { "" } else { "!" });
        }
    }
}

impl Operands for VfpOperands {
    fn cond(&self, out: &mut String, cond: u32) {
        out.push_str(COND[self.it_cond.unwrap_or(cond) as usize & 15]);
    }
    fn fsz(&self, out: &mut String, sz: u32) {
        out.push_str(match Format::of(sz) {
            Format::Half => ".f16",
            Format::Single => ".f32",
            Format::Double => ".f64",
        });
    }
    fn vd(&self, out: &mut String, field: u32, sz: u32) {
        register(out, Format::of(sz), Format::of(sz).vd(field));
    }
    fn vn(&self, out: &mut String, field: u32, sz: u32) {
        register(out, Format::of(sz), Format::of(sz).vn(field));
    }
    fn vm(&self, out: &mut String, field: u32, sz: u32) {
        register(out, Format::of(sz), Format::of(sz).vd(field));
    }
    fn sd(&self, out: &mut String, field: u32) {
        register(out, Format::Single, s_of_top(field));
    }
    fn sm(&self, out: &mut String, field: u32) {
        register(out, Format::Single, s_of_top(field));
    }
    fn sn(&self, out: &mut String, field: u32) {
        register(out, Format::Single, field);
    }
    fn dd(&self, out: &mut String, field: u32) {
        register(out, Format::Double, field);
    }
    fn dm(&self, out: &mut String, field: u32) {
        register(out, Format::Double, field);
    }
    fn dn(&self, out: &mut String, field: u32) {
        register(out, Format::Double, d_of_low(field));
    }
    fn dup_vn(&self, out: &mut String, field: u32, q: u32) {
        let d = d_of_low(field);
        if q == 0 { register(out, Format::Double, d) } else { put!(out, "q{}", d / 2) }
    }
    fn dup_size(&self, out: &mut String, b: u32, e: u32) {
        put!(out, ".{}", if b != 0 { 8 } else { 32 >> e });
    }
    fn s_pair(&self, out: &mut String, field: u32) {
        let first = s_of_top(field);
        put!(out, "s{first}, s{}", first + 1);
    }
    fn reg(&self, out: &mut String, r: u32) {
        out.push_str(REG[r as usize & 15]);
    }
    fn apsr(&self, out: &mut String, rt: u32) {
        out.push_str(REG[rt as usize & 15]);
    }
    fn fimm(&self, out: &mut String, imm8: u32) {
        put!(out, "#{}", f32::from_bits(super::move_register::expand_f32(imm8)));
    }
    fn half(&self, out: &mut String, top: u32) {
        out.push(if top == 0 { 'b' } else { 't' });
    }
    fn e(&self, out: &mut String, e: u32) {
        out.push_str(if e == 0 { "" } else { "e" });
    }
    fn r(&self, out: &mut String, to_zero: u32) {
        out.push_str(if to_zero == 0 { "r" } else { "" });
    }
    fn int_type(&self, out: &mut String, signed: u32) {
        out.push_str(if signed == 0 { ".u32" } else { ".s32" });
    }
    fn fixed_type(&self, out: &mut String, unsigned: u32, word: u32) {
        let sign = if unsigned == 0 { 's' } else { 'u' };
        put!(out, ".{sign}{}", if word == 0 { 16 } else { 32 });
    }
    fn fbits(&self, out: &mut String, word: u32, imm: u32) {
        put!(out, "{}", super::convert::fraction_bits(word, imm));
    }
    fn size16(&self, out: &mut String, sz: u32) {
        out.push_str(if Format::of(sz) == Format::Half { ".16" } else { "" });
    }
    fn sel_cond(&self, out: &mut String, cond: u32) {
        out.push_str(["eq", "vs", "ge", "gt"][cond as usize & 3]);
    }
    fn rounding(&self, out: &mut String, round: u32) {
        out.push_str(["a", "n", "p", "m"][round as usize & 3]);
    }
    fn vaddr(&self, out: &mut String, rn: u32, add: u32, imm: u32, sz: u32) {
        let bytes = imm * if Format::of(sz) == Format::Half { 2 } else { 4 };
        put!(out, "[{}", REG[rn as usize & 15]);
        match (add, imm) {
            (1, 0) => {}
            (1, _) => put!(out, ", #{bytes}"),
            _ => put!(out, ", #-{bytes}"),
        }
        out.push(']');
    }
    fn vstm(&self, out: &mut String, rn: u32, puw: u32, sz: u32, imm: u32) {
        Multiple::new(rn, puw, sz, imm, 5).mnemonic(out, ["vstm", "vpush", "fstm"]);
    }
    fn vldm(&self, out: &mut String, rn: u32, puw: u32, sz: u32, imm: u32) {
        Multiple::new(rn, puw, sz, imm, 3).mnemonic(out, ["vldm", "vpop", "fldm"]);
    }
    fn vstm_base(&self, out: &mut String, rn: u32, puw: u32, sz: u32, imm: u32) {
        Multiple::new(rn, puw, sz, imm, 5).base(out);
    }
    fn vldm_base(&self, out: &mut String, rn: u32, puw: u32, sz: u32, imm: u32) {
        Multiple::new(rn, puw, sz, imm, 3).base(out);
    }
    fn vlist(&self, out: &mut String, d: u32, sz: u32, imm: u32) {
        let (name, first) = (if sz == 0 { 's' } else { 'd' }, Format::of_bit(sz).vd(d));
        let last = first + if sz == 0 { imm } else { imm / 2 } - 1;
        put!(out, "{{{name}{first}");
        if last != first {
            put!(out, "-{name}{last}");
        }
        out.push('}');
    }
    fn vfp_reg(&self, out: &mut String, reg: u32) {
        out.push_str(match reg {
            0 => "fpsid",
            1 => "fpscr",
            5 => "mvfr2",
            6 => "mvfr1",
            7 => "mvfr0",
            8 => "fpexc",
            _ => "?",
        });
    }
    fn lane_sign(&self, out: &mut String, unsigned: u32) {
        out.push_str(if unsigned == 0 { ".s" } else { ".u" });
    }
}
