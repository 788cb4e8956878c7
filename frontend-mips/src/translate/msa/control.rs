//! The control registers of the SIMD architecture.

use demotic_ir::Type::I32;

use crate::decode::args;
use crate::helpers::msa::control;
use crate::state::MSACSR;
use crate::translate::Lifter;

/// Number of the implementation register.
const MSAIR: u32 = 0;
/// Number of the control and status register.
const CONTROL_AND_STATUS: u32 = 1;
/// MSAIR as the processors of the configuration show it: no revision, registers are not partitioned.
const IMPLEMENTATION: u32 = 0;

impl Lifter<'_> {
    /// Control registers that do not exist read as 0.
    pub(in crate::translate) fn cfcmsa(&mut self, a: args::Cfcmsa) {
        let value = match a.cs {
            MSAIR => self.b.i32(IMPLEMENTATION),
            CONTROL_AND_STATUS => self.b.get32(MSACSR),
            _ => self.b.i32(0),
        };
        self.set_gpr(a.rd, value);
    }

    /// Writes to control registers that do not exist are ignored. A cause that is written together with its enable
    /// traps.
    pub(in crate::translate) fn ctcmsa(&mut self, a: args::Ctcmsa) {
        if a.cs != CONTROL_AND_STATUS {
            return;
        }
        let (s, writable) = (self.gpr(a.rs), self.b.i32(control::WRITABLE));
        let status = self.b.and(I32, s, writable);
        self.b.put32(MSACSR, status);
        self.trap_if_enabled(status);
    }
}
