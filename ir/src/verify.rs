//! Checks a block: types, definitions before uses, conditional parts, exits.

use std::fmt;

use crate::block::Block;
use crate::exit::Exit;
use crate::lanes::Lanes;
use crate::ops::{Op, TypeRule};
use crate::types::Type;
use crate::value::Value;

/// What is wrong with a block, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifyError {
    /// Index of the offending instruction.
    pub inst: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "instruction {}: {}", self.inst, self.message)
    }
}

impl std::error::Error for VerifyError {}

struct Verifier<'a> {
    block: &'a Block,
    /// First instruction of the open conditional part.
    part: Option<usize>,
    /// Closed conditional parts: their values are out of scope.
    closed: Vec<(usize, usize)>,
}

/// Checks a block.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(block: &Block) -> Result<(), VerifyError> {
    let mut verifier = Verifier { block, part: None, closed: Vec::new() };
    for i in 0..block.insts.len() {
        verifier.inst(i).map_err(|message| VerifyError { inst: i, message })?;
    }
    let end = block.insts.len().saturating_sub(1);
    match block.insts.last().map(|i| i.op) {
        Some(Op::Exit { .. }) if verifier.part.is_none() => Ok(()),
        _ => Err(VerifyError { inst: end, message: "the block does not end in an exit".into() }),
    }
}

impl Verifier<'_> {
    fn inst(&mut self, i: usize) -> Result<(), String> {
        let op = &self.block.insts[i].op;
        let info = op.info();
        let mut rules = info.operands.iter();
        let mut result = Ok(());
        op.for_each_value(|v| {
            let (name, rule) = rules.next().expect("the table lists every operand");
            if result.is_ok() {
                result = self
                    .operand(i, v, *rule)
                    .map_err(|e| format!("operand `{name}` of `{}`: {e}", info.name));
            }
        });
        result?;
        if info.is_vector() != (op.ty() == Type::V128) {
            return Err(format!("`{}` is no op of type {}", info.name, op.ty()));
        }
        self.immediates(op)?;
        self.control(i, op)
    }

    fn operand(&self, at: usize, v: Value, rule: TypeRule) -> Result<(), String> {
        let ty = self.in_scope(at, v)?;
        let fits = match rule {
            TypeRule::Ty => ty == self.block.insts[at].op.ty(),
            TypeRule::Is(t) => ty == t,
            TypeRule::Addr => ty.is_int(),
            TypeRule::Any => true,
            TypeRule::None => false,
        };
        if fits { Ok(()) } else { Err(format!("v{} is of type {ty}", v.0)) }
    }

    fn in_scope(&self, at: usize, v: Value) -> Result<Type, String> {
        let def = v.0 as usize;
        if def >= at {
            return Err(format!("v{} is used before it is defined", v.0));
        }
        if self.closed.iter().any(|&(from, to)| (from..to).contains(&def)) {
            return Err(format!("v{} was defined in a conditional part that is closed", v.0));
        }
        self.block.value_type(v).ok_or(format!("v{} has no value", v.0))
    }

    fn immediates(&self, op: &Op) -> Result<(), String> {
        match *op {
            Op::Const { ty, imm } if imm & !ty.mask() != 0 => Err(format!("{imm:#x} does not fit {ty}")),
            Op::Load { ty, mem, .. } | Op::Store { ty, mem, .. } if mem.size.bits() > ty.bits() => {
                Err(format!("an access of {} bits does not fit {ty}", mem.size.bits()))
            }
            Op::Bitcast { ty, a, from }
                if self.block.value_type(a) != Some(from) || from.bits() != ty.bits() =>
            {
                Err(format!("{from} and {ty} are not the same bits"))
            }
            Op::FToS { a, from, .. }
            | Op::FToU { a, from, .. }
            | Op::FFromS { a, from, .. }
            | Op::FFromU { a, from, .. }
                if self.block.value_type(a) != Some(from) =>
            {
                Err(format!("the operand is not of type {from}"))
            }
            _ if op.ty() == Type::V128 => vector_immediates(op),
            _ => Ok(()),
        }
    }

    fn control(&mut self, i: usize, op: &Op) -> Result<(), String> {
        match *op {
            Op::If { .. } if self.part.is_some() => Err("conditional parts do not nest".into()),
            Op::If { .. } => {
                self.part = Some(i);
                Ok(())
            }
            Op::EndIf { .. } => {
                let from = self.part.take().ok_or("there is no conditional part to end")?;
                self.closed.push((from, i));
                Ok(())
            }
            Op::Exit { exit, .. } => {
                let exit = self.block.exits.get(exit.0 as usize).ok_or("the exit does not exist")?;
                let last = i + 1 == self.block.insts.len();
                let closes = matches!(self.block.insts.get(i + 1).map(|n| n.op), Some(Op::EndIf { .. }));
                if self.part.is_some() != closes || (self.part.is_none() && !last) {
                    return Err("an exit must end the block or a conditional part".into());
                }
                self.exit_values(i, exit)
            }
            _ => Ok(()),
        }
    }

    fn exit_values(&self, i: usize, exit: &Exit) -> Result<(), String> {
        let mut result = Ok(());
        exit.for_each_value(|v| {
            let wanted_bool = matches!(exit, Exit::Branch { .. });
            match self.in_scope(i, v) {
                Ok(ty) if wanted_bool == (ty == Type::Bool) && (wanted_bool || ty.is_int()) => {}
                Ok(ty) => result = Err(format!("an exit cannot use v{} of type {ty}", v.0)),
                Err(e) => result = Err(e),
            }
        });
        result
    }
}

/// Checks lanes, and numbers and widths that depend on them.
fn vector_immediates(op: &Op) -> Result<(), String> {
    let fits = match *op {
        Op::VExtract { lanes, lane, .. } | Op::VInsert { lanes, lane, .. } => u32::from(lane) < lanes.count(),
        Op::VShlI { lanes, amount, .. }
        | Op::VShrI { lanes, amount, .. }
        | Op::VSarI { lanes, amount, .. } => u32::from(amount) < lanes.bits(),
        Op::VPopcnt { lanes, .. } => lanes == Lanes::B16,
        Op::VWidenLowS { lanes, .. }
        | Op::VWidenLowU { lanes, .. }
        | Op::VWidenHighS { lanes, .. }
        | Op::VWidenHighU { lanes, .. } => lanes.wider().is_some(),
        Op::VNarrow { lanes, .. }
        | Op::VNarrowSatSs { lanes, .. }
        | Op::VNarrowSatSu { lanes, .. }
        | Op::VNarrowSatUu { lanes, .. } => lanes.narrower().is_some(),
        Op::VFAdd { lanes, .. }
        | Op::VFSub { lanes, .. }
        | Op::VFMul { lanes, .. }
        | Op::VFDiv { lanes, .. }
        | Op::VFSqrt { lanes, .. }
        | Op::VFFma { lanes, .. }
        | Op::VFCmp { lanes, .. }
        | Op::VFFromS { lanes, .. }
        | Op::VFFromU { lanes, .. }
        | Op::VFToS { lanes, .. }
        | Op::VFToU { lanes, .. } => lanes != Lanes::B16,
        _ => true,
    };
    if fits { Ok(()) } else { Err(format!("an immediate of `{}` is out of range", op.info().name)) }
}
