//! Integer arithmetic: sums, differences, products, quotients, averages, minima and maxima.

use demotic_ir::{BlockBuilder, IntCc, Lanes, Value};

use super::{Operation, V, immediates, splat, three_registers};
use crate::decode::args;
use crate::helpers::msa;
use crate::translate::Lifter;

const ADDV: Operation = |b, df, [_, s, t]| b.vadd(V, s, t, df);
const SUBV: Operation = |b, df, [_, s, t]| b.vsub(V, s, t, df);
const MAX_S: Operation = |b, df, [_, s, t]| b.vmax_s(V, s, t, df);
const MAX_U: Operation = |b, df, [_, s, t]| b.vmax_u(V, s, t, df);
const MIN_S: Operation = |b, df, [_, s, t]| b.vmin_s(V, s, t, df);
const MIN_U: Operation = |b, df, [_, s, t]| b.vmin_u(V, s, t, df);

three_registers! {
    addv(Addv): ADDV;
    subv(Subv): SUBV;
    max_s(MaxS): MAX_S;
    max_u(MaxU): MAX_U;
    min_s(MinS): MIN_S;
    min_u(MinU): MIN_U;
    max_a(MaxA): |b, df, [_, s, t]| by_magnitude(b, df, s, t, IntCc::Ugt);
    min_a(MinA): |b, df, [_, s, t]| by_magnitude(b, df, s, t, IntCc::Ult);

    add_a(AddA): |b, df, [_, s, t]| {
        let (s, t) = (b.vabs(V, s, df), b.vabs(V, t, df));
        b.vadd(V, s, t, df)
    };
    adds_a(AddsA): |b, df, [_, s, t]| {
        let (s, t) = (b.vabs(V, s, df), b.vabs(V, t, df));
        let sum = b.vadd_sat_u(V, s, t, df);
        let greatest = splat(b, df, df.mask() >> 1);
        b.vmin_u(V, sum, greatest, df)
    };
    adds_s(AddsS): |b, df, [_, s, t]| b.vadd_sat_s(V, s, t, df);
    adds_u(AddsU): |b, df, [_, s, t]| b.vadd_sat_u(V, s, t, df);
    subs_s(SubsS): |b, df, [_, s, t]| b.vsub_sat_s(V, s, t, df);
    subs_u(SubsU): |b, df, [_, s, t]| b.vsub_sat_u(V, s, t, df);
    subsus_u(SubsusU): |b, df, [_, s, t]| {
        let negated = b.vneg(V, t, df);
        let sum = b.vadd_sat_u(V, s, negated, df);
        let difference = b.vsub_sat_u(V, s, t, df);
        let negative = b.vsar_i(V, t, df, top(df));
        b.vselect(V, negative, sum, difference)
    };
    subsuu_s(SubsuuS): |b, df, [_, s, t]| {
        let greatest = splat(b, df, df.mask() >> 1);
        let least = splat(b, df, 1 << top(df));
        let positive = b.vsub_sat_u(V, s, t, df);
        let positive = b.vmin_u(V, positive, greatest, df);
        let negative = b.vsub_sat_u(V, t, s, df);
        let negative = b.vmin_u(V, negative, least, df);
        b.vsub(V, positive, negative, df)
    };
    asub_s(AsubS): |b, df, [_, s, t]| {
        let (more, less) = (b.vmax_s(V, s, t, df), b.vmin_s(V, s, t, df));
        b.vsub(V, more, less, df)
    };
    asub_u(AsubU): |b, df, [_, s, t]| {
        let (more, less) = (b.vmax_u(V, s, t, df), b.vmin_u(V, s, t, df));
        b.vsub(V, more, less, df)
    };

    ave_s(AveS): |b, df, [_, s, t]| {
        let (both, unlike) = (b.vand(V, s, t), b.vxor(V, s, t));
        let half = b.vsar_i(V, unlike, df, 1);
        b.vadd(V, both, half, df)
    };
    ave_u(AveU): |b, df, [_, s, t]| {
        let (both, unlike) = (b.vand(V, s, t), b.vxor(V, s, t));
        let half = b.vshr_i(V, unlike, df, 1);
        b.vadd(V, both, half, df)
    };
    aver_s(AverS): |b, df, [_, s, t]| {
        let (either, unlike) = (b.vor(V, s, t), b.vxor(V, s, t));
        let half = b.vsar_i(V, unlike, df, 1);
        b.vsub(V, either, half, df)
    };
    aver_u(AverU): |b, df, [_, s, t]| b.vavg_u(V, s, t, df);

    mulv(Mulv): |b, df, [_, s, t]| b.vmul(V, s, t, df);
    maddv(Maddv): |b, df, [d, s, t]| {
        let product = b.vmul(V, s, t, df);
        b.vadd(V, d, product, df)
    };
    msubv(Msubv): |b, df, [d, s, t]| {
        let product = b.vmul(V, s, t, df);
        b.vsub(V, d, product, df)
    };

    dotp_s(DotpS): |b, df, [_, s, t]| dot_product(b, df, s, t, halves_s);
    dotp_u(DotpU): |b, df, [_, s, t]| dot_product(b, df, s, t, halves_u);
    dpadd_s(DpaddS): |b, df, [d, s, t]| {
        let product = dot_product(b, df, s, t, halves_s);
        b.vadd(V, d, product, df)
    };
    dpadd_u(DpaddU): |b, df, [d, s, t]| {
        let product = dot_product(b, df, s, t, halves_u);
        b.vadd(V, d, product, df)
    };
    dpsub_s(DpsubS): |b, df, [d, s, t]| {
        let product = dot_product(b, df, s, t, halves_s);
        b.vsub(V, d, product, df)
    };
    dpsub_u(DpsubU): |b, df, [d, s, t]| {
        let product = dot_product(b, df, s, t, halves_u);
        b.vsub(V, d, product, df)
    };
    hadd_s(HaddS): |b, df, [_, s, t]| {
        let (odd, even) = (halves_s(b, df, s).1, halves_s(b, df, t).0);
        b.vadd(V, odd, even, df)
    };
    hadd_u(HaddU): |b, df, [_, s, t]| {
        let (odd, even) = (halves_u(b, df, s).1, halves_u(b, df, t).0);
        b.vadd(V, odd, even, df)
    };
    hsub_s(HsubS): |b, df, [_, s, t]| {
        let (odd, even) = (halves_s(b, df, s).1, halves_s(b, df, t).0);
        b.vsub(V, odd, even, df)
    };
    hsub_u(HsubU): |b, df, [_, s, t]| {
        let (odd, even) = (halves_u(b, df, s).1, halves_u(b, df, t).0);
        b.vsub(V, odd, even, df)
    };
}

immediates! {
    addvi(Addvi, unsigned): ADDV;
    subvi(Subvi, unsigned): SUBV;
    maxi_s(MaxiS, signed): MAX_S;
    maxi_u(MaxiU, unsigned): MAX_U;
    mini_s(MiniS, signed): MIN_S;
    mini_u(MiniU, unsigned): MIN_U;
}

impl Lifter<'_> {
    pub(in crate::translate) fn div_s(&mut self, a: args::DivS) {
        self.vector_helper(msa::DIV_S[a.df as usize & 3], [a.wd, a.ws, a.wt]);
    }

    pub(in crate::translate) fn div_u(&mut self, a: args::DivU) {
        self.vector_helper(msa::DIV_U[a.df as usize & 3], [a.wd, a.ws, a.wt]);
    }

    pub(in crate::translate) fn mod_s(&mut self, a: args::ModS) {
        self.vector_helper(msa::MOD_S[a.df as usize & 3], [a.wd, a.ws, a.wt]);
    }

    pub(in crate::translate) fn mod_u(&mut self, a: args::ModU) {
        self.vector_helper(msa::MOD_U[a.df as usize & 3], [a.wd, a.ws, a.wt]);
    }
}

/// The number of the highest bit.
fn top(df: Lanes) -> u8 {
    df.bits() as u8 - 1
}

/// `s` where its magnitude compares so with that of `t`, which is taken elsewhere.
fn by_magnitude(b: &mut BlockBuilder, df: Lanes, s: Value, t: Value, cc: IntCc) -> Value {
    let (magnitude_s, magnitude_t) = (b.vabs(V, s, df), b.vabs(V, t, df));
    let chosen = b.vcmp(V, magnitude_s, magnitude_t, df, cc);
    b.vselect(V, chosen, s, t)
}

/// The even and the odd elements of half the width, sign-extended.
fn halves_s(b: &mut BlockBuilder, df: Lanes, v: Value) -> (Value, Value) {
    let half = df.bits() as u8 / 2;
    let even = b.vshl_i(V, v, df, half);
    (b.vsar_i(V, even, df, half), b.vsar_i(V, v, df, half))
}

/// The even and the odd elements of half the width, zero-extended.
fn halves_u(b: &mut BlockBuilder, df: Lanes, v: Value) -> (Value, Value) {
    let half = df.bits() / 2;
    let mask = splat(b, df, df.mask() >> half);
    (b.vand(V, v, mask), b.vshr_i(V, v, df, half as u8))
}

/// The sum of the products of the even and of the odd elements.
fn dot_product(
    b: &mut BlockBuilder,
    df: Lanes,
    s: Value,
    t: Value,
    halves: fn(&mut BlockBuilder, Lanes, Value) -> (Value, Value),
) -> Value {
    let ((even_s, odd_s), (even_t, odd_t)) = (halves(b, df, s), halves(b, df, t));
    let (even, odd) = (b.vmul(V, even_s, even_t, df), b.vmul(V, odd_s, odd_t, df));
    b.vadd(V, even, odd, df)
}
