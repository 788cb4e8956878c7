//! The hypervisor of an AArch32 vCPU: modes, exceptions, interrupts and system registers of an ARMv7-A core without MMU.

mod cp15;
mod decode;
mod exception;
mod privileged;
mod psr;
mod semihosting;

use demotic_arm::state::{CPSR_LOW, FAULT, IRQ_LINES, MONITOR_ADDR, PC, R, SCRATCH, SCTLR};
use demotic_ir::{Access, CpuState, Fault, FaultKind, Trap, TrapContext};

use self::cp15::Cp15;
use self::decode::{CpReg, Privileged};
use self::exception::Exception;
use self::privileged::{Core, Done};
use self::psr::Mode;
use super::memory::{Segment, View};
use super::platform::Platform;

/// The MMU is off: addresses are physical.
pub(super) const VIEWS: &[View] =
    &[View { name: "physical", segments: &[Segment { base: 0, len: 1 << 32, phys: 0 }] }];

/// The interrupt's bit in the `irq_lines` slot.
pub(super) const IRQ_LINE: u32 = 1 << 0;
/// The fast interrupt's.
pub(super) const FIQ_LINE: u32 = 1 << 1;

/// Fault status (short descriptor format) of an access off alignment.
const STATUS_ALIGNMENT: u32 = 0x01;
/// Fault status of a breakpoint.
const STATUS_DEBUG: u32 = 0x02;
/// Fault status of an access that nobody answers, or that the device refuses.
const STATUS_EXTERNAL: u32 = 0x08;
/// DFSR.WnR: the access was a write.
const STATUS_WRITE: u32 = 1 << 11;

/// The vCPU's hypervisor.
#[derive(Debug, Default)]
pub(super) struct ArmHypervisor {
    cp15: Cp15,
}

impl ArmHypervisor {
    /// Puts the CPU into its reset state, about to execute at `entry`.
    pub(super) fn reset(&self, cpu: &mut CpuState, entry: u64) {
        psr::write(cpu, Mode::Svc as u32 | psr::A | psr::I | psr::F);
        cpu.set32(SCTLR, cp15::SCTLR_RESET);
        cpu.set(MONITOR_ADDR, u64::MAX);
        cpu.set(PC, entry);
    }

    /// Handles a trap of the instruction at `pc`; the `pc` slot has the address after it.
    pub(super) fn trap(&mut self, platform: &mut Platform, cx: &mut TrapContext<'_>, trap: Trap, pc: u64) {
        match trap {
            Trap::Syscall { imm } => self.supervisor_call(platform, cx.cpu, imm, pc),
            Trap::Breakpoint { .. } => prefetch_abort(platform, cx.cpu, pc, STATUS_DEBUG),
            Trap::Undefined { .. } => take(platform, cx.cpu, Exception::Undefined, pc),
            Trap::Privileged { word } => self.privileged(platform, cx, word, pc),
            Trap::Fetch => self.fetch_fault(platform, cx.cpu, pc),
            Trap::Misaligned => prefetch_abort(platform, cx.cpu, pc, STATUS_ALIGNMENT),
            Trap::InterruptCheck => platform.stats.events.count("interrupt check"),
            Trap::CacheFlush => {
                platform.stats.events.count("cache flush");
                let (start, end) = match (cx.cpu.get(SCRATCH[0]), cx.cpu.get(SCRATCH[1])) {
                    (_, 0) => (0, 1 << 32),
                    (start, len) => (start, start + len),
                };
                platform.invalidate(cx.engine, start, end);
            }
            Trap::Unimplemented { word, name } => {
                platform
                    .fail(format!("the instruction {name} ({word:#010x} at {pc:#010x}) is not implemented"));
            }
            Trap::Arithmetic { code } => {
                platform.fail(format!("arithmetic trap {code} at {pc:#010x}: the CPU has none"));
            }
        }
        self.deliver(platform, cx.cpu);
    }

    /// Handles a failed data access of the instruction at `pc`.
    pub(super) fn fault(&mut self, platform: &mut Platform, cpu: &mut CpuState, fault: Fault, pc: u64) {
        data_abort(platform, cpu, fault, pc);
        self.deliver(platform, cpu);
    }

    /// Looks at the devices, and takes an interrupt if one is asserted and not masked.
    pub(super) fn interrupted(&mut self, platform: &mut Platform, cpu: &mut CpuState) {
        cpu.set32(IRQ_LINES, platform.memory.bus_mut().poll());
        self.deliver(platform, cpu);
    }

    /// Takes an interrupt if a line was up when last looked at, still is, and is not masked.
    fn deliver(&mut self, platform: &mut Platform, cpu: &mut CpuState) {
        let open = |cpu: &CpuState| {
            let (lines, masks) = (cpu.get32(IRQ_LINES), cpu.get32(CPSR_LOW));
            match () {
                () if lines & FIQ_LINE != 0 && masks & psr::F == 0 => Some((Exception::Fiq, "fiq")),
                () if lines & IRQ_LINE != 0 && masks & psr::I == 0 => Some((Exception::Irq, "irq")),
                () => None,
            }
        };
        if open(cpu).is_none() {
            return;
        }
        cpu.set32(IRQ_LINES, platform.memory.bus_mut().poll());
        if let Some((exception, line)) = open(cpu) {
            platform.stats.interrupts.count(line);
            exception::take(cpu, exception, cpu.get(PC));
        }
    }

    fn supervisor_call(&mut self, platform: &mut Platform, cpu: &mut CpuState, imm: u32, pc: u64) {
        let number = if cpu.get(PC) & 1 != 0 { semihosting::SVC_THUMB } else { semihosting::SVC_ARM };
        if imm == number && Mode::current(cpu).privileged() {
            platform.stats.events.count("semihosting");
            semihosting::call(platform, cpu);
        } else {
            take(platform, cpu, Exception::SupervisorCall, pc);
        }
    }

    /// Code at `pc` cannot be fetched. When that is the abort's own vector, no handler will ever run.
    fn fetch_fault(&mut self, platform: &mut Platform, cpu: &mut CpuState, pc: u64) {
        let vector = Exception::PrefetchAbort.vector(cpu);
        if pc as u32 & !3 == vector {
            platform.fail(format!(
                "no code at {pc:#010x}, the vector for prefetch aborts, which the CPU was led to from {:#010x}",
                cpu.get32(demotic_arm::state::LR).wrapping_sub(4),
            ));
            return;
        }
        // A page of RAM that cannot be fetched from does not exist; only alignment is told apart.
        prefetch_abort(platform, cpu, pc, STATUS_EXTERNAL);
    }

    fn privileged(&mut self, platform: &mut Platform, cx: &mut TrapContext<'_>, word: u32, pc: u64) {
        let thumb = cx.cpu.get(PC) & 1 != 0;
        let insn = decode::decode(word, thumb);
        let done = match insn {
            Some(Privileged::Mrc { reg, rt }) => self.mrc(platform, cx.cpu, reg, rt),
            Some(Privileged::Mcr { reg, rt }) => self.mcr(platform, cx, reg, rt),
            Some(insn) => {
                platform.stats.privileged.count(insn.name());
                let memory = &mut platform.memory;
                Core { cpu: cx.cpu, memory, pc: pc as u32 & !1 }.execute(insn)
            }
            // SMC and HVC: the CPU has neither Security nor Virtualization Extensions.
            None => Done::Undefined,
        };
        match done {
            Done::Next => {}
            Done::Undefined => {
                tracing::debug!("undefined here: {insn:x?} ({word:#010x} at {pc:#010x})");
                take(platform, cx.cpu, Exception::Undefined, pc);
            }
            Done::Abort(fault) => data_abort(platform, cx.cpu, fault, pc),
            Done::Wait => wait_for_interrupt(platform, cx.cpu),
        }
    }

    fn mrc(&mut self, platform: &mut Platform, cpu: &mut CpuState, reg: CpReg, rt: u32) -> Done {
        let privileged = Mode::current(cpu).privileged();
        let access = self.cp15.read(cpu, reg, privileged);
        let Some((name, value)) = access else { return unknown(platform, "mrc", reg) };
        platform.stats.privileged.count(name);
        match value {
            Ok(value) => {
                cp15::set_rt(cpu, rt, value);
                Done::Next
            }
            Err(()) => Done::Undefined,
        }
    }

    fn mcr(&mut self, platform: &mut Platform, cx: &mut TrapContext<'_>, reg: CpReg, rt: u32) -> Done {
        let privileged = Mode::current(cx.cpu).privileged();
        if rt == 15 {
            return Done::Undefined;
        }
        let value = cx.cpu.get32(R.nth(rt));
        let access = self.cp15.write(cx.cpu, reg, value, privileged);
        let Some((name, effect)) = access else { return unknown(platform, "mcr", reg) };
        platform.stats.privileged.count(name);
        match effect {
            Ok(effect) => {
                apply(platform, cx, effect);
                Done::Next
            }
            Err(()) => Done::Undefined,
        }
    }
}

/// Names a coprocessor register that does not exist, for whoever wonders about the undefined instruction.
fn unknown(platform: &mut Platform, what: &str, reg: CpReg) -> Done {
    let CpReg { coproc, crn, opc1, crm, opc2 } = reg;
    tracing::warn!("{what} p{coproc}, {opc1}, <Rt>, c{crn}, c{crm}, {opc2}: there is no such register");
    platform.stats.privileged.count("unknown coprocessor register");
    Done::Undefined
}

fn apply(platform: &mut Platform, cx: &mut TrapContext<'_>, effect: cp15::Effect) {
    match effect {
        cp15::Effect::None => {}
        cp15::Effect::Invalidate { start, end } => platform.invalidate(cx.engine, start, end),
        cp15::Effect::Control { old } => {
            let risen = cx.cpu.get32(SCTLR) & !old;
            if risen & cp15::SCTLR_M != 0 {
                platform.fail(
                    "the program turns the MMU on (SCTLR.M), which the board's CPU does not have".into(),
                );
            }
            if risen & cp15::SCTLR_A != 0 {
                tracing::warn!("SCTLR.A is set, but unaligned accesses will not fault");
            }
        }
    }
}

fn wait_for_interrupt(platform: &mut Platform, cpu: &mut CpuState) {
    platform.sleep_until(|platform| {
        cpu.set32(IRQ_LINES, platform.memory.bus_mut().poll());
        cpu.get32(IRQ_LINES) != 0
    });
}

/// Takes an exception and counts it.
fn take(platform: &mut Platform, cpu: &mut CpuState, exception: Exception, pc: u64) {
    platform.stats.exceptions.count(exception.name());
    exception::take(cpu, exception, pc);
}

fn prefetch_abort(platform: &mut Platform, cpu: &mut CpuState, pc: u64, status: u32) {
    cpu.set32(FAULT.nth(2), status);
    cpu.set32(FAULT.nth(3), pc as u32 & !1);
    take(platform, cpu, Exception::PrefetchAbort, pc);
}

fn data_abort(platform: &mut Platform, cpu: &mut CpuState, fault: Fault, pc: u64) {
    let status = match fault.kind {
        FaultKind::Misaligned => STATUS_ALIGNMENT,
        FaultKind::Unmapped | FaultKind::Permission | FaultKind::Bus => STATUS_EXTERNAL,
    };
    let write = if fault.access == Access::Store { STATUS_WRITE } else { 0 };
    cpu.set32(FAULT, status | write);
    cpu.set32(FAULT.nth(1), fault.addr as u32);
    take(platform, cpu, Exception::DataAbort, pc);
}

#[cfg(test)]
mod tests;
