//! Load-linked and store-conditional, of words and, in release 6, of pairs of words; barriers.

use demotic_ir::MemSize::{self, B4, B8};
use demotic_ir::Type::{Bool, I32, I64};
use demotic_ir::{MemOp, Value};

use super::{Lifter, displacement, displacement9};
use crate::decode::args;

impl Lifter<'_> {
    pub(super) fn ll(&mut self, a: args::Ll) {
        self.load_linked(a.rt, a.base, displacement(a.offset));
    }

    pub(super) fn sc(&mut self, a: args::Sc) {
        self.store_conditional(a.rt, a.base, displacement(a.offset));
    }

    pub(super) fn ll_r6(&mut self, a: args::LlR6) {
        self.load_linked(a.rt, a.base, displacement9(a.offset));
    }

    pub(super) fn sc_r6(&mut self, a: args::ScR6) {
        self.store_conditional(a.rt, a.base, displacement9(a.offset));
    }

    /// GPR[rt] ← the word at the address, GPR[rd] ← the word after it.
    pub(super) fn llwp(&mut self, a: args::Llwp) {
        let addr = self.gpr(a.base);
        let both = self.b.load_ex(I64, addr, self.linked(B8));
        let low = self.b.trunc32(I32, both);
        let width = self.b.i64(32);
        let high = self.b.shr(I64, both, width);
        let high = self.b.trunc32(I32, high);
        let (first, second) = if self.config.big_endian { (high, low) } else { (low, high) };
        self.set_gpr(a.rt, first);
        self.set_gpr(a.rd, second);
    }

    pub(super) fn scwp(&mut self, a: args::Scwp) {
        let (addr, first, second) = (self.gpr(a.base), self.gpr(a.rt), self.gpr(a.rd));
        let (low, high) = if self.config.big_endian { (second, first) } else { (first, second) };
        let (low, high) = (self.b.zext64(I64, low), self.b.zext64(I64, high));
        let width = self.b.i64(32);
        let high = self.b.shl(I64, high, width);
        let both = self.b.or(I64, high, low);
        let stored = self.b.store_ex(I64, addr, both, self.linked(B8));
        let success = self.b.from_bool(I32, stored);
        self.set_gpr(a.rt, success);
    }

    fn load_linked(&mut self, rt: u32, base: u32, disp: i32) {
        let addr = self.displaced(base, disp);
        let value = self.b.load_ex(I32, addr, self.linked(B4));
        self.set_gpr(rt, value);
    }

    fn store_conditional(&mut self, rt: u32, base: u32, disp: i32) {
        let (addr, value) = (self.displaced(base, disp), self.gpr(rt));
        let stored = self.b.store_ex(I32, addr, value, self.linked(B4));
        let success = self.b.from_bool(I32, stored);
        self.set_gpr(rt, success);
    }

    /// The kinds that order no store before a later load (SYNC_WMB, ACQUIRE, RELEASE and RMB) need nothing: the host
    /// keeps those orders.
    pub(super) fn sync(&mut self, a: args::Sync) {
        if !matches!(a.hint, 0x04 | 0x11 | 0x12 | 0x13) {
            self.b.fence(Bool);
        }
    }

    /// GPR[base] + offset.
    pub(super) fn address(&mut self, base: u32, offset: u32) -> Value {
        self.displaced(base, displacement(offset))
    }

    /// GPR[base] + disp.
    pub(super) fn displaced(&mut self, base: u32, disp: i32) -> Value {
        let (base, disp) = (self.gpr(base), self.b.i32(disp as u32));
        self.b.add(I32, base, disp)
    }

    /// Unaligned addresses are errors under every kernel.
    fn linked(&self, size: MemSize) -> MemOp {
        MemOp::new(size).big(self.config.big_endian).aligned()
    }
}
