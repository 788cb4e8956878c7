//! Shifts by registers: to the left by the low byte of each lane, to the right where it is negative.

use super::Vector;

/// What happens to the bits that are lost.
#[derive(Clone, Copy)]
struct How {
    /// To the right: the result is rounded.
    round: bool,
    /// To the left: the result saturates.
    saturate: bool,
}

/// `VSHL`.
pub(super) fn shift(numbers: Vector, amounts: Vector, elements: Vector) -> Vector {
    each(numbers, amounts, elements, How { round: false, saturate: false }).0
}

/// `VRSHL`.
pub(super) fn shift_round(numbers: Vector, amounts: Vector, elements: Vector) -> Vector {
    each(numbers, amounts, elements, How { round: true, saturate: false }).0
}

/// `VQSHL`.
pub(super) fn shift_saturate(numbers: Vector, amounts: Vector, elements: Vector) -> Vector {
    each(numbers, amounts, elements, How { round: false, saturate: true }).0
}

/// Where `VQSHL` saturates.
pub(super) fn shift_saturated(numbers: Vector, amounts: Vector, elements: Vector) -> Vector {
    each(numbers, amounts, elements, How { round: false, saturate: true }).1
}

/// `VQRSHL`.
pub(super) fn shift_round_saturate(numbers: Vector, amounts: Vector, elements: Vector) -> Vector {
    each(numbers, amounts, elements, How { round: true, saturate: true }).0
}

/// Where `VQRSHL` saturates.
pub(super) fn shift_round_saturated(numbers: Vector, amounts: Vector, elements: Vector) -> Vector {
    each(numbers, amounts, elements, How { round: true, saturate: true }).1
}

/// The results, and ones in the lanes that have saturated.
fn each(numbers: Vector, amounts: Vector, elements: Vector, how: How) -> (Vector, Vector) {
    let [kind, _] = elements;
    let (bits, unsigned) = (8 << (kind & 3), kind & 4 != 0);
    let mask = u64::MAX >> (64 - bits);
    let mut results = ([0; 2], [0; 2]);
    for half in 0..2 {
        for lsb in (0..64).step_by(bits) {
            let number = numbers[half] >> lsb & mask;
            let amount = (amounts[half] >> lsb) as i8;
            let (result, saturated) = one(number, amount.into(), bits as u32, unsigned, how);
            results.0[half] |= (result as u64 & mask) << lsb;
            results.1[half] |= if saturated { mask << lsb } else { 0 };
        }
    }
    results
}

/// One lane of `bits` bits.
fn one(lane: u64, amount: i32, bits: u32, unsigned: bool, how: How) -> (i128, bool) {
    let number =
        if unsigned { i128::from(lane) } else { i128::from((lane << (64 - bits)) as i64 >> (64 - bits)) };
    if amount < 0 {
        // More than 64 places change nothing any more, rounded or not.
        let places = amount.unsigned_abs().min(66);
        let half = if how.round { 1 << (places - 1) } else { 0 };
        return ((number + half) >> places, false);
    }
    // To the left by the width or more what is not zero is too large, and its low bits are zeros.
    let exact = if amount as u32 >= bits { number.signum() << 100 } else { number << amount };
    let (min, max) =
        if unsigned { (0, (1 << bits) - 1) } else { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) };
    let fitted = exact.clamp(min, max);
    if how.saturate { (fitted, fitted != exact) } else { (exact, false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Signed bytes.
    const S8: Vector = [0, 0];
    /// Unsigned doublewords.
    const U64: Vector = [7, 0];

    #[test]
    fn amounts_are_signed_bytes() {
        let numbers = [0x8001_ff7f_4003_0201, 0];
        let amounts = [0x0107_fff8_01ff_0080, 0];
        assert_eq!(shift(numbers, amounts, S8)[0], 0x0080_ff00_8001_0200);
        assert_eq!(shift_round(numbers, amounts, S8)[0], 0x0080_0000_8002_0200);
        assert_eq!(shift_saturate(numbers, amounts, S8)[0], 0x807f_ff00_7f01_0200);
        assert_eq!(shift_saturated(numbers, amounts, S8)[0], 0xffff_0000_ff00_0000);
    }

    #[test]
    fn doublewords_shift_by_more_than_their_width() {
        let all = [u64::MAX, 1];
        assert_eq!(shift(all, [64, 63], U64), [0, 1 << 63]);
        assert_eq!(shift_round(all, [0xc0, 0xbf], U64), [1, 0]);
        assert_eq!(shift_saturate(all, [1, 127], U64), [u64::MAX, u64::MAX]);
        assert_eq!(shift_round_saturate(all, [0x80, 0xff], U64), [0, 1]);
    }
}
