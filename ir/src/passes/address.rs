//! Constant parts of addresses move into displacements. Both wrap at the width of the address, so that this is exact.
//!
//! A sum that something else needs too stays: it is in a register anyway, and without it the old base would have to be
//! kept longer.

use super::Context;
use crate::block::Block;
use crate::ops::Op;
use crate::types::Type;
use crate::value::Value;

/// Runs the pass.
pub(super) fn run(block: &mut Block, _: &mut Context<'_>) {
    let sums = |v: Value| matches!(block.def(v), Op::Add { .. } | Op::Sub { .. });
    let useful = |op: &Op| matches!(*op, Op::Load { addr, .. } | Op::Store { addr, .. } if sums(addr));
    if !block.insts.iter().any(|inst| useful(&inst.op)) {
        return;
    }
    let needed = needed_elsewhere(block);
    for i in 0..block.insts.len() {
        let op = match block.insts[i].op {
            Op::Load { ty, addr, disp, mem } => {
                let (addr, disp) = split(block, &needed, addr, disp);
                Op::Load { ty, addr, disp, mem }
            }
            Op::Store { ty, addr, value, disp, mem } => {
                let (addr, disp) = split(block, &needed, addr, disp);
                Op::Store { ty, addr, value, disp, mem }
            }
            _ => continue,
        };
        block.insts[i].op = op;
    }
}

/// For each value, whether something other than an address or another sum uses it.
fn needed_elsewhere(block: &Block) -> Vec<bool> {
    let mut needed = vec![false; block.insts.len()];
    for inst in &block.insts {
        match inst.op {
            Op::Load { .. } | Op::Add { .. } | Op::Sub { .. } => {}
            Op::Store { value, .. } => needed[value.0 as usize] = true,
            Op::Exit { exit, .. } => block.exit(exit).for_each_value(|v| needed[v.0 as usize] = true),
            op => op.for_each_value(|v| needed[v.0 as usize] = true),
        }
    }
    needed
}

/// The base and displacement that mean `addr + disp`.
fn split(block: &Block, needed: &[bool], addr: Value, disp: i32) -> (Value, i32) {
    if needed[addr.0 as usize] {
        return (addr, disp);
    }
    let (ty, base, offset) = match *block.def(addr) {
        Op::Add { ty, a, b } => match (block.constant(a), block.constant(b)) {
            (None, Some(offset)) => (ty, a, offset),
            (Some(offset), None) => (ty, b, offset),
            _ => return (addr, disp),
        },
        Op::Sub { ty, a, b } => match (block.constant(a), block.constant(b)) {
            (None, Some(offset)) => (ty, a, offset.wrapping_neg()),
            _ => return (addr, disp),
        },
        _ => return (addr, disp),
    };
    match displacement(ty, disp, offset) {
        Some(disp) => split(block, needed, base, disp),
        None => (addr, disp),
    }
}

/// The sum of two displacements. Modulo 2^32 there always is one.
fn displacement(ty: Type, disp: i32, offset: u64) -> Option<i32> {
    match ty {
        Type::I32 => Some(disp.wrapping_add(offset as i32)),
        _ => i64::from(disp).wrapping_add(offset as i64).try_into().ok(),
    }
}
