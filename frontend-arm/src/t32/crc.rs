//! 32-bit CRC-32 instructions (ARM DDI 0487, F5.1.40).

use super::Wide;
use super::wide::args;
use crate::semantics::crc::{self, Polynomial};

impl Wide<'_, '_> {
    pub(super) fn crc32(&mut self, a: args::Crc32) {
        crc::crc32(self.l, Polynomial::Ethernet, a.size, a.rd, a.rn, a.rm);
    }

    pub(super) fn crc32c(&mut self, a: args::Crc32c) {
        crc::crc32(self.l, Polynomial::Castagnoli, a.size, a.rd, a.rn, a.rm);
    }
}
