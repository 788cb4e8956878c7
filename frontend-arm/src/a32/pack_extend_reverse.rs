//! A32 packing, extension and reversal (ARM DDI 0406, A5.4.3).

use super::{A32, args};
use crate::semantics::pack_extend_reverse::{self as pack, Part};

impl A32<'_, '_> {
    pub(super) fn pkh(&mut self, a: args::Pkh) {
        pack::pkh(self.l, a.top != 0, a.rd, a.rn, a.rm, a.imm5);
    }

    pub(super) fn sxtb16(&mut self, a: args::Sxtb16) {
        pack::extend(self.l, true, Part::TwoBytes, a.rd, None, a.rm, a.rotation);
    }

    pub(super) fn sxtab16(&mut self, a: args::Sxtab16) {
        pack::extend(self.l, true, Part::TwoBytes, a.rd, Some(a.rn), a.rm, a.rotation);
    }

    pub(super) fn sxtb(&mut self, a: args::Sxtb) {
        pack::extend(self.l, true, Part::Byte, a.rd, None, a.rm, a.rotation);
    }

    pub(super) fn sxtab(&mut self, a: args::Sxtab) {
        pack::extend(self.l, true, Part::Byte, a.rd, Some(a.rn), a.rm, a.rotation);
    }

    pub(super) fn sxth(&mut self, a: args::Sxth) {
        pack::extend(self.l, true, Part::Half, a.rd, None, a.rm, a.rotation);
    }

    pub(super) fn sxtah(&mut self, a: args::Sxtah) {
        pack::extend(self.l, true, Part::Half, a.rd, Some(a.rn), a.rm, a.rotation);
    }

    pub(super) fn uxtb16(&mut self, a: args::Uxtb16) {
        pack::extend(self.l, false, Part::TwoBytes, a.rd, None, a.rm, a.rotation);
    }

    pub(super) fn uxtab16(&mut self, a: args::Uxtab16) {
        pack::extend(self.l, false, Part::TwoBytes, a.rd, Some(a.rn), a.rm, a.rotation);
    }

    pub(super) fn uxtb(&mut self, a: args::Uxtb) {
        pack::extend(self.l, false, Part::Byte, a.rd, None, a.rm, a.rotation);
    }

    pub(super) fn uxtab(&mut self, a: args::Uxtab) {
        pack::extend(self.l, false, Part::Byte, a.rd, Some(a.rn), a.rm, a.rotation);
    }

    pub(super) fn uxth(&mut self, a: args::Uxth) {
        pack::extend(self.l, false, Part::Half, a.rd, None, a.rm, a.rotation);
    }

    pub(super) fn uxtah(&mut self, a: args::Uxtah) {
        pack::extend(self.l, false, Part::Half, a.rd, Some(a.rn), a.rm, a.rotation);
    }

    pub(super) fn rev(&mut self, a: args::Rev) {
        pack::rev(self.l, a.rd, a.rm);
    }

    pub(super) fn rev16(&mut self, a: args::Rev16) {
        pack::rev16(self.l, a.rd, a.rm);
    }

    pub(super) fn revsh(&mut self, a: args::Revsh) {
        pack::revsh(self.l, a.rd, a.rm);
    }

    pub(super) fn rbit(&mut self, a: args::Rbit) {
        pack::rbit(self.l, a.rd, a.rm);
    }
}
