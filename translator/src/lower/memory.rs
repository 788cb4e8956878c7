//! Guest memory accesses.
//!
//! With a window, `base + address` is one host access and a fault is a host signal. A low window's base is an immediate
//! displacement and takes no register. A small displacement is folded in:
//! an access that wraps around the 32-bit address space hits a guard area then, and faults as it should.
//! With sections, RAM is accessed directly and everything else is left to the interpreter, at exact state.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I32, I64};
use cranelift_codegen::ir::{self, AtomicRmwOp, InstBuilder, MemFlagsData, TrapCode};
use demotic_ir::{HostView, MemOp, MemSize, Op, Type, Value};

use super::ops::narrow_type;
use super::{Lowered, Lowerer, MemoryModel, clif_type, state_access};
use crate::vcpu_state::{offset, special};

/// Displacements below this may be folded into the host address. What an address plus or minus so much wraps around to
/// is below 0xf000 or from 0xffff_1000 on, where [`HostView::Window`](demotic_ir::HostView::Window) has nothing mapped.
pub(crate) const MAX_FOLDED: i32 = 0xf000;

/// Guest accesses may fault, and every one of them must appear in the fault map.
pub(super) fn guest_access() -> MemFlagsData {
    MemFlagsData::new().with_trap_code(Some(TrapCode::HEAP_OUT_OF_BOUNDS))
}

impl Lowerer<'_> {
    pub(super) fn guest_load(&mut self, ty: Type, addr: Value, disp: i32, mem: MemOp) -> Lowered {
        if let Some(half) = self.load_both(ty, addr, disp, mem) {
            return half;
        }
        let (base, disp) = self.host_address(addr, disp, mem, false);
        let narrow = narrow_type(mem.size);
        if mem.big && mem.size != MemSize::B1 {
            let raw = self.b.ins().load(narrow, guest_access(), base, disp);
            let swapped = self.b.ins().bswap(raw);
            return self.extend_loaded(ty, swapped, mem);
        }
        self.little_load(ty, mem, base, disp)
    }

    fn little_load(&mut self, ty: Type, mem: MemOp, base: ir::Value, disp: i32) -> Lowered {
        let flags = guest_access();
        let full = clif_type(ty);
        if narrow_type(mem.size) == full && full != I32 {
            let value = self.b.ins().load(full, flags, base, disp);
            // Or Cranelift merges it with what uses it, perhaps another guest instruction, where a fault would be seen.
            self.b.ins().sequence_point();
            return Self::plain(value);
        }
        if mem.sign && mem.size != MemSize::B4 {
            let wide = match mem.size {
                MemSize::B1 => self.b.ins().sload8(I64, flags, base, disp),
                _ => self.b.ins().sload16(I64, flags, base, disp),
            };
            let value = if full == I64 { wide } else { self.b.ins().ireduce(I32, wide) };
            return Self::plain(value);
        }
        if mem.sign && full == I64 {
            return Self::plain(self.b.ins().sload32(flags, base, disp));
        }
        let wide = match mem.size {
            MemSize::B1 => self.b.ins().uload8(I64, flags, base, disp),
            MemSize::B2 => self.b.ins().uload16(I64, flags, base, disp),
            _ => self.b.ins().uload32(flags, base, disp),
        };
        if full == I64 {
            return Self::plain(wide);
        }
        Lowered::Plain { value: self.b.ins().ireduce(I32, wide), wide: Some(wide) }
    }

    fn extend_loaded(&mut self, ty: Type, value: ir::Value, mem: MemOp) -> Lowered {
        let (from, to) = (narrow_type(mem.size), clif_type(ty));
        Self::plain(match (from == to, mem.sign) {
            (true, _) => value,
            (false, true) => self.b.ins().sextend(to, value),
            (false, false) => self.b.ins().uextend(to, value),
        })
    }

    pub(super) fn guest_store(&mut self, addr: Value, value: Value, disp: i32, mem: MemOp) -> Lowered {
        if self.store_both(addr, value, disp, mem) {
            return Lowered::Nothing;
        }
        let (base, disp) = self.host_address(addr, disp, mem, true);
        let value = self.memory_value(value, mem);
        self.b.ins().store(guest_access(), value, base, disp);
        Lowered::Nothing
    }

    /// A value as it goes to memory: narrowed, its bytes in the guest's order.
    fn memory_value(&mut self, value: Value, mem: MemOp) -> ir::Value {
        let value = self.val(value);
        let narrow = narrow_type(mem.size);
        let full = self.b.func.dfg.value_type(value);
        let value =
            if full == narrow || !full.is_int() { value } else { self.b.ins().ireduce(narrow, value) };
        if mem.big && mem.size != MemSize::B1 { self.b.ins().bswap(value) } else { value }
    }

    pub(super) fn load_exclusive(&mut self, ty: Type, addr: Value, mem: MemOp) -> Lowered {
        let aligned = MemOp { aligned: true, ..mem };
        let loaded = self.guest_load(ty, addr, 0, aligned);
        self.values.push(loaded);
        let value = self.wide(Value(self.values.len() as u32 - 1));
        let loaded = self.values.pop().unwrap_or(Lowered::Nothing);
        let address = self.wide(addr);
        self.write_slot_word(self.layout.monitor_addr, address);
        self.write_slot_word(self.layout.monitor_value, value);
        loaded
    }

    /// Stores if the address is the monitored one and memory still holds the value that was loaded.
    pub(super) fn store_exclusive(&mut self, addr: Value, value: Value, mem: MemOp) -> Lowered {
        let (monitor_addr, monitor_value) = (self.layout.monitor_addr, self.layout.monitor_value);
        let (expected_addr, expected) = (self.variable(monitor_addr), self.variable(monitor_value));
        let expected_addr = self.b.use_var(expected_addr);
        let expected = self.b.use_var(expected);
        let (base, disp) = self.host_address(addr, 0, MemOp { aligned: true, ..mem }, true);
        let new = self.memory_value(value, mem);
        let narrow = narrow_type(mem.size);
        let expected = if narrow == I64 { expected } else { self.b.ins().ireduce(narrow, expected) };
        let expected =
            if mem.big && mem.size != MemSize::B1 { self.b.ins().bswap(expected) } else { expected };
        let address = self.wide(addr);
        let monitored = self.b.ins().icmp(IntCC::Equal, address, expected_addr);
        let (attempt, after) = (self.b.create_block(), self.b.create_block());
        self.b.append_block_param(after, I8);
        let failed = self.b.ins().iconst(I8, 0);
        self.b.ins().brif(monitored, attempt, &[], after, &[failed.into()]);
        self.b.switch_to_block(attempt);
        let host = if disp == 0 { base } else { self.b.ins().iadd_imm_s(base, i64::from(disp)) };
        let old = self.b.ins().atomic_cas(guest_access(), host, expected, new);
        let stored = self.b.ins().icmp(IntCC::Equal, old, expected);
        self.b.ins().jump(after, &[stored.into()]);
        self.b.switch_to_block(after);
        let clear = self.b.ins().iconst(I64, -1);
        self.write_slot_word(monitor_addr, clear);
        self.write_slot_word(monitor_value, clear);
        Self::plain(self.b.block_params(after)[0])
    }

    pub(super) fn atomic_swap(&mut self, ty: Type, addr: Value, value: Value, mem: MemOp) -> Lowered {
        let (base, disp) = self.host_address(addr, 0, MemOp { aligned: true, ..mem }, true);
        let host = if disp == 0 { base } else { self.b.ins().iadd_imm_s(base, i64::from(disp)) };
        let new = self.memory_value(value, mem);
        let old =
            self.b.ins().atomic_rmw(narrow_type(mem.size), guest_access(), AtomicRmwOp::Xchg, host, new);
        let old = if mem.big && mem.size != MemSize::B1 { self.b.ins().bswap(old) } else { old };
        self.extend_loaded(ty, old, MemOp { sign: false, ..mem })
    }

    /// A sum or shift that never wraps around, in 64 bits.
    pub(super) fn exact_address(&mut self, op: &Op) -> Lowered {
        let wide = match *op {
            Op::Add { a, b, .. } => {
                let (a, b) = (self.wide(a), self.wide(b));
                self.b.ins().iadd(a, b)
            }
            Op::Shl { a, b, .. } => {
                let (a, b) = (self.wide(a), self.val(b));
                self.b.ins().ishl(a, b)
            }
            _ => return op.visit(self),
        };
        Lowered::Plain { value: self.b.ins().ireduce(I32, wide), wide: Some(wide) }
    }

    /// The host address of an access as base and displacement, after the checks that it needs.
    pub(super) fn host_address(
        &mut self,
        addr: Value,
        disp: i32,
        mem: MemOp,
        is_store: bool,
    ) -> (ir::Value, i32) {
        let folds = disp.abs() < MAX_FOLDED && self.options.memory != MemoryModel::Sections && !mem.aligned;
        let address = if folds { self.wide(addr) } else { self.guest_address(addr, disp) };
        let disp = if folds { disp } else { 0 };
        if mem.aligned && mem.size != MemSize::B1 {
            let low = self.b.ins().band_imm_u(address, i64::from(mem.size.bytes() - 1));
            let off = self.b.ins().icmp_imm_u(IntCC::NotEqual, low, 0);
            self.interpret_if(off);
        }
        if self.options.memory == MemoryModel::Sections {
            self.check_section(address, mem, is_store);
        }
        if self.replays() && is_store {
            self.keep_earlier_stores();
        }
        match self.mem {
            Some(base) => (self.b.ins().iadd(base, address), disp),
            None => (address, disp + HostView::LOW_BASE as i32),
        }
    }

    /// Makes stores so far be done even if the next one overwrites what they have written: Cranelift would leave out the
    /// earlier one of two, and the fault would be the later one's. A load that might trap looks at all of memory to it.
    fn keep_earlier_stores(&mut self) {
        let flags = state_access().with_trap_code(Some(TrapCode::HEAP_OUT_OF_BOUNDS));
        self.b.ins().load(I8, flags, self.cpu, offset::SECTIONS);
    }

    /// `addr + disp`, wrapping at the width of the address, in 64 bits.
    fn guest_address(&mut self, addr: Value, disp: i32) -> ir::Value {
        if disp == 0 {
            return self.wide(addr);
        }
        let value = self.val(addr);
        let sum = self.b.ins().iadd_imm_s(value, i64::from(disp));
        if self.b.func.dfg.value_type(sum) == I32 { self.b.ins().uextend(I64, sum) } else { sum }
    }

    /// Leaves the access to the interpreter unless its first and last byte lie in RAM that allows it.
    fn check_section(&mut self, address: ir::Value, mem: MemOp, is_store: bool) {
        let table = self.b.ins().load(I64, state_access(), self.cpu, offset::SECTIONS);
        let lookup = |l: &mut Self, address| {
            let section = l.b.ins().ushr_imm_u(address, 20);
            let entry = l.b.ins().iadd(table, section);
            let kind = l.b.ins().uload8(I32, state_access(), entry, 0);
            if is_store {
                l.b.ins().icmp_imm_u(IntCC::NotEqual, kind, 1)
            } else {
                l.b.ins().icmp_imm_u(IntCC::Equal, kind, 0)
            }
        };
        let refused = lookup(self, address);
        self.interpret_if(refused);
        if !mem.aligned && mem.size != MemSize::B1 {
            // An access across the end of a section is rare; do not look its second half up.
            let within = self.b.ins().band_imm_u(address, 0xf_ffff);
            let limit = i64::from(0x10_0000 - mem.size.bytes());
            let crosses = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, within, limit);
            self.interpret_if(crosses);
        }
    }

    /// Leaves translated code at the present guest instruction if `c`: the interpreter does it, exactly.
    fn interpret_if(&mut self, c: ir::Value) {
        let pc = self.current_pc();
        let (cold, on) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(cold);
        self.b.ins().brif(c, cold, &[], on, &[]);
        self.b.switch_to_block(cold);
        self.return_special(special::INTERPRET, pc);
        self.b.switch_to_block(on);
    }
}
