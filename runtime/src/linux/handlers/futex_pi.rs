//! Priority-inheriting futexes of guests whose byte order is not the host's. Its kernel keeps thread numbers in these
//! words, in its own order; so what it does with them is done here, on top of plain waiting and waking on the same words.
//! That makes it hold between processes as well. Only priorities themselves are not inherited.
//!
//! A word holds its owner's number, or 0, with [`WAITERS`] if somebody may wait. Who unlocks it leaves `WAITERS` alone
//! and wakes one, who takes it; others that come meanwhile let that one go first for a moment.

use super::futex::host_order;
use super::time::{Width, optional_timespec};
use crate::linux::host::{self, Arg, Errno};
use crate::linux::syscall::{Call, SysResult};

const WAITERS: u32 = libc::FUTEX_WAITERS;
const OWNER_DIED: u32 = libc::FUTEX_OWNER_DIED;
const TID: u32 = libc::FUTEX_TID_MASK;

/// How long a word that nobody owns is left to the one that was woken for it, who may have died since.
const HANDING_OVER: i64 = 1_000_000;
/// How often those that wait look whether the owner lives: one that dies says nothing to them. In nanoseconds as well.
const LOOKING: i64 = 100_000_000;

/// When waiting ends, and by which clock.
#[derive(Clone, Copy)]
struct Deadline {
    time: libc::timespec,
    clock: i32,
}

/// Why waiting has ended.
enum Woken {
    ByOwner,
    Changed,
    TooLate,
}

/// The commands for these futexes.
pub(super) fn call(c: &Call<'_>, width: Width) -> SysResult {
    let word = c.uint(0);
    let realtime = c.int(1) & libc::FUTEX_CLOCK_REALTIME != 0;
    let command = c.int(1) & libc::FUTEX_CMD_MASK;
    let timed = [libc::FUTEX_LOCK_PI2, libc::FUTEX_WAIT_REQUEUE_PI].contains(&command);
    if realtime && !timed {
        return Err(Errno(libc::ENOSYS));
    }
    let limit = || deadline(c, width, realtime || command == libc::FUTEX_LOCK_PI);
    match command {
        libc::FUTEX_LOCK_PI | libc::FUTEX_LOCK_PI2 => go_on(lock(c, word, limit()?, Entry::Fresh)),
        libc::FUTEX_TRYLOCK_PI => go_on(lock(c, word, None, Entry::Trial)),
        libc::FUTEX_UNLOCK_PI => unlock(c, word),
        libc::FUTEX_WAIT_REQUEUE_PI => wait_requeue(c, limit()?),
        libc::FUTEX_CMP_REQUEUE_PI => requeue(c),
        _ => Err(Errno(libc::ENOSYS)),
    }
}

/// A call that goes on after a signal's handler, whatever that wants.
pub(super) fn go_on(result: SysResult) -> SysResult {
    if is_interrupted(&result) { Err(Errno::NOT_BEGUN) } else { result }
}

fn is_interrupted(result: &SysResult) -> bool {
    matches!(result, Err(Errno::RESTART | Errno::NO_HANDLER | Errno::NOT_BEGUN | Errno(libc::EINTR)))
}

fn deadline(c: &Call<'_>, width: Width, realtime: bool) -> Result<Option<Deadline>, Errno> {
    let Some(time) = optional_timespec(c, c.uint(3), width)? else { return Ok(None) };
    if time.tv_sec < 0 || !(0..1_000_000_000).contains(&time.tv_nsec) {
        return Err(Errno(libc::EINVAL));
    }
    let clock = if realtime { libc::CLOCK_REALTIME } else { libc::CLOCK_MONOTONIC };
    Ok(Some(Deadline { time, clock }))
}

/// Does a command of plain futexes on a word.
fn plain(c: &Call<'_>, word: u32, command: i32, value: u32, limit: Option<&Deadline>) -> SysResult {
    let realtime = limit.is_some_and(|limit| limit.clock == libc::CLOCK_REALTIME);
    let flags = c.int(1) & libc::FUTEX_PRIVATE_FLAG | if realtime { libc::FUTEX_CLOCK_REALTIME } else { 0 };
    let limit = limit.map_or(Arg::null(), |limit| Arg::input(&limit.time));
    let (word, all) = (c.buffer(word, 4)?, u32::MAX);
    host::call(
        libc::SYS_futex,
        &[word, (command | flags).into(), value.into(), limit, Arg::null(), all.into()],
    )
}

fn wake_one(c: &Call<'_>, word: u32) -> SysResult {
    let command = libc::FUTEX_WAKE | c.int(1) & libc::FUTEX_PRIVATE_FLAG;
    host::call_now(libc::SYS_futex, &[c.buffer(word, 4)?, command.into(), 1.into()])
}

/// Waits while a word has this value, for so many nanoseconds at most.
fn wait(
    c: &Call<'_>,
    word: u32,
    value: u32,
    nanoseconds: i64,
    limit: Option<Deadline>,
) -> Result<Woken, Errno> {
    let clock = limit.map_or(libc::CLOCK_MONOTONIC, |limit| limit.clock);
    let now = host::clock_time(clock)?;
    let end = now.tv_nsec + nanoseconds;
    let soon = libc::timespec { tv_sec: now.tv_sec + end / 1_000_000_000, tv_nsec: end % 1_000_000_000 };
    let soon = Deadline { time: soon, clock };
    let moment = |limit: &Deadline| (limit.time.tv_sec, limit.time.tv_nsec);
    let last = limit.filter(|limit| moment(limit) <= moment(&soon));
    let end = last.unwrap_or(soon);
    match plain(c, word, libc::FUTEX_WAIT_BITSET, host_order(c, value), Some(&end)) {
        Ok(_) => Ok(Woken::ByOwner),
        Err(Errno(libc::EAGAIN)) => Ok(Woken::Changed),
        Err(Errno(libc::ETIMEDOUT)) if last.is_none() => Ok(Woken::TooLate),
        Err(errno) => Err(errno),
    }
}

/// Whether there is a thread of this number, in whatever process.
fn lives(tid: u32) -> bool {
    host::call_now(libc::SYS_tkill, &[tid.into(), 0.into()]) != Err(Errno(libc::ESRCH))
}

/// How somebody comes to lock a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    Fresh,
    /// Without waiting for an owner.
    Trial,
    /// Woken for it.
    Woken,
}

/// Takes a word for the calling thread.
fn lock(c: &Call<'_>, word: u32, limit: Option<Deadline>, entry: Entry) -> SysResult {
    check(word)?;
    let own = host::thread_id();
    let (mut first, mut waited) = (entry == Entry::Woken, false);
    loop {
        let may_take = |old: u32| old & TID == 0 && (first || old & WAITERS == 0);
        // Who has waited cannot know whether others still do.
        let waiters = if first || waited { WAITERS } else { 0 };
        let take = |old: u32| if may_take(old) { old & (WAITERS | OWNER_DIED) | waiters | own } else { old };
        let old = c.memory().update_u32(word, take)?;
        if may_take(old) {
            return Ok(0);
        }
        let owner = old & TID;
        if owner == 0 {
            // Somebody has been woken to take it.
            first = !matches!(wait(c, word, old, HANDING_OVER, limit)?, Woken::Changed);
            continue;
        }
        if owner == own {
            return Err(Errno(libc::EDEADLK));
        }
        if !lives(owner) {
            let left = if waited { WAITERS | OWNER_DIED | own } else { old };
            let seen = c.memory().update_u32(word, |now| if now == old { left } else { now })?;
            match seen == old {
                true if waited => return Ok(0),
                true => return Err(Errno(libc::ESRCH)),
                false => continue,
            }
        }
        if entry == Entry::Trial {
            return Err(Errno(libc::EAGAIN));
        }
        let seen = c.memory().update_u32(word, |now| if now == old { now | WAITERS } else { now })?;
        if seen == old {
            waited = true;
            first = matches!(wait(c, word, old | WAITERS, LOOKING, limit)?, Woken::ByOwner);
        }
    }
}

fn check(word: u32) -> Result<(), Errno> {
    if word.is_multiple_of(4) { Ok(()) } else { Err(Errno(libc::EINVAL)) }
}

/// Gives a word of the calling thread's to the one that has waited for it longest.
fn unlock(c: &Call<'_>, word: u32) -> SysResult {
    check(word)?;
    let own = host::thread_id();
    let free = |old: u32| if old & TID == own { old & WAITERS } else { old };
    let old = c.memory().update_u32(word, free)?;
    if old & TID != own {
        return Err(Errno(libc::EPERM));
    }
    if old & WAITERS != 0 && wake_one(c, word)? == 0 {
        forget_waiters(c, word)?;
    }
    Ok(0)
}

/// There was nobody to wake for a word that nobody owns.
fn forget_waiters(c: &Call<'_>, word: u32) -> Result<(), Errno> {
    let forget = |old: u32| if old == WAITERS { 0 } else { old };
    if c.memory().update_u32(word, forget)? == WAITERS {
        // Who has come since waits for the word to be taken.
        wake_one(c, word)?;
    }
    Ok(())
}

/// `FUTEX_WAIT_REQUEUE_PI`: waits on the first word, and returns with the second one locked.
fn wait_requeue(c: &Call<'_>, limit: Option<Deadline>) -> SysResult {
    let (word, target) = (c.uint(0), c.uint(4));
    if word == target {
        return Err(Errno(libc::EINVAL));
    }
    check(word).and(check(target))?;
    let value = host_order(c, c.uint(2));
    go_on(plain(c, word, libc::FUTEX_WAIT_BITSET, value, limit.as_ref()))?;
    let locked = lock(c, target, limit, Entry::Woken);
    // It cannot be done again: it has been woken.
    if is_interrupted(&locked) { Err(Errno(libc::EAGAIN)) } else { locked }
}

/// `FUTEX_CMP_REQUEUE_PI`: wakes the first of those that wait on the first word, to lock the second one; others are woken
/// when that is unlocked.
fn requeue(c: &Call<'_>) -> SysResult {
    let (word, one, more, target) = (c.uint(0), c.int(2), c.int(3), c.uint(4));
    if word == target || one != 1 || more < 0 {
        return Err(Errno(libc::EINVAL));
    }
    check(word).and(check(target))?;
    if c.memory().read_u32(word)? != c.uint(5) {
        return Err(Errno(libc::EAGAIN));
    }
    // So that it is not unlocked without the others being thought of.
    c.memory().update_u32(target, |old| old | WAITERS)?;
    let command = libc::FUTEX_CMP_REQUEUE | c.int(1) & libc::FUTEX_PRIVATE_FLAG;
    let (from, to) = (c.buffer(word, 4)?, c.buffer(target, 4)?);
    let value = host_order(c, c.uint(5));
    let args = [from, command.into(), 1.into(), (more as u32).into(), to, value.into()];
    let moved = host::call_now(libc::SYS_futex, &args);
    if !matches!(moved, Ok(1..)) {
        forget_waiters(c, target)?;
    }
    moved
}
