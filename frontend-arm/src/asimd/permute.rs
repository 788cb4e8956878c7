//! Permutations: VREV, VTRN, VUZP, VZIP, VSWP (A7.4.5), VEXT, VTBL, VTBX and VDUP.

use demotic_ir::{IntCc, Lanes, Value};

use super::elements::{Elements, Register, Two};
use crate::lifter::Lifter;
use crate::vfp::{get_d, put_d};

/// The shuffle whose byte `i` is from byte `from(i)` of two vectors.
fn mask(from: impl Fn(u32) -> u32) -> u128 {
    (0..16).fold(0, |mask, i| mask | u128::from(from(i)) << (8 * i))
}

/// `VREV64`, `VREV32` and `VREV16`: elements in reverse order within every `region` bytes.
pub(super) fn vrev(l: &mut Lifter<'_>, e: Elements, region: u32, m: Value) -> Value {
    // All numbers are powers of two: the index of an element is complemented within its region.
    let change = region - e.bits() / 8;
    l.vshuffle(m, m, mask(|i| i ^ change))
}

/// `VEXT`: the vector that begins at byte `start` of the first operand and goes on in the second.
pub(super) fn vext(l: &mut Lifter<'_>, quad: bool, start: u32, n: Value, m: Value) -> Value {
    let bytes = if quad { 16 } else { 8 };
    // Bytes of the second operand have numbers from 16 on.
    l.vshuffle(n, m, mask(|i| if i + start < bytes { i + start } else { 16 + (i + start - bytes) % bytes }))
}

/// How two vectors are mixed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mix {
    /// `VTRN`: the odd elements of the first change places with the even elements of the second.
    Transpose,
    /// `VUZP`: the even elements of both go to the first, the odd elements to the second.
    Unzip,
    /// `VZIP`: the elements alternate.
    Zip,
}

impl Mix {
    /// Where element `i` of the result comes from; results and sources are two vectors of `count` elements each, one
    /// behind the other.
    fn source(self, i: u32, count: u32) -> u32 {
        match self {
            Mix::Transpose => {
                let (vector, element) = (i / count, i % count);
                (element % 2) * count + element - element % 2 + vector
            }
            Mix::Unzip => 2 * i % (2 * count) + i / count,
            Mix::Zip => (i % 2) * count + i / 2,
        }
    }
}

/// `VTRN`, `VUZP`, `VZIP`.
pub(super) fn vmix(l: &mut Lifter<'_>, e: Elements, mix: Mix, r: Two) {
    let (d, m) = (r.d.get(l), r.m.get(l));
    let bytes = e.bits() / 8;
    let length = if r.d.quad { 16 } else { 8 };
    let source = |vector: u32, i: u32| {
        let element = vector * (length / bytes) + i % length / bytes;
        let byte = mix.source(element, length / bytes) * bytes + i % bytes;
        byte / length * 16 + byte % length
    };
    let first = l.vshuffle(d, m, mask(|i| source(0, i)));
    let second = l.vshuffle(d, m, mask(|i| source(1, i)));
    r.d.put(l, first);
    r.m.put(l, second);
}

/// `VSWP`.
pub(super) fn vswp(l: &mut Lifter<'_>, r: Two) {
    let (d, m) = (r.d.get(l), r.m.get(l));
    r.d.put(l, m);
    r.m.put(l, d);
}

/// The table of `count` doubleword registers from `first` on, looked up for each byte of `index`; 0 beyond.
fn look_up(l: &mut Lifter<'_>, first: u32, count: u32, index: Value) -> Value {
    let half = |l: &mut Lifter<'_>, i: u32| if i < count { get_d(l, first + i) } else { l.b.i64(0) };
    let mut result = None;
    for i in (0..count).step_by(2) {
        let (low, high) = (half(l, i), half(l, i + 1));
        let table = l.vjoin(low, high);
        let start = l.vconst(Lanes::B16, u64::from(8 * i));
        // Of too small an index this makes one that is too large.
        let index = if i == 0 { index } else { l.vsub(index, start, Lanes::B16) };
        let found = l.vtable(table, index);
        result = Some(match result {
            Some(others) => l.vor(others, found),
            None => found,
        });
    }
    result.unwrap_or(index)
}

/// `VTBL`.
pub(super) fn vtbl(l: &mut Lifter<'_>, vd: u32, first: u32, count: u32, vm: u32) {
    let low = get_d(l, vm);
    let index = l.vjoin(low, low);
    let found = look_up(l, first, count, index);
    let found = l.vlow(found);
    put_d(l, vd, found);
}

/// `VTBX`: bytes without an entry in the table stay.
pub(super) fn vtbx(l: &mut Lifter<'_>, vd: u32, first: u32, count: u32, vm: u32) {
    let low = get_d(l, vm);
    let index = l.vjoin(low, low);
    let found = look_up(l, first, count, index);
    let entries = l.vconst(Lanes::B16, u64::from(8 * count));
    let is_entry = l.vcmp(index, entries, Lanes::B16, IntCc::Ult);
    let old = get_d(l, vd);
    let old = l.vjoin(old, old);
    let new = l.vselect(is_entry, found, old);
    let new = l.vlow(new);
    put_d(l, vd, new);
}

/// `VDUP.<size> Vd, Dm[index]`.
pub(super) fn vdup_scalar(l: &mut Lifter<'_>, e: Elements, d: Register, vm: u32, index: u32) {
    let m = Register { number: vm, quad: false }.get(l);
    let result = l.vscalar(m, e.lanes, index);
    d.put(l, result);
}

/// The elements and the index that imm4 of VDUP says: the lowest bit set gives the size.
pub(super) fn dup_index(imm4: u32) -> (Elements, u32) {
    let size = imm4.trailing_zeros().min(2);
    (Elements::plain(size), imm4 >> (size + 1))
}

/// `VDUP.<size> Vd, Rt`.
pub(super) fn vdup_core(l: &mut Lifter<'_>, e: Elements, d: Register, rt: u32) {
    let value = l.reg(rt);
    let value = l.wide(value, false);
    let result = l.vsplat(value, e.lanes);
    d.put(l, result);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_mix() {
        let sources = |mix: Mix| (0..8).map(|i| mix.source(i, 4)).collect::<Vec<_>>();
        assert_eq!(sources(Mix::Transpose), [0, 4, 2, 6, 1, 5, 3, 7]);
        assert_eq!(sources(Mix::Unzip), [0, 2, 4, 6, 1, 3, 5, 7]);
        assert_eq!(sources(Mix::Zip), [0, 4, 1, 5, 2, 6, 3, 7]);
    }
}
