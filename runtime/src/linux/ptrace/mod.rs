//! `ptrace` between guests, on top of the host's.
//!
//! Tracer and tracee are both Demotic processes, and the one is the tracer of the other for the host's kernel, too: so
//! parentage, rights, waiting, exit and death are the kernel's. What is not is *where* a tracee stops: the host may stop it
//! anywhere, but its registers are whole only where the guest's kernel is entered.
//!
//! So a tracee stops itself ([`tracee`]). It writes down the stop, its registers among it ([`stop`]), and sends itself a
//! signal with a code of ours, [`MARK`]. The host reports that to the tracer, whose wait calls ([`waiting`]) recognise it,
//! fetch the description, and show the guest the stop. Every other stop of the host's is continued without being shown;
//! a signal that was to be delivered then is handed to the tracee in the information of another one, with the code
//! [`CARRIER`], to be delivered and shown where its registers are whole. Requests ([`requests`]) work on the
//! description; it is written back when the tracee goes on.
//!
//! [`board`] is what other processes find out about a Demotic process.

pub(crate) mod board;
mod memory_files;
mod requests;
pub(crate) mod stop;
pub(crate) mod tracee;
mod tracees;
mod waiting;

pub(crate) use memory_files::{Direction, MemoryFiles, transfer, transfer_parts};
pub(crate) use requests::ptrace;
pub(crate) use tracees::Tracees;

/// The code of the signal (SIGTRAP) with which a tracee stops itself. Its value is the address of the description.
pub(crate) const MARK: i32 = -0x0d3_071c;
/// The code of the signal (SIGTRAP) that has another one in its information: its number in `si_errno`, or 0 to ask for a
/// stop without a signal.
pub(crate) const CARRIER: i32 = -0x0d3_071d;

/// Whether a code is not to be sent by guests.
pub(crate) fn is_private(code: i32) -> bool {
    code == MARK || code == CARRIER
}
