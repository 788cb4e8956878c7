//! Condition flags and conditions: made of their producer's operands where they are needed.

use demotic_ir::{FlagCc, FlagMask, IntCc, Op, Type, Value};
use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi, dynasm};

use super::Refused;
use super::emitter::{Emitter, Source, with_source};
use super::values::{RAX, RCX, Register};

/// A condition of the host's flags, by the number that its instructions have for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum HostCc {
    Overflow = 0,
    NotOverflow = 1,
    Below = 2,
    AboveOrEqual = 3,
    Equal = 4,
    NotEqual = 5,
    BelowOrEqual = 6,
    Above = 7,
    Sign = 8,
    NotSign = 9,
    Less = 12,
    GreaterOrEqual = 13,
    LessOrEqual = 14,
    Greater = 15,
}

impl HostCc {
    fn inverse(self) -> HostCc {
        use HostCc::*;
        match self {
            Overflow => NotOverflow,
            NotOverflow => Overflow,
            Below => AboveOrEqual,
            AboveOrEqual => Below,
            Equal => NotEqual,
            NotEqual => Equal,
            BelowOrEqual => Above,
            Above => BelowOrEqual,
            Sign => NotSign,
            NotSign => Sign,
            Less => GreaterOrEqual,
            GreaterOrEqual => Less,
            LessOrEqual => Greater,
            Greater => LessOrEqual,
        }
    }

    fn of(cc: IntCc) -> HostCc {
        match cc {
            IntCc::Eq => HostCc::Equal,
            IntCc::Ne => HostCc::NotEqual,
            IntCc::Ult => HostCc::Below,
            IntCc::Ule => HostCc::BelowOrEqual,
            IntCc::Ugt => HostCc::Above,
            IntCc::Uge => HostCc::AboveOrEqual,
            IntCc::Slt => HostCc::Less,
            IntCc::Sle => HostCc::LessOrEqual,
            IntCc::Sgt => HostCc::Greater,
            IntCc::Sge => HostCc::GreaterOrEqual,
        }
    }
}

/// What an instruction of the host that computes a guest's result leaves in the host's carry flag.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HostCarry {
    /// The guest's C.
    Carry,
    /// The opposite of the guest's C.
    Borrow,
}

impl Emitter<'_> {
    /// A jump of 32 bits if a condition of the host's flags holds.
    pub(super) fn jump_if(&mut self, cc: HostCc, to: DynamicLabel) {
        use HostCc::*;
        match cc {
            Overflow => dynasm!(self.asm ; .arch x64 ; jo =>to),
            NotOverflow => dynasm!(self.asm ; .arch x64 ; jno =>to),
            Below => dynasm!(self.asm ; .arch x64 ; jb =>to),
            AboveOrEqual => dynasm!(self.asm ; .arch x64 ; jae =>to),
            Equal => dynasm!(self.asm ; .arch x64 ; je =>to),
            NotEqual => dynasm!(self.asm ; .arch x64 ; jne =>to),
            BelowOrEqual => dynasm!(self.asm ; .arch x64 ; jbe =>to),
            Above => dynasm!(self.asm ; .arch x64 ; ja =>to),
            Sign => dynasm!(self.asm ; .arch x64 ; js =>to),
            NotSign => dynasm!(self.asm ; .arch x64 ; jns =>to),
            Less => dynasm!(self.asm ; .arch x64 ; jl =>to),
            GreaterOrEqual => dynasm!(self.asm ; .arch x64 ; jge =>to),
            LessOrEqual => dynasm!(self.asm ; .arch x64 ; jle =>to),
            Greater => dynasm!(self.asm ; .arch x64 ; jg =>to),
        }
    }

    pub(super) fn jump_unless(&mut self, cc: HostCc, to: DynamicLabel) {
        self.jump_if(cc.inverse(), to);
    }

    /// `setcc al`: the instruction by its number.
    fn set_al(&mut self, cc: HostCc) {
        let op = 0x90 | cc as u8;
        dynasm!(self.asm ; .arch x64 ; .u8 0x0f ; .u8 op ; .u8 0xc0);
    }

    /// A condition of the host's flags as 0 or 1 in a register. Leaves the flags as they are.
    pub(super) fn truth_to(&mut self, register: Register, cc: HostCc) {
        self.set_al(cc);
        dynasm!(self.asm ; .arch x64 ; movzx Rd(register), al);
    }

    /// `cmovcc` of 64 bits from a register or the state.
    pub(super) fn move_if(&mut self, cc: HostCc, to: Register, from: Source) {
        let op = 0x40 | cc as u8;
        match from {
            Source::Register(from) => {
                // REX.W with the registers' fourth bits, the opcode, a ModRM byte of two registers.
                let rex = 0x48 | (to >> 3) << 2 | from >> 3;
                let modrm = 0xc0 | (to & 7) << 3 | from & 7;
                dynasm!(self.asm ; .arch x64 ; .bytes [rex, 0x0f, op, modrm]);
            }
            Source::Memory(at) => {
                // The same with rdi and a displacement of 32 bits.
                let rex = 0x48 | (to >> 3) << 2;
                let modrm = 0x87 | (to & 7) << 3;
                dynasm!(self.asm ; .arch x64 ; .bytes [rex, 0x0f, op, modrm] ; .i32 at);
            }
            Source::Immediate(_) => {}
        }
    }

    /// Makes the host's flags so that a condition of them is the truth of a value.
    pub(super) fn condition(&mut self, v: Value) -> Result<HostCc, Refused> {
        let v = self.plan.same(v);
        if self.plan.constant(v).is_none() && self.plan.is_late(self.block, v) {
            return match self.block.insts[v.0 as usize].op {
                Op::ICmp { ty, a, b, cc } => Ok(self.compare(ty, a, b, cc)),
                Op::Cond { flags, cc, .. } => self.flag_condition(flags, cc),
                _ => Err(Refused),
            };
        }
        let register = self.register(v, RAX);
        dynasm!(self.asm ; .arch x64 ; test Rd(register), Rd(register));
        Ok(HostCc::NotEqual)
    }

    pub(super) fn compare(&mut self, ty: Type, a: Value, b: Value, cc: IntCc) -> HostCc {
        let wide = ty == Type::I64;
        let left = self.register(a, RAX);
        let right = self.source(b, wide, RCX);
        if let Source::Immediate(0) = right {
            match wide {
                true => dynasm!(self.asm ; .arch x64 ; test Rq(left), Rq(left)),
                false => dynasm!(self.asm ; .arch x64 ; test Rd(left), Rd(left)),
            }
        } else {
            with_source!(self, wide, cmp, left, right);
        }
        HostCc::of(cc)
    }

    /// Computes in eax what the flags of a sum or difference describe. The host's flags are those of it, but for the
    /// sense of the carry.
    fn producer(&mut self, op: Op) -> Result<HostCarry, Refused> {
        let carry = match op {
            Op::FlagsAdd { a, b, ty: Type::I32 } => {
                self.load(RAX, a);
                let b = self.source(b, false, RCX);
                with_source!(self, false, add, RAX, b);
                HostCarry::Carry
            }
            Op::FlagsSub { a, b, ty: Type::I32 } => {
                self.load(RAX, a);
                let b = self.source(b, false, RCX);
                with_source!(self, false, sub, RAX, b);
                HostCarry::Borrow
            }
            Op::FlagsAdc { a, b, c, ty: Type::I32 } => {
                self.load(RCX, c);
                self.load(RAX, a);
                dynasm!(self.asm ; .arch x64 ; bt ecx, 0);
                let b = self.source(b, false, RCX);
                with_source!(self, false, adc, RAX, b);
                HostCarry::Carry
            }
            Op::FlagsSbc { a, b, c, ty: Type::I32 } => {
                self.load(RCX, c);
                self.load(RAX, a);
                dynasm!(self.asm ; .arch x64 ; bt ecx, 0 ; cmc);
                let b = self.source(b, false, RCX);
                with_source!(self, false, sbb, RAX, b);
                HostCarry::Borrow
            }
            _ => return Err(Refused),
        };
        Ok(carry)
    }

    /// Writes flags to their slots.
    pub(super) fn put_flags(&mut self, flags: Value, mask: FlagMask) -> Result<(), Refused> {
        let Some(slots) = self.layout.flags else { return Ok(()) };
        let flags = self.plan.same(flags);
        let [n, z, c, v] = [slots.n, slots.z, slots.c, slots.v].map(|slot| self.slot(slot));
        let has = |flag| mask.contains(flag);
        match self.block.insts[flags.0 as usize].op {
            _ if mask.0 == 0 => {}
            Op::FlagsLogic { a, c: carry, ty: Type::I32 } => {
                let result = self.register(a, RAX);
                if has(FlagMask::N) {
                    self.store_word(n, result);
                }
                if has(FlagMask::Z) {
                    self.store_word(z, result);
                }
                if has(FlagMask::C) {
                    self.store_value(c, carry);
                }
                if has(FlagMask::V) {
                    dynasm!(self.asm ; .arch x64 ; mov QWORD [rdi + v], 0);
                }
            }
            Op::FlagsFromBits { a, .. } => {
                self.load(RCX, a);
                if has(FlagMask::N) {
                    self.store_word(n, RCX);
                }
                if has(FlagMask::Z) {
                    dynasm!(self.asm ; .arch x64 ; mov eax, ecx ; not eax ; and eax, 1 << 30);
                    self.store_word(z, RAX);
                }
                if has(FlagMask::C) {
                    dynasm!(self.asm ; .arch x64 ; mov eax, ecx ; shr eax, 29 ; and eax, 1);
                    self.store_word(c, RAX);
                }
                if has(FlagMask::V) {
                    dynasm!(self.asm ; .arch x64 ; shl ecx, 3);
                    self.store_word(v, RCX);
                }
            }
            op => {
                let carry = self.producer(op)?;
                if has(FlagMask::N) {
                    self.store_word(n, RAX);
                }
                if has(FlagMask::Z) {
                    self.store_word(z, RAX);
                }
                if has(FlagMask::C) {
                    let cc = if carry == HostCarry::Carry { HostCc::Below } else { HostCc::AboveOrEqual };
                    self.truth_to(RAX, cc);
                    self.store_word(c, RAX);
                }
                if has(FlagMask::V) {
                    self.truth_to(RAX, HostCc::Overflow);
                    dynasm!(self.asm ; .arch x64 ; shl eax, 31);
                    self.store_word(v, RAX);
                }
            }
        }
        Ok(())
    }

    /// Makes the host's flags so that a condition of them is a condition of the guest's flags.
    pub(super) fn flag_condition(&mut self, flags: Value, cc: FlagCc) -> Result<HostCc, Refused> {
        // Of each pair of opposites, the one that is made.
        let (made, inverse) = match cc {
            FlagCc::Ne | FlagCc::Cc | FlagCc::Pl | FlagCc::Vc | FlagCc::Ls | FlagCc::Ge | FlagCc::Le => {
                (cc.inverse(), true)
            }
            cc => (cc, false),
        };
        let flags = self.plan.same(flags);
        let host = match self.block.insts[flags.0 as usize].op {
            Op::GetFlags { .. } => self.condition_of_slots(made)?,
            Op::FlagsLogic { a, c, ty: Type::I32 } => self.condition_of_logic(a, c, made)?,
            Op::FlagsFromBits { a, .. } => self.condition_of_bits(a, made)?,
            op => self.condition_of_producer(op, made)?,
        };
        Ok(if inverse { host.inverse() } else { host })
    }

    fn condition_of_producer(&mut self, op: Op, cc: FlagCc) -> Result<HostCc, Refused> {
        let carry = self.producer(op)?;
        Ok(match (cc, carry) {
            (FlagCc::Eq, _) => HostCc::Equal,
            (FlagCc::Cs, HostCarry::Carry) => HostCc::Below,
            (FlagCc::Cs, HostCarry::Borrow) => HostCc::AboveOrEqual,
            (FlagCc::Mi, _) => HostCc::Sign,
            (FlagCc::Vs, _) => HostCc::Overflow,
            (FlagCc::Hi, HostCarry::Borrow) => HostCc::Above,
            (FlagCc::Hi, HostCarry::Carry) => {
                dynasm!(self.asm ; .arch x64 ; setc al ; setnz cl ; test al, cl);
                HostCc::NotEqual
            }
            (FlagCc::Lt, _) => HostCc::Less,
            (FlagCc::Gt, _) => HostCc::Greater,
            _ => return Err(Refused),
        })
    }

    fn condition_of_logic(&mut self, a: Value, c: Value, cc: FlagCc) -> Result<HostCc, Refused> {
        let test = |e: &mut Self| {
            let a = e.register(a, RAX);
            dynasm!(e.asm ; .arch x64 ; test Rd(a), Rd(a));
        };
        Ok(match cc {
            FlagCc::Eq => {
                test(self);
                HostCc::Equal
            }
            FlagCc::Mi | FlagCc::Lt => {
                test(self);
                HostCc::Sign
            }
            FlagCc::Gt => {
                test(self);
                HostCc::Greater
            }
            FlagCc::Cs => {
                let c = self.register(c, RAX);
                dynasm!(self.asm ; .arch x64 ; test Rd(c), Rd(c));
                HostCc::NotEqual
            }
            FlagCc::Hi => {
                self.load(RCX, c);
                test(self);
                dynasm!(self.asm ; .arch x64 ; setne al ; test al, cl);
                HostCc::NotEqual
            }
            FlagCc::Vs => {
                // V is clear.
                dynasm!(self.asm ; .arch x64 ; test eax, eax);
                HostCc::Overflow
            }
            _ => return Err(Refused),
        })
    }

    fn condition_of_bits(&mut self, word: Value, cc: FlagCc) -> Result<HostCc, Refused> {
        let bit = match cc {
            FlagCc::Mi => 31,
            FlagCc::Eq => 30,
            FlagCc::Cs => 29,
            FlagCc::Vs => 28,
            _ => return Err(Refused),
        };
        let word = self.register(word, RAX);
        dynasm!(self.asm ; .arch x64 ; test Rd(word), (1u32 << bit) as i32);
        Ok(HostCc::NotEqual)
    }

    fn condition_of_slots(&mut self, cc: FlagCc) -> Result<HostCc, Refused> {
        let slots = self.layout.flags.ok_or(Refused)?;
        let [n, z, c, v] = [slots.n, slots.z, slots.c, slots.v].map(|slot| self.slot(slot));
        Ok(match cc {
            FlagCc::Eq => {
                dynasm!(self.asm ; .arch x64 ; cmp DWORD [rdi + z], 0);
                HostCc::Equal
            }
            FlagCc::Cs => {
                dynasm!(self.asm ; .arch x64 ; cmp DWORD [rdi + c], 0);
                HostCc::NotEqual
            }
            FlagCc::Mi => {
                dynasm!(self.asm ; .arch x64 ; cmp DWORD [rdi + n], 0);
                HostCc::Sign
            }
            FlagCc::Vs => {
                dynasm!(self.asm ; .arch x64 ; cmp DWORD [rdi + v], 0);
                HostCc::Sign
            }
            FlagCc::Hi => {
                dynasm!(self.asm ; .arch x64
                    ; cmp DWORD [rdi + z], 0
                    ; setne al
                    ; test BYTE [rdi + c], al
                );
                HostCc::NotEqual
            }
            FlagCc::Lt => {
                self.load_half(RAX, n);
                dynasm!(self.asm ; .arch x64 ; xor eax, [rdi + v]);
                HostCc::Sign
            }
            FlagCc::Gt => {
                // N equals V and the result is not zero.
                self.load_half(RAX, n);
                dynasm!(self.asm ; .arch x64
                    ; xor eax, [rdi + v]
                    ; setns al
                    ; cmp DWORD [rdi + z], 0
                    ; setne cl
                    ; test al, cl
                );
                HostCc::NotEqual
            }
            _ => return Err(Refused),
        })
    }

    /// The flags as bits 31 to 28 of a register.
    pub(super) fn flags_to_bits(&mut self, flags: Value) -> Result<(), Refused> {
        let to = self.define()?;
        dynasm!(self.asm ; .arch x64 ; mov Rd(to), 0);
        for cc in [FlagCc::Mi, FlagCc::Eq, FlagCc::Cs, FlagCc::Vs] {
            let host = self.flag_condition(flags, cc)?;
            self.truth_to(RAX, host);
            dynasm!(self.asm ; .arch x64 ; shl Rd(to), 1 ; or Rd(to), eax);
        }
        dynasm!(self.asm ; .arch x64 ; shl Rd(to), 28);
        Ok(())
    }
}
