//! Shifts, single bits, bit fields, logic of whole vectors, and counting of bits.

use demotic_ir::{BlockBuilder, Lanes, Value};

use super::{Operation, V, lanes, splat, three_registers};
use crate::decode::args;
use crate::translate::Lifter;

three_registers! {
    sll_df(SllDf): |b, df, [_, s, t]| b.vshl_v(V, s, t, df);
    sra_df(SraDf): |b, df, [_, s, t]| b.vsar_v(V, s, t, df);
    srl_df(SrlDf): |b, df, [_, s, t]| b.vshr_v(V, s, t, df);
    srar(Srar): |b, df, [_, s, t]| {
        let (shifted, last) = (b.vsar_v(V, s, t, df), last_bit(b, df, s, t));
        b.vadd(V, shifted, last, df)
    };
    srlr(Srlr): |b, df, [_, s, t]| {
        let (shifted, last) = (b.vshr_v(V, s, t, df), last_bit(b, df, s, t));
        b.vadd(V, shifted, last, df)
    };
    bclr(Bclr): |b, df, [_, s, t]| {
        let bit = bit(b, df, t);
        let others = b.vnot(V, bit);
        b.vand(V, s, others)
    };
    bset(Bset): |b, df, [_, s, t]| {
        let bit = bit(b, df, t);
        b.vor(V, s, bit)
    };
    bneg(Bneg): |b, df, [_, s, t]| {
        let bit = bit(b, df, t);
        b.vxor(V, s, bit)
    };
    binsl(Binsl): |b, df, [d, s, t]| {
        let sign = splat(b, df, 1 << (df.bits() - 1));
        let mask = b.vsar_v(V, sign, t, df);
        b.vselect(V, mask, s, d)
    };
    binsr(Binsr): |b, df, [d, s, t]| {
        let (ones, complement) = (splat(b, df, u64::MAX), b.vnot(V, t));
        let mask = b.vshr_v(V, ones, complement, df);
        b.vselect(V, mask, s, d)
    };
}

/// The bit of each lane of `s` that is the last one shifted out to the right by `t`; none by 0.
fn last_bit(b: &mut BlockBuilder, df: Lanes, s: Value, t: Value) -> Value {
    let up = b.vshl_i(V, s, df, 1);
    let last = b.vshr_v(V, up, t, df);
    let one = splat(b, df, 1);
    b.vand(V, last, one)
}

/// 1 << t.
fn bit(b: &mut BlockBuilder, df: Lanes, t: Value) -> Value {
    let one = splat(b, df, 1);
    b.vshl_v(V, one, t, df)
}

/// The lanes and the bit number that a field `df/m` names (table 3.25). The top values are none.
fn bit_number(dfm: u32) -> (Lanes, u8) {
    let lanes = match dfm >> 3 & 15 {
        0..8 => Lanes::D2,
        8..12 => Lanes::W4,
        12..14 => Lanes::H8,
        _ => Lanes::B16,
    };
    (lanes, (dfm & (lanes.bits() - 1)) as u8)
}

/// Instructions of the format BIT: W[wd] ← operation(m, W[wd], W[ws]).
macro_rules! bit_immediates {
    ($($method:ident($args:ident): $operation:expr;)*) => {
        impl Lifter<'_> {
            $(pub(in crate::translate) fn $method(&mut self, a: args::$args) {
                let operation: fn(&mut BlockBuilder, Lanes, u8, [Value; 2]) -> Value = $operation;
                let (df, m) = bit_number(a.dfm);
                let (d, s) = (self.w(a.wd), self.w(a.ws));
                let result = operation(&mut self.b, df, m, [d, s]);
                self.set_w(a.wd, result);
            })*
        }
    };
}

bit_immediates! {
    slli(Slli): |b, df, m, [_, s]| b.vshl_i(V, s, df, m);
    srai(Srai): |b, df, m, [_, s]| b.vsar_i(V, s, df, m);
    srli(Srli): |b, df, m, [_, s]| b.vshr_i(V, s, df, m);
    srari(Srari): |b, df, m, [_, s]| {
        let shifted = b.vsar_i(V, s, df, m);
        add_last_bit(b, df, m, s, shifted)
    };
    srlri(Srlri): |b, df, m, [_, s]| {
        let shifted = b.vshr_i(V, s, df, m);
        add_last_bit(b, df, m, s, shifted)
    };
    bclri(Bclri): |b, df, m, [_, s]| {
        let others = splat(b, df, !(1 << m));
        b.vand(V, s, others)
    };
    bseti(Bseti): |b, df, m, [_, s]| {
        let bit = splat(b, df, 1 << m);
        b.vor(V, s, bit)
    };
    bnegi(Bnegi): |b, df, m, [_, s]| {
        let bit = splat(b, df, 1 << m);
        b.vxor(V, s, bit)
    };
    binsli(Binsli): |b, df, m, [d, s]| {
        let mask = splat(b, df, !(df.mask() >> 1 >> m));
        b.vselect(V, mask, s, d)
    };
    binsri(Binsri): |b, df, m, [d, s]| {
        let mask = splat(b, df, u64::MAX >> (63 - m));
        b.vselect(V, mask, s, d)
    };
    sat_s(SatS): |b, df, m, [_, s]| {
        let (greatest, least) = (splat(b, df, (1 << m) - 1), splat(b, df, u64::MAX << m));
        let below = b.vmin_s(V, s, greatest, df);
        b.vmax_s(V, below, least, df)
    };
    sat_u(SatU): |b, df, m, [_, s]| {
        let greatest = splat(b, df, u64::MAX >> (63 - m));
        b.vmin_u(V, s, greatest, df)
    };
}

/// `shifted`, which is `s` shifted right by `m`, plus the last bit shifted out.
fn add_last_bit(b: &mut BlockBuilder, df: Lanes, m: u8, s: Value, shifted: Value) -> Value {
    if m == 0 {
        return shifted;
    }
    let (last, one) = (b.vshr_i(V, s, df, m - 1), splat(b, df, 1));
    let last = b.vand(V, last, one);
    b.vadd(V, shifted, last, df)
}

const AND: Operation = |b, _, [_, s, t]| b.vand(V, s, t);
const OR: Operation = |b, _, [_, s, t]| b.vor(V, s, t);
const XOR: Operation = |b, _, [_, s, t]| b.vxor(V, s, t);
const NOR: Operation = |b, _, [_, s, t]| {
    let either = b.vor(V, s, t);
    b.vnot(V, either)
};
const BMNZ: Operation = |b, _, [d, s, t]| b.vselect(V, t, s, d);
const BMZ: Operation = |b, _, [d, s, t]| b.vselect(V, t, d, s);
const BSEL: Operation = |b, _, [d, s, t]| b.vselect(V, d, t, s);

/// Logic of whole vectors, with a register (format VEC) and with an immediate byte (format I8).
macro_rules! logic {
    ($($operation:ident: $vector:ident($vector_args:ident) $(, $byte:ident($byte_args:ident))?;)*) => {
        impl Lifter<'_> {
            $(
                pub(in crate::translate) fn $vector(&mut self, a: args::$vector_args) {
                    self.three_registers($operation, Lanes::B16, [a.wd, a.ws, a.wt]);
                }

                $(pub(in crate::translate) fn $byte(&mut self, a: args::$byte_args) {
                    self.immediate($operation, Lanes::B16, [a.wd, a.ws], a.imm.into());
                })?
            )*
        }
    };
}

logic! {
    AND: and_v(AndV), andi_b(AndiB);
    OR: or_v(OrV), ori_b(OriB);
    NOR: nor_v(NorV), nori_b(NoriB);
    XOR: xor_v(XorV), xori_b(XoriB);
    BMNZ: bmnz_v(BmnzV), bmnzi_b(BmnziB);
    BMZ: bmz_v(BmzV), bmzi_b(BmziB);
    BSEL: bsel_v(BselV), bseli_b(BseliB);
}

impl Lifter<'_> {
    pub(in crate::translate) fn nlzc(&mut self, a: args::Nlzc) {
        let s = self.w(a.ws);
        let count = self.b.vclz(V, s, lanes(a.df));
        self.set_w(a.wd, count);
    }

    pub(in crate::translate) fn nloc(&mut self, a: args::Nloc) {
        let s = self.w(a.ws);
        let complement = self.b.vnot(V, s);
        let count = self.b.vclz(V, complement, lanes(a.df));
        self.set_w(a.wd, count);
    }

    /// The bits of bytes are counted; then counts are added in pairs until they are those of lanes.
    pub(in crate::translate) fn pcnt(&mut self, a: args::Pcnt) {
        let s = self.w(a.ws);
        let mut count = self.b.vpopcnt(V, s, Lanes::B16);
        for wide in [Lanes::H8, Lanes::W4, Lanes::D2].into_iter().take(a.df as usize) {
            let half = wide.bits() / 2;
            let mask = splat(&mut self.b, wide, wide.mask() >> half);
            let (even, odd) = (self.b.vand(V, count, mask), self.b.vshr_i(V, count, wide, half as u8));
            count = self.b.vadd(V, even, odd, wide);
        }
        self.set_w(a.wd, count);
    }
}
