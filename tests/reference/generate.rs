//! Random sequences of instructions, and random registers for them to begin with.

use demotic_mips::Encoding;
use demotic_mips::encoding::Slot;
use demotic_test_harness::random::{Random, float};

use crate::exceptions;
use crate::layout::{PAGE, RECORD, WINDOW, word};
use crate::mips;
use crate::modes::{Mode, Set};
use crate::open_floats;
use crate::rows::{Class, Field, Row};

/// An instruction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Insn {
    /// Its row, or [`UNDEFINED`].
    pub(crate) name: &'static str,
    /// Its encoding.
    pub(crate) word: u32,
    /// Its bytes in memory.
    pub(crate) bytes: Vec<u8>,
    /// Whether it goes elsewhere: in a delay slot or an IT block that is unpredictable.
    pub(crate) jumps: bool,
    /// If it does so by an offset: its row in the mode's list, and how many instructions it leaves out.
    pub(crate) branch: Option<(usize, usize)>,
}

/// What a sequence begins with, in the form of a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Input {
    pub(crate) words: [u32; word::COUNT],
    /// Two doublewords for each register, the low one first.
    pub(crate) vectors: [[u64; 2]; 32],
}

/// A sequence and what it begins with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Sequence {
    pub(crate) code: Vec<Insn>,
    pub(crate) input: Input,
}

/// In place of the row of a word that has none.
pub(crate) const UNDEFINED: &str = "(undefined)";

impl Sequence {
    /// The instruction at an offset from the beginning.
    pub(crate) fn insn_at(&self, offset: u32) -> Option<&Insn> {
        let mut at = 0;
        self.code.iter().find(|insn| {
            let here = at;
            at += insn.bytes.len() as u32;
            here == offset
        })
    }
}

/// Instructions in a sequence, at most.
pub(crate) const LENGTH: usize = 8;

/// FS, NX, Cause, Flags and rounding mode of MSACSR.
const MSACSR: u32 = 0x0105_f07f;

/// Makes sequences for a mode.
#[derive(Clone, Copy)]
pub(crate) struct Generator<'a> {
    pub(crate) mode: &'a Mode,
    /// The address at which sequences end.
    pub(crate) end: u32,
}

impl Generator<'_> {
    /// A random sequence.
    pub(crate) fn sequence(self, random: &mut Random) -> Sequence {
        let flush = self.mode.flushes() && random.below(4) == 0;
        let len = if flush || self.mode.alone() { 1 } else { 1 + random.below(LENGTH) };
        // Few registers, so that instructions work on each other's results, or many.
        let few = random.below(2) == 0;
        let mut code: Vec<Insn> = Vec::new();
        while code.len() < len {
            let Some(insn) = self.instruction(few, random) else { continue };
            if self.mode.set.is_mips() && may_loop(&code, &insn) {
                continue;
            }
            if self.mode.set == Set::T32 || code.last().is_none_or(|last| self.may_follow(last, &insn)) {
                code.push(insn);
            }
        }
        code.extend(code.last().and_then(|last| self.last_slot(last)));
        if self.mode.set == Set::T32 && random.below(3) == 0 {
            self.insert_it(&mut code, random);
        }
        self.aim(&mut code);
        let mut input = self.input(random);
        if flush {
            open_floats::flush(&mut input, random);
        }
        Sequence { code, input }
    }

    /// A sequence of one instruction, whatever the exceptions say of it.
    pub(crate) fn single(self, row: &Row, word: u32, random: &mut Random) -> Sequence {
        let bytes = self.mode.bytes(word, row.len);
        let code = vec![Insn { name: row.name, word, bytes, jumps: row.jumps(), branch: None }];
        Sequence { code, input: self.input(random) }
    }

    /// Whether an instruction may stand behind another one, maybe in its delay slot.
    pub(crate) fn may_follow(self, insn: &Insn, next: &Insn) -> bool {
        let fits = match self.mode.slot(insn.word, insn.bytes.len()) {
            Slot::Bytes(len) => next.bytes.len() as u32 == len,
            Slot::Any | Slot::None => true,
        };
        // In delay slots qemu 7.2 counts from two or four bytes before. MIPS16e counts from the jump (volume IV-a, 3.10),
        // microMIPS from the instruction (volume II-B, ADDIUPC).
        let counts_from_elsewhere =
            self.mode.set == Set::Compressed && ["ADDIUPC", "LWPC"].contains(&next.name);
        // Accesses to several registers are unpredictable there (volume II-B, LWM32).
        let several = ["LWM", "SWM", "LWP", "SWP"].iter().any(|prefix| next.name.starts_with(prefix))
            && next.name != "LWPC";
        // And PAUSE is (volume II, PAUSE).
        let unfit = next.jumps || counts_from_elsewhere || several || next.name == "PAUSE";
        fits && !(insn.jumps && unfit)
    }

    /// What must stand behind an instruction that is last: a no-op in the delay slot of a compressed one.
    pub(crate) fn last_slot(self, last: &Insn) -> Option<Insn> {
        let len = match self.mode.slot(last.word, last.bytes.len()) {
            Slot::None => return None,
            Slot::Any => 2,
            Slot::Bytes(len) => len as usize,
        };
        let word = match (self.mode.encoding, len) {
            (Some((Encoding::Mips16e, _)), _) => 0x6500,
            (_, 2) => 0x0c00,
            _ => 0,
        };
        Some(Insn { name: "NOP", word, bytes: self.mode.bytes(word, len), jumps: false, branch: None })
    }

    /// A random instruction.
    fn instruction(self, few: bool, random: &mut Random) -> Option<Insn> {
        let index = random.below(self.mode.rows.len());
        let row = &self.mode.rows[index];
        let mut word = row.word(random)?;
        if few {
            word = self.limit_registers(row, word);
        }
        if row.accesses_memory() && random.below(8) != 0 {
            word = limit_offsets(row, word, random);
        }
        let mut branch = None;
        if row.branches() {
            branch = Some((index, random.below(LENGTH)));
        } else if random.below(16) == 0 {
            word ^= 1 << random.below(8 * row.len);
        }
        let insn = self.accept(row, word, row.jumps())?;
        Some(Insn { branch, ..insn })
    }

    /// The instruction, unless it is one that cannot be compared.
    fn accept(self, row: &Row, word: u32, jumps: bool) -> Option<Insn> {
        // A narrow word may have become the first half of a wide one.
        let first = if row.len == 2 { word } else { word >> 16 };
        if self.mode.set.isa_bit() != 0 && self.mode.is_long(first) != (row.len == 4) {
            return None;
        }
        let name = match (self.mode.classify)(word, row.len) {
            Class::Executes(name) => name,
            Class::Undefined => UNDEFINED,
            Class::Other => return None,
        };
        // A changed bit may have made it an instruction of another row, or one that is not of this mode.
        let now = self.mode.rows.iter().find(|other| other.name == name && other.len == row.len);
        // Rows of other modes are tried there, and only those are known to be in proper form that are in the list.
        let moved = match now {
            Some(now) => name != row.name && now.jumps() || !now.is_proper(word),
            None => name != UNDEFINED,
        };
        let names_k0 = self.mode.set.is_mips() && mips::names_k0(word, row.len);
        if moved || names_k0 || exceptions::excludes(self.mode.name, name, word) {
            return None;
        }
        Some(Insn { name, word, bytes: self.mode.bytes(word, row.len), jumps, branch: None })
    }

    /// The word with few different registers, if it is still of the row.
    fn limit_registers(self, row: &Row, word: u32) -> u32 {
        let register = |field: &&Field| field.bits.len() >= 3 && field.name.starts_with(['r', 'v', 'f', 'b']);
        let limited = row.fields.iter().filter(register).fold(word, |word, field| {
            let keep = if field.name.starts_with(['v', 'f']) { 0x6 } else { 0x3 };
            field.set(word, field.get(word) & keep)
        });
        if (self.mode.classify)(limited, row.len) == Class::Executes(row.name) { limited } else { word }
    }

    /// Makes branches lead to an instruction further on in the sequence, or to its end.
    pub(crate) fn aim(self, code: &mut [Insn]) {
        for at in 0..code.len() {
            let (insn, rest) = code[at..].split_first_mut().expect("it is not the end");
            let Some((row, mut left_out)) = insn.branch else { continue };
            left_out = left_out.min(rest.len());
            let distance = |n: usize| rest[..n].iter().map(|insn| insn.bytes.len()).sum::<usize>();
            // Offsets count from where R15 points, and some are only forward.
            let base = match self.mode.set {
                Set::A32 => 8,
                Set::T32 | Set::Mips => 4,
                Set::Compressed => insn.bytes.len(),
            };
            if self.mode.slot(insn.word, insn.bytes.len()) != Slot::None {
                left_out = left_out.max(1).min(rest.len());
            }
            while insn.bytes.len() + distance(left_out) < base && left_out < rest.len() {
                left_out += 1;
            }
            let offset = (insn.bytes.len() + distance(left_out)).saturating_sub(base);
            insn.word = self.with_offset(&self.mode.rows[row], insn.word, offset as u32);
            insn.bytes = self.mode.bytes(insn.word, insn.bytes.len());
        }
    }

    /// The word with an offset in bytes, or with the end's address if it holds an address.
    fn with_offset(self, row: &Row, word: u32, offset: u32) -> u32 {
        row.fields.iter().fold(word, |word, field| match (field.name, self.mode.set) {
            (part, Set::Compressed) if row.template.contains(":jump") => {
                let index = self.jump_index(row);
                // MIPS16e has it in three parts.
                let value = match part {
                    "h" => index >> 21,
                    "l" => index >> 16,
                    _ => index,
                };
                field.set(word, value)
            }
            ("offset" | "imm" | "l", Set::Compressed) => field.set(word, offset / 2),
            ("h" | "m", Set::Compressed) => field.set(word, 0),
            (_, Set::Mips) if field.bits.len() == 26 && row.template.contains(":jump") => {
                field.set(word, self.end >> 2)
            }
            // Not to the delay slot.
            ("offset" | "imm", Set::Mips) => field.set(word, offset / 4 + u32::from(offset == 0)),
            ("imm", Set::A32) => field.set(word, offset / 4),
            ("imm", Set::T32) => field.set(word, offset / 2),
            ("sign", Set::T32) => field.set(word, 0),
            ("j1" | "j2", Set::T32) => field.set(word, u32::from(row.name != "B_cond")),
            _ => word,
        })
    }

    /// The index of a jump of compressed code to the end, or of one that leaves compressed code: halfwords or words.
    fn jump_index(self, row: &Row) -> u32 {
        match (row.name, self.mode.encoding) {
            ("JALX", _) => self.mode.mips.map_or(0, mips::save) / 4,
            (_, Some((Encoding::Mips16e, _))) => self.end / 4,
            _ => self.end / 2,
        }
    }

    /// Puts an IT instruction before those that may follow it.
    fn insert_it(self, code: &mut Vec<Insn>, random: &mut Random) {
        let may_follow = |insn: &Insn| {
            let leaves = ["IT", "CB", "SETEND", "CPS", "BKPT", "HLT", "B", "SVC"];
            let text = self.disassemble(insn);
            !insn.jumps
                && insn.name != UNDEFINED
                && !leaves.iter().any(|name| insn.name == *name || insn.name.starts_with(&format!("{name}_")))
                && !insn.name.starts_with("CB")
                && !text.contains("pc")
        };
        let at = random.below(code.len());
        let mask = 1 + random.below(15) as u32;
        let covered = 4 - mask.trailing_zeros() as usize;
        let condition = random.below(15) as u32;
        // `al` has no "else".
        let mask = if condition == 14 { 1 << mask.trailing_zeros() } else { mask };
        if code.len() >= at + covered && code[at..at + covered].iter().all(may_follow) {
            let word = 0xbf00 | condition << 4 | mask;
            let bytes = self.mode.bytes(word, 2);
            code.insert(at, Insn { name: "IT", word, bytes, jumps: false, branch: None });
        }
    }

    fn disassemble(self, insn: &Insn) -> String {
        crate::report::disassemble(self.mode, insn)
    }

    fn input(self, random: &mut Random) -> Input {
        let mut words = [0; word::COUNT];
        // To be jumped to by register.
        let end = if self.mode.set == Set::Compressed { self.end | 1 } else { self.end };
        for r in &mut words[word::R + 1..word::R + 32] {
            *r = integer(end, random);
        }
        if self.mode.mips.is_none() {
            words[word::R] = integer(end, random);
            words[word::FLAGS] = random.word() & 0xf80f_0000;
            words[word::R + 15..word::R + 32].fill(0);
        } else {
            words[word::R + mips::K0 as usize] = RECORD;
            words[word::FLAGS] = random.word() & 0x0f00_1fbf;
            words[word::ACCUMULATORS..word::ACCUMULATORS + 8].fill_with(|| integer(end, random));
        }
        words[word::FP_STATUS] = random.word() & self.mode.fp_status_in;
        if self.mode.mips.is_some_and(|features| features.msa) {
            words[word::VECTOR_STATUS] = random.word() & MSACSR;
        }
        let vectors = std::array::from_fn(|_| [float(random), float(random)]);
        Input { words, vectors }
    }
}

/// Whether a jump by register might go back into the MIPS code before it, behind a branch that links, and so forever.
fn may_loop(code: &[Insn], insn: &Insn) -> bool {
    let by_register = ["JR", "JALR", "JI"].iter().any(|prefix| insn.name.starts_with(prefix));
    by_register && code.iter().any(|before| before.jumps && before.name.contains("AL"))
}

/// Sequences of loads and stores shall stay near their bases.
fn limit_offsets(row: &Row, word: u32, random: &mut Random) -> u32 {
    row.fields.iter().fold(word, |word, field| match field.name {
        "offset" if field.bits.len() >= 9 => field.set(
            word,
            (random.word() & 0x1f8).wrapping_sub(0x100)
                | if random.below(8) == 0 { random.word() & 7 } else { 0 },
        ),
        "imm" if field.bits.len() >= 8 => field.set(word, field.get(word) & 0xff),
        // The parts of an extended MIPS16e offset.
        "h" => field.set(word, 0),
        "m" => field.set(word, field.get(word) & 0xf),
        _ => word,
    })
}

/// What general registers hold: mostly pointers, so that loads and stores succeed.
fn integer(end: u32, random: &mut Random) -> u32 {
    match random.below(16) {
        0..=8 => {
            let pointer = WINDOW + PAGE / 4 + random.word() % (PAGE / 2);
            if random.below(4) == 0 { pointer } else { pointer & !7 }
        }
        9 => random.word() & 0x3f,
        10..=12 => random.edge(),
        13 => end,
        _ => random.word(),
    }
}

/// What the window holds at first.
pub(crate) fn pattern(end: u32, random: &mut Random) -> Vec<u32> {
    (0..PAGE / 4).map(|_| integer(end, random)).collect()
}
