//! Chooses ops for a block: one method per op of the IR, each naming the handlers that can do it.

mod floats;
mod vectors;

use super::access::{self, monitor_slots, pack};
use super::arithmetic as int;
use super::control::{self, Forms};
use super::draft::{Arg, Draft, NONE, OpDraft, Tag, Touches, What};
use super::float;
use super::memory::MemKind;
use super::op::Run;
use super::plan::Plan;
use super::simd;
use super::{CompileError, Guest, Way, WayKind};
use crate::block::Block;
use crate::exit::Exit;
use crate::lanes::{Lanes, Shuffle};
use crate::memory::Memory;
use crate::ops::{Op, OpVisitor};
use crate::softfloat::FloatCall;
use crate::state::FlagSlots;
use crate::types::{FlagCc, FlagMask, FloatCc, FpMode, IntCc, MemOp, MemSize, Type};
use crate::value::{ExitId, HelperId, Slot, Value};
use crate::{for_each_vector_float, for_each_vector_function};
use floats::float_methods;
use vectors::{vector_float_methods, vector_methods};

/// A block's ops before words are given to values.
pub(super) struct Selection<M> {
    pub(super) drafts: Vec<Draft<M>>,
    pub(super) ways: Vec<Way>,
    /// Number of values: those of the block, then constants in words.
    pub(super) values: usize,
}

/// Chooses ops for a block.
pub(super) fn select<M: Memory>(block: &Block, guest: &Guest<'_>) -> Result<Selection<M>, CompileError> {
    let mut selector = Selector {
        block,
        guest,
        plan: Plan::new(block),
        drafts: Vec::with_capacity(block.insts.len()),
        ways: Vec::new(),
        constants: Vec::new(),
        outer_constants: None,
        values: block.insts.len(),
        at: 0,
    };
    for (at, inst) in block.insts.iter().enumerate() {
        selector.at = at;
        let v = Value(at as u32);
        let unused = selector.plan.is_unused(v) && inst.op.info().effects.removable();
        let elsewhere = selector.plan.is_alias(v) || selector.plan.is_folded(v) || selector.plan.is_sunk(v);
        if !unused && !elsewhere {
            inst.op.visit(&mut selector)?;
        }
    }
    Ok(Selection { drafts: selector.drafts, ways: selector.ways, values: selector.values })
}

struct Selector<'a, M> {
    block: &'a Block,
    guest: &'a Guest<'a>,
    plan: Plan,
    drafts: Vec<Draft<M>>,
    ways: Vec<Way>,
    /// Constants that are in words by now.
    constants: Vec<(u64, Value)>,
    /// Inside a conditional part: how many of them are from before it.
    outer_constants: Option<usize>,
    values: usize,
    /// The instruction in hand.
    at: usize,
}

type Done = Result<(), CompileError>;

/// A handler for an integer width: 32 bits also for truth values.
macro_rules! by_width {
    ($ty:expr, $handler:ident $(, $op:ty)*) => {
        match $ty {
            Type::I64 | Type::F64 => int::$handler::<M, $($op,)* int::W64>,
            _ => int::$handler::<M, $($op,)* int::W32>,
        }
    };
}

/// A handler for a float format.
macro_rules! by_format {
    ($ty:expr, $handler:ident, $single:ident, $double:ident) => {
        match $ty {
            Type::F64 => float::$handler::<M, float::$double>,
            _ => float::$handler::<M, float::$single>,
        }
    };
}

/// The handlers of a binary operation.
struct BinaryForms<M> {
    rr: Run<M>,
    ri: Run<M>,
    ir: Run<M>,
}

macro_rules! binary_forms {
    ($ty:expr, $op:ident) => {
        BinaryForms {
            rr: by_width!($ty, binary_rr, int::$op),
            ri: by_width!($ty, binary_ri, int::$op),
            ir: by_width!($ty, binary_ir, int::$op),
        }
    };
}

/// The handlers of flags, with or without the arithmetic.
struct FlagForms<M> {
    rr: Run<M>,
    ri: Run<M>,
    /// What fusing needs to know, by whether the second operand is immediate.
    tag: fn(bool) -> Tag,
}

impl<M: Memory> Selector<'_, M> {
    fn draft(&mut self, what: What<M>) {
        self.drafts.push(Draft { what, src: self.block.insts[self.at].src });
    }

    fn op(&mut self, op: OpDraft<M>) -> Done {
        self.draft(What::Op(op));
        Ok(())
    }

    /// Does here the op of a value that was left for its `put`.
    fn sunk(&mut self, v: Value) -> Done {
        let at = std::mem::replace(&mut self.at, v.0 as usize);
        self.block.def(v).visit(self)?;
        self.at = at;
        Ok(())
    }

    /// The definition of the instruction in hand.
    fn def(&self) -> Arg {
        Arg::Def(Value(self.at as u32))
    }

    fn constant(&self, v: Value) -> Option<u64> {
        self.block.constant(self.plan.resolve(v))
    }

    /// A value as an operand; a constant is brought into a word.
    fn word(&mut self, v: Value) -> Arg {
        let v = self.plan.resolve(v);
        let Some(imm) = self.block.constant(v) else { return Arg::Use(v) };
        if let Some(&(_, known)) = self.constants.iter().find(|&&(c, _)| c == imm) {
            return Arg::Use(known);
        }
        let fresh = Value(self.values as u32);
        self.values += 1;
        self.constants.push((imm, fresh));
        self.draft(What::Op(OpDraft { dst: Arg::Def(fresh), imm, ..OpDraft::new(int::mov_imm) }));
        Arg::Use(fresh)
    }

    fn binary(&mut self, ty: Type, a: Value, b: Value, forms: BinaryForms<M>) -> Done {
        let dst = self.def();
        let draft = match (self.constant(a), self.constant(b)) {
            (_, Some(imm)) => OpDraft { a: self.word(a), imm: imm & ty.mask(), ..OpDraft::new(forms.ri) },
            (Some(imm), None) => OpDraft { b: self.word(b), imm, ..OpDraft::new(forms.ir) },
            (None, None) => OpDraft { a: self.word(a), b: self.word(b), ..OpDraft::new(forms.rr) },
        };
        self.op(OpDraft { dst, ..draft })
    }

    /// A binary operation whose second operand may be shifted by a constant.
    fn binary_shifted(
        &mut self,
        ty: Type,
        a: Value,
        b: Value,
        forms: BinaryForms<M>,
        shifted: [Run<M>; 4],
    ) -> Done {
        if !self.plan.is_folded(b) {
            return self.binary(ty, a, b, forms);
        }
        let (run, x, by) = match *self.block.def(b) {
            Op::Shl { a, b, .. } => (shifted[0], a, b),
            Op::Shr { a, b, .. } => (shifted[1], a, b),
            Op::Sar { a, b, .. } => (shifted[2], a, b),
            Op::Rotr { a, b, .. } => (shifted[3], a, b),
            _ => unreachable!("only shifts are folded into arithmetic"),
        };
        let (dst, imm) = (self.def(), self.constant(by).unwrap_or_default());
        let draft = OpDraft { dst, a: self.word(a), b: self.word(x), imm, ..OpDraft::new(run) };
        self.op(draft)
    }

    fn unary(&mut self, a: Value, run: Run<M>) -> Done {
        let draft = OpDraft { dst: self.def(), a: self.word(a), ..OpDraft::new(run) };
        self.op(draft)
    }

    fn two(&mut self, a: Value, b: Value, run: Run<M>) -> Done {
        let draft = OpDraft { dst: self.def(), a: self.word(a), b: self.word(b), ..OpDraft::new(run) };
        self.op(draft)
    }

    /// The handlers and operands of a condition, whose op becomes part of the user's when the plan says so.
    fn test(&mut self, c: Value) -> (Forms<M>, OpDraft<M>) {
        if self.plan.is_folded(c) {
            match *self.block.def(c) {
                Op::ICmp { ty, a, b, cc } => return self.comparison(ty, a, b, cc),
                Op::Cond { flags, cc, .. } => return self.flag_condition(flags, cc),
                _ => {}
            }
        }
        let forms = control::truth_forms::<M>();
        let draft = OpDraft { a: self.word(c), ..OpDraft::new(forms.value) };
        (forms, draft)
    }

    fn comparison(&mut self, ty: Type, a: Value, b: Value, cc: IntCc) -> (Forms<M>, OpDraft<M>) {
        let (a, b, cc) = if self.constant(a).is_some() { (b, a, cc.swapped()) } else { (a, b, cc) };
        let imm = self.constant(b);
        let forms = control::compare_forms(cc, imm.is_some(), ty == Type::I64);
        let mut draft = OpDraft { a: self.word(a), ..OpDraft::new(forms.value) };
        match imm {
            Some(imm) => draft.imm = imm,
            None => draft.b = self.word(b),
        }
        if ty != Type::I64 {
            draft.tag = Tag::Branch { cc, imm: imm.is_some() };
        }
        (forms, draft)
    }

    fn flag_condition(&mut self, flags: Value, cc: FlagCc) -> (Forms<M>, OpDraft<M>) {
        let forms = control::condition_forms(cc);
        let draft = OpDraft { a: self.word(flags), ..OpDraft::new(forms.value) };
        (forms, draft)
    }

    /// An addition or subtraction, with its flags if those are wanted too.
    fn arithmetic(&mut self, a: Value, b: Value, with_flags: FlagForms<M>) -> Option<Done> {
        let this = Value(self.at as u32);
        let twin = self.plan.twin(this)?;
        Some(if twin < this {
            Ok(())
        } else {
            self.with_flags(a, b, Arg::Def(this), Arg::Def(twin), with_flags)
        })
    }

    /// Flags of an addition or subtraction, with the result if that is wanted too.
    fn flags_of(&mut self, a: Value, b: Value, plain: FlagForms<M>, with_result: FlagForms<M>) -> Done {
        let this = Value(self.at as u32);
        match self.plan.twin(this) {
            Some(twin) if twin < this => Ok(()),
            Some(twin) => self.with_flags(a, b, Arg::Def(twin), Arg::Def(this), with_result),
            None => self.with_flags(a, b, Arg::Def(this), NONE, plain),
        }
    }

    fn with_flags(&mut self, a: Value, b: Value, dst: Arg, c: Arg, forms: FlagForms<M>) -> Done {
        let imm = self.constant(b);
        let tag = (forms.tag)(imm.is_some());
        let draft = match imm {
            Some(imm) => OpDraft { a: self.word(a), imm, ..OpDraft::new(forms.ri) },
            None => OpDraft { a: self.word(a), b: self.word(b), ..OpDraft::new(forms.rr) },
        };
        self.op(OpDraft { dst, c, tag, ..draft })
    }

    /// The operands of an address with the displacement: base, index, shift.
    fn indexed(&mut self, addr: Value) -> Option<(Arg, Arg, Arg)> {
        if !self.plan.is_folded(addr) {
            return None;
        }
        let Op::Add { a, b, .. } = *self.block.def(addr) else { return None };
        let (index, shift) = match *self.block.def(b) {
            Op::Shl { a, b: by, .. } if self.plan.is_folded(b) => {
                (a, self.constant(by).unwrap_or_default() & 31)
            }
            _ => (b, 0),
        };
        Some((self.word(a), self.word(index), Arg::Raw(shift as u16)))
    }

    /// An access to memory: `data` is the value stored, or the definition.
    fn access(&mut self, draft: OpDraft<M>) -> Done {
        self.op(OpDraft { exposes_state: true, ..draft })
    }

    fn addr_type(&self, addr: Value) -> Type {
        self.block.value_type(addr).unwrap_or(Type::I32)
    }

    fn flag_slots(&self) -> Result<FlagSlots, CompileError> {
        let f = self.guest.layout.flags.ok_or(CompileError::FlagLayout)?;
        let in_order = f.z == f.n.nth(1) && f.c == f.n.nth(2) && f.v == f.n.nth(3);
        if in_order { Ok(f) } else { Err(CompileError::FlagLayout) }
    }

    /// The slots that an exclusive access touches, and their immediate.
    fn monitor(&self) -> (Touches, u64) {
        let (addr, value) = (self.guest.layout.monitor_addr, self.guest.layout.monitor_value);
        (Touches::two(addr, value), monitor_slots(addr.0, value.0))
    }

    /// A new way out.
    fn way(&mut self, kind: WayKind) -> Result<u16, CompileError> {
        let src = self.block.insts[self.at].src;
        let insns = u32::from(src) + 1;
        let number = u16::try_from(self.ways.len()).map_err(|_| CompileError::TooLong)?;
        self.ways.push(Way { kind, src, insns: insns.min(self.block.guest.len().max(1) as u32) });
        Ok(number)
    }

    fn leave(&mut self, kind: WayKind) -> Done {
        let way = self.way(kind)?;
        self.op(OpDraft { c: Arg::Raw(way), exposes_state: true, ..OpDraft::new(control::leave) })
    }

    fn leave_to(&mut self, target: Value, kind: WayKind) -> Done {
        let way = self.way(kind)?;
        let a = self.word(target);
        self.op(OpDraft { a, c: Arg::Raw(way), exposes_state: true, ..OpDraft::new(control::leave_to) })
    }

    fn branch(&mut self, cond: Value, taken: u64, fallthrough: u64) -> Done {
        let (forms, draft) = self.test(cond);
        let way = self.way(WayKind::Jump { target: taken })?;
        self.way(WayKind::Jump { target: fallthrough })?;
        self.op(OpDraft { run: forms.branch, c: Arg::Raw(way), exposes_state: true, ..draft })
    }

    fn switch(&mut self, index: Value, targets: &[u64], default: u64) -> Done {
        let way = u16::try_from(self.ways.len()).map_err(|_| CompileError::TooLong)?;
        for &target in targets.iter().chain([&default]) {
            self.way(WayKind::Jump { target })?;
        }
        let draft = OpDraft {
            a: self.word(index),
            c: Arg::Raw(way),
            imm: targets.len() as u64,
            exposes_state: true,
            ..OpDraft::new(control::leave_switch)
        };
        self.op(draft)
    }
}

/// The handlers of `$op` with a shifted second operand.
macro_rules! shifted {
    ($op:ident) => {
        [
            int::shifted::<M, int::$op, int::Shl>,
            int::shifted::<M, int::$op, int::Shr>,
            int::shifted::<M, int::$op, int::Sar>,
            int::shifted::<M, int::$op, int::Rotr>,
        ]
    };
}

/// The handlers of flags; fusing knows 32-bit subtractions.
macro_rules! flag_forms {
    ($ty:expr, $op:ident, $rr:ident, $ri:ident $(, $tag:ident)?) => {{
        let plain: fn(bool) -> Tag = |_| Tag::Plain;
        let tag = plain;
        $(let tag: fn(bool) -> Tag = if $ty == Type::I64 { tag } else { |imm| Tag::$tag { imm } };)?
        FlagForms { rr: by_width!($ty, $rr, int::$op), ri: by_width!($ty, $ri, int::$op), tag }
    }};
}

impl<M: Memory> OpVisitor for Selector<'_, M> {
    type Output = Done;

    fn const_(&mut self, _: Type, _: u64) -> Done {
        // Users take constants as immediates, or bring them into words.
        Ok(())
    }

    fn get(&mut self, ty: Type, slot: Slot) -> Done {
        let value = Value(self.at as u32);
        // A slot wider than the value has bits that are none of it.
        let exact = self.guest.layout.info(slot).map_or(ty.bits() == 64, |info| info.ty.bits() <= ty.bits());
        self.draft(What::Get { value, slot, width: 1, mask: ty.mask(), exact });
        Ok(())
    }

    fn put(&mut self, _: Type, v: Value, slot: Slot) -> Done {
        match self.constant(v) {
            Some(imm) => self.op(OpDraft {
                dst: Arg::Raw(slot.0),
                imm,
                touches: Touches::one(slot),
                ..OpDraft::new(int::mov_imm)
            }),
            None => {
                if self.plan.is_sunk(v) {
                    self.sunk(v)?;
                }
                self.draft(What::Put { value: self.plan.resolve(v), slot, width: 1 });
                Ok(())
            }
        }
    }

    fn get_flags(&mut self, _: Type) -> Done {
        let slot = self.flag_slots()?.n;
        let value = Value(self.at as u32);
        self.draft(What::Get { value, slot, width: 4, mask: u64::MAX, exact: true });
        Ok(())
    }

    fn put_flags(&mut self, _: Type, flags: Value, mask: FlagMask) -> Done {
        let slots = self.flag_slots()?;
        if mask == FlagMask::NZCV {
            self.draft(What::Put { value: self.plan.resolve(flags), slot: slots.n, width: 4 });
            return Ok(());
        }
        let touches = Touches::four(slots.n);
        let dst = Arg::Raw(slots.n.0);
        let draft = match *self.block.def(flags) {
            Op::FlagsLogic { ty, a, .. } if mask == FlagMask::NZ => {
                OpDraft { a: self.word(a), ..OpDraft::new(by_width!(ty, put_nz)) }
            }
            Op::FlagsLogic { ty, a, c } if mask == FlagMask::NZC => {
                OpDraft { a: self.word(a), c: self.word(c), ..OpDraft::new(by_width!(ty, put_nzc)) }
            }
            _ => OpDraft { a: self.word(flags), imm: u64::from(mask.0), ..OpDraft::new(int::mov_flags) },
        };
        self.op(OpDraft { dst, touches, ..draft })
    }

    fn add(&mut self, ty: Type, a: Value, b: Value) -> Done {
        if self.plan.is_folded(b) {
            return self.binary_shifted(ty, a, b, binary_forms!(ty, Add), shifted!(Add));
        }
        let with_flags = flag_forms!(ty, Add, with_flags_rr, with_flags_ri);
        match self.arithmetic(a, b, with_flags) {
            Some(done) => done,
            None => self.binary(ty, a, b, binary_forms!(ty, Add)),
        }
    }

    fn sub(&mut self, ty: Type, a: Value, b: Value) -> Done {
        if self.plan.is_folded(b) {
            return self.binary_shifted(ty, a, b, binary_forms!(ty, Sub), shifted!(Sub));
        }
        let with_flags = flag_forms!(ty, Sub, with_flags_rr, with_flags_ri, SubWithFlags);
        match self.arithmetic(a, b, with_flags) {
            Some(done) => done,
            None => self.binary(ty, a, b, binary_forms!(ty, Sub)),
        }
    }

    fn mul(&mut self, ty: Type, a: Value, b: Value) -> Done {
        self.binary(ty, a, b, binary_forms!(ty, Mul))
    }

    fn umul_high(&mut self, ty: Type, a: Value, b: Value) -> Done {
        self.binary(ty, a, b, binary_forms!(ty, UMulHigh))
    }

    fn smul_high(&mut self, ty: Type, a: Value, b: Value) -> Done {
        self.binary(ty, a, b, binary_forms!(ty, SMulHigh))
    }

    fn udiv(&mut self, ty: Type, a: Value, b: Value) -> Done {
        self.binary(ty, a, b, binary_forms!(ty, UDiv))
    }

    fn sdiv(&mut self, ty: Type, a: Value, b: Value) -> Done {
        self.binary(ty, a, b, binary_forms!(ty, SDiv))
    }

    fn and(&mut self, ty: Type, a: Value, b: Value) -> Done {
        self.binary_shifted(ty, a, b, binary_forms!(ty, And), shifted!(And))
    }

    fn or(&mut self, ty: Type, a: Value, b: Value) -> Done {
        self.binary_shifted(ty, a, b, binary_forms!(ty, Or), shifted!(Or))
    }

    fn xor(&mut self, ty: Type, a: Value, b: Value) -> Done {
        self.binary_shifted(ty, a, b, binary_forms!(ty, Xor), shifted!(Xor))
    }

    fn not(&mut self, ty: Type, a: Value) -> Done {
        match ty {
            Type::Bool => self.unary(a, int::unary::<M, int::Not, int::W1>),
            _ => self.unary(a, by_width!(ty, unary, int::Not)),
        }
    }

    fn shl(&mut self, ty: Type, a: Value, b: Value) -> Done {
        self.binary(ty, a, b, binary_forms!(ty, Shl))
    }

    fn shr(&mut self, ty: Type, a: Value, b: Value) -> Done {
        self.binary(ty, a, b, binary_forms!(ty, Shr))
    }

    fn sar(&mut self, ty: Type, a: Value, b: Value) -> Done {
        self.binary(ty, a, b, binary_forms!(ty, Sar))
    }

    fn rotr(&mut self, ty: Type, a: Value, b: Value) -> Done {
        self.binary(ty, a, b, binary_forms!(ty, Rotr))
    }

    fn clz(&mut self, ty: Type, a: Value) -> Done {
        self.unary(a, by_width!(ty, unary, int::Clz))
    }

    fn bit_reverse(&mut self, ty: Type, a: Value) -> Done {
        self.unary(a, by_width!(ty, unary, int::BitReverse))
    }

    fn byte_swap(&mut self, ty: Type, a: Value) -> Done {
        self.unary(a, by_width!(ty, unary, int::ByteSwap))
    }

    fn sext_low(&mut self, ty: Type, a: Value, size: MemSize) -> Done {
        let run = match size {
            MemSize::B1 => by_width!(ty, unary, int::SExt8),
            MemSize::B2 => by_width!(ty, unary, int::SExt16),
            MemSize::B4 => by_width!(ty, unary, int::SExt32),
            MemSize::B8 => int::mov,
        };
        self.unary(a, run)
    }

    fn zext_low(&mut self, ty: Type, a: Value, size: MemSize) -> Done {
        let imm = size.mask() & ty.mask();
        let draft = OpDraft { dst: self.def(), a: self.word(a), imm, ..OpDraft::new(int::mov_masked) };
        self.op(draft)
    }

    fn zext64(&mut self, _: Type, _: Value) -> Done {
        Ok(()) // The same word: the plan has made it an alias.
    }

    fn sext64(&mut self, _: Type, a: Value) -> Done {
        self.unary(a, int::unary::<M, int::SExt64, int::W64>)
    }

    fn trunc32(&mut self, _: Type, a: Value) -> Done {
        let imm = Type::I32.mask();
        let draft = OpDraft { dst: self.def(), a: self.word(a), imm, ..OpDraft::new(int::mov_masked) };
        self.op(draft)
    }

    fn icmp(&mut self, ty: Type, a: Value, b: Value, cc: IntCc) -> Done {
        let dst = self.def();
        let (forms, draft) = self.comparison(ty, a, b, cc);
        self.op(OpDraft { run: forms.value, dst, tag: Tag::Plain, ..draft })
    }

    fn select(&mut self, _: Type, c: Value, a: Value, b: Value) -> Done {
        let (dst, c) = (self.def(), self.word(c));
        let draft = OpDraft { dst, c, a: self.word(a), b: self.word(b), ..OpDraft::new(int::select) };
        self.op(draft)
    }

    fn from_bool(&mut self, _: Type, _: Value) -> Done {
        Ok(()) // The same word: the plan has made it an alias.
    }

    fn flags_add(&mut self, ty: Type, a: Value, b: Value) -> Done {
        let plain = flag_forms!(ty, Add, flags_rr, flags_ri);
        self.flags_of(a, b, plain, flag_forms!(ty, Add, with_flags_rr, with_flags_ri))
    }

    fn flags_adc(&mut self, ty: Type, a: Value, b: Value, c: Value) -> Done {
        let (dst, a, b) = (self.def(), self.word(a), self.word(b));
        let draft = OpDraft { dst, a, b, c: self.word(c), ..OpDraft::new(by_width!(ty, flags_adc)) };
        self.op(draft)
    }

    fn flags_sub(&mut self, ty: Type, a: Value, b: Value) -> Done {
        let plain = flag_forms!(ty, Sub, flags_rr, flags_ri, FlagsSub);
        self.flags_of(a, b, plain, flag_forms!(ty, Sub, with_flags_rr, with_flags_ri, SubWithFlags))
    }

    fn flags_sbc(&mut self, ty: Type, a: Value, b: Value, c: Value) -> Done {
        let (dst, a, b) = (self.def(), self.word(a), self.word(b));
        let draft = OpDraft { dst, a, b, c: self.word(c), ..OpDraft::new(by_width!(ty, flags_sbc)) };
        self.op(draft)
    }

    fn flags_logic(&mut self, ty: Type, a: Value, c: Value) -> Done {
        let dst = self.def();
        let draft =
            OpDraft { dst, a: self.word(a), c: self.word(c), ..OpDraft::new(by_width!(ty, flags_logic)) };
        self.op(draft)
    }

    fn flags_from_bits(&mut self, _: Type, a: Value) -> Done {
        self.unary(a, int::flags_from_bits)
    }

    fn cond(&mut self, _: Type, flags: Value, cc: FlagCc) -> Done {
        let dst = self.def();
        let (forms, draft) = self.flag_condition(flags, cc);
        self.op(OpDraft { run: forms.value, dst, ..draft })
    }

    fn flags_to_bits(&mut self, _: Type, flags: Value) -> Done {
        self.unary(flags, int::flags_to_bits)
    }

    fn load(&mut self, ty: Type, addr: Value, disp: i32, mem: MemOp) -> Done {
        let (kind, addr_ty) = (MemKind { mem, ty }, self.addr_type(addr));
        let (dst, imm) = (self.def(), disp as i64 as u64);
        let narrow = addr_ty == Type::I32;
        if let (true, Some(run)) = (narrow, access::load_run(kind, true))
            && let Some((a, b, c)) = self.indexed(addr)
        {
            return self.access(OpDraft { dst, a, b, c, imm, ..OpDraft::new(run) });
        }
        let a = self.word(addr);
        match access::load_run(kind, false).filter(|_| narrow) {
            Some(run) => self.access(OpDraft { dst, a, imm, ..OpDraft::new(run) }),
            None => {
                let c = Arg::Raw(pack(kind, addr_ty));
                self.access(OpDraft { dst, a, c, imm, ..OpDraft::new(access::load_general) })
            }
        }
    }

    fn store(&mut self, ty: Type, addr: Value, value: Value, disp: i32, mem: MemOp) -> Done {
        let (dst, imm, addr_ty) = (self.word(value), disp as i64 as u64, self.addr_type(addr));
        if let Some((a, b, c)) = self.indexed(addr) {
            return self.access(OpDraft { dst, a, b, c, imm, ..OpDraft::new(access::store_run(mem, true)) });
        }
        let a = self.word(addr);
        if addr_ty == Type::I32 {
            return self.access(OpDraft { dst, a, imm, ..OpDraft::new(access::store_run(mem, false)) });
        }
        let c = Arg::Raw(pack(MemKind { mem, ty }, addr_ty));
        self.access(OpDraft { dst, a, c, imm, ..OpDraft::new(access::store_general) })
    }

    fn load_ex(&mut self, ty: Type, addr: Value, mem: MemOp) -> Done {
        let (touches, imm) = self.monitor();
        let c = Arg::Raw(pack(MemKind { mem, ty }, self.addr_type(addr)));
        let draft =
            OpDraft { dst: self.def(), a: self.word(addr), c, imm, touches, ..OpDraft::new(access::load_ex) };
        self.access(draft)
    }

    fn store_ex(&mut self, ty: Type, addr: Value, value: Value, mem: MemOp) -> Done {
        let (touches, imm) = self.monitor();
        let c = Arg::Raw(pack(MemKind { mem, ty }, self.addr_type(addr)));
        let (dst, a, b) = (self.def(), self.word(addr), self.word(value));
        self.access(OpDraft { dst, a, b, c, imm, touches, ..OpDraft::new(access::store_ex) })
    }

    fn swap(&mut self, ty: Type, addr: Value, value: Value, mem: MemOp) -> Done {
        let c = Arg::Raw(pack(MemKind { mem, ty }, self.addr_type(addr)));
        let (dst, a, b) = (self.def(), self.word(addr), self.word(value));
        self.access(OpDraft { dst, a, b, c, ..OpDraft::new(access::swap) })
    }

    fn fence(&mut self, _: Type) -> Done {
        self.op(OpDraft::new(access::fence))
    }

    float_methods!();

    fn bitcast(&mut self, _: Type, _: Value, _: Type) -> Done {
        Ok(()) // The same word: the plan has made it an alias.
    }

    for_each_vector_function!(vector_methods);
    for_each_vector_float!(vector_float_methods);

    fn helper(&mut self, _: Type, a: Value, b: Value, c: Value, id: HelperId) -> Done {
        if usize::from(id.0) >= self.guest.helpers.len() {
            return Err(CompileError::UnknownHelper(id));
        }
        let (dst, a, b) = (self.def(), self.word(a), self.word(b));
        let draft =
            OpDraft { dst, a, b, c: self.word(c), imm: u64::from(id.0), ..OpDraft::new(float::helper) };
        self.op(draft)
    }

    fn if_(&mut self, _: Type, c: Value) -> Done {
        let (forms, draft) = self.test(c);
        self.outer_constants = Some(self.constants.len());
        self.draft(What::If(OpDraft { run: forms.part, c: NONE, tag: Tag::Plain, ..draft }));
        Ok(())
    }

    fn end_if(&mut self, _: Type) -> Done {
        // What was brought into words inside may not have been.
        if let Some(outer) = self.outer_constants.take() {
            self.constants.truncate(outer);
        }
        self.draft(What::EndIf);
        Ok(())
    }

    fn exit(&mut self, _: Type, exit: ExitId) -> Done {
        match self.block.exit(exit) {
            Exit::Jump { target } => self.leave(WayKind::Jump { target: *target }),
            Exit::Branch { cond, taken, fallthrough } => self.branch(*cond, *taken, *fallthrough),
            Exit::Call { target, ret } => self.leave(WayKind::Call { target: *target, ret: *ret }),
            Exit::CallIndirect { target, ret } => self.leave_to(*target, WayKind::CallIndirect { ret: *ret }),
            Exit::Return { target } => self.leave_to(*target, WayKind::Return),
            Exit::JumpIndirect { target } => self.leave_to(*target, WayKind::JumpIndirect),
            Exit::Switch { index, targets, default } => self.switch(*index, targets, *default),
            Exit::Trap { trap, pc, next } => self.leave(WayKind::Trap { trap: *trap, pc: *pc, next: *next }),
        }
    }
}
