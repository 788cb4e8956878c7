//! Further vCPUs for a guest: other threads of its, on the same engine.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard};

use demotic_ir::Memory;

use super::callbacks::{HostTables, StatePointer};
use super::{Vcpu, VcpuStats};
use crate::engine::{Engine, lock};

/// The states of a guest's vCPUs. Kickers may outlive a vCPU, so states are never freed but used again.
pub(super) struct StatePool {
    tables: HostTables,
    past: Mutex<Past>,
}

/// What is left of vCPUs that have ended.
#[derive(Default)]
pub(super) struct Past {
    spare: Vec<StatePointer>,
    stats: VcpuStats,
}

impl StatePool {
    pub(super) fn new(tables: HostTables) -> StatePool {
        StatePool { tables, past: Mutex::default() }
    }

    /// A state of zeros.
    pub(super) fn take(&self) -> StatePointer {
        let spare = lock(&self.past).spare.pop();
        spare.unwrap_or_else(|| StatePointer::allocate(&self.tables))
    }

    /// Takes back the state of a vCPU that has ended, and its figures.
    pub(super) fn give_back(&self, mut state: StatePointer, stats: VcpuStats) {
        state.reset();
        let mut past = lock(&self.past);
        past.spare.push(state);
        past.stats = past.stats.with(stats);
    }

    /// Figures of vCPUs that have ended.
    pub(super) fn ended(&self) -> VcpuStats {
        lock(&self.past).stats
    }

    /// The lock, for who forks.
    pub(super) fn hold(&self) -> MutexGuard<'_, Past> {
        lock(&self.past)
    }
}

/// Makes further vCPUs for a guest, on any thread and at any time.
pub struct Siblings<M> {
    engine: Arc<Engine>,
    states: Arc<StatePool>,
    memory: PhantomData<fn() -> M>,
}

impl<M> fmt::Debug for Siblings<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Siblings").finish_non_exhaustive()
    }
}

impl<M: Memory> Siblings<M> {
    /// A vCPU with registers of zero. Its handler must be of the type that the first vCPU was made for.
    pub fn vcpu(&self) -> Vcpu<M> {
        Vcpu::on(self.engine.clone(), self.states.clone())
    }
}

impl<M: Memory> Vcpu<M> {
    /// What makes further vCPUs that share this one's engine.
    pub fn siblings(&self) -> Siblings<M> {
        Siblings { engine: self.engine.clone(), states: self.states.clone(), memory: PhantomData }
    }
}
