//! Loads and stores of vectors, element 0 at the lowest address; and the scaled addition for addresses.

use demotic_ir::Type::{I32, I64};
use demotic_ir::{Lanes, MemOp, MemSize, Value};

use super::{V, lanes};
use crate::decode::args;
use crate::translate::Lifter;

impl Lifter<'_> {
    pub(in crate::translate) fn ld(&mut self, a: args::Ld) {
        let base = self.gpr(a.base);
        let (disp, mem) = (scaled(a.offset, a.df), self.element_access(lanes(a.df)));
        let low = self.b.load(I64, base, disp, mem);
        let high = self.b.load(I64, base, disp + 8, mem);
        let vector = self.b.vjoin(V, low, high);
        let vector = self.elements_in_memory(vector, lanes(a.df));
        self.set_w(a.wd, vector);
    }

    pub(in crate::translate) fn st(&mut self, a: args::St) {
        let (base, vector) = (self.gpr(a.base), self.w(a.wd));
        let (disp, mem) = (scaled(a.offset, a.df), self.element_access(lanes(a.df)));
        let vector = self.elements_in_memory(vector, lanes(a.df));
        let (low, high) = (self.b.vlow(V, vector), self.b.vhigh(V, vector));
        self.b.store(I64, base, low, disp, mem);
        self.b.store(I64, base, high, disp + 8, mem);
    }

    pub(in crate::translate) fn lsa_msa(&mut self, a: args::LsaMsa) {
        let (s, t, amount) = (self.gpr(a.rs), self.gpr(a.rt), self.b.i32(a.sa + 1));
        let scaled = self.b.shl(I32, s, amount);
        let sum = self.b.add(I32, scaled, t);
        self.set_gpr(a.rd, sum);
    }

    /// How half a vector is accessed. Vectors need not be aligned. Doublewords are in the guest's byte order; smaller
    /// elements are put in order by [`Self::elements_in_memory`].
    fn element_access(&self, df: Lanes) -> MemOp {
        MemOp::new(MemSize::B8).big(self.config.big_endian && df == Lanes::D2)
    }

    /// Reverses the bytes of each halfword or word for big-endian guests.
    fn elements_in_memory(&mut self, vector: Value, df: Lanes) -> Value {
        if !self.config.big_endian || matches!(df, Lanes::B16 | Lanes::D2) {
            return vector;
        }
        let last = u128::from(df.bits() / 8 - 1);
        let mask = (0..16).fold(0, |mask, at| mask | (at ^ last) << (8 * at));
        self.b.vshuffle(V, vector, vector, mask)
    }
}

/// An offset of 10 bits with a sign, which counts elements.
fn scaled(offset: u32, df: u32) -> i32 {
    i32::from((offset << 6) as u16 as i16 >> 6) << (df & 3)
}
