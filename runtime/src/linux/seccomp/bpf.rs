//! Classic BPF as seccomp knows it: programs that look at a system call and give a number.
//!
//! Which instructions there are is said in linux/filter.h and in the kernel's seccomp_filter documentation: loads reach
//! only aligned words of `struct seccomp_data`, jumps go forward, the last instruction returns.

/// The longest program (`BPF_MAXINSNS`).
pub(crate) const LENGTH_MAX: usize = 4096;
/// Words in `struct seccomp_data`.
pub(crate) const DATA_WORDS: usize = 16;
/// Words of scratch memory (`BPF_MEMWORDS`).
const SCRATCH: usize = 16;

/// An instruction (`struct sock_filter`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Instruction {
    pub(crate) code: u16,
    pub(crate) jt: u8,
    pub(crate) jf: u8,
    pub(crate) k: u32,
}

/// Codes that seccomp allows.
mod code {
    pub(super) const LD_W_ABS: u16 = 0x20;
    pub(super) const LD_W_LEN: u16 = 0x80;
    pub(super) const LDX_W_LEN: u16 = 0x81;
    pub(super) const LD_IMM: u16 = 0x00;
    pub(super) const LDX_IMM: u16 = 0x01;
    pub(super) const LD_MEM: u16 = 0x60;
    pub(super) const LDX_MEM: u16 = 0x61;
    pub(super) const ST: u16 = 0x02;
    pub(super) const STX: u16 = 0x03;
    pub(super) const RET_K: u16 = 0x06;
    pub(super) const RET_A: u16 = 0x16;
    pub(super) const TAX: u16 = 0x07;
    pub(super) const TXA: u16 = 0x87;
    pub(super) const JA: u16 = 0x05;
    /// Classes: arithmetic, jumps. The operation is in bits 4 to 7, bit 3 says that the operand is X.
    pub(super) const ALU: u16 = 0x04;
    pub(super) const JMP: u16 = 0x05;
    pub(super) const X: u16 = 0x08;
    pub(super) const OPERATION: u16 = 0xf0;
    pub(super) const ADD: u16 = 0x00;
    pub(super) const SUB: u16 = 0x10;
    pub(super) const MUL: u16 = 0x20;
    pub(super) const DIV: u16 = 0x30;
    pub(super) const OR: u16 = 0x40;
    pub(super) const AND: u16 = 0x50;
    pub(super) const LSH: u16 = 0x60;
    pub(super) const RSH: u16 = 0x70;
    pub(super) const NEG: u16 = 0x80;
    pub(super) const XOR: u16 = 0xa0;
    pub(super) const JEQ: u16 = 0x10;
    pub(super) const JGT: u16 = 0x20;
    pub(super) const JGE: u16 = 0x30;
    pub(super) const JSET: u16 = 0x40;
}

/// A program that has been checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Program(Vec<Instruction>);

impl Program {
    /// A program, if the kernel would take it.
    pub(crate) fn new(instructions: Vec<Instruction>) -> Option<Program> {
        let length = instructions.len();
        let returns = |i: &Instruction| matches!(i.code, code::RET_K | code::RET_A);
        let whole = length <= LENGTH_MAX && instructions.last().is_some_and(returns);
        let sound = instructions.iter().enumerate().all(|(at, i)| is_sound(i, length - at - 1));
        (whole && sound).then_some(Program(instructions))
    }

    /// Its instructions.
    pub(crate) fn instructions(&self) -> &[Instruction] {
        &self.0
    }

    /// What it says about a system call.
    pub(crate) fn run(&self, data: &[u32; DATA_WORDS]) -> u32 {
        let mut machine = Machine { a: 0, x: 0, scratch: [0; SCRATCH], data };
        let mut at = 0;
        // A checked program ends by a return; each step goes forward.
        while let Some(instruction) = self.0.get(at) {
            match machine.step(instruction) {
                Step::Skip(count) => at += 1 + count as usize,
                Step::Return(value) => return value,
            }
        }
        0
    }
}

/// Whether an instruction with `rest` ones after it is allowed.
fn is_sound(i: &Instruction, rest: usize) -> bool {
    match i.code {
        code::LD_W_ABS => i.k.is_multiple_of(4) && (i.k as usize) < 4 * DATA_WORDS,
        code::LD_MEM | code::LDX_MEM | code::ST | code::STX => (i.k as usize) < SCRATCH,
        code::LD_W_LEN
        | code::LDX_W_LEN
        | code::LD_IMM
        | code::LDX_IMM
        | code::RET_K
        | code::RET_A
        | code::TAX
        | code::TXA => true,
        code::JA => (i.k as usize) < rest,
        _ if i.code & 7 == code::JMP => is_comparison(i.code) && usize::from(i.jt.max(i.jf)) < rest,
        _ if i.code & 7 == code::ALU => is_arithmetic(i),
        _ => false,
    }
}

fn is_comparison(code: u16) -> bool {
    code & !(code::OPERATION | code::X | 7) == 0
        && matches!(code & code::OPERATION, code::JEQ | code::JGT | code::JGE | code::JSET)
}

fn is_arithmetic(i: &Instruction) -> bool {
    let by_constant = i.code & code::X == 0;
    i.code & !(code::OPERATION | code::X | 7) == 0
        && match i.code & code::OPERATION {
            code::ADD | code::SUB | code::MUL | code::OR | code::AND | code::XOR => true,
            code::DIV => !by_constant || i.k != 0,
            code::LSH | code::RSH => !by_constant || i.k < 32,
            code::NEG => by_constant,
            _ => false,
        }
}

/// What comes after an instruction.
enum Step {
    /// So many instructions are skipped.
    Skip(u32),
    /// The program ends.
    Return(u32),
}

struct Machine<'a> {
    a: u32,
    x: u32,
    scratch: [u32; SCRATCH],
    data: &'a [u32; DATA_WORDS],
}

impl Machine<'_> {
    fn step(&mut self, i: &Instruction) -> Step {
        let place = i.k as usize % SCRATCH;
        match i.code {
            code::LD_W_ABS => self.a = self.data.get(i.k as usize / 4).copied().unwrap_or_default(),
            code::LD_W_LEN => self.a = 4 * DATA_WORDS as u32,
            code::LDX_W_LEN => self.x = 4 * DATA_WORDS as u32,
            code::LD_IMM => self.a = i.k,
            code::LDX_IMM => self.x = i.k,
            code::LD_MEM => self.a = self.scratch[place],
            code::LDX_MEM => self.x = self.scratch[place],
            code::ST => self.scratch[place] = self.a,
            code::STX => self.scratch[place] = self.x,
            code::TAX => self.x = self.a,
            code::TXA => self.a = self.x,
            code::RET_K => return Step::Return(i.k),
            code::RET_A => return Step::Return(self.a),
            code::JA => return Step::Skip(i.k),
            _ => return self.compute(i),
        }
        Step::Skip(0)
    }

    /// Arithmetic and conditional jumps.
    fn compute(&mut self, i: &Instruction) -> Step {
        let operand = if i.code & code::X != 0 { self.x } else { i.k };
        if i.code & 7 == code::JMP {
            let holds = match i.code & code::OPERATION {
                code::JEQ => self.a == operand,
                code::JGT => self.a > operand,
                code::JGE => self.a >= operand,
                _ => self.a & operand != 0,
            };
            return Step::Skip(u32::from(if holds { i.jt } else { i.jf }));
        }
        self.a = match i.code & code::OPERATION {
            code::ADD => self.a.wrapping_add(operand),
            code::SUB => self.a.wrapping_sub(operand),
            code::MUL => self.a.wrapping_mul(operand),
            code::DIV => match self.a.checked_div(operand) {
                Some(quotient) => quotient,
                // Dividing by zero ends the program with 0.
                None => return Step::Return(0),
            },
            code::OR => self.a | operand,
            code::AND => self.a & operand,
            code::LSH => self.a.wrapping_shl(operand),
            code::RSH => self.a.wrapping_shr(operand),
            code::XOR => self.a ^ operand,
            _ => self.a.wrapping_neg(),
        };
        Step::Skip(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn i(code: u16, jt: u8, jf: u8, k: u32) -> Instruction {
        Instruction { code, jt, jf, k }
    }

    #[test]
    fn a_filter_by_number() {
        let program = Program::new(vec![
            i(code::LD_W_ABS, 0, 0, 0),
            i(code::JMP | code::JEQ, 0, 1, 39),
            i(code::RET_K, 0, 0, 0x5_0001),
            i(code::RET_K, 0, 0, 0x7fff_0000),
        ])
        .unwrap();
        let mut data = [0; DATA_WORDS];
        assert_eq!(program.run(&data), 0x7fff_0000);
        data[0] = 39;
        assert_eq!(program.run(&data), 0x5_0001);
    }

    #[test]
    fn programs_that_the_kernel_refuses() {
        let ret = i(code::RET_K, 0, 0, 0);
        let bad = [
            vec![],
            vec![i(code::LD_IMM, 0, 0, 0)],
            vec![i(code::LD_W_ABS, 0, 0, 2), ret],
            vec![i(code::LD_W_ABS, 0, 0, 64), ret],
            vec![i(code::JA, 0, 0, 1), ret],
            vec![i(code::JMP | code::JEQ, 0, 1, 0), ret],
            vec![i(code::ALU | code::DIV, 0, 0, 0), ret],
            vec![i(code::ST, 0, 0, 16), ret],
            // A modulo, a byte load and an indirect load are BPF, but not seccomp's.
            vec![i(code::ALU | 0x90, 0, 0, 3), ret],
            vec![i(0x30, 0, 0, 0), ret],
            vec![i(0x40, 0, 0, 0), ret],
        ];
        for program in bad {
            assert_eq!(Program::new(program.clone()), None, "{program:?}");
        }
    }

    #[test]
    fn arithmetic() {
        let program = Program::new(vec![
            i(code::LD_IMM, 0, 0, 7),
            i(code::TAX, 0, 0, 0),
            i(code::ALU | code::MUL | code::X, 0, 0, 0),
            i(code::ST, 0, 0, 3),
            i(code::LD_IMM, 0, 0, 1),
            i(code::ALU | code::NEG, 0, 0, 0),
            i(code::LDX_MEM, 0, 0, 3),
            i(code::ALU | code::AND | code::X, 0, 0, 0),
            i(code::RET_A, 0, 0, 0),
        ])
        .unwrap();
        assert_eq!(program.run(&[0; DATA_WORDS]), 49);
    }
}
