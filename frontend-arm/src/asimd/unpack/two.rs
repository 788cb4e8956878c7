//! Two registers, and what is done to one of them.

use demotic_ir::{FloatCc, HelperId, IntCc, Rounding, Value};

use super::super::elements::{Elements, Two};
use super::super::float::{self, Floats};
use super::super::helpers::id;
use super::super::permute::{self, Mix};
use super::super::shift::{self, Fit};
use super::super::{Asimd, convert, decoder::args, integer};
use super::{accumulate_two, two_registers};
use crate::lifter::Lifter;

/// Rows whose instruction takes one thing more, which stands behind its function.
macro_rules! two_registers_with {
    (|$a:ident| $elements:expr, $registers:expr =>
        $($method:ident($args:ident) = $function:path, $with:expr;)*) => {
        $(pub(in super::super) fn $method(&mut self, $a: args::$args) {
            let elements = $elements;
            self.two($registers, |l, m| $function(l, elements, $with, m));
        })*
    };
}

/// The permutations of two registers.
macro_rules! mixes {
    (|$a:ident| $elements:expr, $registers:expr => $($method:ident($args:ident) = $mix:expr;)*) => {
        $(pub(in super::super) fn $method(&mut self, $a: args::$args) {
            let Some(registers) = $registers else { return self.l.undefined_insn() };
            permute::vmix(self.l, $elements, $mix, registers);
        })*
    };
}

impl Asimd<'_, '_> {
    // ---- integers ----

    two_registers_with! { |a| Elements::plain(a.size), Two::same(a.q, a.vd, a.vm) =>
        vrev64(Vrev64) = permute::vrev, 8;
        vrev32(Vrev32) = permute::vrev, 4;
        vrev16(Vrev16) = permute::vrev, 2;
    }
    two_registers! { |a| Elements::of(a.size, a.unsigned), Two::same(a.q, a.vd, a.vm) =>
        vpaddl(Vpaddl) = integer::vpaddl;
    }
    accumulate_two! { |a| Elements::of(a.size, a.unsigned), Two::same(a.q, a.vd, a.vm) =>
        vpadal(Vpadal) = integer::vpadal;
    }
    two_registers! { |a| Elements::signed(a.size), Two::same(a.q, a.vd, a.vm) =>
        vcls(Vcls) = integer::vcls;
        vclz(Vclz) = integer::vclz;
        vcnt(Vcnt) = integer::vcnt;
        vmvn_reg(VmvnReg) = vmvn;
        vqabs(Vqabs) = integer::vqabs;
        vqneg(Vqneg) = integer::vqneg;
        vabs_int(VabsInt) = integer::vabs;
        vneg_int(VnegInt) = integer::vneg;
    }
    two_registers_with! { |a| Elements::signed(a.size), Two::same(a.q, a.vd, a.vm) =>
        vcgt_zero(VcgtZero) = integer::compare_with_zero, IntCc::Sgt;
        vcge_zero(VcgeZero) = integer::compare_with_zero, IntCc::Sge;
        vceq_zero(VceqZero) = integer::compare_with_zero, IntCc::Eq;
        vcle_zero(VcleZero) = integer::compare_with_zero, IntCc::Sle;
        vclt_zero(VcltZero) = integer::compare_with_zero, IntCc::Slt;
    }
    two_registers! { |a| id::RECPE_INT, Two::same(a.q, a.vd, a.vm) => vrecpe_int(VrecpeInt) = helper; }
    two_registers! { |a| id::RSQRTE_INT, Two::same(a.q, a.vd, a.vm) => vrsqrte_int(VrsqrteInt) = helper; }

    // ---- floating point ----

    two_registers_with! { |a| Floats::of_size(a.size, a.q), Two::same(a.q, a.vd, a.vm) =>
        vcgt_float_zero(VcgtFloatZero) = float::compare_with_zero, FloatCc::Gt;
        vcge_float_zero(VcgeFloatZero) = float::compare_with_zero, FloatCc::Ge;
        vceq_float_zero(VceqFloatZero) = float::compare_with_zero, FloatCc::Eq;
        vcle_float_zero(VcleFloatZero) = float::compare_with_zero, FloatCc::Le;
        vclt_float_zero(VcltFloatZero) = float::compare_with_zero, FloatCc::Lt;
        vrintn(Vrintn) = float::vrint, Rounding::Nearest;
        vrinta(Vrinta) = float::vrint, Rounding::Away;
        vrintz(Vrintz) = float::vrint, Rounding::Zero;
        vrintm(Vrintm) = float::vrint, Rounding::Down;
        vrintp(Vrintp) = float::vrint, Rounding::Up;
    }
    two_registers! { |a| Floats::of_size(a.size, a.q), Two::same(a.q, a.vd, a.vm) =>
        vabs_float(VabsFloat) = float::vabs;
        vneg_float(VnegFloat) = float::vneg;
        vrintx(Vrintx) = float::vrintx;
        vrecpe_float(VrecpeFloat) = float::vrecpe;
        vrsqrte_float(VrsqrteFloat) = float::vrsqrte;
    }

    pub(in super::super) fn vcvt_directed(&mut self, a: args::VcvtDirected) {
        let f = Floats::of_size(a.size, a.q);
        let registers = Two::same(a.q, a.vd, a.vm);
        self.two(registers, |l, m| convert::vcvt_directed(l, f, a.unsigned != 0, a.rounding, m));
    }

    pub(in super::super) fn vcvt_from_int(&mut self, a: args::VcvtFromInt) {
        let f = Floats::of_size(a.size, a.q);
        let registers = Two::same(a.q, a.vd, a.vm);
        self.two(registers, |l, m| convert::vcvt_from(l, f, a.unsigned != 0, 0, m));
    }

    pub(in super::super) fn vcvt_to_int(&mut self, a: args::VcvtToInt) {
        let f = Floats::of_size(a.size, a.q);
        let registers = Two::same(a.q, a.vd, a.vm);
        self.two(registers, |l, m| convert::vcvt_to(l, f, a.unsigned != 0, 0, m));
    }

    pub(in super::super) fn vcvt_to_half(&mut self, a: args::VcvtToHalf) {
        self.two(Two::narrow(a.vd, a.vm), convert::vcvt_to_half);
    }

    pub(in super::super) fn vcvt_from_half(&mut self, a: args::VcvtFromHalf) {
        self.two(Two::long(a.vd, a.vm), convert::vcvt_from_half);
    }

    // ---- permutations and changes of width ----

    mixes! { |a| Elements::plain(a.size), Two::same(a.q, a.vd, a.vm) =>
        vtrn(Vtrn) = Mix::Transpose;
        vuzp(Vuzp) = Mix::Unzip;
        vzip(Vzip) = Mix::Zip;
    }
    mixes! { |a| Elements::plain(2), Two::same(1, a.vd, a.vm) =>
        vuzp_words(VuzpWords) = Mix::Unzip;
        vzip_words(VzipWords) = Mix::Zip;
    }
    two_registers_with! { |a| Elements::signed(a.size), Two::narrow(a.vd, a.vm) =>
        vmovn(Vmovn) = shift::narrow, Fit::Truncate;
        vqmovun(Vqmovun) = shift::narrow, Fit::Unsign;
    }
    two_registers_with! { |a| Elements::of(a.size, a.unsigned), Two::narrow(a.vd, a.vm) =>
        vqmovn(Vqmovn) = shift::narrow, Fit::Same;
    }
    two_registers! { |a| Elements::plain(a.size), Two::long(a.vd, a.vm) =>
        vshll_max(VshllMax) = shift::vshll_max;
    }

    // ---- AES, SHA-1 and SHA-256 ----

    accumulate_two! { |a| id::AESE, Two::same(1, a.vd, a.vm) => aese(Aese) = helper2; }
    accumulate_two! { |a| id::AESD, Two::same(1, a.vd, a.vm) => aesd(Aesd) = helper2; }
    two_registers! { |a| id::AESMC, Two::same(1, a.vd, a.vm) => aesmc(Aesmc) = helper; }
    two_registers! { |a| id::AESIMC, Two::same(1, a.vd, a.vm) => aesimc(Aesimc) = helper; }
    two_registers! { |a| id::SHA1H, Two::same(1, a.vd, a.vm) => sha1h(Sha1h) = helper; }
    accumulate_two! { |a| id::SHA1SU1, Two::same(1, a.vd, a.vm) => sha1su1(Sha1su1) = helper2; }
    accumulate_two! { |a| id::SHA256SU0, Two::same(1, a.vd, a.vm) => sha256su0(Sha256su0) = helper2; }
}

/// `VMVN Vd, Vm`.
fn vmvn(l: &mut Lifter<'_>, _: Elements, m: Value) -> Value {
    l.vnot(m)
}

/// What a helper makes of an operand.
fn helper(l: &mut Lifter<'_>, id: HelperId, m: Value) -> Value {
    l.vhelper1(m, id)
}

/// What a helper makes of the destination's old value and an operand.
fn helper2(l: &mut Lifter<'_>, id: HelperId, d: Value, m: Value) -> Value {
    l.vhelper2(d, m, id)
}
