//! Vectors on the host's 128-bit registers. What x86-64 (or Cranelift) has no instruction for is composed of what it has.
//!
//! A vector is a host value of any 128-bit type: each op sees it as the type that it needs, which costs nothing.

mod arithmetic;
mod float;
mod permute;
mod shift;
mod width;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I8X16, I16, I16X8, I32, I32X4, I64, I64X2};
use cranelift_codegen::ir::{
    self, ConstantData, Endianness, InstBuilder, MemFlagsData, StackSlotData, StackSlotKind,
};
use demotic_ir::{HelperId, Lanes, Value};

use super::{Lowerer, state_access};
use crate::vcpu_state::{HostCall, offset};

/// The type of a vector as lanes.
fn vector_type(lanes: Lanes) -> ir::Type {
    match lanes {
        Lanes::B16 => I8X16,
        Lanes::H8 => I16X8,
        Lanes::W4 => I32X4,
        Lanes::D2 => I64X2,
    }
}

/// The type of one lane.
fn lane_type(lanes: Lanes) -> ir::Type {
    match lanes {
        Lanes::B16 => I8,
        Lanes::H8 => I16,
        Lanes::W4 => I32,
        Lanes::D2 => I64,
    }
}

/// The number whose lanes are all `lane`.
fn splat_bits(lanes: Lanes, lane: u64) -> u128 {
    let lane = u128::from(lane & lanes.mask());
    (0..lanes.count()).fold(0, |bits, i| bits | lane << (i * lanes.bits()))
}

/// The visitor's methods for vector ops. Those in the first three lists are one instruction of Cranelift's on vectors of
/// the op's lanes; the others have a function of their own in this module.
macro_rules! vector_methods {
    (
        unary { $($u:ident => $u_clif:ident;)* }
        binary { $($b:ident => $b_clif:ident;)* }
        bits { $($w:ident => $w_clif:ident($($x:ident),*);)* }
        own { $($method:ident($($v:ident),*)($($i:ident: $it:ty),*) => $function:ident $args:tt;)* }
    ) => {
        $(fn $u(&mut self, _ty: Type, a: Value, lanes: Lanes) -> Lowered {
            let a = self.lanes(lanes, a);
            Self::plain(self.b.ins().$u_clif(a))
        })*
        $(fn $b(&mut self, _ty: Type, a: Value, b: Value, lanes: Lanes) -> Lowered {
            let (a, b) = (self.lanes(lanes, a), self.lanes(lanes, b));
            Self::plain(self.b.ins().$b_clif(a, b))
        })*
        $(fn $w(&mut self, _ty: Type, $($x: Value),*) -> Lowered {
            $(let $x = self.lanes(Lanes::D2, $x);)*
            Self::plain(self.b.ins().$w_clif($($x),*))
        })*
        $(fn $method(&mut self, _ty: Type, $($v: Value,)* $($i: $it),*) -> Lowered {
            let value = self.$function $args;
            Self::plain(value)
        })*

        fn vlow(&mut self, _ty: Type, a: Value) -> Lowered {
            Lowered::Half { vector: self.val(a), high: false }
        }

        fn vhigh(&mut self, _ty: Type, a: Value) -> Lowered {
            Lowered::Half { vector: self.val(a), high: true }
        }
    };
}

macro_rules! all_vector_methods {
    () => {
        $crate::lower::vector::vector_methods! {
            unary {
                vneg => ineg;
                vabs => iabs;
                vpopcnt => popcnt;
                vwiden_low_s => swiden_low;
                vwiden_low_u => uwiden_low;
                vwiden_high_s => swiden_high;
                vwiden_high_u => uwiden_high;
            }
            binary {
                vadd => iadd;
                vsub => isub;
                vmin_s => smin;
                vmin_u => umin;
                vmax_s => smax;
                vmax_u => umax;
            }
            bits {
                vand => band(a, b);
                vor => bor(a, b);
                vxor => bxor(a, b);
                vnot => bnot(a);
                vselect => bitselect(mask, a, b);
            }
            own {
                vjoin(lo, hi)() => vector_join(lo, hi);
                vsplat(a)(lanes: Lanes) => vector_splat(a, lanes);
                vextract(a)(lanes: Lanes, lane: u8) => vector_extract(a, lanes, lane);
                vinsert(a, b)(lanes: Lanes, lane: u8) => vector_insert(a, b, lanes, lane);
                vshuffle_(a, b)(shuffle: Shuffle) => vector_shuffle(a, b, shuffle);
                vtable(a, b)() => vector_table(a, b);
                vmul(a, b)(lanes: Lanes) => vector_multiply(a, b, lanes);
                vadd_sat_s(a, b)(lanes: Lanes) => vector_add_sat_s(a, b, lanes);
                vadd_sat_u(a, b)(lanes: Lanes) => vector_add_sat_u(a, b, lanes);
                vsub_sat_s(a, b)(lanes: Lanes) => vector_sub_sat_s(a, b, lanes);
                vsub_sat_u(a, b)(lanes: Lanes) => vector_sub_sat_u(a, b, lanes);
                vavg_u(a, b)(lanes: Lanes) => vector_average(a, b, lanes);
                vclz(a)(lanes: Lanes) => vector_clz(a, lanes);
                vcmp(a, b)(lanes: Lanes, cc: IntCc) => vector_compare(a, b, lanes, int_cc(cc));
                vfcmp(a, b)(lanes: Lanes, cc: FloatCc, mode: FpMode) => vector_float_compare(a, b, lanes, cc, mode);
                vshl_i(a)(lanes: Lanes, amount: u8) => vector_shift_by(Shift::Left, a, lanes, amount);
                vshr_i(a)(lanes: Lanes, amount: u8) => vector_shift_by(Shift::Logical, a, lanes, amount);
                vsar_i(a)(lanes: Lanes, amount: u8) => vector_shift_by(Shift::Arithmetic, a, lanes, amount);
                vshl_v(a, b)(lanes: Lanes) => vector_shift_lanes(Shift::Left, a, b, lanes);
                vshr_v(a, b)(lanes: Lanes) => vector_shift_lanes(Shift::Logical, a, b, lanes);
                vsar_v(a, b)(lanes: Lanes) => vector_shift_lanes(Shift::Arithmetic, a, b, lanes);
                vnarrow(a, b)(lanes: Lanes) => vector_narrow(a, b, lanes);
                vnarrow_sat_ss(a, b)(lanes: Lanes) => vector_narrow_sat_ss(a, b, lanes);
                vnarrow_sat_su(a, b)(lanes: Lanes) => vector_narrow_sat_su(a, b, lanes);
                vnarrow_sat_uu(a, b)(lanes: Lanes) => vector_narrow_sat_uu(a, b, lanes);
                vhelper(a, b, c)(id: HelperId) => vector_helper([a, b, c], id);
            }
        }
    };
}

/// The visitor's methods for floating-point vector ops.
macro_rules! vector_float_methods {
    ($($variant:ident $method:ident ($($x:ident),+);)*) => {
        $(fn $method(&mut self, ty: Type, $($x: Value,)+ lanes: Lanes, mode: FpMode) -> Lowered {
            let value = self.vector_float(Op::$variant { ty, $($x,)+ lanes, mode });
            Self::plain(value)
        })*
    };
}
pub(crate) use float::evaluate;
pub(super) use float::host_lanes;
pub(super) use {all_vector_methods, shift::Shift, vector_float_methods, vector_methods};

impl Lowerer<'_> {
    /// A vector as the type of its lanes.
    pub(super) fn lanes(&mut self, lanes: Lanes, v: Value) -> ir::Value {
        let value = self.val(v);
        self.as_lanes(lanes, value)
    }

    /// The same for a host value.
    pub(in crate::lower) fn as_lanes(&mut self, lanes: Lanes, value: ir::Value) -> ir::Value {
        let ty = vector_type(lanes);
        if self.b.func.dfg.value_type(value) == ty {
            return value;
        }
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        self.b.ins().bitcast(ty, flags, value)
    }

    /// A constant vector.
    fn vconst(&mut self, lanes: Lanes, bits: u128) -> ir::Value {
        let data = ConstantData::from(bits.to_le_bytes().as_slice());
        let constant = self.b.func.dfg.constants.insert(data);
        self.b.ins().vconst(vector_type(lanes), constant)
    }

    /// A constant vector with equal lanes.
    pub(in crate::lower) fn vconst_splat(&mut self, lanes: Lanes, lane: u64) -> ir::Value {
        self.vconst(lanes, splat_bits(lanes, lane))
    }

    /// The constant that an integer value of the block is, if it is one.
    fn constant(&self, v: Value) -> Option<u64> {
        self.region.blocks[self.at].block.constant(v)
    }

    pub(super) fn vector_compare(&mut self, a: Value, b: Value, lanes: Lanes, cc: IntCC) -> ir::Value {
        let (a, b) = (self.lanes(lanes, a), self.lanes(lanes, b));
        self.b.ins().icmp(cc, a, b)
    }

    /// Calls a helper: operands and result are in memory, where the function that is called finds them.
    pub(super) fn vector_helper(&mut self, operands: [Value; 3], id: HelperId) -> ir::Value {
        let slot = self.vector_slot();
        let memory = self.b.ins().stack_addr(I64, slot, 0);
        for (i, v) in (0..).zip(operands) {
            let value = self.lanes(Lanes::B16, v);
            self.b.ins().store(state_access(), value, memory, 16 * i);
        }
        let table = self.b.ins().load(I64, state_access(), self.cpu, offset::VECTOR_HELPERS);
        let helper = self.b.ins().load(I64, state_access(), table, 8 * i32::from(id.0));
        let call = HostCall::VectorHelper;
        let function = self.b.ins().load(I64, state_access(), self.cpu, offset::host_call(call));
        let none = self.iconst(I64, 0);
        self.b.ins().call_indirect(self.helper_signature, function, &[helper, memory, none]);
        self.b.ins().load(I8X16, state_access(), memory, 0)
    }

    /// Room on the host's stack for three vectors.
    fn vector_slot(&mut self) -> ir::StackSlot {
        let b = &mut self.b;
        *self.vector_slot.get_or_insert_with(|| {
            b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, 48, 4))
        })
    }
}
