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
    pub(super) const DSP: usize = 544;
    pub(super) const MDHI: usize = 552;
    pub(super) const MDLO: usize = 560;
    /// HI1, LO1 and so on, 32 bits each.
    pub(super) const HI1: usize = 568;
    pub(super) const SIZE: usize = 592;
}
/// What may follow the mask: records that begin with a magic number and their size.
mod extension {
    /// The upper halves of the vector registers, and MSACSR.
    pub(super) const MSA: u32 = 0x784d_5341;
    pub(super) const MSA_SIZE: u32 = 8 + 32 * 8 + 8;
    /// The last one, which has no size.
    pub(super) const END: u32 = 0x7845_4e44;
    /// Records that are looked at.
    pub(super) const MOST: usize = 8;
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
/// `sc_used_math`: the registers are valid; they are 64 bits wide; there is more behind the mask.
const USED_FP: u32 = 1;
const USED_FR1: u32 = 2;
const USED_EXTCONTEXT: u32 = 4;
/// Bytes of the mask.
const MASK: usize = 16;
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
    let used = if has_vectors(cpu) { USED_FP | USED_FR1 | USED_EXTCONTEXT } else { USED_FP };
    let control = st::dsp_control::get(cpu);
    e.u32(0).u32(st::fcsr(cpu)).u32(0).u32(used).u32(control).pad_to(start + sigcontext::MDHI);
    let hilo = cpu.get(st::HILO);
    e.u64(hilo >> 32).u64(hilo & 0xffff_ffff);
    for n in 0..3 {
        let accumulator = cpu.get(st::AC.nth(n));
        e.u32((accumulator >> 32) as u32).u32(accumulator as u32);
    }
    e.pad_to(start + sigcontext::SIZE);
}

/// Whether there are vector registers to be saved: the SIMD architecture needs registers of 64 bits.
fn has_vectors(cpu: &CpuState) -> bool {
    cpu.get32(st::STATUS) & STATUS_FR != 0
}

fn encode_vectors(cpu: &CpuState, e: &mut Encoder) {
    e.u32(extension::MSA).u32(extension::MSA_SIZE);
    for n in 0..32 {
        e.u64(cpu.get(st::W_HIGH.nth(n)));
    }
    e.u32(cpu.get32(st::MSACSR)).u32(0).u32(extension::END);
}

/// Restores what follows the mask of a frame; records of unknown kinds are passed over, as Linux does.
fn pop_extensions(cpu: &mut CpuState, memory: &UserMemory, mut addr: u32) -> Result<(), Fault> {
    for _ in 0..extension::MOST {
        let (kind, size) = (memory.read_u32(addr)?, addr.wrapping_add(4));
        if kind == extension::END {
            break;
        }
        let size = memory.read_u32(size)?;
        if kind == extension::MSA && size == extension::MSA_SIZE {
            for n in 0..32 {
                cpu.set(st::W_HIGH.nth(n), memory.read_u64(addr.wrapping_add(8 + 8 * n))?);
            }
            cpu.set32(st::MSACSR, memory.read_u32(addr.wrapping_add(8 + 32 * 8))?);
        }
        addr = addr.wrapping_add(size);
    }
    Ok(())
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
    if has_vectors(cpu) {
        encode_vectors(cpu, &mut e);
    }
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
    let used = memory.read_u32(field(sigcontext::USED_MATH))?;
    if used & USED_FP != 0 {
        for n in 0..32 {
            let value = memory.read_u64(field(sigcontext::FPREGS + 8 * n))?;
            cpu.set(st::F.nth(n as u32), value);
        }
        st::set_fcsr(cpu, memory.read_u32(field(sigcontext::FPC_CSR))?);
    }
    if used & USED_EXTCONTEXT != 0 && has_vectors(cpu) {
        pop_extensions(cpu, memory, field(sigcontext::SIZE + MASK))?;
    }
    st::dsp_control::set(cpu, memory.read_u32(field(sigcontext::DSP))?);
    for n in 0..3 {
        let at = sigcontext::HI1 + 8 * n;
        let (hi, lo) = (memory.read_u32(field(at))?, memory.read_u32(field(at + 4))?);
        cpu.set(st::AC.nth(n as u32), u64::from(hi) << 32 | u64::from(lo));
    }
    for (n, value) in values.into_iter().enumerate().skip(1) {
        cpu.set32(st::R.nth(n as u32), value);
    }
    cpu.set32(st::PC, pc);
    cpu.set(st::HILO, hi << 32 | lo & 0xffff_ffff);
    Ok(Restored { mask, alt_stack })
}

const _: () = assert!(sigcontext::REGS + 32 * 8 == sigcontext::FPREGS);
