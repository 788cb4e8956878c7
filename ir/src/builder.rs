//! Builds blocks. The method per op comes from the table in `ops.rs`; here are the conveniences.

use crate::block::{Block, GuestInsn, Inst, Loc};
use crate::exit::Exit;
use crate::guest::NanRule;
use crate::lanes::Shuffle;
use crate::ops::Op;
use crate::softfloat::FloatCall;
use crate::types::{IntCc, Type};
use crate::value::{ExitId, Slot, Value};

/// Slots that say what the last instruction with floating-point ops has done, from which [`LastFloat::raised`] finds what
/// it has raised. That costs much less than to find it each time.
#[derive(Clone, Copy, Debug)]
pub struct LastFloat {
    /// Its calls of the soft-float: the first one with the tag in the low half, and in the high half the second one, the
    /// first operand of which is the first one's result. Each [`FloatCall::encode`]d. 0 if the next slot is to be asked.
    pub calls: Slot,
    /// What it has raised, with bit 8 set, if it has done anything else.
    pub cause: Slot,
    /// Three operands: those of the first call, the last one being the second call's if there is one.
    pub operands: Slot,
    /// What bits 24 and up of the first call are to be; not 0.
    pub tag: u32,
}

impl LastFloat {
    /// What the operations in `calls` raise, with bit 8 set.
    pub fn raised(rule: NanRule, calls: u64, [a, b, c]: [u64; 3]) -> u32 {
        let call = |half: u64| FloatCall::decode(half as u32 & 0xff_ffff);
        let mut raised = 0x100;
        let mut result = 0;
        if let Some(first) = call(calls) {
            let (value, exceptions) = first.evaluate(rule, [a, b, c]);
            result = value;
            raised |= u32::from(exceptions.0);
        }
        if let (true, Some(second)) = (calls >> 32 != 0, call(calls >> 32)) {
            raised |= u32::from(second.evaluate(rule, [result, c, c]).1.0);
        }
        raised
    }
}

/// A floating-point operation of the instruction in progress.
#[derive(Clone, Copy, Debug)]
struct Performed {
    src: u16,
    call: FloatCall,
    operands: [Value; 3],
    /// Its result, if an op has one.
    result: Option<Value>,
}

impl Performed {
    fn operand_count(&self) -> usize {
        let [a, b, c] = self.operands;
        if b != c { 3 } else { 1 + usize::from(a != b) }
    }

    /// Whether this is a second operation on the result of the first, whose description leaves room for it.
    fn goes_on_from(&self, first: &Performed) -> bool {
        let [a, b, c] = self.operands;
        first.result == Some(a) && b == c && first.operand_count() < 3
    }
}

/// What most blocks have room in.
const USUAL_GUEST_INSNS: usize = 12;
const USUAL_INSTS: usize = 64;

/// A block under construction.
#[derive(Debug)]
pub struct BlockBuilder {
    block: Block,
    src: u16,
    /// The slot in which the exceptions of floating-point ops are to accumulate.
    exceptions: Option<Slot>,
    /// The slot that is to tell what the last instruction has raised, and the instruction that has written it.
    cause: Option<(Slot, Option<u16>)>,
    /// The slots that are to tell what the last instruction has done instead, and what that was.
    last: Option<(LastFloat, Vec<Performed>)>,
    /// What that slot holds, if the instruction in progress has written it and nobody has asked yet.
    raised: Option<Value>,
}

impl BlockBuilder {
    /// An empty block at `start`.
    pub fn new(start: Loc) -> BlockBuilder {
        BlockBuilder {
            block: Block {
                start,
                guest: Vec::with_capacity(USUAL_GUEST_INSNS),
                insts: Vec::with_capacity(USUAL_INSTS),
                exits: Vec::with_capacity(1),
            },
            src: 0,
            exceptions: None,
            cause: None,
            last: None,
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
        if self.exceptions.is_some() || self.cause.is_some() || self.last.is_some() {
            self.raise_of(op, v);
        }
        v
    }

    /// Lets what an op raises accumulate, of a vector op what each lane raises.
    fn raise_of(&mut self, op: Op, result: Value) {
        if matches!(op, Op::FCmp { .. }) {
            return;
        }
        if let Some((call, operands)) = op.float_call() {
            self.raise_with(call, operands, Some(result));
        } else if let Some((call, operands)) = op.vector_float_call() {
            self.raise_lanes(call, operands);
        }
    }

    /// Lets the exceptions accumulate that an operation raises on lanes of vectors, if that is asked for.
    pub fn raise_lanes(&mut self, call: FloatCall, [a, b, c]: [Value; 3]) {
        if let Some(slot) = self.exceptions {
            let after = self.vfraises(Type::V128, a, b, c, call);
            self.put32(slot, after);
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
    pub fn raise(&mut self, call: FloatCall, operands: [Value; 3]) {
        self.raise_with(call, operands, None);
    }

    fn raise_with(&mut self, call: FloatCall, operands: [Value; 3], result: Option<Value>) {
        let [a, b, c] = operands;
        if let Some(slot) = self.exceptions {
            let after = self.fraises(Type::I32, a, b, c, call);
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
        if let Some((slots, mut performed)) = self.last.take() {
            performed.retain(|other| other.src == self.src);
            performed.push(Performed { src: self.src, call, operands, result });
            self.record(slots, &performed);
            self.last = Some((slots, performed));
        }
    }

    /// From here on `slots` tell what the last instruction with floating-point ops has done.
    pub fn record_last(&mut self, slots: LastFloat) {
        self.last = Some((slots, Vec::new()));
    }

    /// Records what the instruction in progress has done so far.
    fn record(&mut self, slots: LastFloat, performed: &[Performed]) {
        let calls = match performed {
            [first] => {
                let count = first.operand_count();
                for (n, &operand) in (0..).zip(&first.operands[..count]) {
                    self.put_bits(operand, slots.operands.nth(n));
                }
                Some(u64::from(first.call.encode() | slots.tag))
            }
            // The first one has been recorded.
            [first, second] if second.goes_on_from(first) => {
                self.put_bits(second.operands[1], slots.operands.nth(2));
                Some(u64::from(first.call.encode() | slots.tag) | u64::from(second.call.encode()) << 32)
            }
            _ => None,
        };
        if calls.is_none() {
            let causes = performed.iter().map(|p| (p.call, p.operands));
            let cause = causes.fold(None, |sum, (call, [a, b, c])| {
                let cause = self.fcause(Type::I32, a, b, c, call);
                Some(sum.map_or(cause, |sum| self.or(Type::I32, sum, cause)))
            });
            cause.into_iter().for_each(|cause| self.put32(slots.cause, cause));
        }
        let calls = self.i64(calls.unwrap_or(0));
        self.put(Type::I64, calls, slots.calls);
    }

    /// Writes the bits of a number to a slot of 64 bits.
    fn put_bits(&mut self, v: Value, slot: Slot) {
        let bits = match self.block.value_type(v) {
            Some(Type::F64) => self.bitcast(Type::I64, v, Type::F64),
            Some(Type::F32) => {
                let bits = self.bitcast(Type::I32, v, Type::F32);
                self.zext64(Type::I64, bits)
            }
            Some(Type::I32) => self.zext64(Type::I64, v),
            _ => v,
        };
        self.put(Type::I64, bits, slot);
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
