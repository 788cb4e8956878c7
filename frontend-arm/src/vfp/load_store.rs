//! Loads and stores of VFP registers (ARM DDI 0406C, A7.6).
//!
//! Addresses that are not word-aligned are not faults.

use demotic_ir::{MemSize, Value};

use super::registers::Format;
use crate::lifter::{Lifter, PC};

impl Format {
    fn size(self) -> MemSize {
        match self {
            Format::Half => MemSize::B2,
            Format::Single => MemSize::B4,
            Format::Double => MemSize::B8,
        }
    }

    fn load(self, l: &mut Lifter<'_>, address: Value, disp: i32) -> Value {
        let mem = l.mem(self.size());
        l.part();
        l.b.load(self.bits(), address, disp, mem)
    }

    fn store(self, l: &mut Lifter<'_>, address: Value, disp: i32, bits: Value) {
        let mem = l.mem(self.size());
        l.part();
        l.b.store(self.bits(), address, bits, disp, mem);
    }
}

/// The value of a base register: R15 aligned.
fn base(l: &mut Lifter<'_>, rn: u32) -> Value {
    if rn == PC {
        let pc = l.pc() & !3;
        l.imm(pc)
    } else {
        l.reg(rn)
    }
}

/// An 8-bit offset with its sign, in words, or in halfwords for half precision.
fn offset(format: Format, add: u32, imm8: u32) -> i32 {
    let bytes = imm8 as i32 * if format == Format::Half { 2 } else { 4 };
    if add == 0 { -bytes } else { bytes }
}

/// `VLDR Vd, [Rn, #offset]`.
pub(super) fn vldr(l: &mut Lifter<'_>, sz: u32, vd: u32, rn: u32, add: u32, imm8: u32) {
    let format = Format::of(sz);
    let base = base(l, rn);
    let bits = format.load(l, base, offset(format, add, imm8));
    format.put_bits(l, format.vd(vd), bits);
}

/// `VSTR Vd, [Rn, #offset]`.
pub(super) fn vstr(l: &mut Lifter<'_>, sz: u32, vd: u32, rn: u32, add: u32, imm8: u32) {
    let format = Format::of(sz);
    let base = base(l, rn);
    let bits = format.get_bits(l, format.vd(vd));
    format.store(l, base, offset(format, add, imm8), bits);
}

/// A load or store multiple, FLDMX and FSTMX among them: doubles with an odd count of words, the last of which counts
/// for the address only.
pub(super) struct Multiple {
    format: Format,
    first: u32,
    count: u32,
    rn: u32,
    /// From the base register to the first register's place, in bytes.
    start: i32,
    /// What is added to the base register, if anything.
    wback: Option<i32>,
}

impl Multiple {
    /// What the fields of an encoding mean; `None` for unpredictable choices. `puw` is 2, 3 or 5.
    pub(super) fn of(sz: u32, vd: u32, rn: u32, puw: u32, imm8: u32, thumb: bool) -> Option<Multiple> {
        let format = Format::of_bit(sz);
        let first = format.vd(vd);
        let count = if format == Format::Single { imm8 } else { imm8 / 2 };
        let wback = puw & 1 != 0;
        if first + count > 32 || rn == PC && (wback || thumb) {
            return None;
        }
        let bytes = imm8 as i32 * 4;
        let down = puw & 4 != 0;
        let start = if down { -bytes } else { 0 };
        let wback = wback.then_some(if down { -bytes } else { bytes });
        Some(Multiple { format, first, count, rn, start, wback })
    }

    /// Registers with the displacements of their places.
    fn transfers(&self) -> impl Iterator<Item = (u32, i32)> + use<> {
        let (first, start, size) = (self.first, self.start, self.format.size().bytes());
        (0..self.count).map(move |i| (first + i, start + (i * size) as i32))
    }

    fn write_back(&self, l: &mut Lifter<'_>, base: Value) {
        if let Some(change) = self.wback {
            let new = l.add_imm(base, change as u32);
            l.put_reg(self.rn, new);
        }
    }
}

/// `VLDM Rn{!}, list`.
pub(super) fn vldm(l: &mut Lifter<'_>, multiple: Option<Multiple>) {
    let Some(m) = multiple else { return l.unpredictable_insn() };
    let base = base(l, m.rn);
    let loaded: Vec<(u32, Value)> =
        m.transfers().map(|(register, disp)| (register, m.format.load(l, base, disp))).collect();
    m.write_back(l, base);
    for (register, bits) in loaded {
        m.format.put_bits(l, register, bits);
    }
}

/// `VSTM Rn{!}, list`.
pub(super) fn vstm(l: &mut Lifter<'_>, multiple: Option<Multiple>) {
    let Some(m) = multiple else { return l.unpredictable_insn() };
    let base = base(l, m.rn);
    for (register, disp) in m.transfers() {
        let bits = m.format.get_bits(l, register);
        m.format.store(l, base, disp, bits);
    }
    m.write_back(l, base);
}
