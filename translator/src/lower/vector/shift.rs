//! Shifts of lanes.

use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{self, InstBuilder};
use demotic_ir::{Lanes, Value};

use super::vector_type;
use crate::lower::Lowerer;

/// A kind of shift.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::lower) enum Shift {
    /// To the left.
    Left,
    /// To the right, with zeros.
    Logical,
    /// To the right, with the sign.
    Arithmetic,
}

impl Lowerer<'_> {
    pub(in crate::lower) fn vector_shift_by(
        &mut self,
        shift: Shift,
        a: Value,
        lanes: Lanes,
        amount: u8,
    ) -> ir::Value {
        let a = self.lanes(lanes, a);
        self.shift_by(shift, a, amount)
    }

    /// All lanes of a host value by one amount.
    pub(super) fn shift_by(&mut self, shift: Shift, a: ir::Value, amount: u8) -> ir::Value {
        let amount = self.iconst(I32, amount.into());
        self.shift(shift, a, amount)
    }

    fn shift(&mut self, shift: Shift, a: ir::Value, amount: ir::Value) -> ir::Value {
        match shift {
            Shift::Left => self.b.ins().ishl(a, amount),
            Shift::Logical => self.b.ins().ushr(a, amount),
            Shift::Arithmetic => self.b.ins().sshr(a, amount),
        }
    }

    pub(in crate::lower) fn vector_shift_lanes(
        &mut self,
        shift: Shift,
        a: Value,
        b: Value,
        lanes: Lanes,
    ) -> ir::Value {
        let (a, b) = (self.lanes(lanes, a), self.lanes(lanes, b));
        if lanes == Lanes::D2 {
            self.shift_doublewords(shift, a, b)
        } else {
            self.shift_in_steps(lanes, shift, a, b)
        }
    }

    /// One lane after the other, in integer registers.
    fn shift_doublewords(&mut self, shift: Shift, a: ir::Value, b: ir::Value) -> ir::Value {
        let [lo, hi] = [0, 1].map(|lane| {
            let (x, amount) = (self.b.ins().extractlane(a, lane), self.b.ins().extractlane(b, lane));
            self.shift(shift, x, amount)
        });
        self.join(lo, hi)
    }

    /// By 1, 2, 4 and so on: in each step those lanes whose amount has that bit.
    fn shift_in_steps(&mut self, lanes: Lanes, shift: Shift, a: ir::Value, b: ir::Value) -> ir::Value {
        let mut result = a;
        let top = lanes.bits() as u8 - 1;
        for bit in 0..lanes.bits().ilog2() as u8 {
            let shifted = self.shift_by(shift, result, 1 << bit);
            let wanted = self.shift_by(Shift::Left, b, top - bit);
            let wanted = self.shift_by(Shift::Arithmetic, wanted, top);
            result = self.b.ins().bitselect(wanted, shifted, result);
        }
        result
    }

    /// The vector with these 64-bit halves.
    pub(in crate::lower) fn join(&mut self, lo: ir::Value, hi: ir::Value) -> ir::Value {
        debug_assert_eq!(self.b.func.dfg.value_type(lo), I64);
        let low = self.b.ins().scalar_to_vector(vector_type(Lanes::D2), lo);
        self.b.ins().insertlane(low, hi, 1)
    }
}
