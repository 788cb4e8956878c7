//! The mode bits of a location: what a block is specialised on besides its address.

use demotic_ir::{CpuState, FpMode, Rounding};

use crate::state;
use crate::t32::ItState;

/// The mode bits of a [`Loc`](demotic_ir::Loc).
///
/// | bits | meaning |
/// |---|---|
/// | 0 | the code is privileged (never set by the Linux personality) |
/// | 1 | CPSR.E: data accesses are big-endian |
/// | 15:8 | ITSTATE: the T32 block begins inside an IT block |
/// | 20:16 | FPSCR.AHP, DN, FZ, RMode |
/// | 21 | FPSCR.FZ16 |
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Mode(pub u32);

impl Mode {
    /// Bit 0: privileged.
    pub const PRIVILEGED: u32 = 1;
    /// Bit 1: big-endian data.
    pub const BIG_ENDIAN: u32 = 2;
    /// Lowest bit of ITSTATE.
    pub const IT_SHIFT: u32 = 8;

    /// The bits of the FPSCR that are part of the mode: AHP, DN, FZ, RMode, FZ16.
    pub const FPSCR_MODES: u32 = 0x07c8_0000;
    /// How far RMode, FZ, DN and AHP stand to the right of their places in the FPSCR.
    const FPSCR_SHIFT: u32 = 6;
    /// RMode, FZ, DN and AHP at their places.
    const FPSCR_HIGH: u32 = 0x07c0_0000;
    /// FPSCR.FZ16.
    const FPSCR_FZ16: u32 = 1 << 19;
    /// FZ16 in the mode.
    const FZ16: u32 = 1 << 21;

    /// The mode of `state`. `machine` says whether the guest has privileged modes at all.
    pub fn of(state: &CpuState, machine: bool) -> Mode {
        let low = state.get32(state::CPSR_LOW);
        let privileged = machine && low & state::CPSR_M != state::MODE_USR;
        let big = low & state::CPSR_E != 0;
        let it = state.get32(state::ITSTATE) & 0xff;
        let fpscr = state.get32(state::FPSCR);
        let mut mode = u32::from(privileged) | u32::from(big) << 1 | it << Mode::IT_SHIFT;
        mode |= (fpscr & Mode::FPSCR_HIGH) >> Mode::FPSCR_SHIFT;
        if fpscr & Mode::FPSCR_FZ16 != 0 {
            mode |= Mode::FZ16;
        }
        Mode(mode)
    }

    /// The FPSCR's bits that are part of the mode, at their places.
    pub const fn fpscr(self) -> u32 {
        let fz16 = if self.0 & Mode::FZ16 != 0 { Mode::FPSCR_FZ16 } else { 0 };
        self.0 << Mode::FPSCR_SHIFT & Mode::FPSCR_HIGH | fz16
    }

    /// How arithmetic works.
    pub const fn fp_mode(self) -> FpMode {
        let fpscr = self.fpscr();
        let round = match fpscr >> 22 & 3 {
            0 => Rounding::Nearest,
            1 => Rounding::Up,
            2 => Rounding::Down,
            _ => Rounding::Zero,
        };
        FpMode { round, flush: fpscr & 1 << 24 != 0, default_nan: fpscr & 1 << 25 != 0 }
    }

    /// How half-precision arithmetic works: with a flush of its own.
    pub const fn half_mode(self) -> FpMode {
        FpMode { flush: self.0 & Mode::FZ16 != 0, ..self.fp_mode() }
    }

    /// Whether half-precision numbers are converted by ARM's alternative format.
    pub const fn alternative_half(self) -> bool {
        self.fpscr() & 1 << 26 != 0
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
