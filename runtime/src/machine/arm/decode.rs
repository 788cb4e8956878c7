//! Decoding of the instructions that reach the hypervisor, A32 and T32 alike (ARM DDI 0406, B9.3).

/// A coprocessor register's address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct CpReg {
    /// Coprocessor number.
    pub(super) coproc: u32,
    /// CRn, or 0 in the two-register form.
    pub(super) crn: u32,
    /// opc1.
    pub(super) opc1: u32,
    /// CRm.
    pub(super) crm: u32,
    /// opc2, or 0 in the two-register form.
    pub(super) opc2: u32,
}

/// Where a load or store of several registers begins and how it leaves its base.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Block {
    /// The address moves before each transfer.
    pub(super) before: bool,
    /// Upwards.
    pub(super) up: bool,
    /// The base is written back.
    pub(super) wback: bool,
}

impl Block {
    /// Address of the lowest word and the base's new value, for `count` words at `base`.
    pub(super) fn range(self, base: u32, count: u32) -> (u32, u32) {
        let len = 4 * count;
        let (start, end) =
            if self.up { (base, base.wrapping_add(len)) } else { (base.wrapping_sub(len), base) };
        // Going down, "after" means that the base's own word is the last one.
        let start = if self.before == self.up { start.wrapping_add(4) } else { start };
        (start, if self.up { end } else { base.wrapping_sub(len) })
    }
}

/// The value that an MSR or a data-processing instruction takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Operand {
    /// A constant.
    Imm(u32),
    /// A register, shifted by a constant: type and amount as encoded.
    Reg { rm: u32, shift: u32, amount: u32 },
    /// A register, shifted by another.
    RegByReg { rm: u32, shift: u32, rs: u32 },
}

/// An instruction for the hypervisor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Privileged {
    /// MRS: CPSR or SPSR to a register.
    Mrs { spsr: bool, rd: u32 },
    /// MSR: a value to bytes of CPSR or SPSR.
    Msr { spsr: bool, mask: u32, value: Operand },
    /// MRS of another mode's register; `sysm` has the field's five bits.
    MrsBanked { spsr: bool, sysm: u32, rd: u32 },
    /// MSR to another mode's register.
    MsrBanked { spsr: bool, sysm: u32, rn: u32 },
    /// CPS: `enable` gives the new masks (`None`: they stay), `mode` the new mode.
    Cps { enable: Option<bool>, aif: u32, mode: Option<u32> },
    /// Return from exception, from memory.
    Rfe { block: Block, rn: u32 },
    /// Store return state on the stack of a mode.
    Srs { block: Block, mode: u32 },
    /// SUBS PC, LR and its kin: data processing with S to the PC.
    ReturnBy { opcode: u32, rn: u32, operand: Operand },
    /// LDM with the PC and the S bit.
    LdmReturn { block: Block, rn: u32, list: u32 },
    /// LDM or STM of User mode's registers.
    UserBlock { load: bool, block: Block, rn: u32, list: u32 },
    /// Coprocessor register to ARM register.
    Mrc { reg: CpReg, rt: u32 },
    /// ARM register to coprocessor register.
    Mcr { reg: CpReg, rt: u32 },
    /// Wait for interrupt.
    Wfi,
    /// Hints that do nothing here: WFE (an event may always have come), SEV, YIELD, DBG.
    Hint,
}

impl Privileged {
    /// Its name in statistics; coprocessor accesses are counted by register instead.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Privileged::Mrs { .. } => "mrs",
            Privileged::Msr { .. } => "msr",
            Privileged::MrsBanked { .. } => "mrs (banked)",
            Privileged::MsrBanked { .. } => "msr (banked)",
            Privileged::Cps { .. } => "cps",
            Privileged::Rfe { .. } => "rfe",
            Privileged::Srs { .. } => "srs",
            Privileged::ReturnBy { .. } => "subs pc, lr",
            Privileged::LdmReturn { .. } => "ldm (exception return)",
            Privileged::UserBlock { load: true, .. } => "ldm (user registers)",
            Privileged::UserBlock { load: false, .. } => "stm (user registers)",
            Privileged::Mrc { .. } => "mrc (unknown register)",
            Privileged::Mcr { .. } => "mcr (unknown register)",
            Privileged::Wfi => "wfi",
            Privileged::Hint => "hint",
        }
    }
}

fn bit(word: u32, n: u32) -> bool {
    word >> n & 1 != 0
}

fn field(word: u32, low: u32, len: u32) -> u32 {
    word >> low & ((1 << len) - 1)
}

/// Decodes `word` as trapped: T16 in the low half, T32 with the first halfword on top. `None`: not for us.
pub(super) fn decode(word: u32, thumb: bool) -> Option<Privileged> {
    match (thumb, word >> 16) {
        (false, _) => a32(word),
        (true, 0) => t16(word),
        (true, _) => t32(word),
    }
}

fn a32(word: u32) -> Option<Privileged> {
    if word >> 28 == 0xf {
        return a32_unconditional(word);
    }
    a32_status(word)
        .or_else(|| a32_data_processing(word))
        .or_else(|| a32_block(word))
        .or_else(|| coprocessor(word))
}

fn a32_unconditional(word: u32) -> Option<Privileged> {
    let block = Block { before: bit(word, 24), up: bit(word, 23), wback: bit(word, 21) };
    if word & 0xfff1_0020 == 0xf100_0000 {
        return cps(field(word, 18, 2), field(word, 6, 3), bit(word, 17), word);
    }
    match word & 0xfe50_0000 {
        0xf810_0000 => Some(Privileged::Rfe { block, rn: field(word, 16, 4) }),
        0xf840_0000 => Some(Privileged::Srs { block, mode: field(word, 0, 5) }),
        _ => None,
    }
}

/// CPS from its fields; `imod` 1 and a change of nothing are not CPS.
fn cps(imod: u32, aif: u32, change_mode: bool, word: u32) -> Option<Privileged> {
    let enable = match imod {
        2 => Some(true),
        3 => Some(false),
        0 if change_mode => None,
        _ => return None,
    };
    // The encoded masks stand in the order of the CPSR, at bits 8 to 6 there.
    Some(Privileged::Cps { enable, aif: aif << 6, mode: change_mode.then_some(word & 0x1f) })
}

/// MRS, MSR and hints.
fn a32_status(word: u32) -> Option<Privileged> {
    let spsr = bit(word, 22);
    let mask = field(word, 16, 4);
    let sysm = field(word, 8, 1) << 4 | mask;
    let imm = field(word, 0, 8).rotate_right(2 * field(word, 8, 4));
    match word & 0x0fb0_0000 {
        0x0320_0000 if mask == 0 && !spsr => Some(hint(word)),
        0x0320_0000 => Some(Privileged::Msr { spsr, mask, value: Operand::Imm(imm) }),
        0x0100_0000 if word & 0x2f0 == 0 => Some(Privileged::Mrs { spsr, rd: field(word, 12, 4) }),
        0x0100_0000 if word & 0x2f0 == 0x200 => {
            Some(Privileged::MrsBanked { spsr, sysm, rd: field(word, 12, 4) })
        }
        0x0120_0000 if word & 0x2f0 == 0 => {
            let value = Operand::Reg { rm: field(word, 0, 4), shift: 0, amount: 0 };
            Some(Privileged::Msr { spsr, mask, value })
        }
        0x0120_0000 if word & 0x2f0 == 0x200 => {
            Some(Privileged::MsrBanked { spsr, sysm, rn: field(word, 0, 4) })
        }
        _ => None,
    }
}

fn hint(word: u32) -> Privileged {
    if word & 0xff == 3 { Privileged::Wfi } else { Privileged::Hint }
}

/// Data processing with S and the PC as destination; comparisons have no destination.
fn a32_data_processing(word: u32) -> Option<Privileged> {
    let opcode = field(word, 21, 4);
    if word & 0x0c10_f000 != 0x0010_f000 || (8..12).contains(&opcode) {
        return None;
    }
    let (rm, shift) = (field(word, 0, 4), field(word, 5, 2));
    let operand = match (bit(word, 25), bit(word, 4)) {
        (true, _) => Operand::Imm(field(word, 0, 8).rotate_right(2 * field(word, 8, 4))),
        (false, false) => Operand::Reg { rm, shift, amount: field(word, 7, 5) },
        (false, true) if !bit(word, 7) => Operand::RegByReg { rm, shift, rs: field(word, 8, 4) },
        _ => return None,
    };
    Some(Privileged::ReturnBy { opcode, rn: field(word, 16, 4), operand })
}

/// LDM and STM with the S bit.
fn a32_block(word: u32) -> Option<Privileged> {
    if word & 0x0e40_0000 != 0x0840_0000 {
        return None;
    }
    let block = Block { before: bit(word, 24), up: bit(word, 23), wback: bit(word, 21) };
    let (rn, list, load) = (field(word, 16, 4), field(word, 0, 16), bit(word, 20));
    Some(match load && bit(list, 15) {
        true => Privileged::LdmReturn { block, rn, list },
        false => Privileged::UserBlock { load, block, rn, list },
    })
}

/// MRC and MCR, whose encoding below the condition is the same in A32 and T32.
fn coprocessor(word: u32) -> Option<Privileged> {
    if word & 0x0f00_0010 != 0x0e00_0010 {
        return None;
    }
    let reg = CpReg {
        coproc: field(word, 8, 4),
        crn: field(word, 16, 4),
        opc1: field(word, 21, 3),
        crm: field(word, 0, 4),
        opc2: field(word, 5, 3),
    };
    let rt = field(word, 12, 4);
    Some(if bit(word, 20) { Privileged::Mrc { reg, rt } } else { Privileged::Mcr { reg, rt } })
}

fn t16(word: u32) -> Option<Privileged> {
    match word {
        _ if word & 0xffe8 == 0xb660 => cps(2 + field(word, 4, 1), field(word, 0, 3), false, 0),
        0xbf30 => Some(Privileged::Wfi),
        _ if word & 0xff0f == 0xbf00 => Some(Privileged::Hint),
        _ => None,
    }
}

fn t32(word: u32) -> Option<Privileged> {
    t32_status(word).or_else(|| t32_stack(word)).or_else(|| match word >> 28 {
        0xe => coprocessor(word),
        _ => None,
    })
}

/// MRS, MSR, CPS, hints and SUBS PC, LR.
fn t32_status(word: u32) -> Option<Privileged> {
    let spsr = bit(word, 20);
    let rn = field(word, 16, 4);
    let value = Operand::Reg { rm: rn, shift: 0, amount: 0 };
    let banked = field(word, 4, 1) << 4;
    match word & 0xffe0_d020 {
        0xf380_8000 => Some(Privileged::Msr { spsr, mask: field(word, 8, 4), value }),
        0xf380_8020 => Some(Privileged::MsrBanked { spsr, sysm: banked | field(word, 8, 4), rn }),
        0xf3e0_8000 => Some(Privileged::Mrs { spsr, rd: field(word, 8, 4) }),
        0xf3e0_8020 => Some(Privileged::MrsBanked { spsr, sysm: banked | rn, rd: field(word, 8, 4) }),
        _ if word & 0xffff_ff00 == 0xf3de_8f00 => {
            Some(Privileged::ReturnBy { opcode: 2, rn: 14, operand: Operand::Imm(word & 0xff) })
        }
        _ if word & 0xfff0_d700 == 0xf3a0_8000 => Some(hint(word)),
        _ if word & 0xfff0_d000 == 0xf3a0_8000 => {
            cps(field(word, 9, 2), field(word, 5, 3), bit(word, 8), word)
        }
        _ => None,
    }
}

/// RFE and SRS: decrement before, or increment after.
fn t32_stack(word: u32) -> Option<Privileged> {
    let up = match word & 0xffc0_0000 {
        0xe800_0000 => false,
        0xe980_0000 => true,
        _ => return None,
    };
    let block = Block { before: !up, up, wback: bit(word, 21) };
    match bit(word, 20) {
        true => Some(Privileged::Rfe { block, rn: field(word, 16, 4) }),
        false => Some(Privileged::Srs { block, mode: field(word, 0, 5) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Privileged::*;

    const DB: Block = Block { before: true, up: false, wback: true };
    const IA: Block = Block { before: false, up: true, wback: true };

    /// The encodings are those of GNU as.
    #[test]
    fn decodes_a32() {
        let cp15 = |crn, opc1, crm, opc2| CpReg { coproc: 15, crn, opc1, crm, opc2 };
        let cases = [
            (0xe14f_1000, Mrs { spsr: true, rd: 1 }, "mrs r1, spsr"),
            (
                0xe121_f000,
                Msr { spsr: false, mask: 1, value: Operand::Reg { rm: 0, shift: 0, amount: 0 } },
                "msr cpsr_c, r0",
            ),
            (0xe321_f0d3, Msr { spsr: false, mask: 1, value: Operand::Imm(0xd3) }, "msr cpsr_c, #0xd3"),
            (
                0xe16f_f002,
                Msr { spsr: true, mask: 15, value: Operand::Reg { rm: 2, shift: 0, amount: 0 } },
                "msr spsr_cxsf, r2",
            ),
            (0xe100_1300, MrsBanked { spsr: false, sysm: 0x10, rd: 1 }, "mrs r1, lr_irq"),
            (0xe127_f303, MsrBanked { spsr: false, sysm: 0x17, rn: 3 }, "msr sp_und, r3"),
            (0xf108_0080, Cps { enable: Some(true), aif: 0x80, mode: None }, "cpsie i"),
            (0xf10c_01c0, Cps { enable: Some(false), aif: 0x1c0, mode: None }, "cpsid aif"),
            (0xf102_0012, Cps { enable: None, aif: 0, mode: Some(0x12) }, "cps #18"),
            (0xf10e_0093, Cps { enable: Some(false), aif: 0x80, mode: Some(0x13) }, "cpsid i, #19"),
            (0xf8bd_0a00, Rfe { block: IA, rn: 13 }, "rfeia sp!"),
            (0xf96d_0513, Srs { block: DB, mode: 0x13 }, "srsdb sp!, #19"),
            (0xe25e_f004, ReturnBy { opcode: 2, rn: 14, operand: Operand::Imm(4) }, "subs pc, lr, #4"),
            (
                0xe1b0_f00e,
                ReturnBy { opcode: 13, rn: 0, operand: Operand::Reg { rm: 14, shift: 0, amount: 0 } },
                "movs pc, lr",
            ),
            (0xe8fd_8001, LdmReturn { block: IA, rn: 13, list: 0x8001 }, "ldm sp!, {r0, pc}^"),
            (
                0xe8dd_7fff,
                UserBlock { load: true, block: Block { wback: false, ..IA }, rn: 13, list: 0x7fff },
                "ldm sp, {r0-lr}^",
            ),
            (
                0xe8cd_6000,
                UserBlock { load: false, block: Block { wback: false, ..IA }, rn: 13, list: 0x6000 },
                "stm sp, {sp, lr}^",
            ),
            (0xee11_0f10, Mrc { reg: cp15(1, 0, 0, 0), rt: 0 }, "mrc p15, 0, r0, c1, c0, 0"),
            (0xee0c_1f10, Mcr { reg: cp15(12, 0, 0, 0), rt: 1 }, "mcr p15, 0, r1, c12, c0, 0"),
            (0xe320_f003, Wfi, "wfi"),
            (0xe320_f002, Hint, "wfe"),
        ];
        for (word, expected, text) in cases {
            assert_eq!(decode(word, false), Some(expected), "{text}");
        }
        assert_eq!(decode(0xe160_0070, false), None, "smc");
        assert_eq!(decode(0xe15f_0000, false), None, "cmp pc, r0");
    }

    #[test]
    fn decodes_thumb() {
        let cases = [
            (0xb662, Cps { enable: Some(true), aif: 0x80, mode: None }, "cpsie i"),
            (0xb677, Cps { enable: Some(false), aif: 0x1c0, mode: None }, "cpsid aif"),
            (0xbf30, Wfi, "wfi"),
            (0xbf20, Hint, "wfe"),
            (0xf3af_8110, Cps { enable: None, aif: 0, mode: Some(0x10) }, "cps #16"),
            (0xf3af_8753, Cps { enable: Some(false), aif: 0x80, mode: Some(0x13) }, "cpsid i, #19"),
            (0xf3af_8003, Wfi, "wfi.w"),
            (0xf3ff_8100, Mrs { spsr: true, rd: 1 }, "mrs r1, spsr"),
            (
                0xf380_8100,
                Msr { spsr: false, mask: 1, value: Operand::Reg { rm: 0, shift: 0, amount: 0 } },
                "msr cpsr_c, r0",
            ),
            (0xf3e0_8130, MrsBanked { spsr: false, sysm: 0x10, rd: 1 }, "mrs r1, lr_irq"),
            (0xf383_8730, MsrBanked { spsr: false, sysm: 0x17, rn: 3 }, "msr sp_und, r3"),
            (0xf3de_8f04, ReturnBy { opcode: 2, rn: 14, operand: Operand::Imm(4) }, "subs pc, lr, #4"),
            (0xe9bd_c000, Rfe { block: IA, rn: 13 }, "rfeia sp!"),
            (0xe82d_c013, Srs { block: DB, mode: 0x13 }, "srsdb sp!, #19"),
            (
                0xee11_0f10,
                Mrc { reg: CpReg { coproc: 15, crn: 1, opc1: 0, crm: 0, opc2: 0 }, rt: 0 },
                "mrc p15, 0, r0, c1, c0, 0",
            ),
        ];
        for (word, expected, text) in cases {
            assert_eq!(decode(word, true), Some(expected), "{text}");
        }
    }

    #[test]
    fn block_addresses_are_the_manuals() {
        let range = |before, up| Block { before, up, wback: true }.range(0x100, 3);
        assert_eq!(range(false, true), (0x100, 0x10c), "ia");
        assert_eq!(range(true, true), (0x104, 0x10c), "ib");
        assert_eq!(range(false, false), (0xf8, 0xf4), "da");
        assert_eq!(range(true, false), (0xf4, 0xf4), "db");
    }
}
