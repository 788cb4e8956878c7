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
mod siblings;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use demotic_ir::interp::{Outcome, WayKind};
use demotic_ir::{
    Access, Fault, FaultKind, GuestArch, HostView, Kicker, Loc, Memory, Resume, STATE_WORDS, Trap,
    TrapContext, TrapHandler,
};

use rustc_hash::FxHashSet;

use crate::TranslatorError;
use crate::engine::{
    self, Engine, EngineKind, EngineOptions, FaultAt, FinishedNews, Member, Seen, SharedCode,
};
use crate::vcpu_state::special;
use blocks::{BlockCache, BlockIndex, NONE, is_call};
use callbacks::{HostTables, StatePointer};
use control::Control;
pub use siblings::Siblings;
use siblings::StatePool;

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

impl VcpuStats {
    /// Those of both.
    fn with(self, other: VcpuStats) -> VcpuStats {
        VcpuStats {
            interpreted: self.interpreted + other.interpreted,
            entries: self.entries + other.entries,
            traps: self.traps + other.traps,
        }
    }
}

/// A vCPU: the guest's registers, the interpreter's blocks, and the engine.
pub struct Vcpu<M: Memory> {
    engine: Arc<Engine>,
    /// What the engine knows of this vCPU.
    member: Arc<Member>,
    states: Arc<StatePool>,
    state: StatePointer,
    blocks: BlockCache<M>,
    finished: FinishedNews,
    /// What this vCPU knows of the engine.
    seen: Seen,
    /// Blocks that the first tier does not take.
    refused: FxHashSet<Loc>,
    /// Regions that this vCPU has asked for.
    requested: FxHashSet<Loc>,
    stats: VcpuStats,
    /// Host frames of this run loop below the present one.
    nesting: u32,
}

/// How many run loops may lie on the host's stack before everything is unwound.
const MAX_NESTING: u32 = 64;

/// How much sooner than a block of the first tier an interpreted one is hot: about how much slower it is, and somewhat more
/// where entering and leaving the interpreter costs more than the block.
const INTERPRETER_COST: u32 = 60;

/// A vCPU that is running, and the guest's kernel.
struct Runner<'a, H: TrapHandler> {
    vcpu: &'a mut Vcpu<H::Mem>,
    handler: &'a mut H,
}

/// What translated code relies on besides the registers.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Context {
    /// The guest's mode.
    mode: u32,
    /// Where its memory is.
    view: HostView,
    /// Regions that had been removed: if more have been since, the code may be among them, and nobody returns to it.
    removed: u64,
}

/// What to do next in a run loop.
enum Next {
    /// Go on at the state's pc.
    Dispatch,
    /// The same, with the interpreter.
    Interpret,
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
        let thunks = callbacks::thunks::<H>(&*arch)?;
        let states = StatePool::new(HostTables::new::<H>(thunks, &*arch));
        let engine = Engine::new(arch, code, options, thunks.miss)?;
        Ok(Vcpu::on(Arc::new(engine), Arc::new(states)))
    }

    /// A vCPU on an engine.
    fn on(engine: Arc<Engine>, states: Arc<StatePool>) -> Vcpu<M> {
        let mut state = states.take();
        state.set_counters(engine.counters());
        let (member, seen) = engine.join(state.kicker());
        let finished = engine.finished_news();
        let (blocks, stats) = (BlockCache::new(), VcpuStats::default());
        let (refused, requested) = (FxHashSet::default(), FxHashSet::default());
        Vcpu { engine, member, states, state, blocks, finished, seen, refused, requested, stats, nesting: 0 }
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

    /// Figures so far, with those of its siblings that have ended.
    pub fn stats(&self) -> VcpuStats {
        self.stats.with(self.states.ended())
    }

    /// Runs the guest until the handler says stop.
    pub fn run<H: TrapHandler<Mem = M>>(&mut self, handler: &mut H) {
        self.state.bind_to_thread();
        self.nesting = 0;
        let mut runner = Runner { vcpu: self, handler };
        while runner.run_loop(false) != special::STOP {}
    }
}

impl<M: Memory> Drop for Vcpu<M> {
    fn drop(&mut self) {
        self.engine.leave(&self.member);
        self.states.give_back(self.state.hand_over(), self.stats);
    }
}

impl<H: TrapHandler> Runner<'_, H> {
    fn loc(&mut self) -> Loc {
        let Vcpu { engine, state, .. } = &mut *self.vcpu;
        let (arch, cpu) = (&engine.context().arch, state.cpu());
        Loc { pc: cpu.get(arch.layout().pc), mode: arch.mode(cpu) }
    }

    fn set_pc(&mut self, pc: u64) {
        let slot = self.vcpu.engine.context().arch.layout().pc;
        self.vcpu.state.cpu().set(slot, pc);
    }

    /// Whether no translated code is active on this vCPU, asked in a run loop.
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
                if self.makes_way(nested) {
                    return special::UNWIND;
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
                special::UNWIND if self.makes_way(nested) => return special::UNWIND,
                special::UNWIND => {}
                special::INTERPRET => interpret_first = true,
                special::KICKED => {
                    // Not kicked: the host's stack is used up. Only the outermost loop has enough of it.
                    if nested && !self.vcpu.state.kicked() {
                        return special::UNWIND;
                    }
                }
                special::FAULT => match self.fault_in_code() {
                    Next::Leave(value) => return value,
                    Next::Interpret => interpret_first = true,
                    Next::Dispatch => {}
                },
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

    fn context(&mut self) -> Context {
        let (mode, view) = (self.loc().mode, self.handler.memory().host_view());
        Context { mode, view, removed: self.vcpu.seen.removed }
    }

    /// The value with which a nested loop leaves at `pc`. The code outside may go on there only if it is still there,
    /// and in the mode that it was translated for: what is a return by its looks may have changed it (`movs pc, lr` in
    /// the callee, say).
    fn leave_nested(&mut self, pc: u64, entry: Option<Context>) -> u64 {
        if entry.is_none_or(|entry| entry == self.context()) { pc } else { special::UNWIND }
    }

    /// Whether a nested loop has to be left, because the engine wants to use the memory of old code again. The outermost
    /// one tells it that this vCPU is not in any.
    fn makes_way(&mut self, nested: bool) -> bool {
        let Vcpu { engine, member, .. } = &*self.vcpu;
        let awaited = engine.awaits(member);
        if awaited && !nested {
            engine.pass(member);
        }
        awaited && nested
    }

    /// The translated code to enter at a location in a run loop, if any.
    fn code_for(&mut self, loc: Loc) -> Option<u64> {
        self.vcpu.engine.context().options.memory?;
        self.code_or_translate(loc, self.at_base())
    }

    /// The translated code for a location; what the engine translates before its first execution is made now. `at_base`
    /// says that no translated code is active on this vCPU.
    fn code_or_translate(&mut self, loc: Loc, at_base: bool) -> Option<u64> {
        let kind = self.vcpu.engine.context().options.kind;
        match kind {
            EngineKind::Interp => return None,
            EngineKind::Auto => self.place_finished(at_base),
            EngineKind::Jit | EngineKind::Baseline => {}
        }
        let code = self.vcpu.engine.code_at(loc);
        code.or_else(|| match kind {
            EngineKind::Jit => self.translate_now(loc, at_base),
            _ if self.vcpu.engine.context().has_first_tier() => self.translate_block(loc, at_base),
            _ => None,
        })
    }

    /// Translates a block by the first tier now, unless that has refused it before.
    fn translate_block(&mut self, loc: Loc, at_base: bool) -> Option<u64> {
        if self.vcpu.refused.contains(&loc) {
            return None;
        }
        let block = self.vcpu.engine.translate_block(loc, at_base);
        self.forget_removed();
        match block {
            engine::Block::At(code) => {
                self.vcpu.blocks.note_block(loc.pc);
                Some(code)
            }
            engine::Block::Interpreted => {
                self.vcpu.refused.insert(loc);
                None
            }
            engine::Block::NotNow => None,
        }
    }

    /// Asks for a region, once.
    fn request(&mut self, loc: Loc) {
        if self.vcpu.requested.insert(loc) {
            let news = self.vcpu.blocks.take_news();
            self.vcpu.engine.request(loc, news);
        }
    }

    /// Translates a location now. `at_base` says that no translated code is active on this vCPU.
    fn translate_now(&mut self, loc: Loc, at_base: bool) -> Option<u64> {
        let code = self.vcpu.engine.translate_now(loc, at_base);
        self.forget_removed();
        code
    }

    /// Learns of translations that have been finished, and places them if nobody else has. `at_base` says that no
    /// translated code is active on this vCPU.
    #[inline]
    fn place_finished(&mut self, at_base: bool) {
        let news = self.vcpu.finished.number();
        if news == self.vcpu.seen.news {
            return;
        }
        self.vcpu.seen.news = news;
        self.learn_of_finished(at_base);
    }

    fn learn_of_finished(&mut self, at_base: bool) {
        let Vcpu { engine, seen, blocks, requested, .. } = &mut *self.vcpu;
        engine.place_finished(at_base);
        match engine.take_finished(seen) {
            Some(finished) => finished.into_iter().for_each(|loc| {
                requested.remove(&loc);
                match engine.region_at(loc) {
                    Some(code) => blocks.set_translated(loc, code),
                    None => blocks.cool(loc),
                }
            }),
            None => {
                requested.clear();
                blocks.cool_all();
            }
        }
        self.forget_removed();
    }

    /// Forgets the addresses of translated code if some of it has been removed.
    fn forget_removed(&mut self) {
        let removed = self.vcpu.engine.removed();
        if removed != self.vcpu.seen.removed {
            self.vcpu.seen.removed = removed;
            self.vcpu.state.clear_jump_cache();
            self.vcpu.blocks.forget_translations();
            self.vcpu.requested.clear();
        }
    }

    /// Takes in what has happened to the guest's code, here and on other vCPUs. No block may be in use.
    fn catch_up(&mut self) {
        self.forget_removed();
        let Vcpu { engine, seen, blocks, refused, .. } = &mut *self.vcpu;
        match engine.take_changes(seen) {
            Some(changed) if changed.is_empty() => {}
            Some(changed) => {
                refused.clear();
                changed.into_iter().for_each(|(start, end)| blocks.invalidate(start, end));
            }
            None => {
                refused.clear();
                blocks.clear();
            }
        }
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
        let translates_all = context.translates_all();
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
                self.place_finished(self.at_base());
                if self.vcpu.blocks.get(index).translated != 0 {
                    self.set_pc(pc);
                    return Interpreted::Special(special::UNWIND);
                }
                let weight = if is_call(taken.kind) { 2 } else { u32::from(pc <= from.pc) };
                self.warm(index, loc, weight);
            }
            if translates_all && !self.vcpu.refused.contains(&loc) {
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
        let hot = (self.vcpu.engine.context().options.hot / INTERPRETER_COST).max(1);
        let block = self.vcpu.blocks.get_mut(index);
        let before = block.heat;
        block.heat = before.saturating_add(weight);
        if before >= hot || block.heat < hot {
            return;
        }
        match self.vcpu.engine.code_at(loc) {
            // Another vCPU has asked for it, or this one before it had to forget where it is.
            Some(code) => block.translated = code,
            None => self.request(loc),
        }
    }

    // ---- traps, faults, attention ----

    /// Handles a trap that was raised by the interpreter. The state's pc is at the instruction after it.
    fn trap(&mut self, trap: Trap, pc: u64) -> u64 {
        self.vcpu.stats.traps += 1;
        after(self.with_control(|handler, cx| handler.trap(cx, trap, pc)))
    }

    /// Handles a memory fault of the instruction at `pc`.
    fn fault(&mut self, fault: Fault, pc: u64) -> u64 {
        self.set_pc(pc);
        after(self.with_control(|handler, cx| handler.fault(cx, fault, pc)))
    }

    /// Handles a fault that a signal handler noted in translated code.
    fn fault_in_code(&mut self) -> Next {
        let record = self.vcpu.state.fault();
        let at = self.vcpu.engine.fault_at(record.host_pc);
        if at == Some(FaultAt::Checkpoint) {
            return Next::Interpret;
        }
        let base = match self.handler.memory().host_view() {
            HostView::Window { base } | HostView::Sections { base, .. } => base,
            HostView::None => 0,
        };
        let fault = Fault {
            addr: record.host_addr.wrapping_sub(base) & 0xffff_ffff,
            access: if record.is_store != 0 { Access::Store } else { Access::Load },
            kind: if record.bus_error != 0 { FaultKind::Bus } else { FaultKind::Unmapped },
        };
        let Some(FaultAt::Instruction(pc)) = at else {
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
        // First, so that who kicks from here on is heard.
        self.vcpu.state.end_kick();
        self.catch_up();
        match self.with_control(|handler, cx| handler.interrupted(cx)) {
            Resume::Continue => Next::Dispatch,
            Resume::Stop => Next::Leave(special::STOP),
        }
    }

    /// Calls the handler, then does what it asked of the engine.
    fn with_control(&mut self, call: impl FnOnce(&mut H, &mut TrapContext<'_>) -> Resume) -> Resume {
        let Vcpu { engine, member, states, state, .. } = &mut *self.vcpu;
        let control = Control::new(engine, member, states);
        let mut cx = TrapContext { cpu: state.cpu(), engine: &control };
        let resume = call(self.handler, &mut cx);
        let effects = control.finish();
        if effects.code_changed || effects.forked_child {
            self.catch_up();
        }
        if effects.new_worker {
            self.vcpu.blocks.tell_all_again();
        }
        if effects.forked_child {
            self.vcpu.finished = self.vcpu.engine.finished_news();
            self.vcpu.seen.news = self.vcpu.finished.number();
            self.vcpu.blocks.tell_all_again();
            self.vcpu.blocks.cool_all();
            self.vcpu.requested.clear();
        }
        resume
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
