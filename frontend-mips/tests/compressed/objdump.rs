//! Disassembly against GNU objdump.

use std::process::Command;

use demotic_mips::Encoding;
use demotic_mips::encoding::Fetched;

use crate::rows::{Row, bytes, config, generator, nop, rows};

const WORDS_PER_ROW: usize = 60;

/// objdump's text of each instruction, the instructions being at multiples of 8 from address 0, with no-ops between them;
/// `None` when it is not installed.
fn objdump(encoding: Encoding, insns: &[Fetched], name: &str) -> Option<Vec<String>> {
    let path =
        std::env::temp_dir().join(format!("demotic-objdump-{}-{encoding:?}-{name}.bin", std::process::id()));
    let nop = bytes(nop(encoding), false);
    let padded = |insn: &Fetched| {
        let mut code = bytes(*insn, false);
        while code.len() < 8 {
            code.extend(&nop);
        }
        code
    };
    let code: Vec<u8> = insns.iter().flat_map(padded).collect();
    std::fs::write(&path, code).expect("the temporary directory can be written");
    let machine = if encoding == Encoding::Mips16e { "mips:16" } else { "mips:micromips" };
    let arguments = ["-D", "-z", "-b", "binary", "-m", machine, "-EL"];
    let output = Command::new("mipsel-linux-gnu-objdump").args(arguments).arg(&path).output();
    std::fs::remove_file(&path).expect("the file was just written");
    let text = String::from_utf8(output.ok()?.stdout).expect("objdump writes text");
    let mut texts = vec![String::new(); insns.len()];
    for line in text.lines() {
        let Some((address, rest)) = line.split_once(":\t") else { continue };
        let Ok(address) = usize::from_str_radix(address.trim(), 16) else { continue };
        let Some((_, text)) = rest.split_once('\t') else { continue };
        if let Some(place) = texts.get_mut(address / 8).filter(|_| address % 8 == 0) {
            *place = text.to_string();
        }
    }
    Some(texts)
}

/// Without differences of layout. Addresses have 32 bits, and no ISA bit, which objdump shows where it knows no symbols.
fn normal(text: &str) -> String {
    let text = text.split('<').next().unwrap_or_default();
    let mut words: Vec<String> = text
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|s| !s.is_empty())
        .map(str::to_string)
        .collect();
    let goes = words.first().is_some_and(|mnemonic| mnemonic.starts_with(['b', 'j']) || mnemonic == "la");
    let address = words.last().and_then(|last| u64::from_str_radix(last.strip_prefix("0x")?, 16).ok());
    if let (true, Some(last), Some(address)) = (goes, words.last_mut(), address) {
        let isa_bit = u32::from(!text.starts_with("la"));
        *last = format!("{:#x}", address as u32 & !isa_bit);
    }
    words.join(" ")
}

/// Instructions that objdump shows as something else, although they execute as their row says.
fn odd(row: &Row) -> bool {
    // Registers that objdump has no names for in microMIPS, an alias, a mask that it leaves out, a module that it does not
    // know in microMIPS.
    const ODD: [&str; 9] = ["MFC0", "MTC0", "CFC1", "CTC1", "RDHWR", "NOR", "RDDSP", "WRDSP", "YIELD"];
    ODD.contains(&row.name)
}

/// The instructions that differ, with our text and objdump's.
fn compare(encoding: Encoding, insns: &[Fetched], name: &str) -> Vec<(u32, String, String)> {
    let config = config(encoding, false);
    let Some(texts) = objdump(encoding, insns, name) else { return Vec::new() };
    let ours = (0..).step_by(8).zip(insns).map(|(pc, insn)| encoding.disassemble(&config, *insn, pc));
    let pairs = ours.zip(texts).zip(insns).map(|((ours, theirs), insn)| (insn.word, ours, theirs));
    pairs.filter(|(_, ours, theirs)| normal(ours) != normal(theirs)).collect()
}

/// Fails if something differs.
fn report(wrong: &[(u32, String, String)]) {
    let lines: Vec<String> =
        wrong.iter().map(|(word, ours, theirs)| format!("{word:08x}: {ours} | {theirs}")).collect();
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), lines.join("\n"));
}

fn every_row(encoding: Encoding) {
    let mut next = generator(7);
    let mut insns = Vec::new();
    for row in rows(encoding).iter().filter(|row| row.executes && !odd(row)) {
        insns.extend((0..WORDS_PER_ROW).map(|_| row.random(&mut next)));
    }
    let wrong = compare(encoding, &insns, "rows");
    report(&wrong);
}

#[test]
fn mips16e() {
    every_row(Encoding::Mips16e);
}

#[test]
fn micromips() {
    every_row(Encoding::MicroMips);
}

/// Every halfword that is an instruction.
fn every_halfword(encoding: Encoding, missing: &[&str]) {
    let config = config(encoding, false);
    let long = |word: u32| {
        let code = crate::sweep::Code(bytes(Fetched { word: word << 16, len: 4 }, false));
        encoding.fetch(&config, &code, crate::sweep::START).is_none_or(|insn| insn.len == 4)
    };
    let insns: Vec<Fetched> =
        (0..0x1_0000).filter(|word| !long(*word)).map(|word| Fetched { word, len: 2 }).collect();
    let mut wrong = compare(encoding, &insns, "halfwords");
    // What neither knows looks different.
    wrong.retain(|(_, ours, theirs)| {
        let theirs = normal(theirs);
        let mnemonic = theirs.split(' ').next().unwrap_or_default();
        !(ours.starts_with(".short") && (mnemonic.starts_with('.') || missing.contains(&mnemonic)))
    });
    report(&wrong);
}

#[test]
fn every_mips16e_halfword() {
    // 64-bit instructions, and those of MIPS16 that MIPS16e does not have.
    every_halfword(
        Encoding::Mips16e,
        &[
            "ld", "sd", "lwu", "daddiu", "daddu", "dsubu", "dsll", "dsrl", "dsra", "dla", "dsllv", "dsrlv",
            "dsrav", "dmult", "dmultu", "ddiv", "ddivu", "sew", "zew", "entry", "exit",
        ],
    );
}

#[test]
fn every_micromips_halfword() {
    every_halfword(Encoding::MicroMips, &[]);
}
