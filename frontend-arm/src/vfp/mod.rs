//! VFPv3 and VFPv4: floating-point registers and instructions, the same encodings in A32 and T32.
//!
//! How arithmetic works is part of the location's mode ([`Mode`](crate::mode::Mode)): rounding, flushing to zero, the
//! default NaN. A write to the FPSCR that changes that ends the block. Vectors of VFP registers (FPSCR.LEN) are not
//! there; a write that asks for them traps as unimplemented.

mod compare;
mod convert;
mod data_processing;
mod disasm;
mod load_store;
mod move_register;
mod registers;
mod system;

pub mod decoder {
    //! The decoder of `tables/vfp.decode`.
    include!(concat!(env!("OUT_DIR"), "/vfp.rs"));
}

use demotic_ir::softfloat::FloatOp;
use demotic_ir::{FlagCc, MemSize, Rounding};

use crate::asimd;
use crate::config::ArmConfig;
use crate::lifter::Lifter;
pub(crate) use compare::condition;
use convert::Fixed;
use data_processing::{Registers, Signs};
use decoder::{Row, Visitor, args};
use load_store::Multiple;
pub(crate) use move_register::expand_f32;
use registers::Format;
pub(crate) use registers::{Singles, d_of_low, get_d, put_d};
pub(crate) use system::check_enabled;

/// The instruction `word` as text if it is of this class; `it_cond` is the condition of a T32 instruction.
pub(crate) fn disassemble(word: u32, it_cond: Option<u32>) -> Option<String> {
    decoder::disassemble(word, &disasm::VfpOperands { it_cond })
}

/// Lifts the instruction in progress if it is of this class. T32 words stand for A32 words that are always executed.
pub(crate) fn lift(l: &mut Lifter<'_>, word: u32) -> bool {
    let Some(row) = decoder::row(word) else { return false };
    if lacks(l.config, row, word) {
        l.undefined_insn();
        return true;
    }
    if !system::works_disabled(word) {
        check_enabled(l);
    }
    if may_raise(word) {
        // What an instruction raises must be raised only when it is executed.
        l.part();
    }
    decoder::dispatch(word, &mut Vfp { l }).is_some()
}

/// Whether the processor lacks an instruction. Rows without a feature are VFPv2's.
fn lacks(config: ArmConfig, row: &Row, word: u32) -> bool {
    let half = row
        .fields
        .iter()
        .any(|field| field.name == "sz" && field.bits.len() == 2 && field.extract(word) == 1);
    !config.has("vfp")
        || row.feature.is_some_and(|feature| !config.has(feature))
        || half && !config.has("fp16")
        || !config.has("d32") && disassemble(word, None).is_some_and(|text| names_upper_half(&text))
}

/// Whether an instruction's text names one of D16 to D31, which are not there in units with 16 registers.
fn names_upper_half(text: &str) -> bool {
    let mut names = text.split(|c: char| !c.is_ascii_alphanumeric());
    names.any(|name| name.strip_prefix('d').and_then(|n| n.parse().ok()).is_some_and(|n: u32| n >= 16))
}

/// Whether a 32-bit T32 word may be of this class: those that begin like A32's conditional coprocessor instructions, and
/// ARMv8's that have no condition.
pub(crate) fn may_be_t32(word: u32) -> bool {
    word >> 28 == 14 || word >> 24 == 0xfe && matches!(word >> 8 & 15, 9..=11)
}

/// What instructions of this class make use of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Registers only.
    Registers,
    /// Registers only, some of which the instruction must not name: it is undefined then.
    SomeRegisters,
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
        "VDUP" | "VMOV_to_core_2s" | "VMOV_from_core_2s" | "VCVT_from_fixed" | "VCVT_to_fixed" => {
            Kind::SomeRegisters
        }
        _ if row.outcome == decoder::Outcome::Executes => Kind::Registers,
        _ => Kind::System,
    }
}

/// Whether an instruction may raise floating-point exceptions: it does more than move bits and change signs.
fn may_raise(word: u32) -> bool {
    let Some(row) = decoder::row(word) else { return false };
    let moves = ["VMOV", "VABS", "VNEG", "VDUP", "VSEL", "VINS"];
    matches!(kind(word), Kind::Registers | Kind::SomeRegisters)
        && !moves.iter().any(|name| row.name.starts_with(name))
}

/// The rounding that a field of ARMv8's directed instructions names.
fn directed(round: u32) -> Rounding {
    [Rounding::Away, Rounding::Nearest, Rounding::Up, Rounding::Down][round as usize & 3]
}

/// The rounding of a conversion to integers: towards zero, or as the FPSCR says.
fn to_zero(field: u32) -> Option<Rounding> {
    (field != 0).then_some(Rounding::Zero)
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
        compare::vcmp(self.l, a.sz, a.e != 0, a.vd, a.vm);
    }
    fn vcmp_zero(&mut self, a: args::VcmpZero) {
        compare::vcmp_zero(self.l, a.sz, a.e != 0, a.vd);
    }

    fn vcvt_f32_f16(&mut self, a: args::VcvtF32F16) {
        convert::vcvt_from_half(self.l, Format::Single, a.h != 0, a.vd, a.vm);
    }
    fn vcvt_f16_f32(&mut self, a: args::VcvtF16F32) {
        convert::vcvt_to_half(self.l, Format::Single, a.h != 0, a.vd, a.vm);
    }
    fn vcvt_f64_f16(&mut self, a: args::VcvtF64F16) {
        convert::vcvt_from_half(self.l, Format::Double, a.h != 0, a.vd, a.vm);
    }
    fn vcvt_f16_f64(&mut self, a: args::VcvtF16F64) {
        convert::vcvt_to_half(self.l, Format::Double, a.h != 0, a.vd, a.vm);
    }
    fn vjcvt(&mut self, a: args::Vjcvt) {
        convert::vjcvt(self.l, a.vd, a.vm);
    }
    fn vcvt_directed(&mut self, a: args::VcvtDirected) {
        convert::vcvt_to_int(self.l, a.sz, a.signed != 0, Some(directed(a.round)), a.vd, a.vm);
    }
    fn vrint(&mut self, a: args::Vrint) {
        data_processing::vrint(self.l, a.sz, directed(a.round), false, a.vd, a.vm);
    }
    fn vrintr(&mut self, a: args::Vrintr) {
        let round = self.l.mode.fp_mode().round;
        data_processing::vrint(self.l, a.sz, round, false, a.vd, a.vm);
    }
    fn vrintx(&mut self, a: args::Vrintx) {
        let round = self.l.mode.fp_mode().round;
        data_processing::vrint(self.l, a.sz, round, true, a.vd, a.vm);
    }
    fn vrintz(&mut self, a: args::Vrintz) {
        data_processing::vrint(self.l, a.sz, Rounding::Zero, false, a.vd, a.vm);
    }
    fn vmaxnm(&mut self, a: args::Vmaxnm) {
        data_processing::extreme(self.l, Registers::of(a.sz, a.vd, a.vn, a.vm), FloatOp::MaxNum);
    }
    fn vminnm(&mut self, a: args::Vminnm) {
        data_processing::extreme(self.l, Registers::of(a.sz, a.vd, a.vn, a.vm), FloatOp::MinNum);
    }
    fn vsel(&mut self, a: args::Vsel) {
        let cc = [FlagCc::Eq, FlagCc::Vs, FlagCc::Ge, FlagCc::Gt][a.cond as usize & 3];
        move_register::vsel(self.l, Registers::of(a.sz, a.vd, a.vn, a.vm), cc);
    }
    fn vmovx(&mut self, a: args::Vmovx) {
        move_register::vmovx(self.l, a.vd, a.vm);
    }
    fn vins(&mut self, a: args::Vins) {
        move_register::vins(self.l, a.vd, a.vm);
    }
    fn vmov_half_from_core(&mut self, a: args::VmovHalfFromCore) {
        move_register::vmov_half_from_core(self.l, a.vn, a.rt);
    }
    fn vmov_half_to_core(&mut self, a: args::VmovHalfToCore) {
        move_register::vmov_half_to_core(self.l, a.rt, a.vn);
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
        convert::vcvt_to_int(self.l, a.sz, false, to_zero(a.to_zero), a.vd, a.vm);
    }
    fn vcvt_to_s32(&mut self, a: args::VcvtToS32) {
        convert::vcvt_to_int(self.l, a.sz, true, to_zero(a.to_zero), a.vd, a.vm);
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
    fn vdup(&mut self, a: args::Vdup) {
        asimd::vdup(self.l, (a.b, a.e), a.q, a.vn, a.rt);
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
