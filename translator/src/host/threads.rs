//! Threads by their numbers, as the kernel has them.

use std::time::Duration;

/// The calling thread's number.
pub(crate) fn this_thread() -> i32 {
    // SAFETY: cannot fail and touches no memory.
    unsafe { libc::gettid() }
}

/// Waits until the kernel has forgotten a thread that is ending; for a process to be alone it does not suffice that
/// another thread has been joined.
pub(crate) fn wait_until_gone(thread: i32) {
    const PAUSE: Duration = Duration::from_micros(50);
    // More than it can take, should the number be another's already.
    const PAUSES: u32 = 20_000;
    for _ in 0..PAUSES {
        // SAFETY: signal 0 is none: this only asks.
        if unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, 0) } != 0 {
            return;
        }
        std::thread::sleep(PAUSE);
    }
}
