//! Operands of the Advanced SIMD disassembly templates, spelled as GNU objdump does.

use std::fmt::Write as _;

use super::bitwise::{byte_mask, expand_imm};
use super::decoder::Operands;
use super::elements::scalar_of;
use super::load_store::Structure;
use super::permute::dup_index;
use super::shift::Shift;
use crate::names::{COND, REG};
use crate::vfp::{d_of_low, expand_f32};

/// Prints the operands of an Advanced SIMD instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AsimdOperands {
    /// The condition that a T32 instruction has from its IT block.
    pub(crate) it_cond: Option<u32>,
}

/// Appends formatted text.
macro_rules! put {
    ($out:expr, $($format:tt)*) => {{
        let _ = write!($out, $($format)*);
    }};
}

/// `d` or `q` and a number.
fn register(out: &mut String, number: u32, q: u32) {
    if q == 0 {
        put!(out, "d{number}");
    } else {
        put!(out, "q{}", number / 2);
    }
}

/// The type of integers of so many bits.
fn integer(out: &mut String, unsigned: u32, bits: u32) {
    put!(out, ".{}{bits}", if unsigned == 0 { 's' } else { 'u' });
}

/// Doubleword registers in braces: `count` of them, `increment` apart, each followed by `suffix`. Neighbours are a range
/// unless the suffix is a lane.
fn list(out: &mut String, first: u32, count: u32, increment: u32, suffix: &str) {
    out.push('{');
    let last = first + (count - 1) * increment;
    if increment == 1 && count > 1 && matches!(suffix, "" | "[]") {
        put!(out, "d{first}{suffix}-d{}{suffix}", last & 31);
    } else {
        for i in 0..count {
            let comma = if i == 0 { "" } else { "," };
            put!(out, "{comma}d{}{suffix}", (first + i * increment) & 31);
        }
    }
    out.push('}');
}

/// A base register with the alignment demanded, in bytes.
fn base(out: &mut String, rn: u32, alignment: u32) {
    put!(out, "[{}", REG[rn as usize & 15]);
    if alignment > 1 {
        put!(out, " :{}", 8 * alignment);
    }
    out.push(']');
}

/// The structure of a single-lane access, as far as it is defined.
fn lane(elements: u32, size: u32, index_align: u32, vd: u32) -> Option<Structure> {
    Structure::of_lane(elements, size, index_align, vd, (0, 15))
}

fn lane_list(out: &mut String, elements: u32, vd: u32, size: u32, index_align: u32) {
    if let Some(s) = lane(elements, size, index_align, vd) {
        list(out, vd, elements, s.increment, &format!("[{}]", s.lane));
    }
}

fn lane_base(out: &mut String, elements: u32, rn: u32, size: u32, index_align: u32) {
    let alignment = lane(elements, size, index_align, 0).map_or(1, |s| s.address.alignment);
    base(out, rn, alignment);
}

fn all_base(out: &mut String, elements: u32, rn: u32, size: u32, align: u32) {
    let s = Structure::of_all(elements, (size, align), 0, 0, (rn, 15));
    base(out, rn, s.map_or(1, |s| s.address.alignment));
}

impl Operands for AsimdOperands {
    // ---- conditions and registers ----

    fn c(&self, out: &mut String, _: u32) {
        out.push_str(COND[self.it_cond.unwrap_or(14) as usize & 15]);
    }
    fn vd(&self, out: &mut String, field: u32, q: u32) {
        register(out, field, q);
    }
    fn vn(&self, out: &mut String, field: u32, q: u32) {
        register(out, d_of_low(field), q);
    }
    fn vm(&self, out: &mut String, field: u32, q: u32) {
        register(out, field, q);
    }
    fn dd(&self, out: &mut String, field: u32) {
        register(out, field, 0);
    }
    fn dn(&self, out: &mut String, field: u32) {
        register(out, d_of_low(field), 0);
    }
    fn dm(&self, out: &mut String, field: u32) {
        register(out, field, 0);
    }
    fn qd(&self, out: &mut String, field: u32) {
        register(out, field, 1);
    }
    fn qn(&self, out: &mut String, field: u32) {
        register(out, d_of_low(field), 1);
    }
    fn qm(&self, out: &mut String, field: u32) {
        register(out, field, 1);
    }
    fn scalar(&self, out: &mut String, field: u32, size: u32) {
        let (number, index) = scalar_of(size, field);
        put!(out, "d{number}[{index}]");
    }
    fn half_vn(&self, out: &mut String, field: u32, q: u32) {
        match q {
            0 => put!(out, "s{field}"),
            _ => register(out, d_of_low(field), 0),
        }
    }
    fn half_vm(&self, out: &mut String, field: u32, q: u32) {
        match q {
            0 => put!(out, "s{}", (field & 15) << 1 | field >> 4),
            _ => register(out, field, 0),
        }
    }
    fn half_element(&self, out: &mut String, field: u32, q: u32) {
        match q {
            0 => put!(out, "s{}[{}]", (field & 7) << 1 | field >> 4, field >> 3 & 1),
            _ => put!(out, "d{}[{}]", field & 7, field >> 3),
        }
    }
    fn complex_element(&self, out: &mut String, field: u32, single: u32) {
        match single {
            0 => put!(out, "d{}[{}]", field & 15, field >> 4),
            _ => put!(out, "d{field}[0]"),
        }
    }
    fn table(&self, out: &mut String, vn: u32, length: u32) {
        list(out, d_of_low(vn), length + 1, 1, "");
    }

    // ---- types ----

    fn int(&self, out: &mut String, unsigned: u32, size: u32) {
        integer(out, unsigned, 8 << size);
    }
    fn int_wide(&self, out: &mut String, unsigned: u32, size: u32) {
        integer(out, unsigned, 16 << size);
    }
    fn s(&self, out: &mut String, size: u32) {
        integer(out, 0, 8 << size);
    }
    fn s_wide(&self, out: &mut String, size: u32) {
        integer(out, 0, 16 << size);
    }
    fn i(&self, out: &mut String, size: u32) {
        put!(out, ".i{}", 8 << size);
    }
    fn i_wide(&self, out: &mut String, size: u32) {
        put!(out, ".i{}", 16 << size);
    }
    fn bits(&self, out: &mut String, size: u32) {
        put!(out, ".{}", 8 << size);
    }
    fn f(&self, out: &mut String, half: u32) {
        out.push_str(if half == 0 { ".f32" } else { ".f16" });
    }
    fn f_size(&self, out: &mut String, size: u32) {
        out.push_str(if size == 1 { ".f16" } else { ".f32" });
    }
    fn f_complex(&self, out: &mut String, single: u32) {
        out.push_str(if single == 0 { ".f16" } else { ".f32" });
    }
    fn int16(&self, out: &mut String, unsigned: u32) {
        integer(out, unsigned, 16);
    }
    fn int32(&self, out: &mut String, unsigned: u32) {
        integer(out, unsigned, 32);
    }
    fn direction(&self, out: &mut String, rounding: u32) {
        out.push(['a', 'n', 'p', 'm'][rounding as usize & 3]);
    }
    fn dot_type(&self, out: &mut String, unsigned: u32) {
        integer(out, unsigned, 8);
    }
    fn sudot(&self, out: &mut String, unsigned: u32) {
        out.push(if unsigned == 0 { 's' } else { 'u' });
    }
    fn al_sl(&self, out: &mut String, subtract: u32) {
        out.push_str(if subtract == 0 { "al" } else { "sl" });
    }

    // ---- shifts ----

    fn shift_int(&self, out: &mut String, unsigned: u32, imm: u32) {
        integer(out, unsigned, Shift::of(imm, 0).e.bits());
    }
    fn shift_bits(&self, out: &mut String, imm: u32) {
        put!(out, ".{}", Shift::of(imm, 0).e.bits());
    }
    fn shift_s(&self, out: &mut String, imm: u32) {
        integer(out, 0, Shift::of(imm, 0).e.bits());
    }
    fn right(&self, out: &mut String, imm: u32) {
        put!(out, "#{}", Shift::of(imm, 0).right());
    }
    fn left(&self, out: &mut String, imm: u32) {
        put!(out, "#{}", Shift::of(imm, 0).left());
    }
    fn narrow_i(&self, out: &mut String, imm: u32) {
        put!(out, ".i{}", 2 * Shift::narrow(imm, 0).e.bits());
    }
    fn narrow_s(&self, out: &mut String, imm: u32) {
        integer(out, 0, 2 * Shift::narrow(imm, 0).e.bits());
    }
    fn narrow_int(&self, out: &mut String, unsigned: u32, imm: u32) {
        integer(out, unsigned, 2 * Shift::narrow(imm, 0).e.bits());
    }
    fn right_narrow(&self, out: &mut String, imm: u32) {
        put!(out, "#{}", Shift::narrow(imm, 0).right());
    }
    fn long_int(&self, out: &mut String, unsigned: u32, imm: u32) {
        integer(out, unsigned, Shift::narrow(imm, 0).e.bits());
    }
    fn vshll(&self, out: &mut String, imm: u32) {
        out.push_str(if Shift::narrow(imm, 0).left() == 0 { "vmovl" } else { "vshll" });
    }
    fn left_long(&self, out: &mut String, imm: u32) {
        match Shift::narrow(imm, 0).left() {
            0 => {}
            amount => put!(out, ", #{amount}"),
        }
    }
    fn width(&self, out: &mut String, size: u32) {
        put!(out, "#{}", 8 << size);
    }
    fn fraction(&self, out: &mut String, imm: u32) {
        put!(out, "#{}", 64 - imm);
    }

    // ---- immediates ----

    fn imm_type(&self, out: &mut String, cmode: u32) {
        out.push_str(match cmode {
            8..=11 => ".i16",
            14 => ".i8",
            _ => ".i32",
        });
    }
    fn imm_value(&self, out: &mut String, cmode: u32, imm: u32) {
        let bits = match cmode {
            8..=11 => 0xffff,
            14 => 0xff,
            _ => 0xffff_ffff,
        };
        put!(out, "#{}", (expand_imm(cmode, imm) & bits) as i32);
    }
    fn imm_ones(&self, out: &mut String, imm: u32) {
        self.imm_value(out, 13, imm);
    }
    fn imm_f32(&self, out: &mut String, imm: u32) {
        put!(out, "#{}", f32::from_bits(expand_f32(imm)));
    }
    fn imm_i64(&self, out: &mut String, imm: u32) {
        put!(out, "#{:#018x}", byte_mask(imm));
    }
    fn dup_bits(&self, out: &mut String, imm4: u32) {
        put!(out, ".{}", dup_index(imm4).0.bits());
    }
    fn dup_index(&self, out: &mut String, imm4: u32) {
        put!(out, "{}", dup_index(imm4).1);
    }
    fn rotate(&self, out: &mut String, quarters: u32) {
        put!(out, "#{}", 90 * quarters);
    }
    fn rotate90(&self, out: &mut String, three_quarters: u32) {
        out.push_str(if three_quarters == 0 { "#90" } else { "#270" });
    }

    // ---- loads and stores ----

    fn list4(&self, out: &mut String, vd: u32, interleave: u32) {
        list(out, vd, 4, 1 + interleave, "");
    }
    fn list3(&self, out: &mut String, vd: u32, interleave: u32) {
        list(out, vd, 3, 1 + interleave, "");
    }
    fn list2(&self, out: &mut String, vd: u32, interleave: u32) {
        list(out, vd, 2, 1 + interleave, "");
    }
    fn run1(&self, out: &mut String, vd: u32) {
        list(out, vd, 1, 1, "");
    }
    fn run2(&self, out: &mut String, vd: u32) {
        list(out, vd, 2, 1, "");
    }
    fn run3(&self, out: &mut String, vd: u32) {
        list(out, vd, 3, 1, "");
    }
    fn run4(&self, out: &mut String, vd: u32) {
        list(out, vd, 4, 1, "");
    }
    fn base(&self, out: &mut String, rn: u32, align: u32) {
        base(out, rn, if align == 0 { 1 } else { 4 << align });
    }
    fn post(&self, out: &mut String, rm: u32) {
        match rm {
            15 => {}
            13 => out.push('!'),
            _ => put!(out, ", {}", REG[rm as usize & 15]),
        }
    }
    fn lane1(&self, out: &mut String, vd: u32, size: u32, index_align: u32) {
        lane_list(out, 1, vd, size, index_align);
    }
    fn lane2(&self, out: &mut String, vd: u32, size: u32, index_align: u32) {
        lane_list(out, 2, vd, size, index_align);
    }
    fn lane3(&self, out: &mut String, vd: u32, size: u32, index_align: u32) {
        lane_list(out, 3, vd, size, index_align);
    }
    fn lane4(&self, out: &mut String, vd: u32, size: u32, index_align: u32) {
        lane_list(out, 4, vd, size, index_align);
    }
    fn lane_base1(&self, out: &mut String, rn: u32, size: u32, index_align: u32) {
        lane_base(out, 1, rn, size, index_align);
    }
    fn lane_base2(&self, out: &mut String, rn: u32, size: u32, index_align: u32) {
        lane_base(out, 2, rn, size, index_align);
    }
    fn lane_base3(&self, out: &mut String, rn: u32, size: u32, index_align: u32) {
        lane_base(out, 3, rn, size, index_align);
    }
    fn lane_base4(&self, out: &mut String, rn: u32, size: u32, index_align: u32) {
        lane_base(out, 4, rn, size, index_align);
    }
    fn all1(&self, out: &mut String, vd: u32, spread: u32) {
        list(out, vd, 1 + spread, 1, "[]");
    }
    fn all2(&self, out: &mut String, vd: u32, spread: u32) {
        list(out, vd, 2, 1 + spread, "[]");
    }
    fn all3(&self, out: &mut String, vd: u32, spread: u32) {
        list(out, vd, 3, 1 + spread, "[]");
    }
    fn all4(&self, out: &mut String, vd: u32, spread: u32) {
        list(out, vd, 4, 1 + spread, "[]");
    }
    fn all_bits4(&self, out: &mut String, size: u32) {
        put!(out, ".{}", 8 << size.min(2));
    }
    fn all_base1(&self, out: &mut String, rn: u32, size: u32, align: u32) {
        all_base(out, 1, rn, size, align);
    }
    fn all_base2(&self, out: &mut String, rn: u32, size: u32, align: u32) {
        all_base(out, 2, rn, size, align);
    }
    fn all_base3(&self, out: &mut String, rn: u32, size: u32, align: u32) {
        all_base(out, 3, rn, size, align);
    }
    fn all_base4(&self, out: &mut String, rn: u32, size: u32, align: u32) {
        all_base(out, 4, rn, size, align);
    }
}
