//! Lanes of half the width.

use cranelift_codegen::ir::{self, InstBuilder};
use demotic_ir::{Lanes, Value};

use super::permute::EVEN_WORDS;
use crate::lower::Lowerer;

impl Lowerer<'_> {
    fn both(&mut self, lanes: Lanes, a: Value, b: Value) -> [ir::Value; 2] {
        [self.lanes(lanes, a), self.lanes(lanes, b)]
    }

    pub(in crate::lower) fn vector_narrow(&mut self, a: Value, b: Value, lanes: Lanes) -> ir::Value {
        let both = self.both(lanes, a, b);
        if lanes == Lanes::D2 {
            return self.narrow_doublewords(both);
        }
        let mask = self.vconst_splat(lanes, lanes.mask() >> (lanes.bits() / 2));
        let [a, b] = both.map(|v| self.b.ins().band(v, mask));
        self.b.ins().unarrow(a, b)
    }

    fn narrow_doublewords(&mut self, both: [ir::Value; 2]) -> ir::Value {
        let [a, b] = both.map(|v| self.as_lanes(Lanes::B16, v));
        self.shuffle(a, b, EVEN_WORDS)
    }

    pub(in crate::lower) fn vector_narrow_sat_ss(&mut self, a: Value, b: Value, lanes: Lanes) -> ir::Value {
        let both @ [a, b] = self.both(lanes, a, b);
        if lanes != Lanes::D2 {
            return self.b.ins().snarrow(a, b);
        }
        self.clamp_and_narrow(both, i32::MIN.into(), i32::MAX.into())
    }

    pub(in crate::lower) fn vector_narrow_sat_su(&mut self, a: Value, b: Value, lanes: Lanes) -> ir::Value {
        let both @ [a, b] = self.both(lanes, a, b);
        if lanes != Lanes::D2 {
            return self.b.ins().unarrow(a, b);
        }
        self.clamp_and_narrow(both, 0, u32::MAX.into())
    }

    /// Signed doublewords, limited.
    fn clamp_and_narrow(&mut self, both: [ir::Value; 2], min: i64, max: i64) -> ir::Value {
        let min = self.vconst_splat(Lanes::D2, min as u64);
        let max = self.vconst_splat(Lanes::D2, max as u64);
        let clamped = both.map(|v| {
            let v = self.b.ins().smax(v, min);
            self.b.ins().smin(v, max)
        });
        self.narrow_doublewords(clamped)
    }

    pub(in crate::lower) fn vector_narrow_sat_uu(&mut self, a: Value, b: Value, lanes: Lanes) -> ir::Value {
        let both = self.both(lanes, a, b);
        let max = self.vconst_splat(lanes, lanes.mask() >> (lanes.bits() / 2));
        let limited @ [a, b] = both.map(|v| self.b.ins().umin(v, max));
        if lanes == Lanes::D2 { self.narrow_doublewords(limited) } else { self.b.ins().unarrow(a, b) }
    }
}
