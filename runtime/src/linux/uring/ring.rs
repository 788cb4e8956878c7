//! A ring: its memory, its setup, results.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use super::requests::Request;
use super::{arouse, identity, lock};
use crate::linux::abi::Encoder;
use crate::linux::host::{self, Errno};
use crate::linux::shared_pages::SharedPages;
use crate::linux::syscall::{Call, SysResult};

/// Where things are in the memory of the rings. The values are in the guest's byte order.
mod place {
    pub(super) const SQ_HEAD: u32 = 0;
    pub(super) const SQ_TAIL: u32 = 64;
    pub(super) const CQ_HEAD: u32 = 128;
    pub(super) const CQ_TAIL: u32 = 192;
    pub(super) const SQ_MASK: u32 = 256;
    pub(super) const CQ_MASK: u32 = 260;
    pub(super) const SQ_ENTRIES: u32 = 264;
    pub(super) const CQ_ENTRIES: u32 = 268;
    pub(super) const SQ_DROPPED: u32 = 272;
    pub(super) const SQ_FLAGS: u32 = 276;
    pub(super) const CQ_FLAGS: u32 = 280;
    pub(super) const CQ_OVERFLOW: u32 = 284;
    /// The results; the array of requests follows.
    pub(super) const CQES: u32 = 320;
}

/// Bytes of a `struct io_uring_sqe` and of a `struct io_uring_cqe`.
pub(super) const SQE: u32 = 64;
const CQE: u32 = 16;
/// The most requests that a ring has room for.
const ENTRIES_MAX: u32 = 32768;

// Offsets for mmap.
const OFF_SQ_RING: u64 = 0;
const OFF_CQ_RING: u64 = 0x800_0000;
const OFF_SQES: u64 = 0x1000_0000;

/// `IORING_SQ_CQ_OVERFLOW`: results wait for room.
const SQ_CQ_OVERFLOW: u32 = 2;

/// A result.
#[derive(Clone, Copy, Debug)]
struct Result {
    user_data: u64,
    value: i32,
}

/// What is protected by a ring's lock.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Results that there was no room for.
    overflow: VecDeque<Result>,
    /// How many requests have begun and not ended.
    pub(super) in_flight: u32,
    /// What begins when all that went before has ended.
    pub(super) deferred: VecDeque<Request>,
    /// Ranges of the guest's memory that requests name by number.
    pub(super) buffers: Option<Vec<(u32, u32)>>,
    /// Whether there is an eventfd to be told, and whether only of what ends later.
    pub(super) told: Option<bool>,
    /// Whether files are registered.
    pub(super) has_files: bool,
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Ring {
    pub(super) id: u64,
    rings: SharedPages,
    sqes: SharedPages,
    sq_entries: u32,
    cq_entries: u32,
    big: bool,
    pub(super) state: Mutex<State>,
    /// Changes with every result.
    pub(super) news: AtomicU32,
    /// Its descriptor has been made ready.
    armed: AtomicBool,
    /// There are requests that count results.
    pub(super) counts: AtomicBool,
}

impl Ring {
    fn word(&self, offset: u32) -> u32 {
        let word = self.rings.load(offset);
        if self.big { word.swap_bytes() } else { word }
    }

    fn set_word(&self, offset: u32, value: u32) {
        self.rings.store(offset, if self.big { value.swap_bytes() } else { value });
    }

    /// Host address and length of what is at an offset of the descriptor.
    pub(super) fn memory(&self, offset: u64) -> Option<(u64, u64)> {
        /// Which of the bits say what is meant.
        const MASK: u64 = 0xf800_0000;
        let pages = match offset & MASK {
            OFF_SQ_RING | OFF_CQ_RING => &self.rings,
            OFF_SQES => &self.sqes,
            _ => return None,
        };
        Some((pages.address(), pages.len()))
    }

    /// How many requests wait in the ring.
    pub(super) fn waiting(&self) -> u32 {
        self.word(place::SQ_TAIL).wrapping_sub(self.word(place::SQ_HEAD)).min(self.sq_entries)
    }

    /// Takes the next request out of the ring; `None` for one that names no entry.
    pub(super) fn take(&self) -> Option<[u8; SQE as usize]> {
        let head = self.word(place::SQ_HEAD);
        let array = place::CQES + CQE * self.cq_entries;
        let index = self.word(array + 4 * (head & (self.sq_entries - 1)));
        let mut bytes = [0; SQE as usize];
        if index < self.sq_entries {
            for (i, word) in bytes.chunks_exact_mut(4).enumerate() {
                word.copy_from_slice(&self.sqes.load(SQE * index + 4 * i as u32).to_le_bytes());
            }
        }
        self.set_word(place::SQ_HEAD, head.wrapping_add(1));
        if index < self.sq_entries {
            return Some(bytes);
        }
        self.set_word(place::SQ_DROPPED, self.word(place::SQ_DROPPED).wrapping_add(1));
        None
    }

    /// How many results the guest has not looked at.
    pub(super) fn ready(&self) -> u32 {
        self.word(place::CQ_TAIL).wrapping_sub(self.word(place::CQ_HEAD))
    }

    /// Adds a result. The ring's descriptor is to be made ready afterwards.
    pub(super) fn post(&self, state: &mut State, user_data: u64, value: i32) {
        state.overflow.push_back(Result { user_data, value });
        self.flush(state);
        self.news.fetch_add(1, Ordering::SeqCst);
    }

    /// Puts results that there was no room for where there is room now.
    pub(super) fn flush(&self, state: &mut State) {
        while self.ready() < self.cq_entries {
            let Some(result) = state.overflow.pop_front() else { break };
            let tail = self.word(place::CQ_TAIL);
            let at = place::CQES + CQE * (tail & (self.cq_entries - 1));
            let mut e = Encoder::new(self.big);
            e.u64(result.user_data).u32(result.value as u32).u32(0);
            for (i, word) in e.as_bytes().chunks_exact(4).enumerate() {
                let word = word.try_into().map_or(0, u32::from_le_bytes);
                self.rings.store(at + 4 * i as u32, word);
            }
            self.set_word(place::CQ_TAIL, tail.wrapping_add(1));
        }
        let flags = if state.overflow.is_empty() { 0 } else { SQ_CQ_OVERFLOW };
        self.set_word(place::SQ_FLAGS, flags);
    }

    /// Makes the ring's descriptor ready, by this number of it.
    pub(super) fn tell(&self, fd: i32) {
        self.armed.store(true, Ordering::SeqCst);
        arouse(fd);
    }

    /// How many results there is room for.
    pub(super) fn capacity(&self) -> u32 {
        self.cq_entries
    }

    /// Whether the descriptor says that there are results, and there are none any more.
    pub(super) fn is_stale(&self) -> bool {
        self.armed.load(Ordering::SeqCst) && self.ready() == 0
    }

    /// Makes the descriptor say that there are no results, if there are none.
    pub(super) fn settle(&self, fd: i32) {
        let _state = lock(&self.state);
        if self.is_stale() {
            self.armed.store(false, Ordering::SeqCst);
            super::drain(fd);
        }
    }
}

// IORING_SETUP_…
const SETUP_CQSIZE: u32 = 1 << 3;
const SETUP_CLAMP: u32 = 1 << 4;
const SETUP_SUBMIT_ALL: u32 = 1 << 7;
const SETUP_COOP_TASKRUN: u32 = 1 << 8;
const SETUP_TASKRUN_FLAG: u32 = 1 << 9;
const SETUP_SINGLE_ISSUER: u32 = 1 << 12;
const SETUP_DEFER_TASKRUN: u32 = 1 << 13;
/// What is done, or is about when a kernel does its work.
const SETUP_KNOWN: u32 = SETUP_CQSIZE
    | SETUP_CLAMP
    | SETUP_SUBMIT_ALL
    | SETUP_COOP_TASKRUN
    | SETUP_TASKRUN_FLAG
    | SETUP_SINGLE_ISSUER
    | SETUP_DEFER_TASKRUN;

/// `IORING_FEAT_SINGLE_MMAP`, `NODROP`, `SUBMIT_STABLE`, `RW_CUR_POS`, `FAST_POLL`, `POLL_32BITS`, `EXT_ARG`.
const FEATURES: u32 = 1 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 6 | 1 << 8;

/// Bytes of a `struct io_uring_params`.
const PARAMS: u32 = 120;

pub(crate) fn setup(c: &mut Call<'_>) -> SysResult {
    let (wanted, params) = (c.uint(0), c.uint(1));
    let field = |i: u32| c.memory().read_u32(params.wrapping_add(4 * i));
    let flags = field(2)?;
    for reserved in 7..10 {
        if field(reserved)? != 0 {
            return Err(Errno(libc::EINVAL));
        }
    }
    if flags & !SETUP_KNOWN != 0 {
        tracing::debug!(target: "syscall", "rings with flags {flags:#x} are not supported");
        return Err(Errno(libc::EINVAL));
    }
    let clamp = flags & SETUP_CLAMP != 0;
    let rounded = |entries: u32, max: u32| match entries {
        0 => Err(Errno(libc::EINVAL)),
        _ if entries > max && !clamp => Err(Errno(libc::EINVAL)),
        _ => Ok(entries.min(max).next_power_of_two()),
    };
    let sq_entries = rounded(wanted, ENTRIES_MAX)?;
    let cq_entries = match flags & SETUP_CQSIZE {
        0 => 2 * sq_entries,
        _ => rounded(field(1)?, 2 * ENTRIES_MAX)?,
    };
    if cq_entries < sq_entries {
        return Err(Errno(libc::EINVAL));
    }
    c.process.rings.reap();
    let array = place::CQES + CQE * cq_entries;
    let rings = SharedPages::new(u64::from(array + 4 * sq_entries))?;
    let sqes = SharedPages::new(u64::from(SQE * sq_entries))?;
    let workers = c.process.ring_workers(c.cpu)?;
    // Nothing of it is the guest's until it knows the number.
    let eventfd = [0.into(), (libc::EFD_CLOEXEC | libc::EFD_NONBLOCK).into()];
    let fd = host::call(libc::SYS_eventfd2, &eventfd)? as i32;
    let made = || -> std::result::Result<Arc<Ring>, Errno> {
        // Without /proc a ring would not be known again.
        let id = identity(fd).ok_or(Errno(libc::ENOSYS))?;
        let ring = Arc::new(Ring {
            id,
            rings,
            sqes,
            sq_entries,
            cq_entries,
            big: c.memory().is_big(),
            state: Mutex::default(),
            news: AtomicU32::new(0),
            armed: AtomicBool::new(false),
            counts: AtomicBool::new(false),
        });
        for (at, value) in [
            (place::SQ_MASK, sq_entries - 1),
            (place::CQ_MASK, cq_entries - 1),
            (place::SQ_ENTRIES, sq_entries),
            (place::CQ_ENTRIES, cq_entries),
        ] {
            ring.set_word(at, value);
        }
        c.memory().write_bytes(params, shown_params(c, sq_entries, cq_entries, flags).as_bytes())?;
        workers.know(&ring, fd)?;
        Ok(ring)
    };
    match made() {
        Ok(ring) => {
            lock(&c.process.rings.list).push(ring);
            Ok(fd as u64)
        }
        Err(errno) => {
            let _ = host::call_now(libc::SYS_close, &[fd.into()]);
            Err(errno)
        }
    }
}

/// The parameters as the guest finds them afterwards.
fn shown_params(c: &Call<'_>, sq_entries: u32, cq_entries: u32, flags: u32) -> Encoder {
    let mut e = Encoder::new(c.memory().is_big());
    let array = place::CQES + CQE * cq_entries;
    e.u32(sq_entries).u32(cq_entries).u32(flags).u32(0).u32(0).u32(FEATURES).pad_to(40);
    e.u32(place::SQ_HEAD).u32(place::SQ_TAIL).u32(place::SQ_MASK).u32(place::SQ_ENTRIES);
    e.u32(place::SQ_FLAGS).u32(place::SQ_DROPPED).u32(array).pad_to(80);
    e.u32(place::CQ_HEAD).u32(place::CQ_TAIL).u32(place::CQ_MASK).u32(place::CQ_ENTRIES);
    e.u32(place::CQ_OVERFLOW).u32(place::CQES).u32(place::CQ_FLAGS).pad_to(PARAMS as usize);
    e
}
