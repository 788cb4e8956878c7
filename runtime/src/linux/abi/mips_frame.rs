//! The frames of signal handlers on MIPS o32 (Linux, arch/mips/kernel/signal.c): argument space, then a `sigcontext` and a
//! mask, or for SA_SIGINFO handlers a `siginfo_t` and a `ucontext`.

use demotic_ir::{CpuState, Fault};
use demotic_mips::state as st;

use super::{Encoder, FrameRequest, GuestAbi, Restored};
use crate::linux::siginfo;
use crate::loader::SIGRETURN_CODE;
use crate::memory::UserMemory;

/// Offsets in `struct sigcontext`.
mod sigcontext {
    pub(super) const PC: usize = 8;
    pub(super) const REGS: usize = 16;
    pub(super) const FPREGS: usize = 272;
    pub(super) const FPC_CSR: usize = 532;
    pub(super) const USED_MATH: usize = 540;
    pub(super) const MDHI: usize = 552;
    pub(super) const MDLO: usize = 560;
    pub(super) const SIZE: usize = 592;
}
/// Argument space and the place of the former trampoline, at the start of both frames.
const ARGUMENTS: usize = 24;
/// Offset of the ucontext in an rt frame.
const UCONTEXT: usize = ARGUMENTS + siginfo::SIZE;
/// Offsets in `struct ucontext`.
const UC_STACK: usize = 8;
const UC_MCONTEXT: usize = 24;
/// What the kernel leaves free below the interrupted stack pointer.
const RED_ZONE: u32 = 32;
const SA_SIGINFO: u32 = 4;
/// `sc_used_math`: the registers are valid; they are 64 bits wide.
const USED_FP: u32 = 1;
const USED_FR1: u32 = 2;
const STATUS_FR: u32 = 1 << 26;

const A0: u32 = 4;
const T9: u32 = 25;
const SP: u32 = 29;
const RA: u32 = 31;

fn encode_sigcontext(cpu: &CpuState, e: &mut Encoder) {
    let start = e.as_bytes().len();
    e.u32(0).u32(0).u64(u64::from(cpu.get32(st::PC)));
    for n in 0..32 {
        e.u64(u64::from(cpu.get32(st::R.nth(n))));
    }
    for n in 0..32 {
        e.u64(cpu.get(st::F.nth(n)));
    }
    let fr1 = if cpu.get32(st::STATUS) & STATUS_FR != 0 { USED_FR1 } else { 0 };
    e.u32(0).u32(st::fcsr(cpu)).u32(0).u32(USED_FP | fr1).u32(0).pad_to(start + sigcontext::MDHI);
    let hilo = cpu.get(st::HILO);
    e.u64(hilo >> 32).u64(hilo & 0xffff_ffff).pad_to(start + sigcontext::SIZE);
}

fn encode_mask(abi: &dyn GuestAbi, mask: u64, e: &mut Encoder) {
    let mask = abi.sigset_to_guest(mask);
    e.u32(mask as u32).u32((mask >> 32) as u32).u32(0).u32(0);
}

/// Builds the frame and enters the handler.
pub(super) fn push(
    abi: &dyn GuestAbi,
    cpu: &mut CpuState,
    memory: &UserMemory,
    request: &FrameRequest<'_>,
) -> Result<(), Fault> {
    let rt = request.action.flags & SA_SIGINFO != 0;
    let mut e = Encoder::new(memory.is_big());
    e.pad_to(ARGUMENTS);
    if rt {
        e.bytes(abi.siginfo(request.info).as_bytes());
        e.u32(0).u32(0).bytes(abi.alt_stack(&request.alt_stack).as_bytes()).pad_to(UCONTEXT + UC_MCONTEXT);
    }
    let context = e.as_bytes().len() as u32;
    encode_sigcontext(cpu, &mut e);
    encode_mask(abi, request.mask, &mut e);
    let frame = request.sp.wrapping_sub(RED_ZONE + e.as_bytes().len() as u32) & !7;
    memory.write_bytes(frame, e.as_bytes())?;

    cpu.set32(st::R.nth(A0), abi.signal_to_guest(request.info.signal));
    cpu.set32(st::R.nth(A0 + 1), if rt { frame.wrapping_add(ARGUMENTS as u32) } else { 0 });
    cpu.set32(st::R.nth(A0 + 2), frame.wrapping_add(if rt { UCONTEXT as u32 } else { context }));
    cpu.set32(st::R.nth(SP), frame);
    cpu.set32(st::R.nth(RA), SIGRETURN_CODE.mips(rt).addr);
    cpu.set32(st::R.nth(T9), request.action.handler);
    cpu.set32(st::PC, request.action.handler);
    Ok(())
}

/// Restores the registers from the frame that SP names.
pub(super) fn pop(
    abi: &dyn GuestAbi,
    cpu: &mut CpuState,
    memory: &UserMemory,
    rt: bool,
) -> Result<Restored, Fault> {
    let frame = cpu.get32(st::R.nth(SP));
    let context = frame.wrapping_add((if rt { UCONTEXT + UC_MCONTEXT } else { ARGUMENTS }) as u32);
    let field = |offset: usize| context.wrapping_add(offset as u32);
    let mask = abi.read_sigset(memory, field(sigcontext::SIZE))?;
    let stack = frame.wrapping_add((UCONTEXT + UC_STACK) as u32);
    let alt_stack = if rt { Some(abi.read_alt_stack(memory, stack)?) } else { None };
    let mut values = [0; 32];
    for (n, value) in values.iter_mut().enumerate() {
        *value = memory.read_u64(field(sigcontext::REGS + 8 * n))? as u32;
    }
    let pc = memory.read_u64(field(sigcontext::PC))? as u32;
    let (hi, lo) = (memory.read_u64(field(sigcontext::MDHI))?, memory.read_u64(field(sigcontext::MDLO))?);
    if memory.read_u32(field(sigcontext::USED_MATH))? & USED_FP != 0 {
        for n in 0..32 {
            let value = memory.read_u64(field(sigcontext::FPREGS + 8 * n))?;
            cpu.set(st::F.nth(n as u32), value);
        }
        st::set_fcsr(cpu, memory.read_u32(field(sigcontext::FPC_CSR))?);
    }
    for (n, value) in values.into_iter().enumerate().skip(1) {
        cpu.set32(st::R.nth(n as u32), value);
    }
    cpu.set32(st::PC, pc);
    cpu.set(st::HILO, hi << 32 | lo & 0xffff_ffff);
    Ok(Restored { mask, alt_stack })
}

const _: () = assert!(sigcontext::REGS + 32 * 8 == sigcontext::FPREGS);
