//! What whoever handles traps must know of delay slots.
//!
//! A branch and the instruction in its delay slot are lifted as *one* guest instruction at the branch's address. A fault or a trap of the slot reports that address, as EPC would hold it, with Cause.BD set. To execute both
//! again gives the same result: the link register is written before the slot, and the manual forbids a branch whose
//! own operand it is.
//!
//! A trap in a slot cannot name the address to go on at by a constant. It gives the branch's address plus 8, which no
//! instruction of its own is followed by, and leaves the real one in the state; [`finish`] puts things right. Handlers call it first.

use demotic_ir::CpuState;

use crate::config::{MipsConfig, Release};
use crate::decode::Insn;
use crate::state::{BRANCH_TARGET, PC};

/// What a trap in a slot gives as the distance of the next address.
pub(crate) const IN_SLOT: u32 = 8;

/// To be called when the instruction at `pc` has trapped, before `PC` is looked at: makes `PC` the address after the
/// trapping instruction also when it stands in a delay slot, i.e. the branch's destination. Gives whether it does.
pub fn finish(state: &mut CpuState, pc: u64) -> bool {
    let in_slot = state.get32(PC) & !1 == (pc as u32 & !1).wrapping_add(IN_SLOT);
    if in_slot {
        state.set(PC, state.get(BRANCH_TARGET));
    }
    in_slot
}

/// Whether an instruction has a delay slot. A memory fault reported at such an address happened in the slot (BD is
/// set), unless it is the fetch of the branch itself.
pub fn is_branch(config: &MipsConfig, word: u32) -> bool {
    use Insn::*;
    matches!(
        config.decode(word),
        Some(
            J(_) | Jal(_)
                | Jalx(_)
                | Jr(_)
                | JrR6(_)
                | JrHb(_)
                | JrHbR6(_)
                | Nal(_)
                | Jalr(_)
                | JalrHb(_)
                | B(_)
                | Bal(_)
                | Beq(_)
                | Bne(_)
                | Blez(_)
                | Bgtz(_)
                | Beql(_)
                | Bnel(_)
                | Blezl(_)
                | Bgtzl(_)
                | Bltz(_)
                | Bgez(_)
                | Bltzl(_)
                | Bgezl(_)
                | Bltzal(_)
                | Bgezal(_)
                | Bltzall(_)
                | Bgezall(_)
                | Bc1eqz(_)
                | Bc1nez(_)
                | Bc1f(_)
                | Bc1t(_)
                | Bc1fl(_)
                | Bc1tl(_)
                | Bposge32(_)
                | Bz(_)
                | Bnz(_)
                | BzV(_)
                | BnzV(_)
        )
    )
}

/// Whether an instruction may not stand in a delay slot nor, in release 6, in a forbidden slot: it transfers control, or
/// waits.
pub fn is_control_transfer(config: &MipsConfig, word: u32) -> bool {
    use Insn::*;
    let compact = matches!(
        config.decode(word),
        Some(
            Bc(_)
                | Balc(_)
                | Jic(_)
                | Jialc(_)
                | Bovc(_)
                | Bnvc(_)
                | Beqc(_)
                | Bnec(_)
                | Bgeuc(_)
                | Bltuc(_)
                | Bgec(_)
                | Bltc(_)
                | Blezc(_)
                | Bgezc(_)
                | Bgtzc(_)
                | Bltzc(_)
                | Beqzc(_)
                | Bnezc(_)
                | Beqzalc(_)
                | Bnezalc(_)
                | Blezalc(_)
                | Bgezalc(_)
                | Bgtzalc(_)
                | Bltzalc(_)
        )
    );
    let other = config.release >= Release::R6
        && matches!(config.decode(word), Some(Eret(_) | Deret(_) | Wait(_) | Pause(_)));
    compact || other || is_branch(config, word)
}
