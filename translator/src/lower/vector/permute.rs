//! Lanes to and from integers, and to other places.

use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{self, ConstantData, InstBuilder};
use demotic_ir::{Lanes, Shuffle, Value};

use super::{lane_type, splat_bits, vector_type};
use crate::lower::Lowerer;

/// The words 0 and 2 of two vectors.
pub(super) const EVEN_WORDS: u128 = 0x1b1a_1918_1312_1110_0b0a_0908_0302_0100;

impl Lowerer<'_> {
    pub(in crate::lower) fn vector_join(&mut self, lo: Value, hi: Value) -> ir::Value {
        if let Some(whole) = self.whole(lo, hi) {
            return whole;
        }
        match (self.constant(lo), self.constant(hi)) {
            (Some(lo), Some(hi)) => self.vconst(Lanes::D2, u128::from(lo) | u128::from(hi) << 64),
            (None, Some(0)) => {
                // Moving an integer into a vector clears the rest of it.
                let lo = self.val(lo);
                self.b.ins().scalar_to_vector(vector_type(Lanes::D2), lo)
            }
            _ => {
                let (lo, hi) = (self.val(lo), self.val(hi));
                self.join(lo, hi)
            }
        }
    }

    pub(in crate::lower) fn vector_splat(&mut self, a: Value, lanes: Lanes) -> ir::Value {
        if let Some(lane) = self.constant(a) {
            return self.vconst(lanes, splat_bits(lanes, lane));
        }
        let lane = self.as_lane(a, lanes);
        self.b.ins().splat(vector_type(lanes), lane)
    }

    /// The low bits of an integer, as wide as a lane.
    fn as_lane(&mut self, a: Value, lanes: Lanes) -> ir::Value {
        let a = self.val(a);
        if lanes == Lanes::D2 { a } else { self.b.ins().ireduce(lane_type(lanes), a) }
    }

    pub(in crate::lower) fn vector_extract(&mut self, a: Value, lanes: Lanes, lane: u8) -> ir::Value {
        let a = self.lanes(lanes, a);
        let lane = self.b.ins().extractlane(a, lane);
        if lanes == Lanes::D2 { lane } else { self.b.ins().uextend(I64, lane) }
    }

    pub(in crate::lower) fn vector_insert(
        &mut self,
        a: Value,
        b: Value,
        lanes: Lanes,
        lane: u8,
    ) -> ir::Value {
        let (a, b) = (self.lanes(lanes, a), self.as_lane(b, lanes));
        self.b.ins().insertlane(a, b, lane)
    }

    pub(in crate::lower) fn vector_shuffle(&mut self, a: Value, b: Value, shuffle: Shuffle) -> ir::Value {
        let (a, b) = (self.lanes(Lanes::B16, a), self.lanes(Lanes::B16, b));
        self.shuffle(a, b, shuffle.mask())
    }

    /// Shuffles host values of bytes.
    pub(in crate::lower) fn shuffle(&mut self, a: ir::Value, b: ir::Value, mask: u128) -> ir::Value {
        let mask = ConstantData::from(mask.to_le_bytes().as_slice());
        let mask = self.b.func.dfg.immediates.push(mask);
        self.b.ins().shuffle(a, b, mask)
    }

    pub(in crate::lower) fn vector_table(&mut self, a: Value, b: Value) -> ir::Value {
        let (a, b) = (self.lanes(Lanes::B16, a), self.lanes(Lanes::B16, b));
        self.b.ins().swizzle(a, b)
    }
}
