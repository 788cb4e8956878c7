//! The seam between Rust and translated code: raw pointers in, raw pointers out.

use std::sync::atomic::{AtomicU64, Ordering};

use demotic_ir::{CpuState, GuestArch, Kicker, Loc, STATE_WORDS, TrapHandler};

use super::{Context, MAX_NESTING, POLL_ORDER, Runner, Vcpu, after};
use crate::TranslatorError;
use crate::host::signal::{add_fault_hook, install_fault_handler};
use crate::host::trampoline;
use crate::lower::{decode_trap, evaluate_float, evaluate_vector_float};
use crate::thunks::{ThunkTargets, Thunks};
use crate::vcpu_state::{
    FaultRecord, FloatExchange, HOST_CALLS, HostCall, JumpCacheEntry, VcpuState, jump_cache_index, jump_tag,
    offset, site_index, special,
};

/// The vCPU's state, shared with its translated code. Allocated for ever, because kickers may outlive the vCPU.
///
/// While translated code runs, it is the only one that uses the state; callbacks are parts of it.
pub(super) struct StatePointer {
    state: *mut VcpuState,
    /// The polled word while nobody wants attention: how far the host's stack may grow.
    stack_limit: u64,
}

// SAFETY: the state has one owner; what other threads use of it (the polled word) is atomic.
unsafe impl Send for StatePointer {}

impl StatePointer {
    /// A new state.
    pub(super) fn allocate(tables: &HostTables) -> StatePointer {
        let state = VcpuState::allocate();
        state.header.host_calls = tables.host_calls;
        state.header.guest_helpers = tables.guest_helpers;
        state.header.vector_helpers = tables.vector_helpers;
        StatePointer { state, stack_limit: 0 }
    }

    /// Makes the state like a new one.
    pub(super) fn reset(&mut self) {
        self.clear_jump_cache();
        *self.cpu() = CpuState::new();
        self.stack_limit = 0;
        self.end_kick();
    }

    /// The state of a vCPU that is about to be dropped, for another one.
    pub(super) fn hand_over(&mut self) -> StatePointer {
        StatePointer { ..*self }
    }

    fn state(&mut self) -> &mut VcpuState {
        // SAFETY: never freed; translated code, the only other user, does not run while this borrow of its owner lives.
        unsafe { &mut *self.state }
    }

    fn poll(&self) -> &'static AtomicU64 {
        // SAFETY: never freed, and only ever used atomically.
        unsafe { &(*self.state).header.poll }
    }

    pub(super) fn cpu(&mut self) -> &mut CpuState {
        &mut self.state().cpu
    }

    pub(super) fn kicker(&self) -> Kicker {
        Kicker::new(self.poll())
    }

    pub(super) fn kicked(&self) -> bool {
        self.poll().load(Ordering::Relaxed) == Kicker::KICKED
    }

    /// Ends a kick: the polled word becomes the host stack's limit.
    pub(super) fn end_kick(&mut self) {
        self.poll().store(self.stack_limit, POLL_ORDER);
    }

    /// Prepares for running on the present thread. A kick that was given before stays.
    pub(super) fn bind_to_thread(&mut self) {
        let old = std::mem::replace(&mut self.stack_limit, trampoline::stack_limit());
        let _ = self.poll().compare_exchange(old, self.stack_limit, POLL_ORDER, POLL_ORDER);
    }

    /// Whether the host's stack has no room for another run loop.
    pub(super) fn stack_is_full(&self) -> bool {
        trampoline::stack_pointer() < self.stack_limit
    }

    pub(super) fn fault(&mut self) -> FaultRecord {
        self.state().header.fault
    }

    pub(super) fn clear_jump_cache(&mut self) {
        self.state().jump_cache.fill(JumpCacheEntry::EMPTY);
    }

    /// The code that goes on at a guest pc whose code is not known.
    fn miss(&mut self) -> u64 {
        self.state().header.host_calls[HostCall::MissIndirect as usize]
    }

    /// Tells translated code where its engine's counters are.
    pub(super) fn set_counters(&mut self, address: u64) {
        self.state().header.counters = address;
    }

    fn remember_jump(&mut self, tag: u64, pc: u64, code: u64) {
        self.state().jump_cache[jump_cache_index(pc)] = JumpCacheEntry { pc: tag, code };
    }

    /// The same for the indirect jump of a block, by its tag with the guest pc.
    fn remember_site(&mut self, tag: u64, pc: u64, code: u64) {
        let number = (tag >> 32) as u32 & !(1 << 31);
        self.state().jump_cache[site_index(number, pc)] = JumpCacheEntry { pc: tag, code };
    }
}

/// The addresses that translated code finds in its state: the same for all vCPUs of a guest.
#[derive(Clone, Copy)]
pub(super) struct HostTables {
    host_calls: [u64; HOST_CALLS],
    guest_helpers: u64,
    vector_helpers: u64,
}

impl HostTables {
    /// For vCPUs whose handlers are `H`s.
    pub(super) fn new<H: TrapHandler>(thunks: Thunks, arch: &dyn GuestArch) -> HostTables {
        let table = |addresses: Vec<u64>| Box::leak(addresses.into_boxed_slice()).as_ptr() as u64;
        let helpers = arch.helpers().iter();
        let guest_helpers = table(helpers.map(|h| h.function as *const () as u64).collect());
        let helpers = arch.vector_helpers().iter();
        let vector_helpers = table(helpers.map(|h| h.function as *const () as u64).collect());
        let mut host_calls = [0; HOST_CALLS];
        host_calls[HostCall::MissIndirect as usize] = thunks.miss;
        host_calls[HostCall::Trap as usize] = on_trap::<H> as *const () as u64;
        host_calls[HostCall::Float as usize] = thunks.float;
        host_calls[HostCall::VectorHelper as usize] = on_vector_helper as *const () as u64;
        host_calls[HostCall::VectorFloat as usize] = thunks.vector_float;
        host_calls[HostCall::Hot as usize] = thunks.hot;
        host_calls[HostCall::Kicked as usize] = thunks.kicked;
        host_calls[HostCall::Interpret as usize] = thunks.interpret;
        host_calls[HostCall::Indirect as usize] = on_indirect::<H> as *const () as u64;
        HostTables { host_calls, guest_helpers, vector_helpers }
    }
}

/// Makes the thunks for run loops with an `H`, and has faults of translated code recognised.
pub(super) fn thunks<H: TrapHandler>(arch: &dyn GuestArch) -> Result<Thunks, TranslatorError> {
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(|| add_fault_hook(trampoline::fault_hook));
    install_fault_handler();
    Thunks::new(ThunkTargets {
        resolve: on_resolve::<H> as *const () as u64,
        hot: on_hot::<H> as *const () as u64,
        interpret: on_interpret::<H> as *const () as u64,
        float: on_float as *const () as u64,
        vector_float: on_vector_float as *const () as u64,
        pc: offset::slot(arch.layout().pc),
    })
}

/// Enters translated code on behalf of a run loop.
pub(super) fn enter<H: TrapHandler>(
    runner: &mut Runner<'_, H>,
    code: u64,
    link: u64,
    base: u64,
    sections: u64,
) -> u64 {
    let bounds = runner.vcpu.engine.bounds();
    let state = runner.vcpu.state.state;
    // SAFETY: the state is valid and ours. The runner is not used until `enter` returns except through the pointer
    // that is stored here, by callbacks of the code that is entered; nested entries restore it.
    unsafe {
        let header = &raw mut (*state).header;
        let outer = ((*header).activation, (*header).mem_base, (*header).sections);
        (*header).activation = std::ptr::from_mut(runner) as u64;
        (*header).mem_base = base;
        (*header).sections = sections;
        let next = trampoline::enter(state, code, link, bounds);
        ((*header).activation, (*header).mem_base, (*header).sections) = outer;
        next
    }
}

/// The run loop that entered the code which is calling back.
///
/// # Safety
/// `cpu` must be what translated code was given as its state, with a handler of type `H`, during `enter`.
unsafe fn runner<'a, H: TrapHandler>(cpu: *mut CpuState) -> &'a mut Runner<'a, H> {
    // SAFETY: translated code holds a pointer to the `cpu` field of a `VcpuState`; `enter` stored the runner, which is
    // suspended in `enter` until the callback returns.
    unsafe {
        let state = cpu.byte_sub(std::mem::offset_of!(VcpuState, cpu)).cast::<VcpuState>();
        &mut *((*state).header.activation as *mut Runner<'a, H>)
    }
}

/// The translated code for a guest pc, 0 if there is none.
extern "C" fn on_resolve<H: TrapHandler>(cpu: *mut CpuState, pc: u64) -> u64 {
    // SAFETY: called from translated code with its own state.
    let runner = unsafe { runner::<H>(cpu) };
    runner.resolve(pc).unwrap_or(0)
}

/// The code with which a block goes on whose counter has run out.
extern "C" fn on_hot<H: TrapHandler>(cpu: *mut CpuState, pc: u64) -> u64 {
    // SAFETY: called from translated code with its own state.
    let runner = unsafe { runner::<H>(cpu) };
    runner.hot(pc).unwrap_or_else(|| runner.vcpu.state.miss())
}

/// Where an indirect jump of a block goes.
extern "C" fn on_indirect<H: TrapHandler>(cpu: *mut CpuState, pc: u64, at: u64, tag: u64) -> u64 {
    // SAFETY: called from translated code with its own state.
    let runner = unsafe { runner::<H>(cpu) };
    runner.indirect(pc, at, tag).unwrap_or_else(|| runner.vcpu.state.miss())
}

/// Goes on at a guest pc in a run loop inside translated code's host call.
extern "C" fn on_interpret<H: TrapHandler>(cpu: *mut CpuState, pc: u64) -> u64 {
    // SAFETY: called from translated code with its own state.
    let runner = unsafe { runner::<H>(cpu) };
    runner.interpret_nested(pc)
}

/// Handles a trap of code for guest mode `mode`; 0 when the code may go on behind it.
extern "C" fn on_trap<H: TrapHandler>(cpu: *mut CpuState, word: u64, pc: u64, next: u64, mode: u64) -> u64 {
    // SAFETY: called from translated code with its own state.
    let runner = unsafe { runner::<H>(cpu) };
    runner.trap_in_code(word, pc, Loc { pc: next, mode: mode as u32 })
}

/// Does the floating-point operation that translated code has left in its state.
extern "C" fn on_float(cpu: *mut CpuState) {
    // SAFETY: called from translated code with its own state.
    evaluate_float(unsafe { float_exchange(cpu) });
}

/// The same on vectors.
extern "C" fn on_vector_float(cpu: *mut CpuState) {
    // SAFETY: called from translated code with its own state.
    evaluate_vector_float(unsafe { float_exchange(cpu) });
}

/// What translated code asks of the soft-float.
///
/// # Safety
/// `cpu` must be the state of translated code that waits for the callback.
unsafe fn float_exchange<'a>(cpu: *mut CpuState) -> &'a mut FloatExchange {
    // SAFETY: the state is the `cpu` field of a `VcpuState`; translated code waits, and nobody else uses the exchange.
    unsafe { &mut (*cpu.byte_sub(std::mem::offset_of!(VcpuState, cpu)).cast::<VcpuState>()).header.float }
}

/// Calls a vector helper on three vectors, the first of which becomes the result.
///
/// # Safety
/// `helper` must be one of the table of vector helpers, and `operands` memory of the calling code.
unsafe extern "C" fn on_vector_helper(helper: *const (), operands: *mut [[u64; 2]; 3]) {
    type Function = fn([u64; 2], [u64; 2], [u64; 2]) -> [u64; 2];
    // SAFETY: as above; the table holds functions of exactly this type.
    let function = unsafe { std::mem::transmute::<*const (), Function>(helper) };
    // SAFETY: as above; nobody else has the calling code's memory.
    let operands = unsafe { &mut *operands };
    let [a, b, c] = *operands;
    operands[0] = function(a, b, c);
}

impl<H: TrapHandler> Runner<'_, H> {
    fn resolve(&mut self, pc: u64) -> Option<u64> {
        let loc = Loc { pc, ..self.loc() };
        let code = self.code_or_translate(loc, false)?;
        self.vcpu.state.remember_jump(jump_tag(pc, loc.mode), pc, code);
        Some(code)
    }

    /// As `resolve`, for an indirect jump of a block, whose target is noted.
    fn indirect(&mut self, pc: u64, at: u64, tag: u64) -> Option<u64> {
        let loc = Loc { pc, ..self.loc() };
        let Vcpu { blocks, state, .. } = &mut *self.vcpu;
        blocks.note_target_of(at, pc, &state.cpu().words[..STATE_WORDS]);
        let code = self.code_or_translate(loc, false)?;
        self.vcpu.state.remember_site(tag | pc, pc, code);
        Some(code)
    }

    /// The block at a pc has been entered often enough for a region. Gives the code to go on with.
    fn hot(&mut self, pc: u64) -> Option<u64> {
        let loc = Loc { pc, ..self.loc() };
        self.place_finished(false);
        if let Some(code) = self.vcpu.engine.region_at(loc) {
            // Who came by the jump cache is to find the region there.
            self.vcpu.state.remember_jump(jump_tag(pc, loc.mode), pc, code);
            return Some(code);
        }
        self.request(loc);
        // Soon enough to go on in the region when it is there.
        let again = (self.vcpu.engine.context().options.hot / 8).max(1);
        self.vcpu.engine.count_again(loc, again)
    }

    fn interpret_nested(&mut self, pc: u64) -> u64 {
        self.set_pc(pc);
        if self.vcpu.nesting >= MAX_NESTING || self.vcpu.state.stack_is_full() {
            return special::UNWIND;
        }
        self.vcpu.nesting += 1;
        let next = self.run_loop(true);
        self.vcpu.nesting -= 1;
        next
    }

    fn trap_in_code(&mut self, word: u64, pc: u64, next: Loc) -> u64 {
        let Some(trap) = decode_trap(word) else { return special::UNWIND };
        // The state may be in another mode already: that is why it traps.
        let before = Context { mode: next.mode, ..self.context() };
        self.vcpu.stats.traps += 1;
        let resume = self.with_control(|handler, cx| handler.trap(cx, trap, pc));
        let now = self.loc().pc;
        match after(resume) {
            // A kick may say that the code has been dropped.
            special::UNWIND if now == next.pc && self.context() == before && !self.vcpu.state.kicked() => 0,
            value => value,
        }
    }
}
