//! Branches and writes to R15 (ARM DDI 0406, A2.3.1 and A4.3).

use demotic_ir::{CodeSource, Exit, Value};

use crate::config::ArchVersion;
use crate::lifter::{LR, Lifter};
use crate::state;

/// What a write to R15 is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// To go on elsewhere.
    Jump,
    /// To return from a call.
    Return,
}

/// `B target`. The target has the ISA bit.
pub(crate) fn branch(l: &mut Lifter<'_>, target: u64) {
    match l.take_condition() {
        Some(cond) => l.terminate_conditional(cond, target),
        None => l.jump(target),
    }
}

/// `BL target` and `BLX target`. The target has the ISA bit.
pub(crate) fn branch_link(l: &mut Lifter<'_>, target: u64) {
    let ret = link(l);
    l.terminate(Exit::Call { target, ret });
}

/// `BLX Rm`.
pub(crate) fn branch_link_register(l: &mut Lifter<'_>, rm: u32) {
    let target = l.reg(rm);
    let ret = link(l);
    l.terminate(Exit::CallIndirect { target, ret });
}

/// The second of the two 16-bit instructions that make up BL and BLX before ARMv6T2: LR holds the target's upper part.
pub(crate) fn branch_link_suffix(l: &mut Lifter<'_>, offset: u32, thumb: bool) {
    let upper = l.reg(LR);
    let target = l.add_imm(upper, offset);
    let one = l.imm(1);
    let target = if thumb { l.or(target, one) } else { l.and_imm(target, !3) };
    let ret = link(l);
    l.terminate(Exit::CallIndirect { target, ret });
}

/// Puts the return address into LR.
fn link(l: &mut Lifter<'_>) -> u64 {
    let ret = l.next_target();
    l.part();
    let value = l.imm(ret as u32);
    l.put_reg(LR, value);
    ret
}

/// `BX Rm`, and BXJ, which does the same where there is no Jazelle.
pub(crate) fn branch_exchange(l: &mut Lifter<'_>, rm: u32) {
    let target = l.reg(rm);
    let purpose = if rm == LR { Purpose::Return } else { Purpose::Jump };
    l.bx_write_pc(target, purpose);
}

/// `CBZ` and `CBNZ`: branches if `cond`.
pub(crate) fn branch_if(l: &mut Lifter<'_>, cond: Value, target: u64) {
    l.terminate_conditional(cond, target);
}

/// A jump table that holds addresses: `LDR PC, [PC, Rm, LSL #2]` under condition LS after `CMP Rm, #bound`, the table
/// being read-only. False when it is not one.
pub(crate) fn switch_of_addresses(l: &mut Lifter<'_>, rm: u32, table: u32) -> bool {
    let Some(bound) = l.hints.bound(rm) else { return false };
    let Some(targets) = read_table(l.code(), table, bound) else { return false };
    let targets = targets.into_iter().map(|target| u64::from(l.constant_load_target(target))).collect();
    switch(l, rm, targets);
    true
}

/// A jump table that holds branches: `ADD PC, PC, Rm, LSL #2` under condition LS after `CMP Rm, #bound`. False when it
/// is not one.
pub(crate) fn switch_of_branches(l: &mut Lifter<'_>, rm: u32, table: u32) -> bool {
    let Some(bound) = l.hints.bound(rm) else { return false };
    if bound > MAX_SWITCH {
        return false;
    }
    let targets = (0..=bound).map(|i| u64::from(table.wrapping_add(4 * i))).collect();
    switch(l, rm, targets);
    true
}

/// The most entries a jump table is believed to have.
const MAX_SWITCH: u32 = 1024;

fn read_table(code: &dyn CodeSource, table: u32, bound: u32) -> Option<Vec<u32>> {
    if bound > MAX_SWITCH {
        return None;
    }
    (0..=bound)
        .map(|i| code.read_only(u64::from(table.wrapping_add(4 * i)), 4).map(|word| word as u32))
        .collect()
}

/// Ends the block with a jump table. The bounds check has made the instruction's condition: when it fails the index is
/// past the end of the table.
fn switch(l: &mut Lifter<'_>, rm: u32, targets: Vec<u64>) {
    let _ = l.take_condition();
    let index = l.reg(rm);
    let default = l.next_target();
    l.terminate(Exit::Switch { index, targets, default });
}

impl Lifter<'_> {
    /// Ends the block with a conditional branch.
    fn terminate_conditional(&mut self, cond: Value, taken: u64) {
        let fallthrough = self.next_target();
        if self.mode_changed() {
            self.finish_itstate();
            let exit = self.exit_to(taken);
            self.b.leave_if(cond, exit);
            self.jump(fallthrough);
        } else {
            self.terminate(Exit::Branch { cond, taken, fallthrough });
        }
    }

    /// BXWritePC: bit 0 chooses the instruction set, just as in branch targets. Bit 1 of an A32 address is
    /// unpredictable: such a block traps as misaligned.
    pub(crate) fn bx_write_pc(&mut self, value: Value, purpose: Purpose) {
        self.leave_to(value, purpose);
    }

    /// BranchWritePC: the instruction set stays.
    pub(crate) fn branch_write_pc(&mut self, value: Value, purpose: Purpose) {
        let target = if self.thumb() {
            let one = self.imm(1);
            self.or(value, one)
        } else {
            self.and_imm(value, !3)
        };
        self.leave_to(target, purpose);
    }

    /// ALUWritePC: what data processing does with R15 as destination.
    pub(crate) fn alu_write_pc(&mut self, value: Value) {
        self.alu_write(value, Purpose::Jump);
    }

    /// ALUWritePC of a return address.
    pub(crate) fn alu_return(&mut self, value: Value) {
        self.alu_write(value, Purpose::Return);
    }

    fn alu_write(&mut self, value: Value, purpose: Purpose) {
        if self.config.version >= ArchVersion::V7 && !self.thumb() {
            self.bx_write_pc(value, purpose);
        } else {
            self.branch_write_pc(value, purpose);
        }
    }

    /// LoadWritePC: what loads do with R15 as destination.
    pub(crate) fn load_write_pc(&mut self, value: Value, purpose: Purpose) {
        if self.config.version >= ArchVersion::V5TE {
            self.bx_write_pc(value, purpose);
        } else {
            self.branch_write_pc(value, purpose);
        }
    }

    /// LoadWritePC of a constant: the branch target that it means.
    fn constant_load_target(&self, value: u32) -> u32 {
        match (self.config.version >= ArchVersion::V5TE, self.thumb()) {
            (true, _) if value & 1 != 0 => value,
            (false, true) => value | 1,
            _ => value & !3,
        }
    }

    /// Ends the block by going on at a computed address.
    fn leave_to(&mut self, target: Value, purpose: Purpose) {
        let ret = self.next_target();
        let linked = self.hints.link().is_some_and(|link| u64::from(link) == ret);
        self.terminate(match purpose {
            Purpose::Return => Exit::Return { target },
            Purpose::Jump if linked => Exit::CallIndirect { target, ret },
            Purpose::Jump => Exit::JumpIndirect { target },
        });
    }
}

/// Whether a list of registers makes `LDM` a return: it is taken off the stack, or restores the stack pointer.
pub(crate) fn load_multiple_purpose(rn: u32, list: u32) -> Purpose {
    let sp = u32::from(state::SP.0 - state::R.0);
    if rn == sp || list & 1 << sp != 0 { Purpose::Return } else { Purpose::Jump }
}
