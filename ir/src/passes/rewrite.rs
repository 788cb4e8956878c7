//! What passes that replace ops have in common: one walk over a block that builds the new one.

use crate::block::{Block, Inst};
use crate::exit::Exit;
use crate::ops::Op;
use crate::types::Type;
use crate::value::{ExitId, Value};

/// Stands for the value of an op that has none.
const NO_VALUE: Value = Value(u32::MAX);

/// Buffers that the passes over a block share.
#[derive(Default)]
pub(super) struct Scratch {
    insts: Vec<Inst>,
    exits: Vec<Exit>,
    map: Vec<Value>,
}

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
pub(super) fn rewrite(block: &mut Block, scratch: &mut Scratch, pass: &mut impl Rewrite) {
    let mut out = Output {
        insts: std::mem::take(&mut scratch.insts),
        exits: std::mem::take(&mut scratch.exits),
        src: 0,
    };
    out.insts.reserve(block.insts.len() + 4);
    let map = &mut scratch.map;
    map.reserve(block.insts.len());
    let mut left = false;
    for Inst { mut op, src } in block.insts.iter().copied() {
        out.src = src;
        op.map_values(|v| map[v.0 as usize]);
        let value = match op {
            Op::If { .. } => {
                let value = emit_op(&mut out, pass, op);
                pass.begin_part(&out);
                value
            }
            Op::EndIf { .. } => {
                pass.end_part(&out, left);
                out.emit(op)
            }
            Op::Exit { ty, exit } => {
                let mut exit = block.exits[exit.0 as usize].clone();
                exit.map_values(|v| map[v.0 as usize]);
                let exit = pass.exit(&mut out, exit);
                out.exits.push(exit);
                let exit = ExitId(out.exits.len() as u16 - 1);
                out.emit(Op::Exit { ty, exit })
            }
            _ => emit_op(&mut out, pass, op),
        };
        map.push(value);
        left = matches!(op, Op::Exit { .. });
    }
    scratch.insts = std::mem::replace(&mut block.insts, out.insts);
    scratch.exits = std::mem::replace(&mut block.exits, out.exits);
    scratch.clear();
}

impl Scratch {
    fn clear(&mut self) {
        self.insts.clear();
        self.exits.clear();
        self.map.clear();
    }
}

#[inline]
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
pub(super) fn compact(block: &mut Block, scratch: &mut Scratch, keep: &[bool]) {
    if keep.iter().all(|&stays| stays) {
        return;
    }
    let map = &mut scratch.map;
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
            scratch.exits.push(taken);
            *exit = ExitId(scratch.exits.len() as u16 - 1);
        }
        block.insts[kept] = inst;
        kept += 1;
    }
    block.insts.truncate(kept);
    std::mem::swap(&mut block.exits, &mut scratch.exits);
    scratch.clear();
}
