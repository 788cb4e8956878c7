//! Loads and stores of floating-point registers.

use demotic_ir::MemSize::{B4, B8};
use demotic_ir::Type::{I32, I64};
use demotic_ir::{MemOp, Value};

use super::{Lifter, displacement};
use crate::decode::args;

impl Lifter<'_> {
    pub(super) fn lwc1(&mut self, a: args::Lwc1) {
        let base = self.gpr(a.base);
        self.load_word_fpr(a.ft, base, displacement(a.offset));
    }

    pub(super) fn swc1(&mut self, a: args::Swc1) {
        let base = self.gpr(a.base);
        self.store_word_fpr(a.ft, base, displacement(a.offset));
    }

    pub(super) fn ldc1(&mut self, a: args::Ldc1) {
        let base = self.gpr(a.base);
        self.load_long_fpr(a.ft, base, displacement(a.offset), self.mem(B8));
    }

    pub(super) fn sdc1(&mut self, a: args::Sdc1) {
        let base = self.gpr(a.base);
        self.store_long_fpr(a.ft, base, displacement(a.offset), self.mem(B8));
    }

    pub(super) fn lwxc1(&mut self, a: args::Lwxc1) {
        let addr = self.indexed(a.base, a.index);
        self.load_word_fpr(a.fd, addr, 0);
    }

    pub(super) fn swxc1(&mut self, a: args::Swxc1) {
        let addr = self.indexed(a.base, a.index);
        self.store_word_fpr(a.fs, addr, 0);
    }

    pub(super) fn ldxc1(&mut self, a: args::Ldxc1) {
        let addr = self.indexed(a.base, a.index);
        self.load_long_fpr(a.fd, addr, 0, self.mem(B8));
    }

    pub(super) fn sdxc1(&mut self, a: args::Sdxc1) {
        let addr = self.indexed(a.base, a.index);
        self.store_long_fpr(a.fs, addr, 0, self.mem(B8));
    }

    /// Ignores the low three bits of the address.
    pub(super) fn luxc1(&mut self, a: args::Luxc1) {
        let addr = self.indexed_doubleword(a.base, a.index);
        self.load_long_fpr(a.fd, addr, 0, self.mem(B8));
    }

    /// Ignores the low three bits of the address.
    pub(super) fn suxc1(&mut self, a: args::Suxc1) {
        let addr = self.indexed_doubleword(a.base, a.index);
        self.store_long_fpr(a.fs, addr, 0, self.mem(B8));
    }

    /// A hint that has no effect.
    pub(super) fn prefx(&mut self, _: args::Prefx) {}

    fn load_word_fpr(&mut self, n: u32, addr: Value, disp: i32) {
        let word = self.b.load(I32, addr, disp, self.mem(B4));
        self.set_fpr_word(n, word);
    }

    fn store_word_fpr(&mut self, n: u32, addr: Value, disp: i32) {
        let word = self.fpr_word(n);
        self.b.store(I32, addr, word, disp, self.mem(B4));
    }

    fn load_long_fpr(&mut self, n: u32, addr: Value, disp: i32, mem: MemOp) {
        if !self.reserved_double(&[n]) {
            let long = self.b.load(I64, addr, disp, mem);
            self.set_fpr_long(n, long);
        }
    }

    fn store_long_fpr(&mut self, n: u32, addr: Value, disp: i32, mem: MemOp) {
        if !self.reserved_double(&[n]) {
            let long = self.fpr_long(n);
            self.b.store(I64, addr, long, disp, mem);
        }
    }

    /// GPR[base] + GPR[index].
    fn indexed(&mut self, base: u32, index: u32) -> Value {
        let (base, index) = (self.gpr(base), self.gpr(index));
        self.b.add(I32, base, index)
    }

    /// The doubleword that GPR[base] + GPR[index] is in.
    fn indexed_doubleword(&mut self, base: u32, index: u32) -> Value {
        let addr = self.indexed(base, index);
        let mask = self.b.i32(!7);
        self.b.and(I32, addr, mask)
    }
}
