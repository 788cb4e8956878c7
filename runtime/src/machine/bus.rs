//! The MMIO bus: devices at physical addresses, the interrupt lines they drive, and the moments at which they will.

use std::fmt;

use demotic_ir::MemSize;

use super::clock::{Alarm, Nanos, Waker};

/// Why a device refused an access. The guest sees an external abort or a bus error.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BusError {
    /// No device answers at this address.
    #[error("no device answers there")]
    NoDevice,
    /// The device has no register there, or not for this direction.
    #[error("the device has no such register")]
    NoRegister,
    /// The register cannot be accessed with this width.
    #[error("the register cannot be accessed with this width")]
    Width,
}

/// A device on the bus. All of its methods run on the vCPU's thread.
///
/// A device drives at most one interrupt line, and is a function of its registers and the clock: the bus looks at it
/// after each access and whenever a deadline passes, so nothing has to call back.
pub trait MmioDevice: Send {
    /// Its name in the board's description, logs and statistics.
    fn name(&self) -> &'static str;

    /// Reads a register. `offset` is aligned to the width.
    ///
    /// # Errors
    /// When there is nothing to read.
    fn read(&mut self, offset: u64, size: MemSize) -> Result<u64, BusError>;

    /// Writes a register. `offset` is aligned to the width, `value` has no bits beyond it.
    ///
    /// # Errors
    /// When the register cannot be written.
    fn write(&mut self, offset: u64, size: MemSize, value: u64) -> Result<(), BusError>;

    /// Takes in what has happened outside since the device was last looked at (input, the passing of time).
    fn poll(&mut self) {}

    /// Whether the interrupt line is asserted, as of the last [`poll`](MmioDevice::poll) or access.
    fn interrupt(&self) -> bool {
        false
    }

    /// When the interrupt line will rise unless somebody touches the device.
    fn deadline(&self) -> Option<Nanos> {
        None
    }

    /// The exit code with which the device has switched the machine off.
    fn power_off(&self) -> Option<u8> {
        None
    }
}

/// A device in its place.
struct Place {
    base: u64,
    len: u64,
    /// The bits of the CPU's interrupt lines that it drives.
    line: u32,
    device: Box<dyn MmioDevice>,
    reads: u64,
    writes: u64,
}

impl Place {
    fn contains(&self, addr: u64, size: MemSize) -> bool {
        addr >= self.base && addr - self.base + u64::from(size.bytes()) <= self.len
    }
}

/// How often a device has been accessed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Accesses {
    /// The device's name.
    pub name: &'static str,
    /// Reads, refused ones included.
    pub reads: u64,
    /// Writes, refused ones included.
    pub writes: u64,
}

/// The devices of a machine.
pub struct Bus {
    places: Vec<Place>,
    alarm: Alarm,
    lines: u32,
    deadline: Option<Nanos>,
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.places.iter().map(|place| place.device.name());
        f.debug_list().entries(names).finish()
    }
}

impl Bus {
    /// A bus without devices, which calls the vCPU through `alarm`.
    pub fn new(alarm: Alarm) -> Bus {
        Bus { places: Vec::new(), alarm, lines: 0, deadline: None }
    }

    /// Puts a device at `len` bytes from `base`; it drives the interrupt lines in the mask `line`.
    pub fn attach(&mut self, base: u64, len: u64, line: u32, device: Box<dyn MmioDevice>) {
        self.places.push(Place { base, len, line, device, reads: 0, writes: 0 });
        self.settle();
    }

    /// Reads a device register at a physical address.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn read(&mut self, addr: u64, size: MemSize) -> Result<u64, BusError> {
        let place = self.place(addr, size)?;
        place.reads += 1;
        place.device.poll();
        let value = place.device.read(addr - place.base, size);
        log_refusal(place, "read", addr, size, value.as_ref().err());
        self.settle();
        value.map(|value| value & size.mask())
    }

    /// Writes a device register at a physical address.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn write(&mut self, addr: u64, size: MemSize, value: u64) -> Result<(), BusError> {
        let place = self.place(addr, size)?;
        place.writes += 1;
        place.device.poll();
        let done = place.device.write(addr - place.base, size, value & size.mask());
        log_refusal(place, "write", addr, size, done.as_ref().err());
        let off = place.device.power_off().is_some();
        self.settle();
        if off {
            self.alarm.raise();
        }
        done
    }

    /// Looks at all devices, and gives the interrupt lines that they assert.
    pub fn poll(&mut self) -> u32 {
        self.places.iter_mut().for_each(|place| place.device.poll());
        self.settle();
        self.lines
    }

    /// The exit code with which a device has switched the machine off.
    pub fn power_off(&self) -> Option<u8> {
        self.places.iter().find_map(|place| place.device.power_off())
    }

    /// How often each device has been accessed.
    pub fn accesses(&self) -> impl Iterator<Item = Accesses> {
        self.places.iter().map(|p| Accesses { name: p.device.name(), reads: p.reads, writes: p.writes })
    }

    fn place(&mut self, addr: u64, size: MemSize) -> Result<&mut Place, BusError> {
        self.places.iter_mut().find(|place| place.contains(addr, size)).ok_or(BusError::NoDevice)
    }

    /// Brings lines and deadline up to date, and calls the vCPU when a line has risen.
    fn settle(&mut self) {
        let asserted = self.places.iter().filter(|place| place.device.interrupt());
        let lines = asserted.fold(0, |lines, place| lines | place.line);
        let risen = lines & !self.lines != 0;
        self.lines = lines;
        let deadline = self.places.iter().filter_map(|place| place.device.deadline()).min();
        // After a deadline has passed the alarm has forgotten it, so an unchanged one in the past need not be repeated.
        if deadline != self.deadline {
            self.deadline = deadline;
            self.alarm.set(Waker::Devices, deadline);
        }
        if risen {
            self.alarm.raise();
        }
    }
}

fn log_refusal(place: &Place, what: &str, addr: u64, size: MemSize, error: Option<&BusError>) {
    if let Some(error) = error {
        let name = place.device.name();
        tracing::warn!("{name}: {}-bit {what} at {addr:#010x}: {error}", size.bits());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::clock::Clock;

    /// One 32-bit register; the line is its bit 0, and writing 0xff switches the machine off.
    struct Latch(u64);

    impl MmioDevice for Latch {
        fn name(&self) -> &'static str {
            "latch"
        }
        fn read(&mut self, offset: u64, _: MemSize) -> Result<u64, BusError> {
            if offset == 0 { Ok(self.0) } else { Err(BusError::NoRegister) }
        }
        fn write(&mut self, _: u64, size: MemSize, value: u64) -> Result<(), BusError> {
            if size != MemSize::B4 {
                return Err(BusError::Width);
            }
            self.0 = value;
            Ok(())
        }
        fn interrupt(&self) -> bool {
            self.0 & 1 != 0
        }
        fn power_off(&self) -> Option<u8> {
            (self.0 == 0xff).then_some(7)
        }
    }

    fn bus() -> (Bus, Alarm) {
        let alarm = Alarm::new(Clock::manual());
        let mut bus = Bus::new(alarm.clone());
        bus.attach(0x1000, 8, 4, Box::new(Latch(0)));
        (bus, alarm)
    }

    #[test]
    fn routes_by_address_and_counts() {
        let (mut bus, _) = bus();
        assert_eq!(bus.write(0x1000, MemSize::B4, 0x1_0000_0002), Ok(()));
        assert_eq!(bus.read(0x1000, MemSize::B4), Ok(2));
        assert_eq!(bus.read(0x1004, MemSize::B4), Err(BusError::NoRegister));
        assert_eq!(bus.read(0x1004, MemSize::B8), Err(BusError::NoDevice));
        assert_eq!(bus.write(0x1000, MemSize::B1, 0), Err(BusError::Width));
        assert_eq!(bus.accesses().next(), Some(Accesses { name: "latch", reads: 2, writes: 2 }));
    }

    #[test]
    fn a_rising_line_calls_the_vcpu() {
        let (mut bus, alarm) = bus();
        bus.write(0x1000, MemSize::B4, 1).unwrap();
        assert_eq!(bus.poll(), 4);
        assert!(alarm.wait(false));
        bus.write(0x1000, MemSize::B4, 3).unwrap();
        assert!(!alarm.wait(false), "the line had been high before");
        bus.write(0x1000, MemSize::B4, 0).unwrap();
        assert_eq!(bus.poll(), 0);
    }

    #[test]
    fn switching_off_calls_the_vcpu() {
        let (mut bus, alarm) = bus();
        bus.write(0x1000, MemSize::B4, 0xff).unwrap();
        assert_eq!(bus.power_off(), Some(7));
        assert!(alarm.wait(false));
    }
}
