//! Floating point: on the host's FPU where it does as the guest's, else by a call of the soft-float.
//!
//! The host rounds to nearest and makes its own NaNs, so an operation on it is followed by checks of what it may have
//! done differently; if one hits, the soft-float's result is taken instead, out of line. The exceptions that an
//! operation raises are found the same way: once inexact results have been seen, an ordinary result raises nothing new.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F32, F64, I8, I32, I64};
use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData};
use demotic_ir::softfloat::{Exceptions, FloatCall, FloatOp, Number};
use demotic_ir::{FloatCc, FpMode, NanRule, Op, Rounding, Type, Value};

use super::{Lowered, Lowerer, clif_type, state_access};
use crate::vcpu_state::{HostCall, offset};

/// What a call of the soft-float gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Result,
    Exceptions,
}

/// A call and the guest's NaN rule in one word.
pub(super) fn encode(call: &FloatCall, rule: NanRule) -> u64 {
    u64::from(call.encode()) | rule_number(rule) << 32
}

/// What [`encode`] made, whatever is in the bits from 40 on.
pub(super) fn decode(word: u64) -> Option<(FloatCall, NanRule)> {
    let rule = match word >> 32 & 0xff {
        0 => NanRule::Arm,
        1 => NanRule::MipsLegacy,
        _ => NanRule::Mips2008,
    };
    Some((FloatCall::decode(word as u32)?, rule))
}

/// Does what translated code asks of the soft-float: `word` is made by [`Lowerer::float_call`].
pub(crate) fn evaluate(word: u64, operands: [u64; 3]) -> u64 {
    let Some((call, rule)) = decode(word) else { return 0 };
    let (result, raised) = call.evaluate(rule, operands);
    if word >> 40 != 0 { raised.0.into() } else { result }
}

const fn rule_number(rule: NanRule) -> u64 {
    match rule {
        NanRule::Arm => 0,
        NanRule::MipsLegacy => 1,
        NanRule::Mips2008 => 2,
    }
}

/// The host's type for a format that its FPU knows.
fn float_type(number: Number) -> Option<ir::Type> {
    match number {
        Number::F32 => Some(F32),
        Number::F64 => Some(F64),
        _ => None,
    }
}

fn is_double(number: Number) -> bool {
    number == Number::F64
}

/// The bits of infinity.
fn infinity(ty: ir::Type) -> u64 {
    if ty == F64 { 0x7ff0_0000_0000_0000 } else { 0x7f80_0000 }
}

/// The bits of the smallest normal number.
fn least_normal(ty: ir::Type) -> u64 {
    if ty == F64 { 0x0010_0000_0000_0000 } else { 0x0080_0000 }
}

/// The visitor's methods for floating-point ops.
macro_rules! float_methods {
    ($($name:ident($($arg:ident),*) ($($imm:ident: $imm_ty:ty),*) = $op:ident;)*) => {
        $(fn $name(&mut self, ty: Type, $($arg: Value,)* $($imm: $imm_ty,)*) -> Lowered {
            self.float_op(Op::$op { ty, $($arg,)* $($imm,)* })
        })*

        fn fcmp(&mut self, _ty: Type, a: Value, b: Value, cc: FloatCc, mode: FpMode) -> Lowered {
            self.float_compare(a, b, cc, mode)
        }

        fn fcause(&mut self, _: Type, a: Value, b: Value, c: Value, call: FloatCall) -> Lowered {
            self.float_cause(call, [a, b, c])
        }

        fn fraises(&mut self, _: Type, a: Value, b: Value, c: Value, call: FloatCall) -> Lowered {
            self.float_raises(call, [a, b, c])
        }
    };
}

macro_rules! all_float_methods {
    () => {
        $crate::lower::float::float_methods! {
            fadd(a, b) (mode: FpMode) = FAdd;
            fsub(a, b) (mode: FpMode) = FSub;
            fmul(a, b) (mode: FpMode) = FMul;
            fdiv(a, b) (mode: FpMode) = FDiv;
            fsqrt(a) (mode: FpMode) = FSqrt;
            ffma(a, b, c) (mode: FpMode) = FFma;
            fround(a) (mode: FpMode) = FRound;
            fto_s(a) (from: Type, mode: FpMode) = FToS;
            fto_u(a) (from: Type, mode: FpMode) = FToU;
            ffrom_s(a) (from: Type, mode: FpMode) = FFromS;
            ffrom_u(a) (from: Type, mode: FpMode) = FFromU;
            fpromote(a) (mode: FpMode) = FPromote;
            fdemote(a) (mode: FpMode) = FDemote;
            fsoft(a, b, c) (call: FloatCall) = FSoft;
        }
    };
}
pub(super) use {all_float_methods, float_methods};

/// Cranelift's name of a comparison.
pub(super) fn float_cc(cc: FloatCc) -> FloatCC {
    match cc {
        FloatCc::Eq => FloatCC::Equal,
        FloatCc::Une => FloatCC::NotEqual,
        FloatCc::Lt => FloatCC::LessThan,
        FloatCc::Le => FloatCC::LessThanOrEqual,
        FloatCc::Gt => FloatCC::GreaterThan,
        FloatCc::Ge => FloatCC::GreaterThanOrEqual,
        FloatCc::Uno => FloatCC::Unordered,
    }
}

impl Lowerer<'_> {
    /// A floating-point op that gives a number.
    pub(super) fn float_op(&mut self, op: Op) -> Lowered {
        let Some((call, operands)) = op.float_call() else { return Lowered::Nothing };
        let operands = operands.map(|v| self.val(v));
        // Numbers are there as words, not as the host's floats.
        let by_words = matches!(op, Op::FSoft { .. });
        let host = if by_words { None } else { self.float_on_host(&call, operands) };
        let Some(result) = host else {
            let result = self.float_call(&call, Wanted::Result, operands);
            return Self::plain(self.of_word(op.ty(), result));
        };
        let Some(doubtful) = self.doubtful(&call, operands, result) else { return Self::plain(result) };
        let ty = op.ty();
        let exact = self.unless(doubtful, clif_type(ty), result, |l| {
            let word = l.float_call(&call, Wanted::Result, operands);
            l.of_word(ty, word)
        });
        Self::plain(exact)
    }

    /// `usual`, or out of line what `otherwise` gives when `doubtful`.
    fn unless(
        &mut self,
        doubtful: ir::Value,
        ty: ir::Type,
        usual: ir::Value,
        otherwise: impl FnOnce(&mut Self) -> ir::Value,
    ) -> ir::Value {
        let (cold, after) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(cold);
        self.b.append_block_param(after, ty);
        self.b.ins().brif(doubtful, cold, &[], after, &[usual.into()]);
        self.b.switch_to_block(cold);
        let other = otherwise(self);
        self.b.ins().jump(after, &[other.into()]);
        self.b.switch_to_block(after);
        self.b.block_params(after)[0]
    }

    /// The operation on the host's FPU; `None` where that cannot do it.
    fn float_on_host(&mut self, call: &FloatCall, [a, b, c]: [ir::Value; 3]) -> Option<ir::Value> {
        let round = call.mode.round;
        if call.op == FloatOp::Convert {
            return self.convert_on_host(call, a);
        }
        float_type(call.from)?;
        if matches!(call.op, FloatOp::Round | FloatOp::RoundInexact) {
            return self.integral(a, round);
        }
        if round != Rounding::Nearest {
            return None;
        }
        let ins = self.b.ins();
        Some(match call.op {
            FloatOp::Add => ins.fadd(a, b),
            FloatOp::Sub => ins.fsub(a, b),
            FloatOp::Mul => ins.fmul(a, b),
            FloatOp::Div => ins.fdiv(a, b),
            FloatOp::Sqrt => ins.sqrt(a),
            FloatOp::Fma if self.options.host_fma => ins.fma(a, b, c),
            _ => return None,
        })
    }

    fn integral(&mut self, a: ir::Value, round: Rounding) -> Option<ir::Value> {
        let ins = self.b.ins();
        Some(match round {
            Rounding::Nearest => ins.nearest(a),
            Rounding::Up => ins.ceil(a),
            Rounding::Down => ins.floor(a),
            Rounding::Zero => ins.trunc(a),
            Rounding::Away => return None,
        })
    }

    fn convert_on_host(&mut self, call: &FloatCall, a: ir::Value) -> Option<ir::Value> {
        if call.fraction != 0 {
            return None;
        }
        let nearest = call.mode.round == Rounding::Nearest;
        match (call.from, call.to) {
            (Number::F32, Number::F64) => Some(self.b.ins().fpromote(F64, a)),
            (Number::F64, Number::F32) if nearest => Some(self.b.ins().fdemote(F32, a)),
            (Number::F32 | Number::F64, to) => self.integer_on_host(to, a, call.mode.round),
            (Number::S32 | Number::S64, to) if nearest => {
                float_type(to).map(|ty| self.b.ins().fcvt_from_sint(ty, a))
            }
            (Number::U32 | Number::U64, to) if nearest => {
                float_type(to).map(|ty| self.b.ins().fcvt_from_uint(ty, a))
            }
            _ => None,
        }
    }

    fn integer_on_host(&mut self, to: Number, a: ir::Value, round: Rounding) -> Option<ir::Value> {
        let a = if round == Rounding::Zero { a } else { self.integral(a, round)? };
        Some(match to {
            Number::S32 => self.b.ins().fcvt_to_sint_sat(I32, a),
            Number::U32 => self.b.ins().fcvt_to_uint_sat(I32, a),
            Number::S64 => self.b.ins().fcvt_to_sint_sat(I64, a),
            Number::U64 => self.b.ins().fcvt_to_uint_sat(I64, a),
            _ => return None,
        })
    }

    /// Whether the host's result may not be the guest's: a NaN, or with flushing a subnormal operand or a result that is
    /// not certainly normal. `None` where it always is.
    fn doubtful(
        &mut self,
        call: &FloatCall,
        operands: [ir::Value; 3],
        result: ir::Value,
    ) -> Option<ir::Value> {
        let nan = float_type(call.to).filter(|_| call.from.is_float()).map(|_| {
            let ins = self.b.ins();
            ins.fcmp(FloatCC::Unordered, result, result)
        });
        if !call.mode.flush {
            return nan;
        }
        let subnormal = self.any_subnormal(call, operands);
        let tiny = float_type(call.to).filter(|_| call.from.is_float()).map(|ty| {
            // The smallest normal number may have been a smaller one before it was rounded.
            self.magnitude_within(result, 1, least_normal(ty))
        });
        [nan, subnormal, tiny].into_iter().flatten().reduce(|x, y| self.b.ins().bor(x, y))
    }

    /// Whether an operand is subnormal; `None` when they are integers.
    fn any_subnormal(&mut self, call: &FloatCall, operands: [ir::Value; 3]) -> Option<ir::Value> {
        let ty = float_type(call.from)?;
        let mut seen: Vec<ir::Value> = Vec::new();
        let mut any = None;
        for operand in operands {
            if !seen.contains(&operand) {
                seen.push(operand);
                let this = self.magnitude_within(operand, 1, least_normal(ty) - 1);
                any = Some(any.map_or(this, |others| self.b.ins().bor(others, this)));
            }
        }
        any
    }

    /// Whether the magnitude of a number, as bits, is from `low` to `high`.
    fn magnitude_within(&mut self, v: ir::Value, low: u64, high: u64) -> ir::Value {
        let double = self.b.func.dfg.value_type(v) == F64;
        let (int, mask) = if double { (I64, i64::MAX) } else { (I32, i64::from(i32::MAX)) };
        let bits = self.b.ins().bitcast(int, MemFlagsData::new(), v);
        let mask = self.b.ins().iconst(int, mask);
        let magnitude = self.b.ins().band(bits, mask);
        let low_value = self.b.ins().iconst(int, low as i64);
        let above = self.b.ins().isub(magnitude, low_value);
        let span = self.b.ins().iconst(int, (high - low) as i64);
        self.b.ins().icmp(IntCC::UnsignedLessThanOrEqual, above, span)
    }

    // ---- comparison ----

    pub(super) fn float_compare(&mut self, a: Value, b: Value, cc: FloatCc, mode: FpMode) -> Lowered {
        let (a, b) = (self.val(a), self.val(b));
        let holds = self.b.ins().fcmp(float_cc(cc), a, b);
        if !mode.flush {
            return Self::plain(holds);
        }
        let format = if self.b.func.dfg.value_type(a) == F64 { Number::F64 } else { Number::F32 };
        let call = FloatCall::new(FloatOp::Compare, format, mode);
        let operands = [a, b, b];
        let Some(subnormal) = self.any_subnormal(&call, operands) else { return Self::plain(holds) };
        let exact = self.unless(subnormal, I8, holds, |l| {
            let order = l.float_call(&call, Wanted::Result, operands);
            l.order_satisfies(order, cc)
        });
        Self::plain(exact)
    }

    /// Whether an `Order` satisfies a condition.
    fn order_satisfies(&mut self, order: ir::Value, cc: FloatCc) -> ir::Value {
        use demotic_ir::softfloat::Order;
        let orders = [Order::Less, Order::Equal, Order::Greater, Order::Unordered];
        let set = orders.into_iter().filter(|o| o.satisfies(cc)).fold(0, |set, o| set | 1 << o as u32);
        let set = self.b.ins().iconst(I64, set);
        let bit = self.b.ins().ushr(set, order);
        let bit = self.b.ins().band_imm_u(bit, 1);
        self.b.ins().ireduce(I8, bit)
    }

    // ---- exceptions ----

    /// The exceptions that an operation raises, those left out that the layout's slot has already.
    pub(super) fn float_raises(&mut self, call: FloatCall, operands: [Value; 3]) -> Lowered {
        let operands = operands.map(|v| self.val(v)).map(|v| self.as_number(call.from, v));
        let Some(nothing_new) = self.raises_nothing_new(&call, operands) else {
            let word = self.float_call(&call, Wanted::Exceptions, operands);
            return Self::plain(self.of_word(Type::I32, word));
        };
        let doubtful = self.b.ins().bxor_imm_u(nothing_new, 1);
        let none = self.b.ins().iconst(I32, 0);
        let raised = self.unless(doubtful, I32, none, |l| {
            let word = l.float_call(&call, Wanted::Exceptions, operands);
            l.of_word(Type::I32, word)
        });
        Self::plain(raised)
    }

    /// All exceptions that an operation raises, with bit 8 set. Most are overwritten before the guest looks.
    pub(super) fn float_cause(&mut self, call: FloatCall, operands: [Value; 3]) -> Lowered {
        let this = Value(self.inst as u32);
        let rest = &self.region.blocks[self.at].block.insts[self.inst + 1..];
        let mut used = false;
        rest.iter().for_each(|inst| inst.op.for_each_value(|v| used |= v == this));
        if !used {
            return Lowered::Nothing;
        }
        let operands = operands.map(|v| self.val(v));
        let word = self.float_call(&call, Wanted::Exceptions, operands);
        let raised = self.of_word(Type::I32, word);
        Self::plain(self.b.ins().bor_imm_u(raised, 0x100))
    }

    /// Whether an operation certainly raises nothing but "inexact", which the layout's slot has already.
    fn raises_nothing_new(&mut self, call: &FloatCall, operands: [ir::Value; 3]) -> Option<ir::Value> {
        let slot = self.layout.exceptions?;
        let harmless = self.raises_at_most_inexact(call, operands)?;
        let variable = self.variable(slot);
        let word = self.b.use_var(variable);
        let inexact = self.b.ins().band_imm_u(word, u64::from(Exceptions::INEXACT.0) as i64);
        let seen = self.b.ins().icmp_imm_u(IntCC::NotEqual, inexact, 0);
        let mut nothing_new = self.b.ins().band(harmless, seen);
        if call.mode.flush
            && let Some(subnormal) = self.any_subnormal(call, operands)
        {
            let normal = self.b.ins().bxor_imm_u(subnormal, 1);
            nothing_new = self.b.ins().band(nothing_new, normal);
        }
        Some(nothing_new)
    }

    /// Whether an operation certainly raises nothing but "inexact", subnormal operands aside; `None` when that is not
    /// easily seen.
    fn raises_at_most_inexact(&mut self, call: &FloatCall, operands: [ir::Value; 3]) -> Option<ir::Value> {
        let [a, b, _] = operands;
        match call.op {
            FloatOp::Compare | FloatOp::CompareSignalling if float_type(call.from).is_some() => {
                return Some(self.b.ins().fcmp(FloatCC::Ordered, a, b));
            }
            FloatOp::Round | FloatOp::RoundInexact if float_type(call.from).is_some() => {
                return Some(self.b.ins().fcmp(FloatCC::Ordered, a, a));
            }
            _ => {}
        }
        let result = self.float_on_host(call, operands)?;
        let Some(ty) = float_type(call.to) else {
            // A number that is far from the limits of all integers.
            let limit = if is_double(call.from) { 0x41d0_0000_0000_0000 } else { 0x4e80_0000 };
            let bits = self.float_bits(a);
            let limit = self.b.ins().iconst(I64, limit);
            return Some(self.b.ins().icmp(IntCC::UnsignedLessThan, bits, limit));
        };
        if !call.from.is_float() {
            return Some(self.b.ins().iconst(I8, 1));
        }
        // Sums that are tiny are exact.
        let sum = matches!(call.op, FloatOp::Add | FloatOp::Sub) && !call.mode.flush;
        let low = if sum { 0 } else { least_normal(ty) + 1 };
        Some(self.magnitude_within(result, low, infinity(ty) - 1))
    }

    /// A number that is there as an integer of its bits, as lanes of vectors are.
    fn as_number(&mut self, format: Number, v: ir::Value) -> ir::Value {
        let Some(ty) = float_type(format) else { return v };
        let flags = MemFlagsData::new();
        match (self.b.func.dfg.value_type(v), ty) {
            (I64, F32) => {
                let low = self.b.ins().ireduce(I32, v);
                self.b.ins().bitcast(F32, flags, low)
            }
            (I64, F64) | (I32, F32) => self.b.ins().bitcast(ty, flags, v),
            _ => v,
        }
    }

    // ---- calls ----

    /// Calls the soft-float. The result is a word.
    fn float_call(&mut self, call: &FloatCall, wanted: Wanted, operands: [ir::Value; 3]) -> ir::Value {
        let word = encode(call, self.options.nan_rule) | u64::from(wanted == Wanted::Exceptions) << 40;
        let word = self.b.ins().iconst(I64, word as i64);
        let [a, b, c] = operands.map(|v| self.float_bits(v));
        let function = self.b.ins().load(I64, state_access(), self.cpu, offset::host_call(HostCall::Float));
        let call = self.b.ins().call_indirect(self.float_signature, function, &[word, a, b, c]);
        self.b.inst_results(call)[0]
    }

    /// A number's bits as a word.
    fn float_bits(&mut self, v: ir::Value) -> ir::Value {
        let flags = MemFlagsData::new();
        match self.b.func.dfg.value_type(v) {
            F64 => self.b.ins().bitcast(I64, flags, v),
            F32 => {
                let bits = self.b.ins().bitcast(I32, flags, v);
                self.b.ins().uextend(I64, bits)
            }
            I64 => v,
            _ => self.b.ins().uextend(I64, v),
        }
    }

    /// The number whose bits are in a word.
    fn of_word(&mut self, ty: Type, word: ir::Value) -> ir::Value {
        let flags = MemFlagsData::new();
        match ty {
            Type::I64 => word,
            Type::F64 => self.b.ins().bitcast(F64, flags, word),
            Type::F32 => {
                let bits = self.b.ins().ireduce(I32, word);
                self.b.ins().bitcast(F32, flags, bits)
            }
            _ => self.b.ins().ireduce(clif_type(ty), word),
        }
    }
}
