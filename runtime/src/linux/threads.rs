//! A guest process's threads, and what they share.
//!
//! A guest thread is a host thread with a [`LinuxProcess`] of its own, which holds the thread's state and handles of what
//! it has in common with the others: memory, the actions of signals, and the [`ThreadGroup`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use demotic_ir::{CpuState, Fault};
use demotic_translator::Siblings;

use super::host::{self, Arg, Errno};
use super::{ExitStatus, LinuxProcess, host_signal};
use crate::memory::UserMemory;

/// What runs the threads that a guest makes.
pub trait ThreadEngine: fmt::Debug + Send + Sync {
    /// Runs a thread from these registers until it ends, on the present host thread.
    fn run(&self, cpu: &CpuState, thread: &mut LinuxProcess);
}

impl ThreadEngine for Siblings<UserMemory> {
    fn run(&self, cpu: &CpuState, thread: &mut LinuxProcess) {
        let mut vcpu = self.vcpu();
        vcpu.cpu().clone_from(cpu);
        thread.set_kicker(vcpu.kicker());
        vcpu.run(thread);
    }
}

/// What the threads of a process share besides memory and signal actions.
#[derive(Debug)]
pub(crate) struct ThreadGroup {
    engine: OnceLock<Arc<dyn ThreadEngine>>,
    /// Protected by its lock: how many threads there are, and the last status that one ended with.
    living: Mutex<(usize, i32)>,
    ended: Condvar,
    /// Held while the host makes a thread or a process: locks of libc that are taken for the one would stay so in the other.
    making: Mutex<()>,
    /// The heads of the threads' lists of robust futexes.
    robust_lists: Mutex<BTreeMap<u32, u32>>,
    /// `personality`, of which nothing but the number is kept.
    pub(crate) personality: AtomicU32,
}

impl ThreadGroup {
    /// A group of one thread.
    pub(crate) fn new(personality: u32) -> ThreadGroup {
        ThreadGroup {
            engine: OnceLock::new(),
            living: Mutex::new((1, 0)),
            ended: Condvar::new(),
            making: Mutex::default(),
            robust_lists: Mutex::default(),
            personality: AtomicU32::new(personality),
        }
    }

    /// The group of a forked child.
    pub(crate) fn forked(&self) -> ThreadGroup {
        let child = self.vforked();
        ThreadGroup { engine: self.engine.clone(), ..child }
    }

    /// The group of a child that shares our memory, and is interpreted by itself: it cannot make threads.
    pub(crate) fn vforked(&self) -> ThreadGroup {
        ThreadGroup::new(self.personality.load(Ordering::Relaxed))
    }

    /// What runs new threads, if there is anything.
    pub(crate) fn engine(&self) -> Option<Arc<dyn ThreadEngine>> {
        self.engine.get().cloned()
    }

    /// Does something, making a thread or a process, while nobody else does that.
    pub(crate) fn with_threads_held<T>(&self, f: impl FnOnce() -> T) -> T {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        f()
    }

    fn living(&self) -> MutexGuard<'_, (usize, i32)> {
        self.living.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread is about to begin.
    pub(crate) fn enter(&self) {
        self.living().0 += 1;
    }

    /// Whether the calling thread is the only one.
    pub(crate) fn is_one(&self) -> bool {
        self.living().0 == 1
    }

    /// A thread has ended; gives whether it was the last one.
    pub(crate) fn leave(&self, status: i32) -> bool {
        let mut living = self.living();
        *living = (living.0 - 1, status);
        self.ended.notify_all();
        living.0 == 0
    }

    fn robust_lists(&self) -> MutexGuard<'_, BTreeMap<u32, u32>> {
        self.robust_lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The head of a thread's list of robust futexes, or 0.
    pub(crate) fn robust_list(&self, tid: u32) -> u32 {
        self.robust_lists().get(&tid).copied().unwrap_or(0)
    }

    /// Waits until all threads have ended; gives the status of the last one.
    fn wait_for_last(&self) -> i32 {
        let all = self.ended.wait_while(self.living(), |living| living.0 > 0);
        all.unwrap_or_else(PoisonError::into_inner).1
    }
}

/// What the kernel keeps for one thread.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct ThreadState {
    /// Where the thread's number is to be erased when it ends.
    pub(crate) clear_tid: u32,
    /// It has ended, but the process has not.
    pub(crate) over: bool,
}

/// `struct robust_list_head`: offsets of its fields and its size.
mod robust {
    pub(super) const OFFSET: u32 = 4;
    pub(super) const PENDING: u32 = 8;
    /// Entries that are looked at, in case the list is a circle (`ROBUST_LIST_LIMIT`).
    pub(super) const LIMIT: usize = 2048;
    /// Entries of priority-inheriting futexes have this bit.
    pub(super) const PI: u32 = 1;
}

impl LinuxProcess {
    /// Ends the calling thread, and the process if it is the last.
    pub(crate) fn end_thread(&mut self, status: i32) {
        self.release_robust_list();
        let clear_tid = std::mem::take(&mut self.thread.clear_tid);
        if clear_tid != 0 && !self.group.is_one() {
            // Linux does not look whether this succeeds either.
            let _ = self.memory.write_u32(clear_tid, 0);
            self.wake_one(clear_tid, 0);
        }
        if self.group.leave(status) {
            self.exit = Some(ExitStatus::Code(status));
        } else if host::thread_id() == std::process::id() {
            // The process's files in /proc are those of its first thread, which therefore stays.
            host_signal::block_everything();
            self.exit = Some(ExitStatus::Code(self.group.wait_for_last()));
        } else {
            self.thread.over = true;
        }
    }

    /// Keeps the head of the calling thread's list of robust futexes.
    pub(crate) fn set_robust_list(&self, head: u32) {
        self.group.robust_lists().insert(host::thread_id(), head);
    }

    /// Marks the robust futexes that the thread holds as left by a dead owner, and wakes who waits for them.
    pub(crate) fn release_robust_list(&self) {
        let head = self.group.robust_lists().remove(&host::thread_id());
        if let Some(head) = head.filter(|&head| head != 0) {
            // A list that cannot be read to its end is given up there.
            let _ = self.walk_robust_list(head);
        }
    }

    fn walk_robust_list(&self, head: u32) -> Result<(), Fault> {
        let word = |addr: u32| self.memory.read_u32(addr);
        let offset = word(head.wrapping_add(robust::OFFSET))?;
        let pending = word(head.wrapping_add(robust::PENDING))?;
        let mut entry = word(head)?;
        for _ in 0..robust::LIMIT {
            if entry & !robust::PI == head {
                break;
            }
            // Before the futex is released: its memory may be another's then.
            let next = word(entry & !robust::PI);
            if entry & !robust::PI != pending & !robust::PI {
                self.release_robust(entry, offset, false)?;
            }
            entry = next?;
        }
        if pending & !robust::PI != 0 {
            self.release_robust(pending, offset, true)?;
        }
        Ok(())
    }

    /// Releases an entry of the list. A `pending` one was being acquired or released.
    fn release_robust(&self, entry: u32, offset: u32, pending: bool) -> Result<(), Fault> {
        let (addr, inherits) = ((entry & !robust::PI).wrapping_add(offset), entry & robust::PI != 0);
        let tid = host::thread_id();
        let old = self.memory.update_u32(addr, |word| match word & libc::FUTEX_TID_MASK {
            owner if owner == tid => word & libc::FUTEX_WAITERS | libc::FUTEX_OWNER_DIED,
            _ => word,
        })?;
        let died = old & libc::FUTEX_TID_MASK == tid && old & libc::FUTEX_WAITERS != 0;
        // It may have been released, and nobody woken yet.
        let unfinished = pending && old == 0;
        if !inherits && (died || unfinished) {
            self.wake_one(addr, 0);
        } else if died && self.memory.is_big() {
            // No kernel knows who waits for it.
            self.wake_one(addr, 0);
            self.wake_one(addr, libc::FUTEX_PRIVATE_FLAG);
        }
        Ok(())
    }

    fn wake_one(&self, addr: u32, flags: i32) {
        if let Some(word) = self.memory.host_range(addr, 4) {
            let args: [Arg<'_>; 3] = [word.into(), (libc::FUTEX_WAKE | flags).into(), 1.into()];
            let _: Result<u64, Errno> = host::call_now(libc::SYS_futex, &args);
        }
    }

    /// Says what runs the threads that the guest makes; without it, it cannot make any.
    pub fn run_threads_on(&self, engine: Arc<dyn ThreadEngine>) {
        // The first one stays, if there was one.
        let _ = self.group.engine.set(engine);
    }
}
