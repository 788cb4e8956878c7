//! VFP registers: their numbers in the encodings, and reading and writing them.
//!
//! A number has four bits and a fifth one elsewhere. The tables give fields `d` and `m` with the single bit on top (it
//! stands left of the four in the word), field `n` with the single bit below. Double registers have it on top, single
//! registers below.

use demotic_ir::softfloat::Number;
use demotic_ir::{FpMode, MemSize, Type, Value};

use crate::lifter::Lifter;
use crate::state;

/// The format that an instruction works in, from its `sz` field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    /// binary16, in the lower halves of registers S0 to S31. The IR has no such type: values are the bits as integers.
    Half,
    /// binary32, registers S0 to S31.
    Single,
    /// binary64, registers D0 to D31.
    Double,
}

impl Format {
    /// What the `sz` field of two bits says.
    pub(crate) fn of(sz: u32) -> Format {
        match sz {
            1 => Format::Half,
            2 => Format::Single,
            _ => Format::Double,
        }
    }

    /// What the `sz` field of one bit says.
    pub(crate) fn of_bit(sz: u32) -> Format {
        if sz == 0 { Format::Single } else { Format::Double }
    }

    /// The soft-float's name for it.
    pub(crate) fn number(self) -> Number {
        match self {
            Format::Half => Number::F16,
            Format::Single => Number::F32,
            Format::Double => Number::F64,
        }
    }

    /// The IR type of a number.
    pub(crate) fn float(self) -> Type {
        match self {
            Format::Half => Type::I32,
            Format::Single => Type::F32,
            Format::Double => Type::F64,
        }
    }

    /// The IR type of its bits.
    pub(crate) fn bits(self) -> Type {
        if self == Format::Double { Type::I64 } else { Type::I32 }
    }

    /// How arithmetic in this format works.
    pub(crate) fn mode(self, l: &Lifter<'_>) -> FpMode {
        if self == Format::Half { l.mode.half_mode() } else { l.mode.fp_mode() }
    }

    /// The register that a field with the fifth bit on top (`d`, `m`) means.
    pub(crate) fn vd(self, field: u32) -> u32 {
        if self == Format::Double { field } else { s_of_top(field) }
    }

    /// The register that a field with the fifth bit below (`n`) means.
    pub(crate) fn vn(self, field: u32) -> u32 {
        if self == Format::Double { d_of_low(field) } else { field }
    }

    /// The number in a register.
    pub(crate) fn get(self, l: &mut Lifter<'_>, n: u32) -> Value {
        let bits = self.get_bits(l, n);
        if self == Format::Half { bits } else { l.b.bitcast(self.float(), bits, self.bits()) }
    }

    /// Writes a number to a register.
    pub(crate) fn put(self, l: &mut Lifter<'_>, n: u32, value: Value) {
        let bits = if self == Format::Half { value } else { l.b.bitcast(self.bits(), value, self.float()) };
        self.put_bits(l, n, bits);
    }

    /// The bits in a register.
    pub(crate) fn get_bits(self, l: &mut Lifter<'_>, n: u32) -> Value {
        match self {
            Format::Half => {
                let single = get_s(l, n);
                l.zext(single, MemSize::B2)
            }
            Format::Single => get_s(l, n),
            Format::Double => get_d(l, n),
        }
    }

    /// Writes the bits of a register. Half precision clears the upper half of its register.
    pub(crate) fn put_bits(self, l: &mut Lifter<'_>, n: u32, bits: Value) {
        match self {
            Format::Half | Format::Single => put_s(l, n, bits),
            Format::Double => put_d(l, n, bits),
        }
    }
}

/// The single register of a field that has its fifth bit on top.
pub(crate) fn s_of_top(field: u32) -> u32 {
    (field & 15) << 1 | field >> 4 & 1
}

/// The double register of a field that has its fifth bit below.
pub(crate) fn d_of_low(field: u32) -> u32 {
    field >> 1 & 15 | (field & 1) << 4
}

/// The bits of a double register.
pub(crate) fn get_d(l: &mut Lifter<'_>, n: u32) -> Value {
    l.b.get(Type::I64, state::D.nth(n & 31))
}

/// Writes the bits of a double register.
pub(crate) fn put_d(l: &mut Lifter<'_>, n: u32, bits: Value) {
    l.singles.forget(n);
    l.put_as(Type::I64, state::D.nth(n & 31), bits);
}

/// The bits of single registers that a block has read or written, so that a chain of single-precision instructions need
/// not take them out of their doubles again.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Singles([Option<Value>; 32]);

impl Singles {
    /// The bits of single register `n`, if they are at hand.
    fn get(&self, n: u32) -> Option<Value> {
        self.0.get(n as usize).copied().flatten()
    }

    /// Keeps the bits of single register `n`.
    fn set(&mut self, n: u32, bits: Value) {
        if let Some(known) = self.0.get_mut(n as usize) {
            *known = Some(bits);
        }
    }

    /// Double register `d` is written.
    fn forget(&mut self, d: u32) {
        for known in self.0.iter_mut().skip(d as usize * 2).take(2) {
            *known = None;
        }
    }
}

/// The bits of a single register: half a double.
pub(crate) fn get_s(l: &mut Lifter<'_>, n: u32) -> Value {
    if let Some(bits) = l.singles.get(n) {
        return bits;
    }
    let d = get_d(l, n / 2);
    let bits = if n.is_multiple_of(2) { l.low(d) } else { l.high(d) };
    if !l.is_conditional() {
        l.singles.set(n, bits);
    }
    bits
}

/// Writes the bits of a single register. The other half of the double stays.
pub(crate) fn put_s(l: &mut Lifter<'_>, n: u32, bits: Value) {
    let other = l.singles.get(n ^ 1);
    let new = match other {
        Some(other) if n.is_multiple_of(2) => l.concat(other, bits),
        Some(other) => l.concat(bits, other),
        None => {
            let old = get_d(l, n / 2);
            insert(l, old, bits, n % 2 * 32, 32)
        }
    };
    put_d(l, n / 2, new);
    if let Some(other) = other {
        l.singles.set(n ^ 1, other);
    }
    if !l.is_conditional() {
        l.singles.set(n, bits);
    }
}

/// `old` (64 bits) with `width` bits (8, 16 or 32) of `bits` (32 bits) at bit `lsb`.
pub(crate) fn insert(l: &mut Lifter<'_>, old: Value, bits: Value, lsb: u32, width: u32) -> Value {
    let mask = u64::MAX >> (64 - width);
    let keep = l.b.i64(!(mask << lsb));
    let old = l.b.and(Type::I64, old, keep);
    let mut new = l.wide(bits, false);
    if width < 32 {
        let mask = l.b.i64(mask);
        new = l.b.and(Type::I64, new, mask);
    }
    if lsb != 0 {
        let lsb = l.b.i64(u64::from(lsb));
        new = l.b.shl(Type::I64, new, lsb);
    }
    l.b.or(Type::I64, old, new)
}
