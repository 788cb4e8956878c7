//! Chooses ops for vector ops.

use super::{Arg, Done, OpDraft, Run, Selector};
use crate::interp::CompileError;
use crate::interp::simd::{self, Immediates};
use crate::lanes::Lanes;
use crate::memory::Memory;
use crate::ops::Op;
use crate::types::{FloatCc, FpMode};
use crate::value::{HelperId, Value};

/// The visitor's methods for vector ops, made from the rows of those that are plain functions.
macro_rules! vector_methods {
    ($($variant:ident $method:ident $function:ident ($($x:ident),+) ($($i:ident: $it:ty),*);)*) => {
        $(fn $method(&mut self, _: Type, $($x: Value,)+ $($i: $it),*) -> Done {
            self.vector(&[$($x),+], ($($i,)*), simd::function::<M, simd::$variant>)
        })*

        fn vjoin(&mut self, _: Type, lo: Value, hi: Value) -> Done {
            self.vector(&[lo, hi], (), simd::join::<M>)
        }

        fn vlow(&mut self, _: Type, a: Value) -> Done {
            self.unary(a, int::mov)
        }

        fn vhigh(&mut self, _: Type, a: Value) -> Done {
            self.unary(a, simd::high)
        }

        fn vsplat(&mut self, _: Type, a: Value, lanes: Lanes) -> Done {
            self.vector(&[a], (lanes,), simd::splat)
        }

        fn vextract(&mut self, _: Type, a: Value, lanes: Lanes, lane: u8) -> Done {
            self.vector(&[a], (lanes, lane), simd::extract)
        }

        fn vinsert(&mut self, _: Type, a: Value, b: Value, lanes: Lanes, lane: u8) -> Done {
            self.vector(&[a, b], (lanes, lane), simd::insert)
        }

        fn vhelper(&mut self, _: Type, a: Value, b: Value, c: Value, id: HelperId) -> Done {
            self.vector_helper(&[a, b, c], id)
        }
    };
}

/// The visitor's methods for floating-point vector ops.
macro_rules! vector_float_methods {
    ($($variant:ident $method:ident ($($x:ident),+);)*) => {
        $(fn $method(&mut self, ty: Type, $($x: Value,)+ lanes: Lanes, mode: FpMode) -> Done {
            self.vector_float(Op::$variant { ty, $($x,)+ lanes, mode })
        })*

        fn vfcmp(
            &mut self,
            _: Type,
            a: Value,
            b: Value,
            lanes: Lanes,
            cc: FloatCc,
            mode: FpMode,
        ) -> Done {
            self.vector_float_compare(a, b, (lanes, cc), mode)
        }
    };
}
pub(super) use {vector_float_methods, vector_methods};

impl<M: Memory> Selector<'_, M> {
    /// An op on up to three values.
    pub(super) fn vector(&mut self, operands: &[Value], immediates: impl Immediates, run: Run<M>) -> Done {
        let (imm, c) = immediates.pack();
        let mut draft = OpDraft { dst: self.def(), imm, c: Arg::Raw(c), ..OpDraft::new(run) };
        for (field, &v) in [&mut draft.a, &mut draft.b, &mut draft.c].into_iter().zip(operands) {
            *field = self.word(v);
        }
        self.op(draft)
    }

    /// An op by the soft-float.
    pub(super) fn vector_float(&mut self, op: Op) -> Done {
        let Some((call, operands)) = op.vector_float_call() else { return Ok(()) };
        let [a, b, c] = operands.map(|v| self.word(v));
        let draft =
            OpDraft { dst: self.def(), a, b, c, imm: call.encode().into(), ..OpDraft::new(simd::float) };
        self.op(draft)
    }

    pub(super) fn vector_float_compare(
        &mut self,
        a: Value,
        b: Value,
        immediates: (Lanes, FloatCc),
        mode: FpMode,
    ) -> Done {
        let (imm, _) = immediates.pack();
        let (a, b, c) = (self.word(a), self.word(b), Arg::Raw(mode.flush.into()));
        self.op(OpDraft { dst: self.def(), a, b, c, imm, ..OpDraft::new(simd::float_compare) })
    }

    pub(super) fn vector_helper(&mut self, operands: &[Value; 3], id: HelperId) -> Done {
        if usize::from(id.0) >= self.guest.vector_helpers.len() {
            return Err(CompileError::UnknownHelper(id));
        }
        let [a, b, c] = operands.map(|v| self.word(v));
        let draft = OpDraft { dst: self.def(), a, b, c, imm: u64::from(id.0), ..OpDraft::new(simd::helper) };
        self.op(draft)
    }
}
