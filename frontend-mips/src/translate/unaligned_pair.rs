//! Recognises LWL with LWR, or SWL with SWR, that together access one unaligned word: compilers emit them for every
//! unaligned word, and the host needs a single access.
//!
//! The first of the two does the whole access, the second nothing. Between them may be instructions that neither touch
//! the register nor change the base nor, for a store, access memory. If a block ends between the two, or is entered
//! there, the second one is lifted as usual, and does again what has been done: the result is the same.

use demotic_ir::MemOp;
use demotic_ir::MemSize::B4;
use demotic_ir::Type::I32;

use super::{Lifter, displacement};
use crate::decode::{Insn, Set, decode, row};

/// How far apart the two may be.
const LOOKAHEAD: u32 = 16;

/// One of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    /// LWL, SWL.
    Left,
    /// LWR, SWR.
    Right,
}

/// The operands of one of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Operands {
    pub(super) half: Half,
    pub(super) store: bool,
    pub(super) rt: u32,
    pub(super) base: u32,
    pub(super) offset: u32,
}

impl Lifter<'_> {
    /// Lifts `this` as an access to the whole word, if its other half follows, or not at all if that went before.
    /// False if it has no other half.
    pub(super) fn pair(&mut self, this: Operands) -> bool {
        if self.slot_of.is_some() {
            return false;
        }
        if self.second_halves.contains(&self.pc) {
            return true;
        }
        let Some((other, at)) = self.other_half(this) else { return false };
        self.second_halves.push(at);
        // The word begins where its more significant half does in big-endian order, else where the other one does.
        let first = if (this.half == Half::Left) == self.config.big_endian { this } else { other };
        let mem = MemOp::new(B4).big(self.config.big_endian);
        let base = self.gpr(this.base);
        if this.store {
            let value = self.gpr(this.rt);
            self.b.store(I32, base, value, displacement(first.offset), mem);
        } else {
            let value = self.b.load(I32, base, displacement(first.offset), mem);
            self.set_gpr(this.rt, value);
        }
        true
    }

    /// The other half of `this`, and its address.
    fn other_half(&self, this: Operands) -> Option<(Operands, u32)> {
        if this.rt == this.base && !this.store {
            return None;
        }
        let mut at = self.pc.wrapping_add(self.len);
        for _ in 0..LOOKAHEAD {
            let insn = self.fetch(at)?;
            let word = self.encoding.mips32(self.config, insn)?;
            match unaligned(word) {
                Some(other) if self.completes(this, other) => return Some((other, at)),
                _ if !harmless(word, this) => return None,
                _ => {}
            }
            at = at.wrapping_add(insn.len);
        }
        None
    }

    /// Whether the two are halves of one word.
    fn completes(&self, this: Operands, other: Operands) -> bool {
        let (left, right) = if this.half == Half::Left { (this, other) } else { (other, this) };
        let (low, high) = if self.config.big_endian { (left, right) } else { (right, left) };
        let same = (this.store, this.rt, this.base) == (other.store, other.rt, other.base);
        same && this.half != other.half && displacement(high.offset) == displacement(low.offset) + 3
    }
}

/// The operands of `word`, if it is one of the four instructions.
fn unaligned(word: u32) -> Option<Operands> {
    use Half::{Left, Right};
    Some(match decode(word, Set::PreR6)? {
        Insn::Lwl(a) => Operands { half: Left, store: false, rt: a.rt, base: a.base, offset: a.offset },
        Insn::Lwr(a) => Operands { half: Right, store: false, rt: a.rt, base: a.base, offset: a.offset },
        Insn::Swl(a) => Operands { half: Left, store: true, rt: a.rt, base: a.base, offset: a.offset },
        Insn::Swr(a) => Operands { half: Right, store: true, rt: a.rt, base: a.base, offset: a.offset },
        _ => return None,
    })
}

/// Whether `word` may stand between the halves of `this`.
fn harmless(word: u32, this: Operands) -> bool {
    use Insn::*;
    let insn = decode(word, Set::PreR6);
    let load = matches!(insn, Some(Lb(_) | Lbu(_) | Lh(_) | Lhu(_) | Lw(_) | Lwl(_) | Lwr(_)));
    let plain = matches!(
        insn,
        Some(
            Nop(_)
                | Pref(_)
                | Lui(_)
                | Addiu(_)
                | Addu(_)
                | Subu(_)
                | And(_)
                | Andi(_)
                | Or(_)
                | Ori(_)
                | Xor(_)
                | Sll(_)
                | Srl(_)
                | Sra(_)
                | Slt(_)
                | Sltu(_)
                | Slti(_)
                | Sltiu(_)
        )
    );
    let touches = |register: u32, fields: &[&str]| {
        row(word, Set::PreR6)
            .is_some_and(|row| fields.iter().any(|field| row.extract(word, field) == Some(register)))
    };
    (plain || load && !this.store)
        && !touches(this.rt, &["rs", "rt", "rd", "base"])
        && !touches(this.base, &["rt", "rd"])
}
