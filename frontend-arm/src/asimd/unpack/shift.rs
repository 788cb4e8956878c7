//! Two registers and a shift amount, and one register and a modified immediate.

use demotic_ir::Value;

use super::super::elements::{Register, Two};
use super::super::float::Floats;
use super::super::shift::{self, Fit, Shift};
use super::super::{Asimd, bitwise, convert, decoder::args};
use super::{accumulate_two, two_registers};
use crate::lifter::Lifter;
use crate::vfp::expand_f32;

/// Narrowing shifts, which saturate in their own way.
macro_rules! narrowing {
    (|$a:ident| $unsigned:expr => $($method:ident($args:ident) = $function:path, $fit:expr;)*) => {
        $(pub(in super::super) fn $method(&mut self, $a: args::$args) {
            let s = Shift::narrow($a.imm, $unsigned);
            self.two(Two::narrow($a.vd, $a.vm), |l, m| $function(l, s, $fit, m));
        })*
    };
}

/// Conversions from and to fixed-point numbers.
macro_rules! fixed_point {
    ($($method:ident($args:ident) = $function:path, $half:literal;)*) => {
        $(pub(in super::super) fn $method(&mut self, a: args::$args) {
            let (f, fraction) = (Floats::of_half($half, a.q), 64 - a.imm);
            let registers = Two::same(a.q, a.vd, a.vm).filter(|_| fraction <= f.elements().bits());
            self.two(registers, |l, m| $function(l, f, a.unsigned != 0, fraction, m));
        })*
    };
}

/// Moves of modified immediates: what of the 64 bits goes to each half of the register.
macro_rules! immediates {
    ($($method:ident($args:ident, $a:ident) = $bits:expr, $function:ident;)*) => {
        $(pub(in super::super) fn $method(&mut self, $a: args::$args) {
            self.immediate($a.q, $a.vd, $bits, $function);
        })*
    };
}

impl Asimd<'_, '_> {
    two_registers! { |a| Shift::of(a.imm, a.unsigned), Two::same(a.q, a.vd, a.vm) =>
        vshr(Vshr) = shift::vshr;
        vrshr(Vrshr) = shift::vrshr;
        vqshl_imm(VqshlImm) = shift::vqshl;
    }
    accumulate_two! { |a| Shift::of(a.imm, a.unsigned), Two::same(a.q, a.vd, a.vm) =>
        vsra(Vsra) = shift::vsra;
        vrsra(Vrsra) = shift::vrsra;
    }
    two_registers! { |a| Shift::of(a.imm, 0), Two::same(a.q, a.vd, a.vm) =>
        vshl_imm(VshlImm) = shift::vshl;
        vqshlu(Vqshlu) = shift::vqshlu;
    }
    accumulate_two! { |a| Shift::of(a.imm, 1), Two::same(a.q, a.vd, a.vm) =>
        vsri(Vsri) = shift::vsri;
        vsli(Vsli) = shift::vsli;
    }
    narrowing! { |a| 1 =>
        vshrn(Vshrn) = shift::vshrn, Fit::Truncate;
        vrshrn(Vrshrn) = shift::vrshrn, Fit::Truncate;
    }
    narrowing! { |a| 0 =>
        vqshrun(Vqshrun) = shift::vshrn, Fit::Unsign;
        vqrshrun(Vqrshrun) = shift::vrshrn, Fit::Unsign;
    }
    narrowing! { |a| a.unsigned =>
        vqshrn(Vqshrn) = shift::vshrn, Fit::Same;
        vqrshrn(Vqrshrn) = shift::vrshrn, Fit::Same;
    }
    two_registers! { |a| Shift::narrow(a.imm, a.unsigned), Two::long(a.vd, a.vm) =>
        vshll(Vshll) = shift::vshll;
    }
    fixed_point! {
        vcvt_half_from_fixed(VcvtHalfFromFixed) = convert::vcvt_from, 1;
        vcvt_half_to_fixed(VcvtHalfToFixed) = convert::vcvt_to, 1;
        vcvt_from_fixed(VcvtFromFixed) = convert::vcvt_from, 0;
        vcvt_to_fixed(VcvtToFixed) = convert::vcvt_to, 0;
    }

    immediates! {
        vmov_imm(VmovImm, a) = bitwise::expand_imm(a.cmode, a.imm), replace;
        vmov_imm_ones(VmovImmOnes, a) = bitwise::expand_imm(13, a.imm), replace;
        vmov_imm_f32(VmovImmF32, a) = u64::from(expand_f32(a.imm)) * 0x1_0000_0001, replace;
        vmov_imm_i64(VmovImmI64, a) = bitwise::byte_mask(a.imm), replace;
        vmvn_imm(VmvnImm, a) = !bitwise::expand_imm(a.cmode, a.imm), replace;
        vmvn_imm_ones(VmvnImmOnes, a) = !bitwise::expand_imm(13, a.imm), replace;
        vorr_imm(VorrImm, a) = bitwise::expand_imm(a.cmode, a.imm), set_bits;
        vbic_imm(VbicImm, a) = bitwise::expand_imm(a.cmode, a.imm), clear_bits;
    }

    /// Writes what `function` makes of the destination's old value and the immediate twice.
    fn immediate(
        &mut self,
        q: u32,
        vd: u32,
        bits: u64,
        function: fn(&mut Lifter<'_>, Value, Value) -> Value,
    ) {
        let Some(d) = Register::of(q, vd) else { return self.l.undefined_insn() };
        let immediate = self.l.v128(u128::from(bits) << 64 | u128::from(bits));
        let old = d.get(self.l);
        let result = function(self.l, old, immediate);
        d.put(self.l, result);
    }
}

/// `VMOV`, `VMVN`.
fn replace(_: &mut Lifter<'_>, _: Value, immediate: Value) -> Value {
    immediate
}

/// `VORR`.
fn set_bits(l: &mut Lifter<'_>, old: Value, immediate: Value) -> Value {
    l.vor(old, immediate)
}

/// `VBIC`.
fn clear_bits(l: &mut Lifter<'_>, old: Value, immediate: Value) -> Value {
    l.vbic(old, immediate)
}
