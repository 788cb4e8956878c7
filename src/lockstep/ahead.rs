//! The interpreter running ahead: what a block should do.

use std::collections::HashMap;
use std::rc::Rc;

use demotic_ir::interp::{self, Code, CompileError, Guest, Outcome, WayKind};
use demotic_ir::{
    Block, CodeSource, CpuState, Fault, GuestArch, HostView, LiftOptions, Loc, MemSize, Memory, Trap,
};
use demotic_runtime::memory::UserMemory;

use super::stops::Stopping;

/// A store that was made and undone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Store {
    pub(super) addr: u64,
    pub(super) size: MemSize,
    old: u64,
    /// What stood there after the block.
    pub(super) new: u64,
}

/// Guest memory whose stores can be undone.
pub(super) struct Recorder {
    memory: UserMemory,
    stores: Vec<Store>,
}

impl Recorder {
    fn record(&mut self, addr: u64, size: MemSize) -> Result<(), Fault> {
        let old = self.memory.load(addr, size)?;
        self.stores.push(Store { addr, size, old, new: old });
        Ok(())
    }

    /// Puts memory back as it was; gives the stores with what they had led to.
    fn undo(&mut self) -> Vec<Store> {
        let mut stores = std::mem::take(&mut self.stores);
        for store in &mut stores {
            store.new = self.memory.load(store.addr, store.size).unwrap_or(store.old);
        }
        for store in stores.iter().rev() {
            // It could be written a moment ago.
            let _ = self.memory.store(store.addr, store.size, store.old);
        }
        stores
    }
}

impl Memory for Recorder {
    fn load(&mut self, addr: u64, size: MemSize) -> Result<u64, Fault> {
        self.memory.load(addr, size)
    }

    fn store(&mut self, addr: u64, size: MemSize, value: u64) -> Result<(), Fault> {
        // Write-only memory does not exist on these guests; a store to unreadable memory faults all the same.
        let recorded = self.record(addr, size);
        self.memory.store(addr, size, value).inspect_err(|_| {
            if recorded.is_ok() {
                self.stores.pop();
            }
        })
    }

    fn compare_exchange(&mut self, addr: u64, size: MemSize, old: u64, new: u64) -> Result<u64, Fault> {
        let recorded = self.record(addr, size);
        self.memory.compare_exchange(addr, size, old, new).inspect_err(|_| {
            if recorded.is_ok() {
                self.stores.pop();
            }
        })
    }

    fn host_view(&self) -> HostView {
        HostView::None
    }
}

/// How a block was left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// By a trap of the instruction at `pc`.
    Trap {
        /// What happened.
        trap: Trap,
        /// Where.
        pc: u64,
    },
    /// By a fault of the instruction at `pc`.
    Fault {
        /// The address that it accessed.
        addr: u64,
        /// Where.
        pc: u64,
    },
}

/// A block as it was lifted, and ready to be interpreted.
pub(super) struct Prepared {
    pub(super) block: Block,
    code: Code<Recorder>,
}

/// What a block should do.
pub(super) struct Expected {
    pub(super) prepared: Rc<Prepared>,
    pub(super) before: Box<CpuState>,
    pub(super) after: Box<CpuState>,
    pub(super) end: End,
    pub(super) stores: Vec<Store>,
}

/// Interprets blocks without passes, and without lasting effects.
pub(super) struct Ahead {
    code: UserMemory,
    recorder: Recorder,
    blocks: HashMap<Loc, Rc<Prepared>>,
}

impl Ahead {
    pub(super) fn new(memory: UserMemory) -> Ahead {
        let recorder = Recorder { memory: memory.clone(), stores: Vec::new() };
        Ahead { code: memory, recorder, blocks: HashMap::new() }
    }

    /// Code has changed.
    pub(super) fn forget(&mut self) {
        self.blocks.clear();
    }

    /// Where code is read from.
    pub(super) fn code(&self) -> &dyn CodeSource {
        &self.code
    }

    /// What a location holds now, of a store's width.
    pub(super) fn load(&mut self, store: &Store) -> Option<u64> {
        self.recorder.memory.load(store.addr, store.size).ok()
    }

    /// What the block at `cpu`'s pc should do.
    ///
    /// # Errors
    /// When the interpreter cannot have the block.
    pub(super) fn run(&mut self, arch: &Stopping, cpu: &CpuState) -> Result<Expected, CompileError> {
        let loc = Loc { pc: cpu.get(arch.layout().pc), mode: arch.mode(cpu) };
        let prepared = self.prepare(arch, loc)?;
        let before = Box::new(cpu.clone());
        let mut after = before.clone();
        let outcome = prepared.code.run(&mut after, &mut self.recorder);
        let stores = self.recorder.undo();
        let (end, pc) = end_of(&prepared, outcome);
        after.set(arch.layout().pc, pc);
        Ok(Expected { prepared, before, after, end, stores })
    }

    fn prepare(&mut self, arch: &Stopping, loc: Loc) -> Result<Rc<Prepared>, CompileError> {
        if let Some(known) = self.blocks.get(&loc) {
            return Ok(known.clone());
        }
        let block = arch.lift(loc, &self.code, LiftOptions::default());
        let code = interp::compile(&block, &Guest::of(arch))?;
        let prepared = Rc::new(Prepared { block, code });
        self.blocks.insert(loc, prepared.clone());
        Ok(prepared)
    }
}

/// The end of a block, and what its pc slot holds then.
fn end_of(prepared: &Prepared, outcome: Outcome) -> (End, u64) {
    let block = &prepared.block;
    match outcome {
        Outcome::Fault { fault, src } => {
            let insn = block.guest.get(usize::from(src));
            let pc = insn.map_or(block.start.pc, |insn| insn.pc | block.start.pc & 1);
            (End::Fault { addr: fault.addr, pc }, pc)
        }
        Outcome::Left { way, pc: next } => {
            let kind = prepared.code.ways().get(way).map(|way| way.kind);
            match kind {
                Some(WayKind::Trap { trap, pc, .. }) => (End::Trap { trap, pc }, next),
                // Every block ends in a trap: see `stops`.
                _ => (End::Trap { trap: super::stops::STOP, pc: block.start.pc }, next),
            }
        }
    }
}
