//! The run loop of a vCPU: interprets what is cold, enters what is translated, and serves traps.
//!
//! Translated code and the interpreter call each other. A guest call from translated code is a host call; when the
//! callee is not translated, the miss thunk runs the interpreter inside that host call until the guest function
//! returns. Host frames hold no guest state, so they may be dropped at any time: whoever gets a next pc that it did not
//! expect returns it to its own caller, and in the end the outermost run loop goes on there.

mod blocks;
#[expect(unsafe_code, reason = "called from translated code with raw pointers")]
mod callbacks;
mod control;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use demotic_ir::interp::{Outcome, WayKind};
use demotic_ir::{
    Access, Fault, FaultKind, GuestArch, HostView, Kicker, Loc, Memory, Resume, STATE_WORDS, Trap,
    TrapContext, TrapHandler,
};

use crate::TranslatorError;
use crate::engine::{Engine, EngineKind, EngineOptions, FinishedFlag, SharedCode};
use crate::vcpu_state::special;
use blocks::{BlockCache, BlockIndex, NONE, is_call};
use callbacks::StatePointer;
use control::Control;

/// Figures of a vCPU's work.
#[derive(Clone, Copy, Debug, Default)]
pub struct VcpuStats {
    /// Guest instructions executed by the interpreter.
    pub interpreted: u64,
    /// Entries into translated code from the run loop.
    pub entries: u64,
    /// Traps handled.
    pub traps: u64,
}

/// A vCPU: the guest's registers, the interpreter's blocks, and the engine.
pub struct Vcpu<M: Memory> {
    engine: Arc<Engine>,
    state: StatePointer,
    blocks: BlockCache<M>,
    finished: FinishedFlag,
    stats: VcpuStats,
    /// Host frames of this run loop below the present one.
    nesting: u32,
}

/// How many run loops may lie on the host's stack before everything is unwound.
const MAX_NESTING: u32 = 64;

/// A vCPU that is running, and the guest's kernel.
struct Runner<'a, H: TrapHandler> {
    vcpu: &'a mut Vcpu<H::Mem>,
    handler: &'a mut H,
}

/// What to do next in a run loop.
enum Next {
    /// Go on at the state's pc.
    Dispatch,
    /// Leave this run loop with this value.
    Leave(u64),
}

impl<M: Memory> Vcpu<M> {
    /// A vCPU for the guest that `handler`'s type plays the kernel of.
    ///
    /// # Errors
    /// When the host cannot run translated code.
    pub fn new<H: TrapHandler<Mem = M>>(
        arch: Arc<dyn GuestArch>,
        code: SharedCode,
        options: EngineOptions,
    ) -> Result<Vcpu<M>, TranslatorError> {
        let thunks = callbacks::thunks::<H>()?;
        let state = callbacks::allocate_state::<H>(thunks, &*arch);
        let engine = Arc::new(Engine::new(arch, code, options, thunks.miss)?);
        let finished = engine.finished_flag();
        Ok(Vcpu {
            engine,
            state,
            blocks: BlockCache::new(),
            finished,
            stats: VcpuStats::default(),
            nesting: 0,
        })
    }

    /// The guest's registers.
    pub fn cpu(&mut self) -> &mut demotic_ir::CpuState {
        self.state.cpu()
    }

    /// Makes the vCPU call [`TrapHandler::interrupted`] soon, from any thread or signal handler.
    pub fn kicker(&self) -> Kicker {
        self.state.kicker()
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Figures so far.
    pub fn stats(&self) -> VcpuStats {
        self.stats
    }

    /// Runs the guest until the handler says stop.
    pub fn run<H: TrapHandler<Mem = M>>(&mut self, handler: &mut H) {
        self.state.bind_to_thread();
        self.nesting = 0;
        let mut runner = Runner { vcpu: self, handler };
        while runner.run_loop(false) != special::STOP {}
    }
}

impl<H: TrapHandler> Runner<'_, H> {
    fn arch(&self) -> Arc<dyn GuestArch> {
        self.vcpu.engine.context().arch.clone()
    }

    fn loc(&mut self) -> Loc {
        let arch = self.arch();
        let cpu = self.vcpu.state.cpu();
        Loc { pc: cpu.get(arch.layout().pc), mode: arch.mode(cpu) }
    }

    fn set_pc(&mut self, pc: u64) {
        let slot = self.vcpu.engine.context().arch.layout().pc;
        self.vcpu.state.cpu().set(slot, pc);
    }

    fn at_base(&self) -> bool {
        self.vcpu.nesting == 0
    }

    /// Runs from the state's pc. A `nested` loop, inside a host call of translated code, leaves with the next guest pc
    /// when the guest function that it began in returns; the outermost one only with special values.
    fn run_loop(&mut self, nested: bool) -> u64 {
        // Guest calls made in this loop that have not returned yet.
        let mut depth = 0u32;
        // The instruction at the pc must be interpreted even if there is translated code.
        let mut interpret_first = false;
        // The pc is where a call by the interpreter has returned to.
        let mut returned = false;
        let entry = nested.then(|| self.context());
        loop {
            let loc = self.loc();
            if self.vcpu.state.kicked() {
                if let Next::Leave(value) = self.interrupted() {
                    return value;
                }
                continue;
            }
            let code = if interpret_first { None } else { self.code_for(loc) };
            interpret_first = false;
            let arrived = !std::mem::take(&mut returned);
            let next = match code {
                Some(code) => self.enter(code, loc.pc),
                None => match self.interpret(loc, &mut depth, nested, arrived) {
                    Interpreted::Special(value) => value,
                    Interpreted::Returned(pc) => return self.leave_nested(pc, entry),
                },
            };
            match next {
                special::UNWIND => {}
                special::INTERPRET => interpret_first = true,
                special::KICKED => {
                    // Not kicked: the host's stack is used up. Only the outermost loop has enough of it.
                    if nested && !self.vcpu.state.kicked() {
                        return special::UNWIND;
                    }
                }
                special::FAULT => {
                    if let Next::Leave(value) = self.fault_in_code() {
                        return value;
                    }
                }
                special::STOP => return special::STOP,
                // Translated code has returned from a guest function.
                pc => {
                    self.set_pc(pc);
                    if nested && depth == 0 {
                        return self.leave_nested(pc, entry);
                    }
                    returned = depth > 0;
                    depth = depth.saturating_sub(1);
                }
            }
        }
    }

    /// What translated code relies on besides the registers: the guest's mode, and where its memory is.
    fn context(&mut self) -> (u32, HostView) {
        (self.loc().mode, self.handler.memory().host_view())
    }

    /// The value with which a nested loop leaves at `pc`. The code outside may go on there only in the mode that it was
    /// translated for: what is a return by its looks may have changed it (`movs pc, lr` in the callee, say).
    fn leave_nested(&mut self, pc: u64, entry: Option<(u32, HostView)>) -> u64 {
        if entry.is_none_or(|entry| entry == self.context()) { pc } else { special::UNWIND }
    }

    /// The translated code to enter at a location, if any; with the `Jit` engine it is made now.
    fn code_for(&mut self, loc: Loc) -> Option<u64> {
        let engine = self.vcpu.engine.clone();
        let options = &engine.context().options;
        options.memory?;
        match options.kind {
            EngineKind::Interp => None,
            EngineKind::Auto => {
                self.place_finished();
                engine.code_at(loc)
            }
            EngineKind::Jit => engine.code_at(loc).or_else(|| engine.translate_now(loc, self.at_base())),
        }
    }

    fn place_finished(&mut self) {
        if !self.vcpu.finished.is_set() {
            return;
        }
        for (loc, code) in self.vcpu.engine.place_finished(self.at_base()) {
            match code {
                Some(code) => self.vcpu.blocks.set_translated(loc, code),
                None => self.vcpu.blocks.cool(loc),
            }
        }
        // Entries of dropped code may be among the old ones.
        self.vcpu.state.clear_jump_cache();
    }

    /// Enters translated code; gives the next guest pc or a special value.
    fn enter(&mut self, code: u64, link: u64) -> u64 {
        let view = self.handler.memory().host_view();
        if !self.vcpu.engine.context().options.memory.is_some_and(|model| model.fits(view)) {
            return special::INTERPRET;
        }
        let (base, sections) = match view {
            HostView::Window { base } => (base, 0),
            HostView::Sections { base, table } => (base, table),
            HostView::None => return special::INTERPRET,
        };
        self.vcpu.stats.entries += 1;
        callbacks::enter(self, code, link, base, sections)
    }

    /// Interprets from a location until translated code is to be entered, the guest function returns, or a special
    /// value says why else. `arrived` says that translated code called or left for here, or a loop came back to it:
    /// what happens often gets a region.
    fn interpret(&mut self, loc: Loc, depth: &mut u32, nested: bool, arrived: bool) -> Interpreted {
        let engine = self.vcpu.engine.clone();
        let context = engine.context();
        let auto = context.options.kind == EngineKind::Auto && context.options.memory.is_some();
        let mut index = self.vcpu.blocks.at(loc, &*context.arch, context.code.in_mode(loc.mode));
        if auto && arrived {
            self.warm(index, loc, 2);
        }
        loop {
            let block = self.vcpu.blocks.get(index);
            let outcome = block.code.run(self.vcpu.state.cpu(), self.handler.memory());
            let (way, pc) = match outcome {
                Outcome::Left { way, pc } => (way, pc),
                Outcome::Fault { fault, src } => {
                    self.vcpu.stats.interpreted += u64::from(src);
                    let at =
                        block.insn_pcs.get(src as usize).copied().unwrap_or(block.loc.pc) | block.loc.pc & 1;
                    return Interpreted::Special(self.fault(fault, at));
                }
            };
            let taken = block.code.ways()[way];
            self.vcpu.stats.interpreted += u64::from(taken.insns);
            let from = block.loc;
            match taken.kind {
                WayKind::Trap { trap, pc: at, next } => {
                    self.set_pc(next);
                    return Interpreted::Special(self.trap(trap, at));
                }
                WayKind::Return if nested && *depth == 0 => {
                    self.set_pc(pc);
                    return Interpreted::Returned(pc);
                }
                WayKind::Return => *depth = depth.saturating_sub(1),
                kind if is_call(kind) => *depth += 1,
                _ => {}
            }
            let loc = from.at(pc);
            index = self.follow(index, way, loc);
            if self.vcpu.state.kicked() {
                self.set_pc(pc);
                return Interpreted::Special(special::UNWIND);
            }
            if auto {
                if self.vcpu.finished.is_set() {
                    self.place_finished();
                }
                if self.vcpu.blocks.get(index).translated != 0 {
                    self.set_pc(pc);
                    return Interpreted::Special(special::UNWIND);
                }
                let weight = if is_call(taken.kind) { 2 } else { u32::from(pc <= from.pc) };
                self.warm(index, loc, weight);
            } else if context.options.kind == EngineKind::Jit && context.options.memory.is_some() {
                // Only what cannot be translated is interpreted.
                self.set_pc(pc);
                return Interpreted::Special(special::UNWIND);
            }
        }
    }

    /// The block that a way out of a block leads to.
    fn follow(&mut self, from: BlockIndex, way: usize, loc: Loc) -> BlockIndex {
        let known = self.vcpu.blocks.get(from).links[way];
        if known != NONE && self.vcpu.blocks.get(known).loc == loc {
            return known;
        }
        let context = self.vcpu.engine.clone();
        let context = context.context();
        let to = match self.vcpu.blocks.find(loc) {
            Some(to) => to,
            None => {
                let to = self.vcpu.blocks.at(loc, &*context.arch, context.code.in_mode(loc.mode));
                let code = self.vcpu.engine.code_at(loc).unwrap_or(0);
                self.vcpu.blocks.get_mut(to).translated = code;
                to
            }
        };
        let state = &self.vcpu.state.cpu().words[..STATE_WORDS];
        self.vcpu.blocks.note_target(from, way, loc.pc, state);
        self.vcpu.blocks.get_mut(from).links[way] = to;
        to
    }

    /// Counts an entry by a loop or a call, and asks for a translation when there have been enough.
    fn warm(&mut self, index: BlockIndex, loc: Loc, weight: u32) {
        let hot = self.vcpu.engine.context().options.hot;
        let block = self.vcpu.blocks.get_mut(index);
        let before = block.heat;
        block.heat = before.saturating_add(weight);
        if before < hot && block.heat >= hot {
            self.vcpu.engine.request(loc, self.vcpu.blocks.take_news());
        }
    }

    // ---- traps, faults, attention ----

    /// Handles a trap that was raised by the interpreter. The state's pc is at the instruction after it.
    fn trap(&mut self, trap: Trap, pc: u64) -> u64 {
        self.vcpu.stats.traps += 1;
        after(self.with_control(|handler, cx| handler.trap(cx, trap, pc)).0)
    }

    /// Handles a memory fault of the instruction at `pc`.
    fn fault(&mut self, fault: Fault, pc: u64) -> u64 {
        self.set_pc(pc);
        after(self.with_control(|handler, cx| handler.fault(cx, fault, pc)).0)
    }

    /// Handles a fault that a signal handler noted in translated code.
    fn fault_in_code(&mut self) -> Next {
        let record = self.vcpu.state.fault();
        let pc = self.vcpu.engine.guest_pc(record.host_pc);
        let base = match self.handler.memory().host_view() {
            HostView::Window { base } | HostView::Sections { base, .. } => base,
            HostView::None => 0,
        };
        let fault = Fault {
            addr: record.host_addr.wrapping_sub(base) & 0xffff_ffff,
            access: if record.is_store != 0 { Access::Store } else { Access::Load },
            kind: if record.bus_error != 0 { FaultKind::Bus } else { FaultKind::Unmapped },
        };
        let Some(pc) = pc else {
            tracing::error!(target: "translate", host_pc = record.host_pc, "a fault outside the fault map");
            return Next::Leave(special::STOP);
        };
        match self.fault(fault, pc) {
            special::STOP => Next::Leave(special::STOP),
            _ => Next::Dispatch,
        }
    }

    /// Somebody kicked the vCPU.
    fn interrupted(&mut self) -> Next {
        self.vcpu.state.end_kick();
        match self.with_control(|handler, cx| handler.interrupted(cx)).0 {
            Resume::Continue => Next::Dispatch,
            Resume::Stop => Next::Leave(special::STOP),
        }
    }

    /// Calls the handler, then does what it asked of the engine. Gives its answer and whether translations have been
    /// dropped, to which no host frame may return.
    fn with_control(&mut self, call: impl FnOnce(&mut H, &mut TrapContext<'_>) -> Resume) -> (Resume, bool) {
        let engine = self.vcpu.engine.clone();
        let control = Control::new(&engine);
        let mut cx = TrapContext { cpu: self.vcpu.state.cpu(), engine: &control };
        let resume = call(self.handler, &mut cx);
        let effects = control.finish();
        if effects.translations_dropped {
            self.vcpu.state.clear_jump_cache();
            self.vcpu.blocks.forget_translations();
        }
        for &(start, end) in &effects.invalidated {
            self.vcpu.blocks.invalidate(start, end);
        }
        if effects.forked_child {
            self.vcpu.finished = self.vcpu.engine.finished_flag();
            self.vcpu.blocks.tell_all_again();
        }
        (resume, effects.translations_dropped)
    }
}

/// How interpretation went on.
enum Interpreted {
    /// Ended by a special value; the state's pc says where to go on.
    Special(u64),
    /// The guest function that a nested loop began in has returned to this pc.
    Returned(u64),
}

fn after(resume: Resume) -> u64 {
    match resume {
        Resume::Continue => special::UNWIND,
        Resume::Stop => special::STOP,
    }
}

/// The memory order of the polled word: kicks come from signal handlers and other threads.
const POLL_ORDER: Ordering = Ordering::SeqCst;
