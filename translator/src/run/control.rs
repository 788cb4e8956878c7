//! What a trap handler asks of the engine, and what it means for the vCPU afterwards.

use std::cell::{Cell, RefCell};

use demotic_ir::EngineControl;

use crate::engine::Engine;

/// The engine as a handler sees it during one call.
pub(super) struct Control<'a> {
    engine: &'a Engine,
    effects: RefCell<Effects>,
    dropped: Cell<bool>,
}

/// What a handler's requests changed.
#[derive(Default, Debug)]
pub(super) struct Effects {
    /// Guest code that is no longer what it was.
    pub(super) invalidated: Vec<(u64, u64)>,
    /// Translations were dropped: no jump cache entry and no host frame may lead to them.
    pub(super) translations_dropped: bool,
    /// This is a forked child now.
    pub(super) forked_child: bool,
}

impl Control<'_> {
    pub(super) fn new(engine: &Engine) -> Control<'_> {
        Control { engine, effects: RefCell::default(), dropped: Cell::new(false) }
    }

    pub(super) fn finish(self) -> Effects {
        Effects { translations_dropped: self.dropped.get(), ..self.effects.into_inner() }
    }
}

impl EngineControl for Control<'_> {
    fn invalidate(&self, start: u64, end: u64) {
        if self.engine.invalidate(start, end) {
            self.dropped.set(true);
        }
        self.effects.borrow_mut().invalidated.push((start, end));
    }

    fn before_fork(&self) {
        self.engine.before_fork();
    }

    fn after_fork(&self, in_child: bool) {
        if !self.engine.after_fork(in_child) {
            // The child could not get code of its own. It must not touch its parent's.
            self.dropped.set(true);
        }
        self.effects.borrow_mut().forked_child |= in_child;
    }

    fn set_precise_faults(&self, on: bool) {
        if self.engine.set_precise(on) {
            self.dropped.set(true);
        }
    }
}
