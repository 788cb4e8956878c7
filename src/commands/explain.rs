//! `demotic explain`: what becomes of an instruction or of a piece of a program, from encoding to host code.

use std::fmt::Write as _;
use std::path::Path;

use demotic_ir::{Block, CodeSource, CpuState, GuestArch, LiftOptions, Loc, passes, print_block};
use demotic_runtime::loader;
use demotic_translator::{ListOptions, Listing, list_region};

use crate::encodings::{self, Decoded, spaced};
use crate::failure::Failure;
use crate::flags::{ExplainFlags, Isa};
use crate::guest;
use crate::program::{Program, Snippet};

/// Where a lone word is supposed to stand.
const WORD_ADDRESS: u64 = 0x8000;

/// What to show of the stages.
#[derive(Clone, Copy)]
struct Parts {
    /// Everything before the IR.
    guest: bool,
    ir: bool,
    clif: bool,
    host: bool,
}

impl Parts {
    fn of(flags: &ExplainFlags) -> Parts {
        let all = !(flags.ir || flags.clif || flags.host);
        Parts { guest: all, ir: all || flags.ir, clif: all || flags.clif, host: all || flags.host }
    }
}

/// The explanation.
///
/// # Errors
/// When the word or the address is malformed, or the program cannot be read.
pub(crate) fn explain(flags: &ExplainFlags) -> Result<String, Failure> {
    match flags.what.rsplit_once(':') {
        Some((file, address)) => explain_address(flags, Path::new(file), address),
        None => explain_word(flags, &flags.what),
    }
}

// ---- a word ----

/// An encoding as typed: its value, first halfword on top, and its length in bytes.
fn parse_word(text: &str, isa: Isa) -> Result<(u32, u8), Failure> {
    let digits: String = text.trim_start_matches("0x").chars().filter(|c| !" _".contains(*c)).collect();
    let word = u32::from_str_radix(&digits, 16).map_err(|_| {
        Failure::usage(format!(
            "`{text}` is neither an encoding like 0xe0810002 nor FILE:ADDRESS like ./prog:main or ./prog:0x10400"
        ))
    })?;
    match isa {
        _ if isa.is_halfwords() && digits.len() <= 4 => Ok((word, 2)),
        _ => Ok((word, 4)),
    }
}

/// The bytes of a word in memory.
fn word_bytes(word: u32, len: u8, isa: Isa) -> Vec<u8> {
    match isa {
        _ if isa.is_halfwords() && len == 2 => (word as u16).to_le_bytes().to_vec(),
        Isa::Thumb | Isa::Mips16 | Isa::Micromips | Isa::Micromipsr6 => {
            [(word >> 16) as u16, word as u16].iter().flat_map(|half| half.to_le_bytes()).collect()
        }
        Isa::Arm | Isa::Mipsel | Isa::Mipselr6 => word.to_le_bytes().to_vec(),
        Isa::Mips | Isa::Mipsr6 => word.to_be_bytes().to_vec(),
    }
}

fn explain_word(flags: &ExplainFlags, text: &str) -> Result<String, Failure> {
    let isa = flags.arch.unwrap_or(Isa::Arm);
    let (word, len) = parse_word(text, isa)?;
    let arch = guest::of_isa(isa);
    let mut bytes = word_bytes(word, len, isa);
    if !matches!(isa, Isa::Arm | Isa::Thumb) {
        // A delay slot, in case the word is a branch: a nop.
        bytes.extend([0; 4]);
    }
    let code = Snippet { addr: WORD_ADDRESS, bytes };
    let loc = location(&*arch, WORD_ADDRESS | u64::from(isa.is_halfwords()));
    let parts = Parts::of(flags);
    let mut out = String::new();
    if parts.guest {
        describe_encoding(&mut out, encodings::decode(isa, word, len).as_ref(), word, len);
        let (text, _) = arch.disassemble(loc, &code);
        let _ = writeln!(out, "{:<13} {text}", "disassembly");
    }
    if parts.ir {
        let mut block = arch.lift(loc, &code, LiftOptions { max_insns: 1 });
        heading(&mut out, "IR as lifted");
        out.push_str(&print_block(&block, arch.layout()));
        passes::run(&mut block, arch.layout(), &passes::PassOptions::default());
        heading(&mut out, "IR after the passes");
        out.push_str(&print_block(&block, arch.layout()));
    }
    let (_, listing) = translate(&*arch, &code, loc)?;
    show_listing(&mut out, parts, &listing);
    Ok(out)
}

fn describe_encoding(out: &mut String, decoded: Option<&Decoded>, word: u32, len: u8) {
    let digits = 2 * usize::from(len);
    let _ = writeln!(out, "{:<13} 0x{word:0digits$x}", "word");
    let Some(Decoded { row, fields }) = decoded else {
        let _ = writeln!(out, "{:<13} in no table: an undefined instruction", "row");
        return;
    };
    let bits = format!("{word:0width$b}", width = row.pattern.len());
    let _ = writeln!(out, "{:<13} {} ({})", "row", row.name, row.set);
    let _ = writeln!(out, "{:<13} {}", "table", row.place);
    let _ = writeln!(out, "{:<13} {}", "pattern", spaced(row.pattern));
    let _ = writeln!(out, "{:<13} {}", "bits", spaced(&bits));
    for field in fields {
        let _ = writeln!(out, "{:<13} {} {} = {:#x}", "field", field.letter, field.name, field.value);
    }
    let _ = writeln!(out, "{:<13} {}", "supported", row.support.name());
    if !row.feature.is_empty() {
        let _ = writeln!(out, "{:<13} {}", "feature", row.feature);
    }
}

// ---- a place in a program ----

fn explain_address(flags: &ExplainFlags, file: &Path, address: &str) -> Result<String, Failure> {
    let kind = loader::identify(file).map_err(|error| Failure::new(error.to_string()))?.kind;
    let arch = guest::architecture(kind);
    let program = Program::read(file)?;
    let pc = resolve(&program, address, flags.arch, file)?;
    let loc = location(&*arch, pc);
    let (region, listing) = translate(&*arch, &program, loc)?;
    let parts = Parts::of(flags);
    let mut out = String::new();
    if parts.guest {
        let name = program.function_at(arch.code_address(pc)).map_or("", |(name, _)| name);
        let blocks = region.blocks().count();
        let insns = region.guest_insns();
        let _ = writeln!(
            out,
            "region at {pc:#x} {name}: {blocks} blocks, {insns} guest instructions, {} bytes of host code",
            listing.code_bytes
        );
    }
    for block in region.blocks() {
        if parts.guest {
            heading(&mut out, &format!("guest code at {:#x}", block.start.pc));
            disassemble_block(&mut out, &*arch, &program, block);
        }
        if parts.ir {
            heading(&mut out, &format!("IR of {:#x}, after the passes", block.start.pc));
            out.push_str(&print_block(block, arch.layout()));
        }
    }
    show_listing(&mut out, parts, &listing);
    Ok(out)
}

/// The address that `text` names, with the ISA bit.
fn resolve(program: &Program, text: &str, isa: Option<Isa>, file: &Path) -> Result<u64, Failure> {
    if let Some(value) = program.address_of(text) {
        return Ok(value);
    }
    if text == "entry" {
        return Ok(program.entry());
    }
    let address = u64::from_str_radix(text.trim_start_matches("0x"), 16).map_err(|_| {
        Failure::usage(format!(
            "{} has no symbol `{text}`, and it is no hexadecimal address either",
            file.display()
        ))
    })?;
    let mut byte = [0];
    if !program.fetch(address & !1, &mut byte) {
        return Err(Failure::usage(format!("{} has nothing at {address:#x}", file.display())));
    }
    let isa_bit = match isa {
        Some(isa) => isa.is_halfwords(),
        None => program.function_at(address & !1).is_some_and(|(_, value)| value & 1 != 0),
    };
    Ok(address | u64::from(isa_bit))
}

fn disassemble_block(out: &mut String, arch: &dyn GuestArch, code: &dyn CodeSource, block: &Block) {
    for insn in &block.guest {
        let loc = block.start.at(insn.pc | block.start.pc & 1);
        let digits = 2 * usize::from(insn.len);
        let (text, _) = arch.disassemble(loc, code);
        let _ = writeln!(out, "{:#10x}  {:<8}  {text}", insn.pc, format!("{:0digits$x}", insn.word));
    }
}

// ---- both ----

/// A location in the mode that programs begin in.
fn location(arch: &dyn GuestArch, pc: u64) -> Loc {
    Loc { pc, mode: arch.mode(&CpuState::new()) }
}

fn translate(
    arch: &dyn GuestArch,
    code: &dyn CodeSource,
    loc: Loc,
) -> Result<(demotic_translator::Region, Listing), Failure> {
    let listed = list_region(arch, code, loc, ListOptions::default());
    listed.map_err(|error| Failure::new(format!("{:#x} cannot be translated: {error}", loc.pc)))
}

fn heading(out: &mut String, text: &str) {
    let gap = if out.is_empty() { "" } else { "\n" };
    let _ = writeln!(out, "{gap}-- {text}");
}

fn show_listing(out: &mut String, parts: Parts, listing: &Listing) {
    if parts.clif {
        heading(out, "CLIF");
        out.push_str(&listing.clif);
    }
    if parts.host {
        heading(out, &format!("host code, {} bytes", listing.code_bytes));
        out.push_str(&listing.host);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(what: &str, arch: Isa) -> String {
        let what = what.into();
        explain(&ExplainFlags { what, arch: Some(arch), ir: false, clif: false, host: false }).unwrap()
    }

    #[test]
    fn a_word_is_followed_from_its_row_to_host_code() {
        let text = explained("e0810002", Isa::Arm);
        for part in [
            "ADD_reg",
            "tables/a32_data_processing.decode:",
            "add r0, r1, r2",
            "IR as lifted",
            "-- CLIF",
            "-- host code",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn a_branch_has_its_delay_slot() {
        assert!(explained("03e00008", Isa::Mips).contains("jr"));
    }

    #[test]
    fn what_is_no_word_is_refused() {
        assert!(parse_word("hello", Isa::Arm).is_err());
        assert_eq!(parse_word("4770", Isa::Thumb).unwrap(), (0x4770, 2));
        assert_eq!(parse_word("f000 f800", Isa::Thumb).unwrap(), (0xf000_f800, 4));
    }
}
