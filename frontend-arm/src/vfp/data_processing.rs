//! Arithmetic (ARM DDI 0406C, A7.5).

use demotic_ir::softfloat::{FloatCall, FloatOp};
use demotic_ir::{Rounding, Value};

use super::registers::Format;
use crate::lifter::Lifter;

/// Numbers of the destination and the two operand registers, and the format they are in.
#[derive(Clone, Copy)]
pub(super) struct Registers {
    /// The format.
    pub(super) format: Format,
    /// Destination, and addend of the accumulating instructions.
    pub(super) d: u32,
    /// First operand.
    pub(super) n: u32,
    /// Second operand.
    pub(super) m: u32,
}

impl Registers {
    /// The registers that the fields of an encoding mean.
    pub(super) fn of(sz: u32, vd: u32, vn: u32, vm: u32) -> Registers {
        let format = Format::of(sz);
        Registers { format, d: format.vd(vd), n: format.vn(vn), m: format.vd(vm) }
    }

    fn operands(self, l: &mut Lifter<'_>) -> (Value, Value) {
        (self.format.get(l, self.n), self.format.get(l, self.m))
    }

    fn put(self, l: &mut Lifter<'_>, result: Value) {
        self.format.put(l, self.d, result);
    }
}

impl Format {
    /// Any operation by the soft-float, whose result has this format too.
    pub(super) fn soft(self, l: &mut Lifter<'_>, op: FloatOp, operands: [Value; 3]) -> Value {
        let call = FloatCall::new(op, self.number(), self.mode(l));
        let [a, b, c] = operands;
        l.b.fsoft(self.float(), a, b, c, call)
    }

    fn add(self, l: &mut Lifter<'_>, a: Value, b: Value) -> Value {
        let mode = self.mode(l);
        match self {
            Format::Half => self.soft(l, FloatOp::Add, [a, b, b]),
            _ => l.b.fadd(self.float(), a, b, mode),
        }
    }

    fn sub(self, l: &mut Lifter<'_>, a: Value, b: Value) -> Value {
        let mode = self.mode(l);
        match self {
            Format::Half => self.soft(l, FloatOp::Sub, [a, b, b]),
            _ => l.b.fsub(self.float(), a, b, mode),
        }
    }

    pub(super) fn mul(self, l: &mut Lifter<'_>, a: Value, b: Value) -> Value {
        let mode = self.mode(l);
        match self {
            Format::Half => self.soft(l, FloatOp::Mul, [a, b, b]),
            _ => l.b.fmul(self.float(), a, b, mode),
        }
    }

    fn div(self, l: &mut Lifter<'_>, a: Value, b: Value) -> Value {
        let mode = self.mode(l);
        match self {
            Format::Half => self.soft(l, FloatOp::Div, [a, b, b]),
            _ => l.b.fdiv(self.float(), a, b, mode),
        }
    }

    fn sqrt(self, l: &mut Lifter<'_>, a: Value) -> Value {
        let mode = self.mode(l);
        match self {
            Format::Half => self.soft(l, FloatOp::Sqrt, [a; 3]),
            _ => l.b.fsqrt(self.float(), a, mode),
        }
    }

    fn fma(self, l: &mut Lifter<'_>, a: Value, b: Value, c: Value) -> Value {
        let mode = self.mode(l);
        match self {
            Format::Half => self.soft(l, FloatOp::Fma, [a, b, c]),
            _ => l.b.ffma(self.float(), a, b, c, mode),
        }
    }

    fn neg(self, l: &mut Lifter<'_>, a: Value) -> Value {
        match self {
            Format::Half => {
                let sign = l.imm(0x8000);
                l.xor(a, sign)
            }
            _ => l.b.fneg(self.float(), a),
        }
    }

    fn abs(self, l: &mut Lifter<'_>, a: Value) -> Value {
        match self {
            Format::Half => l.and_imm(a, 0x7fff),
            _ => l.b.fabs(self.float(), a),
        }
    }
}

/// Which signs a multiplication that accumulates turns.
#[derive(Clone, Copy)]
pub(super) struct Signs {
    /// That of the addend.
    pub(super) negate_addend: bool,
    /// That of the product.
    pub(super) negate_product: bool,
}

/// `VADD Vd, Vn, Vm`.
pub(super) fn vadd(l: &mut Lifter<'_>, r: Registers) {
    let (n, m) = r.operands(l);
    let result = r.format.add(l, n, m);
    r.put(l, result);
}

/// `VSUB Vd, Vn, Vm`.
pub(super) fn vsub(l: &mut Lifter<'_>, r: Registers) {
    let (n, m) = r.operands(l);
    let result = r.format.sub(l, n, m);
    r.put(l, result);
}

/// `VMUL Vd, Vn, Vm`.
pub(super) fn vmul(l: &mut Lifter<'_>, r: Registers) {
    let (n, m) = r.operands(l);
    let result = r.format.mul(l, n, m);
    r.put(l, result);
}

/// `VNMUL Vd, Vn, Vm`.
pub(super) fn vnmul(l: &mut Lifter<'_>, r: Registers) {
    let (n, m) = r.operands(l);
    let product = r.format.mul(l, n, m);
    let result = r.format.neg(l, product);
    r.put(l, result);
}

/// `VDIV Vd, Vn, Vm`.
pub(super) fn vdiv(l: &mut Lifter<'_>, r: Registers) {
    let (n, m) = r.operands(l);
    let result = r.format.div(l, n, m);
    r.put(l, result);
}

/// `VMLA`, `VMLS`, `VNMLA`, `VNMLS`: the product is rounded before it is added.
pub(super) fn multiply_accumulate(l: &mut Lifter<'_>, r: Registers, signs: Signs) {
    let (n, m) = r.operands(l);
    let addend = r.format.get(l, r.d);
    let addend = negate_if(l, r.format, addend, signs.negate_addend);
    let product = r.format.mul(l, n, m);
    let product = negate_if(l, r.format, product, signs.negate_product);
    let result = r.format.add(l, addend, product);
    r.put(l, result);
}

/// `VFMA`, `VFMS`, `VFNMA`, `VFNMS`: rounded once. The sign of the product is turned in its first operand.
pub(super) fn fused_multiply_accumulate(l: &mut Lifter<'_>, r: Registers, signs: Signs) {
    let (n, m) = r.operands(l);
    let addend = r.format.get(l, r.d);
    let addend = negate_if(l, r.format, addend, signs.negate_addend);
    let n = negate_if(l, r.format, n, signs.negate_product);
    let result = r.format.fma(l, n, m, addend);
    r.put(l, result);
}

/// `VMAXNM`, `VMINNM`.
pub(super) fn extreme(l: &mut Lifter<'_>, r: Registers, op: FloatOp) {
    let (n, m) = r.operands(l);
    let result = r.format.soft(l, op, [n, m, m]);
    r.put(l, result);
}

fn negate_if(l: &mut Lifter<'_>, format: Format, value: Value, negate: bool) -> Value {
    if negate { format.neg(l, value) } else { value }
}

/// `VABS Vd, Vm`.
pub(super) fn vabs(l: &mut Lifter<'_>, sz: u32, vd: u32, vm: u32) {
    unary(l, sz, vd, vm, Format::abs);
}

/// `VNEG Vd, Vm`.
pub(super) fn vneg(l: &mut Lifter<'_>, sz: u32, vd: u32, vm: u32) {
    unary(l, sz, vd, vm, Format::neg);
}

/// `VSQRT Vd, Vm`.
pub(super) fn vsqrt(l: &mut Lifter<'_>, sz: u32, vd: u32, vm: u32) {
    unary(l, sz, vd, vm, Format::sqrt);
}

/// `VRINT<r> Vd, Vm`. VRINTX, `inexact`, raises that the number was not integral.
pub(super) fn vrint(l: &mut Lifter<'_>, sz: u32, round: Rounding, inexact: bool, vd: u32, vm: u32) {
    unary(l, sz, vd, vm, |format, l, m| {
        let mode = format.mode(l).rounding(round);
        let op = if inexact { FloatOp::RoundInexact } else { FloatOp::Round };
        let call = FloatCall::new(op, format.number(), mode);
        if inexact || format == Format::Half {
            return l.b.fsoft(format.float(), m, m, m, call);
        }
        l.b.fround(format.float(), m, mode)
    });
}

fn unary(
    l: &mut Lifter<'_>,
    sz: u32,
    vd: u32,
    vm: u32,
    op: impl FnOnce(Format, &mut Lifter<'_>, Value) -> Value,
) {
    let format = Format::of(sz);
    let m = format.get(l, format.vd(vm));
    let result = op(format, l, m);
    format.put(l, format.vd(vd), result);
}
