//! Local value numbering: a pure op on operands seen before gives the value computed before. What a conditional part
//! computes is known inside it only.

use std::collections::HashMap;

use super::PassOptions;
use super::rewrite::{Becomes, Output, Rewrite, rewrite};
use crate::block::Block;
use crate::ops::{Effects, Op};
use crate::state::StateLayout;
use crate::value::Value;

/// Runs the pass.
pub(super) fn run(block: &mut Block, _: &StateLayout, _: &PassOptions) {
    rewrite(block, &mut Number { seen: HashMap::new(), inside: None });
}

struct Number {
    seen: HashMap<Op, Value>,
    /// What the open conditional part has added.
    inside: Option<Vec<Op>>,
}

impl Rewrite for Number {
    fn op(&mut self, out: &mut Output, op: Op) -> Becomes {
        if op.info().effects != Effects::PURE {
            return Becomes::Op(op);
        }
        if let Some(&v) = self.seen.get(&op) {
            return Becomes::Value(v);
        }
        let v = out.emit(op);
        self.seen.insert(op, v);
        if let Some(inside) = &mut self.inside {
            inside.push(op);
        }
        Becomes::Value(v)
    }

    fn begin_part(&mut self, _: &Output) {
        self.inside = Some(Vec::new());
    }

    fn end_part(&mut self, _: &Output, _: bool) {
        for op in self.inside.take().unwrap_or_default() {
            self.seen.remove(&op);
        }
    }
}
