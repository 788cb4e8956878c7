//! Loads and stores of one or two registers (ARM DDI 0406, A4.6).

use demotic_ir::{MemOp, MemSize, Type, Value};

use super::branch::Purpose;
use crate::config::Unaligned;
use crate::lifter::{Lifter, PC, SP};

/// What is added to the base.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Offset {
    /// A constant.
    Constant(i32),
    /// A value, to be added.
    Plus(Value),
    /// A value, to be subtracted.
    Minus(Value),
}

impl Offset {
    /// A constant with its sign apart: `up` means to add.
    pub(crate) fn constant(up: bool, imm: u32) -> Offset {
        Offset::Constant(if up { imm as i32 } else { (imm as i32).wrapping_neg() })
    }

    /// A value with its sign apart.
    pub(crate) fn value(up: bool, value: Value) -> Offset {
        if up { Offset::Plus(value) } else { Offset::Minus(value) }
    }
}

/// How base and offset make the address, and what becomes of the base.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Indexing {
    /// `[Rn, offset]`.
    Offset,
    /// `[Rn, offset]!`.
    Pre,
    /// `[Rn], offset`.
    Post,
}

impl Indexing {
    /// The indexing with writeback that the P bit chooses.
    pub(crate) fn writeback(p: u32) -> Indexing {
        if p != 0 { Indexing::Pre } else { Indexing::Post }
    }
}

/// An addressing mode. As a base, R15 reads as a multiple of 4.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address {
    /// The base register.
    pub(crate) rn: u32,
    /// The offset.
    pub(crate) offset: Offset,
    /// Indexing.
    pub(crate) indexing: Indexing,
}

/// An address ready for use: `base + disp`, and the new base.
struct Resolved {
    base: Value,
    disp: i32,
    writeback: Option<(u32, Value)>,
}

impl Address {
    fn resolve(self, l: &mut Lifter<'_>) -> Resolved {
        let base = base(l, self.rn);
        let (address, disp) = match self.offset {
            Offset::Constant(disp) => (base, disp),
            Offset::Plus(value) => (l.add(base, value), 0),
            Offset::Minus(value) => (l.sub(base, value), 0),
        };
        let writeback = (self.indexing != Indexing::Offset).then(|| {
            let sum = l.add_imm(address, disp as u32);
            (self.rn, sum)
        });
        match self.indexing {
            Indexing::Post => Resolved { base, disp: 0, writeback },
            Indexing::Offset | Indexing::Pre => Resolved { base: address, disp, writeback },
        }
    }
}

fn base(l: &mut Lifter<'_>, rn: u32) -> Value {
    if rn == PC {
        let pc = l.pc() & !3;
        l.imm(pc)
    } else {
        l.reg(rn)
    }
}

fn write_back(l: &mut Lifter<'_>, writeback: Option<(u32, Value)>) {
    if let Some((rn, value)) = writeback {
        l.put_reg(rn, value);
    }
}

/// `LDR`, `LDRB`, `LDRH`, `LDRSB`, `LDRSH`: what `mem` says.
pub(crate) fn load(l: &mut Lifter<'_>, mem: MemOp, rt: u32, address: Address) {
    if let Some(value) = literal(l, mem, address) {
        let value = l.imm(value);
        return write_loaded(l, rt, value, Purpose::Jump);
    }
    let at = address.resolve(l);
    let value = l.load_unaligned(at.base, at.disp, mem);
    write_back(l, at.writeback);
    let popped = address.rn == SP && address.indexing == Indexing::Post;
    write_loaded(l, rt, value, if popped { Purpose::Return } else { Purpose::Jump });
}

fn write_loaded(l: &mut Lifter<'_>, rt: u32, value: Value, purpose: Purpose) {
    if rt == PC { l.load_write_pc(value, purpose) } else { l.put_reg(rt, value) }
}

/// The value of a literal in memory that the guest cannot write.
fn literal(l: &Lifter<'_>, mem: MemOp, address: Address) -> Option<u32> {
    let Offset::Constant(offset) = address.offset else { return None };
    if address.rn != PC || address.indexing != Indexing::Offset || mem.big {
        return None;
    }
    let at = (l.pc() & !3).wrapping_add_signed(offset);
    if l.config.unaligned() == Unaligned::Rotates && at & (mem.size.bytes() - 1) != 0 {
        return None;
    }
    let value = l.code().read_only(u64::from(at), mem.size.bytes())? as u32;
    Some(match (mem.sign, mem.size) {
        (true, MemSize::B1) => i32::from(value as i8) as u32,
        (true, MemSize::B2) => i32::from(value as i16) as u32,
        _ => value,
    })
}

/// `STR`, `STRB`, `STRH`: what `mem` says.
pub(crate) fn store(l: &mut Lifter<'_>, mem: MemOp, rt: u32, address: Address) {
    let at = address.resolve(l);
    let value = l.reg(rt);
    let (base, disp) = l.ignore_low_bits(at.base, at.disp, mem.size);
    l.store(base, value, disp, mem);
    write_back(l, at.writeback);
}

/// `LDRD Rt, Rt2`: two words.
pub(crate) fn load_dual(l: &mut Lifter<'_>, rt: u32, rt2: u32, address: Address) {
    let at = address.resolve(l);
    let mem = l.mem_word_aligned();
    let (base, disp) = l.ignore_low_bits(at.base, at.disp, mem.size);
    let first = l.load(base, disp, mem);
    let second = l.load(base, disp.wrapping_add(4), mem);
    write_back(l, at.writeback);
    l.put_reg(rt, first);
    l.put_reg(rt2, second);
}

/// `STRD Rt, Rt2`: two words.
pub(crate) fn store_dual(l: &mut Lifter<'_>, rt: u32, rt2: u32, address: Address) {
    let at = address.resolve(l);
    let mem = l.mem_word_aligned();
    let first = l.reg(rt);
    let second = l.reg(rt2);
    let (base, disp) = l.ignore_low_bits(at.base, at.disp, mem.size);
    l.store(base, first, disp, mem);
    l.store(base, second, disp.wrapping_add(4), mem);
    write_back(l, at.writeback);
}

/// `LDRT` and its like: a load with the rights of User mode. Privileged code leaves that to the hypervisor.
pub(crate) fn load_unprivileged(l: &mut Lifter<'_>, mem: MemOp, rt: u32, address: Address) {
    if l.mode.privileged() { l.privileged_insn() } else { load(l, mem, rt, address) }
}

/// `STRT` and its like: a store with the rights of User mode.
pub(crate) fn store_unprivileged(l: &mut Lifter<'_>, mem: MemOp, rt: u32, address: Address) {
    if l.mode.privileged() { l.privileged_insn() } else { store(l, mem, rt, address) }
}

/// Unaligned accesses, by architecture version (ARM DDI 0406, A3.2.1 and appendix D15.3).
impl Lifter<'_> {
    /// A load of a word or less at any address.
    fn load_unaligned(&mut self, base: Value, disp: i32, mem: MemOp) -> Value {
        let (place, place_disp) = self.ignore_low_bits(base, disp, mem.size);
        let value = self.load(place, place_disp, mem);
        if self.config.unaligned() == Unaligned::Works || mem.size != MemSize::B4 {
            return value;
        }
        let address = self.add_imm(base, disp as u32);
        self.rotate_by_address(value, address)
    }

    /// Where an access at `base + disp` goes: before ARMv6 low address bits do not count.
    pub(crate) fn ignore_low_bits(&mut self, base: Value, disp: i32, size: MemSize) -> (Value, i32) {
        if self.config.unaligned() == Unaligned::Works || size == MemSize::B1 {
            return (base, disp);
        }
        let address = self.add_imm(base, disp as u32);
        (self.and_imm(address, !(size.bytes() - 1)), 0)
    }

    /// The word that the aligned word `value` becomes when it is loaded from `address` before ARMv6.
    pub(crate) fn rotate_by_address(&mut self, value: Value, address: Value) -> Value {
        let places = self.shl(address, 3);
        self.b.rotr(Type::I32, value, places)
    }
}
