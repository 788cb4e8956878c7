//! Compares dumps, and makes small what differs.

use demotic_mips::encoding::Slot;
use libtest_mimic::Failed;

use crate::generate::{Generator, Insn, Sequence, UNDEFINED};
use crate::layout::{CODE, word};
use crate::modes::{Mode, Set};
use crate::run::{Dump, ENGINES, Side, complaint, run};
use crate::{open_floats, program, report};

const SIGILL: u32 = 4;
const SIGSEGV: u32 = 11;

/// The bits of CPSR that are compared: flags, Q, IT, GE, E, T.
const CPSR: u32 = 0xfe0f_fe20;

/// The bits of CPSR that tell where in an IT block the processor is.
const IT: u32 = 0x0600_fc00;

/// Makes equal in two dumps what is not to be compared.
fn normalize(mode: &Mode, dump: &Dump) -> Dump {
    let mut dump = dump.clone();
    dump.words[word::FP_STATUS] &= mode.fp_status_out;
    if mode.mips.is_none() {
        dump.words[word::FLAGS] &= CPSR;
    }
    if is_bus_error(dump.words[word::SIGNAL]) {
        // Which of both a bad address raises, the kernel decides: it knows its own addresses.
        dump.words[word::SIGNAL] = SIGSEGV;
    }
    dump
}

/// SIGBUS, on ARM or on MIPS.
fn is_bus_error(signal: u32) -> bool {
    signal == 7 || signal == 10
}

/// Whether the two sides did the same, as far as the manual says what it is.
pub(crate) fn same(mode: &Mode, sequence: &Sequence, slot: u32, ours: &Dump, theirs: &Dump) -> bool {
    let end = |dump: &Dump| (dump.words[word::SIGNAL], dump.words[word::PC]);
    if is_bus_error(theirs.words[word::SIGNAL]) && end(ours) != end(theirs) {
        // Linux does unaligned accesses for programs when the processor cannot, and so does Demotic.
        return true;
    }
    let place = |dump: &Dump| (dump.words[word::PC] & !mode.set.isa_bit()).wrapping_sub(slot);
    let offset = place(ours);
    let insn_at = |dump: &Dump| match sequence.insn_at(place(dump)) {
        // It was in the delay slot.
        Some(insn) if has_slot(mode, insn) => sequence.insn_at(place(dump) + insn.bytes.len() as u32),
        at => at,
    };
    let at = insn_at(ours);
    if ours.words[word::SIGNAL] == SIGILL {
        if mode.set == Set::Compressed && ours.words[word::PC] & 1 == 0 {
            // A jump has left for MIPS32 code, and that is compressed code, or what ends it.
            return true;
        }
        // What is near a valid encoding is unpredictable mostly, and undefined here (MIPS32 volume I, 4.2: fields that
        // are 0 must be; ARM DDI 0406C, A5.1.2). The other way around would be wrong.
        if at.is_some_and(|insn| insn.name == UNDEFINED) {
            return true;
        }
    }
    let moves_structure = |insn: &Insn| ["VLD", "VST"].iter().any(|prefix| insn.name.starts_with(prefix));
    if is_bus_error(ours.words[word::SIGNAL]) && at.is_some_and(moves_structure) && end(ours) != end(theirs) {
        // qemu 7.2 does not check all alignments that encodings ask for (ARM DDI 0406C, A3.2.1).
        return true;
    }
    let stores_conditionally =
        |insn: &Insn| ["STREX", "STLEX", "SC"].iter().any(|prefix| insn.name.starts_with(prefix));
    let fails_at = |dump: &Dump, at: Option<&Insn>| {
        dump.words[word::SIGNAL] != 0 && at.is_some_and(stores_conditionally)
    };
    if (fails_at(ours, at) || fails_at(theirs, insn_at(theirs))) && end(ours) != end(theirs) {
        // Whether a store that fails for want of a reservation is checked for faults, the processor decides (ARM DDI
        // 0406C, A3.4.5), and a reservation of an earlier sequence may be there or not; without a load before it, it is
        // unpredictable (MIPS32 volume II, SC).
        return true;
    }
    let (ours, mut theirs) = (normalize(mode, ours), normalize(mode, theirs));
    if !mode.set.is_mips() && ours.words[word::FLAGS] & IT == 0 {
        // The last instruction of an IT block may be executed as if it stood behind, once its condition has been tested.
        theirs.words[word::FLAGS] &= !IT;
    }
    if mode.flushes() {
        open_floats::raise_underflow(&ours, &mut theirs);
    }
    if mode.mips.is_some_and(|features| !features.nan2008) {
        open_floats::choose_nans(&ours, &mut theirs);
    }
    if mode.mips.is_some_and(|features| features.fr && !features.msa) {
        if open_floats::reads_open_half(mode, sequence) {
            return true;
        }
        open_floats::close_halves(&ours, &mut theirs);
    }
    if ours.words[word::SIGNAL] == SIGSEGV && !mode.set.is_mips() {
        // How far a load or store of several registers has got is open (ARM DDI 0406C, B1.9.8).
        return end(&ours) == end(&theirs);
    }
    // qemu does not always know that a reserved instruction is in a delay slot, and takes forbidden slots, which are not
    // part of their branches (MIPS32 volume I-A, release 6, 4.1.3), for such.
    let their_offset = place(&theirs);
    let beside = |a: u32, b: u32| {
        sequence.insn_at(a).is_some_and(|insn| insn.jumps && b == a.wrapping_add(insn.bytes.len() as u32))
    };
    if mode.set.is_mips() && (beside(offset, their_offset) || beside(their_offset, offset)) {
        return ours == Dump { words: with_pc(&theirs, ours.words[word::PC]), ..theirs };
    }
    ours == theirs
}

/// Whether an instruction has a delay slot.
fn has_slot(mode: &Mode, insn: &Insn) -> bool {
    match mode.set {
        Set::Mips => insn.jumps && insn.name != UNDEFINED,
        _ => mode.slot(insn.word, insn.bytes.len()) != Slot::None,
    }
}

/// A dump's words, but another pc.
fn with_pc(dump: &Dump, pc: u32) -> [u32; word::COUNT] {
    let mut words = dump.words;
    words[word::PC] = pc;
    words
}

/// The sequences on which the two sides differ, with a report on each.
pub(crate) fn differences(
    mode: &Mode,
    sequences: &[Sequence],
    seed: u64,
    limit: usize,
) -> Result<Vec<String>, Failed> {
    let theirs = run(mode, sequences, seed, Side::Qemu)?;
    let n = theirs.len();
    if n < sequences.len() && gives_up(mode, sequences, seed, n)? {
        let rest = [&sequences[..n], &sequences[n + 1..]].concat();
        return differences(mode, &rest, seed, limit);
    }
    let slots = program::slots(mode, sequences);
    let mut reports = Vec::new();
    for engine in ENGINES {
        let ours = run(mode, sequences, seed, Side::Demotic(engine))?;
        for (n, sequence) in sequences.iter().enumerate() {
            let agree = match (ours.get(n), theirs.get(n)) {
                (Some(ours), Some(theirs)) => same(mode, sequence, slots[n], ours, theirs),
                (None, None) => {
                    let code = report::code(mode, sequence);
                    return Err(format!("both sides end in or after sequence {n}:\n{code}").into());
                }
                _ => false,
            };
            if !agree {
                let report = explain(mode, sequence, seed, engine)?;
                reports.push(report.unwrap_or_else(|| together(mode, sequence, engine, n, &ours, &theirs)));
            }
            if reports.len() >= limit || ours.len() <= n || theirs.len() <= n {
                break;
            }
        }
        if !reports.is_empty() {
            break;
        }
    }
    Ok(reports)
}

/// Whether the reference ended early, at sequence `n`, for want of something that is not the processor's.
fn gives_up(mode: &Mode, sequences: &[Sequence], seed: u64, n: usize) -> Result<bool, Failed> {
    if !mode.set.is_mips() {
        // In the kernel's page at 0xffff0000 qemu only knows calls of its helpers (EXCP_KERNEL_TRAP); what else is there
        // is the kernel's own affair (Linux, kernel_user_helpers.rst).
        return Ok(complaint(mode, sequences, seed)?.contains("unhandled CPU exception 0x9 "));
    }
    // A jump to MIPS32 code at an address that is not a word's: qemu 7.2 ends the program, for Linux would raise SIGBUS.
    let ours = run(mode, sequences, seed, Side::Demotic(ENGINES[0]))?;
    // An odd one is that of compressed code where the processor has any.
    let beside_word = |pc: u32| if mode.set == Set::Compressed { pc & 3 == 2 } else { pc & 3 != 0 };
    let jumps = |dump: &Dump| is_bus_error(dump.words[word::SIGNAL]) && beside_word(dump.words[word::PC]);
    Ok(ours.get(n).is_some_and(jumps))
}

/// Whether there is a difference between any of the sequences' results and the reference's.
pub(crate) fn differ_somewhere(mode: &Mode, sequences: &[Sequence]) -> Result<bool, Failed> {
    let theirs = run(mode, sequences, 0, Side::Qemu)?;
    let ours = run(mode, sequences, 0, Side::Demotic(ENGINES[0]))?;
    let slots = program::slots(mode, sequences);
    let agree = |n: usize| match (ours.get(n), theirs.get(n)) {
        (Some(ours), Some(theirs)) => same(mode, &sequences[n], slots[n], ours, theirs),
        (ours, theirs) => ours.is_some() == theirs.is_some(),
    };
    Ok(!(0..sequences.len()).all(agree))
}

fn differ(mode: &Mode, sequence: &Sequence, seed: u64, engine: &'static str) -> Result<bool, Failed> {
    let one = std::slice::from_ref(sequence);
    let theirs = run(mode, one, seed, Side::Qemu)?;
    let ours = run(mode, one, seed, Side::Demotic(engine))?;
    Ok(match (ours.first(), theirs.first()) {
        (Some(ours), Some(theirs)) => !same(mode, sequence, CODE, ours, theirs),
        (ours, theirs) => ours.is_some() != theirs.is_some(),
    })
}

/// Leaves out what is not needed for the difference.
fn shrink(mode: &Mode, mut sequence: Sequence, seed: u64, engine: &'static str) -> Result<Sequence, Failed> {
    let mut at = sequence.code.len();
    while at > 0 && sequence.code.len() > 1 {
        at -= 1;
        let mut shorter = sequence.clone();
        shorter.code.remove(at);
        Generator { mode, end: program::end(mode) }.aim(&mut shorter.code);
        if is_valid(mode, &shorter) && differ(mode, &shorter, seed, engine).unwrap_or(false) {
            sequence = shorter;
            at = at.min(sequence.code.len());
        }
    }
    Ok(sequence)
}

/// Delay slots have no branches, and the right length.
fn is_valid(mode: &Mode, sequence: &Sequence) -> bool {
    let generator = Generator { mode, end: program::end(mode) };
    let slots = sequence.code.windows(2).all(|pair| generator.may_follow(&pair[0], &pair[1]));
    let last = sequence.code.last();
    !mode.set.is_mips() || slots && last.and_then(|last| generator.last_slot(last)).is_none()
}

/// A difference that comes from what an earlier sequence has left behind.
fn together(
    mode: &Mode,
    sequence: &Sequence,
    engine: &str,
    n: usize,
    ours: &[Dump],
    theirs: &[Dump],
) -> String {
    let (Some(ours), Some(theirs)) = (ours.get(n), theirs.get(n)) else {
        return format!("({engine}) one side ends early at sequence {n}:\n{}", report::code(mode, sequence));
    };
    let text = report::difference(mode, sequence, engine, ours, theirs);
    format!("sequence {n}, only together with those before it: {text}")
}

/// What a sequence does by itself that differs, if it does.
fn explain(
    mode: &Mode,
    sequence: &Sequence,
    seed: u64,
    engine: &'static str,
) -> Result<Option<String>, Failed> {
    if !differ(mode, sequence, seed, engine)? {
        return Ok(None);
    }
    let sequence = shrink(mode, sequence.clone(), seed, engine)?;
    let one = std::slice::from_ref(&sequence);
    let theirs = run(mode, one, seed, Side::Qemu)?;
    let ours = run(mode, one, seed, Side::Demotic(engine))?;
    Ok(Some(match (ours.first(), theirs.first()) {
        (Some(ours), Some(theirs)) => {
            let (ours, theirs) = (normalize(mode, ours), normalize(mode, theirs));
            report::difference(mode, &sequence, engine, &ours, &theirs)
        }
        (ours, _) => {
            let who = if ours.is_some() { "qemu" } else { engine };
            format!("{who} ends early:\n{}", report::code(mode, &sequence))
        }
    }))
}
