//! ARM's PL011 serial port (DDI 0183). Transmission is instantaneous; there are no line errors, no modem and no DMA.

use std::collections::VecDeque;

use demotic_ir::MemSize;

use crate::machine::bus::{BusError, MmioDevice};
use crate::machine::console::Console;

mod spec {
    /// Data.
    pub(super) const DR: u64 = 0x000;
    /// Receive status (read), error clear (write).
    pub(super) const RSR: u64 = 0x004;
    /// Flags.
    pub(super) const FR: u64 = 0x018;
    /// IrDA low-power counter.
    pub(super) const ILPR: u64 = 0x020;
    /// Integer baud rate.
    pub(super) const IBRD: u64 = 0x024;
    /// Fractional baud rate.
    pub(super) const FBRD: u64 = 0x028;
    /// Line control.
    pub(super) const LCR_H: u64 = 0x02c;
    /// Control.
    pub(super) const CR: u64 = 0x030;
    /// Interrupt FIFO level select.
    pub(super) const IFLS: u64 = 0x034;
    /// Interrupt mask set/clear: a 1 enables.
    pub(super) const IMSC: u64 = 0x038;
    /// Raw interrupt status.
    pub(super) const RIS: u64 = 0x03c;
    /// Masked interrupt status.
    pub(super) const MIS: u64 = 0x040;
    /// Interrupt clear.
    pub(super) const ICR: u64 = 0x044;
    /// DMA control.
    pub(super) const DMACR: u64 = 0x048;
    /// UARTPeriphID0..3, UARTPCellID0..3.
    pub(super) const ID: u64 = 0xfe0;
    /// What they read as: part 0x011, designer ARM, revision r1p5; PrimeCell.
    pub(super) const ID_VALUES: [u8; 8] = [0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1];

    /// FR: receive FIFO empty.
    pub(super) const FR_RXFE: u32 = 1 << 4;
    /// FR: receive FIFO full.
    pub(super) const FR_RXFF: u32 = 1 << 6;
    /// FR: transmit FIFO empty.
    pub(super) const FR_TXFE: u32 = 1 << 7;
    /// LCR_H: FIFOs enabled.
    pub(super) const LCR_H_FEN: u32 = 1 << 4;
    /// CR: the port is enabled.
    pub(super) const CR_UARTEN: u32 = 1 << 0;
    /// CR: loop back.
    pub(super) const CR_LBE: u32 = 1 << 7;
    /// CR at reset: transmitter and receiver enabled, the port not.
    pub(super) const CR_RESET: u32 = 0x300;
    /// Interrupts: receive.
    pub(super) const INT_RX: u32 = 1 << 4;
    /// Interrupts: transmit.
    pub(super) const INT_TX: u32 = 1 << 5;
    /// Interrupts: receive timeout.
    pub(super) const INT_RT: u32 = 1 << 6;
    /// The interrupts that exist.
    pub(super) const INT_BITS: u32 = 0x7ff;
    /// Depth of the receive FIFO.
    pub(super) const FIFO: usize = 16;
}

/// The serial port.
#[derive(Debug)]
pub struct Pl011 {
    console: Console,
    received: VecDeque<u8>,
    ilpr: u32,
    ibrd: u32,
    fbrd: u32,
    lcr_h: u32,
    cr: u32,
    ifls: u32,
    imsc: u32,
    /// Raw interrupt status but for the receive interrupts, which follow the FIFO.
    raised: u32,
    dmacr: u32,
    warned: bool,
}

impl Pl011 {
    /// A port in its reset state whose line leads to `console`.
    pub fn new(console: Console) -> Pl011 {
        Pl011 {
            console,
            received: VecDeque::new(),
            ilpr: 0,
            ibrd: 0,
            fbrd: 0,
            lcr_h: 0,
            cr: spec::CR_RESET,
            ifls: 0x12,
            imsc: 0,
            raised: 0,
            dmacr: 0,
            warned: false,
        }
    }

    fn depth(&self) -> usize {
        if self.lcr_h & spec::LCR_H_FEN != 0 { spec::FIFO } else { 1 }
    }

    fn flags(&self) -> u32 {
        let empty = if self.received.is_empty() { spec::FR_RXFE } else { 0 };
        let full = if self.received.len() >= self.depth() { spec::FR_RXFF } else { 0 };
        spec::FR_TXFE | empty | full
    }

    /// Raw interrupt status. Input that waits below the FIFO's trigger level is reported by the receive timeout on real
    /// hardware; here both are asserted as soon as anything waits.
    fn raw(&self) -> u32 {
        let receive = if self.received.is_empty() { 0 } else { spec::INT_RX | spec::INT_RT };
        self.raised | receive
    }

    fn transmit(&mut self, byte: u8) {
        if self.cr & spec::CR_UARTEN == 0 && !self.warned {
            self.warned = true;
            tracing::info!(
                "pl011: the guest transmits without enabling the port (UARTCR); sent all the same"
            );
        }
        if self.cr & spec::CR_LBE != 0 {
            if self.received.len() < self.depth() {
                self.received.push_back(byte);
            }
        } else {
            self.console.put(byte);
        }
        self.raised |= spec::INT_TX;
    }

    fn identification(offset: u64) -> Option<u32> {
        let index = offset.checked_sub(spec::ID)? / 4;
        spec::ID_VALUES.get(index as usize).map(|&byte| u32::from(byte))
    }
}

impl MmioDevice for Pl011 {
    fn name(&self) -> &'static str {
        "pl011"
    }

    fn read(&mut self, offset: u64, size: MemSize) -> Result<u64, BusError> {
        if size == MemSize::B8 {
            return Err(BusError::Width);
        }
        Ok(u64::from(match offset {
            spec::DR => self.received.pop_front().map_or(0, u32::from),
            spec::RSR => 0,
            spec::FR => self.flags(),
            spec::ILPR => self.ilpr,
            spec::IBRD => self.ibrd,
            spec::FBRD => self.fbrd,
            spec::LCR_H => self.lcr_h,
            spec::CR => self.cr,
            spec::IFLS => self.ifls,
            spec::IMSC => self.imsc,
            spec::RIS => self.raw(),
            spec::MIS => self.raw() & self.imsc,
            spec::DMACR => self.dmacr,
            _ => Self::identification(offset).ok_or(BusError::NoRegister)?,
        }))
    }

    fn write(&mut self, offset: u64, size: MemSize, value: u64) -> Result<(), BusError> {
        if size == MemSize::B8 {
            return Err(BusError::Width);
        }
        let value = value as u32;
        match offset {
            spec::DR => self.transmit(value as u8),
            spec::RSR => {}
            spec::ILPR => self.ilpr = value & 0xff,
            spec::IBRD => self.ibrd = value & 0xffff,
            spec::FBRD => self.fbrd = value & 0x3f,
            spec::LCR_H => self.lcr_h = value & 0xff,
            spec::CR => self.cr = value & 0xff87,
            spec::IFLS => self.ifls = value & 0x3f,
            spec::IMSC => self.imsc = value & spec::INT_BITS,
            spec::ICR => self.raised &= !value,
            spec::DMACR => self.dmacr = value & 7,
            _ => return Err(BusError::NoRegister),
        }
        Ok(())
    }

    fn poll(&mut self) {
        while self.received.len() < self.depth() {
            let Some(byte) = self.console.get() else { break };
            self.received.push_back(byte);
        }
    }

    fn interrupt(&self) -> bool {
        self.raw() & self.imsc != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::console::Capture;

    fn uart() -> (Pl011, Console, Capture) {
        let capture = Capture::default();
        let console = Console::new(Box::new(capture.clone()));
        (Pl011::new(console.clone()), console, capture)
    }

    fn read(uart: &mut Pl011, offset: u64) -> u32 {
        uart.poll();
        uart.read(offset, MemSize::B4).unwrap() as u32
    }

    #[test]
    fn transmits_to_the_console() {
        let (mut uart, _, capture) = uart();
        assert_eq!(read(&mut uart, spec::FR), spec::FR_TXFE | spec::FR_RXFE);
        for &byte in b"hi\n" {
            uart.write(spec::DR, MemSize::B4, u64::from(byte)).unwrap();
        }
        assert_eq!(capture.text(), "hi\n");
        assert_eq!(read(&mut uart, spec::RIS), spec::INT_TX);
        uart.write(spec::ICR, MemSize::B4, u64::from(spec::INT_TX)).unwrap();
        assert_eq!(read(&mut uart, spec::RIS), 0);
    }

    #[test]
    fn receives_one_byte_without_fifo_and_sixteen_with() {
        let (mut uart, console, _) = uart();
        console.feed(b"0123456789abcdefXY");
        assert_eq!(read(&mut uart, spec::FR) & (spec::FR_RXFE | spec::FR_RXFF), spec::FR_RXFF);
        uart.write(spec::LCR_H, MemSize::B4, u64::from(spec::LCR_H_FEN)).unwrap();
        assert_eq!(read(&mut uart, spec::FR) & spec::FR_RXFF, spec::FR_RXFF);
        assert_eq!(read(&mut uart, spec::DR), u32::from(b'0'));
        assert_eq!(uart.received.len(), 15);
    }

    #[test]
    fn waiting_input_interrupts_when_unmasked() {
        let (mut uart, console, _) = uart();
        console.feed(b"x");
        uart.poll();
        assert!(!uart.interrupt());
        uart.write(spec::IMSC, MemSize::B4, u64::from(spec::INT_RX)).unwrap();
        assert!(uart.interrupt());
        assert_eq!(read(&mut uart, spec::MIS), spec::INT_RX);
        read(&mut uart, spec::DR);
        assert!(!uart.interrupt());
    }

    #[test]
    fn loops_back_when_told_to() {
        let (mut uart, _, capture) = uart();
        uart.write(spec::CR, MemSize::B4, u64::from(spec::CR_UARTEN | spec::CR_LBE)).unwrap();
        uart.write(spec::DR, MemSize::B4, 0x55).unwrap();
        assert_eq!((read(&mut uart, spec::DR), capture.text()), (0x55, String::new()));
    }

    #[test]
    fn names_itself() {
        let (mut uart, _, _) = uart();
        assert_eq!(read(&mut uart, 0xfe0), 0x11);
        assert_eq!(read(&mut uart, 0xffc), 0xb1);
        assert_eq!(uart.read(0x100, MemSize::B4), Err(BusError::NoRegister));
        assert_eq!(uart.write(spec::FR, MemSize::B4, 0), Err(BusError::NoRegister));
    }
}
