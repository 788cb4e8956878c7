//! The hypervisor of a MIPS32 vCPU: modes, exceptions, interrupts and coprocessor 0 of a release 2 core with
//! fixed-mapping MMU, and with the loads and stores of enhanced virtual addressing (EVA).

mod cp0;
mod exception;
mod privileged;
mod timer;

use demotic_ir::{Access, CodeSource, CpuState, Fault, FaultKind, Trap, TrapContext};
use demotic_mips::cp0::{coprocessor, status};
use demotic_mips::decode::Set;
use demotic_mips::state::{IRQ_LINES, MONITOR_ADDR, PC, SCRATCH, STATUS};
use demotic_mips::{MipsConfig, delay_slot, mode, traps};

use self::exception::Exception;
use self::privileged::Done;
use self::timer::Timer;
use super::clock::{Nanos, Waker};
use super::memory::{Segment, View};
use super::platform::Platform;

/// The fixed mapping (MIPS32 volume III, appendix A.1): what each kind of mode sees. The order is that of
/// [`view_of`]'s results.
pub(super) const VIEWS: &[View] = &[
    View { name: "kernel", segments: &[KUSEG, KSEG0, KSEG1, KSEG23] },
    View { name: "kernel at error level", segments: &[KUSEG_ERL, KSEG0, KSEG1, KSEG23] },
    View { name: "user", segments: &[KUSEG] },
];

const KUSEG: Segment = Segment { base: 0, len: 0x8000_0000, phys: 0x4000_0000 };
/// At error level kuseg is not mapped.
const KUSEG_ERL: Segment = Segment { base: 0, len: 0x8000_0000, phys: 0 };
const KSEG0: Segment = Segment { base: 0x8000_0000, len: 0x2000_0000, phys: 0 };
const KSEG1: Segment = Segment { base: 0xa000_0000, len: 0x2000_0000, phys: 0 };
const KSEG23: Segment = Segment { base: 0xc000_0000, len: 0x4000_0000, phys: 0xc000_0000 };

/// The timer's line in the `irq_lines` slot: IP7.
const TIMER_LINE: u32 = 1 << 15;

/// Index in [`VIEWS`] of what the CPU sees in this mode.
pub(super) fn view_of(mode: u32) -> usize {
    match () {
        () if mode & mode::USER_SPACE != 0 => 2,
        () if mode & mode::ERROR_SPACE != 0 => 1,
        () => 0,
    }
}

/// The same for the present state.
fn view_now(cpu: &CpuState) -> usize {
    view_of(mode::of_status(cpu.get32(STATUS)))
}

/// The vCPU's hypervisor.
#[derive(Debug)]
pub(super) struct MipsHypervisor {
    timer: Timer,
    big_endian: bool,
}

impl MipsHypervisor {
    /// The hypervisor of a CPU that is started now.
    pub(super) fn new(now: Nanos, big_endian: bool) -> MipsHypervisor {
        MipsHypervisor { timer: Timer::new(now), big_endian }
    }

    /// Puts the CPU into its reset state, about to execute at `entry`.
    pub(super) fn reset(&mut self, platform: &mut Platform, cpu: &mut CpuState, entry: u64) {
        cp0::reset(cpu, self.big_endian);
        cpu.set(MONITOR_ADDR, u64::MAX);
        cpu.set(PC, entry);
        platform.memory.set_view(view_now(cpu));
        self.look(platform, cpu);
    }

    /// Handles a trap of the instruction at `pc`; the `pc` slot has the address after it.
    pub(super) fn trap(&mut self, platform: &mut Platform, cx: &mut TrapContext<'_>, trap: Trap, pc: u64) {
        let in_slot = delay_slot::finish(cx.cpu, pc);
        let exception = match trap {
            Trap::Privileged { word } => self.privileged(platform, cx.cpu, word),
            Trap::Syscall { .. } => Some(Exception::Syscall),
            Trap::Breakpoint { .. } => Some(Exception::Breakpoint),
            Trap::Undefined { word } => Some(undefined(cx.cpu, word)),
            Trap::Arithmetic { code } => Some(arithmetic(code)),
            Trap::Misaligned => Some(Exception::AddressLoad(pc as u32)),
            Trap::Fetch => fetch_fault(platform, cx.cpu, pc, in_slot),
            Trap::InterruptCheck => {
                platform.stats.events.count("interrupt check");
                self.look(platform, cx.cpu);
                None
            }
            Trap::CacheFlush => {
                platform.stats.events.count("cache flush");
                let (start, len) = (cx.cpu.get(SCRATCH[0]), cx.cpu.get(SCRATCH[1]));
                platform.invalidate(cx.engine, start, start + len);
                None
            }
            Trap::Unimplemented { word, name } => {
                platform
                    .fail(format!("the instruction {name} ({word:#010x} at {pc:#010x}) is not implemented"));
                None
            }
        };
        if let Some(exception) = exception {
            take(platform, cx.cpu, exception, pc, in_slot);
        }
        self.deliver(platform, cx.cpu);
    }

    /// Handles a failed data access of the instruction at `pc`, or, if that is a branch, of the one in its delay slot.
    pub(super) fn fault(&mut self, platform: &mut Platform, cpu: &mut CpuState, fault: Fault, pc: u64) {
        let exception = match (fault.kind, fault.access) {
            (FaultKind::Unmapped | FaultKind::Bus, Access::Fetch) => Exception::BusFetch,
            (FaultKind::Unmapped | FaultKind::Bus, _) => Exception::BusData,
            (_, Access::Store) => Exception::AddressStore(fault.addr as u32),
            (_, Access::Load | Access::Fetch) => Exception::AddressLoad(fault.addr as u32),
        };
        let in_slot = self
            .word_at(platform, pc)
            .is_some_and(|word| delay_slot::is_branch(&MipsConfig::machine(self.big_endian), word));
        take(platform, cpu, exception, pc, in_slot);
        self.deliver(platform, cpu);
    }

    /// Looks at devices and timer, and takes an interrupt if one is pending and not masked.
    pub(super) fn interrupted(&mut self, platform: &mut Platform, cpu: &mut CpuState) {
        self.look(platform, cpu);
        self.deliver(platform, cpu);
    }

    /// Brings the interrupt lines up to date.
    fn look(&mut self, platform: &mut Platform, cpu: &mut CpuState) {
        let timer = self.timer.poll(platform.alarm.clock().now());
        platform.alarm.set(Waker::Cpu, self.timer.deadline());
        cp0::show_timer(cpu, timer);
        let lines = platform.memory.bus_mut().poll();
        cpu.set32(IRQ_LINES, lines | if timer { TIMER_LINE } else { 0 });
    }

    /// Takes an interrupt if one was pending when last looked at, still is, and is not masked. Then shows the address
    /// space of the mode that all this has led to.
    fn deliver(&mut self, platform: &mut Platform, cpu: &mut CpuState) {
        if exception::deliverable(cpu) != 0 {
            self.look(platform, cpu);
        }
        let pending = exception::deliverable(cpu);
        if pending != 0 {
            platform.stats.interrupts.count(line_name(pending));
            exception::take(cpu, Exception::Interrupt, cpu.get(PC), false);
        }
        platform.memory.set_view(view_now(cpu));
    }

    /// The instruction at `pc`, if there is one.
    fn word_at(&self, platform: &Platform, pc: u64) -> Option<u32> {
        let mut bytes = [0; 4];
        let fetched = platform.memory.fetch(pc, &mut bytes);
        fetched.then(|| if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn privileged(&mut self, platform: &mut Platform, cpu: &mut CpuState, word: u32) -> Option<Exception> {
        let now = platform.alarm.clock().now();
        let (name, done) = privileged::execute(cpu, &mut self.timer, now, word);
        platform.stats.privileged.count(name);
        match done {
            Done::Next => {}
            Done::Look => self.look(platform, cpu),
            Done::Raise(exception) => return Some(exception),
            Done::Wait => platform.sleep_until(|platform| {
                self.look(platform, cpu);
                exception::unmasked(cpu) != 0
            }),
        }
        None
    }
}

/// Takes an exception and counts it.
fn take(platform: &mut Platform, cpu: &mut CpuState, exception: Exception, pc: u64, in_slot: bool) {
    platform.stats.exceptions.count(exception.name());
    exception::take(cpu, exception, pc, in_slot);
}

/// Code at `pc`, or in the delay slot of the branch there, cannot be fetched. When that is the general vector, no
/// handler will ever run.
fn fetch_fault(platform: &mut Platform, cpu: &CpuState, pc: u64, in_slot: bool) -> Option<Exception> {
    if pc as u32 == exception::general_vector(cpu) {
        let epc = cpu.get32(demotic_mips::state::EPC);
        platform.fail(format!(
            "no code at {pc:#010x}, the vector for exceptions; the last one came from {epc:#010x}"
        ));
        return None;
    }
    let addr = if in_slot { pc + 4 } else { pc };
    Some(match platform.memory.fetch_fault(addr) {
        Some(FaultKind::Permission | FaultKind::Misaligned) => Exception::AddressLoad(addr as u32),
        _ => Exception::BusFetch,
    })
}

/// What an instruction raises that is undefined or not allowed in this mode.
fn undefined(cpu: &CpuState, word: u32) -> Exception {
    let status = cpu.get32(STATUS);
    match coprocessor(Set::PreR6, word) {
        Some(0) if !status::kernel(status) && status & status::CU0 == 0 => Exception::CoprocessorUnusable(0),
        Some(1) if status & status::CU1 == 0 => Exception::CoprocessorUnusable(1),
        Some(unit @ 2..) => Exception::CoprocessorUnusable(unit),
        _ => Exception::Reserved,
    }
}

fn arithmetic(code: u32) -> Exception {
    match code & 0xff {
        traps::OVERFLOW => Exception::Overflow,
        traps::FLOAT => Exception::FloatingPoint,
        _ => Exception::Trap,
    }
}

/// The name of the highest of some interrupts.
fn line_name(pending: u32) -> &'static str {
    const NAMES: [&str; 8] =
        ["ip0 (software)", "ip1 (software)", "ip2", "ip3", "ip4", "ip5", "ip6", "ip7 (timer)"];
    NAMES.get(exception::highest(pending) as usize).copied().unwrap_or("interrupt")
}

#[cfg(test)]
mod tests;
