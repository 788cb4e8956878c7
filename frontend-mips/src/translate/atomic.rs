//! Load-linked and store-conditional, barriers.

use demotic_ir::MemSize::B4;
use demotic_ir::Type::{Bool, I32};
use demotic_ir::{MemOp, Value};

use super::{Lifter, displacement};
use crate::decode::args;

impl Lifter<'_> {
    pub(super) fn ll(&mut self, a: args::Ll) {
        let addr = self.address(a.base, a.offset);
        let value = self.b.load_ex(I32, addr, self.linked());
        self.set_gpr(a.rt, value);
    }

    pub(super) fn sc(&mut self, a: args::Sc) {
        let (addr, value) = (self.address(a.base, a.offset), self.gpr(a.rt));
        let stored = self.b.store_ex(I32, addr, value, self.linked());
        let success = self.b.from_bool(I32, stored);
        self.set_gpr(a.rt, success);
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
        let (base, disp) = (self.gpr(base), self.b.i32(displacement(offset) as u32));
        self.b.add(I32, base, disp)
    }

    /// Unaligned addresses are errors under every kernel.
    fn linked(&self) -> MemOp {
        MemOp::new(B4).big(self.config.big_endian).aligned()
    }
}
