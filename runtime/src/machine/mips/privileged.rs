//! What the privileged instructions do (MIPS32 volume II).

use demotic_ir::CpuState;
use demotic_mips::cp0::status;
use demotic_mips::decode::{self, Insn, Set};
use demotic_mips::state::{R, STATUS};

use super::cp0::{self, Number};
use super::exception::{self, Exception};
use super::timer::Timer;
use crate::machine::clock::Nanos;

/// How an instruction ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Done {
    /// Done; go on at the `pc` slot.
    Next,
    /// Done; timer and interrupts have to be looked at.
    Look,
    /// It raised an exception.
    Raise(Exception),
    /// The CPU waits for an interrupt.
    Wait,
}

/// Executes a privileged instruction. Gives its name in statistics, too.
pub(super) fn execute(cpu: &mut CpuState, timer: &mut Timer, now: Nanos, word: u32) -> (&'static str, Done) {
    match decode::decode(word, Set::PreR6) {
        Some(Insn::Mfc0(a)) => mfc0(cpu, timer, now, a.rt, (a.rd, a.sel)),
        Some(Insn::Mtc0(a)) => mtc0(cpu, timer, now, a.rt, (a.rd, a.sel)),
        Some(Insn::Rdhwr(a)) => {
            let count = timer.count(cpu, now);
            set_gpr(cpu, a.rt, count);
            ("rdhwr cc", Done::Next)
        }
        Some(Insn::Eret(_)) => {
            exception::eret(cpu);
            ("eret", Done::Next)
        }
        Some(Insn::Wait(_)) => ("wait", Done::Wait),
        Some(Insn::Ei(a)) => ("ei", set_interrupt_enable(cpu, a.rt, status::IE)),
        Some(Insn::Di(a)) => ("di", set_interrupt_enable(cpu, a.rt, 0)),
        // Without a TLB, and without debug mode, these are reserved.
        Some(Insn::Tlbr(_) | Insn::Tlbwi(_) | Insn::Tlbwr(_) | Insn::Tlbp(_)) => {
            ("tlb (no TLB)", Done::Raise(Exception::Reserved))
        }
        Some(Insn::Deret(_)) => ("deret (no debug mode)", Done::Raise(Exception::Reserved)),
        _ if let Some(error) = eva_address_error(cpu, word) => ("eva address error", Done::Raise(error)),
        _ => {
            tracing::error!("the front end left an instruction that is not privileged: {word:#010x}");
            ("not privileged", Done::Raise(Exception::Reserved))
        }
    }
}

fn gpr(cpu: &CpuState, n: u32) -> u32 {
    if n == 0 { 0 } else { cpu.get32(R.nth(n)) }
}

fn set_gpr(cpu: &mut CpuState, n: u32, value: u32) {
    if n != 0 {
        cpu.set32(R.nth(n), value);
    }
}

/// The loads and stores of enhanced virtual addressing come here when their address is none of a program's.
fn eva_address_error(cpu: &CpuState, word: u32) -> Option<Exception> {
    let row = decode::row(word, Set::PreR6).filter(|row| row.feature == Some("eva"))?;
    let (base, offset) = (row.extract(word, "base")?, row.extract(word, "offset")?);
    let addr = gpr(cpu, base).wrapping_add_signed((offset << 23) as i32 >> 23);
    let store = row.name.starts_with('S');
    Some(if store { Exception::AddressStore(addr) } else { Exception::AddressLoad(addr) })
}

/// A register that does not exist reads as zero, which the manual leaves open.
fn mfc0(cpu: &mut CpuState, timer: &Timer, now: Nanos, rt: u32, number: Number) -> (&'static str, Done) {
    let (name, value) = cp0::read(cpu, timer, now, number).unwrap_or_else(|| {
        tracing::warn!("mfc0: coprocessor 0 has no register {}, {}", number.0, number.1);
        ("mfc0 (no such register)", 0)
    });
    set_gpr(cpu, rt, value);
    (name, Done::Next)
}

/// A write to a register that does not exist does nothing.
fn mtc0(cpu: &mut CpuState, timer: &mut Timer, now: Nanos, rt: u32, number: Number) -> (&'static str, Done) {
    let value = gpr(cpu, rt);
    match cp0::write(cpu, timer, now, number, value) {
        Some(name) => (name, Done::Look),
        None => {
            tracing::warn!("mtc0: coprocessor 0 has no register {}, {}", number.0, number.1);
            ("mtc0 (no such register)", Done::Next)
        }
    }
}

/// DI and EI: `rt` gets the old Status.
fn set_interrupt_enable(cpu: &mut CpuState, rt: u32, enable: u32) -> Done {
    let old = cpu.get32(STATUS);
    cpu.set32(STATUS, old & !status::IE | enable);
    set_gpr(cpu, rt, old);
    Done::Look
}
