//! Liveness of guest registers and flags over a region, and which of them are newer than the state in memory.
//!
//! Every way out of a region that is inside a loop would otherwise make all registers and flags live around the loop.

use demotic_ir::{Block, FlagMask, FlagSlots, Op, StateLayout, Type};
use rustc_hash::FxHashMap;

use super::checkpoints::Checkpoints;
use super::{BlockId, Edge, Region, RegionBlock, SlotSet};

/// What a memory access may lead to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Faults {
    /// The end of the guest, which sees no registers then.
    Fatal,
    /// The guest's handler, which sees them all, after the interpreter has gone on from the last checkpoint.
    Replayed,
    /// The way out of the region, for the interpreter to do the access.
    Left,
}

/// The results, per block.
#[derive(Debug)]
pub(crate) struct Dataflow {
    /// Slots that the guest may read from here on before it writes them. Outside the region it may read everything.
    guest_live_in: Vec<SlotSet>,
    /// Slots whose SSA values are used from here on before they are defined: by the guest's code in the region, or by
    /// the stores at the ways out.
    pub(crate) live_in: Vec<SlotSet>,
    /// Slots whose SSA value may be newer than the word in the state.
    pub(crate) dirty_in: Vec<SlotSet>,
    /// The slots that are known to be dead at addresses outside the region.
    dead_out: FxHashMap<u64, SlotSet>,
    faults: Faults,
    checkpoints: Checkpoints,
    /// What each instruction of each block reads and writes.
    sets: Vec<Vec<Accesses>>,
}

/// Whose reads count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum View {
    /// The guest's own.
    Guest,
    /// Those of the generated code, which stores what is dirty when it leaves.
    Host,
}

/// The slots that an instruction touches.
#[derive(Clone, Copy, Debug)]
struct Accesses {
    reads: SlotSet,
    writes: SlotSet,
    /// The instruction may leave the region, for the interpreter to do it: everything dirty is read.
    may_leave: bool,
    /// The guest may look at everything if the instruction faults.
    shows_all: bool,
}

/// What may be newer than the state before an instruction.
#[derive(Clone, Copy)]
struct Dirty {
    /// What the checkpoint before it stores.
    stored: SlotSet,
    /// What is left then.
    left: SlotSet,
}

impl Dataflow {
    /// Analyses the region and removes writes of registers and flags that nothing reads. Accesses that check their address
    /// themselves may leave the region whatever `faults` says.
    pub(crate) fn run(
        region: &mut Region,
        layout: &StateLayout,
        dead_out: FxHashMap<u64, SlotSet>,
        faults: Faults,
    ) -> Dataflow {
        let replayed = faults == Faults::Replayed;
        let mut flow = Dataflow {
            guest_live_in: Vec::new(),
            live_in: Vec::new(),
            dirty_in: Vec::new(),
            dead_out,
            faults,
            checkpoints: if replayed { Checkpoints::of(region) } else { Checkpoints::default() },
            sets: Vec::new(),
        };
        flow.solve(region, layout);
        for i in 0..region.blocks.len() {
            let live = flow.live_after(region, i);
            strip_dead_puts(&mut region.blocks[i], &live, layout);
        }
        // Without the dead writes fewer slots are dirty at the exits, and so fewer are live.
        flow.solve(region, layout);
        flow
    }

    fn solve(&mut self, region: &Region, layout: &StateLayout) {
        self.sets = region.blocks.iter().map(|b| accesses(&b.block, layout, self.faults)).collect();
        let none = vec![SlotSet::EMPTY; region.blocks.len()];
        self.dirty_in = none.clone();
        self.solve_dirty(region);
        self.guest_live_in = self.solve_live(region, none.clone(), View::Guest);
        self.live_in = self.solve_live(region, none, View::Host);
    }

    /// The slots that a safepoint poll at the start of a loop header stores when it leaves.
    pub(crate) fn stored_at_poll(&self, block: BlockId) -> SlotSet {
        self.dirty_in[block].intersection(self.guest_live_in[block])
    }

    /// Whether a checkpoint is before an instruction of a block.
    pub(crate) fn has_checkpoint(&self, block: BlockId, n: usize) -> bool {
        self.checkpoints.is_before(block, n)
    }

    /// The slots that must be stored when the region is left by an edge, of those that are dirty there.
    pub(crate) fn stored_at(&self, dirty: SlotSet, edge: Edge) -> SlotSet {
        match edge {
            Edge::Out(Some(pc)) => dirty.minus(self.dead_out.get(&pc).copied().unwrap_or_default()),
            _ => dirty,
        }
    }

    fn solve_dirty(&mut self, region: &Region) {
        let mut changed = true;
        while changed {
            changed = false;
            for i in 0..region.blocks.len() {
                let insts = &region.blocks[i].block.insts;
                for (inst, dirty) in insts.iter().zip(self.dirty_before(region, i)) {
                    let Op::Exit { exit, .. } = inst.op else { continue };
                    for edge in region.edges(i, exit) {
                        if let Edge::Inside(to) = edge {
                            let merged = self.dirty_in[to].union(dirty.left);
                            changed |= merged != self.dirty_in[to];
                            self.dirty_in[to] = merged;
                        }
                    }
                }
            }
        }
    }

    fn solve_live(&self, region: &Region, mut live_in: Vec<SlotSet>, view: View) -> Vec<SlotSet> {
        let mut changed = true;
        while changed {
            changed = false;
            for i in (0..region.blocks.len()).rev() {
                let mut live = self.backward(region, i, view, &live_in, |_, _| {});
                if view == View::Host && region.blocks[i].loop_header {
                    live = live.union(self.stored_at_poll(i));
                }
                changed |= live != live_in[i];
                live_in[i] = live;
            }
        }
        live_in
    }

    /// The slots that are live after each instruction of a block.
    fn live_after(&self, region: &Region, i: usize) -> Vec<SlotSet> {
        let mut after = vec![SlotSet::EMPTY; region.blocks[i].block.insts.len()];
        self.backward(region, i, View::Host, &self.live_in, |at, live| after[at] = live);
        after
    }

    /// Walks a block backwards; calls `at` with the slots live after each instruction; gives those live at its start.
    fn backward(
        &self,
        region: &Region,
        i: usize,
        view: View,
        live_in: &[SlotSet],
        mut at: impl FnMut(usize, SlotSet),
    ) -> SlotSet {
        let block = &region.blocks[i].block;
        let dirty = self.dirty_before(region, i);
        let mut live = SlotSet::EMPTY;
        let mut after_part = SlotSet::EMPTY;
        for (at_inst, inst) in block.insts.iter().enumerate().rev() {
            at(at_inst, live);
            match inst.op {
                Op::Exit { exit, .. } => {
                    let edges = region.edges(i, exit).into_iter();
                    live = edges.fold(SlotSet::EMPTY, |live, edge| {
                        live.union(self.live_at_edge(edge, view, live_in, dirty[at_inst].left))
                    });
                }
                Op::EndIf { .. } => after_part = live,
                Op::If { .. } => live = live.union(after_part),
                _ => {
                    let Accesses { reads, writes, may_leave, shows_all } = self.sets[i][at_inst];
                    live = live.minus(writes).union(reads);
                    live = live.union(match view {
                        View::Guest if may_leave || shows_all => SlotSet::ALL,
                        View::Host if may_leave => dirty[at_inst].left.union(dirty[at_inst].stored),
                        View::Host => dirty[at_inst].stored,
                        View::Guest => SlotSet::EMPTY,
                    });
                }
            }
        }
        live
    }

    fn live_at_edge(&self, edge: Edge, view: View, live_in: &[SlotSet], dirty: SlotSet) -> SlotSet {
        match edge {
            Edge::Inside(to) => live_in[to],
            // What is newer than the state is stored; the rest is in the state already.
            Edge::Reloaded(_) | Edge::Out(_) => {
                self.stored_at(if view == View::Guest { SlotSet::ALL } else { dirty }, edge)
            }
        }
    }

    /// What may be dirty before each instruction of a block.
    fn dirty_before(&self, region: &Region, i: usize) -> Vec<Dirty> {
        let insts = &region.blocks[i].block.insts;
        let mut dirty = self.dirty_in[i];
        // What is so when a conditional part is not executed.
        let mut around = SlotSet::EMPTY;
        let mut before = Vec::with_capacity(insts.len());
        for (n, inst) in insts.iter().enumerate() {
            let checkpoint = self.has_checkpoint(i, n);
            let stored =
                if checkpoint { std::mem::replace(&mut dirty, SlotSet::EMPTY) } else { SlotSet::EMPTY };
            before.push(Dirty { stored, left: dirty });
            match inst.op {
                Op::If { .. } => around = dirty,
                Op::EndIf { .. } => dirty = dirty.union(around),
                _ => dirty = dirty.union(self.sets[i][n].writes),
            }
        }
        before
    }
}

/// The flag slots of a mask.
fn flag_slots(mask: FlagMask, flags: &FlagSlots) -> SlotSet {
    let all =
        [(FlagMask::N, flags.n), (FlagMask::Z, flags.z), (FlagMask::C, flags.c), (FlagMask::V, flags.v)];
    all.into_iter().filter(|(m, _)| mask.contains(*m)).map(|(_, s)| s).collect()
}

/// What each instruction of a block reads and writes. Flags read by conditions only count as far as the conditions
/// look at them.
fn accesses(block: &Block, layout: &StateLayout, faults: Faults) -> Vec<Accesses> {
    let mut flag_uses = vec![FlagMask(0); block.insts.len()];
    for inst in &block.insts {
        match inst.op {
            Op::Cond { flags, cc, .. } => flag_uses[flags.0 as usize].0 |= cc.reads().0,
            op => op.for_each_value(|v| flag_uses[v.0 as usize] = FlagMask::NZCV),
        }
    }
    let sets = block.insts.iter().zip(flag_uses);
    sets.map(|(inst, used)| Accesses {
        reads: reads(&inst.op, used, layout),
        writes: writes(&inst.op, layout),
        may_leave: may_leave(&inst.op, faults),
        shows_all: faults == Faults::Replayed && inst.op.info().effects.can_fault(),
    })
    .collect()
}

fn may_leave(op: &Op, faults: Faults) -> bool {
    match op {
        Op::Load { mem, .. } | Op::Store { mem, .. } => mem.aligned || faults == Faults::Left,
        Op::LoadEx { .. } | Op::StoreEx { .. } | Op::Swap { .. } => true,
        _ => false,
    }
}

/// The slots that an op reads; `used` are the flags of interest of a `get_flags`.
fn reads(op: &Op, used: FlagMask, layout: &StateLayout) -> SlotSet {
    match *op {
        Op::Get { slot, .. } => [slot].into_iter().collect(),
        Op::GetFlags { .. } => layout.flags.iter().fold(SlotSet::EMPTY, |s, f| s.union(flag_slots(used, f))),
        Op::StoreEx { .. } => [layout.monitor_addr, layout.monitor_value].into_iter().collect(),
        Op::FRaises { .. } | Op::VFRaises { .. } => layout.exceptions.into_iter().collect(),
        _ => SlotSet::EMPTY,
    }
}

/// The slots that an op writes.
fn writes(op: &Op, layout: &StateLayout) -> SlotSet {
    match *op {
        Op::Put { slot, .. } => [slot].into_iter().collect(),
        Op::PutFlags { mask, .. } => {
            layout.flags.iter().fold(SlotSet::EMPTY, |s, f| s.union(flag_slots(mask, f)))
        }
        Op::LoadEx { .. } | Op::StoreEx { .. } => {
            [layout.monitor_addr, layout.monitor_value].into_iter().collect()
        }
        _ => SlotSet::EMPTY,
    }
}

/// The slots that code at the start of `block` writes before it reads them, leaves the block or may trap.
pub(crate) fn killed_first(block: &Block, layout: &StateLayout) -> SlotSet {
    let mut seen = SlotSet::EMPTY;
    let mut killed = SlotSet::EMPTY;
    for (inst, sets) in block.insts.iter().zip(accesses(block, layout, Faults::Left)) {
        if inst.op.info().effects.is_control() {
            break;
        }
        seen = seen.union(sets.reads);
        killed = killed.union(sets.writes.minus(seen));
    }
    killed
}

/// Removes the writes that nothing reads: a dead `put` becomes an unused constant, a `put_flags` keeps the flags that
/// matter. `live` holds the slots live after each instruction.
fn strip_dead_puts(block: &mut RegionBlock, live: &[SlotSet], layout: &StateLayout) {
    for (inst, live) in block.block.insts.iter_mut().zip(live) {
        match &mut inst.op {
            Op::Put { slot, .. } if !live.contains(*slot) => inst.op = Op::Const { ty: Type::Bool, imm: 0 },
            Op::PutFlags { mask, .. } => {
                if let Some(flags) = &layout.flags {
                    *mask = live_flags(*mask, flags, *live);
                }
            }
            _ => {}
        }
    }
}

/// The flags of a mask whose slots are in `live`.
fn live_flags(mask: FlagMask, flags: &FlagSlots, live: SlotSet) -> FlagMask {
    let all =
        [(FlagMask::N, flags.n), (FlagMask::Z, flags.z), (FlagMask::C, flags.c), (FlagMask::V, flags.v)];
    let kept = all.into_iter().filter(|(m, s)| mask.contains(*m) && live.contains(*s));
    FlagMask(kept.fold(0, |bits, (m, _)| bits | m.0))
}
