//! Branches on vectors that have zeros. They have delay slots.

use demotic_ir::Type::I64;
use demotic_ir::{IntCc, Lanes, Value};

use super::{V, lanes, splat};
use crate::decode::args;
use crate::translate::Lifter;

impl Lifter<'_> {
    pub(in crate::translate) fn bz(&mut self, a: args::Bz) {
        let cond = self.zero_element(lanes(a.df), a.wt, IntCc::Ne);
        self.branch(cond, self.target(a.offset));
    }

    pub(in crate::translate) fn bnz(&mut self, a: args::Bnz) {
        let cond = self.zero_element(lanes(a.df), a.wt, IntCc::Eq);
        self.branch(cond, self.target(a.offset));
    }

    pub(in crate::translate) fn bz_v(&mut self, a: args::BzV) {
        let t = self.w(a.wt);
        let cond = self.compare_vector(t, IntCc::Eq);
        self.branch(cond, self.target(a.offset));
    }

    pub(in crate::translate) fn bnz_v(&mut self, a: args::BnzV) {
        let t = self.w(a.wt);
        let cond = self.compare_vector(t, IntCc::Ne);
        self.branch(cond, self.target(a.offset));
    }

    /// Whether there is (`Ne`) or is not (`Eq`) an element of W[wt] that is 0.
    fn zero_element(&mut self, df: Lanes, wt: u32, cc: IntCc) -> Value {
        let t = self.w(wt);
        let zero = splat(&mut self.b, df, 0);
        let zeros = self.b.vcmp(V, t, zero, df, IntCc::Eq);
        self.compare_vector(zeros, cc)
    }

    /// Compares all bits with 0.
    fn compare_vector(&mut self, v: Value, cc: IntCc) -> Value {
        let (low, high) = (self.b.vlow(V, v), self.b.vhigh(V, v));
        let bits = self.b.or(I64, low, high);
        let zero = self.b.i64(0);
        self.b.icmp(I64, bits, zero, cc)
    }
}
