//! Recognises jump tables: `jr` to a word that was loaded from a table at a constant address.

use demotic_ir::Type::I32;
use demotic_ir::{Exit, IntCc, MemSize, Op, Slot, Value};

use super::Lifter;

/// No table is believed to be longer.
const MAX_ENTRIES: u32 = 512;
/// No entry is believed to be farther from the jump.
const MAX_DISTANCE: u32 = 1 << 20;

/// A load `table[x]` where `x` counts bytes.
struct TableLoad {
    /// Address of the table.
    table: u32,
    /// Byte offset of the entry: an `i32`.
    x: Value,
}

impl Lifter<'_> {
    /// Leaves for the computed address `target`, as a switch if it is an entry of a jump table.
    ///
    /// The bounds check stands in an earlier block, so the table's length is a guess: entries are taken while they
    /// are plausible, and an index beyond them goes the general way.
    pub(super) fn leave_through_table(&mut self, target: Value) {
        let Some((load, targets)) = self
            .table_load(target)
            .and_then(|load| Some((self.targets(load.table)?, load)))
            .map(|(t, l)| (l, t))
        else {
            return self.leave(Exit::JumpIndirect { target });
        };
        // An offset that is not a multiple of 4 becomes a huge index.
        let two = self.b.i32(2);
        let index = self.b.rotr(I32, load.x, two);
        let len = self.b.i32(targets.len() as u32);
        let outside = self.b.icmp(I32, index, len, IntCc::Uge);
        self.b.leave_if(outside, Exit::JumpIndirect { target });
        let default = targets[0];
        self.leave(Exit::Switch { index, targets, default });
    }

    /// The entries of the table at `table`, if it is one: in read-only memory.
    fn targets(&self, table: u32) -> Option<Vec<u64>> {
        let entries = (0..MAX_ENTRIES).map_while(|n| {
            let bytes = self.code.read_only(u64::from(table.wrapping_add(4 * n)), 4)? as u32;
            let entry = if self.config.big_endian { bytes.swap_bytes() } else { bytes };
            let near = entry.abs_diff(self.pc) <= MAX_DISTANCE;
            (self.is_code(entry) && near).then_some(u64::from(entry))
        });
        let entries: Vec<u64> = entries.collect();
        (entries.len() > 1).then_some(entries)
    }

    /// Whether `entry` may be the address of an instruction of the same set.
    fn is_code(&self, entry: u32) -> bool {
        let isa_bit = self.encoding.isa_bit();
        entry & 1 == isa_bit && self.encoding.is_aligned(entry & !1)
    }

    /// What `target` was loaded from, if that is a table at a constant address.
    fn table_load(&self, target: Value) -> Option<TableLoad> {
        let Op::Load { addr, disp, mem, .. } = *self.b.block().def(self.resolve(target)) else { return None };
        if mem.size != MemSize::B4 {
            return None;
        }
        let Op::Add { a, b, .. } = *self.b.block().def(self.resolve(addr)) else { return None };
        let (base, x) = match (self.constant(a), self.constant(b)) {
            (Some(base), None) => (base, b),
            (None, Some(base)) => (base, a),
            _ => return None,
        };
        Some(TableLoad { table: base.wrapping_add(disp as u32), x })
    }

    /// The value that `v` is a copy of, through registers that this block has written.
    fn resolve(&self, mut v: Value) -> Value {
        while let Op::Get { slot, .. } = *self.b.block().def(v) {
            match self.written(slot, v) {
                Some(value) => v = value,
                None => break,
            }
        }
        v
    }

    /// The value last written to `slot` before `at`.
    fn written(&self, slot: Slot, at: Value) -> Option<Value> {
        self.b.block().insts[..at.0 as usize].iter().rev().find_map(|inst| match inst.op {
            Op::Put { slot: written, value, .. } if written == slot => Some(value),
            _ => None,
        })
    }

    /// The constant that `v` is: what LUI, ADDIU and ORI make.
    fn constant(&self, v: Value) -> Option<u32> {
        match *self.b.block().def(self.resolve(v)) {
            Op::Const { imm, .. } => Some(imm as u32),
            Op::Add { a, b, .. } => Some(self.constant(a)?.wrapping_add(self.constant(b)?)),
            Op::Or { a, b, .. } => Some(self.constant(a)? | self.constant(b)?),
            _ => None,
        }
    }
}
