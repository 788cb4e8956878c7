//! Floating-point results that may differ.
//!
//! MIPS leaves open, where floating-point registers have 64 bits, the upper half of one that a single or a word has been
//! written to (MIPS32 volume I, 5.5: it is unpredictable). Demotic clears it, qemu keeps it.
//!
//! With NaNs as they were before 2008 an operand that is a quiet NaN becomes the result "when possible" (MIPS32 volume I,
//! 5.3.3). qemu always gives the default NaN.
//!
//! With FCSR.FS tiny results become zero; whether subnormal operands do, too, is open (MIPS32 volume I, FCSR), as in Demotic,
//! or not, as in qemu. So sequences with FS have no such operands, and for that only one instruction. A flushed result
//! is tiny and inexact, which raises Underflow and Inexact here (volume I, underflow exception); in qemu it raises nothing.

use demotic_test_harness::random::Random;

use crate::generate::{Input, Sequence};
use crate::layout::word;
use crate::modes::{FCSR_FS, Mode};
use crate::report::disassemble;
use crate::run::Dump;

/// Underflow and Inexact among the exceptions of FCSR.
const UNDERFLOW: u32 = 2;
const INEXACT: u32 = 1;
/// Where FCSR has Cause and Flags.
const CAUSE: u32 = 12;
const FLAGS: u32 = 2;

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

/// Makes a sequence begin with FCSR.FS set, and with numbers that are just not subnormal.
pub(crate) fn flush(input: &mut Input, random: &mut Random) {
    input.words[word::FP_STATUS] |= FCSR_FS;
    for half in input.vectors.iter_mut().flatten() {
        *half = normal(*half, random.below(2) == 0);
    }
}

/// A double, or two singles: the same, or, where that is wanted or it is subnormal, a very small one.
fn normal(bits: u64, small: bool) -> u64 {
    let single = |bits: u32, small: bool| {
        let subnormal = bits & 0x7f80_0000 == 0 && bits << 1 != 0;
        if small || subnormal { bits & 0x807f_ffff | 0x0080_0000 } else { bits }
    };
    let (high, low) = ((bits >> 32) as u32, bits as u32);
    let subnormal = high << 1 == 0 && low != 0;
    u64::from(single(high, small || subnormal)) << 32 | u64::from(single(low, small))
}

/// Makes the reference raise what we do for a result that is flushed.
pub(crate) fn raise_underflow(ours: &Dump, theirs: &mut Dump) {
    let our = ours.words[word::FP_STATUS];
    if our & FCSR_FS != 0 && our >> CAUSE & UNDERFLOW != 0 {
        let raised = (UNDERFLOW | INEXACT) << CAUSE | (UNDERFLOW | INEXACT) << FLAGS;
        theirs.words[word::FP_STATUS] |= our & raised;
    }
}
