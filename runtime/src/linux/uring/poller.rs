//! The thread that waits for descriptors and times. Its table of descriptors is its own.

use std::collections::HashMap;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender};
use std::time::Instant;

use super::operations::{self, Attempt, Timer};
use super::requests::{self, Request};
use super::ring::Ring;
use super::workers::{Job, Kernel, WAKE};
use super::{arouse, lock};
use crate::linux::host::{self, Arg, Errno};

/// A request that waits.
struct Watch {
    request: Request,
    /// A duplicate of its descriptor, if it waits for one, and for what.
    file: Option<(File, i16)>,
    end: Option<Instant>,
    /// It ends when its ring has had so many results, as that counts.
    results: Option<u32>,
}

/// What is kept for a ring.
struct Known {
    ring: Arc<Ring>,
    descriptor: File,
    told: Option<File>,
    files: Vec<Option<File>>,
    /// How many results it has told of.
    seen: u32,
}

/// See the module's documentation.
pub(super) struct Poller {
    kernel: Kernel,
    jobs: Receiver<Job>,
    doer: Sender<Request>,
    /// The process, from which descriptors are taken.
    process: File,
    /// Becomes ready when there are jobs.
    wake: File,
    watches: Vec<Watch>,
    rings: HashMap<u64, Known>,
}

impl Poller {
    /// To be called on its thread.
    pub(super) fn new(kernel: Kernel, jobs: Receiver<Job>, doer: Sender<Request>) -> Result<Poller, Errno> {
        const KEPT: i32 = 2;
        const CLOSE_RANGE_UNSHARE: u32 = 2;
        let close = [(KEPT + 1).into(), u32::MAX.into(), CLOSE_RANGE_UNSHARE.into()];
        host::call_now(libc::SYS_close_range, &close)?;
        // What is written to the standard ones by mistake must get nowhere.
        let nothing = host::new_file(libc::SYS_eventfd2, &[0.into(), libc::EFD_NONBLOCK.into()])?;
        for fd in 0..=KEPT {
            host::call_now(libc::SYS_dup2, &[nothing.as_raw_fd().into(), fd.into()])?;
        }
        let process = host::new_file(libc::SYS_pidfd_open, &[std::process::id().into(), 0.into()])?;
        let set = 1u64 << (WAKE - 1);
        let flags = libc::SFD_NONBLOCK;
        let wake = [(-1).into(), Arg::input(&set), 8.into(), flags.into()];
        let wake = host::new_file(libc::SYS_signalfd4, &wake)?;
        let poller = Poller { kernel, jobs, doer, process, wake, watches: Vec::new(), rings: HashMap::new() };
        // Whether descriptors can be taken at all.
        poller.take(nothing.as_raw_fd()).map(drop).or_else(|errno| match errno {
            Errno(libc::EBADF) => Ok(()),
            _ => Err(Errno(libc::ENOSYS)),
        })?;
        Ok(poller)
    }

    /// A duplicate of a descriptor of the guest's.
    fn take(&self, fd: i32) -> Result<File, Errno> {
        let args = [self.process.as_raw_fd().into(), fd.into(), 0.into()];
        host::new_file(libc::SYS_pidfd_getfd, &args)
    }

    /// Serves for as long as the process lives.
    pub(super) fn run(mut self) {
        loop {
            self.wait();
            while let Ok(job) = self.jobs.try_recv() {
                job(&mut self);
            }
            self.look();
            self.tell_all();
        }
    }

    /// Waits until there may be something to do.
    fn wait(&mut self) {
        let mut polled = vec![libc::pollfd { fd: self.wake.as_raw_fd(), events: libc::POLLIN, revents: 0 }];
        let watched = self.watches.iter().filter_map(|watch| watch.file.as_ref());
        polled.extend(watched.map(|(file, events)| libc::pollfd {
            fd: file.as_raw_fd(),
            events: *events,
            revents: 0,
        }));
        let end = self.watches.iter().filter_map(|watch| watch.end).min();
        let mut left = end.map(|end| {
            let left = end.saturating_duration_since(Instant::now());
            libc::timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() }
        });
        let left = left.as_mut().map_or(Arg::null(), Arg::output);
        let count = polled.len();
        let args = [Arg::outputs(&mut polled), count.into(), left, Arg::null(), 8.into()];
        let _ = host::call_now(libc::SYS_ppoll, &args);
        if polled[0].revents != 0 {
            let mut info = [0u64; 16];
            let args = [self.wake.as_raw_fd().into(), Arg::outputs(&mut info), 128.into()];
            let _ = host::call_now(libc::SYS_read, &args);
        }
    }

    /// Looks after everything that waits.
    fn look(&mut self) {
        let now = Instant::now();
        let mut index = 0;
        while index < self.watches.len() {
            let watch = &self.watches[index];
            let counted = |news: u32| watch.results.is_some_and(|end| news.wrapping_sub(end) as i32 >= 0);
            let is_over = watch.end.is_some_and(|end| end <= now);
            let ready = watch.file.as_ref().is_some_and(|(file, events)| is_ready(file, *events));
            if ready {
                let watch = self.watches.swap_remove(index);
                self.again(watch);
            } else if counted(watch.request.ring.news.load(Ordering::SeqCst)) {
                let watch = self.watches.swap_remove(index);
                self.finish(watch.request, 0);
            } else if is_over {
                let watch = self.watches.swap_remove(index);
                self.expire(watch);
            } else {
                index += 1;
            }
        }
    }

    /// Tries what waited for a descriptor that is ready now.
    fn again(&mut self, watch: Watch) {
        let Watch { mut request, file: Some((file, _)), end, results } = watch else { return };
        let elsewhere = self.kernel.with(|c| operations::needs_table(c, &request.sqe));
        let fixed = request.sqe.flags & requests::FIXED_FILE != 0;
        if elsewhere && !fixed {
            if self.is_same(request.sqe.fd, &file) {
                let _ = self.doer.send(request);
            } else {
                self.fail(request, libc::EBADF);
            }
            return;
        }
        match self.kernel.with(|c| operations::attempt(c, &mut request, file.as_raw_fd())) {
            Attempt::Done(value) => self.finish(request, value),
            Attempt::Wait(events) => {
                self.watches.push(Watch { request, file: Some((file, events)), end, results });
            }
            Attempt::Interrupted | Attempt::Fixed | Attempt::Until(_) => self.fail(request, libc::EINVAL),
        }
    }

    /// Whether a number is still that of a file.
    fn is_same(&self, fd: i32, file: &File) -> bool {
        const KCMP_FILE: i32 = 0;
        let (process, own) = (std::process::id(), host::thread_id());
        let args = [process.into(), own.into(), KCMP_FILE.into(), fd.into(), file.as_raw_fd().into()];
        match host::call_now(libc::SYS_kcmp, &args) {
            Ok(order) => order == 0,
            Err(errno) => errno != Errno(libc::EBADF),
        }
    }

    /// A request has ended.
    fn finish(&mut self, request: Request, value: i32) {
        let abi = self.kernel.with(|c| c.abi());
        let begin = requests::finish(abi, request, value);
        self.begin(begin);
    }

    fn fail(&mut self, request: Request, errno: i32) {
        let value = self.kernel.with(|c| -c.abi().errno(errno));
        self.finish(request, value);
    }

    fn begin(&self, requests: Vec<Request>) {
        for request in requests {
            let _ = self.doer.send(request);
        }
    }

    /// The time of a request is over.
    fn expire(&mut self, watch: Watch) {
        if watch.request.sqe.opcode == operations::TIMEOUT {
            return self.fail(watch.request, libc::ETIME);
        }
        let abi = self.kernel.with(|c| c.abi());
        let begin = requests::expire(abi, watch.request);
        self.begin(begin);
    }

    /// Tells of new results.
    fn tell_all(&mut self) {
        let new: Vec<Arc<Ring>> =
            self.rings.values().filter(|known| known.has_news()).map(|k| k.ring.clone()).collect();
        new.iter().for_each(|ring| self.tell(ring));
    }

    /// Makes the descriptors of a ring ready if there are results that have not been told of.
    pub(super) fn tell(&mut self, ring: &Arc<Ring>) {
        if let Some(known) = self.rings.get_mut(&ring.id)
            && known.has_news()
        {
            known.seen = ring.news.load(Ordering::SeqCst);
            ring.tell(known.descriptor.as_raw_fd());
            if let Some(told) = &known.told {
                arouse(told.as_raw_fd());
            }
        }
    }

    pub(super) fn settle(&self, ring: &Arc<Ring>) {
        if let Some(known) = self.rings.get(&ring.id) {
            ring.settle(known.descriptor.as_raw_fd());
        }
    }

    pub(super) fn know(&mut self, ring: &Arc<Ring>, fd: i32) -> Result<(), Errno> {
        let descriptor = self.take(fd)?;
        let known = Known { ring: ring.clone(), descriptor, told: None, files: Vec::new(), seen: 0 };
        self.rings.insert(ring.id, known);
        Ok(())
    }

    pub(super) fn forget(&mut self, id: u64) {
        self.rings.remove(&id);
        self.watches.retain(|watch| watch.request.ring.id != id);
    }

    /// When the request's time is over by the limit that follows it.
    fn limit(&mut self, request: &Request) -> Result<Option<Instant>, Errno> {
        let limit = request.link_timeout().copied();
        limit.map(|limit| self.kernel.with(|c| operations::time_from_now(c, &limit))).transpose()
    }

    pub(super) fn watch(&mut self, request: Request, events: i16) {
        let taken = self.take(request.sqe.fd).and_then(|file| Ok((file, self.limit(&request)?)));
        match taken {
            Ok((file, end)) => {
                self.watches.push(Watch { request, file: Some((file, events)), end, results: None });
            }
            Err(errno) => self.fail(request, errno.0),
        }
    }

    pub(super) fn time(&mut self, request: Request, timer: Timer) {
        let ring = request.ring.clone();
        let results =
            (timer.results > 0).then(|| ring.news.load(Ordering::SeqCst).wrapping_add(timer.results));
        if results.is_some() {
            ring.counts.store(true, Ordering::SeqCst);
        }
        self.watches.push(Watch { request, file: None, end: Some(timer.end), results });
    }

    /// Does a request on a registered file.
    pub(super) fn begin_fixed(&mut self, request: Request) {
        let file = usize::try_from(request.sqe.fd).ok().and_then(|at| {
            let known = self.rings.get(&request.ring.id)?;
            known.files.get(at)?.as_ref()?.try_clone().ok()
        });
        let Some(file) = file else { return self.fail(request, libc::EBADF) };
        // What they make would be descriptors here.
        if self.kernel.with(|c| operations::needs_table(c, &request.sqe)) {
            return self.fail(request, libc::EINVAL);
        }
        match self.limit(&request) {
            Ok(end) => self.again(Watch { request, file: Some((file, 0)), end, results: None }),
            Err(errno) => self.fail(request, errno.0),
        }
    }

    pub(super) fn cancel(&mut self, id: u64, user_data: u64, kind: Option<u8>) -> bool {
        let found = self.watches.iter().position(|watch| {
            let sqe = &watch.request.sqe;
            watch.request.ring.id == id
                && sqe.user_data == user_data
                && kind.is_none_or(|kind| sqe.opcode == kind)
        });
        let Some(index) = found else { return false };
        let watch = self.watches.swap_remove(index);
        self.fail(watch.request, libc::ECANCELED);
        true
    }

    pub(super) fn register(&mut self, id: u64, at: usize, files: &[i32], fresh: bool) -> Result<(), Errno> {
        let taken: Result<Vec<Option<File>>, Errno> =
            files.iter().map(|&fd| if fd == -1 { Ok(None) } else { self.take(fd).map(Some) }).collect();
        let (taken, known) = (taken?, self.rings.get_mut(&id).ok_or(Errno(libc::EBADF))?);
        if fresh {
            known.files = taken;
            return Ok(());
        }
        let places = known.files.get_mut(at..at + taken.len()).ok_or(Errno(libc::EINVAL))?;
        for (place, file) in places.iter_mut().zip(taken) {
            *place = file;
        }
        Ok(())
    }

    pub(super) fn register_eventfd(&mut self, id: u64, fd: Option<i32>) -> Result<(), Errno> {
        let told = fd.map(|fd| self.take(fd)).transpose()?;
        let known = self.rings.get_mut(&id).ok_or(Errno(libc::EBADF))?;
        known.seen = known.ring.news.load(Ordering::SeqCst);
        known.told = told;
        lock(&known.ring.state).told = known.told.is_some().then_some(true);
        Ok(())
    }
}

impl Known {
    fn has_news(&self) -> bool {
        self.ring.news.load(Ordering::SeqCst) != self.seen
    }
}

fn is_ready(file: &File, events: i16) -> bool {
    let mut polled = [libc::pollfd { fd: file.as_raw_fd(), events, revents: 0 }];
    host::call_now(libc::SYS_poll, &[Arg::outputs(&mut polled), 1.into(), 0.into()]).is_ok_and(|n| n > 0)
}
