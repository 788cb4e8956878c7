//! Count and Compare: the CPU's timer (MIPS32 volume III, chapter 9).
//!
//! Count runs at 50 MHz of machine time. The `count` slot holds Count less what it has run since the machine started,
//! so that nothing has to tick.

use demotic_ir::CpuState;
use demotic_mips::state::{COMPARE, COUNT};

use crate::machine::clock::Nanos;

/// Nanoseconds of a tick of Count.
const TICK: Nanos = 20;
/// Ticks after which Count has been at every value.
const ROUND: u64 = 1 << 32;

/// The timer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timer {
    /// The tick, since the machine started, at which Count reaches Compare next.
    match_at: u64,
    /// The timer interrupt is pending: Count has reached Compare, which has not been written since.
    pending: bool,
    /// Count stands at the slot's value: Cause.DC.
    stopped: bool,
}

impl Timer {
    /// The timer at reset, when Count and Compare are 0.
    pub(super) fn new(now: Nanos) -> Timer {
        Timer { match_at: now / TICK + ROUND, pending: false, stopped: false }
    }

    /// What the `count` slot lacks.
    fn run(&self, now: Nanos) -> u32 {
        if self.stopped { 0 } else { (now / TICK) as u32 }
    }

    /// Count.
    pub(super) fn count(&self, cpu: &CpuState, now: Nanos) -> u32 {
        cpu.get32(COUNT).wrapping_add(self.run(now))
    }

    /// MTC0 to Count.
    pub(super) fn set_count(&mut self, cpu: &mut CpuState, now: Nanos, value: u32) {
        self.poll(now);
        cpu.set32(COUNT, value.wrapping_sub(self.run(now)));
        self.aim(cpu, now);
    }

    /// MTC0 to Compare; ends the interrupt.
    pub(super) fn set_compare(&mut self, cpu: &mut CpuState, now: Nanos, value: u32) {
        cpu.set32(COMPARE, value);
        self.aim(cpu, now);
        self.pending = false;
    }

    /// A write of Cause.DC.
    pub(super) fn set_stopped(&mut self, cpu: &mut CpuState, now: Nanos, stopped: bool) {
        self.poll(now);
        let count = self.count(cpu, now);
        self.stopped = stopped;
        cpu.set32(COUNT, count.wrapping_sub(self.run(now)));
        self.aim(cpu, now);
    }

    /// Finds the next match. Count being at Compare already is none: it has to get there.
    fn aim(&mut self, cpu: &CpuState, now: Nanos) {
        let ahead = match cpu.get32(COMPARE).wrapping_sub(self.count(cpu, now)) {
            0 => ROUND,
            ticks => u64::from(ticks),
        };
        self.match_at = now / TICK + ahead;
    }

    /// Whether the timer interrupt is pending.
    pub(super) fn poll(&mut self, now: Nanos) -> bool {
        let ticks = now / TICK;
        if !self.stopped && ticks >= self.match_at {
            self.pending = true;
            self.match_at += ROUND * ((ticks - self.match_at) / ROUND + 1);
        }
        self.pending
    }

    /// When the interrupt will become pending.
    pub(super) fn deadline(&self) -> Option<Nanos> {
        (!self.pending && !self.stopped).then(|| self.match_at * TICK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_matches() {
        let mut cpu = CpuState::new();
        let mut timer = Timer::new(0);
        assert_eq!(timer.count(&cpu, 1000), 50);
        timer.set_count(&mut cpu, 1000, 7);
        assert_eq!(timer.count(&cpu, 1040), 9);
        timer.set_compare(&mut cpu, 1040, 19);
        assert_eq!(timer.deadline(), Some(1240));
        assert!(!timer.poll(1239));
        assert!(timer.poll(1240));
        assert_eq!(timer.deadline(), None, "it is pending already");
        timer.set_compare(&mut cpu, 1240, 119);
        assert!(!timer.poll(1240));
        assert_eq!(timer.deadline(), Some(1240 + 2000));
    }

    #[test]
    fn wraps_around() {
        let mut cpu = CpuState::new();
        let mut timer = Timer::new(0);
        timer.set_count(&mut cpu, 0, 0xffff_fff0);
        timer.set_compare(&mut cpu, 0, 0x10);
        assert_eq!(timer.deadline(), Some(0x20 * TICK));
        assert_eq!(timer.count(&cpu, 0x20 * TICK), 0x10);
        timer.set_compare(&mut cpu, 0x20 * TICK, 0x10);
        assert_eq!(timer.deadline(), Some((0x20 + ROUND) * TICK), "being there is not reaching it");
    }

    #[test]
    fn can_be_stopped() {
        let mut cpu = CpuState::new();
        let mut timer = Timer::new(0);
        timer.set_compare(&mut cpu, 0, 100);
        timer.set_stopped(&mut cpu, 50 * TICK, true);
        assert_eq!((timer.count(&cpu, 400 * TICK), timer.deadline()), (50, None));
        assert!(!timer.poll(400 * TICK));
        timer.set_stopped(&mut cpu, 400 * TICK, false);
        assert_eq!(timer.deadline(), Some(450 * TICK));
        assert_eq!(timer.count(&cpu, 410 * TICK), 60);
    }
}
