//! The frames of signal handlers on ARM (Linux, arch/arm/kernel/signal.c): a `struct ucontext` and the return code,
//! preceded by a `siginfo_t` for SA_SIGINFO handlers.

use demotic_arm::state as st;
use demotic_ir::{CpuState, Fault, FlagSlots};

use super::{AltStack, Encoder, FrameRequest, GuestAbi, Restored};
use crate::linux::siginfo;
use crate::loader::SIGRETURN_CODE;
use crate::memory::UserMemory;

/// Offsets in `struct ucontext`.
mod ucontext {
    pub(super) const STACK: usize = 8;
    pub(super) const MCONTEXT: usize = 20;
    pub(super) const SIGMASK: usize = 104;
    pub(super) const REGSPACE: usize = 232;
    pub(super) const SIZE: usize = 744;
}
/// Offsets in `struct sigcontext`, in words.
mod sigcontext {
    pub(super) const R0: u32 = 3;
    pub(super) const PC: u32 = 18;
    pub(super) const CPSR: u32 = 19;
}
/// The VFP registers in the ucontext's space for coprocessors: magic number, size, offsets.
mod vfp {
    pub(super) const MAGIC: u32 = 0x5646_5001;
    pub(super) const SIZE: u32 = 288;
    pub(super) const D0: u32 = 8;
    pub(super) const FPSCR: u32 = 264;
}
/// What the `uc_flags` of an old frame say.
const OLD_FRAME: u32 = 0x5ac3_c35a;
const SA_SIGINFO: u32 = 4;
const SA_RESTORER: u32 = 0x0400_0000;
const THUMB: u32 = 1 << 5;
const FLAGS: FlagSlots = FlagSlots { n: st::NF, z: st::ZF, c: st::CF, v: st::VF };

/// CPSR, put together from its parts.
pub(super) fn cpsr(cpu: &CpuState) -> u32 {
    let it = cpu.get32(st::ITSTATE);
    FLAGS.bits(cpu)
        | cpu.get32(st::QF) << 27
        | (it & 3) << 25
        | cpu.get32(st::GE) << 16
        | (it >> 2) << 10
        | cpu.get32(st::CPSR_LOW)
        | if cpu.get32(st::PC) & 1 != 0 { THUMB } else { 0 }
}

/// Sets what a program may change of CPSR; the T bit goes into the PC's bit 0.
pub(super) fn set_cpsr(cpu: &mut CpuState, value: u32) {
    /// CPSR.E.
    const BIG: u32 = 0x200;
    FLAGS.set_bits(cpu, value);
    cpu.set32(st::QF, value >> 27 & 1);
    cpu.set32(st::GE, value >> 16 & 0xf);
    cpu.set32(st::ITSTATE, value >> 25 & 3 | (value >> 10 & 0x3f) << 2);
    let low = cpu.get32(st::CPSR_LOW);
    cpu.set32(st::CPSR_LOW, low & !BIG | value & BIG);
    let pc = cpu.get32(st::PC) & !1;
    cpu.set32(st::PC, pc | u32::from(value & THUMB != 0));
}

fn encode_ucontext(cpu: &CpuState, request: &FrameRequest<'_>, e: &mut Encoder) {
    let start = e.as_bytes().len();
    let rt = request.action.flags & SA_SIGINFO != 0;
    let AltStack { sp, size, flags } = request.alt_stack;
    e.u32(if rt { 0 } else { OLD_FRAME }).u32(0).u32(sp).u32(flags).u32(size);
    let fault = match request.info.fields {
        siginfo::Fields::Address(addr) => addr,
        _ => 0,
    };
    e.u32(0).u32(0).u32(request.mask as u32);
    for register in 0..15 {
        e.u32(cpu.get32(st::R.nth(register)));
    }
    e.u32(cpu.get32(st::PC) & !1).u32(cpsr(cpu)).u32(fault);
    e.u64(request.mask).pad_to(start + ucontext::REGSPACE);
    e.u32(vfp::MAGIC).u32(vfp::SIZE);
    for register in 0..32 {
        e.u64(cpu.get(st::D.nth(register)));
    }
    e.u32(cpu.get32(st::FPSCR) | cpu.get32(st::FPSCR_NZCV)).u32(0).u32(cpu.get32(st::FPEXC));
    e.pad_to(start + ucontext::SIZE);
}

/// Builds the frame and enters the handler.
pub(super) fn push(
    abi: &dyn GuestAbi,
    cpu: &mut CpuState,
    memory: &UserMemory,
    request: &FrameRequest<'_>,
) -> Result<(), Fault> {
    let action = request.action;
    let rt = action.flags & SA_SIGINFO != 0;
    let mut e = Encoder::new(false);
    if rt {
        e.bytes(abi.siginfo(request.info).as_bytes());
    }
    let context = e.as_bytes().len() as u32;
    encode_ucontext(cpu, request, &mut e);
    let trampoline = SIGRETURN_CODE.arm(rt);
    e.u32(trampoline.code[0]).u32(trampoline.code[1]).u32(0).u32(0);
    let frame = request.sp.wrapping_sub(e.as_bytes().len() as u32) & !7;
    memory.write_bytes(frame, e.as_bytes())?;

    let restorer = if action.flags & SA_RESTORER != 0 { action.restorer } else { trampoline.addr };
    cpu.set32(st::R, abi.signal_to_guest(request.info.signal));
    if rt {
        cpu.set32(st::R.nth(1), frame);
        cpu.set32(st::R.nth(2), frame.wrapping_add(context));
    }
    cpu.set32(st::SP, frame);
    cpu.set32(st::LR, restorer);
    cpu.set32(st::ITSTATE, 0);
    cpu.set32(st::PC, action.handler);
    Ok(())
}

/// Restores the registers from the frame that SP names.
pub(super) fn pop(
    abi: &dyn GuestAbi,
    cpu: &mut CpuState,
    memory: &UserMemory,
    rt: bool,
) -> Result<Restored, Fault> {
    let frame = cpu.get32(st::SP);
    let context = frame.wrapping_add(if rt { siginfo::SIZE as u32 } else { 0 });
    let field = |offset: usize| context.wrapping_add(offset as u32);
    let register = |n: u32| memory.read_u32(field(ucontext::MCONTEXT).wrapping_add(4 * n));
    let mut values = [0; 15];
    for (n, value) in values.iter_mut().enumerate() {
        *value = register(sigcontext::R0 + n as u32)?;
    }
    let (pc, status) = (register(sigcontext::PC)?, register(sigcontext::CPSR)?);
    let mask = memory.read_u64(field(ucontext::SIGMASK))?;
    let alt_stack = if rt { Some(abi.read_alt_stack(memory, field(ucontext::STACK))?) } else { None };
    restore_vfp(cpu, memory, field(ucontext::REGSPACE))?;
    for (n, value) in values.into_iter().enumerate() {
        cpu.set32(st::R.nth(n as u32), value);
    }
    cpu.set32(st::PC, pc & !1);
    set_cpsr(cpu, status);
    Ok(Restored { mask, alt_stack })
}

fn restore_vfp(cpu: &mut CpuState, memory: &UserMemory, space: u32) -> Result<(), Fault> {
    const NZCV: u32 = 0xf000_0000;
    if memory.read_u32(space)? != vfp::MAGIC || memory.read_u32(space.wrapping_add(4))? != vfp::SIZE {
        return Ok(());
    }
    for n in 0..32 {
        let value = memory.read_u64(space.wrapping_add(vfp::D0 + 8 * n))?;
        cpu.set(st::D.nth(n), value);
    }
    let fpscr = memory.read_u32(space.wrapping_add(vfp::FPSCR))?;
    cpu.set32(st::FPSCR, fpscr & !NZCV);
    cpu.set32(st::FPSCR_NZCV, fpscr & NZCV);
    // FPEXC stays as it is: user code cannot change it.
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_round_trips() {
        let mut cpu = CpuState::new();
        cpu.set32(st::CPSR_LOW, 0x10);
        cpu.set32(st::PC, 0x8000);
        for value in [0x6000_0010, 0x980f_0030, 0x0600_fc30, 0xf000_0210] {
            set_cpsr(&mut cpu, value);
            assert_eq!(cpsr(&cpu), value, "{value:#x}");
        }
    }
}
