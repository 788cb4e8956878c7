//! The state of an AArch32 vCPU: which slot holds what.

use demotic_ir::{FlagSlots, Slot, SlotInfo, StateLayout, Type};

/// R0 to R14 (the current mode's bank).
pub const R: Slot = Slot(0);
/// The stack pointer, R13.
pub const SP: Slot = Slot(13);
/// The link register, R14.
pub const LR: Slot = Slot(14);
/// The program counter, bit 0 being CPSR.T. Valid outside translated code only.
pub const PC: Slot = Slot(15);
/// Bit 31 is CPSR.N.
pub const NF: Slot = Slot(16);
/// Zero iff CPSR.Z.
pub const ZF: Slot = Slot(17);
/// CPSR.C, 0 or 1.
pub const CF: Slot = Slot(18);
/// Bit 31 is CPSR.V.
pub const VF: Slot = Slot(19);
/// CPSR.Q, 0 or 1.
pub const QF: Slot = Slot(20);
/// CPSR.GE, 4 bits.
pub const GE: Slot = Slot(21);
/// CPSR.IT, 8 bits, for a block that begins inside an IT block (part of the location's mode).
pub const ITSTATE: Slot = Slot(22);
/// CPSR bits E, A, I, F, M (masks 0x200, 0x100, 0x80, 0x40, 0x1f) at their places.
pub const CPSR_LOW: Slot = Slot(23);
/// CPSR.E, the data endianness, in [`CPSR_LOW`].
pub const CPSR_E: u32 = 0x200;
/// CPSR.A, I and F, the exception masks, in [`CPSR_LOW`].
pub const CPSR_AIF: u32 = 0x1c0;
/// CPSR.M, the processor mode, in [`CPSR_LOW`].
pub const CPSR_M: u32 = 0x1f;
/// The value of CPSR.M in User mode.
pub const MODE_USR: u32 = 0x10;
/// SPSR of the current mode.
pub const SPSR: Slot = Slot(24);
/// FPSCR without the condition flags and QC.
pub const FPSCR: Slot = Slot(25);
/// FPSCR's N, Z, C, V at bits 31 to 28.
pub const FPSCR_NZCV: Slot = Slot(26);
/// FPEXC.
pub const FPEXC: Slot = Slot(27);
/// TPIDRURO: the user read-only thread register (the Linux TLS pointer).
pub const TPIDRURO: Slot = Slot(28);
/// TPIDRURW.
pub const TPIDRURW: Slot = Slot(29);
/// TPIDRPRW.
pub const TPIDRPRW: Slot = Slot(30);
/// Address of the exclusive monitor.
pub const MONITOR_ADDR: Slot = Slot(31);
/// Value of the exclusive monitor.
pub const MONITOR_VALUE: Slot = Slot(32);
/// Operands of cache-maintenance traps.
pub const SCRATCH: [Slot; 2] = [Slot(33), Slot(34)];
/// Not 0 while an interrupt line is asserted (bit 0: IRQ, bit 1: FIQ); written by the board.
pub const IRQ_LINES: Slot = Slot(35);
/// SCTLR.
pub const SCTLR: Slot = Slot(36);
/// VBAR.
pub const VBAR: Slot = Slot(37);
/// DFSR, DFAR, IFSR, IFAR.
pub const FAULT: Slot = Slot(38);
/// CPACR.
pub const CPACR: Slot = Slot(42);
/// TTBR0, TTBR1, TTBCR, DACR.
pub const MMU: Slot = Slot(43);
/// CONTEXTIDR.
pub const CONTEXTIDR: Slot = Slot(47);
/// Banked SP, LR, SPSR of the modes usr, fiq, irq, svc, abt, und, mon, hyp (three words each; usr has no SPSR).
pub const BANK: Slot = Slot(48);
/// R8 to R12 of the bank that is not current (usr or fiq).
pub const BANK_R8: Slot = Slot(72);
/// D0 to D31, 64 bits each.
pub const D: Slot = Slot(80);

/// FPSCR.QC: not zero when it is set. In [`FPSCR`] it is always clear.
pub const FPSCR_QC: Slot = Slot(112);

/// The layout's table.
pub fn layout() -> StateLayout {
    let mut slots = Vec::new();
    let mut add =
        |name: &str, slot: Slot, ty: Type| slots.push(SlotInfo { name: name.to_string(), slot, ty });
    for n in 0..13 {
        add(&format!("r{n}"), R.nth(n), Type::I32);
    }
    for (name, slot) in [
        ("sp", SP),
        ("lr", LR),
        ("pc", PC),
        ("nf", NF),
        ("zf", ZF),
        ("cf", CF),
        ("vf", VF),
        ("qf", QF),
        ("ge", GE),
        ("itstate", ITSTATE),
        ("cpsr_low", CPSR_LOW),
        ("spsr", SPSR),
        ("fpscr", FPSCR),
        ("fpscr_nzcv", FPSCR_NZCV),
        ("fpexc", FPEXC),
        ("tpidruro", TPIDRURO),
        ("tpidrurw", TPIDRURW),
        ("tpidrprw", TPIDRPRW),
        ("scratch0", SCRATCH[0]),
        ("scratch1", SCRATCH[1]),
        ("irq_lines", IRQ_LINES),
        ("sctlr", SCTLR),
        ("vbar", VBAR),
        ("dfsr", FAULT),
        ("dfar", FAULT.nth(1)),
        ("ifsr", FAULT.nth(2)),
        ("ifar", FAULT.nth(3)),
        ("cpacr", CPACR),
        ("ttbr0", MMU),
        ("ttbr1", MMU.nth(1)),
        ("ttbcr", MMU.nth(2)),
        ("dacr", MMU.nth(3)),
        ("contextidr", CONTEXTIDR),
    ] {
        add(name, slot, Type::I32);
    }
    add("monitor_addr", MONITOR_ADDR, Type::I64);
    add("monitor_value", MONITOR_VALUE, Type::I64);
    for (bank, mode) in ["usr", "fiq", "irq", "svc", "abt", "und", "mon", "hyp"].into_iter().enumerate() {
        for (i, reg) in ["sp", "lr", "spsr"].into_iter().enumerate() {
            add(&format!("{reg}_{mode}"), BANK.nth((3 * bank + i) as u32), Type::I32);
        }
    }
    for n in 0..5 {
        add(&format!("bank_r{}", 8 + n), BANK_R8.nth(n), Type::I32);
    }
    for n in 0..32 {
        add(&format!("d{n}"), D.nth(n), Type::I64);
    }
    add("fpscr_qc", FPSCR_QC, Type::I64);
    StateLayout {
        slots,
        pc: PC,
        flags: Some(FlagSlots { n: NF, z: ZF, c: CF, v: VF }),
        exceptions: Some(FPSCR),
        monitor_addr: MONITOR_ADDR,
        monitor_value: MONITOR_VALUE,
        scratch: SCRATCH,
    }
}
