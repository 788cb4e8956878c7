//! How a block is left: exits say what the guest meant, so that calls, returns and switches can be made fast later.

use crate::value::Value;

/// A way out of a block. Guest addresses carry the ISA bit where the guest has one (bit 0: Thumb, MIPS16, microMIPS).
#[derive(Clone, PartialEq, Debug)]
pub enum Exit {
    /// Go on at a known address.
    Jump {
        /// Where to.
        target: u64,
    },
    /// Go on at one of two known addresses.
    Branch {
        /// A truth value.
        cond: Value,
        /// Address when it is true.
        taken: u64,
        /// Address when it is false.
        fallthrough: u64,
    },
    /// Call a known address. The return address has already been written to the guest's link register.
    Call {
        /// The callee.
        target: u64,
        /// The address that the callee is expected to return to.
        ret: u64,
    },
    /// Call a computed address.
    CallIndirect {
        /// The callee (an address-sized integer).
        target: Value,
        /// The address that the callee is expected to return to.
        ret: u64,
    },
    /// Return from a call to a computed address.
    Return {
        /// The return address.
        target: Value,
    },
    /// Go on at a computed address.
    JumpIndirect {
        /// Where to.
        target: Value,
    },
    /// A recognised jump table: `targets[index]`, or `default` when the index is past its end.
    Switch {
        /// An `i32`, the table index.
        index: Value,
        /// The table's entries.
        targets: Vec<u64>,
        /// Where to when the index is out of range.
        default: u64,
    },
    /// Something that the guest's operating system or the hypervisor handles.
    Trap {
        /// What happened.
        trap: Trap,
        /// Address of the instruction that did it.
        pc: u64,
        /// Address of the instruction after it.
        next: u64,
    },
}

/// Why a block traps.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Trap {
    /// A system call instruction with its immediate.
    Syscall {
        /// The instruction's immediate field.
        imm: u32,
    },
    /// A breakpoint instruction with its immediate.
    Breakpoint {
        /// The instruction's immediate field.
        imm: u32,
    },
    /// An instruction that the architecture leaves undefined (or forbids at this privilege): a guest exception.
    Undefined {
        /// The encoding; T32 halfwords with the first one on top, T16 in the low half.
        word: u32,
    },
    /// An instruction that Demotic does not know yet.
    Unimplemented {
        /// The encoding.
        word: u32,
        /// The name of its row in the encoding tables.
        name: &'static str,
    },
    /// A privileged instruction that the vCPU's hypervisor handles.
    Privileged {
        /// The encoding.
        word: u32,
    },
    /// An arithmetic trap; the code is the guest architecture's own (see the front end).
    Arithmetic {
        /// Which one.
        code: u32,
    },
    /// The instruction at `pc` cannot be fetched.
    Fetch,
    /// An instruction that is legal but must be at an aligned address is not (the target of a jump, say).
    Misaligned,
    /// Interrupts may have become deliverable: check before going on.
    InterruptCheck,
    /// The instruction stream was changed by a cache-maintenance instruction over `[addr, addr + len)`; the front end
    /// has put both into the layout's `scratch` slots.
    CacheFlush,
}

impl Trap {
    /// The trap's name in the text form and in statistics.
    pub fn name(self) -> &'static str {
        match self {
            Trap::Syscall { .. } => "syscall",
            Trap::Breakpoint { .. } => "breakpoint",
            Trap::Undefined { .. } => "undefined",
            Trap::Unimplemented { .. } => "unimplemented",
            Trap::Privileged { .. } => "privileged",
            Trap::Arithmetic { .. } => "arithmetic",
            Trap::Fetch => "fetch",
            Trap::Misaligned => "misaligned",
            Trap::InterruptCheck => "interrupt_check",
            Trap::CacheFlush => "cache_flush",
        }
    }

    /// The trap's immediate, code or encoding; 0 where it has none.
    pub fn detail(self) -> u32 {
        match self {
            Trap::Syscall { imm } | Trap::Breakpoint { imm } => imm,
            Trap::Undefined { word } | Trap::Unimplemented { word, .. } | Trap::Privileged { word } => word,
            Trap::Arithmetic { code } => code,
            Trap::Fetch | Trap::Misaligned | Trap::InterruptCheck | Trap::CacheFlush => 0,
        }
    }
}

impl Exit {
    /// Calls `f` with each value that the exit reads.
    pub fn for_each_value(&self, mut f: impl FnMut(Value)) {
        match *self {
            Exit::Branch { cond, .. } => f(cond),
            Exit::CallIndirect { target, .. } | Exit::Return { target } | Exit::JumpIndirect { target } => {
                f(target)
            }
            Exit::Switch { index, .. } => f(index),
            Exit::Jump { .. } | Exit::Call { .. } | Exit::Trap { .. } => {}
        }
    }

    /// Replaces each value that the exit reads.
    pub fn map_values(&mut self, mut f: impl FnMut(Value) -> Value) {
        match self {
            Exit::Branch { cond, .. } => *cond = f(*cond),
            Exit::CallIndirect { target, .. } | Exit::Return { target } | Exit::JumpIndirect { target } => {
                *target = f(*target)
            }
            Exit::Switch { index, .. } => *index = f(*index),
            Exit::Jump { .. } | Exit::Call { .. } | Exit::Trap { .. } => {}
        }
    }
}
