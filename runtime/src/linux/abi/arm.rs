//! The ARM EABI. Its numbers are Linux's generic ones, which are the host's, with few exceptions.

use demotic_arm::state as st;
use demotic_ir::{CpuState, Fault, Slot};

use super::arm_frame;
use super::registers::{self, RegisterSet, Stopped, Words};
use super::{Action, AltStack, Encoder, FrameRequest, GuestAbi, Numbers, Restored, Stat, StatFs};
use crate::linux::handlers::sysv::encode_permissions;
use crate::linux::host::{Errno, Termios};
use crate::linux::siginfo::SigInfo;
use crate::linux::syscall::{ARM_EABI, SysResult, Syscall};
use crate::memory::UserMemory;

/// The ARM EABI.
#[derive(Debug)]
pub(super) struct ArmEabi;

/// Bytes of `struct user`.
const STRUCT_USER: u32 = 296;

static NUMBERS: Numbers = Numbers {
    map_anonymous: 0x20,
    map_fixed_noreplace: 0x10_0000,
    map_growsdown: 0x100,
    map_populate: 0x8000,
    map_locked: 0x2000,
    map_hugetlb: 0x4_0000,
    map_known: 0x7_f93f,
    sig_block: 0,
    sigset_size: 8,
    lock: [5, 6, 7],
    lock64: [12, 13, 14],
    owner: [8, 9],
    sock_nonblock: 0o4000,
    sock_types: [1, 2],
    sol_socket: 1,
    rlim_infinity: u32::MAX,
    rlimits: [5, 6, 7, 8, 9],
    shm_boundary: 0x4000,
    old_ipc_structures: true,
    audit_arch: 0x4000_0028,
};

/// arch/arm/include/uapi/asm/fcntl.h; the rest is generic.
static OPEN_FLAGS: [(u32, u32); 17] = [
    (0o4010000, 0x101000),  // O_SYNC
    (0o20040000, 0x410000), // O_TMPFILE
    (0o100, 0x40),          // O_CREAT
    (0o200, 0x80),          // O_EXCL
    (0o400, 0x100),         // O_NOCTTY
    (0o1000, 0x200),        // O_TRUNC
    (0o2000, 0x400),        // O_APPEND
    (0o4000, 0x800),        // O_NONBLOCK
    (0o10000, 0x1000),      // O_DSYNC
    (0o20000, 0x2000),      // O_ASYNC
    (0o40000, 0x10000),     // O_DIRECTORY
    (0o100000, 0x20000),    // O_NOFOLLOW
    (0o200000, 0x4000),     // O_DIRECT
    (0o400000, 0x8000),     // O_LARGEFILE
    (0o1000000, 0x40000),   // O_NOATIME
    (0o2000000, 0x80000),   // O_CLOEXEC
    (0o10000000, 0x200000), // O_PATH
];

static ACTION_FLAGS: [(u32, u32); 8] = [
    (0x1, 0x1),
    (0x2, 0x2),
    (0x4, 0x4),
    (0x0400_0000, 0x0400_0000),
    (0x0800_0000, 0x0800_0000),
    (0x1000_0000, 0x1000_0000),
    (0x4000_0000, 0x4000_0000),
    (0x8000_0000, 0x8000_0000),
];

impl GuestAbi for ArmEabi {
    fn syscalls(&self) -> &'static [Syscall] {
        &ARM_EABI
    }
    fn numbers(&self) -> &'static Numbers {
        &NUMBERS
    }

    fn syscall_number(&self, cpu: &CpuState) -> u32 {
        cpu.get32(st::R.nth(7))
    }
    fn argument(&self, cpu: &CpuState, _: &UserMemory, index: usize) -> Result<u32, Errno> {
        // r0 to r6. No call has more.
        Ok(cpu.get32(st::R.nth(index.min(6) as u32)))
    }
    fn set_result(&self, cpu: &mut CpuState, result: SysResult) {
        let value = match result {
            Ok(value) => value as u32,
            Err(errno) => self.errno(errno.0).wrapping_neg() as u32,
        };
        cpu.set32(st::R, value);
    }
    fn set_second_result(&self, cpu: &mut CpuState, value: u32) {
        cpu.set32(st::R.nth(1), value);
    }
    fn pc_slot(&self) -> Slot {
        st::PC
    }
    fn sp_slot(&self) -> Slot {
        st::SP
    }
    fn tls_slot(&self) -> Slot {
        st::TPIDRURO
    }
    fn clear_monitor(&self, cpu: &mut CpuState) {
        cpu.set(st::MONITOR_ADDR, u64::MAX);
    }

    fn errno(&self, host: i32) -> i32 {
        host
    }
    fn signal_to_host(&self, guest: u32) -> Option<i32> {
        (1..=64).contains(&guest).then_some(guest as i32)
    }
    fn signal_to_guest(&self, host: i32) -> u32 {
        host as u32
    }
    fn open_flags(&self) -> &'static [(u32, u32)] {
        &OPEN_FLAGS
    }
    fn action_flags(&self) -> &'static [(u32, u32)] {
        &ACTION_FLAGS
    }

    fn shmid_ds(&self, s: &libc::shmid_ds) -> Encoder {
        let mut e = Encoder::new(false);
        encode_permissions(&mut e, &s.shm_perm);
        e.u32(s.shm_segsz as u32).u64(s.shm_atime as u64).u64(s.shm_dtime as u64).u64(s.shm_ctime as u64);
        e.u32(s.shm_cpid as u32).u32(s.shm_lpid as u32).u32(s.shm_nattch as u32).pad_to(84);
        e
    }
    fn msqid_ds(&self, s: &libc::msqid_ds) -> Encoder {
        let mut e = Encoder::new(false);
        encode_permissions(&mut e, &s.msg_perm);
        e.u64(s.msg_stime as u64).u64(s.msg_rtime as u64).u64(s.msg_ctime as u64);
        e.u32(s.__msg_cbytes as u32).u32(s.msg_qnum as u32).u32(s.msg_qbytes as u32);
        e.u32(s.msg_lspid as u32).u32(s.msg_lrpid as u32).pad_to(88);
        e
    }
    fn semid_ds(&self, s: &libc::semid_ds) -> Encoder {
        let mut e = Encoder::new(false);
        encode_permissions(&mut e, &s.sem_perm);
        e.u64(s.sem_otime as u64).u64(s.sem_ctime as u64).u32(s.sem_nsems as u32).pad_to(64);
        e
    }

    fn stat64(&self, s: &Stat) -> Encoder {
        let mut e = Encoder::new(false);
        e.u64(s.dev).u32(0).u32(s.ino as u32).u32(s.mode).u32(s.nlink).u32(s.uid).u32(s.gid);
        e.u64(s.rdev).pad_to(48).u64(s.size).u32(s.blksize).pad_to(64).u64(s.blocks);
        for (seconds, nanoseconds) in s.times {
            e.u32(seconds as u32).u32(nanoseconds);
        }
        e.u64(s.ino);
        e
    }
    fn stat(&self, s: &Stat) -> Encoder {
        let mut e = Encoder::new(false);
        e.u32(s.dev as u32).u32(s.ino as u32).u16(s.mode as u16).u16(s.nlink as u16);
        e.u16(s.uid as u16).u16(s.gid as u16).u32(s.rdev as u32).u32(s.size as u32);
        e.u32(s.blksize).u32(s.blocks as u32);
        for (seconds, nanoseconds) in s.times {
            e.u32(seconds as u32).u32(nanoseconds);
        }
        e.pad_to(64);
        e
    }
    fn statfs64(&self, s: &StatFs) -> Encoder {
        let mut e = Encoder::new(false);
        e.u32(s.kind).u32(s.bsize).u64(s.blocks).u64(s.bfree).u64(s.bavail).u64(s.files).u64(s.ffree);
        e.u32(s.fsid[0]).u32(s.fsid[1]).u32(s.namelen).u32(s.frsize).u32(s.flags).pad_to(84);
        e
    }
    fn statfs(&self, s: &StatFs) -> Encoder {
        let mut e = Encoder::new(false);
        e.u32(s.kind).u32(s.bsize).u32(s.blocks as u32).u32(s.bfree as u32).u32(s.bavail as u32);
        e.u32(s.files as u32).u32(s.ffree as u32).u32(s.fsid[0]).u32(s.fsid[1]);
        e.u32(s.namelen).u32(s.frsize).u32(s.flags).pad_to(64);
        e
    }
    fn termios(&self, t: &Termios) -> Encoder {
        let mut e = Encoder::new(false);
        e.u32(t.iflag).u32(t.oflag).u32(t.cflag).u32(t.lflag).u8(t.line).bytes(&t.cc);
        e
    }
    fn termios_of(&self, bytes: &[u8]) -> Termios {
        let word = |i: usize| super::word(bytes, 4 * i, false);
        let mut cc = [0; 19];
        cc.copy_from_slice(bytes.get(17..36).unwrap_or(&[0; 19]));
        let line = bytes.get(16).copied().unwrap_or_default();
        Termios { iflag: word(0), oflag: word(1), cflag: word(2), lflag: word(3), line, cc }
    }

    fn read_rt_action(&self, memory: &UserMemory, addr: u32) -> Result<Action, Fault> {
        let word = |i: u32| memory.read_u32(addr.wrapping_add(4 * i));
        let abi: &dyn GuestAbi = self;
        let guest_flags = word(1)?;
        Ok(Action {
            handler: word(0)?,
            flags: abi.action_flags_to_host(guest_flags),
            restorer: word(2)?,
            mask: abi.read_sigset(memory, addr.wrapping_add(12))?,
            guest_flags,
        })
    }
    fn rt_action(&self, action: &Action) -> Encoder {
        let mut e = Encoder::new(false);
        e.u32(action.handler).u32(action.guest_flags).u32(action.restorer).u64(action.mask);
        e
    }
    fn read_old_action(&self, memory: &UserMemory, addr: u32) -> Result<Action, Fault> {
        let word = |i: u32| memory.read_u32(addr.wrapping_add(4 * i));
        let abi: &dyn GuestAbi = self;
        let guest_flags = word(2)?;
        Ok(Action {
            handler: word(0)?,
            mask: u64::from(word(1)?),
            flags: abi.action_flags_to_host(guest_flags),
            restorer: word(3)?,
            guest_flags,
        })
    }
    fn old_action(&self, action: &Action) -> Encoder {
        let mut e = Encoder::new(false);
        e.u32(action.handler).u32(action.mask as u32).u32(action.guest_flags).u32(action.restorer);
        e
    }
    fn read_alt_stack(&self, memory: &UserMemory, addr: u32) -> Result<AltStack, Fault> {
        let word = |i: u32| memory.read_u32(addr.wrapping_add(4 * i));
        Ok(AltStack { sp: word(0)?, flags: word(1)?, size: word(2)? })
    }
    fn alt_stack(&self, stack: &AltStack) -> Encoder {
        let mut e = Encoder::new(false);
        e.u32(stack.sp).u32(stack.flags).u32(stack.size);
        e
    }
    fn siginfo(&self, info: &SigInfo) -> Encoder {
        let mut e = Encoder::new(false);
        e.u32(self.signal_to_guest(info.signal)).u32(info.errno as u32).u32(info.code as u32);
        info.encode_fields(self, &mut e);
        e
    }

    fn push_frame(
        &self,
        cpu: &mut CpuState,
        memory: &UserMemory,
        request: &FrameRequest<'_>,
    ) -> Result<(), Fault> {
        arm_frame::push(self, cpu, memory, request)
    }
    fn pop_frame(&self, cpu: &mut CpuState, memory: &UserMemory, rt: bool) -> Result<Restored, Fault> {
        arm_frame::pop(self, cpu, memory, rt)
    }

    fn is_big(&self) -> bool {
        false
    }
    /// Register 12 is 0 before a call and 1 after it.
    fn mark_call_stop(&self, cpu: &mut CpuState, exit: bool) -> u32 {
        let before = cpu.get32(st::R.nth(12));
        cpu.set32(st::R.nth(12), u32::from(exit));
        before
    }
    fn unmark_call_stop(&self, cpu: &mut CpuState, before: u32) {
        cpu.set32(st::R.nth(12), before);
    }
    fn result_slots(&self) -> &'static [Slot] {
        &[st::R]
    }
    fn registers(&self, stopped: Stopped<'_>, set: RegisterSet) -> Option<Encoder> {
        Some(registers::arm::get(stopped, set))
    }
    fn set_registers(&self, cpu: &mut CpuState, set: RegisterSet, words: &Words<'_>) {
        registers::arm::set(cpu, set, words);
    }
    /// The places are offsets in `struct user`, which begins with the registers.
    fn user_word(&self, stopped: Stopped<'_>, place: u32) -> Option<u32> {
        let all = registers::arm::get(stopped, RegisterSet::User);
        if !place.is_multiple_of(4) || place >= STRUCT_USER {
            return None;
        }
        Some(super::word(all.as_bytes(), place as usize, false))
    }
    fn set_user_word(&self, cpu: &mut CpuState, place: u32, value: u32) -> bool {
        let abi: &dyn GuestAbi = self;
        // What lies behind the registers may be written to, and is not kept.
        place.is_multiple_of(4)
            && place < STRUCT_USER
            && abi.overwrite_registers(cpu, RegisterSet::User, place as usize, &value.to_le_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes and offsets from the structures of arm-linux-gnueabihf's own headers.
    #[test]
    fn layouts() {
        let stat = Stat { size: 0x1122_3344_5566_7788, ino: 7, ..Stat::default() };
        let e = ArmEabi.stat64(&stat);
        assert_eq!(e.as_bytes().len(), 104);
        assert_eq!(e.as_bytes()[48..56], stat.size.to_le_bytes());
        assert_eq!(e.as_bytes()[96], 7);
        assert_eq!(ArmEabi.stat(&stat).as_bytes().len(), 64);
    }

    #[test]
    fn flags_round_trip() {
        let abi: &dyn GuestAbi = &ArmEabi;
        for (guest, host) in OPEN_FLAGS {
            assert_eq!(abi.open_flags_to_host(guest), host);
            assert_eq!(abi.open_flags_to_guest(host), guest);
        }
    }
}
