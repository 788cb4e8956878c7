//! Structures as strings: which fields have which width. That is all that a guest of the other byte order needs to know
//! of structures that both sides lay out alike.

/// Reverses the bytes of each field. A layout is a row of `b` (1 byte), `h` (2), `w` (4) and `q` (8), each perhaps with a
/// number of times before it; `*` at the end repeats the whole to the end of the bytes. What the layout does not cover
/// stays, and so does a field of which a part is missing.
pub(crate) fn swap(layout: &str, bytes: &mut [u8]) {
    let (layout, repeats) = match layout.strip_suffix('*') {
        Some(pattern) => (pattern, true),
        None => (layout, false),
    };
    let mut rest = bytes;
    loop {
        let before = rest.len();
        rest = swap_once(layout, rest);
        if !repeats || rest.is_empty() || rest.len() == before {
            return;
        }
    }
}

/// Applies a pattern once; gives what is behind it.
fn swap_once<'a>(pattern: &str, mut rest: &'a mut [u8]) -> &'a mut [u8] {
    let mut count = 0;
    for letter in pattern.bytes() {
        let width = match letter {
            b'h' => 2,
            b'w' => 4,
            b'q' => 8,
            digit @ b'0'..=b'9' => {
                count = 10 * count + usize::from(digit - b'0');
                continue;
            }
            _ => 1,
        };
        for _ in 0..count.max(1) {
            if rest.len() < width {
                return &mut [];
            }
            let (field, more) = rest.split_at_mut(width);
            field.reverse();
            rest = more;
        }
        count = 0;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn swapped(layout: &str, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        swap(layout, &mut bytes);
        bytes
    }

    #[test]
    fn fields_are_reversed() {
        assert_eq!(swapped("h2bw", &[1, 2, 3, 4, 5, 6, 7, 8]), [2, 1, 3, 4, 8, 7, 6, 5]);
        assert_eq!(swapped("q", &[1, 2, 3, 4, 5, 6, 7, 8, 9]), [8, 7, 6, 5, 4, 3, 2, 1, 9]);
        assert_eq!(swapped("hb*", &[1, 2, 3, 4, 5, 6, 7, 8]), [2, 1, 3, 5, 4, 6, 8, 7]);
    }

    #[test]
    fn what_is_incomplete_stays() {
        assert_eq!(swapped("w*", &[1, 2, 3, 4, 5, 6]), [4, 3, 2, 1, 5, 6]);
        assert_eq!(swapped("", &[1, 2]), [1, 2]);
        assert_eq!(swapped("*", &[1, 2]), [1, 2]);
    }
}
