//! Reads one source: fetch, parse what changed, commit in pieces.
//!
//! Validators are saved with the last piece only, and only when the document
//! was read to its proper end: a reading that broke off is repeated.

mod intake;
mod rise;
mod survey;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use dongbo_sdk::SecretRef;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::article::{Item, Name, Precision};
use crate::config;
use crate::history::Historian;
use crate::manners::{Came, Manners, Note};
use crate::pages::{Pages, Round, RoundError};
use crate::rhythm::{self, Next, Why};
use crate::source::feed::{Known, WARNINGS_MAX};
use crate::source::paged::{self, Ground, Page, Paged, Step, Walk};
use crate::source::{
    self, Ask, Body, Document, FeedReader, Fetched, Fetcher, Head, Hosts, Limits, Previous, ReadError, Summary,
    Validators, identity,
};
use crate::store::{self, Committed, Ingested, Planned, Quarantined, Store, StoreError, wall};

/// Items committed in one transaction: the writer stays free for outcomes.
const PIECE: usize = 20;
/// Between two pages of one source.
const PAGE_PAUSE: Duration = Duration::from_millis(250);
/// A first reading of a paged source ends at a page on which everything is older.
const FIRST_READING_AGE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The kind of a failure that is the ledger's: what was read could not be committed.
const REFUSED: &str = "ledger";

pub(crate) use intake::Intake;

/// A source that is read again and again.
#[derive(Debug)]
pub struct Poller {
    pub id: String,
    pub url: Url,
    intake: Intake,
    paged: Option<Arc<Paged>>,
    /// Where articles are read from their own pages.
    pub pages: Option<Pages>,
    fetcher: Fetcher,
    reader: Arc<FeedReader>,
    store: Store,
    previous: Option<Previous>,
    /// Older revisions came back; `None`: the ledger knows.
    returns_are_open: Option<bool>,
    /// Kind of the last failure, as the ledger has it.
    failing: Option<String>,
    poll: Option<Duration>,
    /// `None`: not asked of the ledger yet.
    manners: Option<Manners>,
    /// What was heard at this poll.
    head: Head,
    /// At this poll "not modified" hid something.
    hid: bool,
    /// How far the readings of an API have come; `None`: not asked of the ledger yet.
    tides: Option<Vec<rise::Tide>>,
    /// Tombstones of the last reading: each is heeded once.
    buried: HashSet<Name>,
    /// What was read of a sitemap's files.
    chart: survey::Chart,
    /// Its articles' own pages have taught what is usual.
    learned: bool,
    /// Items of the feed that need not be looked at again.
    known: Known,
}

/// What a poll came to.
#[derive(Debug)]
pub enum Polled {
    Unchanged,
    Changed { committed: Committed, summary: Box<Summary> },
}

/// Why a poll brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<RoundError> for PollError {
    fn from(error: RoundError) -> Self {
        match error {
            RoundError::Read(error) => Self::Read(error),
            RoundError::Store(error) => Self::Store(error),
        }
    }
}

impl Poller {
    /// # Errors
    /// When the TLS set-up of this machine cannot be read.
    pub fn new(
        source: &config::Source,
        limits: Limits,
        reader: Arc<FeedReader>,
        store: Store,
    ) -> Result<Self, ReadError> {
        let (id, url, fetcher) = (source.id.clone(), source.url.clone(), Fetcher::new(limits)?);
        let pages = source.page.clone();
        let pages = pages.map(|page| Pages::new(id.clone(), url.clone(), page, fetcher.clone(), store.clone()));
        Ok(Self {
            id,
            url,
            intake: Intake::new(source, store.clone()),
            paged: source.read.clone().map(Arc::new),
            pages,
            fetcher,
            reader,
            store,
            previous: None,
            returns_are_open: None,
            failing: None,
            poll: source.poll,
            manners: None,
            head: Head::default(),
            hid: false,
            tides: None,
            buried: HashSet::new(),
            chart: survey::Chart::default(),
            learned: false,
            known: Known::default(),
        })
    }

    /// It keeps to the limits of its host, with all that share them.
    #[must_use]
    pub fn politely(self, hosts: Hosts) -> Self {
        let pages = self.pages.map(|pages| pages.politely(hosts.clone()));
        Self { fetcher: self.fetcher.politely(hosts), pages, ..self }
    }

    /// Who reads the source's past, with the same manners.
    #[must_use]
    pub fn historian(&self, source: &config::Source) -> Historian {
        Historian::new(source, self.paged.clone(), self.fetcher.clone(), self.store.clone())
    }

    /// How long to wait before the first reading: a source that asked for
    /// patience before a restart has its way.
    pub fn first_wait(&mut self) -> Duration {
        // Where the ledger cannot be read the poll says so.
        self.manners().map(|manners| manners.left_alone(Timestamp::now())).unwrap_or_default()
    }

    /// When it is read next, from the end of the last poll on.
    #[must_use]
    pub fn next(&self) -> Next {
        self.manners.as_ref().map_or(Next::new(rhythm::UNKNOWN, Why::Own), Manners::next)
    }

    /// Reads the source once. An unchanged one costs no parse and no write.
    ///
    /// # Errors
    /// Nothing of the reading is lost: the next poll reads it again.
    pub async fn poll(&mut self, planned: &Arc<Planned>) -> Result<Polled, PollError> {
        self.manners()?;
        (self.head, self.hid) = (Head::default(), false);
        let polled = match self.read(planned).await {
            Ok(polled) => self.read_pages(polled, planned).await,
            Err(error) => Err(error),
        };
        let failing = match &polled {
            Ok(_) => None,
            Err(PollError::Read(error)) => Some(error.kind().name().to_owned()),
            // A ledger that cannot be written takes no note of that either.
            Err(PollError::Store(error)) if error.is_io() => return polled,
            Err(PollError::Store(_)) => Some(REFUSED.to_owned()),
        };
        if failing != self.failing {
            self.store.source_fails(&self.id, failing.clone()).await?;
            self.failing = failing;
        }
        self.settle(&polled).await?;
        polled
    }

    /// Takes in how the poll ended; the ledger hears of it only where something changed.
    async fn settle(&mut self, polled: &Result<Polled, PollError>) -> Result<(), StoreError> {
        let came = match polled {
            Err(_) => Came::Failed,
            Ok(Polled::Unchanged) => Came::Unchanged,
            Ok(Polled::Changed { summary, .. }) => Came::Changed { own: self.own_rhythm()?, said: summary.said },
        };
        let head = self.source_head();
        let hid = self.hid;
        let note = self.manners()?.settle(came, &head, hid, Timestamp::now(), fastrand::f64());
        let Some(Note { kept, told }) = note else { return Ok(()) };
        for (what, detail) in &told {
            tracing::warn!(source = %self.id, detail, "{what}");
        }
        let written = self.store.keep_rhythm(&self.id, kept, told).await;
        if written.is_err() {
            // What the ledger did not take is compared with it anew.
            self.manners = None;
        }
        written
    }

    fn manners(&mut self) -> Result<&mut Manners, StoreError> {
        let manners = match self.manners.take() {
            Some(manners) => manners,
            None => {
                let row = self.store.source(&self.id)?;
                let read_at = row.as_ref().and_then(|row| Timestamp::from_millisecond(row.read_at?).ok());
                self.failing = row.and_then(|row| row.failing);
                Manners::new(self.poll, self.store.rhythm(&self.id)?, self.own_rhythm()?, read_at)
            }
        };
        Ok(self.manners.insert(manners))
    }

    fn own_rhythm(&self) -> Result<Option<Duration>, StoreError> {
        Ok(rhythm::own(self.store.published_lately(&self.id, rhythm::NEWEST)?.into_iter()))
    }

    /// A page's number is no part of the address that a source has moved to.
    fn source_head(&self) -> Head {
        let mut head = self.head.clone();
        if let Some(moved) = head.moved.as_mut().filter(|_| self.paged.is_some()) {
            moved.set_query(self.url.query());
        }
        head
    }

    async fn read(&mut self, planned: &Arc<Planned>) -> Result<Polled, PollError> {
        let paged = self.paged.clone();
        match paged.as_deref() {
            Some(Paged::Api(api)) => return self.rise(api, planned).await,
            Some(Paged::Sitemap(config)) => return self.survey(config, planned).await,
            Some(Paged::Json(_) | Paged::Listing(_)) | None => {}
        }
        let previous = self.previous()?;
        let (believes, doubts) = {
            let (manners, now) = (self.manners()?, Timestamp::now());
            (manners.believes(now), manners.doubts(now))
        };
        let whole = Previous { validators: Validators::default(), hash: previous.hash };
        let url = self.paged.as_ref().map_or_else(|| self.url.clone(), |paged| paged.first(&self.url));
        match self.ask(&url, if believes { &previous } else { &whole }).await? {
            Fetched::Unchanged { .. } if doubts && self.head.status == Some(304) => {
                self.doubt(&url, &whole, planned).await
            }
            Fetched::Unchanged { .. } => self.unchanged(planned).await,
            Fetched::Changed(body) => self.changed(*body, planned).await,
        }
    }

    /// The source has said "not modified" for a day, and just now: is it true?
    /// A body in which only a time stamp differs hides nothing.
    async fn doubt(&mut self, url: &Url, whole: &Previous, planned: &Arc<Planned>) -> Result<Polled, PollError> {
        match self.ask(url, whole).await {
            Ok(Fetched::Unchanged { .. }) => self.unchanged(planned).await,
            Ok(Fetched::Changed(body)) => {
                let polled = self.changed(*body, planned).await?;
                self.hid =
                    matches!(&polled, Polled::Changed { committed, .. } if committed.new + committed.corrected > 0);
                Ok(polled)
            }
            Err(error) => {
                tracing::debug!(source = %self.id, %error, "the source could not be read without its validators");
                self.manners()?.put_off(Timestamp::now());
                self.unchanged(planned).await
            }
        }
    }

    async fn changed(&mut self, body: Body, planned: &Arc<Planned>) -> Result<Polled, PollError> {
        match self.paged.clone() {
            None => self.take_in(body, planned).await,
            Some(paged) => self.walk(&paged, body, planned).await,
        }
    }

    /// Then the articles' own pages, as far as they are due.
    async fn read_pages(&mut self, polled: Polled, planned: &Arc<Planned>) -> Result<Polled, PollError> {
        let Some(pages) = &mut self.pages else { return Ok(polled) };
        let Round { committed, warnings } = pages.round(planned).await?;
        if !self.learned && pages.all_read()? {
            self.store.ingest(Ingested { last: true, ..Ingested::new(&self.id) }, planned.clone()).await?;
            self.learned = true;
        }
        if committed == Committed::default() && warnings.is_empty() {
            return Ok(polled);
        }
        let (before, mut summary) = match polled {
            Polled::Unchanged => (Committed::default(), whole()),
            Polled::Changed { committed, summary } => (committed, summary),
        };
        summary.quarantined += committed.quarantined;
        summary.warnings.extend(warnings);
        summary.warnings.truncate(WARNINGS_MAX);
        Ok(Polled::Changed { committed: before.and(committed), summary })
    }

    /// What came back at the last reading and stays has been seen twice.
    async fn unchanged(&mut self, planned: &Arc<Planned>) -> Result<Polled, PollError> {
        if self.pages.is_some() {
            // What came back stands on the articles' pages; the list does not tell whether it stays.
            return Ok(Polled::Unchanged);
        }
        let open = match self.returns_are_open {
            Some(open) => open,
            None => self.store.returns_are_open(&self.id)?,
        };
        if !open {
            self.returns_are_open = Some(false);
            return Ok(Polled::Unchanged);
        }
        let committed = self.store.confirm_returns(&self.id, planned.clone()).await?;
        self.returns_are_open = Some(false);
        Ok(Polled::Changed { committed, summary: whole() })
    }

    async fn ask(&mut self, url: &Url, previous: &Previous) -> Result<Fetched, ReadError> {
        let place = self.paged.as_deref().and_then(Paged::authorization);
        let secret = place.map(SecretRef::resolve).transpose().map_err(|error| ReadError::Secret(Some(error)))?;
        let ask = Ask { url, source: &self.url, previous, authorization: secret.as_ref() };
        let heard = self.fetcher.hear(ask).await;
        self.head = self.head.clone().then(heard.head);
        heard.fetched
    }

    /// Reads page after page until the walk is done. The validators of the
    /// first page are saved last: a walk that broke off is repeated, and the
    /// ledger, which forgot them with the first new article, says so.
    async fn walk(&mut self, paged: &Arc<Paged>, first: Body, planned: &Arc<Planned>) -> Result<Polled, PollError> {
        let (validators, hash) = (first.validators.clone(), first.hash);
        let known = self.previous.take().is_some_and(|previous| previous.hash.is_some());
        let mut walk = Walk::new(if known { Ground::Known } else { Ground::Unsure });
        let mut read = Read { summary: Summary { complete: true, ..Summary::default() }, ..Read::default() };
        let (mut body, mut number, mut seen) = (first, 0, HashSet::new());
        loop {
            let this = body.hash;
            let (step, next) = self.page(paged, body, number, planned, &mut read).await?;
            // A server that ignores the page's number sends the same page for ever; another leads in a circle.
            let next = next.filter(|_| seen.insert(this));
            let url = match (walk.next(Step { more: next.is_some(), ..step }), next) {
                (paged::Next::Page, Some(next)) => {
                    number += 1;
                    next
                }
                (paged::Next::Again, _) => {
                    (number, seen) = (0, HashSet::new());
                    paged.first(&self.url)
                }
                (paged::Next::Gap, _) => {
                    self.gap().await?;
                    break;
                }
                (paged::Next::Done | paged::Next::Page, _) => break,
            };
            tokio::time::sleep(PAGE_PAUSE).await;
            let Fetched::Changed(page) = self.ask(&url, &Previous::default()).await? else { break };
            body = *page;
        }
        self.save(validators, hash, planned).await?;
        Ok(Polled::Changed { committed: read.committed, summary: Box::new(read.summary) })
    }

    /// Reads and commits one page; what it came to, and where the next one is.
    async fn page(
        &self,
        paged: &Arc<Paged>,
        body: Body,
        number: u32,
        planned: &Arc<Planned>,
        read: &mut Read,
    ) -> Result<(Step, Option<Url>), PollError> {
        let (reader, url, now) = (paged.clone(), self.url.clone(), Timestamp::now());
        let page = tokio::task::spawn_blocking(move || reader.read(&url, number, &document(&body, now)));
        let Page { items, next, warnings } = page.await.map_err(stopped)??;
        let (good, bad) = split(items);
        let fresh = good.iter().filter(|item| item.names.first().is_some_and(|name| read.met.insert(name.clone())));
        let step = Step { items: fresh.count(), new: 0, old: good.iter().all(|item| is_old(item, now)), more: false };
        read.summary.items += good.len();
        read.summary.quarantined += bad.len();
        read.summary.warnings.extend(warnings);
        read.summary.warnings.truncate(WARNINGS_MAX);
        let before = read.committed.new + read.committed.entries;
        read.committed = read.committed.and(self.intake.keep(good, bad, next.is_some(), planned).await?);
        let new = read.committed.new + read.committed.entries - before;
        Ok((Step { new, ..step }, next))
    }

    fn previous(&mut self) -> Result<Previous, StoreError> {
        if let Some(previous) = &self.previous {
            return Ok(previous.clone());
        }
        let row = self.store.source(&self.id)?;
        let validators = row.map(|row| row.validators).unwrap_or_default();
        let previous = Previous {
            validators: Validators { etag: validators.etag, last_modified: validators.last_modified },
            hash: validators.body,
        };
        self.previous = Some(previous.clone());
        Ok(previous)
    }

    async fn take_in(&mut self, body: Body, planned: &Arc<Planned>) -> Result<Polled, PollError> {
        let (send, mut receive) = tokio::sync::mpsc::channel(2);
        let reader = self.reader.clone();
        let (validators, hash) = (body.validators.clone(), body.hash);
        let origins = [&self.url, &body.final_url].map(identity::origin);
        let known = std::mem::take(&mut self.known);
        let parse = tokio::task::spawn_blocking(move || parse(&reader, &body, known, &send));
        let (mut committed, began) = (Committed::default(), wall());
        let (mut any, mut known) = (false, false);
        while let Some((items, quarantined)) = receive.recv().await {
            any |= !items.is_empty();
            known = known || self.store.shows_any(&self.id, &items)?;
            committed = committed.and(self.intake.keep(items, quarantined, false, planned).await?);
        }
        let mut summary = parse.await.map_err(stopped)??;
        if any && !known && summary.passed_over == 0 && self.store.showed_before(&self.id, began)? {
            self.gap().await?;
        }
        // What came back must be seen once more before it counts.
        if committed.returning == 0 && self.pages.is_none() {
            self.known = std::mem::take(&mut summary.known);
        }
        self.look_at(&summary.tombstones, origins).await?;
        if summary.complete {
            self.save(validators, hash, planned).await?;
        } else {
            let last = self.pages.is_none();
            self.store.ingest(Ingested { last, ..Ingested::new(&self.id) }, planned.clone()).await?;
        }
        Ok(Polled::Changed { committed, summary: Box::new(summary) })
    }

    /// A tombstone withdraws nothing: feeds are rebuilt and mistaken. It is
    /// reason enough to look at the original at once.
    async fn look_at(&mut self, tombstones: &[Name], origins: [String; 2]) -> Result<(), StoreError> {
        let new: Vec<Name> = tombstones.iter().filter(|name| !self.buried.contains(name)).cloned().collect();
        self.buried = tombstones.iter().cloned().collect();
        if new.is_empty() {
            return Ok(());
        }
        let due = self.store.look_now(origins.to_vec(), new).await?;
        tracing::info!(source = %self.id, due, "the feed says that articles were deleted: their originals are looked at");
        Ok(())
    }

    /// A reading that shares nothing with those before: articles in between may be lost.
    async fn gap(&mut self) -> Result<(), StoreError> {
        let after = self.manners()?.since_reading(Timestamp::now());
        tracing::warn!(source = %self.id, "articles may have been missed: nothing known was met");
        self.store.gap(&self.id, after).await
    }

    async fn save(&mut self, validators: Validators, hash: [u8; 32], planned: &Arc<Planned>) -> Result<(), StoreError> {
        let saved = store::Validators {
            etag: validators.etag.clone(),
            last_modified: validators.last_modified.clone(),
            body: Some(hash),
        };
        // Where articles stand on their own pages, these teach what is usual.
        let last = self.pages.is_none();
        let last = Ingested { validators: Some(saved), last, ..Ingested::new(&self.id) };
        self.store.ingest(last, planned.clone()).await?;
        self.returns_are_open = None;
        self.previous = Some(Previous { validators, hash: Some(hash) });
        self.failing = None;
        Ok(())
    }
}

/// What a walk has read so far.
#[derive(Debug, Default)]
struct Read {
    /// First names of the articles of all pages, so that one that comes again is not taken for known ground.
    met: HashSet<Name>,
    committed: Committed,
    summary: Summary,
}

/// Of a reading that came to its end.
fn whole() -> Box<Summary> {
    Box::new(Summary { complete: true, ..Summary::default() })
}

pub(crate) fn document(body: &Body, now: Timestamp) -> Document<'_> {
    Document { body: &body.bytes, content_type: body.content_type.as_deref(), url: &body.final_url, now }
}

/// The blocking reader panicked.
pub(crate) fn stopped(_: tokio::task::JoinError) -> ReadError {
    ReadError::Malformed { at: 0, reason: "the reader stopped".into() }
}

pub(crate) fn split(read: Vec<Result<Item, source::Quarantined>>) -> (Vec<Item>, Vec<Quarantined>) {
    let (mut items, mut quarantined) = (Vec::new(), Vec::new());
    for result in read {
        match result {
            Ok(item) => items.push(item),
            Err(bad) => quarantined.push(Quarantined { reason: bad.reason, sample: bad.sample }),
        }
    }
    (items, quarantined)
}

fn is_old(item: &Item, now: Timestamp) -> bool {
    item.content.precision != Precision::Guessed && now.duration_since(item.content.published) > FIRST_READING_AGE
}

type Piece = (Vec<Item>, Vec<Quarantined>);

/// Hands the items over in pieces; the caller commits one while the next is read.
fn parse(
    reader: &FeedReader,
    body: &Body,
    known: Known,
    send: &tokio::sync::mpsc::Sender<Piece>,
) -> Result<Summary, ReadError> {
    let mut reading = reader.read(document(body, Timestamp::now()))?.without(known);
    let (mut items, mut bad) = (Vec::new(), Vec::new());
    for result in reading.by_ref() {
        match result {
            Ok(item) => items.push(item),
            Err(found) => bad.push(Quarantined { reason: found.reason, sample: found.sample }),
        }
        if items.len() + bad.len() >= PIECE
            && send.blocking_send((std::mem::take(&mut items), std::mem::take(&mut bad))).is_err()
        {
            break;
        }
    }
    // The receiver is gone only when the ledger failed; the poll then ends with that.
    let _ = send.blocking_send((items, bad));
    reading.finish()
}
