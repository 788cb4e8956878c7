//! Lowering: a region becomes one Cranelift function.
//!
//! Guest registers and flags are Cranelift variables: loaded where they are live into the region, stored at the exits
//! where they are newer than the state. A 32-bit register that holds addresses is kept as a zero-extended 64-bit value,
//! so that an access needs no conversion; others as 32-bit values, since not every host operation zero-extends. Flags
//! stay producers (an operation and its operands) as long as the block that consumes them has one predecessor.
//!
//! The function's signature is `(state, link, memory base) -> next pc` in the tail-call convention. `link` tells a stub
//! which exit was taken and is ignored by regions. Code for a low window has no third parameter; callers that do not know
//! give it one all the same, in a register that it does not look at.

mod control;
mod exceptions;
mod flags;
mod float;
mod memory;
mod ops;
mod pairs;
mod state;
mod vector;

pub(crate) use control::{decode_trap, encode_trap};
pub(crate) use float::{encode as encode_float_call, evaluate as evaluate_float};
pub(crate) use memory::MAX_FOLDED;
pub(crate) use vector::evaluate as evaluate_vector_float;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F32, F64, I8, I8X16, I32, I64};
use cranelift_codegen::ir::{
    self, AbiParam, InstBuilder, MemFlagsData, SigRef, Signature, SourceLoc, UserFuncName,
};
use cranelift_codegen::isa::{CallConv, TargetFrontendConfig};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext, Variable};
use demotic_ir::{HostView, Lanes, NanRule, Op, Slot, StateLayout, Type, Value};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::region::{BlockId, Dataflow, Faults, Ranges, Region, SlotSet};
use flags::FlagSet;
use pairs::{HalfSource, Pairs};

/// How translated code reaches guest memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MemoryModel {
    /// As in `HostView::Window` with its base at `HostView::LOW_BASE`.
    LowWindow,
    /// As in `HostView::Window`.
    Window,
    /// As in `HostView::Sections`.
    Sections,
}

impl MemoryModel {
    /// The best model for a memory, if translated code may reach it at all.
    pub fn of(view: HostView) -> Option<MemoryModel> {
        match view {
            HostView::Window { base: HostView::LOW_BASE } => Some(MemoryModel::LowWindow),
            HostView::Window { .. } => Some(MemoryModel::Window),
            HostView::Sections { .. } => Some(MemoryModel::Sections),
            HostView::None => None,
        }
    }

    /// Whether code for this model may run on a memory.
    pub(crate) fn fits(self, view: HostView) -> bool {
        match self {
            MemoryModel::Window => matches!(view, HostView::Window { .. }),
            model => MemoryModel::of(view) == Some(model),
        }
    }
}

/// What lowering depends on besides the region.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LowerOptions {
    /// How to reach guest memory.
    pub memory: MemoryModel,
    /// Registers are exact at every access that may fault.
    pub precise_faults: bool,
    /// How NaN results look.
    pub nan_rule: NanRule,
    /// The host has fused multiplication and addition.
    pub host_fma: bool,
}

impl LowerOptions {
    /// What memory accesses may lead to.
    pub(crate) fn faults(&self) -> Faults {
        match (self.memory, self.precise_faults) {
            (MemoryModel::Sections, _) => Faults::Left,
            (_, true) => Faults::Replayed,
            (_, false) => Faults::Fatal,
        }
    }
}

/// What stands for the guest pc of a fault that the state's pc is the checkpoint of: no instruction is at an even address
/// that is not a multiple of four, as those with two bytes have bit 0 set.
pub(crate) const AT_CHECKPOINT: u32 = u32::MAX - 1;

/// Who a direct exit of translated code goes to; the index of its relocation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LinkExit {
    /// The guest pc.
    pub(crate) target: u64,
}

/// A lowered value.
#[derive(Clone, Copy)]
pub(crate) enum Lowered {
    /// No value, or one that nothing uses.
    Nothing,
    /// A plain value; a 32-bit integer perhaps with its zero-extended form.
    Plain { value: ir::Value, wide: Option<ir::Value> },
    /// Half of a vector as an integer that nothing has asked for yet.
    Half { vector: ir::Value, high: bool },
    /// The producer of flags.
    Flags(FlagSet),
}

/// Lowers one region. See the module's documentation.
pub(crate) struct Lowerer<'a> {
    b: FunctionBuilder<'a>,
    region: &'a Region,
    flow: &'a Dataflow,
    layout: &'a StateLayout,
    options: LowerOptions,
    cpu: ir::Value,
    /// The memory's base, where it is not a constant.
    mem: Option<ir::Value>,
    signature: SigRef,
    helper_signature: SigRef,
    preserving_signature: SigRef,
    trap_signature: SigRef,
    variables: FxHashMap<Slot, Variable>,
    /// Memory for the operands of vector helpers, if there are any.
    vector_slot: Option<ir::StackSlot>,
    /// Which address arithmetic never wraps around.
    ranges: Ranges,
    /// The pairs of registers that are vectors, their variables, and where the halves come from in the block so far.
    pairs: Pairs,
    pair_variables: FxHashMap<Slot, Variable>,
    pair_sources: FxHashMap<Slot, [HalfSource; 2]>,
    /// Second halves of accesses that have been done: an instruction of the block, and what it has loaded.
    second_load: Option<(usize, ir::Value)>,
    second_store: Option<usize>,
    /// How wide the registers are.
    widths: state::Widths,
    /// The instruction of the block whose exceptions the one before it has found already, and the exception slot with
    /// them.
    raised: Option<(usize, ir::Value)>,
    /// Instructions of the block whose checkpoints have been made already.
    made_early: FxHashSet<usize>,
    /// Vectors that are known to have no subnormal lanes.
    flushed: FxHashSet<(ir::Value, Lanes)>,
    blocks: Vec<ir::Block>,
    exits: Vec<LinkExit>,
    /// Flag producers at the end of each lowered block.
    flags_out: Vec<FlagSet>,
    // ---- the block being lowered ----
    at: BlockId,
    inst: usize,
    values: Vec<Lowered>,
    dirty: SlotSet,
    flags: FlagSet,
    /// The conditional part being lowered.
    part: Option<Part>,
    /// The rest of the conditional part or block is unreachable.
    left: bool,
}

/// A conditional part.
struct Part {
    /// Index of its first instruction.
    begin: usize,
    /// The block after it.
    after: ir::Block,
    /// The flags before it.
    flags: FlagSet,
    /// What was dirty before it.
    dirty: SlotSet,
}

/// The signature of regions.
pub(crate) fn region_signature(memory: MemoryModel) -> Signature {
    let params = if memory == MemoryModel::LowWindow { 2 } else { 3 };
    let mut sig = Signature::new(CallConv::Tail);
    sig.params.extend(std::iter::repeat_n(AbiParam::new(I64), params));
    sig.returns.push(AbiParam::new(I64));
    sig
}

/// The signature of calls from cold code, `(state)`, which preserve all registers.
pub(crate) fn preserving_signature() -> Signature {
    let mut sig = Signature::new(CallConv::PreserveAll);
    sig.params.push(AbiParam::new(I64));
    sig
}

/// The signature of helpers with `params` integer arguments.
pub(crate) fn host_signature(params: usize) -> Signature {
    let mut sig = Signature::new(CallConv::SystemV);
    sig.params.extend(std::iter::repeat_n(AbiParam::new(I64), params));
    sig.returns.push(AbiParam::new(I64));
    sig
}

/// Lowers `region` into `func`. Gives the direct exits, by the index of their relocations.
pub(crate) fn lower_region(
    func: &mut ir::Function,
    context: &mut FunctionBuilderContext,
    frontend: TargetFrontendConfig,
    region: &Region,
    flow: &Dataflow,
    layout: &StateLayout,
    options: LowerOptions,
) -> Vec<LinkExit> {
    func.name = UserFuncName::user(0, 0);
    func.signature = region_signature(options.memory);
    let mut b = FunctionBuilder::new(func, context);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let (cpu, mem) = (b.block_params(entry)[0], b.block_params(entry).get(2).copied());
    let signature = b.import_signature(region_signature(options.memory));
    let helper_signature = b.import_signature(host_signature(3));
    let preserving_signature = b.import_signature(preserving_signature());
    let trap_signature = b.import_signature(host_signature(5));
    let blocks = region.blocks.iter().map(|_| b.create_block()).collect();
    let mut lowerer = Lowerer {
        b,
        region,
        flow,
        layout,
        options,
        cpu,
        mem,
        signature,
        helper_signature,
        preserving_signature,
        trap_signature,
        variables: FxHashMap::default(),
        vector_slot: None,
        ranges: Ranges::of(region, layout),
        pairs: Pairs::of(region),
        pair_variables: FxHashMap::default(),
        pair_sources: FxHashMap::default(),
        second_load: None,
        second_store: None,
        widths: state::Widths::of(region, layout),
        raised: None,
        made_early: FxHashSet::default(),
        flushed: FxHashSet::default(),
        blocks,
        exits: Vec::new(),
        flags_out: vec![FlagSet::IN_SLOTS; region.blocks.len()],
        at: 0,
        inst: 0,
        values: Vec::new(),
        dirty: SlotSet::EMPTY,
        flags: FlagSet::IN_SLOTS,
        part: None,
        left: false,
    };
    lowerer.entry();
    for i in 0..region.blocks.len() {
        lowerer.block(i);
    }
    lowerer.b.seal_all_blocks();
    let exits = lowerer.exits;
    lowerer.b.finalize(frontend);
    exits
}

/// Accesses to the vCPU's state never fault.
fn state_access() -> MemFlagsData {
    MemFlagsData::trusted()
}

fn clif_type(ty: Type) -> ir::Type {
    match ty {
        Type::Bool => I8,
        Type::I32 => I32,
        Type::I64 => I64,
        Type::F32 => F32,
        Type::F64 => F64,
        Type::V128 => I8X16,
        Type::Flags => unreachable!("flags are not values of the host"),
    }
}

impl Lowerer<'_> {
    /// The region's entry: poll, then load the registers that it reads.
    fn entry(&mut self) {
        self.poll_at_entry();
        self.begin_checkpoint(self.region.entry.pc);
        self.load_slots(self.flow.live_in[0]);
        let first = self.blocks[0];
        self.b.ins().jump(first, &[]);
    }

    fn block(&mut self, i: usize) {
        self.at = i;
        self.values.clear();
        self.pair_sources.clear();
        self.raised = None;
        self.dirty = self.flow.dirty_in[i];
        self.flags = self.incoming_flags(i);
        self.left = false;
        let block = self.blocks[i];
        self.b.switch_to_block(block);
        let region = self.region;
        let source = &region.blocks[i].block;
        if region.blocks[i].loop_header {
            self.poll_at_loop(source.start.pc);
        }
        for (n, inst) in source.insts.iter().enumerate() {
            if self.left && !matches!(inst.op, Op::EndIf { .. }) {
                self.values.push(Lowered::Nothing);
                continue;
            }
            let with_jump =
                region.blocks[i].table.as_ref().is_some_and(|table| table.computes().contains(&n));
            if !with_jump {
                self.instruction(n);
            }
        }
        self.flags_out[i] = self.flags;
    }

    /// Lowers an instruction of the block.
    fn instruction(&mut self, n: usize) {
        self.inst = n;
        let pc = self.current_pc();
        if self.flow.has_checkpoint(self.at, n) && !self.made_early.remove(&n) {
            self.checkpoint(pc);
        }
        let at = if self.replays() { AT_CHECKPOINT } else { pc as u32 };
        self.b.set_srcloc(SourceLoc::new(at));
        let op = self.region.blocks[self.at].block.insts[n].op;
        let lowered = match self.ranges.is_exact(self.at, n) {
            true => self.exact_address(&op),
            false => op.visit(self),
        };
        self.values.push(lowered);
    }

    /// The guest pc of the instruction being lowered, with the ISA bit.
    fn current_pc(&self) -> u64 {
        let block = &self.region.blocks[self.at].block;
        let isa_bit = block.start.pc & 1;
        let src = block.insts[self.inst].src as usize;
        block.guest.get(src).map_or(block.start.pc, |g| g.pc | isa_bit)
    }

    // ---- values ----

    fn plain(value: ir::Value) -> Lowered {
        Lowered::Plain { value, wide: None }
    }

    /// The host value of an IR value.
    fn val(&mut self, v: Value) -> ir::Value {
        match self.values[v.0 as usize] {
            Lowered::Plain { value, .. } => value,
            Lowered::Half { vector, high } => self.half_word(vector, high),
            // A verified block does not get here; a harmless value keeps the function well-formed.
            Lowered::Nothing | Lowered::Flags(_) => self.b.ins().iconst(I64, 0),
        }
    }

    /// A 32-bit integer zero-extended to 64 bits; 64-bit ones as they are.
    fn wide(&mut self, v: Value) -> ir::Value {
        let Lowered::Plain { value, wide } = self.values[v.0 as usize] else { return self.val(v) };
        if let Some(wide) = wide {
            return wide;
        }
        if self.b.func.dfg.value_type(value) == I64 {
            return value;
        }
        let wide = self.b.ins().uextend(I64, value);
        // What is computed in a conditional part is not there after it.
        let outlives_part = self.part.as_ref().is_some_and(|part| (v.0 as usize) < part.begin);
        if !outlives_part {
            self.values[v.0 as usize] = Lowered::Plain { value, wide: Some(wide) };
        }
        wide
    }

    fn iconst(&mut self, ty: ir::Type, imm: u64) -> ir::Value {
        let imm = if ty == I32 { i64::from(imm as u32 as i32) } else { imm as i64 };
        self.b.ins().iconst(ty, imm)
    }

    fn is_zero(&mut self, v: ir::Value) -> ir::Value {
        self.b.ins().icmp_imm_u(IntCC::Equal, v, 0)
    }
}
