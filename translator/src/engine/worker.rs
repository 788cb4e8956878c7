//! The thread that translates in the background.
//!
//! Requests go in by a channel and results come out in a list; nothing else is shared but the context. A
//! forked child has no such thread and starts one of its own with its first request.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use demotic_ir::Loc;

use super::{TranslateContext, lock};
use crate::TranslatorError;
use crate::compile::{CompiledRegion, Compiler};
use crate::host::threads::{this_thread, wait_until_gone};
use crate::region::ProfileData;

/// What became of a request.
pub(super) struct Finished {
    pub(super) loc: Loc,
    pub(super) time: u64,
    /// `None` if another region that was asked for before contains the location.
    pub(super) compiled: Option<Result<CompiledRegion, TranslatorError>>,
}

/// Asks for the region at a location.
pub(super) struct Request {
    pub(super) loc: Loc,
    /// When, as [`super::journal::CodeChanges`] counts.
    pub(super) time: u64,
    /// What has been executed since the last request.
    pub(super) news: ProfileData,
}

/// Results, and how often there was something new.
#[derive(Default)]
pub(super) struct Done {
    list: Mutex<Vec<Finished>>,
    news: AtomicU64,
}

impl Done {
    /// How often there was something new: one relaxed load.
    pub(super) fn news(&self) -> u64 {
        self.news.load(Ordering::Relaxed)
    }

    /// There is something new.
    pub(super) fn tell(&self) {
        self.news.fetch_add(1, Ordering::Release);
    }
}

/// The vCPUs' side of the background thread.
pub(super) struct Worker {
    running: Option<Running>,
    done: Arc<Done>,
}

/// The thread, its number, and the way to it.
struct Running {
    requests: Sender<Request>,
    thread: JoinHandle<()>,
    number: i32,
}

impl Worker {
    pub(super) fn new() -> Worker {
        Worker { running: None, done: Arc::default() }
    }

    pub(super) fn request(&mut self, context: &Arc<TranslateContext>, request: Request) {
        if self.running.is_none() {
            self.running = start(context.clone(), self.done.clone());
        }
        // Without a thread the guest stays in the interpreter, which is slow but right.
        if let Some(running) = &self.running
            && running.requests.send(request).is_err()
        {
            self.running = None;
        }
    }

    /// Ends the thread when it has done what it has been asked for.
    pub(super) fn stop(&mut self) {
        if let Some(Running { requests, thread, number }) = self.running.take() {
            drop(requests);
            // It has no result, and a panic of it has been told.
            let _ = thread.join();
            wait_until_gone(number);
        }
    }

    /// Where results appear.
    pub(super) fn done(&self) -> Arc<Done> {
        self.done.clone()
    }

    pub(super) fn take_finished(&mut self) -> Vec<Finished> {
        std::mem::take(&mut lock(&self.done.list))
    }

    /// In a forked child the thread is gone and its locks may be held for ever: start over, dropping nothing.
    pub(super) fn abandon(&mut self) {
        std::mem::forget(std::mem::replace(self, Worker::new()));
    }
}

fn start(context: Arc<TranslateContext>, done: Arc<Done>) -> Option<Running> {
    let (requests, receiver) = channel::<Request>();
    let (named, has_name) = channel::<i32>();
    let body = move || {
        // It has its name now, by which others know that it is not a thread of the guest.
        let _ = named.send(this_thread());
        translate_all(&context, &receiver, &done);
    };
    // Guest signals are for the guest's own threads.
    let spawned = crate::host::with_signals_blocked(|| {
        std::thread::Builder::new().name("demotic-translate".into()).stack_size(8 << 20).spawn(body)
    });
    let thread = spawned
        .inspect_err(|e| tracing::debug!(target: "translate", "no thread for translations: {e}"))
        .ok()?;
    let number = has_name.recv().ok()?;
    Some(Running { requests, thread, number })
}

/// Serves requests until nobody can make any.
fn translate_all(context: &TranslateContext, receiver: &Receiver<Request>, done: &Done) {
    let mut compiler = Compiler::new(context.isa.clone());
    let mut waiting = Waiting::default();
    loop {
        if waiting.requests.is_empty() {
            let Ok(request) = receiver.recv() else { return };
            waiting.take_in(request);
        }
        receiver.try_iter().for_each(|request| waiting.take_in(request));
        let Some((loc, time)) = waiting.requests.pop_front() else { continue };
        let compiled = context.translate(&mut compiler, loc, Some(&waiting.profile));
        receiver.try_iter().for_each(|request| waiting.take_in(request));
        let mut finished = compiled.as_ref().map(|region| waiting.give_up(region)).unwrap_or_default();
        finished.push(Finished { loc, time, compiled: Some(compiled) });
        lock(&done.list).append(&mut finished);
        done.tell();
    }
}

/// Requests that have come in, and what is known of the guest by them.
#[derive(Default)]
struct Waiting {
    /// Locations, and when they were asked for.
    requests: VecDeque<(Loc, u64)>,
    profile: ProfileData,
}

impl Waiting {
    fn take_in(&mut self, Request { loc, time, news }: Request) {
        self.profile.add(news);
        self.requests.push_back((loc, time));
    }

    /// Gives up requests for blocks of a region that has just been translated. They became hot while the guest waited
    /// for it: the blocks of a loop all do, and would each get a region with the whole loop.
    fn give_up(&mut self, region: &CompiledRegion) -> Vec<Finished> {
        let all = std::mem::take(&mut self.requests).into_iter();
        let (contained, others): (VecDeque<_>, _) = all.partition(|&(loc, _)| region.contains_block(loc));
        self.requests = others;
        contained.into_iter().map(|(loc, time)| Finished { loc, time, compiled: None }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::Tier;
    use crate::region::Profile;

    fn request(pc: u64, executed: u64) -> Request {
        let mut news = ProfileData::default();
        news.note_block(executed);
        Request { loc: Loc { pc, mode: 1 }, time: 0, news }
    }

    #[test]
    fn blocks_of_the_last_region_are_given_up_and_their_news_kept() {
        let mut waiting = Waiting::default();
        waiting.take_in(request(0x1011, 0x100));
        waiting.take_in(request(0x1014, 0x200));
        waiting.take_in(request(0x2000, 0x300));
        let region = CompiledRegion {
            entry: Loc { pc: 0x1000, mode: 1 },
            code: Vec::new(),
            links: Vec::new(),
            faults: Vec::new(),
            ranges: vec![(0x1000, 0x1010), (0x1010, 0x1020)],
            guest_insns: 8,
            cost: 8,
            tier: Tier::Region,
        };
        let given_up: Vec<u64> = waiting.give_up(&region).iter().map(|finished| finished.loc.pc).collect();
        assert_eq!(given_up, [0x1011]);
        let left: Vec<u64> = waiting.requests.iter().map(|(loc, _)| loc.pc).collect();
        assert_eq!(left, [0x1014, 0x2000]);
        assert!([0x100, 0x200, 0x300].iter().all(|&pc| waiting.profile.executed(pc)));
    }
}
