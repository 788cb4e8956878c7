//! Dot products, multiplications from half to single precision, complex numbers.

use demotic_ir::{Lanes, Value};

use super::super::elements::{Elements, Register, Source, Three};
use super::super::float::Floats;
use super::super::{Asimd, decoder::args, extension};
use super::accumulate;
use crate::vfp::d_of_low;

impl Asimd<'_, '_> {
    accumulate! { |a| Elements::of(0, a.unsigned), Three::same(a.q, a.vd, a.vn, a.vm) =>
        vdot(Vdot) = extension::vdot;
    }

    pub(in super::super) fn vdot_element(&mut self, a: args::VdotElement) {
        let element = Source::Scalar { quad: a.q != 0, lanes: Lanes::W4, number: a.vm, index: a.index };
        let registers = Three::with(a.q, a.vd, a.vn, element);
        let e = Elements::of(0, a.unsigned);
        self.accumulate(registers, |l, d, n, m| extension::vdot(l, e, d, n, m));
    }

    pub(in super::super) fn vcadd(&mut self, a: args::Vcadd) {
        let f = Floats { half: a.single == 0, quad: a.q != 0 };
        let registers = Three::same(a.q, a.vd, a.vn, a.vm);
        self.three(registers, |l, n, m| extension::vcadd(l, f, a.rotate != 0, n, m));
    }

    pub(in super::super) fn vcmla(&mut self, a: args::Vcmla) {
        let f = Floats { half: a.single == 0, quad: a.q != 0 };
        let registers = Three::same(a.q, a.vd, a.vn, a.vm);
        self.accumulate(registers, |l, d, n, m| extension::vcmla(l, f, a.rotate, [d, n, m]));
    }

    /// The element is a complex number: a word or a doubleword.
    pub(in super::super) fn vcmla_element(&mut self, a: args::VcmlaElement) {
        let f = Floats { half: a.single == 0, quad: a.q != 0 };
        let element = if f.half {
            Source::Scalar { quad: a.q != 0, lanes: Lanes::W4, number: a.vm & 15, index: a.vm >> 4 }
        } else {
            Source::Scalar { quad: a.q != 0, lanes: Lanes::D2, number: a.vm, index: 0 }
        };
        let registers = Three::with(a.q, a.vd, a.vn, element);
        self.accumulate(registers, |l, d, n, m| extension::vcmla(l, f, a.rotate, [d, n, m]));
    }

    pub(in super::super) fn vfmal(&mut self, a: args::Vfmal) {
        let quad = a.q != 0;
        let m = if quad { a.vm } else { (a.vm & 15) << 1 | a.vm >> 4 };
        let m = extension::halves(self.l, quad, m);
        self.multiply_halves(quad, a.subtract, a.vd, a.vn, m);
    }

    pub(in super::super) fn vfmal_element(&mut self, a: args::VfmalElement) {
        let quad = a.q != 0;
        let (number, index) =
            if quad { (a.vm & 7, a.vm >> 3) } else { ((a.vm & 7) << 1 | a.vm >> 4, a.vm >> 3 & 1) };
        let register = extension::halves(self.l, quad, number);
        let m = self.l.vscalar(register, Lanes::H8, index);
        self.multiply_halves(quad, a.subtract, a.vd, a.vn, m);
    }

    fn multiply_halves(&mut self, quad: bool, subtract: u32, vd: u32, vn: u32, m: Value) {
        let Some(register) = Register::of(quad.into(), vd) else { return self.l.undefined_insn() };
        let d = register.get(self.l);
        let n = extension::halves(self.l, quad, if quad { d_of_low(vn) } else { vn });
        let result = extension::vfmal(self.l, quad, subtract != 0, [d, n, m]);
        register.put(self.l, result);
    }
}
