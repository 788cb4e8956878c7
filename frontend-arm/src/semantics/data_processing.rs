//! Data processing: the arithmetic and logical instructions (ARM DDI 0406, A4.4.1).

use demotic_ir::{FlagMask, Type, Value};

use super::shifter::{Carry, Operand};
use crate::lifter::{LR, Lifter, PC};

/// Instructions of two operands and a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Alu {
    /// Bitwise AND.
    And,
    /// Bitwise exclusive OR.
    Eor,
    /// Subtract.
    Sub,
    /// Reverse subtract.
    Rsb,
    /// Add.
    Add,
    /// Add with carry.
    Adc,
    /// Subtract with carry.
    Sbc,
    /// Reverse subtract with carry.
    Rsc,
    /// Bitwise OR.
    Orr,
    /// Bitwise OR NOT (T32).
    Orn,
    /// Bitwise bit clear.
    Bic,
}

impl Alu {
    /// Whether its C comes from the shifter.
    pub(crate) const fn takes_shifter_carry(self) -> bool {
        matches!(self, Alu::And | Alu::Eor | Alu::Orr | Alu::Orn | Alu::Bic)
    }
}

/// Instructions that only set flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Test {
    /// Test: AND.
    Tst,
    /// Test equivalence: exclusive OR.
    Teq,
    /// Compare: subtract.
    Cmp,
    /// Compare negative: add.
    Cmn,
}

impl Test {
    /// Whether its C comes from the shifter.
    pub(crate) const fn takes_shifter_carry(self) -> bool {
        matches!(self, Test::Tst | Test::Teq)
    }
}

/// `op{s} Rd, Rn, operand`.
pub(crate) fn alu(l: &mut Lifter<'_>, op: Alu, s: bool, rd: u32, rn: u32, operand: Operand) {
    let n = l.reg(rn);
    alu_value(l, op, s, rd, n, operand);
}

/// The same with the first operand as a value.
pub(crate) fn alu_value(l: &mut Lifter<'_>, op: Alu, s: bool, rd: u32, n: Value, operand: Operand) {
    if s && rd == PC {
        return exception_return(l);
    }
    let m = operand.value;
    match op {
        Alu::Sub => subtract(l, s, rd, n, m),
        Alu::Rsb => subtract(l, s, rd, m, n),
        Alu::Sbc => subtract_with_carry(l, s, rd, n, m),
        Alu::Rsc => subtract_with_carry(l, s, rd, m, n),
        Alu::Add => add(l, s, rd, n, m),
        Alu::Adc => add_with_carry(l, s, rd, n, m),
        Alu::And | Alu::Eor | Alu::Orr | Alu::Orn | Alu::Bic => {
            let result = logical(l, op, n, m);
            logical_result(l, s, rd, result, operand.carry);
        }
    }
}

fn add(l: &mut Lifter<'_>, s: bool, rd: u32, a: Value, b: Value) {
    let result = l.add(a, b);
    if s {
        let flags = l.b.flags_add(Type::I32, a, b);
        l.put_flags(flags, FlagMask::NZCV);
    }
    l.put_reg(rd, result);
}

fn add_with_carry(l: &mut Lifter<'_>, s: bool, rd: u32, a: Value, b: Value) {
    let c = l.carry();
    let sum = l.add(a, b);
    let carry = l.number(c);
    let result = l.add(sum, carry);
    if s {
        let flags = l.b.flags_adc(Type::I32, a, b, c);
        l.put_flags(flags, FlagMask::NZCV);
    }
    l.put_reg(rd, result);
}

fn subtract(l: &mut Lifter<'_>, s: bool, rd: u32, a: Value, b: Value) {
    let result = l.sub(a, b);
    if s {
        let flags = l.b.flags_sub(Type::I32, a, b);
        l.put_flags(flags, FlagMask::NZCV);
    }
    l.put_reg(rd, result);
}

fn subtract_with_carry(l: &mut Lifter<'_>, s: bool, rd: u32, a: Value, b: Value) {
    let c = l.carry();
    let not_b = l.not(b);
    let sum = l.add(a, not_b);
    let carry = l.number(c);
    let result = l.add(sum, carry);
    if s {
        let flags = l.b.flags_sbc(Type::I32, a, b, c);
        l.put_flags(flags, FlagMask::NZCV);
    }
    l.put_reg(rd, result);
}

fn logical(l: &mut Lifter<'_>, op: Alu, n: Value, m: Value) -> Value {
    match op {
        Alu::And => l.and(n, m),
        Alu::Eor => l.xor(n, m),
        Alu::Orr => l.or(n, m),
        Alu::Orn => {
            let m = l.not(m);
            l.or(n, m)
        }
        _ => {
            let m = l.not(m);
            l.and(n, m)
        }
    }
}

/// Writes the result of a logical instruction, and N, Z and the shifter's C if `s`.
fn logical_result(l: &mut Lifter<'_>, s: bool, rd: u32, result: Value, carry: Carry) {
    if s {
        put_logical_flags(l, result, carry);
    }
    l.put_reg(rd, result);
}

fn put_logical_flags(l: &mut Lifter<'_>, result: Value, carry: Carry) {
    let (carry, mask) = match carry {
        Carry::Unchanged => (l.b.bool(false), FlagMask::NZ),
        Carry::Constant(c) => (l.b.bool(c), FlagMask::NZC),
        Carry::Value(c) => (c, FlagMask::NZC),
    };
    let flags = l.b.flags_logic(Type::I32, result, carry);
    l.put_flags(flags, mask);
}

/// `MOV{S} Rd, operand`, and the shifts, which are moves of a shifted operand.
pub(crate) fn mov(l: &mut Lifter<'_>, s: bool, rd: u32, operand: Operand) {
    if s && rd == PC {
        return exception_return(l);
    }
    logical_result(l, s, rd, operand.value, operand.carry);
}

/// `MVN{S} Rd, operand`.
pub(crate) fn mvn(l: &mut Lifter<'_>, s: bool, rd: u32, operand: Operand) {
    if s && rd == PC {
        return exception_return(l);
    }
    let result = l.not(operand.value);
    logical_result(l, s, rd, result, operand.carry);
}

/// `MOV Rd, Rm` without a shift: keeps in mind what branches may want to know.
pub(crate) fn mov_reg(l: &mut Lifter<'_>, s: bool, rd: u32, rm: u32) {
    if rd == PC && !s {
        return mov_pc(l, rm);
    }
    let value = l.reg(rm);
    mov(l, s, rd, super::shifter::plain(value));
    if rd == LR && rm == PC && !l.is_conditional() {
        l.hints.set_link(l.pc());
    }
}

/// `MOV PC, Rm`: a return when Rm is LR.
fn mov_pc(l: &mut Lifter<'_>, rm: u32) {
    let target = l.reg(rm);
    if rm == LR { l.alu_return(target) } else { l.alu_write_pc(target) }
}

/// `MOVW Rd, #imm16`.
pub(crate) fn movw(l: &mut Lifter<'_>, rd: u32, imm: u32) {
    let value = l.imm(imm);
    l.put_reg(rd, value);
}

/// `MOVT Rd, #imm16`.
pub(crate) fn movt(l: &mut Lifter<'_>, rd: u32, imm: u32) {
    let old = l.reg(rd);
    let low = l.and_imm(old, 0xffff);
    let top = l.imm(imm << 16);
    let value = l.or(top, low);
    l.put_reg(rd, value);
}

/// `op Rn, operand` for its flags.
pub(crate) fn test(l: &mut Lifter<'_>, op: Test, rn: u32, operand: Operand) {
    let n = l.reg(rn);
    let m = operand.value;
    match op {
        Test::Cmp => {
            let flags = l.b.flags_sub(Type::I32, n, m);
            l.put_flags(flags, FlagMask::NZCV);
        }
        Test::Cmn => {
            let flags = l.b.flags_add(Type::I32, n, m);
            l.put_flags(flags, FlagMask::NZCV);
        }
        Test::Tst => {
            let result = l.and(n, m);
            put_logical_flags(l, result, operand.carry);
        }
        Test::Teq => {
            let result = l.xor(n, m);
            put_logical_flags(l, result, operand.carry);
        }
    }
}

/// `CMP Rn, #imm`: keeps in mind what a jump table's bounds check says.
pub(crate) fn cmp_constant(l: &mut Lifter<'_>, rn: u32, imm: u32) {
    let operand = super::shifter::constant(l, imm, false);
    test(l, Test::Cmp, rn, operand);
    if !l.is_conditional() {
        l.hints.set_compared(rn, imm);
    }
}

/// A flag-setting instruction that writes R15: the return from an exception, which also restores the CPSR. In User mode
/// it is unpredictable.
fn exception_return(l: &mut Lifter<'_>) {
    l.privileged_insn();
}
