//! The system control coprocessor, CP15 (ARM DDI 0406, B4.1).
//!
//! One table names every register that exists; all others are undefined. The CPU has neither caches nor an MMU that
//! can be enabled: their maintenance operations exist, and drop translations where they concern instructions.

use demotic_arm::state::{
    CONTEXTIDR, CPACR, FAULT, IRQ_LINES, MMU, R, SCTLR, TPIDRPRW, TPIDRURO, TPIDRURW, VBAR,
};
use demotic_ir::{CpuState, Slot};

use super::decode::CpReg;

/// SCTLR.M: the MMU is on.
pub(super) const SCTLR_M: u32 = 1 << 0;
/// SCTLR.A: unaligned accesses fault.
pub(super) const SCTLR_A: u32 = 1 << 1;
/// The bits of SCTLR that read as one: the CP15 barriers (CP15BEN) and what ARMv7 fixes (U, XP, and reserved ones).
const SCTLR_ONES: u32 = 0x00c5_0078;
/// The bits of SCTLR that can be written: M, A, C, SW, Z, I, V, RR, EE, TRE, AFE, TE.
const SCTLR_WRITABLE: u32 = 0x7200_7c07;
/// SCTLR at reset.
pub(super) const SCTLR_RESET: u32 = SCTLR_ONES;
/// The bits of CPACR that can be written: the access to CP10 and CP11, ASEDIS, D32DIS.
const CPACR_WRITABLE: u32 = 0xc0f0_0000;
/// Bytes of the cache lines that CTR announces, which the front end's own maintenance operations go by, too.
const LINE: u64 = 64;

/// What a register is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// A word of state; the mask says which bits a write changes.
    Word(Slot, u32),
    /// A word of state that User mode may read but not write.
    UserRead(Slot),
    /// A word of state that User mode may use.
    User(Slot),
    /// A word that only the hypervisor sees.
    Own(usize),
    /// A constant; writes are undefined.
    Constant(u32),
    /// SCTLR.
    Control,
    /// ISR: which interrupts are pending.
    Pending,
    /// Write only: nothing to do.
    Nop,
    /// Write only, in User mode too: a barrier.
    Barrier,
    /// Write only: all instruction caches.
    InvalidateAll,
    /// Write only: the instruction cache line of an address.
    InvalidateLine,
    /// Write only: translates an address into PAR.
    Translate,
}

/// A row of the table.
struct Row {
    mrc: &'static str,
    mcr: &'static str,
    reg: CpReg,
    kind: Kind,
}

/// PAR's place among the hypervisor's own words.
const PAR: usize = 0;
/// Number of those words.
const OWN: usize = 7;

macro_rules! table {
    ($($name:literal, $crn:literal $opc1:literal $crm:literal $opc2:literal, $kind:expr;)*) => {
        &[$(Row {
            mrc: concat!("mrc ", $name),
            mcr: concat!("mcr ", $name),
            reg: CpReg { coproc: 15, crn: $crn, opc1: $opc1, crm: $crm, opc2: $opc2 },
            kind: { use Kind::*; $kind },
        },)*]
    };
}

/// Name, then CRn, opc1, CRm, opc2, then what it is. The identification registers are those of a Cortex-A15 less what
/// the CPU does not have: extensions, caches, an MMU.
static TABLE: &[Row] = table! {
    "MIDR", 0 0 0 0, Constant(0x412f_c0f1);
    "CTR", 0 0 0 1, Constant(0x8444_c004);
    "TCMTR", 0 0 0 2, Constant(0);
    "TLBTR", 0 0 0 3, Constant(0);
    "MPIDR", 0 0 0 5, Constant(0xc000_0000);
    "REVIDR", 0 0 0 6, Constant(0);
    "ID_PFR0", 0 0 1 0, Constant(0x0000_1131);
    "ID_PFR1", 0 0 1 1, Constant(0x0000_0001);
    "ID_DFR0", 0 0 1 2, Constant(0);
    "ID_AFR0", 0 0 1 3, Constant(0);
    "ID_MMFR0", 0 0 1 4, Constant(0);
    "ID_MMFR1", 0 0 1 5, Constant(0);
    "ID_MMFR2", 0 0 1 6, Constant(0x0120_0000);
    "ID_MMFR3", 0 0 1 7, Constant(0);
    "ID_ISAR0", 0 0 2 0, Constant(0x0210_1110);
    "ID_ISAR1", 0 0 2 1, Constant(0x1311_2111);
    "ID_ISAR2", 0 0 2 2, Constant(0x2123_2041);
    "ID_ISAR3", 0 0 2 3, Constant(0x1111_2131);
    "ID_ISAR4", 0 0 2 4, Constant(0x1001_0142);
    "ID_ISAR5", 0 0 2 5, Constant(0);
    "CCSIDR", 0 1 0 0, Constant(0);
    "CLIDR", 0 1 0 1, Constant(0);
    "AIDR", 0 1 0 7, Constant(0);
    "CSSELR", 0 2 0 0, Own(1);
    "SCTLR", 1 0 0 0, Control;
    "ACTLR", 1 0 0 1, Own(2);
    "CPACR", 1 0 0 2, Word(CPACR, CPACR_WRITABLE);
    "TTBR0", 2 0 0 0, Word(MMU, u32::MAX);
    "TTBR1", 2 0 0 1, Word(MMU.nth(1), u32::MAX);
    "TTBCR", 2 0 0 2, Word(MMU.nth(2), 0x37);
    "DACR", 3 0 0 0, Word(MMU.nth(3), u32::MAX);
    "DFSR", 5 0 0 0, Word(FAULT, u32::MAX);
    "IFSR", 5 0 0 1, Word(FAULT.nth(2), u32::MAX);
    "ADFSR", 5 0 1 0, Own(3);
    "AIFSR", 5 0 1 1, Own(4);
    "DFAR", 6 0 0 0, Word(FAULT.nth(1), u32::MAX);
    "IFAR", 6 0 0 2, Word(FAULT.nth(3), u32::MAX);
    "NOP", 7 0 0 4, Nop;
    "ICIALLUIS", 7 0 1 0, InvalidateAll;
    "BPIALLIS", 7 0 1 6, Nop;
    "PAR", 7 0 4 0, Own(PAR);
    "ICIALLU", 7 0 5 0, InvalidateAll;
    "ICIMVAU", 7 0 5 1, InvalidateLine;
    "CP15ISB", 7 0 5 4, Barrier;
    "BPIALL", 7 0 5 6, Nop;
    "BPIMVA", 7 0 5 7, Nop;
    "DCIMVAC", 7 0 6 1, Nop;
    "DCISW", 7 0 6 2, Nop;
    "ATS1CPR", 7 0 8 0, Translate;
    "ATS1CPW", 7 0 8 1, Translate;
    "ATS1CUR", 7 0 8 2, Translate;
    "ATS1CUW", 7 0 8 3, Translate;
    "DCCMVAC", 7 0 10 1, Nop;
    "DCCSW", 7 0 10 2, Nop;
    "CP15DSB", 7 0 10 4, Barrier;
    "CP15DMB", 7 0 10 5, Barrier;
    "DCCMVAU", 7 0 11 1, Nop;
    "DCCIMVAC", 7 0 14 1, Nop;
    "DCCISW", 7 0 14 2, Nop;
    "TLBIALLIS", 8 0 3 0, Nop;
    "TLBIMVAIS", 8 0 3 1, Nop;
    "TLBIASIDIS", 8 0 3 2, Nop;
    "TLBIMVAAIS", 8 0 3 3, Nop;
    "ITLBIALL", 8 0 5 0, Nop;
    "ITLBIMVA", 8 0 5 1, Nop;
    "ITLBIASID", 8 0 5 2, Nop;
    "DTLBIALL", 8 0 6 0, Nop;
    "DTLBIMVA", 8 0 6 1, Nop;
    "DTLBIASID", 8 0 6 2, Nop;
    "TLBIALL", 8 0 7 0, Nop;
    "TLBIMVA", 8 0 7 1, Nop;
    "TLBIASID", 8 0 7 2, Nop;
    "TLBIMVAA", 8 0 7 3, Nop;
    "PRRR", 10 0 2 0, Own(5);
    "NMRR", 10 0 2 1, Own(6);
    "VBAR", 12 0 0 0, Word(VBAR, !0x1f);
    "ISR", 12 0 1 0, Pending;
    "FCSEIDR", 13 0 0 0, Constant(0);
    "CONTEXTIDR", 13 0 0 1, Word(CONTEXTIDR, u32::MAX);
    "TPIDRURW", 13 0 0 2, User(TPIDRURW);
    "TPIDRURO", 13 0 0 3, UserRead(TPIDRURO);
    "TPIDRPRW", 13 0 0 4, Word(TPIDRPRW, u32::MAX);
};

/// What a write asks of the hypervisor beyond the register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Effect {
    /// Nothing.
    None,
    /// Instructions in `[start, end)` may have changed.
    Invalidate { start: u64, end: u64 },
    /// SCTLR has changed from this value.
    Control { old: u32 },
}

/// A read or a write as found in the table: its name, and its result. `Err`: undefined in this mode.
pub(super) type Access<T> = (&'static str, Result<T, ()>);

/// The registers that have no slot in the state.
#[derive(Debug, Default)]
pub(super) struct Cp15 {
    own: [u32; OWN],
}

impl Cp15 {
    fn row(reg: CpReg) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.reg == reg)
    }

    /// Reads a register; `None` when it does not exist.
    pub(super) fn read(&self, cpu: &CpuState, reg: CpReg, privileged: bool) -> Option<Access<u32>> {
        let row = Self::row(reg)?;
        let user = matches!(row.kind, Kind::User(_) | Kind::UserRead(_));
        let value = match row.kind {
            _ if !privileged && !user => Err(()),
            Kind::Word(slot, _) | Kind::User(slot) | Kind::UserRead(slot) => Ok(cpu.get32(slot)),
            Kind::Own(index) => self.own.get(index).copied().ok_or(()),
            Kind::Constant(value) => Ok(value),
            Kind::Control => Ok(cpu.get32(SCTLR)),
            // IRQ is reported at bit 7, FIQ at bit 6.
            Kind::Pending => Ok((cpu.get32(IRQ_LINES) & 1) << 7 | (cpu.get32(IRQ_LINES) & 2) << 5),
            Kind::Nop | Kind::Barrier | Kind::InvalidateAll | Kind::InvalidateLine | Kind::Translate => {
                Err(())
            }
        };
        Some((row.mrc, value))
    }

    /// Writes a register; `None` when it does not exist.
    pub(super) fn write(
        &mut self,
        cpu: &mut CpuState,
        reg: CpReg,
        value: u32,
        privileged: bool,
    ) -> Option<Access<Effect>> {
        let row = Self::row(reg)?;
        if !privileged && !matches!(row.kind, Kind::User(_) | Kind::Barrier) {
            return Some((row.mcr, Err(())));
        }
        Some((row.mcr, self.write_kind(cpu, row.kind, value)))
    }

    fn write_kind(&mut self, cpu: &mut CpuState, kind: Kind, value: u32) -> Result<Effect, ()> {
        match kind {
            Kind::Word(slot, mask) => cpu.set32(slot, value & mask),
            Kind::User(slot) | Kind::UserRead(slot) => cpu.set32(slot, value),
            Kind::Own(index) => *self.own.get_mut(index).ok_or(())? = value,
            Kind::Control => {
                let old = cpu.get32(SCTLR);
                cpu.set32(SCTLR, value & SCTLR_WRITABLE | SCTLR_ONES);
                return Ok(Effect::Control { old });
            }
            Kind::InvalidateAll => return Ok(Effect::Invalidate { start: 0, end: 1 << 32 }),
            Kind::InvalidateLine => {
                let start = u64::from(value) & !(LINE - 1);
                return Ok(Effect::Invalidate { start, end: start + LINE });
            }
            // With the MMU off an address is its own translation.
            Kind::Translate => *self.own.get_mut(PAR).ok_or(())? = value & !0xfff,
            Kind::Nop | Kind::Barrier => {}
            Kind::Constant(_) | Kind::Pending => return Err(()),
        }
        Ok(Effect::None)
    }
}

/// Sets a general register from an MRC; the PC stands for the flags.
pub(super) fn set_rt(cpu: &mut CpuState, rt: u32, value: u32) {
    match rt {
        15 => {
            let rest = super::psr::read(cpu) & 0x0fff_ffff;
            super::psr::write(cpu, rest | value & 0xf000_0000);
        }
        _ => cpu.set32(R.nth(rt), value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reg(crn: u32, opc1: u32, crm: u32, opc2: u32) -> CpReg {
        CpReg { coproc: 15, crn, opc1, crm, opc2 }
    }

    #[test]
    fn no_register_is_listed_twice() {
        for (i, row) in TABLE.iter().enumerate() {
            assert!(TABLE[..i].iter().all(|other| other.reg != row.reg), "{}", row.mrc);
            if let Kind::Own(index) = row.kind {
                assert!(index < OWN);
            }
        }
    }

    #[test]
    fn words_keep_what_may_be_written() {
        let (mut cp15, mut cpu) = (Cp15::default(), CpuState::new());
        for (register, kept) in [
            (reg(12, 0, 0, 0), !0x1f),
            (reg(2, 0, 0, 0), u32::MAX),
            (reg(1, 0, 0, 2), CPACR_WRITABLE),
            (reg(10, 0, 2, 0), u32::MAX),
        ] {
            let (name, done) = cp15.write(&mut cpu, register, u32::MAX, true).unwrap();
            assert_eq!(done, Ok(Effect::None), "{name}");
            assert_eq!(cp15.read(&cpu, register, true).unwrap().1, Ok(kept), "{name}");
        }
    }

    #[test]
    fn sctlr_keeps_its_fixed_bits() {
        let (mut cp15, mut cpu) = (Cp15::default(), CpuState::new());
        cpu.set32(SCTLR, SCTLR_RESET);
        let (_, done) = cp15.write(&mut cpu, reg(1, 0, 0, 0), 0x2000, true).unwrap();
        assert_eq!(done, Ok(Effect::Control { old: SCTLR_RESET }));
        assert_eq!(cpu.get32(SCTLR), SCTLR_RESET | 0x2000);
    }

    #[test]
    fn users_reach_thread_registers_and_barriers_only() {
        let (mut cp15, mut cpu) = (Cp15::default(), CpuState::new());
        cpu.set32(TPIDRURO, 5);
        assert_eq!(cp15.read(&cpu, reg(13, 0, 0, 3), false).unwrap().1, Ok(5));
        assert_eq!(cp15.write(&mut cpu, reg(13, 0, 0, 3), 6, false).unwrap().1, Err(()));
        assert_eq!(cp15.write(&mut cpu, reg(13, 0, 0, 2), 6, false).unwrap().1, Ok(Effect::None));
        assert_eq!(cp15.write(&mut cpu, reg(7, 0, 10, 5), 0, false).unwrap().1, Ok(Effect::None));
        assert_eq!(cp15.read(&cpu, reg(0, 0, 0, 0), false).unwrap().1, Err(()));
        assert_eq!(cp15.read(&cpu, reg(15, 0, 0, 0), true), None);
    }

    #[test]
    fn instruction_cache_maintenance_names_its_range() {
        let (mut cp15, mut cpu) = (Cp15::default(), CpuState::new());
        let all = cp15.write(&mut cpu, reg(7, 0, 5, 0), 0, true).unwrap().1;
        assert_eq!(all, Ok(Effect::Invalidate { start: 0, end: 1 << 32 }));
        let line = cp15.write(&mut cpu, reg(7, 0, 5, 1), 0x4000_0034, true).unwrap().1;
        assert_eq!(line, Ok(Effect::Invalidate { start: 0x4000_0000, end: 0x4000_0040 }));
    }

    #[test]
    fn pending_interrupts_show_in_isr() {
        let (cp15, mut cpu) = (Cp15::default(), CpuState::new());
        cpu.set32(IRQ_LINES, 3);
        assert_eq!(cp15.read(&cpu, reg(12, 0, 1, 0), true).unwrap().1, Ok(0xc0));
    }
}
