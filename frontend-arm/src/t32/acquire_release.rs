//! 32-bit load-acquire and store-release instructions (ARM DDI 0487, F5.1). The exclusive ones are atomic operations of
//! the host, which acquire and release anyway.

use demotic_ir::MemSize;

use super::Wide;
use super::wide::args;
use crate::semantics::exclusive;

impl Wide<'_, '_> {
    pub(super) fn lda(&mut self, a: args::Lda) {
        exclusive::load_acquire(self.l, MemSize::B4, a.rt, a.rn);
    }

    pub(super) fn ldab(&mut self, a: args::Ldab) {
        exclusive::load_acquire(self.l, MemSize::B1, a.rt, a.rn);
    }

    pub(super) fn ldah(&mut self, a: args::Ldah) {
        exclusive::load_acquire(self.l, MemSize::B2, a.rt, a.rn);
    }

    pub(super) fn stl(&mut self, a: args::Stl) {
        exclusive::store_release(self.l, MemSize::B4, a.rt, a.rn);
    }

    pub(super) fn stlb(&mut self, a: args::Stlb) {
        exclusive::store_release(self.l, MemSize::B1, a.rt, a.rn);
    }

    pub(super) fn stlh(&mut self, a: args::Stlh) {
        exclusive::store_release(self.l, MemSize::B2, a.rt, a.rn);
    }

    pub(super) fn ldaex(&mut self, a: args::Ldaex) {
        exclusive::load_exclusive(self.l, MemSize::B4, a.rt, a.rn, 0);
    }

    pub(super) fn ldaexb(&mut self, a: args::Ldaexb) {
        exclusive::load_exclusive(self.l, MemSize::B1, a.rt, a.rn, 0);
    }

    pub(super) fn ldaexh(&mut self, a: args::Ldaexh) {
        exclusive::load_exclusive(self.l, MemSize::B2, a.rt, a.rn, 0);
    }

    pub(super) fn ldaexd(&mut self, a: args::Ldaexd) {
        exclusive::load_exclusive_dual(self.l, a.rt, a.rt2, a.rn);
    }

    pub(super) fn stlex(&mut self, a: args::Stlex) {
        exclusive::store_exclusive(self.l, MemSize::B4, a.rd, a.rt, a.rn, 0);
    }

    pub(super) fn stlexb(&mut self, a: args::Stlexb) {
        exclusive::store_exclusive(self.l, MemSize::B1, a.rd, a.rt, a.rn, 0);
    }

    pub(super) fn stlexh(&mut self, a: args::Stlexh) {
        exclusive::store_exclusive(self.l, MemSize::B2, a.rd, a.rt, a.rn, 0);
    }

    pub(super) fn stlexd(&mut self, a: args::Stlexd) {
        exclusive::store_exclusive_dual(self.l, a.rd, a.rt, a.rt2, a.rn);
    }
}
