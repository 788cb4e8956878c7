//! Turns drafts into ops: operands become words, `get`s and `put`s of values that live in their slots vanish, a compare
//! before a branch on it becomes part of it.

use super::CompileError;
use super::alloc::Homes;
use super::arithmetic as int;
use super::control;
use super::draft::{Arg, Draft, OpDraft, Tag, What};
use super::op::{MAX_OPS, OpCode, Run};
use crate::types::FlagMask;

/// The ops of a block and the guest instruction of each.
type Ops<M> = (Vec<OpCode<M>>, Vec<u16>);

/// Turns drafts into ops.
pub(super) fn emit<M>(drafts: &[Draft<M>], homes: &Homes) -> Result<Ops<M>, CompileError> {
    let mut emitter =
        Emitter { homes, ops: Vec::with_capacity(drafts.len()), srcs: Vec::new(), last: Tag::Plain, part: 0 };
    for draft in drafts {
        emitter.draft(draft);
    }
    if emitter.ops.len() > MAX_OPS { Err(CompileError::TooLong) } else { Ok((emitter.ops, emitter.srcs)) }
}

struct Emitter<'a, M> {
    homes: &'a Homes,
    ops: Vec<OpCode<M>>,
    srcs: Vec<u16>,
    /// What the last op is.
    last: Tag,
    /// The op that begins the open conditional part.
    part: usize,
}

impl<M> Emitter<'_, M> {
    fn draft(&mut self, draft: &Draft<M>) {
        match &draft.what {
            What::Get { value, slot, width, mask, exact } => {
                if !(*exact && self.homes.is_in(*value, *slot)) {
                    self.copy(self.homes.word(*value), slot.0, *width, *mask, draft.src);
                }
            }
            What::Put { value, slot, width } => {
                if !self.homes.is_in(*value, *slot) {
                    self.copy(slot.0, self.homes.word(*value), *width, u64::MAX, draft.src);
                }
            }
            What::If(op) => {
                self.part = self.ops.len();
                self.op(op, draft.src);
            }
            What::EndIf => {
                let count = self.ops.len() - self.part - 1;
                self.ops[self.part].c = count as u16;
                self.last = Tag::Plain;
            }
            What::Op(op) => self.op(op, draft.src),
        }
    }

    fn push(&mut self, op: OpCode<M>, tag: Tag, src: u16) {
        self.ops.push(op);
        self.srcs.push(src);
        self.last = tag;
    }

    fn copy(&mut self, dst: u16, a: u16, width: u16, mask: u64, src: u16) {
        let (run, imm) = match (width, mask) {
            (4, _) => (int::mov_flags as Run<M>, u64::from(FlagMask::NZCV.0)),
            (_, u64::MAX) => return self.mov(dst, a, src),
            _ => (int::mov_masked as _, mask),
        };
        self.push(OpCode { run, dst, a, b: 0, c: 0, imm }, Tag::Plain, src);
    }

    /// A move, together with those before it if there is room. Moves neither fault nor leave, so that it does not matter
    /// which instruction they belong to.
    fn mov(&mut self, dst: u16, a: u16, src: u16) {
        let mut moves = Vec::with_capacity(4);
        if let (Tag::Moves(count @ 1..4), Some(last)) = (self.last, self.ops.last()) {
            moves.extend_from_slice(&int::moves(last)[..usize::from(count)]);
            self.ops.pop();
            self.srcs.pop();
        }
        moves.push((dst, a));
        self.push(int::mov_op(&moves), Tag::Moves(moves.len() as u8), src);
    }

    fn op(&mut self, draft: &OpDraft<M>, src: u16) {
        let word = |arg| match arg {
            Arg::Raw(n) => n,
            Arg::Use(v) | Arg::Def(v) => self.homes.word(v),
        };
        let [dst, a, b, c] = draft.args().map(word);
        let op = OpCode { run: draft.run, dst, a, b, c, imm: draft.imm };
        if let Some(fused) = self.fused_with_compare(draft.tag, &op) {
            self.ops.pop();
            self.srcs.pop();
            self.push(fused, Tag::Plain, src);
        } else {
            self.push(op, draft.tag, src);
        }
    }

    /// The last op and a branch in one, when the last one computes what the branch compares, or its flags.
    fn fused_with_compare(&self, tag: Tag, branch: &OpCode<M>) -> Option<OpCode<M>> {
        let last = self.ops.last()?;
        match (self.last, tag) {
            (Tag::FlagsSub { imm: x }, Tag::Branch { cc, imm })
                if x == imm && (last.a, last.b, last.imm) == (branch.a, branch.b, branch.imm) =>
            {
                let run = control::flags_sub_branch_run(cc, imm);
                Some(OpCode { run, dst: last.dst, ..*branch })
            }
            (Tag::SubWithFlags { imm: x }, Tag::Branch { cc, imm: true })
                if branch.a == last.dst && branch.imm == 0 =>
            {
                let run = control::sub_branch_run(cc, x);
                let imm = last.imm | u64::from(branch.c) << 32;
                Some(OpCode { run, imm, ..*last })
            }
            _ => None,
        }
    }
}
