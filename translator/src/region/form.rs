//! Collects the blocks of a region.

use std::collections::{BTreeMap, BTreeSet};

use demotic_ir::passes::{PassOptions, PassTimes, run_timed};
use demotic_ir::{Block, CodeSource, Exit, GuestArch, LiftOptions, Loc, Op};
use rustc_hash::FxHashMap;

use super::dataflow::killed_first;
use super::{
    CallKind, Context, ContextId, Dataflow, Edge, Faults, Region, RegionBlock, SlotSet, dispatch, hammock,
    tables, unroll,
};

/// What execution so far says of a location.
pub trait Profile {
    /// Whether a block that begins at `pc` has been executed. Blocks that have not stay out of regions.
    fn executed(&self, pc: u64) -> bool;

    /// Where the indirect jump or call at guest address `pc` has led so far.
    fn targets(&self, pc: u64) -> &[u64];

    /// What the state's slots held when the indirect jump at guest address `pc` was first seen.
    fn state_at(&self, pc: u64) -> Option<&[u64]>;
}

/// At most this many targets of an indirect jump are taken into its region.
const MAX_JUMP_TARGETS: usize = 256;

/// Knobs of region forming.
#[derive(Clone, Copy, Debug)]
pub struct FormOptions {
    /// Stop adding blocks when the region has this many guest instructions.
    pub max_insns: usize,
    /// Inline callees of at most this many guest instructions.
    pub inline_insns: usize,
    /// Turn calls of the region's own entry into jumps, with at most this many return sites.
    pub recursive_sites: usize,
    /// Unroll innermost loops up to this many guest instructions.
    pub unroll_insns: usize,
    /// Passes per block.
    pub passes: PassOptions,
}

impl Default for FormOptions {
    fn default() -> Self {
        FormOptions {
            max_insns: 600,
            inline_insns: 40,
            recursive_sites: 4,
            unroll_insns: 24,
            passes: PassOptions::default(),
        }
    }
}

/// Blocks of one function body by address.
type Body = BTreeMap<u64, Block>;

struct Former<'a> {
    arch: &'a dyn GuestArch,
    code: &'a dyn CodeSource,
    profile: Option<&'a dyn Profile>,
    options: &'a FormOptions,
    mode: u32,
    budget: usize,
}

/// Forms the region that is entered at `entry`, analyses it, and removes dead writes.
pub(crate) fn form_with_dataflow(
    arch: &dyn GuestArch,
    code: &dyn CodeSource,
    profile: Option<&dyn Profile>,
    options: &FormOptions,
    entry: Loc,
    faults: Faults,
) -> (Region, Dataflow) {
    let mut region = form_region(arch, code, profile, options, entry);
    let dead = dead_out(arch, code, &region, faults);
    let flow = Dataflow::run(&mut region, arch.layout(), dead, faults);
    if let Some(profile) = profile {
        tables::read(&mut region, &flow, code, profile);
    }
    (region, flow)
}

/// Forms the region that is entered at `entry`.
pub fn form_region(
    arch: &dyn GuestArch,
    code: &dyn CodeSource,
    profile: Option<&dyn Profile>,
    options: &FormOptions,
    entry: Loc,
) -> Region {
    let mut former = Former { arch, code, profile, options, mode: entry.mode, budget: options.max_insns };
    let body = former.body(entry.pc);
    let mut region = Region {
        entry,
        blocks: Vec::new(),
        contexts: vec![Context::Function],
        index: FxHashMap::default(),
        return_sites: Vec::new(),
        pass_times: PassTimes::default(),
    };
    former.add_body(&mut region, 0, entry.pc, body);
    former.resolve_calls(&mut region);
    for b in &mut region.blocks {
        run_timed(&mut b.block, arch.layout(), &options.passes, &mut region.pass_times);
    }
    order(&mut region);
    let mut times = PassTimes::default();
    if hammock::convert(&mut region, |block| run_timed(block, arch.layout(), &options.passes, &mut times)) {
        order(&mut region);
    }
    region.pass_times.add(&times);
    if unroll::unroll_loops(&mut region, options.unroll_insns) {
        order(&mut region);
    }
    if dispatch::duplicate(&mut region) {
        order(&mut region);
    }
    region
}

impl Former<'_> {
    fn lift(&self, pc: u64, max_insns: usize) -> Block {
        self.arch.lift(Loc { pc, mode: self.mode }, self.code, LiftOptions { max_insns })
    }

    fn executed(&self, pc: u64) -> bool {
        self.profile.is_none_or(|p| p.executed(pc))
    }

    /// The exits of a block that jump to computed addresses which are known, and those addresses.
    fn jump_targets(&self, block: &Block) -> (Vec<u16>, Vec<u64>) {
        let exits = indirect_exits(block, |e| matches!(e, Exit::JumpIndirect { .. }));
        let mut targets: Vec<u64> = exits.iter().flat_map(|&(_, pc)| self.targets(pc)).copied().collect();
        targets.truncate(MAX_JUMP_TARGETS);
        (exits.into_iter().map(|(exit, _)| exit).collect(), targets)
    }

    fn targets(&self, pc: u64) -> &[u64] {
        self.profile.map_or(&[], |p| p.targets(pc))
    }

    /// The blocks of the function body around `entry`, split where others jump into them.
    fn body(&mut self, entry: u64) -> Body {
        let mut body = Body::new();
        let mut work = vec![entry];
        let mut leaders = BTreeSet::from([entry]);
        while let Some(pc) = work.pop() {
            if body.contains_key(&pc) || (pc != entry && self.budget == 0) {
                continue;
            }
            let block = self.lift_upto_leader(pc, &leaders);
            self.split_at(&mut body, pc, &leaders);
            self.budget = self.budget.saturating_sub(block.guest.len());
            for target in local_targets(&block).into_iter().chain(self.jump_targets(&block).1) {
                if self.executed(target) {
                    leaders.insert(target);
                    self.split_at(&mut body, target, &leaders);
                    work.push(target);
                }
            }
            body.insert(pc, block);
        }
        // A block that was lifted before one of its inner addresses became a leader still runs past it.
        for pc in body.keys().copied().collect::<Vec<_>>() {
            let block = self.lift_upto_leader(pc, &leaders);
            body.insert(pc, block);
        }
        body
    }

    /// Lifts the block at `pc`, ending it where another block of the body begins.
    fn lift_upto_leader(&self, pc: u64, leaders: &BTreeSet<u64>) -> Block {
        let max = LiftOptions::default().max_insns;
        let block = self.lift(pc, max);
        let isa_bit = pc - self.arch.code_address(pc);
        let cut = block.guest.iter().skip(1).position(|g| leaders.contains(&(g.pc + isa_bit)));
        match cut.map(|n| self.lift(pc, n + 1)) {
            Some(short) if !changes_mode(&short) => short,
            _ => block,
        }
    }

    /// Shortens the block of the body that runs across `pc`, if there is one.
    fn split_at(&self, body: &mut Body, pc: u64, leaders: &BTreeSet<u64>) {
        let address = self.arch.code_address(pc);
        let across =
            body.range(..pc).next_back().filter(|(_, b)| b.guest.iter().skip(1).any(|g| g.pc == address));
        if let Some((&start, _)) = across {
            let block = self.lift_upto_leader(start, leaders);
            body.insert(start, block);
        }
    }

    fn add_body(&self, region: &mut Region, context: ContextId, entry: u64, body: Body) {
        let mut add = |pc: u64, block: Block| {
            region.index.insert((context, pc), region.blocks.len());
            let (exits, targets) = self.jump_targets(&block);
            let jumps = exits.into_iter().map(|exit| (exit, targets.clone())).collect();
            let callees = self.callees(&block);
            region.blocks.push(RegionBlock {
                block,
                context,
                loop_header: false,
                calls: FxHashMap::default(),
                jumps,
                callees,
                table: None,
                turn: None,
            });
        };
        let mut body = body;
        if let Some(block) = body.remove(&entry) {
            add(entry, block);
        }
        body.into_iter().for_each(|(pc, block)| add(pc, block));
    }

    /// The indirect calls of a block that have only ever had one callee.
    fn callees(&self, block: &Block) -> FxHashMap<u16, u64> {
        let calls = indirect_exits(block, |e| matches!(e, Exit::CallIndirect { .. }));
        let single = |(exit, pc)| match self.targets(pc) {
            [callee] => Some((exit, *callee)),
            _ => None,
        };
        calls.into_iter().filter_map(single).collect()
    }

    /// Decides for each direct call what becomes of it; adds the blocks of inlined callees.
    fn resolve_calls(&mut self, region: &mut Region) {
        let mut leaves: FxHashMap<u64, Option<Body>> = FxHashMap::default();
        let roots = region.blocks.len();
        for from in 0..roots {
            for exit in 0..region.blocks[from].block.exits.len() {
                let Exit::Call { target, ret } = region.blocks[from].block.exits[exit] else { continue };
                let kind = if target == region.entry.pc {
                    self.recursive_call(region, ret)
                } else {
                    let leaf = leaves.entry(target).or_insert_with(|| self.leaf_body(target)).clone();
                    self.inline_call(region, target, ret, leaf)
                };
                region.blocks[from].calls.insert(exit as u16, kind);
            }
        }
    }

    fn recursive_call(&self, region: &mut Region, ret: u64) -> CallKind {
        let known = region.return_sites.contains(&ret);
        if region.find(0, ret).is_none()
            || (!known && region.return_sites.len() >= self.options.recursive_sites)
        {
            return CallKind::Host;
        }
        if !known {
            region.return_sites.push(ret);
        }
        CallKind::Recursive
    }

    fn inline_call(&mut self, region: &mut Region, target: u64, ret: u64, leaf: Option<Body>) -> CallKind {
        let Some(body) = leaf else { return CallKind::Host };
        let size: usize = body.values().map(|b| b.guest.len()).sum();
        if size > self.budget || region.find(0, ret).is_none() {
            return CallKind::Host;
        }
        self.budget -= size;
        let context = region.contexts.len();
        region.contexts.push(Context::Inlined { caller: 0, ret });
        self.add_body(region, context, target, body);
        CallKind::Inline(context)
    }

    /// The body of a function that is worth inlining: small, calling nothing.
    fn leaf_body(&mut self, entry: u64) -> Option<Body> {
        if !self.executed(entry) {
            return None;
        }
        let saved = std::mem::replace(&mut self.budget, self.options.inline_insns + 1);
        let body = self.body(entry);
        let fits = self.budget > 0;
        self.budget = saved;
        let simple = body.values().all(|b| b.exits.iter().all(is_leaf_exit));
        (fits && simple).then_some(body)
    }
}

/// The exits of a block that satisfy a predicate, with the address of the instruction that leaves.
fn indirect_exits(block: &Block, wanted: impl Fn(&Exit) -> bool) -> Vec<(u16, u64)> {
    let exits = block.insts.iter().filter_map(|inst| match inst.op {
        Op::Exit { exit, .. } if wanted(block.exit(exit)) => {
            Some((exit.0, block.guest.get(inst.src as usize)?.pc))
        }
        _ => None,
    });
    exits.collect()
}

fn is_leaf_exit(exit: &Exit) -> bool {
    matches!(exit, Exit::Jump { .. } | Exit::Branch { .. } | Exit::Return { .. } | Exit::Switch { .. })
}

/// Whether a block ends in another mode than it began in, as one does that ends inside a T32 IT block. It had better go
/// on, though another block begins there (which garbage behind the code may seem to ask for).
fn changes_mode(block: &Block) -> bool {
    matches!(block.final_exit(), Some(Exit::Trap { trap: demotic_ir::Trap::InterruptCheck, .. }))
}

/// The addresses in the same function that a block leads to.
fn local_targets(block: &Block) -> Vec<u64> {
    let mut targets = Vec::new();
    for exit in &block.exits {
        match exit {
            Exit::Jump { target } => targets.push(*target),
            // The fall-through last: the work list is a stack, and straight-line code should come first.
            Exit::Branch { taken, fallthrough, .. } => targets.extend([*taken, *fallthrough]),
            Exit::Call { ret, .. } | Exit::CallIndirect { ret, .. } => targets.push(*ret),
            Exit::Switch { targets: list, default, .. } => targets.extend(list.iter().chain([default])),
            Exit::Trap { trap: demotic_ir::Trap::Syscall { .. }, next, .. } => targets.push(*next),
            Exit::Return { .. } | Exit::JumpIndirect { .. } | Exit::Trap { .. } => {}
        }
    }
    targets
}

/// For the addresses that a region calls or jumps out to: the slots that are dead there, which need not be stored.
///
/// Unless faults are fatal, flags only.
fn dead_out(
    arch: &dyn GuestArch,
    code: &dyn CodeSource,
    region: &Region,
    faults: Faults,
) -> FxHashMap<u64, SlotSet> {
    let flags = arch.layout().flags.iter().flat_map(|f| [f.n, f.z, f.c, f.v]).collect();
    let all = if faults == Faults::Fatal { SlotSet::ALL } else { flags };
    let mut dead = FxHashMap::default();
    for (from, b) in region.blocks.iter().enumerate() {
        for exit in &b.block.exits {
            for pc in direct_targets(exit) {
                if matches!(region.jump_edge(from, pc), Edge::Inside(_)) || dead.contains_key(&pc) {
                    continue;
                }
                let block = arch.lift(region.entry.at(pc), code, LiftOptions { max_insns: 16 });
                dead.insert(pc, all.intersection(killed_first(&block, arch.layout())));
            }
        }
    }
    dead
}

fn direct_targets(exit: &Exit) -> Vec<u64> {
    match exit {
        Exit::Jump { target } | Exit::Call { target, .. } => vec![*target],
        Exit::Branch { taken, fallthrough, .. } => vec![*taken, *fallthrough],
        _ => Vec::new(),
    }
}

/// Puts the blocks into reverse post-order, drops unreachable ones and marks loop headers.
fn order(region: &mut Region) {
    let n = region.blocks.len();
    region.blocks.iter_mut().for_each(|b| b.loop_header = false);
    let (mut post, mut state) = (Vec::with_capacity(n), vec![Visit::New; n]);
    let mut stack = vec![(0, region.successors(0))];
    state[0] = Visit::Open;
    while let Some((block, successors)) = stack.last_mut() {
        let Some(next) = successors.pop() else {
            state[*block] = Visit::Done;
            post.push(*block);
            stack.pop();
            continue;
        };
        match state[next] {
            Visit::New => {
                state[next] = Visit::Open;
                let successors = region.successors(next);
                stack.push((next, successors));
            }
            Visit::Open => region.blocks[next].loop_header = true,
            Visit::Done => {}
        }
    }
    post.reverse();
    let mut place = vec![None; n];
    for (new, &old) in post.iter().enumerate() {
        place[old] = Some(new);
    }
    region.index = region.index.iter().filter_map(|(&key, &old)| Some((key, place[old]?))).collect();
    let mut old: Vec<Option<RegionBlock>> = region.blocks.drain(..).map(Some).collect();
    region.blocks = post.into_iter().filter_map(|i| old[i].take()).collect();
}

/// How far the walk has come with a block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    New,
    Open,
    Done,
}
