//! Guest architectures as the command line names them.

use std::sync::Arc;

use demotic_arm::{ArchVersion, ArmConfig, ArmGuest, Personality};
use demotic_ir::GuestArch;
use demotic_mips::{MipsConfig, MipsGuest, Release};
use demotic_runtime::loader::GuestKind;

use crate::failure::Failure;
use crate::flags::Isa;

/// ARM processors by the names that qemu gives them.
const ARM_MODELS: &[(&str, ArchVersion)] = &[
    ("any", ArchVersion::V7),
    ("max", ArchVersion::V7),
    ("cortex-a7", ArchVersion::V7),
    ("cortex-a8", ArchVersion::V7),
    ("cortex-a9", ArchVersion::V7),
    ("cortex-a15", ArchVersion::V7),
    ("arm1176", ArchVersion::V6),
    ("arm1136", ArchVersion::V6),
    ("arm926", ArchVersion::V5TE),
];

/// The architecture of a program, on the processor that `--cpu` names.
///
/// # Errors
/// When there is no such processor.
pub(crate) fn architecture(kind: GuestKind, cpu: Option<&str>) -> Result<Arc<dyn GuestArch>, Failure> {
    match kind {
        GuestKind::Arm { .. } => {
            let version = match cpu {
                None => ArchVersion::V7,
                Some(name) => {
                    let model = ARM_MODELS.iter().find(|(model, _)| *model == name);
                    model
                        .map(|(_, version)| *version)
                        .ok_or_else(|| unknown_cpu(name, "ARM", arm_models()))?
                }
            };
            Ok(Arc::new(ArmGuest::new(ArmConfig { personality: Personality::Linux, version })))
        }
        // Its processor is part of the kind.
        GuestKind::Mips { config, .. } => Ok(Arc::new(MipsGuest::new(config))),
    }
}

fn arm_models() -> Vec<&'static str> {
    ARM_MODELS.iter().map(|(model, _)| *model).collect()
}

fn unknown_cpu(name: &str, arch: &str, models: Vec<&str>) -> Failure {
    Failure::usage(format!(
        "--cpu {name}: there is no such {arch} processor; choose from {}",
        models.join(", ")
    ))
}

/// The list of processors for `--cpu help`.
pub(crate) fn cpu_help() -> String {
    let mips: Vec<&str> = demotic_mips::cpu::names().collect();
    format!("ARM: {}\nMIPS: {}\n", arm_models().join(", "), mips.join(", "))
}

/// The architecture of an instruction set, for reading code: Linux programs on the newest processor.
pub(crate) fn of_isa(isa: Isa) -> Arc<dyn GuestArch> {
    match isa {
        Isa::Arm | Isa::Thumb => Arc::new(ArmGuest::new(ArmConfig::default())),
        Isa::Mips => Arc::new(MipsGuest::new(MipsConfig::max(true, Release::R2, false))),
        Isa::Mipsel => Arc::new(MipsGuest::new(MipsConfig::max(false, Release::R2, false))),
        Isa::Mipsr6 => Arc::new(MipsGuest::new(MipsConfig::max(true, Release::R6, false))),
        Isa::Mipselr6 => Arc::new(MipsGuest::new(MipsConfig::max(false, Release::R6, false))),
    }
}
