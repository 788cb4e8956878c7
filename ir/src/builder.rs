//! Builds blocks. The method per op comes from the table in `ops.rs`; here are the conveniences.

use crate::block::{Block, GuestInsn, Inst, Loc};
use crate::exit::Exit;
use crate::lanes::Lanes;
use crate::lanes::Shuffle;
use crate::ops::Op;
use crate::softfloat::FloatCall;
use crate::types::{IntCc, Type};
use crate::value::{ExitId, Slot, Value};

/// A block under construction.
#[derive(Debug)]
pub struct BlockBuilder {
    block: Block,
    src: u16,
    /// The slot in which the exceptions of floating-point ops are to accumulate.
    exceptions: Option<Slot>,
    /// The slot that is to tell what the last instruction has raised, and the instruction that has written it.
    cause: Option<(Slot, Option<u16>)>,
    /// What that slot holds, if the instruction in progress has written it and nobody has asked yet.
    raised: Option<Value>,
}

impl BlockBuilder {
    /// An empty block at `start`.
    pub fn new(start: Loc) -> BlockBuilder {
        BlockBuilder {
            block: Block { start, guest: Vec::new(), insts: Vec::new(), exits: Vec::new() },
            src: 0,
            exceptions: None,
            cause: None,
            raised: None,
        }
    }

    /// From here on the exceptions that floating-point ops raise accumulate in `slot`. Comparisons are left out, because
    /// the op does not say whether they mind quiet NaNs: see [`BlockBuilder::raise`].
    pub fn accumulate_exceptions(&mut self, slot: Option<Slot>) {
        self.exceptions = slot;
    }

    /// Begins a guest instruction: what is emitted from here on belongs to it.
    pub fn begin_insn(&mut self, insn: GuestInsn) {
        self.src = self.block.guest.len() as u16;
        self.raised = None;
        self.block.guest.push(insn);
    }

    /// Number of guest instructions begun.
    pub fn insn_count(&self) -> usize {
        self.block.guest.len()
    }

    /// The guest instruction in progress.
    pub fn current_insn(&self) -> Option<&GuestInsn> {
        self.block.guest.last()
    }

    /// Where the block begins.
    pub fn start(&self) -> Loc {
        self.block.start
    }

    /// Appends an op.
    pub fn push(&mut self, op: Op) -> Value {
        let v = Value(self.block.insts.len() as u32);
        self.block.insts.push(Inst { op, src: self.src });
        if self.exceptions.is_some() || self.cause.is_some() {
            self.raise_of(op);
        }
        v
    }

    /// Lets what an op raises accumulate, of a vector op what each lane raises.
    fn raise_of(&mut self, op: Op) {
        if matches!(op, Op::FCmp { .. }) {
            return;
        }
        if let Some((call, operands)) = op.float_call() {
            self.raise(call, operands);
        } else if let Some((call, operands)) = op.vector_float_call() {
            let lanes = Lanes::of(call.from);
            for lane in 0..lanes.count() as u8 {
                let operands = operands.map(|v| self.vextract(Type::V128, v, lanes, lane));
                self.raise(call, operands);
            }
        }
    }

    /// What the instruction in progress has raised since this was last asked, with bit 8 set.
    pub fn take_raised(&mut self) -> Option<Value> {
        self.raised.take()
    }

    /// From here on `slot` tells what the last instruction with floating-point ops has raised, with bit 8 set.
    pub fn record_cause(&mut self, slot: Option<Slot>) {
        self.cause = slot.map(|slot| (slot, None));
    }

    /// Lets the exceptions that an operation raises accumulate, if that is asked for.
    pub fn raise(&mut self, call: FloatCall, [a, b, c]: [Value; 3]) {
        if let Some(slot) = self.exceptions {
            let raised = self.fraises(Type::I32, a, b, c, call);
            let before = self.get32(slot);
            let after = self.or(Type::I32, before, raised);
            self.put32(slot, after);
        }
        if let Some((slot, last)) = self.cause {
            let mut cause = self.fcause(Type::I32, a, b, c, call);
            if last == Some(self.src) {
                let before = self.get32(slot);
                cause = self.or(Type::I32, before, cause);
            }
            self.put32(slot, cause);
            self.raised = Some(cause);
            self.cause = Some((slot, Some(self.src)));
        }
    }

    /// The instructions so far.
    pub fn block(&self) -> &Block {
        &self.block
    }

    /// A 32-bit constant.
    pub fn i32(&mut self, imm: u32) -> Value {
        self.const_(Type::I32, u64::from(imm))
    }

    /// A 64-bit constant.
    pub fn i64(&mut self, imm: u64) -> Value {
        self.const_(Type::I64, imm)
    }

    /// A constant truth value.
    pub fn bool(&mut self, b: bool) -> Value {
        self.const_(Type::Bool, u64::from(b))
    }

    /// Reads a 32-bit slot.
    pub fn get32(&mut self, slot: Slot) -> Value {
        self.get(Type::I32, slot)
    }

    /// Writes a 32-bit slot.
    pub fn put32(&mut self, slot: Slot, v: Value) {
        self.put(Type::I32, v, slot);
    }

    /// Whether a 32-bit value is not 0.
    pub fn nonzero(&mut self, v: Value) -> Value {
        let zero = self.i32(0);
        self.icmp(Type::I32, v, zero, IntCc::Ne)
    }

    /// Any bytes of `a` and `b` in any order: byte `i` of the result is byte `mask[i]` of both, `a` first.
    pub fn vshuffle(&mut self, ty: Type, a: Value, b: Value, mask: u128) -> Value {
        self.vshuffle_(ty, a, b, Shuffle::new(mask))
    }

    /// A constant vector.
    pub fn v128(&mut self, imm: u128) -> Value {
        let (lo, hi) = (self.i64(imm as u64), self.i64((imm >> 64) as u64));
        self.vjoin(Type::V128, lo, hi)
    }

    /// Leaves the block, or the conditional part.
    pub fn leave(&mut self, exit: Exit) {
        let id = ExitId(self.block.exits.len() as u16);
        self.block.exits.push(exit);
        self.exit(Type::Bool, id);
    }

    /// Leaves the block if `c`.
    pub fn leave_if(&mut self, c: Value, exit: Exit) {
        self.if_(Type::Bool, c);
        self.leave(exit);
        self.end_if(Type::Bool);
    }

    /// The finished block.
    pub fn finish(self) -> Block {
        self.block
    }
}
