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

/// `WFI`: the hypervisor waits; in User mode it is a hint that need not be taken.
pub(crate) fn wfi(l: &mut Lifter<'_>) {
    if l.mode.privileged() {
        l.privileged_insn();
    }
}

/// `DMB` and `DSB`. Barriers between stores cost nothing: the host does not reorder them.
pub(crate) fn data_barrier(l: &mut Lifter<'_>, option: u32) {
    const STORES_ONLY: u32 = 2;
    if option & 3 != STORES_ONLY {
        l.part();
        l.b.fence(Type::I32);
    }
}
