//! The floating-point register file and the condition codes (MIPS32 volume I, chapter 5).
//!
//! With FR=0 the state words of the even registers hold pairs: the even single low, the odd single high; a double is
//! the whole word and has an even number. With FR=1 every register has its own word, a single being its low half; what
//! the high half becomes when a single is written is unpredictable, we clear it.

use demotic_ir::Type::{self, F32, F64, I32, I64};
use demotic_ir::{IntCc, Slot, Value};

use super::{Lifter, mode};
use crate::state::{F, FCSR};

/// Format field of the arithmetic rows: S.
pub(super) const S: u32 = 0;
/// Format field of the arithmetic rows: D.
pub(super) const D: u32 = 1;

/// The type of a format.
pub(super) fn float(fmt: u32) -> Type {
    if fmt == S { F32 } else { F64 }
}

/// The bit of FCSR that holds condition code `cc`.
const fn condition_bit(cc: u32) -> u32 {
    if cc == 0 { 23 } else { 24 + cc }
}

impl Lifter<'_> {
    fn fr(&self) -> bool {
        self.mode & mode::FR != 0
    }

    /// Raises Reserved Instruction if one of `regs` cannot hold a double. Says whether it did.
    pub(super) fn reserved_double(&mut self, regs: &[u32]) -> bool {
        let reserved = !self.fr() && regs.iter().any(|n| n & 1 != 0);
        if reserved {
            self.reserved();
        }
        reserved
    }

    /// The same for registers of format `fmt`.
    pub(super) fn reserved_fmt(&mut self, fmt: u32, regs: &[u32]) -> bool {
        fmt == D && self.reserved_double(regs)
    }

    /// Raises Reserved Instruction if the format L cannot be used: with FR=0.
    pub(super) fn reserved_long(&mut self) -> bool {
        if !self.fr() {
            self.reserved();
        }
        !self.fr()
    }

    /// The state word of register `n`, and whether a single in it is the high half.
    fn fpr_place(&self, n: u32) -> (Slot, bool) {
        if self.fr() { (F.nth(n), false) } else { (F.nth(n & !1), n & 1 != 0) }
    }

    /// The 32 bits of FPR[n].
    pub(super) fn fpr_word(&mut self, n: u32) -> Value {
        let (slot, high) = self.fpr_place(n);
        self.half(slot, high)
    }

    /// The 64 bits of FPR[n].
    pub(super) fn fpr_long(&mut self, n: u32) -> Value {
        self.b.get(I64, self.fpr_place(n).0)
    }

    /// FPR[n] ← 32 bits.
    pub(super) fn set_fpr_word(&mut self, n: u32, v: Value) {
        let (slot, high) = self.fpr_place(n);
        if self.fr() {
            let word = self.b.zext64(I64, v);
            self.b.put(I64, word, slot);
        } else {
            self.set_half(slot, high, v);
        }
    }

    /// FPR[n] ← 64 bits.
    pub(super) fn set_fpr_long(&mut self, n: u32, v: Value) {
        let slot = self.fpr_place(n).0;
        self.b.put(I64, v, slot);
    }

    /// The high 32 bits of the double FPR[n].
    pub(super) fn fpr_high(&mut self, n: u32) -> Value {
        let slot = self.fpr_place(n).0;
        self.half(slot, true)
    }

    /// The high 32 bits of the double FPR[n] ← v.
    pub(super) fn set_fpr_high(&mut self, n: u32, v: Value) {
        let slot = self.fpr_place(n).0;
        self.set_half(slot, true, v);
    }

    fn half(&mut self, slot: Slot, high: bool) -> Value {
        let mut word = self.b.get(I64, slot);
        if high {
            let width = self.b.i64(32);
            word = self.b.shr(I64, word, width);
        }
        self.b.trunc32(I32, word)
    }

    fn set_half(&mut self, slot: Slot, high: bool, v: Value) {
        let old = self.b.get(I64, slot);
        let mut new = self.b.zext64(I64, v);
        if high {
            let width = self.b.i64(32);
            new = self.b.shl(I64, new, width);
        }
        let others = self.b.i64(if high { 0xffff_ffff } else { 0xffff_ffff << 32 });
        let kept = self.b.and(I64, old, others);
        let word = self.b.or(I64, kept, new);
        self.b.put(I64, word, slot);
    }

    /// The bits of FPR[n] in format `fmt`.
    pub(super) fn fpr_bits(&mut self, fmt: u32, n: u32) -> Value {
        if fmt == S { self.fpr_word(n) } else { self.fpr_long(n) }
    }

    /// FPR[n] ← the bits of a number in format `fmt`.
    pub(super) fn set_fpr_bits(&mut self, fmt: u32, n: u32, v: Value) {
        if fmt == S { self.set_fpr_word(n, v) } else { self.set_fpr_long(n, v) }
    }

    /// ValueFPR: the number in FPR[n].
    pub(super) fn fpr(&mut self, fmt: u32, n: u32) -> Value {
        let bits = self.fpr_bits(fmt, n);
        let (ty, from) = (float(fmt), integer(fmt));
        self.b.bitcast(ty, bits, from)
    }

    /// StoreFPR: FPR[n] ← a number.
    pub(super) fn set_fpr(&mut self, fmt: u32, n: u32, v: Value) {
        let (ty, from) = (integer(fmt), float(fmt));
        let bits = self.b.bitcast(ty, v, from);
        self.set_fpr_bits(fmt, n, bits);
    }

    /// FPConditionCode(cc).
    pub(super) fn condition(&mut self, cc: u32) -> Value {
        if let Some(cond) = self.conditions.get(cc as usize).copied().flatten() {
            return cond;
        }
        let (fcsr, bit) = (self.b.get32(FCSR), self.b.i32(1 << condition_bit(cc)));
        let set = self.b.and(I32, fcsr, bit);
        let zero = self.b.i32(0);
        self.b.icmp(I32, set, zero, IntCc::Ne)
    }

    /// SetFPConditionCode(cc, cond). A branch in the same block then tests `cond` itself.
    pub(super) fn set_condition(&mut self, cc: u32, cond: Value) {
        let position = condition_bit(cc);
        let (fcsr, others) = (self.b.get32(FCSR), self.b.i32(!(1 << position)));
        let kept = self.b.and(I32, fcsr, others);
        let one = self.b.from_bool(I32, cond);
        let amount = self.b.i32(position);
        let bit = self.b.shl(I32, one, amount);
        let fcsr = self.b.or(I32, kept, bit);
        self.b.put32(FCSR, fcsr);
        if let Some(known) = self.conditions.get_mut(cc as usize) {
            *known = Some(cond);
        }
    }
}

/// The integer type as wide as a format.
fn integer(fmt: u32) -> Type {
    if fmt == S { I32 } else { I64 }
}
