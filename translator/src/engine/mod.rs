//! The engine: what the vCPUs of one guest share. Translations, the thread that makes them, and their bookkeeping.

mod changes;
mod placed;
mod worker;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cranelift_codegen::isa::TargetIsa;
use demotic_ir::passes::PassTimes;
use demotic_ir::{CodeSource, GuestArch, GuestCode, Loc};

use crate::TranslatorError;
use crate::compile::{CompiledRegion, Compiler, Listing};
use crate::host::code_cache::View;
use crate::isa::{HostFeatures, host_has_fma, host_isa};
use crate::lower::{LowerOptions, MemoryModel};
use crate::region::{FormOptions, Profile, ProfileData, form_with_dataflow};
use changes::CodeChanges;
use placed::{PlaceError, PlacedCode};
use worker::{Finished, Request, Worker};

/// Which engine runs the guest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum EngineKind {
    /// The interpreter alone.
    Interp,
    /// Everything is translated before its first execution.
    Jit,
    /// The interpreter first; what is hot is translated on another thread.
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
    /// A location is translated when it has been entered by a loop this often (calls count twice). `Auto` only.
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
            hot: 1000,
            verify: cfg!(debug_assertions),
        }
    }
}

/// Figures of an engine's work.
#[derive(Clone, Copy, Debug, Default)]
pub struct EngineStats {
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

/// What translation needs; shared with the worker.
pub(crate) struct TranslateContext {
    pub(crate) arch: Arc<dyn GuestArch>,
    pub(crate) code: SharedCode,
    pub(crate) options: EngineOptions,
    isa: Arc<dyn TargetIsa>,
    /// Keep state exact at every access.
    precise: AtomicBool,
    stats: Counters,
}

#[derive(Default)]
struct Counters {
    regions: AtomicU64,
    refused: AtomicU64,
    region_insns: AtomicU64,
    code_bytes: AtomicU64,
    translate_ns: AtomicU64,
    pass_times: Mutex<PassTimes>,
}

/// Tells whether the background thread has finished anything, at the price of one load.
#[derive(Clone)]
pub(crate) struct FinishedFlag(Arc<worker::Done>);

impl FinishedFlag {
    pub(crate) fn is_set(&self) -> bool {
        self.0.any()
    }
}

/// See the module's documentation.
pub struct Engine {
    context: Arc<TranslateContext>,
    /// Protected by its lock: all placed code.
    placed: Mutex<PlacedCode>,
    /// Protected by its lock: the thread that translates in the background.
    worker: Mutex<Worker>,
    compiler: Mutex<Compiler>,
    /// A copy of the code for a child about to be forked.
    fork_copy: Mutex<Option<View>>,
    /// Host addresses of the code cache.
    bounds: (u64, u64),
    /// Protected by its lock: which guest code has changed when, so that a translation of old code is not placed.
    changes: Mutex<CodeChanges>,
}

impl TranslateContext {
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
        let exact = lower.exact_accesses();
        let (region, flow) = form_with_dataflow(
            &*self.arch,
            self.code.in_mode(loc.mode),
            profile,
            &self.options.form,
            loc,
            exact,
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
        let start = std::time::Instant::now();
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
        let bounds = placed.bounds();
        let compiler = Compiler::new(isa.clone());
        let context = TranslateContext {
            arch,
            code,
            options,
            isa,
            precise: AtomicBool::new(false),
            stats: Counters::default(),
        };
        Ok(Engine {
            context: Arc::new(context),
            placed: Mutex::new(placed),
            worker: Mutex::new(Worker::new()),
            compiler: Mutex::new(compiler),
            fork_copy: Mutex::new(None),
            bounds,
            changes: Mutex::default(),
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

    /// Translates a location now. `at_base` says that no translated code is active on this vCPU.
    pub(crate) fn translate_now(&self, loc: Loc, at_base: bool) -> Option<u64> {
        let compiled = self.context.translate(&mut lock(&self.compiler), loc, None);
        self.place(compiled, at_base)
    }

    /// Asks for a location to be translated in the background. `news` is what has been executed since the last request.
    pub(crate) fn request(&self, loc: Loc, news: ProfileData) {
        let time = lock(&self.changes).now();
        lock(&self.worker).request(&self.context, Request { loc, time, news });
    }

    /// Where finished translations appear. To be asked for again after a fork.
    pub(crate) fn finished_flag(&self) -> FinishedFlag {
        FinishedFlag(lock(&self.worker).done())
    }

    /// Places what the background thread has finished. Gives the locations and their code, none for those that may be
    /// asked for again.
    pub(crate) fn place_finished(&self, at_base: bool) -> Vec<(Loc, Option<u64>)> {
        let finished = lock(&self.worker).take_finished();
        let mut placed = Vec::new();
        for Finished { loc, time, compiled } in finished {
            match compiled {
                None => placed.push((loc, None)),
                Some(Ok(c)) if lock(&self.changes).changed_since(time, &c.ranges) => placed.push((loc, None)),
                Some(compiled) => {
                    placed.extend(self.place(compiled, at_base).map(|code| (loc, Some(code))));
                }
            }
        }
        placed
    }

    fn place(&self, compiled: Result<CompiledRegion, TranslatorError>, at_base: bool) -> Option<u64> {
        let compiled = compiled
            .inspect_err(|e| {
                self.context.stats.refused.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(target: "translate", "not translated, interpreting instead: {e}");
            })
            .ok()?;
        let pc = compiled.entry.pc;
        match lock(&self.placed).place(compiled, at_base) {
            Ok(code) => Some(code),
            Err(PlaceError::MustEvict) => None,
            Err(PlaceError::TooLarge) => {
                tracing::warn!(target: "translate", "the region at {pc:#x} is too large to be placed");
                None
            }
        }
    }

    /// Drops translations of `[start, end)`; gives whether there were any.
    pub(crate) fn invalidate(&self, start: u64, end: u64) -> bool {
        // A translation in progress may have read the old code, whether or not any is placed.
        lock(&self.changes).note(start, end);
        lock(&self.placed).invalidate(start, end)
    }

    /// Switches exact state at faults on or off; gives whether that is a change, after which no old code is left.
    pub(crate) fn set_precise(&self, on: bool) -> bool {
        if self.context.precise.swap(on, Ordering::SeqCst) == on {
            return false;
        }
        lock(&self.changes).note(0, u64::MAX);
        lock(&self.placed).clear();
        true
    }

    /// The guest instruction that a fault at a host address belongs to.
    pub(crate) fn guest_pc(&self, host_pc: u64) -> Option<u64> {
        lock(&self.placed).guest_pc(host_pc)
    }

    /// Before the process forks: copies the code, so that the child need not share it.
    pub(crate) fn before_fork(&self) {
        *lock(&self.fork_copy) = lock(&self.placed).duplicate();
    }

    /// After the process has forked. Gives, in the child, whether the translations survived.
    pub(crate) fn after_fork(&self, in_child: bool) -> bool {
        let copy = lock(&self.fork_copy).take();
        if !in_child {
            return true;
        }
        lock(&self.worker).abandon();
        copy.is_some_and(|copy| lock(&self.placed).adopt(&copy))
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
    let (region, flow) = form_with_dataflow(arch, code, None, &form, loc, options.exact_accesses());
    let listing = compiler.listing(&region, &flow, arch.layout(), options)?;
    Ok((region, listing))
}
