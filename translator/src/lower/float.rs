//! Floating point on the host's FPU, with the guest's NaNs.

use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::types::{F32, F64, I32, I64};
use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData};
use demotic_ir::{FloatCc, NanRule, Rounding, Type, Value, fp};

use super::{Lowered, Lowerer, clif_type, state_access};
use crate::vcpu_state::{HostCall, offset};

/// An operation whose result may be a NaN that the host and the guest make differently.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum FloatOp {
    Add,
    Sub,
    Mul,
    Div,
    Sqrt,
    Nearest,
    Trunc,
    Ceil,
    Floor,
    Away,
    Promote,
    Demote,
}

impl FloatOp {
    const ALL: [FloatOp; 12] = [
        FloatOp::Add,
        FloatOp::Sub,
        FloatOp::Mul,
        FloatOp::Div,
        FloatOp::Sqrt,
        FloatOp::Nearest,
        FloatOp::Trunc,
        FloatOp::Ceil,
        FloatOp::Floor,
        FloatOp::Away,
        FloatOp::Promote,
        FloatOp::Demote,
    ];

    /// The word that names an operation to `HostCall::NanResult`: operation, result width, NaN rule.
    fn encode(self, ty: Type, rule: NanRule) -> u64 {
        self as u64 | u64::from(ty == Type::F64) << 8 | (rule as u64) << 16
    }

    /// What `encode` made.
    pub(crate) fn decode(word: u64) -> Option<(FloatOp, Type, NanRule)> {
        let op = FloatOp::ALL.into_iter().find(|&op| op as u64 == word & 0xff)?;
        let ty = if word >> 8 & 1 != 0 { Type::F64 } else { Type::F32 };
        let rule = [NanRule::Arm, NanRule::MipsLegacy, NanRule::Mips2008];
        Some((op, ty, rule.into_iter().find(|&r| r as u64 == word >> 16)?))
    }
}

impl FloatOp {
    /// The guest's result of the operation on operands `a` and `b`, as bits: by the interpreter's functions.
    pub(crate) fn evaluate(self, ty: Type, rule: NanRule, a: u64, b: u64) -> u64 {
        macro_rules! by_width {
            ($($op:ident => $function:ident($($arg:tt)*);)*) => {
                match (self, ty) {
                    (FloatOp::Promote, _) => fp::promote(rule, a),
                    (FloatOp::Demote, _) => fp::demote(rule, a),
                    $((FloatOp::$op, Type::F64) => fp::double::$function(rule, $($arg)*),
                    (FloatOp::$op, _) => fp::single::$function(rule, $($arg)*),)*
                }
            };
        }
        by_width! {
            Add => add(a, b);
            Sub => sub(a, b);
            Mul => mul(a, b);
            Div => div(a, b);
            Sqrt => sqrt(a);
            Nearest => round(Rounding::Nearest, a);
            Trunc => round(Rounding::Zero, a);
            Ceil => round(Rounding::Up, a);
            Floor => round(Rounding::Down, a);
            Away => round(Rounding::Away, a);
        }
    }
}

impl Lowerer<'_> {
    pub(super) fn float_binary(&mut self, op: FloatOp, ty: Type, a: Value, b: Value) -> Lowered {
        let (a, b) = (self.val(a), self.val(b));
        let ins = self.b.ins();
        let result = match op {
            FloatOp::Add => ins.fadd(a, b),
            FloatOp::Sub => ins.fsub(a, b),
            FloatOp::Mul => ins.fmul(a, b),
            _ => ins.fdiv(a, b),
        };
        self.with_guest_nan(op, ty, a, b, result)
    }

    pub(super) fn float_unary(&mut self, op: FloatOp, ty: Type, a: Value) -> Lowered {
        let a = self.val(a);
        let ins = self.b.ins();
        let result = match op {
            FloatOp::Nearest => ins.nearest(a),
            FloatOp::Trunc => ins.trunc(a),
            FloatOp::Ceil => ins.ceil(a),
            FloatOp::Floor => ins.floor(a),
            FloatOp::Promote => ins.fpromote(F64, a),
            FloatOp::Demote => ins.fdemote(F32, a),
            _ => ins.sqrt(a),
        };
        self.with_guest_nan(op, ty, a, a, result)
    }

    /// To an integral value.
    pub(super) fn float_round(&mut self, ty: Type, a: Value, round: Rounding) -> Lowered {
        match round {
            Rounding::Nearest => self.float_unary(FloatOp::Nearest, ty, a),
            Rounding::Up => self.float_unary(FloatOp::Ceil, ty, a),
            Rounding::Down => self.float_unary(FloatOp::Floor, ty, a),
            Rounding::Zero => self.float_unary(FloatOp::Trunc, ty, a),
            Rounding::Away => {
                let a = self.val(a);
                let bits = self.float_bits(a);
                let result = self.float_call(FloatOp::Away, ty, bits, bits);
                Self::plain(result)
            }
        }
    }

    /// An integral value, to be converted towards zero.
    pub(super) fn float_rounded(&mut self, ty: Type, a: Value, round: Rounding) -> ir::Value {
        match (round, self.val(a)) {
            (Rounding::Zero, a) => a,
            (_, unrounded) => match self.float_round(ty, a, round) {
                Lowered::Plain { value, .. } => value,
                Lowered::Nothing | Lowered::Flags(_) => unrounded,
            },
        }
    }

    pub(super) fn float_compare(&mut self, a: Value, b: Value, cc: FloatCc) -> Lowered {
        let (a, b) = (self.val(a), self.val(b));
        let cc = match cc {
            FloatCc::Eq => FloatCC::Equal,
            FloatCc::Une => FloatCC::NotEqual,
            FloatCc::Lt => FloatCC::LessThan,
            FloatCc::Le => FloatCC::LessThanOrEqual,
            FloatCc::Gt => FloatCC::GreaterThan,
            FloatCc::Ge => FloatCC::GreaterThanOrEqual,
            FloatCc::Uno => FloatCC::Unordered,
        };
        Self::plain(self.b.ins().fcmp(cc, a, b))
    }

    /// Replaces a NaN result by the guest's, out of line.
    fn with_guest_nan(
        &mut self,
        op: FloatOp,
        ty: Type,
        a: ir::Value,
        b: ir::Value,
        result: ir::Value,
    ) -> Lowered {
        let (cold, after) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(cold);
        self.b.append_block_param(after, clif_type(ty));
        let nan = self.b.ins().fcmp(FloatCC::Unordered, result, result);
        self.b.ins().brif(nan, cold, &[], after, &[result.into()]);
        self.b.switch_to_block(cold);
        let (a, b) = (self.float_bits(a), self.float_bits(b));
        let fixed = self.float_call(op, ty, a, b);
        self.b.ins().jump(after, &[fixed.into()]);
        self.b.switch_to_block(after);
        Self::plain(self.b.block_params(after)[0])
    }

    /// The operation by the interpreter's function, on bits.
    fn float_call(&mut self, op: FloatOp, ty: Type, a: ir::Value, b: ir::Value) -> ir::Value {
        let word = self.b.ins().iconst(I64, op.encode(ty, self.options.nan_rule) as i64);
        let function =
            self.b.ins().load(I64, state_access(), self.cpu, offset::host_call(HostCall::NanResult));
        let call = self.b.ins().call_indirect(self.helper_signature, function, &[word, a, b]);
        let bits = self.b.inst_results(call)[0];
        self.bits_float(ty, bits)
    }

    fn float_bits(&mut self, v: ir::Value) -> ir::Value {
        let flags = MemFlagsData::new();
        if self.b.func.dfg.value_type(v) == F64 {
            return self.b.ins().bitcast(I64, flags, v);
        }
        let bits = self.b.ins().bitcast(I32, flags, v);
        self.b.ins().uextend(I64, bits)
    }

    fn bits_float(&mut self, ty: Type, bits: ir::Value) -> ir::Value {
        if ty == Type::F64 {
            return self.b.ins().bitcast(F64, MemFlagsData::new(), bits);
        }
        let bits = self.b.ins().ireduce(I32, bits);
        self.b.ins().bitcast(F32, MemFlagsData::new(), bits)
    }
}
