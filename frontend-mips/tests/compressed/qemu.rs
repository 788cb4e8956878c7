//! Random instructions of every row against qemu-user: the same program is run by both, and the registers after each
//! instruction, and the memory that it may touch, are compared.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use demotic_mips::Encoding;

use crate::flat::Flat;
use crate::program::{Attempt, Program, RECORD, SCRATCH};
use crate::rows::config;

/// Where the program is loaded.
const TEXT: u32 = 0x0041_0000;

/// Runs a tool in `directory`; gives what it writes, `None` if it is not installed.
fn tool(directory: &Path, name: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new(name).args(arguments).current_dir(directory).output().ok()?;
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

/// The program's bytes and what qemu says that it writes; `None` where the tools are missing.
fn build_and_run(program: &Program, encoding: Encoding, big_endian: bool) -> Option<(Vec<u8>, Vec<u8>)> {
    let name = format!("demotic-qemu-{}-{encoding:?}-{big_endian}", std::process::id());
    let directory = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&directory).expect("the temporary directory can be written");
    std::fs::write(directory.join("a.s"), &program.text).expect("the temporary directory can be written");
    let (tools, qemu) =
        if big_endian { ("mips-linux-gnu", "qemu-mips") } else { ("mipsel-linux-gnu", "qemu-mipsel") };
    let cpu = if encoding == Encoding::Mips16e { "24Kf" } else { "M14Kc" };
    tool(&directory, &format!("{tools}-as"), &["-mips32r2", "-msoft-float", "-o", "a.o", "a.s"])?;
    let text = format!("-Ttext={TEXT:#x}");
    tool(&directory, &format!("{tools}-ld"), &["-N", &text, "-o", "a.elf", "a.o"])?;
    tool(&directory, &format!("{tools}-objcopy"), &["-O", "binary", "-j", ".text", "a.elf", "a.bin"])?;
    let output = tool(&directory, qemu, &["-cpu", cpu, "a.elf"])?;
    let bytes = std::fs::read(directory.join("a.bin")).expect("objcopy wrote it");
    std::fs::remove_dir_all(&directory).expect("the directory was just made");
    Some((bytes, output))
}

/// What an attempt has left behind: registers, memory.
fn result(output: &[u8], attempts: usize, n: usize) -> (&[u8], &[u8]) {
    let memory = attempts * RECORD + n * SCRATCH;
    (&output[n * RECORD..(n + 1) * RECORD], &output[memory..memory + SCRATCH])
}

fn compare(encoding: Encoding, big_endian: bool, seed: u32) {
    let config = config(encoding, big_endian);
    let program = Program::random(encoding, big_endian, seed);
    let Some((bytes, theirs)) = build_and_run(&program, encoding, big_endian) else { return };
    let ours = Flat::new(TEXT, &bytes).run(config, u64::from(TEXT));
    assert_eq!(ours.len(), theirs.len());
    let count = program.attempts.len();
    let mut wrong = BTreeMap::new();
    for (n, Attempt { row, insn, .. }) in program.attempts.iter().enumerate() {
        let (our, their) = (result(&ours, count, n), result(&theirs, count, n));
        let register = (0..RECORD).find(|&at| our.0[at] != their.0[at]);
        let memory = (0..SCRATCH).find(|&at| our.1[at] != their.1[at]);
        let word = |bytes: &[u8], at: usize| bytes[at & !3..(at & !3) + 4].to_vec();
        let place = match (register, memory) {
            (Some(at), _) => {
                format!("word {}: {:x?}, qemu's {:x?}", at / 4, word(our.0, at), word(their.0, at))
            }
            (_, Some(at)) => format!("byte {at} of memory is {:x}, qemu's {:x}", our.1[at], their.1[at]),
            (None, None) => continue,
        };
        let text = encoding.disassemble(&config, *insn, 0);
        wrong.entry(*row).or_insert(format!("{text}: {place}"));
    }
    assert!(wrong.is_empty(), "of {count}: {wrong:#?}");
}

#[test]
fn mips16e_little_endian() {
    compare(Encoding::Mips16e, false, 81);
}

#[test]
fn mips16e_big_endian() {
    compare(Encoding::Mips16e, true, 82);
}

#[test]
fn micromips_little_endian() {
    compare(Encoding::MicroMips, false, 83);
}

#[test]
fn micromips_big_endian() {
    compare(Encoding::MicroMips, true, 84);
}
