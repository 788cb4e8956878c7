//! The compact jumps and branches of release 6 (MIPS32 volume I, section 5.3.1.2).
//!
//! None has a delay slot. What follows a conditional one is its forbidden slot: a control transfer there is a reserved
//! instruction, if it is reached.

use demotic_ir::Type::{Bool, I32, I64};
use demotic_ir::{Exit, GuestInsn, IntCc, Trap, Value};

use super::{Lifter, displacement};
use crate::config::Release;
use crate::decode::args;
use crate::encoding::{Encoding, Fetched};
use crate::state::RA;

/// Methods of compact branches: each compares GPR[left] with GPR[right], fields of its arguments or register 0.
macro_rules! branches {
    ($($method:ident: $args:ident($left:tt $cc:ident $right:tt) $how:ident;)*) => {
        impl Lifter<'_> {
            $(pub(super) fn $method(&mut self, a: args::$args) {
                let (s, t) = (self.gpr(branches!(@a a $left)), self.gpr(branches!(@a a $right)));
                let cond = self.b.icmp(I32, s, t, IntCc::$cc);
                self.$how(cond, self.target(a.offset));
            })*
        }
    };
    (@a $a:ident 0) => { 0 };
    (@a $a:ident $field:ident) => { $a.$field };
}

branches! {
    beqc: Beqc(rs Eq rt) branch_compact;
    bnec: Bnec(rs Ne rt) branch_compact;
    bgeuc: Bgeuc(rs Uge rt) branch_compact;
    bltuc: Bltuc(rs Ult rt) branch_compact;
    bgec: Bgec(rs Sge rt) branch_compact;
    bltc: Bltc(rs Slt rt) branch_compact;
    blezc: Blezc(rt Sle 0) branch_compact;
    bgezc: Bgezc(rt Sge 0) branch_compact;
    bgtzc: Bgtzc(rt Sgt 0) branch_compact;
    bltzc: Bltzc(rt Slt 0) branch_compact;
    beqzalc: Beqzalc(rt Eq 0) call_compact;
    bnezalc: Bnezalc(rt Ne 0) call_compact;
    blezalc: Blezalc(rt Sle 0) call_compact;
    bgezalc: Bgezalc(rt Sge 0) call_compact;
    bgtzalc: Bgtzalc(rt Sgt 0) call_compact;
    bltzalc: Bltzalc(rt Slt 0) call_compact;
}

impl Lifter<'_> {
    pub(super) fn bc(&mut self, a: args::Bc) {
        self.leave(Exit::Jump { target: u64::from(self.compact_target(a.offset, 26)) });
    }

    pub(super) fn balc(&mut self, a: args::Balc) {
        let target = u64::from(self.compact_target(a.offset, 26));
        self.link_compact();
        self.leave(Exit::Call { target, ret: self.next_address() });
    }

    pub(super) fn jic(&mut self, a: args::Jic) {
        let target = self.indexed_target(a.rt, a.offset);
        match (a.rt, displacement(a.offset)) {
            (RA, 0) => self.leave(Exit::Return { target }),
            (_, 0) => self.leave_through_table(target),
            _ => self.leave(Exit::JumpIndirect { target }),
        }
    }

    pub(super) fn jialc(&mut self, a: args::Jialc) {
        let target = self.indexed_target(a.rt, a.offset);
        self.link_compact();
        self.leave(Exit::CallIndirect { target, ret: self.next_address() });
    }

    pub(super) fn beqzc(&mut self, a: args::Beqzc) {
        let (s, zero) = (self.gpr(a.rs), self.b.i32(0));
        let cond = self.b.icmp(I32, s, zero, IntCc::Eq);
        self.branch_compact(cond, self.compact_target(a.offset, 21));
    }

    pub(super) fn bnezc(&mut self, a: args::Bnezc) {
        let s = self.gpr(a.rs);
        let cond = self.b.nonzero(s);
        self.branch_compact(cond, self.compact_target(a.offset, 21));
    }

    pub(super) fn bovc(&mut self, a: args::Bovc) {
        let cond = self.sum_overflows(a.rs, a.rt, IntCc::Ne);
        self.branch_compact(cond, self.target(a.offset));
    }

    pub(super) fn bnvc(&mut self, a: args::Bnvc) {
        let cond = self.sum_overflows(a.rs, a.rt, IntCc::Eq);
        self.branch_compact(cond, self.target(a.offset));
    }

    /// Whether GPR[rs] + GPR[rt] in 64 bits `cc` the same in 32 bits.
    fn sum_overflows(&mut self, rs: u32, rt: u32, cc: IntCc) -> Value {
        let (s, t) = (self.gpr(rs), self.gpr(rt));
        let sum = self.b.add(I32, s, t);
        let narrow = self.b.sext64(I64, sum);
        let (s, t) = (self.b.sext64(I64, s), self.b.sext64(I64, t));
        let wide = self.b.add(I64, s, t);
        self.b.icmp(I64, wide, narrow, cc)
    }

    /// Branches to `taken` if `cond`.
    pub(super) fn branch_compact(&mut self, cond: Value, taken: u32) {
        let taken = u64::from(taken);
        if self.forbidden_word().is_some() {
            self.b.leave_if(cond, Exit::Jump { target: taken });
            return self.forbidden_slot();
        }
        self.leave(Exit::Branch { cond, taken, fallthrough: self.next_address() });
    }

    /// Calls `target` if `cond`. The link register is written in any case.
    fn call_compact(&mut self, cond: Value, target: u32) {
        self.link_compact();
        let ret = self.next_address();
        let call = Exit::Call { target: u64::from(target), ret };
        if self.forbidden_word().is_some() {
            self.b.leave_if(cond, call);
            return self.forbidden_slot();
        }
        let not_taken = self.b.not(Bool, cond);
        self.b.leave_if(not_taken, Exit::Jump { target: ret });
        self.leave(call);
    }

    /// The control transfer in the forbidden slot, if there is one. Only MIPS32 of release 6 has forbidden slots.
    fn forbidden_word(&self) -> Option<Fetched> {
        let has_slot = self.config.release >= Release::R6 && self.encoding == Encoding::Mips32;
        let insn = self.fetch(self.pc.wrapping_add(self.len)).filter(|_| has_slot)?;
        self.encoding.is_control_transfer(self.config, insn).then_some(insn)
    }

    /// Goes on with the forbidden slot, which has a control transfer: a reserved instruction.
    fn forbidden_slot(&mut self) {
        let Some(Fetched { word, len }) = self.forbidden_word() else { return };
        self.pc = self.pc.wrapping_add(self.len);
        self.len = len;
        self.b.begin_insn(GuestInsn { pc: u64::from(self.pc), len: len as u8, word });
        self.trap(Trap::Undefined { word });
    }

    /// The address after the branch, which has no delay slot.
    pub(super) fn next_address(&self) -> u64 {
        self.code(self.pc.wrapping_add(self.len))
    }

    pub(super) fn link_compact(&mut self) {
        let ret = self.b.i32(self.next_address() as u32);
        self.set_gpr(RA, ret);
    }

    /// GPR[rt] + offset.
    fn indexed_target(&mut self, rt: u32, offset: u32) -> Value {
        let t = self.gpr(rt);
        if displacement(offset) == 0 {
            return t;
        }
        let offset = self.b.i32(displacement(offset) as u32);
        self.b.add(I32, t, offset)
    }

    /// Where a branch with an offset of `bits` bits leads.
    pub(super) fn compact_target(&self, offset: u32, bits: u32) -> u32 {
        let sign = 1 << (bits - 1);
        let units = (offset ^ sign).wrapping_sub(sign);
        self.behind(units)
    }
}
