//! One method per op: what it becomes in Cranelift's IR.

use cranelift_codegen::ir::condcodes::IntCC as ClifCc;
use cranelift_codegen::ir::types::{I8, I16, I32, I64};
use cranelift_codegen::ir::{self, InstBuilder, Opcode};
use demotic_ir::softfloat::FloatCall;
use demotic_ir::{
    ExitId, FlagCc, FlagMask, FloatCc, FpMode, HelperId, IntCc, Lanes, MemOp, MemSize, Op, OpVisitor,
    Shuffle, Slot, Type, Value,
};

use super::flags::{FlagSet, FlagSource};
use super::float::all_float_methods;
use super::vector::{Shift, all_vector_methods, vector_float_methods};
use super::{Lowered, Lowerer, Part, clif_type, state_access};
use crate::vcpu_state::offset;

fn int_cc(cc: IntCc) -> ClifCc {
    match cc {
        IntCc::Eq => ClifCc::Equal,
        IntCc::Ne => ClifCc::NotEqual,
        IntCc::Ult => ClifCc::UnsignedLessThan,
        IntCc::Ule => ClifCc::UnsignedLessThanOrEqual,
        IntCc::Ugt => ClifCc::UnsignedGreaterThan,
        IntCc::Uge => ClifCc::UnsignedGreaterThanOrEqual,
        IntCc::Slt => ClifCc::SignedLessThan,
        IntCc::Sle => ClifCc::SignedLessThanOrEqual,
        IntCc::Sgt => ClifCc::SignedGreaterThan,
        IntCc::Sge => ClifCc::SignedGreaterThanOrEqual,
    }
}

/// The Cranelift type of the low `size` bits.
pub(super) fn narrow_type(size: MemSize) -> ir::Type {
    match size {
        MemSize::B1 => I8,
        MemSize::B2 => I16,
        MemSize::B4 => I32,
        MemSize::B8 => I64,
    }
}

/// Lowers a binary op to one instruction.
macro_rules! binary {
    ($($method:ident => $clif:ident;)*) => {
        $(fn $method(&mut self, _ty: Type, a: Value, b: Value) -> Lowered {
            let (a, b) = (self.val(a), self.val(b));
            Self::plain(self.b.ins().$clif(a, b))
        })*
    };
}

/// Lowers a unary op to one instruction.
macro_rules! unary {
    ($($method:ident => $clif:ident;)*) => {
        $(fn $method(&mut self, _ty: Type, a: Value) -> Lowered {
            let a = self.val(a);
            Self::plain(self.b.ins().$clif(a))
        })*
    };
}

impl OpVisitor for Lowerer<'_> {
    type Output = Lowered;

    fn const_(&mut self, ty: Type, imm: u64) -> Lowered {
        if ty == Type::I32 {
            let wide = self.b.ins().iconst(I64, imm as i64);
            return Lowered::Plain { value: self.iconst(I32, imm), wide: Some(wide) };
        }
        Self::plain(match ty {
            Type::F32 => self.b.ins().f32const(f32::from_bits(imm as u32)),
            Type::F64 => self.b.ins().f64const(f64::from_bits(imm)),
            _ => self.iconst(clif_type(ty), imm),
        })
    }

    fn get(&mut self, ty: Type, slot: Slot) -> Lowered {
        self.read_slot(ty, slot)
    }

    fn put(&mut self, _ty: Type, value: Value, slot: Slot) -> Lowered {
        self.write_slot(slot, value);
        Lowered::Nothing
    }

    fn get_flags(&mut self, _ty: Type) -> Lowered {
        Lowerer::get_flags(self)
    }

    fn put_flags(&mut self, _ty: Type, flags: Value, mask: FlagMask) -> Lowered {
        let set = self.flags_of(flags);
        Lowerer::put_flags(self, set, mask);
        Lowered::Nothing
    }

    binary! {
        add => iadd;
        sub => isub;
        mul => imul;
        and => band;
        or => bor;
        xor => bxor;
        shl => ishl;
        shr => ushr;
        sar => sshr;
        rotr => rotr;
    }

    unary! {
        clz => clz;
        byte_swap => bswap;
    }

    fn umul_high(&mut self, ty: Type, a: Value, b: Value) -> Lowered {
        self.mul_high(ty, a, b, false)
    }

    fn smul_high(&mut self, ty: Type, a: Value, b: Value) -> Lowered {
        self.mul_high(ty, a, b, true)
    }

    fn udiv(&mut self, ty: Type, a: Value, b: Value) -> Lowered {
        let nonzero = self.is_never_zero(b);
        let (a, b) = (self.val(a), self.val(b));
        if nonzero {
            return Self::plain(self.b.ins().udiv(a, b));
        }
        let zero = self.is_zero(b);
        let one = self.iconst(clif_type(ty), 1);
        let divisor = self.b.ins().select(zero, one, b);
        let quotient = self.b.ins().udiv(a, divisor);
        let none = self.iconst(clif_type(ty), 0);
        Self::plain(self.b.ins().select(zero, none, quotient))
    }

    fn sdiv(&mut self, ty: Type, a: Value, b: Value) -> Lowered {
        let (a, b) = (self.val(a), self.val(b));
        let zero = self.is_zero(b);
        let minus_one = self.b.ins().icmp_imm_s(ClifCc::Equal, b, -1);
        let special = self.b.ins().bor(zero, minus_one);
        let one = self.iconst(clif_type(ty), 1);
        let divisor = self.b.ins().select(special, one, b);
        let quotient = self.b.ins().sdiv(a, divisor);
        let negated = self.b.ins().ineg(a);
        let quotient = self.b.ins().select(minus_one, negated, quotient);
        let none = self.iconst(clif_type(ty), 0);
        Self::plain(self.b.ins().select(zero, none, quotient))
    }

    fn not(&mut self, ty: Type, a: Value) -> Lowered {
        let a = self.val(a);
        Self::plain(if ty == Type::Bool { self.b.ins().bxor_imm_u(a, 1) } else { self.b.ins().bnot(a) })
    }

    fn bit_reverse(&mut self, ty: Type, a: Value) -> Lowered {
        // Cranelift's own lowering also swaps bytes step by step; `bswap` does that in one instruction.
        let mut v = self.val(a);
        v = self.b.ins().bswap(v);
        for (shift, mask) in
            [(4, 0x0f0f_0f0f_0f0f_0f0f), (2, 0x3333_3333_3333_3333), (1, 0x5555_5555_5555_5555_u64)]
        {
            let mask = self.iconst(clif_type(ty), mask & ty.mask());
            let high = self.b.ins().ushr_imm_u(v, shift);
            let high = self.b.ins().band(high, mask);
            let low = self.b.ins().band(v, mask);
            let low = self.b.ins().ishl_imm_u(low, shift);
            v = self.b.ins().bor(high, low);
        }
        Self::plain(v)
    }

    fn sext_low(&mut self, ty: Type, a: Value, size: MemSize) -> Lowered {
        let a = self.val(a);
        let (narrow, full) = (narrow_type(size), clif_type(ty));
        if narrow == full {
            return Self::plain(a);
        }
        let low = self.b.ins().ireduce(narrow, a);
        Self::plain(self.b.ins().sextend(full, low))
    }

    fn zext_low(&mut self, ty: Type, a: Value, size: MemSize) -> Lowered {
        let a = self.val(a);
        let (narrow, full) = (narrow_type(size), clif_type(ty));
        if narrow == full {
            return Self::plain(a);
        }
        let low = self.b.ins().ireduce(narrow, a);
        let wide = self.b.ins().uextend(I64, low);
        if full == I64 {
            return Self::plain(wide);
        }
        Lowered::Plain { value: self.b.ins().uextend(full, low), wide: Some(wide) }
    }

    fn zext64(&mut self, _ty: Type, a: Value) -> Lowered {
        Self::plain(self.wide(a))
    }

    fn sext64(&mut self, _ty: Type, a: Value) -> Lowered {
        let a = self.val(a);
        let wide = self.sign_extended_from(a);
        Self::plain(wide.unwrap_or_else(|| self.b.ins().sextend(I64, a)))
    }

    fn trunc32(&mut self, _ty: Type, a: Value) -> Lowered {
        let a = self.val(a);
        Self::plain(self.b.ins().ireduce(I32, a))
    }

    fn icmp(&mut self, _ty: Type, a: Value, b: Value, cc: IntCc) -> Lowered {
        let (a, b) = (self.val(a), self.val(b));
        Self::plain(self.b.ins().icmp(int_cc(cc), a, b))
    }

    fn select(&mut self, _ty: Type, c: Value, a: Value, b: Value) -> Lowered {
        let (c, a, b) = (self.val(c), self.val(a), self.val(b));
        Self::plain(self.b.ins().select(c, a, b))
    }

    fn from_bool(&mut self, ty: Type, a: Value) -> Lowered {
        let a = self.val(a);
        Self::plain(self.b.ins().uextend(clif_type(ty), a))
    }

    fn flags_add(&mut self, _ty: Type, a: Value, b: Value) -> Lowered {
        let source = FlagSource::Add { a: self.val(a), b: self.val(b) };
        Lowered::Flags(FlagSet::all(source))
    }

    fn flags_adc(&mut self, _ty: Type, a: Value, b: Value, c: Value) -> Lowered {
        let source = FlagSource::Adc { a: self.val(a), b: self.val(b), c: self.val(c) };
        Lowered::Flags(FlagSet::all(source))
    }

    fn flags_sub(&mut self, _ty: Type, a: Value, b: Value) -> Lowered {
        let source = FlagSource::Sub { a: self.val(a), b: self.val(b) };
        Lowered::Flags(FlagSet::all(source))
    }

    fn flags_sbc(&mut self, ty: Type, a: Value, b: Value, c: Value) -> Lowered {
        let (a, b, c) = (self.val(a), self.val(b), self.val(c));
        let b = self.complement(ty, b);
        Lowered::Flags(FlagSet::all(FlagSource::Adc { a, b, c }))
    }

    fn flags_logic(&mut self, _ty: Type, a: Value, c: Value) -> Lowered {
        let source = FlagSource::Logic { a: self.val(a), c: self.val(c) };
        Lowered::Flags(FlagSet::all(source))
    }

    fn flags_from_bits(&mut self, _ty: Type, a: Value) -> Lowered {
        let source = FlagSource::Bits { word: self.val(a) };
        Lowered::Flags(FlagSet::all(source))
    }

    fn cond(&mut self, _ty: Type, flags: Value, cc: FlagCc) -> Lowered {
        let set = self.flags_of(flags);
        Self::plain(self.condition(set, cc))
    }

    fn flags_to_bits(&mut self, _ty: Type, flags: Value) -> Lowered {
        let set = self.flags_of(flags);
        Self::plain(Lowerer::flags_to_bits(self, set))
    }

    fn load(&mut self, ty: Type, addr: Value, disp: i32, mem: MemOp) -> Lowered {
        self.guest_load(ty, addr, disp, mem)
    }

    fn store(&mut self, _ty: Type, addr: Value, value: Value, disp: i32, mem: MemOp) -> Lowered {
        self.guest_store(addr, value, disp, mem)
    }

    fn load_ex(&mut self, ty: Type, addr: Value, mem: MemOp) -> Lowered {
        self.load_exclusive(ty, addr, mem)
    }

    fn store_ex(&mut self, _ty: Type, addr: Value, value: Value, mem: MemOp) -> Lowered {
        self.store_exclusive(addr, value, mem)
    }

    fn swap(&mut self, ty: Type, addr: Value, value: Value, mem: MemOp) -> Lowered {
        self.atomic_swap(ty, addr, value, mem)
    }

    fn fence(&mut self, _ty: Type) -> Lowered {
        self.b.ins().fence();
        Lowered::Nothing
    }

    all_float_methods!();

    unary! {
        fneg => fneg;
        fabs => fabs;
    }

    fn bitcast(&mut self, ty: Type, a: Value, _from: Type) -> Lowered {
        let a = self.val(a);
        Self::plain(self.b.ins().bitcast(clif_type(ty), ir::MemFlagsData::new(), a))
    }

    all_vector_methods!();
    demotic_ir::for_each_vector_float!(vector_float_methods);

    fn helper(&mut self, _ty: Type, a: Value, b: Value, c: Value, id: HelperId) -> Lowered {
        let args = [self.val(a), self.val(b), self.val(c)];
        let table = self.b.ins().load(I64, state_access(), self.cpu, offset::GUEST_HELPERS);
        let function = self.b.ins().load(I64, state_access(), table, 8 * i32::from(id.0));
        let call = self.b.ins().call_indirect(self.helper_signature, function, &args);
        Self::plain(self.b.inst_results(call)[0])
    }

    fn if_(&mut self, _ty: Type, c: Value) -> Lowered {
        let c = self.val(c);
        let (inside, after) = (self.b.create_block(), self.b.create_block());
        self.b.ins().brif(c, inside, &[], after, &[]);
        self.b.switch_to_block(inside);
        self.part = Some(Part { begin: self.inst, after, flags: self.flags, dirty: self.dirty });
        Lowered::Nothing
    }

    fn end_if(&mut self, _ty: Type) -> Lowered {
        let Some(Part { after, flags: before, dirty, .. }) = self.part.take() else {
            return Lowered::Nothing;
        };
        self.dirty = self.dirty.union(dirty);
        self.pair_sources.clear();
        if self.left {
            // The part left the block: what follows is reached only around it.
            self.flags = before;
        } else {
            self.b.ins().jump(after, &[]);
            self.flags = self.flags.meet(before);
        }
        self.left = false;
        self.b.switch_to_block(after);
        Lowered::Nothing
    }

    fn exit(&mut self, _ty: Type, exit: ExitId) -> Lowered {
        self.leave(exit);
        self.left = true;
        Lowered::Nothing
    }
}

impl Lowerer<'_> {
    /// The 64-bit value of a sign-extending load that `a` is the low half of.
    fn sign_extended_from(&self, a: ir::Value) -> Option<ir::Value> {
        let dfg = &self.b.func.dfg;
        let half = &dfg.insts[dfg.value_def(a).inst()?];
        let (Opcode::Ireduce, &[wide]) = (half.opcode(), half.arguments(&dfg.value_lists)) else {
            return None;
        };
        let load = dfg.insts[dfg.value_def(wide).inst()?].opcode();
        matches!(load, Opcode::Sload8 | Opcode::Sload16).then_some(wide)
    }

    /// Whether a divisor is a constant, or one that has taken the place of 0.
    fn is_never_zero(&self, v: Value) -> bool {
        let op = |v: Value| self.region.blocks[self.at].block.insts[v.0 as usize].op;
        let constant = |v: Value| if let Op::Const { imm, .. } = op(v) { Some(imm) } else { None };
        match op(v) {
            Op::Const { imm, .. } => imm != 0,
            Op::Select { c, a, b, .. } => match op(c) {
                Op::ICmp { a: x, b: zero, cc: IntCc::Eq, .. } => {
                    x == b && constant(zero) == Some(0) && constant(a).is_some_and(|one| one != 0)
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn mul_high(&mut self, ty: Type, a: Value, b: Value, signed: bool) -> Lowered {
        let (a, b) = (self.val(a), self.val(b));
        if ty == Type::I64 {
            return Self::plain(if signed { self.b.ins().smulhi(a, b) } else { self.b.ins().umulhi(a, b) });
        }
        let extend =
            |l: &mut Self, v| if signed { l.b.ins().sextend(I64, v) } else { l.b.ins().uextend(I64, v) };
        let (a, b) = (extend(self, a), extend(self, b));
        let product = self.b.ins().imul(a, b);
        let high = self.b.ins().ushr_imm_u(product, 32);
        Self::plain(self.b.ins().ireduce(I32, high))
    }
}
