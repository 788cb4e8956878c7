//! Which ARM a guest is.

/// Who plays the guest's privileged software.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Personality {
    /// A Linux process: there is only User mode, and system calls leave the guest.
    #[default]
    Linux,
    /// A bare machine with privileged modes; the hypervisor gets the privileged instructions.
    Machine,
}

/// Architecture version. Later ones are greater and have all that earlier ones have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum ArchVersion {
    /// ARMv4T: only BX changes the instruction set.
    V4T,
    /// ARMv5TE: loads to the PC change the instruction set too.
    V5TE,
    /// ARMv5TEJ: BXJ.
    V5TEJ,
    /// ARMv6: media instructions; unaligned words and halfwords are accessed as they are.
    V6,
    /// ARMv6K: exclusive accesses of all sizes, thread registers.
    V6K,
    /// ARMv6T2: T32 has 32-bit instructions.
    V6T2,
    /// ARMv7-A: barriers; data processing with the PC as destination changes the instruction set, in A32.
    V7,
    /// ARMv8-A, AArch32: acquire and release, CRC-32.
    #[default]
    V8,
}

/// The optional parts that a processor has besides what its version brings.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Extensions(u32);

impl Extensions {
    /// None.
    pub const NONE: Extensions = Extensions(0);
    /// All.
    pub const ALL: Extensions = Extensions(u32::MAX);
    /// SDIV and UDIV.
    pub const IDIV: Extensions = Extensions(1);
    /// The multiprocessing extension: PLDW.
    pub const MP: Extensions = Extensions(1 << 1);
    /// The security extensions: SMC.
    pub const SEC: Extensions = Extensions(1 << 2);
    /// The virtualization extensions: HVC, ERET, banked registers by name.
    pub const VIRT: Extensions = Extensions(1 << 3);
    /// CRC32 and CRC32C.
    pub const CRC: Extensions = Extensions(1 << 4);
    /// The floating-point unit, VFPv2 at least.
    pub const VFP: Extensions = Extensions(1 << 5);
    /// VFPv3: constants, fixed-point conversions.
    pub const VFP3: Extensions = Extensions(1 << 6);
    /// 32 double-precision registers.
    pub const D32: Extensions = Extensions(1 << 7);
    /// VFPv4: fused multiply-add. [`HALF`](Self::HALF) is a part of it.
    pub const VFP4: Extensions = Extensions(1 << 8);
    /// Advanced SIMD.
    pub const SIMD: Extensions = Extensions(1 << 9);
    /// AES, SHA-1, SHA-256 and 64-bit polynomial products.
    pub const CRYPTO: Extensions = Extensions(1 << 10);
    /// The dot product.
    pub const DOTPROD: Extensions = Extensions(1 << 11);
    /// Half-precision arithmetic.
    pub const FP16: Extensions = Extensions(1 << 12);
    /// Conversions between half and single precision, of VFP and of Advanced SIMD: `MVFR1[27:24]` (ARM DDI 0406C, A2.6.2
    /// and B6.1.46). Those between half and double precision came with ARMv8.
    pub const HALF: Extensions = Extensions(1 << 13);

    /// These and `others`.
    pub const fn and(self, others: Extensions) -> Extensions {
        Extensions(self.0 | others.0)
    }

    /// Whether all of `others` are among them.
    pub const fn contain(self, others: Extensions) -> bool {
        self.0 & others.0 == others.0
    }
}

impl Default for Extensions {
    fn default() -> Extensions {
        Extensions::ALL
    }
}

/// What an unaligned load or store of a word or halfword does in User mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unaligned {
    /// The low address bits are ignored, but that loaded words are rotated by them (before ARMv6).
    Rotates,
    /// It accesses the bytes at the address (ARMv6 with SCTLR.U = 1, as Linux sets it, and later).
    Works,
}

/// The configuration of an ARM guest. By default a Linux program on a processor that has everything.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct ArmConfig {
    /// Who plays the privileged software.
    pub personality: Personality,
    /// Architecture version.
    pub version: ArchVersion,
    /// Optional parts.
    pub extensions: Extensions,
}

impl ArmConfig {
    /// A Linux program on a processor of some version, with all optional parts.
    pub const fn linux(version: ArchVersion) -> ArmConfig {
        ArmConfig { personality: Personality::Linux, version, extensions: Extensions::ALL }
    }

    /// A bare machine of some version, with all optional parts.
    pub const fn bare(version: ArchVersion) -> ArmConfig {
        ArmConfig { personality: Personality::Machine, ..ArmConfig::linux(version) }
    }

    /// Whether the guest is a bare machine.
    pub const fn machine(self) -> bool {
        matches!(self.personality, Personality::Machine)
    }

    /// Whether the processor has the instructions of a `feature` of the tables.
    pub fn has(self, feature: &str) -> bool {
        match feature {
            "v5t" | "v5te" => self.version >= ArchVersion::V5TE,
            "v5tej" => self.version >= ArchVersion::V5TEJ,
            "v6" => self.version >= ArchVersion::V6,
            "v6k" => self.version >= ArchVersion::V6K,
            "v6t2" => self.version >= ArchVersion::V6T2,
            "thumb1" => !self.thumb2(),
            "thumb1_v5" => !self.thumb2() && self.version >= ArchVersion::V5TE,
            "v7" => self.version >= ArchVersion::V7,
            "v8" => self.version >= ArchVersion::V8,
            _ => feature_extensions(feature).is_some_and(|extensions| self.extensions.contain(extensions)),
        }
    }

    /// Whether T32 has 32-bit instructions. Without them BL is a pair of 16-bit ones.
    pub fn thumb2(self) -> bool {
        self.version >= ArchVersion::V6T2
    }

    /// What unaligned accesses do.
    pub(crate) fn unaligned(self) -> Unaligned {
        if self.version >= ArchVersion::V6 { Unaligned::Works } else { Unaligned::Rotates }
    }
}

/// The optional parts that a `feature` of the tables stands for; `None` if there is no such feature.
fn feature_extensions(feature: &str) -> Option<Extensions> {
    Some(match feature {
        "idiv" => Extensions::IDIV,
        "mp" => Extensions::MP,
        "sec" => Extensions::SEC,
        "virt" => Extensions::VIRT,
        "crc" => Extensions::CRC,
        "vfp" => Extensions::VFP,
        "vfp3" => Extensions::VFP3,
        "d32" => Extensions::D32,
        "vfp4" => Extensions::VFP4,
        "simd" => Extensions::SIMD,
        "crypto" => Extensions::CRYPTO,
        "dotprod" => Extensions::DOTPROD,
        "fp16" => Extensions::FP16,
        "half" => Extensions::HALF,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{a32, t32};

    #[test]
    fn the_newest_processor_has_every_feature_of_the_tables() {
        let newest = ArmConfig::default();
        let features = a32::decoder::ROWS.iter().map(|row| row.feature);
        let features = features.chain(t32::wide::ROWS.iter().map(|row| row.feature));
        for feature in features.flatten() {
            assert!(newest.has(feature), "{feature}");
        }
        for feature in t32::narrow::ROWS.iter().filter_map(|row| row.feature) {
            assert!(newest.has(feature) || ArmConfig::linux(ArchVersion::V6).has(feature), "{feature}");
        }
    }
}
