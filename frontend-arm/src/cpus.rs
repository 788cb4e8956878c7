//! The ARM processors that a guest can have, by the names that qemu gives them.

use crate::config::{ArchVersion, ArmConfig, Extensions, Personality};

/// A processor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Cpu {
    /// Its name.
    pub name: &'static str,
    /// Its architecture version.
    pub version: ArchVersion,
    /// The optional parts that it has.
    pub extensions: Extensions,
    /// The Main ID register.
    pub midr: u32,
}

const NONE: Extensions = Extensions::NONE;
const VFP2: Extensions = Extensions::VFP;
const VFP3: Extensions = VFP2.and(Extensions::VFP3);
const VFP4: Extensions = VFP3.and(Extensions::HALF).and(Extensions::VFP4);
const V6K: Extensions = VFP2.and(Extensions::SEC);
/// Cortex-A8: uniprocessor, VFPv3 and Advanced SIMD.
const A8: Extensions = VFP3.and(Extensions::SIMD).and(Extensions::D32).and(Extensions::SEC);
/// Cortex-A9: the half-precision extension (MVFR1 is 0x0111_1111, that of Cortex-A8 0x0001_1111).
const A9: Extensions = A8.and(Extensions::HALF).and(Extensions::MP);
const A5: Extensions = A9.and(VFP4);
const A15: Extensions = A5.and(Extensions::IDIV).and(Extensions::VIRT);
const A53: Extensions = A15.and(Extensions::CRC).and(Extensions::CRYPTO);
const A55: Extensions = A53.and(Extensions::DOTPROD).and(Extensions::FP16);

const fn cpu(name: &'static str, version: ArchVersion, extensions: Extensions, midr: u32) -> Cpu {
    Cpu { name, version, extensions, midr }
}

/// All processors, oldest first. MIDR values are from the processors' technical reference manuals.
pub static CPUS: &[Cpu] = &[
    cpu("ti925t", ArchVersion::V4T, NONE, 0x5402_9252),
    cpu("arm946", ArchVersion::V5TE, NONE, 0x4105_9461),
    cpu("arm926", ArchVersion::V5TEJ, VFP2, 0x4106_9265),
    cpu("arm1026", ArchVersion::V5TEJ, VFP2, 0x4106_a262),
    cpu("arm1136-r2", ArchVersion::V6, VFP2, 0x4107_b362),
    cpu("arm1136", ArchVersion::V6K, VFP2, 0x4117_b363),
    cpu("arm1176", ArchVersion::V6K, V6K, 0x410f_b767),
    cpu("arm11mpcore", ArchVersion::V6K, VFP2, 0x410f_b022),
    cpu("cortex-a8", ArchVersion::V7, A8, 0x410f_c080),
    cpu("cortex-a9", ArchVersion::V7, A9, 0x410f_c090),
    cpu("cortex-a5", ArchVersion::V7, A5, 0x410f_c050),
    cpu("cortex-a7", ArchVersion::V7, A15, 0x410f_c075),
    cpu("cortex-a15", ArchVersion::V7, A15, 0x414f_c0f0),
    cpu("cortex-a17", ArchVersion::V7, A15, 0x411f_c0e1),
    cpu("cortex-a32", ArchVersion::V8, A53, 0x411f_d010),
    cpu("cortex-a53", ArchVersion::V8, A53, 0x410f_d034),
    cpu("cortex-a57", ArchVersion::V8, A53, 0x411f_d070),
    cpu("cortex-a72", ArchVersion::V8, A53, 0x410f_d083),
    cpu("cortex-a55", ArchVersion::V8, A55, 0x412f_d050),
    cpu("max", ArchVersion::V8, Extensions::ALL, 0x411f_d070),
];

/// The names of all processors, `any` for the newest among them.
pub fn names() -> impl Iterator<Item = &'static str> {
    CPUS.iter().map(|cpu| cpu.name).chain(["any"])
}

impl Cpu {
    /// The processor of that name; `any` is `max`.
    pub fn by_name(name: &str) -> Option<&'static Cpu> {
        let name = if name == "any" { "max" } else { name };
        CPUS.iter().find(|cpu| cpu.name == name)
    }

    /// The newest one, which has everything.
    pub fn newest() -> &'static Cpu {
        &CPUS[CPUS.len() - 1]
    }

    /// A guest with this processor.
    pub const fn config(&self, personality: Personality) -> ArmConfig {
        ArmConfig { personality, version: self.version, extensions: self.extensions }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_the_newest_is_the_default() {
        for (i, cpu) in CPUS.iter().enumerate() {
            assert!(CPUS[..i].iter().all(|other| other.name != cpu.name), "{}", cpu.name);
        }
        assert_eq!(Cpu::newest().config(Personality::Linux), ArmConfig::default());
        assert_eq!(Cpu::by_name("any"), Some(Cpu::newest()));
    }
}
