//! State forwarding: what the block has written to or read from a guest register, it knows.
//!
//! Knowledge from before a conditional part is good inside it. What the part writes is unknown after it, unless the part
//! leaves the block.

use super::Context;
use super::effects::{self, SlotSet};
use super::rewrite::{Becomes, Output, Rewrite, rewrite};
use crate::block::Block;
use crate::ops::Op;
use crate::state::{STATE_WORDS, StateLayout};
use crate::types::{FlagCc, FlagMask, Type};
use crate::value::{Slot, Value};

/// For each of N, Z, C, V, the flags value that it was last written from (or read into).
type FlagSources = [Option<Value>; 4];

#[derive(Clone)]
struct Knowledge {
    slots: Box<[Option<(Type, Value)>; STATE_WORDS]>,
    flags: FlagSources,
}

struct Forward<'a> {
    layout: &'a StateLayout,
    known: Knowledge,
    /// What was known before the open conditional part.
    before: Option<Knowledge>,
    /// What the part has written.
    written: SlotSet,
    /// What was known of the flags where a `get_flags` stayed.
    snapshots: Vec<(Value, FlagSources)>,
}

/// Runs the pass.
pub(super) fn run(block: &mut Block, cx: &mut Context<'_>) {
    let layout = cx.layout;
    let known = Knowledge { slots: Box::new([None; STATE_WORDS]), flags: [None; 4] };
    rewrite(
        block,
        &mut cx.scratch,
        &mut Forward { layout, known, before: None, written: SlotSet::NONE, snapshots: Vec::new() },
    );
}

impl Knowledge {
    fn slot(&mut self, slot: Slot) -> &mut Option<(Type, Value)> {
        &mut self.slots[slot.index() % STATE_WORDS]
    }

    /// Forgets what a slot holds.
    fn forget(&mut self, slot: Slot, layout: &StateLayout) {
        *self.slot(slot) = None;
        for (source, flag) in self.flags.iter_mut().zip(FLAGS) {
            effects::flag_slots(layout, flag, |s| {
                if s == slot {
                    *source = None;
                }
            });
        }
    }
}

const FLAGS: [FlagMask; 4] = [FlagMask::N, FlagMask::Z, FlagMask::C, FlagMask::V];

/// The one source of all flags in `mask`.
fn common_source(sources: &FlagSources, mask: FlagMask) -> Option<Value> {
    let mut wanted = FLAGS.into_iter().zip(sources).filter(|(flag, _)| mask.contains(*flag)).map(|(_, v)| *v);
    let first = wanted.next()??;
    wanted.all(|v| v == Some(first)).then_some(first)
}

impl Forward<'_> {
    fn get(&mut self, out: &mut Output, op: Op, ty: Type, slot: Slot) -> Becomes {
        if let Some((known, v)) = *self.known.slot(slot) {
            if known == ty {
                return Becomes::Value(v);
            }
            if known.bits() == ty.bits() {
                return Becomes::Op(Op::Bitcast { ty, a: v, from: known });
            }
            return Becomes::Op(op);
        }
        let v = out.emit(op);
        *self.known.slot(slot) = Some((ty, v));
        Becomes::Value(v)
    }

    fn put(&mut self, op: Op, ty: Type, value: Value, slot: Slot) -> Becomes {
        if *self.known.slot(slot) == Some((ty, value)) {
            return Becomes::Nothing;
        }
        self.write(&op);
        *self.known.slot(slot) = Some((ty, value));
        Becomes::Op(op)
    }

    fn get_flags(&mut self, out: &mut Output, op: Op) -> Becomes {
        if let Some(v) = common_source(&self.known.flags, FlagMask::NZCV) {
            return Becomes::Value(v);
        }
        let v = out.emit(op);
        if self.known.flags == [None; 4] {
            self.known.flags = [Some(v); 4];
        }
        self.snapshots.push((v, self.known.flags));
        Becomes::Value(v)
    }

    fn put_flags(&mut self, op: Op, flags: Value, mask: FlagMask) -> Becomes {
        if common_source(&self.known.flags, mask) == Some(flags) {
            return Becomes::Nothing;
        }
        self.write(&op);
        for (i, flag) in FLAGS.into_iter().enumerate() {
            if mask.contains(flag) {
                self.known.flags[i] = Some(flags);
            }
        }
        Becomes::Op(op)
    }

    /// The flags that a condition should look at.
    fn condition(&self, ty: Type, flags: Value, cc: FlagCc) -> Becomes {
        let at = self.snapshots.iter().find(|(v, _)| *v == flags);
        let source = at.and_then(|(_, sources)| common_source(sources, cc.reads()));
        Becomes::Op(Op::Cond { ty, flags: source.unwrap_or(flags), cc })
    }

    fn write(&mut self, op: &Op) {
        effects::writes(op, self.layout, |slot| {
            self.known.forget(slot, self.layout);
            self.written.insert(slot);
        });
    }
}

impl Rewrite for Forward<'_> {
    fn op(&mut self, out: &mut Output, op: Op) -> Becomes {
        match op {
            Op::Get { ty, slot } => self.get(out, op, ty, slot),
            Op::Put { ty, value, slot } => self.put(op, ty, value, slot),
            Op::GetFlags { .. } => self.get_flags(out, op),
            Op::PutFlags { flags, mask, .. } => self.put_flags(op, flags, mask),
            Op::Cond { ty, flags, cc } => self.condition(ty, flags, cc),
            _ => {
                self.write(&op);
                Becomes::Op(op)
            }
        }
    }

    fn begin_part(&mut self, _: &Output) {
        self.before = Some(self.known.clone());
        self.written = SlotSet::NONE;
    }

    fn end_part(&mut self, _: &Output, left: bool) {
        let Some(before) = self.before.take() else { return };
        self.known = before;
        // What a part wrote that left the block is not seen here.
        if !left {
            self.written.for_each(|slot| self.known.forget(slot, self.layout));
        }
    }
}
