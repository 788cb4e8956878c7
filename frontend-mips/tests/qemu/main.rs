//! Random instructions of every row against qemu-user, an outside reference: the same program is run by both, and every
//! register after each instruction is compared. Where the cross binutils or qemu are not installed, the
//! tests pass without checking anything.

mod flat;
mod program;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

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
    let (tools, qemu) =
        if big_endian { ("mips-linux-gnu", "qemu-mips") } else { ("mipsel-linux-gnu", "qemu-mipsel") };
    let run = |tool: String, args: &[&str]| {
        let output = Command::new(&tool).args(args).current_dir(&directory).output().ok()?;
        assert!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
        Some(output.stdout)
    };
    run(format!("{tools}-as"), &[variant.assembler, &["-o", "a.o", "a.s"]].concat())?;
    run(format!("{tools}-ld"), &["-N", &format!("-Ttext={TEXT:#x}"), "-o", "a.elf", "a.o"])?;
    run(format!("{tools}-objcopy"), &["-O", "binary", "-j", ".text", "a.elf", "a.bin"])?;
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

/// Whether word `index` of the two records is the same, or different for a good reason.
fn agree(our: &[u32], their: &[u32], index: usize, big_endian: bool) -> bool {
    match index {
        // Cumulative exception flags are not kept.
        program::FCSR => (our[index] ^ their[index]) & demotic_mips::state::FCSR_CONDITIONS == 0,
        0..32 => our[index] == their[index],
        // qemu makes the default NaN of every NaN with legacy NaNs; the manual lets a quiet operand through.
        _ => {
            let high = usize::from(!big_endian);
            let double = |words: &[u32]| {
                u64::from(words[index & !1 | high]) << 32 | u64::from(words[index & !1 | (1 - high)])
            };
            let defaulted = their[index] & 0x7fff_ffff == 0x7fbf_ffff && f32::from_bits(our[index]).is_nan()
                || double(their) << 1 == 0x7ff7_ffff_ffff_ffff << 1 && f64::from_bits(double(our)).is_nan();
            our[index] == their[index] || defaulted
        }
    }
}

fn compare(variant: &Variant, seed: u32) {
    let config = variant.config;
    let program = Program::random(variant, seed);
    let Some((bytes, theirs)) = build_and_run(&program, variant) else { return };
    let ours = Flat::new(TEXT, &bytes).run(config, u64::from(TEXT));
    assert_eq!(ours.len(), theirs.len());
    let mut wrong = BTreeMap::new();
    let outputs = ours.len() / 2;
    for (n, &(row, instruction)) in program.instructions.iter().enumerate() {
        let text = disassemble(config.set(), instruction, 0);
        // Memory, which is the input record, then the registers.
        for (what, start) in [("memory", 0), ("register", outputs)] {
            let record = start + n * program::RECORD..start + (n + 1) * program::RECORD;
            let (our, their) =
                (words(&ours[record.clone()], config.big_endian), words(&theirs[record], config.big_endian));
            if let Some(index) = (0..our.len()).find(|&index| !agree(&our, &their, index, config.big_endian))
            {
                let (our, their) = (our[index], their[index]);
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
