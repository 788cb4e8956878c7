//! A32 exclusive accesses and swaps (ARM DDI 0406, A5.2.10).

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
