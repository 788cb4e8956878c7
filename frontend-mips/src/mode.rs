//! The mode bits of a location: what code is specialised on besides its address.

use demotic_ir::CpuState;

use crate::config::{MipsConfig, Personality};
use crate::cp0::status;
use crate::state::STATUS;

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

/// The mode of a Linux program.
pub fn linux(config: &MipsConfig) -> u32 {
    let fpu = if config.fir == 0 { 0 } else { FPU };
    fpu | if config.fr { FR } else { 0 } | if config.fre { FRE } else { 0 }
}

/// The mode for the present state.
pub fn of(config: &MipsConfig, state: &CpuState) -> u32 {
    match config.personality {
        Personality::Linux => linux(config),
        Personality::Machine => of_status(state.get32(STATUS)),
    }
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
