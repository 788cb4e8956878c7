//! ARM (A32, T32) decoders and lifters.
//!
//! Encodings stand in `tables/*.decode`; decodegen makes the decoders from them. A decoded word reaches a method that
//! unpacks its operands ([`a32`], [`t32`], one file per instruction class of the manual), and that calls what the
//! instruction means (`semantics`), which both share. Floating point ([`vfp`]) and
//! Advanced SIMD ([`asimd`]) are encoded alike in both.
//!
//! # What the front end promises about exits
//!
//! - Targets carry the instruction set in bit 0 (1: T32).
//! - An exit keeps the block's mode bits, except `Trap` exits: after a trap the engine asks
//!   [`GuestArch::mode`](demotic_ir::GuestArch::mode) afresh. An instruction that changes the mode (SETEND, say) thus
//!   leaves with [`Trap::InterruptCheck`](demotic_ir::Trap), which the handler may ignore.
//!
//! # Choices where the architecture leaves some
//!
//! - Unpredictable encodings are undefined instructions, except that A32's should-be-zero and should-be-one bits are
//!   ignored, and that R13 may stand wherever it may in ARMv8.
//! - A T32 load that writes back to a register that it loads leaves the loaded value there.
//! - What is unpredictable in an IT block is undefined where it would leave the block, and else done.
//! - A conditional instruction whose condition fails does nothing, even when it is undefined.
//! - Instructions that the configured version or its optional parts do not have are undefined, with two exceptions, both
//!   because Linux emulates what newer processors lack: SWP and SETEND are always there. So are the uses of IT that ARMv8
//!   deprecates.
//! - Unaligned loads and stores of words and halfwords work from ARMv6 on, which is taken to have SCTLR.U set, as Linux does.
//!   Before, the low address bits are ignored, and a loaded word is rotated by them; that goes for the unpredictable cases
//!   (halfwords, LDRD) too. Exclusive accesses, load-acquire and store-release must be aligned; other accesses of several
//!   words must be on bare machines, while the Linux kernel hides that from programs.
//! - HLT is undefined: nothing can enable Halting debug.
#![forbid(unsafe_code)]

pub mod a32;
pub mod asimd;
mod branch_hints;
mod config;
pub mod cpus;
mod emit;
mod guest;
pub mod helpers;
mod lifter;
pub mod mode;
mod names;
mod semantics;
pub mod state;
pub mod t32;
pub mod vfp;

pub use config::{ArchVersion, ArmConfig, Extensions, Personality};
pub use cpus::Cpu;
pub use guest::ArmGuest;
