//! Program status registers and banked registers (ARM DDI 0406, B1.3).
//!
//! The CPSR is spread over several state slots so that translated code can use its parts; here it becomes one word
//! again. R13, R14 and SPSR of the current mode are in the plain slots, those of the other modes in the banks.

use demotic_arm::state::{BANK, BANK_R8, CF, CPSR_LOW, GE, ITSTATE, LR, NF, PC, QF, R, SP, SPSR, VF, ZF};
use demotic_ir::{CpuState, FlagSlots, Slot};

/// CPSR.T: Thumb.
pub(super) const T: u32 = 1 << 5;
/// CPSR.F: FIQs are masked.
pub(super) const F: u32 = 1 << 6;
/// CPSR.I: IRQs are masked.
pub(super) const I: u32 = 1 << 7;
/// CPSR.A: asynchronous aborts are masked.
pub(super) const A: u32 = 1 << 8;
/// CPSR.E: data is big-endian.
pub(super) const E: u32 = 1 << 9;
/// CPSR.J: Jazelle. Not implemented: always 0.
const J: u32 = 1 << 24;
/// CPSR.M: the mode.
pub(super) const M: u32 = 0x1f;
/// The parts of the CPSR in the slot `cpsr_low`.
const LOW: u32 = E | A | I | F | M;
/// CPSR.IT, in two pieces.
const IT: u32 = 0x0600_fc00;

const FLAGS: FlagSlots = FlagSlots { n: NF, z: ZF, c: CF, v: VF };

/// A processor mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    /// User: unprivileged.
    Usr = 0x10,
    /// Fast interrupt.
    Fiq = 0x11,
    /// Interrupt.
    Irq = 0x12,
    /// Supervisor.
    Svc = 0x13,
    /// Abort.
    Abt = 0x17,
    /// Undefined.
    Und = 0x1b,
    /// System: privileged, with the registers of User mode.
    Sys = 0x1f,
}

impl Mode {
    /// The mode with these CPSR.M bits. Monitor and Hyp mode do not exist on these CPUs (no Security Extensions, no
    /// Virtualization Extensions).
    pub(super) fn from_bits(bits: u32) -> Option<Mode> {
        use Mode::*;
        [Usr, Fiq, Irq, Svc, Abt, Und, Sys].into_iter().find(|&mode| mode as u32 == bits & M)
    }

    /// The current mode.
    pub(super) fn current(cpu: &CpuState) -> Mode {
        // Nothing puts other bits there: see `write`.
        Mode::from_bits(cpu.get32(CPSR_LOW)).unwrap_or(Mode::Usr)
    }

    /// Whether the mode may use privileged instructions.
    pub(super) fn privileged(self) -> bool {
        self != Mode::Usr
    }

    /// Number of its bank in the state's layout.
    fn bank(self) -> u32 {
        match self {
            Mode::Usr | Mode::Sys => 0,
            Mode::Fiq => 1,
            Mode::Irq => 2,
            Mode::Svc => 3,
            Mode::Abt => 4,
            Mode::Und => 5,
        }
    }

    /// Whether the mode has an SPSR.
    pub(super) fn has_spsr(self) -> bool {
        self.bank() != 0
    }

    fn is_current(self, cpu: &CpuState) -> bool {
        self.bank() == Mode::current(cpu).bank()
    }

    /// Where R13 of this mode is at present.
    pub(super) fn sp(self, cpu: &CpuState) -> Slot {
        if self.is_current(cpu) { SP } else { BANK.nth(3 * self.bank()) }
    }

    /// Where R14 of this mode is at present.
    pub(super) fn lr(self, cpu: &CpuState) -> Slot {
        if self.is_current(cpu) { LR } else { BANK.nth(3 * self.bank() + 1) }
    }

    /// Where the SPSR of this mode is at present.
    pub(super) fn spsr(self, cpu: &CpuState) -> Slot {
        if self.is_current(cpu) { SPSR } else { BANK.nth(3 * self.bank() + 2) }
    }

    /// Where R`n` (0 to 14) of this mode is at present: `Rmode[n, mode]`.
    pub(super) fn register(self, cpu: &CpuState, n: u32) -> Slot {
        let other_fiq = (self == Mode::Fiq) != (Mode::current(cpu) == Mode::Fiq);
        match n {
            13 => self.sp(cpu),
            14 => self.lr(cpu),
            8..=12 if other_fiq => BANK_R8.nth(n - 8),
            _ => R.nth(n.min(14)),
        }
    }
}

/// The CPSR.
pub(super) fn read(cpu: &CpuState) -> u32 {
    let it = cpu.get32(ITSTATE);
    FLAGS.bits(cpu)
        | (cpu.get32(QF) & 1) << 27
        | (it & 3) << 25
        | (cpu.get32(GE) & 0xf) << 16
        | (it >> 2 & 0x3f) << 10
        | cpu.get32(CPSR_LOW) & LOW
        | if cpu.get32(PC) & 1 != 0 { T } else { 0 }
}

/// Writes the whole CPSR, changing mode and instruction set. A mode that does not exist is unpredictable in the manual;
/// here the mode stays as it is.
pub(super) fn write(cpu: &mut CpuState, value: u32) {
    FLAGS.set_bits(cpu, value);
    cpu.set32(QF, value >> 27 & 1);
    cpu.set32(GE, value >> 16 & 0xf);
    cpu.set32(ITSTATE, (value >> 10 & 0x3f) << 2 | value >> 25 & 3);
    let pc = cpu.get32(PC);
    cpu.set32(PC, if value & T != 0 { pc | 1 } else { pc & !1 });
    let old = Mode::current(cpu);
    let new = Mode::from_bits(value).unwrap_or_else(|| {
        tracing::warn!("there is no processor mode {:#04x}; CPSR.M stays {:#04x}", value & M, old as u32);
        old
    });
    switch_bank(cpu, old, new);
    cpu.set32(CPSR_LOW, value & (LOW & !M) | new as u32);
}

/// Moves the banked registers of `old` out of, and those of `new` into the plain slots.
fn switch_bank(cpu: &mut CpuState, old: Mode, new: Mode) {
    if old.bank() == new.bank() {
        return;
    }
    for (i, slot) in [SP, LR, SPSR].into_iter().enumerate() {
        let i = i as u32;
        cpu.set32(BANK.nth(3 * old.bank() + i), cpu.get32(slot));
        cpu.set32(slot, cpu.get32(BANK.nth(3 * new.bank() + i)));
    }
    if (old == Mode::Fiq) != (new == Mode::Fiq) {
        for n in 0..5 {
            let (plain, bank) = (R.nth(8 + n), BANK_R8.nth(n));
            let value = cpu.get32(plain);
            cpu.set32(plain, cpu.get32(bank));
            cpu.set32(bank, value);
        }
    }
}

/// The bits that an MSR's byte mask selects: `mask` bit 0 is bits 7:0, bit 3 is bits 31:24.
fn byte_mask(mask: u32) -> u32 {
    (0..4).filter(|byte| mask >> byte & 1 != 0).map(|byte| 0xff << (8 * byte)).sum()
}

/// `CPSRWriteByInstr(value, mask, FALSE)`: what MSR does. It never changes the execution state (T, J, IT), and the mode
/// and the masks only when privileged.
pub(super) fn write_by_msr(cpu: &mut CpuState, value: u32, mask: u32) {
    let privileged = Mode::current(cpu).privileged();
    let allowed = if privileged { !(T | J | IT) } else { 0xf80f_0000 | E };
    let bits = byte_mask(mask) & allowed;
    let old = read(cpu);
    write(cpu, old & !bits | value & bits);
}

/// `SPSRWriteByInstr(value, mask)`. Without an SPSR (User and System mode) it is unpredictable; here it does nothing.
pub(super) fn write_spsr(cpu: &mut CpuState, value: u32, mask: u32) {
    if Mode::current(cpu).has_spsr() {
        let bits = byte_mask(mask) & !(J | 0x00f0_0000);
        cpu.set32(SPSR, cpu.get32(SPSR) & !bits | value & bits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Mode; 7] = [Mode::Usr, Mode::Fiq, Mode::Irq, Mode::Svc, Mode::Abt, Mode::Und, Mode::Sys];

    fn cpu_in(mode: Mode) -> CpuState {
        let mut cpu = CpuState::new();
        cpu.set32(CPSR_LOW, I | F | mode as u32);
        cpu
    }

    #[test]
    fn every_bit_comes_back() {
        let mut cpu = cpu_in(Mode::Svc);
        for value in [0xf80f_03f3, 0x6000_fdd3, 0x0600_0013, 0x9000_0010, 0x0a0a_8191] {
            write(&mut cpu, value);
            assert_eq!(read(&cpu), value, "{value:#010x}");
        }
    }

    #[test]
    fn each_mode_has_its_own_registers() {
        let mut cpu = cpu_in(Mode::Svc);
        for mode in ALL {
            write(&mut cpu, mode as u32);
            let bank = mode.bank();
            cpu.set32(SP, 0x100 + bank);
            cpu.set32(LR, 0x200 + bank);
            if mode.has_spsr() {
                cpu.set32(SPSR, 0x300 + bank);
            }
            for n in 8..13 {
                cpu.set32(R.nth(n), n + if mode == Mode::Fiq { 0x1000 } else { 0x2000 });
            }
        }
        for mode in ALL {
            write(&mut cpu, mode as u32);
            let bank = mode.bank();
            assert_eq!((cpu.get32(SP), cpu.get32(LR)), (0x100 + bank, 0x200 + bank), "{mode:?}");
            assert!(!mode.has_spsr() || cpu.get32(SPSR) == 0x300 + bank);
            assert_eq!(cpu.get32(R.nth(12)), 12 + if mode == Mode::Fiq { 0x1000 } else { 0x2000 });
            for other in ALL {
                assert_eq!(cpu.get32(other.sp(&cpu)), 0x100 + other.bank(), "{other:?} seen from {mode:?}");
                assert_eq!(cpu.get32(other.register(&cpu, 14)), 0x200 + other.bank());
                let r8 = 8 + if other == Mode::Fiq { 0x1000 } else { 0x2000 };
                assert_eq!(cpu.get32(other.register(&cpu, 8)), r8);
            }
        }
    }

    #[test]
    fn msr_respects_bytes_and_privilege() {
        let mut cpu = cpu_in(Mode::Svc);
        write_by_msr(&mut cpu, 0xffff_ff12, 0b1000);
        assert_eq!(read(&cpu), 0xf800_0000 | I | F | Mode::Svc as u32, "IT and J stay");
        write_by_msr(&mut cpu, Mode::Usr as u32 | T, 0b0001);
        assert_eq!(read(&cpu), 0xf800_0000 | Mode::Usr as u32, "so does T");
        write_by_msr(&mut cpu, 0x000f_0000 | I | Mode::Svc as u32, 0b1111);
        assert_eq!(read(&cpu), 0x000f_0000 | Mode::Usr as u32, "a user changes flags only");
    }

    #[test]
    fn a_mode_that_does_not_exist_changes_nothing() {
        let mut cpu = cpu_in(Mode::Svc);
        write(&mut cpu, 0x16);
        assert_eq!(Mode::current(&cpu), Mode::Svc);
    }

    #[test]
    fn user_mode_has_no_spsr() {
        let mut cpu = cpu_in(Mode::Sys);
        write_spsr(&mut cpu, u32::MAX, 15);
        assert_eq!(cpu.get32(SPSR), 0);
        write(&mut cpu, Mode::Irq as u32);
        write_spsr(&mut cpu, 0x8000_0013, 0b1001);
        assert_eq!(cpu.get32(SPSR), 0x8000_0013);
    }
}
