//! A timer after one half of ARM's SP804 dual timer (DDI 0271), clocked at 1 MHz.
//!
//! The counter runs down from what was loaded. At zero it raises its interrupt and, depending on the mode, stops
//! (one-shot), begins again at the background load value (periodic) or wraps to all ones (free-running). Nothing ticks
//! here: the counter is computed from the clock when somebody looks.

use demotic_ir::MemSize;

use crate::machine::bus::{BusError, MmioDevice};
use crate::machine::clock::{Clock, Nanos};

mod spec {
    /// Write: load value, from which the counter starts at once.
    pub(super) const LOAD: u64 = 0x00;
    /// Read: the counter.
    pub(super) const VALUE: u64 = 0x04;
    /// Control.
    pub(super) const CONTROL: u64 = 0x08;
    /// Write: clears the interrupt.
    pub(super) const INTCLR: u64 = 0x0c;
    /// Read: raw interrupt status.
    pub(super) const RIS: u64 = 0x10;
    /// Read: interrupt status after the enable bit.
    pub(super) const MIS: u64 = 0x14;
    /// Background load value: what a periodic timer begins again from.
    pub(super) const BGLOAD: u64 = 0x18;

    /// CONTROL: one-shot.
    pub(super) const ONE_SHOT: u32 = 1 << 0;
    /// CONTROL: the counter has 32 bits, not 16.
    pub(super) const SIZE_32: u32 = 1 << 1;
    /// CONTROL: place of the prescaler field: 1, 16, 256.
    pub(super) const PRESCALE: u32 = 2;
    /// CONTROL: interrupt enable; set at reset.
    pub(super) const INT_ENABLE: u32 = 1 << 5;
    /// CONTROL: periodic.
    pub(super) const PERIODIC: u32 = 1 << 6;
    /// CONTROL: the counter runs.
    pub(super) const ENABLE: u32 = 1 << 7;
    /// The bits of CONTROL that exist.
    pub(super) const CONTROL_BITS: u32 = 0xef;

    /// Nanoseconds of an input clock cycle.
    pub(super) const CYCLE: u64 = 1000;
}

/// The timer.
#[derive(Debug)]
pub struct Sp804 {
    clock: Clock,
    control: u32,
    /// What LOAD and BGLOAD read as.
    load: u32,
    /// The counter at `since`.
    counter: u32,
    /// The moment that `counter` is of, a whole number of ticks after the counter was started.
    since: Nanos,
    /// Raw interrupt status.
    raised: bool,
}

impl Sp804 {
    /// A timer in its reset state: stopped, counter all ones.
    pub fn new(clock: Clock) -> Sp804 {
        let since = clock.now();
        Sp804 { clock, control: spec::INT_ENABLE, load: 0, counter: u32::MAX, since, raised: false }
    }

    /// Nanoseconds of a tick of the counter.
    fn tick(&self) -> Nanos {
        match self.control >> spec::PRESCALE & 3 {
            0 => spec::CYCLE,
            1 => spec::CYCLE * 16,
            // 3 is undefined by the manual; taken as 2.
            _ => spec::CYCLE * 256,
        }
    }

    fn mask(&self) -> u32 {
        if self.control & spec::SIZE_32 != 0 { u32::MAX } else { 0xffff }
    }

    fn enabled(&self) -> bool {
        self.control & spec::ENABLE != 0
    }

    /// A one-shot counter that has reached zero stands until it is loaded again.
    fn stands(&self) -> bool {
        !self.enabled() || (self.control & spec::ONE_SHOT != 0 && self.counter == 0)
    }

    /// Ticks of a full round once the counter has passed zero: the load value when periodic (at least one), else all of
    /// the counter's range.
    fn period(&self) -> u64 {
        match self.control & spec::PERIODIC {
            0 => u64::from(self.mask()) + 1,
            _ => u64::from(self.load & self.mask()).max(1),
        }
    }

    /// Ticks until the counter is at zero next; a counter at zero starts over.
    fn ticks_to_zero(&self) -> u64 {
        match u64::from(self.counter & self.mask()) {
            0 => self.period(),
            ticks => ticks,
        }
    }

    /// Brings the counter forward to now.
    fn advance(&mut self) {
        let now = self.clock.now();
        if self.stands() {
            self.since = now;
            return;
        }
        let ticks = now.saturating_sub(self.since) / self.tick();
        if ticks == 0 {
            return;
        }
        self.since += ticks * self.tick();
        let to_zero = self.ticks_to_zero();
        if ticks < to_zero {
            self.counter = (to_zero - ticks) as u32;
            return;
        }
        self.raised = true;
        self.counter = match self.control & spec::ONE_SHOT {
            0 => match (ticks - to_zero) % self.period() {
                0 => 0,
                past => (self.period() - past) as u32,
            },
            _ => 0,
        };
    }

    fn start_from(&mut self, value: u32) {
        self.counter = value & self.mask();
        self.since = self.clock.now();
        // Loading 0 raises the interrupt at once.
        if self.counter == 0 && self.enabled() {
            self.raised = true;
        }
    }
}

impl MmioDevice for Sp804 {
    fn name(&self) -> &'static str {
        "sp804"
    }

    fn read(&mut self, offset: u64, size: MemSize) -> Result<u64, BusError> {
        if size == MemSize::B8 {
            return Err(BusError::Width);
        }
        Ok(u64::from(match offset {
            spec::LOAD | spec::BGLOAD => self.load,
            spec::VALUE => self.counter & self.mask(),
            spec::CONTROL => self.control,
            spec::RIS => u32::from(self.raised),
            spec::MIS => u32::from(self.interrupt()),
            _ => return Err(BusError::NoRegister),
        }))
    }

    fn write(&mut self, offset: u64, size: MemSize, value: u64) -> Result<(), BusError> {
        if size != MemSize::B4 {
            return Err(BusError::Width);
        }
        let value = value as u32;
        match offset {
            spec::LOAD => {
                self.load = value;
                self.start_from(value);
            }
            spec::BGLOAD => self.load = value,
            spec::CONTROL => self.control = value & spec::CONTROL_BITS,
            spec::INTCLR => self.raised = false,
            _ => return Err(BusError::NoRegister),
        }
        Ok(())
    }

    fn poll(&mut self) {
        self.advance();
    }

    fn interrupt(&self) -> bool {
        self.raised && self.control & spec::INT_ENABLE != 0
    }

    fn deadline(&self) -> Option<Nanos> {
        let silent = self.raised || self.stands() || self.control & spec::INT_ENABLE == 0;
        (!silent).then(|| self.since + self.ticks_to_zero() * self.tick())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MICRO: Nanos = 1000;

    struct Bench {
        clock: Clock,
        timer: Sp804,
    }

    impl Bench {
        fn new(load: u64, control: u32) -> Bench {
            let clock = Clock::manual();
            let mut bench = Bench { timer: Sp804::new(clock.clone()), clock };
            bench.write(spec::CONTROL, u64::from(control));
            bench.write(spec::LOAD, load);
            bench
        }
        fn write(&mut self, offset: u64, value: u64) {
            self.timer.poll();
            self.timer.write(offset, MemSize::B4, value).unwrap();
        }
        fn read(&mut self, offset: u64) -> u64 {
            self.timer.poll();
            self.timer.read(offset, MemSize::B4).unwrap()
        }
        fn at(&mut self, micros: u64) -> &mut Bench {
            self.clock.advance_to(micros * MICRO);
            self.timer.poll();
            self
        }
    }

    const RUN: u32 = spec::ENABLE | spec::SIZE_32 | spec::INT_ENABLE;

    #[test]
    fn a_periodic_timer_reloads() {
        let mut bench = Bench::new(100, RUN | spec::PERIODIC);
        assert_eq!(bench.timer.deadline(), Some(100 * MICRO));
        assert_eq!(bench.at(40).read(spec::VALUE), 60);
        assert_eq!(bench.read(spec::RIS), 0);
        assert_eq!(bench.at(100).read(spec::VALUE), 0);
        assert_eq!((bench.read(spec::RIS), bench.read(spec::MIS)), (1, 1));
        assert_eq!(bench.timer.deadline(), None, "the line is up already");
        bench.at(130).write(spec::INTCLR, 1);
        assert!(!bench.timer.interrupt());
        assert_eq!(bench.read(spec::VALUE), 70);
        assert_eq!(bench.timer.deadline(), Some(200 * MICRO));
        assert_eq!(bench.at(450).read(spec::VALUE), 50, "periods that nobody saw are skipped");
    }

    #[test]
    fn the_background_load_waits_for_the_next_period() {
        let mut bench = Bench::new(100, RUN | spec::PERIODIC);
        bench.at(10).write(spec::BGLOAD, 30);
        assert_eq!(bench.read(spec::VALUE), 90);
        assert_eq!(bench.at(110).read(spec::VALUE), 20);
        assert_eq!(bench.read(spec::LOAD), 30);
    }

    #[test]
    fn a_one_shot_timer_stops_at_zero() {
        let mut bench = Bench::new(5, RUN | spec::ONE_SHOT);
        assert_eq!(bench.at(9).read(spec::VALUE), 0);
        bench.write(spec::INTCLR, 0);
        assert_eq!(bench.at(500).read(spec::RIS), 0);
        assert_eq!(bench.timer.deadline(), None);
        bench.write(spec::LOAD, 5);
        assert_eq!(bench.timer.deadline(), Some(505 * MICRO));
    }

    #[test]
    fn a_free_running_16_bit_timer_wraps() {
        let mut bench = Bench::new(0x1_0003, spec::ENABLE);
        assert_eq!(bench.read(spec::VALUE), 3);
        assert_eq!(bench.at(5).read(spec::VALUE), 0xfffe);
        assert_eq!((bench.read(spec::RIS), bench.read(spec::MIS)), (1, 0), "raised, but not enabled");
    }

    #[test]
    fn the_prescaler_slows_it_down() {
        let mut bench = Bench::new(100, RUN | 1 << spec::PRESCALE);
        assert_eq!(bench.at(32).read(spec::VALUE), 98);
        bench.write(spec::CONTROL, u64::from(RUN | 2 << spec::PRESCALE));
        assert_eq!(bench.timer.deadline(), Some((32 + 98 * 256) * MICRO));
    }

    #[test]
    fn a_stopped_timer_keeps_its_value() {
        let mut bench = Bench::new(50, RUN);
        bench.at(10).write(spec::CONTROL, u64::from(RUN & !spec::ENABLE));
        assert_eq!(bench.at(1000).read(spec::VALUE), 40);
        bench.write(spec::CONTROL, u64::from(RUN));
        assert_eq!(bench.at(1010).read(spec::VALUE), 30);
    }

    #[test]
    fn refuses_what_has_no_register() {
        let mut bench = Bench::new(1, 0);
        assert_eq!(bench.timer.read(0x40, MemSize::B4), Err(BusError::NoRegister));
        assert_eq!(bench.timer.write(spec::VALUE, MemSize::B4, 0), Err(BusError::NoRegister));
        assert_eq!(bench.timer.write(spec::LOAD, MemSize::B1, 0), Err(BusError::Width));
    }
}
