//! Condition flags as producers.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I32, I64};
use cranelift_codegen::ir::{self, InstBuilder};
use demotic_ir::{FlagCc, FlagMask, Slot, Type};

use super::{Lowered, Lowerer};
use crate::region::BlockId;

/// The operation that made flags, with its operands as host values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FlagSource {
    /// `a + b`.
    Add { a: ir::Value, b: ir::Value },
    /// `a + b + c`, `c` being 0 or 1 in 8 bits. Subtraction with carry is `a + !b + c`.
    Adc { a: ir::Value, b: ir::Value, c: ir::Value },
    /// `a - b`.
    Sub { a: ir::Value, b: ir::Value },
    /// N and Z of `a`, C from `c`, V clear.
    Logic { a: ir::Value, c: ir::Value },
    /// Bits 31 to 28.
    Bits { word: ir::Value },
    /// An earlier value of the flag's slot.
    Word { word: ir::Value },
}

/// Where each of N, Z, C, V comes from: a producer, or (`None`) the variable of its slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FlagSet {
    pub(super) n: Option<FlagSource>,
    pub(super) z: Option<FlagSource>,
    pub(super) c: Option<FlagSource>,
    pub(super) v: Option<FlagSource>,
}

impl FlagSet {
    pub(super) const IN_SLOTS: FlagSet = FlagSet { n: None, z: None, c: None, v: None };

    pub(super) fn all(source: FlagSource) -> FlagSet {
        FlagSet { n: Some(source), z: Some(source), c: Some(source), v: Some(source) }
    }

    /// The producer of all flags that a condition reads, if it is one.
    fn common(&self, cc: FlagCc) -> Option<FlagSource> {
        let reads = cc.reads();
        let parts =
            [(FlagMask::N, self.n), (FlagMask::Z, self.z), (FlagMask::C, self.c), (FlagMask::V, self.v)];
        let mut sources = parts.into_iter().filter(|(m, _)| reads.contains(*m)).map(|(_, s)| s);
        let first = sources.next().flatten()?;
        sources.all(|s| s == Some(first)).then_some(first)
    }

    /// What holds on two paths: producers that agree.
    pub(super) fn meet(self, other: FlagSet) -> FlagSet {
        let same = |a: Option<FlagSource>, b| if a == b { a } else { None };
        FlagSet {
            n: same(self.n, other.n),
            z: same(self.z, other.z),
            c: same(self.c, other.c),
            v: same(self.v, other.v),
        }
    }
}

impl Lowerer<'_> {
    /// The flags at the start of a block: those of its only predecessor, whose values dominate it.
    pub(super) fn incoming_flags(&self, block: BlockId) -> FlagSet {
        if block == 0 || self.layout.flags.is_none() {
            return FlagSet::IN_SLOTS;
        }
        match self.only_predecessor(block) {
            Some(p) => self.flags_out[p],
            None => FlagSet::IN_SLOTS,
        }
    }

    pub(super) fn put_flags(&mut self, set: FlagSet, mask: FlagMask) {
        let Some(slots) = self.layout.flags else { return };
        self.keep_earlier_flags(mask);
        if mask.contains(FlagMask::N) {
            self.flags.n = set.n;
            let word = self.n_word(set);
            self.write_slot_word(slots.n, word);
        }
        if mask.contains(FlagMask::Z) {
            self.flags.z = set.z;
            let word = self.z_word(set);
            self.write_slot_word(slots.z, word);
        }
        if mask.contains(FlagMask::C) {
            self.flags.c = set.c;
            let c = self.carry(set);
            let word = self.b.ins().uextend(I64, c);
            self.write_slot_word(slots.c, word);
        }
        if mask.contains(FlagMask::V) {
            self.flags.v = set.v;
            let word = self.v_word(set);
            self.write_slot_word(slots.v, word);
        }
    }

    /// Flags that were read from the slots and are used after this write keep the slots' old values.
    fn keep_earlier_flags(&mut self, mask: FlagMask) {
        let later = &self.region.blocks[self.at].block.insts[self.inst + 1..];
        for i in 0..self.values.len() {
            let Lowered::Flags(mut set) = self.values[i] else { continue };
            let mut used = false;
            later.iter().for_each(|inst| inst.op.for_each_value(|v| used |= v.0 as usize == i));
            if !used {
                continue;
            }
            let keep = |l: &mut Self,
                        part: &mut Option<FlagSource>,
                        m: FlagMask,
                        pick: fn(&demotic_ir::FlagSlots) -> Slot| {
                if part.is_none() && mask.contains(m) {
                    let word = l.slot_word(l.flag_slot(pick));
                    *part = Some(FlagSource::Word { word });
                }
            };
            keep(self, &mut set.n, FlagMask::N, |f| f.n);
            keep(self, &mut set.z, FlagMask::Z, |f| f.z);
            keep(self, &mut set.c, FlagMask::C, |f| f.c);
            keep(self, &mut set.v, FlagMask::V, |f| f.v);
            self.values[i] = Lowered::Flags(set);
        }
    }

    /// Whether a condition holds, as 0 or 1 in 8 bits.
    pub(super) fn condition(&mut self, set: FlagSet, cc: FlagCc) -> ir::Value {
        if let Some(value) = set.common(cc).and_then(|source| self.fused(source, cc)) {
            return value;
        }
        match cc {
            FlagCc::Eq => self.zero(set),
            FlagCc::Ne => self.negated(set, FlagCc::Eq),
            FlagCc::Cs => self.carry(set),
            FlagCc::Cc => self.negated(set, FlagCc::Cs),
            FlagCc::Mi => self.negative(set),
            FlagCc::Pl => self.negated(set, FlagCc::Mi),
            FlagCc::Vs => self.overflow(set),
            FlagCc::Vc => self.negated(set, FlagCc::Vs),
            FlagCc::Hi => {
                let (c, ne) = (self.carry(set), self.condition(set, FlagCc::Ne));
                self.b.ins().band(c, ne)
            }
            FlagCc::Ls => self.negated(set, FlagCc::Hi),
            FlagCc::Ge => self.negated(set, FlagCc::Lt),
            FlagCc::Lt => {
                let (n, v) = (self.n_word(set), self.v_word(set));
                let (n, v) = (self.b.ins().ireduce(I32, n), self.b.ins().ireduce(I32, v));
                let differ = self.b.ins().bxor(n, v);
                self.sign(differ)
            }
            FlagCc::Gt => {
                let (ne, ge) = (self.condition(set, FlagCc::Ne), self.condition(set, FlagCc::Ge));
                self.b.ins().band(ne, ge)
            }
            FlagCc::Le => self.negated(set, FlagCc::Gt),
        }
    }

    fn negated(&mut self, set: FlagSet, cc: FlagCc) -> ir::Value {
        let value = self.condition(set, cc);
        self.b.ins().bxor_imm_u(value, 1)
    }

    /// A condition as one comparison of the producer's operands, where there is one.
    fn fused(&mut self, source: FlagSource, cc: FlagCc) -> Option<ir::Value> {
        match source {
            FlagSource::Sub { a, b } => {
                let cc = match cc {
                    FlagCc::Eq => IntCC::Equal,
                    FlagCc::Ne => IntCC::NotEqual,
                    FlagCc::Cs => IntCC::UnsignedGreaterThanOrEqual,
                    FlagCc::Cc => IntCC::UnsignedLessThan,
                    FlagCc::Hi => IntCC::UnsignedGreaterThan,
                    FlagCc::Ls => IntCC::UnsignedLessThanOrEqual,
                    FlagCc::Ge => IntCC::SignedGreaterThanOrEqual,
                    FlagCc::Lt => IntCC::SignedLessThan,
                    FlagCc::Gt => IntCC::SignedGreaterThan,
                    FlagCc::Le => IntCC::SignedLessThanOrEqual,
                    FlagCc::Mi | FlagCc::Pl => return Some(self.sign_of_result(source, cc)),
                    FlagCc::Vs | FlagCc::Vc => return None,
                };
                Some(self.b.ins().icmp(cc, a, b))
            }
            FlagSource::Logic { a, .. } => {
                // V is clear, so the signed conditions look at N and Z alone.
                let cc = match cc {
                    FlagCc::Eq => IntCC::Equal,
                    FlagCc::Ne => IntCC::NotEqual,
                    FlagCc::Mi | FlagCc::Lt => IntCC::SignedLessThan,
                    FlagCc::Pl | FlagCc::Ge => IntCC::SignedGreaterThanOrEqual,
                    FlagCc::Gt => IntCC::SignedGreaterThan,
                    FlagCc::Le => IntCC::SignedLessThanOrEqual,
                    _ => return None,
                };
                Some(self.b.ins().icmp_imm_s(cc, a, 0))
            }
            FlagSource::Add { .. } | FlagSource::Adc { .. } => match cc {
                FlagCc::Eq | FlagCc::Ne => {
                    let result = self.result(source);
                    let cc = if cc == FlagCc::Eq { IntCC::Equal } else { IntCC::NotEqual };
                    Some(self.b.ins().icmp_imm_u(cc, result, 0))
                }
                FlagCc::Mi | FlagCc::Pl => Some(self.sign_of_result(source, cc)),
                _ => None,
            },
            FlagSource::Bits { .. } | FlagSource::Word { .. } => None,
        }
    }

    fn sign_of_result(&mut self, source: FlagSource, cc: FlagCc) -> ir::Value {
        let result = self.result(source);
        let cc = if cc == FlagCc::Mi { IntCC::SignedLessThan } else { IntCC::SignedGreaterThanOrEqual };
        self.b.ins().icmp_imm_s(cc, result, 0)
    }

    /// The arithmetic result that the flags describe.
    fn result(&mut self, source: FlagSource) -> ir::Value {
        match source {
            FlagSource::Add { a, b } => self.b.ins().iadd(a, b),
            FlagSource::Adc { a, b, c } => {
                let ty = self.b.func.dfg.value_type(a);
                let sum = self.b.ins().iadd(a, b);
                let c = self.b.ins().uextend(ty, c);
                self.b.ins().iadd(sum, c)
            }
            FlagSource::Sub { a, b } => self.b.ins().isub(a, b),
            FlagSource::Logic { a, .. } => a,
            FlagSource::Bits { word } | FlagSource::Word { word } => word,
        }
    }

    fn sign(&mut self, v: ir::Value) -> ir::Value {
        self.b.ins().icmp_imm_s(IntCC::SignedLessThan, v, 0)
    }

    fn slot_word(&mut self, slot: Slot) -> ir::Value {
        let variable = self.variable(slot);
        self.b.use_var(variable)
    }

    fn flag_slot(&self, pick: impl Fn(&demotic_ir::FlagSlots) -> Slot) -> Slot {
        self.layout.flags.as_ref().map_or(Slot(0), pick)
    }

    /// Widens a result to the word of a flag slot, keeping sign and zeroness at 32 bits.
    fn as_flag_word(&mut self, v: ir::Value) -> ir::Value {
        if self.b.func.dfg.value_type(v) == I32 { self.b.ins().uextend(I64, v) } else { v }
    }

    /// N as the sign of bit 31.
    fn n_word(&mut self, set: FlagSet) -> ir::Value {
        match set.n {
            None => self.slot_word(self.flag_slot(|f| f.n)),
            Some(FlagSource::Word { word }) => word,
            Some(source) => {
                let mut result = self.result(source);
                if self.b.func.dfg.value_type(result) == I64 {
                    result = self.b.ins().ushr_imm_u(result, 32);
                }
                self.as_flag_word(result)
            }
        }
    }

    /// Z as a word that is zero iff the flag is set.
    fn z_word(&mut self, set: FlagSet) -> ir::Value {
        match set.z {
            None => self.slot_word(self.flag_slot(|f| f.z)),
            Some(FlagSource::Word { word }) => word,
            Some(FlagSource::Bits { word }) => {
                let z = self.b.ins().band_imm_u(word, 1 << 30);
                let clear = self.is_zero(z);
                self.b.ins().uextend(I64, clear)
            }
            Some(source) => {
                let result = self.result(source);
                if self.b.func.dfg.value_type(result) == I64 {
                    let set = self.b.ins().icmp_imm_u(IntCC::NotEqual, result, 0);
                    return self.b.ins().uextend(I64, set);
                }
                self.as_flag_word(result)
            }
        }
    }

    /// V as the sign of bit 31.
    fn v_word(&mut self, set: FlagSet) -> ir::Value {
        let word = match set.v {
            None => return self.slot_word(self.flag_slot(|f| f.v)),
            Some(FlagSource::Word { word }) => return word,
            Some(FlagSource::Bits { word }) => self.b.ins().ishl_imm_u(word, 3),
            Some(FlagSource::Logic { .. }) => self.b.ins().iconst(I32, 0),
            Some(source @ FlagSource::Sub { a, b }) => {
                let result = self.result(source);
                let (x, y) = (self.b.ins().bxor(a, b), self.b.ins().bxor(a, result));
                self.b.ins().band(x, y)
            }
            Some(source @ (FlagSource::Add { a, b } | FlagSource::Adc { a, b, .. })) => {
                let result = self.result(source);
                let (x, y) = (self.b.ins().bxor(a, result), self.b.ins().bxor(b, result));
                self.b.ins().band(x, y)
            }
        };
        if self.b.func.dfg.value_type(word) == I64 {
            self.b.ins().ushr_imm_u(word, 32)
        } else {
            self.as_flag_word(word)
        }
    }

    fn negative(&mut self, set: FlagSet) -> ir::Value {
        let word = self.n_word(set);
        let word = self.b.ins().ireduce(I32, word);
        self.sign(word)
    }

    fn zero(&mut self, set: FlagSet) -> ir::Value {
        let word = self.z_word(set);
        let word = self.b.ins().ireduce(I32, word);
        self.is_zero(word)
    }

    fn overflow(&mut self, set: FlagSet) -> ir::Value {
        match set.v {
            Some(FlagSource::Add { a, b }) => return self.b.ins().sadd_overflow(a, b).1,
            Some(FlagSource::Sub { a, b }) => return self.b.ins().ssub_overflow(a, b).1,
            _ => {}
        }
        let word = self.v_word(set);
        let word = self.b.ins().ireduce(I32, word);
        self.sign(word)
    }

    /// C as 0 or 1 in 8 bits.
    pub(super) fn carry(&mut self, set: FlagSet) -> ir::Value {
        match set.c {
            None => {
                let word = self.slot_word(self.flag_slot(|f| f.c));
                self.b.ins().ireduce(I8, word)
            }
            Some(FlagSource::Word { word }) => self.b.ins().ireduce(I8, word),
            Some(FlagSource::Sub { a, b }) => self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, a, b),
            Some(source @ FlagSource::Add { a, .. }) => {
                let sum = self.result(source);
                self.b.ins().icmp(IntCC::UnsignedLessThan, sum, a)
            }
            Some(FlagSource::Adc { a, b, c }) => self.carry_of_three(a, b, c),
            Some(FlagSource::Logic { c, .. }) => c,
            Some(FlagSource::Bits { word }) => {
                let bit = self.b.ins().ushr_imm_u(word, 29);
                let bit = self.b.ins().band_imm_u(bit, 1);
                self.b.ins().ireduce(I8, bit)
            }
        }
    }

    /// The carry of `a + b + c`. x86 code for add-with-carry is not to be had from Cranelift, so 32-bit sums are made
    /// in 64 bits.
    fn carry_of_three(&mut self, a: ir::Value, b: ir::Value, c: ir::Value) -> ir::Value {
        if self.b.func.dfg.value_type(a) == I32 {
            let (a, b) = (self.b.ins().uextend(I64, a), self.b.ins().uextend(I64, b));
            let c = self.b.ins().uextend(I64, c);
            let sum = self.b.ins().iadd(a, b);
            let sum = self.b.ins().iadd(sum, c);
            let carry = self.b.ins().ushr_imm_u(sum, 32);
            return self.b.ins().ireduce(I8, carry);
        }
        let sum = self.b.ins().iadd(a, b);
        let first = self.b.ins().icmp(IntCC::UnsignedLessThan, sum, a);
        let c = self.b.ins().uextend(I64, c);
        let total = self.b.ins().iadd(sum, c);
        let second = self.b.ins().icmp(IntCC::UnsignedLessThan, total, sum);
        self.b.ins().bor(first, second)
    }

    /// The flags as bits 31 to 28.
    pub(super) fn flags_to_bits(&mut self, set: FlagSet) -> ir::Value {
        let parts =
            [(self.negative(set), 31), (self.zero(set), 30), (self.carry(set), 29), (self.overflow(set), 28)];
        let mut word = self.b.ins().iconst(I32, 0);
        for (flag, place) in parts {
            let bit = self.b.ins().uextend(I32, flag);
            let bit = self.b.ins().ishl_imm_u(bit, place);
            word = self.b.ins().bor(word, bit);
        }
        word
    }

    /// The flags as a lowered value, as `get_flags` gives them.
    pub(super) fn get_flags(&self) -> Lowered {
        Lowered::Flags(self.flags)
    }

    pub(super) fn flags_of(&self, v: demotic_ir::Value) -> FlagSet {
        match self.values[v.0 as usize] {
            Lowered::Flags(set) => set,
            Lowered::Plain { .. } | Lowered::Half { .. } | Lowered::Nothing => FlagSet::IN_SLOTS,
        }
    }

    /// `!b`, for subtraction as an addition.
    pub(super) fn complement(&mut self, ty: Type, b: ir::Value) -> ir::Value {
        let ones = self.iconst(super::clif_type(ty), u64::MAX);
        self.b.ins().bxor(b, ones)
    }
}
