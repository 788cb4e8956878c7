//! Conditions over the flags of a known operation become comparisons of its operands, which host and interpreter do in
//! one step, and which leave the flags dead more often.

use super::Context;
use super::rewrite::{Becomes, Output, Rewrite, rewrite};
use crate::block::Block;
use crate::ops::Op;
use crate::types::{FlagCc, FlagMask, IntCc, Type};
use crate::value::Value;

/// Runs the pass.
pub(super) fn run(block: &mut Block, cx: &mut Context<'_>) {
    let reads_flags = |op: &Op| matches!(op, Op::Cond { .. } | Op::PutFlags { .. });
    if !block.insts.iter().any(|inst| reads_flags(&inst.op)) {
        return;
    }
    rewrite(block, &mut cx.scratch, &mut Conditions { differences: Vec::new(), outer: 0 });
}

struct Conditions {
    /// Subtractions seen so far: operands and result.
    differences: Vec<(Value, Value, Value)>,
    /// How many of them are from before the open conditional part.
    outer: usize,
}

impl Rewrite for Conditions {
    fn op(&mut self, out: &mut Output, op: Op) -> Becomes {
        match op {
            Op::Cond { flags, cc, .. } => match *out.def(flags) {
                Op::FlagsSub { ty, a, b } => self.of_subtraction(out, op, cc, ty, a, b),
                Op::FlagsLogic { ty, a, c } => of_logic(out, op, cc, ty, a, c),
                Op::FlagsAdd { ty, a, b } => of_addition(out, op, cc, ty, a, b),
                _ => Becomes::Op(op),
            },
            Op::PutFlags { ty, flags, mask } => without_unused_carry(out, ty, flags, mask),
            Op::Sub { a, b, .. } => {
                let v = out.emit(op);
                self.differences.push((a, b, v));
                Becomes::Value(v)
            }
            _ => Becomes::Op(op),
        }
    }

    fn begin_part(&mut self, _: &Output) {
        self.outer = self.differences.len();
    }

    fn end_part(&mut self, _: &Output, _: bool) {
        self.differences.truncate(self.outer);
    }
}

impl Conditions {
    fn of_subtraction(&self, out: &mut Output, op: Op, cc: FlagCc, ty: Type, a: Value, b: Value) -> Becomes {
        let compare = |cc| Becomes::Op(Op::ICmp { ty, a, b, cc });
        let difference = self.differences.iter().find(|d| (d.0, d.1) == (a, b)).map(|d| d.2);
        match (cc, difference) {
            // The difference is in a register anyway.
            (FlagCc::Eq, Some(d)) => with_zero(out, ty, d, IntCc::Eq),
            (FlagCc::Ne, Some(d)) => with_zero(out, ty, d, IntCc::Ne),
            (FlagCc::Eq, None) => compare(IntCc::Eq),
            (FlagCc::Ne, None) => compare(IntCc::Ne),
            (FlagCc::Cs, _) => compare(IntCc::Uge),
            (FlagCc::Cc, _) => compare(IntCc::Ult),
            (FlagCc::Hi, _) => compare(IntCc::Ugt),
            (FlagCc::Ls, _) => compare(IntCc::Ule),
            (FlagCc::Ge, _) => compare(IntCc::Sge),
            (FlagCc::Lt, _) => compare(IntCc::Slt),
            (FlagCc::Gt, _) => compare(IntCc::Sgt),
            (FlagCc::Le, _) => compare(IntCc::Sle),
            (FlagCc::Mi | FlagCc::Pl, _) => {
                let d = difference.unwrap_or_else(|| out.emit(Op::Sub { ty, a, b }));
                with_zero(out, ty, d, if cc == FlagCc::Mi { IntCc::Slt } else { IntCc::Sge })
            }
            (FlagCc::Vs | FlagCc::Vc, _) => Becomes::Op(op),
        }
    }
}

/// `a cc 0`
fn with_zero(out: &mut Output, ty: Type, a: Value, cc: IntCc) -> Becomes {
    let b = out.constant(ty, 0);
    Becomes::Op(Op::ICmp { ty, a, b, cc })
}

/// V is clear, so that "less" means "negative".
fn of_logic(out: &mut Output, op: Op, cc: FlagCc, ty: Type, a: Value, c: Value) -> Becomes {
    let sign = match cc {
        FlagCc::Eq => IntCc::Eq,
        FlagCc::Ne => IntCc::Ne,
        FlagCc::Mi | FlagCc::Lt => IntCc::Slt,
        FlagCc::Pl | FlagCc::Ge => IntCc::Sge,
        FlagCc::Gt => IntCc::Sgt,
        FlagCc::Le => IntCc::Sle,
        FlagCc::Cs => return Becomes::Value(c),
        FlagCc::Cc => return Becomes::Op(Op::Not { ty: Type::Bool, a: c }),
        FlagCc::Vs => return Becomes::Constant(Type::Bool, 0),
        FlagCc::Vc => return Becomes::Constant(Type::Bool, 1),
        FlagCc::Hi | FlagCc::Ls => return Becomes::Op(op),
    };
    with_zero(out, ty, a, sign)
}

fn of_addition(out: &mut Output, op: Op, cc: FlagCc, ty: Type, a: Value, b: Value) -> Becomes {
    let cc = match cc {
        FlagCc::Eq => IntCc::Eq,
        FlagCc::Ne => IntCc::Ne,
        FlagCc::Mi => IntCc::Slt,
        FlagCc::Pl => IntCc::Sge,
        FlagCc::Cs => IntCc::Ult,
        FlagCc::Cc => IntCc::Uge,
        _ => return Becomes::Op(op),
    };
    let sum = out.emit(Op::Add { ty, a, b });
    match cc {
        // The addition carried iff the sum is below an operand.
        IntCc::Ult | IntCc::Uge => Becomes::Op(Op::ICmp { ty, a: sum, b: a, cc }),
        _ => with_zero(out, ty, sum, cc),
    }
}

/// A logical operation that leaves the carry alone needs none: what would compute it may be dead.
fn without_unused_carry(out: &mut Output, ty: Type, flags: Value, mask: FlagMask) -> Becomes {
    let flags = match *out.def(flags) {
        Op::FlagsLogic { ty, a, c } if !mask.contains(FlagMask::C) && out.as_constant(c).is_none() => {
            let c = out.constant(Type::Bool, 0);
            out.emit(Op::FlagsLogic { ty, a, c })
        }
        _ => flags,
    };
    Becomes::Op(Op::PutFlags { ty, flags, mask })
}
