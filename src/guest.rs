//! Guest architectures as the command line names them.

use std::sync::Arc;

use demotic_arm::{ArmConfig, ArmGuest};
use demotic_ir::GuestArch;
use demotic_mips::{MipsConfig, MipsGuest, Release};
use demotic_runtime::loader::GuestKind;

use crate::flags::Isa;

/// The architecture of a program, whose kind has the processor.
pub(crate) fn architecture(kind: GuestKind) -> Arc<dyn GuestArch> {
    Arc::from(kind.architecture())
}

/// The list of processors for `--cpu help`.
pub(crate) fn cpu_help() -> String {
    let arm: Vec<&str> = demotic_arm::cpus::names().collect();
    let mips: Vec<&str> = demotic_mips::cpu::names().collect();
    format!("ARM: {}\nMIPS: {}\n", arm.join(", "), mips.join(", "))
}

/// The architecture of an instruction set, for reading code: Linux programs on the newest processor.
pub(crate) fn of_isa(isa: Isa) -> Arc<dyn GuestArch> {
    match isa {
        Isa::Arm | Isa::Thumb => Arc::new(ArmGuest::new(ArmConfig::default())),
        Isa::Mips => Arc::new(MipsGuest::new(MipsConfig::max(true, Release::R2, false))),
        Isa::Mipsel => Arc::new(MipsGuest::new(MipsConfig::max(false, Release::R2, false))),
        Isa::Mipsr6 => Arc::new(MipsGuest::new(MipsConfig::max(true, Release::R6, false))),
        Isa::Mipselr6 => Arc::new(MipsGuest::new(MipsConfig::max(false, Release::R6, false))),
        Isa::Mips16 => Arc::new(MipsGuest::new(MipsConfig::max(false, Release::R2, false))),
        Isa::Micromips => Arc::new(MipsGuest::new(MipsConfig::max(false, Release::R2, true))),
        Isa::Micromipsr6 => Arc::new(MipsGuest::new(MipsConfig::max(false, Release::R6, true))),
    }
}
