//! The intermediate representation of Demotic.
//!
//! A front end lifts guest basic blocks into [`Block`]s of [`Op`]s; passes simplify them; the interpreter
//! ([`interp`]) executes them and is the oracle; the translator lowers them to host code. Nothing here knows a guest,
//! a host, Cranelift or an operating system.
#![forbid(unsafe_code)]

mod block;
mod builder;
mod exit;
pub mod fp;
mod guest;
mod handler;
pub mod interp;
mod lanes;
mod memory;
mod ops;
mod parse;
pub mod passes;
mod print;
pub mod softfloat;
mod state;
mod types;
mod value;
mod verify;

pub use block::{Block, GuestInsn, Inst, Loc};
pub use builder::{BlockBuilder, LastFloat};
pub use exit::{Exit, Trap};
pub use guest::{CodeSource, GuestArch, GuestCode, Helper, LiftOptions, NanRule, VectorHelper};
pub use handler::{EngineControl, Kicker, Resume, TrapContext, TrapHandler};
pub use lanes::{Lanes, Shuffle};
pub use memory::{Access, Fault, FaultKind, HostView, Memory, exchange_alone};
pub use ops::{Effects, OPS, Op, OpInfo, OpVisitor, TypeRule};
pub use parse::{ParseError, parse_block};
pub use print::{print_block, print_op};
pub use state::{CpuState, FRAME_WORDS, FlagSlots, STATE_WORDS, SlotInfo, StateLayout};
pub use types::{FlagCc, FlagMask, FloatCc, FpMode, IntCc, MemOp, MemSize, Rounding, Type};
pub use value::{ExitId, HelperId, Slot, Value};
pub use verify::{VerifyError, verify};
