//! Arithmetic on all lanes of a register at once, without carries from one to the next.
//!
//! Conditions per lane are kept in the lanes' sign bits; [`Lifter::spread`] makes masks of them.

use demotic_ir::Type::I32;
use demotic_ir::Value;

use crate::translate::Lifter;

/// How a register is divided into lanes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Packing {
    /// Width of a lane.
    pub(super) bits: u32,
}

/// Four bytes.
pub(super) const QB: Packing = Packing { bits: 8 };
/// Two halfwords.
pub(super) const PH: Packing = Packing { bits: 16 };
/// A word.
pub(super) const W: Packing = Packing { bits: 32 };

impl Packing {
    /// The lowest bit of every lane.
    pub(super) const fn ones(self) -> u32 {
        u32::MAX / self.lane()
    }

    /// The highest bit of every lane.
    pub(super) const fn signs(self) -> u32 {
        self.ones() << (self.bits - 1)
    }

    /// A lane full of ones, at the right.
    pub(super) const fn lane(self) -> u32 {
        u32::MAX >> (32 - self.bits)
    }

    /// Number of lanes.
    pub(super) const fn count(self) -> u32 {
        32 / self.bits
    }
}

impl Lifter<'_> {
    /// s + t, wrapping.
    pub(super) fn packed_add(&mut self, p: Packing, s: Value, t: Value) -> Value {
        if p == W {
            return self.b.add(I32, s, t);
        }
        let (low_s, low_t) = (self.and_with(s, !p.signs()), self.and_with(t, !p.signs()));
        let sum = self.b.add(I32, low_s, low_t);
        let signs = self.b.xor(I32, s, t);
        let signs = self.and_with(signs, p.signs());
        self.b.xor(I32, sum, signs)
    }

    /// s - t, wrapping.
    pub(super) fn packed_sub(&mut self, p: Packing, s: Value, t: Value) -> Value {
        if p == W {
            return self.b.sub(I32, s, t);
        }
        let borrowed = self.b.i32(p.signs());
        let minuend = self.b.or(I32, s, borrowed);
        let subtrahend = self.and_with(t, !p.signs());
        let difference = self.b.sub(I32, minuend, subtrahend);
        let signs = self.b.xor(I32, s, t);
        let signs = self.b.not(I32, signs);
        let signs = self.and_with(signs, p.signs());
        self.b.xor(I32, difference, signs)
    }

    /// Where s + t = sum had a carry.
    pub(super) fn carries(&mut self, p: Packing, s: Value, t: Value, sum: Value) -> Value {
        let zeros = self.b.not(I32, sum);
        let carries = self.majority(s, t, zeros);
        self.and_with(carries, p.signs())
    }

    /// Where s - t = difference had a borrow: s < t, unsigned.
    pub(super) fn borrows(&mut self, p: Packing, s: Value, t: Value, difference: Value) -> Value {
        let zeros = self.b.not(I32, s);
        let borrows = self.majority(zeros, t, difference);
        self.and_with(borrows, p.signs())
    }

    /// The bits that at least two of the three have.
    fn majority(&mut self, a: Value, b: Value, c: Value) -> Value {
        let (both, either) = (self.b.and(I32, a, b), self.b.or(I32, a, b));
        let with_c = self.b.and(I32, either, c);
        self.b.or(I32, both, with_c)
    }

    /// Where s + t = sum overflowed, signed.
    pub(super) fn add_overflows(&mut self, p: Packing, s: Value, t: Value, sum: Value) -> Value {
        let (from_s, from_t) = (self.b.xor(I32, s, sum), self.b.xor(I32, t, sum));
        let overflows = self.b.and(I32, from_s, from_t);
        self.and_with(overflows, p.signs())
    }

    /// Where s - t = difference overflowed, signed.
    pub(super) fn sub_overflows(&mut self, p: Packing, s: Value, t: Value, difference: Value) -> Value {
        let (unlike, changed) = (self.b.xor(I32, s, t), self.b.xor(I32, s, difference));
        let overflows = self.b.and(I32, unlike, changed);
        self.and_with(overflows, p.signs())
    }

    /// Where lanes are not 0.
    pub(super) fn nonzeros(&mut self, p: Packing, v: Value) -> Value {
        let rest = self.and_with(v, !p.signs());
        let below = self.b.i32(!p.signs());
        let carried = self.b.add(I32, rest, below);
        let nonzero = self.b.or(I32, carried, v);
        self.and_with(nonzero, p.signs())
    }

    /// Lanes of ones where `signs` has the sign bit, of zeros elsewhere. It has no other bits.
    pub(super) fn spread(&mut self, p: Packing, signs: Value) -> Value {
        if p == W {
            return self.sar_by(signs, 31);
        }
        let ones = self.shr_by(signs, p.bits - 1);
        self.mul_by(ones, p.lane())
    }

    /// Lanes of the sign bits of `v`.
    pub(super) fn sign_lanes(&mut self, p: Packing, v: Value) -> Value {
        let signs = self.and_with(v, p.signs());
        self.spread(p, signs)
    }

    /// (a & mask) | (b & !mask).
    pub(super) fn choose(&mut self, mask: Value, a: Value, b: Value) -> Value {
        let difference = self.b.xor(I32, a, b);
        let difference = self.b.and(I32, difference, mask);
        self.b.xor(I32, b, difference)
    }

    /// The greatest or the least signed number, as the sign of `v` is.
    pub(super) fn limits(&mut self, p: Packing, v: Value) -> Value {
        let signs = self.sign_lanes(p, v);
        self.xor_with(signs, !p.signs())
    }

    /// (s + t) >> 1, unsigned, without overflow.
    pub(super) fn average(&mut self, p: Packing, s: Value, t: Value) -> Value {
        let (both, unlike) = (self.b.and(I32, s, t), self.b.xor(I32, s, t));
        let half = self.and_with(unlike, !p.ones());
        let half = self.shr_by(half, 1);
        self.b.add(I32, both, half)
    }

    /// (s + t + 1) >> 1, unsigned, without overflow.
    pub(super) fn rounded_average(&mut self, p: Packing, s: Value, t: Value) -> Value {
        let (either, unlike) = (self.b.or(I32, s, t), self.b.xor(I32, s, t));
        let half = self.and_with(unlike, !p.ones());
        let half = self.shr_by(half, 1);
        self.b.sub(I32, either, half)
    }

    /// The lanes' sign bits, which are all that `signs` has, as the low bits of a number; the rightmost lowest.
    pub(super) fn gather(&mut self, p: Packing, signs: Value) -> Value {
        let ones = self.shr_by(signs, p.bits - 1);
        // Lane n's bit goes from n × bits to 32 - count + n; no two terms of the product meet.
        let factor = (0..p.count()).map(|n| 1 << (32 - p.count() + n - n * p.bits)).sum();
        let product = self.mul_by(ones, factor);
        self.shr_by(product, 32 - p.count())
    }

    /// The reverse: lanes of ones where the number has bits.
    pub(super) fn scatter(&mut self, p: Packing, bits: Value) -> Value {
        let factor = (0..p.count()).map(|n| 1 << (n * (p.bits - 1))).sum();
        let product = self.mul_by(bits, factor);
        let ones = self.and_with(product, p.ones());
        self.mul_by(ones, p.lane())
    }
}
