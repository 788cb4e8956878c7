//! Aligned loads and stores, prefetches.

use demotic_ir::MemOp;
use demotic_ir::MemSize::{B1, B2, B4};
use demotic_ir::Type::I32;

use super::{Lifter, displacement};
use crate::decode::args;

impl Lifter<'_> {
    pub(super) fn lb(&mut self, a: args::Lb) {
        self.load(a.rt, a.base, a.offset, self.mem(B1).signed());
    }

    pub(super) fn lbu(&mut self, a: args::Lbu) {
        self.load(a.rt, a.base, a.offset, self.mem(B1));
    }

    pub(super) fn lh(&mut self, a: args::Lh) {
        self.load(a.rt, a.base, a.offset, self.mem(B2).signed());
    }

    pub(super) fn lhu(&mut self, a: args::Lhu) {
        self.load(a.rt, a.base, a.offset, self.mem(B2));
    }

    pub(super) fn lw(&mut self, a: args::Lw) {
        self.load(a.rt, a.base, a.offset, self.mem(B4));
    }

    pub(super) fn sb(&mut self, a: args::Sb) {
        self.store(a.rt, a.base, a.offset, self.mem(B1));
    }

    pub(super) fn sh(&mut self, a: args::Sh) {
        self.store(a.rt, a.base, a.offset, self.mem(B2));
    }

    pub(super) fn sw(&mut self, a: args::Sw) {
        self.store(a.rt, a.base, a.offset, self.mem(B4));
    }

    /// A hint that has no effect.
    pub(super) fn pref(&mut self, _: args::Pref) {}

    /// A hint that has no effect.
    pub(super) fn pref_r6(&mut self, _: args::PrefR6) {}

    /// GPR[rt] ← memory[GPR[base] + offset].
    fn load(&mut self, rt: u32, base: u32, offset: u32, mem: MemOp) {
        let base = self.gpr(base);
        let value = self.b.load(I32, base, displacement(offset), mem);
        self.set_gpr(rt, value);
    }

    /// memory[GPR[base] + offset] ← GPR[rt].
    fn store(&mut self, rt: u32, base: u32, offset: u32, mem: MemOp) {
        let (base, value) = (self.gpr(base), self.gpr(rt));
        self.b.store(I32, base, value, displacement(offset), mem);
    }
}
