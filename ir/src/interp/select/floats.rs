//! Chooses ops for floating-point ops.

use super::{Done, OpDraft, Run, Selector, Touches, float};
use crate::memory::Memory;
use crate::ops::Op;
use crate::softfloat::FloatCall;
use crate::value::Value;

/// The visitor's methods for floating-point ops.
macro_rules! float_methods {
    () => {
        fn fadd(&mut self, ty: Type, a: Value, b: Value, mode: FpMode) -> Done {
            self.float(Op::FAdd { ty, a, b, mode }, by_format!(ty, binary, Add32, Add64))
        }

        fn fsub(&mut self, ty: Type, a: Value, b: Value, mode: FpMode) -> Done {
            self.float(Op::FSub { ty, a, b, mode }, by_format!(ty, binary, Sub32, Sub64))
        }

        fn fmul(&mut self, ty: Type, a: Value, b: Value, mode: FpMode) -> Done {
            self.float(Op::FMul { ty, a, b, mode }, by_format!(ty, binary, Mul32, Mul64))
        }

        fn fdiv(&mut self, ty: Type, a: Value, b: Value, mode: FpMode) -> Done {
            self.float(Op::FDiv { ty, a, b, mode }, by_format!(ty, binary, Div32, Div64))
        }

        fn fsqrt(&mut self, ty: Type, a: Value, mode: FpMode) -> Done {
            self.float(Op::FSqrt { ty, a, mode }, by_format!(ty, unary, Sqrt32, Sqrt64))
        }

        fn ffma(&mut self, ty: Type, a: Value, b: Value, c: Value, mode: FpMode) -> Done {
            self.float_by(Op::FFma { ty, a, b, c, mode }, None)
        }

        fn fneg(&mut self, ty: Type, a: Value) -> Done {
            self.unary(a, by_format!(ty, plain, Neg32, Neg64))
        }

        fn fabs(&mut self, ty: Type, a: Value) -> Done {
            self.unary(a, by_format!(ty, plain, Abs32, Abs64))
        }

        fn fcmp(&mut self, ty: Type, a: Value, b: Value, cc: FloatCc, mode: FpMode) -> Done {
            let run = if mode.flush {
                float::soft_compare_run(cc, ty == Type::F64)
            } else {
                float::compare_run(cc, ty == Type::F64)
            };
            self.two(a, b, run)
        }

        fn fround(&mut self, ty: Type, a: Value, mode: FpMode) -> Done {
            self.float(Op::FRound { ty, a, mode }, float::round_run(mode.round, ty == Type::F64))
        }

        fn fto_s(&mut self, ty: Type, a: Value, from: Type, mode: FpMode) -> Done {
            self.float(Op::FToS { ty, a, from, mode }, by_format!(from, convert, ToS32, ToS64))
        }

        fn fto_u(&mut self, ty: Type, a: Value, from: Type, mode: FpMode) -> Done {
            self.float(Op::FToU { ty, a, from, mode }, by_format!(from, convert, ToU32, ToU64))
        }

        fn ffrom_s(&mut self, ty: Type, a: Value, from: Type, mode: FpMode) -> Done {
            self.float(Op::FFromS { ty, a, from, mode }, by_format!(ty, convert, FromS32, FromS64))
        }

        fn ffrom_u(&mut self, ty: Type, a: Value, from: Type, mode: FpMode) -> Done {
            self.float(Op::FFromU { ty, a, from, mode }, by_format!(ty, plain, FromU32, FromU64))
        }

        fn fpromote(&mut self, ty: Type, a: Value, mode: FpMode) -> Done {
            self.float(Op::FPromote { ty, a, mode }, float::unary::<M, float::Promote>)
        }

        fn fdemote(&mut self, ty: Type, a: Value, mode: FpMode) -> Done {
            self.float(Op::FDemote { ty, a, mode }, float::unary::<M, float::Demote>)
        }

        fn fsoft(&mut self, ty: Type, a: Value, b: Value, c: Value, call: FloatCall) -> Done {
            self.float_by(Op::FSoft { ty, a, b, c, call }, None)
        }

        fn fcause(&mut self, _: Type, a: Value, b: Value, c: Value, call: FloatCall) -> Done {
            let draft = self.exceptions(call, [a, b, c], float::cause);
            self.op(draft)
        }

        fn fraises(&mut self, _: Type, a: Value, b: Value, c: Value, call: FloatCall) -> Done {
            let draft = self.exceptions(call, [a, b, c], float::raises_run(&call));
            self.accumulating(draft)
        }

        fn vfraises(&mut self, _: Type, a: Value, b: Value, c: Value, call: FloatCall) -> Done {
            let draft = self.exceptions(call, [a, b, c], simd::raises);
            self.accumulating(draft)
        }
    };
}
pub(super) use float_methods;

impl<M: Memory> Selector<'_, M> {
    /// A floating-point op: by `run` where the host's FPU does as the op's mode says, else by the soft-float.
    pub(super) fn float(&mut self, op: Op, run: Run<M>) -> Done {
        self.float_by(op, Some(run))
    }

    /// The same; without `run`, by the soft-float always.
    pub(super) fn float_by(&mut self, op: Op, run: Option<Run<M>>) -> Done {
        let Some((call, [a, b, c])) = op.float_call() else { return Ok(()) };
        let (run, imm) = match run.zip(float::on_host(&call)) {
            Some(on_host) => on_host,
            None => (float::soft as Run<M>, call.encode().into()),
        };
        let (dst, a, b) = (self.def(), self.word(a), self.word(b));
        let draft = OpDraft { dst, a, b, c: self.word(c), imm, ..OpDraft::new(run) };
        self.op(draft)
    }

    /// An op on what a call of the soft-float raises.
    pub(super) fn exceptions(&mut self, call: FloatCall, operands: [Value; 3], run: Run<M>) -> OpDraft<M> {
        let [a, b, c] = operands.map(|v| self.word(v));
        OpDraft { dst: self.def(), a, b, c, imm: call.encode().into(), ..OpDraft::new(run) }
    }

    /// An op that reads the layout's exception slot.
    pub(super) fn accumulating(&mut self, draft: OpDraft<M>) -> Done {
        let slot = self.guest.layout.exceptions;
        let word = slot.map_or(u16::MAX, |slot| slot.0);
        let touches = slot.map_or(draft.touches, Touches::one);
        self.op(OpDraft { imm: draft.imm | u64::from(word) << 32, touches, ..draft })
    }
}
