//! Arithmetic (ARM DDI 0406C, A7.5).

use demotic_ir::{FpMode, Type, Value};

use super::registers::Format;
use crate::helpers;
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

    fn ty(self) -> Type {
        self.format.float()
    }

    fn operands(self, l: &mut Lifter<'_>) -> (Value, Value) {
        (self.format.get(l, self.n), self.format.get(l, self.m))
    }

    fn put(self, l: &mut Lifter<'_>, result: Value) {
        self.format.put(l, self.d, result);
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
    let result = l.b.fadd(r.ty(), n, m, FpMode::NEAREST);
    r.put(l, result);
}

/// `VSUB Vd, Vn, Vm`.
pub(super) fn vsub(l: &mut Lifter<'_>, r: Registers) {
    let (n, m) = r.operands(l);
    let result = l.b.fsub(r.ty(), n, m, FpMode::NEAREST);
    r.put(l, result);
}

/// `VMUL Vd, Vn, Vm`.
pub(super) fn vmul(l: &mut Lifter<'_>, r: Registers) {
    let (n, m) = r.operands(l);
    let result = l.b.fmul(r.ty(), n, m, FpMode::NEAREST);
    r.put(l, result);
}

/// `VNMUL Vd, Vn, Vm`.
pub(super) fn vnmul(l: &mut Lifter<'_>, r: Registers) {
    let (n, m) = r.operands(l);
    let product = l.b.fmul(r.ty(), n, m, FpMode::NEAREST);
    let result = l.b.fneg(r.ty(), product);
    r.put(l, result);
}

/// `VDIV Vd, Vn, Vm`.
pub(super) fn vdiv(l: &mut Lifter<'_>, r: Registers) {
    let (n, m) = r.operands(l);
    let result = l.b.fdiv(r.ty(), n, m, FpMode::NEAREST);
    r.put(l, result);
}

/// `VMLA`, `VMLS`, `VNMLA`, `VNMLS`: the product is rounded before it is added.
pub(super) fn multiply_accumulate(l: &mut Lifter<'_>, r: Registers, signs: Signs) {
    let (n, m) = r.operands(l);
    let addend = r.format.get(l, r.d);
    let addend = negate_if(l, r.ty(), addend, signs.negate_addend);
    let product = l.b.fmul(r.ty(), n, m, FpMode::NEAREST);
    let product = negate_if(l, r.ty(), product, signs.negate_product);
    let result = l.b.fadd(r.ty(), addend, product, FpMode::NEAREST);
    r.put(l, result);
}

/// `VFMA`, `VFMS`, `VFNMA`, `VFNMS`: rounded once. The sign of the product is turned in its first operand.
pub(super) fn fused_multiply_accumulate(l: &mut Lifter<'_>, r: Registers, signs: Signs) {
    let (n, m) = r.operands(l);
    let addend = r.format.get(l, r.d);
    let addend = negate_if(l, r.ty(), addend, signs.negate_addend);
    let n = negate_if(l, r.ty(), n, signs.negate_product);
    let [addend, n, m] = [addend, n, m].map(|value| {
        let bits = l.b.bitcast(r.format.bits(), value, r.ty());
        if r.format == Format::Single { l.wide(bits, false) } else { bits }
    });
    let helper = if r.format == Format::Single { helpers::FMA_F32 } else { helpers::FMA_F64 };
    let result = l.b.helper(Type::I64, addend, n, m, helper);
    let bits = if r.format == Format::Single { l.low(result) } else { result };
    r.format.put_bits(l, r.d, bits);
}

fn negate_if(l: &mut Lifter<'_>, ty: Type, value: Value, negate: bool) -> Value {
    if negate { l.b.fneg(ty, value) } else { value }
}

/// `VABS Vd, Vm`.
pub(super) fn vabs(l: &mut Lifter<'_>, sz: u32, vd: u32, vm: u32) {
    unary(l, sz, vd, vm, |l, ty, m| l.b.fabs(ty, m));
}

/// `VNEG Vd, Vm`.
pub(super) fn vneg(l: &mut Lifter<'_>, sz: u32, vd: u32, vm: u32) {
    unary(l, sz, vd, vm, |l, ty, m| l.b.fneg(ty, m));
}

/// `VSQRT Vd, Vm`.
pub(super) fn vsqrt(l: &mut Lifter<'_>, sz: u32, vd: u32, vm: u32) {
    unary(l, sz, vd, vm, |l, ty, m| l.b.fsqrt(ty, m, FpMode::NEAREST));
}

fn unary(
    l: &mut Lifter<'_>,
    sz: u32,
    vd: u32,
    vm: u32,
    op: impl FnOnce(&mut Lifter<'_>, Type, Value) -> Value,
) {
    let format = Format::of(sz);
    let m = format.get(l, format.vd(vm));
    let result = op(l, format.float(), m);
    format.put(l, format.vd(vd), result);
}
