//! The templates of ops that compute. What has none refuses its block: those are too rare, or too long, to be worth one.

use demotic_ir::softfloat::{FloatCall, Order};
use demotic_ir::{FloatCc, HelperId, MemSize, Op, Type, Value};
use dynasmrt::{DynasmApi, DynasmLabelApi, dynasm};

use super::Refused;
use super::emitter::{Emitter, Source, with_source};
use super::values::{RAX, RCX, RDX, RSI};
use crate::lower::encode_float_call;
use crate::vcpu_state::{HostCall, offset};

/// Whether an op of a type is done in 64 bits.
fn is_wide(ty: Type) -> bool {
    matches!(ty, Type::I64 | Type::F64)
}

/// An op of two operands that the host does in one instruction.
macro_rules! binary {
    ($self:ident, $op:ident, $ty:expr, $a:expr, $b:expr) => {{
        let same = $self.plan.same($a) == $self.plan.same($b);
        let to = $self.define_from($a)?;
        let b = if same { Source::Register(to) } else { $self.source($b, is_wide($ty), RCX) };
        with_source!($self, is_wide($ty), $op, to, b);
        Ok(())
    }};
}

/// A shift or rotation.
macro_rules! shift {
    ($self:ident, $op:ident, $ty:expr, $a:expr, $b:expr) => {{
        let amount = $self.plan.constant($self.plan.same($b));
        if amount.is_none() {
            $self.load(RCX, $b);
        }
        let to = $self.define_from($a)?;
        match (is_wide($ty), amount) {
            (false, Some(n)) => dynasm!($self.asm ; .arch x64 ; $op Rd(to), (n & 31) as i8),
            (true, Some(n)) => dynasm!($self.asm ; .arch x64 ; $op Rq(to), (n & 63) as i8),
            (false, None) => dynasm!($self.asm ; .arch x64 ; $op Rd(to), cl),
            (true, None) => dynasm!($self.asm ; .arch x64 ; $op Rq(to), cl),
        }
        Ok(())
    }};
}

impl Emitter<'_> {
    /// Makes the code of an op.
    pub(super) fn op(&mut self, op: &Op) -> Result<(), Refused> {
        match *op {
            Op::Get { ty, slot } => self.get(ty, self.slot(slot)),
            Op::Put { ty, value, slot } => self.put(ty, value, self.slot(slot)),
            Op::PutFlags { flags, .. } => self.put_flags(flags, self.plan.seen_flags(self.at)),
            Op::FlagsToBits { flags, .. } => self.flags_to_bits(flags),
            Op::Cond { flags, cc, .. } => {
                let host = self.flag_condition(flags, cc)?;
                let to = self.define()?;
                self.truth_to(to, host);
                Ok(())
            }
            Op::ICmp { ty, a, b, cc } => {
                let host = self.compare(ty, a, b, cc);
                let to = self.define()?;
                self.truth_to(to, host);
                Ok(())
            }
            Op::Select { c, a, b, .. } => self.select(c, a, b),
            Op::Add { ty, a, b } if self.is_constant(a) => binary!(self, add, ty, b, a),
            Op::Add { ty, a, b } => binary!(self, add, ty, a, b),
            Op::Sub { ty, a, b } => binary!(self, sub, ty, a, b),
            Op::And { ty, a, b } if self.is_constant(a) => binary!(self, and, ty, b, a),
            Op::And { ty, a, b } => binary!(self, and, ty, a, b),
            Op::Or { ty, a, b } if self.is_constant(a) => binary!(self, or, ty, b, a),
            Op::Or { ty, a, b } => binary!(self, or, ty, a, b),
            Op::Xor { ty, a, b } => binary!(self, xor, ty, a, b),
            Op::Shl { ty, a, b } => shift!(self, shl, ty, a, b),
            Op::Shr { ty, a, b } => shift!(self, shr, ty, a, b),
            Op::Sar { ty, a, b } => shift!(self, sar, ty, a, b),
            Op::Rotr { ty, a, b } => shift!(self, ror, ty, a, b),
            Op::Mul { ty, a, b } => self.multiply(ty, a, b),
            Op::UMulHigh { ty: Type::I32, a, b } => self.high_product(a, b, false),
            Op::SMulHigh { ty: Type::I32, a, b } => self.high_product(a, b, true),
            Op::UDiv { ty: Type::I32, a, b } => self.divide(a, b, false),
            Op::SDiv { ty: Type::I32, a, b } => self.divide(a, b, true),
            Op::Not { ty, a } => self.complement(ty, a),
            Op::Clz { ty, a } => self.leading_zeros(ty, a),
            Op::ByteSwap { ty, a } => self.byte_swap(ty, a),
            Op::SExtLow { ty, a, size } => self.sign_extend_low(ty, a, size),
            Op::ZExtLow { a, size, .. } => self.zero_extend_low(a, size),
            Op::SExt64 { a, .. } => {
                self.load(RAX, a);
                let to = self.define()?;
                dynasm!(self.asm ; .arch x64 ; movsxd Rq(to), eax);
                Ok(())
            }
            Op::Trunc32 { a, .. } => self.zero_extend_low(a, MemSize::B4),
            Op::FNeg { ty, a } => self.sign_bit(ty, a, true),
            Op::FAbs { ty, a } => self.sign_bit(ty, a, false),
            Op::Load { ty, addr, disp, mem } => self.guest_load(ty, addr, disp, mem),
            Op::Store { addr, value, disp, mem, .. } => self.guest_store(addr, value, disp, mem),
            Op::LoadEx { ty, addr, mem } => self.load_exclusive(ty, addr, mem),
            Op::StoreEx { addr, value, mem, .. } => self.store_exclusive(addr, value, mem),
            Op::Swap { addr, value, mem, .. } => self.atomic_swap(addr, value, mem),
            Op::Fence { .. } => {
                dynasm!(self.asm ; .arch x64 ; mfence);
                Ok(())
            }
            Op::FCmp { cc, .. } => self.float_compare(op, cc),
            Op::FCause { a, b, c, call, .. } => self.float_cause(call, [a, b, c]),
            Op::FRaises { a, b, c, call, .. } => self.float_raises(call, [a, b, c]),
            Op::Helper { a, b, c, id, .. } => self.helper([a, b, c], id),
            Op::If { c, .. } => self.begin_part(c),
            Op::EndIf { .. } => self.end_part(),
            Op::Exit { exit, .. } => self.leave(exit),
            ref op => match op.float_call() {
                Some((call, operands)) => self.float_op(call, operands),
                None => Err(Refused),
            },
        }
    }

    fn is_constant(&self, v: Value) -> bool {
        self.plan.constant(self.plan.same(v)).is_some()
    }

    // ---- guest registers ----

    fn get(&mut self, ty: Type, at: i32) -> Result<(), Refused> {
        if ty == Type::V128 {
            return Err(Refused);
        }
        let to = self.define()?;
        match is_wide(ty) {
            true => self.load_word(to, at),
            false => self.load_half(to, at),
        }
        Ok(())
    }

    fn put(&mut self, ty: Type, value: Value, at: i32) -> Result<(), Refused> {
        if ty == Type::V128 {
            return Err(Refused);
        }
        self.store_value(at, value);
        Ok(())
    }

    // ---- integers ----

    fn select(&mut self, c: Value, a: Value, b: Value) -> Result<(), Refused> {
        let to = self.define()?;
        self.load(to, b);
        let cc = self.condition(c)?;
        let a = match self.source(a, true, RCX) {
            Source::Immediate(constant) => {
                self.constant_to(RCX, constant as u64);
                Source::Register(RCX)
            }
            a => a,
        };
        self.move_if(cc, to, a);
        Ok(())
    }

    fn multiply(&mut self, ty: Type, a: Value, b: Value) -> Result<(), Refused> {
        let same = self.plan.same(a) == self.plan.same(b);
        let to = self.define_from(a)?;
        let b = if same { to } else { self.register(b, RCX) };
        match is_wide(ty) {
            true => dynasm!(self.asm ; .arch x64 ; imul Rq(to), Rq(b)),
            false => dynasm!(self.asm ; .arch x64 ; imul Rd(to), Rd(b)),
        }
        Ok(())
    }

    fn high_product(&mut self, a: Value, b: Value, signed: bool) -> Result<(), Refused> {
        self.load(RAX, a);
        self.load(RCX, b);
        if signed {
            dynasm!(self.asm ; .arch x64 ; movsxd rax, eax ; movsxd rcx, ecx);
        }
        let to = self.define()?;
        dynasm!(self.asm ; .arch x64 ; imul rax, rcx ; shr rax, 32 ; mov Rd(to), eax);
        Ok(())
    }

    /// In 64 bits, so that no quotient overflows.
    fn divide(&mut self, a: Value, b: Value, signed: bool) -> Result<(), Refused> {
        let (zero, done) = (self.asm.new_dynamic_label(), self.asm.new_dynamic_label());
        self.load(RAX, a);
        self.load(RCX, b);
        let to = self.define()?;
        dynasm!(self.asm ; .arch x64 ; push rdx ; test ecx, ecx ; je =>zero);
        match signed {
            true => dynasm!(self.asm ; .arch x64 ; movsxd rax, eax ; movsxd rcx, ecx ; cqo ; idiv rcx),
            false => dynasm!(self.asm ; .arch x64 ; xor edx, edx ; div ecx),
        }
        dynasm!(self.asm ; .arch x64
            ; jmp =>done
            ; =>zero
            ; xor eax, eax
            ; =>done
            ; pop rdx
            ; mov Rd(to), eax
        );
        Ok(())
    }

    fn complement(&mut self, ty: Type, a: Value) -> Result<(), Refused> {
        let to = self.define_from(a)?;
        match ty {
            Type::Bool => dynasm!(self.asm ; .arch x64 ; xor Rd(to), 1),
            Type::I64 => dynasm!(self.asm ; .arch x64 ; not Rq(to)),
            _ => dynasm!(self.asm ; .arch x64 ; not Rd(to)),
        }
        Ok(())
    }

    fn leading_zeros(&mut self, ty: Type, a: Value) -> Result<(), Refused> {
        let a = self.register(a, RAX);
        match is_wide(ty) {
            true => {
                dynasm!(self.asm ; .arch x64 ; mov ecx, 127 ; bsr rax, Rq(a) ; cmovz eax, ecx ; xor eax, 63)
            }
            false => {
                dynasm!(self.asm ; .arch x64 ; mov ecx, 63 ; bsr eax, Rd(a) ; cmovz eax, ecx ; xor eax, 31)
            }
        }
        let to = self.define()?;
        dynasm!(self.asm ; .arch x64 ; mov Rd(to), eax);
        Ok(())
    }

    fn byte_swap(&mut self, ty: Type, a: Value) -> Result<(), Refused> {
        let to = self.define_from(a)?;
        match is_wide(ty) {
            true => dynasm!(self.asm ; .arch x64 ; bswap Rq(to)),
            false => dynasm!(self.asm ; .arch x64 ; bswap Rd(to)),
        }
        Ok(())
    }

    fn sign_extend_low(&mut self, ty: Type, a: Value, size: MemSize) -> Result<(), Refused> {
        self.load(RAX, a);
        let to = self.define()?;
        match (size, is_wide(ty)) {
            (MemSize::B1, false) => dynasm!(self.asm ; .arch x64 ; movsx Rd(to), al),
            (MemSize::B2, false) => dynasm!(self.asm ; .arch x64 ; movsx Rd(to), ax),
            (MemSize::B1, true) => dynasm!(self.asm ; .arch x64 ; movsx Rq(to), al),
            (MemSize::B2, true) => dynasm!(self.asm ; .arch x64 ; movsx Rq(to), ax),
            (MemSize::B4, true) => dynasm!(self.asm ; .arch x64 ; movsxd Rq(to), eax),
            _ => dynasm!(self.asm ; .arch x64 ; mov Rq(to), rax),
        }
        Ok(())
    }

    fn zero_extend_low(&mut self, a: Value, size: MemSize) -> Result<(), Refused> {
        self.load(RAX, a);
        let to = self.define()?;
        match size {
            MemSize::B1 => dynasm!(self.asm ; .arch x64 ; movzx Rd(to), al),
            MemSize::B2 => dynasm!(self.asm ; .arch x64 ; movzx Rd(to), ax),
            MemSize::B4 => dynasm!(self.asm ; .arch x64 ; mov Rd(to), eax),
            MemSize::B8 => dynasm!(self.asm ; .arch x64 ; mov Rq(to), rax),
        }
        Ok(())
    }

    /// Flips (or clears) the sign bit of a float.
    fn sign_bit(&mut self, ty: Type, a: Value, flip: bool) -> Result<(), Refused> {
        let to = self.define_from(a)?;
        match (ty, flip) {
            (Type::F64, true) => dynasm!(self.asm ; .arch x64 ; btc Rq(to), 63),
            (Type::F64, false) => dynasm!(self.asm ; .arch x64 ; btr Rq(to), 63),
            (_, true) => dynasm!(self.asm ; .arch x64 ; btc Rd(to), 31),
            (_, false) => dynasm!(self.asm ; .arch x64 ; btr Rd(to), 31),
        }
        Ok(())
    }

    // ---- floating point: all of it by the soft-float. What computes much with it gets regions soon ----

    fn float_op(&mut self, call: FloatCall, operands: [Value; 3]) -> Result<(), Refused> {
        self.call_soft_float(call, operands)?;
        let to = self.define()?;
        self.load_word(to, offset::float_operand(0));
        Ok(())
    }

    fn call_soft_float(&mut self, call: FloatCall, operands: [Value; 3]) -> Result<(), Refused> {
        self.soft_floats += 1;
        for (n, operand) in operands.into_iter().enumerate() {
            if self.block.value_type(operand) == Some(Type::V128) {
                return Err(Refused);
            }
            self.store_value(offset::float_operand(n), operand);
        }
        let word = encode_float_call(&call, self.options.nan_rule);
        self.constant_to(RAX, word);
        self.store_word(offset::FLOAT_OPERATION, RAX);
        // It preserves all registers, and wants the stack aligned.
        dynasm!(self.asm ; .arch x64
            ; sub rsp, 8
            ; call QWORD [BYTE rdi + offset::host_call(HostCall::Float) as i8]
            ; add rsp, 8
        );
        Ok(())
    }

    fn float_compare(&mut self, op: &Op, cc: FloatCc) -> Result<(), Refused> {
        let (call, operands) = op.float_call().ok_or(Refused)?;
        self.call_soft_float(call, operands)?;
        let to = self.define()?;
        let orders = [Order::Less, Order::Equal, Order::Greater, Order::Unordered];
        let set = orders.into_iter().filter(|o| o.satisfies(cc)).fold(0, |set, o| set | 1 << o as u32);
        self.load_word(RCX, offset::float_operand(0));
        dynasm!(self.asm ; .arch x64 ; mov eax, set ; shr eax, cl ; and eax, 1 ; mov Rd(to), eax);
        Ok(())
    }

    /// All exceptions that an operation raises.
    fn float_cause(&mut self, call: FloatCall, operands: [Value; 3]) -> Result<(), Refused> {
        self.call_soft_float(call, operands)?;
        let to = self.define()?;
        self.load_half(to, offset::FLOAT_RAISED);
        dynasm!(self.asm ; .arch x64 ; or Rd(to), 0x100);
        Ok(())
    }

    /// The exceptions so far, and those that an operation raises.
    fn float_raises(&mut self, call: FloatCall, operands: [Value; 3]) -> Result<(), Refused> {
        self.call_soft_float(call, operands)?;
        let to = self.define()?;
        self.load_half(to, offset::FLOAT_RAISED);
        if let Some(slot) = self.layout.exceptions {
            let at = self.slot(slot);
            dynasm!(self.asm ; .arch x64 ; or Rd(to), [rdi + at]);
        }
        Ok(())
    }

    // ---- helpers and conditional parts ----

    fn helper(&mut self, [a, b, c]: [Value; 3], id: HelperId) -> Result<(), Refused> {
        self.save_all(true)?;
        self.forget_registers();
        dynasm!(self.asm ; .arch x64 ; push rdi ; push rdx ; sub rsp, 8);
        self.load(RSI, b);
        self.load(RDX, c);
        self.load(RCX, a);
        dynasm!(self.asm ; .arch x64
            ; mov rax, [rdi + offset::GUEST_HELPERS]
            ; mov rdi, rcx
            ; call QWORD [rax + 8 * i32::from(id.0)]
            ; add rsp, 8
            ; pop rdx
            ; pop rdi
        );
        let to = self.define()?;
        dynasm!(self.asm ; .arch x64 ; mov Rq(to), rax);
        Ok(())
    }

    fn begin_part(&mut self, c: Value) -> Result<(), Refused> {
        // Behind the part, values are where they are on both ways.
        self.save_all(false)?;
        let end = self.asm.new_dynamic_label();
        let cc = self.condition(c)?;
        self.jump_unless(cc, end);
        self.part_end = Some(end);
        Ok(())
    }

    fn end_part(&mut self) -> Result<(), Refused> {
        if let Some(end) = self.part_end.take() {
            dynasm!(self.asm ; .arch x64 ; =>end);
        }
        self.forget_registers();
        Ok(())
    }
}
