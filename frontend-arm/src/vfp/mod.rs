//! VFPv3 and VFPv4: floating-point registers and instructions, the same encodings in A32 and T32.
//!
//! Arithmetic rounds to nearest with subnormals: the FPSCR's other ways of working are not there, and a write that
//! chooses one traps as unimplemented. The FPSCR's cumulative exception flags keep what is written to them; arithmetic
//! does not set them yet.

mod compare;
mod convert;
mod data_processing;
mod disasm;
pub(crate) mod helpers;
mod load_store;
mod move_register;
mod registers;
mod system;

pub mod decoder {
    //! The decoder of `tables/vfp.decode`.
    include!(concat!(env!("OUT_DIR"), "/vfp.rs"));
}

use demotic_ir::MemSize;

use crate::lifter::Lifter;
pub(crate) use compare::condition;
use convert::Fixed;
use data_processing::{Registers, Signs};
use decoder::{Row, Visitor, args};
use load_store::Multiple;
pub(crate) use registers::Singles;

/// The instruction `word` as text if it is of this class; `it_cond` is the condition of a T32 instruction.
pub(crate) fn disassemble(word: u32, it_cond: Option<u32>) -> Option<String> {
    decoder::disassemble(word, &disasm::VfpOperands { it_cond })
}

/// Lifts the instruction in progress if it is of this class. T32 words stand for A32 words that are always executed.
pub(crate) fn lift(l: &mut Lifter<'_>, word: u32) -> bool {
    if decoder::row_index(word).is_none() {
        return false;
    }
    if !system::works_disabled(word) {
        system::check_enabled(l);
    }
    decoder::dispatch(word, &mut Vfp { l }).is_some()
}

/// What instructions of this class make use of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Registers only.
    Registers,
    /// Memory.
    Memory,
    /// System registers, or the word is undefined: they may trap.
    System,
}

/// What kind of instruction `word` is.
pub(crate) fn kind(word: u32) -> Kind {
    let Some(row) = decoder::row(word) else { return Kind::System };
    match row.name {
        name if name.starts_with("VLD") || name.starts_with("VST") => Kind::Memory,
        "VMSR" | "VMRS" => Kind::System,
        _ if row.outcome == decoder::Outcome::Executes => Kind::Registers,
        _ => Kind::System,
    }
}

/// Unpacks the operands of VFP instructions.
struct Vfp<'l, 'a> {
    l: &'l mut Lifter<'a>,
}

/// Methods that pass the three registers of an encoding on.
macro_rules! three_registers {
    ($($method:ident($args:ident) = $function:path $(, $negate_addend:literal, $negate_product:literal)?;)*) => {
        $(fn $method(&mut self, a: args::$args) {
            let registers = Registers::of(a.sz, a.vd, a.vn, a.vm);
            $function(
                self.l,
                registers,
                $(Signs { negate_addend: $negate_addend, negate_product: $negate_product })?
            );
        })*
    };
}

impl Visitor for Vfp<'_, '_> {
    type Output = ();

    three_registers! {
        vadd(Vadd) = data_processing::vadd;
        vsub(Vsub) = data_processing::vsub;
        vmul(Vmul) = data_processing::vmul;
        vnmul(Vnmul) = data_processing::vnmul;
        vdiv(Vdiv) = data_processing::vdiv;
        vmla(Vmla) = data_processing::multiply_accumulate, false, false;
        vmls(Vmls) = data_processing::multiply_accumulate, false, true;
        vnmla(Vnmla) = data_processing::multiply_accumulate, true, true;
        vnmls(Vnmls) = data_processing::multiply_accumulate, true, false;
        vfma(Vfma) = data_processing::fused_multiply_accumulate, false, false;
        vfms(Vfms) = data_processing::fused_multiply_accumulate, false, true;
        vfnma(Vfnma) = data_processing::fused_multiply_accumulate, true, true;
        vfnms(Vfnms) = data_processing::fused_multiply_accumulate, true, false;
    }

    fn vabs(&mut self, a: args::Vabs) {
        data_processing::vabs(self.l, a.sz, a.vd, a.vm);
    }
    fn vneg(&mut self, a: args::Vneg) {
        data_processing::vneg(self.l, a.sz, a.vd, a.vm);
    }
    fn vsqrt(&mut self, a: args::Vsqrt) {
        data_processing::vsqrt(self.l, a.sz, a.vd, a.vm);
    }
    fn vcmp(&mut self, a: args::Vcmp) {
        compare::vcmp(self.l, a.sz, a.vd, a.vm);
    }
    fn vcmp_zero(&mut self, a: args::VcmpZero) {
        compare::vcmp_zero(self.l, a.sz, a.vd);
    }

    fn vcvt_f32_f16(&mut self, a: args::VcvtF32F16) {
        convert::vcvt_f32_f16(self.l, a.h != 0, a.vd, a.vm);
    }
    fn vcvt_f16_f32(&mut self, a: args::VcvtF16F32) {
        convert::vcvt_f16_f32(self.l, a.h != 0, a.vd, a.vm);
    }
    fn vcvt_f64_f32(&mut self, a: args::VcvtF64F32) {
        convert::vcvt_f64_f32(self.l, a.vd, a.vm);
    }
    fn vcvt_f32_f64(&mut self, a: args::VcvtF32F64) {
        convert::vcvt_f32_f64(self.l, a.vd, a.vm);
    }
    fn vcvt_from_int(&mut self, a: args::VcvtFromInt) {
        convert::vcvt_from_int(self.l, a.sz, a.signed != 0, a.vd, a.vm);
    }
    fn vcvt_to_u32(&mut self, a: args::VcvtToU32) {
        convert::vcvt_to_int(self.l, a.sz, false, a.to_zero != 0, a.vd, a.vm);
    }
    fn vcvt_to_s32(&mut self, a: args::VcvtToS32) {
        convert::vcvt_to_int(self.l, a.sz, true, a.to_zero != 0, a.vd, a.vm);
    }
    fn vcvt_from_fixed(&mut self, a: args::VcvtFromFixed) {
        match Fixed::of(a.unsigned, a.word, a.imm) {
            Some(fixed) => convert::vcvt_from_fixed(self.l, a.sz, fixed, a.vd),
            None => self.l.unpredictable_insn(),
        }
    }
    fn vcvt_to_fixed(&mut self, a: args::VcvtToFixed) {
        match Fixed::of(a.unsigned, a.word, a.imm) {
            Some(fixed) => convert::vcvt_to_fixed(self.l, a.sz, fixed, a.vd),
            None => self.l.unpredictable_insn(),
        }
    }

    fn vldr(&mut self, a: args::Vldr) {
        load_store::vldr(self.l, a.sz, a.vd, a.rn, a.add, a.imm);
    }
    fn vstr(&mut self, a: args::Vstr) {
        load_store::vstr(self.l, a.sz, a.vd, a.rn, a.add, a.imm);
    }
    fn vldm_s(&mut self, a: args::VldmS) {
        let multiple = Multiple::of(a.sz, a.vd, a.rn, a.puw, a.imm, self.l.thumb());
        load_store::vldm(self.l, multiple);
    }
    fn vldm_d(&mut self, a: args::VldmD) {
        let multiple = Multiple::of(a.sz, a.vd, a.rn, a.puw, a.imm, self.l.thumb());
        load_store::vldm(self.l, multiple);
    }
    fn vstm_s(&mut self, a: args::VstmS) {
        let multiple = Multiple::of(a.sz, a.vd, a.rn, a.puw, a.imm, self.l.thumb());
        load_store::vstm(self.l, multiple);
    }
    fn vstm_d(&mut self, a: args::VstmD) {
        let multiple = Multiple::of(a.sz, a.vd, a.rn, a.puw, a.imm, self.l.thumb());
        load_store::vstm(self.l, multiple);
    }

    fn vmov_imm(&mut self, a: args::VmovImm) {
        move_register::vmov_imm(self.l, a.sz, a.vd, a.imm);
    }
    fn vmov_reg(&mut self, a: args::VmovReg) {
        move_register::vmov_reg(self.l, a.sz, a.vd, a.vm);
    }
    fn vmov_from_core(&mut self, a: args::VmovFromCore) {
        move_register::vmov_from_core(self.l, a.vn, a.rt);
    }
    fn vmov_to_core(&mut self, a: args::VmovToCore) {
        move_register::vmov_to_core(self.l, a.rt, a.vn);
    }
    fn vmov_to_lane8(&mut self, a: args::VmovToLane8) {
        move_register::vmov_to_lane(self.l, a.vn, a.lane, 8, a.rt);
    }
    fn vmov_to_lane16(&mut self, a: args::VmovToLane16) {
        move_register::vmov_to_lane(self.l, a.vn, a.lane, 16, a.rt);
    }
    fn vmov_to_lane32(&mut self, a: args::VmovToLane32) {
        move_register::vmov_to_lane(self.l, a.vn, a.lane, 32, a.rt);
    }
    fn vmov_from_lane8(&mut self, a: args::VmovFromLane8) {
        move_register::vmov_from_lane(self.l, a.rt, a.vn, a.lane, MemSize::B1, a.unsigned == 0);
    }
    fn vmov_from_lane16(&mut self, a: args::VmovFromLane16) {
        move_register::vmov_from_lane(self.l, a.rt, a.vn, a.lane, MemSize::B2, a.unsigned == 0);
    }
    fn vmov_from_lane32(&mut self, a: args::VmovFromLane32) {
        move_register::vmov_from_lane(self.l, a.rt, a.vn, a.lane, MemSize::B4, false);
    }
    fn vmov_from_core_2s(&mut self, a: args::VmovFromCore2s) {
        move_register::vmov_from_core_2s(self.l, a.vm, a.rt, a.rt2);
    }
    fn vmov_to_core_2s(&mut self, a: args::VmovToCore2s) {
        move_register::vmov_to_core_2s(self.l, a.rt, a.rt2, a.vm);
    }
    fn vmov_from_core_d(&mut self, a: args::VmovFromCoreD) {
        move_register::vmov_from_core_d(self.l, a.vm, a.rt, a.rt2);
    }
    fn vmov_to_core_d(&mut self, a: args::VmovToCoreD) {
        move_register::vmov_to_core_d(self.l, a.rt, a.rt2, a.vm);
    }

    fn vmrs(&mut self, a: args::Vmrs) {
        system::vmrs(self.l, a.rt, a.reg);
    }
    fn vmrs_flags(&mut self, _: args::VmrsFlags) {
        system::vmrs_flags(self.l);
    }
    fn vmsr(&mut self, a: args::Vmsr) {
        system::vmsr(self.l, a.reg, a.rt);
    }

    fn undefined(&mut self, _: &'static Row, _: u32) {
        self.l.undefined_insn();
    }
    fn unpredictable(&mut self, _: &'static Row, _: u32) {
        self.l.unpredictable_insn();
    }
    fn unimplemented(&mut self, row: &'static Row, _: u32) {
        self.l.unimplemented_insn(row.name);
    }
}
