//! Local value numbering: a pure op on operands seen before gives the value computed before. What a conditional part
//! computes is known inside it only.

use std::hash::{Hash, Hasher};

use super::Context;
use super::rewrite::{Becomes, Output, Rewrite, rewrite};
use crate::block::Block;
use crate::ops::{Effects, Op};
use crate::value::Value;

/// Runs the pass.
pub(super) fn run(block: &mut Block, cx: &mut Context<'_>) {
    rewrite(block, &mut cx.scratch, &mut Number { heads: [NONE; BUCKETS], seen: Vec::new(), outer: 0 });
}

const BUCKETS: usize = 64;
/// The end of a chain.
const NONE: u32 = u32::MAX;

/// A hash table whose latest entries can be taken back.
struct Number {
    /// The latest entry of each bucket.
    heads: [u32; BUCKETS],
    seen: Vec<Seen>,
    /// How many entries are from before the open conditional part.
    outer: usize,
}

/// A pure op that the block computes.
struct Seen {
    value: Value,
    bucket: usize,
    /// The entry before it in its bucket.
    before: u32,
}

impl Number {
    fn find(&self, out: &Output, op: &Op, bucket: usize) -> Option<Value> {
        let mut at = self.heads[bucket];
        while let Some(seen) = self.seen.get(at as usize) {
            if out.def(seen.value) == op {
                return Some(seen.value);
            }
            at = seen.before;
        }
        None
    }

    fn insert(&mut self, value: Value, bucket: usize) {
        self.seen.push(Seen { value, bucket, before: self.heads[bucket] });
        self.heads[bucket] = self.seen.len() as u32 - 1;
    }
}

impl Rewrite for Number {
    fn op(&mut self, out: &mut Output, op: Op) -> Becomes {
        if op.info().effects != Effects::PURE {
            return Becomes::Op(op);
        }
        let mut mixer = Mixer(0);
        op.hash(&mut mixer);
        let bucket = (mixer.finish() >> 58) as usize % BUCKETS;
        if let Some(v) = self.find(out, &op, bucket) {
            return Becomes::Value(v);
        }
        let v = out.emit(op);
        self.insert(v, bucket);
        Becomes::Value(v)
    }

    fn begin_part(&mut self, _: &Output) {
        self.outer = self.seen.len();
    }

    fn end_part(&mut self, _: &Output, _: bool) {
        for seen in self.seen.drain(self.outer..).rev() {
            self.heads[seen.bucket] = seen.before;
        }
    }
}

/// A hasher that is fast on the few numbers of an op.
struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&b| self.write_u64(u64::from(b)));
    }
    fn write_u8(&mut self, x: u8) {
        self.write_u64(u64::from(x));
    }
    fn write_u16(&mut self, x: u16) {
        self.write_u64(u64::from(x));
    }
    fn write_u32(&mut self, x: u32) {
        self.write_u64(u64::from(x));
    }
    fn write_i32(&mut self, x: i32) {
        self.write_u64(x as u64);
    }
    fn write_isize(&mut self, x: isize) {
        self.write_u64(x as u64);
    }
    fn write_u64(&mut self, x: u64) {
        self.0 = (self.0.rotate_left(5) ^ x).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
