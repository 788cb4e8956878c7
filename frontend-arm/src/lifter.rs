//! The lifter's context: the block under construction, the instruction in progress, and its condition.
//!
//! Conditional instructions need no care in most semantics. [`Lifter::put_reg`] selects between the new and the old
//! value; everything else that has an effect (flags, memory, exits) opens the block's conditional part through
//! [`Lifter::part`], which [`Lifter::end_insn`] closes. Values made before the part opens stay usable in it. The part
//! stays open for further instructions of the same condition: see [`Lifter::share_part`].

use demotic_ir::{
    Block, BlockBuilder, CodeSource, Exit, FlagCc, FlagMask, GuestInsn, Loc, MemOp, MemSize, Slot, Trap,
    Type, Value,
};

use crate::branch_hints::Hints;
use crate::config::ArmConfig;
use crate::mode::Mode;
use crate::state;
use crate::t32::ItState;
use crate::vfp::{self, Singles};

/// Register number of the program counter.
pub(crate) const PC: u32 = 15;
/// Register number of the link register.
pub(crate) const LR: u32 = 14;
/// Register number of the stack pointer.
pub(crate) const SP: u32 = 13;

/// How the instruction in progress is conditional.
#[derive(Clone, Copy)]
enum Guard {
    /// It is not.
    Always,
    /// Effects must select on this condition, or open a part.
    If(Value),
    /// The conditional part is open.
    Part,
}

/// A block under construction.
pub(crate) struct Lifter<'a> {
    /// Where ops are emitted.
    pub(crate) b: BlockBuilder,
    /// The guest's configuration.
    pub(crate) config: ArmConfig,
    /// The block's mode.
    pub(crate) mode: Mode,
    /// What the instructions before this one say about its branch.
    pub(crate) hints: Hints,
    /// Halves of floating-point registers that are at hand.
    pub(crate) singles: Singles,
    code: &'a dyn CodeSource,
    thumb: bool,
    insn: GuestInsn,
    guard: Guard,
    /// Condition field of the instruction in progress.
    condition: u32,
    /// Whether the instruction in progress has written flags.
    flags_written: bool,
    /// The condition whose part the last instruction has left open.
    open_part: Option<u32>,
    mode_changed: bool,
    /// ITSTATE after the instruction in progress.
    it_next: ItState,
    /// What the ITSTATE slot holds at this point of the code.
    it_slot: ItState,
    done: bool,
}

impl<'a> Lifter<'a> {
    /// Begins a block.
    pub(crate) fn new(loc: Loc, code: &'a dyn CodeSource, config: ArmConfig) -> Lifter<'a> {
        let mode = Mode(loc.mode);
        let mut b = BlockBuilder::new(loc);
        b.accumulate_exceptions(Some(state::FPSCR));
        Lifter {
            b,
            config,
            mode,
            hints: Hints::default(),
            singles: Singles::default(),
            code,
            thumb: loc.pc & 1 != 0,
            insn: GuestInsn { pc: loc.pc & !1, len: 0, word: 0 },
            guard: Guard::Always,
            condition: 14,
            flags_written: false,
            open_part: None,
            mode_changed: false,
            it_next: Mode(loc.mode).itstate(),
            it_slot: Mode(loc.mode).itstate(),
            done: false,
        }
    }

    // ---- instructions ----

    /// Begins the next instruction, with the condition field `cond` (14 or 15: unconditional).
    pub(crate) fn begin_insn(&mut self, len: u8, word: u32, cond: u32) {
        self.insn = GuestInsn { pc: self.next_address(), len, word };
        self.b.begin_insn(self.insn);
        self.condition = cond;
        self.flags_written = false;
        let shares = self.open_part.take().is_some();
        self.guard = match FlagCc::ALL.get(cond as usize) {
            Some(_) if shares => Guard::Part,
            Some(&cc) => Guard::If(self.cond(cc)),
            None => Guard::Always,
        };
    }

    /// Ends the instruction in progress.
    pub(crate) fn end_insn(&mut self) {
        if matches!(self.guard, Guard::Part) && !self.flags_written {
            self.open_part = Some(self.condition);
            self.guard = Guard::Always;
        } else {
            self.end_part();
        }
    }

    /// To be called between instructions: lets the next one, of condition `cond`, run in the part that the last one
    /// has left open, if `may` and the conditions are the same. A run of conditional instructions thus branches once.
    pub(crate) fn share_part(&mut self, cond: u32, may: bool) {
        if self.open_part.is_some_and(|open| open != cond || !may) {
            self.close_open_part();
        }
    }

    /// Closes the part that the last instruction has left open.
    pub(crate) fn close_open_part(&mut self) {
        if self.open_part.take().is_some() {
            self.b.end_if(Type::Bool);
        }
    }

    /// Whether the block has its final exit.
    pub(crate) fn done(&self) -> bool {
        self.done
    }

    /// The finished block.
    pub(crate) fn finish(self) -> Block {
        self.b.finish()
    }

    /// Address of the instruction in progress, without the ISA bit.
    pub(crate) fn address(&self) -> u32 {
        self.insn.pc as u32
    }

    /// Address of the next instruction, without the ISA bit.
    pub(crate) fn next_address(&self) -> u64 {
        (self.insn.pc + u64::from(self.insn.len)) & 0xffff_ffff
    }

    /// The next instruction as a branch target.
    pub(crate) fn next_target(&self) -> u64 {
        self.next_address() | u64::from(self.thumb)
    }

    /// The encoding of the instruction in progress.
    pub(crate) fn word(&self) -> u32 {
        self.insn.word
    }

    /// Whether this is T32 code.
    pub(crate) fn thumb(&self) -> bool {
        self.thumb
    }

    /// Whether the instruction in progress is conditional.
    pub(crate) fn is_conditional(&self) -> bool {
        !matches!(self.guard, Guard::Always)
    }

    /// The value that R15 reads as: two instructions ahead.
    pub(crate) fn pc(&self) -> u32 {
        self.address().wrapping_add(if self.thumb { 4 } else { 8 })
    }

    /// The code to read from.
    pub(crate) fn code(&self) -> &'a dyn CodeSource {
        self.code
    }

    /// Emits what computes a result that has raised its exceptions already.
    pub(crate) fn silently<T>(&mut self, compute: impl FnOnce(&mut Self) -> T) -> T {
        self.b.accumulate_exceptions(None);
        let result = compute(self);
        self.b.accumulate_exceptions(Some(state::FPSCR));
        result
    }

    // ---- conditions ----

    /// Makes what follows, up to the end of the instruction, run only when its condition holds.
    pub(crate) fn part(&mut self) {
        if let Guard::If(c) = self.guard {
            self.b.if_(Type::Bool, c);
            self.guard = Guard::Part;
        }
    }

    /// Closes the conditional part: what follows runs in any case.
    pub(crate) fn end_part(&mut self) {
        if let Guard::Part = self.guard {
            self.b.end_if(Type::Bool);
        }
        self.guard = Guard::Always;
    }

    /// Drops the condition of the instruction and gives it to the caller, who deals with it himself. `None` when the
    /// instruction is unconditional.
    pub(crate) fn take_condition(&mut self) -> Option<Value> {
        match self.guard {
            Guard::If(c) => {
                self.guard = Guard::Always;
                Some(c)
            }
            Guard::Always | Guard::Part => None,
        }
    }

    /// `c`, and the instruction's condition too.
    pub(crate) fn guarded(&mut self, c: Value) -> Value {
        match self.guard {
            Guard::If(guard) => self.b.and(Type::Bool, guard, c),
            Guard::Always | Guard::Part => c,
        }
    }

    // ---- IT blocks ----

    /// Says what ITSTATE is after the instruction in progress. The slot need not be written: see
    /// [`Lifter::write_itstate`].
    pub(crate) fn set_it_next(&mut self, it: ItState) {
        self.it_next = it;
    }

    /// Makes the ITSTATE slot hold `it`, which it must where something may look at it: before instructions that may
    /// fault or trap, and at exits. It is not part of a condition.
    pub(crate) fn write_itstate(&mut self, it: ItState) {
        if self.it_slot != it {
            let value = self.imm(it.0.into());
            self.b.put32(state::ITSTATE, value);
            self.it_slot = it;
        }
    }

    /// Makes the ITSTATE slot hold what it must behind the instruction in progress.
    pub(crate) fn finish_itstate(&mut self) {
        self.write_itstate(self.it_next);
    }

    // ---- registers ----

    /// R0 to R14, or the value that R15 reads as.
    pub(crate) fn reg(&mut self, n: u32) -> Value {
        if n == PC {
            let pc = self.pc();
            self.imm(pc)
        } else {
            self.b.get32(state::R.nth(n))
        }
    }

    /// Writes R0 to R14; R15 as data processing does.
    pub(crate) fn put_reg(&mut self, n: u32, value: Value) {
        if n == PC {
            self.alu_write_pc(value);
        } else {
            self.hints.register_written(n);
            self.put(state::R.nth(n), value);
        }
    }

    /// Writes a 32-bit slot.
    pub(crate) fn put(&mut self, slot: Slot, value: Value) {
        self.put_as(Type::I32, slot, value);
    }

    /// Writes a slot of integer type `ty`.
    pub(crate) fn put_as(&mut self, ty: Type, slot: Slot, value: Value) {
        let value = match self.guard {
            Guard::If(c) => {
                let old = self.b.get(ty, slot);
                self.b.select(ty, c, value, old)
            }
            Guard::Always | Guard::Part => value,
        };
        self.b.put(ty, value, slot);
    }

    // ---- flags ----

    /// Whether a condition holds at present.
    pub(crate) fn cond(&mut self, cc: FlagCc) -> Value {
        if let Some(floats) = self.hints.compared_floats() {
            return vfp::condition(self, cc, floats);
        }
        let flags = self.b.get_flags(Type::I32);
        self.b.cond(Type::I32, flags, cc)
    }

    /// The carry flag.
    pub(crate) fn carry(&mut self) -> Value {
        self.cond(FlagCc::Cs)
    }

    /// Writes flags.
    pub(crate) fn put_flags(&mut self, flags: Value, mask: FlagMask) {
        self.hints.flags_written();
        self.flags_written = true;
        self.part();
        self.b.put_flags(Type::I32, flags, mask);
    }

    /// Sets CPSR.Q if `c`.
    pub(crate) fn set_q_if(&mut self, c: Value) {
        let old = self.b.get32(state::QF);
        let new = self.number(c);
        let q = self.or(old, new);
        self.put(state::QF, q);
    }

    // ---- memory ----

    /// An access of the present data endianness.
    pub(crate) fn mem(&self, size: MemSize) -> MemOp {
        MemOp::new(size).big(self.mode.big_endian())
    }

    /// An access by an instruction that needs word alignment. Linux hides that from its processes.
    pub(crate) fn mem_word_aligned(&self) -> MemOp {
        MemOp { aligned: self.config.machine(), ..self.mem(MemSize::B4) }
    }

    /// Loads 32 bits or fewer from `addr + disp`.
    pub(crate) fn load(&mut self, addr: Value, disp: i32, mem: MemOp) -> Value {
        self.part();
        self.b.load(Type::I32, addr, disp, mem)
    }

    /// Stores the low bits of `value` at `addr + disp`.
    pub(crate) fn store(&mut self, addr: Value, value: Value, disp: i32, mem: MemOp) {
        self.part();
        self.b.store(Type::I32, addr, value, disp, mem);
    }

    // ---- exits ----

    /// Says that the mode bits differ from the block's from here on. `ITSTATE` and `CPSR_LOW` must have been written.
    pub(crate) fn set_mode_changed(&mut self, changed: bool) {
        self.mode_changed = changed;
    }

    /// Whether the mode bits differ from the block's.
    pub(crate) fn mode_changed(&self) -> bool {
        self.mode_changed || self.it_next != self.mode.itstate()
    }

    /// Ends the block with `exit`, or with going on behind the instruction if its condition fails.
    pub(crate) fn terminate(&mut self, exit: Exit) {
        let is_trap = matches!(exit, Exit::Trap { .. });
        // A computed branch within an IT block, not at its end, is unpredictable.
        let exit = if self.mode_changed() && !is_trap { self.undefined_exit() } else { exit };
        self.leave(exit, !is_trap);
    }

    /// Ends the block with `exit`, before which ITSTATE is what it is behind the instruction if `finish_it`.
    fn leave(&mut self, exit: Exit, finish_it: bool) {
        self.close_open_part();
        self.part();
        // What is written from here on is not written when the condition fails.
        let it_slot = self.it_slot;
        if finish_it {
            self.finish_itstate();
        }
        self.b.leave(exit);
        self.it_slot = it_slot;
        if self.is_conditional() {
            self.end_part();
            self.jump(self.next_target());
        }
        self.done = true;
    }

    /// Ends the block by going on at a constant address (ISA bit included).
    pub(crate) fn jump(&mut self, target: u64) {
        self.leave(self.exit_to(target), true);
    }

    /// The exit to a constant address. When the mode has changed it is one after which the engine looks at the mode.
    pub(crate) fn exit_to(&self, target: u64) -> Exit {
        if self.mode_changed() {
            Exit::Trap { trap: Trap::InterruptCheck, pc: self.insn.pc, next: target }
        } else {
            Exit::Jump { target }
        }
    }

    /// Goes on behind the instruction in the state's new mode if `c`, and the instruction's condition, hold.
    pub(crate) fn change_mode_if(&mut self, c: Value) {
        let c = self.guarded(c);
        let exit = self.trap_exit(Trap::InterruptCheck);
        self.b.if_(Type::Bool, c);
        if self.it_slot != self.it_next {
            let it = self.imm(self.it_next.0.into());
            self.b.put32(state::ITSTATE, it);
        }
        self.b.leave(exit);
        self.b.end_if(Type::Bool);
    }

    /// Ends the block with a trap.
    pub(crate) fn trap(&mut self, trap: Trap) {
        let exit = self.trap_exit(trap);
        self.terminate(exit);
    }

    /// The exit for a trap of the instruction in progress.
    pub(crate) fn trap_exit(&self, trap: Trap) -> Exit {
        Exit::Trap { trap, pc: self.insn.pc, next: self.next_target() }
    }

    /// The exit for an undefined instruction.
    pub(crate) fn undefined_exit(&self) -> Exit {
        self.trap_exit(Trap::Undefined { word: self.word() })
    }

    /// The instruction in progress is undefined, or forbidden at this privilege.
    pub(crate) fn undefined_insn(&mut self) {
        self.terminate(self.undefined_exit());
    }

    /// The instruction in progress is unpredictable, which is undefined here.
    pub(crate) fn unpredictable_insn(&mut self) {
        self.undefined_insn();
    }

    /// The instruction in progress is missing.
    pub(crate) fn unimplemented_insn(&mut self, name: &'static str) {
        self.trap(Trap::Unimplemented { word: self.word(), name });
    }

    /// The instruction in progress is privileged: it goes to the hypervisor, or is undefined in User mode.
    pub(crate) fn privileged_insn(&mut self) {
        if self.mode.privileged() {
            self.trap(Trap::Privileged { word: self.word() });
        } else {
            self.undefined_insn();
        }
    }
}
