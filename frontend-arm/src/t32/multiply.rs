//! 32-bit multiplication and division (ARM DDI 0406C, A6.3.16 and A6.3.17).

use super::Wide;
use super::wide::args;
use crate::semantics::multiply::{self, Long};
use crate::semantics::{divide, parallel};

impl Wide<'_, '_> {
    pub(super) fn mul(&mut self, a: args::Mul) {
        multiply::mul(self.l, false, a.rd, a.rn, a.rm);
    }

    pub(super) fn mla(&mut self, a: args::Mla) {
        multiply::mla(self.l, false, a.rd, a.rn, a.rm, a.ra);
    }

    pub(super) fn mls(&mut self, a: args::Mls) {
        multiply::mls(self.l, a.rd, a.rn, a.rm, a.ra);
    }

    pub(super) fn smulxy(&mut self, a: args::Smulxy) {
        multiply::smulxy(self.l, a.rd, a.rn, a.n_high != 0, a.rm, a.m_high != 0);
    }

    pub(super) fn smlaxy(&mut self, a: args::Smlaxy) {
        multiply::smlaxy(self.l, a.rd, a.rn, a.n_high != 0, a.rm, a.m_high != 0, a.ra);
    }

    pub(super) fn smulwy(&mut self, a: args::Smulwy) {
        multiply::smulwy(self.l, a.rd, a.rn, a.rm, a.m_high != 0);
    }

    pub(super) fn smlawy(&mut self, a: args::Smlawy) {
        multiply::smlawy(self.l, a.rd, a.rn, a.rm, a.m_high != 0, a.ra);
    }

    pub(super) fn smuad(&mut self, a: args::Smuad) {
        multiply::smlad(self.l, a.rd, a.rn, a.rm, None, a.swap != 0, false);
    }

    pub(super) fn smlad(&mut self, a: args::Smlad) {
        multiply::smlad(self.l, a.rd, a.rn, a.rm, Some(a.ra), a.swap != 0, false);
    }

    pub(super) fn smusd(&mut self, a: args::Smusd) {
        multiply::smlad(self.l, a.rd, a.rn, a.rm, None, a.swap != 0, true);
    }

    pub(super) fn smlsd(&mut self, a: args::Smlsd) {
        multiply::smlad(self.l, a.rd, a.rn, a.rm, Some(a.ra), a.swap != 0, true);
    }

    pub(super) fn smmul(&mut self, a: args::Smmul) {
        multiply::smmla(self.l, a.rd, a.rn, a.rm, None, a.round != 0, false);
    }

    pub(super) fn smmla(&mut self, a: args::Smmla) {
        multiply::smmla(self.l, a.rd, a.rn, a.rm, Some(a.ra), a.round != 0, false);
    }

    pub(super) fn smmls(&mut self, a: args::Smmls) {
        multiply::smmla(self.l, a.rd, a.rn, a.rm, Some(a.ra), a.round != 0, true);
    }

    pub(super) fn usad8(&mut self, a: args::Usad8) {
        parallel::usada8(self.l, a.rd, a.rn, a.rm, None);
    }

    pub(super) fn usada8(&mut self, a: args::Usada8) {
        parallel::usada8(self.l, a.rd, a.rn, a.rm, Some(a.ra));
    }

    pub(super) fn sdiv(&mut self, a: args::Sdiv) {
        divide::sdiv(self.l, a.rd, a.rn, a.rm);
    }

    pub(super) fn udiv(&mut self, a: args::Udiv) {
        divide::udiv(self.l, a.rd, a.rn, a.rm);
    }
}

/// The long multiplications: signed or not, accumulating or not.
macro_rules! long {
    ($($method:ident $Args:ident: $signed:literal $accumulate:literal;)*) => {
        impl Wide<'_, '_> {
            $(pub(super) fn $method(&mut self, a: args::$Args) {
                let registers = Long { rdhi: a.rdhi, rdlo: a.rdlo, rn: a.rn, rm: a.rm };
                multiply::mull(self.l, $signed, $accumulate, false, registers);
            })*
        }
    };
}

long! {
    smull Smull: true false;
    umull Umull: false false;
    smlal Smlal: true true;
    umlal Umlal: false true;
}

impl Wide<'_, '_> {
    pub(super) fn umaal(&mut self, a: args::Umaal) {
        multiply::umaal(self.l, Long { rdhi: a.rdhi, rdlo: a.rdlo, rn: a.rn, rm: a.rm });
    }

    pub(super) fn smlalxy(&mut self, a: args::Smlalxy) {
        let registers = Long { rdhi: a.rdhi, rdlo: a.rdlo, rn: a.rn, rm: a.rm };
        multiply::smlalxy(self.l, registers, a.n_high != 0, a.m_high != 0);
    }

    pub(super) fn smlald(&mut self, a: args::Smlald) {
        let registers = Long { rdhi: a.rdhi, rdlo: a.rdlo, rn: a.rn, rm: a.rm };
        multiply::smlald(self.l, registers, a.swap != 0, false);
    }

    pub(super) fn smlsld(&mut self, a: args::Smlsld) {
        let registers = Long { rdhi: a.rdhi, rdlo: a.rdlo, rn: a.rn, rm: a.rm };
        multiply::smlald(self.l, registers, a.swap != 0, true);
    }
}
