//! Asynchronous input and output as Linux has it of old: `io_setup` and its kin. The host's own does the work, straight on
//! the guest's memory; requests and results are translated.
//!
//! What the guest knows a context by is the address of a page of its own. Libraries look there for a ring of results;
//! since its first words are not those of one, they use the system call.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::files::read_iovec;
use super::pipe_poll::{convert_events, read_mask};
use super::signal::with_mask;
use super::time::{Width, optional_timespec};
use crate::linux::abi::Encoder;
use crate::linux::host::{self, Arg, Errno};
use crate::linux::syscall::{Call, SysResult};
use crate::memory::{Backing, MapRequest, PAGE_SIZE, Placement, Prot};

// IOCB_CMD_…
const PREAD: u16 = 0;
const PWRITE: u16 = 1;
const POLL: u16 = 5;
const PREADV: u16 = 7;
const PWRITEV: u16 = 8;

/// Bytes of a `struct io_event`.
const EVENT: u32 = 32;
/// The most results that are asked for at once.
const EVENTS_MAX: usize = 1 << 14;

/// The contexts of a process, by the guest's address of each.
#[derive(Debug, Default)]
pub(crate) struct Contexts(Mutex<HashMap<u32, Arc<Context>>>);

/// A context.
#[derive(Debug)]
struct Context {
    /// What the host knows it by.
    host: u64,
    /// What has been submitted and has no result yet, by the host's address of it.
    requests: Mutex<HashMap<u64, Request>>,
    /// Results that the guest had no room for where it said.
    kept: Mutex<VecDeque<Event>>,
}

/// A `struct io_event` of the host: what the guest has put into the request, where that is, two results.
type Event = [u64; 4];

/// A `struct iocb` of the host, which writes to it.
type Control = Arc<[AtomicU64; 8]>;

/// A request.
#[derive(Debug)]
struct Request {
    /// Kept for as long as the host may name it.
    _control: Control,
    /// Where the guest has it.
    addr: u32,
    is_poll: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Contexts {
    fn get(&self, addr: u32) -> Result<Arc<Context>, Errno> {
        lock(&self.0).get(&addr).cloned().ok_or(Errno(libc::EINVAL))
    }
}

pub(crate) fn setup(c: &mut Call<'_>) -> SysResult {
    let place = c.uint(1);
    if c.memory().read_u32(place)? != 0 {
        return Err(Errno(libc::EINVAL));
    }
    let mut context = 0u64;
    host::call(libc::SYS_io_setup, &[c.uint_arg(0), Arg::output(&mut context)])?;
    let page = c.memory().map(&MapRequest {
        placement: Placement::Hint(0),
        len: PAGE_SIZE.into(),
        prot: Prot::READ | Prot::WRITE,
        shared: false,
        backing: Backing::Special("/[aio] (deleted)"),
    });
    let given = page.map_err(Errno::from).and_then(|addr| {
        c.memory().write_u32(place, addr)?;
        Ok(addr)
    });
    match given {
        Ok(addr) => {
            let context = Context { host: context, requests: Mutex::default(), kept: Mutex::default() };
            lock(&c.process.aio.0).insert(addr, Arc::new(context));
            Ok(0)
        }
        Err(errno) => {
            let _ = host::call_now(libc::SYS_io_destroy, &[context.into()]);
            if let Ok(addr) = page {
                c.memory().unmap(addr, PAGE_SIZE.into())?;
            }
            Err(errno)
        }
    }
}

pub(crate) fn destroy(c: &mut Call<'_>) -> SysResult {
    let context = lock(&c.process.aio.0).remove(&c.uint(0)).ok_or(Errno(libc::EINVAL))?;
    // Waits for what cannot be cancelled, so that nothing is written afterwards.
    let result = host::call_now(libc::SYS_io_destroy, &[context.host.into()]);
    // The guest may have unmapped it.
    let _ = c.memory().unmap(c.uint(0), PAGE_SIZE.into());
    result
}

pub(crate) fn submit(c: &mut Call<'_>) -> SysResult {
    let (context, count, list) = (c.process.aio.get(c.uint(0))?, c.int(1), c.uint(2));
    let count = u32::try_from(count).map_err(|_| Errno(libc::EINVAL))?;
    for i in 0..count {
        let one = || -> SysResult {
            let addr = c.memory().read_u32(list.wrapping_add(4 * i))?;
            submit_one(c, &context, addr)
        };
        match one() {
            Ok(1) => {}
            Ok(_) => return Ok(i.into()),
            Err(errno) if i == 0 => return Err(errno),
            // The next call gives the error, if it is still there.
            Err(_) => return Ok(i.into()),
        }
    }
    Ok(count.into())
}

fn submit_one(c: &Call<'_>, context: &Context, addr: u32) -> SysResult {
    let memory = c.memory();
    let at = |offset: u32| addr.wrapping_add(offset);
    // The key and the flags change places with the byte order.
    let (key, flags) = if memory.is_big() { (12, 8) } else { (8, 12) };
    memory.write_u32(at(key), 0)?;
    let (operation, descriptor) = (memory.read_u16(at(16))?, memory.read_u32(at(20))?);
    let (buffer, size) = (memory.read_u64(at(24))?, memory.read_u64(at(32))?);
    let (Ok(start), Ok(len)) = (u32::try_from(buffer), u32::try_from(size)) else {
        return Err(Errno(libc::EINVAL));
    };
    if len > i32::MAX as u32 {
        return Err(Errno(libc::EINVAL));
    }
    // Lives until the host has copied it, which it does at once.
    let mut parts = Vec::new();
    let (buffer, size) = match operation {
        PREAD | PWRITE => (memory.host_range(start, len.into()).ok_or(Errno(libc::EFAULT))?, size),
        PREADV | PWRITEV => {
            parts = read_iovec(c, start, len)?;
            (parts.as_ptr() as u64, size)
        }
        POLL => (u64::from(convert_events(c, start as i16, true) as u16) | buffer & !0xffff, size),
        // The host says that there have to be none.
        _ => (buffer, size),
    };
    let low_and_high = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    let kind = u32::from(operation) | u32::from(memory.read_u16(at(18))?) << 16;
    let words = [
        memory.read_u64(addr)?,
        low_and_high(0, memory.read_u32(at(flags))?),
        low_and_high(kind, descriptor),
        buffer,
        size,
        memory.read_u64(at(40))?,
        memory.read_u64(at(48))?,
        low_and_high(memory.read_u32(at(56))?, memory.read_u32(at(60))?),
    ];
    let control: Control = Arc::new(words.map(AtomicU64::new));
    let name = Arc::as_ptr(&control) as u64;
    // Before it is submitted: it may be done before that returns.
    let request = Request { _control: control.clone(), addr, is_poll: operation == POLL };
    lock(&context.requests).insert(name, request);
    let result = host::call(libc::SYS_io_submit, &[context.host.into(), 1.into(), Arg::input(&name)]);
    if result != Ok(1) {
        lock(&context.requests).remove(&name);
    }
    drop(parts);
    debug_assert_eq!(control[0].load(Ordering::Relaxed), words[0], "the host only writes the key");
    result
}

pub(crate) fn getevents(c: &mut Call<'_>) -> SysResult {
    get(c, Width::Short, None)
}

pub(crate) fn pgetevents(c: &mut Call<'_>) -> SysResult {
    let mask = mask_argument(c)?;
    get(c, Width::Short, mask)
}

pub(crate) fn pgetevents_time64(c: &mut Call<'_>) -> SysResult {
    let mask = mask_argument(c)?;
    get(c, Width::Long, mask)
}

/// The last argument of io_pgetevents points to a set's address and size.
fn mask_argument(c: &Call<'_>) -> Result<Option<u64>, Errno> {
    match c.uint(5) {
        0 => Ok(None),
        addr => read_mask(c, c.memory().read_u32(addr)?, c.memory().read_u32(addr.wrapping_add(4))?),
    }
}

fn get(c: &mut Call<'_>, width: Width, mask: Option<u64>) -> SysResult {
    /// The kernel's size of a signal set on the host.
    const SET_SIZE: u64 = 8;
    /// Which libc does not name for this machine.
    const SYS_IO_PGETEVENTS: i64 = 333;
    let context = c.process.aio.get(c.uint(0))?;
    let timeout = optional_timespec(c, c.uint(4), width)?;
    let (least, most) = (c.int(1), c.int(2));
    if least < 0 || most < least {
        return Err(Errno(libc::EINVAL));
    }
    let room = (most as usize).min(EVENTS_MAX).max((least as usize).min(EVENTS_MAX));
    let least = (least as usize).min(room);
    let mut events: VecDeque<Event> = {
        let mut kept = lock(&context.kept);
        let count = kept.len().min(room);
        kept.drain(..count).collect()
    };
    if events.is_empty() || events.len() < least {
        let mut more = vec![[0u64; 4]; room - events.len()];
        let least = least.saturating_sub(events.len());
        let got = with_mask(c, mask, |mask| {
            let pair = host::MaskArgument::new(mask, SET_SIZE);
            let timeout = timeout.as_ref().map_or(Arg::null(), Arg::input);
            let room = more.len();
            let args = [
                context.host.into(),
                least.into(),
                room.into(),
                Arg::outputs(&mut more),
                timeout,
                pair.arg(),
            ];
            host::call(SYS_IO_PGETEVENTS, &args)
        });
        match got {
            Ok(got) => events.extend(more.into_iter().take(got as usize)),
            Err(errno) if events.is_empty() => return Err(errno),
            Err(_) => {}
        }
    }
    give(c, &context, events)
}

/// Writes results to where the guest wants them; what there is no room for is kept.
fn give(c: &Call<'_>, context: &Context, mut events: VecDeque<Event>) -> SysResult {
    let mut given = 0;
    while let Some(event) = events.front() {
        let at = c.uint(3).wrapping_add(EVENT * given);
        if let Err(fault) = c.memory().write_bytes(at, shown(c, context, event).as_bytes()) {
            let mut kept = lock(&context.kept);
            events.into_iter().rev().for_each(|event| kept.push_front(event));
            return if given == 0 { Err(fault.into()) } else { Ok(given.into()) };
        }
        // Its request is over.
        lock(&context.requests).remove(&event[1]);
        events.pop_front();
        given += 1;
    }
    Ok(given.into())
}

/// A result as the guest has it.
fn shown(c: &Call<'_>, context: &Context, &[data, name, result, second]: &Event) -> Encoder {
    let known = lock(&context.requests).get(&name).map(|request| (request.addr, request.is_poll));
    let (addr, is_poll) = known.unwrap_or((0, false));
    let result = match result as i64 {
        error @ -4095..0 => i64::from(-c.abi().errno(-error as i32)) as u64,
        events if is_poll => u64::from(convert_events(c, events as i16, false) as u16),
        _ => result,
    };
    let mut e = Encoder::new(c.memory().is_big());
    e.u64(data).u64(addr.into()).u64(result).u64(second);
    e
}

pub(crate) fn cancel(c: &mut Call<'_>) -> SysResult {
    let (context, addr) = (c.process.aio.get(c.uint(0))?, c.uint(1));
    c.memory().read_u32(addr)?;
    let found =
        lock(&context.requests).iter().find(|(_, request)| request.addr == addr).map(|(&name, _)| name);
    let name = found.ok_or(Errno(libc::EINVAL))?;
    let mut event = [0u64; 4];
    // Where it succeeds the result comes as any other.
    host::call(libc::SYS_io_cancel, &[context.host.into(), name.into(), Arg::outputs(&mut event)])
}
