//! The floating-point register file and the condition codes (MIPS32 volume I, chapter 5).
//!
//! With FR=0 the state words of the even registers hold pairs: the even single low, the odd single high; a double is
//! the whole word and has an even number. With FR=1 every register has its own word, a single being its low half; what
//! the high half becomes when a single is written is unpredictable, we clear it. With FRE the two are mixed, as Linux
//! emulates it: doubles are found as with FR=1, singles as with FR=0.

use demotic_ir::Type::{self, F32, F64, I32, I64};
use demotic_ir::softfloat::Number;
use demotic_ir::{BlockBuilder, FpMode, Slot, Value};

use super::{BinaryOp, Lifter, mode};
use crate::state::{F, FCC};

/// Format field of the arithmetic rows: S.
pub(super) const S: u32 = 0;
/// Format field of the arithmetic rows: D.
pub(super) const D: u32 = 1;

/// The type of a format.
pub(super) fn float(fmt: u32) -> Type {
    if fmt == S { F32 } else { F64 }
}

/// What the block knows of a state word of the register file. Singles are kept apart from it, so that arithmetic on
/// them does not go through the words.
#[derive(Clone, Copy, Default)]
pub(super) struct Known {
    /// The word, but for the halves below.
    word: Option<Value>,
    /// Its low and its high half, where the block has written them.
    halves: [Option<Value>; 2],
}

impl Lifter<'_> {
    /// How arithmetic rounds and treats subnormal numbers and NaNs.
    pub(super) fn fp_mode(&self) -> FpMode {
        mode::fp_mode(self.mode)
    }

    pub(super) fn fr(&self) -> bool {
        self.mode & mode::FR != 0
    }

    /// Whether singles in odd registers are the upper halves of the even ones.
    fn paired(&self) -> bool {
        !self.fr() || self.mode & mode::FRE != 0
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

    /// The state word of the single in register `n`, and whether it is the high half.
    fn single_place(&self, n: u32) -> (Slot, bool) {
        if self.paired() { (F.nth(n & !1), n & 1 != 0) } else { (F.nth(n), false) }
    }

    /// The state word of the double in register `n`.
    fn double_place(&self, n: u32) -> Slot {
        if self.fr() { F.nth(n) } else { F.nth(n & !1) }
    }

    /// The 32 bits of FPR[n].
    pub(super) fn fpr_word(&mut self, n: u32) -> Value {
        let (slot, high) = self.single_place(n);
        self.half(slot, high)
    }

    /// The 64 bits of FPR[n].
    pub(super) fn fpr_long(&mut self, n: u32) -> Value {
        let slot = self.double_place(n);
        self.b.get(I64, slot)
    }

    /// FPR[n] ← 32 bits.
    pub(super) fn set_fpr_word(&mut self, n: u32, v: Value) {
        let (slot, high) = self.single_place(n);
        if self.paired() {
            self.set_half(slot, high, v);
        } else {
            let word = self.b.zext64(I64, v);
            self.set_word(slot, word);
        }
    }

    /// FPR[n] ← 64 bits.
    pub(super) fn set_fpr_long(&mut self, n: u32, v: Value) {
        let slot = self.double_place(n);
        self.set_word(slot, v);
    }

    /// The high 32 bits of the double FPR[n].
    pub(super) fn fpr_high(&mut self, n: u32) -> Value {
        let slot = self.double_place(n);
        self.half(slot, true)
    }

    /// The high 32 bits of the double FPR[n] ← v.
    pub(super) fn set_fpr_high(&mut self, n: u32, v: Value) {
        let slot = self.double_place(n);
        self.set_half(slot, true, v);
    }

    /// What is known of the word at `slot`, which is one of the register file.
    fn known(&mut self, slot: Slot) -> &mut Known {
        &mut self.fprs[slot.index() - F.index()]
    }

    fn set_word(&mut self, slot: Slot, v: Value) {
        self.check_exceptions();
        *self.known(slot) = Known { word: Some(v), halves: [None; 2] };
        self.b.put(I64, v, slot);
    }

    fn half(&mut self, slot: Slot, high: bool) -> Value {
        if let Some(half) = self.known(slot).halves[usize::from(high)] {
            return half;
        }
        let mut word = self.word(slot);
        if high {
            word = self.shifted(word, BlockBuilder::shr);
        }
        self.b.trunc32(I32, word)
    }

    fn set_half(&mut self, slot: Slot, high: bool, v: Value) {
        self.check_exceptions();
        let word = self.word(slot);
        self.known(slot).halves[usize::from(high)] = Some(v);
        let [low, high] = self.known(slot).halves;
        let mut parts = Vec::new();
        if let Some(low) = low {
            parts.push(self.b.zext64(I64, low));
        }
        if let Some(high) = high {
            let high = self.b.zext64(I64, high);
            parts.push(self.shifted(high, BlockBuilder::shl));
        }
        if low.is_none() || high.is_none() {
            let others = self.b.i64(if low.is_none() { 0xffff_ffff } else { 0xffff_ffff << 32 });
            parts.push(self.b.and(I64, word, others));
        }
        let merged = parts.into_iter().reduce(|a, b| self.b.or(I64, a, b));
        if let Some(merged) = merged {
            self.b.put(I64, merged, slot);
        }
    }

    /// The word at `slot`, but for the halves that the block has written.
    fn word(&mut self, slot: Slot) -> Value {
        if let Some(word) = self.known(slot).word {
            return word;
        }
        let word = self.b.get(I64, slot);
        self.known(slot).word = Some(word);
        word
    }

    /// `v` shifted by 32 bits.
    fn shifted(&mut self, v: Value, shift: BinaryOp) -> Value {
        let width = self.b.i64(32);
        shift(&mut self.b, I64, v, width)
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
        let code = self.b.get32(FCC.nth(cc));
        self.b.nonzero(code)
    }

    /// SetFPConditionCode(cc, cond).
    pub(super) fn set_condition(&mut self, cc: u32, cond: Value) {
        self.check_exceptions();
        let code = self.b.from_bool(I32, cond);
        self.b.put32(FCC.nth(cc), code);
    }
}

/// The kind of number that a format is.
pub(super) fn number(fmt: u32) -> Number {
    if fmt == S { Number::F32 } else { Number::F64 }
}

/// The integer type as wide as a format.
pub(super) fn integer(fmt: u32) -> Type {
    if fmt == S { I32 } else { I64 }
}
