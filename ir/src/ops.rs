//! THE op table. One row per op gives the [`Op`] enum, the builder, the printer and parser, the verifier's type rules
//! and the [`OpVisitor`] trait.
//!
//! A row reads
//!
//! ```text
//! /// documentation
//! Variant method (value operands: type rule) (immediates: Rust type) -> result rule, effects;
//! ```
//!
//! Every op carries a type `ty`; the rule `Ty` means "that type", `Is(T)` a fixed one, `None` no result.

use crate::lanes::{Lanes, Shuffle};
use crate::softfloat::FloatCall;
use crate::types::{FlagCc, FlagMask, FloatCc, FpMode, IntCc, MemOp, MemSize, Type};
use crate::value::{ExitId, HelperId, Slot, Value};

/// What type an operand or a result has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TypeRule {
    /// The op's own type.
    Ty,
    /// Always this type.
    Is(Type),
    /// An integer of either width: an address.
    Addr,
    /// Any type: the operand's own.
    Any,
    /// No value.
    None,
}

/// What an op does besides computing its result. Passes ask this, never a list of ops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effects(pub u8);

impl Effects {
    /// Nothing: the op may be moved, merged and removed.
    pub const PURE: Effects = Effects(0);
    /// Reads guest registers.
    pub const READS_STATE: Effects = Effects(1);
    /// Writes guest registers.
    pub const WRITES_STATE: Effects = Effects(2);
    /// Reads guest memory; may fault.
    pub const LOAD: Effects = Effects(4 | 16);
    /// Writes guest memory; may fault.
    pub const STORE: Effects = Effects(8 | 16);
    /// Reads and writes guest memory; may fault.
    pub const ATOMIC: Effects = Effects(4 | 8 | 16);
    /// Orders memory accesses.
    pub const FENCE: Effects = Effects(4 | 8);
    /// Begins or ends a conditional part, or leaves the block.
    pub const CONTROL: Effects = Effects(32);

    /// Whether the op may be removed when its result is unused.
    pub fn removable(self) -> bool {
        self.0 & !Effects::READS_STATE.0 == 0
    }
    /// Whether the op may end in a guest memory fault.
    pub fn can_fault(self) -> bool {
        self.0 & 16 != 0
    }
    /// Whether the op writes guest registers (exclusive accesses write only the monitor).
    pub fn writes_state(self) -> bool {
        self.0 & Effects::WRITES_STATE.0 != 0
    }
    /// Whether the op steers control.
    pub fn is_control(self) -> bool {
        self.0 & 32 != 0
    }
}

/// Calls the macro `$m` with all rows of the op table.
#[macro_export]
macro_rules! for_each_op {
    ($m:ident) => {
        $m! {
            // ---- constants and guest state ----
            /// The constant `imm` (floats by their bits).
            Const const_ () (imm: u64) -> Ty, PURE;
            /// Reads a state slot, whose type is the op's.
            Get get () (slot: Slot) -> Ty, READS_STATE;
            /// Writes a state slot, whose type is the op's.
            Put put (value: Ty) (slot: Slot) -> None, WRITES_STATE;
            /// Reads the flags as they stand in the layout's four flag slots. The type is that of the slots.
            GetFlags get_flags () () -> Is(Flags), READS_STATE;
            /// Writes those flags of `flags` that are in `mask` to their slots; the others keep their values.
            PutFlags put_flags (flags: Is(Flags)) (mask: FlagMask) -> None, WRITES_STATE;

            // ---- integers ----
            /// Wrapping addition.
            Add add (a: Ty, b: Ty) () -> Ty, PURE;
            /// Wrapping subtraction.
            Sub sub (a: Ty, b: Ty) () -> Ty, PURE;
            /// Wrapping multiplication, low half.
            Mul mul (a: Ty, b: Ty) () -> Ty, PURE;
            /// High half of the unsigned product.
            UMulHigh umul_high (a: Ty, b: Ty) () -> Ty, PURE;
            /// High half of the signed product.
            SMulHigh smul_high (a: Ty, b: Ty) () -> Ty, PURE;
            /// Unsigned quotient; 0 when `b` is 0.
            UDiv udiv (a: Ty, b: Ty) () -> Ty, PURE;
            /// Signed quotient, rounded towards zero; 0 when `b` is 0, `a` when it is the minimum and `b` is -1.
            SDiv sdiv (a: Ty, b: Ty) () -> Ty, PURE;
            /// Bitwise and. Also of truth values, as are `or`, `xor`.
            And and (a: Ty, b: Ty) () -> Ty, PURE;
            /// Bitwise or.
            Or or (a: Ty, b: Ty) () -> Ty, PURE;
            /// Bitwise exclusive or.
            Xor xor (a: Ty, b: Ty) () -> Ty, PURE;
            /// Bitwise complement (of a truth value: its negation).
            Not not (a: Ty) () -> Ty, PURE;
            /// Left shift by `b` modulo the width.
            Shl shl (a: Ty, b: Ty) () -> Ty, PURE;
            /// Logical right shift by `b` modulo the width.
            Shr shr (a: Ty, b: Ty) () -> Ty, PURE;
            /// Arithmetic right shift by `b` modulo the width.
            Sar sar (a: Ty, b: Ty) () -> Ty, PURE;
            /// Rotation right by `b` modulo the width.
            Rotr rotr (a: Ty, b: Ty) () -> Ty, PURE;
            /// Number of leading zero bits; the width for 0.
            Clz clz (a: Ty) () -> Ty, PURE;
            /// The bits in reverse order.
            BitReverse bit_reverse (a: Ty) () -> Ty, PURE;
            /// The bytes in reverse order.
            ByteSwap byte_swap (a: Ty) () -> Ty, PURE;
            /// Sign-extends the low `size` bits within the type.
            SExtLow sext_low (a: Ty) (size: MemSize) -> Ty, PURE;
            /// Zero-extends the low `size` bits within the type.
            ZExtLow zext_low (a: Ty) (size: MemSize) -> Ty, PURE;
            /// 32 to 64 bits, with zeros. The op's type is `i64`.
            ZExt64 zext64 (a: Is(I32)) () -> Is(I64), PURE;
            /// 32 to 64 bits, with the sign.
            SExt64 sext64 (a: Is(I32)) () -> Is(I64), PURE;
            /// The low 32 of 64 bits.
            Trunc32 trunc32 (a: Is(I64)) () -> Is(I32), PURE;
            /// Compares two values of the op's type.
            ICmp icmp (a: Ty, b: Ty) (cc: IntCc) -> Is(Bool), PURE;
            /// `a` when `c`, else `b`.
            Select select (c: Is(Bool), a: Ty, b: Ty) () -> Ty, PURE;
            /// A truth value as the integer 0 or 1.
            FromBool from_bool (a: Is(Bool)) () -> Ty, PURE;

            // ---- condition flags: producers and consumers ----
            /// The flags of `a + b`.
            FlagsAdd flags_add (a: Ty, b: Ty) () -> Is(Flags), PURE;
            /// The flags of `a + b + c`.
            FlagsAdc flags_adc (a: Ty, b: Ty, c: Is(Bool)) () -> Is(Flags), PURE;
            /// The flags of `a - b`; C means no borrow.
            FlagsSub flags_sub (a: Ty, b: Ty) () -> Is(Flags), PURE;
            /// The flags of `a - b - !c`, i.e. of `a + !b + c`.
            FlagsSbc flags_sbc (a: Ty, b: Ty, c: Is(Bool)) () -> Is(Flags), PURE;
            /// N and Z of `a`, C = `c`, V clear.
            FlagsLogic flags_logic (a: Ty, c: Is(Bool)) () -> Is(Flags), PURE;
            /// Flags from bits 31 to 28 (N, Z, C, V) of a word. The op's type is `i32`.
            FlagsFromBits flags_from_bits (a: Is(I32)) () -> Is(Flags), PURE;
            /// Whether a condition holds.
            Cond cond (flags: Is(Flags)) (cc: FlagCc) -> Is(Bool), PURE;
            /// The flags as bits 31 to 28 (N, Z, C, V) of a word. The op's type is `i32`.
            FlagsToBits flags_to_bits (flags: Is(Flags)) () -> Is(I32), PURE;

            // ---- memory ----
            /// Loads from `addr + disp` (wrapping at the width of the address).
            Load load (addr: Addr) (disp: i32, mem: MemOp) -> Ty, LOAD;
            /// Stores the low bits of `value` at `addr + disp`.
            Store store (addr: Addr, value: Ty) (disp: i32, mem: MemOp) -> None, STORE;
            /// Load-exclusive / load-linked: loads and remembers address and result in the layout's monitor slots. The address
            /// must be aligned, here and in the other atomic accesses.
            LoadEx load_ex (addr: Addr) (mem: MemOp) -> Ty, ATOMIC;
            /// Store-exclusive / store-conditional: stores if the monitor still holds, which it clears (both slots all
            /// ones). True when stored.
            StoreEx store_ex (addr: Addr, value: Ty) (mem: MemOp) -> Is(Bool), ATOMIC;
            /// Atomically exchanges; gives the old value.
            Swap swap (addr: Addr, value: Ty) (mem: MemOp) -> Ty, ATOMIC;
            /// A full memory barrier.
            Fence fence () () -> None, FENCE;

            // ---- floating point, on the host's FPU where it can; NaN results by the guest's rule ----
            /// Addition.
            FAdd fadd (a: Ty, b: Ty) (mode: FpMode) -> Ty, PURE;
            /// Subtraction.
            FSub fsub (a: Ty, b: Ty) (mode: FpMode) -> Ty, PURE;
            /// Multiplication.
            FMul fmul (a: Ty, b: Ty) (mode: FpMode) -> Ty, PURE;
            /// Division.
            FDiv fdiv (a: Ty, b: Ty) (mode: FpMode) -> Ty, PURE;
            /// Square root.
            FSqrt fsqrt (a: Ty) (mode: FpMode) -> Ty, PURE;
            /// `a × b + c`, rounded once.
            FFma ffma (a: Ty, b: Ty, c: Ty) (mode: FpMode) -> Ty, PURE;
            /// Flips the sign bit, of NaNs too.
            FNeg fneg (a: Ty) () -> Ty, PURE;
            /// Clears the sign bit, of NaNs too.
            FAbs fabs (a: Ty) () -> Ty, PURE;
            /// Compares two floats of the op's type.
            FCmp fcmp (a: Ty, b: Ty) (cc: FloatCc, mode: FpMode) -> Is(Bool), PURE;
            /// Rounds to an integral value in the same format.
            FRound fround (a: Ty) (mode: FpMode) -> Ty, PURE;
            /// Float to signed integer of the op's type, rounded as `mode` says, saturating; NaN gives 0.
            FToS fto_s (a: Any) (from: Type, mode: FpMode) -> Ty, PURE;
            /// Float to unsigned integer of the op's type, rounded as `mode` says, saturating; NaN gives 0.
            FToU fto_u (a: Any) (from: Type, mode: FpMode) -> Ty, PURE;
            /// Signed integer to float of the op's type.
            FFromS ffrom_s (a: Any) (from: Type, mode: FpMode) -> Ty, PURE;
            /// Unsigned integer to float of the op's type.
            FFromU ffrom_u (a: Any) (from: Type, mode: FpMode) -> Ty, PURE;
            /// binary32 to binary64. The op's type is `f64`.
            FPromote fpromote (a: Is(F32)) (mode: FpMode) -> Is(F64), PURE;
            /// binary64 to binary32. The op's type is `f32`.
            FDemote fdemote (a: Is(F64)) (mode: FpMode) -> Is(F32), PURE;
            /// Any operation of the soft-float, on the bits of its operands; those that it has not are ignored.
            FSoft fsoft (a: Any, b: Any, c: Any) (call: FloatCall) -> Ty, PURE;
            /// What is in the layout's exception slot, with the exceptions that an operation raises
            /// (`softfloat::Exceptions`).
            FRaises fraises (a: Any, b: Any, c: Any) (call: FloatCall) -> Is(I32), READS_STATE;
            /// The same of an operation on the lanes of vectors.
            VFRaises vfraises (a: Ty, b: Ty, c: Ty) (call: FloatCall) -> Is(I32), READS_STATE;
            /// All exceptions that an operation raises, with bit 8 set.
            FCause fcause (a: Any, b: Any, c: Any) (call: FloatCall) -> Is(I32), PURE;
            /// The same bits as another type of the same width (`i32`/`f32`, `i64`/`f64`).
            Bitcast bitcast (a: Any) (from: Type) -> Ty, PURE;

            // ---- vectors; the type of every op is `v128`, also of those that give an integer: taking together and apart ----
            /// The vector whose low half is `lo` and whose high half is `hi`.
            VJoin vjoin (lo: Is(I64), hi: Is(I64)) () -> Ty, PURE;
            /// The low half of a vector.
            VLow vlow (a: Ty) () -> Is(I64), PURE;
            /// The high half of a vector.
            VHigh vhigh (a: Ty) () -> Is(I64), PURE;
            /// The low bits of `a` in every lane.
            VSplat vsplat (a: Is(I64)) (lanes: Lanes) -> Ty, PURE;
            /// A lane, zero-extended.
            VExtract vextract (a: Ty) (lanes: Lanes, lane: u8) -> Is(I64), PURE;
            /// `a` with the low bits of `b` in a lane.
            VInsert vinsert (a: Ty, b: Is(I64)) (lanes: Lanes, lane: u8) -> Ty, PURE;
            /// Any bytes of `a` and `b` in any order.
            VShuffle vshuffle_ (a: Ty, b: Ty) (shuffle: Shuffle) -> Ty, PURE;
            /// For each byte of `b` the byte of `a` that it is the index of; 0 when it is 16 or more.
            VTable vtable (a: Ty, b: Ty) () -> Ty, PURE;

            // ---- vectors: arithmetic of lanes ----
            /// Wrapping addition of lanes.
            VAdd vadd (a: Ty, b: Ty) (lanes: Lanes) -> Ty, PURE;
            /// Wrapping subtraction.
            VSub vsub (a: Ty, b: Ty) (lanes: Lanes) -> Ty, PURE;
            /// Wrapping multiplication, low half.
            VMul vmul (a: Ty, b: Ty) (lanes: Lanes) -> Ty, PURE;
            /// Wrapping negation.
            VNeg vneg (a: Ty) (lanes: Lanes) -> Ty, PURE;
            /// Wrapping absolute value.
            VAbs vabs (a: Ty) (lanes: Lanes) -> Ty, PURE;
            /// Signed saturating addition.
            VAddSatS vadd_sat_s (a: Ty, b: Ty) (lanes: Lanes) -> Ty, PURE;
            /// Unsigned saturating addition.
            VAddSatU vadd_sat_u (a: Ty, b: Ty) (lanes: Lanes) -> Ty, PURE;
            /// Signed saturating subtraction.
            VSubSatS vsub_sat_s (a: Ty, b: Ty) (lanes: Lanes) -> Ty, PURE;
            /// Unsigned saturating subtraction.
            VSubSatU vsub_sat_u (a: Ty, b: Ty) (lanes: Lanes) -> Ty, PURE;
            /// The smaller one of signed lanes.
            VMinS vmin_s (a: Ty, b: Ty) (lanes: Lanes) -> Ty, PURE;
            /// The smaller one of unsigned lanes.
            VMinU vmin_u (a: Ty, b: Ty) (lanes: Lanes) -> Ty, PURE;
            /// The larger one of signed lanes.
            VMaxS vmax_s (a: Ty, b: Ty) (lanes: Lanes) -> Ty, PURE;
            /// The larger one of unsigned lanes.
            VMaxU vmax_u (a: Ty, b: Ty) (lanes: Lanes) -> Ty, PURE;
            /// Unsigned average, rounded up: `(a + b + 1) >> 1` without overflow.
            VAvgU vavg_u (a: Ty, b: Ty) (lanes: Lanes) -> Ty, PURE;
            /// Number of bits set in each byte. The lanes are `b16`.
            VPopcnt vpopcnt (a: Ty) (lanes: Lanes) -> Ty, PURE;
            /// Number of leading zero bits of each lane.
            VClz vclz (a: Ty) (lanes: Lanes) -> Ty, PURE;
            /// All ones in the lanes for which the comparison holds, zero in the others.
            VCmp vcmp (a: Ty, b: Ty) (lanes: Lanes, cc: IntCc) -> Ty, PURE;

            // ---- vectors: bits ----
            /// Bitwise and.
            VAnd vand (a: Ty, b: Ty) () -> Ty, PURE;
            /// Bitwise or.
            VOr vor (a: Ty, b: Ty) () -> Ty, PURE;
            /// Bitwise exclusive or.
            VXor vxor (a: Ty, b: Ty) () -> Ty, PURE;
            /// Bitwise complement.
            VNot vnot (a: Ty) () -> Ty, PURE;
            /// The bits of `a` where `mask` has ones, those of `b` where it has zeros.
            VSelect vselect (mask: Ty, a: Ty, b: Ty) () -> Ty, PURE;
            /// Left shift of each lane by `amount`, which is less than its width.
            VShlI vshl_i (a: Ty) (lanes: Lanes, amount: u8) -> Ty, PURE;
            /// Logical right shift of each lane by `amount`, which is less than its width.
            VShrI vshr_i (a: Ty) (lanes: Lanes, amount: u8) -> Ty, PURE;
            /// Arithmetic right shift of each lane by `amount`, which is less than its width.
            VSarI vsar_i (a: Ty) (lanes: Lanes, amount: u8) -> Ty, PURE;
            /// Left shift of each lane of `a` by the lane of `b` modulo the width.
            VShlV vshl_v (a: Ty, b: Ty) (lanes: Lanes) -> Ty, PURE;
            /// Logical right shift of each lane of `a` by the lane of `b` modulo the width.
            VShrV vshr_v (a: Ty, b: Ty) (lanes: Lanes) -> Ty, PURE;
            /// Arithmetic right shift of each lane of `a` by the lane of `b` modulo the width.
            VSarV vsar_v (a: Ty, b: Ty) (lanes: Lanes) -> Ty, PURE;

            // ---- vectors: width of lanes. `lanes` is the source's division ----
            /// Sign-extends the lanes of the low half to twice their width.
            VWidenLowS vwiden_low_s (a: Ty) (lanes: Lanes) -> Ty, PURE;
            /// Zero-extends the lanes of the low half to twice their width.
            VWidenLowU vwiden_low_u (a: Ty) (lanes: Lanes) -> Ty, PURE;
            /// Sign-extends the lanes of the high half to twice their width.
            VWidenHighS vwiden_high_s (a: Ty) (lanes: Lanes) -> Ty, PURE;
            /// Zero-extends the lanes of the high half to twice their width.
            VWidenHighU vwiden_high_u (a: Ty) (lanes: Lanes) -> Ty, PURE;
            /// The low halves of the lanes: those of `a` in the low half of the result, those of `b` in the high half.
            VNarrow vnarrow (a: Ty, b: Ty) (lanes: Lanes) -> Ty, PURE;
            /// As `vnarrow`, saturating signed lanes to signed ones.
            VNarrowSatSs vnarrow_sat_ss (a: Ty, b: Ty) (lanes: Lanes) -> Ty, PURE;
            /// As `vnarrow`, saturating signed lanes to unsigned ones.
            VNarrowSatSu vnarrow_sat_su (a: Ty, b: Ty) (lanes: Lanes) -> Ty, PURE;
            /// As `vnarrow`, saturating unsigned lanes to unsigned ones.
            VNarrowSatUu vnarrow_sat_uu (a: Ty, b: Ty) (lanes: Lanes) -> Ty, PURE;

            // ---- vectors: floating point, each lane as the scalar op does it. Lanes are `h8`, `w4` or `d2` ----
            /// Addition of floating-point lanes.
            VFAdd vfadd (a: Ty, b: Ty) (lanes: Lanes, mode: FpMode) -> Ty, PURE;
            /// Subtraction.
            VFSub vfsub (a: Ty, b: Ty) (lanes: Lanes, mode: FpMode) -> Ty, PURE;
            /// Multiplication.
            VFMul vfmul (a: Ty, b: Ty) (lanes: Lanes, mode: FpMode) -> Ty, PURE;
            /// Division.
            VFDiv vfdiv (a: Ty, b: Ty) (lanes: Lanes, mode: FpMode) -> Ty, PURE;
            /// Square root.
            VFSqrt vfsqrt (a: Ty) (lanes: Lanes, mode: FpMode) -> Ty, PURE;
            /// `a × b + c`, rounded once.
            VFFma vfma (a: Ty, b: Ty, c: Ty) (lanes: Lanes, mode: FpMode) -> Ty, PURE;
            /// All ones in the lanes for which the comparison holds, zero in the others.
            VFCmp vfcmp (a: Ty, b: Ty) (lanes: Lanes, cc: FloatCc, mode: FpMode) -> Ty, PURE;
            /// Signed integers to floats of the same width.
            VFFromS vf_from_s (a: Ty) (lanes: Lanes, mode: FpMode) -> Ty, PURE;
            /// Unsigned integers to floats of the same width.
            VFFromU vf_from_u (a: Ty) (lanes: Lanes, mode: FpMode) -> Ty, PURE;
            /// Floats to signed integers of the same width, towards zero, saturating; NaNs give 0.
            VFToS vf_to_s (a: Ty) (lanes: Lanes, mode: FpMode) -> Ty, PURE;
            /// Floats to unsigned integers of the same width, towards zero, saturating; NaNs give 0.
            VFToU vf_to_u (a: Ty) (lanes: Lanes, mode: FpMode) -> Ty, PURE;

            // ---- helpers and control ----
            /// Calls a pure helper of the guest architecture with three 64-bit arguments; gives 64 bits.
            Helper helper (a: Is(I64), b: Is(I64), c: Is(I64)) (id: HelperId) -> Is(I64), PURE;
            /// Calls a pure helper of the guest architecture with three vectors; gives a vector.
            VHelper vhelper (a: Ty, b: Ty, c: Ty) (id: HelperId) -> Ty, PURE;
            /// Begins a part that runs only when `c`; closed by `end_if`. Parts do not nest, and values defined inside are not visible outside.
            If if_ (c: Is(Bool)) () -> None, CONTROL;
            /// Ends a conditional part.
            EndIf end_if () () -> None, CONTROL;
            /// Leaves the block. The last op of a block, or the last of a conditional part.
            Exit exit () (exit: ExitId) -> None, CONTROL;
        }
    };
}

macro_rules! rule {
    (Ty) => {
        TypeRule::Ty
    };
    (Addr) => {
        TypeRule::Addr
    };
    (Any) => {
        TypeRule::Any
    };
    (None) => {
        TypeRule::None
    };
    (Is($t:ident)) => {
        TypeRule::Is(Type::$t)
    };
}

macro_rules! define_ops {
    ($(
        $(#[doc = $doc:literal])*
        $variant:ident $method:ident ($($v:ident : $vr:ident $(($vt:ident))?),*) ($($i:ident : $it:ty),*)
            -> $rr:ident $(($rt:ident))?, $eff:ident;
    )*) => {
        /// One operation of the IR. The fields are its type, its value operands and its immediates.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Op {
            $(
                $(#[doc = $doc])*
                #[allow(missing_docs, reason = "operands are described by the op's own documentation")]
                $variant { ty: Type, $($v: Value,)* $($i: $it,)* },
            )*
        }

        /// What the table says of an op.
        #[derive(Clone, Copy, Debug)]
        pub struct OpInfo {
            /// Name in the text form.
            pub name: &'static str,
            /// One paragraph of documentation.
            pub doc: &'static str,
            /// Names and type rules of the value operands.
            pub operands: &'static [(&'static str, TypeRule)],
            /// Names and Rust types of the immediates.
            pub immediates: &'static [(&'static str, &'static str)],
            /// Type rule of the result.
            pub result: TypeRule,
            /// Effects.
            pub effects: Effects,
        }

        /// All rows of the table, in its order.
        pub static OPS: &[OpInfo] = &[
            $(OpInfo {
                name: op_name(stringify!($method)),
                doc: concat!($($doc),*),
                operands: &[$((stringify!($v), rule!($vr $(($vt))?))),*],
                immediates: &[$((stringify!($i), stringify!($it))),*],
                result: rule!($rr $(($rt))?),
                effects: Effects::$eff,
            },)*
        ];

        #[derive(Clone, Copy)]
        #[repr(u16)]
        enum Index { $($variant),* }

        impl Op {
            /// The op's row in the table.
            pub fn info(&self) -> &'static OpInfo {
                let index = match self { $(Op::$variant { .. } => Index::$variant,)* };
                &OPS[index as usize]
            }

            /// The op's type.
            pub fn ty(&self) -> Type {
                match self { $(Op::$variant { ty, .. } => *ty,)* }
            }

            /// Calls `f` with each value operand in turn.
            pub fn for_each_value(&self, mut f: impl FnMut(Value)) {
                match *self { $(Op::$variant { $($v,)* .. } => { $(f($v);)* })* }
                let _ = &mut f;
            }

            /// Replaces each value operand by what `f` gives for it.
            pub fn map_values(&mut self, mut f: impl FnMut(Value) -> Value) {
                match self { $(Op::$variant { $($v,)* .. } => { $(*$v = f(*$v);)* })* }
                let _ = &mut f;
            }

            /// Prints type, operands and immediates in the text form.
            pub(crate) fn print_fields(&self, out: &mut crate::print::Fields<'_>) {
                match *self {
                    $(Op::$variant { $($v,)* $($i,)* .. } => {
                        $(out.field(&$v);)*
                        $(out.field(&$i);)*
                    })*
                }
            }

            /// Reads the fields of the op called `name` in the text form.
            pub(crate) fn parse_fields(name: &str, ty: Type, input: &mut crate::parse::Fields<'_>) -> Result<Op, String> {
                $(if name == op_name(stringify!($method)) {
                    return Ok(Op::$variant { ty, $($v: input.field()?,)* $($i: input.field()?,)* });
                })*
                Err(format!("there is no op called `{name}`"))
            }

            /// Calls the visitor's method for this op.
            pub fn visit<V: OpVisitor + ?Sized>(&self, visitor: &mut V) -> V::Output {
                match *self { $(Op::$variant { ty, $($v,)* $($i,)* } => visitor.$method(ty, $($v,)* $($i,)*),)* }
            }
        }

        /// One method per op, none with a default body: whoever executes or lowers the IR must say what each op means.
        #[allow(missing_docs, reason = "each method is documented by its op")]
        #[allow(clippy::wrong_self_convention, reason = "these are ops, named as in the table")]
        pub trait OpVisitor {
            /// What handling an op gives.
            type Output;
            $(
                $(#[doc = $doc])*
                fn $method(&mut self, ty: Type, $($v: Value,)* $($i: $it,)*) -> Self::Output;
            )*
        }

        /// Emits ops into a block under construction; methods that give a value return it.
        impl crate::builder::BlockBuilder {
            $(
                $(#[doc = $doc])*
                #[allow(clippy::should_implement_trait, reason = "these are ops, named as in the table")]
                pub fn $method(&mut self, ty: Type, $($v: Value,)* $($i: $it,)*) -> Value {
                    self.push(Op::$variant { ty, $($v,)* $($i,)* })
                }
            )*
        }
    };
}

/// Rust keywords cannot be method names; their text form drops the underscore.
const fn op_name(method: &'static str) -> &'static str {
    let bytes = method.as_bytes();
    if bytes[bytes.len() - 1] == b'_' { method.split_at(bytes.len() - 1).0 } else { method }
}

for_each_op!(define_ops);

// Blocks are copied by every pass.
const _: () = assert!(size_of::<Op>() <= 24);

impl OpInfo {
    /// Whether the op's type is `v128`. Names of vector ops, and no others, begin with `v`.
    pub fn is_vector(&self) -> bool {
        self.name.starts_with('v')
    }
}

impl Op {
    /// The type of the op's result, `None` when it gives no value.
    pub fn result_type(&self) -> Option<Type> {
        match self.info().result {
            TypeRule::Ty => Some(self.ty()),
            TypeRule::Is(t) => Some(t),
            TypeRule::Addr | TypeRule::Any | TypeRule::None => None,
        }
    }
}
