//! Compares the disassembly of random Thumb and VFP words with that of GNU objdump, where that is installed.

use std::process::Command;

use demotic_arm::t32::{narrow, wide};
use demotic_arm::{ArmConfig, ArmGuest, vfp};
use demotic_ir::{CodeSource, GuestArch, Loc};

/// Code from address 0 on.
struct Code(Vec<u8>);

impl CodeSource for Code {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        let code = self.0.get(addr as usize..addr as usize + buf.len());
        code.map(|code| buf.copy_from_slice(code)).is_some()
    }

    fn read_only(&self, _: u64, _: u32) -> Option<u64> {
        None
    }
}

/// Words per row.
const WORDS: usize = 40;

/// Rows that objdump spells differently: reserved hints and barriers by what they are in later
/// architectures, literal loads whose
/// offset looks like the bits of an unprivileged load, floating-point constants by their encoding. It takes the destination of CRC32H from the wrong bits,
/// and has other names for banked registers and for a bit of PLD that should be zero.
const DIFFERENT: &[&str] = &[
    "HINT",
    "HINT_imm12",
    "HINT_imm8",
    "HINT_reg",
    "HINT_lit",
    "LDR_lit",
    "LDRB_lit",
    "LDRH_lit",
    "LDRSB_lit",
    "LDRSH_lit",
    "VMOV_imm",
    "VDUP",
    "DSB",
    "CRC32",
    "CRC32C",
    "PLD_lit",
    "MRS_banked",
    "MSR_banked",
];

/// A xorshift generator.
fn random() -> impl FnMut() -> u32 {
    let mut state = 0x2545_f491u32;
    move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    }
}

/// The first line per address of objdump's output, with single spaces and without comments.
fn objdump(name: &str, code: &[u8]) -> Option<Vec<(u32, String)>> {
    // Half precision is newer than the rest, of which other machines make less.
    let machine = if name == "vfp" { "arm" } else { "armv8-a" };
    let path = std::env::temp_dir().join(format!("demotic-{name}-{}.bin", std::process::id()));
    std::fs::write(&path, code).ok()?;
    let output = Command::new("arm-linux-gnueabihf-objdump")
        .args(["-D", "-b", "binary", "-m", machine, "-M", "force-thumb"])
        .arg(&path)
        .output();
    let _ = std::fs::remove_file(&path);
    let text = String::from_utf8(output.ok()?.stdout).ok()?;
    let line = |line: &str| {
        let mut parts = line.splitn(3, '\t');
        let address = u32::from_str_radix(parts.next()?.trim().strip_suffix(':')?, 16).ok()?;
        let _bytes = parts.next()?;
        Some((address, tidy(parts.next()?)))
    };
    Some(text.lines().filter_map(line).collect())
}

/// Without comments and symbols, with single spaces and `0x` before branch targets.
fn tidy(text: &str) -> String {
    let text = text.split(['@', ';']).next().unwrap_or("");
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches(',').replace("#-0", "#0")
}

fn compare(name: &str, words: &[(&'static str, u32, u8)]) {
    let mut code = Vec::new();
    let mut places = Vec::new();
    for &(row, word, len) in words {
        places.push((code.len() as u32, row, word));
        if len == 4 {
            code.extend_from_slice(&((word >> 16) as u16).to_le_bytes());
        }
        code.extend_from_slice(&(word as u16).to_le_bytes());
    }
    let guest = ArmGuest::new(ArmConfig::default());
    let code = Code(code);
    let Some(theirs) = objdump(name, &code.0) else { return };
    let theirs: std::collections::HashMap<u32, String> = theirs.into_iter().collect();
    let mut differences = Vec::new();
    for (pc, row, word) in places {
        let (text, _) = guest.disassemble(Loc::new((pc | 1).into()), &code);
        let other = theirs.get(&pc).cloned().unwrap_or_default();
        // An unpredictable choice of operands.
        let of_fixed = row.contains("fixed") && (other.is_empty() || text.contains("#-"));
        if other.contains("overflow") || of_fixed {
            continue;
        }
        if tidy(&text).replace("0x", "") != other.replace("0x", "") && !DIFFERENT.contains(&row) {
            differences.push(format!("{row} {word:08x}: `{text}`, objdump `{other}`"));
        }
    }
    assert!(differences.is_empty(), "{name}: {} differences\n{}", differences.len(), differences.join("\n"));
}

/// Whether a row is half of what is one instruction since ARMv6T2.
fn is_half_of_call(row: &narrow::Row) -> bool {
    row.feature.is_some_and(|feature| feature.starts_with("thumb1"))
}

#[test]
fn t16_reads_like_objdump() {
    let mut next = random();
    let mut words = Vec::new();
    for row in narrow::ROWS.iter().filter(|row| !row.name.starts_with("IT") && !is_half_of_call(row)) {
        words.extend((0..WORDS).filter_map(|_| Some((row.name, narrow::random(row, &mut next)?, 2))));
    }
    compare("t16", &words);
}

#[test]
fn t32_reads_like_objdump() {
    let mut next = random();
    let mut words = Vec::new();
    for row in wide::ROWS.iter().filter(|row| row.outcome != wide::Outcome::Unimplemented) {
        words.extend((0..WORDS).filter_map(|_| Some((row.name, wide::random(row, &mut next)?, 4))));
    }
    compare("t32", &words);
}

#[test]
fn vfp_reads_like_objdump() {
    let mut next = random();
    let mut words = Vec::new();
    for row in vfp::decoder::ROWS {
        let condition = if row.pattern.starts_with('1') { 0xf000_0000 } else { 0xe000_0000 };
        let word = |_| Some(vfp::decoder::random(row, &mut next)? & 0x0fff_ffff | condition);
        words.extend((0..WORDS).filter_map(word).map(|word| (row.name, word, 4)));
    }
    compare("vfp", &words);
}
