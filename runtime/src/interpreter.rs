//! The smallest engine: lifts, optimises and interprets one block at a time. It needs nothing but memory, so it runs vfork
//! children, which live for a few hundred instructions in their parent's address space, and serves examples and tests.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use demotic_ir::interp::{self, Code, Outcome, WayKind};
use demotic_ir::passes::{self, PassOptions};
use demotic_ir::{
    Block, CpuState, EngineControl, GuestArch, Kicker, LiftOptions, Loc, Resume, TrapContext, TrapHandler,
};

use crate::memory::UserMemory;

/// A block, and what it was lifted to.
struct Translated {
    block: Block,
    code: Code<UserMemory>,
}

/// The engine: a cache of blocks.
pub struct Interpreter {
    arch: Box<dyn GuestArch>,
    blocks: RefCell<HashMap<Loc, Rc<Translated>>>,
    stale: Cell<bool>,
    invalidated: Cell<bool>,
}

impl fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interpreter").field("arch", &self.arch.name()).finish_non_exhaustive()
    }
}

impl EngineControl for Interpreter {
    fn invalidate(&self, _: u64, _: u64) {
        // Which blocks are concerned is not worth knowing here.
        self.stale.set(true);
        self.invalidated.set(true);
    }
    fn fork(&self, fork: &mut dyn FnMut() -> bool) {
        fork();
    }
    /// Faults are always exact.
    fn set_precise_faults(&self, _: bool) {}
}

impl Interpreter {
    /// An engine for guests of an architecture.
    pub fn new(arch: Box<dyn GuestArch>) -> Interpreter {
        Interpreter {
            arch,
            blocks: RefCell::default(),
            stale: Cell::new(false),
            invalidated: Cell::new(false),
        }
    }

    /// Whether the guest has ever changed code.
    pub fn has_invalidated(&self) -> bool {
        self.invalidated.get()
    }

    fn block(&self, loc: Loc, memory: &UserMemory) -> Rc<Translated> {
        if self.stale.take() {
            self.blocks.borrow_mut().clear();
        }
        if let Some(found) = self.blocks.borrow().get(&loc) {
            return found.clone();
        }
        let made = Rc::new(self.translate(loc, memory));
        self.blocks.borrow_mut().insert(loc, made.clone());
        made
    }

    fn translate(&self, loc: Loc, memory: &UserMemory) -> Translated {
        let guest = interp::Guest::of(self.arch.as_ref());
        let mut options = LiftOptions::default();
        loop {
            let mut block = self.arch.lift(loc, memory, options);
            passes::run(&mut block, self.arch.layout(), &PassOptions::default());
            match interp::compile(&block, &guest) {
                Ok(code) => return Translated { block, code },
                // Too much for one block.
                Err(error) if options.max_insns == 1 => panic!("one instruction is too long: {error}"),
                Err(_) => options.max_insns /= 2,
            }
        }
    }

    /// Runs until the handler says stop. `word` is what the vCPU's [`Kicker`] writes.
    pub fn run<H>(&self, cpu: &mut CpuState, handler: &mut H, word: &AtomicU64)
    where
        H: TrapHandler<Mem = UserMemory>,
    {
        while self.step(cpu, handler, word) == Resume::Continue {}
    }

    /// Runs one block.
    fn step<H>(&self, cpu: &mut CpuState, handler: &mut H, word: &AtomicU64) -> Resume
    where
        H: TrapHandler<Mem = UserMemory>,
    {
        let pc_slot = self.arch.layout().pc;
        if word.swap(0, Ordering::SeqCst) == Kicker::KICKED {
            return handler.interrupted(&mut TrapContext { cpu, engine: self });
        }
        let loc = Loc { pc: cpu.get(pc_slot), mode: self.arch.mode(cpu) };
        let translated = self.block(loc, handler.memory());
        match translated.code.run(cpu, handler.memory()) {
            Outcome::Left { way, pc } => {
                cpu.set(pc_slot, pc);
                match translated.code.ways()[way].kind {
                    WayKind::Trap { trap, pc, .. } => {
                        handler.trap(&mut TrapContext { cpu, engine: self }, trap, pc)
                    }
                    _ => Resume::Continue,
                }
            }
            Outcome::Fault { fault, src } => {
                let pc = translated.block.guest[usize::from(src)].pc;
                cpu.set(pc_slot, pc | loc.pc & 1);
                handler.fault(&mut TrapContext { cpu, engine: self }, fault, pc)
            }
        }
    }
}
