//! Dead state: a write to a guest register that is overwritten before anything can see it goes away. Exits see all of
//! the state; so do ops that may fault, when registers must be precise there.

use super::Context;
use super::effects::{self, SlotSet};
use super::rewrite::compact;
use crate::block::Block;
use crate::ops::Op;
use crate::state::StateLayout;
use crate::types::FlagMask;

/// Runs the pass.
pub(super) fn run(block: &mut Block, cx: &mut Context<'_>) {
    let layout = cx.layout;
    let mut keep = vec![true; block.insts.len()];
    // A `get` whose value nothing uses sees nothing.
    let mut used = vec![false; block.insts.len()];
    // Slots whose present value somebody later on sees.
    let mut live = SlotSet::ALL;
    // The same after the conditional part that the walk is in.
    let mut after = SlotSet::ALL;
    let (insts, exits) = (&mut block.insts, &block.exits);
    for (i, inst) in insts.iter_mut().enumerate().rev() {
        match &mut inst.op {
            Op::Exit { exit, .. } => {
                live = SlotSet::ALL;
                exits[exit.0 as usize].for_each_value(|v| used[v.0 as usize] = true);
            }
            Op::EndIf { .. } => after = live,
            Op::If { .. } => live = live.union(after),
            Op::Put { slot, .. } => keep[i] = live.contains(*slot),
            Op::PutFlags { mask, .. } => {
                *mask = live_flags(layout, *mask, &live);
                keep[i] = mask.0 != 0;
            }
            _ => {}
        }
        let effects = inst.op.info().effects;
        if keep[i] && (used[i] || !effects.removable()) {
            inst.op.for_each_value(|v| used[v.0 as usize] = true);
            effects::writes(&inst.op, layout, |slot| live.remove(slot));
            effects::reads(&inst.op, layout, |slot| live.insert(slot));
            if cx.options.precise && effects.can_fault() {
                live = SlotSet::ALL;
            }
        }
    }
    compact(block, &mut cx.scratch, &keep);
}

/// Those flags of `mask` whose slots are live.
fn live_flags(layout: &StateLayout, mask: FlagMask, live: &SlotSet) -> FlagMask {
    let mut result = FlagMask(0);
    for flag in [FlagMask::N, FlagMask::Z, FlagMask::C, FlagMask::V] {
        effects::flag_slots(layout, FlagMask(mask.0 & flag.0), |slot| {
            if live.contains(slot) {
                result.0 |= flag.0;
            }
        });
    }
    result
}
