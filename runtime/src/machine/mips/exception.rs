//! Exception entry and return (MIPS32 volume III, chapter 6).

use demotic_ir::CpuState;
use demotic_mips::cp0::status;
use demotic_mips::state::{
    BAD_VADDR, CAUSE, EBASE, EPC, ERROR_EPC, INTCTL, IRQ_LINES, MONITOR_ADDR, PC, STATUS,
};

/// Cause.BD: the exception happened in a delay slot.
pub(super) const CAUSE_BD: u32 = 1 << 31;
/// Cause.CE: the coprocessor that is not usable.
const CAUSE_CE: u32 = 3 << 28;
/// Cause.IV: interrupts have a vector of their own.
pub(super) const CAUSE_IV: u32 = 1 << 23;
/// Cause.ExcCode.
const CAUSE_CODE: u32 = 0x1f << 2;
/// Cause.IP: pending interrupts.
pub(super) const CAUSE_IP: u32 = 0xff << 8;
/// IntCtl.VS: bytes between the vectors of vectored interrupts.
pub(super) const INTCTL_VS: u32 = 0x1f << 5;

/// Base of the vectors while Status.BEV is set.
const BOOT_VECTORS: u32 = 0xbfc0_0200;
/// Offset of the general exception vector.
const GENERAL: u32 = 0x180;
/// Offset of the interrupt vector when Cause.IV is set.
const INTERRUPT: u32 = 0x200;

/// An exception.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Exception {
    /// Interrupt.
    Interrupt,
    /// Address error (misaligned, or forbidden in user mode): load or fetch at this address.
    AddressLoad(u32),
    /// Address error: store to this address.
    AddressStore(u32),
    /// Nobody answered a fetch.
    BusFetch,
    /// Nobody answered a load or store.
    BusData,
    /// SYSCALL.
    Syscall,
    /// BREAK.
    Breakpoint,
    /// Reserved instruction.
    Reserved,
    /// This coprocessor may not be used.
    CoprocessorUnusable(u32),
    /// Integer overflow.
    Overflow,
    /// A conditional trap.
    Trap,
    /// An enabled floating-point exception.
    FloatingPoint,
}

impl Exception {
    /// Cause.ExcCode, and the name in statistics.
    fn code(self) -> (u32, &'static str) {
        match self {
            Exception::Interrupt => (0, "interrupt"),
            Exception::AddressLoad(_) => (4, "address error (load, fetch)"),
            Exception::AddressStore(_) => (5, "address error (store)"),
            Exception::BusFetch => (6, "bus error (fetch)"),
            Exception::BusData => (7, "bus error (data)"),
            Exception::Syscall => (8, "syscall"),
            Exception::Breakpoint => (9, "breakpoint"),
            Exception::Reserved => (10, "reserved instruction"),
            Exception::CoprocessorUnusable(_) => (11, "coprocessor unusable"),
            Exception::Overflow => (12, "integer overflow"),
            Exception::Trap => (13, "trap"),
            Exception::FloatingPoint => (15, "floating point"),
        }
    }

    /// Its name in statistics.
    pub(super) fn name(self) -> &'static str {
        self.code().1
    }
}

/// The interrupts that are pending and not masked, at their places in Cause.IP; 0 while interrupts are off as a whole.
pub(super) fn deliverable(cpu: &CpuState) -> u32 {
    let levels = status::IE | status::EXL | status::ERL;
    let on = cpu.get32(STATUS) & levels == status::IE;
    if on { unmasked(cpu) } else { 0 }
}

/// The interrupts that are pending and not masked one by one.
pub(super) fn unmasked(cpu: &CpuState) -> u32 {
    (cpu.get32(CAUSE) | cpu.get32(IRQ_LINES)) & cpu.get32(STATUS) & CAUSE_IP
}

/// The number, 0 to 7, of the highest of some interrupts.
pub(super) fn highest(interrupts: u32) -> u32 {
    31u32.saturating_sub((interrupts >> 8).leading_zeros())
}

/// Base of all vectors but the reset vector.
fn base(cpu: &CpuState) -> u32 {
    if cpu.get32(STATUS) & status::BEV != 0 { BOOT_VECTORS } else { cpu.get32(EBASE) & 0xffff_f000 }
}

/// The general exception vector.
pub(super) fn general_vector(cpu: &CpuState) -> u32 {
    base(cpu).wrapping_add(GENERAL)
}

/// Offset of an interrupt's vector.
fn interrupt_offset(cpu: &CpuState) -> u32 {
    if cpu.get32(CAUSE) & CAUSE_IV == 0 {
        return GENERAL;
    }
    let spacing = cpu.get32(INTCTL) & INTCTL_VS;
    if spacing == 0 || cpu.get32(STATUS) & status::BEV != 0 {
        return INTERRUPT;
    }
    INTERRUPT + highest(deliverable(cpu)) * spacing
}

/// Takes an exception of the instruction at `pc`; in a delay slot (`in_slot`) that is its branch.
pub(super) fn take(cpu: &mut CpuState, exception: Exception, pc: u64, in_slot: bool) {
    let old = cpu.get32(STATUS);
    let nested = old & status::EXL != 0;
    let offset = if exception == Exception::Interrupt && !nested { interrupt_offset(cpu) } else { GENERAL };
    let mut cause = cpu.get32(CAUSE) & !(CAUSE_CODE | CAUSE_CE) | exception.code().0 << 2;
    match exception {
        Exception::CoprocessorUnusable(unit) => cause |= unit << 28 & CAUSE_CE,
        Exception::AddressLoad(addr) | Exception::AddressStore(addr) => cpu.set32(BAD_VADDR, addr),
        _ => {}
    }
    if !nested {
        cpu.set32(EPC, pc as u32);
        cause = cause & !CAUSE_BD | if in_slot { CAUSE_BD } else { 0 };
    }
    cpu.set32(CAUSE, cause);
    cpu.set32(STATUS, old | status::EXL);
    cpu.set32(PC, base(cpu).wrapping_add(offset));
}

/// ERET: leaves the error level, else the exception level.
pub(super) fn eret(cpu: &mut CpuState) {
    let old = cpu.get32(STATUS);
    let (level, target) = if old & status::ERL != 0 { (status::ERL, ERROR_EPC) } else { (status::EXL, EPC) };
    cpu.set32(PC, cpu.get32(target));
    cpu.set32(STATUS, old & !level);
    // LLbit ← 0: a store conditional must fail after it.
    cpu.set(MONITOR_ADDR, u64::MAX);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpu(status: u32) -> CpuState {
        let mut cpu = CpuState::new();
        cpu.set32(STATUS, status);
        cpu.set32(EBASE, 0x8000_1000);
        cpu
    }

    #[test]
    fn entry_records_cause_and_place() {
        let cases = [
            (Exception::AddressLoad(3), 4),
            (Exception::AddressStore(3), 5),
            (Exception::BusFetch, 6),
            (Exception::BusData, 7),
            (Exception::Syscall, 8),
            (Exception::Breakpoint, 9),
            (Exception::Reserved, 10),
            (Exception::CoprocessorUnusable(1), 11),
            (Exception::Overflow, 12),
            (Exception::Trap, 13),
        ];
        for (exception, code) in cases {
            let mut cpu = cpu(status::UM | status::IE);
            take(&mut cpu, exception, 0x40_0010, false);
            assert_eq!(cpu.get32(PC), 0x8000_1180);
            assert_eq!(cpu.get32(EPC), 0x40_0010);
            assert_eq!(cpu.get32(CAUSE) & CAUSE_CODE, code << 2, "{exception:?}");
            assert_eq!(cpu.get32(STATUS), status::UM | status::IE | status::EXL);
            assert!(status::kernel(cpu.get32(STATUS)));
        }
        let mut cpu = cpu(0);
        take(&mut cpu, Exception::CoprocessorUnusable(1), 0, false);
        assert_eq!(cpu.get32(CAUSE), 1 << 28 | 11 << 2);
        take(&mut cpu, Exception::AddressStore(0x8000_0001), 0, false);
        assert_eq!(cpu.get32(BAD_VADDR), 0x8000_0001);
    }

    #[test]
    fn a_delay_slot_sets_bd() {
        let mut cpu = cpu(0);
        take(&mut cpu, Exception::Syscall, 0x8000_0100, true);
        assert_eq!((cpu.get32(EPC), cpu.get32(CAUSE) & CAUSE_BD), (0x8000_0100, CAUSE_BD));
    }

    #[test]
    fn a_nested_exception_keeps_the_first_place() {
        let mut cpu = cpu(status::EXL);
        cpu.set32(EPC, 0x1234);
        cpu.set32(CAUSE, CAUSE_BD);
        take(&mut cpu, Exception::Syscall, 0x8000_0100, false);
        assert_eq!((cpu.get32(EPC), cpu.get32(CAUSE)), (0x1234, CAUSE_BD | 8 << 2));
    }

    #[test]
    fn vectors() {
        let mut bev = cpu(status::BEV);
        take(&mut bev, Exception::Syscall, 0, false);
        assert_eq!(bev.get32(PC), 0xbfc0_0380);
        for (cause, intctl, expected) in [
            (0, 0x20, 0x8000_1180),
            (CAUSE_IV, 0, 0x8000_1200),
            (CAUSE_IV, 0x20, 0x8000_1200 + 7 * 0x20),
            (CAUSE_IV, 0x40, 0x8000_1200 + 7 * 0x40),
        ] {
            let mut cpu = cpu(status::IE | status::IM);
            cpu.set32(CAUSE, cause | 1 << 8);
            cpu.set32(INTCTL, intctl);
            cpu.set32(IRQ_LINES, 1 << 15);
            take(&mut cpu, Exception::Interrupt, 0, false);
            assert_eq!(cpu.get32(PC), expected);
        }
    }

    #[test]
    fn interrupts_need_all_their_enables() {
        for (status, expected) in [
            (status::IE | 1 << 15, 1 << 15),
            (status::IE | 1 << 14, 0),
            (1 << 15, 0),
            (status::IE | status::EXL | 1 << 15, 0),
            (status::IE | status::ERL | 1 << 15, 0),
        ] {
            let mut cpu = cpu(status);
            cpu.set32(IRQ_LINES, 1 << 15);
            assert_eq!(deliverable(&cpu), expected, "{status:#x}");
        }
    }

    #[test]
    fn eret_leaves_one_level_at_a_time() {
        let mut cpu = cpu(status::ERL | status::EXL | status::UM);
        cpu.set32(EPC, 0x100);
        cpu.set32(ERROR_EPC, 0x200);
        eret(&mut cpu);
        assert_eq!((cpu.get32(PC), cpu.get32(STATUS)), (0x200, status::EXL | status::UM));
        eret(&mut cpu);
        assert_eq!((cpu.get32(PC), cpu.get32(STATUS)), (0x100, status::UM));
        assert_eq!(cpu.get(MONITOR_ADDR), u64::MAX);
    }
}
