//! What is shown of a difference.

use std::fmt::Write as _;

use demotic_ir::{CodeSource, Loc};
use demotic_mips::state::NAMES;

use crate::generate::{Insn, Sequence};
use crate::layout::{WINDOW, word};
use crate::modes::Mode;
use crate::program;
use crate::run::Dump;

/// The bytes of one instruction at an address.
struct Piece<'a>(u64, &'a [u8]);

impl CodeSource for Piece<'_> {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        let bytes = addr.checked_sub(self.0).and_then(|at| self.1.get(at as usize..)?.get(..buf.len()));
        bytes.map(|bytes| buf.copy_from_slice(bytes)).is_some()
    }

    fn read_only(&self, _: u64, _: u32) -> Option<u64> {
        None
    }
}

/// An instruction's text.
pub(crate) fn disassemble(mode: &Mode, insn: &Insn) -> String {
    disassemble_at(mode, insn, 0x8000)
}

fn disassemble_at(mode: &Mode, insn: &Insn, at: u32) -> String {
    let loc = Loc::new(u64::from(at | mode.set.isa_bit()));
    mode.guest.disassemble(loc, &Piece(u64::from(at), &insn.bytes)).0
}

/// A sequence's code.
pub(crate) fn code(mode: &Mode, sequence: &Sequence) -> String {
    let mut at = program::slots(mode, std::slice::from_ref(sequence))[0];
    let mut out = String::new();
    for insn in &sequence.code {
        let bytes: Vec<String> = insn.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = disassemble_at(mode, insn, at);
        let _ = writeln!(out, "  {at:#x} [{}] \"{text}\"  {}", bytes.join(" "), insn.name);
        at += insn.bytes.len() as u32;
    }
    out
}

/// The name of a word of the record.
fn name(mode: &Mode, index: usize) -> String {
    let mips = mode.mips.is_some();
    match index {
        word::SIGNAL => "signal".into(),
        word::PC => "pc".into(),
        word::FLAGS => if mips { "dspcontrol" } else { "cpsr" }.into(),
        word::FP_STATUS => if mips { "fcsr" } else { "fpscr" }.into(),
        word::VECTOR_STATUS => "msacsr".into(),
        word::ACCUMULATORS..word::VECTOR_STATUS => {
            let n = index - word::ACCUMULATORS;
            format!("{}{}", ["hi", "lo"][n % 2], n / 2)
        }
        _ if mips => NAMES[index - word::R].into(),
        _ => format!("r{}", index - word::R),
    }
}

/// Code, and where the two sides differ; with what was there before.
pub(crate) fn difference(
    mode: &Mode,
    sequence: &Sequence,
    engine: &str,
    ours: &Dump,
    theirs: &Dump,
) -> String {
    let mut out = format!("{} {engine}:\n{}", mode.name, code(mode, sequence));
    for n in 0..word::COUNT {
        let (was, our, their) = (sequence.input.words[n], ours.words[n], theirs.words[n]);
        if our != their || n == word::SIGNAL && our != 0 {
            let _ = writeln!(out, "  {:<10} was {was:#x}, is {our:#x}, in qemu {their:#x}", name(mode, n));
        }
    }
    for n in 0..32 {
        let (was, our, their) = (sequence.input.vectors[n], ours.vectors[n], theirs.vectors[n]);
        if our != their {
            let _ = writeln!(out, "  vector {n:<3} was {was:#x?}, is {our:#x?}, in qemu {their:#x?}");
        }
    }
    let differs = |at: &usize| ours.window[*at] != theirs.window[*at];
    for at in (0..ours.window.len()).filter(differs).take(8) {
        let (our, their) = (ours.window[at], theirs.window[at]);
        let _ = writeln!(out, "  mem[{:#x}] is {our:#x}, in qemu {their:#x}", WINDOW as usize + at);
    }
    out += "  inputs:";
    for n in word::R..word::FP_STATUS + 1 {
        let _ = write!(out, " {}={:#x}", name(mode, n), sequence.input.words[n]);
    }
    if sequence.code.iter().any(|insn| insn.name.starts_with('V') || insn.name.contains("_fmt")) {
        for (n, [low, high]) in sequence.input.vectors.iter().enumerate() {
            let _ = write!(out, " v{n}={high:016x}_{low:016x}");
        }
    }
    out + "\n"
}
