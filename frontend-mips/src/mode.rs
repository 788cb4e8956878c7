//! The mode bits of a location: what code is specialised on besides its address.

use demotic_ir::{CpuState, FpMode, Rounding};

use crate::config::{MipsConfig, Personality};
use crate::cp0::status;
use crate::state::{FCSR, FCSR_ENABLES, STATUS};

/// Coprocessor 0 may be used: kernel mode, or Status.CU0. Never in Linux programs.
pub const KERNEL: u32 = 1;
/// The floating-point unit may be used: Status.CU1. Always in Linux programs, unless there is none.
pub const FPU: u32 = 1 << 1;
/// The floating-point registers are 32 of 64 bits: Status.FR.
pub const FR: u32 = 1 << 2;
/// The address space is user mode's. Never in Linux programs, which have but one.
pub const USER_SPACE: u32 = 1 << 3;
/// The address space is that of the error level (Status.ERL), where kuseg is not mapped.
pub const ERROR_SPACE: u32 = 1 << 4;
/// With FR, singles in odd registers are the upper halves of the even ones: Config5.FRE, as Linux emulates it.
pub const FRE: u32 = 1 << 5;

/// FCSR enables a floating-point exception.
pub const FP_TRAPS: u32 = 1 << 20;
/// The bits that say how arithmetic works.
pub const ARITHMETIC: u32 = 0x1f << RM_SHIFT;
/// FCSR.RM, bits 17 and 16 of the mode.
const FCSR_RM: u32 = 3;
/// How far it stands to the left of its place.
const RM_SHIFT: u32 = 16;
/// FCSR.FS, bit 18 of the mode.
const FCSR_FS: u32 = 1 << 24;
/// How far it stands to the right of its place.
const FS_SHIFT: u32 = 6;

/// The mode of a Linux program, its FCSR aside.
pub fn linux(config: &MipsConfig) -> u32 {
    let fpu = if config.fir == 0 { 0 } else { FPU };
    fpu | if config.fr { FR } else { 0 } | if config.fre { FRE } else { 0 }
}

/// The mode for the present state.
pub fn of(config: &MipsConfig, state: &CpuState) -> u32 {
    match config.personality {
        Personality::Linux => linux(config) | of_fcsr(state),
        Personality::Machine => of_status(state.get32(STATUS)) | of_fcsr(state),
    }
}

/// The mode bits that say how arithmetic works.
fn of_fcsr(state: &CpuState) -> u32 {
    let fcsr = state.get32(FCSR);
    let traps = if fcsr & FCSR_ENABLES == 0 { 0 } else { FP_TRAPS };
    traps | (fcsr & FCSR_RM) << RM_SHIFT | (fcsr & FCSR_FS) >> FS_SHIFT
}

/// FCSR.RM and FCSR.FS as in the mode, at their places.
pub const fn fcsr(mode: u32) -> u32 {
    mode >> RM_SHIFT & FCSR_RM | mode << FS_SHIFT & FCSR_FS
}

/// How arithmetic works.
pub const fn fp_mode(mode: u32) -> FpMode {
    let round = match fcsr(mode) & FCSR_RM {
        0 => Rounding::Nearest,
        1 => Rounding::Zero,
        2 => Rounding::Up,
        _ => Rounding::Down,
    };
    FpMode { round, flush: fcsr(mode) & FCSR_FS != 0, default_nan: false }
}

/// The mode of a machine whose Status register is `status`.
pub const fn of_status(status: u32) -> u32 {
    let mut mode = 0;
    if status::kernel(status) || status & status::CU0 != 0 {
        mode |= KERNEL;
    }
    if status & status::CU1 != 0 {
        mode |= FPU;
    }
    if status & status::FR != 0 {
        mode |= FR;
    }
    if !status::kernel(status) {
        mode |= USER_SPACE;
    } else if status & status::ERL != 0 {
        mode |= ERROR_SPACE;
    }
    mode
}
