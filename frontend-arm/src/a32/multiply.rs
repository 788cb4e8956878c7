//! A32 multiplication and division (ARM DDI 0406, A5.2.5, A5.2.7, A5.4.4).

use super::{A32, args};
use crate::semantics::multiply::{self, Long};
use crate::semantics::{divide, parallel};

impl A32<'_, '_> {
    pub(super) fn mul(&mut self, a: args::Mul) {
        multiply::mul(self.l, a.s != 0, a.rd, a.rn, a.rm);
    }

    pub(super) fn mla(&mut self, a: args::Mla) {
        multiply::mla(self.l, a.s != 0, a.rd, a.rn, a.rm, a.ra);
    }

    pub(super) fn mls(&mut self, a: args::Mls) {
        multiply::mls(self.l, a.rd, a.rn, a.rm, a.ra);
    }

    pub(super) fn umaal(&mut self, a: args::Umaal) {
        multiply::umaal(self.l, Long { rdhi: a.rdhi, rdlo: a.rdlo, rn: a.rn, rm: a.rm });
    }

    pub(super) fn umull(&mut self, a: args::Umull) {
        multiply::mull(
            self.l,
            false,
            false,
            a.s != 0,
            Long { rdhi: a.rdhi, rdlo: a.rdlo, rn: a.rn, rm: a.rm },
        );
    }

    pub(super) fn umlal(&mut self, a: args::Umlal) {
        multiply::mull(
            self.l,
            false,
            true,
            a.s != 0,
            Long { rdhi: a.rdhi, rdlo: a.rdlo, rn: a.rn, rm: a.rm },
        );
    }

    pub(super) fn smull(&mut self, a: args::Smull) {
        multiply::mull(
            self.l,
            true,
            false,
            a.s != 0,
            Long { rdhi: a.rdhi, rdlo: a.rdlo, rn: a.rn, rm: a.rm },
        );
    }

    pub(super) fn smlal(&mut self, a: args::Smlal) {
        multiply::mull(self.l, true, true, a.s != 0, Long { rdhi: a.rdhi, rdlo: a.rdlo, rn: a.rn, rm: a.rm });
    }

    pub(super) fn smlaxy(&mut self, a: args::Smlaxy) {
        multiply::smlaxy(self.l, a.rd, a.rn, a.n_high != 0, a.rm, a.m_high != 0, a.ra);
    }

    pub(super) fn smlawy(&mut self, a: args::Smlawy) {
        multiply::smlawy(self.l, a.rd, a.rn, a.rm, a.m_high != 0, a.ra);
    }

    pub(super) fn smulwy(&mut self, a: args::Smulwy) {
        multiply::smulwy(self.l, a.rd, a.rn, a.rm, a.m_high != 0);
    }

    pub(super) fn smlalxy(&mut self, a: args::Smlalxy) {
        multiply::smlalxy(
            self.l,
            Long { rdhi: a.rdhi, rdlo: a.rdlo, rn: a.rn, rm: a.rm },
            a.n_high != 0,
            a.m_high != 0,
        );
    }

    pub(super) fn smulxy(&mut self, a: args::Smulxy) {
        multiply::smulxy(self.l, a.rd, a.rn, a.n_high != 0, a.rm, a.m_high != 0);
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

    pub(super) fn smlald(&mut self, a: args::Smlald) {
        multiply::smlald(self.l, Long { rdhi: a.rdhi, rdlo: a.rdlo, rn: a.rn, rm: a.rm }, a.swap != 0, false);
    }

    pub(super) fn smlsld(&mut self, a: args::Smlsld) {
        multiply::smlald(self.l, Long { rdhi: a.rdhi, rdlo: a.rdlo, rn: a.rn, rm: a.rm }, a.swap != 0, true);
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
