//! The guest architectures under test.

use std::sync::Arc;

use demotic_arm::{ArmConfig, ArmGuest, Cpu, Personality};
use demotic_ir::GuestArch;
use demotic_mips::{Ases, MipsConfig, MipsGuest, Release};

/// An instruction set under test. The names begin the names of case files.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Isa {
    /// A32, with VFP.
    A32,
    /// T32, with VFP.
    T32,
    /// A32 of an ARM926 (ARMv5TEJ), or its T32 where bit 0 of the address is set.
    ArmV5,
    /// Little-endian MIPS32.
    Mipsel,
    /// Big-endian MIPS32.
    Mips,
    /// Little-endian MIPS32 release 5 with every extension and 64-bit floating-point registers.
    Mipself64,
    /// Little-endian MIPS32 release 6.
    Mipselr6,
    /// Big-endian MIPS32 release 6.
    Mipsr6,
    /// Little-endian MIPS32 with the DSP module, revision 2.
    Mipseldsp,
    /// Big-endian MIPS32 with the DSP module, revision 2.
    Mipsdsp,
    /// MIPS16e, little-endian.
    Mips16,
    /// microMIPS, little-endian.
    Micromips,
    /// microMIPS with vectors and 64-bit floating-point registers.
    Micromipsf64,
    /// microMIPS of release 6, little-endian.
    Micromipsr6,
    /// Little-endian MIPS32 release 5 with vectors, and without the DSP module.
    Mipselmsa,
    /// Big-endian MIPS32 release 5 with vectors, and without the DSP module.
    Mipsmsa,
}

impl Isa {
    /// All of them.
    pub const ALL: [Isa; 16] = [
        Isa::A32,
        Isa::T32,
        Isa::ArmV5,
        Isa::Mipsel,
        Isa::Mips,
        Isa::Mipself64,
        Isa::Mipselr6,
        Isa::Mipsr6,
        Isa::Mipseldsp,
        Isa::Mipsdsp,
        Isa::Mips16,
        Isa::Micromips,
        Isa::Micromipsf64,
        Isa::Micromipsr6,
        Isa::Mipselmsa,
        Isa::Mipsmsa,
    ];

    /// Name in trials.
    pub fn name(self) -> &'static str {
        match self {
            Isa::A32 => "a32",
            Isa::T32 => "t32",
            Isa::ArmV5 => "armv5",
            Isa::Mipsel => "mipsel",
            Isa::Mips => "mips",
            Isa::Mipself64 => "mipself64",
            Isa::Mipselr6 => "mipselr6",
            Isa::Mipsr6 => "mipsr6",
            Isa::Mipseldsp => "mipseldsp",
            Isa::Mipsdsp => "mipsdsp",
            Isa::Mips16 => "mips16",
            Isa::Micromips => "micromips",
            Isa::Micromipsf64 => "micromipsf64",
            Isa::Micromipsr6 => "micromipsr6",
            Isa::Mipselmsa => "mipselmsa",
            Isa::Mipsmsa => "mipsmsa",
        }
    }

    /// The instruction set of a case file, by the first word of its name. An ARM case says by bit 0 of its address
    /// whether it is T32.
    pub fn of_file(name: &str) -> Option<Isa> {
        match name.split('_').next()? {
            "a32" | "vfp" | "asimd" => Some(Isa::A32),
            "t16" | "t32" => Some(Isa::T32),
            "armv5" => Some(Isa::ArmV5),
            "mipsel" => Some(Isa::Mipsel),
            "mips" => Some(Isa::Mips),
            "mipself64" => Some(Isa::Mipself64),
            "mipselr6" => Some(Isa::Mipselr6),
            "mipsr6" => Some(Isa::Mipsr6),
            "mipseldsp" => Some(Isa::Mipseldsp),
            "mipsdsp" => Some(Isa::Mipsdsp),
            "mips16" => Some(Isa::Mips16),
            "micromips" => Some(Isa::Micromips),
            "micromipsf64" => Some(Isa::Micromipsf64),
            "micromipsr6" => Some(Isa::Micromipsr6),
            "mipselmsa" => Some(Isa::Mipselmsa),
            "mipsmsa" => Some(Isa::Mipsmsa),
            _ => None,
        }
    }

    /// The Linux guest that executes it.
    pub fn guest(self) -> Arc<dyn GuestArch> {
        match self {
            Isa::A32 | Isa::T32 => Arc::new(ArmGuest::new(ArmConfig::default())),
            Isa::ArmV5 => arm926(),
            Isa::Mipsel => Arc::new(MipsGuest::new(MipsConfig::linux(false))),
            Isa::Mips => Arc::new(MipsGuest::new(MipsConfig::linux(true))),
            Isa::Mipself64 => {
                let config = MipsConfig::max(false, Release::R2, false);
                Arc::new(MipsGuest::new(MipsConfig { fr: true, ..config }))
            }
            Isa::Mipselr6 => Arc::new(MipsGuest::new(MipsConfig::max(false, Release::R6, false))),
            Isa::Mipsr6 => Arc::new(MipsGuest::new(MipsConfig::max(true, Release::R6, false))),
            Isa::Mipseldsp => Arc::new(MipsGuest::new(with_dsp(MipsConfig::linux(false)))),
            Isa::Mipsdsp => Arc::new(MipsGuest::new(with_dsp(MipsConfig::linux(true)))),
            Isa::Mips16 => Arc::new(MipsGuest::new(MipsConfig::max(false, Release::R2, false))),
            Isa::Micromips => Arc::new(MipsGuest::new(MipsConfig::max(false, Release::R2, true))),
            Isa::Micromipsf64 => {
                let config = MipsConfig::max(false, Release::R2, true);
                Arc::new(MipsGuest::new(MipsConfig { fr: true, ..config }))
            }
            Isa::Micromipsr6 => Arc::new(MipsGuest::new(MipsConfig::max(false, Release::R6, true))),
            Isa::Mipselmsa => Arc::new(MipsGuest::new(with_vectors(MipsConfig::linux(false)))),
            Isa::Mipsmsa => Arc::new(MipsGuest::new(with_vectors(MipsConfig::linux(true)))),
        }
    }

    /// Bit 0 of code addresses.
    pub fn isa_bit(self) -> u64 {
        u64::from(self.is_halfwords())
    }

    /// Whether instructions come in halfwords.
    fn is_halfwords(self) -> bool {
        self == Isa::T32 || self.is_compressed_mips()
    }

    /// MIPS16e or microMIPS.
    fn is_compressed_mips(self) -> bool {
        matches!(self, Isa::Mips16 | Isa::Micromips | Isa::Micromipsf64 | Isa::Micromipsr6)
    }

    /// The bytes of an instruction word of `len` bytes as they stand in memory.
    pub fn bytes(self, word: u32, len: usize) -> Vec<u8> {
        match self {
            _ if self.is_halfwords() && len == 2 => (word as u16).to_le_bytes().into(),
            Isa::T32 | Isa::Mips16 | Isa::Micromips | Isa::Micromipsf64 | Isa::Micromipsr6 => {
                word.rotate_left(16).to_le_bytes().into()
            }
            Isa::A32
            | Isa::ArmV5
            | Isa::Mipsel
            | Isa::Mipself64
            | Isa::Mipselr6
            | Isa::Mipseldsp
            | Isa::Mipselmsa => word.to_le_bytes().into(),
            Isa::Mips | Isa::Mipsr6 | Isa::Mipsdsp | Isa::Mipsmsa => word.to_be_bytes().into(),
        }
    }
}

/// The processor with the DSP module.
fn with_dsp(config: MipsConfig) -> MipsConfig {
    MipsConfig { ases: Ases { dsp: true, dspr2: true, ..config.ases }, ..config }
}

/// An ARM926, the last of ARMv5.
fn arm926() -> Arc<dyn GuestArch> {
    let config = Cpu::by_name("arm926").map(|cpu| cpu.config(Personality::Linux));
    Arc::new(ArmGuest::new(config.unwrap_or_default()))
}

/// A processor with vectors.
fn with_vectors(config: MipsConfig) -> MipsConfig {
    let ases = Ases { msa: true, ..Ases::NONE };
    MipsConfig { release: Release::R5, ases, fr: true, nan2008: true, abs2008: true, ..config }
}
