//! The host side of guest signals: dispositions, masks, and the handler that catches what the guest wants to catch.
//!
//! Whatever the guest leaves at its default or ignores is left to the host kernel in the same way, so stopping, continuing,
//! dying and inheriting work by themselves. A signal with a guest handler is caught by [`on_signal`]. It keeps the signal's
//! information in the thread's one slot, blocks all further signals in the interrupted context (which stay pending in
//! the host kernel, in its order) and makes the vCPU stop soon. The runtime empties the slot, builds the guest's frame and
//! sets the host's mask to the guest's; then the next signal may come. So the slot never overflows, and a signal in it is
//! never one that the guest has blocked.
//!
//! Signals that instructions raise (SIGSEGV and its kind) are never blocked or reset on the host, where the engine needs
//! them; the guest's wishes about them are followed when they are delivered.

use std::arch::global_asm;
use std::cell::{Cell, UnsafeCell};
use std::sync::Once;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use demotic_ir::Kicker;
use demotic_translator::host::signal::{FAULT_SIGNALS, FaultContext, add_fault_hook};

use super::abi::signal_bit;
use super::host::{Arg, Errno, KernelAction, Plain, SIGNAL_PENDING, Stub, call_now, thread_id};

/// The host's `siginfo_t` as words.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct HostInfo([u32; 32]);

// SAFETY: an array of integers, of the size of the host's siginfo_t.
unsafe impl Plain for HostInfo {}

impl HostInfo {
    /// The signal's number.
    pub(crate) fn signal(&self) -> i32 {
        self.0[0] as i32
    }
    /// `si_errno`.
    pub(crate) fn errno(&self) -> i32 {
        self.0[1] as i32
    }
    /// `si_code`.
    pub(crate) fn code(&self) -> i32 {
        self.0[2] as i32
    }
    /// A word of it; the union begins with word 4.
    pub(crate) fn word(&self, index: usize) -> u32 {
        self.0[index]
    }
    /// Information with the given words in the union.
    pub(crate) fn new(signal: i32, errno: i32, code: i32, fields: &[u32]) -> HostInfo {
        let mut words = [0; 32];
        words[..3].copy_from_slice(&[signal as u32, errno as u32, code as u32]);
        words[4..4 + fields.len()].copy_from_slice(fields);
        HostInfo(words)
    }
}

/// What the host is to do with a signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Disposition {
    Default,
    Ignore,
    /// Catch it, with these flags of SA_NOCLDSTOP and SA_NOCLDWAIT.
    Catch {
        flags: u32,
    },
}

thread_local! {
    /// The signal that waits; valid while `SIGNAL_PENDING` is not 0. Written by the handler only while it is 0.
    static SLOT: UnsafeCell<HostInfo> = const { UnsafeCell::new(HostInfo([0; 32])) };
    /// What to kick; set on threads that run a guest.
    static KICKER: Cell<Option<Kicker>> = const { Cell::new(None) };
    /// Whether this thread runs a guest.
    static IS_GUEST: Cell<bool> = const { Cell::new(false) };
    /// Signals of the fault kind that were sent by a process while the guest blocks them, by bit. Like the mask, changed
    /// by this thread and its signal handler only.
    static HELD: AtomicU64 = const { AtomicU64::new(0) };
    /// Which signals of the fault kind the guest blocks, by bit.
    static HELD_MASK: AtomicU64 = const { AtomicU64::new(0) };
}

/// A thread that runs the guest, to which signals caught elsewhere are passed on.
static GUEST_THREAD: AtomicI32 = AtomicI32::new(0);

/// The bits of the signals that instructions raise.
pub(crate) const FAULT_BITS: u64 = {
    let mut bits = 0;
    let mut i = 0;
    while i < FAULT_SIGNALS.len() {
        bits |= 1 << (FAULT_SIGNALS[i] - 1);
        i += 1;
    }
    bits
};

global_asm!(
    ".pushsection .text.demotic_restorer,\"ax\",@progbits",
    // The kernel has no other way back from a handler on x86-64.
    "demotic_restorer:",
    "mov rax, 15",
    "syscall",
    ".popsection",
);

unsafe extern "C" {
    fn demotic_restorer();
}

/// Whether SIGPIPE was ignored when the process began: Rust's start-up code ignores it before `main`.
static SIGPIPE_IGNORED: AtomicI32 = AtomicI32::new(0);

/// Which of the descriptors 0 to 2 were closed when the process began, as bits: Rust's start-up code opens them.
static STANDARD_CLOSED: AtomicI32 = AtomicI32::new(0);

const STANDARD: std::ops::RangeInclusive<i32> = 0..=2;

extern "C" fn look_at_start() {
    let ignored = current(libc::SIGPIPE).is_ok_and(|action| action.handler == libc::SIG_IGN as u64);
    SIGPIPE_IGNORED.store(i32::from(ignored), Ordering::SeqCst);
    let is_closed = |fd: &i32| call_now(libc::SYS_fcntl, &[(*fd).into(), libc::F_GETFD.into()]).is_err();
    let closed = STANDARD.filter(is_closed).fold(0, |bits, fd| bits | 1 << fd);
    STANDARD_CLOSED.store(closed, Ordering::SeqCst);
}

// SAFETY: run once by the C library before main; it only does system calls and stores their results.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK_AT_START: extern "C" fn() = look_at_start;

/// The kernel's size of a signal set.
const SET_SIZE: u64 = 8;

fn current(signal: i32) -> Result<KernelAction, Errno> {
    let mut action = KernelAction::zeroed();
    let args = [signal.into(), Arg::null(), Arg::output(&mut action), SET_SIZE.into()];
    call_now(libc::SYS_rt_sigaction, &args)?;
    Ok(action)
}

/// Whether the process ignores a signal.
pub(crate) fn is_ignored(signal: i32) -> bool {
    current(signal).is_ok_and(|action| action.handler == libc::SIG_IGN as u64)
}

/// Prepares this thread for running a guest.
pub(crate) fn start() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        add_fault_hook(on_sent_fault);
        if SIGPIPE_IGNORED.load(Ordering::SeqCst) == 0 {
            let _ = set_disposition(libc::SIGPIPE, Disposition::Default);
        }
        let closed = STANDARD_CLOSED.load(Ordering::SeqCst);
        for fd in STANDARD.filter(|fd| closed >> fd & 1 != 0) {
            let _ = call_now(libc::SYS_close, &[fd.into()]);
        }
    });
    IS_GUEST.set(true);
    adopt_thread();
}

/// Prepares a further thread for running its part of a guest. Its signals are blocked until [`set_mask`].
pub(crate) fn begin_thread() {
    IS_GUEST.set(true);
}

/// A thread's guest has ended: what it leaves behind can be used by another.
pub(crate) fn end_thread() {
    block_everything();
    set_kicker(None);
    IS_GUEST.set(false);
}

/// Blocks all signals, for a thread that does nothing any more.
pub(crate) fn block_everything() {
    set_host_mask(u64::MAX);
}

/// Sends a caught signal to this thread again, for the host to deal with: the guest does not catch it any more.
pub(crate) fn send_again(info: &HostInfo) {
    let args = [std::process::id().into(), thread_id().into(), info.signal().into(), Arg::input(info)];
    let _ = call_now(libc::SYS_rt_tgsigqueueinfo, &args);
}

/// To be called by the thread that runs the guest, again after a fork.
pub(crate) fn adopt_thread() {
    GUEST_THREAD.store(thread_id() as i32, Ordering::SeqCst);
}

/// Sets what signals stop; gives what they stopped before.
pub(crate) fn set_kicker(kicker: Option<Kicker>) -> Option<Kicker> {
    KICKER.replace(kicker)
}

/// Sets the host's disposition of a signal. Those of the fault kind stay ours.
pub(crate) fn set_disposition(signal: i32, disposition: Disposition) -> Result<(), Errno> {
    if FAULT_BITS & signal_bit(signal) != 0 {
        return Ok(());
    }
    set_any_disposition(signal, disposition)
}

/// Sets the host's disposition of a signal, of whatever kind.
pub(crate) fn set_any_disposition(signal: i32, disposition: Disposition) -> Result<(), Errno> {
    const SA_RESTORER: u64 = 0x0400_0000;
    let ours = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
    let (handler, flags) = match disposition {
        Disposition::Default => (libc::SIG_DFL as u64, 0),
        Disposition::Ignore => (libc::SIG_IGN as u64, 0),
        Disposition::Catch { flags } => (on_signal as *const () as u64, ours as u64 | u64::from(flags)),
    };
    let restorer = demotic_restorer as *const () as u64;
    let action = KernelAction { handler, flags: flags | SA_RESTORER, restorer, mask: u64::MAX };
    let args = [signal.into(), Arg::input(&action), Arg::null(), SET_SIZE.into()];
    call_now(libc::SYS_rt_sigaction, &args).map(|_| ())
}

/// Sets this thread's mask to what the guest wants.
pub(crate) fn set_mask(mask: u64) {
    HELD_MASK.with(|held| held.store(mask & FAULT_BITS, Ordering::SeqCst));
    set_host_mask(mask & !FAULT_BITS);
}

fn set_host_mask(host: u64) {
    let args = [libc::SIG_SETMASK.into(), Arg::input(&host), Arg::null(), SET_SIZE.into()];
    let done = call_now(libc::SYS_rt_sigprocmask, &args);
    debug_assert!(done.is_ok(), "the arguments are valid");
}

/// Blocks every signal that can be blocked, so that the slot stays as it is.
pub(crate) fn block_all() {
    set_host_mask(!FAULT_BITS);
}

/// This thread's mask.
pub(crate) fn mask() -> u64 {
    let mut host = 0u64;
    let args = [libc::SIG_SETMASK.into(), Arg::null(), Arg::output(&mut host), SET_SIZE.into()];
    call_now(libc::SYS_rt_sigprocmask, &args).map_or(0, |_| host)
}

/// Signals that have been sent but are blocked.
pub(crate) fn pending() -> u64 {
    let mut host = 0u64;
    let args = [Arg::output(&mut host), SET_SIZE.into()];
    let host = call_now(libc::SYS_rt_sigpending, &args).map_or(0, |_| host);
    host | held()
}

/// Takes the signal that waits, if one does. All signals stay blocked until [`set_mask`].
pub(crate) fn take() -> Option<HostInfo> {
    SIGNAL_PENDING.with(|pending| {
        if pending.load(Ordering::SeqCst) == 0 {
            return None;
        }
        // SAFETY: the handler does not write while the word is not 0, and nobody else has a reference.
        let info = SLOT.with(|slot| unsafe { *slot.get() });
        pending.store(0, Ordering::SeqCst);
        Some(info)
    })
}

/// Signals of the fault kind that were held back.
fn held() -> u64 {
    HELD.with(|held| held.load(Ordering::SeqCst))
}

/// Whether a signal of the fault kind that is not in `mask` was held back.
pub(crate) fn holds_deliverable(mask: u64) -> bool {
    held() & !mask != 0
}

/// Takes a signal of the fault kind that was held back and is not in `mask`.
pub(crate) fn take_held(mask: u64) -> Option<i32> {
    let held = held() & !mask;
    if held == 0 {
        return None;
    }
    let signal = held.trailing_zeros() as i32 + 1;
    HELD.with(|held| held.fetch_and(!signal_bit(signal), Ordering::SeqCst));
    Some(signal)
}

/// Forgets signals of this thread, which a new child does not inherit.
pub(crate) fn forget_pending() {
    SIGNAL_PENDING.with(|pending| pending.store(0, Ordering::SeqCst));
    HELD.with(|held| held.store(0, Ordering::SeqCst));
}

extern "C" fn on_signal(_: i32, info: *const HostInfo, context: *mut libc::ucontext_t) {
    // SAFETY: the kernel passes valid pointers to an SA_SIGINFO handler, and nobody else uses them meanwhile.
    let (info, context) = unsafe { (&*info, &mut *context) };
    catch(info, context);
}

/// The fault signals' hook: those that a process sent are signals like others.
fn on_sent_fault(cx: &mut FaultContext<'_>) -> bool {
    if cx.code() > 0 {
        return false;
    }
    let bit = signal_bit(cx.signal());
    let blocked = HELD_MASK.with(|mask| mask.load(Ordering::SeqCst) & bit != 0);
    if blocked || SIGNAL_PENDING.with(|p| p.load(Ordering::SeqCst) != 0) {
        HELD.with(|held| held.fetch_or(bit, Ordering::SeqCst));
        if let Some(kicker) = KICKER.get() {
            kicker.kick();
        }
        return true;
    }
    // SAFETY: the host's siginfo_t is 128 bytes of plain data.
    let info = unsafe { *std::ptr::from_ref(cx.info()).cast::<HostInfo>() };
    catch(&info, cx.context());
    true
}

/// Puts a signal into the thread's slot. Runs in a signal handler, with all signals blocked.
fn catch(info: &HostInfo, context: &mut libc::ucontext_t) {
    if !IS_GUEST.get() {
        // Another thread of ours was chosen. The guest's own thread takes it from here.
        let pid = std::process::id();
        let tid = GUEST_THREAD.load(Ordering::SeqCst);
        let args = [pid.into(), tid.into(), info.signal().into(), Arg::input(info)];
        let _ = call_now(libc::SYS_rt_tgsigqueueinfo, &args);
        return;
    }
    // SAFETY: the word is 0 (else all signals were blocked), so nobody reads the slot now.
    SLOT.with(|slot| unsafe { *slot.get() = *info });
    SIGNAL_PENDING.with(|pending| pending.store(1, Ordering::SeqCst));
    // SAFETY: the mask that the kernel restores is the first 8 bytes of glibc's larger sigset_t.
    unsafe { *(&raw mut context.uc_sigmask).cast::<u64>() = !FAULT_BITS };
    let registers = &mut context.uc_mcontext.gregs;
    let (rip, rcx) = (registers[libc::REG_RIP as usize] as u64, registers[libc::REG_RCX as usize] as u64);
    registers[libc::REG_RIP as usize] = Stub::resume_at(rip, rcx) as i64;
    if let Some(kicker) = KICKER.get() {
        kicker.kick();
    }
}

/// Ends the process by a signal's default action, without a core dump.
pub(crate) fn die(signal: i32) -> ! {
    let no_core = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    let _ = call_now(libc::SYS_setrlimit, &[libc::RLIMIT_CORE.into(), Arg::input(&no_core)]);
    let _ = set_any_disposition(signal, Disposition::Default);
    let others = !signal_bit(signal);
    let args = [libc::SIG_SETMASK.into(), Arg::input(&others), Arg::null(), SET_SIZE.into()];
    let _ = call_now(libc::SYS_rt_sigprocmask, &args);
    let _ = call_now(libc::SYS_tgkill, &[std::process::id().into(), thread_id().into(), signal.into()]);
    // Not every signal's default action is to end the process.
    super::host::exit(128 + signal)
}
