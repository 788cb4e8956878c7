//! SHA-1 and SHA-256 (ARM DDI 0487, shared pseudocode; FIPS 180-4 has the functions' names).

use super::{Vector, of_words, words};

/// The bits of `y` where `x` has ones, else of `z`.
fn choose(x: u32, y: u32, z: u32) -> u32 {
    (y ^ z) & x ^ z
}

/// Whether an odd number of bits is set.
fn parity(x: u32, y: u32, z: u32) -> u32 {
    x ^ y ^ z
}

/// The bits that two or three have.
fn majority(x: u32, y: u32, z: u32) -> u32 {
    x & y | (x | y) & z
}

/// Four rounds of SHA-1 with the function of their part of the algorithm.
fn sha1(x: Vector, y: Vector, w: Vector, function: fn(u32, u32, u32) -> u32) -> Vector {
    let ([mut a, mut b, mut c, mut d], [mut e, ..]) = (words(x), words(y));
    for w in words(w) {
        let next = e.wrapping_add(a.rotate_left(5)).wrapping_add(function(b, c, d)).wrapping_add(w);
        (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
    }
    of_words([a, b, c, d])
}

/// `SHA1C`.
pub(super) fn sha1c(d: Vector, n: Vector, m: Vector) -> Vector {
    sha1(d, n, m, choose)
}

/// `SHA1P`.
pub(super) fn sha1p(d: Vector, n: Vector, m: Vector) -> Vector {
    sha1(d, n, m, parity)
}

/// `SHA1M`.
pub(super) fn sha1m(d: Vector, n: Vector, m: Vector) -> Vector {
    sha1(d, n, m, majority)
}

/// `SHA1H`.
pub(super) fn sha1h(m: Vector, _: Vector, _: Vector) -> Vector {
    let [first, ..] = words(m);
    of_words([first.rotate_left(30), 0, 0, 0])
}

/// `SHA1SU0`.
pub(super) fn sha1su0([d0, d1]: Vector, [n0, _]: Vector, [m0, m1]: Vector) -> Vector {
    [d0 ^ d1 ^ m0, d1 ^ n0 ^ m1]
}

/// `SHA1SU1`.
pub(super) fn sha1su1(d: Vector, m: Vector, _: Vector) -> Vector {
    let ([d0, d1, d2, d3], [_, m1, m2, m3]) = (words(d), words(m));
    let first = (d0 ^ m1).rotate_left(1);
    let last = d3.rotate_left(1) ^ first.rotate_left(1);
    of_words([first, (d1 ^ m2).rotate_left(1), (d2 ^ m3).rotate_left(1), last])
}

/// Four rounds of SHA-256 on the halves `abcd` and `efgh` of its state.
fn sha256(abcd: Vector, efgh: Vector, w: Vector) -> (Vector, Vector) {
    let ([mut a, mut b, mut c, mut d], [mut e, mut f, mut g, mut h]) = (words(abcd), words(efgh));
    for w in words(w) {
        let sigma0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let sigma1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let t = h.wrapping_add(sigma1).wrapping_add(choose(e, f, g)).wrapping_add(w);
        let next = t.wrapping_add(sigma0).wrapping_add(majority(a, b, c));
        (a, b, c, d, e, f, g, h) = (next, a, b, c, d.wrapping_add(t), e, f, g);
    }
    (of_words([a, b, c, d]), of_words([e, f, g, h]))
}

/// `SHA256H`.
pub(super) fn sha256h(d: Vector, n: Vector, m: Vector) -> Vector {
    sha256(d, n, m).0
}

/// `SHA256H2`.
pub(super) fn sha256h2(d: Vector, n: Vector, m: Vector) -> Vector {
    sha256(n, d, m).1
}

/// `SHA256SU0`.
pub(super) fn sha256su0(d: Vector, m: Vector, _: Vector) -> Vector {
    let ([d0, d1, d2, d3], [m0, ..]) = (words(d), words(m));
    let sigma = |x: u32| x.rotate_right(7) ^ x.rotate_right(18) ^ x >> 3;
    let sum = |x: u32, next: u32| x.wrapping_add(sigma(next));
    of_words([sum(d0, d1), sum(d1, d2), sum(d2, d3), sum(d3, m0)])
}

/// `SHA256SU1`.
pub(super) fn sha256su1(d: Vector, n: Vector, m: Vector) -> Vector {
    let ([d0, d1, d2, d3], [_, n1, n2, n3], [m0, _, m2, m3]) = (words(d), words(n), words(m));
    let sigma = |x: u32| x.rotate_right(17) ^ x.rotate_right(19) ^ x >> 10;
    let sum = |x: u32, y: u32, before: u32| x.wrapping_add(y).wrapping_add(sigma(before));
    let (first, second) = (sum(d0, n1, m2), sum(d1, n2, m3));
    of_words([first, second, sum(d2, n3, first), sum(d3, m0, second)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4's constants for SHA-256: the fractions of cube roots of the first primes.
    fn round_constants() -> Vec<u32> {
        let primes = (2u32..).filter(|n| (2..*n).all(|d| n % d != 0));
        primes.take(64).map(|p| (f64::from(p).cbrt().fract() * 2f64.powi(32)) as u32).collect()
    }

    #[test]
    fn sha256_of_abc() {
        let k = round_constants();
        let mut w: Vec<u32> = vec![0x6162_6380, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 24];
        let four = |w: &[u32], i: usize| of_words([w[i], w[i + 1], w[i + 2], w[i + 3]]);
        for i in (0..48).step_by(4) {
            let partial = sha256su0(four(&w, i), four(&w, i + 4), [0; 2]);
            w.extend(words(sha256su1(partial, four(&w, i + 8), four(&w, i + 12))));
        }
        let initial = [
            of_words([0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a]),
            of_words([0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19]),
        ];
        let [mut abcd, mut efgh] = initial;
        for i in (0..64).step_by(4) {
            let sum: Vec<u32> = (i..i + 4).map(|i| w[i].wrapping_add(k[i])).collect();
            let sum = four(&sum, 0);
            (abcd, efgh) = (sha256h(abcd, efgh, sum), sha256h2(efgh, abcd, sum));
        }
        let total = |a: Vector, b: Vector| {
            let (a, b) = (words(a), words(b));
            std::array::from_fn::<u32, 4, _>(|i| a[i].wrapping_add(b[i]))
        };
        assert_eq!(total(abcd, initial[0]), [0xba78_16bf, 0x8f01_cfea, 0x4141_40de, 0x5dae_2223]);
        assert_eq!(total(efgh, initial[1]), [0xb003_61a3, 0x9617_7a9c, 0xb410_ff61, 0xf200_15ad]);
    }

    #[test]
    fn sha1_of_abc() {
        let mut w: Vec<u32> = vec![0x6162_6380, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 24];
        let four = |w: &[u32], i: usize| of_words([w[i], w[i + 1], w[i + 2], w[i + 3]]);
        for i in (0..64).step_by(4) {
            let partial = sha1su0(four(&w, i), four(&w, i + 4), four(&w, i + 8));
            w.extend(words(sha1su1(partial, four(&w, i + 12), [0; 2])));
        }
        let initial = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
        let (mut abcd, mut e) = (of_words(initial), of_words([0xc3d2_e1f0, 0, 0, 0]));
        for i in (0..80).step_by(4) {
            let (round, k): (fn(Vector, Vector, Vector) -> Vector, u32) = match i / 20 {
                0 => (sha1c, 0x5a82_7999),
                1 => (sha1p, 0x6ed9_eba1),
                2 => (sha1m, 0x8f1b_bcdc),
                _ => (sha1p, 0xca62_c1d6),
            };
            let sum: Vec<u32> = (i..i + 4).map(|i| w[i].wrapping_add(k)).collect();
            (abcd, e) = (round(abcd, e, four(&sum, 0)), sha1h(abcd, [0; 2], [0; 2]));
        }
        let result: [u32; 4] = std::array::from_fn(|i| words(abcd)[i].wrapping_add(initial[i]));
        assert_eq!(result, [0xa999_3e36, 0x4706_816a, 0xba3e_2571, 0x7850_c26c]);
        assert_eq!(words(e)[0].wrapping_add(0xc3d2_e1f0), 0x9cd0_d89d);
    }
}
