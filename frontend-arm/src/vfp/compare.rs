//! Comparisons, which set the N, Z, C, V of the FPSCR.

use demotic_ir::{FlagCc, FloatCc, FpMode, Type, Value};

use super::registers::Format;
use crate::branch_hints::Floats;
use crate::lifter::Lifter;
use crate::state;

/// `VCMP{E} Vd, Vm`. The two differ in which NaNs are invalid operands, which shows in the cumulative flags only.
pub(super) fn vcmp(l: &mut Lifter<'_>, sz: u32, vd: u32, vm: u32) {
    let format = Format::of(sz);
    let d = format.get(l, format.vd(vd));
    let m = format.get(l, format.vd(vm));
    compare(l, format.float(), d, m);
}

/// `VCMP{E} Vd, #0.0`.
pub(super) fn vcmp_zero(l: &mut Lifter<'_>, sz: u32, vd: u32) {
    let format = Format::of(sz);
    let d = format.get(l, format.vd(vd));
    let zero = l.b.const_(format.float(), 0);
    compare(l, format.float(), d, zero);
}

/// N, Z, C, V of a comparison: less 1000, equal 0110, greater 0010, unordered 0011.
fn compare(l: &mut Lifter<'_>, ty: Type, a: Value, b: Value) {
    let unordered = l.imm(0x3000_0000);
    let result = [(FloatCc::Gt, 0x2000_0000), (FloatCc::Eq, 0x6000_0000), (FloatCc::Lt, 0x8000_0000)]
        .into_iter()
        .fold(unordered, |otherwise, (cc, nzcv)| {
            let holds = l.b.fcmp(ty, a, b, cc, FpMode::NEAREST);
            let nzcv = l.imm(nzcv);
            l.select(holds, nzcv, otherwise)
        });
    l.put(state::FPSCR_NZCV, result);
    let compared = (!l.is_conditional()).then_some((ty, a, b));
    l.hints.set_fpscr(compared);
}

/// Whether a condition holds over the flags of comparing two numbers: one comparison, where the flags would take three.
pub(crate) fn condition(l: &mut Lifter<'_>, cc: FlagCc, (ty, a, b): Floats) -> Value {
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
    let holds = l.b.fcmp(ty, a, b, float, FpMode::NEAREST);
    if negated { l.b.not(Type::Bool, holds) } else { holds }
}
