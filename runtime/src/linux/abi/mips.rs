//! MIPS o32, either byte order. Many of its numbers come from IRIX and are its own.

use demotic_ir::{CpuState, Fault, Slot};
use demotic_mips::state as st;

use super::mips_frame;
use super::registers::{self, RegisterSet, Stopped, Words};
use super::{Action, AltStack, Encoder, FrameRequest, GuestAbi, Numbers, Restored, Stat, StatFs};
use crate::linux::handlers::ioctl::Ioctl;
use crate::linux::handlers::sysv::encode_permissions;
use crate::linux::host::{Errno, Termios};
use crate::linux::siginfo::SigInfo;
use crate::linux::syscall::{MIPS_O32, SysResult, Syscall};
use crate::memory::UserMemory;

/// MIPS o32.
#[derive(Debug)]
pub(super) struct MipsO32 {
    pub(super) big: bool,
}

const NUMBERS: Numbers = Numbers {
    map_anonymous: 0x800,
    map_fixed_noreplace: 0x10_0000,
    map_growsdown: 0x1000,
    map_populate: 0x1_0000,
    map_locked: 0x8000,
    map_hugetlb: 0x8_0000,
    map_known: 0xf_fc1f,
    sig_block: 1,
    sigset_size: 16,
    lock: [14, 6, 7],
    lock64: [33, 34, 35],
    owner: [24, 23],
    sock_nonblock: 0x80,
    sock_types: [2, 1],
    sol_socket: 0xffff,
    rlim_infinity: 0x7fff_ffff,
    rlimits: [7, 8, 5, 9, 6],
    shm_boundary: 0x4_0000,
    old_ipc_structures: false,
    audit_arch: 8,
};

static BIG_NUMBERS: Numbers = NUMBERS;
/// Those of little-endian machines.
static LITTLE_NUMBERS: Numbers = Numbers { audit_arch: 0x4000_0008, ..NUMBERS };

/// arch/mips/include/uapi/asm/fcntl.h.
static OPEN_FLAGS: [(u32, u32); 17] = [
    (0x4010, 0x101000),   // O_SYNC
    (0x410000, 0x410000), // O_TMPFILE
    (0x0100, 0x40),       // O_CREAT
    (0x0400, 0x80),       // O_EXCL
    (0x0800, 0x100),      // O_NOCTTY
    (0x0200, 0x200),      // O_TRUNC
    (0x0008, 0x400),      // O_APPEND
    (0x0080, 0x800),      // O_NONBLOCK
    (0x0010, 0x1000),     // O_DSYNC
    (0x1000, 0x2000),     // O_ASYNC
    (0x10000, 0x10000),   // O_DIRECTORY
    (0x20000, 0x20000),   // O_NOFOLLOW
    (0x8000, 0x4000),     // O_DIRECT
    (0x2000, 0x8000),     // O_LARGEFILE
    (0x40000, 0x40000),   // O_NOATIME
    (0x80000, 0x80000),   // O_CLOEXEC
    (0x200000, 0x200000), // O_PATH
];

static ACTION_FLAGS: [(u32, u32); 7] = [
    (0x1, 0x1),                 // SA_NOCLDSTOP
    (0x1_0000, 0x2),            // SA_NOCLDWAIT
    (0x8, 0x4),                 // SA_SIGINFO
    (0x0800_0000, 0x0800_0000), // SA_ONSTACK
    (0x1000_0000, 0x1000_0000), // SA_RESTART
    (0x4000_0000, 0x4000_0000), // SA_NODEFER
    (0x8000_0000, 0x8000_0000), // SA_RESETHAND
];

/// Guest numbers of host signals 1 to 31. SIGEMT, which the host lacks, takes the place of SIGSTKFLT, which MIPS lacks.
static SIGNALS: [u8; 32] = [
    0, 1, 2, 3, 4, 5, 6, 10, 8, 9, 16, 11, 17, 13, 14, 15, 7, 18, 25, 23, 24, 26, 27, 21, 30, 31, 28, 29, 20,
    22, 19, 12,
];

/// Host error numbers above 34 and the guest's, where they differ.
#[rustfmt::skip]
static ERRNOS: [(u8, u16); 83] = [
    (35, 45), (36, 78), (37, 46), (38, 89), (39, 93), (40, 90), (42, 35), (43, 36), (44, 37), (45, 38), (46, 39),
    (47, 40), (48, 41), (49, 42), (50, 43), (51, 44), (52, 50), (53, 51), (54, 52), (55, 53), (56, 54), (57, 55),
    (72, 74), (74, 77), (75, 79), (76, 80), (77, 81), (78, 82), (79, 83), (80, 84), (81, 85), (82, 86),
    (83, 87), (84, 88), (85, 91), (86, 92), (87, 94), (88, 95), (89, 96), (90, 97), (91, 98), (92, 99), (93, 120),
    (94, 121), (95, 122), (96, 123), (97, 124), (98, 125), (99, 126), (100, 127), (101, 128), (102, 129), (103, 130),
    (104, 131), (105, 132), (106, 133), (107, 134), (108, 143), (109, 144), (110, 145), (111, 146), (112, 147),
    (113, 148), (114, 149), (115, 150), (116, 151), (117, 135), (118, 137), (119, 138), (120, 139), (121, 140),
    (122, 1133), (123, 159), (124, 160), (125, 158), (126, 161), (127, 162), (128, 163), (129, 164), (130, 165),
    (131, 166), (132, 167), (133, 168),
];

/// Guest and host bits of a modem's lines (arch/mips/include/uapi/asm/termios.h): LE, DTR and RTS; ST, SR, CTS, CAR, RNG,
/// DSR; OUT1, OUT2 and LOOP.
static MODEM_LINES: [(u32, u32); 8] = [
    (0x7, 0x7),
    (0x10, 0x8),
    (0x20, 0x10),
    (0x40, 0x20),
    (0x100, 0x40),
    (0x200, 0x80),
    (0x400, 0x100),
    (0xe000, 0xe000),
];

/// arch/mips/include/uapi/asm/socket.h: guest and host numbers.
static SOCKET_OPTIONS: [(u32, u32); 23] = [
    (0x0001, 1),  // SO_DEBUG
    (0x0004, 2),  // SO_REUSEADDR
    (0x1008, 3),  // SO_TYPE
    (0x1007, 4),  // SO_ERROR
    (0x0010, 5),  // SO_DONTROUTE
    (0x0020, 6),  // SO_BROADCAST
    (0x1001, 7),  // SO_SNDBUF
    (0x1002, 8),  // SO_RCVBUF
    (0x0008, 9),  // SO_KEEPALIVE
    (0x0100, 10), // SO_OOBINLINE
    (0x0080, 13), // SO_LINGER
    (0x0200, 15), // SO_REUSEPORT
    (17, 16),     // SO_PASSCRED
    (18, 17),     // SO_PEERCRED
    (0x1004, 18), // SO_RCVLOWAT
    (0x1003, 19), // SO_SNDLOWAT
    (0x1006, 20), // SO_RCVTIMEO
    (0x1005, 21), // SO_SNDTIMEO
    (0x1009, 30), // SO_ACCEPTCONN
    (30, 31),     // SO_PEERSEC
    (31, 32),     // SO_SNDBUFFORCE
    (0x1028, 38), // SO_PROTOCOL
    (0x1029, 39), // SO_DOMAIN
];

/// Places of the host's control characters in the guest's `c_cc`: VINTR, VQUIT, VERASE, VKILL, VEOF, VTIME, VMIN,
/// VSWTC, VSTART, VSTOP, VSUSP, VEOL, VREPRINT, VDISCARD, VWERASE, VLNEXT, VEOL2.
static CONTROL_CHARACTERS: [u8; 17] = [0, 1, 2, 3, 16, 5, 4, 7, 8, 9, 10, 17, 12, 13, 14, 15, 6];

/// Guest and host bits of `c_lflag` that differ: TOSTOP, IEXTEN, ECHOCTL, ECHOPRT, ECHOKE, FLUSHO, PENDIN, EXTPROC.
static LOCAL_MODES: [(u32, u32); 15] = [
    (0x1, 0x1),
    (0x2, 0x2),
    (0x4, 0x4),
    (0x8, 0x8),
    (0x10, 0x10),
    (0x20, 0x20),
    (0x40, 0x40),
    (0x80, 0x80),
    (0x100, 0x8000),
    (0x200, 0x200),
    (0x400, 0x400),
    (0x800, 0x800),
    (0x2000, 0x1000),
    (0x4000, 0x4000),
    (0x8000, 0x100),
];

/// The register of the call's number and of its result.
const V0: u32 = 2;
const V1: u32 = 3;
const A0: u32 = 4;
/// Not 0 when the result is an error number.
const A3: u32 = 7;
const SP: u32 = 29;

impl MipsO32 {
    fn encoder(&self) -> Encoder {
        Encoder::new(self.big)
    }
}

impl GuestAbi for MipsO32 {
    fn syscalls(&self) -> &'static [Syscall] {
        &MIPS_O32
    }
    fn numbers(&self) -> &'static Numbers {
        if self.big { &BIG_NUMBERS } else { &LITTLE_NUMBERS }
    }

    fn syscall_number(&self, cpu: &CpuState) -> u32 {
        cpu.get32(st::R.nth(V0))
    }
    fn argument(&self, cpu: &CpuState, memory: &UserMemory, index: usize) -> Result<u32, Errno> {
        let index = index as u32;
        if index < 4 {
            return Ok(cpu.get32(st::R.nth(A0 + index)));
        }
        // The first four have their places on the stack too.
        Ok(memory.read_u32(cpu.get32(st::R.nth(SP)).wrapping_add(4 * index))?)
    }
    fn set_result(&self, cpu: &mut CpuState, result: SysResult) {
        let (value, failed) = match result {
            Ok(value) => (value as u32, 0),
            Err(errno) => (self.errno(errno.0) as u32, 1),
        };
        cpu.set32(st::R.nth(V0), value);
        cpu.set32(st::R.nth(A3), failed);
    }
    fn set_second_result(&self, cpu: &mut CpuState, value: u32) {
        cpu.set32(st::R.nth(V1), value);
    }
    fn pc_slot(&self) -> Slot {
        st::PC
    }
    fn sp_slot(&self) -> Slot {
        st::R.nth(SP)
    }
    fn tls_slot(&self) -> Slot {
        st::USER_LOCAL
    }
    fn clear_monitor(&self, cpu: &mut CpuState) {
        cpu.set(st::MONITOR_ADDR, u64::MAX);
    }

    fn errno(&self, host: i32) -> i32 {
        let known = ERRNOS.iter().find(|&&(h, _)| i32::from(h) == host);
        known.map_or(host, |&(_, guest)| i32::from(guest))
    }
    fn signal_to_host(&self, guest: u32) -> Option<i32> {
        match guest {
            1..=31 => SIGNALS.iter().position(|&g| u32::from(g) == guest).map(|host| host as i32),
            32..=64 => Some(guest as i32),
            _ => None,
        }
    }
    fn last_signal(&self) -> u32 {
        128
    }
    fn signal_to_guest(&self, host: i32) -> u32 {
        SIGNALS.get(host as usize).map_or(host as u32, |&guest| u32::from(guest))
    }
    fn open_flags(&self) -> &'static [(u32, u32)] {
        &OPEN_FLAGS
    }
    fn action_flags(&self) -> &'static [(u32, u32)] {
        &ACTION_FLAGS
    }
    fn sender_code(&self, host: i32) -> i32 {
        match host {
            libc::SI_ASYNCIO => -2,
            libc::SI_TIMER => -3,
            libc::SI_MESGQ => -4,
            other => other,
        }
    }
    fn code_comes_first(&self) -> bool {
        true
    }
    fn ioctl_number(&self, row: &Ioctl) -> u32 {
        row.mips
    }
    fn ioctl_size_bits(&self) -> u32 {
        0x1fff_0000
    }
    fn modem_lines(&self) -> &'static [(u32, u32)] {
        &MODEM_LINES
    }
    fn socket_option(&self, guest: u32) -> Option<u32> {
        let known = SOCKET_OPTIONS.iter().find(|&&(g, _)| g == guest).map(|&(_, host)| host);
        // A number that means something else to the host means nothing to the guest.
        known.or_else(|| SOCKET_OPTIONS.iter().all(|&(_, host)| host != guest).then_some(guest))
    }

    fn shmid_ds(&self, s: &libc::shmid_ds) -> Encoder {
        let times = [s.shm_atime, s.shm_dtime, s.shm_ctime];
        let mut e = self.encoder();
        encode_permissions(&mut e, &s.shm_perm);
        e.u32(s.shm_segsz as u32).u32(times[0] as u32).u32(times[1] as u32).u32(times[2] as u32);
        e.u32(s.shm_cpid as u32).u32(s.shm_lpid as u32).u32(s.shm_nattch as u32);
        for time in times {
            e.u16((time >> 32) as u16);
        }
        e.pad_to(72);
        e
    }
    fn msqid_ds(&self, s: &libc::msqid_ds) -> Encoder {
        let mut e = self.encoder();
        encode_permissions(&mut e, &s.msg_perm);
        e.u64(s.msg_stime as u64).u64(s.msg_rtime as u64).u64(s.msg_ctime as u64);
        e.u32(s.__msg_cbytes as u32).u32(s.msg_qnum as u32).u32(s.msg_qbytes as u32);
        e.u32(s.msg_lspid as u32).u32(s.msg_lrpid as u32).pad_to(88);
        e
    }
    fn semid_ds(&self, s: &libc::semid_ds) -> Encoder {
        let mut e = self.encoder();
        encode_permissions(&mut e, &s.sem_perm);
        e.u32(s.sem_otime as u32).u32(s.sem_ctime as u32).u32(s.sem_nsems as u32);
        e.u32((s.sem_otime >> 32) as u32).u32((s.sem_ctime >> 32) as u32);
        e
    }

    fn stat64(&self, s: &Stat) -> Encoder {
        let mut e = self.encoder();
        e.u32(s.dev as u32).pad_to(16).u64(s.ino).u32(s.mode).u32(s.nlink).u32(s.uid).u32(s.gid);
        e.u32(s.rdev as u32).pad_to(56).u64(s.size);
        for (seconds, nanoseconds) in s.times {
            e.u32(seconds as u32).u32(nanoseconds);
        }
        e.u32(s.blksize).pad_to(96).u64(s.blocks);
        e
    }
    fn stat(&self, s: &Stat) -> Encoder {
        let mut e = self.encoder();
        e.u32(s.dev as u32).pad_to(16).u32(s.ino as u32).u32(s.mode).u32(s.nlink).u32(s.uid).u32(s.gid);
        e.u32(s.rdev as u32).pad_to(48).u32(s.size as u32).u32(0);
        for (seconds, nanoseconds) in s.times {
            e.u32(seconds as u32).u32(nanoseconds);
        }
        e.u32(s.blksize).u32(s.blocks as u32).pad_to(144);
        e
    }
    fn statfs64(&self, s: &StatFs) -> Encoder {
        let mut e = self.encoder();
        e.u32(s.kind).u32(s.bsize).u32(s.frsize).u32(0);
        e.u64(s.blocks).u64(s.bfree).u64(s.files).u64(s.ffree).u64(s.bavail);
        e.u32(s.fsid[0]).u32(s.fsid[1]).u32(s.namelen).u32(s.flags).pad_to(96);
        e
    }
    fn statfs(&self, s: &StatFs) -> Encoder {
        let mut e = self.encoder();
        e.u32(s.kind).u32(s.bsize).u32(s.frsize).u32(s.blocks as u32).u32(s.bfree as u32);
        e.u32(s.files as u32).u32(s.ffree as u32).u32(s.bavail as u32);
        e.u32(s.fsid[0]).u32(s.fsid[1]).u32(s.namelen).u32(s.flags).pad_to(68);
        e
    }
    fn termios(&self, t: &Termios) -> Encoder {
        let mut cc = [0; 23];
        for (&place, &character) in CONTROL_CHARACTERS.iter().zip(&t.cc) {
            cc[usize::from(place)] = character;
        }
        let local = super::convert(t.lflag, LOCAL_MODES.iter().map(|&(g, h)| (h, g)));
        let mut e = self.encoder();
        e.u32(t.iflag).u32(t.oflag).u32(t.cflag).u32(local).u8(t.line).bytes(&cc);
        e
    }
    fn termios_of(&self, bytes: &[u8]) -> Termios {
        let word = |i: usize| super::word(bytes, 4 * i, self.big);
        let mut cc = [0; 19];
        for (&place, character) in CONTROL_CHARACTERS.iter().zip(&mut cc) {
            *character = bytes.get(17 + usize::from(place)).copied().unwrap_or_default();
        }
        Termios {
            iflag: word(0),
            oflag: word(1),
            cflag: word(2),
            lflag: super::convert(word(3), LOCAL_MODES.iter().copied()),
            line: bytes.get(16).copied().unwrap_or_default(),
            cc,
        }
    }

    fn read_rt_action(&self, memory: &UserMemory, addr: u32) -> Result<Action, Fault> {
        let abi: &dyn GuestAbi = self;
        let guest_flags = memory.read_u32(addr)?;
        Ok(Action {
            handler: memory.read_u32(addr.wrapping_add(4))?,
            flags: abi.action_flags_to_host(guest_flags),
            restorer: 0,
            mask: abi.read_sigset(memory, addr.wrapping_add(8))?,
            guest_flags,
        })
    }
    fn rt_action(&self, action: &Action) -> Encoder {
        let abi: &dyn GuestAbi = self;
        let mask = abi.sigset_to_guest(action.mask);
        let mut e = self.encoder();
        e.u32(action.guest_flags).u32(action.handler).u32(mask as u32).u32((mask >> 32) as u32).pad_to(24);
        e
    }
    fn read_old_action(&self, memory: &UserMemory, addr: u32) -> Result<Action, Fault> {
        let abi: &dyn GuestAbi = self;
        let guest_flags = memory.read_u32(addr)?;
        Ok(Action {
            handler: memory.read_u32(addr.wrapping_add(4))?,
            flags: abi.action_flags_to_host(guest_flags),
            restorer: 0,
            mask: abi.sigset_to_host(u64::from(memory.read_u32(addr.wrapping_add(8))?)),
            guest_flags,
        })
    }
    fn old_action(&self, action: &Action) -> Encoder {
        self.rt_action(action)
    }
    fn read_alt_stack(&self, memory: &UserMemory, addr: u32) -> Result<AltStack, Fault> {
        let word = |i: u32| memory.read_u32(addr.wrapping_add(4 * i));
        Ok(AltStack { sp: word(0)?, size: word(1)?, flags: word(2)? })
    }
    fn alt_stack(&self, stack: &AltStack) -> Encoder {
        let mut e = self.encoder();
        e.u32(stack.sp).u32(stack.size).u32(stack.flags);
        e
    }
    fn siginfo(&self, info: &SigInfo) -> Encoder {
        let mut e = self.encoder();
        let code = if info.code <= 0 { self.sender_code(info.code) } else { info.code };
        e.u32(self.signal_to_guest(info.signal)).u32(code as u32).u32(info.errno as u32);
        info.encode_fields(self, &mut e);
        e
    }

    fn push_frame(
        &self,
        cpu: &mut CpuState,
        memory: &UserMemory,
        request: &FrameRequest<'_>,
    ) -> Result<(), Fault> {
        mips_frame::push(self, cpu, memory, request)
    }
    fn pop_frame(&self, cpu: &mut CpuState, memory: &UserMemory, rt: bool) -> Result<Restored, Fault> {
        mips_frame::pop(self, cpu, memory, rt)
    }

    fn is_big(&self) -> bool {
        self.big
    }
    fn rereads_syscall_number(&self) -> bool {
        true
    }
    fn result_slots(&self) -> &'static [Slot] {
        const SLOTS: [Slot; 2] = [st::R.nth(V0), st::R.nth(A3)];
        &SLOTS
    }
    fn registers(&self, stopped: Stopped<'_>, set: RegisterSet) -> Option<Encoder> {
        registers::mips::get(self.big, stopped, set)
    }
    fn set_registers(&self, cpu: &mut CpuState, set: RegisterSet, words: &Words<'_>) {
        registers::mips::set(cpu, set, words);
    }
    fn user_word(&self, stopped: Stopped<'_>, place: u32) -> Option<u32> {
        registers::mips::user_word(stopped.cpu, place)
    }
    fn set_user_word(&self, cpu: &mut CpuState, place: u32, value: u32) -> bool {
        registers::mips::set_user_word(cpu, place, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes and offsets from the structures of mipsel-linux-gnu's own headers.
    #[test]
    fn layouts() {
        let stat = Stat { size: 0x1122_3344_5566_7788, blocks: 9, ..Stat::default() };
        let e = MipsO32 { big: true }.stat64(&stat);
        assert_eq!(e.as_bytes().len(), 104);
        assert_eq!(e.as_bytes()[56..64], stat.size.to_be_bytes());
        assert_eq!(e.as_bytes()[103], 9);
        assert_eq!(MipsO32 { big: false }.stat(&stat).as_bytes().len(), 144);
    }

    #[test]
    fn numbers_round_trip() {
        let mips = MipsO32 { big: false };
        let abi: &dyn GuestAbi = &mips;
        for (guest, host) in OPEN_FLAGS {
            assert_eq!(abi.open_flags_to_host(guest), host);
            assert_eq!(abi.open_flags_to_guest(host), guest);
        }
        for host in 1..=64 {
            assert_eq!(mips.signal_to_host(mips.signal_to_guest(host)), Some(host));
        }
        assert_eq!(mips.errno(libc::EAGAIN), 11);
        assert_eq!(mips.errno(libc::ENOSYS), 89);
    }
}
