//! Comparisons, minimum and maximum.

use std::cmp::Ordering;

use super::format::{Class, Number, Parts};
use super::{Exceptions, Soft};
use crate::types::FloatCc;

/// How two numbers compare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Order {
    /// The first is less.
    Less,
    /// They are equal.
    Equal,
    /// The first is greater.
    Greater,
    /// One of them is a NaN.
    Unordered,
}

impl Order {
    /// Whether a comparison holds.
    pub fn satisfies(self, cc: FloatCc) -> bool {
        match cc {
            FloatCc::Eq => self == Order::Equal,
            FloatCc::Une => self != Order::Equal,
            FloatCc::Lt => self == Order::Less,
            FloatCc::Le => matches!(self, Order::Less | Order::Equal),
            FloatCc::Gt => self == Order::Greater,
            FloatCc::Ge => matches!(self, Order::Greater | Order::Equal),
            FloatCc::Uno => self == Order::Unordered,
        }
    }
}

/// Orders numbers that are not NaNs as their bits are ordered: -0 is less than +0.
fn key(format: Number, x: &Parts) -> i64 {
    let magnitude = (x.bits & !format.sign()) as i64;
    if x.sign { !magnitude } else { magnitude }
}

impl Soft {
    /// Compares. Signalling NaNs are invalid, and quiet ones too if `signalling`.
    pub fn compare(&mut self, format: Number, a: u64, b: u64, signalling: bool) -> Order {
        let (a, b) = (self.operand(format, a), self.operand(format, b));
        if a.is_nan() || b.is_nan() {
            if signalling || a.is(Class::SignallingNan) || b.is(Class::SignallingNan) {
                self.raise(Exceptions::INVALID);
            }
            return Order::Unordered;
        }
        if a.is(Class::Zero) && b.is(Class::Zero) {
            return Order::Equal;
        }
        match key(format, &a).cmp(&key(format, &b)) {
            Ordering::Less => Order::Less,
            Ordering::Equal => Order::Equal,
            Ordering::Greater => Order::Greater,
        }
    }

    /// The smaller number; NaNs propagate.
    pub fn min(&mut self, format: Number, a: u64, b: u64) -> u64 {
        self.extreme(format, [a, b], Ordering::Less, false)
    }

    /// The larger number; NaNs propagate.
    pub fn max(&mut self, format: Number, a: u64, b: u64) -> u64 {
        self.extreme(format, [a, b], Ordering::Greater, false)
    }

    /// The smaller number; a number wins over a quiet NaN (IEEE 754-2008 minNum).
    pub fn min_num(&mut self, format: Number, a: u64, b: u64) -> u64 {
        self.extreme(format, [a, b], Ordering::Less, true)
    }

    /// The larger number; a number wins over a quiet NaN (IEEE 754-2008 maxNum).
    pub fn max_num(&mut self, format: Number, a: u64, b: u64) -> u64 {
        self.extreme(format, [a, b], Ordering::Greater, true)
    }

    /// The number of the smaller magnitude, the smaller one of equal magnitudes (IEEE 754-2008 minNumMag).
    pub fn min_num_magnitude(&mut self, format: Number, a: u64, b: u64) -> u64 {
        self.extreme_magnitude(format, [a, b], Ordering::Less)
    }

    /// The number of the larger magnitude, the larger one of equal magnitudes (IEEE 754-2008 maxNumMag).
    pub fn max_num_magnitude(&mut self, format: Number, a: u64, b: u64) -> u64 {
        self.extreme_magnitude(format, [a, b], Ordering::Greater)
    }

    fn extreme(&mut self, format: Number, [a, b]: [u64; 2], wanted: Ordering, numbers_win: bool) -> u64 {
        let (a, b) = (self.operand(format, a), self.operand(format, b));
        if let Some(decided) = self.extreme_of_nans(format, &a, &b, numbers_win) {
            return decided;
        }
        if key(format, &a).cmp(&key(format, &b)) == wanted { a.bits } else { b.bits }
    }

    fn extreme_magnitude(&mut self, format: Number, [a, b]: [u64; 2], wanted: Ordering) -> u64 {
        let (a, b) = (self.operand(format, a), self.operand(format, b));
        if let Some(decided) = self.extreme_of_nans(format, &a, &b, true) {
            return decided;
        }
        let [x, y] = [a.bits, b.bits].map(|bits| bits & !format.sign());
        let order = x.cmp(&y).then(key(format, &a).cmp(&key(format, &b)));
        if order == wanted { a.bits } else { b.bits }
    }

    /// What minimum and maximum give when there are NaNs.
    fn extreme_of_nans(&mut self, format: Number, a: &Parts, b: &Parts, numbers_win: bool) -> Option<u64> {
        if !a.is_nan() && !b.is_nan() {
            return None;
        }
        match (a.class, b.class) {
            (Class::QuietNan, _) if numbers_win && !b.is_nan() => Some(b.bits),
            (_, Class::QuietNan) if numbers_win && !a.is_nan() => Some(a.bits),
            _ => Some(self.propagated(format, &[a, b])),
        }
    }
}
