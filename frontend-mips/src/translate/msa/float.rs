//! Floating point (format 3RF and 2RF). Each half of a vector is one call of a helper, which gives its results and its
//! exceptions; MSACSR.Cause and MSACSR.Flags are always exact.

use demotic_ir::Type::{I32, I64};
use demotic_ir::{HelperId, Trap, Value};

use super::V;
use crate::decode::args;
use crate::helpers::msa::{self, FloatOp, control};
use crate::state::MSACSR;
use crate::translate::Lifter;
use crate::traps;

/// Instructions of three registers whose lanes have one width. The destination is an operand of some.
macro_rules! three_registers {
    ($($method:ident($args:ident): $operation:ident;)*) => {
        impl Lifter<'_> {
            $(pub(in crate::translate) fn $method(&mut self, a: args::$args) {
                let [d, s, t] = [a.wd, a.ws, a.wt].map(|n| self.w_halves(n));
                let results = [0, 1].map(|n| self.float_half(FloatOp::$operation, a.df, [s[n], t[n], d[n]]));
                self.set_float(a.wd, results);
            })*
        }
    };
}

/// The same with two registers.
macro_rules! two_registers {
    ($($method:ident($args:ident): $operation:ident;)*) => {
        impl Lifter<'_> {
            $(pub(in crate::translate) fn $method(&mut self, a: args::$args) {
                let s = self.w_halves(a.ws);
                let results = s.map(|s| self.float_half(FloatOp::$operation, a.df, [s, s, s]));
                self.set_float(a.wd, results);
            })*
        }
    };
}

/// Instructions that narrow W[wt] to the lower and W[ws] to the upper half.
macro_rules! narrowing {
    ($($method:ident($args:ident): $operation:ident;)*) => {
        impl Lifter<'_> {
            $(pub(in crate::translate) fn $method(&mut self, a: args::$args) {
                let halves = [a.wt, a.ws].map(|n| self.w_halves(n));
                let results =
                    halves.map(|[low, high]| self.float_half(FloatOp::$operation, a.df, [low, high, high]));
                self.set_float(a.wd, results);
            })*
        }
    };
}

/// Instructions that widen one half of W[ws] and write the results as `set` does.
macro_rules! widening {
    ($($method:ident($args:ident): $operation:ident, $half:literal, $set:ident;)*) => {
        impl Lifter<'_> {
            $(pub(in crate::translate) fn $method(&mut self, a: args::$args) {
                let half = self.w_halves(a.ws)[$half];
                let width = self.b.i64(32);
                let upper = self.b.shr(I64, half, width);
                let results =
                    [half, upper].map(|s| self.float_half(FloatOp::$operation, a.df, [s, s, s]));
                self.$set(a.wd, results);
            })*
        }
    };
}

three_registers! {
    fadd(Fadd): Add;
    fsub(Fsub): Sub;
    fmul(Fmul): Mul;
    fdiv(Fdiv): Div;
    fmadd(Fmadd): MultiplyAdd;
    fmsub(Fmsub): MultiplySubtract;
    fexp2(Fexp2): Scale;
    fmax(Fmax): Max;
    fmin(Fmin): Min;
    fmax_a(FmaxA): MaxMagnitude;
    fmin_a(FminA): MinMagnitude;

    fcaf(Fcaf): QuietAf;
    fcun(Fcun): QuietUn;
    fceq(Fceq): QuietEq;
    fcueq(Fcueq): QuietUeq;
    fclt(Fclt): QuietLt;
    fcult(Fcult): QuietUlt;
    fcle(Fcle): QuietLe;
    fcule(Fcule): QuietUle;
    fcor(Fcor): QuietOr;
    fcune(Fcune): QuietUne;
    fcne(Fcne): QuietNe;
    fsaf(Fsaf): SignallingAf;
    fsun(Fsun): SignallingUn;
    fseq(Fseq): SignallingEq;
    fsueq(Fsueq): SignallingUeq;
    fslt(Fslt): SignallingLt;
    fsult(Fsult): SignallingUlt;
    fsle(Fsle): SignallingLe;
    fsule(Fsule): SignallingUle;
    fsor(Fsor): SignallingOr;
    fsune(Fsune): SignallingUne;
    fsne(Fsne): SignallingNe;
}

two_registers! {
    fsqrt(Fsqrt): Sqrt;
    frsqrt(Frsqrt): Rsqrt;
    frcp(Frcp): Rcp;
    frint(Frint): Rint;
    flog2(Flog2): Log2;
    ffint_s(FfintS): FromS;
    ffint_u(FfintU): FromU;
    ftint_s(FtintS): ToS;
    ftint_u(FtintU): ToU;
    ftrunc_s(FtruncS): TruncS;
    ftrunc_u(FtruncU): TruncU;
}

narrowing! {
    fexdo(Fexdo): Narrow;
    ftq(Ftq): ToFraction;
}

widening! {
    fexupl(Fexupl): Widen, 1, set_float;
    fexupr(Fexupr): Widen, 0, set_float;
    ffql(Ffql): FromFraction, 1, set_exact;
    ffqr(Ffqr): FromFraction, 0, set_exact;
}

impl Lifter<'_> {
    /// It raises nothing.
    pub(in crate::translate) fn fclass(&mut self, a: args::Fclass) {
        let helper: HelperId = if a.df == 0 { msa::FCLASS_W } else { msa::FCLASS_D };
        self.vector_helper(helper, [a.wd, a.ws, a.ws]);
    }

    /// The low and the high half of W[n].
    fn w_halves(&mut self, n: u32) -> [Value; 2] {
        let w = self.w(n);
        [self.b.vlow(V, w), self.b.vhigh(V, w)]
    }

    /// Half a vector: the results in the low half of a vector, their Cause bits in the high one.
    fn float_half(&mut self, operation: FloatOp, df: u32, [a, b, c]: [Value; 3]) -> Value {
        let status = self.b.get32(MSACSR);
        let status = self.b.zext64(I64, status);
        let wide = self.b.i64(u64::from(df) << 32);
        let control = self.b.or(I64, status, wide);
        let (number, zero) = (self.b.i64(operation as u64), self.b.i64(0));
        let operands = self.b.vjoin(V, a, b);
        let more = self.b.vjoin(V, c, control);
        let operation = self.b.vjoin(V, number, zero);
        self.b.vhelper(V, operands, more, operation, msa::FLOAT)
    }

    /// W[wd] ← results of both halves; but if one of their exceptions is enabled, only Cause is written.
    fn set_float(&mut self, wd: u32, results: [Value; 2]) {
        let [first, second] = results.map(|half| self.b.vhigh(V, half));
        let cause = self.b.or(I64, first, second);
        let cause = self.b.trunc32(I32, cause);
        self.raise_float(cause);
        self.set_exact(wd, results);
    }

    /// W[wd] ← results of both halves, which never raise an exception.
    fn set_exact(&mut self, wd: u32, results: [Value; 2]) {
        let [low, high] = results.map(|half| self.b.vlow(V, half));
        self.set_w_halves(wd, low, high);
    }

    /// MSACSR.Cause ← cause. Traps if one of them is enabled; else they are added to MSACSR.Flags.
    fn raise_float(&mut self, cause: Value) {
        let status = self.b.get32(MSACSR);
        let (others, place) = (self.b.i32(!(0x3f << control::CAUSE)), self.b.i32(control::CAUSE));
        let others = self.b.and(I32, status, others);
        let placed = self.b.shl(I32, cause, place);
        let status = self.b.or(I32, others, placed);
        self.b.put32(MSACSR, status);
        self.trap_if_enabled(status);
        let place = self.b.i32(control::FLAGS);
        let flags = self.b.shl(I32, cause, place);
        let status = self.b.or(I32, status, flags);
        self.b.put32(MSACSR, status);
    }

    /// MSA Floating Point exception, if the MSACSR `status` has a cause that is enabled. An unimplemented operation
    /// always is.
    pub(super) fn trap_if_enabled(&mut self, status: Value) {
        let (cause, enables) = (self.b.i32(control::CAUSE), self.b.i32(control::ENABLES));
        let (mask, unimplemented) = (self.b.i32(0x1f), self.b.i32(0x20));
        let cause = self.b.shr(I32, status, cause);
        let enables = self.b.shr(I32, status, enables);
        let enables = self.b.and(I32, enables, mask);
        let enables = self.b.or(I32, enables, unimplemented);
        let raised = self.b.and(I32, cause, enables);
        let raised = self.b.nonzero(raised);
        self.trap_if(raised, Trap::Arithmetic { code: traps::MSA_FLOAT });
    }
}
