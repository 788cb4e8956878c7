//! `io_uring`: rings of requests and results that a program shares with its kernel.
//!
//! The rings are memory of ours that the guest has mapped too (`ring`). What is in the ring of requests is done when the
//! guest calls `io_uring_enter`, by the same functions as the system calls of that name (`operations`). What would have to
//! wait waits with a thread of ours (`poller`), which does it when its descriptor is ready; that thread has a table of
//! descriptors of its own, with duplicates of those that are waited for, so that none of ours is the guest's to see or to
//! close. What makes descriptors for the guest is done by a second thread (`doer`), which has the guest's table.

mod operations;
mod poller;
mod registered;
mod requests;
mod ring;
mod workers;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::LinuxProcess;
use super::host::{self, Arg, Errno};
use super::syscall::{Call, SysResult};
use workers::Workers;

pub(crate) use registered::register;
pub(crate) use requests::enter;
pub(crate) use ring::{Ring, setup};

/// The rings of a process.
#[derive(Debug, Default)]
pub(crate) struct Rings {
    list: Mutex<Vec<Arc<Ring>>>,
    workers: OnceLock<Workers>,
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a ring's descriptor is known by: the number that the host's kernel has given to the eventfd that stands for it.
fn identity(fd: i32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/thread-self/fdinfo/{fd}")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("eventfd-id:")?.trim().parse().ok())
}

impl Rings {
    /// The ring of a descriptor, if it is one's. Asks the host nothing while there are no rings.
    fn find(&self, fd: i32) -> Option<Arc<Ring>> {
        let rings = lock(&self.list);
        let id = if rings.is_empty() { None } else { identity(fd) }?;
        rings.iter().find(|ring| ring.id == id).cloned()
    }

    /// The ring of a descriptor that has to be one's.
    fn get(&self, fd: i32) -> Result<Arc<Ring>, Errno> {
        if let Some(ring) = self.find(fd) {
            return Ok(ring);
        }
        host::call_now(libc::SYS_fcntl, &[fd.into(), libc::F_GETFD.into()])?;
        Err(Errno(libc::EOPNOTSUPP))
    }

    /// Gives up the rings that no descriptor stands for any more, with what waits for them.
    pub(crate) fn reap(&self) {
        // Held while the descriptors are looked at: a ring that another thread makes meanwhile is not in the list yet.
        let mut list = lock(&self.list);
        if list.is_empty() {
            return;
        }
        let numbers = std::fs::read_dir("/proc/thread-self/fd").into_iter().flatten().flatten();
        let open: Vec<u64> =
            numbers.filter_map(|entry| identity(entry.file_name().to_str()?.parse().ok()?)).collect();
        let (kept, gone) = std::mem::take(&mut *list).into_iter().partition(|ring| open.contains(&ring.id));
        *list = kept;
        drop(list);
        let gone: Vec<Arc<Ring>> = gone;
        if let Some(workers) = self.workers.get() {
            gone.iter().for_each(|ring| workers.forget(ring));
        }
    }

    /// Makes descriptors of rings say what is so: before somebody waits for them.
    pub(crate) fn settle(&self) {
        let rings: Vec<Arc<Ring>> = lock(&self.list).iter().filter(|ring| ring.is_stale()).cloned().collect();
        if let (false, Some(workers)) = (rings.is_empty(), self.workers.get()) {
            workers.settle(rings);
        }
    }

    /// The memory behind an offset of a ring's descriptor, if it is one: host address and length.
    pub(crate) fn memory(&self, fd: i32, offset: u64) -> Option<Result<(u64, u64), Errno>> {
        let ring = self.find(fd)?;
        Some(ring.memory(offset).ok_or(Errno(libc::EINVAL)))
    }
}

impl LinuxProcess {
    /// The threads that serve rings.
    fn ring_workers(&self, c: &demotic_ir::CpuState) -> Result<&Workers, Errno> {
        if let Some(workers) = self.rings.workers.get() {
            return Ok(workers);
        }
        let workers = Workers::start(self, c)?;
        // Another thread's stay, if there are some.
        Ok(self.rings.workers.get_or_init(|| workers))
    }
}

/// Reads what an eventfd holds, so that it is not ready.
fn drain(fd: i32) {
    let mut count = 0u64;
    // It may not be ready already.
    let _ = host::call_now(libc::SYS_read, &[fd.into(), Arg::output(&mut count), 8.into()]);
}

/// Makes an eventfd ready.
fn arouse(fd: i32) {
    // It may be full, which is ready as well.
    let _ = host::call_now(libc::SYS_write, &[fd.into(), Arg::input(&1u64), 8.into()]);
}

/// `close`, after which a ring may be gone.
pub(crate) fn close(c: &mut Call<'_>) -> SysResult {
    let result = host::call(libc::SYS_close, &[c.int_arg(0)]);
    c.process.rings.reap();
    result
}
