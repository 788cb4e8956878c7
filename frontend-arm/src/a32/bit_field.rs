//! A32 bit fields and bit counts (ARM DDI 0406, A5.2.12 and A5.4).

use super::{A32, args};
use crate::semantics::bit_field;

impl A32<'_, '_> {
    pub(super) fn clz(&mut self, a: args::Clz) {
        bit_field::clz(self.l, a.rd, a.rm);
    }

    pub(super) fn sbfx(&mut self, a: args::Sbfx) {
        bit_field::bit_field_extract(self.l, true, a.rd, a.rn, a.lsb, a.widthm1);
    }

    pub(super) fn ubfx(&mut self, a: args::Ubfx) {
        bit_field::bit_field_extract(self.l, false, a.rd, a.rn, a.lsb, a.widthm1);
    }

    pub(super) fn bfc(&mut self, a: args::Bfc) {
        bit_field::bfc(self.l, a.rd, a.msb, a.lsb);
    }

    pub(super) fn bfi(&mut self, a: args::Bfi) {
        bit_field::bfi(self.l, a.rd, a.rn, a.msb, a.lsb);
    }
}
