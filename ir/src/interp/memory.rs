//! What the memory ops mean, in terms of [`Memory`].

use super::integer;
use crate::memory::{Access, Fault, FaultKind, Memory};
use crate::types::{MemOp, Type};

/// A [`MemOp`] and the types around it in an op's immediate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemKind {
    /// How the access is done.
    pub mem: MemOp,
    /// The type of the value.
    pub ty: Type,
}

/// `addr + disp`, wrapping at the width of the address.
#[inline(always)]
pub fn address(ty: Type, base: u64, disp: u64) -> u64 {
    integer::add(ty, base, disp)
}

#[inline(always)]
fn check_alignment(addr: u64, mem: MemOp, access: Access) -> Result<(), Fault> {
    if addr & u64::from(mem.size.bytes() - 1) == 0 {
        Ok(())
    } else {
        Err(Fault { addr, access, kind: FaultKind::Misaligned })
    }
}

/// The value in the guest's byte order, from memory's or to it.
#[inline(always)]
fn ordered(mem: MemOp, value: u64) -> u64 {
    if mem.big { integer::swap_sized(mem.size, value) } else { value }
}

#[inline(always)]
fn extended(kind: MemKind, value: u64) -> u64 {
    if kind.mem.sign { integer::sext_low(kind.ty, value, kind.mem.size) } else { value }
}

/// `load`
#[inline(always)]
pub fn load<M: Memory>(memory: &mut M, addr: u64, kind: MemKind) -> Result<u64, Fault> {
    if kind.mem.aligned {
        check_alignment(addr, kind.mem, Access::Load)?;
    }
    let value = memory.load(addr, kind.mem.size)?;
    Ok(extended(kind, ordered(kind.mem, value)))
}

/// `store`
#[inline(always)]
pub fn store<M: Memory>(memory: &mut M, addr: u64, value: u64, mem: MemOp) -> Result<(), Fault> {
    if mem.aligned {
        check_alignment(addr, mem, Access::Store)?;
    }
    memory.store(addr, mem.size, ordered(mem, value & mem.size.mask()))
}

/// What the exclusive monitor holds: an address (`u64::MAX` for none) and what `load_ex` loaded from there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Monitor {
    /// The address.
    pub addr: u64,
    /// The value.
    pub value: u64,
}

impl Monitor {
    /// A monitor that watches nothing.
    pub const CLEAR: Monitor = Monitor { addr: u64::MAX, value: u64::MAX };
}

/// `load_ex`: the value, and what the monitor holds from now on. Exclusive accesses are always aligned.
pub fn load_ex<M: Memory>(memory: &mut M, addr: u64, kind: MemKind) -> Result<(u64, Monitor), Fault> {
    check_alignment(addr, kind.mem, Access::Load)?;
    let raw = memory.load(addr, kind.mem.size)?;
    let value = extended(kind, ordered(kind.mem, raw));
    Ok((value, Monitor { addr, value }))
}

/// `store_ex`: whether it stored. The caller clears the monitor.
pub fn store_ex<M: Memory>(
    memory: &mut M,
    addr: u64,
    value: u64,
    mem: MemOp,
    monitor: Monitor,
) -> Result<bool, Fault> {
    check_alignment(addr, mem, Access::Store)?;
    if monitor.addr != addr {
        return Ok(false);
    }
    let old = ordered(mem, monitor.value & mem.size.mask());
    let new = ordered(mem, value & mem.size.mask());
    Ok(memory.compare_exchange(addr, mem.size, old, new)? == old)
}

/// `swap`: the old value.
pub fn swap<M: Memory>(memory: &mut M, addr: u64, value: u64, kind: MemKind) -> Result<u64, Fault> {
    check_alignment(addr, kind.mem, Access::Store)?;
    let size = kind.mem.size;
    let new = ordered(kind.mem, value & size.mask());
    // The exchange is one access, which needs permission to write.
    let mut old = memory.load(addr, size).map_err(|fault| Fault { access: Access::Store, ..fault })?;
    loop {
        let seen = memory.compare_exchange(addr, size, old, new)?;
        if seen == old {
            return Ok(extended(kind, ordered(kind.mem, old)));
        }
        old = seen;
    }
}
