//! A guest architecture whose every block ends in a trap.
//!
//! That is how lockstep gets to look at the state after each block without the engine knowing of it: instead of going
//! on, a block writes the address where it would go on to the layout's first scratch slot and traps.

use std::sync::Arc;

use demotic_ir::{
    Block, BlockBuilder, CodeSource, CpuState, Exit, GuestArch, Helper, IntCc, LiftOptions, Loc, NanRule, Op,
    Slot, StateLayout, Trap, Type, Value, VectorHelper,
};

/// The trap at the end of a block. No guest has breakpoints with such a number.
pub(super) const STOP: Trap = Trap::Breakpoint { imm: u32::MAX };

/// Guest instructions in a block at most: every engine has room for that many.
const MAX_INSNS: usize = 16;

/// An architecture whose every block ends in a trap.
pub(super) struct Stopping(pub(super) Arc<dyn GuestArch>);

impl Stopping {
    /// The slot that holds where a block would have gone on.
    pub(super) fn target_slot(&self) -> Slot {
        self.0.layout().scratch[0]
    }
}

impl GuestArch for Stopping {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn layout(&self) -> &StateLayout {
        self.0.layout()
    }

    fn helpers(&self) -> &'static [Helper] {
        self.0.helpers()
    }

    fn vector_helpers(&self) -> &'static [VectorHelper] {
        self.0.vector_helpers()
    }

    fn nan_rule(&self) -> NanRule {
        self.0.nan_rule()
    }

    fn lift(&self, loc: Loc, code: &dyn CodeSource, options: LiftOptions) -> Block {
        let options = LiftOptions { max_insns: options.max_insns.min(MAX_INSNS) };
        let slot = self.target_slot();
        let ty = self.layout().info(slot).map_or(Type::I64, |info| info.ty);
        Rewriter::new(self.0.lift(loc, code, options), slot, ty).run()
    }

    fn mode(&self, state: &CpuState) -> u32 {
        self.0.mode(state)
    }

    fn disassemble(&self, loc: Loc, code: &dyn CodeSource) -> (String, u8) {
        self.0.disassemble(loc, code)
    }

    fn code_address(&self, pc: u64) -> u64 {
        self.0.code_address(pc)
    }
}

/// Copies a block, replacing its exits.
struct Rewriter {
    from: Block,
    to: BlockBuilder,
    /// The copy's value for each of the original's instructions.
    values: Vec<Value>,
    slot: Slot,
    /// The slot's type.
    ty: Type,
}

impl Rewriter {
    fn new(from: Block, slot: Slot, ty: Type) -> Rewriter {
        Rewriter { to: BlockBuilder::new(from.start), from, values: Vec::new(), slot, ty }
    }

    fn run(mut self) -> Block {
        for at in 0..self.from.insts.len() {
            let inst = self.from.insts[at];
            self.begin_insns(usize::from(inst.src) + 1);
            let value = match inst.op {
                Op::Exit { exit, .. } => {
                    let exit = self.from.exit(exit).clone();
                    self.exit(exit);
                    // Nothing uses the value of an exit.
                    Value(0)
                }
                mut op => {
                    op.map_values(|v| self.copied(v));
                    self.to.push(op)
                }
            };
            self.values.push(value);
        }
        self.begin_insns(usize::MAX);
        self.to.finish()
    }

    fn begin_insns(&mut self, upto: usize) {
        while let Some(&insn) = self.from.guest.get(self.to.insn_count())
            && self.to.insn_count() < upto
        {
            self.to.begin_insn(insn);
        }
    }

    fn copied(&self, v: Value) -> Value {
        self.values[v.0 as usize]
    }

    fn exit(&mut self, exit: Exit) {
        let start = self.from.start.pc;
        let target = match exit {
            Exit::Trap { .. } => return self.to.leave(exit),
            Exit::Jump { target } | Exit::Call { target, .. } => self.address(target),
            Exit::Branch { cond, taken, fallthrough } => {
                let (taken, fallthrough) = (self.address(taken), self.address(fallthrough));
                self.to.select(self.ty, self.copied(cond), taken, fallthrough)
            }
            Exit::CallIndirect { target, .. } | Exit::Return { target } | Exit::JumpIndirect { target } => {
                self.widened(target)
            }
            Exit::Switch { index, targets, default } => self.switched(index, &targets, default),
        };
        self.to.put(self.ty, target, self.slot);
        let pc = self.to.current_insn().map_or(start, |insn| insn.pc | start & 1);
        // Where to go on is for the handler to say; `next` must merely not be another address inside the block.
        self.to.leave(Exit::Trap { trap: STOP, pc, next: start });
    }

    fn address(&mut self, address: u64) -> Value {
        self.to.const_(self.ty, address)
    }

    /// A computed address as the slot holds it.
    fn widened(&mut self, target: Value) -> Value {
        let copy = self.copied(target);
        match (self.from.value_type(target), self.ty) {
            (Some(Type::I32), Type::I64) => self.to.zext64(Type::I64, copy),
            (Some(Type::I64), Type::I32) => self.to.trunc32(Type::I32, copy),
            _ => copy,
        }
    }

    fn switched(&mut self, index: Value, targets: &[u64], default: u64) -> Value {
        let index = self.copied(index);
        let mut chosen = self.address(default);
        for (n, &target) in targets.iter().enumerate() {
            let n = self.to.i32(n as u32);
            let here = self.to.icmp(Type::I32, index, n, IntCc::Eq);
            let target = self.address(target);
            chosen = self.to.select(self.ty, here, target, chosen);
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::Isa;
    use crate::guest;
    use crate::program::Snippet;

    fn lifted(isa: Isa, words: &[u32]) -> Block {
        let bytes = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let arch = Stopping(guest::of_isa(isa));
        arch.lift(Loc::new(0x8000), &Snippet { addr: 0x8000, bytes }, LiftOptions::default())
    }

    #[test]
    fn every_exit_is_a_trap() {
        // cmp r0, #3; moveq r1, #1; popeq {pc}; bne 0x8000
        let block = lifted(Isa::Arm, &[0xe350_0003, 0x03a0_1001, 0x08bd_8000, 0x1aff_fffb]);
        demotic_ir::verify(&block).unwrap();
        assert!(block.exits.iter().all(|exit| matches!(exit, Exit::Trap { .. })));
        // beq a0, a1, 0x8008; nop
        let block = lifted(Isa::Mipsel, &[0x1085_0001, 0]);
        demotic_ir::verify(&block).unwrap();
        assert!(matches!(block.final_exit(), Some(Exit::Trap { trap: STOP, .. })));
    }

    #[test]
    fn system_calls_stay() {
        let block = lifted(Isa::Arm, &[0xef00_0000]);
        assert!(matches!(block.final_exit(), Some(Exit::Trap { trap: Trap::Syscall { .. }, .. })));
    }
}
