//! The engine: what the vCPUs of one guest share. Translations, the thread that makes them, and their bookkeeping.

mod counters;
mod journal;
mod placed;
mod vcpus;
mod worker;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use cranelift_codegen::isa::TargetIsa;
use demotic_ir::passes::PassTimes;
use demotic_ir::{CodeSource, GuestArch, GuestCode, Kicker, LiftOptions, Loc};

use crate::TranslatorError;
use crate::baseline::{self, BlockOptions, Refused};
use crate::compile::{CompiledRegion, Compiler, Listing};
use crate::isa::{HostFeatures, host_has_fma, host_isa};
use crate::lower::{AT_CHECKPOINT, LowerOptions, MemoryModel};
use crate::region::{FormOptions, Profile, ProfileData, form_with_dataflow};
use counters::Counters;
use journal::{CodeChanges, Journal};
use placed::{PlaceError, PlacedCode};
pub(crate) use vcpus::Member;
use vcpus::Vcpus;
use worker::{Finished, Request, Worker};

/// Which engine runs the guest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum EngineKind {
    /// The interpreter alone.
    Interp,
    /// Everything is translated by the second tier before its first execution.
    Jit,
    /// Everything is translated by the first tier before its first execution, and stays so.
    Baseline,
    /// The first tier, and what is hot by the second one on another thread.
    #[default]
    Auto,
}

/// Settings of an engine.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Which engine.
    pub kind: EngineKind,
    /// How translated code reaches guest memory; `None` to interpret only. A memory that the model does not fit has its
    /// code interpreted.
    pub memory: Option<MemoryModel>,
    /// Region forming.
    pub form: FormOptions,
    /// Size of the code cache in bytes.
    pub code_bytes: usize,
    /// A block of the first tier gets a region when loops and calls have entered it this often; one with many instructions
    /// or that is interpreted much sooner. `Auto` only.
    pub hot: u32,
    /// Check Cranelift's input.
    pub verify: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        EngineOptions {
            kind: EngineKind::Auto,
            memory: Some(MemoryModel::Window),
            form: FormOptions::default(),
            code_bytes: 64 << 20,
            hot: 60_000,
            verify: cfg!(debug_assertions),
        }
    }
}

/// Figures of an engine's work.
#[derive(Clone, Copy, Debug, Default)]
pub struct EngineStats {
    /// Blocks translated by the first tier.
    pub blocks: u64,
    /// Guest instructions in them.
    pub block_insns: u64,
    /// Blocks that the first tier has left to the interpreter.
    pub interpreted_blocks: u64,
    /// Bytes of host code of the first tier.
    pub block_bytes: u64,
    /// Time that the first tier took, in nanoseconds.
    pub block_ns: u64,
    /// Regions translated.
    pub regions: u64,
    /// Regions that Cranelift refused, and that are interpreted instead: each is a defect.
    pub refused: u64,
    /// Guest instructions in them.
    pub region_insns: u64,
    /// Bytes of host code.
    pub code_bytes: u64,
    /// Time spent translating, on whichever thread, in nanoseconds.
    pub translate_ns: u64,
    /// The part of it that each pass took.
    pub pass_times: PassTimes,
}

/// Where code can be read from by any thread.
pub type SharedCode = Arc<dyn GuestCode>;

/// What a block costs that is as hot as it is often entered. Others are by how long they take.
const USUAL_COST: u32 = 8;

/// What translation needs; shared with the worker.
pub(crate) struct TranslateContext {
    pub(crate) arch: Arc<dyn GuestArch>,
    pub(crate) code: SharedCode,
    pub(crate) options: EngineOptions,
    isa: Arc<dyn TargetIsa>,
    /// Keep state exact at every access.
    precise: AtomicBool,
    stats: Figures,
}

#[derive(Default)]
struct Figures {
    blocks: AtomicU64,
    block_insns: AtomicU64,
    interpreted_blocks: AtomicU64,
    block_bytes: AtomicU64,
    block_ns: AtomicU64,
    regions: AtomicU64,
    refused: AtomicU64,
    region_insns: AtomicU64,
    code_bytes: AtomicU64,
    translate_ns: AtomicU64,
    pass_times: Mutex<PassTimes>,
}

/// Tells whether translations have been finished or placed, at the price of one load.
#[derive(Clone)]
pub(crate) struct FinishedNews(Arc<worker::Done>);

impl FinishedNews {
    /// A number that changes when there is something new.
    pub(crate) fn number(&self) -> u64 {
        self.0.news()
    }
}

/// How far a vCPU is with what has happened to the engine's code.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// As [`FinishedNews`] counts.
    pub(crate) news: u64,
    /// Regions that have been removed.
    pub(crate) removed: u64,
    finished: u64,
    changes: u64,
}

/// What is noted when translations are dropped although the guest's code is as it was.
const TRANSLATIONS_ONLY: (u64, u64) = (0, u64::MAX);

/// See the module's documentation. Its vCPUs may be on several threads.
///
/// Lock order: compiler, worker, placed code, changes and finished requests, vCPUs.
pub struct Engine {
    context: Arc<TranslateContext>,
    /// Protected by its lock: all placed code.
    placed: Mutex<PlacedCode>,
    /// Protected by its lock: the thread that translates in the background.
    worker: Mutex<Worker>,
    compiler: Mutex<Compiler>,
    /// Host addresses of the code cache.
    bounds: (u64, u64),
    /// Protected by its lock: which guest code has changed when, so that a translation of old code is not placed.
    changes: Mutex<CodeChanges>,
    /// Protected by its lock: the requests that have been dealt with.
    finished: Mutex<Journal<Loc>>,
    /// How many regions have been removed from the placed code.
    removed: Arc<AtomicU64>,
    vcpus: Vcpus,
    counters: Counters,
}

impl TranslateContext {
    /// Whether code is translated by the first tier before its first execution.
    pub(crate) fn has_first_tier(&self) -> bool {
        let reaches = matches!(self.options.memory, Some(MemoryModel::LowWindow | MemoryModel::Window));
        reaches && matches!(self.options.kind, EngineKind::Baseline | EngineKind::Auto)
    }

    /// Whether all that can be translated is, before its first execution.
    pub(crate) fn translates_all(&self) -> bool {
        self.has_first_tier() || self.options.kind == EngineKind::Jit && self.options.memory.is_some()
    }

    /// How often a block that takes so long is entered before it is hot.
    fn entries_to_be_hot(&self, cost: usize) -> u32 {
        (self.options.hot / (cost as u32 / USUAL_COST).max(1)).max(1)
    }

    /// Translates the block at `loc` by the first tier; `None` if that has to be left to the interpreter.
    fn translate_block(&self, loc: Loc, counters: &Counters) -> Option<CompiledRegion> {
        let start = Instant::now();
        let number = counters.new_number();
        let counts = self.options.kind == EngineKind::Auto;
        let block = self.arch.lift(loc, self.code.in_mode(loc.mode), LiftOptions::default());
        let counter = counts.then(|| counters.begin(number, self.options.hot));
        let options =
            BlockOptions { memory: self.options.memory?, nan_rule: self.arch.nan_rule(), number, counter };
        let compiled = baseline::compile(&block, self.arch.layout(), options);
        let add = |figure: &AtomicU64, n: usize| figure.fetch_add(n as u64, Ordering::Relaxed);
        match &compiled {
            Ok(code) => {
                counter.inspect(|&counter| counters.set(counter, self.entries_to_be_hot(code.cost)));
                add(&self.stats.blocks, 1);
                add(&self.stats.block_insns, code.guest_insns);
                add(&self.stats.block_bytes, code.code.len());
            }
            Err(Refused) => {
                tracing::debug!(target: "translate", pc = format_args!("{:#x}", loc.pc), "left to the interpreter");
                add(&self.stats.interpreted_blocks, 1);
            }
        }
        add(&self.stats.block_ns, start.elapsed().as_nanos() as usize);
        compiled.ok()
    }

    fn lower_options(&self) -> Option<LowerOptions> {
        Some(LowerOptions {
            memory: self.options.memory?,
            precise_faults: self.precise.load(Ordering::Relaxed),
            nan_rule: self.arch.nan_rule(),
            host_fma: host_has_fma(HostFeatures::Native),
        })
    }

    fn form_and_compile(
        &self,
        compiler: &mut Compiler,
        loc: Loc,
        profile: Option<&dyn Profile>,
        lower: LowerOptions,
    ) -> Result<CompiledRegion, TranslatorError> {
        let (region, flow) = form_with_dataflow(
            &*self.arch,
            self.code.in_mode(loc.mode),
            profile,
            &self.options.form,
            loc,
            lower.faults(),
        );
        lock(&self.stats.pass_times).add(&region.pass_times);
        compiler.compile(&region, &flow, self.arch.layout(), lower)
    }

    /// Translates the region at `loc`.
    fn translate(
        &self,
        compiler: &mut Compiler,
        loc: Loc,
        profile: Option<&dyn Profile>,
    ) -> Result<CompiledRegion, TranslatorError> {
        let Some(lower) = self.lower_options() else {
            return Err(TranslatorError::Relocation("nothing: this guest is interpreted".into()));
        };
        let start = Instant::now();
        let attempt = AssertUnwindSafe(|| self.form_and_compile(compiler, loc, profile, lower));
        // A bug in the compiler costs the guest speed, not its life.
        let compiled = catch_unwind(attempt).unwrap_or_else(|_| {
            *compiler = Compiler::new(self.isa.clone());
            Err(TranslatorError::Cranelift(format!("it panicked over the region at {:#x}", loc.pc)))
        });
        self.stats.translate_ns.fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        if let Ok(c) = &compiled {
            self.stats.regions.fetch_add(1, Ordering::Relaxed);
            self.stats.region_insns.fetch_add(c.guest_insns as u64, Ordering::Relaxed);
            self.stats.code_bytes.fetch_add(c.code.len() as u64, Ordering::Relaxed);
            tracing::debug!(target: "translate", pc = format_args!("{:#x}", loc.pc), insns = c.guest_insns, bytes = c.code.len(),
                us = start.elapsed().as_micros() as u64, "translated");
        }
        compiled
    }
}

/// What came of translating a block by the first tier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Block {
    /// Its code.
    At(u64),
    /// It has something that the tier cannot do.
    Interpreted,
    /// There is no room at the moment, or the guest's code has just changed.
    NotNow,
}

/// What is known of a fault in translated code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FaultAt {
    /// It is that of the instruction at this pc.
    Instruction(u64),
    /// It is that of an instruction that the interpreter comes to if it goes on from the state's pc.
    Checkpoint,
}

/// A lock whose data stays usable when a holder panicked: every update leaves it consistent.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// An engine for one guest. `miss_thunk` is the code that unlinked exits go to.
    ///
    /// # Errors
    /// When the host is not supported or has no memory for code.
    pub(crate) fn new(
        arch: Arc<dyn GuestArch>,
        code: SharedCode,
        options: EngineOptions,
        miss_thunk: u64,
    ) -> Result<Engine, TranslatorError> {
        let isa = host_isa(options.verify, HostFeatures::Native)?;
        let placed = PlacedCode::new(options.code_bytes, miss_thunk)?;
        let (bounds, removed) = (placed.bounds(), placed.removals());
        let compiler = Compiler::new(isa.clone());
        let context = TranslateContext {
            arch,
            code,
            options,
            isa,
            precise: AtomicBool::new(false),
            stats: Figures::default(),
        };
        Ok(Engine {
            context: Arc::new(context),
            placed: Mutex::new(placed),
            worker: Mutex::new(Worker::new()),
            compiler: Mutex::new(compiler),
            bounds,
            changes: Mutex::default(),
            finished: Mutex::default(),
            removed,
            vcpus: Vcpus::default(),
            counters: Counters::new(),
        })
    }

    pub(crate) fn context(&self) -> &TranslateContext {
        &self.context
    }

    pub(crate) fn bounds(&self) -> (u64, u64) {
        self.bounds
    }

    /// Figures so far.
    pub fn stats(&self) -> EngineStats {
        let c = &self.context.stats;
        EngineStats {
            blocks: c.blocks.load(Ordering::Relaxed),
            block_insns: c.block_insns.load(Ordering::Relaxed),
            interpreted_blocks: c.interpreted_blocks.load(Ordering::Relaxed),
            block_bytes: c.block_bytes.load(Ordering::Relaxed),
            block_ns: c.block_ns.load(Ordering::Relaxed),
            regions: c.regions.load(Ordering::Relaxed),
            refused: c.refused.load(Ordering::Relaxed),
            region_insns: c.region_insns.load(Ordering::Relaxed),
            code_bytes: c.code_bytes.load(Ordering::Relaxed),
            translate_ns: c.translate_ns.load(Ordering::Relaxed),
            pass_times: *lock(&c.pass_times),
        }
    }

    /// Regions and bytes that are placed now.
    pub fn usage(&self) -> (usize, usize) {
        lock(&self.placed).usage()
    }

    /// The code for a location, if it has been translated.
    pub(crate) fn code_at(&self, loc: Loc) -> Option<u64> {
        lock(&self.placed).code_at(loc)
    }

    /// The region for a location, if there is one.
    pub(crate) fn region_at(&self, loc: Loc) -> Option<u64> {
        let mut placed = lock(&self.placed);
        if placed.has_region(loc) { placed.code_at(loc) } else { None }
    }

    /// Translates the block at a location by the first tier, now. `at_base` says that no translated code is active on this
    /// vCPU.
    pub(crate) fn translate_block(&self, loc: Loc, at_base: bool) -> Block {
        if lock(&self.placed).is_emptied() && !self.vcpus.round_is_over() {
            // There is no room for it yet.
            return Block::NotNow;
        }
        let time = lock(&self.changes).now();
        match self.context.translate_block(loc, &self.counters) {
            Some(compiled) => self.place(time, Ok(compiled), at_base).map_or(Block::NotNow, Block::At),
            None => Block::Interpreted,
        }
    }

    /// Where to go on in the block at a location whose counter has run out, with the counter set to `next`. `None` if the block
    /// is not there any more.
    pub(crate) fn count_again(&self, loc: Loc, next: u32) -> Option<u64> {
        let (code, counter) = lock(&self.placed).block_at(loc)?;
        if let Some(counter) = counter {
            self.counters.set(counter, next);
        }
        Some(code)
    }

    /// Address of the counters of blocks, which translated code changes.
    pub(crate) fn counters(&self) -> u64 {
        self.counters.address()
    }

    /// Adds a vCPU that knows of nothing yet.
    pub(crate) fn join(&self, kicker: Kicker) -> (Arc<Member>, Seen) {
        let member = self.vcpus.add(kicker);
        let seen = Seen {
            news: self.finished_news().number(),
            removed: self.removed(),
            finished: lock(&self.finished).now(),
            changes: lock(&self.changes).now(),
        };
        (member, seen)
    }

    /// Removes a vCPU.
    pub(crate) fn leave(&self, member: &Arc<Member>) {
        self.vcpus.remove(member);
    }

    /// Whether a vCPU is asked to come to its outermost run loop.
    pub(crate) fn awaits(&self, member: &Member) -> bool {
        self.vcpus.awaits(member)
    }

    /// A vCPU is in its outermost run loop: no host frame of translated code is left on its thread.
    pub(crate) fn pass(&self, member: &Member) {
        self.vcpus.pass(member);
    }

    /// How many regions have been removed: whoever holds addresses of code must drop them when this has changed.
    pub(crate) fn removed(&self) -> u64 {
        self.removed.load(Ordering::Acquire)
    }

    /// The guest code that has changed since this was last asked; `None` if that may be any code.
    pub(crate) fn take_changes(&self, seen: &mut Seen) -> Option<Vec<(u64, u64)>> {
        let changes = lock(&self.changes);
        let from = std::mem::replace(&mut seen.changes, changes.now());
        Some(changes.since(from)?.copied().filter(|&range| range != TRANSLATIONS_ONLY).collect())
    }

    /// Translates a location now. `at_base` says that no translated code is active on this vCPU.
    pub(crate) fn translate_now(&self, loc: Loc, at_base: bool) -> Option<u64> {
        if lock(&self.placed).is_emptied() && !self.vcpus.round_is_over() {
            // There is no room for it yet.
            return None;
        }
        let time = lock(&self.changes).now();
        let compiled = self.context.translate(&mut lock(&self.compiler), loc, None);
        self.place(time, compiled, at_base)
    }

    /// Asks for a location to be translated in the background. `news` is what has been executed since the last request.
    pub(crate) fn request(&self, loc: Loc, news: ProfileData) {
        let time = lock(&self.changes).now();
        lock(&self.worker).request(&self.context, Request { loc, time, news });
    }

    /// Where finished translations are announced. To be asked for again after a fork.
    pub(crate) fn finished_news(&self) -> FinishedNews {
        FinishedNews(lock(&self.worker).done())
    }

    /// Places what the background thread has finished, for all vCPUs to know.
    pub(crate) fn place_finished(&self, at_base: bool) {
        let finished = lock(&self.worker).take_finished();
        if finished.is_empty() {
            return;
        }
        for Finished { loc, time, compiled } in finished {
            if let Some(compiled) = compiled {
                self.place(time, compiled, at_base);
            }
            lock(&self.finished).note(loc);
        }
        self.finished_news().0.tell();
    }

    /// The requested locations that have been dealt with since this was last asked; `None` if it may be any. Those
    /// that have no code now may be asked for again.
    pub(crate) fn take_finished(&self, seen: &mut Seen) -> Option<Vec<Loc>> {
        let finished = lock(&self.finished);
        let from = std::mem::replace(&mut seen.finished, finished.now());
        Some(finished.since(from)?.copied().collect())
    }

    /// Places a translation of code as it was at `time`.
    fn place(
        &self,
        time: u64,
        compiled: Result<CompiledRegion, TranslatorError>,
        at_base: bool,
    ) -> Option<u64> {
        let compiled = compiled
            .inspect_err(|e| {
                self.context.stats.refused.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(target: "translate", "not translated, interpreting instead: {e}");
            })
            .ok()?;
        let pc = compiled.entry.pc;
        let mut placed = lock(&self.placed);
        // Looked at while nothing can be placed or dropped: whoever changes code from here on drops this too.
        if lock(&self.changes).changed_since(time, &compiled.ranges) {
            return None;
        }
        let may_evict = self.may_evict(&placed, at_base);
        match placed.place(compiled, may_evict) {
            Ok(code) => Some(code),
            Err(PlaceError::MustEvict) => {
                self.prepare_eviction(&mut placed);
                None
            }
            // It has said so.
            Err(PlaceError::Shared) => None,
            Err(PlaceError::TooLarge) => {
                tracing::warn!(target: "translate", "the region at {pc:#x} is too large to be placed");
                None
            }
        }
    }

    /// Whether the memory of old code may be used again.
    fn may_evict(&self, placed: &PlacedCode, at_base: bool) -> bool {
        at_base && self.vcpus.is_one() || placed.is_emptied() && self.vcpus.round_is_over()
    }

    /// Takes old code out of use, and asks the vCPUs to leave it.
    fn prepare_eviction(&self, placed: &mut PlacedCode) {
        if !placed.is_emptied() {
            placed.empty_next();
            self.vcpus.begin_round();
        }
    }

    /// Drops translations of `[start, end)`, and has the other vCPUs do so.
    pub(crate) fn invalidate(&self, member: &Arc<Member>, start: u64, end: u64) {
        // A translation in progress may have read the old code, whether or not any is placed.
        lock(&self.changes).note((start, end));
        lock(&self.placed).invalidate(start, end);
        self.vcpus.kick_others(member);
    }

    /// Switches exact state at faults on or off. After a change no old code is left.
    pub(crate) fn set_precise(&self, member: &Arc<Member>, on: bool) {
        if self.context.precise.swap(on, Ordering::SeqCst) != on {
            lock(&self.changes).note(TRANSLATIONS_ONLY);
            lock(&self.placed).clear();
            self.vcpus.kick_others(member);
        }
    }

    /// What a fault at a host address belongs to.
    pub(crate) fn fault_at(&self, host_pc: u64) -> Option<FaultAt> {
        let pc = lock(&self.placed).guest_pc(host_pc)?;
        Some(if pc == u64::from(AT_CHECKPOINT) { FaultAt::Checkpoint } else { FaultAt::Instruction(pc) })
    }

    /// Calls `f` while there is no background thread; the next request starts one.
    pub(crate) fn alone(&self, f: &mut dyn FnMut()) {
        let mut worker = lock(&self.worker);
        worker.stop();
        f();
    }

    /// Forks the process by calling `fork`, which says whether this is the child. All locks are held meanwhile, since
    /// nobody would free them in the child, where `member` is the only vCPU. Gives whether this is the child.
    pub(crate) fn fork(&self, member: &Arc<Member>, fork: &mut dyn FnMut() -> bool) -> bool {
        let _compiler = lock(&self.compiler);
        let mut worker = lock(&self.worker);
        let mut placed = lock(&self.placed);
        let _changes = lock(&self.changes);
        let _finished = lock(&self.finished);
        let mut members = self.vcpus.hold();
        let _pass_times = lock(&self.context.stats.pass_times);
        placed.share();
        if !fork() {
            return false;
        }
        worker.abandon();
        members.retain(|other| Arc::ptr_eq(other, member));
        placed.forked();
        true
    }
}

/// What a translation for readers is made for.
#[derive(Clone, Copy, Debug)]
pub struct ListOptions {
    /// How it reaches guest memory.
    pub memory: MemoryModel,
    /// The host's optional instructions.
    pub host: HostFeatures,
    /// Stop adding blocks when the region has this many guest instructions.
    pub max_insns: usize,
}

impl Default for ListOptions {
    fn default() -> ListOptions {
        let max_insns = FormOptions::default().max_insns;
        ListOptions { memory: MemoryModel::LowWindow, host: HostFeatures::Native, max_insns }
    }
}

/// Translates the region at `loc` for readers.
///
/// # Errors
/// As translation itself.
pub fn list_region(
    arch: &dyn GuestArch,
    code: &dyn CodeSource,
    loc: Loc,
    list: ListOptions,
) -> Result<(crate::Region, Listing), TranslatorError> {
    let mut compiler = Compiler::new(host_isa(true, list.host)?);
    let form = FormOptions { max_insns: list.max_insns, ..FormOptions::default() };
    let options = LowerOptions {
        memory: list.memory,
        precise_faults: false,
        nan_rule: arch.nan_rule(),
        host_fma: host_has_fma(list.host),
    };
    let (region, flow) = form_with_dataflow(arch, code, None, &form, loc, options.faults());
    let listing = compiler.listing(&region, &flow, arch.layout(), options)?;
    Ok((region, listing))
}
