//! Random instructions of every row against qemu-user, an outside reference: the same program is run by both, and every
//! register after each instruction is compared. Where the cross binutils or qemu are not installed, the
//! tests pass without checking anything.

mod flat;
mod program;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use demotic_mips::state::FCSR_CONDITIONS;
use demotic_mips::{MipsConfig, Release, disassemble};

use flat::Flat;
use program::{Program, Variant};

/// Where the program is loaded.
const TEXT: u32 = 0x0041_0000;

/// The program's bytes and what qemu says that it writes; `None` where the tools are missing.
fn build_and_run(program: &Program, variant: &Variant) -> Option<(Vec<u8>, Vec<u8>)> {
    let big_endian = variant.config.big_endian;
    let name = format!("demotic-qemu-{}-{}-{big_endian}", std::process::id(), variant.name);
    let directory = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&directory).expect("the temporary directory can be written");
    let file = |name: &str| -> PathBuf { directory.join(name) };
    std::fs::write(file("a.s"), &program.text).expect("the temporary directory can be written");
    let tools = if big_endian { "mips-linux-gnu" } else { "mipsel-linux-gnu" };
    let (qemu, linker) = match (variant.is_64(), big_endian) {
        (false, false) => ("qemu-mipsel", "elf32ltsmip"),
        (false, true) => ("qemu-mips", "elf32btsmip"),
        (true, false) => ("qemu-mips64el", "elf64ltsmip"),
        (true, true) => ("qemu-mips64", "elf64btsmip"),
    };
    let run = |tool: String, args: &[&str]| {
        let output = Command::new(&tool).args(args).current_dir(&directory).output().ok()?;
        assert!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
        Some(output.stdout)
    };
    run(format!("{tools}-as"), &[variant.assembler, &["-o", "a.o", "a.s"]].concat())?;
    run(
        format!("{tools}-ld"),
        &[
            "-m",
            linker,
            "-z",
            "max-page-size=4096",
            &format!("--section-start=.code={TEXT:#x}"),
            "-e",
            "__start",
            "-o",
            "a.elf",
            "a.o",
        ],
    )?;
    run(format!("{tools}-objcopy"), &["-O", "binary", "-j", ".code", "a.elf", "a.bin"])?;
    let output = run(qemu.to_string(), &["-cpu", variant.cpu, "a.elf"])?;
    let bytes = std::fs::read(file("a.bin")).expect("objcopy wrote it");
    std::fs::remove_dir_all(&directory).expect("the directory was just made");
    Some((bytes, output))
}

fn words(bytes: &[u8], big_endian: bool) -> Vec<u32> {
    let word = |bytes: &[u8]| -> u32 {
        let bytes = bytes.try_into().expect("four bytes");
        if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    };
    bytes.chunks_exact(4).map(word).collect()
}

/// What the two say of an instruction, and what the registers were before.
struct Records<'a> {
    config: &'a MipsConfig,
    row: &'static str,
    before: Vec<u32>,
    our: Vec<u32>,
    their: Vec<u32>,
}

impl Records<'_> {
    /// Whether word `index` is the same, or different for a good reason.
    fn agree(&self, index: usize) -> bool {
        let (our, their) = (self.our[index], self.their[index]);
        match index {
            program::FCSR => our == their || self.raises_otherwise() && (our ^ their) & FCSR_CONDITIONS == 0,
            0..32 => our == their,
            _ => our == their || self.untouched(index) || self.same_nan(index),
        }
    }

    /// Without ABS2008 changes of sign are arithmetic, which sets FCSR.Cause, but not in qemu; CVT.S.PL and CVT.S.PU are
    /// not arithmetic, but are in qemu (MIPS32 volume II).
    fn raises_otherwise(&self) -> bool {
        ["ABS_", "NEG_", "CVT_S_P"].iter().any(|name| self.row.starts_with(name))
    }

    /// The upper half of a register is unpredictable after a single was written: ours is 0, qemu's stays.
    fn untouched(&self, index: usize) -> bool {
        let upper = index & 1 == usize::from(!self.config.big_endian);
        self.config.fr && upper && self.our[index] == 0 && self.their[index] == self.before[index]
    }

    /// With legacy NaNs qemu makes the default NaN of every NaN, where the manual lets a quiet operand through; and it
    /// changes signs of NaNs even though ABS2008 is clear.
    fn same_nan(&self, index: usize) -> bool {
        let high = usize::from(!self.config.big_endian);
        let double = |words: &[u32]| {
            u64::from(words[index & !1 | high]) << 32 | u64::from(words[index & !1 | (1 - high)])
        };
        let sign = self.row.starts_with("ABS_") || self.row.starts_with("NEG_");
        let (our, their) = (self.our[index], self.their[index]);
        let single = f32::from_bits(our).is_nan()
            && (their & 0x7fff_ffff == 0x7fbf_ffff || sign && f32::from_bits(their).is_nan());
        let (our, their) = (double(&self.our), double(&self.their));
        let double = f64::from_bits(our).is_nan()
            && (their << 1 == 0x7ff7_ffff_ffff_ffff << 1 || sign && f64::from_bits(their).is_nan());
        !self.config.nan2008 && (single || double)
    }
}

fn compare(variant: &Variant, seed: u32) {
    let config = &variant.config;
    let program = Program::random(variant, seed);
    let Some((bytes, theirs)) = build_and_run(&program, variant) else { return };
    let ours = Flat::new(TEXT, &bytes).run(*config, u64::from(TEXT));
    assert_eq!(ours.len(), theirs.len());
    let mut wrong = BTreeMap::new();
    let outputs = ours.len() / 2;
    for (n, &(row, instruction)) in program.instructions.iter().enumerate() {
        let text = disassemble(config.set(), instruction, 0);
        // Memory, which is the input record, then the registers.
        for (what, start) in [("memory", 0), ("register", outputs)] {
            let record = |all: &[u8], start: usize| {
                words(&all[start + n * program::RECORD..start + (n + 1) * program::RECORD], config.big_endian)
            };
            let (our, their) = (record(&ours, start), record(&theirs, start));
            let records = Records { config, row, before: record(&theirs, 0), our, their };
            if let Some(index) = (0..records.our.len()).find(|&index| !records.agree(index)) {
                let (our, their) = (records.our[index], records.their[index]);
                wrong.entry(row).or_insert(format!("{text}: {what} {index} is {our:#x}, qemu's {their:#x}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Tries a variant with both endiannesses.
fn both(variant: Variant, seed: u32) {
    compare(&variant, seed);
    let config = MipsConfig { big_endian: true, ..variant.config };
    compare(&Variant { config, ..variant }, seed + 1);
}

const INTEGER: &[&str] = &["/mips32.decode"];
const FLOAT: &[&str] = &["/fpu.decode"];
const FLOAT_R6: &[&str] = &["/fpu.decode", "/fpu_r6.decode"];
const R6: &[&str] = &["/mips32.decode", "/mips32r6.decode"];

const RELEASE_2: Variant = Variant {
    name: "r2",
    config: MipsConfig::linux(false),
    cpu: "24Kf",
    assembler: &["-mips32r2", "-mfp32"],
    tables: INTEGER,
};

#[test]
fn integer() {
    both(RELEASE_2, 77);
}

#[test]
fn float() {
    both(Variant { name: "float", tables: FLOAT, ..RELEASE_2 }, 79);
}

#[test]
fn float_with_64_bit_registers() {
    let config = MipsConfig { fr: true, ..RELEASE_2.config };
    both(
        Variant { name: "fr1", config, assembler: &["-mips32r2", "-mfp64"], tables: FLOAT, ..RELEASE_2 },
        85,
    );
}

#[test]
fn float_with_2008_nans() {
    let release = Release::R5;
    let config = MipsConfig { release, fr: true, nan2008: true, abs2008: true, ..RELEASE_2.config };
    let assembler = &["-mips32r5", "-mfp64", "-mnan=2008"];
    both(Variant { name: "2008", config, cpu: "P5600", assembler, tables: FLOAT }, 87);
}

#[test]
fn paired_singles() {
    let config = MipsConfig { fr: true, fir: MipsConfig::FIR_MAX, ..RELEASE_2.config };
    let assembler = &["-mips64r2", "-mabi=64"];
    let tables = &["/fpu_ps.decode"];
    both(Variant { name: "ps", config, cpu: "MIPS64R2-generic", assembler, tables }, 91);
}

#[test]
fn float_release_6() {
    let config = MipsConfig::linux_r6(false);
    let assembler = &["-mips32r6"];
    both(Variant { name: "float6", config, cpu: "mips32r6-generic", assembler, tables: FLOAT_R6 }, 89);
}

#[test]
fn integer_release_1() {
    let config = MipsConfig { release: Release::R1, fir: 0, ..RELEASE_2.config };
    both(
        Variant { name: "r1", config, cpu: "4Kc", assembler: &["-mips32", "-msoft-float"], ..RELEASE_2 },
        81,
    );
}

#[test]
fn integer_release_6() {
    let config = MipsConfig::linux_r6(false);
    both(Variant { name: "r6", config, cpu: "mips32r6-generic", assembler: &["-mips32r6"], tables: R6 }, 83);
}
