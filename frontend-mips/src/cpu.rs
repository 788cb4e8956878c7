//! Processors by the names that QEMU gives them.

use crate::config::{Ases, MipsConfig, Release, fir};

/// A processor, as far as programs can tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cpu {
    /// Its name.
    pub name: &'static str,
    /// Its release of the architecture.
    pub release: Release,
    /// Its optional parts.
    pub ases: Ases,
    /// Its floating-point implementation register; 0 without a unit.
    pub fir: u32,
    /// Its identification.
    pub prid: u32,
}

/// What all 64-bit units have.
const F64: u32 = fir::S | fir::D | fir::W | fir::L | fir::F64;
const MIPS16: Ases = Ases { mips16: true, ..Ases::NONE };
const MICROMIPS: Ases = Ases { micromips: true, ..Ases::NONE };
const DSP: Ases = Ases { dsp: true, ..MIPS16 };

const fn cpu(name: &'static str, release: Release, ases: Ases, fir: u32, prid: u32) -> Cpu {
    Cpu { name, release, ases, fir, prid }
}

/// Every processor there is. `max` is what programs get by default: see [`MipsConfig::max`].
pub static CPUS: &[Cpu] = &[
    cpu("4Kc", Release::R1, Ases::NONE, 0, 0x0001_8000),
    cpu("4Km", Release::R1, Ases::NONE, 0, 0x0001_8300),
    cpu("4KEcR1", Release::R1, MIPS16, 0, 0x0001_8400),
    cpu("4KEmR1", Release::R1, MIPS16, 0, 0x0001_8500),
    cpu("4KEc", Release::R2, MIPS16, 0, 0x0001_9000),
    cpu("4KEm", Release::R2, MIPS16, 0, 0x0001_9100),
    cpu("24Kc", Release::R2, MIPS16, 0, 0x0001_9300),
    cpu("24KEc", Release::R2, DSP, 0, 0x0001_9600),
    cpu("24Kf", Release::R2, MIPS16, F64 | 0x9300, 0x0001_9300),
    cpu("34Kf", Release::R2, Ases { mt: true, ..DSP }, F64 | 0x9500, 0x0001_9500),
    cpu("74Kf", Release::R2, Ases { dspr2: true, ..DSP }, F64 | 0x9700, 0x0001_9700),
    cpu("M14K", Release::R2, MICROMIPS, 0, 0x0001_9b00),
    cpu("M14Kc", Release::R2, MICROMIPS, 0, 0x0001_9c00),
    cpu(
        "P5600",
        Release::R5,
        Ases { msa: true, eva: true, ..Ases::NONE },
        F64 | fir::HAS2008 | fir::UFRP | fir::FREP | 0x0300,
        0x0001_a800,
    ),
    cpu("mips32r6-generic", Release::R6, MICROMIPS, MipsConfig::FIR_R6, MipsConfig::PRID_R6),
];

/// The name of the default.
pub const MAX: &str = "max";

/// The names of all processors.
pub fn names() -> impl Iterator<Item = &'static str> {
    CPUS.iter().map(|cpu| cpu.name).chain([MAX])
}

/// The processor of that name; `max` is not one of its own.
pub fn find(name: &str) -> Option<&'static Cpu> {
    CPUS.iter().find(|cpu| cpu.name == name)
}

impl MipsConfig {
    /// FIR of the default before release 6: everything that there is.
    pub const FIR_MAX: u32 = F64 | fir::PS | fir::HAS2008 | fir::FREP;

    /// The default for a Linux program: the newest release that runs it, with every optional part. `release` is the one
    /// it was compiled for, `micromips` whether that is its second instruction set.
    pub const fn max(big_endian: bool, release: Release, micromips: bool) -> MipsConfig {
        let ases = Ases { dsp: true, dspr2: true, msa: true, mips16: false, micromips, mt: true, eva: true };
        match release {
            Release::R6 => MipsConfig { ases, ..Self::linux_r6(big_endian) },
            _ => MipsConfig {
                release: Release::R5,
                ases: Ases { mips16: !micromips, ..ases },
                fir: Self::FIR_MAX,
                prid: 0x0001_a800,
                ..Self::linux(big_endian)
            },
        }
    }

    /// The same program on that processor.
    pub const fn on(self, cpu: &Cpu) -> MipsConfig {
        let r6 = matches!(cpu.release, Release::R6);
        MipsConfig {
            release: cpu.release,
            ases: cpu.ases,
            fir: cpu.fir,
            prid: cpu.prid,
            fr: (self.fr || r6) && cpu.fir & fir::F64 != 0,
            fre: self.fre && cpu.fir & fir::FREP != 0,
            nan2008: self.nan2008 || r6,
            abs2008: self.abs2008 || r6,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_differ() {
        let program = MipsConfig::max(false, Release::R2, false);
        let on = |name| find(name).map(|cpu| program.on(cpu));
        assert!(on("74Kf").is_some_and(|config| config.has("dspr2") && !config.has("mips32r3")));
        assert!(on("4Kc").is_some_and(|config| !config.has("mips32r2") && config.fir == 0));
        assert!(on("mips32r6-generic").is_some_and(|config| config.fr && config.nan2008));
        assert!(on("max").is_none() && names().any(|name| name == "max"));
        assert!(names().all(|name| names().filter(|other| *other == name).count() == 1));
    }
}
