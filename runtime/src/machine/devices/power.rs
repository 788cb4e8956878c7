//! A register that switches the machine off: a 32-bit write of a value ends it with the value's low byte as exit code.

use demotic_ir::MemSize;

use crate::machine::bus::{BusError, MmioDevice};

mod spec {
    /// Write: exit code. Reads as zero.
    pub(super) const OFF: u64 = 0x0;
}

/// The power switch of the bare boards.
#[derive(Debug, Default)]
pub struct Power {
    code: Option<u8>,
}

impl MmioDevice for Power {
    fn name(&self) -> &'static str {
        "power"
    }

    fn read(&mut self, offset: u64, _: MemSize) -> Result<u64, BusError> {
        if offset == spec::OFF { Ok(0) } else { Err(BusError::NoRegister) }
    }

    fn write(&mut self, offset: u64, size: MemSize, value: u64) -> Result<(), BusError> {
        match (offset, size) {
            (spec::OFF, MemSize::B4) => {
                // The guest may run on for a few instructions; the first code is the one that counts.
                self.code.get_or_insert(value as u8);
                Ok(())
            }
            (spec::OFF, _) => Err(BusError::Width),
            _ => Err(BusError::NoRegister),
        }
    }

    fn power_off(&self) -> Option<u8> {
        self.code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_written_is_the_exit_code() {
        let mut power = Power::default();
        assert_eq!(power.write(0, MemSize::B1, 1), Err(BusError::Width));
        assert_eq!(power.power_off(), None);
        power.write(0, MemSize::B4, 0x12a).unwrap();
        power.write(0, MemSize::B4, 1).unwrap();
        assert_eq!(power.power_off(), Some(0x2a));
    }
}
