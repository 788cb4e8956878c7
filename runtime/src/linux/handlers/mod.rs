//! The system calls, by domain. Functions unpack the guest's arguments; what they have in common is done by workers at
//! the end of each file.

pub(super) mod adjust;
pub(super) mod aio;
pub(super) mod anon_fds;
pub(super) mod capabilities;
pub(super) mod clone;
pub(super) mod dirs;
pub(super) mod exec;
pub(super) mod extended;
pub(super) mod files;
pub(super) mod futex;
pub(super) mod ids;
pub(super) mod ioctl;
pub(super) mod keys;
pub(super) mod limits;
pub(super) mod memory;
pub(super) mod misc;
pub(super) mod mounts;
pub(super) mod mqueue;
pub(super) mod namespaces;
pub(super) mod pidfd;
pub(super) mod pipe_poll;
pub(super) mod prctl;
pub(super) mod process;
pub(super) use super::ptrace;
pub(super) mod sched;
pub(super) mod seccomp;
pub(super) mod signal;
pub(super) mod socket;
pub(super) mod stat;
pub(super) mod sysv;
pub(super) mod threads;
pub(super) mod time;
pub(super) mod timers;
pub(super) mod userfault;
