//! Arithmetic of lanes that is more than one instruction.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder};
use demotic_ir::{Lanes, Value};

use super::Shift;
use crate::lower::Lowerer;

/// Leading zeros of a byte whose upper four bits are the index: 8 when those are 0.
const CLZ_UPPER: u128 = 0x0000_0000_0000_0000_0101_0101_0202_0308;
/// Leading zeros of a byte that is the index.
const CLZ_LOWER: u128 = 0x0404_0404_0404_0404_0505_0505_0606_0708;

impl Lowerer<'_> {
    /// The sign of each lane in all its bits.
    fn signs(&mut self, lanes: Lanes, a: ir::Value) -> ir::Value {
        self.shift_by(Shift::Arithmetic, a, lanes.bits() as u8 - 1)
    }

    pub(in crate::lower) fn vector_multiply(&mut self, a: Value, b: Value, lanes: Lanes) -> ir::Value {
        if lanes != Lanes::B16 {
            let (a, b) = (self.lanes(lanes, a), self.lanes(lanes, b));
            return self.b.ins().imul(a, b);
        }
        // Halfwords: the even bytes where they are, the odd ones with the second factor still in the upper half.
        let (a, b) = (self.lanes(Lanes::H8, a), self.lanes(Lanes::H8, b));
        let lower = self.vconst_splat(Lanes::H8, 0x00ff);
        let even = self.b.ins().imul(a, b);
        let even = self.b.ins().band(even, lower);
        let a = self.shift_by(Shift::Logical, a, 8);
        let b = self.b.ins().band_not(b, lower);
        let odd = self.b.ins().imul(a, b);
        self.b.ins().bor(even, odd)
    }

    pub(in crate::lower) fn vector_add_sat_s(&mut self, a: Value, b: Value, lanes: Lanes) -> ir::Value {
        let (a, b) = (self.lanes(lanes, a), self.lanes(lanes, b));
        if lanes.bits() <= 16 {
            return self.b.ins().sadd_sat(a, b);
        }
        let sum = self.b.ins().iadd(a, b);
        // It overflows when the operands' signs are equal and the sum's is another one.
        let (differ, changed) = (self.b.ins().bxor(a, b), self.b.ins().bxor(a, sum));
        let overflow = self.b.ins().band_not(changed, differ);
        self.saturated(lanes, a, overflow, sum)
    }

    pub(in crate::lower) fn vector_sub_sat_s(&mut self, a: Value, b: Value, lanes: Lanes) -> ir::Value {
        let (a, b) = (self.lanes(lanes, a), self.lanes(lanes, b));
        if lanes.bits() <= 16 {
            return self.b.ins().ssub_sat(a, b);
        }
        let difference = self.b.ins().isub(a, b);
        // It overflows when the operands' signs differ and the difference's is not the first one's.
        let (differ, changed) = (self.b.ins().bxor(a, b), self.b.ins().bxor(a, difference));
        let overflow = self.b.ins().band(changed, differ);
        self.saturated(lanes, a, overflow, difference)
    }

    /// `result`, but where the sign of `overflow` is set the largest number with the sign of `a`.
    fn saturated(&mut self, lanes: Lanes, a: ir::Value, overflow: ir::Value, result: ir::Value) -> ir::Value {
        let largest = self.vconst_splat(lanes, lanes.mask() >> 1);
        let sign = self.signs(lanes, a);
        let limit = self.b.ins().bxor(sign, largest);
        let overflow = self.signs(lanes, overflow);
        self.b.ins().bitselect(overflow, limit, result)
    }

    pub(in crate::lower) fn vector_add_sat_u(&mut self, a: Value, b: Value, lanes: Lanes) -> ir::Value {
        let (a, b) = (self.lanes(lanes, a), self.lanes(lanes, b));
        if lanes.bits() <= 16 {
            return self.b.ins().uadd_sat(a, b);
        }
        let room = self.b.ins().bnot(a);
        let b = self.b.ins().umin(b, room);
        self.b.ins().iadd(a, b)
    }

    pub(in crate::lower) fn vector_sub_sat_u(&mut self, a: Value, b: Value, lanes: Lanes) -> ir::Value {
        let (a, b) = (self.lanes(lanes, a), self.lanes(lanes, b));
        if lanes.bits() <= 16 {
            return self.b.ins().usub_sat(a, b);
        }
        let larger = self.b.ins().umax(a, b);
        self.b.ins().isub(larger, b)
    }

    pub(in crate::lower) fn vector_average(&mut self, a: Value, b: Value, lanes: Lanes) -> ir::Value {
        let (a, b) = (self.lanes(lanes, a), self.lanes(lanes, b));
        if lanes.bits() <= 16 {
            return self.b.ins().avg_round(a, b);
        }
        let (either, differ) = (self.b.ins().bor(a, b), self.b.ins().bxor(a, b));
        let half = self.shift_by(Shift::Logical, differ, 1);
        self.b.ins().isub(either, half)
    }

    /// Bytes by tables of their halves; then lanes of twice the width as often as needed.
    pub(in crate::lower) fn vector_clz(&mut self, a: Value, lanes: Lanes) -> ir::Value {
        let a = self.lanes(Lanes::B16, a);
        let (upper_table, lower_table) =
            (self.vconst(Lanes::B16, CLZ_UPPER), self.vconst(Lanes::B16, CLZ_LOWER));
        let mask = self.vconst_splat(Lanes::B16, 15);
        let upper = self.shift_by(Shift::Logical, a, 4);
        let lower = self.b.ins().band(a, mask);
        let upper = self.b.ins().swizzle(upper_table, upper);
        let lower = self.b.ins().swizzle(lower_table, lower);
        let mut count = self.b.ins().umin(upper, lower);
        for wide in [Lanes::H8, Lanes::W4, Lanes::D2] {
            if wide.bits() <= lanes.bits() {
                count = self.clz_of_halves(wide, count);
            }
        }
        count
    }

    /// The counts of lanes from those of their halves: the lower half counts when the upper one is all zeros.
    fn clz_of_halves(&mut self, lanes: Lanes, counts: ir::Value) -> ir::Value {
        let half = lanes.bits() / 2;
        let counts = self.as_lanes(lanes, counts);
        let upper = self.shift_by(Shift::Logical, counts, half as u8);
        let mask = self.vconst_splat(lanes, lanes.mask() >> half);
        let lower = self.b.ins().band(counts, mask);
        let zeros = self.vconst_splat(lanes, half.into());
        let goes_on = self.b.ins().icmp(IntCC::Equal, upper, zeros);
        let lower = self.b.ins().band(lower, goes_on);
        self.b.ins().iadd(upper, lower)
    }
}
