//! What a MIPS program's header says of the processor that it needs: release, extensions, floating-point registers and
//! NaNs (MIPS ABI supplement, chapter 4, for e_flags; "MIPS O32 ABI: FR0 and FR1 interlinking" for the ABI flags).

use std::fs::File;

use demotic_mips::{MipsConfig, Release};
use goblin::elf::header::{self, Header};
use goblin::elf::program_header::ProgramHeader;

use super::elf::{ElfError, FloatAbi, GuestKind, read_up_to};

/// Bits of e_flags.
mod flag {
    pub(super) const ABI2: u32 = 0x20;
    pub(super) const FP64: u32 = 0x200;
    pub(super) const NAN2008: u32 = 0x400;
    pub(super) const ABI: u32 = 0xf000;
    pub(super) const ABI_O32: u32 = 0x1000;
    pub(super) const MICROMIPS: u32 = 0x0200_0000;
    pub(super) const ARCH: u32 = 0xf000_0000;
    pub(super) const ARCH_32R2: u32 = 0x7000_0000;
    pub(super) const ARCH_64R2: u32 = 0x8000_0000;
    pub(super) const ARCH_32R6: u32 = 0x9000_0000;
    pub(super) const ARCH_64R6: u32 = 0xa000_0000;
}

/// What a program expects of the floating-point registers: `fp_abi` of the ABI flags.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FpAbi {
    /// Nothing: it uses none.
    Any,
    /// FR=0.
    Double,
    /// Singles only: FR=0.
    Single,
    /// No floating-point unit.
    Soft,
    /// Either FR mode.
    Xx,
    /// FR=1.
    Fr1,
    /// FR=1 without singles in odd registers: can share a process with programs that expect FR=0.
    Fr1Even,
}

impl FpAbi {
    fn of(number: u8) -> Option<FpAbi> {
        Some(match number {
            0 => FpAbi::Any,
            1 => FpAbi::Double,
            2 => FpAbi::Single,
            3 => FpAbi::Soft,
            5 => FpAbi::Xx,
            6 => FpAbi::Fr1,
            7 => FpAbi::Fr1Even,
            _ => return None,
        })
    }

    /// The modes that do: FR=0, FR=1, FRE.
    fn modes(self) -> [bool; 3] {
        match self {
            FpAbi::Any | FpAbi::Soft | FpAbi::Xx => [true, true, true],
            FpAbi::Double | FpAbi::Single => [true, false, true],
            FpAbi::Fr1 => [false, true, false],
            FpAbi::Fr1Even => [false, true, true],
        }
    }

    fn float(self) -> FloatAbi {
        match self {
            FpAbi::Any => FloatAbi::Unknown,
            FpAbi::Soft => FloatAbi::Soft,
            _ => FloatAbi::Hard,
        }
    }
}

/// The mode that a program and its dynamic loader share, as (FR, FRE), chosen as Linux does: what both take without
/// FRE, FR=1 first. Where only FRE would do, that; where nothing does, what the program wants.
pub(super) fn fp_mode(program: FpAbi, loader: Option<FpAbi>) -> (bool, bool) {
    let theirs = loader.map_or([true; 3], FpAbi::modes);
    let ours = program.modes();
    let both = [0, 1, 2].map(|mode| ours[mode] && theirs[mode]);
    match both {
        [_, true, _] => (true, false),
        [true, _, _] => (false, false),
        [_, _, true] => (true, true),
        _ => (ours[1], false),
    }
}

/// The guest that a MIPS program asks for.
pub(super) fn kind(file: &File, header: &Header, segments: &[ProgramHeader]) -> Result<GuestKind, ElfError> {
    let flags = header.e_flags;
    let has = |bit: u32| flags & bit != 0;
    if has(flag::ABI2) {
        return Err(ElfError::Variant("this MIPS program uses the n32 ABI"));
    }
    if !matches!(flags & flag::ABI, 0 | flag::ABI_O32) {
        return Err(ElfError::Variant("this MIPS program uses an ABI other than o32"));
    }
    let big = header.e_ident[header::EI_DATA] == header::ELFDATA2MSB;
    let release = match flags & flag::ARCH {
        flag::ARCH_32R6 | flag::ARCH_64R6 => Release::R6,
        flag::ARCH_32R2 | flag::ARCH_64R2 => Release::R2,
        _ => Release::R1,
    };
    let fp = match abi_flags(file, segments)? {
        Some(flags) => FpAbi::of(flags[AbiFlags::FP_ABI])
            .ok_or(ElfError::Variant("this MIPS program uses an unknown floating-point ABI"))?,
        None if has(flag::FP64) => FpAbi::Fr1,
        // From before there was a choice.
        None => FpAbi::Double,
    };
    let (fr, fre) = fp_mode(fp, None);
    let config = MipsConfig::max(big, release, has(flag::MICROMIPS));
    let r6 = release == Release::R6;
    let nan2008 = has(flag::NAN2008) || r6;
    let config = MipsConfig { fr: fr || r6, fre, nan2008, abs2008: nan2008, ..config };
    Ok(GuestKind::Mips { config, fp, float: fp.float() })
}

/// The contents of `.MIPS.abiflags`.
struct AbiFlags;

impl AbiFlags {
    const SIZE: usize = 24;
    const FP_ABI: usize = 7;
}

fn abi_flags(file: &File, segments: &[ProgramHeader]) -> Result<Option<[u8; AbiFlags::SIZE]>, ElfError> {
    const PT_MIPS_ABIFLAGS: u32 = 0x7000_0003;
    let Some(segment) = segments.iter().find(|p| p.p_type == PT_MIPS_ABIFLAGS) else { return Ok(None) };
    let mut flags = [0; AbiFlags::SIZE];
    if read_up_to(file, &mut flags, segment.p_offset)? != flags.len() {
        return Err(ElfError::Truncated("its ABI flags are cut off"));
    }
    Ok(Some(flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_suits_program_and_loader() {
        use FpAbi::*;
        for (program, loader, mode) in [
            (Any, None, (true, false)),
            (Double, None, (false, false)),
            (Xx, None, (true, false)),
            (Fr1, None, (true, false)),
            (Xx, Some(Double), (false, false)),
            (Double, Some(Xx), (false, false)),
            (Any, Some(Double), (false, false)),
            (Fr1, Some(Xx), (true, false)),
            (Fr1Even, Some(Double), (true, true)),
            (Fr1, Some(Double), (true, false)),
        ] {
            assert_eq!(fp_mode(program, loader), mode, "{program:?} {loader:?}");
        }
    }
}
