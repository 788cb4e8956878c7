//! Requests: what the guest has put into a ring, chains of them, and their ends.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::operations::{self, Attempt};
use super::ring::{Ring, SQE};
use super::{drain, lock};
use crate::linux::abi::GuestAbi;
use crate::linux::handlers::pipe_poll::read_mask;
use crate::linux::handlers::signal::with_mask;
use crate::linux::handlers::time::{Width, optional_timespec};
use crate::linux::host::{self, Arg, Errno};
use crate::linux::syscall::{Call, SysResult};

// IOSQE_…
pub(super) const FIXED_FILE: u8 = 1;
const IO_DRAIN: u8 = 1 << 1;
const IO_LINK: u8 = 1 << 2;
const IO_HARDLINK: u8 = 1 << 3;
/// Asks for a thread, which is given where one is needed.
const ASYNC: u8 = 1 << 4;
pub(super) const KNOWN_FLAGS: u8 = FIXED_FILE | IO_DRAIN | IO_LINK | IO_HARDLINK | ASYNC;

/// A `struct io_uring_sqe`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sqe {
    pub(super) opcode: u8,
    pub(super) flags: u8,
    pub(super) ioprio: u16,
    pub(super) fd: i32,
    pub(super) off: u64,
    pub(super) addr: u64,
    pub(super) len: u32,
    pub(super) op_flags: u32,
    pub(super) user_data: u64,
    pub(super) buf_index: u16,
    pub(super) file_index: u32,
}

impl Sqe {
    fn read(bytes: &[u8; SQE as usize], big: bool) -> Sqe {
        let number = |at: usize, len: usize| -> u64 {
            let field = &bytes[at..at + len];
            let fold = |value: u64, &byte: &u8| value << 8 | u64::from(byte);
            if big { field.iter().fold(0, fold) } else { field.iter().rev().fold(0, fold) }
        };
        Sqe {
            opcode: bytes[0],
            flags: bytes[1],
            ioprio: number(2, 2) as u16,
            fd: number(4, 4) as i32,
            off: number(8, 8),
            addr: number(16, 8),
            len: number(24, 4) as u32,
            op_flags: number(28, 4) as u32,
            user_data: number(32, 8),
            buf_index: number(40, 2) as u16,
            file_index: number(44, 4) as u32,
        }
    }

    fn is_linked(&self) -> bool {
        self.flags & (IO_LINK | IO_HARDLINK) != 0
    }
}

/// A request that has begun, and those that wait for it.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) ring: Arc<Ring>,
    pub(super) sqe: Sqe,
    pub(super) rest: VecDeque<Sqe>,
    /// How far it is, if it is done bit by bit.
    pub(super) progress: u32,
}

impl Request {
    fn new(ring: &Arc<Ring>, mut chain: VecDeque<Sqe>) -> Option<Request> {
        let sqe = chain.pop_front()?;
        Some(Request { ring: ring.clone(), sqe, rest: chain, progress: 0 })
    }

    fn len(&self) -> u32 {
        1 + self.rest.len() as u32
    }

    /// The limit on its time that follows it in its chain.
    pub(super) fn link_timeout(&self) -> Option<&Sqe> {
        self.rest.front().filter(|next| next.opcode == operations::LINK_TIMEOUT)
    }

    /// Whether this result means that what is linked to it is not done.
    fn has_failed(&self, value: i32) -> bool {
        let whole = operations::whole(&self.sqe);
        value < 0 && !operations::may_time_out(&self.sqe) || whole.is_some_and(|len| value as u32 != len)
    }
}

/// A request has ended. Gives what begins because of that.
pub(super) fn finish(abi: &dyn GuestAbi, mut request: Request, value: i32) -> Vec<Request> {
    let ring = request.ring.clone();
    let mut state = lock(&ring.state);
    let mut ended = 1;
    let canceled = -abi.errno(libc::ECANCELED);
    ring.post(&mut state, request.sqe.user_data, value);
    if request.link_timeout().is_some()
        && let Some(limit) = request.rest.pop_front()
    {
        ring.post(&mut state, limit.user_data, canceled);
        ended += 1;
    }
    if request.has_failed(value) && request.sqe.flags & IO_HARDLINK == 0 {
        for sqe in std::mem::take(&mut request.rest) {
            ring.post(&mut state, sqe.user_data, canceled);
            ended += 1;
        }
    }
    state.in_flight -= ended;
    let mut begin: Vec<Request> = Request::new(&ring, request.rest).into_iter().collect();
    if state.in_flight == 0 && begin.is_empty() {
        // Up to the next that waits for everything before it.
        while let Some(next) = state.deferred.pop_front() {
            if !begin.is_empty() && next.sqe.flags & IO_DRAIN != 0 {
                state.deferred.push_front(next);
                break;
            }
            state.in_flight += next.len();
            begin.push(next);
        }
    }
    begin
}

/// The time given to a request is over.
pub(super) fn expire(abi: &dyn GuestAbi, mut request: Request) -> Vec<Request> {
    if let Some(limit) = request.rest.pop_front() {
        let mut state = lock(&request.ring.state);
        request.ring.post(&mut state, limit.user_data, -abi.errno(libc::ETIME));
        state.in_flight -= 1;
    }
    finish(abi, request, -abi.errno(libc::ECANCELED))
}

/// Does requests, and what follows them, on a thread that has the guest's descriptors. What has to wait is handed on.
pub(super) fn run(c: &mut Call<'_>, request: Request) {
    let mut todo = vec![request];
    while let Some(mut request) = todo.pop() {
        let Some(workers) = c.process.rings.clone().workers.get().map(|workers| workers.handle()) else {
            return;
        };
        let attempt = if request.sqe.flags & FIXED_FILE != 0 && operations::uses_file(&request.sqe) {
            Attempt::Fixed
        } else {
            let fd = request.sqe.fd;
            operations::attempt(c, &mut request, fd)
        };
        match attempt {
            Attempt::Done(value) => todo.extend(finish(c.abi(), request, value)),
            Attempt::Interrupted => workers.run(request),
            Attempt::Fixed => workers.begin_fixed(request),
            Attempt::Wait(events) => workers.watch(request, events),
            Attempt::Until(timer) => workers.time(request, timer),
        }
    }
}

/// Takes requests out of the ring and begins them; gives how many.
fn submit(c: &mut Call<'_>, ring: &Arc<Ring>, most: u32) -> u32 {
    let big = c.memory().is_big();
    let count = ring.waiting().min(most);
    let mut chain = VecDeque::new();
    for i in 0..count {
        let sqe = ring.take().map(|bytes| Sqe::read(&bytes, big));
        let goes_on = sqe.is_some_and(|sqe| sqe.is_linked()) && i + 1 < count;
        chain.extend(sqe);
        if goes_on {
            continue;
        }
        let Some(request) = Request::new(ring, std::mem::take(&mut chain)) else { continue };
        let mut state = lock(&ring.state);
        let waits = request.sqe.flags & IO_DRAIN != 0 && state.in_flight > 0;
        if waits || !state.deferred.is_empty() {
            state.deferred.push_back(request);
            continue;
        }
        state.in_flight += request.len();
        drop(state);
        run(c, request);
    }
    count
}

const GETEVENTS: u32 = 1;
const SQ_WAKEUP: u32 = 2;
const SQ_WAIT: u32 = 4;
const EXT_ARG: u32 = 8;

/// `io_uring_enter(fd, to_submit, min_complete, flags, argument, size)`.
pub(crate) fn enter(c: &mut Call<'_>) -> SysResult {
    let flags = c.uint(3);
    if flags & !(GETEVENTS | SQ_WAKEUP | SQ_WAIT | EXT_ARG) != 0 {
        return Err(Errno(libc::EINVAL));
    }
    let (fd, to_submit, least) = (c.int(0), c.uint(1), c.uint(2));
    let ring = c.process.rings.get(fd)?;
    let (argument, size) = (c.uint(4), c.uint(5));
    let before = ring.news.load(Ordering::SeqCst);
    let submitted = submit(c, &ring, to_submit);
    ring.flush(&mut lock(&ring.state));
    let ended = ring.news.load(Ordering::SeqCst) != before;
    let told = lock(&ring.state).told == Some(true);
    if ended && (told || ring.counts.load(Ordering::SeqCst)) {
        // Now, so that the guest finds the eventfd ready.
        if let Some(workers) = c.process.rings.workers.get() {
            workers.tell(&ring);
        }
    }
    if ended {
        ring.tell(fd);
    }
    if flags & GETEVENTS == 0 {
        return Ok(submitted.into());
    }
    let waited = wait(c, &ring, fd, least, (flags & EXT_ARG != 0, argument, size));
    match waited {
        Err(_) if submitted > 0 => Ok(submitted.into()),
        Err(Errno::RESTART | Errno::NO_HANDLER) => Err(Errno(libc::EINTR)),
        Err(errno) => Err(errno),
        Ok(()) => Ok(submitted.into()),
    }
}

/// Waits for results, by the ring's descriptor.
fn wait(
    c: &mut Call<'_>,
    ring: &Ring,
    fd: i32,
    least: u32,
    (extended, argument, size): (bool, u32, u32),
) -> Result<(), Errno> {
    /// Bytes of a `struct io_uring_getevents_arg`: a mask, its size, nothing, a time.
    const ARGUMENT: u32 = 24;
    /// The kernel's size of a signal set on the host.
    const SET_SIZE: u64 = 8;
    let (mask, mask_size, time) = match extended {
        true if size != ARGUMENT => return Err(Errno(libc::EINVAL)),
        true => {
            let at = |offset: u32| argument.wrapping_add(offset);
            let memory = c.memory();
            let (mask, time) = (memory.read_u64(argument)?, memory.read_u64(at(16))?);
            (operations::address(mask)?, memory.read_u32(at(8))?, operations::address(time)?)
        }
        false => (argument, size, 0),
    };
    let mask = read_mask(c, mask, mask_size)?;
    let mut left = optional_timespec(c, time, Width::Long)?;
    let least = least.min(ring.capacity());
    let result = loop {
        // What is ready from here on makes the descriptor ready again.
        drain(fd);
        ring.flush(&mut lock(&ring.state));
        if ring.ready() >= least {
            break Ok(());
        }
        let mut polled = [libc::pollfd { fd, events: libc::POLLIN, revents: 0 }];
        let woken = with_mask(c, mask, |mask| {
            let left = left.as_mut().map_or(Arg::null(), Arg::output);
            host::call(libc::SYS_ppoll, &[Arg::outputs(&mut polled), 1.into(), left, mask, SET_SIZE.into()])
        });
        match woken {
            Ok(0) => break Err(Errno(libc::ETIME)),
            Ok(_) if polled[0].revents & libc::POLLNVAL != 0 => break Err(Errno(libc::EBADF)),
            Ok(_) => {}
            Err(errno) => break Err(errno),
        }
    };
    if ring.ready() > 0 {
        ring.tell(fd);
        return match result {
            Err(Errno(libc::ETIME)) => Ok(()),
            result => result,
        };
    }
    result
}
