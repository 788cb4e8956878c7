//! Exceptions, hints and barriers (ARM DDI 0406, A4.9, A4.10, B9).

use demotic_ir::{Trap, Type};

use crate::lifter::Lifter;

/// `SVC #imm`.
pub(crate) fn svc(l: &mut Lifter<'_>, imm: u32) {
    l.trap(Trap::Syscall { imm });
}

/// `BKPT #imm`.
pub(crate) fn bkpt(l: &mut Lifter<'_>, imm: u32) {
    l.trap(Trap::Breakpoint { imm });
}

/// `HLT`: undefined, because there is no external debugger that could have enabled Halting debug.
pub(crate) fn hlt(l: &mut Lifter<'_>) {
    l.undefined_insn();
}

/// `WFI`: the hypervisor waits; in User mode it is a hint that need not be taken.
pub(crate) fn wfi(l: &mut Lifter<'_>) {
    if l.mode.privileged() {
        l.privileged_insn();
    }
}

/// `DMB` and `DSB`. Those that only order stores, or loads against what follows, cost nothing: the host does not reorder
/// these.
pub(crate) fn data_barrier(l: &mut Lifter<'_>, option: u32) {
    const LOADS_FIRST: u32 = 1;
    const STORES_ONLY: u32 = 2;
    if !matches!(option & 3, LOADS_FIRST | STORES_ONLY) {
        l.part();
        l.b.fence(Type::I32);
    }
}
