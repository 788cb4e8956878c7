//! The system registers of VFP, and whether it is switched on.

use demotic_ir::{FlagMask, IntCc, Trap, Type, Value};

use super::decoder::{Insn, decode};
use crate::lifter::Lifter;
use crate::mode::Mode;
use crate::state;

/// FPSID of an ARM Cortex-A15.
const FPSID_VALUE: u32 = 0x4103_30f0;
/// MVFR0: VFPv4 with 32 double registers, no short vectors, all rounding modes, no traps.
const MVFR0_VALUE: u32 = 0x1011_0222;
/// MVFR2: ARMv8's selections, directed roundings and conversions, minimum and maximum, in Advanced SIMD too.
const MVFR2_VALUE: u32 = 0x0000_0043;
/// MVFR1: fused multiplication and addition, half-precision arithmetic, Advanced SIMD complete.
const MVFR1_VALUE: u32 = 0x1321_1111;
/// FPSCR.QC, which has a slot of its own: whether Advanced SIMD has saturated.
const FPSCR_QC: u32 = 1 << 27;
/// The bits of the FPSCR that can be written, besides the condition flags and QC: AHP, DN, FZ, RMode, Stride, FZ16, Len
/// and the cumulative exception flags.
const FPSCR_WRITABLE: u32 = 0x07ff_009f;
/// FPSCR.Stride and FPSCR.Len: vectors of registers.
const FPSCR_VECTORS: u32 = 0x0037_0000;
/// FPEXC.EN.
const FPEXC_EN: u32 = 1 << 30;

/// The numbers that encodings give to the registers.
mod number {
    pub(super) const FPSID: u32 = 0;
    pub(super) const FPSCR: u32 = 1;
    pub(super) const MVFR2: u32 = 5;
    pub(super) const MVFR1: u32 = 6;
    pub(super) const MVFR0: u32 = 7;
    pub(super) const FPEXC: u32 = 8;
}

/// Whether an instruction is executed while FPEXC.EN is clear: accesses to FPEXC, by which it is set, and to the
/// identification registers.
pub(super) fn works_disabled(word: u32) -> bool {
    match decode(word) {
        Some(Insn::Vmrs(a)) => a.reg != number::FPSCR,
        Some(Insn::Vmsr(a)) => a.reg != number::FPSCR,
        _ => false,
    }
}

/// Traps as undefined while FPEXC.EN is clear. Processes on Linux never see that.
pub(crate) fn check_enabled(l: &mut Lifter<'_>) {
    if !l.config.machine() {
        return;
    }
    let fpexc = l.b.get32(state::FPEXC);
    let enabled = l.bit(fpexc, FPEXC_EN.trailing_zeros());
    let disabled = l.b.not(Type::Bool, enabled);
    let disabled = l.guarded(disabled);
    let exit = l.trap_exit(Trap::Undefined { word: l.word() });
    l.b.leave_if(disabled, exit);
}

/// `VMRS Rt, register`. All but the FPSCR are for privileged code.
pub(super) fn vmrs(l: &mut Lifter<'_>, rt: u32, register: u32) {
    if register != number::FPSCR && !l.mode.privileged() {
        return l.undefined_insn();
    }
    let value = match register {
        number::FPSID => l.imm(FPSID_VALUE),
        number::FPSCR => {
            let rest = l.b.get32(state::FPSCR);
            let nzcv = l.b.get32(state::FPSCR_NZCV);
            let flags = l.or(rest, nzcv);
            let saturated = l.b.get(Type::I64, state::FPSCR_QC);
            let zero = l.b.i64(0);
            let saturated = l.b.icmp(Type::I64, saturated, zero, IntCc::Ne);
            let saturated = l.number(saturated);
            let qc = l.shl(saturated, FPSCR_QC.trailing_zeros());
            l.or(flags, qc)
        }
        number::MVFR2 => l.imm(MVFR2_VALUE),
        number::MVFR1 => l.imm(MVFR1_VALUE),
        number::MVFR0 => l.imm(MVFR0_VALUE),
        number::FPEXC => l.b.get32(state::FPEXC),
        _ => return l.undefined_insn(),
    };
    l.put_reg(rt, value);
}

/// `VMRS APSR_nzcv, FPSCR`.
pub(super) fn vmrs_flags(l: &mut Lifter<'_>) {
    let nzcv = l.b.get32(state::FPSCR_NZCV);
    let flags = l.b.flags_from_bits(Type::I32, nzcv);
    l.put_flags(flags, FlagMask::NZCV);
    if !l.is_conditional() {
        l.hints.flags_from_fpscr();
    }
}

/// `VMSR register, Rt`. All but the FPSCR are for privileged code.
pub(super) fn vmsr(l: &mut Lifter<'_>, register: u32, rt: u32) {
    let value = l.reg(rt);
    match register {
        number::FPSCR => {
            let nzcv = l.and_imm(value, 0xf000_0000);
            let rest = l.and_imm(value, FPSCR_WRITABLE);
            l.hints.set_fpscr(None);
            l.put(state::FPSCR_NZCV, nzcv);
            let qc = l.and_imm(value, FPSCR_QC);
            let qc = l.wide(qc, false);
            l.put_as(Type::I64, state::FPSCR_QC, qc);
            l.put(state::FPSCR, rest);
            trap_if_vectors(l, rest);
            let modes = l.and_imm(rest, Mode::FPSCR_MODES);
            let present = l.imm(l.mode.fpscr());
            let changed = l.compare(modes, IntCc::Ne, present);
            l.change_mode_if(changed);
        }
        _ if !l.mode.privileged() => l.undefined_insn(),
        number::FPSID => {}
        number::FPEXC => {
            let enable = l.and_imm(value, FPEXC_EN);
            l.put(state::FPEXC, enable);
        }
        _ => l.undefined_insn(),
    }
}

/// Leaves the block with a trap that says so if `fpscr` asks for vectors of registers.
fn trap_if_vectors(l: &mut Lifter<'_>, fpscr: Value) {
    let vectors = l.and_imm(fpscr, FPSCR_VECTORS);
    let vectors = l.b.nonzero(vectors);
    let vectors = l.guarded(vectors);
    let exit = l.trap_exit(Trap::Unimplemented { word: l.word(), name: "VMSR: FPSCR.LEN, vector mode" });
    l.b.leave_if(vectors, exit);
}
