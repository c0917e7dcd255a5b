//! Looks at the originals of known articles, politely: is each still where it
//! was published?
//!
//! Wanted: a withdrawal at the source reaches every portal within the cadence,
//! and nothing but the original's own word causes one. Before an article goes,
//! another original of the same origin must answer: where none does, the source is
//! out of order, and where all are gone as well, a person is asked. A host that
//! is slow delays no other. Accepted: looks that the pace cannot keep up with
//! are late, and `status` says so.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use url::Url;

use crate::original::{Cadence, Elsewhere, Others, Said, Withdrawn};
use crate::source::{Fetcher, Host, ReadError};
use crate::store::{Look, Looked, Original, Planned, Store, StoreError};

/// Originals read from the ledger at once.
const BLOCK: usize = 256;
/// Hosts that are looked at side by side.
const LANES_MAX: usize = 64;
/// Originals of one host between two looks into the ledger, so that one that must be confirmed soon comes soon.
const LANE_MAX: usize = 32;
/// While some host is looked at, others wait this long for their turn.
const SWEEP_APART: Duration = Duration::from_millis(500);
/// Looking for what is due takes at most this share of the time, however much is due.
const SWEEP_SHARE: u32 = 20;
/// With nothing due the ledger is asked again after this at the latest.
const IDLE_MAX: Duration = Duration::from_secs(5);

/// How originals are watched (`[watch]`).
#[derive(Debug, Clone, PartialEq)]
pub struct Watch {
    pub cadence: Cadence,
    /// Between two looks at one host.
    pub pace: Duration,
    /// Share of a source's young articles that may go without a person's word.
    pub share: f64,
}

/// The watch over all originals.
#[derive(Debug)]
pub struct Watcher {
    watch: Watch,
    fetcher: Fetcher,
    /// Addresses of configured sources: their origins are trusted.
    sources: Vec<Url>,
    store: Store,
    planned: Arc<Planned>,
}

impl Watcher {
    #[must_use]
    pub fn new(watch: Watch, fetcher: Fetcher, sources: Vec<Url>, store: Store, planned: Arc<Planned>) -> Self {
        Self { watch, fetcher, sources, store, planned }
    }

    /// Until it is stopped.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let watcher = Arc::new(self);
        let (mut lanes, mut busy) = (JoinSet::new(), HashMap::new());
        loop {
            let began = Instant::now();
            let wait = match watcher.sweep(busy.values()).await {
                Ok((due, wait)) => {
                    for (host, originals) in due {
                        busy.insert(lanes.spawn(watcher.clone().lane(originals)).id(), host);
                    }
                    let apart = SWEEP_APART.max(began.elapsed() * SWEEP_SHARE);
                    if busy.is_empty() { wait } else { wait.max(apart) }
                }
                Err(error) => {
                    tracing::warn!(%error, "originals could not be looked at yet");
                    IDLE_MAX
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                Some(ended) = lanes.join_next_with_id() => {
                    busy.remove(&ended.map_or_else(|error| error.id(), |(id, ())| id));
                }
                _ = stop.changed() => return,
            }
        }
    }

    /// What is due on hosts that nobody looks at now, and how long there is nothing else to do.
    async fn sweep(
        &self,
        busy: impl Iterator<Item = &Host>,
    ) -> Result<(HashMap<Host, Vec<Original>>, Duration), StoreError> {
        let busy: HashSet<&Host> = busy.collect();
        let (mut due, mut last): (HashMap<Host, Vec<Original>>, Option<Original>) = (HashMap::new(), None);
        loop {
            let block = self.store.originals_due(last.as_ref(), BLOCK)?;
            last = block.last().cloned();
            if last.is_none() {
                break;
            }
            for original in block {
                let host = host(&original);
                let room = due.contains_key(&host) || due.len() + busy.len() < LANES_MAX;
                if !busy.contains(&host) && room {
                    let lane = due.entry(host).or_default();
                    if lane.len() < LANE_MAX {
                        lane.push(original);
                    }
                }
            }
            // Behind a long downtime very many are due.
            tokio::task::yield_now().await;
        }
        let now = self.store.clock().now();
        let next = self.store.next_original()?.map_or(IDLE_MAX, |at| now.until(at));
        Ok((due, next.clamp(Duration::from_millis(50), IDLE_MAX)))
    }

    /// Looks at some originals of one host, one after the other.
    async fn lane(self: Arc<Self>, originals: Vec<Original>) {
        for original in originals {
            if let Err(error) = self.look(&original).await {
                tracing::warn!(%error, "originals could not be looked at yet");
                return;
            }
            tokio::time::sleep(self.watch.pace).await;
        }
    }

    async fn look(&self, original: &Original) -> Result<(), StoreError> {
        let mut said = self.ask(&original.url).await;
        if said == Said::Stands && original.withdrawn == Withdrawn::ByItsOriginal && !self.shows_title(original).await {
            said = Said::Nothing;
        }
        let ends = matches!(said, Said::Gone | Said::Unpublished) && self.watch.cadence.is_last(original.suspicion);
        let others = if ends { self.others(original).await? } else { Others::Answer };
        if others == Others::Silent {
            tracing::warn!(url = %original.url, "no other original answers either: nothing is withdrawn");
            said = Said::Nothing;
        }
        let look = Look {
            article: original.article,
            said,
            others,
            cadence: self.watch.cadence.clone(),
            share: self.watch.share,
            draw: fastrand::f64(),
        };
        match self.store.looked(look, self.planned.clone()).await? {
            Looked::Nothing => {}
            Looked::Withdrawn { title, reason } => {
                tracing::info!(title, reason = reason.name(), url = %original.url, "article withdrawn at its source");
            }
            Looked::Restored { title } => tracing::info!(title, url = %original.url, "article shown again"),
            Looked::Braked { source, suspects, first: true } => {
                tracing::error!(
                    source,
                    suspects,
                    "too many originals are gone at once: a person must say whether they go"
                );
            }
            Looked::Braked { first: false, .. } => {}
        }
        Ok(())
    }

    /// What other articles' originals say, asked until one stands.
    async fn others(&self, original: &Original) -> Result<Others, StoreError> {
        let mut heard = Vec::new();
        for url in self.store.controls(original.article)? {
            tokio::time::sleep(self.watch.pace).await;
            heard.push(self.ask(&url).await);
            if Others::of(&heard) == Others::Answer {
                break;
            }
        }
        Ok(Others::of(&heard))
    }

    /// What went comes back only with its title: some portals answer 200 to
    /// every address, with a page that says "not found" in words.
    async fn shows_title(&self, original: &Original) -> bool {
        let Ok(url) = Url::parse(&original.url) else { return false };
        let Some(trusted) = self.trusted(&url) else { return false };
        let Ok(page) = self.fetcher.page(&url, trusted).await else { return false };
        let title = original.title.clone();
        let shows = move || elsewhere(&url, &page.final_url) == Elsewhere::No && page.shows(&title);
        tokio::task::spawn_blocking(shows).await.unwrap_or(false)
    }

    fn trusted(&self, url: &Url) -> Option<&Url> {
        self.sources.iter().find(|source| source.origin() == url.origin()).or(self.sources.first())
    }

    async fn ask(&self, url: &str) -> Said {
        let Ok(url) = Url::parse(url) else { return Said::Nothing };
        let Some(trusted) = self.trusted(&url) else { return Said::Nothing };
        match self.fetcher.look(&url, trusted).await {
            Ok((status, last)) => Said::of(status, elsewhere(&url, &last)),
            Err(ReadError::Status(status)) => Said::of(status, Elsewhere::No),
            Err(_) => Said::Nothing,
        }
    }
}

/// An address that is none has a lane of its own, where it costs nothing.
fn host(original: &Original) -> Host {
    Url::parse(&original.url).map_or_else(|_| Host::default(), |url| Host::of(&url))
}

/// Another scheme or a slash at the end is the same page.
fn elsewhere(asked: &Url, last: &Url) -> Elsewhere {
    let same = |url: &Url| (url.host_str().map(str::to_owned), url.path().trim_end_matches('/').to_owned());
    if same(asked) == same(last) { Elsewhere::No } else { Elsewhere::Redirected }
}
