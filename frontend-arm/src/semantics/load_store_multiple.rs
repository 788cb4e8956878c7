//! Loads and stores of many registers (ARM DDI 0406, A4.7).

use demotic_ir::{MemOp, MemSize};

use super::branch::load_multiple_purpose;
use crate::lifter::{Lifter, PC};

/// Which registers, where, and whether the base is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Multiple {
    /// The base register.
    pub(crate) rn: u32,
    /// The registers, as a bit set.
    pub(crate) list: u32,
    /// The address goes up (else down).
    pub(crate) up: bool,
    /// The address is stepped before each access (else after).
    pub(crate) before: bool,
    /// The base gets its final value.
    pub(crate) wback: bool,
}

impl Multiple {
    /// Size of the block in bytes.
    fn size(self) -> i32 {
        4 * self.list.count_ones() as i32
    }

    /// Distance of the lowest address from the base.
    fn start(self) -> i32 {
        match (self.up, self.before) {
            (true, false) => 0,
            (true, true) => 4,
            (false, false) => 4 - self.size(),
            (false, true) => -self.size(),
        }
    }

    /// The registers in the list with their distances from the base.
    fn slots(self) -> impl Iterator<Item = (u32, i32)> {
        let start = self.start();
        (0..16).filter(move |n| self.list & 1 << n != 0).zip(0..).map(move |(n, i)| (n, start + 4 * i))
    }

    fn write_back(self, l: &mut Lifter<'_>, base: demotic_ir::Value) {
        if self.wback {
            let step = if self.up { self.size() } else { -self.size() };
            let value = l.add_imm(base, step as u32);
            l.put_reg(self.rn, value);
        }
    }
}

/// One access is enough to check the alignment of all.
fn accesses(l: &Lifter<'_>) -> impl Iterator<Item = MemOp> + use<> {
    let first = l.mem_word_aligned();
    let others = l.mem(first.size);
    std::iter::once(first).chain(std::iter::repeat(others))
}

/// `LDM`. A base in the list keeps the loaded value, with writeback too.
pub(crate) fn load_multiple(l: &mut Lifter<'_>, m: Multiple) {
    let base = l.reg(m.rn);
    let (words, _) = l.ignore_low_bits(base, 0, MemSize::B4);
    let mut loaded = Vec::with_capacity(16);
    for ((n, disp), mem) in m.slots().zip(accesses(l)) {
        loaded.push((n, l.load(words, disp, mem)));
    }
    m.write_back(l, base);
    for (n, value) in loaded {
        if n == PC {
            l.load_write_pc(value, load_multiple_purpose(m.rn, m.list));
        } else {
            l.put_reg(n, value);
        }
    }
}

/// `STM`. A base in the list is stored as it was.
pub(crate) fn store_multiple(l: &mut Lifter<'_>, m: Multiple) {
    let base = l.reg(m.rn);
    let (words, _) = l.ignore_low_bits(base, 0, MemSize::B4);
    for ((n, disp), mem) in m.slots().zip(accesses(l)) {
        let value = l.reg(n);
        l.store(words, value, disp, mem);
    }
    m.write_back(l, base);
}
