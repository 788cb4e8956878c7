//! The plainest interpreter there is: one op at a time, values in a vector. What the real one is compared with.

use demotic_ir::interp::{WayKind, flags, integer as int, memory, vector};
use demotic_ir::softfloat::{FloatCall, Number, Soft};
use demotic_ir::{
    Block, CpuState, Exit, ExitId, Fault, FlagCc, FlagMask, FloatCc, FpMode, HelperId, IntCc, Lanes, MemOp,
    MemSize, NanRule, Op, OpVisitor, Shuffle, Slot, StateLayout, Type, Value, for_each_vector_float,
    for_each_vector_function, fp, softfloat::compare_lanes,
};

use super::{Effect, HELPERS, Ram, VECTOR_HELPERS};

/// How a block ended.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum End {
    /// By an exit.
    Left {
        /// What kind of exit.
        kind: WayKind,
        /// Where to.
        pc: u64,
    },
    /// By a fault of instruction `src`.
    Fault {
        /// The fault.
        fault: Fault,
        /// The guest instruction.
        src: u16,
    },
}

struct Machine<'a> {
    block: &'a Block,
    layout: StateLayout,
    rule: NanRule,
    cpu: CpuState,
    ram: Ram,
    values: Vec<u64>,
    flags: Vec<Option<flags::Flags>>,
    vectors: Vec<u128>,
    /// Inside a conditional part that does not run.
    skipping: bool,
    end: Option<End>,
    src: u16,
}

/// Executes a block.
pub fn execute(block: &Block, rule: NanRule, cpu: &CpuState, ram: &Ram) -> Effect {
    let mut machine = Machine {
        block,
        layout: super::layout(),
        rule,
        cpu: cpu.clone(),
        ram: ram.clone(),
        values: Vec::new(),
        flags: Vec::new(),
        vectors: Vec::new(),
        skipping: false,
        end: None,
        src: 0,
    };
    for inst in &block.insts {
        machine.src = inst.src;
        let value = match inst.op {
            Op::EndIf { .. } => {
                machine.skipping = false;
                0
            }
            _ if machine.skipping => 0,
            op => op.visit(&mut machine),
        };
        machine.values.push(value);
        machine.flags.resize(machine.values.len(), None);
        machine.vectors.resize(machine.values.len(), 0);
        if machine.end.is_some() {
            break;
        }
    }
    Effect {
        state: machine.cpu.guest().to_vec(),
        ram: machine.ram,
        end: machine.end.expect("a block ends in an exit"),
    }
}

impl Machine<'_> {
    /// Result and exceptions of a floating-point op.
    fn soft(&self, op: Op) -> (u64, u8) {
        let (call, operands) = op.float_call().expect("a floating-point op");
        let (result, raised) = call.evaluate(self.rule, operands.map(|v| self.v(v)));
        (result, raised.0)
    }

    /// What is in the exception slot.
    fn accumulated(&self) -> u64 {
        self.layout.exceptions.map_or(0, |slot| self.cpu.get(slot))
    }

    fn v(&self, v: Value) -> u64 {
        self.values[v.0 as usize]
    }

    fn f(&self, v: Value) -> flags::Flags {
        self.flags[v.0 as usize].expect("a set of flags")
    }

    fn set_flags(&mut self, f: flags::Flags) -> u64 {
        self.flags.push(Some(f));
        0
    }

    fn vec(&self, v: Value) -> u128 {
        self.vectors[v.0 as usize]
    }

    fn set_vec(&mut self, v: u128) -> u64 {
        self.vectors.push(v);
        0
    }

    fn try_access(&mut self, result: Result<u64, Fault>) -> u64 {
        result.unwrap_or_else(|fault| {
            self.end = Some(End::Fault { fault, src: self.src });
            0
        })
    }

    fn address(&self, addr: Value, disp: i32) -> u64 {
        let ty = self.block.value_type(addr).expect("an address");
        memory::address(ty, self.v(addr), disp as i64 as u64)
    }

    fn go(&mut self, kind: WayKind, pc: u64) {
        self.end = Some(End::Left { kind: super::direct(kind, pc), pc });
    }

    fn set_monitor(&mut self, monitor: memory::Monitor) {
        let (addr, value) = (self.layout.monitor_addr, self.layout.monitor_value);
        self.cpu.set(addr, monitor.addr);
        self.cpu.set(value, monitor.value);
    }
}

macro_rules! plain {
    ($($name:ident($($arg:ident),*) = $function:path;)*) => {
        $(fn $name(&mut self, ty: Type, $($arg: Value),*) -> u64 { $function(ty, $(self.v($arg)),*) })*
    };
}

macro_rules! vectors {
    ($($variant:ident $method:ident $function:ident ($($x:ident),+) ($($i:ident: $it:ty),*);)*) => {
        $(fn $method(&mut self, _: Type, $($x: Value,)+ $($i: $it),*) -> u64 {
            let result = vector::$function($($i,)* $(self.vec($x)),+);
            self.set_vec(result)
        })*
    };
}

macro_rules! vector_floats {
    ($($variant:ident $method:ident ($($x:ident),+);)*) => {
        $(fn $method(&mut self, ty: Type, $($x: Value,)+ lanes: Lanes, mode: FpMode) -> u64 {
            let op = Op::$variant { ty, $($x,)+ lanes, mode };
            let (call, operands) = op.vector_float_call().expect("a floating-point op");
            let (result, _) = call.evaluate_lanes(self.rule, operands.map(|v| self.vec(v)));
            self.set_vec(result)
        })*
    };
}

/// Floating-point ops: what the soft-float says.
macro_rules! floats {
    ($($name:ident($($arg:ident),*) ($($imm:ident: $imm_ty:ty),*) = $op:ident;)*) => {
        $(fn $name(&mut self, ty: Type, $($arg: Value,)* $($imm: $imm_ty,)*) -> u64 {
            self.soft(Op::$op { ty, $($arg,)* $($imm,)* }).0
        })*
    };
}

macro_rules! by_format {
    ($ty:expr, $function:ident $args:tt) => {
        match $ty {
            Type::F64 => fp::double::$function $args,
            _ => fp::single::$function $args,
        }
    };
}

impl OpVisitor for Machine<'_> {
    type Output = u64;

    plain! {
        add(a, b) = int::add;
        sub(a, b) = int::sub;
        mul(a, b) = int::mul;
        umul_high(a, b) = int::umul_high;
        smul_high(a, b) = int::smul_high;
        udiv(a, b) = int::udiv;
        sdiv(a, b) = int::sdiv;
        and(a, b) = int::and;
        or(a, b) = int::or;
        xor(a, b) = int::xor;
        not(a) = int::not;
        shl(a, b) = int::shl;
        shr(a, b) = int::shr;
        sar(a, b) = int::sar;
        rotr(a, b) = int::rotr;
        clz(a) = int::clz;
        bit_reverse(a) = int::bit_reverse;
        byte_swap(a) = int::byte_swap;
    }
    floats! {
        fadd(a, b) (mode: FpMode) = FAdd;
        fsub(a, b) (mode: FpMode) = FSub;
        fmul(a, b) (mode: FpMode) = FMul;
        fdiv(a, b) (mode: FpMode) = FDiv;
        fsqrt(a) (mode: FpMode) = FSqrt;
        ffma(a, b, c) (mode: FpMode) = FFma;
        fround(a) (mode: FpMode) = FRound;
        fto_s(a) (from: Type, mode: FpMode) = FToS;
        fto_u(a) (from: Type, mode: FpMode) = FToU;
        ffrom_s(a) (from: Type, mode: FpMode) = FFromS;
        ffrom_u(a) (from: Type, mode: FpMode) = FFromU;
        fpromote(a) (mode: FpMode) = FPromote;
        fdemote(a) (mode: FpMode) = FDemote;
        fsoft(a, b, c) (call: FloatCall) = FSoft;
    }

    fn const_(&mut self, _: Type, imm: u64) -> u64 {
        imm
    }
    fn get(&mut self, ty: Type, slot: Slot) -> u64 {
        int::wrap(ty, self.cpu.get(slot))
    }
    fn put(&mut self, _: Type, value: Value, slot: Slot) -> u64 {
        self.cpu.set(slot, self.v(value));
        0
    }
    fn get_flags(&mut self, _: Type) -> u64 {
        let s = self.layout.flags.expect("flag slots");
        let [n, z, c, v] = [s.n, s.z, s.c, s.v].map(|slot| self.cpu.get32(slot));
        self.set_flags(flags::Flags { n, z, c, v })
    }
    fn put_flags(&mut self, _: Type, flags: Value, mask: FlagMask) -> u64 {
        let (s, f) = (self.layout.flags.expect("flag slots"), self.f(flags));
        for (flag, slot, word) in [
            (FlagMask::N, s.n, f.n),
            (FlagMask::Z, s.z, f.z),
            (FlagMask::C, s.c, f.c),
            (FlagMask::V, s.v, f.v),
        ] {
            if mask.contains(flag) {
                self.cpu.set32(slot, word);
            }
        }
        0
    }
    fn sext_low(&mut self, ty: Type, a: Value, size: MemSize) -> u64 {
        int::sext_low(ty, self.v(a), size)
    }
    fn zext_low(&mut self, ty: Type, a: Value, size: MemSize) -> u64 {
        int::zext_low(ty, self.v(a), size)
    }
    fn zext64(&mut self, _: Type, a: Value) -> u64 {
        self.v(a)
    }
    fn sext64(&mut self, _: Type, a: Value) -> u64 {
        int::sext64(self.v(a))
    }
    fn trunc32(&mut self, _: Type, a: Value) -> u64 {
        int::trunc32(self.v(a))
    }
    fn icmp(&mut self, ty: Type, a: Value, b: Value, cc: IntCc) -> u64 {
        u64::from(cc.eval(ty, self.v(a), self.v(b)))
    }
    fn select(&mut self, _: Type, c: Value, a: Value, b: Value) -> u64 {
        if self.v(c) != 0 { self.v(a) } else { self.v(b) }
    }
    fn from_bool(&mut self, _: Type, a: Value) -> u64 {
        self.v(a)
    }
    fn flags_add(&mut self, ty: Type, a: Value, b: Value) -> u64 {
        self.set_flags(flags::add(ty, self.v(a), self.v(b)))
    }
    fn flags_adc(&mut self, ty: Type, a: Value, b: Value, c: Value) -> u64 {
        self.set_flags(flags::adc(ty, self.v(a), self.v(b), self.v(c)))
    }
    fn flags_sub(&mut self, ty: Type, a: Value, b: Value) -> u64 {
        self.set_flags(flags::sub(ty, self.v(a), self.v(b)))
    }
    fn flags_sbc(&mut self, ty: Type, a: Value, b: Value, c: Value) -> u64 {
        self.set_flags(flags::sbc(ty, self.v(a), self.v(b), self.v(c)))
    }
    fn flags_logic(&mut self, ty: Type, a: Value, c: Value) -> u64 {
        self.set_flags(flags::logic(ty, self.v(a), self.v(c)))
    }
    fn flags_from_bits(&mut self, _: Type, a: Value) -> u64 {
        self.set_flags(flags::from_bits(self.v(a)))
    }
    fn cond(&mut self, _: Type, flags: Value, cc: FlagCc) -> u64 {
        u64::from(flags::cond(cc, self.f(flags)))
    }
    fn flags_to_bits(&mut self, _: Type, flags: Value) -> u64 {
        flags::to_bits(self.f(flags))
    }
    fn load(&mut self, ty: Type, addr: Value, disp: i32, mem: MemOp) -> u64 {
        let addr = self.address(addr, disp);
        let result = memory::load(&mut self.ram, addr, memory::MemKind { mem, ty });
        self.try_access(result)
    }
    fn store(&mut self, _: Type, addr: Value, value: Value, disp: i32, mem: MemOp) -> u64 {
        let (addr, value) = (self.address(addr, disp), self.v(value));
        let result = memory::store(&mut self.ram, addr, value, mem);
        self.try_access(result.map(|()| 0))
    }
    fn load_ex(&mut self, ty: Type, addr: Value, mem: MemOp) -> u64 {
        let addr = self.v(addr);
        let result = memory::load_ex(&mut self.ram, addr, memory::MemKind { mem, ty });
        if let Ok((_, monitor)) = result {
            self.set_monitor(monitor);
        }
        self.try_access(result.map(|r| r.0))
    }
    fn store_ex(&mut self, _: Type, addr: Value, value: Value, mem: MemOp) -> u64 {
        let monitor = memory::Monitor {
            addr: self.cpu.get(self.layout.monitor_addr),
            value: self.cpu.get(self.layout.monitor_value),
        };
        let (addr, value) = (self.v(addr), self.v(value));
        let result = memory::store_ex(&mut self.ram, addr, value, mem, monitor);
        if result.is_ok() {
            self.set_monitor(memory::Monitor::CLEAR);
        }
        self.try_access(result.map(u64::from))
    }
    fn swap(&mut self, ty: Type, addr: Value, value: Value, mem: MemOp) -> u64 {
        let (addr, value) = (self.v(addr), self.v(value));
        let result = memory::swap(&mut self.ram, addr, value, memory::MemKind { mem, ty });
        self.try_access(result)
    }
    fn fence(&mut self, _: Type) -> u64 {
        0
    }
    fn fneg(&mut self, ty: Type, a: Value) -> u64 {
        by_format!(ty, neg(self.v(a)))
    }
    fn fabs(&mut self, ty: Type, a: Value) -> u64 {
        by_format!(ty, abs(self.v(a)))
    }
    fn fcause(&mut self, ty: Type, a: Value, b: Value, c: Value, call: FloatCall) -> u64 {
        u64::from(self.soft(Op::FSoft { ty, a, b, c, call }).1) | 0x100
    }
    fn fraises(&mut self, ty: Type, a: Value, b: Value, c: Value, call: FloatCall) -> u64 {
        self.accumulated() | u64::from(self.soft(Op::FSoft { ty, a, b, c, call }).1)
    }
    fn vfraises(&mut self, _: Type, a: Value, b: Value, c: Value, call: FloatCall) -> u64 {
        let operands = [a, b, c].map(|v| self.vec(v));
        self.accumulated() | u64::from(call.evaluate_lanes(self.rule, operands).1.0)
    }
    fn fcmp(&mut self, ty: Type, a: Value, b: Value, cc: FloatCc, mode: FpMode) -> u64 {
        let format = if ty == Type::F64 { Number::F64 } else { Number::F32 };
        let order = Soft::new(mode, self.rule).compare(format, self.v(a), self.v(b), false);
        u64::from(order.satisfies(cc))
    }
    fn bitcast(&mut self, _: Type, a: Value, _: Type) -> u64 {
        self.v(a)
    }
    for_each_vector_function!(vectors);
    for_each_vector_float!(vector_floats);

    fn vfcmp(&mut self, _: Type, a: Value, b: Value, lanes: Lanes, cc: FloatCc, mode: FpMode) -> u64 {
        let result = compare_lanes(lanes, cc, mode, self.rule, self.vec(a), self.vec(b));
        self.set_vec(result)
    }

    fn vjoin(&mut self, _: Type, lo: Value, hi: Value) -> u64 {
        self.set_vec(vector::join(self.v(lo), self.v(hi)))
    }
    fn vlow(&mut self, _: Type, a: Value) -> u64 {
        vector::low(self.vec(a))
    }
    fn vhigh(&mut self, _: Type, a: Value) -> u64 {
        vector::high(self.vec(a))
    }
    fn vsplat(&mut self, _: Type, a: Value, lanes: Lanes) -> u64 {
        self.set_vec(vector::splat(lanes, self.v(a)))
    }
    fn vextract(&mut self, _: Type, a: Value, lanes: Lanes, lane: u8) -> u64 {
        vector::extract(lanes, lane, self.vec(a))
    }
    fn vinsert(&mut self, _: Type, a: Value, b: Value, lanes: Lanes, lane: u8) -> u64 {
        self.set_vec(vector::insert(lanes, lane, self.vec(a), self.v(b)))
    }
    fn vhelper(&mut self, _: Type, a: Value, b: Value, c: Value, id: HelperId) -> u64 {
        let halves = |v| [vector::low(self.vec(v)), vector::high(self.vec(v))];
        let [lo, hi] = (VECTOR_HELPERS[usize::from(id.0)].function)(halves(a), halves(b), halves(c));
        self.set_vec(vector::join(lo, hi))
    }

    fn helper(&mut self, _: Type, a: Value, b: Value, c: Value, id: HelperId) -> u64 {
        (HELPERS[usize::from(id.0)].function)(self.v(a), self.v(b), self.v(c))
    }
    fn if_(&mut self, _: Type, c: Value) -> u64 {
        self.skipping = self.v(c) == 0;
        0
    }
    fn end_if(&mut self, _: Type) -> u64 {
        0
    }
    fn exit(&mut self, _: Type, exit: ExitId) -> u64 {
        match *self.block.exit(exit) {
            Exit::Jump { target } => self.go(WayKind::Jump { target }, target),
            Exit::Branch { cond, taken, fallthrough } => {
                let target = if self.v(cond) != 0 { taken } else { fallthrough };
                self.go(WayKind::Jump { target }, target);
            }
            Exit::Call { target, ret } => self.go(WayKind::Call { target, ret }, target),
            Exit::CallIndirect { target, ret } => self.go(WayKind::CallIndirect { ret }, self.v(target)),
            Exit::Return { target } => self.go(WayKind::Return, self.v(target)),
            Exit::JumpIndirect { target } => self.go(WayKind::JumpIndirect, self.v(target)),
            Exit::Switch { index, ref targets, default } => {
                let target = targets.get(self.v(index) as usize).copied().unwrap_or(default);
                self.go(WayKind::Jump { target }, target);
            }
            Exit::Trap { trap, pc, next } => self.go(WayKind::Trap { trap, pc, next }, next),
        }
        0
    }
}
