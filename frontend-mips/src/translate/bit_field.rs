//! Bit fields: EXT, INS, WSBH, ALIGN, BITSWAP.

use demotic_ir::Type::I32;

use super::Lifter;
use crate::decode::args;

impl Lifter<'_> {
    /// `l` is the field's lowest bit, `m` its width less 1. A field that ends outside the register is unpredictable;
    /// we choose an exception.
    pub(super) fn ext(&mut self, a: args::Ext) {
        let (pos, size) = (a.l, a.m + 1);
        if pos + size > 32 {
            return self.reserved();
        }
        let s = self.gpr(a.rs);
        let pos = self.b.i32(pos);
        let shifted = self.b.shr(I32, s, pos);
        let mask = self.b.i32(low_bits(size));
        let field = self.b.and(I32, shifted, mask);
        self.set_gpr(a.rt, field);
    }

    /// `l` is the field's lowest bit, `m` its highest. A highest below the lowest is unpredictable; we choose an
    /// exception.
    pub(super) fn ins(&mut self, a: args::Ins) {
        if a.m < a.l {
            return self.reserved();
        }
        let mask = low_bits(a.m - a.l + 1) << a.l;
        let (s, t) = (self.gpr(a.rs), self.gpr(a.rt));
        let pos = self.b.i32(a.l);
        let shifted = self.b.shl(I32, s, pos);
        let (inside, outside) = (self.b.i32(mask), self.b.i32(!mask));
        let field = self.b.and(I32, shifted, inside);
        let rest = self.b.and(I32, t, outside);
        let merged = self.b.or(I32, rest, field);
        self.set_gpr(a.rt, merged);
    }

    /// The bytes of GPR[rt] and GPR[rs], from `a` bytes below the top on.
    pub(super) fn align(&mut self, a: args::Align) {
        let (s, t) = (self.gpr(a.rs), self.gpr(a.rt));
        if a.a == 0 {
            return self.set_gpr(a.rd, t);
        }
        let (up, down) = (self.b.i32(8 * a.a), self.b.i32(32 - 8 * a.a));
        let high = self.b.shl(I32, t, up);
        let low = self.b.shr(I32, s, down);
        let joined = self.b.or(I32, high, low);
        self.set_gpr(a.rd, joined);
    }

    /// Reverses the bits of each byte.
    pub(super) fn bitswap(&mut self, a: args::Bitswap) {
        let t = self.gpr(a.rt);
        let reversed = self.b.bit_reverse(I32, t);
        let bytes = self.b.byte_swap(I32, reversed);
        self.set_gpr(a.rd, bytes);
    }

    pub(super) fn wsbh(&mut self, a: args::Wsbh) {
        let t = self.gpr(a.rt);
        let swapped = self.b.byte_swap(I32, t);
        let half = self.b.i32(16);
        let halves = self.b.rotr(I32, swapped, half);
        self.set_gpr(a.rd, halves);
    }
}

/// The low `size` (1 to 32) bits set.
const fn low_bits(size: u32) -> u32 {
    u32::MAX >> (32 - size)
}
