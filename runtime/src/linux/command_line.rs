//! What other processes see of this one as its command line and environment: the guest's.
//!
//! The kernel reads `/proc/PID/cmdline` and `environ` from the process's memory. It is told that they lie where the guest
//! has them on its stack, so that `ps` and what looks for programs by their names find what they would on Linux, and see it
//! when a program changes them.

use std::fs;
use std::ops::Range;

use super::host::{self, Arg};
use super::proc_files::{field, stat_fields};
use crate::loader::StackContents;
use crate::memory::UserMemory;

/// The last word of `struct prctl_mm_map`: no auxiliary vector, and -1 for no other executable.
const NO_VECTOR_NO_EXECUTABLE: u64 = 0xffff_ffff << 32;

/// Makes the guest's arguments and environment those of the host's process. Where the kernel does not allow it, or nothing
/// is known for want of `/proc`, others go on seeing ours.
pub(super) fn show(memory: &UserMemory, stack: &StackContents) {
    let _ = fields(memory, stack).map(|map| {
        let size = size_of_val(&map).into();
        let words = [libc::PR_SET_MM.into(), libc::PR_SET_MM_MAP.into(), Arg::input(&map), size, 0.into()];
        host::call_now(libc::SYS_prctl, &words)
    });
}

/// The kernel's `struct prctl_mm_map`.
fn fields(memory: &UserMemory, stack: &StackContents) -> Option<[u64; 13]> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let numbers: Vec<u64> = stat_fields(&stat)?.1.map(|word| word.parse().unwrap_or(0)).collect();
    let same = |number: usize| numbers.get(number - field::FIRST).copied();
    let place = |range: &Range<u32>| {
        let start = memory.host_range(range.start, range.len() as u64)?;
        Some((start, start + range.len() as u64))
    };
    let (arguments, environment) = (place(&stack.arguments)?, place(&stack.environment)?);
    let brk = host::call_now(libc::SYS_brk, &[0.into()]).ok()?;
    Some([
        same(field::START_CODE)?,
        same(field::END_CODE)?,
        same(field::START_DATA)?,
        same(field::END_DATA)?,
        same(field::START_BRK)?,
        brk,
        same(field::START_STACK)?,
        arguments.0,
        arguments.1,
        environment.0,
        environment.1,
        0,
        NO_VECTOR_NO_EXECUTABLE,
    ])
}
