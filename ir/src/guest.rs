//! What the rest of Demotic knows of a guest architecture.

use crate::block::{Block, Loc};
use crate::state::{CpuState, StateLayout};

/// Where a front end reads code from.
pub trait CodeSource {
    /// Fills `buf` with the code bytes at `addr`; false when they cannot be fetched.
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool;

    /// The little-endian value of `len` (1 to 8) bytes at `addr`, if they are in memory that the guest cannot write:
    /// what a literal load may be folded to.
    fn read_only(&self, addr: u64, len: u32) -> Option<u64>;
}

/// Code as it looks from each of the guest's modes, for use on any thread. Translation runs ahead of the vCPU and beside
/// it: what it reads must depend on the mode of the location that it translates, never on the mode that the vCPU happens
/// to be in meanwhile.
pub trait GuestCode: Send + Sync {
    /// The code as a location with these mode bits ([`Loc::mode`]) sees it.
    fn in_mode(&self, mode: u32) -> &dyn CodeSource;
}

/// Code that looks the same from every mode.
impl<C: CodeSource + Send + Sync> GuestCode for C {
    fn in_mode(&self, _mode: u32) -> &dyn CodeSource {
        self
    }
}

/// A pure function of the guest architecture that is too rare or too irregular for ops of its own.
#[derive(Clone, Copy)]
pub struct Helper {
    /// Name in the text form.
    pub name: &'static str,
    /// The function.
    pub function: extern "C" fn(u64, u64, u64) -> u64,
}

impl std::fmt::Debug for Helper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A pure function of the guest architecture on vectors of 128 bits, each as its low and its high half.
#[derive(Clone, Copy)]
pub struct VectorHelper {
    /// Name in the text form.
    pub name: &'static str,
    /// The function.
    pub function: fn([u64; 2], [u64; 2], [u64; 2]) -> [u64; 2],
}

impl std::fmt::Debug for VectorHelper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// How the results of invalid floating-point operations look.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NanRule {
    /// ARM: signalling NaNs first, then the first operand's; the default NaN is positive and quiet.
    Arm,
    /// MIPS with the encoding before 2008: the quiet bit is inverted, the default NaN is 0x7fbf_ffff (0x7ff7_ffff_ffff_ffff).
    MipsLegacy,
    /// MIPS with IEEE 754-2008 NaNs.
    Mips2008,
}

/// Knobs of lifting.
#[derive(Clone, Copy, Debug)]
pub struct LiftOptions {
    /// At most this many guest instructions in a block (1 for single-stepping).
    pub max_insns: usize,
}

impl Default for LiftOptions {
    fn default() -> Self {
        LiftOptions { max_insns: 64 }
    }
}

/// A guest architecture as configured for one engine (its variant, endianness and personality are in the value).
pub trait GuestArch: Send + Sync {
    /// Name as users type it: `arm`, `mipsel`, `mips`.
    fn name(&self) -> &'static str;

    /// Names and places of the guest's registers.
    fn layout(&self) -> &StateLayout;

    /// The helpers that `helper` ops call, by id.
    fn helpers(&self) -> &'static [Helper];

    /// Works out what the state describes in a form that is quick to write, for those who compare states.
    fn settle(&self, _state: &mut CpuState) {}

    /// The helpers that `vhelper` ops call, by id.
    fn vector_helpers(&self) -> &'static [VectorHelper] {
        &[]
    }

    /// How NaN results look.
    fn nan_rule(&self) -> NanRule;

    /// Lifts the basic block at `loc`. It never fails: what cannot be fetched or executed becomes a trap exit.
    fn lift(&self, loc: Loc, code: &dyn CodeSource, options: LiftOptions) -> Block;

    /// The mode bits of a location for the present state.
    fn mode(&self, state: &CpuState) -> u32;

    /// The instruction at `loc` as text, and its length in bytes.
    fn disassemble(&self, loc: Loc, code: &dyn CodeSource) -> (String, u8);

    /// The address of a location's first instruction byte: the pc without the ISA bit.
    fn code_address(&self, pc: u64) -> u64;
}
