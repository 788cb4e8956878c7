//! Shifts of packed numbers by an immediate or by the low bits of a register.

use demotic_ir::Type::I32;
use demotic_ir::Value;

use super::ouflag;
use super::packed::{PH, Packing, QB, W};
use crate::decode::args;
use crate::translate::Lifter;

/// A shift that comes by an immediate (`sa`) and by a register (`rs`).
macro_rules! shifts {
    ($($imm:ident($imm_args:ident), $var:ident($var_args:ident): $operation:ident($packing:ident);)*) => {
        impl Lifter<'_> {
            $(
                pub(in crate::translate) fn $imm(&mut self, a: args::$imm_args) {
                    let amount = self.b.i32(a.sa);
                    let t = self.gpr(a.rt);
                    let d = self.$operation($packing, t, amount);
                    self.set_gpr(a.rd, d);
                }

                pub(in crate::translate) fn $var(&mut self, a: args::$var_args) {
                    let (s, t) = (self.gpr(a.rs), self.gpr(a.rt));
                    let amount = self.and_with(s, $packing.bits - 1);
                    let d = self.$operation($packing, t, amount);
                    self.set_gpr(a.rd, d);
                }
            )*
        }
    };
}

shifts! {
    shll_qb(ShllQb), shllv_qb(ShllvQb): shift_left_unsigned(QB);
    shll_ph(ShllPh), shllv_ph(ShllvPh): shift_left(PH);
    shll_s_ph(ShllSPh), shllv_s_ph(ShllvSPh): shift_left_saturating(PH);
    shll_s_w(ShllSW), shllv_s_w(ShllvSW): shift_left_saturating(W);
    shrl_qb(ShrlQb), shrlv_qb(ShrlvQb): shift_right(QB);
    shrl_ph(ShrlPh), shrlv_ph(ShrlvPh): shift_right(PH);
    shra_qb(ShraQb), shrav_qb(ShravQb): shift_right_arithmetic(QB);
    shra_ph(ShraPh), shrav_ph(ShravPh): shift_right_arithmetic(PH);
    shra_r_qb(ShraRQb), shrav_r_qb(ShravRQb): shift_right_rounding(QB);
    shra_r_ph(ShraRPh), shrav_r_ph(ShravRPh): shift_right_rounding(PH);
    shra_r_w(ShraRW), shrav_r_w(ShravRW): shift_right_rounding(W);
}

impl Lifter<'_> {
    /// Lanes of `pattern` shifted right by `amount`.
    fn shifted_lanes(&mut self, p: Packing, pattern: u32, amount: Value) -> Value {
        let pattern = self.b.i32(pattern);
        let shifted = self.b.shr(I32, pattern, amount);
        self.mul_by(shifted, p.ones())
    }

    /// t << amount.
    fn lanes_left(&mut self, p: Packing, t: Value, amount: Value) -> Value {
        let kept = self.shifted_lanes(p, p.lane(), amount);
        let kept = self.b.and(I32, t, kept);
        self.b.shl(I32, kept, amount)
    }

    /// An overflow is a one that is lost.
    fn shift_left_unsigned(&mut self, p: Packing, t: Value, amount: Value) -> Value {
        let kept = self.shifted_lanes(p, p.lane(), amount);
        let lost = self.b.not(I32, kept);
        let lost = self.b.and(I32, t, lost);
        self.note_overflow(ouflag::SHIFT, lost);
        self.lanes_left(p, t, amount)
    }

    /// The bits of `t` that differ from their lane's sign and will not fit below it.
    fn misfits(&mut self, p: Packing, t: Value, amount: Value) -> Value {
        let signs = self.sign_lanes(p, t);
        let magnitude = self.b.xor(I32, t, signs);
        let fits = self.shifted_lanes(p, p.lane() >> 1, amount);
        let misfits = self.b.not(I32, fits);
        self.b.and(I32, magnitude, misfits)
    }

    fn shift_left(&mut self, p: Packing, t: Value, amount: Value) -> Value {
        let misfits = self.misfits(p, t, amount);
        self.note_overflow(ouflag::SHIFT, misfits);
        self.lanes_left(p, t, amount)
    }

    fn shift_left_saturating(&mut self, p: Packing, t: Value, amount: Value) -> Value {
        let misfits = self.misfits(p, t, amount);
        self.note_overflow(ouflag::SHIFT, misfits);
        let saturated = self.nonzeros(p, misfits);
        let saturated = self.spread(p, saturated);
        let (shifted, limits) = (self.lanes_left(p, t, amount), self.limits(p, t));
        self.choose(saturated, limits, shifted)
    }

    fn shift_right(&mut self, p: Packing, t: Value, amount: Value) -> Value {
        let kept = self.shifted_lanes(p, p.lane(), amount);
        let shifted = self.b.shr(I32, t, amount);
        self.b.and(I32, shifted, kept)
    }

    fn shift_right_arithmetic(&mut self, p: Packing, t: Value, amount: Value) -> Value {
        if p == W {
            return self.b.sar(I32, t, amount);
        }
        let kept = self.shifted_lanes(p, p.lane(), amount);
        let shifted = self.b.shr(I32, t, amount);
        let signs = self.sign_lanes(p, t);
        self.choose(kept, shifted, signs)
    }

    /// The last bit shifted out is added.
    fn shift_right_rounding(&mut self, p: Packing, t: Value, amount: Value) -> Value {
        let shifted = self.shift_right_arithmetic(p, t, amount);
        // Left by one first, because there is no shift by -1.
        let last = self.shl_by(t, 1);
        let last = self.and_with(last, !p.ones());
        let last = self.b.shr(I32, last, amount);
        let last = self.and_with(last, p.ones());
        self.packed_add(p, shifted, last)
    }
}
