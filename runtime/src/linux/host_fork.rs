//! Child processes that libc's `fork` cannot make, and the allocator that goes with them.
//!
//! A child has only the thread that forked; what other threads held locked stays locked in it. libc's `fork` sees to its
//! own locks, the system call does not. So while that is done no other thread may be in libc's allocator: each use of it
//! holds [`IN_USE`] for reading.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use super::host::{Errno, last_errno};

/// What a child is to be like besides having a copy of our memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Child<'a> {
    /// `CLONE_…` that the host's kernel does, without the signal.
    pub(crate) flags: u64,
    /// The signal that tells of its end, or 0.
    pub(crate) exit_signal: i32,
    /// Its numbers in the innermost of its namespaces, if they are chosen.
    pub(crate) numbers: &'a [i32],
    /// The control group that it begins in, with `CLONE_INTO_CGROUP`.
    pub(crate) cgroup: u32,
}

/// Held for reading by who uses libc's allocator, for writing by who forks.
static IN_USE: RwLock<()> = RwLock::new(());

fn use_it() -> RwLockReadGuard<'static, ()> {
    IN_USE.read().unwrap_or_else(PoisonError::into_inner)
}

/// libc's allocator, which nobody else uses while a process is made by system call.
#[derive(Debug)]
struct Allocator;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

// SAFETY: all is left to `System`, whose conditions are those of our callers.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _in_use = use_it();
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let _in_use = use_it();
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let _in_use = use_it();
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _in_use = use_it();
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, size) }
    }
}

/// Forks; 0 in the child. With `CLONE_PIDFD`, gives a descriptor of the child, too.
pub(crate) fn fork(child: &Child<'_>) -> Result<(i32, i32), Errno> {
    const ORDINARY: Child<'_> = Child { flags: 0, exit_signal: libc::SIGCHLD, numbers: &[], cgroup: 0 };
    let &Child { flags, exit_signal, numbers, cgroup } = child;
    if flags == ORDINARY.flags && exit_signal == ORDINARY.exit_signal && numbers.is_empty() {
        // SAFETY: the engine has been told; its threads do not exist in the child, and it copes with that.
        return answer(i64::from(unsafe { libc::fork() }), -1);
    }
    let mut pidfd = -1i32;
    let args = libc::clone_args {
        flags,
        pidfd: &raw mut pidfd as u64,
        exit_signal: exit_signal as u64,
        set_tid: if numbers.is_empty() { 0 } else { numbers.as_ptr() as u64 },
        set_tid_size: numbers.len() as u64,
        cgroup: cgroup.into(),
        child_tid: 0,
        parent_tid: 0,
        stack: 0,
        stack_size: 0,
        tls: 0,
    };
    let alone = IN_USE.write().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: as above; without CLONE_VM the child goes on in its own copy of this stack. The addresses are of values that
    // live until then.
    let result = unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of_val(&args)) };
    drop(alone);
    answer(result, pidfd)
}

fn answer(result: i64, pidfd: i32) -> Result<(i32, i32), Errno> {
    if result < 0 { Err(last_errno()) } else { Ok((result as i32, pidfd)) }
}
