//! What is not compared, and why: the reference is wrong, or the manual leaves a choice.
//!
//! The list is strict: in long runs, an exception for which the two sides do not differ is a failure.

use demotic_test_harness::random::Random;

use crate::generate::{Generator, Sequence};

/// Instructions that are left out.
pub(crate) struct Exception {
    /// The modes, by the beginning of their names.
    pub(crate) modes: &'static [&'static str],
    /// The rows; all of them if there are none.
    pub(crate) rows: &'static [&'static str],
    /// Which of their words.
    pub(crate) words: fn(u32) -> bool,
    /// Whether leaving them out is a matter of how the test works, not a difference that can be shown.
    pub(crate) unfit: bool,
    /// Why, with the manual's section.
    pub(crate) reason: &'static str,
}

const ARM: &[&str] = &["a32", "t32", "vfp", "asimd"];
const MIPS: &[&str] = &["mips", "dsp", "micromips"];

fn all(_: u32) -> bool {
    true
}

/// Bits 19 to 16 of an A32 or T32 word: the base register.
fn base(word: u32) -> u32 {
    word >> 16 & 15
}

fn base_in_list(word: u32) -> bool {
    word >> base(word) & 1 != 0
}

/// The base is R13, which is implied.
fn pops_sp(word: u32) -> bool {
    word >> 13 & 1 != 0
}

/// R13 as an operand of an A32 or T32 exclusive access, or two of its registers are the same.
fn strange_exclusive(word: u32) -> bool {
    let fields = [0, 8, 12, 16].map(|shift| word >> shift & 15);
    fields.contains(&13) || fields[0] + 1 == fields[2] || fields[0] == 12 && fields[2] == 13
}

/// The base is one of the two registers that a load with writeback loads. A32 names only the first.
fn base_is_loaded(word: u32) -> bool {
    let first = word >> 12 & 15;
    base(word) == first || base(word) == first + 1
}

/// The index is one of the two.
fn index_is_loaded(word: u32) -> bool {
    let first = word >> 12 & 15;
    word & 15 == first || word & 15 == first + 1
}

/// The same in T32, where both are named.
fn wide_base_is_loaded(word: u32) -> bool {
    word >> 21 & 1 != 0 && [8, 12].iter().any(|shift| word >> shift & 15 == base(word))
}

/// More fraction bits than the number has: bit 7 is its size.
fn negative_fraction(word: u32) -> bool {
    let size = if word & 0x80 == 0 { 16 } else { 32 };
    (word & 15) << 1 | word >> 5 & 1 > size
}

/// S31 and the one behind it.
fn beyond_s31(word: u32) -> bool {
    word & 0x2f == 0x2f
}

/// The control register that CTCMSA writes, bits 10 to 6, is MSACSR.
fn writes_msacsr(word: u32) -> bool {
    word >> 6 & 31 == 1
}

/// A32 data processing that sets the flags and writes R15.
fn returns_from_exception(word: u32) -> bool {
    word >> 26 & 3 == 0 && word >> 20 & 1 != 0 && word >> 12 & 15 == 15 && word >> 28 != 15
}

fn base_is_pc(word: u32) -> bool {
    base(word) == 15
}

/// Both registers of a permutation of two are the same.
fn permutes_itself(word: u32) -> bool {
    word >> 12 & 15 == word & 15 && word >> 22 & 1 == word >> 5 & 1
}

/// The last register of a structure is behind D31.
fn beyond_d31(word: u32) -> bool {
    let bit = |n: u32| word >> n & 1;
    let (count, spacing) = match (bit(23), word >> 8 & 15) {
        (0, 7) => (1, 1),
        (0, 10 | 8) => (2, 1),
        (0, 9) => (2, 2),
        (0, 6 | 4) => (3, 1),
        (0, 5) => (3, 2),
        (0, 1) => (4, 2),
        (0, _) => (4, 1),
        (_, 12) => (1 + bit(5), 1),
        (_, kind @ 13..) => ((kind & 3) + 1, 1 + bit(5)),
        (_, kind) => ((kind & 3) + 1, 1 + [0, bit(5), bit(6), 0][kind as usize >> 2]),
    };
    (bit(22) << 4 | word >> 12 & 15) + (count - 1) * spacing > 31
}

/// A double in an odd register: fd or fs.
fn odd_double(word: u32) -> bool {
    word >> 21 & 1 != 0 && (word >> 6 | word >> 11) & 1 != 0
}

/// The register that is loaded or stored is odd: bits 20 to 16, and for indexed accesses those that hold fd or fs.
fn odd_access(word: u32) -> bool {
    match word >> 26 {
        0x13 => (word >> 6 | word >> 11) & 1 != 0,
        _ => word >> 16 & 1 != 0,
    }
}

/// The control register does not exist.
fn no_control(word: u32) -> bool {
    ![0, 25, 26, 28, 31].contains(&(word >> 11 & 31))
}

/// The result goes to register 0.
fn discards_result(word: u32) -> bool {
    word >> 11 & 31 == 0 || word >> 16 & 31 == 0
}

/// Both operands are register 0.
fn compares_zeros(word: u32) -> bool {
    word >> 16 & 0x3ff == 0
}

/// R31 is what is tested.
fn tests_link(word: u32) -> bool {
    word >> 21 & 31 == 31
}

/// The place of the register is one of two.
fn tests_link_compactly(word: u32) -> bool {
    word >> 16 & 31 == 31 || tests_link(word)
}

/// A trap's code, with which Linux raises SIGFPE.
fn traps_arithmetic(word: u32) -> bool {
    matches!(word >> 6 & 0x3ff, 6 | 7)
}

/// The same in microMIPS, whose codes have four bits.
fn traps_arithmetic_short(word: u32) -> bool {
    matches!(word >> 12 & 15, 6 | 7)
}

/// The same of MIPS16e's BREAK.
fn breaks_arithmetic(word: u32) -> bool {
    matches!(word >> 5 & 0x3f, 6 | 7)
}

/// R25 and the next one.
fn loads_k0(word: u32) -> bool {
    word >> 21 & 31 == 25
}

/// All of them.
pub(crate) static EXCEPTIONS: &[Exception] = &[
    Exception {
        modes: ARM,
        rows: &["SVC"],
        words: all,
        unfit: true,
        reason: "random system calls would do anything at all",
    },
    Exception {
        modes: ARM,
        rows: &["BLX_imm"],
        words: all,
        unfit: true,
        reason: "what follows would be executed in the other instruction set",
    },
    Exception {
        modes: ARM,
        rows: &["MRC", "MCR", "MRRC", "MCRR"],
        words: all,
        unfit: true,
        reason: "system registers are the kernel's: a program sees the thread register, which programs test",
    },
    Exception {
        modes: ARM,
        rows: &["LDM", "STM", "LDM_ia", "LDM_db", "STM_ia", "STM_db"],
        words: base_in_list,
        unfit: false,
        reason: "the base in the list is unpredictable with writeback (ARM DDI 0406C, A8.8.58)",
    },
    Exception {
        modes: ARM,
        rows: &["POP", "PUSH"],
        words: pops_sp,
        unfit: false,
        reason: "R13 in the list is unpredictable (ARM DDI 0406C, A8.8.131 and A8.8.133)",
    },
    Exception {
        modes: ARM,
        rows: &[
            "STREX", "STREXB", "STREXH", "STREXD", "LDREX", "LDREXB", "LDREXH", "LDREXD", "STLEX", "STLEXB",
            "STLEXH", "STLEXD", "LDAEX", "LDAEXB", "LDAEXH", "LDAEXD",
        ],
        words: strange_exclusive,
        // Only some of them differ.
        unfit: true,
        reason: "R13 and registers that overlap are unpredictable in ARMv7 (ARM DDI 0406C, A8.8.212 to A8.8.215); here \
                 R13 is allowed as in ARMv8",
    },
    Exception {
        modes: &["a32"],
        rows: &[],
        words: returns_from_exception,
        unfit: false,
        reason: "an exception return is unpredictable in User mode (ARM DDI 0406C, B9.3.20)",
    },
    Exception {
        modes: &["t32"],
        rows: &["TBB", "TBH"],
        words: all,
        unfit: true,
        reason: "random tables lead into other sequences",
    },
    Exception {
        modes: &["t32"],
        rows: &["BX", "BLX_reg"],
        words: all,
        unfit: true,
        reason: "what follows would be executed in the other instruction set",
    },
    Exception {
        modes: &["asimd"],
        rows: &["VZIP", "VZIP_words", "VUZP", "VUZP_words", "VTRN"],
        words: permutes_itself,
        unfit: false,
        reason: "the results are unknown if both registers are the same (ARM DDI 0406C, A8.8.420, A8.8.423, A8.8.424)",
    },
    Exception {
        modes: &["asimd"],
        rows: &[
            "VLD1_two",
            "VLD1_three",
            "VLD1_four",
            "VLD1_all",
            "VLD2_multiple",
            "VLD2_twice",
            "VLD2_lane",
            "VLD2_all",
            "VLD3_multiple",
            "VLD3_lane",
            "VLD3_all",
            "VLD4_multiple",
            "VLD4_lane",
            "VLD4_all",
            "VST1_two",
            "VST1_three",
            "VST1_four",
            "VST2_multiple",
            "VST2_twice",
            "VST2_lane",
            "VST3_multiple",
            "VST3_lane",
            "VST4_multiple",
            "VST4_lane",
        ],
        words: beyond_d31,
        unfit: false,
        reason: "registers behind D31 are unpredictable (ARM DDI 0406C, A8.8.320 and those that follow); undefined here",
    },
    Exception {
        modes: &["t32", "vfp-t32", "asimd-t32"],
        rows: &["IT", "IT_always"],
        words: all,
        unfit: true,
        reason: "what follows must fit into the block: the generator makes blocks of its own",
    },
    Exception {
        modes: &["a32"],
        rows: &["LDRD_imm_wb", "LDRD_reg_wb"],
        words: base_is_loaded,
        unfit: false,
        reason: "a base that is loaded is unpredictable with writeback (ARM DDI 0406C, A8.8.72 and A8.8.74)",
    },
    Exception {
        modes: &["a32"],
        rows: &["LDRD_reg", "LDRD_reg_wb"],
        words: index_is_loaded,
        unfit: false,
        reason: "an index that is loaded is unpredictable (ARM DDI 0406C, A8.8.74)",
    },
    Exception {
        modes: &["t32"],
        rows: &["HLT"],
        words: |word| word & 0x3f == 0x3c,
        unfit: true,
        reason: "qemu takes it for a semihosting call",
    },
    Exception {
        modes: &["t32"],
        rows: &["LDRD_imm"],
        words: wide_base_is_loaded,
        unfit: false,
        reason: "a base that is loaded is unpredictable with writeback (ARM DDI 0406C, A8.8.72)",
    },
    Exception {
        modes: &["vfp"],
        rows: &["VCVT_from_fixed", "VCVT_to_fixed"],
        words: negative_fraction,
        unfit: false,
        reason: "a negative number of fraction bits is unpredictable (ARM DDI 0406C, A8.8.308); undefined here",
    },
    Exception {
        modes: &["vfp"],
        rows: &["VMOV_to_core_2s", "VMOV_from_core_2s"],
        words: beyond_s31,
        unfit: false,
        reason: "S31 has no next one: unpredictable (ARM DDI 0406C, A8.8.344); undefined here",
    },
    Exception {
        modes: &["vfp-t32"],
        rows: &["VLDM_s", "VLDM_d", "VSTM_s", "VSTM_d", "VSTR"],
        words: base_is_pc,
        unfit: false,
        reason: "in T32 the base must not be R15 (ARM DDI 0406C, A8.8.332, A8.8.412, A8.8.413)",
    },
    Exception {
        modes: &["vfp"],
        rows: &["VMSR"],
        words: all,
        unfit: false,
        reason: "random numbers would choose short vectors, which are refused; every mode of FPSCR is tried as an \
                 input",
    },
    Exception {
        modes: &["mipsel-fpu", "mips-fpu", "mipsel-nan", "mips-nan"],
        rows: &["ABS_fmt", "NEG_fmt", "ABS_PS", "NEG_PS"],
        words: all,
        unfit: false,
        reason: "without ABS2008 they are arithmetic: NaNs count as operands, and Cause is set (MIPS32 volume II, ABS.fmt); \
                 qemu 7.2 only changes the sign",
    },
    Exception {
        modes: &["mipsel-fpu", "mips-fpu"],
        rows: &["MOVF_fmt", "MOVT_fmt", "MOVZ_fmt", "MOVN_fmt"],
        words: odd_double,
        unfit: false,
        reason: "with FR=0 odd registers hold no double: unpredictable (MIPS32 volume I, 5.5); reserved here",
    },
    Exception {
        modes: &["mipsel-fpu", "mips-fpu"],
        rows: &["LDC1", "SDC1", "LDXC1", "SDXC1"],
        words: odd_access,
        unfit: false,
        reason: "with FR=0 odd registers hold no double: unpredictable (MIPS32 volume II, LDC1); reserved here",
    },
    Exception {
        modes: &["mipsel-fpu", "mips-fpu"],
        rows: &["LUXC1", "SUXC1"],
        words: all,
        unfit: false,
        reason: "unpredictable with FR=0 (MIPS32 volume II, LUXC1)",
    },
    Exception {
        modes: MIPS,
        rows: &["CFC1"],
        words: no_control,
        unfit: false,
        reason: "control registers that do not exist are unpredictable (MIPS32 volume II, CFC1); 0 here",
    },
    Exception {
        modes: MIPS,
        rows: &["CTC1"],
        words: all,
        unfit: true,
        reason: "random numbers would enable exceptions; every mode of FCSR is tried as an input",
    },
    Exception {
        modes: &["mipsr6", "mipselr6", "micromipsr6"],
        rows: &["BOVC", "BNVC"],
        words: compares_zeros,
        unfit: false,
        reason: "qemu 7.2 takes them for BEQZALC and BNEZALC, which need rt > 0, and links (MIPS32 volume II-A, release \
                 6, BOVC)",
    },
    Exception {
        modes: &["mipsr6", "mipselr6"],
        rows: &["LLWP", "SCWP"],
        words: all,
        unfit: false,
        reason: "qemu 7.2 takes them for LL and SC with an offset (MIPS32 volume II-A, release 6, LLWP)",
    },
    Exception {
        modes: &["dsp"],
        rows: &[],
        words: discards_result,
        unfit: false,
        reason: "qemu 7.2 does nothing at all when the result goes to register 0; DSPControl changes nevertheless \
                 (MIPS32 volume IV-e, 3.10 and the instructions' operation)",
    },
    Exception {
        modes: MIPS,
        rows: &["BLTZAL", "BGEZAL", "BLTZALL", "BGEZALL"],
        words: tests_link,
        unfit: false,
        reason: "R31 must not be tested (MIPS32 volume II, BGEZAL: restrictions)",
    },
    Exception {
        modes: &["mipselr6", "mipsr6", "micromipsr6"],
        rows: &["BEQZALC", "BNEZALC", "BLEZALC", "BGEZALC", "BGTZALC", "BLTZALC"],
        words: tests_link_compactly,
        unfit: false,
        reason: "R31 must not be tested (MIPS32 volume II, release 6, B<cond>ALC: branch-and-link restartability); \
                 qemu 7.2 tests it when it has been written",
    },
    Exception {
        modes: &["mips", "dsp"],
        rows: &["TGE", "TGEU", "TLT", "TLTU", "TEQ", "TNE"],
        words: traps_arithmetic,
        unfit: false,
        reason: "qemu 7.2 raises SIGTRAP whatever the code; Linux raises SIGFPE for codes 6 and 7 \
                 (arch/mips/kernel/traps.c, do_trap_or_bp)",
    },
    Exception {
        modes: &["micromips"],
        rows: &["TGE", "TGEU", "TLT", "TLTU", "TEQ", "TNE"],
        words: traps_arithmetic_short,
        unfit: false,
        reason: "qemu 7.2 raises SIGTRAP whatever the code; Linux raises SIGFPE for codes 6 and 7 \
                 (arch/mips/kernel/traps.c, do_trap_or_bp)",
    },
    Exception {
        modes: &["micromips"],
        rows: &["BREAK16"],
        words: |word| matches!(word & 15, 6 | 7),
        unfit: false,
        reason: "qemu 7.2 raises SIGTRAP whatever the code; Linux raises SIGFPE for codes 6 and 7 \
                 (arch/mips/kernel/traps.c, do_trap_or_bp)",
    },
    Exception {
        modes: &["micromipsr6"],
        rows: &["BREAK16_R6"],
        words: |word| matches!(word >> 6 & 15, 6 | 7),
        unfit: false,
        reason: "qemu 7.2 raises SIGTRAP whatever the code; Linux raises SIGFPE for codes 6 and 7 \
                 (arch/mips/kernel/traps.c, do_trap_or_bp)",
    },
    Exception {
        modes: &["micromipsr6"],
        rows: &["AUIPC"],
        words: all,
        // Examples stand at words, where it makes no difference.
        unfit: true,
        reason: "qemu 7.2 clears the low two bits of the address, as for ADDIUPC and LWPC (MIPS volume II-B, release 6, \
                 AUIPC: PC + immediate)",
    },
    Exception {
        modes: &["mips16e"],
        rows: &["BREAK"],
        words: breaks_arithmetic,
        unfit: false,
        reason: "qemu 7.2 raises SIGTRAP whatever the code; Linux raises SIGFPE for codes 6 and 7 \
                 (arch/mips/kernel/traps.c, do_trap_or_bp)",
    },
    Exception {
        modes: &["micromips"],
        rows: &["SWM16", "SWM16_R6", "SWM32"],
        words: all,
        unfit: false,
        reason: "qemu 7.2 stores only halfwords (MIPS volume II-B, SWM32: words)",
    },
    Exception {
        modes: &["micromips"],
        rows: &["LWP"],
        words: loads_k0,
        unfit: true,
        reason: "the second register is the one that points to the program's record",
    },
    Exception {
        modes: &["mipsel-msa", "mips-msa"],
        rows: &["CTCMSA"],
        words: writes_msacsr,
        unfit: false,
        reason: "qemu-user 7.2 has no signal for an MSA floating-point exception, which a cause written together with its \
                 enable is, and aborts (MIPS volume IV-j, CTCMSA; Linux raises SIGFPE: arch/mips/kernel/traps.c, do_msa_fpe)",
    },
    Exception {
        modes: MIPS,
        rows: &["SYSCALL"],
        words: all,
        unfit: true,
        reason: "random system calls would do anything at all",
    },
    Exception {
        modes: MIPS,
        rows: &["RDHWR", "RDHWR_SEL", "RDHWR_MM6"],
        words: all,
        unfit: true,
        reason: "counters and the processor's number differ from run to run",
    },
];

impl Exception {
    /// Whether it is for a mode.
    pub(crate) fn concerns(&self, mode: &str) -> bool {
        self.modes.iter().any(|prefix| mode.starts_with(prefix))
    }

    fn has_row(&self, row: &str) -> bool {
        self.rows.is_empty() || self.rows.contains(&row)
    }

    /// Sequences of one instruction that it leaves out.
    pub(crate) fn examples(&self, generator: Generator<'_>) -> Vec<Sequence> {
        const EXAMPLES: usize = 100;
        const TRIES: usize = 10_000;
        let mut random = Random::new(0);
        let rows: Vec<_> = generator.mode.rows.iter().filter(|row| self.rows.contains(&row.name)).collect();
        let mut examples = Vec::new();
        for _ in 0..if rows.is_empty() { 0 } else { TRIES } {
            let row = rows[random.below(rows.len())];
            let word = row.word(&mut random).filter(|&word| (self.words)(word));
            examples.extend(word.map(|word| generator.single(row, word, &mut random)));
            if examples.len() == EXAMPLES {
                break;
            }
        }
        examples
    }
}

/// Whether an instruction is not to be generated.
pub(crate) fn excludes(mode: &str, row: &str, word: u32) -> bool {
    let excludes =
        |exception: &Exception| exception.concerns(mode) && exception.has_row(row) && (exception.words)(word);
    EXCEPTIONS.iter().any(excludes)
}
