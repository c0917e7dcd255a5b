//! Reads the past of one source on a person's order: one answer at a time,
//! behind everything that is new. How far it came stands in the ledger.
//!
//! An API is asked from the day on that the order names. A source that is read
//! page by page is walked back to that day, and walked again until a walk
//! brings nothing new, because what is deleted meanwhile shifts its pages.
//! Portals receive what was read when all of it was, the way of an order.

use std::sync::Arc;
use std::time::Duration;

use dongbo_sdk::SecretRef;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::article::{Item, Precision};
use crate::config;
use crate::poll::{self, Intake, PollError};
use crate::source::api::{Api, By, Next, Question, Rise};
use crate::source::{Ask, Body, Fetched, Fetcher, Paged, Previous, ReadError};
use crate::store::{Committed, History, Planned, Store, StoreError};

/// Between two answers.
pub const PAUSE: Duration = Duration::from_secs(1);
/// Pages of one walk.
pub const PAGES_MAX: u32 = 5_000;
/// Walks over one source.
pub const PASSES_MAX: u32 = 3;
/// Failures in a row until the rest of a past is given up.
pub const FAILURES_MAX: u32 = 60;

/// Who reads the past of one source.
#[derive(Debug)]
pub struct Historian {
    id: String,
    url: Url,
    paged: Option<Arc<Paged>>,
    fetcher: Fetcher,
    intake: Intake,
    store: Store,
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nobody asks for the past.
    Idle,
    /// There is more of it.
    More,
    /// Everything is read but some articles' own pages.
    Pages,
    /// What was read goes to the portals.
    Done,
}

/// Where a walk goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    url: Url,
    page: u32,
    pass: u32,
    new_in_pass: u64,
    /// Digest of the page before: a server that ignores the page's number repeats it.
    last: Option<[u8; 32]>,
}

/// What an answer came to.
struct Stride {
    committed: Committed,
    /// `None`: everything is read.
    place: Option<String>,
}

impl Historian {
    pub(crate) fn new(source: &config::Source, paged: Option<Arc<Paged>>, fetcher: Fetcher, store: Store) -> Self {
        let intake = Intake::new(source, store.clone());
        Self { id: source.id.clone(), url: source.url.clone(), paged, fetcher, intake, store }
    }

    /// The source's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Reads one answer of the past, if somebody asks for it.
    ///
    /// # Errors
    /// Nothing is lost: the next step asks again.
    pub async fn step(&self, planned: &Arc<Planned>) -> Result<Step, PollError> {
        let Some(history) = self.store.history(&self.id)? else { return Ok(Step::Idle) };
        if history.walked {
            if self.store.pages_wait(&self.id)? {
                return Ok(Step::Pages);
            }
            self.store.history_ends(&self.id, history).await?;
            return Ok(Step::Done);
        }
        let stride = match self.paged.as_deref() {
            // A feed shows what it shows, a sitemap what was touched lately.
            None | Some(Paged::Sitemap(_)) => Stride { committed: Committed::default(), place: None },
            Some(Paged::Api(api)) => self.rise(api, &history, planned).await?,
            Some(paged) => self.walk(paged, &history, planned).await?,
        };
        let found = history.found + (stride.committed.new + stride.committed.entries) as u64;
        let after = History { walked: stride.place.is_none(), place: stride.place, found, ..history.clone() };
        self.store.history_goes_on(&self.id, history, after).await?;
        Ok(Step::More)
    }

    /// One answer could not be read for too long: what was read goes to the
    /// portals, and a person hears where the past ends.
    ///
    /// # Errors
    /// When it cannot be committed.
    pub async fn give_up(&self, why: &str) -> Result<(), StoreError> {
        let Some(history) = self.store.history(&self.id)?.filter(|history| !history.walked) else { return Ok(()) };
        self.store.history_breaks(&self.id, history, why).await
    }

    async fn rise(&self, api: &Api, history: &History, planned: &Arc<Planned>) -> Result<Stride, PollError> {
        let since = Timestamp::from_millisecond(history.since).unwrap_or(Timestamp::UNIX_EPOCH);
        let place: Option<Question> = history.place.as_deref().and_then(|place| serde_json::from_str(place).ok());
        let by = if api.orders().contains(&By::Publication) { By::Publication } else { By::Touch };
        let mut rise = place.map_or_else(|| Rise::new(by, since), Rise::from);
        let question = rise.question().clone();
        let body = self.ask(&api.address(&self.url, &question)).await?;
        let (api, url) = (api.clone(), self.url.clone());
        let answer = blocking(move || {
            let now = Timestamp::now();
            api.answer(&question, &url, &poll::document(&body, now))
        });
        let answer = answer.await?;
        let next = rise.next(&answer);
        let committed = self.keep(answer.items, planned).await?;
        if next == Next::Gap {
            self.store.gap(&self.id, None).await?;
        }
        let place = (next != Next::Done).then(|| serde_json::to_string(rise.question()));
        Ok(Stride { committed, place: place.transpose().map_err(strange)? })
    }

    async fn walk(&self, paged: &Paged, history: &History, planned: &Arc<Planned>) -> Result<Stride, PollError> {
        let first = || Place { url: paged.first(&self.url), page: 0, pass: 1, new_in_pass: 0, last: None };
        let place = history.place.as_deref().and_then(|place| serde_json::from_str(place).ok());
        let place: Place = place.unwrap_or_else(first);
        let body = self.ask(&place.url).await?;
        let hash = body.hash;
        let (reader, url, number) = (paged.clone(), self.url.clone(), place.page);
        let page = blocking(move || reader.read(&url, number, &poll::document(&body, Timestamp::now()))).await?;
        // A page on which nothing can be read does not tell how old it is.
        let dated = page.items.iter().flatten().next().is_some();
        let past = dated && page.items.iter().flatten().all(|item| is_before(item, history.since));
        let next = page.next.filter(|_| !past && place.last != Some(hash) && place.page < PAGES_MAX);
        let committed = self.keep(page.items, planned).await?;
        let new_in_pass = place.new_in_pass + (committed.new + committed.entries) as u64;
        let next = match next {
            Some(url) => Some(Place { url, page: place.page + 1, new_in_pass, last: Some(hash), ..place }),
            None if new_in_pass > 0 && place.page > 0 && place.pass < PASSES_MAX => {
                Some(Place { pass: place.pass + 1, ..first() })
            }
            None => None,
        };
        let place = next.map(|next| serde_json::to_string(&next)).transpose().map_err(strange)?;
        Ok(Stride { committed, place })
    }

    async fn keep(
        &self,
        items: Vec<Result<Item, crate::source::Quarantined>>,
        planned: &Arc<Planned>,
    ) -> Result<Committed, StoreError> {
        let (good, bad) = poll::split(items);
        self.intake.keep(good, bad, false, planned).await
    }

    async fn ask(&self, url: &Url) -> Result<Box<Body>, ReadError> {
        let place = self.paged.as_deref().and_then(Paged::authorization);
        let secret = place.map(SecretRef::resolve).transpose().map_err(|error| ReadError::Secret(Some(error)))?;
        let previous = &Previous::default();
        let ask = Ask { url, source: &self.url, previous, authorization: secret.as_ref() };
        match self.fetcher.ask(ask).await? {
            Fetched::Changed(body) => Ok(body),
            Fetched::Unchanged { .. } => Err(ReadError::NotModifiedLoop),
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ReadError> + Send + 'static,
) -> Result<T, ReadError> {
    tokio::task::spawn_blocking(work).await.map_err(poll::stopped)?
}

fn strange(error: serde_json::Error) -> StoreError {
    StoreError::Strange(error.to_string())
}

fn is_before(item: &Item, since: i64) -> bool {
    item.content.precision != Precision::Guessed && item.content.published.as_millisecond() < since
}
