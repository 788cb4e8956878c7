//! Short forward branches become selects: `if (c) x ^= k;` is computed either way, and `c` says which value counts.
//!
//! Compilers for guests with few conditional instructions branch here, and those for x86-64 do not: a branch that goes
//! either way at random costs far more than a few instructions too many.

use demotic_ir::{Block, Exit, Inst, Op, Type, Value};

use super::{BlockId, Edge, Region};

/// A branch around at most this many computations is converted.
const MAX_COMPUTATIONS: usize = 3;
/// And around at most so many writes of registers.
const MAX_PUTS: usize = 2;
/// The skipped instructions are near the branch, so that the block's code is one short range.
const MAX_DISTANCE: u64 = 64;

/// A branch around an arm that only computes.
struct Hammock {
    arm: BlockId,
    /// The branch's condition.
    cond: Value,
    /// The arm is for when the condition holds.
    when: bool,
    /// Where it goes on either way.
    join: u64,
}

/// Merges the arms of hammocks into the blocks that branch around them, which are passed to `simplify` then. True if
/// there were any: the region has blocks that nothing leads to then.
pub(super) fn convert(region: &mut Region, mut simplify: impl FnMut(&mut Block)) -> bool {
    let mut predecessors = vec![0; region.blocks.len()];
    (0..region.blocks.len()).flat_map(|b| region.successors(b)).for_each(|to| predecessors[to] += 1);
    let mut any = false;
    for from in 0..region.blocks.len() {
        let Some(hammock) = find(region, from, &predecessors) else { continue };
        let arm = region.blocks[hammock.arm].block.clone();
        let block = &mut region.blocks[from].block;
        merge(block, &arm, &hammock);
        simplify(block);
        any = true;
    }
    any
}

fn find(region: &Region, from: BlockId, predecessors: &[usize]) -> Option<Hammock> {
    let b = &region.blocks[from];
    let &Exit::Branch { cond, taken, fallthrough } = b.block.final_exit()? else { return None };
    let inside = |pc| if let Edge::Inside(to) = region.jump_edge(from, pc) { Some(to) } else { None };
    [(fallthrough, taken, false), (taken, fallthrough, true)].into_iter().find_map(|(arm_pc, join, when)| {
        let arm = inside(arm_pc).filter(|&arm| arm != 0 && arm != from && predecessors[arm] == 1)?;
        let after = &region.blocks[arm];
        let near = after.block.start.pc.abs_diff(b.block.start.pc) <= MAX_DISTANCE;
        let &[Exit::Jump { target }] = after.block.exits.as_slice() else { return None };
        // The same block, reached from either side.
        let joins = target == join && inside(join).is_some() && after.context == b.context;
        (near && joins && is_cheap(&after.block)).then_some(Hammock { arm, cond, when, join })
    })
}

/// Whether a block does no more than compute a little, without effects but on registers.
fn is_cheap(block: &Block) -> bool {
    let (mut puts, mut computations) = (0, 0);
    let Some((_, body)) = block.insts.split_last() else { return false };
    for inst in body {
        match inst.op {
            Op::Put { value, .. } if block.value_type(value) == Some(Type::I32) => puts += 1,
            Op::Get { ty: Type::I32, .. } | Op::Const { .. } => {}
            op if is_quick(&op) => computations += 1,
            _ => return false,
        }
    }
    puts <= MAX_PUTS && computations <= MAX_COMPUTATIONS
}

/// Whether an op takes the host one instruction or two.
fn is_quick(op: &Op) -> bool {
    matches!(
        op,
        Op::Add { ty: Type::I32, .. }
            | Op::Sub { ty: Type::I32, .. }
            | Op::And { ty: Type::I32, .. }
            | Op::Or { ty: Type::I32, .. }
            | Op::Xor { ty: Type::I32, .. }
            | Op::Not { ty: Type::I32, .. }
            | Op::Shl { ty: Type::I32, .. }
            | Op::Shr { ty: Type::I32, .. }
            | Op::Sar { ty: Type::I32, .. }
            | Op::SExtLow { ty: Type::I32, .. }
            | Op::ZExtLow { ty: Type::I32, .. }
    )
}

/// Appends an arm to the block that branches around it.
fn merge(block: &mut Block, arm: &Block, hammock: &Hammock) {
    let Some(Inst { op: Op::Exit { ty, exit }, src }) = block.insts.pop() else { return };
    let guest = block.guest.len() as u16;
    let mut places = Vec::with_capacity(arm.insts.len());
    let mut push = |op: Op, src: u16| {
        block.insts.push(Inst { op, src });
        Value(block.insts.len() as u32 - 1)
    };
    for inst in arm.insts.iter().take(arm.insts.len().saturating_sub(1)) {
        let src = guest + inst.src;
        let mut op = inst.op;
        op.map_values(|v| places[v.0 as usize]);
        let place = match op {
            Op::Put { ty, value, slot } => {
                let old = push(Op::Get { ty: Type::I32, slot }, src);
                let (a, b) = if hammock.when { (value, old) } else { (old, value) };
                let value = push(Op::Select { ty: Type::I32, c: hammock.cond, a, b }, src);
                push(Op::Put { ty, value, slot }, src)
            }
            op => push(op, src),
        };
        places.push(place);
    }
    push(Op::Exit { ty, exit }, src);
    block.exits[exit.0 as usize] = Exit::Jump { target: hammock.join };
    block.guest.extend(&arm.guest);
}
