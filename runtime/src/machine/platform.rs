//! What both CPUs' hypervisors share: memory with its devices, the alarm, the console, the counters, and the end.

use demotic_ir::{EngineControl, Resume};

use super::Outcome;
use super::clock::Alarm;
use super::console::Console;
use super::memory::MachineMemory;
use super::stats::Stats;

/// The machine around a vCPU.
#[derive(Debug)]
pub(super) struct Platform {
    /// RAM, views and devices.
    pub(super) memory: MachineMemory,
    /// The vCPU's alarm clock.
    pub(super) alarm: Alarm,
    /// Where semihosting writes to.
    pub(super) console: Console,
    /// Counters.
    pub(super) stats: Stats,
    /// Whether input on the console can raise an interrupt.
    pub(super) input_interrupts: bool,
    /// How the machine has ended.
    pub(super) outcome: Option<Outcome>,
}

impl Platform {
    /// Ends the machine; the first end counts.
    pub(super) fn end(&mut self, outcome: Outcome) {
        self.outcome.get_or_insert(outcome);
    }

    /// Ends the machine because it met something that is not there.
    pub(super) fn fail(&mut self, reason: String) {
        self.end(Outcome::Failed { reason });
    }

    /// Whether the machine has ended; a device may have done it.
    pub(super) fn ended(&mut self) -> bool {
        if let Some(code) = self.memory.bus().power_off() {
            self.end(Outcome::PowerOff { code });
        }
        self.outcome.is_some()
    }

    /// What to tell the engine.
    pub(super) fn resume(&mut self) -> Resume {
        if !self.ended() {
            return Resume::Continue;
        }
        self.console.flush();
        Resume::Stop
    }

    /// Sleeps until `awake` says that the vCPU has a reason to go on, or the machine ends. Devices are polled for it.
    pub(super) fn sleep_until(&mut self, mut awake: impl FnMut(&mut Platform) -> bool) {
        self.console.flush();
        while !awake(self) && !self.ended() {
            self.stats.events.count("sleep");
            let external = self.input_interrupts && self.console.expects_input();
            if !self.alarm.wait(external) {
                self.fail("the CPU waits for an interrupt, but nothing can raise one any more".into());
            }
        }
    }

    /// Drops translations of `[start, end)` at every address that shows the same memory.
    pub(super) fn invalidate(&self, engine: &dyn EngineControl, start: u64, end: u64) {
        for (start, end) in self.memory.aliases(start, end) {
            engine.invalidate(start, end);
        }
    }
}
