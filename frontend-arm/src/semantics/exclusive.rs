//! Exclusive accesses, load-acquire and store-release, swaps (ARM DDI 0406, A3.4; ARM DDI 0487, F5.1).

use demotic_ir::{MemOp, MemSize, Type, Value};

use crate::config::Unaligned;
use crate::lifter::Lifter;
use crate::state;

/// `LDREX`, `LDREXB`, `LDREXH` from `[Rn, #offset]`.
pub(crate) fn load_exclusive(l: &mut Lifter<'_>, size: MemSize, rt: u32, rn: u32, offset: u32) {
    let address = address(l, rn, offset);
    let mem = access(l, size);
    l.part();
    let value = l.b.load_ex(Type::I32, address, mem);
    l.put_reg(rt, value);
}

/// `STREX`, `STREXB`, `STREXH` to `[Rn, #offset]`: Rd gets 0 when it has stored, else 1.
pub(crate) fn store_exclusive(l: &mut Lifter<'_>, size: MemSize, rd: u32, rt: u32, rn: u32, offset: u32) {
    let address = address(l, rn, offset);
    let value = l.reg(rt);
    let mem = access(l, size);
    l.part();
    let stored = l.b.store_ex(Type::I32, address, value, mem);
    put_status(l, rd, stored);
}

/// `LDREXD Rt, Rt2, [Rn]`: the first register is the word at the lower address.
pub(crate) fn load_exclusive_dual(l: &mut Lifter<'_>, rt: u32, rt2: u32, rn: u32) {
    let address = l.reg(rn);
    let mem = access(l, MemSize::B8);
    l.part();
    let value = l.b.load_ex(Type::I64, address, mem);
    let (low, high) = (l.low(value), l.high(value));
    let (first, second) = if mem.big { (high, low) } else { (low, high) };
    l.put_reg(rt, first);
    l.put_reg(rt2, second);
}

/// `STREXD Rd, Rt, Rt2, [Rn]`.
pub(crate) fn store_exclusive_dual(l: &mut Lifter<'_>, rd: u32, rt: u32, rt2: u32, rn: u32) {
    let address = l.reg(rn);
    let (first, second) = (l.reg(rt), l.reg(rt2));
    let mem = access(l, MemSize::B8);
    let value = if mem.big { l.concat(first, second) } else { l.concat(second, first) };
    l.part();
    let stored = l.b.store_ex(Type::I64, address, value, mem);
    put_status(l, rd, stored);
}

/// `CLREX`: no address is odd and all ones for a monitor.
pub(crate) fn clear_exclusive(l: &mut Lifter<'_>) {
    l.part();
    let none = l.b.i64(MONITOR_CLEAR);
    l.b.put(Type::I64, none, state::MONITOR_ADDR);
}

/// The monitor's address when it holds nothing.
pub(crate) const MONITOR_CLEAR: u64 = u64::MAX;

/// `LDA`, `LDAB`, `LDAH`: no later access comes before it. The host's loads are like that.
pub(crate) fn load_acquire(l: &mut Lifter<'_>, size: MemSize, rt: u32, rn: u32) {
    let address = l.reg(rn);
    let mem = access(l, size);
    let value = l.load(address, 0, mem);
    l.put_reg(rt, value);
}

/// `STL`, `STLB`, `STLH`: it comes after all earlier accesses, as all stores of the host do, and before a later
/// load-acquire, which needs the barrier.
pub(crate) fn store_release(l: &mut Lifter<'_>, size: MemSize, rt: u32, rn: u32) {
    let address = l.reg(rn);
    let value = l.reg(rt);
    let mem = access(l, size);
    l.store(address, value, 0, mem);
    l.b.fence(Type::I32);
}

/// `SWP` and `SWPB`. Before ARMv6 an unaligned word is rotated as LDR does it.
pub(crate) fn swap(l: &mut Lifter<'_>, size: MemSize, rt: u32, rm: u32, rn: u32) {
    let address = l.reg(rn);
    let value = l.reg(rm);
    let mem = access(l, size);
    let rotates = size == MemSize::B4 && l.config.unaligned() == Unaligned::Rotates;
    let place = if rotates { l.and_imm(address, !3) } else { address };
    l.part();
    let mut old = l.b.swap(Type::I32, place, value, mem);
    if rotates {
        old = l.rotate_by_address(old, address);
    }
    l.put_reg(rt, old);
}

fn access(l: &Lifter<'_>, size: MemSize) -> MemOp {
    l.mem(size).aligned()
}

fn address(l: &mut Lifter<'_>, rn: u32, offset: u32) -> Value {
    let base = l.reg(rn);
    l.add_imm(base, offset)
}

fn put_status(l: &mut Lifter<'_>, rd: u32, stored: Value) {
    let failed = l.b.not(Type::Bool, stored);
    let status = l.number(failed);
    l.put_reg(rd, status);
}
