//! Lifts MIPS16e instructions: operands are unpacked here, what instructions do is MIPS32's.
//!
//! What the manual leaves open: an instruction of two halfwords or a jump in a delay slot is a reserved instruction.

mod extended;
mod narrow;

use demotic_ir::MemSize::B4;
use demotic_ir::Type::I32;
use demotic_ir::{IntCc, Value};

use super::Lifter;
use crate::decode::args as mips32;
use crate::encoding::Fetched;
use crate::mips16e::frame::Frame;
use crate::mips16e::{extended as extended_decoder, narrow as narrow_decoder};
use crate::state::{SP, T8};

/// Unpacks the operands of instructions of one halfword.
struct Narrow<'l, 'a> {
    l: &'l mut Lifter<'a>,
}

/// Unpacks the operands of instructions of two halfwords.
struct Extended<'l, 'a> {
    l: &'l mut Lifter<'a>,
}

/// Lifts an instruction.
pub(super) fn lift(l: &mut Lifter<'_>, insn: Fetched) {
    l.word = insn.word;
    let known = match insn.len {
        2 => narrow_decoder::dispatch(insn.word, &mut Narrow { l }),
        _ => extended_decoder::dispatch(insn.word, &mut Extended { l }),
    };
    if known.is_none() {
        l.reserved();
    }
}

// What the two have in common.
impl Lifter<'_> {
    /// GPR[rt] ← GPR[rs] + imm.
    fn add_constant(&mut self, rt: u32, rs: u32, imm: u32) {
        self.addiu(mips32::Addiu { rt, rs, imm });
    }

    /// The base of PC-relative addresses: the word that the instruction begins in, or the jump in whose delay slot it
    /// stands.
    fn pc_base(&self) -> u32 {
        self.pc & !3
    }

    /// GPR[rt] ← the address `offset` bytes from the base.
    fn load_address(&mut self, rt: u32, offset: i32) {
        let address = self.b.i32(self.pc_base().wrapping_add_signed(offset));
        self.set_gpr(rt, address);
    }

    /// GPR[rt] ← the word `offset` bytes from the base.
    fn load_pc_relative(&mut self, rt: u32, offset: i32) {
        let address = self.b.i32(self.pc_base().wrapping_add_signed(offset));
        let word = self.b.load(I32, address, 0, self.mem(B4));
        self.set_gpr(rt, word);
    }

    /// GPR[24] ← GPR[rs] xor imm.
    fn compare_constant(&mut self, rs: u32, imm: u32) {
        self.xori(mips32::Xori { rt: T8, rs, imm });
    }

    /// Branches if GPR[rs] cc 0.
    fn branch_zero(&mut self, rs: u32, cc: IntCc, halfwords: i32) {
        let cond = self.compare(rs, 0, cc);
        self.branch_compact(cond, self.halfwords_on(halfwords));
    }

    /// Stores the frame's registers, then moves the stack pointer.
    fn save_frame(&mut self, frame: &Frame) {
        self.store_registers(&frame.arguments, SP, 0);
        for (&register, disp) in frame.saved.iter().zip((1..).map(|n| -4 * n)) {
            self.store_registers(&[register], SP, disp);
        }
        self.add_constant(SP, SP, frame.size.wrapping_neg());
    }

    /// Loads the frame's registers, then moves the stack pointer.
    fn restore_frame(&mut self, frame: &Frame) {
        let (sp, mem, size) = (self.gpr(SP), self.mem(B4), frame.size as i32);
        let places = (1..).map(|n| size - 4 * n);
        let words: Vec<Value> =
            places.take(frame.saved.len()).map(|disp| self.b.load(I32, sp, disp, mem)).collect();
        for (&register, word) in frame.saved.iter().zip(words) {
            self.set_gpr(register, word);
        }
        self.add_constant(SP, SP, frame.size);
    }
}
