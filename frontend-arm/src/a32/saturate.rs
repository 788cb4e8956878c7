//! A32 saturating instructions (ARM DDI 0406, A5.2.6 and A5.4.3).

use super::{A32, args};
use crate::semantics::saturate;
use crate::semantics::shifter::ImmShift;

/// The shift of SSAT and USAT: LSL or ASR, where ASR by 0 means 32.
fn saturation_shift(asr: u32, imm5: u32) -> ImmShift {
    ImmShift::decode(2 * asr, imm5)
}

impl A32<'_, '_> {
    pub(super) fn qadd(&mut self, a: args::Qadd) {
        saturate::qadd(self.l, false, false, a.rd, a.rm, a.rn);
    }

    pub(super) fn qsub(&mut self, a: args::Qsub) {
        saturate::qadd(self.l, true, false, a.rd, a.rm, a.rn);
    }

    pub(super) fn qdadd(&mut self, a: args::Qdadd) {
        saturate::qadd(self.l, false, true, a.rd, a.rm, a.rn);
    }

    pub(super) fn qdsub(&mut self, a: args::Qdsub) {
        saturate::qadd(self.l, true, true, a.rd, a.rm, a.rn);
    }

    pub(super) fn ssat(&mut self, a: args::Ssat) {
        saturate::ssat(self.l, a.rd, a.sat + 1, a.rn, saturation_shift(a.top, a.imm5));
    }

    pub(super) fn usat(&mut self, a: args::Usat) {
        saturate::usat(self.l, a.rd, a.sat, a.rn, saturation_shift(a.top, a.imm5));
    }

    pub(super) fn ssat16(&mut self, a: args::Ssat16) {
        saturate::sat16(self.l, true, a.rd, a.sat + 1, a.rn);
    }

    pub(super) fn usat16(&mut self, a: args::Usat16) {
        saturate::sat16(self.l, false, a.rd, a.sat, a.rn);
    }
}
