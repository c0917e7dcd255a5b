//! One portal's lane: which delivery is taken in hand, and when.
//!
//! A lane reads a block of hints ahead, only ones older than now, takes one
//! for each free slot, and deletes used ones at the next refill. Every eighth
//! pick takes the lowest class that is due; a better class that arrives
//! overtakes the block.
//!
//! Wanted: a delivery is in one hand at a time, from its pick until its last
//! settlement is committed, because the next step is decided on the committed
//! row; a hint is deleted only after that; announce interest before looking,
//! so that no ring is missed. Accepted: after a kill, used hints of the last
//! block are looked at again and dropped; a row that was read ahead may be a
//! second old, so a look-up may be one too many, but an intent begins only
//! where the row as it is still asks for it, and whatever changed the row in
//! between wrote a hint of its own.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dongbo_sdk::{Capabilities, ErrorKind, Retry, Scope};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::gate::{Breaker, Passage};
use super::hand::{Finished, Hand, HandDone, Shared};
use super::{Name, Place};
use crate::delivery::{ArticleId, Class, Moment};
use crate::store::{Bell, HealthOf, Hint, StoreError, Task};

/// Hints read ahead.
const BLOCK: usize = 64;
/// Of them, from the lowest class that is due.
const LOW_SHARE: usize = 8;
/// Deliveries read ahead of their turn.
const TASKS_AHEAD: usize = 16;
/// One that was read longer ago is read again.
const TASKS_FRESH: Duration = Duration::from_secs(1);
/// Every so many picks the lowest class has its turn.
const LOW_EVERY: u64 = 8;
/// A check's findings (site, rights) are asked for again after this.
const CHECK_EVERY: Duration = Duration::from_secs(10 * 60);
/// A lane with nothing to do looks at least this often, whatever the bell says.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Failures in a row, over so many deliveries, that speak against the portal although its check passes.
const FAILURES_MAX: usize = 5;
const FAILURES_OVER: usize = 3;

pub(super) struct Lane {
    place: Arc<Place>,
    name: Name,
    shared: Shared,
    stop: watch::Receiver<bool>,
    pulse: Arc<AtomicU64>,
    bell: Arc<Bell>,
    breaker: Arc<Breaker>,
    capabilities: Option<Arc<Capabilities>>,
    checked_at: Moment,
    paused: bool,
    /// The ledger's control counter when the portal's row was last read.
    control: Option<u64>,
    block: VecDeque<Hint>,
    low: VecDeque<Hint>,
    picks: u64,
    tasks: HashMap<ArticleId, Task>,
    tasks_read: Moment,
    in_hand: HashSet<ArticleId>,
    used: Vec<Hint>,
    failures: Vec<ArticleId>,
}

impl Lane {
    pub(super) fn new(place: Place, shared: Shared, stop: watch::Receiver<bool>, pulse: Arc<AtomicU64>) -> Self {
        let row = &place.row;
        Self {
            name: Name { id: row.id, text: row.name.as_str().into() },
            bell: shared.store.wakes().bell(row.id),
            breaker: Arc::new(Breaker::new(row.health.clone())),
            capabilities: row.capabilities.clone().map(Arc::new),
            checked_at: row.checked_at,
            paused: false,
            control: None,
            place: Arc::new(place),
            shared,
            stop,
            pulse,
            block: VecDeque::new(),
            low: VecDeque::new(),
            picks: 0,
            tasks: HashMap::new(),
            tasks_read: Moment::NEVER,
            in_hand: HashSet::new(),
            used: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// Runs until it is stopped, or until the ledger's disk fails.
    pub(super) async fn run(mut self) -> Result<(), StoreError> {
        let mut hands: JoinSet<Result<HandDone, StoreError>> = JoinSet::new();
        let mut carry: Vec<Finished> = Vec::new();
        let bell = self.bell.clone();
        loop {
            self.pulse.fetch_add(1, Ordering::Relaxed);
            let mut rung = std::pin::pin!(bell.notified());
            rung.as_mut().enable();
            self.look_at_orders()?;
            if *self.stop.borrow() {
                break;
            }
            self.fill(&mut hands, &mut carry).await?;
            if let Some(finished) = carry.pop() {
                let shared = self.shared.clone();
                hands.spawn(async move { shared.commit_alone(finished).await });
                continue;
            }
            let sleep = self.sleep(hands.len())?;
            let mut stop = self.stop.clone();
            tokio::select! {
                Some(done) = hands.join_next(), if !hands.is_empty() => self.take_back(done, &mut carry).await?,
                () = rung => {}
                () = tokio::time::sleep(sleep) => {}
                () = stopped(&mut stop) => {}
            }
        }
        self.drain(hands, carry).await
    }

    /// Takes up what is due while there are free slots.
    async fn fill(
        &mut self,
        hands: &mut JoinSet<Result<HandDone, StoreError>>,
        carry: &mut Vec<Finished>,
    ) -> Result<(), StoreError> {
        while hands.len() < self.place.slots {
            if !self.may_work().await? {
                return Ok(());
            }
            let Some(capabilities) = self.capabilities.clone() else { return Ok(()) };
            let Some(hint) = self.pick().await? else { return Ok(()) };
            let Some(task) = self.task(hint.article)? else {
                // An article that the ledger does not know any more.
                self.used.push(hint);
                continue;
            };
            self.in_hand.insert(hint.article);
            let hand = Hand::new(self.shared.clone(), self.place.clone(), self.breaker.clone(), capabilities, hint);
            hands.spawn(hand.deliver(task, carry.pop()));
        }
        Ok(())
    }

    /// Whether the portal may be worked with now; makes the check or probe that is due.
    async fn may_work(&mut self) -> Result<bool, StoreError> {
        if self.paused {
            return Ok(false);
        }
        match self.passages() {
            (Passage::Held | Passage::Until(_), _) | (_, Passage::Held | Passage::Until(_)) => Ok(false),
            (Passage::Probe, _) | (_, Passage::Probe) => self.check().await,
            (Passage::Free, Passage::Free) if self.check_is_due(self.shared.now()) => self.check().await,
            (Passage::Free, Passage::Free) => Ok(true),
        }
    }

    /// Of the portal and of its installation.
    fn passages(&self) -> (Passage, Passage) {
        let now = self.shared.now();
        (self.breaker.passage(now), self.place.gate.breaker().passage(now))
    }

    fn check_is_due(&self, now: Moment) -> bool {
        self.capabilities.is_none() || now >= self.checked_at.after(CHECK_EVERY)
    }

    /// Asks the portal who it is and what we may do; heals or keeps the breakers.
    async fn check(&mut self) -> Result<bool, StoreError> {
        let found = {
            let place = self.place.clone();
            if place.gate.diagnosis.try_lock().is_err() {
                // Another lane of the installation is asking: look again when it has its answer.
                return Ok(false);
            }
            // First the gate, then the diagnosis, like a hand whose call failed:
            // in the other order each would wait for what the other holds.
            let _permit = place.gate.enter().await;
            let _turn = place.gate.diagnosis.lock().await;
            if let (Passage::Held | Passage::Until(_), _) | (_, Passage::Held | Passage::Until(_)) = self.passages() {
                return Ok(false);
            }
            self.shared.check(&self.place).await
        };
        let now = self.shared.now();
        match found {
            Ok(report) => {
                let capabilities = Arc::new(report.capabilities);
                match self.shared.store.checked(self.name.id, report.site.clone(), capabilities.clone()).await? {
                    Ok(()) => {
                        self.capabilities = Some(capabilities);
                        self.checked_at = now;
                        self.shared.heal(&self.place, &self.breaker).await?;
                        Ok(true)
                    }
                    Err(known) => {
                        let reason = format!("the address leads to another site ({}, was {known})", report.site);
                        self.hold(ErrorKind::Conflict.name(), reason).await?;
                        Ok(false)
                    }
                }
            }
            Err(error) => {
                tracing::warn!(portal = %self.name.text, %error, "check failed");
                self.shared.trouble(&self.place, &self.breaker, &error).await?;
                Ok(false)
            }
        }
    }

    async fn hold(&mut self, kind: &str, reason: String) -> Result<(), StoreError> {
        tracing::error!(portal = %self.name.text, kind, reason, "portal held");
        let health = self.breaker.hold(kind, reason.clone());
        self.shared.store.set_health(HealthOf::Portal(self.name.id), health).await?;
        self.shared.store.event("portal.held", self.name.text.to_string(), format!("{kind}: {reason}")).await
    }

    async fn pick(&mut self) -> Result<Option<Hint>, StoreError> {
        let head = self.block.front().map(|hint| hint.class);
        if head.is_some_and(|class| self.bell.rang_for_better_than(class)) {
            self.block.clear();
            self.low.clear();
        }
        for _ in 0..2 {
            while let Some(hint) = self.next_in_block() {
                if !self.in_hand.contains(&hint.article) {
                    return Ok(Some(hint));
                }
                // In hand: its settlement will say when to look again.
            }
            if !self.refill().await? {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// What the ledger knew of a delivery at most [`TASKS_FRESH`] ago.
    fn task(&mut self, article: ArticleId) -> Result<Option<Task>, StoreError> {
        let now = self.shared.now();
        let fresh = now < self.tasks_read.after(TASKS_FRESH);
        if let Some(task) = self.tasks.remove(&article).filter(|_| fresh) {
            return Ok(Some(task));
        }
        let next = self.block.iter().map(|hint| hint.article).filter(|next| !self.in_hand.contains(next));
        let articles = std::iter::once(article).chain(next).take(TASKS_AHEAD);
        let tasks = self.shared.store.tasks(self.name.id, articles)?;
        self.tasks = tasks.into_iter().map(|task| (task.delivery.article, task)).collect();
        self.tasks_read = now;
        Ok(self.tasks.remove(&article))
    }

    fn next_in_block(&mut self) -> Option<Hint> {
        self.picks += 1;
        if self.picks.is_multiple_of(LOW_EVERY) {
            self.low.pop_front().or_else(|| self.block.pop_front())
        } else {
            self.block.pop_front().or_else(|| self.low.pop_front())
        }
    }

    /// Deletes used hints and reads the next block. Whether there is one.
    async fn refill(&mut self) -> Result<bool, StoreError> {
        let used = std::mem::take(&mut self.used);
        if !used.is_empty() {
            let portal = self.name.id;
            self.shared.commit(None, None, used.into_iter().map(|hint| (portal, hint)).collect()).await?;
        }
        let store = &self.shared.store;
        let skip = |hint: &Hint| !self.in_hand.contains(&hint.article);
        // Hints of deliveries in hand stay in the table until their end is committed.
        let limit = BLOCK + self.in_hand.len();
        for class in Class::ALL {
            let room = BLOCK.saturating_sub(self.block.len());
            if room == 0 {
                break;
            }
            self.block.extend(store.due(self.name.id, class, limit)?.into_iter().filter(skip).take(room));
        }
        let best = self.block.front().map(|hint| hint.class);
        if self.block.len() == BLOCK {
            for class in Class::ALL.into_iter().rev().take_while(|&class| Some(class) != best) {
                self.low =
                    store.due(self.name.id, class, LOW_SHARE + self.in_hand.len())?.into_iter().filter(skip).collect();
                if !self.low.is_empty() {
                    break;
                }
            }
        }
        Ok(!self.block.is_empty())
    }

    /// A hand came back.
    async fn take_back(
        &mut self,
        done: Result<Result<HandDone, StoreError>, tokio::task::JoinError>,
        carry: &mut Vec<Finished>,
    ) -> Result<(), StoreError> {
        let done = match done {
            Ok(done) => done?,
            Err(panic) => {
                tracing::error!(portal = %self.name.text, error = %panic, "a delivery stopped by a defect of ours");
                return Err(StoreError::Strange("a delivery panicked".into()));
            }
        };
        for hint in done.committed {
            self.in_hand.remove(&hint.article);
            self.tasks.remove(&hint.article);
            self.used.push(hint);
        }
        if let Some(hint) = done.untouched {
            self.in_hand.remove(&hint.article);
        }
        if done.site_in_doubt {
            self.checked_at = Moment::NEVER;
        }
        match done.verdict {
            Some(Verdict::Delivered) => self.failures.clear(),
            Some(Verdict::Failed(article, kind)) => self.count_failure(article, kind).await?,
            None => {}
        }
        carry.extend(done.finished);
        Ok(())
    }

    /// A portal whose check passes may still refuse everything.
    async fn count_failure(&mut self, article: ArticleId, kind: ErrorKind) -> Result<(), StoreError> {
        self.failures.push(article);
        let over: HashSet<_> = self.failures.iter().collect();
        if self.failures.len() < FAILURES_MAX || over.len() < FAILURES_OVER {
            return Ok(());
        }
        self.failures.clear();
        let reason = format!("{FAILURES_MAX} deliveries in a row failed: {}", kind.name());
        tracing::warn!(portal = %self.name.text, reason, "portal paused");
        let health = self.breaker.open(reason, None, self.shared.now());
        self.shared.store.set_health(HealthOf::Portal(self.name.id), health).await
    }

    /// An operator may have paused the portal or let it go.
    fn look_at_orders(&mut self) -> Result<(), StoreError> {
        let store = &self.shared.store;
        let control = store.control();
        if self.control == Some(control) {
            return Ok(());
        }
        let Some(row) = store.portal(self.name.id)? else { return Ok(()) };
        self.control = Some(control);
        self.paused = row.paused || row.retired || store.paused()?;
        // The lane itself writes health before it changes it here, so a
        // difference is an operator's doing.
        if row.health.held.is_none() && row.health.open_until.is_none() && self.breaker.is_troubled() {
            self.breaker.take_over(row.health);
            self.checked_at = Moment::NEVER;
        }
        let gate = self.place.gate.breaker();
        let health = row.installation_health;
        if health.held.is_none() && health.open_until.is_none() && gate.is_troubled() {
            gate.take_over(health);
        }
        Ok(())
    }

    /// How long there is nothing to do unless the bell rings.
    fn sleep(&self, in_hand: usize) -> Result<Duration, StoreError> {
        let now = self.shared.now();
        if self.paused || in_hand >= self.place.slots {
            return Ok(LOOK_EVERY);
        }
        let closed = [self.breaker.passage(now), self.place.gate.breaker().passage(now)]
            .into_iter()
            .filter_map(|passage| match passage {
                Passage::Until(until) => Some(now.until(until)),
                // Another lane holds the probe.
                Passage::Probe => Some(Duration::from_millis(200)),
                Passage::Held => Some(LOOK_EVERY),
                Passage::Free => None,
            })
            .max();
        if let Some(closed) = closed {
            return Ok(closed.min(LOOK_EVERY));
        }
        if self.capabilities.is_none() {
            return Ok(Duration::from_millis(200));
        }
        let next = self.shared.store.next_due(self.name.id)?;
        let wait = next.map_or(LOOK_EVERY, |at| now.until(at));
        // What is due and not taken is in hand, and its end wakes the lane; or
        // it fell due while a group was being written.
        let floor = match next {
            _ if in_hand > 0 => Duration::from_millis(50),
            Some(at) if at < now => Duration::from_millis(10),
            _ => Duration::from_millis(1),
        };
        Ok(wait.clamp(floor, LOOK_EVERY))
    }

    /// Lets what is in hand end, and commits what is carried.
    async fn drain(
        mut self,
        mut hands: JoinSet<Result<HandDone, StoreError>>,
        mut carry: Vec<Finished>,
    ) -> Result<(), StoreError> {
        while let Some(done) = hands.join_next().await {
            self.take_back(done, &mut carry).await?;
        }
        for finished in carry {
            let done = self.shared.commit_alone(finished).await?;
            self.used.extend(done.committed);
        }
        let portal = self.name.id;
        let used = std::mem::take(&mut self.used);
        self.shared.commit(None, None, used.into_iter().map(|hint| (portal, hint)).collect()).await?;
        Ok(())
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the worker is gone, which is a stop too.
    let _ = stop.wait_for(|&stop| stop).await;
}

/// What a delivery's end says about its portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Delivered,
    Failed(ArticleId, ErrorKind),
}

/// Whether a failure counts against the portal's breaker although it was the post's.
pub(super) fn counts_against(retry: Retry, scope: Scope) -> bool {
    match (retry, scope) {
        (Retry::Later { .. } | Retry::FindFirst, Scope::Post) => true,
        (Retry::Never, _) | (_, Scope::Portal | Scope::Installation) => false,
    }
}
