//! Gives every handler of an interpreter in the guest a dispatch of its own.
//!
//! A loop around a switch ends each turn with a jump to the one block that reads the next case and jumps by a table. Host
//! processors predict such a jump badly, and how badly depends on where it happens to lie. A copy of the block behind each
//! case has a history of its own.

use demotic_ir::{Exit, ExitId};

use super::unroll::predecessors;
use super::{BlockId, Context, Region, RegionBlock};

/// A dispatch of at most this many guest instructions is copied.
const MAX_INSNS: usize = 12;
/// The copies have at most this many ways to go together: all of them end in the same blocks, and the compiler's work
/// grows with the edges.
const MAX_EDGES: usize = 512;
/// From this many cases on.
const MIN_CASES: usize = 4;

/// Copies the dispatches of a region. True if there were any: the blocks are out of order then.
pub(super) fn duplicate(region: &mut Region) -> bool {
    let blocks = region.blocks.len();
    for jump in 0..blocks {
        let known = indirect_targets(region, jump);
        if known < MIN_CASES {
            continue;
        }
        let chain = chain_of(region, jump);
        let cases = cases_behind(region, chain[0]);
        let size: usize = chain.iter().map(|&b| region.blocks[b].block.guest.len()).sum();
        if cases.len() >= MIN_CASES && size <= MAX_INSNS && known * cases.len() <= MAX_EDGES {
            cases.into_iter().for_each(|case| copy(region, &chain, case));
        }
    }
    region.blocks.len() > blocks
}

/// How many blocks of the region the computed jump of a block is known to lead to.
fn indirect_targets(region: &Region, block: BlockId) -> usize {
    let jumps = &region.blocks[block].jumps;
    jumps.keys().map(|&exit| region.indirect_edges(block, ExitId(exit)).len()).max().unwrap_or(0)
}

/// The block that jumps, after the one that only it follows: where the case is read and compared with their number.
fn chain_of(region: &Region, jump: BlockId) -> Vec<BlockId> {
    let context = region.blocks[jump].context;
    match predecessors(region, jump)[..] {
        [first] if region.blocks[first].context == context && first != jump => vec![first, jump],
        _ => vec![jump],
    }
}

/// The blocks that end with a jump to a block and go nowhere else.
fn cases_behind(region: &Region, head: BlockId) -> Vec<BlockId> {
    let (context, pc) = (region.blocks[head].context, region.blocks[head].block.start.pc);
    let leads_there = |b: &BlockId| {
        let block = &region.blocks[*b];
        let jumps = matches!(block.block.final_exit(), Some(Exit::Jump { target }) if *target == pc);
        jumps && block.context == context && block.turn.is_none()
    };
    (0..region.blocks.len()).filter(leads_there).collect()
}

/// Lets a block go on in a copy of the chain.
fn copy(region: &mut Region, chain: &[BlockId], case: BlockId) {
    let context = region.contexts.len();
    region.contexts.push(Context::Unrolled { of: region.blocks[case].context });
    for &b in chain {
        let clone = RegionBlock { context, ..region.blocks[b].clone() };
        region.index.insert((context, clone.block.start.pc), region.blocks.len());
        region.blocks.push(clone);
    }
    region.blocks[case].turn = Some((region.blocks[chain[0]].block.start.pc, context));
}
