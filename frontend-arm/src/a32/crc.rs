//! A32 CRC-32 (ARM DDI 0487, F5.1.40).

use super::{A32, args};
use crate::semantics::crc::{self, Polynomial};

impl A32<'_, '_> {
    pub(super) fn crc32(&mut self, a: args::Crc32) {
        crc::crc32(self.l, Polynomial::of_bit(a.castagnoli), a.size, a.rd, a.rn, a.rm);
    }
}
