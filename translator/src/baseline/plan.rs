//! What is found out about a block before code is made of it: equal values, constants, last uses.

use demotic_ir::passes::evaluate;
use demotic_ir::{Block, FlagMask, Op, STATE_WORDS, Slot, StateLayout, Type, Value};

use super::Refused;

/// No value.
const NONE: u32 = u32::MAX;

/// See the module's documentation.
pub(super) struct Plan {
    /// By index of the instruction.
    known: Vec<Known>,
}

/// What is known of an instruction and its value.
#[derive(Clone, Copy)]
struct Known {
    /// The value that stands for it: itself, or an earlier one with the same bits.
    same: u32,
    /// The last instruction that uses the value; its own index if none does.
    last_use: u32,
    constant: Option<u64>,
    uses: Uses,
    /// Those flags of a `put_flags` that something may see.
    seen_flags: FlagMask,
}

/// How a value is used.
#[derive(Clone, Copy, Default)]
struct Uses {
    /// As anything.
    all: u32,
    /// As the condition of a branch, a selection or a conditional part.
    as_condition: u32,
}

impl Plan {
    pub(super) fn of(block: &Block, layout: &StateLayout) -> Result<Plan, Refused> {
        let nothing = |n| Known {
            same: n,
            last_use: n,
            constant: None,
            uses: Uses::default(),
            seen_flags: FlagMask(0),
        };
        let mut plan = Plan { known: (0..block.insts.len() as u32).map(nothing).collect() };
        Forward::new(&mut plan, layout).run(block)?;
        plan.find_uses(block);
        plan.find_seen_flags(block, layout);
        Ok(plan)
    }

    /// The value that stands for `v`.
    pub(super) fn same(&self, v: Value) -> Value {
        Value(self.known[v.0 as usize].same)
    }

    /// Whether another value stands for that of an instruction.
    pub(super) fn is_other(&self, n: usize) -> bool {
        self.known[n].same != n as u32
    }

    pub(super) fn constant(&self, v: Value) -> Option<u64> {
        self.known[v.0 as usize].constant
    }

    pub(super) fn last_use(&self, v: Value) -> usize {
        self.known[v.0 as usize].last_use as usize
    }

    pub(super) fn is_used(&self, n: usize) -> bool {
        self.known[n].uses.all > 0
    }

    pub(super) fn seen_flags(&self, n: usize) -> FlagMask {
        self.known[n].seen_flags
    }

    /// Whether a value is computed where it is used: flags always, and a comparison that decides one thing.
    pub(super) fn is_late(&self, block: &Block, v: Value) -> bool {
        let n = v.0 as usize;
        let uses = self.known[n].uses;
        let once = uses.all == 1 && uses.as_condition == 1;
        match block.insts[n].op {
            Op::ICmp { .. } => once,
            Op::Cond { flags, .. } => once && !self.reads_slots(block, flags),
            op => op.result_type() == Some(Type::Flags),
        }
    }

    /// Whether flags are those in the slots.
    pub(super) fn reads_slots(&self, block: &Block, flags: Value) -> bool {
        matches!(block.insts[self.same(flags).0 as usize].op, Op::GetFlags { .. })
    }

    /// Backwards, so that a late value's uses are known when its operands are looked at.
    fn find_uses(&mut self, block: &Block) {
        for n in (0..block.insts.len()).rev() {
            let op = block.insts[n].op;
            if self.is_other(n)
                || self.known[n].constant.is_some()
                || !self.is_used(n) && op.info().effects.removable()
            {
                continue;
            }
            let at = if self.is_late(block, Value(n as u32)) { self.known[n].last_use } else { n as u32 };
            match op {
                Op::Select { c, a, b, .. } => {
                    self.touch(c, at, true);
                    self.touch(a, at, false);
                    self.touch(b, at, false);
                }
                Op::If { c, .. } => self.touch(c, at, true),
                Op::Exit { exit, .. } => {
                    let exit = block.exit(exit);
                    let branch = matches!(exit, demotic_ir::Exit::Branch { .. });
                    exit.for_each_value(|v| self.touch(v, at, branch));
                }
                op => op.for_each_value(|v| self.touch(v, at, false)),
            }
        }
    }

    fn touch(&mut self, v: Value, at: u32, as_condition: bool) {
        let v = self.same(v).0 as usize;
        let known = &mut self.known[v];
        known.last_use = known.last_use.max(at);
        known.uses.all += 1;
        known.uses.as_condition += u32::from(as_condition);
    }

    fn find_seen_flags(&mut self, block: &Block, layout: &StateLayout) {
        let mut seen = FlagMask::NZCV;
        for n in (0..block.insts.len()).rev() {
            match block.insts[n].op {
                Op::PutFlags { mask, .. } => {
                    self.known[n].seen_flags = FlagMask(mask.0 & seen.0);
                    seen = FlagMask(seen.0 & !mask.0);
                }
                Op::GetFlags { .. } if self.is_other(n) => {}
                Op::Get { slot, .. } if !is_flag(layout, slot) => {}
                // Reads of single flag slots, exits and faults see them all.
                op if !op.info().effects.removable() && !matches!(op, Op::Put { .. })
                    || matches!(op, Op::Get { .. } | Op::GetFlags { .. }) =>
                {
                    seen = FlagMask::NZCV;
                }
                _ => {}
            }
        }
    }
}

/// Whether a slot holds a flag.
fn is_flag(layout: &StateLayout, slot: Slot) -> bool {
    layout.flags.is_some_and(|f| [f.n, f.z, f.c, f.v].contains(&slot))
}

/// The pass that goes forward: which values are equal, and constant.
struct Forward<'a> {
    plan: &'a mut Plan,
    layout: &'a StateLayout,
    /// The value that each slot is known to hold, and its type.
    slots: [(u32, Type); STATE_WORDS],
    /// The flags that the slots are known to hold.
    flags: u32,
    /// Counts the writes of flags, and at which count each `get_flags` was.
    writes: u32,
    read_at: Vec<(u32, u32)>,
}

impl<'a> Forward<'a> {
    fn new(plan: &'a mut Plan, layout: &'a StateLayout) -> Forward<'a> {
        let slots = [(NONE, Type::Bool); STATE_WORDS];
        Forward { plan, layout, slots, flags: NONE, writes: 0, read_at: Vec::new() }
    }

    fn run(&mut self, block: &Block) -> Result<(), Refused> {
        for (n, inst) in block.insts.iter().enumerate() {
            let stands_for = self.instruction(n as u32, &inst.op)?;
            self.plan.known[n].same = stands_for;
            let known = |v: Value| self.plan.constant(self.plan.same(v));
            self.plan.known[n].constant = match inst.op {
                Op::Const { imm, .. } => Some(imm),
                _ if stands_for != n as u32 => None,
                op if op.info().effects == demotic_ir::Effects::PURE => evaluate(&op, known),
                _ => None,
            };
        }
        Ok(())
    }

    /// The value that stands for an instruction's.
    fn instruction(&mut self, n: u32, op: &Op) -> Result<u32, Refused> {
        match *op {
            Op::Get { ty, slot } => return Ok(self.read(n, ty, slot)),
            Op::Put { ty, value, slot } => {
                self.slots[slot.index()] = (self.plan.same(value).0, ty);
                self.written(slot);
            }
            Op::GetFlags { .. } => {
                if self.flags != NONE {
                    return Ok(self.flags);
                }
                self.read_at.push((n, self.writes));
            }
            Op::PutFlags { flags, mask, .. } => {
                self.check_unchanged(flags)?;
                let flags = self.plan.same(flags).0;
                self.flags_written();
                self.flags = if mask == FlagMask::NZCV { flags } else { NONE };
            }
            Op::Cond { flags, .. } | Op::FlagsToBits { flags, .. } => self.check_unchanged(flags)?,
            Op::ZExt64 { a, .. } | Op::FromBool { a, .. } | Op::Bitcast { a, .. } => {
                return Ok(self.plan.same(a).0);
            }
            // What is computed in a conditional part is not known to be there after it.
            Op::EndIf { .. } => {
                self.slots.fill((NONE, Type::Bool));
                self.flags = NONE;
            }
            Op::LoadEx { .. } | Op::StoreEx { .. } => {
                for slot in [self.layout.monitor_addr, self.layout.monitor_value] {
                    self.slots[slot.index()] = (NONE, Type::Bool);
                }
            }
            _ => {}
        }
        Ok(n)
    }

    fn read(&mut self, n: u32, ty: Type, slot: Slot) -> u32 {
        let (known, as_type) = self.slots[slot.index()];
        if known != NONE && as_type == ty {
            return known;
        }
        self.slots[slot.index()] = (n, ty);
        n
    }

    fn written(&mut self, slot: Slot) {
        if is_flag(self.layout, slot) {
            self.writes += 1;
            self.flags = NONE;
        }
    }

    fn flags_written(&mut self) {
        self.writes += 1;
        for f in self.layout.flags.iter().flat_map(|f| [f.n, f.z, f.c, f.v]) {
            self.slots[f.index()] = (NONE, Type::Bool);
        }
    }

    /// Flags that were read from the slots are not kept: they must not be used after the slots have changed.
    fn check_unchanged(&self, flags: Value) -> Result<(), Refused> {
        let flags = self.plan.same(flags).0;
        let read = self.read_at.iter().find(|&&(n, _)| n == flags);
        if read.is_none_or(|&(_, at)| at == self.writes) { Ok(()) } else { Err(Refused) }
    }
}
