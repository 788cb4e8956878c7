//! Floating-point lanes on the host's FPU.
//!
//! The FPU works as in a C program, so what a mode asks for beyond that is done with integer instructions: subnormal
//! operands and results are replaced by zeros, NaNs by the default NaN. What is left (NaNs whose payload matters, results
//! that may have been tiny before they were rounded, other roundings, other formats) the soft-float does, out of line.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F32X4, F64X2, I8X16};
use cranelift_codegen::ir::{self, Endianness, InstBuilder, MemFlagsData};
use demotic_ir::interp::vector;
use demotic_ir::softfloat::{FloatCall, FloatOp, Number, default_nan};
use demotic_ir::{FloatCc, FpMode, Lanes, NanRule, Op, Rounding, Value};

use super::{Shift, lane_type, vector_type};
use crate::lower::float::{decode, float_cc};
use crate::lower::{Lowerer, state_access};
use crate::vcpu_state::{FloatExchange, HostCall, offset};

/// Does what translated code asks of the soft-float; see [`Lowerer::float_lanes_call`].
pub(crate) fn evaluate(exchange: &mut FloatExchange) {
    let Some((call, rule)) = decode(exchange.operation) else { return };
    let operands = exchange.operands.map(|[lo, hi]| vector::join(lo, hi));
    let (result, raised) = call.evaluate_lanes(rule, operands);
    exchange.operands[0] = [vector::low(result), vector::high(result)];
    exchange.raised = raised.0.into();
}

/// The host's vector type for floating-point lanes.
fn float_type(lanes: Lanes) -> ir::Type {
    if lanes == Lanes::D2 { F64X2 } else { F32X4 }
}

/// Lanes of words and doublewords: what the host computes with.
pub(in crate::lower) fn host_lanes(format: Number) -> Option<Lanes> {
    match format {
        Number::F32 | Number::S32 | Number::U32 => Some(Lanes::W4),
        Number::F64 | Number::S64 | Number::U64 => Some(Lanes::D2),
        Number::F16 | Number::Ahp | Number::S16 | Number::U16 => None,
    }
}

/// The bits of a lane's exponent.
fn exponent_bits(lanes: Lanes) -> u64 {
    if lanes == Lanes::D2 { 0x7ff << 52 } else { 0xff << 23 }
}

/// The smallest normal number.
fn smallest_normal(lanes: Lanes) -> u64 {
    if lanes == Lanes::D2 { 1 << 52 } else { 1 << 23 }
}

impl Lowerer<'_> {
    pub(in crate::lower) fn vector_float(&mut self, op: Op) -> ir::Value {
        let Some((call, operands)) = op.vector_float_call() else {
            unreachable!("the rows of floating-point vector ops are calls of the soft-float")
        };
        let operands = operands.map(|v| self.val(v));
        let inline = match (host_lanes(call.from), call.op) {
            (Some(lanes), FloatOp::Convert) => self.float_convert(&call, lanes, operands[0]),
            (Some(lanes), _) => self.float_arithmetic(&call, lanes, operands),
            (None, _) => None,
        };
        inline.unwrap_or_else(|| self.float_lanes_call(&call, operands))
    }

    /// The operation by the soft-float.
    pub(in crate::lower) fn float_lanes_call(
        &mut self,
        call: &FloatCall,
        operands: [ir::Value; 3],
    ) -> ir::Value {
        for (n, value) in operands.into_iter().enumerate() {
            let value = self.as_lanes(Lanes::B16, value);
            self.b.ins().store(state_access(), value, self.cpu, offset::float_operand(n));
        }
        self.call_soft_float(HostCall::VectorFloat, call);
        self.b.ins().load(I8X16, state_access(), self.cpu, offset::float_operand(0))
    }

    /// The same bits as floating-point lanes.
    pub(in crate::lower) fn as_floats(&mut self, lanes: Lanes, value: ir::Value) -> ir::Value {
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        let value = self.as_lanes(lanes, value);
        self.b.ins().bitcast(float_type(lanes), flags, value)
    }

    fn float_arithmetic(
        &mut self,
        call: &FloatCall,
        lanes: Lanes,
        operands: [ir::Value; 3],
    ) -> Option<ir::Value> {
        let mode = call.mode;
        if mode.round != Rounding::Nearest || call.op == FloatOp::Fma && !self.options.host_fma {
            return None;
        }
        let count = match call.op {
            FloatOp::Sqrt => 1,
            FloatOp::Fma => 3,
            _ => 2,
        };
        let mut inputs = operands;
        for input in inputs.iter_mut().take(count) {
            let flushed = if mode.flush { self.flushed(lanes, *input) } else { *input };
            *input = self.as_floats(lanes, flushed);
        }
        let [a, b, c] = inputs;
        let ins = self.b.ins();
        let result = match call.op {
            FloatOp::Add => ins.fadd(a, b),
            FloatOp::Sub => ins.fsub(a, b),
            FloatOp::Mul => ins.fmul(a, b),
            FloatOp::Div => ins.fdiv(a, b),
            FloatOp::Sqrt => ins.sqrt(a),
            FloatOp::Fma => ins.fma(a, b, c),
            _ => return None,
        };
        // ARM asks whether a product is tiny before it is rounded; the host can tell what rounding has done to it.
        let tiny = (mode.flush
            && call.op == FloatOp::Mul
            && self.options.nan_rule == NanRule::Arm
            && self.options.host_fma)
            .then(|| self.is_tiny_product(lanes, a, b));
        Some(self.by_mode(call, lanes, operands, result, tiny))
    }

    /// The lanes in which the magnitude of a product is less than the smallest normal number, in their signs. What the
    /// product differs by from that number may be rounded to zero, but not to one of the other sign.
    fn is_tiny_product(&mut self, lanes: Lanes, a: ir::Value, b: ir::Value) -> ir::Value {
        let (a, b) = (self.b.ins().fabs(a), self.b.ins().fabs(b));
        let bits = smallest_normal(lanes) | ((lanes.mask() >> 1) + 1);
        let minus_smallest = self.vconst_splat(lanes, bits);
        let minus_smallest = self.as_floats(lanes, minus_smallest);
        self.b.ins().fma(a, b, minus_smallest)
    }

    /// A result of the FPU as the mode wants it.
    fn by_mode(
        &mut self,
        call: &FloatCall,
        lanes: Lanes,
        operands: [ir::Value; 3],
        float: ir::Value,
        tiny: Option<ir::Value>,
    ) -> ir::Value {
        let mode = call.mode;
        let nan = self.b.ins().fcmp(FloatCC::Unordered, float, float);
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        let mut result = self.b.ins().bitcast(vector_type(lanes), flags, float);
        let raw = result;
        // Sums and differences that are subnormal are exact.
        let may_round_up =
            mode.flush && matches!(call.op, FloatOp::Mul | FloatOp::Div | FloatOp::Fma) && tiny.is_none();
        if let Some(tiny) = tiny {
            result = self.clear_tiny(lanes, result, tiny);
        } else if mode.flush && call.op != FloatOp::Sqrt {
            result = self.flush(lanes, result);
        }
        if mode.default_nan {
            let bits = default_nan(self.options.nan_rule, call.to);
            let default = self.vconst_splat(lanes, bits);
            result = self.b.ins().bitselect(nan, default, result);
        }
        let special = match (may_round_up, mode.default_nan) {
            (false, true) => None,
            (false, false) => Some(nan),
            (true, true) => Some(self.is_smallest_normal(lanes, raw)),
            (true, false) => {
                let smallest = self.is_smallest_normal(lanes, raw);
                Some(self.b.ins().bor(nan, smallest))
            }
        };
        let result = match special {
            Some(special) => self.unless_special(call, operands, special, result),
            None => result,
        };
        if mode.flush {
            self.flushed.insert((result, lanes));
        }
        result
    }

    /// `result`; but when any lane of `special` is set, that of the soft-float.
    fn unless_special(
        &mut self,
        call: &FloatCall,
        operands: [ir::Value; 3],
        special: ir::Value,
        result: ir::Value,
    ) -> ir::Value {
        let ty = self.b.func.dfg.value_type(result);
        let (cold, after) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(cold);
        self.b.append_block_param(after, ty);
        let any = self.b.ins().vany_true(special);
        self.b.ins().brif(any, cold, &[], after, &[result.into()]);
        self.b.switch_to_block(cold);
        let soft = self.float_lanes_call(call, operands);
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        let soft = if ty == I8X16 { soft } else { self.b.ins().bitcast(ty, flags, soft) };
        self.b.ins().jump(after, &[soft.into()]);
        self.b.switch_to_block(after);
        self.b.block_params(after)[0]
    }

    /// Zeros of the same sign in the lanes for which the sign of `tiny` is set. NaNs are replaced afterwards.
    fn clear_tiny(&mut self, lanes: Lanes, value: ir::Value, tiny: ir::Value) -> ir::Value {
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        let tiny = self.b.ins().bitcast(vector_type(lanes), flags, tiny);
        let tiny = self.shift_by(Shift::Arithmetic, tiny, lanes.bits() as u8 - 1);
        let cleared = self.shift_by(Shift::Logical, tiny, 1);
        self.b.ins().band_not(value, cleared)
    }

    /// Whether each lane is the smallest normal number: the result may have been less before it was rounded.
    fn is_smallest_normal(&mut self, lanes: Lanes, value: ir::Value) -> ir::Value {
        let magnitude = self.vconst_splat(lanes, lanes.mask() >> 1);
        let smallest = self.vconst_splat(lanes, smallest_normal(lanes));
        let value = self.b.ins().band(value, magnitude);
        self.b.ins().icmp(IntCC::Equal, value, smallest)
    }

    /// Subnormal lanes replaced by zeros, unless it is known that there are none.
    pub(in crate::lower) fn flushed(&mut self, lanes: Lanes, value: ir::Value) -> ir::Value {
        if self.flushed.contains(&(value, lanes)) {
            return value;
        }
        let value = self.as_lanes(lanes, value);
        self.flush(lanes, value)
    }

    fn flush(&mut self, lanes: Lanes, value: ir::Value) -> ir::Value {
        let exponent = self.vconst_splat(lanes, exponent_bits(lanes));
        let zero = self.vconst_splat(lanes, 0);
        let exponent = self.b.ins().band(value, exponent);
        let small = self.b.ins().icmp(IntCC::Equal, exponent, zero);
        // All but the sign.
        let cleared = self.shift_by(Shift::Logical, small, 1);
        self.b.ins().band_not(value, cleared)
    }

    fn float_convert(&mut self, call: &FloatCall, lanes: Lanes, a: ir::Value) -> Option<ir::Value> {
        if call.to.is_float() {
            return (call.mode.round == Rounding::Nearest).then(|| self.integers_to_floats(call, lanes, a));
        }
        // Before 2008 MIPS had another idea of what a NaN is as an integer.
        (self.options.nan_rule != NanRule::MipsLegacy).then(|| self.floats_to_integers(call, lanes, a))
    }

    fn integers_to_floats(&mut self, call: &FloatCall, lanes: Lanes, a: ir::Value) -> ir::Value {
        let signed = call.from.is_signed();
        let convert = |l: &mut Self, ty, v| {
            if signed { l.b.ins().fcvt_from_sint(ty, v) } else { l.b.ins().fcvt_from_uint(ty, v) }
        };
        let a = self.as_lanes(lanes, a);
        let floats = if lanes == Lanes::W4 {
            convert(self, F32X4, a)
        } else {
            self.each_doubleword(a, |l, v| convert(l, ir::types::F64, v))
        };
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        self.b.ins().bitcast(vector_type(lanes), flags, floats)
    }

    fn floats_to_integers(&mut self, call: &FloatCall, lanes: Lanes, a: ir::Value) -> ir::Value {
        let signed = call.to.is_signed();
        let convert = |l: &mut Self, ty, v| {
            if signed { l.b.ins().fcvt_to_sint_sat(ty, v) } else { l.b.ins().fcvt_to_uint_sat(ty, v) }
        };
        let a = self.as_floats(lanes, a);
        if lanes == Lanes::W4 {
            return convert(self, vector_type(lanes), a);
        }
        self.each_doubleword(a, |l, v| convert(l, lane_type(lanes), v))
    }

    /// Applies `f` to both lanes of a vector.
    fn each_doubleword(
        &mut self,
        a: ir::Value,
        mut f: impl FnMut(&mut Self, ir::Value) -> ir::Value,
    ) -> ir::Value {
        let [lo, hi] = [0, 1].map(|lane| {
            let x = self.b.ins().extractlane(a, lane);
            f(self, x)
        });
        let ty = self.b.func.dfg.value_type(lo).by(2).unwrap_or(F64X2);
        let low = self.b.ins().scalar_to_vector(ty, lo);
        self.b.ins().insertlane(low, hi, 1)
    }

    pub(in crate::lower) fn vector_float_compare(
        &mut self,
        a: Value,
        b: Value,
        lanes: Lanes,
        cc: FloatCc,
        mode: FpMode,
    ) -> ir::Value {
        let (a, b) = (self.val(a), self.val(b));
        if lanes == Lanes::H8 {
            let call = FloatCall::new(FloatOp::Compare, Number::F16, mode);
            let order = self.float_lanes_call(&call, [a, b, b]);
            return self.order_lanes_satisfy(order, cc);
        }
        let (a, b) = if mode.flush { (self.flushed(lanes, a), self.flushed(lanes, b)) } else { (a, b) };
        let (a, b) = (self.as_floats(lanes, a), self.as_floats(lanes, b));
        self.b.ins().fcmp(float_cc(cc), a, b)
    }

    /// Which halfwords of orders (0 less, 1 equal, 2 greater, 3 unordered) satisfy a comparison.
    fn order_lanes_satisfy(&mut self, order: ir::Value, cc: FloatCc) -> ir::Value {
        let (first, last) = match cc {
            FloatCc::Eq | FloatCc::Une => (1, 1),
            FloatCc::Lt => (0, 0),
            FloatCc::Le => (0, 1),
            FloatCc::Gt => (2, 2),
            FloatCc::Ge => (1, 2),
            FloatCc::Uno => (3, 3),
        };
        let order = self.as_lanes(Lanes::H8, order);
        let first_order = self.vconst_splat(Lanes::H8, first);
        let span = self.vconst_splat(Lanes::H8, last - first);
        let distance = self.b.ins().isub(order, first_order);
        let inside = self.b.ins().icmp(IntCC::UnsignedLessThanOrEqual, distance, span);
        if cc == FloatCc::Une { self.b.ins().bnot(inside) } else { inside }
    }
}
