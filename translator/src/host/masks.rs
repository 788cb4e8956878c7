//! The thread's signal mask.

use std::mem::MaybeUninit;

use super::signal::FAULT_SIGNALS;

/// Runs `f` with all signals blocked that instructions do not raise; threads that it starts inherit that. Faults of
/// guarded accesses must be caught on every thread.
pub(crate) fn with_signals_blocked<T>(f: impl FnOnce() -> T) -> T {
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    let mut old = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: both sets are initialised by the calls before they are read.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        for signal in FAULT_SIGNALS {
            libc::sigdelset(all.as_mut_ptr(), signal);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), old.as_mut_ptr());
    }
    let result = f();
    // SAFETY: `old` was filled above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, old.as_ptr(), std::ptr::null_mut()) };
    result
}
