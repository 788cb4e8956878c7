//! The tracing side: which threads this process traces, and what it knows of each.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::board::{Board, read_value, write_value};
use super::stop::{Command, Kind, Stop};
use crate::linux::abi::GuestAbi;
use crate::linux::host::{self, Arg, Errno, Plain};
use crate::linux::host_signal::HostInfo;
use crate::linux::proc_files::status_number;

/// Options that the host sees to. That a program has been executed is always wanted: the description is gone then.
const HOST_OPTIONS: i32 = libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEVFORKDONE
    | libc::PTRACE_O_TRACEEXIT
    | libc::PTRACE_O_EXITKILL;

/// The host's options for those of a guest.
pub(super) fn host_options(guest: u32) -> i32 {
    guest as i32 & HOST_OPTIONS | libc::PTRACE_O_TRACEEXEC
}

/// Does a request of the host's; `data` is a number or an address of ours.
pub(super) fn host_ptrace(request: u32, tid: i32, addr: u64, data: Arg<'_>) -> Result<u64, Errno> {
    host::call_now(libc::SYS_ptrace, &[request.into(), tid.into(), addr.into(), data])
}

/// Tells the host the options that it is to see to.
pub(super) fn set_host_options(tid: i32, guest: u32) -> Result<u64, Errno> {
    host_ptrace(libc::PTRACE_SETOPTIONS, tid, 0, host_options(guest).into())
}

/// The information of the signal that a tracee has stopped for.
pub(super) fn host_signal_info(tid: i32) -> Result<HostInfo, Errno> {
    let mut info = HostInfo::zeroed();
    host_ptrace(libc::PTRACE_GETSIGINFO, tid, 0, Arg::output(&mut info))?;
    Ok(info)
}

/// The message of the host's event that a tracee has stopped for.
pub(super) fn host_message(tid: i32) -> u64 {
    let mut message = 0u64;
    host_ptrace(libc::PTRACE_GETEVENTMSG, tid, 0, Arg::output(&mut message)).map_or(0, |_| message)
}

/// Lets a tracee go on as far as the host is concerned.
pub(super) fn host_continue(tid: i32, signal: i32) {
    // Where it fails, the tracee has been killed meanwhile.
    let _ = host_ptrace(libc::PTRACE_CONT, tid, 0, signal.into());
}

/// What a tracer knows of a thread.
#[derive(Default)]
pub(super) struct Tracee {
    /// The process that it belongs to.
    pub(super) pid: i32,
    /// Where its description is in its memory; 0 while that is not known.
    place: u64,
    /// The description, while the guest may work on it.
    stop: Option<Box<Stop>>,
    /// Whether it has executed a program that has not shown itself yet.
    pub(super) fresh: bool,
    /// What the guest has set with PTRACE_SETOPTIONS.
    pub(super) options: u32,
    /// Whether the host has been told the options.
    pub(super) configured: bool,
    /// Traced by PTRACE_SEIZE.
    pub(super) seized: bool,
    /// The event that it was shown to have stopped for, or 0.
    pub(super) event: u32,
    /// The signal that it was shown to have stopped for, by host number.
    pub(super) signal: i32,
    /// What PTRACE_GETEVENTMSG gives.
    pub(super) message: u64,
    /// How it was made to go on the last time.
    pub(super) command: Option<Command>,
    /// Its host stop, while it is not known yet who has made it for what.
    pub(super) held: Option<i32>,
    /// It waits for the end of its job's stop (PTRACE_LISTEN).
    pub(super) listening: bool,
}

impl Tracee {
    /// Fetches the description from where it is.
    pub(super) fn fetch(&mut self, tid: i32, place: u64) -> Option<&mut Stop> {
        let mut stop = Box::new(Stop::zeroed());
        read_value(tid, place, stop.as_mut()).ok().filter(|()| stop.is_valid())?;
        self.place = place;
        Some(self.stop.insert(stop))
    }

    /// The description as it is now, if the thread has ever shown one.
    pub(super) fn refetch(&mut self, tid: i32) -> Option<&mut Stop> {
        if self.place == 0 { None } else { self.fetch(tid, self.place) }
    }

    /// The same; where that cannot be had any more, as the thread is about to end, a description of nothing.
    pub(super) fn refetch_or_empty(&mut self, tid: i32) {
        if self.refetch(tid).is_none() {
            let arch = Board::of(tid).and_then(|board| board.abi()).map_or(0, |abi| abi.numbers().audit_arch);
            let mut stop = Box::new(Stop::new());
            stop.arch = arch;
            (self.place, self.stop) = (0, Some(stop));
        }
    }

    /// What it has executed has nothing of what was there before.
    pub(super) fn forget_image(&mut self) {
        (self.place, self.stop, self.fresh) = (0, None, true);
    }

    /// The description that the guest may work on.
    pub(super) fn stopped(&mut self) -> Result<&mut Stop, Errno> {
        if self.listening {
            return Err(Errno(libc::ESRCH));
        }
        self.stop.as_deref_mut().ok_or(Errno(libc::ESRCH))
    }

    /// Whether the guest has been shown that it has stopped.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.is_some()
    }

    /// It runs, and shows nothing.
    pub(super) fn forget_stop(&mut self) {
        self.stop = None;
    }

    /// Answers the description, without letting the thread go on.
    pub(super) fn answer(&mut self, tid: i32, command: Command, inject: i32) {
        if let Some(stop) = self.stop.as_mut().filter(|_| self.place != 0) {
            (stop.command, stop.inject) = (command, inject);
            // Where it fails, the tracee has been killed meanwhile.
            let _ = write_value(tid, self.place, stop.as_ref());
        }
    }

    /// Lets it go on.
    pub(super) fn resume(&mut self, tid: i32, command: Command, inject: i32) {
        self.answer(tid, command, inject);
        self.stop = None;
        self.command = Some(command);
        (self.event, self.listening) = (0, false);
    }

    /// Its ABI.
    pub(super) fn abi(&mut self, tid: i32) -> Result<&'static dyn GuestAbi, Errno> {
        let known = self.stopped().ok().and_then(|stop| crate::linux::abi::by_audit_arch(stop.arch));
        known.or_else(|| Board::of(tid)?.abi()).ok_or(Errno(libc::EIO))
    }

    /// Whether the host's signal that it stopped for is one that it has sent itself.
    pub(super) fn expects(&mut self, tid: i32, signal: i32) -> bool {
        let kinds = [Kind::GROUP, Kind::ENDING];
        let expected =
            self.refetch(tid).is_some_and(|stop| kinds.contains(&stop.kind) && stop.signal == signal);
        if !expected {
            self.stop = None;
        }
        expected
    }
}

/// The threads that this process traces.
#[derive(Default)]
pub(crate) struct Tracees(Mutex<HashMap<i32, Tracee>>);

impl std::fmt::Debug for Tracees {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tracees").field("count", &self.lock().len()).finish()
    }
}

impl Tracees {
    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<i32, Tracee>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with a tracee.
    pub(super) fn with<T>(
        &self,
        tid: i32,
        f: impl FnOnce(&mut Tracee) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        f(self.lock().get_mut(&tid).ok_or(Errno(libc::ESRCH))?)
    }

    /// Begins to trace.
    pub(super) fn insert(&self, tid: i32, options: u32, seized: bool) {
        let pid = status_number(&tid.to_string(), "Tgid").map_or(tid, |pid| pid as i32);
        let tracee = Tracee { pid, options, seized, ..Tracee::default() };
        self.lock().insert(tid, tracee);
    }

    /// Whether a process has a thread that is traced, and has stopped.
    pub(crate) fn has(&self, pid: i32) -> bool {
        self.lock().iter().any(|(&tid, tracee)| tid == pid || tracee.pid == pid)
    }

    /// A thread of a process that has stopped, through which its memory can be changed.
    pub(super) fn stopped_thread(&self, pid: i32) -> Option<i32> {
        let tracees = self.lock();
        let stopped = |tid: &i32| tracees.get(tid).is_some_and(Tracee::is_stopped);
        let of_process = || tracees.iter().filter(|(_, t)| t.pid == pid).map(|(tid, _)| *tid).find(stopped);
        Some(pid).filter(stopped).or_else(of_process)
    }

    /// Memory of a process has been written to: its threads are told before they go on.
    pub(super) fn note_written(&self, tid: i32, start: u32, end: u32) {
        let mut tracees = self.lock();
        let Some(pid) = tracees.get(&tid).map(|tracee| tracee.pid) else { return };
        for tracee in tracees.values_mut().filter(|tracee| tracee.pid == pid) {
            if let Some(stop) = &mut tracee.stop {
                stop.note_written(start, end);
            }
        }
    }
}
