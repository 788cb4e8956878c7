//! What a trap handler asks of the engine, and what it means for the vCPU afterwards.

use std::cell::Cell;
use std::sync::Arc;

use demotic_ir::EngineControl;

use super::siblings::StatePool;
use crate::engine::{Engine, Member};

/// The engine as a handler sees it during one call.
pub(super) struct Control<'a> {
    engine: &'a Engine,
    member: &'a Arc<Member>,
    states: &'a StatePool,
    effects: Cell<Effects>,
}

/// What a handler's requests changed.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Effects {
    /// Guest code is no longer what it was, or not translated as it was.
    pub(super) code_changed: bool,
    /// This is a forked child now.
    pub(super) forked_child: bool,
    /// The next thread that translates in the background is a new one.
    pub(super) new_worker: bool,
}

impl Control<'_> {
    pub(super) fn new<'a>(engine: &'a Engine, member: &'a Arc<Member>, states: &'a StatePool) -> Control<'a> {
        Control { engine, member, states, effects: Cell::default() }
    }

    pub(super) fn finish(self) -> Effects {
        self.effects.get()
    }

    fn note(&self, change: impl FnOnce(&mut Effects)) {
        let mut effects = self.effects.get();
        change(&mut effects);
        self.effects.set(effects);
    }
}

impl EngineControl for Control<'_> {
    fn invalidate(&self, start: u64, end: u64) {
        self.engine.invalidate(self.member, start, end);
        self.note(|effects| effects.code_changed = true);
    }

    fn fork(&self, fork: &mut dyn FnMut() -> bool) {
        let _states = self.states.hold();
        if self.engine.fork(self.member, fork) {
            self.note(|effects| effects.forked_child = true);
        }
    }

    fn alone(&self, f: &mut dyn FnMut()) {
        self.engine.alone(f);
        self.note(|effects| effects.new_worker = true);
    }

    fn set_precise_faults(&self, on: bool) {
        self.engine.set_precise(self.member, on);
        self.note(|effects| effects.code_changed = true);
    }
}
