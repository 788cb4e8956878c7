//! The mode bits of a location: what a block is specialised on besides its address.

use demotic_ir::CpuState;

use crate::state;
use crate::t32::ItState;

/// The mode bits of a [`Loc`](demotic_ir::Loc).
///
/// | bits | meaning |
/// |---|---|
/// | 0 | the code is privileged (never set by the Linux personality) |
/// | 1 | CPSR.E: data accesses are big-endian |
/// | 15:8 | ITSTATE: the T32 block begins inside an IT block |
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Mode(pub u32);

impl Mode {
    /// Bit 0: privileged.
    pub const PRIVILEGED: u32 = 1;
    /// Bit 1: big-endian data.
    pub const BIG_ENDIAN: u32 = 2;
    /// Lowest bit of ITSTATE.
    pub const IT_SHIFT: u32 = 8;

    /// The mode of `state`. `machine` says whether the guest has privileged modes at all.
    pub fn of(state: &CpuState, machine: bool) -> Mode {
        let low = state.get32(state::CPSR_LOW);
        let privileged = machine && low & state::CPSR_M != state::MODE_USR;
        let big = low & state::CPSR_E != 0;
        let it = state.get32(state::ITSTATE) & 0xff;
        Mode(u32::from(privileged) | u32::from(big) << 1 | it << Mode::IT_SHIFT)
    }

    /// Whether the code is privileged.
    pub const fn privileged(self) -> bool {
        self.0 & Mode::PRIVILEGED != 0
    }

    /// Whether data accesses are big-endian.
    pub const fn big_endian(self) -> bool {
        self.0 & Mode::BIG_ENDIAN != 0
    }

    /// ITSTATE at the start of the block.
    pub const fn itstate(self) -> ItState {
        ItState((self.0 >> Mode::IT_SHIFT) as u8)
    }
}
