//! Moves of elements: shuffles, interleaving, packing, sliding, and to and from general registers.

use demotic_ir::Type::{I32, I64};
use demotic_ir::{BlockBuilder, Lanes, MemSize, Value};

use super::{V, lanes, splat, three_registers};
use crate::decode::args;
use crate::helpers::msa;
use crate::translate::Lifter;

three_registers! {
    pckev(Pckev): |b, df, [_, s, t]| shuffle(b, df, t, s, |n, _| 2 * n);
    pckod(Pckod): |b, df, [_, s, t]| shuffle(b, df, t, s, |n, _| 2 * n + 1);
    ilvev(Ilvev): |b, df, [_, s, t]| shuffle(b, df, t, s, |n, count| (n & !1) + (n & 1) * count);
    ilvod(Ilvod): |b, df, [_, s, t]| shuffle(b, df, t, s, |n, count| (n | 1) + (n & 1) * count);
    ilvr(Ilvr): |b, df, [_, s, t]| shuffle(b, df, t, s, |n, count| n / 2 + (n & 1) * count);
    ilvl(Ilvl): |b, df, [_, s, t]| shuffle(b, df, t, s, |n, count| (n + count) / 2 + (n & 1) * count);
    vshf(Vshf): |b, df, [d, s, t]| shuffle_by_register(b, df, d, s, t);
}

/// The vector whose element `n` is element `source(n, count)` of `low` and `high`, taken together.
fn shuffle(
    b: &mut BlockBuilder,
    df: Lanes,
    low: Value,
    high: Value,
    source: impl Fn(u32, u32) -> u32,
) -> Value {
    let size = df.bits() / 8;
    let byte = |at: u32| source(at / size, df.count()) * size + at % size;
    let mask = (0..16).fold(0, |mask, at| mask | u128::from(byte(at)) << (8 * at));
    b.vshuffle(V, low, high, mask)
}

/// Each element of `d` is replaced by the one of `t` and `s`, taken together, that it is the number of; by 0, if bit 6
/// or 7 is set.
fn shuffle_by_register(b: &mut BlockBuilder, df: Lanes, d: Value, s: Value, t: Value) -> Value {
    let numbers = splat(b, df, u64::from(2 * df.count() - 1));
    let number = b.vand(V, d, numbers);
    let index = byte_indices(b, df, number);
    let sixteen = splat(b, Lanes::B16, 16);
    let beyond = b.vsub(V, index, sixteen, Lanes::B16);
    // Indices of the other vector are out of range, and give 0.
    let (low, high) = (b.vtable(V, t, index), b.vtable(V, s, beyond));
    let element = b.vor(V, low, high);
    let (flags, zero) = (splat(b, df, 0xc0), splat(b, df, 0));
    let flagged = b.vand(V, d, flags);
    let kept = b.vcmp(V, flagged, zero, df, demotic_ir::IntCc::Eq);
    b.vand(V, element, kept)
}

/// For each byte of a lane with the number of an element, the number of the byte.
fn byte_indices(b: &mut BlockBuilder, df: Lanes, number: Value) -> Value {
    let size = df.bits() / 8;
    let (first, bytes) = (size.trailing_zeros() as u8, 0x0706_0504_0302_0100);
    let first = b.vshl_i(V, number, df, first);
    // The number of the first byte in all bytes of the lane, by doubling.
    let mut spread = first;
    let mut width = 8;
    while width < df.bits() {
        let up = b.vshl_i(V, spread, df, width as u8);
        spread = b.vor(V, spread, up);
        width *= 2;
    }
    let offsets = splat(b, df, bytes);
    b.vadd(V, spread, offsets, Lanes::B16)
}

/// The lanes and the element that a field `df/n` names (table 3.26). The top values are none.
fn element(dfn: u32) -> (Lanes, u32) {
    let lanes = match dfn & 0x3f {
        0..32 => Lanes::B16,
        32..48 => Lanes::H8,
        48..56 => Lanes::W4,
        _ => Lanes::D2,
    };
    (lanes, dfn & (lanes.count() - 1))
}

/// Elements of a row of bytes slide: each vector is made of `count / 16` bytes wide rows, in which byte `n + i` of
/// source and destination, taken together, comes to `i`.
fn slide(b: &mut BlockBuilder, df: Lanes, n: u32, d: Value, s: Value) -> Value {
    let row = df.count();
    shuffle(b, Lanes::B16, s, d, |at, _| {
        let place = at % row + n;
        at / row * row + place % row + place / row * 16
    })
}

impl Lifter<'_> {
    pub(in crate::translate) fn shf(&mut self, a: args::Shf) {
        let s = self.w(a.ws);
        let result = shuffle(&mut self.b, lanes(a.df), s, s, |n, _| (n & !3) + (a.imm >> (2 * (n & 3)) & 3));
        self.set_w(a.wd, result);
    }

    pub(in crate::translate) fn sldi(&mut self, a: args::Sldi) {
        let (df, n) = element(a.dfn);
        let (d, s) = (self.w(a.wd), self.w(a.ws));
        let result = slide(&mut self.b, df, n, d, s);
        self.set_w(a.wd, result);
    }

    pub(in crate::translate) fn sld(&mut self, a: args::Sld) {
        let (d, s, t) = (self.w(a.wd), self.w(a.ws), self.gpr(a.rt));
        let n = self.b.zext64(I64, t);
        let row = self.b.i64(lanes(a.df).count().into());
        let parameters = self.b.vjoin(V, n, row);
        let result = self.b.vhelper(V, d, s, parameters, msa::SLD);
        self.set_w(a.wd, result);
    }

    pub(in crate::translate) fn splati(&mut self, a: args::Splati) {
        let (df, n) = element(a.dfn);
        let s = self.w(a.ws);
        let lane = self.b.vextract(V, s, df, n as u8);
        let result = self.b.vsplat(V, lane, df);
        self.set_w(a.wd, result);
    }

    pub(in crate::translate) fn splat(&mut self, a: args::Splat) {
        let df = lanes(a.df);
        let (s, t) = (self.w(a.ws), self.gpr(a.rt));
        let number = self.b.zext64(I64, t);
        let last = self.b.i64(u64::from(df.count() - 1));
        let number = self.b.and(I64, number, last);
        let number = self.b.vsplat(V, number, df);
        let index = byte_indices(&mut self.b, df, number);
        let result = self.b.vtable(V, s, index);
        self.set_w(a.wd, result);
    }

    pub(in crate::translate) fn copy_s(&mut self, a: args::CopyS) {
        let (df, n) = element(a.dfn);
        let word = self.element_word(df, n, a.ws);
        let word = match df {
            Lanes::B16 => self.b.sext_low(I32, word, MemSize::B1),
            Lanes::H8 => self.b.sext_low(I32, word, MemSize::B2),
            _ => word,
        };
        self.set_gpr(a.rd, word);
    }

    pub(in crate::translate) fn copy_u(&mut self, a: args::CopyU) {
        let (df, n) = element(a.dfn);
        let word = self.element_word(df, n, a.ws);
        self.set_gpr(a.rd, word);
    }

    /// Element `n` of W[ws], zero-extended.
    fn element_word(&mut self, df: Lanes, n: u32, ws: u32) -> Value {
        let s = self.w(ws);
        let lane = self.b.vextract(V, s, df, n as u8);
        self.b.trunc32(I32, lane)
    }

    pub(in crate::translate) fn insert(&mut self, a: args::Insert) {
        let (df, n) = element(a.dfn);
        let (d, s) = (self.w(a.wd), self.gpr(a.rs));
        let lane = self.b.zext64(I64, s);
        let result = self.b.vinsert(V, d, lane, df, n as u8);
        self.set_w(a.wd, result);
    }

    pub(in crate::translate) fn insve(&mut self, a: args::Insve) {
        let (df, n) = element(a.dfn);
        let (d, s) = (self.w(a.wd), self.w(a.ws));
        let lane = self.b.vextract(V, s, df, 0);
        let result = self.b.vinsert(V, d, lane, df, n as u8);
        self.set_w(a.wd, result);
    }

    pub(in crate::translate) fn fill(&mut self, a: args::Fill) {
        let s = self.gpr(a.rs);
        let lane = self.b.zext64(I64, s);
        let result = self.b.vsplat(V, lane, lanes(a.df));
        self.set_w(a.wd, result);
    }

    /// The immediate has 10 bits, the highest one being the sign.
    pub(in crate::translate) fn ldi(&mut self, a: args::Ldi) {
        let imm = i64::from((a.imm << 6) as u16 as i16 >> 6);
        let result = splat(&mut self.b, lanes(a.df), imm as u64);
        self.set_w(a.wd, result);
    }

    pub(in crate::translate) fn move_v(&mut self, a: args::MoveV) {
        let s = self.w(a.ws);
        self.set_w(a.wd, s);
    }
}
