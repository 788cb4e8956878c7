//! Machine time and the alarm that wakes the vCPU when a device or a timer has something to say.
//!
//! Devices and timers are plain data that belong to the vCPU's thread; they compute their registers from the [`Clock`]
//! when they are looked at. What makes time visible to a guest that does not look is the [`Alarm`]: it knows the next
//! moment at which an interrupt line may rise, sleeps until then on a thread of its own, and kicks the vCPU.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use demotic_ir::Kicker;

/// A moment in machine time, or a span of it: nanoseconds since the machine was started.
pub type Nanos = u64;

/// Where a machine's time comes from. Clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    Host(Instant),
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// The host's monotonic clock, starting at 0 now.
    pub fn host() -> Clock {
        Clock(Source::Host(Instant::now()))
    }

    /// A clock that stands still unless it is [advanced](Clock::advance_to) or the vCPU sleeps.
    pub fn manual() -> Clock {
        Clock(Source::Manual(Arc::default()))
    }

    /// Nanoseconds since the machine was started.
    pub fn now(&self) -> Nanos {
        match &self.0 {
            Source::Host(start) => start.elapsed().as_nanos() as Nanos,
            Source::Manual(time) => time.load(Ordering::SeqCst),
        }
    }

    /// Moves a manual clock forward to `time`; does nothing to others.
    pub fn advance_to(&self, time: Nanos) {
        if let Source::Manual(now) = &self.0 {
            now.fetch_max(time, Ordering::SeqCst);
        }
    }

    fn is_manual(&self) -> bool {
        matches!(self.0, Source::Manual(_))
    }
}

/// Who asks for a wake-up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Waker {
    /// The devices on the bus.
    Devices,
    /// The CPU's own timer.
    Cpu,
}

/// Shared between the vCPU's thread, the alarm's thread and the threads that bring input to devices.
#[derive(Clone, Debug)]
pub struct Alarm {
    clock: Clock,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The next deadline of each [`Waker`].
    deadlines: [Option<Nanos>; 2],
    /// Something happened that the vCPU has not looked at.
    attention: bool,
    /// The vCPU, once it runs.
    kicker: Option<Kicker>,
    quit: bool,
}

impl State {
    fn earliest(&self) -> Option<Nanos> {
        self.deadlines.iter().flatten().min().copied()
    }

    fn call(&mut self) {
        self.attention = true;
        if let Some(kicker) = self.kicker {
            kicker.kick();
        }
    }

    /// Calls the vCPU if a deadline has passed, and forgets it: the vCPU sets a new one when it looks.
    fn ring(&mut self, now: Nanos) -> bool {
        let due = |deadline: &Option<Nanos>| deadline.is_some_and(|at| at <= now);
        let rings = self.deadlines.iter().any(due);
        for deadline in &mut self.deadlines {
            deadline.take_if(|at| *at <= now);
        }
        if rings {
            self.call();
        }
        rings
    }
}

impl Alarm {
    /// An alarm without deadlines.
    pub fn new(clock: Clock) -> Alarm {
        Alarm { clock, shared: Arc::default() }
    }

    /// The machine's time.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// A panic elsewhere leaves the state sound: each change to it is a single assignment.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Names the vCPU to kick. Calls that came before are delivered now.
    pub fn set_kicker(&self, kicker: Kicker) {
        let mut state = self.lock();
        state.kicker = Some(kicker);
        if state.attention {
            state.call();
        }
    }

    /// Sets or clears the moment at which `waker` wants the vCPU's attention.
    pub fn set(&self, waker: Waker, deadline: Option<Nanos>) {
        let mut state = self.lock();
        let Some(slot) = state.deadlines.get_mut(waker as usize) else { return };
        if *slot != deadline {
            *slot = deadline;
            self.shared.changed.notify_all();
        }
    }

    /// Asks for the vCPU's attention now.
    pub fn raise(&self) {
        self.lock().call();
        self.shared.changed.notify_all();
    }

    /// Puts the calling vCPU to sleep until something happens. False when nothing ever can: there is no deadline, and
    /// `external` says that no other thread feeds the machine.
    pub fn wait(&self, external: bool) -> bool {
        let mut state = self.lock();
        while !std::mem::take(&mut state.attention) {
            let now = self.clock.now();
            let timeout = match state.earliest() {
                None if !external => return false,
                None => Duration::MAX,
                Some(at) if self.clock.is_manual() => {
                    self.clock.advance_to(at);
                    state.ring(at);
                    continue;
                }
                Some(at) => Duration::from_nanos(at.saturating_sub(now)),
            };
            if !state.ring(now) {
                state = self.sleep(state, timeout);
            }
        }
        true
    }

    fn sleep<'a>(&self, state: MutexGuard<'a, State>, timeout: Duration) -> MutexGuard<'a, State> {
        let changed = &self.shared.changed;
        if timeout == Duration::MAX {
            return changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        changed.wait_timeout(state, timeout).unwrap_or_else(PoisonError::into_inner).0
    }

    /// What the alarm's thread does until it is told to quit.
    fn run(&self) {
        let mut state = self.lock();
        while !state.quit {
            let now = self.clock.now();
            if state.ring(now) {
                self.shared.changed.notify_all();
            }
            let timeout =
                state.earliest().map_or(Duration::MAX, |at| Duration::from_nanos(at.saturating_sub(now)));
            state = self.sleep(state, timeout);
        }
    }
}

/// The thread that kicks a running vCPU at the alarm's deadlines; ends when dropped.
#[derive(Debug)]
pub struct AlarmThread {
    alarm: Alarm,
    thread: Option<JoinHandle<()>>,
}

impl AlarmThread {
    /// Starts the thread; with a manual clock there is none to start.
    ///
    /// # Errors
    /// When the host refuses another thread.
    pub fn start(alarm: &Alarm) -> std::io::Result<AlarmThread> {
        let runner = alarm.clone();
        let builder = std::thread::Builder::new().name("machine-alarm".into());
        let thread = match alarm.clock.is_manual() {
            true => None,
            false => Some(builder.spawn(move || runner.run())?),
        };
        Ok(AlarmThread { alarm: alarm.clone(), thread })
    }
}

impl Drop for AlarmThread {
    fn drop(&mut self) {
        self.alarm.lock().quit = true;
        self.alarm.shared.changed.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the alarm thread had panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kicked_word() -> (&'static AtomicU64, Kicker) {
        let word: &'static AtomicU64 = Box::leak(Box::default());
        (word, Kicker::new(word))
    }

    #[test]
    fn waiting_advances_a_manual_clock_to_the_earliest_deadline() {
        let clock = Clock::manual();
        let alarm = Alarm::new(clock.clone());
        alarm.set(Waker::Cpu, Some(500));
        alarm.set(Waker::Devices, Some(300));
        assert!(alarm.wait(false));
        assert_eq!(clock.now(), 300);
        assert!(alarm.wait(false));
        assert_eq!(clock.now(), 500);
        assert!(!alarm.wait(false), "nothing is left to wait for");
    }

    #[test]
    fn a_host_deadline_kicks_the_vcpu() {
        let alarm = Alarm::new(Clock::host());
        let (word, kicker) = kicked_word();
        alarm.set_kicker(kicker);
        let _thread = AlarmThread::start(&alarm).unwrap();
        alarm.set(Waker::Devices, Some(alarm.clock().now() + 2_000_000));
        let start = Instant::now();
        while word.load(Ordering::SeqCst) != Kicker::KICKED {
            assert!(start.elapsed() < Duration::from_secs(10), "the deadline passed without a kick");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_call_before_the_vcpu_runs_is_not_lost() {
        let alarm = Alarm::new(Clock::manual());
        alarm.raise();
        let (word, kicker) = kicked_word();
        alarm.set_kicker(kicker);
        assert_eq!(word.load(Ordering::SeqCst), Kicker::KICKED);
    }

    #[test]
    fn input_from_another_thread_ends_a_wait() {
        let alarm = Alarm::new(Clock::host());
        let other = alarm.clone();
        let thread = std::thread::spawn(move || other.raise());
        assert!(alarm.wait(true));
        thread.join().unwrap();
    }
}
