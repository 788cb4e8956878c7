//! Jump tables of the guest, read when their region is formed.
//!
//! A computed jump through a table in memory that the guest cannot write becomes a jump by the table's index: neither
//! the guest's table nor a search for the target stands in its way then. The registers that the table's address is
//! made of are taken to hold what they held when the interpreter came by, and compared with that first.

use std::ops::Range;

use demotic_ir::interp::integer;
use demotic_ir::passes::evaluate;
use demotic_ir::{Block, CodeSource, Exit, Op, Slot, Type, Value};
use rustc_hash::FxHashSet;

use super::{BlockId, Dataflow, Profile, Region};

/// Fewer targets are found as fast by comparing.
const MIN_TARGETS: usize = 4;
/// Entries that are looked at, at most.
const MAX_ENTRIES: u64 = 1024;

/// A table, as the jump at the end of a block uses it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct JumpTable {
    /// The first instruction that computes the target from the index.
    first: usize,
    /// The instruction that jumps.
    pub(crate) jump: usize,
    /// Which entry is taken.
    pub(crate) index: Value,
    /// Registers, and what they have to hold.
    pub(crate) registers: Vec<(Slot, u64)>,
    /// Where the entries lead to.
    pub(crate) targets: Vec<u64>,
}

impl JumpTable {
    /// The instructions of the block that serve only jumps which miss the table.
    pub(crate) fn computes(&self) -> Range<usize> {
        self.first..self.jump
    }
}

/// Reads the tables that a region jumps through.
pub(super) fn read(region: &mut Region, flow: &Dataflow, code: &dyn CodeSource, profile: &dyn Profile) {
    for from in 0..region.blocks.len() {
        let Some(table) = table_of(region, flow, from, code, profile) else { continue };
        region.blocks[from].table = Some(table);
    }
}

fn table_of(
    region: &Region,
    flow: &Dataflow,
    from: BlockId,
    code: &dyn CodeSource,
    profile: &dyn Profile,
) -> Option<JumpTable> {
    let block = &region.blocks[from].block;
    let (jump, exit, target) = block.insts.iter().enumerate().find_map(|(at, inst)| match inst.op {
        Op::Exit { exit, .. } => match *block.exit(exit) {
            Exit::JumpIndirect { target } => Some((at, exit, target)),
            _ => None,
        },
        _ => None,
    })?;
    let known = region.indirect_edges(from, exit);
    if known.len() < MIN_TARGETS {
        return None;
    }
    let pc = block.guest.get(block.insts[jump].src as usize)?.pc;
    let search = Search { block, code, registers: profile.state_at(pc)? };
    let mut table = search.table(target, jump, &known.iter().map(|&(pc, _)| pc).collect())?;
    // The registers are compared at the jump: nothing before it may have changed what it was computed from.
    let is_base = |slot: Slot| table.registers.iter().any(|&(base, _)| base == slot);
    if block.insts[..jump].iter().any(|inst| matches!(inst.op, Op::Put { slot, .. } if is_base(slot))) {
        return None;
    }
    for inst in &block.insts[table.computes()] {
        match inst.op {
            // The target itself is of use: its computation stays where it is.
            Op::Put { slot, .. } if known.iter().any(|&(_, b)| flow.live_in[b].contains(slot)) => {
                table.first = jump;
                break;
            }
            Op::Put { .. } => {}
            op if op.info().effects.removable() || matches!(op, Op::Load { .. }) => {}
            _ => return None,
        }
    }
    table.registers.sort_unstable();
    table.registers.dedup();
    Some(table)
}

/// What a search for a table goes by.
struct Search<'a> {
    block: &'a Block,
    code: &'a dyn CodeSource,
    /// The registers when the jump was seen.
    registers: &'a [u64],
}

impl Search<'_> {
    fn table(&self, target: Value, jump: usize, known: &FxHashSet<u64>) -> Option<JumpTable> {
        let (first, address) = self.entry(target)?;
        let index = self.index(address)?;
        let mut targets = Vec::new();
        let mut length = 0;
        let mut missing = known.clone();
        for i in 0..MAX_ENTRIES {
            let Some(target) = self.evaluate(target, index, i) else { break };
            targets.push(target);
            missing.remove(&target);
            if known.contains(&target) {
                length = targets.len();
            }
        }
        // It has jumped elsewhere: there are several tables, and this would be the wrong one at times.
        if !missing.is_empty() {
            return None;
        }
        targets.truncate(length);
        let registers = self.reads(target, index)?;
        (length > 0).then_some(JumpTable { first, jump, index, registers, targets })
    }

    fn op(&self, v: Value) -> &Op {
        &self.block.insts[v.0 as usize].op
    }

    /// The only load that a target is computed from, and its address.
    fn entry(&self, target: Value) -> Option<(usize, Value)> {
        let mut found = None;
        let mut work = vec![target];
        while let Some(v) = work.pop() {
            match *self.op(v) {
                Op::Load { .. } if found.is_some() => return None,
                Op::Load { addr, .. } => found = Some((v.0 as usize, addr)),
                op => op.for_each_value(|v| work.push(v)),
            }
        }
        found
    }

    /// The index that an entry's address is computed from: what is scaled, or else the only term that varies.
    fn index(&self, address: Value) -> Option<Value> {
        let (mut terms, mut work) = (Vec::new(), vec![address]);
        while let Some(v) = work.pop() {
            match *self.op(v) {
                Op::Add { a, b, .. } => work.extend([a, b]),
                Op::Const { .. } => {}
                _ => terms.push(v),
            }
        }
        let scaled: Vec<Value> = terms.iter().filter_map(|&v| self.scaled(v)).collect();
        let index = match (scaled.as_slice(), terms.as_slice()) {
            (&[index], _) | ([], &[index]) => Some(index),
            _ => None,
        };
        index.filter(|&index| self.op(index).result_type() == Some(Type::I32))
    }

    fn scaled(&self, v: Value) -> Option<Value> {
        match *self.op(v) {
            Op::Shl { a, b, .. } if matches!(self.op(b), Op::Const { imm: 1..=3, .. }) => Some(a),
            _ => None,
        }
    }

    /// A value when the index is `i`.
    fn evaluate(&self, v: Value, index: Value, i: u64) -> Option<u64> {
        if v == index {
            return Some(i);
        }
        match *self.op(v) {
            Op::Const { imm, .. } => Some(imm),
            Op::Get { slot, .. } => self.registers.get(slot.index()).copied(),
            Op::Load { ty: Type::I32, addr, disp, mem } => {
                let address = self.evaluate(addr, index, i)?.wrapping_add_signed(disp.into());
                let value = self.code.read_only(address, mem.size.bytes())?;
                let value = if mem.big { value.swap_bytes() >> (64 - mem.size.bits()) } else { value };
                Some(if mem.sign { integer::sext_low(Type::I32, value, mem.size) } else { value })
            }
            op => evaluate(&op, |v| self.evaluate(v, index, i)),
        }
    }

    /// The registers that a value is computed from beside the index, with what they hold.
    fn reads(&self, v: Value, index: Value) -> Option<Vec<(Slot, u64)>> {
        let (mut found, mut work) = (Vec::new(), vec![v]);
        while let Some(v) = work.pop() {
            match *self.op(v) {
                _ if v == index => {}
                Op::Get { slot, .. } => found.push((slot, *self.registers.get(slot.index())?)),
                op => op.for_each_value(|v| work.push(v)),
            }
        }
        Some(found)
    }
}
