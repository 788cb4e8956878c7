//! Guest memory accesses.

use demotic_ir::{HostView, MemOp, MemSize, Type, Value};
use dynasmrt::{DynasmApi, DynasmLabelApi, dynasm};

use super::Refused;
use super::emitter::{Emitter, Interpret};
use super::values::{RAX, RCX, Register};
use crate::lower::{MAX_FOLDED, MemoryModel};

/// An access of some width with the host's address; `$op` and its operands around the address.
macro_rules! access {
    ($self:ident, $at:expr, $($before:tt)*) => {
        match $at {
            Address { register, disp, based: false } => dynasm!($self.asm ; .arch x64 ; $($before)* [Rq(register) + disp]),
            Address { register, disp, based: true } => dynasm!($self.asm ; .arch x64 ; $($before)* [rdx + Rq(register) + disp]),
        }
    };
}

/// The same with an operand behind the address.
macro_rules! access_from {
    ($self:ident, $at:expr, $($op:ident)+, $($after:tt)+) => {
        match $at {
            Address { register, disp, based: false } => dynasm!($self.asm ; .arch x64 ; $($op)+ [Rq(register) + disp], $($after)+),
            Address { register, disp, based: true } => dynasm!($self.asm ; .arch x64 ; $($op)+ [rdx + Rq(register) + disp], $($after)+),
        }
    };
}

/// A host address: a register, a displacement, and (`based`) the memory's base in rdx.
#[derive(Clone, Copy)]
struct Address {
    register: Register,
    disp: i32,
    based: bool,
}

impl Emitter<'_> {
    /// The host address of an access, after the check that it needs. May use rcx.
    fn address(&mut self, addr: Value, disp: i32, mem: MemOp) -> Result<Address, Refused> {
        if self.value_type(addr) == Some(Type::I64) {
            return Err(Refused);
        }
        let mut register = self.register(addr, RCX);
        let folds = disp.abs() < MAX_FOLDED && !mem.aligned;
        if !folds && disp != 0 {
            dynasm!(self.asm ; .arch x64 ; lea Rd(RCX), [Rq(register) + disp]);
            register = RCX;
        }
        if mem.aligned && mem.size != MemSize::B1 {
            let label = self.asm.new_dynamic_label();
            let mask = mem.size.bytes() as i32 - 1;
            dynasm!(self.asm ; .arch x64 ; test Rd(register), mask ; jnz =>label);
            self.interpret.push(Interpret { label, pc: self.current_pc() });
        }
        let disp = if folds { disp } else { 0 };
        Ok(match self.options.memory {
            MemoryModel::LowWindow => {
                Address { register, disp: disp + HostView::LOW_BASE as i32, based: false }
            }
            _ => Address { register, disp, based: true },
        })
    }

    /// The type of a value; of an address, how wide it is.
    fn value_type(&self, v: Value) -> Option<Type> {
        self.block.value_type(v)
    }

    pub(super) fn guest_load(&mut self, ty: Type, addr: Value, disp: i32, mem: MemOp) -> Result<(), Refused> {
        let at = self.address(addr, disp, mem)?;
        let to = self.define()?;
        self.load_from(to, ty, at, mem)
    }

    fn load_from(&mut self, to: Register, ty: Type, at: Address, mem: MemOp) -> Result<(), Refused> {
        let wide = matches!(ty, Type::I64 | Type::F64);
        if !matches!(ty, Type::I32 | Type::I64 | Type::F32 | Type::F64) {
            return Err(Refused);
        }
        self.may_fault();
        let swaps = mem.big && mem.size != MemSize::B1;
        match (mem.size, mem.sign && !swaps, wide) {
            (MemSize::B1, false, _) => access!(self, at, movzx Rd(to), BYTE),
            (MemSize::B1, true, false) => access!(self, at, movsx Rd(to), BYTE),
            (MemSize::B1, true, true) => access!(self, at, movsx Rq(to), BYTE),
            (MemSize::B2, false, _) => access!(self, at, movzx Rd(to), WORD),
            (MemSize::B2, true, false) => access!(self, at, movsx Rd(to), WORD),
            (MemSize::B2, true, true) => access!(self, at, movsx Rq(to), WORD),
            (MemSize::B4, true, true) => access!(self, at, movsxd Rq(to), DWORD),
            (MemSize::B4, ..) => access!(self, at, mov Rd(to),),
            (MemSize::B8, ..) => access!(self, at, mov Rq(to),),
        }
        if swaps {
            self.swap_bytes(to, mem.size);
            match (mem.size, mem.sign, wide) {
                (MemSize::B2, true, false) => dynasm!(self.asm ; .arch x64 ; movsx Rd(to), Rw(to)),
                (MemSize::B2, true, true) => dynasm!(self.asm ; .arch x64 ; movsx Rq(to), Rw(to)),
                (MemSize::B4, true, true) => dynasm!(self.asm ; .arch x64 ; movsxd Rq(to), Rd(to)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Reverses the low bytes of a register, above which are zeros.
    fn swap_bytes(&mut self, register: Register, size: MemSize) {
        match size {
            MemSize::B1 => {}
            MemSize::B2 => dynasm!(self.asm ; .arch x64 ; rol Rw(register), 8),
            MemSize::B4 => dynasm!(self.asm ; .arch x64 ; bswap Rd(register)),
            MemSize::B8 => dynasm!(self.asm ; .arch x64 ; bswap Rq(register)),
        }
    }

    pub(super) fn guest_store(
        &mut self,
        addr: Value,
        value: Value,
        disp: i32,
        mem: MemOp,
    ) -> Result<(), Refused> {
        if self.value_type(value).is_none_or(|ty| ty == Type::V128) {
            return Err(Refused);
        }
        let at = self.address(addr, disp, mem)?;
        let swaps = mem.big && mem.size != MemSize::B1;
        // Byte registers other than rax and its like need a prefix, which the assembler cannot always tell.
        let from = if swaps || mem.size == MemSize::B1 {
            self.load(RAX, value);
            if swaps {
                self.swap_bytes(RAX, mem.size);
            }
            RAX
        } else {
            self.register(value, RAX)
        };
        self.may_fault();
        match mem.size {
            MemSize::B1 => access_from!(self, at, mov, al),
            MemSize::B2 => access_from!(self, at, mov, Rw(from)),
            MemSize::B4 => access_from!(self, at, mov, Rd(from)),
            MemSize::B8 => access_from!(self, at, mov, Rq(from)),
        }
        Ok(())
    }

    /// Loads, and remembers address and value in the monitor.
    pub(super) fn load_exclusive(&mut self, ty: Type, addr: Value, mem: MemOp) -> Result<(), Refused> {
        let at = self.address(addr, 0, MemOp { aligned: true, ..mem })?;
        let to = self.define()?;
        self.load_from(to, ty, at, mem)?;
        let address = self.register(addr, RCX);
        self.store_word(self.slot(self.layout.monitor_addr), address);
        self.store_word(self.slot(self.layout.monitor_value), to);
        Ok(())
    }

    /// Stores if the address is the monitored one and memory still holds the value that was loaded.
    pub(super) fn store_exclusive(&mut self, addr: Value, value: Value, mem: MemOp) -> Result<(), Refused> {
        let (failed, done) = (self.asm.new_dynamic_label(), self.asm.new_dynamic_label());
        let to = self.define()?;
        let at = self.address(addr, 0, MemOp { aligned: true, ..mem })?;
        self.load(to, value);
        let (monitor_addr, monitor_value) =
            (self.slot(self.layout.monitor_addr), self.slot(self.layout.monitor_value));
        dynasm!(self.asm ; .arch x64 ; cmp Rq(at.register), [rdi + monitor_addr] ; jne =>failed);
        self.load_word(RAX, monitor_value);
        if mem.big {
            self.swap_bytes(RAX, mem.size);
            self.swap_bytes(to, mem.size);
        }
        self.may_fault();
        match mem.size {
            MemSize::B1 => access_from!(self, at, lock cmpxchg, Rb(to)),
            MemSize::B2 => access_from!(self, at, lock cmpxchg, Rw(to)),
            MemSize::B4 => access_from!(self, at, lock cmpxchg, Rd(to)),
            MemSize::B8 => access_from!(self, at, lock cmpxchg, Rq(to)),
        }
        dynasm!(self.asm ; .arch x64
            ; sete al
            ; movzx Rd(to), al
            ; jmp =>done
            ; =>failed
            ; mov Rd(to), 0
            ; =>done
            ; mov QWORD [rdi + monitor_addr], -1
            ; mov QWORD [rdi + monitor_value], -1
        );
        Ok(())
    }

    pub(super) fn atomic_swap(&mut self, addr: Value, value: Value, mem: MemOp) -> Result<(), Refused> {
        let to = self.define()?;
        let at = self.address(addr, 0, MemOp { aligned: true, ..mem })?;
        self.load(to, value);
        if mem.big {
            self.swap_bytes(to, mem.size);
        }
        self.may_fault();
        match mem.size {
            MemSize::B1 => access_from!(self, at, xchg, Rb(to)),
            MemSize::B2 => access_from!(self, at, xchg, Rw(to)),
            MemSize::B4 => access_from!(self, at, xchg, Rd(to)),
            MemSize::B8 => access_from!(self, at, xchg, Rq(to)),
        }
        match mem.size {
            MemSize::B1 => dynasm!(self.asm ; .arch x64 ; movzx Rd(to), Rb(to)),
            MemSize::B2 => dynasm!(self.asm ; .arch x64 ; movzx Rd(to), Rw(to)),
            _ => {}
        }
        if mem.big {
            self.swap_bytes(to, mem.size);
        }
        Ok(())
    }
}
