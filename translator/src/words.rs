//! Guest code for tests: some words in memory that cannot be written.

use demotic_ir::CodeSource;

/// Where it begins.
pub(crate) const START: u64 = 0x1000;

/// Little-endian instructions from [`START`] on.
pub(crate) struct Code<'a>(pub(crate) &'a [u32]);

impl CodeSource for Code<'_> {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        let bytes: Vec<u8> = self.0.iter().flat_map(|word| word.to_le_bytes()).collect();
        let offset = addr.checked_sub(START).map(|offset| offset as usize);
        let found = offset.and_then(|at| bytes.get(at..at + buf.len()));
        found.map(|found| buf.copy_from_slice(found)).is_some()
    }

    fn read_only(&self, addr: u64, len: u32) -> Option<u64> {
        let mut bytes = [0; 8];
        self.fetch(addr, bytes.get_mut(..len as usize)?).then(|| u64::from_le_bytes(bytes))
    }
}
