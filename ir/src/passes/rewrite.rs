//! What passes that replace ops have in common: one walk over a block that builds the new one.

use crate::block::{Block, Inst};
use crate::exit::Exit;
use crate::ops::Op;
use crate::types::Type;
use crate::value::{ExitId, Value};

/// Stands for the value of an op that has none.
const NO_VALUE: Value = Value(u32::MAX);

/// The block under construction.
pub(super) struct Output {
    insts: Vec<Inst>,
    exits: Vec<Exit>,
    src: u16,
}

impl Output {
    /// Appends an op as part of the guest instruction in hand.
    pub(super) fn emit(&mut self, op: Op) -> Value {
        self.insts.push(Inst { op, src: self.src });
        Value(self.insts.len() as u32 - 1)
    }

    /// Appends a constant.
    pub(super) fn constant(&mut self, ty: Type, imm: u64) -> Value {
        self.emit(Op::Const { ty, imm: imm & ty.mask() })
    }

    /// The op that defines a value of the new block.
    pub(super) fn def(&self, v: Value) -> &Op {
        &self.insts[v.0 as usize].op
    }

    /// The constant that a value is, if it is one.
    pub(super) fn as_constant(&self, v: Value) -> Option<u64> {
        match *self.def(v) {
            Op::Const { imm, .. } => Some(imm),
            _ => None,
        }
    }
}

/// What becomes of an op.
pub(super) enum Becomes {
    /// This op.
    Op(Op),
    /// A value that exists.
    Value(Value),
    /// A constant of the op's result type.
    Constant(Type, u64),
    /// Nothing; only for ops without a value.
    Nothing,
}

/// A pass that looks at one op at a time. Operands are those of the new block.
pub(super) trait Rewrite {
    /// Says what becomes of an op; may emit others before it.
    fn op(&mut self, out: &mut Output, op: Op) -> Becomes;

    /// Says what becomes of an exit.
    fn exit(&mut self, _out: &mut Output, exit: Exit) -> Exit {
        exit
    }

    /// A conditional part begins.
    fn begin_part(&mut self, _out: &Output) {}

    /// The conditional part ends; `left` says whether in an exit.
    fn end_part(&mut self, _out: &Output, _left: bool) {}
}

/// Runs a pass over a block.
pub(super) fn rewrite(block: &mut Block, pass: &mut impl Rewrite) {
    let old = std::mem::take(&mut block.insts);
    let old_exits = std::mem::take(&mut block.exits);
    let mut out = Output {
        insts: Vec::with_capacity(old.len() + 4),
        exits: Vec::with_capacity(old_exits.len()),
        src: 0,
    };
    let mut map: Vec<Value> = Vec::with_capacity(old.len());
    let mut left = false;
    for Inst { mut op, src } in old {
        out.src = src;
        op.map_values(|v| map[v.0 as usize]);
        match op {
            Op::If { .. } => {
                map.push(emit_op(&mut out, pass, op));
                pass.begin_part(&out);
            }
            Op::EndIf { .. } => {
                pass.end_part(&out, left);
                map.push(out.emit(op));
            }
            Op::Exit { ty, exit } => {
                let mut exit = old_exits[exit.0 as usize].clone();
                exit.map_values(|v| map[v.0 as usize]);
                let exit = pass.exit(&mut out, exit);
                out.exits.push(exit);
                let exit = ExitId(out.exits.len() as u16 - 1);
                map.push(out.emit(Op::Exit { ty, exit }));
            }
            _ => map.push(emit_op(&mut out, pass, op)),
        }
        left = matches!(op, Op::Exit { .. });
    }
    block.insts = out.insts;
    block.exits = out.exits;
}

fn emit_op(out: &mut Output, pass: &mut impl Rewrite, op: Op) -> Value {
    match pass.op(out, op) {
        Becomes::Op(op) => out.emit(op),
        Becomes::Value(v) => v,
        Becomes::Constant(ty, imm) => out.constant(ty, imm),
        Becomes::Nothing => NO_VALUE,
    }
}

/// Removes the instructions for which `keep` is false and renumbers values. No instruction that stays may use one that
/// goes.
pub(super) fn compact(block: &mut Block, keep: &[bool]) {
    let mut map: Vec<Value> = Vec::with_capacity(block.insts.len());
    let mut exits = Vec::with_capacity(block.exits.len());
    let mut kept = 0;
    for (i, &stays) in keep.iter().enumerate() {
        map.push(Value(kept as u32));
        if !stays {
            continue;
        }
        let mut inst = block.insts[i];
        inst.op.map_values(|v| map[v.0 as usize]);
        if let Op::Exit { exit, .. } = &mut inst.op {
            let mut taken = block.exits[exit.0 as usize].clone();
            taken.map_values(|v| map[v.0 as usize]);
            exits.push(taken);
            *exit = ExitId(exits.len() as u16 - 1);
        }
        block.insts[kept] = inst;
        kept += 1;
    }
    block.insts.truncate(kept);
    block.exits = exits;
}
