//! The registers of coprocessor 0 (MIPS32 volume III, chapter 9): those accesses that the front end leaves to the
//! hypervisor, because they have side effects or the register is of no interest to it.

use demotic_ir::{CpuState, Slot};
use demotic_mips::cp0::{EBASE_ONE, EBASE_WRITABLE, HWRENA_WRITABLE, status};
use demotic_mips::state::{
    BAD_VADDR, CAUSE, COMPARE, CONFIG, EBASE, EPC, ERROR_EPC, HWRENA, INTCTL, IRQ_LINES, PRID, STATUS,
    USER_LOCAL,
};

use super::exception::{CAUSE_IV, INTCTL_VS};
use super::timer::Timer;
use crate::machine::clock::Nanos;

/// A register's number and select.
pub(super) type Number = (u32, u32);

/// Cause.TI: the timer interrupt is pending.
const CAUSE_TI: u32 = 1 << 30;
/// Cause.DC: Count stands still.
const CAUSE_DC: u32 = 1 << 27;
/// Cause.IP1..0: the software interrupts.
const CAUSE_SOFTWARE: u32 = 3 << 8;
/// The bits of Cause that can be written: DC, IV, IP1..0.
const CAUSE_WRITABLE: u32 = CAUSE_DC | CAUSE_IV | CAUSE_SOFTWARE;
/// The bits of Config that can be written: the cacheability of kseg2, kuseg, kseg0.
const CONFIG_WRITABLE: u32 = 0x7e00_0007;

/// Config.BE: the CPU is big-endian.
const CONFIG_BE: u32 = 1 << 15;
/// Config: Config1 exists, release 2, fixed-mapping MMU (MT = 3), everything uncached.
const CONFIG_RESET: u32 = 1 << 31 | 2 << 28 | 2 << 25 | 1 << 10 | 3 << 7 | 2;
/// Config1: Config2 exists; no caches; a floating-point unit.
const CONFIG1: u32 = 1 << 31 | 1;
/// Config2: Config3 exists; no second-level caches.
const CONFIG2: u32 = 1 << 31;
/// Config3: Config4 exists; vectored interrupts, UserLocal.
const CONFIG3: u32 = 1 << 31 | 1 << 13 | 1 << 5;
/// Config4: Config5 exists.
const CONFIG4: u32 = 1 << 31;
/// Config5: the loads and stores of enhanced virtual addressing.
const CONFIG5: u32 = 1 << 28;
/// PRId: a 24Kf, whose instruction set the CPU has (and a little more: Config5).
const PRID_RESET: u32 = 0x0001_9300;
/// IntCtl: the timer interrupt is IP7.
const INTCTL_RESET: u32 = 7 << 29;

/// What a register is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// A word of state: the bits that a write changes, and those that always read as one.
    Word(Slot, u32, u32),
    /// A constant; writes do nothing.
    Constant(u32),
    /// Count.
    Count,
    /// Compare.
    Compare,
    /// Cause.
    Cause,
}

/// A row of the table.
struct Row {
    number: Number,
    mfc0: &'static str,
    mtc0: &'static str,
    kind: Kind,
}

macro_rules! table {
    ($($name:literal, $number:literal $select:literal, $kind:expr;)*) => {
        &[$(Row {
            number: ($number, $select),
            mfc0: concat!("mfc0 ", $name),
            mtc0: concat!("mtc0 ", $name),
            kind: { use Kind::*; $kind },
        },)*]
    };
}

/// Name, number, select. The registers of the TLB do not exist with a fixed-mapping MMU; those of the caches' tags
/// exist, for start-up code, and hold nothing.
static TABLE: &[Row] = table! {
    "UserLocal", 4 2, Word(USER_LOCAL, u32::MAX, 0);
    "HWREna", 7 0, Word(HWRENA, HWRENA_WRITABLE, 0);
    "BadVAddr", 8 0, Word(BAD_VADDR, 0, 0);
    "Count", 9 0, Count;
    "Compare", 11 0, Compare;
    "Status", 12 0, Word(STATUS, status::WRITABLE, 0);
    "IntCtl", 12 1, Word(INTCTL, INTCTL_VS, 0);
    "SRSCtl", 12 2, Constant(0);
    "SRSMap", 12 3, Constant(0);
    "Cause", 13 0, Cause;
    "EPC", 14 0, Word(EPC, u32::MAX, 0);
    "PRId", 15 0, Word(PRID, 0, 0);
    "EBase", 15 1, Word(EBASE, EBASE_WRITABLE, EBASE_ONE);
    "Config", 16 0, Word(CONFIG, CONFIG_WRITABLE, 0);
    "Config1", 16 1, Constant(CONFIG1);
    "Config2", 16 2, Constant(CONFIG2);
    "Config3", 16 3, Constant(CONFIG3);
    "Config4", 16 4, Constant(CONFIG4);
    "Config5", 16 5, Constant(CONFIG5);
    "ErrCtl", 26 0, Constant(0);
    "TagLo", 28 0, Constant(0);
    "DTagLo", 28 2, Constant(0);
    "TagHi", 29 0, Constant(0);
    "DTagHi", 29 2, Constant(0);
    "ErrorEPC", 30 0, Word(ERROR_EPC, u32::MAX, 0);
};

/// Puts the registers into their reset state.
pub(super) fn reset(cpu: &mut CpuState, big_endian: bool) {
    cpu.set32(STATUS, status::BEV | status::ERL);
    cpu.set32(CONFIG, CONFIG_RESET | if big_endian { CONFIG_BE } else { 0 });
    cpu.set32(EBASE, EBASE_ONE);
    cpu.set32(PRID, PRID_RESET);
    cpu.set32(INTCTL, INTCTL_RESET);
}

fn row(number: Number) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.number == number)
}

/// Reads a register: its name and its value; `None` when it does not exist.
pub(super) fn read(cpu: &CpuState, timer: &Timer, now: Nanos, number: Number) -> Option<(&'static str, u32)> {
    let row = row(number)?;
    let value = match row.kind {
        Kind::Word(slot, ..) => cpu.get32(slot),
        Kind::Constant(value) => value,
        Kind::Count => timer.count(cpu, now),
        Kind::Compare => cpu.get32(COMPARE),
        Kind::Cause => cpu.get32(CAUSE) | cpu.get32(IRQ_LINES),
    };
    Some((row.mfc0, value))
}

/// Writes a register: gives its name; `None` when it does not exist.
pub(super) fn write(
    cpu: &mut CpuState,
    timer: &mut Timer,
    now: Nanos,
    number: Number,
    value: u32,
) -> Option<&'static str> {
    let row = row(number)?;
    match row.kind {
        Kind::Word(slot, mask, ones) => cpu.set32(slot, cpu.get32(slot) & !mask | value & mask | ones),
        Kind::Constant(_) => {}
        Kind::Count => timer.set_count(cpu, now, value),
        Kind::Compare => timer.set_compare(cpu, now, value),
        Kind::Cause => {
            let cause = cpu.get32(CAUSE) & !CAUSE_WRITABLE | value & CAUSE_WRITABLE;
            cpu.set32(CAUSE, cause);
            timer.set_stopped(cpu, now, cause & CAUSE_DC != 0);
        }
    }
    Some(row.mtc0)
}

/// Shows the timer's state in Cause.TI.
pub(super) fn show_timer(cpu: &mut CpuState, pending: bool) {
    let cause = cpu.get32(CAUSE) & !CAUSE_TI;
    cpu.set32(CAUSE, cause | if pending { CAUSE_TI } else { 0 });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpu() -> CpuState {
        let mut cpu = CpuState::new();
        reset(&mut cpu, true);
        cpu
    }

    #[test]
    fn no_register_is_listed_twice() {
        for (i, row) in TABLE.iter().enumerate() {
            assert!(TABLE[..i].iter().all(|other| other.number != row.number), "{}", row.mfc0);
        }
    }

    #[test]
    fn reset_state() {
        let cpu = cpu();
        let timer = Timer::new(0);
        let value = |number| read(&cpu, &timer, 0, number).map(|(_, value)| value);
        assert_eq!(value((12, 0)), Some(0x0040_0004), "BEV and ERL");
        assert_eq!(
            value((16, 0)).map(|config| (config >> 7 & 7, config >> 15 & 1)),
            Some((3, 1)),
            "MT and BE"
        );
        assert_eq!(value((15, 1)), Some(0x8000_0000));
        assert_eq!(value((10, 0)), None, "EntryHi");
    }

    #[test]
    fn writes_respect_the_masks() {
        let mut cpu = cpu();
        let mut timer = Timer::new(0);
        for (number, expected) in [
            ((12, 0), status::WRITABLE),
            ((12, 1), INTCTL_RESET | INTCTL_VS),
            ((15, 0), PRID_RESET),
            ((15, 1), EBASE_ONE | EBASE_WRITABLE),
            ((16, 1), CONFIG1),
            ((8, 0), 0),
            ((14, 0), u32::MAX),
        ] {
            assert!(write(&mut cpu, &mut timer, 0, number, u32::MAX).is_some());
            let (name, value) = read(&cpu, &timer, 0, number).unwrap();
            assert_eq!(value, expected, "{name}");
        }
    }

    #[test]
    fn cause_has_software_interrupts_and_shows_the_lines() {
        let mut cpu = cpu();
        let mut timer = Timer::new(0);
        write(&mut cpu, &mut timer, 0, (13, 0), u32::MAX).unwrap();
        cpu.set32(IRQ_LINES, 1 << 15);
        assert_eq!(read(&cpu, &timer, 0, (13, 0)).unwrap().1, CAUSE_WRITABLE | 1 << 15);
        assert_eq!(timer.deadline(), None, "Cause.DC has stopped Count");
        show_timer(&mut cpu, true);
        assert_eq!(read(&cpu, &timer, 0, (13, 0)).unwrap().1, CAUSE_WRITABLE | 1 << 15 | CAUSE_TI);
    }
}
