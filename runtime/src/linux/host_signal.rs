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
use super::ptrace;
use super::ptrace::stop::Stop;

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
    /// The same information with another signal in place of this one, which is kept in it with its code.
    pub(crate) fn carried(&self) -> HostInfo {
        let mut carrier = *self;
        carrier.0[..4].copy_from_slice(&[libc::SIGTRAP as u32, self.0[0], ptrace::CARRIER as u32, self.0[2]]);
        carrier
    }
    /// A request to stop without a signal, from this process.
    pub(crate) fn interruption() -> HostInfo {
        HostInfo::new(libc::SIGTRAP, 0, ptrace::CARRIER, &[std::process::id()])
    }
    /// The address in the value of a queued signal.
    pub(crate) fn place(&self) -> u64 {
        u64::from(self.0[7]) << 32 | u64::from(self.0[6])
    }
    /// A word of it; the union begins with word 4.
    pub(crate) fn word(&self, index: usize) -> u32 {
        self.0[index]
    }
    /// Changes a word.
    pub(crate) fn set_word(&mut self, index: usize, value: u32) {
        self.0[index] = value;
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
    /// The signal that waits; valid while `SIGNAL_PENDING` has `CAUGHT`. Written by the handler only while it has not.
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
    /// What a tracer has asked for: `ASK_…`, and in the upper half the number of the thread that it has asked.
    static ASKED: AtomicU64 = const { AtomicU64::new(0) };
    /// Who has sent the SIGSTOP that is among it: process, and in the upper half user.
    static STOPPED_BY: AtomicU64 = const { AtomicU64::new(0) };
}

/// Bits of `SIGNAL_PENDING`: there is a signal in the slot; there is something in `ASKED`.
const CAUGHT: u32 = 1;
const ASKING: u32 = 2;

const ASK_STOP: u64 = 1;
const ASK_INTERRUPT: u64 = 2;
const ASK_EXEC: u64 = 4;
/// Nothing, but there is a tracer.
const ASK_NOTHING: u64 = 8;

/// What a tracer asks a thread for, where its registers are whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Asked {
    /// To take a SIGSTOP, from this process and user.
    pub(crate) stop: Option<(i32, u32)>,
    /// To stop without a signal.
    pub(crate) interrupt: bool,
    /// To stop because it has executed a program.
    pub(crate) exec: bool,
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
        if pending.load(Ordering::SeqCst) & CAUGHT == 0 {
            return None;
        }
        // SAFETY: the handler does not write while the bit is set, and nobody else has a reference.
        let info = SLOT.with(|slot| unsafe { *slot.get() });
        pending.fetch_and(!CAUGHT, Ordering::SeqCst);
        Some(info)
    })
}

/// Whether a signal is in the slot.
pub(crate) fn has_caught() -> bool {
    SIGNAL_PENDING.with(|pending| pending.load(Ordering::SeqCst) & CAUGHT != 0)
}

/// Takes what a tracer has asked this thread for, if it has.
pub(crate) fn take_asked() -> Option<Asked> {
    let pending = SIGNAL_PENDING.with(|pending| pending.load(Ordering::SeqCst));
    if pending & ASKING == 0 {
        return None;
    }
    SIGNAL_PENDING.with(|pending| pending.fetch_and(!ASKING, Ordering::SeqCst));
    let asked = ASKED.with(|asked| asked.swap(0, Ordering::SeqCst));
    let by = STOPPED_BY.with(|by| by.load(Ordering::SeqCst));
    // A child may have a copy of what its parent was asked for.
    (asked >> 32 == u64::from(thread_id())).then_some(Asked {
        stop: (asked & ASK_STOP != 0).then_some((by as i32, (by >> 32) as u32)),
        interrupt: asked & ASK_INTERRUPT != 0,
        exec: asked & ASK_EXEC != 0,
    })
}

/// Has this thread stop for its tracer before its first instruction, since it has executed a program.
pub(crate) fn ask_for_exec_stop() {
    ask(ASK_EXEC);
}

/// Notes that a tracer asks for something. Called in signal handlers, too.
fn ask(what: u64) {
    let tid = u64::from(thread_id()) << 32;
    ASKED.with(|asked| {
        let same = asked.load(Ordering::SeqCst) >> 32 == tid >> 32;
        let before = if same { asked.load(Ordering::SeqCst) } else { 0 };
        asked.store(before | tid | what, Ordering::SeqCst);
    });
    SIGNAL_PENDING.with(|pending| pending.fetch_or(ASKING, Ordering::SeqCst));
    if let Some(kicker) = KICKER.get() {
        kicker.kick();
    }
}

/// Stops for the tracer, which finds out why in `stop` and answers there. Returns at once if there is none.
pub(crate) fn stop_for_tracer(stop: &mut Stop) {
    let place = std::ptr::from_mut(stop) as u64;
    let fields = [std::process::id(), 0, place as u32, (place >> 32) as u32];
    let info = HostInfo::new(libc::SIGTRAP, 0, ptrace::MARK, &fields);
    let ids = [std::process::id(), thread_id()].map(Arg::from);
    // The kernel takes four arguments; the last one is the tracer's.
    let args = [ids[0], ids[1], libc::SIGTRAP.into(), Arg::input(&info), Arg::output(stop)];
    let _ = call_now(libc::SYS_rt_tgsigqueueinfo, &args);
}

/// Sends a signal to this thread, for the host to do what it does by default: the signal stops. The tracer is told by
/// `stop` that this is not one to be shown.
pub(crate) fn stop_by_default(signal: i32, stop: Option<&mut Stop>) {
    let ids = [std::process::id(), thread_id()].map(Arg::from);
    let _ = match stop {
        Some(stop) => call_now(libc::SYS_tgkill, &[ids[0], ids[1], signal.into(), Arg::output(stop)]),
        None => call_now(libc::SYS_tgkill, &[ids[0], ids[1], signal.into()]),
    };
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
    let asked = ASKED.with(|asked| asked.load(Ordering::SeqCst) >> 32 == u64::from(thread_id()));
    let kept = if asked { ASKING } else { 0 };
    SIGNAL_PENDING.with(|pending| pending.fetch_and(kept, Ordering::SeqCst));
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
    match cx.code() {
        // Nobody traces us any more.
        ptrace::MARK => return true,
        ptrace::CARRIER => {
            // SAFETY: the host's siginfo_t is 128 bytes of plain data.
            let info = unsafe { *std::ptr::from_ref(cx.info()).cast::<HostInfo>() };
            accept(&info, cx.context());
            return true;
        }
        _ => {}
    }
    let bit = signal_bit(cx.signal());
    let blocked = HELD_MASK.with(|mask| mask.load(Ordering::SeqCst) & bit != 0);
    if blocked || has_caught() {
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

/// Accepts what the tracer has sent in place of a signal.
fn accept(carrier: &HostInfo, context: &mut libc::ucontext_t) {
    match carrier.errno() {
        0 => ask(ASK_INTERRUPT),
        libc::SIGSTOP => {
            let by = u64::from(carrier.word(5)) << 32 | u64::from(carrier.word(4));
            STOPPED_BY.with(|sender| sender.store(by, Ordering::SeqCst));
            ask(ASK_STOP);
        }
        signal => {
            let mut info = *carrier;
            // The code has been kept where the host's structure has nothing.
            (info.0[0], info.0[1], info.0[2], info.0[3]) = (signal as u32, 0, carrier.0[3], 0);
            ask(ASK_NOTHING);
            if has_caught() {
                return send_again(&info);
            }
            return catch(&info, context);
        }
    }
    interrupt_call(context);
}

/// Has a system call of the interrupted code end at once.
fn interrupt_call(context: &mut libc::ucontext_t) {
    let registers = &mut context.uc_mcontext.gregs;
    let (rip, rcx) = (registers[libc::REG_RIP as usize] as u64, registers[libc::REG_RCX as usize] as u64);
    registers[libc::REG_RIP as usize] = Stub::resume_at(rip, rcx) as i64;
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
    // SAFETY: the bit is 0 (else all signals were blocked), so nobody reads the slot now.
    SLOT.with(|slot| unsafe { *slot.get() = *info });
    SIGNAL_PENDING.with(|pending| pending.fetch_or(CAUGHT, Ordering::SeqCst));
    // SAFETY: the mask that the kernel restores is the first 8 bytes of glibc's larger sigset_t.
    unsafe { *(&raw mut context.uc_sigmask).cast::<u64>() = !FAULT_BITS };
    interrupt_call(context);
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
