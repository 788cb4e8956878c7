//! Pairs of 64-bit registers that a region uses as one vector: they are kept in one vector variable, so that loops over
//! vectors neither join nor split.
//!
//! A half of a vector is an integer only where something asks for the integer ([`Lowered::Half`]): putting both halves
//! of a vector to a pair, or joining them again, costs nothing.

use cranelift_codegen::ir::types::{I8X16, I64, I64X2};
use cranelift_codegen::ir::{self, Endianness, InstBuilder, MemFlagsData};
use cranelift_frontend::Variable;
use demotic_ir::{Block, MemOp, MemSize, Op, Slot, Type, Value};
use rustc_hash::FxHashMap;

use super::memory::guest_access;
use super::{Lowered, Lowerer, MemoryModel, state_access};
use crate::region::{Region, SlotSet};
use crate::vcpu_state::offset;

/// The bytes of a shuffle that takes the low half of the first and the high half of the second vector.
const LOW_AND_HIGH: u128 = 0x1f1e_1d1c_1b1a_1918_0706_0504_0302_0100;

/// A register's place in a pair.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Place {
    low: Slot,
    high: Slot,
    is_high: bool,
}

/// The pairs of a region.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs(FxHashMap<Slot, Place>);

/// So many votes are not to be outweighed.
const NEVER: u32 = u32::MAX / 4;

/// What speaks for a pair and against it.
#[derive(Default)]
struct Votes {
    /// How often two registers are one vector.
    together: FxHashMap<(Slot, Slot), u32>,
    /// How often a register is something else.
    alone: FxHashMap<Slot, u32>,
}

impl Pairs {
    /// The pairs that a region mostly uses as vectors.
    pub(super) fn of(region: &Region) -> Pairs {
        let mut votes = Votes::default();
        region.blocks().for_each(|block| votes.count(block));
        let alone = |slot: Slot| votes.alone.get(&slot).copied().unwrap_or(0);
        let mut wanted: Vec<_> = votes.together.iter().map(|(&pair, &n)| (n, pair)).collect();
        wanted.sort_unstable_by_key(|&(n, (low, high))| (std::cmp::Reverse(n), low, high));
        let mut pairs = Pairs::default();
        for (n, (low, high)) in wanted {
            let free = [low, high].iter().all(|slot| !pairs.0.contains_key(slot));
            if free && n >= alone(low) + alone(high) {
                pairs.0.insert(low, Place { low, high, is_high: false });
                pairs.0.insert(high, Place { low, high, is_high: true });
            }
        }
        pairs
    }

    fn place(&self, slot: Slot) -> Option<Place> {
        self.0.get(&slot).copied()
    }
}

impl Votes {
    fn count(&mut self, block: &Block) {
        let def = |v: Value| &block.insts[v.0 as usize].op;
        // Where the halves of vectors go, by vector.
        let mut put: FxHashMap<Value, (Option<Slot>, Option<Slot>)> = FxHashMap::default();
        // Where what is loaded goes, and which of that is joined.
        let (mut loaded, mut joined) = (FxHashMap::default(), Vec::new());
        for inst in &block.insts {
            match inst.op {
                Op::Get { ty, slot } | Op::Put { ty, slot, .. } if ty != Type::I64 => {
                    self.alone.insert(slot, NEVER);
                }
                Op::VJoin { lo, hi, .. } => {
                    if let (Op::Get { slot: low, .. }, Op::Get { slot: high, .. }) = (def(lo), def(hi))
                        && low != high
                    {
                        *self.together.entry((*low, *high)).or_default() += 1;
                    } else {
                        joined.push((lo, hi));
                        self.uses(def(lo));
                        self.uses(def(hi));
                    }
                }
                Op::Put { value, slot, .. } => match *def(value) {
                    Op::VLow { a, .. } => put.entry(a).or_default().0 = Some(slot),
                    Op::VHigh { a, .. } => put.entry(a).or_default().1 = Some(slot),
                    // What is loaded may as well be loaded into a vector.
                    Op::Load { ty: Type::I64, .. } => {
                        loaded.insert(value, slot);
                    }
                    _ => *self.alone.entry(slot).or_default() += 1,
                },
                // And what is stored may come from one.
                Op::Store { ty: Type::I64, .. } => {}
                op => op.for_each_value(|v| self.uses(def(v))),
            }
        }
        for (lo, hi) in joined {
            if let (Some(&low), Some(&high)) = (loaded.get(&lo), loaded.get(&hi))
                && low != high
            {
                *self.together.entry((low, high)).or_default() += 1;
            }
        }
        for halves in put.into_values() {
            match halves {
                (Some(low), Some(high)) if low != high => *self.together.entry((low, high)).or_default() += 1,
                (low, high) => {
                    low.into_iter().chain(high).for_each(|slot| *self.alone.entry(slot).or_default() += 1);
                }
            }
        }
    }

    /// A value is used on its own.
    fn uses(&mut self, def: &Op) {
        if let Op::Get { slot, .. } = def {
            *self.alone.entry(*slot).or_default() += 1;
        }
    }
}

/// Where a half of a pair's vector comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum HalfSource {
    /// The same half of a vector.
    Vector(ir::Value),
    /// An integer.
    Word(ir::Value),
}

/// Whether an access is like the one 8 bytes before it.
fn continues(first: MemOp, second: MemOp) -> bool {
    second == first || second == MemOp { aligned: false, ..first }
}

impl Lowerer<'_> {
    fn pair_variable(&mut self, place: Place) -> Variable {
        let b = &mut self.b;
        *self.pair_variables.entry(place.low).or_insert_with(|| b.declare_var(I8X16))
    }

    /// The same bits as a vector of another type.
    fn vector_as(&mut self, ty: ir::Type, value: ir::Value) -> ir::Value {
        if self.b.func.dfg.value_type(value) == ty {
            return value;
        }
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        self.b.ins().bitcast(ty, flags, value)
    }

    /// A half of a vector as an integer.
    pub(super) fn half_word(&mut self, vector: ir::Value, high: bool) -> ir::Value {
        let vector = self.vector_as(I64X2, vector);
        self.b.ins().extractlane(vector, u8::from(high))
    }

    /// The vector whose halves two values are, if they are halves of one.
    pub(super) fn whole(&self, lo: Value, hi: Value) -> Option<ir::Value> {
        match (self.values[lo.0 as usize], self.values[hi.0 as usize]) {
            (Lowered::Half { vector: a, high: false }, Lowered::Half { vector: b, high: true }) if a == b => {
                Some(a)
            }
            _ => None,
        }
    }

    /// Reads a register that is half of a pair.
    pub(super) fn read_half(&mut self, slot: Slot) -> Option<Lowered> {
        let place = self.pairs.place(slot)?;
        let variable = self.pair_variable(place);
        Some(Lowered::Half { vector: self.b.use_var(variable), high: place.is_high })
    }

    /// Writes a register if it is half of a pair.
    pub(super) fn write_half(&mut self, slot: Slot, value: Value) -> bool {
        let Some(place) = self.pairs.place(slot) else { return false };
        let source = match self.values[value.0 as usize] {
            Lowered::Half { vector, high } if high == place.is_high => HalfSource::Vector(vector),
            _ => HalfSource::Word(self.wide(value)),
        };
        let variable = self.pair_variable(place);
        let before = HalfSource::Vector(self.b.use_var(variable));
        let sources = self.pair_sources.entry(place.low).or_insert([before; 2]);
        sources[usize::from(place.is_high)] = source;
        let whole = match *sources {
            [HalfSource::Vector(a), HalfSource::Vector(b)] if a == b => a,
            [lo, hi] => self.joined(lo, hi),
        };
        let whole = self.vector_as(I8X16, whole);
        self.b.def_var(variable, whole);
        self.dirty.insert(slot);
        true
    }

    /// The vector with these halves.
    fn joined(&mut self, lo: HalfSource, hi: HalfSource) -> ir::Value {
        match (lo, hi) {
            (HalfSource::Vector(lo), HalfSource::Vector(hi)) => {
                let (lo, hi) = (self.vector_as(I8X16, lo), self.vector_as(I8X16, hi));
                self.shuffle(lo, hi, LOW_AND_HIGH)
            }
            (HalfSource::Word(lo), HalfSource::Word(hi)) => self.join(lo, hi),
            (HalfSource::Word(word), HalfSource::Vector(vector)) => self.with_half(vector, word, 0),
            (HalfSource::Vector(vector), HalfSource::Word(word)) => self.with_half(vector, word, 1),
        }
    }

    fn with_half(&mut self, vector: ir::Value, word: ir::Value, lane: u8) -> ir::Value {
        let vector = self.vector_as(I64X2, vector);
        self.b.ins().insertlane(vector, word, lane)
    }

    /// Loads those of `slots` that are in pairs, as whole pairs; gives the others.
    pub(super) fn load_pairs(&mut self, slots: SlotSet) -> SlotSet {
        let mut done = SlotSet::EMPTY;
        for slot in slots.iter() {
            let Some(place) = self.pairs.place(slot) else { continue };
            done.insert(slot);
            if place.is_high && slots.contains(place.low) {
                continue;
            }
            let vector = if place.high == place.low.nth(1) {
                self.b.ins().load(I8X16, state_access(), self.cpu, offset::slot(place.low))
            } else {
                let [lo, hi] = [place.low, place.high]
                    .map(|slot| self.b.ins().load(I64, state_access(), self.cpu, offset::slot(slot)));
                let vector = self.join(lo, hi);
                self.vector_as(I8X16, vector)
            };
            let variable = self.pair_variable(place);
            self.b.def_var(variable, vector);
        }
        slots.minus(done)
    }

    /// Stores those of `slots` that are in pairs; gives the others.
    pub(super) fn store_pairs(&mut self, slots: SlotSet) -> SlotSet {
        let mut done = SlotSet::EMPTY;
        for slot in slots.iter() {
            let Some(place) = self.pairs.place(slot) else { continue };
            if done.contains(slot) {
                continue;
            }
            let variable = self.pair_variable(place);
            let vector = self.b.use_var(variable);
            let both = slots.contains(place.low) && slots.contains(place.high);
            if both && place.high == place.low.nth(1) {
                self.b.ins().store(state_access(), vector, self.cpu, offset::slot(place.low));
                done.insert(place.low);
                done.insert(place.high);
            } else {
                let word = self.half_word(vector, place.is_high);
                self.b.ins().store(state_access(), word, self.cpu, offset::slot(slot));
                done.insert(slot);
            }
        }
        slots.minus(done)
    }

    // ---- accesses of 16 bytes, which front ends make as two of 8 ----

    /// Whether an access may be the first half of one of 16 bytes. Its alignment is the second half's, too.
    fn may_widen(&self, ty: Type, mem: MemOp) -> bool {
        ty == Type::I64 && mem.size == MemSize::B8 && !mem.big && self.options.memory != MemoryModel::Sections
    }

    /// The access of the next 8 bytes, if it comes next and belongs to the same instruction.
    fn second_access(&self, second: impl Fn(&Op) -> bool) -> Option<usize> {
        let insts = &self.region.blocks[self.at].block.insts;
        let src = insts[self.inst].src;
        let rest = insts.iter().enumerate().skip(self.inst + 1);
        let mut rest = rest.take_while(|(_, inst)| inst.src == src && !inst.op.info().effects.is_control());
        let (at, inst) = rest.find(|(_, inst)| inst.op.info().effects.can_fault())?;
        second(&inst.op).then_some(at)
    }

    /// Loads 16 bytes where the block loads both halves of a vector.
    pub(super) fn load_both(&mut self, ty: Type, addr: Value, disp: i32, mem: MemOp) -> Option<Lowered> {
        if let Some((_, vector)) = self.second_load.take_if(|(at, _)| *at == self.inst) {
            return Some(Lowered::Half { vector, high: true });
        }
        if !self.may_widen(ty, mem) {
            return None;
        }
        let next = disp.checked_add(8)?;
        let at = self.second_access(|op| {
            matches!(*op, Op::Load { ty: t, addr: a, disp: d, mem: m }
                if (t, a, d) == (ty, addr, next) && continues(mem, m))
        })?;
        if !self.are_halves(self.inst, at) {
            return None;
        }
        let (base, disp) = self.host_address(addr, disp, mem, false);
        let vector = self.b.ins().load(I8X16, guest_access(), base, disp);
        self.second_load = Some((at, vector));
        Some(Lowered::Half { vector, high: false })
    }

    /// Whether two values are only ever the halves of a vector: joined, or put to a pair.
    fn are_halves(&self, lo: usize, hi: usize) -> bool {
        let (lo, hi) = (Value(lo as u32), Value(hi as u32));
        let mut all = true;
        for inst in &self.region.blocks[self.at].block.insts {
            inst.op.for_each_value(|v| {
                if v == lo || v == hi {
                    all &= match inst.op {
                        Op::VJoin { lo: a, hi: b, .. } => (a, b) == (lo, hi),
                        Op::Put { slot, .. } => {
                            self.pairs.place(slot).is_some_and(|place| place.is_high == (v == hi))
                        }
                        _ => false,
                    };
                }
            });
        }
        all
    }

    /// Stores 16 bytes where the block stores both halves of a vector.
    pub(super) fn store_both(&mut self, addr: Value, value: Value, disp: i32, mem: MemOp) -> bool {
        if self.second_store.take_if(|at| *at == self.inst).is_some() {
            return true;
        }
        if !self.may_widen(Type::I64, mem) {
            return false;
        }
        let Lowered::Half { vector, high: false } = self.values[value.0 as usize] else { return false };
        let Some(next) = disp.checked_add(8) else { return false };
        let mut other = None;
        let insts = &self.region.blocks[self.at].block.insts;
        let at = self.second_access(|op| {
            matches!(*op, Op::Store { addr: a, disp: d, mem: m, .. }
                if (a, d) == (addr, next) && continues(mem, m))
        });
        let Some(at) = at else { return false };
        if let Op::Store { value, .. } = insts[at].op {
            other = self.values.get(value.0 as usize);
        }
        let same = matches!(other, Some(&Lowered::Half { vector: v, high: true }) if v == vector);
        if !same {
            return false;
        }
        let (base, disp) = self.host_address(addr, disp, mem, true);
        self.b.ins().store(guest_access(), vector, base, disp);
        self.second_store = Some(at);
        true
    }
}
