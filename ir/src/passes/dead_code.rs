//! Dead code: ops whose results nothing uses, and conditional parts without contents.

use super::Context;
use super::rewrite::compact;
use crate::block::Block;
use crate::ops::Op;

/// Runs the pass.
pub(super) fn run(block: &mut Block, cx: &mut Context<'_>) {
    let mut keep = vec![false; block.insts.len()];
    let mut used = vec![false; block.insts.len()];
    // Inside a conditional part: its end, and whether anything in it stays.
    let mut part: Option<(usize, bool)> = None;
    for (i, inst) in block.insts.iter().enumerate().rev() {
        keep[i] = match inst.op {
            Op::EndIf { .. } => {
                part = Some((i, false));
                false
            }
            Op::If { .. } => {
                let (end, filled) = part.take().unwrap_or((i, true));
                keep[end] = filled;
                filled
            }
            _ => used[i] || !inst.op.info().effects.removable(),
        };
        if !keep[i] {
            continue;
        }
        if let Some((_, filled)) = &mut part {
            *filled = true;
        }
        inst.op.for_each_value(|v| used[v.0 as usize] = true);
        if let Op::Exit { exit, .. } = inst.op {
            block.exit(exit).for_each_value(|v| used[v.0 as usize] = true);
        }
    }
    compact(block, &mut cx.scratch, &keep);
}
