//! Bit reversal, insertion, replication, and joining of two registers.

use demotic_ir::Type::{I32, I64};

use super::packed::{PH, Packing, QB};
use crate::decode::args;
use crate::helpers::dsp;
use crate::state::{DSP_POS, SCOUNT};
use crate::translate::Lifter;

impl Lifter<'_> {
    /// The reversed right halfword.
    pub(in crate::translate) fn bitrev(&mut self, a: args::Bitrev) {
        let t = self.gpr(a.rt);
        let reversed = self.b.bit_reverse(I32, t);
        let d = self.shr_by(reversed, 16);
        self.set_gpr(a.rd, d);
    }

    pub(in crate::translate) fn insv(&mut self, a: args::Insv) {
        let (s, t) = (self.gpr(a.rs), self.gpr(a.rt));
        let (pos, size) = (self.b.get32(DSP_POS), self.b.get32(SCOUNT));
        let size = self.shl_by(size, 8);
        let place = self.b.or(I32, pos, size);
        let operands = [t, s, place].map(|v| self.b.zext64(I64, v));
        let inserted = self.call(dsp::INSV, operands);
        let inserted = self.b.trunc32(I32, inserted);
        self.set_gpr(a.rt, inserted);
    }

    pub(in crate::translate) fn repl_qb(&mut self, a: args::ReplQb) {
        let lanes = self.b.i32(a.imm * QB.ones());
        self.set_gpr(a.rd, lanes);
    }

    /// The immediate has a sign, bit 9.
    pub(in crate::translate) fn repl_ph(&mut self, a: args::ReplPh) {
        let lane = (a.imm << 6) as u16 as i16 >> 6;
        let lanes = self.b.i32(u32::from(lane as u16) * PH.ones());
        self.set_gpr(a.rd, lanes);
    }

    pub(in crate::translate) fn replv_qb(&mut self, a: args::ReplvQb) {
        self.replicate(QB, a.rd, a.rt);
    }

    pub(in crate::translate) fn replv_ph(&mut self, a: args::ReplvPh) {
        self.replicate(PH, a.rd, a.rt);
    }

    pub(in crate::translate) fn append(&mut self, a: args::Append) {
        let (s, t) = (self.gpr(a.rs), self.gpr(a.rt));
        let (left, right) = (self.shl_by(t, a.sa), self.and_with(s, (1 << a.sa) - 1));
        let joined = self.b.or(I32, left, right);
        self.set_gpr(a.rt, joined);
    }

    pub(in crate::translate) fn prepend(&mut self, a: args::Prepend) {
        if a.sa != 0 {
            let (s, t) = (self.gpr(a.rs), self.gpr(a.rt));
            let (left, right) = (self.shl_by(s, 32 - a.sa), self.shr_by(t, a.sa));
            let joined = self.b.or(I32, left, right);
            self.set_gpr(a.rt, joined);
        }
    }

    /// By 0 and 2 bytes the result is unpredictable; we leave the register alone, as QEMU does.
    pub(in crate::translate) fn balign(&mut self, a: args::Balign) {
        if a.sa & 1 != 0 {
            let (s, t) = (self.gpr(a.rs), self.gpr(a.rt));
            let (left, right) = (self.shl_by(t, 8 * a.sa), self.shr_by(s, 32 - 8 * a.sa));
            let joined = self.b.or(I32, left, right);
            self.set_gpr(a.rt, joined);
        }
    }

    /// GPR[rd] ← the right lane of GPR[rt] in all lanes.
    fn replicate(&mut self, p: Packing, rd: u32, rt: u32) {
        let t = self.gpr(rt);
        let lane = self.and_with(t, p.lane());
        let lanes = self.mul_by(lane, p.ones());
        self.set_gpr(rd, lanes);
    }
}
