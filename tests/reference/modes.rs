//! The modes: what is generated, and how both sides run it. **A new instruction set is a row of [`all`].**

use std::sync::Arc;

use demotic_arm::{ArmConfig, ArmGuest};
use demotic_ir::GuestArch;
use demotic_mips::encoding::{Fetched, Slot};
use demotic_mips::{Encoding, MipsConfig, MipsGuest, Release, cpu};

use crate::mips::Features;
use crate::rows::{self, Class, Row};

/// An instruction set, for how code is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Set {
    A32,
    T32,
    Mips,
    /// MIPS16e or microMIPS.
    Compressed,
}

impl Set {
    /// Whether the program is a MIPS program.
    pub(crate) fn is_mips(self) -> bool {
        matches!(self, Set::Mips | Set::Compressed)
    }

    /// Bit 0 of code addresses.
    pub(crate) fn isa_bit(self) -> u32 {
        u32::from(matches!(self, Set::T32 | Set::Compressed))
    }
}

/// A mode: an instruction set, its part that is tried, and a processor.
pub(crate) struct Mode {
    /// Name of its tests.
    pub(crate) name: &'static str,
    /// How code is laid out.
    pub(crate) set: Set,
    /// The rows that instructions are made from.
    pub(crate) rows: Vec<Row>,
    /// What a word of that many bytes is.
    pub(crate) classify: Arc<dyn Fn(u32, usize) -> Class + Send + Sync>,
    /// The reference.
    pub(crate) qemu: Vec<&'static str>,
    /// The processor that Demotic is told, if it would take another one.
    pub(crate) cpu: Option<&'static str>,
    /// The MIPS processor's features.
    pub(crate) mips: Option<Features>,
    /// How compressed code is encoded, and on which processor.
    pub(crate) encoding: Option<(Encoding, MipsConfig)>,
    /// For disassembly.
    pub(crate) guest: Arc<dyn GuestArch>,
    /// The bits of FPSCR or FCSR that sequences begin with, at random.
    pub(crate) fp_status_in: u32,
    /// Those that are compared.
    pub(crate) fp_status_out: u32,
}

impl Mode {
    /// Whether numbers have their most significant byte first.
    pub(crate) fn big(&self) -> bool {
        self.mips.is_some_and(|features| features.big)
    }

    /// Whether each instruction is tried alone: those that are given quiet NaNs as they were before 2008 do not do what they
    /// do in qemu (see `open_floats.rs`), and others would work on that.
    pub(crate) fn alone(&self) -> bool {
        self.name.ends_with("-fpu") && !self.name.contains("r6") || self.name.ends_with("-nan")
    }

    /// Whether some of its sequences begin with FCSR.FS set.
    pub(crate) fn flushes(&self) -> bool {
        self.mips.is_some() && ["-fpu", "-fr1", "-nan"].iter().any(|end| self.name.ends_with(end))
    }

    /// The bytes of an instruction in memory.
    pub(crate) fn bytes(&self, word: u32, len: usize) -> Vec<u8> {
        match self.set {
            Set::T32 | Set::Compressed if len == 2 && self.big() => (word as u16).to_be_bytes().into(),
            Set::T32 | Set::Compressed if len == 2 => (word as u16).to_le_bytes().into(),
            _ if self.big() => word.to_be_bytes().into(),
            Set::T32 | Set::Compressed => word.rotate_left(16).to_le_bytes().into(),
            _ => word.to_le_bytes().into(),
        }
    }

    /// The delay slot of an instruction, as far as the generator must know: compressed ones may have two lengths.
    pub(crate) fn slot(&self, word: u32, len: usize) -> Slot {
        let insn = Fetched { word, len: len as u32 };
        self.encoding.map_or(Slot::None, |(encoding, config)| encoding.slot(&config, insn))
    }

    /// Whether an instruction that begins with halfword `first` has a second one.
    pub(crate) fn is_long(&self, first: u32) -> bool {
        match self.encoding {
            Some((encoding, _)) => encoding.is_long(first),
            None => first >> 11 > 0x1c,
        }
    }
}

/// N, Z, C, V, QC; AHP, DN, FZ, the rounding mode, FZ16; the cumulative exceptions.
const FPSCR: u32 = 0xffc8_009f;
/// The condition codes, Cause, Flags, the rounding mode. FS is set where operands allow it: see `open_floats.rs`.
const FCSR: u32 = demotic_mips::state::FCSR_CONDITIONS | FCSR_R6;
/// The same without the condition codes.
const FCSR_R6: u32 = 0x0001_f07f;
/// FCSR.FS: flush to zero.
pub(crate) const FCSR_FS: u32 = 1 << 24;

fn arm(name: &'static str, set: Set, rows: Vec<Row>) -> Mode {
    let classify =
        move |word, _| if set == Set::T32 { rows::classify_t32(word) } else { rows::classify_a32(word) };
    Mode {
        name,
        set,
        rows,
        classify: Arc::new(classify),
        qemu: vec!["qemu-arm", "-cpu", "max"],
        cpu: None,
        mips: None,
        encoding: None,
        guest: Arc::new(ArmGuest::new(ArmConfig::default())),
        fp_status_in: FPSCR,
        fp_status_out: FPSCR,
    }
}

/// A mode on a MIPS processor that qemu and Demotic know by the same name.
fn mips(
    name: &'static str,
    cpu: &'static str,
    program: MipsConfig,
    accept: fn(&str, Option<&str>) -> bool,
) -> Mode {
    let config = cpu::find(cpu).map_or(program, |cpu| program.on(cpu));
    let release = match config.release {
        Release::R1 => 1,
        Release::R2 => 2,
        Release::R3 => 3,
        Release::R5 => 5,
        Release::R6 => 6,
    };
    let features = Features {
        release,
        big: config.big_endian,
        fr: config.fr,
        nan2008: config.nan2008,
        dsp: config.ases.dsp,
        // What a program does not use is none of its business.
        msa: false,
        fpu: config.fir != 0,
        set: None,
    };
    Mode {
        name,
        set: Set::Mips,
        rows: rows::mips(config, accept),
        classify: Arc::new(move |word, _| rows::classify_mips(&config, word)),
        qemu: vec![if config.big_endian { "qemu-mips" } else { "qemu-mipsel" }, "-cpu", cpu],
        cpu: Some(cpu),
        mips: Some(features),
        encoding: None,
        guest: Arc::new(MipsGuest::new(config)),
        fp_status_in: FCSR,
        fp_status_out: FCSR | FCSR_FS,
    }
}

/// A mode of compressed code, between MIPS32 code.
fn compressed(name: &'static str, cpu: &'static str, program: MipsConfig, encoding: Encoding) -> Mode {
    let mode = mips(name, cpu, program, integer);
    let config = cpu::find(cpu).map_or(program, |cpu| program.on(cpu));
    Mode {
        set: Set::Compressed,
        rows: rows::compressed(config, encoding),
        classify: Arc::new(move |word, len| rows::classify_compressed(&config, encoding, word, len)),
        mips: mode.mips.map(|features| Features { set: Some(encoding), ..features }),
        encoding: Some((encoding, config)),
        fp_status_in: 0,
        ..mode
    }
}

fn integer(file: &str, _: Option<&str>) -> bool {
    !float(file, None) && !dsp(file, None) && !msa(file)
}

fn msa(file: &str) -> bool {
    file.ends_with("msa.decode")
}

fn vector(file: &str, _: Option<&str>) -> bool {
    msa(file)
}

fn float(file: &str, _: Option<&str>) -> bool {
    file.ends_with("fpu.decode")
}

fn dsp(file: &str, _: Option<&str>) -> bool {
    file.ends_with("dsp.decode")
}

/// A mode of release 6, which has no condition codes.
fn release_6(mode: Mode) -> Mode {
    Mode { fp_status_in: FCSR_R6, fp_status_out: FCSR_R6 | FCSR_FS, ..mode }
}

/// A mode whose programs use the vector registers.
fn vectors(mode: Mode) -> Mode {
    Mode { mips: mode.mips.map(|features| Features { msa: true, ..features }), ..mode }
}

/// All modes.
pub(crate) fn all() -> Vec<Mode> {
    let (le, be) = (MipsConfig::linux(false), MipsConfig::linux(true));
    // A P5600 does not know the NaNs of old.
    let (le5, be5) = (MipsConfig { nan2008: true, ..le }, MipsConfig { nan2008: true, ..be });
    let (le51, be51) = (MipsConfig { fr: true, ..le5 }, MipsConfig { fr: true, ..be5 });
    // Release 6 has no other way.
    let (le6, be6) = (le51, be51);
    let (le1, be1) = (MipsConfig { fr: true, ..le }, MipsConfig { fr: true, ..be });
    vec![
        arm("a32", Set::A32, rows::a32()),
        arm("t32", Set::T32, rows::t32()),
        arm("vfp-a32", Set::A32, rows::vfp_a32()),
        arm("vfp-t32", Set::T32, rows::vfp_t32()),
        arm("asimd-a32", Set::A32, rows::asimd_a32()),
        arm("asimd-t32", Set::T32, rows::asimd_t32()),
        // A processor without a second instruction set, which random jumps could enter.
        mips("mipsel", "P5600", le5, integer),
        mips("mips", "P5600", be5, integer),
        mips("dsp", "74Kf", le, dsp),
        mips("dsp-be", "74Kf", be, dsp),
        compressed("mips16e", "24Kf", le, Encoding::Mips16e),
        compressed("mips16e-be", "24Kf", be, Encoding::Mips16e),
        compressed("micromips", "M14Kc", le, Encoding::MicroMips),
        compressed("micromips-be", "M14Kc", be, Encoding::MicroMips),
        compressed("micromipsr6", "mips32r6-generic", le, Encoding::MicroMips),
        compressed("micromipsr6-be", "mips32r6-generic", be, Encoding::MicroMips),
        release_6(mips("mipselr6", "mips32r6-generic", le6, integer)),
        release_6(mips("mipsr6", "mips32r6-generic", be6, integer)),
        release_6(mips("mipselr6-fpu", "mips32r6-generic", le6, float)),
        release_6(mips("mipsr6-fpu", "mips32r6-generic", be6, float)),
        mips("mipsel-fpu", "24Kf", le, float),
        mips("mips-fpu", "24Kf", be, float),
        mips("mipsel-fr1", "P5600", le51, float),
        mips("mips-fr1", "P5600", be51, float),
        // NaNs as before 2008.
        mips("mipsel-nan", "24Kf", le1, float),
        mips("mips-nan", "24Kf", be1, float),
        vectors(mips("mipsel-msa", "P5600", le51, vector)),
        vectors(mips("mips-msa", "P5600", be51, vector)),
    ]
}
