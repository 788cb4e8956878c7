//! What a MIPS32 engine is configured for.

/// Who plays the guest's kernel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Personality {
    /// Linux user mode: user instructions only; unaligned accesses succeed, as if the kernel emulated them.
    Linux,
    /// A bare machine: coprocessor 0 exists, unaligned accesses are address errors.
    Machine,
}

/// The variant of the architecture.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MipsConfig {
    /// Who plays the guest's kernel.
    pub personality: Personality,
    /// Whether instructions and data are big-endian.
    pub big_endian: bool,
    /// Status.FR of a Linux program: 32 floating-point registers of 64 bits instead of 16 pairs. A machine has the
    /// bit in its Status register.
    pub fr: bool,
    /// Whether NaNs are encoded as in IEEE 754-2008 (FCSR.NAN2008) and conversions saturate.
    pub nan2008: bool,
    /// The floating-point implementation register.
    pub fir: u32,
}

impl MipsConfig {
    /// FIR of a 24Kf: S, D, W, L and 64-bit registers.
    pub const FIR_24KF: u32 = 0x0073_9300;

    /// An o32 Linux program on a release 2 processor.
    pub const fn linux(big_endian: bool) -> MipsConfig {
        MipsConfig {
            personality: Personality::Linux,
            big_endian,
            fr: false,
            nan2008: false,
            fir: Self::FIR_24KF,
        }
    }

    /// A bare release 2 machine.
    pub const fn machine(big_endian: bool) -> MipsConfig {
        MipsConfig { personality: Personality::Machine, ..Self::linux(big_endian) }
    }
}
