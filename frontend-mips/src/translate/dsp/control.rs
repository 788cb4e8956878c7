//! DSPControl as a register, and the branch on its position field.

use demotic_ir::Type::I32;
use demotic_ir::{IntCc, Slot, Value};

use crate::decode::args;
use crate::state::{DSP_POS, dsp_control};
use crate::translate::Lifter;

/// The fields that a mask selects.
fn selected(mask: u32) -> impl Iterator<Item = (Slot, u32, u32)> {
    dsp_control::FIELDS
        .into_iter()
        .enumerate()
        .filter(move |(n, _)| mask >> n & 1 != 0)
        .map(|(_, field)| field)
}

impl Lifter<'_> {
    pub(in crate::translate) fn rddsp(&mut self, a: args::Rddsp) {
        let zero = self.b.i32(0);
        let control = selected(a.mask).fold(zero, |control, (slot, lowest, _)| {
            let field = self.b.get32(slot);
            let field = self.shl_by(field, lowest);
            self.b.or(I32, control, field)
        });
        self.set_gpr(a.rd, control);
    }

    pub(in crate::translate) fn wrdsp(&mut self, a: args::Wrdsp) {
        let s = self.gpr(a.rs);
        for (slot, lowest, mask) in selected(a.mask) {
            let field = self.shr_by(s, lowest);
            let field = self.and_with(field, mask);
            self.b.put32(slot, field);
        }
    }

    pub(in crate::translate) fn bposge32(&mut self, a: args::Bposge32) {
        let cond = self.position_is_upper();
        self.branch(cond, self.target(a.offset));
    }

    /// pos >= 32.
    pub(in crate::translate) fn position_is_upper(&mut self) -> Value {
        let (pos, limit) = (self.b.get32(DSP_POS), self.b.i32(32));
        self.b.icmp(I32, pos, limit, IntCc::Uge)
    }
}
