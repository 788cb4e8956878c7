//! The instructions that reach the hypervisor (ARM DDI 0406, B9.3): what the front end's decoders say of a word, in one
//! form for A32 and T32.

use demotic_arm::a32;
use demotic_arm::t32::{narrow, wide};

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
        }
    }
}

fn field(word: u32, low: u32, len: u32) -> u32 {
    word >> low & ((1 << len) - 1)
}

/// Decodes `word` as trapped: T16 in the low half, T32 with the first halfword on top. `None`: not for us.
pub(super) fn decode(word: u32, thumb: bool) -> Option<Privileged> {
    match (thumb, word >> 16) {
        (false, _) => from_a32(word),
        (true, 0) => from_t16(word),
        (true, _) => from_t32(word),
    }
}

/// `ARMExpandImm`.
fn expand_imm(imm: u32) -> u32 {
    field(imm, 0, 8).rotate_right(2 * field(imm, 8, 4))
}

fn plain(rm: u32) -> Operand {
    Operand::Reg { rm, shift: 0, amount: 0 }
}

fn block(before: u32, up: u32, wback: u32) -> Block {
    Block { before: before != 0, up: up != 0, wback: wback != 0 }
}

/// CPS; `imod` 2 enables, 3 disables, others leave the masks. The masks stand in the CPSR's order, at bits 8 to 6 there.
fn cps(imod: u32, aif: u32, mode: Option<u32>) -> Privileged {
    let enable = match imod {
        2 => Some(true),
        3 => Some(false),
        _ => None,
    };
    Privileged::Cps { enable, aif: aif << 6, mode }
}

fn from_a32(word: u32) -> Option<Privileged> {
    use a32::Insn;
    Some(match a32::decode(word)? {
        Insn::Mrs(a) => Privileged::Mrs { spsr: a.spsr != 0, rd: a.rd },
        Insn::MsrReg(a) => Privileged::Msr { spsr: a.spsr != 0, mask: a.mask, value: plain(a.rn) },
        Insn::MsrImm(a) => {
            Privileged::Msr { spsr: a.spsr != 0, mask: a.mask, value: Operand::Imm(expand_imm(a.imm)) }
        }
        Insn::MrsBanked(a) => {
            Privileged::MrsBanked { spsr: a.spsr != 0, sysm: a.sysm_high << 4 | a.sysm, rd: a.rd }
        }
        Insn::MsrBanked(a) => {
            Privileged::MsrBanked { spsr: a.spsr != 0, sysm: a.sysm_high << 4 | a.sysm, rn: a.rn }
        }
        Insn::Cps(a) => cps(a.enable, a.aif, (a.change_mode != 0).then_some(a.mode)),
        Insn::CpsMode(a) => cps(0, 0, Some(a.mode)),
        Insn::Rfe(a) => Privileged::Rfe { block: block(a.before, a.up, a.wback), rn: a.rn },
        Insn::Srs(a) => Privileged::Srs { block: block(a.before, a.up, a.wback), mode: a.mode },
        Insn::LdmEret(a) => {
            let block = block(a.before, a.up, a.wback);
            Privileged::LdmReturn { block, rn: a.rn, list: a.list | 1 << 15 }
        }
        Insn::LdmUser(a) => {
            Privileged::UserBlock { load: true, block: block(a.before, a.up, 0), rn: a.rn, list: a.list }
        }
        Insn::StmUser(a) => {
            Privileged::UserBlock { load: false, block: block(a.before, a.up, 0), rn: a.rn, list: a.list }
        }
        Insn::Mrc(a) => Privileged::Mrc { reg: register(a.coproc, a.crn, a.opc1, a.crm, a.opc2), rt: a.rt },
        Insn::Mcr(a) => Privileged::Mcr { reg: register(a.coproc, a.crn, a.opc1, a.crm, a.opc2), rt: a.rt },
        Insn::Wfi(_) => Privileged::Wfi,
        _ => return data_processing(word),
    })
}

fn register(coproc: u32, crn: u32, opc1: u32, crm: u32, opc2: u32) -> CpReg {
    CpReg { coproc, crn, opc1, crm, opc2 }
}

/// A32 data processing with S and the PC as destination (comparisons have no destination). The whole class has its
/// fields in the same places (A5.2.1 to A5.2.3), which saves a row by row account.
fn data_processing(word: u32) -> Option<Privileged> {
    let opcode = field(word, 21, 4);
    if word & 0x0c10_f000 != 0x0010_f000 || (8..12).contains(&opcode) {
        return None;
    }
    let (rm, shift) = (field(word, 0, 4), field(word, 5, 2));
    let operand = match (field(word, 25, 1), field(word, 4, 1), field(word, 7, 1)) {
        (1, ..) => Operand::Imm(expand_imm(word)),
        (0, 0, _) => Operand::Reg { rm, shift, amount: field(word, 7, 5) },
        (0, 1, 0) => Operand::RegByReg { rm, shift, rs: field(word, 8, 4) },
        _ => return None,
    };
    Some(Privileged::ReturnBy { opcode, rn: field(word, 16, 4), operand })
}

fn from_t16(word: u32) -> Option<Privileged> {
    Some(match narrow::decode(word)? {
        narrow::Insn::Cps(a) => cps(2 + a.e, a.imm, None),
        narrow::Insn::Wfi(_) => Privileged::Wfi,
        _ => return None,
    })
}

fn from_t32(word: u32) -> Option<Privileged> {
    use wide::Insn;
    /// The opcode of SUB, and the number of LR.
    const SUB: (u32, u32) = (2, 14);
    Some(match wide::decode(word)? {
        Insn::Mrs(a) => Privileged::Mrs { spsr: a.spsr != 0, rd: a.rd },
        Insn::MsrReg(a) => Privileged::Msr { spsr: a.spsr != 0, mask: a.mask, value: plain(a.rn) },
        Insn::Cps(a) => cps(a.imod, a.aif, None),
        Insn::CpsAndMode(a) => cps(a.imod, a.aif, Some(a.mode)),
        Insn::CpsMode(a) => cps(0, 0, Some(a.mode)),
        Insn::SubsPcLr(a) => Privileged::ReturnBy { opcode: SUB.0, rn: SUB.1, operand: Operand::Imm(a.imm) },
        Insn::RfeDb(a) => Privileged::Rfe { block: block(1, 0, a.wback), rn: a.rn },
        Insn::RfeIa(a) => Privileged::Rfe { block: block(0, 1, a.wback), rn: a.rn },
        Insn::SrsDb(a) => Privileged::Srs { block: block(1, 0, a.wback), mode: a.rm },
        Insn::SrsIa(a) => Privileged::Srs { block: block(0, 1, a.wback), mode: a.rm },
        Insn::Mrc(a) => Privileged::Mrc { reg: register(a.coproc, a.crn, a.opc1, a.crm, a.opc2), rt: a.rt },
        Insn::Mcr(a) => Privileged::Mcr { reg: register(a.coproc, a.crn, a.opc1, a.crm, a.opc2), rt: a.rt },
        Insn::Wfi(_) => Privileged::Wfi,
        _ => return None,
    })
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
            (0xf3af_8110, Cps { enable: None, aif: 0, mode: Some(0x10) }, "cps #16"),
            (0xf3af_8753, Cps { enable: Some(false), aif: 0x80, mode: Some(0x13) }, "cpsid i, #19"),
            (0xf3af_8003, Wfi, "wfi.w"),
            (0xf3ff_8100, Mrs { spsr: true, rd: 1 }, "mrs r1, spsr"),
            (
                0xf380_8100,
                Msr { spsr: false, mask: 1, value: Operand::Reg { rm: 0, shift: 0, amount: 0 } },
                "msr cpsr_c, r0",
            ),
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
