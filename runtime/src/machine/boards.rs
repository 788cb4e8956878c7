//! The boards, as data: CPU, RAM, devices, their interrupt lines, and what the CPU sees.

use super::bus::MmioDevice;
use super::clock::Clock;
use super::console::Console;
use super::devices::{Pl011, Power, Sp804, Uart16550};
use super::memory::{RamRegion, SECTION, View};
use super::{arm, mips};

/// The CPU of a board.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cpu {
    /// An ARMv7-A core without MMU, in supervisor mode at reset.
    Arm,
    /// A MIPS32 release 2 core with fixed-mapping MMU; its endianness is the image's.
    Mips,
}

impl Cpu {
    /// What images for it are called in messages.
    pub fn wants(self) -> &'static str {
        match self {
            Cpu::Arm => "little-endian 32-bit ARM",
            Cpu::Mips => "32-bit MIPS",
        }
    }

    /// The address spaces of its modes.
    pub fn views(self) -> &'static [View] {
        match self {
            Cpu::Arm => arm::VIEWS,
            Cpu::Mips => mips::VIEWS,
        }
    }

    /// Index in [`views`](Cpu::views) of what a location with these mode bits sees.
    pub fn view_of(self) -> fn(u32) -> usize {
        match self {
            Cpu::Arm => |_| 0,
            Cpu::Mips => mips::view_of,
        }
    }
}

/// The kinds of device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeviceKind {
    /// ARM PL011 serial port.
    Pl011,
    /// 16550 serial port.
    Uart16550,
    /// ARM SP804-style timer at 1 MHz.
    Sp804,
    /// Power switch.
    Power,
}

impl DeviceKind {
    /// Whether it takes input from the console.
    pub fn takes_input(self) -> bool {
        matches!(self, DeviceKind::Pl011 | DeviceKind::Uart16550)
    }

    /// A new device of this kind.
    pub fn create(self, console: &Console, clock: &Clock) -> Box<dyn MmioDevice> {
        match self {
            DeviceKind::Pl011 => Box::new(Pl011::new(console.clone())),
            DeviceKind::Uart16550 => Box::new(Uart16550::new(console.clone())),
            DeviceKind::Sp804 => Box::new(Sp804::new(clock.clone())),
            DeviceKind::Power => Box::new(Power::default()),
        }
    }
}

/// A device in its place on a board.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DeviceRow {
    /// What it is.
    pub kind: DeviceKind,
    /// Physical address.
    pub base: u64,
    /// Size of its registers in bytes.
    pub len: u64,
    /// Which bits of the CPU's interrupt lines (its state slot `irq_lines`) it drives; 0 when it is not wired.
    pub line: u32,
}

/// A board.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Board {
    /// Name as users type it.
    pub name: &'static str,
    /// One line about it.
    pub summary: &'static str,
    /// Its CPU.
    pub cpu: Cpu,
    /// Bytes of RAM behind `ram`.
    pub ram_size: u64,
    /// Where RAM is in the physical address space.
    pub ram: &'static [RamRegion],
    /// Its devices.
    pub devices: &'static [DeviceRow],
    /// What turns an image's load address into a physical one.
    pub load_mask: u64,
}

impl Board {
    /// Whether `len` bytes from a physical address on lie in one piece of RAM.
    pub fn has_ram(&self, phys: u64, len: u64) -> bool {
        self.ram.iter().any(|r| phys >= r.base && phys - r.base <= r.len && len <= r.len - (phys - r.base))
    }
}

const fn ram(base: u64, len: u64, backing: u64) -> RamRegion {
    RamRegion { base, len, backing, writable: true }
}

const fn device(kind: DeviceKind, base: u64, len: u64, line: u32) -> DeviceRow {
    DeviceRow { kind, base, len, line }
}

const MIB: u64 = SECTION;

/// All boards.
pub static BOARDS: &[Board] = &[
    Board {
        name: "bare-arm",
        summary: "ARMv7-A, 64 MiB at 0x40000000 and 1 MiB at 0, PL011, SP804 timer, power switch, semihosting",
        cpu: Cpu::Arm,
        ram_size: 65 * MIB,
        ram: &[ram(0x4000_0000, 64 * MIB, 0), ram(0, MIB, 64 * MIB)],
        devices: &[
            device(DeviceKind::Pl011, 0x0900_0000, 0x1000, 0),
            device(DeviceKind::Sp804, 0x0901_0000, 0x20, arm::IRQ_LINE),
            device(DeviceKind::Power, 0x0902_0000, 4, 0),
        ],
        load_mask: u64::MAX,
    },
    Board {
        name: "bare-mips",
        summary: "MIPS32r2 with fixed mapping, 64 MiB at 0, 16550, Count/Compare timer, power switch",
        cpu: Cpu::Mips,
        ram_size: 64 * MIB,
        ram: &[ram(0, 64 * MIB, 0), ram(0x4000_0000, 64 * MIB, 0)],
        devices: &[
            device(DeviceKind::Uart16550, 0x1f00_0900, 8, 0),
            device(DeviceKind::Power, 0x1f00_0500, 4, 0),
        ],
        // kseg0 and kseg1 addresses; images are linked to run there.
        load_mask: 0x1fff_ffff,
    },
];

/// The board called `name`.
pub fn by_name(name: &str) -> Option<&'static Board> {
    BOARDS.iter().find(|board| board.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boards_are_sound() {
        for board in BOARDS {
            assert_eq!(by_name(board.name), Some(board));
            for region in board.ram {
                assert!(region.base.is_multiple_of(SECTION) && region.len.is_multiple_of(SECTION));
                assert!(region.backing + region.len <= board.ram_size);
            }
            for row in board.devices {
                assert!(!board.has_ram(row.base, 1), "{}: {:?} lies in RAM", board.name, row.kind);
            }
            for segment in board.cpu.views().iter().flat_map(|view| view.segments) {
                assert!(segment.base.is_multiple_of(SECTION) && segment.len.is_multiple_of(SECTION));
                assert!(segment.phys.is_multiple_of(SECTION) && segment.base + segment.len <= 1 << 32);
            }
        }
    }

    #[test]
    fn ram_has_ends() {
        let board = by_name("bare-arm").unwrap();
        assert!(board.has_ram(0x4000_0000, 64 * MIB));
        assert!(!board.has_ram(0x4000_0000, 64 * MIB + 1));
        assert!(!board.has_ram(0x4400_0000, 1));
        assert!(!board.has_ram(0x4000_0001, u64::MAX));
    }
}
