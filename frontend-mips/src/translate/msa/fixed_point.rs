//! Multiplication of fixed-point fractions, saturating, with and without rounding and accumulation.

use crate::decode::args;
use crate::helpers::msa;
use crate::translate::Lifter;

impl Lifter<'_> {
    pub(in crate::translate) fn mul_q(&mut self, a: args::MulQ) {
        self.vector_helper([msa::MUL_Q_H, msa::MUL_Q_W][a.df as usize & 1], [a.wd, a.ws, a.wt]);
    }

    pub(in crate::translate) fn mulr_q(&mut self, a: args::MulrQ) {
        self.vector_helper([msa::MULR_Q_H, msa::MULR_Q_W][a.df as usize & 1], [a.wd, a.ws, a.wt]);
    }

    pub(in crate::translate) fn madd_q(&mut self, a: args::MaddQ) {
        self.vector_helper([msa::MADD_Q_H, msa::MADD_Q_W][a.df as usize & 1], [a.wd, a.ws, a.wt]);
    }

    pub(in crate::translate) fn maddr_q(&mut self, a: args::MaddrQ) {
        self.vector_helper([msa::MADDR_Q_H, msa::MADDR_Q_W][a.df as usize & 1], [a.wd, a.ws, a.wt]);
    }

    pub(in crate::translate) fn msub_q(&mut self, a: args::MsubQ) {
        self.vector_helper([msa::MSUB_Q_H, msa::MSUB_Q_W][a.df as usize & 1], [a.wd, a.ws, a.wt]);
    }

    pub(in crate::translate) fn msubr_q(&mut self, a: args::MsubrQ) {
        self.vector_helper([msa::MSUBR_Q_H, msa::MSUBR_Q_W][a.df as usize & 1], [a.wd, a.ws, a.wt]);
    }
}
