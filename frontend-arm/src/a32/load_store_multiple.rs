//! A32 loads and stores of many registers (ARM DDI 0406, A5.5).

use super::{A32, args};
use crate::lifter::SP;
use crate::semantics::load_store_multiple::{self, Multiple};

impl A32<'_, '_> {
    pub(super) fn ldm(&mut self, a: args::Ldm) {
        load_store_multiple::load_multiple(
            self.l,
            Multiple { rn: a.rn, list: a.list, up: a.up != 0, before: a.before != 0, wback: a.wback != 0 },
        );
    }

    pub(super) fn stm(&mut self, a: args::Stm) {
        load_store_multiple::store_multiple(
            self.l,
            Multiple { rn: a.rn, list: a.list, up: a.up != 0, before: a.before != 0, wback: a.wback != 0 },
        );
    }

    pub(super) fn push(&mut self, a: args::Push) {
        let push = Multiple { rn: SP, list: a.list, up: false, before: true, wback: true };
        load_store_multiple::store_multiple(self.l, push);
    }

    pub(super) fn pop(&mut self, a: args::Pop) {
        let pop = Multiple { rn: SP, list: a.list, up: true, before: false, wback: true };
        load_store_multiple::load_multiple(self.l, pop);
    }

    pub(super) fn ldm_user(&mut self, _a: args::LdmUser) {
        self.l.privileged_insn();
    }

    pub(super) fn ldm_eret(&mut self, _a: args::LdmEret) {
        self.l.privileged_insn();
    }

    pub(super) fn stm_user(&mut self, _a: args::StmUser) {
        self.l.privileged_insn();
    }
}
