//! Unrolls small innermost loops, so that a safepoint poll comes around less often.
//!
//! The loop's blocks are cloned, each time in a context of their own. A jump to the header goes to the header of the
//! next copy, and from the last copy back to the first, which alone has the poll.

use demotic_ir::Exit;

use super::{BlockId, Context, ContextId, Region, RegionBlock};

/// A loop of at most this many bodies in a row.
const MAX_BODIES: usize = 4;

/// Unrolls the innermost loops of a region (its blocks in reverse post-order) up to `max_insns` guest instructions.
/// True if there were any: the blocks are out of order then.
pub(super) fn unroll_loops(region: &mut Region, max_insns: usize) -> bool {
    let loops: Vec<Vec<BlockId>> = (0..region.blocks.len()).filter_map(|h| innermost(region, h)).collect();
    let blocks = region.blocks.len();
    for body in loops {
        let size: usize = body.iter().map(|&b| region.blocks[b].block.guest.len()).sum();
        let bodies = (max_insns / size.max(1)).min(MAX_BODIES);
        if bodies >= 2 {
            unroll(region, &body, bodies);
        }
    }
    region.blocks.len() > blocks
}

/// The blocks of the loop with this header, header first; none if it is no loop, has another one inside, or does more
/// than compute and branch.
fn innermost(region: &Region, header: BlockId) -> Option<Vec<BlockId>> {
    if !region.blocks[header].loop_header {
        return None;
    }
    let mut body = vec![header];
    let mut work = latches(region, header);
    while let Some(b) = work.pop() {
        if body.contains(&b) {
            continue;
        }
        // An edge from before the header that does not go through it: the loop has two entries.
        if b < header || region.blocks[b].loop_header {
            return None;
        }
        body.push(b);
        work.extend(predecessors(region, b));
    }
    let context = region.blocks[header].context;
    let plain = |&b: &BlockId| region.blocks[b].context == context && computes_only(&region.blocks[b]);
    body.iter().all(plain).then_some(body)
}

fn computes_only(block: &RegionBlock) -> bool {
    block.block.exits.iter().all(|e| matches!(e, Exit::Jump { .. } | Exit::Branch { .. }))
}

/// The blocks that jump back to a header.
fn latches(region: &Region, header: BlockId) -> Vec<BlockId> {
    predecessors(region, header).into_iter().filter(|&b| b >= header).collect()
}

/// The blocks that lead to a block.
pub(super) fn predecessors(region: &Region, block: BlockId) -> Vec<BlockId> {
    (0..region.blocks.len()).filter(|&b| region.successors(b).contains(&block)).collect()
}

/// Makes `bodies` of the loop out of one.
fn unroll(region: &mut Region, body: &[BlockId], bodies: usize) {
    let Some(&header) = body.first() else { return };
    let first = region.blocks[header].context;
    let pc = region.blocks[header].block.start.pc;
    let mut context = first;
    for _ in 1..bodies {
        let next = region.contexts.len();
        region.contexts.push(Context::Unrolled { of: first });
        for &b in body {
            let clone = RegionBlock { context: next, turn: Some((pc, first)), ..region.blocks[b].clone() };
            region.index.insert((next, clone.block.start.pc), region.blocks.len());
            region.blocks.push(clone);
        }
        turn_into(region, context, body, next, pc);
        context = next;
    }
}

/// Lets the jumps to the header from the loop's copy in `context` go on in the copy in `next`.
fn turn_into(region: &mut Region, context: ContextId, body: &[BlockId], next: ContextId, header: u64) {
    let starts: Vec<u64> = body.iter().map(|&b| region.blocks[b].block.start.pc).collect();
    for start in starts {
        if let Some(b) = region.find(context, start) {
            region.blocks[b].turn = Some((header, next));
        }
    }
}
