//! A32 exclusive accesses, load-acquire and store-release, swaps (ARM DDI 0406, A5.2.10; ARM DDI 0487, F5.1).

use super::{A32, args};
use demotic_ir::MemSize;

use crate::semantics::exclusive;

impl A32<'_, '_> {
    pub(super) fn ldrex(&mut self, a: args::Ldrex) {
        exclusive::load_exclusive(self.l, MemSize::B4, a.rt, a.rn, 0);
    }

    pub(super) fn ldrexb(&mut self, a: args::Ldrexb) {
        exclusive::load_exclusive(self.l, MemSize::B1, a.rt, a.rn, 0);
    }

    pub(super) fn ldrexh(&mut self, a: args::Ldrexh) {
        exclusive::load_exclusive(self.l, MemSize::B2, a.rt, a.rn, 0);
    }

    pub(super) fn strex(&mut self, a: args::Strex) {
        exclusive::store_exclusive(self.l, MemSize::B4, a.rd, a.rt, a.rn, 0);
    }

    pub(super) fn strexb(&mut self, a: args::Strexb) {
        exclusive::store_exclusive(self.l, MemSize::B1, a.rd, a.rt, a.rn, 0);
    }

    pub(super) fn strexh(&mut self, a: args::Strexh) {
        exclusive::store_exclusive(self.l, MemSize::B2, a.rd, a.rt, a.rn, 0);
    }

    pub(super) fn ldrexd(&mut self, a: args::Ldrexd) {
        exclusive::load_exclusive_dual(self.l, a.rt, a.rt + 1, a.rn);
    }

    pub(super) fn strexd(&mut self, a: args::Strexd) {
        exclusive::store_exclusive_dual(self.l, a.rd, a.rt, a.rt + 1, a.rn);
    }

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

    // Exclusive accesses are atomic operations of the host, which acquire and release anyway.

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
        exclusive::load_exclusive_dual(self.l, a.rt, a.rt + 1, a.rn);
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
        exclusive::store_exclusive_dual(self.l, a.rd, a.rt, a.rt + 1, a.rn);
    }

    pub(super) fn swp(&mut self, a: args::Swp) {
        exclusive::swap(self.l, MemSize::B4, a.rt, a.rm, a.rn);
    }

    pub(super) fn swpb(&mut self, a: args::Swpb) {
        exclusive::swap(self.l, MemSize::B1, a.rt, a.rm, a.rn);
    }

    pub(super) fn clrex(&mut self, _a: args::Clrex) {
        exclusive::clear_exclusive(self.l);
    }
}
