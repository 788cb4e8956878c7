//! Random instructions of every row against qemu-user, an outside reference: the same program is run by both, and every
//! register after each instruction is compared. Where the cross binutils or qemu are not installed, the
//! tests pass without checking anything.

mod flat;
mod program;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use demotic_mips::decode::Set;
use demotic_mips::disassemble;

use flat::Flat;
use program::{Part, Program};

/// Where the program is loaded.
const TEXT: u32 = 0x0041_0000;

/// The program's bytes and what qemu says that it writes; `None` where the tools are missing.
fn build_and_run(program: &Program, big_endian: bool, name: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let directory = std::env::temp_dir().join(format!("demotic-qemu-{}-{name}", std::process::id()));
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
    run(format!("{tools}-as"), &["-mips32r2", "-mfp32", "-o", "a.o", "a.s"])?;
    run(format!("{tools}-ld"), &["-N", &format!("-Ttext={TEXT:#x}"), "-o", "a.elf", "a.o"])?;
    run(format!("{tools}-objcopy"), &["-O", "binary", "-j", ".text", "a.elf", "a.bin"])?;
    let output = run(qemu.to_string(), &["-cpu", "24Kf", "a.elf"])?;
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
        // qemu makes the default NaN of every NaN; the manual lets a quiet operand through.
        _ => {
            let high = usize::from(!big_endian);
            let double = |words: &[u32]| {
                u64::from(words[index & !1 | high]) << 32 | u64::from(words[index & !1 | (1 - high)])
            };
            let defaulted = their[index] == 0x7fbf_ffff && f32::from_bits(our[index]).is_nan()
                || double(their) == 0x7ff7_ffff_ffff_ffff && f64::from_bits(double(our)).is_nan();
            our[index] == their[index] || defaulted
        }
    }
}

fn compare(part: Part, big_endian: bool, seed: u32) {
    let program = Program::random(part, big_endian, seed);
    let name = format!("{part:?}-{big_endian}");
    let Some((bytes, theirs)) = build_and_run(&program, big_endian, &name) else { return };
    let ours = Flat::new(TEXT, &bytes).run(big_endian, u64::from(TEXT));
    assert_eq!(ours.len(), theirs.len());
    let mut wrong = BTreeMap::new();
    for (n, &(row, instruction)) in program.instructions.iter().enumerate() {
        let record = n * program::RECORD..(n + 1) * program::RECORD;
        let (our, their) = (words(&ours[record.clone()], big_endian), words(&theirs[record], big_endian));
        if let Some(index) = (0..our.len()).find(|&index| !agree(&our, &their, index, big_endian)) {
            let text = disassemble(Set::PreR6, instruction, 0);
            let (our, their) = (our[index], their[index]);
            wrong.entry(row).or_insert(format!("{text}: word {index} is {our:#x}, qemu's {their:#x}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn integer_little_endian() {
    compare(Part::Integer, false, 77);
}

#[test]
fn integer_big_endian() {
    compare(Part::Integer, true, 78);
}

#[test]
fn float_little_endian() {
    compare(Part::Float, false, 79);
}

#[test]
fn float_big_endian() {
    compare(Part::Float, true, 80);
}
