//! Exits, calls, returns and safepoint polls.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{
    self, BlockArg, ExtFuncData, ExternalName, InstBuilder, JumpTableData, UserExternalName,
};
use demotic_ir::{Exit, ExitId, Kicker, Op, Slot, Trap, Type, Value};
use rustc_hash::FxHashMap;

use super::{LinkExit, Lowerer, state_access};
use crate::region::{BlockId, CallKind, Edge, JumpTable, goes_on};
use crate::vcpu_state::{HostCall, JUMP_CACHE_ENTRIES, jump_tag, offset, special};

const NO_ARGS: &[BlockArg] = &[];

/// Guest instructions are at least two bytes.
const TABLE_SHIFT: u32 = 1;
/// Entries of the largest host jump table for an indirect guest jump.
const MAX_TABLE: u64 = 2048;

/// Blocks on the way to guest addresses, to be filled when the present block is complete.
type OpenEdges = Vec<OpenEdge>;

/// A block on the way to a guest address.
struct OpenEdge {
    block: ir::Block,
    target: u64,
    /// Registers that hold a constant on this way.
    known: Vec<(Slot, u64)>,
}

impl Lowerer<'_> {
    /// The block's only way in, if there is exactly one.
    pub(super) fn only_predecessor(&self, block: BlockId) -> Option<BlockId> {
        let mut found = None;
        for p in 0..self.region.blocks.len() {
            for i in 0..self.region.blocks[p].block.exits.len() {
                for edge in self.region.edges(p, ExitId(i as u16)) {
                    match edge {
                        // After a call the registers are loaded anew, and producers with them.
                        Edge::Reloaded(b) if b == block => return None,
                        Edge::Inside(b) if b == block && found.is_some_and(|f| f != p) => return None,
                        // An earlier block only: its values have been lowered and dominate this one.
                        Edge::Inside(b) if b == block && p < block => found = Some(p),
                        Edge::Inside(b) if b == block => return None,
                        _ => {}
                    }
                }
            }
        }
        found.filter(|&p| self.leaves_only_at_end(p))
    }

    /// Whether the flags at the end of a block are those at each of its exits.
    fn leaves_only_at_end(&self, block: BlockId) -> bool {
        self.region.blocks[block].block.exits.len() == 1
    }

    pub(super) fn leave(&mut self, id: ExitId) {
        let region = self.region;
        match region.blocks[self.at].block.exit(id) {
            Exit::Jump { target } => self.jump_to(*target),
            Exit::Branch { cond, taken, fallthrough } => self.branch(*cond, *taken, *fallthrough),
            Exit::Call { target, ret } => self.call(id, *target, *ret),
            Exit::CallIndirect { target, ret } => self.call_indirect(id, *target, *ret),
            Exit::Return { target } => self.return_to(*target),
            Exit::JumpIndirect { target } => self.jump_indirect(id, *target),
            Exit::Switch { index, targets, default } => self.switch(*index, targets, *default),
            Exit::Trap { trap, pc, next } => self.trap(*trap, *pc, *next),
        }
    }

    fn jump_to(&mut self, target: u64) {
        match self.region.jump_edge(self.at, target) {
            Edge::Inside(b) => {
                let block = self.blocks[b];
                self.b.ins().jump(block, NO_ARGS);
            }
            edge => {
                self.store_slots(self.flow.stored_at(self.dirty, edge));
                self.linked_jump(target);
            }
        }
    }

    /// The block that an edge leads to, if registers hold what is `known` on it: the target's own, or one that is noted
    /// in `open` for [`fill`](Self::fill).
    fn edge_block(&mut self, target: u64, known: Vec<(Slot, u64)>, open: &mut OpenEdges) -> ir::Block {
        let edge = self.region.jump_edge(self.at, target);
        if let (Edge::Inside(b), true) = (edge, known.is_empty()) {
            return self.blocks[b];
        }
        if let Some(same) = open.iter().find(|edge| edge.target == target && edge.known == known) {
            return same.block;
        }
        let block = self.b.create_block();
        if !matches!(edge, Edge::Inside(_)) {
            self.b.set_cold_block(block);
        }
        open.push(OpenEdge { block, target, known });
        block
    }

    fn fill(&mut self, open: OpenEdges) {
        for OpenEdge { block, target, known } in open {
            self.b.switch_to_block(block);
            for (slot, value) in known {
                let variable = self.variable(slot);
                let constant = self.iconst(self.slot_type(slot), value);
                self.b.def_var(variable, constant);
            }
            self.jump_to(target);
        }
    }

    fn branch(&mut self, cond: Value, taken: u64, fallthrough: u64) {
        let decided = self.decided_by(cond);
        let cond = self.val(cond);
        let mut open = OpenEdges::new();
        let on = |holds: bool| decided.iter().map(|&(slot, same)| (slot, u64::from(holds == same))).collect();
        let (if_so, if_not) = (on(true), on(false));
        let taken = self.edge_block(taken, if_so, &mut open);
        let fallthrough = self.edge_block(fallthrough, if_not, &mut open);
        self.b.ins().brif(cond, taken, NO_ARGS, fallthrough, NO_ARGS);
        self.fill(open);
    }

    /// The registers that hold the truth of the condition of the branch being lowered, or its opposite (`false`).
    /// Guests without flags compare into a register and branch on it: behind the branch it is a constant.
    fn decided_by(&self, cond: Value) -> Vec<(Slot, bool)> {
        let insts = &self.region.blocks[self.at].block.insts[..self.inst];
        let op = |v: Value| insts[v.0 as usize].op;
        let same = |v: Value| match (op(v), op(cond)) {
            _ if v == cond => Some(true),
            (Op::ICmp { ty, a, b, cc }, Op::ICmp { ty: ty_2, a: a_2, b: b_2, cc: cc_2 })
                if (ty, a, b) == (ty_2, a_2, b_2) && (cc == cc_2 || cc == cc_2.inverse()) =>
            {
                Some(cc == cc_2)
            }
            _ => None,
        };
        let mut held: Vec<(Slot, Option<bool>)> = Vec::new();
        for inst in insts {
            match inst.op {
                Op::Put { ty: Type::I32, slot, value } => {
                    let truth = if let Op::FromBool { a, .. } = op(value) { same(a) } else { None };
                    held.retain(|&(other, _)| other != slot);
                    held.push((slot, truth));
                }
                // What a conditional part does is not known to have been done.
                Op::EndIf { .. } => held.clear(),
                _ => {}
            }
        }
        held.into_iter().filter_map(|(slot, truth)| Some((slot, truth?))).collect()
    }

    fn switch(&mut self, index: Value, targets: &[u64], default: u64) {
        let index = self.val(index);
        let mut open = OpenEdges::new();
        let mut call = |l: &mut Self, target: u64| {
            let block = l.edge_block(target, Vec::new(), &mut open);
            l.b.func.dfg.block_call(block, NO_ARGS)
        };
        let default = call(self, default);
        let entries: Vec<_> = targets.iter().map(|&t| call(self, t)).collect();
        let table = self.b.create_jump_table(JumpTableData::new(default, &entries));
        let index =
            if self.b.func.dfg.value_type(index) == I64 { self.b.ins().ireduce(I32, index) } else { index };
        self.b.ins().br_table(index, table);
        self.fill(open);
    }

    // ---- calls and returns ----

    fn call(&mut self, id: ExitId, target: u64, ret: u64) {
        match self.region.call_kind(self.at, id) {
            CallKind::Recursive => {
                let block = self.blocks[0];
                self.b.ins().jump(block, NO_ARGS);
            }
            CallKind::Inline(context) => match self.region.find(context, target) {
                Some(b) => {
                    let block = self.blocks[b];
                    self.b.ins().jump(block, NO_ARGS);
                }
                None => self.host_call(target, ret),
            },
            CallKind::Host => self.host_call(target, ret),
        }
    }

    fn host_call(&mut self, target: u64, ret: u64) {
        self.store_slots(self.flow.stored_at(self.dirty, Edge::Out(Some(target))));
        let (function, link) = self.link_exit(target);
        let arguments = self.region_arguments(link);
        let call = self.b.ins().call(function, &arguments);
        let next = self.b.inst_results(call)[0];
        self.after_call(next, ret);
    }

    fn call_indirect(&mut self, id: ExitId, target: Value, ret: u64) {
        let target = self.wide(target);
        self.store_slots(self.dirty);
        let called = self.b.create_block();
        self.b.append_block_param(called, I64);
        if let Some(&callee) = self.region.blocks[self.at].callees.get(&id.0) {
            let (known, other) = (self.b.create_block(), self.b.create_block());
            let same = self.b.ins().icmp_imm_u(IntCC::Equal, target, callee as i64);
            self.b.ins().brif(same, known, NO_ARGS, other, NO_ARGS);
            self.b.switch_to_block(known);
            let (function, link) = self.link_exit(callee);
            let arguments = self.region_arguments(link);
            let call = self.b.ins().call(function, &arguments);
            let next = self.b.inst_results(call)[0];
            self.b.ins().jump(called, &[next.into()]);
            self.b.switch_to_block(other);
            self.b.set_cold_block(other);
        }
        let code = self.look_up(target);
        let arguments = self.region_arguments(target);
        let call = self.b.ins().call_indirect(self.signature, code, &arguments);
        let next = self.b.inst_results(call)[0];
        self.b.ins().jump(called, &[next.into()]);
        self.b.switch_to_block(called);
        let next = self.b.block_params(called)[0];
        self.after_call(next, ret);
    }

    /// Goes on after a call if the callee returned where it was expected to; else our caller has to.
    fn after_call(&mut self, next: ir::Value, ret: u64) {
        let expected = self.b.ins().icmp_imm_u(IntCC::Equal, next, ret as i64);
        let (on, elsewhere) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(elsewhere);
        self.b.ins().brif(expected, on, NO_ARGS, elsewhere, NO_ARGS);
        self.b.switch_to_block(elsewhere);
        self.b.ins().return_(&[next]);
        self.b.switch_to_block(on);
        self.go_on_reloaded(ret);
    }

    /// Goes on at `pc` with all registers in the state.
    fn go_on_reloaded(&mut self, pc: u64) {
        match self.region.jump_edge(self.at, pc) {
            Edge::Inside(b) => {
                self.begin_checkpoint(pc);
                self.load_slots(self.flow.live_in[b]);
                let block = self.blocks[b];
                self.b.ins().jump(block, NO_ARGS);
            }
            _ => self.linked_jump(pc),
        }
    }

    fn return_to(&mut self, target: Value) {
        let target = self.wide(target);
        for (pc, b) in self.region.return_edges(self.at) {
            let here = self.b.ins().icmp_imm_u(IntCC::Equal, target, pc as i64);
            let (site, other) = (self.blocks[b], self.b.create_block());
            self.b.ins().brif(here, site, NO_ARGS, other, NO_ARGS);
            self.b.switch_to_block(other);
        }
        self.store_slots(self.dirty);
        self.b.ins().return_(&[target]);
    }

    fn jump_indirect(&mut self, id: ExitId, target: Value) {
        let region = self.region;
        let table = region.blocks[self.at].table.as_ref();
        if let Some(table) = table {
            self.checkpoint_before(table.computes());
            self.jump_by_table(id, table);
            table.computes().for_each(|n| self.instruction(n));
            self.inst = table.jump;
        }
        let host = self.val(target);
        let narrow = self.b.func.dfg.value_type(host) == I32;
        let target = self.wide(target);
        if table.is_none() {
            self.dispatch_known(id, target, narrow);
        }
        self.store_slots(self.dirty);
        let code = self.look_up(target);
        let arguments = self.region_arguments(target);
        self.b.ins().return_call_indirect(self.signature, code, &arguments);
    }

    /// Jumps to the block that the guest's table has for its index; goes on if that is none of the region's, or the table
    /// is another one.
    fn jump_by_table(&mut self, id: ExitId, table: &JumpTable) {
        let other = self.b.create_block();
        self.b.set_cold_block(other);
        for &(slot, expected) in &table.registers {
            let (variable, next) = (self.variable(slot), self.b.create_block());
            let held = self.b.use_var(variable);
            let same = self.b.ins().icmp_imm_u(IntCC::Equal, held, expected as i64);
            self.b.ins().brif(same, next, NO_ARGS, other, NO_ARGS);
            self.b.switch_to_block(next);
        }
        let known: FxHashMap<u64, BlockId> = self.region.indirect_edges(self.at, id).into_iter().collect();
        let block = |pc: &u64| known.get(pc).map_or(other, |&b| self.blocks[b]);
        let blocks: Vec<_> = table.targets.iter().map(block).collect();
        let entries: Vec<_> = blocks.into_iter().map(|b| self.b.func.dfg.block_call(b, NO_ARGS)).collect();
        let miss = self.b.func.dfg.block_call(other, NO_ARGS);
        let host = self.b.create_jump_table(JumpTableData::new(miss, &entries));
        let index = self.val(table.index);
        self.b.ins().br_table(index, host);
        self.b.switch_to_block(other);
    }

    /// Jumps to those targets of an indirect jump that are blocks of the region; goes on if it is none of them.
    ///
    /// Many targets are found by a host jump table over the guest addresses between the first and the last. `narrow`:
    /// the target has no bits above the lowest 32.
    fn dispatch_known(&mut self, id: ExitId, target: ir::Value, narrow: bool) {
        let mut known = self.region.indirect_edges(self.at, id);
        known.sort_unstable();
        known.dedup();
        let (Some(&(first, _)), Some(&(last, _))) = (known.first(), known.last()) else { return };
        let other = self.b.create_block();
        let span = (last - first) >> TABLE_SHIFT;
        if known.len() <= 3 || span > MAX_TABLE {
            for &(pc, b) in known.iter().take(8) {
                let (block, next) = (self.blocks[b], self.b.create_block());
                let same = self.b.ins().icmp_imm_u(IntCC::Equal, target, pc as i64);
                self.b.ins().brif(same, block, NO_ARGS, next, NO_ARGS);
                self.b.switch_to_block(next);
            }
            self.b.ins().jump(other, NO_ARGS);
        } else {
            let mut blocks = vec![other; span as usize + 1];
            for &(pc, b) in &known {
                blocks[((pc - first) >> TABLE_SHIFT) as usize] = self.blocks[b];
            }
            // Each entry is a call of its own: the builder adds arguments to them one by one.
            let entries: Vec<_> =
                blocks.into_iter().map(|b| self.b.func.dfg.block_call(b, NO_ARGS)).collect();
            let miss = self.b.func.dfg.block_call(other, NO_ARGS);
            let table = self.b.create_jump_table(JumpTableData::new(miss, &entries));
            let index = self.table_index(target, narrow, first, span, other);
            self.b.ins().br_table(index, table);
        }
        self.b.switch_to_block(other);
        self.b.set_cold_block(other);
    }

    /// The index of a guest address in a table over those from `first` on. Rotated, not shifted: a distance that is not
    /// a multiple of the step ends past the table, as all that is too far does.
    fn table_index(
        &mut self,
        target: ir::Value,
        narrow: bool,
        first: u64,
        span: u64,
        other: ir::Block,
    ) -> ir::Value {
        if narrow {
            let target = self.b.ins().ireduce(I32, target);
            let distance = self.b.ins().iadd_imm_s(target, -(first as i64));
            return self.b.ins().rotr_imm_u(distance, i64::from(TABLE_SHIFT));
        }
        let distance = self.b.ins().iadd_imm_s(target, -(first as i64));
        let index = self.b.ins().rotr_imm_u(distance, i64::from(TABLE_SHIFT));
        let in_reach = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThanOrEqual, index, span as i64);
        let near = self.b.create_block();
        self.b.ins().brif(in_reach, near, NO_ARGS, other, NO_ARGS);
        self.b.switch_to_block(near);
        self.b.ins().ireduce(I32, index)
    }

    /// The code for a guest pc by the vCPU's jump cache; a stub that finds it when it is not there.
    fn look_up(&mut self, pc: ir::Value) -> ir::Value {
        let index = self.b.ins().ushr_imm_u(pc, 1);
        let index = self.b.ins().band_imm_u(index, JUMP_CACHE_ENTRIES as i64 - 1);
        let place = self.b.ins().ishl_imm_u(index, 4);
        let entry = self.b.ins().iadd(self.cpu, place);
        let tag = self.b.ins().load(I64, state_access(), entry, offset::JUMP_CACHE);
        let code = self.b.ins().load(I64, state_access(), entry, offset::JUMP_CACHE + 8);
        let miss =
            self.b.ins().load(I64, state_access(), self.cpu, offset::host_call(HostCall::MissIndirect));
        let wanted = jump_tag(0, self.region.entry.mode);
        let wanted = if wanted == 0 { pc } else { self.b.ins().bor_imm_u(pc, wanted as i64) };
        let hit = self.b.ins().icmp(IntCC::Equal, tag, wanted);
        self.b.ins().select(hit, code, miss)
    }

    /// A jump to another region, by a site that can be patched.
    fn linked_jump(&mut self, target: u64) {
        let (function, link) = self.link_exit(target);
        let arguments = self.region_arguments(link);
        self.b.ins().return_call(function, &arguments);
    }

    /// What a region is called with.
    fn region_arguments(&self, link: ir::Value) -> Vec<ir::Value> {
        [self.cpu, link].into_iter().chain(self.mem).collect()
    }

    /// Declares a direct exit: the function to call, and the guest pc for the stub that it may lead to.
    fn link_exit(&mut self, target: u64) -> (ir::FuncRef, ir::Value) {
        let index = self.exits.len() as u32;
        self.exits.push(LinkExit { target });
        let name = self.b.func.declare_imported_user_function(UserExternalName { namespace: 1, index });
        let function = self.b.import_function(ExtFuncData {
            name: ExternalName::user(name),
            signature: self.signature,
            colocated: true,
            patchable: false,
        });
        (function, self.b.ins().iconst(I64, target as i64))
    }

    // ---- traps and special returns ----

    fn trap(&mut self, trap: Trap, pc: u64, next: u64) {
        self.store_slots(self.dirty);
        let Some(word) = encode_trap(trap) else {
            // The trap's own `pc` has no ISA bit.
            return self.return_stored(special::INTERPRET, self.current_pc());
        };
        self.store_pc(next);
        let function = self.b.ins().load(I64, state_access(), self.cpu, offset::host_call(HostCall::Trap));
        let mode = self.iconst(I64, self.region.entry().mode.into());
        let args = [self.cpu, self.iconst(I64, word), self.iconst(I64, pc), self.iconst(I64, next), mode];
        let call = self.b.ins().call_indirect(self.trap_signature, function, &args);
        let result = self.b.inst_results(call)[0];
        let (on, elsewhere) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(elsewhere);
        self.b.ins().brif(result, elsewhere, NO_ARGS, on, NO_ARGS);
        self.b.switch_to_block(elsewhere);
        self.b.ins().return_(&[result]);
        self.b.switch_to_block(on);
        if goes_on(trap) { self.go_on_reloaded(next) } else { self.linked_jump(next) }
    }

    /// Stores the registers and returns a special value; execution goes on at `pc`.
    pub(super) fn return_special(&mut self, value: u64, pc: u64) {
        self.store_slots(self.dirty);
        self.return_stored(value, pc);
    }

    fn return_stored(&mut self, value: u64, pc: u64) {
        self.store_pc(pc);
        let value = self.iconst(I64, value);
        self.b.ins().return_(&[value]);
    }

    /// At the region's entry: attention wanted, or too little host stack for another frame.
    pub(super) fn poll_at_entry(&mut self) {
        let sp = self.b.ins().get_stack_pointer(I64);
        // A plain load, which the comparison can do itself: the word is not loaded in this way again.
        let word = self.b.ins().load(I64, state_access(), self.cpu, offset::POLL);
        let stop = self.b.ins().icmp(IntCC::UnsignedLessThan, sp, word);
        let (cold, on) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(cold);
        self.b.ins().brif(stop, cold, NO_ARGS, on, NO_ARGS);
        self.b.switch_to_block(cold);
        self.return_stored(special::KICKED, self.region.entry.pc);
        self.b.switch_to_block(on);
    }

    /// At a loop header, so that a loop can be interrupted.
    pub(super) fn poll_at_loop(&mut self, pc: u64) {
        let word = self.poll_word();
        let stop = self.b.ins().icmp_imm_s(IntCC::Equal, word, Kicker::KICKED as i64);
        let (cold, on) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(cold);
        self.b.ins().brif(stop, cold, NO_ARGS, on, NO_ARGS);
        self.b.switch_to_block(cold);
        self.store_slots(self.flow.stored_at_poll(self.at));
        self.return_stored(special::KICKED, pc);
        self.b.switch_to_block(on);
    }

    /// An atomic load: it must not be merged with another one, and guest loads must not be carried across it around a
    /// loop that waits for memory to change.
    fn poll_word(&mut self) -> ir::Value {
        let address = self.b.ins().iadd_imm_s(self.cpu, i64::from(offset::POLL));
        self.b.ins().atomic_load(I64, state_access(), address)
    }
}

/// A trap as one word. An unimplemented instruction has a name, which is left to the interpreter to tell.
pub(crate) fn encode_trap(trap: Trap) -> Option<u64> {
    let kind = match trap {
        Trap::Syscall { .. } => 1,
        Trap::Breakpoint { .. } => 2,
        Trap::Privileged { .. } => 3,
        Trap::InterruptCheck => 4,
        Trap::CacheFlush => 5,
        Trap::Undefined { .. } => 6,
        Trap::Arithmetic { .. } => 7,
        Trap::Fetch => 8,
        Trap::Misaligned => 9,
        Trap::Unimplemented { .. } => return None,
    };
    Some(kind << 32 | u64::from(trap.detail()))
}

/// What `encode_trap` made.
pub(crate) fn decode_trap(word: u64) -> Option<Trap> {
    let detail = word as u32;
    Some(match word >> 32 {
        1 => Trap::Syscall { imm: detail },
        2 => Trap::Breakpoint { imm: detail },
        3 => Trap::Privileged { word: detail },
        4 => Trap::InterruptCheck,
        5 => Trap::CacheFlush,
        6 => Trap::Undefined { word: detail },
        7 => Trap::Arithmetic { code: detail },
        8 => Trap::Fetch,
        9 => Trap::Misaligned,
        _ => return None,
    })
}
