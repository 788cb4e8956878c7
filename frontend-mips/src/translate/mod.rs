//! Lifts MIPS32 basic blocks into IR. Each file holds one instruction class of the manual, each method one instruction.

mod arithmetic;
mod atomic;
mod bit_field;
mod branch_jump;
mod compact_branch;
mod compressed;
mod cop0;
mod delay_slot;
mod dsp;
mod eva;
mod fpr;
mod fpu_arith;
mod fpu_compare;
mod fpu_convert;
mod fpu_load_store;
mod fpu_move;
mod fpu_ps;
mod fpu_r6;
mod load_store;
mod load_store_unaligned;
mod logical;
mod micromips;
mod mips16e;
mod msa;
mod multi_threading;
mod multiply_divide;
mod pc_relative;
mod shift;
mod switch;
mod system;
mod trap;
mod unaligned_pair;

use demotic_ir::{
    Block, BlockBuilder, CodeSource, Exit, GuestInsn, LiftOptions, Loc, MemOp, MemSize, Trap, Type, Value,
};

use crate::config::{MipsConfig, Personality, Release};
use crate::cp0::coprocessor;
use crate::decode::{ROWS, Row, Visitor, args, dispatch_row, forward_visitor};
use crate::encoding::{Encoding, Fetched};
use crate::mode;
use crate::state::{FP_CAUSE, FP_RAISED, R, last_float};

/// Lifts the basic block at `loc`.
pub(crate) fn lift(config: &MipsConfig, loc: Loc, code: &dyn CodeSource, options: LiftOptions) -> Block {
    let mode = match config.personality {
        Personality::Linux => mode::linux(config) | loc.mode & mode::ARITHMETIC,
        Personality::Machine => loc.mode,
    };
    let encoding = Encoding::of(config, loc.pc);
    let mut lifter = Lifter {
        b: BlockBuilder::new(loc),
        config,
        code,
        mode,
        encoding,
        pc: encoding.address(loc.pc),
        len: 4,
        slot_len: 4,
        word: 0,
        slot_of: None,
        fprs: Default::default(),
        second_halves: Vec::new(),
        ended: false,
    };
    if mode & mode::FP_TRAPS == 0 {
        lifter.b.accumulate_exceptions(Some(FP_RAISED));
        lifter.b.record_last(last_float(config.nan2008));
    } else {
        lifter.b.record_cause(Some(FP_CAUSE));
    }
    lifter.block(options.max_insns.max(1));
    lifter.b.finish()
}

/// A block under construction.
struct Lifter<'a> {
    b: BlockBuilder,
    config: &'a MipsConfig,
    code: &'a dyn CodeSource,
    /// Mode bits.
    mode: u32,
    /// How instructions are encoded.
    encoding: Encoding,
    /// Address of the instruction in progress, without the ISA bit; of the branch, while its delay slot is in progress.
    pc: u32,
    /// Length of the instruction at `pc` in bytes.
    len: u32,
    /// Length of the delay slot of the branch at `pc` in bytes.
    slot_len: u32,
    /// The instruction in progress: as MIPS32 encodes it, if it does.
    word: u32,
    /// While a delay slot is in progress, the exit that its branch will take.
    slot_of: Option<Exit>,
    /// What the block knows of the words of the floating-point register file.
    fprs: [fpr::Known; 32],
    /// Addresses of instructions that an earlier one has done the work of (see `unaligned_pair.rs`).
    second_halves: Vec<u32>,
    /// The block has its final exit.
    ended: bool,
}

forward_visitor!(Lifter<'_>, ());

// ---- the block ----
impl Lifter<'_> {
    fn block(&mut self, max_insns: usize) {
        while !self.ended {
            if self.b.insn_count() == max_insns {
                return self.leave(Exit::Jump { target: self.code(self.pc) });
            }
            self.instruction();
        }
    }

    /// Lifts the instruction at `pc` and advances `pc`.
    fn instruction(&mut self) {
        let begin = GuestInsn { pc: u64::from(self.pc), len: 4, word: 0 };
        if !self.encoding.is_aligned(self.pc) {
            self.b.begin_insn(begin);
            return self.trap(Trap::Misaligned);
        }
        match self.fetch(self.pc) {
            Some(insn) => {
                (self.len, self.slot_len) = (insn.len, self.slot_length(insn));
                let len = (self.len + self.slot_len) as u8;
                self.b.begin_insn(GuestInsn { word: insn.word, len, ..begin });
                self.dispatch(insn);
            }
            // What precedes is executed first; the trap gets a block of its own.
            None if self.b.insn_count() != 0 => self.leave(Exit::Jump { target: self.code(self.pc) }),
            None => {
                self.b.begin_insn(begin);
                self.trap(Trap::Fetch);
            }
        }
        self.pc = self.pc.wrapping_add(self.len);
    }

    /// Lifts an instruction, at `pc` or in the slot of the branch at `pc`.
    fn dispatch(&mut self, insn: Fetched) {
        match self.encoding {
            Encoding::Mips32 => self.dispatch_mips32(insn.word),
            Encoding::Mips16e => mips16e::lift(self, insn),
            Encoding::MicroMips => micromips::lift(self, insn),
        }
    }

    /// Lifts the MIPS32 instruction `word`.
    fn dispatch_mips32(&mut self, word: u32) {
        self.word = word;
        match coprocessor(self.config.set(), word) {
            Some(unit) if !self.usable(unit) => self.reserved(),
            _ => match self.config.row_index(word) {
                // Vectors need the registers whose lower halves are all 64 bits wide.
                Some(index) if ROWS[index].feature == Some("msa") && !self.fr() => self.reserved(),
                Some(index) => _ = dispatch_row(index, word, self),
                None => self.reserved(),
            },
        }
    }

    /// The instruction at `address`, if it can be fetched.
    fn fetch(&self, address: u32) -> Option<Fetched> {
        self.encoding.fetch(self.config, self.code, address)
    }

    /// The code address `address` in the present instruction set: with the ISA bit.
    fn code(&self, address: u32) -> u64 {
        u64::from(address | self.encoding.isa_bit())
    }

    /// Leaves the block for good.
    fn leave(&mut self, exit: Exit) {
        self.b.leave(exit);
        self.ended = true;
    }

    /// Raises a trap.
    fn trap(&mut self, trap: Trap) {
        let exit = self.trap_exit(trap);
        self.leave(exit);
    }

    /// Raises a trap if `c`.
    fn trap_if(&mut self, c: Value, trap: Trap) {
        self.b.if_(Type::Bool, c);
        let exit = self.trap_exit(trap);
        self.b.leave(exit);
        self.b.end_if(Type::Bool);
    }
}

// ---- instructions that do not execute ----
impl Lifter<'_> {
    /// Reserved Instruction exception; or Coprocessor Unusable, if the instruction needs a coprocessor that may not be
    /// used (see [`coprocessor`]): who handles the trap can tell from Status.
    fn reserved(&mut self) {
        self.trap(Trap::Undefined { word: self.word });
    }

    /// Leaves the instruction to the hypervisor.
    fn privileged(&mut self) {
        self.trap(Trap::Privileged { word: self.word });
    }

    fn usable(&self, unit: u32) -> bool {
        match unit {
            0 => self.mode & mode::KERNEL != 0,
            1 => self.mode & mode::FPU != 0,
            _ => false,
        }
    }

    fn undefined(&mut self, _row: &'static Row, _word: u32) {
        self.reserved();
    }

    fn unpredictable(&mut self, _row: &'static Row, _word: u32) {
        self.reserved();
    }

    fn unimplemented(&mut self, row: &'static Row, word: u32) {
        self.trap(Trap::Unimplemented { word, name: row.name });
    }
}

/// An op of two operands, as a method of the builder.
type BinaryOp = fn(&mut BlockBuilder, Type, Value, Value) -> Value;

// ---- operands ----
impl Lifter<'_> {
    /// GPR[n].
    fn gpr(&mut self, n: u32) -> Value {
        if n == 0 { self.b.i32(0) } else { self.b.get32(R.nth(n)) }
    }

    /// GPR[n] ← v.
    fn set_gpr(&mut self, n: u32, v: Value) {
        if n != 0 {
            self.b.put32(R.nth(n), v);
        }
    }

    /// GPR[rd] ← GPR[rs] op GPR[rt].
    fn binary(&mut self, rd: u32, rs: u32, rt: u32, op: BinaryOp) {
        let (s, t) = (self.gpr(rs), self.gpr(rt));
        let d = op(&mut self.b, Type::I32, s, t);
        self.set_gpr(rd, d);
    }

    /// GPR[rt] ← GPR[rs] op imm.
    fn binary_imm(&mut self, rt: u32, rs: u32, imm: u32, op: BinaryOp) {
        let s = self.gpr(rs);
        let imm = self.b.i32(imm);
        let t = op(&mut self.b, Type::I32, s, imm);
        self.set_gpr(rt, t);
    }

    /// How memory accesses of that width are done. From release 6 on, unaligned addresses are legal.
    fn mem(&self, size: MemSize) -> MemOp {
        let mem = MemOp::new(size).big(self.config.big_endian);
        match self.config.personality {
            Personality::Machine if self.config.release < Release::R6 => mem.aligned(),
            _ => mem,
        }
    }
}

/// A 16-bit immediate with its sign.
const fn sign_extend(imm: u32) -> u32 {
    imm as u16 as i16 as u32
}

/// A 9-bit offset with its sign.
const fn displacement9(offset: u32) -> i32 {
    (offset << 23) as i32 >> 23
}

/// A 16-bit offset with its sign.
const fn displacement(offset: u32) -> i32 {
    offset as u16 as i16 as i32
}
