//! Coprocessor registers (ARM DDI 0406, B3.17 and B5.8): those that are plain state, and the cache and barrier
//! operations, are done here; the rest is the hypervisor's.

use demotic_ir::{FlagMask, Slot, Trap, Type};

use super::system;
use crate::lifter::{Lifter, PC};
use crate::state;

/// Bytes in a line of the instruction cache, as CTR should say.
const CACHE_LINE: u32 = 64;

/// The register that an MCR or MRC names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Register {
    /// Coprocessor number.
    pub(crate) coproc: u32,
    /// First opcode.
    pub(crate) opc1: u32,
    /// Primary register.
    pub(crate) crn: u32,
    /// Secondary register.
    pub(crate) crm: u32,
    /// Second opcode.
    pub(crate) opc2: u32,
}

/// What a CP15 register is to us.
enum Kind {
    /// Plain state. User mode may read, write.
    Thread { slot: Slot, user_read: bool, user_write: bool },
    /// CP15DSB and CP15DMB, of which User mode may make use.
    DataBarrier,
    /// CP15ISB.
    InstructionBarrier,
    /// Instruction cache: everything.
    InvalidateInstructions,
    /// Instruction cache: the line of an address.
    InvalidateInstructionLine,
    /// A cache operation that has nothing to do here: memory is coherent.
    CacheNop,
    /// Test and clean the data cache (ARM926): reports that it is clean.
    TestClean,
    /// The hypervisor's.
    Other,
}

fn kind(r: Register) -> Kind {
    if r.coproc != 15 || r.opc1 != 0 {
        return Kind::Other;
    }
    match (r.crn, r.crm, r.opc2) {
        (13, 0, 2) => Kind::Thread { slot: state::TPIDRURW, user_read: true, user_write: true },
        (13, 0, 3) => Kind::Thread { slot: state::TPIDRURO, user_read: true, user_write: false },
        (13, 0, 4) => Kind::Thread { slot: state::TPIDRPRW, user_read: false, user_write: false },
        (7, 5, 4) => Kind::InstructionBarrier,
        (7, 10, 4 | 5) => Kind::DataBarrier,
        (7, 5 | 1, 0) | (7, 7, 0) => Kind::InvalidateInstructions,
        (7, 5, 1) => Kind::InvalidateInstructionLine,
        (7, 10 | 14, 3) => Kind::TestClean,
        (7, 5 | 1, 6) | (7, 5, 7) | (7, 6 | 10 | 14, 0..=2) | (7, 11, 1) => Kind::CacheNop,
        _ => Kind::Other,
    }
}

/// `MRC coproc, opc1, Rt, CRn, CRm, opc2`.
pub(crate) fn mrc(l: &mut Lifter<'_>, rt: u32, r: Register) {
    let privileged = l.mode.privileged();
    match kind(r) {
        Kind::Thread { slot, user_read, .. } if (privileged || user_read) && rt != PC => {
            let value = l.b.get32(slot);
            l.put_reg(rt, value);
        }
        Kind::TestClean if privileged && rt == PC => {
            let bits = l.imm(1 << 30);
            let flags = l.b.flags_from_bits(Type::I32, bits);
            l.put_flags(flags, FlagMask::NZCV);
        }
        _ => l.privileged_insn(),
    }
}

/// `MCR coproc, opc1, Rt, CRn, CRm, opc2`.
pub(crate) fn mcr(l: &mut Lifter<'_>, rt: u32, r: Register) {
    const FULL: u32 = 15;
    let privileged = l.mode.privileged();
    match kind(r) {
        Kind::Thread { slot, user_write, .. } if privileged || user_write => {
            let value = l.reg(rt);
            l.put(slot, value);
        }
        Kind::DataBarrier => system::data_barrier(l, FULL),
        Kind::InstructionBarrier => {}
        Kind::CacheNop if privileged => {}
        Kind::InvalidateInstructions if privileged => cache_flush(l, None),
        Kind::InvalidateInstructionLine if privileged => cache_flush(l, Some(rt)),
        _ => l.privileged_insn(),
    }
}

/// Drops translations: of the cache line at the address in a register, or all.
fn cache_flush(l: &mut Lifter<'_>, rt: Option<u32>) {
    let (start, len) = match rt {
        Some(rt) => {
            let address = l.reg(rt);
            (l.and_imm(address, !(CACHE_LINE - 1)), l.imm(CACHE_LINE))
        }
        None => (l.imm(0), l.imm(0)),
    };
    l.put(state::SCRATCH[0], start);
    l.put(state::SCRATCH[1], len);
    l.trap(Trap::CacheFlush);
}

/// `MRRC` and `MCRR`: the hypervisor's.
pub(crate) fn move_two(l: &mut Lifter<'_>) {
    l.privileged_insn();
}
