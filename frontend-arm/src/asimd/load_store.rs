//! Element and structure loads and stores (A7.7).
//!
//! Memory is read and written in doublewords as little-endian numbers, and bytes are put into their places by shuffles,
//! which also turns big-endian elements around. All loads come before anything is written to registers.

use demotic_ir::{MemOp, MemSize, Type, Value};

use super::elements::Elements;
use crate::lifter::{Lifter, SP};
use crate::vfp::{get_d, put_d};

/// Base, alignment and write-back of an access.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Address {
    /// The base register.
    rn: u32,
    /// What is added to it: 15 nothing, 13 the size of the transfer, else a register.
    rm: u32,
    /// The alignment that is demanded, in bytes.
    pub(super) alignment: u32,
}

impl Address {
    /// What the fields of an access to multiple structures say.
    pub(super) fn multiple(rn: u32, rm: u32, align: u32) -> Address {
        Address { rn, rm, alignment: if align == 0 { 1 } else { 4 << align } }
    }

    /// The address of the first byte, for the first access: an odd one, so to speak, where the address is not aligned.
    ///
    /// Accesses can demand no more than doubleword alignment. Where more is asked for, the bits that must be zero are
    /// or-ed into bit 2, which changes nothing but the address that a fault reports.
    fn first(self, l: &mut Lifter<'_>, base: Value) -> Value {
        let mut address = base;
        for bit in [8, 16].into_iter().filter(|bit| *bit < self.alignment) {
            let excess = l.and_imm(base, bit);
            let excess = l.shr(excess, bit.trailing_zeros() - 2);
            address = l.or(address, excess);
        }
        address
    }

    /// Writes the base register back after a transfer of so many bytes.
    fn write_back(self, l: &mut Lifter<'_>, base: Value, bytes: u32) {
        let new = match self.rm {
            15 => return,
            SP => l.add_imm(base, bytes),
            rm => {
                let offset = l.reg(rm);
                l.add(base, offset)
            }
        };
        l.put_reg(self.rn, new);
    }
}

// ---- multiple elements ----

/// Multiple structures of as many elements as an access has registers in a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Structures {
    /// The elements.
    e: Elements,
    /// The first register.
    first: u32,
    /// How many elements a structure has.
    elements: u32,
    /// From one register of a structure to the next.
    increment: u32,
    /// How many registers each element of a structure has: they follow one another.
    repeat: u32,
    /// Where in memory.
    address: Address,
}

impl Structures {
    /// Elements, how many of them a structure has, the distance of their registers, and their registers in a row.
    pub(super) fn of(
        (e, elements, increment, repeat): (Elements, u32, u32, u32),
        first: u32,
        address: Address,
    ) -> Structures {
        Structures { e, first, elements, increment, repeat, address }
    }

    /// The registers in the order in which their contents would stand in memory if structures had one element; `None`
    /// when some do not exist.
    fn registers(&self) -> Option<Vec<u32>> {
        let of_repeat = |r: u32| (0..self.elements).map(move |i| self.first + r + i * self.increment);
        let registers: Vec<u32> = (0..self.repeat).flat_map(of_repeat).collect();
        registers.iter().all(|d| *d < 32).then_some(registers)
    }

    /// Where in memory byte `byte` of the `register`th register is.
    fn place(&self, register: u32, byte: u32, big: bool) -> u32 {
        let size = self.e.bits() / 8;
        let (element, within) = (byte / size, byte % size);
        let (group, member) = (register / self.elements, register % self.elements);
        let within = if big { size - 1 - within } else { within };
        group * self.elements * 8 + (element * self.elements + member) * size + within
    }
}

/// An access to the `i`th doubleword, of which the first checks the alignment.
fn doubleword(s: &Structures, i: u32) -> MemOp {
    let mem = MemOp::new(MemSize::B8);
    if i == 0 && s.address.alignment >= 8 { mem.aligned() } else { mem }
}

/// The addresses of a transfer's doublewords.
fn doublewords(l: &mut Lifter<'_>, s: &Structures, count: u32) -> Vec<(Value, i32, MemOp)> {
    let base = l.reg(s.address.rn);
    let first = s.address.first(l, base);
    (0..count).map(|i| (if i == 0 { first } else { base }, 8 * i as i32, doubleword(s, i))).collect()
}

/// `VLD1` to `VLD4` of multiple structures.
pub(super) fn vld_multiple(l: &mut Lifter<'_>, s: Structures) {
    let Some(registers) = s.registers() else { return l.unpredictable_insn() };
    let count = registers.len() as u32;
    let places = doublewords(l, &s, count);
    l.part();
    let mut words: Vec<Value> =
        places.into_iter().map(|(address, disp, mem)| l.b.load(Type::I64, address, disp, mem)).collect();
    let big = l.mode.big_endian();
    permute(l, &mut words, |register, byte| s.place(register, byte, big));
    let base = l.reg(s.address.rn);
    s.address.write_back(l, base, 8 * count);
    for (d, word) in registers.into_iter().zip(words) {
        put_d(l, d, word);
    }
}

/// `VST1` to `VST4` of multiple structures.
pub(super) fn vst_multiple(l: &mut Lifter<'_>, s: Structures) {
    let Some(registers) = s.registers() else { return l.unpredictable_insn() };
    let count = registers.len() as u32;
    let mut words: Vec<Value> = registers.iter().map(|d| get_d(l, *d)).collect();
    let big = l.mode.big_endian();
    // The way back: the byte of the registers that stands at a place in memory.
    let mut sources = vec![0; 8 * registers.len()];
    for byte in 0..8 * count {
        if let Some(source) = sources.get_mut(s.place(byte / 8, byte % 8, big) as usize) {
            *source = byte;
        }
    }
    permute(l, &mut words, |word, byte| sources.get((8 * word + byte) as usize).copied().unwrap_or(0));
    let places = doublewords(l, &s, count);
    l.part();
    for ((address, disp, mem), word) in places.into_iter().zip(words) {
        l.b.store(Type::I64, address, word, disp, mem);
    }
    let base = l.reg(s.address.rn);
    s.address.write_back(l, base, 8 * count);
}

/// Puts into byte `b` of word `w` the byte of the number `source(w, b)` of all words.
fn permute(l: &mut Lifter<'_>, words: &mut [Value], source: impl Fn(u32, u32) -> u32) {
    let count = words.len() as u32;
    if (0..count).all(|w| (0..8).all(|b| source(w, b) == 8 * w + b)) {
        return;
    }
    let zero = l.b.i64(0);
    let vectors: Vec<Value> = words
        .chunks(2)
        .map(|pair| match *pair {
            [low, high] => l.vjoin(low, high),
            [low, ..] => l.vjoin(low, zero),
            [] => l.vzero(),
        })
        .collect();
    for (pair, w) in words.chunks_mut(2).zip((0..).step_by(2)) {
        // A word that is not there is made of what is at hand.
        let from = |byte: u32| source((w + byte / 8).min(count - 1), byte % 8);
        let result = shuffle_of_all(l, &vectors, from);
        for (half, word) in pair.iter_mut().enumerate() {
            *word = if half == 0 { l.vlow(result) } else { l.vhigh(result) };
        }
    }
}

/// The vector whose byte `b` is byte `from(b)` of one or two vectors.
fn shuffle_of_all(l: &mut Lifter<'_>, vectors: &[Value], from: impl Fn(u32) -> u32) -> Value {
    let mask = (0..16).fold(0, |mask, byte| mask | u128::from(from(byte)) << (8 * byte));
    match *vectors {
        [a] => l.vshuffle(a, a, mask),
        [a, b, ..] => l.vshuffle(a, b, mask),
        [] => l.vzero(),
    }
}

// ---- single elements ----

/// One structure, whose elements go to one lane, or to all lanes, of a register each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Structure {
    /// The elements.
    e: Elements,
    /// The first register.
    first: u32,
    /// How many elements the structure has.
    elements: u32,
    /// From one register to the next.
    pub(super) increment: u32,
    /// The lane.
    pub(super) lane: u32,
    /// Where in memory.
    pub(super) address: Address,
}

impl Structure {
    /// What `size` and `index_align` of a single-lane access mean; `None` for undefined combinations.
    pub(super) fn of_lane(
        elements: u32,
        size: u32,
        index_align: u32,
        first: u32,
        (rn, rm): (u32, u32),
    ) -> Option<Structure> {
        let e = Elements::plain(size);
        // From the top: the lane, spacing (not for bytes), alignment in as many bits as the size's number, 1 at least.
        let lane = index_align >> (size + 1);
        let spaced = size > 0 && index_align >> size & 1 != 0;
        let align = index_align & ((1 << size.max(1)) - 1);
        let bytes = elements << size;
        let alignment = match (elements, size, align) {
            (_, _, 0) => 1,
            (1, 0, _) | (3, _, _) => return None,
            (1, 2, 3) | (1, 1, 1) => bytes,
            (2, 0 | 1, 1) | (2, 2, 1) => bytes,
            (4, 0 | 1, 1) => bytes,
            (4, 2, 1 | 2) => 4 << align,
            _ => return None,
        };
        if elements == 1 && spaced {
            return None;
        }
        let increment = 1 + u32::from(spaced);
        Some(Structure { e, first, elements, increment, lane, address: Address { rn, rm, alignment } })
    }

    /// What the fields of an access to all lanes mean; `None` for undefined combinations.
    pub(super) fn of_all(
        elements: u32,
        (size, align): (u32, u32),
        spread: u32,
        first: u32,
        (rn, rm): (u32, u32),
    ) -> Option<Structure> {
        let e = Elements::plain(size.min(2));
        let alignment = match (elements, size, align) {
            (4, 3, 0) | (1, 0, 1) => return None,
            (4, 3, _) => 16,
            (_, _, 0) => 1,
            (4, 2, _) => 8,
            _ => elements << size,
        };
        let increment = 1 + spread;
        Some(Structure { e, first, elements, increment, lane: 0, address: Address { rn, rm, alignment } })
    }

    /// The registers; `None` when some do not exist.
    fn registers(&self) -> Option<Vec<u32>> {
        let registers: Vec<u32> = (0..self.elements).map(|i| self.first + i * self.increment).collect();
        registers.iter().all(|d| *d < 32).then_some(registers)
    }

    fn element_bytes(&self) -> u32 {
        self.e.bits() / 8
    }

    fn mem(&self, l: &Lifter<'_>) -> MemOp {
        l.mem(match self.element_bytes() {
            1 => MemSize::B1,
            2 => MemSize::B2,
            _ => MemSize::B4,
        })
    }

    /// The addresses of the elements. The alignment of all of them together may exceed an element's.
    fn places(&self, l: &mut Lifter<'_>) -> Vec<(Value, i32, MemOp)> {
        let (mem, base) = (self.mem(l), l.reg(self.address.rn));
        let bytes = self.element_bytes();
        let first = element_address(l, base, bytes, self.address.alignment);
        let aligned = self.address.alignment > 1 && bytes > 1;
        let place = |i: u32| {
            let (address, mem) = if i == 0 { (first, MemOp { aligned, ..mem }) } else { (base, mem) };
            (address, (i * bytes) as i32, mem)
        };
        (0..self.elements).map(place).collect()
    }

    /// Bytes want their alignment checked otherwise: by an access to a whole structure, whose value is of no use.
    fn check_bytes(&self, l: &mut Lifter<'_>) {
        let size = match (self.element_bytes(), self.address.alignment) {
            (1, 2) => MemSize::B2,
            (1, 4) => MemSize::B4,
            _ => return,
        };
        let base = l.reg(self.address.rn);
        l.part();
        l.b.load(Type::I32, base, 0, MemOp::new(size).aligned());
    }
}

/// The address of the first element of `bytes` bytes, which is not aligned to them where the address is not aligned to
/// `alignment`: the bits that must be zero besides are or-ed into a lower one.
fn element_address(l: &mut Lifter<'_>, base: Value, bytes: u32, alignment: u32) -> Value {
    let mut address = base;
    let mut bit = bytes;
    while bytes > 1 && bit < alignment {
        let excess = l.and_imm(base, bit);
        let excess = l.shr(excess, (2 * bit / bytes).trailing_zeros());
        address = l.or(address, excess);
        bit *= 2;
    }
    address
}

/// `VLD1` to `VLD4` of a single structure to one lane.
pub(super) fn vld_lane(l: &mut Lifter<'_>, s: Option<Structure>) {
    let Some(s) = s else { return l.undefined_insn() };
    let Some(registers) = s.registers() else { return l.unpredictable_insn() };
    let elements = load_elements(l, &s);
    for (d, element) in registers.into_iter().zip(elements) {
        let old = get_d(l, d);
        let zero = l.b.i64(0);
        let old = l.vjoin(old, zero);
        let new = l.vinsert(old, element, s.e.lanes, s.lane as u8);
        let new = l.vlow(new);
        put_d(l, d, new);
    }
}

/// Loads the elements, as 64 bits each, and writes the base register back.
fn load_elements(l: &mut Lifter<'_>, s: &Structure) -> Vec<Value> {
    s.check_bytes(l);
    let places = s.places(l);
    l.part();
    let elements: Vec<Value> =
        places.into_iter().map(|(address, disp, mem)| l.b.load(Type::I64, address, disp, mem)).collect();
    let base = l.reg(s.address.rn);
    s.address.write_back(l, base, s.elements * s.element_bytes());
    elements
}

/// `VST1` to `VST4` of a single structure from one lane.
pub(super) fn vst_lane(l: &mut Lifter<'_>, s: Option<Structure>) {
    let Some(s) = s else { return l.undefined_insn() };
    let Some(registers) = s.registers() else { return l.unpredictable_insn() };
    s.check_bytes(l);
    let places = s.places(l);
    for ((address, disp, mem), d) in places.into_iter().zip(registers) {
        let old = get_d(l, d);
        let zero = l.b.i64(0);
        let vector = l.vjoin(old, zero);
        let element = l.vextract(vector, s.e.lanes, s.lane as u8);
        l.part();
        l.b.store(Type::I64, address, element, disp, mem);
    }
    let base = l.reg(s.address.rn);
    s.address.write_back(l, base, s.elements * s.element_bytes());
}

/// `VLD1` to `VLD4` of a single structure to all lanes; `copies` registers get each element.
pub(super) fn vld_all(l: &mut Lifter<'_>, s: Option<Structure>, copies: u32) {
    let Some(s) = s else { return l.undefined_insn() };
    let registers = s.registers().filter(|all| all.iter().all(|d| d + copies <= 32));
    let Some(registers) = registers else { return l.unpredictable_insn() };
    let elements = load_elements(l, &s);
    for (d, element) in registers.into_iter().zip(elements) {
        let vector = l.vsplat(element, s.e.lanes);
        let word = l.vlow(vector);
        for copy in 0..copies {
            put_d(l, d + copy, word);
        }
    }
}
