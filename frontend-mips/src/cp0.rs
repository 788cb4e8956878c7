//! Coprocessor 0 registers: the bits that lifters and hypervisor must agree on (MIPS32 volume III, chapter 8).

use demotic_ir::CpuState;

use crate::decode::{Insn, Set, decode, row};
use crate::state::R;

/// The hardware register that is the cycle counter.
pub const CC: u32 = 2;

/// Bits of the Status register.
pub mod status {
    /// Interrupt enable.
    pub const IE: u32 = 1;
    /// Exception level.
    pub const EXL: u32 = 1 << 1;
    /// Error level.
    pub const ERL: u32 = 1 << 2;
    /// Base operating mode: 2 (bit UM) is user mode.
    pub const KSU: u32 = 3 << 3;
    /// The bit of `KSU` that means user mode.
    pub const UM: u32 = 1 << 4;
    /// Interrupt mask: the places of Cause.IP.
    pub const IM: u32 = 0xff << 8;
    /// Bootstrap exception vectors.
    pub const BEV: u32 = 1 << 22;
    /// Reverse endianness in user mode.
    pub const RE: u32 = 1 << 25;
    /// 64-bit floating-point registers.
    pub const FR: u32 = 1 << 26;
    /// Coprocessor 0 may be used in user mode.
    pub const CU0: u32 = 1 << 28;
    /// The floating-point unit may be used.
    pub const CU1: u32 = 1 << 29;

    /// Bits that MTC0 can change (those of a 24Kf).
    pub const WRITABLE: u32 = 0x3678_ff1f;
    /// Bits whose change alters how code is translated or where exceptions go: a write that changes one of them is
    /// left to the hypervisor.
    pub const MODE: u32 = KSU | ERL | EXL | CU1 | CU0 | FR | RE;

    /// Whether the processor is in kernel mode (debug mode aside).
    pub const fn kernel(status: u32) -> bool {
        status & UM == 0 || status & (EXL | ERL) != 0
    }
}

/// Bits of EBase that can be written. Bit 31 reads as 1.
pub const EBASE_WRITABLE: u32 = 0x3fff_f000;
/// Bit 31 of EBase.
pub const EBASE_ONE: u32 = 0x8000_0000;
/// Bits of HWREna: CPUNum, SYNCI_Step, CC, CCRes, UserLocal.
pub const HWRENA_WRITABLE: u32 = 0x2000_000f;
/// Bytes that a SYNCI or a CACHE instruction works on: the line size.
pub const LINE: u32 = 32;

/// Executes RDHWR of the cycle counter, which is left to whoever handles
/// [`Trap::Privileged`](demotic_ir::Trap::Privileged). False if `word` is another instruction.
pub fn read_cycle_counter(state: &mut CpuState, word: u32, cycles: u32) -> bool {
    match decode(word, Set::PreR6) {
        Some(Insn::Rdhwr(a)) if a.rd == CC => {
            if a.rt != 0 {
                state.set32(R.nth(a.rt), cycles);
            }
            true
        }
        _ => false,
    }
}

/// The coprocessor that an instruction needs, by its opcode: 0 is system control, 1 the floating-point unit, 2 is
/// never there. If Status does not allow its use, the exception is Coprocessor Unusable, whatever the other bits are.
pub fn coprocessor(set: Set, word: u32) -> Option<u32> {
    let (opcode, function) = (word >> 26, word & 0x3f);
    match (opcode, set) {
        (0x10, _) | (0x2f, Set::PreR6) => Some(0),
        (0x11 | 0x31 | 0x35 | 0x39 | 0x3d, _) | (0x13, Set::PreR6) => Some(1),
        (0x12, _) | (0x32 | 0x36 | 0x3a | 0x3e, Set::PreR6) => Some(2),
        // MOVF and MOVT.
        (0, Set::PreR6) if function == 1 => Some(1),
        // CACHE.
        (0x1f, Set::R6) if function == 0x25 => Some(0),
        (0x1f, _) if row(word, set).is_some_and(|row| row.feature == Some("eva")) => Some(0),
        _ => None,
    }
}
