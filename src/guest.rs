//! Guest architectures as the command line names them.

use std::sync::Arc;

use demotic_arm::{ArchVersion, ArmConfig, ArmGuest, Personality};
use demotic_ir::GuestArch;
use demotic_mips::{MipsConfig, MipsGuest};
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

/// MIPS processors: release 2 all of them.
const MIPS_MODELS: &[&str] = &["24Kc", "24KEc", "24Kf", "34Kf", "74Kf", "M14Kc", "any", "max"];

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
        GuestKind::Mips { big, fr, nan2008, .. } => {
            if let Some(name) = cpu
                && !MIPS_MODELS.contains(&name)
            {
                return Err(unknown_cpu(name, "MIPS", MIPS_MODELS.to_vec()));
            }
            Ok(Arc::new(MipsGuest::new(MipsConfig { fr, nan2008, ..MipsConfig::linux(big) })))
        }
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
    format!("ARM: {}\nMIPS: {}\n", arm_models().join(", "), MIPS_MODELS.join(", "))
}

/// The architecture of an instruction set, for reading code: Linux programs on the newest processor.
pub(crate) fn of_isa(isa: Isa) -> Arc<dyn GuestArch> {
    match isa {
        Isa::Arm | Isa::Thumb => Arc::new(ArmGuest::new(ArmConfig::default())),
        Isa::Mips => Arc::new(MipsGuest::new(MipsConfig::linux(true))),
        Isa::Mipsel => Arc::new(MipsGuest::new(MipsConfig::linux(false))),
        Isa::Mipsr6 => Arc::new(MipsGuest::new(MipsConfig::linux_r6(true))),
        Isa::Mipselr6 => Arc::new(MipsGuest::new(MipsConfig::linux_r6(false))),
    }
}
