//! What is particular to the host machine: memory accesses that survive faults, and the host's fault signals.

#[expect(unsafe_code, reason = "reads and writes addresses that may fault, through inline assembly")]
pub mod guarded;
#[expect(unsafe_code, reason = "installs handlers of host fault signals and edits interrupted contexts")]
pub mod signal;
