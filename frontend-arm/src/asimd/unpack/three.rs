//! Three registers of the same length or of different lengths, two registers and a scalar, and permutations of them.

use demotic_ir::{HelperId, Value};

use super::super::elements::{Elements, Register, Three, Two};
use super::super::float::{self, Floats};
use super::super::helpers::id;
use super::super::{Asimd, bitwise, decoder::args, integer, long, permute, shift};
use super::{accumulate, three_registers};
use crate::lifter::Lifter;
use crate::vfp::d_of_low;

impl Asimd<'_, '_> {
    // ---- integers ----

    three_registers! { |a| Elements::of(a.size, a.unsigned), Three::same(a.q, a.vd, a.vn, a.vm) =>
        vhadd(Vhadd) = integer::vhadd;
        vrhadd(Vrhadd) = integer::vrhadd;
        vhsub(Vhsub) = integer::vhsub;
        vcgt_int(VcgtInt) = integer::vcgt;
        vcge_int(VcgeInt) = integer::vcge;
        vmax_int(VmaxInt) = integer::vmax;
        vmin_int(VminInt) = integer::vmin;
        vabd_int(VabdInt) = integer::vabd;
        vqadd(Vqadd) = integer::vqadd;
        vqsub(Vqsub) = integer::vqsub;
        vshl_reg(VshlReg) = shift::vshl_reg;
        vqshl_reg(VqshlReg) = shift::vqshl_reg;
        vrshl(Vrshl) = shift::vrshl;
        vqrshl(Vqrshl) = shift::vqrshl;
    }
    accumulate! { |a| Elements::of(a.size, a.unsigned), Three::same(a.q, a.vd, a.vn, a.vm) =>
        vaba(Vaba) = integer::vaba;
    }
    three_registers! { |a| Elements::signed(a.size), Three::same(a.q, a.vd, a.vn, a.vm) =>
        vadd_int(VaddInt) = integer::vadd;
        vsub_int(VsubInt) = integer::vsub;
        vtst(Vtst) = integer::vtst;
        vceq_int(VceqInt) = integer::vceq;
        vmul_int(VmulInt) = integer::vmul;
        vqdmulh(Vqdmulh) = long::vqdmulh;
        vqrdmulh(Vqrdmulh) = long::vqrdmulh;
    }
    accumulate! { |a| Elements::signed(a.size), Three::same(a.q, a.vd, a.vn, a.vm) =>
        vmla_int(VmlaInt) = integer::vmla;
        vmls_int(VmlsInt) = integer::vmls;
        vqrdmlah(Vqrdmlah) = long::vqrdmlah;
        vqrdmlsh(Vqrdmlsh) = long::vqrdmlsh;
    }
    three_registers! { |a| Elements::of(a.size, a.unsigned), Three::same(0, a.vd, a.vn, a.vm) =>
        vpmax_int(VpmaxInt) = integer::vpmax;
        vpmin_int(VpminInt) = integer::vpmin;
    }
    three_registers! { |a| Elements::signed(a.size), Three::same(0, a.vd, a.vn, a.vm) =>
        vpadd_int(VpaddInt) = integer::vpadd;
    }
    three_registers! { |a| id::MUL_P8, Three::same(a.q, a.vd, a.vn, a.vm) =>
        vmul_poly(VmulPoly) = helper;
    }

    // ---- bits ----

    three_registers! { |a| Three::same(a.q, a.vd, a.vn, a.vm) =>
        vand(Vand) = bitwise::vand;
        vbic(Vbic) = bitwise::vbic;
        vorr(Vorr) = bitwise::vorr;
        vorn(Vorn) = bitwise::vorn;
        veor(Veor) = bitwise::veor;
    }
    accumulate! { |a| Three::same(a.q, a.vd, a.vn, a.vm) =>
        vbsl(Vbsl) = bitwise::vbsl;
        vbit(Vbit) = bitwise::vbit;
        vbif(Vbif) = bitwise::vbif;
    }

    // ---- floating point ----

    three_registers! { |a| Floats::of_half(a.half, a.q), Three::same(a.q, a.vd, a.vn, a.vm) =>
        vadd_float(VaddFloat) = float::vadd;
        vsub_float(VsubFloat) = float::vsub;
        vabd_float(VabdFloat) = float::vabd;
        vmul_float(VmulFloat) = float::vmul;
        vceq_float(VceqFloat) = float::vceq;
        vcge_float(VcgeFloat) = float::vcge;
        vcgt_float(VcgtFloat) = float::vcgt;
        vacge(Vacge) = float::vacge;
        vacgt(Vacgt) = float::vacgt;
        vmax_float(VmaxFloat) = float::vmax;
        vmin_float(VminFloat) = float::vmin;
        vrecps(Vrecps) = float::vrecps;
        vrsqrts(Vrsqrts) = float::vrsqrts;
        vmaxnm(Vmaxnm) = float::vmaxnm;
        vminnm(Vminnm) = float::vminnm;
    }
    accumulate! { |a| Floats::of_half(a.half, a.q), Three::same(a.q, a.vd, a.vn, a.vm) =>
        vmla_float(VmlaFloat) = float::vmla;
        vmls_float(VmlsFloat) = float::vmls;
        vfma(Vfma) = float::vfma;
        vfms(Vfms) = float::vfms;
    }
    three_registers! { |a| Floats::of_half(a.half, 0), Three::same(0, a.vd, a.vn, a.vm) =>
        vpadd_float(VpaddFloat) = float::vpadd;
        vpmax_float(VpmaxFloat) = float::vpmax;
        vpmin_float(VpminFloat) = float::vpmin;
    }

    // ---- different lengths ----

    three_registers! { |a| Elements::of(a.size, a.unsigned), Three::long(a.vd, a.vn, a.vm) =>
        vaddl(Vaddl) = long::vaddl;
        vsubl(Vsubl) = long::vsubl;
        vabdl(Vabdl) = long::vabdl;
        vmull(Vmull) = long::vmull;
    }
    accumulate! { |a| Elements::of(a.size, a.unsigned), Three::long(a.vd, a.vn, a.vm) =>
        vabal(Vabal) = long::vabal;
        vmlal(Vmlal) = long::vmlal;
        vmlsl(Vmlsl) = long::vmlsl;
    }
    three_registers! { |a| Elements::of(a.size, a.unsigned), Three::wide(a.vd, a.vn, a.vm) =>
        vaddw(Vaddw) = long::vaddw;
        vsubw(Vsubw) = long::vsubw;
    }
    three_registers! { |a| Elements::plain(a.size), Three::narrow(a.vd, a.vn, a.vm) =>
        vaddhn(Vaddhn) = long::vaddhn;
        vraddhn(Vraddhn) = long::vraddhn;
        vsubhn(Vsubhn) = long::vsubhn;
        vrsubhn(Vrsubhn) = long::vrsubhn;
    }
    three_registers! { |a| Elements::signed(a.size), Three::long(a.vd, a.vn, a.vm) =>
        vqdmull(Vqdmull) = long::vqdmull;
    }
    accumulate! { |a| Elements::signed(a.size), Three::long(a.vd, a.vn, a.vm) =>
        vqdmlal(Vqdmlal) = long::vqdmlal;
        vqdmlsl(Vqdmlsl) = long::vqdmlsl;
    }
    three_registers! { |a| id::MULL_P8, Three::long(a.vd, a.vn, a.vm) => vmull_poly8(VmullPoly8) = helper; }
    three_registers! { |a| id::MULL_P64, Three::long(a.vd, a.vn, a.vm) => vmull_poly64(VmullPoly64) = helper; }

    // ---- by a scalar ----

    three_registers! { |a| Elements::signed(a.size), Three::scalar(a.q, a.size, a.vd, a.vn, a.vm) =>
        vmul_scalar(VmulScalar) = integer::vmul;
        vqdmulh_scalar(VqdmulhScalar) = long::vqdmulh;
        vqrdmulh_scalar(VqrdmulhScalar) = long::vqrdmulh;
    }
    accumulate! { |a| Elements::signed(a.size), Three::scalar(a.q, a.size, a.vd, a.vn, a.vm) =>
        vmla_scalar(VmlaScalar) = integer::vmla;
        vmls_scalar(VmlsScalar) = integer::vmls;
        vqrdmlah_scalar(VqrdmlahScalar) = long::vqrdmlah;
        vqrdmlsh_scalar(VqrdmlshScalar) = long::vqrdmlsh;
    }
    three_registers! { |a| Floats::of_size(a.size, a.q), Three::scalar(a.q, a.size, a.vd, a.vn, a.vm) =>
        vmul_float_scalar(VmulFloatScalar) = float::vmul;
    }
    accumulate! { |a| Floats::of_size(a.size, a.q), Three::scalar(a.q, a.size, a.vd, a.vn, a.vm) =>
        vmla_float_scalar(VmlaFloatScalar) = float::vmla;
        vmls_float_scalar(VmlsFloatScalar) = float::vmls;
    }
    three_registers! { |a| Elements::of(a.size, a.unsigned), Three::long_scalar(a.size, a.vd, a.vn, a.vm) =>
        vmull_scalar(VmullScalar) = long::vmull;
    }
    accumulate! { |a| Elements::of(a.size, a.unsigned), Three::long_scalar(a.size, a.vd, a.vn, a.vm) =>
        vmlal_scalar(VmlalScalar) = long::vmlal;
        vmlsl_scalar(VmlslScalar) = long::vmlsl;
    }
    three_registers! { |a| Elements::signed(a.size), Three::long_scalar(a.size, a.vd, a.vn, a.vm) =>
        vqdmull_scalar(VqdmullScalar) = long::vqdmull;
    }
    accumulate! { |a| Elements::signed(a.size), Three::long_scalar(a.size, a.vd, a.vn, a.vm) =>
        vqdmlal_scalar(VqdmlalScalar) = long::vqdmlal;
        vqdmlsl_scalar(VqdmlslScalar) = long::vqdmlsl;
    }

    // ---- SHA-1 and SHA-256 ----

    accumulate! { |a| id::SHA1C, Three::same(1, a.vd, a.vn, a.vm) => sha1c(Sha1c) = helper3; }
    accumulate! { |a| id::SHA1P, Three::same(1, a.vd, a.vn, a.vm) => sha1p(Sha1p) = helper3; }
    accumulate! { |a| id::SHA1M, Three::same(1, a.vd, a.vn, a.vm) => sha1m(Sha1m) = helper3; }
    accumulate! { |a| id::SHA1SU0, Three::same(1, a.vd, a.vn, a.vm) => sha1su0(Sha1su0) = helper3; }
    accumulate! { |a| id::SHA256H, Three::same(1, a.vd, a.vn, a.vm) => sha256h(Sha256h) = helper3; }
    accumulate! { |a| id::SHA256H2, Three::same(1, a.vd, a.vn, a.vm) => sha256h2(Sha256h2) = helper3; }
    accumulate! { |a| id::SHA256SU1, Three::same(1, a.vd, a.vn, a.vm) => sha256su1(Sha256su1) = helper3; }

    // ---- permutations ----

    /// The immediate of a doubleword has three bits.
    pub(in super::super) fn vext(&mut self, a: args::Vext) {
        let registers = Three::same(a.q, a.vd, a.vn, a.vm).filter(|r| r.d.quad || a.imm < 8);
        self.three(registers, |l, n, m| permute::vext(l, a.q != 0, a.imm, n, m));
    }

    pub(in super::super) fn vtbl(&mut self, a: args::Vtbl) {
        let (first, count) = (d_of_low(a.vn), a.length + 1);
        if first + count > 32 {
            return self.l.unpredictable_insn();
        }
        permute::vtbl(self.l, a.vd, first, count, a.vm);
    }

    pub(in super::super) fn vtbx(&mut self, a: args::Vtbx) {
        let (first, count) = (d_of_low(a.vn), a.length + 1);
        if first + count > 32 {
            return self.l.unpredictable_insn();
        }
        permute::vtbx(self.l, a.vd, first, count, a.vm);
    }

    pub(in super::super) fn vdup_scalar(&mut self, a: args::VdupScalar) {
        let Some(d) = Register::of(a.q, a.vd) else { return self.l.undefined_insn() };
        let (e, index) = permute::dup_index(a.imm);
        permute::vdup_scalar(self.l, e, d, a.vm, index);
    }

    pub(in super::super) fn vswp(&mut self, a: args::Vswp) {
        match Two::same(a.q, a.vd, a.vm) {
            Some(registers) => permute::vswp(self.l, registers),
            None => self.l.undefined_insn(),
        }
    }
}

/// What a helper makes of two operands.
fn helper(l: &mut Lifter<'_>, id: HelperId, n: Value, m: Value) -> Value {
    l.vhelper2(n, m, id)
}

/// What a helper makes of three operands.
fn helper3(l: &mut Lifter<'_>, id: HelperId, d: Value, n: Value, m: Value) -> Value {
    l.vhelper(d, n, m, id)
}
