//! Checkpoints: where translated code brings the state up to date so that a fault can be looked at exactly.
//!
//! While the guest handles faults itself, it is to find all registers as they were before the instruction that faults. To
//! store them before every access would cost more than translation gains. Instead the state is that of a *checkpoint*,
//! an instruction since which nothing has happened that cannot be done again: only loads and computations. After a fault the
//! interpreter goes on from there, and comes to the fault with exact registers. So the first access after a store
//! begins with a checkpoint; loops that only load have none.
//!
//! The stores of one instruction (`STM`) may be done again: it finds its registers as they were.

use demotic_ir::{Block, ExitId, Op};

use super::{BlockId, Edge, Region};

/// The checkpoints of a region.
#[derive(Debug, Default)]
pub(super) struct Checkpoints {
    /// By block and instruction: one is before it. Empty if there are none at all.
    before: Vec<Vec<bool>>,
}

impl Checkpoints {
    /// Those that a region needs. Its entry is one, and so is where it goes on after calls and traps.
    pub(super) fn of(region: &Region) -> Checkpoints {
        // Whether the guest may have stored since the last one when a block begins.
        let mut stored_in = vec![false; region.blocks.len()];
        let mut changed = true;
        while changed {
            changed = false;
            for i in 0..region.blocks.len() {
                let block = &region.blocks[i].block;
                walk(block, stored_in[i], |n, stored, _| {
                    let Op::Exit { exit, .. } = block.insts[n].op else { return };
                    for to in reached(region, i, exit) {
                        changed |= stored && !stored_in[to];
                        stored_in[to] |= stored;
                    }
                });
            }
        }
        let before = region.blocks.iter().zip(stored_in).map(|(b, stored)| {
            let mut before = vec![false; b.block.insts.len()];
            walk(&b.block, stored, |n, _, checkpoint| before[n] = checkpoint);
            before
        });
        Checkpoints { before: before.collect() }
    }

    /// Whether there is one before an instruction of a block.
    pub(super) fn is_before(&self, block: BlockId, n: usize) -> bool {
        self.before.get(block).and_then(|block| block.get(n)).is_some_and(|&is| is)
    }
}

/// The blocks that an exit leads to without a checkpoint on the way.
fn reached(region: &Region, from: BlockId, exit: ExitId) -> impl Iterator<Item = BlockId> {
    let edges = region.edges(from, exit).into_iter();
    edges.filter_map(|edge| if let Edge::Inside(to) = edge { Some(to) } else { None })
}

/// Calls `visit` for each instruction with whether the guest may have stored since the last checkpoint, and whether one is
/// before the instruction.
fn walk(block: &Block, mut stored: bool, mut visit: impl FnMut(usize, bool, bool)) {
    // The guest instruction that the last checkpoint is at.
    let mut at = None;
    // What is so when a conditional part is not executed.
    let mut around = false;
    for (n, inst) in block.insts.iter().enumerate() {
        let accesses = inst.op.info().effects.can_fault();
        let checkpoint = accesses && stored && at != Some(inst.src);
        if checkpoint {
            (stored, at) = (false, Some(inst.src));
        }
        visit(n, stored, checkpoint);
        match inst.op {
            Op::If { .. } => (around, at) = (stored, None),
            Op::EndIf { .. } => (stored, at) = (stored | around, None),
            Op::Load { .. } => {}
            _ => stored |= accesses,
        }
    }
}
