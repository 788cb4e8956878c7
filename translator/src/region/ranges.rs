//! Upper bounds of 32-bit registers over a region, and what they are good for: address arithmetic that cannot wrap
//! around is the same in 64 bits, where the host does it as part of the access.

use demotic_ir::{Block, ExitId, MemSize, Op, Slot, StateLayout, Type, Value};
use rustc_hash::FxHashMap;

use super::{BlockId, Edge, Region};

/// Upper bounds of registers; of one that is not there nothing is known.
type Bounds = FxHashMap<Slot, u32>;

/// For each block, which of its values are address arithmetic that never wraps around.
#[derive(Debug)]
pub(crate) struct Ranges {
    exact: Vec<Vec<bool>>,
}

impl Ranges {
    /// Analyses a region.
    pub(crate) fn of(region: &Region, layout: &StateLayout) -> Ranges {
        let mut bounds: Vec<Option<Bounds>> = vec![None; region.blocks.len()];
        if let Some(entry) = bounds.first_mut() {
            *entry = Some(Bounds::default());
        }
        let mut changed = true;
        while changed {
            changed = false;
            for i in 0..region.blocks.len() {
                let Some(start) = bounds[i].clone() else { continue };
                let mut walk = Walk::new(start, layout);
                for inst in &region.blocks[i].block.insts {
                    if let Op::Exit { exit, .. } = inst.op {
                        changed |= flow_out(region, i, exit, &walk.slots, &mut bounds);
                    }
                    walk.step(&inst.op);
                }
            }
        }
        let exact = region.blocks.iter().zip(bounds).map(|(b, start)| {
            let mut walk = Walk::new(start.unwrap_or_default(), layout);
            b.block.insts.iter().for_each(|inst| walk.step(&inst.op));
            exact_addresses(&b.block, &walk.values)
        });
        Ranges { exact: exact.collect() }
    }

    /// Whether the value of instruction `at` of a block is address arithmetic that never wraps around.
    pub(crate) fn is_exact(&self, block: BlockId, at: usize) -> bool {
        self.exact[block].get(at).copied().unwrap_or(false)
    }
}

/// Joins what is known at an exit into the blocks that it leads to. True if that changed anything.
fn flow_out(
    region: &Region,
    from: BlockId,
    exit: ExitId,
    slots: &Bounds,
    bounds: &mut [Option<Bounds>],
) -> bool {
    let mut changed = false;
    for edge in region.edges(from, exit) {
        let (to, known) = match edge {
            Edge::Inside(to) => (to, slots),
            Edge::Reloaded(to) => (to, &Bounds::default()),
            Edge::Out(_) => continue,
        };
        match &mut bounds[to] {
            // A bound that grows is given up at once: around a loop it would grow for ever.
            Some(old) => {
                let before = old.len();
                old.retain(|slot, bound| known.get(slot).is_some_and(|new| new <= bound));
                changed |= old.len() != before;
            }
            none => {
                *none = Some(known.clone());
                changed = true;
            }
        }
    }
    changed
}

/// A walk through a block.
struct Walk<'a> {
    layout: &'a StateLayout,
    slots: Bounds,
    /// Exact upper bounds of the values so far, which may be more than 32 bits hold; `None` if unknown.
    values: Vec<Option<u64>>,
    in_part: bool,
}

impl<'a> Walk<'a> {
    fn new(slots: Bounds, layout: &'a StateLayout) -> Walk<'a> {
        Walk { layout, slots, values: Vec::new(), in_part: false }
    }

    fn bound(&self, v: Value) -> u64 {
        let known = self.values.get(v.0 as usize).copied().flatten();
        known.filter(|&b| b <= u64::from(u32::MAX)).unwrap_or(u32::MAX.into())
    }

    fn step(&mut self, op: &Op) {
        match *op {
            Op::Put { slot, value, .. } => self.put(slot, value),
            Op::PutFlags { .. } => {
                for slot in self.layout.flags.iter().flat_map(|f| [f.n, f.z, f.c, f.v]) {
                    self.slots.remove(&slot);
                }
            }
            Op::If { .. } => self.in_part = true,
            Op::EndIf { .. } => self.in_part = false,
            _ => {}
        }
        let value = self.value(op);
        self.values.push(value);
    }

    fn put(&mut self, slot: Slot, value: Value) {
        let new = self.bound(value) as u32;
        // What a conditional part writes is perhaps not written.
        let bound = match self.slots.get(&slot) {
            Some(&old) if self.in_part => old.max(new),
            None if self.in_part => u32::MAX,
            _ => new,
        };
        if bound == u32::MAX {
            self.slots.remove(&slot);
        } else {
            self.slots.insert(slot, bound);
        }
    }

    /// The upper bound of an op's value, before it wraps.
    fn value(&self, op: &Op) -> Option<u64> {
        if op.ty() != Type::I32 {
            return None;
        }
        Some(match *op {
            Op::Const { imm, .. } => imm,
            Op::Get { slot, .. } => u64::from(*self.slots.get(&slot)?),
            Op::Load { mem, .. } if !mem.sign => size_mask(mem.size),
            Op::ZExtLow { a, size, .. } => self.bound(a).min(size_mask(size)),
            Op::And { a, b, .. } => self.bound(a).min(self.bound(b)),
            Op::Or { a, b, .. } | Op::Xor { a, b, .. } => ones(self.bound(a).max(self.bound(b))),
            Op::Select { a, b, .. } => self.bound(a).max(self.bound(b)),
            Op::FromBool { .. } => 1,
            Op::Add { a, b, .. } => self.bound(a) + self.bound(b),
            // The amount is at most its bound.
            Op::Shl { a, b, .. } if self.bound(b) < 32 => self.bound(a) << self.bound(b),
            _ => return None,
        })
    }
}

/// The largest value of so many bytes.
fn size_mask(size: MemSize) -> u64 {
    match size {
        MemSize::B1 => 0xff,
        MemSize::B2 => 0xffff,
        MemSize::B4 | MemSize::B8 => u32::MAX.into(),
    }
}

/// The bound with all bits below its highest set.
fn ones(bound: u64) -> u64 {
    u64::MAX.checked_shr(bound.leading_zeros()).unwrap_or(0)
}

/// Marks the sums and shifts that make up addresses and never exceed 32 bits.
fn exact_addresses(block: &Block, bounds: &[Option<u64>]) -> Vec<bool> {
    let mut wanted = vec![false; block.insts.len()];
    for (at, inst) in block.insts.iter().enumerate().rev() {
        match inst.op {
            Op::Load { addr, .. } | Op::Store { addr, .. } => wanted[addr.0 as usize] = true,
            Op::Add { a, b, .. } | Op::Shl { a, b, .. } if wanted[at] => {
                let fits = bounds[at].is_some_and(|bound| bound <= u32::MAX.into());
                wanted[at] = fits;
                if fits {
                    wanted[a.0 as usize] = true;
                    wanted[b.0 as usize] |= matches!(inst.op, Op::Add { .. });
                }
            }
            _ => wanted[at] = false,
        }
    }
    wanted
}
