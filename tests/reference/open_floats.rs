//! Floating-point results that may differ.
//!
//! MIPS leaves open, where floating-point registers have 64 bits, the upper half of one that a single or a word has been
//! written to (MIPS32 volume I, 5.5: it is unpredictable). Demotic clears it, qemu keeps it.
//!
//! With NaNs as they were before 2008 an operand that is a quiet NaN becomes the result "when possible" (MIPS32 volume I,
//! 5.3.3). qemu always gives the default NaN.

use crate::generate::Sequence;
use crate::modes::Mode;
use crate::report::disassemble;
use crate::run::Dump;

/// What an instruction does to floating-point registers, as its text tells.
struct Access {
    /// The registers that are named.
    registers: Vec<u32>,
    /// The first one is given a single or a word.
    writes_single: bool,
    /// The first one is given 64 bits, whatever it held.
    writes_double: bool,
    /// Of the others, or of all if none is written, 64 bits are read.
    reads_doubles: bool,
}

impl Access {
    fn of(text: &str) -> Access {
        let mnemonic = text.split_whitespace().next().unwrap_or_default();
        let parts: Vec<&str> = mnemonic.split('.').collect();
        let (operation, last) = (parts[0], parts[parts.len() - 1]);
        let result = if operation == "cmp" { last } else { parts.get(1).copied().unwrap_or_default() };
        let loads_single = ["lwc1", "lwxc1", "mtc1"].contains(&operation);
        let stores_double = ["sdc1", "sdxc1", "suxc1", "mfhc1"].contains(&operation);
        let keeps = ["movz", "movn", "movf", "movt", "maddf", "msubf", "sel"].contains(&operation);
        Access {
            registers: registers(text),
            writes_single: loads_single || ["s", "w"].contains(&result),
            writes_double: ["d", "l", "ps"].contains(&result) && !keeps
                || ["ldc1", "ldxc1", "luxc1", "mthc1"].contains(&operation),
            reads_doubles: stores_double || ["d", "l", "ps", "pu", "pl"].contains(&last),
        }
    }
}

/// The numbers in `$f0` to `$f31`.
fn registers(text: &str) -> Vec<u32> {
    let names = text.split(|c: char| !c.is_ascii_alphanumeric()).filter_map(|word| word.strip_prefix('f'));
    names.filter_map(|number| number.parse().ok()).collect()
}

/// Whether a sequence may read an open half.
pub(crate) fn reads_open_half(mode: &Mode, sequence: &Sequence) -> bool {
    let jumps = sequence.code.iter().any(|insn| insn.jumps);
    let mut open = 0u32;
    for insn in &sequence.code {
        let access = Access::of(&disassemble(mode, insn));
        let written = usize::from(access.writes_single || access.writes_double);
        let read = access.registers.get(written..).unwrap_or_default();
        if access.reads_doubles && read.iter().any(|n| open >> n & 1 != 0) {
            return true;
        }
        match access.registers.first() {
            Some(first) if access.writes_single => open |= 1 << first,
            Some(first) if access.writes_double && !jumps => open &= !(1 << first),
            _ => {}
        }
    }
    false
}

/// Makes the reference's open halves what ours are.
pub(crate) fn close_halves(ours: &Dump, theirs: &mut Dump) {
    for ([our, _], [their, _]) in ours.vectors.iter().zip(&mut theirs.vectors) {
        if *our == *their & 0xffff_ffff {
            *their = *our;
        }
    }
}

/// Makes the reference's NaNs ours where it has a default one.
pub(crate) fn choose_nans(ours: &Dump, theirs: &mut Dump) {
    for ([our, _], [their, _]) in ours.vectors.iter().zip(&mut theirs.vectors) {
        if is_default_double(*their) && *our << 1 > 0x7ff0_0000_0000_0000 << 1 {
            *their = *our;
        }
        for shift in [0, 32] {
            let word = choose_single((*our >> shift) as u32, (*their >> shift) as u32);
            *their = *their & !(0xffff_ffff << shift) | u64::from(word) << shift;
        }
    }
    for (our, their) in ours.words.iter().zip(&mut theirs.words) {
        *their = choose_single(*our, *their);
    }
}

fn is_default_double(bits: u64) -> bool {
    bits << 1 == 0x7ff7_ffff_ffff_ffff << 1
}

/// Our NaN if the reference has the default one, else what it has.
fn choose_single(our: u32, their: u32) -> u32 {
    if their << 1 == 0x7fbf_ffff << 1 && our << 1 > 0x7f80_0000 << 1 { our } else { their }
}
