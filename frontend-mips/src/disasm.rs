//! Instructions as text, spelled as GNU objdump does.

use std::fmt::Write as _;

use crate::decode::{self, Operands, Set};

/// The instruction `word` at `pc` as text.
pub fn disassemble(set: Set, word: u32, pc: u32) -> String {
    text(set, word, Printer { pc, unit: 4 })
}

/// The text of a microMIPS instruction that stands for `word`: offsets count halfwords.
pub(crate) fn disassemble_halfwords(set: Set, word: u32, pc: u32) -> String {
    text(set, word, Printer { pc, unit: 2 })
}

fn text(set: Set, word: u32, printer: Printer) -> String {
    decode::disassemble(word, set, &printer).unwrap_or_else(|| format!(".word {word:#x}"))
}

/// Register names of the o32 ABI.
pub(crate) const GPR: [&str; 32] = [
    "zero", "at", "v0", "v1", "a0", "a1", "a2", "a3", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "s0",
    "s1", "s2", "s3", "s4", "s5", "s6", "s7", "t8", "t9", "k0", "k1", "gp", "sp", "s8", "ra",
];

/// Floating-point conditions.
const CONDITIONS: [&str; 16] = [
    "f", "un", "eq", "ueq", "olt", "ult", "ole", "ule", "sf", "ngle", "seq", "ngl", "lt", "nge", "le", "ngt",
];

/// Coprocessor 0 registers with select 0.
const CP0: [&str; 32] = [
    "c0_index",
    "c0_random",
    "c0_entrylo0",
    "c0_entrylo1",
    "c0_context",
    "c0_pagemask",
    "c0_wired",
    "c0_hwrena",
    "c0_badvaddr",
    "c0_count",
    "c0_entryhi",
    "c0_compare",
    "c0_status",
    "c0_cause",
    "c0_epc",
    "c0_prid",
    "c0_config",
    "c0_lladdr",
    "c0_watchlo",
    "c0_watchhi",
    "c0_xcontext",
    "$21",
    "$22",
    "c0_debug",
    "c0_depc",
    "c0_perfcnt",
    "c0_errctl",
    "c0_cacheerr",
    "c0_taglo",
    "c0_taghi",
    "c0_errorepc",
    "c0_desave",
];

/// A number of `bits` bits with its sign.
fn signed(number: u32, bits: u32) -> i32 {
    (number << (32 - bits)) as i32 >> (32 - bits)
}

/// Prints the operands of an instruction at `pc`.
struct Printer {
    pc: u32,
    /// Bytes that offsets of branches count.
    unit: u32,
}

/// The name at `index`, `?` if there is none.
pub(crate) fn name(names: &[&'static str], index: u32) -> &'static str {
    names.get(index as usize).copied().unwrap_or("?")
}

/// Appends `args`. Writing to a string cannot fail.
pub(crate) fn put(out: &mut String, args: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(args);
}

/// Appends a nonzero code after a space.
pub(crate) fn nonzero(out: &mut String, code: u32) {
    if code != 0 {
        put(out, format_args!(" {code:#x}"));
    }
}

impl Printer {
    /// Where a compact branch with an offset of `bits` bits leads.
    fn compact(&self, out: &mut String, offset: u32, bits: u32) {
        let distance = (signed(offset, bits) as u32).wrapping_mul(self.unit);
        put(out, format_args!("{:#x}", self.pc.wrapping_add(4).wrapping_add(distance)));
    }
}

/// The format that the ones at the top of a field `df/m` (7 bits) stand for: doublewords first.
fn bit_format(dfm: u32) -> usize {
    (dfm << 25).leading_ones().min(3) as usize
}

/// The format that the ones at the top of a field `df/n` (6 bits) stand for: bytes first.
fn element_format(dfn: u32) -> usize {
    (dfn << 26).leading_ones().min(3) as usize
}

impl Operands for Printer {
    // ---- registers ----
    fn reg(&self, out: &mut String, n: u32) {
        out.push_str(name(&GPR, n));
    }

    fn freg(&self, out: &mut String, n: u32) {
        put(out, format_args!("$f{n}"));
    }

    fn fcc(&self, out: &mut String, n: u32) {
        put(out, format_args!("$fcc{n}"));
    }

    /// A condition code and a comma, unless it is the first one.
    fn opt_fcc(&self, out: &mut String, n: u32) {
        if n != 0 {
            put(out, format_args!("$fcc{n}, "));
        }
    }

    /// A register after a space, unless it is register 0.
    fn opt_reg(&self, out: &mut String, n: u32) {
        if n != 0 {
            put(out, format_args!(" {}", name(&GPR, n)));
        }
    }

    /// The link register of JALR and a comma, unless it is the usual one.
    fn link(&self, out: &mut String, n: u32) {
        if n != 31 {
            put(out, format_args!("{}, ", name(&GPR, n)));
        }
    }

    fn hwr(&self, out: &mut String, n: u32) {
        match n {
            0..=3 => out.push_str(name(&["hwr_cpunum", "hwr_synci_step", "hwr_cc", "hwr_ccres"], n)),
            _ => put(out, format_args!("${n}")),
        }
    }

    fn fcr(&self, out: &mut String, n: u32) {
        match n {
            0 => out.push_str("c1_fir"),
            1 => out.push_str("c1_ufr"),
            4 => out.push_str("c1_unfr"),
            25 => out.push_str("c1_fccr"),
            26 => out.push_str("c1_fexr"),
            28 => out.push_str("c1_fenr"),
            31 => out.push_str("c1_fcsr"),
            _ => put(out, format_args!("${n}")),
        }
    }

    fn cp0(&self, out: &mut String, rd: u32, sel: u32) {
        match (rd, sel) {
            (rd, 0) => out.push_str(name(&CP0, rd)),
            (12, 1) => out.push_str("c0_intctl"),
            (12, 2) => out.push_str("c0_srsctl"),
            (12, 3) => out.push_str("c0_srsmap"),
            (15, 1) => out.push_str("c0_ebase"),
            (16, 1..=3) => put(out, format_args!("c0_config{sel}")),
            _ => put(out, format_args!("${rd}, {sel}")),
        }
    }

    fn ac(&self, out: &mut String, n: u32) {
        put(out, format_args!("$ac{n}"));
    }

    fn wreg(&self, out: &mut String, n: u32) {
        put(out, format_args!("$w{n}"));
    }

    fn msa_control(&self, out: &mut String, n: u32) {
        const NAMES: [&str; 8] = [
            "msa_ir",
            "msa_csr",
            "msa_access",
            "msa_save",
            "msa_modify",
            "msa_request",
            "msa_map",
            "msa_unmap",
        ];
        match NAMES.get(n as usize) {
            Some(name) => out.push_str(name),
            None => put(out, format_args!("${n}")),
        }
    }

    // ---- numbers ----
    fn simm(&self, out: &mut String, imm: u32) {
        put(out, format_args!("{}", imm as u16 as i16));
    }

    fn hex(&self, out: &mut String, n: u32) {
        put(out, format_args!("{n:#x}"));
    }

    /// A width that is stored less 1.
    fn size(&self, out: &mut String, less_one: u32) {
        put(out, format_args!("{:#x}", less_one + 1));
    }

    /// The width of the field from bit `lsb` to bit `msb`.
    fn span(&self, out: &mut String, msb: u32, lsb: u32) {
        put(out, format_args!("{:#x}", (msb + 1).wrapping_sub(lsb)));
    }

    /// A number of 5 bits with a sign.
    fn simm5(&self, out: &mut String, imm: u32) {
        put(out, format_args!("{}", (imm << 3) as u8 as i8 >> 3));
    }

    /// The bit number of a field `df/m`.
    fn bit(&self, out: &mut String, dfm: u32) {
        let width = [64, 32, 16, 8][bit_format(dfm)];
        put(out, format_args!("{:#x}", dfm & (width - 1)));
    }

    /// The element of a field `df/n`.
    fn elm(&self, out: &mut String, dfn: u32) {
        let count = [16, 8, 4, 2][element_format(dfn)];
        put(out, format_args!("{}", dfn & (count - 1)));
    }

    /// An offset of 10 bits with a sign that counts elements.
    fn scaled(&self, out: &mut String, offset: u32, df: u32) {
        put(out, format_args!("{}", i32::from((offset << 6) as u16 as i16 >> 6) << df));
    }

    /// A number of 6 bits with a sign.
    fn simm6(&self, out: &mut String, imm: u32) {
        put(out, format_args!("{}", (imm << 2) as u8 as i8 >> 2));
    }

    /// A number of 10 bits with a sign.
    fn simm10(&self, out: &mut String, imm: u32) {
        put(out, format_args!("{}", (imm << 6) as u16 as i16 >> 6));
    }

    /// The fields of DSPControl, which are left out when they are all.
    fn dsp_mask(&self, out: &mut String, mask: u32) {
        if mask != 0x3ff {
            put(out, format_args!(", {mask:#x}"));
        }
    }

    fn branch(&self, out: &mut String, offset: u32) {
        let distance = (offset as u16 as i16 as u32).wrapping_mul(self.unit);
        put(out, format_args!("{:#x}", self.pc.wrapping_add(4).wrapping_add(distance)));
    }

    fn compact21(&self, out: &mut String, offset: u32) {
        self.compact(out, offset, 21);
    }

    fn compact26(&self, out: &mut String, offset: u32) {
        self.compact(out, offset, 26);
    }

    fn pc19(&self, out: &mut String, offset: u32) {
        let distance = signed(offset, 19) << 2;
        put(out, format_args!("{:#x}", (self.pc & !3).wrapping_add(distance as u32)));
    }

    fn simm9(&self, out: &mut String, offset: u32) {
        put(out, format_args!("{}", signed(offset, 9)));
    }

    fn jump(&self, out: &mut String, index: u32) {
        put(out, format_args!("{:#x}", self.pc.wrapping_add(4) & 0xf000_0000 | index << 2));
    }

    fn code(&self, out: &mut String, code: u32) {
        nonzero(out, code);
    }

    fn trap_code(&self, out: &mut String, code: u32) {
        if code != 0 {
            put(out, format_args!(", {code:#x}"));
        }
    }

    /// The code of BREAK in two halves, of which zeros at the end are left out.
    fn break_code(&self, out: &mut String, code: u32) {
        match (code >> 10, code & 0x3ff) {
            (first, 0) => nonzero(out, first),
            (first, second) => put(out, format_args!(" {first:#x}, {second:#x}")),
        }
    }

    fn sync(&self, out: &mut String, kind: u32) {
        match kind {
            0 => {}
            0x04 => out.push_str("_wmb"),
            0x10 => out.push_str("_mb"),
            0x11 => out.push_str("_acquire"),
            0x12 => out.push_str("_release"),
            0x13 => out.push_str("_rmb"),
            _ => nonzero(out, kind),
        }
    }

    // ---- parts of mnemonics ----
    fn fmt(&self, out: &mut String, fmt: u32) {
        out.push_str(name(&["s", "d"], fmt));
    }

    /// A condition of release 6.
    fn cmp_cond(&self, out: &mut String, cond: u32) {
        const NAMES: [&str; 32] = [
            "af", "un", "eq", "ueq", "lt", "ult", "le", "ule", "saf", "sun", "seq", "sueq", "slt", "sult",
            "sle", "sule", "?", "or", "une", "ne", "?", "?", "?", "?", "?", "sor", "sune", "sne", "?", "?",
            "?", "?",
        ];
        out.push_str(name(&NAMES, cond));
    }

    /// The data format of vectors.
    fn df(&self, out: &mut String, df: u32) {
        out.push_str(name(&["b", "h", "w", "d"], df));
    }

    /// The data format of floating-point vectors.
    fn wd(&self, out: &mut String, df: u32) {
        out.push_str(name(&["w", "d"], df));
    }

    /// The data format of vectors of fractions and of half the width.
    fn hw(&self, out: &mut String, df: u32) {
        out.push_str(name(&["h", "w"], df));
    }

    fn bit_df(&self, out: &mut String, dfm: u32) {
        out.push_str(name(&["d", "w", "h", "b"], bit_format(dfm) as u32));
    }

    fn elm_df(&self, out: &mut String, dfn: u32) {
        out.push_str(name(&["b", "h", "w", "d"], element_format(dfn) as u32));
    }

    fn fcond(&self, out: &mut String, cond: u32) {
        out.push_str(name(&CONDITIONS, cond));
    }

    fn jic(&self, out: &mut String, offset: u32) {
        out.push_str(if offset == 0 { "jrc" } else { "jic" });
    }

    fn jialc(&self, out: &mut String, offset: u32) {
        out.push_str(if offset == 0 { "jalrc" } else { "jialc" });
    }

    /// The offset of a compact jump, after a comma.
    fn unless_0(&self, out: &mut String, offset: u32) {
        if offset != 0 {
            put(out, format_args!(", {}", signed(offset, 16)));
        }
    }

    // ---- instructions that have another name when an operand is register 0 ----
    fn addu(&self, out: &mut String, rt: u32) {
        out.push_str(if rt == 0 { "move" } else { "addu" });
    }

    fn or(&self, out: &mut String, rt: u32) {
        out.push_str(if rt == 0 { "move" } else { "or" });
    }

    fn sub(&self, out: &mut String, rs: u32) {
        out.push_str(if rs == 0 { "neg" } else { "sub" });
    }

    fn subu(&self, out: &mut String, rs: u32) {
        out.push_str(if rs == 0 { "negu" } else { "subu" });
    }

    fn addiu(&self, out: &mut String, rs: u32) {
        out.push_str(if rs == 0 { "li" } else { "addiu" });
    }

    fn ori(&self, out: &mut String, rs: u32) {
        out.push_str(if rs == 0 { "li" } else { "ori" });
    }

    fn bgez(&self, out: &mut String, rs: u32) {
        match rs {
            0 => out.push_str("b "),
            _ => put(out, format_args!("bgez {}, ", name(&GPR, rs))),
        }
    }

    /// The `z` of `beqz` and `bnez`.
    fn z(&self, out: &mut String, rt: u32) {
        out.push_str(if rt == 0 { "z" } else { "" });
    }

    /// The second of two registers that are compared.
    fn unless_zero(&self, out: &mut String, rt: u32) {
        self.second(out, rt);
    }

    /// A second operand that is left out when it is register 0.
    fn second(&self, out: &mut String, rs: u32) {
        if rs != 0 {
            put(out, format_args!("{}, ", name(&GPR, rs)));
        }
    }

    /// A third operand that is left out when it is register 0.
    fn third(&self, out: &mut String, rt: u32) {
        if rt != 0 {
            put(out, format_args!(", {}", name(&GPR, rt)));
        }
    }
}
