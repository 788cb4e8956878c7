//! Handlers of memory accesses. The common ones are specialised on width, sign, byte order, alignment and the form of
//! the address; the rest decode their [`MemKind`] as they run.

use super::memory::{self, MemKind, Monitor};
use super::op::{Env, Finish, OpCode, Run, Words, fail, get, next, set};
use crate::memory::Memory;
use crate::types::{MemOp, MemSize, Type};

/// The form of an address as a type parameter.
pub(super) trait Mode {
    fn address<M>(w: &Words, op: &OpCode<M>) -> u64;
}

/// The 32-bit sum of `a` and `imm`.
pub(super) struct Based;
impl Mode for Based {
    #[inline(always)]
    fn address<M>(w: &Words, op: &OpCode<M>) -> u64 {
        memory::address(Type::I32, get(w, op.a), op.imm)
    }
}

/// The 32-bit sum of `a`, `imm`, and `b` shifted left by `c`.
pub(super) struct Indexed;
impl Mode for Indexed {
    #[inline(always)]
    fn address<M>(w: &Words, op: &OpCode<M>) -> u64 {
        let index = get(w, op.b) << (op.c & 31);
        memory::address(Type::I32, get(w, op.a).wrapping_add(index), op.imm)
    }
}

/// The access that the constant parameters of a handler describe.
#[inline(always)]
const fn mem_op(size: u8, sign: bool, big: bool, aligned: bool) -> MemOp {
    let size = match size {
        0 => MemSize::B1,
        1 => MemSize::B2,
        2 => MemSize::B4,
        _ => MemSize::B8,
    };
    MemOp { size, sign, big, aligned }
}

/// `dst = memory[address]`
fn load<M: Memory, A: Mode, const SIZE: u8, const SIGN: bool, const BIG: bool, const ALIGNED: bool>(
    w: &mut Words,
    env: &mut Env<'_, M>,
    op: &OpCode<M>,
    rest: &[OpCode<M>],
) -> Finish {
    let kind = MemKind { mem: const { mem_op(SIZE, SIGN, BIG, ALIGNED) }, ty: Type::I32 };
    // Only sign extension looks at the type, and a sign-extending 64-bit access is not made here.
    match memory::load(env.mem, A::address(w, op), kind) {
        Ok(value) => set(w, op.dst, value),
        Err(fault) => return fail(env, fault, rest),
    }
    next(w, env, rest)
}

/// `memory[address] = dst`
fn store<M: Memory, A: Mode, const SIZE: u8, const BIG: bool, const ALIGNED: bool>(
    w: &mut Words,
    env: &mut Env<'_, M>,
    op: &OpCode<M>,
    rest: &[OpCode<M>],
) -> Finish {
    let mem = const { mem_op(SIZE, false, BIG, ALIGNED) };
    match memory::store(env.mem, A::address(w, op), get(w, op.dst), mem) {
        Ok(()) => next(w, env, rest),
        Err(fault) => fail(env, fault, rest),
    }
}

/// Matches run-time flags to the constants of a handler.
macro_rules! by_bools {
    ($handler:ident, [$($done:tt)*], ) => { $handler::<$($done)*> };
    ($handler:ident, [$($done:tt)*], $flag:expr $(, $more:expr)*) => {
        if $flag {
            by_bools!($handler, [$($done)* true,], $($more),*)
        } else {
            by_bools!($handler, [$($done)* false,], $($more),*)
        }
    };
}

fn load_run_in<M: Memory, A: Mode>(mem: MemOp) -> Run<M> {
    match mem.size {
        MemSize::B1 => by_bools!(load, [M, A, 0,], mem.sign, mem.big, mem.aligned),
        MemSize::B2 => by_bools!(load, [M, A, 1,], mem.sign, mem.big, mem.aligned),
        MemSize::B4 => by_bools!(load, [M, A, 2,], mem.sign, mem.big, mem.aligned),
        MemSize::B8 => by_bools!(load, [M, A, 3,], mem.sign, mem.big, mem.aligned),
    }
}

fn store_run_in<M: Memory, A: Mode>(mem: MemOp) -> Run<M> {
    match mem.size {
        MemSize::B1 => by_bools!(store, [M, A, 0,], mem.big, mem.aligned),
        MemSize::B2 => by_bools!(store, [M, A, 1,], mem.big, mem.aligned),
        MemSize::B4 => by_bools!(store, [M, A, 2,], mem.big, mem.aligned),
        MemSize::B8 => by_bools!(store, [M, A, 3,], mem.big, mem.aligned),
    }
}

/// The handler of a load from a 32-bit address; `None` when only [`load_general`] can do it.
pub(super) fn load_run<M: Memory>(kind: MemKind, indexed: bool) -> Option<Run<M>> {
    if kind.mem.sign && kind.ty != Type::I32 {
        return None;
    }
    Some(if indexed { load_run_in::<M, Indexed>(kind.mem) } else { load_run_in::<M, Based>(kind.mem) })
}

/// The handler of a store to a 32-bit address.
pub(super) fn store_run<M: Memory>(mem: MemOp, indexed: bool) -> Run<M> {
    if indexed { store_run_in::<M, Indexed>(mem) } else { store_run_in::<M, Based>(mem) }
}

/// A [`MemKind`] and the width of the address as a number, for the handlers that are not specialised.
pub(super) fn pack(kind: MemKind, addr: Type) -> u16 {
    kind.mem.size as u16
        | u16::from(kind.mem.sign) << 2
        | u16::from(kind.mem.big) << 3
        | u16::from(kind.mem.aligned) << 4
        | u16::from(kind.ty == Type::I64) << 5
        | u16::from(addr == Type::I64) << 6
}

/// What [`pack`] has packed.
fn unpack(packed: u16) -> (MemKind, Type) {
    let bit = |n: u16| packed >> n & 1 != 0;
    let ty = |wide: bool| if wide { Type::I64 } else { Type::I32 };
    let mem = mem_op((packed & 3) as u8, bit(2), bit(3), bit(4));
    (MemKind { mem, ty: ty(bit(5)) }, ty(bit(6)))
}

/// `dst = memory[a + imm]`, an access as `c` says.
pub(super) fn load_general<M: Memory>(
    w: &mut Words,
    env: &mut Env<'_, M>,
    op: &OpCode<M>,
    rest: &[OpCode<M>],
) -> Finish {
    let (kind, addr) = unpack(op.c);
    match memory::load(env.mem, memory::address(addr, get(w, op.a), op.imm), kind) {
        Ok(value) => set(w, op.dst, value),
        Err(fault) => return fail(env, fault, rest),
    }
    next(w, env, rest)
}

/// `memory[a + imm] = dst`, an access as `c` says.
pub(super) fn store_general<M: Memory>(
    w: &mut Words,
    env: &mut Env<'_, M>,
    op: &OpCode<M>,
    rest: &[OpCode<M>],
) -> Finish {
    let (kind, addr) = unpack(op.c);
    match memory::store(env.mem, memory::address(addr, get(w, op.a), op.imm), get(w, op.dst), kind.mem) {
        Ok(()) => next(w, env, rest),
        Err(fault) => fail(env, fault, rest),
    }
}

/// The two monitor slots as the immediate of an exclusive access.
pub(super) fn monitor_slots(addr: u16, value: u16) -> u64 {
    u64::from(addr) | u64::from(value) << 16
}

fn set_monitor(w: &mut Words, slots: u64, monitor: Monitor) {
    set(w, slots as u16, monitor.addr);
    set(w, (slots >> 16) as u16, monitor.value);
}

/// `dst = memory[a]`, remembered in the monitor.
pub(super) fn load_ex<M: Memory>(
    w: &mut Words,
    env: &mut Env<'_, M>,
    op: &OpCode<M>,
    rest: &[OpCode<M>],
) -> Finish {
    match memory::load_ex(env.mem, get(w, op.a), unpack(op.c).0) {
        Ok((value, monitor)) => {
            set_monitor(w, op.imm, monitor);
            set(w, op.dst, value);
        }
        Err(fault) => return fail(env, fault, rest),
    }
    next(w, env, rest)
}

/// `dst` = whether the monitor still held and `b` was stored at `a`.
pub(super) fn store_ex<M: Memory>(
    w: &mut Words,
    env: &mut Env<'_, M>,
    op: &OpCode<M>,
    rest: &[OpCode<M>],
) -> Finish {
    let monitor = Monitor { addr: get(w, op.imm as u16), value: get(w, (op.imm >> 16) as u16) };
    match memory::store_ex(env.mem, get(w, op.a), get(w, op.b), unpack(op.c).0.mem, monitor) {
        Ok(stored) => {
            set_monitor(w, op.imm, Monitor::CLEAR);
            set(w, op.dst, u64::from(stored));
        }
        Err(fault) => return fail(env, fault, rest),
    }
    next(w, env, rest)
}

/// `dst = memory[a]`, replaced by `b`.
pub(super) fn swap<M: Memory>(
    w: &mut Words,
    env: &mut Env<'_, M>,
    op: &OpCode<M>,
    rest: &[OpCode<M>],
) -> Finish {
    match memory::swap(env.mem, get(w, op.a), get(w, op.b), unpack(op.c).0) {
        Ok(value) => set(w, op.dst, value),
        Err(fault) => return fail(env, fault, rest),
    }
    next(w, env, rest)
}

/// A full barrier of the host.
pub(super) fn fence<M>(w: &mut Words, env: &mut Env<'_, M>, _: &OpCode<M>, rest: &[OpCode<M>]) -> Finish {
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
    next(w, env, rest)
}
