//! Random blocks. Every guest instruction is made as a front end would make it: reads, then memory, then writes.

use demotic_ir::softfloat::{FloatCall, FloatOp, Number};
use demotic_ir::{
    Block, BlockBuilder, CpuState, Exit, FlagCc, FlagMask, FloatCc, FpMode, GuestInsn, HelperId, IntCc, Loc,
    MemOp, MemSize, Rounding, Slot, Trap, Type, Value, verify,
};

use super::{BASE, D, D_REGISTERS, READ_ONLY, REGISTERS};

/// A xorshift generator.
pub struct Rng(u64);

impl Rng {
    /// A generator; equal seeds give equal blocks.
    pub fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 11) % n
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of a list.
    pub fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }

    /// A number that is often at an edge.
    pub fn edgy(&mut self, ty: Type) -> u64 {
        let edges = [0, 1, 2, 31, 32, 0x7f, 0x80, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, u64::MAX, 1 << 63];
        let x = match self.below(3) {
            0 => self.next(),
            1 => self.next() >> self.below(64),
            _ => self.pick(&edges),
        };
        x & ty.mask()
    }
}

/// A state with random registers; some hold addresses.
pub fn state(rng: &mut Rng) -> CpuState {
    let mut cpu = CpuState::new();
    for n in 0..REGISTERS {
        let address = BASE + rng.below(READ_ONLY - BASE + 64);
        let value = if rng.one_in(2) { rng.edgy(Type::I32) } else { address };
        cpu.set(Slot(n), value);
    }
    for n in 16..20 {
        cpu.set(Slot(n), rng.edgy(Type::I32));
    }
    cpu.set(Slot(18), rng.below(2));
    for n in 0..D_REGISTERS {
        let float = (rng.edgy(Type::I32) as u32 as i32 as f64 / 8.0).to_bits();
        let value = if rng.one_in(2) { rng.edgy(Type::I64) } else { float };
        cpu.set(Slot(D + n), value);
    }
    cpu
}

pub(super) struct Maker<'a> {
    pub(super) rng: &'a mut Rng,
    pub(super) b: BlockBuilder,
    /// Values that may be used, by type.
    pool: Vec<(Type, Value)>,
}

/// A random block of `insns` guest instructions.
pub fn block(rng: &mut Rng, insns: usize) -> Block {
    let mut maker = Maker { rng, b: BlockBuilder::new(Loc::new(0x100)), pool: Vec::new() };
    for i in 0..insns as u64 {
        maker.b.begin_insn(GuestInsn { pc: 0x100 + 4 * i, len: 4, word: i as u32 });
        maker.insn();
    }
    maker.leave();
    let block = maker.b.finish();
    verify(&block).expect("the generator makes good blocks");
    block
}

/// A random block of vector ops and what goes with them, without memory accesses. `exit` ends it.
pub fn vector_block(rng: &mut Rng, insns: usize, exit: impl FnOnce(&mut BlockBuilder)) -> Block {
    let mut maker = Maker { rng, b: BlockBuilder::new(Loc::new(0x100)), pool: Vec::new() };
    for i in 0..insns as u64 {
        maker.b.begin_insn(GuestInsn { pc: 0x100 + 4 * i, len: 4, word: i as u32 });
        maker.vector_insn();
    }
    exit(&mut maker.b);
    maker.b.finish()
}

impl Maker<'_> {
    fn add(&mut self, ty: Type, v: Value) -> Value {
        self.pool.push((ty, v));
        v
    }

    /// A value of a type: one that exists, a register or a constant.
    pub(super) fn value(&mut self, ty: Type) -> Value {
        let known: Vec<Value> = self.pool.iter().filter(|p| p.0 == ty).map(|p| p.1).collect();
        if !known.is_empty() && !self.rng.one_in(3) {
            return self.rng.pick(&known[known.len().saturating_sub(6)..]);
        }
        let v = match ty {
            Type::Bool => {
                let (a, b) = (self.value(Type::I32), self.value(Type::I32));
                let cc = self.rng.pick(IntCc::ALL);
                self.b.icmp(Type::I32, a, b, cc)
            }
            Type::Flags => self.b.get_flags(Type::Flags),
            _ if ty != Type::V128 && self.rng.one_in(3) => {
                let imm = self.rng.edgy(ty);
                self.b.const_(ty, imm)
            }
            Type::I32 | Type::F32 => self.b.get(ty, Slot(self.rng.below(u64::from(REGISTERS)) as u16)),
            Type::I64 | Type::F64 => self.b.get(ty, Slot(D + self.rng.below(u64::from(D_REGISTERS)) as u16)),
            Type::V128 if self.rng.one_in(3) => {
                let (lo, hi) = (self.value(Type::I64), self.value(Type::I64));
                self.b.vjoin(ty, lo, hi)
            }
            Type::V128 => {
                let n = 2 * self.rng.below(u64::from(D_REGISTERS / 2)) as u16;
                let (lo, hi) = (self.b.get(Type::I64, Slot(D + n)), self.b.get(Type::I64, Slot(D + n + 1)));
                self.b.vjoin(ty, lo, hi)
            }
        };
        self.add(ty, v)
    }

    fn insn(&mut self) {
        if self.rng.one_in(5) {
            let outside = self.pool.len();
            let c = self.condition();
            self.b.if_(Type::Bool, c);
            self.contents();
            if self.rng.one_in(4) {
                self.leave();
            }
            self.b.end_if(Type::Bool);
            self.pool.truncate(outside);
        } else {
            self.contents();
        }
    }

    /// Sets half a pair of registers, or one of the first two pairs to a vector; perhaps on a condition.
    fn vector_insn(&mut self) {
        let v = super::vectors::vector(self);
        self.add(Type::V128, v);
        let part = super::vectors::part(self);
        self.add(Type::I64, part);
        let conditional = self.rng.one_in(6);
        if conditional {
            let c = self.value(Type::Bool);
            self.b.if_(Type::Bool, c);
        }
        if self.rng.one_in(3) {
            let n = self.rng.below(u64::from(D_REGISTERS)) as u16;
            self.b.put(Type::I64, part, Slot(D + n));
        } else {
            let n = 2 * self.rng.below(2) as u16;
            let (lo, hi) = (self.b.vlow(Type::V128, v), self.b.vhigh(Type::V128, v));
            self.b.put(Type::I64, lo, Slot(D + n));
            self.b.put(Type::I64, hi, Slot(D + n + 1));
        }
        if conditional {
            self.b.end_if(Type::Bool);
        }
    }

    fn condition(&mut self) -> Value {
        if self.rng.one_in(2) {
            return self.value(Type::Bool);
        }
        let (flags, cc) = (self.value(Type::Flags), self.rng.pick(FlagCc::ALL));
        self.b.cond(Type::Bool, flags, cc)
    }

    fn contents(&mut self) {
        for _ in 0..self.rng.below(4) {
            let ty = self.rng.pick(&[
                Type::I32,
                Type::I32,
                Type::I32,
                Type::I64,
                Type::F32,
                Type::F64,
                Type::V128,
                Type::V128,
            ]);
            let v = self.pure(ty);
            self.add(ty, v);
        }
        if self.rng.one_in(3) {
            self.memory();
        }
        if self.rng.one_in(3) {
            self.put_flags();
        }
        for _ in 0..self.rng.below(3) {
            self.put();
        }
        if self.rng.one_in(3) {
            self.put_flags();
        }
    }

    fn put(&mut self) {
        let n = self.rng.below(u64::from(REGISTERS)) as u16;
        if self.rng.one_in(4) {
            let ty = self.rng.pick(&[Type::I64, Type::F64]);
            let v = self.value(ty);
            self.b.put(ty, v, Slot(D + n % D_REGISTERS));
        } else {
            let ty = self.rng.pick(&[Type::I32, Type::I32, Type::F32]);
            let v = self.value(ty);
            self.b.put(ty, v, Slot(n));
        }
    }

    fn put_flags(&mut self) {
        let ty = self.rng.pick(&[Type::I32, Type::I32, Type::I64]);
        let flags = match self.rng.below(7) {
            0 => {
                let (a, b) = (self.value(ty), self.value(ty));
                self.b.flags_add(ty, a, b)
            }
            1 => {
                let (a, b, c) = (self.value(ty), self.value(ty), self.value(Type::Bool));
                self.b.flags_adc(ty, a, b, c)
            }
            2 => {
                let (a, b, c) = (self.value(ty), self.value(ty), self.value(Type::Bool));
                self.b.flags_sbc(ty, a, b, c)
            }
            3 => {
                let (a, c) = (self.value(ty), self.value(Type::Bool));
                self.b.flags_logic(ty, a, c)
            }
            4 => {
                let a = self.value(Type::I32);
                self.b.flags_from_bits(Type::I32, a)
            }
            _ => {
                let (a, b) = (self.value(ty), self.value(ty));
                let difference = self.b.sub(ty, a, b);
                self.add(ty, difference);
                self.b.flags_sub(ty, a, b)
            }
        };
        self.add(Type::Flags, flags);
        let mask = self.rng.pick(&[15, 15, 15, 12, 14, 3, 5]);
        self.b.put_flags(Type::Flags, flags, FlagMask(mask));
    }

    fn memory(&mut self) {
        let ty = self.rng.pick(&[Type::I32, Type::I32, Type::I64]);
        let sizes: &[MemSize] = match ty {
            Type::I64 => &[MemSize::B1, MemSize::B4, MemSize::B8],
            _ => &[MemSize::B1, MemSize::B2, MemSize::B4],
        };
        let mem = MemOp {
            size: self.rng.pick(sizes),
            sign: self.rng.one_in(3),
            big: self.rng.one_in(3),
            aligned: self.rng.one_in(6),
        };
        let addr = self.address();
        let disp = if self.rng.one_in(10) { self.rng.next() as i32 } else { self.rng.below(64) as i32 };
        match self.rng.below(10) {
            0..5 => {
                let v = self.b.load(ty, addr, disp, mem);
                self.add(ty, v);
            }
            5..8 => {
                let value = self.value(ty);
                self.b.store(ty, addr, value, disp, mem);
            }
            8 => {
                let v = self.b.load_ex(ty, addr, mem);
                let stored = self.b.store_ex(ty, addr, v, mem);
                self.add(ty, v);
                self.add(Type::Bool, stored);
            }
            _ => {
                let value = self.value(ty);
                let v = self.b.swap(ty, addr, value, mem);
                self.add(ty, v);
            }
        }
    }

    fn address(&mut self) -> Value {
        let mut addr = self.b.get(Type::I32, Slot(self.rng.below(u64::from(REGISTERS)) as u16));
        if self.rng.one_in(3) {
            let offset = self.b.i32(self.rng.below(128) as u32);
            addr = if self.rng.one_in(2) {
                self.b.add(Type::I32, addr, offset)
            } else {
                self.b.sub(Type::I32, addr, offset)
            };
        }
        if self.rng.one_in(3) {
            let (mask, by) = (self.b.i32(0x3c), self.b.i32(self.rng.below(4) as u32));
            let index = self.value(Type::I32);
            let small = self.b.and(Type::I32, index, mask);
            let shifted = self.b.shl(Type::I32, small, by);
            addr = self.b.add(Type::I32, addr, shifted);
        }
        addr
    }

    fn pure(&mut self, ty: Type) -> Value {
        match ty {
            Type::F32 | Type::F64 => self.float(ty),
            Type::V128 => super::vectors::vector(self),
            Type::I64 if self.rng.one_in(4) => super::vectors::part(self),
            _ if self.rng.one_in(4) => self.conversion(ty),
            _ => self.integer(ty),
        }
    }

    fn integer(&mut self, ty: Type) -> Value {
        let (x, y) = (self.value(ty), self.value(ty));
        let size = self.rng.pick(&[MemSize::B1, MemSize::B2, MemSize::B4]);
        let shifted = if self.rng.one_in(2) { self.shift(ty) } else { y };
        let b = &mut self.b;
        match self.rng.below(22) {
            0..3 => b.add(ty, x, shifted),
            3..5 => b.sub(ty, x, shifted),
            5 => b.mul(ty, x, y),
            6 => b.umul_high(ty, x, y),
            7 => b.smul_high(ty, x, y),
            8 => b.udiv(ty, x, y),
            9 => b.sdiv(ty, x, y),
            10 => b.and(ty, x, shifted),
            11 => b.or(ty, x, shifted),
            12 => b.xor(ty, x, shifted),
            13 => b.not(ty, x),
            14 => b.clz(ty, x),
            15 => b.bit_reverse(ty, x),
            16 => b.byte_swap(ty, x),
            17 => b.sext_low(ty, x, size),
            18 => b.zext_low(ty, x, size),
            19 => {
                let c = self.condition();
                self.b.select(ty, c, x, y)
            }
            _ => self.shift(ty),
        }
    }

    fn shift(&mut self, ty: Type) -> Value {
        let (x, by) = (self.value(ty), self.value(ty));
        let by =
            if self.rng.one_in(3) { by } else { self.b.const_(ty, self.rng.below(u64::from(ty.bits()))) };
        match self.rng.below(4) {
            0 => self.b.shl(ty, x, by),
            1 => self.b.shr(ty, x, by),
            2 => self.b.sar(ty, x, by),
            _ => self.b.rotr(ty, x, by),
        }
    }

    fn conversion(&mut self, ty: Type) -> Value {
        let float = self.rng.pick(&[Type::F32, Type::F64]);
        let mode = self.mode();
        let (other, f, c) = (self.value(Type::I32), self.value(float), self.value(Type::Bool));
        let wide = self.value(Type::I64);
        match (self.rng.below(7), ty) {
            (0, _) => self.b.fto_s(ty, f, float, mode),
            (1, _) => self.b.fto_u(ty, f, float, mode),
            (2, _) => self.b.from_bool(ty, c),
            (3, Type::I64) => self.b.zext64(ty, other),
            (4, Type::I64) => self.b.sext64(ty, other),
            (5, Type::I64) => {
                let c = self.b.zext64(ty, other);
                self.b.helper(ty, wide, wide, c, HelperId(0))
            }
            (3 | 4, _) => self.b.trunc32(ty, wide),
            (5, _) => {
                let flags = self.value(Type::Flags);
                self.b.flags_to_bits(ty, flags)
            }
            (_, Type::I64) => {
                let f = self.value(Type::F64);
                self.b.bitcast(ty, f, Type::F64)
            }
            _ => {
                let f = self.value(Type::F32);
                self.b.bitcast(ty, f, Type::F32)
            }
        }
    }

    /// How a floating-point op works: mostly as usual.
    fn mode(&mut self) -> FpMode {
        if self.rng.one_in(2) {
            return FpMode::NEAREST;
        }
        FpMode {
            round: self.rng.pick(Rounding::ALL),
            flush: self.rng.one_in(2),
            default_nan: self.rng.one_in(2),
        }
    }

    fn float(&mut self, ty: Type) -> Value {
        let op = self.rng.pick(&[FloatOp::Min, FloatOp::MaxNum, FloatOp::RoundInexact, FloatOp::Fma]);
        let format = if ty == Type::F64 { Number::F64 } else { Number::F32 };
        let (x, y) = (self.value(ty), self.value(ty));
        let from = self.rng.pick(&[Type::I32, Type::I64]);
        let (i, cc) = (self.value(from), self.rng.pick(FloatCc::ALL));
        let other = self.value(if ty == Type::F32 { Type::F64 } else { Type::F32 });
        let mode = self.mode();
        let b = &mut self.b;
        match self.rng.below(15) {
            0 => b.fadd(ty, x, y, mode),
            1 => b.fsub(ty, x, y, mode),
            2 => b.fmul(ty, x, y, mode),
            3 => b.fdiv(ty, x, y, mode),
            4 => b.fsqrt(ty, x, mode),
            5 => b.fneg(ty, x),
            6 => b.fabs(ty, x),
            7 | 8 => b.fround(ty, x, mode),
            9 => b.ffma(ty, x, y, x, mode),
            10 => b.fsoft(ty, x, y, x, FloatCall::new(op, format, mode)),
            11 => b.ffrom_s(ty, i, from, mode),
            12 => b.ffrom_u(ty, i, from, mode),
            13 => {
                let c = b.fcmp(ty, x, y, cc, mode);
                b.select(ty, c, x, y)
            }
            _ if ty == Type::F64 => b.fpromote(ty, other, mode),
            _ => b.fdemote(ty, other, mode),
        }
    }

    fn leave(&mut self) {
        let a = self.rng.below(0x1000);
        let exit = match self.rng.below(8) {
            0 => Exit::Jump { target: a },
            1 | 2 => Exit::Branch { cond: self.condition(), taken: a, fallthrough: a + 4 },
            3 => Exit::Call { target: a, ret: 4 },
            4 => Exit::CallIndirect { target: self.value(Type::I32), ret: 4 },
            5 => Exit::Return { target: self.value(Type::I32) },
            6 => Exit::Switch { index: self.value(Type::I32), targets: vec![a, a + 8, a + 16], default: 12 },
            _ => Exit::Trap { trap: Trap::Syscall { imm: a as u32 }, pc: a, next: a + 4 },
        };
        self.b.leave(exit);
    }
}
