//! The threads that serve rings, as the others see them.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use demotic_ir::CpuState;

use super::operations::Timer;
use super::poller::Poller;
use super::requests::{self, Request};
use super::ring::Ring;
use crate::interpreter::Interpreter;
use crate::linux::LinuxProcess;
use crate::linux::host::{self, Errno};
use crate::linux::host_signal;
use crate::linux::syscall::{After, Call};

/// Something for the poller to do.
pub(super) type Job = Box<dyn FnOnce(&mut Poller) + Send>;

/// What wakes the poller: it is blocked there, and read from a descriptor.
pub(super) const WAKE: i32 = libc::SIGURG;

/// The stack of these threads.
const STACK: usize = 1 << 20;

/// The ways to both threads.
#[derive(Clone, Debug)]
pub(super) struct Workers {
    jobs: Sender<Job>,
    /// The poller's number.
    poller: i32,
    doer: Sender<Request>,
}

/// A thread's own handles of the process, with which it does what system calls do.
pub(super) struct Kernel {
    process: LinuxProcess,
    cpu: CpuState,
    engine: Interpreter,
}

impl Kernel {
    fn new(process: LinuxProcess, cpu: CpuState) -> Kernel {
        let engine = Interpreter::new(process.kind().architecture());
        Kernel { process, cpu, engine }
    }

    /// Does something as a system call does.
    pub(super) fn with<T>(&mut self, f: impl FnOnce(&mut Call<'_>) -> T) -> T {
        let Kernel { process, cpu, engine } = self;
        f(&mut Call { process, cpu, engine, after: After::SetResult, args: [0; 7] })
    }

    /// The process.
    pub(super) fn process(&self) -> &LinuxProcess {
        &self.process
    }
}

/// Starts a thread of ours with a handle of the process.
fn spawn(
    process: &LinuxProcess,
    cpu: &CpuState,
    name: &str,
    body: impl FnOnce(Kernel) + Send + 'static,
) -> Result<(), Errno> {
    let (own, cpu) = (process.new_thread(), Box::new(cpu.clone()));
    let begin = move || {
        // What instructions raise is not blocked: accesses to the guest's memory may fault.
        host_signal::block_all();
        body(Kernel::new(own, *cpu));
    };
    let builder = std::thread::Builder::new().name(name.into()).stack_size(STACK);
    let spawned = process.group.with_threads_held(|| builder.spawn(begin));
    spawned.map(|_| ()).map_err(|_| Errno(libc::ENOMEM))
}

impl Workers {
    pub(super) fn start(process: &LinuxProcess, cpu: &CpuState) -> Result<Workers, Errno> {
        let (jobs, poller_jobs) = channel::<Job>();
        let (doer, doer_requests) = channel::<Request>();
        let (started, has_started) = channel();
        let to_doer = doer.clone();
        spawn(process, cpu, "demotic-rings", move |kernel| {
            match Poller::new(kernel, poller_jobs, to_doer) {
                Ok(poller) => {
                    let _ = started.send(Ok(host::thread_id() as i32));
                    poller.run();
                }
                Err(errno) => drop(started.send(Err(errno))),
            }
        })?;
        let poller = has_started.recv().map_err(|_| Errno(libc::ENOMEM))??;
        let (started, has_started) = channel();
        spawn(process, cpu, "demotic-doer", move |kernel| {
            let _ = started.send(());
            do_requests(kernel, &doer_requests);
        })?;
        has_started.recv().map_err(|_| Errno(libc::ENOMEM))?;
        Ok(Workers { jobs, poller, doer })
    }

    /// Another way to them.
    pub(super) fn handle(&self) -> Workers {
        self.clone()
    }

    /// Has the poller do something.
    fn send(&self, job: impl FnOnce(&mut Poller) + Send + 'static) {
        if self.jobs.send(Box::new(job)).is_ok() {
            let args = [std::process::id().into(), self.poller.into(), WAKE.into()];
            let _ = host::call_now(libc::SYS_tgkill, &args);
        }
    }

    /// Has it do something, and waits for what comes of it.
    fn ask<T: Send + 'static>(&self, job: impl FnOnce(&mut Poller) -> T + Send + 'static) -> Option<T> {
        let (answer, answered) = channel();
        self.send(move |poller| drop(answer.send(job(poller))));
        answered.recv().ok()
    }

    /// Makes a ring known, whose descriptor this is.
    pub(super) fn know(&self, ring: &Arc<Ring>, fd: i32) -> Result<(), Errno> {
        let ring = ring.clone();
        self.ask(move |poller| poller.know(&ring, fd)).unwrap_or(Err(Errno(libc::ENOMEM)))
    }

    /// Gives up what waits for a ring.
    pub(super) fn forget(&self, ring: &Arc<Ring>) {
        let id = ring.id;
        self.ask(move |poller| poller.forget(id));
    }

    /// Makes the descriptors of rings say whether there are results.
    pub(super) fn settle(&self, rings: Vec<Arc<Ring>>) {
        self.ask(move |poller| rings.iter().for_each(|ring| poller.settle(ring)));
    }

    /// There are results.
    pub(super) fn tell(&self, ring: &Arc<Ring>) {
        let ring = ring.clone();
        self.ask(move |poller| poller.tell(&ring));
    }

    /// Has a request wait for its descriptor; from now on it does not matter whether the guest closes that.
    pub(super) fn watch(&self, request: Request, events: i16) {
        self.ask(move |poller| poller.watch(request, events));
    }

    /// Has a request wait for a time.
    pub(super) fn time(&self, request: Request, timer: Timer) {
        self.ask(move |poller| poller.time(request, timer));
    }

    /// Does a request on a registered file.
    pub(super) fn begin_fixed(&self, request: Request) {
        self.ask(move |poller| poller.begin_fixed(request));
    }

    /// Does a request on the thread that has the guest's descriptors.
    pub(super) fn run(&self, request: Request) {
        // It lives as long as the process.
        let _ = self.doer.send(request);
    }

    /// Takes back a request that waits; whether there was one, of this kind if one is given.
    pub(super) fn cancel(&self, ring: &Arc<Ring>, user_data: u64, kind: Option<u8>) -> bool {
        let id = ring.id;
        self.ask(move |poller| poller.cancel(id, user_data, kind)).unwrap_or(false)
    }

    /// Registers files, by the guest's numbers, from this place on; -1 for none. `fresh` in place of what there is.
    pub(super) fn register(
        &self,
        ring: &Arc<Ring>,
        at: usize,
        files: Vec<i32>,
        fresh: bool,
    ) -> Result<(), Errno> {
        let id = ring.id;
        self.ask(move |poller| poller.register(id, at, &files, fresh)).unwrap_or(Err(Errno(libc::ENOMEM)))
    }

    /// Registers an eventfd, or none.
    pub(super) fn register_eventfd(&self, ring: &Arc<Ring>, fd: Option<i32>) -> Result<(), Errno> {
        let id = ring.id;
        self.ask(move |poller| poller.register_eventfd(id, fd)).unwrap_or(Err(Errno(libc::ENOMEM)))
    }
}

/// Does what needs the guest's descriptors.
fn do_requests(mut kernel: Kernel, requests: &Receiver<Request>) {
    for request in requests {
        let ring = request.ring.clone();
        kernel.with(|c| requests::run(c, request));
        if let Some(workers) = kernel.process().rings.workers.get() {
            workers.tell(&ring);
        }
    }
}
