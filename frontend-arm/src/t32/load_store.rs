//! 32-bit loads and stores (ARM DDI 0406C, A6.3.5 to A6.3.10).

use demotic_ir::{MemOp, MemSize};

use super::Wide;
use super::wide::args;
use crate::lifter::PC;
use crate::semantics::exclusive;
use crate::semantics::load_store::{self, Address, Indexing, Offset};
use crate::semantics::load_store_multiple::{self, Multiple};
use crate::semantics::shifter::{self, ImmShift, Shift};

/// `[Rn, #imm]`.
fn at_imm(rn: u32, imm: u32) -> Address {
    Address { rn, offset: Offset::constant(true, imm), indexing: Indexing::Offset }
}

/// `[Rn, #±imm]`, `[Rn, #±imm]!` or `[Rn], #±imm`: what P, U and W say.
fn at_puw(rn: u32, puw: u32, imm: u32) -> Address {
    let indexing = if puw & 1 == 0 { Indexing::Offset } else { Indexing::writeback(puw >> 2) };
    Address { rn, offset: Offset::constant(puw & 2 != 0, imm), indexing }
}

/// `[PC, #±imm]`.
fn at_literal(add: u32, imm: u32) -> Address {
    Address { rn: PC, offset: Offset::constant(add != 0, imm), indexing: Indexing::Offset }
}

impl Wide<'_, '_> {
    fn mem(&self, size: MemSize, signed: bool) -> MemOp {
        MemOp { sign: signed, ..self.l.mem(size) }
    }

    /// `[Rn, Rm, LSL #imm2]`.
    fn at_reg(&mut self, rn: u32, rm: u32, imm2: u32) -> Address {
        let shift = if imm2 == 0 { ImmShift::None } else { ImmShift::By(Shift::Lsl, imm2) };
        let offset = shifter::shift_by_constant(self.l, rm, shift, false).value;
        Address { rn, offset: Offset::value(true, offset), indexing: Indexing::Offset }
    }
}

/// The forms that loads and stores have: a 12-bit offset, an 8-bit one with a sign and writeback, unprivileged, a register.
macro_rules! single {
    ($($access:ident $unprivileged:ident $size:ident $signed:literal:
        $imm12:ident $Imm12:ident, $imm8:ident $Imm8:ident, $t:ident $T:ident, $reg:ident $Reg:ident;)*) => {
        impl Wide<'_, '_> {
            $(pub(super) fn $imm12(&mut self, a: args::$Imm12) {
                let mem = self.mem(MemSize::$size, $signed);
                load_store::$access(self.l, mem, a.rt, at_imm(a.rn, a.imm));
            }

            pub(super) fn $imm8(&mut self, a: args::$Imm8) {
                let mem = self.mem(MemSize::$size, $signed);
                load_store::$access(self.l, mem, a.rt, at_puw(a.rn, a.puw, a.imm));
            }

            pub(super) fn $t(&mut self, a: args::$T) {
                let mem = self.mem(MemSize::$size, $signed);
                load_store::$unprivileged(self.l, mem, a.rt, at_imm(a.rn, a.imm));
            }

            pub(super) fn $reg(&mut self, a: args::$Reg) {
                let mem = self.mem(MemSize::$size, $signed);
                let address = self.at_reg(a.rn, a.rm, a.imm);
                load_store::$access(self.l, mem, a.rt, address);
            })*
        }
    };
}

single! {
    store store_unprivileged B1 false: strb_imm12 StrbImm12, strb_imm8 StrbImm8, strbt Strbt, strb_reg StrbReg;
    store store_unprivileged B2 false: strh_imm12 StrhImm12, strh_imm8 StrhImm8, strht Strht, strh_reg StrhReg;
    store store_unprivileged B4 false: str_imm12 StrImm12, str_imm8 StrImm8, strt Strt, str_reg StrReg;
    load load_unprivileged B1 false: ldrb_imm12 LdrbImm12, ldrb_imm8 LdrbImm8, ldrbt Ldrbt, ldrb_reg LdrbReg;
    load load_unprivileged B2 false: ldrh_imm12 LdrhImm12, ldrh_imm8 LdrhImm8, ldrht Ldrht, ldrh_reg LdrhReg;
    load load_unprivileged B4 false: ldr_imm12 LdrImm12, ldr_imm8 LdrImm8, ldrt Ldrt, ldr_reg LdrReg;
    load load_unprivileged B1 true: ldrsb_imm12 LdrsbImm12, ldrsb_imm8 LdrsbImm8, ldrsbt Ldrsbt, ldrsb_reg LdrsbReg;
    load load_unprivileged B2 true: ldrsh_imm12 LdrshImm12, ldrsh_imm8 LdrshImm8, ldrsht Ldrsht, ldrsh_reg LdrshReg;
}

/// Loads from literal pools.
macro_rules! literal {
    ($($size:ident $signed:literal: $method:ident $Args:ident;)*) => {
        impl Wide<'_, '_> {
            $(pub(super) fn $method(&mut self, a: args::$Args) {
                let mem = self.mem(MemSize::$size, $signed);
                load_store::load(self.l, mem, a.rt, at_literal(a.add, a.imm));
            })*
        }
    };
}

literal! {
    B4 false: ldr_lit LdrLit;
    B2 false: ldrh_lit LdrhLit;
    B2 true: ldrsh_lit LdrshLit;
    B1 false: ldrb_lit LdrbLit;
    B1 true: ldrsb_lit LdrsbLit;
}

/// Two registers.
impl Wide<'_, '_> {
    pub(super) fn ldrd_imm(&mut self, a: args::LdrdImm) {
        load_store::load_dual(self.l, a.rt, a.rt2, at_puw(a.rn, a.puw, a.imm * 4));
    }

    pub(super) fn strd_imm(&mut self, a: args::StrdImm) {
        load_store::store_dual(self.l, a.rt, a.rt2, at_puw(a.rn, a.puw, a.imm * 4));
    }

    pub(super) fn ldrd_lit(&mut self, a: args::LdrdLit) {
        load_store::load_dual(self.l, a.rt, a.rt2, at_literal(a.add, a.imm * 4));
    }
}

/// Exclusive accesses.
impl Wide<'_, '_> {
    pub(super) fn ldrex(&mut self, a: args::Ldrex) {
        exclusive::load_exclusive(self.l, MemSize::B4, a.rt, a.rn, a.imm * 4);
    }

    pub(super) fn ldrexb(&mut self, a: args::Ldrexb) {
        exclusive::load_exclusive(self.l, MemSize::B1, a.rt, a.rn, 0);
    }

    pub(super) fn ldrexh(&mut self, a: args::Ldrexh) {
        exclusive::load_exclusive(self.l, MemSize::B2, a.rt, a.rn, 0);
    }

    pub(super) fn ldrexd(&mut self, a: args::Ldrexd) {
        exclusive::load_exclusive_dual(self.l, a.rt, a.rt2, a.rn);
    }

    pub(super) fn strex(&mut self, a: args::Strex) {
        exclusive::store_exclusive(self.l, MemSize::B4, a.rd, a.rt, a.rn, a.imm * 4);
    }

    pub(super) fn strexb(&mut self, a: args::Strexb) {
        exclusive::store_exclusive(self.l, MemSize::B1, a.rd, a.rt, a.rn, 0);
    }

    pub(super) fn strexh(&mut self, a: args::Strexh) {
        exclusive::store_exclusive(self.l, MemSize::B2, a.rd, a.rt, a.rn, 0);
    }

    pub(super) fn strexd(&mut self, a: args::Strexd) {
        exclusive::store_exclusive_dual(self.l, a.rd, a.rt, a.rt2, a.rn);
    }

    pub(super) fn clrex(&mut self, _: args::Clrex) {
        exclusive::clear_exclusive(self.l);
    }
}

/// Many registers.
impl Wide<'_, '_> {
    pub(super) fn ldm_ia(&mut self, a: args::LdmIa) {
        let (rn, list, wback) = (a.rn, a.list, a.wback != 0);
        load_store_multiple::load_multiple(self.l, Multiple { rn, list, up: true, before: false, wback });
    }

    pub(super) fn ldm_db(&mut self, a: args::LdmDb) {
        let (rn, list, wback) = (a.rn, a.list, a.wback != 0);
        load_store_multiple::load_multiple(self.l, Multiple { rn, list, up: false, before: true, wback });
    }

    pub(super) fn stm_ia(&mut self, a: args::StmIa) {
        let (rn, list, wback) = (a.rn, a.list, a.wback != 0);
        load_store_multiple::store_multiple(self.l, Multiple { rn, list, up: true, before: false, wback });
    }

    pub(super) fn stm_db(&mut self, a: args::StmDb) {
        let (rn, list, wback) = (a.rn, a.list, a.wback != 0);
        load_store_multiple::store_multiple(self.l, Multiple { rn, list, up: false, before: true, wback });
    }
}

/// Preloads and reserved memory hints have nothing to do.
macro_rules! hints {
    ($($method:ident $Args:ident;)*) => {
        impl Wide<'_, '_> {
            $(pub(super) fn $method(&mut self, _: args::$Args) {})*
        }
    };
}

hints! {
    pld_imm12 PldImm12;
    pld_imm8 PldImm8;
    pld_reg PldReg;
    pldw_imm12 PldwImm12;
    pldw_imm8 PldwImm8;
    pldw_reg PldwReg;
    pld_lit PldLit;
    pli_imm12 PliImm12;
    pli_imm8 PliImm8;
    pli_reg PliReg;
    pli_lit PliLit;
    hint_imm12 HintImm12;
    hint_imm8 HintImm8;
    hint_reg HintReg;
    hint_lit HintLit;
}
