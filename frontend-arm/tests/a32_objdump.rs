//! Compares the disassembly of random A32 words with that of GNU objdump, where that is installed.

use std::process::Command;

use demotic_arm::a32::decoder::{self, Outcome, ROWS};
use demotic_arm::{ArmConfig, ArmGuest};
use demotic_ir::{CodeSource, GuestArch, Loc};

/// Words per row.
const WORDS: usize = 24;

/// Rows that objdump spells differently or not at all: UXTAB16 (a slip in capitals), exclusives (numbered registers, one
/// of a pair), bit fields that end before they begin, CPS with a mode that it does not use, barriers of later
/// architectures, coprocessors of other makers.
const DIFFERENT: &[&str] = &[
    "UXTAB16",
    "LDREX",
    "CSDB",
    "CPS",
    "LDREXD",
    "STREXD",
    "BFC",
    "BFI",
    "DSB",
    "DMB",
    "ISB",
    "MCR",
    "MRC",
    "MCRR",
    "MRRC",
    "HINT",
    "HINT_memory_imm",
    "HINT_memory_reg",
    "MRS_banked",
    "MSR_banked",
    "SEVL",
];

/// Should-be-one and should-be-zero bits of rows where they are mixed: mask and value.
const MIXED: &[(&str, u32, u32)] = &[
    ("YIELD", 0xff00, 0xf000),
    ("NOP", 0xff00, 0xf000),
    ("WFE", 0xff00, 0xf000),
    ("WFI", 0xff00, 0xf000),
    ("SEV", 0xff00, 0xf000),
    ("DBG", 0xff00, 0xf000),
    ("MRS", 0xf_0f0f, 0xf_0000),
    ("MSR_reg", 0xff00, 0xf000),
    ("ERET", 0xf_ff0f, 0x0_000e),
    ("CPS_mode", 0x1_fe00, 0),
    ("SRS", 0xf_ffe0, 0xd_0500),
    ("RFE", 0xffff, 0x0a00),
    ("CLREX", 0xf_ff0f, 0xf_f00f),
];

/// One word of code at every address.
struct Word(u32);

impl CodeSource for Word {
    fn fetch(&self, _addr: u64, buf: &mut [u8]) -> bool {
        buf.copy_from_slice(&self.0.to_le_bytes());
        true
    }

    fn read_only(&self, _addr: u64, _len: u32) -> Option<u64> {
        None
    }
}

/// The word with its should-be bits all `ones` or all zeros, unless they are mixed.
fn canonical(row: &decoder::Row, word: u32, ones: bool) -> u32 {
    if let Some((_, mask, value)) = MIXED.iter().find(|(name, ..)| *name == row.name) {
        return word & !mask | value;
    }
    let free = row.pattern.chars().fold(0, |bits, letter| bits << 1 | u32::from(letter == 'x'));
    if ones { word | free } else { word & !free }
}

/// Without comments and `0x`, with single spaces.
fn tidy(text: &str) -> String {
    let text = text.split(['@', ';']).next().unwrap_or_default();
    let text = text.split('\t').filter(|part| !part.starts_with('<')).collect::<Vec<_>>().join(" ");
    let text = text.split(" <").next().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("0x", "")
}

/// objdump's text of each word; `None` when it is not installed.
fn objdump(words: &[u32]) -> Option<Vec<String>> {
    let path = std::env::temp_dir().join(format!("demotic-a32-{}.bin", std::process::id()));
    let code: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    std::fs::write(&path, code).ok()?;
    let output = Command::new("arm-linux-gnueabihf-objdump")
        .args(["-D", "-b", "binary", "-m", "arm"])
        .arg(&path)
        .output();
    let _ = std::fs::remove_file(&path);
    let text = String::from_utf8(output.ok()?.stdout).ok()?;
    Some(text.lines().filter_map(|line| Some(tidy(line.split_once(":\t")?.1.split_once('\t')?.1))).collect())
}

#[test]
fn a32_reads_like_objdump() {
    let guest = ArmGuest::new(ArmConfig::default());
    let mut state = 0x2545_f491u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let mut rows = Vec::new();
    let mut words = Vec::new();
    for row in ROWS.iter().filter(|row| row.outcome == Outcome::Executes && !DIFFERENT.contains(&row.name)) {
        for _ in 0..WORDS {
            let word = decoder::random(row, &mut next).expect("every row has words");
            rows.push(row);
            words.extend([canonical(row, word, false), canonical(row, word, true)]);
        }
    }
    let Some(theirs) = objdump(&words) else { return };
    assert_eq!(theirs.len(), words.len());
    let ours = |i: usize| tidy(&guest.disassemble(Loc::new(4 * i as u64), &Word(words[i])).0);
    let differences: Vec<String> = (0..words.len())
        .step_by(2)
        .filter(|&i| ours(i) != theirs[i] && ours(i + 1) != theirs[i + 1])
        .map(|i| format!("{} {:08x}: `{}`, objdump `{}`", rows[i / 2].name, words[i], ours(i), theirs[i]))
        .collect();
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
}
