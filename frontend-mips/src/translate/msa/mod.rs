//! The SIMD architecture (MIPS32 volume IV-j), by classes.
//!
//! Vector register n is two state words: the floating-point register below, and one of its own above. What becomes of
//! the upper one when a scalar is written to the floating-point register is unpredictable; it stays.
//!
//! Element 0 is in the lowest bits, whatever the endianness. Most instructions are one row of a table here: an
//! [`Operation`] on lanes of any width.

mod arithmetic;
mod bits;
mod branch;
mod compare;
mod control;
mod fixed_point;
mod float;
mod load_store;
mod permute;

use demotic_ir::Type::{self, I64, V128};
use demotic_ir::{BlockBuilder, HelperId, Lanes, Value};

use super::Lifter;
use crate::state::W_HIGH;

/// The type of all vectors.
const V: Type = V128;

/// What an instruction makes of lanes of its destination, and of the registers or the immediate `ws` and `wt`.
type Operation = fn(&mut BlockBuilder, Lanes, [Value; 3]) -> Value;

/// The division into lanes that a field `df` of two bits names.
fn lanes(df: u32) -> Lanes {
    match df & 3 {
        0 => Lanes::B16,
        1 => Lanes::H8,
        2 => Lanes::W4,
        _ => Lanes::D2,
    }
}

/// A vector of equal lanes.
fn splat(b: &mut BlockBuilder, df: Lanes, lane: u64) -> Value {
    let lane = u128::from(lane & df.mask());
    b.v128((0..df.count()).fold(0, |vector, n| vector | lane << (n * df.bits())))
}

/// Instructions of the format 3R: W[wd] ← operation(W[wd], W[ws], W[wt]), lanes being as wide as `df` says.
macro_rules! three_registers {
    ($($method:ident($args:ident): $operation:expr;)*) => {
        impl $crate::translate::Lifter<'_> {
            $(pub(in $crate::translate) fn $method(&mut self, a: $crate::decode::args::$args) {
                self.three_registers($operation, $crate::translate::msa::lanes(a.df), [a.wd, a.ws, a.wt]);
            })*
        }
    };
}
use three_registers;

/// Instructions of the format I5: the immediate, `signed` or `unsigned`, takes the place of W[wt].
macro_rules! immediates {
    ($($method:ident($args:ident, $sign:ident): $operation:expr;)*) => {
        impl $crate::translate::Lifter<'_> {
            $(pub(in $crate::translate) fn $method(&mut self, a: $crate::decode::args::$args) {
                let df = $crate::translate::msa::lanes(a.df);
                self.immediate($operation, df, [a.wd, a.ws], $crate::translate::msa::$sign(a.imm));
            })*
        }
    };
}
use immediates;

/// An immediate of 5 bits.
fn unsigned(imm: u32) -> u64 {
    u64::from(imm)
}

/// An immediate of 5 bits, the highest one being the sign.
fn signed(imm: u32) -> u64 {
    i64::from((imm << 3) as u8 as i8 >> 3) as u64
}

impl Lifter<'_> {
    /// W[n].
    fn w(&mut self, n: u32) -> Value {
        let low = self.fpr_long(n);
        let high = self.b.get(I64, W_HIGH.nth(n));
        self.b.vjoin(V, low, high)
    }

    /// W[n] ← v.
    fn set_w(&mut self, n: u32, v: Value) {
        let (low, high) = (self.b.vlow(V, v), self.b.vhigh(V, v));
        self.set_w_halves(n, low, high);
    }

    /// W[n] ← high || low.
    fn set_w_halves(&mut self, n: u32, low: Value, high: Value) {
        self.set_fpr_long(n, low);
        self.b.put(I64, high, W_HIGH.nth(n));
    }

    fn three_registers(&mut self, operation: Operation, df: Lanes, registers: [u32; 3]) {
        let operands = registers.map(|n| self.w(n));
        let result = operation(&mut self.b, df, operands);
        self.set_w(registers[0], result);
    }

    fn immediate(&mut self, operation: Operation, df: Lanes, registers: [u32; 2], imm: u64) {
        let [d, s] = registers.map(|n| self.w(n));
        let imm = splat(&mut self.b, df, imm);
        let result = operation(&mut self.b, df, [d, s, imm]);
        self.set_w(registers[0], result);
    }

    /// W[wd] ← what a helper makes of W[wd], W[ws] and W[wt].
    fn vector_helper(&mut self, helper: HelperId, registers: [u32; 3]) {
        let [d, s, t] = registers.map(|n| self.w(n));
        let result = self.b.vhelper(V, d, s, t, helper);
        self.set_w(registers[0], result);
    }
}
