//! What the wait calls of a tracer show: guest stops, where the host has stopped a tracee for one.

use super::MARK;
use super::board::Board;
use super::stop::{Command, Kind};
use super::tracees::{
    Tracee, Tracees, host_continue, host_message, host_ptrace, host_signal_info, set_host_options,
};
use crate::linux::host::{self, Arg};
use crate::linux::host_signal::{FAULT_BITS, HostInfo};
use crate::linux::proc_files::status_number;

/// Events of ptrace (linux/ptrace.h).
pub(super) mod event {
    pub(in super::super) const FORK: u32 = 1;
    pub(in super::super) const CLONE: u32 = 3;
    pub(in super::super) const EXEC: u32 = 4;
    pub(in super::super) const SECCOMP: u32 = 7;
    pub(in super::super) const STOP: u32 = 128;
}

/// What a traced thread's system call stops have in their signal, if the tracer wants that.
const SYSGOOD: i32 = 0x80;

/// A wait status that says that a thread has stopped.
fn stopped_status(signal: i32, event: u32) -> i32 {
    (event << 16) as i32 | signal << 8 | 0x7f
}

/// A stop of the host's.
#[derive(Clone, Copy)]
struct HostStop {
    tid: i32,
    signal: i32,
    event: u32,
}

impl Tracees {
    /// What the guest is shown of a status that a wait call of the host has given; nothing if the guest is to wait on.
    pub(crate) fn shown(&self, pid: i32, status: i32) -> Option<i32> {
        if !libc::WIFSTOPPED(status) {
            self.lock().remove(&pid);
            return Some(status);
        }
        let stop = HostStop { tid: pid, signal: libc::WSTOPSIG(status), event: status as u32 >> 16 };
        let info = host_signal_info(pid);
        if info.is_err_and(|errno| errno.0 != libc::EINVAL) {
            // Not ours to trace: a child that has stopped as part of a job.
            return Some(status);
        }
        if !self.lock().contains_key(&pid) {
            self.meet(pid, stop);
        }
        let mut tracees = self.lock();
        let tracee = tracees.get_mut(&pid)?;
        if tracee.held.is_some() {
            tracee.held = Some(status);
            return None;
        }
        if !tracee.configured {
            tracee.configured = set_host_options(pid, tracee.options).is_ok();
        }
        drop(tracees);
        self.shown_stop(stop, info.ok())
    }

    /// A thread that this process traces, and did not know of: one that wants to be traced, or one that a tracee has made.
    fn meet(&self, tid: i32, stop: HostStop) {
        self.insert(tid, 0, stop.event == event::STOP);
        let parent = status_number(&tid.to_string(), "PPid").unwrap_or(0) as i32;
        let mut tracees = self.lock();
        let pid = tracees.get(&tid).map_or(tid, |tracee| tracee.pid);
        let maker = tracees.iter().find(|&(&known, tracee)| {
            known != tid && (tracee.pid == pid || tracee.pid == parent) && tracee.options != 0
        });
        let made = maker.is_some();
        if let Some(tracee) = tracees.get_mut(&tid) {
            // If so, its maker's event says whether it is a thread of the guest's or of Demotic's.
            tracee.held = made.then_some(0);
        }
    }

    fn shown_stop(&self, stop: HostStop, info: Option<HostInfo>) -> Option<i32> {
        let mut tracees = self.lock();
        let tracee = tracees.get_mut(&stop.tid)?;
        match (stop.event, info) {
            (event::EXEC, _) => {
                tracee.forget_image();
                tracee.message = host_message(stop.tid);
                host_continue(stop.tid, 0);
                None
            }
            (event::STOP, _) | (0, None) => shown_group_stop(tracee, stop),
            (0, Some(info)) => shown_signal(tracee, stop, &info),
            (event::FORK..=event::CLONE, _) => {
                drop(tracees);
                self.shown_birth(stop)
            }
            _ => {
                tracee.message = host_message(stop.tid);
                tracee.refetch_or_empty(stop.tid);
                tracee.event = stop.event;
                tracee.signal = libc::SIGTRAP;
                Some(stopped_status(libc::SIGTRAP, stop.event))
            }
        }
    }

    /// A tracee has made a thread or a process: for the guest or for Demotic.
    fn shown_birth(&self, stop: HostStop) -> Option<i32> {
        let child = host_message(stop.tid) as i32;
        let mut tracees = self.lock();
        let tracee = tracees.get_mut(&stop.tid)?;
        let guests = tracee.refetch(stop.tid).is_some_and(|stop| stop.kind == Kind::MAKING);
        let (options, seized) = (tracee.options, tracee.seized);
        if !guests {
            tracee.forget_stop();
            let known = tracees.remove(&child).is_some();
            drop(tracees);
            release(child, known);
            host_continue(stop.tid, 0);
            return None;
        }
        (tracee.event, tracee.message, tracee.signal) = (stop.event, child as u64, libc::SIGTRAP);
        let known = tracees.get_mut(&child).and_then(|tracee| Some((tracee.held.take()?, tracee)));
        if let Some((status, tracee)) = known {
            (tracee.options, tracee.seized) = (options, seized);
            drop(tracees);
            // It was held at its very beginning, which is never shown at once.
            self.shown(child, status);
        } else {
            drop(tracees);
            self.insert(child, options, seized);
        }
        Some(stopped_status(libc::SIGTRAP, stop.event))
    }
}

/// Lets a thread of Demotic's run untraced. If it has not been seen yet, it is about to stop for the first time.
fn release(tid: i32, seen: bool) {
    if !seen {
        let mut status = 0i32;
        let args = [tid.into(), Arg::output(&mut status), libc::__WALL.into(), Arg::null()];
        let _ = host::call_now(libc::SYS_wait4, &args);
    }
    let _ = host_ptrace(libc::PTRACE_DETACH, tid, 0, 0.into());
}

/// The host has stopped a thread with its whole process, or as PTRACE_SEIZE does.
fn shown_group_stop(tracee: &mut Tracee, stop: HostStop) -> Option<i32> {
    let ready = tracee.refetch(stop.tid).is_some_and(|stop| stop.kind == Kind::GROUP);
    if ready {
        tracee.listening = false;
        (tracee.event, tracee.signal) = (stop.event, stop.signal);
        return Some(stopped_status(stop.signal, stop.event));
    }
    tracee.forget_stop();
    if !tracee.fresh {
        // It is to stop where its registers are whole.
        ask_for_stop(tracee.pid, stop.tid);
    }
    host_continue(stop.tid, 0);
    None
}

/// Asks a thread to stop without a signal.
pub(super) fn ask_for_stop(pid: i32, tid: i32) {
    let info = HostInfo::interruption();
    let args = [pid.into(), tid.into(), libc::SIGTRAP.into(), Arg::input(&info)];
    let _ = host::call_now(libc::SYS_rt_tgsigqueueinfo, &args);
}

/// The host is about to deliver a signal.
fn shown_signal(tracee: &mut Tracee, stop: HostStop, info: &HostInfo) -> Option<i32> {
    let (tid, signal) = (stop.tid, stop.signal);
    if signal == libc::SIGTRAP && info.code() == MARK {
        return shown_mark(tracee, tid, info.place());
    }
    let fault = FAULT_BITS & 1 << (signal - 1) != 0;
    if fault && info.code() == libc::SI_USER && Board::of(tid).is_none() {
        // The host's own signal after a program has been executed.
        tracee.forget_image();
        host_continue(tid, 0);
    } else if fault || tracee.fresh && Board::of(tid).is_none() {
        host_continue(tid, signal);
    } else if tracee.expects(tid, signal) {
        // The thread does not come back to say so before it stops.
        tracee.answer(tid, tracee.command.unwrap_or(Command::CONTINUE), 0);
        tracee.forget_stop();
        host_continue(tid, signal);
    } else {
        let carrier = info.carried();
        let sent = host_ptrace(libc::PTRACE_SETSIGINFO, tid, 0, Arg::input(&carrier));
        host_continue(tid, if sent.is_ok() { libc::SIGTRAP } else { signal });
    }
    None
}

/// A tracee has stopped itself.
fn shown_mark(tracee: &mut Tracee, tid: i32, place: u64) -> Option<i32> {
    let (command, options, seized) = (tracee.command, tracee.options, tracee.seized);
    let former = tracee.message;
    let Some(stop) = tracee.fetch(tid, place) else {
        host_continue(tid, 0);
        return None;
    };
    let (kind, signal) = (stop.kind, stop.signal);
    let message = if kind == Kind::SECCOMP { u64::from(stop.data) } else { former };
    let wants = |option: i32| options & option as u32 != 0;
    let (signal, event) = match kind {
        Kind::SIGNAL => (signal, 0),
        Kind::ENTRY | Kind::EXIT if wants(libc::PTRACE_O_TRACESYSGOOD) => (libc::SIGTRAP | SYSGOOD, 0),
        Kind::ENTRY | Kind::EXIT => (libc::SIGTRAP, 0),
        Kind::EXEC if wants(libc::PTRACE_O_TRACEEXEC) => (libc::SIGTRAP, event::EXEC),
        Kind::EXEC if !seized => (libc::SIGTRAP, 0),
        Kind::INTERRUPTED if seized => (libc::SIGTRAP, event::STOP),
        Kind::SECCOMP if wants(libc::PTRACE_O_TRACESECCOMP) => (libc::SIGTRAP, event::SECCOMP),
        _ => {
            let command =
                if kind == Kind::SECCOMP { Command::NONE } else { command.unwrap_or(Command::CONTINUE) };
            tracee.fresh = false;
            tracee.resume(tid, command, 0);
            host_continue(tid, 0);
            return None;
        }
    };
    tracee.fresh = false;
    (tracee.event, tracee.signal, tracee.message) = (event, signal & !SYSGOOD, message);
    Some(stopped_status(signal, event))
}
