//! What a MIPS32 engine is configured for.

/// Who plays the guest's kernel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Personality {
    /// Linux user mode: user instructions only; unaligned accesses succeed, as if the kernel emulated them.
    Linux,
    /// A bare machine: coprocessor 0 exists, unaligned accesses are address errors.
    Machine,
}

/// A release of the MIPS32 architecture. Later ones are greater; release 6 has lost instructions, too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Release {
    /// Release 1, with all of MIPS I and II.
    R1,
    /// Release 2: bit fields, rotations, 64-bit floating-point registers.
    R2,
    /// Release 3.
    R3,
    /// Release 5.
    R5,
    /// Release 6: compact branches, PC-relative instructions, 2008 NaNs; much is removed or encoded anew.
    R6,
}

impl Release {
    /// Its name, as `AT_PLATFORM` and compilers spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Release::R1 => "mips32",
            Release::R2 => "mips32r2",
            Release::R3 => "mips32r3",
            Release::R5 => "mips32r5",
            Release::R6 => "mips32r6",
        }
    }
}

/// The optional parts (application-specific extensions, modules) that a processor has. By default it has none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Ases {
    /// The DSP module.
    pub dsp: bool,
    /// Revision 2 of the DSP module. Implies `dsp`.
    pub dspr2: bool,
    /// The SIMD architecture.
    pub msa: bool,
    /// MIPS16e: the instruction set of ISA mode 1. Excludes `micromips`.
    pub mips16: bool,
    /// microMIPS: the instruction set of ISA mode 1. Excludes `mips16`.
    pub micromips: bool,
    /// The multi-threading module.
    pub mt: bool,
    /// Enhanced virtual addressing: loads and stores of kernels in their programs' address space.
    pub eva: bool,
}

impl Ases {
    /// None of them.
    pub const NONE: Ases =
        Ases { dsp: false, dspr2: false, msa: false, mips16: false, micromips: false, mt: false, eva: false };
}

/// Bits of the floating-point implementation register (MIPS32 volume I, section 5.6.1). A processor without a unit has
/// none of them.
pub mod fir {
    /// Singles.
    pub const S: u32 = 1 << 16;
    /// Doubles.
    pub const D: u32 = 1 << 17;
    /// Paired singles.
    pub const PS: u32 = 1 << 18;
    /// 32-bit integers.
    pub const W: u32 = 1 << 20;
    /// 64-bit integers.
    pub const L: u32 = 1 << 21;
    /// 64-bit registers: FR may be 1.
    pub const F64: u32 = 1 << 22;
    /// FCSR has the bits NAN2008 and ABS2008.
    pub const HAS2008: u32 = 1 << 23;
    /// User programs may be let change FR.
    pub const UFRP: u32 = 1 << 28;
    /// Config5.FRE is there.
    pub const FREP: u32 = 1 << 29;
}

/// The variant of the architecture.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MipsConfig {
    /// Who plays the guest's kernel.
    pub personality: Personality,
    /// Whether instructions and data are big-endian.
    pub big_endian: bool,
    /// The release of the architecture.
    pub release: Release,
    /// The optional parts.
    pub ases: Ases,
    /// Status.FR of a Linux program: 32 floating-point registers of 64 bits instead of 16 pairs. A machine has the
    /// bit in its Status register.
    pub fr: bool,
    /// Config5.FRE of a Linux program, as its kernel emulates it: with FR=1, singles in odd registers are nevertheless
    /// the upper halves of the even ones.
    pub fre: bool,
    /// Whether NaNs are encoded as in IEEE 754-2008 (FCSR.NAN2008) and conversions saturate.
    pub nan2008: bool,
    /// Whether ABS and NEG only touch the sign, of NaNs too (FCSR.ABS2008).
    pub abs2008: bool,
    /// The floating-point implementation register; 0 without a unit. See [`fir`] for its bits.
    pub fir: u32,
    /// The processor's identification.
    pub prid: u32,
}

impl MipsConfig {
    /// FIR of a 24Kf: S, D, W, L and 64-bit registers.
    pub const FIR_24KF: u32 = 0x0073_9300;
    /// FIR of a release 6 processor: S, D, W, L, 64-bit registers, the 2008 bits, FRE.
    pub const FIR_R6: u32 = 0x20f3_0000;
    /// PRId of a generic release 6 processor.
    pub const PRID_R6: u32 = 0x0001_0000;
    /// PRId of a 24K.
    pub const PRID_24K: u32 = 0x0001_9300;

    /// An o32 Linux program on a release 2 processor.
    pub const fn linux(big_endian: bool) -> MipsConfig {
        MipsConfig {
            personality: Personality::Linux,
            big_endian,
            release: Release::R2,
            ases: Ases::NONE,
            fr: false,
            fre: false,
            nan2008: false,
            abs2008: false,
            fir: Self::FIR_24KF,
            prid: Self::PRID_24K,
        }
    }

    /// An o32 Linux program on a release 6 processor.
    pub const fn linux_r6(big_endian: bool) -> MipsConfig {
        MipsConfig {
            release: Release::R6,
            fr: true,
            nan2008: true,
            abs2008: true,
            fir: Self::FIR_R6,
            prid: Self::PRID_R6,
            ..Self::linux(big_endian)
        }
    }

    /// A bare release 2 machine, with the loads and stores of enhanced virtual addressing.
    pub const fn machine(big_endian: bool) -> MipsConfig {
        let ases = Ases { eva: true, ..Ases::NONE };
        MipsConfig { personality: Personality::Machine, ases, ..Self::linux(big_endian) }
    }

    /// Whether the rows of the encoding tables with that `feature` word are there; see `tables/` for the words.
    pub fn has(&self, feature: &str) -> bool {
        match feature {
            "mips32r2" => self.release >= Release::R2,
            "mips32r3" => self.release >= Release::R3,
            "mips32r5" => self.release >= Release::R5,
            "mips32r6" => self.release >= Release::R6,
            "f64" => self.release >= Release::R2 && self.fir & fir::F64 != 0,
            "ps" => self.fir & fir::PS != 0,
            "dsp" => self.ases.dsp || self.ases.dspr2,
            "dspr2" => self.ases.dspr2,
            "msa" | "lsa" => self.ases.msa,
            "mips16e" => self.ases.mips16,
            "micromips" => self.ases.micromips,
            "jalx" => self.release < Release::R6 && (self.ases.mips16 || self.ases.micromips),
            "mt" => self.ases.mt,
            "eva" => self.ases.eva,
            _ => false,
        }
    }
}
