//! 32-bit branches (ARM DDI 0406C, A6.3.4) and jump tables.

use demotic_ir::{CodeSource, Exit, IntCc, MemSize, Type, Value};

use super::immediate::{branch_offset20, branch_offset24};
use super::wide::args;
use super::{Wide, narrow, wide};
use crate::lifter::{Lifter, PC};
use crate::semantics::branch;

impl Wide<'_, '_> {
    /// The T32 code address `offset` bytes from the pc that the instruction sees.
    fn target(&self, offset: i32) -> u64 {
        u64::from(self.l.pc().wrapping_add_signed(offset) | 1)
    }

    pub(super) fn b_cond(&mut self, a: args::BCond) {
        let target = self.target(branch_offset20(a.sign, a.j1, a.j2, a.imm));
        branch::branch(self.l, target);
    }

    pub(super) fn b(&mut self, a: args::B) {
        let target = self.target(branch_offset24(a.sign, a.j1, a.j2, a.imm));
        branch::branch(self.l, target);
    }

    pub(super) fn bl(&mut self, a: args::Bl) {
        let target = self.target(branch_offset24(a.sign, a.j1, a.j2, a.imm));
        branch::branch_link(self.l, target);
    }

    /// `BLX label`: to A32, whose instructions lie on words.
    pub(super) fn blx_imm(&mut self, a: args::BlxImm) {
        let offset = branch_offset24(a.sign, a.j1, a.j2, a.imm << 1);
        let target = (self.l.pc() & !3).wrapping_add_signed(offset);
        branch::branch_link(self.l, u64::from(target));
    }

    /// Without Jazelle BXJ is BX.
    pub(super) fn bxj(&mut self, a: args::Bxj) {
        branch::branch_exchange(self.l, a.rn);
    }

    pub(super) fn tbb(&mut self, a: args::Tbb) {
        table_branch(self.l, a.rn, a.rm, MemSize::B1);
    }

    pub(super) fn tbh(&mut self, a: args::Tbh) {
        table_branch(self.l, a.rn, a.rm, MemSize::B2);
    }
}

/// `TBB [Rn, Rm]` and `TBH [Rn, Rm, LSL #1]`: a branch forward by a number of halfwords that is looked up in a table.
///
/// When the table follows the instruction in read-only memory, its entries become the targets of a switch. How many
/// there are is a guess, so a greater index is looked up at run time.
fn table_branch(l: &mut Lifter<'_>, rn: u32, rm: u32, size: MemSize) {
    let targets = if rn == PC && !l.is_conditional() { read_table(l, rm, size) } else { Vec::new() };
    let index = l.reg(rm);
    if targets.is_empty() {
        let target = look_up(l, rn, index, size);
        return l.terminate(Exit::JumpIndirect { target });
    }
    let count = l.imm(targets.len() as u32);
    let beyond = l.compare(index, IntCc::Uge, count);
    l.b.if_(Type::Bool, beyond);
    let target = look_up(l, rn, index, size);
    l.b.leave(Exit::JumpIndirect { target });
    l.b.end_if(Type::Bool);
    let default = targets[0];
    l.terminate(Exit::Switch { index, targets, default });
}

/// The target that the table in memory gives for `index`.
fn look_up(l: &mut Lifter<'_>, rn: u32, index: Value, size: MemSize) -> Value {
    let base = l.reg(rn);
    let offset = if size == MemSize::B2 { l.shl(index, 1) } else { index };
    let address = l.add(base, offset);
    let mem = l.mem(size);
    let entry = l.load(address, 0, mem);
    let distance = l.shl(entry, 1);
    l.add_imm(distance, l.pc() | 1)
}

/// The most entries that a table is believed to have: all that a byte can index.
const MAX_TABLE: u32 = 256;

/// The targets in the table behind the instruction in progress: as many as the bounds check before it allows, if there
/// is one, and no more than fit in front of the nearest target, where the table ends at the latest.
fn read_table(l: &Lifter<'_>, rm: u32, size: MemSize) -> Vec<u64> {
    let table = l.pc();
    let limit = bound_before(l.code(), l.address(), rm).map_or(MAX_TABLE, |bound| bound.saturating_add(1));
    let mut targets = Vec::new();
    let mut end = u32::MAX;
    for i in 0..limit.min(MAX_TABLE) {
        let address = table.wrapping_add(i * size.bytes());
        if l.mode.big_endian() || address.wrapping_sub(table) + size.bytes() > end {
            break;
        }
        let Some(entry) = l.code().read_only(u64::from(address), size.bytes()) else { break };
        let distance = entry as u32 * 2;
        end = end.min(distance);
        targets.push(u64::from(table.wrapping_add(distance) | 1));
    }
    targets
}

/// The constant that a CMP close before `address` compares `rm` with. Code is read backwards, so this may be wrong.
fn bound_before(code: &dyn CodeSource, address: u32, rm: u32) -> Option<u32> {
    const HALFWORDS: u32 = 8;
    (1..=HALFWORDS).find_map(|back| {
        let (word, len) = super::fetch(code, u64::from(address.wrapping_sub(2 * back)), true)?;
        match len {
            2 => match narrow::decode(word)? {
                narrow::Insn::CmpImm(a) if a.rn == rm => Some(a.imm),
                _ => None,
            },
            _ => match wide::decode(word)? {
                wide::Insn::CmpImm(a) if a.rn == rm => Some(super::immediate::expand_imm(a.imm).0),
                _ => None,
            },
        }
    })
}
