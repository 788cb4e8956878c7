//! The shifter: second operands and their carry out (ARM DDI 0406, A2.2.1 and A8.4.3).

use demotic_ir::{IntCc, Type, Value};

use crate::lifter::Lifter;

/// Kinds of shift by a constant or a register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shift {
    /// Logical left.
    Lsl,
    /// Logical right.
    Lsr,
    /// Arithmetic right.
    Asr,
    /// Rotate right.
    Ror,
}

impl Shift {
    /// The shift that a 2-bit type field means.
    pub(crate) fn from_bits(bits: u32) -> Shift {
        match bits & 3 {
            0 => Shift::Lsl,
            1 => Shift::Lsr,
            2 => Shift::Asr,
            _ => Shift::Ror,
        }
    }
}

/// A shift by a constant, as the pseudocode's DecodeImmShift gives it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ImmShift {
    /// Not at all: the carry is unchanged.
    None,
    /// By 1 to 31 bits, LSR and ASR also by 32.
    By(Shift, u32),
    /// Rotate right by one through the carry.
    Rrx,
}

impl ImmShift {
    /// DecodeImmShift: what type and immediate field mean.
    pub(crate) fn decode(stype: u32, imm5: u32) -> ImmShift {
        match (Shift::from_bits(stype), imm5) {
            (Shift::Lsl, 0) => ImmShift::None,
            (Shift::Ror, 0) => ImmShift::Rrx,
            (shift @ (Shift::Lsr | Shift::Asr), 0) => ImmShift::By(shift, 32),
            (shift, n) => ImmShift::By(shift, n),
        }
    }
}

/// The shifter's carry out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Carry {
    /// The carry flag stays.
    Unchanged,
    /// A constant.
    Constant(bool),
    /// A truth value.
    Value(Value),
}

/// A second operand with the shifter's carry out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operand {
    /// The operand.
    pub(crate) value: Value,
    /// The carry, of which only flag-setting logical instructions take notice.
    pub(crate) carry: Carry,
}

/// An operand that leaves the carry as it is.
pub(crate) fn plain(value: Value) -> Operand {
    Operand { value, carry: Carry::Unchanged }
}

/// A constant whose expansion has rotated bits, so that its top bit is the carry, or has not.
pub(crate) fn constant(l: &mut Lifter<'_>, value: u32, rotated: bool) -> Operand {
    let carry = if rotated { Carry::Constant(value >> 31 != 0) } else { Carry::Unchanged };
    Operand { value: l.imm(value), carry }
}

/// Rm shifted by a constant. The carry is worked out only if `want_carry`.
pub(crate) fn shift_by_constant(l: &mut Lifter<'_>, rm: u32, shift: ImmShift, want_carry: bool) -> Operand {
    let m = l.reg(rm);
    let value = match shift {
        ImmShift::None => return plain(m),
        ImmShift::By(Shift::Lsl, n) => l.shl(m, n),
        ImmShift::By(Shift::Lsr, 32) => l.imm(0),
        ImmShift::By(Shift::Lsr, n) => l.shr(m, n),
        ImmShift::By(Shift::Asr, n) => l.sar(m, n.min(31)),
        ImmShift::By(Shift::Ror, n) => l.ror(m, n),
        ImmShift::Rrx => rrx(l, m),
    };
    let out = match shift {
        ImmShift::By(Shift::Lsl, n) => 32 - n,
        ImmShift::By(_, n) => n - 1,
        ImmShift::None | ImmShift::Rrx => 0,
    };
    let carry = if want_carry { Carry::Value(l.bit(m, out)) } else { Carry::Unchanged };
    Operand { value, carry }
}

/// `m` rotated right by one with the carry flag coming in at the top.
fn rrx(l: &mut Lifter<'_>, m: Value) -> Value {
    let c = l.carry();
    let c = l.number(c);
    let top = l.shl(c, 31);
    let rest = l.shr(m, 1);
    l.or(top, rest)
}

/// Rm shifted by the low byte of Rs. The carry is worked out only if `want_carry`.
pub(crate) fn shift_by_register(
    l: &mut Lifter<'_>,
    rm: u32,
    shift: Shift,
    rs: u32,
    want_carry: bool,
) -> Operand {
    let m = l.reg(rm);
    let s = l.reg(rs);
    let amount = l.and_imm(s, 0xff);
    if want_carry { shift_with_carry(l, m, shift, amount) } else { plain(shift_value(l, m, shift, amount)) }
}

/// `m` shifted by `amount`, 0 to 255.
fn shift_value(l: &mut Lifter<'_>, m: Value, shift: Shift, amount: Value) -> Value {
    if shift == Shift::Ror {
        return l.ror_by(m, amount);
    }
    let width = l.imm(32);
    let within = l.compare(amount, IntCc::Ult, width);
    if shift == Shift::Asr {
        let most = l.imm(31);
        let amount = l.select(within, amount, most);
        return l.sar_by(m, amount);
    }
    let shifted = if shift == Shift::Lsl { l.shl_by(m, amount) } else { l.shr_by(m, amount) };
    let zero = l.imm(0);
    l.select(within, shifted, zero)
}

/// The same with the last bit shifted out as carry. It is done in 64 bits, which have a place for that bit.
fn shift_with_carry(l: &mut Lifter<'_>, m: Value, shift: Shift, amount: Value) -> Operand {
    let (value, out) = match shift {
        Shift::Ror => {
            let value = l.ror_by(m, amount);
            (value, l.bit(value, 31))
        }
        Shift::Lsl => {
            let wide = l.wide(m, false);
            let by = shift_amount64(l, amount);
            let shifted = l.b.shl(Type::I64, wide, by);
            let above = l.high(shifted);
            (l.low(shifted), l.bit(above, 0))
        }
        Shift::Lsr | Shift::Asr => shift_right_with_carry(l, m, shift == Shift::Asr, amount),
    };
    let none = l.b.nonzero(amount);
    let old = l.carry();
    let carry = l.b.select(Type::Bool, none, out, old);
    Operand { value, carry: Carry::Value(carry) }
}

/// A right shift in 64 bits, with one more bit below the word to catch what is shifted out last.
fn shift_right_with_carry(l: &mut Lifter<'_>, m: Value, signed: bool, amount: Value) -> (Value, Value) {
    let wide = l.wide(m, signed);
    let one = l.b.i64(1);
    let above = l.b.shl(Type::I64, wide, one);
    let by = shift_amount64(l, amount);
    let shifted = if signed { l.b.sar(Type::I64, above, by) } else { l.b.shr(Type::I64, above, by) };
    let low = l.low(shifted);
    let value = l.b.shr(Type::I64, shifted, one);
    (l.low(value), l.bit(low, 0))
}

/// A shift amount of 0 to 255 limited to 63, as 64 bits.
fn shift_amount64(l: &mut Lifter<'_>, amount: Value) -> Value {
    let most = l.imm(63);
    let small = l.compare(amount, IntCc::Ult, most);
    let amount = l.select(small, amount, most);
    l.wide(amount, false)
}
