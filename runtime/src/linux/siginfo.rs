//! What a signal carries with it, between the host's `siginfo_t` and the guests'.

use demotic_ir::Fault;

use super::abi::{Encoder, GuestAbi};
use super::host_signal::HostInfo;
use crate::memory::UserMemory;

/// Bytes of a `siginfo_t`, host and guests.
pub(crate) const SIZE: usize = 128;

/// A signal with its information; numbers are the host's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SigInfo {
    /// Which signal.
    pub(crate) signal: i32,
    /// `si_errno`.
    pub(crate) errno: i32,
    /// `si_code`.
    pub(crate) code: i32,
    /// What goes with the code.
    pub(crate) fields: Fields,
}

/// Codes of SIGIO (asm-generic/siginfo.h).
const POLL_IN: i32 = 1;
const POLL_HUP: i32 = 6;

/// Signals whose positive codes are their own.
const RAISED: [i32; 7] =
    [libc::SIGILL, libc::SIGFPE, libc::SIGSEGV, libc::SIGBUS, libc::SIGTRAP, libc::SIGCHLD, libc::SIGSYS];

/// The parts of the union in `siginfo_t`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fields {
    /// Nothing.
    None,
    /// Who sent it.
    Sender { pid: i32, uid: u32 },
    /// Who queued it, with what value.
    Queued { pid: i32, uid: u32, value: u32 },
    /// Which timer.
    Timer { id: i32, overrun: i32, value: u32 },
    /// Which child, and how it ended.
    Child { pid: i32, uid: u32, status: i32, utime: u32, stime: u32 },
    /// The guest address that could not be accessed or executed.
    Address(u32),
    /// Which system call was refused: the address after it, its number, the ABI as filters know it.
    Call { address: u32, number: u32, arch: u32 },
    /// What happened to which descriptor.
    Poll { band: i32, fd: i32 },
    /// What a tracer has made of it.
    Words([u32; 12]),
}

impl SigInfo {
    /// The kernel raised it.
    pub(crate) fn raised(signal: i32, code: i32, fields: Fields) -> SigInfo {
        SigInfo { signal, errno: 0, code, fields }
    }

    /// From the host's information. Fault addresses in it are the host's, and mean nothing to the guest.
    pub(crate) fn from_host(info: &HostInfo) -> SigInfo {
        let word = |i: usize| info.word(i) as i32;
        let sender = Fields::Sender { pid: word(4), uid: info.word(5) };
        let fields = match info.code() {
            libc::SI_USER | libc::SI_TKILL | libc::SI_KERNEL => sender,
            libc::SI_TIMER => Fields::Timer { id: word(4), overrun: word(5), value: info.word(6) },
            code if code < 0 => Fields::Queued { pid: word(4), uid: info.word(5), value: info.word(6) },
            _ if info.signal() == libc::SIGCHLD => Fields::Child {
                pid: word(4),
                uid: info.word(5),
                status: word(6),
                utime: info.word(8),
                stime: info.word(10),
            },
            // SIGIO, or the signal that F_SETSIG has put in its place.
            POLL_IN..=POLL_HUP if !RAISED.contains(&info.signal()) => {
                Fields::Poll { band: word(4), fd: word(6) }
            }
            _ => Fields::None,
        };
        SigInfo { signal: info.signal(), errno: info.errno(), code: info.code(), fields }
    }

    /// The exit status or signal of a child, as the guest numbers it.
    fn child_status(&self, abi: &dyn GuestAbi, status: i32) -> u32 {
        if self.code == libc::CLD_EXITED { status as u32 } else { abi.signal_to_guest(status) }
    }

    /// Adds what comes after the first three words.
    pub(crate) fn encode_fields(&self, abi: &dyn GuestAbi, e: &mut Encoder) {
        match self.fields {
            Fields::None => {}
            Fields::Sender { pid, uid } => {
                e.u32(pid as u32).u32(uid);
            }
            Fields::Queued { pid, uid, value } => {
                e.u32(pid as u32).u32(uid).u32(value);
            }
            Fields::Timer { id, overrun, value } => {
                e.u32(id as u32).u32(overrun as u32).u32(value);
            }
            Fields::Child { pid, uid, status, utime, stime } => {
                e.u32(pid as u32).u32(uid).u32(self.child_status(abi, status)).u32(utime).u32(stime);
            }
            Fields::Address(addr) => {
                e.u32(addr);
            }
            Fields::Call { address, number, arch } => {
                e.u32(address).u32(number).u32(arch);
            }
            Fields::Poll { band, fd } => {
                e.u32(band as u32).u32(fd as u32);
            }
            Fields::Words(words) => words.into_iter().for_each(|word| {
                e.u32(word);
            }),
        }
        e.pad_to(SIZE);
    }

    /// From a guest's own `siginfo_t`; the signal is `signal`, whatever it says.
    pub(crate) fn decoded(abi: &dyn GuestAbi, bytes: &[u8; SIZE], signal: i32) -> SigInfo {
        let word = |index: usize| super::abi::word(bytes, 4 * index, abi.is_big());
        let [errno, code] =
            if abi.code_comes_first() { [2, 1] } else { [1, 2] }.map(|index| word(index) as i32);
        let code = abi.sender_code_to_host(code);
        SigInfo { signal, errno, code, fields: Fields::Words(std::array::from_fn(|index| word(3 + index))) }
    }

    /// Reads what a guest queues with rt_sigqueueinfo.
    pub(crate) fn read_queued(memory: &UserMemory, addr: u32, signal: i32) -> Result<SigInfo, Fault> {
        let word = |i: u32| memory.read_u32(addr.wrapping_add(4 * i));
        let (a, b) = (word(1)? as i32, word(2)? as i32);
        // MIPS has errno and code the other way round; a queued signal's code is negative, its errno is not.
        let (errno, code) = if a < 0 { (b, a) } else { (a, b) };
        let fields = Fields::Queued { pid: word(3)? as i32, uid: word(4)?, value: word(5)? };
        Ok(SigInfo { signal, errno, code, fields })
    }
}
