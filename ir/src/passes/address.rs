//! Constant parts of addresses move into displacements. Both wrap at the width of the address, so that this is exact.

use super::Context;
use super::rewrite::{Becomes, Output, Rewrite, rewrite};
use crate::block::Block;
use crate::ops::Op;
use crate::types::Type;
use crate::value::Value;

/// Runs the pass.
pub(super) fn run(block: &mut Block, cx: &mut Context<'_>) {
    let sums = |v: Value| matches!(block.def(v), Op::Add { .. } | Op::Sub { .. });
    let useful = |op: &Op| matches!(*op, Op::Load { addr, .. } | Op::Store { addr, .. } if sums(addr));
    if !block.insts.iter().any(|inst| useful(&inst.op)) {
        return;
    }
    rewrite(block, &mut cx.scratch, &mut Address);
}

struct Address;

impl Rewrite for Address {
    fn op(&mut self, out: &mut Output, op: Op) -> Becomes {
        Becomes::Op(match op {
            Op::Load { ty, addr, disp, mem } => {
                let (addr, disp) = split(out, addr, disp);
                Op::Load { ty, addr, disp, mem }
            }
            Op::Store { ty, addr, value, disp, mem } => {
                let (addr, disp) = split(out, addr, disp);
                Op::Store { ty, addr, value, disp, mem }
            }
            _ => op,
        })
    }
}

/// The base and displacement that mean `addr + disp`.
fn split(out: &Output, addr: Value, disp: i32) -> (Value, i32) {
    let (ty, base, offset) = match *out.def(addr) {
        Op::Add { ty, a, b } => match (out.as_constant(a), out.as_constant(b)) {
            (None, Some(offset)) => (ty, a, offset),
            (Some(offset), None) => (ty, b, offset),
            _ => return (addr, disp),
        },
        Op::Sub { ty, a, b } => match (out.as_constant(a), out.as_constant(b)) {
            (None, Some(offset)) => (ty, a, offset.wrapping_neg()),
            _ => return (addr, disp),
        },
        _ => return (addr, disp),
    };
    match displacement(ty, disp, offset) {
        Some(disp) => split(out, base, disp),
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
