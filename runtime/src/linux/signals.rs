//! Guest signals: actions, masks, the alternate stack, and delivery.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use demotic_ir::{CpuState, EngineControl};

use super::abi::{Action, AltStack, FrameRequest, GuestAbi, signal_bit};
use super::host_signal::{self, Disposition, FAULT_BITS, HostInfo};
use super::siginfo::{Fields, SigInfo};
use super::{ExitStatus, LinuxProcess, trace};

/// Signals that can be raised have numbers 1 to 64.
pub(crate) const COUNT: usize = 64;

/// MIPS has more, which can only have actions.
const LAST: usize = 128;

/// `SIG_DFL` and `SIG_IGN` as handler addresses.
pub(crate) const DEFAULT: u32 = 0;
pub(crate) const IGNORE: u32 = 1;

const SA_ONSTACK: u32 = 0x0800_0000;
const SA_RESTART: u32 = 0x1000_0000;
const SA_NODEFER: u32 = 0x4000_0000;
const SA_RESETHAND: u32 = 0x8000_0000;
const SA_NOCLD: u32 = 3;

const SS_ONSTACK: u32 = 1;
const SS_DISABLE: u32 = 2;

/// Signals that cannot be blocked.
const UNBLOCKABLE: u64 = 1 << (libc::SIGKILL - 1) | 1 << (libc::SIGSTOP - 1);

/// What happens on each signal: the same for all threads of a process.
#[derive(Clone, Debug)]
struct Actions {
    of: [Action; LAST + 1],
    /// Whether registers have to be exact at faults for another reason than that a handler sees them.
    resumes: bool,
}

impl Actions {
    /// Whether some signal that instructions raise has a handler, or what has faulted is done again otherwise.
    fn catch_faults(&self) -> bool {
        let caught = |signal: usize| self.of[signal].handler > IGNORE;
        self.resumes
            || (1..=COUNT).any(|signal| FAULT_BITS & signal_bit(signal as i32) != 0 && caught(signal))
    }
}

/// What a thread has said about signals. Clones share the actions.
#[derive(Clone, Debug)]
pub(crate) struct Signals {
    actions: Arc<Mutex<Actions>>,
    /// Blocked signals.
    mask: u64,
    /// The mask to go back to after a call that waits with another one.
    suspended: Option<u64>,
    /// The alternate stack.
    pub(crate) alt_stack: AltStack,
    /// The address after a system call that was wound back because of a signal, and whether it may be done again after a
    /// handler.
    pub(crate) interrupted_at: Option<(u32, bool)>,
}

impl Signals {
    /// The state that a program starts with, from what the process has inherited.
    pub(crate) fn inherited() -> Signals {
        host_signal::start();
        let mut actions = [Action::default(); LAST + 1];
        for (signal, action) in actions.iter_mut().enumerate().take(COUNT + 1).skip(1) {
            let ours = FAULT_BITS & signal_bit(signal as i32) != 0;
            if !ours && host_signal::is_ignored(signal as i32) {
                action.handler = IGNORE;
            }
        }
        Signals {
            actions: Arc::new(Mutex::new(Actions { of: actions, resumes: false })),
            mask: host_signal::mask() & !FAULT_BITS,
            suspended: None,
            alt_stack: AltStack { sp: 0, size: 0, flags: SS_DISABLE },
            interrupted_at: None,
        }
    }

    /// The state of a new thread.
    pub(crate) fn for_thread(&self) -> Signals {
        let alt_stack = AltStack { sp: 0, size: 0, flags: SS_DISABLE };
        Signals { suspended: None, interrupted_at: None, alt_stack, ..self.clone() }
    }

    /// The state of a child that shares memory with this process, but no actions.
    pub(crate) fn for_child(&self) -> Signals {
        let actions = self.actions().clone();
        Signals { actions: Arc::new(Mutex::new(actions)), ..self.clone() }
    }

    fn actions(&self) -> MutexGuard<'_, Actions> {
        self.actions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something, a fork, while nobody else changes actions.
    pub(crate) fn with_actions_held<T>(&self, f: impl FnOnce() -> T) -> T {
        let _actions = self.actions();
        f()
    }

    /// What happens on a signal.
    pub(crate) fn action(&self, signal: i32) -> Action {
        self.actions().of.get(signal as usize).copied().unwrap_or_default()
    }

    /// Says what is to happen on a signal, and tells the engine whether the guest can see registers at faults.
    pub(crate) fn set_action(&self, signal: i32, action: Action, engine: &dyn EngineControl) {
        let disposition = match action.handler {
            DEFAULT => Disposition::Default,
            IGNORE => Disposition::Ignore,
            _ => Disposition::Catch { flags: action.flags & SA_NOCLD },
        };
        let mut actions = self.actions();
        if signal <= COUNT as i32 {
            // Refused only for numbers that are not signals, which the callers have excluded.
            let _ = host_signal::set_disposition(signal, disposition);
        }
        let caught = actions.catch_faults();
        if let Some(entry) = actions.of.get_mut(signal as usize) {
            *entry = action;
        }
        if actions.catch_faults() != caught {
            engine.set_precise_faults(!caught);
        }
    }

    /// From now on instructions may be done again that have faulted.
    pub(crate) fn resume_faults(&self, engine: &dyn EngineControl) {
        let mut actions = self.actions();
        if !actions.catch_faults() {
            engine.set_precise_faults(true);
        }
        actions.resumes = true;
    }

    /// Has every signal that has a handler take its default action.
    pub(crate) fn forget_handlers(&self, engine: &dyn EngineControl) {
        for signal in 1..=COUNT as i32 {
            let action = self.action(signal);
            if action.handler > IGNORE {
                self.set_action(signal, Action { handler: DEFAULT, ..action }, engine);
            }
        }
    }

    /// The blocked signals.
    pub(crate) fn mask(&self) -> u64 {
        self.mask
    }

    /// Blocks other signals. Where one has been caught, no further one comes until that has been delivered.
    pub(crate) fn set_mask(&mut self, mask: u64) {
        self.mask = mask & !UNBLOCKABLE;
        if !host_signal::has_caught() {
            host_signal::set_mask(self.mask);
        }
    }

    /// Waits with another mask from here until the next delivery. The host's mask is the waiting call's business.
    pub(crate) fn suspend_with(&mut self, mask: u64) {
        self.suspended = Some(self.mask);
        self.mask = mask & !UNBLOCKABLE;
    }

    /// Whether the stack pointer is on the alternate stack.
    pub(crate) fn on_alt_stack(&self, sp: u32) -> bool {
        sp.wrapping_sub(self.alt_stack.sp) < self.alt_stack.size && self.alt_stack.size != 0
    }

    /// The alternate stack as a program is shown it.
    pub(crate) fn shown_alt_stack(&self, sp: u32) -> AltStack {
        let flags = match self.alt_stack.size {
            0 => SS_DISABLE,
            _ if self.on_alt_stack(sp) => SS_ONSTACK,
            _ => 0,
        };
        AltStack { flags, ..self.alt_stack }
    }
}

impl LinuxProcess {
    /// Delivers signals that wait. Called on the way back to the guest.
    pub(crate) fn deliver_signals(&mut self, cpu: &mut CpuState, engine: &dyn EngineControl) {
        while self.exit.is_none() {
            // First, since it says that there is a tracer, to be shown signals.
            if let Some(asked) = host_signal::take_asked() {
                self.obey_tracer(cpu, engine, asked);
            } else if let Some(info) = host_signal::take() {
                self.deliver_caught(cpu, engine, &info);
            } else if host_signal::holds_deliverable(self.signals.mask) {
                host_signal::block_all();
                if !super::host::signal_pending()
                    && let Some(signal) = host_signal::take_held(self.signals.mask)
                {
                    let sender = Fields::Sender { pid: 0, uid: 0 };
                    let info = SigInfo::raised(signal, libc::SI_USER, sender);
                    self.deliver(cpu, engine, &info, self.signals.action(signal));
                }
            } else {
                break;
            }
        }
        self.signals.interrupted_at = None;
        if let Some(mask) = self.signals.suspended.take() {
            self.signals.set_mask(mask);
        }
    }

    fn deliver_caught(&mut self, cpu: &mut CpuState, engine: &dyn EngineControl, info: &HostInfo) {
        let action = self.signals.action(info.signal());
        let ours = FAULT_BITS & signal_bit(info.signal()) != 0;
        if !ours && action.handler == DEFAULT && !self.trace.is_active() {
            // Another thread has changed the action since it was caught.
            host_signal::send_again(info);
            return self.signals.set_mask(self.signals.mask);
        }
        self.deliver(cpu, engine, &SigInfo::from_host(info), action);
    }

    /// A signal that an instruction has raised: it cannot wait.
    pub(crate) fn raise(&mut self, cpu: &mut CpuState, engine: &dyn EngineControl, info: &SigInfo) {
        host_signal::block_all();
        if super::host::signal_pending() {
            // That one came first, and must be delivered under the present mask. The instruction will raise again.
            return;
        }
        let blocked = self.signals.mask & signal_bit(info.signal) != 0;
        let action = self.signals.action(info.signal);
        if blocked || action.handler <= IGNORE {
            // It is not to be held back any more.
            let forced = Action { handler: DEFAULT, ..action };
            return self.deliver(cpu, engine, info, forced);
        }
        self.deliver(cpu, engine, info, action);
    }

    fn trace_signal(&self, info: &SigInfo) {
        if self.info.strace {
            trace::signal(self.kind, info);
        }
    }

    fn die_by(&mut self, cpu: &CpuState, info: &SigInfo) {
        let pc = cpu.get32(self.abi.pc_slot());
        tracing::info!(target: "signal", "killed by signal {} at {pc:#x}: {:?}", info.signal, info.fields);
        self.exit = Some(ExitStatus::Signal(info.signal));
    }

    fn deliver(&mut self, cpu: &mut CpuState, engine: &dyn EngineControl, info: &SigInfo, action: Action) {
        self.trace_signal(info);
        if !self.trace.is_active() {
            return self.act(cpu, engine, info, action);
        }
        match self.stop_for_signal(cpu, engine, info) {
            None => self.signals.set_mask(self.signals.mask),
            Some(same) if same.signal == info.signal => self.act(cpu, engine, &same, action),
            Some(other) => self.act(cpu, engine, &other, self.signals.action(other.signal)),
        }
    }

    /// Does what is to be done on a signal.
    pub(crate) fn act(
        &mut self,
        cpu: &mut CpuState,
        engine: &dyn EngineControl,
        info: &SigInfo,
        action: Action,
    ) {
        match action.handler {
            IGNORE => self.signals.set_mask(self.signals.mask),
            // Only signals of the fault kind come here with a default action, and all of them kill; but for tracers.
            DEFAULT if !self.trace.is_active() && FAULT_BITS & signal_bit(info.signal) != 0 => {
                self.die_by(cpu, info);
            }
            DEFAULT => self.take_default_action(cpu, engine, info),
            _ => self.enter_handler(cpu, engine, info, action),
        }
    }

    fn enter_handler(
        &mut self,
        cpu: &mut CpuState,
        engine: &dyn EngineControl,
        info: &SigInfo,
        action: Action,
    ) {
        let abi: &dyn GuestAbi = self.abi;
        if let Some((next, again)) = self.signals.interrupted_at.take()
            && (action.flags & SA_RESTART == 0 || !again)
        {
            cpu.set32(abi.pc_slot(), next);
            abi.set_result(cpu, Err(super::host::Errno(libc::EINTR)));
        }
        let sp = cpu.get32(abi.sp_slot());
        let shown = self.signals.shown_alt_stack(sp);
        let switch = action.flags & SA_ONSTACK != 0 && shown.flags == 0;
        let stack = self.signals.alt_stack;
        let sp = if switch { stack.sp.wrapping_add(stack.size) } else { sp };
        let mask = self.signals.suspended.take().unwrap_or(self.signals.mask);
        let request = FrameRequest { info, action: &action, mask, alt_stack: shown, sp };
        abi.clear_monitor(cpu);
        if abi.push_frame(cpu, &self.memory, &request).is_err() {
            // No room for the frame: Linux forces SIGSEGV, which cannot be caught here either.
            let info = SigInfo::raised(libc::SIGSEGV, libc::SI_KERNEL, Fields::Address(sp));
            return self.die_by(cpu, &info);
        }
        if action.flags & SA_RESETHAND != 0 {
            self.signals.set_action(info.signal, Action { handler: DEFAULT, ..action }, engine);
        }
        let own = if action.flags & SA_NODEFER == 0 { signal_bit(info.signal) } else { 0 };
        self.signals.set_mask(self.signals.mask | action.mask | own);
    }

    /// Goes back from a handler to what it interrupted.
    pub(crate) fn return_from_handler(&mut self, cpu: &mut CpuState, rt: bool) {
        let abi: &dyn GuestAbi = self.abi;
        match abi.pop_frame(cpu, &self.memory, rt) {
            Ok(restored) => {
                if let Some(stack) = restored.alt_stack {
                    self.restore_alt_stack(cpu, stack);
                }
                abi.clear_monitor(cpu);
                self.signals.set_mask(restored.mask);
            }
            Err(_) => {
                let sp = cpu.get32(abi.sp_slot());
                let info = SigInfo::raised(libc::SIGSEGV, libc::SI_KERNEL, Fields::Address(sp));
                self.die_by(cpu, &info);
            }
        }
    }

    fn restore_alt_stack(&mut self, cpu: &CpuState, stack: AltStack) {
        let sp = cpu.get32(self.abi.sp_slot());
        if !self.signals.on_alt_stack(sp) {
            let disabled = stack.flags & SS_DISABLE != 0;
            let stack = if disabled { AltStack { sp: 0, size: 0, flags: SS_DISABLE } } else { stack };
            self.signals.alt_stack = stack;
        }
    }
}
