//! Compares the disassembly of random Advanced SIMD words, in A32 and in T32, with that of GNU objdump, where that is
//! installed.

use std::process::Command;

use demotic_arm::asimd::decoder::{self, ROWS};
use demotic_arm::{ArmConfig, ArmGuest, asimd};
use demotic_ir::{CodeSource, Exit, GuestArch, LiftOptions, Loc, Trap};

/// Words per row.
const WORDS: usize = 60;

/// One word of code at every address, in the order of its bytes.
struct Word([u8; 4]);

impl CodeSource for Word {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        buf.iter_mut().enumerate().for_each(|(i, byte)| *byte = self.0[(addr as usize + i) % 4]);
        true
    }

    fn read_only(&self, _addr: u64, _len: u32) -> Option<u64> {
        None
    }
}

impl Word {
    fn new(word: u32, thumb: bool) -> Word {
        Word(if thumb { asimd::to_t32(word).rotate_left(16) } else { word }.to_le_bytes())
    }
}

/// Without comments and `0x`, with single spaces.
fn tidy(text: &str) -> String {
    let text = text.split(['@', ';']).next().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// objdump's text of each word; `None` when it is not installed.
fn objdump(code: &[Word], thumb: bool) -> Option<Vec<String>> {
    let name = format!("demotic-asimd-{}-{thumb}.bin", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, code.iter().flat_map(|word| word.0).collect::<Vec<u8>>()).ok()?;
    let mut command = Command::new("arm-linux-gnueabihf-objdump");
    command.args(["-D", "-b", "binary", "-m", "arm"]);
    if thumb {
        command.args(["-M", "force-thumb"]);
    }
    let output = command.arg(&path).output();
    let _ = std::fs::remove_file(&path);
    let text = String::from_utf8(output.ok()?.stdout).ok()?;
    Some(text.lines().filter_map(|line| Some(tidy(line.split_once(":\t")?.1.split_once('\t')?.1))).collect())
}

/// Whether the word is defined: quadwords have even numbers, alignments fit.
fn is_defined(guest: &ArmGuest, word: u32) -> bool {
    let block = guest.lift(Loc::new(0), &Word::new(word, false), LiftOptions { max_insns: 1 });
    !matches!(block.final_exit(), Some(Exit::Trap { trap: Trap::Undefined { .. }, .. }))
}

fn compare(thumb: bool) {
    let guest = ArmGuest::new(ArmConfig::default());
    let mut state = 0x2545_f491u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let mut words = Vec::new();
    for row in ROWS {
        for _ in 0..WORDS {
            let word = decoder::random(row, &mut next).expect("every row has words");
            if is_defined(&guest, word) {
                words.push((row, word));
            }
        }
    }
    let code: Vec<Word> = words.iter().map(|(_, word)| Word::new(*word, thumb)).collect();
    let Some(theirs) = objdump(&code, thumb) else { return };
    assert_eq!(theirs.len(), words.len());
    let loc = Loc::new(u64::from(thumb));
    let differences: Vec<String> = (words.iter().zip(&code).zip(theirs))
        .map(|((word, code), theirs)| (word, tidy(&guest.disassemble(loc, code).0), theirs))
        .filter(|(_, ours, theirs)| ours != theirs)
        .map(|((row, word), ours, theirs)| format!("{} {word:08x}: `{ours}`, objdump `{theirs}`", row.name))
        .collect();
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn a32_reads_like_objdump() {
    compare(false);
}

#[test]
fn t32_reads_like_objdump() {
    compare(true);
}
