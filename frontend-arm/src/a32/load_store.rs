//! A32 loads and stores of one or two registers (ARM DDI 0406, A5.2.8, A5.2.9 and A5.3).

use demotic_ir::{MemOp, MemSize};

use super::{A32, args};
use crate::lifter::PC;
use crate::semantics::branch;
use crate::semantics::load_store::{self, Address, Indexing, Offset};
use crate::semantics::shifter::{self, ImmShift, Shift};

impl A32<'_, '_> {
    fn mem(&self, size: MemSize, signed: bool) -> MemOp {
        MemOp { sign: signed, ..self.l.mem(size) }
    }

    /// `[Rn, #±imm]` in the given indexing.
    fn at_imm(&self, rn: u32, u: u32, imm: u32, indexing: Indexing) -> Address {
        Address { rn, offset: Offset::constant(u != 0, imm), indexing }
    }

    /// `[Rn, ±Rm]` in the given indexing.
    fn at_reg(&mut self, rn: u32, u: u32, rm: u32, indexing: Indexing) -> Address {
        let m = self.l.reg(rm);
        Address { rn, offset: Offset::value(u != 0, m), indexing }
    }

    /// `[Rn, ±Rm, shift]` in the given indexing.
    fn at_shifted(&mut self, rn: u32, u: u32, rm: u32, shift: ImmShift, indexing: Indexing) -> Address {
        let m = shifter::shift_by_constant(self.l, rm, shift, false).value;
        Address { rn, offset: Offset::value(u != 0, m), indexing }
    }
}

/// The immediate forms of an access: plain, with writeback, unprivileged.
macro_rules! immediate {
    ($($access:ident $unprivileged:ident $size:ident $signed:literal:
        $imm:ident $Imm:ident, $wb:ident $Wb:ident, $t:ident $T:ident;)*) => {
        impl A32<'_, '_> {
            $(pub(super) fn $imm(&mut self, a: args::$Imm) {
                let address = self.at_imm(a.rn, a.u, a.imm, Indexing::Offset);
                load_store::$access(self.l, self.mem(MemSize::$size, $signed), a.rt, address);
            }

            pub(super) fn $wb(&mut self, a: args::$Wb) {
                let address = self.at_imm(a.rn, a.u, a.imm, Indexing::writeback(a.p));
                load_store::$access(self.l, self.mem(MemSize::$size, $signed), a.rt, address);
            }

            pub(super) fn $t(&mut self, a: args::$T) {
                let address = self.at_imm(a.rn, a.u, a.imm, Indexing::Post);
                load_store::$unprivileged(self.l, self.mem(MemSize::$size, $signed), a.rt, address);
            })*
        }
    };
}

immediate! {
    store store_unprivileged B4 false: str_imm StrImm, str_imm_wb StrImmWb, strt_imm StrtImm;
    load load_unprivileged B4 false: ldr_imm LdrImm, ldr_imm_wb LdrImmWb, ldrt_imm LdrtImm;
    store store_unprivileged B1 false: strb_imm StrbImm, strb_imm_wb StrbImmWb, strbt_imm StrbtImm;
    load load_unprivileged B1 false: ldrb_imm LdrbImm, ldrb_imm_wb LdrbImmWb, ldrbt_imm LdrbtImm;
    store store_unprivileged B2 false: strh_imm StrhImm, strh_imm_wb StrhImmWb, strht_imm StrhtImm;
    load load_unprivileged B2 false: ldrh_imm LdrhImm, ldrh_imm_wb LdrhImmWb, ldrht_imm LdrhtImm;
    load load_unprivileged B1 true: ldrsb_imm LdrsbImm, ldrsb_imm_wb LdrsbImmWb, ldrsbt_imm LdrsbtImm;
    load load_unprivileged B2 true: ldrsh_imm LdrshImm, ldrsh_imm_wb LdrshImmWb, ldrsht_imm LdrshtImm;
}

/// The forms with a shifted register of words and unsigned bytes.
macro_rules! shifted {
    ($($access:ident $unprivileged:ident $size:ident:
        $reg:ident $Reg:ident, $wb:ident $Wb:ident, $t:ident $T:ident;)*) => {
        impl A32<'_, '_> {
            $(pub(super) fn $reg(&mut self, a: args::$Reg) {
                let shift = ImmShift::decode(a.stype, a.imm5);
                let address = self.at_shifted(a.rn, a.u, a.rm, shift, Indexing::Offset);
                load_store::$access(self.l, self.mem(MemSize::$size, false), a.rt, address);
            }

            pub(super) fn $wb(&mut self, a: args::$Wb) {
                let shift = ImmShift::decode(a.stype, a.imm5);
                let address = self.at_shifted(a.rn, a.u, a.rm, shift, Indexing::writeback(a.p));
                load_store::$access(self.l, self.mem(MemSize::$size, false), a.rt, address);
            }

            pub(super) fn $t(&mut self, a: args::$T) {
                let shift = ImmShift::decode(a.stype, a.imm5);
                let address = self.at_shifted(a.rn, a.u, a.rm, shift, Indexing::Post);
                load_store::$unprivileged(self.l, self.mem(MemSize::$size, false), a.rt, address);
            })*
        }
    };
}

shifted! {
    store store_unprivileged B4: str_reg StrReg, str_reg_wb StrRegWb, strt_reg StrtReg;
    load load_unprivileged B4: ldr_reg_plain LdrReg, ldr_reg_wb LdrRegWb, ldrt_reg LdrtReg;
    store store_unprivileged B1: strb_reg StrbReg, strb_reg_wb StrbRegWb, strbt_reg StrbtReg;
    load load_unprivileged B1: ldrb_reg LdrbReg, ldrb_reg_wb LdrbRegWb, ldrbt_reg LdrbtReg;
}

/// The register forms of halfwords and signed bytes.
macro_rules! register {
    ($($access:ident $unprivileged:ident $size:ident $signed:literal:
        $reg:ident $Reg:ident, $wb:ident $Wb:ident, $t:ident $T:ident;)*) => {
        impl A32<'_, '_> {
            $(pub(super) fn $reg(&mut self, a: args::$Reg) {
                let address = self.at_reg(a.rn, a.u, a.rm, Indexing::Offset);
                load_store::$access(self.l, self.mem(MemSize::$size, $signed), a.rt, address);
            }

            pub(super) fn $wb(&mut self, a: args::$Wb) {
                let address = self.at_reg(a.rn, a.u, a.rm, Indexing::writeback(a.p));
                load_store::$access(self.l, self.mem(MemSize::$size, $signed), a.rt, address);
            }

            pub(super) fn $t(&mut self, a: args::$T) {
                let address = self.at_reg(a.rn, a.u, a.rm, Indexing::Post);
                load_store::$unprivileged(self.l, self.mem(MemSize::$size, $signed), a.rt, address);
            })*
        }
    };
}

register! {
    store store_unprivileged B2 false: strh_reg StrhReg, strh_reg_wb StrhRegWb, strht_reg StrhtReg;
    load load_unprivileged B2 false: ldrh_reg LdrhReg, ldrh_reg_wb LdrhRegWb, ldrht_reg LdrhtReg;
    load load_unprivileged B1 true: ldrsb_reg LdrsbReg, ldrsb_reg_wb LdrsbRegWb, ldrsbt_reg LdrsbtReg;
    load load_unprivileged B2 true: ldrsh_reg LdrshReg, ldrsh_reg_wb LdrshRegWb, ldrsht_reg LdrshtReg;
}

/// LDRD and STRD.
macro_rules! dual {
    ($($access:ident: $imm:ident $Imm:ident, $imm_wb:ident $ImmWb:ident,
        $reg:ident $Reg:ident, $reg_wb:ident $RegWb:ident;)*) => {
        impl A32<'_, '_> {
            $(pub(super) fn $imm(&mut self, a: args::$Imm) {
                let address = self.at_imm(a.rn, a.u, a.imm, Indexing::Offset);
                load_store::$access(self.l, a.rt, a.rt + 1, address);
            }

            pub(super) fn $imm_wb(&mut self, a: args::$ImmWb) {
                let address = self.at_imm(a.rn, a.u, a.imm, Indexing::writeback(a.p));
                load_store::$access(self.l, a.rt, a.rt + 1, address);
            }

            pub(super) fn $reg(&mut self, a: args::$Reg) {
                let address = self.at_reg(a.rn, a.u, a.rm, Indexing::Offset);
                load_store::$access(self.l, a.rt, a.rt + 1, address);
            }

            pub(super) fn $reg_wb(&mut self, a: args::$RegWb) {
                let address = self.at_reg(a.rn, a.u, a.rm, Indexing::writeback(a.p));
                load_store::$access(self.l, a.rt, a.rt + 1, address);
            })*
        }
    };
}

dual! {
    load_dual: ldrd_imm LdrdImm, ldrd_imm_wb LdrdImmWb, ldrd_reg LdrdReg, ldrd_reg_wb LdrdRegWb;
    store_dual: strd_imm StrdImm, strd_imm_wb StrdImmWb, strd_reg StrdReg, strd_reg_wb StrdRegWb;
}

impl A32<'_, '_> {
    /// `LDR Rt, [Rn, Rm, shift]`; to R15, relative to R15 and under condition LS, a jump table.
    pub(super) fn ldr_reg(&mut self, a: args::LdrReg) {
        const LS: u32 = 9;
        let words = ImmShift::decode(a.stype, a.imm5) == ImmShift::By(Shift::Lsl, 2);
        let table = self.l.pc();
        let jumps = a.rt == PC && a.rn == PC && a.u == 1 && a.cond == LS && words;
        if !jumps || !branch::switch_of_addresses(self.l, a.rm, table) {
            self.ldr_reg_plain(a);
        }
    }
}
