//! LWL, LWR, SWL, SWR: the two halves of an unaligned word, on either side of an aligned word boundary.
//!
//! All are described in terms of the big-endian byte number of the address in its aligned word: LWL and SWL work on the
//! bytes from there to the word's least significant one, LWR and SWR on those from the most significant one to there.

use demotic_ir::MemSize::{B1, B4};
use demotic_ir::Type::{Bool, I32};
use demotic_ir::{IntCc, MemOp, Value};

use super::unaligned_pair::Half::{Left, Right};
use super::unaligned_pair::Operands;
use super::{Lifter, displacement};
use crate::decode::args;

/// An unaligned address, taken apart.
struct Place {
    /// The address.
    addr: Value,
    /// The address of the word that it is in.
    word: Value,
    /// Eight times the number of more significant bytes in that word.
    above: Value,
    /// Eight times the number of less significant bytes in that word.
    below: Value,
}

impl Lifter<'_> {
    pub(super) fn lwl(&mut self, a: args::Lwl) {
        if self.pair(Operands { half: Left, store: false, rt: a.rt, base: a.base, offset: a.offset }) {
            return;
        }
        let p = self.place(a.base, a.offset);
        let (word, t) = (self.load_word(&p), self.gpr(a.rt));
        let ones = self.b.i32(u32::MAX);
        let loaded = self.b.shl(I32, word, p.above);
        let taken = self.b.shl(I32, ones, p.above);
        self.merge(a.rt, t, taken, loaded);
    }

    pub(super) fn lwr(&mut self, a: args::Lwr) {
        if self.pair(Operands { half: Right, store: false, rt: a.rt, base: a.base, offset: a.offset }) {
            return;
        }
        let p = self.place(a.base, a.offset);
        let (word, t) = (self.load_word(&p), self.gpr(a.rt));
        let ones = self.b.i32(u32::MAX);
        let loaded = self.b.shr(I32, word, p.below);
        let taken = self.b.shr(I32, ones, p.below);
        self.merge(a.rt, t, taken, loaded);
    }

    /// Stores byte by byte: the word's other bytes may belong to another thread.
    pub(super) fn swl(&mut self, a: args::Swl) {
        if self.pair(Operands { half: Left, store: true, rt: a.rt, base: a.base, offset: a.offset }) {
            return;
        }
        let p = self.place(a.base, a.offset);
        let t = self.gpr(a.rt);
        let step = if self.config.big_endian { 1 } else { -1 };
        for n in 0..4 {
            self.store_byte(&p, t, 24 - 8 * n, step * n as i32, p.below, 8 * n);
        }
    }

    pub(super) fn swr(&mut self, a: args::Swr) {
        if self.pair(Operands { half: Right, store: true, rt: a.rt, base: a.base, offset: a.offset }) {
            return;
        }
        let p = self.place(a.base, a.offset);
        let t = self.gpr(a.rt);
        let step = if self.config.big_endian { -1 } else { 1 };
        for n in 0..4 {
            self.store_byte(&p, t, 8 * n, step * n as i32, p.above, 8 * n);
        }
    }

    fn place(&mut self, base: u32, offset: u32) -> Place {
        let (base, disp) = (self.gpr(base), self.b.i32(displacement(offset) as u32));
        let addr = self.b.add(I32, base, disp);
        let (three, word_mask) = (self.b.i32(3), self.b.i32(!3));
        let word = self.b.and(I32, addr, word_mask);
        let byte = self.b.and(I32, addr, three);
        let bits = self.b.shl(I32, byte, three);
        let all = self.b.i32(24);
        let rest = self.b.sub(I32, all, bits);
        let (above, below) = if self.config.big_endian { (bits, rest) } else { (rest, bits) };
        Place { addr, word, above, below }
    }

    fn load_word(&mut self, p: &Place) -> Value {
        self.b.load(I32, p.word, 0, MemOp::new(B4).big(self.config.big_endian))
    }

    /// GPR[rt] ← `loaded`, with the bits of `old` where `taken` is clear.
    fn merge(&mut self, rt: u32, old: Value, taken: Value, loaded: Value) {
        let kept = self.b.not(I32, taken);
        let old = self.b.and(I32, old, kept);
        let merged = self.b.or(I32, old, loaded);
        self.set_gpr(rt, merged);
    }

    /// memory[address + disp] ← bits `bit + 7` to `bit` of `t`, if `room` is at least `wanted`.
    fn store_byte(&mut self, p: &Place, t: Value, bit: u32, disp: i32, room: Value, wanted: u32) {
        let amount = self.b.i32(bit);
        let byte = self.b.shr(I32, t, amount);
        if wanted == 0 {
            self.b.store(I32, p.addr, byte, disp, MemOp::new(B1));
            return;
        }
        let wanted = self.b.i32(wanted);
        let inside = self.b.icmp(I32, room, wanted, IntCc::Uge);
        self.b.if_(Bool, inside);
        self.b.store(I32, p.addr, byte, disp, MemOp::new(B1));
        self.b.end_if(Bool);
    }
}
