//! Access to the status registers (ARM DDI 0406, A4.5 and B9.3).

use demotic_ir::{FlagMask, IntCc, Trap, Type, Value};

use crate::lifter::Lifter;
use crate::state;

/// What MRS shows of [`state::CPSR_LOW`] in User mode: E and M.
const USER_VISIBLE: u32 = state::CPSR_E | state::CPSR_M;

/// `MRS Rd, CPSR` (with `spsr`: `SPSR`). In User mode the masks read as zeros.
pub(crate) fn mrs(l: &mut Lifter<'_>, rd: u32, spsr: bool) {
    if spsr {
        return l.privileged_insn();
    }
    let flags = l.b.get_flags(Type::I32);
    let nzcv = l.b.flags_to_bits(Type::I32, flags);
    let q = l.b.get32(state::QF);
    let q = l.shl(q, 27);
    let ge = l.b.get32(state::GE);
    let ge = l.shl(ge, 16);
    let mut low = l.b.get32(state::CPSR_LOW);
    if !l.mode.privileged() {
        low = l.and_imm(low, USER_VISIBLE);
    }
    let upper = l.or(nzcv, q);
    let lower = l.or(ge, low);
    let cpsr = l.or(upper, lower);
    l.put_reg(rd, cpsr);
}

/// The byte-mask bits of an MSR.
struct Fields {
    flags: bool,
    status: bool,
    extension: bool,
    control: bool,
}

impl Fields {
    fn new(mask: u32) -> Fields {
        Fields {
            flags: mask & 8 != 0,
            status: mask & 4 != 0,
            extension: mask & 2 != 0,
            control: mask & 1 != 0,
        }
    }

    /// Which bits of [`state::CPSR_LOW`] are written.
    fn low(&self, privileged: bool) -> u32 {
        let extension = if privileged { 0x300 } else { state::CPSR_E };
        let control = if privileged { 0xc0 } else { 0 };
        (if self.extension { extension } else { 0 }) | (if self.control { control } else { 0 })
    }
}

/// `MSR CPSR_fields, value` (with `spsr`: `SPSR`). A change of the mode field is left to the hypervisor.
pub(crate) fn msr(l: &mut Lifter<'_>, spsr: bool, mask: u32, value: Value) {
    if spsr {
        return l.privileged_insn();
    }
    let fields = Fields::new(mask);
    let privileged = l.mode.privileged();
    if privileged && fields.control {
        leave_if_mode_changes(l, value);
    }
    l.part();
    if fields.flags {
        let flags = l.b.flags_from_bits(Type::I32, value);
        l.put_flags(flags, FlagMask::NZCV);
        let q = l.shr(value, 27);
        let q = l.and_imm(q, 1);
        l.put(state::QF, q);
    }
    if fields.status {
        let ge = l.shr(value, 16);
        let ge = l.and_imm(ge, 0xf);
        l.put(state::GE, ge);
    }
    put_low(l, fields.low(privileged), value);
}

/// Leaves to the hypervisor if the mode field of `value` is not the present mode.
fn leave_if_mode_changes(l: &mut Lifter<'_>, value: Value) {
    let low = l.b.get32(state::CPSR_LOW);
    let differing = l.xor(low, value);
    let differing = l.and_imm(differing, state::CPSR_M);
    let changes = l.b.nonzero(differing);
    let changes = l.guarded(changes);
    let exit = l.trap_exit(Trap::Privileged { word: l.word() });
    l.b.leave_if(changes, exit);
}

/// Writes those bits of CPSR_LOW that are in `mask`.
fn put_low(l: &mut Lifter<'_>, mask: u32, value: Value) {
    if mask == 0 {
        return;
    }
    let low = l.b.get32(state::CPSR_LOW);
    let kept = l.and_imm(low, !mask);
    let new = l.and_imm(value, mask);
    let low = l.or(kept, new);
    l.put(state::CPSR_LOW, low);
    if mask & state::CPSR_E != 0 {
        // The code that follows may access data in another order.
        l.set_mode_changed(true);
        l.end_part();
        l.jump(l.next_target());
    } else if mask & state::CPSR_AIF != 0 {
        l.end_part();
        check_interrupts(l);
    }
}

/// After interrupts may have been unmasked: leaves if one is pending.
fn check_interrupts(l: &mut Lifter<'_>) {
    let lines = l.b.get32(state::IRQ_LINES);
    let zero = l.imm(0);
    let pending = l.compare(lines, IntCc::Ne, zero);
    let exit = l.trap_exit(Trap::InterruptCheck);
    l.b.leave_if(pending, exit);
}

/// `CPSIE` and `CPSID` for the masks `aif` (A, I, F at bits 2 to 0); in User mode they do nothing.
pub(crate) fn change_masks(l: &mut Lifter<'_>, disable: bool, aif: u32) {
    if !l.mode.privileged() {
        return;
    }
    let mask = aif << 6 & state::CPSR_AIF;
    let low = l.b.get32(state::CPSR_LOW);
    if disable {
        let mask = l.imm(mask);
        let low = l.or(low, mask);
        l.put(state::CPSR_LOW, low);
    } else {
        let low = l.and_imm(low, !mask);
        l.put(state::CPSR_LOW, low);
        l.end_part();
        check_interrupts(l);
    }
}

/// `CPS` with a change of mode: the hypervisor's; in User mode it does nothing.
pub(crate) fn change_mode(l: &mut Lifter<'_>) {
    if l.mode.privileged() {
        l.privileged_insn();
    }
}

/// `SETEND`.
pub(crate) fn setend(l: &mut Lifter<'_>, big: bool) {
    let value = l.imm(if big { state::CPSR_E } else { 0 });
    put_low(l, state::CPSR_E, value);
}
