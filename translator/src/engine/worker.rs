//! The thread that translates in the background.
//!
//! Requests go in by a channel and results come out in a list; nothing else is shared but the context. A
//! forked child has no such thread and starts one of its own with its first request.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

use demotic_ir::Loc;

use super::{TranslateContext, lock};
use crate::TranslatorError;
use crate::compile::{CompiledRegion, Compiler};
use crate::region::ProfileData;

type Finished = (Loc, u64, Result<CompiledRegion, TranslatorError>);

struct Request {
    loc: Loc,
    time: u64,
    profile: ProfileData,
}

/// Results, and whether there are any.
#[derive(Default)]
pub(super) struct Done {
    list: Mutex<Vec<Finished>>,
    any: AtomicBool,
}

impl Done {
    /// Whether there are results: one relaxed load.
    pub(super) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }
}

/// The vCPU's side of the background thread.
pub(super) struct Worker {
    requests: Option<Sender<Request>>,
    done: Arc<Done>,
}

impl Worker {
    pub(super) fn new() -> Worker {
        Worker { requests: None, done: Arc::default() }
    }

    pub(super) fn request(
        &mut self,
        context: &Arc<TranslateContext>,
        loc: Loc,
        time: u64,
        profile: ProfileData,
    ) {
        let request = Request { loc, time, profile };
        if self.requests.is_none() {
            self.requests = start(context.clone(), self.done.clone());
        }
        // Without a thread the guest stays in the interpreter, which is slow but right.
        if let Some(sender) = &self.requests
            && sender.send(request).is_err()
        {
            self.requests = None;
        }
    }

    /// Where results appear.
    pub(super) fn done(&self) -> Arc<Done> {
        self.done.clone()
    }

    pub(super) fn take_finished(&mut self) -> Vec<Finished> {
        self.done.any.store(false, Ordering::Relaxed);
        std::mem::take(&mut lock(&self.done.list))
    }

    /// In a forked child the thread is gone and its locks may be held for ever: start over, dropping nothing.
    pub(super) fn abandon(&mut self) {
        std::mem::forget(std::mem::replace(self, Worker::new()));
    }
}

fn start(context: Arc<TranslateContext>, done: Arc<Done>) -> Option<Sender<Request>> {
    let (sender, receiver) = channel::<Request>();
    let body = move || {
        let mut compiler = Compiler::new(context.isa.clone());
        while let Ok(Request { loc, time, profile }) = receiver.recv() {
            let compiled = context.translate(&mut compiler, loc, Some(&profile));
            lock(&done.list).push((loc, time, compiled));
            done.any.store(true, Ordering::Relaxed);
        }
    };
    // Guest signals are for the guest's own threads.
    let spawned = crate::host::with_signals_blocked(|| {
        std::thread::Builder::new().name("demotic-translate".into()).stack_size(8 << 20).spawn(body)
    });
    spawned.inspect_err(|e| tracing::warn!(target: "translate", "no thread for translations: {e}")).ok()?;
    Some(sender)
}
