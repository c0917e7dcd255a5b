//! Faults scripted at the place where a request leaves, so that the same test
//! cases run against an in-memory site, a fake server and a real one.
//!
//! A test keeps a [`Faults`] and hands a clone to the adapter's transport.
//! The transport asks for each request what is to become of it.

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;

use crate::error::Operation;
use crate::http::Effect;

/// What becomes of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The connection is refused: the portal saw nothing.
    Refused,
    /// The portal acts, its answer is lost (a reset after the body left).
    AnswerLost,
    /// Nothing is sent and the call's time runs out: the caller cannot tell it from a slow portal.
    Stalled,
    /// The process dies before the request leaves.
    CutBefore,
    /// The process dies after the portal acted and before the answer is read.
    CutAfter,
    /// The portal does nothing and gives this answer.
    Answer(ScriptedAnswer),
    /// The portal acts, and something between it and us replaces its answer with this.
    AnswerReplaced(ScriptedAnswer),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptedAnswer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// How many requests a script remembers by their sort; a benchmark sends millions.
const REQUESTS_KEPT: usize = 1000;

/// The script of one site. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    script: Mutex<Script>,
    cut: Notify,
}

#[derive(Debug, Default)]
struct Script {
    /// Requests asked about since the script was set.
    seen: usize,
    /// What each of them was, where the transport told.
    requests: Vec<(Operation, Effect)>,
    /// (number of the request from 0, fault); each strikes once.
    planned: Vec<(usize, Fault)>,
    /// Strikes the first request that the portal may act on.
    on_write: Option<Fault>,
    /// Strikes every request without a planned fault.
    always: Option<Fault>,
    cut: bool,
}

impl Faults {
    /// Counts requests from here on and lets `fault` strike the `nth` (from 0).
    pub fn plan(&self, nth: usize, fault: Fault) {
        let mut script = self.script();
        *script = Script { planned: vec![(nth, fault)], ..Script::default() };
    }

    /// Lets `fault` strike the next request that the portal may act on, once.
    pub fn plan_write(&self, fault: Fault) {
        *self.script() = Script { on_write: Some(fault), ..Script::default() };
    }

    /// Lets `fault` strike every request from here on.
    pub fn always(&self, fault: Fault) {
        *self.script() = Script { always: Some(fault), ..Script::default() };
    }

    /// Forgets the script and counts from 0.
    pub fn clear(&self) {
        *self.script() = Script::default();
    }

    /// Requests asked about since the script was last set.
    #[must_use]
    pub fn seen(&self) -> usize {
        self.script().seen
    }

    /// What was asked for since the script was last set, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<(Operation, Effect)> {
        self.script().requests.clone()
    }

    /// For transports: what becomes of the next request, which is of this sort.
    #[must_use]
    pub fn next_request(&self, operation: Operation, effect: Effect) -> Option<Fault> {
        let mut script = self.script();
        if script.requests.len() < REQUESTS_KEPT {
            script.requests.push((operation, effect));
        }
        if effect == Effect::Writes
            && let Some(fault) = script.on_write.take()
        {
            script.seen += 1;
            return Some(fault);
        }
        drop(script);
        self.next()
    }

    /// For transports: what becomes of the next request.
    #[must_use]
    pub fn next(&self) -> Option<Fault> {
        let mut script = self.script();
        let number = script.seen;
        script.seen += 1;
        match script.planned.iter().position(|(nth, _)| *nth == number) {
            Some(at) => Some(script.planned.remove(at).1),
            None => script.always.clone(),
        }
    }

    /// For transports: the process dies here. Never returns; the test drops the call.
    pub async fn cut<T>(&self) -> T {
        self.script().cut = true;
        self.inner.cut.notify_waiters();
        std::future::pending().await
    }

    /// Runs a call until it ends or is cut. `None`: it was cut.
    pub async fn survive<T>(&self, call: impl Future<Output = T>) -> Option<T> {
        let mut call = std::pin::pin!(call);
        loop {
            // Announce interest before looking, so that a cut in between is not missed.
            let cut = self.inner.cut.notified();
            if self.script().cut {
                return None;
            }
            tokio::select! {
                biased;
                result = &mut call => return Some(result),
                () = cut => {}
            }
        }
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.inner.script.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
