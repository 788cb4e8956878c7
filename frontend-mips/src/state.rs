//! The state of a MIPS32 vCPU: which slot holds what.

use demotic_ir::{CpuState, LastFloat, NanRule, Slot, SlotInfo, StateLayout, Type};

/// General registers 0 to 31. Register 0 is never written.
pub const R: Slot = Slot(0);
/// HI in the upper and LO in the lower half: products and accumulators are 64-bit values.
pub const HILO: Slot = Slot(32);
/// The program counter, bit 0 being the ISA bit. Valid outside translated code only.
pub const PC: Slot = Slot(34);
/// Address of the load-linked monitor.
pub const MONITOR_ADDR: Slot = Slot(35);
/// Value of the load-linked monitor.
pub const MONITOR_VALUE: Slot = Slot(36);
/// UserLocal: hardware register 29, the Linux TLS pointer.
pub const USER_LOCAL: Slot = Slot(37);
/// FCSR without the condition codes, which are in [`FCC`], and without what arithmetic has raised since it was written,
/// which is in [`FP_RAISED`] and [`FP_CAUSE`]; see [`fcsr`] and [`set_fcsr`].
pub const FCSR: Slot = Slot(38);
/// Operands of cache-maintenance traps.
pub const SCRATCH: [Slot; 2] = [Slot(39), Slot(40)];
/// Pending interrupt lines at their Cause.IP places (bits 15 to 10); written by the board.
pub const IRQ_LINES: Slot = Slot(41);
/// CP0 Status.
pub const STATUS: Slot = Slot(42);
/// CP0 Cause.
pub const CAUSE: Slot = Slot(43);
/// CP0 EPC.
pub const EPC: Slot = Slot(44);
/// CP0 ErrorEPC.
pub const ERROR_EPC: Slot = Slot(45);
/// CP0 EBase.
pub const EBASE: Slot = Slot(46);
/// CP0 BadVAddr.
pub const BAD_VADDR: Slot = Slot(47);
/// CP0 Count, less what the timer has run since it was written.
pub const COUNT: Slot = Slot(48);
/// CP0 Compare.
pub const COMPARE: Slot = Slot(49);
/// CP0 Config.
pub const CONFIG: Slot = Slot(50);
/// CP0 HWREna.
pub const HWRENA: Slot = Slot(51);
/// CP0 IntCtl.
pub const INTCTL: Slot = Slot(52);
/// CP0 PRId.
pub const PRID: Slot = Slot(53);
/// Where the branch goes in whose delay slot a trap was raised (see [`delay_slot`](crate::delay_slot)).
pub const BRANCH_TARGET: Slot = Slot(54);
/// Floating-point condition codes 0 to 7, one word each, 0 or 1.
pub const FCC: Slot = Slot(55);
/// F0 to F31, 64 bits each. With FR=0 the even word holds an even/odd pair of singles: even low, odd high.
pub const F: Slot = Slot(64);

/// W0 to W31, bits 127 to 64. The lower bits are the floating-point registers.
pub const W_HIGH: Slot = Slot(96);
/// MSACSR: the control and status register of the SIMD architecture.
pub const MSACSR: Slot = Slot(128);
/// Accumulators 1 to 3 of the DSP module; [`HILO`] is accumulator 0.
pub const AC: Slot = Slot(129);
/// DSPControl.pos: where bit fields are extracted from and inserted to.
pub const DSP_POS: Slot = Slot(132);
/// DSPControl.scount: the size of an inserted bit field.
pub const SCOUNT: Slot = Slot(133);
/// DSPControl.c: the carry of ADDSC, 0 or 1.
pub const DSP_CARRY: Slot = Slot(134);
/// DSPControl.ouflag: overflows, cumulative, 8 bits.
pub const OUFLAG: Slot = Slot(135);
/// DSPControl.ccond: results of comparisons, 4 bits.
pub const CCOND: Slot = Slot(136);
/// DSPControl.EFI: an extraction failed, 0 or 1.
pub const EFI: Slot = Slot(137);

/// DSPControl (MIPS32 volume IV-e, section 3.10), which is kept as its fields.
pub mod dsp_control {
    use demotic_ir::{CpuState, Slot};

    use super::{CCOND, DSP_CARRY, DSP_POS, EFI, OUFLAG, SCOUNT};

    /// The fields in the order of the mask of RDDSP and WRDSP: slot, lowest bit, mask.
    pub const FIELDS: [(Slot, u32, u32); 6] = [
        (DSP_POS, 0, 0x3f),
        (SCOUNT, 7, 0x3f),
        (DSP_CARRY, 13, 1),
        (OUFLAG, 16, 0xff),
        (CCOND, 24, 0xf),
        (EFI, 14, 1),
    ];

    /// The register as RDDSP reads it.
    pub fn get(state: &CpuState) -> u32 {
        FIELDS.iter().fold(0, |control, &(slot, lowest, _)| control | state.get32(slot) << lowest)
    }

    /// Sets it as WRDSP does.
    pub fn set(state: &mut CpuState, control: u32) {
        for (slot, lowest, mask) in FIELDS {
            state.set32(slot, control >> lowest & mask);
        }
    }
}

/// Number of the general register that MIPS16e comparisons write.
pub const T8: u32 = 24;
/// Number of the global pointer.
pub const GP: u32 = 28;
/// Number of the stack pointer.
pub const SP: u32 = 29;
/// Number of the return address register.
pub const RA: u32 = 31;

/// The exceptions that arithmetic has raised since the FCSR was written (`softfloat::Exceptions`): more of FCSR.Flags.
pub const FP_RAISED: Slot = Slot(140);
/// Those of the last arithmetic instruction with bit 8 set, which take the place of FCSR.Cause; 0 if there was none since
/// the FCSR was written. If [`FP_CALLS`] is not 0, they are still to be found: [`settle`].
pub const FP_CAUSE: Slot = Slot(141);
/// What the last arithmetic instruction did: `LastFloat::calls`.
pub const FP_CALLS: Slot = Slot(142);
/// On which operands, three of 64 bits: `LastFloat::operands`.
pub const FP_OPERANDS: Slot = Slot(143);

/// Bits of [`FP_CALLS`]: it is not 0.
const FP_CALLS_VALID: u32 = 1 << 31;
/// Bits of [`FP_CALLS`]: NaNs are encoded as in 2008.
const FP_CALLS_2008: u32 = 1 << 30;

/// How blocks are to describe the last arithmetic instruction.
pub(crate) const fn last_float(nan2008: bool) -> LastFloat {
    let tag = FP_CALLS_VALID | if nan2008 { FP_CALLS_2008 } else { 0 };
    LastFloat { calls: FP_CALLS, cause: FP_CAUSE, operands: FP_OPERANDS, tag }
}

/// Conventional names of the general registers (o32).
pub const NAMES: [&str; 32] = [
    "zero", "at", "v0", "v1", "a0", "a1", "a2", "a3", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "s0",
    "s1", "s2", "s3", "s4", "s5", "s6", "s7", "t8", "t9", "k0", "k1", "gp", "sp", "fp", "ra",
];

/// The bits of FCSR that are condition codes.
pub const FCSR_CONDITIONS: u32 = 0xfe80_0000;

/// The bit of FCSR that holds condition code `cc`.
pub const fn condition_bit(cc: u32) -> u32 {
    if cc == 0 { 23 } else { 24 + cc }
}

/// FCSR.Enables.
pub const FCSR_ENABLES: u32 = 0x1f << FCSR_ENABLES_SHIFT;
/// Lowest bit of FCSR.Enables.
pub const FCSR_ENABLES_SHIFT: u32 = 7;
/// FCSR.Cause.
pub const FCSR_CAUSE: u32 = 0x3f << FCSR_CAUSE_SHIFT;
/// Lowest bit of FCSR.Cause.
pub const FCSR_CAUSE_SHIFT: u32 = 12;
/// Lowest bit of FCSR.Flags.
pub const FCSR_FLAGS_SHIFT: u32 = 2;

/// Exceptions as `softfloat::Exceptions` has them, in the order of FCSR: the other way round.
fn exception_bits(raised: u32) -> u32 {
    (raised & 0x1f).reverse_bits() >> 27
}

/// What the last arithmetic instruction has raised; see [`FP_CAUSE`].
fn fp_cause(state: &CpuState) -> u32 {
    match state.get(FP_CALLS) {
        0 => state.get32(FP_CAUSE),
        calls => last_cause(calls, [0, 1, 2].map(|n| state.get(FP_OPERANDS.nth(n)))),
    }
}

/// What the instruction has raised that did `calls` on `operands`.
pub(crate) fn last_cause(calls: u64, operands: [u64; 3]) -> u32 {
    let rule = if calls as u32 & FP_CALLS_2008 != 0 { NanRule::Mips2008 } else { NanRule::MipsLegacy };
    LastFloat::raised(rule, calls, operands)
}

/// Finds what the last arithmetic instruction has raised.
pub fn settle(state: &mut CpuState) {
    let cause = fp_cause(state);
    state.set32(FP_CAUSE, cause);
    state.set(FP_CALLS, 0);
    (0..3).for_each(|n| state.set(FP_OPERANDS.nth(n), 0));
}

/// FCSR as the guest sees it.
pub fn fcsr(state: &CpuState) -> u32 {
    let conditions = (0..8).map(|cc| state.get32(FCC.nth(cc)) << condition_bit(cc));
    let mut rest = state.get32(FCSR) | exception_bits(state.get32(FP_RAISED)) << FCSR_FLAGS_SHIFT;
    let cause = fp_cause(state);
    if cause != 0 {
        rest = rest & !FCSR_CAUSE | exception_bits(cause) << FCSR_CAUSE_SHIFT;
    }
    conditions.fold(rest, |fcsr, bit| fcsr | bit)
}

/// Sets FCSR as the guest sees it.
pub fn set_fcsr(state: &mut CpuState, fcsr: u32) {
    state.set32(FCSR, fcsr & !FCSR_CONDITIONS);
    state.set32(FP_RAISED, 0);
    state.set32(FP_CAUSE, 0);
    state.set(FP_CALLS, 0);
    for cc in 0..8 {
        state.set32(FCC.nth(cc), fcsr >> condition_bit(cc) & 1);
    }
}

/// The layout's table.
pub fn layout() -> StateLayout {
    let mut slots = Vec::new();
    let mut add =
        |name: &str, slot: Slot, ty: Type| slots.push(SlotInfo { name: name.to_string(), slot, ty });
    for (n, name) in NAMES.into_iter().enumerate() {
        add(name, R.nth(n as u32), Type::I32);
    }
    for (name, slot) in [
        ("pc", PC),
        ("userlocal", USER_LOCAL),
        ("fcsr", FCSR),
        ("fp_raised", FP_RAISED),
        ("fp_cause", FP_CAUSE),
        ("scratch0", SCRATCH[0]),
        ("scratch1", SCRATCH[1]),
        ("irq_lines", IRQ_LINES),
        ("status", STATUS),
        ("cause", CAUSE),
        ("epc", EPC),
        ("errorepc", ERROR_EPC),
        ("ebase", EBASE),
        ("badvaddr", BAD_VADDR),
        ("count", COUNT),
        ("compare", COMPARE),
        ("config", CONFIG),
        ("hwrena", HWRENA),
        ("intctl", INTCTL),
        ("prid", PRID),
        ("branch_target", BRANCH_TARGET),
        ("msacsr", MSACSR),
        ("dsp_pos", DSP_POS),
        ("dsp_scount", SCOUNT),
        ("dsp_c", DSP_CARRY),
        ("dsp_ouflag", OUFLAG),
        ("dsp_ccond", CCOND),
        ("dsp_efi", EFI),
    ] {
        add(name, slot, Type::I32);
    }
    add("hilo", HILO, Type::I64);
    add("fp_calls", FP_CALLS, Type::I64);
    for n in 0..3 {
        add(&format!("fp_operand{n}"), FP_OPERANDS.nth(n), Type::I64);
    }
    add("monitor_addr", MONITOR_ADDR, Type::I64);
    add("monitor_value", MONITOR_VALUE, Type::I64);
    for n in 0..8 {
        add(&format!("fcc{n}"), FCC.nth(n), Type::I32);
    }
    for n in 0..32 {
        add(&format!("f{n}"), F.nth(n), Type::I64);
    }
    for n in 0..32 {
        add(&format!("w{n}_high"), W_HIGH.nth(n), Type::I64);
    }
    for n in 1..4 {
        add(&format!("ac{n}"), AC.nth(n - 1), Type::I64);
    }
    StateLayout {
        slots,
        pc: PC,
        flags: None,
        exceptions: Some(FP_RAISED),
        monitor_addr: MONITOR_ADDR,
        monitor_value: MONITOR_VALUE,
        scratch: SCRATCH,
    }
}
