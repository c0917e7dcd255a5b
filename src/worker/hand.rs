//! One delivery in hand, step by step, until there is nothing to do for now.
//!
//! One step is one adapter call (with a `read` before an update or a
//! withdrawal). The end of a step and the intent of the next are one message
//! to the ledger; the last end of a delivery is handed back, so that it can
//! travel with the next delivery's first intent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dongbo_sdk::{
    At, Call, Capabilities, CheckReport, Error, ErrorKind, KeySupport, Operation, RemoteCopy, RemoteId, RemoteMedia,
    RemoteStatus, Removal, Retry, Scope, Trace, Visibility, Written,
};
use tokio::sync::{Semaphore, SemaphorePermit};
use tracing::Instrument;

use super::Place;
use super::gate::{Breaker, Passage};
use super::lane::{Verdict, counts_against};
use crate::article::Content;
use crate::delivery::{
    self, Failure, Form, Found, Moment, Outcome, Picture, PortalId, RevisionId, Settlement, ShapeId, Step, Terms,
    Wanted,
};
use crate::media::{self, Pictures};
use crate::plan::Shape;
use crate::render;
use crate::store::{Begin, HealthOf, Hint, MediaSettled, Settle, StepReply, Store, StoreError, Task};

/// Contents and shapes of a generation kept in memory; 120 portals show the same article at the same time.
const CACHED_MAX: usize = 128;
/// While the disk is full, outcomes are offered again this often.
const OFFER_EVERY: Duration = Duration::from_secs(1);

/// What all hands share. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub store: Store,
    pictures: Pictures,
    budget: Arc<Semaphore>,
    cache: Arc<Mutex<Cache>>,
}

#[derive(Debug, Default)]
struct Cache {
    contents: Generations<RevisionId, Content>,
    shapes: Generations<ShapeId, Shape>,
}

/// What was used lately: when the young generation is full it becomes the old
/// one, and what is asked for again moves to the young.
#[derive(Debug)]
struct Generations<K, V> {
    young: HashMap<K, Arc<V>>,
    old: HashMap<K, Arc<V>>,
}

impl<K, V> Default for Generations<K, V> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new() }
    }
}

impl<K: Copy + Eq + std::hash::Hash, V> Generations<K, V> {
    fn get(&mut self, key: K) -> Option<Arc<V>> {
        if let Some(value) = self.young.get(&key) {
            return Some(value.clone());
        }
        let value = self.old.remove(&key)?;
        self.insert(key, value.clone());
        Some(value)
    }

    fn insert(&mut self, key: K, value: Arc<V>) {
        if self.young.len() >= CACHED_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

/// The last end of a delivery, not yet committed, with the hint that it used up.
#[derive(Debug)]
pub(super) struct Finished {
    settle: Settle,
    hint: Hint,
}

/// What a hand comes back with.
#[derive(Debug, Default)]
pub(super) struct HandDone {
    pub finished: Option<Finished>,
    /// Hints whose delivery's end is committed.
    pub committed: Vec<Hint>,
    /// The delivery could not be taken up now; its hint still stands.
    pub untouched: Option<Hint>,
    pub verdict: Option<Verdict>,
    /// What stands at our address was not ours: check the site again.
    pub site_in_doubt: bool,
}

impl Shared {
    pub(super) fn new(store: Store, pictures: Pictures, budget: Arc<Semaphore>) -> Self {
        Self { store, pictures, budget, cache: Arc::default() }
    }

    pub(super) fn now(&self) -> Moment {
        self.store.clock().now()
    }

    /// One message to the ledger. While it cannot be written because the disk
    /// is full, the outcome is offered again and nothing is begun.
    pub(super) async fn commit(
        &self,
        settle: Option<Settle>,
        begin: Option<Begin>,
        used: Vec<(PortalId, Hint)>,
    ) -> Result<StepReply, StoreError> {
        if settle.is_none() && begin.is_none() && used.is_empty() {
            return Ok(StepReply::default());
        }
        let settle = settle.map(Arc::new);
        let mut begin = begin;
        loop {
            match self.store.step(settle.clone(), begin.take(), used.clone()).await {
                Err(error @ (StoreError::Full | StoreError::Busy)) => {
                    tracing::warn!(%error, "the ledger cannot be written; waiting");
                    tokio::time::sleep(OFFER_EVERY).await;
                    if settle.is_none() && used.is_empty() {
                        return Ok(StepReply::default());
                    }
                }
                result => return result,
            }
        }
    }

    pub(super) async fn commit_alone(&self, finished: Finished) -> Result<HandDone, StoreError> {
        self.commit(Some(finished.settle), None, Vec::new()).await?;
        Ok(HandDone { committed: vec![finished.hint], ..HandDone::default() })
    }

    pub(super) async fn check(&self, place: &Place) -> Result<CheckReport, Error> {
        place.adapter.check(&call(place, 1)).await
    }

    /// A check passed: whatever troubled the portal and its installation is over.
    pub(super) async fn heal(&self, place: &Place, breaker: &Breaker) -> Result<(), StoreError> {
        if let Some(health) = place.gate.breaker().heal() {
            self.store.set_health(HealthOf::Installation(place.gate.installation), health).await?;
            self.store.event("installation.back", place.row.name.clone(), String::new()).await?;
        }
        if let Some(health) = breaker.heal() {
            self.store.set_health(HealthOf::Portal(place.row.id), health).await?;
        }
        Ok(())
    }

    /// Opens the breaker that the failure speaks about, or holds the portal.
    pub(super) async fn trouble(&self, place: &Place, breaker: &Breaker, error: &Error) -> Result<(), StoreError> {
        let reason = error.to_string();
        let (of, breaker) = match error.scope {
            Scope::Installation => (HealthOf::Installation(place.gate.installation), place.gate.breaker()),
            Scope::Post | Scope::Portal => (HealthOf::Portal(place.row.id), breaker),
        };
        let was_troubled = breaker.is_troubled();
        let health = match error.retry {
            Retry::Never => breaker.hold(error.kind.name(), reason.clone()),
            Retry::Later { after } => breaker.open(reason.clone(), after, self.now()),
            Retry::FindFirst => breaker.open(reason.clone(), None, self.now()),
        };
        self.store.set_health(of, health).await?;
        if was_troubled {
            return Ok(());
        }
        let what = if error.retry == Retry::Never { "portal.held" } else { "portal.down" };
        if error.retry == Retry::Never {
            tracing::error!(portal = %place.row.name, error = %reason, "portal held");
        } else {
            tracing::warn!(portal = %place.row.name, error = %reason, "portal paused until it answers again");
        }
        self.store.event(what, place.row.name.clone(), reason).await
    }

    fn content(&self, id: RevisionId) -> Result<Arc<Content>, StoreError> {
        if let Some(content) = self.cache().contents.get(id) {
            return Ok(content);
        }
        let content = self.store.content(id)?;
        self.cache().contents.insert(id, content.clone());
        Ok(content)
    }

    fn shape(&self, id: ShapeId) -> Result<Arc<Shape>, StoreError> {
        if let Some(shape) = self.cache().shapes.get(id) {
            return Ok(shape);
        }
        let shape = self.store.shape(id)?;
        self.cache().shapes.insert(id, shape.clone());
        Ok(shape)
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A delivery in hand.
pub(super) struct Hand {
    shared: Shared,
    place: Arc<Place>,
    breaker: Arc<Breaker>,
    capabilities: Arc<Capabilities>,
    terms: Terms,
    hint: Hint,
}

/// The picture of what is wanted.
#[derive(Debug, Clone, Default)]
struct Piece {
    file: Option<media::File>,
    remote: Option<RemoteMedia>,
}

/// What a call came to, and what else is to be committed with it.
struct Ended {
    outcome: Outcome,
    media: Option<MediaSettled>,
}

impl From<Outcome> for Ended {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, media: None }
    }
}

impl Hand {
    pub(super) fn new(
        shared: Shared,
        place: Arc<Place>,
        breaker: Arc<Breaker>,
        capabilities: Arc<Capabilities>,
        hint: Hint,
    ) -> Self {
        let terms = Terms::new(&capabilities, place.settles_within, place.drafts);
        Self { shared, place, breaker, capabilities, terms, hint }
    }

    /// Works on the delivery until it rests, waits or fails. `carry` is the
    /// end of another delivery that is to be committed on the way.
    pub(super) async fn deliver(self, task: Task, mut carry: Option<Finished>) -> Result<HandDone, StoreError> {
        let mut done = HandDone::default();
        let span = tracing::debug_span!("delivery", portal = %self.place.row.name, key = %task.key);
        self.work(task, &mut carry, &mut done).instrument(span).await?;
        if done.finished.is_none() {
            done.finished = carry;
        } else if let Some(other) = carry {
            done.committed.extend(self.shared.commit_alone(other).await?.committed);
        }
        Ok(done)
    }

    async fn work(&self, mut task: Task, carry: &mut Option<Finished>, done: &mut HandDone) -> Result<(), StoreError> {
        // Our own last step, not yet committed.
        let mut own: Option<Settle> = None;
        loop {
            let (picture, piece) = self.picture(&task).await?;
            let now = self.shared.now();
            let step = delivery::step(&task.delivery, task.copy.as_ref(), picture, &self.terms, now);
            let actionable = !matches!(step, Step::Rest | Step::Held | Step::Wait(_));
            let Some(permit) = self.enter(actionable).await else {
                return self.put_down(own, &step, carry, done).await;
            };
            let begin = step.writes().then(|| self.begin(&task, &step, picture, &piece));
            let mut attempt = None;
            if begin.is_some() || own.is_some() {
                let wanted = begin.is_some();
                let reply = self.flush(own.take(), carry, begin, done).await?;
                attempt = reply.begun;
                if wanted && attempt.is_none() {
                    drop(permit);
                    let Some(fresh) = self.reload(&task)? else { return Ok(()) };
                    task = fresh;
                    continue;
                }
            }
            delivery::intend(&mut task.delivery, &mut task.copy, &step);
            let began = self.shared.now();
            let ended = self.carry_out(&task, &step, &piece, done).await?;
            drop(permit);
            let settlement = Settlement { outcome: ended.outcome, began, draw: fastrand::f64() };
            delivery::settle(&mut task.delivery, &mut task.copy, &settlement, &self.terms, self.shared.now());
            own = Some(Settle {
                article: task.delivery.article,
                portal: task.delivery.portal,
                attempt,
                settlement,
                terms: self.terms,
                media: ended.media,
                kept: true,
            });
        }
    }

    /// A place at the gate; `None` when there is nothing to do, or nothing may be done now.
    async fn enter(&self, actionable: bool) -> Option<SemaphorePermit<'_>> {
        if !actionable || !self.is_free() {
            return None;
        }
        let permit = self.place.gate.enter().await;
        // The breaker may have opened while we waited.
        self.is_free().then_some(permit)
    }

    fn is_free(&self) -> bool {
        let now = self.shared.now();
        self.breaker.passage(now) == Passage::Free && self.place.gate.breaker().passage(now) == Passage::Free
    }

    /// The delivery rests for now.
    async fn put_down(
        &self,
        own: Option<Settle>,
        step: &Step,
        carry: &mut Option<Finished>,
        done: &mut HandDone,
    ) -> Result<(), StoreError> {
        if let Some(settle) = own {
            done.finished = Some(Finished { settle: Settle { kept: false, ..settle }, hint: self.hint });
            return Ok(());
        }
        match step {
            Step::Rest | Step::Held => done.committed.push(self.hint),
            Step::Wait(at) => {
                let (article, portal) = (self.hint.article, self.place.row.id);
                self.shared.store.look_again(article, portal, *at).await?;
                done.committed.push(self.hint);
            }
            Step::Confirm(_) | Step::Find | Step::Withdraw(_) | Step::Upload | Step::Create(_) | Step::Update(..) => {
                done.untouched = Some(self.hint);
            }
        }
        if let Some(other) = carry.take() {
            done.committed.extend(self.shared.commit_alone(other).await?.committed);
        }
        Ok(())
    }

    /// Commits what is pending with the intent of the next step.
    async fn flush(
        &self,
        own: Option<Settle>,
        carry: &mut Option<Finished>,
        begin: Option<Begin>,
        done: &mut HandDone,
    ) -> Result<StepReply, StoreError> {
        match (own, carry.take()) {
            (Some(own), Some(other)) => {
                done.committed.extend(self.shared.commit_alone(other).await?.committed);
                self.shared.commit(Some(own), begin, Vec::new()).await
            }
            (Some(own), None) => self.shared.commit(Some(own), begin, Vec::new()).await,
            (None, Some(other)) => {
                let reply = self.shared.commit(Some(other.settle), begin, Vec::new()).await?;
                done.committed.push(other.hint);
                Ok(reply)
            }
            (None, None) => self.shared.commit(None, begin, Vec::new()).await,
        }
    }

    fn begin(&self, task: &Task, step: &Step, picture: Picture, piece: &Piece) -> Begin {
        let media = match (step, &piece.file) {
            (Step::Upload, Some(file)) => Some(file.sha256),
            _ => None,
        };
        Begin {
            article: task.delivery.article,
            portal: task.delivery.portal,
            step: step.clone(),
            picture,
            terms: self.terms,
            quiet_until: self.shared.now().after(self.place.timeout + self.terms.grace),
            media,
            create_burst: self.place.create_burst,
        }
    }

    fn reload(&self, task: &Task) -> Result<Option<Task>, StoreError> {
        self.shared.store.task(task.delivery.article, task.delivery.portal)
    }

    /// The wanted picture on the portal's site.
    async fn picture(&self, task: &Task) -> Result<(Picture, Piece), StoreError> {
        let none = (Picture::Settled, Piece::default());
        let Wanted::Post(form) = task.delivery.wanted else { return Ok(none) };
        if !self.capabilities.media || task.delivery.state() == delivery::State::Standing {
            return Ok(none);
        }
        if task.delivery.hold != delivery::Hold::None || self.shared.now() < task.delivery.not_before {
            return Ok(none);
        }
        let content = self.shared.content(form.revision)?;
        let Some(url) = &content.image else { return Ok(none) };
        let file = match self.shared.pictures.find(&self.shared.store, url).await? {
            media::Found::File(file) => file,
            // The next look tries again; after a few the post goes without it.
            media::Found::Failed => {
                return Ok((Picture::Quiet(self.shared.now().after(PICTURE_AGAIN)), Piece::default()));
            }
            media::Found::GivenUp => return Ok(none),
        };
        let too_large =
            self.capabilities.media_bytes_max.is_some_and(|max| self.shared.pictures.size(&file) > max as u64);
        if too_large {
            return Ok(none);
        }
        let (picture, remote) = self.shared.store.media_copy(self.place.row.id, &file.sha256)?;
        let picture = match picture {
            // Most often another delivery's upload, which ends much sooner than its grace.
            Picture::Quiet(until) => Picture::Quiet(until.min(self.shared.now().after(PICTURE_LOOK))),
            Picture::Settled | Picture::Missing => picture,
        };
        Ok((picture, Piece { file: Some(file), remote }))
    }

    async fn carry_out(
        &self,
        task: &Task,
        step: &Step,
        piece: &Piece,
        done: &mut HandDone,
    ) -> Result<Ended, StoreError> {
        let call = call(&self.place, task.delivery.tries + 1);
        let result = match step {
            Step::Find => self.find(&call, task).await.map(Ended::from),
            Step::Create(form) => self.create(&call, task, *form, piece).await?.map(Ended::from),
            Step::Update(id, form) => self.update(&call, task, id, *form, piece).await?.map(Ended::from),
            Step::Withdraw(id) => self.withdraw(&call, task, id).await.map(Ended::from),
            Step::Upload => self.upload(&call, task, piece).await,
            Step::Confirm(ticket) => match self.place.adapter.confirm(&call, ticket).await {
                // Which revision the ticket was for is not kept: what stands is looked at, and made as wanted.
                Ok(Written::Stands(copy)) => Ok(Outcome::Found(vec![found(&copy)]).into()),
                Ok(Written::Pending { ticket, again }) => Ok(Outcome::Pending(ticket, again).into()),
                Err(error) => Err(error),
            },
            Step::Rest | Step::Held | Step::Wait(_) => Ok(Outcome::NotOurs.into()),
        };
        match result {
            Ok(ended) => {
                self.succeeded(&ended.outcome, step, done).await?;
                Ok(ended)
            }
            Err(error) => self.failed(task, error, done).await.map(Ended::from),
        }
    }

    async fn succeeded(&self, outcome: &Outcome, step: &Step, done: &mut HandDone) -> Result<(), StoreError> {
        if *outcome == Outcome::NotOurs {
            tracing::warn!(portal = %self.place.row.name, "what stands at our address is not ours; looking it up");
            done.site_in_doubt = true;
        }
        if step.writes() && *outcome != Outcome::NotOurs {
            done.verdict = Some(Verdict::Delivered);
        }
        Ok(())
    }

    async fn find(&self, call: &Call, task: &Task) -> Result<Outcome, Error> {
        let trace = Trace { key: task.key.clone(), origin: task.url.clone(), title: task.title.clone(), since: None };
        let hits = self.place.adapter.find(call, &trace).await?;
        Ok(Outcome::Found(hits.iter().map(found).collect()))
    }

    async fn create(
        &self,
        call: &Call,
        task: &Task,
        form: Form,
        piece: &Piece,
    ) -> Result<Result<Outcome, Error>, StoreError> {
        let post = self.post(task, form, piece)?;
        let written = self.place.adapter.create(call, &post).await;
        Ok(match written {
            Ok(written) => Ok(self.written(written, form)),
            Err(error) => Err(error),
        })
    }

    async fn update(
        &self,
        call: &Call,
        task: &Task,
        id: &RemoteId,
        form: Form,
        piece: &Piece,
    ) -> Result<Result<Outcome, Error>, StoreError> {
        let (at, standing) = match self.read_ours(call, task, id).await {
            Ok(Some(ours)) => ours,
            Ok(None) => return Ok(Ok(Outcome::NotOurs)),
            Err(error) => return Ok(Err(error)),
        };
        let mut post = self.post(task, form, piece)?;
        if standing.status.reaches_citizens() {
            // A draft that the editors published stays published.
            post.visibility = Visibility::Public;
        }
        Ok(self.place.adapter.update(call, &at, &post).await.map(|written| self.written(written, form)))
    }

    async fn withdraw(&self, call: &Call, task: &Task, id: &RemoteId) -> Result<Outcome, Error> {
        let Some((at, standing)) = self.read_ours(call, task, id).await? else { return Ok(Outcome::NotOurs) };
        // Where editors publish drafts, one that stays would be published tomorrow.
        let waits = self.place.drafts && standing.status == RemoteStatus::Hidden;
        if !standing.status.reaches_citizens() && !waits {
            return Ok(Outcome::Withdrawn(Some(found(&standing))));
        }
        let how = self.removal(call)?;
        if waits && how == Removal::Hide {
            return Ok(Outcome::Withdrawn(Some(found(&standing))));
        }
        let left = self.place.adapter.withdraw(call, &at, how).await?;
        Ok(Outcome::Withdrawn(left.as_ref().map(found)))
    }

    fn removal(&self, call: &Call) -> Result<Removal, Error> {
        let can = &self.capabilities.removals;
        let usual = if self.place.drafts { Some(Removal::Trash) } else { None };
        let chosen = [self.place.removal, usual].into_iter().flatten().find(|how| can.contains(how));
        let chosen = chosen.or_else(|| can.first().copied());
        chosen.ok_or_else(|| {
            Error::new(ErrorKind::Unsupported, Operation::Withdraw, "this portal cannot take a copy away")
                .with("request", &call.request)
        })
    }

    /// An id is only an address: what stands there must carry our key.
    async fn read_ours(&self, call: &Call, task: &Task, id: &RemoteId) -> Result<Option<(At, RemoteCopy)>, Error> {
        let Some(standing) = self.place.adapter.read(call, id).await? else { return Ok(None) };
        if self.terms.key != KeySupport::None && standing.key.as_ref() != Some(&task.key) {
            return Ok(None);
        }
        let at = At { id: standing.id.clone(), key: task.key.clone(), version: standing.version.clone() };
        Ok(Some((at, standing)))
    }

    fn post(&self, task: &Task, form: Form, piece: &Piece) -> Result<dongbo_sdk::Post, StoreError> {
        let content = self.shared.content(form.revision)?;
        let shape = self.shared.shape(form.shape)?;
        Ok(render::post(task.key.clone(), &content, &shape, &self.capabilities, piece.remote.clone()))
    }

    fn written(&self, written: Written, form: Form) -> Outcome {
        match written {
            Written::Stands(copy) => Outcome::Written(form, found(&copy)),
            Written::Pending { ticket, again } => Outcome::Pending(ticket, again),
        }
    }

    /// Uploads the picture. A refusal for good lets the post go without it.
    async fn upload(&self, call: &Call, task: &Task, piece: &Piece) -> Result<Ended, Error> {
        let Some(file) = &piece.file else { return Ok(Outcome::Uploaded.into()) };
        let sha256 = file.sha256;
        let Some(media) = self.shared.pictures.load(file, &task.title) else {
            let reason = "the picture is gone from the state folder".to_owned();
            let media = Some(MediaSettled::Refused { sha256, reason });
            return Ok(Ended { outcome: Outcome::Uploaded, media });
        };
        let kilobytes = u32::try_from(media.bytes.len() / 1024 + 1).unwrap_or(u32::MAX);
        let _budget = self.shared.budget.acquire_many(kilobytes.min(BUDGET_SHARE_MAX)).await;
        match self.place.adapter.upload(call, &media).await {
            Ok(remote) => {
                let media = Some(MediaSettled::Stands { sha256, remote });
                Ok(Ended { outcome: Outcome::Uploaded, media })
            }
            Err(error) if error.retry == Retry::Never && error.scope == Scope::Post => {
                tracing::warn!(portal = %self.place.row.name, %error, "the portal refuses the picture");
                let media = Some(MediaSettled::Refused { sha256, reason: error.to_string() });
                Ok(Ended { outcome: Outcome::Uploaded, media })
            }
            Err(error) => Ok(self.upload_failed(error, sha256).await),
        }
    }

    /// An upload in doubt puts no delivery in doubt: the same bytes are looked for before the next.
    async fn upload_failed(&self, error: Error, sha256: [u8; 32]) -> Ended {
        let doubt = error.leaves_doubt();
        let media = if doubt {
            let quiet_until = self.shared.now().after(self.terms.grace);
            MediaSettled::Doubt { sha256, quiet_until }
        } else {
            MediaSettled::NotSent { sha256 }
        };
        let mut failure = self.blame(&error).await;
        if doubt {
            failure.retry = Retry::Later { after: Some(self.terms.grace) };
        }
        Ended { outcome: Outcome::Failed(failure), media: Some(media) }
    }

    async fn failed(&self, task: &Task, error: Error, done: &mut HandDone) -> Result<Outcome, StoreError> {
        let failure = self.blame(&error).await;
        tracing::warn!(
            portal = %self.place.row.name, key = %task.key, tries = task.delivery.tries + 1, scope = ?failure.scope,
            %error, "delivery failed"
        );
        if counts_against(failure.retry, failure.scope) {
            done.verdict = Some(Verdict::Failed(task.delivery.article, failure.kind));
        }
        Ok(Outcome::Failed(failure))
    }

    /// Whose failure was it? After one that speaks against the portal or its
    /// installation, `check` is asked: if that passes, it was the post's. A
    /// refused account is not asked again, because some portals lock it.
    async fn blame(&self, error: &Error) -> Failure {
        let as_said = Failure { kind: error.kind, retry: error.retry, scope: error.scope };
        if error.scope == Scope::Post {
            return as_said;
        }
        let _turn = self.place.gate.diagnosis.lock().await;
        if !self.is_free() {
            // While we waited for our turn, another hand's answer closed this portal or its installation.
            return as_said;
        }
        let asks = !matches!(error.kind, ErrorKind::RateLimited | ErrorKind::Unauthenticated);
        let verdict = if asks { self.shared.check(&self.place).await.err() } else { None };
        let scope = match (&verdict, asks) {
            (None, true) => Scope::Post,
            (Some(found), _) => self.pause(found).await,
            (None, false) => self.pause(error).await,
        };
        Failure { scope, ..as_said }
    }

    async fn pause(&self, error: &Error) -> Scope {
        if let Err(failed) = self.shared.trouble(&self.place, &self.breaker, error).await {
            tracing::error!(error = %failed, "a portal's trouble could not be kept");
        }
        match error.scope {
            Scope::Installation => Scope::Installation,
            Scope::Post | Scope::Portal => Scope::Portal,
        }
    }
}

/// How soon a picture that somebody else uploads is looked at again.
const PICTURE_LOOK: Duration = Duration::from_secs(1);
/// When a picture that could not be fetched is tried again.
const PICTURE_AGAIN: Duration = Duration::from_secs(20);
/// No single file takes the whole budget of 64 MiB (in KiB).
const BUDGET_SHARE_MAX: u32 = 32 * 1024;

fn call(place: &Place, attempt: u32) -> Call {
    Call { request: format!("{:012x}", fastrand::u64(..) >> 16), deadline: Instant::now() + place.timeout, attempt }
}

fn found(copy: &RemoteCopy) -> Found {
    Found {
        id: copy.id.clone(),
        version: copy.version.clone(),
        url: copy.url.clone(),
        status: copy.status,
        print: render::print(copy),
    }
}
