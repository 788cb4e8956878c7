//! Comparisons, which set the N, Z, C, V of the FPSCR.

use demotic_ir::softfloat::{FloatCall, FloatOp};
use demotic_ir::{FlagCc, FloatCc, FpMode, Type, Value};

use super::registers::Format;
use crate::branch_hints::Floats;
use crate::lifter::Lifter;
use crate::state;

/// `VCMP{E} Vd, Vm`. The two differ in which NaNs are invalid operands, which shows in the cumulative flags only.
pub(super) fn vcmp(l: &mut Lifter<'_>, sz: u32, signalling: bool, vd: u32, vm: u32) {
    let format = Format::of(sz);
    let d = format.get(l, format.vd(vd));
    let m = format.get(l, format.vd(vm));
    compare(l, format, signalling, d, m);
}

/// `VCMP{E} Vd, #0.0`.
pub(super) fn vcmp_zero(l: &mut Lifter<'_>, sz: u32, signalling: bool, vd: u32) {
    let format = Format::of(sz);
    let d = format.get(l, format.vd(vd));
    let zero = l.b.const_(format.float(), 0);
    compare(l, format, signalling, d, zero);
}

fn compare(l: &mut Lifter<'_>, format: Format, signalling: bool, a: Value, b: Value) {
    let op = if signalling { FloatOp::CompareSignalling } else { FloatOp::Compare };
    let call = FloatCall::new(op, format.number(), format.mode(l));
    if format == Format::Half {
        return compare_half(l, call, a, b);
    }
    l.b.raise(call, [a, b, b]);
    let ty = format.float();
    let result = compare_flags(l, ty, a, b, call.mode);
    l.put(state::FPSCR_NZCV, result);
    let compared = (!l.is_conditional()).then_some((ty, a, b));
    l.hints.set_fpscr(compared);
}

/// N, Z, C, V of a comparison: less 1000, equal 0110, greater 0010, unordered 0011.
fn compare_flags(l: &mut Lifter<'_>, ty: Type, a: Value, b: Value, mode: FpMode) -> Value {
    let unordered = l.imm(0x3000_0000);
    [(FloatCc::Gt, 0x2000_0000), (FloatCc::Eq, 0x6000_0000), (FloatCc::Lt, 0x8000_0000)].into_iter().fold(
        unordered,
        |otherwise, (cc, nzcv)| {
            let holds = l.b.fcmp(ty, a, b, cc, mode);
            let nzcv = l.imm(nzcv);
            l.select(holds, nzcv, otherwise)
        },
    )
}

fn compare_half(l: &mut Lifter<'_>, call: FloatCall, a: Value, b: Value) {
    let order = l.b.fsoft(Type::I32, a, b, b, call);
    // The flags of each order, a digit each.
    let all = l.imm(0x3268);
    let digit = l.shl(order, 2);
    let flags = l.shr_by(all, digit);
    let nzcv = l.shl(flags, 28);
    l.put(state::FPSCR_NZCV, nzcv);
    l.hints.set_fpscr(None);
}

/// Whether a condition holds over the flags of comparing two numbers: one comparison, where the flags would take three.
pub(crate) fn condition(l: &mut Lifter<'_>, cc: FlagCc, (ty, a, b): Floats) -> Value {
    let mode = l.mode.fp_mode();
    let (float, negated) = match cc {
        FlagCc::Eq => (FloatCc::Eq, false),
        FlagCc::Ne => (FloatCc::Une, false),
        FlagCc::Cs | FlagCc::Pl => (FloatCc::Lt, true),
        FlagCc::Cc | FlagCc::Mi => (FloatCc::Lt, false),
        FlagCc::Vs => (FloatCc::Uno, false),
        FlagCc::Vc => (FloatCc::Uno, true),
        FlagCc::Hi => (FloatCc::Le, true),
        FlagCc::Ls => (FloatCc::Le, false),
        FlagCc::Ge => (FloatCc::Ge, false),
        FlagCc::Lt => (FloatCc::Ge, true),
        FlagCc::Gt => (FloatCc::Gt, false),
        FlagCc::Le => (FloatCc::Gt, true),
    };
    let holds = l.b.fcmp(ty, a, b, float, mode);
    if negated { l.b.not(Type::Bool, holds) } else { holds }
}
