//! Coprocessor 0. These methods run only where it may be used, never in Linux programs.
//!
//! What has no side effect is done here, because kernels do it all the time. Everything else is
//! [`Trap::Privileged`](demotic_ir::Trap::Privileged), for the machine's hypervisor.

use demotic_ir::Type::{Bool, I32};
use demotic_ir::{IntCc, Slot, Trap, Value};

use super::{Lifter, displacement, displacement9};
use crate::cp0::{EBASE_ONE, EBASE_WRITABLE, HWRENA_WRITABLE, status};
use crate::decode::args;
use crate::state;

impl Lifter<'_> {
    pub(super) fn mfc0(&mut self, a: args::Mfc0) {
        let value = match (a.rd, a.sel) {
            (13, 0) => self.cause(),
            register => match readable(register) {
                Some(slot) => self.b.get32(slot),
                None => return self.privileged(),
            },
        };
        self.set_gpr(a.rt, value);
    }

    pub(super) fn mtc0(&mut self, a: args::Mtc0) {
        let value = self.gpr(a.rt);
        match (a.rd, a.sel) {
            (4, 2) => self.b.put32(state::USER_LOCAL, value),
            (7, 0) => self.put_masked(state::HWRENA, value, HWRENA_WRITABLE, 0),
            (12, 0) => self.write_status(value),
            (14, 0) => self.b.put32(state::EPC, value),
            (15, 1) => self.put_masked(state::EBASE, value, EBASE_WRITABLE, EBASE_ONE),
            (30, 0) => self.b.put32(state::ERROR_EPC, value),
            _ => self.privileged(),
        }
    }

    pub(super) fn di(&mut self, a: args::Di) {
        let old = self.b.get32(state::STATUS);
        let mask = self.b.i32(!status::IE);
        let new = self.b.and(I32, old, mask);
        self.b.put32(state::STATUS, new);
        self.set_gpr(a.rt, old);
    }

    pub(super) fn ei(&mut self, a: args::Ei) {
        if self.slot_of.is_some() {
            return self.privileged();
        }
        let old = self.b.get32(state::STATUS);
        let ie = self.b.i32(status::IE);
        let new = self.b.or(I32, old, ie);
        self.b.put32(state::STATUS, new);
        self.set_gpr(a.rt, old);
        self.check_interrupts(new);
    }

    /// There is one shadow set, so the previous one is the current one.
    pub(super) fn rdpgpr(&mut self, a: args::Rdpgpr) {
        let value = self.gpr(a.rt);
        self.set_gpr(a.rd, value);
    }

    pub(super) fn wrpgpr(&mut self, a: args::Wrpgpr) {
        let value = self.gpr(a.rt);
        self.set_gpr(a.rd, value);
    }

    pub(super) fn tlbr(&mut self, _: args::Tlbr) {
        self.privileged();
    }

    pub(super) fn tlbwi(&mut self, _: args::Tlbwi) {
        self.privileged();
    }

    pub(super) fn tlbwr(&mut self, _: args::Tlbwr) {
        self.privileged();
    }

    pub(super) fn tlbp(&mut self, _: args::Tlbp) {
        self.privileged();
    }

    pub(super) fn eret(&mut self, _: args::Eret) {
        self.privileged();
    }

    pub(super) fn deret(&mut self, _: args::Deret) {
        self.privileged();
    }

    pub(super) fn wait(&mut self, _: args::Wait) {
        self.privileged();
    }

    pub(super) fn cache(&mut self, a: args::Cache) {
        self.cache_operation(a.op, a.base, displacement(a.offset));
    }

    pub(super) fn cache_r6(&mut self, a: args::CacheR6) {
        self.cache_operation(a.op, a.base, displacement9(a.offset));
    }

    /// Bits 1 and 0 of `op` name the cache (0: primary instruction), the others the operation. Data caches are always
    /// coherent, so only operations on instructions do something.
    pub(super) fn cache_operation(&mut self, op: u32, base: u32, disp: i32) {
        const INDEX_INVALIDATE: u32 = 0;
        const HIT_INVALIDATE: u32 = 4;
        const FILL: u32 = 5;
        let addr = self.displaced(base, disp);
        match (op & 3, op >> 2) {
            // Any address may have lived in the line with that index.
            (0, INDEX_INVALIDATE) => {
                let (start, len) = (self.b.i32(0), self.b.i32(u32::MAX));
                self.flush(start, len);
            }
            (0, HIT_INVALIDATE | FILL) => self.flush_line(addr),
            _ => {}
        }
    }

    /// Cause with the interrupt lines as they stand.
    fn cause(&mut self) -> Value {
        let (cause, lines) = (self.b.get32(state::CAUSE), self.b.get32(state::IRQ_LINES));
        self.b.or(I32, cause, lines)
    }

    /// `slot` ← the bits of `value` in `mask`, and `ones`.
    fn put_masked(&mut self, slot: Slot, value: Value, mask: u32, ones: u32) {
        let (mask, ones) = (self.b.i32(mask), self.b.i32(ones));
        let masked = self.b.and(I32, value, mask);
        let value = self.b.or(I32, masked, ones);
        self.b.put32(slot, value);
    }

    /// Writes Status, unless that changes the mode: the hypervisor does that.
    fn write_status(&mut self, value: Value) {
        if self.slot_of.is_some() {
            return self.privileged();
        }
        let old = self.b.get32(state::STATUS);
        let (writable, fixed) = (self.b.i32(status::WRITABLE), self.b.i32(!status::WRITABLE));
        let (written, kept) = (self.b.and(I32, value, writable), self.b.and(I32, old, fixed));
        let new = self.b.or(I32, written, kept);
        let changed = self.b.xor(I32, old, new);
        let mode = self.b.i32(status::MODE);
        let mode_changed = self.b.and(I32, changed, mode);
        let mode_changed = self.b.nonzero(mode_changed);
        self.trap_if(mode_changed, Trap::Privileged { word: self.word });
        self.b.put32(state::STATUS, new);
        self.check_interrupts(new);
    }

    /// Lets the hypervisor look if an interrupt is pending that Status, now `new`, enables.
    fn check_interrupts(&mut self, new: Value) {
        let cause = self.cause();
        let im = self.b.i32(status::IM);
        let enabled = self.b.and(I32, new, im);
        let pending = self.b.and(I32, cause, enabled);
        let pending = self.b.nonzero(pending);
        let levels = self.b.i32(status::IE | status::EXL | status::ERL);
        let level = self.b.and(I32, new, levels);
        let ie = self.b.i32(status::IE);
        let open = self.b.icmp(I32, level, ie, IntCc::Eq);
        let deliverable = self.b.and(Bool, pending, open);
        self.trap_if(deliverable, Trap::InterruptCheck);
    }
}

/// The slot of a coprocessor 0 register (number, select) that reads as it is stored.
fn readable(register: (u32, u32)) -> Option<Slot> {
    Some(match register {
        (4, 2) => state::USER_LOCAL,
        (7, 0) => state::HWRENA,
        (8, 0) => state::BAD_VADDR,
        (11, 0) => state::COMPARE,
        (12, 0) => state::STATUS,
        (12, 1) => state::INTCTL,
        (14, 0) => state::EPC,
        (15, 0) => state::PRID,
        (15, 1) => state::EBASE,
        (16, 0) => state::CONFIG,
        (30, 0) => state::ERROR_EPC,
        _ => return None,
    })
}
