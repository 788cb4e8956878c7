//! The assembler, and the moves between host registers, the state and constants.

use demotic_ir::{Block, Slot, StateLayout, Value};
use dynasmrt::x64::X64Relocation;
use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi, VecAssembler, dynasm};

use super::plan::Plan;
use super::values::{Place, RAX, RSI, Register, Values};
use super::{BlockOptions, Refused};
use crate::compile::{CompiledRegion, Link, Tier};
use crate::lower::MemoryModel;
use crate::vcpu_state::{HostCall, offset};

/// Where an operand of a host instruction is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    Register(Register),
    /// Sign-extended to the width of the instruction.
    Immediate(i32),
    /// Offset from the state pointer.
    Memory(i32),
}

/// The beginning of code that leaves for the interpreter at a guest pc, to be made behind everything else.
pub(super) struct Interpret {
    pub(super) label: DynamicLabel,
    pub(super) pc: u64,
}

/// How many simple guest instructions take as long as a call of the soft-float.
const SOFT_FLOAT_COST: usize = 40;
/// What most blocks have room in.
const USUAL_BYTES: usize = 512;
const USUAL_LABELS: usize = 4;

/// Makes the code of one block.
pub(super) struct Emitter<'a> {
    pub(super) asm: VecAssembler<X64Relocation>,
    pub(super) block: &'a Block,
    pub(super) layout: &'a StateLayout,
    pub(super) options: BlockOptions,
    pub(super) plan: &'a Plan,
    pub(super) values: Values,
    /// The instruction that is being compiled.
    pub(super) at: usize,
    pub(super) interpret: Vec<Interpret>,
    pub(super) links: Vec<Link>,
    faults: Vec<(u32, u32)>,
    /// Calls of the soft-float.
    pub(super) soft_floats: usize,
    /// The end of the conditional part.
    pub(super) part_end: Option<DynamicLabel>,
}

/// An instruction with a register and any source, in 32 or 64 bits.
macro_rules! with_source {
    ($self:ident, $wide:expr, $op:ident, $register:expr, $source:expr) => {
        match ($wide, $source) {
            (false, Source::Register(s)) => dynasm!($self.asm ; .arch x64 ; $op Rd($register), Rd(s)),
            (false, Source::Immediate(i)) => dynasm!($self.asm ; .arch x64 ; $op Rd($register), i),
            (false, Source::Memory(o)) => dynasm!($self.asm ; .arch x64 ; $op Rd($register), [rdi + o]),
            (true, Source::Register(s)) => dynasm!($self.asm ; .arch x64 ; $op Rq($register), Rq(s)),
            (true, Source::Immediate(i)) => dynasm!($self.asm ; .arch x64 ; $op Rq($register), i),
            (true, Source::Memory(o)) => dynasm!($self.asm ; .arch x64 ; $op Rq($register), [rdi + o]),
        }
    };
}
pub(super) use with_source;

impl<'a> Emitter<'a> {
    pub(super) fn new(
        block: &'a Block,
        layout: &'a StateLayout,
        options: BlockOptions,
        plan: &'a Plan,
    ) -> Emitter<'a> {
        let memory_base = options.memory != MemoryModel::LowWindow;
        Emitter {
            asm: VecAssembler::new_with_capacity(0, USUAL_BYTES, 0, 0, USUAL_LABELS, 0, 2 * USUAL_LABELS),
            block,
            layout,
            options,
            plan,
            values: Values::new(block.insts.len(), memory_base),
            at: 0,
            interpret: Vec::new(),
            links: Vec::with_capacity(2),
            faults: Vec::with_capacity(block.guest.len()),
            soft_floats: 0,
            part_end: None,
        }
    }

    /// The whole block.
    pub(super) fn block(mut self) -> Result<CompiledRegion, Refused> {
        let counted = self.entry();
        let uncounted = self.here();
        for n in 0..self.block.insts.len() {
            self.at = n;
            let op = self.block.insts[n].op;
            let wanted = self.plan.is_used(n) || !op.info().effects.removable();
            let made = self.plan.is_other(n) || self.plan.constant(Value(n as u32)).is_some();
            if wanted && !made && !self.plan.is_late(self.block, Value(n as u32)) {
                self.op(&op)?;
            }
            self.release_unused();
        }
        for Interpret { label, pc } in std::mem::take(&mut self.interpret) {
            dynasm!(self.asm ; .arch x64 ; =>label);
            self.leave_by(HostCall::Interpret, pc);
        }
        let code = self.asm.finalize().map_err(|_| Refused)?;
        Ok(CompiledRegion {
            entry: self.block.start,
            code,
            links: self.links,
            faults: self.faults,
            ranges: vec![self.block.guest_range()],
            guest_insns: self.block.guest.len(),
            cost: self.block.guest.len() + SOFT_FLOAT_COST * self.soft_floats,
            tier: Tier::Block { counted, uncounted, counter: self.options.counter },
        })
    }

    /// The entry that counts, and polls; before it is what it leads to, near enough for short jumps.
    fn entry(&mut self) -> u32 {
        let (kicked, hot) = (self.asm.new_dynamic_label(), self.asm.new_dynamic_label());
        let start = self.block.start.pc;
        dynasm!(self.asm ; .arch x64 ; =>kicked);
        self.leave_by(HostCall::Kicked, start);
        if self.options.counter.is_some() {
            dynasm!(self.asm ; .arch x64 ; =>hot);
            self.leave_by(HostCall::Hot, start);
        }
        let counted = self.here();
        dynasm!(self.asm ; .arch x64 ; cmp rsp, [BYTE rdi + offset::POLL as i8] ; jb BYTE =>kicked);
        if let Some(counter) = self.options.counter {
            dynasm!(self.asm ; .arch x64
                ; mov rcx, [BYTE rdi + offset::COUNTERS as i8]
                ; sub DWORD [rcx + 4 * counter as i32], 1
                ; js BYTE =>hot
            );
        }
        counted
    }

    /// Leaves by a call that gets the guest pc in rsi.
    pub(super) fn leave_by(&mut self, call: HostCall, pc: u64) {
        self.constant_to(RSI, pc);
        dynasm!(self.asm ; .arch x64 ; jmp QWORD [BYTE rdi + offset::host_call(call) as i8]);
    }

    pub(super) fn store_pc(&mut self, pc: u64) {
        self.constant_to(RAX, pc);
        self.store_word(self.slot(self.layout.pc), RAX);
    }

    /// Notes that the next host instruction may fault.
    pub(super) fn may_fault(&mut self) {
        let pc = self.current_pc() as u32;
        self.faults.push((self.here(), pc));
    }

    /// Offset of the next host instruction.
    pub(super) fn here(&self) -> u32 {
        self.asm.offset().0 as u32
    }

    /// The guest pc of the instruction that is being compiled, with the ISA bit.
    pub(super) fn current_pc(&self) -> u64 {
        let src = self.block.insts[self.at].src as usize;
        let start = self.block.start.pc;
        self.block.guest.get(src).map_or(start, |g| g.pc | start & 1)
    }

    // ---- values ----

    pub(super) fn slot(&self, slot: Slot) -> i32 {
        offset::slot(slot)
    }

    /// A register for the value of the present instruction.
    pub(super) fn define(&mut self) -> Result<Register, Refused> {
        let v = Value(self.at as u32);
        if let Some(register) = self.values.take_free(v) {
            return Ok(register);
        }
        let last_used = self.values.in_registers().max_by_key(|&(v, _)| self.plan.last_use(v));
        let (evicted, register) = last_used.ok_or(Refused)?;
        self.give_home(evicted, register)?;
        self.values.drop_register(evicted);
        self.values.take_free(v).ok_or(Refused)
    }

    /// A register for the value of the present instruction with `a` in it: that of `a` if it is not used any more.
    pub(super) fn define_from(&mut self, a: Value) -> Result<Register, Refused> {
        let a = self.plan.same(a);
        let v = Value(self.at as u32);
        if self.plan.last_use(a) == self.at
            && let Some(register) = self.values.hand_over(a, v)
        {
            return Ok(register);
        }
        let register = self.define()?;
        self.load(register, a);
        Ok(register)
    }

    /// Stores a value of a register in its home.
    fn give_home(&mut self, v: Value, register: Register) -> Result<(), Refused> {
        if let Some(home) = self.values.new_home(v)? {
            self.store_word(8 * i32::from(home), register);
        }
        Ok(())
    }

    /// Gives homes to all values that are used after the present instruction, or (`by_it`) by it.
    pub(super) fn save_all(&mut self, by_it: bool) -> Result<(), Refused> {
        for (v, register) in self.values.in_registers() {
            if self.plan.last_use(v) > self.at || by_it && self.plan.last_use(v) == self.at {
                self.give_home(v, register)?;
            }
        }
        Ok(())
    }

    /// Nothing is in registers any more.
    pub(super) fn forget_registers(&mut self) {
        for (v, _) in self.values.in_registers() {
            self.values.drop_register(v);
        }
    }

    fn release_unused(&mut self) {
        for (v, _) in self.values.in_registers() {
            if self.plan.last_use(v) <= self.at {
                self.values.release(v);
            }
        }
    }

    /// Where a value is, for an instruction of 32 or (`wide`) 64 bits. A constant that is no immediate is put into
    /// `scratch`.
    pub(super) fn source(&mut self, v: Value, wide: bool, scratch: Register) -> Source {
        let v = self.plan.same(v);
        if let Some(constant) = self.plan.constant(v) {
            if !wide {
                return Source::Immediate(constant as u32 as i32);
            }
            if let Ok(immediate) = i32::try_from(constant) {
                return Source::Immediate(immediate);
            }
            self.constant_to(scratch, constant);
            return Source::Register(scratch);
        }
        match self.values.place(v) {
            Place { register: Some(register), .. } => Source::Register(register),
            Place { home: Some(home), .. } => Source::Memory(8 * i32::from(home)),
            // A block that keeps the IR's rules does not get here; what it reads does no harm.
            _ => Source::Immediate(0),
        }
    }

    /// The register of a value, which is `scratch` if it has none.
    pub(super) fn register(&mut self, v: Value, scratch: Register) -> Register {
        let v = self.plan.same(v);
        if self.plan.constant(v).is_none()
            && let Some(register) = self.values.place(v).register
        {
            return register;
        }
        self.load(scratch, v);
        scratch
    }

    /// Moves a value to a register. All 64 bits of it are set.
    pub(super) fn load(&mut self, register: Register, v: Value) {
        let v = self.plan.same(v);
        if let Some(constant) = self.plan.constant(v) {
            return self.constant_to(register, constant);
        }
        match self.source(v, true, register) {
            Source::Register(from) if from == register => {}
            Source::Register(from) => dynasm!(self.asm ; .arch x64 ; mov Rq(register), Rq(from)),
            Source::Memory(at) => self.load_word(register, at),
            Source::Immediate(_) => self.constant_to(register, 0),
        }
    }

    pub(super) fn constant_to(&mut self, register: Register, constant: u64) {
        match u32::try_from(constant) {
            Ok(narrow) => dynasm!(self.asm ; .arch x64 ; mov Rd(register), narrow as i32),
            Err(_) => dynasm!(self.asm ; .arch x64 ; mov Rq(register), QWORD constant as i64),
        }
    }

    /// Loads 64 bits from the state.
    pub(super) fn load_word(&mut self, register: Register, at: i32) {
        match i8::try_from(at) {
            Ok(at) => dynasm!(self.asm ; .arch x64 ; mov Rq(register), [BYTE rdi + at]),
            Err(_) => dynasm!(self.asm ; .arch x64 ; mov Rq(register), [rdi + at]),
        }
    }

    /// Loads 32 bits from the state.
    pub(super) fn load_half(&mut self, register: Register, at: i32) {
        match i8::try_from(at) {
            Ok(at) => dynasm!(self.asm ; .arch x64 ; mov Rd(register), [BYTE rdi + at]),
            Err(_) => dynasm!(self.asm ; .arch x64 ; mov Rd(register), [rdi + at]),
        }
    }

    /// Stores 64 bits in the state.
    pub(super) fn store_word(&mut self, at: i32, register: Register) {
        match i8::try_from(at) {
            Ok(at) => dynasm!(self.asm ; .arch x64 ; mov [BYTE rdi + at], Rq(register)),
            Err(_) => dynasm!(self.asm ; .arch x64 ; mov [rdi + at], Rq(register)),
        }
    }

    /// Stores a value in a word of the state.
    pub(super) fn store_value(&mut self, at: i32, v: Value) {
        let constant = self.plan.constant(self.plan.same(v));
        match constant.map(i32::try_from) {
            Some(Ok(constant)) => dynasm!(self.asm ; .arch x64 ; mov QWORD [rdi + at], constant),
            _ => {
                let register = self.register(v, RAX);
                self.store_word(at, register);
            }
        }
    }
}
