//! The multi-threading module, with a single thread context.

use demotic_ir::Type::I32;
use demotic_ir::{IntCc, Trap};

use super::Lifter;
use crate::decode::args;

impl Lifter<'_> {
    /// GPR[rd] ← the signals that YQMask lets through: there are none. Nobody else can be scheduled, so -1 (let others go
    /// first) is as -2 (only read), which reserved negative numbers are, too.
    ///
    /// Who waits for a signal or, with 0, ends gets a Thread exception: no signal is enabled, and the last thread
    /// context must not be freed. Linux sends SIGILL for it, as for a reserved instruction.
    pub(super) fn yield_(&mut self, a: args::Yield) {
        let descriptor = self.gpr(a.rs);
        let zero = self.b.i32(0);
        let waits = self.b.icmp(I32, descriptor, zero, IntCc::Sge);
        self.trap_if(waits, Trap::Undefined { word: self.word });
        self.set_gpr(a.rd, zero);
    }
}
