//! Helpers of the DSP module. Results are in the low word; an overflow is told by bit 32.

use super::helpers;

helpers! {
    HELPERS: Helper;
    /// EXTR.W: `(accumulator, amount, _)`.
    EXTR = extr;
    /// EXTR_R.W: `(accumulator, amount, _)`.
    EXTR_R = extr_r;
    /// EXTR_RS.W: `(accumulator, amount, _)`.
    EXTR_RS = extr_rs;
    /// EXTR_S.H: `(accumulator, amount, _)`.
    EXTR_S_H = extr_s_h;
    /// INSV: `(rt, rs, pos | size << 8)`. No overflow.
    INSV = insv;
    /// Saturating addition: `(a, b, _)`, 64 bits.
    ADD_SATURATING = add_saturating;
    /// PRECRQU_S.QB.PH: `(rs, rt, _)`.
    PRECRQU_S_QB_PH = precrqu_s_qb_ph;
    /// PRECRQ_RS.PH.W: `(rs, rt, _)`.
    PRECRQ_RS_PH_W = precrq_rs_ph_w;
}

const OVERFLOW: u64 = 1 << 32;

/// A word and whether it overflowed.
fn noted(word: u32, overflow: bool) -> u64 {
    u64::from(word) | if overflow { OVERFLOW } else { 0 }
}

/// An accumulator shifted right, with a bit more than a word has: the one to round by.
struct Shifted(i128);

impl Shifted {
    fn new(accumulator: u64, amount: u64) -> Shifted {
        Shifted(i128::from(accumulator as i64) << 1 >> (amount & 31))
    }

    fn rounded(&self) -> Shifted {
        Shifted(self.0 + 1)
    }

    fn overflows(&self) -> bool {
        i32::try_from(self.0 >> 1).is_err()
    }

    fn word(&self) -> u32 {
        (self.0 >> 1) as u32
    }

    fn saturated(&self) -> u32 {
        (self.0 >> 1).clamp(i32::MIN.into(), i32::MAX.into()) as u32
    }
}

/// An overflow of the rounded result counts, too.
extern "C" fn extr(accumulator: u64, amount: u64, _: u64) -> u64 {
    let shifted = Shifted::new(accumulator, amount);
    noted(shifted.word(), shifted.overflows() || shifted.rounded().overflows())
}

extern "C" fn extr_r(accumulator: u64, amount: u64, _: u64) -> u64 {
    let shifted = Shifted::new(accumulator, amount);
    let rounded = shifted.rounded();
    noted(rounded.word(), shifted.overflows() || rounded.overflows())
}

extern "C" fn extr_rs(accumulator: u64, amount: u64, _: u64) -> u64 {
    let shifted = Shifted::new(accumulator, amount);
    let rounded = shifted.rounded();
    noted(rounded.saturated(), shifted.overflows() || rounded.overflows())
}

extern "C" fn extr_s_h(accumulator: u64, amount: u64, _: u64) -> u64 {
    let shifted = accumulator as i64 >> (amount & 31);
    let saturated = shifted.clamp(i16::MIN.into(), i16::MAX.into());
    noted(saturated as u32, saturated != shifted)
}

/// A field that is empty or ends beyond the register is unpredictable. As in QEMU, nothing is inserted; but one bit too
/// many is cut off.
extern "C" fn insv(t: u64, s: u64, place: u64) -> u64 {
    let (pos, size) = (place & 0x1f, place >> 8);
    if size == 0 || pos + size > 33 {
        return t;
    }
    let mask = ((1 << size) - 1) << pos;
    u64::from((t & !mask | s << pos & mask) as u32)
}

extern "C" fn add_saturating(a: u64, b: u64, _: u64) -> u64 {
    (a as i64).saturating_add(b as i64) as u64
}

/// The halfwords of `s`, then of `t`, from the left.
fn halfwords(s: u64, t: u64) -> [i16; 4] {
    [s >> 16, s, t >> 16, t].map(|half| half as i16)
}

/// Q15 to unsigned 8-bit fractions; negative numbers become 0.
extern "C" fn precrqu_s_qb_ph(s: u64, t: u64, _: u64) -> u64 {
    let halves = halfwords(s, t);
    let word = halves.into_iter().fold(0, |word, half| word << 8 | (half >> 7).clamp(0, 0xff) as u32);
    noted(word, halves.into_iter().any(|half| !(0..=0x7f80).contains(&half)))
}

/// Q31 to Q15, rounded.
extern "C" fn precrq_rs_ph_w(s: u64, t: u64, _: u64) -> u64 {
    let [s, t] = [s, t].map(|v| (v as i32).checked_add(0x8000));
    let [left, right] = [s, t].map(|v| v.unwrap_or(i32::MAX) as u32 >> 16);
    noted(left << 16 | right, s.is_none() || t.is_none())
}
