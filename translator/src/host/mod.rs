//! What is particular to the host machine: memory accesses that survive faults, and the host's fault signals.

#[expect(unsafe_code, reason = "maps memory for code and patches it")]
pub(crate) mod code_cache;
#[expect(unsafe_code, reason = "reads and writes addresses that may fault, through inline assembly")]
pub mod guarded;
#[expect(unsafe_code, reason = "installs handlers of host fault signals and edits interrupted contexts")]
pub mod signal;
#[expect(unsafe_code, reason = "enters and leaves translated code")]
pub(crate) mod trampoline;

#[expect(unsafe_code, reason = "changes the thread's signal mask")]
mod masks;
#[expect(unsafe_code, reason = "asks the kernel about threads")]
pub(crate) mod threads;

pub(crate) use masks::with_signals_blocked;
