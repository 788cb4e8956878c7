//! Floating point: on the host's FPU where it does as the guest's, else by a call of the soft-float.
//!
//! The host rounds to nearest and makes its own NaNs, so an operation on it is followed by checks of what it may have
//! done differently; if one hits, the soft-float's result is taken instead, out of line. How the exceptions are found that
//! an operation raises is in [`exceptions`](super::exceptions).

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F32, F64, I8, I16, I32, I64};
use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData};
use demotic_ir::softfloat::{FloatCall, FloatOp, Number};
use demotic_ir::{FloatCc, FpMode, NanRule, Op, Rounding, Type, Value};

use super::{Lowered, Lowerer, clif_type, state_access};
use crate::vcpu_state::{FloatExchange, HostCall, offset};

/// A call and the guest's NaN rule in one word.
pub(crate) fn encode(call: &FloatCall, rule: NanRule) -> u64 {
    u64::from(call.encode()) | rule_number(rule) << 32
}

/// What [`encode`] made.
pub(super) fn decode(word: u64) -> Option<(FloatCall, NanRule)> {
    let rule = match word >> 32 & 0xff {
        0 => NanRule::Arm,
        1 => NanRule::MipsLegacy,
        _ => NanRule::Mips2008,
    };
    Some((FloatCall::decode(word as u32)?, rule))
}

/// Does what translated code asks of the soft-float; see [`Lowerer::float_call`].
pub(crate) fn evaluate(exchange: &mut FloatExchange) {
    let Some((call, rule)) = decode(exchange.operation) else { return };
    let (result, raised) = call.evaluate(rule, exchange.operands.map(|[word, _]| word));
    exchange.operands[0][0] = result;
    exchange.raised = raised.0.into();
}

const fn rule_number(rule: NanRule) -> u64 {
    match rule {
        NanRule::Arm => 0,
        NanRule::MipsLegacy => 1,
        NanRule::Mips2008 => 2,
    }
}

/// The host's type for a format that its FPU knows.
pub(super) fn float_type(number: Number) -> Option<ir::Type> {
    match number {
        Number::F32 => Some(F32),
        Number::F64 => Some(F64),
        _ => None,
    }
}

/// The bits of infinity.
pub(super) fn infinity(ty: ir::Type) -> u64 {
    if ty == F64 { 0x7ff0_0000_0000_0000 } else { 0x7f80_0000 }
}

/// The bits of the smallest normal number.
pub(super) fn least_normal(ty: ir::Type) -> u64 {
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

        fn vfraises(&mut self, _: Type, a: Value, b: Value, c: Value, call: FloatCall) -> Lowered {
            self.vector_float_raises(call, [a, b, c])
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
        let raises = self.is_followed_by_raises(&call, &operands);
        let operands = operands.map(|v| self.val(v));
        // Numbers are there as words, not as the host's floats.
        let ty = op.ty();
        let by_words =
            matches!(op, Op::FSoft { .. }) && !self.is_conversion_of_numbers(&call, operands[0], ty);
        let host = if by_words { None } else { self.float_on_host(&call, operands) };
        if raises {
            let (result, raised) = self.float_op_raising(ty, &call, operands, host);
            self.raised = Some((self.inst + 1, raised));
            return Self::plain(result);
        }
        let Some(result) = host else {
            self.float_call(&call, operands);
            return Self::plain(self.float_result(ty));
        };
        let Some(doubtful) = self.doubtful(&call, operands, result) else { return Self::plain(result) };
        let exact = self.unless(doubtful, clif_type(ty), result, |l| {
            l.float_call(&call, operands);
            l.float_result(ty)
        });
        Self::plain(exact)
    }

    /// `usual`, or out of line what `otherwise` gives when `doubtful`.
    pub(super) fn unless(
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
    pub(super) fn float_on_host(&mut self, call: &FloatCall, [a, b, c]: [ir::Value; 3]) -> Option<ir::Value> {
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

    /// Whether a call is a conversion of a number that is there as the host's, to one.
    fn is_conversion_of_numbers(&self, call: &FloatCall, a: ir::Value, ty: Type) -> bool {
        let is = |ty, number: Number| match float_type(number) {
            Some(float) => ty == float,
            None => ty == I32 && !number.is_float(),
        };
        call.op == FloatOp::Convert
            && is(self.b.func.dfg.value_type(a), call.from)
            && is(clif_type(ty), call.to)
    }

    fn convert_on_host(&mut self, call: &FloatCall, a: ir::Value) -> Option<ir::Value> {
        if call.fraction != 0 || matches!(call.from, Number::S16 | Number::U16) {
            return self.fixed_point_on_host(call, a);
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

    /// Conversions from and to fixed-point numbers. Scaling by a power of two is exact; too large numbers saturate anyway.
    fn fixed_point_on_host(&mut self, call: &FloatCall, a: ir::Value) -> Option<ir::Value> {
        let whole = FloatCall { fraction: 0, ..*call };
        let fraction = i32::from(call.fraction);
        if let Some(ty) = float_type(call.from) {
            let scale = self.power_of_two(ty, fraction);
            let scaled = self.b.ins().fmul(a, scale);
            return self.convert_on_host(&whole, scaled);
        }
        let ty = float_type(call.to)?;
        let (integer, from) = match call.from {
            Number::S16 | Number::U16 => {
                let half = self.b.ins().ireduce(I16, a);
                let signed = call.from == Number::S16;
                let word =
                    if signed { self.b.ins().sextend(I32, half) } else { self.b.ins().uextend(I32, half) };
                (word, Number::S32)
            }
            from => (a, from),
        };
        let number = self.convert_on_host(&FloatCall { from, ..whole }, integer)?;
        let scale = self.power_of_two(ty, -fraction);
        Some(self.b.ins().fmul(number, scale))
    }

    fn power_of_two(&mut self, ty: ir::Type, exponent: i32) -> ir::Value {
        match ty {
            F64 => self.b.ins().f64const(2f64.powi(exponent)),
            _ => self.b.ins().f32const(2f32.powi(exponent)),
        }
    }

    fn integer_on_host(&mut self, to: Number, a: ir::Value, round: Rounding) -> Option<ir::Value> {
        let a = if round == Rounding::Zero { a } else { self.integral(a, round)? };
        Some(match to {
            Number::S32 => self.b.ins().fcvt_to_sint_sat(I32, a),
            Number::U32 => self.b.ins().fcvt_to_uint_sat(I32, a),
            Number::S64 => self.b.ins().fcvt_to_sint_sat(I64, a),
            Number::U64 => self.b.ins().fcvt_to_uint_sat(I64, a),
            Number::S16 => {
                let word = self.b.ins().fcvt_to_sint_sat(I32, a);
                let (least, largest) = (self.iconst(I32, 0xffff_8000), self.iconst(I32, 0x7fff));
                let word = self.b.ins().smax(word, least);
                let word = self.b.ins().smin(word, largest);
                self.b.ins().band_imm_u(word, 0xffff)
            }
            Number::U16 => {
                let word = self.b.ins().fcvt_to_uint_sat(I32, a);
                let largest = self.iconst(I32, 0xffff);
                self.b.ins().umin(word, largest)
            }
            _ => return None,
        })
    }

    /// Whether the host's result may not be the guest's: a NaN, or with flushing a subnormal operand or a result that is
    /// not certainly normal. `None` where it always is.
    pub(super) fn doubtful(
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
    pub(super) fn any_subnormal(&mut self, call: &FloatCall, operands: [ir::Value; 3]) -> Option<ir::Value> {
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
    pub(super) fn magnitude_within(&mut self, v: ir::Value, low: u64, high: u64) -> ir::Value {
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
            l.float_call(&call, operands);
            let order = l.float_result(Type::I64);
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

    // ---- calls ----

    /// A number that is there as an integer of its bits, as lanes of vectors are.
    pub(super) fn as_number(&mut self, format: Number, v: ir::Value) -> ir::Value {
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

    /// Calls the soft-float, which leaves its result and the exceptions in the state.
    pub(super) fn float_call(&mut self, call: &FloatCall, operands: [ir::Value; 3]) {
        for (n, operand) in operands.into_iter().enumerate() {
            let bits = self.float_bits(operand);
            self.b.ins().store(state_access(), bits, self.cpu, offset::float_operand(n));
        }
        self.call_soft_float(HostCall::Float, call);
    }

    /// Calls the soft-float on operands that are in the state.
    pub(super) fn call_soft_float(&mut self, host_call: HostCall, call: &FloatCall) {
        let word = self.iconst(I64, encode(call, self.options.nan_rule));
        self.b.ins().store(state_access(), word, self.cpu, offset::FLOAT_OPERATION);
        let function = self.b.ins().load(I64, state_access(), self.cpu, offset::host_call(host_call));
        self.b.ins().call_indirect(self.preserving_signature, function, &[self.cpu]);
    }

    /// The result of the last call of the soft-float.
    pub(super) fn float_result(&mut self, ty: Type) -> ir::Value {
        self.b.ins().load(clif_type(ty), state_access(), self.cpu, offset::float_operand(0))
    }

    /// What the last call of the soft-float has raised.
    pub(super) fn float_raised(&mut self) -> ir::Value {
        self.b.ins().load(I32, state_access(), self.cpu, offset::FLOAT_RAISED)
    }

    /// A number's bits as a word.
    pub(super) fn float_bits(&mut self, v: ir::Value) -> ir::Value {
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
}
