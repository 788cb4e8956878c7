//! What the interpreter asks of guest memory.

use crate::types::MemSize;

/// What an access wanted to do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Access {
    /// Read data.
    Load,
    /// Write data.
    Store,
    /// Read an instruction.
    Fetch,
}

/// Why an access failed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FaultKind {
    /// Nothing is mapped there.
    Unmapped,
    /// The mapping does not allow this access.
    Permission,
    /// The address is not a multiple of the width, where it must be.
    Misaligned,
    /// The mapping has nothing behind it (past the end of a file), or the device refused.
    Bus,
}

/// A failed guest memory access.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Fault {
    /// Guest address of the access.
    pub addr: u64,
    /// What it wanted to do.
    pub access: Access,
    /// Why it failed.
    pub kind: FaultKind,
}

/// How translated code may reach guest memory without asking.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HostView {
    /// Every 32-bit guest address `a` may be accessed at host address `base + a`, and up to 1 MiB outside on both sides;
    /// an access that the guest may not do raises a host signal. Nothing is ever mapped below guest address 0xf000
    /// and from 0xffff_1000 on.
    Window {
        /// Host address of guest address 0.
        base: u64,
    },
    /// As `Window`, but only where the byte `table[a >> 20]` is not 0 (1: read and write, 2: read only); everything
    /// else goes through [`Memory`].
    Sections {
        /// Host address of guest address 0.
        base: u64,
        /// Host address of a table of 4096 bytes.
        table: u64,
    },
    /// Not at all: every access goes through [`Memory`].
    None,
}

impl HostView {
    /// The base of a `Window` that code can reach best: low enough to be the displacement of a host access, so that it
    /// takes no register. Below it is more than a guard area that hosts leave free.
    pub const LOW_BASE: u64 = 0x1000_0000;
}

/// Guest memory as an engine sees it. Values are in the guest's little-endian order; the engine swaps bytes for
/// big-endian accesses. Addresses are guest addresses; any address may be unaligned.
pub trait Memory {
    /// Loads `size` bytes.
    ///
    /// # Errors
    /// The access's fault.
    fn load(&mut self, addr: u64, size: MemSize) -> Result<u64, Fault>;

    /// Stores the low `size` bytes of `value`.
    ///
    /// # Errors
    /// The access's fault; nothing has been stored then.
    fn store(&mut self, addr: u64, size: MemSize, value: u64) -> Result<(), Fault>;

    /// Atomically replaces `old` by `new`; gives what was there. `addr` is a multiple of the width.
    ///
    /// # Errors
    /// The access's fault.
    fn compare_exchange(&mut self, addr: u64, size: MemSize, old: u64, new: u64) -> Result<u64, Fault>;

    /// How translated code may reach this memory at present.
    fn host_view(&self) -> HostView;
}

/// [`Memory::compare_exchange`] of a memory that nobody else uses meanwhile: a load and a store.
///
/// # Errors
/// The access's fault.
pub fn exchange_alone(
    memory: &mut impl Memory,
    addr: u64,
    size: MemSize,
    old: u64,
    new: u64,
) -> Result<u64, Fault> {
    let found = memory.load(addr, size)?;
    if found == old {
        memory.store(addr, size, new)?;
    }
    Ok(found)
}
