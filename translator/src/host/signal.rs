//! The process's handler of fault signals (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP).
//!
//! A fault of a [guarded] access is resolved here. Every other one is offered to the registered hooks
//! in the order of their registration; the first that says it has dealt with the signal ends the search. What nobody
//! claims goes to the handler that was there before (Rust's own, which reports stack overflows) or to the default action.

use std::sync::Once;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::guarded::{self, HostFault};

/// The signals that the handler is installed for.
pub const FAULT_SIGNALS: [i32; 5] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP];

/// A fault signal and the context that it interrupted.
pub struct FaultContext<'a> {
    info: &'a libc::siginfo_t,
    context: &'a mut libc::ucontext_t,
}

impl FaultContext<'_> {
    /// The signal's number.
    pub fn signal(&self) -> i32 {
        self.info.si_signo
    }

    /// The signal's `si_code`; 0 or less when a process sent it rather than an instruction raised it.
    pub fn code(&self) -> i32 {
        self.info.si_code
    }

    /// The signal's whole information.
    pub fn info(&self) -> &libc::siginfo_t {
        self.info
    }

    /// The host address that faulted, for signals that an instruction raised.
    pub fn address(&self) -> u64 {
        // SAFETY: the field is plain data; for other signals it merely has no meaning.
        unsafe { self.info.si_addr() as u64 }
    }

    /// Whether the faulting access was a write.
    pub fn is_write(&self) -> bool {
        /// The bit of the page-fault error code that says so (Intel SDM volume 3, 4.7).
        const WRITE: i64 = 2;
        self.context.uc_mcontext.gregs[libc::REG_ERR as usize] & WRITE != 0
    }

    /// The fault as guarded accesses report it.
    pub fn fault(&self) -> HostFault {
        HostFault { addr: self.address(), write: self.is_write(), signal: self.signal(), code: self.code() }
    }

    /// The interrupted instruction.
    pub fn rip(&self) -> u64 {
        self.register(libc::REG_RIP)
    }

    /// Makes the thread go on somewhere else.
    pub fn set_rip(&mut self, rip: u64) {
        self.set_register(libc::REG_RIP, rip);
    }

    /// A general register, by its `libc::REG_` number.
    pub fn register(&self, number: i32) -> u64 {
        self.context.uc_mcontext.gregs[number as usize] as u64
    }

    /// Changes a general register, by its `libc::REG_` number.
    pub fn set_register(&mut self, number: i32, value: u64) {
        self.context.uc_mcontext.gregs[number as usize] = value as i64;
    }

    /// The interrupted context as the kernel saved it.
    pub fn context(&mut self) -> &mut libc::ucontext_t {
        self.context
    }
}

/// Called in a signal handler: must only do what is safe there. True when the signal has been dealt with.
pub type FaultHook = fn(&mut FaultContext<'_>) -> bool;

const MAX_HOOKS: usize = 8;
static HOOKS: [AtomicPtr<()>; MAX_HOOKS] = [const { AtomicPtr::new(std::ptr::null_mut()) }; MAX_HOOKS];
static HOOK_COUNT: AtomicUsize = AtomicUsize::new(0);

/// Registers a hook for the rest of the process's life.
///
/// # Panics
/// When there are too many: hooks belong to modules, not to engines.
pub fn add_fault_hook(hook: FaultHook) {
    let index = HOOK_COUNT.fetch_add(1, Ordering::SeqCst);
    HOOKS[index].store(hook as *mut (), Ordering::SeqCst);
}

/// What was installed before us, by place in [`FAULT_SIGNALS`].
static PREVIOUS: [AtomicPtr<libc::sigaction>; FAULT_SIGNALS.len()] =
    [const { AtomicPtr::new(std::ptr::null_mut()) }; FAULT_SIGNALS.len()];

/// Installs the handler; later calls do nothing.
pub fn install_fault_handler() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for (signal, previous) in FAULT_SIGNALS.into_iter().zip(&PREVIOUS) {
            let old = install(signal);
            previous.store(Box::into_raw(Box::new(old)), Ordering::SeqCst);
        }
    });
}

/// Installs the handler once more, after something else was installed in its place for a while.
pub fn reinstall_fault_handler() {
    for signal in FAULT_SIGNALS {
        install(signal);
    }
}

/// Installs the handler for one signal; gives what was installed before.
fn install(signal: i32) -> libc::sigaction {
    // SAFETY: `sigaction` is plain data for which zeros are valid; the handler has the SA_SIGINFO signature. It runs with
    // all signals blocked, so that no other handler sees a half-resolved fault.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handle_fault as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
        libc::sigfillset(&mut action.sa_mask);
        let mut old: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, &action, &mut old);
        old
    }
}

extern "C" fn handle_fault(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel passes valid pointers to an SA_SIGINFO handler, and nobody else uses them meanwhile.
    let mut cx = unsafe { FaultContext { info: &*info, context: &mut *context.cast() } };
    if cx.code() > 0
        && (signal == libc::SIGSEGV || signal == libc::SIGBUS)
        && let Some(rip) = guarded::fixup(cx.rip(), cx.fault())
    {
        cx.set_rip(rip);
        return;
    }
    for hook in &HOOKS[..HOOK_COUNT.load(Ordering::SeqCst).min(MAX_HOOKS)] {
        let hook = hook.load(Ordering::SeqCst);
        if hook.is_null() {
            continue;
        }
        // SAFETY: only `add_fault_hook` stores here, and it stores functions of this type.
        let hook: FaultHook = unsafe { std::mem::transmute::<*mut (), FaultHook>(hook) };
        if hook(&mut cx) {
            return;
        }
    }
    pass_on(signal, cx.code());
}

/// Reinstates the handler that was there before: a fault then happens again and finds it. A signal that a process
/// sent is sent again, and arrives when this handler returns.
fn pass_on(signal: i32, code: i32) {
    let place = FAULT_SIGNALS.iter().position(|&s| s == signal);
    let Some(previous) = place.map(|at| PREVIOUS[at].load(Ordering::SeqCst)) else { return };
    // SAFETY: `previous` came from `Box::into_raw` or is null, which reads as "do not change"; raise is safe in handlers.
    unsafe {
        libc::sigaction(signal, previous, std::ptr::null_mut());
        if code <= 0 {
            libc::raise(signal);
        }
    }
}
