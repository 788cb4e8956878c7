//! Region forming: the CFG of a guest function from a hot entry, over direct branches and recognised jump tables.
//!
//! A region is the unit of translation. Paths that were never executed stay outside and become cold exits. A call
//! becomes one of three things: a *host call* (the callee is a region of its own and returns the next guest pc), an
//! *inlined* callee (small, calls nothing), whose blocks are cloned per call site, or, for a function that
//! calls itself, a jump to the region's entry, with returns compared with the region's own return sites.

mod checkpoints;
mod dataflow;
mod dispatch;
mod form;
mod hammock;
mod profile;
mod ranges;
mod slots;
mod tables;
mod unroll;

use demotic_ir::passes::PassTimes;
use demotic_ir::{Block, Exit, ExitId, Loc, Trap};
use rustc_hash::FxHashMap;

pub(crate) use dataflow::{Dataflow, Faults};
pub(crate) use form::form_with_dataflow;
pub use form::{FormOptions, Profile, form_region};
pub(crate) use profile::ProfileData;
pub(crate) use ranges::Ranges;
pub(crate) use slots::SlotSet;
pub(crate) use tables::JumpTable;

/// Index of a block in its region.
pub(crate) type BlockId = usize;

/// A context: guest code may be in a region several times, once per context. 0 is the region's own function.
pub(crate) type ContextId = usize;

/// Why a context is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Context {
    /// The region's own function.
    Function,
    /// A call in the context `caller`, which returns to `ret`, was inlined.
    Inlined { caller: ContextId, ret: u64 },
    /// A loop of the context `of` was unrolled: its blocks once more.
    Unrolled { of: ContextId },
}

/// What becomes of a direct call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CallKind {
    /// A call of another region.
    Host,
    /// A jump to the callee's blocks in this context.
    Inline(ContextId),
    /// A jump to the region's entry.
    Recursive,
}

/// A block and its place in the region.
#[derive(Clone, Debug)]
pub(crate) struct RegionBlock {
    pub(crate) block: Block,
    pub(crate) context: ContextId,
    /// A back edge leads here: the place for a safepoint poll.
    pub(crate) loop_header: bool,
    pub(crate) calls: FxHashMap<u16, CallKind>,
    /// Where the indirect jumps among the exits have led so far.
    pub(crate) jumps: FxHashMap<u16, Vec<u64>>,
    /// The table that the indirect jump goes by, if it is known.
    pub(crate) table: Option<JumpTable>,
    /// The only callee so far of the indirect calls among the exits.
    pub(crate) callees: FxHashMap<u16, u64>,
    /// In an unrolled loop: jumps to this address, the loop's header, go on in this context.
    pub(crate) turn: Option<(u64, ContextId)>,
}

/// A region ready for lowering.
#[derive(Clone, Debug)]
pub struct Region {
    pub(crate) entry: Loc,
    /// Block 0 is the entry; the order is a reverse post-order.
    pub(crate) blocks: Vec<RegionBlock>,
    pub(crate) contexts: Vec<Context>,
    pub(crate) index: FxHashMap<(ContextId, u64), BlockId>,
    /// Return addresses of recursive calls that were turned into jumps.
    pub(crate) return_sites: Vec<u64>,
    /// Time that the passes took on its blocks.
    pub(crate) pass_times: PassTimes,
}

/// An edge out of a block exit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Edge {
    /// To a block of the region, with the registers in SSA values.
    Inside(BlockId),
    /// To a block of the region, after a host call or a trap handler may have changed the guest's registers.
    Reloaded(BlockId),
    /// Out of the region, to this address if it is known.
    Out(Option<u64>),
}

impl Region {
    /// The region's entry.
    pub fn entry(&self) -> Loc {
        self.entry
    }

    /// The blocks, entry first.
    pub fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().map(|b| &b.block)
    }

    /// Guest instructions in the region, inlined ones counted each time.
    pub fn guest_insns(&self) -> usize {
        self.blocks.iter().map(|b| b.block.guest.len()).sum()
    }

    /// The guest address ranges that the region was made from.
    pub fn guest_ranges(&self) -> Vec<(u64, u64)> {
        let mut ranges: Vec<(u64, u64)> = self.blocks.iter().map(|b| b.block.guest_range()).collect();
        ranges.sort_unstable();
        ranges.dedup();
        ranges
    }

    /// The block at `pc` in a context.
    pub(crate) fn find(&self, context: ContextId, pc: u64) -> Option<BlockId> {
        self.index.get(&(context, pc)).copied()
    }

    /// Where a direct jump from `from` to `pc` leads.
    pub(crate) fn jump_edge(&self, from: BlockId, pc: u64) -> Edge {
        match self.jump_block(from, pc) {
            Some(b) => Edge::Inside(b),
            None => Edge::Out(Some(pc)),
        }
    }

    /// The block of the region that a jump from `from` to `pc` leads to. What is not among the blocks of an unrolled
    /// loop is in the function around it.
    fn jump_block(&self, from: BlockId, pc: u64) -> Option<BlockId> {
        let block = &self.blocks[from];
        if let Some((_, context)) = block.turn.filter(|&(header, _)| header == pc) {
            return self.find(context, pc);
        }
        self.find(block.context, pc).or_else(|| self.find(self.function_of(block.context), pc))
    }

    /// The context of the function that a context belongs to: that of an unrolled loop's surroundings.
    fn function_of(&self, context: ContextId) -> ContextId {
        match self.contexts[context] {
            Context::Unrolled { of } => of,
            Context::Function | Context::Inlined { .. } => context,
        }
    }

    /// What a direct call becomes.
    pub(crate) fn call_kind(&self, from: BlockId, exit: ExitId) -> CallKind {
        self.blocks[from].calls.get(&exit.0).copied().unwrap_or(CallKind::Host)
    }

    /// The return addresses that a return in `from` is compared with, and the blocks there.
    pub(crate) fn return_edges(&self, from: BlockId) -> Vec<(u64, BlockId)> {
        match self.contexts[self.function_of(self.blocks[from].context)] {
            Context::Inlined { caller, ret } => {
                self.find(caller, ret).map(|b| (ret, b)).into_iter().collect()
            }
            Context::Function | Context::Unrolled { .. } => {
                self.return_sites.iter().filter_map(|&pc| Some((pc, self.find(0, pc)?))).collect()
            }
        }
    }

    /// The blocks that an indirect jump is known to lead to, by address.
    pub(crate) fn indirect_edges(&self, from: BlockId, exit: ExitId) -> Vec<(u64, BlockId)> {
        let block = &self.blocks[from];
        let known = block.jumps.get(&exit.0).map(Vec::as_slice).unwrap_or_default();
        known.iter().filter_map(|&pc| Some((pc, self.jump_block(from, pc)?))).collect()
    }

    /// All edges of an exit.
    pub(crate) fn edges(&self, from: BlockId, id: ExitId) -> Vec<Edge> {
        let after = |pc: u64| match self.jump_edge(from, pc) {
            Edge::Inside(b) => Edge::Reloaded(b),
            edge => edge,
        };
        match self.blocks[from].block.exit(id) {
            Exit::Jump { target } => vec![self.jump_edge(from, *target)],
            Exit::Branch { taken, fallthrough, .. } => {
                vec![self.jump_edge(from, *taken), self.jump_edge(from, *fallthrough)]
            }
            Exit::Switch { targets, default, .. } => {
                targets.iter().chain([default]).map(|&t| self.jump_edge(from, t)).collect()
            }
            Exit::Call { target, ret } => match self.call_kind(from, id) {
                CallKind::Host => vec![Edge::Out(Some(*target)), after(*ret)],
                CallKind::Recursive => vec![Edge::Inside(0)],
                CallKind::Inline(context) => vec![match self.find(context, *target) {
                    Some(b) => Edge::Inside(b),
                    None => Edge::Out(Some(*target)),
                }],
            },
            Exit::CallIndirect { ret, .. } => {
                let callee = self.blocks[from].callees.get(&id.0);
                let known = callee.into_iter().map(|&pc| Edge::Out(Some(pc)));
                known.chain([Edge::Out(None), after(*ret)]).collect()
            }
            Exit::Return { .. } => {
                let inside = self.return_edges(from).into_iter().map(|(_, b)| Edge::Inside(b));
                inside.chain([Edge::Out(None)]).collect()
            }
            Exit::JumpIndirect { .. } => {
                let inside = self.indirect_edges(from, id).into_iter().map(|(_, b)| Edge::Inside(b));
                inside.chain([Edge::Out(None)]).collect()
            }
            Exit::Trap { trap, next, .. } if goes_on(*trap) => vec![Edge::Out(None), after(*next)],
            Exit::Trap { next, .. } => vec![Edge::Out(None), Edge::Out(Some(*next))],
        }
    }

    /// The blocks of the region that a block leads to.
    pub(crate) fn successors(&self, from: BlockId) -> Vec<BlockId> {
        let exits = self.blocks[from].block.exits.len();
        let edges = (0..exits).flat_map(|i| self.edges(from, ExitId(i as u16)));
        edges
            .filter_map(|e| if let Edge::Inside(b) | Edge::Reloaded(b) = e { Some(b) } else { None })
            .collect()
    }
}

/// Whether a trap is so usual that what follows it belongs to the region. The way back from others only holds up the
/// region: what is needed there would have to survive the call.
pub(crate) fn goes_on(trap: Trap) -> bool {
    matches!(trap, Trap::Syscall { .. } | Trap::Privileged { .. } | Trap::InterruptCheck)
}

#[cfg(test)]
mod tests;
