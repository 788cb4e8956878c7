//! Packing, extension and reversal (ARM DDI 0406, A4.4.6 and A4.4.8).

use demotic_ir::{MemSize, Type, Value};

use super::shifter::{ImmShift, Shift, shift_by_constant};
use crate::lifter::Lifter;

/// `PKHBT` and, with `top`, `PKHTB`: a halfword of Rn and one of the shifted Rm.
pub(crate) fn pkh(l: &mut Lifter<'_>, top: bool, rd: u32, rn: u32, rm: u32, imm5: u32) {
    let shift = if top { Shift::Asr } else { Shift::Lsl };
    let operand = shift_by_constant(l, rm, ImmShift::decode(shift as u32, imm5), false).value;
    let n = l.reg(rn);
    let (upper, lower) = if top { (n, operand) } else { (operand, n) };
    let upper = l.and_imm(upper, 0xffff_0000);
    let lower = l.and_imm(lower, 0xffff);
    let result = l.or(upper, lower);
    l.put_reg(rd, result);
}

/// What an extension takes from the rotated register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// One byte.
    Byte,
    /// One halfword.
    Half,
    /// Bytes 0 and 2, to two halfwords.
    TwoBytes,
}

/// `SXTB` and its relatives: a part of Rm rotated right by `8 * rotation`, extended, plus Rn where there is one.
pub(crate) fn extend(
    l: &mut Lifter<'_>,
    signed: bool,
    part: Part,
    rd: u32,
    rn: Option<u32>,
    rm: u32,
    rotation: u32,
) {
    let m = l.reg(rm);
    let rotated = l.ror(m, 8 * (rotation & 3));
    let extended = match part {
        Part::Byte => extend_low(l, rotated, MemSize::B1, signed),
        Part::Half => extend_low(l, rotated, MemSize::B2, signed),
        Part::TwoBytes => extend_two(l, rotated, signed),
    };
    let result = match rn {
        None => extended,
        Some(rn) if part == Part::TwoBytes => add_halves(l, rn, extended),
        Some(rn) => {
            let n = l.reg(rn);
            l.add(n, extended)
        }
    };
    l.put_reg(rd, result);
}

fn extend_low(l: &mut Lifter<'_>, value: Value, size: MemSize, signed: bool) -> Value {
    if signed { l.sext(value, size) } else { l.zext(value, size) }
}

/// Bytes 0 and 2 to halfwords.
fn extend_two(l: &mut Lifter<'_>, value: Value, signed: bool) -> Value {
    if !signed {
        return l.and_imm(value, 0x00ff_00ff);
    }
    let low = l.sext(value, MemSize::B1);
    let low = l.zext(low, MemSize::B2);
    let high = l.shl(value, 8);
    let high = l.sar(high, 8);
    let high = l.and_imm(high, 0xffff_0000);
    l.or(high, low)
}

/// Adds halfwords without a carry between them.
fn add_halves(l: &mut Lifter<'_>, rn: u32, addend: Value) -> Value {
    let n = l.reg(rn);
    let sum = l.add(n, addend);
    let low = l.zext(sum, MemSize::B2);
    let (n_high, addend_high) = (l.and_imm(n, 0xffff_0000), l.and_imm(addend, 0xffff_0000));
    let high = l.add(n_high, addend_high);
    l.or(high, low)
}

/// `REV Rd, Rm`: reverses the bytes.
pub(crate) fn rev(l: &mut Lifter<'_>, rd: u32, rm: u32) {
    let m = l.reg(rm);
    let result = l.b.byte_swap(Type::I32, m);
    l.put_reg(rd, result);
}

/// `REV16 Rd, Rm`: reverses the bytes of each halfword.
pub(crate) fn rev16(l: &mut Lifter<'_>, rd: u32, rm: u32) {
    let m = l.reg(rm);
    let swapped = l.b.byte_swap(Type::I32, m);
    let result = l.ror(swapped, 16);
    l.put_reg(rd, result);
}

/// `REVSH Rd, Rm`: reverses the bytes of the low halfword and extends its sign.
pub(crate) fn revsh(l: &mut Lifter<'_>, rd: u32, rm: u32) {
    let m = l.reg(rm);
    let swapped = l.b.byte_swap(Type::I32, m);
    let result = l.sar(swapped, 16);
    l.put_reg(rd, result);
}

/// `RBIT Rd, Rm`: reverses the bits.
pub(crate) fn rbit(l: &mut Lifter<'_>, rd: u32, rm: u32) {
    let m = l.reg(rm);
    let result = l.b.bit_reverse(Type::I32, m);
    l.put_reg(rd, result);
}
