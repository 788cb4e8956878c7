//! Region forming, lowering to Cranelift, code cache, chaining and tiers.
//!
//! A [`Vcpu`] runs a guest for a [`TrapHandler`](demotic_ir::TrapHandler): by the interpreter of `demotic-ir`, by
//! translated code, or by both. Nothing here knows which guest it is; it sees a [`GuestArch`](demotic_ir::GuestArch).

#[expect(clippy::useless_conversion, reason = "the assembler's macro converts the numbers of registers")]
mod baseline;
mod compile;
mod engine;
mod error;
pub mod host;
mod isa;
mod lower;
mod region;
mod run;
mod thunks;
mod vcpu_state;
#[cfg(test)]
mod words;

pub use compile::Listing;
pub use engine::{Engine, EngineKind, EngineOptions, EngineStats, ListOptions, SharedCode, list_region};
pub use error::TranslatorError;
pub use isa::HostFeatures;
pub use lower::MemoryModel;
pub use region::{FormOptions, Profile, Region, form_region};
pub use run::{Siblings, Vcpu, VcpuStats};
