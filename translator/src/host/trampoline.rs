//! The way into translated code, and out of it after a fault.

use std::arch::global_asm;
use std::cell::Cell;
use std::ptr;

use super::signal::FaultContext;
use crate::vcpu_state::{FaultRecord, VcpuState, offset, special};

// The System V callee-saved registers are saved, and the stack pointer is remembered in the state, so that a fault
// handler can come back to `demotic_leave` from wherever translated code was. Entries nest: the previous stack pointer
// is on the stack. On entry: rdi = code, rsi = state, rdx = link, rcx = memory base.
global_asm!(
    ".globl demotic_enter",
    ".globl demotic_leave",
    ".type demotic_enter,@function",
    "demotic_enter:",
    "push rbp",
    "push rbx",
    "push r12",
    "push r13",
    "push r14",
    "push r15",
    "push qword ptr [rsi + {host_sp}]",
    "push rsi",
    "sub rsp, 8",
    "mov qword ptr [rsi + {host_sp}], rsp",
    "mov rax, rdi",
    "mov rdi, rsi",
    "mov rsi, rdx",
    "mov rdx, rcx",
    "call rax",
    "demotic_leave:",
    "add rsp, 8",
    "pop rsi",
    "pop qword ptr [rsi + {host_sp}]",
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
    "pop rbx",
    "pop rbp",
    "ret",
    ".size demotic_enter, . - demotic_enter",
    host_sp = const offset::HOST_SP,
);

unsafe extern "C" {
    fn demotic_enter(code: u64, state: u64, link: u64, mem_base: u64) -> u64;
    fn demotic_leave();
}

thread_local! {
    /// The state of the vCPU whose code this thread may be executing, and the bounds of that code.
    static CURRENT: Cell<Current> = const { Cell::new(Current { state: ptr::null_mut(), code: (0, 0) }) };
}

#[derive(Clone, Copy)]
struct Current {
    state: *mut VcpuState,
    code: (u64, u64),
}

/// Runs translated code until it returns; gives the next guest pc or a special value.
///
/// # Safety
/// `code` must be translated code (or a thunk) made for this state's layout, in `[bounds.0, bounds.1)` or calling only
/// there; the state must be valid, and nobody else may use it meanwhile but through `state` itself.
pub(crate) unsafe fn enter(state: *mut VcpuState, code: u64, link: u64, bounds: (u64, u64)) -> u64 {
    let outer = CURRENT.replace(Current { state, code: bounds });
    // SAFETY: as the caller promises.
    let result = unsafe {
        let cpu = &raw mut (*state).cpu;
        demotic_enter(code, cpu as u64, link, (*state).header.mem_base)
    };
    CURRENT.set(outer);
    result
}

/// Recognises faults of translated code: notes them in the state and makes the thread leave the code.
pub(crate) fn fault_hook(cx: &mut FaultContext<'_>) -> bool {
    let Current { state, code } = CURRENT.get();
    if state.is_null() || cx.code() <= 0 || !(code.0..code.1).contains(&cx.rip()) {
        return false;
    }
    let record = FaultRecord {
        host_pc: cx.rip(),
        host_addr: cx.address(),
        is_store: u64::from(cx.is_write()),
        bus_error: u64::from(cx.signal() == libc::SIGBUS),
    };
    // SAFETY: `enter` set the pointer and is still active, since the thread is in its code; translated code keeps no
    // reference to the header.
    let host_sp = unsafe {
        (*state).header.fault = record;
        (*state).header.host_sp
    };
    cx.set_register(libc::REG_RSP, host_sp);
    cx.set_register(libc::REG_RAX, special::FAULT);
    cx.set_rip(demotic_leave as *const () as u64);
    true
}

/// An estimate of the lowest address that the thread's stack may grow down to, with room left for handlers and helpers.
pub(crate) fn stack_limit() -> u64 {
    /// What Rust code called from translated code may need.
    const RESERVE: usize = 256 << 10;
    // SAFETY: the attribute object is initialised by the call that fills it and destroyed after.
    let low = unsafe {
        let mut attr: libc::pthread_attr_t = std::mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &mut attr) != 0 {
            return 0;
        }
        let (mut low, mut size) = (ptr::null_mut(), 0);
        libc::pthread_attr_getstack(&attr, &mut low, &mut size);
        libc::pthread_attr_destroy(&mut attr);
        low as usize
    };
    (low + RESERVE) as u64
}

/// The present stack pointer, roughly.
pub(crate) fn stack_pointer() -> u64 {
    let here = 0u8;
    &raw const here as u64
}
