//! The exceptions that floating-point operations raise.
//!
//! They accumulate in a slot of the state. Once "inexact" is there, an ordinary result raises nothing new, which is seen
//! from its exponent: this is the only way that is not out of line. The first step of the other one finds results that
//! are exact by computing back from them; what is left goes to the soft-float, which gives result and exceptions at once.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F32, F64, F64X2, I32, I64};
use cranelift_codegen::ir::{self, Endianness, InstBuilder, MemFlagsData};
use demotic_ir::softfloat::{Exceptions, FloatCall, FloatOp, Number};
use demotic_ir::{Lanes, Op, Type, Value};

use super::float::{float_type, infinity, least_normal};
use super::vector::host_lanes;
use super::{Lowered, Lowerer, clif_type};

/// The bits of a number far above the smallest ones: what rounding takes away from numbers that are larger can itself be
/// represented.
fn far_from_tiny(double: bool) -> u64 {
    if double { 0x0400_0000_0000_0000 } else { 0x1000_0000 }
}

/// The bits of a number below the limits of the integers that a call converts to.
fn integer_limit(call: &FloatCall) -> u64 {
    let bits = if matches!(call.to, Number::S16 | Number::U16) { 14 } else { 30 };
    let fraction = u64::from(call.fraction);
    match call.from {
        Number::F64 => (0x3ff + bits - fraction) << 52,
        _ => (0x7f + bits - fraction) << 23,
    }
}

/// The magnitude up to which all integers are floating-point numbers.
fn exact_integers(double: bool) -> u64 {
    if double { 1 << 53 } else { 1 << 24 }
}

/// Whether results of an operation may be inexact.
fn may_be_inexact(call: &FloatCall) -> bool {
    match call.op {
        FloatOp::Add | FloatOp::Sub | FloatOp::Mul | FloatOp::Div | FloatOp::Sqrt | FloatOp::Fma => true,
        FloatOp::RoundInexact => true,
        FloatOp::Convert => {
            !matches!((call.from, call.to), (Number::F32 | Number::S32 | Number::U32, Number::F64))
        }
        _ => false,
    }
}

/// Whether an operation compares: it raises nothing unless an operand is a NaN, or subnormal and flushed.
fn compares(op: FloatOp) -> bool {
    use FloatOp::{Compare, CompareSignalling, Max, MaxNum, MaxNumMagnitude, Min, MinNum, MinNumMagnitude};
    matches!(
        op,
        Compare | CompareSignalling | Max | MaxNum | MaxNumMagnitude | Min | MinNum | MinNumMagnitude
    )
}

// ---- numbers ----
impl Lowerer<'_> {
    /// Whether the next op wants the exceptions of an operation.
    pub(super) fn is_followed_by_raises(&self, call: &FloatCall, operands: &[Value; 3]) -> bool {
        let next = self.region.blocks[self.at].block.insts.get(self.inst + 1);
        let wanted = next.and_then(|next| match next.op {
            Op::FRaises { a, b, c, call, .. } => Some((call, [a, b, c])),
            _ => None,
        });
        wanted.is_some_and(|(wanted, of)| wanted == *call && of == *operands)
    }

    /// An operation's result, which `host` is if the host's FPU can do it, and the exception slot after it.
    pub(super) fn float_op_raising(
        &mut self,
        ty: Type,
        call: &FloatCall,
        operands: [ir::Value; 3],
        host: Option<ir::Value>,
    ) -> (ir::Value, ir::Value) {
        let before = self.accumulated();
        let Some(result) = host else {
            self.float_call(call, operands);
            let raised = self.float_raised();
            return (self.float_result(ty), self.b.ins().bor(before, raised));
        };
        let (cold, after) = (self.cold_block(), self.b.create_block());
        let result_out = self.b.append_block_param(after, clif_type(ty));
        let raised_out = self.b.append_block_param(after, I32);
        let usual = self.usual(call, operands, Some(result), before);
        self.jump_if_all(&usual, after, &[result, before], cold);
        self.b.switch_to_block(cold);
        if let Some(exact) = self.is_exact_number(call, operands, result) {
            let call_block = self.cold_block();
            self.b.ins().brif(exact, after, &[result.into(), before.into()], call_block, &[]);
            self.b.switch_to_block(call_block);
        }
        self.float_call(call, operands);
        let raised = self.float_raised();
        let raised = self.b.ins().bor(before, raised);
        let soft = self.float_result(ty);
        self.b.ins().jump(after, &[soft.into(), raised.into()]);
        self.b.switch_to_block(after);
        (result_out, raised_out)
    }

    /// The exception slot after an operation.
    pub(super) fn float_raises(&mut self, call: FloatCall, operands: [Value; 3]) -> Lowered {
        if let Some((_, raised)) = self.raised.take_if(|(inst, _)| *inst == self.inst) {
            return Self::plain(raised);
        }
        let operands = operands.map(|v| self.val(v)).map(|v| self.as_number(call.from, v));
        let before = self.accumulated();
        let result = if compares(call.op) { None } else { self.float_on_host(&call, operands) };
        let on_host = float_type(call.from).is_some() && compares(call.op) || result.is_some();
        let (cold, after) = (self.cold_block(), self.b.create_block());
        let raised_out = self.b.append_block_param(after, I32);
        if on_host {
            let usual = self.usual(&call, operands, result, before);
            self.jump_if_all(&usual, after, &[before], cold);
        } else {
            self.b.ins().jump(cold, &[]);
        }
        self.b.switch_to_block(cold);
        if let Some(result) = result
            && let Some(exact) = self.is_exact_number(&call, operands, result)
        {
            let call_block = self.cold_block();
            self.b.ins().brif(exact, after, &[before.into()], call_block, &[]);
            self.b.switch_to_block(call_block);
        }
        self.float_call(&call, operands);
        let raised = self.float_raised();
        let raised = self.b.ins().bor(before, raised);
        self.b.ins().jump(after, &[raised.into()]);
        self.b.switch_to_block(after);
        Self::plain(raised_out)
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
        self.float_call(&call, operands);
        let raised = self.float_raised();
        Self::plain(self.b.ins().bor_imm_u(raised, 0x100))
    }

    /// What is in the exception slot.
    fn accumulated(&mut self) -> ir::Value {
        let Some(slot) = self.layout.exceptions else { return self.iconst(I32, 0) };
        let variable = self.variable(slot);
        let word = self.b.use_var(variable);
        if self.b.func.dfg.value_type(word) == I32 { word } else { self.b.ins().ireduce(I32, word) }
    }

    fn cold_block(&mut self) -> ir::Block {
        let block = self.b.create_block();
        self.b.set_cold_block(block);
        block
    }

    /// Jumps to `after` if all conditions hold, else to `otherwise`.
    fn jump_if_all(
        &mut self,
        conditions: &[ir::Value],
        after: ir::Block,
        arguments: &[ir::Value],
        otherwise: ir::Block,
    ) {
        let arguments: Vec<ir::BlockArg> = arguments.iter().map(|&v| v.into()).collect();
        let Some((&last, others)) = conditions.split_last() else {
            self.b.ins().jump(after, &arguments);
            return;
        };
        for &condition in others {
            let next = self.b.create_block();
            self.b.ins().brif(condition, next, &[], otherwise, &[]);
            self.b.switch_to_block(next);
        }
        self.b.ins().brif(last, after, &arguments, otherwise, &[]);
    }

    /// The conditions under which the host's result is the guest's and raises nothing that has not accumulated already.
    fn usual(
        &mut self,
        call: &FloatCall,
        operands: [ir::Value; 3],
        result: Option<ir::Value>,
        before: ir::Value,
    ) -> Vec<ir::Value> {
        let [a, b, _] = operands;
        let mut conditions = Vec::new();
        if compares(call.op) {
            conditions.push(self.b.ins().fcmp(FloatCC::Ordered, a, b));
        } else if let (true, Some(result)) = (call.from.is_float(), result) {
            conditions.push(self.is_ordinary(call, a, result));
        }
        if call.mode.flush
            && let Some(subnormal) = self.any_subnormal(call, operands)
        {
            conditions.push(self.b.ins().bxor_imm_u(subnormal, 1));
        }
        if may_be_inexact(call) {
            conditions.push(self.inexact_seen(before));
        }
        conditions
    }

    /// Whether a result is neither a NaN nor what may come with another exception than "inexact".
    fn is_ordinary(&mut self, call: &FloatCall, a: ir::Value, result: ir::Value) -> ir::Value {
        let Some(ty) = float_type(call.to) else {
            return self.is_far_from_limits(call, a);
        };
        let narrows = (call.from, call.to) == (Number::F64, Number::F32);
        match call.op {
            FloatOp::Convert if !narrows => self.b.ins().fcmp(FloatCC::Ordered, a, a),
            FloatOp::Round | FloatOp::RoundInexact => self.b.ins().fcmp(FloatCC::Ordered, a, a),
            FloatOp::Sqrt => self.b.ins().fcmp(FloatCC::Ordered, result, result),
            // Sums that are tiny are exact.
            FloatOp::Add | FloatOp::Sub if call.mode.flush => {
                self.magnitude_within(result, least_normal(ty), infinity(ty) - 1)
            }
            FloatOp::Add | FloatOp::Sub => self.magnitude_within(result, 0, infinity(ty) - 1),
            // The smallest normal number may have been a smaller one before it was rounded.
            _ => self.magnitude_within(result, least_normal(ty) + 1, infinity(ty) - 1),
        }
    }

    /// Whether a number is far from the limits of the integers that it is converted to.
    fn is_far_from_limits(&mut self, call: &FloatCall, a: ir::Value) -> ir::Value {
        let limit = integer_limit(call);
        if call.to.is_signed() {
            return self.magnitude_within(a, 0, limit - 1);
        }
        let bits = self.float_bits(a);
        let limit = self.iconst(I64, limit);
        self.b.ins().icmp(IntCC::UnsignedLessThan, bits, limit)
    }

    fn inexact_seen(&mut self, accumulated: ir::Value) -> ir::Value {
        let inexact = self.b.ins().band_imm_u(accumulated, i64::from(Exceptions::INEXACT.0));
        self.b.ins().icmp_imm_u(IntCC::NotEqual, inexact, 0)
    }

    /// Whether a result is exact, and the guest's: nothing is raised. `None` where that is not easily seen.
    fn is_exact_number(
        &mut self,
        call: &FloatCall,
        operands: [ir::Value; 3],
        result: ir::Value,
    ) -> Option<ir::Value> {
        let exact = match call.op {
            FloatOp::Convert => self.is_exact_conversion(call, operands[0], result),
            _ => self.is_exact(call.op, operands, result),
        }?;
        if !call.mode.flush {
            return Some(exact);
        }
        let Some(doubtful) = self.doubtful(call, operands, result) else { return Some(exact) };
        let certain = self.b.ins().bxor_imm_u(doubtful, 1);
        Some(self.b.ins().band(exact, certain))
    }

    fn is_exact_conversion(
        &mut self,
        call: &FloatCall,
        a: ir::Value,
        result: ir::Value,
    ) -> Option<ir::Value> {
        if call.fraction != 0 || matches!(call.from, Number::S16 | Number::U16) {
            return None;
        }
        match (float_type(call.from), float_type(call.to)) {
            (Some(_), Some(F32)) => {
                let back = self.b.ins().fpromote(F64, result);
                Some(self.b.ins().fcmp(FloatCC::Equal, back, a))
            }
            (Some(from), None) => {
                let within = self.is_far_from_limits(call, a);
                let back = match call.to.is_signed() {
                    true => self.b.ins().fcvt_from_sint(from, result),
                    false => self.b.ins().fcvt_from_uint(from, result),
                };
                let same = self.b.ins().fcmp(FloatCC::Equal, back, a);
                Some(self.b.ins().band(within, same))
            }
            (None, Some(to)) => {
                let limit = exact_integers(to == F64);
                let wide = match (self.b.func.dfg.value_type(a), call.from.is_signed()) {
                    (I64, _) => a,
                    (_, true) => self.b.ins().sextend(I64, a),
                    (_, false) => self.b.ins().uextend(I64, a),
                };
                let (low, span) = if call.from.is_signed() { (limit, 2 * limit) } else { (0, limit) };
                let low = self.iconst(I64, low);
                let above = self.b.ins().iadd(wide, low);
                let span = self.iconst(I64, span);
                Some(self.b.ins().icmp(IntCC::UnsignedLessThanOrEqual, above, span))
            }
            _ => None,
        }
    }
}

// ---- numbers and vectors of them ----
impl Lowerer<'_> {
    /// Where a result is exact, without overflow: a truth value, or a mask of lanes. Whether it or an operand is tiny is
    /// not looked at.
    fn is_exact(&mut self, op: FloatOp, [a, b, c]: [ir::Value; 3], r: ir::Value) -> Option<ir::Value> {
        Some(match op {
            // Of the two differences the one with the larger operand is exact: it is what was added of the other one.
            FloatOp::Add => {
                let (less_a, less_b) = (self.b.ins().fsub(r, a), self.b.ins().fsub(r, b));
                let (b_added, a_added) = (self.is_equal(less_a, b), self.is_equal(less_b, a));
                self.b.ins().band(b_added, a_added)
            }
            FloatOp::Sub => {
                let (subtracted, whole) = (self.b.ins().fsub(a, r), self.b.ins().fadd(r, b));
                let (b_subtracted, a_whole) = (self.is_equal(subtracted, b), self.is_equal(whole, a));
                self.b.ins().band(b_subtracted, a_whole)
            }
            FloatOp::Mul if self.options.host_fma => {
                let rest = self.b.ins().fneg(r);
                let rest = self.b.ins().fma(a, b, rest);
                let nothing_lost = self.is_nothing(rest, r);
                let (zero, any_zero) = (self.is_zero_float(r), self.any_zero(a, b));
                let zero = self.b.ins().band(zero, any_zero);
                self.b.ins().bor(nothing_lost, zero)
            }
            FloatOp::Div if self.options.host_fma => {
                let rest = self.b.ins().fneg(a);
                let rest = self.b.ins().fma(r, b, rest);
                let nothing_lost = self.is_nothing(rest, a);
                let (zero, a_zero) = (self.is_zero_float(r), self.is_zero_float(a));
                let zero = self.b.ins().band(zero, a_zero);
                self.b.ins().bor(nothing_lost, zero)
            }
            FloatOp::Sqrt if self.options.host_fma => {
                let rest = self.b.ins().fneg(a);
                let rest = self.b.ins().fma(r, r, rest);
                let nothing_lost = self.is_nothing(rest, a);
                let zero = self.is_zero_float(a);
                self.b.ins().bor(nothing_lost, zero)
            }
            FloatOp::Fma => {
                let (unchanged, any_zero) = (self.is_equal(r, c), self.any_zero(a, b));
                self.b.ins().band(unchanged, any_zero)
            }
            FloatOp::RoundInexact => self.is_equal(r, a),
            _ => return None,
        })
    }

    fn is_equal(&mut self, a: ir::Value, b: ir::Value) -> ir::Value {
        self.b.ins().fcmp(FloatCC::Equal, a, b)
    }

    fn is_zero_float(&mut self, v: ir::Value) -> ir::Value {
        let zero = self.number_like(v, 0);
        self.is_equal(v, zero)
    }

    fn any_zero(&mut self, a: ir::Value, b: ir::Value) -> ir::Value {
        let (a, b) = (self.is_zero_float(a), self.is_zero_float(b));
        self.b.ins().bor(a, b)
    }

    /// Whether the rest of an operation is 0, and would not have been rounded to 0: `of`, whose rest it is, is finite and
    /// large enough.
    fn is_nothing(&mut self, rest: ir::Value, of: ir::Value) -> ir::Value {
        let double = matches!(self.b.func.dfg.value_type(of), F64 | F64X2);
        let nothing = self.is_zero_float(rest);
        let magnitude = self.b.ins().fabs(of);
        let limit = self.number_like(of, far_from_tiny(double));
        let large = self.b.ins().fcmp(FloatCC::GreaterThan, magnitude, limit);
        self.b.ins().band(nothing, large)
    }

    /// The number whose bits are `bits`, as a value of the type of `v`.
    fn number_like(&mut self, v: ir::Value, bits: u64) -> ir::Value {
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        let ty = self.b.func.dfg.value_type(v);
        match ty {
            F32 | F64 => {
                let int = if ty == F64 { I64 } else { I32 };
                let bits = self.iconst(int, bits);
                self.b.ins().bitcast(ty, flags, bits)
            }
            _ => {
                let lanes = if ty == F64X2 { Lanes::D2 } else { Lanes::W4 };
                let bits = self.vconst_splat(lanes, bits);
                self.b.ins().bitcast(ty, flags, bits)
            }
        }
    }
}

// ---- vectors ----
impl Lowerer<'_> {
    /// The exception slot after an operation on the lanes of vectors.
    pub(super) fn vector_float_raises(&mut self, call: FloatCall, operands: [Value; 3]) -> Lowered {
        let operands = operands.map(|v| self.val(v));
        let before = self.accumulated();
        let (cold, after) = (self.cold_block(), self.b.create_block());
        let raised_out = self.b.append_block_param(after, I32);
        match host_lanes(call.from) {
            Some(lanes) => self.raises_nothing(&call, lanes, operands, before, (after, cold)),
            None => {
                self.b.ins().jump(cold, &[]);
            }
        }
        self.b.switch_to_block(cold);
        self.float_lanes_call(&call, operands);
        let raised = self.float_raised();
        let raised = self.b.ins().bor(before, raised);
        self.b.ins().jump(after, &[raised.into()]);
        self.b.switch_to_block(after);
        Self::plain(raised_out)
    }

    /// Jumps to `after` if no lane raises anything new, or to `cold`.
    fn raises_nothing(
        &mut self,
        call: &FloatCall,
        lanes: Lanes,
        operands: [ir::Value; 3],
        before: ir::Value,
        (after, cold): (ir::Block, ir::Block),
    ) {
        let Some((lanes_usual, inexact)) = self.usual_lanes(call, lanes, operands) else {
            self.b.ins().jump(cold, &[]);
            return;
        };
        let all = self.all_lanes(lanes, lanes_usual);
        let mut conditions = vec![all];
        if may_be_inexact(call) {
            conditions.push(self.inexact_seen(before));
        }
        let Some(exact) = inexact else {
            self.jump_if_all(&conditions, after, &[before], cold);
            return;
        };
        let second = self.cold_block();
        self.jump_if_all(&conditions, after, &[before], second);
        self.b.switch_to_block(second);
        // A lane raises nothing if it is exact, or "inexact" at most if it is usual.
        let exact = self.as_lanes(lanes, exact);
        let usual = self.as_lanes(lanes, lanes_usual);
        let either = self.b.ins().bor(exact, usual);
        let (all_exact, all_either) = (self.all_lanes(lanes, exact), self.all_lanes(lanes, either));
        let seen = self.inexact_seen(before);
        let harmless = self.b.ins().band(all_either, seen);
        let nothing = self.b.ins().bor(all_exact, harmless);
        self.b.ins().brif(nothing, after, &[before.into()], cold, &[]);
    }

    /// Masks of the lanes that raise nothing but "inexact", and of those that are certainly exact if that may be worth a
    /// look; `None` when neither is easily seen.
    fn usual_lanes(
        &mut self,
        call: &FloatCall,
        lanes: Lanes,
        operands: [ir::Value; 3],
    ) -> Option<(ir::Value, Option<ir::Value>)> {
        if call.from.is_float() && compares(call.op) {
            let [a, b, _] = operands.map(|v| self.as_floats(lanes, v));
            let ordered = self.b.ins().fcmp(FloatCC::Ordered, a, b);
            return Some((self.without_subnormal(call, lanes, operands, ordered), None));
        }
        if call.op == FloatOp::Convert {
            return self.usual_conversion(call, lanes, operands);
        }
        let [a, b, c] = operands.map(|v| self.as_floats(lanes, v));
        let result = match call.op {
            FloatOp::Add => self.b.ins().fadd(a, b),
            FloatOp::Sub => self.b.ins().fsub(a, b),
            FloatOp::Mul => self.b.ins().fmul(a, b),
            FloatOp::Fma if self.options.host_fma => self.b.ins().fma(a, b, c),
            _ => return None,
        };
        let number = if lanes == Lanes::D2 { F64 } else { F32 };
        let usual = self.magnitude_from(lanes, result, least_normal(number) + 1);
        let usual = self.without_subnormal(call, lanes, operands, usual);
        let exact = self.is_exact(call.op, [a, b, c], result)?;
        // Exact, but flushed unless it is zero.
        let normal = self.magnitude_from(lanes, result, least_normal(number));
        let zero = self.is_zero_float(result);
        let zero = self.as_lanes(lanes, zero);
        let visible = self.b.ins().bor(normal, zero);
        let exact = self.as_lanes(lanes, exact);
        let exact = self.b.ins().band(exact, visible);
        let exact = self.without_subnormal(call, lanes, operands, exact);
        Some((usual, Some(exact)))
    }

    fn usual_conversion(
        &mut self,
        call: &FloatCall,
        lanes: Lanes,
        operands: [ir::Value; 3],
    ) -> Option<(ir::Value, Option<ir::Value>)> {
        if !call.from.is_float() {
            // Integers raise nothing else.
            return Some((self.vconst_splat(lanes, lanes.mask()), None));
        }
        let bits = self.as_lanes(lanes, operands[0]);
        let magnitude = self.vconst_splat(lanes, lanes.mask() >> 1);
        let magnitude = self.b.ins().band(bits, magnitude);
        let limit = self.vconst_splat(lanes, integer_limit(call));
        let small = self.b.ins().icmp(IntCC::SignedLessThan, magnitude, limit);
        // A negative number as an unsigned one is invalid.
        let usual = if call.to.is_signed() {
            small
        } else {
            let zero = self.vconst_splat(lanes, 0);
            let positive = self.b.ins().icmp(IntCC::SignedGreaterThanOrEqual, bits, zero);
            self.b.ins().band(small, positive)
        };
        Some((self.without_subnormal(call, lanes, operands, usual), None))
    }

    /// `mask` without the lanes in which an operand is subnormal and would be flushed.
    fn without_subnormal(
        &mut self,
        call: &FloatCall,
        lanes: Lanes,
        operands: [ir::Value; 3],
        mask: ir::Value,
    ) -> ir::Value {
        let mut mask = self.as_lanes(lanes, mask);
        if !call.mode.flush {
            return mask;
        }
        let mut seen: Vec<ir::Value> = Vec::new();
        for operand in operands {
            if !seen.contains(&operand) {
                seen.push(operand);
                let (bits, flushed) = (self.as_lanes(lanes, operand), self.flushed(lanes, operand));
                let flushed = self.as_lanes(lanes, flushed);
                if bits != flushed {
                    let same = self.b.ins().icmp(IntCC::Equal, bits, flushed);
                    mask = self.b.ins().band(mask, same);
                }
            }
        }
        mask
    }

    /// Where the magnitude of a number is from a number on up to the largest finite one.
    fn magnitude_from(&mut self, lanes: Lanes, v: ir::Value, from: u64) -> ir::Value {
        let number = if lanes == Lanes::D2 { F64 } else { F32 };
        let bits = self.as_lanes(lanes, v);
        let mask = self.vconst_splat(lanes, lanes.mask() >> 1);
        let magnitude = self.b.ins().band(bits, mask);
        let low = self.vconst_splat(lanes, from - 1);
        let high = self.vconst_splat(lanes, infinity(number));
        let above = self.b.ins().icmp(IntCC::SignedGreaterThan, magnitude, low);
        let below = self.b.ins().icmp(IntCC::SignedLessThan, magnitude, high);
        self.b.ins().band(above, below)
    }

    fn all_lanes(&mut self, lanes: Lanes, mask: ir::Value) -> ir::Value {
        let mask = self.as_lanes(lanes, mask);
        self.b.ins().vall_true(mask)
    }
}
