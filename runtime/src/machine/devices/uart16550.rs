//! A 16550 serial port. The registers are `vm-superio`'s; here are its place on the bus, its input and its line.

use std::convert::Infallible;
use std::fmt;

use demotic_ir::MemSize;
use vm_superio::serial::NoEvents;
use vm_superio::{Serial, Trigger};

use crate::machine::bus::{BusError, MmioDevice};
use crate::machine::console::Console;

mod spec {
    /// Number of registers, one byte apart.
    pub(super) const REGISTERS: u64 = 8;
    /// IER: received data available.
    pub(super) const IER_RDA: u8 = 1 << 0;
    /// IIR: no interrupt is pending.
    pub(super) const IIR_NONE: u8 = 1 << 0;
}

/// The line's level is read off the registers (see [`Uart16550::interrupt`]), so edges need no handling.
#[derive(Debug)]
struct LevelOnly;

impl Trigger for LevelOnly {
    type E = Infallible;

    fn trigger(&self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// The serial port.
pub struct Uart16550 {
    serial: Serial<LevelOnly, NoEvents, Console>,
    console: Console,
}

impl fmt::Debug for Uart16550 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Uart16550")
    }
}

impl Uart16550 {
    /// A port whose line leads to `console`.
    pub fn new(console: Console) -> Uart16550 {
        Uart16550 { serial: Serial::new(LevelOnly, console.clone()), console }
    }
}

/// Every register is a byte; a wider access to its address is one to the byte alone, as on common bus bridges.
fn register(offset: u64, size: MemSize) -> Result<u8, BusError> {
    match offset {
        _ if size == MemSize::B8 => Err(BusError::Width),
        0..spec::REGISTERS => Ok(offset as u8),
        _ => Err(BusError::NoRegister),
    }
}

impl MmioDevice for Uart16550 {
    fn name(&self) -> &'static str {
        "uart16550"
    }

    fn read(&mut self, offset: u64, size: MemSize) -> Result<u64, BusError> {
        Ok(u64::from(self.serial.read(register(offset, size)?)))
    }

    fn write(&mut self, offset: u64, size: MemSize, value: u64) -> Result<(), BusError> {
        let register = register(offset, size)?;
        if let Err(error) = self.serial.write(register, value as u8) {
            tracing::warn!("uart16550: {error}");
        }
        Ok(())
    }

    fn poll(&mut self) {
        while self.serial.fifo_capacity() > 0 {
            let Some(byte) = self.console.get() else { break };
            if let Err(error) = self.serial.enqueue_raw_bytes(&[byte]) {
                tracing::warn!("uart16550: {error}");
            }
        }
    }

    fn interrupt(&self) -> bool {
        let state = self.serial.state();
        // The received-data interrupt is a level: reading IIR does not end it, reading the data does.
        let received = state.interrupt_enable & spec::IER_RDA != 0 && !state.in_buffer.is_empty();
        received || state.interrupt_identification & spec::IIR_NONE == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::console::Capture;

    const IER: u64 = 1;
    const IIR: u64 = 2;
    const LSR: u64 = 5;

    fn uart() -> (Uart16550, Console, Capture) {
        let capture = Capture::default();
        let console = Console::new(Box::new(capture.clone()));
        (Uart16550::new(console.clone()), console, capture)
    }

    #[test]
    fn transmits_to_the_console() {
        let (mut uart, _, capture) = uart();
        assert_eq!(uart.read(LSR, MemSize::B1).unwrap() & 0x60, 0x60, "the transmitter is always empty");
        for &byte in b"hi\n" {
            uart.write(0, MemSize::B1, u64::from(byte)).unwrap();
        }
        assert_eq!(capture.text(), "hi\n");
    }

    #[test]
    fn received_data_asserts_the_line_until_it_is_read() {
        let (mut uart, console, _) = uart();
        uart.write(IER, MemSize::B1, u64::from(spec::IER_RDA)).unwrap();
        console.feed(b"ab");
        uart.poll();
        assert!(uart.interrupt());
        uart.read(IIR, MemSize::B1).unwrap();
        assert!(uart.interrupt(), "identifying an interrupt does not end it");
        assert_eq!(uart.read(0, MemSize::B1), Ok(u64::from(b'a')));
        assert!(uart.interrupt());
        assert_eq!(uart.read(0, MemSize::B1), Ok(u64::from(b'b')));
        assert!(!uart.interrupt());
        assert_eq!(uart.read(LSR, MemSize::B1).unwrap() & 1, 0);
    }

    #[test]
    fn the_empty_transmitter_interrupts_until_identified() {
        let (mut uart, _, _) = uart();
        uart.write(IER, MemSize::B1, 2).unwrap();
        assert!(uart.interrupt());
        assert_eq!(uart.read(IIR, MemSize::B1).unwrap() & 0xf, 2);
        assert!(!uart.interrupt());
    }

    #[test]
    fn there_are_eight_registers() {
        let (mut uart, _, _) = uart();
        assert_eq!(uart.read(8, MemSize::B1), Err(BusError::NoRegister));
        assert_eq!(uart.read(0, MemSize::B8), Err(BusError::Width));
    }
}
