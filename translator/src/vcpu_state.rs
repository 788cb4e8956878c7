//! The memory that translated code works on: guest registers, and before them what it needs of the engine.
//!
//! Translated code holds a pointer to the guest registers; everything else lies at fixed negative offsets from it, so
//! that the frequent accesses have short displacements.

use std::mem::offset_of;
use std::sync::atomic::AtomicU64;

use demotic_ir::{CpuState, Slot};

/// Entries of the jump cache.
pub(crate) const JUMP_CACHE_ENTRIES: usize = 4096;

/// An entry of the jump cache: a guest pc and the code that it was translated to.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct JumpCacheEntry {
    /// `jump_tag` of a guest location; `u64::MAX` when empty.
    pub(crate) pc: u64,
    /// Host address.
    pub(crate) code: u64,
}

impl JumpCacheEntry {
    pub(crate) const EMPTY: JumpCacheEntry = JumpCacheEntry { pc: u64::MAX, code: 0 };
}

/// Functions that translated code calls through the state, so that it holds no absolute address.
#[derive(Clone, Copy, Debug)]
#[repr(usize)]
pub(crate) enum HostCall {
    /// `(state, pc) -> code`: where an indirect jump to `pc` goes that the jump cache does not know. Tail convention.
    MissIndirect,
    /// `(state, trap word, pc, next) -> 0 to go on at next, else the value to return`. System V.
    Trap,
    /// `(state)`: the floating-point operation in the header's `float`, by the soft-float. Preserves all registers.
    Float,
    /// `(helper, operands, _)`: a vector helper, given by its address, on three vectors in memory; the first of them
    /// becomes its result. System V.
    VectorHelper,
    /// The same on the lanes of vectors.
    VectorFloat,
    /// `(state, pc, memory base) -> next pc`: goes on with the block at `pc`, whose counter has run out. Tail convention, as
    /// the next two.
    Hot,
    /// The same: leaves before the instruction at `pc` with `special::KICKED`.
    Kicked,
    /// The same with `special::INTERPRET`.
    Interpret,
    /// `(state, pc, at, tag) -> code`: where the indirect jump at `at` to `pc` goes, which is not in the jump cache with
    /// its tag. System V.
    Indirect,
}

/// Number of `HostCall`s.
pub(crate) const HOST_CALLS: usize = 9;

/// What translated code and the run loop share, besides the guest's registers.
#[repr(C)]
pub(crate) struct Header {
    /// Stack pointer of the innermost entry into translated code, for leaving it from a signal handler.
    pub(crate) host_sp: u64,
    /// Host address of guest address 0.
    pub(crate) mem_base: u64,
    /// Host address of the section table, for `HostView::Sections`.
    pub(crate) sections: u64,
    /// Address of the guest's table of helper functions.
    pub(crate) guest_helpers: u64,
    /// Address of the guest's table of vector helpers.
    pub(crate) vector_helpers: u64,
    /// The run loop that entered translated code (`engine::callbacks::Activation`), for callbacks.
    pub(crate) activation: u64,
    /// Host instruction and data address of a fault in translated code, and whether it was a store.
    pub(crate) fault: FaultRecord,
    /// What translated code asks of the soft-float.
    pub(crate) float: FloatExchange,
    /// Addresses by `HostCall`.
    pub(crate) host_calls: [u64; HOST_CALLS],
    /// Address of the engine's counters of entries into blocks.
    pub(crate) counters: u64,
    /// Host stack limit; `Kicker::KICKED` asks for attention. Polled at region entries and loop headers.
    pub(crate) poll: AtomicU64,
}

/// A floating-point operation that the host's FPU does not do, on its way to the soft-float and back. In memory, so that
/// calling it disturbs as little as possible of the code around it.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FloatExchange {
    /// Operands: vectors, or numbers in the low halves. The first becomes the result.
    pub(crate) operands: [[u64; 2]; 3],
    /// The operation, as `lower::float` encodes it.
    pub(crate) operation: u64,
    /// The exceptions that it has raised.
    pub(crate) raised: u64,
}

/// A host fault in translated code.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FaultRecord {
    pub(crate) host_pc: u64,
    pub(crate) host_addr: u64,
    pub(crate) is_store: u64,
    pub(crate) bus_error: u64,
}

/// Everything that the translated code of one vCPU reads and writes besides guest memory.
#[repr(C, align(64))]
pub(crate) struct VcpuState {
    pub(crate) jump_cache: [JumpCacheEntry; JUMP_CACHE_ENTRIES],
    pub(crate) header: Header,
    pub(crate) cpu: CpuState,
}

impl VcpuState {
    /// A state of zeros in memory that is never freed: kickers may outlive the vCPU.
    pub(crate) fn allocate() -> &'static mut VcpuState {
        Box::leak(Box::new(VcpuState {
            jump_cache: [JumpCacheEntry::EMPTY; JUMP_CACHE_ENTRIES],
            header: Header {
                poll: AtomicU64::new(0),
                host_sp: 0,
                mem_base: 0,
                sections: 0,
                host_calls: [0; HOST_CALLS],
                counters: 0,
                guest_helpers: 0,
                vector_helpers: 0,
                activation: 0,
                fault: FaultRecord::default(),
                float: FloatExchange::default(),
            },
            cpu: CpuState::new(),
        }))
    }
}

/// Offset of a header field from the pointer that translated code holds.
const fn header_offset(field: usize) -> i32 {
    (offset_of!(VcpuState, header) + field) as i32 - offset_of!(VcpuState, cpu) as i32
}

/// Offsets from the state pointer, in bytes.
pub(crate) mod offset {
    use super::*;

    pub(crate) const POLL: i32 = header_offset(offset_of!(Header, poll));
    pub(crate) const HOST_SP: i32 = header_offset(offset_of!(Header, host_sp));
    pub(crate) const COUNTERS: i32 = header_offset(offset_of!(Header, counters));
    pub(crate) const SECTIONS: i32 = header_offset(offset_of!(Header, sections));
    pub(crate) const GUEST_HELPERS: i32 = header_offset(offset_of!(Header, guest_helpers));
    pub(crate) const VECTOR_HELPERS: i32 = header_offset(offset_of!(Header, vector_helpers));
    pub(crate) const JUMP_CACHE: i32 =
        offset_of!(VcpuState, jump_cache) as i32 - offset_of!(VcpuState, cpu) as i32;

    const FLOAT: usize = offset_of!(Header, float);
    pub(crate) const FLOAT_OPERATION: i32 = header_offset(FLOAT + offset_of!(FloatExchange, operation));
    pub(crate) const FLOAT_RAISED: i32 = header_offset(FLOAT + offset_of!(FloatExchange, raised));

    /// An operand for the soft-float; the first is its result too.
    pub(crate) const fn float_operand(n: usize) -> i32 {
        header_offset(FLOAT + offset_of!(FloatExchange, operands) + 16 * n)
    }

    pub(crate) const fn host_call(call: HostCall) -> i32 {
        header_offset(offset_of!(Header, host_calls)) + 8 * call as i32
    }

    pub(crate) const fn slot(slot: Slot) -> i32 {
        8 * slot.0 as i32
    }
}

/// The index of a guest pc in the jump cache. Instructions are at least two bytes, bit 0 is the ISA bit.
pub(crate) const fn jump_cache_index(pc: u64) -> usize {
    (pc >> 1) as usize & (JUMP_CACHE_ENTRIES - 1)
}

/// What a jump cache entry is compared with: code depends on the guest's mode as well as on its address.
pub(crate) const fn jump_tag(pc: u64, mode: u32) -> u64 {
    pc | (mode as u64) << 32
}

/// What an indirect jump of a block compares a jump cache entry with, less the guest pc: each has entries of its own, so that
/// all its targets come by once and are noted. No mode has the highest bit.
pub(crate) const fn site_tag(number: u32) -> u64 {
    (number as u64 | 1 << 31) << 32
}

/// The index of the entry for a guest pc of the site with a number.
pub(crate) const fn site_index(number: u32, pc: u64) -> usize {
    jump_cache_index(pc) ^ site_spread(number)
}

/// What sets the entries of sites apart.
pub(crate) const fn site_spread(number: u32) -> usize {
    (number as usize).wrapping_mul(0x9e5) & (JUMP_CACHE_ENTRIES - 1)
}

const _: () = {
    assert!(offset_of!(VcpuState, cpu) % 64 == 0);
    assert!(offset_of!(CpuState, words) == 0);
    assert!(size_of::<JumpCacheEntry>() == 16);
    // Within the short displacements' reach is a matter of speed only, but it is why the header comes first.
    assert!(offset::POLL >= -128 && offset::COUNTERS >= -128 && offset::host_call(HostCall::Trap) >= -128);
};

/// Values of bit 63 and up that translated code returns instead of a guest pc.
pub(crate) mod special {
    /// The state's `pc` slot says where to go on; every frame of translated code returns.
    pub(crate) const UNWIND: u64 = 1 << 63;
    /// As `UNWIND`; the instruction there must be interpreted.
    pub(crate) const INTERPRET: u64 = UNWIND | 1;
    /// As `UNWIND`; somebody wants attention.
    pub(crate) const KICKED: u64 = UNWIND | 2;
    /// As `UNWIND`; a fault was recorded.
    pub(crate) const FAULT: u64 = UNWIND | 3;
    /// As `UNWIND`; a handler asked to stop.
    pub(crate) const STOP: u64 = UNWIND | 4;
}
