//! What selection decides before it begins: which values are other values in disguise, and which ops become part of
//! the op that uses them.

use crate::block::Block;
use crate::exit::Exit;
use crate::ops::{Effects, Op};
use crate::types::Type;
use crate::value::Value;

/// How far apart an addition and its flags may be to become one op.
const TWIN_DISTANCE: usize = 16;

/// The decisions about a value.
#[derive(Clone, Copy)]
struct Entry {
    /// The value that has the same word.
    alias: Value,
    /// How often it is used, aliases counted as what they stand for.
    uses: u32,
    /// Whether its op is done by its only user.
    folded: bool,
    /// For an addition or subtraction, the flags of the same operands; for flags, the arithmetic.
    twin: Option<Value>,
    /// Whether its op is done at its only use, a `put`.
    sunk: bool,
}

/// The decisions.
pub(super) struct Plan {
    values: Vec<Entry>,
}

impl Plan {
    /// Decides for a block.
    pub(super) fn new(block: &Block) -> Plan {
        let mut plan = Plan { values: Vec::with_capacity(block.insts.len()) };
        plan.find_aliases(block);
        plan.count_uses(block);
        plan.find_folds(block);
        plan.find_twins(block);
        plan.find_sinks(block);
        plan
    }

    fn entry(&mut self, v: Value) -> &mut Entry {
        &mut self.values[v.0 as usize]
    }

    /// The value whose word `v` is.
    pub(super) fn resolve(&self, v: Value) -> Value {
        self.values[v.0 as usize].alias
    }

    /// Whether `v` is another value's word.
    pub(super) fn is_alias(&self, v: Value) -> bool {
        self.resolve(v) != v
    }

    /// Whether nothing uses `v`.
    pub(super) fn is_unused(&self, v: Value) -> bool {
        self.values[v.0 as usize].uses == 0
    }

    /// Whether the op of `v` is done by its user.
    pub(super) fn is_folded(&self, v: Value) -> bool {
        self.values[v.0 as usize].folded
    }

    /// Whether the op of `v` is done where `v` is put.
    pub(super) fn is_sunk(&self, v: Value) -> bool {
        self.values[v.0 as usize].sunk
    }

    /// The other half of an addition or subtraction with flags.
    pub(super) fn twin(&self, v: Value) -> Option<Value> {
        self.values[v.0 as usize].twin
    }

    /// Ops that change the type and not the word.
    fn find_aliases(&mut self, block: &Block) {
        for (i, inst) in block.insts.iter().enumerate() {
            let stands_for = match inst.op {
                Op::ZExt64 { a, .. } | Op::FromBool { a, .. } | Op::Bitcast { a, .. } => self.resolve(a),
                _ => Value(i as u32),
            };
            self.values.push(Entry { alias: stands_for, uses: 0, folded: false, twin: None, sunk: false });
        }
    }

    fn count_uses(&mut self, block: &Block) {
        for (i, inst) in block.insts.iter().enumerate() {
            if self.is_alias(Value(i as u32)) {
                continue;
            }
            let mut count = |v: Value| {
                let v = self.resolve(v);
                self.entry(v).uses += 1;
            };
            inst.op.for_each_value(&mut count);
            if let Op::Exit { exit, .. } = inst.op {
                block.exit(exit).for_each_value(count);
            }
        }
    }

    fn find_folds(&mut self, block: &Block) {
        for (i, inst) in block.insts.iter().enumerate() {
            if self.is_alias(Value(i as u32)) {
                continue;
            }
            match inst.op {
                Op::If { c, .. } => self.fold_test(block, c),
                Op::Exit { exit, .. } => {
                    if let Exit::Branch { cond, .. } = *block.exit(exit) {
                        self.fold_test(block, cond);
                    }
                }
                // Only the specialised loads have indexed forms.
                Op::Load { ty, mem, .. } if mem.sign && ty == Type::I64 => {}
                Op::Load { addr, .. } | Op::Store { addr, .. } => self.fold_address(block, addr),
                Op::Add { ty: Type::I32, b, .. }
                | Op::Sub { ty: Type::I32, b, .. }
                | Op::And { ty: Type::I32, b, .. }
                | Op::Or { ty: Type::I32, b, .. }
                | Op::Xor { ty: Type::I32, b, .. } => self.fold_if(block, b, is_constant_shift),
                _ => {}
            }
        }
    }

    fn fold_if(&mut self, block: &Block, v: Value, pattern: impl Fn(&Block, &Op) -> bool) {
        // An alias has another type than what it stands for: not what the pattern means.
        if !self.is_alias(v) && self.values[v.0 as usize].uses == 1 && pattern(block, block.def(v)) {
            self.entry(v).folded = true;
        }
    }

    fn fold_test(&mut self, block: &Block, c: Value) {
        self.fold_if(block, c, |_, op| matches!(op, Op::ICmp { .. } | Op::Cond { .. }));
    }

    /// An address that is a sum, the second part of which may be shifted left.
    fn fold_address(&mut self, block: &Block, addr: Value) {
        self.fold_if(block, addr, |block, op| {
            matches!(*op, Op::Add { ty: Type::I32, a, b } if block.constant(a).is_none() && block.constant(b).is_none())
        });
        if let (true, Op::Add { b, .. }) = (self.is_folded(addr), *block.def(addr)) {
            // The addition itself may have claimed a shift of another kind.
            let left = |block: &Block, op: &Op| matches!(op, Op::Shl { .. }) && is_constant_shift(block, op);
            self.entry(b).folded = false;
            self.fold_if(block, b, left);
        }
    }

    fn find_twins(&mut self, block: &Block) {
        for (i, inst) in block.insts.iter().enumerate() {
            let flags = Value(i as u32);
            let (Op::FlagsAdd { .. } | Op::FlagsSub { .. }) = inst.op else { continue };
            if self.is_unused(flags) {
                continue;
            }
            if let Some(sum) = self.twin_of(block, i) {
                self.entry(flags).twin = Some(sum);
                self.entry(sum).twin = Some(flags);
            }
        }
    }

    /// The arithmetic near instruction `i` that has the operands of the flags which it computes.
    fn twin_of(&self, block: &Block, i: usize) -> Option<Value> {
        let is_edge = |op: &Op| matches!(op, Op::If { .. } | Op::EndIf { .. });
        let before = (i.saturating_sub(TWIN_DISTANCE)..i).rev();
        let after = i + 1..(i + 1 + TWIN_DISTANCE).min(block.insts.len());
        let mut found = before
            .take_while(|&k| !is_edge(&block.insts[k].op))
            .chain(after.take_while(|&k| !is_edge(&block.insts[k].op)))
            .filter(|&k| self.same_arithmetic(block, i, k))
            .map(|k| Value(k as u32));
        found.find(|&v| !self.is_folded(v) && !self.is_unused(v) && self.twin(v).is_none())
    }

    /// Values that would need a temporary only because memory may fault between their op and their `put`.
    fn find_sinks(&mut self, block: &Block) {
        let mut last_fault = 0;
        // The last write to state, and the last edge of a conditional part.
        let mut last_write = 0;
        for (i, inst) in block.insts.iter().enumerate() {
            let effects = inst.op.info().effects;
            if let Op::Put { value, .. } = inst.op {
                let def = value.0 as usize;
                let entry = &mut self.values[def];
                let plain = entry.uses == 1 && !entry.folded && entry.twin.is_none() && entry.alias == value;
                let pure = block.def(value).info().effects == Effects::PURE;
                entry.sunk = plain && pure && last_write < def && def < last_fault;
            }
            if effects.can_fault() {
                last_fault = i;
            }
            if effects.is_control() || effects.writes_state() {
                last_write = i;
            }
        }
    }

    fn same_arithmetic(&self, block: &Block, flags: usize, other: usize) -> bool {
        let same = |x: Value, y: Value| {
            self.resolve(x) == self.resolve(y)
                || block.constant(x).is_some() && block.constant(x) == block.constant(y)
        };
        match (block.insts[flags].op, block.insts[other].op) {
            (Op::FlagsAdd { ty, a, b }, Op::Add { ty: t, a: x, b: y })
            | (Op::FlagsSub { ty, a, b }, Op::Sub { ty: t, a: x, b: y }) => {
                ty == t && same(a, x) && same(b, y)
            }
            _ => false,
        }
    }
}

fn is_constant_shift(block: &Block, op: &Op) -> bool {
    match *op {
        Op::Shl { b, .. } | Op::Shr { b, .. } | Op::Sar { b, .. } | Op::Rotr { b, .. } => {
            block.constant(b).is_some()
        }
        _ => false,
    }
}
