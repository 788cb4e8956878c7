//! Multiplication of polynomials over {0, 1}: without carries.

use super::{Vector, bytes, of_bytes};

/// The product of two polynomials of degree less than 64.
fn product(a: u64, b: u64) -> u128 {
    (0..64).filter(|i| b >> i & 1 != 0).fold(0, |sum, i| sum ^ u128::from(a) << i)
}

/// `VMUL.P8`: the low halves of the products of bytes.
pub(super) fn mul8(n: Vector, m: Vector, _: Vector) -> Vector {
    let (n, m) = (bytes(n), bytes(m));
    of_bytes(std::array::from_fn(|i| product(n[i].into(), m[i].into()) as u8))
}

/// `VMULL.P8`: the products of the low halves' bytes.
pub(super) fn mull8(n: Vector, m: Vector, _: Vector) -> Vector {
    let (n, m) = (bytes(n), bytes(m));
    let products: [u16; 8] = std::array::from_fn(|i| product(n[i].into(), m[i].into()) as u16);
    of_bytes(std::array::from_fn(|i| (products[i / 2] >> (i % 2 * 8)) as u8))
}

/// `VMULL.P64`: the product of the low halves.
pub(super) fn mull64([n, _]: Vector, [m, _]: Vector, _: Vector) -> Vector {
    let product = product(n, m);
    [product as u64, (product >> 64) as u64]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_have_no_carries() {
        assert_eq!(mul8([0x03ff, 0], [0x0303, 0], [0; 2]), [0x0501, 0]);
        assert_eq!(mull8([0x03ff, 0], [0x0303, 0], [0; 2]), [0x0005_0101, 0]);
        assert_eq!(mull64([1 << 63 | 1, 0], [3, 0], [0; 2]), [1 << 63 | 3, 1]);
    }
}
