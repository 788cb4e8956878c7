//! The traced side: a thread that stops itself where its registers are whole, and does what its tracer says then.

use demotic_ir::{CpuState, EngineControl};

use super::board::is_demotic;
use super::stop::{Command, Kind, Stop};
use crate::linux::abi::{GuestAbi, signal_bit};
use crate::linux::host::{self, Arg, Errno};
use crate::linux::host_signal::{self, Asked};
use crate::linux::proc_files::status_number;
use crate::linux::siginfo::{Fields, SigInfo};
use crate::linux::syscall::{After, SysResult};
use crate::linux::{ExitStatus, LinuxProcess};

/// What a thread knows of being traced.
#[derive(Default)]
pub(crate) struct Trace {
    /// Whether it believes that it is; it finds out at its next stop.
    active: bool,
    /// Whether it is to stop at system calls.
    at_calls: bool,
    /// The description of its last stop, which stays where it is: the tracer knows its address.
    stop: Option<Box<Stop>>,
}

impl std::fmt::Debug for Trace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trace").field("active", &self.active).finish_non_exhaustive()
    }
}

impl Trace {
    /// Whether the thread is traced, as far as it knows.
    pub(crate) fn is_active(&self) -> bool {
        self.active
    }

    /// What a program begins with that was executed by a traced thread.
    pub(crate) fn at_start() -> Trace {
        let tracer = status_number("self", "TracerPid").filter(|&pid| pid != 0);
        let active = tracer.is_some_and(is_demotic);
        if active {
            host_signal::ask_for_exec_stop();
        }
        Trace { active, ..Trace::default() }
    }

    fn description(&mut self) -> &mut Stop {
        self.stop.get_or_insert_with(|| Box::new(Stop::new()))
    }
}

/// A system call as tracers are shown it.
#[derive(Clone, Copy)]
pub(crate) struct TracedCall {
    number: u32,
    args: [u32; 6],
}

impl LinuxProcess {
    /// `PTRACE_TRACEME`.
    pub(super) fn trace_me(&mut self) -> SysResult {
        // A tracer that does not know how we stop would see Demotic, not the guest.
        let parent = status_number("self", "PPid").unwrap_or(0);
        if !is_demotic(parent) {
            return Err(Errno(libc::EPERM));
        }
        host::call_now(libc::SYS_ptrace, &[libc::PTRACE_TRACEME.into()])?;
        self.trace.active = true;
        Ok(0)
    }

    /// Writes down what the tracer is to be shown.
    fn describe(&mut self, cpu: &CpuState, kind: Kind) -> &mut Stop {
        let (arch, mask) = (self.abi.numbers().audit_arch, self.abi.sigset_to_guest(self.signals.mask()));
        let stop = self.trace.description();
        stop.forget_answer();
        (stop.kind, stop.pid, stop.arch, stop.mask) = (kind, std::process::id(), arch, mask);
        stop.state.copy_from_slice(cpu.guest());
        stop
    }

    /// Stops for what [`describe`](LinuxProcess::describe) has been told, and takes the answer.
    fn stop(&mut self, cpu: &mut CpuState, engine: &dyn EngineControl) -> Stop {
        host_signal::stop_for_tracer(self.trace.description());
        self.take_answer(cpu, engine)
    }

    fn take_answer(&mut self, cpu: &mut CpuState, engine: &dyn EngineControl) -> Stop {
        let description = self.trace.description();
        let answer = *description;
        description.kind = Kind::NONE;
        self.trace.active = answer.command == Command::CONTINUE || answer.command == Command::SYSCALL;
        self.trace.at_calls = answer.command == Command::SYSCALL;
        if answer.changed & Stop::CHANGED_REGISTERS != 0 {
            let pc = cpu.get32(self.abi.pc_slot());
            cpu.words[..answer.state.len()].copy_from_slice(&answer.state);
            if cpu.get32(self.abi.pc_slot()) != pc {
                // The call that was interrupted is not where it goes on.
                self.signals.interrupted_at = None;
            }
        }
        if answer.changed & Stop::CHANGED_MASK != 0 {
            self.signals.set_mask(self.abi.sigset_to_host(answer.mask));
        }
        for (start, end) in answer.written_ranges() {
            engine.invalidate(start, end);
        }
        answer
    }

    /// A signal is about to be delivered: gives what is to be delivered in its place, if anything is.
    pub(crate) fn stop_for_signal(
        &mut self,
        cpu: &mut CpuState,
        engine: &dyn EngineControl,
        info: &SigInfo,
    ) -> Option<SigInfo> {
        if !self.trace.active {
            return Some(*info);
        }
        let abi = self.abi;
        let encoded = abi.siginfo(info);
        let stop = self.describe(cpu, Kind::SIGNAL);
        stop.signal = info.signal;
        stop.info.copy_from_slice(encoded.as_bytes());
        let answer = self.stop(cpu, engine);
        match answer.inject {
            _ if answer.command == Command::NONE => Some(*info),
            0 => None,
            signal if signal == info.signal && answer.changed & Stop::CHANGED_INFO == 0 => Some(*info),
            signal if signal == info.signal => Some(SigInfo::decoded(abi, &answer.info, signal)),
            // The kernel says that it comes from the tracer.
            signal => {
                let pid = status_number("thread-self", "TracerPid").unwrap_or(0) as i32;
                let sender = Fields::Sender { pid, uid: host::credentials().uid };
                Some(SigInfo::raised(signal, libc::SI_USER, sender))
            }
        }
    }

    /// Does what a tracer has asked for.
    pub(crate) fn obey_tracer(&mut self, cpu: &mut CpuState, engine: &dyn EngineControl, asked: Asked) {
        self.trace.active = true;
        if asked.exec {
            self.describe(cpu, Kind::EXEC);
            self.stop(cpu, engine);
            if self.trace.at_calls {
                let number = self.row_named("execve");
                self.stop_at_exit(cpu, engine, &TracedCall { number, args: [0; 6] }, Ok(0));
            }
        }
        if let Some((pid, uid)) = asked.stop {
            let info = SigInfo::raised(libc::SIGSTOP, libc::SI_USER, Fields::Sender { pid, uid });
            if let Some(info) = self.stop_for_signal(cpu, engine, &info) {
                self.act(cpu, engine, &info, self.signals.action(info.signal));
            }
        }
        if asked.interrupt && self.trace.active && self.exit.is_none() {
            self.describe(cpu, Kind::INTERRUPTED);
            self.stop(cpu, engine);
        }
    }

    /// Does what a signal does that has no handler.
    pub(crate) fn take_default_action(
        &mut self,
        cpu: &mut CpuState,
        engine: &dyn EngineControl,
        info: &SigInfo,
    ) {
        match info.signal {
            libc::SIGCHLD | libc::SIGCONT | libc::SIGURG | libc::SIGWINCH => {
                self.signals.set_mask(self.signals.mask());
            }
            libc::SIGSTOP | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU => {
                self.stop_group(cpu, engine, info.signal);
            }
            signal => self.exit = Some(ExitStatus::Signal(signal)),
        }
    }

    /// Stops as a process of a shell's job does, which the host does by itself.
    fn stop_group(&mut self, cpu: &mut CpuState, engine: &dyn EngineControl, signal: i32) {
        let blocked = self.signals.mask() & signal_bit(signal) != 0;
        self.signals.set_mask(self.signals.mask());
        if blocked || !self.trace.active {
            // A blocked one is the host's to keep until the guest can take it.
            return host_signal::stop_by_default(signal, None);
        }
        let stop = self.describe(cpu, Kind::GROUP);
        stop.signal = signal;
        host_signal::stop_by_default(signal, Some(stop));
        self.take_answer(cpu, engine);
    }

    /// A system call of a traced thread, at code address `pc`.
    pub(crate) fn traced_call(&mut self, cpu: &mut CpuState, engine: &dyn EngineControl, pc: u32) {
        let mut number = self.abi.syscall_number(cpu);
        if self.trace.at_calls {
            number = self.stop_at_entry(cpu, engine, number);
        }
        /// What tracers make of a call that is not to be done; some give 16 bits.
        const NO_CALL: u32 = u32::MAX;
        const NO_CALL_SHORT: u32 = 0xffff;
        if number != NO_CALL && number != NO_CALL_SHORT {
            return self.numbered_call(cpu, engine, pc, number, 0);
        }
        let result = Err(Errno(libc::ENOSYS));
        if number == NO_CALL_SHORT || self.abi.rereads_syscall_number() {
            self.abi.set_result(cpu, result);
        }
        if self.trace.at_calls {
            self.stop_at_exit(cpu, engine, &TracedCall { number, args: [0; 6] }, result);
        }
    }

    /// What a tracer is shown of the system call that the registers ask for.
    pub(crate) fn shown_call(&self, cpu: &CpuState, number: u32) -> TracedCall {
        let mut args = [0; 6];
        for (index, arg) in args.iter_mut().enumerate() {
            *arg = self.abi.argument(cpu, &self.memory, index).unwrap_or_default();
        }
        TracedCall { number, args }
    }

    /// Stops before a system call; gives the number of the one to be done.
    fn stop_at_entry(&mut self, cpu: &mut CpuState, engine: &dyn EngineControl, number: u32) -> u32 {
        let shown = self.shown_call(cpu, number);
        let marked = self.abi.mark_call_stop(cpu, false);
        let stop = self.describe(cpu, Kind::ENTRY);
        (stop.number, stop.args, stop.original) = (number, shown.args, shown.args[0]);
        let answer = self.stop(cpu, engine);
        self.abi.unmark_call_stop(cpu, marked);
        self.send_injected(&answer);
        if answer.changed & Stop::CHANGED_NUMBER != 0 { answer.number } else { number }
    }

    /// Stops after a system call, with its result in the registers.
    fn stop_at_exit(
        &mut self,
        cpu: &mut CpuState,
        engine: &dyn EngineControl,
        call: &TracedCall,
        result: SysResult,
    ) {
        let abi: &dyn GuestAbi = self.abi;
        let value = match result {
            Ok(value) => i64::from(value as u32 as i32),
            Err(errno) => -i64::from(abi.errno(errno.0)),
        };
        let marked = abi.mark_call_stop(cpu, true);
        let stop = self.describe(cpu, Kind::EXIT);
        (stop.number, stop.original, stop.result) = (call.number, call.args[0], value);
        stop.failed = u32::from(result.is_err());
        let answer = self.stop(cpu, engine);
        abi.unmark_call_stop(cpu, marked);
        self.send_injected(&answer);
    }

    /// Outside of signals' own stops, a signal that the tracer gives comes as any other.
    fn send_injected(&self, answer: &Stop) {
        if answer.inject > 0 {
            let ids = [std::process::id(), host::thread_id()].map(Arg::from);
            let _ = host::call_now(libc::SYS_tgkill, &[ids[0], ids[1], answer.inject.into()]);
        }
    }

    /// Puts a call's result into the registers of a traced thread and stops, if it is to stop there. Gives what is left to
    /// be done: nothing, or winding the call back.
    pub(crate) fn leave_traced_call(
        &mut self,
        cpu: &mut CpuState,
        engine: &dyn EngineControl,
        call: &TracedCall,
        (after, result): (After, SysResult),
    ) -> (After, SysResult) {
        let ended = self.exit.is_some() || self.thread.over;
        if ended || !self.trace.at_calls {
            return (after, result);
        }
        let wound_back = matches!(result, Err(Errno::RESTART | Errno::NOT_BEGUN | Errno::NO_HANDLER));
        let before = wound_back.then(|| cpu.clone());
        if after == After::SetResult {
            self.abi.set_result(cpu, result);
        }
        let shown = self.abi.registers_of_result(cpu);
        self.stop_at_exit(cpu, engine, call, result);
        match before {
            Some(before) if self.abi.registers_of_result(cpu) == shown => {
                self.abi.restore_result(cpu, &before);
                (after, result)
            }
            _ => (After::KeepRegisters, result),
        }
    }

    /// Before a process or thread is made for the guest: the tracer may be told of it.
    pub(crate) fn begin_making(&mut self, cpu: &CpuState) {
        if self.trace.active {
            self.describe(cpu, Kind::MAKING);
        }
    }

    /// It has been made, or not.
    pub(crate) fn end_making(&mut self, cpu: &mut CpuState, engine: &dyn EngineControl) {
        if self.trace.active {
            let at_calls = self.trace.at_calls;
            let command = self.trace.description().command;
            self.take_answer(cpu, engine);
            if command == Command::NONE {
                // There was no stop.
                (self.trace.active, self.trace.at_calls) = (true, at_calls);
            }
        }
    }

    /// The thread ends, or the process by a signal that it sends itself: the tracer is not to take that for the guest's.
    pub(crate) fn tell_tracer_of_end(&mut self, cpu: &CpuState) {
        if !self.trace.active {
            return;
        }
        let signal = match self.exit {
            Some(ExitStatus::Signal(signal)) => signal,
            _ => 0,
        };
        self.describe(cpu, Kind::ENDING).signal = signal;
        if self.thread.over
            && let Some(stop) = self.trace.stop.take()
        {
            // The tracer reads it when the thread's memory has been given back.
            Box::leak(stop);
        }
    }

    /// Asks the tracer about a call that a filter has a tracer decide on; false if there is none. Gives the number of the
    /// call to be done.
    pub(crate) fn ask_tracer(
        &mut self,
        cpu: &mut CpuState,
        engine: &dyn EngineControl,
        number: u32,
        data: u32,
    ) -> Option<u32> {
        if !self.trace.active {
            return None;
        }
        let shown = self.shown_call(cpu, number);
        let stop = self.describe(cpu, Kind::SECCOMP);
        (stop.number, stop.args, stop.original, stop.data) = (number, shown.args, shown.args[0], data);
        let answer = self.stop(cpu, engine);
        if answer.command == Command::NONE {
            return None;
        }
        Some(if answer.changed & Stop::CHANGED_NUMBER != 0 { answer.number } else { number })
    }

    /// The number of a system call, by its name.
    fn row_named(&self, name: &str) -> u32 {
        self.abi.syscalls().iter().find(|row| row.name == name).map_or(u32::MAX, |row| row.number)
    }
}
