//! Disassembly against GNU objdump, where `mipsel-linux-gnu-objdump` is installed (the test passes without it).

use std::process::Command;

use demotic_mips::decode::{Outcome, ROWS, Set, random};
use demotic_mips::disassemble;

const WORDS_PER_ROW: usize = 60;

/// objdump's text of each word, the words being in order from address 0; `None` when it is not installed.
fn objdump(words: &[u32], machine: &str) -> Option<Vec<String>> {
    let path = std::env::temp_dir().join(format!("demotic-objdump-{}-{machine}.bin", std::process::id()));
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    std::fs::write(&path, bytes).expect("the temporary directory can be written");
    let output = Command::new("mipsel-linux-gnu-objdump")
        .args(["-D", "-z", "-b", "binary", "-m", machine, "-EL"])
        .arg(&path)
        .output();
    std::fs::remove_file(&path).expect("the file was just written");
    let text = String::from_utf8(output.ok()?.stdout).expect("objdump writes text");
    Some(
        text.lines()
            .filter_map(|line| line.split_once(":\t")?.1.split_once('\t'))
            .map(|l| l.1.to_string())
            .collect(),
    )
}

/// Without differences of layout.
fn normal(text: &str) -> String {
    let text = text.split('<').next().unwrap_or_default();
    text.split(|c: char| c.is_whitespace() || c == ',')
        .filter(|s| !s.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Words that objdump shows as something else, although they execute as their row says.
fn odd(name: &str, word: u32) -> bool {
    match name {
        // rt should be the same as rd; objdump shows both.
        "CLZ" | "CLO" => word >> 16 & 31 != word >> 11 & 31,
        // Reserved hints.
        "JR" | "JR_HB" | "JALR" | "JALR_HB" | "JR_R6" | "JR_HB_R6" => word >> 6 & 15 != 0,
        // An offset without effect.
        "NAL" => word & 0xffff != 0,
        // objdump sets the ISA bit of the target.
        "JALX" => true,
        // Names of registers that release 2 processors hardly have.
        "MFC0" | "MTC0" => word & 7 != 0,
        // Bits of the mask without a field.
        "RDDSP" => (0x40..0x3ff).contains(&(word >> 16 & 0x3ff)),
        "WRDSP" => (0x40..0x3ff).contains(&(word >> 11 & 0x3ff)),
        _ => false,
    }
}

fn compare(set: Set, machine: &str) {
    let mut state = 7u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state ^ state >> 15
    };
    let mut words = Vec::new();
    for row in ROWS
        .iter()
        .filter(|row| row.outcome == Outcome::Executes && row.only.is_none_or(|only| only == set.name()))
    {
        for _ in 0..WORDS_PER_ROW {
            let word = random(row, &mut next).filter(|&word| !odd(row.name, word));
            words.extend(word.map(|word| (row.name, word)));
        }
    }
    let only_words: Vec<u32> = words.iter().map(|w| w.1).collect();
    let Some(texts) = objdump(&only_words, machine) else { return };
    assert_eq!(texts.len(), words.len());
    let mut wrong = Vec::new();
    for (i, ((name, word), theirs)) in words.into_iter().zip(texts).enumerate() {
        let ours = disassemble(set, word, 4 * i as u32);
        if normal(&ours) != normal(&theirs) {
            wrong.push(format!("{name} {word:08x}: {ours} | {theirs}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn releases_1_to_5_agree() {
    compare(Set::PreR6, "mips:isa32r5");
}

#[test]
fn release_6_agrees() {
    compare(Set::R6, "mips:isa32r6");
}
