//! A few lines of assembler: words at an address, and branches to places that come later.

/// Code under construction.
#[derive(Debug)]
pub(crate) struct Assembler {
    base: u32,
    words: Vec<u32>,
}

/// A branch whose target is not known yet.
#[derive(Debug)]
#[must_use]
pub(crate) struct Forward(usize);

impl Assembler {
    /// Nothing yet, at `base`.
    pub(crate) fn new(base: u32) -> Assembler {
        Assembler { base, words: Vec::new() }
    }

    /// The address of the next word.
    pub(crate) fn here(&self) -> u32 {
        self.base + 4 * self.words.len() as u32
    }

    /// Appends words.
    pub(crate) fn put(&mut self, words: impl IntoIterator<Item = u32>) {
        self.words.extend(words);
    }

    /// Leaves a word out, to be filled in by [`Assembler::land`].
    pub(crate) fn forward(&mut self) -> Forward {
        self.words.push(0);
        Forward(self.words.len() - 1)
    }

    /// Fills in a word with what `encode` makes of its address and the present one.
    pub(crate) fn land(&mut self, forward: Forward, encode: impl Fn(u32, u32) -> u32) {
        let from = self.base + 4 * forward.0 as u32;
        self.words[forward.0] = encode(from, self.here());
    }

    /// The bytes.
    pub(crate) fn bytes(&self, big: bool) -> Vec<u8> {
        let bytes = |word: &u32| if big { word.to_be_bytes() } else { word.to_le_bytes() };
        self.words.iter().flat_map(bytes).collect()
    }
}
