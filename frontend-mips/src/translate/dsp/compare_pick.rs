//! Comparison of packed numbers, and picking by its results.

use demotic_ir::Type::I32;
use demotic_ir::Value;

use super::packed::{PH, Packing, QB};
use crate::decode::args;
use crate::state::CCOND;
use crate::translate::Lifter;

/// A comparison of lanes.
#[derive(Clone, Copy)]
enum Condition {
    Equal,
    Less,
    LessOrEqual,
}
use Condition::{Equal, Less, LessOrEqual};

/// Comparisons of unsigned bytes into DSPControl, into a register, and into both.
macro_rules! compare_bytes {
    ($($condition:ident: $control:ident($control_args:ident), $register:ident($register_args:ident),
        $both:ident($both_args:ident);)*) => {
        impl Lifter<'_> {
            $(
                pub(in crate::translate) fn $control(&mut self, a: args::$control_args) {
                    let code = self.condition_code(QB, $condition, a.rs, a.rt);
                    self.set_ccond(QB.count(), code);
                }

                pub(in crate::translate) fn $register(&mut self, a: args::$register_args) {
                    let code = self.condition_code(QB, $condition, a.rs, a.rt);
                    self.set_gpr(a.rd, code);
                }

                pub(in crate::translate) fn $both(&mut self, a: args::$both_args) {
                    let code = self.condition_code(QB, $condition, a.rs, a.rt);
                    self.set_ccond(QB.count(), code);
                    self.set_gpr(a.rd, code);
                }
            )*
        }
    };
}

compare_bytes! {
    Equal: cmpu_eq_qb(CmpuEqQb), cmpgu_eq_qb(CmpguEqQb), cmpgdu_eq_qb(CmpgduEqQb);
    Less: cmpu_lt_qb(CmpuLtQb), cmpgu_lt_qb(CmpguLtQb), cmpgdu_lt_qb(CmpgduLtQb);
    LessOrEqual: cmpu_le_qb(CmpuLeQb), cmpgu_le_qb(CmpguLeQb), cmpgdu_le_qb(CmpgduLeQb);
}

impl Lifter<'_> {
    pub(in crate::translate) fn cmp_eq_ph(&mut self, a: args::CmpEqPh) {
        self.compare_halves(Equal, a.rs, a.rt);
    }

    pub(in crate::translate) fn cmp_lt_ph(&mut self, a: args::CmpLtPh) {
        self.compare_halves(Less, a.rs, a.rt);
    }

    pub(in crate::translate) fn cmp_le_ph(&mut self, a: args::CmpLePh) {
        self.compare_halves(LessOrEqual, a.rs, a.rt);
    }

    pub(in crate::translate) fn pick_qb(&mut self, a: args::PickQb) {
        self.pick(QB, a.rd, a.rs, a.rt);
    }

    pub(in crate::translate) fn pick_ph(&mut self, a: args::PickPh) {
        self.pick(PH, a.rd, a.rs, a.rt);
    }

    pub(in crate::translate) fn packrl_ph(&mut self, a: args::PackrlPh) {
        let (s, t) = (self.gpr(a.rs), self.gpr(a.rt));
        let right = self.shr_by(t, 16);
        let d = self.halves(s, right);
        self.set_gpr(a.rd, d);
    }

    /// ccond ← GPR[rs] condition GPR[rt], signed.
    fn compare_halves(&mut self, condition: Condition, rs: u32, rt: u32) {
        let code = self.condition_code(PH, condition, rs, rt);
        self.set_ccond(PH.count(), code);
    }

    /// A bit per lane: GPR[rs] condition GPR[rt]. Bytes are unsigned, halfwords signed.
    fn condition_code(&mut self, p: Packing, condition: Condition, rs: u32, rt: u32) -> Value {
        let (mut s, mut t) = (self.gpr(rs), self.gpr(rt));
        if p == PH {
            (s, t) = (self.xor_with(s, p.signs()), self.xor_with(t, p.signs()));
        }
        let lanes = match condition {
            Equal => {
                let different = self.b.xor(I32, s, t);
                let different = self.nonzeros(p, different);
                self.xor_with(different, p.signs())
            }
            Less => self.below(p, s, t),
            LessOrEqual => {
                let greater = self.below(p, t, s);
                self.xor_with(greater, p.signs())
            }
        };
        self.gather(p, lanes)
    }

    /// Where s < t, unsigned.
    fn below(&mut self, p: Packing, s: Value, t: Value) -> Value {
        let difference = self.packed_sub(p, s, t);
        self.borrows(p, s, t, difference)
    }

    /// GPR[rd] ← lanes of GPR[rs] where `ccond` has ones, of GPR[rt] elsewhere.
    fn pick(&mut self, p: Packing, rd: u32, rs: u32, rt: u32) {
        let (s, t) = (self.gpr(rs), self.gpr(rt));
        let ccond = self.b.get32(CCOND);
        let used = self.and_with(ccond, (1 << p.count()) - 1);
        let mask = self.scatter(p, used);
        let d = self.choose(mask, s, t);
        self.set_gpr(rd, d);
    }
}
