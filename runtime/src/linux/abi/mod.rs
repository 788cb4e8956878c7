//! How the guests' system call ABIs differ from the host's: registers, numbers, structure layouts.
//!
//! Structures that guests of both kinds lay out alike (but for byte order) are encoded where they are used; what
//! differs is here, one implementation of [`GuestAbi`] per ABI. Everything inside the runtime uses the host's numbers.

mod arm;
mod arm_frame;
mod mips;
mod mips_frame;
mod registers;

use demotic_ir::{CpuState, Fault, Slot};

use super::handlers::ioctl::Ioctl;
use super::host::{Errno, Plain, Termios};
use super::siginfo::SigInfo;
use super::syscall::{SysResult, Syscall};
use crate::loader::GuestKind;
use crate::memory::UserMemory;

pub(crate) use registers::{RegisterSet, Stopped, Words};

/// Builds a structure field by field in the guest's byte order.
#[derive(Debug)]
pub(crate) struct Encoder {
    big: bool,
    bytes: Vec<u8>,
}

impl Encoder {
    /// An empty structure.
    pub(crate) fn new(big: bool) -> Encoder {
        Encoder { big, bytes: Vec::new() }
    }
    /// A byte.
    pub(crate) fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes.push(value);
        self
    }
    /// Two bytes.
    pub(crate) fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes.extend(if self.big { value.to_be_bytes() } else { value.to_le_bytes() });
        self
    }
    /// Four bytes.
    pub(crate) fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes.extend(if self.big { value.to_be_bytes() } else { value.to_le_bytes() });
        self
    }
    /// Eight bytes.
    pub(crate) fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes.extend(if self.big { value.to_be_bytes() } else { value.to_le_bytes() });
        self
    }
    /// Bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend(bytes);
        self
    }
    /// Zeros up to this offset.
    pub(crate) fn pad_to(&mut self, offset: usize) -> &mut Self {
        debug_assert!(self.bytes.len() <= offset, "a structure is longer than its layout says");
        self.bytes.resize(offset, 0);
        self
    }
    /// The structure so far.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// What is known of a file, at full width.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stat {
    pub(crate) dev: u64,
    pub(crate) ino: u64,
    pub(crate) mode: u32,
    pub(crate) nlink: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) rdev: u64,
    pub(crate) size: u64,
    pub(crate) blksize: u32,
    pub(crate) blocks: u64,
    /// Access, modification, change: seconds and nanoseconds.
    pub(crate) times: [(i64, u32); 3],
}

impl Stat {
    /// Whether the 32-bit `struct stat` can hold it.
    pub(crate) fn fits_old(&self) -> bool {
        self.size <= i32::MAX as u64
    }
}

/// What is known of a file system, at full width.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StatFs {
    pub(crate) kind: u32,
    pub(crate) bsize: u32,
    pub(crate) frsize: u32,
    pub(crate) blocks: u64,
    pub(crate) bfree: u64,
    pub(crate) bavail: u64,
    pub(crate) files: u64,
    pub(crate) ffree: u64,
    pub(crate) fsid: [u32; 2],
    pub(crate) namelen: u32,
    pub(crate) flags: u32,
}

/// A guest's `sigaction`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Action {
    /// Address of the handler, or 0 for the default action, 1 to ignore.
    pub(crate) handler: u32,
    /// Signals blocked while it runs, by host number.
    pub(crate) mask: u64,
    /// Its flags, by host numbers.
    pub(crate) flags: u32,
    /// Address of code that ends the handler, 0 for none.
    pub(crate) restorer: u32,
    /// The flags as the guest gave them.
    pub(crate) guest_flags: u32,
}

/// A guest's alternate signal stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct AltStack {
    pub(crate) sp: u32,
    pub(crate) size: u32,
    /// `SS_DISABLE` and the like.
    pub(crate) flags: u32,
}

/// What a handler's frame is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameRequest<'a> {
    /// Why the handler is called.
    pub(crate) info: &'a SigInfo,
    /// What is called.
    pub(crate) action: &'a Action,
    /// The mask to restore, by host numbers.
    pub(crate) mask: u64,
    /// The alternate stack, as the frame shows it.
    pub(crate) alt_stack: AltStack,
    /// The stack pointer below which the frame goes.
    pub(crate) sp: u32,
}

/// What a frame says is to be restored besides the registers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Restored {
    /// The signal mask, by host numbers.
    pub(crate) mask: u64,
    /// The alternate stack, which only rt frames hold.
    pub(crate) alt_stack: Option<AltStack>,
}

/// Numbers that differ and are merely compared or passed on.
#[derive(Debug)]
pub(crate) struct Numbers {
    /// `MAP_ANONYMOUS`.
    pub(crate) map_anonymous: u32,
    /// `MAP_FIXED_NOREPLACE`.
    pub(crate) map_fixed_noreplace: u32,
    /// `MAP_GROWSDOWN`.
    pub(crate) map_growsdown: u32,
    /// `MAP_POPULATE`.
    pub(crate) map_populate: u32,
    /// `MAP_LOCKED`.
    pub(crate) map_locked: u32,
    /// `MAP_HUGETLB`.
    pub(crate) map_hugetlb: u32,
    /// All flags and kinds of mappings from before there was `MAP_SHARED_VALIDATE`.
    pub(crate) map_known: u32,
    /// `SIG_BLOCK`; `SIG_UNBLOCK` and `SIG_SETMASK` follow.
    pub(crate) sig_block: u32,
    /// Bytes in a signal set.
    pub(crate) sigset_size: u32,
    /// `F_GETLK`, `F_SETLK`, `F_SETLKW`.
    pub(crate) lock: [i32; 3],
    /// `F_GETLK64`, `F_SETLK64`, `F_SETLKW64`.
    pub(crate) lock64: [i32; 3],
    /// `F_SETOWN`, `F_GETOWN`.
    pub(crate) owner: [i32; 2],
    /// `SOCK_NONBLOCK`; `SOCK_CLOEXEC` is `O_CLOEXEC`, which is the same everywhere.
    pub(crate) sock_nonblock: u32,
    /// `SOCK_STREAM`, `SOCK_DGRAM`.
    pub(crate) sock_types: [u32; 2],
    /// `SOL_SOCKET`.
    pub(crate) sol_socket: u32,
    /// What an unlimited resource looks like in 32 bits.
    pub(crate) rlim_infinity: u32,
    /// Guest numbers of the resources whose host numbers are 5 to 9 (RSS, NPROC, NOFILE, MEMLOCK, AS).
    pub(crate) rlimits: [u32; 5],
    /// What the address of a shared memory segment is rounded to (`SHMLBA`).
    pub(crate) shm_boundary: u32,
    /// Whether the direct calls of System V IPC take commands without `IPC_64` for those of old programs.
    pub(crate) old_ipc_structures: bool,
    /// What seccomp filters know the ABI by (`AUDIT_ARCH_…`).
    pub(crate) audit_arch: u32,
}

/// An ABI.
pub(crate) trait GuestAbi: Sync + std::fmt::Debug {
    /// The table of system calls.
    fn syscalls(&self) -> &'static [Syscall];
    /// Plain numbers.
    fn numbers(&self) -> &'static Numbers;

    /// The number of the system call that is asked for.
    fn syscall_number(&self, cpu: &CpuState) -> u32;
    /// The word in argument position `index`.
    fn argument(&self, cpu: &CpuState, memory: &UserMemory, index: usize) -> Result<u32, Errno>;
    /// Puts a result where the ABI wants it.
    fn set_result(&self, cpu: &mut CpuState, result: SysResult);
    /// Puts the second result of a call that gives two (pipe on MIPS).
    fn set_second_result(&self, cpu: &mut CpuState, value: u32);
    /// The program counter's slot.
    fn pc_slot(&self) -> Slot;
    /// The stack pointer's slot.
    fn sp_slot(&self) -> Slot;
    /// The thread pointer's slot.
    fn tls_slot(&self) -> Slot;
    /// Clears the exclusive monitor, as every entry to the kernel does.
    fn clear_monitor(&self, cpu: &mut CpuState);

    /// The guest's number of a host error.
    fn errno(&self, host: i32) -> i32;
    /// The host's number of a guest error.
    fn errno_to_host(&self, guest: i32) -> i32 {
        const HOST_MAX: i32 = 133;
        (1..=HOST_MAX).find(|&host| self.errno(host) == guest).unwrap_or(guest)
    }
    /// The host's number of a guest signal; `None` for what is not a signal of the host.
    fn signal_to_host(&self, guest: u32) -> Option<i32>;
    /// The highest number of a signal that may have an action. Beyond [`signals::COUNT`](super::signals::COUNT) there is
    /// no such signal on the host: nothing raises it.
    fn last_signal(&self) -> u32 {
        64
    }
    /// The guest's number of a host signal.
    fn signal_to_guest(&self, host: i32) -> u32;
    /// Guest and host values of each flag of open, composite ones first.
    fn open_flags(&self) -> &'static [(u32, u32)];
    /// Guest and host values of each flag of sigaction.
    fn action_flags(&self) -> &'static [(u32, u32)];
    /// The guest's number of a host `si_code` that is 0 or less.
    fn sender_code(&self, host: i32) -> i32 {
        host
    }
    /// The host's number of a guest's `si_code`.
    fn sender_code_to_host(&self, guest: i32) -> i32 {
        (-60..=0).find(|&host| self.sender_code(host) == guest).unwrap_or(guest)
    }
    /// Whether `si_code` stands before `si_errno`.
    fn code_comes_first(&self) -> bool {
        false
    }
    /// The number of an ioctl.
    fn ioctl_number(&self, row: &Ioctl) -> u32 {
        row.generic
    }
    /// Where the number of an ioctl has the size of its argument.
    fn ioctl_size_bits(&self) -> u32 {
        0x3fff_0000
    }
    /// Guest and host bits of a modem's lines, as `TIOCMGET` has them.
    fn modem_lines(&self) -> &'static [(u32, u32)] {
        &[(u32::MAX, u32::MAX)]
    }
    /// The host's number of a socket option of level `SOL_SOCKET`, if there is such an option.
    fn socket_option(&self, guest: u32) -> Option<u32> {
        Some(guest)
    }

    /// Encodes `struct shmid64_ds`.
    fn shmid_ds(&self, status: &libc::shmid_ds) -> Encoder;
    /// Encodes `struct msqid64_ds`.
    fn msqid_ds(&self, status: &libc::msqid_ds) -> Encoder;
    /// Encodes `struct semid64_ds`.
    fn semid_ds(&self, status: &libc::semid_ds) -> Encoder;

    /// Encodes `struct stat64`.
    fn stat64(&self, stat: &Stat) -> Encoder;
    /// Encodes `struct stat`.
    fn stat(&self, stat: &Stat) -> Encoder;
    /// Encodes `struct statfs64`.
    fn statfs64(&self, stat: &StatFs) -> Encoder;
    /// Encodes `struct statfs`.
    fn statfs(&self, stat: &StatFs) -> Encoder;
    /// Encodes the kernel's `struct termios`.
    fn termios(&self, termios: &Termios) -> Encoder;
    /// Decodes the kernel's `struct termios`, which must be whole.
    fn termios_of(&self, bytes: &[u8]) -> Termios;

    /// Reads the `struct sigaction` of rt_sigaction.
    fn read_rt_action(&self, memory: &UserMemory, addr: u32) -> Result<Action, Fault>;
    /// Encodes the `struct sigaction` of rt_sigaction.
    fn rt_action(&self, action: &Action) -> Encoder;
    /// Reads the `struct sigaction` of the old sigaction.
    fn read_old_action(&self, memory: &UserMemory, addr: u32) -> Result<Action, Fault>;
    /// Encodes the `struct sigaction` of the old sigaction.
    fn old_action(&self, action: &Action) -> Encoder;
    /// Reads a `stack_t`.
    fn read_alt_stack(&self, memory: &UserMemory, addr: u32) -> Result<AltStack, Fault>;
    /// Encodes a `stack_t`.
    fn alt_stack(&self, stack: &AltStack) -> Encoder;
    /// Encodes a `siginfo_t`.
    fn siginfo(&self, info: &SigInfo) -> Encoder;

    /// Builds the frame of a signal handler and enters it.
    fn push_frame(
        &self,
        cpu: &mut CpuState,
        memory: &UserMemory,
        request: &FrameRequest<'_>,
    ) -> Result<(), Fault>;
    /// Restores the registers from the frame that the stack pointer names.
    fn pop_frame(&self, cpu: &mut CpuState, memory: &UserMemory, rt: bool) -> Result<Restored, Fault>;

    /// Whether data is big-endian.
    fn is_big(&self) -> bool;
    /// Puts what tells tracers the stop before a system call from that after it where they look for it; gives what was
    /// there.
    fn mark_call_stop(&self, _cpu: &mut CpuState, _exit: bool) -> u32 {
        0
    }
    /// Takes [`mark_call_stop`](GuestAbi::mark_call_stop) back.
    fn unmark_call_stop(&self, _cpu: &mut CpuState, _before: u32) {}
    /// Whether a tracer changes the number of a system call by changing its register.
    fn rereads_syscall_number(&self) -> bool {
        false
    }
    /// The registers that a result is in.
    fn result_slots(&self) -> &'static [Slot];
    /// Encodes a set of registers; `None` if there is no such set.
    fn registers(&self, stopped: Stopped<'_>, set: RegisterSet) -> Option<Encoder>;
    /// Takes all registers of a set that there is.
    fn set_registers(&self, cpu: &mut CpuState, set: RegisterSet, words: &Words<'_>);
    /// The word at a place of `PTRACE_PEEKUSR`.
    fn user_word(&self, stopped: Stopped<'_>, place: u32) -> Option<u32>;
    /// Changes the word at a place of `PTRACE_POKEUSR`; false if that cannot be done.
    fn set_user_word(&self, cpu: &mut CpuState, place: u32, value: u32) -> bool;
}

impl dyn GuestAbi + '_ {
    /// Where the program goes on, and the registers that a result is in.
    pub(crate) fn registers_of_result(&self, cpu: &CpuState) -> Vec<u32> {
        let slots = self.result_slots().iter().copied().chain([self.pc_slot()]);
        slots.map(|slot| cpu.get32(slot)).collect()
    }
    /// Takes a result out of the registers.
    pub(crate) fn restore_result(&self, cpu: &mut CpuState, before: &CpuState) {
        for &slot in self.result_slots() {
            cpu.set(slot, before.get(slot));
        }
    }
    /// The flags of open, in host numbers. Unknown bits are dropped, as Linux does.
    pub(crate) fn open_flags_to_host(&self, guest: u32) -> u32 {
        convert(guest, self.open_flags().iter().copied()) | guest & 3
    }
    /// The flags of open, in guest numbers.
    pub(crate) fn open_flags_to_guest(&self, host: u32) -> u32 {
        convert(host, self.open_flags().iter().map(|&(g, h)| (h, g))) | host & 3
    }
    /// A modem's lines, in host numbers.
    pub(crate) fn modem_to_host(&self, guest: u32) -> u32 {
        convert_each(guest, self.modem_lines().iter().copied())
    }
    /// A modem's lines, in guest numbers.
    pub(crate) fn modem_to_guest(&self, host: u32) -> u32 {
        convert_each(host, self.modem_lines().iter().map(|&(g, h)| (h, g)))
    }
    /// Reads the kernel's `struct termios`.
    pub(crate) fn read_termios(&self, memory: &UserMemory, addr: u32) -> Result<Termios, Fault> {
        let mut bytes = self.termios(&Termios::zeroed()).as_bytes().to_vec();
        memory.read_bytes(addr, &mut bytes)?;
        Ok(self.termios_of(&bytes))
    }
    /// The flags of sigaction, in host numbers.
    pub(crate) fn action_flags_to_host(&self, guest: u32) -> u32 {
        convert(guest, self.action_flags().iter().copied())
    }

    /// Reads a signal set, to host numbers: bit `n - 1` is signal `n`.
    pub(crate) fn read_sigset(&self, memory: &UserMemory, addr: u32) -> Result<u64, Fault> {
        let low = memory.read_u32(addr)?;
        let high = memory.read_u32(addr.wrapping_add(4))?;
        Ok(self.sigset_to_host(u64::from(high) << 32 | u64::from(low)))
    }
    /// Writes a signal set of `size` bytes.
    pub(crate) fn write_sigset(
        &self,
        memory: &UserMemory,
        addr: u32,
        size: u32,
        set: u64,
    ) -> Result<(), Fault> {
        let set = self.sigset_to_guest(set);
        let words = [set as u32, (set >> 32) as u32, 0, 0];
        for (i, word) in words.into_iter().take(size as usize / 4).enumerate() {
            memory.write_u32(addr.wrapping_add(4 * i as u32), word)?;
        }
        Ok(())
    }
    /// A signal set in host numbers.
    pub(crate) fn sigset_to_host(&self, guest: u64) -> u64 {
        (1..=64)
            .filter(|n| guest >> (n - 1) & 1 != 0)
            .filter_map(|n| self.signal_to_host(n))
            .map(signal_bit)
            .sum()
    }
    /// A signal set in guest numbers (of which the first 64 exist).
    pub(crate) fn sigset_to_guest(&self, host: u64) -> u64 {
        (1..=64)
            .filter(|&n| host & signal_bit(n) != 0)
            .map(|n| self.signal_to_guest(n))
            .filter(|n| (1..=64).contains(n))
            .map(|n| 1 << (n - 1))
            .fold(0, |set, bit: u64| set | bit)
    }
}

/// The bit of a signal in a set.
pub(crate) fn signal_bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

/// Maps the bits of `from` through pairs; a pair counts when all its bits are set, and then takes them.
fn convert(from: u32, pairs: impl Iterator<Item = (u32, u32)>) -> u32 {
    let mut left = from;
    let mut to = 0;
    for (source, target) in pairs {
        if source != 0 && left & source == source {
            left &= !source;
            to |= target;
        }
    }
    to
}

/// Maps the bits of `from` through pairs of masks; bits of a pair with equal masks stay where they are.
fn convert_each(from: u32, pairs: impl Iterator<Item = (u32, u32)>) -> u32 {
    pairs.fold(0, |to, (source, target)| match from & source {
        0 => to,
        bits if source == target => to | bits,
        _ => to | target,
    })
}

/// Decodes 32 bits in a guest's byte order.
pub(crate) fn word(bytes: &[u8], at: usize, big: bool) -> u32 {
    let field = bytes.get(at..at + 4).and_then(|field| field.try_into().ok()).unwrap_or_default();
    if big { u32::from_be_bytes(field) } else { u32::from_le_bytes(field) }
}

/// The ABI that filters know by this number.
pub(crate) fn by_audit_arch(number: u32) -> Option<&'static dyn GuestAbi> {
    let all: [&'static dyn GuestAbi; 3] =
        [&arm::ArmEabi, &mips::MipsO32 { big: false }, &mips::MipsO32 { big: true }];
    all.into_iter().find(|abi| abi.numbers().audit_arch == number)
}

/// The ABI of a kind of guest.
pub(crate) fn of(kind: GuestKind) -> &'static dyn GuestAbi {
    match kind {
        GuestKind::Arm { .. } => &arm::ArmEabi,
        GuestKind::Mips { .. } if kind.is_big() => &mips::MipsO32 { big: true },
        GuestKind::Mips { .. } => &mips::MipsO32 { big: false },
    }
}
