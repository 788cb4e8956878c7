//! What a tracee writes down about a stop, and what its tracer answers.

use demotic_ir::STATE_WORDS;

use crate::linux::siginfo;

/// Why a thread has stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(crate) struct Kind(u32);

impl Kind {
    /// It runs.
    pub(crate) const NONE: Kind = Kind(0);
    /// A signal is about to be delivered.
    pub(crate) const SIGNAL: Kind = Kind(1);
    /// It is about to do a system call.
    pub(crate) const ENTRY: Kind = Kind(2);
    /// It has done a system call.
    pub(crate) const EXIT: Kind = Kind(3);
    /// It has executed a program.
    pub(crate) const EXEC: Kind = Kind(4);
    /// It was asked to stop (`PTRACE_INTERRUPT`), or begins its life.
    pub(crate) const INTERRUPTED: Kind = Kind(5);
    /// It stops as a process of a shell's job does. The host's own stop follows.
    pub(crate) const GROUP: Kind = Kind(6);
    /// It makes a process or a thread for the guest. The host's own event follows.
    pub(crate) const MAKING: Kind = Kind(7);
    /// It ends. The host's own event follows.
    pub(crate) const ENDING: Kind = Kind(8);
    /// A filter of system calls says that the tracer is to decide.
    pub(crate) const SECCOMP: Kind = Kind(9);
}

/// What a tracer tells a tracee that it lets go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(crate) struct Command(u32);

impl Command {
    /// Nothing: there is no tracer any more.
    pub(crate) const NONE: Command = Command(0);
    /// To run to the next signal or event.
    pub(crate) const CONTINUE: Command = Command(1);
    /// To run to the next system call.
    pub(crate) const SYSCALL: Command = Command(2);
    /// It is not traced any more.
    pub(crate) const DETACH: Command = Command(3);
}

/// Ranges of code that one description has room for.
const RANGES: usize = 32;

/// The description. Tracer and tracee lay it out alike, since they are the same program.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Stop {
    magic: u64,
    pub(crate) kind: Kind,
    /// The signal of a stop for a signal, by host number.
    pub(crate) signal: i32,
    /// The process that the thread belongs to.
    pub(crate) pid: u32,
    /// What the ABI is known by (`AUDIT_ARCH_…`).
    pub(crate) arch: u32,
    /// The signal's `siginfo_t`, as the guest has it.
    pub(crate) info: [u8; siginfo::SIZE],
    /// The blocked signals in the guest's numbers.
    pub(crate) mask: u64,
    /// The number of the system call in progress.
    pub(crate) number: u32,
    /// Whether it has failed.
    pub(crate) failed: u32,
    /// Its arguments.
    pub(crate) args: [u32; 6],
    /// Its result, or its error in the guest's numbers, negative.
    pub(crate) result: i64,
    /// Its first argument as it was when it began; -1 outside of calls.
    pub(crate) original: u32,
    /// What a filter of system calls has said.
    pub(crate) data: u32,
    /// From here on, the tracer's answer.
    pub(crate) command: Command,
    /// The signal to be delivered, by host number.
    pub(crate) inject: i32,
    /// What the tracer has changed: `CHANGED_…`.
    pub(crate) changed: u32,
    /// How many ranges of memory it has written to.
    pub(crate) written: u32,
    ranges: [[u32; 2]; RANGES],
    /// The guest's registers.
    pub(crate) state: [u64; STATE_WORDS],
}

impl Stop {
    const MAGIC: u64 = 0x4465_6d6f_7469_6353;

    pub(crate) const CHANGED_REGISTERS: u32 = 1;
    pub(crate) const CHANGED_INFO: u32 = 2;
    pub(crate) const CHANGED_MASK: u32 = 4;
    pub(crate) const CHANGED_NUMBER: u32 = 8;

    /// A description of nothing yet.
    pub(crate) fn new() -> Stop {
        Stop {
            magic: Stop::MAGIC,
            kind: Kind::NONE,
            signal: 0,
            pid: 0,
            arch: 0,
            info: [0; siginfo::SIZE],
            mask: 0,
            number: 0,
            failed: 0,
            args: [0; 6],
            result: 0,
            original: u32::MAX,
            data: 0,
            command: Command::NONE,
            inject: 0,
            changed: 0,
            written: 0,
            ranges: [[0; 2]; RANGES],
            state: [0; STATE_WORDS],
        }
    }

    /// Whether it is one.
    pub(crate) fn is_valid(&self) -> bool {
        self.magic == Stop::MAGIC
    }

    /// Takes the tracer's answer back.
    pub(crate) fn forget_answer(&mut self) {
        (self.command, self.inject, self.changed, self.written) = (Command::NONE, 0, 0, 0);
    }

    /// Notes that the tracer has written to memory.
    pub(crate) fn note_written(&mut self, start: u32, end: u32) {
        if let Some(range) = self.ranges.get_mut(self.written as usize) {
            *range = [start, end];
        }
        self.written = self.written.saturating_add(1);
    }

    /// What the tracer has written to; where that is too much to list, everything.
    pub(crate) fn written_ranges(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let known = self.ranges.get(..self.written as usize);
        let all = known.is_none().then_some((0, 1 << 32));
        let range = |&[start, end]: &[u32; 2]| (u64::from(start), u64::from(end).max(u64::from(start) + 1));
        known.unwrap_or_default().iter().map(range).chain(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_ranges_are_everything() {
        let mut stop = Stop::new();
        stop.note_written(16, 20);
        assert_eq!(stop.written_ranges().collect::<Vec<_>>(), [(16, 20)]);
        (0..RANGES as u32).for_each(|n| stop.note_written(4 * n, 4 * n + 4));
        assert_eq!(stop.written_ranges().collect::<Vec<_>>(), [(0, 1 << 32)]);
    }
}
